"""The reference page is what the commands offer today. ``python tests/test_reference.py`` renews it."""

from pathlib import Path

import pytest
from typer.core import TyperArgument, TyperOption

import rebal
from program import ROOT, answered
from rebal import cli, commands, discover
from rebal.commands._reference import command_lines
from rebal.reports.guide import Entry

PAGE = Path(rebal.__file__).parent / "guide" / "reference.txt"


def printed() -> str:
    done = answered("guide", "reference", "--format", "table", "--width", "100")
    assert (done.code, done.err) == (0, "")
    return done.out.rpartition("\nnext: ")[0]


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == printed(), "python tests/test_reference.py renews it"


def test_the_readme_links_to_it() -> None:
    assert f"]({PAGE.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")


def flags(entries: tuple[Entry, ...]) -> set[str]:
    return {word.rstrip(",") for each in entries for word in each.name.split() if word.startswith("-")}


@pytest.mark.parametrize("name", list(discover.names(commands)))
def test_every_option_that_a_command_line_takes_is_told(name: str) -> None:
    told = command_lines()
    shared = {flag for _, entries in told.shared for flag in flags(entries)}
    command = cli._command(name, cli._world({}))
    for subcommand, each in (getattr(command, "commands", None) or {"": command}).items():
        (line,) = [one for one in told.commands if one.synopsis.startswith(f"rebal {name} {subcommand}".rstrip())]
        taken = {flag for param in each.params if isinstance(param, TyperOption) for flag in param.opts}
        own = flags(line.options)
        assert own <= taken
        assert taken - {"--help"} <= own | shared
        arguments = [param for param in each.params if isinstance(param, TyperArgument)]
        assert len(arguments) == sum(not entry.name.startswith("-") for entry in line.options)
        assert all(entry.text for entry in line.options)


if __name__ == "__main__":
    PAGE.write_text(printed(), encoding="utf-8")
