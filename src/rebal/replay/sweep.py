"""Many replays of one book: over policies and starting dates, and over futures drawn from the past."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import lcm, sqrt

import numpy as np

from rebal.amounts import ZERO, Fraction, number
from rebal.frozen import Worked, frozen, once
from rebal.policy import Policy
from rebal.portfolio import Portfolio
from rebal.replay.bootstrap import Draw
from rebal.replay.course import Course
from rebal.replay.outlook import Figures
from rebal.replay.quotes import Quotes
from rebal.replay.report import Terms, worst_fall
from rebal.replay.skipping import skipping
from rebal.replay.tally import MILLIONTHS, NINTHS, Tally
from rebal.replay.walk import Walk
from rebal.replay.ways import Planned
from rebal.reports.replay import CombinationLine, FutureLine, Refused

PLACES = ("end", "fall", "closest", "cost", "drift")
"""The figures by which combinations are ranked."""

_SHORT = 10**4
_QUANTILES = (Fraction(1, 20), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(19, 20))


@frozen
class Combination:
    """One policy of a sweep, and what was typed for it, by key; ``refused``: what a refusal leads to."""

    typed: Mapping[str, str]
    policy: Policy
    refused: Refused


@frozen
class Shared(Worked):
    """What every replay of a sweep looks at. ``draw``: how futures are drawn, None where the past is walked."""

    portfolio: Portfolio
    course: Course
    terms: Terms
    combinations: tuple[Combination, ...]
    draw: Draw | None = None

    def figures(self, asked: "Asked") -> Figures:
        """The course of a replay with its arrays: a stretch of the past is made once, a future each time."""
        if asked.future is not None and self.draw is not None:
            return Figures(self.draw.course(asked.future))
        part = asked.first, asked.last
        if part not in self._parts:
            self._parts[part] = Figures(self.course.between(*part))
        return self._parts[part]

    @once
    def _parts(self) -> dict[tuple[int, int], Figures]:
        return {}


@frozen
class Asked:
    """One replay: a combination, from one bar to another (left out), or on the future of a number."""

    combination: int
    first: int
    last: int
    future: int | None = None


@frozen
class Outcome:
    """What one replay came to. ``closest`` in 1e-6, None where no wallet has an end; ``drift`` None without targets."""

    start: Fraction
    end: Fraction
    fall: Fraction
    closest: int | None
    cost: Fraction
    drift: Fraction | None
    plans: int
    orders: int
    refusals: int
    checks: int
    liquidations: int

    @property
    def change(self) -> Fraction:
        """The end over the start, less one."""
        return self.end / self.start - 1 if self.start > 0 else ZERO


def outcome(shared: Shared, asked: Asked) -> Outcome:
    """Walk one replay by the plan alone."""
    combination = shared.combinations[asked.combination]
    portfolio = replace(shared.portfolio, policy=combination.policy)
    figures = shared.figures(asked)
    quotes = Quotes(portfolio, figures.course)
    way = Planned("plan", shared.terms.slippage, combination.refused)
    walk = Walk(quotes, way, check=shared.terms.check).run(skipping(quotes, figures=figures, brief=True))
    tally = walk.tally
    fall, _, _ = worst_fall(tally.equities())
    return Outcome(
        start=walk.start,
        end=walk.worth,
        fall=fall,
        closest=0 if tally.gone else None if tally.closest is None else tally.closest.distance,
        cost=tally.fees + tally.slippage - tally.funding + tally.liquidations,
        drift=None if portfolio.targets is None else _mean_drift(tally, portfolio.targets),
        plans=tally.plans,
        orders=tally.orders,
        refusals=len(tally.refusals),
        checks=sum(len(rows.bars) for rows in tally.checked),
        liquidations=len(tally.gone),
    )


def _mean_drift(tally: Tally, targets: Mapping[str, Fraction]) -> Fraction:
    """How far the weight that is farthest off was from its target, on average over the checks.

    In whole numbers of one unit that weights, in 1e-9, and targets share.
    """
    unit = lcm(*(each.denominator for each in targets.values()))
    together, count = 0, 0
    for rows in tally.checked:
        names = tuple(rows.weights)
        wanted = [[int(targets.get(asset, ZERO) * unit) * 10**NINTHS] for asset in names]
        weights = np.array([rows.weights[asset] for asset in names], dtype=object if unit > _SHORT else np.int64)
        together += int(np.abs(weights * unit - wanted).max(axis=0).sum())
        count += len(rows.bars)
    return Fraction(together, unit * 10**NINTHS * count)


def asked_for(shared: Shared, starts: int) -> Iterator[Asked]:
    """Each combination over the whole course; and, from each of so many starts, over half of it."""
    count = shared.course.count
    half = max(2, count // 2)
    for n in range(len(shared.combinations)):
        yield Asked(n, 0, count)
        for start in range(starts):
            first = (count - half) * start // max(1, starts - 1)
            yield Asked(n, first, first + half)


def combination_lines(
    shared: Shared, outcomes: Sequence[Outcome], *, starts: int, rank: str
) -> tuple[CombinationLine, ...]:
    """A row a combination, the best of the figure asked for first; equal ones as they were typed."""
    each = [outcomes[n : n + starts + 1] for n in range(0, len(outcomes), starts + 1)]
    wholes = [found[0] for found in each]
    listed = sorted(range(len(each)), key=lambda n: _rank(wholes[n], rank))
    return tuple(
        _line(place, shared.combinations[n].typed, each[n], frontier=_on_frontier(wholes[n], wholes))
        for place, n in enumerate(listed, start=1)
    )


def best(shared: Shared, lines: Sequence[CombinationLine]) -> Combination:
    """The combination that stands first."""
    return next(each for each in shared.combinations if each.typed == lines[0].policy)


def _rank(found: Outcome, rank: str) -> Fraction:
    match rank:
        case "end":
            return -found.end
        case "fall":
            return found.fall
        case "closest":
            # nothing that could end is farthest from it
            return Fraction(-(10**18) if found.closest is None else -found.closest)
        case "cost":
            return found.cost
        case _:
            return found.drift or ZERO


def _on_frontier(found: Outcome, others: Sequence[Outcome]) -> bool:
    """Whether no other ends higher without falling further, or falls less without ending lower."""
    return not any(
        other.end >= found.end and other.fall <= found.fall and (other.end, other.fall) != (found.end, found.fall)
        for other in others
    )


def _line(place: int, typed: Mapping[str, str], found: Sequence[Outcome], *, frontier: bool) -> CombinationLine:
    whole, *starts = found
    changes = sorted(each.change for each in starts)
    return CombinationLine(
        place=place,
        policy=typed,
        equity_end=whole.end,
        change=whole.change,
        worst_fall=whole.fall,
        closest=None if whole.closest is None else Fraction(whole.closest, 10**MILLIONTHS),
        cost_usd=whole.cost,
        drift=whole.drift,
        plans=whole.plans,
        orders=whole.orders,
        refusals=whole.refusals,
        liquidations=whole.liquidations,
        frontier=frontier,
        starts=len(starts),
        least_change=changes[0] if changes else None,
        median_change=_quantile(changes, Fraction(1, 2)) if changes else None,
        most_change=changes[-1] if changes else None,
    )


def future_lines(outcomes: Sequence[Outcome]) -> tuple[FutureLine, ...]:
    """Shares and quantiles over drawn futures, each with its standard error.

    Of a share ``√(p(1 - p)/n)``, where it is of none or of all as if half a future differed; of a quantile half the
    distance of the values ``√(n·q(1 - q))`` ranks to either side of it, None of a single one.
    """
    count = len(outcomes)
    dead = Fraction(sum(each.liquidations > 0 for each in outcomes), count)
    refused = Fraction(sum(each.refusals > 0 for each in outcomes), count)
    ends = sorted(each.end for each in outcomes)
    nearest = sorted(Fraction(each.closest, 10**MILLIONTHS) for each in outcomes if each.closest is not None)
    return (
        FutureLine("liquidated", None, dead, _of_share(dead, count)),
        FutureLine("refused", None, refused, _of_share(refused, count)),
        *(FutureLine("end", q, _quantile(ends, q), _of_quantile(ends, q)) for q in _QUANTILES),
        *(FutureLine("closest", q, _quantile(nearest, q), _of_quantile(nearest, q)) for q in _QUANTILES if nearest),
    )


def _of_share(share: Fraction, count: int) -> Fraction:
    # that something was never seen is no proof that it never happens
    least = Fraction(1, 2 * count)
    p = min(max(share, least), 1 - least)
    return _rounded(sqrt(float(p * (1 - p)) / count))


def _quantile(values: Sequence[Fraction], q: Fraction) -> Fraction:
    """The value below which a share of the others lies; between two ranks, on the straight line that joins them."""
    return _at_rank(values, q * (len(values) - 1))


def _at_rank(values: Sequence[Fraction], rank: Fraction) -> Fraction:
    low = int(rank)
    high = min(low + 1, len(values) - 1)
    return values[low] + (rank - low) * (values[high] - values[low])


def _of_quantile(values: Sequence[Fraction], q: Fraction) -> Fraction | None:
    last = len(values) - 1
    if not last:
        return None
    at, away = q * last, Fraction(sqrt(len(values) * float(q * (1 - q))))
    low, high = max(ZERO, at - away), min(Fraction(last), at + away)
    # of fewer ranks, where there are no more to one side, as many times more
    return _rounded(float((_at_rank(values, high) - _at_rank(values, low)) * away / (high - low)))


def _rounded(value: float) -> Fraction:
    """A statistic to six digits."""
    return number(f"{value:.6g}", digits=40)
