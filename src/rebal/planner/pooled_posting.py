"""What is moved into and out of pooled accounts: each leg's own coin for its share of the need, then other coins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rebal.amounts import COIN_STEP, ZERO, Fraction, down, total, up
from rebal.book import Book
from rebal.frozen import frozen
from rebal.market.pooled import Coin, Counted, Pool, judge
from rebal.plan import Order, Transfer
from rebal.planner import collateral
from rebal.planner.collateral import Need, Shortage, free_coins, room_for
from rebal.planner.pooled import asked_of, balance_needed, coins_lacking, past_alert, pool_of, with_more
from rebal.portfolio import Account, Alert, Portfolio, Posting

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
    tops_up: bool = True,
) -> Posted:  # fmt: skip
    """The least transfers that keep the policy in every pooled account that orders touch, or that stands in alert.

    ``filled``: the book once the orders are filled and their fees paid; ``taken``: free coins that go elsewhere. In:
    as the policy says, by default of each traded contract's own coin what its positions ask for, then dollars, then the
    coin of which most counts; out, only of those own coins, what the orders free: the least of what is there beyond the
    need, and of what the need fell by.
    """
    free = {asset: free_coins(asset, before, portfolio) - taken.get(asset, ZERO) for asset in before.holdings}
    arriving: list[Transfer] = []
    leaving: list[Transfer] = []
    shortages: list[Shortage] = []
    for account in portfolio.pools:
        key = portfolio.account_key(account.name) or ""
        traded = sorted({each.fee_currency for each in orders if portfolio.contracts[each.contract].account == key})
        then, now = (pool_of(account, book, portfolio) for book in (before, filled))
        alarmed = past_alert(then, portfolio, portfolio.policy.alert)
        if not traded and not (tops_up and alarmed):
            continue
        own = tuple(traded) or open_in(now)
        purse = _Purse(account, own, free, room_usd(account, before, portfolio), asked_of(portfolio), portfolio)
        moved, lacks = _filling(now, purse)
        arriving += moved
        if lacks is not None:
            shortages.append(lacks)
        if traded and not moved and lacks is None and not alarmed:
            leaving += _freed(then, now, purse)
    return Posted(tuple(arriving), tuple(leaving), tuple(shortages))


def filled(account: Account, book: Book, portfolio: Portfolio, *, level: Alert) -> tuple[list[Transfer], bool]:
    """The coins that bring a pooled account to a level, and whether they are enough to."""
    pool = pool_of(account, book, portfolio)
    free = {asset: free_coins(asset, book, portfolio) for asset in book.holdings}
    purse = _Purse(account, open_in(pool), free, room_usd(account, book, portfolio), level, portfolio)
    moved, lacks = _filling(pool, purse)
    return moved, lacks is None


def open_in(pool: Pool) -> tuple[str, ...]:
    """The coins that the open positions of an account settle in."""
    return tuple(sorted({each.held.contract.settle for each in pool.positions}))


def room_usd(account: Account, book: Book, portfolio: Portfolio) -> Fraction | None:
    """Dollars that an account may still take; None: as many as there are."""
    key = portfolio.account_key(account.name) or ""
    return room_for(key, "USD", book=book, portfolio=portfolio)


@frozen
class _Purse:
    """An account to be filled: its free coins by asset, the dollars it may still take (None: any), and what it keeps.

    ``own``: the coins of the contracts that it is filled for, each of which is posted first for its own share.
    """

    account: Account
    own: tuple[str, ...]
    free: dict[str, Fraction]
    room: Fraction | None
    level: Alert
    portfolio: Portfolio

    def posts(self, asset: str) -> bool:
        """Whether the policy has a coin moved in at all."""
        post = frozenset(self.portfolio.policy.post)
        is_own, is_cash = asset in self.own, asset in self.portfolio.cash
        words = {Posting.BEST, asset} | ({Posting.OWN} if is_own else set()) | ({Posting.DOLLARS} if is_cash else set())
        return not words.isdisjoint(post)

    def most(self, asset: str, brought_usd: Fraction) -> Fraction:
        """Coins of a kind that may be brought, once some dollars were."""
        there = max(ZERO, self.free.get(asset, ZERO))
        if self.room is not None:
            there = min(there, max(ZERO, self.room - brought_usd) / self.portfolio.price(asset))
        return down(there, COIN_STEP)


def _filling(pool: Pool, purse: _Purse) -> tuple[list[Transfer], Shortage | None]:
    """The transfers that fill an account, and what is then missing.

    Where all that may sit there does not do with the coins in the policy's order, they are brought by how much counts.
    """
    filling = _Filling.of(pool, purse)
    order = tuple(posting_order(filling.pool, purse.own, purse.portfolio, level=purse.level))
    filling.fill(order)
    if purse.room is not None and _shortage(filling.pool, purse) is not None:
        ratios, by_worth = {coin.asset: _first_ratio(coin) for coin in pool.coins}, _Filling.of(pool, purse)
        by_worth.fill(sorted(order, key=lambda each: -ratios[each[0]]))
        filling = filling if _shortage(by_worth.pool, purse) else by_worth
    transfers = [
        Transfer(asset, None, quantity, purse.account.name) for asset, quantity in filling.moved.items() if quantity
    ]
    for asset, quantity in filling.moved.items():
        purse.free[asset] -= quantity
    return transfers, _shortage(filling.pool, purse)


@dataclass(slots=True)
class _Filling:
    """An account while it is filled: as it stands, the coins brought so far, and of these what fees would borrow."""

    pool: Pool
    purse: _Purse
    moved: dict[str, Fraction] = field(default_factory=dict)
    repaid: Mapping[str, Fraction] = field(default_factory=dict)

    @classmethod
    def of(cls, pool: Pool, purse: _Purse) -> "_Filling":
        """The account with what fees took: of a coin that is there to be brought it is no reason to borrow it."""
        filling = cls(pool, purse)
        for asset in filter(purse.posts, purse.own):
            filling._bring(asset, up(max(ZERO, -_held(filling.pool, asset)), COIN_STEP))
        filling.repaid = dict(filling.moved)
        return filling

    def fill(self, order: Iterable[tuple[str, Fraction | None]]) -> None:
        """Bring the least: what turns out to have been brought in vain is taken back, where it is worth a cent."""
        for asset, share in order:
            lacking = self._lacking(asset)
            if lacking == 0:
                break
            self._bring(asset, min((each for each in (lacking, share) if each is not None), default=None))
        for asset in list(reversed(self.moved))[1:]:
            self._take_back(asset, self.repaid.get(asset, ZERO))

    def _lacking(self, asset: str) -> Fraction | None:
        return coins_lacking(self.pool, asset, self.purse.portfolio, level=self.purse.level)

    def _bring(self, asset: str, most: Fraction | None) -> None:
        """Bring coins of a kind, so many at most and no more than count (None: as many as count)."""
        brought = total(quantity * self.purse.portfolio.price(coin) for coin, quantity in self.moved.items())
        there = self.purse.most(asset, brought) - self.moved.get(asset, ZERO)
        counting = _counting(self.pool, asset) if most is None else most
        quantity = there if counting is None else min(there, up(counting, COIN_STEP))
        if quantity > 0:
            self._move(asset, quantity)

    def _take_back(self, asset: str, least: Fraction) -> None:
        moved, pool, here = dict(self.moved), self.pool, self.moved[asset]
        self._move(asset, least - here)
        lacking = self._lacking(asset)
        if lacking is not None:
            self._move(asset, min(here - least, up(lacking, COIN_STEP)))
        if lacking is None or (here - self.moved[asset]) * self.purse.portfolio.price(asset) < _CENT:
            self.moved, self.pool = moved, pool

    def _move(self, asset: str, quantity: Fraction) -> None:
        self.moved[asset] = self.moved.get(asset, ZERO) + quantity
        self.pool = with_more(self.pool, asset, quantity)


def posting_order(
    pool: Pool, own: Sequence[str], portfolio: Portfolio, *, level: Alert
) -> Iterator[tuple[str, Fraction | None]]:
    """The coins to post, first to last as the policy says, each with how many of it at most: None without a limit.

    ``own``: each of the contracts' own coins for what its positions ask for. Of the coins of one word that of which
    most counts comes first.
    """
    ranked = sorted(pool.coins, key=lambda coin: (-_first_ratio(coin), coin.asset))
    for word in portfolio.policy.post:
        for coin in ranked:
            if word == Posting.OWN:
                if coin.asset in own:
                    yield coin.asset, _own_share(pool, coin, portfolio, level=level)
            elif word in (coin.asset, Posting.BEST) or (word == Posting.DOLLARS and coin.asset in portfolio.cash):
                yield coin.asset, None


def _first_ratio(coin: Coin) -> Fraction:
    slices = coin.collateral.slices
    return slices[0].ratio if slices else ZERO


def _own_share(pool: Pool, coin: Coin, portfolio: Portfolio, *, level: Alert) -> Fraction | None:
    """Coins that the positions on one coin lack beside what is there of it, were nothing else; None where none do."""
    there = tuple(each for each in pool.positions if each.held.contract.settle == coin.asset)
    return coins_lacking(Pool(pool.rules, (coin,), there), coin.asset, portfolio, level=level)


def _counting(pool: Pool, asset: str) -> Fraction | None:
    """Coins more of a kind that count at today's prices; None: any."""
    coin = next(each for each in pool.coins if each.asset == asset)
    counting = [each for each in coin.collateral.slices if each.ratio]
    last = counting[-1].up_to if counting else ZERO
    if last is None:
        return None
    edge = last if coin.collateral.counted is Counted.COINS else last / coin.price
    pnl = total(each.held.unrealised_pnl for each in pool.positions if each.held.contract.settle == asset)
    return max(ZERO, edge - coin.balance - pnl)


def _held(pool: Pool, asset: str) -> Fraction:
    return next(coin.balance for coin in pool.coins if coin.asset == asset)


def _shortage(pool: Pool, purse: _Purse) -> Shortage | None:
    """What is still missing, in the first coin of which some amount would do."""
    portfolio = purse.portfolio
    key = portfolio.account_key(purse.account.name) or ""
    for asset, _ in posting_order(pool, purse.own, portfolio, level=purse.level):
        lacking, held = coins_lacking(pool, asset, portfolio, level=purse.level), _held(pool, asset)
        if lacking is not None:
            there = collateral.Account(asset, None, held, (), (), at=key)
            return Shortage(there, held + lacking, held, _NO_NEED) if lacking else None
    dollars = collateral.Account("USD", None, ZERO, (), (), at=key)
    judged = judge(pool)
    return Shortage(dollars, max(judged.initial_margin, judged.position_value), judged.credit, _NO_NEED)


def _freed(then: Pool, now: Pool, purse: _Purse) -> Iterator[Transfer]:
    portfolio = purse.portfolio
    for asset in purse.own:
        if asset not in {coin.asset for coin in then.coins}:
            continue
        before, after = balance_needed(then, asset, portfolio), balance_needed(now, asset, portfolio)
        if before is None or after is None:
            continue
        profit = max(ZERO, total(each.held.unrealised_pnl for each in now.positions
                                 if each.held.contract.settle == asset))  # fmt: skip
        kept = after + profit if after else ZERO
        out = down(max(ZERO, min(_held(now, asset) - kept, before - after)), COIN_STEP)
        if out:
            now = with_more(now, asset, -out)
            yield Transfer(asset, None, -out, purse.account.name)
