"""The fingerprint of a statement: what a recorded plan was made from."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from hashlib import sha256
from json import dumps
from operator import attrgetter
from typing import Any, cast

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


_Saying = Callable[[Any], Any]


class _Sayings(dict[type, _Saying]):
    # How values of a type are said; worked out once a type.
    def __missing__(self, of: type) -> _Saying:
        self[of] = _saying(of)
        return self[of]


_SAYINGS = _Sayings()


def _said(value: Any) -> Any:
    """A value of the core as JSON: numbers as decimal text, instants as RFC 3339, records by their fields."""
    return _SAYINGS[type(value)](value)


def _saying(of: type) -> _Saying:
    if issubclass(of, Fraction):
        return plain
    if issubclass(of, datetime):
        return datetime.isoformat
    if issubclass(of, Enum):
        return attrgetter("value")
    if issubclass(of, tuple):
        return lambda value: [_SAYINGS[type(entry)](entry) for entry in value]
    if of is type(None) or issubclass(of, str | bool):
        return lambda value: value
    names = [each.name for each in fields(cast(Any, of)) if each.name not in _NOT_SPECIFIED]
    return lambda value: {name: _SAYINGS[type(said)](said) for name in names for said in (getattr(value, name),)}
