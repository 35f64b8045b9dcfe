"""Every command with its arguments and options, as the commands themselves have them."""

from collections.abc import Iterator

from rebal.guide import CommandLine, Reader
from rebal.reports.guide import Part

TITLE = "Reference: every command and option"
PLACE = 99
WORKED = False


def parts(reader: Reader) -> tuple[Part, ...]:
    """A part a command, then the options that they share."""
    found = reader.command_lines()
    return (*map(_command, found.commands), *(Part(title, entries=entries) for title, entries in found.shared))


def _command(command: CommandLine) -> Part:
    return Part(
        command.synopsis, text=tuple(_paragraphs(command.about)), entries=command.options, lines=command.examples
    )


def _paragraphs(about: str) -> Iterator[str]:
    for paragraph in about.split("\n\n"):
        if paragraph.strip():
            yield " ".join(paragraph.split())
