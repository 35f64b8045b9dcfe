"""BitMEX: GET user/margin, position, order, execution/tradeHistory and user/walletHistory, read without ccxt.

Values are whole numbers of a coin's smallest part, satoshi for XBt; how many decimals each coin has is asked for.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, net, numbered, summed
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There
from rebal.times import rfc3339

_PAGE, _MOST_PLACES = 500, 30
_COINS = {"XBT": "BTC"}
_MOVES = frozenset({"Deposit", "Withdrawal", "Transfer"})
_OF_TRADES = frozenset({"RealisedPNL", "UnrealisedPNL", "Funding", "Trade", "Settlement"})
_FILLS = frozenset({"Trade", "Settlement", "Liquidation", "Bankruptcy"})

_Scales = Mapping[str, tuple[str, Fraction]]
"""By the name that values are told in: the coin, and how many of the smallest part it has."""


def rights(asking: Asking) -> tuple[str, ...]:
    """What the key may do, by its ``permissions`` in GET apiKey: a key that can only read has none."""
    mine = [row for row in asking.rows(asking.ask("api_keys")) if row.get("id") == asking.line.exchange.key]
    granted = mine[0].get("permissions") if mine else None
    if not isinstance(granted, list):
        raise asking.wrong("what the key may do is not")
    return tuple(each if each in _RIGHTS else "write" for each in granted)


_RIGHTS = frozenset({"order", "orderCancel", "withdraw", "transfer", "trade", "margin"})


def _scales(asking: Asking) -> _Scales:
    found = {}
    for row in asking.rows(asking.ask("assets")):
        places, name = asking.known(row, "scale"), asking.text(row, "asset")
        if places is not None and 0 <= places <= _MOST_PLACES:
            found[asking.text(row, "currency")] = (_COINS.get(name, name), Fraction(10) ** int(places))
    return found


def _coins(asking: Asking, row: Mapping[str, Any], name: str, *, scales: _Scales) -> tuple[str, Fraction]:
    """The coin of a row, and how many of it a value is."""
    currency = asking.text(row, "currency")
    if currency not in scales:
        raise asking.wrong(f"how many decimals {currency} has is not")
    coin, parts = scales[currency]
    return coin, asking.number(row, name) / parts


def state(asking: Asking) -> Account:
    """What is there now."""
    scales = _scales(asking)
    margins = [row for row in asking.rows(asking.ask("margin", currency="all")) if asking.number(row, "walletBalance")]
    positions = [row for row in asking.rows(asking.ask("positions")) if asking.number(row, "currentQty")]
    orders = asking.rows(asking.ask("orders", filter=json.dumps({"open": True}), count=_PAGE))
    return Account(
        wallets=summed(_coins(asking, row, "walletBalance", scales=scales) for row in margins),
        positions=net(_there(asking, row, scales) for row in positions),
        orders=tuple(_resting(asking, row) for row in orders),
    )


def _there(asking: Asking, row: Mapping[str, Any], scales: _Scales) -> There:
    is_cross = row.get("crossMargin") is True
    return There(
        contract=asking.text(row, "symbol"),
        contracts=asking.number(row, "currentQty"),
        entry_price=asking.above_zero(row, "avgEntryPrice"),
        margin_mode=MarginMode.CROSS if is_cross else MarginMode.ISOLATED,
        margin=None if is_cross else _coins(asking, row, "posMargin", scales=scales)[1],
        # Of a cross position it is the most that is allowed, and nobody's choice.
        leverage=None if is_cross else asking.above_zero(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidationPrice"),
    )


def _signed(row: Mapping[str, Any], size: Fraction) -> Fraction:
    return size if row.get("side") == "Buy" else -size


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    told = str(row.get("execInst"))
    return Resting(
        id=asking.text(row, "orderID"),
        client_id=asking.word(row, "clOrdID") or None,
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, asking.number(row, "leavesQty")),
        price=asking.above_zero(row, "price"),
        reduce_only="ReduceOnly" in told or "Close" in told,
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills and funding out of the executions, the rest out of the wallet's history, which is newest first."""
    scales = _scales(asking)
    for row in _pages(asking, "executions", startTime=rfc3339(start), endTime=rfc3339(end)):
        yield from _executed(asking, row, scales)
    for row in _until(asking, start):
        yield from _moved(asking, row, scales)


def _pages(asking: Asking, call: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    def page(offset: int) -> list[Mapping[str, Any]]:
        return asking.rows(asking.ask(call, count=_PAGE, start=offset, **given))

    return numbered(asking, page, most=_PAGE, first=0, step=_PAGE)


def _until(asking: Asking, start: datetime) -> Iterator[Mapping[str, Any]]:
    """The wallet's history, which takes no times, until it is older than what is asked for; what is pending is left."""
    for row in _pages(asking, "wallet_history", currency="all"):
        told = row.get("transactTime") or row.get("timestamp")
        if told and asking.time({"time": told}, "time") < start:
            return
        if row.get("transactStatus") == "Completed":
            yield row


def _executed(asking: Asking, row: Mapping[str, Any], scales: _Scales) -> Iterator[Happened]:
    kind, name, time = asking.text(row, "execType"), asking.text(row, "execID"), asking.time(row, "transactTime")
    contract, (coin, paid) = asking.text(row, "symbol"), _coins(asking, row, "execComm", scales=scales)
    if kind == "Funding":
        yield Paid(name, time, contract, -paid)
    elif kind in _FILLS and asking.number(row, "lastQty"):
        yield Filled(
            id=name,
            time=time,
            contract=contract,
            contracts=_signed(row, asking.number(row, "lastQty")),
            price=asking.number(row, "lastPx"),
            fee=paid,
            client_id=asking.word(row, "clOrdID") or None,
            forced=kind in ("Liquidation", "Bankruptcy") or "Liquidation" in str(row.get("text")),
        )
    elif paid:
        yield Other(name, time, kind.lower(), coin, -paid)


def _moved(asking: Asking, row: Mapping[str, Any], scales: _Scales) -> Iterator[Happened]:
    kind, name = asking.text(row, "transactType"), asking.text(row, "transactID")
    if kind in _OF_TRADES:
        return
    time, (coin, amount) = asking.time(row, "transactTime"), _coins(asking, row, "amount", scales=scales)
    yield Moved(name, time, coin, amount) if kind in _MOVES else Other(name, time, kind.lower(), coin, amount)
