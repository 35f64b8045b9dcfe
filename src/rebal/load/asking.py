"""What a file wants quoted, account by account as venues differ, and what is said of all of it as one market file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rebal.load import MarketText
from rebal.load.block_text import block_text
from rebal.load.reading import Account, Reading
from rebal.market.contract import Contract
from rebal.names import within
from rebal.portfolio import Doubt, Doubtful
from rebal.prices import Quotes, Wanted

if TYPE_CHECKING:
    from rebal.load import Asked


def answer(bare: Reading, contracts: Sequence[Contract], source: "Asked") -> tuple[MarketText, ...]:
    """What a source says of the file's coins and of the contracts, which bear the names of their accounts.

    A coin has the price of the first account whose venue has it. Where a source hands over a file in the place of what
    one venue quotes, the file stands first, for what the others do not quote.
    """
    said: list[Quotes] = []
    files: list[MarketText] = []
    owned = [[each for each in contracts if each.account == account.name] for account in bare.accounts]
    wanted = [_wanted(bare, account, own) for account, own in zip(bare.accounts, owned, strict=True)]
    for n, own in enumerate(owned):
        found = source(replace(wanted[n], beside=tuple(wanted[n + 1 :]), goes_on=n > 0))
        if isinstance(found, MarketText):
            files.append(found)
        else:
            said.append(_at({_bare(contract): contract.name for contract in own}, found))
    if not said:
        return tuple(files[:1])
    return (*files[:1], MarketText("live prices", block_text(said[0] if len(said) == 1 else _together(said))))


def _wanted(bare: Reading, account: Account, contracts: Sequence[Contract]) -> Wanted:
    return Wanted(
        venue=account.says.venue,
        coins=tuple(sorted(bare.assets - bare.cash - bare.aside)),
        contracts=tuple(replace(contract, name=_bare(contract)) for contract in contracts),
        prices_from=bare.says.prices_from,
        now=bare.now,
    )


def _bare(contract: Contract) -> str:
    return contract.name.removeprefix(within(contract.account, ""))


_Figure = TypeVar("_Figure")


def _at(called: Mapping[str, str], said: Quotes) -> Quotes:
    """Quotes in which contracts are called as the file calls them, which its venue may call otherwise."""

    def named(figures: Mapping[str, _Figure]) -> dict[str, _Figure]:
        return {called.get(name, name): figure for name, figure in figures.items()}

    def doubted(each: Doubtful) -> Doubtful:
        return replace(each, subject=called.get(each.subject, each.subject))

    return Quotes(
        as_of=said.as_of,
        prices=named(said.prices),
        funding=named(said.funding),
        intervals=named(said.intervals),
        next_funding=named(said.next_funding),
        sources=named(said.sources),
        doubts=tuple(map(doubted, said.doubts)),
    )


def _together(said: Sequence[Quotes]) -> Quotes:
    """The quotes of several accounts: of what two have, the first; as old as the oldest."""
    prices = _first([each.prices for each in said])
    dates = [each.as_of for each in said if each.prices]
    return Quotes(
        as_of=None if None in dates else min((date for date in dates if date is not None), default=None),
        prices=prices,
        funding=_first([each.funding for each in said]),
        intervals=_first([each.intervals for each in said]),
        next_funding=_first([each.next_funding for each in said]),
        sources=_first([each.sources for each in said]),
        doubts=tuple(_doubts(said, prices)),
    )


def _first(figures: Sequence[Mapping[str, _Figure]]) -> dict[str, _Figure]:
    return {name: figure for each in reversed(figures) for name, figure in each.items()}


def _doubts(said: Sequence[Quotes], prices: Mapping[str, object]) -> Iterator[Doubtful]:
    """Doubts, each once, but for those of coins that another account's venue prices."""
    told: list[Doubtful] = []
    for doubt in (doubt for each in said for doubt in each.doubts):
        priced = doubt.doubt is Doubt.UNPRICED and doubt.subject in prices
        if not priced and doubt not in told:
            told.append(doubt)
            yield doubt
