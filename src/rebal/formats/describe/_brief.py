"""The same in a few lines, for a look in passing: the answer, what to place, the nearest end, and what is not told."""

from collections.abc import Iterable, Sequence
from operator import itemgetter

from rebal.account_lines import AccountLine, NearestLine, path_words
from rebal.amounts import ONE, Fraction
from rebal.findings import Finding, Severity, is_unusual, sorted_out
from rebal.formats.describe import _findings, _orders
from rebal.formats.describe._phrases import FAR, away, counted, foreseeable, joined, without_funding
from rebal.formats.document import Block, Column, Document, Facts, Role, Table, Text
from rebal.formats.document.said import Figure, Kind, Medium, Said
from rebal.plan import AssetLine, Costs, Plan, Transfer, Wallet
from rebal.status import Status

_PAGE = Medium.PAGE
_ORDERS = (
    Column("", _orders.side, role=Role.NAME, left=True),
    Column("quantity", _orders.quantity, record="{}", role=Role.NAME),
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("at", _orders.at, record="at {}"),
    Column("dollars", "notional", Kind.DOLLARS, before="", after="dollars", record="{} USD"),
)
_WEIGHTS = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    Column("exposure $", "exposure", Kind.DOLLARS, "exposure", "dollars"),
    Column("weight", "weight", Kind.PERCENT),
    Column("target", "target_weight", Kind.PERCENT),
    Column("drift", "drift", Kind.POINTS, after="points"),
    Column("hedged", "hedge_ratio", Kind.PERCENT, when="hedge_ratio"),
)


def of_plan(plan: Plan, answer: Sequence[Block]) -> Document:
    """``answer``: the lines that a plan begins with."""
    return (
        *answer,
        Table(_ORDERS, plan.orders, word="order"),
        *_moved(plan),
        *_nearest(plan.wallets, plan.accounts),
        Facts(plan.costs, (_COST,), between=None, word="cost"),
        *_told(plan.findings),
    )


def of_status(status: Status, answer: Sequence[Block]) -> Document:
    """``answer``: the lines that a status begins with."""
    return (
        *answer,
        Table(_WEIGHTS, status.assets, word="drift", shown=_weighed(status.assets)),
        *_nearest(status.wallets, status.accounts),
        *_told(status.findings, sorted_out(status.findings)[0][:1]),
    )


def _weighed(assets: Sequence[AssetLine]) -> Sequence[AssetLine]:
    return [each for each in assets if each.weight is not None or each.hedge_ratio]


def _moved(plan: Plan) -> Iterable[Block]:
    """Coins in and coins out, each way of each account in one sentence; an account is named where there are several."""
    several = len(plan.accounts) > 1
    for account in dict.fromkeys(each.account if several else None for each in plan.transfers):
        here = [each for each in plan.transfers if each.account == account or not several]
        for way, chosen in (("move in", [t for t in here if t.quantity > 0]),
                            ("move out", [t for t in here if t.quantity < 0])):  # fmt: skip
            if chosen:
                at = f"at {account} " if account else ""
                yield Text((f"{way} {at}", *joined(map(_coins, chosen))), word=way.replace(" ", "-"))


def _coins(transfer: Transfer) -> Said:
    amount = Figure(abs(transfer.quantity), Kind.EXACT, transfer.asset)
    return (amount,) if transfer.contract is None else (amount, f" ({transfer.contract})")


def _nearest(wallets: Sequence[Wallet], accounts: Sequence[AccountLine]) -> Iterable[Block]:
    """The wallet or the pooled account whose liquidation is nearest, and the most leverage of any wallet."""
    levered = [each.leverage for each in wallets if each.leverage]
    pooled = [each for each in accounts if each.position_value]
    if not levered and not pooled:
        return
    ends = [*_ends(wallets), *((each.nearest.distance, _along(each, each.nearest)) for each in pooled if each.nearest)]
    lever: tuple[Said, ...] = ("; most leverage ", Figure(max(levered), Kind.TIMES)) if levered else ()
    if not ends and any(map(_moves, wallets)):
        yield Text(("nearest liquidation ", FAR, *lever), word="nearest")
        return
    if not ends:
        of = "wallet" if not pooled else "pooled account" if not levered else "wallet or pooled account"
        yield Text((f"no {of} is liquidated at any price", *lever), word="nearest")
        return
    _, nearest = min(ends, key=itemgetter(0))
    yield Text(("nearest liquidation ", *nearest, *lever), word="nearest")


def _ends(wallets: Sequence[Wallet]) -> Iterable[tuple[Fraction, tuple[Said, ...]]]:
    for each in wallets:
        seen = foreseeable(each.distance_below, each.distance_above)
        if moves := [distance for distance in seen if distance is not None]:
            yield min(moves), (f"{each.contract or each.currency} ", *away(*seen))


def _along(account: AccountLine, nearest: NearestLine) -> tuple[Said, ...]:
    move = Figure(nearest.factor - ONE, Kind.MOVE)
    return (f"{account.account or 'the account'} ", move, f" on {path_words(nearest.path)}")


def _moves(wallet: Wallet) -> list[Fraction]:
    return [each for each in (wallet.distance_below, wallet.distance_above) if each is not None]


def _told(findings: Sequence[Finding], said: Sequence[Finding] = ()) -> Iterable[Block]:
    """Errors and what is no usual warning in full, but what is ``said`` already, and how many others there are."""
    pressing, others = sorted_out(findings)
    told = [each for each in (*pressing, *others) if is_unusual(each)]
    if shown := [each for each in told if each not in said]:
        yield from _findings.section(shown).blocks  # a short answer has no room for a heading
    warnings, notes = (
        sum(each.severity is severity for each in findings if not is_unusual(each))
        for severity in (Severity.WARNING, Severity.INFO)
    )
    more = "more warning" if any(each.severity is Severity.WARNING for each in told) else "warning"
    counts = [counted(count, noun) for count, noun in ((warnings, more), (notes, "note")) if count]
    if counts:
        yield Text((f"{' and '.join(counts)} to be read without --brief",), word="more")


_COST = (
    Column("", lambda costs: ("fees ", Figure(costs.fees_usd, Kind.USD)), only=_PAGE),
    Column("", lambda costs: _funding(costs), only=_PAGE),
    Column("", "fees_usd", Kind.DOLLARS, record="fees {}", only=Medium.RECORDS),
    Column("", "funding_usd_per_day", Kind.DOLLARS, record="funding-per-day {}", only=Medium.RECORDS),
)


def _funding(costs: Costs) -> Said:
    day = costs.funding_usd_per_day
    if day is None:
        return "funding not known"
    if not day:
        return without_funding(costs)
    return (f"funding {'paid' if day > 0 else 'received'} ", Figure(abs(day), Kind.USD), " a day")
