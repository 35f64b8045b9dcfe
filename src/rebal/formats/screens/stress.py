"""The screen of stress: what the book is worth under each shock, which wallets go first, and what would save them."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import BOLD, DIM, EMPTY, PLAIN, RED, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.shocks import CAUSES, headline, mildest, moves, scenario, strained, wallet
from rebal.formats.page.wording import day_and_time, unbroken
from rebal.formats.screens import _curve, _findings, _ladder
from rebal.stress import ScenarioLine, Stress, Survival, WalletLine

_POINTS = 200
_SCENARIOS = (
    Column("scenario", role=Role.NAME, left=True),
    Column("unhedged $", "unhedged", "dollars"),
    Column("hedged $", "hedged", "dollars"),
    Column("in spot $", "in spot", "dollars"),
    Column("difference $", "difference", "dollars", yields=1),
    Column("liquidated", left=True),
    Column("", role=Role.BELOW),
)
_SURVIVAL = (
    Column("wallet", role=Role.NAME, left=True),
    Column("liquidated in", after="scenarios"),
    Column("first at", left=True),
    Column("top up for all of them", "top up"),
    Column("free outside"),
)


def lines(report: Stress, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a stress report."""
    return [
        *_heading(report, sheet),
        *_payoff(report, sheet),
        *_scenarios(report, sheet),
        *_causes(report, sheet),
        *_ratios(report, sheet),
        *_top_ups(report, sheet),
        *_survival(report, sheet),
        *_ladder.lines(report.wallets, sheet),
        *_findings.lines(report.findings, sheet),
    ]


def _heading(report: Stress, sheet: Sheet) -> list[Line]:
    at = report.inputs.market_as_of
    when = "prices without a date" if at is None else f"prices of {day_and_time(at)}"
    origin = [Piece(sheet.text(report.name), BOLD), Piece(sheet.text(report.venue or ""), DIM), Piece(when, DIM)]
    equity = line(Piece(sheet.usd(report.equity), BOLD), f"{GLUE}equity")
    matter = [equity, line(unbroken(sheet.text(headline(report, sheet.figures))))]
    return [
        *sheet.flow([line(each) for each in origin if each.text], between="   "),
        *sheet.flow(matter, between="   "),
        *sheet.flow([line(Piece(said, YELLOW)) for said in strained(report, sheet.figures)]),
    ]


def _payoff(report: Stress, sheet: Sheet) -> list[Line]:
    alike = [each for each in report.scenarios if each.everywhere is not None]
    if len(alike) < 2 or not report.survival:
        return []
    curves = {
        "h": _to_scale(alike, [each.equity_hedged for each in alike]),
        "s": _to_scale(alike, [each.equity_rebalanced_in_spot for each in alike]),
        "u": _to_scale(alike, [each.equity_unhedged for each in alike]),
    }
    drawn = _curve.lines(curves, sheet)
    if not drawn:
        return []
    first, last = (scenario(each, sheet.figures) for each in (alike[0], alike[-1]))
    note = f"h hedged, s in spot, u unhedged; all coins from {first} to {last}, straight between scenarios"
    return [*sheet.section("Worth", note), *drawn]


def _to_scale(alike: Sequence[ScenarioLine], values: Sequence[Fraction]) -> list[Fraction]:
    """Values at even distances of the shock, for the drawing alone."""
    shocks = [each.everywhere or ZERO for each in alike]
    even = [shocks[0] + (shocks[-1] - shocks[0]) * n / (_POINTS - 1) for n in range(_POINTS)]
    drawn = []
    for shock in even:
        n = min(max(bisect_right(shocks, shock), 1), len(shocks) - 1)
        share = (shock - shocks[n - 1]) / (shocks[n] - shocks[n - 1])
        drawn.append(values[n - 1] + (values[n] - values[n - 1]) * share)
    return drawn


def _scenarios(report: Stress, sheet: Sheet) -> list[Line]:
    note = "in spot: every future replaced by the spot trade that it stands in for"
    rows = [_scenario(each, sheet) for each in report.scenarios]
    return [*sheet.section("Scenarios", note), *sheet.table(_SCENARIOS, rows)]


def _scenario(told: ScenarioLine, sheet: Sheet) -> Row:
    dollars = sheet.figures.dollars
    gone = sorted((row for row in told.wallets if row.order is not None), key=lambda row: row.order or 0)
    named = ", ".join(map(sheet.text, moves(told, sheet.figures)))
    return (
        _name(told, sheet),
        line(dollars(told.equity_unhedged)),
        line(dollars(told.equity_hedged)),
        line(dollars(told.equity_rebalanced_in_spot)),
        line(sheet.figures.signed(dollars, told.difference)),
        line(Piece(", then ".join(sheet.text(wallet(row)) for row in gone), RED)) if gone else EMPTY,
        line(named) if named else EMPTY,
    )


def _name(told: ScenarioLine, sheet: Sheet) -> Line:
    return line(sheet.text(scenario(told, sheet.figures)))


def _causes(report: Stress, sheet: Sheet) -> list[Line]:
    differing = [each for each in report.scenarios if any(getattr(each.made_of, key) for key in CAUSES)]
    if not differing:
        return []
    by_cause = (Column(f"{word} $", word, "dollars") for word in CAUSES.values())
    columns = [Column("scenario", role=Role.NAME, left=True), *by_cause]
    rows = [_causes_of(each, sheet) for each in differing]
    note = "what the hedged book is worth above the one in spot"
    return [*sheet.section("Difference", note), *sheet.table(columns, rows)]


def _causes_of(told: ScenarioLine, sheet: Sheet) -> Row:
    figures = sheet.figures
    values = [getattr(told.made_of, key) for key in CAUSES]
    return (
        _name(told, sheet),
        *(line(figures.signed(figures.dollars, value)) if value else EMPTY for value in values),
    )


def _ratios(report: Stress, sheet: Sheet) -> list[Line]:
    if not report.survival:
        return []
    columns = _a_column_a_wallet(report, sheet)
    rows = [(_name(each, sheet), *(_ratio(row, sheet) for row in each.wallets)) for each in report.scenarios]
    note = "maintenance over margin balance; where that liquidates, the move of its coin at which it does"
    return [*sheet.section("Margin ratio", note), *sheet.table(columns, rows)]


def _ratio(row: WalletLine, sheet: Sheet) -> Line:
    figures = sheet.figures
    if row.liquidated_at is None:
        return sheet.cell(figures.percent, row.margin_ratio)
    where = f"{figures.percent(row.liquidated_at)} of the way" if row.move is None else figures.change(row.move)
    return line(Piece(f"gone{GLUE}at{GLUE}{where.replace(' ', GLUE)}", RED))


def _top_ups(report: Stress, sheet: Sheet) -> list[Line]:
    fatal = [each for each in report.scenarios if each.first_liquidated is not None]
    if not fatal:
        return []
    rows = [(_name(each, sheet), *(_top_up(row, sheet) for row in each.wallets)) for each in fatal]
    note = "coins that, posted today, bring the wallet through"
    return [*sheet.section("Top-up", note), *sheet.table(_a_column_a_wallet(report, sheet), rows)]


def _top_up(row: WalletLine, sheet: Sheet) -> Line:
    if not row.top_up:
        return EMPTY
    return line(f"{sheet.figures.exact(row.top_up)}{GLUE}{sheet.text(row.currency)}")


def _a_column_a_wallet(report: Stress, sheet: Sheet) -> list[Column]:
    return [
        Column("scenario", role=Role.NAME, left=True),
        *(Column(sheet.text(wallet(each))) for each in report.survival),
    ]


def _survival(report: Stress, sheet: Sheet) -> list[Line]:
    gone = [each for each in report.survival if each.liquidated_in]
    if not gone:
        return []
    rows = [_saved(each, report, sheet) for each in gone]
    return [*sheet.section("To come through all"), *sheet.table(_SURVIVAL, rows)]


def _saved(each: Survival, report: Stress, sheet: Sheet) -> Row:
    return (
        line(sheet.text(wallet(each))),
        line(str(each.liquidated_in)),
        line(sheet.text(mildest(each, report, sheet.figures))),
        line(f"{sheet.figures.exact(each.top_up)}{GLUE}{sheet.text(each.currency)}"),
        line(Piece(sheet.coins(each.free, each.currency), PLAIN if each.free >= each.top_up else RED)),
    )
