"""The same walk without a look at every bar: floats propose the next one that could matter, fractions confirm and act.

What is told of the bars in between is booked in steps; where a float is too near the edge of one, fractions decide.
"""

from collections.abc import Iterator

import numpy as np

from rebal.amounts import ZERO, Fraction
from rebal.planner.cover import cover
from rebal.planner.exposure import assets_of
from rebal.planner.routes import SOONEST_EXPIRY, by_asset, candidates
from rebal.replay.course import stamp
from rebal.replay.outlook import Figures, Floats
from rebal.replay.quotes import Quotes
from rebal.replay.stretch import Stretch, Wallet, Weights
from rebal.replay.tally import CENTS, MILLIONTHS, NINTHS, Closest, Row
from rebal.replay.walk import Skip, Walk, name_of, observed
from rebal.replay.ways import Planned, Still

_FIRST_LOOK, _FARTHEST_LOOK = 256, 8192
_NEAR = 1e-9
_OFF = 1e-13


def skipping(quotes: Quotes) -> Skip:
    """How a walk through some quotes finds its next bar; its ways share what is made of them."""
    figures = Figures(quotes.course)

    def skip(walk: Walk, n: int) -> int:
        look = _FIRST_LOOK
        while n < quotes.last:
            stretch = Stretch(quotes, figures, walk.book, n=n, last=min(quotes.last, n + look))
            if not stretch.is_foreseeable:
                return n + 1
            passing = _Passing(walk, stretch)
            reached = passing.first()
            passing.over(reached - 1)
            if reached <= stretch.last:
                return reached
            n, look = stretch.last, min(2 * look, _FARTHEST_LOOK)
        return quotes.last

    return skip


class _Passing:
    """A walk along a stretch on which nothing is done."""

    def __init__(self, walk: Walk, stretch: Stretch) -> None:
        self.walk, self.stretch = walk, stretch
        self.wallets = {name_of(account): Wallet(stretch, account) for account in stretch.accounts}
        self.assets = assets_of(stretch.laid, stretch.book)
        self.weights = Weights(stretch, self.assets)
        self.checks = stretch.bars % walk.every == 0

    def first(self) -> int:
        """The first bar that may matter, the course's last among them; the one after the stretch where none does."""
        matters = np.zeros(len(self.stretch.bars), dtype=bool)
        for wallet in self.wallets.values():
            matters |= wallet.may_end
        matters |= self._expires()
        if not isinstance(self.walk.way, Still):
            matters |= self.checks & self._acts()
        if self.stretch.last == self.walk.quotes.last:
            matters[-1] = True
        found = np.flatnonzero(matters)
        return self.stretch.last + 1 if not len(found) else int(self.stretch.bars[found[0]])

    def over(self, bar: int) -> None:
        """Count what happens up to the end of a bar before the one that matters."""
        stretch, tally = self.stretch, self.walk.tally
        if bar <= stretch.n:
            return
        told = bar - stretch.n
        for n in np.flatnonzero(self.checks[:told]):
            tally.rows.append(self._row(int(n)))
        self._nearest(told)
        self._at_venue(told)
        funded = self._fund(bar)
        for position in stretch.positions:
            contract = position.contract
            for year, bars in stretch.unfunded(position, bar):
                tally.year(contract.name, contract.settle, year).unfunded += bars
        self.walk.pass_to(stretch.book_at(bar), self.walk.quotes.at(bar), funded=funded)

    def _expires(self) -> Floats:
        found = np.zeros(len(self.stretch.bars), dtype=bool)
        for position in self.stretch.positions:
            if position.contract.expiry is not None:
                found |= self.stretch.ends >= stamp(position.contract.expiry)
        return found

    def _acts(self) -> Floats:
        """The bars at whose end a check could find something to do."""
        found = self.weights.equity <= self.weights.off * _NEAR
        for wallet in self.wallets.values():
            found |= wallet.may_alert
        found |= self._drifts()
        if isinstance(self.walk.way, Planned):
            found |= self._hedges_move()
        return found

    def _drifts(self) -> Floats:
        laid, way = self.stretch.laid, self.walk.way
        none = np.zeros(len(self.stretch.bars), dtype=bool)
        if laid.targets is None or (isinstance(way, Planned) and way.hedge_only):
            return none
        if isinstance(way, Planned) and not self._served():
            return ~none
        for asset in self.assets:
            target = laid.targets.get(asset, ZERO)
            off = np.abs(self.weights.exposures[asset] - float(target) * self.weights.equity)
            width = float(laid.policy.band.width(target)) * self.weights.equity
            none |= off >= width * (1 - _NEAR) - self.weights.off * 10 * _OFF
        return none

    def _served(self) -> bool:
        """Whether a contract that never expires could carry a leg of every asset, so that none is out of reach."""
        laid = self.stretch.laid
        served = by_asset(laid.contracts.values())
        now = self.walk.quotes.time(self.stretch.n)
        return all(
            any(each.contract.expiry is None for each in candidates(asset, laid, served, now=now))
            for asset in self.assets
        )

    def _hedges_move(self) -> Floats:
        stretch, laid = self.stretch, self.stretch.laid
        found = np.zeros(len(stretch.bars), dtype=bool)
        covered = cover(laid, stretch.book)
        for asset, asked in stretch.book.hedges.items():
            if asked.until is not None:
                found |= stretch.ends >= stamp(asked.until)
            if not self._is_steady(asset):
                return ~np.zeros(len(stretch.bars), dtype=bool)
            names = tuple(each.contract.name for each in stretch.positions if each.contract.settle == asset)
            base = float(covered.base(asset)) + stretch.received(names, side="right") / 10**8
            hedged = float(covered.hedged.get(asset, ZERO))
            off = np.abs(float(asked.fraction) * np.maximum(base, 0) - hedged)
            found |= off >= float(laid.policy.hedge_band) * np.maximum(base, 0) * (1 - _NEAR) - _OFF * np.abs(base)
        for position in stretch.positions:
            if stretch.book.hedges and position.contract.expiry is not None:
                found |= stretch.ends > stamp(position.contract.expiry - SOONEST_EXPIRY)
        return found

    def _is_steady(self, asset: str) -> bool:
        """Whether a hedge's ratio moves with funding alone: all parts on its contracts, marked with the index."""
        mine = [
            (part, position.contract)
            for position in self.stretch.positions
            for part in position.parts
            if part.stands_for == asset
        ]
        return all(
            contract.asset == asset and not self.walk.quotes.is_marked(contract) and contract.settle == asset
            for _, contract in mine
        )

    def _row(self, n: int) -> Row:
        """What is told of a check, in floats where they leave no doubt."""
        weights, bar = self.weights, int(self.stretch.bars[n])
        equity, off = float(weights.equity[n]), float(weights.off[n])
        alert = any(bool(wallet.may_alert[n]) for wallet in self.wallets.values())
        cents = _booked(equity, CENTS, off * _OFF)
        nearest = [float(wallet.distance[n]) for wallet in self.wallets.values() if not np.isnan(wallet.distance[n])]
        distance = _booked(min(nearest), MILLIONTHS, _NEAR / 100) if nearest else None
        if alert or cents is None or equity <= off * _NEAR or (nearest and distance is None):
            return self._exactly(bar)
        told: dict[str, int] = {}
        for asset in sorted(weights.exposures):
            weight = _booked(float(weights.exposures[asset][n]) / equity, NINTHS, 4 * _OFF * off / equity)
            if weight is None:
                return self._exactly(bar)
            told[asset] = weight
        return Row(bar, cents, told, distance, False)

    def _exactly(self, bar: int) -> Row:
        return observed(bar, self.stretch.book_at(bar), self.walk.quotes.at(bar))

    def _nearest(self, told: int) -> None:
        """Keep the closest call of the bars that are passed."""
        known = [(name, wallet.nearest[:told]) for name, wallet in self.wallets.items()]
        known = [(name, near) for name, near in known if np.isfinite(near).any()]
        if not known:
            return
        least, call = min(float(np.nanmin(near)) for _, near in known), self.walk.tally.closest
        if call is not None and least > call.distance / 10**MILLIONTHS + _NEAR:
            return
        edge = least + 2 / 10**MILLIONTHS
        found = [(int(n), at) for at, (_, near) in enumerate(known) for n in np.flatnonzero(near <= edge)]
        for n, at in sorted(found):
            name, near = known[at]
            self._come_near(name, float(near[n]), int(self.stretch.bars[n]))

    def _come_near(self, name: str, distance: float, bar: int) -> None:
        booked = _booked(distance, MILLIONTHS, _NEAR / 100)
        if booked is None:
            self.walk.come_near(bar, self.stretch.book_before(bar), name)
        else:
            self.walk.tally.nearer(Closest(max(0, booked), bar, name))

    def _at_venue(self, told: int) -> None:
        stretch, tally = self.stretch, self.walk.tally
        checks = np.flatnonzero(self.checks[:told])
        if not len(checks):
            return
        for wallet, coins in stretch.book.wallets.items():
            names = tuple(each.contract.name for each in stretch.positions if each.contract.wallet == wallet)
            most = int(stretch.received(names, side="right")[checks].max()) if names else 0
            tally.at_venue({wallet: coins + Fraction(most, 10**8)})

    def _fund(self, bar: int) -> Fraction:
        """Count the fundings up to the end of a bar under their years, in dollars of their time."""
        stretch, quotes = self.stretch, self.walk.quotes
        funded = ZERO
        for position in stretch.positions:
            contract, paid = position.contract, stretch.paid[position.contract.name]
            count = int(np.searchsorted(paid.times, quotes.course.ends(bar), side="right"))
            for year, coins, usd in self._by_year(contract.settle, paid.marked[:count], paid.steps[:count]):
                line = self.walk.tally.year(contract.name, contract.settle, year)
                line.funding += usd
                line.funding_coin += coins
                funded += usd
        self.walk.tally.funding += funded
        return funded

    def _by_year(self, settle: str, marked: Floats, steps: Floats) -> Iterator[tuple[int, Fraction, Fraction]]:
        """The years, with the coins and the dollars that fundings marked in them brought."""
        course = self.walk.quotes.course
        fixed = None if settle in course.tracks else self.stretch.laid.price(settle)
        all_years = self.stretch.figures.years()[marked]
        for year in np.unique(all_years).tolist():
            mine = all_years == year
            bars, received = marked[mine].tolist(), steps[mine].tolist()
            if fixed is not None:
                usd = sum(received) * fixed
            else:
                usd = sum((n * course.close(settle, bar) for bar, n in zip(bars, received, strict=True)), ZERO)
            yield year, Fraction(sum(received), 10**8), usd / 10**8


def _booked(value: float, places: int, off: float) -> int | None:
    """A figure as a whole number of units of so many decimals; None where it is too near half of one to tell."""
    units: float = value * 10**places
    if abs(abs(units - np.floor(units)) - 0.5) <= off * 10**places + 1e-7:
        return None
    return round(units)
