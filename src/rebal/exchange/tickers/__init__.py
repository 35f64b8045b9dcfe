"""What each exchange says of its contracts now, one module a venue: what to ask, and how to read the answers.

A module has ``questions(contracts)``, the fewest that cover them, bulk answers before single ones, and
``tickers(answers)``, which may yield more contracts than were asked about. It neither asks nor waits: questions are
put side by side, and the same question only once. Contracts bear the names of the catalogue.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any, NamedTuple

from rebal import discover
from rebal.amounts import Fraction
from rebal.frozen import frozen
from rebal.market.contract import Contract, Kind


class Question(NamedTuple):
    """A method of ccxt's, and what it is given by name.

    ``of``: the one contract that is asked about; where the exchange knows none of that name, the answer is left out.
    """

    call: str
    given: tuple[tuple[str, str], ...] = ()
    of: str | None = None


def question(call: str, *, of: str | None = None, **given: str) -> Question:
    """A question with its parameters in a settled order."""
    return Question(call, tuple(sorted(given.items())), of)


Answers = Mapping[Question, Any]


@frozen
class Ticker:
    """What an exchange says of one contract; None is what it does not say.

    ``mark`` and ``index`` in the contract's quote currency; ``rate``: funding per interval, positive where longs pay
    shorts; ``interval_hours`` and ``next_funding``: of that funding; ``time``: when it was true by the exchange's
    clock; ``bid`` and ``ask``: the best of the order book, 0 for a side that is empty.
    """

    contract: str
    mark: Fraction | None
    index: Fraction | None
    time: datetime | None
    rate: Fraction | None = None
    interval_hours: Fraction | None = None
    next_funding: datetime | None = None
    bid: Fraction | None = None
    ask: Fraction | None = None


def reader(venue: str) -> ModuleType | None:
    """The module that asks a venue, None where there is none."""
    here = sys.modules[__name__]
    return discover.load(here, venue) if venue in discover.names(here) else None


def has_kind(contracts: Sequence[Contract], kind: Kind) -> bool:
    """Whether any of the contracts is of a kind."""
    return any(contract.kind is kind for contract in contracts)
