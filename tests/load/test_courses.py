"""Price and funding files become a course, digit for digit, or are refused with file and line."""

from pathlib import Path

import pytest

from exact import exact
from rebal.errors import InvalidInput
from rebal.load.course_files import Wanted
from rebal.load.courses import course
from rebal.replay.course import DAY, Course, exactly, moment

BTC = Wanted(("BTC",), ("BTCUSD",))
BOTH = Wanted(("BTC", "ETH"), ("BTCUSD",))
LONG = """\
time,asset,open,high,low,close
2024-01-01,BTC,1,43000,41000,42000.10
2024-01-01,ETH,1,2300,2100,2178.092110999998
2024-01-02,BTC,1,44000,42000,43000
2024-01-02,ETH,1,2400,4e-05,4.014e-05
"""
WIDE = "time,BTC,ETH,DOGE\n2024-01-01,42000,2200,0.1\n2024-01-02,43000,2300,0.1\n2024-01-03,44000,2400,0.1\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, wanted: Wanted = BTC, *, name: str = "prices.csv") -> Course:
    Path(name).write_text(text)
    return course([name], [], wanted)


def refused(text: str, wanted: Wanted = BTC, *, name: str = "BTC.csv", funding: bool = False) -> str:
    Path(name).write_text(text)
    if funding:
        Path("BTC.csv").write_text("time,close\n2024-01-01,1\n2024-01-02,2\n")
    with pytest.raises(InvalidInput) as error:
        course(["BTC.csv"] if funding else [name], [name] if funding else [], wanted)
    return str(error.value)


def test_a_long_table_keeps_every_digit_and_its_bars_end_a_step_later() -> None:
    found = read(LONG, BOTH)
    assert (moment(found.start).isoformat(), found.step, found.count) == ("2024-01-02T00:00:00+00:00", DAY, 2)
    assert found.close("ETH", 0) == exact("2178.092110999998")
    assert found.close("ETH", 1) == exact("0.00004014")
    assert (found.low("BTC", 1), found.high("BTC", 1)) == (exact("42000"), exact("44000"))


def test_a_wide_table_holds_closes_of_their_own_instants_and_leaves_out_what_is_not_wanted() -> None:
    found = read(WIDE, BOTH)
    assert (moment(found.start).isoformat(), found.count) == ("2024-01-01T00:00:00+00:00", 3)
    assert set(found.tracks) == {"BTC", "ETH"}
    assert found.low("BTC", 2) == found.high("BTC", 2) == found.close("BTC", 2) == 44000


def test_a_file_of_one_coin_is_its_own_by_name_or_by_what_is_said() -> None:
    text = "time,open,high,low,close\n2024-01-01,1,3,1,2\n2024-01-02,2,4,2,3\n"
    for name, given in (("BTC.csv", "BTC.csv"), ("a.csv", "BTC=a.csv"), ("BTC.daily.csv", "BTC.daily.csv")):
        Path(name).write_text(text)
        assert course([given], [], BTC).close("BTC", 1) == 3
    Path("a.csv").write_text(text)
    with pytest.raises(InvalidInput, match=r"a\.csv: does not say whose prices it holds; write BTC=FILE"):
        course(["a.csv"], [], BTC)


def test_newest_first_is_turned_round() -> None:
    found = read("time,close\n2024-01-03,3\n2024-01-02,2\n2024-01-01,1\n", name="BTC.csv")
    assert [found.close("BTC", n) for n in range(3)] == [1, 2, 3]


def test_marks_of_contracts_are_tracks_of_their_own() -> None:
    found = read("time,BTC,BTCUSD\n2024-01-01,42000,42010\n2024-01-02,43000,43010\n")
    assert (found.close("BTC", 0), found.close("BTCUSD", 0)) == (exact("42000"), exact("42010"))


def test_a_stretch_of_it() -> None:
    first, last = (1_704_153_600_000 + n * DAY for n in (0, 1))
    found = read(WIDE, Wanted(("BTC",), (), first=first, last=last), name="prices.csv")
    assert (moment(found.start).isoformat(), found.count) == ("2024-01-02T00:00:00+00:00", 2)
    assert found.close("BTC", 0) == 43000


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2024-01-01,1\n2024-01-02,2\n2024-01-04,3\n2024-01-05,4\n",
         "BTC.csv:4:1: comes after a gap: 1 bar is missing before it"),
        ("2024-01-01,1\n2024-01-02,2\n2024-01-02,3\n2024-01-03,4\n", "BTC.csv:4:1: repeats the time of line 3"),
        ("2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n2024-01-01,4\n", "BTC.csv:5:1: is earlier than line 4"),
        ("2024-01-01,1\n2024-01-02,2\n2024-01-02T12:00Z,3\n2024-01-03,4\n2024-01-04,4\n2024-01-05,4\n",
         "BTC.csv:4:1: comes 12 hours after line 3, where steps are 1 day"),
        ("2024-01-01,1\n2024-01-02,0\n", "BTC.csv:3:1: close: is no price (found 0); write a number above 0"),
        ("2024-01-01,0\n2024-01-02,x\n", "BTC.csv:2:1: close: is no price (found 0); write a number above 0"),
        ("2024-01-01,1\n2024-01-02,nan\n", "BTC.csv:3:1: close: is no price (found nan)"),
        ("2024-01-01,1\nyesterday,2\n", "BTC.csv:3:1: time: is no time (found yesterday)"),
        ("2024-01-01,1\n2024-01-02,2,3\n", "BTC.csv:3:1: has 3 cells, where the first row has 2"),
        ("2024-01-01,1\n", "BTC.csv: holds 1 prices of BTC; give at least 2"),
        ("", "BTC.csv: holds no rows"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_are_named_with_their_line(rows: str, said: str) -> None:
    assert refused("time,close\n" + rows).startswith(said)


def test_a_close_outside_its_bar_is_told_with_its_line() -> None:
    rows = "2024-01-01,1,2,1,2\n2024-01-02,1,3,2,4\n2024-01-03,1,3,2,1.99999\n2024-01-04,1,9.0,9,9.00\n"
    assert refused(f"time,open,high,low,close\n{rows}").splitlines() == [
        f"BTC.csv:{line}:1: has its close {close} outside its low 2 and its high 3; check which column is which, and "
        "correct the row"
        for line, close in ((3, "4"), (4, "1.99999"))
    ]


def test_a_stretch_that_the_prices_do_not_cover_is_told_with_theirs() -> None:
    later = Wanted(("BTC",), (), first=1_904_153_600_000)
    assert refused("time,close\n2024-01-01,1\n2024-01-02,2\n", later) == (
        "BTC.csv: has prices from 2024-01-01 to 2024-01-02, and fewer than 2 within --from and --to; widen them"
    )


def test_a_file_of_what_is_not_held_and_one_of_a_contract_alone_are_told() -> None:
    text = "time,close\n2024-01-01,1\n2024-01-02,2\n"
    with pytest.raises(InvalidInput) as error:
        course(["DOGE=BTC.csv"], [], BTC)
    assert str(error.value) == (
        "DOGE=BTC.csv: is of DOGE, which the portfolio does not have; write BTC=FILE or the name of another that it has"
    )
    assert refused(text, name="BTCUSD.csv") == (
        "BTCUSD.csv: BTC: has no prices; add a file or a column of BTC; BTCUSD is a contract here, and those are its "
        "marks: head or name them BTC"
    )


def test_carried_over_a_gap_the_last_price_stands() -> None:
    text = "time,open,high,low,close\n2024-01-01,1,9,1,2\n2024-01-02,2,8,2,5\n2024-01-04,2,4,2,3\n2024-01-05,1,1,1,1\n"
    found = read(text, Wanted(("BTC",), (), carries=True), name="BTC.csv")
    assert [found.close("BTC", n) for n in range(5)] == [2, 5, 5, 3, 1]
    assert (found.low("BTC", 2), found.high("BTC", 2), found.high("BTC", 3)) == (exact("5"), exact("5"), exact("4"))


def test_a_coin_that_begins_later_or_ends_sooner_is_named_and_can_be_carried() -> None:
    Path("BTC.csv").write_text("time,close\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n2024-01-04,4\n")
    Path("ETH.csv").write_text("time,close\n2024-01-02,20\n2024-01-03,30\n")
    with pytest.raises(InvalidInput) as error:
        course(["BTC.csv", "ETH.csv"], [], BOTH)
    assert str(error.value).splitlines() == [
        "ETH.csv:2:1: ETH: begins on 2024-01-02, after the others; give --from 2024-01-02, or --gaps carry to keep its "
        "first price until then",
    ]
    carried = course(["BTC.csv", "ETH.csv"], [], Wanted(("BTC", "ETH"), (), carries=True))
    assert [carried.close("ETH", n) for n in range(4)] == [20, 20, 30, 30]


def test_what_is_missing_or_given_twice_is_said() -> None:
    assert "ETH: has no prices; add a file or a column of ETH" in refused(
        "time,close\n2024-01-01,1\n2024-01-02,2\n", BOTH
    )
    Path("BTC.csv").write_text("time,close\n2024-01-01,1\n2024-01-02,2\n")
    Path("wide.csv").write_text(WIDE)
    with pytest.raises(InvalidInput, match=r"wide\.csv: holds prices of BTC, as BTC\.csv does; keep one"):
        course(["BTC.csv", "wide.csv"], [], BTC)
    Path("hours.csv").write_text("time,ETH\n2024-01-01T00:00Z,1\n2024-01-01T01:00Z,2\n")
    with pytest.raises(InvalidInput, match=r"hours\.csv: has steps of 1 hour, where BTC has 1 day"):
        course(["BTC.csv", "hours.csv"], [], BOTH)


def test_a_table_of_other_coins_is_none() -> None:
    others = "time,asset,close\n2024-01-01,DOGE,1\n2024-01-02,DOGE,2\n"
    assert refused(others).startswith("BTC.csv: has no prices of anything that is held")


def test_funding_by_contract() -> None:
    Path("BTC.csv").write_text("time,close\n2024-01-01,1\n2024-01-02,2\n")
    Path("paid.csv").write_text(
        "time,contract,rate\n2024-01-01T08:00:00Z,BTCUSD,4.014e-05\n2024-01-01T08:00:00Z,XUSD,1\n"
    )
    found = course(["BTC.csv"], ["paid.csv"], BTC).rates
    assert {name: [exactly(rate) for rate in each.rates] for name, each in found.items()} == {
        "BTCUSD": [exact("0.00004014")]
    }
    Path("other.csv").write_text("time,funding_rate\n2024-01-01T08:00:00Z,-0.0001\n")
    assert course(["BTC.csv"], ["BTCUSD=other.csv"], BTC).rates["BTCUSD"].rates == ["-0.0001"]


def test_what_two_accounts_have_is_given_once_by_its_bare_name_or_for_each() -> None:
    shared = Wanted(("BTC",), ("BTCUSD", "a:BTCUSD", "b:BTCUSD"))
    Path("BTC.csv").write_text("time,close\n2024-01-01,1\n2024-01-02,2\n")
    Path("BTCUSD.csv").write_text("time,close\n2024-01-01,1.1\n2024-01-02,2.1\n")
    Path("paid.csv").write_text("time,rate\n2024-01-01T08:00:00Z,0.0001\n")
    Path("own.csv").write_text("time,rate\n2024-01-01T08:00:00Z,0.0002\n")
    found = course(["BTC.csv", "BTCUSD.csv"], ["BTCUSD=paid.csv", "b:BTCUSD=own.csv"], shared)
    assert {name: each.rates for name, each in found.rates.items()} == {"a:BTCUSD": ["0.0001"], "b:BTCUSD": ["0.0002"]}
    assert set(found.tracks) == {"BTC", "a:BTCUSD", "b:BTCUSD"}
    assert found.close("b:BTCUSD", 0) == exact("1.1")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("time,rate\n2024-01-01,0.1\n", "paid.csv: does not say of which contract it is; write CONTRACT=FILE"),
        ("time,contract\n2024-01-01,BTCUSD\n", "paid.csv: has no columns of times and rates"),
        ("time,contract,rate\n2024-01-01,BTCUSD,1%\n", "paid.csv:2:1: rate: is no funding rate (found 1%)"),
        ("time,contract,rate\n2024-01-01,BTCUSD,0\n2024-01-01,BTCUSD,0\n", "paid.csv:3:1: repeats the time of line 2"),
        ("time,contract,rate\n2024-01-02,BTCUSD,0\n2024-01-03,BTCUSD,0\n2024-01-01,BTCUSD,0\n2024-01-04,BTCUSD,0\n",
         "paid.csv:4:1: is earlier than line 3"),
    ],
)  # fmt: skip
def test_funding_that_cannot_be_is_named_with_its_line(rows: str, said: str) -> None:
    assert refused(rows, name="paid.csv", funding=True).startswith(said)


def test_parquet_holds_the_same_figures_as_csv() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import csv, parquet

    Path("prices.csv").write_text(LONG)
    parquet.write_table(csv.read_csv("prices.csv"), "prices.parquet")
    from_csv, from_parquet = (course([f"prices.{ending}"], [], BOTH) for ending in ("csv", "parquet"))
    assert pyarrow
    assert from_csv.start == from_parquet.start
    for n in range(2):
        for name in ("BTC", "ETH"):
            assert from_csv.close(name, n) == from_parquet.close(name, n)


def test_no_bytes_end_in_a_traceback() -> None:
    for name, content in (("BTC.csv", b"\xff\xfe\x00"), ("BTC.csv", b'time,close\n"'), ("BTC.parquet", b"PAR1")):
        Path(name).write_bytes(content)
        with pytest.raises(InvalidInput):
            course([name], [], BTC)
    with pytest.raises(InvalidInput, match="does not exist"):
        course(["BTC=none.csv"], [], BTC)
    with pytest.raises(InvalidInput, match="does not exist"):
        course(["BTC=none.parquet"], [], BTC)
