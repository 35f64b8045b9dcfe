"""A twin of how a leg is divided over accounts: dollars and lots in whole numbers, every number of lots tried.

A coin carries its own price of contracts, short or long: leverage is 1, nothing is paid for trading, and every entry is
the mark. So an account's need is the dollars that stand there, and all that is to be known is who has how many.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from hypothesis import assume
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Book, MarginMode, Position, Purpose, opened
from rebal.market.contract import Contract
from rebal.names import within
from rebal.planner.desk import Desk
from rebal.planner.sizing import Leg
from rebal.policy import Route
from rebal.portfolio import Account, Portfolio

from .given import INPUTS, inverse, linear, policy, portfolio
from .test_splitting import at

PRICE = 40000
NAMES = ("c", "a", "b")
LOTS = (1, 2, 5, 7, 20, 50)


@dataclass(frozen=True)
class Line:
    """A contract: dollars of a lot, what a lot is called, lots of the venue's least order; the coin behind it."""

    account: str
    coin: str
    name: str
    lot: int
    size: Fraction
    venue_least: int

    def least(self, min_order: int) -> int:
        """Lots of the least order that the venue and the policy take."""
        return max(1, self.venue_least, -(-min_order // self.lot))

    @property
    def purse(self) -> tuple[str, str]:
        return self.account, self.coin

    @cached_property
    def contract(self) -> Contract:
        multiplier, minimum = Fraction(self.lot) / self.size, str(self.size * self.venue_least)
        if self.coin == "USDT":
            made = replace(linear("BTC", str(multiplier / PRICE), fee="0"), name=self.name, lot_size=self.size,
                           min_contracts=exact(minimum))  # fmt: skip
        else:
            expiry = INPUTS.now + timedelta(days=35) if self.name == "BTCDEC" else None
            made = inverse("BTC", str(multiplier), name=self.name, lot=str(self.size), minimum=minimum, fee="0",
                           expiry=expiry)  # fmt: skip
        return at(self.account, made) if self.account else made


Lots = dict[Line, int]
Missing = dict[tuple[str, str], Fraction]


@dataclass(frozen=True)
class Asked:
    """A leg of so many dollars, short or long, and what there is to carry it.

    ``coins``: dollars of coins, by account and coin; ``free``: those at none; ``shares``: of equity, that may sit at an
    account. ``lines``: best first. ``held``: lots open the other way, each margined, closed first; below 0 what a
    hedge is rolled off. ``taken``: lots of others' legs before, signed as the leg is. ``is_hedge``: it protects.
    """

    names: tuple[str, ...]
    lines: tuple[Line, ...]
    coins: Mapping[tuple[str, str], int]
    free: Mapping[str, int]
    shares: Mapping[str, Fraction]
    held: Mapping[Line, int]
    taken: Mapping[Line, int]
    dollars: Fraction
    is_long: bool
    min_order: int
    is_hedge: bool = False

    @property
    def equity(self) -> int:
        return sum(self.coins.values()) + sum(self.free.values())

    @property
    def has_several(self) -> bool:
        return len(self.names) > 1

    @property
    def sign(self) -> int:
        return 1 if self.is_long else -1

    def least(self, line: Line) -> int:
        return line.least(self.min_order)

    def adds(self, line: Line, lots: Lots, *, travels: bool) -> bool:
        """Whether what a line takes is more of an order that there is already, of any size."""
        if self.is_hedge:
            return line in lots or line in self.held or line in self.taken
        return line in self.held and not travels

    def takes(self, line: Line, lots: Lots) -> bool:
        """Whether what is left is enough for a line."""
        adds = self.adds(line, lots, travels=True)
        return self.after_closing() - worth(lots) >= (1 if adds else self.least(line)) * line.lot

    def after_closing(self) -> Fraction:
        """Dollars to be opened once all that is open the other way is closed."""
        return self.dollars - sum(lots * line.lot for line, lots in self.held.items())

    def placed(self, line: Line, own: int) -> int:
        """Lots that an order trades: the leg's own, net of others'; none below the least order."""
        net = own + self.taken.get(line, 0)
        closes = net == self.held.get(line, 0)
        is_placed = abs(net) * line.lot >= self.min_order and (closes or abs(net) >= line.venue_least)
        return net if is_placed else 0

    def missing(self, lots: Lots | None, *, travels: bool, uncapped: str = "") -> Missing:
        """Dollars of coins missing at each account and coin once so many lots are open; None: by others' legs alone."""
        own = {} if lots is None else {line: lots.get(line, 0) + self.held.get(line, 0) for line in self.lines}
        after, before = dict.fromkeys(self.coins, 0), dict.fromkeys(self.coins, 0)
        traded = set()
        for line in self.lines:
            net, held = self.placed(line, own.get(line, 0)), self.held.get(line, 0)
            before[line.purse] += abs(held) * line.lot
            after[line.purse] += abs(net - held) * line.lot
            traded |= {line.purse} if net else set()
        sits = {name: Fraction(sum(self.coins[name, coin] for coin in ("BTC", "USDT"))) for name in self.names}
        free = {coin: Fraction(dollars) for coin, dollars in self.free.items()}
        room = self._room(sits, uncapped)
        short: Missing = {}
        for name, coin in sorted(after):
            lack = Fraction(max(0, after[name, coin] - self.coins[name, coin]))
            got = min(lack, free[coin], room(name)) if (name, coin) in traded else ZERO
            free[coin] -= got
            sits[name] += got
            if lack > got:
                short[name, coin] = lack - got
        if travels and short:
            spare = {purse: self._spare(purse, before[purse], after[purse], traded) for purse in after}
            for _ in range(2):  # what leaves an account makes room there
                for sink, lack in list(short.items()):
                    got = self._sent(sink, lack, spare=spare, held=before, sits=sits, room=room)
                    short[sink] = lack - got
        return {purse: lack for purse, lack in short.items() if lack > 0}

    def _room(self, sits: Mapping[str, Fraction], uncapped: str) -> Callable[[str], Fraction]:
        def room(name: str) -> Fraction:
            cap = self.shares[name] * self.equity if self.shares[name] < 1 and name != uncapped else Fraction(10**9)
            return max(ZERO, cap - sits[name])

        return room

    def _spare(self, purse: tuple[str, str], before: int, after: int, traded: set[tuple[str, str]]) -> Fraction:
        """What backs nothing; where something stays open no more than what is freed."""
        left = max(0, self.coins[purse] - after)
        if before and after:
            return Fraction(min(left, max(0, before - after)) if purse in traded else 0)
        return Fraction(left)

    def _sent(self, sink: tuple[str, str], lack: Fraction, *, spare: dict[tuple[str, str], Fraction],
              held: Mapping[tuple[str, str], int], sits: dict[str, Fraction], room: Callable[[str], Fraction],
              ) -> Fraction:  # fmt: skip
        """What other accounts send: what can leave at once first, each in the order of the file."""
        got = ZERO
        for waits in (False, True):
            for name in self.names:
                source = name, sink[1]
                if name != sink[0] and bool(held[source]) is waits:
                    sent = min(spare[source], lack - got, room(sink[0]))
                    spare[source] -= sent
                    sits[name] -= sent
                    sits[sink[0]] += sent
                    got += sent
        return got

    def carries(self, lots: Lots, *, travels: bool, uncapped: str = "") -> bool:
        """Whether nothing is missing but what the legs before miss as much themselves.

        Where they have sent for coins of other accounts already, what is sent for is not kept back for this leg.
        """
        found = self.missing(lots, travels=travels, uncapped=uncapped)
        if not self.has_several:
            return found.keys().isdisjoint(line.purse for line in lots)
        known = self.missing(None, travels=travels, uncapped=uncapped) if self.taken else {}
        if any(lack > known.get(purse, 0) for purse, lack in found.items()):
            return False
        return travels or not found or self.carries(lots, travels=True, uncapped=uncapped)

    def portfolio(self) -> Portfolio:
        rules = policy(distance="0.3", alert=("0.2", "1.25"), min_order=str(self.min_order), hedge_band="0")
        holdings = {"BTC": self._owned("BTC") / PRICE, "USDT": self._owned("USDT")}
        made = portfolio({"BTC": "1", "USDT": "1"}, None, {"BTC": str(PRICE), "DOT": "1"},
                         tuple(line.contract for line in self.lines), rules=rules)  # fmt: skip
        wallets = {within(name or None, coin): Fraction(dollars) / (PRICE if coin == "BTC" else 1)
                   for (name, coin), dollars in self.coins.items() if dollars}  # fmt: skip
        positions = {each.contract.name: each for each in self._positions()}
        listed = tuple(Account(name, None, MarginMode.CROSS, self.shares[name]) for name in self.names)
        return replace(
            made, told_accounts=listed, statement=Book(holdings, wallets, positions),
            holdings={coin: replace(made.holdings[coin], quantity=owned) for coin, owned in holdings.items()},
        )  # fmt: skip

    def _owned(self, coin: str) -> Fraction:
        return Fraction(self.free[coin] + sum(self.coins[name, coin] for name in self.names))

    def _positions(self) -> Iterator[Position]:
        for line, lots in self.held.items():
            size = -self.sign * lots * line.size
            hedge = size if self.is_hedge else ZERO
            yield opened(line.contract, contracts=size, entry_price=Fraction(PRICE), hedge=hedge)

    def legs_before(self, desk: Desk) -> dict[str, list[Leg]]:
        """The legs of other assets, by what margins them."""
        taken: dict[str, list[Leg]] = {}
        for leg in self.others():
            taken.setdefault(desk.pot(leg.contract), []).append(leg)
        return taken

    def others(self) -> list[Leg]:
        """The legs of other assets."""
        purpose = Purpose.HEDGE if self.is_hedge else Purpose.REBALANCE
        return [Leg(line.contract, self.sign * lots * line.size, Route.PROXY, purpose, "DOT")
                for line, lots in self.taken.items()]  # fmt: skip

    def rolled_off(self) -> list[Leg]:
        """The legs that buy back what a hedge is rolled off."""
        return [Leg(line.contract, self.sign * lots * line.size, Route.INVERSE, Purpose.HEDGE, "BTC")
                for line, lots in self.held.items()]  # fmt: skip


@dataclass
class Divided:
    """What the twin makes of it: lots opened; which lines it passed with what is asked of them, and by a cap or not."""

    lots: Lots
    passed: list[tuple[Line, int, bool]]
    is_whole: bool


def divided(asked: Asked) -> Divided:
    """In the order of the file each as many lots as there can be; then again with coins of other accounts.

    A contract takes an order of its own, or more of one where the leg trades on it already. One contract a purse. What
    the lots of the one that takes all leave goes on by the same route alone; the last coarse one may take a lot more
    then, and the finest as many less as that takes.
    """
    made = Divided({}, [], is_whole=False)
    route = ""
    for travels in (False, True):
        used: set[tuple[str, str]] = set()
        for line in asked.lines if not (asked.is_hedge and travels and route) else ():
            whole = int((asked.after_closing() - worth(made.lots)) / line.lot)
            adds = asked.adds(line, made.lots, travels=travels)
            if line.purse in used or whole < (1 if adds else asked.least(line)) or route not in ("", line.coin):
                continue
            if asked.is_hedge and travels and whole < asked.least(line):
                route = line.coin  # too little for coins to come from another account for it
                continue
            lots = most(asked, made.lots, line, whole, travels=travels, adds=adds)
            if lots == whole:
                route = line.coin
            elif not travels and not route and line.purse not in {each.purse for each, *_ in made.passed}:
                with_all = made.lots | {line: made.lots.get(line, 0) + whole}
                is_capped = asked.shares[line.account] < 1 and asked.carries(
                    with_all, travels=False, uncapped=line.account
                )
                made.passed.append((line, whole, is_capped))
            if lots:
                used.add(line.purse)
                made.lots[line] = made.lots.get(line, 0) + lots
            if lots == whole:
                turned_over(asked, made.lots, travels=travels)
    made.is_whole = bool(route) or not any(asked.takes(line, made.lots) for line, *_ in made.passed)
    return made


def with_the_rest(asked: Asked, made: Divided) -> Lots:
    """The lots with what no account carries on the first that could not."""
    if made.is_whole:
        return made.lots
    line = next(line for line, *_ in made.passed if asked.takes(line, made.lots))
    rest = int((asked.after_closing() - worth(made.lots)) / line.lot)
    return made.lots | {line: made.lots.get(line, 0) + rest}


def most(asked: Asked, lots: Lots, line: Line, whole: int, *, travels: bool, adds: bool) -> int:
    """The most lots more that a line carries: all, or as many as from the least that opens on are carried."""

    def carries(n: int) -> bool:
        return asked.carries(lots | {line: lots.get(line, 0) + n}, travels=travels)

    if carries(whole):
        return whole
    first = asked.least(line)
    if not asked.is_hedge:
        least, undone = 1 if adds else first, -asked.taken.get(line, 0) - lots.get(line, 0)
        # where what is left of others' lots the other way is no order, nor is this: it opens once it is one
        first = least if undone <= 0 or undone - least >= first else undone + first
    if first > whole or not carries(first):
        return 0
    return max(n for n in range(first, whole) if carries(n))


def turned_over(asked: Asked, lots: Lots, *, travels: bool) -> None:
    """A lot more of the last coarse line for so many less of the finest, where no less than an order of it stays."""
    left = asked.after_closing() - worth(lots)
    finest = min(lots, key=lambda line: line.lot)
    if left < finest.lot:
        return
    least = 1 if asked.is_hedge and (finest in asked.taken or finest in asked.held) else asked.least(finest)
    for coarse in reversed([line for line in lots if line.lot > finest.lot]):
        fewer = next(n for n in range(10**4) if left - coarse.lot + n * finest.lot >= 0)
        turned = lots | {coarse: lots[coarse] + 1, finest: lots[finest] - fewer}
        if turned[finest] >= least and asked.carries(turned, travels=travels):
            if asked.is_hedge:  # it is sized anew, behind the others
                del lots[finest]
            lots |= turned
            return


def worth(lots: Lots) -> int:
    return sum(n * line.lot for line, n in lots.items())


@dataclass(frozen=True)
class Kind:
    """What books are about: lots at the first account and at others, coins there and outside, what may sit there."""

    fine: tuple[int, ...]
    coarse: tuple[int, ...]
    coins: tuple[tuple[int, ...], tuple[int, ...]]
    free: tuple[int, ...]
    first_share: tuple[Fraction, ...]


ANY = Kind(LOTS, LOTS, ((0, 9, 20, 52), (0, 9, 52, 100)), (0, 80, 300), (Fraction(1, 20), Fraction(3, 10), ONE))
TURNED = Kind((1, 2, 5), (20, 50), ((20, 52), (100, 120)), (300,), (Fraction(1, 8), Fraction(1, 5)))
"""A fine lot with little room before coarse ones with much, so that a coarse one takes a lot more."""
SENT = Kind((1, 5, 20), (1, 2, 7), ((0, 20, 52), (9, 52, 100)), (0, 12), (Fraction(3, 10), ONE))
"""Nearly all coins are at accounts already, so that some have to come from others."""
OTHERS = (Fraction(1, 100), Fraction(1, 8), ONE, ONE)
SIZES = st.sampled_from([ONE, Fraction(10), Fraction(1, 2)])


@st.composite
def lines(draw: st.DrawFn, names: tuple[str, ...], kind: Kind) -> list[Line]:
    """Inverse contracts before linear ones, each kind by account, of one account the perpetual before the dated one."""
    found: list[Line] = []
    for coin, listed in (("BTC", ("BTCUSD", "BTCDEC")), ("USDT", ("BTCUSDT",))):
        for account in names:
            for name in listed:
                if draw(st.integers(0, 5)) > (0 if name == "BTCUSD" else 4):
                    lot = draw(st.sampled_from(kind.fine if account == names[0] else kind.coarse))
                    found.append(Line(account, coin, name, lot, draw(SIZES), draw(st.sampled_from([1, 1, 1, 1, 2, 5]))))
    return found


@st.composite
def asks(draw: st.DrawFn, *, with_others: bool = False, is_hedge: bool = False) -> Asked:
    """Two or three accounts, some dollars of coins at each, and a leg of up to all that they are worth."""
    kind = draw(st.sampled_from([ANY, TURNED, SENT]))
    names = tuple(draw(st.permutations(NAMES))[: draw(st.integers(2, 3))])
    listed = draw(lines(names, kind))
    assume(listed)
    coins = {(name, coin): draw(st.sampled_from(kind.coins[name != names[0]]) if coin == "BTC" else st.just(30))
             for name in names for coin in ("BTC", "USDT")}  # fmt: skip
    free = {"BTC": draw(st.sampled_from(kind.free)), "USDT": draw(st.sampled_from([0, 60]))}
    shares = {name: draw(st.sampled_from(kind.first_share if name == names[0] else OTHERS)) for name in names}
    min_order = draw(st.sampled_from([0, 0, 4, 10]))
    held: Lots = {}
    for line in listed if with_others and draw(st.booleans()) else ():
        room = coins[line.purse] - sum(abs(n) * each.lot for each, n in held.items() if each.purse == line.purse)
        lots = draw(st.integers(0, room // line.lot))
        if lots >= line.least(min_order):
            held[line] = -lots if is_hedge else lots
    taken: Lots = {}
    for line in listed if with_others else ():
        lots = draw(st.sampled_from([0, 0, 1, 3, 6, -1, -3, -6, -12]))
        if lots and line not in held:
            taken[line] = lots
    made = Asked(names, tuple(listed), coins, free, shares, held, taken, ZERO,
                 draw(st.booleans()) and not is_hedge, min_order, is_hedge)  # fmt: skip
    closed = sum(lots * line.lot for line, lots in held.items())
    dollars = draw(st.integers(4, (2 if kind is TURNED else 4) * made.equity)) * Fraction(1, 4)
    return replace(made, dollars=closed + dollars)


@st.composite
def asks_alone(draw: st.DrawFn) -> Asked:
    """One account with up to three contracts on coins of two kinds."""
    listed = tuple(
        Line("", coin, name, draw(st.sampled_from(LOTS)), draw(SIZES), draw(st.sampled_from([1, 1, 2, 5])))
        for coin, name in (("BTC", "BTCUSD"), ("BTC", "BTCDEC"), ("USDT", "BTCUSDT"))
        if draw(st.integers(0, 3))
    )
    assume(listed)
    coins = {("", "BTC"): draw(st.sampled_from([0, 9, 52, 100])), ("", "USDT"): draw(st.sampled_from([0, 9, 52, 100]))}
    free = {"BTC": draw(st.sampled_from([0, 30])), "USDT": draw(st.sampled_from([0, 30]))}
    taken = {line: n for line in listed if (n := draw(st.sampled_from([0, 0, 0, 3, 6, -3, -12])))}
    made = Asked(
        ("",), listed, coins, free, {"": ONE}, {}, taken, ZERO, draw(st.booleans()), draw(st.sampled_from([0, 4]))
    )
    return replace(made, dollars=draw(st.integers(4, 4 * max(1, made.equity))) * Fraction(1, 4))
