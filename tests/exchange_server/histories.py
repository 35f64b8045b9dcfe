"""What exchanges printed before, told as each of them tells it: bars by the day and funding, in pages of its own.

``Past`` is the truth of a contract. A page ends where the exchange's documentation says: Binance gives the first rows
from a time on, Bybit the first bars and the newest rates, OKX the newest of both, Deribit and Kraken what lies in a
stretch of time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exchange_server import Asked

DAY, HOUR = 86_400_000, 3_600_000
NOW = 1795161490000
"""2026-11-20T07:58:10Z in milliseconds."""


@dataclass
class Past:
    """A contract since it was listed: a bar a day, its close ``close(day)``; a rate every so many hours.

    ``listed``: days before today; ``missing``: days of which there is no bar.
    """

    listed: int
    close: Callable[[int], str]
    hours: int = 8
    missing: Sequence[int] = ()

    def bars(self) -> list[tuple[int, str]]:
        today = NOW // DAY
        days = (day for day in range(today - self.listed, today + 1) if today - day not in self.missing)
        return [(day * DAY, self.close(day)) for day in days]

    def rates(self) -> list[tuple[int, str]]:
        step, today = self.hours * HOUR, NOW // DAY
        return [(time, rate(time)) for time in range((today - self.listed) * DAY, NOW + 1, step)]


def rate(time: int) -> str:
    """A rate that tells its time: of every hour another."""
    return f"0.00{time // HOUR % 9_973 + 10_000}"


def within(rows: list[tuple[int, str]], first: int, last: int) -> list[tuple[int, str]]:
    return [row for row in rows if first <= row[0] <= last]


def answers(venue: str, pasts: Mapping[str, Past]) -> dict[str, Any]:
    """What a server is to answer for contracts of a venue."""
    return _VENUES[venue](pasts)


def _number(asked: Asked, name: str, otherwise: int) -> int:
    return int(float(asked.query.get(name, otherwise)))


def _binance(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def klines(asked: Asked) -> Any:
        rows = within(pasts[asked.query["symbol"]].bars(), _number(asked, "startTime", 0), NOW)
        return [[time, close, close, close, close, "1", time + DAY - 1, "1", 1, "1", "1", "0"]
                for time, close in rows[:500]]  # fmt: skip

    def rates(asked: Asked) -> Any:
        rows = within(pasts[asked.query["symbol"]].rates(), _number(asked, "startTime", 0), NOW)
        return [
            {"symbol": asked.query["symbol"], "fundingTime": time, "fundingRate": each} for time, each in rows[:100]
        ]

    host = "GET dapi.binance.com/dapi/v1"
    return {f"{host}/klines": klines, f"{host}/fundingRate": rates}


def _bybit(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def told(rows: Any) -> Any:
        return {"retCode": 0, "retMsg": "OK", "result": {"list": rows}}

    def klines(asked: Asked) -> Any:
        first, last = _number(asked, "start", 0), _number(asked, "end", NOW)
        rows = within(pasts[asked.query["symbol"]].bars(), first, last)[: _number(asked, "limit", 200)]
        return told([[str(time), close, close, close, close, "1", "1"] for time, close in reversed(rows)])

    def rates(asked: Asked) -> Any:
        rows = within(
            pasts[asked.query["symbol"]].rates(), _number(asked, "startTime", 0), _number(asked, "endTime", NOW)
        )
        newest = rows[-min(_number(asked, "limit", 200), 200) :]
        return told([
            {"symbol": asked.query["symbol"], "fundingRate": each, "fundingRateTimestamp": str(time)}
            for time, each in reversed(newest)
        ])  # fmt: skip

    host = "GET api.bybit.com/v5/market"
    empty = {"retCode": 0, "result": {"list": []}}
    markets = {f"{host}/instruments-info?category={each}": empty for each in ("spot", "linear", "option")}
    return {f"{host}/kline": klines, f"{host}/funding/history": rates, **markets}


def _okx(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def told(rows: Any) -> Any:
        return {"code": "0", "msg": "", "data": rows}

    def newest(asked: Asked, rows: list[tuple[int, str]], most: int) -> list[tuple[int, str]]:
        first, last = _number(asked, "before", -1), _number(asked, "after", NOW + 1)  # neither of them counts
        limit = min(_number(asked, "limit", most), most)
        return within(rows, first + 1, last - 1)[-limit:][::-1]

    def candles(asked: Asked) -> Any:
        rows = newest(asked, pasts[asked.query["instId"]].bars(), 100)
        return told([[str(time), close, close, close, close, "1", "1", "1", "1"] for time, close in rows])

    def rates(asked: Asked) -> Any:
        kept = [row for row in pasts[asked.query["instId"]].rates() if row[0] >= NOW - 90 * DAY]  # three months
        return told([
            {"instId": asked.query["instId"], "fundingRate": "0.5", "realizedRate": each, "fundingTime": str(time)}
            for time, each in newest(asked, kept, 100)
        ])  # fmt: skip

    swaps = [
        {"instType": "SWAP", "instId": name, "ctType": "inverse", "ctVal": "100", "ctMult": "1", "ctValCcy": "USD",
         "settleCcy": name[:3], "uly": name[:7], "instFamily": name[:7], "state": "live", "lotSz": "1", "minSz": "1",
         "tickSz": "0.1", "lever": "100", "listTime": "1500000000000", "expTime": ""}
        for name in pasts
    ]  # fmt: skip
    host = "GET www.okx.com/api/v5"
    return {
        f"{host}/market/candles": candles, f"{host}/market/history-candles": candles,
        f"{host}/public/funding-rate-history": rates, f"{host}/public/instruments": told([]),
        f"{host}/public/instruments?instType=SWAP": told(swaps),
    }  # fmt: skip


def _deribit(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def told(result: Any) -> Any:
        return {"jsonrpc": "2.0", "result": result}

    def stretch(asked: Asked, rows: list[tuple[int, str]]) -> list[tuple[int, str]]:
        return within(rows, _number(asked, "start_timestamp", 0), _number(asked, "end_timestamp", NOW))

    def chart(asked: Asked) -> Any:
        rows = stretch(asked, pasts[asked.query["instrument_name"]].bars())[-5_000:]
        closes = [float(close) for _, close in rows]
        columns = dict.fromkeys(("open", "high", "low", "close", "volume", "cost"), closes)
        return told({"ticks": [time for time, _ in rows], **columns, "status": "ok" if rows else "no_data"})

    def rates(asked: Asked) -> Any:
        rows = stretch(asked, pasts[asked.query["instrument_name"]].rates())[-744:]
        return told([
            {"timestamp": time, "index_price": 40000.5, "prev_index_price": 40000.5, "interest_1h": float(each),
             "interest_8h": 0.5}
            for time, each in rows
        ])  # fmt: skip

    instruments = [
        {"instrument_name": name, "kind": "future", "instrument_type": "reversed", "is_active": True,
         "base_currency": name[:3], "quote_currency": "USD", "counter_currency": "USD", "settlement_currency": name[:3],
         "contract_size": 10, "min_trade_amount": 10, "tick_size": 0.5, "settlement_period": "perpetual",
         "taker_commission": 0.0005, "maker_commission": 0, "expiration_timestamp": 32503708800000,
         "creation_timestamp": 1500000000000}
        for name in pasts
    ]  # fmt: skip
    host = "GET www.deribit.com/api/v2/public"
    return {
        f"{host}/get_tradingview_chart_data": chart, f"{host}/get_funding_rate_history": rates,
        f"{host}/get_instruments": told(instruments),
    }  # fmt: skip


def _kraken(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def chart(name: str) -> Callable[[Asked], Any]:
        def candles(asked: Asked) -> Any:
            first, last = _number(asked, "from", 0) * 1000, _number(asked, "to", NOW // 1000) * 1000
            rows = within(pasts[name].bars(), first, last)[:2_000]
            return {"candles": [
                {"time": time, "open": close, "high": close, "low": close, "close": close, "volume": "1"}
                for time, close in rows
            ], "more_candles": False}  # fmt: skip

        return candles

    def rates(asked: Asked) -> Any:
        return {"result": "success", "rates": [
            {"timestamp": _iso(time), "fundingRate": 40000 * float(each), "relativeFundingRate": float(each)}
            for time, each in pasts[asked.query["symbol"]].rates()
        ]}  # fmt: skip

    host = "GET futures.kraken.com"
    charts = {f"{host}/api/charts/v1/trade/{name}/1d": chart(name) for name in pasts}
    return {**charts, f"{host}/derivatives/api/v4/historicalfundingrates": rates}


def _bitmex(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def asked_from(asked: Asked) -> int:
        from datetime import datetime

        return int(datetime.fromisoformat(asked.query["startTime"]).timestamp() * 1000)

    def buckets(asked: Asked) -> Any:
        """By the end of each; it opens where the one before closed."""
        rows = pasts[asked.query["symbol"]].bars()
        before = dict(zip((time for time, _ in rows[1:]), (close for _, close in rows), strict=False))
        found = [
            {"timestamp": _iso(time + DAY), "symbol": asked.query["symbol"], "open": float(before.get(time, close)),
             "high": float(close), "low": float(close), "close": float(close), "trades": 1}
            for time, close in rows if NOW >= time + DAY >= asked_from(asked)
        ]  # fmt: skip
        return found[: _number(asked, "count", 100)]

    def rates(asked: Asked) -> Any:
        found = within(pasts[asked.query["symbol"]].rates(), asked_from(asked), NOW)
        return [
            {"timestamp": _iso(time), "symbol": asked.query["symbol"], "fundingInterval": "2000-01-01T08:00:00.000Z",
             "fundingRate": float(each), "fundingRateDaily": 3 * float(each)}
            for time, each in found[: _number(asked, "count", 100)]
        ]  # fmt: skip

    host = "GET www.bitmex.com/api/v1"
    return {f"{host}/trade/bucketed": buckets, f"{host}/funding": rates}


def _kucoin(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def klines(asked: Asked) -> Any:
        rows = within(pasts[asked.query["symbol"]].bars(), _number(asked, "from", 0), _number(asked, "to", NOW))[:201]
        return {"code": "200000", "data": [[time, *[float(close)] * 4, 1] for time, close in rows]}

    return {"GET api-futures.kucoin.com/api/v1/kline/query": klines}


def _gate(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def candles(asked: Asked) -> Any:
        first, last = _number(asked, "from", 0) * 1000, _number(asked, "to", NOW // 1000) * 1000
        found = within(pasts[asked.query["contract"]].bars(), first, last)[:2_000]
        return [{"t": time // 1000, "o": close, "h": close, "l": close, "c": close, "v": 1} for time, close in found]

    host = "GET api.gateio.ws/api/v4"
    others = ("margin/currency_pairs", "spot/currency_pairs", "futures/usdt/contracts", "delivery/usdt/contracts",
              "options/underlyings")  # fmt: skip
    return {f"{host}/futures/btc/candlesticks": candles, **{f"{host}/{other}": [] for other in others}}


def _bingx(pasts: Mapping[str, Past]) -> dict[str, Any]:
    def klines(asked: Asked) -> Any:
        first, last = _number(asked, "startTime", 0), _number(asked, "endTime", NOW)
        found = within(pasts[asked.query["symbol"]].bars(), first, last)[: _number(asked, "limit", 500)]
        return {"code": 0, "data": [
            {"open": close, "close": close, "high": close, "low": close, "volume": "1", "time": time}
            for time, close in found
        ]}  # fmt: skip

    host = "GET open-api.bingx.com/openApi"
    return {
        f"{host}/cswap/v1/market/klines": klines, f"{host}/swap/v2/quote/contracts": {"code": 0, "data": []},
        f"{host}/spot/v1/common/symbols": {"code": 0, "data": {"symbols": []}},
    }  # fmt: skip


def _htx(pasts: Mapping[str, Past]) -> dict[str, Any]:
    """Where a size is named, times count for nothing."""

    def klines(asked: Asked) -> Any:
        first, last = _number(asked, "from", 0) * 1000, _number(asked, "to", NOW // 1000) * 1000
        rows = pasts[asked.query["contract_code"]].bars()
        found = rows[-_number(asked, "size", 0) :] if "size" in asked.query else within(rows, first, last)[:2_000]
        return {"status": "ok", "data": [
            {"id": time // 1000, **dict.fromkeys(("open", "high", "low", "close"), float(close)), "amount": 1}
            for time, close in found
        ]}  # fmt: skip

    spot = {
        "base-currency": "ht", "quote-currency": "usdt", "symbol": "htusdt", "state": "online", "price-precision": 4,
        "amount-precision": 4, "value-precision": 8, "min-order-value": 1, "symbol-partition": "main",
    }  # fmt: skip
    linear = {
        "symbol": "HT", "contract_code": "HT-USDT", "contract_size": 1, "price_tick": 0.1, "delivery_time": "",
        "create_date": "20200325", "contract_status": 1, "support_margin_mode": "all", "business_type": "swap",
        "pair": "HT-USDT", "contract_type": "swap",
    }  # fmt: skip
    return {
        "GET api.hbdm.vn/swap-ex/market/history/kline": klines,
        "GET api.huobi.pro/v1/common/symbols": {"status": "ok", "data": [spot]},
        "GET api.hbdm.vn/linear-swap-api/v1/swap_contract_info": {"status": "ok", "data": [linear]},
    }


def _iso(time: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time / 1000, UTC).isoformat().replace("+00:00", "Z")


_VENUES: Mapping[str, Callable[[Mapping[str, Past]], dict[str, Any]]] = {
    "binance": _binance, "bybit": _bybit, "okx": _okx, "deribit": _deribit, "kraken": _kraken,
    "bitmex": _bitmex, "kucoin": _kucoin, "gate": _gate, "bingx": _bingx, "htx": _htx,
}  # fmt: skip


def spot_kraken(pasts: Mapping[str, Past]) -> dict[str, Any]:
    """Kraken's spot, its pairs by their older names; of bars it has the newest 720 alone, the last not ended."""
    names = {"BTC": ("XXBTZUSD", "XXBT"), "DOGE": ("XDGUSD", "XXDG")}

    def pair(coin: str) -> tuple[str, str]:
        return names.get(coin, (f"{coin}USD", coin))

    def candles(asked: Asked) -> Any:
        (past,) = [past for coin, past in pasts.items() if pair(coin)[0] == asked.query["pair"]]
        rows = [row for row in past.bars()[-720:] if row[0] // 1000 > _number(asked, "since", 0)]
        bars = [[time // 1000, close, close, close, close, close, "1", 1] for time, close in rows]
        return {"error": [], "result": {asked.query["pair"]: bars, "last": NOW // DAY * DAY // 1000}}

    pairs = {
        pair(coin)[0]: {"altname": f"{coin}USD", "wsname": f"{coin}/USD", "aclass_base": "currency",
                        "base": pair(coin)[1], "aclass_quote": "currency", "quote": "ZUSD", "lot": "unit",
                        "cost_decimals": 5, "pair_decimals": 5, "lot_decimals": 8, "lot_multiplier": 1,
                        "leverage_buy": [], "leverage_sell": [], "fees": [[0, 0.4]], "fees_maker": [[0, 0.25]],
                        "fee_volume_currency": "ZUSD", "ordermin": "1", "costmin": "0.5", "tick_size": "0.00001",
                        "status": "online"}
        for coin in pasts
    }  # fmt: skip
    host = "GET api.kraken.com/0/public"
    return {f"{host}/AssetPairs": {"error": [], "result": pairs}, f"{host}/OHLC": candles}


def coinbase(pasts: Mapping[str, Past]) -> dict[str, Any]:
    """Coinbase: bars of a stretch of at most 350, the newest first."""

    def candles(coin: str) -> Callable[[Asked], Any]:
        def answer(asked: Asked) -> Any:
            first, last = _number(asked, "start", 0) * 1000, _number(asked, "end", 0) * 1000
            rows = within(pasts[coin].bars(), first, last)
            assert (last - first) // DAY <= 350
            return {"candles": [
                {"start": str(time // 1000), "low": close, "high": close, "open": close, "close": close, "volume": "1"}
                for time, close in reversed(rows)
            ]}  # fmt: skip

        return answer

    host = "GET api.coinbase.com/api/v3/brokerage/market/products"
    return {f"{host}/{coin}-USD/candles": candles(coin) for coin in pasts}
