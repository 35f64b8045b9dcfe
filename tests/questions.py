"""Questions that tests put to workers; each stands in a module, so that any process finds it.

    python tests/questions.py QUESTION SHARED ITEMS [OPTION=VALUE...]

prints the answers, a line each, for tests that stop or count processes from outside. ``patience``: the seconds to wait
for a cluster that may never come.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import connection
from pathlib import Path
from typing import Any, cast

from rebal import workers
from rebal.errors import InvalidInput, Problem, RebalError


def product(shared: int, item: int) -> int:
    return shared * item


def slowly(shared: str, item: int) -> int:
    """Leave a mark of the process that answers, then take a while."""
    (Path(shared) / f"pid-{os.getpid()}").touch()
    time.sleep(0.05)
    return item * item


def once_killed(shared: str, item: int) -> int:
    """Kill the process that first comes to the seventh item."""
    if item == 7:
        try:
            (Path(shared) / "killed").touch(exist_ok=False)
        except FileExistsError:
            return item * item
        os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def always_killed(shared: str, item: int) -> int:
    """Kill whatever process comes to the seventh item."""
    if item == 7:
        with (Path(shared) / "deaths").open("a") as deaths:
            deaths.write("died\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def half_told(shared: str, item: int) -> int:
    """Let the process that first comes to the seventh item die with its answers half written."""
    if item == 7 and _is_first(shared):
        _tell_half(then=lambda: os.kill(os.getpid(), signal.SIGKILL))
    return item * item


def stuck(shared: str, item: int) -> int:
    """Let the process that first comes to the seventh item stand still with its answers half written."""
    if item == 7 and _is_first(shared):
        _tell_half(then=lambda: time.sleep(1_000))
    if item > 7:
        time.sleep(0.05)
    return item * item


def _is_first(shared: str) -> bool:
    try:
        (Path(shared) / "half").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _tell_half(then: Callable[[], object]) -> None:
    def half(self: Any, told: bytes) -> None:
        os.write(self.fileno(), told[: len(told) // 2])
        then()

    cast(Any, connection.Connection)._send = half


def refused(shared: str, item: int) -> int:
    """Refuse the seventh item, as a file with problems is."""
    if item == 7:
        raise InvalidInput([Problem("a.yaml", 3, 5, "holdings.BTC", "is below 0", "-1", "write a number from 0")])
    return item * item


def main() -> None:
    """Ask and print."""
    name, shared, count, *options = sys.argv[1:]
    given = dict(option.split("=", 1) for option in options)
    if "patience" in given:
        workers._CONNECT_S = int(given["patience"])
    try:
        with workers.hired(shared, jobs=int(given.get("jobs", "1")), cluster=given.get("cluster")) as crew:
            for answer in crew.each(globals()[name], range(int(count)), at_once=int(given.get("at_once", "2"))):
                print(answer, flush=True)
    except RebalError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
