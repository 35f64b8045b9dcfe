"""How a venue's file writes its contracts down, and how a line of it becomes a ``Contract``.

A table is text: a header that names the columns, then one contract or dated family a line. ``-`` is a figure that
nobody was seen to publish; a figure with ``?`` behind it is one that stands in for such a figure. Both are listed
under the contract's ``assumed`` (a price step that is not known is None instead). Only what is asked for is read.

The records here are named tuples rather than dataclasses: a class of them is made ten times as fast at start-up.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, assert_never

from rebal.amounts import ONE, ZERO, Fraction, number, plain
from rebal.market.contract import Assumption, Contract, Kind, OrderUnit
from rebal.market.maintenance import (
    Maintenance,
    Method,
    SizeRate,
    Tier,
    Tiers,
    TierUnit,
    Valuation,
    assumed,
    with_deductions,
)
from rebal.venues._dated import Named

UNKNOWN = "-"
STANDS_IN = "?"
NOT_LISTED = "no"
"""The key under which a table's ``listed`` tells why a contract is not planned on."""


class Table(NamedTuple):
    """Contracts of one kind that share fees, funding and order form.

    ``text`` has the columns contract, asset, multiplier, tick, lot, min, leverage, listed, source, date and status;
    those that are the same on every line stand in ``common`` instead. ``listed``: what the newest source says about
    the listing, by the key in that column. Fees are fractions. ``settle``: empty for the contract's own coin.
    ``rule``: names and expiries where the lines are dated families.
    """

    kind: Kind
    text: str
    common: Mapping[str, str]
    listed: Mapping[str, str]
    maker_fee: str
    taker_fee: str
    funding_hours: str = UNKNOWN
    order_unit: OrderUnit = OrderUnit.CONTRACTS
    settle: str = ""
    rule: Named | None = None
    delivery_fee: str = UNKNOWN

    def rows(self) -> "Iterator[Row]":
        """The contracts and families, in the table's order."""
        header, *lines = self.text.strip().splitlines()
        columns = tuple(header.split())
        for line in lines:
            name, asset, _ = line.split(None, 2)
            yield Row(name, asset, self, columns, line)


class Row(NamedTuple):
    """One line of a table: a contract, or a dated family under its pattern."""

    name: str
    asset: str
    table: Table
    columns: tuple[str, ...]
    line: str

    def cells(self) -> dict[str, str]:
        """The line's figures by column, as they are written."""
        return {**self.table.common, **dict(zip(self.columns, self.line.split(), strict=True))}

    @property
    def stem(self) -> str:
        """What the names of a dated family begin with."""
        return self.name.removesuffix(self.table.rule.pattern) if self.table.rule else self.name


class Form(NamedTuple):
    """How a venue applies its maintenance tiers, whichever contract they are of."""

    valuation: Valuation
    close_fee: bool
    method: Method
    unit: TierUnit

    def tiers(self, text: str) -> Tiers:
        """Read tiers written ``up_to rate deduction leverage``, one a line or between commas.

        ``-`` for the bound of a tier without end. The last two may be absent: no deduction (a marginal schedule gets
        those of continuity), no cap. ``1/0.02`` is a cap that the venue prints as an initial margin rate.
        """
        return self.of(_tier(item.split()) for item in text.strip().replace("\n", ",").split(","))

    def of(self, tiers: Iterable[Tier]) -> Tiers:
        """The schedule of these tiers; a marginal one gets the deductions of continuity."""
        listed = tuple(tiers)
        if self.method is Method.MARGINAL:
            listed = with_deductions(listed)
        return Tiers(self.valuation, self.close_fee, self.method, self.unit, listed)


class Known(NamedTuple):
    """A maintenance schedule and what of it nobody was seen to publish; ``isolated``: that of isolated positions."""

    schedule: Maintenance
    figure: str = ""
    stands_in: str = ""
    isolated: Maintenance | None = None


def resolve(row: Row, known: Known | None, *, name: str, expiry: datetime | None, listed: bool) -> Contract | None:
    """Make the contract of a line, None where its multiplier is not known.

    ``known``: its maintenance schedule; without one the prudent stand-in of ``market.maintenance`` is used.
    """
    table, cells = row.table, row.cells()
    multiplier = _figure(cells["multiplier"])
    if multiplier is None:
        return None
    lot_size = _figure(cells["lot"]) or ONE
    max_leverage = _figure(cells["leverage"])
    schedule = known.schedule if known else assumed(max_leverage)
    contract = Contract(
        name=name,
        asset=row.asset,
        kind=table.kind,
        multiplier=multiplier,
        settle=table.settle or row.asset,
        expiry=expiry,
        tick_size=_figure(cells["tick"]),
        lot_size=lot_size,
        min_contracts=_figure(cells["min"]) or lot_size,
        maker_fee=number(table.maker_fee.removesuffix(STANDS_IN)),
        taker_fee=number(table.taker_fee.removesuffix(STANDS_IN)),
        funding_interval_hours=_figure(table.funding_hours),
        max_leverage=max_leverage,
        maintenance=schedule,
        order_unit=table.order_unit,
        delivery_fee=_figure(table.delivery_fee),
        listed=listed,
        isolated_maintenance=known.isolated if known else None,
    )
    return replace(contract, assumed=tuple(_assumptions(contract, table, cells, known)))


def _assumptions(
    contract: Contract, table: Table, cells: Mapping[str, str], known: Known | None
) -> Iterator[Assumption]:
    def assumption(figure: str, stands_in: str, field: str) -> Assumption:
        return Assumption(figure, stands_in, f"contracts.{contract.name}.{field}")

    if _is_assumed(cells["multiplier"]):
        yield assumption("multiplier", _multiplier_words(contract), "multiplier")
    if _is_assumed(cells["lot"]):
        yield assumption("lot size", _size_words(contract, contract.lot_size), "lot_size")
    if _is_assumed(cells["min"]):
        yield assumption("smallest order", _size_words(contract, contract.min_contracts), "min_contracts")
    if _is_assumed(table.maker_fee):
        yield assumption("maker fee", _percent(contract.maker_fee), "maker_fee")
    if _is_assumed(table.taker_fee):
        yield assumption("taker fee", _percent(contract.taker_fee), "taker_fee")
    if contract.expiry is None and _is_assumed(table.funding_hours):
        hours = contract.funding_interval_hours
        yield assumption("funding interval", f"{plain(hours)} hours" if hours else "none", "funding_interval")
    if known is None:
        yield assumption("maintenance rate", f"{_first_rate(contract)} with the closing fee", "maintenance")
    elif known.figure:
        yield assumption(known.figure, known.stands_in, "maintenance")


def _figure(text: str) -> Fraction | None:
    return None if text == UNKNOWN else number(text.removesuffix(STANDS_IN))


def _is_assumed(text: str) -> bool:
    return text == UNKNOWN or text.endswith(STANDS_IN)


def _tier(parts: list[str]) -> Tier:
    up_to, rate, deduction, leverage = (*parts, *(UNKNOWN,) * (4 - len(parts)))
    return Tier(_figure(up_to), number(rate), _figure(deduction) or ZERO, _leverage(leverage))


def _leverage(text: str) -> Fraction | None:
    """A cap as printed, or one over the initial margin rate that is printed in its place."""
    return 1 / number(text.removeprefix("1/")) if text.startswith("1/") else _figure(text)


def _multiplier_words(contract: Contract) -> str:
    match contract.kind:
        case Kind.INVERSE:
            return f"{plain(contract.multiplier)} USD a contract"
        case Kind.LINEAR:
            return f"{plain(contract.multiplier)} {contract.asset} a contract"
        case _:
            assert_never(contract.kind)


def _size_words(contract: Contract, contracts: Fraction) -> str:
    quantity = plain(contract.order_quantity(contracts))
    match contract.order_unit:
        case OrderUnit.CONTRACTS:
            return f"{quantity} contract" if contracts == 1 else f"{quantity} contracts"
        case OrderUnit.USD:
            return f"{quantity} USD"
        case OrderUnit.COINS:
            return f"{quantity} {contract.asset}"
        case _:
            assert_never(contract.order_unit)


def _first_rate(contract: Contract) -> str:
    schedule = contract.maintenance
    match schedule:
        case Tiers():
            return _percent(schedule.tiers[0].rate)
        case SizeRate():
            return _percent(schedule.base)
        case _:
            assert_never(schedule)


def _percent(value: Fraction) -> str:
    return f"{plain(value * 100)} %"
