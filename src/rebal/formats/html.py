"""HTML: one page that asks nothing of anyone; it has its style and its pictures in it, and no script."""

import re
from html import escape
from pathlib import Path

from rebal.formats import Report, View, describe, kind
from rebal.formats.paper import body
from rebal.formats.picture.drawn import STYLE

_STYLE = Path(body.__file__).with_name("paper.css").read_text(encoding="utf-8")
_TABLE = re.compile(r'<table role="table" class="to(\d+)">')
_HEADING = re.compile(r'<(?:section id="([^"]+)"><h2|h2 class="topic" id="([^"]+)")>(.*?)</h2>')
_ABOUT = re.compile(r'<span class="phrase">(.*?)</span>')
_ANSWER = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_FEWEST_SECTIONS = 3


def render(report: Report, view: View) -> str:
    """Lay a report out on a page of its own, light or dark, for a phone or for A4."""
    inside = "\n".join(body.body(describe.document(report, view), body.Part("", 1, "s")))
    answer = _ANSWER.search(inside)
    said = " ".join(_TAG.sub("", answer[1]).split()) if answer else escape(kind(report).capitalize())
    name = escape(getattr(report, "name", ""))
    head = "" if answer else f"<h1>{said}</h1>\n"
    style = f"{STYLE}{_STYLE}{''.join(map(_cards, sorted(set(map(int, _TABLE.findall(inside))))))}"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{f'{name}: ' if name else ''}{said}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{_around(head, inside)}</body>\n</html>\n"
    )


def _around(head: str, inside: str) -> str:
    """The links behind an answer, which comes first, and before what has none."""
    if not head:
        return f"<main>\n{inside}\n</main>\n{_contents(inside)}"
    return f"<header>\n{head}</header>\n{_contents(inside)}<main>\n{inside}\n</main>\n"


def _contents(inside: str) -> str:
    """Links to the sections, for who does not want to scroll."""
    found = _HEADING.findall(inside)
    if len(found) < _FEWEST_SECTIONS:
        return ""
    links = "".join(f'<a href="#{key or topic}">{_TAG.sub("", _first(title))}</a>\n' for key, topic, title in found)
    return f'<nav aria-label="Sections">\n{links}</nav>\n'


def _first(title: str) -> str:
    """The title alone of one that says more."""
    phrase = _ABOUT.search(title)
    return phrase[1] if phrase else title


def _cards(wide: int) -> str:
    """The rules by which tables of a width become a card a row where there is less room than that."""
    of = f"table.to{wide}"
    return (
        f"@container (max-width: {wide}px) {{\n"
        f"  {of}, {of} tbody, {of} tr, {of} td, {of} th {{ display: block; text-align: left; }}\n"
        f"  {of} thead {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}\n"
        f"  {of} {{ width: 100%; }}\n"
        f"  {of} tr {{ border-top: 1px solid var(--hair); padding: .45rem 0; display: grid; column-gap: 2.5rem; "
        "grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }\n"
        f"  {of} tr > th, {of} tr.below > td {{ grid-column: 1 / -1; }}\n"
        f"  {of} tr.below {{ border-top: 0; padding-top: 0; }}\n"
        f"  {of} th, {of} td, {of} td data {{ white-space: normal; }}\n"
        f"  {of} td.none {{ display: none; }}\n"
        f"  {of} tr > * {{ border: 0; padding: .1rem 0; }}\n"
        f"  {of} td[data-label] {{ display: flex; justify-content: space-between; gap: 1rem; }}\n"
        f"  {of} td[data-label] > span {{ text-align: right; }}\n"
        f"  {of} td[data-label]::before {{ content: attr(data-label); color: var(--dim); flex: none; }}\n"
        "}\n"
    )
