"""Bybit's unified account: GET /v5/account/wallet-balance, position/list, order/realtime, account/transaction-log."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.errors import Unavailable
from rebal.exchange.accounts._asking import Asking, net, pages, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_DAYS = 7
_LISTS: tuple[Mapping[str, str], ...] = (
    {"category": "inverse"}, {"category": "linear", "settleCoin": "USDT"}, {"category": "linear", "settleCoin": "USDC"}
)  # fmt: skip
# What a unified account can be: all its coins margin everything unless each position has its own.
_MODES = {"REGULAR_MARGIN": MarginMode.POOLED, "PORTFOLIO_MARGIN": MarginMode.POOLED,
          "ISOLATED_MARGIN": MarginMode.ISOLATED}  # fmt: skip
_FILLS = frozenset({"TRADE", "LIQUIDATION", "ADL", "DELIVERY"})
_WORDS = {"ContractTrade": "trade futures", "Spot": "trade spot", "Options": "trade options", "Wallet": "transfer",
          "Derivatives": "trade derivatives", "Exchange": "convert", "CopyTrading": "copy trades",
          "BlockTrade": "trade blocks", "Earn": "earn"}  # fmt: skip


def rights(asking: Asking) -> tuple[str, ...]:
    """What the key may do, by GET /v5/user/query-api."""
    told = asking.part(asking.ask("privateGetV5UserQueryApi"), "result")
    if "readOnly" not in told:
        raise asking.wrong("what the key may do is not")
    if str(told["readOnly"]) == "1":
        return ()
    granted = asking.inner(told, "permissions")
    return tuple(words for name, words in _WORDS.items() if granted.get(name)) or ("write",)


def state(asking: Asking) -> Account:
    """What is there now; spot and futures are one account, beside which coins may lie in the funding account."""
    accounts = asking.rows(asking.ask("privateGetV5AccountWalletBalance", accountType="UNIFIED"), "result", "list")
    coins = [row for account in accounts for row in asking.rows(account, "coin")]
    mode = _MODES.get(str(asking.part(asking.ask("privateGetV5AccountInfo"), "result").get("marginMode")))
    isolated = mode is MarginMode.ISOLATED
    return Account(
        wallets=summed((asking.text(row, "coin"), asking.number(row, "walletBalance")) for row in coins),
        positions=net(
            _there(asking, row, isolated=isolated) for row in _listed(asking, "privateGetV5PositionList", limit=200)
        ),
        orders=tuple(_resting(asking, row) for row in _listed(asking, "privateGetV5OrderRealtime", limit=50)),
        spot=_funds(asking),
        margin_mode=mode,
    )


def _funds(asking: Asking) -> dict[str, Fraction] | None:
    """Coins in the funding account; None where the key may not see it."""
    try:
        answer = asking.ask("privateGetV5AssetTransferQueryAccountCoinsBalance", accountType="FUND")
    except Unavailable:
        return None
    rows = asking.rows(answer, "result", "balance")
    return summed((asking.text(row, "coin"), asking.number(row, "walletBalance")) for row in rows)


def _listed(asking: Asking, call: str, *, limit: int) -> Iterator[Mapping[str, Any]]:
    for which in _LISTS:

        def page(cursor: str | None, which: Mapping[str, str] = which) -> tuple[list[Mapping[str, Any]], str | None]:
            at = {} if cursor is None else {"cursor": cursor}
            answer = asking.ask(call, limit=limit, **which, **at)
            return asking.rows(answer, "result", "list"), asking.part(answer, "result").get("nextPageCursor") or None

        yield from pages(asking, page)


def _signed(asking: Asking, row: Mapping[str, Any], name: str) -> Any:
    size = asking.contracts(asking.text(row, "symbol"), asking.number(row, name))
    return size if row.get("side") == "Buy" else -size


def _there(asking: Asking, row: Mapping[str, Any], *, isolated: bool) -> There:
    apart = isolated or str(row.get("tradeMode")) == "1"
    return There(
        contract=asking.text(row, "symbol"),
        contracts=_signed(asking, row, "size"),
        entry_price=asking.above_zero(row, "avgPrice"),
        margin_mode=MarginMode.ISOLATED if apart else MarginMode.CROSS,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liqPrice"),
    )


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    return Resting(
        id=asking.text(row, "orderId"),
        client_id=asking.word(row, "orderLinkId") or None,
        contract=asking.text(row, "symbol"),
        contracts=_signed(asking, row, "leavesQty"),
        price=asking.above_zero(row, "price"),
        reduce_only=row.get("reduceOnly") is True,
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Everything that changed a coin, out of the transaction log."""
    for first, last in windows(start, end, days=_DAYS):

        def page(
            cursor: str | None, first: int = first, last: int = last
        ) -> tuple[list[Mapping[str, Any]], str | None]:
            at = {} if cursor is None else {"cursor": cursor}
            answer = asking.ask(
                "privateGetV5AccountTransactionLog",
                accountType="UNIFIED",
                startTime=first,
                endTime=last,
                limit=50,
                **at,
            )
            return asking.rows(answer, "result", "list"), asking.part(answer, "result").get("nextPageCursor") or None

        yield from (_happened(asking, row) for row in pages(asking, page))


def _happened(asking: Asking, row: Mapping[str, Any]) -> Happened:
    kind, time = asking.text(row, "type"), asking.time(row, "transactionTime")
    name, coin, change = asking.text(row, "id"), asking.text(row, "currency"), asking.number(row, "change")
    is_future = asking.word(row, "category") in ("inverse", "linear")
    if kind in _FILLS and is_future:
        return Filled(
            id=asking.word(row, "tradeId") or name,
            time=time,
            contract=asking.text(row, "symbol"),
            contracts=_signed(asking, row, "qty"),
            price=asking.number(row, "tradePrice"),
            fee=asking.number(row, "fee"),
            client_id=asking.word(row, "orderLinkId") or None,
            forced=kind in ("LIQUIDATION", "ADL"),
        )
    if kind == "SETTLEMENT" and is_future:
        return Paid(name, time, asking.text(row, "symbol"), change, coin=coin)
    if kind in ("TRANSFER_IN", "TRANSFER_OUT"):
        return Moved(name, time, coin, change)
    return Other(name, time, kind.lower().replace("_", " "), coin, change)
