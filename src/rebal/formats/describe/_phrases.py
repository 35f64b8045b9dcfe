"""The phrases that kinds of reports share."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rebal.amounts import ZERO, Fraction
from rebal.formats.document.said import GLUE, Figure, Kind, Said
from rebal.market.contract import OrderUnit
from rebal.names import first_few
from rebal.plan import Costs, OrderPart

ORDER_UNITS = {OrderUnit.CONTRACTS: "contracts", OrderUnit.USD: "USD"}
"""What an order's quantity is counted in; coins are named after their asset."""

DUE = "due now"
"""Instead of a liquidation price where it is today's."""

FAR = f"only beyond 10{GLUE}× or 0.1{GLUE}×"
"""Instead of a liquidation price that no one will see, more than ten times today's price or less than a tenth of it."""

_TENTH, _TENFOLD = Fraction(9, 10), Fraction(9)


def without_funding(costs: Costs) -> str:
    """Why there is no funding to pay: contracts that have none, or what one pays the others receive."""
    return "funding nets to nothing" if any(each.funding_usd_per_day for each in costs.breakdown) else "no funding"


def joined(items: Iterable[Said], between: str = ", ") -> tuple[Said, ...]:
    """A sentence of items one after the other, those that are sentences taken apart."""
    found: list[Said] = []
    for item in items:
        if found:
            found.append(between)
        found += item if isinstance(item, tuple) else (item,)
    return tuple(found)


def several(items: Sequence[Said]) -> tuple[Said, ...]:
    """The first few of a list and how many more there are."""
    shown, more = first_few(len(items))
    return joined([*items[:shown], *([f"{more} more"] if more else [])])


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number of things: 1 order, 2 orders; ``plural`` where that is not the noun and an s."""
    return f"{count}{GLUE}{noun if count == 1 else plural or f'{noun}s'}"


def day(instant: datetime) -> str:
    """A day, in UTC."""
    return instant.astimezone(UTC).date().isoformat()


def days(count: Fraction) -> Said:
    """A length of time."""
    return Figure(count, Kind.EXACT, "day" if count == 1 else "days")


def destination(quantity: Fraction, contract: str | None, account: str | None = None) -> str:
    """Where moved coins go, or (a negative quantity) come from: the margin of a position, or the account.

    ``account``: which one of several; None where there is one.
    """
    way = "into" if quantity > 0 else "out of"
    if contract is not None:
        return f"{way} the margin of {contract}"
    return f"{way} the account {account}" if account else f"{way} the futures account"


def purposes(parts: Sequence[OrderPart], asset: str) -> tuple[Said, ...]:
    """What the parts of an order or a fill on an asset are for; contracts each where there are several."""
    return joined(_purpose(part, asset, alone=len(parts) == 1) for part in parts)


def _purpose(part: OrderPart, asset: str, *, alone: bool) -> Said:
    words: list[Said] = [part.purpose.value]
    if part.stands_for != (asset,):
        words += part.stands_for
    if not alone:
        words.append(Figure(part.contracts, Kind.EXACT, signed=True))
    return joined(words, GLUE)


def foreseeable(below: Fraction | None, above: Fraction | None) -> tuple[Fraction | None, Fraction | None]:
    """The distances of liquidation that are figures for a person: to ten times the price, and to a tenth of it."""
    return None if below is None or below > _TENTH else below, None if above is None or above > _TENFOLD else above


def away(below: Fraction | None, above: Fraction | None) -> tuple[Said, ...]:
    """How far the price may fall or rise before liquidation; empty where no move of it liquidates."""
    if 0 in (below, above):
        return (Figure(ZERO, Kind.MOVE),)
    moves = [*([] if below is None else [-below]), *([] if above is None else [above])]
    return joined((Figure(each, Kind.MOVE) for each in moves), " or ")
