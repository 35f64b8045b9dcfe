"""What a book is worth, and how much of it moves with each asset."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Book, Part, Position, Purpose
from rebal.frozen import frozen
from rebal.market.contract import INVERSE, Contract
from rebal.market.margin import Held
from rebal.policy import COIN, NOTIONAL
from rebal.portfolio import DOLLARS, Account, Market, Portfolio


@frozen
class Valuation:
    """A book at market, in USD.

    ``exposures``: by asset, ``S·(coins held + unrealised coin PnL) + Σ e`` of its rebalance contracts, and under
    ``USD`` what is left of the equity: dollars held, PnL in dollars, the dollars that shorts make and longs spend; what
    counts as dollars stands there at its price, where it has one. PnL in any other currency is coins of it.
    ``hedged``: ``Σ e`` of the hedge contracts, by the asset they protect, a proxy's at its own entry and with its PnL
    taken from the coin that it is paid in. ``held``: coins owned, by asset.
    """

    equity: Fraction
    exposures: Mapping[str, Fraction]
    hedged: Mapping[str, Fraction]
    held: Mapping[str, Fraction]

    def weight(self, asset: str) -> Fraction | None:
        """Exposure over equity; None where there is no equity to weigh by."""
        return self.exposure(asset) / self.equity if self.equity > 0 else None

    def exposure(self, asset: str) -> Fraction:
        """Dollars that move with an asset; none of what is neither held nor open."""
        return self.exposures.get(asset, ZERO)

    def net_exposure(self, asset: str) -> Fraction:
        """Exposure with the hedges counted; for the dollars' row, what hedges leave of the equity."""
        if asset == DOLLARS:
            return self.exposures[DOLLARS] - total(self.hedged.values())
        return self.exposure(asset) + self.hedged[asset] if asset in self.hedged else self.exposure(asset)


def leg_value(contract: Contract, contracts: Fraction, portfolio: Portfolio) -> Fraction:
    """``e``: the dollars of spot that a futures position stands in for, signed.

    Notional sizing: a futures dollar for a spot dollar, ``n·V`` (linear ``n·V·P``, at the price of its settlement
    currency). Coin sizing: a futures coin for a spot coin, ``n·V·S/P`` (linear ``n·V·S``).
    """
    dollars, sizing = portfolio.signed_notional_usd(contract, contracts), portfolio.policy.sizing
    if sizing is NOTIONAL:
        return dollars
    if sizing is COIN:
        return dollars * portfolio.price(contract.asset) / portfolio.mark_usd(contract)
    assert_never(sizing)


def asset_usd(asset: str, contract: Contract, contracts: Fraction, *, portfolio: Portfolio) -> Fraction:
    """``e`` in dollars of the asset that contracts stand for; a proxy's are divided by its beta."""
    value = leg_value(contract, contracts, portfolio)
    return value / beta(asset, contract, portfolio) if asset in portfolio.proxies else value


def stood_for(part: Part, contract: Contract, portfolio: Portfolio) -> Fraction:
    """``e`` of one purpose's share, in dollars of the asset that it stands for; a proxy's is divided by its beta."""
    return asset_usd(part.stands_for, contract, part.contracts, portfolio=portfolio)


def beta(asset: str, contract: Contract, portfolio: Portfolio) -> Fraction:
    """Dollars of a contract's asset that move as one dollar of another does; one where the file names no proxy."""
    proxy = portfolio.proxies.get(asset)
    return proxy.beta if proxy is not None and proxy.via == contract.asset else ONE


def hedged_coins(part: Part, contract: Contract, portfolio: Portfolio) -> Fraction:
    """Coins of the asset that a part adds (negative: protects), measured so that the mark moving alone changes nothing.

    Through a proxy: its coins, as dollars over beta, in coins of the asset at today's prices.
    """
    coins = contract.delta(part.contracts, part.entry_price) * sizing_factor(contract, portfolio)
    if part.stands_for == contract.asset:
        return coins
    rate = portfolio.price(contract.asset) / portfolio.price(part.stands_for)
    return coins * rate / beta(part.stands_for, contract, portfolio)


def sizing_factor(contract: Contract, portfolio: Portfolio) -> Fraction:
    """``P/S`` under notional sizing, where a futures dollar stands for a spot dollar; one under coin sizing."""
    if portfolio.policy.sizing is COIN:
        return Fraction(1)
    return portfolio.mark_usd(contract) / portfolio.price(contract.asset)


def held_position(position: Position, market: Market) -> Held:
    """A position as margin sees it, at its mark."""
    return position.at(market.mark(position.contract))


def assets_of(portfolio: Portfolio, book: Book) -> tuple[str, ...]:
    """The assets that the plan's table names, sorted: held, wanted, or exposed to; not those set aside, not dollars."""
    named = {asset for asset, quantity in book.holdings.items() if quantity}
    named.update(portfolio.holdings)
    named.update(portfolio.targets or ())
    for position in book.positions.values():
        named.update((position.contract.asset, position.contract.settle))
        for part in position.parts:
            named.add(part.stands_for)
    return tuple(sorted(named - portfolio.cash - portfolio.aside - {DOLLARS}))


def value(portfolio: Portfolio, book: Book) -> Valuation:
    """Value a book at the portfolio's market."""
    coin_pnl = _unrealised(portfolio, book)
    dollar_pnl = total(pnl * portfolio.price(each) for each, pnl in coin_pnl.items() if each in portfolio.cash)
    legs = _legs(portfolio, book)
    hedged = _hedges(portfolio, book)
    exposures: dict[str, Fraction] = {}
    held: dict[str, Fraction] = {}
    coins_usd: list[Fraction] = []
    prices = portfolio.market.prices
    for asset in assets_of(portfolio, book):
        held[asset] = book.holdings.get(asset, ZERO)
        worth = held[asset] * prices[asset]
        if asset in coin_pnl:
            worth += coin_pnl[asset] * prices[asset]
        coins_usd.append(worth)
        exposures[asset] = worth + legs[asset] if asset in legs else worth
    held[DOLLARS] = dollars_held(portfolio, book)
    equity = total(coins_usd) + held[DOLLARS] + dollar_pnl
    exposures[DOLLARS] = equity - total(exposures.values()) if legs else held[DOLLARS] + dollar_pnl
    return Valuation(equity, exposures, hedged, held)


def dollars_held(portfolio: Portfolio, book: Book) -> Fraction:
    """Dollars owned in every asset that counts as dollars, each at its price, those set aside left out."""
    return total(
        quantity * portfolio.price(asset)
        for asset, quantity in book.holdings.items()
        if (asset in portfolio.cash or asset == DOLLARS) and asset not in portfolio.aside
    )


def worth_in(currency: str, portfolio: Portfolio, book: Book) -> Fraction:
    """Dollars of the equity that stand in one currency: its coins, and the unrealised PnL that is paid in it.

    Over all currencies they add up to the equity of ``value``.
    """
    coins = ZERO if currency in portfolio.aside else book.holdings.get(currency, ZERO)
    counted = currency in portfolio.cash or not (currency == DOLLARS or currency in portfolio.aside)
    if counted:
        for position in book.positions.values():
            if position.contract.settle == currency:
                coins += held_position(position, portfolio.market).unrealised_pnl
    return coins * portfolio.price(currency) if coins else ZERO


def fees_usd(fees: Iterable[tuple[Fraction, str]], portfolio: Portfolio) -> Fraction:
    """Fees in their currencies, as dollars at the index."""
    return total(fee * portfolio.price(currency) for fee, currency in fees)


def equity_at(at: str, book: Book, portfolio: Portfolio) -> Fraction:
    """Dollars that sit at an account: its coins and the PnL of what is open there, as its ``at_most`` limits them.

    What is set aside is no part of the equity, nor of what sits there, and need not have a price. ``at``: as wallets
    and contracts carry its name, "" where there is one account.
    """
    coins = [
        balance * portfolio.price(asset)
        for wallet, balance in book.wallets.items()
        for name, _, asset in (wallet.rpartition(":"),)
        # what is recorded as moved and not held, or held no more, may have no price
        if name == at and book.holdings.get(asset) and asset not in portfolio.aside
    ]
    gained = [
        pnl * portfolio.price(each.contract.settle)
        for each in book.positions.values()
        if each.contract.account == at and (pnl := held_position(each, portfolio.market).unrealised_pnl)
    ]
    return total([*coins, *gained])


def with_room(portfolio: Portfolio, equity: Fraction) -> Portfolio:
    """The portfolio with the dollars that may sit at each account, by the equity of a book."""
    if not portfolio.is_linked:
        return portfolio
    return replace(portfolio, told_accounts=tuple(_roomy(each, equity) for each in portfolio.accounts))


def _roomy(account: Account, equity: Fraction) -> Account:
    return account if account.at_most == ONE else replace(account, most_usd=max(ZERO, equity * account.at_most))


def _unrealised(portfolio: Portfolio, book: Book) -> dict[str, Fraction]:
    """Unrealised PnL by settlement currency."""
    coins: dict[str, Fraction] = {}
    for position in book.positions.values():
        settle = position.contract.settle
        pnl = held_position(position, portfolio.market).unrealised_pnl
        if pnl:
            coins[settle] = coins[settle] + pnl if settle in coins else pnl
    return coins


def _legs(portfolio: Portfolio, book: Book) -> dict[str, Fraction]:
    legs: dict[str, Fraction] = {}
    for position, part in _parts(portfolio, book, Purpose.REBALANCE):
        dollars, asset = stood_for(part, position.contract, portfolio), part.stands_for
        legs[asset] = legs[asset] + dollars if asset in legs else dollars
    return legs


def _hedges(portfolio: Portfolio, book: Book) -> dict[str, Fraction]:
    """Dollars that hedges take from each asset's exposure.

    Through a proxy: the coins that it covers by ``hedged_coins``, so that net exposure is nothing where all is hedged.
    What such a part has gained or lost belongs to what it protects, and so not to the net of the coin it is paid in.
    """
    hedged: dict[str, Fraction] = {}
    for position, part in _parts(portfolio, book, Purpose.HEDGE):
        contract, asset = position.contract, part.stands_for
        if asset == contract.asset:
            dollars = stood_for(part, contract, portfolio)
        else:
            dollars = hedged_coins(part, contract, portfolio) * portfolio.price(asset)
            if contract.kind is INVERSE and contract.settle not in portfolio.aside:
                pnl = contract.pnl(part.contracts, part.entry_price, portfolio.market.mark(contract))
                gained = pnl * portfolio.price(contract.settle)
                hedged[contract.settle] = hedged.get(contract.settle, ZERO) - gained
        hedged[asset] = hedged.get(asset, ZERO) + dollars
    return hedged


def _parts(portfolio: Portfolio, book: Book, purpose: Purpose) -> Iterator[tuple[Position, Part]]:
    for position in book.positions.values():
        for part in position.parts:
            if part.purpose is purpose and part.stands_for not in portfolio.aside:
                yield position, part
