"""Five BTC at 65,000, half of them hedged on a perpetual at 64,500, which then falls to 58,000."""

from rebal.amounts import Fraction, plain, rounded
from rebal.market.examples import INVERSE
from rebal.market.fill import fill
from rebal.market.margin import Held, initial_margin

SPOT, ENTRY, LATER = Fraction(65000), Fraction(64500), Fraction(58000)
HEDGED = Fraction("2.5")
SHORT = fill(INVERSE, Fraction(0), None, traded=-HEDGED * SPOT / INVERSE.multiplier, price=ENTRY)


def test_the_hedge_is_162_500_dollars() -> None:
    assert SHORT.contracts == -1625
    assert plain(INVERSE.notional(SHORT.contracts, ENTRY)) == "162500"
    assert plain(INVERSE.coins(SHORT.contracts, ENTRY)) == "2.51937984496124031"


def test_at_one_percent_it_takes_a_fortieth_of_a_coin() -> None:
    held = Held(INVERSE, SHORT.contracts, ENTRY, ENTRY)
    assert plain(initial_margin(held, Fraction(100))) == "0.0251937984496124031"


def test_the_fall_earns_it_16_375_dollars_and_97_cents() -> None:
    assert SHORT.entry_price is not None
    earned = INVERSE.pnl(SHORT.contracts, SHORT.entry_price, LATER)
    assert earned == 162500 * (1 / LATER - 1 / ENTRY)
    assert rounded(earned, 8) == "0.28234429"
    assert rounded(earned * LATER, 2) == "16375.97"
    assert rounded(earned * 58500, 2) == "16517.14"


def test_a_hedge_of_forty_percent_of_twenty_eth_is_30_400_dollars() -> None:
    contracts = Fraction("0.4") * 20 * 3800 / INVERSE.multiplier
    assert INVERSE.notional(contracts, Fraction(3750)) == 30_400
    assert rounded(INVERSE.coins(contracts, Fraction(3750)), 4) == "8.1067"
