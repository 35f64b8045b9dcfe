"""What a report was made from: the venue, the prices, the statement and its journal."""

from rebal.formats.page.figures import GLUE
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import day_and_time
from rebal.plan import Plan
from rebal.status import Status


def venue(report: Plan | Status, sheet: Sheet) -> str:
    """Where the contracts trade, and how they are margined."""
    modes = sorted({wallet.mode for wallet in report.wallets})
    margin = f"{' and '.join(modes)} margin" if modes else ""
    return ", ".join(each for each in (sheet.text(report.venue or ""), margin) if each)


def prices(report: Plan | Status) -> str:
    """When the prices were true."""
    at = report.inputs.market_as_of
    return "prices without a date" if at is None else f"prices of {day_and_time(at)}"


def statement(report: Status) -> str:
    """When the book was stated, and how far its journal goes."""
    if report.as_of is None:
        return ""
    seq = report.inputs.journal_seq
    journal = "" if seq is None else f", journal to entry{GLUE}{seq}"
    return f"statement of {day_and_time(report.as_of)}{journal}"
