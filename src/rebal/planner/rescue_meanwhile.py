"""What is said of a rescue whose coins come from another account: how long they take, and what can be done at once."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from rebal.amounts import ZERO, plain
from rebal.book import Book
from rebal.findings import Code, Finding, coins, info, warning
from rebal.plan import Order, Rescue, Transfer
from rebal.planner.collateral import accounts, past
from rebal.planner.desk import Desk
from rebal.planner.pooled import past_alert, pool_of
from rebal.planner.review import Check, Review
from rebal.planner.step import carried
from rebal.portfolio import Account as Place
from rebal.times import length_in_hours


class _Way(Protocol):
    @property
    def kind(self) -> Rescue: ...

    @property
    def transfers(self) -> tuple[Transfer, ...]: ...

    @property
    def orders(self) -> tuple[Order, ...]: ...

    @property
    def enough(self) -> bool: ...


def meanwhile(desk: Desk, name: str, chosen: _Way, *, ways: Sequence[_Way], pool: Place | None) -> Check:
    """The check that says of a rescued account what it waits for.

    ``name``: of the wallet, or of the pooled account that ``pool`` is; ``ways``: all ways of it.
    """
    credits = [each for each in chosen.transfers if each.hours is not None]  # of what arrives: what leaves has none

    def check(_: Review) -> Iterator[Finding]:
        if not credits:
            return
        hours = max(each.hours or ZERO for each in credits)
        brought = " and ".join(f"{coins(each.quantity, each.asset)} from {each.other_account}" for each in credits)
        wait = f"{brought} arrive about {length_in_hours(hours)} after they left"
        if not _is_past(name, _before_they_come(chosen, desk), desk, pool=pool):
            message = f"{wait}; what is done at once ends its alert until then"
            yield info(Code.ALERT, name, message, hours=hours)
            return
        close = next((each for each in ways if each.kind is Rescue.CLOSE and each.enough), None)
        said, contracts = _at_once(close)
        yield warning(Code.ALERT, name, f"{wait}, and until then it stays past its alert: {said}", hours=hours,
                      contracts=contracts)  # fmt: skip

    return check


def _at_once(close: _Way | None) -> tuple[str, tuple[str, ...]]:
    if close is None:
        return "nothing ends that at once", ()
    orders = [f"{each.side} {plain(each.contracts)} {each.contract}" for each in close.orders]
    return f"only closing ends that at once, {' and '.join(orders)}", tuple(each.contract for each in close.orders)


def _before_they_come(chosen: _Way, desk: Desk) -> Book:
    at_once = [each for each in chosen.transfers if each.hours is None]
    return carried(desk.portfolio, desk.book, orders=chosen.orders, transfers=at_once).book


def _is_past(name: str, book: Book, desk: Desk, *, pool: Place | None) -> bool:
    portfolio = desk.portfolio
    if pool is not None:
        return past_alert(pool_of(pool, book, portfolio), portfolio, portfolio.policy.alert)
    listed = accounts(book, book, (), portfolio=portfolio)
    return any(each.name == name and past(each.balance, each.held_after, portfolio.policy.alert) for each in listed)
