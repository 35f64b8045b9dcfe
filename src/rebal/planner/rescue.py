"""Bring wallets out of danger with the least: coins where they suffice, else coins and the fewest lots to close."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, total, up
from rebal.book import Book, Purpose
from rebal.findings import Code, Finding, coins, error, info, percent, times, warning
from rebal.frozen import frozen
from rebal.market.margin import liquidation, pnl_of, value_of
from rebal.plan import Inputs, Order, Plan, Rescue, RescueLine, Transfer
from rebal.planner.build import answer
from rebal.planner.candidates import tradable
from rebal.planner.collateral import Account, accounts, balance_at, past
from rebal.planner.cover import cover, still_asked
from rebal.planner.cutting import Goal, Wallet, fewest_lots
from rebal.planner.desk import Desk
from rebal.planner.exposure import fees_usd, value
from rebal.planner.idle import idle_elsewhere
from rebal.planner.pooled_rescue import PooledWay, PooledWays, pooled_checks, pooled_lines, pooled_names, pooled_ways
from rebal.planner.posting import free_coins, loose_in_wallets, room_for
from rebal.planner.rebalance import Decided, outside_band
from rebal.planner.rescue_meanwhile import meanwhile
from rebal.planner.review import Check, Review
from rebal.planner.sequence import realised_by
from rebal.planner.step import carried
from rebal.planner.travelling import from_spot, sent
from rebal.policy import Alert, Policy
from rebal.portfolio import Portfolio

_LEAST_MARGIN = Fraction(1, 20)


@frozen
class Way:
    """One way out for an account, and what it leaves: ``transfers`` in, ``orders`` that close, whether it is enough."""

    account: Account
    kind: Rescue
    transfers: tuple[Transfer, ...]
    orders: tuple[Order, ...]
    enough: bool


def build_rescue(
    portfolio: Portfolio,
    book: Book,
    *,
    inputs: Inputs,
    wallets: frozenset[str] | None = None,
    to_policy: bool = False,
    closes_first: Purpose = Purpose.REBALANCE,
    extra: Iterable[Check] = (),
) -> Plan:
    """Plan the least that brings each wallet that is past its alert (``to_policy``: its policy) out of it.

    ``wallets``: names of accounts, a currency or the contract of an isolated position, all of them where None.
    ``closes_first``: the purpose whose legs are closed before the others. Refused where nothing helps any of them.
    """
    desk = Desk.of(portfolio, book, now=inputs.now)
    goal = goal_of(portfolio.policy, to_policy=to_policy)
    asked = [each for each in _listed(desk) if wallets is None or name_of(each) in wallets]
    found, free = _ways_out(asked, goal, desk, closes_first=closes_first)
    chosen = tuple(_chosen(ways) for ways in found.values() if ways)
    moving = [transfer for way in chosen for transfer in way.transfers]
    pools = pooled_ways(desk, goal, names=wallets, taken=moving, closes_first=closes_first)
    taken: list[Way | PooledWay] = [*(each.chosen for each in pools if each.chosen is not None), *chosen]
    orders = tuple(order for way in taken for order in way.orders)
    transfers = [transfer for way in taken for transfer in way.transfers]
    acts = bool(orders or transfers)
    done = carried(desk.portfolio, book, orders=orders, transfers=transfers)
    calm = () if wallets is None else (_calm(asked, found),)
    checks = (*extra, _lost(found, free, acts=acts), _missed(chosen, acts=acts), *calm,
              pooled_checks(pools, wallets, acts=acts), *_meanwhile(found, pools, desk))  # fmt: skip
    decided = Decided(orders, (), outside_band(desk))
    asked_on = still_asked(book, done.book)
    plan = answer("rescue", desk, decided=decided, done=done, inputs=inputs, hedges=asked_on, extra=checks)
    lines = (_line(way, desk, chosen=way in chosen) for ways in found.values() for way in ways)
    return replace(plan, ways=(*pooled_lines(pools, desk), *lines))


def _meanwhile(found: Mapping[Account, tuple[Way, ...]], pools: Iterable[PooledWays], desk: Desk) -> Iterator[Check]:
    for account, ways in found.items():
        if ways:
            yield meanwhile(desk, name_of(account), _chosen(ways), ways=ways, pool=None)
    for each in pools:
        if each.chosen is not None:
            yield meanwhile(desk, each.account.name or "", each.chosen, ways=each.ways, pool=each.account)


def goal_of(policy: Policy, *, to_policy: bool) -> Goal:
    """The levels of a rescue: at the least halfway between alert and policy, and at the policy where coins suffice.

    Ending at the alert itself, it would be asked again at the next tick.
    """
    alert, asked = policy.alert, Alert(policy.shock, policy.leverage)
    if to_policy:
        return Goal(asked, asked, asked)
    nearer = max(asked.distance, alert.distance + 2 * _LEAST_MARGIN * (ONE - alert.distance))
    lower = min(asked.leverage, alert.leverage * (ONE - 2 * _LEAST_MARGIN))
    least = Alert((alert.distance + nearer) / 2, (alert.leverage + lower) / 2)
    return Goal(alert, least, Alert(max(asked.distance, least.distance), min(asked.leverage, least.leverage)))


def name_of(account: Account) -> str:
    """What a wallet is called: the contract of an isolated position, else its currency."""
    return account.name


def rescued_names(portfolio: Portfolio, book: Book) -> tuple[str, ...]:
    """The wallets that could be asked for: those with positions."""
    wallets = (name_of(each) for each in accounts(book, book, (), portfolio=portfolio) if each.held_after)
    return (*pooled_names(book, portfolio), *wallets)


def _listed(desk: Desk) -> list[Account]:
    listed = accounts(desk.book, desk.book, (), portfolio=desk.portfolio)
    return [account for account in listed if account.held_after]


def _ways_out(
    asked: Sequence[Account], goal: Goal, desk: Desk, *, closes_first: Purpose
) -> tuple[dict[Account, tuple[Way, ...]], dict[Account, Fraction]]:
    """The ways of each wallet that needs one, none where all is lost, and the coins that it could have.

    What one takes is not offered to the next.
    """
    found: dict[Account, tuple[Way, ...]] = {}
    free: dict[Account, Fraction] = {}
    purses = {each.wallet: _Purse.of(each, desk) for each in asked}
    for account in asked:
        if past(account.balance, account.held_after, goal.beyond):
            purse = purses[account.wallet]
            free[account] = purse.most(account)
            found[account] = ways = _ways_of(account, purse, goal, desk, closes_first=closes_first)
            moved = _chosen(ways).transfers if ways else ()
            purses |= {name: each.without(moved, account) for name, each in purses.items()}
    return found, free


def _ways_of(account: Account, purse: "_Purse", goal: Goal, desk: Desk, *, closes_first: Purpose) -> tuple[Way, ...]:
    most, equity = purse.most(account), _equity(account)
    if equity + most <= 0:
        return ()
    posted = min(_missing(account, goal.best), most)
    enough = not past(account.balance + posted, account.held_after, goal.least)
    ways = [Way(account, Rescue.COINS, purse.into(account, posted), (), enough)] if posted else []
    if equity > 0:
        ways.append(
            _closing(Rescue.CLOSE, account, posted=ZERO, purse=purse, goal=goal, desk=desk, closes_first=closes_first)
        )
    if posted and not enough:
        ways.append(
            _closing(Rescue.BOTH, account, posted=most, purse=purse, goal=goal, desk=desk, closes_first=closes_first)
        )
    return tuple(ways)


def _equity(account: Account) -> Fraction:
    return account.balance + pnl_of(account.held_after)


def _missing(account: Account, level: Alert) -> Fraction:
    """Coins that bring an account to a level as it stands."""
    short = up(balance_at(account.held_after, level) - account.balance, COIN_STEP)
    # what is covered exactly on the way may be an end of its own: one step more is none
    return short if not past(account.balance + short, account.held_after, level) else short + COIN_STEP


def _closing(
    kind: Rescue, account: Account, *, posted: Fraction, purse: "_Purse", goal: Goal, desk: Desk, closes_first: Purpose
) -> Way:
    book = desk.pot_book("" if desk.portfolio.is_linked else account.currency)
    positions = [book.positions[held.contract.name] for held in account.held_after]
    closable = tuple(each for each in positions if tradable(each.contract, now=desk.now))
    wallet = Wallet(
        account.currency, account.contract, book, posted, closable, closes_first, desk.portfolio, account.at
    )
    closed = fewest_lots(wallet, goal.least)
    balance, left = wallet.left(closed)
    if not left:
        # nothing is open any more: coins are of no use but to pay what closing costs beyond the balance
        posted = min(posted, up(posted - balance, COIN_STEP))
    return Way(account, kind, purse.into(account, posted), wallet.orders(closed), not past(balance, left, goal.beyond))


def _chosen(ways: Sequence[Way]) -> Way:
    return ways[0] if ways[0].enough else ways[-1]


@frozen
class _Purse:
    """Coins of one currency that may be moved: ``free`` in spot, ``loose`` in the futures account behind no position.

    ``elsewhere``: by account, what backs nothing at the others; ``room``: how much of that and of spot may come, None:
    all of it.
    """

    currency: str
    at: str
    portfolio: Portfolio
    free: Fraction
    loose: Fraction
    elsewhere: Mapping[str, Fraction]
    room: Fraction | None

    @classmethod
    def of(cls, account: Account, desk: Desk) -> "_Purse":
        """What may be moved into an account, or into the isolated positions of its wallet."""
        portfolio, currency = desk.portfolio, account.currency
        listed = accounts(desk.book, desk.book, (), portfolio=portfolio)
        inside = ZERO if currency in portfolio.aside else loose_in_wallets(listed).get(account.wallet, ZERO)
        free = free_coins(currency, desk.book, portfolio)
        room = room_for(account.at, currency, book=desk.book, portfolio=portfolio)
        elsewhere = idle_elsewhere(account, desk.book, listed, portfolio=portfolio)
        return cls(currency, account.at, portfolio, free, down(inside, COIN_STEP), elsewhere, room)

    @property
    def outside(self) -> Fraction:
        """Coins that may come from spot."""
        return down(self.free if self.room is None else min(self.free, self.room), COIN_STEP)

    def most(self, account: Account) -> Fraction:
        """Coins that can back an account; a cross wallet's own are behind it already."""
        own = ZERO if account.contract is None else self.loose
        return self.outside + own + total(part for _, part in self._brought(None))

    def into(self, account: Account, quantity: Fraction) -> tuple[Transfer, ...]:
        """The transfers that bring coins in: those that lie loose first, those of other accounts last."""
        if quantity <= 0:
            return ()
        at = self.portfolio.account(self.at)
        drawn = min(quantity, self.loose) if account.contract is not None else ZERO
        here = min(quantity, drawn + self.outside)
        came = [Transfer(self.currency, None, -drawn, at.name)] if drawn else []
        came += [Transfer(self.currency, account.contract, here, at.name)] if here else []
        for name, part in self._brought(quantity - here):
            places = (self.portfolio.account(name), at)
            came += sent(self.currency, part, places=places, contracts=(None, account.contract))
        return tuple(came)

    def _brought(self, missing: Fraction | None) -> Iterator[tuple[str, Fraction]]:
        """What other accounts send in turn, none less than may leave it, nor more than has room; None: all they can."""
        room = total(self.elsewhere.values()) if self.room is None else down(self.room - self.outside, COIN_STEP)
        for name, there in self.elsewhere.items():
            least = self.portfolio.account(name).sends(self.currency).least_arriving
            part = min(there, room) if missing is None else min(there, room, max(missing, least))
            if part <= 0 or part < least:
                continue
            yield name, part
            room -= part
            if missing is not None:
                missing -= part
                if missing <= 0:
                    return

    def without(self, transfers: Iterable[Transfer], account: Account) -> "_Purse":
        """What is left once coins have moved into an account: of its coin everywhere, and of the room where it is."""
        moved = tuple(transfers)
        own = self.portfolio.account(self.at).name
        room = self.room
        if room is not None and account.at == self.at:
            price = self.portfolio.price
            came = total(each.quantity for each in moved if each.account == own)
            room -= came * price(account.currency) / price(self.currency)
        if account.currency != self.currency:
            return replace(self, room=room)
        drawn: dict[str | None, Fraction] = {}
        for each in moved:
            if each.quantity < 0:
                drawn[each.account] = drawn.get(each.account, ZERO) - each.quantity
        elsewhere = {name: coins - drawn.get(name, ZERO) for name, coins in self.elsewhere.items()}
        free, loose = self.free - from_spot(moved), self.loose - drawn.get(own, ZERO)
        return replace(self, free=free, loose=loose, elsewhere=elsewhere, room=room)


def _line(way: Way, desk: Desk, *, chosen: bool) -> RescueLine:
    portfolio, account = desk.portfolio, way.account
    left = carried(portfolio, desk.book, orders=way.orders, transfers=way.transfers)
    after = next((each for each in left.after if name_of(each) == name_of(account) and each.held_after), None)
    valued, covered = value(portfolio, left.book), cover(portfolio, left.book)
    realised = [(realised_by(order, desk.book, portfolio.contracts[order.contract]), order) for order in way.orders]
    return RescueLine(
        wallet=name_of(account),
        currency=account.currency,
        contract=account.contract,
        way=way.kind,
        coins=total(each.quantity for each in way.transfers if each.quantity > 0),
        transfers=way.transfers,
        contracts={order.contract: order.signed for order in way.orders},
        fees_usd=fees_usd([(order.fee, order.fee_currency) for order in way.orders], portfolio),
        realised_usd=total(coin * portfolio.price(order.fee_currency) for coin, order in realised),
        distance_after=None if after is None else _nearest(after),
        leverage_after=ZERO if after is None else _leverage(after),
        weights={asset: valued.weight(asset) for asset in sorted(valued.exposures)},
        hedge_ratios={asset: covered.ratio(asset) for asset in sorted(valued.exposures) if asset in covered.hedged},
        enough=way.enough,
        chosen=chosen,
    )


def _nearest(account: Account) -> Fraction | None:
    return liquidation(account.balance, account.held_after).distance


def _leverage(account: Account) -> Fraction | None:
    equity = _equity(account)
    return value_of(account.held_after) / equity if equity > 0 else None


def _lost(found: Mapping[Account, tuple[Way, ...]], free: Mapping[Account, Fraction], *, acts: bool) -> Check:
    """The check that names the wallets that nothing brings back; an error where there is nothing else to do."""

    def check(_: Review) -> Iterator[Finding]:
        say = warning if acts else error
        for account, ways in found.items():
            if not ways:
                equity, movable = _equity(account), free[account]
                message = (
                    f"its margin balance is {coins(equity, account.currency)} and {coins(movable, account.currency)} "
                    "can be moved in: neither coins nor closing bring it back"
                )
                yield say(Code.NO_EQUITY, name_of(account), message, margin_balance=equity, free_coins=movable)

    return check


def _missed(chosen: Sequence[Way], *, acts: bool) -> Check:
    """The check that names the wallets that stay in danger, because what is open there cannot be closed."""

    def check(_: Review) -> Iterator[Finding]:
        say = warning if acts else error
        for way in chosen:
            if not way.enough:
                stuck = [held.contract.name for held in way.account.held_after]
                message = f"stays past its alert: not enough coins are free, and no order closes {', '.join(stuck)}"
                yield say(Code.UNDER_COLLATERALISED, name_of(way.account), message)

    return check


def _calm(asked: Iterable[Account], found: Mapping[Account, tuple[Way, ...]]) -> Check:
    """The check that says of wallets that were named how they stand, where nothing is to be done for them."""

    def check(_: Review) -> Iterator[Finding]:
        for account in asked:
            if account not in found:
                distance, leverage = _nearest(account), _leverage(account)
                away = "never liquidated" if distance is None else f"liquidation {percent(distance)} away"
                said = away if leverage is None else f"leverage {times(leverage)}, {away}"
                yield info(Code.ALERT, name_of(account), f"needs no rescue: {said}")

    return check
