"""An exchange in a few lines of plain fractions, so that what rebal plans is carried out by something else than rebal.

It knows a wallet a coin, one net position a contract, and nothing of purposes; whoever trades keeps those beside it, in
``Overlay``. PnL and fees go to the wallet of the settlement coin, and to an isolated position's own margin as well,
which is a part of that wallet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from market.definitions import maintenance, unrealised
from rebal.amounts import Fraction
from rebal.book import Book, HedgeAsked, MarginMode, Part, Position, Purpose
from rebal.market.contract import Contract, Kind
from rebal.market.margin import Held
from rebal.plan import Order, Plan
from rebal.portfolio import Portfolio

ZERO = Fraction(0)


@dataclass
class Net:
    """A net position; ``margin``: coins of its own where it is isolated, None in a cross wallet."""

    contracts: Fraction
    entry: Fraction
    margin: Fraction | None = None


def pnl(contract: Contract, contracts: Fraction, *, entry: Fraction, price: Fraction) -> Fraction:
    """In the settlement coin: ``n·V·(1/Pe - 1/P)`` of an inverse contract, ``n·V·(P - Pe)`` of a linear one."""
    size = contracts * contract.multiplier
    return size / entry - size / price if contract.kind is Kind.INVERSE else size * (price - entry)


def coin_value(contract: Contract, contracts: Fraction, price: Fraction) -> Fraction:
    """Of a position in its settlement coin: ``N/P``, or ``n·V·P``."""
    size = abs(contracts) * contract.multiplier
    return size / price if contract.kind is Kind.INVERSE else size * price


def averaged(contract: Contract, held: tuple[Fraction, Fraction], traded: tuple[Fraction, Fraction]) -> Fraction:
    """The entry of two fills in one direction, each contracts at a price: harmonic for an inverse contract."""
    (n, p), (m, q) = held, traded
    return (n + m) / (n / p + m / q) if contract.kind is Kind.INVERSE else (n * p + m * q) / (n + m)


def traded(
    contract: Contract, held: Fraction, entry: Fraction, *, signed: Fraction, price: Fraction
) -> tuple[Fraction, Fraction, Fraction]:
    """Contracts and entry after a fill, and the PnL that it realises."""
    if held * signed >= 0:
        return held + signed, averaged(contract, (held, entry), (signed, price)) if held else price, ZERO
    closed = min(abs(held), abs(signed)) * (1 if held > 0 else -1)
    left = held + signed
    return left, entry if left * held > 0 else price, pnl(contract, closed, entry=entry, price=price)


@dataclass
class Exchange:
    """Wallets by coin, isolated margins included, and net positions by contract, at marks that a test sets."""

    contracts: Mapping[str, Contract]
    marks: dict[str, Fraction]
    wallets: dict[str, Fraction] = field(default_factory=dict)
    positions: dict[str, Net] = field(default_factory=dict)
    isolated: bool = False

    def transfer(self, coin: str, quantity: Fraction, contract: str | None = None) -> None:
        """Coins into the account (negative: out of it), to a position's own margin where one is named."""
        self.wallets[coin] = self.wallets.get(coin, ZERO) + quantity
        if contract is not None:
            net = self.positions.setdefault(contract, Net(ZERO, self.marks[contract], ZERO))
            if net.contracts or quantity > 0:
                net.margin = (net.margin or ZERO) + quantity

    def fill(self, name: str, signed: Fraction, price: Fraction, *, fee: Fraction | None = None) -> Fraction:
        """Trade at a price for a fee, the taker's up to the next 1e-8 where none is given; the coins it brought."""
        contract = self.contracts[name]
        net = self.positions.setdefault(name, Net(ZERO, price, ZERO if self.isolated else None))
        paid = self.fee(name, signed, price) if fee is None else fee
        net.contracts, net.entry, realised = traded(contract, net.contracts, net.entry, signed=signed, price=price)
        self._book(name, realised - paid)
        if not net.contracts and net.margin is not None:
            net.margin = ZERO
        return realised - paid

    def fee(self, name: str, signed: Fraction, price: Fraction) -> Fraction:
        """The taker fee in coin, rounded up to 1e-8."""
        contract = self.contracts[name]
        return Fraction(-(-coin_value(contract, signed, price) * contract.taker_fee * 10**8 // 1), 10**8)

    def funding(self, name: str, rate: Fraction) -> Fraction:
        """Pay one funding at today's mark; the coins it brought. A positive rate is paid by the longs."""
        net, contract = self.positions[name], self.contracts[name]
        value = coin_value(contract, net.contracts, self.marks[name]) * rate
        received = -value if net.contracts > 0 else value
        self._book(name, received)
        return received

    def margin_balance(self, coin: str, contract: str | None = None) -> Fraction:
        """Coins and unrealised PnL of a cross wallet, or of the isolated position that is named."""
        own = [name for name in self.positions if self.contracts[name].settle == coin]
        if contract is not None:
            return (self.positions[contract].margin or ZERO) + self.unrealised(contract)
        apart = [self.positions[name].margin or ZERO for name in own]
        shared = [self.unrealised(name) for name in own if self.positions[name].margin is None]
        return self.wallets.get(coin, ZERO) - sum(apart, ZERO) + sum(shared, ZERO)

    def unrealised(self, name: str) -> Fraction:
        """PnL of a position at its mark, in the settlement coin."""
        net = self.positions[name]
        return pnl(self.contracts[name], net.contracts, entry=net.entry, price=self.marks[name])

    def liquidated(self, coin: str, factor: Fraction, contract: str | None = None) -> bool:
        """Whether a margin balance would not cover maintenance, by its definition, with all marks moved by a factor."""
        cross = [name for name, net in self.positions.items() if net.margin is None]
        names = [name for name in cross if self.contracts[name].settle == coin] if contract is None else [contract]
        moved = [self._held(name, factor) for name in names if self.positions[name].contracts]
        gained = sum((unrealised(each) for each in moved), ZERO) - sum((self.unrealised(name) for name in names), ZERO)
        return self.margin_balance(coin, contract) + gained < sum((maintenance(each) for each in moved), ZERO)

    def _held(self, name: str, factor: Fraction) -> Held:
        net = self.positions[name]
        return Held(self.contracts[name], net.contracts, net.entry, self.marks[name] * factor)

    def _book(self, name: str, gained: Fraction) -> None:
        coin, net = self.contracts[name].settle, self.positions[name]
        self.wallets[coin] = self.wallets.get(coin, ZERO) + gained
        if net.margin is not None:
            net.margin += gained


@dataclass
class Overlay:
    """What its owner notes beside an exchange: coins owned, and what each share of a position is for."""

    exchange: Exchange
    holdings: dict[str, Fraction]
    parts: dict[tuple[str, Purpose, str], tuple[Fraction, Fraction]] = field(default_factory=dict)
    hedges: Mapping[str, HedgeAsked] = field(default_factory=dict)

    @classmethod
    def of(
        cls, book: Book, contracts: Mapping[str, Contract], marks: dict[str, Fraction], *, isolated: bool
    ) -> "Overlay":
        """Open an account as a book says."""
        nets = {name: Net(each.contracts, each.entry_price, each.margin) for name, each in book.positions.items()}
        parts = {
            (name, part.purpose, part.stands_for): (part.contracts, part.entry_price)
            for name, position in book.positions.items()
            for part in position.parts
        }
        return cls(
            Exchange(contracts, marks, dict(book.wallets), nets, isolated), dict(book.holdings), parts, book.hedges
        )

    @classmethod
    def opened(cls, portfolio: Portfolio, book: Book) -> "Overlay":
        """Open an account as a book says, on the marks and in the margin mode of a portfolio."""
        contracts = {**portfolio.contracts, **{name: each.contract for name, each in book.positions.items()}}
        marks = {name: portfolio.market.mark(each) for name, each in contracts.items()}
        isolated = portfolio.policy.margin_mode is MarginMode.ISOLATED
        return cls.of(book, contracts, marks, isolated=isolated)

    def place(self, plan: Plan) -> None:
        """Do what a plan's steps say, every order filled whole at the price that the plan counts with."""
        for step in plan.steps:
            if step.kind == "transfer":
                moved = plan.transfers[step.index]
                self.exchange.transfer(moved.asset, moved.quantity, moved.contract)
            else:
                self._fill(plan.orders[step.index])

    def _fill(self, order: Order) -> None:
        contract = self.exchange.contracts[order.contract]
        gained = self.exchange.fill(order.contract, order.signed, order.price)
        self.holdings[contract.settle] = self.holdings.get(contract.settle, ZERO) + gained
        for part in order.parts:
            for asset in part.stands_for:
                key = (order.contract, part.purpose, asset)
                held, entry = self.parts.get(key, (ZERO, order.price))
                after, price, _ = traded(contract, held, entry, signed=part.contracts, price=order.price)
                self.parts[key] = after, price

    def worth(self, prices: Mapping[str, Fraction]) -> Fraction:
        """Dollars of the coins owned and of the PnL that stands open, what has no price at a dollar."""
        coins = dict(self.holdings)
        for name in self.exchange.positions:
            settle = self.exchange.contracts[name].settle
            coins[settle] = coins.get(settle, ZERO) + self.exchange.unrealised(name)
        return sum((quantity * prices.get(coin, 1) for coin, quantity in coins.items()), ZERO)

    def book(self) -> Book:
        """What is open now, in the words of a portfolio."""
        positions = {name: self._position(name, net) for name, net in sorted(self.exchange.positions.items())}
        kept = {name: each for name, each in positions.items() if each.contracts or each.parts}
        return Book(dict(self.holdings), dict(self.exchange.wallets), kept, self.hedges)

    def _position(self, name: str, net: Net) -> Position:
        return Position(self.exchange.contracts[name], net.contracts, net.entry, net.margin, tuple(self._parts(name)))

    def _parts(self, name: str) -> Iterable[Part]:
        for (contract, purpose, asset), (held, entry) in sorted(self.parts.items()):
            if contract == name and held:
                yield Part(purpose, held, entry, asset)


def carried_out(plan: Plan, portfolio: Portfolio, book: Book) -> Book:
    """The book that a placed plan leaves behind, by the exchange's own arithmetic."""
    account = Overlay.opened(portfolio, book)
    account.place(plan)
    return account.book()
