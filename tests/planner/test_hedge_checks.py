"""What is said of hedges and of their rolls, where a bound is met exactly or several coins are told of."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import HedgeAsked, Part, Position, Purpose, opened
from rebal.findings import Code
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner.candidates import SHORT, named
from rebal.planner.checks.hedges import nothing_to_roll, stays_on
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.status import build_status
from rebal.portfolio import Portfolio

from .given import INPUTS, NOW, inverse, linear, policy, portfolio
from .test_rolls import hedged_on_december

COINS = ("ADA", "BTC", "DOT", "ETH", "SOL", "XRP")
NEAR, FAR = NOW + timedelta(days=35), NOW + timedelta(days=126)


def hedged(made: Portfolio, **pct: str) -> Plan:
    desk = Desk.of(made, made.statement, now=NOW)
    asks = [Ask(coin, exact(share), desk.candidates(coin, SHORT)) for coin, share in pct.items()]
    return build_hedge(made, made.statement, asks=asks, inputs=INPUTS)


def rolled(made: Portfolio, onto: str, coins: tuple[str, ...], pct: str) -> Plan:
    asks = [
        Ask(coin, exact(pct), named(f"{coin}{onto}", coin, made, now=NOW), stays=frozenset({f"{coin}{onto}"}))
        for coin in coins
    ]
    return build_hedge(made, made.statement, asks=asks, inputs=INPUTS)


def two_hedged(bitcoin: str, ether: str) -> Portfolio:
    """One bitcoin and ten ether of 40,000 dollars each, so many dollars of either protected, and wide bands."""
    contracts = (inverse("BTC", fee="0"), inverse("ETH", fee="0"))
    positions = tuple(
        opened(contract, contracts=exact(f"-{size}"), entry_price=Fraction(entry), hedge=exact(f"-{size}"))
        for contract, size, entry in zip(contracts, (bitcoin, ether), (40000, 4000), strict=True)
    )
    held, rules = {"BTC": "1", "ETH": "10"}, policy(hedge_band="0.2")
    return portfolio(held, None, {"BTC": "40000", "ETH": "4000"}, contracts, wallets=held, positions=positions,
                     rules=rules)  # fmt: skip


def test_an_over_hedge_that_no_order_concerns_is_no_reason_to_refuse() -> None:
    """40,401 of 40,000 dollars are more than a hundredth too many, and within the band that the file asks for."""
    kept = hedged(two_hedged("40401", "20000"), BTC="1")
    assert (kept.orders, kept.refused) == ((), False)
    assert [each.severity for each in kept.findings if each.code is Code.OVER_HEDGED] == ["warning"]
    beside = hedged(two_hedged("40401", "20000"), BTC="1", ETH="1")
    assert ([each.asset for each in beside.orders], beside.refused) == (["ETH"], False)


def test_an_over_hedge_asked_for_is_refused_for_its_own_coin() -> None:
    """With 101.1 % asked of each, both are short of more than is held; with 100 % of ether bitcoin alone is."""
    both = hedged(two_hedged("20000", "20000"), BTC="1.011", ETH="1.011")
    assert [each.subject for each in both.findings if each.code is Code.OVER_HEDGED] == ["BTC", "ETH"]
    beside = hedged(two_hedged("20000", "20000"), BTC="1.011", ETH="1")
    (one,) = [each for each in beside.findings if each.code is Code.OVER_HEDGED]
    assert one.data == {"asked": exact("1.011"), "base_coins": 1, "net_exposure_after_usd": -440}


@pytest.mark.parametrize(("days", "said"), [("7", True), ("6.99", False)])
def test_a_roll_is_due_until_what_it_leaves_expires_soon(days: str, said: bool) -> None:
    """Seven days before its expiry a contract does not expire soon yet, so that nothing else tells of the roll."""
    made = hedged_on_december()
    near = replace(made.contracts["XBTZ26"], expiry=NOW + timedelta(days=1) * float(days))
    short = replace(made.statement.positions["XBTZ26"], contract=near)
    hedges = {"BTC": HedgeAsked("BTC", exact("0.5"), NOW + timedelta(days=60))}
    book = replace(made.statement, positions={"XBTZ26": short}, hedges=hedges)
    told = build_status(replace(made, contracts={**made.contracts, "XBTZ26": near}), book, inputs=INPUTS).findings
    assert [each.code for each in told if each.code in (Code.ROLL_DUE, Code.EXPIRES_SOON)] == [
        Code.ROLL_DUE if said else Code.EXPIRES_SOON
    ]
    assert all("roll it before then" in each.message for each in told if each.code is Code.ROLL_DUE)


def leaving(coin: str, onto: Contract, *, entry: str = "100", lot: str = "0.1") -> Portfolio:
    """A hedge of half a dollar's contract on what expires, that lies at an entry price."""
    near = inverse(coin, name=f"{coin}NEAR", lot=lot, expiry=NEAR)
    short = opened(near, contracts=exact("-0.5"), entry_price=exact(entry), hedge=exact("-0.5"))
    return portfolio({coin: "0.01"}, None, {coin: "100"}, (near, onto), wallets={coin: "0.01"}, positions=(short,),
                     marks={near.name: "100", onto.name: "100"}, rules=policy(min_order="0"))  # fmt: skip


def test_a_roll_of_less_than_a_contract_is_one() -> None:
    """Half a contract sold at 80 is 0.00625 of 0.01 BTC; bought back at 100 it lost 0.00125, which leaves 0.00875."""
    made = leaving("BTC", inverse("BTC", name="BTCFAR", lot="0.1", expiry=FAR), entry="80")
    plan = rolled(made, "FAR", ("BTC",), "0.5")
    # half of what is left, 0.0043746875 BTC once 0.0000025 and the opening's fee are paid: four lots of ten cents
    assert [(each.contract, each.signed) for each in plan.orders] == [
        ("BTCNEAR", exact("0.5")),
        ("BTCFAR", exact("-0.4")),
    ]
    (said,) = [each for each in plan.findings if each.code is Code.ROLLED]
    assert (said.subject, said.data["onto"], said.data["notional_usd"]) == ("BTCNEAR", "BTCFAR", exact("0.4"))
    assert [each.subject for each in plan.findings if each.code is Code.REALISED] == ["BTC", "BTCNEAR"]


def test_rolls_that_realise_are_told_by_the_names_of_their_coins() -> None:
    contracts = [inverse(coin, name=f"{coin}{end}", expiry=day) for coin in COINS
                 for end, day in (("NEAR", NEAR), ("FAR", FAR))]  # fmt: skip
    held = dict.fromkeys(COINS, "10")
    made = portfolio(
        held, None, dict.fromkeys(COINS, "100"), tuple(contracts), wallets=held,
        positions=tuple(opened(each, contracts=Fraction(-500), entry_price=Fraction(80), hedge=Fraction(-500))
                        for each in contracts if each.expiry == NEAR),
    )  # fmt: skip
    plan = rolled(made, "FAR", tuple(reversed(COINS)), "0.5")
    told = [each.subject for each in plan.findings if each.code is Code.REALISED and each.subject in COINS]
    assert told == [*COINS]


@pytest.mark.parametrize(("days", "kept"), [(-1, (None, None)), (0, (None, None)), (1, ("XBTUSD", 1))])
def test_a_day_that_has_passed_keeps_no_hedge_where_it_sits(days: int, kept: tuple[str | None, int | None]) -> None:
    """What would be opened sits there already, so that only a day to come is to be named again."""
    perpetual = inverse("BTC", name="XBTUSD")
    short = opened(perpetual, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (perpetual,), wallets={"BTC": "1"}, positions=(short,))
    until = NOW + timedelta(days=days)
    on, last = stays_on(HedgeAsked("BTC", exact("0.5"), until), Desk.of(made, made.statement, now=NOW))
    assert (on, last) == (kept[0], None if kept[1] is None else until)


def on_two(*, asks: str) -> Plan:
    """10,000 of each of two contracts short, 20,000 of 40,000 dollars, that are to be a share on a third."""
    near = [inverse("BTC", name=f"BTC{end}", expiry=day) for end, day in (("A", NEAR), ("B", NEAR + timedelta(days=1)))]
    onto = inverse("BTC", name="BTCFAR", expiry=FAR)
    held = tuple(opened(each, contracts=Fraction(-10000), entry_price=Fraction(40000), hedge=Fraction(-10000))
                 for each in near)  # fmt: skip
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (*near, onto), wallets={"BTC": "1"}, positions=held)
    return rolled(made, "FAR", ("BTC",), asks)


@pytest.mark.parametrize(
    ("asks", "told"), [("0.5", [("BTCA", 10000), ("BTCB", 9995)]), ("0.2", [("BTCA", 7998)]), ("0", [])]
)
def test_so_much_as_is_opened_is_rolled_and_what_is_closed_beside_it_is_not(
    asks: str, told: list[tuple[str, int]]
) -> None:
    """What is opened is a share of the bitcoin less the fee of closing 20,000 dollars, which is 10."""
    found = [each for each in on_two(asks=asks).findings if each.code is Code.ROLLED]
    assert [(each.subject, each.data["notional_usd"]) for each in found] == told


def test_a_hedge_of_another_coin_that_is_closed_is_no_roll_of_this_one() -> None:
    """What closing DOT's hedge through bitcoin realises is no matter of the hedge that is opened of bitcoin itself."""
    short, onto = inverse("BTC"), inverse("BTC", name="BTCFAR", expiry=FAR)
    part = Part(Purpose.HEDGE, Fraction(-4000), Fraction(32000), "DOT")
    held = Position(short, Fraction(-4000), Fraction(32000), None, (part,))
    made = portfolio({"BTC": "1", "DOT": "1000"}, None, {"BTC": "40000", "DOT": "4"}, (short, onto),
                     wallets={"BTC": "1"}, positions=(held,), proxies={"DOT": ("BTC", "1")})  # fmt: skip
    asks = [Ask("BTC", exact("0.5"), named("BTCFAR", "BTC", made, now=NOW), stays=frozenset({"BTCFAR"})),
            Ask("DOT", Fraction(0), named("BTCUSD", "DOT", made, now=NOW))]  # fmt: skip
    plan = build_hedge(made, made.statement, asks=asks, inputs=INPUTS)
    assert [(order.contract, order.signed > 0) for order in plan.orders] == [("BTCUSD", True), ("BTCFAR", False)]
    assert [each.subject for each in plan.findings if each.code is Code.REALISED] == ["BTCUSD"]


def stands_on_what_is_gone(*, listed: bool, beside: int = 0) -> Portfolio:
    """Half of 2 BTC protected by 40,000 dollars at 40,000, by a contract that is listed no more, or has expired.

    ``beside``: so many dollars more on one that can be traded.
    """
    gone = replace(inverse("BTC", "100", name="BTCGONE", fee="0"), listed=listed,
                   expiry=NOW - timedelta(days=1) if listed else None)  # fmt: skip
    own = inverse("BTC", "100", fee="0")
    short = tuple(
        opened(each, contracts=Fraction(-dollars, 100), entry_price=Fraction(40000), hedge=Fraction(-dollars, 100))
        for each, dollars in ((gone, 40000), (own, beside)) if dollars
    )  # fmt: skip
    contracts = (gone, own) if beside else (gone,)
    return portfolio({"BTC": "2"}, None, {"BTC": "40000"}, contracts, wallets={"BTC": "2"}, positions=short)


BY_HAND = "which no order can close: close it by hand, or record what became of it"


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("0", "40000.00 USD"),  # all of the 1 BTC
        ("0.25", "20000.00 USD"),  # half a coin of 2 is asked for
        # a hundredth of 2 BTC is within the band, 800 dollars; a dollar more is not
        ("0.49", None),
        ("0.4899875", "801.00 USD"),
        ("0.5", None),
    ],
)
def test_what_nothing_can_close_of_a_hedge_is_told_in_dollars(asked: str, left: str | None, *, listed: bool) -> None:
    plan = hedged(stands_on_what_is_gone(listed=listed), BTC=asked)
    assert (plan.orders, plan.refused) == ((), False)
    said = [(each.severity, each.message) for each in plan.findings if each.code is Code.HEDGE_OFF]
    assert said == ([("warning", f"{left} more than asked stay protected on BTCGONE, {BY_HAND}")] if left else [])
    assert {Code.EXPIRED if listed else Code.UNLISTED_CONTRACT} <= {each.code for each in plan.findings}


@pytest.mark.parametrize(
    ("asked", "bought", "left"), [("0.75", 0, None), ("0.5", 200, None), ("0.25", 200, "20000.00")]
)
def test_what_is_left_of_a_hedge_that_can_be_closed_in_part_is_told(asked: str, bought: int, left: str | None) -> None:
    """1.5 BTC of 2 are protected, of which 0.5 can be closed."""
    plan = hedged(stands_on_what_is_gone(listed=False, beside=20000), BTC=asked)
    assert sum(order.contracts for order in plan.orders) == bought
    said = [each.data["undone_usd"] for each in plan.findings if each.code is Code.HEDGE_OFF]
    assert said == ([exact(left)] if left else [])


def test_more_that_nothing_can_open_is_refused_in_dollars() -> None:
    """Three quarters of 2 BTC are 20,000 dollars more than the half that stands."""
    plan = hedged(stands_on_what_is_gone(listed=False), BTC="0.75")
    (said,) = [each for each in plan.findings if each.severity == "error"]
    assert (said.code, said.data["undone_usd"]) == (Code.UNSERVED_ASSET, -20000)
    assert ", so 20000.00 USD of exposure to take away are left undone; " in said.message


def test_more_than_all_is_refused_though_its_band_leaves_it_as_it_is() -> None:
    """100.5 % is asked of a hedge of all, within a band of 20 points: nothing is traded, and nothing recorded of it."""
    plan = hedged(two_hedged("40000", "0"), BTC="1.005")
    assert (plan.orders, plan.refused) == ((), True)
    (said,) = [each for each in plan.findings if each.code is Code.OVER_HEDGED]
    assert said.message.startswith("100.5 % of 1 BTC asked leave a net exposure of 0.00 USD")


def test_rolls_of_two_coins_on_one_contract_are_told_each_with_its_own_dollars() -> None:
    """10,000 protect BTC and 4,000 DOT through it, and all of it goes on to another day."""
    near, far = (inverse("BTC", name=name, expiry=day, fee="0") for name, day in (("BTCNEAR", NEAR), ("BTCFAR", FAR)))
    parts = tuple(Part(Purpose.HEDGE, Fraction(size), Fraction(40000), coin)
                  for coin, size in (("BTC", -10000), ("DOT", -4000)))  # fmt: skip
    held = Position(near, Fraction(-14000), Fraction(40000), None, parts)
    made = portfolio({"BTC": "1", "DOT": "10000"}, None, {"BTC": "40000", "DOT": "4"}, (near, far),
                     wallets={"BTC": "1"}, positions=(held,), proxies={"DOT": ("BTC", "1")})  # fmt: skip
    asks = [Ask(coin, exact(pct), named("BTCFAR", coin, made, now=NOW), stays=frozenset({"BTCFAR"}))
            for coin, pct in (("BTC", "0.25"), ("DOT", "0.1"))]  # fmt: skip
    told = [each.data for each in build_hedge(made, made.statement, asks=asks, inputs=INPUTS).findings
            if each.code is Code.ROLLED]  # fmt: skip
    assert [(each["asset"], each["onto"], each["notional_usd"]) for each in told] == [
        ("BTC", "BTCFAR", 10000), ("DOT", "BTCFAR", 4000),
    ]  # fmt: skip


def test_what_is_too_little_to_close_is_not_said_to_roll() -> None:
    """10,000 roll, and 9,995 more are opened; the 5 dollars beside them are no order of the policy's."""
    near = [inverse("BTC", name=f"BTC{end}", expiry=NEAR, fee="0") for end in "AB"]
    onto = inverse("BTC", name="BTCFAR", expiry=FAR, fee="0")
    held = tuple(opened(each, contracts=Fraction(-size), entry_price=Fraction(40000), hedge=Fraction(-size))
                 for each, size in zip(near, (10000, 5), strict=True))  # fmt: skip
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (*near, onto), wallets={"BTC": "1"}, positions=held)
    plan = rolled(made, "FAR", ("BTC",), "0.5")
    assert [(order.contract, order.signed) for order in plan.orders] == [
        ("BTCA", Fraction(10000)), ("BTCFAR", Fraction(-19995)),
    ]  # fmt: skip
    assert [each.subject for each in plan.findings if each.code is Code.ROLLED] == ["BTCA"]


@pytest.mark.parametrize(
    ("kind", "far", "earned", "said"),
    [
        # 10 dollars at 100 · (1/100 - 1/102)
        ("inverse", "102", Fraction(20, 102), "the calendar spread is 2.00 %, 0.20 USD that the hedge earns"),
        ("inverse", "98", -Fraction(20, 98), "the calendar spread is 2.00 %, 0.20 USD that the hedge pays"),
        ("inverse", "100", Fraction(0), "there is no calendar spread"),
        # a tenth of a coin, 10 dollars where it is bought back and as many or fewer where it is sold
        ("linear", "102", exact("0.2"), "the calendar spread is 2.00 %, 0.20 USD that the hedge earns"),
        ("linear", "98", -exact("0.196"), "the calendar spread is 2.00 %, 0.20 USD that the hedge pays"),
        ("linear", "100", Fraction(0), "there is no calendar spread"),
    ],
)
def test_a_roll_earns_what_it_is_sold_higher_than_bought_back_and_pays_what_lower(
    kind: str, far: str, earned: Fraction, said: str
) -> None:
    """A hedge of a tenth of a bitcoin at 100, and somewhat less than a lot; the other contract is higher or lower."""
    made = inverse("BTC", "1", fee="0") if kind == "inverse" else linear("BTC", "0.1", fee="0")
    near, onto = (replace(made, name=name, expiry=day) for name, day in (("BTCNEAR", NEAR), ("BTCFAR", FAR)))
    size = Fraction(-10 if kind == "inverse" else -1)
    held = opened(near, contracts=size, entry_price=Fraction(100), hedge=size)
    book = portfolio({"BTC": "1", "USDT": "100"}, None, {"BTC": "100"}, (near, onto), positions=(held,),
                     wallets={"BTC": "1", "USDT": "100"}, marks={"BTCNEAR": "100", "BTCFAR": far},
                     rules=policy(min_order="0"))  # fmt: skip
    (told,) = [each for each in rolled(book, "FAR", ("BTC",), "0.1025").findings if each.code is Code.ROLLED]
    assert f"; {said}, and its two fees are 0.00 USD" in told.message
    assert (told.data["spread"], told.data["spread_usd"]) == (Fraction(far) / 100 - 1, earned)


def test_of_hedges_whose_day_has_passed_each_is_told_by_name() -> None:
    contracts = tuple(inverse(coin, fee="0") for coin in COINS)
    held = dict.fromkeys(COINS, "10")
    positions = tuple(opened(each, contracts=Fraction(-500), entry_price=Fraction(100), hedge=Fraction(-500))
                      for each in contracts)  # fmt: skip
    made = portfolio(held, None, dict.fromkeys(COINS, "100"), contracts, wallets=held, positions=positions)
    over = {coin: HedgeAsked(coin, exact("0.5"), NOW - timedelta(days=1)) for coin in COINS}
    plan = hedged(replace(made, statement=replace(made.statement, hedges=over)), **dict.fromkeys(COINS[::-1], "0.5"))
    assert [each.subject for each in plan.findings if each.code is Code.HEDGE_OVERDUE] == [*COINS]


def test_what_would_be_opened_first_keeps_a_hedge_without_a_day_where_it_sits() -> None:
    """Others that could be opened are no reason to name it."""
    perpetual, other = inverse("BTC", name="XBTUSD"), inverse("BTC", name="XBTH27", expiry=FAR)
    for sits_on, kept in ((perpetual, None), (other, "XBTH27")):
        short = opened(sits_on, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
        made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (perpetual, other), wallets={"BTC": "1"},
                         positions=(short,))  # fmt: skip
        desk = Desk.of(made, made.statement, now=NOW)
        assert [each.contract.name for each in desk.candidates("BTC", SHORT)] == ["XBTUSD", "XBTH27"]
        assert stays_on(HedgeAsked("BTC", exact("0.5")), desk) == (kept, None)


@pytest.mark.parametrize(
    ("sits_on", "said"),
    [("FAR", ["nothing to roll: its hedge sits on BTCFAR until 2027-03-26"]), ("NEAR", []), (None, [])],
)
def test_a_roll_that_was_asked_for_says_why_it_moves_nothing(sits_on: str | None, said: list[str]) -> None:
    contracts = {end: inverse("BTC", name=f"BTC{end}", expiry=day) for end, day in (("NEAR", NEAR), ("FAR", FAR))}
    held = () if sits_on is None else (
        opened(contracts[sits_on], contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000)),
    )  # fmt: skip
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, tuple(contracts.values()), wallets={"BTC": "1"},
                     positions=held)  # fmt: skip
    asks = [Ask("BTC", exact("0.5"), named("BTCFAR", "BTC", made, now=NOW), stays=frozenset({"BTCFAR"}))]
    plan = build_hedge(made, made.statement, asks=asks, inputs=INPUTS, extra=(nothing_to_roll(asks),))
    assert [each.message for each in plan.findings if each.message.startswith("nothing to roll")] == said
