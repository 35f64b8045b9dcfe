"""Status: is anything to be done, then the book as it stands."""

from rebal.findings import sorted_out
from rebal.formats.describe import _accounts, _book, _brief, _findings, _journal, _margin, _origin, _outlook
from rebal.formats.document import Block, Document, Facts, Place, Text
from rebal.formats.document.said import ALARM, GREEN, YELLOW, Inked, Prose, Reckoned, Said
from rebal.policy import Policy
from rebal.status import Needs, Status

_INKS = {Needs.NOTHING: GREEN, Needs.ACTION: YELLOW, Needs.ATTENTION: ALARM}
_ORIGIN = (*_origin.RECORDED, *_origin.STATED, _origin.MARGINED, _origin.PRICES, _origin.STATEMENT)


def document(status: Status, limits: Policy | None) -> Document:
    """Everything a person should see of a book, the summary first."""
    pressing, others = sorted_out(status.findings)
    return (
        *_answer(status),
        _findings.section(pressing, title="To do", place=Place.FIRST),
        _book.drift(status.assets, limits, planned=False),
        *_accounts.sections(status.accounts, limits, planned=False),
        _margin.now(status.wallets, limits),
        _margin.pooled(status.wallets, planned=False),
        _outlook.payoff(status.payoff, planned=False),
        *_outlook.carry(status.costs),
        _book.positions(status.positions, accounts=status.accounts, planned=False),
        _book.hedges(status.hedges, status.assets, planned=False),
        _journal.realised(status.realised),
        _findings.section(others),
    )


def brief(status: Status, limits: Policy | None) -> Document:
    """The same in a few lines."""
    return _brief.of_status(status, _answer(status))


def _answer(status: Status) -> tuple[Block, ...]:
    return (
        Text(Inked(_summary(status), _INKS[status.needs]), word="status", answer=True),
        Facts(status, (_ORIGIN,), word="origin"),
    )


def _summary(status: Status) -> Said:
    """The summary, its figures as a page writes them; what stands in the name is none."""
    named = f"{status.needs.value}: {status.name}, "
    if not status.summary.startswith(named):
        return Reckoned(status.summary)
    return Prose(named), Reckoned(status.summary.removeprefix(named))
