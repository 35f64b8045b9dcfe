"""Whether a wallet can be liquidated, how far away that is, and what it would take."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from rebal.amounts import ONE, ZERO, Fraction, plain
from rebal.book import MarginMode
from rebal.formats.describe import _ladder
from rebal.formats.describe._phrases import DUE, FAR, away, foreseeable, joined
from rebal.formats.document import Column, Place, Role, Section, Table, Text
from rebal.formats.document.charts import Strips
from rebal.formats.document.said import (
    BOLD,
    GLUE,
    GREEN,
    RED,
    YELLOW,
    Absent,
    Bar,
    Change,
    Figure,
    Inked,
    Kind,
    Medium,
    Said,
)
from rebal.plan import Standing, Transfer, Wallet
from rebal.policy import Policy

_State = Standing | Wallet
_Columns = tuple[Column, ...]
_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_FAR, _NEAR = Fraction(1, 2), Fraction(35, 100)
"""Where a distance turns from green to yellow to red if no policy says: the policy's own defaults."""
_AT_INDEX = "liquidation prices are the index's"
_OF_EACH = "required: the least of each coin that keeps the policy, the others as they are; rows do not add up"
_FORESEEABLE = 730
"""Days: an alert that today's funding would bring later than this is left out of a page, at any width."""


def after(wallets: Sequence[Wallet], transfers: Sequence[Transfer], limits: Policy | None) -> Section:
    """A row a wallet after the plan, with what it was where the book was open."""
    moved: dict[tuple[str | None, str, str | None], Fraction] = defaultdict(Fraction)
    for each in transfers:
        moved[each.account, each.asset, each.contract] += each.quantity
    several, wallets = _has_several(wallets), _apart(wallets)
    table = Table(_columns(moved, limits, planned=True, several=several), wallets, word="wallet")
    return _section("Margin after", _least(limits), wallets, table, drawn=_ladder.chart(wallets, limits, planned=True))


def now(wallets: Sequence[Wallet], limits: Policy | None, *, only: Medium | None = None) -> Section:
    """A row a wallet as it stands."""
    several, wallets = _has_several(wallets), _apart(wallets)
    table = Table(_columns({}, limits, planned=False, several=several), wallets, word="wallet")
    drawn = _ladder.chart(wallets, limits, planned=False)
    return _section("Margin", _alert(limits), wallets, table, drawn=drawn, only=only)


def pooled(wallets: Sequence[Wallet], *, planned: bool) -> Section:
    """A row a coin of a pooled account; what can become of it is a matter of the account."""
    rows = [each for each in wallets if each.mode is MarginMode.POOLED]
    get = partial(_told, planned=planned)
    columns = (
        Column("coin", "currency", before="", record="{}", role=Role.NAME, left=True),
        Column("at", "account", record="at {}", left=True),
        Column("balance", get(attrgetter("balance")), Kind.COINS, record="balance {}"),
        Column("with PnL", get(attrgetter("margin_balance")), Kind.COINS, record="margin {}"),
        Column("maintenance", "maintenance_margin", Kind.COINS, yields=2),
        Column("required", "required", Kind.COINS, record="required {}", yields=2),
        Column("of the holding", "share_of_holding", Kind.PERCENT, record="share {}", yields=1),
    )
    note = _OF_EACH if any(each.required for each in rows) else ""
    return Section("Pooled coins after" if planned else "Pooled coins", (Table(columns, rows, word="pooled"),), note)


def _apart(wallets: Sequence[Wallet]) -> list[Wallet]:
    """The wallets that are judged each alone."""
    return [each for each in wallets if each.mode is not MarginMode.POOLED]


def _has_several(wallets: Sequence[Wallet]) -> bool:
    return len({each.account for each in wallets}) > 1


def _section(
    title: str, note: str, wallets: Sequence[Wallet], table: Table, *, drawn: Strips, only: Medium | None = None
) -> Section:
    priced = any(_distances(each) or _distances(each.before) for each in wallets)
    notes = "; ".join(each for each in (note, _AT_INDEX if priced else "") if each)
    return Section(title, (drawn, table), notes, only=only, place=Place.FIRST)


def _least(policy: Policy | None) -> str:
    if policy is None:
        return ""
    distance = f"liquidation at least {plain(policy.shock * 100)}{GLUE}% away"
    return f"leverage at most {plain(policy.leverage)}, {distance}"


def _alert(policy: Policy | None) -> str:
    if policy is None:
        return ""
    distance = f"liquidation less than {plain(policy.alert.distance * 100)}{GLUE}% away"
    return f"alert at leverage above {plain(policy.alert.leverage)}, {distance}"


def _columns(
    moved: Mapping[tuple[str | None, str, str | None], Fraction],
    limits: Policy | None,
    *,
    planned: bool,
    several: bool,
) -> _Columns:
    first, last = _PLANNED if planned else _STANDING
    return (
        *_NAMES,
        *((_AT,) if several else ()),
        Column(
            "move",
            lambda wallet: moved.get((wallet.account, wallet.currency, wallet.contract)),
            yields=1,
            only=_PAGE,
        ),
        *first,
        Column("distance", partial(_distance, limits, planned=planned), when=_is_exposed, had=_was_open, only=_PAGE),
        Column("", partial(_buffer, limits), role=Role.BAR, left=True, when=_is_traded, only=_PAGE),
        *last,
    )


def _change(get: Callable[[_State], Said], wallet: Wallet) -> Said:
    return Change(get(wallet.before), get(wallet))


def _had_coins(wallet: Wallet) -> bool:
    return bool(wallet.before.balance or wallet.before.margin_balance)


def _was_open(wallet: Wallet) -> bool:
    return _is_open(wallet.before)


def _is_open(state: _State) -> bool:
    return bool(state.leverage) or bool(_distances(state))


def _is_traded(wallet: Wallet) -> bool:
    return _was_open(wallet) or _is_open(wallet)


def _is_exposed(wallet: Wallet) -> bool:
    return _was_open(wallet) or bool(_distances(wallet))


def _distances(state: _State) -> list[Fraction]:
    return [each for each in (state.distance_below, state.distance_above) if each is not None]


def _leverage(state: _State) -> Said:
    return "none" if state.leverage is None else state.leverage


def _ratio(state: _State) -> Said:
    return "none" if state.margin_ratio is None else state.margin_ratio


def _prices(state: _State) -> Said:
    if not _distances(state):
        return "never"
    if 0 in _distances(state):
        return DUE
    below, above = foreseeable(state.distance_below, state.distance_above)
    if below is None and above is None:
        return FAR
    sides = ((below, state.liquidation_below), (above, state.liquidation_above))
    prices = [price for distance, price in sides if distance is not None and price is not None]
    return joined((Figure(each, Kind.PRICE) for each in prices), " or ") or "no one price"


def _away(state: _State) -> Said:
    return away(*foreseeable(state.distance_below, state.distance_above)) or None


def _distance(limits: Policy | None, wallet: Wallet, *, planned: bool) -> Said:
    return Inked(
        _change(_away, wallet) if planned else _away(wallet), _ink(min(_distances(wallet), default=ONE), limits)
    )


def _buffer(limits: Policy | None, wallet: Wallet) -> Said:
    nearest = min(_distances(wallet), default=ONE)
    return Bar(nearest, _ink(nearest, limits), both_ways=False)


def _ink(distance: Fraction, policy: Policy | None) -> str:
    if distance >= (policy.shock if policy else _FAR):
        return GREEN
    return RED if distance < (policy.alert.distance if policy else _NEAR) else YELLOW


def _at_venue(wallet: Wallet) -> Said:
    if wallet.share_of_holding is not None:
        balance, share = Figure(wallet.balance, Kind.COINS), Figure(wallet.share_of_holding, Kind.PERCENT)
        return (balance, ", ", share, " of the holding")
    return None if wallet.balance == wallet.margin_balance else Figure(wallet.balance, Kind.COINS)


def _all_posted(wallet: Wallet) -> Said:
    below, above = wallet.distance_below_all_posted, wallet.distance_above_all_posted
    if (below, above) == (wallet.distance_below, wallet.distance_above):
        return None
    if below is None and above is None:
        return "never liquidated"
    if 0 in (below, above):
        return f"liquidation {DUE}"
    below, above = foreseeable(below, above)
    if below is None and above is None:
        return "not liquidated from a tenth of today's price to ten times it"
    if below is not None and above is not None:
        return ("liquidation ", Figure(below, Kind.AWAY), " below or ", Figure(above, Kind.AWAY), " above")
    return ("liquidation ", Figure(below or above or ZERO, Kind.AWAY), " away")


def _is_foreseeable(wallet: Wallet) -> bool:
    return wallet.funding_days_to_alert is not None and wallet.funding_days_to_alert <= _FORESEEABLE


def _price(end: tuple[Callable[[_State], Said], Callable[[_State], Said]], state: _State) -> Said:
    price, distance = end
    return Absent.NEVER if distance(state) is None else price(state)


def _told(get: Callable[[_State], Said], *, planned: bool) -> Callable[[Wallet], Said]:
    return partial(_change, get) if planned else get


def _first(*, planned: bool) -> _Columns:
    column = partial(Column, when=_is_traded, had=_was_open)
    coins = partial(Column, kind=Kind.COINS, had=_had_coins, place=Place.FIRST)
    return (
        coins("", _told(attrgetter("balance"), planned=planned), record="balance {}", only=_RECORDS),
        coins("margin balance", _told(attrgetter("margin_balance"), planned=planned), record="margin {}", yields=2),
        column("leverage", _told(_leverage, planned=planned), Kind.TIMES, yields=3, place=Place.FIRST),
        column("liquidated at", _told(_prices, planned=planned), before="liquidation", only=_PAGE),
    )


def _last(*, planned: bool) -> _Columns:
    ratio = Column(
        "margin ratio",
        _told(_ratio, planned=planned),
        Kind.RATIO,
        record="ratio {}",
        role=Role.BELOW,
        when=_is_traded,
        had=_was_open,
        place=Place.FIRST,
    )
    ends: list[Column] = []
    for side in ("below", "above"):
        price, distance = attrgetter(f"liquidation_{side}"), attrgetter(f"distance_{side}")
        for word, kind, figure in (("liquidation", Kind.PRICE, price), ("distance", Kind.AWAY, distance)):
            get = _told(partial(_price, (figure, distance)), planned=planned)
            ends.append(Column("", get, kind, record=f"{word}-{side} {{}}", only=_RECORDS))
    return (_MAINTENANCE, ratio, *_REQUIRED, *ends, *_FURTHER)


_AT = Column("at", "account", record="at {}", left=True)
_NAMES = (
    Column("wallet", "currency", before="", record="{}", role=Role.NAME, left=True, place=Place.FIRST),
    Column("", "contract", role=Role.NAME, left=True, only=_PAGE),
    Column("", lambda wallet: f"{wallet.mode} {wallet.contract or 'none'}", only=_RECORDS, place=Place.FIRST),
)
_MAINTENANCE = Column("maintenance", "maintenance_margin", Kind.COINS, role=Role.BELOW, when=_is_traded)
_REQUIRED = (
    Column("initial margin", "initial_margin", Kind.COINS, record="initial {}", role=Role.BELOW, when=_is_traded),
    Column("", "required", Kind.COINS, record="required {}", only=_RECORDS),
)
_FURTHER = (
    Column("at the venue", _at_venue, role=Role.BELOW, only=_PAGE),
    Column("", _all_posted, before="if every free coin were posted:", role=Role.BELOW, when=_is_traded, only=_PAGE),
    Column("", "distance_below_all_posted", Kind.PERCENT, record="posted-below {}", absent=Absent.NEVER, only=_RECORDS),
    Column("", "distance_above_all_posted", Kind.PERCENT, record="posted-above {}", absent=Absent.NEVER, only=_RECORDS),
    Column("", "share_of_holding", Kind.PERCENT, record="share {}", only=_RECORDS),
    Column(
        "alert after",
        "funding_days_to_alert",
        Kind.DAYS,
        after="days of today's funding",
        record="funding-days {}",
        role=Role.BELOW,
        when=_is_foreseeable,
    ),
)


_PLANNED, _STANDING = ((_first(planned=planned), _last(planned=planned)) for planned in (True, False))


class _Rung(NamedTuple):
    """A price at which a wallet ends, or today's, which has none."""

    move: Fraction
    price: Fraction | None
    wallet: Wallet | None


def ladder(wallets: Sequence[Wallet], limits: Policy | None) -> Section:
    """A row a price at which a wallet ends, from the highest to the lowest, today's in its place."""
    rungs = sorted((rung for each in wallets for rung in _rungs(each)), key=lambda rung: -rung.move)
    if not rungs:
        return Section("", ())
    up, down = ([rung for rung in rungs if (rung.move > 0) is above] for above in (True, False))
    open_now = [each for each in wallets if each.position_value]
    never = ", ".join(_name(each) for each in open_now if not _distances(each))
    far = ", ".join(_name(each) for each in open_now if _distances(each) and not list(_rungs(each)))
    columns = (
        Column(
            "wallet",
            lambda rung: _name(rung.wallet) if rung.wallet else Inked("today", BOLD),
            role=Role.NAME,
            left=True,
        ),
        Column("move", partial(_move, limits), Kind.CHANGE),
        Column("liquidated at", _ends_at),
        Column(
            "margin balance",
            lambda rung: rung.wallet and Figure(rung.wallet.margin_balance, Kind.COINS, rung.wallet.currency),
        ),
    )
    table = Table(columns, [*up, _Rung(ZERO, None, None), *down])
    note = "at index prices, all marks of a wallet moving together"
    said = ((never, f"never liquidated: {never}"), (far, f"{FAR}: {far}"))
    texts = (Text(text) for named, text in said if named)
    drawn = _ladder.chart(wallets, limits, planned=False)
    return Section("Liquidation ladder", (drawn, table, *texts), note, only=_PAGE, place=Place.FIRST)


def _name(wallet: Wallet) -> str:
    return wallet.contract or wallet.currency


def _rungs(wallet: Wallet) -> Iterator[_Rung]:
    below, above = foreseeable(wallet.distance_below, wallet.distance_above)
    if above is not None:
        yield _Rung(above, wallet.liquidation_above, wallet)
    if below is not None and above != 0:
        yield _Rung(-below, wallet.liquidation_below, wallet)


def _move(limits: Policy | None, rung: _Rung) -> Said:
    return rung.move if rung.wallet is None else Inked(rung.move, _ink(abs(rung.move), limits))


def _ends_at(rung: _Rung) -> Said:
    if rung.wallet is None:
        return None
    if not rung.move:
        return DUE
    return "no one price" if rung.price is None else Figure(rung.price, Kind.PRICE)
