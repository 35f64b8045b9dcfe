"""What a shell offers while a command line is typed: names out of the portfolio that is meant, or nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_args, get_origin

import typer

from rebal.commands._answer import World

if TYPE_CHECKING:
    from rebal.portfolio import Portfolio

_Offer = Callable[[typer.Context], Iterable[str]]
_PLANS = ("hedge", "unwind", "rescue")


def _offered(offer: _Offer) -> Callable[[typer.Context, str], list[str]]:
    """What begins as typed; nothing where the file cannot be read: a message would land in the line being typed."""

    @wraps(offer)
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return sorted(name for name in set(offer(ctx)) if name.startswith(incomplete))
        except Exception:
            return []

    # typer looks at annotations to tell what to hand over.
    complete.__annotations__ = {"ctx": typer.Context, "incomplete": str}
    del complete.__wrapped__
    return complete


@_offered
def coins(ctx: typer.Context) -> Iterable[str]:
    """The coins held and wanted."""
    portfolio = _portfolio(ctx)
    return {*portfolio.holdings, *(portfolio.targets or ())} - portfolio.cash - portfolio.aside


@_offered
def contracts(ctx: typer.Context) -> Iterable[str]:
    """The contracts of the coins."""
    return _portfolio(ctx).contracts


@_offered
def purposes(_: typer.Context) -> Iterable[str]:
    """What futures are for."""
    from rebal.book import Purpose

    return tuple(Purpose)


@_offered
def sections(ctx: typer.Context) -> Iterable[str]:
    """The tables of a command's answer."""
    from importlib import import_module

    from rebal.journal.answers import REPORTS

    command = ctx.info_name or ""
    module, _, name = REPORTS[f"rebal/{'plan' if command in _PLANS else command}/1"].rpartition(".")
    listed: Any = fields(getattr(import_module(module), name))
    lists = (each for each in listed if get_origin(each.type) in (tuple, Sequence))
    return [each.name for each in lists if is_dataclass(get_args(each.type)[0])]


@_offered
def entries(ctx: typer.Context) -> Iterable[str]:
    """The ids of the journal."""
    from rebal import journal

    path = ctx.params.get("journal") or _portfolio(ctx).journal
    return () if path is None else [entry.id for entry in journal.read(path).entries]


def _portfolio(ctx: typer.Context) -> "Portfolio":
    from rebal import load
    from rebal.commands._options import shelf

    world: World = ctx.find_root().command.world  # type: ignore[attr-defined]
    path = ctx.params.get("file") or ctx.params.get("portfolio") or world.portfolio
    if path == "-":
        raise ValueError("stdin is not to be read while a line is typed")
    return load.portfolio(path, now=world.now, market=ctx.params.get("market"), shelf=shelf(world))
