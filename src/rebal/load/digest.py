"""The fingerprint of a statement: what a recorded plan was made from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring_ascii as _quoted
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
    """SHA-256 of what is held and open, of whose venue and own contracts; prices, policy and order leave it alone.

    Of JSON without spaces, keys in order: numbers as decimal text, instants as RFC 3339, records by their fields.
    """
    several = {str(each.name): _said(each.venue) for each in accounts} if len(accounts) > 1 else None
    statement = {
        "as_of": _said(as_of),
        "venue": _said(venue),
        "holdings": _mapping({asset: _holding(holding) for asset, holding in holdings.items()}),
        "wallets": _mapping({asset: _said(balance) for asset, balance in book.wallets.items()}),
        "positions": _mapping({name: _position(position) for name, position in book.positions.items()}),
        "contracts": _mapping(dict(_contracts(own))),
        **({"accounts": _mapping(several)} if several else {}),
    }
    return sha256(_mapping(statement).encode()).hexdigest()


def _mapping(said: Mapping[str, str]) -> str:
    return f"{{{','.join([f'{_quoted(key)}:{said[key]}' for key in sorted(said)])}}}"


def _holding(holding: Holding) -> str:
    if not holding.lots:
        return _said(holding.quantity)
    return _said(
        [
            holding.quantity,
            sorted([lot.acquired.isoformat(), plain(lot.quantity), plain(lot.cost)] for lot in holding.lots),
        ]
    )


def _position(position: Position) -> str:
    parts = sorted([part.purpose.value, part.stands_for, plain(part.contracts)] for part in position.parts)
    return _said([position.contracts, position.entry_price, position.margin, parts])


def _contracts(own: Mapping[str, Contract]) -> Iterator[tuple[str, str]]:
    figures, template = _record(Contract)
    known: dict[int, str] = {}  # by the object, as ten thousand contracts have few figures among them

    def said(figure: object) -> str:
        known[id(figure)] = text = _said(figure)
        return text

    for name, contract in own.items():
        yield name, template % tuple([known.get(id(figure)) or said(figure) for figure in figures(contract)])


_Saying = Callable[[Any], str]


class _Sayings(dict[type, _Saying]):
    # How values of a type are said; worked out once a type.
    def __missing__(self, of: type) -> _Saying:
        self[of] = _saying(of)
        return self[of]


_SAYINGS = _Sayings()


def _said(value: Any) -> str:
    return _SAYINGS[type(value)](value)


def _saying(of: type) -> _Saying:
    if issubclass(of, Fraction):
        return lambda value: f'"{plain(value)}"'
    if issubclass(of, datetime):
        return lambda value: f'"{value.isoformat()}"'
    if issubclass(of, str):
        return _quoted
    if issubclass(of, tuple | list):
        return lambda value: f"[{','.join([_said(entry) for entry in value])}]"
    if of is type(None) or of is bool:
        return {None: "null", False: "false", True: "true"}.__getitem__
    figures, template = _record(of)
    return lambda value: template % tuple(map(_said, figures(value)))


def _record(of: type) -> tuple[Callable[[Any], tuple[Any, ...]], str]:
    """What gives the figures of a record that are said, and the text that they stand in."""
    names = sorted(each.name for each in fields(cast(Any, of)) if each.name not in _NOT_SPECIFIED)
    return attrgetter(*names), f"{{{','.join(f'{_quoted(name)}:%s' for name in names)}}}"
