"""OKX: GET /api/v5/account/balance, positions, bills-archive, config, and trade/orders-pending."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode
from rebal.errors import Unavailable
from rebal.exchange.accounts._asking import Asking, milliseconds, net, pages, summed
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_PAGE = 100
_RIGHTS = {"trade": "trade", "withdraw": "withdraw"}
_MODES = {"2": MarginMode.CROSS, "3": MarginMode.POOLED, "4": MarginMode.POOLED}
_FUTURES = ("SWAP", "FUTURES")
# Types of bills, and the subtypes of those that trade, by side.
_TRANSFER, _TRADE, _DELIVERY, _LIQUIDATION, _FUNDING, _ADL = "1", "2", "3", "5", "8", "9"
_BOUGHT = frozenset({"1", "3", "6", "101", "102", "105", "106", "113", "126", "127"})
_SOLD = frozenset({"2", "4", "5", "100", "103", "104", "107", "112", "125", "128"})


def rights(asking: Asking) -> tuple[str, ...]:
    """What the key may do, by ``perm`` of GET /api/v5/account/config."""
    granted = asking.text(_config(asking), "perm").split(",")
    return tuple(words for name, words in _RIGHTS.items() if name in granted)


def state(asking: Asking) -> Account:
    """What is there now; spot and futures are one account, beside which coins may lie in the funding account."""
    (balance, *_) = asking.rows(asking.ask("privateGetAccountBalance"), "data") or [{"details": []}]
    listed = asking.rows(asking.ask("privateGetAccountPositions"), "data")
    open_rows = [row for row in listed if asking.word(row, "instType") in _FUTURES]
    cash = [(asking.text(row, "ccy"), asking.number(row, "cashBal")) for row in asking.rows(balance, "details")]
    # The margin of an isolated position has left the account's cash.
    apart = [(asking.text(row, "ccy"), asking.number(row, "margin")) for row in open_rows if _is_isolated(row)]
    return Account(
        wallets=summed([*cash, *apart]),
        positions=net(_there(asking, row) for row in open_rows),
        orders=tuple(_resting(asking, row) for row in _pending(asking)),
        spot=_funds(asking),
        margin_mode=_MODES.get(str(_config(asking).get("acctLv"))),
    )


def _config(asking: Asking) -> Mapping[str, Any]:
    (told, *_) = asking.rows(asking.ask("privateGetAccountConfig"), "data") or [{}]
    return told


def _funds(asking: Asking) -> dict[str, Fraction] | None:
    """Coins in the funding account; None where the key may not see it."""
    try:
        answer = asking.ask("privateGetAssetBalances")
    except Unavailable:
        return None
    return summed((asking.text(row, "ccy"), asking.number(row, "bal")) for row in asking.rows(answer, "data"))


def _is_isolated(row: Mapping[str, Any]) -> bool:
    return row.get("mgnMode") == "isolated"


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    size = asking.number(row, "pos")
    return There(
        contract=asking.text(row, "instId"),
        contracts=-abs(size) if row.get("posSide") == "short" else size,
        entry_price=asking.above_zero(row, "avgPx"),
        margin_mode=MarginMode.ISOLATED if _is_isolated(row) else MarginMode.CROSS,
        margin=asking.known(row, "margin") if _is_isolated(row) else None,
        leverage=asking.known(row, "lever"),
        liquidation_price=asking.above_zero(row, "liqPx"),
    )


def _pending(asking: Asking) -> Iterator[Mapping[str, Any]]:
    def page(cursor: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
        at = {} if cursor is None else {"after": cursor}
        rows = asking.rows(asking.ask("privateGetTradeOrdersPending", limit=_PAGE, **at), "data")
        return rows, asking.text(rows[-1], "ordId") if len(rows) >= _PAGE else None

    return (row for row in pages(asking, page) if asking.word(row, "instType") in _FUTURES)


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    left = asking.number(row, "sz") - asking.number(row, "accFillSz")
    return Resting(
        id=asking.text(row, "ordId"),
        client_id=asking.word(row, "clOrdId") or None,
        contract=asking.text(row, "instId"),
        contracts=left if row.get("side") == "buy" else -left,
        price=asking.above_zero(row, "px"),
        reduce_only=str(row.get("reduceOnly")).lower() == "true",
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Everything that changed a coin, out of the bills of three months, newest first."""

    def page(cursor: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
        at = {} if cursor is None else {"after": cursor}
        answer = asking.ask(
            "privateGetAccountBillsArchive", begin=milliseconds(start), end=milliseconds(end), limit=_PAGE, **at
        )
        rows = asking.rows(answer, "data")
        return rows, asking.text(rows[-1], "billId") if len(rows) >= _PAGE else None

    return (_happened(asking, row) for row in pages(asking, page))


def _happened(asking: Asking, row: Mapping[str, Any]) -> Happened:
    kind, time = asking.text(row, "type"), asking.time(row, "ts")
    name, coin = asking.text(row, "billId"), asking.text(row, "ccy")
    change = asking.number(row, "balChg") + asking.number(row, "posBalChg")
    is_future = asking.word(row, "instType") in _FUTURES
    if is_future and kind in (_TRADE, _DELIVERY, _LIQUIDATION, _ADL) and asking.number(row, "sz"):
        return Filled(
            id=asking.word(row, "tradeId") or name,
            time=time,
            contract=asking.text(row, "instId"),
            contracts=_signed(asking, row),
            price=asking.number(row, "px"),
            fee=-asking.number(row, "fee"),
            client_id=asking.word(row, "clOrdId") or None,
            forced=kind in (_LIQUIDATION, _ADL),
        )
    if kind == _FUNDING and is_future:
        return Paid(name, time, asking.text(row, "instId"), change, coin=coin)
    if kind == _TRANSFER:
        return Moved(name, time, coin, change)
    return Other(name, time, f"bill of type {kind}", coin, change)


def _signed(asking: Asking, row: Mapping[str, Any]) -> Fraction:
    size, which = abs(asking.number(row, "sz")), asking.word(row, "subType")
    if which in _BOUGHT:
        return size
    if which in _SOLD:
        return ZERO - size
    raise asking.wrong(f"a bill of subtype {which}, neither bought nor sold,")
