"""Which tax lots a sale takes, what they gained, and at which rate."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never

from rebal.amounts import ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.portfolio import Lot, LotMethod, Tax


@frozen
class SoldLot:
    """Coins of one lot, sold at a price; ``cost`` and ``price`` in USD per coin."""

    asset: str
    quantity: Fraction
    cost: Fraction
    acquired: datetime
    price: Fraction

    @property
    def gain(self) -> Fraction:
        """Dollars gained, negative for a loss."""
        return self.quantity * (self.price - self.cost)

    def long_term_on(self, tax: Tax) -> datetime:
        """The first day, in UTC, on which it has been held for more than ``long_after``: not yet on its last day."""
        last = tax.long_after.after(self.acquired).astimezone(UTC)
        return last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def rate(self, tax: Tax, *, at: datetime) -> Fraction:
        """The rate on a sale at an instant."""
        return tax.long_term if at >= self.long_term_on(tax) else tax.short_term

    def tax(self, tax: Tax, *, at: datetime) -> Fraction:
        """Gain times rate, as if it were sold alone and a loss were worth as much as a gain costs."""
        return self.gain * self.rate(tax, at=at)


def sold_lots(
    asset: str, lots: Sequence[Lot], quantity: Fraction, *, held: Fraction, price: Fraction, method: LotMethod
) -> tuple[SoldLot, ...] | None:
    """The lots that a sale takes, in the order of the method; None where the lots do not reach that far.

    ``held``: coins owned now. Where that is less than the lots hold, coins left since they were written down: those are
    taken to have come from the lots that the method sells first.
    """
    owned = total(lot.quantity for lot in lots)
    gone = max(ZERO, owned - held)
    if gone + quantity > owned:
        return None
    return tuple(
        SoldLot(asset, taken, lot.cost, lot.acquired, price) for lot, taken in _taken(lots, gone, quantity, method)
    )


def tax_usd(sold: Iterable[SoldLot], tax: Tax, *, at: datetime) -> Fraction:
    """Tax on one sale at an instant: gains and losses are netted within each term first, then across the two.

    Where one term's net loss is larger than the other's gain nothing is owed; what remains below 0 is no refund.
    """
    return netted([(lot.gain, at >= lot.long_term_on(tax)) for lot in sold], tax)


def saved_by_waiting(lot: SoldLot, sold: Sequence[SoldLot], tax: Tax, *, at: datetime) -> Fraction:
    """Tax that the sale of some lots saves if this one of them, and no other, is sold only once it is long-term."""
    gains = [(each.gain, at >= each.long_term_on(tax)) for each in sold]
    waited = [(each.gain, long or each is lot) for each, (_, long) in zip(sold, gains, strict=True)]
    return netted(gains, tax) - netted(waited, tax)


def netted(gains: Sequence[tuple[Fraction, bool]], tax: Tax) -> Fraction:
    """Tax on gains of one tax year, each with whether it is long-term; what is below 0 in the end is no refund."""
    short = total(gain for gain, long in gains if not long)
    long = total(gain for gain, long in gains if long)
    if (short < 0) != (long < 0):
        left = short + long
        return max(ZERO, left) * (tax.long_term if short < 0 else tax.short_term)
    return max(ZERO, short) * tax.short_term + max(ZERO, long) * tax.long_term


def _taken(
    lots: Iterable[Lot], gone: Fraction, quantity: Fraction, method: LotMethod
) -> Iterator[tuple[Lot, Fraction]]:
    for lot in _ordered(lots, method):
        left = lot.quantity - min(lot.quantity, gone)
        gone -= lot.quantity - left
        taken = min(left, quantity)
        quantity -= taken
        if taken:
            yield lot, taken


def _ordered(lots: Iterable[Lot], method: LotMethod) -> list[Lot]:
    # Among equals the older goes first, then the dearer: the order of the file decides nothing.
    aged = sorted(lots, key=lambda lot: (lot.acquired, -lot.cost, lot.quantity))
    match method:
        case LotMethod.FIFO:
            return aged
        case LotMethod.LIFO:
            return sorted(aged, key=lambda lot: lot.acquired, reverse=True)
        case LotMethod.HIFO:
            return sorted(aged, key=lambda lot: lot.cost, reverse=True)
        case _:
            assert_never(method)
