"""``rebal status``."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands._account import Reconciling
from rebal.commands._answer import Answer, World
from rebal.commands._book import Opened, opened
from rebal.commands._cures import cured
from rebal.commands._exit_code import Reported
from rebal.commands._folders import are_many
from rebal.commands._jobs import Workers
from rebal.commands._options import Shown, Sources, Where
from rebal.commands._prices import Prices
from rebal.commands._typed import pasted, with_cures
from rebal.errors import Exit
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.commands._many import Market
    from rebal.commands._notify import Notifier
    from rebal.planner.review import Check
    from rebal.status import Status

EXAMPLES = (
    "rebal status",
    "rebal status /home/me/portfolio.yaml --quiet",
    "rebal status --format json --out status.json",
    "rebal status books/ --jobs 2 --market prices.yaml",
    "rebal status --market live --reconcile --quiet",
    "rebal status --quiet --notify 'mail -s rebal me@example.org'",
)


@frozen
class Watch:
    """What a watch kept by cron does beyond saying how things are."""

    notify: Annotated[
        str | None,
        typer.Option(
            "--notify", metavar="COMMAND", help="Give the JSON to a command, once per change of what is asked for."
        ),
    ] = None
    fallback: Annotated[
        str | None,
        typer.Option(
            "--fallback", metavar="FILE", help="Prices to judge by where the exchange of --market live is down."
        ),
    ] = None


def status(
    world: World, *, sources: Sources, shown: Shown, workers: Workers, watch: Watch, account: Reconciling
) -> Answer:
    """Say whether anything needs doing: drift, margin, liquidation, hedges.

    Leaves with 0 where nothing needs doing, 10 where an order is to be placed (action), 20 on a breach (attention): an
    alert level passed, prices too old, a liquidation due. Made for cron: with --quiet it is silent at 0. Of several
    portfolios it says a line each, the worst first, and the worst in detail; with --format json a line of JSON each,
    in the order given.
    --notify runs a command, without a shell, when what is asked for is another than it was told: a breach once, and
    again when it worsens or ends. It leaves with 4 where the command failed, which is tried again next time, and where
    an exchange is down: what --fallback lets judge is judged then. --reconcile reads the account at the exchange too:
    one that differs is something to do, a position that nobody recorded a breach; see rebal reconcile.
    """
    shown.check(world)
    workers.check()
    notifier = None if watch.notify is None else _notifier(watch.notify, world)
    if not are_many(sources):
        prices = None if watch.fallback is None else Prices(sources, world, watch.fallback)
        return _of_one(world, sources=sources, shown=shown, account=account, notifier=notifier, prices=prices)
    account.refuse_many()
    from rebal.commands._many import answered

    return answered(
        "status",
        _reported,
        world,
        sources=sources,
        shown=shown,
        workers=workers,
        notifier=notifier,
        fallback=watch.fallback,
    )


def _of_one(
    world: World,
    *,
    sources: Sources,
    shown: Shown,
    account: Reconciling,
    notifier: "Notifier | None",
    prices: Prices | None,
) -> Answer:
    market = None if prices is None else prices.parts
    book, found, _, code = _reported(sources, world, market, account=account, prices=prices)
    report = cured(found)
    said = () if code is Exit.DONE else (f"rebal: {sources.path(world)}: {report.summary}",)
    answer = shown.answer(
        report, world, code=code, portfolio=book.portfolio, inputs=book.files, remarks=said, where=sources
    )
    missing = () if prices is None else prices.missing
    lacking = () if prices is None else prices.lacking(at=book.portfolio.market.as_of, now=sources.time(world))
    if notifier is not None:
        again = sources.again(world)
        told = with_cures(report, again)
        failure = _notified(notifier, book, told, width=world.width, partial=bool(lacking))
        if failure is not None:
            remarks = (*(pasted(each, again) for each in said), *lacking, *missing, failure)
            return Answer(code=Exit.UNAVAILABLE, remarks=remarks)
    answer = answer._replace(remarks=(*answer.remarks, *lacking, *missing))
    return answer._replace(code=Exit.UNAVAILABLE, regardless=True) if lacking else answer


def _notifier(command: str, world: World) -> "Notifier":
    from rebal.commands._notify import Notifier

    return Notifier(command, world)


def _notified(notifier: "Notifier", book: Opened, report: "Status", *, width: int, partial: bool) -> str | None:
    from rebal.commands._notify import notice

    return notifier.tell(notice(report, file=book.path, journal=book.journal_path, width=width, partial=partial))


def _reported(
    where: Where,
    world: World,
    market: "Market" = None,
    *,
    account: Reconciling | None = None,
    prices: Prices | None = None,
) -> "Reported[Status]":
    book = opened(where, world, market=market)
    from rebal.planner.status import build_status

    extra = () if account is None else _of_account(account, book, where, world=world, prices=prices)
    checks = (*book.checks, *extra)
    report = build_status(book.portfolio, book.book, inputs=book.inputs, realised=book.realised, extra=checks)
    return Reported(book, report, report.needs.exit_code, report.needs.exit_code)


def _of_account(
    account: Reconciling, book: Opened, where: Where, *, world: World, prices: Prices | None
) -> "tuple[Check, ...]":
    """What the accounts say; nothing of one that is not to be had where the rest is to be judged all the same."""
    return account.checks(book, where, world, down=None if prices is None else prices.accounts_down)
