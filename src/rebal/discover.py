"""What the modules of a package offer: how venues, commands and formats are found."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


def names(package: ModuleType) -> Iterator[str]:
    """The public modules of a package in alphabetical order, found without importing any of them."""
    (folder,) = package.__path__
    for file in sorted(Path(folder).glob("[!_]*.py")):
        yield file.stem


@cache
def load(package: ModuleType, name: str) -> ModuleType:
    """Import one module of a package. Raises LookupError when it offers none of that name."""
    if name not in names(package):
        raise LookupError(name)
    return import_module(f"{package.__name__}.{name}")
