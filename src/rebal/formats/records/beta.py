"""The records of beta."""

from collections.abc import Iterator

from rebal.beta import Beta
from rebal.formats.page.figures import PLAIN
from rebal.formats.page.wording import rfc3339
from rebal.formats.records._record import finding, record


def lines(report: Beta) -> Iterator[str]:
    """A regression in one record, then the proxies to paste, on one line."""
    percent = PLAIN.percent
    yield record(
        "beta",
        report.asset,
        f"via {report.via}",
        f"beta {PLAIN.price(report.beta)}",
        f"error {PLAIN.price(report.standard_error)}",
        f"r-squared {percent(report.r_squared)}",
        f"residual-a-day {percent(report.residual_volatility_per_day)}",
        f"volatility-a-day {percent(report.volatility_per_day)}",
        f"via-volatility-a-day {percent(report.via_volatility_per_day)}",
        f"returns {report.count}",
        f"step-hours {PLAIN.exact(report.step_hours)}",
        f"from {rfc3339(report.first)}",
        f"to {rfc3339(report.last)}",
    )
    if report.refused:
        yield record("refused", "yes")
    for key, entry in zip(report.proxies[:1], report.proxies[1:], strict=True):
        yield record("paste", f"{key} {{{entry.strip()}}}")
    yield from map(finding, report.findings)
