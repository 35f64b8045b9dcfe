"""What was acknowledged is there exactly once, what was not is whole or absent, and the next run works."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rebal import journal
from rebal.errors import Unavailable

from .writers import BATCH, batch, ids, twice, whole

HERE = Path(__file__)
SOURCE = HERE.parents[2] / "src"
WRITERS = HERE.with_name("writers.py")
LIGHT = (sys.executable, "-S", "-B", str(WRITERS))
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
KILLS = 200
CHANGES = "write,pwrite64,writev,fsync,fdatasync,ftruncate,link,linkat,unlink,unlinkat,rename,fchmod,chmod"


def run(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, *LIGHT, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False
    )


def answer(*arguments: str, before: tuple[str, ...] = ()) -> dict[str, Any]:
    done = run(*arguments, before=before)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_two_writers_killed_at_random(tmp_path: Path) -> None:
    told = answer("race", str(tmp_path), str(KILLS), "20261120")
    assert (told["lost"], told["torn"]) == ([], [])
    assert int(told["read"]) > KILLS * BATCH
    stray = [name for name in told["left"] if not name.endswith(".db") and not name.startswith(".rebal-journal-")]
    assert stray == ["acknowledged"]


def test_writers_at_once_do_no_harm(tmp_path: Path) -> None:
    told = answer("together", str(tmp_path / "journal.db"), "4", "6")
    assert told["torn"] == 0
    assert len(told["present"]) == len(set(told["present"])) == 4 * 6 * BATCH
    assert os.listdir(tmp_path) == ["journal.db"]


def check_after_kill(path: str, told: str) -> None:
    """The journal of a killed ``twice``: readable at once, whole, and complete after the same again."""
    present = ids(path)
    assert whole(present)
    for name in told.split():
        assert f"{name}/0" in present
    twice(path, tell=lambda _: None)
    assert ids(path) == [f"{name}/{n}" for name in ("first", "second") for n in range(BATCH)]
    beside = [name for name in os.listdir(os.path.dirname(path)) if not name.startswith(".rebal-journal-")]
    assert beside == [os.path.basename(path)]


def test_killed_before_everything_that_the_writing_module_asks_for(tmp_path: Path) -> None:
    *killed, last = answer("killed_at_each", str(tmp_path))["each"]
    assert len(killed) > 30
    for path, status, told in killed:
        assert status == -signal.SIGKILL, path
        check_after_kill(path, told)
    assert last[1:] == [0, "first\nsecond\n"]


def traced(path: str, count: int) -> subprocess.CompletedProcess[str]:
    kill = f"inject={CHANGES}:signal=KILL:when={count}"
    return run("twice", path, before=("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CHANGES}", "-e", kill))


def works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def can_trace() -> bool:
    return shutil.which("strace") is not None and works("strace", "-o", "/dev/null", "true")


@pytest.mark.skipif(not can_trace(), reason="strace is not to be had, or may not trace")
def test_killed_at_every_system_call_that_writes(tmp_path: Path) -> None:
    for count in range(1, 200):
        path = str(tmp_path / str(count) / "journal.db")
        os.mkdir(os.path.dirname(path))
        done = traced(path, count)
        if done.returncode == 0:
            break
        check_after_kill(path, done.stdout)
    assert done.returncode == 0
    assert count > 30


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    told = answer("until_full", path, str(56 * 1024))
    assert told["present"] == [f"{name}/{n}" for name in told["told"] for n in range(BATCH)]
    assert len(told["told"]) > 5
    assert "look at `rebal history`" in told["problem"] or "nothing was recorded" in told["problem"]
    assert told["left"] == ["journal.db"]
    assert journal.append(path, batch("after")).after.seq == len(told["present"]) + BATCH


def test_a_limit_too_small_for_any_journal(tmp_path: Path) -> None:
    told = answer("until_full", str(tmp_path / "journal.db"), "8192")
    assert (told["told"], told["present"], told["left"]) == ([], [], [])
    assert "journal.db" in told["problem"]


def test_a_full_disk(tmp_path: Path) -> None:
    """A file system of 64 KiB in a mount namespace of its own."""
    private = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
    script = 'mount -t tmpfs -o size=64k tmpfs "$1" || exit 77; shift; exec "$@"'
    mounted = (*private, "sh", "-c", script, "sh", str(tmp_path))
    if shutil.which("unshare") is None or not works(*mounted, "true"):
        pytest.skip("no file system can be mounted here")
    told = answer("until_full", str(tmp_path / "journal.db"), before=mounted)
    assert told["present"] == [f"{name}/{n}" for name in told["told"] for n in range(BATCH)]
    assert len(told["told"]) > 5
    assert "the disk is full; nothing was recorded" in told["problem"]
    assert told["left"] == ["journal.db"]


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that other users may enter, down from the root."""
    for folder in (tmp_path, *tmp_path.parents):
        if os.stat(folder).st_uid == os.geteuid() and folder != Path("/"):
            os.chmod(folder, 0o755)
        if folder.name.startswith("pytest-of-"):
            break
    return tmp_path


def lock(folder: Path, path: str) -> None:
    for name in os.listdir(folder):
        os.chmod(folder / name, 0o444)
    os.chmod(folder, 0o555)


def test_a_read_only_folder(open_folder: Path) -> None:
    path = str(open_folder / "journal.db")
    journal.append(path, batch("first"))
    lock(open_folder, path)
    told = answer("as_nobody", path)
    os.chmod(open_folder, 0o755)
    assert told["read"] == [f"first/{n}" for n in range(BATCH)]
    assert "cannot be written to; nothing was recorded" in told["problem"]
    assert os.listdir(open_folder) == ["journal.db"]


def test_no_journal_in_a_read_only_folder(open_folder: Path) -> None:
    os.chmod(open_folder, 0o555)
    told = answer("as_nobody", str(open_folder / "journal.db"))
    os.chmod(open_folder, 0o755)
    assert told["read"] == []
    assert "cannot be created: Permission denied" in told["problem"]
    assert os.listdir(open_folder) == []


def hot(path: str) -> dict[str, bytes]:
    """A journal whose last writer was killed with its pages in the file; the folder's bytes."""
    journal.append(path, batch("first"))
    assert run("left_hot", path).returncode == -signal.SIGKILL
    folder = Path(path).parent
    assert sorted(os.listdir(folder)) == ["journal.db", "journal.db-journal"]
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_half_written_journal_is_read_as_it_was_and_left_as_it_is(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.db")
    before = hot(path)
    assert ids(path) == [f"first/{n}" for n in range(BATCH)]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert journal.append(path, batch("second")).after.seq == 2 * BATCH
    assert os.listdir(tmp_path) == ["journal.db"]


def test_a_half_written_journal_is_read_in_a_read_only_folder(open_folder: Path) -> None:
    path = str(open_folder / "journal.db")
    before = hot(path)
    lock(open_folder, path)
    told = answer("as_nobody", path)
    os.chmod(open_folder, 0o755)
    assert told["read"] == [f"first/{n}" for n in range(BATCH)]
    assert "nothing was recorded" in told["problem"]
    assert {file.name: file.read_bytes() for file in open_folder.iterdir()} == before


def test_no_room_for_a_copy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    path = str(tmp_path / "journal.db")
    hot(path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(Unavailable, match=r"was left half-written, and there is no room for a copy"):
        journal.read(path)
