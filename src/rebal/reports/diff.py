"""Two plans side by side, as data: what changed between them, and which of what they were made from did.

The field names and their order are the JSON. ``difference`` is always the later plan's figure less the earlier one's.
A plan holds its prices, coins, positions, targets and hedges; the rest of the policy it was made by is not in it.
"""

from datetime import datetime
from enum import StrEnum

from rebal.amounts import Fraction
from rebal.book import Purpose
from rebal.findings import Severity
from rebal.frozen import frozen

SCHEMA = "rebal/diff/1"


class Cause(StrEnum):
    """What changed of that which a plan is made from; OTHER: something that no plan shows, or the time alone."""

    PORTFOLIO = "portfolio"
    VENUE = "venue"
    COMMAND = "command"
    PRICES = "prices"
    COINS = "coins"
    POSITIONS = "positions"
    TARGETS = "targets"
    HEDGES = "hedges"
    SETTINGS = "settings"
    POLICY = "policy"
    VERSION = "version"
    OTHER = "other"


class Quote(StrEnum):
    """What a price is: of a coin, or the mark of a contract."""

    INDEX = "index"
    MARK = "mark"


class Place(StrEnum):
    """Where coins are counted: everywhere together, or in a wallet of the futures account."""

    HELD = "held"
    WALLET = "wallet"


class Found(StrEnum):
    """What became of a finding."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@frozen
class Made:
    """One of the two plans: its file, and what it was made from and when."""

    file: str
    command: str
    name: str
    venue: str | None
    as_of: datetime | None
    now: datetime
    market_as_of: datetime | None
    statement_sha256: str
    journal_seq: int | None
    version: str
    refused: bool


@frozen
class EquityChange:
    """Equity in USD, and what its difference is made of, which adds up to it.

    ``by_prices``: the coins held before, times the change of their prices; ``by_coins``: the change of what is held, at
    the prices after (of a coin that is in one plan alone, at its price there); ``by_positions``: what is left, the
    change of the PnL of open positions.
    """

    before: Fraction
    after: Fraction
    difference: Fraction
    by_prices: Fraction
    by_coins: Fraction
    by_positions: Fraction


@frozen
class PriceChange:
    """A price in USD that both plans have; ``change``: as a fraction of the one before."""

    name: str
    quote: Quote
    before: Fraction
    after: Fraction
    difference: Fraction
    change: Fraction


@frozen
class CoinsChange:
    """Coins as they were before each plan; ``contract``: the isolated position whose margin they are."""

    asset: str
    place: Place
    contract: str | None
    before: Fraction
    after: Fraction
    difference: Fraction
    account: str | None = None


@frozen
class PositionChange:
    """Contracts open before each plan, signed."""

    contract: str
    asset: str
    before: Fraction
    after: Fraction
    difference: Fraction
    account: str | None = None


@frozen
class FigureChange:
    """A figure of a coin, a wallet or a contract, named as in the plan; None where there is none."""

    subject: str
    figure: str
    before: Fraction | None
    after: Fraction | None
    difference: Fraction | None


@frozen
class WordChange:
    """What is told in words, named as in the plan.

    Until when a hedge is, the margin mode, whether a weight is outside its band; of ``policy`` every rule.
    """

    subject: str
    figure: str
    before: str | None
    after: str | None


@frozen
class OrderChange:
    """What is ordered of a contract for one purpose: contracts and dollars, signed, and the price to type.

    A price is None where nothing is ordered. Of a contract with several orders it is the last one's.
    """

    contract: str
    asset: str
    purpose: Purpose
    stands_for: tuple[str, ...]
    before: Fraction
    after: Fraction
    difference: Fraction
    usd_before: Fraction
    usd_after: Fraction
    price_before: Fraction | None
    price_after: Fraction | None
    account: str | None = None


@frozen
class TransferChange:
    """Coins to move into the futures account (negative: out of it), to an isolated position where it names one."""

    asset: str
    contract: str | None
    before: Fraction
    after: Fraction
    difference: Fraction
    account: str | None = None


@frozen
class FindingChange:
    """A finding that one plan has alone, or that both have with other figures; None where there was none before."""

    found: Found
    severity: Severity
    code: str
    subject: str
    message: str
    severity_before: Severity | None = None
    message_before: str | None = None


@frozen
class Diff:
    """Two plans side by side: of each list the rows that are not the same.

    ``same``: nothing but the time and the files differs. ``causes``: what changed of that which plans are made from.
    ``differs``: every part of a plan that is not the same, also those without a list here. ``asked``: what is aimed at;
    ``assets``, ``wallets``, ``accounts``, ``costs``: what came of it; ``nearest`` of an account: how far its nearest
    liquidation is, as a fraction.
    """

    schema: str
    command: str
    same: bool
    causes: tuple[Cause, ...]
    differs: tuple[str, ...]
    before: Made
    after: Made
    equity: EquityChange
    orders: tuple[OrderChange, ...]
    transfers: tuple[TransferChange, ...]
    prices: tuple[PriceChange, ...]
    coins: tuple[CoinsChange, ...]
    positions: tuple[PositionChange, ...]
    asked: tuple[FigureChange, ...]
    words: tuple[WordChange, ...]
    assets: tuple[FigureChange, ...]
    wallets: tuple[FigureChange, ...]
    accounts: tuple[FigureChange, ...]
    costs: tuple[FigureChange, ...]
    findings: tuple[FindingChange, ...]
