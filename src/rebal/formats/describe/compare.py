"""Compare: the ways there are, what each costs, when selling is cheaper, and tax lot by lot."""

from collections.abc import Iterable

from rebal.amounts import Fraction
from rebal.formats.describe import _findings, _origin, _routes
from rebal.formats.describe._phrases import day, days, joined
from rebal.formats.describe._routes import KEY, expiry, named, words
from rebal.formats.document import Column, Document, Facts, Place, Role, Section, Table, Text
from rebal.formats.document.said import BOLD, GLUE, GREEN, RED, Absent, Figure, Inked, Kind, Medium, Said
from rebal.names import listed
from rebal.policy import Policy
from rebal.reports.comparison import (
    Compare,
    LegLine,
    LotLine,
    RankLine,
    Way,
)

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_UNSEEN = "?"
_LACKS = (
    ("holdings.", ".lots", "the tax on"),
    ("market.funding.", "", "the funding of"),
    ("contracts.", ".funding_interval", "the funding of"),
    ("market.prices.", "", "the basis of"),
    ("costs.spot_fee", "", "the spot fee"),
    ("costs.slippage", "", "slippage"),
)
"""How keys begin and end, and what is not known without them."""

_WORTH: dict[bool | None, Said] = {True: Inked("yes", GREEN), False: Inked("no", RED), None: "nothing to wait for"}
_ORIGIN = (*_origin.RECORDED, _origin.NAME, _origin.VENUE, _origin.PRICES)


def document(report: Compare, limits: Policy | None) -> Document:
    """Everything a person should see of a comparison; the figures of its chart are in the json and the csv."""
    return (
        Facts(report, (_ORIGIN,), word="compare"),
        Facts(report, (_MATTER,), word="headline"),
        *((Text(_headline(report), word="cheapest", answer=True),) if report.routes else ()),
        Table(_RANK, report.ranking, word="rank", only=_RECORDS),
        Table(_TURN, report.turns, word="turn", only=_RECORDS),
        Section("Ways", (Table(_METHODS, report.methods, word="way"),)),
        *_routes.routes(report),
        *_routes.curves(report),
        Table(_POSTED, report.posted, word="post", only=_RECORDS),
        Table(_POOLED, report.pooled, word="pool", only=_RECORDS),
        Section("Contracts", (Table(_LEGS, report.legs, "leg", [each for each in report.legs if each.contract]),)),
        Section("Tax by lot", (Table(_LOTS, report.lots, word="lot"),), "of a sale now"),
        _findings.section(report.findings),
    )


def _to_trade(report: Compare) -> Said:
    if not report.notional:
        return None
    return (Inked(Figure(report.notional, Kind.USD), BOLD), f"{GLUE}to{GLUE}trade")


def _subject(report: Compare) -> Said:
    """What is compared: the hedge, or each leg of the drift."""
    if report.hedge is not None:
        return ("hedge of ", Figure(report.hedge.fraction, Kind.PERCENT), f" of {report.hedge.asset}")
    if not report.notional:
        return "nothing to trade"
    legs = {leg.asset: leg.leg_usd for leg in report.legs}
    return joined((f"{asset}{GLUE}", Figure(usd, Kind.DOLLARS, signed=True)) for asset, usd in sorted(legs.items()))


_MATTER = (
    Column("", _to_trade, only=_PAGE),
    Column("", lambda report: Figure(report.notional, Kind.DOLLARS, report.currency), only=_RECORDS),
    Column("", _subject),
)


def _headline(report: Compare) -> Said:
    """Which route costs least, as far as is known, and what would change that."""
    over: tuple[Said, ...] = ("over ", days(report.horizon_days))
    placed = [each for each in report.ranking if each.place is not None]
    if not any(each.route is not Way.SPOT for each in placed):
        return joined([(*over, " no futures route is complete"), *map(_beside, placed)])
    first, *others = placed
    if report.hedge is None:
        over = (*over, " with the deferred tax")
    known = "as far as is known, " if any(each.missing for each in placed) else ""
    against = next((each for each in others if each.route is Way.SPOT), others[0] if others else None)
    beside = [] if against is None else [_beside(against)]
    least = joined([(f"{known}{named(first)} costs least ", *over, ": ", *_known(first)), *beside])
    return least if not report.turns else (*least, "; ", *_turns(report), " would change that")


def _cost(usd: Fraction) -> Figure:
    return Figure(usd, Kind.DOLLARS, "USD")


def _known(line: RankLine) -> tuple[Said, ...]:
    """What is known of a cost, and what is not: alone where nothing else is known."""
    unknown = _unknown(line.missing)
    known: list[Said] = [_cost(line.known_usd)] if line.known_usd or not unknown else []
    return joined([*known, *unknown], " + ")


def _unknown(keys: Iterable[str], last: str = "and") -> list[Said]:
    """What is not known for want of keys, in words: coins and contracts of one kind together."""
    named: dict[str, list[str]] = {}
    for key in keys:
        stands = next((each for each in _LACKS if key.startswith(each[0]) and key.endswith(each[1])), None)
        if stands is None:
            named.setdefault(key, [])
        else:
            before, after, words = stands
            named.setdefault(words, []).append(key.removeprefix(before).removesuffix(after))
    return [f"{words} {listed(names, last)}" if any(names) else words for words, names in named.items()]


def _beside(line: RankLine) -> tuple[Said, ...]:
    return (f"{'selling' if line.route is Way.SPOT else named(line)} ", *_known(line))


def _turns(report: Compare) -> tuple[Said, ...]:
    said: list[tuple[Said, ...]] = [_turn(each.key, each.above) for each in report.turns if each.above is not None]
    said += [(each,) for each in _unknown((each.key for each in report.turns if each.above is None), "or")]
    *some, last = said
    return (*joined(some), " or ", *last) if some else last


def _turn(key: str, above: Fraction) -> tuple[Said, ...]:
    (words,) = _unknown([key])
    return (words, " above ", Figure(above, Kind.FINE) if key.startswith("costs.") else _cost(above))


_RANK = (
    Column("", "place", Kind.COUNT, record="{}", place=Place.FIRST),
    *KEY,
    Column("", "known_usd", Kind.USD, record="known {}"),
    Column("", lambda line: words(line.missing, " "), record="missing {}"),
    Column("", "left_out", record="left-out {}"),
)
_TURN = (
    Column("", "key"),
    Column("", "above", record="above {}"),
    Column("", lambda turn: "first"),
    Column("", "route"),
    Column("", expiry),
)
_METHODS = (
    Column("way", "route", record="{}", role=Role.NAME, left=True),
    Column("margin in", lambda way: words(way.margin, ", ") or "none", before="margin", left=True, only=_PAGE),
    Column("", lambda way: words(way.margin, " "), record="margin {}", only=_RECORDS),
    Column("realised", "realised", before="", record="realised {}", left=True),
    Column("exposed to", "exposed", record="exposed {}", left=True),
)
_POSTED = (
    *KEY,
    Column("", "quantity", Kind.COINS, unit="currency"),
    Column("", "usd", Kind.DOLLARS, record="worth {}"),
    Column("", "missing", Kind.COINS, record="missing {}"),
)

_POOLED = (
    *KEY,
    Column("", "account", record="{}"),
    Column("", "with_usd", Kind.USD, record="needs {}"),
    Column("", "without_usd", Kind.USD, record="without {}"),
)


def _carry(leg: LegLine) -> Said:
    if leg.carry_usd is None:
        return Absent.UNKNOWN if leg.contract else Absent.NONE
    return leg.carry_usd


_LEGS = (
    *KEY,
    Column("contract", "contract", record="contract {}", role=Role.NAME, left=True),
    Column("coin", "asset", before="for", record="{}", left=True, place=Place.FIRST),
    Column("leg", "leg_usd", Kind.USD, record="{}", place=Place.FIRST),
    Column("futures", "notional", Kind.USD),
    Column("funding", "funding_rate", Kind.RATE, after="an interval"),
    Column("basis", "basis", Kind.CHANGE),
    Column("a year", "basis_annualised", Kind.CHANGE, before="", after="a year", record="a-year {}"),
    Column("days left", "days_left", Kind.DAYS, before="", after="days left", record="days {}"),
    Column("delivery fee", "delivery_fee", Kind.RATE, record="delivery {}"),
    Column("carry", _carry, Kind.USD),
    Column("", "left_out", record="left-out {}", only=_RECORDS),
)


def _worth(lot: LotLine) -> Said:
    """Whether waiting for a lot is worth what it costs."""
    if lot.hedged_on is not None and lot.saved_by_waiting_usd <= 0:
        return "saves no tax"
    return "not known" if lot.worth_waiting is None and lot.hedged_on is not None else _WORTH[lot.worth_waiting]


def _hedging(lot: LotLine) -> Said:
    unknown = None if lot.hedged_on is None else Absent.UNKNOWN
    return unknown if lot.hedge_cost_until_usd is None else lot.hedge_cost_until_usd


_LOTS = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    Column("quantity", "quantity", Kind.COINS, record="{}", role=Role.NAME),
    Column("acquired", lambda lot: day(lot.acquired)),
    Column("gain", "gain_usd", Kind.USD),
    Column("rate", "rate", Kind.RATE),
    Column("tax", "tax_usd", Kind.USD),
    Column("long-term on", lambda lot: day(lot.long_term_on), record="long-term {}"),
    Column("waiting saves", "saved_by_waiting_usd", Kind.USD, record="saves {}"),
    Column("hedging till then", _hedging, Kind.USD, only=_PAGE),
    Column("", "hedge_cost_until_usd", Kind.USD, record="hedging {}", only=_RECORDS),
    Column("", "hedged_on", record="on {}", only=_RECORDS),
    Column("worth it", _worth, left=True, only=_PAGE),
    Column(
        "",
        lambda lot: None if lot.worth_waiting is None else "yes" if lot.worth_waiting else "no",
        record="worth {}",
        only=_RECORDS,
    ),
)
