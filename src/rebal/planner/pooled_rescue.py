"""Bring pooled accounts out of danger: coins that lift their credit where these do, else closing orders, or both."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total
from rebal.book import Book, Position, Purpose
from rebal.findings import Code, Finding, error, info, percent, usd, warning
from rebal.frozen import Worked, frozen, once
from rebal.market.pooled import Part, Pool, judge
from rebal.names import within
from rebal.plan import Order, Rescue, RescueLine, Transfer
from rebal.planner.candidates import tradable
from rebal.planner.collateral import accounts, last_that
from rebal.planner.cover import cover
from rebal.planner.cutting import Closed, Goal, Wallet, fewest_lots
from rebal.planner.desk import Desk
from rebal.planner.exposure import fees_usd, value
from rebal.planner.idle import idle_anywhere
from rebal.planner.pooled import is_past, levels_of, nearest, part_of, past_alert, pool_of, surveyed
from rebal.planner.pooled_posting import filled, room_usd
from rebal.planner.posting import free_coins
from rebal.planner.review import Check, Review
from rebal.planner.sequence import after_orders, after_transfers, realised_by
from rebal.planner.step import carried
from rebal.planner.travelling import from_spot, sent
from rebal.policy import Alert
from rebal.portfolio import DOLLARS, Account, Portfolio

if TYPE_CHECKING:
    from rebal.market.pooled_need import Survey


@frozen
class PooledWay:
    """One way out for a pooled account past its alert: coins moved in, orders that close, whether it is enough."""

    account: Account
    kind: Rescue
    transfers: tuple[Transfer, ...]
    orders: tuple[Order, ...]
    enough: bool


@frozen
class PooledWays:
    """The ways out for a pooled account, none where all is lost; the first that is enough is taken, else the last."""

    account: Account
    ways: tuple[PooledWay, ...]

    @property
    def chosen(self) -> PooledWay | None:
        """The way that the plan takes."""
        if not self.ways:
            return None
        return self.ways[0] if self.ways[0].enough else self.ways[-1]


def pooled_names(book: Book, portfolio: Portfolio) -> tuple[str, ...]:
    """The pooled accounts in which something is open."""
    pools = ((account, pool_of(account, book, portfolio)) for account in portfolio.pools)
    return tuple(account.name or "" for account, pool in pools if pool.positions)


def pooled_ways(
    desk: Desk, goal: Goal, *, names: frozenset[str] | None, taken: Sequence[Transfer], closes_first: Purpose
) -> tuple[PooledWays, ...]:
    """The ways of each pooled account that is past a level. ``taken``: what moves elsewhere already."""
    portfolio, found = desk.portfolio, list[PooledWays]()
    gone = list(taken)
    for account in portfolio.pools:
        pool = pool_of(account, desk.book, portfolio)
        if (names is None or account.name in names) and past_alert(pool, portfolio, goal.beyond):
            moved = _coins_for(account, desk, goal, gone=gone)
            ways = PooledWays(account, tuple(_ways(account, desk, goal, moved=moved, closes_first=closes_first)))
            found.append(ways)
            gone += () if ways.chosen is None else ways.chosen.transfers
    return tuple(found)


def _coins_for(account: Account, desk: Desk, goal: Goal, *, gone: Sequence[Transfer]) -> tuple[Transfer, ...]:
    """The coins that bring an account to where they do: from spot, then, where that is too little, from other accounts.

    Of these what backs nothing there, in the order of the file. ``gone``: what moves elsewhere already.
    """
    portfolio, book = desk.portfolio, desk.book
    came = {asset: from_spot(each for each in gone if each.asset == asset) for asset in book.holdings}
    free = {asset: free_coins(asset, book, portfolio) - came[asset] for asset in book.holdings}
    here = filled(account, book, portfolio, level=goal.best, free=free)
    then = after_transfers(book, here, portfolio)
    if not portfolio.has_several or not past_alert(pool_of(account, then, portfolio), portfolio, goal.least):
        return tuple(here)
    there = _sendable_to(account, desk, gone)
    free = {asset: total(coins for _, coins in found) for asset, found in there.items()}
    wanted = filled(account, then, portfolio, level=goal.best, free=free)
    moves = list(_sent(wanted, there, account, room=room_usd(account, then, portfolio), portfolio=portfolio))
    return (*(out for out, _ in moves), *here, *(into for _, into in moves))


def _sendable_to(
    account: Account, desk: Desk, gone: Sequence[Transfer]
) -> dict[str, tuple[tuple[Account, Fraction], ...]]:
    """What can arrive from the other accounts, of what backs nothing there, by asset, in the order of the file.

    Less the fee of the withdrawal, and none where it would be below the least. ``gone``: what moves already.
    """
    portfolio = desk.portfolio
    loose = idle_anywhere(desk.book, accounts(desk.book, desk.book, (), portfolio=portfolio), portfolio)
    for each in gone:
        wallet = within(portfolio.at(each.account), each.asset)
        if each.quantity < 0 and wallet in loose:
            loose[wallet] += each.quantity

    def of(other: Account, asset: str) -> Fraction:
        there = loose.get(within(portfolio.at(other.name), asset), ZERO)
        return down(other.sends(asset).arriving(there), COIN_STEP)

    others = [each for each in portfolio.accounts if each is not account]
    return {asset: tuple((each, of(each, asset)) for each in others) for asset in desk.book.holdings}


def _sent(
    wanted: Sequence[Transfer], there: Mapping[str, Sequence[tuple[Account, Fraction]]], account: Account, *,
    room: Fraction | None, portfolio: Portfolio,
) -> Iterator[tuple[Transfer, Transfer]]:  # fmt: skip
    """The moves that bring what is wanted, out of each account in turn as far as it has some, and no less than it may.

    ``room``: dollars that may still sit at the account; None: any.
    """
    for each in wanted:
        price, missing = portfolio.price(each.asset), each.quantity
        for source, coins in there[each.asset]:
            part = min(coins, max(missing, source.sends(each.asset).least_arriving))
            if missing <= 0 or not part or (room is not None and part * price > room):
                continue
            yield sent(each.asset, part, places=(source, account), contracts=(None, None))
            missing -= part
            room = None if room is None else room - part * price


def _ways(
    account: Account, desk: Desk, goal: Goal, *, moved: tuple[Transfer, ...], closes_first: Purpose
) -> Iterator[PooledWay]:
    portfolio, book = desk.portfolio, _book_of(account, desk)
    with_coins = after_transfers(book, [each for each in moved if each.account == account.name], portfolio)
    pool, brought = (pool_of(account, each, portfolio) for each in (book, with_coins))
    if judge(brought).credit <= 0:
        return
    enough = not past_alert(brought, portfolio, goal.least)
    if moved:
        yield PooledWay(account, Rescue.COINS, moved, (), enough)
    if judge(pool).credit > 0:
        cut = _Cut(account, book, closes_first, desk)
        closed = fewest_lots(cut, goal.least)
        saved = not past_alert(cut.left(closed), portfolio, goal.beyond)
        yield PooledWay(account, Rescue.CLOSE, (), cut.orders(closed), saved)
    if moved and not enough:
        cut = _Cut(account, with_coins, closes_first, desk)
        closed = fewest_lots(cut, goal.least)
        left = cut.left(closed)
        needed = moved if left.positions else _paying(moved, closed, cut, book)
        yield PooledWay(account, Rescue.BOTH, needed, cut.orders(closed), not past_alert(left, portfolio, goal.beyond))


def _paying(moved: tuple[Transfer, ...], closed: Closed, cut: "_Cut", book: Book) -> tuple[Transfer, ...]:
    """Of moves those that pay what closing all of it leaves owing: once nothing is open coins are of no other use.

    Of what comes from spot in turn, the last no more than that takes; all of them where it does not do. ``book``: the
    account without them.
    """

    def owes(moves: tuple[Transfer, ...]) -> bool:
        filled_up = replace(cut, book=after_transfers(book, moves, cut.desk.portfolio))
        return judge(filled_up.left(closed)).credit < 0

    spot = tuple(each for each in moved if each.other_account is None)
    pays = next((n for n in range(len(spot) + 1) if not owes(spot[:n])), None)
    if not pays:
        return moved if pays is None else ()
    *before, last = spot[:pays]
    return (*before, _least_of(last, lambda less: not owes((*before, less))))


def _least_of(move: Transfer, pays: Callable[[Transfer], bool]) -> Transfer:
    """The least of a move that pays."""

    def less(steps: int) -> Transfer:
        return replace(move, quantity=move.quantity - steps * COIN_STEP)

    return less(last_that(lambda steps: pays(less(steps)), int(move.quantity / COIN_STEP)))


def _book_of(account: Account, desk: Desk) -> Book:
    """The part of the book that sits at an account, with all that is owned."""
    key = desk.portfolio.at(account.name)
    wallets = {wallet: held for wallet, held in desk.book.wallets.items() if wallet.rpartition(":")[0] == key}
    positions = {name: each for name, each in desk.book.positions.items() if each.contract.account == key}
    return Book(desk.book.holdings, wallets, positions)


@frozen
class _Cut(Worked):
    """A pooled account that is brought to a level by closing: only the coins that something is closed in are new."""

    account: Account
    book: Book
    first: Purpose
    desk: Desk

    @once
    def open_to_orders(self) -> tuple[Position, ...]:
        """Its positions that an order can be placed on."""
        return tuple(each for each in self.book.open_positions if tradable(each.contract, now=self.desk.now))

    def room(self, position: Position, *, only_first: bool) -> Fraction:
        """Contracts of a position that may be closed."""
        return self._wallets[position.contract.settle].room(position, only_first=only_first)

    def orders(self, closed: Closed) -> tuple[Order, ...]:
        """The orders that close so many contracts."""
        return tuple(order for wallet in self._wallets.values() for order in wallet.orders(closed))

    def past(self, closed: Closed, level: Alert) -> bool:
        """Whether it is past a level once so much is closed."""
        return is_past(self._once(closed, level), self.left(closed), self.desk.portfolio, level=level)

    def short(self, closed: Closed, level: Alert) -> Fraction:
        """Dollars of credit that it lacks, those of each path added up, so that mending any of them tells."""
        lacks = self._once(closed, level).short()
        return total(each for each in lacks if each > 0) or max(lacks)

    def gain(self, better: Fraction, contract: str, contracts: Fraction) -> Fraction:
        """By the dollars that are closed: lots of several coins are of several sizes."""
        portfolio = self.desk.portfolio
        return better / portfolio.notional_usd(portfolio.contracts[contract], contracts)

    def floor(self, runner_up: Fraction) -> Fraction:
        """As far as nothing else helps more."""
        return max(ZERO, runner_up)

    def left(self, closed: Closed) -> Pool:
        """The account once so much is closed."""
        parts = {**self._pool.parts, **self._parts(closed)}
        positions = tuple(each for part in parts.values() for each in part.open.positions)
        return Pool(self._pool.rules, tuple(part.coin for part in parts.values()), positions)

    def _once(self, closed: Closed, level: Alert) -> "Survey":
        if level not in self._surveys:
            self._surveys[level] = surveyed(self._pool, self.desk.portfolio, level=level)
        account = self._surveys[level]
        for asset, part in self._parts(closed).items():
            account = account.with_part(asset, part)
        return account

    def _parts(self, closed: Closed) -> dict[str, Part]:
        """Each coin that something is closed in, with the positions that are left in it."""
        named = ((self.book.positions[contract].contract.settle, contract, n) for contract, n in closed.items() if n)
        by_coin: dict[str, dict[str, Fraction]] = {}
        for coin, contract, contracts in named:
            by_coin.setdefault(coin, {})[contract] = contracts
        return {coin: self._part(coin, here) for coin, here in by_coin.items()}

    def _part(self, coin: str, closed: dict[str, Fraction]) -> Part:
        known, key = self._seen, (coin, *sorted(closed.items()))
        if key not in known:
            wallet = self._wallets[coin]
            left = after_orders(wallet.book, wallet.orders(closed), self.desk.portfolio)
            known[key] = part_of(self.account, coin, left, portfolio=self.desk.portfolio)
        return known[key]

    @once
    def _pool(self) -> Pool:
        return pool_of(self.account, self.book, self.desk.portfolio)

    @once
    def _surveys(self) -> "dict[Alert, Survey]":
        return {}

    @once
    def _seen(self) -> dict[tuple[Hashable, ...], Part]:
        return {}

    @once
    def _wallets(self) -> dict[str, Wallet]:
        """The positions that settle in each coin, as a wallet: what is closed in one changes no other."""
        portfolio = self.desk.portfolio
        key = portfolio.at(self.account.name)
        settled = {each.contract.settle for each in self.open_to_orders}
        return {coin: self._wallet(coin, key) for coin in sorted(settled)}

    def _wallet(self, coin: str, key: str) -> Wallet:
        positions = {name: each for name, each in self.book.positions.items() if each.contract.settle == coin}
        closable = tuple(each for each in self.open_to_orders if each.contract.settle == coin)
        wallet = within(key, coin)
        book = Book({}, {wallet: self.book.wallets.get(wallet, ZERO)}, positions)
        return Wallet(coin, None, book, ZERO, closable, self.first, self.desk.portfolio, key)


def pooled_lines(found: Sequence[PooledWays], desk: Desk) -> Iterator[RescueLine]:
    """A row a way, as of wallets; several coins stand under ``transfers``, and ``coins`` counts the first."""
    return (_line(way, desk, chosen=way is each.chosen) for each in found for way in each.ways)


def _line(way: PooledWay, desk: Desk, *, chosen: bool) -> RescueLine:
    portfolio = desk.portfolio
    left = carried(portfolio, desk.book, orders=way.orders, transfers=way.transfers)
    pool = pool_of(way.account, left.book, portfolio)
    judged, close = judge(pool), nearest(levels_of(pool, portfolio))
    valued, covered = value(portfolio, left.book), cover(portfolio, left.book)
    realised = ((realised_by(each, desk.book, portfolio.contracts[each.contract]), each) for each in way.orders)
    leverage = judged.position_value / judged.credit if judged.credit > 0 else None
    arriving = [each for each in way.transfers if each.quantity > 0]
    return RescueLine(
        wallet=way.account.name or "",
        currency=arriving[0].asset if arriving else DOLLARS,
        contract=None,
        way=way.kind,
        coins=total(each.quantity for each in arriving if each.asset == arriving[0].asset),
        transfers=way.transfers,
        contracts={order.contract: order.signed for order in way.orders},
        fees_usd=fees_usd([(order.fee, order.fee_currency) for order in way.orders], portfolio),
        realised_usd=total(coin * portfolio.price(order.fee_currency) for coin, order in realised),
        distance_after=None if close is None else close.distance,
        leverage_after=leverage if pool.positions else ZERO,
        weights={asset: valued.weight(asset) for asset in sorted(valued.exposures)},
        hedge_ratios={asset: covered.ratio(asset) for asset in sorted(valued.exposures) if asset in covered.hedged},
        enough=way.enough,
        chosen=chosen,
    )


def pooled_checks(found: Sequence[PooledWays], names: frozenset[str] | None, *, acts: bool) -> Check:
    """What nothing mends, and what needs nothing though it was named. ``acts``: whether anything is done at all."""
    say = warning if acts else error

    def check(review: Review) -> Iterator[Finding]:
        stood = {line.account: line for line in review.accounts_before}
        for each in found:
            name, way = each.account.name or "", each.chosen
            if way is None:
                credit = stood[name].credit or ZERO
                message = f"its coins count {usd(credit)}, and no free coins lift that: nothing brings it back"
                yield say(Code.NO_EQUITY, name, message, credit_usd=credit)
            elif not way.enough:
                message = "stays past its alert: not enough coins are free, and not all that is open can be closed"
                yield say(Code.UNDER_COLLATERALISED, name, message)
        calm = (names or frozenset()) - {each.account.name for each in found}
        for line in review.accounts_before:
            if line.account in calm and line.credit is not None:
                close = line.nearest
                away = "never liquidated" if close is None else f"liquidation {percent(close.distance)} away"
                yield info(Code.ALERT, line.account or "", f"needs no rescue: {away}")

    return check
