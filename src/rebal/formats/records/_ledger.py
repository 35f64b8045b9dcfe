"""The records of the journal: its entries, and what a contract brought."""

from rebal.formats.page.deeds import deed
from rebal.formats.page.figures import PLAIN
from rebal.formats.page.wording import ascii_signs, rfc3339
from rebal.formats.records._record import NONE, record
from rebal.ledger import EntryLine, Realised, RealisedUsd


def entry(line: EntryLine) -> str:
    """An entry and what it did."""
    return record(
        "entry",
        str(line.seq),
        rfc3339(line.time),
        line.type,
        line.id,
        f"voided-by {line.voided_by or NONE}",
        ascii_signs(deed(line, PLAIN, rfc3339)),
    )


def realised(line: Realised) -> str:
    """What a contract brought so far, in its coin and in dollars."""
    return record(
        "realised",
        line.contract,
        f"coin {PLAIN.coins(line.coin)} {line.currency}",
        f"fees {PLAIN.coins(line.fees_coin)} {line.currency}",
        f"funding {PLAIN.coins(line.funding_coin)} {line.currency}",
        *_in_dollars(line),
    )


def total(over_all: RealisedUsd) -> str:
    """The same over all contracts, in dollars alone."""
    return record("total", *_in_dollars(over_all))


def _in_dollars(line: Realised | RealisedUsd) -> tuple[str, ...]:
    return (
        f"usd {PLAIN.dollars(line.usd)}",
        f"fees-usd {PLAIN.dollars(line.fees_usd)}",
        f"funding-usd {PLAIN.dollars(line.funding_usd)}",
        f"net-usd {PLAIN.dollars(line.net_usd)}",
    )
