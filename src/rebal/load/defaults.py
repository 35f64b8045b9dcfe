"""What stands in for the rules that a file leaves out."""

from datetime import timedelta

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.policy import Posting, Prefer, Route, Sizing, Uncovered

BAND = Fraction(5, 100)
MARGIN_MODE = MarginMode.CROSS
LEVERAGE = Fraction(1)
LIQUIDATION_DISTANCE = Fraction(50, 100)
ALERT_DISTANCE = Fraction(35, 100)
ALERT_DISTANCE_OF_POLICY = Fraction(7, 10)
ALERT_LEVERAGE_OF_POLICY = Fraction(125, 100)
MIN_ORDER = Fraction(10)
ROUTES = (Route.INVERSE, Route.LINEAR, Route.PROXY)
ROUTE_WORDS = ("inverse", "dated", "linear", "proxy")
SIZING = Sizing.NOTIONAL
MAX_AT_VENUE = Fraction(1)
UNCOVERED = Uncovered.SPREAD
POST = tuple(Posting)
MAX_PRICE_AGE = timedelta(days=1)
PREFER = Prefer.ORDER
HORIZON = timedelta(days=90)
WITHDRAWAL = timedelta(hours=1)
HEDGE_BAND = Fraction(1, 100)
CASH = ("USD", "USDT", "USDC")
