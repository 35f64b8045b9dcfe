"""The rungs of what to close first, as a plan tells them."""

from collections.abc import Mapping
from dataclasses import field

from rebal.amounts import ZERO, Fraction
from rebal.frozen import frozen


@frozen
class RungLine:
    """A rung of what to close first: an order, ``index`` counts from 0 into the orders, and what closing it does.

    ``cost_usd_per_day``: what holding it costs, so what closing it saves (negative: what it earns): funding at today's
    rate, and of a dated contract the basis that runs off until expiry; None where a rate or a mark is not known.
    ``cost_per_year``: that over a year as a fraction of ``notional``. ``frees``: coins that may then leave the account
    beyond those of the rungs above; ``uses``: of what those have freed, that has to stay or come back, as where a
    position is closed that held another one in balance; ``brings``: that has to come besides, as for a fee in a coin
    that is not there.
    ``wallet``: the contract of an isolated position, a pooled account, else the currency; its distances are to the
    nearer end, below or above today's prices as its side says, None where there is none, once the rungs so far are
    closed and nothing is moved out yet. ``saved_usd_per_day`` and ``freed_usd``: of all rungs so far, less what they
    have used and brought in.
    """

    n: int
    index: int
    contract: str
    account: str | None
    contracts: Fraction
    notional: Fraction
    funding_usd_per_day: Fraction | None
    basis_usd_per_day: Fraction | None
    cost_usd_per_day: Fraction | None
    cost_per_year: Fraction | None
    frees: Mapping[str, Fraction]
    frees_usd: Fraction
    wallet: str
    distance_before: Fraction | None
    distance_after: Fraction | None
    is_open_after: bool
    saved_usd_per_day: Fraction | None
    freed_usd: Fraction
    brings: Mapping[str, Fraction] = field(default_factory=dict)
    brings_usd: Fraction = ZERO
    side_before: str | None = None
    side_after: str | None = None
    uses: Mapping[str, Fraction] = field(default_factory=dict)
    uses_usd: Fraction = ZERO
