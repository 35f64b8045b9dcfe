"""The figures that findings tell: those of the plan under another name, and those worked out for the sentence."""

from collections.abc import Callable, Iterator, Mapping

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, total
from rebal.explain._facts import Facts, derived, index_of, mark_of, of_contract, step_of, untold
from rebal.findings import Code, Finding
from rebal.formula import formula_of, renamed
from rebal.market.carry import DAYS_PER_YEAR
from rebal.market.contract import Contract, Kind
from rebal.plan import Wallet
from rebal.policy import Sizing
from rebal.reports.explanation import Derivation, Term

_Known = Mapping[str, Fraction | None]
_Made = tuple[str, list[Term]]
_Maker = Callable[[Finding, Facts], _Made | None]
_ENDS = ("below", "above")
_DISTANCES = tuple(f"wallets.{{}}.{when}distance_{way}" for when in ("", "before.") for way in _ENDS)
_IS: Mapping[tuple[Code, str], tuple[str, ...]] = {
    (Code.ALERT, "leverage"): ("wallets.{}.before.leverage", "wallets.{}.leverage"),
    (Code.ALERT, "distance"): (*_DISTANCES, "accounts.{}.nearest.distance"),
    (Code.ALERT, "alert_leverage"): ("inputs.policy.alert.leverage",),
    (Code.ALERT, "alert_distance"): ("inputs.policy.alert.distance",),
    (Code.NEAR_LIQUIDATION, "distance"): (*_DISTANCES, "accounts.{}.nearest.distance"),
    (Code.NEAR_LIQUIDATION, "policy_distance"): ("inputs.policy.liquidation_distance",),
    (Code.NEAR_LIQUIDATION, "credit_usd"): ("accounts.{}.credit",),
    (Code.NEAR_LIQUIDATION, "maintenance_margin_usd"): ("accounts.{}.maintenance_margin",),
    (Code.LEVERAGE, "leverage"): ("wallets.{}.leverage",),
    (Code.LEVERAGE, "policy_leverage"): ("inputs.policy.leverage",),
    (Code.SPOT_DIFFERS, "weight_after"): ("assets.{}.weight_after",),
    (Code.SPOT_DIFFERS, "target_weight"): ("assets.{}.target_weight",),
    (Code.REALISED, "realised_coins"): ("pnl.{}.coin",),
    (Code.REALISED, "realised_usd"): ("pnl.{}.usd",),
    (Code.HEDGE_OFF, "hedge_ratio"): ("assets.{}.hedge_ratio",),
    (Code.HEDGE_OFF, "asked_fraction"): ("hedges.{}.fraction",),
    (Code.DRIFT, "drift"): ("assets.{}.drift",),
    (Code.RESIDUAL, "drift"): ("assets.{}.drift",),
    (Code.RESIDUAL, "hedge_band"): ("inputs.policy.hedge_band",),
    (Code.BELOW_MINIMUM, "min_order_usd"): ("inputs.policy.min_order",),
    (Code.OVER_HEDGED, "net_exposure_after_usd"): ("assets.{}.net_exposure_after",),
    (Code.NO_EQUITY, "equity_usd"): ("equity",),
    (Code.NO_EQUITY, "margin_balance"): ("wallets.{}.before.margin_balance",),
    (Code.NO_EQUITY, "credit_usd"): ("accounts.{}.credit",),
    (Code.AT_MOST, "equity_usd"): ("accounts.{}.equity",),
    (Code.INITIAL_MARGIN, "credit_usd"): ("accounts.{}.credit",),
    (Code.INITIAL_MARGIN, "initial_margin_usd"): ("accounts.{}.initial_margin",),
    (Code.INITIAL_MARGIN, "margin_balance_coins"): ("wallets.{}.margin_balance",),
    (Code.INITIAL_MARGIN, "initial_margin_coins"): ("wallets.{}.initial_margin",),
    (Code.MARK_OFF, "mark"): ("positions.{}.mark_price", "orders.{}.price"),
    (Code.MARK_OFF, "price"): ("orders.{}.price",),
    (Code.MARK_OFF, "limit_price"): ("orders.{}.limit_price",),
    (Code.SIZING, "mark"): ("orders.{}.price",),
    (Code.UNLISTED_CONTRACT, "contracts"): ("positions.{}.contracts",),
    (Code.ODD_LOT, "contracts"): ("positions.{}.contracts_before",),
}
"""By code and name the figures of the plan that a finding's figure may be, ``{}`` its subject."""


def findings(facts: Facts, known: _Known) -> Iterator[Derivation]:
    """Every figure of every finding; ``known``: the figures of the plan."""
    told: set[str] = set()
    for found in facts.plan.findings:
        for name, value in found.data.items():
            figure = f"findings.{found.subject}.{found.code.value}.{name}"
            if isinstance(value, Fraction) and figure not in told:
                told.add(figure)
                yield _figure(found, name, value, facts=facts, known=known)


def _figure(found: Finding, name: str, value: Fraction, *, facts: Facts, known: _Known) -> Derivation:
    figure = f"findings.{found.subject}.{found.code.value}.{name}"
    title = f"{name.replace('_', ' ')} of a finding on {found.subject}"
    note = f"{found.severity.value}: {found.message}"
    for text, terms in _ways(found, name, facts=facts, known=known):
        made = derived(figure, value, text, terms=terms, title=title, unit="", note=note)
        if made.agrees:
            return made
    return untold(figure, value, title=title, unit="", note=note)


def _ways(found: Finding, name: str, *, facts: Facts, known: _Known) -> Iterator[_Made]:
    for each in _IS.get((found.code, name), ()):
        at = each.format(found.subject)
        if (there := known.get(at)) is not None:
            yield "f", [Term("f", there, "", f"the plan's {at.rpartition('.')[2].replace('_', ' ')}", at)]
    if (maker := _MADE.get((found.code, name))) is not None and (made := maker(found, facts)) is not None:
        yield made


def _number(found: Finding, name: str) -> Fraction:
    value = found.data.get(name)
    return value if isinstance(value, Fraction) else ZERO


def _of(symbol: str, found: Finding, name: str, unit: str = "") -> Term:
    """Another figure of the same finding."""
    at = f"findings.{found.subject}.{found.code.value}.{name}"
    return Term(symbol, _number(found, name), unit, name.replace("_", " "), at)


def _contract(found: Finding, facts: Facts) -> Contract | None:
    return facts.portfolio.contracts.get(str(found.data.get("contract") or found.subject))


def _dollars(contract: Contract, count: Term, facts: Facts) -> _Made:
    """Dollars of a number of contracts, at the mark."""
    text = renamed(formula_of(Contract.notional, contract.kind.value), {"n": count.symbol}).replace("|", "")
    terms = [count, of_contract(contract, "")]
    if contract.kind is Kind.INVERSE:
        return text, terms
    return f"{text} · Q", [*terms, mark_of(contract, facts, "P"), index_of(contract.settle, facts, "Q")]


def _lot(found: Finding, facts: Facts) -> _Made | None:
    contract = _contract(found, facts)
    if contract is None:
        return None
    return _dollars(contract, step_of(contract.lot_size, "contracts", "lot"), facts)


def _undone(found: Finding, facts: Facts) -> _Made | None:
    """What a leg wanted less what its order does."""
    contract, row = _contract(found, facts), facts.asset(found.subject)
    wanted = None if row is None else _wanted(found.subject, facts)
    if contract is None or row is None or wanted is None or contract.asset != found.subject:
        return None
    order, purpose = facts.order(contract.name), "hedge" if facts.plan.command == "hedge" else "rebalance"
    done = total(each.contracts for each in order.parts if each.purpose.value == purpose) if order else ZERO
    count = Term("q", done, "contracts", f"ordered for {purpose}, a sale is negative", None)
    text, terms = _dollars(contract, count, facts)
    return (f"{wanted[0]} − {text}", [*wanted[1], *terms]) if done else wanted


def _wanted(asset: str, facts: Facts) -> _Made | None:
    row, asked = facts.asset(asset), next((each for each in facts.plan.hedges if each.asset == asset), None)
    if row is None:
        return None
    if facts.plan.command == "hedge" and asked is not None and row.hedge_ratio is not None:
        from rebal.planner.cover import cover

        base = cover(facts.portfolio, facts.before).base(asset)
        return "(k − a) · B · S", [
            Term("k", row.hedge_ratio, "", "share hedged before", f"assets.{asset}.hedge_ratio"),
            Term("a", asked.fraction, "", "share asked for", f"hedges.{asset}.fraction"),
            Term("B", base, asset, "coins as if rebalanced in spot", None),
            index_of(asset, facts),
        ]
    if facts.plan.command != "plan" or row.aimed_weight is None:
        return None
    return "t · E − X", [
        Term("t", row.aimed_weight, "", "weight aimed at", f"assets.{asset}.aimed_weight"),
        Term("E", facts.plan.equity, "USD", "equity", "equity"),
        Term("X", row.exposure, "USD", "exposure", f"assets.{asset}.exposure"),
    ]


def _lost_coins(found: Finding, facts: Facts) -> _Made | None:
    contract = _contract(found, facts)
    if contract is None:
        return None
    at = f"positions.{contract.name}.contracts"
    n = next((each.contracts for each in facts.plan.positions if each.contract == contract.name), ZERO)
    count = Term("n", n, "contracts", "open after the plan", at)
    terms = [count, of_contract(contract, ""), mark_of(contract, facts, "P"), _of("f", found, "fall")]
    return "n · V / (P · (1 − f)) − n · V / P", terms


def _lost_usd(found: Finding, facts: Facts) -> _Made | None:
    contract = _contract(found, facts)
    if contract is None:
        return None
    return "c · S · (1 − f)", [_of("c", found, "lost_coins"), index_of(contract.settle, facts), _of("f", found, "fall")]


def _difference(found: Finding, facts: Facts) -> _Made | None:
    order = facts.order(found.subject)
    if order is None:
        return None
    at = f"orders.{order.contract}"
    return "|c − N / S|", [
        Term("c", order.coins, order.asset, "coins of the order, at its mark", f"{at}.coins"),
        Term("N", order.notional, "USD", "dollars of the order", f"{at}.notional"),
        index_of(order.asset, facts),
    ]


def _sized_otherwise(found: Finding, facts: Facts) -> _Made | None:
    order, contract = facts.order(found.subject), _contract(found, facts)
    if order is None or contract is None:
        return None
    coin = facts.portfolio.policy.sizing is Sizing.COIN
    return f"toward_zero(n · {'S / P' if coin else 'P / S'}, lot)", [
        Term("n", order.contracts, "contracts", "of the order", f"orders.{order.contract}.contracts"),
        mark_of(contract, facts, "P"),
        index_of(order.asset, facts),
        step_of(contract.lot_size, "contracts", "lot"),
    ]


def _index(found: Finding, facts: Facts) -> _Made | None:
    contract = _contract(found, facts)
    return None if contract is None else ("S", [index_of(contract.asset, facts)])


def _apart(found: Finding, facts: Facts) -> _Made | None:
    return "|P / S − 1|", [_of("P", found, "mark"), _of("S", found, "index")]


def _basis(found: Finding, facts: Facts) -> _Made | None:
    contract = _contract(found, facts)
    if contract is None:
        return None
    return "P / S − 1", [mark_of(contract, facts, "P"), index_of(contract.asset, facts)]


def _annualised(found: Finding, facts: Facts) -> _Made | None:
    return f"b · {DAYS_PER_YEAR} / d", [_of("b", found, "basis"), _of("d", found, "days", "days")]


def _move(way: str) -> _Maker:
    def made(found: Finding, facts: Facts) -> _Made | None:
        held = [] if (account := facts.left.get(found.subject)) is None else account.held_after
        assets = {each.contract.asset for each in held}
        if len(assets) != 1:
            return None
        return "p / S − 1", [_of("p", found, f"price_{way}", "USD"), index_of(assets.pop(), facts)]

    return made


def _free(found: Finding, facts: Facts) -> _Made | None:
    """Coins owned, as far as the policy lets them into futures accounts, less those that are there."""
    account = facts.left.get(found.subject)
    if account is None:
        return None
    coin, portfolio = account.currency, facts.portfolio
    there = total(facts.after.wallets.get(wallet, ZERO) for wallet in portfolio.wallets_of(coin))
    terms = [
        Term("h", facts.after.holdings.get(coin, ZERO), coin, "coins owned after the plan", None),
        Term("w", there, coin, "in futures accounts after the plan", None),
    ]
    share = portfolio.policy.max_at_venue
    if share == ONE:
        return "max(0, h − w)", terms
    terms.append(Term("m", share, "", "most of a holding at venues", "inputs.policy.max_at_venue"))
    return "max(0, h · m − w)", terms


def _times_price(name: str) -> _Maker:
    def made(found: Finding, facts: Facts) -> _Made | None:
        asset = str(found.data.get("asset"))
        return "c · S", [_of("c", found, name, asset), index_of(asset, facts)]

    return made


def _short(found: Finding, facts: Facts) -> _Made | None:
    """What is short of a coin in a pooled account: the value of its positions there, where all are short."""
    row = _coin_row(found, facts)
    if row is None:
        return None
    at = f"wallets.{facts.wallet(row)}.position_value"
    return "v", [Term("v", row.position_value, row.currency, "position value", at)]


def _there(found: Finding, facts: Facts) -> _Made | None:
    row = _coin_row(found, facts)
    if row is None:
        return None
    at = f"wallets.{facts.wallet(row)}.margin_balance"
    coins = Term("b", row.margin_balance, row.currency, "coins with PnL that are there", at)
    return "max(0, min(s, b))", [_of("s", found, "short_coins", row.currency), coins]


def _coin_row(found: Finding, facts: Facts) -> Wallet | None:
    at = (found.subject, found.data.get("asset"))
    return next((row for row in facts.plan.wallets if (row.account, row.currency) == at), None)


def _over(found: Finding, facts: Facts) -> _Made | None:
    return "i − c", [_of("i", found, "initial_margin_usd", "USD"), _of("c", found, "credit_usd", "USD")]


def _over_coins(found: Finding, facts: Facts) -> _Made | None:
    return "i − b", [_of("i", found, "initial_margin_coins", ""), _of("b", found, "margin_balance_coins", "")]


def _ordered(found: Finding, facts: Facts) -> _Made | None:
    order = facts.order(str(found.data.get("contract")))
    if order is None:
        return None
    at = f"orders.{order.contract}.contracts"
    return "n", [Term("n", order.contracts, "contracts", "of the order", at)]


def _missing(found: Finding, facts: Facts) -> _Made | None:
    coin = str(found.data.get("currency"))
    terms = [_of("n", found, "needed_coins", coin), _of("a", found, "available_coins", coin)]
    return "up(n − a, step)", [*terms, step_of(COIN_STEP, coin)]


_MADE: Mapping[tuple[Code, str], _Maker] = {
    (Code.RESIDUAL, "lot_usd"): _lot,
    (Code.RESIDUAL, "undone_usd"): _undone,
    (Code.BELOW_MINIMUM, "undone_usd"): _undone,
    (Code.CONTRACT_TOO_LARGE, "undone_usd"): _undone,
    (Code.COIN_MARGINED_LONG, "lost_coins"): _lost_coins,
    (Code.COIN_MARGINED_LONG, "lost_usd"): _lost_usd,
    (Code.SIZING, "index"): _index,
    (Code.SIZING, "difference_coins"): _difference,
    (Code.SIZING, "contracts"): _sized_otherwise,
    (Code.MARK_OFF, "index"): _index,
    (Code.MARK_OFF, "apart"): _apart,
    (Code.DATED, "basis"): _basis,
    (Code.DATED, "basis_annualised"): _annualised,
    (Code.BASIS_PAID, "basis"): _basis,
    (Code.BASIS_PAID, "basis_annualised"): _annualised,
    (Code.SUSTAIN, "move_below"): _move("below"),
    (Code.SUSTAIN, "move_above"): _move("above"),
    (Code.SUSTAIN, "free_coins"): _free,
    (Code.COVERED_SHORT, "short_coins"): _short,
    (Code.COVERED_SHORT, "covered_coins"): _there,
    (Code.COVERED_SHORT, "worth_usd"): _times_price("short_coins"),
    (Code.COVERED_SHORT, "more_usd"): _times_price("more_coins"),
    (Code.UNDER_COLLATERALISED, "missing_coins"): _missing,
    (Code.INITIAL_MARGIN, "over_usd"): _over,
    (Code.INITIAL_MARGIN, "over_coins"): _over_coins,
    (Code.INITIAL_MARGIN, "contracts"): _ordered,
}
"""What is worked out for a sentence, from figures of the plan."""
