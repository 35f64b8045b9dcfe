"""How many contracts a hedge trades, against a twin that tries lot after lot and counts by the definitions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

from hypothesis import example, given
from hypothesis import strategies as st

from drawn import among
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, up
from rebal.book import Part, Position, Purpose
from rebal.market.contract import Contract
from rebal.planner.candidates import Candidate
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.hedge_legs import Ask, Tally, in_turn
from rebal.planner.sizing import LeftOut
from rebal.policy import Route, Sizing
from rebal.portfolio import Portfolio

from .given import NOW, inverse, linear, policy, portfolio

F = Fraction
INDEX = {"BTC": 40000, "DOT": 5}
BETA = F(5, 4)
Parts = Mapping[str, tuple[int, int]]
"""Signed lots and what they were entered at, by the asset that they protect."""


@dataclass(frozen=True)
class Line:
    """A contract on BTC: what is open of it, what of that protects, and at which mark.

    ``lot``: contracts, of ``worth`` dollars at the entry of today, a lot; ``others``: signed lots that protect nothing.
    ``odd``: contracts of each part beyond whole lots. ``least``: lots of the least order that the venue takes.
    """

    name: str
    is_inverse: bool
    lot: Fraction
    worth: int
    days: int | None
    mark: int
    fee: Fraction
    parts: Parts
    others: int
    entry: int
    odd: Fraction
    least: int

    @cached_property
    def contract(self) -> Contract:
        one = F(self.worth) / self.lot
        if not self.is_inverse:
            made = linear("BTC", str(one / self.mark), fee=str(self.fee))
            return replace(made, name=self.name, lot_size=self.lot, min_contracts=self.least * self.lot)
        expiry = None if self.days is None else NOW + timedelta(days=self.days)
        return inverse(
            "BTC",
            str(one),
            name=self.name,
            lot=str(self.lot),
            fee=str(self.fee),
            minimum=str(self.least * self.lot),
            expiry=expiry,
        )

    def coins(self, contracts: Fraction, price: int) -> Fraction:
        """Coins that contracts stand for, as they were entered."""
        dollars = contracts * self.worth / self.lot
        return dollars / price if self.is_inverse else dollars / self.mark

    def gained(self, contracts: Fraction, price: int) -> Fraction:
        """Coins that contracts have gained since they were entered; linear ones gain dollars."""
        return contracts * self.worth / self.lot * (F(1, price) - F(1, self.mark)) if self.is_inverse else ZERO

    @property
    def held(self) -> dict[str, tuple[Fraction, int]]:
        """Contracts that protect each asset, some of them by a part of a lot more."""
        return {asset: (n * self.lot + (self.odd if n > 0 else -self.odd), at) for asset, (n, at) in self.parts.items()}

    @property
    def net(self) -> Fraction:
        return sum((n for n, _ in self.held.values()), self.others * self.lot)

    def position(self) -> Position | None:
        other = Part(Purpose.REBALANCE, self.others * self.lot, F(self.entry), "BTC")
        parts = [Part(Purpose.HEDGE, n, F(at), asset) for asset, (n, at) in self.held.items()]
        parts = [*([other] if self.others else ()), *parts]
        return Position(self.contract, self.net, F(self.entry), None, tuple(parts)) if self.net else None


@dataclass(frozen=True)
class Asked:
    """Fractions (or coins) asked of assets, what is there, the line that opens, and those on which hedges may stay."""

    lines: tuple[Line, ...]
    opening: Line
    held: Mapping[str, Fraction]
    fractions: Mapping[str, Fraction]
    coins: Mapping[str, Fraction]
    min_order: int
    band: Fraction
    sizing: Sizing
    stays: frozenset[str] | None

    def portfolio(self) -> Portfolio:
        positions = tuple(each for line in self.lines for each in (line.position(),) if each is not None)
        made = portfolio(
            {}, None, {asset: str(price) for asset, price in INDEX.items()},
            tuple(line.contract for line in self.lines), positions=positions,
            marks={line.contract.name: str(line.mark) for line in self.lines}, proxies={"DOT": ("BTC", str(BETA))},
            rules=policy(min_order=str(self.min_order), hedge_band=str(self.band), sizing=self.sizing),
        )  # fmt: skip
        return replace(made, statement=replace(made.statement, holdings=dict(self.held)))

    def asks(self) -> Iterator[Ask]:
        for asset, fraction in self.fractions.items():
            route = Route.PROXY if asset == "DOT" else Route.INVERSE if self.opening.is_inverse else Route.LINEAR
            opens = Candidate(self.opening.contract, route, BETA if asset == "DOT" else ONE)
            yield Ask(asset, fraction, (opens,), coins=self.coins.get(asset), stays=self.stays)


@dataclass
class Twin:
    """Contracts traded so far, for each asset and in all, and what could not be."""

    asked: Asked
    traded: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    skipped: dict[str, tuple[str, LeftOut]] = field(default_factory=dict)

    def net(self, line: Line) -> Fraction:
        return sum((n for (name, _), n in self.traded.items() if name == line.name), ZERO)

    def gained(self, line: Line, asset: str, more: Fraction) -> Fraction:
        """Coins that orders realise of what protects an asset: as much of them as makes that smaller, at its entry."""
        there, at = line.held.get(asset, (ZERO, line.mark))
        signed = self.traded.get((line.name, asset), ZERO) + more
        closed = min(abs(signed), abs(there)) if there * signed < 0 else ZERO
        return line.gained(closed if there > 0 else -closed, at)

    def base(self, asset: str, *, more: Mapping[str, Fraction] | None = None) -> Fraction:
        """Coins as if rebalanced in spot; of orders so far with their fees, ``more`` contracts of each without.

        What protects nothing was bought at what the net was, but for what protects at its own.
        """
        coins = self.asked.held[asset]
        for line in self.asked.lines if asset == "BTC" else ():
            if not line.is_inverse:
                coins += line.coins(line.others * line.lot, line.entry)
                continue
            coins += line.coins(line.net, line.entry) - sum((line.coins(n, at) for n, at in line.held.values()), ZERO)
            coins += self.gained(line, "BTC", (more or {}).get(line.name, ZERO)) + self.gained(line, "DOT", ZERO)
            coins -= up(abs(line.coins(self.net(line), line.mark)) * line.fee, COIN_STEP)
        return coins

    def part(self, line: Line, asset: str, more: Fraction = ZERO) -> list[tuple[Fraction, int]]:
        """Contracts that protect, at what each of them was entered: what is closed goes at its own price."""
        there, at = line.held.get(asset, (ZERO, line.mark))
        signed = self.traded.get((line.name, asset), ZERO) + more
        if there * signed >= 0:
            return [(there, at), (signed, line.mark)]
        return [(there + signed, at)] if abs(signed) <= abs(there) else [(there + signed, line.mark)]

    def protected(self, asset: str, *, more: Mapping[str, Fraction] | None = None) -> Fraction:
        coins = ZERO
        for line in self.asked.lines:
            factor = ONE if self.asked.sizing is Sizing.COIN else F(line.mark, INDEX["BTC"])
            rate = ONE if asset == "BTC" else F(INDEX["BTC"], INDEX[asset]) / BETA
            for n, at in self.part(line, asset, (more or {}).get(line.name, ZERO)):
                coins -= line.coins(n, at) * factor * rate
        return coins

    def wanted(self, asset: str, base: Fraction) -> Fraction:
        return self.asked.coins.get(asset, self.asked.fractions[asset] * max(ZERO, base))

    def missing(self, asset: str, *, more: Mapping[str, Fraction] | None = None) -> Fraction:
        return self.wanted(asset, self.base(asset, more=more)) - self.protected(asset, more=more)

    def in_the_way(self, asset: str, direction: int) -> list[Line]:
        """Nearest expiry first, what does not expire last and by name."""
        there = [line for line in self.asked.lines if line.position() is not None]
        against = [line for line in there if line.held.get(asset, (ZERO, 0))[0] * direction < 0]
        return sorted(against, key=lambda line: (line.days or 1000, line.name))

    def is_as_asked(self, asset: str) -> bool:
        """Off by no more than the band, the least order, or what hedging leaves: a lot, two fees, and steps booked."""
        missing, index = self.missing(asset), INDEX[asset]
        if abs(missing) <= self.asked.band * max(ZERO, self.base(asset)):
            return True
        first = self.in_the_way(asset, -1 if missing > 0 else 1) or ([self.asked.opening] if missing > 0 else [])
        if not first:
            return False
        standing = self.in_the_way(asset, 1)
        carriers = {line.name: line for line in (first[0], *standing)}.values()
        rate = ONE if asset == "BTC" else ONE / BETA
        lots = [
            line.least * line.worth * rate * (F(INDEX["BTC"], line.mark) if self.asked.sizing is Sizing.COIN else ONE)
            for line in carriers
        ]
        for line in standing:
            bought = {line.name: line.lot / 100}
            taken_off = abs(self.protected(asset) - self.protected(asset, more=bought)) * 100
            if asset == "BTC" and line.is_inverse and asset not in self.asked.coins:
                taken_off += self.asked.fractions[asset] * max(ZERO, line.gained(-line.lot, line.held[asset][1]))
            taken_off *= line.least
            lots.append(taken_off * index)
        fees = 2 * max(line.fee for line in carriers) * self.wanted(asset, self.base(asset)) * index
        left = max(lots) + fees + COIN_STEP * (len(carriers) + 1) * index
        return abs(missing) * index <= max(left, F(self.asked.min_order))

    def carry(self, asset: str) -> None:
        stays = self.asked.stays
        leaving = [line for line in self.in_the_way(asset, 1) if stays is not None and line.name not in stays]
        moved = [line for line in leaving if self.all_of(line, asset)]
        missing = self.missing(asset)
        if not moved and self.is_as_asked(asset):
            return
        direction = -1 if missing > 0 else 1
        for line in self.in_the_way(asset, direction):
            if self.missing(asset) * direction >= 0:
                break
            held = abs(sum((n for n, _ in self.part(line, asset)), ZERO))
            if not held:
                continue
            reaches = self.missing(asset, more={line.name: direction * held}) * direction
            traded = self.take(line, asset, direction, most=held)
            if traded and reaches > 0:
                self.skipped.pop(asset, None)
                break
            if traded and traded < held:
                self.skipped[asset] = line.name, LeftOut.SMALLER_THAN_A_LOT
        if missing > 0 and self.missing(asset) > 0 and self.take(self.asked.opening, asset, -1, most=None):
            self.skipped.pop(asset, None)

    def all_of(self, line: Line, asset: str) -> Fraction:
        """Buy back what sits where it may not stay."""
        return self.order(line, asset, 1, int(-line.held[asset][0] / line.lot))

    def take(self, line: Line, asset: str, direction: int, *, most: Fraction | None) -> Fraction:
        """Trade as many lots as do not go past what was asked."""
        lots = 0
        while most is None or (lots + 1) * line.lot <= most:
            more = {line.name: direction * (lots + 1) * line.lot}
            if self.missing(asset, more=more) * direction > 0:
                break
            lots += 1
            assert lots < 4000
        return self.order(line, asset, direction, lots)

    def order(self, line: Line, asset: str, direction: int, lots: int) -> Fraction:
        """Trade so many lots, where venue and policy take an order of them or the contract has one already."""
        size = lots * line.lot
        reason = None if size else LeftOut.SMALLER_THAN_A_LOT
        if size and not any(name == line.name for name, _ in self.traded):
            if lots < line.least and direction * size != -line.net:
                reason = LeftOut.BELOW_MIN_CONTRACTS
            elif lots * line.worth < self.asked.min_order:
                reason = LeftOut.BELOW_MIN_ORDER
        if reason is not None:
            self.skipped[asset] = line.name, reason
            return ZERO
        self.traded[line.name, asset] = self.traded.get((line.name, asset), ZERO) + direction * size
        return size


ENTRIES = among(20000, 36000, 40000, 50000, 80000)


@st.composite
def asks(draw: st.DrawFn) -> Asked:
    """Two bitcoin and DOT of half of it, hedged on up to four contracts, beside what is held for something else."""
    listed = [_line(draw, *each) for each in (("BTCDEC", 35), ("BTCJUN", 200), ("BTCUSD", None), ("BTCUSDT", None))]
    lines = [line for line in listed if draw(st.integers(0, 3))] or listed
    coins = {"BTC": F(7, 10)} if draw(st.integers(0, 4)) == 0 else {}
    names = [line.name for line in lines]
    stays = frozenset(draw(st.lists(st.sampled_from(names)))) if draw(st.integers(0, 3)) == 0 else None
    return _asked(draw, lines, coins, min_order=draw(among(0, 0, 4000)), stays=stays)


@st.composite
def bent(draw: st.DrawFn) -> Asked:
    """One contract, or two, for both assets and for something else the other way, with much that is gained or lost.

    What one asset buys back the other may sell.
    """
    names = draw(among((("BTCUSD", None),), (("BTCDEC", 35), ("BTCUSD", None))))
    lines = [
        Line(name, True, draw(among(ONE, F(1, 2))), draw(among(1000, 2000)), days, draw(among(38000, 40000)),
             draw(among(ZERO, F(5, 10000))), {"DOT": (draw(among(-20, -9, -2)), draw(ENTRIES)),
                                             "BTC": (draw(among(-30, -15, -3, 2)), draw(ENTRIES))},
             draw(among(-8, 12, 22, 40)), draw(among(16000, 20000, 80000)), ZERO, draw(among(1, 1, 4)))
        for name, days in names
    ]  # fmt: skip
    return _asked(draw, lines, {}, min_order=draw(among(0, 4000)), stays=None)


def _asked(
    draw: st.DrawFn, lines: list[Line], coins: dict[str, Fraction], *, min_order: int, stays: frozenset[str] | None
) -> Asked:
    shares, opening = among(ZERO, *SHARES), draw(st.sampled_from(lines))
    return Asked(
        tuple(lines), opening, {"BTC": draw(among(F(2), F(1, 2))), "DOT": F(8000)},
        {asset: draw(shares) for asset in ("BTC", "DOT")}, coins, min_order, draw(among(ZERO, F(1, 100))),
        draw(among(*Sizing)), None if stays is None else stays | {opening.name},
    )  # fmt: skip


SHARES = (F(3, 10), F(9, 10), F(1), F(1, 2))


def _line(draw: st.DrawFn, name: str, days: int | None) -> Line:
    is_open, lots = draw(st.booleans()), among(-30, -12, -1, 3)
    mark, parts = draw(among(38000, 40000, 42000)), {}
    if is_open:
        parts = {asset: (draw(lots), draw(ENTRIES)) for asset in INDEX if draw(st.booleans())}
    return Line(
        name, name != "BTCUSDT", draw(among(ONE, F(10), F(1, 2))), draw(among(1000, 2500)), days, mark,
        draw(among(ZERO, F(5, 10000))), parts, draw(among(0, -10, 8)) if is_open else 0, draw(ENTRIES),
        draw(among(ZERO, ZERO, F(1, 4))), draw(among(1, 1, 3)),
    )  # fmt: skip


@given(asked=bent())
def test_what_is_realised_and_what_is_protected_end_with_the_part_that_protects(asked: Asked) -> None:
    check_each(asked)


def line(name: str = "BTCUSD", *, parts: Parts, days: int | None = None, least: int = 1) -> Line:
    """Lots of 1,000 dollars at 40,000, free of fees."""
    return Line(name, name != "BTCUSDT", ONE, 1000, days, 40000, ZERO, parts, 0, 40000, ZERO, least)


def one(*lines: Line, share: Fraction, stays: frozenset[str] | None = None) -> Asked:
    """A share of two bitcoin, which the last line opens."""
    return Asked(lines, lines[-1], {"BTC": F(2), "DOT": F(8000)}, {"BTC": share, "DOT": ZERO}, {}, 0, ZERO,
                 Sizing.NOTIONAL, stays)  # fmt: skip


GAINED = line("BTCUSDT", parts={"BTC": (-12, 80000)})
LONG = line("BTCDEC", parts={"BTC": (3, 40000)}, days=35)
FINE = replace(line("BTCDEC", parts={"BTC": (-20, 40000)}, days=35), worth=200)
MOVED = (line("BTCDEC", parts={"BTC": (-12, 40000)}, days=35), line(parts={"BTC": (-9, 40000)}))


@example(asked=one(replace(GAINED, entry=80000), share=F(1, 10)))  # 40,000 dollars gained are no bitcoin to protect
@example(asked=one(LONG, line(parts={}), share=F(3, 10)))  # a long is sold before a short is opened
@example(asked=one(FINE, line(parts={"BTC": (-9, 40000)}), share=F(71, 800)))  # no change is made on one account
@example(asked=one(line(parts={"BTC": (3, 40000)}), share=ZERO))  # and then nothing is missing
@example(asked=one(*MOVED, share=ZERO, stays=frozenset({"BTCUSD"})))  # what is moved off is in nobody's way any more
@example(asked=one(line(parts={"BTC": (-12, 20000)}, least=3), share=F(1, 4)))  # three of 2,000 are more than 4,000
@given(asked=asks())
def test_a_hedge_trades_the_lots_that_do_not_go_past_what_was_asked(asked: Asked) -> None:
    check_each(asked)


def check_each(asked: Asked) -> None:
    """For each asset alone, and for both."""
    for only in (("BTC",), ("DOT",), ("DOT", "BTC")):
        check(replace(asked, fractions={asset: asked.fractions[asset] for asset in only}))


def check(asked: Asked) -> None:
    made = asked.portfolio()
    desk = Desk.of(made, made.statement, now=NOW)
    tally, twin = Tally(desk, cover(made, made.statement)), Twin(asked)
    realises = [*twin.in_the_way("DOT", 1), asked.opening]
    turns = [ask.asset for ask in in_turn(asked.asks(), desk)]
    # where DOT trades in contracts that realise BTC, the base of BTC is known behind it
    assert turns == sorted(turns, reverse=any(line.is_inverse for line in realises))
    for ask in in_turn(asked.asks(), desk):
        tally.carry(ask)
        twin.carry(ask.asset)
        found: dict[tuple[str, str], Fraction] = {}
        for leg in tally.legs:
            key = leg.contract.name, leg.stands_for
            found[key] = found.get(key, ZERO) + leg.contracts
        assert found == twin.traded
        assert {asset: (each.contract.name, each.reason) for asset, each in tally.skipped.items()} == twin.skipped
        for asset in INDEX:
            assert (tally.base(asset), tally.protected(asset)) == (twin.base(asset), twin.protected(asset))
            assert asset not in asked.fractions or tally.missing(
                next(each for each in asked.asks() if each.asset == asset)
            ) == twin.missing(asset)
