"""Which contracts a replay trades at a time: by the calendar's rule, with the figures that an exchange printed."""

from datetime import UTC, datetime
from pathlib import Path

from exact import exact
from rebal import load
from rebal.load.listed import Shelf, text
from rebal.market.contract import Contract
from rebal.replay.quotes import Quotes
from rebal.times import instant
from rebal.venues import Listing, Listings

from .courses import course, track

NOW = instant("2026-11-20T09:00:00Z")
FILE = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""
THEN = {"BTCUSD_240329": "2024-03-29T08:00:00Z", "BTCUSD_240628": "2024-06-28T08:00:00Z"}
"""What the rule of the calendar lists on the first of January 2024."""


def listing(name: str, multiplier: str, expiry: str | None = None) -> Listing:
    size = exact(multiplier)
    return Listing(
        name, "BTC", size, exact("2"), exact("4"), tick_size=exact("0.5"), taker_fee=exact("0.0007"),
        expiry=None if expiry is None else instant(expiry),
    )  # fmt: skip


def dated_then(tmp_path: Path, *listings: Listing) -> dict[str, Contract]:
    """The dated contracts that a replay knows on the first of January 2024."""
    if listings:
        said = Listings("binance", NOW, {each.name: each for each in listings})
        (tmp_path / "binance.json").write_text(text(said))
    file = tmp_path / "portfolio.yaml"
    file.write_text(FILE)
    made = load.portfolio(str(file), now=NOW, shelf=Shelf(str(tmp_path)))
    on = course({"BTC": track(["40000", "41000"])}, start=datetime(2024, 1, 1, tzinfo=UTC))
    known = Quotes(made, on).at(0).contracts
    return {name: each for name, each in known.items() if each.expiry is not None and each.settle == "BTC"}


def test_the_calendar_lists_what_there_was(tmp_path: Path) -> None:
    found = dated_then(tmp_path)
    assert {name: each.expiry for name, each in found.items()} == {name: instant(at) for name, at in THEN.items()}
    assert {each.multiplier for each in found.values()} == {exact("100")}


def test_the_figures_are_those_that_the_exchange_printed(tmp_path: Path) -> None:
    perpetual = listing("BTCUSD_PERP", "100")
    found = dated_then(tmp_path, perpetual, listing("BTCUSD_261225", "1000", "2026-12-25T08:00:00Z"))
    assert {name: (each.name, each.expiry) for name, each in found.items()} == {
        name: (name, instant(at)) for name, at in THEN.items()
    }
    assert {(each.multiplier, each.lot_size, each.tick_size, each.taker_fee) for each in found.values()} == {
        (exact("1000"), exact("2"), exact("0.5"), exact("0.0007"))
    }


def test_where_the_exchange_lists_no_dated_contract_none_is_traded(tmp_path: Path) -> None:
    assert dated_then(tmp_path, listing("BTCUSD_PERP", "100")) == {}


ACCOUNTS = """\
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2}
accounts:
  first: {venue: binance}
  second: {venue: binance}
  third: {venue: deribit}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""


def test_the_calendar_of_each_account_s_venue_lists_what_there_was(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(ACCOUNTS)
    on = course({"BTC": track(["40000", "41000"])}, start=datetime(2024, 1, 1, tzinfo=UTC))
    known = Quotes(load.portfolio(str(file), now=NOW), on).at(0).contracts
    dated = {
        name: each.account
        for name, each in known.items()
        if each.expiry is not None and each.settle == "BTC" and each.expiry < instant("2024-07-01T00:00:00Z")
    }
    # two accounts at one venue have the same names, so that each is told with its own
    shared = {f"{account}:{name}": account for account in ("first", "second") for name in THEN}
    assert {name: at for name, at in dated.items() if at != "third"} == shared
    assert {"BTC-29MAR24", "BTC-28JUN24"} <= {name for name, at in dated.items() if at == "third"}
