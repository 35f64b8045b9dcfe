"""Gate futures settled in BTC: GET accounts, positions, orders, my_trades_timerange and account_book.

What is written in the account's book bears no id, so funding and transfers are told apart by their time and by the
balance after them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import SECONDS, Asking, net, numbered, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_SETTLE = "btc"
_PAGE, _DAYS, _A_SECOND = 100, 30, 1000
_NOWHERE = Fraction(99_999_999)
_FORCED = ("liq", "auto_deleverag", "adl")
_OF_TRADES = frozenset({"pnl", "fee"})


def rights(asking: Asking) -> None:
    """Gate does not tell what a key may do."""
    return None


def state(asking: Asking) -> Account:
    """What is there now; the total of the account is without unrealised PnL."""
    account = asking.part(asking.ask("privateFuturesGetSettleAccounts", settle=_SETTLE))
    positions = asking.rows(asking.ask("privateFuturesGetSettlePositions", settle=_SETTLE))
    orders = _rows(asking, "privateFuturesGetSettleOrders", status="open")
    return Account(
        wallets=summed([(asking.text(account, "currency"), asking.number(account, "total"))]),
        positions=net(_there(asking, row) for row in positions),
        orders=tuple(_resting(asking, row) for row in orders),
    )


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    leverage = asking.above_zero(row, "leverage")
    liquidation = asking.above_zero(row, "liq_price")
    return There(
        contract=asking.text(row, "contract"),
        contracts=asking.number(row, "size"),
        entry_price=asking.above_zero(row, "entry_price"),
        # A leverage of 0 is cross margin.
        margin_mode=MarginMode.CROSS if leverage is None else MarginMode.ISOLATED,
        margin=None if leverage is None else asking.known(row, "margin"),
        leverage=leverage,
        liquidation_price=liquidation if liquidation is not None and liquidation < _NOWHERE else None,
    )


def _rows(asking: Asking, call: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a list that is read on from how many there were."""

    def page(offset: int) -> list[Mapping[str, Any]]:
        return asking.rows(asking.ask(call, settle=_SETTLE, limit=_PAGE, offset=offset, **given))

    return numbered(asking, page, most=_PAGE, first=0, step=_PAGE)


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    return Resting(
        id=asking.text(row, "id"),
        client_id=_sender(asking, row),
        contract=asking.text(row, "contract"),
        contracts=asking.number(row, "left"),
        price=asking.above_zero(row, "price"),
        reduce_only=row.get("is_reduce_only") is True or row.get("reduce_only") is True,
    )


def _sender(asking: Asking, row: Mapping[str, Any]) -> str | None:
    """The sender's own id of an order, which begins with ``t-``; other texts say by which way it came."""
    told = asking.word(row, "text")
    return told if told.startswith("t-") else None


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills out of the trades; funding, transfers and the rest out of the account's book."""
    for first, last in windows(start, end, days=_DAYS):
        span = {"from": first // _A_SECOND, "to": -(-last // _A_SECOND)}
        yield from (_filled(asking, row) for row in _rows(asking, "privateFuturesGetSettleMyTradesTimerange", **span))
        for row in _rows(asking, "privateFuturesGetSettleAccountBook", **span):
            if asking.word(row, "type") not in _OF_TRADES:
                yield _flow(asking, row)


def _filled(asking: Asking, row: Mapping[str, Any]) -> Filled:
    return Filled(
        id=asking.text(row, "trade_id"),
        time=asking.time(row, "create_time", a_second=SECONDS),
        contract=asking.text(row, "contract"),
        contracts=asking.number(row, "size"),
        price=asking.number(row, "price"),
        fee=asking.number(row, "fee"),
        client_id=_sender(asking, row),
        forced=asking.word(row, "text").startswith(_FORCED),
    )


def _flow(asking: Asking, row: Mapping[str, Any]) -> Happened:
    kind, change = asking.text(row, "type"), asking.number(row, "change")
    time, name = asking.time(row, "time", a_second=SECONDS), f"{asking.text(row, 'time')}-{asking.text(row, 'balance')}"
    if kind == "fund":
        return Paid(name, time, asking.word(row, "contract") or asking.word(row, "text").partition(":")[0], change)
    if kind == "dnw":
        return Moved(name, time, _SETTLE.upper(), change)
    return Other(f"{name}.{kind}", time, kind, _SETTLE.upper(), change)
