"""``--out``: whole or not at all, and never over what is not its own."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from program import NOW, PORTFOLIO, ROOT, in_process, rebal, shell
from rebal.commands import _out
from rebal.errors import Unavailable, UsageProblem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a portfolio.yaml in it."""
    (tmp_path / "portfolio.yaml").write_text(PORTFOLIO)
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestCommand:
    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("a.json", "json"),
            ("a.JSON", "json"),
            ("a.csv", "csv"),
            ("a.html", "html"),
            ("a.md", "md"),
            ("a.svg", "svg"),
            ("a.txt", "plain"),
            ("a", "plain"),
        ],
    )
    def test_format_by_suffix(self, folder: Path, name: str, form: str) -> None:
        done = in_process("plan", "--out", name, *NOW, cwd=folder)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        shown = in_process("plan", "--format", form, *NOW, cwd=folder).stdout
        assert (folder / name).read_text() == shown != ""

    def test_a_chart_is_picked_of_svg_alone(self, folder: Path) -> None:
        done = in_process("plan", "--out", "a.svg", "--chart", "payoff", *NOW, cwd=folder)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert '<title id="payoff-title">' in (folder / "a.svg").read_text()
        other = in_process("plan", "--chart", "payoff", *NOW, cwd=folder)
        assert (other.returncode, other.stdout) == (2, "")
        assert other.stderr == "rebal: --chart picks the one chart of svg, and this is plain; add --format svg\n"
        page = in_process("plan", "--chart", "payoff", "--out", "w.html", *NOW, cwd=folder)
        assert (page.returncode, page.stdout) == (2, "")
        told = "--chart picks the one chart of svg, and this is html; save it as .svg, or leave --chart away"
        assert page.stderr == f"rebal: {told}\n"
        assert not (folder / "w.html").exists()
        none = in_process("plan", "--format", "svg", "--chart", "path", *NOW, cwd=folder)
        assert (none.returncode, none.stdout) == (2, "")
        assert "has no such chart; write one of weights, ladder, payoff" in none.stderr

    def test_format_wins_over_suffix(self, folder: Path) -> None:
        in_process("plan", "--out", "a.json", "--format", "csv", *NOW, cwd=folder)
        assert (folder / "a.json").read_text() == in_process("plan", "--format", "csv", *NOW, cwd=folder).stdout

    @pytest.mark.parametrize(
        ("name", "form", "said"),
        [
            ("x.png", "svg", "rebal makes no png; save a chart as .svg, a page to print as .html"),
            ("x.PDF", None, "rebal makes no pdf; save a chart as .svg, a page to print as .html"),
            ("x.html", "svg", "says html, and --format svg another; leave --format away, or name it so"),
            ("x.svg", "json", "says svg, and --format json another; leave --format away, or name it so"),
        ],
    )
    def test_a_picture_is_saved_as_what_it_is(self, folder: Path, name: str, form: str | None, said: str) -> None:
        asked = () if form is None else ("--format", form)
        done = in_process("plan", "--out", name, *asked, *NOW, cwd=folder)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"rebal: --out {name}: {said}\n")
        assert not (folder / name).exists()

    def test_written_though_quiet(self, folder: Path) -> None:
        in_process("plan", "--quiet", "--out", "a.json", *NOW, cwd=folder)
        assert (folder / "a.json").read_text().startswith("{")

    def test_written_when_refused(self, folder: Path) -> None:
        (folder / "portfolio.yaml").write_text(
            PORTFOLIO.replace("ETH: 14", "ETH: 14, NOPE: 10")
            .replace("ETH: 40%", "ETH: 20%, NOPE: 20%")
            .replace("ETH: 2500", "ETH: 2500, NOPE: 1")
            + "policy: {uncovered: refuse}\n"
        )
        done = in_process("plan", "--out", "a.json", *NOW, cwd=folder)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("rebal: refused: NOPE")
        assert '"refused": true' in (folder / "a.json").read_text()

    def test_not_written_on_invalid_input(self, folder: Path) -> None:
        (folder / "portfolio.yaml").write_text("holdings: 1\n")
        assert in_process("plan", "--out", "a.json", *NOW, cwd=folder).returncode == 3
        assert sorted(os.listdir(folder)) == ["portfolio.yaml"]

    @pytest.mark.parametrize(
        "target", ["portfolio.yaml", "./portfolio.yaml", "linked.yaml", "hard.yaml", "prices.yaml"]
    )
    def test_never_over_what_is_read(self, folder: Path, target: str) -> None:
        (folder / "prices.yaml").write_text("prices: {BTC: 41000}\n")
        (folder / "linked.yaml").symlink_to("portfolio.yaml")
        (folder / "hard.yaml").hardlink_to(folder / "portfolio.yaml")
        before = (folder / target).read_bytes()
        done = in_process("plan", "--market", "prices.yaml", "--out", target, *NOW, cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert "name another file" in done.stderr
        assert (folder / target).read_bytes() == before

    def test_never_over_stdin(self, folder: Path) -> None:
        done = shell("$rebal plan - --out portfolio.yaml < portfolio.yaml", cwd=folder)
        assert done.returncode == 2
        assert (folder / "portfolio.yaml").read_text() == PORTFOLIO

    @pytest.mark.parametrize("journal", ["portfolio.journal.db", "own.db"])
    def test_never_over_the_journal(self, folder: Path, journal: str) -> None:
        if journal == "own.db":
            (folder / "portfolio.yaml").write_text(f"{PORTFOLIO}journal: own.db\n")
        assert in_process("plan", "--out", journal, *NOW, cwd=folder).returncode == 2
        assert not (folder / journal).exists()

    def test_devices_and_folders_are_left_alone(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        (folder / "null").symlink_to("/dev/null")
        for target in ("/dev/null", "null", "pipe", ".", "/dev/stdout"):
            done = rebal("plan", "--out", target, *NOW, cwd=folder)
            assert (done.returncode, done.stdout) == (2, ""), target
            assert "is not a regular file" in done.stderr
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
        assert (folder / "null").is_symlink()

    def test_missing_folder(self, folder: Path) -> None:
        done = in_process("plan", "--out", "no/such/a.json", *NOW, cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert "create it first" in done.stderr


class TestWrite:
    def test_new_files_are_their_owners_alone(self, tmp_path: Path) -> None:
        _out.write(str(tmp_path / "a"), "text", apart_from=())
        assert mode(tmp_path / "a") == 0o600

    def test_existing_files_keep_their_mode(self, tmp_path: Path) -> None:
        target = tmp_path / "a"
        target.write_text("old")
        target.chmod(0o644)
        _out.write(str(target), "new", apart_from=())
        assert (mode(target), target.read_text()) == (0o644, "new")

    def test_links_are_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real/a")
        for text in ("created", "replaced"):
            _out.write(str(tmp_path / "link"), text, apart_from=())
            assert (tmp_path / "link").is_symlink()
            assert (tmp_path / "real" / "a").read_text() == text

    def test_nothing_is_left_beside_it(self, tmp_path: Path) -> None:
        _out.write(str(tmp_path / "a"), "text", apart_from=())
        assert os.listdir(tmp_path) == ["a"]

    def test_a_failure_leaves_the_old_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        (tmp_path / "a").write_text("old")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="No space left on device"):
            _out.write(str(tmp_path / "a"), "new", apart_from=())
        assert os.listdir(tmp_path) == ["a"]
        assert (tmp_path / "a").read_text() == "old"

    def test_a_draft_that_someone_left_is_not_used(self, tmp_path: Path) -> None:
        stale = tmp_path / f".rebal-{os.getpid()}-0"
        stale.write_text("another's")
        _out.write(str(tmp_path / "a"), "text", apart_from=())
        assert (stale.read_text(), (tmp_path / "a").read_text()) == ("another's", "text")

    def test_a_link_that_leads_to_itself(self, tmp_path: Path) -> None:
        (tmp_path / "a").symlink_to("a")
        with pytest.raises(UsageProblem, match="Too many levels of symbolic links"):
            _out.write(str(tmp_path / "a"), "text", apart_from=())

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_file_that_may_not_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("old")
        (tmp_path / "a").chmod(0o444)
        with pytest.raises(Unavailable, match="Permission denied"):
            _out.write(str(tmp_path / "a"), "new", apart_from=())


class TestAbandoned:
    """What a killed run left behind is removed by the next, and nothing else is."""

    def dead(self) -> int:
        done = subprocess.Popen([sys.executable, "-c", ""])
        done.wait()
        return done.pid

    def test_a_draft_of_a_dead_process_goes(self, tmp_path: Path) -> None:
        pid = self.dead()
        for attempt in (0, 7):
            (tmp_path / f".rebal-{pid}-{attempt}").write_text("half a plan")
        _out.write(str(tmp_path / "a"), "text", apart_from=())
        assert os.listdir(tmp_path) == ["a"]

    def test_what_may_be_alive_or_is_not_ours_stays(self, tmp_path: Path) -> None:
        pid = self.dead()
        (tmp_path / "target").write_text("elsewhere")
        kept = [f".rebal-{os.getppid()}-0", f".rebal-{pid}", f".rebal-{pid}-0.txt", f"x.rebal-{pid}-0", ".rebal-0-0",
                ".rebal-9999999999-0", f".rebal-{pid}-٣"]  # fmt: skip
        for name in kept:
            (tmp_path / name).write_text("another's")
        (tmp_path / f".rebal-{pid}-1").mkdir()
        (tmp_path / f".rebal-{pid}-2").symlink_to("target")
        before = sorted(os.listdir(tmp_path))
        _out.write(str(tmp_path / "a"), "text", apart_from=())
        assert sorted(os.listdir(tmp_path)) == sorted(["a", *before])

    def test_a_run_that_is_killed_while_it_writes(self, tmp_path: Path) -> None:
        script = (
            "import os, signal; from rebal.commands import _out;"
            "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL);"
            f"_out.write({str(tmp_path / 'a')!r}, 'text', apart_from=())"
        )
        env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        assert subprocess.run([sys.executable, "-c", script], env=env, check=False).returncode == -9
        (left,) = os.listdir(tmp_path)
        assert left.startswith(".rebal-")
        _out.write(str(tmp_path / "b"), "text", apart_from=())
        assert os.listdir(tmp_path) == ["b"]
