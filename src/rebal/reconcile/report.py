"""Both sides of an account, line by line; of several accounts each beside its own part of the book."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from rebal.amounts import COIN_STEP, ZERO, Fraction, plain, total
from rebal.book import Book, MarginMode, Position
from rebal.exchange_account import Account, Resting, There
from rebal.frozen import frozen
from rebal.names import within
from rebal.plan import Inputs, Side
from rebal.portfolio import Portfolio
from rebal.reports.reconciliation import (
    SCHEMA,
    AccountVerdict,
    CoinsLine,
    OrderLine,
    Place,
    PositionPair,
    Reconciliation,
    Verdict,
    Where,
)

ENTRIES_AGREE = Fraction(1, 4_000_000)
"""The share of an entry price by which two may differ: exchanges round theirs to a cent, and average rounded ones."""

Told = Mapping[str | None, Account]
"""What exchanges tell, by the name of the account as the book has it: None of the one that there is."""


@frozen
class Ends:
    """Our liquidation prices by contract, and of pooled accounts what their exchanges print, by our reckoning."""

    prices: Mapping[str, Fraction | None] = field(default_factory=dict)
    estimates: Mapping[str, Fraction | None] = field(default_factory=dict)


def reconcile(
    portfolio: Portfolio,
    book: Book,
    told: Told,
    *,
    inputs: Inputs,
    ends: Ends,
    booked: Mapping[str, int],
) -> Reconciliation:
    """Put the accounts beside the book; of an account that is not told nothing is said.

    ``booked``: by wallet how many fills and payments of funding the book has since its statement: each may be off by a
    step of 1e-8, since every exchange rounds in its own way.
    """
    listed = _in_order(portfolio, told)
    wallets = tuple(line for key in listed for line in _wallets(key, portfolio, book, told[key], booked=booked))
    coins = (*wallets, *_spot(portfolio, book, told))
    positions = tuple(pair for key in listed for pair in _pairs(key, portfolio, book, told[key], ends=ends))
    verdict = _verdict(coins, positions)
    return Reconciliation(
        schema=SCHEMA,
        command="reconcile",
        name=portfolio.name,
        venue=portfolio.venue,
        as_of=portfolio.as_of,
        inputs=inputs,
        verdict=verdict,
        coins=coins,
        positions=positions,
        orders=tuple(_order(each, _shown(key, portfolio)) for key in listed for each in told[key].orders),
        notes=tuple(_notes(portfolio, coins, told)),
        summary=_summary(verdict, coins, positions, portfolio.name),
        verdicts=tuple(_of_account(key, portfolio, coins, positions, told=told[key]) for key in listed),
    )


def is_unrecorded(pair: PositionPair) -> bool:
    """Whether a position is open at the exchange, its way, that the book does not have."""
    return bool(pair.contracts_exchange) and pair.contracts * pair.contracts_exchange <= 0


def _in_order(portfolio: Portfolio, told: Told) -> list[str | None]:
    """The accounts that are told, in the order of the file."""
    return [key for key in (portfolio.account_key(each.name) for each in portfolio.accounts) if key in told]


def _shown(key: str | None, portfolio: Portfolio) -> str | None:
    """What an account is called in an answer: of one account what its venue is."""
    return portfolio.account(key or "").name


def _of_account(
    key: str | None,
    portfolio: Portfolio,
    coins: Sequence[CoinsLine],
    positions: Sequence[PositionPair],
    *,
    told: Account,
) -> AccountVerdict:
    account = portfolio.account(key or "")
    own = [each for each in coins if each.place is Place.FUTURES and each.account == account.name]
    pairs = [each for each in positions if each.account == account.name]
    return AccountVerdict(account.name, account.venue, _verdict(own, pairs), account.margin_mode, told.margin_mode)


def _wallets(
    key: str | None, portfolio: Portfolio, book: Book, account: Account, *, booked: Mapping[str, int]
) -> Iterator[CoinsLine]:
    own = {asset for wallet in book.wallets for at, _, asset in (wallet.rpartition(":"),) if at == (key or "")}
    for asset in sorted({*own, *account.wallets}):
        wallet = within(key, asset)
        ours, theirs = book.wallets.get(wallet, ZERO), account.wallets.get(asset, ZERO)
        if not ours and not theirs:
            continue
        tolerance = COIN_STEP * (1 + booked.get(wallet, 0)) + account.unsure.get(asset, ZERO)
        agrees = abs(theirs - ours) <= tolerance or asset in portfolio.aside
        yield CoinsLine(
            asset, Place.FUTURES, ours, theirs, theirs - ours, tolerance, agrees, account=_shown(key, portfolio)
        )


def _spot(portfolio: Portfolio, book: Book, told: Told) -> Iterator[CoinsLine]:
    """Coins in spot accounts beside all that is held outside the futures accounts, which no exchange can tell apart."""
    shown = {key: account.spot for key, account in told.items() if account.spot is not None}
    for asset in sorted({asset for spot in shown.values() for asset in spot}):
        having = [key for key, spot in shown.items() if asset in spot]
        theirs = total(shown[key][asset] for key in having)
        inside = total(book.wallets.get(wallet, ZERO) for wallet in portfolio.wallets_of(asset))
        outside = book.holdings.get(asset, ZERO) - inside
        agrees = theirs - outside <= COIN_STEP or asset in portfolio.aside
        at = _shown(having[0], portfolio) if len(having) == 1 else None
        yield CoinsLine(asset, Place.SPOT, outside, theirs, theirs - outside, COIN_STEP, agrees, account=at)


def _pairs(
    key: str | None,
    portfolio: Portfolio,
    book: Book,
    account: Account,
    *,
    ends: Ends,
) -> Iterator[PositionPair]:
    theirs = {each.contract: each for each in account.positions}
    ours = {
        name: position
        for name, position in book.positions.items()
        if position.contracts and key in (None, position.contract.account)
    }
    for name in sorted({*ours, *theirs}):
        yield _pair(name, ours.get(name), theirs.get(name), ends=ends, account=_shown(key, portfolio))


def _pair(name: str, ours: Position | None, theirs: There | None, *, ends: Ends, account: str | None) -> PositionPair:
    here, there = ours.contracts if ours else ZERO, theirs.contracts if theirs else ZERO
    at_exchange = theirs.liquidation_price if theirs else None
    liquidation, estimate = (each.get(name) if ours else None for each in (ends.prices, ends.estimates))
    reckoned = estimate if liquidation is None else liquidation
    return PositionPair(
        contract=name,
        where=Where.EXCHANGE if ours is None else Where.BOOK if theirs is None else Where.BOTH,
        agrees=ours is not None and theirs is not None and _agree(ours, theirs),
        contracts=here,
        contracts_exchange=there,
        difference=there - here,
        entry_price=ours.entry_price if ours else None,
        entry_price_exchange=theirs.entry_price if theirs else None,
        margin_mode=_mode(ours),
        margin_mode_exchange=theirs.margin_mode if theirs else None,
        isolated_margin=ours.margin if ours else None,
        isolated_margin_exchange=theirs.margin if theirs else None,
        leverage=ours.contract.leverage if ours else None,
        leverage_exchange=theirs.leverage if theirs else None,
        liquidation_price=liquidation,
        liquidation_price_exchange=at_exchange,
        liquidation_difference=None if at_exchange is None or reckoned is None else at_exchange - reckoned,
        account=account,
        liquidation_estimate=estimate,
    )


def _mode(position: Position | None) -> MarginMode | None:
    if position is None:
        return None
    return MarginMode.CROSS if position.margin is None else MarginMode.ISOLATED


def _agree(ours: Position, theirs: There) -> bool:
    """Whether both tell the same position, in what both tell of it."""
    if ours.contracts != theirs.contracts:
        return False
    if theirs.entry_price is not None and not _near(ours.entry_price, theirs.entry_price):
        return False
    if theirs.margin_mode is not None and theirs.margin_mode is not _mode(ours):
        return False
    if ours.margin is not None and theirs.margin is not None and abs(ours.margin - theirs.margin) > _MARGINS_AGREE:
        return False
    return None in (ours.contract.leverage, theirs.leverage) or ours.contract.leverage == theirs.leverage


_MARGINS_AGREE = 100 * COIN_STEP


def _near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= ENTRIES_AGREE * max(one, other)


def _verdict(coins: Sequence[CoinsLine], positions: Sequence[PositionPair]) -> Verdict:
    if any(map(is_unrecorded, positions)):
        return Verdict.UNRECORDED
    agree = [*(each.agrees for each in coins), *(each.agrees for each in positions)]
    return Verdict.EQUAL if all(agree) else Verdict.DIFFERS


def _order(resting: Resting, account: str | None) -> OrderLine:
    return OrderLine(
        id=resting.id,
        client_id=resting.client_id,
        contract=resting.contract,
        side=Side.BUY if resting.contracts > 0 else Side.SELL,
        contracts=abs(resting.contracts),
        price=resting.price,
        reduce_only=resting.reduce_only,
        account=account,
    )


def _notes(portfolio: Portfolio, coins: Sequence[CoinsLine], told: Told) -> Iterator[str]:
    for each in coins:
        if each.asset in portfolio.aside and abs(each.difference) > each.tolerance:
            yield f"{each.asset} stands under aside, so that it differs counts nothing"
    if any(each.place is Place.SPOT and each.difference < -each.tolerance for each in coins):
        yield "coins outside the futures account may lie anywhere, so that fewer in a spot account counts nothing"
    for key, account in told.items():
        for asset, unsure in sorted(account.unsure.items()):
            if unsure > COIN_STEP:
                name = within(key, asset)
                yield f"{name}: worked out of rounded figures that move, and sure to {plain(unsure)} {asset}"
    yield from _otherwise_margined(portfolio, told)
    without = [key for key, account in told.items() if account.spot is None]
    if without:
        named = ", ".join(filter(None, without))
        yield f"{f'{named}: ' if named else ''}no spot account apart from this is shown"


def _otherwise_margined(portfolio: Portfolio, told: Told) -> Iterator[str]:
    """Accounts that are planned as another kind than they are: what a plan says of their margin is not so."""
    for key, at_exchange in told.items():
        account, theirs = portfolio.account(key or ""), at_exchange.margin_mode
        ours = account.margin_mode
        if theirs is None or theirs is ours or MarginMode.POOLED not in (theirs, ours):
            continue
        in_short = not portfolio.told_accounts or account.in_short
        write = f"policy: {{margin_mode: {theirs}}}" if in_short else f"margin: {theirs} under accounts"
        yield f"{account.name} is {theirs} at the exchange, and planned as {ours}, as the file has it; write {write}"


def differences(report: Reconciliation) -> tuple[str, ...]:
    """What differs, a phrase each, what nobody recorded first."""
    return _phrases(report.coins, report.positions)


def _summary(verdict: Verdict, coins: Sequence[CoinsLine], positions: Sequence[PositionPair], name: str) -> str:
    said = _phrases(coins, positions)
    what = said[0] if said else "the account is as the book has it"
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return f"{verdict}: {name}; {what}{more}"


def _phrases(coins: Sequence[CoinsLine], positions: Sequence[PositionPair]) -> tuple[str, ...]:
    pairs = sorted((each for each in positions if not each.agrees), key=lambda pair: not is_unrecorded(pair))
    lines = (each for each in coins if not each.agrees)
    several = len({*(each.account for each in coins), *(each.account for each in positions)}) > 1
    return (
        *map(_said, pairs),
        *(f"{each.asset} {_signed(each.difference)} in the {place(each, several=several)}" for each in lines),
    )


def place(line: CoinsLine, *, several: bool) -> str:
    """Where coins lie, in words; ``several``: whether there is more than one account."""
    if not several:
        return f"{line.place} account"
    if line.account is None:
        return f"{line.place} accounts"
    return f"{line.place} account {line.account}"


def _signed(value: Fraction) -> str:
    return f"+{plain(value)}" if value > 0 else plain(value)


def _said(pair: PositionPair) -> str:
    if is_unrecorded(pair):
        return f"{pair.contract} has {plain(pair.contracts_exchange)} contracts that nobody recorded"
    if pair.difference:
        return f"{pair.contract} has {plain(pair.contracts_exchange)} contracts, not {plain(pair.contracts)}"
    told = (
        ("entry price", pair.entry_price, pair.entry_price_exchange),
        ("margin mode", pair.margin_mode, pair.margin_mode_exchange),
        ("own margin", pair.isolated_margin, pair.isolated_margin_exchange),
        ("leverage", pair.leverage, pair.leverage_exchange),
    )
    apart = [f"{what} {_figure(theirs)}, not {_figure(ours)}" for what, ours, theirs in told if _differ(ours, theirs)]
    return f"{pair.contract} has {', '.join(apart)}"


def _differ(ours: Fraction | MarginMode | None, theirs: Fraction | MarginMode | None) -> bool:
    return ours is not None and theirs is not None and ours != theirs


def _figure(value: Fraction | MarginMode | None) -> str:
    return plain(value) if isinstance(value, Fraction) else str(value)
