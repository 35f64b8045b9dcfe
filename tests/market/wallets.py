"""Wallets for property tests: positions of both directions, under every kind of schedule, with tiers that matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation, continuous
from rebal.market.margin import Held

from .definitions import inverse, linear, unit_value, value

RATES = (40, 50, 100, 250, 500, 1000, 1250, 2500)
"""Maintenance rates in points of 1/100 %: Binance's chain, and one more."""
BESIDE_SIZE = tuple(Fraction(share, 8) for share in (1, 2, 4, 6, 8, 9, 10, 16, 24, 64))
"""Where a tier ends, over the position's size today: 1 puts the bound exactly on it."""
ENDS = st.sets(st.sampled_from(BESIDE_SIZE), max_size=3)
AS_MANY_RATES = {n: st.sets(st.sampled_from(RATES), min_size=n, max_size=n) for n in range(1, 5)}
CONTINUOUS = (Method.DEDUCTION, Method.MARGINAL)


@dataclass(frozen=True)
class Wallet:
    """Coins, and the positions that they back."""

    balance: Fraction
    held: tuple[Held, ...]


@cache
def fractions(low: str, high: str, *, places: int = 2) -> st.SearchStrategy[Fraction]:
    """Decimals between two, ends included."""
    scale = 10**places
    return st.integers(int(exact(low) * scale), int(exact(high) * scale)).map(lambda n: Fraction(n, scale))


@st.composite
def tiers(
    draw: st.DrawFn, size: Fraction, *, methods: Sequence[Method], valuations: Sequence[Valuation], unit: TierUnit
) -> Tiers:
    """A schedule of one to four tiers around a size."""
    ends = sorted(draw(ENDS))
    rates = sorted(draw(AS_MANY_RATES[len(ends) + 1]))
    last = draw(among(None, Fraction(100)))
    steps = tuple(
        (None if end is None else end * size, Fraction(rate, 10_000))
        for end, rate in zip((*ends, last), rates, strict=True)
    )
    method = draw(among(*methods))
    schedule = continuous(steps) if method in CONTINUOUS else tuple(Tier(*step) for step in steps)
    return Tiers(draw(among(*valuations)), close_fee=draw(st.booleans()), method=method, unit=unit, tiers=schedule)


@st.composite
def size_rates(draw: st.DrawFn, coins: Fraction) -> SizeRate:
    """Deribit's kind: the slope adds up to half to the base."""
    return SizeRate(base=draw(among(Fraction("0.01"), Fraction("0.02"))), slope=draw(fractions("0", "0.5")) / coins)


@st.composite
def positions(
    draw: st.DrawFn,
    number: int,
    *,
    kind: Kind = Kind.INVERSE,
    methods: Sequence[Method] = tuple(Method),
    valuations: Sequence[Valuation] = tuple(Valuation),
    size_rate: bool = False,
) -> Held:
    """A position of either direction with its mark up to a third away from its entry."""
    make = inverse if kind is Kind.INVERSE else linear
    contracts = Fraction(draw(st.integers(1, 5000)) * draw(among(1, -1)))
    entry = draw(fractions("20000", "60000"))
    mark = entry * draw(fractions("0.67", "1.33"))
    bare = make(
        SizeRate(Fraction(0), Fraction(0)),
        multiplier=draw(among("1", "10", "0.01")),
        taker_fee=draw(among("0", "0.0005", "0.00075")),
        name=f"C{number}",
    )
    plain = Held(bare, contracts, entry, mark)
    schedule: Maintenance
    if size_rate and draw(st.booleans()):
        schedule = draw(size_rates(value(plain, mark)))
    else:
        unit = draw(among(*TierUnit))
        size = value(plain, mark) / unit_value(plain, mark, unit)
        schedule = draw(tiers(size, methods=methods, valuations=valuations, unit=unit))
    contract = make(schedule, multiplier=bare.multiplier, taker_fee=bare.taker_fee, name=bare.name)
    return Held(contract, contracts, entry, mark)


@st.composite
def wallets(
    draw: st.DrawFn,
    *,
    kind: Kind = Kind.INVERSE,
    most: int = 3,
    methods: Sequence[Method] = tuple(Method),
    valuations: Sequence[Valuation] = tuple(Valuation),
    size_rate: bool = False,
) -> Wallet:
    """One to three positions on one settlement coin, backed by nothing up to three times their value at entry."""
    held = tuple(
        draw(positions(number, kind=kind, methods=methods, valuations=valuations, size_rate=size_rate))
        for number in range(draw(st.integers(1, most)))
    )
    entered = sum((value(position, position.entry_price) for position in held), Fraction(0))
    share = draw(st.one_of(fractions("0", "1", places=3), st.just(Fraction(1)), fractions("0", "3")))
    return Wallet(share * entered, held)
