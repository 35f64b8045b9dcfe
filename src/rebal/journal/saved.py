"""A saved plan, read back from the JSON that plan, hedge, unwind and rescue print."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from rebal.amounts import Fraction, NumberProblem, number
from rebal.book import HedgeAsked, Purpose
from rebal.frozen import frozen
from rebal.journal.spelling import TextProblem, asset, contract, instant
from rebal.journal.strict_json import Numeral, parse, refusal, shown
from rebal.market.contract import Kind
from rebal.placing import plan_digest

SCHEMA = "rebal/plan/1"
_COMMANDS = ("plan", "hedge", "unwind", "rescue")
_MOST_DIGITS = 200
_NO_PLAN = "it is no saved plan; name one that was made with `rebal plan --out plan.json`"
_T = TypeVar("_T")


@frozen
class SavedPart:
    """What one purpose has of an order; contracts signed."""

    purpose: Purpose
    contracts: Fraction
    stands_for: str


@frozen
class SavedOrder:
    """An order as it was planned; ``contracts`` signed. The rest tells the contract's specification of then.

    ``size``: in what the multiplier counts, dollars where inverse and coins where linear: no price is a part of it.
    """

    contract: str
    asset: str
    kind: str
    contracts: Fraction
    size: Fraction
    price: Fraction
    fee: Fraction
    fee_currency: str
    parts: tuple[SavedPart, ...]


@frozen
class SavedTransfer:
    """Coins that were to move into the futures account; ``account``: which of several, None of the one there is.

    ``other_account``: which one they come from or go to, None for spot. ``fee``: coins of what leaves that are spent.
    """

    asset: str
    contract: str | None
    quantity: Fraction
    account: str | None = None
    other_account: str | None = None
    fee: Fraction | None = None

    @property
    def waits(self) -> bool:
        """Whether it comes after what orders free: coins out, and coins from another account."""
        return self.quantity < 0 or self.other_account is not None


@frozen
class SavedStep:
    """What was to be done n-th: ``index`` into the transfers or the orders."""

    kind: str
    index: int


@frozen
class SavedPlan:
    """What recording needs of a plan.

    ``digest``: SHA-256 over its contents, whatever its layout. ``refusals``: its error findings, in sentences.
    ``contracts_before`` by contract, ``holdings`` (now) and ``prices`` by asset.
    """

    source: str
    digest: str
    command: str
    refused: bool
    refusals: tuple[str, ...]
    venue: str | None
    as_of: datetime | None
    statement_sha256: str
    journal_seq: int
    journal_head: str | None
    market_as_of: datetime | None
    now: datetime
    orders: tuple[SavedOrder, ...]
    transfers: tuple[SavedTransfer, ...]
    steps: tuple[SavedStep, ...]
    hedges: tuple[HedgeAsked, ...]
    holdings: Mapping[str, Fraction]
    contracts_before: Mapping[str, Fraction]
    prices: Mapping[str, Fraction]


def read(text: str, source: str) -> SavedPlan:
    """Read a saved plan. Raises InvalidInput with the path of what is wrong."""
    root = _Node(parse(text, source, instead=_NO_PLAN), source)
    if root.key("schema").text() != SCHEMA:
        raise root.key("schema").wrong("is not a plan", f"save one with --format json; its schema is {SCHEMA}")
    inputs = root.key("inputs")
    seq = inputs.key("journal_seq").optional(_Node.count) or 0
    return SavedPlan(
        source=source,
        digest=plan_digest(root.value),
        command=root.key("command").one_of(_COMMANDS),
        refused=root.key("refused").flag(),
        refusals=tuple(_refusals(root)),
        venue=root.key("venue").optional(_Node.text),
        as_of=root.key("as_of").optional(_Node.instant),
        statement_sha256=inputs.key("statement_sha256").text(),
        journal_seq=seq,
        journal_head=inputs.key("journal_head").optional(_Node.text) if seq else None,
        market_as_of=inputs.key("market_as_of").optional(_Node.instant),
        now=inputs.key("now").instant(),
        orders=tuple(_order(node) for node in root.key("orders").items()),
        transfers=tuple(_transfer(node, several=_several(root)) for node in root.key("transfers").items()),
        steps=tuple(_steps(root)),
        hedges=tuple(_hedge(node) for node in root.key("hedges").items()),
        holdings={node.key("asset").asset(): node.key("holding").decimal() for node in root.key("assets").items()},
        prices={node.key("asset").asset(): node.key("price").positive() for node in root.key("assets").items()},
        **_positions(root.key("positions")),
    )


class _Node:
    """A value of the document and the path to it."""

    __slots__ = ("_path", "_source", "value")

    def __init__(self, value: Any, source: str, path: str = "") -> None:
        self.value = value
        self._source = source
        self._path = path

    def wrong(self, problem: str, instead: str | None = None) -> Exception:
        return refusal(self._source, self._path, problem, found=shown(self.value), instead=instead)

    def key(self, name: str) -> "_Node":
        if not isinstance(self.value, dict):
            raise self.wrong("is not an object")
        path = f"{self._path}.{name}" if self._path else name
        if name not in self.value:
            raise refusal(self._source, path, "is missing", instead="save the plan again with --format json")
        return _Node(self.value[name], self._source, path)

    def items(self) -> Iterator["_Node"]:
        if not isinstance(self.value, list):
            raise self.wrong("is not a list")
        for index, item in enumerate(self.value):
            yield _Node(item, self._source, f"{self._path}[{index}]")

    def optional(self, read: Callable[["_Node"], _T]) -> _T | None:
        return None if self.value is None else read(self)

    def text(self) -> str:
        if not isinstance(self.value, str) or isinstance(self.value, Numeral):
            raise self.wrong("is not a text")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("is not true or false")
        return self.value

    def count(self) -> int:
        if not isinstance(self.value, Numeral) or not self.value.isdigit() or len(self.value) > 9:
            raise self.wrong("is not a count")
        return int(self.value)

    def decimal(self) -> Fraction:
        try:
            return number(self.text(), digits=_MOST_DIGITS)
        except NumberProblem:
            raise self.wrong("is not a decimal number", "write digits with at most one point, in quotes") from None

    def positive(self) -> Fraction:
        value = self.decimal()
        if value <= 0:
            raise self.wrong("is not above zero")
        return value

    def one_of(self, choices: tuple[str, ...]) -> str:
        text = self.text()
        if text not in choices:
            raise self.wrong(f"is not one of {', '.join(choices)}")
        return text

    def instant(self) -> datetime:
        return self._checked(instant)

    def asset(self) -> str:
        return self._checked(asset)

    def contract(self) -> str:
        return self._checked(contract)

    def _checked(self, read: Callable[[str], _T]) -> _T:
        try:
            return read(self.text())
        except TextProblem as problem:
            raise self.wrong(str(problem)) from None


def _order(node: _Node) -> SavedOrder:
    contracts = node.key("contracts").positive()
    sold = node.key("side").one_of(("buy", "sell")) == "sell"
    signed = -contracts if sold else contracts
    parts = tuple(_part(part) for part in node.key("parts").items())
    if sum(part.contracts for part in parts) != signed:
        raise node.key("parts").wrong("do not sum to the order's contracts")
    kind = node.key("kind").text()
    return SavedOrder(
        contract=node.key("contract").contract(),
        asset=node.key("asset").asset(),
        kind=kind,
        contracts=signed,
        size=node.key("coins" if kind == Kind.LINEAR else "notional").positive(),
        price=node.key("price").positive(),
        fee=node.key("fee").decimal(),
        fee_currency=node.key("fee_currency").asset(),
        parts=parts,
    )


def _part(node: _Node) -> SavedPart:
    named = [asset.asset() for asset in node.key("stands_for").items()]
    if len(named) != 1:
        raise node.key("stands_for").wrong("does not name one asset")
    purpose = Purpose(node.key("purpose").one_of(tuple(Purpose)))
    return SavedPart(purpose, node.key("contracts").decimal(), named[0])


def _transfer(node: _Node, *, several: bool) -> SavedTransfer:
    asset, contract = node.key("asset").asset(), node.key("contract").optional(_Node.contract)
    account = node.key("account").text() if several else None
    # a plan that was saved before coins could come from another account tells nothing of it
    other = node.key("other_account").optional(_Node.text) if "other_account" in node.value else None
    fee = node.key("fee").optional(_Node.decimal) if "fee" in node.value else None
    return SavedTransfer(asset, contract, node.key("quantity").decimal(), account, other, fee)


def _several(root: _Node) -> bool:
    """Whether the plan is of several accounts; one saved before there could be is of one."""
    return "accounts" in root.value and len(list(root.key("accounts").items())) > 1


def _hedge(node: _Node) -> HedgeAsked:
    until = node.key("until").optional(_Node.instant)
    return HedgeAsked(node.key("asset").asset(), node.key("fraction").decimal(), until)


def _steps(root: _Node) -> Iterator[SavedStep]:
    lengths = {"transfer": len(root.key("transfers").value), "order": len(root.key("orders").value)}
    seen = set()
    for node in root.key("steps").items():
        kind, index = node.key("kind").one_of(("transfer", "order")), node.key("index").count()
        if index >= lengths[kind] or (kind, index) in seen:
            raise node.wrong(f"names no {kind} of its own")
        seen.add((kind, index))
        yield SavedStep(kind, index)
    if len(seen) != sum(lengths.values()):
        raise root.key("steps").wrong("do not name every order and transfer")


def _refusals(root: _Node) -> Iterator[str]:
    for node in root.key("findings").items():
        if node.key("severity").text() == "error":
            yield node.key("message").text()


def _positions(node: _Node) -> dict[str, Any]:
    before = {
        position.key("contract").contract(): position.key("contracts_before").decimal() for position in node.items()
    }
    return {"contracts_before": before}
