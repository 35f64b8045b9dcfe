"""Plans written out by hand, so that the formats are tested on data alone."""

from dataclasses import replace
from datetime import UTC, datetime

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, Purpose
from rebal.findings import Code, Finding, Severity
from rebal.market.contract import Kind, OrderUnit
from rebal.plan import (
    AssetLine,
    CostLine,
    Costs,
    HedgeLine,
    OrderPart,
    Plan,
    PnlLine,
    Rescue,
    RescueLine,
    Setting,
    Standing,
    Transfer,
)
from rebal.policy import Route

from .rows import asset, order, plan, position, steps, wallet


def worked_example() -> Plan:
    """2 BTC, 14 ETH, 30,000 ALT and targets of 50, 30 and 20 %."""
    total = Fraction(130_000)

    def row(name: str, price: str, held: str, target: str, *, outside: bool) -> AssetLine:
        weight, wanted = exact(price) * exact(held) / total, exact(target)
        return asset(
            name,
            price,
            held,
            weight=weight,
            target_weight=wanted,
            drift=weight - wanted,
            outside_band=outside,
            exposure_after=wanted * total,
            weight_after=wanted,
            net_exposure_after=wanted * total,
        )

    return plan(
        changes=True,
        equity=total,
        assets=(
            row("ALT", "0.50", "30000", "0.2", outside=True),
            row("BTC", "40000", "2", "0.5", outside=True),
            row("ETH", "2500", "14", "0.3", outside=False),
        ),
        orders=(
            order("BTCUSD_PERP", "BTC", "-150", notional="15000", price="40000", fee="0.0001875"),
            order("ALTUSD", "ALT", "1100", notional="11000", price="0.5", fee="11"),
            order("ETHUSD_PERP", "ETH", "400", notional="4000", price="2500", fee="0.0008"),
        ),
        transfers=(
            Transfer("ALT", None, Fraction(22_451)),
            Transfer("BTC", None, Fraction("0.3751875")),
            Transfer("ETH", None, Fraction("1.6168")),
        ),
        steps=steps(3, 3),
        settings=tuple(
            Setting(name, MarginMode.CROSS, Fraction(1)) for name in ("BTCUSD_PERP", "ALTUSD", "ETHUSD_PERP")
        ),
        wallets=(
            wallet(
                "ALT",
                "22440",
                value="22000",
                maintenance="220",
                liquidation_below=Fraction("0.25"),
                distance_below=Fraction("0.5"),
                share_of_holding=Fraction(22_440) / 29_989,
                distance_below_all_posted=Fraction("0.568"),
            ),
            wallet(
                "BTC",
                "0.375",
                value="0.375",
                maintenance="0.0015",
                share_of_holding=Fraction("0.375") / Fraction("1.9998125"),
            ),
            wallet(
                "ETH",
                "1.616",
                value="1.6",
                maintenance="0.008",
                liquidation_below=Fraction(1250),
                distance_below=Fraction("0.5"),
                share_of_holding=Fraction("1.616") / Fraction("13.9992"),
                distance_below_all_posted=Fraction("0.897"),
            ),
        ),
        positions=(
            position("ALTUSD", "1100", notional="11000", entry="0.5", mark="0.5", liquidation_price=Fraction("0.25")),
            position("BTCUSD_PERP", "-150", notional="15000", entry="40000", mark="40000"),
            position(
                "ETHUSD_PERP", "400", notional="4000", entry="2500", mark="2500", liquidation_price=Fraction(1250)
            ),
        ),
        costs=Costs(
            Fraction(15),
            None,
            None,
            (
                CostLine("ALTUSD", Fraction("5.5"), None),
                CostLine("BTCUSD_PERP", Fraction("7.5"), None),
                CostLine("ETHUSD_PERP", Fraction(2), None),
            ),
        ),
        findings=(
            Finding(
                Severity.WARNING,
                Code.ASSUMED_FIGURE,
                "ETHUSD_PERP",
                "its maintenance rate is assumed, 0.5 %; set contracts.ETHUSD_PERP.maintenance to your account's",
            ),
            Finding(
                Severity.INFO,
                Code.FUNDING_UNKNOWN,
                "BTCUSD_PERP",
                "no funding rate is known, so the cost per day is not; add it under market.funding",
            ),
        ),
    )


def open_book() -> Plan:
    """A hedge and a rebalance on one contract, an isolated position, coins that go out, orders counted in dollars."""
    then = Standing(
        Fraction("0.4"),
        Fraction("0.391"),
        Fraction("0.64"),
        Fraction("0.0061"),
        None,
        Fraction(61_420),
        None,
        Fraction("0.142"),
    )
    return plan(
        command="hedge",
        name="Kernbestand Zürich",
        venue="deribit",
        changes=True,
        equity=Fraction("117250.5"),
        assets=(
            asset(
                "BTC",
                "53781.25",
                "2",
                exposure=Fraction("97562.5"),
                weight=Fraction("0.832"),
                target_weight=Fraction("0.8"),
                drift=Fraction("0.032"),
                outside_band=False,
                weight_after=Fraction("0.832"),
                hedge_ratio=Fraction("0.1"),
                hedge_ratio_after=Fraction("0.5"),
                net_exposure=Fraction("87562.5"),
                net_exposure_after=Fraction("47562.5"),
            ),
            asset(
                "ETH",
                "2500",
                "7.875",
                weight=Fraction("0.168"),
                target_weight=Fraction("0.2"),
                drift=Fraction("-0.032"),
                outside_band=False,
                weight_after=Fraction("0.168"),
                hedge_ratio=Fraction(0),
                hedge_ratio_after=Fraction(0),
            ),
            asset("DOGE", "0.0812345678", "0.00000000012", hedge_ratio=None, hedge_ratio_after=None),
        ),
        orders=(
            order(
                "BTC-PERPETUAL",
                "BTC",
                "-4000",
                notional="40000",
                price="53790.13",
                fee="0.00037182",
                order_quantity=Fraction(40_000),
                order_unit=OrderUnit.USD,
                limit_price=Fraction("53790.5"),
                parts=(
                    OrderPart(Purpose.HEDGE, Fraction(-4500), ("BTC",)),
                    OrderPart(Purpose.REBALANCE, Fraction(500), ("BTC",)),
                ),
            ),
            order(
                "ETH_USDC-PERPETUAL",
                "ETH",
                "15",
                notional="3750",
                price="2500",
                fee="-0.375",
                order_quantity=Fraction("1.5"),
                order_unit=OrderUnit.COINS,
                kind=Kind.LINEAR,
                fee_currency="USDC",
                reduce_only=True,
                route=Route.LINEAR,
                limit_price=None,
            ),
        ),
        transfers=(Transfer("BTC", None, Fraction("0.4")), Transfer("USDC", "ETH_USDC-PERPETUAL", Fraction("-120.5"))),
        steps=steps(1, 2, 1),
        wallets=(
            wallet(
                "BTC",
                "0.79962818",
                value="0.9937",
                maintenance="0.00994",
                unrealised_pnl=Fraction("-0.009"),
                margin_balance=Fraction("0.79062818"),
                leverage=Fraction("1.2568"),
                margin_ratio=Fraction("0.01257"),
                liquidation_above=Fraction(98_110),
                distance_above=Fraction("0.4247"),
                share_of_holding=Fraction("0.4"),
                funding_days_to_alert=Fraction("81.25"),
                before=then,
            ),
            wallet(
                "USDC",
                "310",
                value="1250",
                maintenance="12.5",
                mode=MarginMode.ISOLATED,
                contract="ETH_USDC-PERPETUAL",
                liquidation_below=Fraction("2012.345678"),
                liquidation_above=Fraction("3700"),
                distance_below=Fraction("0.195"),
                distance_above=Fraction("0.48"),
                distance_below_all_posted=Fraction("0.4"),
                distance_above_all_posted=Fraction("0.9"),
                before=Standing(
                    Fraction("430.5"),
                    Fraction("430.5"),
                    Fraction(9),
                    Fraction("0.05"),
                    Fraction(2100),
                    None,
                    Fraction("0.16"),
                    None,
                ),
            ),
            wallet(
                "XRP",
                "1000",
                value="0",
                maintenance="0",
                before=Standing(Fraction(1000), Fraction(1000), Fraction(0), Fraction(0), None, None, None, None),
            ),
        ),
        positions=(
            position(
                "BTC-PERPETUAL",
                "-5000",
                notional="50000",
                entry="52500.123456",
                mark="53790.13",
                contracts_before=Fraction(-1000),
                contracts_hedge=Fraction(-5500),
                contracts_rebalance=Fraction(500),
                unrealised_pnl=Fraction("-0.009"),
                liquidation_price=Fraction(98_150),
                asset="BTC",
                settle="BTC",
            ),
            position(
                "ETH_USDC-PERPETUAL",
                "0",
                notional="0",
                entry="2400",
                mark="2500",
                contracts_before=Fraction(-15),
                contracts_rebalance=Fraction(0),
                entry_price=None,
                asset="ETH",
                settle="USDC",
            ),
        ),
        hedges=(
            HedgeLine("BTC", Fraction("0.5"), datetime(2026, 12, 31, tzinfo=UTC)),
            HedgeLine("ETH", Fraction(0), None),
        ),
        costs=Costs(
            Fraction("19.625"),
            Fraction("-12"),
            Fraction("-4380"),
            (
                CostLine("BTC-PERPETUAL", Fraction(20), Fraction(-12)),
                CostLine("ETH_USDC-PERPETUAL", Fraction("-0.375"), Fraction(0)),
            ),
        ),
        findings=(
            Finding(
                Severity.WARNING, Code.LEVERAGE, "BTC", "leverage is 1.26, above policy.leverage 1; not traded now"
            ),
        ),
    )


def refused() -> Plan:
    """A leg without a contract and a wallet without its coins."""
    return replace(
        worked_example(),
        refused=True,
        findings=(
            Finding(
                Severity.ERROR,
                Code.UNSERVED_ASSET,
                "ALT",
                "no contract of binance serves ALT, so 11000.00 USD of exposure to add are left undone",
            ),
            Finding(
                Severity.ERROR,
                Code.UNDER_COLLATERALISED,
                "ETH",
                "1.5 ETH are missing: the positions need 3 ETH and 1.5 ETH can be posted; "
                "it would fit at policy.leverage 2",
            ),
        ),
    )


def quiet() -> Plan:
    """Every weight inside its band."""
    done = worked_example()
    rows = tuple(replace(row, outside_band=False, drift=Fraction(0), weight=row.target_weight) for row in done.assets)
    return plan(equity=done.equity, assets=rows)


def unwind() -> Plan:
    """A closing that spot is not ready for."""
    closing = order("BTCUSD_PERP", "BTC", "150", notional="15000", price="50000", fee="0.00015", reduce_only=True)
    return plan(
        command="unwind",
        changes=True,
        refused=True,
        equity=Fraction(128_000),
        assets=(asset("BTC", "50000", "2"),),
        orders=(closing,),
        steps=steps(0, 1),
        positions=(
            position(
                "BTCUSD_PERP",
                "0",
                notional="0",
                entry="40000",
                mark="50000",
                entry_price=None,
                contracts_before=Fraction(-150),
            ),
        ),
        costs=Costs(
            Fraction("7.5"), Fraction(0), Fraction(0), (CostLine("BTCUSD_PERP", Fraction("7.5"), Fraction(0)),)
        ),
        pnl=(
            PnlLine(
                "BTCUSD_PERP",
                Fraction("-0.075"),
                Fraction(-3750),
                Fraction("0.0003375"),
                Fraction("0.0012"),
                Fraction("-3706.875"),
                "BTC",
            ),
        ),
        spot_matches=False,
        findings=(
            Finding(Severity.ERROR, Code.SPOT_DIFFERS, "BTC", "its weight would be 12.0 points over its target"),
        ),
    )


def rescue() -> Plan:
    """A long that has fallen: coins do not suffice, so some of it is closed as well."""
    closing = order("BTCUSD_PERP", "BTC", "-120", notional="12000", price="40000", fee="0.00015", reduce_only=True)
    moved = Transfer("BTC", None, Fraction("0.1"))

    def way(kind: Rescue, coins: str, closed: str, distance: str, leverage: str, *, chosen: bool = False) -> RescueLine:
        return RescueLine(
            wallet="BTC",
            currency="BTC",
            contract=None,
            way=kind,
            coins=exact(coins),
            transfers=(moved,) if exact(coins) else (),
            contracts={"BTCUSD_PERP": exact(closed)} if exact(closed) else {},
            fees_usd=exact(closed) * Fraction("-0.05"),
            realised_usd=exact(closed) * Fraction("12.5"),
            distance_after=exact(distance),
            leverage_after=exact(leverage),
            weights={"BTC": 1 + exact(closed) / 1000, "USD": -exact(closed) / 1000},
            hedge_ratios={"BTC": None if kind is Rescue.COINS else Fraction(0)},
            enough=kind is not Rescue.COINS,
            chosen=chosen,
        )

    return plan(
        command="rescue",
        changes=True,
        equity=Fraction(44_000),
        assets=(asset("BTC", "40000", "1.1"),),
        orders=(closing,),
        transfers=(moved,),
        steps=steps(1, 1),
        wallets=(wallet("BTC", "1.09985", value="1.2", maintenance="0.006", distance_below=Fraction("0.44")),),
        positions=(position("BTCUSD_PERP", "480", notional="48000", entry="45000", mark="40000"),),
        costs=Costs(Fraction(6), Fraction(0), Fraction(0), (CostLine("BTCUSD_PERP", Fraction(6), Fraction(0)),)),
        ways=(
            way(Rescue.COINS, "0.1", "0", "0.38", "1.36"),
            way(Rescue.CLOSE, "0", "-151", "0.425", "1.1225"),
            way(Rescue.BOTH, "0.1", "-120", "0.44", "1.0911", chosen=True),
        ),
        findings=(Finding(Severity.WARNING, Code.ALERT, "BTC", "leverage is 1.50 now; the alert level is 1.25"),),
    )
