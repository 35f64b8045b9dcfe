"""Proxies and beta."""

from collections.abc import Iterator

from rebal.amounts import ZERO, Fraction
from rebal.guide import Given, Reader
from rebal.guide._figures import exact, percent, usd
from rebal.guide._worked import subject
from rebal.reports.guide import Part

TITLE = "Proxies and beta: a coin without a contract"
PLACE = 7
_THOUSAND, _BETA = Fraction(1_000), Fraction(13, 10)
_R_SQUARED = (Fraction(9, 10), Fraction(7, 10), Fraction(1, 2))
_LEFT_HEADINGS = ("R²", "of the coin's moves that stay")
_HEADINGS = ("coin", "through", "beta", "held", "dollars to short for all of it")


def parts(reader: Reader) -> tuple[Part, ...]:
    """What beta does, the proxies of the file, and what is left when it is right."""
    given = reader.given()
    rows = tuple(_rows(given))
    return (
        Part("", tuple(_proxy(given, reader)), headings=_HEADINGS if rows else (), rows=rows),
        Part("What stays open", _OPEN, headings=_LEFT_HEADINGS, rows=tuple(map(_left, _R_SQUARED))),
    )


def _proxy(given: Given, reader: Reader) -> Iterator[str]:
    on, _ = subject(reader)
    yield (
        "A coin that has no contract of its own may move much like one that has. Beta says how much: with a beta of "
        f"{exact(_BETA)} a coin moves {percent(_BETA / 100)} when the other moves {percent(Fraction(1, 100))}, so "
        f"{usd(_THOUSAND)} of it are hedged by {usd(_THOUSAND * _BETA)} of the other, {on.asset} for one."
    )
    if given.portfolio.proxies:
        yield "The proxies of this portfolio:"
    else:
        yield (
            "This portfolio names none. `rebal beta DOT --via BTC --history prices.csv` measures one from a history of "
            "closes and prints the lines to paste; in the file it reads `proxies: {DOT: {via: BTC, beta: 1.3}}`."
        )


def _rows(given: Given) -> Iterator[tuple[str, ...]]:
    portfolio = given.portfolio
    for asset, proxy in sorted(portfolio.proxies.items()):
        if asset in portfolio.market.prices:
            held = given.book.holdings.get(asset, ZERO) * portfolio.price(asset)
            yield asset, proxy.via, exact(proxy.beta), usd(held), usd(held * proxy.beta)


def _left(r_squared: Fraction) -> tuple[str, ...]:
    from decimal import Decimal

    rest = 1 - r_squared
    root = (Decimal(rest.numerator) / Decimal(rest.denominator)).sqrt()
    return f"{exact(r_squared)}", f"{root * 100:.0f} %"


_OPEN = (
    "Beta is an average over a window that is past. What it explains of the coin's moves is R²; of the size of its "
    "swings √(1 − R²) stays, whatever is shorted. `rebal beta` refuses below an R² of one half. A proxy is a hedge "
    "against the market, not against the coin: news of that coin alone hits in full.",
    "The short is margined in the proxy's coin, so you must hold some of that too.",
)
