"""What holds for every test: no network, and properties that do not depend on how fast the machine is."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import Phase, settings

from browser import NO_BROWSER

if TYPE_CHECKING:
    from exchange_server import Server

_CONNECT, _LOOK_UP = socket.socket.connect, socket.getaddrinfo

# The same examples in every run, so that what fails was changed: more of them would not find more, and ten already kill
# what mutants.py breaks. ``--hypothesis-profile=search`` looks for new ones.
settings.register_profile("rebal", deadline=None, max_examples=50, print_blob=True, derandomize=True)
settings.register_profile("search", parent=settings.get_profile("rebal"), max_examples=200, derandomize=False)
settings.register_profile("quick", parent=settings.get_profile("rebal"), max_examples=10)
# For mutants.py: that a test fails is enough, nobody reads the smallest example of it.
settings.register_profile("mutants", parent=settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("rebal")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="count with the numbers of the extra fast")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--fast"):
        sys.modules["quicktions"] = None  # type: ignore[assignment] # importing it fails, as without the extra
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # as a script leaves what it starts in the background, and so would be what the tests start to interrupt it
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search no garbage while tests are gathered, a quarter of the time, nor later among what that made for good."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly, at the end, that pages were not opened: a skip is easily overlooked."""
    skipped = [each for each in terminalreporter.stats.get("skipped", []) if NO_BROWSER in str(each.longrepr)]
    if skipped:
        why = str(skipped[0].longrepr[-1]).removeprefix("Skipped: ")
        terminalreporter.section("PAGES WERE NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped, {why}; apt-get install chromium", red=True)


class NetworkUsed(AssertionError):
    """A test, or the code under it, asked for the network."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise NetworkUsed("nothing in rebal uses the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests has kept of venues is not what they are about."""
    monkeypatch.setenv("XDG_DATA_HOME", os.devnull)


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for what is kept of venues, and no keys."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("REBAL_KEYS", raising=False)
    return tmp_path / "data"


@pytest.fixture
def loopback(_no_network: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the network to this machine alone, for tests that bring a server of their own."""
    connect, look_up = _CONNECT, _LOOK_UP

    def only_here(self: socket.socket, address: tuple[str, int]) -> None:
        if address[0] != "127.0.0.1":
            raise NetworkUsed(f"{address[0]} is not this machine")
        connect(self, address)

    def named_here(host: str, *arguments: Any, **more: Any) -> Any:
        if host != "127.0.0.1":
            raise NetworkUsed(f"{host} is not this machine")
        return look_up(host, *arguments, **more)

    monkeypatch.setattr(socket.socket, "connect", only_here)
    monkeypatch.setattr(socket, "getaddrinfo", named_here)


@pytest.fixture
def server(loopback: None) -> "Iterator[Server]":
    """An exchange on the loopback address that answers as nobody yet."""
    from exchange_server import Server

    with Server() as running:
        yield running
