"""BitMEX's answers, which ccxt no longer reads: public ones, and signed ones where there are keys.

A signed question has its method, path and the second at which it expires signed with HMAC-SHA256, in three headers.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from rebal.errors import Unavailable
from rebal.exchange.keys import Keys
from rebal.exchange.line import exact_json
from rebal.exchange.problems import Busy, KeyRefused

_HOST, _PATH = "https://www.bitmex.com", "/api/v1/"
_EXPIRES_AFTER_S = 60
_WRONG_KEY, _FORBIDDEN, _LAST_ANSWER = 401, 403, 299


class Bitmex:
    """In the place of a ccxt exchange, with the questions that are put to it; each is given its parameters."""

    def __init__(self, session: Any, keys: Keys | None = None) -> None:
        self._session = session
        self._keys = keys

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


def _query(given: Mapping[str, Any]) -> str:
    return f"?{urlencode(given)}" if given else ""


def _refuse(status: int, text: str) -> None:
    """Raise for a status that is no answer; of its text nothing is told, as it may repeat what was sent."""
    if status in (_WRONG_KEY, _FORBIDDEN) and "expired" in text:
        raise KeyRefused("bitmex: refuses the time of the question; set the machine's clock")
    if status == _WRONG_KEY:
        raise KeyRefused("bitmex: refuses the key: it, its secret or its signature is wrong")
    if status == _FORBIDDEN:
        raise KeyRefused("bitmex: refuses what is asked with this key: a permission or an address is missing")
    if status > _LAST_ANSWER:
        raise Unavailable("bitmex: refuses the question")
