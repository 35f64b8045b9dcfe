"""Wallets before and after a plan."""

from collections.abc import Iterator

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import MarginMode
from rebal.explain._coins import pooled
from rebal.explain._facts import Facts, derived, untold
from rebal.explain._margins import Curve, survival
from rebal.explain._stood import (
    BEFORE,
    NEVER,
    STATED,
    Solved,
    Stood,
    end,
    ends,
    initial,
    margin_balance,
    moved,
    ratios,
    share_in,
    values,
)
from rebal.market.carry import funding_coins_per_day
from rebal.market.margin import liquidation
from rebal.plan import Wallet
from rebal.planner.collateral import Account, balance_at, need
from rebal.planner.posting import free_coins
from rebal.reports.explanation import Derivation, Term


def wallets(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every wallet, after the plan and before."""
    for row in facts.plan.wallets:
        name = facts.wallet(row)
        if row.mode is MarginMode.POOLED:
            yield from pooled(row, name, facts)
            continue
        left, found = facts.left.get(name), facts.accounts.get(name)
        after = Stood(facts, row, left.held_after if left else (), name, row.currency, f"wallets.{name}")
        before = Stood(
            facts, row.before, found.held_before if found else (), name, row.currency, f"wallets.{name}.before", BEFORE
        )
        yield _balance(row, after)
        yield from _margin(row, after)
        yield from _standing(after)
        yield from _asked(row, after)
        title = f"balance of {name} before"
        yield untold(f"{before.at}.balance", row.before.balance, title=title, unit=row.currency, note=STATED)
        yield margin_balance(before)
        yield from _standing(before)


def _balance(row: Wallet, stood: Stood) -> Derivation:
    facts, name = stood.facts, stood.name
    if name not in facts.left:
        note = "closed or emptied: what was left of it is back in the wallet, or moved out"
        title = f"balance of {name} after the plan"
        return untold(f"{stood.at}.balance", row.balance, title=title, unit=row.currency, note=note)
    return balance_after(stood)


def balance_after(stood: Stood) -> Derivation:
    """The balance that a plan, or one way of a rescue, leaves of an account."""
    facts, unit, name = stood.facts, stood.currency, stood.name
    account, came = facts.accounts.get(name), moved(name, facts)
    freed = total(_remaining(each, facts) for each in _closed(name, facts))
    found = f"transfers.{name}.quantity" if came and not _from_others(name, facts) else None
    terms = [
        Term("B", account.balance if account else ZERO, unit, "balance before", f"wallets.{name}.before.balance"),
        Term("M", came, unit, "moved in", found),
        Term("R", account.realised if account else ZERO, unit, "realised by the orders", None),
        Term("f", account.fees if account else ZERO, unit, "fees of the orders", None),
        *([Term("I", freed, unit, "left of isolated margins that the plan closes", None)] if freed else []),
    ]
    text = "B + M + R − f + I" if freed else "B + M + R − f"
    title = f"balance of {name}{stood.when or ' after the plan'}"
    return derived(f"{stood.at}.balance", stood.row.balance, text, terms=terms, title=title, unit=unit)


def _from_others(name: str, facts: Facts) -> bool:
    """Whether coins come to a wallet from another account, or go there."""
    return any(each.other_account is not None and facts.wallet(each) == name for each in facts.plan.transfers)


def _closed(wallet: str, facts: Facts) -> Iterator[Account]:
    """The isolated accounts that took their coins from a wallet, and that the plan leaves nothing of."""
    for key, account in facts.accounts.items():
        if account.contract is not None and account.wallet == wallet and key not in facts.left:
            yield account


def _remaining(account: Account, facts: Facts) -> Fraction:
    return account.balance + moved(account.name, facts) + account.realised - account.fees


def _margin(row: Wallet, stood: Stood) -> Iterator[Derivation]:
    yield from values(row, stood)
    yield initial(row, stood)
    if not stood.held:
        figure, title = f"{stood.at}.maintenance_margin", f"maintenance margin of {stood.name}"
        yield derived(figure, row.maintenance_margin, "0", terms=[], title=title, unit=row.currency)
    else:
        yield _maintenance(row, stood)


def _maintenance(row: Wallet, stood: Stood) -> Derivation:
    figure, title = f"{stood.at}.maintenance_margin", f"maintenance margin of {stood.name}"
    curve = Curve(stood.held, stood.balance)
    told = curve.at(ONE)
    terms = [each for each in told.terms() if each.symbol != "W"]
    return derived(figure, row.maintenance_margin, told.maintenance(), terms=terms, title=title, unit=row.currency)


def _standing(stood: Stood) -> Iterator[Derivation]:
    yield from ratios(stood)
    yield from ends(stood)


def left_by(stood: Stood) -> Iterator[Derivation]:
    """What one way of a rescue leaves of an account: its margin balance, leverage and nearer liquidation."""
    yield margin_balance(stood)
    yield from ratios(stood)
    yield from ends(stood)


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
    y = survival(stood.held, shock=shock)
    told = curve.at(y)
    terms = [each for each in told.terms() if each.symbol != "W"]
    words = "1 over the move of the price" if curve.inverse else "the move of the price"
    terms.append(Term("y", y, "", f"{words} at which most is needed, within the policy's distance", None))
    return derived(figure, coins, told.needed(), terms=terms, title=title, unit=stood.currency)


def _share(row: Wallet, stood: Stood) -> Iterator[Derivation]:
    facts, unit = stood.facts, row.currency
    yield share_in(row, stood)
    free = free_coins(unit, facts.after, facts.portfolio)
    factors = liquidation(row.balance + free, stood.held)
    posted = (
        ("below", row.distance_below_all_posted, factors.below),
        ("above", row.distance_above_all_posted, factors.above),
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
    made = end(figure, factor, factor, solved=solved)
    assert made.formula is not None
    text = f"1 − {made.formula}" if way == "below" else f"{made.formula} − 1"
    return derived(figure, distance, text, terms=made.terms, title=title, unit="", source=made.source, note=made.note)


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
