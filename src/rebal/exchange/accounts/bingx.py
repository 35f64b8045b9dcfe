"""BingX coin-margined: GET /openApi/cswap/v1 user/balance and positions, trade/openOrders, orderHistory, allFillOrders.

No list has the fills of all orders: those of each that was executed are asked for, liquidations by ``forceOrders``.
Funding is told nowhere, and transfers to keys alone that may transfer; neither is read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, net, numbered, resting, summed, windows
from rebal.exchange_account import Account, Filled, There

UNTOLD = "funding, nor transfers to a key that only reads"
_DAYS, _PAGE, _LEAST = 7, 1000, 2


class _Orders(NamedTuple):
    """A list of orders: ccxt's method, where the rows stand, and how many an answer tells at most."""

    call: str
    path: tuple[str, ...]
    most: int


_DONE = _Orders("cswapV1PrivateGetTradeOrderHistory", ("data", "orders"), 1000)
"""Those that are filled or cancelled."""
_FORCED = _Orders("cswapV1PrivateGetTradeForceOrders", ("data",), 100)
"""Those of the exchange's own: liquidations and reductions."""
_RESTED = timedelta(days=30)
"""How long before its first fill an order may have been placed: orders are listed by when they were."""


def rights(asking: Asking) -> None:
    """BingX does not tell what a key may do."""
    return None


def state(asking: Asking) -> Account:
    """What is there now."""
    balances = asking.rows(asking.ask("cswapV1PrivateGetUserBalance"), "data")
    positions = asking.rows(asking.ask("cswapV1PrivateGetUserPositions"), "data")
    return Account(
        wallets=summed((asking.text(row, "asset"), asking.number(row, "balance")) for row in balances),
        positions=net(_there(asking, row) for row in positions),
        orders=tuple(resting(asking, row, ordered="quantity") for row in _waiting(asking)),
    )


def _waiting(asking: Asking) -> list[Mapping[str, Any]]:
    return asking.rows(asking.ask("cswapV1PrivateGetTradeOpenOrders"), "data", "orders")


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    size = abs(asking.number(row, "positionAmt"))
    return There(
        contract=asking.text(row, "symbol"),
        contracts=-size if row.get("positionSide") == "SHORT" else size,
        entry_price=asking.above_zero(row, "avgPrice"),
        margin_mode=MarginMode.ISOLATED if row.get("isolated") is True else MarginMode.CROSS,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidationPrice"),
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Filled]:
    """Fills, those of each order by itself."""
    forced = {_id(asking, row): row for row in _listed(asking, _FORCED, start, end)}
    placed = {_id(asking, row): row for row in _listed(asking, _DONE, start - _RESTED, end)}
    waiting = {_id(asking, row): row for row in _waiting(asking)}
    for name, order in sorted({**forced, **waiting, **placed}.items()):
        if asking.number(order, "executedQty"):
            yield from (_filled(asking, row, order, forced=name in forced) for row in _fills(asking, name))


def _id(asking: Asking, row: Mapping[str, Any]) -> str:
    return asking.text(row, "orderId")


def _listed(asking: Asking, orders: _Orders, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    for first, last in windows(start, end, days=_DAYS):
        yield from _between(asking, orders, first, last)


def _between(asking: Asking, orders: _Orders, first: int, last: int) -> Iterator[Mapping[str, Any]]:
    """The orders of a time; where it has more than an answer tells, which are its newest, those of its halves."""
    answer = asking.ask(orders.call, startTime=first, endTime=last, limit=orders.most)
    rows = asking.rows(answer, *orders.path)
    if len(rows) < orders.most:
        yield from rows
    elif last - first < _LEAST:
        raise asking.wrong(f"{orders.most} orders of an instant")
    else:
        middle = (first + last) // 2
        yield from _between(asking, orders, first, middle)
        yield from _between(asking, orders, middle, last)


def _fills(asking: Asking, order: str) -> Iterator[Mapping[str, Any]]:
    def page(number: int) -> list[Mapping[str, Any]]:
        answer = asking.ask("cswapV1PrivateGetTradeAllFillOrders", orderId=order, pageIndex=number, pageSize=_PAGE)
        return asking.rows(answer, "data")

    return numbered(asking, page, most=_PAGE)


def _filled(asking: Asking, row: Mapping[str, Any], order: Mapping[str, Any], *, forced: bool) -> Filled:
    size = asking.number(row, "volume")
    return Filled(
        id=asking.text(row, "tradeId"),
        time=asking.time(row, "tradeTime"),
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, size),
        price=asking.number(row, "tradePrice"),
        fee=-asking.number(row, "commission"),
        client_id=asking.word(order, "clientOrderId") or None,
        forced=forced,
    )


def _signed(row: Mapping[str, Any], size: Fraction) -> Fraction:
    return size if row.get("side") == "BUY" else -size
