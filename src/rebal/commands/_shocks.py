"""What stress reads off the command line: shocks, and what comes before them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rebal.amounts import Fraction, NumberProblem, number, percentage
from rebal.commands._asked import assets_known, day_after
from rebal.commands._options import one_of
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from datetime import datetime

    from rebal.book import Book
    from rebal.portfolio import Portfolio
    from rebal.stress.report import Scenario
    from rebal.stress.wallets import Strain

_DAYS_OF_FUNDING = Fraction(30)


def scenario(text: str, book: "Book", portfolio: "Portfolio") -> "Scenario":
    """A shock of all coins, ``-35%``, or of some, ``BTC=-40%,ETH=-55%``. Raises UsageProblem."""
    from rebal.stress.report import Scenario, everywhere

    if "=" not in text:
        return everywhere(_shock(text, text))
    shocks: dict[str, Fraction] = {}
    for each in text.split(","):
        asset, _, move = (part.strip() for part in each.partition("="))
        if asset in shocks:
            raise UsageProblem(f"--shock {text}: names {asset} twice")
        _known(asset, text, book, portfolio)
        shocks[asset] = _shock(move, text)
    return Scenario(", ".join(f"{asset} {everywhere(shock).name}" for asset, shock in shocks.items()), shocks)


def strain(*, basis: str | None, funding_times: str | None, funded_for: str | None, now: "datetime") -> "Strain":
    """What a book is put under before prices move. Raises UsageProblem."""
    from rebal.stress.wallets import Strain

    return Strain(
        widening=Fraction(0) if basis is None else _read(percentage, basis, option="--basis"),
        funding_times=Fraction(1) if funding_times is None else _read(number, funding_times, option="--funding-times"),
        days=_days(funded_for, now, funded=funding_times is not None),
    )


def _shock(text: str, given: str) -> Fraction:
    try:
        value = percentage(text)
    except NumberProblem as problem:
        raise UsageProblem(f"--shock {given}: {text or 'nothing'} {problem}") from problem
    if value <= -1:
        raise UsageProblem(f"--shock {given}: leaves no price above 0; write a fall of less than 100%")
    return value


def _known(asset: str, given: str, book: "Book", portfolio: "Portfolio") -> None:
    if asset in portfolio.cash:
        raise UsageProblem(f"--shock {given}: {asset} counts as dollars; take it out of cash to have it moved")
    known = assets_known(book, portfolio)
    if asset not in known:
        raise UsageProblem(f"--shock {given}: {asset} is neither held nor open; {one_of(asset, known)}")


def _read(grammar: Callable[[str], Fraction], text: str, *, option: str) -> Fraction:
    try:
        return grammar(text)
    except NumberProblem as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem


def _days(text: str | None, now: "datetime", *, funded: bool) -> Fraction:
    if text is None:
        return _DAYS_OF_FUNDING if funded else Fraction(0)
    from rebal.market.carry import days_between

    return days_between(now, day_after(text, now, option="--for"))
