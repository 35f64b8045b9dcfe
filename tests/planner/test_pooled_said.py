"""What is said of pooled accounts where figures are small, turn over, are another account's, or are below nothing."""

from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, opened
from rebal.findings import Code, Finding, Severity
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.status import build_status
from rebal.policy import Alert, Uncovered
from rebal.portfolio import Portfolio
from rebal.status import Status

from .given import INPUTS, inverse, policy
from .test_idle import in_mode
from .test_pooled_checks import in_a_pool
from .test_splitting import accounts, at, book
from .test_travelling import A, B

IN_LOTS = at("b", inverse("BTC", "10000", lot="0.0001"))
"""10,000 dollars, in lots of one."""
ETHER = at("b", inverse("ETH", "1"))


def found(answer: Plan | Status, code: Code) -> list[Finding]:
    return [each for each in answer.findings if each.code is code]


def in_pool(coins: str, dollars: int, ordered: int, *, ether: int = 0) -> Portfolio:
    """So many dollars of BTC are open and as many are to be ordered, on coins of which four fifths count."""
    held = [opened(IN_LOTS, contracts=Fraction(dollars, 10000), entry_price=Fraction(40000))] if dollars else []
    held += [opened(ETHER, contracts=Fraction(ether), entry_price=Fraction(2500))] if ether else []
    made = in_mode(
        book({"BTC": coins, "ETH": "0"}, {"USD": "1"}, (IN_LOTS, ETHER), accounts(a="1", b="1"),
             wallets={"b:BTC": coins}, positions=tuple(held),
             rules=policy(distance="0.1", alert=("0.05", "9"), band="0", min_order="0")),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    equity = exact(coins) * 40000
    bitcoin, other = 1 + (dollars + ordered) / equity, ether / equity
    return replace(made, targets={"BTC": bitcoin, "ETH": other, "USD": 1 - bitcoin - other})


@pytest.mark.parametrize(
    ("coins", "before", "ordered", "taken"),
    [
        # of 10,004 dollars less 4 four fifths are 8,000
        ("0.2501", 0, 8003, 8000),
        # of 11,254 less 4 they are 9,000, of which 1,000 were there
        ("0.28135", 1000, 8003, 8000),
        ("0.28135", -1000, -8003, 8000),
        # of 10,004.5 less the 4.5 of closing 1,000 too
        ("0.2501125", -1000, 9003, 9000),
        ("0.2501125", 1000, -9003, 9000),
        # of 11,250 less half a dollar they are 8,999.6, of which 8,000 were there
        ("0.28125", 8000, 1000, 999),
    ],
)
def test_a_venue_takes_the_lots_whose_fee_leaves_just_their_margin(
    coins: str, before: int, ordered: int, taken: int
) -> None:
    (said,) = found(build_plan(made := in_pool(coins, before, ordered), made.statement, inputs=INPUTS),
                    Code.INITIAL_MARGIN)  # fmt: skip
    assert said.data["contracts"] == Fraction(abs(ordered), 10000)
    assert said.data["taken_contracts"] == Fraction(taken, 10000)


def test_what_its_fee_leaves_above_credit_is_not_said_of_what_closes() -> None:
    """40 of 8,040 are closed on four fifths of 10,000 dollars, and pay two cents: venues take that at any rate."""
    plan = build_plan(made := in_pool("0.25", 8040, -40), made.statement, inputs=INPUTS)
    (line,) = [each for each in plan.accounts if each.account == "b"]
    assert (line.initial_margin, line.credit) == (Fraction(8000), exact("7999.984"))
    assert [order.reduce_only for order in plan.orders] == [True]
    assert not found(plan, Code.INITIAL_MARGIN)


@pytest.mark.parametrize("sign", [1, -1])
def test_of_an_order_that_turns_over_a_venue_takes_what_closes(sign: int) -> None:
    """3,196 of ether and 4 are the 3,200 that 0.1 BTC count, but for the fee of 1,004; one less fits."""
    plan = build_plan(made := in_pool("0.1", sign * 1000, -sign * 1004, ether=3196), made.statement, inputs=INPUTS)
    (said,) = found(plan, Code.INITIAL_MARGIN)
    assert [order.signed for order in plan.orders] == [-sign * Fraction(1004, 10000)]
    assert said.data["taken_contracts"] == Fraction(1003, 10000)


@pytest.mark.parametrize(("coins", "said"), [("0.2500996875", True), ("0.2500996876", False)])
def test_a_cent_more_than_its_coins_count_is_said(coins: str, said: bool) -> None:
    """8,000 on four fifths of 10,003.9875 dollars, less their fee of 4."""
    plan = build_plan(made := in_pool(coins, 0, 8000), made.statement, inputs=INPUTS)
    assert [each.data["over_usd"] for each in found(plan, Code.INITIAL_MARGIN)] == ([Fraction(1, 100)] if said else [])


def test_what_opens_elsewhere_is_no_matter_of_an_account_whose_fees_took_its_credit() -> None:
    """At b a hedge of 3,200 is on the 3,199.60 that its coins count; 10,000 are sold at a."""
    held = opened(B, contracts=Fraction(-3200), entry_price=Fraction(40000), hedge=Fraction(-3200))
    made = in_mode(
        book({"BTC": "1"}, {"BTC": "0.75", "USD": "0.25"}, (A, B), accounts(a="1", b="1"),
             wallets={"b:BTC": "0.0999875"}, positions=(held,), rules=policy(distance="0.1", alert=("0.05", "9"))),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert [(order.account, order.signed) for order in plan.orders] == [("a", Fraction(-10000))]
    assert not found(plan, Code.INITIAL_MARGIN)


def test_a_short_on_coins_that_are_owed_takes_what_is_owed_too() -> None:
    """4,000 short from 32,000 have lost 0.025 BTC where none lie; 0.2 are short with the 4,000 that open beside."""
    free = at("b", inverse("BTC", fee="0"))
    held = opened(free, contracts=Fraction(-4000), entry_price=Fraction(32000))
    made = in_mode(
        book({"BTC": "1", "USDT": "40000"}, {"USD": "1"}, (free,), accounts(a="1", b="1"), wallets={"b:USDT": "40000"},
             positions=(held,)),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    bitcoin = Fraction(39000 - 8000, 79000)  # 40,000 less the loss of 1,000, and 8,000 short
    plan = build_plan(replace(made, targets={"BTC": bitcoin, "USD": 1 - bitcoin}), made.statement, inputs=INPUTS)
    assert ([order.signed for order in plan.orders], plan.transfers) == ([Fraction(-4000)], ())
    (said,) = found(plan, Code.COVERED_SHORT)
    assert (said.data["short_coins"], said.data["covered_coins"]) == (exact("0.2"), 0)
    # four fifths of 0.25 are as much as the short is, beside the 0.025
    assert said.data["more_coins"] == exact("0.275")
    assert "of which none lie here" in said.message


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("0.33333333", "0.33333333 BTC stand behind the short, 10000.00 USD at every price with it"),
        ("0.33333332", "the short is of 0.33333333 BTC, 10000.00 USD, of which 0.33333332 BTC lie here"),
    ],
)
def test_coins_to_the_last_whole_step_of_a_short_stand_behind_it(there: str, words: str) -> None:
    """A third of a bitcoin of 30,000 dollars is short, at a leverage of 2."""
    free = at("b", inverse("BTC", fee="0"))
    made = in_mode(
        book({"BTC": "1"}, {"USD": "1"}, (free,), accounts(a="1", b="1"), wallets={"b:BTC": there},
             rules=policy(leverage="2")),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    made = replace(made, targets={"BTC": Fraction(2, 3), "USD": Fraction(1, 3)},
                   market=replace(made.market, prices={"BTC": Fraction(30000)}))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert ([order.signed for order in plan.orders], plan.transfers) == ([Fraction(-10000)], ())
    (said,) = found(plan, Code.COVERED_SHORT)
    assert said.message.startswith(words)


@pytest.mark.parametrize(("dollars", "told"), [(-4000, True), (4000, False)])
def test_less_than_a_contract_is_short_or_long_by_its_sign(dollars: int, told: bool) -> None:
    plan = build_plan(made := in_pool("1", 0, dollars), made.statement, inputs=INPUTS)
    assert [order.contracts for order in plan.orders] == [exact("0.4")]
    assert bool(found(plan, Code.COVERED_SHORT)) is told


def status_of(coins: str, size: int) -> Status:
    """The policy's own alert; 0.5 % of contracts of a dollar are maintenance, and four fifths of coins count."""
    made, _ = in_a_pool(coins, size)
    return build_status(made, made.statement, inputs=INPUTS)


def test_an_account_that_is_due_is_in_alert_by_both_its_levels() -> None:
    """0.8 dollars count of a dollar of coins, where 1 of 200 is asked: 250 times its credit."""
    status = status_of("0.000025", 200)
    alerts = [(each.severity, each.subject, each.message) for each in found(status, Code.ALERT)]
    assert alerts == [
        (Severity.WARNING, "b", "liquidation is due now; the alert level is 35.0 %"),
        (Severity.WARNING, "b", "positions are 250.00 times its credit now; the alert level is 1.25"),
    ]
    (due,) = found(status, Code.NEAR_LIQUIDATION)
    assert due.subject == "b"
    assert due.data == {"credit_usd": exact("0.8"), "maintenance_margin_usd": 1}


def test_an_account_whose_coins_count_nothing_has_no_leverage() -> None:
    """Nor has one that is no pool."""
    made, _ = in_a_pool("0", 200)
    made = replace(made, policy=replace(made.policy, alert=Alert(exact("0.35"), exact("0.5"))))
    alerts = [each.message for each in found(build_status(made, made.statement, inputs=INPUTS), Code.ALERT)]
    assert alerts == ["liquidation is due now; the alert level is 35.0 %"]


def test_a_plan_that_leaves_an_account_due_is_refused_for_that_too() -> None:
    """0.5 % of a million are more than the 3,200 that 0.1 BTC count; what only lowers risk would be warned of."""
    made = in_pool("0.1", 0, 1_000_000)
    made = replace(made, policy=replace(made.policy, uncovered=Uncovered.REFUSE))
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert [order.signed for order in plan.orders] == [100]
    assert [(each.severity, each.subject) for each in found(plan, Code.NEAR_LIQUIDATION)] == [(Severity.ERROR, "b")]
    # what lacks coins is said to, and not what of it a venue may take
    assert [each.subject for each in found(plan, Code.UNDER_COLLATERALISED)] == ["b:BTC"]
    assert not found(plan, Code.INITIAL_MARGIN)


def test_nothing_is_assumed_of_what_is_owed_where_its_rates_are_told() -> None:
    made, _ = in_a_pool("1", -4000)
    other, pooled = made.told_accounts
    assert pooled.pooling is not None
    for assumed in (True, False):
        told = replace(pooled, pooling=replace(pooled.pooling, debts_assumed=assumed))
        status = build_status(replace(made, told_accounts=(other, told)), made.statement, inputs=INPUTS)
        assert any("borrowed" in each.message for each in found(status, Code.ASSUMED_FIGURE)) is assumed
