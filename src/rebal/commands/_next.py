"""What to type after an answer: one line at the end of each, with the command last in it, as it is pasted."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rebal.commands._typed import first_cure, typed
from rebal.findings import sorted_out
from rebal.frozen import frozen

_SHOWN_WITH = frozenset({"--format", "--section", "--chart", "--width", "--out"})
_SHOWN_AS = frozenset({"--brief", "--no-color", "--quiet"})
_REFUSED = "place nothing of it; the errors above say what stands in the way"


@frozen
class Context:
    """What a next line is told of the answer that it follows.

    ``again``: the options that name its files; ``words``: the command line that asked for it, none where it is not
    known; ``file``: where it is saved as JSON, None where it is not. ``brief``: the command alone.
    """

    again: Sequence[str] = ()
    words: Sequence[str] = ()
    file: str | None = None
    brief: bool = False

    def typed(self, *words: str) -> str:
        """A command about the same files."""
        return typed("rebal", *words, *self.again)


def next_line(report: Any, context: Context) -> str:
    """What to type after an answer of any kind. Raises LookupError for a schema that is not known."""
    return _AFTER[report.schema.split("/")[1]](report, context)


def saved_line(report: Any, context: Context) -> str:
    """What to type after an answer that was just saved as JSON: recording what is to be placed, else showing it."""
    if report.schema == "rebal/plan/1" and not report.refused and (report.orders or report.transfers):
        return next_line(report, context)
    return typed("rebal", "show", context.file or "-")


def _plan(report: Any, context: Context) -> str:
    if report.refused:
        return _REFUSED
    if not (report.orders or report.transfers):
        return context.typed("status")
    if context.file is not None:
        return f"once it is placed: {context.typed('record', 'plan', context.file)}"
    what, words = "save it", unshown(context.words) or (report.command, *context.again)
    first = getattr(report, "first_rungs", None)
    if first is not None and first < len(report.ladder):
        what = "save its first rung alone" if first == 1 else f"save its first {first} rungs, which spot allows"
        words = (*without(words, valued={"--rungs"}, flags={"--ladder"}), "--rungs", str(first))
    save = typed("rebal", *words, "--out", f"{report.command}.json")
    if context.brief:
        return save
    return f"{what}, to record it once it is placed: {save}"


def unshown(words: Sequence[str]) -> tuple[str, ...]:
    """A command line without the options that say how its answer is shown.

    >>> unshown(["plan", "--width", "60", "--fit", "--brief", "--format=table"])
    ('plan', '--fit')
    """
    return without(words, valued=_SHOWN_WITH, flags=_SHOWN_AS)


def without(words: Sequence[str], *, valued: Collection[str], flags: Collection[str]) -> tuple[str, ...]:
    """A command line without some options: those that a value follows, and those that stand alone."""
    kept, left = [], iter(words)
    for word in left:
        option, _, value = word.partition("=")
        if option in valued:
            if not value:
                next(left, None)
        elif word not in flags:
            kept.append(word)
    return tuple(kept)


def _status(report: Any, context: Context) -> str:
    if report.needs.value == "nothing":
        return "to have it watched: rebal guide cron"
    if report.needs.value == "attention" and any(each.code.value == "alert" for each in report.findings):
        return context.typed("rescue")
    counted, _ = sorted_out(report.findings)
    cure = first_cure(counted[0].message) if counted else None
    return cure or context.typed("plan")


def _beta(report: Any, context: Context) -> str:
    if report.refused:
        return f"measure it through another coin: {typed('rebal', 'beta', report.asset, '--via', 'ASSET')}"
    return f"once it stands in the portfolio file: {context.typed('plan')}"


def _record(report: Any, context: Context) -> str:
    if report.dry_run and report.entries and context.words:
        words = without(unshown(context.words), valued=(), flags={"--dry-run"})
        return f"to have it in the journal: {typed('rebal', *words)}"
    if report.differences:
        statement = context.typed("reconcile", "--write", "statement.yaml")
        return f"what no list explains, a statement of now has, to paste: {statement}"
    return context.typed("status")


def _reconcile(report: Any, context: Context) -> str:
    return context.typed("status") if report.verdict.value == "equal" else context.typed("record", "exchange")


def _diff(report: Any, context: Context) -> str:
    return f"the later one whole: {typed('rebal', 'show', report.after.file)}"


def _explain(report: Any, context: Context) -> str:
    saved = (report.of,) if report.of.endswith(".json") else ()
    if report.in_full:
        return f"every figure by its name: {context.typed('explain', *saved)}"
    return f"one of them in full: {context.typed('explain', *saved, report.derivations[0].figure)}"


def _guide(report: Any, context: Context) -> str:
    from rebal import guide

    told, known = [each.topic for each in report.topics], guide.names()
    if not any(each.parts for each in report.topics):
        return typed("rebal", "guide", known[0])
    later = known[known.index(told[-1]) + 1 :]
    return typed("rebal", "guide", later[0]) if later else "begin with a file of your own: rebal init"


def _venues(report: Any, context: Context) -> str:
    return f"one of them in full: {typed('rebal', 'venues', report.venues[0].venue)}"


def _venue(report: Any, context: Context) -> str:
    from rebal.exchange import listings

    if report.venue not in listings.readers():
        return "all of them: rebal venues"
    return f"what the exchange prints today: {typed('rebal', 'venues', report.venue, '--refresh')}"


def _stress(report: Any, context: Context) -> str:
    failed = [each.subject for each in report.findings if each.code.value == "account-failed"]
    if not failed:
        return context.typed("plan")
    statement = context.typed("record", "statement", "--dry-run")
    return f"once it has failed, take {failed[0]} and its coins out of the file, with a new as_of: {statement}"


def _then(*words: str) -> Callable[[Any, Context], str]:
    return lambda _, context: context.typed(*words)


_AFTER: Mapping[str, Callable[[Any, Context], str]] = {
    "plan": _plan,
    "status": _status,
    "record": _record,
    "history": _then("status"),
    "compare": _then("plan"),
    "stress": _stress,
    "replay": _then("plan"),
    "refresh": _then("plan"),
    "beta": _beta,
    "reconcile": _reconcile,
    "diff": _diff,
    "explain": _explain,
    "guide": _guide,
    "venues": _venues,
    "venue": _venue,
    "problem": lambda report, _: typed("rebal", "check", report.file),
}
