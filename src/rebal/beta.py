"""What beta says: how one coin moves with another, as data; the field names and their order are its JSON."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from rebal.amounts import Fraction, plain, rounded
from rebal.findings import Code, Finding, FindingData, Severity
from rebal.frozen import frozen
from rebal.market.regression import LEAST_R_SQUARED, Pair, Regression

BETA_SCHEMA = "rebal/beta/1"
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_FEW = 30
_WIDE = Fraction(1, 4)


@frozen
class Beta:
    """The answer of beta. Fractions of twelve digits: they are estimates.

    ``standard_error``: of beta. ``residual_volatility_per_day``: what a hedge through the other coin leaves open.
    ``count``: returns, between the closes of ``first`` and ``last``. ``least_r_squared``: below it the answer is
    ``refused``. ``proxies``: lines to paste into the portfolio file, none where the answer is refused.
    """

    schema: str
    command: str
    asset: str
    via: str
    beta: Fraction
    r_squared: Fraction
    residual_volatility_per_day: Fraction
    first: datetime
    last: datetime
    step_hours: Fraction
    count: int
    standard_error: Fraction
    volatility_per_day: Fraction
    via_volatility_per_day: Fraction
    least_r_squared: Fraction
    refused: bool
    proxies: tuple[str, ...]
    findings: tuple[Finding, ...]


def build_beta(pair: Pair, found: Regression, *, force: bool = False) -> Beta:
    """Judge a regression: refused below the least R² unless forced, and wherever the coins move against each other."""
    findings = tuple(_findings(pair, found, force=force))
    refused = any(finding.severity is Severity.ERROR for finding in findings)
    return Beta(
        schema=BETA_SCHEMA,
        command="beta",
        asset=pair.asset,
        via=pair.via,
        beta=found.beta,
        r_squared=found.r_squared,
        residual_volatility_per_day=found.residual_volatility_per_day,
        first=pair.first,
        last=pair.first + found.count * pair.step,
        step_hours=Fraction(pair.step // _MICROSECOND, _HOUR // _MICROSECOND),
        count=found.count,
        standard_error=found.standard_error,
        volatility_per_day=found.volatility_per_day,
        via_volatility_per_day=found.via_volatility_per_day,
        least_r_squared=LEAST_R_SQUARED,
        refused=refused,
        proxies=() if refused else ("proxies:", f"  {pair.asset}: {{via: {pair.via}, beta: {_short(found.beta)}}}"),
        findings=findings,
    )


def _findings(pair: Pair, found: Regression, *, force: bool) -> Iterator[Finding]:
    if found.beta <= 0:
        message = f"moves against {pair.via}: a short of {pair.via} would add to its risk; choose another proxy"
        yield Finding(
            Severity.ERROR, Code.BETA_UNCERTAIN, pair.asset, message, FindingData(via=pair.via, beta=found.beta)
        )
    if found.r_squared < LEAST_R_SQUARED:
        share = f"shares {rounded(found.r_squared * 100, 1)} % of its variance with {pair.via}"
        least = f"the least that makes a hedge is {plain(LEAST_R_SQUARED * 100)} %"
        data = FindingData(r_squared=found.r_squared, via=pair.via, least_r_squared=LEAST_R_SQUARED)
        if force:
            yield Finding(Severity.WARNING, Code.BETA_UNCERTAIN, pair.asset, f"{share}; {least}", data)
        else:
            message = f"{share}; {least}: choose another proxy"
            yield Finding(Severity.ERROR, Code.BETA_UNCERTAIN, pair.asset, message, data)
    if found.count < _FEW:
        message = f"its beta rests on {found.count} returns only; give at least {_FEW}"
        data = FindingData(returns=found.count, least_returns=_FEW)
        yield Finding(Severity.WARNING, Code.BETA_UNCERTAIN, pair.asset, message, data)
    elif found.standard_error > _WIDE * abs(found.beta):
        message = f"its beta is uncertain by {_short(found.standard_error)} either way; give a longer history"
        data = FindingData(standard_error=found.standard_error, beta=found.beta)
        yield Finding(Severity.WARNING, Code.BETA_UNCERTAIN, pair.asset, message, data)


def _short(value: Fraction) -> str:
    """Four decimals, more where the value has fewer than four digits there."""
    places = 4
    while 0 < abs(value) * 10**places < 10**3 and places < 18:
        places += 1
    return rounded(value, places)
