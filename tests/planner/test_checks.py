"""Each finding, by the smallest book that provokes it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Position, opened
from rebal.findings import Code, Finding, Severity
from rebal.market.contract import Contract
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation, continuous
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT, by_asset, candidates
from rebal.planner.checks.hedges import apart
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.status import build_status
from rebal.portfolio import Portfolio

from .given import INPUTS, NOW, inverse, linear, policy, portfolio

BTC = inverse("BTC", "1")
HALF = {"BTC": "0.5", "USD": "0.5"}
FIGURE = re.compile(r"(?<![A-Za-z0-9_-])[0-9]")


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS)


def found(made: Portfolio) -> dict[Code, Severity]:
    return {finding.code: finding.severity for finding in planned(made).findings}


def short(contracts: str, *, entry: str = "40000", hedge: str = "0") -> Position:
    return opened(BTC, contracts=exact(contracts), entry_price=exact(entry), hedge=exact(hedge))


def book(**given: object) -> Portfolio:
    return portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (BTC,), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "severity", "made"),
    [
        (Code.UNSERVED_ASSET, "warning", portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, ())),
        (Code.UNSERVED_ASSET, "error", portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (),
                                                 rules=policy(uncovered="refuse"))),
        (Code.UNDER_COLLATERALISED, "error", book(rules=policy(max_at_venue="0.1"))),
        (Code.NO_EQUITY, "error", portfolio({}, {"BTC": "1"}, {"BTC": "40000"}, (BTC,))),
        (Code.NEAR_LIQUIDATION, "error", book(wallets={"BTC": "0.0001"}, positions=(short("-20000"),),
                                              rules=policy(max_at_venue="0.0001"))),
        (Code.NEAR_LIQUIDATION, "warning", book(wallets={"BTC": "0.2"}, positions=(short("-20000"),),
                                                rules=policy(alert=("0.01", "9"), distance="0.9", leverage="9"))),
        (Code.ALERT, "warning", book(wallets={"BTC": "0.3"}, positions=(short("-20000"),))),
        (Code.OVER_HEDGED, "warning", book(wallets={"BTC": "1"}, positions=(short("-60000", hedge="-60000"),))),
        (Code.HEDGE_OFF, "warning", book(wallets={"BTC": "1"}, positions=(short("-15000", hedge="5000"),))),
        (Code.ODD_LOT, "warning", book(wallets={"BTC": "1"}, positions=(short("-20000.5"),))),
        (Code.ASSUMED_FIGURE, "warning", portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (
            inverse("BTC", "1", assumed="lot size"),))),
        (Code.CONTRACT_TOO_LARGE, "warning", portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (
            inverse("BTC", "50000"),))),
        (Code.BELOW_MINIMUM, "info", book(rules=policy(min_order="30000"))),
        (Code.RESIDUAL, "info", portfolio({"BTC": "1"}, HALF, {"BTC": "40001"}, (inverse("BTC", "100"),))),
        (Code.SIZING, "info", book(marks={"BTCUSD": "40100"})),
        (Code.MARK_OFF, "warning", book(marks={"BTCUSD": "50000"})),
        (Code.NEGATIVE_FUNDING, "warning", book(funding={"BTCUSD": "-0.0001"})),
        (Code.FUNDING_LARGE, "warning", book(funding={"BTCUSD": "0.01"})),
        (Code.FUNDING_UNKNOWN, "info", book()),
        (Code.REALISED, "info", portfolio({"BTC": "1"}, {"BTC": "1"}, {"BTC": "39000"}, (BTC,), wallets={"BTC": "1"},
                                          positions=(short("-15000"),))),
        (Code.DOLLARS_AT_ISSUER, "info", portfolio({"SOL": "100", "USDT": "9000"}, {"SOL": "0.8", "USD": "0.2"},
                                                   {"SOL": "140"}, (linear("SOL"),))),
    ],
)  # fmt: skip
def test_the_smallest_book_that_provokes_it(code: Code, severity: str, made: Portfolio) -> None:
    assert found(made).get(code) == severity
    for finding in planned(made).findings:
        assert finding.data or not FIGURE.search(finding.message), finding


def test_whole_lots_are_no_odd_lots() -> None:
    assert Code.ODD_LOT not in found(book(wallets={"BTC": "1"}, positions=(short("-20000"),)))


def test_a_finding_carries_its_figures_exactly() -> None:
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40001"}, (inverse("BTC", "100"),))
    (residual,) = [each for each in planned(made).findings if each.code is Code.RESIDUAL]
    assert residual.message.startswith("0.50 USD less")
    assert residual.data == {"undone_usd": Fraction(-1, 2), "contract": "BTCUSD", "lot_usd": Fraction(100)}


def test_the_least_order_that_a_leg_is_less_than_is_the_venues_minimum_in_dollars_of_the_asset() -> None:
    # lots of 20 dollars and at least 40: DOT at beta 2.5 takes 2.5 dollars of ETH for each of its own, so at least 16
    contract = inverse("ETH", "10", lot="2", minimum="4")
    made = portfolio(
        {"ETH": "1", "DOT": "20"}, {"ETH": "0.9", "DOT": "0.1"}, {"ETH": "800", "DOT": "4.25"}, (contract,),
        proxies={"DOT": ("ETH", "2.5")}, rules=policy(band="0", min_order="0"),
    )  # fmt: skip
    # 885 in all: DOT is 85 and is to be 88.5, ETH 800 and to be 796.5
    for each in planned(made).findings:
        if each.subject == "DOT":
            assert each.message == "3.50 USD are less than the least order of ETHUSD, 16.00 USD: left out"
            assert each.data["least_order_usd"] == 16
        if each.subject == "ETH":
            assert each.message.startswith("3.50 USD are less than the least order of ETHUSD, 40.00 USD")
    assert {"DOT", "ETH"} <= {each.subject for each in planned(made).findings}


def test_what_whole_lots_bring_below_the_least_order_is_not_called_less_than_it() -> None:
    # 29 dollars are asked for; whole lots of 10 make 20, which are less than 25
    made = portfolio(
        {"BTC": "1"}, {"BTC": "0.99", "USD": "0.01"}, {"BTC": "2900"}, (inverse("BTC", "10"),),
        rules=policy(band="0", min_order="25"),
    )  # fmt: skip
    (left,) = [each for each in planned(made).findings if each.code is Code.BELOW_MINIMUM]
    assert left.message == "29.00 USD on BTCUSD are in whole lots below policy.min_order, 25.00 USD: left out"


def test_prices_grow_stale() -> None:
    made = book()
    for as_of, stale in ((NOW, False), (NOW - timedelta(days=2), True), (None, True)):
        market = type(made.market)(as_of, made.market.prices, made.market.marks, made.market.funding)
        held = Portfolio(**{name: getattr(made, name) for name in made.__dataclass_fields__} | {"market": market})
        assert (Code.STALE_PRICES in found(held)) is stale


def test_a_position_past_its_last_tier_is_said() -> None:
    tiers = Tiers(
        Valuation.MARK, False, Method.DEDUCTION, TierUnit.COIN, continuous(((Fraction("0.1"), Fraction(1, 100)),))
    )
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC", "1", maintenance=tiers),))
    assert found(made)[Code.BEYOND_LAST_TIER] is Severity.WARNING


def test_leverage_beyond_the_venues_cap_is_said() -> None:
    for leverage, said in (("100", None), ("100.1", Severity.WARNING)):
        made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (inverse("BTC", "1", leverage=leverage),))
        assert found(made).get(Code.LEVERAGE) is said


def test_a_shortage_names_the_coins_and_what_would_fit() -> None:
    """A tenth of a coin may sit there, what the fee takes of it or not."""
    (message,) = [f.message for f in planned(book(rules=policy(max_at_venue="0.1"))).findings if f.severity == "error"]
    assert "0.4 BTC are missing: the positions need 0.5 BTC and 0.1 BTC can be posted" in message
    assert "policy.leverage 5 " in message


def test_what_a_position_has_gained_counts_towards_the_leverage_that_would_fit() -> None:
    # 40,000 dollars short from 50,000 have gained 0.2 BTC; with 0.3 they are the 0.5 that leverage 2 asks for
    gained = opened(BTC, contracts=Fraction(-40000), entry_price=Fraction(50000), hedge=Fraction(-40000))
    made = portfolio(
        {"BTC": "0.3"}, {"BTC": "1"}, {"BTC": "40000"}, (BTC,), wallets={"BTC": "0.3"}, positions=(gained,)
    )
    (said,) = [each.message for each in planned(made).findings if each.code is Code.UNDER_COLLATERALISED]
    assert said.endswith("it would fit at policy.leverage 2, or with a smaller leg")


def test_a_difference_that_no_digit_shows_is_no_finding() -> None:
    """Leverage 1.000025 prints as 1.00: nothing is said of it; 1.0125 prints as 1.01, and is told."""
    for wallet, told in (("0.5", False), ("0.4999875", False), ("0.49382716", True)):
        made = portfolio(
            {"BTC": "1"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": wallet}, positions=(short("-20000"),)
        )
        assert (Code.LEVERAGE in found(made)) is told


def test_an_alert_that_two_decimals_hide_is_told_with_more() -> None:
    """20,000 dollars on 0.39999 BTC are 1.250031...: above the alert level of 1.25, which 1.25 would not show."""
    made = portfolio(
        {"BTC": "1"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": "0.39999"}, positions=(short("-20000"),)
    )
    (said,) = [each.message for each in planned(made).findings if each.code is Code.ALERT]
    assert said == "leverage is 1.25003 now; the alert level is 1.25000"


@pytest.mark.parametrize(
    ("band", "contracts", "told"),
    [
        ("0", "-39000", False),
        ("0", "-40000", False),
        ("0", "-40040", False),
        ("0", "-40041", True),
        ("0.005", "-40200", False),
        ("0.005", "-40201", True),
        ("0.01", "-40400", False),
        ("0.01", "-40401", True),
        ("0.2", "-40401", True),
    ],
)
def test_what_a_hedge_as_asked_may_be_off_is_no_over_hedge(band: str, contracts: str, told: bool) -> None:
    """40,000 dollars held: twice the fee of 0.05 % is 40 dollars, and the band so many points, one at most."""
    hedged = short(contracts, hedge=contracts)
    made = portfolio({"BTC": "1"}, {"BTC": "1"}, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1"}, positions=(hedged,),
                     rules=replace(policy(), hedge_band=exact(band)))  # fmt: skip
    assert (Code.OVER_HEDGED in found(made)) is told


def test_a_lot_of_a_hedge_that_cannot_be_bought_back_is_no_over_hedge() -> None:
    """52 lots of 100 dollars on 5,050 held: all of it is 50.5 of them, so that one is bought back and one is over."""
    coarse = inverse("BTC", "100", fee="0")
    hedged = opened(coarse, contracts=exact("-52"), entry_price=exact("40000"), hedge=exact("-52"))
    made = portfolio({"BTC": "0.12625"}, None, {"BTC": "40000"}, (coarse,), wallets={"BTC": "0.12625"},
                     positions=(hedged,))  # fmt: skip
    ask = Ask("BTC", Fraction(1), candidates("BTC", made, by_asset((coarse,)), side=SHORT, now=NOW))
    plan = build_hedge(made, made.statement, asks=[ask], inputs=INPUTS)
    assert [order.signed for order in plan.orders] == [1]
    assert [line.net_exposure_after for line in plan.assets if line.asset == "BTC"] == [-50]
    assert Code.OVER_HEDGED not in {finding.code for finding in plan.findings}
    assert Code.OVER_HEDGED in found(made)


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        (("-5", "0"), False),
        (("-6", "0"), True),
        (("-4", "-100"), False),
        (("-4", "-100.1"), True),
        (("0", "-400.1"), False),
        (("0", "-400.2"), True),
    ],
)
def test_so_much_as_the_largest_lot_of_what_hedges_may_be_over_at_any_time(sizes: tuple[str, str], told: bool) -> None:
    """400 dollars held, and lots of 100 dollars and of 10 cents: 100 more may be short where any is in such lots."""
    contracts = (inverse("BTC", "100", name="COARSE", fee="0"), inverse("BTC", "1", name="FINE", fee="0", lot="0.1"))
    hedges = tuple(
        opened(contract, contracts=exact(size), entry_price=Fraction(40000), hedge=exact(size))
        for contract, size in zip(contracts, sizes, strict=True)
        if size != "0"
    )
    made = portfolio({"BTC": "0.01"}, {"BTC": "1"}, {"BTC": "40000"}, contracts, wallets={"BTC": "0.01"},
                     positions=hedges, rules=policy(hedge_band="0"))  # fmt: skip
    status = build_status(made, made.statement, inputs=INPUTS)
    assert (Code.OVER_HEDGED in {finding.code for finding in status.findings}) is told


@pytest.mark.parametrize(("size", "told"), [("-500.1", False), ("-500.2", True)])
def test_the_lot_of_what_does_not_hedge_is_none_that_a_hedge_may_be_over(size: str, *, told: bool) -> None:
    """400 dollars held and 100 long in a lot of 100, which hedges nothing: a hedge of 500 is in lots of ten cents."""
    coarse = inverse("BTC", "100", name="COARSE", fee="0")
    fine = inverse("BTC", "1", name="FINE", fee="0", lot="0.1")
    held = (opened(coarse, contracts=Fraction(1), entry_price=Fraction(40000)),
            opened(fine, contracts=exact(size), entry_price=Fraction(40000), hedge=exact(size)))  # fmt: skip
    made = portfolio({"BTC": "0.01"}, {"BTC": "1"}, {"BTC": "40000"}, (coarse, fine), wallets={"BTC": "0.01"},
                     positions=held, rules=policy(hedge_band="0"))  # fmt: skip
    status = build_status(made, made.statement, inputs=INPUTS)
    assert (Code.OVER_HEDGED in {finding.code for finding in status.findings}) is told


@pytest.mark.parametrize(("days", "code"), [(None, Code.UNLISTED_CONTRACT), (1, Code.UNLISTED_CONTRACT),
                                            (0, Code.EXPIRED), (-1, Code.EXPIRED)])  # fmt: skip
def test_what_is_no_longer_listed_is_closed_by_hand_until_it_has_expired(days: int | None, code: Code) -> None:
    expiry = None if days is None else NOW + timedelta(days=days)
    gone = replace(inverse("BTC", name="GONE", expiry=expiry), listed=False)
    held = opened(gone, contracts=Fraction(-100), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (gone,), wallets={"BTC": "1"}, positions=(held,))
    said = [each for each in planned(made).findings if each.subject == "GONE" and each.severity == "warning"]
    assert [each.code for each in said] == [code]


@pytest.mark.parametrize(("undone", "more"), [("0.5", "more"), ("-0.5", "less")])
def test_what_whole_lots_leave_is_told_by_its_side(undone: str, more: str) -> None:
    """Lots of 100 dollars: with half a dollar more or less than 40,000 beside as many dollars, 1,000 are traded."""
    off = exact(undone)
    made = portfolio({"BTC": "1", "USDT": "40000"}, None, {"BTC": "40000"}, (inverse("BTC", "100"),),
                     rules=policy(band="0"))  # fmt: skip
    weight = (41000 + off if off > 0 else 39000 + off) / 80000
    made = replace(made, targets={"BTC": weight, "USD": 1 - weight})
    (said,) = [each for each in planned(made).findings if each.code is Code.RESIDUAL]
    assert said.message == (f"0.50 USD {more} would be exact; the order is rounded toward zero to lots of 100.00 USD")
    assert said.data == {"undone_usd": off, "contract": "BTCUSD", "lot_usd": 100}


@pytest.mark.parametrize(
    ("rate", "told"), [("0.003", False), ("-0.003", False), ("0.0030001", True), ("-0.0030001", True)]
)
def test_funding_of_more_than_three_tenths_of_a_percent_is_asked_about(rate: str, told: bool) -> None:
    made = book(wallets={"BTC": "1"}, positions=(short("-20000"),), funding={"BTCUSD": rate})
    assert (Code.FUNDING_LARGE in found(made)) is told


def test_where_a_contracts_own_leverage_is_in_the_way_it_is_what_to_raise() -> None:
    """20,000 short on 0.1 BTC, 4,000 dollars: leverage 5, which the policy allows and the contract does not."""
    rules = policy(max_at_venue="0.1", leverage="10", distance="0.1", alert=("0.05", "12"))
    own = inverse("BTC", "1", leverage="4", fee="0")
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (own,), rules=rules)
    (said,) = [each for each in planned(made).findings if each.severity == "error"]
    assert said.message.endswith("; it would fit at contracts.BTCUSD.leverage 5, or with a smaller leg")
    assert (said.data["fitting_leverage"], said.data["contract_leverage"]) == (None, 5)
    raised = replace(made, contracts={"BTCUSD": replace(own, leverage=Fraction(5))})
    assert not planned(raised).refused
    both = planned(replace(made, policy=replace(rules, leverage=Fraction(2))))
    (said,) = [each for each in both.findings if each.severity == "error"]
    assert "policy.leverage 5 with contracts.BTCUSD.leverage 5, or" in said.message


def test_where_the_venues_cap_is_in_the_way_no_leverage_is_offered() -> None:
    """Leverage 5 would do, and the venue allows 4."""
    rules = policy(max_at_venue="0.1", leverage="10", distance="0.1", alert=("0.05", "12"))
    capped = replace(inverse("BTC", "1", fee="0"), max_leverage=Fraction(4))
    made = portfolio({"BTC": "1"}, HALF, {"BTC": "40000"}, (capped,), rules=rules)
    (said,) = [each for each in planned(made).findings if each.severity == "error"]
    assert said.message.endswith("; only a smaller leg would fit")


def test_funding_eats_coins_at_the_mark() -> None:
    """20,000 long at 0.1 % three times a day are 60 dollars, at a mark of 50,000 0.0012 BTC a day, not 0.0015.

    It stands at leverage 0.4 on 1 BTC; at the alert, with a PnL of 0.1 BTC, it needs 0.4/1.25 - 0.1 = 0.22, and for
    the distance of 35 %: 20,000·(1.005/32,500 - 1/40,000), which is less.
    """
    held = opened(BTC, contracts=exact("20000"), entry_price=exact("40000"))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1"}, positions=(held,),
                     marks={"BTCUSD": "50000"}, funding={"BTCUSD": "0.001"})  # fmt: skip
    (wallet,) = build_status(made, made.statement, inputs=INPUTS).wallets
    assert wallet.funding_days_to_alert == (1 - exact("0.22")) / exact("0.0012")


@pytest.mark.parametrize(
    ("contracts", "told"),
    # tiers are known to 1.5 coins; 40,000 dollars are one coin now, and two once the price has halved
    [
        ("40000", Severity.INFO),
        ("30000", None),
        ("-40000", None),
        ("60000", Severity.INFO),
        ("60001", Severity.WARNING),
    ],
)
def test_a_position_that_outgrows_the_tiers_that_are_known_is_told(contracts: str, told: Severity | None) -> None:
    known = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(exact("1.5"), exact("0.005")),))
    contract = inverse("BTC", "1", maintenance=known)
    held = opened(contract, contracts=exact(contracts), entry_price=Fraction(40000))
    made = portfolio({"BTC": "3"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "3"}, positions=(held,))
    assert found(made).get(Code.BEYOND_LAST_TIER) is told


def test_a_wallet_set_aside_that_backs_a_position_is_said_and_nothing_is_moved_into_it() -> None:
    ether = inverse("ETH", "1")
    cross = opened(ether, contracts=exact("-2500"), entry_price=exact("2500"))
    for held, told in ((cross, True), (replace(cross, margin=exact("0.5")), False), (None, False)):
        made = portfolio(
            {"BTC": "1", "ETH": "4"}, HALF, {"BTC": "40000", "ETH": "2500"}, (BTC, ether), wallets={"ETH": "0.5"},
            positions=() if held is None else (held,), aside=frozenset({"ETH"}),
        )  # fmt: skip
        plan = planned(made)
        assert [each.subject for each in plan.findings if "aside" in each.message] == (["ETH"] if told else [])
        assert "ETH" not in {each.asset for each in plan.transfers}


def test_no_wallet_of_an_open_position_is_said_where_it_is_cross_and_empty() -> None:
    for wallet, told in ((None, True), ("0", True), ("0.1", False)):
        made = book(positions=(short("-2000"),), wallets={} if wallet is None else {"BTC": wallet})
        assert (Code.MISSING in found(made)) is told
    apart = opened(BTC, contracts=exact("-2000"), entry_price=exact("40000"), margin=Fraction(0))
    assert Code.MISSING not in found(book(positions=(apart,)))


@pytest.mark.parametrize(("coins", "told"), [("0", True), ("-0.5", False), ("-2", False)])
def test_a_hedge_of_what_is_no_longer_held_is_an_over_hedge_and_a_debt_is_none(coins: str, told: bool) -> None:
    hedged = short("-20000", hedge="-20000")
    made = portfolio({"BTC": coins, "USD": "200000"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1"},
                     positions=(hedged,))  # fmt: skip
    assert (Code.OVER_HEDGED in found(made)) is told


@pytest.mark.parametrize(
    ("hours", "rate", "subjects"),
    [("8", None, ["funding"]), (None, None, ["funding"]), (None, "0.0001", ["BTCUSD"]), ("8", "0.0001", [])],
)
def test_what_is_not_known_of_funding_is_said_once(hours: str | None, rate: str | None, subjects: list[str]) -> None:
    contract = replace(BTC, funding_interval_hours=None if hours is None else exact(hours))
    held = opened(contract, contracts=exact("-20000"), entry_price=exact("40000"))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"}, positions=(held,),
                     funding={} if rate is None else {"BTCUSD": rate})  # fmt: skip
    assert [each.subject for each in planned(made).findings if each.code is Code.FUNDING_UNKNOWN] == subjects


@pytest.mark.parametrize(
    ("mark", "dated", "told"),
    [("42000", False, False), ("42001", False, True), ("42001", True, False), ("50000", True, False),
     ("50001", True, True), ("37999", False, True)],
)  # fmt: skip
def test_a_dated_contract_may_be_further_from_its_index_than_a_perpetual(mark: str, dated: bool, told: bool) -> None:
    contract = replace(BTC, expiry=NOW + timedelta(days=90) if dated else None)
    held = opened(contract, contracts=exact("-100"), entry_price=exact("40000"))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"}, positions=(held,),
                     marks={"BTCUSD": mark})  # fmt: skip
    assert (Code.MARK_OFF in found(made)) is told


def test_a_thin_distance_is_offered_alone_where_the_margin_is_just_there() -> None:
    """20,100 long are 0.5025 BTC: at a leverage of 1.005 just the half there is, and at half the price too much."""
    own = inverse("BTC", "1", leverage="1.005", fee="0")
    (said,) = thin(own, "20100")
    assert (said.data["fitting_leverage"], "contract_leverage" in said.data) == (None, False)
    assert str(said.data["fitting_distance"]) == "62/125"
    assert said.message.endswith("; it would fit at a liquidation distance of 49.6 %, or with a smaller leg")


def test_a_distance_that_the_fee_takes_is_offered_less_of() -> None:
    """19,800 long ask for 0.49995 BTC to stand at half the price, and pay a fee of 0.0002475 of the half there is."""
    (said,) = thin(inverse("BTC", "1"), "19800")
    assert said.data["missing_coins"] == exact("0.0001975")
    assert said.message.endswith("; it would fit at a liquidation distance of 49.9 %, or with a smaller leg")


def thin(contract: Contract, dollars: str) -> list[Finding]:
    """What is said of a long of some dollars on half a bitcoin, at a leverage of 2."""
    made = portfolio(
        {"BTC": "0.5", "USD": dollars}, {"BTC": "1"}, {"BTC": "40000"}, (contract,), rules=policy(leverage="2"),
    )  # fmt: skip
    return [each for each in planned(made).findings if each.code is Code.UNDER_COLLATERALISED]


def lacking(contract: Contract, coins: str, **rules: str) -> tuple[Finding, str]:
    """What is said of a long of 20,000 dollars, half a bitcoin, on less: the finding, and what would fit."""
    made = portfolio({"BTC": coins, "USD": "20000"}, {"BTC": "1"}, {"BTC": "40000"}, (contract,),
                     rules=policy(**({"distance": "0.1", "alert": ("0.05", "9")} | rules)))  # type: ignore[arg-type] # fmt: skip
    (said,) = [each for each in planned(made).findings if each.code is Code.UNDER_COLLATERALISED]
    return said, said.message.partition("; ")[2]


def test_a_distance_is_offered_where_survival_lacks_coins_and_not_where_it_has_them_all() -> None:
    """Half a bitcoin at 1 - d of the price asks for 0.5025/(1 - d) - 0.5: 0.3 of them at d = 0.371875."""
    free = inverse("BTC", fee="0")
    said, fits = lacking(free, "0.3", distance="0.371875")
    assert (said.data["missing_coins"], said.data["fitting_distance"]) == (exact("0.2"), None)
    assert fits == "it would fit at policy.leverage 1.67, or with a smaller leg"
    said, fits = lacking(free, "0.3", distance="0.371876")
    assert said.data["fitting_distance"] == exact("0.371")
    assert fits == ("it would fit at policy.leverage 1.67 with a liquidation distance of 37.1 %, or with a smaller leg")


def test_the_leverage_that_lacks_coins_is_the_one_to_raise() -> None:
    # initial margin at 5 is there, and what policy.leverage asks for is not
    said, fits = lacking(inverse("BTC", fee="0", leverage="5"), "0.25")
    assert (said.data["missing_coins"], said.data["fitting_leverage"]) == (exact("0.25"), 2)
    assert fits == "it would fit at policy.leverage 2, or with a smaller leg"
    # what policy.leverage asks for is just there, and initial margin at 1 is not
    said, fits = lacking(inverse("BTC", fee="0", leverage="1"), "0.25", leverage="2")
    assert (said.data["missing_coins"], said.data["fitting_leverage"]) == (exact("0.25"), None)
    assert fits == "it would fit at contracts.BTCUSD.leverage 2, or with a smaller leg"


def test_what_lacks_coins_without_any_order_is_a_warning_and_a_liquidation_that_is_due_an_error() -> None:
    """40,000 short from 40,000 ask for a bitcoin, and no coin lies outside."""
    for wallet, codes in (("0.6", {}), ("0.001", {Code.NEAR_LIQUIDATION: Severity.ERROR})):
        made = portfolio({"BTC": wallet}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": wallet},
                         positions=(short("-40000", hedge="-40000"),))  # fmt: skip
        made = replace(made, targets={"BTC": Fraction(1)})
        plan = planned(made)
        assert (plan.orders, plan.transfers) == ((), ())
        severe = {each.code: each.severity for each in plan.findings
                  if each.code in (Code.UNDER_COLLATERALISED, Code.NEAR_LIQUIDATION)}  # fmt: skip
        assert severe == {Code.UNDER_COLLATERALISED: Severity.WARNING, **codes}


@pytest.mark.parametrize(
    ("off", "told"),
    [
        ("0.0000000000001", ("50.00000000000 %", "50.00000000001 %")),
        ("0.00000000000000000001", ("50.000000000000000000 %", "50.000000000000000001 %")),
        ("0.000000000000000000001", ("50.000000000000000000 %", "50.000000000000000000 %")),
        ("0", ("50.0 %", "50.0 %")),
    ],
)
def test_shares_are_told_apart_by_eighteen_places_at_most(off: str, told: tuple[str, str]) -> None:
    assert apart(exact("0.5"), exact("0.5") + exact(off)) == told


def test_a_share_of_nothing_is_none() -> None:
    assert apart(exact("0.5"), None) == ("50.0 %", "nothing to hedge")


@pytest.mark.parametrize(
    ("today", "entry", "slip"),
    [("42", "55180", "42000"), ("42.5", "42500", "42500"), ("5517.9", "55180", ""), ("551801", "55180", "")],
)
def test_a_price_that_no_position_was_opened_near_is_asked_about(today: str, entry: str, slip: str) -> None:
    """With a mark of the contract near its entry nothing is said."""
    instead = f"; write {slip} if its point was to part thousands" if slip else ""
    said = f"its price {today} is far from {entry}, the entry price of BTCUSD{instead}"
    assert [each.message for each in planned(opened_at(entry, today=today)).findings
            if each.code is Code.PRICE_IN_DOUBT] == [said]  # fmt: skip
    assert Code.PRICE_IN_DOUBT not in found(opened_at(entry, today=today, marks={"BTCUSD": entry}))


@pytest.mark.parametrize("today", ["5518", "551800"])
def test_ten_times_an_entry_price_is_as_far_as_a_price_goes_unsaid(today: str) -> None:
    assert Code.PRICE_IN_DOUBT not in found(opened_at("55180", today=today))


def opened_at(entry: str, *, today: str, marks: Mapping[str, str] | None = None) -> Portfolio:
    return portfolio({"BTC": "10"}, HALF, {"BTC": today}, (BTC,), marks=marks, wallets={"BTC": "9"},
                     positions=(short("-2000", entry=entry),))  # fmt: skip
