"""Plans of several accounts, of wallets, margins and pools, counted again from the files alone."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from program import NOW, answered
from recount import ONE, Future, Open, agrees, digits, figure, future, owned, toward_zero, weights
from recount_accounts import VENUES, ZERO, Account, Book, placed, text

PRICES = {"AAA": 40000, "BBB": 2500, "CCC": 0.5}
BOOKS = 20
TIMES = [Fraction(n, 20) for n in (2, 6, 11, 15, 19, 21, 25, 32, 60, 400)]
FINE = Fraction(1, 10**12)
FINEST = Fraction(1, 10)


def account(dice: random.Random, name: str, free: Mapping[str, Fraction]) -> Account:
    margin = dice.choice(["cross", "isolated", "pooled"])
    wallets = {coin: digits(float(coins) * dice.uniform(0.1, 0.5)) for coin, coins in free.items()}
    ratios: dict[str, tuple[tuple[Fraction | None, Fraction], ...]] = {}
    for coin, coins in free.items():
        first, best = digits(float(coins) * 0.2, 3), Fraction(dice.randint(85, 100), 100)
        parts = (None, best), (first, best), (3 * first, best / 2)
        ratios[coin] = dice.choice([(), parts[:1], parts[1:], parts[:1]])
    loans = dice.choice([(ZERO, ZERO), (Fraction(1, 10), Fraction(1, 25))])
    return Account(name, dice.choice([*VENUES]), margin, wallets, ratios if margin == "pooled" else {}, loans)


def opened(dice: random.Random, at: Account, each: Future) -> Open | None:
    if dice.random() < 0.5:
        return None
    margined = at.wallets[each.settle] * Fraction(dice.randint(20, 40), 100)
    filled = margined * Fraction(dice.randint(30, 120), 100) / each.value(ONE, each.mark)
    contracts = toward_zero(filled, each.lot) * dice.choice([-1, -1, 1])
    hedge = toward_zero(contracts * Fraction(dice.choice([0, 4]), 10), each.lot) if contracts < 0 else ZERO
    entry = digits(float(each.mark) * dice.uniform(0.85, 1.2))
    margin = digits(float(margined)) if at.margin == "isolated" else None
    return Open(contracts, Fraction(hedge), entry, margin) if contracts else None


def drawn(seed: int) -> Book:
    dice = random.Random(seed)
    prices, holdings = owned(dice, PRICES, most=3)
    names = ["one", "two", "three"][: dice.randint(2, 3)]
    accounts = {name: account(dice, name, {coin: coins / 2 for coin, coins in holdings.items()}) for name in names}
    futures = [future(dice, coin, price, f"{name}:") for name in names for coin, price in prices.items()]
    positions: dict[str, Open] = {}
    for each in futures:
        at = accounts[each.name.partition(":")[0]]
        taken = any(other.startswith(at.name) and each.settle == "USDT" for other in positions)
        found = None if taken else opened(dice, at, each)
        positions |= {} if found is None else {each.name: found}
    worth = {coin: holdings[coin] * price for coin, price in prices.items()}
    targets = weights(dice, {**worth, "USD": holdings["USDT"]})
    return Book(
        holdings, targets, prices, {each.name: each for each in futures}, {}, positions,
        band=Fraction(dice.choice([0, 5]), 100), leverage=Fraction(dice.choice([1, 2, 5])),
        distance=Fraction(dice.choice([20, 50]), 100), sizing=dice.choice(["notional", "coin"]), accounts=accounts,
    )  # fmt: skip


def said(folder: Path, book: Book, *command: str) -> Any:
    (folder / "book.yaml").write_text(text(book))
    found = answered(*command, "-p", str(folder / "book.yaml"), "--format", "json", *NOW)
    assert (found.code in {0, 1, 10, 20}, found.err) == (True, "")
    return json.loads(found.out)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Book, Any, Book]]:
    """Books, their plans and what these leave."""
    folder, found = tmp_path_factory.mktemp("books"), []
    for seed in range(BOOKS):
        book = drawn(seed)
        plan = said(folder, book, "plan")
        found.append((book, plan, placed(book, plan)))
    return found


def test_every_kind_of_account_trades_what_it_has_open(told: list[tuple[Book, Any, Book]]) -> None:
    traded = {(book.accounts[each["account"]].margin, each["reduce_only"]) for book, plan, _ in told
              for each in plan["orders"]}  # fmt: skip
    assert traded == {(margin, reduces) for margin in ("cross", "isolated", "pooled") for reduces in (False, True)}


def test_exposures_before_and_after(told: list[tuple[Book, Any, Book]]) -> None:
    for book, plan, after in told:
        before, then = (each.exposures(each.holdings, each.positions) for each in (book, after))
        equity = sum(before.values(), ZERO)
        assert agrees(plan["equity"], equity)
        for row in plan["assets"]:
            assert agrees(row["exposure"], before[row["asset"]])
            assert agrees(row["weight"], before[row["asset"]] / equity)
            assert agrees(row["exposure_after"], then[row["asset"]])


def is_spent(spare: Callable[[Fraction], Fraction], low: str | None, high: str | None) -> bool:
    """Whether nothing is to spare at two factors on today's prices, and something between them."""
    ends = [None if each is None else figure(each) for each in (low, high)]
    for end in ends:
        if end is not None and Fraction(1, 1000) < end < 1000 and abs(spare(end)) > FINE * abs(spare(end / 2)):
            return False
    bottom, top = ends[0] or ZERO, ends[1] or Fraction(10**9)
    return all(spare(factor) > 0 for factor in TIMES if bottom < factor < top)


def test_wallets_and_margins(told: list[tuple[Book, Any, Book]]) -> None:
    for _, plan, after in told:
        for row in plan["wallets"]:
            rows = after.backed(row["account"], row["currency"], row["contract"])
            balance = after.balance(row["account"], row["currency"], row["contract"])
            gained = sum((each.pnl(held.contracts, held.entry, each.mark) for each, held in rows), ZERO)
            value = sum((each.value(held.contracts, each.mark) for each, held in rows), ZERO)
            assert figure(row["balance"]) == balance
            assert agrees(row["margin_balance"], balance + gained, FINE)
            assert agrees(row["position_value"], value)
            if row["mode"] == "pooled" or not rows:
                continue
            asked = sum((each.maintenance(held.contracts, held.entry, each.mark) for each, held in rows), ZERO)
            assert agrees(row["maintenance_margin"], asked)
            if asked > balance + gained:
                continue
            low, high = row["distance_below"], row["distance_above"]
            ends = low and str(1 - Decimal(low)), high and str(1 + Decimal(high))
            assert is_spent(lambda factor: after.spare(rows, balance, factor), *ends)  # noqa: B023


def along(path: str, factor: Fraction) -> Callable[[str], Fraction]:
    return lambda coin: factor if coin == path or (path == "all" and coin != "USDT") else ONE


def test_pools_in_dollars_and_where_they_end(told: list[tuple[Book, Any, Book]]) -> None:
    pools = 0
    for _, plan, after in told:
        equity = sum(after.exposures(after.holdings, after.positions).values(), ZERO)
        for row in plan["accounts"]:
            name = row["account"]
            here = sum((coins * after.price(coin) for coin, coins in after.coins_at(name, lambda _: ONE).items()), ZERO)
            assert agrees(row["equity"], here, FINE)
            assert agrees(row["share_of_equity"], here / equity, FINE)
            if row["margin"] != "pooled":
                continue
            pool = after.pool(name)
            assert agrees(row["credit"], pool.credit, FINE)
            assert agrees(row["initial_margin"], pool.initial, FINE)
            assert agrees(row["maintenance_margin"], pool.maintenance, FINE)
            for level in row["levels"] if pool.spare >= 0 else ():
                pools += 1
                path = level["path"]
                spare = lambda factor: after.pool(name, along(path, factor)).spare  # noqa: B023, E731
                assert is_spent(spare, level["below"], level["above"])
    assert pools > BOOKS / 2


def test_a_file_of_what_a_plan_leaves_asks_for_nothing(told: list[tuple[Book, Any, Book]], tmp_path: Path) -> None:
    asked = 0
    for _, plan, after in told:
        if plan["refused"] or not plan["changes"] or any(
            coins < 0 for each in after.accounts.values() for coins in each.wallets.values()
        ):  # fmt: skip
            continue
        positions = {name: replace(each, entry=round(each.entry, 12)) for name, each in after.positions.items()}
        again = said(tmp_path, replace(after, positions=positions), "plan")
        assert (again["orders"], again["transfers"]) == ([], [])
        asked += 1
    assert asked > BOOKS / 2


def test_a_hedge_leaves_of_what_would_be_held_in_spot_what_was_not_asked(
    told: list[tuple[Book, Any, Book]], tmp_path: Path
) -> None:
    """Fees and bases left out, whatever rebalancing leg its orders meet on their contracts."""
    met = 0
    for book, _, _ in told:
        level = {
            name: replace(each, mark=book.prices[each.asset], fee=ZERO, lot=FINEST, least=FINEST)
            for name, each in book.futures.items()
        }
        flat, coin = replace(book, futures=level), min(book.prices)
        plan = said(tmp_path, flat, "hedge", coin, "--pct", "60")
        (row,) = [each for each in plan["assets"] if each["asset"] == coin]
        if not plan["orders"] or figure(row["hedge_ratio"]) > Fraction(3, 5):
            continue
        lots = [each.dollars(FINEST) for each in level.values() if each.asset == coin]
        base = as_if_in_spot(flat, coin) * flat.prices[coin]
        assert abs(figure(row["net_exposure_after"]) - base * Fraction(2, 5)) <= max(*lots, Fraction(10))
        met += any(each["reduce_only"] or flat.positions.keys() & {each["contract"]} for each in plan["orders"])
    assert met > BOOKS / 4


def as_if_in_spot(book: Book, coin: str) -> Fraction:
    coins = book.holdings[coin]
    for name, each in book.positions.items():
        if book.futures[name].asset == coin:
            size = (each.contracts - each.hedge) * book.futures[name].multiplier
            coins += size / each.entry if book.futures[name].inverse else size
    return coins
