"""Two plans put side by side: every figure that both tell, and the rows that are not the same."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from rebal.amounts import ZERO, Fraction, plain
from rebal.book import Purpose
from rebal.findings import Finding
from rebal.plan import Order, Plan, Wallet
from rebal.reports.diff import (
    SCHEMA,
    Cause,
    CoinsChange,
    Diff,
    EquityChange,
    FigureChange,
    FindingChange,
    Found,
    Made,
    OrderChange,
    Place,
    PositionChange,
    PriceChange,
    Quote,
    TransferChange,
    WordChange,
)
from rebal.times import length, rfc3339

_APART = frozenset({"schema", "inputs"})
_OF_AN_ASSET = (
    "aimed_weight",
    "weight",
    "weight_after",
    "hedge_ratio",
    "hedge_ratio_after",
    "net_exposure",
    "net_exposure_after",
)
_OF_AN_ACCOUNT = ("equity", "share_of_equity", "credit", "initial_margin", "maintenance_margin", "margin_ratio")
_SETTINGS = ("leverage", "margin_mode")
_OF_A_WALLET = (
    "balance", "required", "leverage", "margin_ratio", "liquidation_below", "liquidation_above", "distance_below",
    "distance_above",
)  # fmt: skip
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Figures = Mapping[tuple[str, str], Fraction | None]


def diff(before: Plan, after: Plan, *, files: tuple[str, str]) -> Diff:
    """Put two plans side by side; ``files``: where each was read from."""
    both = before, after
    differs = tuple(
        each.name
        for each in fields(cast(Any, Plan))
        if each.name not in _APART and getattr(before, each.name) != getattr(after, each.name)
    )
    prices, coins, positions = tuple(_prices(*both)), tuple(_coins(*both)), tuple(_positions(*both))
    asked = tuple(each for each in _changes(_asked, *both) if _is_told(each))
    words = tuple(each for each in _words(*both) if _is_told(each))
    inputs = {Cause.PRICES: prices, Cause.COINS: coins, Cause.POSITIONS: positions}
    return Diff(
        schema=SCHEMA,
        command="diff",
        same=not differs,
        causes=_causes(before, after, inputs={**inputs, **_aims(asked, words)}, differs=bool(differs)),
        differs=differs,
        before=_made(before, files[0]),
        after=_made(after, files[1]),
        equity=_equity(before, after),
        orders=tuple(_orders(*both)),
        transfers=tuple(_transfers(*both)),
        prices=prices,
        coins=coins,
        positions=positions,
        asked=asked,
        words=words,
        assets=_changes(_of_assets, *both),
        wallets=_changes(_of_wallets, *both),
        accounts=_changes(_of_accounts, *both),
        costs=_changes(_of_costs, *both),
        findings=tuple(_findings(before.findings, after.findings)),
    )


def _is_told(row: FigureChange | WordChange) -> bool:
    # What to set is told of contracts that an order opens: of one plan alone it says nothing of the other. Dollars have
    # a row, and a target of nothing in it, only where a plan leaves some.
    if row.figure == "target_weight":
        return (row.before or ZERO) != (row.after or ZERO)
    return row.figure not in _SETTINGS or None not in (row.before, row.after)


def _made(plan: Plan, file: str) -> Made:
    inputs = plan.inputs
    return Made(
        file=file,
        command=plan.command,
        name=plan.name,
        venue=plan.venue,
        as_of=plan.as_of,
        now=inputs.now,
        market_as_of=inputs.market_as_of,
        statement_sha256=inputs.statement_sha256,
        journal_seq=inputs.journal_seq,
        version=inputs.version,
        refused=plan.refused,
    )


def _aims(asked: Sequence[FigureChange], words: Sequence[WordChange]) -> dict[Cause, Sequence[object]]:
    told = {each.figure for each in asked} | {each.figure for each in words}
    figures = {
        Cause.TARGETS: ("target_weight",),
        Cause.HEDGES: ("hedge", "until"),
        Cause.SETTINGS: (*_SETTINGS, "at_most"),
    }
    return {cause: [name for name in names if name in told] for cause, names in figures.items()}


def _causes(before: Plan, after: Plan, *, inputs: Mapping[Cause, Sequence[object]], differs: bool) -> tuple[Cause, ...]:
    found = {cause for cause, changed in inputs.items() if changed}
    rules = before.inputs.policy, after.inputs.policy
    if None not in rules and rules[0] != rules[1]:
        found.add(Cause.POLICY)
    pairs = {
        Cause.PORTFOLIO: (before.name, after.name),
        Cause.VENUE: (before.venue, after.venue),
        Cause.COMMAND: (before.command, after.command),
        Cause.VERSION: (before.inputs.version, after.inputs.version),
    }
    found |= {cause for cause, (was, now) in pairs.items() if was != now}
    if differs and not found:
        found = {Cause.OTHER}
    return tuple(cause for cause in Cause if cause in found)


def _equity(before: Plan, after: Plan) -> EquityChange:
    held = ({each.asset: each for each in plan.assets} for plan in (before, after))
    by_prices = by_coins = ZERO
    for _, was, now in _paired(*held):
        if was is not None and now is not None:
            by_prices += was.holding * (now.price - was.price)
            by_coins += (now.holding - was.holding) * now.price
        elif now is not None:
            by_coins += now.holding * now.price
        elif was is not None:
            by_coins -= was.holding * was.price
    difference = after.equity - before.equity
    return EquityChange(before.equity, after.equity, difference, by_prices, by_coins, difference - by_prices - by_coins)


def _prices(before: Plan, after: Plan) -> Iterator[PriceChange]:
    for (quote, name), was, now in _paired(_quoted(before), _quoted(after)):
        # Of a coin or a contract that is in one plan alone, the other does not say what its price was.
        if was is not None and now is not None and was != now:
            yield PriceChange(name, quote, was, now, now - was, now / was - 1)


def _quoted(plan: Plan) -> dict[tuple[Quote, str], Fraction]:
    marks = {(Quote.MARK, each.contract): each.price for each in plan.orders}
    open_now = {(Quote.MARK, each.contract): each.mark_price for each in plan.positions}
    return {**{(Quote.INDEX, each.asset): each.price for each in plan.assets}, **marks, **open_now}


def _coins(before: Plan, after: Plan) -> Iterator[CoinsChange]:
    for (place, asset, contract, account), was, now in _paired(_held(before), _held(after)):
        was, now = was or ZERO, now or ZERO
        if was != now:
            yield CoinsChange(asset, place, contract, was, now, now - was, account)


def _held(plan: Plan) -> dict[tuple[Place, str, str | None, str | None], Fraction]:
    found: dict[tuple[Place, str, str | None, str | None], Fraction] = {}
    found |= {(Place.HELD, each.asset, None, None): each.holding for each in plan.assets}
    for each in plan.wallets:
        found[Place.WALLET, each.currency, each.contract, _account(plan, each.account)] = each.before.balance
    return found


def _positions(before: Plan, after: Plan) -> Iterator[PositionChange]:
    lines = ({each.contract: each for each in plan.positions} for plan in (before, after))
    for contract, was, now in _paired(*lines):
        some = now or was
        had, has = (ZERO if each is None else each.contracts_before for each in (was, now))
        if some is not None and had != has:
            account = _account(after if some is now else before, some.account)
            yield PositionChange(contract, some.asset, had, has, has - had, account)


def _orders(before: Plan, after: Plan) -> Iterator[OrderChange]:
    for (contract, purpose, stands_for), was, now in _paired(_ordered(before), _ordered(after)):
        (had, usd_had, price_had, _), (has, usd_has, price_has, _) = was or _NOTHING, now or _NOTHING
        if (had, price_had) != (has, price_has):
            plan, order = (before, was[3]) if now is None and was is not None else (after, (now or _NOTHING)[3])
            assert order is not None
            account = _account(plan, order.account)
            moved = had, has, has - had, usd_had, usd_has, price_had, price_has
            yield OrderChange(contract, order.asset, purpose, stands_for, *moved, account)


_Ordered = tuple[Fraction, Fraction, Fraction | None, Order | None]
_NOTHING: _Ordered = (ZERO, ZERO, None, None)


def _ordered(plan: Plan) -> dict[tuple[str, Purpose, tuple[str, ...]], _Ordered]:
    """Contracts, dollars and price by contract and purpose; a part has its share of its order's dollars."""
    found: dict[tuple[str, Purpose, tuple[str, ...]], _Ordered] = {}
    for order in plan.orders:
        price = order.price if order.limit_price is None else order.limit_price
        for part in order.parts:
            key = order.contract, part.purpose, part.stands_for
            contracts, usd, _, _ = found.get(key, _NOTHING)
            share = order.notional * part.contracts / order.contracts
            found[key] = contracts + part.contracts, usd + share, price, order
    return found


def _transfers(before: Plan, after: Plan) -> Iterator[TransferChange]:
    for (asset, contract, account), was, now in _paired(_moved(before), _moved(after)):
        had, has = was or ZERO, now or ZERO
        if had != has:
            yield TransferChange(asset, contract, had, has, has - had, account)


def _moved(plan: Plan) -> dict[tuple[str, str | None, str | None], Fraction]:
    found: dict[tuple[str, str | None, str | None], Fraction] = defaultdict(lambda: ZERO)
    for each in plan.transfers:
        found[each.asset, each.contract, _account(plan, each.account)] += each.quantity
    return found


def _changes(told: Callable[[Plan], _Figures], before: Plan, after: Plan) -> tuple[FigureChange, ...]:
    return tuple(
        FigureChange(subject, figure, was, now, _less(now, was))
        for (subject, figure), was, now in _paired(told(before), told(after))
        if was != now
    )


def _asked(plan: Plan) -> _Figures:
    targets = {(each.asset, "target_weight"): each.target_weight for each in plan.assets}
    hedges = {(each.asset, "hedge"): each.fraction for each in plan.hedges}
    limits = {(each.account, "at_most"): each.at_most for each in plan.accounts if each.account is not None}
    return {**targets, **hedges, **limits, **{(each.contract, "leverage"): each.leverage for each in plan.settings}}


def _of_assets(plan: Plan) -> _Figures:
    return {(each.asset, name): getattr(each, name) for each in plan.assets for name in _OF_AN_ASSET}


def _of_wallets(plan: Plan) -> _Figures:
    return {(_wallet(plan, each), name): getattr(each, name) for each in plan.wallets for name in _OF_A_WALLET}


def _wallet(plan: Plan, wallet: Wallet) -> str:
    """How a wallet is called: by the contract whose margin it is, else its coin, behind its account where several."""
    account = None if wallet.contract is not None else _account(plan, wallet.account)
    name = wallet.contract or wallet.currency
    return name if account is None else f"{account}:{name}"


def _of_accounts(plan: Plan) -> _Figures:
    named = [(each.account, each) for each in plan.accounts if each.account is not None]
    figures = {(name, figure): getattr(each, figure) for name, each in named for figure in _OF_AN_ACCOUNT}
    nearest = {(name, "nearest"): each.nearest.distance for name, each in named if each.nearest is not None}
    return {**figures, **nearest}


def _of_costs(plan: Plan) -> _Figures:
    costs = plan.costs
    whole = {("plan", name): getattr(costs, name) for name in ("fees_usd", "funding_usd_per_day")}
    each = {
        (line.contract, name): getattr(line, name)
        for line in costs.breakdown
        for name in ("fee_usd", "funding_usd_per_day")
    }
    return {**whole, **each}


def _words(before: Plan, after: Plan) -> Iterator[WordChange]:
    told = _said(before), _said(after)
    if before.inputs.policy is not None and after.inputs.policy is not None:
        for words, policy in zip(told, (before.inputs.policy, after.inputs.policy), strict=True):
            words.update(_rules(policy))
    for (subject, figure), was, now in _paired(*told):
        if was != now:
            yield WordChange(subject, figure, was, now)


def _rules(policy: Any, within: str = "") -> Iterator[tuple[tuple[str, str], str]]:
    """Every rule by its path, as the portfolio file has it; one that is not given is not told."""
    for each in fields(policy):
        value, name = getattr(policy, each.name), f"{within}{each.name}"
        if is_dataclass(value):
            yield from _rules(value, f"{name}.")
        elif value is not None:
            yield ("policy", name), _written(value)


def _written(value: Any) -> str:
    match value:
        case Fraction():
            return plain(value)
        case timedelta():
            return length(value)
        case tuple():
            return ", ".join(map(_written, value))
        case _:
            return str(value)


def _said(plan: Plan) -> dict[tuple[str, str], str]:
    until = {(each.asset, "until"): rfc3339(each.until) for each in plan.hedges if each.until is not None}
    modes = {(each.contract, "margin_mode"): each.margin_mode.value for each in plan.settings}
    outside = {
        (each.asset, "outside_band"): "yes" if each.outside_band else "no"
        for each in plan.assets
        if each.outside_band is not None
    }
    return {**until, **modes, **outside}


def _findings(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[FindingChange]:
    """What both have alike is left out; what is left of one code and subject is paired in its order."""
    gone = [each for each in before if each not in after]
    for each in after:
        if each in before:
            continue
        was = next((one for one in gone if (one.code, one.subject) == (each.code, each.subject)), None)
        told = each.severity, each.code.value, each.subject, each.message
        if was is None:
            yield FindingChange(Found.NEW, *told)
        else:
            gone.remove(was)
            yield FindingChange(Found.CHANGED, *told, was.severity, was.message)
    for each in gone:
        yield FindingChange(Found.GONE, each.severity, each.code.value, each.subject, each.message)


def _account(plan: Plan, name: str | None) -> str | None:
    """The account that a row is of, None where there is but one: its name is then no part of what changed."""
    return name if len(plan.accounts) > 1 else None


def _less(now: Fraction | None, was: Fraction | None) -> Fraction | None:
    return None if now is None or was is None else now - was


def _paired(
    before: Mapping[_Key, _Value], after: Mapping[_Key, _Value]
) -> Iterator[tuple[_Key, _Value | None, _Value | None]]:
    """Each key of either, those of the first in its order and then the others."""
    for key in (*before, *(key for key in after if key not in before)):
        yield key, before.get(key), after.get(key)
