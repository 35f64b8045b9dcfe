"""The rows of the answer: assets, wallets, positions and costs, before and after."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Book, HedgeAsked, MarginMode, Position, Purpose
from rebal.market.carry import DAYS_PER_YEAR, funding_coins_per_day, funding_usd_per_day
from rebal.market.contract import Contract
from rebal.market.margin import (
    Factors,
    Held,
    liquidation,
    maintenance_margin,
    pnl_of,
    value_of,
)
from rebal.plan import (
    AssetLine,
    CostLine,
    Costs,
    DayCost,
    HedgeLine,
    Order,
    PositionLine,
    Setting,
    Standing,
    Transfer,
    Wallet,
)
from rebal.planner.account_lines import estimates
from rebal.planner.collateral import Account, account_leverage, balance_at, need
from rebal.planner.cover import Cover
from rebal.planner.exposure import Valuation, held_position
from rebal.planner.posting import free_coins
from rebal.planner.step import Outcome
from rebal.planner.targets import Aims, target
from rebal.portfolio import DOLLARS, Portfolio

_DAYS = (0, 30, 60, 90, 180, 365)
"""The days from today by which a plan says what it has cost."""


def asset_lines(
    portfolio: Portfolio,
    before: tuple[Valuation, Cover],
    *,
    after: tuple[Valuation, Cover],
    outside: Callable[[str], bool],
    aims: Aims | None = None,
) -> tuple[AssetLine, ...]:
    """The drift table, by name; the dollars' row where dollars are held, wanted or made by futures."""
    # where nothing is kept as it is they are the targets themselves
    aimed = aims.weights(before[0].equity) if aims is not None and aims.kept else {}
    names = sorted({*before[0].exposures, *after[0].exposures})
    return tuple(
        _asset_line(asset, portfolio, before, after, outside=outside, aimed=aimed)
        for asset in names
        if asset != DOLLARS or _shows_dollars(portfolio, before[0], after[0])
    )


def wallet_lines(
    before: Sequence[Account], after: Sequence[Account], *, books: tuple[Book, Book], portfolio: Portfolio
) -> tuple[Wallet, ...]:
    """A row an account as the plan leaves it, with how it stood; accounts that the plan empties stay in sight."""
    then = {(account.at, account.currency, account.contract or ""): account for account in before}
    now = {(account.at, account.currency, account.contract or ""): account for account in after}
    return tuple(_wallet(then.get(key), now.get(key), book=books[1], portfolio=portfolio) for key in {**then, **now})


def position_lines(
    before: Book, after: Book, *, portfolio: Portfolio, wallets: Sequence[Account]
) -> tuple[PositionLine, ...]:
    """A row a contract that is open before or after."""
    ends, printed = _ends_by_contract(wallets), estimates(after, portfolio)
    return tuple(
        _position_line(
            before.positions.get(name),
            after.positions.get(name),
            portfolio,
            ends=ends.get(name),
            printed=printed.get(name),
        )
        for name in sorted({*before.positions, *after.positions})
    )


def cost_lines(
    orders: Iterable[Order], after: Book, portfolio: Portfolio, *, transfers: Iterable[Transfer] = ()
) -> Costs:
    """Fees of orders and of withdrawals, and the funding of all that is then open; None where a rate is not known."""
    fees = {order.contract: order.fee * portfolio.price(order.fee_currency) for order in orders}
    lines = tuple(
        CostLine(name, fees.get(name, ZERO), position_funding(after.positions.get(name), portfolio))
        for name in sorted({*fees, *after.positions})
    )
    funding = [line.funding_usd_per_day for line in lines]
    known = [rate for rate in funding if rate is not None]
    per_day = total(known) if len(known) == len(funding) else None
    per_year = None if per_day is None else per_day * DAYS_PER_YEAR
    sending = total(each.fee * portfolio.price(each.asset) for each in transfers if each.fee)
    fee = total(fees.values()) + sending
    by_day = () if per_day is None or not (fee or per_day) else tuple(DayCost(n, fee + per_day * n) for n in _DAYS)
    return Costs(fee, per_day, per_year, lines, by_day, sending)


def position_funding(position: Position | None, portfolio: Portfolio) -> Fraction | None:
    """Dollars of funding that a position pays a day (negative: receives); None where its rate is not known."""
    if position is None:
        return ZERO
    contract = position.contract
    rate = portfolio.market.funding_rate(contract)
    return funding_usd_per_day(contract, position.contracts, price=portfolio.mark_usd(contract), rate=rate)


def hedge_lines(hedges: Mapping[str, HedgeAsked]) -> tuple[HedgeLine, ...]:
    """The hedges that were asked for, by asset."""
    return tuple(HedgeLine(asked.asset, asked.fraction, asked.until) for _, asked in sorted(hedges.items()))


def setting_lines(done: Outcome, portfolio: Portfolio) -> tuple[Setting, ...]:
    """Margin mode and leverage of every contract that an order opens or adds to, in placing order.

    The leverage is the account's by the file, within the venue's cap for the position as it is left; no venue is set
    to less than 1. A position that is open keeps its own mode.
    """
    return tuple(_setting(order.contract, done.book, portfolio) for order in done.orders if not order.reduce_only)


def _setting(contract: str, book: Book, portfolio: Portfolio) -> Setting:
    position = book.positions[contract]
    cap = held_position(position, portfolio.market).most_leverage
    leverage = max(ONE, min(account_leverage(position.contract, portfolio.policy), cap))
    return Setting(contract, mode_of(position, portfolio), leverage)


def mode_of(position: Position, portfolio: Portfolio) -> MarginMode:
    """How a position is margined: by its own, else by all coins of a pooled account or by its coin's wallet."""
    if position.margin is not None:
        return MarginMode.ISOLATED
    pooled = portfolio.account(position.contract.account).pooling is not None
    return MarginMode.POOLED if pooled else MarginMode.CROSS


def _shows_dollars(portfolio: Portfolio, *valued: Valuation) -> bool:
    wanted = portfolio.targets is not None and DOLLARS in portfolio.targets
    return wanted or any(each.exposures[DOLLARS] or each.held[DOLLARS] or each.net_exposure(DOLLARS) for each in valued)


def _asset_line(
    asset: str,
    portfolio: Portfolio,
    before: tuple[Valuation, Cover],
    after: tuple[Valuation, Cover],
    *,
    outside: Callable[[str], bool],
    aimed: Mapping[str, Fraction],
) -> AssetLine:
    (valued, cover), (later, cover_later) = before, after
    price, held = portfolio.price(asset), valued.held.get(asset, ZERO)
    wanted = None if portfolio.targets is None else target(asset, portfolio)
    weight = valued.weight(asset)
    is_dollars = asset == DOLLARS
    return AssetLine(
        asset,
        price,
        held,
        held * price,
        valued.exposure(asset),
        weight,
        wanted,
        None if wanted is None or weight is None else weight - wanted,
        None if wanted is None else outside(asset),
        later.exposure(asset),
        weight if later is valued else later.weight(asset),
        None if is_dollars else cover.ratio(asset),
        None if is_dollars else cover_later.ratio(asset),
        valued.net_exposure(asset),
        later.net_exposure(asset),
        aimed.get(asset, wanted),
    )


def _wallet(then: Account | None, now: Account | None, *, book: Book, portfolio: Portfolio) -> Wallet:
    shown = now or then
    assert shown is not None
    currency, held = shown.currency, now.held_after if now else ()
    balance = now.balance if now else ZERO
    standing = standing_line(balance, held, portfolio=portfolio)
    pnl, asked = pnl_of(held), need(held, portfolio)
    owned = book.holdings.get(currency, ZERO)
    below, above = standing.distance_below, standing.distance_above
    if free := free_coins(currency, book, portfolio):
        below, above = liquidation(balance + free, held).distances
    return Wallet(  # by their places, as all rows: a class that is called by names takes them through a dictionary
        currency,
        MarginMode.CROSS if shown.contract is None else MarginMode.ISOLATED,
        balance,
        pnl,
        standing.margin_balance,
        value_of(held),
        standing.leverage,
        asked.initial + pnl if pnl else asked.initial,
        maintenance_margin(held),
        standing.margin_ratio,
        standing.liquidation_below,
        standing.liquidation_above,
        standing.distance_below,
        standing.distance_above,
        shown.contract,
        asked.most,
        balance / owned if owned > 0 else None,
        below,
        above,
        _funding_days(balance, held, portfolio),
        standing_line(then.balance if then else ZERO, then.held_before if then else (), portfolio=portfolio),
        portfolio.account(shown.at).name,
    )


def standing_line(balance: Fraction, held: Sequence[Held], *, portfolio: Portfolio) -> Standing:
    """How a wallet stands with a balance and positions of its currency."""
    if not held:
        if not balance:
            return _EMPTY
        ratio = ZERO if balance > 0 else None
        return Standing(balance, balance, ratio, ratio, None, None, None, None)
    pnl = pnl_of(held)
    margin_balance = balance + pnl if pnl else balance  # as of all that is opened at its mark
    ends, index = liquidation(balance, held), _index(held, portfolio)
    is_covered = margin_balance > 0
    return Standing(
        balance,
        margin_balance,
        value_of(held) / margin_balance if is_covered else None,
        maintenance_margin(held) / margin_balance if is_covered else None,
        _price(ends.below, index),
        _price(ends.above, index),
        *ends.distances,
    )


_EMPTY = Standing(ZERO, ZERO, None, None, None, None, None, None)
"""Of a wallet with nothing in it, as most are before their first plan."""


def _index(held: Sequence[Held], portfolio: Portfolio) -> Fraction | None:
    """The index whose price a wallet's end is told in: none for a wallet of several coins' contracts."""
    assets = {position.contract.asset for position in held}
    if len(assets) > 1:
        return None
    return portfolio.price(assets.pop())


def _price(factor: Fraction | None, index: Fraction | None) -> Fraction | None:
    return None if factor is None or index is None else factor * index


def _funding_days(balance: Fraction, held: Sequence[Held], portfolio: Portfolio) -> Fraction | None:
    paid = [
        funding_coins_per_day(each.contract, each.contracts, price=each.mark_price, rate=rate)
        for each in held
        if (rate := portfolio.market.funding_rate(each.contract)) is not None
    ]
    coins_per_day = total([coins for coins in paid if coins is not None])
    spare = balance - balance_at(held, portfolio.policy.alert) if coins_per_day > 0 else ZERO
    return spare / coins_per_day if spare > 0 else None


def _ends_by_contract(wallets: Iterable[Account]) -> Mapping[str, Factors]:
    ends: dict[str, Factors] = {}
    for account in wallets:
        factors = liquidation(account.balance, account.held_after)
        for position in account.held_after:
            ends[position.contract.name] = factors
    return ends


def _position_line(
    before: Position | None,
    after: Position | None,
    portfolio: Portfolio,
    *,
    ends: Factors | None,
    printed: Fraction | None,
) -> PositionLine:
    open_in = after or before
    assert open_in is not None
    contract: Contract = open_in.contract
    mark = portfolio.market.mark(contract)
    net = after.contracts if after else ZERO
    entry = after.entry_price if after and net else None
    factor = None if ends is None else ends.below if net > 0 else ends.above
    return PositionLine(
        contract.name,
        net,
        before.contracts if before else ZERO,
        after.held_for(Purpose.HEDGE) if after else ZERO,
        after.held_for(Purpose.REBALANCE) if after else ZERO,
        entry,
        mark,
        portfolio.notional_usd(contract, net),
        contract.coins(net, mark),
        contract.pnl(net, entry, mark) if entry is not None else ZERO,
        contract.delta(net, entry) if entry is not None else ZERO,
        after.margin if after else None,
        None if factor is None else factor * mark,
        contract.asset,
        contract.settle,
        portfolio.account(contract.account).name,
        printed,
        mode_of(open_in, portfolio),
    )
