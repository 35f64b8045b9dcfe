"""One process, several or a Dask cluster: the same answers in the same order, whoever dies, and nobody left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

import questions
from dask_cluster import Cluster, cluster
from program import ROOT, environment
from rebal import workers
from rebal.errors import InvalidInput, Unavailable

SQUARES = [item * item for item in range(40)]


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_answers_come_in_the_order_of_the_items(jobs: int, at_once: int) -> None:
    with workers.hired(3, jobs=jobs) as crew:
        assert list(crew.each(questions.product, range(40), at_once=at_once)) == [3 * item for item in range(40)]
        assert list(crew.each(questions.product, [])) == []
        assert list(crew.each(questions.product, [5])) == [15]


@pytest.mark.parametrize("jobs", [1, 2])
def test_items_are_taken_as_they_are_needed(jobs: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(10_000):
            taken += 1
            yield item

    with workers.hired(1, jobs=jobs) as crew:
        answers = crew.each(questions.product, items(), at_once=2)
        assert [next(answers) for _ in range(10)] == list(range(10))
        assert taken <= 10 + 2 * 3 * jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_question_raises_is_raised_in_its_turn(jobs: int) -> None:
    answers: list[int] = []
    with workers.hired("", jobs=jobs) as crew, pytest.raises(InvalidInput) as raised:
        answers.extend(crew.each(questions.refused, range(40), at_once=1))
    assert answers == SQUARES[:7]
    assert str(raised.value) == "a.yaml:3:5: holdings.BTC: is below 0 (found -1); write a number from 0"


def test_a_worker_killed_in_mid_run_changes_nothing(tmp_path: Path) -> None:
    with workers.hired(str(tmp_path), jobs=2) as crew:
        assert list(crew.each(questions.once_killed, range(40), at_once=2)) == SQUARES
    assert (tmp_path / "killed").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="writes half of what goes through a pipe")
def test_a_worker_killed_while_it_answers_changes_nothing(tmp_path: Path) -> None:
    asked = asking("half_told", str(tmp_path), "40", "jobs=2", cwd=tmp_path)
    out, said = told(asked)
    assert (asked.returncode, said) == (0, "")
    assert out.splitlines() == [str(item) for item in SQUARES]
    assert (tmp_path / "half").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="writes half of what goes through a pipe")
def test_a_run_that_is_broken_off_does_not_wait_for_an_answer_half_told(tmp_path: Path) -> None:
    asked = asking("stuck", str(tmp_path), "40", "jobs=2", cwd=tmp_path)
    until = time.monotonic() + 30
    while not (tmp_path / "half").exists() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)  # for the half to be written
    asked.send_signal(signal.SIGINT)
    _, said = told(asked)
    assert (asked.returncode, said) == (130, "")


def told(asked: "subprocess.Popen[str]") -> tuple[str, str]:
    """What a run says that must not stand still for ever."""
    try:
        return asked.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(asked.pid, signal.SIGKILL)
        asked.wait()


def test_what_kills_every_worker_is_asked_a_few_times_and_no_more(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="3 times"), workers.hired(str(tmp_path), jobs=2) as crew:
        list(crew.each(questions.always_killed, range(40), at_once=2))
    assert (tmp_path / "deaths").read_text().count("died") == 3


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def asking(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "questions.py"), *arguments],
        cwd=cwd, env=environment(PYTHONPATH=str(ROOT / "src")), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def answering(folder: Path, asked: "subprocess.Popen[str]", *, workers: int) -> list[int]:
    """The processes that answer, once there are so many and the first answer is there."""
    assert asked.stdout is not None
    assert asked.stdout.readline() == "0\n"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = [int(file.name.partition("-")[2]) for file in folder.glob("pid-*")]
        if len(found) == workers:
            return found
        time.sleep(0.02)
    raise TimeoutError


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("to_all", [True, False], ids=["of the terminal", "of this process alone"])
@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)])
def test_no_worker_outlives_a_run_that_is_broken_off(
    tmp_path: Path, sign: signal.Signals, code: int, *, to_all: bool
) -> None:
    asked = asking("slowly", str(tmp_path), "10000", "jobs=2", cwd=tmp_path)
    found = answering(tmp_path, asked, workers=2)
    (os.killpg if to_all else os.kill)(asked.pid, sign)
    _, said = asked.communicate(timeout=30)
    assert (asked.returncode, said) == (code, "")
    until = time.monotonic() + 10
    while time.monotonic() < until and any(map(is_alive, found)):
        time.sleep(0.02)
    assert [process for process in found if is_alive(process)] == []


def ended(asked: "subprocess.Popen[str]") -> tuple[str, str]:
    """What is still to be read of a run, once it is over; a line of it was read before."""
    assert asked.stdout is not None
    assert asked.stderr is not None
    read = asked.stdout.read(), asked.stderr.read()
    asked.wait(timeout=60)
    asked.stdout.close()
    asked.stderr.close()
    return read


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path, workers=2) as found:
        yield found


def asked_of(found: str, question: str, folder: Path, items: int = 40, *options: str) -> "subprocess.Popen[str]":
    return asking(question, str(folder), str(items), f"cluster={found}", *options, cwd=folder)


def test_a_cluster_answers_alike_though_a_worker_dies_and_refuses_alike(tmp_path: Path, loopback: Cluster) -> None:
    asked = asked_of(loopback.address, "slowly", tmp_path, 100)
    answering(tmp_path, asked, workers=2)
    loopback.workers[0].kill()
    out, said = ended(asked)
    assert (asked.returncode, said) == (0, "")
    assert out.splitlines() == [str(item * item) for item in range(1, 100)]
    refused = asked_of(loopback.address, "refused", tmp_path)
    out, said = refused.communicate(timeout=60)
    assert (refused.returncode, said.partition(":")[0]) == (1, "InvalidInput")
    assert "holdings.BTC: is below 0 (found -1)" in said
    assert out.splitlines() == [str(item) for item in SQUARES[:6]]  # piece by piece: the seventh's is none


@pytest.mark.parametrize(
    ("gone", "said"), [("workers", "its workers have all gone"), ("scheduler", "the scheduler has gone")]
)
def test_a_cluster_that_goes_in_mid_run_is_one_line(tmp_path: Path, loopback: Cluster, gone: str, said: str) -> None:
    asked = asked_of(loopback.address, "slowly", tmp_path, 100_000)
    answering(tmp_path, asked, workers=2)
    for each in loopback.workers if gone == "workers" else [loopback.scheduler]:
        each.kill()
    _, err = ended(asked)
    assert asked.returncode == 1
    assert err.startswith(f"Unavailable: cluster {loopback.address}: {said}")
    assert err.count("\n") == 1


def test_a_cluster_that_is_not_to_be_had_is_one_line(tmp_path: Path) -> None:
    asked = asked_of("tcp://127.0.0.1:9", "product", tmp_path, 40, "patience=1")
    _, said = asked.communicate(timeout=60)
    assert asked.returncode == 1
    assert said.startswith("Unavailable: cluster tcp://127.0.0.1:9: no scheduler answers (")
    assert said.count("\n") == 1


def test_a_cluster_without_workers_is_one_line(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=0) as found:
        asked = asked_of(found.address, "product", tmp_path, 40, "patience=6")
        _, said = asked.communicate(timeout=60)
    assert said == f"Unavailable: cluster {found.address}: the scheduler has no workers\n"


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Unavailable, match=r"pip install 'rebal\[cluster\]'"), workers.hired(1, cluster="127.0.0.1:9"):
        pass


class Leaving:
    """A client whose scheduler is there at first, and gone when its workers are next counted."""

    def __init__(self) -> None:
        self.counted = 0

    def wait_for_workers(self, _: int, *, timeout: float) -> None:
        assert timeout > 0

    def nthreads(self) -> dict[str, int]:
        self.counted += 1
        if self.counted > 1:
            raise OSError("ConnectionPool closing.")
        return {"tcp://127.0.0.1:1": 1}

    def get_executor(self, *, pure: bool) -> "Leaving":
        assert not pure
        return self

    def submit(self, *_: object, **__: object) -> "Future[list[int]]":
        return Future()


def test_a_scheduler_that_goes_between_two_looks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_LOOK_S", 0)
    crew = workers._Cluster("", Leaving(), "tcp://127.0.0.1:1")
    with pytest.raises(Unavailable, match=r"the scheduler has gone \(ConnectionPool closing"):
        list(crew.each(questions.slowly, range(4)))
