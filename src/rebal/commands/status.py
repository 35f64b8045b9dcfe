"""``rebal status``."""

from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._cures import cured
from rebal.commands._options import Shown, Source
from rebal.errors import Exit

EXAMPLES = (
    "rebal status",
    "rebal status /home/me/portfolio.yaml --quiet",
    "rebal status --format json --out status.json",
)


def status(world: World, source: Source, shown: Shown) -> Answer:
    """Say whether anything needs doing: drift, margin, liquidation, hedges.

    Leaves with 0 where nothing needs doing, 10 where an order is to be placed, 20 on a breach: an alert level passed,
    prices too old, a liquidation due. Made for cron: with --quiet it is silent at 0.
    """
    shown.check(world)
    book = opened(source, world)
    from rebal.planner.status import build_status

    report = cured(
        build_status(book.portfolio, book.book, inputs=book.inputs, realised=book.realised, extra=book.checks)
    )
    code = {"nothing": Exit.DONE, "action": Exit.ACTION, "attention": Exit.BREACH}[report.needs.value]
    said = () if code is Exit.DONE else (f"rebal: {source.path(world)}: {report.summary}",)
    return shown.answer(
        report, world, code=code, portfolio=book.portfolio, inputs=book.files, remarks=said, where=source
    )
