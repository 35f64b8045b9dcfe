"""Quotes of several sources to one market, by names alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.portfolio import FundingRate, Market
from rebal.prices import Quotes, market_of

NEW = datetime(2026, 11, 20, 8, tzinfo=UTC)
OLD = NEW - timedelta(hours=3)
COINS, CONTRACTS, UNDATED = ("BTC", "ETH", "XMR"), ("BTCUSD", "ETHUSD"), ("XMR",)
NAMES = (*COINS, *CONTRACTS, "DOGE")
QUOTES = st.builds(
    Quotes,
    st.none() | st.sampled_from([OLD, NEW]),
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 9).map(Fraction)),
    st.dictionaries(st.sampled_from(NAMES), st.builds(FundingRate, *[st.integers(-1, 1).map(Fraction)] * 3)),
)


def rate(low: str) -> FundingRate:
    return FundingRate(exact(low), exact(low), exact(low))


def quoted(as_of: datetime | None, **prices: int) -> Quotes:
    return Quotes(as_of, {name: exact(price) for name, price in prices.items()}, {})


def market(*sources: Quotes) -> Market:
    return market_of(sources, coins=COINS, contracts=CONTRACTS, undated=UNDATED)


def test_coins_have_prices_contracts_have_marks_and_other_names_are_left_out() -> None:
    rates = {"BTCUSD": rate("0.1"), "BTC": rate("0.2"), "DOGEUSD": rate("0.3")}
    found = market(Quotes(NEW, {"BTC": Fraction(40_000), "BTCUSD": Fraction(40_010), "DOGE": Fraction(1)}, rates))
    assert found == Market(NEW, {"BTC": Fraction(40_000)}, {"BTCUSD": Fraction(40_010)}, {"BTCUSD": rate("0.1")})


def test_key_by_key_the_last_source_wins() -> None:
    first = Quotes(OLD, {"BTC": Fraction(1), "ETH": Fraction(2)}, {"BTCUSD": rate("0.1"), "ETHUSD": rate("0.2")})
    last = Quotes(NEW, {"BTC": Fraction(3)}, {"ETHUSD": rate("0.4")})
    assert market(first, last) == Market(
        OLD, {"BTC": Fraction(3), "ETH": Fraction(2)}, {}, {"BTCUSD": rate("0.1"), "ETHUSD": rate("0.4")}
    )


def test_a_market_is_as_old_as_the_oldest_price_in_use() -> None:
    assert market(quoted(OLD, BTC=1), quoted(NEW, BTC=2)).as_of == NEW
    assert market(quoted(OLD, DOGE=1), quoted(NEW, BTC=2)).as_of == NEW
    assert market(quoted(OLD, XMR=1), quoted(NEW, BTC=2)).as_of == NEW
    assert market(quoted(OLD, BTCUSD=1), quoted(NEW, BTC=2)).as_of == OLD


def test_one_price_without_a_date_leaves_the_market_without_one() -> None:
    assert market(quoted(None, BTC=1), quoted(NEW, ETH=2)).as_of is None
    assert market(quoted(None, XMR=1), quoted(NEW, ETH=2)).as_of == NEW
    assert market().as_of is None


def test_a_name_of_both_is_a_coin() -> None:
    found = market_of([quoted(NEW, BTC=1)], coins=["BTC"], contracts=["BTC"], undated=())
    assert (found.prices, found.marks) == ({"BTC": Fraction(1)}, {})


@given(QUOTES, QUOTES)
def test_sources_together_are_their_union_with_the_last_on_top(first: Quotes, last: Quotes) -> None:
    both, own, other = market(first, last), market(first), market(last)
    assert both.prices == {**own.prices, **other.prices}
    assert both.marks == {**own.marks, **other.marks}
    assert both.funding == {**own.funding, **other.funding}


@given(QUOTES)
def test_a_source_that_says_nothing_changes_nothing(quotes: Quotes) -> None:
    nothing = Quotes(OLD, {}, {})
    assert market(quotes, nothing) == market(nothing, quotes) == market(quotes)
