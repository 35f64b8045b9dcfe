"""The contract and its payoff.

Notation, here and in every docstring of this package: ``n`` signed contracts (long positive), ``V`` multiplier
(inverse: USD per contract; linear: coins per contract), ``N = |n|·V`` dollars of an inverse position, ``Pe`` average
entry, ``P`` mark price, ``S`` index price of the asset, ``W`` coins in the wallet without unrealised PnL.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from rebal.amounts import COIN_STEP, ZERO, Fraction, total, up
from rebal.formula import told_as
from rebal.frozen import frozen
from rebal.market.maintenance import Maintenance
from rebal.names import within


class Kind(StrEnum):
    """How a contract pays: in its own coin on a fixed number of dollars, or in dollars on a fixed number of coins."""

    INVERSE = "inverse"
    LINEAR = "linear"


INVERSE: Final = Kind.INVERSE
LINEAR: Final = Kind.LINEAR
"""As names of their own: until Python 3.12 to find a member in its enum takes as long as to multiply two fractions."""


class OrderUnit(StrEnum):
    """The unit in which the exchange's order form takes a quantity."""

    CONTRACTS = "contracts"
    USD = "usd"
    COINS = "coins"


@frozen
class Assumption:
    """A figure nobody was seen to publish, the value that stands in for it, and the file's key that overrides it."""

    figure: str
    stands_in: str
    key: str


@frozen
class Contract:
    """What a venue says of one contract, resolved: a figure that is not known is listed under ``assumed``.

    ``multiplier``: USD per contract (inverse) or coins per contract (linear). ``settle``: the coin of margin, PnL and
    fees. ``expiry``: None for a perpetual. ``tick_size``: None where the venue's price step is not known.
    ``leverage``: the leverage set for it in the account, None for the policy's. ``funding_interval_hours``: None where
    there is no funding (dated) or its interval is not known. ``own``: written in the user's file rather than taken
    from the catalogue. ``isolated_maintenance``: the schedule of isolated positions where it is not the cross wallet's.
    ``account``: where it trades, of a file with several accounts; of one account it is "".
    """

    name: str
    asset: str
    kind: Kind
    multiplier: Fraction
    settle: str
    expiry: datetime | None
    tick_size: Fraction | None
    lot_size: Fraction
    min_contracts: Fraction
    maker_fee: Fraction
    taker_fee: Fraction
    funding_interval_hours: Fraction | None
    max_leverage: Fraction | None
    maintenance: Maintenance
    order_unit: OrderUnit = OrderUnit.CONTRACTS
    delivery_fee: Fraction | None = None
    leverage: Fraction | None = None
    listed: bool = True
    own: bool = False
    assumed: tuple[Assumption, ...] = ()
    isolated_maintenance: Maintenance | None = None
    account: str = ""

    @property
    def wallet(self) -> str:
        """The wallet that margins it: its settlement coin, at its account where there are several."""
        return within(self.account, self.settle)

    @told_as(inverse="|n| · V", linear="|n| · V · P")
    def notional(self, contracts: Fraction, price: Fraction) -> Fraction:
        """Dollars of a position, positive. Inverse ``|n|·V`` at any price; linear ``|n|·V·P``."""
        return abs(self.signed_notional(contracts, price))

    def signed_notional(self, contracts: Fraction, price: Fraction) -> Fraction:
        """The same, negative for a short."""
        if self.kind is INVERSE:
            return contracts * self.multiplier
        if self.kind is LINEAR:
            return contracts * self.multiplier * price
        assert_never(self.kind)

    @told_as(inverse="|n| · V / P", linear="|n| · V")
    def coins(self, contracts: Fraction, price: Fraction) -> Fraction:
        """Coins of the asset that a position stands for, positive. Inverse ``N/P``; linear ``|n|·V``.

        150 contracts of 100 USD at 40,000 are 0.375 BTC:

        >>> from rebal.market.examples import INVERSE
        >>> INVERSE.coins(Fraction(150), Fraction(40000))
        Fraction(3, 8)
        """
        if self.kind is INVERSE:
            return abs(contracts) * self.multiplier / price
        if self.kind is LINEAR:
            return abs(contracts) * self.multiplier
        assert_never(self.kind)

    @told_as(inverse="|n| · V / P", linear="|n| · V · P")
    def position_value(self, contracts: Fraction, price: Fraction) -> Fraction:
        """Value of a position in its settlement coin, positive. Inverse ``N/P`` coins; linear ``|n|·V·P`` dollars."""
        if self.kind is INVERSE:
            return abs(contracts) * self.multiplier / price
        if self.kind is LINEAR:
            return abs(contracts) * self.multiplier * price
        assert_never(self.kind)

    @told_as(inverse="n · V · (1 / e − 1 / P)", linear="n · V · (P − e)")
    def pnl(self, contracts: Fraction, entry_price: Fraction, price: Fraction) -> Fraction:
        """PnL in the settlement coin. Inverse ``n·V·(1/Pe - 1/P)`` coins; linear ``n·V·(P - Pe)`` dollars.

        The short of 162,500 USD from 64,500 to 58,000 (source: BitMEX's PnL guide for the form; five venues' recorded
        positions agree):

        >>> from rebal.market.examples import INVERSE
        >>> INVERSE.pnl(Fraction(-1625), Fraction(64500), Fraction(58000)) * 374100
        Fraction(105625, 1)
        """
        if entry_price == price:
            return ZERO
        if self.kind is INVERSE:
            return contracts * self.multiplier * (1 / entry_price - 1 / price)
        if self.kind is LINEAR:
            return contracts * self.multiplier * (price - entry_price)
        assert_never(self.kind)

    def fee(self, contracts: Fraction, price: Fraction, rate: Fraction) -> Fraction:
        """Fee of a fill in the settlement coin: position value times rate, rounded up to 1e-8; negative is a rebate."""
        return fee_on(self.position_value(contracts, price), rate)

    def funding_usd(self, contracts: Fraction, price: Fraction, rate: Fraction) -> Fraction:
        """Dollars paid at one funding (negative: received) at mark ``price``: ``s·N·r``; r > 0, longs pay shorts."""
        paid = self.notional(contracts, price) * rate
        return paid if contracts > 0 else -paid

    @told_as(inverse="n · V / e", linear="n · V")
    def delta(self, contracts: Fraction, entry_price: Fraction) -> Fraction:
        """Coins by which a position changes the coins held, PnL kept in the wallet. Inverse ``n·V/Pe``; linear ``n·V``.

        Derived: wallet and inverse position are worth ``P·(W + n·V/Pe) - n·V`` dollars, so the delta does not move
        with the price.
        """
        if self.kind is INVERSE:
            return contracts * self.multiplier / entry_price
        if self.kind is LINEAR:
            return contracts * self.multiplier
        assert_never(self.kind)

    def average_entry(self, fills: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
        """Average entry of fills of one direction, given as (contracts, price).

        Inverse: harmonic, ``Σ N_i / Σ (N_i/P_i)``; linear: arithmetic, ``Σ n_i·P_i / Σ n_i``.
        Source: Bybit's help on inverse PnL (1,000 at 5,000 and 2,000 at 6,000 make 5,625):

        >>> from rebal.market.examples import INVERSE
        >>> INVERSE.average_entry([(Fraction(10), Fraction(5000)), (Fraction(20), Fraction(6000))])
        Fraction(5625, 1)
        """
        taken = tuple(fills)
        size = total(contracts for contracts, _ in taken)
        if self.kind is INVERSE:
            return size / total(contracts / price for contracts, price in taken)
        if self.kind is LINEAR:
            return total(contracts * price for contracts, price in taken) / size
        assert_never(self.kind)

    def order_quantity(self, contracts: Fraction) -> Fraction:
        """The quantity to type into the exchange's order form, in ``order_unit``; positive."""
        match self.order_unit:
            case OrderUnit.CONTRACTS:
                return abs(contracts)
            case OrderUnit.USD | OrderUnit.COINS:
                return abs(contracts) * self.multiplier
            case _:
                assert_never(self.order_unit)


def fee_on(value: Fraction, rate: Fraction) -> Fraction:
    """Fee of a fill of some value, in its currency: times the rate, rounded up to 1e-8; negative is a rebate."""
    return up(value * rate, COIN_STEP)
