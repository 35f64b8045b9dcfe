"""Figures that a file takes from a history: a proxy's beta from closes, a range of funding rates from what was paid."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from rebal.amounts import Fraction
from rebal.errors import InvalidInput, Problem
from rebal.load import market_block, models, source
from rebal.load.reading import Reading
from rebal.portfolio import FundingRate

_Figure = TypeVar("_Figure")


class Histories(NamedTuple):
    """What the histories came to: ``betas`` by asset, ``funding`` by contract."""

    betas: Mapping[str, Fraction]
    funding: Mapping[str, FundingRate]


def histories(reading: Reading, path: str) -> Histories:
    """Read every history that the file names, beside it where the name has no folder. Raises InvalidInput for all."""
    found: list[Problem] = []

    def read(figure: Callable[[], _Figure]) -> Iterator[_Figure]:
        try:
            yield figure()
        except InvalidInput as error:
            found.extend(error.problems)

    betas = {asset: beta for asset, figure in _betas(reading, path) for beta in read(figure)}
    funding = {name: rates for name, figure in _rates(reading, path) for rates in read(figure)}
    if found:
        raise InvalidInput(found)
    return Histories(betas, funding)


def _betas(reading: Reading, path: str) -> Iterator[tuple[str, Callable[[], Fraction]]]:
    for asset, proxy in reading.says.proxies.items():
        if isinstance(proxy, models.ProxyByHistory):
            from rebal.load.closes import beta_from

            yield asset, partial(beta_from, beside(path, proxy.history), asset=asset, via=proxy.via)


def _rates(reading: Reading, path: str) -> Iterator[tuple[str, Callable[[], FundingRate]]]:
    for block in reading.blocks:
        for name, rate in block.says.funding.items():
            if isinstance(rate, market_block.FundingHistory):
                from rebal.load.funding import funding_from

                contract = reading.contract(name)
                hours = None if contract is None else contract.funding_interval_hours
                yield name, partial(funding_from, beside(path, rate.history), of=name, hours=hours)


def beside(path: str, name: str) -> str:
    """A file named in another: in the same folder, unless it names its own; of stdin, in the current one."""
    return name if path == source.STDIN else os.path.join(os.path.dirname(path), name)
