"""``rebal init``."""

import os
from typing import Annotated

import typer

from rebal.commands._answer import Answer, World
from rebal.errors import Unavailable, UsageProblem

EXAMPLES = ("rebal init", "rebal init accounts/cold.yaml")


def init(
    world: World,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", show_default=False, help="$REBAL_PORTFOLIO or portfolio.yaml if left out."),
    ] = None,
) -> Answer:
    """Write a commented starter file, never over an existing one."""
    from rebal import load

    path = file or world.portfolio
    _create(path, load.starter(now=world.now).encode())
    return Answer(remarks=(f"{path} is written; put your own figures in, then run: rebal plan {path}",))


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
