"""MEXC futures: GET private/account/assets, position/open_positions, order/list and position/funding_records.

Its fills do not tell the id that their order was sent under.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, milliseconds, net, numbered, pages, summed
from rebal.exchange_account import Account, Filled, Happened, Moved, Paid, Resting, There

_PAGE = 100
_QUOTES = ("USD", "USDT", "USDC")
_LONG, _ISOLATED = "1", "1"
_BUYS = frozenset({"1", "2"})
_FORCED = frozenset({"2", "4"})


def rights(asking: Asking) -> None:
    """MEXC does not tell what a key may do."""
    return None


def state(asking: Asking) -> Account:
    """What is there now; a wallet is the equity without what is open, both of one moment."""
    assets = asking.rows(asking.ask("contractPrivateGetAccountAssets"), "data")
    positions = asking.rows(asking.ask("contractPrivateGetPositionOpenPositions"), "data")
    orders = asking.rows(asking.ask("contractPrivateGetOrderListOpenOrders", page_num=1, page_size=_PAGE), "data")
    return Account(
        wallets=summed(
            (asking.text(row, "currency"), asking.number(row, "equity") - asking.number(row, "unrealized"))
            for row in assets
        ),
        positions=net(_there(asking, row) for row in positions),
        orders=tuple(_resting(asking, row) for row in orders),
    )


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    size, isolated = asking.number(row, "holdVol"), str(row.get("openType")) == _ISOLATED
    return There(
        contract=asking.text(row, "symbol"),
        contracts=size if str(row.get("positionType")) == _LONG else -size,
        entry_price=asking.above_zero(row, "holdAvgPrice"),
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidatePrice"),
    )


def _signed(row: Mapping[str, Any], size: Fraction) -> Fraction:
    return size if str(row.get("side")) in _BUYS else -size


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    return Resting(
        id=asking.text(row, "orderId"),
        client_id=asking.word(row, "externalOid") or None,
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, asking.number(row, "vol") - asking.number(row, "dealVol")),
        price=asking.above_zero(row, "price"),
        reduce_only=str(row.get("side")) in ("2", "4"),
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills of the contracts that are known, which are asked for one by one, funding and transfers."""
    for name in (f"{coin}_{quote}" for coin in sorted(asking.coins) for quote in _QUOTES):
        if asking.contract(name) is not None:
            yield from (_filled(asking, row) for row in _deals(asking, name, start, end))
    for row in _numbered(asking, "contractPrivateGetPositionFundingRecords", start, "settleTime"):
        yield Paid(asking.text(row, "id"), asking.time(row, "settleTime"), asking.text(row, "symbol"),
                   asking.number(row, "funding"))  # fmt: skip
    for row in _numbered(asking, "contractPrivateGetAccountTransferRecord", start, "createTime"):
        if row.get("state") == "SUCCESS":
            amount = asking.number(row, "amount")
            yield Moved(asking.text(row, "id"), asking.time(row, "createTime"), asking.text(row, "currency"),
                        amount if row.get("type") == "IN" else -amount)  # fmt: skip


def _deals(asking: Asking, contract: str, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    def page(number: int) -> list[Mapping[str, Any]]:
        answer = asking.ask(
            "contractPrivateGetOrderListOrderDeals", symbol=contract, start_time=milliseconds(start),
            end_time=milliseconds(end), page_num=number, page_size=_PAGE,
        )  # fmt: skip
        return asking.rows(answer, "data")

    return numbered(asking, page, most=_PAGE)


def _numbered(asking: Asking, call: str, start: datetime, time: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a list that takes no times, newest first, until they are older than what is asked for."""

    def page(cursor: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        rows = asking.rows(asking.ask(call, page_num=cursor or 1, page_size=_PAGE), "data", "resultList")
        is_over = len(rows) < _PAGE or asking.time(rows[-1], time) < start
        return rows, None if is_over else (cursor or 1) + 1

    return pages(asking, page)


def _filled(asking: Asking, row: Mapping[str, Any]) -> Filled:
    return Filled(
        id=asking.text(row, "id"),
        time=asking.time(row, "timestamp"),
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, asking.number(row, "vol")),
        price=asking.number(row, "price"),
        fee=asking.number(row, "fee"),
        forced=str(row.get("category")) in _FORCED,
    )
