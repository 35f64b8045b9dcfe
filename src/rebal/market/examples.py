"""One contract of each kind, for the worked examples in this package's docstrings."""

from rebal.amounts import Fraction
from rebal.market.contract import Contract, Kind
from rebal.market.maintenance import assumed

INVERSE = Contract(
    name="BTCUSD",
    asset="BTC",
    kind=Kind.INVERSE,
    multiplier=Fraction(100),
    settle="BTC",
    expiry=None,
    tick_size=Fraction(1, 10),
    lot_size=Fraction(1),
    min_contracts=Fraction(1),
    maker_fee=Fraction(2, 10**4),
    taker_fee=Fraction(5, 10**4),
    funding_interval_hours=Fraction(8),
    max_leverage=Fraction(100),
    maintenance=assumed(Fraction(100)),
)
