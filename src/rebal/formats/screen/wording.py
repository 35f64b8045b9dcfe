"""How instants and sentences are written."""

import re
from datetime import UTC, datetime

from rebal.formats.document.said import GLUE
from rebal.formats.screen.figures import Figures

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIGURE_AND_UNIT = re.compile(r"(?<=[0-9]) (?=%|[A-Z0-9]*[A-Z][A-Z0-9]*\b|(?:points|contracts|hours|days)\b)")
# What is typed as it stands, which no sign may be put into: a command, up to the end of its clause, an option, YAML.
_TYPED = re.compile(r"rebal [a-z]+\b[^`;]*|--[a-z-]+ [0-9.-]+|\{[^}]*\}")
_NUMBER = re.compile(r"(?<![\w.,:;/@=*+#%-])(-?)([0-9]+)((?:\.[0-9]+)?)(?=[ ,;:)%]|\.?$|\. )")
_UNIT = re.compile(r" (?:contracts|dollars|hours|days|entries|[A-Z][A-Z0-9]{1,19}\b)")
_YEARS = range(1970, 2200)
_ASCII = dict(zip(map(ord, "−–—·×’→±≤≥…"), ("-", "-", "-", "-", "x", "'", "->", "+/-", "<=", ">=", "..."), strict=True))


def day_and_time(instant: datetime) -> str:
    """An instant for people, in UTC, to the minute."""
    utc = instant.astimezone(UTC)
    return GLUE.join([str(utc.day), _MONTHS[utc.month - 1], str(utc.year), f"{utc:%H:%M}", "UTC"])


def ascii_signs(text: str) -> str:
    """A sentence with its typographic signs in ASCII; letters of names are left alone."""
    return text if text.isascii() else text.translate(_ASCII)


def with_figures(sentence: str, figures: Figures) -> str:
    """A sentence whose figures have a page's separators and minus signs; what is to be typed stays as it is.

    >>> from rebal.formats.screen.figures import ASCII_TABLE
    >>> with_figures("closing realises 14900.5 USD: rebal hedge BTC --notional 14900", ASCII_TABLE)
    'closing realises 14,900.5 USD: rebal hedge BTC --notional 14900'
    """

    def written(found: re.Match[str]) -> str:
        sign, whole, decimals = found.groups()
        if not sign and not decimals and int(whole) in _YEARS and not _UNIT.match(sentence, found.end()):
            return found[0]
        divided = whole if len(whole) < 4 or whole[0] == "0" else f"{int(whole):,}".replace(",", figures.thousands)
        return f"{figures.minus if sign else ''}{divided}{decimals}"

    kept = [range(*each.span()) for each in _TYPED.finditer(sentence)]
    return _NUMBER.sub(
        lambda found: found[0] if any(found.start() in each for each in kept) else written(found), sentence
    )


def unbroken(sentence: str) -> str:
    """A sentence whose figures are held together with their units."""
    return _FIGURE_AND_UNIT.sub(GLUE, sentence)
