"""A rescue brings no account more than may sit there, whichever coins come, and offers each coin as far as it goes."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.planner.rescue import build_rescue
from rebal.portfolio import Portfolio

from .test_accounts import MARKET, inputs, read


def endangered(tmp_path: Path, holdings: str, accounts: str) -> Portfolio:
    names = ", ".join(f'"{place}:{coin}USD": {{taker_fee: 0%, maintenance: {{tiers: [{{rate: 0.5%}}]}}}}'
                      for place in ("main", "other") for coin in ("BTC", "ETH") if coin in holdings)  # fmt: skip
    return read(
        tmp_path,
        f"as_of: 2026-11-20T08:00:00Z\nholdings: {{{holdings}}}\naccounts:\n{accounts}contracts: {{{names}}}\n{MARKET}",
    )


def long_at(name: str, coins: Mapping[str, str], dollars: int, *, at_most: str = "100%") -> str:
    """A cross account with longs of so many dollars of each coin that is there."""
    prices = {"BTC": 40000, "ETH": 2500}
    rows = ", ".join(f"{{contract: {coin}USD, contracts: {dollars}, entry_price: {prices[coin]}}}" for coin in coins)
    there = ", ".join(f"{coin}: {held}" for coin, held in coins.items())
    return f"  {name}: {{venue: bybit, margin: cross, at_most: {at_most}, wallets: {{{there}}}, positions: [{rows}]}}\n"


def coins_to(made: Portfolio) -> dict[str, Fraction]:
    """By wallet, what comes where coins alone are brought."""
    ways = build_rescue(made, made.statement, inputs=inputs(made)).ways
    return {each.wallet: each.coins for each in ways if each.way == "coins"}


@pytest.mark.parametrize(
    ("at_most", "came"),
    [
        # as many as both miss: at half the price 20,100 dollars are 1.005 BTC, of which 0.5 is lost and 0.39 is there;
        # of ETH 16.08, of which 8 and 6.24
        ("100%", {"BTC": "0.115", "ETH": "1.84"}),
        # 31,200 dollars sit there, and BTC takes 4,600 of 7,200 that may come: 2,600 are left for ETH
        ("24%", {"BTC": "0.115", "ETH": "1.04"}),
        ("22.375%", {"BTC": "0.115"}),
        ("22%", {"BTC": "0.1"}),
    ],
)
def test_coins_of_one_wallet_take_room_that_another_of_the_account_has_no_more(
    tmp_path: Path, at_most: str, came: Mapping[str, str]
) -> None:
    there = long_at("main", {"BTC": "0.39", "ETH": "6.24"}, 20000, at_most=at_most)
    made = endangered(tmp_path, "BTC: 2, ETH: 32", there + long_at("other", {}, 0))
    assert coins_to(made) == {f"main:{coin}": exact(quantity) for coin, quantity in came.items()}


@pytest.mark.parametrize(("at_most", "comes"), [("30%", "0.115"), ("20%", "0.11")])
def test_what_one_wallet_takes_is_gone_from_spot_and_not_from_the_room_of_another_account(
    tmp_path: Path, at_most: str, comes: str
) -> None:
    """Two accounts miss 0.115 BTC each, of 1.72 in spot; 0.11 have room at the other, whatever the first takes."""
    there = long_at("main", {"BTC": "0.39"}, 20000) + long_at("other", {"BTC": "0.39"}, 20000, at_most=at_most)
    assert coins_to(endangered(tmp_path, "BTC: 2.5", there)) == {"main:BTC": exact("0.115"), "other:BTC": exact(comes)}
