"""The largest liquidation distance that the coins at hand keep, beside the definition: every step of it is tried."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from market.wallets import Wallet, fractions, wallets
from rebal.amounts import ONE, ZERO, Fraction
from rebal.market.margin import required_balance
from rebal.planner.collateral import DISTANCE_STEP, NOTHING_NEEDED, Account, Shortage, fitting_distance

from .given import policy

STEPS = 20


def distance_of(wallet: Wallet, available: Fraction, fees: Fraction) -> Fraction | None:
    rules = replace(policy(), survive=STEPS * DISTANCE_STEP)
    account = Account("BTC", None, available, (), wallet.held, fees=fees)
    return fitting_distance(Shortage(account, available + 1, available, NOTHING_NEEDED), rules)


@given(wallets(most=2, size_rate=True), fractions("0.5", "1.5"), st.integers(0, STEPS + 1))
def test_it_is_the_last_step_of_the_policys_that_the_coins_live_through(
    wallet: Wallet, share: Fraction, step: int
) -> None:
    def needs(steps: int) -> Fraction:
        distance = steps * DISTANCE_STEP
        return required_balance(wallet.held, lowest=ONE - distance, highest=ONE + distance)

    available = needs(step) * share if share < 1 else needs(step)
    kept = [steps for steps in range(1, STEPS + 1) if needs(steps) <= available]
    assert distance_of(wallet, available, ZERO) == (max(kept) * DISTANCE_STEP if kept else None)
    assert distance_of(wallet, available + 3, Fraction(3)) == distance_of(wallet, available, ZERO)


def test_without_a_position_every_distance_is_kept_but_by_coins_that_are_owed() -> None:
    nothing = Wallet(ZERO, ())
    assert distance_of(nothing, ZERO, ZERO) == STEPS * DISTANCE_STEP
    assert distance_of(nothing, ZERO, ONE) is None
