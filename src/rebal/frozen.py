"""The one kind of class that figures travel in: frozen, slotted, equal by value, and cheap to define.

A dataclass writes and compiles all its methods anew for every class; a command line starts with some eighty of them.
Here they are written once, and how an object is made, which differs, is written once many of its class are.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from typing import Any, Generic, TypeVar, dataclass_transform, overload

_Class = TypeVar("_Class")
_Figure = TypeVar("_Figure")


_FEW = 60
_MANY = 2_000


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


def last_for(owner: Worked, other: object, work: Callable[[], _Figure]) -> _Figure:
    """What was last worked out of an object for another, which is the same one again more often than not."""
    known: tuple[object, _Figure] | None = owner.__dict__.get("last_for")
    if known is None or known[0] is not other:
        known = owner.__dict__["last_for"] = other, work()
    return known[1]


def kept_for(
    owner: Worked, key: tuple[Hashable, ...], made_of: Sequence[object], *, work: Callable[[], _Figure]
) -> _Figure:
    """What was worked out of an object for a key and, as the very objects that they are, some others; many are kept."""
    kept: dict[tuple[Hashable, ...], tuple[Sequence[object], Any]] = owner.__dict__.setdefault("kept_for", {})
    whole = (*key, *map(id, made_of))
    found = kept.get(whole)
    if found is None:
        if len(kept) >= _MANY:
            kept.clear()
        found = kept[whole] = made_of, work()  # they stay alive, and so their ids theirs
    figure: _Figure = found[1]
    return figure


class Later(Sequence[_Figure]):
    """Rows that are worked out when they are first looked at, which many who get them never do; equal by value."""

    __slots__ = ("_found", "_work")

    def __init__(self, work: Callable[[], Sequence[_Figure]]) -> None:
        self._work: Callable[[], Sequence[_Figure]] | None = work
        self._found: tuple[_Figure, ...] = ()

    @property
    def _rows(self) -> tuple[_Figure, ...]:
        if self._work is not None:
            self._found, self._work = tuple(self._work()), None
        return self._found

    @overload
    def __getitem__(self, at: int) -> _Figure: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[_Figure, ...]: ...

    def __getitem__(self, at: Any) -> Any:
        return self._rows[at]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[_Figure]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return self._rows == (other._rows if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self._rows)

    def __repr__(self) -> str:
        return repr(self._rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return (tuple, (self._rows,))


@dataclass_transform(frozen_default=True)
def frozen(cls: type[_Class]) -> type[_Class]:
    """Make a class a frozen slotted dataclass, equal to one of its own kind with equal fields."""
    made: Any = dataclass(init=False, slots=True, eq=False, repr=False)(cls)
    for name, method in _METHODS.items():
        if name not in cls.__dict__:
            setattr(made, name, method)

    def first(self: Any, *given: Any, **named: Any) -> None:
        made.__init__ = _making_few(made)
        made.__init__(self, *given, **named)

    made.__init__ = first
    result: type[_Class] = made
    return result


def _making_few(cls: Any) -> Any:
    """The ``__init__`` of a class while there are few of it: to write one takes as long as some hundred of these."""
    listed = [(each.name, getattr(cls, each.name).__set__, each) for each in fields(cls)]
    left = _FEW

    def make(self: Any, *given: Any, **named: Any) -> None:
        nonlocal left
        left -= 1
        taken = 0
        for (_, put, _), value in zip(listed, given, strict=False):
            put(self, value)
        for name, put, each in listed[len(given) :]:
            if name in named:
                put(self, named[name])
                taken += 1
            elif each.default is not MISSING:
                put(self, each.default)
            elif each.default_factory is not MISSING:
                put(self, each.default_factory())
            else:
                taken = -1
                break
        if left <= 0 or taken != len(named) or len(given) > len(listed):
            cls.__init__ = _making(cls)
            cls.__init__(self, *given, **named)

    return make


def _making(cls: Any) -> Any:
    """The ``__init__`` of a class, written out."""
    scope: dict[str, Any] = {"_left_out": MISSING}
    taken, given = ["self"], {}
    for each in fields(cls):
        name = given[each.name] = each.name
        if each.default_factory is not MISSING:
            scope[f"_make_{name}"] = each.default_factory
            given[name] = f"_make_{name}() if {name} is _left_out else {name}"
            taken.append(f"{name}=_left_out")
        elif each.default is not MISSING:
            scope[f"_default_{name}"] = each.default
            taken.append(f"{name}=_default_{name}")
        else:
            taken.append(name)
    write = _put if issubclass(cls, Worked) else _set
    exec("\n".join((f"def __init__({', '.join(taken)}):", *write(cls, given, scope))), scope)
    return scope["__init__"]


def _put(cls: Any, given: Mapping[str, str], scope: dict[str, Any]) -> Iterator[str]:
    """The lines that put each figure where it belongs, past the class that refuses it."""
    for name, value in given.items():
        scope[f"_put_{name}"] = getattr(cls, name).__set__
        yield f"    _put_{name}(self, {value})"


def _set(cls: Any, given: Mapping[str, str], scope: dict[str, Any]) -> Iterator[str]:
    """The same twice as fast: until they are set, the object is one of a class with the same slots that lets them be.

    Not of what has room for more: its room would be made at once, whether anything is worked out or not.
    """
    own = {"__slots__": cls.__dict__["__slots__"], "__setattr__": object.__setattr__}
    scope |= {"_become": vars(object)["__class__"].__set__, "_open": type("_Open", cls.__bases__, own)}
    yield "    _own = self.__class__"
    yield "    _become(self, _open)"
    for name, value in given.items():
        yield f"    self.{name} = {value}"
    yield "    self.__class__ = _own"


def _fields(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, name) for name in value.__dataclass_fields__)


def _equal(self: Any, other: object) -> Any:
    return _fields(self) == _fields(other) if other.__class__ is self.__class__ else NotImplemented


def _hashed(self: Any) -> int:
    return hash((self.__class__, _fields(self)))


def _shown(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
    return f"{self.__class__.__name__}({shown})"


def _refused(self: Any, name: str, *_: Any) -> None:
    raise FrozenInstanceError(f"cannot change {name}")


def _pickled(self: Any) -> tuple[Any, ...]:
    return _fields(self)


def _unpickled(self: Any, state: tuple[Any, ...]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


_METHODS = {
    "__eq__": _equal,
    "__hash__": _hashed,
    "__repr__": _shown,
    "__setattr__": _refused,
    "__delattr__": _refused,
    "__getstate__": _pickled,
    "__setstate__": _unpickled,
}
