"""In danger, a plan that can be placed: what only lowers risk is never refused."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Purpose, opened
from rebal.commands._cures import cured
from rebal.findings import Code, Finding, Severity
from rebal.plan import Plan, Side, Wallet
from rebal.planner import build_plan
from rebal.planner.rescue import build_rescue
from rebal.planner.sequence import after_orders
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind
from rebal.policy import Uncovered
from rebal.portfolio import Portfolio

from .books import SETTINGS, books
from .given import INPUTS, inverse, policy, portfolio
from .test_cases import CASES, answer_of, written

F = Fraction
BTCUSD = inverse("BTC", "100")


def long_after_a_fall(*, wallet: str = "1", price: str = "25000") -> Portfolio:
    """A long of 40,000 USD from 40,000 on one coin, all of it in the wallet, after a fall.

    At 25,000 it has lost 0.6 of its 1 BTC and is worth 1.6: leverage 4, and liquidation close.
    """
    return portfolio(
        {"BTC": wallet},
        {"BTC": "1"},
        {"BTC": price},
        (BTCUSD,),
        wallets={"BTC": wallet},
        positions=(opened(BTCUSD, contracts=F(400), entry_price=F(40000)),),
        rules=policy(distance="0.5"),
    )


def codes(plan: Plan, severity: Severity) -> set[Code]:
    return {finding.code for finding in plan.findings if finding.severity is severity}


def test_an_unwind_that_stays_short_of_the_policy_can_be_placed_and_says_what_is_missing() -> None:
    book = long_after_a_fall()
    plan = build_unwind(book, book.statement, inputs=INPUTS, share=F(1, 2), force=True)
    assert not plan.refused
    (missing,) = [each for each in plan.findings if each.code is Code.UNDER_COLLATERALISED]
    # at half the price 20,000 USD lose 1.1 BTC and ask 0.008 of maintenance; 0.7 are left of the wallet, less a fee of
    # 0.0004: 0.4084 are missing
    assert (missing.severity, missing.data["missing_coins"]) == (Severity.WARNING, F("0.4084"))


def test_what_opens_anything_is_still_refused_for_want_of_coins() -> None:
    short = portfolio({"BTC": "1"}, {"BTC": "2", "USD": "-1"}, {"BTC": "40000"}, (BTCUSD,))
    plan = build_plan(short, short.statement, inputs=INPUTS)
    assert plan.refused
    assert Code.UNDER_COLLATERALISED in codes(plan, Severity.ERROR)


@pytest.mark.parametrize("rebalance", [0, -4000])
def test_a_leg_that_only_makes_a_net_in_alert_smaller_waits_for_no_coin(rebalance: int) -> None:
    """0.5 BTC are to be 42,000 dollars of it, beside a hedge of 60,000 short: what is bought makes the net smaller.

    Once it is bought 38,000 are short, which need 0.95 BTC before the fee.
    """
    short = opened(BTCUSD, contracts=F(rebalance - 60000) / 100, entry_price=F(40000), hedge=F(-600))
    made = portfolio({"BTC": "0.5", "USD": "22000"}, {"BTC": "1", "USD": "0"}, {"BTC": "40000"}, (BTCUSD,),
                     wallets={"BTC": "0.5"}, positions=(short,))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert not plan.refused
    assert [(each.contract, each.signed, each.reduce_only) for each in plan.orders] == [
        ("BTCUSD", F(220 - rebalance // 100), True)
    ]
    (missing,) = [each for each in plan.findings if each.code is Code.UNDER_COLLATERALISED]
    assert missing.severity is Severity.WARNING
    assert missing.data["missing_coins"] == F("0.95") - F("0.5")
    left = after_orders(made.statement, plan.orders, made)
    assert not build_plan(made, left, inputs=INPUTS).orders


def test_a_reduction_of_a_wallet_past_its_liquidation_can_be_placed() -> None:
    book = long_after_a_fall(price="20500")  # 0.0488 BTC of margin on 1.95 of value: maintenance is 0.0098, near it
    gone = portfolio(
        {"BTC": "1"},
        {"BTC": "1"},
        {"BTC": "20050"},
        (BTCUSD,),
        wallets={"BTC": "1"},
        positions=(opened(BTCUSD, contracts=F(400), entry_price=F(40000)),),
    )
    for each in (book, gone):
        plan = build_unwind(each, each.statement, inputs=INPUTS, share=F(1, 100), force=True)
        assert not plan.refused
    idle = build_unwind(gone, gone.statement, inputs=INPUTS, purpose=Purpose.HEDGE)
    assert Code.NEAR_LIQUIDATION in codes(idle, Severity.ERROR)  # where nothing is planned, that is still an error


def test_a_plan_that_cuts_a_wallet_in_alert_moves_nothing_out_of_it() -> None:
    # leverage 1.6 on 1 BTC of margin: closing nine tenths frees what the policy would let out of a calm wallet
    book = portfolio(
        {"BTC": "1"},
        {"BTC": "1"},
        {"BTC": "40000"},
        (BTCUSD,),
        wallets={"BTC": "1"},
        positions=(opened(BTCUSD, contracts=F(640), entry_price=F(40000)),),
    )
    cut = build_unwind(book, book.statement, inputs=INPUTS, share=F(9, 10), force=True)
    assert (cut.transfers, cut.refused) == ((), False)
    calm = portfolio(
        {"BTC": "1"},
        {"BTC": "1"},
        {"BTC": "40000"},
        (BTCUSD,),
        wallets={"BTC": "1"},
        positions=(opened(BTCUSD, contracts=F(400), entry_price=F(40000)),),
    )
    out = build_unwind(calm, calm.statement, inputs=INPUTS, share=F(9, 10), force=True)
    assert [transfer.quantity < 0 for transfer in out.transfers] == [True]


def test_status_and_a_refused_plan_name_the_rescue() -> None:
    book = long_after_a_fall()
    status = cured(build_status(book, book.statement, inputs=INPUTS))
    alerts = [each.message for each in status.findings if each.code is Code.ALERT]
    assert len(alerts) == 2
    assert all(message.endswith(": rebal rescue BTC") for message in alerts)
    more = replace(
        book,
        targets={"BTC": F(6), "USD": F(-5)},  # 60,000 USD of BTC, where 50,000 are
        policy=replace(book.policy, uncovered=Uncovered.REFUSE),
    )
    plan = cured(build_plan(more, more.statement, inputs=INPUTS))
    assert plan.refused
    assert [order.side for order in plan.orders] == [Side.BUY]
    assert any(each.message.endswith(": rebal rescue BTC") for each in plan.findings)
    calm = long_after_a_fall(price="45000")
    assert not any("rescue" in each.message for each in cured(build_plan(calm, calm.statement, inputs=INPUTS)).findings)


def off_the_policy(found: Sequence[Finding]) -> list[str]:
    told = (each for each in found if each.code in (Code.NEAR_LIQUIDATION, Code.LEVERAGE))
    return [each.message.partition(": ")[2] for each in told]


def test_what_is_nearer_than_the_policy_and_past_no_alert_names_what_mends_it() -> None:
    # 20,000 dollars long on 0.4545 coins at 40,000: leverage 1.1 where 1 is asked, 47.4 % away where 50 % are asked; a
    # plan that trades nothing moves nothing in before the alert, at 35 % and 1.25
    long = opened(BTCUSD, contracts=F(200), entry_price=F(40000))
    made = portfolio({"BTC": "1"}, {"BTC": "1.5", "USD": "-0.5"}, {"BTC": "40000"}, (BTCUSD,),
                     wallets={"BTC": "0.4545"}, positions=(long,))  # fmt: skip
    command = "rebal rescue BTC --to policy"
    for answer in (build_plan(made, made.statement, inputs=INPUTS), build_status(made, made.statement, inputs=INPUTS)):
        assert off_the_policy(cured(answer).findings) == [command, command]
    mended = build_rescue(made, made.statement, inputs=INPUTS, to_policy=True, wallets=frozenset({"BTC"}))
    assert [each.asset for each in mended.transfers] == ["BTC"]
    assert off_the_policy(cured(mended).findings) == []
    alone = replace(made, statement=replace(made.statement, holdings={"BTC": exact("0.4545")}))
    worse = build_rescue(alone, alone.statement, inputs=INPUTS)
    assert set(off_the_policy(cured(worse).findings)) == {""}  # of itself it names itself not


def riskier(wallet: Wallet) -> bool:
    """Told from the rows alone: more leverage or less distance than before, positions still open."""
    then = wallet.before
    if not wallet.position_value:
        return False
    more = wallet.leverage is None if then.leverage is not None else False
    if wallet.leverage is not None and then.leverage is not None:
        more = wallet.leverage > then.leverage
    pairs = ((wallet.distance_below, then.distance_below), (wallet.distance_above, then.distance_above))
    return more or any(now is not None and (was is None or now < was) for now, was in pairs)


@SETTINGS
@given(books(), st.integers(1, 100), st.sampled_from([F(1, 2), F(3, 4), F(11, 10), F(3, 2)]))
def test_what_only_lowers_risk_is_never_refused(book: Portfolio, percent: int, moved: Fraction) -> None:
    prices = {asset: price * moved for asset, price in book.market.prices.items()}
    marks = {name: mark * moved for name, mark in book.market.marks.items()}
    shaken = replace(book, market=replace(book.market, prices=prices, marks=marks))
    plan = build_unwind(shaken, shaken.statement, inputs=INPUTS, share=F(percent, 100), force=True)
    assume(plan.orders)
    if all(order.reduce_only for order in plan.orders) and not any(map(riskier, plan.wallets)):
        assert not plan.refused, [each for each in plan.findings if each.severity is Severity.ERROR]


def test_half_of_a_pair_that_leaves_a_pooled_account_nearer_to_its_end_is_refused(tmp_path: Path) -> None:
    # 9,000 dollars long and 9,500 short on 0.1 BTC: nothing but ETH moves it. Without the short, 9,000 of long fall
    # against some 8,700 of credit, and the policy asks for a distance of 50 %
    done = answer_of("unwind --purpose hedge", written(CASES / "pooled-offset.yaml", tmp_path))
    assert done["refused"] is True
    missing = [each["severity"] for each in done["findings"] if each["code"] == Code.UNDER_COLLATERALISED]
    assert missing == ["error"]
    near = {each["account"]: each["nearest"] for each in done["accounts"]}
    assert exact(near["main"]["distance"]) < exact("0.5")
