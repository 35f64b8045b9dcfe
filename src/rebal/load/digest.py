"""The fingerprint of a statement: what a recorded plan was made from."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from hashlib import sha256
from json import dumps
from typing import Any

from rebal.amounts import Fraction, plain
from rebal.book import Book, Position
from rebal.market.contract import Contract
from rebal.portfolio import Account, Holding

_NOT_SPECIFIED = frozenset({"own", "listed", "assumed", "account"})


def statement_sha256(
    holdings: Mapping[str, Holding],
    book: Book,
    *,
    as_of: datetime | None,
    venue: str | None,
    own: Mapping[str, Contract],
    accounts: tuple[Account, ...] = (),
) -> str:
    """SHA-256 of what is held and open, of whose venue and own contracts; prices, policy and order leave it alone."""
    several = {str(each.name): each.venue for each in accounts} if len(accounts) > 1 else None
    statement = {
        "as_of": _said(as_of),
        "venue": venue,
        "holdings": {asset: _holding(holding) for asset, holding in holdings.items()},
        "wallets": {asset: plain(balance) for asset, balance in book.wallets.items()},
        "positions": {name: _position(position) for name, position in book.positions.items()},
        "contracts": {name: _said(contract) for name, contract in own.items()},
        **({"accounts": several} if several else {}),
    }
    return sha256(dumps(statement, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _holding(holding: Holding) -> Any:
    if not holding.lots:
        return plain(holding.quantity)
    return [
        plain(holding.quantity),
        sorted([_said(lot.acquired), plain(lot.quantity), plain(lot.cost)] for lot in holding.lots),
    ]


def _position(position: Position) -> Any:
    parts = sorted([part.purpose.value, part.stands_for, plain(part.contracts)] for part in position.parts)
    return [plain(position.contracts), plain(position.entry_price), _said(position.margin), parts]


def _said(value: Any) -> Any:
    """A value of the core as JSON: numbers as decimal text, instants as RFC 3339, records by their fields."""
    match value:
        case Fraction():
            return plain(value)
        case datetime():
            return value.isoformat()
        case Enum():
            return value.value
        case tuple():
            return [_said(entry) for entry in value]
        case None | str() | bool():
            return value
        case _:
            return {name: _said(getattr(value, name)) for name in value.__slots__ if name not in _NOT_SPECIFIED}
