"""From what a file says to what it means: a Portfolio without open questions, or every problem at once."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from rebal.amounts import ZERO, Fraction
from rebal.book import Book, Position, opened
from rebal.errors import InvalidInput, Problem
from rebal.load import MarketText, market_block, models, source, tree, written
from rebal.load.accounts import accounts_of, each_of, resolved, wallets_of
from rebal.load.asking import answer
from rebal.load.block_text import block_text
from rebal.load.checks import BLOCK_CHECKS, CHECKS
from rebal.load.checks.market import valued
from rebal.load.checks.rules import venue_is_known
from rebal.load.checks.statement import later_than_now
from rebal.load.contracts import own_contracts
from rebal.load.digest import statement_sha256
from rebal.load.fields import Section
from rebal.load.flaws import MOST_LISTED, problems
from rebal.load.histories import Histories, histories
from rebal.load.listed import Shelf
from rebal.load.policy import policy_of
from rebal.load.quotes import quotes_of
from rebal.load.reading import Block, Reading
from rebal.load.written import Written
from rebal.market.contract import Contract
from rebal.names import within
from rebal.portfolio import DOLLARS, Costs, Holding, Lot, Market, Portfolio, Proxy, Tax
from rebal.prices import Quotes, market_of

if TYPE_CHECKING:
    from rebal.load import Asked, Lacking


def portfolio(
    path: str,
    *,
    now: datetime,
    market: "Sequence[str | MarketText | Asked]",
    shelf: Shelf | None = None,
    lacking: "Lacking | None" = None,
) -> Portfolio:
    """Read and resolve a portfolio file, with the prices of market files and sources. Raises InvalidInput."""
    file = _read(path, models.PORTFOLIO)
    own, accounts = Block(file, ("market",), file.says.market), accounts_of(file, shelf or Shelf())
    bare = Reading(file, blocks=(own,), now=now, accounts=accounts)
    blocks = (own, *(block for each in market for block in _blocks(each, bare)))
    reading = Reading(file, blocks=blocks, now=now, accounts=accounts) if market else bare
    if lacking is not None and (unpriced := _unpriced(reading)):
        weakest = _market_file(MarketText("prices", block_text(lacking(unpriced))))
        reading = Reading(file, blocks=(weakest, *blocks), now=now, accounts=accounts)
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
        whole = written.read(document, market_block.MARKET_FILE)
        return Block(whole, ("market",), whole.says.market)
    bare = written.read(document, market_block.MARKET)
    return Block(bare, (), bare.says)


def _blocks(market: "str | MarketText | Asked", bare: Reading) -> Iterator[Block]:
    """What a market file or a source says."""
    if isinstance(market, str):
        yield _market_file(_market_text(market))
    else:
        yield from map(_market_file, (market,) if isinstance(market, MarketText) else _asked(bare, market))


def quoted(
    path: str, *, now: datetime, market: "Sequence[MarketText | Asked]", shelf: Shelf | None = None
) -> tuple[MarketText, ...]:
    """Market files, and what sources quote of what a portfolio speaks of. Raises InvalidInput and Unavailable."""
    file = _read(path, models.PORTFOLIO)
    own = Block(file, ("market",), file.says.market)
    bare = Reading(file, blocks=(own,), now=now, accounts=accounts_of(file, shelf or Shelf()))
    return tuple(text for each in market for text in ((each,) if isinstance(each, MarketText) else _asked(bare, each)))


def _asked(bare: Reading, source: "Asked") -> tuple[MarketText, ...]:
    """What a source quotes of what the file speaks of, as a market file of the same words would say it.

    Behind the file that stands for a venue that quotes nothing, if any.
    """
    bare.own, flaws = own_contracts(bare)
    if bare.file.flaws or flaws or not bare.venue_known:
        raise InvalidInput(problems(bare.file.document, [*bare.file.flaws, *flaws, *venue_is_known(bare)]))
    return answer(bare, [contract for _, contract in sorted(_contracts(bare).items())], source)


def _unpriced(reading: Reading) -> tuple[str, ...]:
    """Assets that need a price and have none, unless a contract on them has: its basis would be made up."""
    reading.own, _ = own_contracts(reading)
    priced = frozenset().union(*(block.names for block in reading.blocks))
    contracts = (reading.contract(name) for name in priced - reading.assets)
    marked = {contract.asset for contract in contracts if contract is not None}
    return tuple(sorted({asset for asset, _ in valued(reading)} - priced - marked))


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
    known = {**_quoted(reading), **_contracts(reading)}
    market = _market(reading, known, histories)
    unvalued = {name: contract for name, contract in known.items() if not _is_valued(contract, reading, market)}
    contracts = {name: _funded(contract, market, says) for name, contract in known.items() if name not in unvalued}
    told = resolved(reading)
    holdings = {asset: _holding(asset, entry) for asset, entry in says.holdings.items()}
    book = Book(
        holdings={asset: holding.quantity for asset, holding in holdings.items()},
        wallets=wallets_of(reading),
        positions={name: _position(row, contracts[name]) for name, row, _ in each_of(reading)},
    )
    return Portfolio(
        name=says.name or _stem(path),
        venue=_at(reading),
        as_of=says.as_of,
        holdings=holdings,
        targets=None if says.targets is None else _targets(says.targets, reading.cash),
        aside=reading.aside,
        statement=book,
        market=market,
        contracts=contracts,
        told_accounts=told,
        policy=policy_of(says.policy or models.Policy(), reading.now),
        cash=reading.cash,
        statement_sha256=statement_sha256(
            holdings, book, as_of=says.as_of, venue=_at(reading), own=reading.own, accounts=told
        ),
        proxies={asset: _proxy(asset, proxy, histories) for asset, proxy in says.proxies.items()},
        costs=Costs() if says.costs is None else Costs(says.costs.spot_fee, says.costs.slippage),
        tax=None if says.tax is None else _tax(says.tax),
        scenarios=says.scenarios,
        journal=_journal(path, says.journal),
        incomplete=_incomplete(reading, unvalued),
        asked={each.venue.name: each.venue.asked for each in reading.accounts if each.venue and each.venue.asked},
        prices_from=says.prices_from,
        file=source.shown(path),
    )


def _at(reading: Reading) -> str | None:
    """The venue of the only account; None where there are several."""
    return reading.accounts[0].says.venue if len(reading.accounts) == 1 else None


def _proxy(asset: str, written: models.Proxy | models.ProxyByHistory, histories: Histories) -> Proxy:
    return Proxy(asset, written.via, written.beta if isinstance(written, models.Proxy) else histories.betas[asset])


def _contracts(reading: Reading) -> dict[str, Contract]:
    """The file's own contracts, the catalogue's on the assets that a plan may trade, and those the file names.

    Whatever the prices are: which contracts to ask a price of is known before there is one.
    """
    contracts = {
        contract.name: contract
        for asset in sorted(reading.assets - reading.cash - reading.aside)
        for contract in reading.serving(asset)
    }
    contracts.update({contract.name: contract for contract in _named(reading)})
    return {**contracts, **reading.own}


def _funded(contract: Contract, market: Market, says: models.Portfolio) -> Contract:
    """A contract with the funding interval that its exchange says now, unless the file has one of its own."""
    hours = market.intervals.get(contract.name)
    entry = says.contracts.get(contract.name)
    if hours is None or contract.expiry is not None or (entry is not None and entry.funding_interval is not None):
        return contract
    key = f"contracts.{contract.name}.funding_interval"
    assumed = tuple(each for each in contract.assumed if each.key != key)
    return replace(contract, funding_interval_hours=hours, assumed=assumed)


def _named(reading: Reading) -> Iterator[Contract]:
    routes = set(reading.says.policy.routes or ()) if reading.says.policy else set()
    held = {name for name, *_ in each_of(reading)}
    for name in sorted(routes | held):
        contract = reading.listed(name)
        if contract is not None and (name in held or contract.asset in reading.assets):
            yield contract


def _quoted(reading: Reading) -> dict[str, Contract]:
    """Contracts that only prices or rates name: they trade no more, and one may still be open in the journal."""
    names = {name for block in reading.blocks for name in (*block.says.prices, *block.says.funding)} - reading.assets
    found = (reading.listed(name) for name in sorted(names))
    return {each.name: each for each in found if each is not None and each.asset in reading.assets}


def _is_valued(contract: Contract, reading: Reading, market: Market) -> bool:
    """Whether PnL on a contract can be valued: its settlement currency counts as dollars, or has a price."""
    return contract.settle in reading.cash or contract.settle in market.prices


def _incomplete(reading: Reading, unvalued: dict[str, Contract]) -> dict[str, dict[str, str]]:
    """By asset the listed contracts that are not planned on, with the key that is missing."""
    lacking = {asset: reading.without_multiplier(asset) for asset in sorted(reading.assets)}
    for name, contract in unvalued.items():
        lacking[contract.asset][name] = f"market.prices.{contract.settle}"
    return {asset: keys for asset, keys in lacking.items() if keys}


def _market(reading: Reading, contracts: dict[str, Contract], histories: Histories) -> Market:
    """The portfolio's own block and the market file, which wins.

    The age of what is aside does not matter, nor that of a price of a contract that has expired since.
    """
    expired = {name for name, each in contracts.items() if each.expiry is not None and each.expiry <= reading.now}
    return market_of(
        [_at_accounts(quotes_of(block.says, histories.funding), contracts, reading) for block in reading.blocks],
        coins=reading.assets | reading.cash | {contract.settle for contract in contracts.values()},
        contracts=contracts,
        undated=reading.aside | expired,
    )


_Figure = TypeVar("_Figure")


def _at_accounts(quotes: Quotes, contracts: Mapping[str, Contract], reading: Reading) -> Quotes:
    """Quotes in which contracts are called as the file calls them, whether they are named with an account or without.

    What is said of a contract by its bare name is said of it at every account that has it.
    """
    alone = reading.accounts[0].written if len(reading.accounts) == 1 else ""
    called = {
        within(each.account or alone, name.rpartition(":")[2]): name
        for name, each in contracts.items()
        if each.account or alone
    }
    if not called:
        return quotes
    shared = [(name, name.rpartition(":")[2]) for qualified, name in called.items() if qualified == name]

    def named(said: Mapping[str, _Figure]) -> dict[str, _Figure]:
        everywhere = {name: said[bare] for name, bare in shared if bare in said}
        return {**everywhere, **{called.get(name, name): figure for name, figure in said.items()}}

    return replace(
        quotes,
        prices=named(quotes.prices),
        funding=named(quotes.funding),
        intervals=named(quotes.intervals),
        next_funding=named(quotes.next_funding),
        sources=named(quotes.sources),
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
