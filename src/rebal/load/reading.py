"""A portfolio file and its prices as they stand before anything is resolved: what every check looks at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rebal.amounts import Fraction
from rebal.frozen import frozen
from rebal.load import field_kinds, market_block, models
from rebal.load.defaults import CASH
from rebal.load.flaws import Path
from rebal.load.written import Written
from rebal.market.contract import Assumption, Contract
from rebal.names import within
from rebal.portfolio import DOLLARS

if TYPE_CHECKING:
    from rebal.venues import Venue


class Block:
    """A ``market:`` block and the document that it stands in, at ``path``."""

    __slots__ = ("names", "path", "says", "written")

    def __init__(self, written: Written[Any], path: tuple[str, ...], says: market_block.Market | None) -> None:
        self.written = written
        self.path = path
        self.says = says or market_block.Market()
        self.names = written.names(field_kinds.CONTRACT, *path, "prices")

    def at(self, *steps: str) -> Path:
        """A path below the block."""
        return (*self.path, *steps)


@frozen
class RowInPart:
    """What can be read of a row of open positions that lacks something, or holds it wrongly; None of all else."""

    contract: str | None = None
    contracts: Fraction | None = None
    entry_price: Fraction | None = None
    hedge: Fraction | None = None
    margin: Fraction | None = None
    stands_for: str | None = None


class Account:
    """An account as it is written: ``name`` is "" of the only one, and its keys stand at ``path``.

    ``venue``: None where none is named, or none that is known (``venue_known`` tells); ``elsewhere``: then, whether any
    venue at all has a contract of a name.
    """

    __slots__ = ("elsewhere", "name", "path", "says", "venue", "venue_known")

    def __init__(
        self, name: str, path: Path, says: "models.Account | models.Portfolio", *, venue: "Venue | None", known: bool,
        elsewhere: "Callable[[str, datetime], bool]",
    ) -> None:  # fmt: skip
        self.name = name
        self.path = path
        self.says = says
        self.venue = venue
        self.venue_known = known
        self.elsewhere = elsewhere

    @property
    def written(self) -> str:
        """Its name as the file has it, the only one's too; "" where the file names a venue in short."""
        return str(self.path[-1]) if self.path else ""

    def at(self, *steps: str | int) -> Path:
        """A path below the account."""
        return (*self.path, *steps)


class Reading:
    """What the files say, and what they speak of.

    ``held``, ``wanted``, ``proxied``: assets typed under holdings, targets and proxies, with unreadable figures too;
    ``assets``: every asset that the file speaks of, ``assets_known`` where all of them could be read; ``given``: the
    names under contracts. ``blocks``: the portfolio's own market and what is priced elsewhere; the last that has a
    price wins. ``accounts``: in the order of the file; ``account_names``: of those that have one. ``venue``: of the
    only account; ``venue_known``: whether each one's is.
    """

    def __init__(
        self, file: Written[Any], *, blocks: tuple[Block, ...], now: datetime, accounts: tuple[Account, ...]
    ) -> None:
        says: models.Portfolio = file.says
        self.file = file
        self.says = says
        self.blocks = blocks
        self.now = now
        self.accounts = accounts
        self.account_names = [account.name for account in accounts if account.name]
        self.venue = accounts[0].venue if len(accounts) == 1 else None
        self.venue_known = bool(accounts) and all(account.venue_known for account in accounts)
        self.held = file.names(field_kinds.ASSET, "holdings")
        self.wanted = file.names(field_kinds.ASSET, "targets")
        self.proxied = file.names(field_kinds.ASSET, "proxies")
        self.given = file.names(field_kinds.CONTRACT, "contracts")
        self.cash = frozenset(CASH if says.cash is None else says.cash) | {DOLLARS}
        self.aside = frozenset(says.aside)
        self._listed: dict[str, Contract | None] = {}
        self._names: frozenset[str] | None = None
        self.assets = self.held | self.wanted | self.aside | self.proxied | frozenset(self._brought_in())
        self.assets_known = bool(self.held) and not (
            any(file.misnamed(field_kinds.ASSET, section) for section in ("holdings", "targets", "proxies"))
            or file.lost("aside")
            or any(file.lost(*account.at("positions")) for account in accounts)
            or any(self._brings_more(at, place, row) for at, place, row in self.rows())
        )
        self.own: Mapping[str, Contract] = {}

    @property
    def own_block(self) -> Block:
        """The portfolio's own market block."""
        return next(block for block in self.blocks if block.written is self.file)

    def quantity(self, asset: str) -> Fraction | None:
        """Coins held, None where that cannot be read; 0 where the asset is not held."""
        if not self.file.sound("holdings", asset):
            return None
        entry = self.says.holdings.get(asset)
        return Fraction(0) if entry is None else entry.quantity if isinstance(entry, models.Holding) else entry

    def contract(self, name: str, at: Account | None = None) -> Contract | None:
        """The contract of a name: the file's own, else the catalogue's; ``at``: at an account."""
        if at is not None and at.name:
            name = self._told(at, name)
        return self.own.get(name) or self.listed(name)

    def listed(self, name: str) -> Contract | None:
        """The catalogue's contract of a name, whether or not it is still listed; None where several could be meant."""
        if name not in self._listed:
            account, _, bare = name.rpartition(":")
            known = [
                (each, contract)
                for each in self.accounts
                if account in ("", each.written) and (contract := self._there(each, bare)) is not None
            ]
            self._listed[name] = self._named(*known[0]) if len(known) == 1 else None
        return self._listed[name]

    def serving(self, asset: str) -> tuple[Contract, ...]:
        """The catalogue's contracts on an asset that can be planned on now, account by account."""
        return tuple(
            self._named(each, contract)
            for each in self.accounts
            if each.venue is not None
            for contract in each.venue.serving(asset, self.now)
        )

    def spoken_of(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The coin that a contract's name holds, and the contracts on it; "" where it holds none of this file's.

        What another venue calls a contract tells the coin still: BTCUSD_PERP, PI_XBTUSD. Its dollars are no such coin.
        """
        bare = name.rpartition(":")[2].replace("XBT", "BTC")
        held = sorted(each for each in self.assets - self.cash if each in bare)
        asset = max(held, key=len, default="")
        own = (contract.name for contract in self.own.values() if contract.asset == asset)
        return asset, tuple(dict.fromkeys((*own, *(contract.name for contract in self.serving(asset)))))

    def accounts_of(self, name: str) -> list[str]:
        """The accounts that have a contract of a name, in the catalogue or by the file's own."""
        return [
            each.name
            for each in self.accounts
            if within(each.name, name) in self.own or self._there(each, name) is not None
        ]

    def _there(self, account: Account, bare: str) -> Contract | None:
        return None if account.venue is None else account.venue.contract(bare, self.now)

    def _told(self, account: Account, bare: str) -> str:
        """What a contract of an account is called in the file: bare where no other has one of its name."""
        others = any(each is not account and self._there(each, bare) is not None for each in self.accounts)
        qualified = within(account.name, bare)
        return qualified if others or qualified in self.given else bare

    def _named(self, account: Account, contract: Contract) -> Contract:
        if not account.name:
            return contract
        name = self._told(account, contract.name)
        key = f"contracts.{contract.name}."
        assumed = tuple(
            Assumption(each.figure, each.stands_in, each.key.replace(key, f"contracts.{name}.", 1))
            for each in contract.assumed
        )
        return replace(contract, name=name, account=account.name, assumed=assumed)

    def without_multiplier(self, asset: str) -> dict[str, str]:
        """The catalogue's contracts on an asset whose multiplier is not known, with the key that would give it."""
        keys: dict[str, str] = {}
        for each in self.accounts:
            for bare in () if each.venue is None else each.venue.without_multiplier(asset):
                name = self._told(each, bare)
                keys[name] = f"contracts.{name}.multiplier"
        return keys

    def contract_names(self) -> frozenset[str]:
        """Names that a mistyped contract may have been meant to be."""
        if self._names is None:
            served = {contract.name for asset in self.assets for contract in self.serving(asset)}
            self._names = self.given | served
        return self._names

    def positions(self) -> "Iterator[tuple[Account, Path, models.Position]]":
        """Every row of open positions, with its account and the path at which it stands."""
        for account in self.accounts:
            section = account.at("positions")
            for n, row in self.file.rows(section, account.says.positions):
                yield account, (*section, n), row

    def rows(self) -> "Iterator[tuple[Account, Path, models.Position | RowInPart]]":
        """The same with those of which only a part could be read, in the order of the file."""
        for account in self.accounts:
            section = account.at("positions")
            read: dict[int, models.Position | RowInPart] = dict(self.file.rows(section, account.says.positions))
            for n in self.file.left_out(section):
                read[n] = RowInPart(**self.file.in_part((*section, n), models.Position))
            for n in sorted(read):
                yield account, (*section, n), read[n]

    def contract_of(self, row: "models.Position | RowInPart", at: Account) -> Contract | None:
        """The contract of a row, None where it is not known."""
        return None if row.contract is None else self.contract(row.contract, at)

    def may_be_listed(self, name: str, at: Account | None = None) -> bool:
        """Whether an account whose venue is not known may have a contract of a name: some venue has one."""
        account, _, bare = name.rpartition(":")
        asked = (at,) if at is not None else (each for each in self.accounts if account in ("", each.written))
        return any(not each.venue_known and each.elsewhere(bare, self.now) for each in asked)

    def _brings_more(self, at: Account, place: Path, row: "models.Position | RowInPart") -> bool:
        """Whether a row may speak of an asset that could not be read."""
        if row.contract is None or self.file.unreadable(*place, "for"):
            return True
        return row.contract not in self.given and self.may_be_listed(row.contract, at)

    def _brought_in(self) -> Iterator[str]:
        """Assets that proxies and open positions speak of."""
        for proxy in self.says.proxies.values():
            yield proxy.via
        for account, _, row in self.rows():
            if row.contract is None:
                yield from filter(None, (row.stands_for,))
                continue
            name = self._told(account, row.contract) if account.name else row.contract
            given, listed = self.says.contracts.get(name), self.listed(name)
            asset = (given and given.asset) or (listed and listed.asset)
            settle = (given and given.settle) or (listed and listed.settle)
            yield from filter(None, (asset, settle, row.stands_for))
