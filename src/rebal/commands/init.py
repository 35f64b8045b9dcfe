"""``rebal init``."""

import os
from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.commands._typed import typed
from rebal.errors import Unavailable, UsageProblem

EXAMPLES = ("rebal init", "rebal init accounts/cold.yaml", "rebal init --plain")


def init(
    world: World,
    *,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", show_default=False, help="$REBAL_PORTFOLIO or portfolio.yaml if left out."),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Ask nothing; write the example's figures.")] = False,
) -> Answer:
    """Write a commented starter file, never over an existing one.

    At a terminal it asks for venue, coins, quantities, weights, prices and funding, and of which kind the account is
    where new ones pool their coins, and writes those; on a pipe, and with --plain, it writes an example's.
    """
    from rebal import load

    path = file or world.portfolio
    if os.path.lexists(path):
        raise UsageProblem(f"{path} exists and is left as it is; name another file, or remove it first")
    if plain or world.prompt is None:
        _create(path, load.starter(now=world.now).encode())
        return Answer(remarks=(f"{path} is written; put your own figures in", _next(path)))
    from rebal.commands._start import asked

    given = asked(world)
    text = load.started(
        given.venue, now=world.now, holdings=given.holdings, targets=given.targets, prices=given.prices,
        margin=given.margin, funding=given.funding, example=given.example,
    )  # fmt: skip
    _create(path, text.encode())
    return Answer(remarks=(f"{path} is written, with a comment on every key that you may change", _next(path)))


def _next(path: str) -> str:
    return f"next: {typed('rebal', 'plan', path)}"


def _create(path: str, content: bytes) -> None:
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageProblem(f"{path} exists and is left as it is; name another file, or remove it first") from error
    except FileNotFoundError as error:
        raise UsageProblem(f"{path}: there is no such folder; create it first") from error
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
    except OSError as error:
        os.unlink(path)
        raise Unavailable(f"{path}: {error.strerror}") from error
