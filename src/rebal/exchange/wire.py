"""The lowest part of a line: one request to its end, within the deadline, and what its status means.

Retries are not made here: a question that is signed carries the time of its signing, so it has to be put anew.
"""

import re
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter

from rebal.errors import Unavailable
from rebal.exchange.deadline import Deadline
from rebal.exchange.problems import Busy, Late

_LARGEST = 64 * 1024 * 1024
_CHUNK = 1 << 16
_TOO_MANY = 429
_BANNED = 418
_OWN_FAULTS = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524})
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_BRIEFEST = 0.001


def watched(session: requests.Session, deadline: Deadline, *, name: str) -> requests.Session:
    """Have every request of a session end by the deadline; it follows no redirect and reads nothing of the machine."""
    session.trust_env = False
    session.max_redirects = 0
    session.mount("https://", _Watched(session.get_adapter("https://"), deadline, name))
    return session


class _Watched(BaseAdapter):  # type: ignore[misc] # requests has no types
    """Another adapter, with the deadline kept and the status judged."""

    def __init__(self, inner: BaseAdapter, deadline: Deadline, name: str) -> None:
        super().__init__()
        self._inner = inner
        self._deadline = deadline
        self._name = name

    def send(self, request: Any, **more: Any) -> Any:
        """Answer a request; the whole body is read here, as a timeout of requests' own is for each piece of it."""
        left = self._deadline.left()
        if left < _BRIEFEST:
            raise Late
        response = self._inner.send(request, **{**more, "stream": True, "timeout": left})
        try:
            response._content = self._body(response)
            response._content_consumed = True
        except urllib3.exceptions.ReadTimeoutError:
            raise Late from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise requests.ConnectionError("the answer broke off") from None
        finally:
            response.close()
        self._judge(response.status_code, response.headers)
        return response

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()

    def _body(self, response: Any) -> bytes:
        chunks, size = [], 0
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > _LARGEST:
                raise Unavailable(f"{self._name}: answers with more than {_LARGEST >> 20} MiB")
            if not self._deadline.left():
                raise Late
        return b"".join(chunks)

    def _judge(self, status: int, headers: Mapping[str, str]) -> None:
        if status == _BANNED:
            raise Unavailable(f"{self._name}: has shut this address out for asking too much (HTTP {status}); wait")
        if status == _TOO_MANY:
            raise Busy(f"is asked too often (HTTP {status})", _wait(headers.get("Retry-After", "")))
        if status in _OWN_FAULTS:
            raise Busy(f"fails (HTTP {status})", _wait(headers.get("Retry-After", "")))


def _wait(text: str) -> float | None:
    return float(text) if _SECONDS.fullmatch(text.strip()) else None
