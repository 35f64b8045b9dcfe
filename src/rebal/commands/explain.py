"""``rebal explain``."""

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._asked import refuse_files
from rebal.commands._book import Opened, opened, refuse_no_portfolio
from rebal.commands._options import Shown, Where
from rebal.errors import Exit, InvalidInput, Problem, UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.book import Book
    from rebal.findings import Finding
    from rebal.plan import Plan
    from rebal.portfolio import Portfolio
    from rebal.reports.explanation import Derivation
    from rebal.status import Status

EXAMPLES = (
    "rebal explain",
    "rebal explain BTC",
    "rebal explain wallets.BTC.liquidation_above",
    "rebal explain plan.json wallets.BTC.liquidation_above",
    "rebal explain plan.json near-liquidation",
)
_SCHEMAS = ("rebal/plan/1", "rebal/status/1", "rebal/compare/1", "rebal/stress/1")
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
            help="A saved answer, or a new plan; then figures, coins, contracts, sections, codes; a list without.",
        ),
    ] = None,
) -> Answer:
    """Derive any figure of a plan or a status, the sums of a compare or a stress: formula, numbers put in, source.

    The code of a finding says what it means, its figures and what to do.

    Each is as a calculator can redo it. The numbers are those of the plan and of the files that it was made from; a
    formula that does not come to the plan's figure is said not to, and the exit code is 1.
    """
    shown.check(world)
    asked = list(what or ())
    saved = asked.pop(0) if asked and asked[0].lower().endswith(".json") else None
    refuse_files(asked, what="a figure")
    told = _told(saved, where, world)
    from rebal.explain import SCHEMA
    from rebal.reports.explanation import Explanation

    found = told.every if not asked else tuple(each for name in asked for each in _chosen(name, told))
    report = Explanation(SCHEMA, told.name, saved or told.name, bool(asked), found)
    off = [each for each in found if not each.agrees]
    remarks = tuple(f"rebal: {each.figure}: its formula does not come to the plan's figure" for each in off)
    if off and where.market is None:
        remarks = (*remarks, "rebal: of a plan that was made with --market, name the same --market")
    code = Exit.REFUSED if off else Exit.DONE
    here = None if told.portfolio is None else where
    answer = shown.answer(report, world, code=code, portfolio=told.portfolio, inputs=told.files, where=here)
    return answer._replace(remarks=(*answer.remarks, *remarks))


@frozen
class _Told:
    """Every derivation of an answer; ``of``: the assets of its contracts; ``files``: what it was read from.

    ``findings``: those of the answer, each with the command that answers it.
    """

    name: str
    every: "tuple[Derivation, ...]"
    of: "Mapping[str, str]"
    files: tuple[str, ...]
    portfolio: "Portfolio | None"
    findings: "tuple[Finding, ...]" = ()


def _told(saved: str | None, where: Where, world: World) -> _Told:
    from rebal.explain import derivations, sums
    from rebal.reports.comparison import Compare
    from rebal.reports.stress import Stress

    plan: Plan | Status
    if saved is None:
        plan, book, before = _fresh(where, world)
    else:
        report = _read(saved)
        if isinstance(report, (Compare, Stress)):
            return _Told(report.name, sums(report), {}, (saved,), None, report.findings)
        plan, book, before = _saved(report, saved, where, world)
    of = {order.contract: order.asset for order in getattr(plan, "orders", ())}
    of |= {position.contract: position.asset for position in plan.positions}
    files = (*book.files, *(() if saved is None else (saved,)))
    return _Told(plan.name, derivations(plan, book.portfolio, before), of, files, book.portfolio, plan.findings)


def _read(file: str) -> Any:
    from rebal.journal import answers
    from rebal.load import source

    named = source.shown(file)
    answer = answers.read(source.text(file, source.ANSWER), named)
    if answer.schema not in _SCHEMAS:
        instead = "save one of plan, hedge, unwind, rescue, status, compare or stress with --out plan.json"
        raise InvalidInput([Problem(named, 0, 0, "schema", "is of no plan and no status", answer.schema, instead)])
    return answer


def _fresh(where: Where, world: World) -> "tuple[Plan, Opened, Book]":
    book = opened(where, world, targets_for="explain without a saved plan")
    from rebal.commands._cures import cured
    from rebal.planner import build_plan

    return cured(build_plan(book.portfolio, book.book, inputs=book.inputs, extra=book.checks)), book, book.book


def _saved(plan: "Plan | Status", file: str, where: Where, world: World) -> "tuple[Plan | Status, Opened, Book]":
    from rebal.journal import fold
    from rebal.load import source

    named = source.shown(file)
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


def _chosen(name: str, told: _Told) -> "list[Derivation]":
    """The figures that a name means: one, those below it, all of a coin, a contract or a kind, or a finding's."""
    from rebal.commands._finding_codes import meanings

    every, coded = told.every, list(meanings(name, told.findings))
    there = {each.figure for each in coded}
    found = [each for each in every if each.figure == name or each.figure.startswith(f"{name}.")]
    found = found or [each for each in every if _means(name, each.figure.split("."), told.of)]
    of_code = [each for each in every if each.figure.rpartition(".")[0] in there and each not in found]
    if found and f"findings.{name}" in there:
        return found  # a figure's name too, and this answer has no such finding
    if coded or found:
        return [*coded, *found, *of_code]
    raise UsageProblem(f"{name}: there is no such figure; {_near(name, every)}")


def _means(name: str, steps: "Sequence[str]", of: "Mapping[str, str]") -> bool:
    if steps[-1] == name:
        return True
    apart = steps[0] == "findings" or "before" in steps
    return len(steps) > 1 and not apart and name in (steps[1], of.get(steps[1]))


def _near(name: str, every: "Sequence[Derivation]") -> str:
    from rebal.findings import Code

    figures = [each.figure for each in every]
    figures += [code.value for code in Code]
    steps = sorted({step for figure in figures for step in figure.split(".")})
    near = difflib.get_close_matches(name, list(dict.fromkeys((*figures, *steps))), n=_MOST_OFFERED, cutoff=0.5)
    offered = f"did you mean {', '.join(near)}? " if near else ""
    return f"{offered}rebal explain lists them all"
