"""What cannot be covered keeps its exposure, and the others share what it leaves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from exchange import Overlay, carried_out
from rebal.amounts import Fraction, plain
from rebal.book import opened
from rebal.findings import Code, Severity
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.exposure import Valuation
from rebal.planner.targets import aims
from rebal.portfolio import Portfolio

from .given import INPUTS, NOW, inverse, linear, policy, portfolio
from .test_splitting import accounts, at

PRICES = {"BTC": "40000", "ETH": "2500", "ALT": "0.5"}
HELD = {"BTC": "2", "ETH": "14", "ALT": "30000"}
TARGETS = {"BTC": "0.5", "ETH": "0.3", "ALT": "0.2"}
BTC, ETH = inverse("BTC", "1"), inverse("ETH", "1")


def planned(made: Portfolio, *, fit: bool = False) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS, fit=fit)


def traded(plan: Plan) -> dict[str, Fraction]:
    return {order.contract: order.signed for order in plan.orders}


def aimed(plan: Plan) -> dict[str, Fraction | None]:
    return {line.asset: line.aimed_weight for line in plan.assets}


def severities(plan: Plan, code: Code) -> dict[str, Severity]:
    return {each.subject: each.severity for each in plan.findings if each.code is code}


def test_what_no_contract_serves_keeps_its_exposure_and_the_others_share_the_rest() -> None:
    """ALT keeps 15,000 of 130,000; BTC aims at 5/8 and ETH at 3/8 of the other 115,000: 71,875 and 43,125."""
    plan = planned(portfolio(HELD, TARGETS, PRICES, (BTC, ETH)))
    assert traded(plan) == {"BTCUSD": -8125, "ETHUSD": 8125}
    assert aimed(plan) == {
        "ALT": Fraction(15000, 130000),
        "BTC": Fraction(71875, 130000),
        "ETH": Fraction(43125, 130000),
    }
    assert {line.asset: line.target_weight for line in plan.assets if line.target_weight} == {
        asset: exact(weight) for asset, weight in TARGETS.items()
    }
    assert severities(plan, Code.UNSERVED_ASSET) == {"ALT": Severity.WARNING}
    assert not plan.refused


def test_the_dollars_share_too() -> None:
    """ALT keeps 10,000 of 50,000; BTC aims at 5/8 and dollars at 3/8 of the other 40,000."""
    held, targets = {"BTC": "1", "ALT": "20000"}, {"BTC": "0.5", "ALT": "0.2", "USD": "0.3"}
    plan = planned(portfolio(held, targets, {"BTC": "40000", "ALT": "0.5"}, (BTC,)))
    assert traded(plan) == {"BTCUSD": -15000}
    assert {line.asset: line.exposure_after for line in plan.assets}["USD"] == 15000


def test_what_has_a_contract_and_no_coin_is_left_as_it_is() -> None:
    """No ETH is held to margin a long of it: it stays at nothing, and BTC aims at 5/7 of 80,000."""
    targets = {"BTC": "0.5", "ETH": "0.3", "USD": "0.2"}
    plan = planned(portfolio({"BTC": "2"}, targets, PRICES, (BTC, ETH)))
    assert traded(plan) == {"BTCUSD": -22857}
    assert severities(plan, Code.UNDER_COLLATERALISED) == {"ETH": Severity.WARNING}
    (said,) = [each for each in plan.findings if each.subject == "ETH"]
    assert said.data["available_coins"] == 0
    assert said.data["undone_usd"] == 24000


def test_it_is_refused_where_the_policy_says_so() -> None:
    plan = planned(portfolio(HELD, TARGETS, PRICES, (BTC, ETH), rules=policy(uncovered="refuse")))
    assert severities(plan, Code.UNSERVED_ASSET) == {"ALT": Severity.ERROR}
    assert plan.refused
    assert traded(plan) == {"BTCUSD": -15000, "ETHUSD": 4000}


def test_targets_that_nothing_covers_leave_the_rest_in_dollars() -> None:
    targets = {"ALT": "1", "BTC": "0"}
    plan = planned(portfolio({"BTC": "1", "ALT": "20000"}, targets, {"BTC": "40000", "ALT": "0.5"}, (BTC,)))
    assert traded(plan) == {"BTCUSD": -40000}


def test_more_than_the_equity_left_in_place_leaves_the_others_nothing() -> None:
    """A short of ALT's proxy is not there to be closed: what is kept may exceed the equity, and no aim is below 0."""
    held = {"BTC": "0.5", "ALT": "30000", "USD": "-10000"}
    made = portfolio({**held, "USD": "0"}, {"BTC": "0.8", "ALT": "0.2"}, {"BTC": "40000", "ALT": "0.5"}, (BTC,))
    plan = planned(replace(made, statement=replace(made.statement, holdings=numbers(held))))
    assert aimed(plan)["BTC"] == Fraction(10000, 25000)


def numbers(given: Mapping[str, str]) -> dict[str, Fraction]:
    return {name: exact(text) for name, text in given.items()}


def test_nothing_is_said_where_it_is_at_its_target() -> None:
    plan = planned(portfolio({"BTC": "1", "ALT": "80000"}, {"BTC": "0.5", "ALT": "0.5"}, PRICES, (BTC,)))
    assert (plan.orders, severities(plan, Code.UNSERVED_ASSET)) == ((), {})


@pytest.mark.parametrize(("lots", "needed"), [("1", "0.2"), ("10", "0.2")])
def test_a_leg_shrinks_to_the_whole_lots_that_fit(lots: str, needed: str) -> None:
    """0.2 ETH margin a long of 500 USD less the fees; the rest of what BTC sells stays dollars and BTC."""
    eth = inverse("ETH", "1", lot=lots)
    made = portfolio({"BTC": "2", "ETH": needed}, {"BTC": "0.5", "ETH": "0.5"}, PRICES, (BTC, eth))
    assert planned(made).refused
    fitted = planned(made, fit=True)
    assert not fitted.refused
    (bought,) = [order for order in fitted.orders if order.contract == "ETHUSD"]
    assert bought.contracts % exact(lots) == 0
    assert severities(fitted, Code.UNDER_COLLATERALISED) == {"ETH": Severity.WARNING}
    more = brute_force_fit(made, "ETHUSD", exact(lots))
    assert bought.contracts == more


def test_a_leg_that_shrinks_is_traded_though_its_own_target_was_within_the_band() -> None:
    """BTC stays at nothing, so ETH aims at 5/50 of 52,500: 2,750 more, of which 1 ETH margins 2,474.

    At half the price a contract has lost 0.0004 ETH and asks 0.000004 of maintenance, and 0.0000002 went as its fee.
    """
    held, targets = {"USD": "50000", "BTC": "0", "ETH": "1"}, {"BTC": "0.5", "ETH": "0.05", "USD": "0.45"}
    made = portfolio(held, targets, PRICES, (BTC, ETH))
    plan = planned(made, fit=True)
    assert (traded(plan), plan.refused) == ({"ETHUSD": Fraction(2474)}, False)
    assert aimed(plan)["ETH"] == Fraction(2500 + 2474, 52500)
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS, fit=True)
    assert (again.orders, again.transfers) == ((), ())


def test_a_leg_shrinks_beside_a_position_too_small_to_be_closed_by_an_order_of_its_own() -> None:
    """A short of 50 dollars stays, as 100 are the least order, and 1 ETH margins 2,450 beside it at leverage 1.

    At half the price 2,450 have lost 0.98 ETH, of which the short has made 0.02.
    """
    dated = inverse("ETH", "1", name="ETHUSD_1226", expiry=NOW + timedelta(days=35))
    short = opened(dated, contracts=Fraction(-50), entry_price=Fraction(2500))
    made = portfolio({"BTC": "2", "ETH": "1"}, {"BTC": "0.5", "ETH": "0.5"}, PRICES, (BTC, ETH, dated),
                     wallets={"ETH": "0.1"}, positions=(short,), rules=policy(min_order="100"))  # fmt: skip
    plan = planned(made, fit=True)
    assert traded(plan)["ETHUSD"] == 2450
    assert not plan.refused
    assert "ETHUSD_1226" not in traded(plan)
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS, fit=True)
    assert (again.orders, again.transfers) == ((), ())


@pytest.mark.parametrize("unit", ["1", "0.00001"])
def test_what_fits_once_another_is_left_short_of_its_aim_is_not_shrunk(unit: str) -> None:
    """A hedge of 30,000 leaves room for 10,000 of BTC's short: 30,000 of 60,000 stay, and ETH aims at 0.9 of the rest.

    Its 6 ETH do not margin the 39,000 that 54,000 would take, but do the 12,000 that are left to it. Whatever the
    ``unit`` of the dollars.
    """
    one = exact(unit)
    btc, eth = (inverse(coin, unit, tick=None) for coin in ("BTC", "ETH"))
    held, targets = {"BTC": "1", "ETH": "6", "USD": str(5000 * one)}, {"BTC": "0", "ETH": "0.9", "USD": "0.1"}
    prices = {coin: str(exact(price) * one) for coin, price in PRICES.items()}
    hedge = opened(btc, contracts=Fraction(-30000), entry_price=40000 * one, hedge=Fraction(-30000))
    made = portfolio(held, targets, prices, (btc, eth), wallets={"BTC": "1"}, positions=(hedge,),
                     rules=policy(min_order=str(10 * one)))  # fmt: skip
    plan = planned(made, fit=True)
    assert traded(plan) == {"BTCUSD": Fraction(-10000), "ETHUSD": Fraction(12000)}
    assert {line.asset: line.aimed_weight for line in plan.assets}["ETH"] == Fraction(27000, 60000)
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS, fit=True)
    assert (again.orders, again.transfers) == ((), ())


def brute_force_fit(made: Portfolio, contract: str, lot: Fraction) -> Fraction:
    """The most lots that one order alone can be of without coins missing, counted one by one."""
    from rebal.book import Purpose
    from rebal.planner.desk import Desk
    from rebal.planner.sizing import Leg
    from rebal.policy import Route

    desk, lots = Desk.of(made, made.statement, now=INPUTS.now), 0
    while True:
        leg = Leg(made.contracts[contract], (lots + 1) * lot, Route.INVERSE, Purpose.REBALANCE, "ETH")
        if desk.shortages("ETH", [leg]):
            return lots * lot
        lots += 1


def test_the_route_that_is_passed_over_is_named_with_its_reason() -> None:
    """0.01 ETH do not margin a long of 16 ETH; USDT do."""
    held = {"BTC": "2", "ETH": "0.01", "USDT": "200000"}
    targets = {"BTC": "0.3", "ETH": "0.2", "USD": "0.5"}
    plan = planned(portfolio(held, targets, PRICES, (BTC, ETH, linear("ETH"))))
    assert not plan.refused
    (said,) = [each for each in plan.findings if each.code is Code.ROUTE]
    assert said.subject == "ETH"
    assert said.data["instead"] == "ETHUSDT"
    assert said.message.startswith("0.01 ETH do not margin a long of ")
    assert said.message.endswith("; ETHUSDT instead")


HALVES = dict.fromkeys(("ADA", "BTC", "DOT", "ETH", "LTC", "SOL", "XRP"), "0.5")
SHRUNK = ("DOT", "ETH", "LTC", "SOL")


@pytest.mark.parametrize(
    ("held", "targets", "contracts"),
    [
        # what is left of ETH and SOL, and the one lot of XRP that fits, are each no more than a plan leaves behind
        ({"ETH": "2", "SOL": "2", "XRP": "2"}, {"ETH": "0", "SOL": "0", "XRP": "1"},
         (inverse("ETH"), inverse("SOL"), inverse("XRP"))),
        # the same, where of what is wanted no coin margins anything of ADA
        ({**dict.fromkeys(SHRUNK, "2"), "XRP": "2", "ADA": "0"},
         {**dict.fromkeys(SHRUNK, "0"), "XRP": "0.6", "ADA": "0.4"},
         tuple(map(inverse, (*SHRUNK, "XRP", "ADA")))),
        # BTC margin one lot, and dollars most of the rest on another route
        ({"BTC": "2", "USDT": "5000"}, {"BTC": "1", "USD": "0"}, (inverse("BTC"), linear("BTC"))),
        # the perpetual's lot is larger than the lot of the dated one that fits
        ({"BTC": "20", "ETH": "2", "USDT": "40000"}, {"BTC": "0.5", "ETH": "0.25", "USD": "0.25"},
         (inverse("BTC", "100", lot="100"), inverse("BTC", "10", name="BTCUSD_M", expiry=NOW + timedelta(days=40)),
          inverse("ETH"))),
    ],
)  # fmt: skip
def test_a_plan_that_was_shrunk_to_its_coins_plans_nothing_again(
    held: dict[str, str], targets: dict[str, str], contracts: tuple[Contract, ...]
) -> None:
    made = portfolio(held, targets, HALVES, contracts, rules=policy(band="0", distance="0.2", min_order="0"))
    plan = planned(made, fit=True)
    assert plan.orders
    assert not plan.refused
    marks = {contract.name: made.market.mark(contract) for contract in contracts}
    account = Overlay.of(made.statement, made.contracts, marks, isolated=False)
    account.place(plan)
    again = build_plan(made, account.book(), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())


def test_what_one_route_does_not_margin_is_opened_on_the_next() -> None:
    """At leverage 0.5, 8 BTC at 0.5 dollars margin a long of 2 dollars, and 5,000 USDT one of 2,500."""
    rules = policy(band="0", distance="0.2", leverage="0.5", min_order="0")
    both = (inverse("BTC"), linear("BTC"))
    made = portfolio({"BTC": "8", "USDT": "5000"}, {"BTC": "1", "USD": "0"}, HALVES, both, rules=rules)
    assert planned(made).refused
    assert traded(planned(made, fit=True)) == {"BTCUSD": 2, "BTCUSDT": 5_000_000}


def test_a_contract_that_is_listed_and_not_planned_on_is_named_with_what_is_missing() -> None:
    made = portfolio(HELD, TARGETS, PRICES, (BTC, ETH))
    lacking = replace(made, incomplete={"ALT": {"ALTUSDT": "contracts.ALTUSDT.multiplier"}})
    (said,) = [each for each in planned(lacking).findings if each.code is Code.UNSERVED_ASSET]
    assert "; ALTUSDT is listed, but contracts.ALTUSDT.multiplier is not known" in said.message


def test_exposure_that_is_kept_beyond_all_equity_leaves_the_others_at_nothing() -> None:
    valued = Valuation(Fraction(100), {"BTC": Fraction(150), "ETH": Fraction(-20), "USD": Fraction(-30)}, {}, {})
    made = portfolio({}, {"BTC": "0.5", "ETH": "0.3", "USD": "0.2"}, {}, ())
    kept = {"BTC": Fraction(150)}
    assert aims(kept, valued, made).exposures == {"BTC": 150, "ETH": 0, "USD": -50}
    # 40 are left to targets of 30 and 20
    kept = {"BTC": Fraction(60)}
    assert aims(kept, valued, made).exposures == {"BTC": 60, "ETH": 24, "USD": 16}


def test_what_is_kept_inside_its_band_is_told_once_something_else_is_traded() -> None:
    # 10,500 of 100,000 in a coin without a contract, wanted at 10,000; BTC is 29,500 off
    held, wanted = {"BTC": "1.8", "ETH": "7", "XMR": "105"}, {"BTC": "0.4", "ETH": "0.5", "XMR": "0.1"}
    prices = {"BTC": "40000", "ETH": "2500", "XMR": "100"}
    plan = planned(portfolio(held, wanted, prices, (BTC, ETH)))
    assert plan.orders
    assert severities(plan, Code.UNSERVED_ASSET) == {"XMR": Severity.WARNING}
    # with BTC and ETH inside their bands too nothing is traded, and nothing said
    calm = planned(portfolio({"BTC": "1.02", "ETH": "19.48", "XMR": "105"}, wanted, prices, (BTC, ETH)))
    assert calm.orders == ()
    assert severities(calm, Code.UNSERVED_ASSET) == {}


@pytest.mark.parametrize(
    ("kept", "bitcoin", "is_told"), [("150", "2.125", False), ("152", "2.12", True), ("190", "2.025", True)]
)
def test_what_is_kept_drifts_about_its_target_not_about_what_it_keeps(
    kept: str, bitcoin: str, *, is_told: bool
) -> None:
    """By half of the 10 % that are wanted it may be off, so by 5,000 of 100,000; BTC has just what that leaves it."""
    made = portfolio(
        {"BTC": bitcoin, "XMR": kept}, {"BTC": "0.9", "XMR": "0.1"}, {"BTC": "40000", "XMR": "100"}, (BTC,),
        rules=policy(band="0.2", relative="0.5"),
    )  # fmt: skip
    plan = planned(made)
    assert plan.orders == ()
    assert {each.asset for each in plan.assets if each.outside_band} == ({"XMR"} if is_told else set())
    assert severities(plan, Code.UNSERVED_ASSET) == ({"XMR": Severity.WARNING} if is_told else {})


@pytest.mark.parametrize(("bitcoin", "ether", "traded"), [("0.925", "11.5", ["BTC", "ETH"]), ("0.9", "12", [])])
def test_what_takes_what_is_left_drifts_about_what_it_aims_at(bitcoin: str, ether: str, traded: list[str]) -> None:
    """Of 100,000 XMR keeps 40,000, so BTC and ETH aim at 30,000 in place of 40,000: by a fifth of that they may be off.

    36,000 and 24,000 are inside their bands, 37,000 and 23,000 outside.
    """
    made = portfolio(
        {"BTC": bitcoin, "ETH": ether, "XMR": "400"}, {"BTC": "0.4", "ETH": "0.4", "XMR": "0.2"},
        {"BTC": "40000", "ETH": "2000", "XMR": "100"}, (BTC, ETH), rules=policy(band="0.2", relative="0.2"),
    )  # fmt: skip
    plan = planned(made)
    assert sorted(order.contract.removesuffix("USD") for order in plan.orders) == traded


def test_what_is_kept_inside_its_band_is_told_where_all_else_that_was_off_is_kept_too() -> None:
    """ALT keeps 4,000 of 60,000, inside its band of 5 %; no ETH margins the 15 %, and BTC takes what both leave it."""
    held, targets = {"BTC": "1.4", "ALT": "8000"}, {"BTC": "0.8", "ALT": "0.05", "ETH": "0.15"}
    plan = planned(portfolio(held, targets, PRICES, (BTC, ETH)))
    assert (plan.orders, aimed(plan)["BTC"]) == ((), Fraction(56000, 60000))
    assert severities(plan, Code.UNSERVED_ASSET) == {"ALT": Severity.WARNING}
    assert severities(plan, Code.UNDER_COLLATERALISED) == {"ETH": Severity.WARNING}


def told(made: Portfolio, subject: str) -> list[tuple[Code, str]]:
    return [(each.code, each.message) for each in planned(made).findings if each.subject == subject]


CURES = "define a contract under contracts, name a proxy under proxies, or put it under aside"


@pytest.mark.parametrize(
    ("days", "listed", "why"),
    [
        (("6.9",), True, "what serves ALT expires within 7 days (ALT6.9)"),
        (("3", "2", "1"), True, "what serves ALT expires within 7 days (ALT1, ALT2, ALT3)"),
        (("3", None), True, "no contract of this file serves ALT on the routes inverse"),
        (("3",), False, "no contract of this file serves ALT on the routes inverse"),
        ((), True, "no contract of this file serves ALT on the routes inverse"),
    ],
)
def test_why_nothing_serves_an_asset_is_told_in_a_sentence(
    days: tuple[str | None, ...], why: str, *, listed: bool
) -> None:
    """With 20,000 dollars of ALT to be 8,000: 12,000 are left undone, or it stays and the others share the rest."""
    dated = (
        replace(inverse("ALT", name=f"ALT{each}", expiry=NOW + timedelta(days=1) * float(each)), listed=listed)
        for each in days
        if each is not None
    )
    other = (linear("ALT"),) if None in days else ()
    made = portfolio({"BTC": "1.5", "ALT": "40000"}, {"BTC": "0.9", "ALT": "0.1"}, PRICES, (BTC, *dated, *other),
                     rules=policy(routes=("inverse",)))  # fmt: skip
    assert told(made, "ALT") == [
        (Code.UNSERVED_ASSET, f"{why}: it stays at 25.0 % in place of 10.0 %, and the others share the rest; {CURES}")
    ]
    refusing = replace(made, policy=policy(routes=("inverse",), uncovered="refuse"))
    assert told(refusing, "ALT") == [
        (Code.UNSERVED_ASSET, f"{why}, so 12000.00 USD of exposure to take away are left undone; {CURES}")
    ]


@pytest.mark.parametrize("days", ["7", "30"])
def test_what_lasts_seven_days_or_more_is_not_told_to_expire_soon(days: str) -> None:
    later = replace(linear("ALT"), name="ALTDEC", expiry=NOW + timedelta(days=1) * float(days))
    made = portfolio({"BTC": "1.5", "ALT": "40000"}, {"BTC": "0.9", "ALT": "0.1"}, PRICES, (BTC, later),
                     rules=policy(routes=("inverse",)))  # fmt: skip
    ((_, message),) = told(made, "ALT")
    assert message.startswith("no contract of this file serves ALT on the routes inverse: it stays")


def test_what_is_listed_and_not_known_well_enough_is_told_by_name() -> None:
    made = portfolio({"BTC": "1.5", "ALT": "40000"}, {"BTC": "0.9", "ALT": "0.1"}, PRICES, (BTC,))
    ((_, message),) = told(replace(made, incomplete={"ALT": {"ALTB": "lot_size", "ALTA": "tick_size"}}), "ALT")
    assert message.startswith(
        "no contract of this file serves ALT on the routes inverse, linear, proxy; ALTA is listed, but tick_size is "
        "not known; ALTB is listed, but lot_size is not known: it stays"
    )


@pytest.mark.parametrize(("quantity", "way"), [("81", "0.50 USD of exposure to take away"),
                                               ("79", "0.50 USD of exposure to add")])  # fmt: skip
def test_what_is_left_undone_is_told_by_its_side(quantity: str, way: str) -> None:
    """Half of what is held in coins and dollars, and half a dollar off it."""
    dollars = "40.5" if quantity == "79" else "39.5"
    made = portfolio({"ALT": quantity, "USDT": dollars}, {"ALT": "0.5", "USD": "0.5"}, PRICES, (),
                     rules=policy(uncovered="refuse", band="0", min_order="0"))  # fmt: skip
    ((_, message),) = told(made, "ALT")
    assert f", so {way} are left undone; " in message


def test_what_no_coin_margins_is_told_once_with_what_it_lacks() -> None:
    """24,000 dollars are 9.6 ETH; to live through half the price they take 19.2 and 0.5 % of it less 9.6, and a fee."""
    made = portfolio({"BTC": "2"}, {"BTC": "0.5", "ETH": "0.3", "USD": "0.2"}, PRICES, (BTC, ETH))
    ((code, message),) = told(made, "ETH")
    needed = Fraction("9.6") + Fraction("0.096") + Fraction("0.0048")
    assert code is Code.UNDER_COLLATERALISED
    assert message == (
        f"0 ETH margin nothing of a long of 9.6 ETH on ETHUSD, which needs {plain(needed)} ETH: it stays at 0.0 % in "
        "place of 30.0 %, and the others share the rest; bring ETH, or shape policy.routes"
    )


def test_what_no_route_margins_is_told_of_the_first_alone() -> None:
    """Neither ETH nor dollars are there for the 24,000 of ETH that are to be."""
    made = portfolio({"BTC": "2"}, {"BTC": "0.5", "ETH": "0.3", "USD": "0.2"}, PRICES, (BTC, ETH, linear("ETH")))
    ((code, message),) = told(made, "ETH")
    assert code is Code.UNDER_COLLATERALISED
    assert message.startswith("0 ETH margin nothing of a long of 9.6 ETH on ETHUSD, which needs ")


def test_what_is_to_go_and_cannot_is_told_at_a_target_of_nothing() -> None:
    made = portfolio({"BTC": "1.5", "ALT": "40000"}, {"BTC": "1", "ALT": "0"}, PRICES, (BTC,))
    ((_, message),) = told(made, "ALT")
    assert "it stays at 25.0 % in place of 0.0 %, and the others share the rest" in message


def test_what_nothing_serves_is_no_reason_to_refuse_where_it_is_at_its_target() -> None:
    made = portfolio({"BTC": "1.5", "ALT": "40000"}, {"BTC": "0.25", "ALT": "0.25", "USD": "0.5"}, PRICES, (BTC,),
                     rules=policy(uncovered="refuse"))  # fmt: skip
    assert traded(planned(made)) == {"BTCUSD": -40000}
    assert told(made, "ALT") == []


def test_what_no_account_margins_is_told_account_by_account() -> None:
    """24,000 dollars of ETH, of which there is none, at two accounts; then 15,000 of 130,000 where nothing may sit."""
    contracts, rest = tuple(at(name, ETH) for name in "ab"), "and the others share the rest; bring ETH, or raise"
    made = portfolio({"BTC": "2"}, {"BTC": "0.7", "ETH": "0.3"}, PRICES, (at("b", BTC), *contracts))
    lacks = "0 ETH do not margin a long of 9.6 ETH on {}:ETHUSD, which needs 9.7008 ETH"
    assert told(replace(made, told_accounts=accounts(a="1", b="1")), "ETH") == [
        (Code.UNDER_COLLATERALISED, f"{lacks.format('a')}; {lacks.format('b')}: it stays at 0.0 % in place of 30.0 %, "
                                    f"{rest} what may sit at an account"),
    ]  # fmt: skip
    made = portfolio({"USDT": "80000", "ETH": "20"}, {"USD": "0.5", "ETH": "0.5"}, PRICES, contracts)
    full = "accounts.{0}.at_most, 0 % of equity, leaves no room for a long of 6 ETH on {0}:ETHUSD"
    assert told(replace(made, told_accounts=accounts(a="0", b="0")), "ETH") == [
        (Code.UNDER_COLLATERALISED, f"{full.format('a')}; {full.format('b')}: it stays at 38.5 % in place of 50.0 %, "
                                    f"{rest} what may sit at an account"),
    ]  # fmt: skip


def test_half_a_dollar_short_that_nothing_margins_is_a_short() -> None:
    """0.002 BTC at 500 dollars, half to be sold in lots of ten cents, and a tenth of them may be posted."""
    made = portfolio({"BTC": "0.002"}, HALVED, {"BTC": "500"}, (inverse("BTC", lot="0.1", fee="0"),),
                     rules=policy(band="0", min_order="0", max_at_venue="0.1"))  # fmt: skip
    fitted = planned(made, fit=True)
    (passed,) = [each.message for each in fitted.findings if each.code is Code.UNDER_COLLATERALISED]
    assert " of a short of 0.001 BTC on BTCUSD, which needs 0.001 BTC: " in passed


def test_half_a_dollar_long_that_nothing_margins_is_a_long() -> None:
    """Half a dollar of bitcoin is to be a whole one, and a tenth of its 0.001 may be posted."""
    made = portfolio({"BTC": "0.001", "USD": "0.5"}, {"BTC": "1"}, {"BTC": "500"},
                     (inverse("BTC", lot="0.1", fee="0"),),
                     rules=policy(band="0", min_order="0", max_at_venue="0.1"))  # fmt: skip
    (passed,) = [each.message for each in planned(made, fit=True).findings if each.code is Code.UNDER_COLLATERALISED]
    assert " of a long of 0.001 BTC on BTCUSD, which needs " in passed


HALVED = {"BTC": "0.5", "USD": "0.5"}


def test_what_can_only_be_closed_keeps_what_that_leaves_once_its_aim_is_beyond_it() -> None:
    """XYZ stays at 10,000 of 80,000, so that ALT aims at 23,333 in place of the 20,000 that closing its short makes.

    So it keeps those, and BTC has the 50,000 that both leave it.
    """
    short = opened(inverse("ALT", name="ALTNOV", expiry=NOW + timedelta(days=3)), contracts=Fraction(-5000),
                   entry_price=Fraction("0.5"))  # fmt: skip
    made = portfolio({"BTC": "1.25", "ALT": "40000", "XYZ": "10000"}, {"BTC": "0.5", "ALT": "0.25", "XYZ": "0.25"},
                     {"BTC": "40000", "ALT": "0.5", "XYZ": "1"}, (BTC, short.contract), wallets={"ALT": "20000"},
                     positions=(short,))  # fmt: skip
    plan = planned(made)
    assert traded(plan) == {"ALTNOV": 5000}
    assert aimed(plan) == {"BTC": Fraction(5, 8), "ALT": Fraction(1, 4), "XYZ": Fraction(1, 8), "USD": 0}


@pytest.mark.parametrize("more", [False, True])
def test_what_was_set_in_motion_goes_on_once_what_did_so_is_as_near_as_it_can_get(more: bool) -> None:
    """4 ETH margin a part of the 20,000 wanted, no SOL any of its 6,000; BTC is near what that leaves it, and moves.

    ``more``: and then XRP's coins do not do for what it is left to aim at, though that is within its band.
    """
    btc, xrp, usd = ("2", "4000", "8000") if more else ("2.125", "0", "5000")
    targets = {"BTC": "0.601", "XRP": "0.039"} if more else {"BTC": "0.64", "XRP": "0"}
    held = {"BTC": btc, "ETH": "4", "SOL": "0", "XRP": xrp, "USD": usd}
    made = portfolio(held, {**targets, "ETH": "0.3", "SOL": "0.06"}, {**PRICES, "SOL": "100", "XRP": "0.5"},
                     (BTC, ETH, inverse("SOL"), inverse("XRP")))  # fmt: skip
    plan = planned(made, fit=True)
    assert not plan.refused
    assert set(severities(plan, Code.UNDER_COLLATERALISED)) == {"ETH", "SOL", *(["XRP"] if more else [])}
    orders = traded(plan)
    assert orders["ETHUSD"] == brute_force_fit(made, "ETHUSD", Fraction(1))
    assert orders["BTCUSD"] < 0
    assert ("XRPUSD" in orders) is more


@pytest.mark.parametrize("ether", ["0", "0.2"])
def test_what_is_asked_to_fit_fits_though_what_is_uncovered_is_to_be_refused(ether: str) -> None:
    made = portfolio({"BTC": "2", "ETH": ether}, {"BTC": "0.5", "ETH": "0.5"}, PRICES, (BTC, ETH),
                     rules=policy(uncovered="refuse"))  # fmt: skip
    plan = planned(made, fit=True)
    assert ("ETHUSD" in traded(plan)) is (ether != "0")
    assert severities(plan, Code.UNDER_COLLATERALISED) == {"ETH": Severity.WARNING}


def test_what_closes_and_lacks_coins_is_told_beside_what_opens_and_has_none() -> None:
    """60,000 long and 20,000 short of BTC in one wallet: 104,000 of 144,000 without the short, and 129,600 are wanted.

    At half the price the long has lost 1.5 coins and takes 0.015 of maintenance, of which the short made 0.5. With the
    short closed, for 0.00025, they take 1.51525 of 1.1 coins: no long opens, and closing alone is to be refused.
    """
    long, short = inverse("BTC", "100", name="BTCUSD_1226", expiry=NOW + timedelta(days=30)), inverse("BTC", "100")
    held_now = tuple(
        opened(each, contracts=Fraction(n), entry_price=Fraction(40000)) for each, n in ((long, 600), (short, -200))
    )
    made = portfolio(
        {"BTC": "1.1", "ETH": "40"}, {"BTC": "0.9", "ETH": "0.1"}, PRICES, (long, short, inverse("ETH", "100")),
        wallets={"BTC": "1.1"}, positions=held_now, rules=policy(leverage="2", alert=("0.35", "2.5")),
    )  # fmt: skip
    plan = planned(made)
    assert plan.refused
    assert traded(plan)["BTCUSD"] == 200
    said = [(each.severity, each.message) for each in plan.findings if each.code is Code.UNDER_COLLATERALISED]
    assert [severity for severity, _ in said] == [Severity.ERROR, Severity.WARNING]
    assert said[0][1].startswith(
        "0.41525 BTC are missing: the positions need 1.51525 BTC and 1.1 BTC can be posted; it would fit at a "
    )
    assert said[1][1].startswith("1.1 BTC margin nothing of a long of 0.64 BTC on BTCUSD, which needs ")
    assert ": it stays at 72.2 % in place of 90.0 %, and the others share the rest" in said[1][1]


def test_what_lacks_coins_beside_another_waits_for_what_lacks_them_by_itself() -> None:
    """No ADA margin the 91 %; of the rest BTC aims at two thirds, its 40,000, and DOT at the 20,000 that USDT margin.

    Beside the short of BTC that its 6 % take, no USDT is left for DOT.
    """
    made = portfolio({"BTC": "1", "USDT": "20000"}, {"ADA": "0.91", "BTC": "0.06", "DOT": "0.03"},
                     {"BTC": "40000", "ADA": "0.5", "DOT": "5"},
                     (inverse("ADA"), linear("BTC", "0.01", fee="0"), linear("DOT", "1", fee="0")))  # fmt: skip
    for fit in (False, True):
        plan = planned(made, fit=fit)
        assert (traded(plan), plan.refused) == ({"DOTUSDT": Fraction(4000)}, False)
        assert set(severities(plan, Code.UNDER_COLLATERALISED)) == {"ADA"}


def test_the_room_that_a_plan_s_own_losses_make_is_the_next_one_s() -> None:
    """Half of 4 ETH may sit there, and 1 does; closing 1,000 dollars from 2,000 at 2,500 loses 0.1 of it.

    So 1.9 carry a long of N dollars that loses N / 2,500 at half the price and takes 1 % of it; then half of 3.9.
    """
    eth = inverse("ETH", "1", fee="0")
    short = opened(eth, contracts=Fraction(-1000), entry_price=Fraction(2000))
    made = portfolio({"BTC": "1", "ETH": "4"}, {"BTC": "0.2", "ETH": "0.8"}, PRICES, (BTC, eth), wallets={"ETH": "1"},
                     positions=(short,), rules=policy(max_at_venue="0.5"))  # fmt: skip
    first, then = (int(Fraction(there) * 2500 / Fraction("1.01")) for there in ("1.9", "1.95"))
    book, longs = made.statement, []
    for _ in range(3):
        plan = build_plan(made, book, inputs=INPUTS, fit=True)
        longs.append(traded(plan).get("ETHUSD", 0))
        book = carried_out(plan, made, book)
    assert longs == [1000 + first, then - first, 0]


def test_what_was_fitted_beside_a_leg_that_is_traded_no_more_is_fitted_anew() -> None:
    """A long of 12,000 dollars of DOT on 10,000 USDT, and 26,800 of it to go: closed, and a short of two lots of 4,000.

    Beside it 2,000 of ETH fit. With ETH at 2,000 of 32,000 DOT aims at the 30,000 that it has, and beside the long no
    ETH fits: DOT aims at 2,000 more then, which are no lot.
    """
    dot, eth = linear("DOT", "800", fee="0"), linear("ETH", "0.1", fee="0")
    long = opened(dot, contracts=Fraction(3), entry_price=Fraction(5))
    made = portfolio({"DOT": "3600", "USDT": "10000", "USD": "4000"}, {"DOT": "0.1", "ETH": "0.9", "USD": "0"},
                     {"DOT": "5", "ETH": "2500"}, (dot, eth), wallets={"USDT": "10000"}, positions=(long,))  # fmt: skip
    plan = planned(made, fit=True)
    assert (plan.orders, plan.transfers, plan.refused) == ((), (), False)
    (said,) = [each.message for each in plan.findings if each.code is Code.UNDER_COLLATERALISED]
    assert "10000 USDT margin nothing of a long of 11.5 ETH on ETHUSDT" in said
