"""What spot exchanges say of coins in dollars, one module an exchange, for coins that a venue does not price.

A module has ``QUESTIONS`` and ``quotes(answers, coins)``: what is asked at once, and what it says of the coins.
"""

import sys
from collections.abc import Mapping
from datetime import datetime
from types import ModuleType
from typing import Any

from rebal import discover
from rebal.amounts import Fraction
from rebal.frozen import frozen

Answers = Mapping[str, Any]
"""Answers by the method of ccxt's that asked for them."""


@frozen
class Quote:
    """What a spot exchange says of a coin, in dollars; ``time``: when, by its own clock."""

    coin: str
    price: Fraction | None
    time: datetime | None
    bid: Fraction | None = None
    ask: Fraction | None = None


def names() -> tuple[str, ...]:
    """The exchanges that can be asked, in alphabetical order."""
    return tuple(discover.names(sys.modules[__name__]))


def reader(name: str) -> ModuleType:
    """The module that asks an exchange. Raises LookupError."""
    return discover.load(sys.modules[__name__], name)
