"""What sending a coin from one account to another takes."""

from datetime import timedelta

from rebal.amounts import COIN_STEP, ZERO, Fraction, up
from rebal.frozen import frozen


@frozen
class Withdrawal:
    """What sending a coin away from an account takes; None where nobody said.

    ``fee``: coins that the network keeps, on top of what arrives; ``least``: the fewest that may leave at once.
    """

    fee: Fraction | None = None
    least: Fraction | None = None
    takes: timedelta | None = None

    @property
    def costs(self) -> Fraction:
        """Coins that it costs, in whole steps; none where nobody said."""
        return up(self.fee or ZERO, COIN_STEP)

    @property
    def least_arriving(self) -> Fraction:
        """The fewest coins that can arrive by one."""
        return up(max(ZERO, (self.least or ZERO) - self.costs), COIN_STEP)

    def arriving(self, there: Fraction) -> Fraction:
        """Of coins that can leave, those that arrive: less the fee; none below the least."""
        return ZERO if there < (self.least or ZERO) else max(ZERO, there - self.costs)


NOT_SAID = Withdrawal()
