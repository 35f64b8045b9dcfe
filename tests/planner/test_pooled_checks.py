"""What is said of pooled accounts: what a covered short takes, and what would fit where coins lack."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from market.test_pooled_path import collaterals
from rebal.amounts import COIN_STEP, ZERO, Fraction, plain, up
from rebal.findings import Code, Finding
from rebal.market.pooled import Coin, coins_to_count, credit
from rebal.plan import Plan

from .test_accounts import planned, read
from .test_pooled_posting import THREE


def found(plan: Plan, code: Code) -> list[Finding]:
    return [each for each in plan.findings if each.code is code]


def test_a_covered_short_says_what_its_ratio_costs(tmp_path: Path) -> None:
    (short,) = found(planned(read(tmp_path, THREE)), Code.COVERED_SHORT)
    # 226 SOL at 90 %: 20,340 of 22,600 dollars, and 226/9 coins more for the rest
    assert (short.subject, short.data["asset"], short.data["covered_coins"]) == ("bybit", "SOL", 226)
    assert (short.data["worth_usd"], short.data["counts_usd"]) == (22600, 20340)
    assert short.data["more_coins"] == exact("25.11111112")
    assert short.data["more_usd"] == exact("2511.111112")
    assert "25.11111112 SOL more" in short.message


def test_a_short_whose_coins_lie_elsewhere_is_not_said_to_be_covered(tmp_path: Path) -> None:
    # at a leverage of 2 half of what leverage 1 takes is brought, and pays the fee of the short
    (short,) = found(planned(read(tmp_path, THREE + "policy: {leverage: 2}\n")), Code.COVERED_SHORT)
    there = short.data["covered_coins"]
    assert isinstance(there, Fraction)
    assert (short.data["asset"], short.data["short_coins"], there < 226) == ("SOL", 226, True)
    # 226 at 90 % count whole where they are 226/0.9
    assert short.data["more_coins"] == up(226 / exact("0.9") - there, COIN_STEP)
    assert (short.data["worth_usd"], short.data["counts_usd"]) == (22600, 20340)
    assert f"of which {plain(there)} SOL lie here, would be worth 22600.00 USD" in short.message


def test_a_covered_short_beyond_its_first_slice(tmp_path: Path) -> None:
    slices = "SOL: [{up_to: 100, ratio: 90%}, {up_to: 200, ratio: 50%}, {ratio: 0%}]"
    (short,) = found(planned(read(tmp_path, THREE.replace("SOL: 90%", slices))), Code.COVERED_SHORT)
    # 90 + 50 coins count, and no more
    assert (short.data["counts_usd"], short.data["more_coins"]) == (14000, None)
    assert "no amount of SOL counts for it whole" in short.message


def test_a_ratio_of_one_costs_nothing(tmp_path: Path) -> None:
    plan = planned(read(tmp_path, THREE.replace("SOL: 90%", "SOL: 100%")))
    assert any(order.asset == "SOL" and order.side == "sell" for order in plan.orders)
    assert not found(plan, Code.COVERED_SHORT)


@given(st.data(), st.integers(1, 10**6))
def test_the_least_coins_that_count_for_so_many_dollars(data: st.DataObject, dollars: int) -> None:
    price = Fraction(data.draw(st.integers(1, 60000)))
    coin = Coin("BTC", price, ZERO, data.draw(collaterals(price)))
    coins = coins_to_count(coin, Fraction(dollars))
    if coins is None:
        assert credit(coin, Fraction(10**9)) < dollars
    else:
        assert credit(coin, coins) == dollars
        assert credit(coin, coins - COIN_STEP) < dollars


def test_an_account_that_lacks_coins_says_at_what_leverage_it_would_do(tmp_path: Path) -> None:
    few = THREE.replace("wallets: {}", "at_most: 20%\n    wallets: {}").replace("SOL: 90%", "SOL: 50%")
    (lacking,) = found(planned(read(tmp_path, few)), Code.UNDER_COLLATERALISED)
    # 40,800 dollars of positions on 23,448.11 of credit
    assert (lacking.data["fitting_leverage"], lacking.data["fitting_distance"]) == (exact("1.75"), None)
    assert "beside what else is in bybit" in lacking.message
    assert not planned(read(tmp_path, few + "policy: {leverage: 1.75}\n")).refused


def test_an_account_that_lacks_coins_for_its_distance_says_which_would_do(tmp_path: Path) -> None:
    # 1 BTC that is short whole, and a long of as many dollars of ETH
    text = THREE.replace("BTC: 2, ETH: 14, SOL: 300, USDT: 3000", "BTC: 1").replace(
        "BTC: 55%, ETH: 35%, SOL: 5%, USD: 5%", "BTC: 0%, ETH: 100%"
    )
    rules = "policy: {leverage: 3, liquidation_distance: 98%, uncovered: refuse, routes: [inverse]}\n"
    (lacking,) = found(planned(read(tmp_path, text + rules)), Code.UNDER_COLLATERALISED)
    distance = lacking.data["fitting_distance"]
    assert isinstance(distance, Fraction)
    assert lacking.data["fitting_leverage"] is None
    assert not planned(read(tmp_path, text + rules.replace("98%", plain(distance)))).refused
    assert planned(read(tmp_path, text + rules.replace("98%", plain(distance + exact("0.001"))))).refused
