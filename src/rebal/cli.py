"""The command line: finds the commands, tells them of the machine, and turns what happens into an exit code."""

import contextlib
import gc
import io
import os
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, NoReturn, TextIO, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from rebal import __version__, commands, discover
from rebal.commands import _completion as _completion_scripts
from rebal.commands._answer import Answer, World
from rebal.errors import Exit, InvalidInput, RebalError, UsageProblem
from rebal.exchange.deadline import Network

_SILENT_ON_STDOUT = frozenset({Exit.USAGE, Exit.INVALID_INPUT, Exit.UNAVAILABLE, Exit.INTERNAL})
_OUR_SIGNS = "−–·×±≤≥→─━│█▌▐┤┬└"
_DEFAULT_WIDTH = 100
_NARROWEST, _WIDEST = 20, 1_000


def main() -> NoReturn:
    """Run the program and leave with its exit code."""
    # A run is over before its garbage is worth collecting, and a frozen heap is not searched again on the way out.
    gc.disable()
    # We bring no pydantic plugins, and looking for other people's takes a tenth of the time to an answer.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    code = run(sys.argv[1:], leave=os._exit)
    gc.freeze()
    sys.exit(code)


def run(arguments: Sequence[str], *, network: Network | None = None, leave: Callable[[int], object] = Exit) -> Exit:
    """Answer one command line on stdout and stderr, and say with which code to leave.

    ``network``: how exchanges are reached, the machine's own unless given. ``leave``: ends the process at once, where
    nothing but memory is left of the answer: to free a large book object by object takes longer.
    """
    try:
        world = _world(os.environ, network)._replace(words=tuple(arguments))
        answer = _answer(arguments, world)
        code = _handed_over(answer)
        if answer.made_from is not None:
            leave(code)
        return code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _world(environ: Mapping[str, str], network: Network | None = None) -> World:
    terminal, attended = _is_terminal(sys.stdout), _is_terminal(sys.stdin) and _is_terminal(sys.stderr)
    return World(
        now=datetime.now(UTC),
        portfolio=environ.get("REBAL_PORTFOLIO") or "portfolio.yaml",
        terminal=terminal,
        width=_width(environ),
        colour=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
        grounds=environ.get("COLORFGBG", ""),
        signs=_carries_signs(sys.stdout),
        ask=_ask if attended else None,
        prompt=_prompt if attended else None,
        network=network or Network(time.monotonic, time.sleep),
        environment=environ.get,
        data=_data(environ),
        progress=_paint if _is_terminal(sys.stderr) and environ.get("TERM") != "dumb" else None,
    )


def _data(environ: Mapping[str, str]) -> str | None:
    """Our folder below $XDG_DATA_HOME, which counts where it is absolute; else ~/.local/share, or Windows' own."""
    here = os.path.join(environ.get("HOME", ""), ".local", "share")
    shared = next(
        filter(os.path.isabs, (environ.get("XDG_DATA_HOME", ""), environ.get("LOCALAPPDATA", ""), here)), None
    )
    return None if shared is None else os.path.join(shared, "rebal")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _ask(question: str) -> bool:
    """Ask on the terminal; anything but a yes, and the end of input, is a no."""
    _say(f"{question} [y/N]")
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _prompt(question: str) -> str | None:
    """Ask on the terminal for a line; None at the end of input."""
    _say(question)
    line = sys.stdin.readline()
    return line.rstrip("\r\n") if line else None


def _paint(line: str) -> None:
    """Show a line on stderr in the place of the last one shown so; an empty one leaves nothing behind."""
    with contextlib.suppress(OSError, ValueError):
        print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)


def _width(environ: Mapping[str, str]) -> int:
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (AttributeError, OSError, ValueError):
        columns = 0
    given = environ.get("COLUMNS", "")
    if columns == 0 and given.isascii() and given.isdigit():
        columns = int(given[:9])
    return min(max(columns, _NARROWEST), _WIDEST) if columns else _DEFAULT_WIDTH


def _carries_signs(stream: TextIO | None) -> bool:
    try:
        _OUR_SIGNS.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _answer(arguments: Sequence[str], world: World) -> Answer:
    # Help, version and completion print as they are found; kept here, they meet a closed or full stdout like a plan.
    printed = io.StringIO()
    if len(arguments) == 2 and arguments[0] == "--show-completion":
        return _completion(arguments[1])
    if "--install-completion" in arguments[:1]:
        _completion_scripts.prepare()
    try:
        with contextlib.redirect_stdout(printed):
            outcome = _group(world).main(list(arguments), prog_name="rebal", standalone_mode=False)
    except RebalError as error:
        return Answer(code=error.exit_code, remarks=(_told(error),))
    except typer.TyperException as error:
        return Answer(code=Exit.USAGE, remarks=(_usage(error),))
    except SystemExit as done:
        outcome = done.code
    except Exception:
        return _broken()
    return outcome if isinstance(outcome, Answer) else Answer(printed.getvalue(), Exit(outcome or Exit.DONE))


def _broken() -> Answer:
    """The answer that an error of ours ends in; called where it was caught."""
    import traceback

    return Answer(code=Exit.INTERNAL, remarks=(traceback.format_exc(), "rebal: internal error; please report it"))


def _completion(shell: str) -> Answer:
    """The completion script of the shell that is named; typer's own option finds out which one runs."""
    if shell not in _completion_scripts.SHELLS:
        known = ", ".join(_completion_scripts.SHELLS)
        return Answer(code=Exit.USAGE, remarks=(f"rebal: --show-completion {shell}: write one of {known}",))
    return Answer(_completion_scripts.script(shell))


def _told(error: RebalError) -> str:
    # The problems of a file stand in the form that editors jump to, so nothing goes before them.
    return str(error) if isinstance(error, InvalidInput) else f"rebal: {error}"


def _usage(error: typer.TyperException) -> str:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "rebal"
    return message if message.startswith("Usage:") else f"{command}: {message}\nTry '{command} --help'."


def _handed_over(answer: Answer) -> Exit:
    if answer.parts is not None:
        with contextlib.closing(answer.parts) as parts:
            answer = _streamed(parts)
    code, remarks = answer.code, answer.remarks
    if answer.text and (answer.regardless or code not in _SILENT_ON_STDOUT):
        failure = _written(*([answer.text] if isinstance(answer.text, str) else answer.text))
        if failure:
            code, remarks = Exit.UNAVAILABLE, (*remarks, f"rebal: stdout: {failure}")
    if remarks:
        _say(*remarks)
    return code


def _streamed(parts: Generator[str, None, Answer]) -> Answer:
    """Print the parts of an answer as they come; what is left of it."""
    try:
        while True:
            failure = _written(next(parts))
            if failure:
                return Answer(code=Exit.UNAVAILABLE, remarks=(f"rebal: stdout: {failure}",))
    except StopIteration as ended:
        left: Answer = ended.value
        return left
    except RebalError as error:
        return Answer(code=error.exit_code, remarks=(_told(error),))
    except Exception:
        return _broken()


_AT_ONCE = 1 << 20


def _written(*texts: str) -> str | None:
    """Print to stdout, now; why that failed, None where it did not or the reader went away."""
    stream = sys.stdout
    if stream is None:
        return "it is closed"
    try:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
        for text in texts:
            for begin in range(0, len(text), _AT_ONCE):  # all at once it would be encoded all at once
                stream.write(text[begin : begin + _AT_ONCE])
        stream.flush()
    except BrokenPipeError:
        _abandon(stream)
    except (OSError, ValueError) as error:
        _abandon(stream)
        return getattr(error, "strerror", None) or "it is closed"
    return None


def _say(*remarks: str) -> None:
    """Print to stderr, with control and direction characters spelled out: file names and arguments may hold any."""
    stream = sys.stderr
    if stream is None:
        return
    text = "\n".join(remark.rstrip("\n") for remark in remarks)
    if not text.replace("\n", "").isprintable():
        text = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    try:
        print(text, file=stream, flush=True)
    except (OSError, ValueError):
        _abandon(stream)


def _abandon(stream: TextIO) -> None:
    # What is left in the buffer would fail again at interpreter exit, with noise and another exit code.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Verbatim:
    """In place of typer's coercion, which imports pydantic and builds an adapter for every parameter of a command.

    Parameters of ours are text or flags, so there is nothing to coerce.
    """

    def coerce(self, value: Any, *, param: Any, ctx: object) -> Any:
        return () if value is None and (param.multiple or param.nargs == -1) else value


_VERBATIM = _Verbatim()


class _Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return _verbatim(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # The parser keeps the last of an option that is given again, and says nothing of the others.
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for param in given:
            if param.multiple or getattr(param, "is_flag", False) or given.count(param) == 1:
                continue
            once = f"write all of it as one, {param.metavar}" if "," in (param.metavar or "") else "give it once"
            raise UsageProblem(f"{param.opts[0]} is given more than once; {once}")
        return super().parse_args(ctx, args)


class _Subgroup(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _verbatim(super().get_params(ctx))


class _Group(TyperGroup):
    """The commands by name; a command's module is imported when that command is asked for."""

    world: World

    def get_params(self, ctx: Any) -> list[Any]:
        return _verbatim(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _command(cmd_name, self.world) if cmd_name in self.commands else None


def _verbatim(parameters: Sequence[Any]) -> list[Any]:
    for parameter in parameters:
        parameter._runtime_param = _VERBATIM
    return list(parameters)


def _group(world: World) -> _Group:
    app = typer.Typer(cls=_Group, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.callback(help=_HELP)(_options)
    group = cast(_Group, get_command(app))
    group.world = world
    group.commands = dict.fromkeys(discover.names(commands), cast(Any, None))
    return group


_HELP = """Rebalance and hedge coins with inverse futures, without selling them.

Start with 'rebal init', edit portfolio.yaml, then run 'rebal plan'.
"""


def _show_version(*, asked: bool) -> None:
    if asked:
        print(f"rebal {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def _command(name: str, world: World) -> Any:
    """A command of one module: a function of its name, or a group of those that its ``SUBCOMMANDS`` name."""
    module = discover.load(commands, name)
    subcommands: Mapping[str, Callable[..., Answer]] | None = getattr(module, "SUBCOMMANDS", None)
    if subcommands is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        _add(app, name, function=getattr(module, name), examples=module.EXAMPLES, world=world)
        return get_command(app)
    group = typer.Typer(name=name, cls=_Subgroup, add_completion=False, rich_markup_mode=None, no_args_is_help=True)
    group.callback(short_help=module.HELP.partition("\n")[0], epilog=_examples(module.EXAMPLES))(_nothing)
    group.info.help = module.HELP
    for subcommand, function in subcommands.items():
        _add(
            group,
            subcommand,
            function=function,
            examples=[line for line in module.EXAMPLES if f" {subcommand}" in line],
            world=world,
        )
    return get_command(group)


def _add(
    app: typer.Typer, name: str, *, function: Callable[..., Answer], examples: Sequence[str], world: World
) -> None:
    app.command(
        name,
        cls=_Command,
        short_help=(function.__doc__ or "").partition("\n")[0],
        epilog=_examples(examples),
    )(_spelled_out(function, world))


def _examples(lines: Sequence[str]) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _nothing() -> None:
    """Take no options of its own."""


def _spelled_out(function: Callable[..., Answer], world: World) -> Callable[..., Answer]:
    """The function with each group of options, a dataclass, replaced by its fields: typer reads single parameters."""
    groups: dict[str, Any] = {}
    spelled: list[Parameter] = []
    for parameter in signature(function).parameters.values():
        if parameter.annotation is World:
            continue
        if is_dataclass(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            spelled += _fields(parameter.annotation)
        else:
            spelled.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))

    def call(**given: Any) -> Answer:
        grouped = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return function(world, **grouped, **given)

    call.__doc__ = function.__doc__
    call.__signature__ = Signature(spelled)  # type: ignore[attr-defined]
    return call


def _fields(group: Any) -> list[Parameter]:
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type)
        for field in fields(group)
    ]
