"""What is said of a regression: when it is refused, when it is doubted, and what is pasted."""

from datetime import UTC, datetime, timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.beta import Beta, build_beta
from rebal.findings import Code, Severity
from rebal.load.fields import Section
from rebal.load.models import Proxy
from rebal.market.regression import Pair, Regression

PAIR = Pair("SOL", "BTC", datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=8), (), ())


def judged(beta: str, r_squared: str, *, error: str = "0.01", count: int = 90, force: bool = False) -> Beta:
    day = Fraction("0.05")
    found = Regression(exact(beta), exact(error), exact(r_squared), day, day, day, count)
    return build_beta(PAIR, found, force=force)


def said(report: Beta) -> list[tuple[Severity, str]]:
    assert {finding.code for finding in report.findings} <= {Code.BETA_UNCERTAIN}
    return [(finding.severity, finding.message) for finding in report.findings]


def test_a_sure_one_is_pasted_without_a_word() -> None:
    report = judged("1.29925145977", "0.73")
    assert (report.refused, report.findings) == (False, ())
    assert report.proxies == ("proxies:", "  SOL: {via: BTC, beta: 1.2993}")
    assert (report.step_hours, report.last) == (Fraction(8), datetime(2026, 1, 31, tzinfo=UTC))


@pytest.mark.parametrize(("r_squared", "refused"), [("0.5", False), ("0.499999", True), ("0", True), ("1", False)])
def test_below_a_half_of_the_variance_it_is_refused(r_squared: str, refused: bool) -> None:
    report = judged("1.3", r_squared)
    assert report.refused is refused
    assert (report.proxies == ()) is refused
    assert [severity for severity, _ in said(report)] == [Severity.ERROR] * refused


def test_forced_it_is_given_with_a_warning() -> None:
    report = judged("1.3", "0.31", force=True)
    assert not report.refused
    assert said(report) == [
        (Severity.WARNING, "shares 31.0 % of its variance with BTC; the least that makes a hedge is 50 %")
    ]
    assert report.proxies[1] == "  SOL: {via: BTC, beta: 1.3000}"


@pytest.mark.parametrize("beta", ["0", "-0.8"])
@pytest.mark.parametrize("force", [True, False])
def test_a_coin_that_moves_the_other_way_is_no_proxy_whatever_is_forced(beta: str, force: bool) -> None:
    report = judged(beta, "0.9", force=force)
    assert (report.refused, report.proxies) == (True, ())


def test_few_returns_and_wide_errors_are_doubted() -> None:
    assert "rests on 29 returns only" in said(judged("1.3", "0.9", count=29))[0][1]
    assert said(judged("1.3", "0.9", error="0.325")) == []
    assert "uncertain by 0.3251 either way" in said(judged("1.3", "0.9", error="0.3251"))[0][1]


@pytest.mark.parametrize(
    ("beta", "pasted"),
    [("12.3456789", "12.3457"), ("0.1234567", "0.1235"), ("0.0123456", "0.01235"), ("0.0000004", "0.0000004000")],
)
def test_small_betas_keep_four_digits(beta: str, pasted: str) -> None:
    assert judged(beta, "0.9").proxies[1] == f"  SOL: {{via: BTC, beta: {pasted}}}"


def test_what_is_pasted_is_a_proxy() -> None:
    pasted = judged("1.29925145977", "0.73").proxies[1].partition("beta: ")[2].rstrip("}")
    proxy = Section(Proxy).read({"via": "BTC", "beta": pasted})
    assert isinstance(proxy, Proxy)
    assert proxy.beta == Fraction("1.2993")
