"""An account at an exchange: what it holds and what happened to it, told as each exchange tells it.

``Ledger`` is the truth, in plain figures; ``answers(venue, ledger)`` is what a ``Server`` is given. Shapes, limits of a
page and units are those of the exchanges' documentation: Binance and Bybit give numbers as texts, Deribit and Kraken
as JSON numbers, Bybit, Deribit and Kraken sizes in dollars.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange_server import Asked, Reply
from rebal.amounts import Fraction, plain

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZERO, ONE, MARK = Fraction(0), Fraction(1), Fraction(40000)


@dataclass
class Open:
    """A net position; ``size``: dollars a contract, ``coin``: of its margin."""

    contracts: Fraction
    entry: Fraction
    size: Fraction
    coin: str = "BTC"
    isolated: Fraction | None = None
    leverage: int = 10
    liquidation: Fraction | None = None
    mark: Fraction = MARK


@dataclass
class Event:
    """What happened: a ``fill``, ``funding``, ``transfer`` or something else, by how many coins."""

    id: str
    time: datetime
    kind: str
    coin: str
    coins: Fraction
    contract: str = ""
    contracts: Fraction = ZERO
    price: Fraction = ZERO
    fee: Fraction = ZERO
    client_id: str = ""
    forced: bool = False
    size: Fraction = ONE


@dataclass
class Ledger:
    """An account. ``rights``: what the key may do beyond reading; ``page``: rows of a page, the exchange's own if 0.

    ``mode``: how it is margined, in the exchange's own words; it does not say without.
    """

    wallets: dict[str, Fraction] = field(default_factory=dict)
    positions: dict[str, Open] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    spot: dict[str, Fraction] = field(default_factory=dict)
    rights: frozenset[str] = frozenset()
    page: int = 0
    mode: str = ""


def answers(venue: str, ledger: Ledger) -> dict[str, Callable[[Asked], Any]]:
    """What a server is to answer for an account; ``binance usd-m``: for one of linear contracts there.

    Another word after the venue's name says what of it is tried.
    """
    from exchange_server import coin_accounts
    from exchange_server import more_accounts as more

    if venue == "binance usd-m":
        return {**_binance(Ledger()), **more.usd_m(ledger, _binance(ledger))}
    venue = venue.partition(" ")[0]
    if venue in _VENUES:
        return _VENUES[venue](ledger)
    told: Callable[[Ledger], dict[str, Callable[[Asked], Any]]]
    told = getattr(coin_accounts if hasattr(coin_accounts, venue) else more, venue)
    return told(ledger)


def ms(time: datetime) -> int:
    return (time - EPOCH) // timedelta(milliseconds=1)


def bare(value: Fraction) -> str:
    """A number that is to stand without quotes, digit for digit."""
    return f"@{plain(value)}"


def text(value: Any) -> Reply:
    """JSON in which every bare number is one."""
    return Reply(re.sub(r'"@(-?[0-9.]+)"', r"\1", json.dumps(value)))


def between(ledger: Ledger, asked: Asked, first: str, last: str) -> list[Event]:
    """The events of the time that is asked for, oldest first."""
    start, end = (int(asked.query.get(name, default)) for name, default in ((first, "0"), (last, "9" * 15)))
    return sorted((each for each in ledger.events if start <= ms(each.time) <= end), key=lambda each: each.time)


def _binance(ledger: Ledger) -> dict[str, Callable[[Asked], Any]]:
    def account(_: Asked) -> Any:
        return {"assets": [{"asset": coin, "walletBalance": plain(held)} for coin, held in ledger.wallets.items()]}

    def risk(_: Asked) -> Any:
        return [
            {
                "symbol": name, "positionAmt": plain(each.contracts), "entryPrice": plain(each.entry),
                "liquidationPrice": plain(each.liquidation or ZERO), "leverage": str(each.leverage),
                "marginType": "cross" if each.isolated is None else "isolated",
                "isolatedWallet": plain(each.isolated or ZERO), "positionSide": "BOTH",
            }
            for name, each in {"ADAUSD_PERP": Open(ZERO, ZERO, Fraction(10)), **ledger.positions}.items()
        ]  # fmt: skip

    def income(asked: Asked) -> Any:
        rows: list[Any] = []
        for each in between(ledger, asked, "startTime", "endTime"):
            row = {"symbol": each.contract, "asset": each.coin, "time": ms(each.time), "tranId": each.id, "tradeId": ""}
            if each.kind == "fill":
                rows.append({**row, "incomeType": "COMMISSION", "income": plain(-each.fee)})
            else:
                kinds = {"funding": "FUNDING_FEE", "transfer": "TRANSFER"}
                rows.append({**row, "incomeType": kinds.get(each.kind, each.kind), "income": plain(each.coins)})
        return rows[: ledger.page or 1000]

    def trades(asked: Asked) -> Any:
        return [
            {
                "symbol": each.contract, "id": int(each.id), "orderId": int(each.id) + 7, "price": plain(each.price),
                "side": "BUY" if each.contracts > 0 else "SELL", "qty": plain(abs(each.contracts)),
                "commission": plain(each.fee), "commissionAsset": each.coin, "time": ms(each.time),
            }
            for each in between(ledger, asked, "startTime", "endTime")
            if each.kind == "fill" and each.contract == asked.query["symbol"]
        ][: ledger.page or 1000]  # fmt: skip

    def orders(asked: Asked) -> Any:
        return [
            {
                "orderId": int(each.id) + 7, "time": ms(each.time),
                "clientOrderId": f"autoclose-{each.id}" if each.forced else each.client_id or f"web_{each.id}",
            }
            for each in between(ledger, asked, "startTime", "endTime")
            if each.kind == "fill" and each.contract == asked.query["symbol"]
        ][: ledger.page or 100]  # fmt: skip

    def spot(_: Asked) -> Any:
        return {"balances": [{"asset": coin, "free": plain(n), "locked": "0"} for coin, n in ledger.spot.items()]}

    def restrictions(_: Asked) -> Any:
        return {"enableReading": True, "enableFutures": False, **dict.fromkeys(ledger.rights, True)}

    return {
        "GET dapi.binance.com/dapi/v1/account": account,
        "GET dapi.binance.com/dapi/v1/positionRisk": risk,
        "GET dapi.binance.com/dapi/v1/openOrders": lambda _: ledger.orders,
        "GET dapi.binance.com/dapi/v1/income": income,
        "GET dapi.binance.com/dapi/v1/userTrades": trades,
        "GET dapi.binance.com/dapi/v1/allOrders": orders,
        "GET api.binance.com/api/v3/account": spot,
        "GET api.binance.com/sapi/v1/account/apiRestrictions": restrictions,
    }


def _bybit(ledger: Ledger) -> dict[str, Callable[[Asked], Any]]:
    def told(rows: list[Any], asked: Asked, most: int) -> Any:
        start = int(asked.query.get("cursor", "0"))
        size = ledger.page or most
        cursor = str(start + size) if start + size < len(rows) else ""
        return {"retCode": 0, "result": {"list": rows[start : start + size], "nextPageCursor": cursor}}

    def wallet(asked: Asked) -> Any:
        coins = [{"coin": coin, "walletBalance": plain(held)} for coin, held in ledger.wallets.items()]
        return {"retCode": 0, "result": {"list": [{"accountType": "UNIFIED", "coin": coins}]}}

    def info(_: Asked) -> Any:
        isolated = any(each.isolated is not None for each in ledger.positions.values())
        mode = "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN"
        return {"retCode": 0, "result": {"marginMode": ledger.mode or mode}}

    def positions(asked: Asked) -> Any:
        rows = [
            {
                "symbol": name, "side": "Buy" if each.contracts > 0 else "Sell", "avgPrice": plain(each.entry),
                "size": plain(abs(each.contracts) * each.size), "leverage": str(each.leverage), "tradeMode": 0,
                "liqPrice": plain(each.liquidation) if each.liquidation else "",
            }
            for name, each in ledger.positions.items()
        ]  # fmt: skip
        return told(rows if asked.query["category"] == "inverse" else [], asked, 200)

    def log(asked: Asked) -> Any:
        kinds = {"fill": "TRADE", "funding": "SETTLEMENT"}
        rows = []
        for each in reversed(between(ledger, asked, "startTime", "endTime")):
            kind = kinds.get(each.kind, each.kind)
            if kind == "transfer":
                kind = "TRANSFER_IN" if each.coins > 0 else "TRANSFER_OUT"
            rows.append({
                "id": f"{each.id}_{each.coin}", "type": "LIQUIDATION" if each.forced else kind,
                "transactionTime": str(ms(each.time)), "currency": each.coin, "symbol": each.contract,
                "category": "inverse" if each.contract else "", "side": "Buy" if each.contracts > 0 else "Sell",
                "qty": plain(abs(each.contracts) * each.size), "tradePrice": plain(each.price),
                "fee": plain(each.fee), "change": plain(each.coins), "tradeId": each.id, "orderLinkId": each.client_id,
            })  # fmt: skip
        return told(rows, asked, 50)

    def query(_: Asked) -> Any:
        granted = {"ContractTrade": ["Order"] if "ContractTrade" in ledger.rights else [], "Wallet": []}
        return {"retCode": 0, "result": {"readOnly": 0 if ledger.rights else 1, "permissions": granted}}

    def funds(asked: Asked) -> Any:
        assert asked.query["accountType"] == "FUND"
        held = [{"coin": coin, "walletBalance": plain(n), "transferBalance": "0"} for coin, n in ledger.spot.items()]
        return {"retCode": 0, "result": {"accountType": "FUND", "balance": held}}

    host = "GET api.bybit.com/v5"
    return {
        f"{host}/asset/transfer/query-account-coins-balance": funds,
        f"{host}/account/wallet-balance": wallet,
        f"{host}/account/info": info,
        f"{host}/position/list": positions,
        f"{host}/order/realtime": lambda asked: told(
            ledger.orders if asked.query["category"] == "inverse" else [], asked, 50
        ),
        f"{host}/account/transaction-log": log,
        f"{host}/user/query-api": query,
    }


def _okx(ledger: Ledger) -> dict[str, Callable[[Asked], Any]]:
    def told(rows: list[Any]) -> Any:
        return {"code": "0", "msg": "", "data": rows}

    def balance(_: Asked) -> Any:
        apart = {each.coin: each.isolated or ZERO for each in ledger.positions.values()}
        details = [
            {"ccy": coin, "cashBal": plain(held - apart.get(coin, ZERO))} for coin, held in ledger.wallets.items()
        ]
        return told([{"details": details}])

    def positions(_: Asked) -> Any:
        return told([
            {
                "instType": "SWAP", "instId": name, "pos": plain(each.contracts), "posSide": "net", "ccy": each.coin,
                "avgPx": plain(each.entry), "lever": str(each.leverage),
                "liqPx": plain(each.liquidation) if each.liquidation else "",
                "mgnMode": "cross" if each.isolated is None else "isolated",
                "margin": "" if each.isolated is None else plain(each.isolated),
            }
            for name, each in ledger.positions.items()
        ])  # fmt: skip

    def bills(asked: Asked) -> Any:
        kinds = {"fill": "2", "funding": "8", "transfer": "1"}
        rows = [
            {
                "billId": each.id, "type": "5" if each.forced else kinds.get(each.kind, each.kind),
                "ts": str(ms(each.time)), "ccy": each.coin, "balChg": plain(each.coins), "posBalChg": "0",
                "instType": "SWAP" if each.contract else "", "instId": each.contract, "sz": plain(abs(each.contracts)),
                "px": plain(each.price), "fee": plain(-each.fee), "tradeId": each.id if each.contracts else "",
                "subType": ("1" if each.contracts > 0 else "2") if not each.forced else
                           ("106" if each.contracts > 0 else "107"), "clOrdId": each.client_id,
            }
            for each in reversed(between(ledger, asked, "begin", "end"))
        ]  # fmt: skip
        names = [row["billId"] for row in rows]
        start = names.index(asked.query["after"]) + 1 if "after" in asked.query else 0
        return told(rows[start : start + 100])

    def config(_: Asked) -> Any:
        level = {"acctLv": ledger.mode} if ledger.mode else {}
        return told([{"perm": ",".join(["read_only", *sorted(ledger.rights)]), "posMode": "net_mode", **level}])

    def funds(_: Asked) -> Any:
        return told(
            [{"ccy": coin, "bal": plain(n), "frozenBal": "0", "availBal": "0"} for coin, n in ledger.spot.items()]
        )

    host = "GET www.okx.com/api/v5"
    return {
        f"{host}/account/balance": balance,
        f"{host}/asset/balances": funds,
        f"{host}/account/positions": positions,
        f"{host}/account/bills-archive": bills,
        f"{host}/account/config": config,
        f"{host}/trade/orders-pending": lambda _: told(ledger.orders),
    }


def _deribit(ledger: Ledger) -> dict[str, Callable[[Asked], Any]]:
    def told(result: Any) -> Reply:
        return text({"jsonrpc": "2.0", "result": result})

    def upl(coin: str) -> Fraction:
        pnl = (
            each.contracts * each.size * (1 / each.entry - 1 / each.mark)
            for each in ledger.positions.values()
            if each.coin == coin
        )
        return Fraction(round(sum(pnl, ZERO) * 10**8), 10**8)

    def summaries(_: Asked) -> Any:
        model = {"margin_model": ledger.mode} if ledger.mode else {}
        rows = [{"currency": coin, "equity": bare(held + upl(coin)), **model} for coin, held in ledger.wallets.items()]
        return told({"summaries": rows})

    def positions(_: Asked) -> Any:
        return told([
            {
                "instrument_name": name, "kind": "future", "size": bare(each.contracts * each.size),
                "average_price": bare(each.entry), "mark_price": bare(each.mark), "leverage": each.leverage,
                "estimated_liquidation_price": bare(each.liquidation) if each.liquidation else None,
            }
            for name, each in ledger.positions.items()
        ])  # fmt: skip

    def trades(asked: Asked) -> Any:
        rows = [
            {
                "trade_id": each.id, "timestamp": ms(each.time), "instrument_name": each.contract,
                "direction": "buy" if each.contracts > 0 else "sell", "amount": bare(abs(each.contracts) * each.size),
                "price": bare(each.price), "fee": bare(each.fee), "fee_currency": each.coin,
                **({"label": each.client_id} if each.client_id else {}),
                **({"liquidation": "T"} if each.forced else {}),
            }
            for each in between(ledger, asked, "start_timestamp", "end_timestamp")
            if each.kind == "fill" and each.coin == asked.query["currency"]
        ]  # fmt: skip
        most = ledger.page or 1000
        return told({"trades": rows[:most], "has_more": len(rows) > most})

    def log(asked: Asked) -> Any:
        kinds = {"fill": "trade", "funding": "settlement"}
        rows = [
            {
                "id": int(each.id), "timestamp": ms(each.time), "type": kinds.get(each.kind, each.kind),
                "instrument_name": each.contract or None, "change": bare(each.coins), "currency": each.coin,
                "interest_pl": bare(each.coins) if each.kind == "funding" else None,
            }
            for each in reversed(between(ledger, asked, "start_timestamp", "end_timestamp"))
            if each.coin == asked.query["currency"]
        ]  # fmt: skip
        start, most = int(asked.query.get("continuation", "0")), ledger.page or 250
        following = start + most if start + most < len(rows) else None
        return told({"logs": rows[start : start + most], "continuation": following})

    def auth(_: Asked) -> Any:
        scopes = [f"{each}:read_write" if each in ledger.rights else f"{each}:read" for each in ("account", "trade")]
        return told({"access_token": "token", "scope": " ".join(["connection", *scopes])})

    host = "GET www.deribit.com/api/v2"
    return {
        f"{host}/private/get_account_summaries": summaries,
        f"{host}/private/get_positions": positions,
        f"{host}/private/get_open_orders": lambda _: told(ledger.orders),
        f"{host}/private/get_user_trades_by_currency_and_time": trades,
        f"{host}/private/get_transaction_log": log,
        f"{host}/public/auth": auth,
    }


def _kraken(ledger: Ledger) -> dict[str, Callable[[Asked], Any]]:
    names = {"BTC": "xbt"}

    def accounts(_: Asked) -> Any:
        found: dict[str, Any] = {
            f"fi_{names.get(coin, coin.lower())}usd": {
                "type": "marginAccount", "currency": names.get(coin, coin.lower()),
                "balances": {names.get(coin, coin.lower()): bare(held)},
                "triggerEstimates": {
                    "lt": next((bare(p.liquidation) for p in ledger.positions.values()
                                if p.coin == coin and p.liquidation), 0)
                },
            }
            for coin, held in ledger.wallets.items()
        }  # fmt: skip
        found["cash"] = {"type": "cashAccount", "balances": {names.get(c, c.lower()): bare(n)
                                                             for c, n in ledger.spot.items()}}  # fmt: skip
        return text({"result": "success", "accounts": found})

    def positions(_: Asked) -> Any:
        rows = [
            {
                "symbol": name, "side": "long" if each.contracts > 0 else "short", "price": bare(each.entry),
                "size": bare(abs(each.contracts) * each.size),
            }
            for name, each in ledger.positions.items()
        ]  # fmt: skip
        return text({"result": "success", "openPositions": rows})

    def log(asked: Asked) -> Any:
        rows: list[Any] = []
        coins = dict.fromkeys(ledger.wallets, Fraction(1000))
        held: dict[str, Fraction] = {}
        for each in between(ledger, asked, "since", "before"):
            iso = each.time.isoformat().replace("+00:00", "Z")
            traded = "futures liquidation" if each.forced else "futures trade"
            kinds = {"fill": traded, "funding": "funding rate change", "transfer": "cross-exchange transfer"}
            row = {"date": iso, "info": kinds.get(each.kind, each.kind), "margin_account": "fi_xbtusd"}
            if each.kind == "fill":
                before = held.get(each.contract, ZERO)
                held[each.contract] = before + each.contracts * each.size
                rows.append({**row, "booking_uid": f"p{each.id}", "asset": each.contract.lower(),
                             "contract": each.contract.lower(), "execution": each.id, "old_balance": bare(before),
                             "new_balance": bare(held[each.contract]), "trade_price": bare(each.price)})  # fmt: skip
            before = coins.get(each.coin, ZERO)
            coins[each.coin] = before + each.coins
            rows.append({
                **row, "booking_uid": each.id, "asset": names.get(each.coin, each.coin.lower()),
                "contract": each.contract.lower() or None, "execution": each.id if each.contracts else None,
                "old_balance": bare(before), "new_balance": bare(coins[each.coin]), "fee": bare(each.fee),
                "trade_price": bare(each.price) if each.contracts else None,
                "realized_funding": bare(each.coins) if each.kind == "funding" else None,
            })  # fmt: skip
        numbered = [{**row, "id": n} for n, row in enumerate(rows, start=1)]
        first = int(asked.query.get("from", "0"))
        return text({"accountUid": "x", "logs": [row for row in numbered if int(str(row["id"])) >= first][:500]})

    def fills(_: Asked) -> Any:
        return text({"fills": [{"fill_id": each.id, "cliOrdId": each.client_id or None}
                               for each in ledger.events if each.kind == "fill"][-100:]})  # fmt: skip

    host = "GET futures.kraken.com/derivatives/api/v3"
    return {
        f"{host}/accounts": accounts,
        f"{host}/openpositions": positions,
        f"{host}/openorders": lambda _: text({"result": "success", "openOrders": ledger.orders}),
        f"{host}/fills": fills,
        "GET futures.kraken.com/api/history/v3/account-log": log,
    }


_VENUES: Mapping[str, Callable[[Ledger], dict[str, Callable[[Asked], Any]]]] = {
    "binance": _binance, "bybit": _bybit, "okx": _okx, "deribit": _deribit, "kraken": _kraken
}  # fmt: skip
