"""How an order is spelled for an exchange: ccxt's class and symbol, and an id that no exchange takes twice.

The id is the plan's digest and the number of the order in it, in the letters and the length that a venue allows. What
comes back from the exchange under it is known by that: see ``legs_by_id``.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, assert_never

from rebal.frozen import frozen
from rebal.market.contract import Contract, Kind

DIGEST_DIGITS = 16
"""How much of a plan's digest names what is made of it: entries of the journal, and orders."""

_CLASSES: Mapping[str, Mapping[Kind, str]] = {
    "binance": {Kind.INVERSE: "binancecoinm", Kind.LINEAR: "binanceusdm"},
    **{name: dict.fromkeys(Kind, name) for name in ("bingx", "bybit", "deribit", "gate", "htx", "mexc", "okx")},
    **{name: dict.fromkeys(Kind, name) for name in ("phemex", "weex")},
    "kraken": dict.fromkeys(Kind, "krakenfutures"),
    "kucoin": dict.fromkeys(Kind, "kucoinfutures"),
}
_ID_PARAMETERS = {"deribit": "label"}
NEEDS_MARGIN_MODE = frozenset({"okx", "mexc", "kucoinfutures"})
"""Where an order says its margin mode; elsewhere the account or the position has it."""
APART = frozenset({"htx", "weex"})
"""Where longs and shorts of one contract are held apart, so that an order has to say which it is of."""
_WAITING = {"phemex": {"timeInForce": "PostOnly"}}
_HEX, _HTX_DIGITS, _HTX_LEGS = 16, 13, 1000


@frozen
class Leg:
    """An order of a plan: its digest, and which of its orders, from 0."""

    digest: str
    number: int


def plan_digest(value: Any) -> str:
    """SHA-256 over a plan as JSON, whatever its layout; its numbers are given as texts."""
    import json

    return sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def ccxt_class(venue: str, kind: Kind) -> str | None:
    """The class of ccxt that trades a kind of contract at a venue of the catalogue; None where it has none."""
    return _CLASSES.get(venue, {}).get(kind)


def symbol(contract: Contract) -> str:
    """A contract by the name that ccxt gives it on every exchange: ``BTC/USD:BTC``, dated ``BTC/USD:BTC-261225``."""
    match contract.kind:
        case Kind.INVERSE:
            quote = "USD"
        case Kind.LINEAR:
            quote = contract.settle
        case _:
            assert_never(contract.kind)
    dated = "" if contract.expiry is None else f"-{contract.expiry:%y%m%d}"
    return f"{contract.asset}/{quote}:{contract.settle}{dated}"


def id_parameter(exchange: str) -> str:
    """The parameter of create_order that takes the id."""
    return _ID_PARAMETERS.get(exchange, "clientOrderId")


def waiting(exchange: str) -> dict[str, str | bool]:
    """What create_order is given for an order that only adds to the book; ccxt turns ``postOnly`` into it but once."""
    return dict(_WAITING.get(exchange, {"postOnly": True}))


def entry_id(digest: str, what: str, number: int) -> str:
    """The id of the journal's entry of a plan's ``order`` or ``transfer`` as it was planned."""
    return f"{digest[:DIGEST_DIGITS]}.{what}.{number}"


def client_order_id(exchange: str, leg: Leg) -> str:
    """The id of an order: digits, small letters and at most 36 of them, which every exchange takes but two.

    Gate wants a prefix, and HTX a whole number below 2^63: less of the digest and three digits of the order.
    """
    if exchange == "htx":
        return str(int(leg.digest[:_HTX_DIGITS], _HEX) * _HTX_LEGS + leg.number % _HTX_LEGS)
    name = f"{leg.digest[:DIGEST_DIGITS]}o{leg.number}"
    return f"t-{name}" if exchange == "gate" else name


def legs_by_id(exchange: str, plans: Iterable[tuple[str, int]]) -> Mapping[str, Leg]:
    """The orders of plans by the id that they were sent under; each plan by its digest and how many orders it has."""
    legs = (Leg(digest, number) for digest, count in plans for number in range(count))
    return {client_order_id(exchange, leg): leg for leg in legs}
