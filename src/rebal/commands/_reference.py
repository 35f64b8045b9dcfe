"""What the commands offer, read out of the same declarations from which their command lines are made."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from inspect import Parameter, cleandoc, signature
from typing import TYPE_CHECKING, Any

from typer.models import ArgumentInfo, OptionInfo

from rebal import commands, discover
from rebal.commands._jobs import Workers
from rebal.commands._options import Clock, Shown, Source, Sources, Where
from rebal.reports.guide import Entry

if TYPE_CHECKING:
    from rebal.guide import CommandLine, CommandLines

_SHARED = {
    Where: "Options of every command that reads a portfolio",
    Shown: "Options of every command that shows an answer",
    Workers: "Options of commands that can share their work",
}
_TOLD_WITH_ANOTHER = (Source, Sources, Clock)


def command_lines() -> "CommandLines":
    """Every command as it is typed, and the options that they share."""
    from rebal.guide import CommandLines

    made = tuple(line for name in discover.names(commands) for line in _lines(name))
    return CommandLines(made, tuple((title, tuple(_of(group))) for group, title in _SHARED.items()))


def _lines(name: str) -> "Iterator[CommandLine]":
    module = discover.load(commands, name)
    inner: Mapping[str, Callable[..., Any]] | None = getattr(module, "SUBCOMMANDS", None)
    if inner is None:
        yield _line(name, getattr(module, name), module.EXAMPLES)
        return
    for subcommand, function in inner.items():
        examples = tuple(each for each in module.EXAMPLES if each.startswith(f"rebal {name} {subcommand}"))
        yield _line(f"{name} {subcommand}", function, examples)


def _line(name: str, function: Callable[..., Any], examples: tuple[str, ...]) -> "CommandLine":
    from rebal.guide import CommandLine

    entries = list(_entries(function))
    arguments = [each.name for each in entries if not each.name.startswith("-")]
    synopsis, about = " ".join(["rebal", name, *arguments]), cleandoc(function.__doc__ or "")
    return CommandLine(synopsis, about, tuple(entries), examples)


def _entries(function: Callable[..., Any]) -> Iterator[Entry]:
    """A command's own arguments and options: of a group that others share, the arguments alone."""
    for parameter in signature(function, eval_str=True).parameters.values():
        group = parameter.annotation
        if not is_dataclass(group):
            yield from _entry(group, parameter.default)
        elif group in (*_SHARED, *_TOLD_WITH_ANOTHER):
            yield from (each for each in _of(group) if not each.name.startswith("-"))
        else:
            yield from _of(group)


def _of(group: Any) -> Iterator[Entry]:
    for each in fields(group):
        yield from _entry(each.type, each.default)


def _entry(annotation: Any, default: Any) -> Iterator[Entry]:
    for declared in getattr(annotation, "__metadata__", ()):
        if isinstance(declared, OptionInfo):
            # What stands first in a declaration is a default to typer, and the first spelling to who reads it.
            flags = ", ".join([str(declared.default), *(declared.param_decls or ())])
            yield Entry(f"{flags} {declared.metavar}" if declared.metavar else flags, declared.help or "")
        elif isinstance(declared, ArgumentInfo):
            yield Entry(_argument(declared.metavar or "", needed=default is Parameter.empty), declared.help or "")


def _argument(name: str, *, needed: bool) -> str:
    return name if needed or name.startswith("[") else f"[{name}]"
