"""Live prices: each exchange's answers read exactly, and every figure that may be wrong told."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exact import exact
from exchange_server import Asked, Fault, Reply, Server
from program import Answered, answered
from rebal import load, prices, venues
from rebal.amounts import Fraction
from rebal.errors import Unavailable
from rebal.exchange import tickers
from rebal.exchange.tickers.kraken import relative
from rebal.load.block_text import block_text
from rebal.portfolio import Doubt, Portfolio
from rebal.prices import Quotes, Wanted

pytestmark = pytest.mark.usefixtures("loopback")
AT = datetime(2026, 11, 20, 7, 58, 10, tzinfo=UTC)
TRUE = datetime(2026, 11, 20, 7, 58, tzinfo=UTC)
NOW = ("--now", "2026-11-20T07:58:10Z")
NEXT = datetime(2026, 11, 20, 8, tzinfo=UTC)
BOOK = """\
venue: binance
as_of: 2026-11-20T00:00:00Z
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 60%, ETH: 40%}
"""
MARKS = "dapi/v1/premiumIndex"


def quoted(server: Server, venue: str, *coins: str, prices_from: tuple[str, ...] = (), now: datetime = AT) -> Quotes:
    source = prices.source("live", server.network(), timeout=5)
    known = venues.venue(venue)
    contracts = tuple(contract for coin in coins for contract in known.serving(coin, AT))
    return source(Wanted(venue, coins, contracts, prices_from, now))


def read(server: Server, tmp_path: Path, text: str = BOOK, *more: str) -> Portfolio:
    (tmp_path / "p.yaml").write_text(text)
    source = prices.source("live", server.network(), timeout=5)
    return load.portfolio(str(tmp_path / "p.yaml"), now=AT, market=[source, *more])


def run(server: Server, tmp_path: Path, *arguments: str, text: str = BOOK) -> Answered:
    (tmp_path / "p.yaml").write_text(text)
    command, *rest = arguments
    return answered(command, str(tmp_path / "p.yaml"), "--market", "live", *NOW, *rest, network=server.network())


READ = {
    # venue: perpetual, its mark, the index, the rate, hours, next funding, a dated contract and its mark, questions
    "binance": ("BTCUSD_PERP", "40010.12345678", "40000.5", "0.0001", None, NEXT, ("BTCUSD_261225", "40300.2"), 4),
    "bybit": ("BTCUSD", "40010.5", "40000.5", "-0.000125", "8", NEXT, ("BTCUSDZ26", "40300.2"), 2),
    "okx": ("BTC-USD-SWAP", "40010.5", "40000.5", "0.000079238688534", "8", NEXT, ("BTC-USD-261225", "40300.2"), 4),
    "deribit": ("BTC-PERPETUAL", "40010.53", "40000.5", "0.00002603", "8", None, ("BTC-25DEC26", "40300.2"), 2),
    "kraken": ("PI_XBTUSD", "40010.5", "40000.5", "0.000010002625", None, None, ("FI_XBTUSD_261225", "40300.2"), 1),
    "bitmex": ("XBTUSD", "40010.53", "40000.5", "0.0001", "8", datetime(2026, 11, 20, 12, tzinfo=UTC),
               ("XBTZ26", "40300.2"), 1),
    "bingx": ("BTC-USD", "40010.5", "40000.5", "0.000125", "8", NEXT, None, 1),
    "mexc": ("BTC_USD", "40010.5", "40000.5", "0.0001", "8", datetime(2026, 11, 20, 12, tzinfo=UTC), None, 2),
    "gate": ("BTC_USD", "40010.5", "40000.5", "0.000125", "8", NEXT, None, 2),
    "htx": ("BTC-USD", "40010.5", "40000.5", "0.0001", None, NEXT, ("BTC261225", "40300.2"), 6),
    "kucoin": ("XBTUSDM", "40010.5", "40000.5", "0.000038", "8", NEXT, ("XBTMZ26", "40300.2"), 2),
    "phemex": ("BTCUSD", "40010.5", "40000.5", "0.0001", "8", None, None, 2),
}  # fmt: skip


@pytest.mark.parametrize("venue", READ)
def test_each_exchange_is_read_exactly_and_asked_little(server: Server, venue: str) -> None:
    perpetual, mark, index, rate, hours, due, dated, questions = READ[venue]
    found = quoted(server.serve(venue), venue, "BTC")
    assert (found.prices["BTC"], found.prices[perpetual]) == (exact(index), exact(mark))
    assert found.funding[perpetual].base == exact(rate)
    assert found.intervals.get(perpetual) == (None if hours is None else exact(hours))
    assert found.next_funding.get(perpetual) == due
    if dated is not None:
        assert found.prices[dated[0]] == exact(dated[1])
        assert dated[0] not in found.funding
    assert found.sources["BTC"] == found.sources[perpetual] == venue
    assert len(server.asked) == questions


def test_a_linear_exchange_is_read_too(server: Server) -> None:
    (ticker,) = [each for each in _weex(server) if each.contract == "ETHUSDT"]
    assert (ticker.mark, ticker.index, ticker.rate) == (exact("2501.1"), exact("2500.4"), exact("0.0001"))
    assert (ticker.interval_hours, ticker.next_funding, ticker.time) == (4, NEXT, TRUE)


def _weex(server: Server) -> list:  # type: ignore[type-arg]
    from rebal.exchange import Deadline, opened
    from rebal.exchange.tickers import weex

    network = server.serve("weex").network()
    (asked,) = weex.questions([object()])  # type: ignore[list-item]
    answer = opened("weex", network, deadline=Deadline(network, 5)).ask(asked.call, {})
    return list(weex.tickers({asked: answer}))


def test_krakens_absolute_rates_are_turned_by_the_price() -> None:
    # Kraken's own example of 2022-06-28: three absolute rates of an inverse contract beside the relative ones.
    for absolute, own in [("-8.15861558e-10", "-1.6898883333333e-05"), ("-2.6115278e-11", "-5.40935416667e-07")]:
        turned = relative(exact(absolute), exact("20712.9"), inverse=True)
        assert turned is not None
        assert abs(turned / exact(own) - 1) < exact("0.0001")
    # A linear contract of one coin, 2022-03-22: 0.858943 dollars an hour at 42,596 are 0.0020164 %.
    assert relative(Fraction(42_596, 100_000), Fraction(42_596), inverse=False) == exact("0.00001")
    assert relative(exact("0.1"), Fraction(0), inverse=True) is None
    assert relative(None, Fraction(1), inverse=True) is None


def test_a_short_is_paid_what_kraken_says_a_contract_pays(server: Server, tmp_path: Path) -> None:
    text = BOOK.replace("binance", "kraken").replace("BTC: 2, ETH: 14", "BTC: 2").replace("ETH: 40%", "USD: 40%")
    plan = json.loads(run(server.serve("kraken"), tmp_path, "plan", "--format", "json", text=text).out)
    (order,) = plan["orders"]
    # contracts times 2.5e-10 BTC an hour, in dollars at the mark
    paid = exact(order["contracts"]) * exact("2.5e-10") * 24 * exact("40010.5")
    assert exact(plan["costs"]["funding_usd_per_day"]) == -paid


def test_quanto_contracts_are_no_contracts_of_their_coin(server: Server) -> None:
    from rebal.exchange.tickers import bitmex

    server.serve("bitmex")
    answer = json.loads(json.dumps(server.answers["GET www.bitmex.com/api/v1/instrument/active"]), parse_float=str)
    (asked,) = bitmex.questions([object()])  # type: ignore[list-item]
    assert [each.contract for each in bitmex.tickers({asked: answer})] == ["XBTUSD", "XBTZ26"]


def test_the_interval_that_the_exchange_says_counts(server: Server, tmp_path: Path) -> None:
    contracts = read(server.serve("binance"), tmp_path).contracts
    assert contracts["ETHUSD_PERP"].funding_interval_hours == 4
    assert contracts["BTCUSD_PERP"].funding_interval_hours == 8
    own = BOOK + "contracts: {ETHUSD_PERP: {funding_interval: 1h}}\n"
    assert read(server, tmp_path, own).contracts["ETHUSD_PERP"].funding_interval_hours == 1


def test_what_is_asked_is_the_same_as_its_file(server: Server, tmp_path: Path) -> None:
    portfolio = read(server.serve("binance"), tmp_path)
    (tmp_path / "m.yaml").write_text(block_text(quoted(server, "binance", "BTC", "ETH")))
    assert load.portfolio(str(tmp_path / "p.yaml"), now=AT, market=str(tmp_path / "m.yaml")).market == portfolio.market
    assert portfolio.market.as_of == TRUE


def test_a_file_beside_it_wins_key_by_key(server: Server, tmp_path: Path) -> None:
    (tmp_path / "over.yaml").write_text("prices: {BTC: 41000}\nas_of: 2026-11-20T07:00:00Z\n")
    market = read(server.serve("binance"), tmp_path, BOOK, str(tmp_path / "over.yaml")).market
    assert (market.prices["BTC"], market.prices["ETH"]) == (Fraction(41_000), exact("2500.25"))
    assert ("BTC" in market.sources, market.sources["ETH"]) == (False, "binance")
    assert market.as_of == datetime(2026, 11, 20, 7, tzinfo=UTC)
    said = answered("plan", str(tmp_path / "p.yaml"), "--market", f"live,{tmp_path}/over.yaml", "--format", "json",
                    *NOW, network=server.network())  # fmt: skip
    assert [asset["price"] for asset in json.loads(said.out)["assets"]][:2] == ["41000", "2500.25"]


def test_coins_that_the_venue_lacks_come_from_the_exchanges_named_for_them(server: Server, tmp_path: Path) -> None:
    text = BOOK.replace("ETH: 14", "ETH: 14, XMR: 10, ALGO: 100, DOGE: 1").replace("40%", "10%, XMR: 10%, ALGO: 20%")
    text = text.replace("targets:", "aside: [DOGE]\ntargets:") + "prices_from: [kraken, coinbase]\n"
    server.serve("binance", "spot_kraken", "coinbase")
    market = read(server, tmp_path, text).market
    assert (market.prices["XMR"], market.prices["ALGO"]) == (exact("160.05"), exact("0.2043"))
    assert (market.sources["XMR"], market.sources["ALGO"], market.sources["BTC"]) == ("kraken", "coinbase", "binance")
    assert "DOGE" not in market.prices
    said = run(server, tmp_path, "plan", text=text)
    assert "from binance, ALGO from coinbase, XMR from kraken" in said.out
    sources = json.loads(run(server, tmp_path, "plan", "--format", "json", text=text).out)["inputs"]["price_sources"]
    assert {"name": "XMR", "source": "kraken"} in sources


def test_an_exchange_for_the_rest_is_told_where_it_is_missed(server: Server, tmp_path: Path) -> None:
    text = BOOK.replace("ETH: 14", "ETH: 14, XMR: 10").replace("40%", "30%, XMR: 10%") + "prices_from: [kraken]\n"
    server.serve("binance")
    assert run(server, tmp_path, "plan", text=text).err.startswith("rebal: kraken: ")
    assert run(server, tmp_path, "plan", text=text).code == 4
    assert run(server, tmp_path, "plan", text=BOOK + "prices_from: [kraken]\n").code == 0


def test_an_unknown_exchange_for_the_rest_is_a_wrong_word(server: Server, tmp_path: Path) -> None:
    said = run(server, tmp_path, "check", text=BOOK + "prices_from: [krakn]\n")
    assert said.err == (
        f"{tmp_path}/p.yaml:5:15: prices_from[0]: is not known here (found krakn); did you mean kraken?\n"
    )
    assert server.asked == []


def doubts(found: Quotes) -> dict[tuple[str, str], dict[str, str]]:
    return {
        (each.subject, each.doubt.value): {name: str(figure) for name, figure in each.figures.items()}
        for each in found.doubts
    }


def test_a_clock_that_is_off_is_said_and_no_price_is_of_the_future(server: Server) -> None:
    behind = datetime(2026, 11, 20, 7, 55, tzinfo=UTC)
    found = quoted(server.serve("bybit"), "bybit", "BTC", now=behind)
    assert doubts(found) == {("bybit", "skewed"): {"seconds": "180"}}
    assert found.as_of == behind
    assert doubts(quoted(server, "bybit", "BTC", now=datetime(2026, 11, 20, 8, 8, tzinfo=UTC))) == {
        ("bybit", "skewed"): {"seconds": "-600"}
    }


@pytest.mark.parametrize(
    ("now", "words"),
    [("07:55:00", "180 seconds ahead of this one"), ("08:08:00", "600 seconds behind this one")],
)
def test_a_clock_that_is_off_is_told_with_its_direction(server: Server, tmp_path: Path, now: str, words: str) -> None:
    (tmp_path / "p.yaml").write_text(BOOK.replace("binance", "bybit"))
    at = ("--now", f"2026-11-20T{now}Z", "--market", "live")
    said = answered("plan", str(tmp_path / "p.yaml"), *at, network=server.serve("bybit").network())
    assert f"price-in-doubt  bybit  its clock is {words}: set the one that is wrong" in said.out


def changed(server: Server, row: int, **fields: object) -> None:
    server.answers[f"GET dapi.binance.com/{MARKS}"][row].update(fields)


def test_a_price_that_lags_behind_the_others_is_said(server: Server) -> None:
    server.serve("binance")
    changed(server, 0, time=1795161480000 - 3_600_000)
    found = quoted(server, "binance", "BTC", "ETH")
    assert doubts(found) == {
        ("BTC", "stale"): {"seconds": "3601"}, ("BTCUSD_PERP", "stale"): {"seconds": "3601"},
    }  # fmt: skip
    assert found.as_of == datetime(2026, 11, 20, 6, 58, tzinfo=UTC)


@pytest.mark.parametrize(("bid", "ask", "doubt"), [("40020", "40010", "crossed"), ("0", "40010", "one-sided")])
def test_a_book_that_is_crossed_or_empty_is_said(server: Server, bid: str, ask: str, doubt: str) -> None:
    server.serve("bybit")
    answer = server.answers["GET api.bybit.com/v5/market/tickers?category=inverse"]
    answer["result"]["list"][0].update(bid1Price=bid, ask1Price=ask)
    assert doubts(quoted(server, "bybit", "BTC")) == {("BTCUSD", doubt): {"bid": bid, "ask": ask}}


@pytest.mark.parametrize("mark", ["0", "0.00000000", "-1", "", None])
def test_a_mark_that_is_none_is_said_and_never_used(server: Server, tmp_path: Path, mark: str | None) -> None:
    server.serve("binance")
    changed(server, 0, markPrice=mark)
    found = quoted(server, "binance", "BTC")
    assert "BTCUSD_PERP" not in found.prices
    assert doubts(found) == {("BTCUSD_PERP", "unpriced"): {}}
    said = run(server, tmp_path, "plan")
    assert "BTCUSD_PERP  binance gives no price of it: BTC's price is used" in said.out
    assert run(server, tmp_path, "status").code == 10
    open_one = BOOK + "wallets: {BTC: 1}\npositions: [{contract: BTCUSD_PERP, contracts: -10, entry_price: 40000}]\n"
    assert run(server, tmp_path, "status", text=open_one).code == 20


def test_an_index_that_is_none_is_no_price(server: Server, tmp_path: Path) -> None:
    server.serve("binance")
    for row in range(3):
        changed(server, row, indexPrice="0")
    for row in server.answers["GET fapi.binance.com/fapi/v1/premiumIndex"]:
        row["indexPrice"] = ""
    said = run(server, tmp_path, "plan")
    assert said.code == 3
    instead = "name exchanges under prices_from, or add market.prices.BTC\n"
    assert f"targets.BTC: needs a price of BTC, of which binance gave none; {instead}" in said.err


def test_an_exchange_that_prices_nothing_is_named(server: Server, tmp_path: Path) -> None:
    server.serve("bybit", "spot_kraken", "coinbase")
    for category in ("inverse", "linear"):
        server.answers[f"GET api.bybit.com/v5/market/tickers?category={category}"]["result"]["list"] = []
    said = run(server, tmp_path, "plan", text=BOOK.replace("binance", "bybit"))
    assert (said.code, said.out) == (3, "")
    assert "targets.BTC: needs a price of BTC, of which bybit gave none; name exchanges under" in said.err
    assert "targets.ETH: needs a price of ETH, of which bybit gave none" in said.err


def test_every_exchange_that_was_asked_for_a_coin_in_vain_is_named(server: Server, tmp_path: Path) -> None:
    server.serve("binance", "spot_kraken", "coinbase")
    text = BOOK.replace("ETH", "QQQ") + "prices_from: [kraken, coinbase]\n"
    said = run(server, tmp_path, "plan", text=text)
    assert said.code == 3
    words = "needs a price of QQQ, of which binance, kraken and coinbase gave none; add market.prices.QQQ\n"
    assert words in said.err


def test_an_index_in_another_currency_is_said(server: Server) -> None:
    server.serve("binance")
    for row in range(3):
        changed(server, row, indexPrice="0")
    found = quoted(server, "binance", "BTC")
    assert (found.prices["BTC"], doubts(found)) == (exact("40002.1"), {("BTC", "in-tether"): {}})


def test_a_mark_beyond_the_band_is_said(server: Server, tmp_path: Path) -> None:
    server.serve("binance")
    changed(server, 0, markPrice="41000")
    assert "mark-off" not in run(server, tmp_path, "plan").out
    said = run(server, tmp_path, "plan", text=BOOK + "policy: {band: 2%}\n")
    assert "mark-off  BTCUSD_PERP  its mark 41000.00 and BTC's price 40000.50 are 2.5 % apart" in said.out


def test_a_contract_that_is_missing_is_said_and_the_rest_is_used(server: Server) -> None:
    server.serve("binance")
    del server.answers[f"GET dapi.binance.com/{MARKS}"][0]
    found = quoted(server, "binance", "BTC")
    assert (found.prices["BTC"], doubts(found)) == (exact("40000.5"), {("BTCUSD_PERP", "unpriced"): {}})


def test_an_answer_without_a_time_counts_as_of_now(server: Server) -> None:
    changed(server.serve("binance"), 0, time=None)
    found = quoted(server, "binance", "BTC")
    assert found.as_of == TRUE  # of the contracts that have one
    assert {subject for subject, doubt in doubts(found) if doubt == "undated"} == {"BTC", "BTCUSD_PERP"}


@pytest.mark.parametrize("answer", [{}, [], "page", [{"symbol": 7}], [{"symbol": "X", "markPrice": "1,000"}], [[1]]])
def test_an_answer_of_another_shape_is_one_line(server: Server, tmp_path: Path, answer: object) -> None:
    server.serve("binance")
    server.answers[f"GET dapi.binance.com/{MARKS}"] = answer
    said = run(server, tmp_path, "plan")
    if answer == []:  # no contract is listed: the linear ones are
        assert said.code == 0
    else:
        assert (said.code, said.out) == (4, "")
        assert said.err.startswith("rebal: binance: answers with ")
        assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("live,", "names no file; write --market live"),
        ("Live", "no file is named Live, and sources are in small letters; write --market live"),
        ("", "names no file; write --market FILE"),
    ],
)
def test_a_slip_in_what_prices_are_from_is_a_usage_error(
    server: Server, tmp_path: Path, given: str, words: str
) -> None:
    (tmp_path / "p.yaml").write_text(BOOK)
    said = answered("plan", str(tmp_path / "p.yaml"), "--market", given, *NOW, network=server.network())
    assert said == Answered(2, "", f"rebal: --market {given}: {words}\n")
    assert server.asked == []


def test_an_exchange_that_is_down_is_one_line_and_4(server: Server, tmp_path: Path) -> None:
    server.serve("binance").faults = [Fault(reply=Reply("down", 503), times=99)]
    assert run(server, tmp_path, "plan") == Answered(
        4, "", "rebal: binance: fails (HTTP 503), tried 4 times; nothing of it is known\n"
    )


@pytest.mark.parametrize("timeout", ["0", "-1", "x", "99999"])
def test_a_timeout_is_a_number_of_seconds(server: Server, tmp_path: Path, timeout: str) -> None:
    said = run(server, tmp_path, "plan", "--timeout", timeout)
    assert said.code == 2
    assert said.err.startswith(f"rebal: --timeout {timeout}: ")


def test_the_timeout_is_kept(server: Server, tmp_path: Path) -> None:
    server.serve("binance").faults = [Fault(slow=3, times=99)]
    assert run(server, tmp_path, "plan", "--timeout", "0.4").err == "rebal: binance: has not answered within 0.4 s\n"


def test_a_file_with_something_wrong_asks_nobody(server: Server, tmp_path: Path) -> None:
    said = run(server.serve("binance"), tmp_path, "plan", text=BOOK.replace("BTC: 2", "BTC: -2"))
    assert (said.code, server.asked) == (3, [])


def test_every_venue_of_the_catalogue_can_be_asked() -> None:
    assert [venue for venue in venues.names() if tickers.reader(venue) is None] == []


def test_a_contract_that_is_asked_about_alone_may_be_missing(server: Server) -> None:
    server.serve("htx")
    bars = "GET api.hbdm.vn/index/market/history/"
    said = {"status": "error", "ts": 1795161480000, "err-code": "invalid-parameter", "err-msg": "invalid symbol"}
    server.answers[f"{bars}mark_price_kline?symbol=BTC261127"] = said
    found = quoted(server, "htx", "BTC")
    assert "BTC261127" not in found.prices
    assert doubts(found) == {("BTC261127", "unpriced"): {}}
    assert found.prices["BTC261225"] == exact("40300.2")
    server.answers[f"{bars}swap_mark_price_kline?contract_code=BTC-USD"] = said
    found = quoted(server, "htx", "BTC")
    assert (found.prices["BTC"], "BTC-USD" in found.prices) == (exact("40000.5"), False)
    server.answers["GET api.hbdm.vn/swap-api/v1/swap_index"] = said
    with pytest.raises(Unavailable, match="htx: knows no such contract"):
        quoted(server, "htx", "BTC")


def test_a_mark_of_htx_is_as_old_as_its_minute(server: Server) -> None:
    server.serve("htx")
    bar = server.answers["GET api.hbdm.vn/index/market/history/swap_mark_price_kline?contract_code=BTC-USD"]
    bar["data"][0]["id"] -= 600
    found = quoted(server, "htx", "BTC")
    assert doubts(found)["BTC-USD", "stale"] == {"seconds": "540"}


@pytest.mark.parametrize("moment", [10**12, 10**40, -1, "soon"])
def test_a_time_beyond_all_years_is_told(server: Server, moment: object) -> None:
    server.serve("gate").answers["GET api.gateio.ws/api/v4/futures/btc/contracts"][0]["funding_next_apply"] = moment
    with pytest.raises(Unavailable, match="gate: answers with something that is not understood"):
        quoted(server, "gate", "BTC")


def test_the_interval_that_runs_counts_at_kucoin(server: Server) -> None:
    assert quoted(server.serve("kucoin"), "kucoin", "ETH").intervals["ETHUSDM"] == 4


@pytest.mark.parametrize("field", ["priceScale", "ratioScale"])
@pytest.mark.parametrize("scale", [None, -1, 99, "4.5.6"])
def test_a_whole_number_of_no_known_scale_is_no_price(server: Server, field: str, scale: object) -> None:
    server.serve("phemex")
    server.answers["GET api.phemex.com/public/products"]["data"]["products"][0][field] = scale
    if isinstance(scale, str):
        with pytest.raises(Unavailable, match="not understood"):
            quoted(server, "phemex", "BTC")
    else:
        assert "BTCUSD" not in quoted(server, "phemex", "BTC").prices


def test_the_same_question_is_put_once_however_many_portfolios_ask(server: Server, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(BOOK)
    source = prices.source("live", server.serve("binance").network(), timeout=5)
    for _ in range(3):
        load.portfolio(str(tmp_path / "p.yaml"), now=AT, market=[source])
    assert len(server.asked) == 4


def test_a_comma_in_a_files_name_is_no_list(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "a,b.yaml"
    file.write_text("prices: {BTC: 1, ETH: 1}\n")
    (tmp_path / "p.yaml").write_text(BOOK)
    assert answered("check", str(tmp_path / "p.yaml"), "--market", str(file), *NOW).code == 0


@pytest.mark.parametrize("doubt", Doubt)
def test_every_doubt_goes_through_a_file(tmp_path: Path, doubt: Doubt) -> None:
    (tmp_path / "p.yaml").write_text(BOOK)
    text = (
        "prices: {BTC: 1, ETH: 1}\ndoubts: [{of: BTC, why: "
        + doubt.value
        + ", source: binance, figures: {bid: 0.1}}]\n"
    )
    (tmp_path / "m.yaml").write_text(text)
    (found,) = load.portfolio(str(tmp_path / "p.yaml"), now=AT, market=str(tmp_path / "m.yaml")).market.doubts
    assert (found.subject, found.doubt, found.figures) == ("BTC", doubt, {"bid": exact("0.1")})
    plan = answered("plan", str(tmp_path / "p.yaml"), "--market", str(tmp_path / "m.yaml"), *NOW)
    assert "price-in-doubt  BTC" in plan.out


def test_whatever_is_asked_is_public(server: Server, tmp_path: Path) -> None:
    run(server.serve("binance"), tmp_path, "plan")
    asked: list[Asked] = server.asked
    assert {each.method for each in asked} == {"GET"}
    assert not any("key" in name.lower() or "sign" in name.lower() for each in asked for name in each.headers)


def many(server: Server, tmp_path: Path, *arguments: str) -> Answered:
    folder = tmp_path / "books"
    folder.mkdir(exist_ok=True)
    for n, coins in enumerate(["BTC: 2, ETH: 14", "BTC: 1", "ETH: 3", "BTC: 5"]):
        venue = "okx" if n == 3 else "binance"
        (folder / f"{n}.yaml").write_text(
            f"venue: {venue}\nas_of: 2026-11-20T00:00:00Z\nholdings: {{{coins}, USD: 10}}\n"
        )
    (folder / "wrong.yaml").write_text("venue: binance\nholdings: {BTC: -1}\n")
    return answered("status", str(folder), "--market", "live", "--format", "json", *NOW, *arguments,
                    network=server.network())  # fmt: skip


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_of_many_books_each_venue_is_asked_once(server: Server, tmp_path: Path, jobs: str) -> None:
    said = many(server.serve("binance", "okx"), tmp_path, "--jobs", jobs)
    assert said.code == 3  # of the one that is wrong
    found = [json.loads(line) for line in said.out.replace("\n{", "\0{").split("\0")]
    prices_of = [{each["asset"]: each["price"] for each in book.get("assets", [])} for book in found]
    assert prices_of == [
        {"BTC": "40000.5", "ETH": "2500.25", "USD": "1"}, {"BTC": "40000.5", "USD": "1"},
        {"ETH": "2500.25", "USD": "1"}, {"BTC": "40000.5", "USD": "1"}, {},
    ]  # fmt: skip
    assert {each["source"] for each in found[3]["inputs"]["price_sources"]} == {"okx"}
    assert len(server.asked) == 4 + 4


def test_of_many_books_those_of_a_venue_that_is_down_are_told(server: Server, tmp_path: Path) -> None:
    said = many(server.serve("binance"), tmp_path)
    assert said.code == 4
    assert said.err.count("rebal: okx: ") == 1
    assert said.out.count('"schema": "rebal/status/1"') == 3


def test_each_account_is_priced_at_its_own_venue(server: Server, tmp_path: Path) -> None:
    text = """\
as_of: 2026-11-20T00:00:00Z
accounts:
  bybit: {venue: bybit}
  own: {venue: binance}
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 60%, ETH: 40%}
"""
    server.serve("bybit", "binance")
    del server.answers["GET api.bybit.com/v5/market/tickers?category=inverse"]["result"]["list"][3]  # ETHUSD
    server.answers["GET api.bybit.com/v5/market/tickers?category=linear"]["result"]["list"] = []
    portfolio = read(server, tmp_path, text)
    market, contracts = portfolio.market, portfolio.contracts
    assert market.mark(contracts["BTCUSD"]) == exact("40010.5")
    assert market.mark(contracts["BTCUSD_PERP"]) == exact("40010.12345678")
    assert [market.sources[name] for name in ("BTC", "ETH", "BTCUSD")] == ["bybit", "binance", "bybit"]
    assert (market.prices["ETH"], contracts["ETHUSD_PERP"].funding_interval_hours) == (exact("2500.25"), Fraction(4))
    unpriced = {each.subject for each in market.doubts if each.doubt is Doubt.UNPRICED}
    assert "ETHUSD" in unpriced
    assert "ETH" not in unpriced
    assert run(server, tmp_path, "plan", text=text).code == 0


def test_without_a_venue_there_is_nobody_to_ask(server: Server, tmp_path: Path) -> None:
    own = "contracts: {X: {asset: BTC, kind: inverse, multiplier: 1, taker_fee: 0%}}\n"
    text = "as_of: 2026-11-20T00:00:00Z\nholdings: {BTC: 1}\ntargets: {BTC: 100%}\n" + own
    said = run(server, tmp_path, "plan", text=text)
    assert (said.code, "there is nobody to ask" in said.err) == (4, True)
    assert run(server.serve("spot_kraken"), tmp_path, "plan", text=text + "prices_from: [kraken]\n").code == 0
