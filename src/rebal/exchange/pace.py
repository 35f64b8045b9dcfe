"""How fast an exchange may be asked, and that this, too, ends by the deadline."""

import threading
from collections.abc import Callable

from rebal.exchange.deadline import Deadline
from rebal.exchange.problems import Late


class Pace:
    """Questions as fast as an exchange allows for long; those of a second leave at once, side by side.

    ccxt knows how long each question is to keep others waiting, but sleeps past any deadline, for as long as the
    machine's clock was set back, and lets whatever number of threads through at once.
    """

    __slots__ = ("_deadline", "_free", "_lock", "_seconds")

    def __init__(self, seconds: Callable[[], float], deadline: Deadline) -> None:
        self._seconds = seconds
        self._deadline = deadline
        self._free = seconds()
        self._lock = threading.Lock()

    def keep(self, weight: float) -> None:
        """Wait until the next question may leave; ``weight``: seconds that it keeps others waiting. Raises Late."""
        with self._lock:
            now = self._seconds()
            wait = max(0.0, self._free - now - _AT_ONCE)
            self._free = max(now, self._free) + weight
        if wait and not self._deadline.pause(wait):
            raise Late


_AT_ONCE = 1.0
"""Seconds of questions that need not wait for each other: exchanges count over a second or more."""
