"""An account whose coins margin everything together: its credit, its requirements in dollars, and where the two meet.

Each coin of the account has an equity, coins and unrealised PnL of what settles in it; the venue lends a share of its
dollars as *credit*, by slices of the amount. A coin below zero counts in full, and is borrowed. Margin is judged in
dollars over the whole account: it is liquidated where maintenance margin, times the venue's level, reaches credit.

Sources: Bybit's glossary of its unified account (2026-03-13) and ten recorded accounts; OKX's help on its
multi-currency mode and one recorded account; Binance's Portfolio Margin pages (2024-11-14). BitMEX's multi-asset mode
is another model: there the ratio depends on what is secured.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import assert_never

from rebal.amounts import ONE, ZERO, Fraction, down, total
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import Kind
from rebal.market.maintenance import Tiers
from rebal.market.margin import Held, initial_margin
from rebal.market.piecewise import Piece, piece_at

_RATE_STEP = Fraction(1, 10**4)


class Counted(StrEnum):
    """What the edges of a coin's slices count."""

    COINS = "coins"
    USD = "usd"


class ClosingFee(StrEnum):
    """Which taker fee of closing a venue counts as a requirement.

    ``schedule``: what the contract's maintenance schedule says. ``bankruptcy``: on the value at the bankruptcy price,
    taken from the entry: inverse ``N/e·(1 + s/L)``, linear ``N_e·(1 - s/L)``. ``value``: on the value at mark.
    """

    SCHEDULE = "schedule"
    BANKRUPTCY = "bankruptcy"
    VALUE = "value"


class Printed(StrEnum):
    """How a venue prints an account's rate: requirement over credit cut to 4 decimals, or credit over requirement."""

    SHARE = "share"
    MULTIPLE = "multiple"


@frozen
class Slice:
    """The part of a coin's equity up to ``up_to`` (None: without end) counts this share of its dollars."""

    up_to: Fraction | None
    ratio: Fraction


@frozen
class Collateral:
    """How a coin's positive equity counts: each slice at its own ratio; beyond the last edge nothing counts.

    No slices: the coin is switched off, and only a debt in it counts.
    """

    counted: Counted
    slices: tuple[Slice, ...]


@frozen
class Rules:
    """How a venue judges a pooled account.

    ``level``: credit over maintenance at which it is liquidated. ``fee_in_initial``: whether the fee of closing is a
    part of initial margin too. ``initial_on_debt`` and ``maintenance_on_debt``: margin rates on borrowed coins.
    """

    level: Fraction
    fee: ClosingFee
    fee_in_initial: bool
    initial_on_debt: Fraction
    maintenance_on_debt: Fraction
    printed: Printed


@frozen
class Coin:
    """A coin of the account: dollars per coin, coins without unrealised PnL (negative: a loan), and how they count."""

    asset: str
    price: Fraction
    balance: Fraction
    collateral: Collateral


@frozen
class Levered:
    """A position and the leverage that the account has set for it."""

    held: Held
    leverage: Fraction


@frozen
class Open(Worked):
    """The positions of an account that settle in one coin, and what they come to in dollars, at its price."""

    positions: tuple[Levered, ...]
    price: Fraction
    rules: Rules

    @once
    def gained(self) -> Fraction:
        """Unrealised PnL, in the coin."""
        return total(each.held.unrealised_pnl for each in self.positions)

    @once
    def value(self) -> Fraction:
        """Position value."""
        return total(each.held.position_value for each in self.positions) * self.price

    @once
    def initial_margin(self) -> Fraction:
        """Initial margin, with the fee where the venue counts it there."""
        return total(_initial(each, self.rules) for each in self.positions) * self.price

    @once
    def maintenance_margin(self) -> Fraction:
        """Maintenance margin, with the fee that the venue counts."""
        return total(maintenance_of(each, self.rules) for each in self.positions) * self.price

    @once
    def requirements(self) -> tuple[tuple[Levered, tuple[Piece, ...]], ...]:
        """What each position requires, wherever its price goes."""
        return tuple((each, requirement_pieces(each, self.rules)) for each in self.positions)


@frozen
class Part(Worked):
    """A coin of an account with the positions that settle in it, and what it adds to the account's sums, in dollars."""

    coin: Coin
    open: Open

    @once
    def movers(self) -> tuple[str, ...]:
        """The assets whose prices it moves with."""
        return tuple({self.coin.asset: None, **dict.fromkeys(each.held.contract.asset for each in self.open.positions)})

    @once
    def equity(self) -> Fraction:
        """Coins with unrealised PnL."""
        return self.coin.balance + self.open.gained

    @once
    def credit(self) -> Fraction:
        """What the equity counts."""
        return credit(self.coin, self.equity)

    @once
    def debt(self) -> Fraction:
        """What is borrowed where the equity is below zero."""
        return max(ZERO, -self.equity * self.coin.price)

    @once
    def initial_margin(self) -> Fraction:
        """Initial margin, on the debt too."""
        return self.open.initial_margin + self.debt * self.open.rules.initial_on_debt

    @once
    def maintenance_margin(self) -> Fraction:
        """Maintenance margin, on the debt too."""
        return self.open.maintenance_margin + self.debt * self.open.rules.maintenance_on_debt

    @once
    def spare(self) -> Fraction:
        """Credit above what liquidates at today's prices."""
        return self.credit - self.maintenance_margin * self.open.rules.level

    def with_more(self, more: Fraction) -> "Part":
        """The part with coins more."""
        coin = self.coin
        return Part(Coin(coin.asset, coin.price, coin.balance + more, coin.collateral), self.open)


@frozen
class Pool(Worked):
    """A pooled account: its coins by name, every settlement coin of its positions among them."""

    rules: Rules
    coins: tuple[Coin, ...]
    positions: tuple[Levered, ...]

    @once
    def parts(self) -> dict[str, Part]:
        """Each coin with its positions, by name: nothing that one adds to the account's sums depends on another."""
        there: dict[str, list[Levered]] = {coin.asset: [] for coin in self.coins}
        for each in self.positions:
            there[settle(each)].append(each)
        return {coin.asset: Part(coin, Open(tuple(there[coin.asset]), coin.price, self.rules)) for coin in self.coins}

    @classmethod
    def of(cls, rules: Rules, parts: Collection[Part], *, positions: tuple[Levered, ...]) -> "Pool":
        """An account of parts that are there, with what was worked out of them; ``positions``: all of theirs."""
        pool = cls(rules, tuple(part.coin for part in parts), positions)
        pool.__dict__["parts"] = {part.coin.asset: part for part in parts}
        return pool

    @once
    def moved(self) -> dict[str, tuple[str, ...]]:
        """The coins whose parts move with an asset's price, by that asset."""
        found: dict[str, list[str]] = {}
        for asset, coin in ((asset, coin) for coin, part in self.parts.items() for asset in part.movers):
            found.setdefault(asset, []).append(coin)
        return {asset: tuple(coins) for asset, coins in found.items()}

    @once
    def spare(self) -> Fraction:
        """Credit above what liquidates at today's prices."""
        return total(part.spare for part in self.parts.values())


@frozen
class Judged:
    """A pooled account at today's prices, in dollars.

    ``equity``: without any ratio. ``debts``: dollars borrowed by coin, where its equity is below zero.
    """

    equity: Fraction
    credit: Fraction
    initial_margin: Fraction
    maintenance_margin: Fraction
    position_value: Fraction
    debts: Mapping[str, Fraction]

    @property
    def margin_ratio(self) -> Fraction | None:
        """Maintenance over credit; None where there is no credit to measure by."""
        return self.maintenance_margin / self.credit if self.credit > 0 else None


def judge(pool: Pool) -> Judged:
    """Judge an account at today's prices.

    >>> from rebal.market.examples import INVERSE
    >>> whole = Collateral(Counted.COINS, (Slice(None, Fraction(98, 100)),))
    >>> rules = Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, Printed.MULTIPLE)
    >>> judge(Pool(rules, (Coin("BTC", Fraction(40000), ONE, whole),), ())).credit
    Fraction(39200, 1)
    """
    return together(pool.parts.values())


def together(parts: Collection[Part]) -> Judged:
    """What the parts of an account add up to."""
    return Judged(
        equity=total(each.equity * each.coin.price for each in parts),
        credit=total(each.credit for each in parts),
        initial_margin=total(each.initial_margin for each in parts),
        maintenance_margin=total(each.maintenance_margin for each in parts),
        position_value=total(each.open.value for each in parts),
        debts={each.coin.asset: each.debt for each in parts if each.debt},
    )


def credit(coin: Coin, equity: Fraction) -> Fraction:
    """Dollars that a coin's equity counts: each slice of it at its own ratio, and in full below zero.

    11 million USDT in slices of 1, 0.9 and 0.8 (source: OKX's notice of June 2022):

    >>> million, tenth = Fraction(10**6), Fraction(1, 10)
    >>> slices = (Slice(5 * million, ONE), Slice(10 * million, 9 * tenth), Slice(None, 8 * tenth))
    >>> credit(Coin("USDT", ONE, ZERO, Collateral(Counted.USD, slices)), 11 * million)
    Fraction(10300000, 1)
    """
    worth = equity * coin.price
    if worth <= 0:
        return worth
    unit = coin.price if coin.collateral.counted is Counted.COINS else ONE
    counted, floor = ZERO, ZERO
    for each in coin.collateral.slices:
        top = worth if each.up_to is None else min(worth, each.up_to * unit)
        if top > floor:
            counted += (top - floor) * each.ratio
            floor = top
    return counted


def coins_to_count(coin: Coin, dollars: Fraction) -> Fraction | None:
    """The least coins of a kind whose credit is so many dollars; None where no amount's is.

    >>> tenth = Fraction(1, 10)
    >>> halves = Collateral(Counted.COINS, (Slice(ONE, ONE), Slice(None, 5 * tenth)))
    >>> coins_to_count(Coin("BTC", Fraction(40000), ZERO, halves), Fraction(60000))
    Fraction(2, 1)
    """
    if dollars <= 0:
        return ZERO
    unit = coin.price if coin.collateral.counted is Counted.COINS else ONE
    counted, floor = ZERO, ZERO
    for each in coin.collateral.slices:
        rest = dollars - counted
        if each.ratio and (each.up_to is None or (each.up_to * unit - floor) * each.ratio >= rest):
            return (floor + rest / each.ratio) / coin.price
        if each.up_to is None:
            return None
        counted, floor = counted + (each.up_to * unit - floor) * each.ratio, each.up_to * unit
    return None


def printed_rate(requirement: Fraction, credit: Fraction, rules: Rules) -> Fraction | None:
    """The rate of a requirement as the account's page prints it; None where there is nothing to divide by.

    Bybit cuts requirement over margin balance to four decimals (recorded, every account); OKX prints credit over
    requirement in full (recorded).
    """
    match rules.printed:
        case Printed.SHARE:
            return down(requirement / credit, _RATE_STEP) if credit > 0 else None
        case Printed.MULTIPLE:
            return credit / requirement if requirement else None
        case _:
            assert_never(rules.printed)


def estimated_liquidation(position: Levered, pool: Pool) -> Fraction | None:
    """The ``liqPrice`` that a venue prints beside a position: an estimate, with all other figures held.

    What is to spare is put on this position alone, requirements, other prices and the coin's own price as they are:
    linear ``m - s·spare/size`` in dollars taken for the settlement currency (recorded at Bybit); inverse
    ``1/P = 1/m + s·spare/(N·I)`` (inferred from its form). None where that is no price.
    """
    judged, held = judge(pool), position.held
    spare = judged.credit - judged.maintenance_margin * pool.rules.level
    contract, size = held.contract, held.contracts * held.contract.multiplier
    match contract.kind:
        case Kind.LINEAR:
            price = held.mark_price - spare / size
            return price if price > 0 else None
        case Kind.INVERSE:
            index = next(coin.price for coin in pool.coins if coin.asset == contract.settle)
            inverse = 1 / held.mark_price + spare / (size * index)
            return 1 / inverse if inverse > 0 else None
        case _:
            assert_never(contract.kind)


def requirement_pieces(position: Levered, rules: Rules) -> tuple[Piece, ...]:
    """Maintenance margin of a position with the fee that the venue counts, in its settlement coin, over y > 0.

    ``y``: 1/k of an inverse contract, k of a linear one, for its mark moved by a factor k.
    """
    held = position.held
    if rules.fee is ClosingFee.SCHEDULE:
        return held.maintenance
    schedule = held.contract.maintenance
    if isinstance(schedule, Tiers) and schedule.close_fee:
        contract = replace(held.contract, maintenance=replace(schedule, close_fee=False))
        held = Held(contract, held.contracts, held.entry_price, held.mark_price)
    fixed, moving = closing_fee(position, rules)
    return tuple(
        Piece(each.until, each.constant + fixed, each.linear + moving, each.quadratic) for each in held.maintenance
    )


def closing_fee(position: Levered, rules: Rules) -> tuple[Fraction, Fraction]:
    """The fee of closing that is counted, in the settlement coin: a part that stands still, one that goes with y."""
    held, contract = position.held, position.held.contract
    match rules.fee:
        case ClosingFee.BANKRUPTCY:
            entered = contract.position_value(held.contracts, held.entry_price)
            away = (1 if held.contracts > 0 else -1) / position.leverage
            share = ONE + away if contract.kind is Kind.INVERSE else ONE - away
            return entered * max(ZERO, share) * contract.taker_fee, ZERO
        case ClosingFee.VALUE:
            return ZERO, held.position_value * contract.taker_fee
        case ClosingFee.SCHEDULE:
            schedule = contract.maintenance
            counts = isinstance(schedule, Tiers) and schedule.close_fee
            return ZERO, held.position_value * contract.taker_fee if counts else ZERO
        case _:
            assert_never(rules.fee)


def maintenance_of(position: Levered, rules: Rules) -> Fraction:
    """Maintenance margin of a position with the fee that the venue counts, in its settlement coin."""
    return piece_at(requirement_pieces(position, rules), ONE).at(ONE)


def _initial(position: Levered, rules: Rules) -> Fraction:
    asked = initial_margin(position.held, position.leverage)
    return asked + sum(closing_fee(position, rules)) if rules.fee_in_initial else asked


def settle(position: Levered) -> str:
    """The coin that a position's PnL is paid in."""
    return position.held.contract.settle
