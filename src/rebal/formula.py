"""Formulas as people write them: kept beside the arithmetic they tell, and what they come to on exact numbers.

``·`` multiplies, ``−`` subtracts, ``|n|`` is a size without its sign; ``up``, ``down`` and ``toward_zero`` round to
whole steps, ``digits18`` to so many significant digits, half-even.
"""

import ast
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import isqrt
from typing import Any, TypeVar

from rebal.amounts import Fraction, down, significant, toward_zero, up

_Function = TypeVar("_Function", bound=Callable[..., Any])
_SIZE = r"\|([^|]+)\|"
_NAME = r"[^\W\d]\w*"
_SQRT_BITS = 256


def told_as(**by_kind: str) -> Callable[[_Function], _Function]:
    """Keep beside a function the formula that it is, by the kind of contract; the function itself stays as it is."""

    def keep(function: _Function) -> _Function:
        function.__dict__["formulas"] = by_kind
        return function

    return keep


def formula_of(function: Callable[..., Any], kind: str) -> str:
    """The formula that stands beside a function."""
    formulas: Mapping[str, str] = function.__dict__["formulas"]
    return formulas[kind]


def renamed(formula: str, symbols: Mapping[str, str]) -> str:
    """The formula in other symbols; those that are not named stay.

    >>> renamed("n · V / Pe", {"n": "n1", "Pe": "e"})
    'n1 · V / e'
    """
    return re.sub(_NAME, lambda found: symbols.get(found[0], found[0]), formula)


def symbols(formula: str) -> frozenset[str]:
    """The names in a formula, of symbols and of functions."""
    return frozenset(re.findall(_NAME, formula))


def evaluated(formula: str, values: Mapping[str, Fraction]) -> Fraction:
    """What a formula comes to. Raises KeyError for a symbol without value, ZeroDivisionError as arithmetic does.

    >>> evaluated("n · (1 / e − 1 / P)", {"n": Fraction(-300), "e": Fraction(3), "P": Fraction(2)})
    Fraction(50, 1)
    """
    return _value(_parsed(formula), values)


@lru_cache(maxsize=4096)
def _parsed(formula: str) -> ast.expr:
    text = re.sub(_SIZE, r"abs(\1)", formula).replace("·", "*").replace("−", "-").replace("√", "sqrt")
    return ast.parse(text, mode="eval").body


def _value(node: ast.expr, values: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Name():
            return values[node.id]
        case ast.Constant(value=int(whole)):
            return Fraction(whole)
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, values)
        case ast.BinOp():
            return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
        case ast.Call(func=ast.Name(id=name)):
            return _FUNCTIONS[name](*(_value(each, values) for each in node.args))
    raise ValueError(f"no formula of ours: {ast.unparse(node)}")


def _sqrt(value: Fraction) -> Fraction:
    scale = 1 << _SQRT_BITS
    return Fraction(isqrt(value.numerator * value.denominator * scale * scale), value.denominator * scale)


_OPERATORS: Mapping[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_FUNCTIONS: Mapping[str, Callable[..., Fraction]] = {
    "abs": abs,
    "max": max,
    "min": min,
    "up": up,
    "down": down,
    "toward_zero": toward_zero,
    "digits18": significant,
    "sqrt": _sqrt,
}
