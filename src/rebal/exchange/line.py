"""A line to one exchange: questions by the names of ccxt's methods, answers with exact numbers, errors of our own."""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rebal.errors import RebalError, Unavailable
from rebal.exchange.deadline import Deadline, Network
from rebal.exchange.keys import Keys
from rebal.exchange.pace import Pace
from rebal.exchange.problems import (
    FORBIDDEN,
    GARBLED,
    WRONG_KEY,
    WRONG_TIME,
    Busy,
    KeyRefused,
    Late,
    NoAccount,
    NothingFound,
    Unlisted,
)

EXTRA = "live figures need an extra: pip install 'rebal[live]'"
_NAMES = {"binance": "binancecoinm", "kraken": "krakenfutures", "kucoin": "kucoinfutures"}
_OURS = frozenset({"bitmex"})
_MOST_TRIES = 4
_FIRST_PAUSE = 0.5
_CODE = re.compile(r'"(?:code|retCode|ret_code|err_code|s_code)" ?: ?"?(-?[0-9]{1,6})\b', re.ASCII)


def opened(venue: str, network: Network, *, deadline: Deadline, keys: Keys | None, spot: bool) -> "Line":
    """See ``rebal.exchange.opened``."""
    is_loaded = "ccxt" in sys.modules
    try:
        import ccxt
        import requests

        from rebal.exchange import wire
    except ImportError:
        raise Unavailable(EXTRA) from None
    if not is_loaded:
        deadline.begin()  # loading it takes a second, which is not the exchange's
    for logger in ("ccxt.base.exchange", "urllib3.connectionpool"):  # they write URLs, headers and bodies
        logging.getLogger(logger).disabled = True
    session = wire.watched(network.session() if network.session else requests.Session(), deadline, name=venue)
    if venue in _OURS and not spot:
        from rebal.exchange.bitmex import Bitmex

        return Line(venue, Bitmex(session, keys), deadline)
    kind = getattr(ccxt, venue if spot else _NAMES.get(venue, venue), None)
    if not isinstance(kind, type):
        raise Unavailable(f"{venue}: no way to ask it is known; give the figures in a file")
    return Line(venue, _exact(kind, session, keys, Pace(network.seconds, deadline)), deadline)


def exact_json(text: str) -> Any:
    """JSON with every number that is not whole left as the text that stood there."""
    return json.loads(text, parse_float=str)


def _exact(kind: type[Any], session: Any, keys: Keys | None, pace: Pace) -> Any:
    def throttle(exchange: Any, weight: float | None = None) -> None:
        pace.keep(exchange.rateLimit / 1000 * (1 if weight is None else weight))

    signing = {} if keys is None else {"apiKey": keys.key, "secret": keys.secret, "password": keys.password or ""}
    ours = {"on_json_response": staticmethod(exact_json), "throttle": throttle}
    exchange = type(kind.__name__, (kind,), ours)({"session": session, **signing})
    exchange.number = str
    # Otherwise ccxt asks for currencies first: another host, and with keys more permissions than reading takes.
    exchange.has["fetchCurrencies"] = False
    return exchange


class Line:
    """An open line. ``exchange``: ccxt's own object, for what it knows of itself (``has``, ``markets``)."""

    __slots__ = ("deadline", "exchange", "venue")

    def __init__(self, venue: str, exchange: Any, deadline: Deadline) -> None:
        self.venue = venue
        self.exchange = exchange
        self.deadline = deadline

    def ask(self, call: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of ccxt's and return what it returns; numbers are text.

        What fails for a while is tried again within the deadline, at most four times in all. Raises Unavailable,
        KeyRefused and Unlisted among it.
        """
        pause, said = _FIRST_PAUSE, ""
        method = getattr(self.exchange, call, None)
        if method is None:
            raise Unavailable(f"{self.venue}: cannot be asked that")
        for tries in range(1, _MOST_TRIES + 1):
            try:
                return self._answered(method, arguments, named)
            except Busy as busy:
                said = f"{busy.said}, tried {tries} times" if tries > 1 else busy.said
                wait, pause = pause if busy.wait is None else busy.wait, pause * 2
            if tries == _MOST_TRIES or not self.deadline.pause(wait):
                break
        raise Unavailable(f"{self.venue}: {said}; nothing of it is known") from None

    def _answered(self, method: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """One try. Whatever is raised below is told again in our own words: it may hold URLs, keys and signatures."""
        try:
            answer = method(*arguments, **named)
        except (RebalError, Busy):
            raise
        except Exception as error:
            raise self._told(error) from None
        if isinstance(answer, str):
            raise Unavailable(f"{self.venue}: answers with a page instead of figures; it may be under maintenance")
        return answer

    def _told(self, error: Exception) -> Exception:
        import ccxt

        late = f"{self.venue}: has not answered within {self.deadline.allowed:g} s"
        if isinstance(error, Late | ccxt.RequestTimeout) or not self.deadline.left():
            return Unavailable(late)
        if _CLOCK.search(str(error)):
            return KeyRefused(f"{self.venue}: {WRONG_TIME}{_code(error)}")
        for kind, make, words in _WORDS:
            if isinstance(error, getattr(ccxt, kind)):
                return make(f"{self.venue}: {words}{_code(error)}")
        if isinstance(error, ccxt.BaseError):
            return Unavailable(f"{self.venue}: refuses the question{_code(error)}")
        return Unavailable(f"{self.venue}: {GARBLED}")


def _busy(said: str) -> Busy:
    return Busy(said.partition(": ")[2])


# Gate's, BingX's and WEEX's words for that, of which ccxt makes a wrong key, an unknown contract and a bad question.
_CLOCK = re.compile(r"REQUEST_EXPIRED|ACCESS_TIMESTAMP_EXPIRED|Null timestamp or timestamp mismatch", re.ASCII)
# The first that fits, so the particular ones stand before those that they are kinds of.
_WORDS: tuple[tuple[str, Callable[[str], Exception], str], ...] = (
    ("AccountNotEnabled", NoAccount, "knows no account of this sort with this key"),
    ("PermissionDenied", KeyRefused, FORBIDDEN),
    ("AuthenticationError", KeyRefused, WRONG_KEY),
    ("InvalidNonce", KeyRefused, WRONG_TIME),
    ("RestrictedLocation", Unavailable, "does not answer where this machine is"),
    ("BadSymbol", Unlisted, "knows no such contract"),
    ("OrderNotFound", NothingFound, "finds no order"),
    ("OnMaintenance", Unavailable, "is under maintenance"),
    ("DDoSProtection", _busy, "is asked too often"),
    ("RateLimitExceeded", _busy, "is asked too often"),
    ("ExchangeNotAvailable", _busy, "is not available"),
    ("NetworkError", _busy, "cannot be reached"),
    ("NotSupported", Unavailable, "cannot be asked that through ccxt"),
    ("BadResponse", Unavailable, GARBLED),
)


def _code(error: Exception) -> str:
    """The exchange's own number for what is wrong; of its text nothing, as some repeat the key or what was signed."""
    found = _CODE.search(str(error))
    return f" (its code {found[1]})" if found else ""
