"""The README says what the program does. ``python tests/test_readme.py`` renews the plan that it shows."""

import re
import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.core import TyperOption

from program import PROGRAM, ROOT, answered, environment, rebal, shell
from rebal import cli, commands, discover
from rebal.errors import Exit

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
SHOWN = re.compile(
    r"(`(rebal plan [^`]+)` on a terminal:\n\n<!-- plan -->\n```\n)(.*?)(```\n<!-- /plan -->)", re.DOTALL
)
ABOUT_TYPER = {"--install-completion", "--show-completion", "--help"}


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def options(name: str) -> set[str]:
    """The long options of a command and of its subcommands."""
    command = cli._command(name, cli._world({}))
    found = [command, *getattr(command, "commands", {}).values()]
    given = [each for one in found for each in one.params if isinstance(each, TyperOption)]
    return {flag for each in given for flag in each.opts if flag[:2] == "--"}


def planned(command: str) -> str:
    """What a command of the README prints on a terminal without colour."""
    done = subprocess.run(
        [*PROGRAM, *shlex.split(command)[1:], "--format", "table"],
        cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plan_is_the_one_that_is_printed() -> None:
    shown = SHOWN.search(TEXT)
    assert shown is not None
    assert shown[3] == planned(shown[2])


def test_commands_are_those_there_are() -> None:
    assert set(re.findall(r"^\| `rebal (\w+)", section("Commands"), re.MULTILINE)) == set(discover.names(commands))


def test_options_are_those_there_are() -> None:
    there_are = {flag for name in discover.names(commands) for flag in options(name)}
    documented = set(re.findall(r"--[a-z][a-z-]+", section("Commands")))
    assert documented - ABOUT_TYPER - {"--version"} == there_are


def test_sections_are_those_there_are() -> None:
    (named,) = re.findall(r"which table `--format csv` prints: (.*?)[;|]", TEXT)
    for name in named.strip().split(", "):
        done = answered("plan", str(ROOT / "portfolios" / "drift.yaml"), "--format", "csv", "--section", name)
        assert (done.code, done.err) == (0, "")


def test_exit_codes_are_those_there_are() -> None:
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)] == list(Exit)


def test_the_portfolio_file_is_a_valid_one() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    done = rebal("check", "-", stdin=block)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE))
def test_set_up_names_what_is_there(command: str) -> None:
    install, run = command.split(" && ")[1:]
    assert install.startswith(".venv/bin/pip install -q ")
    program, *arguments = shlex.split(run)
    assert program in (".venv/bin/rebal", ".venv/bin/pytest")
    assert all((ROOT / word).exists() for word in arguments if "/" in word)


def test_ci_calls_the_test_command() -> None:
    lines = [line for line in TEXT.splitlines() if re.match(r"python3 -m venv .*pytest", line)]
    assert len(lines) == 1
    assert "grep -E '^python3 -m venv .*pytest' README.md" in (ROOT / ".ci" / "run").read_text()


def _renew() -> None:
    README.write_text(SHOWN.sub(lambda old: old[1] + planned(old[2]) + old[4], TEXT), encoding="utf-8")


if __name__ == "__main__":
    _renew()


def test_the_life_of_a_hedge_can_be_lived_as_it_is_typed(tmp_path: Path) -> None:
    (before, block) = re.findall(
        r"With `(portfolios/[^`]+)` as `portfolio.yaml`.*?```sh\n(rebal hedge .*?)```", TEXT, re.DOTALL
    )[0]
    today = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    text = (ROOT / before).read_text()
    (tmp_path / "portfolio.yaml").write_text(text.replace("2026-11-20T08:00:00Z", today))
    script = "\n".join(["set -e", 'rebal() { $rebal "$@"; }', block])
    done = shell(script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    last = [line for line in done.stdout.splitlines() if line.startswith("status ")]
    assert [line.split()[1] for line in last] == ["nothing:", "nothing:"]
