"""A market block as written, as what it quotes."""

from collections.abc import Mapping

from rebal.amounts import Fraction
from rebal.load import market_block
from rebal.portfolio import Doubtful, FundingRate
from rebal.prices import Quotes


def quotes_of(says: market_block.Market, histories: Mapping[str, FundingRate]) -> Quotes:
    """What a block quotes; ``histories``: funding that histories gave, by contract."""
    funding = {
        name: histories[name] if isinstance(rate, market_block.FundingHistory) else _funding(rate)
        for name, rate in says.funding.items()
    }
    return Quotes(
        as_of=says.as_of,
        prices=says.prices,
        funding=funding,
        intervals=says.intervals,
        next_funding=says.next_funding,
        sources=says.sources,
        doubts=tuple(Doubtful(each.of, each.why, each.source, each.figures) for each in says.doubts),
    )


def _funding(rate: Fraction | market_block.FundingRange) -> FundingRate:
    if isinstance(rate, market_block.FundingRange):
        return FundingRate(rate.low, rate.base, rate.high)
    return FundingRate(rate, rate, rate)
