"""Whole valid files with odd but legal values, and journals of odd but legal entries, through every command.

Damaged bytes find what a reader does not expect; these find what the arithmetic does not: nothing held, nothing left,
everything hedged, wallets under water, contracts without prices of their own, prices far apart.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from drawn import among
from exact import exact
from journal.books import AS_OF
from program import answered
from rebal import journal
from rebal.amounts import Fraction
from rebal.book import HedgeAsked, MarginMode, Purpose
from rebal.errors import Exit
from rebal.ledger import Draft, Event, Fill, FillPart, Funding, Spot, Transfer, Void
from rebal.market.contract import Kind

NOW = "2026-11-20T12:00:00Z"
COINS = ("BTC", "ETH", "SOL", "DOT")
DOLLARS = ("USD", "USDT", "USDC")
CONTRACTS = {
    "BTCUSD_PERP": ("BTC", Kind.INVERSE, "100", "BTC"),
    "ETHUSD_PERP": ("ETH", Kind.INVERSE, "10", "ETH"),
    "SOLUSDT": ("SOL", Kind.LINEAR, "1", "USDT"),
    "OWN": ("ETH", Kind.INVERSE, "7", "ETH"),
}
DOCUMENTED = {Exit.DONE, Exit.REFUSED, Exit.USAGE, Exit.INVALID_INPUT, Exit.ACTION, Exit.BREACH}
COMMANDS = (
    "check", "plan", "plan --exit-code", "hedge BTC --pct 50", "hedge BTC --pct 0", "hedge ETH --pct 100",
    "hedge --all --pct 30", "hedge DOT --pct 100", "hedge BTC --coins 0.1 --allow-over-hedge", "unwind",
    "unwind --force --pct 33",
    "rescue", "rescue --to policy", "unwind --purpose hedge", "status", "compare", "compare --pct 50", "stress",
    "stress --planned", "history",
)  # fmt: skip
RECORDS = (
    "record fill --contract BTCUSD_PERP --contracts -3 --price 40000 --purpose hedge --yes",
    "record fill --contract ETHUSD_PERP --contracts 5 --price 2500 --purpose rebalance",
    "record funding --contract BTCUSD_PERP --amount 0.00000001",
    "record transfer --asset BTC --quantity 0.00000001",
    "record spot --asset ETH --quantity -0.1 --price 2500 --against USDT",
    "record void e1 --reason odd",
    "record plan plan.json",
)
# To shrink what is found takes minutes: the message has the whole file, and `rebal` reproduces it.
SLOW = settings(
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
QUANTITIES = st.sampled_from(("0", "0.00000001", "0.1", "1", "2.5", "14", "30000", "123456789012.12345678"))
PRICES = st.sampled_from(("0.00000001", "0.5", "1", "150", "2500", "40000", "99999999"))
SIZES = st.sampled_from(("1", "-1", "-2", "5", "-100", "390", "-14900", "1000000000"))
SHARES = st.sampled_from(("0%", "0.01%", "1%", "5%", "50%", "100%"))


def maybe(strategy: st.SearchStrategy[Any], key: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({}) | strategy.map(lambda value: {key: value})


@st.composite
def books(draw: st.DrawFn) -> dict[str, Any]:
    """A portfolio file that should be read; where a figure contradicts another, refusing it is an answer too."""
    coins = ["ETH", *draw(st.lists(st.sampled_from([coin for coin in COINS if coin != "ETH"]), unique=True))]
    cash = draw(st.lists(st.sampled_from(DOLLARS), max_size=2, unique=True))
    holdings = {coin: draw(QUANTITIES) for coin in (*coins, *cash)}
    prices = {coin: draw(PRICES) for coin in COINS}
    marks = {name: prices[of[0]] for name, of in CONTRACTS.items() if of[0] in coins and draw(st.booleans())}
    wallets = {coin: held for coin, held in holdings.items() if coin != "USD" and draw(st.booleans())}
    made: dict[str, Any] = {
        "venue": "binance",
        "as_of": "2026-11-20T08:00:00Z",
        "holdings": holdings,
        "market": {"as_of": "2026-11-20T08:00:00Z", "prices": {**prices, **marks}},
        "contracts": {"OWN": draw(contracts())},
        "policy": draw(policies()),
        "positions": draw(positions(coins, wallets)),
        "wallets": wallets,
    }
    if "USDT" not in cash and draw(st.booleans()):
        made["cash"], prices["USDT"] = ["USD", "USDC"], "0.97"
        made["market"]["prices"]["USDT"] = "0.97"
    if draw(st.booleans()):
        made["targets"] = draw(targets([*coins, "USD"]))
    for more in (
        maybe(st.just({"DOT": {"via": "BTC", "beta": 1.3}, "SOL": {"via": "ETH", "beta": 0.1}}), "proxies"),
        maybe(st.just({"spot_fee": "0.1%", "slippage": "0%"}), "costs"),
        maybe(st.just({"method": "hifo", "short_term": "37%", "long_term": "20%", "long_after": "1y"}), "tax"),
        maybe(st.just({"crash": {"BTC": "-99.99%"}, "moon": {coins[0]: "900%"}}), "scenarios"),
    ):
        made.update(draw(more))
    return made


@st.composite
def targets(draw: st.DrawFn, assets: list[str]) -> dict[str, str]:
    left, made = 100, {}
    for asset in assets[:-1]:
        share = draw(among(0, 1, left // 2, left))
        left, made[asset] = left - min(share, left), f"{min(share, left)}%"
    return {**made, assets[-1]: f"{left}%"}


@st.composite
def positions(draw: st.DrawFn, coins: list[str], wallets: Mapping[str, str]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    listed = [name for name, of in sorted(CONTRACTS.items()) if of[0] in coins]
    for name in draw(st.lists(st.sampled_from(listed), max_size=3, unique=True)):
        row: dict[str, Any] = {"contract": name, "contracts": draw(SIZES), "entry_price": draw(PRICES)}
        row |= draw(maybe(st.just(row["contracts"]), "hedge"))
        if wallets.get(CONTRACTS[name][3], "0") != "0" and not (name == "OWN" and made):
            row |= draw(maybe(st.just("0.00000001"), "margin"))
        made.append(row)
    return made


TIERS = st.sampled_from([[{"rate": "0.5%"}], [{"up_to": 1, "rate": "1%"}, {"rate": "50%"}]])


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    maintenance = {
        "price": draw(among("mark", "entry")),
        "close_fee": draw(st.booleans()),
        "method": draw(among("deduction", "whole", "marginal")),
        "tier_unit": draw(among("coin", "usd", "contracts")),
        "tiers": draw(TIERS),
    }
    made = {
        "asset": "ETH", "kind": "inverse", "multiplier": 7, "tick_size": "0.0001",
        "lot_size": draw(among(1, "0.1", 3)), "maker_fee": "0%", "taker_fee": draw(SHARES.filter(_is_fee)),
        "maintenance": maintenance,
    }  # fmt: skip
    return made | draw(maybe(st.sampled_from(("2026-11-20T13:00:00Z", "2027-03-26T08:00:00Z")), "expiry"))


def _is_fee(share: str) -> bool:
    return share in ("0%", "0.01%", "1%")


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for more in (
        maybe(SHARES, "band"),
        maybe(st.sampled_from(("cross", "isolated")), "margin_mode"),
        maybe(st.sampled_from((1, "1.01", 3, 20)), "leverage"),
        maybe(st.sampled_from(("1%", "50%", "99%")), "liquidation_distance"),
        maybe(st.sampled_from((0, 10, 1000000)), "min_order"),
        maybe(st.sampled_from((["linear"], ["proxy", "inverse"], ["dated"], ["OWN"])), "routes"),
        maybe(st.sampled_from(("notional", "coin")), "sizing"),
        maybe(SHARES, "max_at_venue"),
        maybe(st.sampled_from(("1m", "1y", "none")), "max_price_age"),
    ):
        made.update(draw(more))
    return made


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An entry that a journal may hold, whether or not it makes sense beside the others."""
    name = draw(st.sampled_from(sorted(CONTRACTS)))
    asset, kind, multiplier, settle = CONTRACTS[name]
    price, size = exact(draw(PRICES)), exact(draw(SIZES))
    quantity = draw(QUANTITIES.filter(lambda text: text != "0").map(exact)) * draw(among(1, -1))
    coin = draw(among("BTC", "ETH", "USDT"))
    which = draw(among("fill", "fill", "fill", "funding", "transfer", "spot", "hedge"))
    match which:
        case "fill":
            before = draw(st.none() | SIZES.map(exact))
            return Fill(
                name, size, price, exact(draw(QUANTITIES)) * draw(among(1, -1)),
                draw(parts(size, asset)), draw(among(*MarginMode)), asset, kind, exact(multiplier),
                settle, None, before, None if before is None else exact(draw(PRICES)),
            )  # fmt: skip
        case "funding":
            return Funding(name, quantity, price, asset, kind, settle)
        case "transfer":
            return Transfer(settle, quantity, name if draw(st.booleans()) else None)
        case "spot":
            return Spot(coin, quantity, draw(st.none() | st.just(price)))
        case _:
            return HedgeAsked(asset, draw(among(Fraction(0), Fraction(1, 2), Fraction(3))), None)


@st.composite
def parts(draw: st.DrawFn, size: Fraction, asset: str) -> tuple[FillPart, ...]:
    purpose = draw(among(*Purpose))
    if draw(st.booleans()):
        return (FillPart(purpose, size, asset),)
    other = next(each for each in Purpose if each is not purpose)
    first = size * draw(among(2, -1, 3))
    return (FillPart(purpose, first, asset), FillPart(other, size - first, asset))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder: Path, command: str) -> int:
    code, out, err = answered(*command.split(" "), "-p", "portfolio.yaml", "--now", NOW)
    assert code in DOCUMENTED, f"rebal {command}: {code}\n{err}\n{(folder / 'portfolio.yaml').read_text()}"
    assert "Traceback" not in err
    assert not out or code not in (Exit.USAGE, Exit.INVALID_INPUT)
    assert err or code not in (Exit.USAGE, Exit.INVALID_INPUT)
    return code


def start(folder: Path, book: Mapping[str, Any]) -> None:
    for file in folder.iterdir():
        file.unlink()
    (folder / "portfolio.yaml").write_text(json.dumps(book))


@SLOW
@given(book=books(), chosen=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=2, unique=True))
def test_any_book_through_every_command(folder: Path, book: Mapping[str, Any], chosen: list[str]) -> None:
    start(folder, book)
    for command in chosen:
        run(folder, command)


@SLOW
@given(
    book=books(),
    happened=st.lists(st.tuples(events(), st.integers(-60, 200)), min_size=1, max_size=6),
    voided=st.sets(st.integers(0, 5), max_size=2),
    chosen=st.lists(st.sampled_from((*COMMANDS[1:], *RECORDS)), min_size=1, max_size=3, unique=True),
)
def test_any_journal_through_every_command(
    folder: Path,
    book: Mapping[str, Any],
    happened: list[tuple[Event, int]],
    voided: set[int],
    chosen: list[str],
) -> None:
    start(folder, book)
    journal.append("portfolio.journal.db", [*drafts(happened, voided)])
    answered("plan", "portfolio.yaml", "--out", "plan.json", "--now", NOW)
    for command in chosen:
        if "plan.json" not in command or (folder / "plan.json").exists():
            run(folder, command)


def drafts(happened: list[tuple[Event, int]], voided: set[int]) -> Iterator[Draft]:
    for n, (event, minutes) in enumerate(happened):
        yield Draft(event, AS_OF + timedelta(minutes=minutes), f"e{n}")
    for n in sorted(voided):
        if n < len(happened):
            yield Draft(Void(f"e{n}", "odd"), AS_OF + timedelta(minutes=201), f"v{n}")


def test_the_books_are_books(folder: Path) -> None:
    """Most of what is generated is read: a generator of refusals would test the reader alone."""
    codes: list[int] = []

    @settings(max_examples=60, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(books())
    def look(book: Mapping[str, Any]) -> None:
        start(folder, book)
        codes.append(run(folder, "check"))

    look()
    assert codes.count(Exit.DONE) > len(codes) / 2
