"""The account at the exchange beside the book."""

from rebal.formats.describe import _origin
from rebal.formats.describe._phrases import joined
from rebal.formats.document import Column, Document, Facts, Role, Section, Table, Text
from rebal.formats.document.said import ALARM, DIM, GREEN, YELLOW, Absent, Change, Inked, Kind, Medium, Reckoned, Said
from rebal.policy import Policy
from rebal.reports.reconciliation import CoinsLine, OrderLine, PositionPair, Reconciliation, Verdict, Where

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_WORDS = {
    Verdict.EQUAL: ("the account is as the book has it", GREEN),
    Verdict.DIFFERS: ("the account differs from the book", YELLOW),
    Verdict.UNRECORDED: ("a position is open that nobody recorded", ALARM),
}
_WORD = {
    Verdict.EQUAL: Inked("equal", GREEN),
    Verdict.DIFFERS: Inked("differs", YELLOW),
    Verdict.UNRECORDED: Inked("unrecorded", ALARM),
}
_WHERE = {Where.BOTH: "", Where.BOOK: "not at the exchange", Where.EXCHANGE: "not in the book"}


def _verdict(report: Reconciliation) -> Said:
    words, ink = _WORDS[report.verdict]
    return Inked(words, ink)


def _agrees(line: CoinsLine | PositionPair) -> Said:
    return Inked("yes", DIM) if line.agrees else Inked("no", YELLOW)


def _mode(pair: PositionPair) -> Said:
    return Change(pair.margin_mode or Absent.NONE, pair.margin_mode_exchange or Absent.UNKNOWN)


def _where(pair: PositionPair) -> Said:
    return (_WHERE[pair.where],) if _WHERE[pair.where] else None


def _side(order: OrderLine) -> Said:
    return (order.side.value, " reduce-only") if order.reduce_only else order.side.value


def _told(report: Reconciliation) -> Said:
    """How each of several accounts stands."""
    if len(report.verdicts) < 2:
        return None
    return joined(((f"{each.account} ", _WORD[each.verdict]) for each in report.verdicts), ", ")


_AT = Column("at", "account", record="at {}", left=True)
_HEADING = (
    Column("", _verdict, only=_PAGE),
    Column("", lambda report: report.verdict.value, only=_RECORDS),
    Column("", _told, only=_PAGE),
    _origin.NAME,
    _origin.VENUE,
    _origin.STATEMENT,
    *_origin.STATED,
)
_COINS = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    Column("account", lambda line: line.place.value, left=True, record="{}"),
    Column("by the book", "coins", record="book {}"),
    Column("at the exchange", "coins_exchange", record="exchange {}"),
    Column("difference", "difference", record="difference {}"),
    Column("within", "tolerance", record="within {}", yields=1),
    Column("agrees", _agrees, record="agrees {}"),
)
_POSITIONS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("contracts", "contracts", before="", after="contracts", record="contracts {}"),
    Column("at the exchange", "contracts_exchange", record="exchange {}"),
    Column("entry price", "entry_price", Kind.PRICE, record="entry {}"),
    Column("theirs", "entry_price_exchange", Kind.PRICE, before="their entry price", record="entry-exchange {}"),
    Column("agrees", _agrees, record="agrees {}"),
    Column("", _where, role=Role.BELOW, only=_PAGE),
    Column("", lambda pair: pair.where.value, record="open-in {}", only=_RECORDS),
    Column("margin", _mode, role=Role.BELOW, before="margin"),
    Column("own margin", "isolated_margin", role=Role.BELOW, before="own margin", record="own-margin {}"),
    Column("their own margin", "isolated_margin_exchange", role=Role.BELOW, before="their own margin",
           record="own-margin-exchange {}"),
    Column("leverage", "leverage", Kind.LEVERAGE, role=Role.BELOW, before="leverage"),
    Column("their leverage", "leverage_exchange", Kind.LEVERAGE, role=Role.BELOW, before="their leverage",
           record="leverage-exchange {}"),
    Column("liquidation", "liquidation_price", Kind.PRICE, role=Role.BELOW, before="liquidation"),
    Column("estimated liquidation", "liquidation_estimate", Kind.PRICE, role=Role.BELOW, before="estimated liquidation",
           record="liquidation-estimate {}"),
    Column("their liquidation", "liquidation_price_exchange", Kind.PRICE, role=Role.BELOW,
           before="their liquidation", record="liquidation-exchange {}"),
    Column("apart", "liquidation_difference", Kind.PRICE, role=Role.BELOW, before="theirs less ours",
           record="liquidation-apart {}"),
)  # fmt: skip
_ORDERS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("", _side, left=True, record="{}"),
    Column("contracts", "contracts", before="", after="contracts", record="contracts {}"),
    Column("price", "price", record="price {}"),
    Column("id", "id", left=True, record="id {}"),
    Column("sent as", "client_id", left=True, record="client-id {}"),
)


_ACCOUNTS = (
    Column("", "account", record="{}"),
    Column("", lambda each: each.verdict.value, record="{}"),
    Column("", "venue", record="venue {}"),
)
_TABLES = (_COINS, _POSITIONS, _ORDERS)


def document(report: Reconciliation, limits: Policy | None) -> Document:
    """The verdict, then coins, positions and waiting orders, theirs beside ours, and at which of several accounts."""
    several = len(report.verdicts) > 1
    coins, positions, orders = ((*each[:1], _AT, *each[1:]) if several else each for each in _TABLES)
    accounts = Table(_ACCOUNTS, report.verdicts if several else (), word="account", only=_RECORDS)
    return (
        Facts(report, (_HEADING,), word="reconcile", answer=True),
        Section("", (accounts,)),
        Section("Coins", (Table(coins, report.coins, word="coins"),)),
        Section("Positions", (Table(positions, report.positions, word="position", known=True),)),
        Section("Orders that wait", (Table(orders, report.orders, word="order"),)),
        Section("Notes", [Text(Reckoned(each), word="note") for each in report.notes]),
    )
