"""What the README says works where: its tables of exchanges, held to the readers and to the answers they read."""

import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, get_type_hints

import pytest

from exchange_server import Server
from rebal import discover, venues
from rebal.exchange import Deadline, accounts, listings, opened, tickers
from rebal.exchange.tickers import Ticker
from rebal.market.contract import Contract
from rebal.venues import Listing

README = Path(__file__).parent.parent / "README.md"
NOW = datetime(2026, 11, 20, 7, 58, tzinfo=UTC)


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table that begins with a heading, by the venue that each begins with."""
    lines = README.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(heading)) + 2
    rows = lines[start : lines.index("", start)]
    cells = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows)
    return {first.split()[0].rstrip(",").lower(): rest for first, *rest in cells}


PRICES, ACCOUNTS = table("| venue | questions"), table("| | coins, positions")
REFRESHED = table("| `--refresh` | leverage")


def test_every_venue_has_a_row_in_both() -> None:
    assert set(PRICES) == set(ACCOUNTS) == set(venues.names())


def test_every_venue_that_can_be_refreshed_has_a_row() -> None:
    assert set(REFRESHED) == set(listings.readers()) == set(venues.names()) - {"weex"}


OKX = "GET www.okx.com/api/v5/public"
SWAP = {
    "instId": "BTC-USD-SWAP", "instFamily": "BTC-USD", "ctType": "inverse", "ctValCcy": "USD", "ctVal": "100",
    "ctMult": "1", "settleCcy": "BTC", "lotSz": "1", "minSz": "1", "tickSz": "0.1", "lever": "100", "state": "live",
}  # fmt: skip
PERPETUAL = {
    "instrument_name": "BTC-PERPETUAL", "instrument_type": "reversed", "is_active": True, "base_currency": "BTC",
    "contract_size": 10, "min_trade_amount": 10, "tick_size": 0.5, "max_leverage": 50, "maker_commission": 0.0,
    "taker_commission": 0.0005, "settlement_period": "perpetual",
}  # fmt: skip
PRINTED: dict[str, object] = {
    # of exchanges whose contracts the answers do not have
    f"{OKX}/instruments?instType=SWAP": {"code": "0", "data": [SWAP]},
    f"{OKX}/instruments?instType=FUTURES": {"code": "0", "data": []},
    f"{OKX}/position-tiers": {
        "code": "0", "data": [{"instFamily": "BTC-USD", "maxSz": "500", "mmr": "0.004", "maxLever": "125"}],
    },
    "GET www.deribit.com/api/v2/public/get_instruments": {"jsonrpc": "2.0", "result": [PERPETUAL]},
}  # fmt: skip


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("venue", listings.readers())
def test_contracts_are_read_as_far_as_the_table_says(venue: str) -> None:
    leverage, fees, interval, tiers, keyed = REFRESHED[venue]
    with Server() as server:
        network = server.serve(venue).network()
        server.answers |= PRINTED
        found = listings.read(opened(venue, network, deadline=Deadline(network, 20)), NOW)
    known = [each for each in found.contracts.values() if each.expiry is None]
    assert known
    for said, figures in zip((leverage, fees, interval, tiers), _of_each(known), strict=True):
        assert any(each is not None for each in figures) is not said.startswith("no"), said
    reader = discover.load(listings, venue)
    assert (hasattr(reader, "fees"), hasattr(reader, "tiers")) == (keyed.startswith("fees"), "tiers" in keyed)


def _of_each(known: list[Listing]) -> tuple[list[object], ...]:
    """What is printed of contracts: leverages, fees, intervals, tiers."""
    return (
        [each.max_leverage for each in known],
        [each.taker_fee for each in known],
        [each.funding_interval_hours for each in known],
        [each.maintenance or each.isolated_maintenance for each in known],
    )


@pytest.mark.parametrize("venue", venues.names())
def test_accounts_are_read_as_far_as_the_table_says(venue: str) -> None:
    reader = discover.load(accounts, venue)
    _, happened, sender, key = ACCOUNTS[venue]
    assert (get_type_hints(reader.since)["return"] is NoReturn) is (happened == "no")
    assert (get_type_hints(reader.rights)["return"] is type(None)) is (key == "not told")
    assert ("client_id" in inspect.getsource(reader).partition("def since(")[2]) is (sender not in ("no", "-"))


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("venue", venues.names())
def test_prices_are_read_as_the_table_says(venue: str) -> None:
    questions, _, dated, funding, book, time, _ = PRICES[venue]
    known = venues.venue(venue).serving("BTC", NOW)
    inverse = [each for each in known if each.kind.value == "inverse"]
    perpetual, expiring = ([each for each in inverse if (each.expiry is None) is first] for first in (True, False))
    found = read(venue, [*perpetual, *expiring])
    ticker = found[perpetual[0].name] if perpetual else next(iter(found.values()))
    assert ticker.mark
    assert ticker.index
    assert dated in (("yes",) if expiring else ("there are none", "no"))
    assert any(found[each.name].mark for each in expiring if each.name in found) is (dated == "yes")
    paying = [each for each in found.values() if each.rate is not None]
    told = (
        bool(paying),
        any(each.interval_hours is not None for each in paying),
        any(each.next_funding is not None for each in paying),
    )
    assert told == _funding(funding)
    assert (ticker.bid is not None) is (book == "yes")
    assert ticker.time
    assert time in ("each price", "the answer")
    assert questions.split(",")[0].split()[0].isdigit()


def _funding(said: str) -> tuple[bool, bool, bool]:
    """What a cell says is told: rate, interval, next time."""
    if said == "all three":
        return True, True, True
    return said.startswith("rate"), "interval" in said, "next time" in said


def read(venue: str, contracts: list[Contract]) -> dict[str, Ticker]:
    module = tickers.reader(venue)
    assert module is not None
    with Server() as server:
        network = server.serve(venue).network()
        line = opened(venue, network, deadline=Deadline(network, 5))
        asked = module.questions(contracts or [_any_contract()])
        answers = {each: line.ask(each.call, dict(each.given)) for each in asked}
        said = PRICES[venue][0]
        assert len(asked) == (_count(said, len(contracts))), said
        return {each.contract: each for each in module.tickers(answers)}


def _any_contract() -> Contract:
    """A contract of another venue, for one whose own are all without a size."""
    return venues.venue("binance").serving("BTC", NOW)[-1]


def _count(said: str, contracts: int) -> int:
    """How many questions a cell says for contracts of one coin, one of them a perpetual."""
    first, _, more = said.partition(", and ")
    extra = {"1 a contract": contracts, "1 a perpetual": 1, "1 for dated": 1, "1 for the time": 1}.get(more, 0)
    return int(first.split()[0].rstrip(",")) + extra
