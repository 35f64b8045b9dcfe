"""Deribit: get_account_summaries, get_positions, get_open_orders, get_user_trades and get_transaction_log."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from rebal.amounts import COIN_STEP, Fraction, half_even
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import Asking, milliseconds, net, pages, summed
from rebal.exchange_account import Account, Filled, Happened, Moved, Other, Paid, Resting, There

_TRADES, _LOGS = 1000, 250
_FUTURES = "future"
_NONCE = "rebal"
_DIGIT, _PLACES = Fraction(1, 100), 8
_MOVED = frozenset({"transfer", "deposit", "withdrawal"})


def rights(asking: Asking) -> tuple[str, ...]:
    """What the key may do, by the scope of a token that is asked for and not used."""
    exchange = asking.line.exchange
    time = str(exchange.milliseconds())
    signed = exchange.hmac(f"{time}\n{_NONCE}\n".encode(), exchange.secret.encode(), sha256)
    told = asking.ask(
        "publicGetAuth", grant_type="client_signature", client_id=exchange.apiKey, timestamp=time, signature=signed,
        nonce=_NONCE,
    )  # fmt: skip
    scope = asking.text(asking.part(told, "result"), "scope").split()
    return tuple(each.replace(":read_write", "") for each in scope if each.endswith(":read_write"))


def state(asking: Asking) -> Account:
    """What is there now.

    A wallet is the equity without the PnL of what is open, since Deribit pays that out every day. Both move with the
    marks: by how much between the answers, and by the last digit of a mark, it is not sure.
    """
    summaries = _summaries(asking)
    before = _equity(asking, summaries)
    listed = asking.rows(asking.ask("privateGetGetPositions", kind=_FUTURES), "result")
    after = _equity(asking, _summaries(asking))
    held = [row for row in listed if asking.number(row, "size")]
    unrealised = [_unrealised(asking, row) for row in held]
    moved = [(coin, abs(after.get(coin, quantity) - quantity)) for coin, quantity in before.items()]
    return Account(
        wallets={
            coin: half_even(quantity, _PLACES) * COIN_STEP
            for coin, quantity in summed([*before.items(), *((coin, -pnl) for coin, pnl, _ in unrealised)]).items()
        },
        positions=net(_there(asking, row) for row in held),
        orders=tuple(
            _resting(asking, row) for row in asking.rows(asking.ask("privateGetGetOpenOrders", kind=_FUTURES), "result")
        ),
        unsure=summed([*moved, *((coin, step) for coin, _, step in unrealised)]),
        margin_mode=_mode(summaries),
    )


def _summaries(asking: Asking) -> list[Mapping[str, Any]]:
    return asking.rows(asking.ask("privateGetGetAccountSummaries"), "result", "summaries")


def _mode(summaries: Sequence[Mapping[str, Any]]) -> MarginMode | None:
    """Segregated, a wallet a coin, or cross, all coins together; each by itself or as a portfolio."""
    models = {str(row.get("margin_model", "")).partition("_")[0] for row in summaries}
    return MarginMode.POOLED if "cross" in models else MarginMode.CROSS if "segregated" in models else None


def _equity(asking: Asking, rows: Sequence[Mapping[str, Any]]) -> dict[str, Fraction]:
    return summed((asking.text(row, "currency"), asking.number(row, "equity")) for row in rows)


def _unrealised(asking: Asking, row: Mapping[str, Any]) -> tuple[str, Fraction, Fraction]:
    """The coin of a position, its PnL between entry and mark, and what the last digit of the mark makes of that."""
    name = asking.text(row, "instrument_name")
    contract, at = asking.contract(name), _there(asking, row)
    mark = asking.above_zero(row, "mark_price")
    if contract is None or at.entry_price is None or mark is None:
        raise asking.wrong(f"{name}, whose PnL is not known,")
    pnl = contract.pnl(at.contracts, at.entry_price, mark)
    return contract.settle, pnl, abs(contract.pnl(at.contracts, mark, mark + _DIGIT))


def _there(asking: Asking, row: Mapping[str, Any]) -> There:
    name = asking.text(row, "instrument_name")
    return There(
        contract=name,
        contracts=asking.contracts(name, asking.number(row, "size")),
        entry_price=asking.above_zero(row, "average_price"),
        margin_mode=MarginMode.CROSS,
        leverage=asking.known(row, "leverage"),
        liquidation_price=asking.above_zero(row, "estimated_liquidation_price"),
    )


def _resting(asking: Asking, row: Mapping[str, Any]) -> Resting:
    name = asking.text(row, "instrument_name")
    left = asking.contracts(name, asking.number(row, "amount") - asking.number(row, "filled_amount"))
    priced = row.get("order_type") == "limit"
    return Resting(
        id=asking.text(row, "order_id"),
        client_id=asking.word(row, "label") or None,
        contract=name,
        contracts=left if row.get("direction") == "buy" else -left,
        price=asking.above_zero(row, "price") if priced else None,
        reduce_only=row.get("reduce_only") is True,
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills out of the trades, whose label the log does not have; funding and transfers out of the transaction log."""
    for coin in sorted(asking.coins):
        for row in _trades(asking, coin, start, end):
            if asking.word(row, "instrument_name").count("-") == 1:
                yield _filled(asking, row)
        for row in _log(asking, coin, start, end):
            yield from _flows(asking, row, coin)


def _trades(asking: Asking, coin: str, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    def page(cursor: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        answer = asking.ask(
            "privateGetGetUserTradesByCurrencyAndTime", currency=coin, kind=_FUTURES, sorting="asc", count=_TRADES,
            start_timestamp=cursor or milliseconds(start), end_timestamp=milliseconds(end), historical="true",
        )  # fmt: skip
        rows = asking.rows(answer, "result", "trades")
        more = asking.part(answer, "result").get("has_more") is True and rows
        return rows, milliseconds(asking.time(rows[-1], "timestamp")) if more else None

    return pages(asking, page)


def _filled(asking: Asking, row: Mapping[str, Any]) -> Filled:
    name = asking.text(row, "instrument_name")
    size = asking.contracts(name, asking.number(row, "amount"))
    return Filled(
        id=asking.text(row, "trade_id"),
        time=asking.time(row, "timestamp"),
        contract=name,
        contracts=size if row.get("direction") == "buy" else -size,
        price=asking.number(row, "price"),
        fee=asking.number(row, "fee"),
        client_id=asking.word(row, "label") or None,
        forced=bool(row.get("liquidation")),
    )


def _log(asking: Asking, coin: str, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    def page(cursor: Any) -> tuple[list[Mapping[str, Any]], Any]:
        at = {} if cursor is None else {"continuation": cursor}
        answer = asking.ask(
            "privateGetGetTransactionLog", currency=coin, start_timestamp=milliseconds(start),
            end_timestamp=milliseconds(end), count=_LOGS, **at,
        )  # fmt: skip
        return asking.rows(answer, "result", "logs"), asking.part(answer, "result").get("continuation")

    return pages(asking, page)


def _flows(asking: Asking, row: Mapping[str, Any], coin: str) -> Iterator[Happened]:
    """What a row of the log says beside its fill: funding comes with fills and with the daily settlement."""
    kind, name, time = asking.text(row, "type"), asking.text(row, "id"), asking.time(row, "timestamp")
    funding = asking.number(row, "interest_pl")
    if funding and kind in ("trade", "settlement", "liquidation", "delivery"):
        yield Paid(name, time, asking.text(row, "instrument_name"), funding, coin=coin)
    elif kind in _MOVED:
        yield Moved(name, time, coin, asking.number(row, "change"))
    elif kind not in ("trade", "settlement", "liquidation", "delivery") and asking.number(row, "change"):
        yield Other(name, time, kind.replace("_", " "), coin, asking.number(row, "change"))
