"""Prices and funding."""

from collections.abc import Iterator

from rebal.amounts import ONE
from rebal.load import models
from rebal.load.checks.statement import later_than_now
from rebal.load.flaws import Flaw, Path
from rebal.load.reading import Block, Reading


def dated_in_the_past(block: Block, reading: Reading) -> Iterator[Flaw]:
    """Prices are of now or earlier, give or take a minute."""
    yield from later_than_now(block.at("as_of"), block.says.as_of, reading.now)


def funding_ranges_ascend(block: Block, reading: Reading) -> Iterator[Flaw]:
    """A range of funding rates goes from low over base to high."""
    for name, rate in block.says.funding.items():
        if isinstance(rate, models.FundingRange) and not rate.low <= rate.base <= rate.high:
            path = block.at("funding", name)
            yield Flaw(path, "does not ascend from low over base to high", "put the three in order", at_key=True)


def assets_are_priced(reading: Reading) -> Iterator[Flaw]:
    """Whatever a plan may value has a price."""
    if not reading.own_block.written.sound(*reading.own_block.at("prices")) and not reading.own_block.names:
        return
    priced = frozenset().union(*(block.names for block in reading.blocks))
    if not priced:
        yield Flaw(("market", "prices"), "is missing", "add market.prices, or give a file with --market", at_key=True)
        return
    for asset, path in _valued(reading):
        if asset not in priced:
            near = (asset, priced - reading.assets)
            yield Flaw(path, f"needs a price of {asset}", f"add market.prices.{asset}", at_key=True, near=near)


def prices_are_of_something(reading: Reading) -> Iterator[Flaw]:
    """The portfolio prices what it speaks of; a market file may price the world."""
    block = reading.own_block
    for key in sorted(block.names - reading.assets - reading.cash - reading.file.names("contracts")):
        if reading.venue_known and reading.listed(key) is None and _is_name(key):
            known = reading.assets | reading.contract_names()
            near = (key, frozenset(name for name in known if not reading.priced(name)) or known)
            path = block.at("prices", key)
            yield Flaw(path, "is neither an asset of this file nor a known contract", "drop it", at_key=True, near=near)


def cash_is_worth_a_dollar(reading: Reading) -> Iterator[Flaw]:
    """What counts as dollars has no price of its own."""
    for asset, price in reading.own_block.says.prices.items():
        if asset in reading.cash and price != ONE:
            instead = f"drop the price, or take {asset} out of cash"
            yield Flaw(reading.own_block.at("prices", asset), "counts as dollars, which are worth 1", instead)


def funding_is_of_perpetuals(reading: Reading) -> Iterator[Flaw]:
    """Funding rates are of contracts that have funding."""
    block = reading.own_block
    for name in sorted(block.says.funding):
        contract = reading.contract(name)
        path: Path = block.at("funding", name)
        if contract is None:
            if reading.venue_known and not reading.file.has("contracts", name):
                near = (name, reading.contract_names())
                yield Flaw(path, "is no known contract", "name a contract, not a coin", at_key=True, near=near)
        elif contract.expiry is not None:
            yield Flaw(path, "is a dated contract, which has no funding", "drop it", at_key=True)


def _valued(reading: Reading) -> Iterator[tuple[str, Path]]:
    """Assets that need a price, each once, with the place that needs it first."""
    seen = reading.cash | (reading.aside - reading.wanted)
    for section, names in (("targets", reading.wanted), ("holdings", reading.held - reading.wanted)):
        for asset in sorted(names - seen):
            yield asset, (section, asset)
    seen |= reading.wanted | reading.held
    for asset, proxy in reading.says.proxies.items():
        if proxy.via not in seen:
            seen |= {proxy.via}
            yield proxy.via, ("proxies", asset, "via")
    for n, row in reading.file.rows(("positions",), reading.says.positions):
        contract = reading.contract(row.contract)
        for asset in (contract.asset if contract else None, row.stands_for):
            if asset is not None and asset not in seen - reading.aside:
                seen |= {asset}
                yield asset, ("positions", n)


def _is_name(key: str) -> bool:
    return models.CONTRACT.pattern.fullmatch(key) is not None
