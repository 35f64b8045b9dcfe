"""Where a venue pools coins, how each counts there is told with its source, or as assumed."""

import pytest

from exact import exact
from rebal import venues
from rebal.amounts import Fraction
from rebal.market.pooled import ClosingFee, Coin, Printed, credit
from rebal.venues._pooling import ANY_OTHER, ASSUMED, Pooling

POOLING = ("binance", "bybit", "deribit", "kucoin", "okx")


def pooling(name: str) -> Pooling:
    found = venues.venue(name).pooling
    assert found is not None
    return found


def test_these_venues_pool_and_of_them_bybit_opens_pooled_accounts() -> None:
    assert tuple(name for name in venues.names() if venues.venue(name).pooling) == POOLING
    assert [name for name in POOLING if pooling(name).new_account] == ["bybit"]


@pytest.mark.parametrize("name", POOLING)
def test_how_a_coin_counts_has_a_source_or_is_assumed(name: str) -> None:
    found, sources = pooling(name), venues.venue(name).sources
    assert found.source in sources
    assert found.of("A-COIN-NOBODY-KNOWS") is found.counting[ANY_OTHER]
    for each in found.counting.values():
        assert each.source in sources or (each.source, each.status) == ("-", ASSUMED)
        assert each.status in ("recorded", "doc", "second-hand", ASSUMED)
        ratios = [part.ratio for part in each.collateral.slices]
        edges = [part.up_to for part in each.collateral.slices[:-1]]
        assert ratios == sorted(ratios, reverse=True)
        assert all(0 < ratio <= 1 for ratio in ratios)
        assert None not in edges
        assert edges == sorted(edges, key=lambda edge: edge or 0)


@pytest.mark.parametrize(
    ("name", "coin", "quantity", "price", "worth"),
    [
        # 10 · 0.98 + 10 · 0.95 + 1 · 0.9 coins
        ("bybit", "BTC", "21", "40000", "808000"),
        # 50 coins count, and nothing beyond
        ("bybit", "BTC", "60", "40000", "1792000"),
        ("okx", "BTC", "22", "40000", "862200"),
        ("kucoin", "ETH", "5000", "2500", "11895000"),
        ("binance", "ALT", "100", "2", "100"),
        ("deribit", "ETH", "3", "2500", "7500"),
    ],
)
def test_coins_count_by_their_slices(name: str, coin: str, quantity: str, price: str, worth: str) -> None:
    counted = Coin(coin, exact(price), Fraction(0), pooling(name).of(coin).collateral)
    assert credit(counted, exact(quantity)) == exact(worth)


def test_each_venue_judges_by_its_own_rules() -> None:
    assert pooling("binance").rules.level == exact("1.05")
    assert {name for name in POOLING if pooling(name).rules.level == 1} == set(POOLING) - {"binance"}
    assert (pooling("bybit").rules.fee, pooling("bybit").rules.fee_in_initial) == (ClosingFee.BANKRUPTCY, True)
    assert (pooling("okx").rules.fee, pooling("okx").rules.printed) == (ClosingFee.VALUE, Printed.MULTIPLE)
