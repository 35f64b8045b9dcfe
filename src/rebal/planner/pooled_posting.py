"""What is moved into and out of pooled accounts: each leg's own coin for its share of the need, then other coins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.frozen import frozen, kept_for
from rebal.market.pooled import Coin, Counted, Part, Pool
from rebal.plan import Order, Transfer
from rebal.planner import collateral
from rebal.planner.collateral import Need, Shortage
from rebal.planner.pooled import asked_of, past_alert, pool_of, surveyed
from rebal.planner.posting import free_coins, is_dust, room_for
from rebal.planner.sequence import after_transfers
from rebal.policy import Alert, Posting
from rebal.portfolio import DOLLARS, Account, Portfolio

if TYPE_CHECKING:
    from rebal.market.pooled_need import Survey

_NO_NEED = Need(ZERO, ZERO, ZERO, ZERO)
_CENT = Fraction(1, 100)


@frozen
class Posted:
    """Coins moved in and out of pooled accounts, and what is missing where coins do not do."""

    arriving: tuple[Transfer, ...]
    leaving: tuple[Transfer, ...]
    shortages: tuple[Shortage, ...]


def post(
    before: Book, filled: Book, orders: Sequence[Order], *, portfolio: Portfolio, taken: Mapping[str, Fraction],
    tops_up: bool = True, letting_go: Sequence[str] | None = None,
) -> Posted:  # fmt: skip
    """The least transfers that keep the policy in every pooled account that orders touch, or that stands in alert.

    ``filled``: the book once the orders are filled and their fees paid; ``taken``: free coins that go elsewhere. In:
    as the policy says, by default of each traded contract's own coin what its positions ask for, then dollars, then the
    coin of which most counts; out, only of those own coins, what the orders free: the least of what is there beyond the
    need, and of what the need fell by. With ``letting_go``, coins in the order in which they leave, out of every coin
    that is there, these first, and where fees come in too. Of an account that nothing trades and that coins do not
    bring where it should be none come that are not worth the least order.
    """
    free = {asset: free_coins(asset, before, portfolio) - taken.get(asset, ZERO) for asset in before.holdings}
    arriving: list[Transfer] = []
    leaving: list[Transfer] = []
    shortages: list[Shortage] = []
    for account in portfolio.pools:
        key = portfolio.at(account.name)
        traded = sorted({each.fee_currency for each in orders if portfolio.contracts[each.contract].account == key})
        then, now = (pool_of(account, book, portfolio) for book in (before, filled))
        alarmed = past_alert(then, portfolio, portfolio.policy.alert)
        if not traded and not (tops_up and alarmed):
            continue
        own = _filled_for(traded, now)
        room = room_usd(account, before, portfolio)
        fees = fees_at(key, orders, portfolio)
        purse = _Purse(account, own, free, room, asked_of(portfolio), portfolio, fees, is_traded=bool(traded))
        moved, lacks = _filling(now, purse)
        arriving += moved
        if lacks is not None:
            shortages.append(lacks)
        if lacks is not None or alarmed:
            continue
        if letting_go is not None:
            there = pool_of(account, after_transfers(filled, moved, portfolio), portfolio)
            leaving += _let_go(then, there, purse, letting_go)
        elif not moved:
            leaving += _freed(then, now, purse)
    return Posted(tuple(arriving), tuple(leaving), tuple(shortages))


def filled(
    account: Account, book: Book, portfolio: Portfolio, *, level: Alert, free: Mapping[str, Fraction]
) -> list[Transfer]:
    """The coins that bring a pooled account to a level, as far as there are; ``free``: what could come, by asset."""
    pool = pool_of(account, book, portfolio)
    purse = _Purse(account, open_in(pool), dict(free), room_usd(account, book, portfolio), level, portfolio)
    return _filling(pool, purse)[0]


def least(
    account: Account, book: Book, portfolio: Portfolio, *, free: Mapping[str, Fraction], fees: Mapping[str, Fraction]
) -> tuple[dict[str, Fraction], Shortage | None]:
    """The coins that make a pooled account keep the policy, by asset, whatever may sit there; what is then missing.

    ``free``: what could come, by asset; ``fees``: what its orders have paid, by coin.
    """
    pool = pool_of(account, book, portfolio)
    purse = _Purse(account, open_in(pool), dict(free), None, asked_of(portfolio), portfolio, fees)
    moved, lacks = _filling(pool, purse)
    return {each.asset: each.quantity for each in moved}, lacks


def asked_in_alert(
    account: Account, book: Book, portfolio: Portfolio, *, free: Mapping[str, Fraction]
) -> tuple[list[Transfer], Shortage | None]:
    """What tops up a pooled account that stands in alert, of free coins, and what is then missing; else nothing."""
    pool = pool_of(account, book, portfolio)
    if not past_alert(pool, portfolio, portfolio.policy.alert):
        return [], None
    room, level = room_usd(account, book, portfolio), asked_of(portfolio)
    return _filling(pool, _Purse(account, open_in(pool), dict(free), room, level, portfolio, is_traded=False))


def fees_at(at: str, orders: Sequence[Order], portfolio: Portfolio) -> dict[str, Fraction]:
    """What orders at an account pay, by coin."""
    fees: dict[str, Fraction] = {}
    for each in orders:
        if portfolio.contracts[each.contract].account == at:
            fees[each.fee_currency] = fees.get(each.fee_currency, ZERO) + each.fee
    return fees


def _filled_for(traded: Sequence[str], now: Pool) -> tuple[str, ...]:
    # of a coin of which nothing is left, and that nobody holds, there is nothing to post
    return tuple(asset for asset in traded if asset in now.parts) if traded else open_in(now)


def open_in(pool: Pool) -> tuple[str, ...]:
    """The coins that the open positions of an account settle in."""
    return tuple(sorted({each.held.contract.settle for each in pool.positions}))


def room_usd(account: Account, book: Book, portfolio: Portfolio) -> Fraction | None:
    """Dollars that an account may still take; None: as many as there are."""
    key = portfolio.at(account.name)
    return room_for(key, "USD", book=book, portfolio=portfolio)


@frozen
class _Purse:
    """An account to be filled: its free coins by asset, the dollars it may still take (None: any), and what it keeps.

    ``own``: the coins of the contracts that it is filled for, each of which is posted first for its own share.
    ``fees``: those that its orders have paid, by coin: posted on top as far as coins are there, and no more missed.
    ``is_traded``: whether what is moved is for orders, or to the rescue of what stands; else it tops up.
    """

    account: Account
    own: tuple[str, ...]
    free: dict[str, Fraction]
    room: Fraction | None
    level: Alert
    portfolio: Portfolio
    fees: Mapping[str, Fraction] = field(default_factory=dict)
    is_traded: bool = True

    def posts(self, asset: str) -> bool:
        """Whether the policy has one of its own coins moved in at all."""
        words = {Posting.BEST, Posting.OWN, asset, *([Posting.DOLLARS] if asset in self.portfolio.cash else [])}
        return not words.isdisjoint(self.portfolio.policy.post)

    @property
    def names_dollars(self) -> bool:
        """Whether the venue, the account or the policy says that dollars, not a coin of them, are collateral."""
        pooling = self.account.pooling
        return DOLLARS in self.portfolio.policy.post or (pooling is not None and DOLLARS in pooling.collateral)

    def wallet(self, asset: str, balance: Fraction = ZERO) -> collateral.Account:
        """A coin of the account as a wallet, as it is named where coins are missing."""
        key = self.portfolio.at(self.account.name)
        return collateral.Account(asset, None, balance, (), (), traded=self.is_traded, at=key)

    def most(self, asset: str, moved: Mapping[str, Fraction]) -> Fraction:
        """Coins of a kind that may still be brought, once some were moved; dollars at a bank where they are named."""
        price = self.portfolio.price
        if asset == DOLLARS and not self.names_dollars:
            return ZERO
        there = self.free.get(asset, ZERO) - moved.get(asset, ZERO)
        if self.room is not None:
            brought = total(quantity * price(coin) for coin, quantity in moved.items())
            there = min(there, (self.room - brought) / price(asset))
        return down(max(ZERO, there), COIN_STEP)


def _filling(pool: Pool, purse: _Purse) -> tuple[list[Transfer], Shortage | None]:
    """The transfers that fill an account, and what is then missing.

    Where all that may sit there does not do with the coins in the policy's order, they are brought by how much counts.
    """
    start = _Filling(surveyed(pool, purse.portfolio, level=purse.level), purse).repaid()
    if not start.moved and start.account.keeps:
        return [], None
    order = tuple(posting_order(start.account, purse.own, purse.portfolio))
    filling = start.filled(order)
    room = purse.room
    if room is not None and start.account.before(purse.fees).lifted_by(room) and not _suffices(filling):
        ratios = {asset: _first_ratio(part.coin) for asset, part in pool.parts.items()}
        by_worth = start.filled(sorted(order, key=lambda each: -ratios[each[0]]))
        filling = by_worth if _suffices(by_worth) else filling
    lacks = _shortage(filling, order)
    if lacks is not None and (worth := filling.without_dust()) is not filling:
        filling, lacks = worth, _shortage(worth, order)
    moved = {asset: quantity for asset, quantity in filling.moved.items() if quantity}
    for asset, quantity in moved.items():
        purse.free[asset] -= quantity
    return [Transfer(asset, None, quantity, purse.account.name) for asset, quantity in moved.items()], lacks


@frozen
class _Filling:
    """An account while it is filled: as it stands, the coins brought so far, and of these what fees would borrow."""

    account: "Survey"
    purse: _Purse
    moved: Mapping[str, Fraction] = field(default_factory=dict)
    owed: Mapping[str, Fraction] = field(default_factory=dict)

    def repaid(self) -> "_Filling":
        """The account with what fees took: of a coin that is there to be brought it is no reason to borrow it."""
        filling = self
        for asset in filter(self.purse.posts, self.purse.own):
            filling = filling._with(asset, max(ZERO, -filling.held(asset)))
        return _Filling(filling.account, self.purse, filling.moved, filling.moved)

    def filled(self, order: Iterable[tuple[str, Fraction | None]]) -> "_Filling":
        """The least is there: what turns out to have been brought in vain is taken back, where it is worth a cent.

        Nothing was brought in vain where all of it does not do.
        """
        filling = self
        for asset, share in order:
            if not self.purse.most(asset, filling.moved):
                continue
            if filling.takes_all(asset):
                filling = filling._with(asset, share)
                continue
            lacking = filling.lacking(asset)
            if lacking == 0:
                break
            filling = filling._with(asset, min((each for each in (lacking, share) if each is not None), default=None))
        for asset in [*filling.moved][-2::-1] if filling.account.keeps else ():
            filling = filling._without_vain(asset)
        return filling

    def held(self, asset: str) -> Fraction:
        """Coins there, without unrealised PnL."""
        return self.account.parts[asset].coin.balance

    def lacking(self, asset: str) -> Fraction | None:
        """Coins of a kind that are to be brought still; None where none do."""
        return self.account.more_needed(asset)

    def takes_all(self, asset: str) -> bool:
        """Whether all of a coin that may be brought cannot do, though it counted in full."""
        there = self.purse.most(asset, self.moved)
        return not self.account.lifted_by(there * self.purse.portfolio.price(asset))

    def _with(self, asset: str, most: Fraction | None) -> "_Filling":
        """With coins of a kind, so many at most and no more than count (None: as many as count)."""
        there = self.purse.most(asset, self.moved)
        counting = _counting(self.account.parts[asset]) if most is None else most
        quantity = there if counting is None else min(there, up(counting, COIN_STEP))
        dust = quantity * self.purse.portfolio.price(asset) < _CENT and (most is None or quantity < most)
        return self if dust or not quantity else self._moving(asset, quantity)

    def without_dust(self) -> "_Filling":
        """Without the coins that are worth no move, as they do not do."""
        filling = self
        for asset, quantity in self.moved.items():
            if is_dust(quantity, self.purse.wallet(asset), portfolio=self.purse.portfolio):
                filling = filling._moving(asset, -quantity)
        return filling

    def _without_vain(self, asset: str) -> "_Filling":
        here, least = self.moved[asset], self.owed.get(asset, ZERO)
        bare = self._moving(asset, least - here)
        lacking = bare.lacking(asset)
        if lacking is None or (here - least - lacking) * self.purse.portfolio.price(asset) < _CENT:
            return self
        return bare._moving(asset, lacking)

    def _moving(self, asset: str, quantity: Fraction) -> "_Filling":
        moved = {**self.moved, asset: self.moved.get(asset, ZERO) + quantity}
        return _Filling(self.account.having(asset, quantity), self.purse, moved, self.owed)


def posting_order(account: "Survey", own: Sequence[str], portfolio: Portfolio) -> Iterator[tuple[str, Fraction | None]]:
    """The coins to post, first to last as the policy says, each with how many of it at most: None without a limit.

    ``own``: each of the contracts' own coins for what its positions ask for. Of the coins of one word that of which
    most counts comes first.
    """
    ranked = sorted(account.parts, key=lambda asset: (-_first_ratio(account.parts[asset].coin), asset))
    for word in portfolio.policy.post:
        for asset in ranked:
            if word == Posting.OWN:
                if asset in own:
                    yield asset, account.alone(asset).more_needed(asset)
            elif word in (asset, Posting.BEST) or (word == Posting.DOLLARS and asset in portfolio.cash):
                yield asset, None


def _first_ratio(coin: Coin) -> Fraction:
    slices = coin.collateral.slices
    return slices[0].ratio if slices else ZERO


def _counting(part: Part) -> Fraction | None:
    """Coins more of a kind that count at today's prices; None: any."""
    coin = part.coin
    counting = [each for each in coin.collateral.slices if each.ratio]
    last = counting[-1].up_to if counting else ZERO
    if last is None:
        return None
    edge = last if coin.collateral.counted is Counted.COINS else last / coin.price
    return max(ZERO, edge - part.equity)


def _suffices(filling: _Filling) -> bool:
    """Whether nothing is missing; leverage is tested before the fees."""
    return filling.account.before(filling.purse.fees).keeps


def _shortage(filling: _Filling, order: Sequence[tuple[str, Fraction | None]]) -> Shortage | None:
    """What is still missing, in the first coin of which some amount would do, else in dollars of credit."""
    if _suffices(filling):
        return None
    purse, account = filling.purse, filling.account.before(filling.purse.fees)
    for asset, _ in order:
        lacking, held = account.more_needed(asset), filling.held(asset)
        if lacking is not None:
            there = purse.wallet(asset, held)
            return Shortage(there, held + lacking, held, _NO_NEED, held + (filling.lacking(asset) or lacking))
    credit = account.judged.credit
    return Shortage(purse.wallet(DOLLARS), credit + account.lacking, credit, _NO_NEED, is_credit=True)


def _freed(then: Pool, now: Pool, purse: _Purse) -> Iterator[Transfer]:
    portfolio = purse.portfolio
    was, left = (surveyed(pool, portfolio, level=purse.level) for pool in (then, now))
    for asset in purse.own:
        if asset not in was.parts:
            continue
        before, after = was.balance_needed(asset), left.balance_needed(asset)
        if before is None or after is None:
            continue
        part = left.parts[asset]
        kept = after + max(ZERO, part.open.gained) if after else ZERO
        out = down(max(ZERO, min(part.coin.balance - kept, before - after)), COIN_STEP)
        if out:
            left = left.having(asset, -out)
            yield Transfer(asset, None, -out, purse.account.name)


def _let_go(then: Pool, now: Pool, purse: _Purse, first: Sequence[str]) -> Iterator[Transfer]:
    """What orders free of all coins together: of each what its share of the need fell by, never unrealised profit.

    The share of a coin is the least of it with the coins before it at theirs and those after it as they are, so that no
    dollar of the need counts in two coins: first the coins of the orders, then those of which the least counts. What is
    set aside stays where it is.
    """
    portfolio = purse.portfolio
    was, left = (surveyed(pool, portfolio, level=purse.level) for pool in (then, now))
    owned = (asset for asset, part in was.parts.items() if part.coin.balance > 0)
    there = [asset for asset in owned if asset not in portfolio.aside]
    rest = sorted(there, key=lambda asset: (_first_ratio(was.parts[asset].coin), asset))
    order = tuple(asset for asset in dict.fromkeys((*first, *rest)) if asset in there)
    before = kept_for(portfolio, ("shares", purse.level, order), (then,), work=lambda: _shares(was, order))
    # what closing leaves owing stays owed: no share of the need is met by repaying it
    held = [asset for asset in order if asset in left.parts and left.parts[asset].coin.balance > 0]
    for asset, after in _shares(left, held).items():
        part = left.parts[asset]
        kept = after + max(ZERO, part.open.gained) if after else ZERO
        out = down(max(ZERO, min(part.coin.balance - kept, before[asset] - after)), COIN_STEP)
        if out:
            yield Transfer(asset, None, -out, purse.account.name)


def _shares(account: "Survey", order: Iterable[str]) -> dict[str, Fraction]:
    """The least of each coin in turn, those before it at their least; all of one of which no amount does.

    What covers an unrealised loss is a part of it: without it the coin would be borrowed.
    """
    found: dict[str, Fraction] = {}
    for asset in order:
        part = account.parts[asset]
        there, needed = part.coin.balance, account.balance_needed(asset)
        least = max(there if needed is None else needed, min(there, -part.open.gained))
        if least != there:
            account = account.having(asset, least - there)
        found[asset] = least
    return found
