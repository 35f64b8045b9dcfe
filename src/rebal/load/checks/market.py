"""Prices and funding."""

import difflib
from collections.abc import Iterator

from rebal.amounts import ONE, Fraction
from rebal.load import field_kinds, market_block
from rebal.load.checks.statement import later_than_now
from rebal.load.contracts import no_dollars
from rebal.load.flaws import Flaw, Path
from rebal.load.reading import Block, Reading
from rebal.market.contract import Kind
from rebal.names import listed, within
from rebal.portfolio import DOLLARS, Doubt

_A_SLIP = 0.8
_FAR_BELOW, _FAR_ABOVE = Fraction(1, 2), Fraction(2)
_MOST_COMPARED = 20_000
"""Names times names; beyond it the prices are the world's, and comparing them all would take minutes."""


def dated_in_the_past(block: Block, reading: Reading) -> Iterator[Flaw]:
    """Prices are of now or earlier, give or take a minute."""
    yield from later_than_now(block.at("as_of"), block.says.as_of, reading.now)


def funding_ranges_ascend(block: Block, reading: Reading) -> Iterator[Flaw]:
    """A range of funding rates goes from low over base to high."""
    for name, rate in block.says.funding.items():
        if isinstance(rate, market_block.FundingRange) and not rate.low <= rate.base <= rate.high:
            path = block.at("funding", name)
            yield Flaw(path, "does not ascend from low over base to high", "put the three in order", at_key=True)


def assets_are_priced(reading: Reading) -> Iterator[Flaw]:
    """Whatever a plan may value has a price."""
    priced = frozenset().union(*(block.names for block in reading.blocks))
    asked = _asked_in_vain(reading)
    if not priced and not asked:
        if all(block.written.sound(*block.at("prices")) for block in reading.blocks):
            instead = "add market.prices, or give a file with --market, or --market live"
            yield Flaw(("market", "prices"), "is missing", instead, at_key=True)
        return
    meant = (priced - reading.assets) | (reading.held - reading.wanted)
    for asset, path in valued(reading):
        if asset not in priced:
            instead = f"add market.prices.{asset}"
            if asset not in asked:
                yield Flaw(path, f"needs a price of {asset}", instead, at_key=True, near=(asset, meant))
                continue
            elsewhere = "" if reading.says.prices_from else "name exchanges under prices_from, or "
            problem = f"needs a price of {asset}, of which {listed(asked[asset])} gave none"
            yield Flaw(path, problem, f"{elsewhere}{instead}", at_key=True, near=(asset, meant))


def _asked_in_vain(reading: Reading) -> dict[str, tuple[str, ...]]:
    """The exchanges, in order, that gave no price of a name though asked for it; ``prices_from`` are asked last."""
    asked: dict[str, dict[str, None]] = {}
    for doubt in (each for block in reading.blocks for each in block.says.doubts if each.why is Doubt.UNPRICED):
        asked.setdefault(doubt.of, {})[doubt.source] = None
    return {name: (*venues, *reading.says.prices_from) for name, venues in asked.items()}


def stablecoins_are_priced(reading: Reading) -> Iterator[Flaw]:
    """A linear contract of the file that settles in a stablecoin that is taken out of cash needs the coin's price."""
    valued = reading.cash.union(*(block.names for block in reading.blocks))
    for name, contract in reading.own.items():
        if contract.kind is Kind.LINEAR and contract.settle not in valued:
            key = "settle" if reading.file.has("contracts", name, "settle") else "kind"
            price = f"market.prices.{contract.settle}"
            yield no_dollars(("contracts", name, key), contract.settle, reading, otherwise=price)


def prices_are_of_something(reading: Reading) -> Iterator[Flaw]:
    """A price that reads like a slip for a contract's or a coin's; others may stand there for nothing.

    A mark that is not found would be taken from the coin's price in silence, so what nearly names a contract is told.
    """
    block = reading.own_block
    if not reading.venue_known or not reading.assets_known or reading.file.misnamed(field_kinds.CONTRACT, "contracts"):
        return
    spoken_of = reading.assets | reading.cash | reading.given
    unknown = [key for key in sorted(block.names - spoken_of) if not reading.accounts_of(key.rpartition(":")[2])]
    known = (reading.assets | reading.contract_names()) if unknown else frozenset()
    unpriced = known - block.names
    few = len(unknown) * len(unpriced) <= _MOST_COMPARED
    for key in unknown:
        slip = few and difflib.get_close_matches(key, unpriced, n=1, cutoff=_A_SLIP)
        if slip or not field_kinds.ASSET.fits(key):
            path = block.at("prices", key)
            problem = "is neither an asset of this file nor a known contract"
            yield Flaw(path, problem, "drop it", at_key=True, near=(key, unpriced or known))


def cash_is_worth_about_a_dollar(block: Block, reading: Reading) -> Iterator[Flaw]:
    """A dollar is worth 1; what counts as dollars may have its price, and one far from 1 is a slip or no dollar."""
    for asset, price in block.says.prices.items():
        path = block.at("prices", asset)
        if asset == DOLLARS and price != ONE:
            yield Flaw(path, "is the unit of every price, worth 1", "drop the price")
        elif asset in reading.cash and not _FAR_BELOW < price < _FAR_ABOVE:
            instead = f"correct the price, or take {asset} out of cash"
            yield Flaw(path, "counts as dollars, which are worth about 1", instead)


def funding_is_of_perpetuals(reading: Reading) -> Iterator[Flaw]:
    """Funding rates are of contracts that have funding."""
    block = reading.own_block
    for name in sorted(block.says.funding):
        there = reading.accounts_of(name)
        contract = reading.contract(within(there[0], name) if there else name)
        path: Path = block.at("funding", name)
        if contract is None:
            if name not in reading.given and not reading.may_be_listed(name):
                near = (name, reading.contract_names())
                yield Flaw(path, "is no known contract", _perpetual(name, reading), at_key=True, near=near)
        elif contract.expiry is not None:
            yield Flaw(path, "is a dated contract, which has no funding", "drop it", at_key=True)


def _perpetual(name: str, reading: Reading) -> str:
    """What to write in place of what is no contract here: those on its coin that have funding."""
    asset, listed = reading.spoken_of(name)
    if not asset:
        return "name a contract of the venue, or drop it"
    found = [each for each in listed if (contract := reading.contract(each)) is not None and contract.expiry is None]
    venues = sorted({each.venue.name for each in reading.accounts if each.venue is not None})
    there = f" at {' or '.join(venues)}" if venues else ""
    return f"write {' or '.join(found)}, on {asset}{there}" if found else f"drop it: none on {asset} is known{there}"


def valued(reading: Reading) -> Iterator[tuple[str, Path]]:
    """Assets that need a price, each once, with the place that needs it first."""
    done = set(reading.cash)
    for section, names in (("targets", reading.wanted), ("holdings", reading.held - reading.aside)):
        for asset in sorted(names - done):
            yield asset, (section, asset)
        done |= names
    for asset, path in _valued_through(reading):
        if asset not in done:
            yield asset, path
            done.add(asset)


def _valued_through(reading: Reading) -> Iterator[tuple[str, Path]]:
    """Assets that proxies and positions bring in."""
    for asset, proxy in reading.says.proxies.items():
        yield proxy.via, ("proxies", asset, "via")
    for at, place, row in reading.rows():
        contract = reading.contract_of(row, at)
        if contract is not None:
            yield contract.asset, place
            yield contract.settle, place
        if row.stands_for is not None:
            yield row.stands_for, place
