"""What happens to a book though nobody does anything: funding, expiry, liquidation; each as events of the book."""

from collections.abc import Sequence

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, significant, total
from rebal.book import Book, Event, Fill, Funding, MarginMode, Position, Spot, Traded, Transfer
from rebal.frozen import frozen
from rebal.market.margin import Factors, liquidation
from rebal.market.path import Curve, Moves
from rebal.planner.collateral import Account
from rebal.portfolio import Portfolio
from rebal.replay.course import exactly
from rebal.replay.quotes import Quotes


@frozen
class Reached:
    """Where a wallet ends within a bar: the factor on each coin's price, from the end of the bar before."""

    account: Account
    factors: dict[str, Fraction]


def funding(position: Position, rate: str, laid: Portfolio) -> Funding:
    """Funding at one instant: ``-s·(N/P)·r`` coins (linear ``-s·N·P·r``), booked in steps of 1e-8, rounded down."""
    contract = position.contract
    value = contract.position_value(position.contracts, laid.market.mark(contract)) * exactly(rate)
    received = -value if position.contracts > 0 else value
    return Funding(contract.name, contract.settle, down(received, COIN_STEP), contract.account or None)


def closing(position: Position, price: Fraction, fee: Fraction) -> Fill:
    """The fill that closes a position whole."""
    parts = tuple(Traded(part.purpose, -part.contracts, part.stands_for) for part in position.parts)
    mode = MarginMode.CROSS if position.margin is None else MarginMode.ISOLATED
    return Fill(position.contract, -position.contracts, price, fee, parts, mode)


def settled(position: Position, laid: Portfolio) -> Fill:
    """Delivery at the index, with the venue's fee for it where it has one."""
    contract = position.contract
    index = laid.price(contract.asset)
    if contract.settle != contract.asset:
        index /= laid.price(contract.settle)
    fee = contract.fee(position.contracts, index, contract.delivery_fee or ZERO)
    return closing(position, index, fee)


def nearest(account: Account, quotes: Quotes, n: int) -> tuple[Factors, Fraction, Fraction]:
    """Where a wallet ends, and how low and how high its marks went in bar n, as factors on the marks before it."""
    reaches = [quotes.reach(held.contract, n) for held in account.held_after]
    ends = liquidation(account.balance, account.held_after)
    if is_mixed(account):
        return ends, ONE, ONE
    return ends, min(low for low, _ in reaches), max(high for _, high in reaches)


def is_mixed(account: Account) -> bool:
    """Whether a wallet holds contracts on several coins, whose prices move apart."""
    return len({held.contract.asset for held in account.held_after}) > 1


def ended(account: Account, quotes: Quotes, n: int) -> Reached | None:
    """Where in bar n a wallet is liquidated, None where it comes through.

    Of both ends the one that is nearer counts. A wallet of several coins is walked to all their lows together, then to
    all their highs, each in a straight line.
    """
    if is_mixed(account):
        return _ended_apart(account, quotes, n)
    ends, low, high = nearest(account, quotes, n)
    found = [
        *([ends.below] if ends.below is not None and low <= ends.below else []),
        *([ends.above] if ends.above is not None and high >= ends.above else []),
    ]
    if not found:
        return None
    factor = min(found, key=lambda each: abs(each - ONE))
    return Reached(account, {held.contract.asset: factor for held in account.held_after})


def _ended_apart(account: Account, quotes: Quotes, n: int) -> Reached | None:
    curve = Curve(account.balance, account.held_after)
    for end in (0, 1):
        shocks = {held.contract.asset: quotes.reach(held.contract, n)[end] - ONE for held in account.held_after}
        share = curve.along(Moves(shocks)).ends_at
        if share is not None:
            return Reached(account, {asset: ONE + shock * share for asset, shock in shocks.items()})
    return None


def taken(reached: Reached, book: Book, laid: Portfolio) -> Sequence[Event]:
    """A liquidation: every position of the wallet closed where it ends, and what then backs them gone.

    ``laid``: at the prices of that moment.
    """
    account = reached.account
    fills = tuple(
        closing(book.positions[held.contract.name], significant(laid.market.mark(held.contract)), ZERO)
        for held in account.held_after
    )
    left = account.balance + total(_realised(fill, book) for fill in fills)
    lost = (Transfer(account.currency, -left, account=account.at or None), Spot(account.currency, -left))
    return (*fills, *lost)


def _realised(fill: Fill, book: Book) -> Fraction:
    position = book.positions[fill.contract.name]
    pnl = fill.contract.pnl(position.contracts, position.entry_price, fill.price)
    return down(pnl, COIN_STEP)
