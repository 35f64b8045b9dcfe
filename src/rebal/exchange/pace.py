"""How fast an exchange may be asked, and that this, too, ends by the deadline."""

import threading
from collections.abc import Callable

from rebal.exchange.deadline import Deadline
from rebal.exchange.problems import Late


class Pace:
    """Questions one after another, each as long after the one before as that one weighs.

    ccxt knows the weights, but sleeps past any deadline, for as long as the machine's clock was set back, and lets
    questions from several threads through at once.
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
            leaves = max(now, self._free)
            self._free = leaves + weight
        if leaves > now and not self._deadline.pause(leaves - now):
            raise Late
