"""The curves on a screen, and the screen without them: a narrow one leaves them out with the figures at their axes."""

import re

_ROW = re.compile(r" *[−$.,\d]*[│┤└]")


def rows(text: str) -> list[str]:
    """What is drawn of curves, a row of the grid each."""
    return [re.split("[│┤]", line, maxsplit=1)[1] for line in text.splitlines() if _ROW.match(line) and "└" not in line]


def without(text: str) -> str:
    """A screen but for its charts: their rows, and the figures under their lowest."""
    lines = text.splitlines()
    drawn = {n for n, line in enumerate(lines) if _ROW.match(line)}
    below = {n + 1 for n in drawn if "┬" in lines[n]}
    return "\n".join(line for n, line in enumerate(lines) if n not in drawn | below)
