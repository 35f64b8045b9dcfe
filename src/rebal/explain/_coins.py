"""The coins of a pooled account: what is told of each alone."""

from collections.abc import Iterator

from rebal.amounts import COIN_STEP, ZERO, total
from rebal.book import Book
from rebal.explain._facts import Facts, derived, index_of, step_of, untold
from rebal.explain._margins import indices, position_terms
from rebal.explain._pools import required
from rebal.explain._stood import BEFORE, STATED, Stood, initial, margin_balance, moved, share_in, values
from rebal.market.margin import Held
from rebal.plan import Wallet
from rebal.planner.exposure import held_position
from rebal.planner.pooled import pool_of
from rebal.planner.sequence import realised_by
from rebal.reports.explanation import Derivation, Term

_AS_ONE = "a pooled account is judged as one, by all its coins: see its figures under accounts"
_OF_A_WALLET = (
    "leverage",
    "margin_ratio",
    "liquidation_below",
    "liquidation_above",
    "distance_below",
    "distance_above",
)


def pooled(row: Wallet, name: str, facts: Facts) -> Iterator[Derivation]:
    """A coin of a pooled account: what is told of it alone, and where the rest is judged."""
    at, unit, rows = f"wallets.{name}", row.currency, tuple(_held_in(row, facts.after, facts))
    was = tuple(_held_in(row, facts.before, facts))
    stood = Stood(facts, row, rows, name, unit, at)
    before = Stood(facts, row.before, was, name, unit, f"{at}.before", BEFORE)
    yield _pooled_balance(row, stood)
    yield from values(row, stood)
    yield initial(row, stood)
    yield _pooled_maintenance(row, stood)
    title = f"balance of {name} before"
    yield untold(f"{before.at}.balance", row.before.balance, title=title, unit=unit, note=STATED)
    yield margin_balance(before)
    yield _pooled_need(row, stood)
    yield share_in(row, stood)
    for each in (stood, before):
        for field in _OF_A_WALLET:
            title = f"{field.replace('_', ' ')} of {name}{each.when}"
            yield untold(f"{each.at}.{field}", getattr(each.row, field), title=title, unit="", note=_AS_ONE)


def _held_in(row: Wallet, book: Book, facts: Facts) -> Iterator[Held]:
    """The positions of a pooled account that settle in a coin."""
    at = facts.portfolio.at(row.account)
    for position in book.open_positions:
        if position.contract.account == at and position.contract.settle == row.currency:
            yield held_position(position, facts.portfolio.market)


def _pooled_balance(row: Wallet, stood: Stood) -> Derivation:
    """What is there after the plan: what was there, what is moved, and what its orders pay and bring."""
    facts, unit = stood.facts, row.currency
    ordered = [each for each in facts.plan.orders if (each.account, each.fee_currency) == (row.account, unit)]
    contracts = facts.portfolio.contracts
    terms = [
        Term("B", row.before.balance, unit, "balance before", f"{stood.at}.before.balance"),
        Term("M", moved(stood.name, facts), unit, "moved in", f"transfers.{stood.name}.quantity"),
        Term("R", total(realised_by(each, facts.before, contracts[each.contract]) for each in ordered), unit,
             "realised by the orders", None),
        Term("f", total(each.fee for each in ordered), unit, "fees of the orders", None),
    ]  # fmt: skip
    title = f"balance of {stood.name} after the plan"
    return derived(f"{stood.at}.balance", row.balance, "B + M + R − f", terms=terms, title=title, unit=unit)


def _pooled_maintenance(row: Wallet, stood: Stood) -> Derivation:
    figure, title = f"{stood.at}.maintenance_margin", f"maintenance margin of {stood.name}"
    if not stood.held:
        return derived(figure, row.maintenance_margin, "0", terms=[], title=title, unit=row.currency)
    terms, texts = list[Term](), list[str]()
    account = next(each for each in stood.facts.portfolio.pools if each.name == row.account)
    pool = pool_of(account, stood.facts.after, stood.facts.portfolio)
    for n, each in indices(stood.held):
        of = next(levered for levered in pool.positions if levered.held.contract.name == each.contract.name)
        text, asked = required(of, n, pool.rules)
        texts.append(text)
        terms += [*position_terms(each, n), *asked]
    return derived(figure, row.maintenance_margin, " + ".join(texts), terms=terms, title=title, unit=row.currency)


def _pooled_need(row: Wallet, stood: Stood) -> Derivation:
    """The least of a coin with which the account as a whole keeps the policy, all else there."""
    figure, title = f"{stood.at}.required", f"balance that the policy asks of {stood.name}"
    if not row.required:
        note = "without this coin, all else there, the account keeps the policy"
        return derived(figure, row.required, "0", terms=[], title=title, unit=row.currency, note=note)
    note = "all that is there: with less of it, all else there, the account would not keep the policy"
    made = derived(figure, row.required, "W", terms=[stood.balance], title=title, unit=row.currency, note=note)
    if made.agrees:
        return made
    made = _asked_today(row, stood, figure, title)
    if not stood.held and made.agrees:
        return made
    note = "the least of this coin with which the account keeps the policy, all else there: found by trying"
    return untold(figure, row.required, title=title, unit=row.currency, note=note)


def _asked_today(row: Wallet, stood: Stood, figure: str, title: str) -> Derivation:
    """What today's margin and leverage ask of a coin that nothing settles in and that counts in one part."""
    facts, unit = stood.facts, row.currency
    line = next(each for each in facts.plan.accounts if each.account == row.account)
    account = next(each for each in facts.portfolio.pools if each.name == row.account)
    slices = pool_of(account, facts.after, facts.portfolio).parts[unit].coin.collateral.slices
    at = f"accounts.{row.account}"
    terms = [
        stood.balance,
        Term("I", line.initial_margin or ZERO, "USD", "initial margin of the account", f"{at}.initial_margin"),
        Term("V", line.position_value or ZERO, "USD", "position value of the account", f"{at}.position_value"),
        Term("L", facts.portfolio.policy.leverage, "", "most leverage", "policy.leverage"),
        Term("C", line.credit or ZERO, "USD", "credit of the account", f"{at}.credit"),
        Term("r", slices[0].ratio if slices else ZERO, "", f"share of {unit} that counts", f"{at}.collateral.{unit}"),
        index_of(unit, facts),
        step_of(COIN_STEP, unit),
    ]
    note = "the least of this coin, all else there, with which the account keeps the margin and the leverage of today"
    return derived(figure, row.required, "up(W + (max(I, V / L) − C) / (r · S), step)", terms=terms, title=title,
                   unit=unit, note=note)  # fmt: skip
