"""HTX: the indices of all coins in one answer, the funding of all swaps in another, and a mark by contract.

The mark is where the bar of its last minute stands.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from rebal.exchange.fields import Row, figure, milliseconds, row, rows, seconds, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_INDICES = question("contractPublicGetSwapApiV1SwapIndex")
_FUNDING = question("contractPublicGetSwapApiV1SwapBatchFundingRate")
_SWAP, _DATED = (
    "contractPublicGetIndexMarketHistorySwapMarkPriceKline",
    "contractPublicGetIndexMarketHistoryMarkPriceKline",
)
_MINUTE = timedelta(minutes=1)


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """One for the indices, one for the swaps' funding, and one for each contract's mark."""
    swaps = [contract for contract in contracts if contract.expiry is None]
    return [*([_INDICES] if contracts else []), *([_FUNDING] if swaps else []), *map(_bar, contracts)]


def _bar(contract: Contract) -> Question:
    name, last = contract.name, {"period": "1min", "size": "1"}
    if contract.expiry is None:
        return question(_SWAP, of=name, contract_code=name, **last)
    return question(_DATED, of=name, symbol=name, **last)


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every swap that has an index, and every contract whose mark was asked for."""
    indices = {text(each, "contract_code"): each for each in rows(answers[_INDICES], "data")}
    funding = {text(each, "contract_code"): each for each in rows(answers.get(_FUNDING, {"data": []}), "data")}
    bars = {asked.of: answer for asked, answer in answers.items() if asked.of is not None}
    for name in dict.fromkeys([*indices, *bars]):
        index, paid, bar = indices.get(f"{coin_of(name)}-USD", {}), funding.get(name, {}), bars.get(name)
        times = [milliseconds(index, "index_ts"), *([] if bar is None else [_time(bar)])]
        due = milliseconds(paid, "funding_time")
        yield Ticker(
            contract=name,
            mark=None if bar is None else figure(_last(bar), "close"),
            index=figure(index, "index_price"),
            time=min((time for time in times if time is not None), default=None),
            rate=figure(paid, "funding_rate") if due else None,
            next_funding=due,
        )


def coin_of(name: str) -> str:
    """The coin of a contract: a swap's stands before its hyphen, a dated one's before its day."""
    coin, _, quote = name.partition("-")
    return coin if quote else name[:-_DAY]


_DAY = 6


def _last(bar: Any) -> Row:
    found = rows(bar, "data")
    return found[-1] if found else {}


def _time(bar: Any) -> datetime | None:
    """When the mark was true: when it was told, and not after its minute."""
    told, begun = milliseconds(row(bar), "ts"), seconds(_last(bar), "id")
    return told if told is None or begun is None else min(told, begun + _MINUTE)
