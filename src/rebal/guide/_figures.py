"""How figures read in the guide's sentences and tables."""

from rebal.amounts import Fraction, plain
from rebal.formats.describe._phrases import FAR, foreseeable
from rebal.formats.document.said import GLUE
from rebal.formats.screen.figures import Figures
from rebal.plan import Wallet

_FIGURES = Figures("−", ",", " ", "$", "×")
NEVER, NONE = "never", "\N{EN DASH}"

usd = _FIGURES.usd
dollars = _FIGURES.dollars
price = _FIGURES.price
percent = _FIGURES.percent
rate = _FIGURES.rate
times = _FIGURES.times
points = _FIGURES.points


def coins(value: Fraction, asset: str) -> str:
    """Coins with their name."""
    return f"{_FIGURES.coins(value)} {asset}"


def days(value: Fraction) -> str:
    """Days, or hours: whole ones without decimals."""
    return _FIGURES.count(value) if value.denominator == 1 else _FIGURES.days(value)


def contracts(value: Fraction) -> str:
    """A number of contracts, however many: without a sign."""
    return f"{_FIGURES.exact(abs(value))} contract{'' if abs(value) == 1 else 's'}"


def change(value: Fraction) -> str:
    """A move of a price, with its sign."""
    return "today" if not value else _FIGURES.change(value)


def or_never(value: Fraction | None) -> str:
    """A price that there may be none of."""
    return NEVER if value is None else price(value)


def away(below: Fraction | None, above: Fraction | None) -> str:
    """How far the price may fall or rise, as signed moves; "never" where neither comes to it."""
    moves = [*([] if below is None else [-below]), *([] if above is None else [above])]
    return " or ".join(map(_FIGURES.change, moves)) or NEVER


def ends(wallet: Wallet) -> tuple[str, str]:
    """The prices at which a wallet is liquidated, and the moves to them, as far as a person may see either."""
    below, above = foreseeable(wallet.distance_below, wallet.distance_above)
    told = ((below, wallet.liquidation_below), (above, wallet.liquidation_above))
    prices = [at for distance, at in told if distance is not None and at is not None]
    if not prices and (wallet.distance_below, wallet.distance_above) != (None, None):
        return FAR.replace(GLUE, " "), NONE
    return " and ".join(map(price, prices)) or NEVER, away(below, above)


def exact(value: Fraction) -> str:
    """Every digit, as it would be typed."""
    return plain(value)
