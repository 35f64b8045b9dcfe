"""Positions as a plan leaves them."""

from collections.abc import Callable, Iterator

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Position
from rebal.explain._facts import GIVEN, Facts, derived, index_of, untold
from rebal.explain._margins import position_terms
from rebal.explain._stood import NEVER
from rebal.formula import formula_of
from rebal.market.contract import Contract
from rebal.market.margin import Factors, Held, liquidation
from rebal.names import within
from rebal.plan import Order, PositionLine
from rebal.reports.explanation import Derivation, Term


def positions(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every position that the plan leaves."""
    for line in facts.plan.positions:
        yield from _position(line, facts)


def _position(line: PositionLine, facts: Facts) -> Iterator[Derivation]:
    at, contract = f"positions.{line.contract}", facts.portfolio.contracts[line.contract]
    order, then = facts.order(line.contract), facts.after.positions.get(line.contract)
    note = f"{GIVEN}: the file, and what the journal recorded since"
    counted, title = "contracts", f"contracts of {line.contract}"
    yield untold(f"{at}.contracts_before", line.contracts_before, title=f"{title} before", unit=counted, note=note)
    signed = order.signed if order else ZERO
    terms = [
        Term("n", line.contracts_before, counted, "open before", f"{at}.contracts_before"),
        Term("q", signed, counted, "ordered, a sale is negative", f"orders.{line.contract}.contracts"),
    ]
    yield derived(
        f"{at}.contracts", line.contracts, "n + q", terms=terms, title=f"{title} after the plan", unit=counted
    )
    for field, purpose in (("contracts_hedge", "hedge"), ("contracts_rebalance", "rebalance")):
        before, moved = _part(facts.before.positions.get(line.contract), purpose), _ordered(order, purpose)
        terms = [
            Term("n", before, counted, f"open for {purpose} before", None),
            Term("q", moved, counted, f"ordered for {purpose}", None),
        ]
        yield derived(
            f"{at}.{field}", getattr(line, field), "n + q", terms=terms, title=f"{title} for {purpose}", unit=counted
        )
    yield _entry(line, facts)
    note = f"{GIVEN}: the contract's mark, or its coin's price where it has none"
    yield untold(f"{at}.mark_price", line.mark_price, title=f"mark of {line.contract}", unit="USD", note=note)
    yield from _valued(line, contract, facts)
    if line.isolated_margin is not None and then is not None:
        title = f"margin of its own of {line.contract}"
        note = "the balance of its own wallet"
        yield untold(f"{at}.isolated_margin", line.isolated_margin, title=title, unit=line.settle, note=note)
    yield _liquidated(line, facts)
    note = "what the exchange of a pooled account prints, the other prices still and maintenance as it is now"
    if line.liquidation_estimate is None:
        note = "no figure of the account's exchange: the liquidation price is the plan's own"
    title = f"liquidation price of {line.contract} as its exchange estimates it"
    yield untold(f"{at}.liquidation_estimate", line.liquidation_estimate, title=title, unit="USD", note=note)


def _part(position: Position | None, purpose: str) -> Fraction:
    parts = position.parts if position else ()
    return total(each.contracts for each in parts if each.purpose.value == purpose)


def _ordered(order: Order | None, purpose: str) -> Fraction:
    parts = order.parts if order else ()
    return total(each.contracts for each in parts if each.purpose.value == purpose)


def _entry(line: PositionLine, facts: Facts) -> Derivation:
    figure, title = f"positions.{line.contract}.entry_price", f"average entry of {line.contract}"
    order, before = facts.order(line.contract), facts.before.positions.get(line.contract)
    if line.entry_price is None:
        return untold(figure, None, title=title, unit="USD", note="nothing is open")
    if order is None:
        note = f"{GIVEN}: the file, or the fills recorded since"
        return untold(figure, line.entry_price, title=title, unit="USD", note=note)
    if before is None or line.contracts_before * line.contracts <= 0:
        opens = "the price of the order that opens it"
        note = opens if before is None else "the order crosses zero: what it opens has its own price"
        price = Term("P", order.price, "USD", "price of the order", f"orders.{line.contract}.price")
        return derived(figure, line.entry_price, "P", terms=[price], title=title, unit="USD", note=note)
    if line.entry_price == before.entry_price:
        note = "closing a part leaves the entry of the rest as it was"
        return untold(figure, line.entry_price, title=title, unit="USD", note=note)
    inverse = order.kind.value == "inverse"
    text = "digits18((n + q) / (n / e + q / P))" if inverse else "digits18((n · e + q · P) / (n + q))"
    terms = [
        Term("n", before.contracts, "contracts", "open before", f"positions.{line.contract}.contracts_before"),
        Term("e", before.entry_price, "USD", "their average entry", None),
        Term("q", order.signed, "contracts", "ordered", f"orders.{line.contract}.contracts"),
        Term("P", order.price, "USD", "price of the order", f"orders.{line.contract}.price"),
    ]
    return derived(figure, line.entry_price, text, terms=terms, title=title, unit="USD")


def _valued(line: PositionLine, contract: Contract, facts: Facts) -> Iterator[Derivation]:
    at, kind = f"positions.{line.contract}", contract.kind.value
    entry = line.entry_price or line.mark_price
    terms = position_terms(Held(contract, line.contracts, entry, line.mark_price), "")
    told: tuple[tuple[str, Fraction, Callable[..., Fraction], str, str], ...] = (
        ("notional", line.notional, Contract.notional, "USD", "dollars"),
        ("coin_value", line.coin_value, Contract.coins, line.asset, "coins"),
        ("unrealised_pnl", line.unrealised_pnl, Contract.pnl, line.settle, "unrealised PnL"),
        ("delta", line.delta, Contract.delta, line.asset, "coins by which it changes those held"),
    )
    for field, figure, made_by, unit, words in told:
        text, put_in = formula_of(made_by, kind), terms
        if field == "notional" and kind == "linear":
            text, put_in = f"{text} · Q", [*terms, index_of(contract.settle, facts, "Q")]
        yield derived(f"{at}.{field}", figure, text, terms=put_in, title=f"{words} of {line.contract}", unit=unit)


def _liquidated(line: PositionLine, facts: Facts) -> Derivation:
    figure, title = f"positions.{line.contract}.liquidation_price", f"mark at which {line.contract} is liquidated"
    at = facts.portfolio.at(line.account)
    name = line.contract if line.isolated_margin is not None else within(at, line.settle)
    account = facts.left.get(name)
    if line.liquidation_price is None or account is None:
        return untold(figure, None, title=title, unit="USD", note=NEVER if line.contracts else "nothing is open")
    factors: Factors = liquidation(account.balance, account.held_after)
    factor = factors.below if line.contracts > 0 else factors.above
    mark = Term("P", line.mark_price, "USD", "mark", f"positions.{line.contract}.mark_price")
    where = f"wallets.{name}.distance_{'below' if line.contracts > 0 else 'above'}"
    move = Term("k", (factor or ONE) - 1, "", "move to its wallet's liquidation", where)
    return derived(figure, line.liquidation_price, "P · (1 + k)", terms=[mark, move], title=title, unit="USD")
