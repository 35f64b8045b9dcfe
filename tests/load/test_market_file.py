"""Prices from a file of their own win, key by key, and are as old as the oldest that is used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from load.given import NOW, OWN, SMALL, read
from rebal.amounts import Fraction
from rebal.errors import InvalidInput

TWO = f"""\
holdings: {{BTC: 2, ETH: 3}}
market:
  as_of: 2026-11-19T00:00:00Z
  prices: {{BTC: 40000, ETH: 2500, BTCX: 40100}}
{OWN}  ETHX: {{asset: ETH, kind: inverse, multiplier: 10, lot_size: 1, taker_fee: 0.05%}}
"""
FRESH = "as_of: 2026-11-20T08:00:00Z\n"


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_block_may_stand_alone_or_under_its_name(tmp_path: Path, wrapped: bool) -> None:
    market = "market: {prices: {BTC: 50000}}\n" if wrapped else "prices: {BTC: 50000}\n"
    assert read(tmp_path, SMALL, market=market).market.prices == {"BTC": 50000}


def test_a_portfolio_may_leave_prices_to_the_market_file(tmp_path: Path) -> None:
    text = f"holdings: {{BTC: 2}}\n{OWN}"
    market = read(tmp_path, text, market=FRESH + "prices: {BTC: 50000}\nfunding: {BTCX: -0.01%}\n").market
    assert (market.prices, market.as_of) == ({"BTC": Fraction(50000)}, NOW)
    assert market.funding["BTCX"].base == Fraction(-1, 10**4)


def test_the_file_wins_key_by_key(tmp_path: Path) -> None:
    market = read(tmp_path, TWO, market="prices: {BTC: 50000, ETHX: 2501}\n").market
    assert market.prices == {"BTC": 50000, "ETH": 2500}
    assert market.marks == {"BTCX": 40100, "ETHX": 2501}


def test_the_file_may_price_the_world(tmp_path: Path) -> None:
    market = "prices: {BTC: 50000, XYZ: 1, xyzUSD: 2, USDT: 0.99}\nfunding: {XYZUSD: 1%}\n"
    assert read(tmp_path, SMALL, market=market).market.prices == {"BTC": 50000, "USDT": Fraction(99, 100)}


@pytest.mark.parametrize(
    ("prices", "as_of"),
    [
        (FRESH + "prices: {BTC: 1, ETH: 1, BTCX: 1}", NOW),
        (FRESH + "prices: {BTC: 1, ETH: 1}", datetime(2026, 11, 19, tzinfo=UTC)),
        (FRESH + "prices: {XYZ: 1}", datetime(2026, 11, 19, tzinfo=UTC)),
        ("prices: {BTC: 1, ETH: 1, BTCX: 1}", None),
        ("prices: {BTC: 1}", None),
    ],
)
def test_prices_are_as_old_as_the_oldest_in_use(tmp_path: Path, prices: str, as_of: datetime | None) -> None:
    assert read(tmp_path, TWO, market=prices).market.as_of == as_of


def test_an_old_price_of_a_coin_set_aside_ages_nothing(tmp_path: Path) -> None:
    text = TWO.replace("BTC: 2, ETH: 3", "BTC: 2, ETH: 3, DOGE: 1").replace("ETH: 2500", "ETH: 2500, DOGE: 0.1")
    fresh = FRESH + "prices: {BTC: 1, ETH: 1, BTCX: 1}"
    assert read(tmp_path, text + "aside: [DOGE]\n", market=fresh).market.as_of == NOW


@pytest.mark.parametrize(
    ("market", "said"),
    [
        ("prices: {BTC: 0}\n", "m.yaml:1:15: prices.BTC: is 0 (found 0); write the price in USD, above 0"),
        ("market: {prices: {BTC: -1}}\n", "m.yaml:1:24: market.prices.BTC: is negative (found -1); write the price"),
        ("price: {BTC: 1}\n", "m.yaml:1:1: price: is not a key here; did you mean prices?"),
        ("market: {}\nprices: {}\n", "m.yaml:2:1: prices: is not a key here; write one of: market"),
        ("as_of: 2026-11-20T09:00:00Z\n", "m.yaml:1:8: as_of: is in the future; now is 2026-11-20T08:00:00Z"),
        ("market:\n", "m.yaml:1:1: market: has no value"),
        ("funding: {BTCX: {low: 2%, base: 1%, high: 3%}}\n", "m.yaml:1:11: funding.BTCX: does not ascend"),
        ("[]\n", "m.yaml:1:1: should be a mapping of keys (found a list); write prices: with its entries below it"),
        ("", "m.yaml: is empty"),
    ],
)
def test_what_is_wrong_with_it_is_said_of_it(tmp_path: Path, market: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, SMALL, market=market)
    (problem,) = refused.value.problems
    assert str(problem).removeprefix(f"{tmp_path}/").startswith(said)


def test_both_files_are_judged_in_one_run(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, SMALL.replace("BTC: 2", "BTC: -2"), market="prices: {BTC: 0}\n")
    assert [Path(problem.source).name for problem in refused.value.problems] == ["m.yaml", "p.yaml"]


def test_prices_may_be_written_as_jq_and_python_write_them(tmp_path: Path) -> None:
    market = read(tmp_path, SMALL, market=FRESH + "prices: {BTC: 7.2e-06}\nfunding: {BTCX: 1E-4}\n").market
    assert (market.prices, market.funding["BTCX"].base) == ({"BTC": Fraction(72, 10**7)}, Fraction(1, 10**4))


@pytest.mark.parametrize(
    "says", ["prices: {XRP: 2, XRP-USD-SWAP: 2.01}", "{prices: {XRP: 2}, funding: {XRP-USD-SWAP: 0.01%}}"]
)
def test_a_contract_that_trades_no_more_is_known_where_the_market_names_it(tmp_path: Path, says: str) -> None:
    text = "venue: okx\nholdings: {XRP: 100}\nmarket: {prices: {XRP: 2}}\n"
    assert "XRP-USD-SWAP" not in read(tmp_path, text).contracts
    assert not read(tmp_path, text, market=says).contracts["XRP-USD-SWAP"].listed


def test_a_market_brings_in_no_contracts_of_other_coins(tmp_path: Path) -> None:
    text = "venue: okx\nholdings: {BTC: 1}\nmarket: {prices: {BTC: 40000}}\n"
    found = read(tmp_path, text, market="prices: {XRP-USD-SWAP: 2.01}")
    assert "XRP-USD-SWAP" not in found.contracts
    assert found.market.marks == {}
