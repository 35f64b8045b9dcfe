"""Sentences that screens and records share."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Purpose
from rebal.findings import Code, Finding, Severity
from rebal.formats import View, render
from rebal.formats.describe._orders import why
from rebal.formats.describe.plan import headline, refusal
from rebal.formats.document.said import GLUE, Reckoned, Said
from rebal.formats.screen.figures import TABLE
from rebal.formats.screen.records import PEN
from rebal.formats.screen.wording import day_and_time, unbroken, with_figures
from rebal.plan import OrderPart, Plan, PositionLine
from rebal.policy import Route

from . import books, ledgers, rows


def written(sentence: Said) -> str:
    return PEN.tell(sentence).replace(GLUE, " ")


def said(plan: Plan) -> str:
    return written(headline(plan))


def test_the_largest_drift_outside_its_band_comes_first() -> None:
    assert said(books.worked_example()) == "BTC is 11.5 points over its weight: 3 orders, 3 transfers, no coin sold"
    under = tuple(each for each in books.worked_example().assets if each.asset != "BTC")
    assert said(replace(books.worked_example(), assets=under)).startswith("ALT is 8.5 points under its weight: ")


def test_nothing_to_do() -> None:
    assert said(books.quiet()) == "every weight is inside its band: nothing to do"
    assert said(rows.plan()) == "nothing to do"
    assert said(rows.plan(command="unwind")) == "no futures to close: nothing to do"
    assert said(rows.plan(command="hedge")) == "hedges are as asked: nothing to do"


def test_what_is_off_and_cannot_be_traded_is_not_nothing_to_do() -> None:
    off = rows.asset("ALT", "1", "1", drift=Fraction(1, 5), outside_band=True)
    why_not = Finding(Severity.WARNING, Code.UNSERVED_ASSET, "ALT", "no contract")
    assert said(rows.plan(assets=(off,), findings=(why_not,))) == (
        "ALT is 20.0 points over its weight: nothing can be done, no contract for ALT"
    )


def test_dollars_alone_outside_their_band_order_nothing() -> None:
    off = rows.asset("USD", "1", "1", drift=Fraction(1, 5), outside_band=True)
    assert said(rows.plan(assets=(off, rows.asset("ALT", "1", "1")))) == (
        "USD is 20.0 points over its weight: no coin is outside its band, so nothing is ordered"
    )


def test_a_hedge_says_what_it_leaves_exposed() -> None:
    assert said(books.open_book()) == (
        "BTC net exposure 87562.50 -> 47562.50, hedged 10.0% -> 50.0%: 2 orders, 2 transfers"
    )


def test_many_hedges_are_counted() -> None:
    assets = tuple(rows.asset(name, "1", "1", hedge_ratio_after=Fraction(1)) for name in "ABCDE")
    assert said(rows.plan(command="hedge", assets=assets)) == (
        "A hedged 0.0% -> 100.0%, B hedged 0.0% -> 100.0%, C hedged 0.0% -> 100.0%, 2 more: nothing to do"
    )


def test_a_transfer_alone_is_something_to_do() -> None:
    moved = replace(books.quiet(), transfers=books.worked_example().transfers[:1])
    assert said(moved) == "every weight is inside its band: 1 transfer"


def test_a_refusal_names_each_error_once() -> None:
    error = Finding(Severity.ERROR, Code.UNSERVED_ASSET, "ALT", "no contract")
    note = Finding(Severity.INFO, Code.RESIDUAL, "BTC", "12 USD")
    assert refusal(rows.plan(findings=(error, error, note))) == "no contract for ALT"


def test_a_refusal_names_the_subjects_of_one_error_together() -> None:
    names = ("BTC", "ETH", "LINK", "SOL", "XRP")
    differ = tuple(Finding(Severity.ERROR, Code.SPOT_DIFFERS, name, "off") for name in names)
    short = Finding(Severity.ERROR, Code.UNDER_COLLATERALISED, "ETH", "1 ETH is missing")
    assert refusal(rows.plan(findings=(*differ, short))) == (
        "BTC, ETH, LINK, 2 more spot is not at its target; not enough coins for ETH"
    )


@pytest.mark.parametrize(
    ("code", "subject", "words"),
    [
        (Code.NEAR_LIQUIDATION, "USDT", "USDT near liquidation"),
        (Code.OVER_HEDGED, "BTC", "BTC over-hedged"),
        (Code.NO_EQUITY, "USD", "no equity"),
        (Code.LEVERAGE, "BTC", "leverage BTC"),
    ],
)
def test_a_refusal_is_in_words_and_in_the_code_where_there_are_none(code: Code, subject: str, words: str) -> None:
    assert refusal(rows.plan(findings=(Finding(Severity.ERROR, code, subject, "off"),))) == words


def test_an_unwind_says_what_it_closes_and_what_it_reduces() -> None:
    def line(name: str, after: str, before: int) -> PositionLine:
        return rows.position(name, after, notional="1", entry="1", mark="1", contracts_before=exact(before))

    closing = books.unwind()
    assert said(closing) == "closes BTCUSD_PERP: 1 order"
    half = replace(closing, positions=(line("BTCUSD", "-75", -150), line("ETHUSD", "3", 3)))
    assert said(half) == "reduces BTCUSD: 1 order"
    both = replace(closing, positions=(line("AUSD", "0", 2), line("BUSD", "0", 2), line("CUSD", "1", 2)))
    assert said(both) == "closes AUSD, BUSD and reduces CUSD: 1 order"


def test_why_an_order() -> None:
    first, second = books.open_book().orders
    assert written(why(first)) == "hedge -4500, rebalance +500"
    assert written(why(second)) == "rebalance, reduce only, linear route"
    basket = replace(second, route=Route.PROXY, parts=(OrderPart(Purpose.HEDGE, Fraction(15), ("DOT", "KSM")),))
    assert written(why(basket)) == "hedge DOT KSM, reduce only, proxy route"


@pytest.mark.parametrize(
    ("sentence", "held"),
    [
        ("is 0.5 % a day", "is 0.5~% a day"),
        ("1.5 ETH are missing", "1.5~ETH are missing"),
        ("lots of 10.00 USD", "lots of 10.00~USD"),
        ("7 1INCH left", "7~1INCH left"),
        ("trade 378 contracts of 3 kinds", "trade 378~contracts of 3 kinds"),
        ("leverage 2 with 3 4", "leverage 2 with 3 4"),
    ],
)
def test_figures_are_held_to_their_units(sentence: str, held: str) -> None:
    assert unbroken(sentence).replace(GLUE, "~") == held


def test_instants_for_people_are_in_utc() -> None:
    there = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert day_and_time(there).replace(GLUE, " ") == "31 Dec 2025 23:30 UTC"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("closing realises -0.00109042 BTC, -913.74 USD", "closing realises −0.00109042 BTC, −913.74 USD"),
        ("has lost 22000 ALT, 5500.00 USD then", "has lost 22,000 ALT, 5,500.00 USD then"),
        ("adds up to -2023 by its as_of, 2023 of 2024", "adds up to −2,023 by its as_of, 2023 of 2024"),
        ("no whole lots; write --contracts -1370 or 1380", "no whole lots; write --contracts -1370 or 1,380"),
        ("would trade 8437 contracts", "would trade 8,437 contracts"),
        ("short of 2547 USDT (1234567.50 USD)", "short of 2,547 USDT (1,234,567.50 USD)"),
        ("987654321098765432.12345678 BTC are", "987,654,321,098,765,432.12345678 BTC are"),
        ("expired on 2026-11-20 at 16:00; see July 2024, 2026", "expired on 2026-11-20 at 16:00; see July 2024, 2026"),
        ("is off: rebal hedge BTC --notional 14950 -p 12345.yaml; or 14950 USD",
         "is off: rebal hedge BTC --notional 14950 -p 12345.yaml; or 14,950 USD"),
        ("or `rebal hedge BTC --coins 12345`, 12345 BTC", "or `rebal hedge BTC --coins 12345`, 12,345 BTC"),
        ("add {up_to: 100000, rate: 1%}", "add {up_to: 100000, rate: 1%}"),
        ("BTC-123456 and 0x123456, X.12345, 1.2.34567", "BTC-123456 and 0x123456, X.12345, 1.2.34567"),
        ("an order 00012345 of it", "an order 00012345 of it"),
        ("until 1612.33.", "until 1,612.33."),
    ],
)  # fmt: skip
def test_figures_in_a_sentence_are_divided_and_what_is_typed_is_not(sentence: str, shown: str) -> None:
    assert with_figures(sentence, TABLE) == shown
    assert PEN.tell(Reckoned(sentence)) == sentence


def test_a_name_is_no_figure() -> None:
    book = replace(ledgers.calm(), name="Book 20000", summary="nothing: Book 20000, 130000.00 USD; nothing to do")
    assert render("table", book, View(100, colour=False)).startswith("nothing: Book 20000, 130,000.00 USD; nothing")
