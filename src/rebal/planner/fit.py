"""What would fit, where coins are missing: the leverage or the distance at which they would do."""

from collections.abc import Callable

from rebal.amounts import ONE, Fraction, total, up
from rebal.market.margin import required_balance
from rebal.planner.collateral import Shortage
from rebal.portfolio import Policy

_LEVERAGE_STEP = Fraction(1, 100)
_DISTANCE_STEP = Fraction(1, 1000)


def fitting_leverage(shortage: Shortage) -> Fraction | None:
    """The least policy leverage, to 0.01, at which the coins at hand carry the positions; None where none does."""
    held = shortage.account.held_after
    value = total(position.position_value for position in held)
    margin_balance = shortage.available + total(position.unrealised_pnl for position in held)
    return up(value / margin_balance, _LEVERAGE_STEP) if margin_balance > 0 else None


def fitting_distance(shortage: Shortage, policy: Policy) -> Fraction | None:
    """The largest liquidation distance, to 0.1 points, that the coins at hand keep; None where they keep none."""
    spare = shortage.available - shortage.account.fees
    held = shortage.account.held_after

    def survives(steps: int) -> bool:
        distance = steps * _DISTANCE_STEP
        return required_balance(held, lowest=ONE - distance, highest=ONE + distance) <= spare

    steps = last_that(survives, int(policy.shock / _DISTANCE_STEP))
    return steps * _DISTANCE_STEP if steps else None


def last_that(holds: Callable[[int], bool], highest: int) -> int:
    """The largest count up to ``highest`` for which a condition holds that, once broken, stays broken; 0 if none."""
    low, high = 0, highest
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
