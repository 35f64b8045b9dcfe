"""What a fill makes of a net position: its average entry, and the PnL that is booked."""

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, significant
from rebal.frozen import frozen
from rebal.market.contract import Contract


@frozen
class Filled:
    """A net position after a fill: signed contracts, average entry (None when flat), and the PnL the fill realised."""

    contracts: Fraction
    entry_price: Fraction | None
    realised: Fraction


def fill(
    contract: Contract, held: Fraction, entry_price: Fraction | None, *, traded: Fraction, price: Fraction
) -> Filled:
    """Apply a signed fill to a net position.

    Adding averages the entry; reducing realises the closed part against it and leaves it; crossing zero realises all
    of the old position and opens the rest at the fill's price.

    Figures are booked as a venue books them, finite: PnL in steps of 1e-8 coin, rounded down, so a gain is never too
    large and a loss never too small; an average entry to 18 significant digits, half-even.

    >>> from rebal.market.examples import INVERSE
    >>> fill(INVERSE, Fraction(-3), Fraction(30000), traded=Fraction(3), price=Fraction(20000)).realised
    Fraction(1, 200)
    >>> fill(INVERSE, Fraction(-1), Fraction(30000), traded=Fraction(1), price=Fraction(70000)).realised
    Fraction(-190477, 100000000)
    """
    after = held + traded
    if held == 0 or entry_price is None:
        return Filled(after, price if after else None, ZERO)
    if held * traded >= 0:
        average = contract.average_entry([(held, entry_price), (traded, price)])
        entry = entry_price if average == entry_price else significant(average)
        return Filled(after, entry, ZERO)
    closed = held if held * after <= 0 else -traded
    realised = down(contract.pnl(closed, entry_price, price), COIN_STEP)
    if held * after > 0:
        return Filled(after, entry_price, realised)
    return Filled(after, price if after else None, realised)
