"""What a book is worth by asset, by the names and in the words of the file."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import ZERO, Fraction
from rebal.book import Part, Position, Purpose, opened
from rebal.planner.exposure import Valuation, assets_of, beta, equity_at, value
from rebal.planner.worth import by_basis, by_proxy, coins, moves_with
from rebal.portfolio import Portfolio, Proxy

from .given import NOW, inverse, linear, portfolio

COINS = ("ADA", "BTC", "DOT", "ETH", "SOL", "XRP")


@pytest.mark.parametrize(("equity", "weight"), [("0.5", "0.6"), ("0", None), ("-1", None)])
def test_a_weight_is_a_share_of_what_there_is(equity: str, weight: str | None) -> None:
    valued = Valuation(exact(equity), {"BTC": exact("0.3")}, {}, {})
    assert valued.weight("BTC") == (None if weight is None else exact(weight))


def test_assets_are_told_by_name_be_they_held_wanted_or_open() -> None:
    ether, solana = inverse("ETH"), linear("SOL", settle="XRP")
    made = portfolio(
        {"DOT": "1", "USDT": "5", "DOGE": "1"}, {"BTC": "1"}, {}, (ether, solana), aside=frozenset({"DOGE"}),
        positions=(
            Position(ether, Fraction(-1), Fraction(2500), None, (Part(Purpose.HEDGE, Fraction(-1), Fraction(2500),
                                                                      "ADA"),)),
            opened(solana, contracts=Fraction(1), entry_price=Fraction(100)),
        ),
    )  # fmt: skip
    assert assets_of(made, made.statement) == COINS
    gone = replace(made.statement, holdings={**made.statement.holdings, "LTC": ZERO, "BNB": Fraction(1)}, positions={})
    assert assets_of(made, gone) == ("BNB", "BTC", "DOT")


def test_a_beta_is_of_what_an_asset_is_hedged_through() -> None:
    made = replace(portfolio({}, None, {}, ()), proxies={"DOT": Proxy("DOT", "BTC", exact("1.3"))})
    told = {(asset, on): beta(asset, inverse(on), made) for asset in ("DOT", "BTC") for on in ("BTC", "ETH", "DOT")}
    assert {pair: figure for pair, figure in told.items() if figure != 1} == {("DOT", "BTC"): exact("1.3")}


def with_a_part_set_aside() -> tuple[Portfolio, Position]:
    """A short at a premium of 3 %, in the place of dollars of what is set aside by now."""
    dated = inverse("BTC", name="BTCZ", expiry=NOW + timedelta(days=30))
    part = Part(Purpose.REBALANCE, Fraction(-4000), Fraction(40000), "DOGE")
    held = Position(dated, Fraction(-4000), Fraction(40000), None, (part,))
    made = portfolio({"BTC": "1", "DOGE": "9"}, None, {"BTC": "40000", "DOGE": "1"}, (dated,), positions=(held,),
                     marks={"BTCZ": "41200"}, aside=frozenset({"DOGE"}), proxies={"DOGE": ("BTC", "2")})  # fmt: skip
    return made, held


def test_what_stands_for_what_is_set_aside_is_in_nobodys_place() -> None:
    made, held = with_a_part_set_aside()
    (part,) = held.parts
    for residual in (by_basis(part, held.contract, made), by_proxy(part, held.contract, made)):
        assert not any((residual.fixed, residual.moving, residual.crossing))
    # sold at 40,000 and worth 41,200: 4,000 (1/40,000 - 1/41,200) BTC are lost, and are all that it leaves
    lost = 4000 * (Fraction(1, 40000) - Fraction(1, 41200)) * 40000
    valued = value(made, made.statement)
    assert valued.exposures == {"BTC": 40000 - lost, "USD": 0}
    # in the place of bitcoin it moves by its basis: 40,000/41,200 of what it stands for
    own = replace(part, stands_for="BTC")
    assert by_basis(own, held.contract, made).moving == {"BTC": 4000 - Fraction(4000 * 40000, 41200)}


def test_what_is_set_aside_is_no_part_of_what_sits_at_an_account_and_needs_no_price() -> None:
    """Half a bitcoin is there, and 9 DOGE."""
    made, _ = with_a_part_set_aside()
    made = replace(made, market=replace(made.market, prices={"BTC": Fraction(40000)}))
    there = replace(made.statement, wallets={"BTC": exact("0.5"), "DOGE": Fraction(9)}, positions={})
    assert equity_at("", there, made) == 20000


def test_a_hedge_of_what_is_set_aside_makes_no_dollars_net() -> None:
    """It covers nothing that the plan counts; what a proxy's hedge gained in coins set aside is not counted either."""
    made, held = with_a_part_set_aside()
    (part,) = held.parts
    hedging = replace(held, parts=(replace(part, purpose=Purpose.HEDGE),))
    valued = value(made, replace(made.statement, positions={"BTCZ": hedging}))
    assert valued.hedged == {}
    assert valued.net_exposure("USD") == 0
    for_dot = replace(held, entry_price=Fraction(50000),
                      parts=(Part(Purpose.HEDGE, Fraction(-4000), Fraction(50000), "DOT"),))  # fmt: skip
    made = replace(made, aside=frozenset({"BTC", "DOGE"}), market=replace(made.market, marks={}),
                   statement=replace(made.statement, holdings={"BTC": Fraction(1), "DOT": Fraction(2000)}))  # fmt: skip
    made = replace(made, market=replace(made.market, prices={**made.market.prices, "DOT": Fraction(2)}))
    valued = value(made, replace(made.statement, positions={"BTCZ": for_dot}))
    # 4,000 (1/50,000) BTC are 3,200 dollars at 40,000, of DOT at a beta of one
    assert valued.hedged == {"DOT": Fraction(-3200)}
    assert [valued.net_exposure(each) for each in ("DOT", "USD")] == [800, 3200]


def test_dollars_do_not_move_though_a_file_counts_another_coin_alone_as_such() -> None:
    made = replace(portfolio({"BTC": "1"}, None, {"BTC": "40000", "USDC": "1"}, ()), cash=frozenset({"USDT"}))
    told = {each: moves_with(each, made) for each in ("BTC", "USDC", "USDT", "USD")}
    assert told == {"BTC": True, "USDC": True, "USDT": False, "USD": False}
    assert (coins("USD", Fraction(7), made).fixed, coins("USD", Fraction(7), made).moving) == (Fraction(7), {})
