"""Fills as exchanges export them: csv or json of their own trade records, and our own columns for everyone else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never

from rebal.amounts import ZERO, Fraction, NumberProblem, number
from rebal.errors import InvalidInput, Problem
from rebal.frozen import frozen
from rebal.journal.placed import Given
from rebal.journal.saved import SavedPlan
from rebal.journal.spelling import TextProblem, instant
from rebal.journal.strict_json import parse, refusal
from rebal.ledger import Journal
from rebal.market.contract import Contract, OrderUnit
from rebal.portfolio import Portfolio
from rebal.times import BEGINNING, SKEW, rfc3339


@frozen
class Layout:
    """The columns of one exchange's records.

    ``quantity`` counts contracts, what the order form takes (``in_orders``), or dollars and coins (``in_size``).
    ``fee_received``: its fees are positive where they were received. ``only``: a column and the value that fills have.
    """

    name: str
    contract: str
    side: str
    quantity: str
    price: str
    fee: str
    time: tuple[str, ...]
    id: str
    in_orders: bool = False
    in_size: bool = False
    fee_received: bool = False
    only: tuple[str, str] | None = None

    @property
    def needed(self) -> frozenset[str]:
        """The columns by which the layout is known."""
        return frozenset({self.contract, self.side, self.quantity, self.price})


# The fields of each exchange's own records of one's trades, as its API names them: Binance GET /dapi/v1/userTrades,
# Bybit GET /v5/execution/list, OKX GET /api/v5/trade/fills (fees negative where charged), Deribit
# private/get_user_trades_by_instrument (amount in USD, in coins for linear contracts).
LAYOUTS = (
    Layout("rebal", "contract", "side", "contracts", "price", "fee", ("time",), "id"),
    Layout("Binance", "symbol", "side", "qty", "price", "commission", ("time",), "id", in_orders=True),
    Layout("Bybit", "symbol", "side", "execQty", "execPrice", "execFee", ("execTime",), "execId", in_orders=True,
           only=("execType", "Trade")),
    Layout("OKX", "instId", "side", "fillSz", "fillPx", "fee", ("fillTime", "ts"), "tradeId", fee_received=True),
    Layout("Deribit", "instrument_name", "direction", "amount", "price", "fee", ("timestamp",), "trade_id",
           in_size=True),
)  # fmt: skip

_MOST_DIGITS = 100
_EPOCH_DIGITS = {10: 1, 13: 1_000, 16: 1_000_000}
_LISTS = (("result", "list"), ("result", "trades"), ("result",), ("data",), ("fills",), ("list",))
_MOST_FIELDS = 200


@frozen
class Chosen:
    """The fills of a plan's orders out of a file, and how many other records it holds."""

    fills: tuple[Given, ...]
    left_out: int


def choose(text: str, source: str, *, plan: SavedPlan, portfolio: Portfolio, journal: Journal, now: datetime) -> Chosen:
    """Read an export and keep what filled the plan's orders: their contract and side, not before the plan was made.

    Fills that another plan has in the journal already are not this one's. Raises InvalidInput for a file that is none
    of the layouts, and for one without a fill of the plan.
    """
    layout, records = _records(text, source)
    elsewhere = {entry.id for entry in journal.entries if entry.plan != plan.digest}
    fills, seen = [], 0
    others: dict[str, str] = {}
    for seen, record in enumerate(records, start=1):
        reader = _Record(record, layout, source=source, number=seen)
        reason = reader.not_of(plan)
        if reason is None:
            fill = reader.given(portfolio.contracts.get(reader.contract()), now=now)
            reason = _not_now(fill, plan, elsewhere)
            if reason is None:
                fills.append(fill)
        if reason is not None:
            others.setdefault(reason[0], f"record {seen} {reason[1]}")
    if not fills:
        raise refusal(source, "", _none_of(plan, seen, others))
    return Chosen(tuple(fills), seen - len(fills))


# What a record is not, from what is nearest to a fill of the plan to what is farthest, and what to say of one.
_REASONS = ("time", "plan", "side", "contract", "type")
_Reason = tuple[str, str]


def _not_now(fill: Given, plan: SavedPlan, elsewhere: frozenset[str] | set[str]) -> _Reason | None:
    """Why a fill of what the plan orders is not the plan's."""
    if fill.time is not None and fill.time < plan.now - SKEW:
        return "time", f"filled at {rfc3339(fill.time)}, before the plan was made, {rfc3339(plan.now)}"
    if f"{fill.contract}:{fill.id}" in elsewhere:
        return "plan", f"is in the journal already, as {fill.contract}:{fill.id}, and not of this plan"
    return None


def _none_of(plan: SavedPlan, seen: int, others: Mapping[str, str]) -> str:
    records = "1 record" if seen == 1 else f"{seen} records"
    told = "; ".join(others[kind] for kind in _REASONS if kind in others)
    if not plan.orders:
        told = "the plan orders nothing"
    return f"holds no fill of the plan's orders among its {records}: {told}"


class _Record:
    """One record of an export, read by its layout."""

    def __init__(self, record: Mapping[str, str], layout: Layout, *, source: str, number: int) -> None:
        self._record = record
        self._layout = layout
        self._source = source
        self._number = number

    def not_of(self, plan: SavedPlan) -> _Reason | None:
        """Why a record is no fill of what the plan orders, by type, contract and side."""
        only = self._layout.only
        if only is not None and self._record.get(only[0], only[1]) != only[1]:
            return "type", f"is of {only[0]} {_quoted(self._record[only[0]])}, not {only[1]}"
        contract = self.contract()
        sides = {order.contract: order.contracts > 0 for order in plan.orders}
        bought = self.bought()
        if contract not in sides:
            return "contract", f"is of {_quoted(contract)}, and the plan orders {', '.join(sides)}"
        if sides[contract] is not bought:
            did, does = ("bought", "sells") if bought else ("sold", "buys")
            return "side", f"{did} {contract}, which the plan {does}"
        return None

    def contract(self) -> str:
        return self._text(self._layout.contract)

    def bought(self) -> bool:
        column = self._layout.side
        side = self._text(column).casefold()
        if side not in ("buy", "sell"):
            raise self._wrong(column, "is neither buy nor sell")
        return side == "buy"

    def given(self, contract: Contract | None, *, now: datetime) -> Given:
        layout = self._layout
        quantity, price = self._number_of(layout.quantity), self._number_of(layout.price)
        if quantity <= 0 or price <= 0:
            raise self._wrong(layout.quantity if quantity <= 0 else layout.price, "is not above zero")
        fee = self._number_of(layout.fee) if self._record.get(layout.fee) else None
        return Given(
            contract=self.contract(),
            contracts=quantity if contract is None else self._contracts(quantity, contract),
            price=price,
            fee=-fee if fee is not None and layout.fee_received else fee,
            time=self._time(now),
            id=self._record.get(layout.id) or None,
        )

    def _contracts(self, quantity: Fraction, contract: Contract) -> Fraction:
        if self._layout.in_size:
            return quantity / contract.multiplier
        if not self._layout.in_orders:
            return quantity
        match contract.order_unit:
            case OrderUnit.CONTRACTS:
                return quantity
            case OrderUnit.USD | OrderUnit.COINS:
                return quantity / contract.multiplier
            case _:
                assert_never(contract.order_unit)

    def _time(self, now: datetime) -> datetime | None:
        column = next((name for name in self._layout.time if self._record.get(name)), None)
        if column is None:
            return None
        text = self._text(column)
        try:
            per_second = _EPOCH_DIGITS.get(len(text)) if text.isascii() and text.isdigit() else None
            if per_second is None:
                time = instant(text.replace(" ", "T", 1))
            else:
                time = BEGINNING + timedelta(microseconds=int(text) * (1_000_000 // per_second))
        except TextProblem as problem:
            raise self._wrong(column, str(problem)) from None
        if time > now + SKEW:
            raise self._wrong(column, f"is in the future; it is {rfc3339(now)}")
        return time

    def _number_of(self, column: str) -> Fraction:
        try:
            return number(self._text(column), digits=_MOST_DIGITS)
        except NumberProblem as problem:
            raise self._wrong(column, problem.problem) from None

    def _text(self, column: str) -> str:
        return self._record[column].strip()

    def _wrong(self, column: str, problem: str) -> InvalidInput:
        found = ascii(self._record.get(column, ""))[:60]
        return refusal(self._source, f"record {self._number}.{column}", problem, found=found)


def _quoted(text: str) -> str:
    return ascii(text)[1:-1][:40]


def _records(text: str, source: str) -> tuple[Layout, Iterator[Mapping[str, str]]]:
    records = _from_json(text, source) if text.lstrip()[:1] in ("{", "[") else _from_csv(text, source)
    first = records[0].keys() if records else frozenset()
    for layout in LAYOUTS:
        if layout.needed <= first:
            return layout, (_complete(record, layout, source, n) for n, record in enumerate(records, start=1))
    known = "; ".join(f"{layout.name}: {', '.join(sorted(layout.needed))}" for layout in LAYOUTS)
    raise refusal(source, "", "has the columns of no export that is known", instead=f"it needs those of one of {known}")


def _complete(record: Mapping[str, str], layout: Layout, source: str, number: int) -> Mapping[str, str]:
    missing = sorted(layout.needed - record.keys())
    if missing:
        raise refusal(source, f"record {number}.{missing[0]}", "is missing")
    return record


def _from_json(text: str, source: str) -> Sequence[Mapping[str, str]]:
    value = parse(text, source)
    for path in _LISTS:
        found = _below(value, path)
        if isinstance(found, list):
            value = found
            break
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise refusal(source, "", "is no list of records")
    return [{key: str(field) for key, field in record.items() if isinstance(field, str)} for record in value]


def _below(value: Any, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _from_csv(text: str, source: str) -> Sequence[Mapping[str, str]]:
    import csv

    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        if len(set(header)) != len(header) or len(header) > _MOST_FIELDS:
            raise refusal(source, "", "names a column twice, or too many")
        return [dict(zip(header, line, strict=True)) for line in lines if line]
    except csv.Error as error:
        raise InvalidInput([Problem(source, lines.line_num, 1, "", f"is not csv: {error}")]) from None
    except ValueError:
        raise InvalidInput([Problem(source, lines.line_num, 1, "", "has not as many fields as the header")]) from None


def by_hand(text: str, read: Callable[[str], Fraction]) -> Given:
    """A fill as the command line spells it, CONTRACT=CONTRACTS@PRICE; CONTRACT=0: none yet. Raises ValueError."""
    contract, _, rest = text.partition("=")
    contracts, _, price = rest.partition("@")
    if contracts and not price and read(contracts) == ZERO:
        return Given(contract, ZERO, ZERO)
    missing = [name for name, said in (("contracts", contracts), ("price", price)) if not said]
    if missing:
        raise ValueError(f"says no {' and no '.join(missing)}")
    given = Given(contract, read(contracts), read(price))
    if given.contracts <= ZERO or given.price <= ZERO:
        raise ValueError("contracts and price are above zero; the side is the plan's; CONTRACT=0 is none yet")
    return given
