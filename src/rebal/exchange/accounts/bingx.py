"""BingX coin-margined: GET /openApi/cswap/v1/user/balance, user/positions, trade/openOrders.

It tells the fills of these contracts order by order alone, so what happened there is not read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from rebal.book import MarginMode
from rebal.errors import Unavailable
from rebal.exchange.accounts._asking import Asking, net, resting, summed
from rebal.exchange_account import Account, There


def rights(asking: Asking) -> None:
    """BingX does not tell what a key may do."""
    return None


def state(asking: Asking) -> Account:
    """What is there now."""
    balances = asking.rows(asking.ask("cswapV1PrivateGetUserBalance"), "data")
    positions = asking.rows(asking.ask("cswapV1PrivateGetUserPositions"), "data")
    orders = asking.rows(asking.ask("cswapV1PrivateGetTradeOpenOrders"), "data", "orders")
    return Account(
        wallets=summed((asking.text(row, "asset"), asking.number(row, "balance")) for row in balances),
        positions=net(_there(asking, row) for row in positions),
        orders=tuple(resting(asking, row, ordered="quantity") for row in orders),
    )


def since(asking: Asking, start: datetime, end: datetime) -> NoReturn:
    """Raise Unavailable."""
    raise Unavailable("bingx: tells fills of coin-margined contracts order by order alone; record them by hand")


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
