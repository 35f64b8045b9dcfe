"""The one kind of class that figures travel in: frozen, slotted, equal by value, and cheap to define.

A dataclass writes and compiles its comparison and its printed form anew for every class; a command line starts with
some sixty of them. Here both are written once, which halves what they cost at every start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, dataclass_transform

_Class = TypeVar("_Class")
_Figure = TypeVar("_Figure")


class Worked:
    """What a frozen class is based on that works figures out ``once``: it has room for them."""


class once(Generic[_Figure]):  # noqa: N801 - it is written as property is
    """A property that is worked out when it is first asked for, and kept: what a frozen object gives never changes.

    functools.cached_property takes a lock each time until Python 3.12, which costs more than most of our figures.
    """

    def __init__(self, work: Callable[[Any], _Figure]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    def __get__(self, owner: Any, of: type | None = None) -> _Figure:
        if owner is None:
            return self  # type: ignore[return-value] # as a property's does, for who asks the class
        figure = owner.__dict__[self._name] = self._work(owner)
        return figure


@dataclass_transform(frozen_default=True)
def frozen(cls: type[_Class]) -> type[_Class]:
    """Make a class a frozen slotted dataclass, equal to one of its own kind with equal fields."""
    made = dataclass(frozen=True, slots=True, eq=False, repr=False)(cls)
    for name, method in (("__eq__", _equal), ("__hash__", _hashed), ("__repr__", _shown)):
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made


def _fields(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, name) for name in value.__dataclass_fields__)


def _equal(self: Any, other: object) -> Any:
    return _fields(self) == _fields(other) if other.__class__ is self.__class__ else NotImplemented


def _hashed(self: Any) -> int:
    return hash((self.__class__, _fields(self)))


def _shown(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
    return f"{self.__class__.__name__}({shown})"
