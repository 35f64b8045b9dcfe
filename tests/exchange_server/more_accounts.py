"""The account of ``accounts`` as more exchanges tell it: BitMEX, Gate, HTX, KuCoin, Phemex, WEEX and Binance USD-M.

BitMEX and Phemex give whole numbers of a coin's smallest part, Gate times in seconds, KuCoin and Phemex in nanoseconds
too; HTX has settled what is open at another price than that of its entry.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from exact import exact
from exchange_server import Asked, Reply
from exchange_server.accounts import ONE, ZERO, Event, Ledger, Open, bare, ms, text
from rebal.amounts import Fraction, half_even, plain

Answers = dict[str, Callable[[Asked], Any]]
_SATOSHI = 10**8
_XBT = {"BTC": "XBT"}


def happened(ledger: Ledger, first: int, last: int, kinds: str = "") -> list[Event]:
    """The events between two instants in milliseconds, oldest first, of one kind or all."""
    found = (each for each in ledger.events if first <= ms(each.time) <= last and kinds in ("", each.kind))
    return sorted(found, key=lambda each: each.time)


def span(given: Mapping[str, Any], first: str, last: str, *, scale: int = 1) -> tuple[int, int]:
    """The time that is asked for, in milliseconds."""
    return int(given.get(first, 0)) * scale, int(given.get(last, 10**13)) * scale


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def side(event: Event, buy: str, sell: str) -> str:
    return buy if event.contracts > 0 else sell


def pnl(held: Open, entry: Fraction, mark: Fraction) -> Fraction:
    """Of a position in its coin, rounded as exchanges do."""
    gained = held.contracts * held.size * (1 / entry - 1 / mark)
    return Fraction(half_even(gained, 8), _SATOSHI)


def bitmex(ledger: Ledger) -> Answers:
    whole = {"XBt": 8, "USDt": 6}

    def keys(asked: Asked) -> Any:
        others = {"id": "another", "permissions": ["order", "withdraw"], "enabled": True}
        return [others, {"id": asked.headers["api-key"], "permissions": sorted(ledger.rights), "enabled": True}]

    def margin(_: Asked) -> Any:
        rows = [{"currency": "XBt", "walletBalance": int(held * _SATOSHI), "amount": int(held * _SATOSHI),
                 "unrealisedPnl": 0} for coin, held in ledger.wallets.items() if coin == "BTC"]  # fmt: skip
        return [*rows, {"currency": "USDt", "walletBalance": 0, "amount": 0, "unrealisedPnl": 0}]

    def positions(_: Asked) -> Any:
        return text([
            {"symbol": name, "currency": "XBt", "currentQty": int(each.contracts), "avgEntryPrice": bare(each.entry),
             "crossMargin": each.isolated is None, "leverage": each.leverage, "isOpen": True,
             "posMargin": int((each.isolated or ZERO) * _SATOSHI),
             "liquidationPrice": bare(each.liquidation) if each.liquidation else None}
            for name, each in ledger.positions.items()
        ] + [{"symbol": "XBTH27", "currency": "XBt", "currentQty": 0, "isOpen": False}])  # fmt: skip

    def executions(asked: Asked) -> Any:
        first, last = (ms(datetime.fromisoformat(asked.query[name])) for name in ("startTime", "endTime"))
        rows = [
            {"execID": each.id, "orderID": f"o{each.id}", "clOrdID": each.client_id, "symbol": each.contract,
             "side": side(each, "Buy", "Sell"), "lastQty": int(abs(each.contracts)) or 100, "lastPx": bare(each.price),
             "execType": "Trade" if each.kind == "fill" else "Funding", "currency": "XBt",
             "execComm": int((each.fee if each.kind == "fill" else -each.coins) * _SATOSHI),
             "text": "Liquidation" if each.forced else "Submission from www.bitmex.com", "transactTime": iso(each.time)}
            for each in happened(ledger, first, last)
            if each.kind in ("fill", "funding")
        ]  # fmt: skip
        start = int(asked.query["start"])
        return text(rows[start : start + int(asked.query["count"])])

    def history(asked: Asked) -> Any:
        rows = [
            {"transactID": each.id, "currency": "XBt", "transactStatus": "Completed", "transactTime": iso(each.time),
             "amount": int(each.coins * _SATOSHI), "fee": 0,
             "transactType": {"transfer": "Transfer", "fill": "RealisedPNL"}.get(each.kind, each.kind)}
            for each in reversed(happened(ledger, 0, 10**13)) if each.kind != "funding"
        ]  # fmt: skip
        pending = {"transactID": "p", "currency": "XBt", "transactStatus": "Pending", "transactType": "Withdrawal",
                   "amount": -1, "transactTime": None, "timestamp": None}  # fmt: skip
        start = int(asked.query["start"])
        return [pending, *rows][start : start + int(asked.query["count"])]

    host = "GET www.bitmex.com/api/v1"
    return {
        f"{host}/apiKey": keys,
        f"{host}/wallet/assets": lambda _: [
            {"asset": name.upper(), "currency": name, "scale": places} for name, places in whole.items()
        ],
        f"{host}/user/margin": margin,
        f"{host}/position": positions,
        f"{host}/order": lambda _: ledger.orders,
        f"{host}/execution/tradeHistory": executions,
        f"{host}/user/walletHistory": history,
    }


def gate(ledger: Ledger) -> Answers:
    def account(_: Asked) -> Any:
        held = ledger.wallets.get("BTC", ZERO)
        return {"currency": "BTC", "total": plain(held), "unrealised_pnl": "0.5", "available": plain(held)}

    def positions(_: Asked) -> Any:
        return [
            {"contract": name, "size": int(each.contracts), "entry_price": plain(each.entry), "mode": "single",
             "leverage": "0" if each.isolated is None else str(each.leverage), "margin": plain(each.isolated or ZERO),
             "liq_price": plain(each.liquidation) if each.liquidation else "99999999"}
            for name, each in ledger.positions.items()
        ]  # fmt: skip

    def part(asked: Asked, rows: list[Any]) -> Any:
        start = int(asked.query["offset"])
        return text(rows[start : start + int(asked.query["limit"])])

    def seconds(time: datetime) -> str:
        return bare(Fraction(ms(time), 1000))

    def trades(asked: Asked) -> Any:
        return part(asked, [
            {"trade_id": each.id, "create_time": seconds(each.time), "contract": each.contract, "order_id": each.id,
             "size": int(each.contracts), "price": plain(each.price), "fee": plain(each.fee), "role": "taker",
             "text": "liquidation" if each.forced else each.client_id or "web"}
            for each in reversed(happened(ledger, *span(asked.query, "from", "to", scale=1000), "fill"))
        ])  # fmt: skip

    def book(asked: Asked) -> Any:
        kinds = {"fill": "pnl", "funding": "fund", "transfer": "dnw"}
        return part(asked, [
            {"time": seconds(each.time), "change": plain(each.coins), "balance": f"{each.id}.5",
             "type": kinds.get(each.kind, each.kind), "text": f"{each.contract}:1", "contract": each.contract}
            for each in reversed(happened(ledger, *span(asked.query, "from", "to", scale=1000)))
        ])  # fmt: skip

    host = "GET api.gateio.ws/api/v4/futures/btc"
    return {
        f"{host}/accounts": account,
        f"{host}/positions": positions,
        f"{host}/orders": lambda _: ledger.orders,
        f"{host}/my_trades_timerange": trades,
        f"{host}/account_book": book,
    }


DATED = Fraction(1, 4)
"""Coins of each wallet that lie in HTX's account of dated contracts, the rest in that of its swap."""


def htx(ledger: Ledger) -> Answers:
    """Swaps and dated contracts, each with accounts of its own; lists in pages of fifty, the newest of a page first."""

    def last(held: Open) -> Fraction:
        """The price at which what is open was settled last."""
        return held.entry * Fraction(101, 100)

    def told(rows: list[Any]) -> Any:
        return text({"status": "ok", "data": rows, "ts": 1})

    def positions_of(swaps: bool) -> dict[str, Open]:
        return {name: each for name, each in ledger.positions.items() if ("-" in name) is swaps}

    def liquidation(coin: str, swaps: bool) -> str | None:
        found = (
            bare(each.liquidation) for each in positions_of(swaps).values() if each.coin == coin and each.liquidation
        )
        return next(found, None)

    def account(swaps: bool) -> Any:
        static = {coin: held - DATED if swaps else DATED for coin, held in ledger.wallets.items()} or {"BTC": ZERO}
        for each in positions_of(swaps).values():
            static[each.coin] = static.get(each.coin, ZERO) + pnl(each, each.entry, last(each))
        return told([
            {"symbol": coin, **({"contract_code": f"{coin}-USD"} if swaps else {}), "margin_static": bare(held),
             "margin_balance": 1, "liquidation_price": liquidation(coin, swaps)}
            for coin, held in static.items()
        ])  # fmt: skip

    def positions(swaps: bool) -> Any:
        return told([
            {"symbol": each.coin, "contract_code": name, "volume": bare(abs(each.contracts)),
             **({} if swaps else {"contract_type": "quarter"}), "cost_open": bare(each.entry),
             "cost_hold": bare(last(each)), "lever_rate": each.leverage,
             "direction": "buy" if each.contracts > 0 else "sell"}
            for name, each in positions_of(swaps).items()
        ])  # fmt: skip

    def listed(given: Mapping[str, Any], kind: str, swaps: bool) -> list[Event]:
        found = [each for each in happened(ledger, *span(given, "start_time", "end_time"))
                 if (each.kind == "fill") is (kind == "fill") and int(each.id) >= int(given.get("from_id", 0))
                 and each.coin == (given["contract"].partition("-")[0] if swaps else given["symbol"])
                 and (("-" in each.contract) if each.contract else True) is swaps]  # fmt: skip
        return sorted(found, key=lambda each: int(each.id))[: ledger.page or 50][::-1]

    def matches(asked: Asked, swaps: bool) -> Any:
        return told([
            {"query_id": int(each.id), "id": f"{each.id}-1", "contract_code": each.contract,
             "direction": side(each, "buy", "sell"), "offset": "open", "trade_volume": bare(abs(each.contracts)),
             "trade_price": bare(each.price), "trade_fee": bare(-each.fee), "create_date": ms(each.time),
             "order_source": "liquidated" if each.forced else "api"}
            for each in listed(json.loads(asked.body), "fill", swaps)
        ])  # fmt: skip

    def records(asked: Asked, swaps: bool) -> Any:
        kinds = {"funding": "31", "transfer": "14"}
        return told([
            {"query_id": int(each.id), "id": int(each.id), "type": kinds.get(each.kind, each.kind), "asset": each.coin,
             "amount": bare(each.coins), "ts": ms(each.time), "contract_code": each.contract}
            for each in listed(json.loads(asked.body), "", swaps)
        ])  # fmt: skip

    def waiting(asked: Asked, key: str) -> Any:
        given = json.loads(asked.body)
        rows = [each for each in ledger.orders if each.get(key, "") == given.get(key)]
        return {"status": "ok", "data": {"orders": rows}}

    host = "POST api.hbdm.vn"
    return {
        f"{host}/swap-api/v1/swap_account_info": lambda _: account(swaps=True),
        f"{host}/swap-api/v1/swap_position_info": lambda _: positions(swaps=True),
        f"{host}/swap-api/v1/swap_openorders": lambda asked: waiting(asked, "contract_code"),
        f"{host}/swap-api/v3/swap_matchresults_exact": lambda asked: matches(asked, swaps=True),
        f"{host}/swap-api/v3/swap_financial_record_exact": lambda asked: records(asked, swaps=True),
        f"{host}/api/v1/contract_account_info": lambda _: account(swaps=False),
        f"{host}/api/v1/contract_position_info": lambda _: positions(swaps=False),
        f"{host}/api/v1/contract_openorders": lambda asked: waiting(asked, "symbol"),
        f"{host}/api/v3/contract_matchresults_exact": lambda asked: matches(asked, swaps=False),
        f"{host}/api/v3/contract_financial_record_exact": lambda asked: records(asked, swaps=False),
    }


def kucoin(ledger: Ledger) -> Answers:
    coins = {theirs: ours for ours, theirs in _XBT.items()}

    def told(found: Any) -> Reply:
        return text({"code": "200000", "data": found})

    def overview(asked: Asked) -> Any:
        name = asked.query["currency"]
        held, unrealised = ledger.wallets.get(coins.get(name, name), ZERO), Fraction(1, 8)
        return told({"currency": name, "accountEquity": bare(held + unrealised), "unrealisedPNL": bare(unrealised)})

    def positions(_: Asked) -> Any:
        return told([
            {"symbol": name, "currentQty": int(each.contracts), "avgEntryPrice": bare(each.entry), "isOpen": True,
             "crossMode": each.isolated is None, "posMargin": bare(each.isolated or ZERO),
             "liquidationPrice": bare(each.liquidation) if each.liquidation else 0}
            for name, each in ledger.positions.items()
        ])  # fmt: skip

    def items(asked: Asked, rows: list[Any]) -> Any:
        size, page = int(asked.query["pageSize"]), int(asked.query["currentPage"])
        return told({"currentPage": page, "pageSize": size, "items": rows[(page - 1) * size : page * size]})

    def fills(asked: Asked) -> Any:
        return items(asked, [
            {"symbol": each.contract, "tradeId": each.id, "orderId": f"o{each.id}", "side": side(each, "buy", "sell"),
             "price": plain(each.price), "size": int(abs(each.contracts)), "fee": plain(each.fee),
             "tradeType": "liquidation" if each.forced else "trade", "tradeTime": ms(each.time) * 10**6}
            for each in happened(ledger, *span(asked.query, "startAt", "endAt"), "fill")
        ])  # fmt: skip

    def orders(asked: Asked) -> Any:
        if asked.query["status"] == "active":
            return items(asked, ledger.orders)
        return items(asked, [{"id": f"o{each.id}", "clientOid": each.client_id or None} for each in
                             happened(ledger, *span(asked.query, "startAt", "endAt"), "fill")])  # fmt: skip

    def part(asked: Asked, rows: list[Any], key: str) -> Any:
        most = ledger.page or int(asked.query["maxCount"])
        names = [str(row[key]) for row in rows]
        start = names.index(asked.query["offset"]) + 1 if "offset" in asked.query else 0
        return told({"dataList": rows[start : start + most], "hasMore": start + most < len(rows)})

    def funding(asked: Asked) -> Any:
        found = happened(ledger, *span(asked.query, "startAt", "endAt"), "funding")
        return part(asked, [{"id": int(each.id), "symbol": each.contract, "timePoint": ms(each.time),
                             "funding": bare(each.coins)} for each in found
                            if each.contract == asked.query["symbol"]], "id")  # fmt: skip

    def moves(asked: Asked) -> Any:
        kinds = {"fill": "RealisedPNL", "funding": "RealisedPNL"}
        found = happened(ledger, *span(asked.query, "startAt", "endAt"))
        return part(asked, [{"offset": int(each.id), "time": ms(each.time), "status": "Completed",
                             "type": kinds.get(each.kind, "TransferIn" if each.coins > 0 else "TransferOut"),
                             "amount": bare(each.coins), "currency": _XBT.get(each.coin, each.coin)}
                            for each in found], "offset")  # fmt: skip

    host = "GET api-futures.kucoin.com/api/v1"
    return {
        f"{host}/account-overview": overview,
        f"{host}/positions": positions,
        f"{host}/orders": orders,
        f"{host}/fills": fills,
        f"{host}/funding-history": funding,
        f"{host}/transaction-history": moves,
    }


def phemex(ledger: Ledger) -> Answers:
    prices = 10**4

    def told(found: Any) -> Any:
        return {"code": 0, "msg": "OK", "data": found}

    def value(coins: Fraction) -> int:
        return int(coins * _SATOSHI)

    def price(of: Fraction) -> Any:
        return bare(of * prices)

    def products(_: Asked) -> Any:
        return told({
            "currencies": [{"currency": coin, "valueScale": 8} for coin in ("BTC", "ETH")],
            "products": [{"symbol": name, "priceScale": 4} for name in ("BTCUSD", "cETHUSD")],
        })  # fmt: skip

    def account(asked: Asked) -> Any:
        coin = asked.query["currency"]
        return text(told({
            "account": {"currency": coin, "accountBalanceEv": value(ledger.wallets.get(coin, ZERO))},
            "positions": [
                {"symbol": name, "currency": coin, "side": "Buy" if each.contracts > 0 else "Sell",
                 "size": int(abs(each.contracts)), "avgEntryPriceEp": price(each.entry),
                 "leverage": 0 if each.isolated is None else each.leverage, "crossMargin": each.isolated is None,
                 "assignedPosBalanceEv": value(each.isolated or ZERO),
                 "liquidationPriceEp": price(each.liquidation or ZERO)}
                for name, each in ledger.positions.items() if each.coin == coin
            ] + [{"symbol": "BTCUSD", "currency": coin, "side": "None", "size": 0}],
        }))  # fmt: skip

    def waiting(asked: Asked) -> Any:
        rows = [each for each in ledger.orders if each["symbol"] == asked.query["symbol"]]
        return told({"rows": rows}) if rows else {"code": 10002, "msg": "OM_ORDER_NOT_FOUND", "data": None}

    def part(asked: Asked, rows: list[Any]) -> Any:
        start = int(asked.query["offset"])
        return text(told({"total": len(rows), "rows": rows[start : start + int(asked.query["limit"])]}))

    def trades(asked: Asked) -> Any:
        return part(asked, [
            {"transactTimeNs": ms(each.time) * 10**6, "symbol": each.contract, "currency": each.coin,
             "side": side(each, "Buy", "Sell"), "execQty": int(abs(each.contracts)), "execPriceEp": price(each.price),
             "tradeType": "Funding" if each.kind == "funding" else "LiqTrade" if each.forced else "Trade",
             "execFeeEv": value(each.fee if each.kind == "fill" else -each.coins), "execID": each.id,
             "clOrdID": each.client_id}
            for each in reversed(happened(ledger, *span(asked.query, "start", "end")))
            if each.kind in ("fill", "funding") and each.contract == asked.query["symbol"]
        ])  # fmt: skip

    def moves(asked: Asked) -> Any:
        return part(asked, [
            {"linkKey": each.id, "currency": each.coin, "amountEv": value(abs(each.coins)), "status": 10,
             "side": 2 if each.coins > 0 else 1, "createTime": ms(each.time)}
            for each in happened(ledger, *span(asked.query, "start", "end"), "transfer")
            if each.coin == asked.query["currency"]
        ])  # fmt: skip

    host = "GET api.phemex.com"
    return {
        f"{host}/public/products": products,
        f"{host}/accounts/accountPositions": account,
        f"{host}/orders/activeList": waiting,
        f"{host}/exchange/order/trade": trades,
        f"{host}/assets/transfer": moves,
    }


def weex(ledger: Ledger) -> Answers:
    def balances(_: Asked) -> Any:
        return [{"asset": coin, "balance": plain(held), "unrealizePnl": "0"} for coin, held in ledger.wallets.items()]

    def positions(_: Asked) -> Any:
        return [
            {"symbol": name, "asset": "USDT", "side": "LONG" if each.contracts > 0 else "SHORT",
             "marginType": "CROSSED" if each.isolated is None else "ISOLATED", "leverage": str(each.leverage),
             "size": plain(abs(each.contracts) * each.size), "liquidatePrice": plain(each.liquidation or ZERO),
             "openValue": plain(abs(each.contracts) * each.size * each.entry),
             "isolatedMargin": plain(each.isolated or ZERO)}
            for name, each in ledger.positions.items()
        ]  # fmt: skip

    def trades(asked: Asked) -> Any:
        return [
            {"id": int(each.id), "orderId": int(each.id), "symbol": each.contract, "commission": plain(each.fee),
             "commissionAsset": "USDT", "price": plain(each.price), "qty": plain(abs(each.contracts) * each.size),
             "side": side(each, "BUY", "SELL"), "time": ms(each.time)}
            for each in happened(ledger, *span(asked.query, "startTime", "endTime"), "fill")
        ][: ledger.page or 100]  # fmt: skip

    def bills(asked: Asked) -> Any:
        given = json.loads(asked.body)
        kinds = {"fill": "position_close_long", "funding": "position_funding"}
        rows = [
            {"billId": each.id, "asset": each.coin, "symbol": each.contract or None, "income": plain(each.coins),
             "incomeType": kinds.get(each.kind, "transfer_in" if each.coins > 0 else "transfer_out"),
             "time": str(ms(each.time))}
            for each in reversed(happened(ledger, *span(given, "startTime", "endTime")))
        ]  # fmt: skip
        start, most = int(given.get("nextKey", 0)), ledger.page or 100
        more = start + most < len(rows)
        return {
            "hasNextPage": more,
            "nextKey": str(start + most) if more else None,
            "items": rows[start : start + most],
        }

    host = "api-contract.weex.com/capi/v3"
    return {
        f"GET {host}/account/balance": balances,
        f"GET {host}/account/position/allPosition": positions,
        f"GET {host}/openOrders": lambda _: ledger.orders,
        f"GET {host}/userTrades": trades,
        f"POST {host}/account/income": bills,
    }


def usd_m(ledger: Ledger, coin_m: Answers) -> Answers:
    """Binance with its USD-M side, whose sizes count coins, beside COIN-M."""
    found: Answers = {}
    for key, answer in coin_m.items():
        if "dapi.binance.com" in key:
            version = "v2" if key.endswith(("account", "positionRisk")) else "v1"
            found[key.replace("dapi.binance.com/dapi/v1", f"fapi.binance.com/fapi/{version}")] = _in_coins(
                answer, ledger
            )
    return found


def _in_coins(answer: Callable[[Asked], Any], ledger: Ledger) -> Callable[[Asked], Any]:
    sizes = {name: each.size for name, each in ledger.positions.items()}

    def told(asked: Asked) -> Any:
        sizes.update({each.contract: each.size for each in ledger.events if each.kind == "fill"})
        found = answer(asked)
        for row in found if isinstance(found, list) else []:
            for name in ("positionAmt", "qty"):
                if name in row:
                    row[name] = plain(exact(row[name]) * sizes.get(row["symbol"], ONE))
        return found

    return told
