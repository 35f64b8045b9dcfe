"""The account of ``accounts`` as MEXC and BingX tell it.

MEXC numbers its pages, and tells funding and transfers newest first; BingX tells fills order by order, and neither
funding nor transfers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange_server import Asked
from exchange_server.accounts import ZERO, Event, Ledger, Open, bare, ms, text
from exchange_server.more_accounts import happened, pnl, span
from rebal.amounts import Fraction, plain

Answers = dict[str, Callable[[Asked], Any]]
_DAY = 86_400_000


def mexc(ledger: Ledger) -> Answers:
    """A wallet is told with what is open, at a mark that is a hundredth above the entry."""

    def told(rows: Any) -> Any:
        return text({"success": True, "code": 0, "data": rows})

    def unrealised(coin: str) -> Fraction:
        gained = (pnl(each, each.entry, each.entry * Fraction(101, 100)) for each in ledger.positions.values()
                  if each.coin == coin)  # fmt: skip
        return sum(gained, ZERO)

    def assets(_: Asked) -> Any:
        return told([
            {"currency": coin, "equity": bare(held + unrealised(coin)), "unrealized": bare(unrealised(coin)),
             "cashBalance": bare(held), "bonus": 0}
            for coin, held in ledger.wallets.items()
        ])  # fmt: skip

    def positions(_: Asked) -> Any:
        return told([
            {"positionId": 1, "symbol": name, "positionType": 1 if each.contracts > 0 else 2, "state": 1,
             "openType": 1 if each.isolated is not None else 2, "holdVol": bare(abs(each.contracts)),
             "holdAvgPrice": bare(each.entry), "liquidatePrice": bare(each.liquidation or ZERO),
             "leverage": each.leverage}
            for name, each in ledger.positions.items()
        ])  # fmt: skip

    def part(asked: Asked, rows: list[Any]) -> list[Any]:
        size = ledger.page or int(asked.query["page_size"])
        first = (int(asked.query["page_num"]) - 1) * size
        return rows[first : first + size]

    def deals(asked: Asked) -> Any:
        found = happened(ledger, *span(asked.query, "start_time", "end_time"), "fill")
        return told(part(asked, [
            {"id": each.id, "symbol": each.contract, "side": 1 if each.contracts > 0 else 3,
             "vol": plain(abs(each.contracts)), "price": plain(each.price), "fee": plain(each.fee),
             "feeCurrency": each.coin, "timestamp": str(ms(each.time)), "category": "2" if each.forced else "1",
             "orderId": f"o{each.id}", "taker": True}
            for each in reversed(found) if each.contract == asked.query["symbol"]
        ]))  # fmt: skip

    def funding(asked: Asked) -> Any:
        return told({"resultList": part(asked, [
            {"id": int(each.id), "symbol": each.contract, "positionType": 1, "funding": bare(each.coins),
             "settleTime": ms(each.time)}
            for each in reversed(happened(ledger, 0, 10**13, "funding"))
        ])})  # fmt: skip

    def transfers(asked: Asked) -> Any:
        return told({"resultList": part(asked, [
            {"id": each.id, "currency": each.coin, "amount": plain(abs(each.coins)), "state": "SUCCESS",
             "type": "IN" if each.coins > 0 else "OUT", "createTime": str(ms(each.time))}
            for each in reversed(happened(ledger, 0, 10**13, "transfer"))
        ])})  # fmt: skip

    host = "GET api.mexc.com/api/v1/private"
    return {
        f"{host}/account/assets": assets,
        f"{host}/position/open_positions": positions,
        f"{host}/order/list/open_orders": lambda _: told(ledger.orders),
        f"{host}/order/list/order_deals": deals,
        f"{host}/position/funding_records": funding,
        f"{host}/account/transfer_record": transfers,
    }


@dataclass
class Order:
    """An order at BingX: when it was placed, and its fills: contracts (signed), price, fee as it is told, and when."""

    number: int
    placed: int
    fills: list[tuple[Any, str, str, int]] = field(default_factory=list)
    waits: bool = False
    forced: bool = False
    client_id: str = ""
    contract: str = "BTC-USD"

    def told(self) -> dict[str, Any]:
        done = sum(abs(size) for size, *_ in self.fills)
        return {"symbol": self.contract, "orderId": str(self.number), "side": "BUY", "positionSide": "BOTH",
                "type": "LIMIT", "quantity": int(done) + self.waits, "origQty": str(done), "price": "40000.0",
                "executedQty": f"{done}.00000000", "avgPrice": "40000.0", "status": "Filled", "time": self.placed,
                "updateTime": self.placed, "clientOrderId": self.client_id}  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        coin = self.contract.partition("-")[0]
        return [
            {"orderId": str(self.number), "symbol": self.contract, "type": "LIMIT",
             "side": "BUY" if size > 0 else "SELL", "positionSide": "BOTH",
             "tradeId": f"{self.number}{n:04}", "volume": str(abs(size)), "tradePrice": price,
             "amount": f"{abs(size)}00.0", "realizedPnl": "0", "commission": fee, "currency": coin, "buyer": size > 0,
             "maker": False, "tradeTime": time}
            for n, (size, price, fee, time) in enumerate(self.fills)
        ]  # fmt: skip


def bingx_orders(orders: Callable[[], list[Order]]) -> Answers:
    """The lists of orders and of their fills: of a list the newest, as many as an answer has."""

    def told(data: Any) -> Any:
        return {"code": 0, "msg": "", "timestamp": 1722147756019, "data": data}

    def listed(found: list[Order], query: Mapping[str, str], most: int) -> list[Any]:
        first, last = int(query["startTime"]), int(query["endTime"])
        assert last - first <= 7 * _DAY
        rows = [each for each in sorted(found, key=lambda each: each.placed) if first <= each.placed <= last]
        return [each.told() for each in rows[-min(int(query["limit"]), most) :]]

    def fills(question: Asked) -> Any:
        (order,) = [each for each in orders() if str(each.number) == question.query["orderId"]]
        size, page = int(question.query["pageSize"]), int(question.query["pageIndex"])
        assert size <= 1000
        return told(order.rows()[(page - 1) * size : page * size])

    host = "GET open-api.bingx.com/openApi/cswap/v1/trade"
    return {
        f"{host}/openOrders": lambda _: told({"orders": [each.told() for each in orders() if each.waits]}),
        f"{host}/orderHistory": lambda question: told(
            {"orders": listed([each for each in orders() if not each.waits], question.query, 1000)}
        ),
        f"{host}/forceOrders": lambda question: told(
            listed([each for each in orders() if each.forced], question.query, 100)
        ),
        f"{host}/allFillOrders": fills,
    }


def bingx(ledger: Ledger) -> Answers:
    """Every fill an order of its own."""

    def order(each: Event) -> Order:
        fill = (each.contracts, plain(each.price), plain(-each.fee), ms(each.time))
        return Order(int(each.id), ms(each.time), [fill], forced=each.forced, client_id=each.client_id,
                     contract=each.contract)  # fmt: skip

    def there(name: str, held: Open) -> dict[str, Any]:
        return {"symbol": name, "positionSide": "LONG" if held.contracts > 0 else "SHORT",
                "isolated": held.isolated is not None, "positionAmt": plain(abs(held.contracts)),
                "avgPrice": plain(held.entry), "leverage": held.leverage, "markPrice": plain(held.mark),
                "liquidationPrice": bare(held.liquidation or ZERO)}  # fmt: skip

    host = "GET open-api.bingx.com/openApi/cswap/v1/user"
    return {
        f"{host}/balance": lambda _: {"code": 0, "data": [
            {"asset": coin, "balance": plain(held), "equity": plain(held)} for coin, held in ledger.wallets.items()
        ]},
        f"{host}/positions": lambda _: text({"code": 0, "data": [
            there(name, held) for name, held in ledger.positions.items()
        ]}),
        **bingx_orders(lambda: [order(each) for each in ledger.events if each.kind == "fill"]),
    }  # fmt: skip
