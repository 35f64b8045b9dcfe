"""The records of status: the summary, what needs doing, the book as it stands, and the other findings."""

from collections.abc import Iterator

from rebal.formats.page.figures import PLAIN
from rebal.formats.page.needs import sorted_out
from rebal.formats.page.wording import ascii_signs, rfc3339
from rebal.formats.records import _book, _ledger
from rebal.formats.records._record import NONE, finding, known, record
from rebal.plan import HedgeLine
from rebal.status import Status


def lines(status: Status) -> Iterator[str]:
    """Everything a person should see of a book, a record a line, the summary first."""
    yield record("status", ascii_signs(status.summary))
    yield _origin(status)
    pressing, others = sorted_out(status.findings)
    yield from map(finding, pressing)
    yield from (_book.drift(each, planned=False) for each in status.assets)
    yield from (_book.wallet(each, planned=False) for each in status.wallets)
    yield from (_book.position(each, planned=False) for each in status.positions)
    yield from (_hedge(each, status) for each in status.hedges)
    yield from map(_ledger.realised, status.realised)
    yield from map(finding, others)


def _origin(status: Status) -> str:
    at, stated, seq = status.inputs.market_as_of, status.as_of, status.inputs.journal_seq
    return record(
        "origin",
        f"venue {status.venue or NONE}",
        f"prices {rfc3339(at) if at else NONE}",
        f"statement {rfc3339(stated) if stated else NONE}",
        f"journal {NONE if seq is None else seq}",
    )


def _hedge(hedge: HedgeLine, status: Status) -> str:
    ratio = next((each.hedge_ratio for each in status.assets if each.asset == hedge.asset), None)
    until = NONE if hedge.until is None else rfc3339(hedge.until)
    return record(
        "hedge",
        hedge.asset,
        f"now {known(PLAIN.percent, ratio)}",
        f"asked {PLAIN.percent(hedge.fraction)}",
        f"until {until}",
    )
