"""The same walk without a look at every bar: floats propose the next one that could matter, fractions confirm and act.

What is told of the bars in between is booked in steps; where a float is too near the edge of one, fractions decide.
"""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from rebal.amounts import ZERO, Fraction
from rebal.book import Position
from rebal.planner.candidates import SHORT, SOONEST_EXPIRY, by_asset, candidates
from rebal.planner.cover import cover
from rebal.planner.exposure import assets_of
from rebal.replay.bounds import is_calm
from rebal.replay.course import stamp
from rebal.replay.outlook import STEPS, Figures, Floats, summed
from rebal.replay.pools import pools_of
from rebal.replay.quotes import Quotes
from rebal.replay.stretch import Stretch
from rebal.replay.tally import CENTS, MILLIONTHS, NINTHS, Closest, Columns, Rows
from rebal.replay.walk import Skip, Walk, name_of, observed
from rebal.replay.wallets import foreseen
from rebal.replay.ways import Planned, Still
from rebal.replay.weights import Weights, booked

_FIRST_LOOK, _FARTHEST_LOOK, _FEWER = 64, 2048, 4
"""Checks ahead."""
_FEWEST_BARS = 64
_NEAR = 1e-9
_OFF = 1e-13


def skipping(quotes: Quotes, *, figures: Figures | None = None, brief: bool = False) -> Skip:
    """How a walk through some quotes goes on; its ways share what is made of them.

    ``figures``: of the course, where walks by other policies made them. ``brief``: nobody asks for the distance of each
    check, nor for years.
    """
    known = figures or Figures(quotes.course)
    return partial(_onwards, quotes=quotes, figures=known, brief=brief, served={})


def _onwards(
    walk: Walk, n: int, *, quotes: Quotes, figures: Figures, brief: bool, served: dict[tuple[str, ...], bool]
) -> int:
    # what has to be done at check after check, as a plan that is refused, is not looked beyond
    look = min(_FIRST_LOOK * walk.every, max(_FEWEST_BARS, 2 * walk.gap))
    while n < quotes.last:
        stretch = _foreseen(walk, n, quotes, figures=figures, look=look)
        if stretch is None:
            walk.bar(n + 1)
            return n + 1
        passing = _Passing(walk, stretch, served, brief=brief)
        ends, acts = passing.ends(), passing.acts()
        if ends is not None and (acts is None or ends <= acts):
            passing.over(ends - 1)
            walk.bar(ends)
            return ends
        if acts is not None:
            passing.over(acts, acts=True)
            walk.act(acts)
            return acts
        passing.over(stretch.last)
        n, look = stretch.last, min(2 * (stretch.last - n), _FARTHEST_LOOK * walk.every)
    return n


def _foreseen(walk: Walk, n: int, quotes: Quotes, *, figures: Figures, look: int) -> Stretch | None:
    """The bars ahead as far as they can be foreseen, at most so many; None where the very next one cannot."""
    while look:
        stretch = Stretch(quotes, figures, walk.book, n=n, last=min(quotes.last, n + look), every=walk.every)
        if not stretch.is_foreseeable:
            return None
        if is_calm(stretch):
            return stretch
        look = (stretch.last - n) // _FEWER
    return None


class _Passing:
    """A walk along a stretch on which nothing is done."""

    def __init__(self, walk: Walk, stretch: Stretch, served: dict[tuple[str, ...], bool], *, brief: bool) -> None:
        self.walk, self.stretch, self.brief, self.served = walk, stretch, brief, served
        self.wallets = foreseen(stretch)
        self.assets = assets_of(stretch.laid, stretch.book)
        self.weights = Weights(stretch, self.assets)

    def ends(self) -> int | None:
        """The first bar in which a wallet may be liquidated, or a contract expires."""
        found = [bar for wallet in self.wallets if (bar := wallet.may_end()) is not None]
        for position in self.stretch.book.positions.values():
            if position.contract.expiry is not None:
                found.append(max(self.stretch.n + 1, self._bar_of(stamp(position.contract.expiry))))
        first = min(found, default=None)
        return None if first is None or first > self.stretch.last else first

    def _bar_of(self, moment: int) -> int:
        """The first bar that ends at a moment or after it."""
        course = self.stretch.quotes.course
        return -((course.start - moment) // course.step)

    def acts(self) -> int | None:
        """The first check that could find something to do."""
        stretch, way = self.stretch, self.walk.way
        if isinstance(way, Still) or not len(stretch.checks):
            return None
        found = self.weights.is_lost
        for wallet in self.wallets:
            alerts = wallet.may_alert(stretch.laid.policy.alert)
            if alerts is not None:
                found = found | alerts
        if stretch.laid.targets is not None and not (isinstance(way, Planned) and way.hedge_only):
            found = found | self.weights.drifts(stretch.laid)
            if isinstance(way, Planned) and not self._served():
                return stretch.checks[0]
        if isinstance(way, Planned) and stretch.book.hedges:
            found = found | self._hedges_move()
        at = np.flatnonzero(found)
        return stretch.checks[int(at[0])] if len(at) else None

    def _served(self) -> bool:
        """Whether a contract that never expires could carry a leg of every asset, so that none is out of reach."""
        known = self.served.get(self.assets)
        if known is None:
            laid = self.stretch.laid
            served = by_asset(each for each in laid.contracts.values() if each.expiry is None)
            now = self.walk.quotes.time(self.stretch.n)
            known = self.served[self.assets] = all(
                any(each.contract.expiry is None for each in candidates(asset, laid, served, side=SHORT, now=now))
                for asset in self.assets
            )
        return known

    def _hedges_move(self) -> Floats:
        stretch, laid = self.stretch, self.stretch.laid
        course = stretch.quotes.course
        ends = course.start + np.arange(stretch.at.start, stretch.at.stop, stretch.at.step) * course.step
        found = np.zeros(len(ends), dtype=bool)
        covered = cover(laid, stretch.book)
        for asset, asked in stretch.book.hedges.items():
            if asked.until is not None:
                found |= ends >= stamp(asked.until)
            if not self._is_steady(asset):
                return ~np.zeros(len(ends), dtype=bool)
            names = tuple(each.contract.name for each in stretch.positions if each.contract.settle == asset)
            base = float(covered.base(asset)) + stretch.received(names, stretch.at) / STEPS
            hedged = float(covered.hedged.get(asset, ZERO))
            off = np.abs(float(asked.fraction) * np.maximum(base, 0) - hedged)
            found |= off >= float(laid.policy.hedge_band) * np.maximum(base, 0) * (1 - _NEAR) - _OFF * np.abs(base)
        for position in stretch.book.positions.values():
            if position.contract.expiry is not None:
                found |= ends > stamp(position.contract.expiry - SOONEST_EXPIRY)
        return found

    def _is_steady(self, asset: str) -> bool:
        """Whether a hedge's ratio moves with funding alone: all parts on its contracts, marked with the index."""
        mine = [
            (part, position.contract)
            for position in self.stretch.book.positions.values()
            for part in position.parts
            if part.stands_for == asset
        ]
        return all(
            contract.asset == asset and not self.walk.quotes.is_marked(contract) and contract.settle == asset
            for _, contract in mine
        )

    def over(self, bar: int, *, acts: bool = False) -> None:
        """Count what happens up to the end of a bar; where a check there ``acts``, up to what it does."""
        stretch = self.stretch
        if bar <= stretch.n:
            return
        checks = stretch.checks[: len(range(stretch.at.start, bar + 1, stretch.at.step))]
        if checks:
            self.walk.tally.checked.append(self._rows(checks))
        self._nearest(bar)
        self._watch_pools(bar)
        self._at_venue(checks[:-1] if acts else checks)
        for position in stretch.positions:
            self._fund(position, bar)
            if not self.brief:
                contract = position.contract
                for year, bars in stretch.unfunded(position, bar):
                    self.walk.tally.year(contract.name, contract.settle, year).unfunded += bars
        self.walk.book = stretch.book_at(bar)

    def _rows(self, checks: range) -> Rows:
        """What is told of checks, in floats where they leave no doubt."""
        if len(checks) == 1 and not self.brief:
            return Rows.of(observed(checks[0], self.stretch.book_at(checks[0]), self.walk.quotes.at(checks[0])))
        told, weights = len(checks), self.weights
        cents, doubt = booked(weights.equity[:told], CENTS, weights.error[:told])
        names, found, error = weights.shares(told)
        shares, unsure = booked(found, NINTHS, error)
        doubt = doubt | weights.is_lost[:told] | unsure.any(axis=0)
        by_name = dict(sorted(zip(names, shares.tolist(), strict=True)))
        away: list[int | None] = []
        if not self.brief:
            away, unsure = self._distances(told)
            doubt = doubt | unsure
        rows = Columns(list(checks), cents.tolist(), by_name, away, [False] * len(away))
        for n in np.flatnonzero(doubt).tolist():
            rows.put(n, observed(checks[n], self.stretch.book_at(checks[n]), self.walk.quotes.at(checks[n])))
        return rows.told()

    def _distances(self, told: int) -> tuple[list[int | None], Floats]:
        """How far the nearest wallet stands from its end at each check, and where that or an alert is in doubt."""
        alert = self.stretch.laid.policy.alert
        found = [wallet.standing(alert) for wallet in self.wallets]
        if self.stretch.laid.pools or not found:
            # pooled accounts have no closed form: each check is told in fractions
            return [None] * told, np.full(told, bool(self.stretch.laid.pools))
        nearest = np.fmin.reduce([distance for distance, _ in found])[:told]
        known = ~np.isnan(nearest)
        nearest = np.where(known, nearest, 0.0)
        units, unsure = booked(nearest, MILLIONTHS, _off_by(nearest))
        alarmed = np.logical_or.reduce([alarms for _, alarms in found])[:told]
        away = [unit if is_known else None for unit, is_known in zip(units.tolist(), known.tolist(), strict=True)]
        return away, alarmed | (unsure & known)

    def _nearest(self, bar: int) -> None:
        """Keep the closest call of the bars that are passed."""
        call = self.walk.tally.closest
        beyond = np.inf if call is None else call.distance / 10**MILLIONTHS
        known = [(n, near) for n, each in enumerate(self.wallets) if (near := each.nearest(bar, beyond)) is not None]
        known = [(n, near) for n, near in known if np.isfinite(near).any()]
        if not known:
            return
        least = min(float(np.nanmin(near)) for _, near in known)
        edge = least + 2 * (1 / 10**MILLIONTHS + _off_by(least))
        found = [(int(after), n, near) for n, near in known for after in np.flatnonzero(near <= edge)]
        for after, n, near in sorted(found, key=lambda each: each[:2]):
            self._come_near(name_of(self.wallets[n].account), float(near[after]), self.stretch.n + 1 + after)

    def _come_near(self, name: str, distance: float, bar: int) -> None:
        units, unsure = booked(np.array(distance), MILLIONTHS, _off_by(distance))
        if unsure:
            self.walk.come_near(bar, self.stretch.book_before(bar), name)
        else:
            self.walk.tally.nearer(Closest(max(0, int(units)), bar, name))

    def _watch_pools(self, bar: int) -> None:
        """Keep the closest call of pooled accounts, bar by bar where bounds do not tell that there is none."""
        call = self.walk.tally.closest
        if not any(pools_of(self.stretch.book, self.stretch.laid)):
            return
        if call is None or not is_calm(self.stretch, apart=Fraction(call.distance, 10**MILLIONTHS)):
            for n in range(self.stretch.n + 1, bar + 1):
                self.walk.pools_come_near(n, self.stretch.book_before(n))

    def _at_venue(self, checks: range) -> None:
        stretch, tally = self.stretch, self.walk.tally
        if not checks:
            return
        received: dict[str, Floats] = {}
        for each in stretch.positions:
            contract = each.contract
            received[contract.wallet] = received.get(contract.wallet, 0) + stretch.received_by_checks(contract.name)
        for wallet, coins in stretch.book.wallets.items():
            most = int(np.max(received[wallet][: len(checks)])) if np.ndim(received.get(wallet, 0)) else 0
            tally.at_venue({wallet: coins + Fraction(most, STEPS)})

    def _fund(self, position: Position, bar: int) -> None:
        """Count the fundings of a position up to the end of a bar, under their years, in dollars of their time."""
        tally, contract = self.walk.tally, position.contract
        paid, count = self.stretch.paid[contract.name], self.stretch.count(contract.name, bar)
        if self.brief:
            steps = paid.steps[:count]
            tally.funding += self._in_dollars(
                contract.name, contract.settle, steps, slice(paid.first, paid.first + count)
            )
            return
        for year, part in self._by_year(contract.name, paid.first, count):
            steps = paid.steps[part.start - paid.first : part.stop - paid.first]
            usd = self._in_dollars(contract.name, contract.settle, steps, part)
            tally.funding += usd
            line = tally.year(contract.name, contract.settle, year)
            line.funding += usd
            line.funding_coin += Fraction(int(steps.sum()), STEPS)

    def _by_year(self, name: str, first: int, count: int) -> Iterator[tuple[int, slice]]:
        """The years in which fundings were marked, each with those of it, by their places."""
        if count:
            years = self.stretch.figures.years()[self.stretch.figures.marked(name)[first : first + count]]
            starts = [0, *(np.flatnonzero(np.diff(years)) + 1).tolist(), count]
            for begin, end in pairwise(starts):
                yield int(years[begin]), slice(first + begin, first + end)

    def _in_dollars(self, name: str, settle: str, steps: Floats, part: slice) -> Fraction:
        if settle not in self.walk.quotes.course.tracks:
            return Fraction(int(steps.sum()), STEPS) * self.stretch.laid.price(settle)
        prices, scale = self.stretch.figures.prices_paid(name, settle)
        return Fraction(summed(steps, prices[part]), scale * STEPS)


def _off_by(distance: Floats) -> Floats:
    """How far a distance may be off: what ends far away is all but covered, so that small differences decide."""
    size = 1 + np.abs(distance)
    return _NEAR / 100 * size + _OFF * size * size
