"""One venue; ``?`` stands behind a figure that is assumed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from rebal.catalogue import ContractLine, Standing, TierLine, VenueSheet
from rebal.formats.describe._phrases import ORDER_UNITS, joined
from rebal.formats.document import Block, Column, Document, Facts, Listed, Role, Section, Table, Text
from rebal.formats.document.said import BOLD, DIM, Figure, Inked, Kind, Medium, Phrases, Prose, Said
from rebal.market.contract import Kind as ContractKind
from rebal.market.maintenance import TierUnit, Valuation
from rebal.market.pooled import ClosingFee, Counted, Printed
from rebal.policy import Policy
from rebal.pooling import CollateralLine, PoolingLine

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_ASSUMED = "?"
"""Stands behind a figure that nobody was seen to publish."""


class _Row(NamedTuple):
    """A contract, and which of its figures are assumed: the last words of the keys that override them."""

    line: ContractLine
    assumed: Collection[str]


def _marked(said: Said, key: str, row: _Row) -> Said:
    if said is None or key not in row.assumed:
        return said
    return (said, _ASSUMED)


def _figure(attribute: str, kind: Kind, key: str, row: _Row) -> Said:
    value = getattr(row.line, attribute)
    return None if value is None else _marked(Figure(value, kind), key, row)


def _column(heading: str, attribute: str, kind: Kind = Kind.EXACT, *, key: str = "", **given: Any) -> Column:
    """A figure of a contract, marked where the field of that key is assumed."""
    return Column(heading, partial(_figure, attribute, kind, key or attribute), **given)


def _multiplier(row: _Row) -> Said:
    line = row.line
    if line.multiplier is None:
        return None
    unit = "USD" if line.kind is ContractKind.INVERSE else line.asset
    return _marked(Figure(line.multiplier, Kind.EXACT, unit), "multiplier", row)


def _typed_in(row: _Row) -> Said:
    return None if row.line.order_unit is None else ORDER_UNITS.get(row.line.order_unit, row.line.asset)


def _remark(row: _Row) -> Said:
    line = row.line
    if line.standing is Standing.PLANNED_ON:
        return None if line.expiry is None else ("expires ", line.expiry)
    why = "its multiplier is not known" if line.standing is Standing.INCOMPLETE else line.listing
    return Inked((f"not planned on: {why}",), DIM)


def _of(get: Callable[[ContractLine], Said]) -> Callable[[_Row], Said]:
    return lambda row: get(row.line)


def _maintenance(row: _Row) -> Said:
    line = row.line
    if line.maintenance_price is None:
        return None
    price = "mark" if line.maintenance_price is Valuation.MARK else "entry"
    way: tuple[Said, ...] = (f"at {price}{', with the closing fee' if line.maintenance_close_fee else ''}, ",)
    if line.maintenance_base is not None and line.maintenance_slope is not None:
        base, slope = (Figure(each, Kind.RATE) for each in (line.maintenance_base, line.maintenance_slope))
        way += (base, " and ", slope, " more a coin")
    else:
        way += (f"{line.maintenance_method}",)
    return _marked(way, "maintenance", row)


_COLUMNS = (
    Column("contract", "line.contract", record="{}", role=Role.NAME, left=True),
    Column("", _of(lambda line: f"{line.asset} {line.kind}"), only=_RECORDS),
    Column("", "line.standing", only=_RECORDS),
    Column("", "line.expiry", record="expiry {}", only=_RECORDS),
    Column("each", _multiplier, record="multiplier {}"),
    Column("", "line.settle", record="settle {}", only=_RECORDS),
    _column("tick", "tick_size"),
    _column("lot", "lot_size"),
    _column("least", "min_contracts", record="min {}"),
    Column("typed in", _typed_in, only=_PAGE),
    Column("", "line.order_unit", record="order-in {}", only=_RECORDS),
    _column("maker", "maker_fee", Kind.RATE),
    _column("taker", "taker_fee", Kind.RATE),
    _column("", "delivery_fee", Kind.RATE, record="delivery {}", only=_RECORDS),
    _column(
        "funding h",
        "funding_interval_hours",
        key="funding_interval",
        before="funding every",
        after="hours",
        record="funding-hours {}",
    ),
    _column("leverage", "max_leverage", before="leverage up to", record="leverage {}"),
    Column("", _maintenance, record="maintenance {}", only=_RECORDS),
    Column("", _of(lambda line: " ".join(line.sources)), record="source {}", only=_RECORDS),
    Column("date", "line.date"),
    Column("source", _of(lambda line: f"{line.status}: {', '.join(line.sources)}"), left=True, only=_PAGE),
    Column("", "line.status", only=_RECORDS),
    Column("", _of(lambda line: (line.listing,)), only=_RECORDS),
    Column("", _remark, role=Role.BELOW, only=_PAGE),
)
_TIERS = (
    Column("", "contract"),
    Column("", "up_to", record="up-to {}"),
    Column("", "rate", Kind.RATE, record="rate {}"),
    Column("", "deduction", record="deduction {}"),
    Column("", "max_leverage", Kind.LEVERAGE, record="leverage {}"),
)
_POOLING = (
    Column("", "mode", record="{}"),
    Column("", lambda line: "new-accounts" if line.new_account else "on-request", record="{}"),
    Column("", "liquidated_at", record="liquidated-at {}"),
    Column("", "closing_fee", record="closing-fee {}"),
    Column("", lambda line: "both-margins" if line.fee_in_initial else "maintenance", record="in {}"),
    Column("", "printed", record="prints {}"),
    Column("", "source", record="source {}"),
)
_COLLATERAL = (
    Column("", "coin"),
    Column("", "counted", record="in {}"),
    Column("", "up_to", record="up-to {}"),
    Column("", "ratio", Kind.RATE, record="ratio {}"),
    Column("", "status"),
    Column("", "date", record="date {}"),
    Column("", "source", record="source {}"),
)
_ASSUMPTIONS = (
    Column("", "contract"),
    Column("", lambda each: (each.figure,)),
    Column("", lambda each: (each.stands_in,)),
    Column("", "key", record="set {}"),
)
_VENUE = (
    Column("", lambda sheet: Inked((sheet.title,), BOLD), only=_PAGE),
    Column("", "venue", only=_RECORDS),
    Column("", lambda sheet: len(sheet.contracts), Kind.COUNT, record="contracts {}", only=_RECORDS),
    Column("", lambda sheet: (sheet.title,), only=_RECORDS),
)


def document(report: VenueSheet, limits: Policy | None) -> Document:
    """What holds of the venue, its contracts, their maintenance, what is assumed, notes and sources."""
    assumed: dict[str, set[str]] = {}
    for each in report.assumed:
        assumed.setdefault(each.contract, set()).add(each.key.rpartition(".")[2])
    rows = [_Row(each, assumed.get(each.contract, frozenset())) for each in report.contracts]
    return (
        Facts(report, (_VENUE,), word="venue", answer=True),
        *(Text(Prose(each), word="says") for each in report.statements),
        *_contracts(rows),
        _margin(rows, report),
        *_pooled(report),
        *_assumptions(report),
        _listed("Notes", [(line.contract, Prose(note)) for line in report.contracts for note in line.notes], "note"),
        _listed("Sources", [(each.source, Prose(each.title)) for each in report.sources], "source"),
    )


def _contracts(rows: Sequence[_Row]) -> tuple[Block, ...]:
    of_kind = ((kind, [row for row in rows if row.line.kind is kind]) for kind in ContractKind)
    return (
        *(Section(f"{kind.capitalize()} contracts", (Table(_COLUMNS, found),), only=_PAGE) for kind, found in of_kind),
        Table(_COLUMNS, rows, word="contract", only=_RECORDS),
    )


def _margin(rows: Sequence[_Row], report: VenueSheet) -> Section:
    tiers: dict[str, list[TierLine]] = {}
    for each in report.tiers:
        tiers.setdefault(each.contract, []).append(each)
    told = [
        (row.line.contract, Phrases((way, *(_tier(each, row.line) for each in tiers.get(row.line.contract, ())))))
        for row in rows
        if (way := _maintenance(row)) is not None
    ]
    return Section("Maintenance margin", (Listed(told), Table(_TIERS, report.tiers, word="tier", only=_RECORDS)))


def _tier(tier: TierLine, line: ContractLine) -> Said:
    unit = _tier_unit(line)
    words: list[Said] = ["any size" if tier.up_to is None else ("to ", Figure(tier.up_to, Kind.EXACT, unit))]
    words.append(Figure(tier.rate, Kind.RATE))
    if tier.deduction:
        words.append(("less ", Figure(tier.deduction, Kind.EXACT, unit)))
    if tier.max_leverage is not None:
        whole = tier.max_leverage.denominator == 1
        words.append((Figure(tier.max_leverage, Kind.EXACT if whole else Kind.LEVERAGE), "x"))
    return joined(words, " ")


def _tier_unit(line: ContractLine) -> str:
    match line.maintenance_tier_unit:
        case TierUnit.USD:
            return "USD"
        case TierUnit.CONTRACTS:
            return "contracts"
        case _:
            return line.asset


def _pooled(report: VenueSheet) -> Iterator[Block]:
    """How its pooled accounts are judged, and what each coin counts there, with where that is from."""
    if report.pooling is None:
        return
    coins: dict[str, list[CollateralLine]] = {}
    for each in report.collateral:
        coins.setdefault(each.coin, []).append(each)
    told = [(_ANY_OTHER if coin == "*" else coin, _counting(parts)) for coin, parts in coins.items()]
    yield Section("Pooled accounts", (Text(_judging(report.pooling)), Listed(told)), _RATIOS, only=_PAGE)
    yield Table(_POOLING, (report.pooling,), word="pooling", only=_RECORDS)
    yield Table(_COLLATERAL, report.collateral, word="collateral", only=_RECORDS)


_ANY_OTHER = "others"
_RATIOS = "what a coin counts, part by part; an account that shows others sets accounts.NAME.collateral"
_MULTIPLE = "credit over maintenance"
_FEES = {
    ClosingFee.SCHEDULE: "the closing fee where a contract's maintenance has it",
    ClosingFee.BANKRUPTCY: "the fee of closing at the bankruptcy price",
    ClosingFee.VALUE: "the fee of closing at mark",
}


def _judging(line: PoolingLine) -> Said:
    """The rules in one sentence."""
    fresh = "a new account is one" if line.new_account else "a new account is not one"
    ends: Said = "maintenance reaches credit"
    if line.liquidated_at != 1:
        ends = ("credit falls to ", Figure(line.liquidated_at, Kind.EXACT), " times maintenance")
    prints = "maintenance over credit, cut to four decimals" if line.printed is Printed.SHARE else _MULTIPLE
    fee = f"{_FEES[line.closing_fee]} counts {'in both margins' if line.fee_in_initial else 'in maintenance'}"
    rate = f"the rate it prints is {prints}. Source: {line.source}."
    return (f"{line.mode}; {fresh}. Liquidated where ", ends, f"; {fee}; {rate}")


def _counting(parts: Sequence[CollateralLine]) -> Said:
    first = parts[0]
    unit = "USD" if first.counted is Counted.USD else ("" if first.coin == "*" else first.coin)
    words = [
        (("any amount" if each.up_to is None else ("to ", Figure(each.up_to, Kind.EXACT, unit))), " ",
         Figure(each.ratio, Kind.RATE))
        for each in parts
    ]  # fmt: skip
    beyond: tuple[Said, ...] = () if parts[-1].up_to is None else ("nothing beyond",)
    known = first.status if first.source is None else f"{first.status}: {first.source}, {first.date or 'no date'}"
    return Phrases((*words, *beyond, known))


def _assumptions(report: VenueSheet) -> tuple[Block, ...]:
    pairs = [(each.contract, Prose(f"{each.figure}: {each.stands_in}; set {each.key}")) for each in report.assumed]
    note = "nobody was seen to publish these; ? marks them above"
    return (
        Section("Assumed", (Listed(pairs),), note, only=_PAGE),
        Table(_ASSUMPTIONS, report.assumed, word="assumed", only=_RECORDS),
    )


def _listed(title: str, pairs: Sequence[tuple[str, Said]], word: str) -> Section:
    return Section(title, (Listed(pairs, word=word),))
