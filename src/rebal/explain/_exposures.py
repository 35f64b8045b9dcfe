"""Assets: worth, exposure, weight, drift and hedge ratio."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.book import Book, Part, Position, Purpose
from rebal.explain._facts import (
    GIVEN,
    Facts,
    derived,
    held_coins,
    index_of,
    indexed,
    mark_of,
    of_contract,
    summed,
    untold,
)
from rebal.formula import formula_of, renamed
from rebal.frozen import frozen
from rebal.market.contract import Contract, Kind
from rebal.plan import AssetLine, RescueLine
from rebal.planner.cover import yet_to_realise
from rebal.planner.exposure import Valuation, beta
from rebal.policy import Sizing
from rebal.portfolio import DOLLARS
from rebal.reports.explanation import Derivation, Term

_Sum = tuple[str, list[Term]]
"""A formula with the terms that it needs."""


@frozen
class Side:
    """The book before or after a plan, and how figures of it end; ``way``: how those begin that one way leaves."""

    facts: Facts
    book: Book
    valued: Valuation
    suffix: str
    way: str = ""

    @property
    def words(self) -> str:
        """What is said of its figures."""
        return " with this way alone" if self.way else " after the plan" if self.suffix else ""

    def figure(self, asset: str, field: str) -> str:
        """What a figure of an asset is called."""
        plural = {"exposure": "exposures", "weight": "weights", "hedge_ratio": "hedge_ratios"}
        return f"{self.way}.{plural[field]}.{asset}" if self.way else f"assets.{asset}.{field}{self.suffix}"

    @property
    def equity(self) -> str | None:
        """What its equity is called, None where no figure tells it."""
        return f"{self.way}.equity" if self.way else None if self.suffix else "equity"


def assets(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every asset's row, and the equity."""
    before, after = Side(facts, facts.before, facts.valued, ""), Side(facts, facts.after, facts.later, "_after")
    yield _equity(facts.plan.equity, before)
    for line in facts.plan.assets:
        yield from _row(line, before, after)


def left_by(way: str, line: RescueLine, facts: Facts) -> Iterator[Derivation]:
    """The weights and hedge ratios that one way of a rescue leaves; ``facts``: carried out with it alone."""
    side = Side(facts, facts.after, facts.later, "_after", way)
    yield _equity(facts.later.equity, side)
    for asset, weight in line.weights.items():
        yield _exposure(asset, facts.later.exposure(asset), side)
        yield _weight(asset, weight, side)
    for asset, ratio in line.hedge_ratios.items():
        yield _ratio(asset, ratio, side)


def _row(line: AssetLine, before: Side, after: Side) -> Iterator[Derivation]:
    asset, at = line.asset, f"assets.{line.asset}"
    holding = "coins owned, by the file and what the journal recorded since"
    yield untold(f"{at}.price", line.price, title=f"index price of {asset}", unit="USD", note=GIVEN)
    yield untold(f"{at}.holding", line.holding, title=f"{asset} held", unit=asset, note=f"{GIVEN}: {holding}")
    worth = [Term("h", line.holding, asset, "coins held", f"{at}.holding"), _price(line)]
    yield derived(
        f"{at}.spot_value", line.spot_value, "h · S", terms=worth, title=f"{asset} held, in dollars", unit="USD"
    )
    yield _exposure(asset, line.exposure, before)
    yield _exposure(asset, line.exposure_after, after)
    yield _weight(asset, line.weight, before)
    yield _weight(asset, line.weight_after, after)
    yield from _wanted(line)
    yield _net(line, line.net_exposure, before)
    yield _net(line, line.net_exposure_after, after)
    yield _ratio(asset, line.hedge_ratio, before)
    yield _ratio(asset, line.hedge_ratio_after, after)


def _price(line: AssetLine) -> Term:
    return Term("S", line.price, "USD", f"index price of {line.asset}", f"assets.{line.asset}.price")


def _wanted(line: AssetLine) -> Iterator[Derivation]:
    asset, at = line.asset, f"assets.{line.asset}"
    if line.target_weight is None:
        return
    yield untold(f"{at}.target_weight", line.target_weight, title=f"weight wanted of {asset}", unit="", note=GIVEN)
    note = "asked for by targets" if line.aimed_weight == line.target_weight else "what futures can reach of it"
    yield untold(f"{at}.aimed_weight", line.aimed_weight, title=f"weight aimed at of {asset}", unit="", note=note)
    if line.weight is not None:
        terms = [
            Term("w", line.weight, "", "weight", f"{at}.weight"),
            Term("t", line.target_weight, "", "weight wanted", f"{at}.target_weight"),
        ]
        yield derived(f"{at}.drift", line.drift, "w − t", terms=terms, title=f"drift of {asset}", unit="")


def _weight(asset: str, weight: Fraction | None, side: Side) -> Derivation:
    figure, title = side.figure(asset, "weight"), f"weight of {asset}{side.words}"
    if weight is None:
        return untold(figure, None, title=title, unit="", note="there is no equity to weigh by")
    paid = "equity once the fees are paid" if side.suffix else "equity"
    terms = [
        Term("X", side.valued.exposure(asset), "USD", "exposure", side.figure(asset, "exposure")),
        Term("E", side.valued.equity, "USD", paid, side.equity),
    ]
    return derived(figure, weight, "X / E", terms=terms, title=title, unit="")


def _equity(equity: Fraction, side: Side) -> Derivation:
    facts, figure = side.facts, side.equity
    assert figure is not None
    texts, terms = [], []
    for asset, quantity in sorted(side.book.holdings.items()):
        counts = quantity and asset not in facts.portfolio.aside
        if counts and (asset in side.valued.held or asset in facts.portfolio.cash or asset == DOLLARS):
            texts.append(f"h_{asset} · S_{asset}")
            terms += [Term(f"h_{asset}", quantity, asset, "held", None), index_of(asset, facts, f"S_{asset}")]
    for n, position in enumerate(side.book.open_positions, start=1):
        settle = position.contract.settle
        if settle in side.valued.held or settle in facts.portfolio.cash:
            text, found = _profit(position, str(n), facts)
            texts.append(f"S_{settle} · {text}")
            terms += [*found, index_of(settle, facts, f"S_{settle}")]
    title = f"equity{side.words}: coins, dollars and the PnL of what is open"
    return derived(figure, equity, summed(texts), terms=terms, title=title, unit="USD")


def _profit(position: Position, n: str, facts: Facts) -> _Sum:
    contract = position.contract
    text = renamed(formula_of(Contract.pnl, contract.kind.value), {**indexed("n V e", n), "P": f"m{n}"})
    terms = [
        Term(f"n{n}", position.contracts, "contracts", f"of {contract.name}, short is negative", None),
        of_contract(contract, n),
        Term(f"e{n}", position.entry_price, "USD", "average entry", None),
        mark_of(contract, facts, f"m{n}"),
    ]
    return text, terms


def _exposure(asset: str, exposure: Fraction, side: Side) -> Derivation:
    figure = side.figure(asset, "exposure")
    if asset == DOLLARS:
        return _dollars(exposure, side)
    inside = ["h"]
    held = Term("h", held_coins(asset, side.book), asset, f"coins held{side.words}", None)
    terms = [index_of(asset, side.facts), held]
    legs: list[str] = []
    for n, position in _about(asset, side):
        if position.contract.settle == asset:
            text, found = _profit(position, n, side.facts)
            inside.append(text)
            terms += found
        for part in position.parts:
            if part.purpose is Purpose.REBALANCE and part.stands_for == asset:
                text, found = _leg(part, position.contract, "r", n=n, facts=side.facts)
                legs.append(text)
                terms += found
    coins = inside[0] if len(inside) == 1 else f"({summed(inside)})"
    title = f"exposure to {asset}{side.words}: what moves with it"
    note = "coins, the PnL of contracts paid in them, and futures that stand in for a trade" if legs else ""
    return derived(figure, exposure, summed([f"S · {coins}", *legs]), terms=terms, title=title, unit="USD", note=note)


def _about(asset: str, side: Side) -> Iterator[tuple[str, Position]]:
    """The positions that an asset's exposure has to do with, each with its index; none where there is one."""
    found = [
        each
        for each in side.book.listed
        if each.contract.settle == asset or any(part.stands_for == asset for part in each.parts)
    ]
    for n, position in enumerate(found, start=1):
        yield (str(n) if len(found) > 1 else ""), position


def _dollars(exposure: Fraction, side: Side) -> Derivation:
    others = {asset: usd for asset, usd in sorted(side.valued.exposures.items()) if asset != DOLLARS}
    terms = [Term("E", side.valued.equity, "USD", f"equity{side.words}", side.equity)]
    terms += [
        Term(f"X_{asset}", usd, "USD", f"exposure to {asset}", side.figure(asset, "exposure"))
        for asset, usd in others.items()
    ]
    text = " − ".join(["E", *(f"X_{asset}" for asset in others)])
    title = f"dollars{side.words}: what moves with no coin"
    return derived(side.figure(DOLLARS, "exposure"), exposure, text, terms=terms, title=title, unit="USD")


def _leg(part: Part, contract: Contract, letter: str, *, n: str, facts: Facts) -> _Sum:
    """Dollars of its asset that a part stands for, as ``exposure.stood_for`` has it."""
    size, coin = f"{letter}{n}", facts.portfolio.policy.sizing is Sizing.COIN
    terms = [
        Term(size, part.contracts, "contracts", f"of {contract.name} for {part.purpose.value}", None),
        of_contract(contract, n),
    ]
    text = f"{size} · V{n}"
    if contract.kind is Kind.LINEAR:
        terms.append(index_of(contract.asset, facts, f"Sc{n}") if coin else mark_of(contract, facts, f"m{n}"))
        text += f" · Sc{n}" if coin else f" · m{n} · S_{contract.settle}"
        terms += [] if coin else [index_of(contract.settle, facts, f"S_{contract.settle}")]
    elif coin:
        text += f" · Sc{n} / m{n}"
        terms += [index_of(contract.asset, facts, f"Sc{n}"), mark_of(contract, facts, f"m{n}")]
    return _over_beta((text, terms), part, contract, n=n, facts=facts)


def _over_beta(made: _Sum, part: Part, contract: Contract, *, n: str, facts: Facts) -> _Sum:
    text, terms = made
    if part.stands_for == contract.asset:
        return made
    ratio = beta(part.stands_for, contract, facts.portfolio)
    found = f"proxies.{part.stands_for}.beta"
    return f"{text} / b{n}", [*terms, Term(f"b{n}", ratio, "", f"beta of {part.stands_for}", found)]


def _net(line: AssetLine, net: Fraction, side: Side) -> Derivation:
    asset, valued = line.asset, side.valued
    terms = [Term("X", valued.exposure(asset), "USD", "exposure", f"assets.{asset}.exposure{side.suffix}")]
    texts = ["X"]
    every = [(position, part) for position in side.book.listed for part in position.parts]
    if asset != DOLLARS and all(part.stands_for == position.contract.asset for position, part in every):
        for n, position in _about(asset, side):
            for part in position.parts:
                if part.purpose is Purpose.HEDGE and part.stands_for == asset:
                    text, found = _leg(part, position.contract, "g", n=n, facts=side.facts)
                    texts.append(text)
                    terms += found
    else:
        texts.append("H")
        hedged = valued.net_exposure(asset) - valued.exposure(asset)
        terms.append(Term("H", hedged, "USD", "what hedges take from it, or make of dollars", None))
    title = f"exposure to {asset}, hedges counted{side.words}"
    figure = f"assets.{asset}.net_exposure{side.suffix}"
    return derived(figure, net, summed(texts), terms=terms, title=title, unit="USD")


def _ratio(asset: str, ratio: Fraction | None, side: Side) -> Derivation:
    figure, title = side.figure(asset, "hedge_ratio"), f"share of the {asset} that is hedged{side.words}"
    if ratio is None:
        note = "dollars are not hedged" if asset == DOLLARS else "there are no coins to hedge"
        return untold(figure, None, title=title, unit="", note=note)
    covered: list[str] = []
    base = ["h"]
    terms = [
        Term("h", held_coins(asset, side.book), asset, "coins held", None),
        index_of(asset, side.facts),
    ]
    for n, position in _about(asset, side):
        for part in position.parts:
            if part.stands_for == asset:
                text, found = _spot(part, position.contract, n=n, facts=side.facts)
                (covered if part.purpose is Purpose.HEDGE else base).append(text)
                terms += found
        if (apart := yet_to_realise(position)) and position.contract.settle == asset:
            base.append(f"d{n}")
            what = f"realised by the parts of {position.contract.name}, more than by their net"
            terms.append(Term(f"d{n}", apart, asset, what, None))
    note = "hedged coins by their own fills, over the coins as if rebalanced in spot: no price move alone changes it"
    text = f"−({summed(covered)}) / ({summed(base)})" if covered else "0"
    return derived(figure, ratio, text, terms=terms if covered else [], title=title, unit="", note=note)


def _spot(part: Part, contract: Contract, *, n: str, facts: Facts) -> _Sum:
    """Coins of its asset that a part is: a hedge's by its own fills at today's basis, as ``exposure.hedged_coins``."""
    hedge = part.purpose is Purpose.HEDGE
    own, letter = part.stands_for == contract.asset, "g" if hedge else "r"
    if not (own or hedge):
        text, terms = _leg(part, contract, letter, n=n, facts=facts)
        return f"{text} / S", terms
    size, entry = f"{letter}{n}", f"{'p' if hedge else 'q'}{n}"
    text = renamed(formula_of(Contract.delta, contract.kind.value), {"n": size, "V": f"V{n}", "e": entry})
    terms = [
        Term(size, part.contracts, "contracts", f"of {contract.name} for {part.purpose.value}", None),
        of_contract(contract, n),
        Term(entry, part.entry_price, "USD", "average entry of that part", None),
    ]
    if hedge and facts.portfolio.policy.sizing is Sizing.NOTIONAL:
        usd = f" · S_{contract.settle}" if contract.kind is Kind.LINEAR else ""
        text += f" · m{n}{usd} / Sc{n}"
        terms += [mark_of(contract, facts, f"m{n}"), index_of(contract.asset, facts, f"Sc{n}")]
        terms += [index_of(contract.settle, facts, f"S_{contract.settle}")] if usd else []
    if own:
        return text, terms
    made = (f"{text} · Sc{n} / S", [*terms, index_of(contract.asset, facts, f"Sc{n}")])
    return _over_beta(made, part, contract, n=n, facts=facts)
