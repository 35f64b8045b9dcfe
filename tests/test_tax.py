"""Which lots a sale takes, and what is owed on them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.portfolio import Lot, LotMethod, Tax
from rebal.tax import SoldLot, saved_by_waiting, sold_lots, tax_usd
from rebal.times import Duration

F = Fraction
SALE = datetime(2026, 11, 20, 8, tzinfo=UTC)
OLD = Lot(F(10), F(1500), datetime(2024, 3, 1, tzinfo=UTC))
NEW = Lot(F(4), F(2900), datetime(2026, 8, 15, tzinfo=UTC))
DEAR = Lot(F(2), F(4000), datetime(2025, 5, 5, tzinfo=UTC))
LOTS = (NEW, OLD, DEAR)


def tax(method: LotMethod = LotMethod.HIFO, short: str = "0.37", long: str = "0.2") -> Tax:
    return Tax(method, exact(short), exact(long), Duration(years=1))


def taken(method: LotMethod, quantity: str, held: str = "16") -> list[tuple[Fraction, Fraction]]:
    sold = sold_lots("ETH", LOTS, exact(quantity), held=exact(held), price=F(2500), method=method)
    assert sold is not None
    return [(lot.quantity, lot.cost) for lot in sold]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (LotMethod.FIFO, [(F(10), F(1500)), (F(1), F(4000))]),
        (LotMethod.LIFO, [(F(4), F(2900)), (F(2), F(4000)), (F(5), F(1500))]),
        (LotMethod.HIFO, [(F(2), F(4000)), (F(4), F(2900)), (F(5), F(1500))]),
    ],
)
def test_eleven_coins_by_each_method(method: LotMethod, expected: list[tuple[Fraction, Fraction]]) -> None:
    assert taken(method, "11") == expected


def test_coins_that_left_since_came_from_the_lots_sold_first() -> None:
    assert taken(LotMethod.HIFO, "3", held="13") == [(F(3), F(2900))]
    assert taken(LotMethod.FIFO, "3", held="13") == [(F(3), F(1500))]


def test_lots_that_do_not_reach_the_sale_are_not_known() -> None:
    assert sold_lots("ETH", LOTS, F(17), held=F(20), price=F(2500), method=LotMethod.FIFO) is None
    assert sold_lots("ETH", (), F(1), held=F(1), price=F(2500), method=LotMethod.FIFO) is None


def test_the_rate_by_holding_time_and_the_tax_by_hand() -> None:
    # fifo, 11 coins at 2,500: 10 bought at 1,500 long ago, 1 at 4,000 a year and a half ago
    sold = sold_lots("ETH", LOTS, F(11), held=F(16), price=F(2500), method=LotMethod.FIFO)
    assert sold is not None
    assert [lot.gain for lot in sold] == [10_000, -1_500]
    assert [lot.rate(tax(), at=SALE) for lot in sold] == [F("0.2"), F("0.2")]
    assert tax_usd(sold, tax(), at=SALE) == F(8_500) * F("0.2")
    # lifo, 5 coins: 4 bought at 2,900 this August (short-term), 1 at 4,000: a loss owes nothing
    sold = sold_lots("ETH", LOTS, F(5), held=F(16), price=F(2500), method=LotMethod.LIFO)
    assert sold is not None
    assert [lot.tax(tax(), at=SALE) for lot in sold] == [F(-1_600) * F("0.37"), F(-1_500) * F("0.2")]
    assert tax_usd(sold, tax(), at=SALE) == 0


@pytest.mark.parametrize(
    ("acquired", "turns"),
    [
        (datetime(2025, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
        (datetime(2025, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
        (datetime(2024, 2, 29, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_lot_turns_long_term_the_day_after_a_calendar_year(acquired: datetime, turns: datetime) -> None:
    lot = SoldLot("ETH", F(1), F(0), acquired, F(1))
    assert lot.long_term_on(tax()) == turns
    assert lot.rate(tax(), at=turns - timedelta(microseconds=1)) == F("0.37")
    assert lot.rate(tax(), at=turns) == F("0.2")


def sold_at_a_gain_of(dollars: int, *, long: bool) -> SoldLot:
    acquired = SALE - timedelta(days=800 if long else 80)
    return SoldLot("ETH", F(1), F(10_000 - dollars), acquired, F(10_000))


@pytest.mark.parametrize(
    ("short", "long", "owed"),
    [
        ([1_000, -400], [2_000, -500], F(600) * F("0.37") + F(1_500) * F("0.2")),  # within a term first
        ([-1_000], [3_000], F(2_000) * F("0.2")),  # a short-term loss saves the long-term rate, not its own
        ([1_000], [-400], F(600) * F("0.37")),
        ([1_000], [-1_000], F(0)),
        ([-3_000], [1_000], F(0)),  # no refund
        ([-100], [-100], F(0)),
        ([], [], F(0)),
    ],
)
def test_gains_and_losses_net_within_a_term_and_then_across(short: list[int], long: list[int], owed: Fraction) -> None:
    sold = [sold_at_a_gain_of(each, long=False) for each in short]
    sold += [sold_at_a_gain_of(each, long=True) for each in long]
    assert tax_usd(sold, tax(), at=SALE) == tax_usd(sold[::-1], tax(), at=SALE) == owed


def test_waiting_saves_what_the_sale_then_owes_less() -> None:
    gain, loss = sold_at_a_gain_of(1_000, long=False), sold_at_a_gain_of(-1_000, long=False)
    assert saved_by_waiting(gain, [gain], tax(), at=SALE) == 170
    assert saved_by_waiting(gain, [gain, loss], tax(), at=SALE) == 0  # nothing is owed on the two together
    assert saved_by_waiting(loss, [loss], tax(), at=SALE) == 0
    old = sold_at_a_gain_of(1_000, long=True)
    assert saved_by_waiting(old, [old, gain], tax(), at=SALE) == 0


lots = st.lists(
    st.builds(
        Lot,
        st.integers(1, 6).map(Fraction),
        st.integers(0, 5).map(lambda n: Fraction(n * 1000)),
        st.integers(0, 900).map(lambda days: SALE - timedelta(days=days)),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(lots, st.integers(1, 20), st.integers(0, 10), st.sampled_from(list(LotMethod)))
def test_a_sale_takes_the_coins_that_a_sale_coin_by_coin_takes(
    lots: list[Lot], quantity: int, gone: int, method: LotMethod
) -> None:
    owned = sum((lot.quantity for lot in lots), F(0))
    sold = sold_lots("X", lots, F(quantity), held=max(F(0), owned - gone), price=F(2500), method=method)
    coins = [(lot.acquired, lot.cost) for lot in lots for _ in range(int(lot.quantity))]
    first = {
        LotMethod.FIFO: lambda coin: (coin[0], -coin[1]),
        LotMethod.LIFO: lambda coin: (-coin[0].timestamp(), -coin[1]),
        LotMethod.HIFO: lambda coin: (-coin[1], coin[0]),
    }[method]
    coins.sort(key=first)
    left = coins[min(gone, int(owned)) :]
    if len(left) < quantity:
        assert sold is None
        return
    assert sold is not None
    apart = sorted((lot.acquired, lot.cost) for lot in sold for _ in range(int(lot.quantity)))
    assert apart == sorted(left[:quantity])
    rates = {True: F("0.2"), False: F("0.37")}
    by_term = {long: sum((F(2500) - cost for acquired, cost in left[:quantity]
                          if ((SALE - acquired).days > 365) is long), F(0)) for long in (True, False)}  # fmt: skip
    worst = min(by_term, key=lambda long: by_term[long])
    if by_term[worst] < 0:
        by_term[not worst] += by_term[worst]
        by_term[worst] = F(0)
    owed = sum(max(F(0), gain) * rates[long] for long, gain in by_term.items())
    days = Tax(method, F("0.37"), F("0.2"), Duration(rest=timedelta(days=365)))
    assert tax_usd(sold, days, at=SALE) == owed
    again = sold_lots("X", lots[::-1], F(quantity), held=max(F(0), owned - gone), price=F(2500), method=method)
    assert again == sold
