"""The rungs of an unwind, by their contracts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rebal.amounts import ZERO, Fraction
from rebal.explain import _wallets
from rebal.explain._facts import Facts, derived, facts, index_of, mark_of, of_contract, untold
from rebal.explain._stood import Stood
from rebal.explain._ways import as_told
from rebal.formula import formula_of
from rebal.market.carry import DAYS_PER_YEAR, HOURS_PER_DAY, days_between
from rebal.market.contract import Contract, Kind
from rebal.market.margin import nearer
from rebal.plan import Side
from rebal.planner.lines import standing_line
from rebal.reports.explanation import Derivation, Term
from rebal.rung_lines import RungLine

_FREED = "what the policy then lets out of the account, or asks into it, beyond the rungs above; nothing else is moved"
_POOLED = "of the pooled account with this rung and those above it closed, walked along its paths of prices"
_WHEN = " with this rung and those above it closed"


def ladder(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every rung."""
    above: RungLine | None = None
    ends: dict[str, str] = {}
    for rung in facts.plan.ladder:
        at = f"ladder.{rung.contract}"
        yield from _costs(rung, at, facts)
        yield from _moved(rung, at, facts)
        yield from _distances(rung, at, facts, ends.get(rung.wallet))
        yield from _so_far(rung, at, above)
        ends[rung.wallet], above = f"{at}.distance_after", rung


def _costs(rung: RungLine, at: str, facts: Facts) -> Iterator[Derivation]:
    order, of = facts.order(rung.contract), f"of closing {rung.contract}"
    assert order is not None
    n = Term("n", order.contracts, "contracts", "of the order", f"orders.{rung.contract}.contracts")
    sign = "n" if order.side is Side.BUY else "−n"
    yield derived(f"{at}.contracts", rung.contracts, sign, terms=[n], title=f"contracts {of}", unit="contracts")
    dollars = Term("N", order.notional, "USD", "dollars of the order", f"orders.{rung.contract}.notional")
    yield derived(f"{at}.notional", rung.notional, "N", terms=[dollars], title=f"dollars {of}", unit="USD")
    yield _funding(rung, at, facts)
    yield _basis(rung, at, facts)
    title = f"what holding {rung.contract} costs a day"
    if rung.cost_usd_per_day is None:
        note = "a rate or a mark is not known"
        for figure in ("cost_usd_per_day", "cost_per_year"):
            yield untold(f"{at}.{figure}", None, title=title, unit="USD", note=note)
        return
    terms = [
        Term("f", rung.funding_usd_per_day or ZERO, "USD", "funding a day", f"{at}.funding_usd_per_day"),
        Term("b", rung.basis_usd_per_day or ZERO, "USD", "basis a day", f"{at}.basis_usd_per_day"),
    ]
    yield derived(f"{at}.cost_usd_per_day", rung.cost_usd_per_day, "f + b", terms=terms, title=title, unit="USD")
    terms = [Term("c", rung.cost_usd_per_day, "USD", "its cost a day", f"{at}.cost_usd_per_day"), dollars]
    text, title = f"c · {DAYS_PER_YEAR} / N", f"what holding {rung.contract} costs a year, over its dollars"
    yield derived(f"{at}.cost_per_year", rung.cost_per_year, text, terms=terms, title=title, unit="")


def _held(rung: RungLine, contract: Contract, facts: Facts) -> tuple[str, list[Term]]:
    """Dollars of what a rung closes, short negative."""
    text = formula_of(Contract.notional, contract.kind.value).replace("|n|", "n")
    at = f"ladder.{rung.contract}.contracts"
    terms = [Term("n", -rung.contracts, "contracts", "closed, of a short negative", at), of_contract(contract, "")]
    if contract.kind is Kind.LINEAR:
        terms.append(Term("P", facts.portfolio.mark_usd(contract), "USD", "mark, in dollars", None))
    return text, terms


def _funding(rung: RungLine, at: str, facts: Facts) -> Derivation:
    contract, figure = facts.portfolio.contracts[rung.contract], f"{at}.funding_usd_per_day"
    title = f"funding that {rung.contract} pays a day, received where negative"
    rate, hours = facts.portfolio.market.funding_rate(contract), contract.funding_interval_hours
    if contract.expiry is not None and rung.funding_usd_per_day == 0:
        note = "a dated contract has no funding"
        return derived(figure, rung.funding_usd_per_day, "0", terms=[], title=title, unit="USD", note=note)
    if rung.funding_usd_per_day is None or rate is None or hours is None:
        return untold(figure, rung.funding_usd_per_day, title=title, unit="USD", note="its rate is not known")
    text, terms = _held(rung, contract, facts)
    terms += [
        Term("r", rate, "", "funding rate", f"market.funding.{contract.name}"),
        Term("i", hours, "hours", "between fundings", f"contracts.{contract.name}"),
    ]
    text = f"{text} · r · {HOURS_PER_DAY} / i"
    return derived(figure, rung.funding_usd_per_day, text, terms=terms, title=title, unit="USD")


def _basis(rung: RungLine, at: str, facts: Facts) -> Derivation:
    contract, figure = facts.portfolio.contracts[rung.contract], f"{at}.basis_usd_per_day"
    title = f"basis of {rung.contract} that runs off a day, earned where negative"
    if rung.basis_usd_per_day is None:
        return untold(figure, None, title=title, unit="USD", note="its mark is not known")
    if contract.expiry is None:
        note = "a perpetual has no basis that runs off"
        return derived(figure, rung.basis_usd_per_day, "0", terms=[], title=title, unit="USD", note=note)
    text, terms = _held(rung, contract, facts)
    days = days_between(facts.plan.inputs.now, contract.expiry)
    if contract.kind is Kind.INVERSE:
        terms.append(mark_of(contract, facts, "P"))
    terms += [index_of(contract.asset, facts), Term("d", days, "days", "until it expires", None)]
    text = f"{text} · (1 − S / P) / d"
    return derived(figure, rung.basis_usd_per_day, text, terms=terms, title=title, unit="USD")


def _moved(rung: RungLine, at: str, facts: Facts) -> Iterator[Derivation]:
    told: tuple[tuple[str, Mapping[str, Fraction], Fraction], ...] = (
        ("frees", rung.frees, rung.frees_usd),
        ("uses", rung.uses, rung.uses_usd),
        ("brings", rung.brings, rung.brings_usd),
    )
    for field, coins, dollars in told:
        terms = list[Term]()
        for asset, quantity in coins.items():
            title = f"{asset} that closing {rung.contract} {field}"
            yield untold(f"{at}.{field}.{asset}", quantity, title=title, unit=asset, note=_FREED)
            terms += [Term(f"q_{asset}", quantity, asset, field, f"{at}.{field}.{asset}")]
            terms += [index_of(asset, facts, f"S_{asset}")]
        text = " + ".join(f"q_{asset} · S_{asset}" for asset in coins) or "0"
        title = f"dollars that closing {rung.contract} {field}"
        yield derived(f"{at}.{field}_usd", dollars, text, terms=terms, title=title, unit="USD")


def _distances(rung: RungLine, at: str, told: Facts, earlier: str | None) -> Iterator[Derivation]:
    """Before: as the rung above on the same wallet leaves it, or as it stands now; after: with the rung closed."""
    pooled = any(each.name == rung.wallet for each in told.portfolio.pools)
    upto = [each.contract for each in told.plan.ladder if each.n <= rung.n]
    for field, value, names in (
        ("before", rung.distance_before, upto[:-1]),
        ("after", rung.distance_after, upto),
    ):
        figure, title = f"{at}.distance_{field}", f"distance of {rung.wallet} to its nearer liquidation"
        if value is None or pooled:
            note = _POOLED if pooled else "never, or nothing is open there"
            yield untold(figure, value, title=title, unit="", note=note)
        elif field == "before" and earlier is not None:
            terms = [Term("d", value, "", "as the rung above leaves it", earlier)]
            yield derived(figure, value, "d", terms=terms, title=title, unit="")
        else:
            yield from _closed(rung, value, figure, names=names, told=told)


def _closed(rung: RungLine, value: Fraction, figure: str, *, names: list[str], told: Facts) -> Iterator[Derivation]:
    """The distance of a wallet with some orders filled and nothing moved."""
    orders = tuple(each for each in told.plan.orders if each.contract in names)
    alone = facts(replace(told.plan, orders=orders, transfers=()), told.portfolio, told.before)
    account = alone.left[rung.wallet]
    row = standing_line(account.balance, account.held_after, portfolio=told.portfolio)
    stood = Stood(alone, row, account.held_after, rung.wallet, account.currency, figure, _WHEN if names else "")
    side = "below" if row.distance_below == nearer(row.distance_below, row.distance_above) else "above"
    yield _wallets.balance_after(stood)
    for each in _wallets.left_by(stood):
        if each.figure == f"{figure}.distance_{side}":
            yield as_told(each, figure, value)
        elif each.figure == f"{figure}.liquidation_{side}":
            yield each


def _so_far(rung: RungLine, at: str, above: RungLine | None) -> Iterator[Derivation]:
    """What this rung and those above it come to."""
    before = "" if above is None else f"ladder.{above.contract}"
    saved = None if above is None else above.saved_usd_per_day
    terms = [Term("c", rung.cost_usd_per_day or ZERO, "USD", "its cost a day", f"{at}.cost_usd_per_day")]
    if above is not None:
        terms.append(Term("s", saved or ZERO, "USD", "of the rungs above", f"{before}.saved_usd_per_day"))
    title, text = "cost a day of this rung and of those above it", " + ".join(each.symbol for each in terms)
    if rung.saved_usd_per_day is None:
        note = "the cost of one of them is not known"
        yield untold(f"{at}.saved_usd_per_day", None, title=title, unit="USD", note=note)
    else:
        yield derived(f"{at}.saved_usd_per_day", rung.saved_usd_per_day, text, terms=terms, title=title, unit="USD")
    terms = [
        Term("f", rung.frees_usd, "USD", "it frees", f"{at}.frees_usd"),
        Term("u", rung.uses_usd, "USD", "it uses of what is freed", f"{at}.uses_usd"),
        Term("b", rung.brings_usd, "USD", "it brings in", f"{at}.brings_usd"),
        *([] if above is None else [Term("s", above.freed_usd, "USD", "of the rungs above", f"{before}.freed_usd")]),
    ]
    text = "f − u − b" if above is None else "s + f − u − b"
    title = "dollars of coins that this rung and those above it free, less what they use and bring in"
    yield derived(f"{at}.freed_usd", rung.freed_usd, text, terms=terms, title=title, unit="USD")
