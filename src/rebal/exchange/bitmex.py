"""BitMEX's answers, which ccxt no longer reads: public ones, and signed ones where there are keys.

A signed question has its method, path and the second at which it expires signed with HMAC-SHA256, in three headers.
What ccxt's exchanges are asked for histories bears the same names here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from rebal.amounts import Fraction, number
from rebal.errors import Unavailable
from rebal.exchange.keys import Keys
from rebal.exchange.line import exact_json
from rebal.exchange.problems import FORBIDDEN, WRONG_KEY, WRONG_TIME, Busy, KeyRefused
from rebal.times import BEGINNING, MILLISECOND

_HOST, _PATH = "https://www.bitmex.com", "/api/v1/"
_EXPIRES_AFTER_S = 60
_WRONG_KEY, _FORBIDDEN, _LAST_ANSWER = 401, 403, 299
_BUCKETS = {
    "1m": timedelta(minutes=1), "5m": timedelta(minutes=5), "1h": timedelta(hours=1), "1d": timedelta(days=1),
}  # fmt: skip
_MOST_BARS, _MOST_RATES = 1000, 500


class Bitmex:
    """In the place of a ccxt exchange, with the questions that are put to it; each is given its parameters."""

    id = "bitmex"
    timeframes = _BUCKETS

    def __init__(self, session: Any, keys: Keys | None = None) -> None:
        self._session = session
        self._keys = keys
        self.markets_by_id: dict[str, list[dict[str, str]]] = {}

    @property
    def key(self) -> str:
        """The id of the key, by which BitMEX lists what it may do. Raises KeyRefused where there is none."""
        return self._needed().key

    def instruments(self, given: Mapping[str, Any]) -> Any:
        """Every instrument that trades."""
        return self._asked("instrument/active", given, {})

    def assets(self, given: Mapping[str, Any]) -> Any:
        """Every currency with its decimals."""
        return self._asked("wallet/assets", given, {})

    def api_keys(self, given: Mapping[str, Any]) -> Any:
        """The account's keys and what they may do."""
        return self._signed("apiKey", given)

    def margin(self, given: Mapping[str, Any]) -> Any:
        """Wallets."""
        return self._signed("user/margin", given)

    def positions(self, given: Mapping[str, Any]) -> Any:
        """Positions, flat ones too."""
        return self._signed("position", given)

    def orders(self, given: Mapping[str, Any]) -> Any:
        """Orders."""
        return self._signed("order", given)

    def executions(self, given: Mapping[str, Any]) -> Any:
        """Fills, funding and settlements."""
        return self._signed("execution/tradeHistory", given)

    def wallet_history(self, given: Mapping[str, Any]) -> Any:
        """What came into the account and left it."""
        return self._signed("user/walletHistory", given)

    def commission(self, given: Mapping[str, Any]) -> Any:
        """The account's fees by contract."""
        return self._signed("user/commission", given)

    def load_markets(self) -> None:
        """Learn which contracts there are; each is called here as BitMEX calls it."""
        names = [str(row["symbol"]) for row in self.instruments({})]
        self.markets_by_id = {name: [{"symbol": name}] for name in names}

    def fetch_ohlcv(self, symbol: str, every: str, *since: int) -> list[list[Any]]:
        """Bars of trades by when they begin, from the first of ``since`` on; BitMEX dates a bucket by its end.

        Its open is the close of the one before, which its low and high need not span, and do here.
        """
        step = _BUCKETS[every]
        given = {"binSize": every, "partial": "false", "count": _MOST_BARS, **_from(symbol, since[0], step)}
        found = [row for row in self._asked("trade/bucketed", given, {}) if None not in map(row.get, _PRICES)]
        return [[_when(row) - step // MILLISECOND, *_spanned(row)] for row in found]

    def fetch_funding_rate_history(self, symbol: str, since: int, *_: object) -> list[dict[str, Any]]:
        """The rates that were paid from ``since`` on."""
        found = self._asked("funding", {"count": _MOST_RATES, **_from(symbol, since)}, {})
        return [{"timestamp": _when(row), "fundingRate": row["fundingRate"]} for row in found]

    def _needed(self) -> Keys:
        if self._keys is None:
            raise KeyRefused("bitmex: is asked about an account, and there is no key")
        return self._keys

    def _signed(self, path: str, given: Mapping[str, Any]) -> Any:
        import ccxt

        keys, expires = self._needed(), str(ccxt.Exchange.milliseconds() // 1000 + _EXPIRES_AFTER_S)
        told = f"GET{_PATH}{path}{_query(given)}{expires}"
        signature = ccxt.Exchange.hmac(told.encode(), keys.secret.encode(), sha256)
        return self._asked(path, given, {"api-key": keys.key, "api-expires": expires, "api-signature": signature})

    def _asked(self, path: str, given: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        import requests

        try:
            answer = self._session.get(f"{_HOST}{_PATH}{path}{_query(given)}", headers=headers)
        except requests.ConnectionError:
            raise Busy("cannot be reached") from None
        text = answer.content.decode()
        _refuse(answer.status_code, text)
        return exact_json(text)


_PRICES = ("open", "high", "low", "close")


def _from(symbol: str, since: int, later: timedelta = timedelta(0)) -> dict[str, str]:
    """What asks for rows of a contract from a time in milliseconds on, the oldest first."""
    start = BEGINNING + since * MILLISECOND + later
    return {"symbol": symbol, "reverse": "false", "startTime": start.isoformat().replace("+00:00", "Z")}


def _when(row: Mapping[str, Any]) -> int:
    return (datetime.fromisoformat(row["timestamp"]) - BEGINNING) // MILLISECOND


def _spanned(row: Mapping[str, Any]) -> tuple[Any, ...]:
    opened, high, low, close = (row[name] for name in _PRICES)
    return opened, max(high, opened, key=_exact), min(low, opened, key=_exact), close


def _exact(price: Any) -> Fraction:
    return number(str(price))


def _query(given: Mapping[str, Any]) -> str:
    return f"?{urlencode(given)}" if given else ""


def _refuse(status: int, text: str) -> None:
    """Raise for a status that is no answer; of its text nothing is told, as it may repeat what was sent."""
    if status in (_WRONG_KEY, _FORBIDDEN) and "expired" in text:
        raise KeyRefused(f"bitmex: {WRONG_TIME}")
    if status == _WRONG_KEY:
        raise KeyRefused(f"bitmex: {WRONG_KEY}")
    if status == _FORBIDDEN:
        raise KeyRefused(f"bitmex: {FORBIDDEN}")
    if status > _LAST_ANSWER:
        raise Unavailable("bitmex: refuses the question")
