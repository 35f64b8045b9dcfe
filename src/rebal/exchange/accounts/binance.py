"""Binance COIN-M: GET /dapi/v1/account, positionRisk, openOrders, income, userTrades, allOrders."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.book import MarginMode
from rebal.errors import Unavailable
from rebal.exchange.accounts._asking import Asking, milliseconds, net, pages, resting, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, There

_DAYS = 7
_MOST_INCOME, _MOST_TRADES, _MOST_ORDERS = 1000, 1000, 100
_OF_TRADES = frozenset({"COMMISSION", "REALIZED_PNL"})
_RIGHTS = {
    "enableFutures": "trade futures", "enableSpotAndMarginTrading": "trade spot", "enableMargin": "borrow",
    "enableVanillaOptions": "trade options", "enableWithdrawals": "withdraw", "enableInternalTransfer": "transfer",
    "permitsUniversalTransfer": "transfer between accounts", "enableFixApiTrade": "trade by FIX",
    "enablePortfolioMarginTrading": "trade on portfolio margin",
}  # fmt: skip


def rights(asking: Asking) -> tuple[str, ...]:
    """What the key may do, by GET /sapi/v1/account/apiRestrictions."""
    told = asking.ask("sapiGetAccountApiRestrictions")
    if not isinstance(told, Mapping) or "enableReading" not in told:
        raise asking.wrong("what the key may do is not")
    return tuple(words for name, words in _RIGHTS.items() if told.get(name) is True)


def state(asking: Asking) -> Account:
    """What is there now; the spot account where the key may see it."""
    wallets = asking.rows(asking.ask("dapiPrivateGetAccount"), "assets")
    return Account(
        wallets=summed((asking.text(row, "asset"), asking.number(row, "walletBalance")) for row in wallets),
        positions=net(_there(asking, row) for row in asking.rows(asking.ask("dapiPrivateGetPositionRisk"))),
        orders=tuple(
            resting(asking, row, ordered="origQty") for row in asking.rows(asking.ask("dapiPrivateGetOpenOrders"))
        ),
        spot=_spot(asking),
    )


def _spot(asking: Asking) -> dict[str, Any] | None:
    try:
        rows = asking.rows(asking.ask("privateGetAccount", omitZeroBalances="true"), "balances")
    except Unavailable:
        return None
    return summed(
        (asking.text(row, "asset"), asking.number(row, "free") + asking.number(row, "locked")) for row in rows
    )


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    isolated = row.get("marginType") == "isolated"
    return There(
        contract=asking.text(row, "symbol"),
        contracts=asking.number(row, "positionAmt"),
        entry_price=asking.above_zero(row, "entryPrice"),
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        margin=asking.known(row, "isolatedWallet") if isolated else None,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidationPrice"),
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Funding, transfers and the rest out of the income history; fills of the contracts that it names."""
    traded: set[str] = set()
    for row in _income(asking, start, end):
        kind = row.get("incomeType")
        if kind in _OF_TRADES:
            traded.add(asking.text(row, "symbol"))
        else:
            yield _flow(asking, row, str(kind))
    for contract in sorted(traded):
        yield from _fills(asking, contract, start, end)


def _income(asking: Asking, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    for first, last in windows(start, end, days=_DAYS):

        def page(
            cursor: int | None, first: int = first, last: int = last
        ) -> tuple[list[Mapping[str, Any]], int | None]:
            rows = asking.rows(
                asking.ask("dapiPrivateGetIncome", startTime=cursor or first, endTime=last, limit=_MOST_INCOME)
            )
            return rows, _next(asking, rows, _MOST_INCOME)

        yield from pages(asking, page)


def _next(asking: Asking, rows: list[Mapping[str, Any]], most: int) -> int | None:
    """Where a full page goes on: at its last instant, whose rows come again and count once."""
    return max(milliseconds(asking.time(row, "time")) for row in rows) if len(rows) >= most else None


def _flow(asking: Asking, row: Mapping[str, Any], kind: str) -> Happened:
    name, time = asking.text(row, "tranId"), asking.time(row, "time")
    asset, amount = asking.text(row, "asset"), asking.number(row, "income")
    if kind == "FUNDING_FEE":
        return Paid(name, time, asking.text(row, "symbol"), amount)
    if kind in ("TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER"):
        return Moved(name, time, asset, amount)
    return Other(f"{name}.{kind}", time, kind.lower().replace("_", " "), asset, amount)


def _fills(asking: Asking, contract: str, start: datetime, end: datetime) -> Iterator[Filled]:
    for first, last in windows(start, end, days=_DAYS):

        def page(
            cursor: int | None, first: int = first, last: int = last
        ) -> tuple[list[Mapping[str, Any]], int | None]:
            rows = asking.rows(
                asking.ask(
                    "dapiPrivateGetUserTrades", symbol=contract, startTime=cursor or first, endTime=last,
                    limit=_MOST_TRADES,
                )
            )  # fmt: skip
            return rows, _next(asking, rows, _MOST_TRADES)

        rows = list(pages(asking, page))
        if rows:
            names = _client_ids(asking, contract, first, last)
            yield from (_filled(asking, row, names) for row in rows)


def _client_ids(asking: Asking, contract: str, first: int, last: int) -> dict[str, str]:
    """The senders' own ids of orders, which fills do not repeat."""

    def page(cursor: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        rows = asking.rows(
            asking.ask(
                "dapiPrivateGetAllOrders", symbol=contract, startTime=cursor or first, endTime=last, limit=_MOST_ORDERS
            )
        )
        return rows, _next(asking, rows, _MOST_ORDERS)

    rows: Iterable[Mapping[str, Any]] = pages(asking, page)
    return {asking.text(row, "orderId"): str(row.get("clientOrderId") or "") for row in rows}


def _filled(asking: Asking, row: Mapping[str, Any], names: Mapping[str, str]) -> Filled:
    quantity = asking.number(row, "qty")
    client_id = names.get(asking.text(row, "orderId"), "")
    return Filled(
        id=asking.text(row, "id"),
        time=asking.time(row, "time"),
        contract=asking.text(row, "symbol"),
        contracts=quantity if row.get("side") == "BUY" else -quantity,
        price=asking.number(row, "price"),
        fee=asking.number(row, "commission"),
        client_id=client_id or None,
        forced=client_id.startswith(("autoclose-", "adl_autoclose")),
    )
