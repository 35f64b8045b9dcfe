"""A hedge asked for on another contract is rolled there: closed here, opened there, one act with its cost."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from exact import exact
from exchange import carried_out
from rebal.amounts import Fraction
from rebal.book import Book, HedgeAsked, Part, Position, Purpose, opened
from rebal.commands._cures import cured
from rebal.findings import Code
from rebal.formats.describe.plan import headline
from rebal.plan import Plan
from rebal.planner.candidates import SHORT, Candidate, by_asset, expiring_after, named, rolling, through
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask, in_the_way
from rebal.planner.status import build_status
from rebal.policy import Route
from rebal.portfolio import Portfolio, Proxy
from rebal.status import Needs, Status

from .given import INPUTS, NOW, inverse, linear, policy, portfolio

DECEMBER = inverse("BTC", name="XBTZ26", lot="100", expiry=NOW + timedelta(days=35))
MARCH = inverse("BTC", name="XBTH27", lot="100", expiry=NOW + timedelta(days=126))
PERPETUAL = inverse("BTC", name="XBTUSD", lot="100")


def hedged_on_december(*, days: int = 35, asked: str = "0.5", until: datetime | None = None) -> Portfolio:
    """One BTC of two short on a contract of some days more, two others beside it with a premium."""
    near = replace(DECEMBER, expiry=NOW + timedelta(days=days))
    short = opened(near, contracts=Fraction(-40000), entry_price=Fraction(40000), hedge=Fraction(-40000))
    made = portfolio(
        {"BTC": "2"}, None, {"BTC": "40000"}, (near, MARCH, PERPETUAL), wallets={"BTC": "1"}, positions=(short,),
        marks={"XBTZ26": "40000", "XBTH27": "41000", "XBTUSD": "40000"},
    )  # fmt: skip
    hedges = {"BTC": HedgeAsked("BTC", exact(asked), until)}
    return replace(made, statement=replace(made.statement, hedges=hedges))


def asked_on(name: str, pct: str, made: Portfolio, book: Book | None = None) -> Plan:
    found = named(name, "BTC", made, now=NOW)
    ask = Ask("BTC", exact(pct), found, stays=frozenset({name}))
    return build_hedge(made, book or made.statement, asks=(ask,), inputs=INPUTS)


def test_a_roll_says_what_its_hedge_is_a_share_of_before_and_after() -> None:
    # 40,000 sold at 32,000 are 1.25 of two BTC. Bought back at 40,000, 0.25 are lost, and 0.00111125 are paid in fees;
    # 70 % of the rest are 1.2242, of which lots of 100 dollars hedge 1.2225.
    made = hedged_on_december()
    (position,) = made.statement.positions.values()
    lost = opened(position.contract, contracts=Fraction(-40000), entry_price=Fraction(32000), hedge=Fraction(-40000))
    made = replace(made, statement=replace(made.statement, positions={"XBTZ26": lost}))
    plan = asked_on("XBTUSD", "0.7", made)
    (said,) = [found for found in plan.findings if found.code is Code.REALISED and found.subject == "BTC"]
    fees = sum(order.fee for order in plan.orders)
    assert said.data["base_coins_after"] == 2 - Fraction("0.25") - fees
    assert (said.data["hedge_ratio"], said.data["base_coins"]) == (Fraction("0.625"), Fraction(2))
    assert said.message.startswith("its hedge is 62.5 % of 2 BTC now and 69.9 % of 1.74888875 BTC then: ")
    flat = asked_on("XBTUSD", "0.5", hedged_on_december())
    assert not [found for found in flat.findings if found.code is Code.REALISED]


@pytest.mark.parametrize(
    ("days", "until", "said"),
    [
        (-1, None, "with no day to end on"),
        (-1, 30, "until 2026-12-20T08:00:00Z"),
        (0, None, "with no day to end on"),
        (1, None, None),
    ],
)
def test_a_hedge_whose_day_has_passed_is_kept_on_only_by_saying_so(
    days: int, until: int | None, said: str | None
) -> None:
    made = hedged_on_december(until=NOW + timedelta(days=days))
    last = None if until is None else NOW + timedelta(days=until)
    ask = Ask("BTC", Fraction("0.5"), named("XBTZ26", "BTC", made, now=NOW), last, stays=frozenset({"XBTZ26"}))
    plan = cured(build_hedge(made, made.statement, asks=(ask,), inputs=INPUTS))
    assert not plan.orders
    told = [found.message for found in plan.findings if found.code is Code.HEDGE_OVERDUE]
    day = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert told == (
        [] if said is None else [
            f"its hedge was meant to end on {day}: recorded, this keeps it, {said}; what ends it: rebal unwind BTC "
            "--purpose hedge"
        ]
    )  # fmt: skip
    end = "the day of BTC has passed, record this to keep it or unwind it"
    assert (end in str(headline(plan))) == (said is not None)


def test_a_hedge_whose_day_has_passed_and_of_which_nothing_is_open_is_asked_for_anew() -> None:
    made = hedged_on_december(until=NOW - timedelta(days=1))
    made = replace(made, statement=replace(made.statement, positions={}))
    plan = asked_on("XBTZ26", "0.5", made)
    assert [order.contract for order in plan.orders] == ["XBTZ26"]
    assert not [found for found in plan.findings if found.code is Code.HEDGE_OVERDUE]


def test_what_ends_a_hedge_whose_day_has_passed_is_not_told_of_keeping_it() -> None:
    made = hedged_on_december(until=NOW)
    ask = Ask("BTC", Fraction(0), named("XBTZ26", "BTC", made, now=NOW))
    plan = build_hedge(made, made.statement, asks=(ask,), inputs=INPUTS)
    assert not [found for found in plan.findings if found.code is Code.HEDGE_OVERDUE]


def test_a_hedge_named_on_another_contract_is_closed_there_and_opened_here() -> None:
    made = hedged_on_december()
    plan = asked_on("XBTH27", "0.5", made)
    # 1 BTC at 41,000 under notional sizing is 40,000 dollars of it
    assert [(order.side, order.contracts, order.contract) for order in plan.orders] == [
        ("buy", Fraction(40000), "XBTZ26"),
        ("sell", Fraction(39900), "XBTH27"),
    ]
    (said,) = [found for found in plan.findings if found.code is Code.ROLLED]
    assert said.message == (
        "the hedge of BTC rolls to XBTH27: 39900.00 USD bought back at 40000.00 and sold at 41000.00; the calendar "
        "spread is 2.50 %, 973.17 USD that the hedge earns, and its two fees are 39.90 USD"
    )
    assert said.data["spread_usd"] == Fraction(39900) * (1 - Fraction(40, 41))
    again = asked_on("XBTH27", "0.5", made, carried_out(plan, made, made.statement))
    assert (again.orders, again.transfers) == ((), ())


def test_a_roll_of_linear_contracts_earns_what_the_later_one_is_dearer_by() -> None:
    """40,000 dollars at 42,000 are 952 lots of 0.001 BTC, 39,984 dollars, sold at 42,000 for 40,000."""
    near = replace(linear("BTC"), name="BTCUSDT-Z26", expiry=NOW + timedelta(days=35))
    far = replace(linear("BTC"), name="BTCUSDT-H27", expiry=NOW + timedelta(days=126))
    short = opened(near, contracts=Fraction(-1000), entry_price=Fraction(40000), hedge=Fraction(-1000))
    made = portfolio(
        {"BTC": "2", "USDT": "100000"}, None, {"BTC": "40000"}, (near, far), wallets={"USDT": "100000"},
        positions=(short,), marks={"BTCUSDT-H27": "42000"},
    )  # fmt: skip
    plan = asked_on("BTCUSDT-H27", "0.5", made)
    assert {order.contract: order.signed for order in plan.orders} == {"BTCUSDT-Z26": 1000, "BTCUSDT-H27": -952}
    (said,) = [found for found in plan.findings if found.code is Code.ROLLED]
    assert (said.data["notional_usd"], said.data["spread_usd"]) == (39984, exact("1999.2"))


@pytest.mark.parametrize(("pct", "sold"), [("0.3", 23900), ("0.8", 63900), ("0", None)])
def test_a_roll_comes_to_what_is_asked_at_once(pct: str, sold: int | None) -> None:
    made = hedged_on_december()
    plan = asked_on("XBTUSD", pct, made)
    orders = {order.contract: order.contracts for order in plan.orders}
    assert orders.pop("XBTZ26") == 40000
    assert orders == ({} if sold is None else {"XBTUSD": sold})


def test_a_hedge_that_is_there_already_is_left_alone() -> None:
    made = hedged_on_december()
    assert asked_on("XBTZ26", "0.5", made).orders == ()


def rolled(made: Portfolio, *, until: datetime | None = None) -> tuple[list[str], frozenset[str]]:
    desk = Desk.of(made, made.statement, now=NOW)
    sits_on = [position.contract for position in in_the_way("BTC", desk)]
    found, stays = rolling("BTC", sits_on, until=until, portfolio=made, served=desk.served, now=NOW)
    return [each.contract.name for each in found], stays


@pytest.mark.parametrize(
    ("days", "until", "onto", "moves"),
    [
        (35, None, "XBTUSD", False),
        (6, None, "XBTH27", True),
        (35, 60, "XBTH27", True),
        (35, 300, "XBTUSD", True),
    ],
)
def test_a_roll_leaves_what_ends_too_soon_for_the_nearest_that_lasts(
    days: int, until: int | None, onto: str, moves: bool
) -> None:
    made = hedged_on_december(days=days)
    found, stays = rolled(made, until=None if until is None else NOW + timedelta(days=until))
    assert (found[0], "XBTZ26" not in stays) == (onto, moves)
    assert onto in stays


def test_what_nothing_outlasts_is_rolled_to_the_last_to_expire() -> None:
    made = hedged_on_december(days=6)
    without = {name: each for name, each in made.contracts.items() if name != "XBTUSD"}
    found, stays = rolled(replace(made, contracts=without), until=NOW + timedelta(days=300))
    assert found == ["XBTH27"]
    assert stays == {"XBTH27"}


def status(made: Portfolio) -> Status:
    answer = cured(build_status(made, made.statement, inputs=INPUTS))
    assert isinstance(answer, Status)
    return answer


def said(answer: Status, code: Code) -> list[str]:
    return [found.message for found in answer.findings if found.code is code]


def test_status_names_the_roll_with_its_day_ahead_and_never_one_that_has_passed() -> None:
    ahead = status(hedged_on_december(days=35, until=NOW.replace(hour=0) + timedelta(days=60)))
    assert said(ahead, Code.ROLL_DUE) == [
        "expires on 2026-12-25T08:00:00Z, and the hedge of BTC is to last until 2027-01-19: "
        "roll it by 2026-12-18T08:00:00Z"
    ]
    now = status(hedged_on_december(days=6, until=NOW + timedelta(days=60)))
    assert now.needs is Needs.ACTION
    assert said(now, Code.ROLL_DUE) == []
    assert said(now, Code.EXPIRES_SOON) == [
        "expires in 6 days, on 2026-11-26T08:00:00Z: let it deliver, or roll it: rebal hedge BTC --pct 50 --roll"
    ]


def test_status_names_one_cure() -> None:
    both = status(hedged_on_december(days=6, asked="0.8"))
    assert [line for line in (*said(both, Code.HEDGE_OFF), *said(both, Code.EXPIRES_SOON)) if "rebal " in line] == [
        "expires in 6 days, on 2026-11-26T08:00:00Z: let it deliver, or roll it: rebal hedge BTC --pct 80 --roll"
    ]
    overdue = status(hedged_on_december(asked="0.8", until=NOW - timedelta(hours=8)))
    assert (said(overdue, Code.HEDGE_OFF), said(overdue, Code.HEDGE_OVERDUE)) == (
        [],
        ["hedge was meant to end on 2026-11-20: rebal unwind BTC --purpose hedge"],
    )


def test_the_order_that_status_suggests_stays_where_the_hedge_is_and_keeps_its_day() -> None:
    day = NOW.replace(hour=0) + timedelta(days=20)
    assert said(status(hedged_on_december(asked="0.8", until=day)), Code.HEDGE_OFF) == [
        "hedge asked 80.0 %, is 50.0 %: rebal hedge BTC --pct 80 --contract XBTZ26 --until 2026-12-10"
    ]
    assert said(status(hedged_on_december(asked="0.8")), Code.HEDGE_OFF) == [
        "hedge asked 80.0 %, is 50.0 %: rebal hedge BTC --pct 80 --contract XBTZ26"
    ]


def test_status_shows_the_digits_that_differ() -> None:
    made = hedged_on_december(asked="0.50032")
    assert said(status(made), Code.HEDGE_OFF) == []
    free = {
        name: replace(each, lot_size=Fraction(1), min_contracts=Fraction(1), taker_fee=Fraction(0))
        for name, each in made.contracts.items()
    }
    short = replace(made.statement.positions["XBTZ26"], contract=free["XBTZ26"])
    rules = policy(hedge_band="0", min_order="0")
    fine = replace(made, contracts=free, policy=rules, statement=replace(made.statement, positions={"XBTZ26": short}))
    (line,) = said(status(fine), Code.HEDGE_OFF)
    assert line.startswith("hedge asked 50.03 %, is 50.00 %: rebal hedge BTC --pct 50.032 ")


@pytest.mark.parametrize(("pct", "moves"), [("0.491", False), ("0.51", False), ("0.511", True), ("0.489", True)])
def test_a_hedge_within_its_band_is_as_asked(pct: str, *, moves: bool) -> None:
    made = hedged_on_december()
    desk = Desk.of(made, made.statement, now=NOW)
    ask = Ask("BTC", exact(pct), desk.candidates("BTC", SHORT))
    plan = build_hedge(made, made.statement, asks=(ask,), inputs=INPUTS)
    assert bool(plan.orders) is moves
    assert bool([found for found in plan.findings if "policy.hedge_band, 1 %" in found.message]) is not moves


def test_the_day_asked_for_stays_until_another_is_given() -> None:
    day = NOW + timedelta(days=20)
    made = hedged_on_december(until=day)
    candidates: tuple[Candidate, ...] = Desk.of(made, made.statement, now=NOW).candidates("BTC", SHORT)
    for ask, until in (
        (Ask("BTC", Fraction(2, 5), candidates), day),
        (Ask("BTC", Fraction(2, 5), candidates, NOW + timedelta(days=3)), NOW + timedelta(days=3)),
        (Ask("BTC", Fraction(0), candidates), None),
    ):
        assert [line.until for line in build_hedge(made, made.statement, asks=(ask,), inputs=INPUTS).hedges] == [until]


def test_a_contract_that_expires_on_the_very_day_lasts_until_it() -> None:
    for until, days in ((NOW + timedelta(days=35), 35), (None, 7)):
        made = hedged_on_december(days=days)
        sits_on = made.contracts["XBTZ26"]
        onto, stays = rolling("BTC", [sits_on], until=until, portfolio=made, served=Desk.of(
            made, made.statement, now=NOW).served, now=NOW)  # fmt: skip
        assert {"XBTZ26", "XBTH27", "XBTUSD"} == stays
        assert {found.beta for found in onto} == {1}
    made = hedged_on_december()
    late = NOW + timedelta(days=35, seconds=1)
    onto, stays = rolling("BTC", [made.contracts["XBTZ26"]], until=late, portfolio=made, served=Desk.of(
        made, made.statement, now=NOW).served, now=NOW)  # fmt: skip
    assert ("XBTZ26" in stays, onto[0].contract.name, onto[0].beta) == (False, "XBTH27", Fraction(1))


def test_where_nothing_lasts_as_long_a_hedge_rolls_to_what_is_listed_and_lasts_most() -> None:
    made = hedged_on_december(days=3)
    sits_on = made.contracts["XBTZ26"]
    june = replace(MARCH, name="XBTA27", expiry=NOW + timedelta(days=200))
    gone = replace(MARCH, name="XBTB27", expiry=NOW + timedelta(days=300), listed=False)
    for others, wanted in (((MARCH, june), "XBTA27"), ((MARCH, gone), "XBTH27"), ((MARCH, june, gone), "XBTA27")):
        known = replace(made, contracts={each.name: each for each in (sits_on, *others)})
        served = Desk.of(known, known.statement, now=NOW).served
        onto, stays = rolling(
            "BTC", [sits_on], until=NOW + timedelta(days=900), portfolio=known, served=served, now=NOW
        )
        assert [found.contract.name for found in onto] == [wanted]
        assert wanted in stays


def test_a_contract_of_its_own_carries_a_dollar_for_a_dollar_though_a_proxy_is_named() -> None:
    made = replace(hedged_on_december(), proxies={"BTC": Proxy("BTC", "ETH", Fraction(2))})
    (found,) = named("XBTH27", "BTC", made, now=NOW)
    assert found.beta == 1


def test_hedges_of_several_coins_on_one_contract_are_told_to_roll_by_name() -> None:
    coins = ("ALT", "BTC", "DOT", "ETH", "SOL", "XRP")
    parts = tuple(Part(Purpose.HEDGE, Fraction(-1000), Fraction(40000), coin) for coin in reversed(coins))
    short = Position(DECEMBER, Fraction(-6000), Fraction(40000), None, parts)
    made = portfolio(
        dict.fromkeys(coins, "2"), None, dict.fromkeys(coins, "40000"), (DECEMBER,), wallets={"BTC": "1"},
        positions=(short,), proxies={coin: ("BTC", "1") for coin in coins if coin != "BTC"},
    )  # fmt: skip
    hedges = {coin: HedgeAsked(coin, exact("0.0125"), NOW + timedelta(days=60)) for coin in coins}
    made = replace(made, statement=replace(made.statement, hedges=hedges))
    found = build_status(made, made.statement, inputs=INPUTS).findings
    assert [each.data["asset"] for each in found if each.code is Code.ROLL_DUE] == [*coins]


def test_of_a_hedge_that_leaves_contracts_of_several_coins_those_are_in_turn_by_their_names() -> None:
    coins = ("BTC", "ADA", "SOL", "ETH", "DOT", "XRP", "LTC")
    leaving = [inverse(coin, name=f"{coin}NOV", expiry=NOW + timedelta(days=3)) for coin in coins]
    lasting = [inverse(coin, name=f"{coin}DEC", expiry=NOW + timedelta(days=35)) for coin in coins]
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (*leaving, *lasting))
    found, stays = rolling(
        "BTC", leaving, until=None, portfolio=made, served=by_asset(made.contracts.values()), now=NOW
    )
    assert [each.contract.name for each in found if each.route is Route.PROXY] == [
        "ADADEC", "DOTDEC", "ETHDEC", "LTCDEC", "SOLDEC", "XRPDEC",
    ]  # fmt: skip
    assert stays == {each.name for each in lasting}


def test_a_contract_that_expires_on_the_very_day_lasts_until_then() -> None:
    made = hedged_on_december()
    served = by_asset(made.contracts.values())
    for late, names in ((timedelta(0), ["XBTZ26", "XBTH27"]), (timedelta(seconds=1), ["XBTH27"])):
        found = expiring_after(NOW + timedelta(days=35) + late, "BTC", served, now=NOW)
        assert [each.contract.name for each in found] == names


def test_what_is_hedged_through_another_coin_takes_none_of_its_own_contracts() -> None:
    contracts = (inverse("DOT"), inverse("BTC"), inverse("BTC", name="BTCDEC", expiry=NOW + timedelta(days=35)))
    made = portfolio({"DOT": "1"}, None, {"DOT": "5", "BTC": "40000"}, contracts, proxies={"DOT": ("BTC", "1.3")})
    served = by_asset(made.contracts.values())
    proxied = through("BTC", "DOT", portfolio=made, served=served, now=NOW)
    assert [(each.contract.name, each.route, each.beta) for each in proxied] == [
        (name, Route.PROXY, exact("1.3")) for name in ("BTCUSD", "BTCDEC")
    ]
    own = through("BTC", "BTC", portfolio=made, served=served, now=NOW)
    assert [(each.contract.name, each.route, each.beta) for each in own] == [
        (name, Route.INVERSE, Fraction(1)) for name in ("BTCUSD", "BTCDEC")
    ]


@pytest.mark.parametrize(("held", "told"), [("1", False), ("0.99", True)])
def test_a_full_hedge_at_a_premium_is_not_more_than_is_held(held: str, told: bool) -> None:
    """1 BTC sold at 41,200 is 1,200 dollars more than it is worth at 40,000: 3 %, and 3.01 % may be off with its fees.

    Of 0.99 BTC, worth 39,600, it is 1,600 more, 4 %.
    """
    short = opened(PERPETUAL, contracts=Fraction(-41200), entry_price=Fraction(41200), hedge=Fraction(-41200))
    made = portfolio(
        {"BTC": held}, None, {"BTC": "40000"}, (PERPETUAL,), wallets={"BTC": held}, positions=(short,),
        marks={"XBTUSD": "41200"},
    )  # fmt: skip
    found = build_status(made, made.statement, inputs=INPUTS).findings
    assert [each.subject for each in found if each.code is Code.OVER_HEDGED] == (["BTC"] if told else [])
