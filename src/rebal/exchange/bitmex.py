"""BitMEX's public answers, which ccxt no longer reads: the instruments with their marks, indices and funding."""

from collections.abc import Mapping
from typing import Any

from rebal.exchange.line import exact_json
from rebal.exchange.problems import Busy

_INSTRUMENTS = "https://www.bitmex.com/api/v1/instrument/active"


class Bitmex:
    """In the place of a ccxt exchange, with the one question that is put to it."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def instruments(self, given: Mapping[str, str]) -> Any:
        """Every instrument that trades, as BitMEX prints it; ``given``: parameters of the question."""
        import requests

        try:
            answer = self._session.get(_INSTRUMENTS, params=given)
        except requests.ConnectionError:
            raise Busy("cannot be reached") from None
        return exact_json(answer.content.decode())
