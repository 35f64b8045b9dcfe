"""The least coins that make a pooled account keep a policy along several paths of prices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, total, up
from rebal.market.pooled import Coin, Counted, Judged, Part, Pool, together
from rebal.market.pooled_path import Path
from rebal.market.pooled_stretches import (
    Line,
    ends_of,
    equity_line,
    fall_of,
    joined,
    moving_on,
    stands_still,
    stretches,
)


def more_needed(pool: Pool, asset: str, *, paths: Sequence[Path], leverage: Fraction) -> Fraction | None:
    """The least coins of one kind, in steps of 1e-8, that make an account keep a policy; None where none do."""
    return Survey.of(pool, paths=paths, leverage=leverage).more_needed(asset)


@dataclass(slots=True)
class _Walk:
    """What of an account moves on one path, coin by coin; the others stand still."""

    path: Path
    moving: Mapping[str, Part]
    found: Sequence[tuple[Fraction, Fraction]] | None = None
    least: Fraction | None = None

    @classmethod
    def of(cls, path: Path, pool: Pool) -> "_Walk":
        return cls(path, {asset: pool.parts[asset] for asset in moving_on(path, pool.moved)})

    def ends(self) -> Sequence[tuple[Fraction, Fraction]]:
        """Where what moves may have the least to spare, and what it has there."""
        if self.found is None:
            parts = list(self.moving.values())
            if len(parts) == 1:
                self.found = ends_of(parts[0], self.path, ONE)
            else:
                walked = joined([stretches(part, self.path, ONE) for part in parts], ZERO, ONE)
                self.found = [end for each in walked for end in each.ends(ONE)]
        return self.found

    @property
    def worst(self) -> Fraction:
        """The least that what moves has to spare."""
        if self.least is None:
            self.least = min(worth for _, worth in self.ends())
        return self.least

    def having(self, asset: str, part: Part) -> "_Walk":
        """The walk with another part in the place of a coin's."""
        if not stands_still(part, self.path):
            return _Walk(self.path, {**self.moving, asset: part})
        if asset not in self.moving:
            return self
        return _Walk(self.path, {each: other for each, other in self.moving.items() if each != asset})

    def beside(self, standing: Fraction) -> Fraction:
        """What stands still has to spare, of ``standing`` of all parts."""
        if len(self.moving) == 1:
            return standing - next(iter(self.moving.values())).spare
        return standing - total(part.spare for part in self.moving.values())

    def falls(self) -> Fraction:
        """What is spare of the parts that move today less the least of each, wherever it is."""
        return total(_fall(part, self.path) for part in self.moving.values())


@dataclass(slots=True)
class Survey:
    """An account and the paths that a policy names, each coin walked once: what it lacks, whatever is brought to it.

    Credit is to be at least initial margin, at least position value over ``leverage``, and to cover maintenance, times
    the venue's level, all along each path, ends included; on none of them a price comes to nothing. ``paid``: fees, by
    coin, before which the first two are tested, so that all of a coin can be hedged with that coin.
    """

    parts: Mapping[str, Part]
    leverage: Fraction
    walks: tuple[_Walk, ...]
    paid: Mapping[str, Fraction] = field(default_factory=dict)
    known: Judged | None = None
    spare: Fraction | None = None
    fallen: Sequence[Fraction] | None = None
    places: Mapping[str, Sequence[int]] | None = None
    needed: dict[str, Fraction | None] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, pool: Pool, *, paths: Sequence[Path], leverage: Fraction) -> "Survey":
        """Walk every path."""
        return cls(pool.parts, leverage, tuple(_Walk.of(path, pool) for path in paths))

    @property
    def judged(self) -> Judged:
        """The account at today's prices."""
        if self.known is None:
            self.known = together(self.parts.values())
        return self.known

    @property
    def standing(self) -> Fraction:
        """Credit above what liquidates at today's prices."""
        if self.spare is None:
            self.spare = total(each.spare for each in self.parts.values())
        return self.spare

    @property
    def falls(self) -> Sequence[Fraction]:
        """By walk, what is spare of the parts that move today less the least of each."""
        if self.fallen is None:
            self.fallen = [walk.falls() for walk in self.walks]
        return self.fallen

    @property
    def moved(self) -> Mapping[str, Sequence[int]]:
        """Which of the walks a coin moves on."""
        if self.places is None:
            found: dict[str, list[int]] = {}
            for n, asset in ((n, asset) for n, walk in enumerate(self.walks) for asset in walk.moving):
                found.setdefault(asset, []).append(n)
            self.places = found
        return self.places

    def before(self, paid: Mapping[str, Fraction]) -> "Survey":
        """The same account, tested for margin and leverage as before it paid some fees."""
        return replace(self, paid=paid)

    def alone(self, asset: str) -> "Survey":
        """One coin with the positions that settle in it, as if nothing else were there."""
        walks = tuple(_Walk(walk.path, {asset: walk.moving[asset]}) for walk in self.walks if asset in walk.moving)
        return Survey({asset: self.parts[asset]}, self.leverage, walks)

    def balance_needed(self, asset: str) -> Fraction | None:
        """The least coins of one kind that are to be there, the others as they are, that keep the policy; kept.

        What is owed in others asks for them though nothing is open: no venue lets go of what backs a debt.
        """
        if asset not in self.needed:
            bare = _bare(self.parts[asset])
            plain = self._plainly_keeps(asset, bare)
            self.needed[asset] = ZERO if plain else self.with_part(asset, bare)._more_needed(asset)
        return self.needed[asset]

    def _plainly_keeps(self, asset: str, part: Part) -> bool:
        """Whether it keeps the policy with other coins in a part, where no path has to be walked to tell.

        On a path no more is lost than all parts lose at their least, each wherever that is. What is enough after fees
        is enough before them.
        """
        was, judged = self.parts[asset], self.judged
        credit, initial = (judged.credit - was.credit + part.credit,
                           judged.initial_margin - was.initial_margin + part.initial_margin)  # fmt: skip
        if credit < max(initial, judged.position_value / self.leverage):
            return False
        standing, fallen = self.standing - was.spare + part.spare, self._falls_with(asset, part)
        return all(standing >= fall for fall in fallen)

    def _falls_with(self, asset: str, part: Part) -> list[Fraction]:
        """What falls on each walk with another part in the place of a coin's that moves as it does."""
        fallen, was = list(self.falls), self.parts[asset]
        for n in self.moved.get(asset, ()):
            fallen[n] += _fall(part, self.walks[n].path) - _fall(was, self.walks[n].path)
        return fallen

    def having(self, asset: str, more: Fraction) -> "Survey":
        """The same account with coins more of a kind: only that coin is walked again."""
        return self.with_part(asset, self.parts[asset].with_more(more))

    def with_part(self, asset: str, part: Part) -> "Survey":
        """The same account with another part in the place of a coin's."""
        parts, was = {**self.parts, asset: part}, self.parts[asset]
        if was.movers != part.movers:
            return Survey(parts, self.leverage, tuple(walk.having(asset, part) for walk in self.walks), self.paid)
        walks = list(self.walks)
        for n in self.moved.get(asset, ()):
            walks[n] = walks[n].having(asset, part)
        fallen = None if self.fallen is None else self._falls_with(asset, part)
        known = self.known and _judged_with(self.known, was, part)
        standing = self.standing - was.spare + part.spare
        return Survey(parts, self.leverage, tuple(walks), self.paid, known, standing, fallen, self.moved)

    def short(self) -> list[Fraction]:
        """Dollars of credit that it lacks for its leverage, today, and on each path: below nothing what it has over."""
        judged, standing = self.judged, self.standing
        lacks = [judged.position_value / self.leverage - judged.credit, -standing]
        for walk, fall in zip(self.walks, self.falls, strict=True):
            if len(walk.moving) == 1:
                lacks.append(fall - standing)
            elif walk.moving:
                lacks.append(-walk.beside(standing) - walk.worst)
        return lacks

    @property
    def lacking(self) -> Fraction:
        """Dollars of credit that it lacks to keep the policy where it lacks most: below nothing what it has over."""
        judged = self._judged_before()
        _, *fallen = self.short()
        return max(max(judged.initial_margin, judged.position_value / self.leverage) - judged.credit, *fallen)

    @property
    def keeps(self) -> bool:
        """Whether it keeps the policy as it stands: nothing more is needed, of whichever coin."""
        if not any(part.open.positions for part in self.parts.values()):
            return True
        judged = self._judged_before()
        if judged.credit < max(judged.initial_margin, judged.position_value / self.leverage):
            return False
        standing = self.standing
        return all(
            standing >= fall or walk.beside(standing) + walk.worst >= 0
            for walk, fall in zip(self.walks, self.falls, strict=True)
        )

    def lifted_by(self, dollars: Fraction) -> bool:
        """Whether dollars could do for what it lacks today, if every one of them counted in full and paid debt."""
        if not any(part.open.positions for part in self.parts.values()):
            return True
        judged = self._judged_before()
        on_debt = next(iter(self.parts.values())).open.rules.initial_on_debt
        lacking = max(judged.initial_margin, judged.position_value / self.leverage) - judged.credit
        return lacking <= dollars * (ONE + on_debt)

    def more_needed(self, asset: str) -> Fraction | None:
        """The least coins of one kind, in steps of 1e-8, that make the account keep the policy; None where none do.

        Where nothing is open none are brought.
        """
        return self._more_needed(asset) if any(part.open.positions for part in self.parts.values()) else ZERO

    def _more_needed(self, asset: str) -> Fraction | None:
        """The same whether anything is open or not.

        Every round adds what the worst point lacks, which is never more than is needed, and so ends on the least.
        """
        added, account = ZERO, self
        while True:
            more = ZERO
            for each in account._lacks(asset):
                if each is None:
                    return None
                more = max(more, each)
            if more <= 0:
                return added
            step = up(more, COIN_STEP)
            added, account = added + step, account.having(asset, step)

    def _lacks(self, asset: str) -> Iterator[Fraction | None]:
        """Coins that each point lacks, were it alone; None where no amount is enough."""
        part = self.parts[asset]
        yield from self._lacks_today(part)
        standing = self.standing
        on_debt = part.open.rules.level * part.open.rules.maintenance_on_debt
        for walk, fall in zip(self.walks, self.falls, strict=True):
            if standing >= fall:
                continue
            beside = walk.beside(standing)
            if beside + walk.worst >= 0:
                continue
            if asset not in walk.moving:
                yield _coins_for(-beside - walk.worst, part, on_debt=on_debt)
                continue
            short = [(t, beside + worth) for t, worth in walk.ends() if beside + worth < 0]
            price, equity = part.coin.price, equity_line(part, walk.path)
            prices = Line(price, price * walk.path.get(asset, ZERO))
            for t, worth in short:
                at = prices.at(t)
                more = _worth_for(-worth, part.coin, at, equity.at(t), on_debt=on_debt)
                yield None if more is None else more / at

    def _lacks_today(self, part: Part) -> Iterator[Fraction | None]:
        judged, on_debt = self._judged_before(), part.open.rules.initial_on_debt
        part = part.with_more(self.paid[part.coin.asset]) if part.coin.asset in self.paid else part
        yield _coins_for(judged.initial_margin - judged.credit, part, on_debt=on_debt)
        yield _coins_for(judged.position_value / self.leverage - judged.credit, part, on_debt=ZERO)

    def _judged_before(self) -> Judged:
        """The account at today's prices, before it paid its fees."""
        if not self.paid:
            return self.judged
        had = {asset: each.with_more(self.paid[asset]) for asset, each in self.parts.items() if asset in self.paid}
        return together(tuple({**self.parts, **had}.values()))


def _bare(part: Part) -> Part:
    """The positions of a part without the coins that are there; kept by the part."""
    kept: dict[str, Part] = part.__dict__
    if "bare" not in kept:
        kept["bare"] = part.with_more(-part.coin.balance)
    return kept["bare"]


def _fall(part: Part, path: Path) -> Fraction:
    """What a part has to spare today less the least that it has on a path."""
    fall = fall_of(part, path, ONE)
    assert fall is not None  # no price of a policy's paths comes to nothing
    return fall


def _judged_with(judged: Judged, was: Part, part: Part) -> Judged:
    """An account with another part in the place of a coin's."""
    coin, debts = part.coin, {asset: owed for asset, owed in judged.debts.items() if asset != part.coin.asset}
    return Judged(
        judged.equity + (part.equity - was.equity) * coin.price,
        judged.credit - was.credit + part.credit,
        judged.initial_margin - was.initial_margin + part.initial_margin,
        judged.maintenance_margin - was.maintenance_margin + part.maintenance_margin,
        judged.position_value - was.open.value + part.open.value,
        {**debts, coin.asset: part.debt} if part.debt else debts,
    )


def _coins_for(lacking: Fraction, part: Part, *, on_debt: Fraction) -> Fraction | None:
    """Coins more that bring dollars of credit at today's price."""
    price = part.coin.price
    more = _worth_for(lacking, part.coin, price, part.equity * price, on_debt=on_debt)
    return None if more is None else more / price


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
