"""A pooled account along one path: what is there at its end, what it lacks on the way, and where it ends."""

import pytest

from exact import exact
from market.definitions import inverse
from market.test_pooled_path import WHOLE, rules
from rebal.amounts import ONE, Fraction
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import Held
from rebal.market.path import Moves, Passage
from rebal.market.pooled import Coin, Levered, Pool
from rebal.stress.pooled import PooledCurve


def half_a_coin(beyond: str) -> Pool:
    """0.5 BTC that margins a long of 30,000 dollars at 40,000: 1 % is asked of 0.75 BTC, and of more another rate."""
    tiers = (Tier(exact("0.75"), exact("0.01")), Tier(None, exact(beyond)))
    schedule = Tiers(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.COIN, tiers=tiers)
    held = Held(inverse(schedule, multiplier="1", taker_fee="0"), Fraction(30000), Fraction(40000), Fraction(40000))
    return Pool(rules(), (Coin("BTC", Fraction(40000), exact("0.5"), WHOLE),), (Levered(held, ONE),))


@pytest.mark.parametrize(
    ("beyond", "shock", "said"),
    [
        # 50,000 k - 30,000 dollars of credit are 5,000 at k = 0.7, and 300 are asked
        ("0.01", "-0.3", ("5000", "300", "0.06", None, None)),
        # they are those 300 at k = 0.606, and 5,000 are owed at a half
        ("0.01", "-0.5", ("-5000", "300", None, "5300", "0.788")),
        # 29,700 are asked as soon as the price falls, of 20,000
        ("0.99", "-0.3", ("5000", "29700", "5.94", "24700", "0")),
        ("0.99", "-0.5", ("-5000", "29700", None, "34700", "0")),
        # on its way up 40,000 and more are there at k = 1.4
        ("0.99", "0.4", ("40000", "300", "0.0075", None, None)),
    ],
)
def test_an_account_ends_where_the_tier_that_it_comes_to_is_not_covered(
    beyond: str, shock: str, said: tuple[str | None, ...]
) -> None:
    margin, asked, ratio, short, ends_at = (None if each is None else exact(each) for each in said)
    curve = PooledCurve(half_a_coin(beyond))
    assert (curve.balance, curve.short_now) == (Fraction(20000), Fraction(300 - 20000))
    assert margin is not None
    assert asked is not None
    assert curve.along(Moves({"BTC": exact(shock)})) == Passage(margin, asked, ratio, short, ends_at)
