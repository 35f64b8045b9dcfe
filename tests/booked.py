"""How far booked figures may be from exact ones: PnL is booked in steps of 1e-8 coin, average entries to 18 digits."""

from collections.abc import Iterable

from rebal.amounts import Fraction
from rebal.plan import Order
from rebal.portfolio import Portfolio

STEP = Fraction(1, 10**8)


def booked_usd(orders: Iterable[Order], portfolio: Portfolio) -> Fraction:
    """Dollars by which the books of orders may differ from exact ones: one step of the settlement coin an order."""
    return sum((STEP * portfolio.price(order.fee_currency) for order in orders), Fraction(0))


def near(ours: Fraction, exact: Fraction, *, steps: int) -> bool:
    """Whether a booked figure in coins is an exact one up to so many steps."""
    return abs(ours - exact) <= steps * STEP


def eighteen(exact: Fraction) -> Fraction:
    """Half-even to 18 significant digits, by whole numbers."""
    scale = Fraction(1)
    while abs(exact) * scale < 10**17:
        scale *= 10
    while abs(exact) * scale >= 10**18:
        scale /= 10
    return round(exact * scale) / scale
