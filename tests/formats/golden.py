"""Whole screens on file: compared as they are, rewritten where REBAL_UPDATE is set."""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "screens"


def assert_golden(name: str, shown: str) -> None:
    """Compare with the file of that name, to the last character."""
    file = FOLDER / name
    if os.environ.get("REBAL_UPDATE"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")
