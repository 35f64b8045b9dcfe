"""Replay: what each way came to, what it cost, how far it fell, how near its end it was, and what was done."""

from collections.abc import Iterator, Sequence
from functools import partial

from rebal.amounts import Fraction
from rebal.formats.describe import _findings, _origin, _path
from rebal.formats.describe._phrases import counted, day, joined
from rebal.formats.document import Block, Column, Document, Facts, Role, Section, Table, Text
from rebal.formats.document.said import BOLD, GLUE, GREEN, RED, Absent, Figure, Inked, Kind, Medium, Said
from rebal.policy import Policy
from rebal.reports.replay import CombinationLine, FutureLine, Replay, WayLine, YearLine

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_ORIGIN = (Column("", "venue", record="venue {}", only=_RECORDS), _origin.NAME, _origin.VENUE)


def document(report: Replay, limits: Policy | None) -> Document:
    """Everything a person should see of a replay; the path, check by check, is in the json and the csv."""
    return (
        Facts(report, (_ORIGIN,), word="replay"),
        Facts(report, (_STRETCH,), word="stretch", between=None),
        Facts(report, (_MATTER,), word="headline", answer=True),
        *_combinations(report),
        *_futures(report),
        *_path.equity(report),
        Section("Ways", (Table(_WAYS, report.ways, word="way"),), "equity from the start to the end"),
        Section("Where it went", (Table(_WENT, report.ways, word="went"),), _ADDS_UP),
        *_taxed(report),
        Section("On the way", tuple(_on_the_way(report))),
        Section("Liquidated", (Table(_LIQUIDATED, report.liquidated, word="liquidated"),)),
        Section("Refused", (Table(_REFUSED, report.refusals, word="refused"),)),
        Section("By year", (Table(_YEARS, report.years, "year", _told(report.years), known=True),)),
        Section("Coins at the end", (Table(_coins(report), report.ways, word="coins"),)),
        *_path.weights(report),
        *_path.distance(report),
        _findings.section(report.findings),
    )


_ADDS_UP = "end = start + prices + funding − fees − slippage − liquidations, to the last digit"


def _bars(report: Replay) -> Said:
    hours = report.bar_hours
    length = Figure(hours / 24, Kind.EXACT, "d") if hours >= 24 else Figure(hours, Kind.EXACT, "h")
    return (counted(report.bars, "bar"), " of ", length)


def _checked(report: Replay) -> Said:
    return (counted(report.checks, "check"), " every ", Figure(report.check_hours, Kind.EXACT, "hours"))


_STRETCH = (
    Column("", lambda report: f"{day(report.since)} to {day(report.until)}", record="{}"),
    Column("", _bars),
    Column("", _checked),
    Column("", lambda report: ("slippage ", Figure(report.slippage, Kind.RATE))),
)


def _first(report: Replay) -> WayLine:
    return report.ways[0]


def _lived(report: Replay) -> Said:
    gone = [line for line in report.liquidated if line.way == "plan"]
    if not gone:
        return Inked("no wallet was liquidated", GREEN)
    return Inked((counted(len(gone), "wallet"), " liquidated, ", gone[0].wallet, " first, by ", gone[0].time), RED)


def _acts(report: Replay) -> Said:
    way = _first(report)
    refused = (", ", counted(way.refusals, "refusal")) if way.refusals else ()
    return (counted(way.plans, "plan"), ", ", counted(way.orders, "order"), *refused)


def _at_the_end(report: Replay) -> Said:
    return (Inked(Figure(_first(report).equity_end, Kind.USD), BOLD), f"{GLUE}at{GLUE}the{GLUE}end")


_MATTER = (
    Column("", _at_the_end, only=_PAGE),
    Column("", lambda report: Figure(_first(report).equity_end, Kind.DOLLARS, report.currency), only=_RECORDS),
    Column("", _lived),
    Column("", _acts),
)


def _gained(way: WayLine) -> Said:
    return Figure(way.equity_end / way.equity_start - 1, Kind.CHANGE) if way.equity_start > 0 else None


_WAYS = (
    Column("way", "way", record="{}", role=Role.NAME, left=True),
    Column("start $", "equity_start", Kind.DOLLARS, "start", "dollars", record="start {}", yields=2),
    Column("end $", "equity_end", Kind.DOLLARS, "end", "dollars", record="end {}"),
    Column("change", _gained, record="change {}"),
    Column("worst fall", "worst_fall", Kind.PERCENT, record="fall {}"),
    Column("fell from", "fell_from", record="from {}", left=True, yields=1),
    Column("to", "fell_to", record="to {}", left=True, yields=1),
    Column("plans", "plans", Kind.COUNT, record="plans {}"),
    Column("orders", "orders", Kind.COUNT, record="orders {}"),
    Column("refused", "refusals", Kind.COUNT, record="refused {}"),
    Column("liquidated", "liquidations", Kind.COUNT, record="liquidated {}"),
)
_WENT = (
    Column("way", "way", record="{}", role=Role.NAME, left=True),
    Column("prices $", "prices_usd", Kind.DOLLARS, "prices", "dollars", record="prices {}"),
    Column("funding $", "funding_usd", Kind.DOLLARS, "funding", "dollars", record="funding {}"),
    Column("fees $", "fees_usd", Kind.DOLLARS, "fees", "dollars", record="fees {}"),
    Column("slippage $", "slippage_usd", Kind.DOLLARS, "slippage", "dollars", record="slippage {}"),
    Column("liquidations $", "liquidations_usd", Kind.DOLLARS, "liquidations", "dollars", record="liquidations {}"),
)
_UNKNOWN = Absent.UNKNOWN
_TAX = (
    Column("way", "way", record="{}", role=Role.NAME, left=True),
    Column("paid $", "tax_paid_usd", Kind.DOLLARS, "paid", record="paid {}", absent=_UNKNOWN),
    Column("deferred $", "tax_deferred_usd", Kind.DOLLARS, "deferred", record="deferred {}", absent=_UNKNOWN),
    Column("left $", "after_sale_usd", Kind.DOLLARS, "left", record="left {}", absent=_UNKNOWN),
)


def _taxed(report: Replay) -> Iterator[Block]:
    if any(way.tax_deferred_usd is not None for way in report.ways):
        note = "of coins alone: paid on the way, deferred to a sale of all at the end, and what that leaves"
        yield Section("Tax", (Table(_TAX, report.ways, word="tax"),), note)


def _on_the_way(report: Replay) -> Iterator[Block]:
    drift, call = report.drift, report.closest
    if drift is not None:
        mean: tuple[Said, ...] = ("drift ", Figure(drift.mean, Kind.PERCENT), " on average")
        worst: tuple[Said, ...] = (Figure(drift.worst, Kind.PERCENT), " at worst, on ", drift.worst_on)
        inside: tuple[Said, ...] = (Figure(drift.inside, Kind.PERCENT), " of checks with every weight in its band")
        yield Text(joined([mean, worst, inside], "; "), word="drift")
    if call is not None:
        near = ("closest to liquidation ", Figure(call.distance, Kind.AWAY), f", {call.wallet}, by ", call.time)
        alert = (Figure(report.alert_days, Kind.EXACT, "days"), " in alert")
        yield Text(joined([near, alert], "; "), word="closest")
    if report.at_venue:
        most = [(Figure(each.coins, Kind.COINS), f"{GLUE}{each.asset}") for each in report.at_venue]
        yield Text(("most at the venue ", *joined(most)), word="at-venue")


_LIQUIDATED = (
    Column("way", "way", record="{}", role=Role.NAME, left=True),
    Column("wallet", "wallet", record="wallet {}", left=True),
    Column("by", "time", record="by {}", left=True),
    Column("at", "price", Kind.PRICE, record="at {}"),
    Column("lost", "lost", Kind.COINS, unit="currency", record="lost {}"),
    Column("worth $", "lost_usd", Kind.DOLLARS, "worth", "dollars", record="worth {}"),
)
_REFUSED = (
    Column("about", "subject", record="{}", role=Role.NAME, left=True),
    Column("why", "code", record="code {}", left=True),
    Column("times", "times", Kind.COUNT, record="times {}"),
    Column("first", "first", record="first {}", left=True),
    Column("last", "last", record="last {}", left=True),
    Column("", lambda line: line.message, record="{}", role=Role.BELOW),
)
_YEARS = (
    Column("way", "way", record="{}", role=Role.NAME, left=True),
    Column("year", "year", Kind.COUNT, record="{}"),
    Column("contract", "contract", record="{}", left=True),
    Column("fees $", "fees_usd", Kind.DOLLARS, "fees", "dollars", record="fees {}"),
    Column("slippage $", "slippage_usd", Kind.DOLLARS, "slippage", "dollars", record="slippage {}"),
    Column("funding $", "funding_usd", Kind.DOLLARS, "funding", "dollars", record="funding {}"),
    Column("basis $", lambda line: line.basis_usd or None, Kind.DOLLARS, "basis", "dollars", yields=1, only=_PAGE),
    Column("", "basis_usd", Kind.DOLLARS, record="basis {}", only=_RECORDS),
    Column("realised $", "realised_usd", Kind.DOLLARS, "realised", "dollars", record="realised {}"),
    Column("realised", "realised_coin", Kind.COINS, unit="currency", record="realised-coins {}", yields=1),
    Column("tax $", lambda line: line.tax_usd or None, Kind.DOLLARS, "tax", "dollars", record="tax {}"),
)


def _told(years: Sequence[YearLine]) -> list[YearLine]:
    """Lines with anything to tell."""
    return [each for each in years if each.fees_usd or each.funding_usd or each.realised_coin or each.slippage_usd]


def _typed(line: CombinationLine) -> Said:
    return joined(f"{key}{GLUE}{value}" for key, value in line.policy.items()) or "as the file has it"


_COMBINATIONS = (
    Column("place", "place", Kind.COUNT, record="{}", role=Role.NAME),
    Column("policy", _typed, record="{}", left=True),
    Column("end $", "equity_end", Kind.DOLLARS, "end", "dollars", record="end {}"),
    Column("change", "change", Kind.CHANGE, record="change {}"),
    Column("worst fall", "worst_fall", Kind.PERCENT, record="fall {}"),
    Column("closest", "closest", Kind.AWAY, record="closest {}", absent=Absent.NEVER),
    Column("cost $", "cost_usd", Kind.DOLLARS, "cost", "dollars", record="cost {}"),
    Column("drift", "drift", Kind.PERCENT, record="drift {}", yields=1),
    Column("plans", "plans", Kind.COUNT, record="plans {}"),
    Column("refused", "refusals", Kind.COUNT, record="refused {}"),
    Column("liquidated", "liquidations", Kind.COUNT, record="liquidated {}"),
    Column("frontier", lambda line: "yes" if line.frontier else None, record="frontier {}", left=True),
    Column("from starts: least", "least_change", Kind.CHANGE, record="least {}", yields=1),
    Column("median", "median_change", Kind.CHANGE, record="median {}", yields=1),
    Column("most", "most_change", Kind.CHANGE, record="most {}", yields=1),
)


def _combinations(report: Replay) -> Iterator[Block]:
    if report.combinations:
        starts = report.combinations[0].starts
        spread = f"; changes over half of it from {starts} starts" if starts else ""
        note = f"ranked by {report.ranked_by}; frontier: none ends higher without falling further{spread}"
        yield Section("Policies", (Table(_COMBINATIONS, report.combinations, word="policy"),), note)


def _figure(line: FutureLine) -> Said:
    if line.quantile is None:
        return line.figure
    return (f"{line.figure}{GLUE}", Figure(line.quantile, Kind.RATE))


def _of_future(get: str, line: FutureLine) -> Said:
    figure: Fraction | None = getattr(line, get)
    return None if figure is None else Figure(figure, Kind.USD if line.figure == "end" else Kind.PERCENT)


_FUTURES = (
    Column("figure", _figure, record="{}", role=Role.NAME, left=True),
    Column("value", partial(_of_future, "value"), record="value {}"),
    Column("± standard error", partial(_of_future, "standard_error"), before="±", record="error {}"),
)


def _futures(report: Replay) -> Iterator[Block]:
    drawn = report.drawn
    if drawn is not None:
        length = Figure(drawn.block_days, Kind.EXACT, "days")
        note = (f"{drawn.paths} drawn from these prices in blocks of ", length, f" on average, seed {drawn.seed}")
        yield Section("Futures", (Table(_FUTURES, drawn.lines, word="future"),), note)


def _coins(report: Replay) -> tuple[Column, ...]:
    names = sorted({asset for way in report.ways for asset in way.coins})
    return (
        Column("way", "way", record="{}", role=Role.NAME, left=True),
        *(Column(name, partial(_held, name), Kind.COINS, record=f"{name} {{}}") for name in names),
    )


def _held(asset: str, way: WayLine) -> Fraction | None:
    return way.coins.get(asset)
