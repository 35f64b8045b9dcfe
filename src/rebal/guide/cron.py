"""Cron: have it watched."""

from collections.abc import Iterator

from rebal.errors import Exit
from rebal.guide import Given, Reader
from rebal.guide._figures import percent, times
from rebal.planner.status import build_status
from rebal.reports.guide import Entry, Part
from rebal.status import Status

TITLE = "Cron: have it watched, and be left alone otherwise"
PLACE = 10
_CODES = {
    Exit.DONE: "nothing needs doing; with --quiet not a word",
    Exit.ACTION: "something to do: a weight is outside its band, a hedge is off",
    Exit.BREACH: "a breach: a wallet past its alert, a liquidation due, prices too old",
    Exit.INVALID_INPUT: "a file is missing or wrong, so nothing was looked at",
    Exit.UNAVAILABLE: "the disk, a lock or an exchange was not to be had",
}


def parts(reader: Reader) -> tuple[Part, ...]:
    """The lines to install, what the exit codes mean, and what it would say now."""
    given = reader.given()
    status = build_status(given.portfolio, given.book, inputs=given.inputs)
    return (
        Part("", _LINES_ARE, lines=_LINES),
        Part("What it leaves with", entries=tuple(Entry(str(code.value), said) for code, said in _CODES.items())),
        Part("When it calls", tuple(_levels(given))),
        Part("What it would say now", _now(status)),
    )


_LINES_ARE = (
    "`rebal status` reads the file, the journal and the prices, and says by its exit code whether you are needed. It "
    "keeps nothing running and asks nothing. Prices come from a file that you keep, or from the exchange with --market "
    "live.",
    "With --quiet it is silent where all is well, so cron mails what is asked for, each time; --notify COMMAND gives "
    "it to a command instead, once, and again when it changes:",
)
_LINES = (
    "*/15 * * * *  rebal status /home/me/portfolio.yaml --market /home/me/prices.yaml --quiet",
    "0 8 * * 1     rebal plan /home/me/portfolio.yaml --market /home/me/prices.yaml --exit-code --quiet",
)


def _levels(given: Given) -> Iterator[str]:
    policy = given.portfolio.policy
    yield (
        f"A breach, `attention` in its words, is leverage above {times(policy.alert.leverage)} or a liquidation nearer "
        f"than {percent(policy.alert.distance)} (`policy.alert`). A plan leaves more room than that, leverage "
        f"{times(policy.leverage)} and {percent(policy.shock)}: what lies between is yours to sleep in."
    )
    age = policy.max_price_age
    yield (
        "Prices of any age count as fresh: `max_price_age` is none. A feed that died will not be noticed."
        if age is None
        else f"Prices older than {age.total_seconds() / 3600:g} hours are a breach as well (`policy.max_price_age`): a "
        "feed that died must not look like a quiet market."
    )


def _now(status: Status) -> tuple[str, ...]:
    return (f"{status.summary}. It would leave with {status.needs.exit_code.value}.",)
