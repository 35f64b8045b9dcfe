"""What sections of a file owe each other: each check is a function from a reading to flaws, and all of them run."""

from collections.abc import Callable, Iterator

from rebal.load.checks import accounts, market, positions, rules, statement
from rebal.load.flaws import Flaw
from rebal.load.reading import Block, Reading

Check = Callable[[Reading], Iterator[Flaw]]

CHECKS: tuple[Check, ...] = (
    statement.dated_in_the_past,
    statement.something_is_held,
    statement.lots_add_up,
    statement.lots_lie_in_the_past,
    statement.wallets_lie_within_holdings,
    statement.targets_sum_to_one,
    statement.targets_are_not_aside,
    statement.holdings_have_targets,
    statement.names_stand_once,
    positions.contracts_are_known,
    positions.contracts_stand_once,
    positions.rows_hold_something,
    positions.contracts_are_whole_lots,
    positions.margins_lie_within_wallets,
    positions.margins_are_not_aside,
    positions.proxies_are_declared,
    market.assets_are_priced,
    market.stablecoins_are_priced,
    market.prices_are_of_something,
    market.funding_is_of_perpetuals,
    rules.venue_is_known,
    accounts.accounts_stand_alone,
    accounts.pooled_accounts_can_pool,
    accounts.collateral_is_of_a_pool,
    rules.every_asset_is_served,
    rules.routes_lead_somewhere,
    rules.posting_names_coins,
    rules.proxies_lead_elsewhere,
    rules.scenarios_shock_known_assets,
)

BlockCheck = Callable[[Block, Reading], Iterator[Flaw]]

BLOCK_CHECKS: tuple[BlockCheck, ...] = (
    market.dated_in_the_past,
    market.cash_is_worth_about_a_dollar,
    market.funding_ranges_ascend,
)
