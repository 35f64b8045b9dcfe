"""What is worth a look in the book that is left: coins, wallets, what was left out, what is realised."""

from collections.abc import Iterator, Set

from rebal.amounts import ONE, ZERO, Fraction, plain, rounded
from rebal.book import MarginMode, Purpose
from rebal.findings import (
    Code,
    Figure,
    Finding,
    apart,
    coins,
    exact_percent,
    info,
    percent,
    times,
    usd,
    warning,
)
from rebal.market.contract import INVERSE, Kind
from rebal.market.margin import Held, beyond_last_tier, has_last_tier, nearer
from rebal.planner.checks.shortages import if_it_matters, short_of_coins
from rebal.planner.lines import mode_of
from rebal.planner.review import Check, Review
from rebal.planner.sequence import realised_by
from rebal.planner.sizing import LeftOut
from rebal.planner.targets import least_leg_usd, lot_usd
from rebal.portfolio import DOLLARS

_MOST_BAND = Fraction(1, 100)
"""Of a hedge_band wider than this no more is left short unsaid."""


def _no_equity(review: Review) -> Iterator[Finding]:
    equity = review.desk.valued.equity
    if equity <= 0 and review.desk.portfolio.targets is not None:
        say, message = if_it_matters(review), f"equity is {usd(equity)}: there is nothing to weigh"
        yield say(Code.NO_EQUITY, DOLLARS, message, equity_usd=equity)


def _left_out(review: Review) -> Iterator[Finding]:
    policy = review.desk.portfolio.policy
    for residual in review.residuals:
        contract = residual.contract
        if contract is None or residual.left_out is None:
            continue
        size = usd(abs(residual.undone))
        data: dict[str, Figure] = {"undone_usd": residual.undone, "contract": contract.name}
        match residual.left_out:
            case LeftOut.SMALLER_THAN_A_LOT:
                least_usd = data["least_order_usd"] = least_leg_usd(residual.asset, contract, review.desk.portfolio)
                message = f"{size} are less than the least order of {contract.name}, {usd(least_usd)}: left out"
                if residual.asset in review.beyond_policy:
                    yield warning(Code.CONTRACT_TOO_LARGE, residual.asset, message, **data)
                else:
                    yield info(Code.RESIDUAL, residual.asset, message, **data)
            case LeftOut.BELOW_MIN_ORDER:
                least = usd(policy.min_order)
                message = f"{size} on {contract.name} are in whole lots below policy.min_order, {least}: left out"
                yield info(Code.BELOW_MINIMUM, residual.asset, message, **data, min_order_usd=policy.min_order)
            case LeftOut.BELOW_MIN_CONTRACTS:
                least = f"{plain(contract.min_contracts)} contracts of {contract.name}"
                message = f"{size} are below the venue's minimum, {least}: left out"
                data["min_contracts"] = contract.min_contracts
                yield info(Code.BELOW_MINIMUM, residual.asset, message, **data)
            case LeftOut.WITHIN_HEDGE_BAND:
                band = data["hedge_band"] = policy.hedge_band
                message = f"{size} are within policy.hedge_band, {exact_percent(band)} of its coins: left out"
                yield info(Code.RESIDUAL, residual.asset, message, **data)
            case LeftOut.CANCELS:
                message = f"{size} on {contract.name} cancel against other legs on it to less than an order: left out"
                yield warning(Code.RESIDUAL, residual.asset, message, **data)
            case LeftOut.UNTRADABLE:
                message = (
                    f"{size} more than asked stay protected on {contract.name}, which no order can close: close it by "
                    "hand, or record what became of it"
                )
                yield warning(Code.HEDGE_OFF, residual.asset, message, **data)
            case LeftOut.UNSERVED | LeftOut.UNCOVERED:
                pass


def _residuals(review: Review) -> Iterator[Finding]:
    portfolio = review.desk.portfolio
    told: dict[Fraction, str] = {}  # once for all contracts with lots as large, as most of a kind have them
    for residual in review.residuals:
        contract, undone = residual.contract, residual.undone
        if contract is not None and residual.left_out is None and undone:
            lot = portfolio.notional_usd(contract, contract.lot_size)
            if lot not in told:
                told[lot] = usd(lot)
            more = f"{usd(undone)} more" if undone > 0 else f"{usd(-undone)} less"
            message = f"{more} would be exact; the order is rounded toward zero to lots of {told[lot]}"
            yield info(
                Code.RESIDUAL, residual.asset, message, undone_usd=undone, contract=contract.name, lot_usd=lot
            )  # fmt: skip


def _over_hedged(review: Review) -> Iterator[Finding]:
    over = over_hedged(review)
    for line in review.assets:
        if line.holding >= 0 and line.asset in over:
            message = f"net exposure{review.when} is {usd(line.net_exposure_after)}: more is short than is held"
            yield warning(Code.OVER_HEDGED, line.asset, message, net_exposure_after_usd=line.net_exposure_after)


def over_hedged(review: Review) -> frozenset[str]:
    """The assets of which more is short than is held, by more than a hedge as asked may be off.

    That is the policy's hedge_band, a hundredth at most, or what a full hedge itself leaves: fees and basis, or a lot.
    """
    short = [line for line in review.assets if line.net_exposure_after < 0 and line.asset != DOLLARS]
    if not short:
        return frozenset()
    band = min(review.desk.portfolio.policy.hedge_band, _MOST_BAND)
    differ, lots = _fees_and_basis(review, {line.asset for line in short}), _lots_usd(review)
    return frozenset(
        line.asset
        for line in short
        if -line.net_exposure_after
        > max(line.spot_value * max(band, differ.get(line.asset, ZERO)), lots.get(line.asset, ZERO))
    )


def _lots_usd(review: Review) -> dict[str, Fraction]:
    """By asset, the dollars of it in the largest lot of what hedges it."""
    lots: dict[str, Fraction] = {}
    for position in review.positions_after:
        for part in position.parts:
            if part.purpose is Purpose.HEDGE:
                one = lot_usd(part.stands_for, position.contract, review.desk.portfolio)
                lots[part.stands_for] = max(one, lots.get(part.stands_for, ZERO))
    return lots


def _fees_and_basis(review: Review, assets: Set[str]) -> dict[str, Fraction]:
    """By asset, the share of it that a full hedge may be off: its own fees, and what mark and index differ by."""
    portfolio = review.desk.portfolio
    differ: dict[str, Fraction] = {}
    for contract in (each for each in review.contracts_in_play if each.asset in assets):
        mark, index = portfolio.market.mark(contract), portfolio.price(contract.asset)
        off = 2 * contract.taker_fee + abs(1 - index / mark)
        differ[contract.asset] = max(off, differ.get(contract.asset, ZERO))
    return differ


def _at_liquidation(review: Review) -> Iterator[Finding]:
    policy = review.desk.portfolio.policy
    short = {shortage.account.name for shortage in review.shortages}
    asked = percent(policy.shock)
    for wallet in review.wallets:
        nearest = nearer(wallet.distance_below, wallet.distance_above)
        if nearest is None:
            continue
        subject = review.name_of(wallet)
        if nearest == 0:
            message = "margin balance no longer covers maintenance margin: liquidation is due at today's price"
            data = {
                "margin_balance_coins": wallet.margin_balance,
                "maintenance_margin_coins": wallet.maintenance_margin,
            }
            yield if_it_matters(review)(Code.NEAR_LIQUIDATION, subject, message, **data)
        elif policy.alert.is_near(nearest) and not review.planned:
            continue  # of a book as it stands, its alert has said so
        elif nearest < policy.shock and subject not in short and percent(nearest) != asked:
            # of a book as it stands, what its alert allows is no breach, though a plan would leave it further away
            say = warning if review.planned else info
            yield say(
                Code.NEAR_LIQUIDATION,
                subject,
                f"liquidation is {percent(nearest)} away{review.when}; the policy asks for {asked}",
                distance=nearest,
                policy_distance=policy.shock,
            )


def _alerts(review: Review) -> Iterator[Finding]:
    alert = review.desk.portfolio.policy.alert
    for wallet in review.wallets:
        then, subject = wallet.before, review.name_of(wallet)
        nearest = nearer(then.distance_below, then.distance_above)
        if nearest is not None and alert.is_near(nearest):
            is_now, level = apart(nearest, alert.distance, percent, places=1)
            message = f"liquidation is {is_now} away now; the alert level is {level}"
            yield warning(Code.ALERT, subject, message, distance=nearest, alert_distance=alert.distance)
        if then.leverage is not None and alert.is_levered(then.leverage):
            is_now, level = apart(then.leverage, alert.leverage, rounded, places=2)
            message = f"leverage is {is_now} now; the alert level is {level}"
            yield warning(Code.ALERT, subject, message, leverage=then.leverage, alert_leverage=alert.leverage)


def _leverage(review: Review) -> Iterator[Finding]:
    policy = review.desk.portfolio.policy
    traded = {(order.account, order.fee_currency) for order in review.orders}
    for wallet in review.wallets:
        if (
            (wallet.account, wallet.currency) in traded
            or wallet.leverage is None
            or times(wallet.leverage) == times(policy.leverage)
        ):
            continue
        if wallet.leverage > policy.leverage and (review.planned or not policy.alert.is_levered(wallet.leverage)):
            message = f"leverage is {times(wallet.leverage)}, above policy.leverage {plain(policy.leverage)}"
            yield info(
                Code.LEVERAGE,
                review.name_of(wallet),
                message,
                leverage=wallet.leverage,
                policy_leverage=policy.leverage,
            )
    for held in review.held_after:
        asked = held.contract.leverage or policy.leverage
        cap = held.most_leverage
        if cap < asked:
            message = f"leverage {plain(asked)} is asked, and the venue allows this size {plain(cap)}: that is counted"
            yield warning(Code.LEVERAGE, held.contract.name, message, leverage=asked, venue_leverage=cap)


def _is_inverse_long(held: Held) -> bool:
    return held.contracts > 0 and held.contract.kind is INVERSE


def _beyond_tiers(review: Review) -> Iterator[Finding]:
    shock = review.desk.portfolio.policy.shock
    for held in review.held_after:
        if not has_last_tier(held.contract):
            continue
        if beyond_last_tier(held):
            message = "is larger than its last known tier; that tier's rate is used, the venue's may be higher"
            yield warning(Code.BEYOND_LAST_TIER, held.contract.name, message)
        elif _is_inverse_long(held) and beyond_last_tier(held.moved(ONE - shock)):
            message = f"outgrows its last known tier if the price falls {percent(shock)}; that tier's rate is used"
            yield info(Code.BEYOND_LAST_TIER, held.contract.name, message, fall=shock)


def _realised(review: Review) -> Iterator[Finding]:
    for order in review.orders:
        contract = review.contract(order.contract)
        coin = realised_by(order, review.desk.book, contract)
        if coin:
            worth = coin * review.desk.portfolio.price(contract.settle)
            message = f"closing realises {coins(coin, contract.settle)}, {usd(worth)}"
            data: dict[str, Figure] = {"realised_coins": coin, "currency": contract.settle, "realised_usd": worth}
            yield info(Code.REALISED, order.contract, message, **data)


def _long_hedges(review: Review) -> Iterator[Finding]:
    for line in review.assets:
        if line.hedge_ratio is not None and line.hedge_ratio < 0:
            message = "its hedge part is long, which protects nothing; in the file hedge is signed like the short"
            yield warning(Code.HEDGE_OFF, line.asset, message, hedge_ratio=line.hedge_ratio)


def _dollars_at_issuer(review: Review) -> Iterator[Finding]:
    for held in review.held_after:
        if held.contract.kind is Kind.LINEAR:
            settle = held.contract.settle
            message = f"its margin and PnL are {settle}: dollars at an issuer, an exposure of their own"
            yield info(Code.DOLLARS_AT_ISSUER, held.contract.name, message, currency=settle)


def _not_listed(review: Review) -> Iterator[Finding]:
    for line in review.positions:
        contract = review.contract(line.contract)
        if not contract.listed and (contract.expiry is None or contract.expiry > review.desk.now):
            message = "is no longer listed in the catalogue, so no order is planned on it; close it by hand"
            yield warning(Code.UNLISTED_CONTRACT, line.contract, message, contracts=line.contracts)


def _odd_lots(review: Review) -> Iterator[Finding]:
    for name, position in sorted(review.desk.book.positions.items()):
        lot = position.contract.lot_size
        if position.contracts % lot:
            message = (
                f"{plain(position.contracts)} contracts are no whole lots of {plain(lot)}; write the position as the "
                f"exchange shows it, or correct contracts.{name}.lot_size"
            )
            yield warning(Code.ODD_LOT, name, message, contracts=position.contracts, lot=lot)


def _aside_wallets(review: Review) -> Iterator[Finding]:
    for wallet in review.wallets:
        if wallet.mode is MarginMode.CROSS and wallet.currency in review.desk.portfolio.aside and wallet.position_value:
            message = "stands under aside: its wallet is shown, and nothing is moved into it"
            yield warning(Code.ALERT, review.name_of(wallet), message)


def _no_wallets(review: Review) -> Iterator[Finding]:
    book = review.desk.book
    in_cross = {
        (each.contract.wallet, each.contract.settle)
        for each in book.positions.values()
        if each.contracts and mode_of(each, review.desk.portfolio) is MarginMode.CROSS
    }
    for wallet, currency in sorted(in_cross):
        if not book.wallets.get(wallet):
            message = (
                f"positions are open and no {currency} is in their wallet; "
                f"if the exchange shows a balance, add wallets.{currency}"
            )
            yield warning(Code.MISSING, wallet, message)


BOOK_CHECKS: tuple[Check, ...] = (
    _no_equity,
    short_of_coins,
    _at_liquidation,
    _alerts,
    _over_hedged,
    _leverage,
    _beyond_tiers,
    _left_out,
    _residuals,
    _long_hedges,
    _realised,
    _dollars_at_issuer,
    _not_listed,
    _odd_lots,
    _aside_wallets,
    _no_wallets,
)
