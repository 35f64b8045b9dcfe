"""Every small change to a source file that a test ought to notice; ``mutants.py`` tries them."""

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"


@cache
def text_of(file: str) -> str:
    """The text of a source file, read once."""
    return (SOURCES / file).read_text()


_SWAPS = {
    "up": "down", "down": "up", "min": "max", "max": "min", "any": "all", "all": "any", "below": "above",
    "above": "below", "ZERO": "ONE", "ONE": "ZERO", "lowest": "highest", "highest": "lowest", "sorted": "list",
    "toward_zero": "up", "True": "False", "False": "True",
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not",
    ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_COUNTED: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "*", ast.Pow: "*",
}  # fmt: skip


class Mutant(NamedTuple):
    """One change: where, what stood there, and what stands there instead.

    ``runs_in``: the outermost function whose body it stands in, "" where it takes effect when the module is loaded.
    """

    file: str
    line: int
    function: str
    was: str
    now: str
    start: int
    end: int
    runs_in: str

    def applied(self) -> str:
        text = text_of(self.file)
        return text[: self.start] + self.now + text[self.end :]


class _Finder(ast.NodeVisitor):
    """Every mutant of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.text = text_of(file)
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.lines = self.text.splitlines(keepends=True)
        self.functions: list[str] = []
        self.runs_in = ""
        self.found: list[Mutant] = []

    def add(self, node: ast.AST, now: str, *, span: tuple[int, int] | None = None) -> None:
        start, end = span or self.span(node)
        was = self.text[start:end]
        line = getattr(node, "lineno", 0)
        if was != now:
            self.found.append(Mutant(self.file, line, ".".join(self.functions), was, now, start, end, self.runs_in))

    def span(self, node: Any) -> tuple[int, int]:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def at(self, line: int, column: int) -> int:
        # columns count bytes of UTF-8
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions.append(node.name)
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)  # neither annotations nor decorators
        outermost = not self.runs_in
        if outermost:
            self.runs_in = ".".join(self.functions)
        for part in node.body:
            self.visit(part)
        if outermost:
            self.runs_in = ""
        self.functions.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.functions.append(node.name)
        for part in node.body:
            self.visit(part)
        self.functions.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass  # words are for people

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add(node, str(not node.value))
        elif isinstance(node.value, int):
            self.add(node, str(node.value + 1))
            self.add(node, str(node.value - 1))

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _SWAPS and isinstance(node.ctx, ast.Load):
            self.add(node, _SWAPS[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _SWAPS and isinstance(node.ctx, ast.Load):
            _, end = self.span(node)
            self.add(node, _SWAPS[node.attr], span=(end - len(node.attr), end))
        self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1:
            (left, right) = (node.left, node.comparators[0])
            now = _COMPARED[type(node.ops[0])]
            self.add(node, f"{self.source(left)} {now} {self.source(right)}")
            if type(node.ops[0]) in (ast.Lt, ast.LtE, ast.Gt, ast.GtE):
                turned = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}[now]
                self.add(node, f"{self.source(left)} {turned} {self.source(right)}")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left_out in node.values:
            kept = [f"({self.source(each)})" for each in node.values if each is not left_out]
            self.add(node, f"({(' and ' if isinstance(node.op, ast.And) else ' or ').join(kept)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in _COUNTED and not any(isinstance(each, ast.Constant) and isinstance(each.value, str)
                                                for each in (node.left, node.right)):  # fmt: skip
            self.add(node, f"({self.source(node.left)}) {_COUNTED[type(node.op)]} ({self.source(node.right)})")
            self.add(node, f"({self.source(node.left)})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub | ast.Not):
            self.add(node, f"({self.source(node.operand)})")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.add(node, f"({self.source(node.body)})")
        self.add(node, f"({self.source(node.orelse)})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("min", "max") and len(node.args) > 1:
            for kept in node.args:
                if not isinstance(kept, ast.Starred):
                    self.add(node, f"({self.source(kept)})")
        if isinstance(node.func, ast.Name) and node.func.id in ("abs", "up", "down", "sorted") and node.args:
            self.add(node, f"({self.source(node.args[0])})")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self.add(node.test, "True")
        self.add(node.test, "False")
        self.generic_visit(node)


def mutants(only: Sequence[str]) -> list[Mutant]:
    """Every mutant of the files whose path begins with one of these."""
    found: list[Mutant] = []
    for path in sorted(SOURCES.rglob("*.py")):
        file = str(path.relative_to(SOURCES))
        if file.startswith(tuple(only)):
            finder = _Finder(file)
            finder.visit(ast.parse(finder.text))
            found += finder.found
    return list(dict.fromkeys(found))


def compiles(mutant: Mutant) -> bool:
    """Whether a mutant is a program at all."""
    try:
        compile(mutant.applied(), mutant.file, "exec")
    except (SyntaxError, ValueError):
        return False
    return True
