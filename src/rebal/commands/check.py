"""``rebal check``."""

from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._options import Source

EXAMPLES = ("rebal check portfolio.yaml",)


def check(world: World, source: Source) -> Answer:
    """Check the portfolio file; say nothing if it is fine.

    Every problem is printed with its file, line and column, all of them in one run, and the exit code is 3. Prices
    that are given in a file of their own and the journal, where there is one, are checked too. A funding rate that is
    hardly what was meant is told beside, with exit code 0.
    """
    book = opened(source, world)
    from rebal.planner.checks.market import unusual_funding

    doubts = unusual_funding(book.portfolio)
    return Answer(remarks=tuple(f"rebal: {book.path}: {each.subject}: {each.message}" for each in doubts))
