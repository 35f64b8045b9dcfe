"""A book that could not be answered: which, and everything that is wrong with it."""

from rebal.formats.document import Document, Text
from rebal.formats.document.said import ALARM, Inked, Prose
from rebal.policy import Policy
from rebal.reports.books import Unread


def document(unread: Unread, limits: Policy | None) -> Document:
    """The file and its problems, one a line."""
    lines = unread.message.splitlines()
    return (
        Text(Inked(Prose(f"{unread.file}: {unread.needs.value}"), ALARM), word=unread.command, answer=True),
        *(Text(Prose(line), word="problem") for line in lines),
    )
