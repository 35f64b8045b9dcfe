"""Kraken Futures: GET accounts, openpositions, openorders, fills and the history's account-log.

A coin-margined contract has an account of its own, ``fi_xbtusd``; the multi-collateral account is ``flex``. What lies
in ``cash`` margins nothing until it is moved, and is shown beside as spot is elsewhere.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, milliseconds, net, pages, summed
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_COINS = {"XBT": "BTC", "XDG": "DOGE"}
_PAGE = 500
_FORCED = ("futures liquidation", "futures assignor", "futures unwind counterparty", "futures termination")
_TRADED = ("futures trade", "futures assignee", "futures settlement", *_FORCED)
_TRANSFERS = ("transfer", "cross-exchange transfer", "sub-account transfer", "deposit", "withdrawal")


def rights(asking: Asking) -> None:
    """Kraken does not tell what a key of its futures may do."""
    return None


def _coin(name: str) -> str:
    return _COINS.get(name.upper(), name.upper())


def _margins(asking: Asking) -> Mapping[str, Mapping[str, Any]]:
    found = asking.part(asking.ask("privateGetAccounts"), "accounts")
    return {name: asking.part(found, name) for name in found}


def state(asking: Asking) -> Account:
    """What is there now."""
    accounts = _margins(asking)
    positions = asking.rows(asking.ask("privateGetOpenpositions"), "openPositions")
    orders = asking.rows(asking.ask("privateGetOpenorders"), "openOrders")
    return Account(
        wallets=summed(each for name, account in accounts.items() for each in _margin(asking, name, account)),
        positions=net(_there(asking, row, accounts) for row in positions),
        orders=tuple(_resting(asking, row) for row in orders),
        spot=_cash(asking, accounts.get("cash") or {}),
    )


def _margin(asking: Asking, name: str, account: Mapping[str, Any]) -> Iterator[tuple[str, Fraction]]:
    if account.get("type") == "multiCollateralMarginAccount":
        currencies = asking.inner(account, "currencies")
        for coin in currencies:
            yield _coin(coin), asking.number(asking.part(currencies, coin), "quantity")
    elif account.get("type") == "marginAccount":
        coin = asking.text(account, "currency")
        yield _coin(coin), asking.number(asking.inner(account, "balances"), coin)


def _cash(asking: Asking, account: Mapping[str, Any]) -> dict[str, Fraction]:
    balances = asking.inner(account, "balances")
    return summed((_coin(coin), asking.number(balances, coin)) for coin in balances)


def _there(asking: Asking, row: Mapping[str, Any], accounts: Mapping[str, Mapping[str, Any]]) -> There:
    name = asking.text(row, "symbol").upper()
    size = asking.contracts(name, asking.number(row, "size"))
    account = accounts.get(f"fi_{name.split('_')[1].lower()}" if "_" in name else "") or {}
    return There(
        contract=name,
        contracts=size if row.get("side") == "long" else -size,
        entry_price=asking.above_zero(row, "price"),
        margin_mode=MarginMode.CROSS,
        leverage=asking.known(row, "maxFixedLeverage"),
        # The account's, where nothing but this is open in it: the index price at which liquidation begins.
        liquidation_price=asking.above_zero(asking.inner(account, "triggerEstimates"), "lt"),
    )


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    name = asking.text(row, "symbol").upper()
    left = asking.contracts(name, asking.number(row, "unfilledSize"))
    return Resting(
        id=asking.text(row, "order_id"),
        client_id=asking.word(row, "cliOrdId") or None,
        contract=name,
        contracts=left if row.get("side") == "buy" else -left,
        price=asking.above_zero(row, "limitPrice"),
        reduce_only=row.get("reduceOnly") is True,
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Everything out of the account log; an execution has a row of its contracts and one of its coins."""
    rows = list(_log(asking, start, end))
    sizes = {asking.word(row, "execution"): row for row in rows if row.get("execution") and not _is_coins(asking, row)}
    names = _client_ids(asking, end) if sizes else {}
    for row in rows:
        if _is_coins(asking, row) and row.get("margin_account") != "cash":
            yield from _happened(asking, row, sizes, names)


def _is_coins(asking: Asking, row: Mapping[str, Any]) -> bool:
    return asking.word(row, "asset").lower() != (asking.word(row, "contract") or "-").lower()


def _log(asking: Asking, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    def page(cursor: Any) -> tuple[list[Mapping[str, Any]], Any]:
        at = {} if cursor is None else {"from": cursor}
        answer = asking.ask(
            "historyGetAccountLog", since=milliseconds(start), before=milliseconds(end) + 1, sort="asc", count=_PAGE,
            **at,
        )  # fmt: skip
        rows = asking.rows(answer, "logs")
        return rows, int(asking.text(rows[-1], "id")) + 1 if len(rows) >= _PAGE else None

    return pages(asking, page)


def _client_ids(asking: Asking, end: datetime) -> dict[str, str]:
    """The senders' own ids of the last hundred fills, which the log does not have."""
    rows = asking.rows(asking.ask("privateGetFills"), "fills")
    return {asking.text(row, "fill_id"): asking.word(row, "cliOrdId") for row in rows}


def _happened(
    asking: Asking, row: Mapping[str, Any], sizes: Mapping[Any, Mapping[str, Any]], names: Mapping[str, str]
) -> Iterator[Happened]:
    kind, name, time = asking.text(row, "info"), asking.text(row, "booking_uid"), asking.time(row, "date")
    funding, execution = asking.number(row, "realized_funding"), asking.word(row, "execution")
    if funding:
        yield Paid(name, time, asking.text(row, "contract").upper(), funding)
    if kind in _TRADED and execution in sizes:
        yield _filled(asking, row, sizes[execution], names)
        return
    change = asking.number(row, "new_balance") - asking.number(row, "old_balance") - funding
    if kind in _TRANSFERS:
        yield Moved(name, time, _coin(asking.text(row, "asset")), change)
    elif change:
        yield Other(name, time, kind, _coin(asking.text(row, "asset")), change)


def _filled(asking: Asking, row: Mapping[str, Any], size: Mapping[str, Any], names: Mapping[str, str]) -> Filled:
    contract, kind = asking.text(row, "contract").upper(), asking.text(row, "info")
    traded = asking.number(size, "new_balance") - asking.number(size, "old_balance")
    return Filled(
        id=asking.text(row, "execution"),
        time=asking.time(row, "date"),
        contract=contract,
        contracts=asking.contracts(contract, traded),
        price=asking.number(row, "trade_price"),
        fee=asking.number(row, "fee") + asking.number(row, "liquidation_fee"),
        client_id=names.get(asking.text(row, "execution")) or None,
        forced=kind in _FORCED,
    )
