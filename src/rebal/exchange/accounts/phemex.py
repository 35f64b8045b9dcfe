"""Phemex coin-margined: GET accounts/accountPositions, orders/activeList, exchange/order/trade and assets/transfer.

Figures are whole numbers; how many decimals they have stands in the public list of products.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange.accounts._asking import NANOSECONDS, Asking, milliseconds, net, numbered, summed
from rebal.exchange.problems import NothingFound
from rebal.exchange_account import Account, Filled, Happened, Moved, Paid, Resting, There
from rebal.frozen import frozen
from rebal.market.contract import Contract

_PAGE, _MOST_PLACES = 200, 18
_FORCED = frozenset({"LiqTrade", "AdlTrade"})
_TO_SPOT, _DONE = "1", "10"


def rights(asking: Asking) -> None:
    """Phemex does not tell what a key may do."""
    return None


@frozen
class _Scales:
    """What whole numbers are divided by: prices by contract, values by coin."""

    prices: Mapping[str, Fraction]
    values: Mapping[str, Fraction]

    def price(self, asking: Asking, row: Mapping[str, Any], name: str) -> Fraction | None:
        """A price of a row, None where it is empty or 0."""
        whole = asking.above_zero(row, name)
        return None if whole is None else whole / _scale(asking, self.prices, asking.text(row, "symbol"))

    def value(self, asking: Asking, row: Mapping[str, Any], name: str) -> Fraction:
        """Coins of a row."""
        return asking.number(row, name) / _scale(asking, self.values, asking.text(row, "currency"))


def _scale(asking: Asking, scales: Mapping[str, Fraction], name: str) -> Fraction:
    if name not in scales:
        raise asking.wrong(f"how many decimals {name} has is not")
    return scales[name]


def _scales(asking: Asking) -> _Scales:
    told = asking.part(asking.ask("v2GetPublicProducts"), "data")
    return _Scales(
        prices=_by(asking, told, "products", key="symbol", scale="priceScale"),
        values=_by(asking, told, "currencies", key="currency", scale="valueScale"),
    )


def _by(asking: Asking, told: Mapping[str, Any], listed: str, *, key: str, scale: str) -> dict[str, Fraction]:
    places = ((asking.text(row, key), asking.known(row, scale)) for row in asking.rows(told, listed))
    return {name: Fraction(10) ** int(n) for name, n in places if n is not None and 0 <= n <= _MOST_PLACES}


def _contracts(asking: Asking) -> dict[str, Contract]:
    """The contracts of the coins that are known, by Phemex's name: BTC's is the first, others' begin with a c.

    Of several accounts the file may call one otherwise.
    """
    names = ("BTCUSD" if coin == "BTC" else f"c{coin}USD" for coin in sorted(asking.coins))
    return {name: contract for name in names if (contract := asking.contract(name)) is not None}


def _coins(asking: Asking) -> list[str]:
    return sorted({contract.settle for contract in _contracts(asking).values()})


def state(asking: Asking) -> Account:
    """What is there now."""
    scales = _scales(asking)
    answers = [
        asking.part(asking.ask("privateGetAccountsAccountPositions", currency=coin), "data") for coin in _coins(asking)
    ]
    accounts = [asking.part(answer, "account") for answer in answers]
    rows = [row for answer in answers for row in asking.rows(answer, "positions")]
    waiting = [row for name in _contracts(asking) for row in _waiting(asking, name)]
    return Account(
        wallets=summed(
            (asking.text(row, "currency"), scales.value(asking, row, "accountBalanceEv")) for row in accounts
        ),
        positions=net(_there(asking, row, scales) for row in rows if asking.number(row, "size")),
        orders=tuple(_resting(asking, row, scales) for row in waiting),
    )


def _signed(row: Mapping[str, Any], size: Fraction) -> Fraction:
    return size if row.get("side") == "Buy" else -size


def _there(asking: Asking, row: Mapping[str, Any], scales: _Scales) -> There:
    # A leverage of 0 or less is cross margin.
    leverage = asking.above_zero(row, "leverage")
    is_cross = row.get("crossMargin") is True or leverage is None
    return There(
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, abs(asking.number(row, "size"))),
        entry_price=scales.price(asking, row, "avgEntryPriceEp"),
        margin_mode=MarginMode.CROSS if is_cross else MarginMode.ISOLATED,
        margin=None if is_cross else scales.value(asking, row, "assignedPosBalanceEv"),
        leverage=None if is_cross else leverage,
        liquidation_price=scales.price(asking, row, "liquidationPriceEp"),
    )


def _waiting(asking: Asking, contract: str) -> list[Mapping[str, Any]]:
    """Waiting orders; where there are none the exchange says that it finds none."""
    try:
        return asking.rows(asking.ask("privateGetOrdersActiveList", symbol=contract), "data", "rows")
    except NothingFound:
        return []


def _resting(asking: Asking, row: Mapping[str, Any], scales: _Scales) -> Resting:
    return Resting(
        id=asking.text(row, "orderID"),
        client_id=asking.word(row, "clOrdID") or None,
        contract=asking.text(row, "symbol"),
        contracts=_signed(row, asking.number(row, "leavesQty")),
        price=scales.price(asking, row, "priceEp"),
        reduce_only=row.get("reduceOnly") is True or "ReduceOnly" in str(row.get("execInst")),
    )


def since(asking: Asking, start: datetime, end: datetime) -> Iterator[Happened]:
    """Fills and funding out of the trades, transfers out of their own list."""
    scales = _scales(asking)
    span = {"start": milliseconds(start), "end": milliseconds(end)}
    for name in _contracts(asking):
        for row in _rows(asking, "privateGetExchangeOrderTrade", symbol=name, **span):
            yield _traded(asking, row, scales)
    for coin in _coins(asking):
        for row in _rows(asking, "privateGetAssetsTransfer", currency=coin, **span):
            if str(row.get("status")) == _DONE:
                amount = scales.value(asking, row, "amountEv")
                yield Moved(asking.text(row, "linkKey"), asking.time(row, "createTime"), coin,
                            -amount if str(row.get("side")) == _TO_SPOT else amount)  # fmt: skip


def _rows(asking: Asking, call: str, **given: Any) -> Iterator[Mapping[str, Any]]:
    def page(offset: int) -> list[Mapping[str, Any]]:
        return asking.rows(asking.ask(call, limit=_PAGE, offset=offset, **given), "data", "rows")

    return numbered(asking, page, most=_PAGE, first=0, step=_PAGE)


def _traded(asking: Asking, row: Mapping[str, Any], scales: _Scales) -> Happened:
    """A fill, or a payment of funding; both print what is paid above 0, and what is received below."""
    name, time = asking.text(row, "execID"), asking.time(row, "transactTimeNs", a_second=NANOSECONDS)
    contract, fee, kind = (
        asking.text(row, "symbol"),
        scales.value(asking, row, "execFeeEv"),
        asking.word(row, "tradeType"),
    )
    if kind == "Funding":
        return Paid(name, time, contract, -fee)
    price = scales.price(asking, row, "execPriceEp")
    if price is None:
        raise asking.wrong("a fill without a price")
    return Filled(
        id=name,
        time=time,
        contract=contract,
        contracts=_signed(row, asking.number(row, "execQty")),
        price=price,
        fee=fee,
        client_id=asking.word(row, "clOrdID") or None,
        forced=kind in _FORCED,
    )
