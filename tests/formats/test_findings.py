"""The findings of a screen: what is alike is said once, and no figure is lost by it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import among
from rebal import formats, load
from rebal.findings import Code, Finding, Severity, sorted_out
from rebal.formats import View
from rebal.planner import build_plan

from . import ledgers, rows

KEY = re.compile(r"contracts\.\S+")


def shown(*findings: Finding, width: int = 100) -> list[str]:
    screen = formats.render("table", rows.plan(findings=findings), View(width, colour=False))
    return screen.partition("Look at\n")[2].splitlines()


def test_one_sentence_of_many_subjects() -> None:
    assert shown(*map(ledgers.assumed, ("ADAUSD", "AVAXUSD", "SOLUSD"))) == [
        "warning  ADAUSD, AVAXUSD, SOLUSD",
        "           maintenance rate is assumed: 2.5 % with the closing fee; set contracts.<name>.maintenance",
        "           to your account's",
    ]


def test_a_finding_alone_keeps_its_name_in_its_sentence() -> None:
    assert shown(ledgers.assumed("ADAUSD")) == [
        "warning  ADAUSD  maintenance rate is assumed: 2.5 % with the closing fee; set",
        "                 contracts.ADAUSD.maintenance to your account's",
    ]


def test_residuals_are_one_note_by_their_lots() -> None:
    dearer = ledgers.residual("TAO", "-0.12", lot="0.29")
    assert shown(ledgers.residual("BTC", "0.15"), dearer, ledgers.residual("ETH", "0.42")) == [
        "note     residual: BTC 0.15, ETH 0.42 USD short of exact, less than a lot of 1.00 USD; TAO 0.12 USD",
        "         short of exact, less than a lot of 0.29 USD",
    ]


def test_a_plan_of_many_orders_says_what_is_alike_once() -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    portfolio = load.portfolio(str(Path(__file__).parents[2] / "portfolios" / "ten-coins.yaml"), now=now)
    plan = build_plan(portfolio, portfolio.statement, inputs=rows.INPUTS)
    codes = [each.code for each in plan.findings]
    assert min(codes.count(Code.RESIDUAL), codes.count(Code.SIZING)) > 1
    screen = "\n".join(shown(*plan.findings))
    assert "would be exact" not in screen
    assert "on this order" not in screen
    assert screen.count("coin sizing would trade") == screen.count("residual: ") == 1


def test_warnings_and_errors_keep_their_own_ending() -> None:
    findings = [Finding(Severity.ERROR, Code.SPOT_DIFFERS, name, f"leaves {name}; trade") for name in ("A", "B")]
    assert shown(*findings) == ["error    A  leaves A; trade", "error    B  leaves B; trade"]


@pytest.mark.parametrize(
    "other",
    [
        Finding(Severity.INFO, Code.ASSUMED_FIGURE, "B", "is 1 %; so"),
        Finding(Severity.WARNING, Code.LEVERAGE, "B", "is 1 %; so"),
        Finding(Severity.WARNING, Code.ASSUMED_FIGURE, "B", "is 2 %; so"),
    ],
)
def test_what_differs_in_more_than_its_subject_stays_apart(other: Finding) -> None:
    first = Finding(Severity.WARNING, Code.ASSUMED_FIGURE, "A", "is 1 %; so")
    assert len(shown(first, other)) == 2


def test_a_long_subject_does_not_push_the_others_away() -> None:
    long = Finding(Severity.INFO, Code.SIZING, "ETH_USDC-PERPETUAL", "is long")
    assert shown(long, Finding(Severity.INFO, Code.LEVERAGE, "BTC", "is short"), width=60) == [
        "note ETH_USDC-PERPETUAL",
        "  is long",
        "note     BTC  is short",
    ]


SUBJECTS = st.sampled_from(["BTC", "1", "2", "1INCH", "ETHUSD", "X.1", "A-1_b"])
FIGURES = st.sampled_from(["1", "2", "0.15", "-3", "1.2.3", "12345.678"])
MESSAGES = st.sampled_from(
    [
        "is {figure} %; set contracts.{subject}.maintenance to your account's",
        "{figure} USD more would be exact; the order is rounded to lots of {other} USD",
        "{figure} {subject} are missing",
        "from .{figure}. to {other}; {subject}",
    ]
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    subject = draw(SUBJECTS)
    message = draw(MESSAGES).format(subject=subject, figure=draw(FIGURES), other=draw(FIGURES))
    return Finding(draw(among(*Severity)), Code.RESIDUAL, subject, message)


def figures(text: str) -> set[str]:
    """The figures in a text, without the separators and the minus sign of a page."""
    bare = re.sub(r"(?<=\d),(?=\d{3})", "", KEY.sub("", text)).replace("\N{MINUS SIGN}", "-")
    return {token.strip(",;:") for token in bare.split() if any(map(str.isdigit, token))}


@settings(max_examples=300)
@given(found=st.lists(findings(), max_size=8, unique=True), width=st.sampled_from([20, 40, 60, 100, 200]))
def test_every_figure_of_every_finding_is_on_the_screen(found: list[Finding], width: int) -> None:
    screen = figures("\n".join(shown(*found, width=width)))
    for finding in found:
        assert figures(f"{finding.subject} {finding.message}") <= screen


def test_what_status_wants_done_comes_breaches_first() -> None:
    pressing, others = sorted_out(ledgers.status().findings)
    assert [each.code for each in pressing] == [Code.ALERT, Code.DRIFT, Code.HEDGE_OFF]
    assert [each.code for each in others] == [*[Code.ASSUMED_FIGURE] * 3, Code.RESIDUAL, Code.LEVERAGE, Code.RESIDUAL]


def test_a_note_wants_nothing_done_whatever_it_is_of_and_an_error_does() -> None:
    noted = Finding(Severity.INFO, Code.DRIFT, "BTC", "is off")
    failed = Finding(Severity.ERROR, Code.RESIDUAL, "BTC", "is odd")
    assert sorted_out((noted, failed)) == ([failed], [noted])
