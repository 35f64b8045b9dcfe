"""From what a file says to what it means: a Portfolio without open questions, or every problem at once."""

import os
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from rebal.amounts import ZERO, Fraction
from rebal.book import Book, Position, opened
from rebal.errors import InvalidInput, Problem
from rebal.load import MarketText, models, source, tree, written
from rebal.load.checks import BLOCK_CHECKS, CHECKS
from rebal.load.checks.statement import later_than_now
from rebal.load.contracts import own_contracts
from rebal.load.digest import statement_sha256
from rebal.load.fields import Section
from rebal.load.flaws import MOST_LISTED, problems
from rebal.load.histories import Histories, histories
from rebal.load.policy import policy_of
from rebal.load.quotes import quotes_of
from rebal.load.reading import Block, Reading
from rebal.load.written import Written
from rebal.market.contract import Contract
from rebal.portfolio import DOLLARS, Costs, Holding, Lot, Market, Portfolio, Proxy, Tax
from rebal.prices import market_of

if TYPE_CHECKING:
    from rebal.venues import Venue


def portfolio(path: str, *, now: datetime, market: str | MarketText | None) -> Portfolio:
    """Read and resolve a portfolio file, with the prices of a market file where one is given. Raises InvalidInput."""
    file = _read(path, models.PORTFOLIO)
    blocks = [Block(file, ("market",), file.says.market)]
    if market is not None:
        blocks.append(_market_file(_market_text(market) if isinstance(market, str) else market))
    venue, venue_known = _venue(file)
    reading = Reading(file, blocks=tuple(blocks), now=now, venue=venue, venue_known=venue_known)
    found = _problems(reading)
    if found:
        raise InvalidInput(found)
    return _resolved(reading, path, histories(reading, path))


def _read(path: str, section: Section) -> Written[Any]:
    text = source.text(path)
    source.refuse_answers(text, path, source.PORTFOLIO)
    return written.read(tree.document(text, source.shown(path)), section)


def market_text(path: str, *, now: datetime) -> MarketText:
    """A market file that holds together by itself. Raises InvalidInput."""
    read = _market_text(path)
    block = _market_file(read)
    late = later_than_now(block.at("as_of"), block.says.as_of, now)
    found = problems(block.written.document, [*block.written.flaws, *late])
    if found:
        raise InvalidInput(found)
    return read


def _market_text(path: str) -> MarketText:
    text = source.text(path, source.MARKET)
    source.refuse_answers(text, path, source.MARKET)
    return MarketText(path, text)


@lru_cache(maxsize=2)
def _market_file(read: MarketText) -> Block:
    """A market block in a file of its own, with or without its ``market:`` above it."""
    path, text = read
    document = tree.document(text, source.shown(path))
    if isinstance(document.data, dict) and "holdings" in document.data:
        instead = "name a file with market: alone; the portfolio goes after -p"
        raise InvalidInput([Problem(source.shown(path), 0, 0, "", "is a portfolio, no market file", instead=instead)])
    if isinstance(document.data, dict) and "market" in document.data:
        whole = written.read(document, models.MARKET_FILE)
        return Block(whole, ("market",), whole.says.market)
    bare = written.read(document, models.MARKET)
    return Block(bare, (), bare.says)


def _venue(file: Written[Any]) -> "tuple[Venue | None, bool]":
    """The venue that the file names, and whether what it says of it is understood."""
    name = file.says.venue
    if name is None:
        return None, not file.has("venue")
    from rebal import venues

    try:
        return venues.venue(name), True
    except LookupError:
        return None, False


def _problems(reading: Reading) -> list[Problem]:
    reading.own, flaws = own_contracts(reading)
    flaws += reading.file.flaws
    for check in CHECKS:
        flaws += islice(check(reading), MOST_LISTED)
    found: list[Problem] = []
    for block in reading.blocks:
        of_block = [flaw for check in BLOCK_CHECKS for flaw in islice(check(block, reading), MOST_LISTED)]
        if block is reading.own_block:
            flaws += of_block
        else:
            found += problems(block.written.document, [*block.written.flaws, *of_block])
    return found + problems(reading.file.document, flaws)


def _resolved(reading: Reading, path: str, histories: Histories) -> Portfolio:
    says = reading.says
    contracts = _contracts(reading)
    holdings = {asset: _holding(asset, entry) for asset, entry in says.holdings.items()}
    book = Book(
        holdings={asset: holding.quantity for asset, holding in holdings.items()},
        wallets=says.wallets,
        positions={row.contract: _position(row, contracts[row.contract]) for row in says.positions},
    )
    return Portfolio(
        name=says.name or _stem(path),
        venue=says.venue,
        as_of=says.as_of,
        holdings=holdings,
        targets=None if says.targets is None else _targets(says.targets, reading.cash),
        aside=reading.aside,
        statement=book,
        market=_market(reading, contracts, histories),
        contracts=contracts,
        policy=policy_of(says.policy or models.Policy(), reading.now),
        cash=reading.cash,
        statement_sha256=statement_sha256(holdings, book, as_of=says.as_of, venue=says.venue, own=reading.own),
        proxies={asset: _proxy(asset, proxy, histories) for asset, proxy in says.proxies.items()},
        costs=Costs() if says.costs is None else Costs(says.costs.spot_fee, says.costs.slippage),
        tax=None if says.tax is None else _tax(says.tax),
        scenarios=says.scenarios,
        journal=_journal(path, says.journal),
        incomplete={asset: lacking for asset in sorted(reading.assets) if (lacking := reading.incomplete(asset))},
    )


def _proxy(asset: str, written: models.Proxy | models.ProxyByHistory, histories: Histories) -> Proxy:
    return Proxy(asset, written.via, written.beta if isinstance(written, models.Proxy) else histories.betas[asset])


def _contracts(reading: Reading) -> dict[str, Contract]:
    """The file's own contracts, the catalogue's on the assets that a plan may trade, and those the file names."""
    contracts = {
        contract.name: contract
        for asset in sorted(reading.assets - reading.cash - reading.aside)
        for contract in reading.serving(asset)
        if reading.settles(contract)
    }
    contracts.update({contract.name: contract for contract in _named(reading)})
    return {**contracts, **reading.own}


def _named(reading: Reading) -> Iterator[Contract]:
    priced: set[str] = set()
    for block in reading.blocks:
        priced |= (block.says.prices.keys() | block.says.funding.keys()) - reading.assets
    priced |= set(reading.says.policy.routes or ()) if reading.says.policy else set()
    held = {row.contract for row in reading.says.positions}
    for name in sorted(priced | held):
        contract = reading.listed(name)
        if contract is not None and (name in held or contract.asset in reading.assets):
            yield contract


def _market(reading: Reading, contracts: dict[str, Contract], histories: Histories) -> Market:
    """The portfolio's own block and the market file, which wins; the age of what is aside does not matter."""
    return market_of(
        [quotes_of(block.says, histories.funding) for block in reading.blocks],
        coins=reading.assets | reading.cash | {contract.settle for contract in contracts.values()},
        contracts=contracts,
        undated=reading.aside,
    )


def _holding(asset: str, entry: Fraction | models.Holding) -> Holding:
    if not isinstance(entry, models.Holding):
        return Holding(asset, entry)
    return Holding(asset, entry.quantity, tuple(Lot(lot.quantity, lot.cost, lot.acquired) for lot in entry.lots))


def _position(row: models.Position, contract: Contract) -> Position:
    return opened(
        contract,
        contracts=row.contracts,
        entry_price=row.entry_price,
        hedge=ZERO if row.hedge is None else row.hedge,
        margin=row.margin,
        stands_for=row.stands_for,
    )


def _targets(written_targets: Any, cash: frozenset[str]) -> dict[str, Fraction]:
    """Weights by asset, every kind of dollars together under USD."""
    targets: dict[str, Fraction] = {}
    for asset, weight in written_targets.items():
        row = DOLLARS if asset in cash else asset
        targets[row] = targets.get(row, ZERO) + weight
    return targets


def _tax(tax: models.Tax) -> Tax:
    return Tax(tax.method, tax.short_term, tax.long_term, tax.long_after)


def _stem(path: str) -> str:
    return "portfolio" if path == source.STDIN else os.path.splitext(os.path.basename(path))[0]


def _journal(path: str, name: str | None) -> str | None:
    """The journal's file beside the portfolio; none where the portfolio comes through stdin."""
    if path == source.STDIN:
        return None
    return os.path.join(os.path.dirname(path), name or f"{_stem(path)}.journal.db")
