"""JSON that is taken at its word: no key twice, every number as it was typed, an end to its size and depth."""

import json
from typing import Any, NoReturn

from rebal.errors import InvalidInput, Problem

_MOST_COMMAS = 1_000_000
_MOST_BRACKETS = 400_000


class Numeral(str):
    """A number that stood outside quotes, digit for digit."""

    __slots__ = ()


class _Twice(ValueError):
    pass


def parse(text: str, source: str, *, instead: str | None = None) -> Any:
    """Read one JSON value: objects as dicts, numbers as Numeral. Raises InvalidInput, which says ``instead``."""
    if text.count(",") > _MOST_COMMAS or text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise refusal(source, "", "holds more values than any plan or export of this program")
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=Numeral, parse_int=Numeral, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg}"
        raise InvalidInput([Problem(source, error.lineno, error.colno, "", problem, instead=instead)]) from None
    except _Twice as error:
        raise refusal(source, str(error), "stands twice in one object") from None
    except RecursionError:
        raise refusal(source, "", "is nested too deeply") from None


def refusal(
    source: str, path: str, problem: str, *, found: str | None = None, instead: str | None = None
) -> InvalidInput:
    """One thing wrong with a document."""
    return InvalidInput([Problem(source, 0, 0, path, problem, found, instead)])


def shown(value: object) -> str:
    """A value as a message shows it: in short, and as no terminal acts on it."""
    text = value if isinstance(value, Numeral) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(shown(key))
            seen.add(key)
    return found


def _constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)
