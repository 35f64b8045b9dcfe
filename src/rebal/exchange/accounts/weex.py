"""WEEX's contracts, all linear: GET account/balance, position/allPosition, openOrders and userTrades, POST income.

Whether a balance has the PnL of what is open in it is not documented: by that much a wallet is not sure.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, in_contracts, net, onward, pages, resting, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, There

_PAGE, _DAYS = 100, 7
_MOVES = frozenset({"deposit", "withdraw", "transfer_in", "transfer_out"})
_OF_TRADES = ("position_open", "position_close", "margin_move", "order_fix_margin", "start_", "finish_")


def rights(asking: Asking) -> None:
    """WEEX does not tell what a key may do."""
    return None


def state(asking: Asking) -> Account:
    """What is there now."""
    balances = asking.rows(asking.ask("contractPrivateGetCapiV3AccountBalance"))
    positions = asking.rows(asking.ask("contractPrivateGetCapiV3AccountPositionAllPosition"))
    orders = asking.rows(asking.ask("contractPrivateGetCapiV3OpenOrders"))
    return Account(
        wallets=summed((asking.text(row, "asset"), asking.number(row, "balance")) for row in balances),
        positions=net(_there(asking, row) for row in positions if asking.number(row, "size")),
        orders=tuple(in_contracts(asking, resting(asking, row, ordered="origQty")) for row in orders),
        unsure=summed((asking.text(row, "asset"), abs(asking.number(row, "unrealizePnl"))) for row in balances),
    )


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    name, size = asking.text(row, "symbol"), asking.number(row, "size")
    contracts, isolated = asking.contracts(name, size), row.get("marginType") == "ISOLATED"
    return There(
        contract=name,
        contracts=contracts if row.get("side") == "LONG" else -contracts,
        entry_price=asking.number(row, "openValue") / size or None,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        margin=asking.known(row, "isolatedMargin") if isolated else None,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidatePrice"),
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills out of the trades, funding and transfers out of the bills."""
    for first, last in windows(start, end, days=_DAYS):
        yield from (_filled(asking, row) for row in _trades(asking, first, last))
        for row in _bills(asking, first, last):
            yield from _flow(asking, row)


def _trades(asking: Asking, first: int, last: int) -> Iterator[Mapping[str, Any]]:
    def page(start: int) -> list[Mapping[str, Any]]:
        answer = asking.ask("contractPrivateGetCapiV3UserTrades", startTime=start, endTime=last, limit=_PAGE)
        return asking.rows(answer)

    return onward(asking, page, first=first, most=_PAGE)


def _bills(asking: Asking, first: int, last: int) -> Iterator[Mapping[str, Any]]:
    span = {"startTime": first, "endTime": last, "limit": _PAGE}

    def page(cursor: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
        at = {} if cursor is None else {"nextKey": cursor}
        answer = asking.part(asking.ask("contractPrivatePostCapiV3AccountIncome", **span, **at))
        following = answer.get("nextKey") if answer.get("hasNextPage") is True else None
        return asking.rows(answer, "items"), None if following is None else str(following)

    return pages(asking, page)


def _filled(asking: Asking, row: Mapping[str, Any]) -> Filled:
    name = asking.text(row, "symbol")
    contracts = asking.contracts(name, asking.number(row, "qty"))
    return Filled(
        id=asking.text(row, "id"),
        time=asking.time(row, "time"),
        contract=name,
        contracts=contracts if row.get("side") == "BUY" else -contracts,
        price=asking.number(row, "price"),
        fee=asking.number(row, "commission"),
    )


def _flow(asking: Asking, row: Mapping[str, Any]) -> Iterator[Happened]:
    kind, name, time = asking.text(row, "incomeType"), asking.text(row, "billId"), asking.time(row, "time")
    asset, amount = asking.text(row, "asset"), asking.number(row, "income")
    if kind == "position_funding":
        yield Paid(name, time, asking.text(row, "symbol"), amount, coin=asset)
    elif kind in _MOVES:
        yield Moved(name, time, asset, amount)
    elif amount and not kind.startswith(_OF_TRADES):
        yield Other(name, time, kind.replace("_", " "), asset, amount)
