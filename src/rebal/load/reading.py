"""A portfolio file and its prices as they stand before anything is resolved: what every check looks at."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rebal.amounts import Fraction
from rebal.load import market_block, models, words
from rebal.load.defaults import CASH
from rebal.load.flaws import Path
from rebal.load.written import Written
from rebal.market.contract import Contract
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
        self.names = written.names(words.CONTRACT, *path, "prices")

    def at(self, *steps: str) -> Path:
        """A path below the block."""
        return (*self.path, *steps)


class Reading:
    """What the files say, and what they speak of.

    ``held``, ``wanted``, ``proxied``: assets typed under holdings, targets and proxies, with unreadable figures too;
    ``assets``: every asset that the file speaks of, ``assets_known`` where all of them could be read; ``given``: the
    names under contracts. ``blocks``: the portfolio's own market and, where there is one, the market file, which wins.
    ``venue``: None where the file names none, or none that is known (``venue_known`` tells).
    """

    def __init__(
        self, file: Written[Any], *, blocks: tuple[Block, ...], now: datetime, venue: "Venue | None", venue_known: bool
    ) -> None:
        says: models.Portfolio = file.says
        self.file = file
        self.says = says
        self.blocks = blocks
        self.now = now
        self.venue = venue
        self.venue_known = venue_known
        self.held = file.names(words.ASSET, "holdings")
        self.wanted = file.names(words.ASSET, "targets")
        self.proxied = file.names(words.ASSET, "proxies")
        self.given = file.names(words.CONTRACT, "contracts")
        self.cash = frozenset(CASH if says.cash is None else says.cash) | {DOLLARS}
        self.aside = frozenset(says.aside)
        self._listed: dict[str, Contract | None] = {}
        self._names: frozenset[str] | None = None
        self.assets = self.held | self.wanted | self.aside | self.proxied | frozenset(self._brought_in())
        self.assets_known = bool(self.held) and not (
            any(file.misnamed(words.ASSET, section) for section in ("holdings", "targets", "proxies"))
            or file.lost("aside")
        )
        self.own: Mapping[str, Contract] = {}

    @property
    def own_block(self) -> Block:
        """The portfolio's own market block."""
        return self.blocks[0]

    def quantity(self, asset: str) -> Fraction | None:
        """Coins held, None where that cannot be read; 0 where the asset is not held."""
        if not self.file.sound("holdings", asset):
            return None
        entry = self.says.holdings.get(asset)
        return Fraction(0) if entry is None else entry.quantity if isinstance(entry, models.Holding) else entry

    def contract(self, name: str) -> Contract | None:
        """The contract of a name: the file's own, else the catalogue's."""
        return self.own.get(name) or self.listed(name)

    def listed(self, name: str) -> Contract | None:
        """The catalogue's contract of a name, whether or not it is still listed."""
        if self.venue is None:
            return None
        if name not in self._listed:
            self._listed[name] = self.venue.contract(name, self.now)
        return self._listed[name]

    def serving(self, asset: str) -> tuple[Contract, ...]:
        """The catalogue's contracts on an asset that can be planned on now."""
        return () if self.venue is None else self.venue.serving(asset, self.now)

    def without_multiplier(self, asset: str) -> dict[str, str]:
        """The catalogue's contracts on an asset whose multiplier is not known, with the key that would give it."""
        names = () if self.venue is None else self.venue.without_multiplier(asset)
        return {name: f"contracts.{name}.multiplier" for name in names}

    def contract_names(self) -> frozenset[str]:
        """Names that a mistyped contract may have been meant to be."""
        if self._names is None:
            served = {contract.name for asset in self.assets for contract in self.serving(asset)}
            self._names = self.given | served
        return self._names

    def _brought_in(self) -> Iterator[str]:
        """Assets that proxies and open positions speak of."""
        for proxy in self.says.proxies.values():
            yield proxy.via
        for row in self.says.positions:
            given, listed = self.says.contracts.get(row.contract), self.listed(row.contract)
            asset = (given and given.asset) or (listed and listed.asset)
            settle = (given and given.settle) or (listed and listed.settle)
            yield from filter(None, (asset, settle, row.stands_for))
