"""Coin-margined longs, and why they hurt twice."""

from collections.abc import Iterator

from rebal.amounts import ZERO, Fraction
from rebal.guide import Reader
from rebal.guide._figures import change, coins, or_never, percent, price, times, usd
from rebal.guide._worked import Subject, subject
from rebal.market.margin import Held, liquidation
from rebal.reports.guide import Part

TITLE = "Coin-margined longs, and why they hurt twice"
PLACE = 3
_FALLS = (Fraction(0), Fraction(-1, 10), Fraction(-1, 4), Fraction(-2, 5), Fraction(-1, 2))
_QUARTER = Fraction(1, 4)
_LEVERAGES = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(5))


def parts(reader: Reader) -> tuple[Part, ...]:
    """A long margined in its own coin as the price falls, and where it ends at several leverages."""
    on, said = subject(reader)
    long = on.long(on.held * on.mark * _QUARTER)
    return (
        Part("", (*said, *_twice(on, long)), headings=_headings(on), rows=tuple(_rows(on, long))),
        Part("Where it ends", _ends(on), headings=_END_HEADINGS, rows=tuple(_end_rows(on, long))),
        Part("What to make of it", _advice(on)),
    )


def _twice(on: Subject, long: Held) -> Iterator[str]:
    margin = coins(long.position_value, on.asset)
    yield (
        f"You buy {usd(on.contract.notional(long.contracts, on.mark))} of {on.contract.name} at {price(on.mark)} and "
        f"post {margin} for it, as much as it is worth: leverage 1. Margin and loss are in {on.asset}. When the price "
        "falls, the long costs coins, more of them the lower it is, and the coins that are left are worth less: it "
        "falls twice."
    )


def _headings(on: Subject) -> tuple[str, ...]:
    return ("move", "price", f"PnL in {on.asset}", f"{on.asset} of margin left", "worth")


def _rows(on: Subject, long: Held) -> Iterator[tuple[str, ...]]:
    posted = long.position_value
    for fall in _FALLS:
        then = on.mark * (1 + fall)
        pnl = on.contract.pnl(long.contracts, long.entry_price, then)
        left = posted + pnl
        yield change(fall), price(then), coins(pnl, on.asset), coins(left, on.asset), usd(left * then)


def _ends(on: Subject) -> tuple[str, ...]:
    return (
        "Liquidation comes before nothing is left, when the margin no longer covers what the venue asks to be "
        "maintained. A short is the other way round: its margin is worth more as its coin rises against it. By "
        "leverage, position value over margin balance:",
    )


_END_HEADINGS = ("leverage", "margin posted", "long liquidated at", "move", "short liquidated at", "move of the short")


def _end_rows(on: Subject, long: Held) -> Iterator[tuple[str, ...]]:
    short = on.short(on.contract.notional(long.contracts, on.mark))
    for leverage in _LEVERAGES:
        balance = long.position_value / leverage
        below, above = liquidation(balance, (long,)).below, liquidation(balance, (short,)).above
        yield (
            times(leverage), coins(balance, on.asset), _at(below, on), _move(below), _at(above, on), _move(above),
        )  # fmt: skip


def _at(factor: Fraction | None, on: Subject) -> str:
    return or_never(None if factor is None else factor * on.index)


def _move(factor: Fraction | None) -> str:
    return "–" if factor is None else change(factor - 1)


def _advice(on: Subject) -> tuple[str, ...]:
    policy = on.portfolio.policy
    least = percent(policy.shock)
    long = on.long(on.held * on.mark * _QUARTER)
    then = liquidation(long.position_value, (long,)).below or ZERO
    kept = "which leverage 1 just keeps" if then <= 1 - policy.shock else "so it posts more than leverage 1 does"
    return (
        f"A plan keeps every wallet at leverage {times(policy.leverage)} or less and its liquidation {least} or more "
        "away: `policy.leverage` and `policy.liquidation_distance`. At leverage 1 this long ends at "
        f"{change(then - 1)}, {kept}.",
        "Where a coin is to be bought for dollars that you hold, a linear contract margined in dollars falls once; "
        "`rebal compare` puts both side by side. Where you have no dollars, the coin-margined long is what there is: "
        "keep coins free to post more, and know down to which price they last. A plan says both.",
    )
