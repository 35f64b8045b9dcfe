"""The rungs at which wallets are liquidated, from the highest price to the lowest, with today's in its place."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from rebal.amounts import ZERO
from rebal.formats.page.ink import BOLD, EMPTY, GREEN, RED, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import DUE
from rebal.plan import Wallet
from rebal.portfolio import Policy

_COLUMNS = (
    Column("wallet", role=Role.NAME, left=True),
    Column("move"),
    Column("liquidated at"),
    Column("margin balance"),
)
_FAR, _NEAR = Fraction(1, 2), Fraction(35, 100)
"""Where a rung turns from green to yellow to red if no policy says: the policy's own defaults."""


class _Rung(NamedTuple):
    move: Fraction
    price: Fraction | None
    wallet: Wallet


def lines(wallets: Sequence[Wallet], sheet: Sheet) -> list[Line]:
    """A row a price at which a wallet ends; wallets that never do are named below."""
    rungs = sorted((rung for each in wallets for rung in _rungs(each)), key=lambda rung: -rung.move)
    if not rungs:
        return []
    today = (line(Piece("today", BOLD)), sheet.cell(sheet.figures.change, ZERO), EMPTY, EMPTY)
    above, below = ([_row(rung, sheet) for rung in rungs if (rung.move > 0) is up] for up in (True, False))
    never = [sheet.text(each.contract or each.currency) for each in wallets if each.position_value and not _ends(each)]
    return [
        *sheet.section("Liquidation ladder", "at index prices, all marks of a wallet moving together"),
        *sheet.table(_COLUMNS, [*above, today, *below]),
        *(sheet.flow([line(f"never liquidated: {', '.join(never)}")]) if never else []),
    ]


def _rungs(wallet: Wallet) -> Iterator[_Rung]:
    below, above = wallet.distance_below, wallet.distance_above
    if above is not None:
        yield _Rung(above, wallet.liquidation_above, wallet)
    if below is not None and above != 0:
        yield _Rung(-below, wallet.liquidation_below, wallet)


def _ends(wallet: Wallet) -> bool:
    return wallet.distance_below is not None or wallet.distance_above is not None


def _row(rung: _Rung, sheet: Sheet) -> Row:
    wallet, figures = rung.wallet, sheet.figures
    price = "no one price" if rung.price is None else figures.price(rung.price)
    return (
        line(sheet.text(wallet.contract or wallet.currency)),
        line(Piece(figures.change(rung.move), _ink(abs(rung.move), sheet.policy))),
        line(price if rung.move else DUE),
        line(sheet.coins(wallet.margin_balance, wallet.currency)),
    )


def _ink(distance: Fraction, policy: Policy | None) -> str:
    if distance >= (policy.shock if policy else _FAR):
        return GREEN
    return RED if distance < (policy.alert.distance if policy else _NEAR) else YELLOW
