"""``rebal compare`` on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from program import NOW, Answered, answered

PORTFOLIO = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings:
  BTC: {quantity: 2, lots: [{quantity: 2, cost: 20000, acquired: 2026-02-01}]}
  ETH: 14
targets: {BTC: 60%, ETH: 40%}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500, BTCUSD_261225: 40400}
  funding: {BTCUSD_PERP: {low: -0.02%, base: -0.01%, high: 0.01%}, ETHUSD_PERP: 0%}
costs: {spot_fee: 0.1%, slippage: 0.05%}
tax: {method: fifo, short_term: 37%, long_term: 20%, long_after: 1y}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "portfolio.yaml"
    path.write_text(PORTFOLIO)
    return path


def compare(file: Path, *arguments: str) -> Answered:
    return answered("compare", str(file), *NOW, *arguments)


def routes(file: Path, *arguments: str) -> dict[tuple[str, str | None], dict[str, Any]]:
    done = compare(file, "--format", "json", *arguments)
    assert (done.code, done.err) == (0, "")
    return {(each["route"], each["contract"]): each for each in json.loads(done.out)["routes"]}


def test_the_drift_by_each_route_of_the_catalogue(file: Path) -> None:
    found = routes(file)
    assert {("inverse", None), ("dated", "BTCUSD_261225"), ("spot", None)} <= found.keys()
    perpetual, spot = found["inverse", None], found["spot", None]
    # 11,000 of each coin: 5 points a ten-thousandth each way, three fundings a day
    assert (perpetual["fees_usd"], perpetual["slippage_usd"], perpetual["carry_usd"]) == ("22", "22", "297")
    assert spot["tax_usd"] == str(11000 / 40000 * 20000 * 0.37).removesuffix(".0")
    assert perpetual["break_even_day"] == (2035 + 33 - 44) * 10 // 33 + 1


def test_a_hedge(file: Path) -> None:
    report = json.loads(compare(file, "--hedge", "BTC", "--pct", "50", "--format", "json").out)
    assert (report["notional"], report["hedge"]) == ("40000", {"asset": "BTC", "fraction": "0.5", "until": None})
    assert report["horizon_days"] == "90"


@pytest.mark.parametrize(
    ("given", "days"), [("30d", "30"), ("12h", "0.5"), ("1y", "365"), ("0d", "0"), ("10000d", "10000"), ("2w", "14")]
)
def test_horizons(file: Path, given: str, days: str) -> None:
    done = compare(file, "--for", given, "--format", "json")
    assert (done.code, json.loads(done.out)["horizon_days"]) == (0, days)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hedge", "BTC"], "--hedge and --pct go together: --hedge BTC --pct 50"),
        (["--pct", "50"], "--hedge and --pct go together: --hedge BTC --pct 50"),
        (["--hedge", "BTC", "--pct", "101"], "--pct 101: is above 100"),
        (["--hedge", "BTC", "--pct", "-1"], "--pct -1: is below 0"),
        (["--hedge", "BTC", "--pct", "1e30"], "--pct 1e30: has too many digits"),
        (["--hedge", "DOGE", "--pct", "50"], "DOGE: is neither held nor open; write one of BTC, ETH\n"),
        (["--hedge", "btc", "--pct", "50"], "btc: is neither held nor open; did you mean BTC? write one of BTC, ETH\n"),
        (["--hedge", "USD", "--pct", "50"], "USD: counts as dollars, which need no hedge; write one of BTC, ETH\n"),
        (["--for", "90"], "--for 90: is not a length of time"),
        (["--for=-1d"], "--for -1d: is a negative length of time"),
        (["--for", "201y"], "--for 201y: is too long"),
    ],
)
def test_refused(file: Path, arguments: list[str], said: str) -> None:
    done = compare(file, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"rebal: {said}")


def test_the_drift_needs_targets_and_a_hedge_does_not(file: Path) -> None:
    file.write_text(PORTFOLIO.replace("targets: {BTC: 60%, ETH: 40%}\n", ""))
    done = compare(file)
    assert (done.code, done.out) == (3, "")
    assert "compare needs it" in done.err
    assert compare(file, "--hedge", "BTC", "--pct", "50").code == 0


def test_what_is_not_given_is_missing(file: Path) -> None:
    file.write_text(PORTFOLIO.partition("costs:")[0])
    assert routes(file)["spot", None]["total_usd"] is None
    text = compare(file).out
    for key in ("costs.spot_fee", "costs.slippage", "tax"):
        assert key in next(line for line in text.splitlines() if "missing  costs, tax" in line)


COSTS = ("--costs", "spot_fee=0.1%,slippage=0.05%")
TAX = ("--tax", "fifo,short_term=37%,long_term=20%,long_after=1y")


def test_costs_and_tax_on_the_command_line_are_those_of_the_file(file: Path) -> None:
    whole = compare(file, "--format", "json").out
    without = file.with_name("without.yaml")
    without.write_text(PORTFOLIO.partition("costs:")[0])
    said, given = json.loads(whole), json.loads(compare(without, "--format", "json", *COSTS, *TAX).out)
    assert given.pop("name") == "without"
    assert said.pop("name") == "portfolio"
    assert said == given


def test_what_is_given_wins_key_by_key(file: Path) -> None:
    spot = routes(file, "--costs", "spot_fee=0%", "--tax", "short_term=0.1")["spot", None]
    assert (spot["fees_usd"], spot["slippage_usd"], spot["tax_usd"]) == ("0", "11", "550")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--costs", "spot_fee"], "--costs spot_fee: spot_fee is no key=value; did you mean spot_fee? write one of"),
        (["--costs", "fee=1%"], "--costs fee=1%: fee is not a key here; write one of slippage, spot_fee"),
        (["--costs", "slippage=5"], "--costs slippage=5: slippage 5 is above 1 without a percent sign; write 5%"),
        (["--costs", "slippage=-1%"], "--costs slippage=-1%: slippage -1% is negative; write 0% or more"),
        (["--costs", "slippage=0%,slippage=0%"], "--costs slippage=0%,slippage=0%: gives slippage twice"),
        (["--costs", ""], "--costs : nothing is no key=value"),
        (["--tax", "best"], "--tax best: method best is not known here; write one of: fifo, lifo, hifo"),
        (["--tax", "fifo,long_after=1"], "--tax fifo,long_after=1: long_after 1 is not a length of time"),
    ],
)
def test_costs_and_tax_that_cannot_be_read(file: Path, arguments: list[str], said: str) -> None:
    done = compare(file, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"rebal: {said}")


def test_a_tax_in_part_needs_the_rest_in_the_file(file: Path) -> None:
    file.write_text(PORTFOLIO.partition("tax:")[0])
    done = compare(file, "--tax", "hifo,short_term=37%")
    assert (done.code, done.out) == (2, "")
    assert "lacks long_term, long_after, which the file does not give either" in done.err


def test_old_prices_are_said_to_be_old(file: Path) -> None:
    done = answered("compare", str(file), "--now", "2026-11-30T09:00:00Z")
    assert "stale-prices" in done.out


def test_quiet(file: Path) -> None:
    assert compare(file, "--quiet") == (0, "", "")


def test_several_accounts_are_named_by_their_venues(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    several = "accounts: {one: {venue: binance}, two: {venue: kraken}, three: {venue: kraken}}\n"
    file.write_text(PORTFOLIO.replace("venue: binance\n", several).replace("BTCUSD_261225: 40400", "").replace(
        "  funding: {BTCUSD_PERP: {low: -0.02%, base: -0.01%, high: 0.01%}, ETHUSD_PERP: 0%}\n", ""))  # fmt: skip
    assert compare(file, "--format", "plain").out.startswith("compare   venue binance,kraken  ")
    told = json.loads(compare(file, "--format", "json").out)
    assert (told["venue"], told["venues"]) == (None, ["binance", "kraken"])
    stressed = answered("stress", str(file), *NOW, "--format", "plain").out
    assert stressed.startswith("stress    venue binance,kraken  ")


def asked(folder: Path, text: str) -> Any:
    (folder / "asked.yaml").write_text(text)
    return json.loads(answered("compare", str(folder / "asked.yaml"), *NOW, "--format", "json").out)


def test_the_tax_of_coins_whose_lots_are_known_is_told_beside_those_that_are_not(tmp_path: Path) -> None:
    held = "{BTC: {quantity: 2, lots: [{quantity: 2, cost: 20000, acquired: 2026-08-01}]}, ETH: 30, USDT: 5000}"
    text = (
        f"venue: bybit\nas_of: 2026-11-20T08:00:00Z\nholdings: {held}\n"
        "targets: {BTC: 30%, ETH: 20%, USD: 50%}\n"
        "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}, funding: {BTCUSD: 0%, ETHUSD: 0%}}\n"
        "costs: {spot_fee: 0%, slippage: 0%}\n"
        "tax: {method: hifo, short_term: 40%, long_term: 20%, long_after: 1y}\n"
    )
    # equity 160,000: 32,000 of BTC go, half of it gain, taxed at 40 % now; ETH goes too, its lots are not given
    by_way = {line["route"]: line for line in asked(tmp_path, text)["routes"]}
    spot, inverse = by_way["spot"], by_way["inverse"]
    assert (spot["tax_usd"], spot["tax_known_usd"], spot["known_usd"]) == (None, "6400", "6400")
    assert (inverse["tax_deferred_usd"], inverse["tax_deferred_known_usd"]) == (None, "6400")


def test_what_a_pooled_account_needs_for_a_route_is_told(tmp_path: Path) -> None:
    text = (
        "as_of: 2026-11-20T08:00:00Z\nholdings: {BTC: 2, ETH: 30}\ntargets: {BTC: 40%, ETH: 60%}\n"
        "accounts: {first: {venue: bybit, margin: MODE}}\n"
        "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}\n"
    )
    pooled, cross = (asked(tmp_path, text.replace("MODE", mode)) for mode in ("pooled", "cross"))
    assert not cross["pooled"]
    capital = {(each["route"], each["expiry"]): each["capital"] for each in pooled["routes"]}
    told = {(each["route"], each["expiry"]): each for each in pooled["pooled"]}
    assert {each["account"] for each in told.values()} == {"first"}
    # nothing is open there
    assert all(each["with_usd"] == capital[route] and each["without_usd"] == "0" for route, each in told.items())
    assert not [each for each in pooled["findings"] if each["code"] == "estimate"]
