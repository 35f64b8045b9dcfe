"""When a thing happened: which times may be recorded, and which clocks are not believed."""

from datetime import datetime

from rebal.errors import Refused, UsageProblem
from rebal.journal.fold import dated
from rebal.ledger import Journal
from rebal.portfolio import Portfolio
from rebal.times import SKEW, rfc3339


def moment(
    given: datetime | None, *, now: datetime, portfolio: Portfolio, journal: Journal, settled: bool = False
) -> datetime:
    """The time of an entry: the one given, else the clock's, never before the last entry's.

    Raises UsageProblem for a time more than a minute ahead and for a clock that went back, Refused for one that the
    statement covers already; ``settled`` says that this is meant.
    """
    as_of = dated(portfolio)
    time = _clock(now, journal) if given is None else given
    refuse_future(time, now=now, what="--time")
    if settled and time > as_of:
        raise UsageProblem(
            f"--settled is for what the statement holds already; {rfc3339(time)} is later than its as_of, "
            f"{rfc3339(as_of)}"
        )
    if not settled:
        refuse_covered(time, portfolio)
    return time


def refuse_covered(time: datetime, portfolio: Portfolio) -> None:
    """Raise Refused for a time at or before the statement's: it is part of the holdings and positions already."""
    as_of = dated(portfolio)
    if time <= as_of:
        raise Refused(
            f"{rfc3339(time)} is not later than the statement's as_of, {rfc3339(as_of)}, so holdings, "
            "wallets and positions hold it already; give --settled to keep it as history alone, or correct --time"
        )


def refuse_future(time: datetime, *, now: datetime, what: str) -> None:
    """Raise UsageProblem for a time more than a minute ahead."""
    if time > now + SKEW:
        raise UsageProblem(f"{what} is in the future: {rfc3339(time)}, and it is {rfc3339(now)}")


def _clock(now: datetime, journal: Journal) -> datetime:
    last = max((entry.time for entry in journal.entries), default=now)
    if last > now + SKEW:
        raise UsageProblem(
            f"the clock reads {rfc3339(now)}, and the journal has an entry of {rfc3339(last)}; "
            "set the clock, or give --time"
        )
    return max(now, last)
