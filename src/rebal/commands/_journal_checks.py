"""Checks of what only the journal can tell: where it differs from the statement, what waits, what is on its way."""

import os
from collections.abc import Iterator
from datetime import datetime

from rebal.amounts import ZERO, plain
from rebal.findings import Code, Finding, coins, info, percent, usd, warning
from rebal.journal import fold, lapsed, statements, underway, unfilled
from rebal.journal.fold import Folded
from rebal.journal.lapsed import Lapsed
from rebal.journal.underway import Underway
from rebal.journal.unfilled import Unfilled
from rebal.ledger import Journal
from rebal.planner.cover import cover
from rebal.planner.review import Check, Review
from rebal.portfolio import Portfolio
from rebal.stated import Shift
from rebal.times import day_or_time, rfc3339


def told_by_journal(portfolio: Portfolio, read: Journal, folded: Folded) -> tuple[Check, ...]:
    """The checks of what only the journal can tell."""
    repeats = (_repeated,) if fold.repeats(portfolio, read.entries) else ()
    shifts = statements.disagreement(portfolio, read.entries)
    gone = statements.gone_with_accounts(portfolio, shifts, read.entries)
    alone = (each for each in shifts if not any(each.contract in contracts for contracts in gone.values()))
    differs = (*(_account_gone(*each) for each in gone.items()), *(_differs(shift) for shift in alone))
    waits = tuple(_waits(each) for each in unfilled.unfilled(read.entries, as_of=portfolio.as_of))
    missed = tuple(_lapsed(each) for each in lapsed.lapsed(read.entries, as_of=portfolio.as_of))
    sent = tuple(_on_the_way(each) for each in underway.underway(read.entries, as_of=portfolio.as_of))
    return (*repeats, *differs, *waits, *sent, *missed, *((_earlier(folded.earlier),) if folded.earlier else ()))


def unrecorded(journal_path: str, as_of: datetime, now: datetime) -> Check:
    """The check that says of a statement of some age that there is no journal of what came after it."""

    def check(_: Review) -> Iterator[Finding]:
        days = (now - as_of).days
        message = (
            f"there is no {os.path.basename(journal_path)}, and the statement is {days} days old: what was traded and "
            "moved since is not in these figures; record it, or bring the statement and its as_of up to date"
        )
        yield info(Code.MISSING, "journal", message, days=days)

    return check


def _earlier(entries: int) -> Check:
    def check(_: Review) -> Iterator[Finding]:
        counted = f"{entries} {'entry is' if entries == 1 else 'entries are'}"
        message = f"{counted} not later than as_of: a part of the statement, counted in history alone"
        yield info(Code.EARLIER_ENTRIES, "journal", message, entries=entries)

    return check


def _differs(shift: Shift) -> Check:
    def check(_: Review) -> Iterator[Finding]:
        stated, booked = plain(shift.contracts_after), plain(shift.contracts_before)
        message = (
            f"the statement has {stated} contracts, and the journal adds up to {booked} by its as_of: correct "
            "positions, or record what is missing with --settled; rebal record statement takes it as it is"
        )
        figures = {"contracts_stated": shift.contracts_after, "contracts_journal": shift.contracts_before}
        yield warning(Code.STATEMENT_DIFFERS, shift.contract, message, **figures)

    return check


def _account_gone(account: str, contracts: tuple[str, ...]) -> Check:
    def check(_: Review) -> Iterator[Finding]:
        message = (
            f"the statement has this account no more, and the journal has {', '.join(contracts)} open there by its "
            "as_of: where it has failed or is closed, rebal record statement takes that as it is; else put it back "
            "under accounts"
        )
        yield warning(Code.STATEMENT_DIFFERS, account, message, contracts=contracts)

    return check


def _waits(rest: Unfilled) -> Check:
    def check(review: Review) -> Iterator[Finding]:
        do = "bought" if rest.contracts > 0 else "sold"
        then = "cancel what waits of them before this is placed" if review.planned else "record them once they are"
        message = (
            f"{plain(abs(rest.contracts))} of {plain(abs(rest.ordered))} contracts to be {do} by the plan recorded at "
            f"{rfc3339(rest.time)} are not filled: {then}; what forgets them"
        )
        figures = {"contracts": rest.contracts, "contracts_ordered": rest.ordered}
        yield warning(Code.UNFILLED, rest.contract, message, **figures, entry=rest.entry)

    return check


def _on_the_way(sent: Underway) -> Check:
    """The check that tells coins between two accounts: to know while they may take so long, and to look at later."""

    def check(review: Review) -> Iterator[Finding]:
        portfolio = review.desk.portfolio
        # what is set aside, or no longer held, need not have a price
        is_priced = sent.asset in portfolio.market.prices or sent.asset in portfolio.cash
        worth = sent.quantity * portfolio.price(sent.asset) if is_priced else None
        what = coins(sent.quantity, sent.asset) + ("" if worth is None else f", {usd(worth)},")
        way = f"{sent.source}:{sent.sink}:{sent.asset}"
        late = review.desk.now - sent.since > portfolio.account(sent.source).takes(sent.asset)
        record = f"--transfer {way}={plain(sent.quantity)}, with that plan"
        if sent.plan is None:
            record = f"rebal record transfer --asset {way} --quantity {plain(sent.quantity)}"
        kept = f"; what the network kept: rebal record spot --asset {way} --quantity -COINS" if late else ""
        planned = "; this plan counts them as coins outside the accounts" if review.planned else ""
        message = (
            f"is on its way: {what} left {sent.source} for {sent.sink} at "
            f"{rfc3339(sent.since)} and have not come there{planned}; once they have: {record}{kept}"
        )
        yield (warning if late else info)(
            Code.ON_THE_WAY, sent.asset, message, coins=sent.quantity, worth_usd=worth, from_account=sent.source,
            to_account=sent.sink, since=sent.since,
        )  # fmt: skip

    return check


def _lapsed(before: Lapsed) -> Check:
    """The check that a hedge asked for before the statement is there, in part at least, as long as it was to last."""

    def check(review: Review) -> Iterator[Finding]:
        desk, asked = review.desk, before.asked
        held = cover(desk.portfolio, review.done.book).ratio(asked.asset)
        if held != ZERO or asked.is_over(desk.now):
            return
        until = "" if asked.until is None else f" until {day_or_time(asked.until)}"
        message = (
            f"a hedge of {percent(asked.fraction)} was asked for{until}, and the statement has nothing of it; if it is "
            f"not meant any more, void {before.entry}; to have it again"
        )
        yield warning(
            Code.HEDGE_OFF, asked.asset, message, asked=asked.fraction, hedge_ratio=held, contract=None,
            until=asked.until, entry=before.entry,
        )  # fmt: skip

    return check


def _repeated(_: Review) -> Iterator[Finding]:
    message = (
        "positions equal what the journal adds up to: the statement holds it already; set as_of to when it was true"
    )
    yield warning(Code.STATEMENT_REPEATS_JOURNAL, "as_of", message)
