"""What venues and recorded accounts print of pooled margin, met by the product's functions to the printed digits.

Where a record gives a coin's requirement rather than its positions, a position that asks just that stands for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import Held
from rebal.market.pooled import (
    ClosingFee,
    Coin,
    Collateral,
    Counted,
    Judged,
    Levered,
    Pool,
    Printed,
    Rules,
    Slice,
    credit,
    estimated_liquidation,
    judge,
    printed_rate,
)
from rebal.market.pooled_path import levels

from .definitions import inverse, linear

Given = Mapping[str, Any]
BYBIT = Rules(ONE, ClosingFee.BANKRUPTCY, True, ZERO, ZERO, Printed.SHARE)
OKX = Rules(ONE, ClosingFee.VALUE, False, ZERO, ZERO, Printed.MULTIPLE)


@cache
def everything() -> Given:
    found: Given = yaml.load((Path(__file__).parent / "pooled.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


def vector(name: str) -> Given:
    found: Given = next(each for each in everything()["vectors"] if each["id"] == name)
    return found


def whole(ratio: str | Fraction = ONE) -> Collateral:
    return Collateral(Counted.COINS, (Slice(None, exact(ratio)),))


def tiers_usd(rows: list[Given]) -> Collateral:
    slices = tuple(Slice(exact(row["up_to"]) if "up_to" in row else None, exact(row["rate"])) for row in rows)
    return Collateral(Counted.USD, slices)


def flat(rate: str, valuation: Valuation = Valuation.MARK, method: Method = Method.DEDUCTION) -> Tiers:
    return Tiers(valuation, close_fee=False, method=method, unit=TierUnit.COIN, tiers=(Tier(None, exact(rate)),))


def figure(row: Given, key: str) -> Fraction:
    return exact(row.get(key, "0"))


def coin(row: Given, balance: Fraction, price: Fraction) -> Coin:
    counts = row.get("collateral", True)
    collateral = whole(row.get("ratio", "1")) if counts else Collateral(Counted.COINS, ())
    return Coin(row["coin"], price, balance, collateral)


def priced(row: Given) -> Fraction:
    return exact(row["usdValue"]) / exact(row["equity"])


def asking(row: Given) -> Iterator[Levered]:
    """A position without PnL that asks of its coin what the record says all of them do."""
    maintenance, initial = figure(row, "posMM"), figure(row, "posIM") + figure(row, "ordIM")
    if initial:
        contract = linear(flat(str(maintenance / initial / 2)), multiplier="1", taker_fee="0", asset="X")
        value = initial * 2
        yield Levered(Held(_settled(contract, row["coin"]), ONE, value, value), Fraction(2))


def _settled(contract: Any, settle: str) -> Any:
    return replace(contract, settle=settle, max_leverage=None)


def recorded(inputs: Given, balance: str = "equity") -> Judged:
    rows = [row for row in inputs["coins"] if "equity" in row]
    coins = tuple(coin(row, figure(row, balance), priced(row)) for row in rows)
    return judge(Pool(BYBIT, coins, tuple(position for row in rows for position in asking(row))))


def rates(inputs: Given) -> dict[str, Fraction | None]:
    account = inputs["account"]
    margin = exact(account["totalMarginBalance"]) if "totalMarginBalance" in account else None
    if margin is None:
        # an account of coins at ratio 1: what it holds and what it gained, each counted as they are
        both = (exact(account["totalWalletBalance"]), exact(account["totalPerpUPL"]))
        margin = judge(Pool(BYBIT, (Coin("USD", ONE, sum(both, ZERO), whole()),), ())).credit
    initial, maintenance = exact(account["totalInitialMargin"]), exact(account["totalMaintenanceMargin"])
    return {
        "totalMarginBalance": margin,
        "accountIMRate": printed_rate(initial, margin, BYBIT),
        "accountMMRate": printed_rate(maintenance, margin, BYBIT),
        "totalAvailableBalance": margin - initial,
    }


def account_figures(name: str) -> dict[str, Fraction | None]:
    inputs = vector(name)["inputs"]
    found = rates(inputs)
    whole_record = name not in ("bybit-docs-wallet-sample-2022", "bybit-uta-negative-coin-2026-03-29")
    if "coins" in inputs and whole_record:
        judged, in_wallets = recorded(inputs), recorded(inputs, "walletBalance")
        found |= {
            "totalEquity": judged.equity,
            "totalInitialMargin": judged.initial_margin,
            "totalMaintenanceMargin": judged.maintenance_margin,
            "totalWalletBalance": in_wallets.credit,
            "totalPerpUPL": judged.credit - in_wallets.credit,
        }
        if "two-settle-coins" not in name:
            found["totalMarginBalance"] = judged.credit
    return found


BY_ACCOUNT = (
    "bybit-uta-haircut-2024-07-09",
    "bybit-uta-liqprice-2025-10-02",
    "bybit-uta-2024-01-08-a",
    "bybit-uta-two-settle-coins-2023-03-15-a",
    "bybit-uta-negative-coin-2026-03-29",
    "bybit-docs-wallet-sample-2022",
    "bybit-uta-usdc-2024-11-10",
    "bybit-uta-testnet-2023-03-09",
)


def solana(valuation: Valuation) -> Pool:
    inputs = vector("bybit-uta-liqprice-2025-10-02")["inputs"]
    (row,) = inputs["coins"]
    contract = linear(flat("0.005", valuation), multiplier="0.1", taker_fee="0.000649", asset="SOL")
    held = Held(_settled(contract, "USDT"), Fraction(2), exact("233.02"), exact("233.029"))
    return Pool(BYBIT, (coin(row, figure(row, "walletBalance"), priced(row)),), (Levered(held, Fraction(10)),))


def at_entry(pool: Pool) -> Pool:
    (each,) = pool.positions
    held = Held(each.held.contract, each.held.contracts, each.held.entry_price, each.held.entry_price)
    return Pool(pool.rules, pool.coins, (Levered(held, each.leverage),))


def in_coin(amount: Fraction, pool: Pool) -> Fraction:
    return amount / pool.coins[0].price


def solana_figures() -> dict[str, Fraction | None]:
    by_entry, by_mark = solana(Valuation.ENTRY), solana(Valuation.MARK)
    return {
        "positionMM": in_coin(judge(by_entry).maintenance_margin, by_entry),
        "positionIM": in_coin(judge(at_entry(by_entry)).initial_margin, by_entry),
        "positionMMByMp": in_coin(judge(by_mark).maintenance_margin, by_mark),
        "positionIMByMp": in_coin(judge(by_mark).initial_margin, by_mark),
        "liqPrice": estimated_liquidation(by_entry.positions[0], by_entry),
    }


def negative_figures() -> dict[str, Fraction | None]:
    inputs = vector("bybit-uta-negative-coin-2026-03-29")["inputs"]
    (row,) = inputs["coins"]
    contract = linear(flat("0.004"), multiplier="0.001", taker_fee="0.001", asset="BTC")
    held = Held(_settled(contract, "USDC"), ONE, exact("66473.5"), exact("66472.02"))
    usdc = Coin("USDC", exact("0.06794174") / exact("0.0679535"), figure(row, "walletBalance"), whole())
    pool = Pool(BYBIT, (usdc,), (Levered(held, Fraction(10)),))
    judged = judge(pool)
    in_total = exact(inputs["account"]["totalEquity"])
    return {
        "equity USDC": in_coin(judged.credit, pool),
        "borrowAmount USDC": in_coin(judged.debts["USDC"], pool),
        "positionIM USDC": in_coin(judged.initial_margin, pool),
        "positionMM USDC": in_coin(judged.maintenance_margin, pool),
        "accountLTV": printed_rate(judged.debts["USDC"], in_total + judged.debts["USDC"], BYBIT),
    }


def okx_figures() -> dict[str, Fraction | None]:
    inputs = vector("okx-multi-currency-inverse-2021-06-11")["inputs"]
    usdt, btc = inputs["coins"]
    (row,) = inputs["positions"]
    index, notional, pnl = exact(btc["index"]), exact(row["notionalUsd"]), exact(btc["upl"])
    contract = inverse(flat(row["mmr"], method=Method.WHOLE), multiplier=notional, taker_fee=row["fee"])
    held = Held(contract, ONE, 1 / (pnl / notional + 1 / index), index)
    coins = (
        Coin("USDT", exact(inputs["usdt_index"]), exact(usdt["eq"]), tiers_usd(usdt["tiers_usd"])),
        Coin("BTC", index, exact(btc["cashBal"]), whole(btc["rate"])),
    )
    pool = Pool(OKX, coins, (Levered(held, exact(row["leverage"])),))
    judged = judge(pool)
    without_fee = judge(Pool(Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, OKX.printed), coins, pool.positions))
    equity = coins[1].balance + held.unrealised_pnl
    return {
        "eq BTC": equity,
        "eqUsd BTC": judged.equity - coins[0].balance * coins[0].price,
        "disEq BTC": credit(coins[1], equity),
        "eqUsd USDT": judged.equity - equity * index,
        "disEq USDT": credit(coins[0], coins[0].balance),
        "adjEq": judged.credit,
        "totalEq": judged.equity,
        "imr": judged.initial_margin,
        "frozenBal BTC": judged.initial_margin / index,
        "mmr": without_fee.maintenance_margin,
        "mgnRatio": printed_rate(judged.maintenance_margin, judged.credit, OKX),
    }


def haircut(inputs: Given) -> Judged:
    """The collateral of a worked example, an account without positions."""
    coins = []
    for row in inputs.get("coins") or [inputs]:
        name = row.get("coin", row.get("ccy", "X"))
        quantity = exact(row.get("quantity", row.get("equity", row.get("usd_value", "0"))))
        ratio = row.get("rate") or str(1 - exact(row.get("haircut", "0")))
        collateral = tiers_usd(row["tiers_usd"]) if "tiers_usd" in row else whole(ratio)
        coins.append(Coin(name, exact(row.get("index", "1")), quantity, collateral))
    return judge(Pool(OKX, tuple(coins), ()))


def one_coin(name: str, asset: str) -> Judged:
    rows = [row for row in vector(name)["inputs"]["coins"] if row["coin"] == asset]
    return haircut({"coins": rows})


def of_haircut(name: str, told: str) -> dict[str, Fraction | None]:
    return {told: haircut(vector(name)["inputs"]).credit}


def bit_figures() -> dict[str, Fraction | None]:
    name = "bit-um-collateral"
    each = {asset: one_coin(name, asset).credit for asset in ("BTC", "USDT")}
    return {**each, "total": haircut(vector(name)["inputs"]).credit}


def binance_figures() -> dict[str, Fraction | None]:
    inputs = vector("binance-pm-example-upnl")["inputs"]
    long = inputs["btcusd_perp_long"]
    held = Held(inverse(flat(inputs["mmr"]), multiplier=long["usd"]), ONE, exact(long["entry"]), exact(long["mark"]))
    pool = Pool(OKX, (Coin("BTC", held.mark_price, ZERO, whole()),), (Levered(held, Fraction(10)),))
    fee_apart = Pool(Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, OKX.printed), pool.coins, pool.positions)
    found: dict[str, Fraction | None] = {
        "inverse long BTC": in_coin(judge(pool).equity, pool),
        "inverse MM BTC": in_coin(judge(fee_apart).maintenance_margin, pool),
    }
    for told, row, side in (("short USDT", "btcusdt_short", -1), ("long USDT", "btcusdt_quarterly_long", 1)):
        given = inputs[row]
        contract = _settled(linear(flat("0.005"), multiplier=given["quantity"]), "USDT")
        position = Held(contract, Fraction(side), exact(given["entry"]), exact(given["mark"]))
        found[told] = judge(Pool(OKX, (Coin("USDT", ONE, ZERO, whole()),), (Levered(position, ONE),))).equity
    return found


def figures(name: str) -> dict[str, Fraction | None]:
    match name:
        case "bybit-uta-liqprice-2025-10-02":
            return account_figures(name) | solana_figures()
        case "bybit-uta-negative-coin-2026-03-29":
            return account_figures(name) | negative_figures()
        case "bybit-docs-wallet-sample-2022":
            rows = [{**row, "index": row["usdValue"], "quantity": "1"} for row in vector(name)["inputs"]["coins"]]
            return account_figures(name) | {"totalEquity": haircut({"coins": rows}).equity}
        case _ if name in BY_ACCOUNT:
            return account_figures(name)
        case "okx-multi-currency-inverse-2021-06-11":
            return okx_figures()
        case "okx-discount-usdt-11m":
            return of_haircut(name, "discounted USD")
        case "bitget-multi-asset-btc":
            total = haircut(vector(name)["inputs"]).credit
            return {"BTC equity USDT": one_coin(name, "BTC").equity, "multi-asset margin USDT": total}
        case "kraken-multi-collateral-haircut":
            judged = haircut(vector(name)["inputs"])
            return {"balance value USD": judged.equity, "collateral value USD": judged.credit}
        case "htx-multi-assets-btc":
            return of_haircut(name, "margin USDT")
        case "bit-um-collateral":
            return bit_figures()
        case "binance-pm-example-upnl":
            return binance_figures()
        case _:
            return of_haircut(name, "margin value USD")


EXACT = [
    (each["id"], row["figure"])
    for each in everything()["vectors"]
    if each["match"] == "exact"
    for row in each["expected"]
]


@pytest.mark.parametrize(("name", "told"), EXACT, ids=[f"{name}: {told}" for name, told in EXACT])
def test_a_printed_figure_is_met(name: str, told: str) -> None:
    row = next(each for each in vector(name)["expected"] if each["figure"] == told)
    found = figures(name)[told]
    printed = exact(row["expected"] if row["expected"] is not None else row["computed"])
    tolerance = row.get("tolerance", "0")
    within = ZERO if tolerance.startswith("truncated") else exact(tolerance)
    assert found is not None
    assert abs(found - printed) <= within


def test_every_kind_of_record_is_met() -> None:
    assert len(EXACT) == 83
    assert {each["match"] for each in everything()["vectors"]} == {"exact", "approx"}


def derived(name: str) -> tuple[Pool, Given]:
    """The two small books: BTC 0.98 to 10, 0.95 to 20, then nothing, ETH 0.95; taker 0.055 %, leverage 10."""
    given: Given = next(each for each in everything()["derived_by_us"]["cases"] if each["id"] == name)
    btc = Collateral(Counted.COINS, (Slice(Fraction(10), exact("0.98")), Slice(Fraction(20), exact("0.95"))))
    hedged = name == "derived-two-coins-hedged-short-and-long"
    coins = (
        Coin("BTC", Fraction(40000), Fraction(2 if hedged else 1), btc),
        Coin("ETH", Fraction(2500), Fraction(14 if hedged else 0), whole("0.95")),
    )
    return Pool(BYBIT, coins, tuple(_sides(hedged=hedged))), given


def _sides(*, hedged: bool) -> Iterator[Levered]:
    steps = (Tier(Fraction(150), exact("0.005")), Tier(None, exact("0.01"), exact("0.75")))
    btc = inverse(
        Tiers(Valuation.MARK, close_fee=True, method=Method.DEDUCTION, unit=TierUnit.COIN, tiers=steps),
        multiplier="1",
        taker_fee="0.00055",
    )
    eth = replace(inverse(flat("0.01"), multiplier="1", taker_fee="0.00055"), asset="ETH", settle="ETH")
    if hedged:
        yield Levered(Held(btc, Fraction(-40000), Fraction(40000), Fraction(40000)), Fraction(10))
    yield Levered(Held(eth, Fraction(20000 if hedged else 60000), Fraction(2500), Fraction(2500)), Fraction(10))


@pytest.mark.parametrize("name", [each["id"] for each in everything()["derived_by_us"]["cases"]])
def test_the_small_books_end_where_they_were_worked_out_to(name: str) -> None:
    pool, given = derived(name)
    judged = judge(pool)
    assert judged.credit == exact(given["margin_balance"])
    assert judged.initial_margin == exact(given["initial_margin"])
    assert judged.maintenance_margin == exact(given["maintenance_margin"])
    for row in given["liquidation"]:
        down = levels(pool, dict.fromkeys(row["moved"], -ONE))
        up = levels(pool, dict.fromkeys(row["moved"], ONE))
        factors = [1 - share for share in down.crossings] + [1 + share for share in up.crossings]
        assert factors == [exact(factor) for factor in row["factors"]]
