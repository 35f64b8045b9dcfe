"""Time that recording an exchange's fills takes, in a new journal and in one that has as many. Run by hand, in quiet.

    python tests/bench/journal.py [FILLS]

The processor's time of the recording alone, without what reading the exchange takes, and beside it that of reading the
journal; and the journal's head, which is another where a byte of an entry is.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rebal import load
from rebal.amounts import Fraction
from rebal.exchange_account import Filled
from rebal.journal import recording, store
from rebal.plan import Inputs
from rebal.portfolio import Portfolio
from rebal.reports.reconciliation import SCHEMA, Reconciliation, Verdict

FILLS, LIMIT = 2_500, 3.0
AS_OF = datetime(2026, 11, 20, 8, tzinfo=UTC)
ASKED_NOTHING = Reconciliation(
    SCHEMA,
    "reconcile",
    "portfolio",
    None,
    None,
    Inputs("", None, None, None, AS_OF, ""),
    Verdict.EQUAL,
    (),
    (),
    (),
    (),
    "equal",
)
BOOK = """\
venue: bybit
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 50}
targets: {BTC: 60%, USD: 40%}
wallets: {BTC: 20}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""


def main() -> None:
    """Print what recording and reading take."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILLS
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "portfolio.yaml")
        file.write_text(BOOK)
        portfolio = load.portfolio(str(file), now=AS_OF + timedelta(days=60))
        path = str(Path(name, "journal.db"))
        for first in (0, count):
            taken = _recorded(portfolio, path, [_fill(number) for number in range(first, first + count)])
            over = "" if taken < LIMIT else f" (more than {LIMIT:g} s)"
            print(f"{count:,} fills, {first:,} there: {taken:.2f} s{over}")
        begun = time.process_time()
        journal = store.read(path)
        print(f"reading {journal.seq:,} entries: {time.process_time() - begun:.2f} s, head {journal.head}")


def _fill(number: int) -> Filled:
    size = Fraction(-1 if number % 3 else 2) * (number % 50 + 1)
    price, fee = Fraction(400_000 + number % 997, 10), Fraction(number % 977 + 1, 10**8)
    when = AS_OF + timedelta(seconds=60 + number * 37)
    return Filled(id=str(10**9 + number), time=when, contract="BTCUSD", contracts=size, price=price, fee=fee)


def _recorded(portfolio: Portfolio, path: str, fills: Sequence[Filled]) -> float:
    """Record them, as the command does."""
    clerk = recording.Clerk(portfolio, path, AS_OF + timedelta(days=60), sure=True)
    begun = time.process_time()
    recording.exchange(clerk, fills, (), purpose=None, left=lambda _: ASKED_NOTHING)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
