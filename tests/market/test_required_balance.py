"""The least collateral: enough everywhere between two factors, short somewhere with any less."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.market.kept import kept_within
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import Factors, Held, liquidation, required_balance
from rebal.market.piecewise import Piece, first_above_one

from .definitions import HAIR, ONE, bounds, grid, inverse, slack
from .wallets import CONTINUOUS, Wallet, fractions, wallets

KINDS = pytest.mark.parametrize("kind", list(Kind))
NOTHING = Fraction(0)
distances = fractions("0.01", "0.9")


def least_slack(wallet: Wallet, balance: Fraction, *, lowest: Fraction, highest: Fraction) -> Fraction:
    return min(slack(balance, wallet.held, factor) for factor in grid(wallet.held, lowest=lowest, highest=highest))


def worth(wallet: Wallet) -> Fraction:
    return sum((position.position_value for position in wallet.held), NOTHING)


@KINDS
@given(data=st.data(), below=distances, above=distances)
def test_it_covers_the_whole_range_and_no_less_does(
    kind: Kind, data: st.DataObject, below: Fraction, above: Fraction
) -> None:
    wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    lowest, highest = 1 - below, 1 + above
    need = required_balance(wallet.held, lowest=lowest, highest=highest)
    scale = worth(wallet)
    left = least_slack(wallet, need, lowest=lowest, highest=highest)
    assert 0 <= left <= scale * HAIR * 100
    assert least_slack(wallet, need - scale / 10**9, lowest=lowest, highest=highest) < 0


@KINDS
@given(data=st.data(), below=distances, above=distances)
def test_nothing_is_liquidated_inside_the_range_it_was_asked_for(
    kind: Kind, data: st.DataObject, below: Fraction, above: Fraction
) -> None:
    wallet = data.draw(wallets(kind=kind))
    lowest, highest = 1 - below, 1 + above
    need = required_balance(wallet.held, lowest=lowest, highest=highest)
    hair = worth(wallet) / 10**12
    more, less = liquidation(need + hair, wallet.held), liquidation(need - hair, wallet.held)
    assert more.below is None or more.below < lowest
    assert more.above is None or more.above > highest
    assert (less.below is not None and less.below >= lowest) or (less.above is not None and less.above <= highest)
    exact = liquidation(need, wallet.held)
    if slack(need, wallet.held, ONE) > 0:
        assert exact.below is None or exact.below <= lowest
        assert exact.above is None or exact.above >= highest


@KINDS
@given(data=st.data(), near=distances, farther=distances)
def test_a_larger_distance_never_asks_for_less(
    kind: Kind, data: st.DataObject, near: Fraction, farther: Fraction
) -> None:
    wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    near, farther = sorted((near, farther))
    assert required_balance(wallet.held, lowest=1 - near, highest=1 + near) <= required_balance(
        wallet.held, lowest=1 - farther, highest=1 + farther
    )


@KINDS
@given(data=st.data(), below=distances, above=distances, factor=fractions("0.5", "2"))
def test_what_is_needed_once_marks_have_moved_is_seen_from_before(
    kind: Kind, data: st.DataObject, below: Fraction, above: Fraction, factor: Fraction
) -> None:
    """Wherever a wallet stands on its way, the rest of the way asks for the same."""
    wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    moved = [each.moved(factor) for each in wallet.held]
    assert [each.mark_price for each in moved] == [each.mark_price * factor for each in wallet.held]
    assert required_balance(moved, lowest=1 - below, highest=1 + above) == required_balance(
        wallet.held, lowest=factor * (1 - below), highest=factor * (1 + above)
    )


@given(wallets(methods=CONTINUOUS, most=1), distances)
def test_for_one_position_on_continuous_tiers_an_end_decides(wallet: Wallet, distance: Fraction) -> None:
    lowest, highest = 1 - distance, 1 + distance
    assert required_balance(wallet.held, lowest=lowest, highest=highest) == max(
        -slack(NOTHING, wallet.held, lowest), -slack(NOTHING, wallet.held, highest)
    )


def whole(rate_above: str) -> Tiers:
    """1 % up to ten coins, then more."""
    return Tiers(
        Valuation.MARK,
        close_fee=False,
        method=Method.WHOLE,
        unit=TierUnit.COIN,
        tiers=(Tier(Fraction(10), Fraction("0.01")), Tier(None, exact(rate_above))),
    )


TEN_COINS = Held(inverse(whole("0.5")), Fraction(4000), Fraction(40000), Fraction(40000))


def test_a_bound_at_the_very_end_of_the_range_is_not_crossed() -> None:
    """Ten coins are the first tier's; the price never falls, so the second's rate is never asked."""
    assert required_balance([TEN_COINS], lowest=ONE, highest=Fraction(3, 2)) == Fraction("0.1")
    assert required_balance([TEN_COINS], lowest=ONE, highest=ONE) == Fraction("0.1")


def test_a_jump_inside_the_range_may_ask_for_more_than_its_ends() -> None:
    """Nine coins short at 40,000 are ten at 36,000: one coin of profit, and half of ten to hold just below."""
    short = Held(TEN_COINS.contract, Fraction(-3600), Fraction(40000), Fraction(40000))
    assert bounds([short]) == [Fraction(36000, 40000)]
    assert required_balance([short], lowest=Fraction(1, 2), highest=ONE) == 5 - 1
    assert liquidation(Fraction(4), [short]).below is None
    assert liquidation(Fraction(4) - HAIR, [short]).below == Fraction(9, 10)
    assert required_balance([short], lowest=Fraction(1, 2), highest=Fraction(1, 2)) == 0
    assert required_balance([short], lowest=ONE, highest=ONE) == Fraction("0.09")


def test_no_positions_need_nothing() -> None:
    assert required_balance([], lowest=Fraction(1, 2), highest=Fraction(3, 2)) == 0


def test_initial_margin_at_a_leverage_holds_until_the_rate_of_the_size_is_larger() -> None:
    # 40,000 dollars of long from 40,000: with y = 40,000/P it is worth y and has lost y - 1
    grows = SizeRate(exact("0.01"), exact("0.5"), initial_base=exact("0.02"))
    held = Held(inverse(grows, multiplier="1", taker_fee="0"), Fraction(40000), Fraction(40000), Fraction(40000))

    def kept(balance: str, *, lever: str) -> Factors:
        return kept_within(
            exact(balance), [held], leverage=Fraction(1000), set_to=lambda _: exact(lever), shock=Fraction(0)
        )

    # set to 2: W + 1 - y = y/2 while y/2 is more than 0.02 y + 0.5 y², that is up to y = 0.96; then that
    assert kept("0.52", lever="1/100").below == 1
    # W + 1 - y = 0.02 y + 0.5 y² at y = 1.1 where W + 1 = 1.122 + 0.605
    assert kept("0.727", lever="2").below == 1 / exact("1.1")
    # set to 1/2 it is 2 y, which is more up to y = 3.96: W + 1 = 3 y at y = 1.2
    assert kept("2.6", lever="1/2").below == 1 / exact("1.2")


@pytest.mark.parametrize("unit", [TierUnit.USD, TierUnit.CONTRACTS])
def test_a_size_that_prices_do_not_move_keeps_the_leverage_of_its_tier(unit: TierUnit) -> None:
    # 60,000 contracts of a dollar, in the tier that is capped at 2 at every price: with y = 40,000/P they are worth
    # 1.5 y and have lost 1.5 (y - 1), so W = 2.25 y - 1.5
    steps = (
        Tier(Fraction(50000), exact("0.005"), max_leverage=Fraction(10)),
        Tier(None, exact("0.005"), max_leverage=Fraction(2)),
    )
    tiers = Tiers(Valuation.MARK, False, Method.WHOLE, unit, steps)
    held = Held(inverse(tiers, multiplier="1", taker_fee="0"), Fraction(60000), Fraction(40000), Fraction(40000))
    loose = Fraction(1000)
    kept = kept_within(exact("1.2"), [held], leverage=loose, set_to=lambda _: loose, shock=Fraction(0))
    assert kept.below == 1 / exact("1.2")


def test_what_is_nearer_to_its_end_than_the_shock_is_kept_at_todays_price() -> None:
    # 40,000 dollars of short from 40,000 on 0.2 BTC: liquidated at 40,000 · 0.99 / 0.8, less than 24 % above
    tiers = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, exact("0.01")),))
    held = Held(inverse(tiers, multiplier="1", taker_fee="0"), Fraction(-40000), Fraction(40000), Fraction(40000))

    def kept(shock: str) -> Factors:
        loose = Fraction(1000)
        return kept_within(exact("0.2"), [held], leverage=loose, set_to=lambda _: loose, shock=exact(shock))

    assert kept("0.5") == Factors(None, Fraction(1))
    assert kept("0.1") == Factors(None, exact("0.99") / exact("0.8") / exact("1.1"))


def test_a_leverage_below_one_ends_a_short_in_a_fall_though_its_rise_is_spent() -> None:
    """A short of 40,000 dollars from 40,000 on 1.2 coins, worth y = 40,000/P, has y - 1 and 0.9 to hold throughout.

    0.2 + y is 0.9 at y = 0.7, nearer above than the shock of half, and 10/9 of y at y = 1.8.
    """
    tiers = Tiers(Valuation.ENTRY, False, Method.WHOLE, TierUnit.COIN, (Tier(None, exact("0.9")),))
    held = Held(inverse(tiers, multiplier="1", taker_fee="0"), Fraction(-40000), Fraction(40000), Fraction(40000))
    kept = kept_within(exact("1.2"), [held], leverage=exact("0.9"), set_to=lambda _: exact("0.9"), shock=exact("0.5"))
    assert kept == Factors(1 / exact("1.8"), ONE)


def test_a_need_that_touches_the_balance_and_falls_reaches_it_where_it_rises_again() -> None:
    # 3 - 5y + 2y² is nothing at y = 1, where it falls, and at y = 1.5
    assert first_above_one([Piece(None, Fraction(3), Fraction(-5), Fraction(2))], NOTHING) == exact("1.5")
    assert first_above_one([Piece(None, Fraction(3), Fraction(-4), Fraction(1))], NOTHING) == 3
    assert first_above_one([Piece(None, Fraction(1), Fraction(-2), Fraction(1))], NOTHING) == 1


@pytest.mark.parametrize(("set_to", "first"), [("1000", "0.1"), ("5", "0.2"), ("2", "0.5")])
def test_prices_that_move_a_size_into_another_tier_set_it_to_the_leverage_of_that(set_to: str, first: str) -> None:
    """40,000 dollars of long from 40,000, worth y = 40,000/P coins: up to 1.25 of them at 10 at most, then at 2.

    So W + 1 - y is the ``first`` share of y up to y = 1.25, and half of it from there on.
    """
    steps = (
        Tier(exact("1.25"), exact("0.005"), max_leverage=Fraction(10)),
        Tier(None, exact("0.005"), max_leverage=Fraction(2)),
    )
    tiers = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, steps)
    held = Held(inverse(tiers, multiplier="1", taker_fee="0"), Fraction(40000), Fraction(40000), Fraction(40000))

    def kept(balance: str) -> Fraction | None:
        ends = kept_within(
            exact(balance), [held], leverage=Fraction(1000), set_to=lambda _: exact(set_to), shock=Fraction(0)
        )
        return ends.below

    assert kept("1.1") == 1 / exact("1.4")
    # at 1.25 it lacks 0.875, of which there are 0.8: half of y is there at y = 1.2 already
    assert kept("0.8") == 1 / exact("1.2" if first == "0.5" else "1.25")
    assert kept("0.32") == min(1, (1 + exact(first)) / exact("1.32"))


def test_a_jump_to_the_balance_is_its_end_where_the_need_rises_from_there() -> None:
    """4·y² + b·y from y = 2 on, where it is the balance and has the slope 16 + b."""
    for linear, end in (("-15", Fraction(2)), ("-16", Fraction(2)), ("-17", exact("9/4"))):
        after = Piece(None, -16 - 2 * exact(linear), exact(linear), Fraction(4))
        assert first_above_one([Piece(Fraction(2), Fraction(-1), NOTHING), after], NOTHING) == end


def test_what_is_never_reached_has_no_root_and_what_is_touched_has_one() -> None:
    """y² - 2·y + 1 touches nothing at one, whatever it is scaled by, and a hair more never does."""
    for steep in (Fraction(1), Fraction(-3), Fraction(1, 1000)):
        touching = Piece(None, steep, -2 * steep, steep)
        assert touching.roots(NOTHING) == (ONE,)
        assert touching.roots(-steep / 10**6) == ()
        assert touching.roots(steep / 10**6) == (1 - Fraction(1, 1000), 1 + Fraction(1, 1000))
    assert Piece(None, ONE, NOTHING, NOTHING).roots(NOTHING) == ()
    assert Piece(None, ONE, NOTHING, NOTHING).roots(ONE) == ()


def test_roots_ascend() -> None:
    for below, above in combinations(range(-9, 10), 2):
        for steep in (1, -2):
            piece = Piece(None, Fraction(steep * below * above), Fraction(-steep * (below + above)), exact(steep))
            assert piece.roots(NOTHING) == (exact(below), exact(above))
