"""Coins from one account to another: only what is not needed there, in two steps, and what stands open meanwhile."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exact import exact
from program import in_process
from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode, Purpose, opened
from rebal.findings import Code, Severity
from rebal.market.pooled import ClosingFee, Collateral, Counted, Printed, Rules, Slice
from rebal.plan import Plan, Rescue, StepKind
from rebal.planner import collateral
from rebal.planner.candidates import named
from rebal.planner.collateral import Shortage
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.pooled_posting import Posted
from rebal.planner.rescue import build_rescue
from rebal.planner.sequence import after_orders, after_transfers, waiting
from rebal.planner.sizing import Leg
from rebal.planner.travelling import travelled
from rebal.policy import Route
from rebal.portfolio import Account, Pooling, Portfolio
from rebal.withdrawal import Withdrawal

from .given import INPUTS, inverse, linear, policy
from .test_splitting import HALF, accounts, at, book, planned, told, traded

A, B = at("a", inverse("BTC", "1")), at("b", inverse("BTC", "1"))


def moves(plan: Plan) -> list[tuple[str | None, str | None, Fraction]]:
    return [(each.account, each.other_account, each.quantity) for each in plan.transfers]


def done(plan: Plan) -> list[tuple[str, str]]:
    """The steps in words: which way coins go and where, or which contract is ordered."""
    found = []
    for each in plan.steps:
        if each.kind is StepKind.ORDER:
            found.append(("order", plan.orders[each.index].contract))
        else:
            move = plan.transfers[each.index]
            found.append(("in" if move.quantity > 0 else "out", f"{move.account} {move.other_account}"))
    return found


def only_at_a(wallets: Mapping[str, str], **more: str) -> Portfolio:
    return book({"BTC": "1"}, HALF, (A,), accounts(**({"a": "1", "b": "1"} | more)), wallets=wallets)


def test_what_backs_nothing_at_one_account_goes_where_it_is_missing() -> None:
    """20,000 short need 0.5 BTC at a, and its fee of 0.00025; all of it is at b, where nothing is open."""
    plan = planned(only_at_a({"b:BTC": "1"}))
    assert traded(plan) == {"a:BTCUSD": -20000}
    assert not plan.refused
    assert moves(plan) == [("b", "a", exact("-0.50025")), ("a", "b", exact("0.50025"))]
    assert done(plan) == [("out", "b a"), ("in", "a b"), ("order", "a:BTCUSD")]
    assert [(each.hours, each.fee) for each in plan.transfers] == [(None, None), (1, None)]
    (said,) = [each for each in plan.findings if each.subject == "b"]
    assert said.severity is Severity.WARNING
    assert said.message == (
        "that BTC takes 1h from here to another account is assumed, and no fee and no least amount of a withdrawal of "
        "BTC is counted; set accounts.b.withdrawal, as {BTC: {fee: ..., least: ..., takes: 2h}}"
    )


def test_an_order_that_only_reduces_waits_for_no_coin() -> None:
    made = only_at_a({"b:BTC": "1"})
    plan = planned(made)
    assert waiting(plan.orders, plan.transfers, made) == plan.orders
    assert waiting((replace(plan.orders[0], reduce_only=True),), plan.transfers, made) == ()


def test_spot_comes_first_and_the_rest_from_the_other_account() -> None:
    plan = planned(only_at_a({"b:BTC": "0.8"}))
    assert moves(plan) == [("b", "a", exact("-0.30025")), ("a", None, exact("0.2")), ("a", "b", exact("0.30025"))]
    assert done(plan) == [("out", "b a"), ("in", "a None"), ("in", "a b"), ("order", "a:BTCUSD")]


def test_no_coin_travels_where_the_account_that_has_it_can_carry_the_leg() -> None:
    """0.3 BTC at a and 0.7 at b: 20,000 dollars go as 11,988 at a, whose fee is there too, and the rest at b."""
    made = book({"BTC": "1"}, HALF, (A, B), accounts(a="1", b="1"), wallets={"a:BTC": "0.3", "b:BTC": "0.7"})
    plan = planned(made)
    assert traded(plan) == {"a:BTCUSD": -12000, "b:BTCUSD": -8000}
    assert moves(plan) == []


def test_what_backs_a_position_stays() -> None:
    """b's short of 4,000 needs 0.1 BTC; the 0.9 beyond it are its owner's cushion, as ever: nothing is freed."""
    position = opened(B, contracts=Fraction(-4000), entry_price=Fraction(40000), hedge=Fraction(-4000))
    made = book({"BTC": "1"}, HALF, (A, B), accounts(a="1", b="1"), wallets={"b:BTC": "1"}, positions=(position,))
    only_a = replace(made, policy=replace(made.policy, routes=("a:BTCUSD",)))
    plan = planned(only_a)
    assert moves(plan) == []
    assert not traded(plan)
    assert told(plan, Code.UNDER_COLLATERALISED)


def test_no_more_comes_than_may_sit_at_the_account() -> None:
    plan = planned(only_at_a({"b:BTC": "1"}, a="0.25"), fit=True)
    assert traded(plan) == {"a:BTCUSD": -10000}
    assert moves(plan) == [("b", "a", exact("-0.25")), ("a", "b", exact("0.25"))]


def rolled(hours: int | None = None) -> tuple[Portfolio, Plan]:
    """A hedge of half, 20,000 short at b where all coins are, that is to stand at a."""
    position = opened(B, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    listed = accounts(a="1", b="1")
    if hours is not None:
        listed = (listed[0], replace(listed[1], withdrawal=timedelta(hours=hours), withdrawal_assumed=False))
    made = book({"BTC": "1"}, None, (A, B), listed, wallets={"b:BTC": "1"}, positions=(position,))
    ask = Ask("BTC", exact("0.5"), named("a:BTCUSD", "BTC", made, now=INPUTS.now), stays=frozenset({"a:BTCUSD"}))
    return made, build_hedge(made, made.statement, asks=[ask], inputs=INPUTS)


def test_what_orders_free_goes_on_once_they_are_filled_and_what_needs_it_comes_last() -> None:
    made, plan = rolled(hours=3)
    assert not plan.refused
    # half of what the fee of 10 dollars leaves
    assert traded(plan) == {"b:BTCUSD": 20000, "a:BTCUSD": -19995}
    assert [order.contract for order in plan.orders] == ["b:BTCUSD", "a:BTCUSD"]
    # 19,995 / 40,000, and 0.05 % of it on top: nothing is open at b any more
    assert moves(plan) == [("b", "a", exact("-0.50012494")), ("a", "b", exact("0.50012494"))]
    assert done(plan) == [("order", "b:BTCUSD"), ("out", "b a"), ("in", "a b"), ("order", "a:BTCUSD")]
    left = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    assert left.wallets["b:BTC"] == 1 - exact("0.50012494") - exact("0.00025")


def test_the_plan_says_how_many_dollars_are_unhedged_for_how_long() -> None:
    _, plan = rolled(hours=3)
    (said,) = told(plan, Code.UNHEDGED)
    assert (said.severity, said.subject) == (Severity.WARNING, "BTC")
    # 20,000 short before and 19,995 after: the 20,000 less the fee are open meanwhile
    assert said.data["hours"] == 3
    assert said.data["unhedged_usd"] == 39990 - 20000
    assert "are unhedged for about 3h" in said.message
    (more,) = [each for each in plan.findings if each.subject == "b" and each.code is Code.ASSUMED_FIGURE]
    assert (more.severity, more.data["without_fee"]) == (Severity.INFO, ("BTC",))
    assert more.message.startswith("no fee and no least amount of a withdrawal of BTC is counted; set accounts.b.")


def test_a_leg_that_only_comes_later_is_told_as_such() -> None:
    (said,) = told(planned(only_at_a({"b:BTC": "1"})), Code.UNHEDGED)
    assert (said.severity, said.data["unhedged_usd"], said.data["gap_usd"]) == (Severity.INFO, 0, 20000 + 10)


@pytest.mark.parametrize("kind", [MarginMode.CROSS, MarginMode.ISOLATED])
def test_carried_out_it_asks_for_nothing_more(kind: MarginMode) -> None:
    made = only_at_a({"b:BTC": "1"})
    made = replace(made, told_accounts=tuple(replace(each, margin_mode=kind) for each in made.told_accounts))
    plan = planned(made)
    assert not plan.refused
    left = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    again = planned(replace(made, statement=left))
    assert (traded(again), moves(again)) == ({}, [])
    assert sum(left.wallets.values()) <= left.holdings["BTC"]


FILE = """
as_of: 2026-11-20T08:00:00Z
holdings: {SOL: 100, BTC: 0.1}
targets: {SOL: 50%, BTC: 20%, USD: 30%}
accounts:
  kraken: {venue: kraken, wallets: {SOL: 90}, withdrawal: 2h}
  bybit: {venue: bybit, margin: cross}
policy: {routes: [SOLUSD, inverse]}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, SOL: 100}}
"""


def test_it_is_recorded_account_by_account_and_the_credit_once_it_may_have_come(tmp_path: Path) -> None:
    assert isinstance(accounts(a="1")[0], Account)
    portfolio, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    portfolio.write_text(FILE, encoding="utf-8")
    now = ("-p", str(portfolio), "--now", "2026-11-20T09:00:00Z")
    made = in_process("plan", *now, "--out", str(saved))
    assert made.returncode == 0, made.stderr
    plan = json.loads(saved.read_text(encoding="utf-8"))
    sent = [(each["account"], each["other_account"], each["hours"]) for each in plan["transfers"]]
    assert ("kraken", "bybit", None) in sent
    assert ("bybit", "kraken", "2") in sent
    recorded = in_process("record", "plan", str(saved), *now, "--time", "2026-11-20T08:59:00Z")
    assert recorded.returncode == 0, recorded.stderr
    again = json.loads(in_process("plan", *now, "--format", "json").stdout)
    assert not again["changes"]
    wallets = {(each["account"], each["currency"]): each["balance"] for each in again["wallets"]}
    assert wallets == {(each["account"], each["currency"]): each["balance"] for each in plan["wallets"]}
    positions = {each["contract"]: each["contracts"] for each in again["positions"]}
    assert positions == {each["contract"]: each["contracts"] for each in plan["positions"]}


def saved(tmp_path: Path) -> tuple[tuple[str, ...], str]:
    portfolio, plan = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    portfolio.write_text(FILE, encoding="utf-8")
    now = ("-p", str(portfolio), "--now", "2026-11-20T09:00:00Z")
    assert in_process("plan", *now, "--out", str(plan)).returncode == 0
    return now, str(plan)


def test_a_move_between_accounts_is_named_by_both_and_its_side_by_the_sign(tmp_path: Path) -> None:
    now, plan = saved(tmp_path)
    still = in_process("record", "plan", plan, *now, "--transfer", "kraken:bybit:SOL=0")
    assert "--transfer kraken:bybit:SOL=-20.0165 if it is moved already" in still.stdout
    there = json.loads(in_process("status", *now, "--format", "json").stdout)["wallets"]
    assert {(each["account"], each["balance"]) for each in there if each["currency"] == "SOL"} == {
        ("kraken", "90"),
        ("bybit", "9.9835"),
    }
    arrived = ("--transfer", "kraken:bybit:SOL=-20", "--transfer", "kraken:bybit:SOL=19.99")
    in_process("record", "plan", plan, *now, *arrived)
    there = json.loads(in_process("status", *now, "--format", "json").stdout)["wallets"]
    assert {(each["account"], each["balance"]) for each in there if each["currency"] == "SOL"} == {
        ("kraken", "70"),
        ("bybit", "29.9735"),
    }
    nowhere = in_process("record", "plan", plan, *now, "--transfer", "DOGE=1")
    assert "the plan moves kraken:bybit:SOL, bybit:SOL, kraken:BTC" in nowhere.stderr


def test_every_figure_of_it_is_derived(tmp_path: Path) -> None:
    now, plan = saved(tmp_path)
    told = in_process("explain", plan, *now)
    assert told.returncode == 0, told.stdout
    assert "transfers.bybit:SOL.in.kraken.quantity" in told.stdout


def test_a_wallet_in_alert_is_topped_up_from_another_account_where_spot_has_nothing() -> None:
    """20,000 short on 0.3 BTC at a: leverage 1.67. The policy asks for 0.5, and 0.2 lie at b behind nothing."""
    position = opened(A, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = book({"BTC": "1"}, {"BTC": "1"}, (A, B), accounts(a="1", b="1"), wallets={"a:BTC": "0.3", "b:BTC": "0.7"},
                positions=(position,))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert traded(plan) == {}
    assert moves(plan) == [("b", "a", exact("-0.2")), ("a", "b", exact("0.2"))]
    assert done(plan) == [("out", "b a"), ("in", "a b")]
    assert not told(plan, Code.UNHEDGED)


def in_alert(loose: str, *, most: str = "1", least: str | None = None) -> Plan:
    """20,000 short on 0.3 BTC at a, which lack 0.2 of the policy's 0.5, and coins that back nothing at b and at c."""
    position = opened(A, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = book({"BTC": "2"}, {"BTC": "1"}, (A, B), accounts(a=most, b="1", c="1"),
                wallets={"a:BTC": "0.3", "b:BTC": loose, "c:BTC": loose}, positions=(position,))  # fmt: skip
    owned = exact("0.3") + 2 * exact(loose)
    made = replace(made, statement=replace(made.statement, holdings={"BTC": owned}))
    return planned(made if least is None else sending(made, fee="0", least=least))


def test_once_enough_has_come_no_more_leaves_however_few_may_not_leave_at_once() -> None:
    assert moves(in_alert("0.4", least="0.1")) == [("b", "a", exact("-0.2")), ("a", "b", exact("0.2"))]


def test_no_more_leaves_than_is_there_and_whole_steps_of_it() -> None:
    """Of 0.400000008 in all 95 % may sit at a, 0.08 more than do: 0.05 from b and 0.03 from c then."""
    for most, second in (("1", exact("0.05")), ("0.95", exact("0.03"))):
        first = exact("0.05")
        assert moves(in_alert("0.050000004", most=most)) == [
            ("b", "a", -first), ("c", "a", -second), ("a", "b", first), ("a", "c", second)
        ]  # fmt: skip


def test_what_does_not_do_travels_only_where_it_is_worth_an_order() -> None:
    """10 dollars are the least order: 0.00025 BTC."""
    assert moves(in_alert("0.00024999")) == []
    sent = moves(in_alert("0.00025"))
    assert [quantity for _, _, quantity in sent] == [exact(each) for each in ("-0.00025", "-0.00025", "0.00025",
                                                                              "0.00025")]  # fmt: skip


def test_what_is_missing_is_rounded_up_to_what_can_be_moved() -> None:
    """20,000 at leverage 3 need 0.1666... BTC, and 0.00025 for the fee."""
    made = only_at_a({"b:BTC": "1"})
    plan = planned(replace(made, policy=policy(leverage="3", distance="0.2", alert=("0.1", "4"))))
    assert traded(plan) == {"a:BTCUSD": -20000}
    assert moves(plan) == [("b", "a", exact("-0.16691667")), ("a", "b", exact("0.16691667"))]


def test_coins_come_into_and_out_of_pools_too() -> None:
    """A coin counts 80 % in the pool a: a short of 20,000 takes 0.625 BTC there, and the fee."""
    counts = Collateral(Counted.COINS, (Slice(None, Fraction(4, 5)),))
    rules = Rules(Fraction(1), ClosingFee.SCHEDULE, False, Fraction(0), Fraction(0), Printed.SHARE)
    pool = Pooling("pool", rules, {"BTC": counts}, counts)
    for into, out in ((pool, None), (None, pool), (pool, pool)):
        made = only_at_a({"b:BTC": "1"})
        modes = [MarginMode.CROSS if each is None else MarginMode.POOLED for each in (into, out)]
        told_accounts = tuple(
            replace(each, margin_mode=mode, pooling=pooling)
            for each, mode, pooling in zip(made.told_accounts, modes, (into, out), strict=True)
        )
        plan = planned(replace(made, told_accounts=told_accounts))
        assert not plan.refused
        assert traded(plan) == {"a:BTCUSD": -20000}
        needed = exact("0.62525") if into else exact("0.50025")
        assert moves(plan) == [("b", "a", -needed), ("a", "b", needed)]
        assert done(plan) == [("out", "b a"), ("in", "a b"), ("order", "a:BTCUSD")]


def test_the_last_coins_of_an_order_travel_to_a_pool_however_few_they_are() -> None:
    """0.0001 BTC of 0.625 are missing, and 0.00035 with the fee: 0.0002, 8 dollars, are there, and the order stands."""
    counts = Collateral(Counted.COINS, (Slice(None, exact("0.8")),))
    rules = Rules(Fraction(1), ClosingFee.SCHEDULE, False, Fraction(0), Fraction(0), Printed.SHARE)
    a, b = accounts(a="1", b="1")
    pooled = replace(a, margin_mode=MarginMode.POOLED, pooling=Pooling("pool", rules, {"BTC": counts}, counts))
    made = book({"BTC": "1"}, None, (A,), (pooled, b), wallets={"a:BTC": "0.6249", "b:BTC": "0.0002"},
                rules=policy(min_order="10", max_at_venue="0.6251"))  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    left = desk.step(desk.orders_of([Leg(A, Fraction(-20000), Route.INVERSE, Purpose.HEDGE, "BTC")]))
    assert not left.shortages
    assert [(each.account, each.quantity) for each in left.transfers] == [
        ("b", exact("-0.0002")),
        ("a", exact("0.0002")),
    ]


def test_an_isolated_position_gets_its_own_margin_from_the_other_account() -> None:
    made = only_at_a({"b:BTC": "1"})
    apart = tuple(replace(each, margin_mode=MarginMode.ISOLATED) for each in made.told_accounts)
    plan = planned(replace(made, told_accounts=apart))
    assert [(each.account, each.contract, each.quantity) for each in plan.transfers] == [
        ("b", None, exact("-0.50025")),
        ("a", "a:BTCUSD", exact("0.50025")),
    ]
    assert done(plan)[-1] == ("order", "a:BTCUSD")


def test_a_fee_travels_only_where_the_alert_would_ask_for_it_at_once() -> None:
    """0.5 BTC at a are what 20,000 short need at leverage 1; the fee of 0.00025 makes it 1.0005."""
    made = book({"BTC": "1"}, HALF, (A,), accounts(a="1", b="1"), wallets={"a:BTC": "0.5", "b:BTC": "0.5"})
    assert moves(planned(made)) == []
    strict = replace(made, policy=replace(made.policy, alert=replace(made.policy.alert, leverage=Fraction(1))))
    plan = planned(strict)
    assert moves(plan) == [("b", "a", exact("-0.00025")), ("a", "b", exact("0.00025"))]
    left = after_transfers(after_orders(strict.statement, plan.orders, strict), plan.transfers, strict)
    assert moves(planned(replace(strict, statement=left))) == []


def rescued(made: Portfolio) -> Plan:
    return build_rescue(made, made.statement, inputs=INPUTS)


def test_a_rescue_brings_what_lies_loose_at_another_account_where_spot_does_not_do() -> None:
    """A long of 20,000 on 0.3 BTC at a, 0.05 in spot and 0.3 loose at b.

    At half the price 20,000 · 1.005 / 20,000 less 0.5 are needed: 0.205 more than there are.
    """
    position = opened(A, contracts=Fraction(20000), entry_price=Fraction(40000))
    made = book({"BTC": "0.65"}, None, (A, B), accounts(a="1", b="1"), wallets={"a:BTC": "0.3", "b:BTC": "0.3"},
                positions=(position,))  # fmt: skip
    plan = rescued(made)
    (way, *_) = [each for each in plan.ways if each.chosen]
    assert (way.way, way.enough) == (Rescue.COINS, True)
    spot, out, into = plan.transfers
    assert (spot.account, spot.other_account, spot.quantity) == ("a", None, exact("0.05"))
    assert (out.account, out.other_account, into.account, into.other_account) == ("b", "a", "a", "b")
    assert -out.quantity == into.quantity == exact("0.155")
    assert way.coins == exact("0.205")
    assert done(plan) == [("out", "b a"), ("in", "a None"), ("in", "a b")]
    left = after_transfers(made.statement, plan.transfers, made)
    assert not rescued(replace(made, statement=left)).transfers
    alone = replace(made, statement=replace(made.statement, wallets={"a:BTC": exact("0.3"), "b:BTC": exact("0.35")}))
    assert {each.other_account for each in rescued(alone).transfers} == {"a", "b"}


def test_a_rescue_takes_nothing_from_behind_a_position_and_no_more_than_may_sit() -> None:
    position = opened(A, contracts=Fraction(20000), entry_price=Fraction(40000))
    behind = opened(B, contracts=Fraction(-400), entry_price=Fraction(40000))
    made = book({"BTC": "0.6"}, None, (A, B), accounts(a="1", b="1"), wallets={"a:BTC": "0.3", "b:BTC": "0.3"},
                positions=(position, behind))  # fmt: skip
    assert not rescued(made).transfers
    capped = book({"BTC": "0.6"}, None, (A, B), accounts(a="0.55", b="1"), wallets={"a:BTC": "0.3", "b:BTC": "0.3"},
                  positions=(position,))  # fmt: skip
    came = sum((each.quantity for each in rescued(capped).transfers if each.account == "a"), Fraction(0))
    # 55 % of 24,000 dollars are 0.33 BTC
    assert came == exact("0.03")


@pytest.mark.parametrize(("least", "came"), [("0.03", "0.03"), ("0.04", "0")])
def test_a_rescue_brings_no_more_than_may_sit_though_no_fewer_coins_may_leave(least: str, came: str) -> None:
    """55 % of 24,000 dollars are 0.33 BTC, 0.03 above what is there."""
    position = opened(A, contracts=Fraction(20000), entry_price=Fraction(40000))
    made = book({"BTC": "0.6"}, None, (A, B), accounts(a="0.55", b="1"), wallets={"a:BTC": "0.3", "b:BTC": "0.3"},
                positions=(position,))  # fmt: skip
    plan = rescued(sending(made, fee="0", least=least))
    assert sum((each.quantity for each in plan.transfers if each.account == "a"), Fraction(0)) == exact(came)
    assert Code.AT_MOST not in [each.code for each in plan.findings]


def test_a_rescue_moves_whole_steps_of_what_lies_loose() -> None:
    """0.05 BTC and less than a step at b, and as many in spot, for a long of 20,000 on 0.3."""
    position = opened(A, contracts=Fraction(20000), entry_price=Fraction(40000))
    made = book({"BTC": "0.400000008"}, None, (A, B), accounts(a="1", b="1"),
                wallets={"a:BTC": "0.3", "b:BTC": "0.050000004"}, positions=(position,))  # fmt: skip
    sent = [(each.account, each.quantity) for each in rescued(made).transfers]
    assert sent == [("a", exact("0.05")), ("b", exact("-0.05")), ("a", exact("0.05"))]


def test_what_one_account_cannot_send_another_may() -> None:
    """0.02 lie at b and 0.3 at c, from where 0.05 leave at least; 0.32736 may sit at a, then 0.372."""
    c = at("c", inverse("BTC", "1"))
    position = opened(A, contracts=Fraction(20000), entry_price=Fraction(40000))
    for most, came in (("0.528", {"b": "0.02"}), ("0.6", {"b": "0.02", "c": "0.052"})):
        made = book({"BTC": "0.62"}, None, (A, B, c), accounts(a=most, b="1", c="1"),
                    wallets={"a:BTC": "0.3", "b:BTC": "0.02", "c:BTC": "0.3"}, positions=(position,))  # fmt: skip
        said = {"c": {"BTC": Withdrawal(Fraction(0), exact("0.05"), timedelta(hours=2))}}
        told = replace(made, told_accounts=tuple(
            replace(each, withdrawals=said.get(each.name or "", {})) for each in made.told_accounts
        ))  # fmt: skip
        sent = {each.account: -each.quantity for each in rescued(told).transfers if each.quantity < 0}
        assert sent == {name: exact(coins) for name, coins in came.items()}


def test_two_wallets_in_danger_share_what_lies_loose_and_count_no_coin_twice() -> None:
    c = at("c", inverse("BTC", "1"))
    positions = tuple(opened(each, contracts=Fraction(20000), entry_price=Fraction(40000)) for each in (A, c))
    made = book({"BTC": "0.9"}, None, (A, B, c), accounts(a="1", b="1", c="1"),
                wallets={"a:BTC": "0.3", "b:BTC": "0.3", "c:BTC": "0.3"}, positions=positions)  # fmt: skip
    plan = rescued(made)
    out = [each for each in plan.transfers if each.account == "b"]
    assert {each.other_account for each in out} == {"a", "c"}
    assert sum((each.quantity for each in out), Fraction(0)) >= exact("-0.3")
    left = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    assert all(coins >= 0 for coins in left.wallets.values())


@pytest.mark.parametrize("listed", [("a",), ("a", "b")])
def test_credit_that_no_coin_brings_is_missing_and_no_dollars_come_for_it(listed: tuple[str, ...]) -> None:
    """20,000 of ETH long behind 1 BTC that counts 32,000 dollars, of which 10 of USDT are borrowed for the fee.

    70 % down on both BTC counts 9,600, 14,000 are lost and 10 owed, and 30 of maintenance are due on 6,000: 4,440 are
    missing of credit. Further BTC counts nothing, and no other coin is to be posted: the dollars at b stay there.
    """
    counts = Collateral(Counted.COINS, (Slice(Fraction(1), Fraction(4, 5)), Slice(None, Fraction(0))))
    rules = Rules(Fraction(1), ClosingFee.SCHEDULE, False, Fraction(0), Fraction(0), Printed.SHARE)
    contract = linear("ETH") if len(listed) == 1 else at("a", linear("ETH"))
    coins = {"BTC": "1"} if len(listed) == 1 else {"a:BTC": "1", "b:USD": "30000"}
    made = book({"BTC": "2", "USD": "30000"}, {"BTC": "0.8", "ETH": "0.2", "USD": "0"}, (contract,), (),
                wallets=coins, rules=policy(distance="0.7", uncovered="refuse"))  # fmt: skip
    a, *others = (Account(name, None, MarginMode.CROSS, Fraction(1)) for name in listed)
    pooled = replace(a, margin_mode=MarginMode.POOLED, pooling=Pooling("pool", rules, {"BTC": counts}, counts))
    made = replace(made, told_accounts=(pooled, *others), targets={"BTC": Fraction(8, 11), "ETH": Fraction(2, 11),
                   "USD": Fraction(1, 11)}, policy=replace(made.policy, post=("BTC",)))  # fmt: skip
    plan = planned(made)
    assert plan.refused
    assert traded(plan) == {contract.name: 8000}
    assert moves(plan) == []
    (said,) = told(plan, Code.UNDER_COLLATERALISED)
    assert [said.data[key] for key in ("currency", "missing_coins", "needed_coins", "available_coins")] == [
        "USD",
        4440,
        31990 + 4440,
        31990,
    ]
    assert said.message.startswith(
        "4440 USD of credit are missing, which no coin that policy.post names brings: the positions need 36430 USD and "
        "what is there counts 31990 USD; "
    )


def test_for_credit_that_is_less_than_none_no_dollars_leave_another_account() -> None:
    """At a 50 dollars are owed and 100 of credit asked for: what brings it is no coin, and b's 30,000 USD stay."""
    made = book({"BTC": "1", "USD": "30000"}, HALF, (A,), accounts(a="1", b="1"), wallets={"b:USD": "30000"})
    listed = collateral.accounts(made.statement, made.statement, (), portfolio=made)
    lacking = collateral.Account("USD", None, Fraction(-50), (), (), at="a")
    short = Shortage(lacking, Fraction(100), Fraction(-50), collateral.Need(ZERO, ZERO, ZERO, ZERO), is_credit=True)
    books = (made.statement, made.statement)
    assert travelled(Posted((), (), (short,)), listed, books, portfolio=made) == ((), (short,))
    coins = replace(short, needed=ZERO, is_credit=False)
    moved, left = travelled(Posted((), (), (coins,)), listed, books, portfolio=made)
    assert ([each.quantity for each in moved], left) == ([Fraction(-50), Fraction(50)], ())


def test_less_than_an_order_is_no_reason_for_coins_to_travel() -> None:
    """20,000 short: 0.5 BTC at a, or up to 0.2 % less, carry all but so much; b's coins come for a least order only."""
    for there, ordered, sent in (("0.49985", 19994, "0"), ("0.4995", 20000, "0.0005")):
        made = book({"BTC": "1"}, HALF, (A,), accounts(a="1", b="1"),
                    wallets={"a:BTC": there, "b:BTC": str(1 - Decimal(there))})  # fmt: skip
        plan = planned(made)
        assert not plan.refused
        assert traded(plan) == {"a:BTCUSD": -ordered}
        assert sum(each.quantity for each in plan.transfers if each.quantity > 0) >= exact(sent)
        assert bool(plan.transfers) is (sent != "0")
        assert [each.data["undone_usd"] for each in told(plan, Code.BELOW_MINIMUM)] == ([-6] if sent == "0" else [])
    ask = Ask("BTC", exact("0.5"), named("a:BTCUSD", "BTC", made, now=INPUTS.now))
    near = replace(
        made, statement=replace(made.statement, wallets={"a:BTC": exact("0.4999"), "b:BTC": exact("0.5001")})
    )
    hedge = build_hedge(near, near.statement, asks=[ask], inputs=INPUTS)
    assert not hedge.refused
    # 0.4999 BTC carry 19,996 of the 20,000
    assert traded(hedge) == {"a:BTCUSD": -19996}
    assert not moves(hedge)


def sending(made: Portfolio, fee: str | None = None, least: str | None = None) -> Portfolio:
    """The same where a withdrawal of BTC takes what is said of it, from every account."""
    paid, fewest = (None if each is None else exact(each) for each in (fee, least))
    said = {"BTC": Withdrawal(paid, fewest, timedelta(hours=2))}
    return replace(made, told_accounts=tuple(replace(each, withdrawals=said) for each in made.told_accounts))


def test_the_fee_of_a_withdrawal_leaves_with_the_coins_and_is_paid_by_the_equity() -> None:
    """0.50025 BTC are to arrive; 0.50075 leave. 10 dollars of the order and 20 of the withdrawal are the cost."""
    made = sending(only_at_a({"b:BTC": "1"}), fee="0.0005", least="0.001")
    plan = planned(made)
    assert moves(plan) == [("b", "a", exact("-0.50075")), ("a", "b", exact("0.50025"))]
    assert [(each.fee, each.hours) for each in plan.transfers] == [(exact("0.0005"), None), (None, 2)]
    assert plan.costs.fees_usd == 30
    assert plan.costs.sending_usd == 20
    left = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    assert left.holdings["BTC"] == 1 - exact("0.00025") - exact("0.0005")
    assert left.wallets == {"a:BTC": exact("0.5"), "b:BTC": 1 - exact("0.50075")}
    assert not [each for each in plan.findings if each.subject == "b"]
    again = planned(replace(made, statement=left))
    assert (traded(again), moves(again)) == ({}, [])


def test_a_fee_that_the_coins_do_not_do_for_leaves_less_to_arrive() -> None:
    """All of 0.5 BTC is to be short, and is at b: 0.4995 arrive, and carry 19,980 dollars."""
    made = sending(only_at_a({"b:BTC": "0.5"}), fee="0.0005")
    short = replace(
        made, statement=replace(made.statement, holdings={"BTC": exact("0.5")}, wallets={"b:BTC": exact("0.5")})
    )
    whole = replace(short, targets={"BTC": Fraction(0), "USD": Fraction(1)},
                    holdings={"BTC": replace(made.holdings["BTC"], quantity=exact("0.5"))})  # fmt: skip
    plan = planned(whole, fit=True)
    assert moves(plan) == [("b", "a", exact("-0.5")), ("a", "b", exact("0.4995"))]
    assert traded(plan) == {"a:BTCUSD": -19980}


def test_no_fewer_coins_leave_than_may() -> None:
    """0.45 at a and 0.05025 missing: where 0.1 must leave at once, so much does; where more than is there, none."""
    for least, sent in (("0.05", "0.05025"), ("0.1", "0.1"), ("0.55", "0.55"), ("0.56", None)):
        made = sending(book({"BTC": "1"}, HALF, (A,), accounts(a="1", b="1"),
                            wallets={"a:BTC": "0.45", "b:BTC": "0.55"}), fee="0", least=least)  # fmt: skip
        plan = planned(made, fit=True)
        assert moves(plan) == ([] if sent is None else [("b", "a", -exact(sent)), ("a", "b", exact(sent))])
        assert traded(plan) == {"a:BTCUSD": -18000 if sent is None else -20000}


def test_where_no_fewer_may_leave_than_may_sit_there_none_do() -> None:
    """0.25 BTC may sit at a, a quarter of what there is: all of it comes, unless more has to leave."""
    for least, sent in (("0.25", "0.25"), ("0.25000001", None)):
        made = sending(only_at_a({"b:BTC": "1"}, a="0.25"), fee="0", least=least)
        plan = planned(made, fit=True)
        assert moves(plan) == ([] if sent is None else [("b", "a", -exact(sent)), ("a", "b", exact(sent))])
        assert traded(plan) == ({} if sent is None else {"a:BTCUSD": -10000})


def test_a_withdrawal_is_told_with_its_fee_recorded_with_it_and_derived(tmp_path: Path) -> None:
    text = FILE.replace("withdrawal: 2h", "withdrawal: {SOL: {fee: 0.01, least: 0.5, takes: 3h}}")
    portfolio, saved = tmp_path / "portfolio.yaml", tmp_path / "plan.json"
    portfolio.write_text(text, encoding="utf-8")
    now = ("-p", str(portfolio), "--now", "2026-11-20T09:00:00Z")
    assert in_process("plan", *now, "--out", str(saved)).returncode == 0
    plan = json.loads(saved.read_text(encoding="utf-8"))
    (out,) = [each for each in plan["transfers"] if each["fee"] is not None]
    (into,) = [each for each in plan["transfers"] if each["hours"] is not None and each["asset"] == "SOL"]
    assert (out["asset"], out["fee"], into["hours"]) == ("SOL", "0.01", "3")
    assert exact(out["quantity"]) == -exact(into["quantity"]) - exact("0.01")
    assert plan["costs"]["sending_usd"] == "1"
    assert ", 0.01 SOL of it the fee" in " ".join(in_process("plan", *now, "--format", "table").stdout.split())
    derived = in_process("explain", str(saved), *now)
    assert derived.returncode == 0, derived.stdout
    assert "costs.sending_usd" in derived.stdout
    recorded = in_process("record", "plan", str(saved), *now, "--time", "2026-11-20T08:59:00Z")
    assert recorded.returncode == 0, recorded.stderr
    assert "entries 0" in in_process("record", "plan", str(saved), *now, "--time", "2026-11-20T08:59:00Z").stdout
    again = json.loads(in_process("plan", *now, "--format", "json").stdout)
    assert not again["changes"]
    held = {each["asset"]: exact(each["holding"]) for each in again["assets"]}
    paid = sum(exact(order["fee"]) for order in plan["orders"] if order["fee_currency"] == "SOL")
    assert held["SOL"] == 100 - exact("0.01") - paid
