"""The README's pictures are what its commands draw today. ``python tests/test_pictures.py`` renews them."""

import re
import shlex
from pathlib import Path

import pytest

from program import ROOT, answered

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line)[1:] for line in re.findall(r"^rebal .*--out \S+\.svg$", TEXT, re.MULTILINE)]
FOLDER = ROOT / "portfolios" / "pictures"


def drawn(command: list[str]) -> tuple[Path, str]:
    """The file that a command writes, and what it would write now."""
    *words, out, file = (str(ROOT / word) if word.endswith(".yaml") else word for word in command)
    assert out == "--out"
    done = answered(*words, "--format", "svg")
    assert (done.code, done.err) == (0, "")
    return ROOT / file, done.out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: Path(command[-1]).stem)
def test_a_picture_is_what_its_command_draws(command: list[str]) -> None:
    file, now = drawn(command)
    assert file.read_text(encoding="utf-8") == now, "python tests/test_pictures.py renews it"


def test_every_picture_is_made_by_a_command_and_shown_with_what_it_says() -> None:
    shown = dict(re.findall(r"!\[([^\]]+)\]\((portfolios/pictures/[^)]+)\)", TEXT))
    made = {command[-1] for command in COMMANDS}
    assert {*shown.values()} == made == {str(each.relative_to(ROOT)) for each in FOLDER.iterdir()}
    assert all(len(said) > 40 for said in shown)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in COMMANDS:
        path, text = drawn(each)
        path.write_text(text, encoding="utf-8")
