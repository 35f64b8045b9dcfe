"""The book that a command works on: the statement, and what its journal has recorded since."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rebal import __version__
from rebal.amounts import plain
from rebal.commands._answer import World
from rebal.commands._options import Where
from rebal.errors import InvalidInput, Problem, Unavailable
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.findings import Finding
    from rebal.journal.fold import Folded
    from rebal.journal.lapsed import Lapsed
    from rebal.journal.underway import Underway
    from rebal.journal.unfilled import Unfilled
    from rebal.ledger import Carried, Entry, Journal, Realised
    from rebal.load import Asked, Lacking, MarketText
    from rebal.plan import Inputs
    from rebal.planner.review import Check, Review
    from rebal.portfolio import Portfolio
    from rebal.stated import Shift


_A_MONTH = timedelta(days=30)


@frozen
class Opened:
    """A portfolio with its open book.

    ``path``: the portfolio file; ``market_paths``: those of ``--market``; ``journal_path``: its journal, None on stdin
    without one; ``realised``: by contract;
    ``checks``: what only the journal can tell; ``carried``: fees and funding of what is open.
    """

    path: str
    market_paths: tuple[str, ...]
    journal_path: str | None
    portfolio: "Portfolio"
    book: "Book"
    journal: "Journal | None"
    realised: "tuple[Realised, ...]"
    inputs: "Inputs"
    checks: "tuple[Check, ...]"
    carried: "tuple[Carried, ...]" = ()

    @property
    def entries(self) -> "tuple[Entry, ...]":
        """What the journal holds, nothing without one."""
        return () if self.journal is None else self.journal.entries

    @property
    def files(self) -> tuple[str, ...]:
        """The files that an answer must never overwrite."""
        return tuple(file for file in (self.path, *self.market_paths, self.journal_path) if file is not None)


def opened(
    where: Where,
    world: World,
    *,
    targets_for: str | None = None,
    market: "Sequence[MarketText | Asked] | None" = None,
    lacking: "Lacking | None" = None,
) -> Opened:
    """Read the portfolio and fold its journal.

    ``targets_for``: the command that cannot do without targets. ``market`` and ``lacking``: see ``Where.read``. Raises
    InvalidInput.
    """
    portfolio = where.read(world, market, lacking=lacking)
    path = where.path(world)
    if targets_for is not None and portfolio.targets is None:
        instead = "add targets: a weight for every asset held, summing to 100 %"
        raise InvalidInput([Problem(path, 0, 0, "targets", f"is missing; {targets_for} needs it", None, instead)])
    journal_path = journal_of(path, where.journal, portfolio)
    refuse_missing(where.journal)
    if journal_path is None or not _is_there(journal_path):
        return _without_journal(path, journal_path, portfolio=portfolio, where=where, world=world)
    from rebal import journal
    from rebal.journal import earned, fold

    read = journal.read(journal_path)
    folded = fold.fold(portfolio, read.entries)
    _refuse_margin_aside(path, portfolio, folded.book)
    checks = _told_by_journal(portfolio, read, folded)
    inputs = inputs_of(portfolio, where, world, journal=read)
    told = earned.earned(portfolio, read.entries)
    realised = earned.realised(told.booked)
    return Opened(
        path, where.market_files(), journal_path, portfolio, folded.book, read, realised, inputs, checks, told.carried()
    )


def _told_by_journal(portfolio: "Portfolio", read: "Journal", folded: "Folded") -> "tuple[Check, ...]":
    """The checks of what only the journal can tell."""
    from rebal.journal import fold, lapsed, statements, underway, unfilled

    repeats = (_repeated,) if fold.repeats(portfolio, read.entries) else ()
    shifts = statements.disagreement(portfolio, read.entries)
    gone = statements.gone_with_accounts(portfolio, shifts, read.entries)
    alone = (each for each in shifts if not any(each.contract in contracts for contracts in gone.values()))
    differs = (*(_account_gone(*each) for each in gone.items()), *(_differs(shift) for shift in alone))
    waits = tuple(_waits(each) for each in unfilled.unfilled(read.entries, as_of=portfolio.as_of))
    missed = tuple(_lapsed(each) for each in lapsed.lapsed(read.entries, as_of=portfolio.as_of))
    sent = tuple(_on_the_way(each) for each in underway.underway(read.entries, as_of=portfolio.as_of))
    return (*repeats, *differs, *waits, *sent, *missed, *((_earlier(folded.earlier),) if folded.earlier else ()))


def _refuse_margin_aside(path: str, portfolio: "Portfolio", book: "Book") -> None:
    """Raise InvalidInput where the journal has left a position open whose margin stands under aside."""
    found = [each for each in book.listed if each.contract.settle in portfolio.aside]
    if found:
        raise InvalidInput(
            Problem(path, 0, 0, "aside", f"holds {each.contract.settle}, which margins {each.contract.name}, open in "
                    "the journal", None, f"take {each.contract.settle} out of aside and give it a target, or close the "
                    "position first")
            for each in found
        )  # fmt: skip


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error
    return True


def journal_of(path: str, named: str | None, portfolio: "Portfolio") -> str | None:
    """Where the journal of a portfolio file is: as named, else as the file says or ``<stem>.journal.db`` beside it."""
    return named if named is not None or path == "-" else portfolio.journal


def refuse_no_portfolio(where: Where, world: World) -> None:
    """Raise InvalidInput where the portfolio of a saved plan is not there; what else it may be, its reading says."""
    from rebal.load.source import shown

    path = where.path(world)
    if path == "-":
        return
    try:
        os.lstat(path)
    except FileNotFoundError:
        instead = "name the file that the plan was made from: -p FILE"
        raise InvalidInput([Problem(shown(path), 0, 0, "", "does not exist", None, instead)]) from None
    except (OSError, ValueError):
        return


def refuse_missing(named: str | None) -> None:
    """Raise InvalidInput for a journal that ``--journal`` names and that is not there; only a record creates one."""
    if named is not None and not _is_there(named):
        instead = "correct --journal; a journal is made by the first `rebal record`"
        raise InvalidInput([Problem(named, 0, 0, "", "does not exist", None, instead)])


def _without_journal(
    path: str, journal_path: str | None, *, portfolio: "Portfolio", where: Where, world: World
) -> Opened:
    inputs = inputs_of(portfolio, where, world, journal=None)
    old = portfolio.as_of is not None and inputs.now - portfolio.as_of > _A_MONTH
    checks = (_unrecorded(journal_path, portfolio, inputs.now),) if journal_path is not None and old else ()
    return Opened(path, where.market_files(), journal_path, portfolio, portfolio.statement, None, (), inputs, checks)


def _unrecorded(journal_path: str, portfolio: "Portfolio", now: datetime) -> "Check":
    def check(_: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, info

        days = (now - (portfolio.as_of or now)).days
        message = (
            f"there is no {os.path.basename(journal_path)}, and the statement is {days} days old: what was traded and "
            "moved since is not in these figures; record it, or bring the statement and its as_of up to date"
        )
        yield info(Code.MISSING, "journal", message, days=days)

    return check


def inputs_of(portfolio: "Portfolio", where: Where, world: World, *, journal: "Journal | None") -> "Inputs":
    """What an answer about the portfolio is made from."""
    from rebal.plan import Inputs, PriceSource

    return Inputs(
        statement_sha256=portfolio.statement_sha256,
        journal_seq=journal.seq if journal else None,
        journal_head=journal.head if journal else None,
        market_as_of=portfolio.market.as_of,
        now=where.time(world),
        version=__version__,
        price_sources=tuple(PriceSource(*each) for each in sorted(portfolio.market.sources.items())),
        policy=portfolio.policy,
    )


def _earlier(entries: int) -> "Check":
    def check(_: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, info

        counted = f"{entries} {'entry is' if entries == 1 else 'entries are'}"
        message = f"{counted} not later than as_of: a part of the statement, counted in history alone"
        yield info(Code.EARLIER_ENTRIES, "journal", message, entries=entries)

    return check


def _differs(shift: "Shift") -> "Check":
    def check(_: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, warning

        stated, booked = plain(shift.contracts_after), plain(shift.contracts_before)
        message = (
            f"the statement has {stated} contracts, and the journal adds up to {booked} by its as_of: correct "
            "positions, or record what is missing with --settled; rebal record statement takes it as it is"
        )
        figures = {"contracts_stated": shift.contracts_after, "contracts_journal": shift.contracts_before}
        yield warning(Code.STATEMENT_DIFFERS, shift.contract, message, **figures)

    return check


def _account_gone(account: str, contracts: "tuple[str, ...]") -> "Check":
    def check(_: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, warning

        message = (
            f"the statement has this account no more, and the journal has {', '.join(contracts)} open there by its "
            "as_of: where it has failed or is closed, rebal record statement takes that as it is; else put it back "
            "under accounts"
        )
        yield warning(Code.STATEMENT_DIFFERS, account, message, contracts=contracts)

    return check


def _waits(rest: "Unfilled") -> "Check":
    def check(review: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, warning
        from rebal.times import rfc3339

        do = "bought" if rest.contracts > 0 else "sold"
        then = "cancel what waits of them before this is placed" if review.planned else "record them once they are"
        message = (
            f"{plain(abs(rest.contracts))} of {plain(abs(rest.ordered))} contracts to be {do} by the plan recorded at "
            f"{rfc3339(rest.time)} are not filled: {then}; what forgets them"
        )
        figures = {"contracts": rest.contracts, "contracts_ordered": rest.ordered}
        yield warning(Code.UNFILLED, rest.contract, message, **figures, entry=rest.entry)

    return check


def _on_the_way(sent: "Underway") -> "Check":
    """The check that tells coins between two accounts: to know while they may take so long, and to look at later."""

    def check(review: "Review") -> "Iterator[Finding]":
        from rebal.findings import Code, coins, info, usd, warning
        from rebal.times import rfc3339

        portfolio = review.desk.portfolio
        worth = sent.quantity * portfolio.price(sent.asset)
        way = f"{sent.source}:{sent.sink}:{sent.asset}"
        late = review.desk.now - sent.since > portfolio.account(sent.source).takes(sent.asset)
        record = f"--transfer {way}={plain(sent.quantity)}, with that plan"
        if sent.plan is None:
            record = f"rebal record transfer --asset {way} --quantity {plain(sent.quantity)}"
        kept = f"; what the network kept: rebal record spot --asset {way} --quantity -COINS" if late else ""
        planned = "; this plan counts them as coins outside the accounts" if review.planned else ""
        message = (
            f"{coins(sent.quantity, sent.asset)}, {usd(worth)}, left {sent.source} for {sent.sink} at "
            f"{rfc3339(sent.since)} and have not come there{planned}: once they have: {record}{kept}"
        )
        yield (warning if late else info)(
            Code.ON_THE_WAY, sent.asset, message, coins=sent.quantity, worth_usd=worth, from_account=sent.source,
            to_account=sent.sink, since=sent.since,
        )  # fmt: skip

    return check


def _lapsed(before: "Lapsed") -> "Check":
    """The check that a hedge asked for before the statement is there, in part at least, as long as it was to last."""

    def check(review: "Review") -> "Iterator[Finding]":
        from rebal.amounts import ZERO
        from rebal.findings import Code, percent, warning
        from rebal.planner.cover import cover
        from rebal.times import day_or_time

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


def _repeated(_: "Review") -> "Iterator[Finding]":
    from rebal.findings import Code, warning

    message = (
        "positions equal what the journal adds up to: the statement holds it already; set as_of to when it was true"
    )
    yield warning(Code.STATEMENT_REPEATS_JOURNAL, "as_of", message)
