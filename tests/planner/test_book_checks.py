"""What is said of the book that is left where figures are small, an end lies on either side, or several are told."""

from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Part, Position, Purpose, opened
from rebal.findings import Code, Finding
from rebal.market.contract import Contract
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.status import build_status
from rebal.portfolio import Portfolio
from rebal.status import Status

from .given import INPUTS, inverse, policy, portfolio


def status_of(made: Portfolio) -> Status:
    return build_status(made, made.statement, inputs=INPUTS)


def found(answer: Plan | Status, code: Code) -> list[Finding]:
    return [each for each in answer.findings if each.code is code]


def at_40000(*positions: Position, coins: str = "1", **given: object) -> Portfolio:
    """Bitcoin at 40,000 dollars, all of it in the wallet."""
    return portfolio({"BTC": coins, "USDT": "100000"}, None, {"BTC": "40000"},
                     tuple(each.contract for each in positions), wallets={"BTC": coins, "USDT": "100000"},
                     positions=positions, **given)  # type: ignore[arg-type] # fmt: skip


def held(contract: Contract, size: str, *, hedge: str = "0") -> Position:
    return opened(contract, contracts=exact(size), entry_price=Fraction(40000), hedge=exact(hedge))


@pytest.mark.parametrize(("owned", "told"), [("0.5", False), ("0", True)])
def test_half_a_dollar_is_weighed(owned: str, told: bool) -> None:
    made = portfolio({"BTC": "0", "USD": owned}, {"BTC": "1"}, {"BTC": "40000"}, (inverse("BTC"),))
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert bool(found(plan, Code.NO_EQUITY)) is told


def test_dollars_that_longs_spend_are_no_over_hedge() -> None:
    """40,000 dollars of bitcoin and a long of as many: the dollars' row is 40,000 below nothing."""
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": "1"},
                     positions=(held(inverse("BTC"), "40000"),))  # fmt: skip
    status = status_of(made)
    assert [each.net_exposure for each in status.assets if each.asset == "USD"] == [-40000]
    assert not found(status, Code.OVER_HEDGED)


@pytest.mark.parametrize(("dot", "told"), [("-4040", False), ("-4050", True)])
def test_what_goes_through_a_proxy_is_an_over_hedge_by_its_own_coins(dot: str, told: bool) -> None:
    """4,000 dollars of DOT, of which a hundredth more may be short; the fees of bitcoin's contract are bitcoin's."""
    contract = inverse("BTC", "10")
    part = Part(Purpose.HEDGE, exact(dot) / 10, Fraction(40000), "DOT")
    short = Position(contract, exact(dot) / 10, Fraction(40000), None, (part,))
    made = portfolio({"BTC": "1", "DOT": "1000"}, None, {"BTC": "40000", "DOT": "4"}, (contract,),
                     wallets={"BTC": "1"}, positions=(short,), proxies={"DOT": ("BTC", "1")})  # fmt: skip
    assert [each.subject for each in found(status_of(made), Code.OVER_HEDGED)] == (["DOT"] if told else [])


@pytest.mark.parametrize(("size", "told"), [("-0.5", True), ("0.5", False)])
def test_half_a_dollar_short_of_what_nobody_holds_is_too_much(size: str, told: bool) -> None:
    """In a contract that stands for the targets, and so allows for no lot."""
    made = at_40000(held(inverse("BTC", lot="0.1"), size), coins="0")
    assert bool(found(status_of(made), Code.OVER_HEDGED)) is told


@pytest.mark.parametrize("names", [("A", "B"), ("B", "A")])
@pytest.mark.parametrize(
    ("mark", "size", "told"),
    [
        # 1 - 100/97 = -3.09 %, and 1 - 100/103 = 2.91 %, of 40,000
        ("38800", "-41200", False),
        ("38800", "-41280", True),
        ("41200", "-41160", False),
        ("41200", "-41200", True),
    ],
)
def test_a_full_hedge_may_be_off_by_what_mark_and_index_differ_by(
    mark: str, size: str, told: bool, names: tuple[str, str]
) -> None:
    """Of the contracts in play the one that differs most, whichever comes first by name; the other is at its index."""
    far, near = (inverse("BTC", name=f"BTC{name}", fee="0") for name in names)
    made = at_40000(held(far, size, hedge=size), held(near, "-1", hedge="-1"), coins="1")
    made = replace(made, market=replace(made.market, marks={far.name: exact(mark)}))
    made = replace(made, statement=replace(made.statement, positions={
        far.name: replace(made.statement.positions[far.name], entry_price=exact(mark),
                          parts=(Part(Purpose.HEDGE, exact(size), exact(mark), "BTC"),)),
        near.name: made.statement.positions[near.name],
    }))  # fmt: skip
    assert bool(found(status_of(made), Code.OVER_HEDGED)) is told


@pytest.mark.parametrize(
    ("slope", "coins", "alert", "away"),
    [
        # with y = 1/x of the price: 0.99 y - 0.5 y² = 0.2 at y = 1.7516 and 0.2284, and of the other at 0.766 and 9.13
        ("0.5", "0.8", "0.45", "42.9 %"),
        ("0.1", "0.3", "0.35", "30.5 %"),
    ],
)
def test_of_an_end_on_either_side_the_nearer_one_is_told(slope: str, coins: str, alert: str, away: str) -> None:
    """One bitcoin short whose maintenance grows by the square of its coins: 1 % of them, and so much for each."""
    contract = inverse("BTC", maintenance=SizeRate(exact("0.01"), exact(slope), exact("0.02")))
    made = at_40000(held(contract, "-40000"), coins=coins, rules=policy(alert=(alert, "9"), leverage="5"))
    (said,) = found(status_of(made), Code.ALERT)
    assert said.message.startswith(f"liquidation is {away} away now; ")
    calm = status_of(replace(made, policy=policy(alert=("0.01", "9"), leverage="5")))
    (near,) = found(calm, Code.NEAR_LIQUIDATION)
    assert near.message == f"liquidation is {away} away; the policy asks for 50.0 %"


@pytest.mark.parametrize(("coins", "told"), [("1.0098", []), ("1.006", ["49.9 %"])])
def test_a_distance_that_reads_as_the_policys_is_no_finding(coins: str, told: list[str]) -> None:
    """40,000 long end at 1.005 / (1 + W) of the price: 49.995 % away with 1.0098 BTC, and 49.90 % with 1.006."""
    made = at_40000(held(inverse("BTC"), "40000"), coins=coins)
    said = [each.message for each in found(status_of(made), Code.NEAR_LIQUIDATION)]
    assert said == [f"liquidation is {away} away; the policy asks for 50.0 %" for away in told]


@pytest.mark.parametrize(("size", "told"), [("0.5", True), ("-0.5", False)])
def test_half_a_contract_outgrows_its_tiers_by_its_sign(size: str, told: bool) -> None:
    """40,000 dollars, one coin now and two at half the price, where tiers are known to 1.5."""
    known = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(exact("1.5"), exact("0.005")),))
    made = at_40000(held(inverse("BTC", "80000", lot="0.1", maintenance=known), size), coins="3")
    assert bool(found(status_of(made), Code.BEYOND_LAST_TIER)) is told


COINS = ("ADA", "BTC", "DOT", "ETH", "SOL", "XRP")


def test_of_several_odd_lots_and_empty_wallets_each_is_told_by_name() -> None:
    contracts = tuple(inverse(coin) for coin in reversed(COINS))
    odd = tuple(opened(each, contracts=exact("-100.5"), entry_price=Fraction(100)) for each in contracts)
    made = portfolio(dict.fromkeys(COINS, "10"), None, dict.fromkeys(COINS, "100"), contracts, positions=odd)
    status = status_of(made)
    assert [each.subject for each in found(status, Code.ODD_LOT)] == [f"{coin}USD" for coin in COINS]
    assert [each.subject for each in found(status, Code.MISSING)] == [*COINS]


def test_what_cancels_out_asks_for_no_wallet() -> None:
    contract = inverse("BTC")
    parts = tuple(Part(purpose, Fraction(size), Fraction(40000), "BTC")
                  for purpose, size in ((Purpose.HEDGE, -100), (Purpose.REBALANCE, 100)))  # fmt: skip
    flat = Position(contract, Fraction(0), Fraction(40000), None, parts)
    for position, told in ((flat, False), (held(contract, "-100"), True)):
        made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), positions=(position,))
        assert bool(found(status_of(made), Code.MISSING)) is told


@pytest.mark.parametrize(("size", "told"), [("-0.5", True), ("0.5", False)])
def test_half_a_contract_pays_negative_funding_by_its_sign(size: str, told: bool) -> None:
    made = at_40000(held(inverse("BTC", "1000", lot="0.1"), size), funding={"BTCUSD": "-0.0001"})
    assert bool(found(status_of(made), Code.NEGATIVE_FUNDING)) is told


@pytest.mark.parametrize(("today", "instead"), [("551.8", "551800"), ("5.518", "5518")])
def test_a_thousand_times_a_price_within_ten_times_of_the_entry_is_offered_in_its_place(
    today: str, instead: str
) -> None:
    """Ten times 55,180 and a tenth of it: as far as prices go."""
    short = opened(inverse("BTC"), contracts=Fraction(-2000), entry_price=Fraction(55180))
    made = portfolio({"BTC": "10"}, None, {"BTC": today}, (inverse("BTC"),), wallets={"BTC": "9"}, positions=(short,))
    (said,) = found(status_of(made), Code.PRICE_IN_DOUBT)
    assert said.message.endswith(f"; write {instead} if its point was to part thousands")
