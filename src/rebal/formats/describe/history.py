"""The journal's history: what was done, what is open, what it brought, what the hedges did."""

from collections.abc import Iterator
from datetime import timedelta

from rebal.amounts import Fraction
from rebal.formats.describe import _journal
from rebal.formats.describe._phrases import counted, day
from rebal.formats.document import Column, Document, Facts, Place, Role, Section, Table, Text
from rebal.formats.document.charts import Axis, Chart, Series
from rebal.formats.document.said import BOLD, DIM, GLUE, Figure, Inked, Kind, Medium, Reckoned, Said
from rebal.ledger import History
from rebal.policy import Policy

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_POSITIONS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True, place=Place.FIRST),
    Column("contracts", "contracts", before="", after="contracts", record="contracts {}", place=Place.FIRST),
    Column("entry price", "entry_price", Kind.PRICE, record="entry {}"),
    Column(
        "for rebalance",
        "contracts_rebalance",
        after="contracts",
        echoes="contracts",
        record="rebalance {}",
        place=Place.FIRST,
    ),
    Column(
        "for hedge",
        "contracts_hedge",
        after="contracts",
        when="contracts_hedge",
        record="hedge {}",
        place=Place.FIRST,
    ),
    Column("own margin", "isolated_margin", Kind.COINS, record="margin {}"),
)
_BY_TIME = (
    Column("entry", "seq", Kind.COUNT, role=Role.NAME),
    Column("time", "time", left=True),
    Column("net so far $", "net_usd", Kind.DOLLARS),
)
_SECOND, _DAY_SECONDS = timedelta(seconds=1), 86_400
_EFFECTS = (
    Column("hedge of", "asset", before="", role=Role.NAME, left=True),
    Column("its PnL $", "hedge_pnl_usd", Kind.DOLLARS, "its PnL", "dollars", record="hedge-usd {}"),
    Column("coins' PnL $", "spot_pnl_usd", Kind.DOLLARS, "coins' PnL", "dollars", record="coins-usd {}"),
    Column("given back", "effectiveness", Kind.PERCENT, record="given-back {}"),
    Column("since", lambda effect: effect.since and Inked(effect.since, DIM), left=True),
    Column("from a price of", "since_price", Kind.PRICE, record="from {}"),
)


def document(history: History, limits: Policy | None) -> Document:
    """Everything a person should see of a journal; realised PnL is of the entries shown."""
    return (
        Facts(history, (_ORIGIN, _SUM), word="history", answer=True),
        _journal.entries(history.entries, note="the newest last"),
        Section("Positions", (Table(_POSITIONS, history.positions, word="position"),), "now"),
        _journal.realised(history.totals, total=history.total),
        Section("Episodes", (Table(_journal.EPISODES, history.episodes, word="episode"),), "from flat to flat"),
        Section("What hedges did", (Table(_EFFECTS, history.effects, word="effect"),), _valued(history)),
        *_path(history),
        Section("Notes", tuple(Text(Reckoned(each), word="note") for each in history.notes)),
    )


def _path(history: History) -> Iterator[Section]:
    """What came of it by time, as a picture with its figures; nothing where there are no two times to draw between."""
    first = history.path[0].time if history.path else None
    if first is None or history.path[-1].time == first:
        return
    points = [(Fraction((each.time - first) // _SECOND, _DAY_SECONDS), each.net_usd) for each in history.path]
    last = Figure(history.path[-1].net_usd, Kind.USD)
    chart = Chart(
        Axis(f"days since {day(first)}", Kind.DAYS),
        Axis("net", Kind.USD),
        (Series("n", "net", points),),
        name="path",
        said=("net of fees and funding, entry by entry: ", last, " at the end"),
        only=Medium.PAPER,
    )
    note = "net of fees and funding, in dollars of their times; straight between the entries"
    yield Section("What it came to", (chart, Table(_BY_TIME, history.path)), note, only=Medium.PAPER, place=Place.FIRST)


def _valued(history: History) -> Said:
    at = history.market_as_of
    return ("while both were held", *(() if at is None else (", till now at the prices of ", at)))


def _statement(history: History) -> Said:
    return None if history.as_of is None else Inked(("statement of ", history.as_of), DIM)


def _since(history: History) -> Said:
    return None if history.since is None else Inked(("entries since ", history.since), DIM)


def _net(history: History) -> Said:
    if not history.totals:
        return None
    return Inked((Figure(history.total.net_usd, Kind.USD), " net of fees and funding"), BOLD)


def _count(history: History) -> Said:
    if not history.journal_seq:
        return "nothing recorded yet"
    shown = len(history.entries)
    entries = counted(history.journal_seq, "entry", "entries")
    whole = entries if shown == history.journal_seq else f"{shown} of {entries}"
    voided = sum(each.voided_by is not None for each in history.entries)
    return f"{whole}, {voided}{GLUE}voided" if voided else whole


_ORIGIN = (
    Column("", lambda history: f"{len(history.entries)} of {history.journal_seq}", record="entries {}", only=_RECORDS),
    Column("", "since", record="since {}", only=_RECORDS),
    Column("", "as_of", record="statement {}", only=_RECORDS),
    Column("", "journal_head", record="head {}", only=_RECORDS),
    Column("", lambda history: Inked(history.name, BOLD), place=Place.LAST),
    Column("", _statement, only=_PAGE),
    Column("", _since, only=_PAGE),
)
_SUM = (Column("", _net, only=_PAGE), Column("", _count, only=_PAGE))
