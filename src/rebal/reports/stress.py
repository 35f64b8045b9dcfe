"""What stress says, as data; the field names and their order are its JSON."""

from collections.abc import Mapping
from datetime import datetime

from rebal.account_lines import AccountLine
from rebal.amounts import Fraction
from rebal.findings import Finding
from rebal.frozen import frozen
from rebal.plan import Inputs, Wallet

STRESS_SCHEMA = "rebal/stress/1"


@frozen
class WalletLine:
    """A wallet, or an isolated position's margin, under one scenario, in its currency.

    Balances are those at the end of the path, as if it had not been liquidated on the way; ``margin_ratio``: None where
    no margin balance is left. ``liquidated``: anywhere on the path from today's prices to the shock. ``top_up``: the
    coins, in steps of 1e-8, with which it comes through and with one step less of which it does not.

    ``contract``: the isolated position, None for the cross wallet. ``order``: 1 for the first to be liquidated.
    ``liquidated_at``: the share of the path at which that happens, and ``move`` by how much its coin has moved there,
    None in a wallet of several coins. ``lost``: the coins that go with it.
    """

    currency: str
    margin_balance: Fraction
    maintenance_margin: Fraction
    margin_ratio: Fraction | None
    liquidated: bool
    top_up: Fraction
    contract: str | None
    order: int | None
    liquidated_at: Fraction | None
    move: Fraction | None
    lost: Fraction
    account: str | None = None
    name: str = ""


@frozen
class Difference:
    """What the hedged book is worth above the one rebalanced in spot, in USD, by its cause; the sum is all of it.

    ``basis_usd``: marks away from their index, ``n·V·(S/F - 1)·x`` under notional sizing, nothing under coin sizing.
    ``widening_usd``: the basis blown out. ``proxies_usd``: proxies that moved otherwise than what they stand for.
    ``residuals_usd`` and ``fees_usd``: what the plan left undone, and paid. ``funding_usd``: paid before the shock.
    ``liquidations_usd``: margin lost with liquidated wallets, less what it would have been below nothing.
    """

    basis_usd: Fraction
    widening_usd: Fraction
    proxies_usd: Fraction
    residuals_usd: Fraction
    fees_usd: Fraction
    funding_usd: Fraction
    liquidations_usd: Fraction


@frozen
class ScenarioLine:
    """The book under one scenario, in USD.

    ``shocks``: by asset, of every coin that the book has to do with. ``equity_unhedged``: with every future closed
    today at its mark, free of cost. ``equity_rebalanced_in_spot``: with every future replaced by the spot trade that it
    stands in for, free of cost. All three are the book's equity where nothing moves and nothing was paid.

    ``everywhere``: the one shock of all coins, None for a scenario of several. ``first_liquidated``: the wallet that is
    liquidated first. ``difference``: the hedged book less the one rebalanced in spot, and ``made_of`` its causes.
    """

    name: str
    shocks: Mapping[str, Fraction]
    equity_unhedged: Fraction
    equity_hedged: Fraction
    equity_rebalanced_in_spot: Fraction
    wallets: tuple[WalletLine, ...]
    everywhere: Fraction | None
    first_liquidated: str | None
    difference: Fraction
    made_of: Difference


@frozen
class Survival:
    """What it takes to bring a wallet through every scenario, in its currency.

    ``liquidated_in``: how many scenarios liquidate it, and ``mildest`` the one of them with the smallest shock.
    ``top_up``: coins needed today to survive them all. ``free``: coins held outside that the policy lets in.
    ``kept_below`` and ``kept_above``: the move of all its marks, from today's, as far as which those coins keep the
    policy; None where they always do.
    """

    currency: str
    contract: str | None
    liquidated_in: int
    mildest: str | None
    top_up: Fraction
    free: Fraction
    kept_below: Fraction | None
    kept_above: Fraction | None
    account: str | None = None
    name: str = ""


@frozen
class Stress:
    """The answer of stress.

    ``planned``: the book is the one that the plan would leave. ``basis_widening``: added to every basis before the
    prices move; ``funding_times``: today's rates so many times over, paid for ``funding_days`` before. ``equity``:
    today's. ``scenarios``: shocks of all coins in ascending order, then the others. ``wallets``: as they stand.
    """

    schema: str
    scenarios: tuple[ScenarioLine, ...]
    command: str
    name: str
    venue: str | None
    as_of: datetime | None
    currency: str
    planned: bool
    basis_widening: Fraction
    funding_times: Fraction
    funding_days: Fraction
    equity: Fraction
    inputs: Inputs
    survival: tuple[Survival, ...]
    wallets: tuple[Wallet, ...]
    findings: tuple[Finding, ...]
    accounts: tuple[AccountLine, ...] = ()
