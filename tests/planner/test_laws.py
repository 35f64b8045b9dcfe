"""The laws that every plan keeps, on books made at random."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from booked import eighteen, near
from exact import exact
from exchange import Overlay, carried_out
from rebal.amounts import Fraction
from rebal.book import Book, MarginMode, Position, opened
from rebal.findings import Code, Severity
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.policy import Uncovered
from rebal.portfolio import Portfolio

from .books import SETTINGS, books, dollars_of
from .given import INPUTS, inverse, policy, portfolio, whole

ZERO = Fraction(0)


def planned(portfolio: Portfolio, book: Book | None = None) -> Plan:
    return build_plan(portfolio, book or portfolio.statement, inputs=INPUTS)


@SETTINGS
@given(books())
def test_a_plan_in_force_plans_nothing(portfolio: Portfolio) -> None:
    plan = planned(portfolio)
    assume(not plan.refused)
    again = planned(portfolio, carried_out(plan, portfolio, portfolio.statement))
    assert (again.orders, again.transfers) == ((), ())


@SETTINGS
@given(books())
def test_a_plan_that_fits_plans_nothing_once_it_is_in_force(portfolio: Portfolio) -> None:
    """Where each coin margins its own legs: of several that share coins one may leave some that the next plan finds."""
    assume(all(each.contract.asset == each.contract.settle for each in portfolio.statement.positions.values()))
    made = replace(portfolio, proxies={}, policy=replace(portfolio.policy, routes=("inverse",)))
    plan = build_plan(made, made.statement, inputs=INPUTS, fit=True)
    assume(not plan.refused)
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS, fit=True)
    assert (again.orders, again.transfers) == ((), ())


@SETTINGS
@given(made=books(), times=st.sampled_from([2, 4, 8, 16]))
def test_a_plan_of_a_book_past_saving_is_followed_by_none_that_could_be_placed(made: Portfolio, times: int) -> None:
    """Of books whose positions are so large that wallets are in alert for want of coins, and their plans that stand.

    While something is closed in such a wallet, what it lacks keeps other legs from opening: the plan would not stand.
    Once that is closed the next plan wants to open them: it is refused, while the wallet lacks coins. What was left for
    want of coins, and said to be, may find those that the plan freed.
    """
    # what is open is many times the equity, of which its fees take more than a narrow band
    rules = replace(made.policy, band=replace(made.policy.band, points=exact("0.1"), relative=None))
    heavy = replace(made, policy=rules, statement=_heavier(made, times))
    plan = planned(heavy)
    assume(not plan.refused)
    again = planned(heavy, carried_out(plan, heavy, heavy.statement))
    if (again.orders, again.transfers) != ((), ()):
        told = {each.code for each in plan.findings}
        assert Code.UNDER_COLLATERALISED in told or (again.refused and Code.ALERT in told)


def _heavier(made: Portfolio, times: int) -> Book:
    """The same coins with positions so many times as large."""
    positions = {
        name: replace(
            each, contracts=each.contracts * times,
            parts=tuple(replace(part, contracts=part.contracts * times) for part in each.parts),
        )
        for name, each in made.statement.positions.items()
    }  # fmt: skip
    return replace(made.statement, positions=positions)


@SETTINGS
@given(books())
def test_equity_before_is_equity_after_plus_fees(portfolio: Portfolio) -> None:
    plan = planned(portfolio)
    account = Overlay.opened(portfolio, portfolio.statement)
    assert account.worth(portfolio.market.prices) == plan.equity
    account.place(plan)
    assert account.worth(portfolio.market.prices) + plan.costs.fees_usd == plan.equity
    assert plan.equity <= 0 or sum((line.weight or ZERO for line in plan.assets), ZERO) == 1


@SETTINGS
@given(books())
def test_a_plan_shows_what_an_exchange_leaves(portfolio: Portfolio) -> None:
    plan = planned(portfolio)
    account = Overlay.opened(portfolio, portfolio.statement)
    account.place(plan)
    market, steps = account.exchange, len(plan.orders)
    for wallet in plan.wallets:
        assert near(wallet.margin_balance, market.margin_balance(wallet.currency, wallet.contract), steps=steps + 1)
    shown = {line.contract: line for line in plan.positions}
    for name, net in market.positions.items():
        if net.contracts:
            assert shown[name].contracts == net.contracts
            assert shown[name].entry_price in (net.entry, eighteen(net.entry))
            held = [
                n for (contract, purpose, _), (n, _) in account.parts.items() if (contract, purpose) == (name, "hedge")
            ]
            assert shown[name].contracts_hedge == sum(held, ZERO)
            assert shown[name].contracts_rebalance == net.contracts - sum(held, ZERO)
    for line in plan.assets:
        if line.asset != "USD":
            delta = account.holdings[line.asset] + sum(
                (market.unrealised(name) for name in market.positions if market.contracts[name].settle == line.asset),
                ZERO,
            )
            legs = sum(
                (
                    dollars_of(market.contracts[name], n, of=line.asset, made=portfolio)
                    for (name, purpose, asset), (n, _) in account.parts.items()
                    if (purpose, asset) == ("rebalance", line.asset)
                ),
                ZERO,
            )
            assert near(line.exposure_after / line.price, delta + legs / line.price, steps=steps + 1)


@SETTINGS
@given(books())
def test_no_order_trades_past_its_target(portfolio: Portfolio) -> None:
    plan = planned(portfolio)
    for line in plan.assets:
        if line.aimed_weight is None or line.asset == "USD":
            continue
        wanted = line.aimed_weight * plan.equity - line.exposure
        traded = done_for(line.asset, plan, portfolio)
        assert all(dollars * wanted >= 0 for dollars in traded)
        assert abs(sum(traded, ZERO)) <= abs(wanted)
        left = abs(wanted - sum(traded, ZERO))
        assert not traded or left < least_for(line.asset, portfolio)
        assert not traded or not left or line.asset in {finding.subject for finding in plan.findings}
    for order in plan.orders:
        assert (order.contracts / portfolio.contracts[order.contract].lot_size).denominator == 1
        assert order.contracts >= portfolio.contracts[order.contract].min_contracts


def least_for(asset: str, portfolio: Portfolio) -> Fraction:
    """Dollars of an asset in the least order that any contract which may carry it takes."""
    through = portfolio.proxies.get(asset)
    on, beta = (through.via, through.beta) if through else (asset, Fraction(1))
    least = [
        dollars_of(each, max(each.lot_size, each.min_contracts), of=asset, made=portfolio)
        for each in portfolio.contracts.values()
        if each.asset == on
    ]
    return max(*least, portfolio.policy.min_order / beta)


def done_for(asset: str, plan: Plan, portfolio: Portfolio) -> list[Fraction]:
    """Dollars by which each order moves what an asset is exposed to."""
    return [
        dollars_of(portfolio.contracts[order.contract], part.contracts, of=asset, made=portfolio)
        for order in plan.orders
        for part in order.parts
        if part.stands_for == (asset,)
    ]


@SETTINGS
@given(books())
def test_what_is_moved_is_held_and_what_is_promised_is_kept(portfolio: Portfolio) -> None:
    plan = planned(portfolio)
    account = Overlay.opened(portfolio, portfolio.statement)
    account.place(plan)
    for coin in {transfer.asset for transfer in plan.transfers}:
        moved = sum((transfer.quantity for transfer in plan.transfers if transfer.asset == coin), ZERO)
        assert moved <= portfolio.statement.holdings[coin] - portfolio.statement.wallets.get(coin, ZERO)
    assert all((transfer.quantity * 10**8).denominator == 1 for transfer in plan.transfers)
    if plan.refused:
        return
    touched = {(order.fee_currency, None) for order in plan.orders} | {
        (order.fee_currency, order.contract) for order in plan.orders
    }
    for wallet in plan.wallets:
        if (wallet.currency, wallet.contract) not in touched or not wallet.position_value:
            continue
        distances = [d for d in (wallet.distance_below, wallet.distance_above) if d is not None]
        shock = portfolio.policy.shock
        assert all(d >= shock for d in distances)
        for tenth in range(-10, 11):
            assert not account.exchange.liquidated(wallet.currency, 1 + shock * tenth / 10, wallet.contract)
        fees = sum(
            o.fee for o in plan.orders if wallet.contract in (None, o.contract) and o.fee_currency == wallet.currency
        )
        before_fees = wallet.margin_balance + fees
        assert wallet.position_value <= portfolio.policy.leverage * before_fees
        assert wallet.initial_margin <= before_fees


@SETTINGS
@given(books(), st.sampled_from(["0.01", "0.05", "0.2"]))
def test_a_wider_band_never_adds_orders(portfolio: Portfolio, wider: str) -> None:
    width = portfolio.policy.band.points + exact(wider)
    wide = replace(portfolio, policy=replace(portfolio.policy, band=replace(portfolio.policy.band, points=width)))
    narrow_orders = {order.contract: order for order in planned(portfolio).orders}
    assert all(narrow_orders.get(order.contract) == order for order in planned(wide).orders)


@SETTINGS
@given(books())
def test_a_larger_distance_never_asks_for_less(portfolio: Portfolio) -> None:
    nearer = planned(portfolio)
    far = replace(portfolio, policy=replace(portfolio.policy, liquidation_distance=Fraction("0.6")))
    farther = planned(far)
    # where the coins for the farther distance are not there the leg takes another route, which is another need
    assume(nearer.orders == farther.orders)
    wanted = {(wallet.currency, wallet.contract): wallet.required for wallet in farther.wallets}
    assert all(wanted[wallet.currency, wallet.contract] >= wallet.required for wallet in nearer.wallets)


@SETTINGS
@given(books())
def test_the_order_of_the_file_changes_nothing(portfolio: Portfolio) -> None:
    backwards = replace(
        portfolio,
        targets=dict(reversed(list((portfolio.targets or {}).items()))),
        contracts=dict(reversed(list(portfolio.contracts.items()))),
        proxies=dict(reversed(list(portfolio.proxies.items()))),
        statement=Book(
            dict(reversed(list(portfolio.statement.holdings.items()))),
            dict(reversed(list(portfolio.statement.wallets.items()))),
            {
                name: replace(position, parts=tuple(reversed(position.parts)))
                for name, position in reversed(list(portfolio.statement.positions.items()))
            },
        ),
    )
    assert planned(backwards) == planned(portfolio)


@SETTINGS
@given(books(), st.integers(2, 9))
def test_scaling_the_book_scales_the_orders(portfolio: Portfolio, k: int) -> None:
    # of one route: a larger book's orders are nearer to whole lots, and may miss the coins for another by a hair
    # and refused where none is: whether one least order finds its coins does not scale
    rules = replace(portfolio.policy, min_order=ZERO, routes=("inverse", "proxy"), uncovered=Uncovered.REFUSE)
    single = {c.name: replace(c, maintenance=whole("0.005")) for c in portfolio.contracts.values()}
    small = replace(portfolio, policy=rules, contracts=single, statement=times(portfolio.statement, 1, single))
    large = replace(small, statement=times(small.statement, k, single))
    one = planned(small)
    assume(one.orders and not one.refused)
    many = planned(large)
    assume(not many.refused)
    # Legs on one contract that cancel out, an asset's against its proxy's, leave no order to scale; the plan says so.
    cancelled = {
        each.subject
        for each in (*one.findings, *many.findings)
        if (each.code, each.severity) == (Code.RESIDUAL, Severity.WARNING)
    }
    for line in one.assets:
        if line.asset in cancelled:
            continue
        done, scaled = (sum(done_for(line.asset, plan, small), ZERO) for plan in (one, many))
        assert done == scaled == 0 or abs(scaled - k * done) <= (k + 1) * least_for(line.asset, small)


def times(book: Book, k: int, contracts: Mapping[str, Contract]) -> Book:
    """A book k times as large, on contracts of the same names."""
    return Book(
        {asset: quantity * k for asset, quantity in book.holdings.items()},
        {asset: quantity * k for asset, quantity in book.wallets.items()},
        {
            name: replace(
                each,
                contract=contracts[name],
                contracts=each.contracts * k,
                margin=None if each.margin is None else each.margin * k,
                parts=tuple(replace(part, contracts=part.contracts * k) for part in each.parts),
            )
            for name, each in book.positions.items()
        },
    )


@pytest.mark.parametrize("mode", list(MarginMode))
def test_a_short_covered_exactly_has_no_liquidation_price(mode: MarginMode) -> None:
    contract = inverse("BTC", "1")
    made = portfolio({"BTC": "2"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (contract,), rules=policy(mode=mode))
    (wallet,) = planned(made).wallets
    assert (wallet.leverage, wallet.liquidation_below, wallet.liquidation_above) == (Fraction(1), None, None)


def _book(contracts: tuple[Contract, ...], *, wallets: dict[str, str], positions: tuple[Position, ...]) -> Portfolio:
    return portfolio(
        {"BTC": "10"}, {"BTC": "0.8", "USD": "0.2"}, {"BTC": "40000"}, contracts, wallets=wallets, positions=positions
    )


def test_what_an_isolated_margin_takes_from_the_wallet_is_a_transfer() -> None:
    contract = inverse("BTC", "100")
    short = opened(contract, contracts=Fraction(-400), entry_price=Fraction(40000), margin=Fraction(1))
    made = _book((contract,), wallets={"BTC": "3"}, positions=(short,))
    plan = planned(made)
    (order,) = plan.orders
    assert [(t.contract, t.quantity) for t in plan.transfers] == [
        (None, -plan.transfers[1].quantity),
        ("BTCUSD", plan.transfers[1].quantity),
    ]
    assert [step.kind for step in plan.steps] == ["transfer", "transfer", "order"]
    margin = next(line for line in plan.positions if line.contract == "BTCUSD").isolated_margin
    assert margin == 1 + plan.transfers[1].quantity - order.fee


def test_a_lot_that_is_too_large_for_a_weight_beyond_its_band_is_said() -> None:
    contract = inverse("BTC", "100000")
    made = portfolio({"BTC": "2", "USD": "20000"}, {"BTC": "0.6", "USD": "0.4"}, {"BTC": "40000"}, (contract,))
    plan = planned(made)
    assert (plan.orders, plan.refused) == ((), False)
    assert [(f.severity, f.code) for f in plan.findings if f.subject == "BTC"] == [("warning", "contract-too-large")]


def test_the_dollars_row_sets_nothing_in_motion() -> None:
    made = portfolio(
        {"BTC": "1", "ETH": "10"}, {"BTC": "0.47", "ETH": "0.47", "USD": "0.06"}, {"BTC": "40000", "ETH": "4000"},
        (inverse("BTC"), inverse("ETH")),
    )  # fmt: skip
    plan = planned(made)
    assert {line.asset: line.outside_band for line in plan.assets} == {"BTC": False, "ETH": False, "USD": True}
    assert plan.orders == ()


def test_all_of_a_position_may_be_closed_though_it_is_below_the_venues_minimum() -> None:
    contract = inverse("BTC", "100", minimum="30")
    short = opened(contract, contracts=Fraction(-10), entry_price=Fraction(40000))
    made = portfolio(
        {"BTC": "1"}, {"BTC": "1"}, {"BTC": "40000"}, (contract,), wallets={"BTC": "0.1"}, positions=(short,),
        rules=policy(band="0.01"),
    )  # fmt: skip
    assert [order.contracts for order in planned(made).orders] == [10]
