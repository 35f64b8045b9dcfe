"""What to type against what was found: findings are the planner's, the command's words stand here alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rebal.amounts import Fraction, plain, rounded

if TYPE_CHECKING:
    from rebal.findings import Finding

_CURED = frozenset(
    {
        "alert",
        "near-liquidation",
        "leverage",
        "drift",
        "hedge-overdue",
        "hedge-off",
        "expires-soon",
        "expired",
        "unfilled",
        "needless",
        "rolled",
        "over-hedged",
        "refreshed",
        "spot-differs",
        "beta-uncertain",
    }
)
"""The codes of findings that a command answers: most are none, and to ask for each case of them takes its time."""
_ALERTED = frozenset({"alert_distance", "alert_leverage"})
_SHORT_OF_POLICY = frozenset({"policy_distance", "policy_leverage"})


def cured(report: Any) -> Any:
    """The report of a plan, a status or a regression, each finding that a command answers ending with that command."""
    cures = [_cure(each, report) if each.code in _CURED else "" for each in report.findings]
    if any(cures):
        told = zip(report.findings, cures, strict=True)
        findings = tuple(replace(each, message=each.message + cure) if cure else each for each, cure in told)
        report = replace(report, findings=findings)
    if not hasattr(report, "summary"):
        return report
    from rebal.status import summarised

    summary = summarised(report.needs, report.findings, name=report.name, equity=report.equity)
    return replace(report, summary=summary)


def _cure(found: "Finding", report: Any) -> str:
    from rebal.findings import Code, Severity

    match found.code:
        case Code.ALERT if not _ALERTED.isdisjoint(found.data) and _rescues(report):
            return f": rebal rescue {found.subject}"
        case Code.NEAR_LIQUIDATION | Code.LEVERAGE if _is_left_to_rescue(found, report):
            return f": rebal rescue {found.subject} --to policy"
        case Code.DRIFT:
            return ": rebal plan"
        case Code.HEDGE_OVERDUE:
            return f": rebal unwind {found.subject} --purpose hedge"
        case Code.HEDGE_OFF if "contract" in found.data:
            return f": {_hedge(found.subject, found.data['asked'])}{_where_it_sits(found.data)}"
        case Code.HEDGE_OFF if "meant" in found.data:
            return f": --pct {_percent(found.data['meant'])}"
        case Code.EXPIRES_SOON if found.data.get("hedges"):
            asked = {line.asset: line.fraction for line in report.hedges}
            return ": " + "; and: ".join(f"{_hedge(asset, asked[asset])} --roll" for asset in _names(found, "hedges"))
        case Code.EXPIRED:
            return f": {_delivery(found)}"
        case Code.UNFILLED:
            return f": rebal record void {found.data['entry']} --reason 'not placed'"
        case Code.NEEDLESS:
            forced = " --force" if "unmatched" in found.data else ""
            return f": rebal unwind {found.subject} --purpose rebalance --pct {_percent(found.data['share'])}{forced}"
        case Code.ROLLED if "onto" not in found.data:
            return "; --contract or --until moves it all the same"
        case Code.OVER_HEDGED if found.severity is Severity.ERROR:
            return ", or give --allow-over-hedge"
        case Code.REFRESHED if found.severity is Severity.WARNING:
            return f": rebal venues {found.subject} --refresh"
        case Code.SPOT_DIFFERS:
            return ", or give --force"
        case Code.BETA_UNCERTAIN if found.severity is Severity.ERROR and "least_r_squared" in found.data:
            return ", or give --force"
        case _:
            return ""


def _rescues(report: Any) -> bool:
    """Whether a wallet in alert wants more than what is shown: a plan that moves enough has its rescue in it."""
    short = any("fitting_leverage" in each.data for each in report.findings)
    return report.command == "status" or (report.command != "rescue" and (report.refused or short))


def _is_left_to_rescue(found: "Finding", report: Any) -> bool:
    """Whether a wallet is off the policy and past no alert: a plan leaves it so, and a rescue has to be told to not."""
    from rebal.findings import Code

    if report.command == "rescue" or _SHORT_OF_POLICY.isdisjoint(found.data):
        return False
    if any(each.code is Code.ALERT and each.subject == found.subject for each in report.findings):
        return False
    return any(line.contracts_before and found.subject in _wallets_of(line) for line in report.positions)


def _wallets_of(line: Any) -> tuple[str, ...]:
    """What the wallet of a position may be called: its own, its coin's, or the pool's."""
    return (line.contract, line.settle, f"{line.account}:{line.settle}", line.account)


def _names(found: "Finding", figure: str) -> tuple[str, ...]:
    names = found.data[figure]
    assert isinstance(names, tuple)
    return names


def _hedge(asset: str, fraction: object) -> str:
    assert isinstance(fraction, Fraction)
    text = plain(fraction * 100)
    return f"rebal hedge {asset} --pct {text if len(text) <= 8 else rounded(fraction * 100, 6).rstrip('0').rstrip('.')}"


def _delivery(found: "Finding") -> str:
    """The fill that books a delivery, all but its price."""
    from rebal.times import rfc3339

    contracts, expiry, purpose = (found.data[name] for name in ("contracts", "expiry", "purpose"))
    assert isinstance(contracts, Fraction)
    assert isinstance(expiry, datetime)
    words = f"rebal record fill --contract {found.subject} --contracts {plain(contracts)} --price PRICE"
    return f"{words} --time {rfc3339(expiry)}{'' if purpose is None else f' --purpose {purpose}'}"


def _where_it_sits(data: Mapping[str, object]) -> str:
    from rebal.times import day_or_time

    named = "" if data["contract"] is None else f" --contract {data['contract']}"
    return f"{named} --until {day_or_time(data['until'])}" if isinstance(data["until"], datetime) else named


def _percent(share: object) -> str:
    assert isinstance(share, Fraction)
    return plain(share * 100)
