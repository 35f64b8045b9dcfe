"""The ways of a rescue: what each takes and costs, and where it leaves its wallet, were it taken alone."""

from collections.abc import Iterator
from dataclasses import replace

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.book import Purpose
from rebal.explain import _exposures, _pools, _wallets
from rebal.explain._facts import Facts, derived, facts, index_of, of_contract, step_of, untold
from rebal.explain._stood import Stood
from rebal.findings import percent
from rebal.formula import formula_of, renamed
from rebal.market.contract import Contract
from rebal.market.margin import nearer, pnl_of, required_balance, value_of
from rebal.plan import Order, RescueLine, Transfer
from rebal.planner.account_lines import account_lines
from rebal.planner.collateral import Account
from rebal.planner.cutting import Wallet
from rebal.planner.lines import standing_line
from rebal.planner.rescue import goal_of
from rebal.reports.explanation import Derivation, Term

_TRIED = "the least with which the alert ends, found by trying: no formula tells how many"
_SPLIT = "its share of what the way takes: what lies loose first, then what is free, then from other accounts"
_ALONE = " with this way alone"


def ways(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every way, named by its wallet and what it is."""
    for line in facts.plan.ways:
        yield from _way(line, f"ways.{line.wallet}.{line.way.value}", facts)


def _way(line: RescueLine, at: str, facts: Facts) -> Iterator[Derivation]:
    named, unit = f"{line.way.value} for {line.wallet}", line.currency
    terms = [
        Term(f"q{n}", each.quantity, unit, "moved into it", f"{at}.transfers.{_named(each, line)}.quantity")
        for n, each in enumerate((each for each in line.transfers if each.quantity > 0 and each.asset == unit), start=1)
    ]
    text = " + ".join(each.symbol for each in terms) or "0"
    yield derived(f"{at}.coins", line.coins, text, terms=terms, title=f"coins that {named} takes", unit=unit)
    for each in line.transfers:
        yield _transfer(each, line, at, facts=facts)
    for contract, counted in line.contracts.items():
        yield _ordered(contract, counted, line, at=at, facts=facts)
    yield _fees(line, at, facts)
    yield _realised(line, at, facts)
    yield from _left(line, at, facts)


def to_level(account: Account | None, facts: Facts) -> Iterator[tuple[str, list[Term], str]]:
    """What brings an account, as it stands, to the level that a rescue aims at: halfway to the policy, or the policy's.

    Each as a formula, its terms and what it is.
    """
    if account is None or not account.held_before:
        return
    held, policy, unit = account.held_before, facts.portfolio.policy, account.currency
    for to_policy in (False, True):
        level = goal_of(policy, to_policy=to_policy).best
        shock = required_balance(held, lowest=ONE - level.distance, highest=ONE + level.distance)
        terms = [
            Term("v", value_of(held), unit, "position value", None),
            Term("L", level.leverage, "", "leverage that a rescue aims at", None),
            Term("u", pnl_of(held), unit, "unrealised PnL", None),
            Term("s", shock, unit, f"what survives a move of {percent(level.distance)}, which it aims at", None),
            Term("W", account.balance, unit, "balance", f"wallets.{account.name}.before.balance"),
            step_of(COIN_STEP, unit),
        ]
        yield "up(max(v / L − u, s) − W, step)", terms, "the least coins with which it stands where a rescue aims at"


def _named(moved: Transfer, line: RescueLine) -> str:
    """A transfer by where it goes; where several go there, or leave it, by their accounts too."""
    name = moved.contract or moved.asset
    if sum((each.contract or each.asset) == name for each in line.transfers) == 1:
        return name
    return f"{name}.{'in' if moved.quantity > 0 else 'out'}.{moved.account}.{moved.other_account or 'outside'}"


def _transfer(moved: Transfer, line: RescueLine, at: str, *, facts: Facts) -> Derivation:
    figure = f"{at}.transfers.{_named(moved, line)}.quantity"
    title = f"moved by {line.way.value} for {line.wallet}"
    for text, terms, note in to_level(facts.accounts.get(line.wallet), facts):
        made = derived(figure, moved.quantity, text, terms=terms, title=title, unit=moved.asset, note=note)
        if made.agrees:
            return made
    return untold(figure, moved.quantity, title=title, unit=moved.asset, note=_SPLIT)


def _ordered(contract: str, counted: Fraction, line: RescueLine, *, at: str, facts: Facts) -> Derivation:
    figure, title = f"{at}.contracts.{contract}", f"contracts of {contract} that {line.way.value} orders"
    held = facts.before.positions[contract].contracts
    if held == -counted:
        terms = [Term("n", held, "contracts", "open before", f"positions.{contract}.contracts_before")]
        note = "all that is open is closed"
        return derived(figure, counted, "−n", terms=terms, title=title, unit="contracts", note=note)
    return untold(figure, counted, title=title, unit="contracts", note=_TRIED)


def _fees(line: RescueLine, at: str, facts: Facts) -> Derivation:
    texts, terms = [], []
    for n, (name, counted) in enumerate(sorted(line.contracts.items()), start=1):
        contract = facts.portfolio.contracts[name]
        mark = facts.portfolio.market.mark(contract)
        value = formula_of(Contract.position_value, contract.kind.value)
        symbols = {"n": f"n{n}", "V": f"V{n}", "P": f"P{n}"}
        terms += [
            Term(symbols["n"], abs(counted), "contracts", f"of {name}", f"{at}.contracts.{name}"),
            of_contract(contract, str(n)),
            Term(symbols["P"], mark, "USD", f"mark of {name}", None),
            Term(f"t{n}", contract.taker_fee, "", "taker fee", f"contracts.{name}.taker_fee"),
            index_of(contract.settle, facts, f"S_{contract.settle}"),
        ]
        texts.append(f"up({renamed(value, symbols)} · t{n}, step) · S_{contract.settle}")
    terms = [*terms, step_of(COIN_STEP, line.currency)] if texts else []
    title = f"fees of {line.way.value} for {line.wallet}, in dollars"
    return derived(f"{at}.fees_usd", line.fees_usd, " + ".join(texts) or "0", terms=terms, title=title, unit="USD")


def _realised(line: RescueLine, at: str, facts: Facts) -> Derivation:
    texts, terms = [], []
    for n, (name, counted) in enumerate(sorted(line.contracts.items()), start=1):
        contract, position = facts.portfolio.contracts[name], facts.before.positions[name]
        profit = formula_of(Contract.pnl, contract.kind.value)
        texts.append(f"down({renamed(profit, _indexed(n))}, step) · S_{contract.settle}")
        terms += [
            Term(f"n{n}", -counted, "contracts", f"of {name} closed, of a short negative", f"{at}.contracts.{name}"),
            of_contract(contract, str(n)),
            Term(f"e{n}", position.entry_price, "USD", f"average entry of {name}", None),
            Term(f"P{n}", facts.portfolio.market.mark(contract), "USD", f"mark of {name}", None),
            index_of(contract.settle, facts, f"S_{contract.settle}"),
        ]
    terms = [*terms, step_of(COIN_STEP, line.currency)] if texts else []
    title = f"PnL that it realises, {line.way.value} for {line.wallet}"
    text = " + ".join(texts) or "0"
    return derived(f"{at}.realised_usd", line.realised_usd, text, terms=terms, title=title, unit="USD")


def _indexed(n: int) -> dict[str, str]:
    return {letter: f"{letter}{n}" for letter in "nVeP"}


def _left(line: RescueLine, at: str, facts: Facts) -> Iterator[Derivation]:
    """What the way leaves: the plan's own derivations, of the book carried out with it alone."""
    found: tuple[Derivation, ...] = ()
    for first in Purpose:
        alone = _alone(line, facts, first)
        found = tuple(_exposures.left_by(at, line, alone))
        if all(each.agrees for each in found):
            break
    account = next((each for each in facts.portfolio.pools if each.name == line.wallet), None)
    yield from _of_wallet(line, at, alone) if account is None else _of_pool(line, at, alone)
    yield from found


def _alone(line: RescueLine, told: Facts, first: Purpose) -> Facts:
    """The facts of a plan that is this way and nothing else. ``first``: the purpose whose legs it closes first."""
    chosen = tuple(each for each in told.plan.orders if each.contract in line.contracts)
    orders = chosen if line.chosen else _closing(line, told, first)
    plan = replace(told.plan, orders=orders, transfers=line.transfers)
    return facts(plan, told.portfolio, told.before)


def _closing(line: RescueLine, told: Facts, first: Purpose) -> tuple[Order, ...]:
    positions = tuple(told.before.positions[name] for name in line.contracts)
    wallet = Wallet(line.currency, line.contract, told.before, ZERO, positions, first, told.portfolio)
    return wallet.orders({name: abs(counted) for name, counted in line.contracts.items()})


def _of_wallet(line: RescueLine, at: str, alone: Facts) -> Iterator[Derivation]:
    account, unit = alone.left.get(line.wallet), line.currency
    if account is None or not account.held_after:
        note = "nothing is left open"
        yield untold(f"{at}.distance_after", None, title="distance to liquidation", unit="", note=note)
        yield untold(f"{at}.leverage_after", line.leverage_after, title="leverage that it leaves", unit="", note=note)
        return
    row = standing_line(account.balance, account.held_after, portfolio=alone.portfolio)
    stood = Stood(alone, row, account.held_after, line.wallet, unit, at, _ALONE)
    yield _wallets.balance_after(stood)
    side = "below" if row.distance_below == nearer(row.distance_below, row.distance_above) else "above"
    told = {f"{at}.leverage": line.leverage_after, f"{at}.distance_{side}": line.distance_after}
    for each in _wallets.left_by(stood):
        if each.figure in told:
            name = f"{at}.{each.figure.removeprefix(f'{at}.').split('_')[0]}_after"
            yield as_told(each, name, told[each.figure])
        elif each.value is not None and "distance" not in each.figure:
            yield each


def as_told(each: Derivation, figure: str, value: Fraction | None) -> Derivation:
    """A derivation under the name that the plan has for its figure, held to the plan's own value."""
    if each.formula is None:
        return replace(each, figure=figure, value=value)
    return derived(figure, value, each.formula, terms=each.terms, title=each.title, unit=each.unit,
                   source=each.source, note=each.note)  # fmt: skip


def _of_pool(line: RescueLine, at: str, alone: Facts) -> Iterator[Derivation]:
    lines = account_lines(alone.after, alone.portfolio, equity=alone.later.equity)
    row = next(each for each in lines if each.account == line.wallet)
    nearest = row.nearest
    for each in _pools.pooled(row, at, alone):
        if each.figure in (f"{at}.credit", f"{at}.position_value") or (
            nearest is not None and each.figure.startswith(f"{at}.levels.{nearest.path}.") and each.value is not None
        ):
            yield each
    title = f"leverage that {line.way.value} leaves {line.wallet}"
    if line.leverage_after is None:
        yield untold(f"{at}.leverage_after", None, title=title, unit="", note="there is no credit to measure by")
    else:
        terms = [
            Term("v", row.position_value or ZERO, "USD", "position value", f"{at}.position_value"),
            Term("c", row.credit or ZERO, "USD", "credit", f"{at}.credit"),
        ]
        text = "v / c" if row.position_value else "0"
        terms = terms if row.position_value else []
        yield derived(f"{at}.leverage_after", line.leverage_after, text, terms=terms, title=title, unit="")
    title = f"distance to the nearest liquidation that {line.way.value} leaves {line.wallet}"
    if nearest is None:
        yield untold(f"{at}.distance_after", line.distance_after, title=title, unit="", note="never, along any path")
        return
    side = "below" if nearest.factor <= ONE else "above"
    terms = [
        Term("k", nearest.factor, "", "its factor", f"{at}.levels.{nearest.path}.{side}"),
        Term("o", ONE, "", "today's prices", None),
    ]
    yield derived(f"{at}.distance_after", line.distance_after, "|k − o|", terms=terms, title=title, unit="")
