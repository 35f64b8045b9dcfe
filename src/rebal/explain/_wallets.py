"""Wallets before and after a plan."""

from collections.abc import Iterator

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import MarginMode
from rebal.explain._facts import GIVEN, Facts, derived, index_of, indexed, untold
from rebal.explain._margins import Curve, each_of, indices, position_terms, survival, value_formula
from rebal.formula import formula_of, renamed
from rebal.frozen import frozen
from rebal.market.carry import funding_coins_per_day
from rebal.market.contract import Contract
from rebal.market.margin import Held, is_inverse, liquidation
from rebal.plan import Standing, Wallet
from rebal.planner.collateral import Account, account_leverage, balance_at, free_coins, need
from rebal.reports.explanation import Derivation, Term

NEVER = "never: no price, however far, brings the margin balance down to the maintenance margin"
_DUE = "the margin balance does not cover the maintenance margin at today's price"


@frozen
class Stood:
    """One account at one time, and the row that tells it. ``at``: how its figures begin."""

    facts: Facts
    row: Wallet | Standing
    held: tuple[Held, ...]
    name: str
    currency: str
    at: str

    @property
    def balance(self) -> Term:
        """Its coins, without unrealised PnL."""
        return Term("W", self.row.balance, self.currency, "balance", f"{self.at}.balance")

    @property
    def margin(self) -> Term:
        """Its coins with unrealised PnL."""
        return Term("b", self.row.margin_balance, self.currency, "margin balance", f"{self.at}.margin_balance")


def wallets(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every wallet, after the plan and before."""
    for row in facts.plan.wallets:
        name = facts.wallet(row)
        if row.mode is MarginMode.POOLED:
            yield from _pooled(row, name)
            continue
        left, found = facts.left.get(name), facts.accounts.get(name)
        after = Stood(facts, row, left.held_after if left else (), name, row.currency, f"wallets.{name}")
        before = Stood(
            facts, row.before, found.held_before if found else (), name, row.currency, f"wallets.{name}.before"
        )
        yield _balance(row, after)
        yield from _margin(row, after)
        yield from _standing(after)
        yield from _asked(row, after)
        note = f"{GIVEN}: wallets in the file, and what the journal recorded since"
        title = f"balance of {name} before"
        yield untold(f"{before.at}.balance", row.before.balance, title=title, unit=row.currency, note=note)
        yield _margin_balance(before)
        yield from _standing(before)


def _pooled(row: Wallet, name: str) -> Iterator[Derivation]:
    """A coin of a pooled account: what is told of it alone, and where the rest is judged."""
    at, unit = f"wallets.{name}", row.currency
    terms = [
        Term("W", row.balance, unit, "balance", f"{at}.balance"),
        Term("u", row.unrealised_pnl, unit, "unrealised PnL", f"{at}.unrealised_pnl"),
    ]
    title = f"{unit} of a pooled account, with unrealised PnL"
    yield derived(f"{at}.margin_balance", row.margin_balance, "W + u", terms=terms, title=title, unit=unit)
    note = "a pooled account is judged as one, by all its coins: see accounts and levels of the plan"
    for field in _OF_A_WALLET:
        figure = getattr(row, field)
        yield untold(f"{at}.{field}", figure, title=f"{field.replace('_', ' ')} of {name}", unit="", note=note)
    for field in _BEFORE:
        figure, title = getattr(row.before, field), f"{field.replace('_', ' ')} of {name} before the plan"
        yield untold(f"{at}.before.{field}", figure, title=title, unit="", note=note)


_OF_A_WALLET = (
    "balance", "unrealised_pnl", "position_value", "leverage", "initial_margin", "maintenance_margin", "margin_ratio",
    "liquidation_below", "liquidation_above", "distance_below", "distance_above", "required", "share_of_holding",
)  # fmt: skip
_BEFORE = (
    "balance", "margin_balance", "leverage", "margin_ratio", "liquidation_below", "liquidation_above",
    "distance_below", "distance_above",
)  # fmt: skip


def _balance(row: Wallet, stood: Stood) -> Derivation:
    facts, unit, name = stood.facts, row.currency, stood.name
    title = f"balance of {name} after the plan"
    if name not in facts.left:
        note = "closed or emptied: what was left of it is back in the wallet, or moved out"
        return untold(f"{stood.at}.balance", row.balance, title=title, unit=unit, note=note)
    account, moved = facts.accounts.get(name), _moved(name, facts)
    freed = total(_remaining(each, facts) for each in _closed(row, facts))
    terms = [
        Term("B", row.before.balance, unit, "balance before", f"wallets.{name}.before.balance"),
        Term(
            "M",
            moved,
            unit,
            "moved in",
            f"transfers.{name}.quantity" if moved and not _from_others(name, facts) else None,
        ),
        Term("R", account.realised if account else ZERO, unit, "realised by the orders", None),
        Term("f", account.fees if account else ZERO, unit, "fees of the orders", None),
        *([Term("I", freed, unit, "left of isolated margins that the plan closes", None)] if freed else []),
    ]
    text = "B + M + R − f + I" if freed else "B + M + R − f"
    return derived(f"{stood.at}.balance", row.balance, text, terms=terms, title=title, unit=unit)


def _moved(name: str, facts: Facts) -> Fraction:
    return total(each.quantity for each in facts.plan.transfers if facts.wallet(each) == name)


def _from_others(name: str, facts: Facts) -> bool:
    """Whether coins come to a wallet from another account, or go there."""
    return any(each.other_account is not None and facts.wallet(each) == name for each in facts.plan.transfers)


def _closed(row: Wallet, facts: Facts) -> Iterator[Account]:
    """The isolated accounts of a cross wallet's coin that the plan leaves nothing of."""
    for key, account in facts.accounts.items():
        if row.contract is None and account.contract and account.currency == row.currency and key not in facts.left:
            yield account


def _remaining(account: Account, facts: Facts) -> Fraction:
    return account.balance + _moved(account.name, facts) + account.realised - account.fees


def _margin(row: Wallet, stood: Stood) -> Iterator[Derivation]:
    held, unit, name = stood.held, row.currency, stood.name
    kind = "inverse" if not held or is_inverse(held) else "linear"
    profit = each_of(formula_of(Contract.pnl, kind), held, "n V e P")
    value = each_of(formula_of(Contract.position_value, kind), held, "n V P")
    terms = [term for n, each in indices(held) for term in position_terms(each, n)]
    title = f"unrealised PnL of {name}"
    yield derived(f"{stood.at}.unrealised_pnl", row.unrealised_pnl, profit, terms=terms, title=title, unit=unit)
    yield _margin_balance(stood)
    title = f"value of the positions in {name}, at their marks"
    yield derived(f"{stood.at}.position_value", row.position_value, value, terms=terms, title=title, unit=unit)
    yield _initial(row, stood)
    if not held:
        title = f"maintenance margin of {name}"
        yield derived(f"{stood.at}.maintenance_margin", row.maintenance_margin, "0", terms=[], title=title, unit=unit)
    else:
        yield _maintenance(row, stood)


def _margin_balance(stood: Stood) -> Derivation:
    figure, title = f"{stood.at}.margin_balance", f"margin balance of {stood.name}{_when(stood)}"
    if isinstance(stood.row, Wallet):
        pnl = Term("u", stood.row.unrealised_pnl, stood.currency, "unrealised PnL", f"{stood.at}.unrealised_pnl")
        text, terms = "W + u", [stood.balance, pnl]
    else:
        kind = "inverse" if not stood.held or is_inverse(stood.held) else "linear"
        text = f"W + {each_of(formula_of(Contract.pnl, kind), stood.held, 'n V e P')}"
        terms = [stood.balance, *(term for n, each in indices(stood.held) for term in position_terms(each, n))]
    return derived(figure, stood.row.margin_balance, text, terms=terms, title=title, unit=stood.currency)


def _when(stood: Stood) -> str:
    return "" if isinstance(stood.row, Wallet) else " before the plan"


def _initial(row: Wallet, stood: Stood) -> Derivation:
    terms: list[Term] = []
    texts = []
    for n, each in indices(stood.held):
        lever = min(account_leverage(each.contract, stood.facts.portfolio.policy), each.most_leverage)
        terms += position_terms(each, n)
        terms.append(Term(f"l{n}", lever, "", "leverage set, within the venue's cap", "policy.leverage"))
        texts.append(
            f"{each_of(value_formula(each), (each,), 'n V P') if not n else _with(value_formula(each), n)} / l{n}"
        )
    figure, title = f"{stood.at}.initial_margin", f"initial margin of {stood.name}"
    made = derived(figure, row.initial_margin, " + ".join(texts) or "0", terms=terms, title=title, unit=row.currency)
    if made.agrees:
        return made
    note = "at this venue the rate grows with the size, whatever leverage is set"
    return untold(figure, row.initial_margin, title=title, unit=row.currency, note=note)


def _with(shape: str, n: str) -> str:
    return renamed(shape, indexed("n V P", n))


def _maintenance(row: Wallet, stood: Stood) -> Derivation:
    figure, title = f"{stood.at}.maintenance_margin", f"maintenance margin of {stood.name}"
    curve = Curve(stood.held, stood.balance)
    if curve.quadratic:
        note = "a rate that grows with the size: base + slope · size, of the whole position"
        return untold(figure, row.maintenance_margin, title=title, unit=row.currency, note=note)
    told = curve.at(ONE)
    terms = [each for each in told.terms() if each.symbol != "W"]
    return derived(figure, row.maintenance_margin, told.maintenance(), terms=terms, title=title, unit=row.currency)


def _standing(stood: Stood) -> Iterator[Derivation]:
    row, unit, name, when = stood.row, stood.currency, stood.name, _when(stood)
    nothing = "there is no margin balance to measure by"
    ratios = (("leverage", row.leverage, "v"), ("margin_ratio", row.margin_ratio, "k"))
    for field, ratio, symbol in ratios:
        title = f"{field.replace('_', ' ')} of {name}{when}"
        if ratio is None or not stood.held:
            note = nothing if ratio is None else "no position is open"
            yield untold(f"{stood.at}.{field}", ratio, title=title, unit="", note=note)
            continue
        words = {"v": "position value", "k": "maintenance margin"}[symbol]
        amount = ratio * row.margin_balance if isinstance(row, Standing) else None
        if isinstance(row, Wallet):
            amount = row.position_value if symbol == "v" else row.maintenance_margin
        found = f"{stood.at}.{'position_value' if symbol == 'v' else 'maintenance_margin'}"
        part = Term(symbol, amount or ZERO, unit, words, found if isinstance(row, Wallet) else None)
        terms = [part, stood.margin]
        yield derived(f"{stood.at}.{field}", ratio, f"{symbol} / b", terms=terms, title=title, unit="")
    yield from _ends(stood)


def _ends(stood: Stood) -> Iterator[Derivation]:
    row, facts = stood.row, stood.facts
    factors = liquidation(row.balance, stood.held)
    told: tuple[tuple[str, Fraction | None, Fraction | None, Fraction | None], ...] = (
        ("below", row.liquidation_below, row.distance_below, factors.below),
        ("above", row.liquidation_above, row.distance_above, factors.above),
    )
    assets = sorted({each.contract.asset for each in stood.held})
    for way, price, distance, factor in told:
        title = f"price {way} today's at which {stood.name} is liquidated{_when(stood)}"
        figure = f"{stood.at}.liquidation_{way}"
        index = index_of(assets[0], facts) if len(assets) == 1 else None
        if price is None or factor is None or index is None:
            note = (
                "no position is open" if not stood.held else NEVER if factor is None else "several coins: see distance"
            )
            yield untold(figure, price, title=title, unit="USD", note=note)
        else:
            yield _end(figure, price, factor, Solved(stood, index, "W", title))
        yield _distance(stood, way, distance, price=price, index=index)


@frozen
class Solved:
    """What a liquidation price is solved for: the price that is moved, and the coins that stand behind."""

    stood: Stood
    of: Term
    balance: str
    title: str
    more: tuple[Term, ...] = ()


def _end(figure: str, price: Fraction, factor: Fraction, solved: Solved) -> Derivation:
    stood, title = solved.stood, solved.title
    if factor == ONE:
        return derived(figure, price, solved.of.symbol, terms=[solved.of], title=title, unit="USD", note=_DUE)
    curve = Curve(stood.held, stood.balance)
    y = 1 / factor if curve.inverse else factor
    if not curve.quadratic:
        told = curve.at(y)
        text, terms = told.liquidation(solved.of.symbol, solved.balance), [solved.of, *told.terms(), *solved.more]
        source = "margin balance = maintenance margin, solved for the price, in the tier that holds there"
        made = derived(figure, price, text, terms=terms, title=title, unit="USD", source=source)
        if made.agrees:
            return made
    return _at_bound(figure, price, y, solved, curve=curve)


def _at_bound(figure: str, price: Fraction, y: Fraction, solved: Solved, *, curve: Curve) -> Derivation:
    """A price at which a tier begins, or the root of a rate that grows: y itself is the term."""
    text = f"{solved.of.symbol} / y" if curve.inverse else f"{solved.of.symbol} · y"
    note = (
        "the rate grows with the size, so the price is the root of a square"
        if curve.quadratic
        else "a dearer tier begins there, and asks more than the balance is"
    )
    terms = [solved.of, Term("y", y, "", "how far all marks move, as a factor", None)]
    return derived(figure, price, text, terms=terms, title=solved.title, unit="USD", note=note)


def _distance(
    stood: Stood, way: str, distance: Fraction | None, *, price: Fraction | None, index: Term | None
) -> Derivation:
    figure, title = (
        f"{stood.at}.distance_{way}",
        f"how far {way} today's price {stood.name} is liquidated{_when(stood)}",
    )
    if distance is None:
        return untold(figure, None, title=title, unit="", note=NEVER if stood.held else "no position is open")
    if price is None or index is None:
        return untold(figure, distance, title=title, unit="", note="the common factor on all marks of the wallet")
    text = "1 − L / S" if way == "below" else "L / S − 1"
    end = Term("L", price, "USD", "liquidation price", f"{stood.at}.liquidation_{way}")
    return derived(figure, distance, text, terms=[end, index], title=title, unit="")


def _asked(row: Wallet, stood: Stood) -> Iterator[Derivation]:
    facts, unit, name, at = stood.facts, row.currency, stood.name, stood.at
    policy, asked = facts.portfolio.policy, need(stood.held, facts.portfolio)
    terms = [
        Term("v", row.position_value, unit, "position value", f"{at}.position_value"),
        Term("L", policy.leverage, "", "most leverage", "policy.leverage"),
        Term("u", row.unrealised_pnl, unit, "unrealised PnL", f"{at}.unrealised_pnl"),
        Term("i", row.initial_margin, unit, "initial margin", f"{at}.initial_margin"),
        Term("s", asked.survival, unit, "what survives the policy's distance", f"{at}.survival"),
    ]
    text = "max(0, v / L − u, i − u, s)" if stood.held else "0"
    title = f"balance that the policy asks of {name}"
    yield derived(f"{at}.required", row.required, text, terms=terms if stood.held else [], title=title, unit=unit)
    if stood.held:
        yield _survival(stood, asked.survival)
    yield from _share(row, stood)
    yield _days(row, stood)


def _survival(stood: Stood, coins: Fraction) -> Derivation:
    shock, curve = stood.facts.portfolio.policy.shock, Curve(stood.held, stood.balance)
    figure, title = f"{stood.at}.survival", f"balance with which {stood.name} lives through the policy's distance"
    if curve.quadratic:
        note = "maintenance grows with the size; the largest need between both ends of the move"
        return untold(figure, coins, title=title, unit=stood.currency, note=note)
    y = survival(stood.held, shock=shock)
    told = curve.at(y)
    terms = [each for each in told.terms() if each.symbol != "W"]
    words = "1 over the move of the price" if curve.inverse else "the move of the price"
    terms.append(Term("y", y, "", f"{words} at which most is needed, within the policy's distance", None))
    return derived(figure, coins, told.needed(), terms=terms, title=title, unit=stood.currency)


def _share(row: Wallet, stood: Stood) -> Iterator[Derivation]:
    facts, unit, at = stood.facts, row.currency, stood.at
    owned = facts.after.holdings.get(unit, ZERO)
    title = f"share of the {unit} owned that is in {stood.name}"
    if row.share_of_holding is None:
        yield untold(f"{at}.share_of_holding", None, title=title, unit="", note="no coins are owned")
    else:
        terms = [stood.balance, Term("h", owned, unit, "coins owned after the plan", None)]
        yield derived(f"{at}.share_of_holding", row.share_of_holding, "W / h", terms=terms, title=title, unit="")
    free = free_coins(unit, facts.after, facts.portfolio)
    ends = liquidation(row.balance + free, stood.held)
    posted = (
        ("below", row.distance_below_all_posted, ends.below),
        ("above", row.distance_above_all_posted, ends.above),
    )
    for way, distance, factor in posted:
        yield _all_posted(stood, way, distance, factor=factor, free=free)


def _all_posted(
    stood: Stood, way: str, distance: Fraction | None, *, factor: Fraction | None, free: Fraction
) -> Derivation:
    figure = f"{stood.at}.distance_{way}_all_posted"
    title = f"how far {way} {stood.name} were liquidated, with every free coin posted"
    if distance is None or factor is None:
        return untold(figure, None, title=title, unit="", note=NEVER if stood.held else "no position is open")
    coins = Term("F", free, stood.currency, "coins that are free to post", None)
    solved = Solved(stood, Term("S", ONE, "", "today's price, as 1", None), "W + F", title, more=(coins,))
    end = _end(figure, factor, factor, solved)
    assert end.formula is not None
    text = f"1 − {end.formula}" if way == "below" else f"{end.formula} − 1"
    return derived(figure, distance, text, terms=end.terms, title=title, unit="", source=end.source, note=end.note)


def _days(row: Wallet, stood: Stood) -> Derivation:
    figure, title = f"{stood.at}.funding_days_to_alert", f"days of today's funding until {stood.name} is in alert"
    facts = stood.facts
    if row.funding_days_to_alert is None:
        return untold(figure, None, title=title, unit="days", note="funding does not lead there")
    market = facts.portfolio.market
    paid = total(
        funding_coins_per_day(
            each.contract, each.contracts, price=each.mark_price, rate=market.funding_rate(each.contract)
        ) or ZERO
        for each in stood.held
    )  # fmt: skip
    alert = balance_at(stood.held, facts.portfolio.policy.alert)
    terms = [
        stood.balance,
        Term("A", alert, row.currency, "balance at which it stands at the alert", None),
        Term("d", paid, row.currency, "funding paid a day, at the mark", None),
    ]
    return derived(figure, row.funding_days_to_alert, "(W − A) / d", terms=terms, title=title, unit="days")
