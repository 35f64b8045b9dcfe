"""HTX coin-margined: POST swap_account_info, swap_position_info, swap_openorders and the exact v3 lists.

Dated contracts have the same lists of their own, ``contract_...``. Each swap has an account of its coin, and the dated
contracts of a coin have one together: a wallet here is both. HTX settles what is open, of swaps every eight hours: its
``margin_static`` has that PnL in it, and ``cost_hold`` is the price of the last settlement, so a wallet here is without
the PnL from ``cost_open`` to there.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rebal.amounts import COIN_STEP, Fraction, half_even, plain
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, net, numbered, pages, summed, windows
from rebal.exchange.problems import NoAccount
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_PAGE, _DAYS, _PLACES = 50, 2, 8
_FUNDING = frozenset({"30", "31"})
_MOVES = frozenset({"14", "15", "34", "35", "36", "37", "38", "39"})
_OF_TRADES = frozenset({"3", "4", "5", "6", "7", "8", "12", "13"})
_DELIVERED = {"9": "delivery of a long", "10": "delivery of a short", "11": "fee of a delivery"}
_SETTLED = frozenset({"16", "17"})


class _Side(NamedTuple):
    """Swaps or dated contracts: ccxt's methods for them, and how questions name those of a coin."""

    account: str
    positions: str
    orders: str
    fills: str
    records: str
    in_orders: str
    in_lists: str
    suffix: str

    def coins(self, asking: Asking, accounts: Sequence[Mapping[str, Any]]) -> list[str]:
        """The coins that are known and have a swap, or an account of dated contracts."""
        if self.suffix:
            return [coin for coin in sorted(asking.coins) if asking.contract(f"{coin}{self.suffix}") is not None]
        return sorted(asking.coins & {asking.text(row, "symbol") for row in accounts})


_SWAPS = _Side(
    "contractPrivatePostSwapApiV1SwapAccountInfo", "contractPrivatePostSwapApiV1SwapPositionInfo",
    "contractPrivatePostSwapApiV1SwapOpenorders", "contractPrivatePostSwapApiV3SwapMatchresultsExact",
    "contractPrivatePostSwapApiV3SwapFinancialRecordExact", "contract_code", "contract", "-USD",
)  # fmt: skip
_DATED = _Side(
    "contractPrivatePostApiV1ContractAccountInfo", "contractPrivatePostApiV1ContractPositionInfo",
    "contractPrivatePostApiV1ContractOpenorders", "contractPrivatePostApiV3ContractMatchresultsExact",
    "contractPrivatePostApiV3ContractFinancialRecordExact", "symbol", "symbol", "",
)  # fmt: skip
_Accounts = Mapping[_Side, Sequence[Mapping[str, Any]]]


def rights(asking: Asking) -> None:
    """HTX does not tell what a key may do."""
    return None


def _accounts(asking: Asking) -> _Accounts:
    """The accounts of each side that was ever opened. Raises NoAccount where neither was."""
    found: dict[_Side, Sequence[Mapping[str, Any]]] = {}
    for side in (_SWAPS, _DATED):
        try:
            found[side] = asking.rows(asking.ask(side.account), "data")
        except NoAccount:
            if side is _DATED and not found:
                raise
    return found


def state(asking: Asking) -> Account:
    """What is there now."""
    accounts = _accounts(asking)
    rows = [row for side in accounts for row in asking.rows(asking.ask(side.positions), "data")]
    held = [row for row in rows if asking.number(row, "volume")]
    static = [(asking.text(row, "symbol"), asking.number(row, "margin_static"))
              for each in accounts.values() for row in each]  # fmt: skip
    settled = [_settled(asking, row) for row in held]
    waiting = (_waiting(asking, side, coin) for side, opened in accounts.items() for coin in side.coins(asking, opened))
    return Account(
        wallets={
            coin: half_even(quantity, _PLACES) * COIN_STEP
            for coin, quantity in summed([*static, *((coin, -pnl) for coin, pnl in settled)]).items()
        },
        positions=net(_there(asking, row, _liquidations(asking, accounts, held)) for row in held),
        orders=tuple(_resting(asking, row) for rows in waiting for row in rows),
        unsure=summed((coin, COIN_STEP) for coin, pnl in settled if pnl),
    )


def _liquidations(asking: Asking, accounts: _Accounts, held: Sequence[Mapping[str, Any]]) -> dict[str, Fraction | None]:
    """The liquidation price of each position that is alone in its account, which is what HTX tells one of."""
    swaps, dated = (
        {asking.text(row, key): asking.above_zero(row, "liquidation_price") for row in accounts.get(side, ())}
        for side, key in ((_SWAPS, "contract_code"), (_DATED, "symbol"))
    )
    names = {asking.text(row, "contract_code"): asking.text(row, "symbol") for row in held}
    coins = [coin for name, coin in names.items() if name not in swaps]
    alone = {name: dated.get(coin) for name, coin in names.items() if coins.count(coin) == 1}
    return {**alone, **swaps}


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


def _waiting(asking: Asking, side: _Side, coin: str) -> Iterator[Mapping[str, Any]]:
    given = {side.in_orders: f"{coin}{side.suffix}", "page_size": _PAGE}

    def page(number: int) -> list[Mapping[str, Any]]:
        return asking.rows(asking.ask(side.orders, page_index=number, **given), "data", "orders")

    return numbered(asking, page, most=_PAGE)


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
    for side, opened in _accounts(asking).items():
        for coin in side.coins(asking, opened):
            for first, last in windows(start, end, days=_DAYS):
                name = f"{coin}{side.suffix}"
                span = {side.in_lists: name, "start_time": first, "end_time": last, "direct": "next"}
                yield from (_filled(asking, row) for row in _listed(asking, side.fills, trade_type=0, **span))
                for row in _listed(asking, side.records, **span):
                    yield from _flow(asking, row, coin, side)


def _listed(asking: Asking, call: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a list that goes on from the largest number of a page, in whatever order that is, until none is."""

    def page(cursor: str | None) -> tuple[list[Mapping[str, Any]], str | None]:
        at = {} if cursor is None else {"from_id": cursor}
        rows = asking.rows(asking.ask(call, **given, **at), "data")
        last = max((asking.number(row, "query_id") for row in rows), default=None)
        following = None if last is None else plain(last)
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


def _flow(asking: Asking, row: Mapping[str, Any], coin: str, side: _Side) -> Iterator[Happened]:
    kind, time, amount = asking.text(row, "type"), asking.time(row, "ts"), asking.number(row, "amount")
    name = asking.text(row, "id") if side is _SWAPS else f"{asking.text(row, 'id')}.dated"  # each side counts its own
    if kind in _FUNDING:
        yield Paid(name, time, asking.text(row, "contract_code"), amount)
    elif kind in _MOVES:
        yield Moved(name, time, coin, amount)
    elif kind not in _OF_TRADES | _SETTLED:
        yield Other(name, time, _DELIVERED.get(kind, f"record of type {kind}"), coin, amount)
