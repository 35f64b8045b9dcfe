"""``rebal reconcile``."""

from typing import Annotated

import typer

from rebal.commands import _out
from rebal.commands._account import Access, lines, read, reconciled, told_by
from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._options import Shown, Source
from rebal.errors import Exit

EXAMPLES = (
    "rebal reconcile",
    "rebal reconcile portfolio.yaml --format json",
    "rebal reconcile --quiet",
    "rebal reconcile --write statement.yaml",
)


def reconcile(
    world: World,
    *,
    source: Source,
    shown: Shown,
    access: Access,
    write: Annotated[
        str | None,
        typer.Option("--write", metavar="FILE", help="Write what the exchange shows as a statement of now, to paste."),
    ] = None,
) -> Answer:
    """Put the account at the exchange beside the book: coins, positions, liquidation prices, waiting orders.

    Leaves with 0 where both are the same, 10 where they differ, 20 where a position is open that nobody recorded; of
    several accounts, each read at its venue, the worst counts. Reads with REBAL_<VENUE>_KEY, _SECRET and, where there
    is one, _PASSWORD, out of the environment or the file that REBAL_KEYS names; of several accounts at one venue each
    with REBAL_<ACCOUNT>_KEY and so on. A key that can do more than read is refused.
    """
    shown.check(world)
    if write is not None:
        _out.refuse_irregular(write, option="--write")
    book = opened(source, world)
    from rebal.reports.reconciliation import Verdict

    told = read(lines(book.portfolio, world, timeout=source.timeout), access, told_by(book.portfolio, book.entries))
    report = reconciled(book, told)
    if write is not None:
        from rebal.reconcile.statement import statement

        text = statement(book.portfolio, book.book, told, now=source.time(world))
        _out.write(write, text, apart_from=book.files, option="--write")
    code = {Verdict.EQUAL: Exit.DONE, Verdict.DIFFERS: Exit.ACTION, Verdict.UNRECORDED: Exit.BREACH}[report.verdict]
    said = () if code is Exit.DONE else (f"rebal: {source.path(world)}: {report.summary}",)
    return shown.answer(
        report, world, code=code, portfolio=book.portfolio, inputs=book.files, remarks=said, where=source
    )
