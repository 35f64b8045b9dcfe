"""A futures account as its exchange tells it: what is there now, and what happened to it.

``account`` of what it tells is that of a file with several, None of the one there is; contracts are called there as
the file calls them, once ``at`` has said whose they are.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.frozen import frozen
from rebal.names import within


@frozen
class There:
    """A net position at the exchange.

    ``contracts`` signed. ``margin``: coins of its own when isolated. ``liquidation_price``: the exchange's own figure.
    None is what it does not tell.
    """

    contract: str
    contracts: Fraction
    entry_price: Fraction | None
    margin_mode: MarginMode | None = None
    margin: Fraction | None = None
    leverage: Fraction | None = None
    liquidation_price: Fraction | None = None
    account: str | None = None


@frozen
class Resting:
    """An order that waits at the exchange. ``contracts`` signed, what is not filled; ``client_id``: its sender's."""

    id: str
    client_id: str | None
    contract: str
    contracts: Fraction
    price: Fraction | None
    reduce_only: bool
    account: str | None = None


@frozen
class Account:
    """What an exchange shows of an account.

    ``wallets``: coins in the futures account without unrealised PnL, isolated margins included; ``spot``: coins in the
    spot account, None where that is not shown or is the same; ``unsure``: by how much a wallet may be off that had to
    be worked out of rounded figures. ``margin_mode``: of the account as a whole, None where it is not told.
    """

    wallets: Mapping[str, Fraction]
    positions: tuple[There, ...]
    orders: tuple[Resting, ...]
    spot: Mapping[str, Fraction] | None = None
    unsure: Mapping[str, Fraction] = field(default_factory=dict)
    margin_mode: MarginMode | None = None


@frozen
class Filled:
    """A fill. ``contracts`` signed; ``fee`` in the settlement coin, positive: paid; ``forced``: by a liquidation."""

    id: str
    time: datetime
    contract: str
    contracts: Fraction
    price: Fraction
    fee: Fraction
    client_id: str | None = None
    forced: bool = False
    account: str | None = None


@frozen
class Paid:
    """Funding of a contract, positive: received. ``coin``: what it was paid in, None where that is not told."""

    id: str
    time: datetime
    contract: str
    amount: Fraction
    coin: str | None = None
    account: str | None = None


@frozen
class Moved:
    """Coins moved into the futures account, negative: out of it."""

    id: str
    time: datetime
    asset: str
    quantity: Fraction
    account: str | None = None


@frozen
class Other:
    """What changed a wallet otherwise: what the exchange calls it, and by how many coins."""

    id: str
    time: datetime
    what: str
    asset: str
    quantity: Fraction
    account: str | None = None


Happened = Filled | Paid | Moved | Other


def named(account: str | None, contract: str, known: Mapping[str, str]) -> str:
    """What a file calls a contract of an account: as its venue does, and with the account before it where need be.

    ``known``: the account of each contract that the file or its journal speaks of, "" of the one that there is.

    >>> named("bybit", "BTCUSD", {"BTCUSD": "bybit"}), named("okx", "BTCUSD", {"BTCUSD": "bybit"})
    ('BTCUSD', 'okx:BTCUSD')
    """
    qualified = within(account, contract)
    return contract if qualified not in known and known.get(contract) == (account or "") else qualified


def at(account: str | None, told: Account, known: Mapping[str, str]) -> Account:
    """What an exchange tells as the account of that name; ``known``: see ``named``."""
    if account is None:
        return told
    return replace(
        told,
        positions=tuple(
            replace(each, contract=named(account, each.contract, known), account=account) for each in told.positions
        ),
        orders=tuple(
            replace(each, contract=named(account, each.contract, known), account=account) for each in told.orders
        ),
    )


def happened_at(account: str | None, event: Happened, known: Mapping[str, str]) -> Happened:
    """What happened to the account of that name; ``known``: see ``named``."""
    match event:
        case Filled() | Paid():
            return replace(event, contract=named(account, event.contract, known), account=account)
        case Moved() | Other():
            return replace(event, account=account)
