"""Plans of books drawn at random, counted again from the files alone."""

import json
import random
from collections.abc import Iterator
from contextlib import chdir
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from program import NOW, answered
from recount import (
    NEAR,
    ONE,
    STEP,
    Future,
    Open,
    Written,
    agrees,
    digits,
    figure,
    flow,
    future,
    open_row,
    owned,
    sections,
    shuffled,
    toward_zero,
    up,
    weights,
)

PRICES = {"BTC": 40000, "ETH": 2500, "SOL": 150, "ADA": 0.5}
BOOKS = 60
TIMES = [Fraction(n, 20) for n in range(2, 60)]
"""Factors on today's prices, at which a wallet that is said never to be liquidated has something to spare."""


def drawn(seed: int) -> Written:
    dice = random.Random(seed)
    prices, holdings = owned(dice, PRICES, most=4)
    futures = {each.name: each for asset, price in prices.items() for each in [future(dice, asset, price)]}
    wallets, positions = {}, {}
    for each in futures.values():
        if dice.random() < 0.5 or each.settle in wallets:
            continue
        wallets[each.settle] = holdings[each.settle] * Fraction(dice.randint(10, 70), 100)
        margined = wallets[each.settle] * Fraction(dice.randint(10, 80), 100)
        contracts = toward_zero(margined / each.value(ONE, each.mark), each.lot) * dice.choice([-1, -1, 1])
        hedge = toward_zero(contracts * Fraction(dice.choice([0, 0, 4]), 10), each.lot) if contracts < 0 else 0
        if contracts:
            entry = digits(float(each.mark) * dice.uniform(0.8, 1.25))
            positions[each.name] = Open(contracts, Fraction(hedge), entry)
    worth = {asset: holdings[asset] * price for asset, price in prices.items()}
    return Written(
        holdings, weights(dice, {**worth, "USD": holdings["USDT"]}), prices, futures, wallets, positions,
        band=Fraction(dice.choice([0, 1, 5]), 100), leverage=Fraction(dice.choice([1, 2, 5])),
        distance=Fraction(dice.choice([20, 50, 80]), 100), sizing=dice.choice(["notional", "notional", "coin"]),
    )  # fmt: skip


def text(book: Written, dice: random.Random | None = None) -> str:
    """The file; with dice its sections and their entries in any order."""
    rows = [open_row(name, each) for name, each in shuffled(book.positions, dice).items() if isinstance(each, Open)]
    told = {
        **sections(book, dice), "wallets": flow(shuffled(book.wallets, dice)), "positions": f"[{', '.join(rows)}]",
    }  # fmt: skip
    return "".join(f"{key}: {value}\n" for key, value in shuffled(told, dice).items())


def plans(folder: Path, texts: list[str]) -> list[Any]:
    """The plans of files of the same names, whatever the folder, as findings name commands on them."""
    for place, written in enumerate(texts):
        (folder / f"{place:03}.yaml").write_text(written)
    with chdir(folder):
        found = answered("plan", ".", "--format", "json", *NOW)
    assert found.err == ""
    return [json.loads(line) for line in found.out.splitlines()]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Written, Any]]:
    books = [drawn(seed) for seed in range(BOOKS)]
    found = plans(tmp_path_factory.mktemp("books"), list(map(text, books)))
    return list(zip(books, found, strict=True))


def orders(plan: Any) -> dict[str, Fraction]:
    return {each["contract"]: figure(each["contracts"]) * (1 if each["side"] == "buy" else -1)
            for each in plan["orders"]}  # fmt: skip


def after(book: Written, plan: Any) -> tuple[dict[str, Open], dict[str, Fraction]]:
    """What is open once the orders are filled at the mark, and the coins that this brings, realised less fees."""
    positions, brought = dict(book.positions), dict.fromkeys([*book.holdings, "USDT"], Fraction(0))
    for name, traded in orders(plan).items():
        each, was = book.futures[name], positions.pop(name, Open(Fraction(0), Fraction(0), ONE))
        brought[each.settle] -= up(each.value(traded, each.mark) * each.fee)
        net, entry = was.contracts + traded, each.mark
        if was.contracts * traded < 0:
            closed = was.contracts if net * was.contracts <= 0 else -traded
            brought[each.settle] += each.pnl(closed, was.entry, each.mark) // STEP * STEP
            entry = was.entry if net * was.contracts > 0 else each.mark
        elif was.contracts:
            sizes = (was.contracts, was.entry), (traded, each.mark)
            mean = sum(size / at for size, at in sizes) if each.inverse else sum(size * at for size, at in sizes)
            entry = net / mean if each.inverse else mean / net
        if net:
            positions[name] = Open(net, was.hedge, entry)
    return positions, brought


def test_most_books_are_planned_and_some_trade_what_is_open(told: list[tuple[Written, Any]]) -> None:
    assert sum(not plan["refused"] and bool(plan["orders"]) for _, plan in told) > BOOKS / 2
    assert sum(any(each["reduce_only"] for each in plan["orders"]) for _, plan in told) > 5
    assert sum(bool(orders(plan).keys() & book.positions.keys()) for book, plan in told) > 10


def test_what_is_held_now(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        counted = book.exposures(book.holdings, book.positions)
        equity = sum(counted.values(), Fraction(0))
        assert agrees(plan["equity"], equity)
        assert [row["asset"] for row in plan["assets"]] == sorted(counted)
        for row in plan["assets"]:
            dollars, target = counted[row["asset"]], book.targets[row["asset"]]
            assert agrees(row["exposure"], dollars)
            assert agrees(row["weight"], dollars / equity)
            assert agrees(row["target_weight"], target)
            assert agrees(row["drift"], dollars / equity - target)


def test_every_leg_is_its_distance_to_the_target_in_whole_lots(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        if not plan["orders"] or any(each["code"] == "under-collateralised" for each in plan["findings"]):
            continue
        counted, placed = book.exposures(book.holdings, book.positions), orders(plan)
        equity = sum(counted.values(), Fraction(0))
        for each in book.futures.values():
            leg = book.targets[each.asset] * equity - counted[each.asset]
            lots = toward_zero(leg / book.weight_of(each, ONE), each.lot)
            too_small = abs(lots) < each.least or abs(each.dollars(lots)) < 10
            if too_small and each.name in book.positions:
                continue  # the whole of a position may be closed, however small
            assert placed.get(each.name, 0) == (0 if too_small else lots)


def test_fees_and_funding_are_those_of_the_contracts(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        positions, _ = after(book, plan)
        fees = Fraction(0)
        for order in plan["orders"]:
            each = book.futures[order["contract"]]
            fee = up(each.value(figure(order["contracts"]), each.mark) * each.fee)
            assert (figure(order["fee"]), order["fee_currency"]) == (fee, each.settle)
            fees += fee * book.price(each.settle)
        a_day = sum((3 * book.futures[name].dollars(each.contracts) * book.futures[name].funding
                     for name, each in positions.items()), Fraction(0))  # fmt: skip
        assert agrees(plan["costs"]["fees_usd"], fees)
        assert agrees(plan["costs"]["funding_usd_per_day"], a_day)
        assert agrees(plan["costs"]["funding_usd_per_year"], 365 * a_day)


def wallets(book: Written, plan: Any) -> Iterator[tuple[Any, list[tuple[Future, Open]], Fraction]]:
    """The rows of wallets with what is open there after the plan, and what was there before with what orders bring."""
    positions, brought = after(book, plan)
    for row in plan["wallets"]:
        currency = row["currency"]
        yield row, book.margined_in(currency, positions), book.wallets.get(currency, Fraction(0)) + brought[currency]


def test_wallets_hold_what_the_policy_asks_for(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        moved = {each["asset"]: figure(each["quantity"]) for each in plan["transfers"]}
        traded = {book.futures[name].settle for name in orders(plan)}
        missing = {each["subject"] for each in plan["findings"] if each["code"] == "under-collateralised"}
        for row, rows, stood in wallets(book, plan):
            asked, balance = book.required(rows), figure(row["balance"])
            assert agrees(row["required"], asked, STEP)
            assert abs(stood + moved.get(row["currency"], 0) - balance) <= STEP
            if row["currency"] in traded and row["currency"] not in missing:
                outside = book.holdings[row["currency"]] - book.wallets.get(row["currency"], Fraction(0))
                assert balance >= min(asked, stood + outside) - STEP
            if moved.get(row["currency"], 0) > 0 and not missing:
                assert abs(balance - up(asked)) <= 2 * STEP


def test_margin_is_what_is_open_at_the_mark(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        for row, rows, _ in wallets(book, plan):
            gained = sum((each.pnl(held.contracts, held.entry, each.mark) for each, held in rows), Fraction(0))
            value = sum((each.value(held.contracts, each.mark) for each, held in rows), Fraction(0))
            asked = sum((each.maintenance(held.contracts, held.entry, each.mark) for each, held in rows), Fraction(0))
            assert agrees(row["margin_balance"], figure(row["balance"]) + gained, NEAR)
            assert agrees(row["position_value"], value)
            assert agrees(row["maintenance_margin"], asked)


def test_liquidation_is_where_nothing_is_to_spare_first(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        for row, rows, _ in wallets(book, plan):
            balance = figure(row["balance"])
            if not rows or book.spare(rows, balance, ONE) < 0:
                continue
            below, above = row["distance_below"], row["distance_above"]
            for distance, way in ((below, -1), (above, 1)):
                if distance is not None:
                    end = ONE + way * figure(distance)
                    scale = sum((each.value(held.contracts, each.mark * end) for each, held in rows), Fraction(0))
                    assert abs(book.spare(rows, balance, end)) <= Fraction(1, 10**12) * scale
            lowest, highest = ONE - figure(below or "1"), ONE + figure(above or "1e9")
            for factor in TIMES:
                assert not lowest < factor < highest or book.spare(rows, balance, factor) > 0


def test_equity_after_is_equity_before_less_fees(told: list[tuple[Written, Any]]) -> None:
    for book, plan in told:
        positions, brought = after(book, plan)
        coins = {asset: quantity + brought.get(asset, 0) for asset, quantity in book.holdings.items()}
        counted = book.exposures(coins, positions)
        steps = STEP * len(plan["orders"]) * max(book.prices.values())
        for row in plan["assets"]:
            dollars = counted[row["asset"]]
            assert abs(figure(row["exposure_after"]) - dollars) <= steps + NEAR * abs(dollars)
        left = sum((figure(row["exposure_after"]) for row in plan["assets"]), Fraction(0))
        assert abs(figure(plan["equity"]) - figure(plan["costs"]["fees_usd"]) - left) <= steps + NEAR * left


def test_the_order_of_the_file_changes_nothing(told: list[tuple[Written, Any]], tmp_path: Path) -> None:
    shuffled = [text(book, random.Random(place)) for place, (book, _) in enumerate(told[:20])]
    for (_, plan), again in zip(told, plans(tmp_path, shuffled), strict=False):
        assert again == plan
