"""On which paths of prices a pooled account is liquidated, and which of them are the policy's."""

from dataclasses import replace
from pathlib import Path

import pytest

from rebal.amounts import Fraction
from rebal.market.pooled import judge
from rebal.planner.pooled import (
    asked_of,
    fitting,
    is_past,
    levels_of,
    nearest,
    nearest_of_policy,
    past_alert,
    pool_of,
    surveyed,
)

from .test_accounts import MARKET, read

SHORT = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 1, SOL: 5}}
accounts:
  bybit:
    venue: bybit
    wallets: {{BTC: 1}}
    positions: [{{contract: ETHUSD, contracts: -60000, entry_price: 2500}}]
    collateral: {{BTC: 98%}}
  other: {{venue: deribit, wallets: {{SOL: 5}}}}
scenarios: {{apart: {{BTC: -50%, ETH: 100%}}, elsewhere: {{SOL: -90%}}}}
{MARKET}"""


def test_the_paths_of_the_policy_are_all_coins_together_and_each_alone(tmp_path: Path) -> None:
    """60,000 of ETH are short on 39,200 of BTC: ETH alone ends it some 65 % above, all coins together far beyond.

    It ends sooner where BTC falls besides, as a scenario has it; one of a coin that is elsewhere is no path.
    """
    made = read(tmp_path, SHORT)
    pool = pool_of(made.pools[0], made.statement, made)
    levels = {each.path: each for each in levels_of(pool, made)}
    assert [*levels] == ["all", "BTC", "ETH", "apart"]
    near, asked = nearest(levels.values()), nearest_of_policy(pool, made)
    assert near is not None
    assert asked is not None
    assert (near.path, asked.path) == ("apart", "ETH")
    distances = [levels[path].distance for path in ("apart", "ETH", "BTC", "all")]
    assert distances == sorted(each for each in distances if each is not None)


def test_of_a_long_all_coins_together_end_it_first(tmp_path: Path) -> None:
    made = read(tmp_path, SHORT.replace("-60000", "60000"))
    asked = nearest_of_policy(pool_of(made.pools[0], made.statement, made), made)
    assert asked is not None
    assert (asked.path, asked.of) == ("all", None)


def test_a_coin_set_aside_is_a_part_of_the_pool_that_it_lies_in_and_of_no_other(tmp_path: Path) -> None:
    text = SHORT.replace("BTC: 1, SOL: 5}", "BTC: 1, SOL: 5, DOGE: 50, XRP: 3}\naside: [DOGE, XRP]")
    text = text.replace("wallets: {BTC: 1}", "wallets: {BTC: 1, DOGE: 20}").replace(
        "wallets: {SOL: 5}", "margin: pooled, wallets: {SOL: 5, XRP: 3}"
    )
    made = read(tmp_path, text.replace("SOL: 100}", "SOL: 100, DOGE: 0.2, XRP: 2}"))
    parts = {account.name: {*pool_of(account, made.statement, made).parts} for account in made.pools}
    # of what is not set aside all could be brought
    assert parts == {"bybit": {"BTC", "DOGE", "ETH", "SOL"}, "other": {"BTC", "SOL", "XRP"}}


@pytest.mark.parametrize(("contracts", "leverage"), [(100000, 100), (99999, 100), (99000, 99), (100001, None)])
def test_more_leverage_than_a_hundred_is_nothing_that_a_policy_could_ask_for(
    tmp_path: Path, contracts: int, leverage: int | None
) -> None:
    """On 1,000 dollars, of which half a percent takes 500 at most; 100,001 are 100.001 times as much."""
    text = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{USDT: 1000, ETH: 0}}
accounts:
  bybit:
    venue: bybit
    wallets: {{USDT: 1000}}
    positions: [{{contract: ETHUSD, contracts: -{contracts}, entry_price: 2500}}]
contracts: {{ETHUSD: {{max_leverage: 1000, taker_fee: 0%, maintenance: {{tiers: [{{rate: 0.01%}}]}}}}}}
{MARKET}policy: {{liquidation_distance: 0.5%, alert: {{distance: 0.1%, leverage: 1.25}}}}
"""
    made = read(tmp_path, text)
    assert fitting(pool_of(made.pools[0], made.statement, made), made)[0] == leverage


def test_an_account_that_owes_and_has_nothing_open_is_past_nothing(tmp_path: Path) -> None:
    made = read(tmp_path, SHORT)
    book = replace(made.statement, wallets={"bybit:ETH": Fraction(-1)}, positions={})
    pool = pool_of(made.pools[0], book, made)
    level = asked_of(made)
    assert judge(pool).credit == -2500
    assert not past_alert(pool, made, level)
    assert not is_past(surveyed(pool, made, level=level), pool, made, level=level)
