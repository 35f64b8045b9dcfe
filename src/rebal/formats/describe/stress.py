"""Stress: what the book is worth under each shock, which wallets go first, and what would save them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from rebal.amounts import ZERO, Fraction
from rebal.formats.describe import _accounts, _findings, _margin, _origin
from rebal.formats.describe._phrases import counted, foreseeable, joined, several
from rebal.formats.document import Block, Column, Document, Facts, Place, Role, Section, Table, Text
from rebal.formats.document.charts import Axis, Chart, Series
from rebal.formats.document.said import GLUE, PLAIN, RED, YELLOW, Absent, Figure, Inked, Kind, Medium, Said
from rebal.policy import Policy
from rebal.reports.stress import ScenarioLine, Stress, Survival, WalletLine

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_CAUSES = {
    "basis_usd": "basis",
    "widening_usd": "widening",
    "proxies_usd": "proxies",
    "residuals_usd": "residuals",
    "fees_usd": "fees",
    "funding_usd": "funding",
    "liquidations_usd": "liquidations",
}
"""What the difference to the book rebalanced in spot is made of, key by key."""
_ORIGIN = (*_origin.RECORDED, _origin.NAME, _origin.VENUE, _origin.PRICES)
_ANSWER = (*_origin.EQUITY, Column("", lambda stress: joined(_headline(stress), "")))


def document(report: Stress, limits: Policy | None) -> Document:
    """Everything a person should see of a stress report."""
    return (
        Facts(report, (_ORIGIN,), word="stress"),
        Facts(report, (_ANSWER,), word="headline", answer=True),
        *_strained(report),
        *_worth(report),
        *_scenarios(report),
        *(block for each in report.scenarios for block in _recorded(each)),
        _survival(report),
        _kept(report),
        *_accounts.sections(report.accounts, limits, planned=report.planned),
        _margin.now(report.wallets, limits, only=_RECORDS),
        _margin.ladder(report.wallets, limits),
        _findings.section(report.findings),
    )


def _shock(shock: Fraction) -> tuple[Said, ...]:
    """A shock with every digit and its sign: -40 %."""
    return (Figure(shock, Kind.RATE, signed=True),)


def _name(line: ScenarioLine) -> tuple[Said, ...]:
    """A scenario by its one shock, or by its name."""
    return (line.name,) if line.everywhere is None else _shock(line.everywhere)


def _moves(line: ScenarioLine) -> list[tuple[Said, ...]]:
    """The shocks of a scenario of several, those of coins that do not move left out."""
    if line.everywhere is not None:
        return []
    return [(f"{asset}{GLUE}", *_shock(shock)) for asset, shock in line.shocks.items() if shock]


def _wallet(line: WalletLine | Survival) -> str:
    """A wallet by its currency, at its account where there are several; an isolated position by its contract."""
    return line.name or line.contract or line.currency


def _mildest(line: Survival, report: Stress) -> tuple[Said, ...]:
    """The mildest scenario that liquidates a wallet; empty where none does."""
    return next((_name(each) for each in report.scenarios if each.name == line.mildest), ())


def _headline(report: Stress) -> tuple[Said, ...]:
    """Which wallets are liquidated first, and in which scenario."""
    if not report.survival:
        return ("no futures are open",)
    gone = [each for each in report.survival if each.liquidated_in]
    if not gone:
        return (f"no wallet is liquidated in {counted(len(report.scenarios), 'scenario')}",)
    first = several([(f"{_wallet(each)} at ", *_mildest(each, report)) for each in gone])
    return (f"{len(gone)} of {counted(len(report.survival), 'wallet')} liquidated somewhere: ", *first)


def _strained(report: Stress) -> Iterator[Block]:
    """What the book is put under before its prices move."""
    said: list[tuple[Said, ...]] = [("the book as the plan would leave it",)] if report.planned else []
    if report.basis_widening:
        said.append(("every basis changed by ", *_shock(report.basis_widening), " first"))
    if report.funding_days:
        days = Figure(report.funding_days, Kind.EXACT, "days")
        said.append(("funding ", report.funding_times, " times today's for ", days, " first"))
    shown = tuple(Column("", partial(_in_yellow, each)) for each in said)
    yield Facts(report, (shown,), between=None, only=_PAGE)
    yield from (Text(each, word="under", only=_RECORDS) for each in said)


def _in_yellow(said: tuple[Said, ...], report: Stress) -> Said:
    return Inked(said, YELLOW)


def _worth(report: Stress) -> Iterator[Block]:
    alike = [(each.everywhere, each) for each in report.scenarios if each.everywhere is not None]
    if len(alike) < 2 or not report.survival:
        return
    series = (
        Series("h", "hedged", [(shock, each.equity_hedged) for shock, each in alike]),
        Series("s", "in spot", [(shock, each.equity_rebalanced_in_spot) for shock, each in alike]),
        Series("u", "unhedged", [(shock, each.equity_unhedged) for shock, each in alike]),
    )
    first, last = (_name(each) for _, each in (alike[0], alike[-1]))
    names = ", ".join(f"{each.letter} {each.name}" for each in series)
    moves = ("all coins from ", *first, " to ", *last, ", straight between scenarios")
    said = ("worth in dollars as all coins move from ", *first, " to ", *last, ", book by book as in the table below")
    axes = Axis("all coins", Kind.CHANGE), Axis("worth", Kind.USD)
    chart = Chart(*axes, series, name="payoff", said=said, lines=((ZERO, "today's prices"),))
    yield Section("Worth", (chart,), (f"{names}; ", *moves), place=Place.FIRST, on_paper=moves)


def _liquidated(told: ScenarioLine) -> Said:
    gone = sorted((row for row in told.wallets if row.order is not None), key=lambda row: row.order or 0)
    return Inked(", then ".join(map(_wallet, gone)), RED) if gone else None


_NAME = Column("scenario", _name, record="{}", role=Role.NAME, left=True)
_SCENARIO = (
    _NAME,
    Column("unhedged $", "equity_unhedged", Kind.DOLLARS, "unhedged", "dollars"),
    Column("hedged $", "equity_hedged", Kind.DOLLARS, "hedged", "dollars"),
    Column("in spot $", "equity_rebalanced_in_spot", Kind.DOLLARS, "in spot", "dollars", record="in-spot {}"),
    Column(
        "difference $",
        lambda told: Figure(told.difference, Kind.DOLLARS, signed=True),
        before="difference",
        after="dollars",
        yields=1,
        only=_PAGE,
    ),
    Column("", "difference", Kind.DOLLARS, record="difference {}", only=_RECORDS),
    Column("liquidated", _liquidated, left=True, only=_PAGE),
    Column("", "first_liquidated", record="first {}", only=_RECORDS),
    Column("", lambda told: joined(_moves(told)) or None, role=Role.BELOW, only=_PAGE),
)


def _cause(key: str, told: ScenarioLine) -> Said:
    value = getattr(told.made_of, key)
    return Figure(value, Kind.DOLLARS, signed=True) if value else None


_DIFFERENCE = (
    _NAME,
    *(Column(f"{word} $", partial(_cause, key), before=word, after="dollars") for key, word in _CAUSES.items()),
)
_MADE_OF = (
    _NAME,
    *(Column("", f"made_of.{key}", Kind.DOLLARS, record=f"{word} {{}}") for key, word in _CAUSES.items()),
)


def _scenarios(report: Stress) -> Iterator[Section]:
    scenarios = report.scenarios
    differing = [each for each in scenarios if any(getattr(each.made_of, key) for key in _CAUSES)]
    fatal = [each for each in scenarios if each.first_liquidated is not None]
    ratios, top_ups = ((_NAME, *_a_column_a_wallet(report, get)) for get in (_ratio, _top_up))
    in_spot = "in spot: every future replaced by the spot trade that it stands in for"
    above = "what the hedged book is worth above the one in spot"
    used = "maintenance over margin balance; where that liquidates, the move of its coin at which it does"
    saving = "coins that, posted today, bring the wallet through"
    yield Section("Scenarios", (Table(_SCENARIO, scenarios),), in_spot, always=True, only=_PAGE, place=Place.FIRST)
    yield Section("Difference", (Table(_DIFFERENCE, differing),), above, only=_PAGE)
    yield Section("Margin ratio", (Table(ratios, scenarios if report.survival else ()),), used, only=_PAGE)
    yield Section("Top-up", (Table(top_ups, fatal),), saving, only=_PAGE)


def _a_column_a_wallet(report: Stress, get: Callable[[int, ScenarioLine], Said]) -> tuple[Column, ...]:
    return tuple(Column(_wallet(each), partial(get, n), Kind.RATIO) for n, each in enumerate(report.survival))


def _ratio(n: int, told: ScenarioLine) -> Said:
    row = told.wallets[n]
    if row.liquidated_at is None:
        return row.margin_ratio
    if row.move is not None:
        return Inked((f"gone{GLUE}at{GLUE}", Figure(row.move, Kind.MOVE)), RED)
    return Inked((f"gone{GLUE}at{GLUE}", Figure(row.liquidated_at, Kind.PERCENT), f"{GLUE}of{GLUE}the{GLUE}way"), RED)


def _top_up(n: int, told: ScenarioLine) -> Said:
    row = told.wallets[n]
    return Figure(row.top_up, Kind.EXACT, row.currency) if row.top_up else None


class _Margin(NamedTuple):
    """A wallet under a scenario."""

    told: ScenarioLine
    wallet: WalletLine


_MARGIN = (
    Column("", lambda row: _name(row.told)),
    # an isolated position goes by its coin here: its contract stands in the next column
    Column("", lambda row: row.wallet.currency if row.wallet.contract else _wallet(row.wallet)),
    Column("", "wallet.contract", record="contract {}"),
    Column("", "wallet.margin_balance", Kind.COINS, record="balance {}"),
    Column("", "wallet.maintenance_margin", Kind.COINS, record="maintenance {}"),
    Column("", "wallet.margin_ratio", Kind.RATIO, record="ratio {}"),
    Column("", "wallet.order", Kind.COUNT, record="liquidated {}"),
    Column("", "wallet.liquidated_at", Kind.PERCENT, record="at {}"),
    Column("", "wallet.move", Kind.MOVE, record="move {}"),
    Column("", "wallet.lost", Kind.COINS, record="lost {}"),
    Column("", "wallet.top_up", record="top-up {}"),
)


def _recorded(told: ScenarioLine) -> Iterator[Block]:
    """A scenario's records, those of its wallets below it."""
    yield Table(_SCENARIO, (told,), word="scenario", only=_RECORDS)
    if told.everywhere is None:
        yield Text(joined([_name(told), *_moves(told)], "  "), word="moves", only=_RECORDS)
    yield Table(_MADE_OF, (told,), word="causes", only=_RECORDS)
    yield Table(_MARGIN, [_Margin(told, each) for each in told.wallets], word="margin", only=_RECORDS)


def _free(line: Survival) -> Said:
    return Inked(Figure(line.free, Kind.COINS, line.currency), PLAIN if line.free >= line.top_up else RED)


def _survival(report: Stress) -> Section:
    columns = (
        Column("wallet", _wallet, record="{}", role=Role.NAME, left=True),
        Column("liquidated in", "liquidated_in", Kind.COUNT, after="scenarios", record="liquidated-in {}"),
        Column("first at", lambda line: _mildest(line, report) or None, record="mildest {}", left=True),
        Column("top up for all of them", "top_up", before="top up", record="top-up {}", unit="currency"),
        Column("free outside", _free, only=_PAGE),
        Column("", "free", Kind.COINS, record="free {}", only=_RECORDS),
        Column("", "kept_below", Kind.CHANGE, record="kept-below {}", absent=Absent.NEVER, only=_RECORDS),
        Column("", "kept_above", Kind.CHANGE, record="kept-above {}", absent=Absent.NEVER, only=_RECORDS),
    )
    gone = [each for each in report.survival if each.liquidated_in]
    return Section("To come through all", (Table(columns, report.survival, word="survive", shown=gone),))


def _kept(report: Stress) -> Section:
    """How far prices may move while the coins at hand keep the policy, of the wallets for which that ends in sight."""
    columns = (
        Column("wallet", _wallet, role=Role.NAME, left=True),
        Column("down to", lambda line: _in_sight(line)[0], Kind.CHANGE),
        Column("up to", lambda line: _in_sight(line)[1], Kind.CHANGE),
    )
    rows = [line for line in report.survival if _in_sight(line) != (None, None)]
    note = "beyond it no free coin is left, and the position has to shrink"
    return Section("Policy kept", (Table(columns, rows),) if rows else (), note, only=_PAGE)


def _in_sight(line: Survival) -> tuple[Fraction | None, Fraction | None]:
    below, above = foreseeable(None if line.kept_below is None else -line.kept_below, line.kept_above)
    return None if below is None else -below, above
