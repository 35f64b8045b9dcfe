"""The journal: what happened since the statement, in an append-only SQLite file, and what it adds up to."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebal.ledger import Journal

if TYPE_CHECKING:
    from rebal.journal.adding import Added
    from rebal.ledger import Draft


def read(path: str) -> Journal:
    """Every entry of a journal, each hash verified; no file is an empty journal.

    Writes nothing and creates nothing. Raises InvalidInput for a file that is damaged, edited, of a newer version or no
    journal, Unavailable for one that is locked.
    """
    try:
        os.lstat(path)
    except FileNotFoundError:
        return Journal()
    except OSError:
        pass  # whoever opens it says what is wrong with it
    from rebal.journal import store

    return store.read(path)


def append(path: str, drafts: "Sequence[Draft]", *, again: bool = False) -> "Added":
    """Add drafts in one transaction and return once they are durable; the first one creates the file.

    A draft whose id is there already changes nothing. Raises Refused for an id with other contents and, unless
    ``again``, for a draft without id whose contents were recorded at the same time; Unavailable where disk, folder or
    lock say no.
    """
    from rebal.journal import store

    return store.append(path, drafts, again=again)
