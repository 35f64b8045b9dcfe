"""``rebal explain``."""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import refuse_files
from rebal.commands._book import Opened, opened, refuse_no_portfolio
from rebal.commands._options import Shown, Where
from rebal.errors import Exit, InvalidInput, Problem, UsageProblem

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.plan import Plan
    from rebal.reports.explanation import Derivation
    from rebal.status import Status

EXAMPLES = (
    "rebal explain",
    "rebal explain BTC",
    "rebal explain wallets.BTC.liquidation_above",
    "rebal explain plan.json wallets.BTC.liquidation_above",
)
_MOST_OFFERED = 5


def explain(
    world: World,
    *,
    where: Where,
    shown: Shown,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLAN] [FIGURE]...",
            show_default=False,
            help="A saved plan or status, or a new plan; then figures, coins, contracts, sections; a list without.",
        ),
    ] = None,
) -> Answer:
    """Derive any figure of a plan or a status: its formula, the numbers put in, the source.

    Each is as a calculator can redo it. The numbers are those of the plan and of the files that it was made from; a
    formula that does not come to the plan's figure is said not to, and the exit code is 1.
    """
    shown.check(world)
    asked = list(what or ())
    saved = asked.pop(0) if asked and asked[0].lower().endswith(".json") else None
    refuse_files(asked, what="a figure")
    plan, book, before = _fresh(where, world) if saved is None else _saved(saved, where, world)
    from rebal.explain import SCHEMA, derivations
    from rebal.reports.explanation import Explanation

    every = derivations(plan, book.portfolio, before)
    found = every if not asked else tuple(each for name in asked for each in _chosen(name, every, plan))
    report = Explanation(SCHEMA, plan.name, saved or plan.name, bool(asked), found)
    off = [each for each in found if not each.agrees]
    remarks = tuple(f"rebal: {each.figure}: its formula does not come to the plan's figure" for each in off)
    files = (*book.files, *(() if saved is None else (saved,)))
    code = Exit.REFUSED if off else Exit.DONE
    answer = shown.answer(report, world, code=code, portfolio=book.portfolio, inputs=files, where=where)
    return answer._replace(remarks=(*answer.remarks, *remarks))


def _fresh(where: Where, world: World) -> "tuple[Plan, Opened, Book]":
    book = opened(where, world, targets_for="explain without a saved plan")
    from rebal.planner import build_plan

    return build_plan(book.portfolio, book.book, inputs=book.inputs, extra=book.checks), book, book.book


def _saved(file: str, where: Where, world: World) -> "tuple[Plan | Status, Opened, Book]":
    from rebal.journal import answers, fold
    from rebal.load import source

    named = source.shown(file)
    plan = answers.read(source.text(file, source.ANSWER), named)
    if plan.schema not in ("rebal/plan/1", "rebal/status/1"):
        instead = "save one of plan, hedge, unwind, rescue or status with --out plan.json"
        raise InvalidInput([Problem(named, 0, 0, "schema", "is of no plan and no status", plan.schema, instead)])
    refuse_no_portfolio(where, world)
    book = opened(where, world)
    if plan.inputs.statement_sha256 != book.portfolio.statement_sha256:
        instead = "name the file that it was made from with -p, as it was then"
        raise InvalidInput([Problem(named, 0, 0, "inputs", f"was made from another statement than {book.path} has now",
                                    None, instead)])  # fmt: skip
    upto = plan.inputs.journal_seq
    if upto is None:
        return plan, book, book.portfolio.statement
    entries = () if book.journal is None else [each for each in book.journal.entries if each.seq <= upto]
    if not entries:
        problem = f"was made with a journal of {upto} entries, which is not there"
        raise InvalidInput([Problem(named, 0, 0, "inputs", problem, None, "name it with --journal")])
    return plan, book, fold.fold(book.portfolio, entries).book


def _chosen(name: str, every: "Sequence[Derivation]", plan: "Plan | Status") -> "list[Derivation]":
    """The figures that a name means: one, those below it, or all of a coin, a contract or a kind."""
    of = {order.contract: order.asset for order in getattr(plan, "orders", ())}
    of |= {position.contract: position.asset for position in plan.positions}
    exact = [each for each in every if each.figure == name or each.figure.startswith(f"{name}.")]
    if exact:
        return exact
    found = [each for each in every if _means(name, each.figure.split("."), of)]
    if found:
        return found
    raise UsageProblem(f"{name}: there is no such figure; {_near(name, every)}")


def _means(name: str, steps: "Sequence[str]", of: "dict[str, str]") -> bool:
    if steps[-1] == name:
        return True
    apart = steps[0] == "findings" or "before" in steps
    return len(steps) > 1 and not apart and name in (steps[1], of.get(steps[1]))


def _near(name: str, every: "Sequence[Derivation]") -> str:
    figures = [each.figure for each in every]
    steps = sorted({step for figure in figures for step in figure.split(".")})
    near = difflib.get_close_matches(name, [*figures, *steps], n=_MOST_OFFERED, cutoff=0.5)
    offered = f"did you mean {', '.join(near)}? " if near else ""
    return f"{offered}rebal explain lists them all"
