"""A plan before its findings, and how a finding is made."""

from collections.abc import Callable, Iterable, Iterator

from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.market.margin import Held
from rebal.plan import (
    AssetLine,
    Code,
    Figure,
    Finding,
    FindingData,
    Order,
    PositionLine,
    Severity,
    Wallet,
)
from rebal.planner.collateral import Shortage
from rebal.planner.desk import Desk
from rebal.planner.exposure import held_position
from rebal.planner.sizing import Outcome
from rebal.portfolio import Position


@frozen
class Draft:
    """A plan before its findings: what the checks look at. ``planned``: whether it is a plan, not a state."""

    desk: Desk
    outcomes: tuple[Outcome, ...]
    beyond_policy: frozenset[str]
    orders: tuple[Order, ...]
    shortages: tuple[Shortage, ...]
    positions_after: tuple[Position, ...]
    assets: tuple[AssetLine, ...]
    wallets: tuple[Wallet, ...]
    positions: tuple[PositionLine, ...]
    planned: bool = True

    @property
    def when(self) -> str:
        """The words after a figure of the book as it is left."""
        return " after the plan" if self.planned else ""

    def contract(self, name: str) -> Contract:
        """A contract of the draft by name."""
        return self.desk.portfolio.contracts[name]

    def contracts_in_play(self) -> tuple[Contract, ...]:
        """Contracts that are ordered or open after the plan, by name."""
        open_after = (position.contract.name for position in self.positions_after)
        return tuple(self.contract(name) for name in sorted({*open_after, *(order.contract for order in self.orders)}))


Check = Callable[[Draft], Iterable[Finding]]


def held_after(draft: Draft) -> Iterator[Held]:
    """The positions of the book as it is left, as margin sees them."""
    market = draft.desk.portfolio.market
    for position in draft.positions_after:
        if position.contracts:
            yield held_position(position, market)


def error(code: Code, subject: str, message: str, **data: Figure) -> Finding:
    """A finding that refuses the plan; ``data``: its figures by name, as its sentence tells them."""
    return Finding(Severity.ERROR, code, subject, message, FindingData(**data))


def warning(code: Code, subject: str, message: str, **data: Figure) -> Finding:
    """A finding to act on."""
    return Finding(Severity.WARNING, code, subject, message, FindingData(**data))


def info(code: Code, subject: str, message: str, **data: Figure) -> Finding:
    """A finding to know."""
    return Finding(Severity.INFO, code, subject, message, FindingData(**data))
