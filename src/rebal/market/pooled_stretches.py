"""One coin of a pooled account, with the positions that settle in it, along a path of prices: stretch by stretch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.market.contract import Kind
from rebal.market.piecewise import Piece, piece_at
from rebal.market.pooled import Coin, Counted, Levered, Part

_GRAIN = 1 << 160


@frozen
class Line:
    """``constant + slope·t``."""

    constant: Fraction
    slope: Fraction

    def at(self, t: Fraction) -> Fraction:
        """The value at t."""
        return self.constant + self.slope * t

    def meets(self, other: "Line") -> Fraction | None:
        """Where it has the value of another; None where they run alongside."""
        slope = self.slope - other.slope
        return (other.constant - self.constant) / slope if slope else None


@dataclass(slots=True)
class Stretch:
    """What is to spare between two breaks: a line, less ``square·t²``, less ``C/(1 + s·t)`` for each pole."""

    start: Fraction
    end: Fraction | None
    constant: Fraction
    slope: Fraction
    square: Fraction
    poles: dict[Fraction, Fraction]

    def spare(self, t: Fraction) -> Fraction:
        """The value at t."""
        straight = self.constant + t * ((self.slope - t * self.square) if self.square else self.slope)
        return straight - total(at / (ONE + s * t) for s, at in self.poles.items()) if self.poles else straight

    def ends(self, last: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
        """Both ends with their values; ``last``: the end of one that has none."""
        for t in (self.start, last if self.end is None else self.end):
            yield t, self.spare(t)

    def zeros(self) -> Iterator[Fraction]:
        """Where nothing is to spare."""
        return (t for t in self._roots() if self.start <= t and (self.end is None or t <= self.end))

    def add(self, other: "Stretch", *, times: int = 1) -> None:
        """Add what another has to spare, or take it away again."""
        self.constant += times * other.constant
        self.slope += times * other.slope
        self.square += times * other.square
        for s, at in other.poles.items():
            self.poles[s] = self.poles.get(s, ZERO) + times * at

    def _roots(self) -> tuple[Fraction, ...]:
        if not self.poles:
            return Piece(None, self.constant, self.slope, -self.square).roots(ZERO)
        if len(self.poles) == 1 and not self.square:
            ((s, at),) = self.poles.items()
            return Piece(None, self.constant - at, self.slope + self.constant * s, self.slope * s).roots(ZERO)
        return self._halved()

    def _rises(self, t: Fraction) -> bool:
        poles = total(at * s / (ONE + s * t) ** 2 for s, at in self.poles.items())
        return self.slope - 2 * self.square * t + poles > 0

    def _halved(self) -> tuple[Fraction, ...]:
        """Several rates that grow with the size, on prices that move apart: no closed form, so halved to 2^-160."""
        start, end = self.start, self._far_end()
        peak = _halving(start, end, self._rises)
        falls = () if self.spare(end) > 0 else (_halving(peak, end, lambda t: self.spare(t) > 0),)
        rises = () if self.spare(start) > 0 else (_halving(start, peak, lambda t: self.spare(t) <= 0),)
        return (*rises, *falls) if self.spare(peak) > 0 else ()

    def _far_end(self) -> Fraction:
        """The end, or just before it where a price is nothing there; without one, where it falls below nothing."""
        if self.end is not None:
            at_nothing = any(ONE + s * self.end == 0 for s in self.poles)
            return self.end - (self.end - self.start) / _GRAIN if at_nothing else self.end
        end = self.start + ONE
        while (self.slope < 0 or self.square) and self.spare(end) > 0:
            end *= 2
        return end


def _halving(low: Fraction, high: Fraction, holds: Callable[[Fraction], bool]) -> Fraction:
    """The last multiple of 2^-160 on the way up at which something still holds, as it does from ``low`` on."""
    while high - low > Fraction(2, _GRAIN):
        middle = Fraction(int((low + high) / 2 * _GRAIN), _GRAIN)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


def stands_still(part: Part, path: Mapping[str, Fraction]) -> bool:
    """Whether nothing of a part moves on a path."""
    return not any(path.get(asset) for asset in part.movers)


def moving_on(path: Mapping[str, Fraction], moved: Mapping[str, Sequence[str]]) -> list[str]:
    """The coins whose parts move on a path, each once; ``moved``: by asset, the coins that move with it."""
    return list(dict.fromkeys(coin for asset, step in path.items() if step for coin in moved.get(asset, ())))


def equity_line(part: Part, path: Mapping[str, Fraction]) -> Line:
    """A coin's equity on a path, in dollars.

    Of inverse contracts ``P·n·V/e - n·V·P/m`` is gained, of linear ones ``P·n·V·(k·m - e)``, ``P`` standing still.
    """
    coin, price = part.coin, part.coin.price
    constant, slope = price * part.equity, price * path.get(coin.asset, ZERO) * coin.balance
    for each in part.open.positions:
        held, contract = each.held, each.held.contract
        size = held.contracts * contract.multiplier * price
        if contract.kind is Kind.INVERSE:
            slope += size / held.entry_price * path.get(coin.asset, ZERO)
        else:
            slope += size * held.mark_price * path.get(contract.asset, ZERO)
    return Line(constant, slope)


def stretches(part: Part, path: Mapping[str, Fraction], last: Fraction | None) -> Sequence[Stretch]:
    """What a part has to spare on a path, between one break and the next, up to its ``last`` share (None: no end).

    Kept by the part: paths that move it alike are one to it.
    """
    kept: dict[tuple[Fraction | None, ...], Sequence[Stretch]] = part.__dict__.setdefault("stretches", {})
    way = (last, *(path.get(asset, ZERO) for asset in part.movers))
    if way not in kept:
        kept[way] = _stretches(part, path, last)
    return kept[way]


def ends_of(part: Part, path: Mapping[str, Fraction], last: Fraction | None) -> Sequence[tuple[Fraction, Fraction]]:
    """Where a part may have the least to spare on a path, and what it has there; kept as its stretches are.

    None at all where it may fall on and on: on a path without an end, or towards a price of nothing.
    """
    kept: dict[tuple[Fraction | None, ...], Sequence[tuple[Fraction, Fraction]]]
    kept = part.__dict__.setdefault("ends", {})
    way = (last, *(path.get(asset, ZERO) for asset in part.movers))
    if way not in kept:
        walked = stretches(part, path, last)
        known = not _falls_on(walked[-1])
        kept[way] = [each for one in walked for each in one.ends(last or one.start)] if known else ()
    return kept[way]


def fall_of(part: Part, path: Mapping[str, Fraction], last: Fraction | None) -> Fraction | None:
    """What a part has to spare today less the least that it has on a path; None where that is not known. Kept too."""
    kept: dict[tuple[Fraction | None, ...], Fraction | None] = part.__dict__.setdefault("falls", {})
    way = (last, *(path.get(asset, ZERO) for asset in part.movers))
    if way not in kept:
        ends = ends_of(part, path, last)
        kept[way] = part.spare - min(worth for _, worth in ends) if ends else None
    return kept[way]


def _falls_on(end: Stretch) -> bool:
    if end.end is None:  # no price falls on such a path, and so no pole grows
        return end.slope < 0 or bool(end.square)
    return any(ONE + s * end.end == 0 for s in end.poles)


def _stretches(part: Part, path: Mapping[str, Fraction], last: Fraction | None) -> Sequence[Stretch]:
    equity, edges = equity_line(part, path), _edges(part.coin, path)
    breaks = (*(equity.meets(edge) for edge in (Line(ZERO, ZERO), *edges)), *_bounds(part, path))
    inside = sorted({t for t in breaks if t is not None and t > 0 and (last is None or t < last)})
    bounds: list[Fraction | None] = [ZERO, *inside, last]
    found = []
    for start, end in pairwise(bounds):
        assert start is not None
        within = start + ONE if end is None else (start + end) / 2
        line = _credit(part, equity, edges, within=within)
        stretch = Stretch(start, end, line.constant, line.slope, ZERO, {})
        for each, pieces in part.open.requirements:
            _require(stretch, each, pieces, part=part, step=path.get(each.held.contract.asset, ZERO), within=within)
        found.append(stretch)
    return found


def joined(parts: Sequence[Sequence[Stretch]], standing: Fraction, last: Fraction | None) -> list[Stretch]:
    """What parts have to spare together, and what stands still beside them."""
    here = Stretch(ZERO, last, standing, ZERO, ZERO, {})
    changes: dict[Fraction, list[tuple[Stretch, Stretch]]] = {}
    for walked in parts:
        here.add(walked[0])
        for before, after in pairwise(walked):
            changes.setdefault(after.start, []).append((before, after))
    found, start = [], ZERO
    for end in sorted(changes):
        found.append(Stretch(start, end, here.constant, here.slope, here.square, dict(here.poles)))
        for before, after in changes[end]:
            here.add(before, times=-1)
            here.add(after)
        start = end
    return [*found, Stretch(start, last, here.constant, here.slope, here.square, dict(here.poles))]


def _edges(coin: Coin, path: Mapping[str, Fraction]) -> tuple[Line, ...]:
    """Where each slice that ends does, in dollars."""
    ends = (each.up_to for each in coin.collateral.slices if each.up_to is not None)
    if coin.collateral.counted is Counted.USD:
        return tuple(Line(end, ZERO) for end in ends)
    return tuple(Line(end * coin.price, end * coin.price * path.get(coin.asset, ZERO)) for end in ends)


def _bounds(part: Part, path: Mapping[str, Fraction]) -> Iterator[Fraction]:
    """Where a position crosses a tier."""
    for each, pieces in part.open.requirements:
        step = path.get(each.held.contract.asset, ZERO)
        inverse = each.held.contract.kind is Kind.INVERSE
        if step:
            ends = (piece.until for piece in pieces if piece.until is not None)
            yield from (((1 / end if inverse else end) - ONE) / step for end in ends)


def _credit(part: Part, equity: Line, edges: Sequence[Line], *, within: Fraction) -> Line:
    """A coin's credit, less what the margin on a debt in it asks, in the stretch that holds a share of the path."""
    here, rules = equity.at(within), part.open.rules
    if here <= 0:
        factor = ONE + rules.level * rules.maintenance_on_debt
        return Line(equity.constant * factor, equity.slope * factor)
    constant = slope = ZERO
    floor = Line(ZERO, ZERO)
    for each, edge in zip_longest(part.coin.collateral.slices, edges):
        is_last = edge is None or edge.at(within) >= here
        top = equity if is_last else edge
        constant += (top.constant - floor.constant) * each.ratio
        slope += (top.slope - floor.slope) * each.ratio
        if is_last:
            break
        floor = top
    return Line(constant, slope)


def _require(
    stretch: Stretch, position: Levered, pieces: Sequence[Piece], *, part: Part, step: Fraction, within: Fraction
) -> None:
    """Take a position's maintenance, times the venue's level, from what is to spare."""
    price, factor = part.coin.price * part.open.rules.level, ONE + step * within
    if position.held.contract.kind is Kind.INVERSE:
        piece = piece_at(pieces, 1 / factor)
        stretch.constant -= price * (piece.constant + piece.linear)
        stretch.slope -= price * piece.constant * step
        if piece.quadratic:
            stretch.poles[step] = stretch.poles.get(step, ZERO) + price * piece.quadratic
        return
    piece = piece_at(pieces, factor)
    stretch.constant -= price * (piece.constant + piece.linear + piece.quadratic)
    stretch.slope -= price * step * (piece.linear + 2 * piece.quadratic)
    stretch.square += price * piece.quadratic * step * step
