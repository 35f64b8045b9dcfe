"""The one door to the exchanges: ccxt is opened here, and nothing that goes wrong behind it comes through as it is.

Whatever is asked goes through a ``Line``: one exchange, one session, one deadline for all that a command asks, tries
that are counted, and errors in our own words, without a key, a signature, a header or the query of a URL. Answers keep
their numbers as text, so that no figure passes through a float. ccxt and requests belong to the extra ``live`` and are
imported when a line is opened.
"""

from typing import TYPE_CHECKING

from rebal.exchange.deadline import Deadline, Network
from rebal.exchange.keys import Keys

if TYPE_CHECKING:
    from rebal.exchange.line import Line

__all__ = ["Deadline", "Keys", "Network", "opened"]


def opened(venue: str, network: Network, *, deadline: Deadline, keys: Keys | None = None, spot: bool = False) -> "Line":
    """Open a line to a venue of the catalogue; ``spot``: to the spot exchange of that name instead.

    Asks nothing yet. Raises Unavailable where the extra is missing or no line to the venue is known.
    """
    from rebal.exchange import line

    return line.opened(venue, network, deadline=deadline, keys=keys, spot=spot)
