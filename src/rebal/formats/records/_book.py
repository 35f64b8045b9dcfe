"""The records of a book: what is held, its wallets and positions; before and after a plan, or as they stand."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from rebal.formats.page.figures import PLAIN
from rebal.formats.records._record import NEVER, NONE, known, record
from rebal.plan import AssetLine, PositionLine, Wallet

_Figure = Callable[[Fraction], str]


def drift(asset: AssetLine, *, planned: bool) -> str:
    """An asset; ``planned``: also where the plan leaves it."""
    percent, dollars = PLAIN.percent, PLAIN.dollars
    hedged = (known(percent, asset.hedge_ratio), known(percent, asset.hedge_ratio_after))
    return record(
        "drift",
        asset.asset,
        f"price {PLAIN.price(asset.price)}",
        f"held {PLAIN.coins(asset.holding)}",
        f"worth {dollars(asset.spot_value)}",
        f"exposure {dollars(asset.exposure)}",
        f"weight {known(percent, asset.weight)}",
        f"target {known(percent, asset.target_weight)}",
        f"drift {known(PLAIN.points, asset.drift)}",
        f"after {known(percent, asset.weight_after)}" if planned else "",
        f"hedged {_change(*hedged, planned=planned)}",
        f"net {_change(dollars(asset.net_exposure), dollars(asset.net_exposure_after), planned=planned)}",
    )


def wallet(line: Wallet, *, planned: bool) -> str:
    """A wallet; ``planned``: before and after the plan."""
    then, coins, percent, times = line.before, PLAIN.coins, PLAIN.percent, PLAIN.leverage

    def change(write: _Figure, before: Fraction | None, after: Fraction | None) -> str:
        return _change(known(write, before), known(write, after), planned=planned)

    return record(
        "wallet",
        line.currency,
        f"{line.mode} {line.contract or NONE}",
        f"balance {change(coins, then.balance, line.balance)}",
        f"margin {change(coins, then.margin_balance, line.margin_balance)}",
        f"leverage {change(times, then.leverage, line.leverage)}",
        f"ratio {change(percent, then.margin_ratio, line.margin_ratio)}",
        f"maintenance {coins(line.maintenance_margin)}",
        f"initial {coins(line.initial_margin)}",
        f"required {coins(line.required)}",
        *_ends(line, planned=planned),
        f"posted-below {known(percent, line.distance_below_all_posted, NEVER)}",
        f"posted-above {known(percent, line.distance_above_all_posted, NEVER)}",
        f"share {known(percent, line.share_of_holding)}",
        f"funding-days {known(PLAIN.days, line.funding_days_to_alert)}",
    )


def position(line: PositionLine, *, planned: bool) -> str:
    """A futures position; ``planned``: before and after the plan."""
    exact, coins = PLAIN.exact, PLAIN.coins
    return record(
        "position",
        line.contract,
        f"contracts {_change(exact(line.contracts_before), exact(line.contracts), planned=planned)}",
        f"rebalance {exact(line.contracts_rebalance)}",
        f"hedge {exact(line.contracts_hedge)}",
        f"entry {known(PLAIN.price, line.entry_price)}",
        f"mark {PLAIN.price(line.mark_price)}",
        f"{PLAIN.dollars(line.notional)} USD",
        f"coins {coins(line.coin_value)} {line.asset}",
        f"pnl {coins(line.unrealised_pnl)} {line.settle}",
        f"delta {coins(line.delta)} {line.asset}",
        f"margin {known(coins, line.isolated_margin)}",
        f"liquidation {known(PLAIN.price, line.liquidation_price, NEVER)}",
    )


def _change(before: str, after: str, *, planned: bool) -> str:
    return f"{before} -> {after}" if planned else after


def _ends(line: Wallet, *, planned: bool) -> Iterator[str]:
    then = line.before
    sides = (
        ("below", (then.liquidation_below, line.liquidation_below), (then.distance_below, line.distance_below)),
        ("above", (then.liquidation_above, line.liquidation_above), (then.distance_above, line.distance_above)),
    )
    for side, prices, distances in sides:
        both = tuple(zip(prices, distances, strict=True))
        before, after = (NEVER if far is None else known(PLAIN.price, price) for price, far in both)
        yield f"liquidation-{side} {_change(before, after, planned=planned)}"
        before, after = (known(PLAIN.percent, far, NEVER) for far in distances)
        yield f"distance-{side} {_change(before, after, planned=planned)}"
