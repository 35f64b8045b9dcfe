"""Price histories: every layout that people have gives the same closes, and nothing that is wrong passes."""

import contextlib
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal.amounts import Fraction
from rebal.errors import InvalidInput, Problem
from rebal.load.closes import HISTORY, beta_from, pair, regressed
from rebal.load.columns import names_asset
from rebal.market.regression import Pair

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
SOL = (140.0, 150.0, 145.0, 160.0, 155.5, 170.25)
BTC = (40000.0, 41000.0, 40500.0, 42000.0, 41500.0, 43000.0)
DAYS = [START + n * DAY for n in range(len(SOL))]


def wrote(folder: Path, text: str, name: str = "prices.csv") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def rows(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


def wide(*times: str, closes: tuple[float, ...] = SOL, via: tuple[float, ...] = BTC) -> str:
    return rows("date,SOL,BTC", *(f"{t},{a},{b}" for t, a, b in zip(times, closes, via, strict=True)))


def dates() -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in DAYS]


def millis(day: datetime) -> int:
    return int(day.timestamp() * 1000)


EXPECTED = Pair("SOL", "BTC", START, DAY, SOL, BTC)

WIDE = {
    "date and coins": wide(*dates()),
    "pairs for names": wide(*dates()).replace("SOL,BTC", "SOL-USD,BTC/USDT"),
    "coins the other way round, others between": rows(
        "Date,BTC_close,DOGE_close,SOL_close",
        *(f"{d},{b},0.1,{a}" for d, a, b in zip(dates(), SOL, BTC, strict=True)),
    ),
    "instants with a zone": wide(*(f"{day:%Y-%m-%dT%H:%M:%SZ}" for day in DAYS)),
    "instants of another zone": wide(*(f"{day + timedelta(hours=1):%Y-%m-%d %H:%M:%S}+01:00" for day in DAYS)),
    "minutes without a zone": wide(*(f"{day:%Y-%m-%d %H:%M}" for day in DAYS)),
    "seconds since 1970": wide(*(str(millis(day) // 1000) for day in DAYS)),
    "milliseconds": wide(*(str(millis(day)) for day in DAYS)),
    "microseconds": wide(*(str(millis(day) * 1000) for day in DAYS)),
    "semicolons": wide(*dates()).replace(",", ";"),
    "tabs": wide(*dates()).replace(",", "\t"),
    "quotes, spaces, a byte order mark and the line ends of Windows": "\ufeff"
    + wide(*(f'"{d}"' for d in dates())).replace(",", ", ").replace("\n", "\r\n"),
    "one row a coin and day": rows(
        "symbol,timestamp,open,close",
        *(
            f"{name},{d},1,{close}"
            for d, own, other in zip(dates(), SOL, BTC, strict=True)
            for name, close in (("SOLUSDT", own), ("BTCUSDT", other))
        ),
        *(f"ETHUSDT,{d},1,nothing" for d in dates()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", list(WIDE))
def test_one_file_of_two_coins(layout: str, tmp_path: Path) -> None:
    assert pair(wrote(tmp_path, WIDE[layout]), asset="SOL", via="BTC") == EXPECTED


def kline(day: datetime, close: float) -> str:
    end = millis(day) + 86_399_999
    return f"{millis(day)},1.5,2.5,0.5,{close},1000.25,{end},2000.5,42,500.125,600.25,0"


SINGLE = {
    "binance klines": rows(
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore",
        *(kline(day, close) for day, close in zip(DAYS, BTC, strict=True)),
    ),
    "binance klines without a header": "\n".join(kline(day, close) for day, close in zip(DAYS, BTC, strict=True)),
    "bybit klines": rows(
        "startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover",
        *(f"{millis(day)},1,2,0.5,{close},10,20" for day, close in zip(DAYS, BTC, strict=True)),
    ),
    "okx candles": rows(
        "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm",
        *(f"BTC-USDT,1,2,0.5,{close},1,1,1,{millis(day)},1" for day, close in zip(DAYS, BTC, strict=True)),
    ),
    "coingecko": rows(
        "snapped_at,price,market_cap,total_volume",
        *(f"{day:%Y-%m-%d %H:%M:%S} UTC,{close},,12.5" for day, close in zip(DAYS, BTC, strict=True)),
    ),
    "yahoo": rows(
        "Date,Open,High,Low,Close,Adj Close,Volume",
        *(f"{day:%Y-%m-%d},1,2,0.5,{close},{close},77" for day, close in zip(DAYS, BTC, strict=True)),
    ),
    "dates and closes": rows("date,close", *(f"{day:%Y-%m-%d},{close}" for day, close in zip(DAYS, BTC, strict=True))),
    "dates and closes without a header": "\n".join(
        f"{day:%Y-%m-%d},{close}" for day, close in zip(DAYS, BTC, strict=True)
    ),
    "a wide file": WIDE["date and coins"],
}


@pytest.mark.parametrize("layout", list(SINGLE))
def test_a_file_of_each_coin(layout: str, tmp_path: Path) -> None:
    own = rows("date,close", *(f"{d},{close}" for d, close in zip(dates(), SOL, strict=True)))
    via = wrote(tmp_path, SINGLE[layout], "via.csv")
    assert pair(wrote(tmp_path, own), asset="SOL", via="BTC", via_path=via) == EXPECTED


def test_small_prices_may_have_exponents(tmp_path: Path) -> None:
    text = rows("date,SHIB,BTC", *(f"{d},{n + 1}.5e-06,{b}" for n, (d, b) in enumerate(zip(dates(), BTC, strict=True))))
    assert pair(wrote(tmp_path, text), asset="SHIB", via="BTC").closes[:2] == (1.5e-06, 2.5e-06)


def test_of_two_files_the_time_that_both_cover(tmp_path: Path) -> None:
    own = rows("date,close", *(f"{d},{close}" for d, close in zip(dates()[1:], SOL[1:], strict=True)))
    via = rows("date,close", *(f"{d},{close}" for d, close in zip(dates()[:5], BTC[:5], strict=True)))
    found = pair(wrote(tmp_path, own), asset="SOL", via="BTC", via_path=wrote(tmp_path, via, "via.csv"))
    assert found == Pair("SOL", "BTC", START + DAY, DAY, SOL[1:5], BTC[1:5])


@pytest.mark.parametrize(
    "text", ["BTC", "btc", "BTC-USD", "BTCUSDT", "BTC/USDC", "BTC-USDT-SWAP", "BTCUSD_PERP", "Close BTC"]
)
def test_names_of_a_coin(text: str) -> None:
    assert names_asset(text, "BTC")


@pytest.mark.parametrize("text", ["BTCB", "WBTC", "BTCEUR", "ETHBTC", "BTC-USD-261225", "", "USD"])
def test_names_of_other_things(text: str) -> None:
    assert not names_asset(text, "BTC")


def problems(path: str, via_path: str | None = None) -> list[Problem]:
    with pytest.raises(InvalidInput) as raised:
        regressed(pair(path, asset="SOL", via="BTC", via_path=via_path), path=path, via_path=via_path)
    return list(raised.value.problems)


def only(path: str, via_path: str | None = None) -> str:
    (problem,) = problems(path, via_path)
    return str(problem).replace(str(Path(path).parent) + "/", "")


def changed(line: int, to: str | None, *more: str) -> str:
    """The wide file with one line changed, or left out."""
    lines = wide(*dates()).splitlines()
    lines[line - 1 : line] = [] if to is None else [to, *more]
    return "\n".join(lines) + "\n"


WRONG = {
    "a close of text": (
        changed(4, "2026-01-03,145,null"),
        "prices.csv:4:16: BTC: is no price (found null); write a number above 0, without separators",
    ),
    "an empty close": (
        changed(4, "2026-01-03,,40500"),
        "prices.csv:4:12: SOL: is no price (found nothing); write a number above 0, without separators",
    ),
    "a close of 0": (
        changed(4, "2026-01-03,0,40500"),
        "prices.csv:4:12: SOL: is no price (found 0); write a number above 0, without separators",
    ),
    "a negative close": (
        changed(4, "2026-01-03,-1,40500"),
        "prices.csv:4:12: SOL: is no price (found -1); write a number above 0, without separators",
    ),
    "a separator of thousands": (
        changed(4, '2026-01-03,"1,145",40500'),
        "prices.csv:4:1: SOL: is no price (found 1,145); write a number above 0, without separators",
    ),
    "not a number": (
        changed(4, "2026-01-03,nan,40500"),
        "prices.csv:4:12: SOL: is no price (found nan); write a number above 0, without separators",
    ),
    "a time of text": (
        changed(4, "yesterday,145,40500"),
        "prices.csv:4:1: date: is no time (found yesterday); write one like 2026-11-20 or 1795132800000",
    ),
    "a day that is none": (
        changed(4, "2026-02-30,145,40500"),
        "prices.csv:4:1: date: is no time (found 2026-02-30); write one like 2026-11-20 or 1795132800000",
    ),
    "a day of the other order": (
        changed(4, "01/03/2026,145,40500"),
        "prices.csv:4:1: date: is no time (found 01/03/2026); write one like 2026-11-20 or 1795132800000",
    ),
    "a year before there were prices": (
        changed(4, "1066-10-14,145,40500"),
        "prices.csv:4:1: date: is no time (found 1066-10-14); write one like 2026-11-20 or 1795132800000",
    ),
    "a row too short": (changed(4, "2026-01-03,145"), "prices.csv:4:1: has 2 cells, where the first row has 3"),
    "a row too long": (changed(4, "2026-01-03,145,40500,"), "prices.csv:4:1: has 4 cells, where the first row has 3"),
    "a gap": (
        changed(4, None),
        "prices.csv:4:1: comes after a gap: 1 close is missing before it; fill the gap, or begin the history after it",
    ),
    "a row twice": (
        changed(4, "2026-01-03,145,40500", "2026-01-03,145,40500"),
        "prices.csv:5:1: repeats the time of line 4; keep one of the two",
    ),
    "a row between": (
        changed(7, "2026-01-06T13:00:00Z,170.25,43000"),
        "prices.csv:7:1: comes 37 hours after line 6, where steps are 1 day; keep even steps",
    ),
    "one row": (
        rows("date,SOL,BTC", "2026-01-01,140,40000"),
        "prices.csv: holds too few closes of BTC (found 1); give at least 4\n"
        "prices.csv: holds too few closes of SOL (found 1); give at least 4",
    ),
    "a price that never moves": (
        wide(*dates(), via=(40000.0,) * 6),
        "prices.csv: the returns of BTC are all the same, so nothing can be told from them; give a history that varies",
    ),
    "nothing": ("", "prices.csv:1:1: has no column of times (found nothing); head it date, timestamp or open_time"),
    "no times": (
        rows("name,SOL,BTC", "a,1,2"),
        "prices.csv:1:1: has no column of times (found name,SOL,BTC); head it date, timestamp or open_time",
    ),
    "one of the two missing": (
        rows("date,SOL,ETH", "2026-01-01,1,2"),
        "prices.csv:1:1: has no column of BTC (found date,SOL,ETH); head it BTC, or give its own history",
    ),
    "both missing": (
        rows("date,ETH,LTC", "2026-01-01,1,2"),
        "prices.csv:1:1: has no column of SOL or of BTC, and none of closes (found date,ETH,LTC); head it close",
    ),
    "one column for two": (
        rows("date,close", "2026-01-01,1"),
        "prices.csv:1:1: holds one column of closes, where those of SOL and BTC are wanted (found date,close); "
        "give each its own history",
    ),
    "two columns of one": (
        rows("date,SOL,SOL-USD,BTC", "2026-01-01,1,1,2"),
        "prices.csv:1:1: has several columns of SOL: SOL and SOL-USD (found date,SOL,SOL-USD,BTC); keep one of them",
    ),
    "figures without a header": (
        "2026-01-01,1,2\n",
        "prices.csv:1:1: has no header (found 2026-01-01,1,2); write one, like date,close",
    ),
    "symbols without the one that is wanted": (
        rows("symbol,date,close", *(f"SOLUSD,{d},1" for d in dates())),
        "prices.csv: has no row of BTC; give a history that holds it",
    ),
    "two symbols of one coin": (
        rows("symbol,date,close", *(f"{s},{d},1" for s in ("SOLUSD", "SOL-USDT", "BTC") for d in dates())),
        "prices.csv: has rows of SOLUSD and of SOL-USDT; keep one of them",
    ),
    "a quote left open": (
        changed(4, '"2026-01-03,145,40500'),
        "prices.csv:4:1: is no CSV: unexpected end of data; check its quotes",
    ),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_what_is_wrong_is_said_where_it_stands(what: str, tmp_path: Path) -> None:
    text, said = WRONG[what]
    path = wrote(tmp_path, text)
    found = "\n".join(str(each).replace(f"{tmp_path}/", "") for each in problems(path))
    assert found == said


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    lines = ["date,SOL,BTC", "2026-01-01,x,40000", "then,1,2", "2026-01-03,145,0"]
    assert [(each.line, each.path) for each in problems(wrote(tmp_path, "\n".join(lines)))] == [
        (2, "SOL"), (3, "date"), (4, "BTC"),
    ]  # fmt: skip


def test_rows_out_of_order_are_told_one_by_one(tmp_path: Path) -> None:
    shuffled = [dates()[n] for n in (0, 1, 3, 2, 4, 5)]
    said = [str(each) for each in problems(wrote(tmp_path, wide(*shuffled)))]
    assert any("is earlier than line 4; sort the rows, oldest first" in each for each in said)


def test_steps_that_differ_between_two_files(tmp_path: Path) -> None:
    own = wrote(tmp_path, rows("date,close", *(f"{d},{close}" for d, close in zip(dates(), SOL, strict=True))))
    hours = [START + timedelta(hours=n) for n in range(8)]
    via = wrote(tmp_path, rows("date,close", *(f"{t:%Y-%m-%d %H:%M},{n + 1}" for n, t in enumerate(hours))), "via.csv")
    assert only(own, via) == (
        "via.csv: has steps of 1 hour, where the history of SOL has 1 day; give both at the same steps"
    )
    later = [day + timedelta(hours=8) for day in DAYS]
    via = wrote(tmp_path, rows("date,close", *(f"{t:%Y-%m-%d %H:%M},{n + 1}" for n, t in enumerate(later))), "via.csv")
    assert only(own, via) == (
        "via.csv: has its closes at other times than the history of SOL; give both at the same times"
    )
    ago = [day - 4 * DAY for day in DAYS]
    via = wrote(tmp_path, rows("date,close", *(f"{t:%Y-%m-%d},{n + 1}" for n, t in enumerate(ago))), "via.csv")
    assert only(own, via) == ("via.csv: shares 2 closes with the history of SOL; give at least 4 of the same times")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_bytes(b"date,SOL,BTC\n2026-01-01,1,\xff\n")
    assert "is not UTF-8" in only(str(file))
    file.write_bytes("date,SOL,BTC\n".encode("utf-16"))
    assert "is UTF-16" in only(str(file))


def test_a_file_that_is_not_there_or_none_at_all(tmp_path: Path) -> None:
    assert only(str(tmp_path / "none.csv")) == "none.csv: does not exist; name an existing file"
    assert "is a folder" in problems(str(tmp_path))[0].problem


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.csv"
    with file.open("wb") as out:
        out.truncate(HISTORY.largest + 1)
    tracemalloc.start()
    said = only(str(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said == "huge.csv: is larger than 32 MiB; leave out what is no price history"
    assert peak < 10**6


def test_endless_wrong_rows_are_not_all_listed(tmp_path: Path) -> None:
    said = problems(wrote(tmp_path, rows("date,SOL,BTC", *("a,b,c" for _ in range(5000)))))
    assert len(said) == 1000


like_csv = st.text(alphabet='0123456789-,;":T Zdate\nSOLBTC.', max_size=200).map(str.encode)


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=200), like_csv, like_csv.map(b"date,SOL,BTC\n".__add__)))
def test_any_bytes_are_a_history_or_a_problem(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(content)
    with contextlib.suppress(InvalidInput):
        regressed(pair(str(file), asset="SOL", via="BTC"), path=str(file))


def test_a_beta_for_a_portfolio(tmp_path: Path) -> None:
    follows = tuple(100 * (price / 40000) ** 2 for price in BTC)
    path = wrote(tmp_path, wide(*dates(), closes=follows))
    assert abs(beta_from(path, asset="SOL", via="BTC") - 2) < Fraction(1, 10**9)


def test_a_beta_that_says_too_little_is_refused(tmp_path: Path) -> None:
    path = wrote(tmp_path, wide(*dates(), closes=(1.0, 1.1, 1.2, 1.3, 1.1, 1.3)))
    with pytest.raises(InvalidInput, match=r"SOL shares \d+\.\d % of its variance with BTC, where at least 50 % are"):
        beta_from(path, asset="SOL", via="BTC")
    path = wrote(tmp_path, wide(*dates(), closes=tuple(1 / price for price in BTC)))
    with pytest.raises(InvalidInput, match="SOL moves against BTC; write beta instead of history"):
        beta_from(path, asset="SOL", via="BTC")


def test_a_history_from_new_to_old_is_read_the_other_way_round(tmp_path: Path) -> None:
    forward = wide(*dates()).splitlines()
    for name, lines in (("old-first", forward), ("new-first", [forward[0], *reversed(forward[1:])])):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    old, new = (pair(str(tmp_path / f"{name}.csv"), asset="SOL", via="BTC") for name in ("old-first", "new-first"))
    assert old == new
