"""One position's liquidation and bankruptcy prices as the literature prints them, against the general solution."""

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation, assumed, continuous
from rebal.market.margin import THERE_ALREADY, Factors, Held, bankruptcy, liquidation

from .definitions import ONE, inverse, linear, slack, sliced, unit_value, value
from .wallets import CONTINUOUS, Wallet, wallets

MARK, ENTRY = (Valuation.MARK,), (Valuation.ENTRY,)


def price(position: Held, factor: Fraction | None) -> Fraction | None:
    return None if factor is None else position.mark_price * factor


def notional(position: Held) -> Fraction:
    return abs(position.contracts) * position.contract.multiplier


def schedule(position: Held) -> Tiers:
    found = position.contract.maintenance
    assert isinstance(found, Tiers)
    return found


def covered(wallet: Wallet) -> Held:
    (position,) = wallet.held
    assume(slack(wallet.balance, wallet.held, ONE) > 0)
    event("long" if position.contracts > 0 else "short")
    return position


def rate(position: Held, tier: Tier) -> Fraction:
    return tier.rate + (position.contract.taker_fee if schedule(position).close_fee else 0)


def found_at(position: Held, found: Factors) -> Fraction | None:
    """The price on the losing side; on the other a position by itself never ends."""
    losing, winning = (found.below, found.above) if position.contracts > 0 else (found.above, found.below)
    assert winning is None
    return price(position, losing)


def holds(tiers: Tiers, tier: Tier, size: Fraction) -> bool:
    """Whether a tier's bounds hold a size; beyond the last bound the last tier does."""
    number = tiers.tiers.index(tier)
    floor = tiers.tiers[number - 1].up_to if number else Fraction(0)
    assert floor is not None
    is_last = number == len(tiers.tiers) - 1
    return floor < size and (is_last or tier.up_to is None or size <= tier.up_to)


def quotient(dollars: Fraction, coins: Fraction) -> Fraction | None:
    """A price, where there is one: nothing at or below 0, and nothing beyond every price."""
    return dollars / coins if coins > 0 and dollars > 0 else None


@given(wallets(most=1, methods=CONTINUOUS, valuations=MARK))
def test_inverse_mark_valued(wallet: Wallet) -> None:
    position = covered(wallet)
    tiers, n, balance = schedule(position), notional(position), wallet.balance
    entered = n / position.entry_price
    solutions = []
    for tier in tiers.tiers:
        m, c = rate(position, tier), tier.deduction
        coins, dollars = (c, Fraction(0)) if tiers.unit is TierUnit.COIN else (Fraction(0), c)
        if tiers.unit is TierUnit.CONTRACTS:
            dollars = c * position.contract.multiplier
        if position.contracts > 0:
            solved = quotient(n * (1 + m) - dollars, entered + balance + coins)
        else:
            solved = quotient(n * (1 - m) + dollars, entered - balance - coins)
        if solved is not None and holds(tiers, tier, n / solved / unit_value(position, solved, tiers.unit)):
            solutions.append(solved)
    assert len(solutions) <= 1
    assert found_at(position, liquidation(balance, wallet.held)) == (solutions[0] if solutions else None)


@given(wallets(most=1, methods=CONTINUOUS, valuations=ENTRY))
def test_inverse_entry_valued(wallet: Wallet) -> None:
    position = covered(wallet)
    tiers, n, balance = schedule(position), notional(position), wallet.balance
    entered, unit = n / position.entry_price, unit_value(position, position.entry_price, tiers.unit)
    fee = position.contract.taker_fee if tiers.close_fee else 0
    maintained = sliced(entered / unit, tiers) * unit + entered * fee
    if position.contracts > 0:
        expected = quotient(n, entered + balance - maintained)
    else:
        expected = quotient(n, entered - balance + maintained)
    assert found_at(position, liquidation(balance, wallet.held)) == expected


@given(wallets(kind=Kind.LINEAR, most=1, methods=CONTINUOUS, valuations=MARK))
def test_linear_mark_valued(wallet: Wallet) -> None:
    position = covered(wallet)
    tiers, coins, balance = schedule(position), notional(position), wallet.balance
    solutions = []
    for tier in tiers.tiers:
        m, c = rate(position, tier), tier.deduction
        per_price = {TierUnit.COIN: c, TierUnit.CONTRACTS: c * position.contract.multiplier, TierUnit.USD: Fraction(0)}
        dollars = c if tiers.unit is TierUnit.USD else Fraction(0)
        entered = coins * position.entry_price
        if position.contracts > 0:
            solved = quotient(entered - balance - dollars, coins * (1 - m) + per_price[tiers.unit])
        else:
            solved = quotient(entered + balance + dollars, coins * (1 + m) - per_price[tiers.unit])
        if solved is None or solved <= 0:
            continue
        if holds(tiers, tier, value(position, solved) / unit_value(position, solved, tiers.unit)):
            solutions.append(solved)
    assert len(solutions) <= 1
    assert found_at(position, liquidation(balance, wallet.held)) == (solutions[0] if solutions else None)


@pytest.mark.parametrize("kind", list(Kind))
@given(data=st.data())
def test_bankruptcy_is_the_same_with_neither_rate_nor_deduction(kind: Kind, data: st.DataObject) -> None:
    wallet = data.draw(wallets(kind=kind, most=1))
    (position,) = wallet.held
    held, entry, s = notional(position), position.entry_price, 1 if position.contracts > 0 else -1
    found = bankruptcy(wallet.balance, wallet.held)
    if found == THERE_ALREADY:
        assert wallet.balance + position.unrealised_pnl <= 0
        return
    if kind is Kind.INVERSE:
        expected = quotient(held, held / entry + s * wallet.balance)
    else:
        expected = quotient(held * entry - s * wallet.balance, held)
    assert found_at(position, found) == expected


@given(wallets(most=1, valuations=MARK, size_rate=True))
def test_a_mark_valued_short_is_never_liquidated_exactly_when_the_coins_cover_its_entry_value(wallet: Wallet) -> None:
    position = covered(wallet)
    assume(position.contracts < 0)
    above = liquidation(wallet.balance, wallet.held).above
    event("never" if above is None else "somewhere")
    assert (above is None) == (notional(position) / position.entry_price <= wallet.balance)


@given(wallets(most=1, valuations=MARK, size_rate=True), st.fractions(Fraction(1, 10**6), 10**6))
def test_a_short_margined_one_to_one_is_a_dollar_at_every_price(wallet: Wallet, factor: Fraction) -> None:
    """Law 5. Its wallet is worth N dollars wherever the mark goes, and nothing ever liquidates it."""
    (drawn,) = wallet.held
    short = Held(drawn.contract, -abs(drawn.contracts), drawn.entry_price, drawn.mark_price)
    balance = notional(short) / short.entry_price
    moved = short.mark_price * factor
    assert moved * (balance + short.contract.pnl(short.contracts, short.entry_price, moved)) == notional(short)
    if isinstance(short.contract.maintenance, Tiers):
        assert liquidation(balance, [short]) == Factors(None, None)
    assert liquidation(balance, [short]).above is None
    assert bankruptcy(balance, [short]) == Factors(None, None)


def test_an_entry_valued_short_is_liquidated_though_its_coins_cover_it() -> None:
    """At Pe/m: 100,000 USD from 50,000, covered by 2 BTC, half a percent of maintenance at entry."""
    tiers = Tiers(
        Valuation.ENTRY,
        close_fee=False,
        method=Method.WHOLE,
        unit=TierUnit.COIN,
        tiers=(Tier(None, Fraction("0.005")),),
    )
    short = Held(inverse(tiers), Fraction(-1000), Fraction(50000), Fraction(50000))
    assert liquidation(Fraction(2), [short]) == Factors(None, Fraction(200))
    assert liquidation(Fraction("2.01"), [short]) == Factors(None, None)


def test_a_fee_paid_out_of_an_exact_cover_makes_it_finite() -> None:
    """A taker fee of 0.05 % leaves the short about 1,990 times its entry away at a rate of half a percent."""
    tiers = Tiers(
        Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.COIN, tiers=(Tier(None, Fraction("0.005")),)
    )
    short = Held(inverse(tiers), Fraction(-1000), Fraction(50000), Fraction(50000))
    assert liquidation(2 * (1 - Fraction("0.0005")), [short]) == Factors(None, Fraction(1990))


def test_a_long_without_leverage_falls_with_its_collateral() -> None:
    """At Pe·(1 + m)/2."""
    long = Held(inverse(assumed(Fraction(100)), taker_fee="0"), Fraction(1000), Fraction(50000), Fraction(50000))
    assert liquidation(Fraction(2), [long]) == Factors((1 + Fraction("0.025")) / 2, None)


def test_a_large_short_whose_rate_grows_has_a_lower_price_too() -> None:
    """1,000 BTC at base 1 % and 0.005 % a coin: covered to the coin, and short of maintenance below a twentieth."""
    rate = SizeRate(base=Fraction("0.01"), slope=Fraction("0.00005"))
    short = Held(inverse(rate), Fraction(-100_000), Fraction(10000), Fraction(10000))
    found = liquidation(Fraction(1000), [short])
    coins_then = 1000 / (found.below or ONE)
    assert found.above is None
    assert Fraction("0.01") + Fraction("0.00005") * coins_then == 1


def steep(*, contracts: tuple[int, ...]) -> list[Held]:
    """Positions from 10,000, maintained at 1 % up to 20 coins and a quarter of what is beyond."""
    tiers = Tiers(
        Valuation.MARK,
        close_fee=False,
        method=Method.DEDUCTION,
        unit=TierUnit.COIN,
        tiers=continuous(((Fraction(20), Fraction("0.01")), (None, Fraction("0.25")))),
    )
    return [Held(inverse(tiers), exact(n), Fraction(10000), Fraction(10000)) for n in contracts]


def test_a_hedged_pair_has_no_bankruptcy_but_can_be_liquidated() -> None:
    """Long and short of the same size and entry: PnL never moves, maintenance of both grows as the price falls."""
    pair = steep(contracts=(1000, -1000))
    assert bankruptcy(Fraction(1), pair) == Factors(None, None)
    found = liquidation(Fraction(1), pair)
    assert found.above is None
    assert found.below is not None
    assert 2 * (10 / found.below * Fraction("0.25") - Fraction("4.8")) == 1


def test_a_wallet_with_both_directions_can_end_both_ways() -> None:
    """Above, the 2 BTC net short are not covered; below, the tiers of both ask for more than the net short earns."""
    pair = steep(contracts=(1800, -2000))
    found = liquidation(Fraction(1), pair)
    assert found.above == Fraction("1.62")
    assert found.below is not None
    assert slack(Fraction(1), pair, found.below) == 0


@pytest.mark.parametrize(("contracts", "bound", "factor"), [("1000", "12.5", "0.8"), ("-1000", "8", "1.25")])
def test_an_end_exactly_at_a_tier_bound(contracts: str, bound: str, factor: str) -> None:
    """Ten coins at 10,000 become the bound's at the factor; the wallet holds what is needed just there."""
    tiers = Tiers(
        Valuation.MARK,
        close_fee=False,
        method=Method.DEDUCTION,
        unit=TierUnit.COIN,
        tiers=continuous(((exact(bound), Fraction("0.01")), (None, Fraction("0.25")))),
    )
    position = Held(inverse(tiers), exact(contracts), Fraction(10000), Fraction(10000))
    balance = -slack(Fraction(0), [position], exact(factor))
    found = liquidation(balance, [position])
    assert (found.below if position.contracts > 0 else found.above) == exact(factor)


def test_a_linear_wallet_of_two_coins_ends_at_one_factor() -> None:
    """Long 1 BTC and short 10 ETH, no maintenance: 40,000·(1 − k) − 25,000·(1 − k) = 3,000 at k = 0.8."""
    free = Tiers(
        Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.USD, tiers=(Tier(None, Fraction(0)),)
    )
    btc = Held(linear(free, multiplier="1"), Fraction(1), Fraction(40000), Fraction(40000))
    eth = Held(linear(free, multiplier="1", asset="ETH", name="ETHUSDT"), Fraction(-10), Fraction(2500), Fraction(2500))
    assert liquidation(Fraction(3000), [btc, eth]) == Factors(Fraction(4, 5), None)


def test_without_positions_there_is_no_end() -> None:
    assert liquidation(Fraction(0), []) == bankruptcy(Fraction(0), []) == Factors(None, None)
