"""Whatever stands in one place of an exchange's answer: it is read, or refused in one line of ours."""

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exact import exact
from exchange_server import Asked, Reply, Server
from exchange_server.accounts import Event, Ledger, Open, answers
from exchange_server.books import TOLD
from exchange_server.test_account_laws import asking
from exchange_server.test_faults import AT, quoted
from exchange_server.test_more_accounts import AS_OF, END, NAMES, WAITING, book, fill
from rebal import venues
from rebal.amounts import Fraction
from rebal.errors import RebalError
from rebal.exchange import Deadline, accounts, listings, opened
from rebal.load import listed

pytestmark = pytest.mark.usefixtures("loopback")
ODD: tuple[Any, ...] = (
    None, "", "x", " ", "-1", -1, 0, "0", 1.5, "NaN", "1e400", 10**40, "9" * 70, "2026-13-45", True, False, [], {},
    [None], {"a": 1},
)  # fmt: skip
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
SEEDS = st.integers(0, 10**6)


def places(answer: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of an answer, by the keys and numbers that lead to it."""
    yield place
    inner = answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    for key, value in inner:
        yield from places(value, (*place, key))


def with_odd(answer: Any, random: Random) -> Any:
    """An answer with something odd in one place."""
    bare = answer.body if isinstance(answer, Reply) else answer
    found = json.loads(bare if isinstance(bare, str) else json.dumps(bare))
    *way, last = ("whole", *random.choice(list(places(found))))
    whole = at = {"whole": found}
    for step in way:
        at = at[step]
    at[last] = random.choice(ODD)
    return whole["whole"]


def spoilt(server: Server, random: Random) -> None:
    """One answer of a server is odd from now on."""
    key = random.choice(sorted(server.answers))
    before = server.answers[key]
    server.answers[key] = _odd(before, random) if callable(before) else with_odd(before, random)


def _odd(before: Callable[[Asked], Any], random: Random) -> Callable[[Asked], Any]:
    return lambda question: with_odd(before(question), random)


def is_read_or_refused(ask: Callable[[], object]) -> None:
    said = ""
    try:
        ask()
    except RebalError as error:
        said = str(error)
    assert "\n" not in said


@QUICK
@given(venue=st.sampled_from(venues.names()), seed=SEEDS)
def test_prices(venue: str, seed: int) -> None:
    with Server(wired=False) as server:
        spoilt(server.serve(venue), Random(seed))
        is_read_or_refused(lambda: quoted(server, venue))


@QUICK
@given(
    venue=st.sampled_from([name for name in listings.readers() if name not in ("binance", "okx", "deribit")]),
    seed=SEEDS,
)
def test_contracts(venue: str, seed: int) -> None:
    with Server(wired=False) as server:
        spoilt(server.serve(venue), Random(seed))
        network = server.network()

        def refreshed() -> None:
            line = opened(venue, network, deadline=Deadline(network, 5))
            found = listings.read(line, AT)
            assert listed.text(found)
            assert venues.refreshed(venues.venue(venue), found).entries(AT)

        is_read_or_refused(refreshed)


@QUICK
@given(venue=st.sampled_from(sorted(NAMES)), seed=SEEDS)
def test_accounts(venue: str, seed: int) -> None:
    with Server(wired=False) as server, tempfile.TemporaryDirectory() as folder:
        known, name = book(Path(folder), venue), NAMES[venue][0]
        contract = known.contracts[name]
        events = [
            fill(1, name, known),
            Event("3", AS_OF + timedelta(seconds=3), "funding", contract.settle, exact("-0.00001234"), name,
                  price=exact(40000)),
            Event("4", AS_OF + timedelta(seconds=4), "transfer", contract.settle, exact("-0.25")),
        ]  # fmt: skip
        held = Open(Fraction(-500), exact("39876.5"), contract.multiplier, contract.settle)
        waiting = [WAITING[venue]] if venue in WAITING else []
        server.answers |= answers(venue, Ledger({contract.settle: Fraction(3)}, {name: held}, events, waiting))
        spoilt(server, Random(seed))
        line = asking(server, known, linear=venue == "binance usd-m")

        def read() -> None:
            if venue.partition(" ")[0] in TOLD:
                accounts.rights(line)
            accounts.state(line)
            accounts.happened(line, AS_OF, END)

        is_read_or_refused(read)
