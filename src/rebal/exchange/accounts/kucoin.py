"""KuCoin futures: GET account-overview, positions, orders, fills, funding-history and transaction-history.

Fills do not repeat the id that their order was sent under, which is looked up among the orders that are done.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import NANOSECONDS, Asking, net, numbered, pages, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Paid, Resting, There

_NAMES = {"BTC": "XBT"}
_COINS = {theirs: ours for ours, theirs in _NAMES.items()}
_PAGE, _MOST_FUNDING, _MOST_MOVES = 100, 100, 50
_DAYS, _DAY = 7, 1
_FORCED = frozenset({"liquidation", "ADL", "adl"})
_IN, _OUT = frozenset({"TransferIn", "Deposit"}), frozenset({"TransferOut", "Withdrawal"})


def rights(asking: Asking) -> None:
    """KuCoin's futures do not tell what a key may do."""
    return None


def _coin(name: str) -> str:
    return _COINS.get(name, name)


def state(asking: Asking) -> Account:
    """What is there now; a wallet is the equity without what is open, both of one moment."""
    overviews = [
        asking.part(asking.ask("futuresPrivateGetAccountOverview", currency=_NAMES.get(coin, coin)), "data")
        for coin in sorted(asking.coins)
    ]
    positions = asking.rows(asking.ask("futuresPrivateGetPositions"), "data")
    return Account(
        wallets=summed(
            (_coin(asking.text(row, "currency")), asking.number(row, "accountEquity") - _open(asking, row))
            for row in overviews
        ),
        positions=net(_there(asking, row) for row in positions),
        orders=tuple(_resting(asking, row) for row in _items(asking, "futuresPrivateGetOrders", status="active")),
    )


def _open(asking: Asking, row: Mapping[str, Any]) -> Fraction:
    return asking.number(row, "unrealisedPNL")


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    is_cross = row.get("crossMode") is True or row.get("marginMode") == "CROSS"
    return There(
        contract=asking.text(row, "symbol"),
        contracts=asking.number(row, "currentQty"),
        entry_price=asking.above_zero(row, "avgEntryPrice"),
        margin_mode=MarginMode.CROSS if is_cross else MarginMode.ISOLATED,
        margin=None if is_cross else asking.known(row, "posMargin"),
        leverage=asking.above_zero(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidationPrice"),
    )


def _items(asking: Asking, call: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a list whose pages are numbered."""

    def page(number: int) -> list[Mapping[str, Any]]:
        return asking.rows(asking.ask(call, currentPage=number, pageSize=_PAGE, **given), "data", "items")

    return numbered(asking, page, most=_PAGE)


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    left = asking.number(row, "size") - asking.number(row, "filledSize")
    return Resting(
        id=asking.text(row, "id"),
        client_id=asking.word(row, "clientOid") or None,
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, left),
        price=asking.above_zero(row, "price"),
        reduce_only=row.get("reduceOnly") is True,
    )


def _signed(row: Mapping[str, Any], size: Fraction) -> Fraction:
    return size if row.get("side") == "buy" else -size


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills, funding and transfers, each out of its own list."""
    traded: set[str] = set()
    for first, last in windows(start, end, days=_DAYS):
        rows = list(_items(asking, "futuresPrivateGetFills", startAt=first, endAt=last))
        names = _client_ids(asking, first, last) if rows else {}
        traded |= {asking.text(row, "symbol") for row in rows}
        yield from (_filled(asking, row, names) for row in rows)
    held = {asking.text(row, "symbol") for row in asking.rows(asking.ask("futuresPrivateGetPositions"), "data")}
    for contract in sorted(traded | held):
        yield from _funding(asking, contract, start, end)
    for first, last in windows(start, end, days=_DAY):
        yield from _moves(asking, first, last)


def _client_ids(asking: Asking, first: int, last: int) -> dict[str, str]:
    rows = _items(asking, "futuresPrivateGetOrders", status="done", startAt=first, endAt=last)
    return {asking.text(row, "id"): asking.word(row, "clientOid") for row in rows}


def _filled(asking: Asking, row: Mapping[str, Any], names: Mapping[str, str]) -> Filled:
    return Filled(
        id=asking.text(row, "tradeId"),
        time=asking.time(row, "tradeTime", a_second=NANOSECONDS),
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, asking.number(row, "size")),
        price=asking.number(row, "price"),
        fee=asking.number(row, "fee"),
        client_id=names.get(str(row.get("orderId"))) or None,
        forced=asking.word(row, "tradeType") in _FORCED,
    )


def _funding(asking: Asking, contract: str, start: datetime, end: datetime) -> Iterator[Paid]:
    for first, last in windows(start, end, days=_DAYS):
        rows = _offset(
            asking, "futuresPrivateGetFundingHistory", "id", symbol=contract, startAt=first, endAt=last,
            maxCount=_MOST_FUNDING,
        )  # fmt: skip
        for row in rows:
            yield Paid(asking.text(row, "id"), asking.time(row, "timePoint"), asking.text(row, "symbol"),
                       asking.number(row, "funding"))  # fmt: skip


def _offset(asking: Asking, call: str, offset: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a list that goes on from the number of its last row, until it says that there are no more."""

    def page(cursor: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
        at = {} if cursor is None else {"offset": cursor}
        answer = asking.ask(call, **given, **at)
        rows = asking.rows(answer, "data", "dataList")
        more = asking.part(answer, "data").get("hasMore") is True and rows
        return rows, asking.text(rows[-1], offset) if more else None

    return pages(asking, page)


def _moves(asking: Asking, first: int, last: int) -> Iterator[Moved]:
    rows = _offset(
        asking, "futuresPrivateGetTransactionHistory", "offset", startAt=first, endAt=last, maxCount=_MOST_MOVES
    )
    for row in rows:
        kind, amount = asking.word(row, "type"), abs(asking.number(row, "amount"))
        if kind in _IN | _OUT and row.get("status") == "Completed":
            yield Moved(asking.text(row, "offset"), asking.time(row, "time"), _coin(asking.text(row, "currency")),
                        amount if kind in _IN else -amount)  # fmt: skip
