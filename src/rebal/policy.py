"""The rules that a plan keeps: bands, leverage, distances, sizing, and which way a leg goes first."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from rebal.amounts import ONE, Fraction
from rebal.book import MarginMode
from rebal.frozen import Worked, frozen, once
from rebal.market.margin import Reach


class Sizing(StrEnum):
    """How a leg is sized: ``notional``, a futures dollar for a spot dollar, or ``coin``, a futures coin for a coin."""

    NOTIONAL = "notional"
    COIN = "coin"


NOTIONAL: Final = Sizing.NOTIONAL
COIN: Final = Sizing.COIN


class Uncovered(StrEnum):
    """What becomes of an asset that no contract serves or no coin margins.

    ``spread``: it keeps its exposure and the others share what is left; ``refuse``: the plan is refused.
    """

    SPREAD = "spread"
    REFUSE = "refuse"


class Route(StrEnum):
    """By what a leg is carried."""

    INVERSE = "inverse"
    LINEAR = "linear"
    PROXY = "proxy"


class Prefer(StrEnum):
    """At which of several accounts a leg is opened first.

    ``order``: in the order of the file; ``cost``: where fees, funding and basis over the policy's horizon are least.
    """

    ORDER = "order"
    COST = "cost"


class Posting(StrEnum):
    """Which coins a pooled account is filled with; in a policy the name of a coin may stand in place of one.

    ``own``: each leg's own coin, for what its positions ask for; ``dollars``; ``best``: any coin, by the share of it
    that counts.
    """

    OWN = "own"
    DOLLARS = "dollars"
    BEST = "best"


@frozen
class Band:
    """How far a weight may drift: in points and, where given, relative to its target; outside is beyond either."""

    points: Fraction
    relative: Fraction | None = None

    def width(self, target: Fraction) -> Fraction:
        """Points of drift that a weight with this target may show."""
        return self.points if self.relative is None else min(self.points, self.relative * target)


@frozen
class Alert:
    """What status calls a breach: the distance to liquidation below it, or the leverage above it."""

    distance: Fraction
    leverage: Fraction

    def is_near(self, distance: Fraction | None) -> bool:
        """Whether a distance to liquidation is a breach; None: there is none."""
        return distance is not None and distance < self.distance

    def is_levered(self, leverage: Fraction | None) -> bool:
        """Whether a leverage is a breach; None: there is nothing to measure it by."""
        return leverage is not None and leverage > self.leverage


@frozen
class Policy(Worked):
    """The rules that a plan keeps; ``survive`` takes the place of ``liquidation_distance`` where it is given.

    ``hedge_band``: the share of its base by which a hedge may be off before it is traded. ``post``: with what a pooled
    account is filled, first to last, ``Posting`` words or coins; nothing else is moved in. ``horizon``: how long what
    is opened is taken to be held where ``prefer`` asks for its cost.
    """

    band: Band
    margin_mode: MarginMode
    leverage: Fraction
    liquidation_distance: Fraction
    alert: Alert
    min_order: Fraction
    routes: tuple[str, ...]
    sizing: Sizing
    max_at_venue: Fraction
    max_price_age: timedelta | None
    hedge_band: Fraction
    survive: Fraction | None = None
    uncovered: Uncovered = Uncovered.SPREAD
    post: tuple[str, ...] = tuple(Posting)
    prefer: Prefer = Prefer.ORDER
    horizon: timedelta = timedelta(days=90)

    @property
    def shock(self) -> Fraction:
        """The move, either way, that every wallet must live through after a plan."""
        return self.liquidation_distance if self.survive is None else self.survive

    @once
    def survived(self) -> Reach:
        """The factors on all marks that such moves lead to."""
        return Reach(ONE - self.shock, ONE + self.shock)
