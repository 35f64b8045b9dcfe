"""HTX coin-margined swaps: POST swap_account_info, swap_position_info, swap_openorders and the exact v3 lists.

Each swap has an account of its coin. HTX settles what is open every eight hours: its ``margin_static`` has that PnL in
it, and ``cost_hold`` is the price of the last settlement, so a wallet here is without the PnL from ``cost_open`` to
there. Dated contracts have accounts of their own, which are not read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import COIN_STEP, Fraction, half_even
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, net, pages, summed, windows
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_PAGE, _DAYS, _PLACES = 50, 2, 8
_FUNDING = frozenset({"30", "31"})
_MOVES = frozenset({"14", "15", "34", "35", "36", "37", "38", "39"})
_OF_TRADES = frozenset({"3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"})
_SETTLED = frozenset({"16", "17"})


def rights(asking: Asking) -> None:
    """HTX does not tell what a key may do."""
    return None


def state(asking: Asking) -> Account:
    """What is there now."""
    accounts = asking.rows(asking.ask("contractPrivatePostSwapApiV1SwapAccountInfo"), "data")
    rows = asking.rows(asking.ask("contractPrivatePostSwapApiV1SwapPositionInfo"), "data")
    prices = {asking.text(row, "contract_code"): asking.above_zero(row, "liquidation_price") for row in accounts}
    static = [(asking.text(row, "symbol"), asking.number(row, "margin_static")) for row in accounts]
    settled = [_settled(asking, row) for row in rows if asking.number(row, "volume")]
    return Account(
        wallets={
            coin: half_even(quantity, _PLACES) * COIN_STEP
            for coin, quantity in summed([*static, *((coin, -pnl) for coin, pnl in settled)]).items()
        },
        positions=net(_there(asking, row, prices) for row in rows),
        orders=tuple(_resting(asking, row) for contract in _contracts(asking) for row in _waiting(asking, contract)),
        unsure=summed((coin, COIN_STEP) for coin, pnl in settled if pnl),
    )


def _settled(asking: Asking, row: Mapping[str, Any]) -> tuple[str, Fraction]:
    """The coin of a position, and what of its open PnL was settled into the account already."""
    name = asking.text(row, "contract_code")
    contract = asking.contract(name)
    opened, held = asking.above_zero(row, "cost_open"), asking.above_zero(row, "cost_hold")
    if contract is None or opened is None or held is None:
        raise asking.wrong(f"{name}, whose PnL is not known,")
    return contract.settle, contract.pnl(_signed(asking, row, "volume"), opened, held)


def _signed(asking: Asking, row: Mapping[str, Any], name: str) -> Fraction:
    size = asking.number(row, name)
    return size if row.get("direction") == "buy" else -size


def _there(asking: Asking, row: Mapping[str, Any], prices: Mapping[str, Fraction | None]) -> There:
    name = asking.text(row, "contract_code")
    return There(
        contract=name,
        contracts=_signed(asking, row, "volume"),
        entry_price=asking.above_zero(row, "cost_open"),
        margin_mode=MarginMode.CROSS,
        leverage=asking.known(row, "lever_rate"),
        liquidation_price=prices.get(name),
    )


def _contracts(asking: Asking) -> list[str]:
    return [f"{coin}-USD" for coin in sorted(asking.coins) if asking.contract(f"{coin}-USD") is not None]


def _waiting(asking: Asking, contract: str) -> Iterator[Mapping[str, Any]]:
    def page(cursor: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        given = {"contract_code": contract, "page_index": cursor or 1, "page_size": _PAGE}
        answer = asking.ask("contractPrivatePostSwapApiV1SwapOpenorders", **given)
        rows = asking.rows(answer, "data", "orders")
        return rows, (cursor or 1) + 1 if len(rows) >= _PAGE else None

    return pages(asking, page)


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    left = asking.number(row, "volume") - asking.number(row, "trade_volume")
    return Resting(
        id=asking.text(row, "order_id_str"),
        client_id=asking.word(row, "client_order_id") or None,
        contract=asking.text(row, "contract_code"),
        contracts=left if row.get("direction") == "buy" else -left,
        price=asking.above_zero(row, "price"),
        reduce_only=row.get("offset") == "close",
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills out of the matches; funding, transfers and the rest out of the financial records."""
    for contract in _contracts(asking):
        coin = contract.partition("-")[0]
        for first, last in windows(start, end, days=_DAYS):
            span = {"contract": contract, "start_time": first, "end_time": last, "direct": "next"}
            for row in _listed(asking, "contractPrivatePostSwapApiV3SwapMatchresultsExact", trade_type=0, **span):
                yield _filled(asking, row)
            for row in _listed(asking, "contractPrivatePostSwapApiV3SwapFinancialRecordExact", **span):
                yield from _flow(asking, row, coin)


def _listed(asking: Asking, call: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a list that goes on from the number of its last row, until nothing comes after that."""

    def page(cursor: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
        at = {} if cursor is None else {"from_id": cursor}
        rows = asking.rows(asking.ask(call, **given, **at), "data")
        following = asking.text(rows[-1], "query_id") if rows else None
        return rows, None if following == cursor else following

    return pages(asking, page)


def _filled(asking: Asking, row: Mapping[str, Any]) -> Filled:
    return Filled(
        id=asking.text(row, "id"),
        time=asking.time(row, "create_date"),
        contract=asking.text(row, "contract_code"),
        contracts=_signed(asking, row, "trade_volume"),
        price=asking.number(row, "trade_price"),
        fee=-asking.number(row, "trade_fee"),
        forced="liquidat" in asking.word(row, "order_source").lower(),
    )


def _flow(asking: Asking, row: Mapping[str, Any], coin: str) -> Iterator[Happened]:
    kind, name, time = asking.text(row, "type"), asking.text(row, "id"), asking.time(row, "ts")
    amount = asking.number(row, "amount")
    if kind in _FUNDING:
        yield Paid(name, time, asking.text(row, "contract_code"), amount)
    elif kind in _MOVES:
        yield Moved(name, time, coin, amount)
    elif kind not in _OF_TRADES | _SETTLED:
        yield Other(name, time, f"record of type {kind}", coin, amount)
