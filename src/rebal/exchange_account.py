"""A futures account as its exchange tells it: what is there now, and what happened to it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.frozen import frozen


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


@frozen
class Resting:
    """An order that waits at the exchange. ``contracts`` signed, what is not filled; ``client_id``: its sender's."""

    id: str
    client_id: str | None
    contract: str
    contracts: Fraction
    price: Fraction | None
    reduce_only: bool


@frozen
class Account:
    """What an exchange shows of an account.

    ``wallets``: coins in the futures account without unrealised PnL, isolated margins included; ``spot``: coins in the
    spot account, None where that is not shown or is the same; ``unsure``: by how much a wallet may be off that had to
    be worked out of rounded figures.
    """

    wallets: Mapping[str, Fraction]
    positions: tuple[There, ...]
    orders: tuple[Resting, ...]
    spot: Mapping[str, Fraction] | None = None
    unsure: Mapping[str, Fraction] = field(default_factory=dict)


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


@frozen
class Paid:
    """Funding of a contract in its settlement coin, positive: received."""

    id: str
    time: datetime
    contract: str
    amount: Fraction


@frozen
class Moved:
    """Coins moved into the futures account, negative: out of it."""

    id: str
    time: datetime
    asset: str
    quantity: Fraction


@frozen
class Other:
    """What changed a wallet otherwise: what the exchange calls it, and by how many coins."""

    id: str
    time: datetime
    what: str
    asset: str
    quantity: Fraction


Happened = Filled | Paid | Moved | Other
