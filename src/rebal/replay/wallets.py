"""A wallet over the bars ahead: whether it may end, how near it comes, and whether it may be in alert.

First with the least coins that it has on the way, against the lowest and the highest of all bars: two exact figures
settle most stretches. Only where that leaves a doubt is each bar looked at.
"""

import numpy as np

from rebal.frozen import once
from rebal.market.contract import Kind
from rebal.market.margin import liquidation
from rebal.planner.collateral import Account
from rebal.policy import Alert
from rebal.replay.outlook import Ends, Floats
from rebal.replay.stretch import Stretch

_NEAR = 1e-9


class Wallet:
    """A wallet of a stretch."""

    def __init__(self, stretch: Stretch, account: Account) -> None:
        self.stretch, self.account = stretch, account
        self._names = tuple(held.contract.name for held in account.held_after)
        self._held = account.held_after[0]
        least = account.balance + stretch.least(self._names)
        ends = liquidation(least, account.held_after)
        self._least = float(least)
        self._reach = stretch.reach(self._held)
        self._below = None if ends.below is None else float(ends.below)
        self._above = None if ends.above is None else float(ends.above)

    def may_end(self) -> int | None:
        """The first bar in which it may be liquidated; None where it is safe in all of them."""
        stretch, at = self.stretch, self.stretch.bars
        if not self._reaches(at, 0.0):
            return None
        close, low, high = (of(self._held, at) for of in (stretch.closes, stretch.lows, stretch.highs))
        before = np.concatenate([[1.0], close[:-1]])
        ends = Ends(self.account, self._balances(at, before=True))
        with np.errstate(invalid="ignore"):
            below = np.minimum(low, before) <= ends.below * (1 + _NEAR)
            above = np.maximum(high, before) >= ends.above * (1 - _NEAR)
        found = np.flatnonzero(ends.due | below | above)
        return at.start + int(found[0]) if len(found) else None

    def nearest(self, bar: int, beyond: float) -> Floats | None:
        """How near it comes in each bar up to one; None where it stays at least so far away in all of them."""
        stretch, at = self.stretch, slice(self.stretch.bars.start, bar + 1)
        if not self._reaches(at, beyond):
            return None
        ends = Ends(self.account, self._balances(at, before=True))
        low, high = stretch.lows(self._held, at), stretch.highs(self._held, at)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.fmin(1 - ends.below / low, ends.above / high - 1)

    def may_alert(self, alert: Alert) -> Floats | None:
        """At which checks it may be past its alert; None where it is at none."""
        if not len(self.stretch.checks) or not self._may_alert_at_all(alert):
            return None
        return self.standing(alert)[1]

    def standing(self, alert: Alert) -> tuple[Floats, Floats]:
        """How far from its end it stands at each check, and whether it may be past its alert there."""
        stretch, at = self.stretch, self.stretch.at
        balances = self._balances(at, before=False)
        ends, close = Ends(self.account, balances), stretch.closes(self._held, at)
        with np.errstate(invalid="ignore", divide="ignore"):
            distance = np.fmin(1 - ends.below / close, ends.above / close - 1)
            value, margin = self._levered(close, balances)
            levered = (margin <= np.abs(balances) * _NEAR) | (value >= float(alert.leverage) * margin * (1 - _NEAR))
            return distance, levered | ends.due | (distance <= float(alert.distance) + _NEAR)

    def _reaches(self, at: slice, beyond: float) -> bool:
        """Whether any of some bars comes within a share of its price of where the wallet ends with the least coins."""
        edge, reach = beyond + _NEAR * (1 + beyond), self._reach
        below = self._below is not None and 1 - self._below / reach.lowest <= edge
        above = self._above is not None and self._above / reach.highest - 1 <= edge
        if at == self.stretch.bars or not (below or above):
            return below or above
        if below and 1 - (self._below or 0.0) / float(self.stretch.lows(self._held, at).min()) <= edge:
            return True
        return above and (self._above or 0.0) / float(self.stretch.highs(self._held, at).max()) - 1 <= edge

    def _may_alert_at_all(self, alert: Alert) -> bool:
        _, _, least, most = self._reach
        distance = float(alert.distance) + _NEAR
        if self._below is not None and 1 - self._below / least <= distance:
            return True
        if self._above is not None and self._above / most - 1 <= distance:
            return True
        # value and margin balance are straight in the price, or in one over it: what holds at both ends holds between
        for factor in (least, most):
            value, margin = self._levered(factor, self._least)
            if margin <= abs(self._least) * _NEAR or value >= float(alert.leverage) * margin * (1 - _NEAR):
                return True
        return False

    def _levered(self, factor: Floats, balance: Floats) -> tuple[Floats, Floats]:
        """Position value and margin balance once the marks have moved by a factor."""
        value, kept, moved = self._sizes
        if self._held.contract.kind is Kind.INVERSE:
            return value / factor, balance + (kept - moved / factor)
        return value * factor, balance + (moved * factor - kept)

    @once
    def _sizes(self) -> tuple[float, float, float]:
        """Position value, and what the positions come to at their entries and at the marks, in the coin."""
        value, kept, moved = 0.0, 0.0, 0.0
        for held in self.account.held_after:
            size, kind = float(held.contracts * held.contract.multiplier), held.contract.kind
            at_entry, at_mark = (_in_coin(size, float(each), kind) for each in (held.entry_price, held.mark_price))
            value += abs(at_mark)
            kept, moved = kept + at_entry, moved + at_mark
        return value, kept, moved

    def _balances(self, at: slice, *, before: bool) -> Floats:
        """The wallet without unrealised PnL by the end of some bars, or just before."""
        stretch = self.stretch
        received = (stretch.received_before if before else stretch.received)(self._names, at)
        count = len(range(at.start, at.stop, at.step or 1))
        return np.full(count, float(self.account.balance)) + received / 10**8


def _in_coin(size: float, price: float, kind: Kind) -> float:
    return size / price if kind is Kind.INVERSE else size * price


def foreseen(stretch: Stretch) -> list[Wallet]:
    """The wallets of a stretch, in their order."""
    return [Wallet(stretch, account) for account in stretch.accounts]
