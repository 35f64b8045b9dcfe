"""How many coins each wallet needs, and what would fit where they lack."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, total, up
from rebal.book import Book, Position
from rebal.frozen import frozen, last_for
from rebal.market.contract import Contract
from rebal.market.margin import (
    Held,
    Reach,
    ends_are_last,
    initial_margin,
    liquidation,
    needed_within,
    pnl_of,
    required_balance,
    value_of,
)
from rebal.names import within
from rebal.plan import Order
from rebal.planner.exposure import held_position
from rebal.planner.sequence import realised_by
from rebal.policy import Alert, Policy
from rebal.portfolio import Portfolio

LEVERAGE_STEP = Fraction(1, 100)
DISTANCE_STEP = Fraction(1, 1000)


@frozen
class Account:
    """Coins that stand in for one another: the cross wallet of a currency, or one isolated position's margin.

    ``balance``: coins before the orders. ``realised`` and ``fees``: what the orders add to it and take from it.
    ``at``: the name that its contracts carry of where they trade, "" where there is one account.
    """

    currency: str
    contract: str | None
    balance: Fraction
    held_before: tuple[Held, ...]
    held_after: tuple[Held, ...]
    realised: Fraction = ZERO
    fees: Fraction = ZERO
    traded: bool = False
    at: str = ""

    @property
    def wallet(self) -> str:
        """The wallet whose coins they are."""
        return within(self.at, self.currency)

    @property
    def name(self) -> str:
        """What people call it: the contract of an isolated position, else the wallet."""
        return self.contract or self.wallet


@frozen
class Need:
    """Coins that the policy asks of an account, without unrealised PnL, by the rule that asks.

    ``leverage``: position value over the policy's leverage; ``initial``: initial margin; ``survival``: what covers
    maintenance at every index price within the policy's distance. ``profit``: unrealised, if any.
    """

    leverage: Fraction
    initial: Fraction
    survival: Fraction
    profit: Fraction

    @property
    def most(self) -> Fraction:
        """The largest of the three, never below nothing."""
        return max(ZERO, self.leverage, self.initial, self.survival)

    @property
    def without_profit(self) -> Fraction:
        """The same, were the unrealised profit not there: it may be leant on, but not taken out."""
        return self.most + self.profit if self.most else ZERO

    def least(self, fees: Fraction) -> Fraction:
        """Coins without which the plan does not stand: leverage is tested before the opening fees, survival after."""
        return max(ZERO, self.leverage, self.initial, self.survival + fees)


NOTHING_NEEDED = Need(ZERO, ZERO, ZERO, ZERO)


@frozen
class Shortage:
    """Coins that an account misses: ``available`` could be posted where ``needed`` are, and ``need`` says for what.

    ``with_fees``: what a pooled account takes with its fees on top, which are brought as far as coins are there.
    ``is_credit``: what is missing are dollars of credit, which no coin that may be posted brings.
    """

    account: Account
    needed: Fraction
    available: Fraction
    need: Need
    with_fees: Fraction | None = None
    is_credit: bool = False

    @property
    def missing(self) -> Fraction:
        """Coins, rounded up to what can be moved."""
        return up(self.needed - self.available, COIN_STEP)

    @property
    def missing_with_fees(self) -> Fraction:
        """The same with the fees of a pooled account."""
        return up((self.with_fees or self.needed) - self.available, COIN_STEP)


def need(held: Sequence[Held], portfolio: Portfolio) -> Need:
    """What the policy asks of an account that holds these positions."""
    if not held:
        return NOTHING_NEEDED
    policy = portfolio.policy
    return (
        last_for(held[0], policy, lambda: need_at(ONE, held, policy)) if len(held) == 1 else need_at(ONE, held, policy)
    )


def need_at(factor: Fraction, held: Sequence[Held], policy: Policy) -> Need:
    """What it would ask were every mark so many times what it is.

    Maintenance is one curve over all prices (see ``market.margin``), so that it is today's that is looked at elsewhere.
    """
    there = held if factor == ONE else [each.moved(factor) for each in held]
    pnl = pnl_of(there)
    value = value_of(there)
    initial = total([initial_margin(position, account_leverage(position.contract, policy)) for position in there])
    survived = policy.survived
    reach = survived if factor == ONE else Reach(factor * survived.lowest, factor * survived.highest)
    levered, survival = value / policy.leverage, needed_within(held, reach)
    if not pnl:
        return Need(levered, initial, survival, ZERO)  # as of all that is opened at its mark
    return Need(levered - pnl, initial - pnl, survival, max(ZERO, pnl))


def account_leverage(contract: Contract, policy: Policy) -> Fraction:
    """The leverage set for a contract in the account, the policy's where the file names none."""
    return policy.leverage if contract.leverage is None else contract.leverage


def accounts(before: Book, after: Book, orders: Iterable[Order], *, portfolio: Portfolio) -> tuple[Account, ...]:
    """Every account that the book or the orders touch, cross wallets before the isolated positions of their coin.

    None of a pooled account, whose coins stand in for one another whatever they are: see ``planner.pooled``.
    """
    pooled = {portfolio.at(each.name) for each in portfolio.pools}
    traded = {order.contract: order for order in orders}
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for name in sorted({*before.positions, *after.positions}):
        position = after.positions.get(name) or before.positions[name]
        contract = position.contract
        if contract.account in pooled:
            continue
        key = (contract.account, contract.settle, "" if position.margin is None else name)
        grouped.setdefault(key, []).append(name)
    shared = _shared_balances(before)
    for wallet, balance in shared.items():
        account, _, currency = wallet.rpartition(":")
        if balance and account not in pooled:
            grouped.setdefault((account, currency, ""), [])
    return tuple([
        _account(key, grouped[key], shared, before=before, after=after, traded=traded, portfolio=portfolio)
        for key in sorted(grouped)
    ])  # fmt: skip


def in_alert(account: Account, portfolio: Portfolio) -> bool:
    """Whether an account, as it stands before the orders, is past what the policy calls a breach."""
    return past(account.balance, account.held_before, portfolio.policy.alert)


def past(balance: Fraction, held: Sequence[Held], level: Alert) -> bool:
    """Whether positions on a balance are more levered than a level allows, or nearer to liquidation; none never are."""
    if not held:
        return False
    margin_balance = balance + pnl_of(held)
    value = value_of(held)
    if margin_balance <= 0 or level.is_levered(value / margin_balance):
        return True
    ends = liquidation(balance, held)
    below, above = ends.below, ends.above
    return level.is_near(None if below is None else ONE - below) or level.is_near(
        None if above is None else above - ONE
    )


def balance_at(held: Sequence[Held], level: Alert) -> Fraction:
    """The balance at which positions stand exactly at a level of leverage and distance."""
    pnl = pnl_of(held)
    value = value_of(held)
    survival = required_balance(held, lowest=ONE - level.distance, highest=ONE + level.distance)
    return max(value / level.leverage - pnl, survival)


def fitting_leverage(shortage: Shortage) -> Fraction | None:
    """The least policy leverage, to 0.01, at which the coins at hand carry the positions; None where none does."""
    held = shortage.account.held_after
    value = value_of(held)
    margin_balance = shortage.available + pnl_of(held)
    return up(value / margin_balance, LEVERAGE_STEP) if margin_balance > 0 else None


def fitting_distance(shortage: Shortage, policy: Policy) -> Fraction | None:
    """The largest liquidation distance, to 0.1 points, that the coins at hand keep; None where they keep none."""
    spare = shortage.available - shortage.account.fees
    held = shortage.account.held_after

    def survives(steps: int) -> bool:
        distance = steps * DISTANCE_STEP
        return required_balance(held, lowest=ONE - distance, highest=ONE + distance) <= spare

    end = liquidation(spare, held).distance
    near, most = (ONE if end is None else end) // DISTANCE_STEP, policy.shock // DISTANCE_STEP
    steps = min(near, most) if ends_are_last(held) else last_that(survives, most, near=near)
    return steps * DISTANCE_STEP if steps else None


def last_that(holds: Callable[[int], bool], highest: int, *, near: int = 0) -> int:
    """The largest count up to ``highest`` for which a condition holds that, once broken, stays broken; 0 if none.

    ``near``: one that it is likely to hold for and no further, looked at first.
    """
    low, high = 0, highest
    if low < near < high:
        low, high = (low, near - 1) if not holds(near) else (near, high if holds(near + 1) else near)
    while low < high:  # not by bisect, whose ranges end at 2^63
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _account(
    key: tuple[str, str, str],
    names: Sequence[str],
    shared: Mapping[str, Fraction],
    *,
    before: Book,
    after: Book,
    traded: Mapping[str, Order],
    portfolio: Portfolio,
) -> Account:
    at, currency, isolated = key
    held_before = _held(names, before.positions, portfolio)
    held_after = held_before if after is before else _held(names, after.positions, portfolio)
    balance = _own_margin(isolated, before) if isolated else shared.get(within(at, currency), ZERO)
    orders = [traded[name] for name in names if name in traded] if traded else []
    if not orders:
        return Account(currency, isolated or None, balance, held_before, held_after, at=at)
    fees = total([order.fee for order in orders])
    realised = _realised(orders, before, portfolio)
    return Account(currency, isolated or None, balance, held_before, held_after, realised, fees, True, at)


def _realised(orders: Iterable[Order], book: Book, portfolio: Portfolio) -> Fraction:
    closing = [order for order in orders if order.contract in book.positions]
    if not closing:
        return ZERO
    return total([realised_by(order, book, portfolio.contracts[order.contract]) for order in closing])


def _own_margin(contract: str, book: Book) -> Fraction:
    position = book.positions.get(contract)
    return position.margin or ZERO if position is not None else ZERO


def _shared_balances(book: Book) -> dict[str, Fraction]:
    """Coins of each wallet that are no isolated position's own."""
    shared = dict(book.wallets)
    for position in book.positions.values():
        if position.margin is not None:
            wallet = position.contract.wallet
            shared[wallet] = shared.get(wallet, ZERO) - position.margin
    return shared


def _held(names: Iterable[str], positions: Mapping[str, Position], portfolio: Portfolio) -> tuple[Held, ...]:
    found: list[Held] = []
    for name in names:
        position = positions.get(name)
        if position is not None and position.contracts:
            found.append(held_position(position, portfolio.market))
    return tuple(found)
