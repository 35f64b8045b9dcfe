"""The ways of a rescue: what each takes and costs, and where it leaves its wallet."""

from collections.abc import Iterator

from rebal.amounts import COIN_STEP, ZERO, Fraction
from rebal.explain._facts import Facts, derived, index_of, of_contract, step_of, untold
from rebal.formula import formula_of, renamed
from rebal.market.contract import Contract
from rebal.plan import RescueLine
from rebal.reports.explanation import Derivation, Term

_TRIED = "the least with which the alert ends, found by trying; were this way taken, its plan derives it"
_ALONE = "of the book carried out with this way alone, as the plan that takes it tells it"


def ways(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every way, named by its wallet and what it is."""
    for line in facts.plan.ways:
        yield from _way(line, f"ways.{line.wallet}.{line.way.value}", facts)


def _way(line: RescueLine, at: str, facts: Facts) -> Iterator[Derivation]:
    named, unit = f"{line.way.value} for {line.wallet}", line.currency
    terms = [
        Term(f"q{n}", each.quantity, unit, "moved into it", None)
        for n, each in enumerate((each for each in line.transfers if each.quantity > 0), start=1)
    ]
    text = " + ".join(each.symbol for each in terms) or "0"
    yield derived(f"{at}.coins", line.coins, text, terms=terms, title=f"coins that {named} takes", unit=unit)
    for each in line.transfers:
        figure, title = f"{at}.transfers.{each.contract or each.asset}.quantity", f"moved by {named}"
        yield untold(figure, each.quantity, title=title, unit=unit, note=_taken(line))
    for contract, counted in line.contracts.items():
        title = f"contracts of {contract} that {named} orders"
        yield untold(f"{at}.contracts.{contract}", counted, title=title, unit="contracts", note=_taken(line))
    yield _fees(line, at, facts)
    yield from _left(line, at)


def _taken(line: RescueLine) -> str:
    return "carried out by the plan: see its orders and transfers" if line.chosen else _TRIED


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


def _left(line: RescueLine, at: str) -> Iterator[Derivation]:
    told: tuple[tuple[str, Fraction | None, str, str], ...] = (
        ("realised_usd", line.realised_usd, "PnL that it realises", "USD"),
        ("distance_after", line.distance_after, "distance to the nearer liquidation", ""),
        ("leverage_after", line.leverage_after, "leverage that it leaves", ""),
        *((f"weights.{asset}", weight, f"weight of {asset}", "") for asset, weight in line.weights.items()),
        *(
            (f"hedge_ratios.{asset}", ratio, f"hedged share of {asset}", "")
            for asset, ratio in line.hedge_ratios.items()
        ),
    )
    for field, figure, words, unit in told:
        note = "nothing is left open" if figure is None else "nothing is closed" if figure == ZERO else _ALONE
        yield untold(
            f"{at}.{field}", figure, title=f"{words}, {line.way.value} for {line.wallet}", unit=unit, note=note
        )
