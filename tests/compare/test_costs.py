"""The cost of holding futures, against a simulation that steps through the days."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exact import exact
from planner.given import NOW, inverse, linear, policy, portfolio
from rebal.amounts import Fraction
from rebal.market.contract import Contract
from rebal.planner.costs import ROLL_DAYS, Carried, HoldingCost, Range, Term, carry, cost, first_day, held_a_day
from rebal.policy import Sizing
from rebal.portfolio import Costs, FundingRate, Portfolio

F = Fraction
prices = st.integers(1, 10**6).map(lambda n: F(n, 10))


def market(
    contract: Contract,
    *,
    spot: Fraction,
    mark: Fraction,
    rate: str | None = None,
    sizing: Sizing = Sizing.NOTIONAL,
    slippage: str | None = "0.0005",
) -> Portfolio:
    made = portfolio({"BTC": "1"}, None, {}, (contract,), rules=policy(sizing=sizing))
    known = {} if rate is None else {contract.name: FundingRate(exact(rate), exact(rate), exact(rate))}
    return replace(
        made,
        market=replace(made.market, prices={"BTC": spot}, marks={contract.name: mark}, funding=known),
        costs=Costs(None, None if slippage is None else exact(slippage)),
    )


def quarterly(days: Fraction, *, delivery: str | None = None) -> Contract:
    expiry = NOW + timedelta(microseconds=int(days * 86_400 * 10**6))
    made = inverse("BTC", "1", name="BTCUSD_Q", expiry=expiry)
    return replace(made, delivery_fee=None if delivery is None else exact(delivery))


def held(contract: Contract, dollars: Fraction, portfolio: Portfolio) -> Carried:
    return carry(contract, dollars, beta=F(1), portfolio=portfolio, now=NOW)


@given(
    prices,
    prices,
    st.sampled_from(["-0.0003", "0", "0.0001"]),
    st.integers(-50_000, 50_000).filter(bool),
    st.lists(prices, min_size=1, max_size=40),
    st.sampled_from(list(Sizing)),
)
def test_a_perpetual_funded_interval_by_interval_along_any_path(
    spot: Fraction, mark: Fraction, rate: str, dollars: int, path: list[Fraction], sizing: Sizing
) -> None:
    contract = inverse("BTC", "1")
    given_market = market(contract, spot=spot, mark=mark, rate=rate, sizing=sizing)
    position = held(contract, F(dollars), given_market)
    # coins leave and enter the wallet at the price of their hour
    traded = contract.taker_fee + F("0.0005")
    paid = abs(position.contracts) / mark * traded * mark
    for price in path:
        sign = 1 if position.contracts > 0 else -1
        paid += sign * abs(position.contracts) / price * exact(rate) * price
    paid += abs(position.contracts) / path[-1] * traded * path[-1]
    days = F(8 * len(path), 24)
    found = cost([position], given_market).total_usd(days)
    assert found is not None
    assert found.base == paid
    assert position.contracts == (dollars if sizing is Sizing.NOTIONAL else dollars * mark / spot)


@given(prices, prices, prices, st.integers(1, 400), st.integers(1, 20))
def test_a_coin_sized_short_held_to_expiry_earns_the_premium_in_dollars(
    spot: Fraction, mark: Fraction, settled: Fraction, days: int, coins: int
) -> None:
    contract = quarterly(F(days))
    given_market = market(contract, spot=spot, mark=mark, sizing=Sizing.COIN)
    position = held(contract, -coins * spot, given_market)
    assert -position.contracts / mark == coins
    worth = settled * (coins + contract.pnl(position.contracts, mark, settled))
    earned = cost([position], given_market).carry_usd(F(days))
    assert earned is not None
    assert worth - coins * spot == -earned.base == coins * (mark - spot)


@given(prices, prices, prices, st.integers(1, 400), st.integers(1, 20))
def test_a_notional_sized_short_held_to_expiry_earns_the_premium_in_coins(
    spot: Fraction, mark: Fraction, settled: Fraction, days: int, coins: int
) -> None:
    contract = quarterly(F(days))
    given_market = market(contract, spot=spot, mark=mark)
    position = held(contract, -coins * spot, given_market)
    worth = settled * (coins + contract.pnl(position.contracts, mark, settled))
    left_in_coins = (worth - coins * spot) / settled
    earned = cost([position], given_market).carry_usd(F(days))
    assert earned is not None
    assert left_in_coins == coins * (1 - spot / mark) == -earned.base / spot


@pytest.mark.parametrize(("sizing", "premium"), [(Sizing.COIN, F(5_000)), (Sizing.NOTIONAL, F(5_000) / F("1.05"))])
def test_a_premium_of_five_percent_on_a_quarterly(sizing: Sizing, premium: Fraction) -> None:
    contract = quarterly(F(91))
    given_market = market(contract, spot=F(40000), mark=F(42000), slippage="0", sizing=sizing)
    short = cost([held(contract, F(-100_000), given_market)], given_market)
    long = cost([held(contract, F(100_000), given_market)], given_market)
    for days in (F(0), F(91, 2), F(91), F(182)):  # rolled once by then, at the same rate
        sold, bought = short.carry_usd(days), long.carry_usd(days)
        assert sold is not None
        assert bought is not None
        assert (sold.base, bought.base) == (-premium * days / 91, premium * days / 91)
    fee = 50 if sizing is Sizing.NOTIONAL else F("52.5")
    assert [short.fees_usd(F(d)) / fee for d in (0, 90, 91, 92, 182, 183)] == [2, 2, 2, 4, 4, 6]


def rolled_by_hand(
    position: Carried, left: Fraction, slippage: Fraction, day: Fraction
) -> tuple[Fraction, Fraction, int]:
    """Fees, slippage and rolls of a dated position, expiry after expiry."""
    contract, notional = position.contract, position.notional
    fees, slipped, rolls, expiry = notional * contract.taker_fee, notional * slippage, 0, left
    while expiry < day:
        fees += 2 * notional * contract.taker_fee
        slipped += 2 * notional * slippage
        rolls += 1
        expiry += ROLL_DAYS
    if day == expiry and contract.delivery_fee is not None:
        return fees + notional * contract.delivery_fee, slipped, rolls
    return fees + notional * contract.taker_fee, slipped + notional * slippage, rolls


@given(
    st.fractions(7, 300, max_denominator=24),
    st.fractions(0, 1000, max_denominator=3),
    st.sampled_from([None, "0", "0.00025"]),
    st.sampled_from(["0", "0.0005"]),
    st.booleans(),
)
def test_rolls_and_deliveries_one_after_the_other(
    left: Fraction, day: Fraction, delivery: str | None, slippage: str, on_expiry: bool
) -> None:
    contract = quarterly(left, delivery=delivery)
    given_market = market(contract, spot=F(40000), mark=F(41000), slippage=slippage)
    position = held(contract, F(-10_000), given_market)
    assert position.days_left is not None
    day = position.days_left + ROLL_DAYS * (int(day) % 4) if on_expiry else day
    together = cost([position], given_market)
    fees, slipped, rolls = rolled_by_hand(position, position.days_left, exact(slippage), day)
    assert together.fees_usd(day) == fees
    assert together.slippage_usd(day) == slipped
    assert together.fees[0].rolls(day) == rolls
    daily = F(-10_000) * (1 - F(40000) / F(41000)) / position.days_left
    carried = together.carry_usd(day)
    assert carried is not None
    assert carried.base == daily * day


def test_a_range_of_rates_is_a_range_of_carries_each_leg_at_its_own_worst() -> None:
    short, long = inverse("BTC", "1"), inverse("ETH", "1")
    made = portfolio({"BTC": "1", "ETH": "1"}, None, {"BTC": "40000", "ETH": "2500"}, (short, long))
    rates = FundingRate(F("-0.0001"), F("0.0001"), F("0.0004"))
    made = replace(made, market=replace(made.market, funding={"BTCUSD": rates, "ETHUSD": rates}))
    together = cost([held(short, F(-9000), made), held(long, F(1000), made)], made)
    found = together.carry_usd(F(1))
    assert found is not None
    low, base, high = 3 * (-9000 * F("0.0004") - F("0.1")), 3 * (-F("0.9") + F("0.1")), 3 * (F("0.9") + F("0.4"))
    assert (found.low, found.base, found.high) == (low, base, high)


def test_what_is_not_known_is_not_nothing() -> None:
    perpetual, dated, dollars = inverse("BTC", "1"), quarterly(F(30)), linear("BTC")
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (perpetual, dated, dollars))
    for contract in (perpetual, dated, dollars):
        together = cost([held(contract, F(-1000), made)], made)
        assert together.carry_usd(F(1)) is None
        assert together.slippage_usd(F(1)) is None
        assert together.total_usd(F(1)) is None
        assert together.fees_usd(F(1)) == 1


@pytest.mark.parametrize(
    ("values", "found"),
    [([0, 0, 1], 2), ([1, 0, 0], 0), ([0, 0, 0], None), ([-5, -3, -1, 1], 3), ([-2, -1, 0], None)],
)
def test_the_first_day_above_nothing(values: list[int], found: int | None) -> None:
    assert first_day(lambda day: exact(values[day]), breaks=range(len(values)), last=len(values) - 1) == found


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(-9, 9), st.integers(-30, 30)), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_the_first_day_is_what_trying_every_day_finds(pieces: list[tuple[int, int, int]], extra: int) -> None:
    values = [F(start + slope * k, 1 + extra) for length, slope, start in pieces for k in range(length)]
    breaks = [sum(length for length, _, _ in pieces[:n]) for n in range(len(pieces))]
    tried = next((day for day, value in enumerate(values) if value > 0), None)
    assert first_day(lambda day: values[day], breaks=breaks, last=len(values) - 1) == tried


def course(days_left: int, *, halves: int = 0, closing: int = 2, delivery: int = 3, slope: int = 0) -> HoldingCost:
    """What costs 1 to open and so many quarters a day, and leaps where it is rolled or delivered."""
    term = Term(F(2 * days_left + halves, 2), opening=F(1), closing=F(closing), delivery=F(delivery))
    daily = F(slope, 4)
    return HoldingCost((term,), (), Range(daily, daily, daily))


def first_above(together: HoldingCost, than: Fraction, *, last: int, sign: int) -> tuple[int | None, int | None]:
    """The first day on which a course costs more (or less), as it is found and as trying every day finds it."""

    def excess(day: int) -> Fraction:
        total = together.total_usd(F(day))
        assert total is not None
        return sign * (total.base - than)

    tried = next((day for day in range(last + 1) if excess(day) > 0), None)
    return first_day(excess, breaks=together.breaks(last), last=last), tried


@example(together=course(1, delivery=9), than=F(8), last=30, sign=1)  # dear on the first day alone
@example(together=course(40, delivery=9), than=F(8), last=40, sign=1)  # on the last day alone
@example(together=course(40, delivery=0, slope=1), than=F(9), last=40, sign=1)
@example(together=course(40, delivery=0, slope=1), than=F(5), last=40, sign=1)
@example(together=course(40, halves=1, slope=1), than=F(51, 4), last=90, sign=1)
@example(together=course(40, slope=1), than=F(8), last=21, sign=1)  # from the last day on
@example(together=course(40, slope=3), than=F(8), last=90, sign=1)  # between the sixth day and the seventh
@example(together=course(100, slope=2), than=F(173, 4), last=120, sign=1)  # late on a long way
@example(together=course(40, slope=2), than=F(46), last=131, sign=1)  # and once it was rolled
@example(together=course(40), than=F(0), last=10, sign=1)  # from today on
@example(together=course(40, slope=-1), than=F(-75, 4), last=90, sign=-1)
@given(
    together=st.builds(
        course, st.integers(0, 120), halves=st.integers(0, 1), closing=st.integers(0, 4),
        delivery=st.integers(0, 9), slope=st.integers(-3, 3),
    ),
    than=st.integers(-40, 80).map(lambda n: F(n, 4)),
    last=st.integers(0, 250),
    sign=st.sampled_from([1, -1]),
)  # fmt: skip
def test_the_first_day_on_which_a_course_is_dearer_is_what_trying_every_day_finds(
    together: HoldingCost, than: Fraction, last: int, sign: int
) -> None:
    found, tried = first_above(together, than, last=last, sign=sign)
    assert found == tried


def test_what_is_held_to_an_expiry_of_its_rolls_is_delivered_and_not_closed() -> None:
    term = Term(Fraction(ROLL_DAYS + 10), opening=Fraction(1), closing=Fraction(2), delivery=Fraction(3))
    days = {10: 2, ROLL_DAYS + 9: 2, ROLL_DAYS + 10: 3, ROLL_DAYS + 11: 2, 2 * ROLL_DAYS + 10: 3}
    assert {day: term.leaving(Fraction(day)) for day in days} == days


@pytest.mark.parametrize(
    ("name", "long"),
    [
        # 0.01 % three times a day
        ("BTCUSD", "0.0003"),
        ("BTCUSDT", "0.0003"),
        # a premium of 25 % of the index is a fifth of the price, paid in ten days
        ("BTCZ", "0.02"),
        # at the index it costs nothing, without a price of its own nobody knows, and on its last day nothing is left
        ("BTCY", "0"),
        ("BTCX", "0"),
        ("BTCW", "0"),
    ],
)
def test_a_dollar_held_long_pays_by_the_day_what_one_held_short_is_paid(name: str, long: str) -> None:
    dated = {"BTCZ": 10, "BTCY": 10, "BTCX": 10, "BTCW": 0}
    contracts = (
        inverse("BTC", "100"),
        linear("BTC"),
        *(inverse("BTC", "100", name=each, expiry=NOW + timedelta(days=days)) for each, days in dated.items()),
    )
    made = portfolio(
        {"BTC": "1"}, None, {"BTC": "40000"}, contracts, funding={"BTCUSD": "0.0001", "BTCUSDT": "0.0001"},
        marks={"BTCUSD": "40100", "BTCUSDT": "39900", "BTCZ": "50000", "BTCY": "40000", "BTCW": "50000"},
    )  # fmt: skip
    paid = [held_a_day(made.contracts[name], Fraction(side), portfolio=made, now=NOW) for side in (2, -2)]
    assert paid == [exact(long), -exact(long)]
