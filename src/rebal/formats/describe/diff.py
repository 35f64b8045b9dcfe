"""Two plans side by side: why, then what to do otherwise, then every figure that is not the same."""

from collections.abc import Sequence

from rebal.amounts import Fraction
from rebal.findings import Severity
from rebal.formats.describe._findings import SEVERITIES
from rebal.formats.describe._phrases import joined
from rebal.formats.document import Column, Document, Facts, Place, Role, Section, Table, Text
from rebal.formats.document.said import (
    ALARM,
    BOLD,
    DIM,
    GLUE,
    GREEN,
    YELLOW,
    Figure,
    Inked,
    Kind,
    Medium,
    Reckoned,
    Said,
)
from rebal.policy import Policy
from rebal.reports.diff import (
    Cause,
    CoinsChange,
    Diff,
    FigureChange,
    FindingChange,
    Found,
    Made,
    OrderChange,
    WordChange,
)
from rebal.reports.diff import Place as Where

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_KINDS = {
    **dict.fromkeys(("weight", "weight_after", "hedge_ratio", "hedge_ratio_after"), Kind.PERCENT),
    **dict.fromkeys(("target_weight", "aimed_weight", "hedge", "at_most"), Kind.PERCENT),
    **dict.fromkeys(("distance_below", "distance_above", "nearest"), Kind.AWAY),
    "share_of_equity": Kind.PERCENT,
    **dict.fromkeys(("equity", "credit", "initial_margin", "maintenance_margin"), Kind.DOLLARS),
    **dict.fromkeys(("net_exposure", "net_exposure_after"), Kind.DOLLARS),
    **dict.fromkeys(("fees_usd", "fee_usd", "funding_usd_per_day"), Kind.DOLLARS),
    **dict.fromkeys(("liquidation_below", "liquidation_above"), Kind.PRICE),
    **dict.fromkeys(("balance", "required"), Kind.COINS),
    "leverage": Kind.LEVERAGE,
    "margin_ratio": Kind.RATIO,
}
_CAUSES = {
    Cause.PORTFOLIO: "the portfolio's name",
    Cause.VENUE: "another venue",
    Cause.COMMAND: "another command",
    Cause.VERSION: "another version of rebal",
    Cause.OTHER: "nothing that a plan shows: fees, contracts, funding or the time",
}
_TABLES = ("equity", "assets", "orders", "transfers", "wallets", "accounts", "costs", "findings")
"""The parts of a plan that have a table of the same name here."""
_PARTS = {
    "assets": "coins",
    "changes": "whether anything is to be done",
    "hedges": "the hedges asked for",
    "first_rungs": "how many rungs may be closed alone",
    "ladder": "the rungs",
    "payoff": "what the book is worth as prices move",
    "pnl": "what closing realises",
    "positions": "the positions after the plan",
    "refused": "whether it is refused",
    "settings": "the margin mode and leverage to set",
    "spot_matches": "whether spot matches its targets",
    "steps": "the steps",
    "ways": "the ways out",
}
_FOUND = {Found.NEW: YELLOW, Found.GONE: GREEN, Found.CHANGED: BOLD}
_INKS = {Severity.ERROR: ALARM, Severity.WARNING: YELLOW, Severity.INFO: DIM}
_WHERE = {Where.HELD: "held in all", Where.WALLET: "in the wallet"}


def document(report: Diff, limits: Policy | None) -> Document:
    """The verdict and its causes; orders, transfers; what they were made from; what came of it."""
    return (
        Facts(report, (_HEADING,), word="diff", answer=True),
        Table(_PLANS, (report.before, report.after), word="plan"),
        *_records(report),
        Section("Equity", (Facts(report.equity, (_EQUITY, _MADE_OF), word="equity"),)),
        Section(
            "Orders",
            (Table(_ORDERS, report.orders, word="order", known=True),),
            "contracts, − sells",
            place=Place.MIDDLE,
        ),
        Section("Transfers", (Table(_MOVES, report.transfers, word="move", known=True),), place=Place.MIDDLE),
        Section("Prices", (Table(_PRICES, report.prices, word="price"),)),
        Section("Coins before the plan", (Table(_COINS, report.coins, word="coins", known=True),)),
        Section("Positions before the plan", (Table(_POSITIONS, report.positions, word="position", known=True),)),
        Section("Aimed at", (_figures(report.asked, "asked"),)),
        Section("In words", (Table(_WORDS, report.words, word="told"),)),
        Section("Coins", (_figures(report.assets, "asset"),)),
        Section("Wallets after the plan", (_figures(report.wallets, "wallet"),)),
        Section("Accounts after the plan", (_figures(report.accounts, "account"),)),
        Section("Costs", (_figures(report.costs, "cost"),)),
        Section("Look at", (Table(_FINDINGS, report.findings, word="finding"),)),
        Section("Also different", _parts(report), "`rebal show` has each plan whole"),
    )


def _parts(report: Diff) -> tuple[Text, ...]:
    """What differs and stands in no table above."""
    told = {each for each in _TABLES if getattr(report, each)}
    others = [_PARTS.get(each, each.replace("_", " ")) for each in report.differs if each not in told]
    return (Text(Inked(", ".join(others), DIM), only=_PAGE),) if others else ()


def _records(report: Diff) -> tuple[Text, ...]:
    causes = tuple(Text(each.value, word="cause", only=_RECORDS) for each in report.causes)
    return (*causes, *(Text(each, word="differs", only=_RECORDS) for each in report.differs))


def _verdict(report: Diff) -> Said:
    return Inked("the plans are the same", GREEN) if report.same else Inked("the plans differ", YELLOW)


def _why(report: Diff) -> Said:
    if not report.causes:
        return None
    said = ", ".join(_CAUSES.get(each, each.value) for each in report.causes)
    return ("changed since: ", said) if report.causes != (Cause.OTHER,) else ("why: ", said)


def _made(each: Made) -> Said:
    parts: list[Said] = [each.command, *([each.name] if each.name else []), *([each.venue] if each.venue else [])]
    return joined([*parts, *([Inked("refused", ALARM)] if each.refused else [])])


def _purpose(order: OrderChange) -> Said:
    return joined([order.purpose.value, *(order.stands_for if order.stands_for != (order.asset,) else ())], GLUE)


def _value(row: FigureChange, which: str) -> Said:
    value = getattr(row, which)
    return None if value is None else Figure(value, _KINDS[row.figure])


def _moved(row: FigureChange) -> Said:
    if row.difference is None:
        return None
    kind = _KINDS[row.figure]
    if kind in (Kind.PERCENT, Kind.RATIO, Kind.AWAY):
        return Figure(row.difference, Kind.POINTS)  # these have their sign of themselves
    return Figure(row.difference, kind, signed=True)


def _named(row: FigureChange | WordChange) -> Said:
    return row.figure.replace("_usd", "").replace("_", " ")


def _figures(rows: Sequence[FigureChange], word: str) -> Table:
    return Table(_FIGURES, rows, word=word)


def _where(row: CoinsChange) -> Said:
    return _WHERE[row.place]


def _severity(row: FindingChange) -> Said:
    return Inked(SEVERITIES[row.severity], _INKS[row.severity])


def _before(row: FindingChange) -> Said:
    return None if row.message_before is None else Reckoned(row.message_before)


def _part(dollars: Fraction, what: str) -> Said:
    return (Figure(dollars, Kind.DOLLARS, signed=True), f"{GLUE}{what.replace(' ', GLUE)}")


_HEADING = (
    Column("", _verdict, only=_PAGE),
    Column("", lambda report: "same" if report.same else "differs", only=_RECORDS),
    Column("", _why, only=_PAGE),
)
_PLANS = (
    Column("plan", "file", record="{}", role=Role.NAME, left=True),
    Column("of", _made, before="", left=True, only=_PAGE),
    Column("", "command", record="command {}", only=_RECORDS),
    Column("", "name", record="name {}", only=_RECORDS),
    Column("", "venue", record="venue {}", only=_RECORDS),
    Column("", lambda each: "yes" if each.refused else "no", record="refused {}", only=_RECORDS),
    Column("made", "now", left=True, record="made {}"),
    Column("prices of", "market_as_of", left=True, record="prices {}"),
    Column("statement", "as_of", left=True, record="statement {}", yields=2),
    Column("journal", "journal_seq", Kind.COUNT, record="journal {}", yields=1),
    Column("", "version", record="version {}", only=_RECORDS),
    Column("", "statement_sha256", record="sha256 {}", only=_RECORDS),
)
_EQUITY = (
    Column("", lambda each: (Figure(each.before, Kind.USD), f"{GLUE}before"), only=_PAGE),
    Column("", lambda each: (Inked(Figure(each.after, Kind.USD), BOLD), f"{GLUE}after"), only=_PAGE),
    Column("", "before", Kind.DOLLARS, record="before {}", only=_RECORDS),
    Column("", "after", Kind.DOLLARS, record="after {}", only=_RECORDS),
    Column("", lambda each: Figure(each.difference, Kind.DOLLARS, signed=True), record="difference {}"),
)
_MADE_OF = (
    Column("", lambda each: _part(each.by_prices, "by prices"), record="{}"),
    Column("", lambda each: _part(each.by_coins, "by what is held"), record="{}"),
    Column("", lambda each: _part(each.by_positions, "by the PnL of positions"), record="{}"),
)
_ORDERS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("for", _purpose, before="for", left=True),
    Column("before", lambda each: Figure(each.before, Kind.EXACT, signed=True), record="before {}"),
    Column("after", lambda each: Figure(each.after, Kind.EXACT, signed=True), after="contracts", record="after {}"),
    Column("dollars before", "usd_before", Kind.DOLLARS, record="usd-before {}", yields=1),
    Column("dollars after", "usd_after", Kind.DOLLARS, record="usd-after {}", yields=1),
    Column("at, before", "price_before", record="at-before {}", yields=2),
    Column("at, after", "price_after", record="at-after {}", yields=2),
    Column("account", "account", left=True, record="account {}"),
)
_CHANGE = (
    Column("before", "before", record="before {}"),
    Column("after", "after", record="after {}"),
    Column("difference", lambda each: Figure(each.difference, Kind.EXACT, signed=True), record="difference {}"),
)
_MOVES = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    *_CHANGE,
    Column("margin of", "contract", left=True, record="margin-of {}"),
    Column("account", "account", left=True, record="account {}"),
)


_PRICES = (
    Column("price of", "name", record="{}", role=Role.NAME, left=True),
    Column("", lambda each: each.quote.value, left=True, record="{}"),
    Column("before", "before", Kind.PRICE, record="before {}"),
    Column("after", "after", Kind.PRICE, record="after {}"),
    Column("change", "change", Kind.CHANGE, record="change {}"),
)
_COINS = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    Column("", _where, left=True, only=_PAGE),
    Column("", lambda each: each.place.value, record="{}", only=_RECORDS),
    *_CHANGE,
    Column("margin of", "contract", left=True, record="margin-of {}"),
    Column("account", "account", left=True, record="account {}"),
)
_POSITIONS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    *_CHANGE,
    Column("account", "account", left=True, record="account {}"),
)
_FIGURES = (
    Column("of", "subject", record="{}", role=Role.NAME, left=True),
    Column("figure", _named, before="", left=True, only=_PAGE),
    Column("", "figure", record="{}", only=_RECORDS),
    Column("before", lambda each: _value(each, "before"), record="before {}"),
    Column("after", lambda each: _value(each, "after"), record="after {}"),
    Column("difference", _moved, record="difference {}"),
)
_WORDS = (
    Column("of", "subject", record="{}", role=Role.NAME, left=True),
    Column("", _named, before="", left=True, only=_PAGE),
    Column("", "figure", record="{}", only=_RECORDS),
    Column("before", "before", left=True, record="before {}"),
    Column("after", "after", left=True, record="after {}"),
)
_FINDINGS = (
    Column("", lambda each: Inked(each.found.value, _FOUND[each.found]), record="{}", role=Role.NAME, left=True),
    Column("", _severity, left=True, record="{}"),
    Column("of", "subject", left=True, record="{}"),
    Column("what", "code", left=True, record="{}"),
    Column("", lambda each: Reckoned(each.message), left=True, role=Role.BELOW, record="{}", place=Place.LAST),
    Column("before", _before, left=True, role=Role.BELOW, before="before:", record="before: {}", place=Place.LAST),
)
