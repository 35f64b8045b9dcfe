"""What generators of books draw from, built once: to build a strategy costs many times what a draw from it does."""

from functools import lru_cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@lru_cache(maxsize=None, typed=True)
def among(*values: T) -> st.SearchStrategy[T]:
    """One of these, each as likely as it is often there."""
    return st.sampled_from(values)
