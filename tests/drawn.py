"""What generators of books draw from, built once: to build a strategy costs many times what a draw from it does."""

from functools import lru_cache
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st

T = TypeVar("T")


@lru_cache(maxsize=None, typed=True)
def among(*values: T) -> st.SearchStrategy[T]:
    """One of these, each as likely as it is often there."""
    return st.sampled_from(values)


_MOST = settings().max_examples
FEWER = settings(max_examples=min(_MOST, max(10, _MOST * 2 // 5)))
"""For laws of which an example takes some hundredths of a second: not below ten, which kill what mutants.py breaks."""
