"""What accounts of every kind of margin need, and where pools end, against figures straight from the definitions.

Books of two to four accounts with one rate and one ratio each: what is to spare is then concave in the price, so that
the ends of a path tell of all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import assume, event, given

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.book import MarginMode
from rebal.plan import Plan, Wallet
from rebal.planner import build_plan
from rebal.portfolio import Portfolio

from .given import INPUTS
from .test_accounts_twin import FEW, PRICES, RATE, books

F = Fraction
RATIO = F(9, 10)
Held = Sequence[tuple[Fraction, Fraction]]
"""Signed dollars of inverse contracts, and the price at which they were entered."""


def positions(plan: Plan, made: Portfolio) -> dict[tuple[str | None, str, str | None], list[tuple[Fraction, Fraction]]]:
    """What is open after a plan, by account, coin, and the contract of an isolated margin."""
    found: dict[tuple[str | None, str, str | None], list[tuple[Fraction, Fraction]]] = {}
    for each in plan.positions:
        if each.entry_price is not None:
            alone = each.contract if each.isolated_margin is not None else None
            dollars = each.contracts * made.contracts[each.contract].multiplier
            found.setdefault((each.account, each.settle or "", alone), []).append((dollars, each.entry_price))
    return found


def gained(held: Held, price: Fraction) -> Fraction:
    """Unrealised PnL in coins."""
    return sum((dollars * (1 / entry - 1 / price) for dollars, entry in held), ZERO)


def sizes(held: Held) -> Fraction:
    return sum((abs(dollars) for dollars, _ in held), ZERO)


@FEW
@given(made=books())
def test_what_a_wallet_needs_is_the_most_that_any_rule_asks_of_it(made: Portfolio) -> None:
    plan, policy = build_plan(made, made.statement, inputs=INPUTS), made.policy
    there = positions(plan, made)
    for row in plan.wallets:
        held = there.get((row.account, row.currency, row.contract), [])
        if row.mode is MarginMode.POOLED or not held:
            continue
        event(row.mode)
        price = PRICES[row.currency]
        rules = [ZERO, sizes(held) / price / policy.leverage - gained(held, price)]
        for at in (price * (1 - policy.shock), price, price * (1 + policy.shock)):
            rules.append(sizes(held) / at * RATE - gained(held, at))
        assert row.required == max(rules)


@dataclass(frozen=True)
class Pool:
    """A pooled account after a plan: coins without PnL, and what is open in each."""

    coins: Mapping[str, Fraction]
    held: Mapping[str, Held]

    @property
    def size(self) -> Fraction:
        """Dollars of all positions, which no price changes."""
        return sum(map(sizes, self.held.values()), ZERO)

    def credit(self, moved: Mapping[str, Fraction]) -> Fraction:
        """What its coins count at prices that have moved by factors: below nothing they count whole."""
        found = ZERO
        for asset, coins in self.coins.items():
            price = PRICES[asset] * moved.get(asset, ONE)
            worth = (coins + gained(self.held.get(asset, ()), price)) * price
            found += worth * RATIO if worth > 0 else worth
        return found

    def spare(self, moved: Mapping[str, Fraction]) -> Fraction:
        """Credit beyond maintenance."""
        return self.credit(moved) - self.size * RATE

    def keeps(self, made: Portfolio, paid: Mapping[str, Fraction] | None = None) -> bool:
        """Whether it keeps the policy; ``paid``: fees, before which leverage is tested."""
        before = Pool({asset: coins + (paid or {}).get(asset, ZERO) for asset, coins in self.coins.items()}, self.held)
        levered = self.size <= before.credit({}) * made.policy.leverage
        return levered and all(self.spare(end) >= 0 for end in _ends(made.policy.shock)) and self.spare({}) >= 0

    def having(self, asset: str, coins: Fraction) -> "Pool":
        """The same with so many coins of a kind."""
        return Pool({**self.coins, asset: coins}, self.held)


def _ends(shock: Fraction) -> Iterator[dict[str, Fraction]]:
    for ways in (tuple(PRICES), *((asset,) for asset in PRICES)):
        yield from (dict.fromkeys(ways, ONE + step) for step in (-shock, shock))


def pooled(plan: Plan, made: Portfolio) -> dict[str, tuple[Pool, list[Wallet]]]:
    """The pools of a plan in which something is open, with the rows of their coins."""
    there, found = positions(plan, made), {}
    for line in plan.accounts:
        held = {asset: there[line.account, asset, None] for asset in PRICES if (line.account, asset, None) in there}
        if line.margin is MarginMode.POOLED and held:
            rows = [each for each in plan.wallets if each.account == line.account]
            balances = dict.fromkeys(PRICES, ZERO) | {each.currency: each.balance for each in rows}
            found[line.account or ""] = Pool(balances, held), rows
    return found


@FEW
@given(made=books())
def test_what_a_pool_needs_of_a_coin_is_the_least_that_keeps_the_policy_beside_the_others(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    for pool, rows in pooled(plan, made).values():
        for row in rows:
            if not row.position_value:
                continue
            event("needed" if row.required else "not needed")
            assert pool.having(row.currency, row.required).keeps(made)
            assert not row.required or not pool.having(row.currency, row.required - COIN_STEP).keeps(made)


@FEW
@given(made=books())
def test_a_pool_that_is_traded_keeps_the_policy_and_its_figures_are_by_definition(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    found = pooled(plan, made)
    for line in plan.accounts:
        if line.account in found:
            pool, _ = found[line.account]
            assert line.credit == pool.credit({})
            assert line.maintenance_margin == pool.size * RATE
            assert line.initial_margin == pool.size / made.policy.leverage
    assume(not plan.refused)
    for name, (pool, _) in found.items():
        adding = [order for order in plan.orders if order.account == name and not order.reduce_only]
        if adding:
            event("traded")
            paid = {order.fee_currency: order.fee for order in plan.orders if order.account == name}
            assert pool.keeps(made, paid)


@FEW
@given(made=books())
def test_a_pool_ends_where_its_rows_say_and_lives_on_the_way_there(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    found = pooled(plan, made)
    for line in plan.accounts:
        if line.account not in found:
            continue
        pool, _ = found[line.account]
        told = {level.path: (level.below, level.above) for level in line.levels}
        moving = sorted(asset for asset in PRICES if pool.coins[asset] or asset in pool.held)
        assert list(told) == ["all", *moving]
        for path, (below, above) in told.items():
            ways = moving if path == "all" else [path]
            _ends_at(pool, ways, below, [ONE - F(n, 40) for n in range(40)])
            _ends_at(pool, ways, above, [ONE + F(n, 10) for n in range(90)])
        ends = [abs(end - ONE) for both in told.values() for end in both if end is not None]
        assert (line.nearest.distance if line.nearest else None) == min(ends, default=None)


def _ends_at(pool: Pool, ways: Sequence[str], end: Fraction | None, grid: Sequence[Fraction]) -> None:
    event("ends" if end is not None else "never")
    if end == ONE:
        assert pool.spare({}) <= 0
        return
    if end is not None:
        assert pool.spare(dict.fromkeys(ways, end)) == 0
    for factor in grid:
        if end is None or abs(factor - ONE) < abs(end - ONE):
            assert pool.spare(dict.fromkeys(ways, factor)) > 0
