"""What ``init`` asks at a terminal: where the contracts trade, what is held, what is wanted, and today's prices."""

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import field
from itertools import chain
from typing import TYPE_CHECKING

from rebal.amounts import ONE, ZERO, Fraction, NumberProblem, number, percent_points, percentage, plain
from rebal.book import MarginMode
from rebal.commands._answer import World
from rebal.errors import RebalError, UsageProblem
from rebal.frozen import frozen
from rebal.names import ASSET_INSTEAD, is_asset
from rebal.portfolio import DOLLARS

if TYPE_CHECKING:
    from datetime import datetime

    from rebal.exchange.deadline import Network
    from rebal.market.contract import Contract
    from rebal.prices import Quotes

_USUAL = "bybit"
_NONE = "none"
_PARTED = re.compile(r"[1-9][0-9]{0,2}[.][0-9]{2}0")
"""A price as it is typed where a point parts thousands; nobody types a last 0 behind one that does not."""

_DOLLARS = (DOLLARS, "USDT", "USDC")
_TIMEOUT = 10.0


@frozen
class Started:
    """What a new portfolio file begins with, each as it is written there; ``margin``: None where it was not asked.

    ``example``: the contract that its comments name.
    """

    venue: str
    holdings: dict[str, str]
    targets: dict[str, str]
    prices: dict[str, str]
    margin: str | None = None
    funding: dict[str, str] = field(default_factory=dict)
    example: "Contract | None" = None


class _Again(ValueError):
    """An answer that cannot be taken, and what to write instead."""


class _Anew(Exception):
    """The weights are to be asked from the first."""


def asked(world: World) -> Started:
    """Put the questions, each again until its answer can be taken. Raises UsageProblem at the end of input."""
    from rebal import venues

    known = venues.names()
    venue = _ask(world, f"Where do your contracts trade? One of {', '.join(known)}", _one_of(known), default=_USUAL)
    margin = _margin(world, venue)
    coins = _ask(world, "Which coins do you hold? Like BTC ETH SOL", _coins, default="BTC ETH")
    named = coins.split()
    holdings = {coin: _ask(world, f"How many {coin}?", _quantity) for coin in named}
    targets = _weights(world, named)
    priced = [coin for coin in named if coin not in _DOLLARS]
    perpetuals = _perpetuals(venue, priced, world.now)
    prices, quoted = _prices(world, venue, priced)
    funding = {name: quoted[name] for name in perpetuals if name in quoted}
    lacking = [name for name in perpetuals if name not in funding]
    funding |= _funding(world, lacking)
    example = next(iter((_perpetuals(venue, ["BTC"], world.now) | perpetuals).values()), None)
    return Started(venue, holdings, targets, prices, margin, funding, example)


def _perpetuals(venue: str, coins: Sequence[str], now: "datetime") -> "dict[str, Contract]":
    """The contract of the venue that each coin would be traded on, by its name, where that has funding."""
    from rebal import venues

    served = (venues.venue(venue).serving(coin, now)[:1] for coin in coins)
    return {each.name: each for each in chain(*served) if each.expiry is None}


def _funding(world: World, contracts: Sequence[str]) -> dict[str, str]:
    """The rates as they are typed, one after the other; none where they are left out."""
    if not contracts:
        return {}
    example = " ".join(("0.01%", "-0.005%", *["0.01%"] * len(contracts))[: len(contracts)])
    question = (
        f"Funding for one interval of {', '.join(contracts)}, as the exchange shows it? Like {example}; without it no "
        f"cost a day is known [{_NONE}]"
    )
    typed = _ask(world, question, _rates(len(contracts)))
    return dict(zip(contracts, typed.split(), strict=False))


def _rates(count: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        rates = [] if text.lower() in ("", _NONE) else re.split(r"[\s,]+", text.strip(" ,"))
        if rates and len(rates) != count:
            raise _Again(f"is {len(rates)} of {count}; write one for each, or nothing")
        for each in rates:
            if not each.endswith("%"):
                raise _Again("lacks a percent sign; write 0.01% as the exchange does")
            percentage(each)
        return " ".join(rates)

    return read


def _margin(world: World, venue: str) -> str | None:
    """How the account is margined, where a new one at the venue pools its coins; None where it does not."""
    from rebal import venues

    pooling = venues.venue(venue).pooling
    if pooling is None or not pooling.new_account:
        return None
    kinds = tuple(MarginMode)
    question = (
        f"A new account at {venue} is pooled ({pooling.mode}): all coins margin everything, and one rate is shown for "
        "the account. In cross each coin has a wallet, in isolated each position a margin. Which is yours? One of "
        f"{', '.join(kinds)}"
    )
    return _ask(world, question, _one_of(kinds), default=MarginMode.POOLED)


def _ask(world: World, question: str, read: Callable[[str], str], default: str | None = None) -> str:
    assert world.prompt is not None
    while True:
        put = f"{question}{'' if default is None else f' [{default}]'}"
        answer = world.prompt("\n".join(_folded(line, world.width) for line in put.splitlines()))
        if answer is None:
            raise UsageProblem("the questions were not answered to their end; nothing is written")
        try:
            return read(answer.strip() or default or "")
        except (_Again, NumberProblem) as problem:
            question, _, _ = question.partition("\n")
            empty = f"nothing was typed; {getattr(problem, 'instead', problem)}"
            question = f"{question}\n{f'{answer.strip()}: {problem}' if answer.strip() else empty}"


def _folded(line: str, width: int) -> str:
    """A line broken between words."""
    return textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False)


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in known:
            raise _Again(f"is none of them; write one of {', '.join(known)}")
        return text.lower()

    return read


def _coins(text: str) -> str:
    named = list(dict.fromkeys(re.split(r"[\s,]+", text.upper().strip(" ,"))))
    wrong = [each for each in named if not is_asset(each)]
    if wrong:
        raise _Again(f"{wrong[0] or 'nothing'} is no coin; {ASSET_INSTEAD}")
    return " ".join(named)


def _quantity(text: str) -> str:
    if number(text) < 0:
        raise _Again("is negative; write what you own, 0 or more")
    return text


def _weights(world: World, coins: Sequence[str]) -> dict[str, str]:
    """The weights, asked anew until they are those that are meant."""
    while True:
        try:
            return _weighed(world, coins)
        except _Anew:
            continue


def _weighed(world: World, coins: Sequence[str]) -> dict[str, str]:
    """A weight each, what is left offered for the last; what is left after it is wanted in dollars.

    Raises _Anew where that is not what was meant.
    """
    left, found = ONE, dict[str, str]()
    dollars = [coin for coin in coins if coin in _DOLLARS]
    others = [coin for coin in coins if coin not in dollars]
    for coin in others:
        last, rest = coin == others[-1] and not dollars, plain(left * 100)
        question = f"What share of it all should {coin} be? {rest} % is left"
        if dollars and coin == others[-1]:
            question += f"; what is left after it is wanted in dollars, which {' and '.join(dollars)} count as"
        weight = _ask(world, question, _share(left), f"{rest}%" if last else None)
        found[coin] = weight
        left -= percent_points(weight)
    if left and not dollars:
        _sure_of_dollars(world, left)
    if left or dollars:
        found[DOLLARS] = f"{plain(left * 100)}%"
    return found


def _sure_of_dollars(world: World, left: Fraction) -> None:
    """Say what weights below 100 % mean where no dollars are held. Raises _Anew where they were not meant so."""
    rest = plain(left * 100)
    means = f"{rest} % is left, so the file gets USD: {rest}%, dollars that you do not hold: plans make them by a short"
    if world.ask is not None and not world.ask(f"{means} of {rest} %. Keep that? n asks the weights anew"):
        raise _Anew


def _share(left: Fraction) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() == "again":
            raise _Anew
        share = percent_points(text)
        if not ZERO <= share <= left:
            anew = "" if left == 1 else "; write less, or again to begin the weights anew"
            raise _Again(f"is not from 0 to {plain(left * 100)}, which is what is left{anew}")
        return f"{plain(share * 100)}%"

    return read


def _prices(world: World, venue: str, coins: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What coins cost, and the funding rates that came with it from the exchange, by contract."""
    found, rates = _live(world, venue, coins) if coins else ({}, {})
    asked_for = (
        (coin, found.get(coin) or _ask(world, f"What does one {coin} cost, in USD?", _price)) for coin in coins
    )
    return dict(asked_for), rates


def _price(text: str) -> str:
    if number(text) <= 0:
        raise _Again("is not above 0; write USD per coin")
    if _PARTED.fullmatch(text):
        raise _Again(f"may be {plain(number(text))} or {text.replace('.', '')}; write the one that is meant so")
    return text


def _live(world: World, venue: str, coins: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Today's prices and funding of the venue, where they are wanted and to be had; else none, and why."""
    from importlib.util import find_spec

    if world.network is None or world.ask is None or find_spec("ccxt") is None:
        return {}, {}
    if not world.ask(f"Ask {venue} for today's prices?"):
        return {}, {}
    try:
        quoted = _quoted(world, world.network, venue, coins)
    except RebalError as problem:
        assert world.prompt is not None
        world.prompt(f"{problem}\nThen you type them; go on with Enter")
        return {}, {}
    rates = {name: f"{plain(rate.base * 100)}%" for name, rate in quoted.funding.items()}
    return {coin: plain(quoted.prices[coin]) for coin in coins if coin in quoted.prices}, rates


def _quoted(world: World, network: "Network", venue: str, coins: Sequence[str]) -> "Quotes":
    from rebal import prices, venues

    # An exchange prices a coin with the contracts on it; the first is its perpetual.
    known = (venues.venue(venue).serving(coin, world.now)[:1] for coin in coins)
    wanted = prices.Wanted(venue, tuple(coins), tuple(chain(*known)), (), world.now)
    return prices.source("live", network, timeout=_TIMEOUT)(wanted)
