"""Binance: GET account, positionRisk, openOrders, income, userTrades, allOrders of COIN-M, and of USD-M beside it.

USD-M is asked where the book holds what margins linear contracts. Its sizes count coins, and its fees may be paid in
another coin than the contract's. Of its wallets those count whose coins margin nothing in COIN-M.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode
from rebal.errors import Unavailable
from rebal.exchange.accounts._asking import Asking, in_contracts, milliseconds, net, onward, resting, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There
from rebal.market.contract import Kind

_DAYS, _MINUTE = 7, 60_000
_MOST_INCOME, _MOST_TRADES, _MOST_ORDERS = 1000, 1000, 100
_OF_TRADES = frozenset({"COMMISSION", "REALIZED_PNL"})
_MOVES = frozenset({"TRANSFER", "INTERNAL_TRANSFER", "CROSS_COLLATERAL_TRANSFER"})
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


class _Side(NamedTuple):
    """One of the two sorts of futures: what ccxt's methods for it begin with."""

    account: str
    risk: str
    methods: str

    def call(self, name: str) -> str:
        """A method of ccxt's."""
        return f"{self.methods}{name}"


_COIN_M = _Side("dapiPrivateGetAccount", "dapiPrivateGetPositionRisk", "dapiPrivateGet")
_USD_M = _Side("fapiPrivateV2GetAccount", "fapiPrivateV2GetPositionRisk", "fapiPrivateGet")


def _sides(asking: Asking) -> tuple[_Side, ...]:
    return (_COIN_M, _USD_M) if asking.linear else (_COIN_M,)


def state(asking: Asking) -> Account:
    """What is there now; the spot account where the key may see it."""
    wallets: dict[str, Fraction] = {}
    positions: list[There] = []
    orders: list[Resting] = []
    for side in _sides(asking):
        assets = asking.rows(asking.ask(side.account), "assets")
        held = {asking.text(row, "asset"): asking.number(row, "walletBalance") for row in assets}
        wallets = {**held, **wallets}
        positions += [_there(asking, row) for row in asking.rows(asking.ask(side.risk))]
        waiting = asking.rows(asking.ask(side.call("OpenOrders")))
        orders += [in_contracts(asking, each) if _in_coins(asking, each.contract) else each for each in
                   (resting(asking, row, ordered="origQty") for row in waiting)]  # fmt: skip
    return Account(summed(wallets.items()), net(positions), tuple(orders), spot=_spot(asking))


def _in_coins(asking: Asking, name: str) -> bool:
    """Whether sizes of a contract count coins."""
    contract = asking.contract(name)
    return contract is not None and contract.kind is Kind.LINEAR


def _contracts(asking: Asking, row: Mapping[str, Any], size: str) -> Fraction:
    name, count = asking.text(row, "symbol"), asking.number(row, size)
    return asking.contracts(name, count) if _in_coins(asking, name) else count


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
        contracts=_contracts(asking, row, "positionAmt"),
        entry_price=asking.above_zero(row, "entryPrice"),
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        margin=asking.known(row, "isolatedWallet") if isolated else None,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "liquidationPrice"),
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Funding, transfers and the rest out of the income history; fills of the contracts and weeks that it names."""
    for side in _sides(asking):
        traded: dict[str, list[int]] = {}
        for row in _income(asking, side, start, end):
            kind = asking.word(row, "incomeType")
            if kind in _OF_TRADES:
                when = milliseconds(asking.time(row, "time"))
                traded.setdefault(asking.text(row, "symbol"), []).append(when)
            else:
                yield _flow(asking, row, str(kind))
        for contract, times in sorted(traded.items()):
            for first, last in windows(start, end, days=_DAYS):
                if any(first - _MINUTE <= time <= last + _MINUTE for time in times):
                    for row, names in _trades(asking, side, contract, {"startTime": first, "endTime": last}):
                        yield from _filled(asking, row, names)


def _income(asking: Asking, side: _Side, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    for first, last in windows(start, end, days=_DAYS):
        yield from _pages(asking, side.call("Income"), _MOST_INCOME, startTime=first, endTime=last)


def _pages(asking: Asking, call: str, most: int, **given: Any) -> Iterator[Mapping[str, Any]]:
    def page(start: int) -> list[Mapping[str, Any]]:
        return asking.rows(asking.ask(call, limit=most, **{**given, "startTime": start}))

    return onward(asking, page, first=given["startTime"], most=most)


def _flow(asking: Asking, row: Mapping[str, Any], kind: str) -> Happened:
    name, time = asking.text(row, "tranId"), asking.time(row, "time")
    asset, amount = asking.text(row, "asset"), asking.number(row, "income")
    if kind == "FUNDING_FEE":
        return Paid(name, time, asking.text(row, "symbol"), amount, coin=asset)
    if kind in _MOVES:
        return Moved(name, time, asset, amount)
    return Other(f"{name}.{kind}", time, kind.lower().replace("_", " "), asset, amount)


def _trades(
    asking: Asking, side: _Side, contract: str, span: Mapping[str, int]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, str]]]:
    """Fills of a contract, each with the senders' ids of the orders of its time, which fills do not repeat."""
    rows = list(_pages(asking, side.call("UserTrades"), _MOST_TRADES, symbol=contract, **span))
    orders = _pages(asking, side.call("AllOrders"), _MOST_ORDERS, symbol=contract, **span) if rows else ()
    names = {asking.text(row, "orderId"): asking.word(row, "clientOrderId") for row in orders}
    yield from ((row, names) for row in rows)


def _filled(asking: Asking, row: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Happened]:
    """The fill, and what it cost beside it where the fee was paid in another coin."""
    quantity, client_id = _contracts(asking, row, "qty"), names.get(asking.text(row, "orderId"), "")
    name, time, contract = asking.text(row, "id"), asking.time(row, "time"), asking.text(row, "symbol")
    known, fee, coin = asking.contract(contract), asking.number(row, "commission"), asking.word(row, "commissionAsset")
    is_own = known is None or coin in ("", known.settle)
    yield Filled(
        id=name,
        time=time,
        contract=contract,
        contracts=quantity if row.get("side") == "BUY" else -quantity,
        price=asking.number(row, "price"),
        fee=fee if is_own else ZERO,
        client_id=client_id or None,
        forced=client_id.startswith(("autoclose-", "adl_autoclose")),
    )
    if not is_own and fee:
        yield Other(f"{contract}.{name}.fee", time, "fee of a fill", coin, -fee)
