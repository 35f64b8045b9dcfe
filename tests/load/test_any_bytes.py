"""Any bytes are a portfolio or a clear refusal: never another error, never a wait, never much memory."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.given import NOW, SMALL
from load.test_resolve import FULL
from rebal import load
from rebal.errors import InvalidInput
from rebal.load.flaws import MOST_LISTED
from rebal.portfolio import Portfolio

MARKET = b"market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 50000, XYZ: 1}, funding: {BTCUSD: 0.01%}}\n"
PIECES = (
    b"- ", b": ", b"{", b"}", b"[", b"]", b"&a ", b"*a ", b"!x ", b"\n", b"  ", b"%", b",", b"'", b'"', b"\\e", b"#",
    b"|", b">", b"? ", b"-1", b"0", b"100%", b"null", b"~", b"\xff", b"\xe2\x80\xa8", b"\t", b"\r", b"\0", b"BTC",
    b"USDT", b"2026-11-20T08:00:00Z", b"1e9", b"999999999999999999", b"0.000000000000000001", b"---\n", b"inverse",
    b"linear", b"none", b"true", b"<<", b"for", b"9999-12-31", b"\xd0\x92", b"\xc2\xa0", b"1y", b"%YAML 1.1\n",
)  # fmt: skip
Change = tuple[int, int, bytes]


def outcome(folder: Path, portfolio: bytes, market: bytes | None = None) -> Portfolio | InvalidInput:
    file, prices = folder / "p.yaml", folder / "m.yaml"
    file.write_bytes(portfolio)
    prices.write_bytes(market or b"")
    try:
        return load.portfolio(str(file), now=NOW, market=None if market is None else str(prices))
    except InvalidInput as refused:
        return refused


def check(told: Portfolio | InvalidInput) -> None:
    if isinstance(told, InvalidInput):
        lines = str(told).splitlines()
        assert 1 <= len(lines) <= 21
        assert all(line.isprintable() and line.isascii() for line in lines)
        assert all(problem.problem and problem.line >= 0 for problem in told.problems)
    else:
        for contract in told.contracts.values():
            assert contract.asset in told.aside or told.market.mark(contract) > 0
        for asset in {*told.holdings, *(told.targets or ())} - told.aside:
            assert told.price(asset) > 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytes")


@given(content=st.binary(max_size=200))
def test_any_bytes_as_a_portfolio(folder: Path, content: bytes) -> None:
    check(outcome(folder, content))


@given(content=st.binary(max_size=200))
def test_any_bytes_as_a_market(folder: Path, content: bytes) -> None:
    check(outcome(folder, SMALL.encode(), content))


@given(content=st.text(st.sampled_from("ab: -[]{},&*!|>'\"%@`#?\n\t~\\0"), max_size=60))
def test_any_punctuation(folder: Path, content: str) -> None:
    check(outcome(folder, content.encode()))


def changed(content: bytes, changes: list[Change]) -> bytes:
    for where, length, piece in changes:
        at = where % (len(content) + 1)
        content = content[:at] + piece + content[at + length :]
    return content


CHANGES = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=2)),
    min_size=1,
    max_size=4,
)


@given(changes=CHANGES)
def test_a_file_with_bytes_changed(folder: Path, changes: list[Change]) -> None:
    check(outcome(folder, changed(FULL.encode(), changes)))


@given(changes=CHANGES)
def test_a_market_file_with_bytes_changed(folder: Path, changes: list[Change]) -> None:
    check(outcome(folder, FULL.encode(), changed(MARKET, changes)))


@given(keep=st.lists(st.booleans(), min_size=FULL.count("\n"), max_size=FULL.count("\n")))
def test_a_file_with_lines_left_out(folder: Path, keep: list[bool]) -> None:
    lines = FULL.splitlines(keepends=True)
    check(outcome(folder, "".join(line for line, kept in zip(lines, keep, strict=True) if kept).encode()))


@given(order=st.permutations(FULL.splitlines(keepends=True)))
def test_a_file_with_lines_shuffled(folder: Path, order: list[str]) -> None:
    check(outcome(folder, "".join(order).encode()))


def lines(pattern: str, count: int) -> str:
    return "".join(pattern.format(n) for n in range(count))


HOSTILE: dict[str, Callable[[], str]] = {
    "bad holdings": lambda: "holdings:\n" + lines(" A{0}: x\n", 149_000),
    "holdings without a price": lambda: "venue: binance\nholdings:\n" + lines(" A{0}: 1\n", 149_000),
    "unknown prices": lambda: (
        "venue: binance\nholdings: {BTC: 1}\nmarket:\n prices:\n" + lines("  A{0}X: 1\n", 148_000)
    ),
    "prices of other coins": lambda: (
        "venue: binance\nholdings:\n"
        + lines(" A{0}: 1\n", 70_000)
        + "market:\n prices:\n"
        + lines("  A{0}Z: 1\n", 70_000)
    ),
    "bad lots": lambda: "holdings:\n A:\n  lots:\n" + lines("   - {{}}\n", 290_000),
    "bad tiers": lambda: "contracts: {X: {maintenance: {tiers: [" + lines("{{rate: 1%}},", 99_000) + "]}}}\n",
    "positions": lambda: (
        "holdings: {A: 1}\npositions:\n" + lines(" - {{contract: A{0}, contracts: 1, entry_price: 1}}\n", 42_000)
    ),
    "overrides": lambda: "venue: binance\nholdings: {BTC: 1}\ncontracts:\n" + lines(" A{0}: {{leverage: 1}}\n", 70_000),
    "digits": lambda: "holdings: {A: '" + "1," * 3_900_000 + "1'}\n",
    "brackets": lambda: "[" * 8_000_000,
    "anchors": lambda: "&a " * 2_000_000,
}
MEASURE = """
import gc, re, sys
from datetime import UTC, datetime
from rebal import load
from rebal.errors import InvalidInput
gc.disable()
try:
    load.portfolio(sys.argv[1], now=datetime(2026, 11, 20, 8, tzinfo=UTC))
except InvalidInput as refused:
    # its own peak: what getrusage tells is at least what the process that started it had in use
    peak = re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())
    print(peak[1], str(refused).count("\\n"))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a process reads its peak there")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_large_hostile_file_takes_neither_long_nor_much_memory(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HOSTILE[kind]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)], capture_output=True, text=True, timeout=60, check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.stderr == ""
    kibibytes, more_lines = map(int, done.stdout.split())
    assert kibibytes < 300 * 1024
    assert more_lines <= MOST_LISTED
