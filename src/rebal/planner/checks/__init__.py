"""What is worth a look: each check reads a review and returns findings."""

from collections.abc import Iterable
from itertools import takewhile

from rebal.findings import Code, Finding, is_error, rank
from rebal.planner.checks.accounts import ACCOUNT_CHECKS
from rebal.planner.checks.book import BOOK_CHECKS
from rebal.planner.checks.expiry import EXPIRY_CHECKS
from rebal.planner.checks.initial import INITIAL_CHECKS
from rebal.planner.checks.market import MARKET_CHECKS
from rebal.planner.checks.pooled import POOLED_CHECKS
from rebal.planner.checks.sustain import SUSTAIN_CHECKS
from rebal.planner.checks.uncovered import UNCOVERED_CHECKS, tells_of_a_leg
from rebal.planner.review import Check, Review

_CHECKS: tuple[Check, ...] = (
    *UNCOVERED_CHECKS,
    *ACCOUNT_CHECKS,
    *BOOK_CHECKS,
    *EXPIRY_CHECKS,
    *POOLED_CHECKS,
    *INITIAL_CHECKS,
    *SUSTAIN_CHECKS,
    *MARKET_CHECKS,
)


def findings(review: Review, extra: Iterable[Check] = ()) -> tuple[Finding, ...]:
    """Everything worth a look, errors first, each kind in the order of its checks."""
    found = sorted(dict.fromkeys(finding for check in (*extra, *_CHECKS) for finding in check(review)), key=rank)
    wrong = [*takewhile(is_error, found)]
    if not wrong:
        return tuple(found)
    errors: dict[str, tuple[Code, ...]] = {}
    for each in wrong:
        errors[each.subject] = (*errors.get(each.subject, ()), each.code)
    milder = found[len(wrong) :]
    return (*wrong, *[each for each in milder if each.code not in errors.get(each.subject, ()) or tells_of_a_leg(each)])
