"""A pooled account along a straight path of prices: where it is liquidated, and what it lacks to come through.

On the path every price is ``P·(1 + s·t)``, marks keeping their ratio to the index. A coin's equity in dollars,
``P·(W + Σ n·V/e)·(1 + s·t) - Σ n·V·P/m``, is then a straight line in ``t``. Credit bends where an equity crosses zero
or the edge of a slice, maintenance where a position crosses a tier. Between two such breaks what is to spare is a line,
or bends downwards where a rate grows with the size; so its zeros are found stretch by stretch, and an end of a stretch
is the least of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, total, up
from rebal.frozen import frozen
from rebal.market.contract import Kind
from rebal.market.pieces import Piece, piece_at
from rebal.market.pooled import Coin, Counted, Levered, Pool, judge, requirement_pieces, settle

Path = Mapping[str, Fraction]
"""How far each price moves over the whole of a path, as fractions of today's; what it does not name stands still."""

_GRAIN = 1 << 160


@frozen
class Levels:
    """Shares ``t`` of a path, ascending, at which an account becomes due or is covered again.

    ``due_now``: it is due at today's prices. Where it is not, the first of the shares is where it is liquidated.
    """

    crossings: tuple[Fraction, ...]
    due_now: bool

    @property
    def first(self) -> Fraction | None:
        """Where on the path it is liquidated: 0 where it is due now, None where it never is."""
        if self.due_now:
            return ZERO
        return self.crossings[0] if self.crossings else None


def levels(pool: Pool, path: Path) -> Levels:
    """Where maintenance, times the venue's level, reaches credit on a path that goes on until a price is nothing.

    1 BTC at ratio 98 % that margins a long of 60,000 USD of ETHUSD is liquidated where both have fallen to
    606,000/991,637 of today's prices; a short that wins can end an account too, where the coins that it earned outgrow
    the last slice that counts.
    """
    if not pool.positions and all(coin.balance >= 0 for coin in pool.coins):
        return Levels((), due_now=False)
    last = min((-1 / step for step in path.values() if step < 0), default=None)
    stretches = _stretches(pool, path, last)
    found = {zero for each in stretches for zero in each.zeros() if zero > 0}
    for before, after in pairwise(stretches):
        left, right = before.spare(after.start), after.spare(after.start)
        if (left > 0) is not (right > 0):
            found.add(after.start)
    return Levels(tuple(sorted(zero for zero in found if last is None or zero < last)), due_now=is_due(pool))


def is_due(pool: Pool) -> bool:
    """Whether maintenance, times the venue's level, has reached credit at today's prices."""
    judged = judge(pool)
    return judged.maintenance_margin * pool.rules.level >= judged.credit


def least_spare(pool: Pool, path: Path) -> Fraction:
    """The least dollars that credit has above what liquidates, from today's prices to the end of a path."""
    return min(worth for each in _stretches(pool, path, ONE) for _, worth in each.ends(ONE))


def more_needed(pool: Pool, asset: str, *, paths: Sequence[Path], leverage: Fraction) -> Fraction | None:
    """The least coins of one kind, in steps of 1e-8, that make an account keep a policy; None where none do.

    Credit is to be at least initial margin, at least position value over ``leverage``, and to cover maintenance, times
    the venue's level, all along each path, ends included. Every round adds what the worst point lacks, which is never
    more than is needed, and so ends on the least.
    """
    added, pieces = ZERO, _pieces(pool)
    while True:
        more = _lacking(_with_more(pool, asset, added), asset, paths, leverage=leverage, pieces=pieces)
        if more is None or more <= 0:
            return None if more is None else added
        added += up(more, COIN_STEP)


def _lacking(
    pool: Pool, asset: str, paths: Sequence[Path], *, leverage: Fraction, pieces: "_Pieces"
) -> Fraction | None:
    judged, rules = judge(pool), pool.rules
    coin = next(each for each in pool.coins if each.asset == asset)
    equity = coin.balance + total(each.held.unrealised_pnl for each in pool.positions if settle(each) == asset)
    worth = equity * coin.price
    now = [
        _worth_for(judged.initial_margin - judged.credit, coin, coin.price, worth, on_debt=rules.initial_on_debt),
        _worth_for(judged.position_value / leverage - judged.credit, coin, coin.price, worth, on_debt=ZERO),
    ]
    lacks = [None if each is None else each / coin.price for each in now]
    on_debt = rules.level * rules.maintenance_on_debt
    for path in paths:
        account = _Account.of(pool, path, pieces)
        for stretch in account.stretches(ONE):
            for t, spare in stretch.ends(ONE):
                price = coin.price * (ONE + path.get(asset, ZERO) * t)
                more = _worth_for(-spare, coin, price, account.equities[asset].at(t), on_debt=on_debt)
                lacks.append(None if more is None else more / price)
    known = [each for each in lacks if each is not None]
    return max(known) if len(known) == len(lacks) else None


def _worth_for(
    lacking: Fraction, coin: Coin, price: Fraction, worth: Fraction, *, on_debt: Fraction
) -> Fraction | None:
    """Dollars of a coin to add to what there are of it, at a price, that bring dollars of credit; None: none do.

    Below nothing a dollar counts in full, and lifts the margin on the debt besides.
    """
    if lacking <= 0:
        return ZERO
    added, at = ZERO, worth
    if at < 0:
        most = -at * (ONE + on_debt)
        if most >= lacking:
            return lacking / (ONE + on_debt)
        lacking, added, at = lacking - most, -at, ZERO
    unit = price if coin.collateral.counted is Counted.COINS else ONE
    for each in coin.collateral.slices:
        top = None if each.up_to is None else each.up_to * unit
        if top is not None and top <= at:
            continue
        if each.ratio and (top is None or (top - at) * each.ratio >= lacking):
            return added + lacking / each.ratio
        if top is None:
            return None
        lacking, added, at = lacking - (top - at) * each.ratio, added + top - at, top
    return None


def _with_more(pool: Pool, asset: str, more: Fraction) -> Pool:
    coins = tuple(
        Coin(each.asset, each.price, each.balance + more, each.collateral) if each.asset == asset else each
        for each in pool.coins
    )
    return Pool(pool.rules, coins, pool.positions)


@frozen
class _Line:
    """``constant + slope·t``."""

    constant: Fraction
    slope: Fraction

    def at(self, t: Fraction) -> Fraction:
        return self.constant + self.slope * t

    def times(self, factor: Fraction) -> "_Line":
        return _Line(self.constant * factor, self.slope * factor)

    def less(self, other: "_Line") -> "_Line":
        return _Line(self.constant - other.constant, self.slope - other.slope)

    def zero(self) -> Fraction | None:
        return -self.constant / self.slope if self.slope else None


@dataclass(slots=True)
class _Stretch:
    """What is to spare between two breaks: a line, less ``square·t²``, less ``C/(1 + s·t)`` for each pole."""

    start: Fraction
    end: Fraction | None
    constant: Fraction
    slope: Fraction
    square: Fraction
    poles: dict[Fraction, Fraction]

    def spare(self, t: Fraction) -> Fraction:
        straight = self.constant + t * (self.slope - t * self.square)
        return straight - total(at / (ONE + s * t) for s, at in self.poles.items())

    def ends(self, last: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
        for t in (self.start, last if self.end is None else self.end):
            yield t, self.spare(t)

    def zeros(self) -> Iterator[Fraction]:
        return (t for t in self._roots() if self.start <= t and (self.end is None or t <= self.end))

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
        while self.spare(end) > 0 and not (self.slope >= 0 and not self.square) and end < _GRAIN:
            end *= 2
        return end


def _halving(low: Fraction, high: Fraction, holds: Callable[[Fraction], bool]) -> Fraction:
    """The last multiple of 2^-160 on the way up at which something still holds, as it does from ``low`` on."""
    while high - low > Fraction(2, _GRAIN):
        middle = Fraction(int((low + high) / 2 * _GRAIN), _GRAIN)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


_Pieces = tuple[tuple[Levered, tuple[Piece, ...]], ...]


def _pieces(pool: Pool) -> _Pieces:
    """What each position requires, whatever the path."""
    return tuple((each, requirement_pieces(each, pool.rules)) for each in pool.positions)


@dataclass(slots=True)
class _Account:
    """An account on a path: prices and equities of its coins in dollars, as lines, and what positions require."""

    pool: Pool
    path: Path
    prices: dict[str, _Line]
    equities: dict[str, _Line]
    pieces: _Pieces

    @classmethod
    def of(cls, pool: Pool, path: Path, pieces: _Pieces) -> "_Account":
        prices = {coin.asset: _Line(coin.price, coin.price * path.get(coin.asset, ZERO)) for coin in pool.coins}
        equities = {coin.asset: prices[coin.asset].times(coin.balance) for coin in pool.coins}
        for each in pool.positions:
            coin = settle(each)
            gained = _gained(each, path, prices[coin])
            equities[coin] = equities[coin].less(gained.times(-ONE))
        return cls(pool, path, prices, equities, pieces)

    def stretches(self, last: Fraction | None) -> list[_Stretch]:
        inside = sorted({t for t in self._breaks() if t > 0 and (last is None or t < last)})
        bounds: list[Fraction | None] = [ZERO, *inside, last]
        return [self._stretch(start, end) for start, end in pairwise(bounds) if start is not None]

    def _breaks(self) -> Iterator[Fraction]:
        for coin in self.pool.coins:
            equity = self.equities[coin.asset]
            edges = [self._edge(coin, each.up_to) for each in coin.collateral.slices if each.up_to is not None]
            yield from (zero for edge in (_Line(ZERO, ZERO), *edges) if (zero := equity.less(edge).zero()) is not None)
        for each, pieces in self.pieces:
            step = self._step(each)
            bounds = [piece.until for piece in pieces if piece.until is not None]
            inverse = each.held.contract.kind is Kind.INVERSE
            yield from (((1 / bound if inverse else bound) - ONE) / step for bound in bounds if step)

    def _edge(self, coin: Coin, edge: Fraction) -> _Line:
        return self.prices[coin.asset].times(edge) if coin.collateral.counted is Counted.COINS else _Line(edge, ZERO)

    def _step(self, position: Levered) -> Fraction:
        return self.path.get(position.held.contract.asset, ZERO)

    def _stretch(self, start: Fraction, end: Fraction | None) -> _Stretch:
        inside = start + ONE if end is None else (start + end) / 2
        found = _Stretch(start, end, ZERO, ZERO, ZERO, {})
        for coin in self.pool.coins:
            line = self._credit(coin, inside)
            found.constant, found.slope = found.constant + line.constant, found.slope + line.slope
        for each, pieces in self.pieces:
            self._require(found, each, pieces, inside)
        return found

    def _credit(self, coin: Coin, inside: Fraction) -> _Line:
        """A coin's credit, less what the margin on a debt in it asks, where the path is ``inside`` a stretch."""
        equity, rules = self.equities[coin.asset], self.pool.rules
        if equity.at(inside) <= 0:
            return equity.times(ONE + rules.level * rules.maintenance_on_debt)
        counted, floor = _Line(ZERO, ZERO), _Line(ZERO, ZERO)
        for each in coin.collateral.slices:
            edge = None if each.up_to is None else self._edge(coin, each.up_to)
            ends_here = edge is None or edge.at(inside) >= equity.at(inside)
            top = equity if edge is None or ends_here else edge
            counted = counted.less(floor.less(top).times(each.ratio))
            if ends_here:
                break
            floor = top
        return counted

    def _require(self, found: _Stretch, position: Levered, pieces: Sequence[Piece], inside: Fraction) -> None:
        """Take a position's maintenance, times the venue's level, from what is to spare."""
        step, price = self._step(position), self.prices[settle(position)].constant * self.pool.rules.level
        factor = ONE + step * inside
        if position.held.contract.kind is Kind.INVERSE:
            piece = piece_at(pieces, 1 / factor)
            found.constant -= price * (piece.constant + piece.linear)
            found.slope -= price * piece.constant * step
            if piece.quadratic:
                found.poles[step] = found.poles.get(step, ZERO) + price * piece.quadratic
            return
        piece = piece_at(pieces, factor)
        found.constant -= price * (piece.constant + piece.linear + piece.quadratic)
        found.slope -= price * step * (piece.linear + 2 * piece.quadratic)
        found.square += price * piece.quadratic * step * step


def _gained(position: Levered, path: Path, price: _Line) -> _Line:
    """Unrealised PnL in dollars: ``P·n·V/e - n·V·P/m`` of an inverse contract, ``P·n·V·(k·m - e)`` of a linear one."""
    held, contract = position.held, position.held.contract
    size = held.contracts * contract.multiplier
    if contract.kind is Kind.INVERSE:
        entered = price.times(size / held.entry_price)
        return _Line(entered.constant - size * price.constant / held.mark_price, entered.slope)
    step = path.get(contract.asset, ZERO)
    return _Line(held.unrealised_pnl, size * held.mark_price * step).times(price.constant)


def _stretches(pool: Pool, path: Path, last: Fraction | None) -> list[_Stretch]:
    return _Account.of(pool, path, _pieces(pool)).stretches(last)
