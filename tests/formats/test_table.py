"""The table: whole screens, and what holds of every screen."""

import re
from dataclasses import replace

import pytest

from exact import exact
from rebal import formats
from rebal.amounts import ZERO, Fraction
from rebal.findings import Code, Finding, Severity
from rebal.formats import SIGNS, Ground, Report, View
from rebal.formats.screen.figures import TABLE
from rebal.formats.screen.sheet import UNICODE
from rebal.status import Needs

from . import books, ledgers, limits, rows
from .golden import assert_golden
from .reports import REPORTS

LAID_OUT = [name for name in REPORTS if name not in ("extreme", "long-history")]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def shown(plan: Report, width: int, **view: object) -> str:
    return formats.render("table", plan, View(**{"width": width, "colour": False, **view}))  # type: ignore[arg-type]


def figures(text: str) -> set[str]:
    """Every token with a digit in it, without the punctuation of a sentence."""
    return {token.strip(",;:") for token in text.split() if any(each.isdigit() for each in token)}


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("book", REPORTS)
def test_the_whole_screen(book: str, width: int) -> None:
    assert_golden(f"{book}-{width}.txt", shown(REPORTS[book](), width))


def test_the_whole_screen_with_limits() -> None:
    assert_golden("open-book-limits-100.txt", shown(books.open_book(), 100, portfolio=limits.portfolio()))


def test_the_whole_screen_of_status_with_limits() -> None:
    assert_golden("status-limits-100.txt", shown(ledgers.status(), 100, portfolio=limits.portfolio()))


@pytest.mark.parametrize("book", ["status", "history", "recorded"])
def test_the_journal_in_ascii(book: str) -> None:
    screen = shown(REPORTS[book](), 100, ascii=True)
    assert screen.isascii()
    assert_golden(f"{book}-ascii-100.txt", screen)


def test_the_whole_screen_in_ascii() -> None:
    screen = shown(books.open_book(), 100, ascii=True, portfolio=limits.portfolio())
    assert screen.isascii()
    assert_golden("open-book-ascii-100.txt", screen)


def test_the_whole_screen_in_colour() -> None:
    assert_golden("open-book-colour-100.txt", shown(books.open_book(), 100, colour=True))


@pytest.mark.parametrize("width", [20, 40, 47, 60, 72, 80, 96, 100, 120, 160])
@pytest.mark.parametrize("book", REPORTS)
def test_every_figure_of_a_wide_screen_is_whole_on_a_narrow_one(book: str, width: int) -> None:
    wide, narrow = shown(REPORTS[book](), 300), shown(REPORTS[book](), width)
    assert figures(wide) - figures(narrow) == set()
    assert "…" not in narrow


@pytest.mark.parametrize("book", LAID_OUT)
def test_a_wide_screen_shows_no_less_than_a_narrow_one(book: str) -> None:
    assert figures(shown(REPORTS[book](), 40)) - figures(shown(REPORTS[book](), 300)) == set()


@pytest.mark.parametrize("width", [40, 50, 60, 72, 80, 100, 120])
@pytest.mark.parametrize("book", LAID_OUT)
def test_lines_keep_to_the_width(book: str, width: int) -> None:
    assert max(map(len, shown(REPORTS[book](), width).splitlines())) <= width


@pytest.mark.parametrize("book", LAID_OUT)
def test_a_figure_keeps_its_unit_beside_it(book: str) -> None:
    starts = {line.split()[0] for line in shown(REPORTS[book](), 40).splitlines() if line.split()}
    assert starts & {"%", "dollars", "points", "contracts", "BTC,USDC", "·"} == set()


@pytest.mark.parametrize("width", [40, 100])
@pytest.mark.parametrize("book", REPORTS)
def test_colour_changes_nothing_but_colour(book: str, width: int) -> None:
    coloured = shown(REPORTS[book](), width, colour=True)
    bare = shown(REPORTS[book](), width)
    assert "\x1b" not in bare
    assert "\x1b" in coloured
    assert ANSI.sub("", coloured) == bare


LEVELS = (0, 95, 135, 175, 215, 255)


def luminance(red: int, green: int, blue: int) -> float:
    """As WCAG 2.2 has it."""
    linear = [
        each / 255 / 12.92 if each <= 10 else ((each / 255 + 0.055) / 1.055) ** 2.4 for each in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


GROUNDS = {
    Ground.DARK: (luminance(0, 0, 0), luminance(0x1E, 0x1E, 0x1E)),
    Ground.LIGHT: (luminance(255, 255, 255), luminance(0xFD, 0xF6, 0xE3)),
}


@pytest.mark.parametrize(
    ("ground", "against", "least"),
    [
        (Ground.DARK, GROUNDS[Ground.DARK], 4.5),
        (Ground.LIGHT, GROUNDS[Ground.LIGHT], 4.5),
        (Ground.UNKNOWN, (*GROUNDS[Ground.DARK], *GROUNDS[Ground.LIGHT]), 3.5),
    ],
)
def test_every_tone_stands_out_from_the_ground(ground: Ground, against: tuple[float, ...], least: float) -> None:
    told = (books.open_book(), books.worked_example(), books.refused())
    screens = "".join(shown(each, 100, colour=True, ground=ground) for each in told)
    tones = {int(each) for each in re.findall(r"\x1b\[(?:1;)?38;5;(\d+)m", screens)}
    assert len(tones) == 3
    for tone in tones:
        red, rest = divmod(tone - 16, 36)
        light = luminance(LEVELS[red], LEVELS[rest // 6], LEVELS[rest % 6])
        assert min(contrast(light, each) for each in against) >= least, tone


def test_no_line_ends_in_a_space() -> None:
    for width in (40, 80, 120):
        screen = shown(books.open_book(), width)
        assert screen.splitlines() == [line.rstrip() for line in screen.splitlines()]


def test_data_is_never_markup() -> None:
    odd = "[red]X [/x] :fire: [bold"
    finding = Finding(Severity.WARNING, Code.ALERT, "[/x]", odd)
    screen = shown(rows.plan(name=odd, venue="[blue]", findings=(finding,)), 80, colour=True)
    assert ANSI.sub("", screen).count(odd) == 2
    assert "[blue]" in screen


def test_control_and_direction_characters_are_not_passed_on() -> None:
    screen = shown(rows.plan(name="a\x1b[31mb\u202ec\nd\x9b"), 80)
    assert screen.startswith("a?[31mb?c?d?")


def test_wide_characters_count_twice() -> None:
    screen = shown(rows.plan(name="長" * 20), 60)
    assert screen.splitlines()[0] == "長" * 20 + "   binance"


def test_a_refused_plan_says_so_before_anything_else() -> None:
    lines = shown(books.refused(), 100).splitlines()
    assert lines[1] == "Refused, do not place it: no contract for ALT; not enough coins for ETH"


def test_what_is_at_liquidation_already_is_due_once() -> None:
    today = {"liquidation_below": Fraction(3100), "liquidation_above": Fraction(3100)}
    wallet = rows.wallet("ETH", "1", value="1", maintenance="1", distance_below=ZERO, distance_above=ZERO, **today)
    position = rows.position("ETHUSD", "-1", notional="1", entry="3000", mark="3100", liquidation_price=Fraction(3100))
    stands = replace(position, contracts_before=position.contracts)
    screen = shown(rows.plan(wallets=(wallet,), positions=(stands,)), 40)
    assert re.search(r"^ETH +due now +0\.0 %$", screen, re.MULTILINE)
    assert screen.count("due now") == 2
    assert "3,100.00" not in screen.replace("mark 3,100.00", "")


@pytest.mark.parametrize(("days", "told"), [("730", True), ("730.1", False)])
def test_an_alert_that_is_years_away_is_left_out(days: str, told: bool) -> None:
    wallet = rows.wallet("BTC", "1", value="1", maintenance="0.01", distance_below=Fraction("0.5"))
    far = replace(wallet, funding_days_to_alert=exact(days))
    for width in (40, 300):
        assert ("alert after" in shown(rows.plan(wallets=(far,)), width)) is told


@pytest.mark.parametrize(
    ("below", "above", "said"),
    [
        ("0.821", None, "liquidation 82.1 % away"),
        ("0.921", None, "not liquidated from a tenth of today's price to ten times it"),
        (None, "1.5", "liquidation 150.0 % away"),
        ("0.4", "0.9", "liquidation 40.0 % below or 90.0 % above"),
        (None, None, "never liquidated"),
    ],
)
def test_what_every_free_coin_would_do(below: str | None, above: str | None, said: str) -> None:
    wallet = rows.wallet("BTC", "1", value="1", maintenance="0.01", distance_below=Fraction("0.3"))
    posted = replace(
        wallet,
        distance_below_all_posted=None if below is None else exact(below),
        distance_above_all_posted=None if above is None else exact(above),
    )
    assert f"if every free coin were posted: {said}\n" in shown(rows.plan(wallets=(posted,)), 100)


def test_a_hedge_shows_the_coins_that_it_touches_and_dollars() -> None:
    assets = (
        rows.asset("BTC", "1", "1", hedge_ratio_after=Fraction(1)),
        rows.asset("ETH", "1", "1"),
        rows.asset("USD", "1", "1"),
    )
    for command, expected in (("hedge", ["BTC", "USD"]), ("unwind", ["BTC", "USD"]), ("plan", ["BTC", "ETH", "USD"])):
        screen = shown(rows.plan(command=command, assets=assets), 100)
        assert re.findall("^(BTC|ETH|USD) ", screen, re.MULTILINE) == expected
    assert "Holdings" not in shown(rows.plan(command="hedge", assets=assets[1:]), 100)


def test_limits_are_told_where_they_are_known() -> None:
    screen = shown(books.worked_example(), 120, portfolio=limits.portfolio(relative="0.25"))
    assert "band ±5 points, or 25 % of the target where that is less" in screen
    assert "leverage at most 1, liquidation at least 50 % away" in screen


@pytest.mark.parametrize(
    ("distance", "ink"), [("0.5", "38;5;28"), ("0.499", "38;5;130"), ("0.35", "38;5;130"), ("0.349", "38;5;196")]
)
def test_the_buffer_is_coloured_by_the_policy(distance: str, ink: str) -> None:
    wallet = rows.wallet("BTC", "1", value="1", maintenance="0.01", distance_below=exact(distance))
    screen = shown(rows.plan(wallets=(wallet,)), 100, colour=True, portfolio=limits.portfolio())
    assert f"\x1b[{ink}m━" in screen


def test_the_bar_of_the_largest_drift_fills_its_side() -> None:
    screen = shown(books.worked_example(), 100)
    assert re.search(r"^BTC .* \+11\.5 +│██████ ", screen, re.MULTILINE)
    assert re.search(r"^ALT .* −8\.5 +▐████│ ", screen, re.MULTILINE)


def test_the_bars_of_a_book_at_target_are_short() -> None:
    """They fill at the band, of 5 points: a drift of 0.4 is less than half a cell of six."""
    plan = books.worked_example()
    near = [replace(each, drift=each.drift and each.drift / 30, outside_band=False) for each in plan.assets]
    bars = [line for line in shown(replace(plan, assets=tuple(near)), 100).splitlines() if "│" in line]
    assert len(bars) == 3
    assert not any("██" in line for line in bars)


def test_status_shows_one_figure_each() -> None:
    screen = shown(ledgers.status(), 300)
    assert "→" not in screen
    assert not re.search(r"^(Margin|Positions|Hedges) after", screen, re.MULTILINE)
    assert not re.search(r"^coin .* after", screen, re.MULTILINE)


def test_status_puts_what_needs_doing_first_and_the_rest_last() -> None:
    titles = [each for each in shown(ledgers.status(), 100).splitlines() if each in ("To do", "Drift", "Look at")]
    assert titles == ["To do", "Drift", "Look at"]


@pytest.mark.parametrize(
    ("needs", "ink"), [(Needs.NOTHING, "38;5;28"), (Needs.ACTION, "38;5;130"), (Needs.ATTENTION, "1;38;5;196")]
)
def test_the_summary_is_coloured_by_what_it_asks_for(needs: Needs, ink: str) -> None:
    first = shown(replace(ledgers.calm(), needs=needs), 100, colour=True).splitlines()[0]
    assert first == f"\x1b[{ink}mnothing: Core holdings, 130,000.00 USD; nothing to do\x1b[0m"


def test_a_voided_entry_says_by_which() -> None:
    screen = shown(ledgers.history(), 100, colour=True)
    assert "\x1b[38;5;130mvoided by fb0c1de2a3b4c5d6.void.8: \x1b[0m\x1b[2mpaid 1.5 USDC of funding" in screen
    assert screen.count("voided by") == 1


def test_a_history_tells_its_notes_and_where_a_hedge_begins() -> None:
    note = "1 entry is not later than the statement"
    effect = replace(ledgers.history().effects[0], since=rows.MORNING, since_price=Fraction(64000))
    history = replace(ledgers.history(), notes=(note,), effects=(effect,))
    screen = shown(history, 100)
    assert screen.endswith(f"\nNotes\n{note}\n")
    assert re.search(r"20 Nov 2026 08:00 UTC +64,000\.00$", screen, re.MULTILINE)
    text = formats.render("plain", history, View(100, colour=False))
    assert text.endswith(f"  since 2026-11-20T08:00:00Z  from 64000.00\nnote      {note}\n")


def test_a_history_of_one_contract_needs_no_total() -> None:
    history = ledgers.history()
    assert re.search("^total ", shown(history, 100), re.MULTILINE)
    assert not re.search("^total ", shown(replace(history, totals=history.totals[:1]), 100), re.MULTILINE)


def test_what_a_several_coin_wallet_has_instead_of_a_price() -> None:
    wallet = rows.wallet("USDT", "10", value="5", maintenance="0.1", distance_below=Fraction("0.4"))
    screen = shown(rows.plan(wallets=(wallet,)), 100)
    assert "no one price" in screen
    assert "−40.0 %" in screen


def test_a_plan_without_dated_prices_says_so() -> None:
    undated = replace(books.quiet(), inputs=replace(rows.INPUTS, market_as_of=None))
    assert "prices without a date" in shown(undated, 100)


def test_the_signs_are_all_listed_for_the_encoding_test() -> None:
    drawn = {each for sign in UNICODE for each in sign if not each.isascii()} | {TABLE.minus}
    assert drawn <= set(SIGNS)
