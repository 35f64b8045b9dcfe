"""What tops up a pooled account, counted by hand: how much of each coin, in which order, and what is left out."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from exact import exact
from rebal.amounts import Fraction, plain
from rebal.book import Purpose
from rebal.planner.exposure import value, with_room
from rebal.planner.orders import close_orders
from rebal.planner.pooled_posting import asked_in_alert, fees_at, post
from rebal.planner.sequence import after_orders
from rebal.planner.sizing import Leg
from rebal.planner.step import step
from rebal.policy import Route
from rebal.portfolio import Portfolio

from .test_accounts import MARKET, read

PRICES = MARKET.replace("SOL: 100", "SOL: 100, XRP: 2")
NO_FEE = "taker_fee: 0%, maintenance: {tiers: [{rate: 1%}]}"


def pool(
    tmp_path: Path, holdings: str, positions: Mapping[str, int], *, wallets: str = "", counts: str = "BTC: 100%",
    policy: str = "", more: str = "", at_most: str = "100%",
    entries: Mapping[str, int] = {},
) -> Portfolio:  # fmt: skip
    """An account that pools, with positions at today's prices that pay no fee, and coins beside it."""
    prices = {"BTC": 40000, "ETH": 2500, "SOL": 100, "XRP": 2}
    rows = ", ".join(f"{{contract: {coin}USD, contracts: {size}, entry_price: {entries.get(coin, prices[coin])}}}"
                     for coin, size in positions.items())  # fmt: skip
    key = "pool:{}USD" if more else "{}USD"
    terms = ", ".join(f'"{key.format(coin)}": {{{NO_FEE}}}' for coin in positions)
    made = read(
        tmp_path,
        f"as_of: 2026-11-20T08:00:00Z\nholdings: {{{holdings}}}\naccounts:\n"
        f"  pool: {{venue: bybit, margin: pooled, at_most: {at_most}, wallets: {{{wallets}}}, positions: [{rows}], "
        f"collateral: {{{counts}}}}}\n{more}contracts: {{{terms}}}\n{PRICES}policy: {{{policy}}}\n",
    )
    return with_room(made, value(made, made.statement).equity)


def brought(made: Portfolio, *, tops_up: bool = True) -> dict[str, Fraction]:
    """What comes where nothing is traded."""
    book = made.statement
    done = post(book, book, (), portfolio=made, taken={}, tops_up=tops_up)
    assert not done.leaving
    return {each.asset: each.quantity for each in done.arriving}


@pytest.mark.parametrize(("there", "comes"), [("0.41", {}), ("0.4", {}), ("0.39", {"BTC": Fraction(11, 100)})])
def test_an_account_that_nothing_trades_is_filled_only_past_its_alert_and_then_to_the_policy(
    tmp_path: Path, there: str, comes: Mapping[str, Fraction]
) -> None:
    """20,000 short: of 0.5 BTC that the policy asks for 0.4 are at the alert."""
    made = pool(tmp_path, "BTC: 2", {"BTC": -20000}, wallets=f"BTC: {there}")
    assert brought(made) == comes
    assert brought(made, tops_up=False) == {}


@pytest.mark.parametrize(
    ("post", "comes"),
    [
        # 4 ETH are what its own position asks for, though a dollar counts as much
        ("[own, dollars]", {"ETH": Fraction(4), "USDT": Fraction(10000)}),
        ("[dollars, own]", {"USDT": Fraction(15000), "ETH": Fraction(2)}),
        ("[ETH]", {"ETH": Fraction(8)}),
    ],
)
def test_the_own_coins_of_what_is_open_are_posted_for_their_own_share(
    tmp_path: Path, post: str, comes: Mapping[str, Fraction]
) -> None:
    """10,000 short of ETH and 10,000 of SOL, of which none is held: 20,000 dollars are to be there."""
    counts = "BTC: 100%, ETH: 100%, SOL: 0%"
    made = pool(tmp_path, "ETH: 9, USDT: 15000", {"ETH": -10000, "SOL": -10000}, counts=counts, policy=f"post: {post}")
    assert brought(made) == comes


def test_what_was_brought_in_vain_is_taken_back_the_last_first(tmp_path: Path) -> None:
    """Coins that count to an edge are brought before dollars, which turn out to do for a part of them.

    Shorts of 20,000 of BTC and of SOL gain as much as may count where all prices halve, 10,000 each, and longs of ETH
    and XRP lose 60,000 and 20,000 · 1 / 2 there: with 1 % of 120,000 for maintenance 21,200 dollars have to be there,
    whatever there is of BTC and SOL. Where ETH alone halves 30,000 are lost: of those and of 1,200 another 10,000 are
    missing. 200 SOL count 20,000 today, and 0.5 BTC as much: no SOL then, and 0.25 BTC.
    """
    counts = "BTC: [{up_to: 0.5, ratio: 100%}, {ratio: 0%}], SOL: [{up_to: 200, ratio: 100%}, {ratio: 0%}], ETH: 100%"
    positions = {"BTC": -20000, "SOL": -20000, "ETH": 60000, "XRP": 20000}
    told = "leverage: 5, alert: {distance: 35%, leverage: 6}, post: [BTC, SOL, dollars]"
    made = pool(tmp_path, "BTC: 1, SOL: 400, USDT: 60000", positions, counts=counts, policy=told)
    assert brought(made) == {"BTC": Fraction(1, 4), "USDT": Fraction(21200)}
    # 0.1 ETH and 10 XRP that are brought first do their part: 125 and 10 dollars where all halve, 125 and 20 where ETH
    counts, told = counts + ", XRP: 100%", told.replace("[BTC", "[ETH, XRP, BTC")
    made = pool(tmp_path, "BTC: 1, SOL: 400, USDT: 60000, ETH: 0.1, XRP: 10", positions, counts=counts, policy=told)
    assert brought(made) == {
        "ETH": exact("0.1"), "XRP": Fraction(10), "BTC": exact("0.24975"), "USDT": Fraction(21200 - 135)
    }  # fmt: skip


def test_what_was_brought_in_vain_is_taken_back_where_it_is_worth_a_cent(tmp_path: Path) -> None:
    """200.0002 SOL count, which a short of 20,000 gains where prices halve, as one of XRP; 60,000 of ETH lose half.

    10,000.01 and 10,000 of the 30,000 are gained there: with 1,000 of maintenance 10,999.99 dollars are missing. Where
    ETH alone halves it is 20,000.01 besides those.
    """
    counts = "SOL: [{up_to: 200.0002, ratio: 100%}, {ratio: 0%}], ETH: 100%, XRP: 100%"
    positions = {"SOL": -20000, "XRP": -20000, "ETH": 60000}
    told = "leverage: 5, alert: {distance: 35%, leverage: 6}, post: [SOL, dollars]"
    made = pool(tmp_path, "SOL: 400, USDT: 60000", positions, counts=counts, policy=told)
    assert brought(made) == {"SOL": exact("200.0001"), "USDT": exact("10999.99")}


def test_of_a_coin_as_much_is_brought_as_counts_to_the_step_above(tmp_path: Path) -> None:
    """60,000 short, of which BTC to 0.5 may carry 20,000: of those a sixth is lost already."""
    counts = "BTC: [{up_to: 0.5, ratio: 100%}, {ratio: 0%}]"
    made = pool(
        tmp_path,
        "BTC: 1, USDT: 50000",
        {"BTC": -20000, "SOL": -40000},
        counts=counts,
        entries={"BTC": 30000},
        policy="post: [BTC, dollars]",
    )
    assert brought(made) == {"BTC": exact("0.66666667"), "USDT": Fraction(40000)}


def filled(made: Portfolio, traded: Mapping[str, int]) -> tuple[dict[str, Fraction], bool]:
    """What comes for orders on contracts, by coin, and whether any coins are missing; nothing leaves."""
    book = made.statement
    named = {made.contracts[name]: Fraction(size) for name, size in traded.items()}
    legs = [Leg(each, size, Route.INVERSE, Purpose.HEDGE, each.asset) for each, size in named.items()]
    orders = close_orders(legs, book=book, portfolio=made)
    done = post(book, after_orders(book, orders, made), orders, portfolio=made, taken={})
    assert not done.leaving
    return {each.asset: each.quantity for each in done.arriving}, bool(done.shortages)


@pytest.mark.parametrize(
    ("free", "there", "comes", "is_short"),
    [
        # 0.4 cents that are missing, of BTC
        ("0.0000001", "0.4999999", "0.0000001", False),
        ("0.00000009", "0.4999999", None, True),
        # a cent that does not do, and less than one
        ("0.00000025", "0.4", "0.00000025", True),
        ("0.00000024", "0.4", None, True),
    ],
)
def test_what_is_worth_less_than_a_cent_comes_only_where_it_does(
    tmp_path: Path, free: str, there: str, comes: str | None, is_short: bool
) -> None:
    held = plain(exact(free) + exact(there))
    made = pool(tmp_path, f"BTC: {held}", {"BTC": -1}, wallets=f"BTC: {there}")
    assert filled(made, {"BTCUSD": -19999}) == ({} if comes is None else {"BTC": exact(comes)}, is_short)


@pytest.mark.parametrize(("contracts", "comes"), [(-22499, "1"), (-21249, "0.5"), (-24999, "2")])
def test_a_coin_comes_as_far_as_it_is_missing(tmp_path: Path, contracts: int, comes: str) -> None:
    """20,000 dollars of BTC are there, and for the rest ETH at 2,500."""
    made = pool(tmp_path, "BTC: 0.5, ETH: 3", {"BTC": -1}, wallets="BTC: 0.5", counts="BTC: 100%, ETH: 100%")
    assert filled(made, {"BTCUSD": contracts}) == ({"ETH": exact(comes)}, False)


@pytest.mark.parametrize(("post", "comes"), [("dollars", 22), ("USDT", 22), ("own", 22), ("best", 22), ("BTC", 0)])
def test_a_fee_in_dollars_is_repaid_where_the_policy_posts_dollars(tmp_path: Path, post: str, comes: int) -> None:
    """0.055 % of 40,000, of which 80,000 are there in BTC: nothing else is missing."""
    made = pool(tmp_path, "BTC: 2, USDT: 100", {"BTC": -1}, wallets="BTC: 2", policy=f"post: [{post}]")
    assert filled(made, {"BTCUSDT": -1000}) == ({"USDT": Fraction(comes)} if comes else {}, False)


@pytest.mark.parametrize(
    ("at_most", "comes"),
    [
        # 5 ETH count 10,000 at 80 %; as many dollars are for the other half
        ("100%", {"ETH": 5, "USDT": 10000}),
        ("90%", {"ETH": 5, "USDT": 10000}),
        # 22,500 do not fit 51 % of 42,500, but dollars and 2.5 ETH do: 21,250
        ("51%", {"USDT": 15000, "ETH": exact("2.5")}),
    ],
)
def test_only_where_the_policys_order_does_not_fit_what_counts_most_comes_first(
    tmp_path: Path, at_most: str, comes: Mapping[str, Fraction]
) -> None:
    counts = "BTC: 100%, ETH: 80%, SOL: 0%"
    made = pool(tmp_path, "ETH: 11, USDT: 15000", {"ETH": -10000, "SOL": -10000}, counts=counts, at_most=at_most)
    assert brought(made) == comes


def test_a_leg_posts_its_own_coin_and_what_is_open_besides_takes_no_share_of_its_own(tmp_path: Path) -> None:
    """10,000 short of ETH stand on 0.225 BTC, and 10,000 of BTC are sold: 0.025 BTC, and then dollars, no ETH."""
    counts = "BTC: 100%, ETH: 100%"
    made = pool(
        tmp_path, "BTC: 1, ETH: 9, USDT: 20000", {"ETH": -10000, "BTC": -1}, wallets="BTC: 0.225", counts=counts
    )
    assert filled(made, {"BTCUSD": -9999}) == ({"BTC": exact("0.025"), "USDT": Fraction(10000)}, False)


TWO = "  near: {venue: bybit, margin: cross, wallets: {BTC: 0.25}, positions: [{contract: BTCUSD, contracts: -20000, entry_price: 40000}]}\n"  # noqa: E501


def test_no_coin_is_brought_to_a_pool_that_a_wallet_of_another_account_takes(tmp_path: Path) -> None:
    """Two accounts in alert, each with half of the 0.5 BTC that it needs, and 0.375 more: no one's go to both."""
    made = pool(tmp_path, "BTC: 0.875", {"BTC": -20000}, wallets="BTC: 0.25", more=TWO)
    done = step(made, made.statement, ())
    assert {each.account: each.quantity for each in done.transfers} == {"near": Fraction(1, 4), "pool": Fraction(1, 8)}
    assert [(each.account.at, each.missing) for each in done.shortages] == [("pool", Fraction(1, 8))]


def test_fees_are_those_of_an_accounts_own_orders(tmp_path: Path) -> None:
    made = pool(tmp_path, "BTC: 2, ETH: 8, SOL: 1, XRP: 1", {"BTC": -20000}, wallets="BTC: 0.5", more=TWO)
    orders = close_orders(
        [Leg(made.contracts[name], Fraction(size), Route.INVERSE, Purpose.HEDGE, "BTC") for name, size in (
            ("pool:ETHUSD", -2000), ("near:BTCUSD", -4000), ("pool:SOLUSD", 1000), ("pool:XRPUSD", 8))],
        book=made.statement, portfolio=made,
    )  # fmt: skip
    assert fees_at("near", orders, made) == {"BTC": exact("0.000055")}  # 0.055 % of 0.1
    # of 0.8, of 10 and of 4
    assert fees_at("pool", orders, made) == {"ETH": exact("0.00044"), "SOL": exact("0.0055"), "XRP": exact("0.0022")}


@pytest.mark.parametrize(("free", "comes"), [("9.99", []), ("10", [10])])
def test_less_than_an_order_does_not_round_off_what_it_does_not_fill(
    tmp_path: Path, free: str, comes: list[int]
) -> None:
    made = pool(tmp_path, f"BTC: 0.5, USDT: {free}", {"BTC": -20000}, wallets="BTC: 0.25", more=TWO)
    book = made.statement
    found, lacks = asked_in_alert(made.pools[0], book, made, free={"USDT": exact(free)})
    assert [each.quantity for each in found] == comes
    assert lacks is not None


@pytest.mark.parametrize("room", ["4000", "5000"])
def test_debts_are_repaid_by_name_as_far_as_there_is_room(tmp_path: Path, room: str) -> None:
    """2,000 dollars are borrowed in each of four coins; what sits there leaves room for two and a part of a third."""
    coins = {"BTC": 40000, "ETH": 2500, "SOL": 100, "XRP": 2}
    held = ", ".join(f"{coin}: {plain(Fraction(4000, price))}" for coin, price in coins.items())
    made = pool(tmp_path, f"{held}, USDT: 10000", dict.fromkeys(coins, -2500), counts="USDT: 100%")
    book = replace(made.statement, wallets={"USDT": Fraction(10000), **{
        coin: Fraction(-2000, price) for coin, price in coins.items()}})  # fmt: skip
    # 2,000 dollars sit there
    (account,) = made.told_accounts
    made = replace(made, told_accounts=(replace(account, most_usd=2000 + exact(room)),))
    moved = {each.asset: each.quantity for each in post(book, book, (), portfolio=made, taken={}).arriving}
    third = {"SOL": Fraction(10)} if room == "5000" else {}
    assert moved == {"BTC": Fraction(1, 20), "ETH": Fraction(4, 5), **third}
