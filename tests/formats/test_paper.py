"""Pages, markdown and pictures of every report: whole, escaped, and with the figures of its JSON."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

import program
from compare.given import HALF, book, compared
from program import ROOT
from rebal import formats
from rebal.amounts import Fraction, number, plain
from rebal.errors import UsageProblem
from rebal.formats import Report, View, describe, md
from rebal.formats.picture.drawn import is_drawn, pictures
from rebal.plan import Plan
from test_golden import planned

from . import books, curves, ledgers, limits, test_stress
from .reports import REPORTS

EVERY: dict[str, Callable[[], Report]] = {
    **REPORTS,
    "shipped": lambda: planned(ROOT / "portfolios" / "open-book.yaml"),
    "compare": lambda: compared(book(), hedge=HALF),
    "stress": test_stress.REPORTS["stress-book"],
    "reconcile": ledgers.reconciled,
    "basket": test_stress.REPORTS["stress-basket"],
}
VOID = frozenset({"meta", "link", "input", "br"})


def shown(report: Report, name: str, chart: str | None = None) -> str:
    return formats.render(name, report, View(100, colour=False, portfolio=limits.portfolio(), chart=chart))


class Page(HTMLParser):
    """The figures of a page, its text, and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.values: set[str] = set()
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "data":
            self.values.add(given["value"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said.append(data)


@pytest.mark.parametrize("name", EVERY)
def test_a_page_is_well_formed_and_has_one_first_heading(name: str) -> None:
    page = Page(shown(EVERY[name](), "html"))
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert "script" not in tags
    names = [given["id"] for _, given in page.tags if "id" in given]
    assert len(names) == len(set(names))
    assert not [given for _, given in page.tags if {"src", "onclick"} & given.keys()]
    assert all(str(given["href"]).startswith(("#", "data:,")) for _, given in page.tags if "href" in given)


def _numbers(value: Any) -> Iterator[Fraction]:
    match value:
        case dict():
            for each in value.values():
                yield from _numbers(each)
        case list():
            for each in value:
                yield from _numbers(each)
        case str() if re.fullmatch(r"-?\d+(\.\d+)?", value):
            yield number(value, digits=2000)
        case int() if not isinstance(value, bool):
            yield Fraction(value)


@pytest.mark.parametrize(
    "name",
    [
        "shipped",
        "worked-example",
        "open-book",
        "unwind",
        "rescue",
        "status",
        "stress",
        "history",
        "compare",
        "reconcile",
    ],
)
def test_the_figures_of_a_page_are_those_of_the_json(name: str) -> None:
    report = EVERY[name]()
    known = {plain(abs(each)) for each in _numbers(json.loads(shown(report, "json")))}
    page = Page(shown(report, "html")).values
    # counts of scenarios and wallets are told, and no figure of the report
    told = {each.lstrip("-") for each in page if "." in each or len(each) > 2}
    assert told - known == set()
    assert len(told) > 10


@pytest.mark.parametrize("name", EVERY)
def test_a_page_has_every_figure_of_the_screen(name: str) -> None:
    report = EVERY[name]()
    screen = formats.render("table", report, View(300, colour=False, portfolio=limits.portfolio()))
    page = re.sub(r"\s+", " ", " ".join(Page(shown(report, "html")).said)).replace("\N{NO-BREAK SPACE}", " ")
    for figure in re.findall(r"\$?\d[\d,]*\.\d+", curves.without(screen)):
        assert figure in page, figure


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("form", ["html", "md"])
def test_text_from_outside_is_never_markup(name: str, form: str) -> None:
    made = EVERY[name]()
    if not hasattr(made, "name"):
        pytest.skip("has no name")
    text = shown(replace(made, name="<b>|&*_x"), form)  # type: ignore[type-var]
    assert "<b>" not in text
    if form == "html":
        assert "&lt;b&gt;|&amp;*_x" in text
    elif name not in ("status", "calm"):  # their lines name no file
        assert r"\<b\>\|&amp;\*\_x" in text


@pytest.mark.parametrize("name", EVERY)
def test_tables_in_markdown_have_as_many_cells_in_every_row(name: str) -> None:
    width = 0
    for line in shown(EVERY[name](), "md").splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if line.startswith("|"):
            assert cells == (width or cells)
        width = cells if line.startswith("|") else 0


@pytest.mark.parametrize("name", EVERY)
def test_every_chart_is_a_picture_with_its_title_in_words(name: str) -> None:
    report = EVERY[name]()
    document = describe.document(report, View(100, colour=False, portfolio=limits.portfolio()))
    for _, picture in pictures(document):
        if not is_drawn(picture):
            continue
        drawn = ElementTree.fromstring(shown(report, "svg", picture.name))
        head = [each.tag.rpartition("}")[2] for each in drawn][:4]
        assert head == ["title", "desc", "style", "rect"]
        assert len(drawn[1].text or "") > 20
        wide, high = (float(drawn.attrib[each]) for each in ("width", "height"))
        for each in drawn.iter():
            x, y = (float(each.attrib.get(key, "0")) for key in ("x", "y"))
            assert -17 <= x <= wide
            assert -17 <= y <= high


def test_a_chart_that_there_is_not_names_those_there_are() -> None:
    with pytest.raises(
        UsageProblem, match="--chart path: this answer has no such chart; write one of weights, ladder, payoff, cost"
    ):
        shown(EVERY["shipped"](), "svg", "path")
    with pytest.raises(UsageProblem, match="this answer has no chart"):
        shown(EVERY["unrecorded"](), "svg")


def test_the_pictures_come_first_and_the_steps_before_the_rest() -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", shown(EVERY["shipped"](), "html"))
    assert titles[:3] == ["Drift", "Margin after", "Worth as prices move"]
    assert titles.index("Cost") < titles.index("Steps") < titles.index("Orders")


def test_the_steps_are_boxes_to_tick() -> None:
    plan = books.worked_example()
    assert isinstance(plan, Plan)
    page, text = shown(plan, "html"), shown(plan, "md")
    assert page.count('<input type="checkbox">') == text.count("- [ ] ") >= len(plan.steps) > 0
    assert '<li value="1"><label><input type="checkbox"> <span>' in page


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("0.9999 of it", "0.9999 of it"),
        ("12. of it", "12\\. of it"),
        ("3) of it", "3\\) of it"),
        ("1.", "1\\."),
        ("- of it", "\\- of it"),
        ("= 3", "\\= 3"),
    ],
)
def test_a_paragraph_begins_no_list_and_no_figure_gets_a_backslash(said: str, written: str) -> None:
    assert md._paragraph(said, answer=False) == written


def test_no_backslash_stands_before_a_figure() -> None:
    told = program.answered(
        "explain", "-p", str(ROOT / "portfolios" / "open-book.yaml"), "--format", "md", *program.NOW
    )
    assert told.code == 0
    assert not re.search(r"\\\d", told.out)
    one = ("explain", "leverage", "-p", str(ROOT / "portfolios" / "open-book.yaml"), "--format", "md", *program.NOW)
    assert not re.search(r"\\\d", program.answered(*one).out)
