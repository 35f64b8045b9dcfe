"""What is due, without the rows that show it, is what the plan says."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import FEWER
from exact import exact
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code, Severity
from rebal.planner.build import build_plan
from rebal.planner.exposure import value, worth_in
from rebal.planner.rescue import build_rescue
from rebal.planner.rowless import bare_plan, desk_of
from rebal.policy import Uncovered
from rebal.portfolio import DOLLARS, Portfolio

from .books import SETTINGS, books
from .given import INPUTS, NOW, inverse, linear, policy, portfolio, whole
from .test_accounts import books as accounts
from .test_accounts import read

F = Fraction


@SETTINGS
@given(made=books(), coins=st.sampled_from(["1", "0.5", "0.02"]))
def test_it_places_what_the_plan_does_and_is_refused_for_the_same_reason(made: Portfolio, coins: str) -> None:
    made = replace(made, market=replace(made.market, as_of=NOW), policy=replace(made.policy, max_at_venue=exact(coins)))
    plan = build_plan(made, made.statement, inputs=INPUTS)
    found = bare_plan(desk_of(made, made.statement))
    error = found.error()
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    assert (found.done.orders, found.done.transfers) == (plan.orders, plan.transfers)
    assert error == (errors[0] if errors else None)
    assert plan.refused == (error is not None)


def test_a_wallet_that_is_due_already_refuses_what_leaves_it_so() -> None:
    contract = inverse("BTC", "100", maintenance=whole("0.5"))
    held = opened(contract, contracts=F(400), entry_price=F(80000))
    made = portfolio(
        {"BTC": "1"}, {"BTC": "1"}, {"BTC": "40000"}, (contract,), positions=(held,), wallets={"BTC": "1"},
    )  # fmt: skip
    made = replace(made, targets=None, market=replace(made.market, as_of=NOW))
    error = bare_plan(desk_of(made, made.statement)).error()
    assert error is not None
    assert error == build_plan(made, made.statement, inputs=INPUTS).findings[0]


@settings(SETTINGS, max_examples=FEWER.max_examples)
@given(text=accounts())
def test_it_is_the_same_over_several_accounts(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    told = replace(INPUTS, now=made.market.as_of or NOW)
    plan, found = build_plan(made, made.statement, inputs=told), bare_plan(desk_of(made, made.statement))
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    assert (found.done.orders, found.done.transfers) == (plan.orders, plan.transfers)
    assert found.error() == (errors[0] if errors else None)


@SETTINGS
@given(made=books())
def test_what_stands_in_each_currency_adds_up_to_the_equity(made: Portfolio) -> None:
    book = made.statement
    settles = {each.contract.settle for each in book.positions.values()}
    currencies = {*book.holdings, *settles, DOLLARS}
    assert sum(worth_in(each, made, book) for each in currencies) == value(made, book).equity


def test_what_nobody_holds_is_worth_nothing_and_needs_no_price() -> None:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, ())
    assert [worth_in(each, made, made.statement) for each in ("BTC", "XMR")] == [40000, 0]


@pytest.mark.parametrize(("contracts", "error"), [("20000", False), ("40000", True)])
def test_what_only_lowers_risk_is_no_error_though_coins_are_missing(contracts: str, error: bool) -> None:
    """20,000 long on 0.3 BTC, of which a part is sold: what is left still lacks coins. 40,000 are to be bought."""
    contract = inverse("BTC", fee="0")
    held = opened(contract, contracts=F(20000), entry_price=F(40000))
    dollars = F(contracts)
    made = portfolio(
        {"BTC": "0.3", "USD": "100000"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (contract,),
        wallets={"BTC": "0.3"}, positions=(held,), rules=policy(band="0"),
    )  # fmt: skip
    weight = (12000 + dollars * (2 if error else F("0.9"))) / 112000
    made = replace(
        made,
        targets={"BTC": weight, DOLLARS: 1 - weight},
        market=replace(made.market, as_of=NOW),
        policy=replace(made.policy, uncovered=Uncovered.REFUSE),
    )
    found, plan = bare_plan(desk_of(made, made.statement)), build_plan(made, made.statement, inputs=INPUTS)
    assert found.done.shortages
    assert plan.orders
    assert plan.refused is error
    assert found.error() == (plan.findings[0] if error else None)


def test_what_is_paid_in_dollars_that_count_as_none_is_worth_nothing_in_them() -> None:
    contract = linear("BTC", settle="USD")
    held = opened(contract, contracts=F(1000), entry_price=F(30000))
    made = portfolio({"BTC": "1", "USD": "500"}, None, {"BTC": "40000"}, (contract,), positions=(held,))
    for cash, worth in ((frozenset({"USDT"}), 500), (frozenset({"USD"}), 10500)):
        counted = replace(made, cash=cash)
        assert worth_in("USD", counted, counted.statement) == worth
        assert value(counted, counted.statement).equity == 40000 + worth


def test_what_is_paid_in_a_coin_set_aside_is_worth_nothing_in_it() -> None:
    ether = inverse("ETH")
    held = opened(ether, contracts=F(-2500), entry_price=F(5000))
    made = portfolio(
        {"BTC": "1", "ETH": "4"}, None, {"BTC": "40000", "ETH": "2500"}, (ether,), positions=(held,),
        aside=frozenset({"ETH"}),
    )  # fmt: skip
    assert worth_in("ETH", made, made.statement) == 0
    assert worth_in("BTC", made, made.statement) == value(made, made.statement).equity == 40000


def test_what_no_contract_serves_is_the_first_reason_where_coins_are_missing_too() -> None:
    made = portfolio(
        {"BTC": "1", "ALT": "80000"}, {"BTC": "0.25", "ALT": "0.25", "USD": "0.5"}, {"BTC": "40000", "ALT": "0.5"},
        (inverse("BTC"),), rules=policy(uncovered="refuse", leverage="0.1"),
    )  # fmt: skip
    made = replace(made, market=replace(made.market, as_of=NOW))
    found, plan = bare_plan(desk_of(made, made.statement)), build_plan(made, made.statement, inputs=INPUTS)
    assert found.done.shortages
    assert found.error() == plan.findings[0]
    assert plan.findings[0].code is Code.UNSERVED_ASSET


@pytest.mark.parametrize("beside", [0, -250])
def test_a_wallet_whose_maintenance_its_coins_just_cover_at_every_price_is_due(beside: int) -> None:
    """600 short and 400 long at 20 % of maintenance: as much is lost as maintenance falls by, wherever the price is.

    They take 0.5 BTC whatever it is, and 0.5 are there: of no coin is there too little, and it is liquidated now. What
    stands ``beside`` it has all that it needs.
    """
    up, down = (inverse("BTC", "100", name=name, maintenance=whole("0.2"), leverage="10") for name in ("UP", "DOWN"))
    ether = inverse("ETH", "10")
    held = tuple(
        opened(contract, contracts=F(contracts), entry_price=F(price))
        for contract, contracts, price in ((up, 400, 40000), (down, -600, 40000), (ether, beside, 2500)) if contracts
    )  # fmt: skip
    made = portfolio(
        {"BTC": "0.5", "ETH": "10"}, {"BTC": "0.125", "ETH": "0.875"}, {"BTC": "40000", "ETH": "2500"},
        (up, down, ether), positions=held, wallets={"BTC": "0.5", "ETH": "10"},
        rules=policy(leverage="6", alert=("0.1", "7"), band="0.9"),
    )  # fmt: skip
    made = replace(made, market=replace(made.market, as_of=NOW))
    _is_due_alone(made, "BTC")
    one_more = replace(made, statement=replace(made.statement, wallets={"BTC": F("0.50000001"), "ETH": F(10)}))
    assert bare_plan(desk_of(one_more, one_more.statement)).error() is None


def test_what_is_due_and_lacks_no_coin_is_the_reason_beside_an_order_that_opens() -> None:
    """The same BTC, no dollar of which is long or short; of 45,000 a third is to be ETH, and 25,000 are."""
    up, down = (inverse("BTC", "100", name=name, maintenance=whole("0.2"), leverage="10") for name in ("UP", "DOWN"))
    held = tuple(opened(each, contracts=F(size), entry_price=F(40000)) for each, size in ((up, 400), (down, -600)))
    made = portfolio(
        {"BTC": "0.5", "ETH": "10"}, {"BTC": "0", "ETH": str(F(1, 3)), "USD": str(F(2, 3))},
        {"BTC": "40000", "ETH": "2500"}, (up, down, inverse("ETH", "10")), positions=held,
        wallets={"BTC": "0.5", "ETH": "10"}, rules=policy(leverage="6", alert=("0.1", "7")),
    )  # fmt: skip
    made = replace(made, market=replace(made.market, as_of=NOW))
    plan, found = build_plan(made, made.statement, inputs=INPUTS), bare_plan(desk_of(made, made.statement))
    assert {order.contract: (order.signed, order.reduce_only) for order in found.done.orders} == {
        "ETHUSD": (F(-1000), False)
    }
    assert found.done.shortages == ()
    error = found.error()
    assert error is not None
    assert (error.code, error.subject) == (Code.NEAR_LIQUIDATION, "BTC")
    assert error == plan.findings[0]


def _is_due_alone(made: Portfolio, subject: str) -> None:
    """Of no coin is there too little, nothing is traded, and yet the plan is refused as it would be in full."""
    plan = build_plan(made, made.statement, inputs=replace(INPUTS, now=made.market.as_of or NOW))
    found = bare_plan(desk_of(made, made.statement))
    assert (found.done.orders, found.done.shortages) == ((), ())
    error = found.error()
    assert error is not None
    assert (error.code, error.subject) == (Code.NEAR_LIQUIDATION, subject)
    assert error == plan.findings[0]


EVEN = """
as_of: 2026-11-20T08:00:00Z
holdings: {USDT: 2000}
targets: {BTC: 100%, USD: 0%}
accounts:
  bybit:
    venue: bybit
    margin: pooled
    wallets: {USDT: 2000}
    positions:
      - {contract: UP, contracts: 1500, entry_price: 40000}
      - {contract: DOWN, contracts: -1000, entry_price: 40000}
    collateral: {USDT: 100%}
contracts: {UP: {EACH}, DOWN: {EACH}}
policy: {leverage: 6, alert: {distance: 10%, leverage: 7}}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""
EACH = (
    "asset: BTC, kind: linear, multiplier: 0.0001, settle: USDT, tick_size: 0.1, lot_size: 1, taker_fee: 0%, "
    "maker_fee: 0%, funding_interval: 8h, max_leverage: 100, leverage: 10, maintenance: {tiers: [{rate: 20%}]}"
)


def test_a_pool_whose_maintenance_its_coins_just_cover_at_every_price_is_due_and_rescued(tmp_path: Path) -> None:
    """6,000 long and 4,000 short on 2,000: what a move earns is what 20 % of the 10,000 grow by."""
    made = read(tmp_path, EVEN.replace("EACH", EACH))
    _is_due_alone(made, "bybit")
    plan = build_rescue(made, made.statement, inputs=replace(INPUTS, now=made.market.as_of or NOW))
    assert {order.contract: order.signed for order in plan.orders} == {"UP": -1, "DOWN": 1}
    more = read(tmp_path, EVEN.replace("EACH", EACH).replace("USDT: 2000", "USDT: 2001"))
    assert bare_plan(desk_of(more, more.statement)).error() is None


SPARE = """
  spare:
    venue: bybit
    margin: pooled
    wallets: {USDT: 5000}
    positions: [{contract: UP, contracts: 1250, entry_price: 40000}]
    collateral: {USDT: 100%}
contracts"""


def test_one_pool_that_is_due_refuses_a_plan_beside_one_that_is_not(tmp_path: Path) -> None:
    """5,000 long on 5,000, a fifth of it maintenance: far from due."""
    both = EVEN.replace("holdings: {USDT: 2000}", "holdings: {USDT: 7000}")
    both = both.replace("{UP: {EACH}, DOWN", "{spare:UP: {EACH}, bybit:UP: {EACH}, bybit:DOWN").replace("EACH", EACH)
    _is_due_alone(read(tmp_path, both.replace("\ncontracts", SPARE)), "bybit")


def test_of_several_that_are_left_what_no_contract_serves_is_the_first_reason() -> None:
    """ETH is left 30 dollars short of its target by lots of 100, and coins are missing for what is to be bought."""
    made = portfolio(
        {"BTC": "1", "ETH": "16", "ALT": "80000"}, {"BTC": "0.5", "ETH": "0.25025", "ALT": "0.24975"},
        {"BTC": "40000", "ETH": "2500", "ALT": "0.5"}, (inverse("BTC"), inverse("ETH", "100")),
        rules=policy(uncovered="refuse", leverage="0.1", band="0.0001"),
    )  # fmt: skip
    made = replace(made, market=replace(made.market, as_of=NOW))
    found, plan = bare_plan(desk_of(made, made.statement)), build_plan(made, made.statement, inputs=INPUTS)
    assert len(found.decided.residuals) > 1
    assert found.done.shortages
    assert found.error() == plan.findings[0]
    assert plan.findings[0].code is Code.UNSERVED_ASSET


def test_what_no_contract_serves_at_all_is_a_reason_by_itself() -> None:
    made = portfolio(
        {"BTC": "1", "ALT": "80000"}, {"BTC": "0.25", "ALT": "0.75"}, {"BTC": "40000", "ALT": "0.5"}, (),
        rules=policy(uncovered="refuse"),
    )  # fmt: skip
    made = replace(made, market=replace(made.market, as_of=NOW))
    found, plan = bare_plan(desk_of(made, made.statement)), build_plan(made, made.statement, inputs=INPUTS)
    assert (found.done.orders, found.done.shortages) == ((), ())
    error = found.error()
    assert error is not None
    assert error.code is Code.UNSERVED_ASSET
    assert error == plan.findings[0]


def test_what_has_expired_is_a_reason_beside_what_is_to_be_opened() -> None:
    old = inverse("BTC", "1", name="BTCOLD", expiry=NOW)
    held = opened(old, contracts=F(-100), entry_price=F(40000))
    made = portfolio({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (inverse("BTC"), old),
                     positions=(held,), wallets={"BTC": "0.1"})  # fmt: skip
    made = replace(made, market=replace(made.market, as_of=NOW))
    found, plan = bare_plan(desk_of(made, made.statement)), build_plan(made, made.statement, inputs=INPUTS)
    assert found.done.orders
    assert not found.done.shortages
    error = found.error()
    assert error is not None
    assert error.code is Code.EXPIRED
    assert error == plan.findings[0]
