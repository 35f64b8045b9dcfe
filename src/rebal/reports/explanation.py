"""What explain says, as data: each figure of a plan with its formula, the numbers put in, and where they are from."""

from rebal.amounts import Fraction
from rebal.frozen import frozen


@frozen
class Term:
    """A number that is put in. ``found``: the plan's figure or the file's key that it is, None where it is neither."""

    symbol: str
    value: Fraction
    unit: str
    meaning: str
    found: str | None


@frozen
class Derivation:
    """How a figure came about.

    ``formula``: None for what is given or asked, and where none of ours tells it; ``note`` says which. ``value``: the
    figure of the plan, None where there is none. ``agrees``: the formula, put in these numbers, comes to it.
    """

    figure: str
    title: str
    formula: str | None
    terms: tuple[Term, ...]
    value: Fraction | None
    unit: str
    agrees: bool
    source: str
    note: str


@frozen
class Explanation:
    """The answer of explain: what was asked for. ``in_full``: with formulas and terms, else figures by their names."""

    schema: str
    name: str
    of: str
    in_full: bool
    derivations: tuple[Derivation, ...]
