"""The command line: what each ending leaves on stdout, on stderr and in the exit code."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from program import MODULE, NOW, PORTFOLIO, PROGRAM, environment, in_process, rebal, shell
from rebal import __version__, cli, commands, discover, formats
from rebal.commands._answer import Answer, World
from rebal.errors import Exit

REFUSED = (
    PORTFOLIO.replace("ETH: 14", "ETH: 14, NOPE: 10")
    .replace("ETH: 40%", "ETH: 20%, NOPE: 20%")
    .replace("ETH: 2500", "ETH: 2500, NOPE: 1")
    + "policy: {uncovered: refuse}\n"
)
HEAVY = ("yaml", "pydantic", "rich")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a portfolio.yaml in it."""
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO)
    return tmp_path


def loaded(*arguments: str, cwd: Path) -> set[str]:
    """The modules that are loaded when a command line has been answered."""
    script = (
        "import sys; from rebal import cli; code = cli.run(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = rebal(*arguments, cwd=cwd, program=(sys.executable, "-c", script))
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


class TestStart:
    def test_version(self) -> None:
        done = rebal("--version")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"rebal {__version__}\n", "")

    def test_version_loads_nothing_heavy(self, tmp_path: Path) -> None:
        assert loaded("--version", cwd=tmp_path).isdisjoint(HEAVY)

    def test_help_loads_nothing_heavy(self, tmp_path: Path) -> None:
        modules = loaded("--help", cwd=tmp_path)
        assert modules.isdisjoint(HEAVY)

    def test_a_command_loads_itself_alone(self, folder: Path) -> None:
        modules = loaded("plan", *NOW, cwd=folder)
        others = {f"rebal.commands.{name}" for name in discover.names(commands)} - {"rebal.commands.plan"}
        assert "rebal.commands.plan" in modules
        assert modules.isdisjoint(others)

    def test_plain_output_loads_no_rich(self, folder: Path) -> None:
        assert "rich" not in loaded("plan", "--format", "json", *NOW, cwd=folder)

    def test_python_m_rebal(self) -> None:
        assert rebal("--version", program=MODULE).stdout == f"rebal {__version__}\n"

    def test_by_absolute_path_in_an_empty_environment(self, folder: Path) -> None:
        done = rebal("check", str(folder / "portfolio.yaml"), cwd=Path("/"), env=environment())
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_completion_is_offered(self) -> None:
        done = rebal("--show-completion", env=environment(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"))
        assert done.returncode == 2
        script = rebal("--show-completion", "bash", env=environment(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"))
        assert script.returncode == 0
        assert "_REBAL_COMPLETE" in script.stdout

    @pytest.mark.parametrize(
        ("words", "offered"),
        [("rebal pl", "plan"), ("rebal plan --form", "--format"), ("rebal plan --format js", "json")],
    )
    def test_completion_completes(self, words: str, offered: str) -> None:
        env = environment(_REBAL_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(words.count(" ")))
        assert rebal(env=env).stdout.split() == [offered]


class TestHelp:
    def test_lists_every_command_with_a_whole_summary(self) -> None:
        text = in_process("--help").stdout
        for name in discover.names(commands):
            module = discover.load(commands, name)
            said = module.HELP if hasattr(module, "SUBCOMMANDS") else getattr(module, name).__doc__
            summary = said.partition("\n")[0]
            assert f"  {name} " in text
            assert summary in " ".join(text.split())

    @pytest.mark.parametrize("name", list(discover.names(commands)))
    def test_every_command_has_an_example(self, name: str) -> None:
        done = in_process(name, "--help")
        assert done.returncode == 0
        assert f"Examples:\n    rebal {name}" in done.stdout

    def test_without_a_command(self) -> None:
        done = in_process()
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == in_process("--help").stdout


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["plna"], "rebal: No such command 'plna'. Did you mean 'plan', 'replay'?\nTry 'rebal --help'.\n"),
            (["check", "a", "b"], "rebal check: Got unexpected extra argument(s) (b)\nTry 'rebal check --help'.\n"),
            (["plan", "--market"], "rebal: Option '--market' requires an argument.\nTry 'rebal --help'.\n"),
            (
                ["plan", "a", "-p", "b"],
                "rebal: the portfolio is given twice; name it either alone or with --portfolio\n",
            ),
            (
                ["check", "a", "--portfolio", "b"],
                "rebal: the portfolio is given twice; name it either alone or with --portfolio\n",
            ),
            (
                ["plan", "--format", "jsno"],
                "rebal: --format jsno: there is no such format; did you mean json? "
                f"write one of {', '.join(formats.names())}\n",
            ),
            (["plan", "--width", "1_00"], "rebal: --width 1_00: is not a number; write 100, without separators\n"),
            (["plan", "--width", "40.5"], "rebal: --width 40.5: write a whole number of columns from 20 to 1000\n"),
            (["plan", "--width", "0"], "rebal: --width 0: write a whole number of columns from 20 to 1000\n"),
            (["plan", "--section", "orders"], "rebal: --section picks a table of csv; add --format csv\n"),
            (["plan", "--out", "-"], "rebal: --out -: leave --out away to write to stdout\n"),
        ],
    )
    def test_refused(self, folder: Path, arguments: list[str], said: str) -> None:
        done = in_process(*arguments, cwd=folder)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)

    @pytest.mark.parametrize("now", ["tomorrow", "2026-11-20T08:00:00", "2026-11-20 08:00"])
    def test_now_needs_a_zone(self, folder: Path, now: str) -> None:
        done = in_process("plan", "--now", now, cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"rebal: --now {now}: ")

    def test_control_characters_in_arguments_are_spelled_out(self) -> None:
        done = in_process("plan", "--format", "\x1b[31mred\u202e")
        assert "\x1b" not in done.stderr
        assert "\u202e" not in done.stderr
        assert r"\x1b[31mred\u202e" in done.stderr


class TestWhichPortfolio:
    def test_positional_and_option_are_the_same(self, folder: Path) -> None:
        (folder / "portfolio.yaml").rename(folder / "mine.yaml")
        first = in_process("plan", "mine.yaml", *NOW, cwd=folder)
        assert first.returncode == 0
        assert first.stdout == in_process("plan", "-p", "mine.yaml", *NOW, cwd=folder).stdout

    def test_environment_then_current_folder(self, folder: Path) -> None:
        (folder / "bad.yaml").write_text("holdings: 1\n")
        assert in_process("check", cwd=folder).returncode == 0
        done = in_process("check", cwd=folder, env=environment(REBAL_PORTFOLIO="bad.yaml"))
        assert done.returncode == 3
        assert done.stderr.startswith("bad.yaml:1:")
        assert (
            in_process("check", "portfolio.yaml", cwd=folder, env=environment(REBAL_PORTFOLIO="bad.yaml")).returncode
            == 0
        )

    def test_stdin_holds_the_portfolio_or_the_prices_and_not_both(self, folder: Path) -> None:
        done = rebal("plan", "-", "--market", "-", *NOW, cwd=folder, stdin=PORTFOLIO)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "rebal: stdin is named as the portfolio and as --market; it holds one of them, so name a file\n"
        )

    def test_stdin(self, folder: Path) -> None:
        done = in_process("plan", "-", *NOW, cwd=folder, stdin=PORTFOLIO)
        by_name = in_process("plan", *NOW, cwd=folder).stdout
        assert done.stdout == by_name.replace("  file portfolio.yaml\n", "\n", 1) != by_name

    def test_missing_file(self, tmp_path: Path) -> None:
        done = in_process("plan", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith("portfolio.yaml: does not exist")


class TestExitCodes:
    def test_invalid_input_is_told_on_stderr_alone(self, folder: Path) -> None:
        (folder / "portfolio.yaml").write_text(PORTFOLIO.replace("60%", "59%"))
        for command in ("check", "plan"):
            done = in_process(command, cwd=folder)
            assert (done.returncode, done.stdout) == (3, "")
            assert "portfolio.yaml:4:" in done.stderr

    def test_something_to_do(self, folder: Path) -> None:
        assert in_process("plan", *NOW, cwd=folder).returncode == 0
        assert in_process("plan", "--exit-code", *NOW, cwd=folder).returncode == 10

    def test_nothing_to_do(self, folder: Path) -> None:
        (folder / "portfolio.yaml").write_text(PORTFOLIO.replace("60%", "70%").replace("40%", "30%"))
        assert in_process("plan", "--exit-code", *NOW, cwd=folder).returncode == 0

    def test_quiet_is_silent_only_at_0(self, folder: Path) -> None:
        assert in_process("plan", "--quiet", *NOW, cwd=folder).stdout == ""
        loud = in_process("plan", "--quiet", "--exit-code", *NOW, cwd=folder)
        assert (loud.returncode, loud.stdout) == (10, in_process("plan", *NOW, cwd=folder).stdout)

    @pytest.mark.parametrize(
        ("code", "arguments", "stdin", "env"),
        [
            (0, ["plan", "--format", "table", *NOW], "", {"COLUMNS": "60"}),
            (0, ["plan", "-", "--format", "json", *NOW], PORTFOLIO, {}),
            (1, ["plan", "-", *NOW], REFUSED, {}),
            (2, ["plan", "--format", "jsno"], "", {}),
            (2, [], "", {}),
            (3, ["check"], "", {"REBAL_PORTFOLIO": "none.yaml"}),
            (3, ["check", "-"], "holdings: {BTC: −1}\n", {}),
            (10, ["plan", "--exit-code", *NOW], "", {}),
            (20, ["status", "--now", "2026-11-22T09:00:00Z"], "", {}),
        ],
    )
    def test_a_process_ends_as_its_run_does(
        self, folder: Path, code: int, arguments: list[str], stdin: str, env: dict[str, str]
    ) -> None:
        """What the tests that start no process rely on."""
        done = rebal(*arguments, cwd=folder, env=environment(**env), stdin=stdin)
        within = in_process(*arguments, cwd=folder, env=environment(**env), stdin=stdin)
        assert (done.returncode, done.stdout, done.stderr) == (code, within.stdout, within.stderr)
        assert within.returncode == code

    def test_internal_error_shows_where(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def broken(arguments: object, world: object) -> object:
            raise ZeroDivisionError("a figure of ours")

        monkeypatch.setattr(cli, "_spelled_out", broken)
        assert cli.run(["check"]) == Exit.INTERNAL
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "Traceback" in printed.err
        assert "ZeroDivisionError: a figure of ours" in printed.err
        assert printed.err.endswith("rebal: internal error; please report it\n")

    def test_interrupted(self) -> None:
        running = subprocess.Popen(
            [*PROGRAM, "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(),
        )  # fmt: skip
        assert running.stdin is not None
        running.stdin.write(b"#" * 100_000)  # more than a pipe holds: once it is written the program reads
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        assert (running.returncode, out, err) == (130, b"", b"")

    def test_a_plan_may_end_the_process_at_once_and_all_is_said_then(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "portfolio.yaml").write_text(REFUSED)
        monkeypatch.chdir(folder)
        left: list[tuple[int, str, str]] = []
        code = cli.run(
            ["plan", "--out", "plan.json", *NOW], leave=lambda code: left.append((code, *capsys.readouterr()))
        )
        whole = in_process("plan", "--out", "plan.json", *NOW, cwd=folder)
        assert left == [(code, whole.stdout, whole.stderr)]
        assert (code, whole.returncode) == (Exit.REFUSED, Exit.REFUSED)
        assert whole.stderr.count("\n") > 0

    def test_what_may_leave_more_behind_than_memory_ends_as_ever(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder)
        left: list[int] = []
        assert cli.run(["check"], leave=left.append) == Exit.DONE
        assert left == []


class TestStdout:
    def test_closed(self, folder: Path) -> None:
        done = shell(f"$rebal plan {' '.join(NOW)} >&-", cwd=folder)
        assert (done.returncode, done.stderr) == (4, "rebal: stdout: it is closed\n")

    def test_closed_but_not_needed(self, folder: Path) -> None:
        done = shell("$rebal check >&-", cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")

    def test_help_on_a_closed_one(self, folder: Path) -> None:
        assert shell("$rebal --help >&-", cwd=folder).returncode == 4

    @pytest.mark.parametrize("arguments", ["plan", "--help", "--version", "schema"])
    def test_full(self, folder: Path, arguments: str) -> None:
        done = shell(f"$rebal {arguments} > /dev/full", cwd=folder)
        assert (done.returncode, done.stderr) == (4, "rebal: stdout: No space left on device\n")

    def test_a_reader_that_goes_away_is_no_error(self, folder: Path) -> None:
        done = shell("$rebal schema | head -c 1; echo ${PIPESTATUS[0]}", cwd=folder)
        assert (done.stdout, done.stderr) == ("{0\n", "")

    def test_a_reader_that_was_never_there(self, folder: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [*PROGRAM, "plan", "--exit-code", *NOW], cwd=folder, env=environment(), stdout=writer,
            stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
        os.close(writer)
        assert (done.returncode, done.stderr) == (10, b"")

    def test_nothing_on_either_output(self, folder: Path) -> None:
        assert shell("$rebal plan --foo >&- 2>&-", cwd=folder).returncode == 2
        assert shell("$rebal plan --foo 2> /dev/full", cwd=folder).returncode == 2

    @pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
    @pytest.mark.parametrize("form", ["table", "plain", "json", "csv"])
    def test_any_encoding(self, folder: Path, encoding: str, form: str) -> None:
        (folder / "portfolio.yaml").write_text(f"name: Café 東京\n{PORTFOLIO}", encoding="utf-8")
        done = in_process("plan", "--format", form, *NOW, cwd=folder, encoding=encoding)
        assert (done.returncode, done.stderr) == (0, "")
        assert "40000" in done.stdout.replace(",", "")

    @pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
    def test_the_encoding_of_a_process_is_its_stdout_s(self, folder: Path, encoding: str) -> None:
        (folder / "portfolio.yaml").write_text(f"name: Café 東京\n{PORTFOLIO}", encoding="utf-8")
        asked = ("plan", "--format", "table", *NOW)
        done = subprocess.run(
            [*PROGRAM, *asked], cwd=folder, capture_output=True, check=False,
            env=environment(PYTHONIOENCODING=encoding),
        )  # fmt: skip
        within = in_process(*asked, cwd=folder, encoding=encoding)
        assert (done.returncode, done.stderr, done.stdout.decode(encoding)) == (0, b"", within.stdout)


def on_a_terminal(*arguments: str, cwd: Path, columns: int = 80, env: Mapping[str, str] | None = None) -> str:
    """What the program prints where stdout is a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    running = subprocess.Popen(
        [*PROGRAM, *arguments], cwd=cwd, env=environment(**{"TERM": "xterm", **(env or {})}), stdin=subprocess.DEVNULL,
        stdout=theirs, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        printed += chunk
    os.close(ours)
    _, said = running.communicate(timeout=30)
    assert said == b""
    return printed.decode().replace("\r\n", "\n")


class TestTerminal:
    def test_table_and_colour_on_a_terminal(self, folder: Path) -> None:
        assert "\x1b[" in on_a_terminal("plan", *NOW, cwd=folder)

    @pytest.mark.parametrize("quietened", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_no_colour_by_environment(self, folder: Path, quietened: dict[str, str]) -> None:
        printed = on_a_terminal("plan", *NOW, cwd=folder, env=quietened)
        assert "\x1b" not in printed
        assert printed == in_process("plan", "--format", "table", "--width", "80", *NOW, cwd=folder).stdout

    @pytest.mark.parametrize(
        ("said", "tone"),
        [("15;0", 203), ("0;15", 124), ("0;default;15", 124), ("7;8", 203), ("", 196), ("x", 196), ("0;99", 196)],
    )
    def test_tones_by_the_ground_that_the_terminal_tells(self, folder: Path, said: str, tone: int) -> None:
        printed = on_a_terminal("plan", *NOW, cwd=folder, env={"COLORFGBG": said})
        assert f"38;5;{tone}m" in printed

    def test_no_colour_by_option(self, folder: Path) -> None:
        assert "\x1b" not in on_a_terminal("plan", "--no-color", *NOW, cwd=folder)

    def test_plain_on_a_pipe(self, folder: Path) -> None:
        assert rebal("plan", *NOW, cwd=folder).stdout == rebal("plan", "--format", "plain", *NOW, cwd=folder).stdout

    def test_width_is_the_option_then_the_terminal_then_columns_then_100(self, folder: Path) -> None:
        def table(*more: str, **env: str) -> str:
            return in_process("plan", "--format", "table", *more, *NOW, cwd=folder, env=environment(**env)).stdout

        wide = table("--width", "60")
        assert table("--width", "60", COLUMNS="140") == wide
        assert table(COLUMNS="60") == wide
        assert table() == table("--width", "100") == table(COLUMNS="none") == table(COLUMNS="0")
        assert on_a_terminal("plan", "--no-color", *NOW, cwd=folder, columns=60, env={"COLUMNS": "140"}) == wide


class TestAnswer:
    def test_what_is_silent_on_stdout_stays_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        for code in (Exit.USAGE, Exit.INVALID_INPUT, Exit.UNAVAILABLE):
            assert cli._handed_over(Answer("a plan\n", code)) == code
        assert capsys.readouterr().out == ""

    def test_a_group_of_options_is_spelled_out(self) -> None:
        from inspect import signature

        from rebal.commands import plan

        world = cli._world({})
        names = list(signature(cli._spelled_out(plan.plan, world)).parameters)
        assert {"portfolio", "market", "now", "files", "format", "out"} <= set(names)
        assert names[-2:] == ["exit_code", "fit"]
        assert "world" not in names
        assert isinstance(world, World)
