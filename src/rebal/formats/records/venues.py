"""The records of the list of venues."""

from collections.abc import Iterator

from rebal.catalogue import Catalogue
from rebal.formats.page.ink import clean
from rebal.formats.page.wording import ascii_signs


def lines(catalogue: Catalogue) -> Iterator[str]:
    """A venue a line, then the venues that are left out and why."""
    for each in catalogue.venues:
        counts = (
            f"contracts {each.contracts}  inverse {each.inverse}  linear {each.linear}  planned-on {each.planned_on}"
        )
        yield f"venue     {each.venue}  {counts}  {clean(ascii_signs(each.title))}"
    for left_out in catalogue.left_out:
        yield f"left-out  {left_out.venue}  {clean(ascii_signs(left_out.reason))}"
