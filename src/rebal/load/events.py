"""Any YAML, by libyaml's events: what may stand in a portfolio is read, and the rest refused where it stands.

The events are read with an explicit stack, so no depth of nesting reaches the interpreter's. What YAML can do beyond
mappings, lists and scalars (anchors, aliases, tags, merging, several documents) is refused.
"""

import re
from collections.abc import Callable, Mapping
from sys import intern
from typing import Any

import yaml

from rebal.amounts import NumberProblem, number
from rebal.errors import InvalidInput, Problem
from rebal.load import values
from rebal.load.flaws import MOST_LISTED, Flaw, Path, Place, printable, problems
from rebal.load.places import Document, RunIn, Spot, as_written, place_of
from rebal.load.syntax import NO_SPACE, explained, line_at, run_in_at, run_in_flaw, spaced

_READ_AGAIN = 1 << 20
"""Characters that are read a second time at most, since each missing space is found by reading up to it."""

_RUN_IN = re.compile(r"(.+):([-+]?[0-9.]+%?)", re.ASCII)
"""A key with its number behind the colon, which YAML takes for a name."""


class _Open:
    """A mapping or list whose end has not come yet. ``step``: the key or index that the next value is for."""

    __slots__ = ("attached", "data", "key_mark", "spots", "step")

    def __init__(self, data: Any, spots: Any, *, attached: bool) -> None:
        self.data = data
        self.spots = spots
        self.attached = attached
        self.step: str | int | None = None
        self.key_mark: yaml.Mark | None = None

    def passed(self) -> None:
        if type(self.data) is list:
            self.step = len(self.data)
        else:
            self.step, self.attached = None, True


class _Builder:
    """Takes events one by one and keeps what they build."""

    def __init__(self, text: str, source: str, run_in: RunIn) -> None:
        self.text = text
        self.source = source
        self.run_in = run_in
        self.flaws: list[Flaw] = []
        self.broken: set[Path] = set()
        self.open: list[_Open] = []
        self.values = 0
        self.documents = 0
        self.root: Any = None
        self.spot: Any = None

    def scalar(self, event: Any) -> None:
        self.count(event)
        text = intern(event.value)  # a name stands in many places: as one object it is found at once in each
        top = self.open[-1] if self.open else None
        expects_key = top is not None and top.step is None
        if event.anchor is not None or event.tag is not None:
            self.refuse_marks(event)
        if top is not None and expects_key:
            self.key(top, text, event)
        elif not text.isprintable():
            self.leave_out(event, *_unprintable(text))
        elif text in values.NOTHING and not event.style:
            if top is None or not self.lacks_space(top, event):
                self.leave_out(event, "has no value", _value_for(top.step if top is not None else None))
        else:
            self.put(text, event.start_mark)

    def key(self, top: _Open, text: str, event: Any) -> None:
        known = text in top.data or (*self.path(), text) in self.broken if self.broken else text in top.data
        top.step, top.key_mark, top.attached = text, event.start_mark, not known
        if self.run_in and self.run_in.get((at := self.place(event.start_mark))[0]) == at[1]:
            self.add(run_in_flaw(self.text, self.path(), at), event)
        if known:
            first = self.first_line(top, text)
            self.refuse(event, f"is there twice{first}", "keep one of the two")
        elif not text.isascii() or not text.isprintable():
            self.drop_key(event, "is a key of other than plain ASCII characters", "retype it")
        elif not text:
            self.drop_key(event, "is a key without a name", "write a name before the colon")

    def drop_key(self, event: Any, problem: str, instead: str) -> None:
        self.open[-1].attached = False
        self.broken.add(self.path())
        self.refuse(event, problem, instead)

    def first_line(self, top: _Open, key: str) -> str:
        entry = top.spots.get(key)
        return f", first on line {entry[0].line + 1}" if entry else ""

    def start_mapping(self, event: Any) -> None:
        self.start(event, {}, {})

    def start_list(self, event: Any) -> None:
        self.start(event, [], [])

    def start(self, event: Any, data: Any, spots: Any) -> None:
        self.count(event)
        if self.open and self.open[-1].step is None:
            self.give_up(event, "is a key that is no text", "write a name")
        if len(self.open) == values.DEEPEST:
            self.give_up(event, f"is nested more than {values.DEEPEST} deep", "a portfolio needs six levels")
        if event.anchor is not None or event.tag is not None:
            self.refuse_marks(event)
        self.put(data, Spot(event.start_mark, spots))
        opened = _Open(data, spots, attached=True)
        if type(data) is list:
            opened.step = 0
        self.open.append(opened)

    def end(self, _: Any) -> None:
        self.open.pop()
        self.passed()

    def alias(self, event: Any) -> None:
        self.count(event)
        top = self.open[-1] if self.open else None
        if top is not None and top.step is None:
            self.give_up(event, "is an alias (*) as a key", "write the name out")
        self.leave_out(event, "is an alias (*), which is not read", "write the value out")

    def document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self.give_up(event, "starts a second document", "keep one portfolio a file, without a second ---")

    def put(self, value: Any, spot: Any) -> None:
        """Attach a value where the open mapping or list expects one; containers stay expected until they end."""
        if not self.open:
            self.root, self.spot = value, spot
            return
        top = self.open[-1]
        if type(top.data) is list:
            top.data.append(value)
            top.spots.append((spot.mark if type(spot) is Spot else spot, spot))
        elif top.attached:
            top.data[top.step] = value
            top.spots[top.step] = (top.key_mark, spot)
        if type(value) is str:
            top.passed()

    def passed(self) -> None:
        if self.open:
            self.open[-1].passed()

    def leave_out(self, event: Any, problem: str, instead: str) -> None:
        top = self.open[-1] if self.open else None
        if top is not None and _is_rest_of_number(top.step) and self.join_number(top, event):
            self.passed()
            return
        self.refuse(event, problem, instead, at_key=top is not None and type(top.data) is dict)
        if top is None or not _is_rest_of_number(top.step):
            self.broken.add(self.path())
        if top is None or type(top.data) is list:
            self.put("", event.start_mark)
        else:
            self.passed()

    def lacks_space(self, top: _Open, event: Any) -> bool:
        """Refuse ``{ETH:3000}``, a key that holds nothing, for the entry ETH that it was to be."""
        run_in = _RUN_IN.fullmatch(top.step) if isinstance(top.step, str) else None
        if run_in is None:
            return False
        written, top.step = top.step, run_in[1]
        place = self.place(top.key_mark or event.start_mark)
        instead = f"write {printable(f'{run_in[1]}: {run_in[2]}')}"
        self.add(
            Flaw(self.path(), NO_SPACE, instead, found=printable(str(written)), place=place),
            event,
        )
        self.broken.add(self.path())
        self.passed()
        return True

    def join_number(self, top: _Open, event: Any) -> bool:
        """Put the rest of a number behind its beginning: ``{BTC: 40,000}`` holds BTC at 40 and an entry 000."""
        key: str | None = next(reversed(top.data), None)
        start = None if key is None else top.data[key]
        if key is None or not isinstance(start, str) or not isinstance(top.step, str):
            return False
        path = (*self.path()[:-1], key)
        if self.flaws and self.flaws[-1].path == path and self.flaws[-1].found:
            start = self.flaws.pop().found or ""
        text = f"{start},{top.step}"
        try:
            number(text)
        except NumberProblem as problem:
            _, spot = top.spots[key]
            place = self.place(spot.mark if type(spot) is Spot else spot)
            self.broken.add(path)  # or its beginning would be judged as a number of its own
            self.add(Flaw(path, problem.problem, problem.instead, found=text, place=place), event)
        return True

    def refuse(self, event: Any, problem: str, instead: str, *, at_key: bool = False) -> None:
        mark = self.open[-1].key_mark if at_key else event.start_mark
        self.add(Flaw(self.path(), problem, instead, at_key=True, place=self.place(mark or event.start_mark)), event)

    def add(self, flaw: Flaw, event: Any) -> None:
        self.flaws.append(flaw)
        if len(self.flaws) == MOST_LISTED:
            raise self.refusal(event)

    def refuse_marks(self, event: Any) -> None:
        if event.anchor is not None:
            self.refuse(event, "carries an anchor (&), which is not read", "write every value out")
        if event.tag is not None:
            self.refuse(event, "carries a tag (!), which is not read", "write the value alone")

    def give_up(self, event: Any, problem: str, instead: str) -> None:
        self.refuse(event, problem, instead)
        raise self.refusal(event)

    def refusal(self, event: Any) -> InvalidInput:
        return InvalidInput(self.told(event.start_mark))

    def told(self, mark: yaml.Mark | None = None) -> list[Problem]:
        """What was refused so far; ``mark``: where that has no place of its own."""
        return problems(Document(self.source, "", spots=lambda: mark, flaws=[], broken=set(), run_in={}), self.flaws)

    def count(self, event: Any) -> None:
        self.values += 1
        if self.values > values.MOST_VALUES:
            self.give_up(
                event, f"holds more than {values.MOST_VALUES:,} keys and values", "leave out what is no portfolio"
            )

    def place(self, mark: yaml.Mark) -> Place:
        return place_of(mark, self.run_in)

    def path(self) -> Path:
        return tuple(frame.step for frame in self.open if frame.step is not None)


_TAKERS: Mapping[type, Callable[[_Builder, Any], None]] = {
    yaml.ScalarEvent: _Builder.scalar,
    yaml.MappingStartEvent: _Builder.start_mapping,
    yaml.SequenceStartEvent: _Builder.start_list,
    yaml.MappingEndEvent: _Builder.end,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.AliasEvent: _Builder.alias,
    yaml.DocumentStartEvent: _Builder.document,
}


def document(text: str, source: str) -> Document:
    """Read one YAML document. Raises InvalidInput at what is no YAML, with what was refused before it.

    A key that lacks the space after its colon is refused, and the rest is read as if the space were there.
    """
    read, run_in = text, dict[int, int]()
    while True:
        builder = _Builder(text, source, run_in)
        try:
            return _built(builder, read)
        except yaml.YAMLError as error:
            at = run_in_at(error, read) if len(run_in) * len(text) < _READ_AGAIN else None
            if at is None:
                problem = explained(error, read, source)
                line, column = as_written((problem.line, problem.column), run_in)
                found = line_at(text, line) if line in run_in else problem.found
                raise InvalidInput([*builder.told(), problem._replace(column=column, found=found)]) from None
        run_in[at[0]], read = at[1], spaced(read, at)


def _built(builder: _Builder, read: str) -> Document:
    try:
        parser = values.LOADER(read)
        while type(event := parser.get_event()) is not yaml.StreamEndEvent:
            taker = _TAKERS.get(type(event))
            if taker is not None:
                taker(builder, event)
    except ValueError as error:
        # The loader without libyaml lets a few of its own conversions fail: "\U00110000", %YAML 1.x.
        raise InvalidInput([Problem(builder.source, 0, 0, "", "is not YAML", printable(str(error)))]) from None
    source, spot, run_in = builder.source, builder.spot, builder.run_in
    if builder.root is None:
        instead = "write a portfolio, or start with `rebal init`"
        raise InvalidInput([Problem(source, 0, 0, "", "is empty", None, instead)])
    return Document(source, builder.root, spots=lambda: spot, flaws=builder.flaws, broken=builder.broken, run_in=run_in)


def _value_for(step: str | int | None) -> str:
    return "write numbers without commas" if _is_rest_of_number(step) else "write one, or leave the key out"


def _is_rest_of_number(step: str | int | None) -> bool:
    # {BTC: 1,000.50} holds BTC at 1 and an entry 000.50 that holds nothing.
    return isinstance(step, str) and step.removesuffix("%").replace(".", "").isdigit()


def _unprintable(text: str) -> tuple[str, str]:
    if "\n" in text:
        return "spans several lines", "write it on one line"
    if any(character.isspace() and character not in " \t" for character in text):
        return "holds a space other than the plain one", "write plain spaces"
    return "holds a character that does not show or is not text", "write it without escapes"
