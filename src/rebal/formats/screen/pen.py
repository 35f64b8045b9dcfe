"""How what a document says is written: one pen a medium, with its figures, its instants and its signs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rebal.amounts import Fraction
from rebal.formats.document.said import GLUE, Absent, Change, Figure, Inked, Kind, Loud, Phrases, Prose, Reckoned, Said
from rebal.formats.screen.figures import Figures
from rebal.formats.screen.wording import with_figures
from rebal.frozen import frozen

Write = Callable[[Fraction], str]


@frozen
class Pen:
    """The hand of one medium.

    ``data``, ``words`` and ``prose``: write a text from outside, a text of ours, and a sentence with figures in it.
    ``absent``: the words for what there is not. ``between``: what stands between phrases, ``arrow``: between now and
    after. ``both``: a change is written as one also where nothing changes.
    """

    figures: Figures
    instant: Callable[[datetime], str]
    data: Callable[[str], str]
    words: Callable[[str], str]
    prose: Callable[[str], str]
    absent: Mapping[Absent, str]
    between: str
    arrow: str
    both: bool

    def writer(self, kind: Kind) -> Write:
        """How figures of a kind are written."""
        write: Write = getattr(self.figures, kind.value)
        return write

    def tell(self, said: Said, write: Write | None = None) -> str:
        """Write what is said; ``write``: its figures, where they do not say themselves (None: with every digit)."""
        return _TELLERS[said.__class__](self, said, write)

    def _number(self, said: Fraction, write: Write | None) -> str:
        return (write or self.figures.exact)(said)

    def _data(self, said: str, write: Write | None) -> str:
        return self.data(str(said))

    def _sentence(self, said: tuple[Said, ...], write: Write | None) -> str:
        return "".join([self.words(each) if each.__class__ is str else self.tell(each, write) for each in said])

    def _figure(self, said: Figure, write: Write | None) -> str:
        text: str = getattr(self.figures, said.kind.value)(said.value)
        if said.signed and said.value > 0:
            text = f"+{text}"
        return f"{text}{GLUE}{self.data(said.unit)}" if said.unit else text

    def _change(self, said: Change, write: Write | None) -> str:
        before, after = said.before, said.after
        if write is not None and before.__class__ is after.__class__ is Fraction:
            was, now = write(before), write(after)
        else:
            was, now = self.tell(before, write), self.tell(after, write)
        return f"{was}{self.arrow}{now}" if self.both or was != now else now

    def _loud(self, said: Loud, write: Write | None) -> str:
        return said.text

    def _inked(self, said: Inked, write: Write | None) -> str:
        return self.tell(said.said, write)

    def _prose(self, said: Prose, write: Write | None) -> str:
        return self.prose(said.text)

    def _reckoned(self, said: Reckoned, write: Write | None) -> str:
        return self.prose(with_figures(said.text, self.figures) if self.figures.thousands else said.text)

    def _phrases(self, said: Phrases, write: Write | None) -> str:
        return self.between.join([self.tell(each, write) for each in said.said])

    def _instant(self, said: datetime, write: Write | None) -> str:
        return self.instant(said)

    def _absent(self, said: Absent | None, write: Write | None) -> str:
        return self.absent[said or Absent.NONE]


class _Tellers(dict[type, Callable[[Pen, Any, Write | None], str]]):
    # How values of a class are told: texts of an enum as texts, and what is no class of ours as numbers are.
    def __missing__(self, of: type) -> Callable[[Pen, Any, Write | None], str]:
        self[of] = Pen._data if issubclass(of, str) else Pen._instant if issubclass(of, datetime) else Pen._number
        return self[of]


_TELLERS = _Tellers(
    {
        tuple: Pen._sentence,
        Figure: Pen._figure,
        Change: Pen._change,
        Inked: Pen._inked,
        Loud: Pen._loud,
        Prose: Pen._prose,
        Reckoned: Pen._reckoned,
        Phrases: Pen._phrases,
        Absent: Pen._absent,
        type(None): Pen._absent,
    }
)
