"""``rebal record``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from rebal.commands import _asked
from rebal.commands._answer import Answer, World
from rebal.commands._book import refuse_no_portfolio
from rebal.commands._complete import coins, contracts, entries, purposes
from rebal.commands._entry import (
    Again,
    DryRun,
    Entered,
    Time,
    Yes,
    clerk,
    content,
    figure,
    moved,
    price,
    single,
    told,
)
from rebal.commands._exchange import exchange
from rebal.commands._options import Shown, Where
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rebal.journal.drafts import Scene
    from rebal.journal.placed import Given, Moved
    from rebal.journal.saved import SavedPlan
    from rebal.ledger import Draft

HELP = """Write into the journal what was traded, moved and paid.

The journal is a file beside the portfolio, made by the first record. Entries are only ever added; a wrong one is voided
by another. From then on every command counts them on top of the statement.
"""
EXAMPLES = (
    "rebal record plan plan.json",
    "rebal record plan plan.json --fill BTCUSD_PERP=150@40010.5 --dry-run",
    "rebal record plan plan.json --fills trades.csv",
    "rebal record plan plan.json --fill BTCUSD_PERP=50@40010.5 --transfer BTC=0.1",
    "rebal record fill --contract BTCUSD_PERP --contracts -150 --price 40010 --fee 0.00018 --id 123456",
    "rebal record funding --contract BTCUSD_PERP --amount 0.000037 --time 2026-11-20T16:00:00Z",
    "rebal record transfer --asset BTC --quantity 0.375",
    "rebal record transfer --asset bybit:deribit:BTC --quantity -0.1",
    "rebal record spot --asset BTC --quantity -0.5 --price 40000 --against USDT",
    "rebal record void fill-1a2b3c4d5e6f --reason 'typed the wrong price'",
    "rebal record statement",
    "rebal record from history.json",
    "rebal record exchange --dry-run",
    "rebal record exchange --plan plan.json",
)

_Contract = Annotated[
    str,
    typer.Option("--contract", metavar="NAME", autocompletion=contracts, help="The contract, by the exchange's name."),
]
_Price = Annotated[str | None, typer.Option("--price", metavar="USD", help="USD per coin; the portfolio's without.")]

_Fill = Annotated[
    list[str] | None,
    typer.Option("--fill", metavar="CONTRACT=CONTRACTS@PRICE", help="A fill as it happened; CONTRACT=0: none yet."),
]
_Fills = Annotated[
    str | None, typer.Option("--fills", metavar="FILE", help="Fills as the exchange exports them, csv or json.")
]
_Transfer = Annotated[
    list[str] | None,
    typer.Option(
        "--transfer",
        metavar="ASSET=QUANTITY",
        help="What was moved in fact, + into the futures account; a contract for its margin; may be repeated.",
    ),
]


def plan(
    world: World,
    *,
    where: Where,
    shown: Shown,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The JSON of plan, hedge, unwind or rescue; - is stdin.")],
    fill: _Fill = None,
    fills: _Fills = None,
    transfer: _Transfer = None,
    time: Time = None,
    again: Again = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> Answer:
    """Record a saved plan: its transfers, its fills and the hedges asked for.

    Without --fill or --fills every order counts as filled at the plan's price; with them, only those count, none with
    --fill CONTRACT=0, and what a plan still lacks can be recorded later the same way. Coins to move in count as moved;
    coins to move out once every order before them is filled, and until then they stay open. --transfer says what was
    moved in fact; 0 where nothing was yet.

    Recording twice changes nothing: a fill of the same size and price is the same one, unless its --time or --again
    says otherwise. Refused where the statement, the journal or a contract is no longer what the plan was made from.

    --fills reads contract, side, contracts, price, fee, time, id; or the fields of the exchange's own trade records:
    Binance symbol, side, qty, price, commission, time, id; Bybit symbol, side, execQty, execPrice, execFee, execTime,
    execId; OKX instId, side, fillSz, fillPx, fee, fillTime or ts, tradeId; Deribit instrument_name, direction, amount,
    price, fee, timestamp, trade_id.
    """
    shown.check(world)
    fed = None if fill is None else [_given(each) for each in fill]
    shifted = [_moved(each) for each in transfer or ()]
    from rebal.journal import recording
    from rebal.journal.placed import Placed

    kept = _kept(file, where, world)
    at = clerk(where, world, Entered(time=time, again=again, yes=yes, dry_run=dry_run))
    export = None if fills is None else content(fills, where, world)
    placed = Placed(fed, shifted, at.time, again)
    return told(recording.plan(at, kept, placed, export=export), at, where=where, shown=shown, world=world)


def _kept(file: str, where: Where, world: World) -> "SavedPlan":
    """The saved plan of a portfolio that is there. Raises InvalidInput."""
    from rebal.journal import saved

    kept = saved.read(*content(file, where, world, is_plan=True))
    refuse_no_portfolio(where, world)
    return kept


_Purpose = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        metavar="NAME",
        autocompletion=purposes,
        help="rebalance or hedge; that of what is open without.",
    ),
]


def fill(
    world: World,
    *,
    where: Where,
    shown: Shown,
    entered: Entered,
    contract: _Contract,
    contracts: Annotated[str, typer.Option("--contracts", metavar="N", help="Contracts; negative where sold.")],
    at: Annotated[str, typer.Option("--price", metavar="USD", help="The price of the fill.")],
    fee: Annotated[
        str | None,
        typer.Option("--fee", metavar="COINS", help="In its settlement coin, + paid; else the taker or delivery fee."),
    ] = None,
    purpose: _Purpose = None,
) -> Answer:
    """Record a fill on a contract.

    It counts for the purpose that the contract is open for; for rebalance where nothing is open.
    """
    from rebal.journal import drafts

    size, cost, paid, notes = moved(contracts, option="--contracts"), price(at), None, list[str]()
    if fee is not None:
        paid = figure(fee, option="--fee")
    aim = _asked.purpose(purpose, option="--purpose")

    def make(scene: "Scene") -> "Sequence[Draft]":
        named = drafts.contract_named(scene, contract)
        parts = drafts.share(scene, named, contracts=size, purpose=aim)
        assert cost is not None
        notes[:] = [drafts.usual_fee(scene, named).note] if paid is None else []
        return [drafts.fill(scene, named, contracts=size, price=cost, fee=paid, parts=parts)]

    return single(where, shown, world=world, entered=entered, make=make, notes=notes)


def funding(
    world: World,
    *,
    where: Where,
    shown: Shown,
    entered: Entered,
    contract: _Contract,
    amount: Annotated[str, typer.Option("--amount", metavar="COINS", help="In the settlement coin, + received.")],
    at: _Price = None,
) -> Answer:
    """Record funding that a contract paid or cost."""
    from rebal.journal import drafts

    coins, worth = moved(amount, option="--amount"), price(at)

    def make(scene: "Scene") -> "Sequence[Draft]":
        return [drafts.funding(scene, drafts.contract_named(scene, contract), amount=coins, price=worth)]

    notes = ("its dollars are at the portfolio's price; give --price for that of its time",) if at is None else ()
    return single(where, shown, world=world, entered=entered, make=make, notes=notes)


def transfer(
    world: World,
    *,
    where: Where,
    shown: Shown,
    entered: Entered,
    asset: Annotated[
        str,
        typer.Option(
            "--asset", metavar="COIN", autocompletion=coins, help="The coin; FROM:TO:COIN on the way between accounts."
        ),
    ],
    quantity: Annotated[str, typer.Option("--quantity", metavar="COINS", help="+ into the futures account, - out.")],
    contract: Annotated[
        str | None,
        typer.Option(
            "--contract", metavar="NAME", autocompletion=contracts, help="The isolated position whose margin it is."
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="NAME", help="Which account, of a file with several.")
    ] = None,
) -> Answer:
    """Record coins moved into the futures account, or out of it.

    Coins from one account to another are two moves: what left, with -, and, once they are there, what came, with +.
    Meanwhile status tells them.
    """
    from rebal.journal import drafts

    coins = moved(quantity, option="--quantity")

    def make(scene: "Scene") -> "Sequence[Draft]":
        named = None if contract is None else drafts.contract_named(scene, contract)
        return [drafts.transfer(scene, asset, quantity=coins, contract=named, account=account)]

    return single(where, shown, world=world, entered=entered, make=make)


def spot(
    world: World,
    *,
    where: Where,
    shown: Shown,
    entered: Entered,
    asset: Annotated[
        str,
        typer.Option(
            "--asset", metavar="COIN", autocompletion=coins, help="The coin; FROM:TO:COIN where a network kept it."
        ),
    ],
    quantity: Annotated[str, typer.Option("--quantity", metavar="COINS", help="+ bought or come in, - sold or gone.")],
    at: Annotated[str | None, typer.Option("--price", metavar="USD", help="USD per coin.")] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="COIN", help="The dollars it was traded for; they move as well.")
    ] = None,
) -> Answer:
    """Record coins bought, sold, received or spent; this coin alone, unless --against says for what."""
    from rebal.journal import drafts

    coins, cost = moved(quantity, option="--quantity"), price(at)

    def make(scene: "Scene") -> "Sequence[Draft]":
        return drafts.spot(scene, asset, quantity=coins, price=cost, against=against)

    return single(where, shown, world=world, entered=entered, make=make)


def void(
    world: World,
    *,
    where: Where,
    shown: Shown,
    entered: Entered,
    entry: Annotated[
        str, typer.Argument(metavar="ID", autocompletion=entries, help="The entry's id, as rebal history shows it.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is not so.")],
) -> Answer:
    """Void an entry, as if it had never happened; it stays in the journal.

    Of a spot trade for dollars both sides are voided, whichever is named.
    """
    from rebal.journal import drafts

    def make(scene: "Scene") -> "Sequence[Draft]":
        return drafts.void(scene, entry, because=reason)

    return single(where, shown, world=world, entered=entered, make=make)


def statement(world: World, *, where: Where, shown: Shown, yes: Yes = False, dry_run: DryRun = False) -> Answer:
    """Record the file's statement as it is; where the journal adds up to something else, the difference too.

    Any other record does so too, before what it records, where the file has a statement that the journal has not.
    """
    shown.check(world)
    from rebal.journal import recording

    at = clerk(where, world, Entered(yes=yes, dry_run=dry_run))
    return told(recording.statement(at), at, where=where, shown=shown, world=world)


def rebuild(
    world: World,
    *,
    where: Where,
    shown: Shown,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What rebal history --format json or csv wrote.")],
    dry_run: DryRun = False,
) -> Answer:
    """Rebuild the journal from an exported history, entry for entry.

    The journal must be missing or the beginning of the export; every hash is checked before anything is written.
    """
    shown.check(world)
    at = clerk(where, world, Entered(dry_run=dry_run))
    from rebal.journal import exported, recording

    return told(
        recording.rebuild(at, exported.read(*content(file, where, world))), at, where=where, shown=shown, world=world
    )


SUBCOMMANDS: Mapping[str, Callable[..., Answer]] = {
    "plan": plan,
    "fill": fill,
    "funding": funding,
    "transfer": transfer,
    "spot": spot,
    "void": void,
    "statement": statement,
    "from": rebuild,
    "exchange": exchange,
}


def _given(text: str) -> "Given":
    from rebal.amounts import number
    from rebal.journal.exports import by_hand

    try:
        return by_hand(text, number)
    except ValueError as problem:
        raise UsageProblem(f"--fill {text}: {problem}; write CONTRACT=CONTRACTS@PRICE") from problem


def _moved(text: str) -> "Moved":
    from rebal.journal.placed import Moved

    name, _, quantity = text.partition("=")
    if not name or not quantity:
        raise UsageProblem(
            f"--transfer {text}: write ASSET=QUANTITY or ACCOUNT:ASSET=QUANTITY, + into the futures account"
        )
    return Moved(name, figure(quantity, option=f"--transfer {name}"))
