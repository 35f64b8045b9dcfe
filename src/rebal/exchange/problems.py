"""What can go wrong at the other end of a line, each in one sentence of ours."""

from rebal.errors import Unavailable

WRONG_KEY = "refuses the key: it, its secret or its signature is wrong, or it is not for this address"
FORBIDDEN = "refuses what is asked with this key: a permission or an address is missing"
WRONG_TIME = "refuses the time of the question; set the machine's clock"
GARBLED = "answers with something that is not understood"
"""What is told of an exchange in its own place or in ccxt's, after its name."""


class KeyRefused(Unavailable):
    """The exchange does not accept the key, its signature, its permissions or the time it was used at."""


class Unlisted(Unavailable):
    """The exchange knows no contract of that name."""


class NoAccount(Unavailable):
    """Whose key it is has no account of the sort that is asked about."""


class NothingFound(Unavailable):
    """The exchange says that it finds no order: where some have an empty list, it has this."""


class Busy(Exception):
    """An answer that may be another when asked again: too many requests, or a fault of the exchange's own.

    ``wait``: seconds that the exchange asks for, None where it says nothing.
    """

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.said = said
        self.wait = wait


class Late(Exception):
    """The deadline has passed, or the next answer could not come before it."""
