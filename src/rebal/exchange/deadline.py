"""Until when what a command asks must be answered, and the network that it is asked through."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Network(NamedTuple):
    """The machine's network as the command line found it.

    ``session``: makes the ``requests`` session that everything goes through, None for one of requests' own.
    ``seconds``: a clock that only runs forward. ``wait``: sleeps for so many seconds.
    """

    seconds: Callable[[], float]
    wait: Callable[[float], None]
    session: Callable[[], Any] | None = None


class Deadline:
    """The moment by which everything that a command asks must be answered; ``allowed`` seconds from now."""

    __slots__ = ("_end", "_network", "allowed")

    def __init__(self, network: Network, allowed: float) -> None:
        self.allowed = allowed
        self._network = network
        self.begin()

    def begin(self) -> None:
        """Let the time run anew: for what another portfolio asks."""
        self._end = self._network.seconds() + self.allowed

    def left(self) -> float:
        """Seconds left, 0 when it has passed."""
        return max(0.0, self._end - self._network.seconds())

    def pause(self, seconds: float) -> bool:
        """Wait so long, or not at all where the deadline would pass; says which."""
        if seconds >= self.left():
            return False
        self._network.wait(seconds)
        return True
