"""From which day a route has cost more than selling now would have."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from rebal.amounts import ZERO, Fraction
from rebal.compare.sale import SpotTrade
from rebal.frozen import frozen
from rebal.planner.costs import Carried, Range, cost, first_day
from rebal.portfolio import Portfolio

REACH_DAYS = 3650
"""How far a break-even day is looked for where the horizon is nearer; what takes longer than ten years is no plan."""

_MOST_STEPS = 90


@frozen
class Span:
    """The time compared over. ``days``: whole days of the curve. ``reach``: the last day that may be a break-even."""

    now: datetime
    horizon: Fraction
    days: tuple[int, ...]
    reach: int

    @property
    def end(self) -> datetime:
        """The horizon's last instant."""
        return self.at(self.horizon)

    def at(self, days: Fraction | int) -> datetime:
        """The instant some days from now."""
        return self.now + timedelta(microseconds=int(days * 86_400 * 10**6))


def span_of(now: datetime, horizon: Fraction) -> Span:
    """Lay out a horizon of some days."""
    last = int(horizon)
    step = max(1, -(-last // _MOST_STEPS))
    return Span(now, horizon, (*range(0, last, step), last), max(REACH_DAYS, last))


@frozen
class BreakEven:
    """The first whole days on which a route has cost more than the sale; None: never within reach, or not known.

    ``expected``: at the base funding; ``earliest``: at the most adverse; ``latest``: at the most favourable.
    ``cheaper_from``: the first on which it has cost less. ``then_sold``: where the same sale follows, at the tax of the
    horizon's last day.
    """

    expected: int | None = None
    earliest: int | None = None
    latest: int | None = None
    cheaper_from: int | None = None
    then_sold: int | None = None


def break_even(positions: Sequence[Carried], sale: SpotTrade, *, span: Span, portfolio: Portfolio) -> BreakEven:
    """Find the days for positions and the sale of the same legs."""
    together, now = cost(positions, portfolio), sale.total_usd(span.now)
    if not positions or now is None or together.total_usd(ZERO) is None:
        return BreakEven()
    rolls = tuple(together.breaks(span.reach))

    def costs_more(than: Fraction, pick: Callable[[Range], Fraction]) -> int | None:
        return first_day(lambda day: pick(on(day)) - than, breaks=rolls, last=span.reach)

    def on(day: int) -> Range:
        found = together.total_usd(Fraction(day))
        assert found is not None
        return found

    later = None if sale.bought_back else sale.total_usd(span.end)
    return BreakEven(
        expected=costs_more(now, lambda cost: cost.base),
        earliest=costs_more(now, lambda cost: cost.high),
        latest=costs_more(now, lambda cost: cost.low),
        cheaper_from=first_day(lambda day: now - on(day).base, breaks=rolls, last=span.reach),
        then_sold=None if later is None else costs_more(now - later, lambda cost: cost.base),
    )
