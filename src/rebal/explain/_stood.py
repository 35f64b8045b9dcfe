"""One account at one time: its balance and value, leverage, and where it is liquidated."""

from collections.abc import Iterator

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.explain._facts import GIVEN, Facts, derived, index_of, indexed, untold
from rebal.explain._margins import Curve, each_of, indices, position_terms, value_formula
from rebal.formula import formula_of, renamed
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.market.margin import Held, is_inverse, liquidation
from rebal.plan import Standing, Wallet
from rebal.planner.collateral import account_leverage
from rebal.reports.explanation import Derivation, Term

NEVER = "never: no price, however far, brings the margin balance down to the maintenance margin"
BEFORE = " before the plan"
STATED = f"{GIVEN}: wallets in the file, and what the journal recorded since"
_DUE = "the margin balance does not cover the maintenance margin at today's price"


@frozen
class Stood:
    """One account at one time, and the row that tells it. ``at``: how its figures begin; ``when``: the time."""

    facts: Facts
    row: Wallet | Standing
    held: tuple[Held, ...]
    name: str
    currency: str
    at: str
    when: str = ""

    @property
    def balance(self) -> Term:
        """Its coins, without unrealised PnL."""
        return Term("W", self.row.balance, self.currency, "balance", f"{self.at}.balance")

    @property
    def margin(self) -> Term:
        """Its coins with unrealised PnL."""
        return Term("b", self.row.margin_balance, self.currency, "margin balance", f"{self.at}.margin_balance")


def moved(name: str, facts: Facts) -> Fraction:
    """Coins that the plan moves into an account."""
    return total(each.quantity for each in facts.plan.transfers if facts.wallet(each) == name)


def values(row: Wallet, stood: Stood) -> Iterator[Derivation]:
    """Unrealised PnL, margin balance and position value."""
    held, unit, name = stood.held, row.currency, stood.name
    kind = "inverse" if not held or is_inverse(held) else "linear"
    profit = each_of(formula_of(Contract.pnl, kind), held, "n V e P")
    value = each_of(formula_of(Contract.position_value, kind), held, "n V P")
    terms = [term for n, each in indices(held) for term in position_terms(each, n)]
    title = f"unrealised PnL of {name}"
    yield derived(f"{stood.at}.unrealised_pnl", row.unrealised_pnl, profit, terms=terms, title=title, unit=unit)
    yield margin_balance(stood)
    title = f"value of the positions in {name}, at their marks"
    yield derived(f"{stood.at}.position_value", row.position_value, value, terms=terms, title=title, unit=unit)


def margin_balance(stood: Stood) -> Derivation:
    """Coins with unrealised PnL."""
    figure, title = f"{stood.at}.margin_balance", f"margin balance of {stood.name}{stood.when}"
    if isinstance(stood.row, Wallet):
        pnl = Term("u", stood.row.unrealised_pnl, stood.currency, "unrealised PnL", f"{stood.at}.unrealised_pnl")
        text, terms = "W + u", [stood.balance, pnl]
    else:
        kind = "inverse" if not stood.held or is_inverse(stood.held) else "linear"
        text = f"W + {each_of(formula_of(Contract.pnl, kind), stood.held, 'n V e P')}"
        terms = [stood.balance, *(term for n, each in indices(stood.held) for term in position_terms(each, n))]
    return derived(figure, stood.row.margin_balance, text, terms=terms, title=title, unit=stood.currency)


def initial(row: Wallet, stood: Stood) -> Derivation:
    """Initial margin, at the leverage that is set."""
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


def share_in(row: Wallet, stood: Stood) -> Derivation:
    """Of what is owned of a coin, the share that is there."""
    facts, unit, figure = stood.facts, row.currency, f"{stood.at}.share_of_holding"
    title = f"share of the {unit} owned that is in {stood.name}"
    if row.share_of_holding is None:
        return untold(figure, None, title=title, unit="", note="no coins are owned")
    owned = Term("h", facts.after.holdings.get(unit, ZERO), unit, "coins owned after the plan", None)
    return derived(figure, row.share_of_holding, "W / h", terms=[stood.balance, owned], title=title, unit="")


def ratios(stood: Stood) -> Iterator[Derivation]:
    """Leverage and margin ratio."""
    row = stood.row
    nothing = "there is no margin balance to measure by"
    for field, ratio in (("leverage", row.leverage), ("margin_ratio", row.margin_ratio)):
        title = f"{field.replace('_', ' ')} of {stood.name}{stood.when}"
        if ratio is None or not stood.held:
            note = nothing if ratio is None else "no position is open"
            yield untold(f"{stood.at}.{field}", ratio, title=title, unit="", note=note)
            continue
        text, terms = _part_of(row, stood, field) if isinstance(row, Wallet) else _part_then(stood, field)
        terms.append(stood.margin)
        yield derived(f"{stood.at}.{field}", ratio, f"{text} / b", terms=terms, title=title, unit="")


def _part_of(row: Wallet, stood: Stood, field: str) -> tuple[str, list[Term]]:
    """What is measured against the margin balance, as the plan's own row has it."""
    if field == "leverage":
        return "v", [Term("v", row.position_value, stood.currency, "position value", f"{stood.at}.position_value")]
    found = f"{stood.at}.maintenance_margin"
    return "k", [Term("k", row.maintenance_margin, stood.currency, "maintenance margin", found)]


def _part_then(stood: Stood, field: str) -> tuple[str, list[Term]]:
    """The same where no row tells it: of the positions themselves."""
    held, curve = stood.held, Curve(stood.held, stood.balance)
    if field == "leverage":
        kind = "inverse" if is_inverse(held) else "linear"
        value = each_of(formula_of(Contract.position_value, kind), held, "n V P")
        return f"({value})", [term for n, each in indices(held) for term in position_terms(each, n)]
    told = curve.at(ONE)
    return f"({told.maintenance()})", [each for each in told.terms() if each.symbol != "W"]


def ends(stood: Stood) -> Iterator[Derivation]:
    """Where it is liquidated, below and above today's price, and how far away that is."""
    row, facts = stood.row, stood.facts
    factors = liquidation(row.balance, stood.held)
    told: tuple[tuple[str, Fraction | None, Fraction | None, Fraction | None], ...] = (
        ("below", row.liquidation_below, row.distance_below, factors.below),
        ("above", row.liquidation_above, row.distance_above, factors.above),
    )
    assets = sorted({each.contract.asset for each in stood.held})
    for way, price, distance, factor in told:
        title = f"price {way} today's at which {stood.name} is liquidated{stood.when}"
        figure = f"{stood.at}.liquidation_{way}"
        index = index_of(assets[0], facts) if len(assets) == 1 else None
        if price is None or factor is None or index is None:
            note = (
                "no position is open" if not stood.held else NEVER if factor is None else "several coins: see distance"
            )
            yield untold(figure, price, title=title, unit="USD", note=note)
        else:
            yield end(figure, price, factor, solved=Solved(stood, index, "W", title))
        yield _distance(stood, way, distance, price=price, index=index)


@frozen
class Solved:
    """What a liquidation price is solved for: the price that is moved, and the coins that stand behind."""

    stood: Stood
    of: Term
    balance: str
    title: str
    more: tuple[Term, ...] = ()


def end(figure: str, price: Fraction, factor: Fraction, *, solved: Solved) -> Derivation:
    """A liquidation price, by the tier that holds at its factor."""
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
        f"how far {way} today's price {stood.name} is liquidated{stood.when}",
    )
    if distance is None:
        return untold(figure, None, title=title, unit="", note=NEVER if stood.held else "no position is open")
    if price is None or index is None:
        return untold(figure, distance, title=title, unit="", note="the common factor on all marks of the wallet")
    text = "1 − L / S" if way == "below" else "L / S − 1"
    end = Term("L", price, "USD", "liquidation price", f"{stood.at}.liquidation_{way}")
    return derived(figure, distance, text, terms=[end, index], title=title, unit="")
