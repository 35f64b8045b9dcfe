"""Liquidation as a picture: how far each wallet's price may move until the wallet ends, and how near is an alert."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE, ZERO, Fraction, plain
from rebal.formats.describe._phrases import DUE, FAR, away, foreseeable, joined
from rebal.formats.document.charts import Axis, Mark, Sign, Strip, Strips
from rebal.formats.document.said import GLUE, YELLOW, Figure, Kind, Said
from rebal.names import within
from rebal.plan import Standing, Wallet
from rebal.policy import Policy

_State = Standing | Wallet


def chart(wallets: Sequence[Wallet], limits: Policy | None, *, planned: bool) -> Strips:
    """A row a wallet that is traded, today's prices in the middle; ``planned``: as it was and as it is left."""
    several = len({each.account for each in wallets}) > 1
    alert = None if limits is None else min(limits.alert.distance, ONE - ONE / 10)
    strips = [
        Strip(
            wallet.contract or within(wallet.account if several else None, wallet.currency),
            _ends(wallet),
            list(_marks(wallet, planned=planned)),
            None if alert is None else (-alert, alert),
        )
        for wallet in wallets
        if wallet.position_value or (planned and _moves(wallet.before))
    ]
    was = any(mark.sign is Sign.HOLLOW for each in strips for mark in each.marks)
    legend = {**({Sign.HOLLOW: "liquidated at, before"} if was else {}), Sign.FILLED: "liquidated at"}
    said = joined(((f"{each.name} ", each.said) for each in strips), "; ")
    return Strips(
        x=Axis("move of the price; equal factors are equally far", Kind.CHANGE, factors=True),
        strips=strips,
        legend=legend,
        shade="" if alert is None else f"alert, within {plain(alert * 100)}{GLUE}%",
        ink=YELLOW,
        name="ladder",
        said=("liquidation prices and how far away they are: ", *said),
        lines=((ZERO, "today's price"),),
    )


def _marks(wallet: Wallet, *, planned: bool) -> Iterator[Mark]:
    if planned:
        yield from (Mark(Sign.HOLLOW, move) for move in _moves(wallet.before))
    yield from (Mark(Sign.FILLED, move) for move in _moves(wallet))


def _moves(state: _State) -> list[Fraction]:
    below, above = foreseeable(state.distance_below, state.distance_above)
    return [*([] if below is None else [-below]), *([] if above is None or above == below == 0 else [above])]


def _ends(wallet: Wallet) -> Said:
    """Where a wallet is liquidated, and how far away that is."""
    below, above = wallet.distance_below, wallet.distance_above
    if below is None and above is None:
        return ("never liquidated",) if wallet.position_value else ("closed",)
    if 0 in (below, above):
        return (DUE,)
    ends = [
        (Figure(price, Kind.PRICE), f"{GLUE}(", *move, ")") if price is not None else move
        for price, move in (
            (wallet.liquidation_below, away(foreseeable(below, None)[0], None)),
            (wallet.liquidation_above, away(None, foreseeable(None, above)[1])),
        )
        if move
    ]
    return joined(ends, " or ") or (FAR,)
