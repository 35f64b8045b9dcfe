"""What holds for every test: no network, and properties that do not depend on how fast the machine is."""

import socket
import sys
from typing import NoReturn

import pytest
from hypothesis import settings

settings.register_profile("rebal", deadline=None, max_examples=100, print_blob=True)
settings.register_profile("quick", parent=settings.get_profile("rebal"), max_examples=10)
settings.load_profile("rebal")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="count with the numbers of the extra fast")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--fast"):
        sys.modules["quicktions"] = None  # type: ignore[assignment] # importing it fails, as without the extra


class NetworkUsed(AssertionError):
    """A test, or the code under it, asked for the network."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise NetworkUsed("nothing in rebal uses the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
