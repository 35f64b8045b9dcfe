"""The rows of accounts and of the coins of a pooled one, by hand."""

from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.market.pooled import Collateral, Counted
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind

from .given import INPUTS, inverse
from .test_pooled_checks import in_a_pool
from .test_splitting import accounts, at, book


@pytest.mark.parametrize("coins", ["0.00001", "2"])
def test_an_account_has_its_share_of_however_little_there_is_and_a_limit_only_below_all(coins: str) -> None:
    """Of 40 cents, or 80,000 dollars, a quarter sits at a, at which no more than a half may."""
    contracts = (at("a", inverse("BTC")), at("b", inverse("BTC")))
    quarter = exact(coins) / 4
    made = book({"BTC": coins}, None, contracts, accounts(a="0.5", b="1"))
    made = replace(made, statement=replace(made.statement, wallets={"a:BTC": quarter}))
    first, second = build_status(made, made.statement, inputs=INPUTS).accounts
    assert (first.equity, first.share_of_equity, first.at_most) == (quarter * 40000, Fraction(1, 4), Fraction(1, 2))
    assert (second.equity, second.share_of_equity, second.at_most) == (Fraction(0), Fraction(0), None)


def test_a_coin_that_counts_nothing_can_not_be_what_a_pool_asks_for() -> None:
    """8,000 short at 40,000 ask for 0.25 BTC, of which four fifths count; of ether, which is switched off, 3 stay."""
    made, _ = in_a_pool("0.1", -8000)
    pooling = made.account("b").pooling
    assert pooling is not None
    off = replace(pooling, collateral={"ETH": Collateral(Counted.COINS, ())})
    made = replace(made, told_accounts=tuple(replace(each, pooling=off if each.pooling else None)
                                             for each in made.told_accounts))  # fmt: skip
    there = replace(made.statement, holdings={"BTC": exact("0.1"), "ETH": Fraction(3)},
                    wallets={"b:BTC": exact("0.1"), "b:ETH": Fraction(3)})  # fmt: skip
    rows = {each.currency: each for each in build_status(made, there, inputs=INPUTS).wallets}
    assert [rows[coin].required for coin in ("BTC", "ETH")] == [exact("0.25"), 3]


def test_closing_lets_go_of_nothing_that_is_set_aside() -> None:
    """8,000 dollars of credit are asked for: 900 DOGE count 720, 0.2275 BTC the rest, and all of these may leave."""
    made, _ = in_a_pool("0.3", -8000)
    made = replace(made, aside=frozenset({"DOGE"}),
                   market=replace(made.market, prices={**made.market.prices, "DOGE": Fraction(1)}))  # fmt: skip
    there = replace(made.statement, holdings={**made.statement.holdings, "DOGE": Fraction(900)},
                    wallets={**made.statement.wallets, "b:DOGE": Fraction(900)})  # fmt: skip
    plan = build_unwind(made, there, inputs=INPUTS, share=Fraction(1), force=True)
    assert [(each.asset, -each.quantity) for each in plan.transfers] == [("BTC", exact("0.2275"))]


def test_a_coin_that_left_and_is_not_held_is_asked_for_no_more() -> None:
    """1 ETH counts 2,000 of the 8,000 dollars; it is in the account, though the file says that none is owned."""
    made, _ = in_a_pool("0.3", -8000)
    there = replace(made.statement, wallets={**made.statement.wallets, "b:ETH": Fraction(1)})
    plan = build_unwind(made, there, inputs=INPUTS, share=Fraction(1), force=True)
    rows = {each.currency: each for each in plan.wallets}
    assert [rows["ETH"].before.balance, rows["ETH"].balance, rows["ETH"].required] == [1, 0, 0]
