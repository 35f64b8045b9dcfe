"""What an entry of the journal did, in words, for terminals and pipes alike."""

from collections.abc import Callable
from datetime import datetime

from rebal.amounts import ZERO
from rebal.book import MarginMode
from rebal.formats.page.figures import GLUE, Figures
from rebal.formats.page.wording import destination, purposes
from rebal.ledger import EntryLine, EntryType
from rebal.plan import OrderPart


def deed(entry: EntryLine, figures: Figures, instant: Callable[[datetime], str]) -> str:
    """What happened. What was traded or moved and its price have every digit; ``instant`` writes the times."""
    match entry.type:
        case EntryType.FILL:
            return _fill(entry, figures)
        case EntryType.FUNDING:
            return _funding(entry, figures)
        case EntryType.TRANSFER:
            quantity = entry.quantity or ZERO
            moved = _named(figures.exact(abs(quantity)), entry.asset)
            return f"moved {moved} {destination(quantity, entry.contract)}"
        case EntryType.SPOT:
            return _spot(entry, figures)
        case EntryType.HEDGE:
            until = "" if entry.until is None else f" until {instant(entry.until)}"
            return f"hedge of {entry.asset} asked: {figures.percent(entry.fraction or ZERO)}{until}"
        case EntryType.VOID:
            return f"voids {entry.voids}: {entry.reason}"


def _fill(entry: EntryLine, figures: Figures) -> str:
    contracts = entry.contracts or ZERO
    size = _named(figures.exact(abs(contracts)), "contract" if abs(contracts) == 1 else "contracts")
    parts = [OrderPart(part.purpose, part.contracts, (part.stands_for,)) for part in entry.parts]
    said = [
        f"{'bought' if contracts > 0 else 'sold'} {size} of {entry.contract} at {_price(entry, figures)}",
        f"fee {_named(figures.coins(entry.fee or ZERO), entry.settle)}",
        f"for {', '.join(purposes(parts, entry.asset or '', figures))}",
    ]
    return ", ".join([*said, "isolated margin"] if entry.margin_mode is MarginMode.ISOLATED else said)


def _funding(entry: EntryLine, figures: Figures) -> str:
    amount = entry.amount or ZERO
    paid = f"{'received' if amount > 0 else 'paid'} {_named(figures.coins(abs(amount)), entry.settle)} of funding"
    return f"{paid} on {entry.contract}, {entry.asset} at {_price(entry, figures)}"


def _spot(entry: EntryLine, figures: Figures) -> str:
    quantity = entry.quantity or ZERO
    moved = _named(figures.exact(abs(quantity)), entry.asset)
    if entry.price is None:
        return f"{moved} {'came in' if quantity > 0 else 'went out'}, price not given"
    return f"{'bought' if quantity > 0 else 'sold'} {moved} at {_price(entry, figures)}"


def _price(entry: EntryLine, figures: Figures) -> str:
    return figures.exact(entry.price or ZERO)


def _named(figure: str, unit: str | None) -> str:
    return f"{figure}{GLUE}{unit}"
