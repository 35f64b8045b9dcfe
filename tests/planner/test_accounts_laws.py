"""The laws that every plan keeps, over two to four accounts of every kind of margin."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down
from rebal.book import Book, MarginMode, Purpose
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.sequence import after_orders, after_transfers
from rebal.planner.sizing import Leg
from rebal.policy import Prefer, Route, Uncovered
from rebal.portfolio import Portfolio

from .given import INPUTS
from .test_accounts_twin import FEW, PRICES, books


def planned(made: Portfolio, book: Book | None = None) -> Plan:
    return build_plan(made, book or made.statement, inputs=INPUTS)


def hedged(made: Portfolio, share: Fraction, book: Book | None = None) -> Plan:
    desk = Desk.of(made, book or made.statement, now=INPUTS.now)
    asks = [Ask(asset, share, desk.candidates(asset, SHORT)) for asset in PRICES]
    return build_hedge(made, desk.book, asks=asks, inputs=INPUTS, allow_over_hedge=True)


def carried_out(plan: Plan, made: Portfolio) -> Book:
    return after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)


@FEW
@given(made=books(), prefer=st.sampled_from(Prefer))
def test_a_plan_in_force_plans_nothing(made: Portfolio, prefer: Prefer) -> None:
    made = replace(made, policy=replace(made.policy, prefer=prefer))
    plan = planned(made)
    assume(not plan.refused)
    again = planned(made, carried_out(plan, made))
    assert (again.orders, again.transfers) == ((), ())


@FEW
@given(made=books(), share=st.sampled_from([ZERO, Fraction(1, 4), Fraction(1, 2)]))
def test_a_hedge_in_force_trades_nothing(made: Portfolio, share: Fraction) -> None:
    plan = hedged(made, share)
    assume(not plan.refused)
    assert not hedged(made, share, carried_out(plan, made)).orders


@FEW
@given(made=books())
def test_no_order_trades_past_its_target_and_the_finest_lot_closes_the_rest(made: Portfolio) -> None:
    plan = planned(made)
    for line in plan.assets:
        if line.aimed_weight is None or line.asset == "USD":
            continue
        wanted = line.aimed_weight * plan.equity - line.exposure
        done = [_dollars(order.signed, order.contract, made) for order in plan.orders if order.asset == line.asset]
        assert all(each * wanted >= 0 for each in done)
        assert abs(sum(done, ZERO)) <= abs(wanted)
        left = abs(wanted - sum(done, ZERO))
        # what no account carries stands on the first that could not, in its lots
        ordered = [made.contracts[order.contract] for order in plan.orders if order.asset == line.asset]
        lots = [_dollars(each.lot_size, each.name, made) for each in ordered]
        if not plan.refused and lots and left >= max(min(lots), made.policy.min_order):
            assert all(
                lot > left or not _takes_a_lot_more(each, plan, made) for each, lot in zip(ordered, lots, strict=True)
            )
        assert not done or not left or line.asset in {finding.subject for finding in plan.findings}


def _takes_a_lot_more(contract: Contract, plan: Plan, made: Portfolio) -> bool:
    """Whether a lot more could be ordered: by the coins there, and not to turn over what is open elsewhere still."""
    desk = Desk.of(made, made.statement, now=INPUTS.now).still
    before = made.statement.positions.get(contract.name)
    held = ZERO if before is None else before.held_for(Purpose.REBALANCE)
    after = {each.contract: each.contracts_rebalance for each in plan.positions if each.asset == contract.asset}
    if held and not after[contract.name] and any(each * held > 0 for each in after.values()):
        return False
    legs = [
        Leg(made.contracts[order.contract], part.contracts, order.route, part.purpose, part.stands_for[0])
        for order in plan.orders
        for part in order.parts
    ]
    signed = next(order.signed for order in plan.orders if order.contract == contract.name)
    lot = contract.lot_size if signed > 0 else -contract.lot_size
    more = [*legs, Leg(contract, lot, Route.INVERSE, Purpose.REBALANCE, contract.asset)]
    return not desk.step(desk.orders_of(more)).shortages


def _dollars(contracts: Fraction, name: str, made: Portfolio) -> Fraction:
    return contracts * made.contracts[name].multiplier


@FEW
@given(made=books())
def test_the_order_of_the_file_changes_nothing_but_the_accounts(made: Portfolio) -> None:
    statement = made.statement
    turned = replace(
        made,
        targets=dict(reversed(list((made.targets or {}).items()))),
        contracts=dict(reversed(list(made.contracts.items()))),
        statement=Book(
            dict(reversed(list(statement.holdings.items()))),
            dict(reversed(list(statement.wallets.items()))),
            dict(reversed(list(statement.positions.items()))),
        ),
    )
    assert planned(turned) == planned(made)


@FEW
@given(made=books(), wider=st.sampled_from(["0.01", "0.05", "0.2"]))
def test_a_wider_band_never_adds_orders(made: Portfolio, wider: str) -> None:
    band = replace(made.policy.band, points=made.policy.band.points + exact(wider))
    wide = planned(replace(made, policy=replace(made.policy, band=band)))
    narrow = {order.contract: order for order in planned(made).orders}
    assert all(narrow.get(order.contract) == order for order in wide.orders)


@FEW
@given(made=books())
def test_a_larger_distance_never_asks_for_less(made: Portfolio) -> None:
    near = planned(made)
    far = planned(replace(made, policy=replace(made.policy, liquidation_distance=exact("0.6"))))
    assume({order.contract: order.signed for order in near.orders}
           == {order.contract: order.signed for order in far.orders})  # fmt: skip
    wanted = {
        (row.account, row.currency, row.contract): row.required for row in far.wallets if row.leverage is not None
    }
    for row in near.wallets:
        key = (row.account, row.currency, row.contract)
        assert key not in wanted or wanted[key] >= row.required


@FEW
@given(made=books(), k=st.integers(2, 5))
def test_scaling_the_book_scales_what_is_done(made: Portfolio, k: int) -> None:
    """Up to a lot of each contract that the leg may stand on; of books that are carried whole at both sizes."""
    small = replace(made, policy=replace(made.policy, min_order=ZERO))
    large = replace(small, statement=_times(small.statement, k))
    one = planned(small)
    assume(one.orders and _is_carried_whole(one))
    many = planned(large)
    assume(_is_carried_whole(many))
    for asset in PRICES:
        done, scaled = (
            sum((_dollars(order.signed, order.contract, made) for order in plan.orders if order.asset == asset), ZERO)
            for plan in (one, many)
        )
        lots = [each.lot_size * each.multiplier for each in made.contracts.values() if each.asset == asset]
        assert done == scaled == 0 or abs(scaled - k * done) <= (k + 1) * max(lots, default=ONE)


def _is_carried_whole(plan: Plan) -> bool:
    return not plan.refused and all(line.aimed_weight == line.target_weight for line in plan.assets)


def _times(book: Book, k: int) -> Book:
    positions = {
        name: replace(
            each, contracts=each.contracts * k, margin=None if each.margin is None else each.margin * k,
            parts=tuple(replace(part, contracts=part.contracts * k) for part in each.parts),
        )
        for name, each in book.positions.items()
    }  # fmt: skip
    return Book(
        {asset: coins * k for asset, coins in book.holdings.items()},
        {name: coins * k for name, coins in book.wallets.items()},
        positions,
    )


@FEW
@given(made=books(), leverage=st.sampled_from(["1", "2"]))
def test_no_coin_lies_idle_where_another_account_lacks_it(made: Portfolio, leverage: str) -> None:
    """Of wallets in which nothing was open: beyond the need of what is, no withdrawal is left that would bring more."""
    made = replace(made, policy=replace(made.policy, leverage=exact(leverage), uncovered=Uncovered.REFUSE))
    plan = planned(made)
    lacking = {(each.subject, each.data["currency"]) for each in plan.findings if "missing_coins" in each.data}
    held = {each.contract.wallet for each in made.statement.positions.values()}
    for subject, coin in lacking:
        sink = made.account(subject.partition(":")[0])
        for row in plan.wallets:
            source = made.account(row.account or "")
            if (
                row.currency != coin
                or row.contract is not None
                or row.mode is MarginMode.POOLED
                or f"{row.account}:{coin}" in held
                or source is sink
                or sink.at_most < 1
            ):
                continue
            spare = row.balance - row.required
            assert down(source.sends(row.currency).arriving(spare), COIN_STEP) == 0


@FEW
@given(made=books(), leverage=st.sampled_from(["1", "3"]))
def test_what_sends_coins_keeps_what_it_needs_and_sends_whole_steps(made: Portfolio, leverage: str) -> None:
    """A wallet its need, a pool its margin and leverage, and neither more than is there."""
    plan = planned(replace(made, policy=replace(made.policy, leverage=exact(leverage))))
    assert all((each.quantity * 10**8).denominator == 1 for each in plan.transfers)
    sent = {(each.account, each.asset) for each in plan.transfers if each.quantity < 0 and each.other_account}
    for row in plan.wallets:
        if (row.account, row.currency) in sent and row.contract is None:
            assert row.balance >= (row.required if row.mode is not MarginMode.POOLED else ZERO)
    for line in plan.accounts:
        if line.credit is not None and line.account in {account for account, _ in sent}:
            assert line.credit >= max(line.initial_margin or ZERO, (line.position_value or ZERO) / exact(leverage))
