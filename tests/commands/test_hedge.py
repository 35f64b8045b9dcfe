"""What hedge and unwind are told on the command line: which contract, how much, of what."""

import json
from pathlib import Path
from typing import Any

import pytest

from program import answered

AT = "2026-11-20T08:00:00Z"
CONTRACT = """\
  {name}:
    asset: {asset}
    kind: inverse
    multiplier: 1
    {expiry}
    lot_size: 1
    min_contracts: 1
    tick_size: 0.01
    maker_fee: 0%
    taker_fee: 0.05%
    max_leverage: 50
    maintenance: {{price: mark, method: whole, tiers: [{{rate: 1%}}]}}
"""
EXPIRIES = {"BTCDEC": "2026-12-25T08:00:00Z", "BTCMAR": "2027-03-26T08:00:00Z", "BTCJUN": "2027-06-25T08:00:00Z"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Two BTC, ten ETH and what is set aside, on contracts of one dollar."""
    named = [
        CONTRACT.format(name="BTCUSD", asset="BTC", expiry="funding_interval: 8h"),
        CONTRACT.format(name="ETHUSD", asset="ETH", expiry="funding_interval: 8h"),
        CONTRACT.format(name="DOGEUSD", asset="DOGE", expiry="funding_interval: 8h"),
        *(CONTRACT.format(name=name, asset="BTC", expiry=f"expiry: {day}") for name, day in EXPIRIES.items()),
    ]
    path = tmp_path / "book.yaml"
    path.write_text(
        f"as_of: {AT}\nholdings: {{BTC: 2, ETH: 10, DOGE: 1000, USDT: 5000}}\naside: [DOGE]\n"
        f"market: {{as_of: {AT}, prices: {{BTC: 40000, ETH: 2500, DOGE: 0.1}}}}\ncontracts:\n" + "".join(named)
    )
    return path


def asked(book: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = answered(*arguments, "-p", str(book), "--now", AT, "--format", "json")
    assert (done.code, done.err if not code else "") == (code, "")
    answer: dict[str, Any] = json.loads(done.out)
    return answer


def ordered(answer: dict[str, Any]) -> dict[str, str]:
    return {order["contract"]: f"{order['side']} {order['contracts']}" for order in answer["orders"]}


def refused(book: Path, *arguments: str) -> str:
    done = answered(*arguments, "-p", str(book), "--now", AT)
    assert (done.code, done.out) == (2, "")
    return done.err


@pytest.mark.parametrize(
    ("until", "contract"),
    [("2026-12-25", "BTCDEC"), ("2026-12-26", "BTCMAR"), ("2027-03-26T08:00:00Z", "BTCMAR"), ("2027-05-01", "BTCJUN")],
)
def test_until_passes_over_what_expires_too_early(book: Path, until: str, contract: str) -> None:
    assert ordered(asked(book, "hedge", "BTC", "--pct", "50", "--until", until)) == {contract: "sell 40000"}


def test_until_a_day_that_nothing_outlasts_names_what_there_is(book: Path) -> None:
    assert refused(book, "hedge", "BTC", "--pct", "50", "--until", "2027-07-01") == (
        "rebal: --until 2027-07-01: no dated contract of BTC lasts that long; known: BTCDEC until 2026-12-25, "
        "BTCMAR until 2027-03-26, BTCJUN until 2027-06-25\n"
    )
    assert "has passed; write a day to come" in refused(book, "hedge", "BTC", "--pct", "50", "--until", "2026-11-20")


def test_notional_and_coins_size_by_the_index(book: Path) -> None:
    assert ordered(asked(book, "hedge", "BTC", "--notional", "14950")) == {"BTCUSD": "sell 14950"}
    assert ordered(asked(book, "hedge", "ETH", "--coins", "3.2")) == {"ETHUSD": "sell 8000"}
    many = asked(book, "hedge", "ETH", "--notional", "50000", code=1)
    assert many["refused"]


def test_all_is_what_is_held_but_neither_dollars_nor_set_aside(book: Path) -> None:
    answer = asked(book, "hedge", "--all", "--pct", "50")
    assert ordered(answer) == {"BTCUSD": "sell 40000", "ETHUSD": "sell 12500"}
    assert [line["asset"] for line in answer["hedges"]] == ["BTC", "ETH"]
    assert "stands under aside" in refused(book, "hedge", "DOGE", "--pct", "50")


def test_a_contract_of_another_asset_is_no_hedge_without_a_proxy(book: Path) -> None:
    assert refused(book, "hedge", "ETH", "--pct", "50", "--contract", "BTCUSD") == (
        "rebal: --contract BTCUSD: is on BTC, not on ETH; name a proxy under proxies\n"
    )
    book.write_text(book.read_text() + "proxies: {ETH: {via: BTC, beta: 1.2}}\n")
    assert ordered(asked(book, "hedge", "ETH", "--pct", "50", "--contract", "BTCUSD")) == {"BTCUSD": "sell 15000"}


def test_a_contract_and_a_day_go_together_and_other_ways_do_not(book: Path) -> None:
    answer = asked(book, "hedge", "BTC", "--pct", "50", "--contract", "BTCUSD", "--until", "2027-01-01")
    assert (ordered(answer), answer["hedges"][0]["until"]) == ({"BTCUSD": "sell 40000"}, "2027-01-01T00:00:00Z")
    for ways in (
        ("--contract", "BTCUSD", "--roll"),
        ("--until", "2027-01-01", "--via", "BTC"),
        ("--via", "BTC", "--roll"),
    ):
        assert "give one of them" in refused(book, "hedge", "BTC", "--pct", "50", *ways)
    assert "give one of them" in refused(book, "hedge", "BTC", "--pct", "50", "--until", "2027-01-01", "--for", "9d")


def hold(book: Path, position: str) -> None:
    book.write_text(book.read_text() + f"wallets: {{BTC: 1.5}}\npositions:\n  - {position}\n")


def test_a_hedge_asked_for_on_another_contract_is_rolled_and_then_left_alone(book: Path, tmp_path: Path) -> None:
    hold(book, "{contract: BTCDEC, contracts: -40000, entry_price: 40000, hedge: -40000}")
    path = str(tmp_path / "roll.json")
    for way, onto in ((("--contract", "BTCUSD"), "BTCUSD"), (("--until", "2027-01-01"), "BTCMAR")):
        # its fee takes 20 USD from the base, and half of that from the hedge
        assert ordered(asked(book, "hedge", "BTC", "--pct", "50", *way)) == {"BTCDEC": "buy 40000", onto: "sell 39990"}
    assert ordered(asked(book, "hedge", "BTC", "--pct", "50", "--until", "2026-12-25")) == {}
    idle = asked(book, "hedge", "BTC", "--pct", "50", "--roll")
    assert (ordered(idle), [each["message"] for each in idle["findings"] if each["code"] == "rolled"]) == (
        {},
        ["nothing to roll: its hedge sits on BTCDEC until 2026-12-25; --contract or --until moves it all the same"],
    )
    roll = ("hedge", "BTC", "--pct", "50", "--for", "60d", "--roll")
    answered(*roll, "-p", str(book), "--now", AT, "--out", path)
    assert answered("record", "plan", path, "-p", str(book), "--now", "2026-11-20T08:01:00Z").code == 0
    assert ordered(json.loads(Path(path).read_text())) == {"BTCDEC": "buy 40000", "BTCMAR": "sell 39990"}
    again = asked(book, *roll)
    assert (again["orders"], again["transfers"]) == ([], [])


def test_unwind_names_the_share_of_a_rebalance_that_spot_has_made_needless(book: Path) -> None:
    hold(book, "{contract: BTCUSD, contracts: -40000, entry_price: 40000}")
    book.write_text(book.read_text() + "targets: {BTC: 60%, ETH: 23%, USD: 17%}\npolicy: {band: 1%}\n")
    answer = asked(book, "unwind", "BTC", code=1)
    # 110,000 in all: BTC is to be 66,000 of the 80,000 held, so 14,000 of the 40,000 short are still needed
    assert [(each["severity"], each["message"]) for each in answer["findings"] if each["code"] == "needless"] == [
        (
            "info",
            "26000.00 USD of its 40000.00 USD are no longer needed: rebal unwind BTC --purpose rebalance --pct 65 "
            f"-p {book}",
        )
    ]
    assert answer["refused"]
    assert answer["spot_matches"] is False
    part = asked(book, "unwind", "BTC", "--purpose", "rebalance", "--pct", "65")
    assert ordered(part) == {"BTCUSD": "buy 26000"}
