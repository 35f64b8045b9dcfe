"""On which paths of prices a pooled account is liquidated, and which of them are the policy's."""

from pathlib import Path

from rebal.planner.pooled import levels_of, nearest, nearest_of_policy, pool_of

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
