"""What is said of accounts, as data; the field names and their order are the JSON of plan, status and stress."""

from collections.abc import Mapping
from dataclasses import field

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.frozen import frozen

ALL = "all"
"""The path on which the prices of all coins move by one factor."""


def path_words(path: str) -> str:
    """A path of prices in words: all coins together, an asset's name for it alone, a scenario's."""
    return "all coins together" if path == ALL else path


@frozen
class LevelLine:
    """Where a pooled account is liquidated on a path of prices, as factors on them; None: nowhere on that side.

    ``path``: "all" coins together, an asset alone, or a scenario of the file; ``of``: the coin whose price the factors
    are on, of a scenario the one that moves most, None of all. ``crossings``: every factor on the path, both sides
    ascending, at which the account becomes due or would be covered again.
    """

    path: str
    below: Fraction | None
    above: Fraction | None
    of: str | None
    crossings: tuple[Fraction, ...]


@frozen
class NearestLine:
    """The nearest of an account's levels: on which path, the factor, and how far that is from today."""

    path: str
    factor: Fraction
    distance: Fraction


@frozen
class AccountLine:
    """An account, in USD: what sits there, and its share of all equity.

    Of a pooled one: ``credit``, what its coins count; requirements; ``margin_ratio``, maintenance over credit, and
    ``printed_rate``, the rate as the venue prints it; the levels on each path, and the nearest. ``debts``: coins
    borrowed. None of the others, which are judged wallet by wallet. ``at_most``: of equity, None without a limit.
    """

    account: str | None
    venue: str | None
    margin: MarginMode
    equity: Fraction
    share_of_equity: Fraction | None
    credit: Fraction | None = None
    initial_margin: Fraction | None = None
    maintenance_margin: Fraction | None = None
    margin_ratio: Fraction | None = None
    levels: tuple[LevelLine, ...] = ()
    nearest: NearestLine | None = None
    at_most: Fraction | None = None
    position_value: Fraction | None = None
    printed_rate: Fraction | None = None
    mode: str | None = None
    debts: Mapping[str, Fraction] = field(default_factory=dict)
