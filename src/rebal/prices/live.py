"""Prices as exchanges print them now: the venue's for the contracts and their coins, a spot exchange's for the rest.

What is asked goes out side by side and within one deadline, and no question twice, however many portfolios ask it. A
figure that may be wrong is handed on with its doubt, one that is missing is not made up, and the time of a price is
the exchange's own: the oldest that is used, and never later than now.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from rebal.amounts import Fraction
from rebal.errors import Unavailable
from rebal.exchange import Deadline, Network, opened, spot, tickers
from rebal.exchange.fields import Garbled
from rebal.exchange.problems import GARBLED, Unlisted
from rebal.exchange.tickers import Question, Ticker
from rebal.exchange.together import together
from rebal.frozen import frozen
from rebal.market.contract import Kind
from rebal.portfolio import DOLLARS, Doubt, Doubtful, FundingRate
from rebal.prices import Quotes, Source, Wanted
from rebal.times import MILLISECOND

if TYPE_CHECKING:
    from rebal.exchange.line import Line

_SKEW = timedelta(seconds=60)
"""How far an exchange's clock may be from ours before it is said; an answer may take most of that."""
_STALE = timedelta(seconds=120)
"""How far a price may lag behind the newest of the same exchange."""


def source(network: Network, *, timeout: float) -> Source:
    """The source behind ``live``. ``timeout``: seconds for all that one portfolio asks."""
    return _Live(network, timeout)


_Key = tuple[str, bool, Question]
"""An exchange, whether its spot side is meant, and what it is asked."""


@frozen
class _Said:
    """What one exchange says of a coin or a contract, of whatever use it is."""

    name: str
    source: str
    price: Fraction | None
    time: datetime | None
    doubts: Mapping[Doubt, Mapping[str, Fraction]]


class _Live:
    """Asks, and keeps the answers, so that the next portfolio of the same venue costs nothing."""

    def __init__(self, network: Network, timeout: float) -> None:
        self._network = network
        self._deadline = Deadline(network, timeout)
        self._lines: dict[tuple[str, bool], Line | Unavailable] = {}
        self._answers: dict[_Key, Any] = {}

    def __call__(self, wanted: Wanted) -> Quotes:
        """What is wanted, as far as anybody quotes it. Raises Unavailable."""
        if wanted.venue is None and not wanted.prices_from:
            raise Unavailable("the portfolio names no venue and no prices_from, so there is nobody to ask")
        if not wanted.goes_on:
            self._deadline.begin()
        self._ask(key for each in (wanted, *wanted.beside) for key in _keys(each))
        listed = self._at_venue(wanted)
        coins = _indices(wanted, listed)
        coins |= self._in_spot([coin for coin in wanted.coins if coin not in coins], wanted.prices_from)
        marks = {each.name: _mark(listed[each.name], wanted) for each in wanted.contracts if each.name in listed}
        return _quotes(wanted, {**coins, **marks}, listed)

    def _at_venue(self, wanted: Wanted) -> dict[str, Ticker]:
        """The venue's tickers, which have been asked for."""
        venue, contracts = wanted.venue, wanted.contracts
        if venue is None or not contracts:
            return {}
        module = tickers.reader(venue)
        if module is None:
            raise Unavailable(f"{venue}: its prices cannot be asked for; give them in a file")
        answers = dict(self._told(venue, module.questions(contracts)))
        return {ticker.contract: ticker for ticker in _read(partial(module.tickers, answers), venue)}

    def _told(self, venue: str, asked: Iterable[Question]) -> Iterator[tuple[Question, Any]]:
        """The answers; a contract that the exchange knows nothing of has none."""
        for each in asked:
            try:
                yield each, self._answer(venue, each)
            except Unlisted:
                if each.of is None:
                    raise

    def _in_spot(self, coins: Sequence[str], exchanges: Sequence[str]) -> dict[str, _Said]:
        """Prices of coins from the first of the exchanges that has each. Raises Unavailable where one is missed."""
        found: dict[str, _Said] = {}
        failures: list[Unavailable] = []
        for name in exchanges:
            lacking = [coin for coin in coins if coin not in found]
            try:
                found |= self._quoted(name, lacking) if lacking else {}
            except Unavailable as error:
                failures.append(error)
        if failures and len(found) < len(coins):
            raise failures[0]
        return found

    def _quoted(self, name: str, coins: Sequence[str]) -> dict[str, _Said]:
        keys = _spot_keys(name)
        self._ask(keys)
        answers = {question.call: self._answer(name, question, in_spot=True) for _, _, question in keys}
        quotes = _read(partial(spot.reader(name).quotes, answers, coins), name)
        return {quote.coin: _of_spot(quote, name) for quote in quotes if quote.price is not None and quote.price > 0}

    def _ask(self, keys: Iterable[_Key]) -> None:
        """Put what was not asked before, all at once; a failure is kept as the answer."""
        new = [key for key in dict.fromkeys(keys) if key not in self._answers]
        for name, in_spot, _ in new:
            if (name, in_spot) not in self._lines:
                self._lines[name, in_spot] = self._opened(name, in_spot=in_spot)
        asks = [partial(self._put, key) for key in new]
        self._answers.update(zip(new, together(asks, self._deadline, failed=lambda error: error), strict=True))

    def _opened(self, name: str, *, in_spot: bool) -> "Line | Unavailable":
        try:
            return opened(name, self._network, deadline=self._deadline, spot=in_spot)
        except Unavailable as error:
            return error

    def _put(self, key: _Key) -> Any:
        name, in_spot, question = key
        line = self._lines[name, in_spot]
        if isinstance(line, Unavailable):
            raise line
        return line.ask(question.call, dict(question.given))

    def _answer(self, name: str, question: Question, *, in_spot: bool = False) -> Any:
        answer = self._answers[name, in_spot, question]
        if isinstance(answer, Unavailable):
            raise answer
        return answer


def _keys(wanted: Wanted) -> list[_Key]:
    """What the venue is asked, and spot exchanges that are sure to be, for coins that no contract of it is on."""
    module = None if wanted.venue is None else tickers.reader(wanted.venue)
    questions = [] if module is None else module.questions(wanted.contracts)
    served = {contract.asset for contract in wanted.contracts}
    elsewhere = any(coin not in served for coin in wanted.coins)
    beside = [key for name in wanted.prices_from for key in _spot_keys(name)] if elsewhere else []
    return [*((wanted.venue or "", False, each) for each in questions), *beside]


def _spot_keys(name: str) -> list[_Key]:
    return [(name, True, Question(call)) for call in spot.reader(name).QUESTIONS]


_Read = TypeVar("_Read")


def _read(read: Callable[[], Iterator[_Read]], name: str) -> list[_Read]:
    """What an exchange's answers say. Raises Unavailable where they are not of the shape that it documents."""
    try:
        return list(read())
    except Garbled:
        raise Unavailable(f"{name}: {GARBLED}") from None


def _indices(wanted: Wanted, listed: Mapping[str, Ticker]) -> dict[str, _Said]:
    """The index of each coin by its contracts, those in dollars before those in a coin that stands for them."""
    found: dict[str, _Said] = {}
    for contract in sorted(wanted.contracts, key=lambda contract: contract.kind is Kind.LINEAR):
        ticker = listed.get(contract.name)
        if ticker is None or contract.asset in found or contract.asset not in wanted.coins:
            continue
        if ticker.index is not None and ticker.index > 0:
            in_tether = contract.kind is Kind.LINEAR and contract.settle != DOLLARS
            doubts: dict[Doubt, dict[str, Fraction]] = {Doubt.IN_TETHER: {}} if in_tether else {}
            found[contract.asset] = _Said(contract.asset, wanted.venue or "", ticker.index, ticker.time, doubts)
    return found


def _mark(ticker: Ticker, wanted: Wanted) -> _Said:
    mark = ticker.mark if ticker.mark is not None and ticker.mark > 0 else None
    return _Said(ticker.contract, wanted.venue or "", mark, ticker.time, _of_book(ticker.bid, ticker.ask))


def _of_spot(quote: spot.Quote, name: str) -> _Said:
    return _Said(quote.coin, name, quote.price, quote.time, _of_book(quote.bid, quote.ask))


def _of_book(bid: Fraction | None, ask: Fraction | None) -> dict[Doubt, dict[str, Fraction]]:
    """What is wrong with the best bid and ask, where they are known."""
    if bid is None or ask is None:
        return {}
    if bid <= 0 or ask <= 0:
        return {Doubt.ONE_SIDED: {"bid": bid, "ask": ask}}
    return {Doubt.CROSSED: {"bid": bid, "ask": ask}} if bid > ask else {}


def _quotes(wanted: Wanted, said: Mapping[str, _Said], listed: Mapping[str, Ticker]) -> Quotes:
    priced = {name: each for name, each in said.items() if each.price is not None}
    perpetual = [listed[each.name] for each in wanted.contracts if each.name in listed and each.expiry is None]
    times = [wanted.now if each.time is None else min(each.time, wanted.now) for each in priced.values()]
    return Quotes(
        as_of=min(times, default=None),
        prices={name: each.price for name, each in priced.items() if each.price is not None},
        funding={each.contract: _same(each.rate) for each in perpetual if each.rate is not None},
        intervals={each.contract: each.interval_hours for each in perpetual if each.interval_hours},
        next_funding={each.contract: each.next_funding for each in perpetual if each.next_funding is not None},
        sources={name: each.source for name, each in priced.items()},
        doubts=(*_unpriced(wanted, priced), *_of_figures(priced.values()), *_of_times(priced.values(), wanted.now)),
    )


def _same(rate: Fraction) -> FundingRate:
    return FundingRate(rate, rate, rate)


def _unpriced(wanted: Wanted, priced: Mapping[str, _Said]) -> Iterator[Doubtful]:
    asked = (wanted.venue or "", *wanted.prices_from)
    for name in (*wanted.coins, *(contract.name for contract in wanted.contracts)):
        if name not in priced:
            yield Doubtful(name, Doubt.UNPRICED, asked[0] or asked[-1], {})


def _of_figures(said: Iterable[_Said]) -> Iterator[Doubtful]:
    for each in said:
        for doubt, figures in each.doubts.items():
            yield Doubtful(each.name, doubt, each.source, figures)


def _of_times(said: Collection[_Said], now: datetime) -> Iterator[Doubtful]:
    """Clocks that are apart from ours, prices that lag behind others of their exchange, and those without a time."""
    newest: dict[str, datetime] = {}
    for each in said:
        if each.time is not None:
            newest[each.source] = max(each.time, newest.get(each.source, each.time))
    for name, time in newest.items():
        if abs(time - now) > _SKEW:
            yield Doubtful(name, Doubt.SKEWED, name, _seconds(time - now))
    for each in said:
        if each.time is None:
            yield Doubtful(each.name, Doubt.UNDATED, each.source, {})
        elif newest[each.source] - each.time > _STALE:
            yield Doubtful(each.name, Doubt.STALE, each.source, _seconds(newest[each.source] - each.time))


def _seconds(length: timedelta) -> dict[str, Fraction]:
    return {"seconds": Fraction(length // MILLISECOND, 1000)}
