"""A book of several accounts, each with its kind of margin, counted from what is written alone.

As in ``recount`` nothing here has seen the program.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from recount import ONE, STEP, Future, Open, Written, figure, flow, open_row, sections, up

ZERO = Fraction(0)
VENUES = {
    "bybit": ("bankruptcy", True, ONE), "okx": ("value", False, ONE), "kucoin": ("rule", False, ONE),
    "binance": ("rule", False, Fraction(21, 20)),
}  # fmt: skip
"""Of pools: what the fee of closing is taken of, whether initial margin has it, what multiple of maintenance is due."""


@dataclass(frozen=True)
class Account:
    """``ratios``: of a pool, what a coin counts up to so many coins; nothing of what is not named, or beyond."""

    name: str
    venue: str
    margin: str
    wallets: Mapping[str, Fraction]
    ratios: Mapping[str, tuple[tuple[Fraction | None, Fraction], ...]]
    loans: tuple[Fraction, Fraction]

    def counts(self, coin: str, coins: Fraction) -> Fraction:
        if coins < 0:
            return coins
        counted, floor = ZERO, ZERO
        for up_to, ratio in self.ratios.get(coin, ()):
            top = coins if up_to is None else min(coins, up_to)
            counted += max(ZERO, top - floor) * ratio
            floor = top if up_to is None else up_to
        return counted


@dataclass(frozen=True)
class Pool:
    credit: Fraction
    initial: Fraction
    maintenance: Fraction
    value: Fraction
    due: Fraction

    @property
    def spare(self) -> Fraction:
        return self.credit - self.maintenance * self.due


@dataclass(frozen=True)
class Book(Written):
    accounts: Mapping[str, Account] = field(default_factory=dict)

    def at(self, account: str) -> list[tuple[Future, Open]]:
        return [(self.futures[name], each) for name, each in self.positions.items() if name.startswith(f"{account}:")]

    def backed(self, account: str, currency: str, contract: str | None) -> list[tuple[Future, Open]]:
        """What a wallet stands behind, or the margin of one contract."""
        rows = [(future, each) for future, each in self.at(account) if future.settle == currency]
        if contract is not None:
            return [(future, each) for future, each in rows if future.name == contract]
        return [(future, each) for future, each in rows if each.margin is None]

    def balance(self, account: str, currency: str, contract: str | None) -> Fraction:
        if contract is not None:
            return (self.positions[contract].margin if contract in self.positions else None) or ZERO
        apart = sum((each.margin or ZERO for future, each in self.at(account) if future.settle == currency), ZERO)
        return self.accounts[account].wallets.get(currency, ZERO) - apart

    def coins_at(self, account: str, moved: Callable[[str], Fraction]) -> dict[str, Fraction]:
        """With the PnL of what is open there."""
        coins = dict(self.accounts[account].wallets)
        for future, each in self.at(account):
            gained = future.pnl(each.contracts, each.entry, future.mark * moved(future.asset))
            coins[future.settle] = coins.get(future.settle, ZERO) + gained
        return coins

    def pool(self, account: str, moved: Callable[[str], Fraction] = lambda _: ONE) -> Pool:
        """All in dollars, the prices of coins times a factor each."""
        at, (fees, in_initial, due) = self.accounts[account], VENUES[self.accounts[account].venue]
        credit, initial, maintenance, value = ZERO, ZERO, ZERO, ZERO
        for coin, coins in self.coins_at(account, moved).items():
            index = self.price(coin) * moved(coin)
            credit += at.counts(coin, coins) * index
            initial += max(ZERO, -coins) * index * at.loans[0]
            maintenance += max(ZERO, -coins) * index * at.loans[1]
        for future, each in self.at(account):
            index, mark = self.price(future.settle) * moved(future.settle), future.mark * moved(future.asset)
            fee = self.closing(future, each, mark, fees)
            rule = future if fees == "rule" else replace(future, close_fee=False)
            worth = future.value(each.contracts, mark)
            maintenance += (rule.maintenance(each.contracts, each.entry, mark) + fee) * index
            initial += (worth / self.leverage + (fee if in_initial else ZERO)) * index
            value += worth * index
        return Pool(credit, initial, maintenance, value, due)

    def closing(self, future: Future, each: Open, mark: Fraction, fees: str) -> Fraction:
        if fees == "rule":
            return ZERO
        if fees == "value":
            return future.value(each.contracts, mark) * future.fee
        side = 1 if each.contracts > 0 else -1
        end = ONE + (side if future.inverse else -side) / self.leverage
        return future.value(each.contracts, each.entry) * future.fee * end

    def moved(self, coins: Mapping[tuple[str, str], Fraction], *, held: bool) -> "Book":
        """Coins into accounts, by account and coin; ``held``: they are new, as what orders realise less their fees."""
        holdings, accounts = dict(self.holdings), dict(self.accounts)
        for (account, coin), quantity in coins.items():
            wallets = dict(accounts[account].wallets)
            wallets[coin] = wallets.get(coin, ZERO) + quantity
            accounts[account] = replace(accounts[account], wallets=wallets)
            holdings[coin] = holdings.get(coin, ZERO) + (quantity if held else ZERO)
        return replace(self, holdings=holdings, accounts=accounts)

    def filled(self, name: str, traded: Fraction, hedge: Fraction) -> "Book":
        """An order filled at the mark, ``hedge`` of it for protection."""
        future = self.futures[name]
        isolated = self.accounts[name.partition(":")[0]].margin == "isolated"
        was = self.positions.get(name, Open(ZERO, ZERO, ONE, ZERO if isolated else None))
        net, entry, brought = was.contracts + traded, future.mark, -up(future.value(traded, future.mark) * future.fee)
        if was.contracts * traded < 0:
            closed = was.contracts if net * was.contracts <= 0 else -traded
            brought += future.pnl(closed, was.entry, future.mark) // STEP * STEP
            entry = was.entry if net * was.contracts > 0 else future.mark
        elif was.contracts:
            entry = averaged(future, (was.contracts, was.entry), (traded, future.mark))
        margin = was.margin + brought if was.margin is not None else None
        positions = {key: each for key, each in self.positions.items() if key != name}
        if net:
            positions[name] = Open(net, was.hedge + hedge, entry, margin)
        after = replace(self, positions=positions)
        return after.moved({(name.partition(":")[0], future.settle): brought}, held=True)


def averaged(future: Future, *fills: tuple[Fraction, Fraction]) -> Fraction:
    net = sum((size for size, _ in fills), ZERO)
    if future.inverse:
        return net / sum((size / price for size, price in fills), ZERO)
    return sum((size * price for size, price in fills), ZERO) / net


def placed(book: Book, plan: Any) -> Book:
    """A plan done step by step, coins and orders."""
    posted: dict[str, Fraction] = {}
    for step in plan["steps"]:
        index = int(step["index"])
        if step["kind"] == "transfer":
            each = plan["transfers"][index]
            coins, name = figure(each["quantity"]), each["contract"]
            book = book.moved({(each["account"], each["asset"]): coins}, held=False)
            if name is not None and name in book.positions:
                book = with_margin(book, name, coins)
            elif name is not None:
                posted[name] = posted.get(name, ZERO) + coins
            continue
        order = plan["orders"][index]
        side = 1 if order["side"] == "buy" else -1
        hedge = sum((figure(part["contracts"]) for part in order["parts"] if part["purpose"] == "hedge"), ZERO)
        book = book.filled(order["contract"], figure(order["contracts"]) * side, hedge)
        if order["contract"] in posted:
            book = with_margin(book, order["contract"], posted.pop(order["contract"]))
    return book


def with_margin(book: Book, name: str, coins: Fraction) -> Book:
    each = book.positions[name]
    return replace(book, positions={**book.positions, name: replace(each, margin=(each.margin or ZERO) + coins)})


def text(book: Book) -> str:
    """The file; entries to 18 digits, as they are booked."""
    accounts = {
        each.name: flow({
            "venue": each.venue, "margin": each.margin, "wallets": flow(each.wallets),
            "positions": f"[{', '.join(open_row(future.name, held) for future, held in book.at(each.name))}]",
            **({"collateral": flow({coin: ratios_of(each, coin) for coin in book.holdings}),
                "borrowing": flow({"initial": each.loans[0], "maintenance": each.loans[1]})}
               if each.margin == "pooled" else {}),
        })
        for each in book.accounts.values()
    }  # fmt: skip
    told = {**sections(book), "accounts": flow(accounts)}
    return "".join(f"{key}: {value}\n" for key, value in told.items())


def ratios_of(account: Account, coin: str) -> str:
    parts = [flow({"ratio": ratio} if up_to is None else {"up_to": up_to, "ratio": ratio})
             for up_to, ratio in account.ratios.get(coin, ())]  # fmt: skip
    return f"[{', '.join(parts)}]" if parts else "off"
