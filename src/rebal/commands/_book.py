"""The book that a command works on: the statement, and what its journal has recorded since."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from rebal import __version__
from rebal.commands._answer import World
from rebal.commands._options import Where
from rebal.errors import InvalidInput, Problem, Unavailable
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.ledger import Carried, Entry, Journal, Realised
    from rebal.load import Asked, Lacking, MarketText
    from rebal.plan import Inputs
    from rebal.planner.review import Check
    from rebal.portfolio import Portfolio


_A_MONTH = timedelta(days=30)


@frozen
class Opened:
    """A portfolio with its open book.

    ``path``: the portfolio file; ``market_paths``: those of ``--market``; ``journal_path``: its journal, None on stdin
    without one; ``realised``: by contract; ``checks``: what only the journal can tell; ``carried``: fees and funding of
    what is open.
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
    from rebal.commands._journal_checks import told_by_journal
    from rebal.journal import earned, fold

    read = journal.read(journal_path)
    folded = fold.fold(portfolio, read.entries)
    _refuse_margin_aside(path, portfolio, folded.book)
    checks = told_by_journal(portfolio, read, folded)
    inputs = inputs_of(portfolio, where, world, journal=read)
    told = earned.earned(portfolio, read.entries)
    realised = earned.realised(told.booked)
    return Opened(
        path, where.market_files(), journal_path, portfolio, folded.book, read, realised, inputs, checks, told.carried()
    )


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
    checks: tuple[Check, ...] = ()
    if journal_path is not None and portfolio.as_of is not None and inputs.now - portfolio.as_of > _A_MONTH:
        from rebal.commands._journal_checks import unrecorded

        checks = (unrecorded(journal_path, portfolio.as_of, inputs.now),)
    return Opened(path, where.market_files(), journal_path, portfolio, portfolio.statement, None, (), inputs, checks)


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
