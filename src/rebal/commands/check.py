"""``rebal check``."""

from rebal.commands._answer import Answer, World
from rebal.commands._book import opened
from rebal.commands._options import Source

EXAMPLES = ("rebal check portfolio.yaml",)


def check(world: World, source: Source) -> Answer:
    """Check the portfolio file; say nothing if it is fine.

    Every problem is printed with its file, line and column, all of them in one run, and the exit code is 3. Prices
    that are given in a file of their own and the journal, where there is one, are checked too.
    """
    opened(source, world)
    return Answer()
