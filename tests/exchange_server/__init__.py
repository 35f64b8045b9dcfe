"""An exchange on the loopback address: a real HTTP server that answers as each exchange does, and can misbehave.

``Server()`` is a context; ``server.network()`` is what a command line is given so that every request, whatever host it
is for, arrives here. Answers are data files, ``answers/<venue>.json``: ``"GET host/path"`` or, for a part of the
questions, ``"GET host/path?name=value"``. A test may add answers of its own, functions of the ``Asked`` among them, and
faults. Ask for the fixture ``loopback`` beside it: elsewhere the network is shut.
"""

import contextlib
import io
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from rebal.exchange import Network

ANSWERS = Path(__file__).parent / "answers"
_HOST = "X-Meant-For"
_LONGEST = 60
"""Seconds after which a server that says nothing gives up, so that whoever waits for it fails and does not hang."""
_TRICKLED, _ENDLESS = 10_000, 10**9
"""Bytes of an answer without end that are sent, and how many it says that there are."""


class Asked(NamedTuple):
    """A question as it arrived."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    body: str
    headers: Mapping[str, str]

    @property
    def where(self) -> str:
        """Host and path."""
        return f"{self.host}{self.path}"


class Reply(NamedTuple):
    """An answer that is more than its JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = {}

    @property
    def text(self) -> str:
        """The body as it is sent."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


@dataclass
class Fault:
    """What goes wrong, with the next ``times`` questions whose host and path hold ``at``.

    ``reply`` is sent in place of the answer; ``slow``: seconds that it takes, by the clock of ``Server.network``;
    ``trickle``: seconds by it before each byte of an answer of which there is no end; ``silent``: nothing is said
    while the server runs; ``halved``: the connection is closed in the middle of the body; ``closed``: before anything
    is said.
    """

    at: str = ""
    times: int = 1
    reply: Reply | None = None
    slow: float = 0
    trickle: float = 0
    silent: bool = False
    halved: bool = False
    closed: bool = False


Answer = Any
"""JSON, a ``Reply``, or a function of the ``Asked`` that makes one of them."""


@dataclass
class Server:
    """The exchange. ``asked``: every question so far, in order; ``waited``: what was waited before asking again.

    ``moved``: how far waiting and slow answers moved its clock, beside the time that went by. ``wired``: whether
    questions come over the loopback address; else they are answered where they are asked, in a quarter of the time:
    for tests of what is asked and made of it, in which no line breaks.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    moved: float = 0
    over: threading.Event = field(default_factory=threading.Event)
    wired: bool = True

    def __enter__(self) -> "Server":
        if not self.wired:
            return self
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self.wired:
            return
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def serve(self, *venues: str) -> "Server":
        """Answer as these exchanges do."""
        for venue in venues:
            self.answers |= json.loads((ANSWERS / f"{venue}.json").read_text(), parse_float=_Typed)
        return self

    def network(self) -> Network:
        """A network in which every host is this one; waiting is written down, and moves its clock alone."""
        return Network(self.seconds, self.wait, self.session)

    def seconds(self) -> float:
        """The clock of the network."""
        return time.monotonic() + self.moved

    def wait(self, seconds: float) -> None:
        """Let the clock run on."""
        self.waited.append(seconds)
        self.moved += seconds

    def session(self) -> requests.Session:
        """A session whose every request arrives here."""
        if self.wired:
            return at_port(self.port)
        session = requests.Session()
        session.mount("https://", _Direct(self))
        return session

    @property
    def port(self) -> int:
        """Where it listens, on the loopback address."""
        return self._http.server_port

    def reply(self, asked: Asked) -> Reply:
        """The answer to a question, the one that names the most of its query; 404 where there is none."""
        best: tuple[int, Answer] | None = None
        for key, answer in self.answers.items():
            named = _fits(key, asked)
            if named is not None and (best is None or named >= best[0]):
                best = (named, answer)
        if best is None:
            return Reply({"error": "not found"}, 404)
        found = best[1](asked) if callable(best[1]) else best[1]
        return found if isinstance(found, Reply) else Reply(found)

    def fault(self, asked: Asked) -> Fault | None:
        """What goes wrong with a question, if anything."""
        for each in self.faults:
            if each.times > 0 and each.at in asked.where:
                each.times -= 1
                return each
        return None


class _Typed(float):
    """A number of a data file that is sent as it was typed there."""

    def __new__(cls, text: str) -> "_Typed":
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text


def at_port(port: int) -> requests.Session:
    """A session whose every request arrives at a port of this machine."""
    session = requests.Session()
    session.mount("https://", _Here(port))
    return session


def _fits(key: str, asked: Asked) -> int | None:
    """How many parameters a key names, None where it is of another question."""
    method, where, named = _named(key)
    if method != asked.method or where != asked.where:
        return None
    return len(named) if named.items() <= asked.query.items() else None


@cache
def _named(key: str) -> tuple[str, str, Mapping[str, str]]:
    """Method, host with path, and parameters of a key."""
    method, _, address = key.partition(" ")
    where, _, query = address.partition("?")
    return method, where, dict(parse_qsl(query))


class _Here(HTTPAdapter):  # type: ignore[misc] # requests has no types
    """Sends what is meant for any host to a port of this machine, and says whom it was meant for."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def send(self, request: Any, **more: Any) -> Any:
        meant = urlsplit(request.url)
        request.headers[_HOST] = meant.netloc
        request.url = meant._replace(scheme="http", netloc=f"127.0.0.1:{self._port}").geturl()
        return super().send(request, **more)


class _Direct(HTTPAdapter):  # type: ignore[misc] # requests has no types
    """Answers without a line, so that nothing can break but what is answered."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def send(self, request: Any, **_: Any) -> Any:
        meant, body = urlsplit(request.url), request.body or b""
        query = dict(parse_qsl(meant.query, keep_blank_values=True))
        text = body.decode() if isinstance(body, bytes) else body
        asked = Asked(request.method, meant.netloc, meant.path, query, text, request.headers)
        self._server.asked.append(asked)
        fault = self._server.fault(asked) or Fault()
        assert not any((fault.trickle, fault.silent, fault.halved, fault.closed)), "a line that breaks has to be wired"
        self._server.moved += fault.slow
        reply = fault.reply or self._server.reply(asked)
        raw = urllib3.HTTPResponse(
            io.BytesIO(reply.text.encode()), {"Content-Type": "application/json", **reply.headers}, reply.status,
            preload_content=False, request_method=request.method,
        )  # fmt: skip
        return self.build_response(request, raw)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else every answer waits 40 ms for what goes with its headers

        def do_GET(self) -> None:
            asked = self._asked()
            server.asked.append(asked)
            fault = server.fault(asked)
            reply = fault.reply if fault is not None and fault.reply is not None else server.reply(asked)
            with contextlib.suppress(OSError):  # whoever asked may be gone
                self._send(reply, fault or Fault())

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _asked(self) -> Asked:
            meant = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers: CaseInsensitiveDict = CaseInsensitiveDict(self.headers.items())
            query = dict(parse_qsl(meant.query, keep_blank_values=True))
            return Asked(self.command, headers.get(_HOST, ""), meant.path, query, body, headers)

        def _send(self, reply: Reply, fault: Fault) -> None:
            server.moved += fault.slow
            self.close_connection = bool(fault.closed or fault.halved or fault.trickle or fault.silent)
            if fault.silent:
                server.over.wait(_LONGEST)
            if fault.closed or fault.silent:
                return
            body = reply.text.encode()
            self.send_response(reply.status)
            self.send_header("Content-Length", str(_ENDLESS if fault.trickle else len(body)))
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in [b" "] * _TRICKLED if fault.trickle else [body[: len(body) // 2] if fault.halved else body]:
                server.moved += fault.trickle
                self.wfile.write(piece)
                self.wfile.flush()

    return Handler
