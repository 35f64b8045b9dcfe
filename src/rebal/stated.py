"""What the journal keeps that moves nothing: statements, what they have more or less than it, and what was ordered."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rebal.amounts import ONE, ZERO, Fraction, down, plain, rounded, total
from rebal.book import Book, Position, Purpose, opened
from rebal.frozen import frozen
from rebal.market.contract import Contract, Kind
from rebal.market.maintenance import assumed
from rebal.portfolio import Market, Portfolio

CENT = Fraction(1, 100)


class Row:
    """A row of a statement: one word of text, its fields in their order."""

    __slots__ = ()


@frozen
class Coins(Row):
    """Coins of one kind: owned or in the futures account, or how many more of them."""

    asset: str
    quantity: Fraction


@frozen
class Price(Row):
    """What a coin or a contract cost, in USD."""

    name: str
    price: Fraction


@frozen
class Stood(Row):
    """A position of a statement, with its contract's specification as it was.

    ``contracts`` signed; ``hedge``: those of them that are protection; ``margin``: None in a cross wallet.
    """

    contract: str
    contracts: Fraction
    entry_price: Fraction
    hedge: Fraction
    stands_for: str
    margin: Fraction | None
    asset: str
    kind: Kind
    multiplier: Fraction
    settle: str
    expiry: datetime | None


@frozen
class Shift(Row):
    """A position that is another in the statement than the journal adds up to; entries None where nothing is open."""

    contract: str
    contracts_before: Fraction
    contracts_after: Fraction
    entry_before: Fraction | None
    entry_after: Fraction | None


@frozen
class OrderedPart(Row):
    """What one purpose has of an order, in signed contracts, and the asset it stands for."""

    contract: str
    contracts: Fraction
    purpose: Purpose
    stands_for: str


@frozen
class Ordered:
    """What a plan ordered of which not all was filled when it was recorded: its other entries tell what was."""

    orders: tuple[OrderedPart, ...]


@frozen
class Stated:
    """What a statement said was held and open when it was true, and the prices known when it was recorded.

    ``prices``: coins at spot; ``marks``: contracts that had one of their own.
    """

    holdings: tuple[Coins, ...]
    wallets: tuple[Coins, ...]
    positions: tuple[Stood, ...]
    prices: tuple[Price, ...]
    marks: tuple[Price, ...]

    @property
    def says(self) -> tuple[object, ...]:
        """What is held and open, whatever it was worth."""
        return self.holdings, self.wallets, self.positions

    def market(self) -> Market:
        """The prices, as a market without a date."""
        prices, marks = ({row.name: row.price for row in rows} for rows in (self.prices, self.marks))
        return Market(None, prices, marks, {})


@frozen
class Difference:
    """What a statement has more (negative: less) than the journal added up to when it was recorded.

    ``statement``: the id of its entry. ``usd``: what the statement is worth more, coins and open positions together, at
    its prices, to the cent; coins without a price there count nothing.
    """

    statement: str
    holdings: tuple[Coins, ...]
    wallets: tuple[Coins, ...]
    shifts: tuple[Shift, ...]
    usd: Fraction


def stated(portfolio: Portfolio) -> Stated:
    """The statement of a file."""
    book, market = portfolio.statement, portfolio.market
    marks = {name: market.marks[name] for name in book.positions if name in market.marks}
    priced = {asset: portfolio.price(asset) for asset in book.holdings if asset in {*portfolio.cash, *market.prices}}
    return Stated(
        _coins(book.holdings),
        _coins(book.wallets),
        tuple(_stood(position) for position in book.listed),
        _prices({**market.prices, **priced}),
        _prices({**market.marks, **marks}),
    )


def book_of(statement: Stated) -> Book:
    """The book that a statement says was held and open."""
    return Book(
        {row.asset: row.quantity for row in statement.holdings},
        {row.asset: row.quantity for row in statement.wallets},
        {row.contract: _position(row) for row in statement.positions},
    )


def difference(statement: Stated, book: Book, *, of: str) -> Difference | None:
    """What a statement, the entry ``of``, has more than a book; None where they agree.

    An entry price agrees where it is the book's with fewer digits, and coins where less than 1e-8 of them differ.
    """
    said = book_of(statement)
    moved = tuple(shifts(book.positions, said.positions))
    holdings, wallets = _more(book.holdings, said.holdings), _more(book.wallets, said.wallets)
    if not (moved or holdings or wallets):
        return None
    worth = _worth(said, statement) - _worth(book, statement)
    return Difference(of, holdings, wallets, moved, down(worth + CENT / 2, CENT))


def contract_of(
    name: str,
    *,
    asset: str,
    kind: Kind,
    multiplier: Fraction,
    settle: str,
    expiry: datetime | None,
    account: str | None = None,
) -> Contract:
    """A contract as it was recorded, for one that no catalogue knows any more: unlisted, its margin assumed."""
    return Contract(
        name=name, asset=asset, kind=kind, multiplier=multiplier, settle=settle, expiry=expiry, tick_size=None,
        lot_size=Fraction(1), min_contracts=ZERO, maker_fee=ZERO, taker_fee=ZERO, funding_interval_hours=None,
        max_leverage=None, maintenance=assumed(None), listed=False, account=account or "",
    )  # fmt: skip


def agrees(stated_price: Fraction, booked: Fraction) -> bool:
    """Whether an entry price as it was typed is a booked one, rounded to the digits that were typed."""
    text = plain(stated_price)
    places = len(text.partition(".")[2])
    return rounded(booked, places) == rounded(stated_price, places)


def _coins(quantities: Mapping[str, Fraction]) -> tuple[Coins, ...]:
    return tuple(Coins(asset, quantity) for asset, quantity in sorted(quantities.items()) if quantity)


def _prices(prices: Mapping[str, Fraction]) -> tuple[Price, ...]:
    return tuple(Price(name, price) for name, price in sorted(prices.items()) if price > 0)


def _stood(position: Position) -> Stood:
    contract = position.contract
    stands_for = position.parts[0].stands_for if position.parts else contract.asset
    return Stood(
        contract=contract.name,
        contracts=position.contracts,
        entry_price=position.entry_price,
        hedge=position.held_for(Purpose.HEDGE),
        stands_for=stands_for,
        margin=position.margin,
        asset=contract.asset,
        kind=contract.kind,
        multiplier=contract.multiplier,
        settle=contract.settle,
        expiry=contract.expiry,
    )


def _position(row: Stood) -> Position:
    contract = contract_of(
        row.contract, asset=row.asset, kind=row.kind, multiplier=row.multiplier, settle=row.settle, expiry=row.expiry
    )
    return opened(
        contract, contracts=row.contracts, entry_price=row.entry_price, hedge=row.hedge, margin=row.margin,
        stands_for=row.stands_for,
    )  # fmt: skip


def _more(before: Mapping[str, Fraction], after: Mapping[str, Fraction]) -> tuple[Coins, ...]:
    step = Fraction(1, 10**8)
    changes = {asset: after.get(asset, ZERO) - before.get(asset, ZERO) for asset in {*before, *after}}
    return _coins({asset: change for asset, change in changes.items() if abs(change) >= step})


def shifts(before: Mapping[str, Position], after: Mapping[str, Position]) -> Iterator[Shift]:
    """The positions that are others after than before, by contract; an entry with fewer digits is the same."""
    for name in sorted({*before, *after}):
        was, now = _net(before.get(name)), _net(after.get(name))
        same_entry = was[1] is None or now[1] is None or agrees(now[1], was[1])
        if was[0] != now[0] or not same_entry:
            yield Shift(name, was[0], now[0], was[1], now[1])


def _net(position: Position | None) -> tuple[Fraction, Fraction | None]:
    if position is None or not position.contracts:
        return ZERO, None
    return position.contracts, position.entry_price


def _worth(book: Book, statement: Stated) -> Fraction:
    """Dollars of coins and open positions, at a statement's prices."""
    market = statement.market()
    coins = [quantity * market.prices.get(asset, ZERO) for asset, quantity in book.holdings.items()]
    return total([*coins, *(_pnl_usd(position, market) for position in book.positions.values())])


def _pnl_usd(position: Position, market: Market) -> Fraction:
    contract = position.contract
    if contract.asset not in market.prices:
        return ZERO
    rate = market.prices.get(contract.settle, ONE if contract.kind is Kind.LINEAR else ZERO)
    return contract.pnl(position.contracts, position.entry_price, market.mark(contract)) * rate
