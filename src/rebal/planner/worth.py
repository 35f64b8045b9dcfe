"""What a book is worth as prices move: coins, futures and the spot trades that they stand in for, as straight lines.

An inverse position's PnL is bent in its coin, but times that coin's price it is straight in dollars; so everything a
book holds is dollars today plus dollars for each shock, and a thousand scenarios cost a thousand sums. Only where a
linear position settles in a currency that moves too does its PnL move with the product of both shocks.
"""

from collections.abc import Iterable, Mapping
from math import lcm
from typing import TypeVar, assert_never

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Part, Position
from rebal.market.contract import Contract, Kind
from rebal.market.path import Moves
from rebal.planner.exposure import leg_value, stood_for
from rebal.portfolio import DOLLARS, Portfolio

_Pair = tuple[str, str]
_Key = TypeVar("_Key", str, _Pair)


_NONE: Mapping[_Pair, Fraction] = {}


class Payoff:
    """Dollars: ``fixed + Σ moving·x + Σ crossing·x·y`` over the assets, ``x`` and ``y`` shocks as fractions.

    ``crossing``: of linear positions whose settlement currency moves too, by their coin and that currency.
    """

    __slots__ = ("_whole", "crossing", "fixed", "moving")

    def __init__(
        self, fixed: Fraction, moving: Mapping[str, Fraction], crossing: Mapping[_Pair, Fraction] | None = None
    ) -> None:
        self.fixed = fixed
        self.moving = moving
        self.crossing = crossing or _NONE
        self._whole: tuple[int, int, tuple[tuple[str, int], ...]] | None = None

    def under(self, moves: Moves) -> Fraction:
        """What it is worth once every asset has moved by its shock."""
        if self._whole is None:
            self._whole = self._in_whole_numbers()
        scale, fixed, moving = self._whole
        straight = Fraction(
            fixed * moves.scale + sum(slope * moves.steps[asset] for asset, slope in moving), scale * moves.scale
        )
        if not self.crossing:
            return straight
        shocks = moves.shocks
        return straight + total(slope * shocks[a] * shocks[b] for (a, b), slope in self.crossing.items())

    def times(self, factor: Fraction) -> "Payoff":
        """So many times the payoff."""
        return Payoff(
            self.fixed * factor,
            {asset: slope * factor for asset, slope in self.moving.items()},
            {pair: slope * factor for pair, slope in self.crossing.items()},
        )

    def _in_whole_numbers(self) -> tuple[int, int, tuple[tuple[str, int], ...]]:
        scale = lcm(self.fixed.denominator, *(slope.denominator for slope in self.moving.values()))
        moving = tuple((asset, int(slope * scale)) for asset, slope in self.moving.items())
        return scale, int(self.fixed * scale), moving


NOTHING = Payoff(ZERO, {})


def added(payoffs: Iterable[Payoff]) -> Payoff:
    """Several payoffs as one."""
    listed = tuple(payoffs)
    return Payoff(
        total(payoff.fixed for payoff in listed),
        _summed(payoff.moving for payoff in listed),
        _summed(payoff.crossing for payoff in listed),
    )


def _summed(slopes: Iterable[Mapping[_Key, Fraction]]) -> dict[_Key, Fraction]:
    terms: dict[_Key, list[Fraction]] = {}
    for each in slopes:
        for key, slope in each.items():
            terms.setdefault(key, []).append(slope)
    sums = {key: total(listed) for key, listed in terms.items()}
    return {key: slope for key, slope in sums.items() if slope}


def less(payoff: Payoff, *others: Payoff) -> Payoff:
    """A payoff without others."""
    return added((payoff, *(each.times(-ONE) for each in others)))


def coins(asset: str, quantity: Fraction, portfolio: Portfolio) -> Payoff:
    """Coins held; what counts as dollars does not move, and what is set aside is not counted.

    Of none no price is asked for.
    """
    return _fixed_in(quantity, asset, portfolio) if quantity and asset not in portfolio.aside else NOTHING


def in_currency(payoff: Payoff, currency: str, portfolio: Portfolio) -> Payoff:
    """A payoff in a currency as dollars, at its price and moving with it where it does not count as dollars."""
    if not (payoff.moving or payoff.crossing):
        return _fixed_in(payoff.fixed, currency, portfolio)
    dollars = payoff.times(portfolio.price(currency))
    if not moves_with(currency, portfolio):
        return dollars
    crossing = {(asset, currency): slope for asset, slope in dollars.moving.items()}
    return added([dollars, Payoff(ZERO, {currency: dollars.fixed}, crossing)])


def _fixed_in(quantity: Fraction, currency: str, portfolio: Portfolio) -> Payoff:
    worth = quantity * portfolio.price(currency)
    return Payoff(worth, {currency: worth} if worth and moves_with(currency, portfolio) else {})


def moves_with(currency: str, portfolio: Portfolio) -> bool:
    """Whether what a currency is worth moves with its price: not of what counts as dollars."""
    return currency not in portfolio.cash and currency != DOLLARS


def closed(position: Position, portfolio: Portfolio) -> Payoff:
    """Unrealised PnL as it is today, kept in the settlement coin."""
    contract, mark = position.contract, portfolio.market.mark(position.contract)
    return coins(contract.settle, contract.pnl(position.contracts, position.entry_price, mark), portfolio)


def held(position: Position, portfolio: Portfolio, *, widening: Fraction = ZERO) -> Payoff:
    """PnL of a position that is kept: ``S·(1+x)·n·V·(1/Pe - 1/P)`` of an inverse one, ``n·V·(P - Pe)`` of a linear one.

    The latter is in the settlement currency, and taken at its price. ``P = (F + S·widening)·(1+x)``: the basis widens,
    then mark and index move together.
    """
    contract, n, entry = position.contract, position.contracts, position.entry_price
    mark = widened(contract, portfolio, widening) if widening else portfolio.market.mark(contract)
    kept, moved = contract.delta(n, entry), contract.delta(n, mark)
    match contract.kind:
        case Kind.INVERSE:
            index = portfolio.price(contract.asset)
            return Payoff((kept - moved) * index, {contract.asset: kept * index})
        case Kind.LINEAR:
            pnl = Payoff(contract.pnl(n, entry, mark), {contract.asset: moved * mark})
            return in_currency(pnl, contract.settle, portfolio)
        case _:
            assert_never(contract.kind)


def in_spot(part: Part, contract: Contract, portfolio: Portfolio) -> Payoff:
    """The spot trade that a part stands in for: coins for dollars, free of cost.

    A part that stands for what is set aside is in nobody's place: it is taken to move as it does.
    """
    if part.stands_for in portfolio.aside:
        return _moves(part, contract, portfolio)
    return Payoff(ZERO, {part.stands_for: stood_for(part, contract, portfolio)})


def by_basis(part: Part, contract: Contract, portfolio: Portfolio) -> Payoff:
    """How a part moves beside the dollars of its own contract's coin that it counts as."""
    return less(_moves(part, contract, portfolio), _counts_as(part, contract, portfolio))


def by_proxy(part: Part, contract: Contract, portfolio: Portfolio) -> Payoff:
    """How the dollars that a part counts as move beside those of the asset that it stands for."""
    return less(_counts_as(part, contract, portfolio), in_spot(part, contract, portfolio))


def widened(contract: Contract, portfolio: Portfolio, widening: Fraction) -> Fraction:
    """The mark with the basis wider by a fraction of the index."""
    return portfolio.market.mark(contract) + portfolio.price(contract.asset) * widening


def _moves(part: Part, contract: Contract, portfolio: Portfolio) -> Payoff:
    delta = contract.delta(part.contracts, portfolio.market.mark(contract))
    match contract.kind:
        case Kind.INVERSE:
            return Payoff(ZERO, {contract.asset: delta * portfolio.price(contract.asset)})
        case Kind.LINEAR:
            moved = Payoff(ZERO, {contract.asset: delta * portfolio.market.mark(contract)})
            return in_currency(moved, contract.settle, portfolio)
        case _:
            assert_never(contract.kind)


def _counts_as(part: Part, contract: Contract, portfolio: Portfolio) -> Payoff:
    if part.stands_for in portfolio.aside:
        return _moves(part, contract, portfolio)
    return Payoff(ZERO, {contract.asset: leg_value(contract, part.contracts, portfolio)})
