"""What a book is worth at the checks ahead, and how much of it moves with each asset: in floats, all assets at once."""

import numpy as np

from rebal.amounts import ZERO, Fraction
from rebal.book import Part, Position, Purpose
from rebal.market.contract import Kind
from rebal.planner.exposure import beta
from rebal.policy import Sizing
from rebal.portfolio import DOLLARS, Portfolio
from rebal.replay.outlook import STEPS, Floats, marked, pnl
from rebal.replay.stretch import Stretch

_NEAR = 1e-9
_OFF = 1e-12
_ROUNDING = 2.3e-16


class Weights:
    """The value of a book at the checks of a stretch.

    ``equity`` in USD; ``exposures`` a row an asset, without the dollars' own; ``dollars``: what is left of the equity.
    ``off``: how large what is summed is, which tells how far the sums may be off.
    """

    def __init__(self, stretch: Stretch, assets: tuple[str, ...]) -> None:
        self.stretch, self.assets = stretch, assets
        self._row = {asset: n for n, asset in enumerate(assets)}
        prices = stretch.figures.matrix(assets, stretch.laid)[:, stretch.at]
        self._prices, self._legs = prices, np.zeros_like(prices)
        self._straight = np.zeros((len(assets), 1))
        coins, self._fixed = self._coins(), np.zeros((len(assets), 1))
        self._cash, self.off = self._held_in_dollars()
        for position in stretch.positions:
            self._open(position)
        # purposes that cancel out leave a net of nothing, and stand in for what they did
        for part, position in ((part, each) for each in stretch.book.positions.values() for part in each.parts):
            self._stand_in(part, position)
        coins = coins + self._straight
        worth = prices * coins + self._fixed
        self.off = self.off + (prices * np.abs(coins)).sum(axis=0) + 2 * np.abs(self._fixed).sum(axis=0)
        self.equity: Floats = worth.sum(axis=0) + self._cash
        self.exposures: Floats = worth + self._legs
        self.dollars: Floats = self.equity - self.exposures.sum(axis=0)
        self.off = self.off + np.abs(self._legs).sum(axis=0)

    @property
    def is_lost(self) -> Floats:
        """Whether there may be no equity left to weigh by."""
        found: Floats = self.equity <= self.off * _NEAR
        return found

    def drifts(self, laid: Portfolio) -> Floats:
        """Whether a weight may be outside its band."""
        assert laid.targets is not None
        wanted = [laid.targets.get(asset, ZERO) for asset in self.assets]
        targets, widths = (_column(each) for each in (wanted, [laid.policy.band.width(each) for each in wanted]))
        off = np.abs(self.exposures - targets * self.equity)
        found: Floats = (off >= widths * self.equity * (1 - _NEAR) - self.off * _OFF).any(axis=0)
        return found

    @property
    def error(self) -> Floats:
        """How far the equity, or an exposure, may be off: so many roundings of what is summed."""
        found: Floats = self.off * (len(self.assets) + len(self.stretch.positions) + 16) * _ROUNDING
        return found

    def shares(self, told: int) -> tuple[tuple[str, ...], Floats, Floats]:
        """Weights at the first checks, a row an asset and the last the dollars', and how far each may be off."""
        equity, error = self.equity[:told], self.error[:told]
        with np.errstate(all="ignore"):
            rows = np.vstack([self.exposures[:, :told], self.dollars[:told]]) / equity
            return (*self.assets, DOLLARS), rows, (1 + np.abs(rows)) * (error / equity + _ROUNDING)

    def _coins(self) -> Floats:
        """Coins held at each check, with what funding brought."""
        held, stretch = self.stretch.book.holdings, self.stretch
        owned = _column([held.get(asset, ZERO) for asset in self.assets])
        received = np.zeros_like(self._prices)
        for position in stretch.positions:
            row = self._row.get(position.contract.settle)
            if row is not None:
                received[row] += stretch.received_by_checks(position.contract.name)
        return owned + received / STEPS

    def _held_in_dollars(self) -> tuple[Floats, Floats]:
        stretch, laid = self.stretch, self.stretch.laid
        dollars: Floats = np.zeros(self._prices.shape[1])
        size = dollars
        settles = {each.contract.settle for each in stretch.positions}
        for asset in sorted({*stretch.book.holdings, *settles}):
            if (asset in laid.cash or asset == DOLLARS) and asset not in laid.aside:
                names = [each.contract.name for each in stretch.positions if each.contract.settle == asset]
                owned = float(stretch.book.holdings.get(asset, ZERO))
                worth = (owned + stretch.received(names, stretch.at) / STEPS) * self._price(asset)
                dollars, size = dollars + worth, size + np.abs(worth)
        return dollars, size

    def _price(self, asset: str) -> Floats:
        stretch = self.stretch
        if asset in stretch.quotes.course.tracks:
            return stretch.figures.closes(asset)[stretch.at]
        return float(stretch.laid.price(asset))

    def _open(self, position: Position) -> None:
        """Count what a position is worth."""
        contract, stretch = position.contract, self.stretch
        size = float(position.contracts * contract.multiplier)
        row, steady = self._row.get(contract.settle), not stretch.quotes.is_marked(contract)
        if contract.kind is Kind.INVERSE and steady and row is not None:
            # S·n·V·(1/Pe - 1/P), and P is S times what never changes
            self._straight[row] += size / float(position.entry_price)
            self._fixed[row] -= size / float(stretch.quotes.ratio(contract, 0))
        else:
            self._gain(position, row)

    def _gain(self, position: Position, row: int | None) -> None:
        contract, laid = position.contract, self.stretch.laid
        marks = self._marks(position)
        gained = pnl(contract, position.contracts, position.entry_price, marks=marks)
        spread = float(abs(position.contracts * contract.multiplier))
        self.off = self.off + 2 * (spread if contract.kind is Kind.INVERSE else spread * marks)
        if contract.settle in laid.cash:
            self._cash = self._cash + gained * self._price(contract.settle)
        elif row is not None:
            self._fixed = self._fixed + np.zeros_like(self._prices)
            self._fixed[row] += gained * self._prices[row]

    def _stand_in(self, part: Part, position: Position) -> None:
        contract, laid = position.contract, self.stretch.laid
        row = self._row.get(part.stands_for)
        if part.purpose is not Purpose.REBALANCE or part.stands_for in laid.aside or row is None:
            return
        usd: Floats = float(part.contracts * contract.multiplier)
        coin = laid.policy.sizing is Sizing.COIN
        if contract.kind is Kind.LINEAR or coin:
            mark, settle = self._marks(position), self._price(contract.settle) if contract.kind is Kind.LINEAR else 1.0
            usd = usd * mark * settle if contract.kind is Kind.LINEAR else usd
            usd = usd * self._price(contract.asset) / (mark * settle) if coin else usd
        self._legs[row] += usd / float(beta(part.stands_for, contract, laid))

    def _marks(self, position: Position) -> Floats:
        at = self.stretch.at
        bars = np.arange(at.start, at.stop, at.step)
        return marked(position.contract, self.stretch.quotes, self.stretch.figures, bars=bars)


def _column(values: list[Fraction]) -> Floats:
    return np.array([float(each) for each in values]).reshape(-1, 1)


def booked(values: Floats, places: int, error: Floats) -> tuple[Floats, Floats]:
    """Figures as whole numbers of units of so many decimals, and which are too near half of one to tell."""
    units = values * 10**places
    with np.errstate(invalid="ignore"):
        unsure = ~(np.abs(np.abs(units - np.floor(units)) - 0.5) > error * 10**places + 1e-7)
        return np.rint(units).astype(np.int64), unsure
