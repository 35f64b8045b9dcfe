"""Payoff identities: what fills realise and leave open is what they made, up to a step of 1e-8 coin a fill."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booked import STEP, eighteen, near
from exact import exact
from rebal.amounts import Fraction, down
from rebal.market.contract import Contract, Kind, OrderUnit
from rebal.market.examples import INVERSE
from rebal.market.fill import Filled, fill
from rebal.market.maintenance import SizeRate

from .definitions import inverse, linear
from .wallets import fractions

ZERO = Fraction(0)
FREE = SizeRate(ZERO, ZERO)
KINDS = pytest.mark.parametrize("contract", [inverse(FREE), linear(FREE)], ids=lambda contract: contract.kind)
prices = fractions("100", "99999", places=1)
fills = st.tuples(st.integers(-50, 50).map(Fraction), prices)


def play(contract: Contract, trades: list[tuple[Fraction, Fraction]]) -> tuple[Filled, Fraction]:
    """The position that fills leave, and all that they realised."""
    held, realised = Filled(ZERO, None, ZERO), ZERO
    for traded, price in trades:
        held = fill(contract, held.contracts, held.entry_price, traded=traded, price=price)
        realised += held.realised
    return held, realised


def open_pnl(contract: Contract, held: Filled, mark: Fraction) -> Fraction:
    return ZERO if held.entry_price is None else contract.pnl(held.contracts, held.entry_price, mark)


@KINDS
@given(trades=st.lists(fills, max_size=8), mark=prices)
def test_realised_and_unrealised_are_what_every_fill_made(
    contract: Contract, trades: list[tuple[Fraction, Fraction]], mark: Fraction
) -> None:
    held, realised = play(contract, trades)
    assert held.contracts == sum(traded for traded, _ in trades)
    assert (held.entry_price is None) == (held.contracts == 0)
    exact = sum((contract.pnl(traded, price, mark) for traded, price in trades), ZERO)
    assert near(realised + open_pnl(contract, held, mark), exact, steps=len(trades))


@KINDS
@given(
    trades=st.lists(st.tuples(st.integers(1, 50).map(Fraction), prices), min_size=1, max_size=8),
    sign=st.sampled_from((1, -1)),
)
def test_average_entry_is_where_the_same_size_would_have_made_the_same(
    contract: Contract, trades: list[tuple[Fraction, Fraction]], sign: int
) -> None:
    signed = [(sign * contracts, price) for contracts, price in trades]
    held, realised = play(contract, signed)
    size = sum((contracts for contracts, _ in trades), Fraction(0))
    if contract.kind is Kind.INVERSE:
        expected = size / sum((contracts / price for contracts, price in trades), Fraction(0))
    else:
        expected = sum((contracts * price for contracts, price in trades), Fraction(0)) / size
    assert realised == 0
    assert contract.average_entry(signed) == expected
    assert held.entry_price is not None
    assert abs(held.entry_price - expected) <= len(trades) * expected / 10**17
    assert min(price for _, price in trades) <= held.entry_price <= max(price for _, price in trades)


@KINDS
@given(
    held=st.integers(1, 50).map(Fraction),
    sign=st.sampled_from((1, -1)),
    entry=prices,
    price=prices,
    share=fractions("0", "1"),
)
def test_reducing_leaves_the_entry_and_realises_the_closed_part(
    contract: Contract, held: Fraction, sign: int, entry: Fraction, price: Fraction, share: Fraction
) -> None:
    after = fill(contract, sign * held, entry, traded=-sign * held * share, price=price)
    exact = contract.pnl(sign * held * share, entry, price)
    assert 0 <= exact - after.realised < STEP
    assert (after.realised / STEP).denominator == 1
    assert after.entry_price == (entry if share < 1 else None)


@KINDS
def test_booked_figures_are_finite_however_many_fills_there_were(contract: Contract) -> None:
    held, worst = Filled(ZERO, None, ZERO), 0
    for n in range(2000):
        traded = Fraction(7 if n % 3 else -5)
        price = Fraction(30000 + 13 * (n % 977), 7) if n % 2 else Fraction(4321 + n)
        before, held = held, fill(contract, held.contracts, held.entry_price, traded=traded, price=price)
        assert held.entry_price is not None
        worst = max(worst, held.entry_price.denominator.bit_length(), held.realised.denominator.bit_length())
        if before.contracts * traded > 0 and before.entry_price is not None:
            exact = contract.average_entry([(before.contracts, before.entry_price), (traded, price)])
            assert held.entry_price == eighteen(exact)
    assert worst <= 64


@KINDS
def test_crossing_zero_opens_the_rest_at_the_fill(contract: Contract) -> None:
    after = fill(contract, Fraction(-7), Fraction(3795), traded=Fraction(8), price=Fraction(3779))
    booked = down(contract.pnl(Fraction(-7), Fraction(3795), Fraction(3779)), STEP)
    assert after == Filled(Fraction(1), Fraction(3779), booked)


@given(contracts=st.integers(-500, 500).map(Fraction), entry=prices, price=prices, wallet=fractions("0", "10"))
def test_delta_is_what_the_value_of_wallet_and_position_moves_by(
    contracts: Fraction, entry: Fraction, price: Fraction, wallet: Fraction
) -> None:
    def worth(mark: Fraction) -> Fraction:
        return mark * (wallet + INVERSE.pnl(contracts, entry, mark))

    assert worth(price + 1) - worth(price) == wallet + INVERSE.delta(contracts, entry)


@given(contracts=st.integers(-500, 500).map(Fraction), entry=prices, price=prices)
def test_a_linear_delta_is_what_its_dollars_move_by(contracts: Fraction, entry: Fraction, price: Fraction) -> None:
    contract = linear(FREE)
    moved = contract.pnl(contracts, entry, price + 1) - contract.pnl(contracts, entry, price)
    assert moved == contract.delta(contracts, entry)


@KINDS
@given(contracts=st.integers(-500, 500).map(Fraction), price=prices)
def test_dollars_coins_and_settlement_value_are_one_size(
    contract: Contract, contracts: Fraction, price: Fraction
) -> None:
    dollars, coins = contract.notional(contracts, price), contract.coins(contracts, price)
    assert dollars == coins * price >= 0
    assert contract.signed_notional(contracts, price) == (dollars if contracts > 0 else -dollars)
    assert contract.position_value(contracts, price) == (coins if contract.kind is Kind.INVERSE else dollars)


@KINDS
@given(contracts=st.integers(-500, 500).map(Fraction), price=prices, rate=fractions("-0.001", "0.001", places=5))
def test_a_fee_is_whole_steps_and_never_less_than_it_should_be(
    contract: Contract, contracts: Fraction, price: Fraction, rate: Fraction
) -> None:
    fee, step = contract.fee(contracts, price, rate), Fraction(1, 10**8)
    assert (fee / step).denominator == 1
    assert 0 <= fee - contract.position_value(contracts, price) * rate < step


@KINDS
@given(contracts=st.integers(-500, 500).map(Fraction), price=prices, rate=fractions("-0.001", "0.001", places=5))
def test_longs_pay_a_positive_rate_and_shorts_receive_it(
    contract: Contract, contracts: Fraction, price: Fraction, rate: Fraction
) -> None:
    paid = contract.funding_usd(contracts, price, rate)
    signed_dollars = contracts * contract.multiplier * (1 if contract.kind is Kind.INVERSE else price)
    assert paid == signed_dollars * rate == -contract.funding_usd(-contracts, price, rate)


@pytest.mark.parametrize(
    ("unit", "typed"),
    [
        (OrderUnit.CONTRACTS, "150"),
        (OrderUnit.USD, "15000"),
        (OrderUnit.COINS, "15000"),
    ],
)
def test_the_quantity_to_type_is_in_the_forms_unit(unit: OrderUnit, typed: str) -> None:
    assert replace(INVERSE, order_unit=unit).order_quantity(Fraction(-150)) == exact(typed)


def test_a_position_that_is_flat_and_is_not_traded_has_no_entry() -> None:
    for contract in (inverse(FREE), linear(FREE)):
        assert fill(contract, ZERO, Fraction(40000), traded=ZERO, price=Fraction(50000)) == Filled(ZERO, None, ZERO)
        opened = fill(contract, ZERO, Fraction(40000), traded=Fraction(-3), price=Fraction(50000))
        assert opened == Filled(Fraction(-3), Fraction(50000), ZERO)


def test_the_short_of_a_part_of_a_contract_receives_too() -> None:
    # a half of 0.001 coins at 40,000 are 20 dollars
    assert linear(FREE).funding_usd(Fraction(-1, 2), Fraction(40000), Fraction(1, 100)) == Fraction(-1, 5)
    assert linear(FREE).funding_usd(Fraction(1, 2), Fraction(40000), Fraction(1, 100)) == Fraction(1, 5)


def test_crossing_nothing_by_parts_of_a_contract_closes_no_more_than_there_was() -> None:
    """Half a contract of 100 dollars from 40,000, and one against it at 50,000: half of 0.0005 coins are gained."""
    after = fill(inverse(FREE), Fraction(1, 2), Fraction(40000), traded=-Fraction(1), price=Fraction(50000))
    assert after == Filled(Fraction(-1, 2), Fraction(50000), exact("0.00025"))
    after = fill(
        linear(FREE, multiplier="1"), Fraction(-1, 2), Fraction(40000), traded=Fraction(1), price=Fraction(50000)
    )
    assert after == Filled(Fraction(1, 2), Fraction(50000), Fraction(-5000))


def test_adding_at_the_very_entry_leaves_it_however_many_digits_it_has() -> None:
    entry = exact("40000.12345678901234567")
    for contract in (inverse(FREE), linear(FREE)):
        assert fill(contract, Fraction(3), entry, traded=Fraction(2), price=entry).entry_price == entry
        assert fill(contract, Fraction(3), entry, traded=ZERO, price=Fraction(50000)) == Filled(
            Fraction(3), entry, ZERO
        )
