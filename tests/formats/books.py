"""Plans written out by hand, so that the formats are tested on data alone."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction as F

from rebal.market.contract import Kind, OrderUnit
from rebal.plan import (
    AssetLine,
    Code,
    CostLine,
    Costs,
    Finding,
    HedgeLine,
    Inputs,
    Order,
    OrderPart,
    Plan,
    PnlLine,
    PositionLine,
    Severity,
    Side,
    Standing,
    Step,
    StepKind,
    Transfer,
    Wallet,
)
from rebal.portfolio import MarginMode, Purpose, Route

MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
INPUTS = Inputs("ab" * 32, None, None, MORNING, MORNING, "1.0.0")
NEW = Standing(F(0), F(0), None, None, None, None, None, None)
FREE = Costs(F(0), F(0), F(0), ())


def plan(**changes: object) -> Plan:
    """A plan with nothing in it, but for what is given."""
    empty = Plan(
        schema="rebal/plan/1",
        command="plan",
        name="Core holdings",
        venue="binance",
        as_of=MORNING,
        currency="USD",
        changes=False,
        refused=False,
        equity=F(0),
        inputs=INPUTS,
        assets=(),
        orders=(),
        transfers=(),
        steps=(),
        wallets=(),
        positions=(),
        hedges=(),
        costs=FREE,
        findings=(),
    )
    return replace(empty, **changes)  # type: ignore[arg-type]


def asset(name: str, price: str, holding: str, **given: F | bool | None) -> AssetLine:
    """A row of the drift table; exposures are what is held where nothing else is given."""
    worth = F(price) * F(holding)
    exposure = given.get("exposure", worth)
    after = given.get("exposure_after", exposure)
    return AssetLine(**{  # type: ignore[arg-type]
        "asset": name,
        "price": F(price),
        "holding": F(holding),
        "spot_value": worth,
        "exposure": exposure,
        "weight": None,
        "target_weight": None,
        "drift": None,
        "outside_band": None,
        "exposure_after": after,
        "weight_after": None,
        "hedge_ratio": F(0),
        "hedge_ratio_after": F(0),
        "net_exposure": exposure,
        "net_exposure_after": after,
        **given,
    })


def order(contract: str, name: str, contracts: str, *, notional: str, price: str, fee: str, **given: object) -> Order:
    """An order of one purpose; negative contracts sell."""
    signed = F(contracts)
    return Order(**{  # type: ignore[arg-type]
        "contract": contract,
        "asset": name,
        "kind": Kind.INVERSE,
        "side": Side.SELL if signed < 0 else Side.BUY,
        "contracts": abs(signed),
        "order_quantity": abs(signed),
        "order_unit": OrderUnit.CONTRACTS,
        "notional": F(notional),
        "coins": F(notional) / F(price),
        "price": F(price),
        "limit_price": F(price),
        "reduce_only": False,
        "fee": F(fee),
        "fee_currency": name,
        "route": Route.INVERSE,
        "parts": (OrderPart(Purpose.REBALANCE, signed, (name,)),),
        **given,
    })


def wallet(currency: str, balance: str, *, value: str, maintenance: str, **given: object) -> Wallet:
    """A cross wallet that holds a fresh position, its PnL 0."""
    held, worth, kept = F(balance), F(value), F(maintenance)
    return Wallet(**{  # type: ignore[arg-type]
        "currency": currency,
        "mode": MarginMode.CROSS,
        "balance": held,
        "unrealised_pnl": F(0),
        "margin_balance": held,
        "position_value": worth,
        "leverage": worth / held,
        "initial_margin": worth,
        "maintenance_margin": kept,
        "margin_ratio": kept / held,
        "liquidation_below": None,
        "liquidation_above": None,
        "distance_below": None,
        "distance_above": None,
        "contract": None,
        "required": worth,
        "share_of_holding": None,
        "distance_below_all_posted": None,
        "distance_above_all_posted": None,
        "funding_days_to_alert": None,
        "before": NEW,
        **given,
    })


def position(contract: str, contracts: str, *, notional: str, entry: str, mark: str, **given: object) -> PositionLine:
    """A position that was not there before."""
    signed = F(contracts)
    return PositionLine(**{  # type: ignore[arg-type]
        "contract": contract,
        "contracts": signed,
        "contracts_before": F(0),
        "contracts_hedge": F(0),
        "contracts_rebalance": signed,
        "entry_price": F(entry),
        "mark_price": F(mark),
        "notional": F(notional),
        "coin_value": F(notional) / F(mark),
        "unrealised_pnl": F(0),
        "delta": F(notional) / F(entry) * (1 if signed > 0 else -1),
        "isolated_margin": None,
        "liquidation_price": None,
        **given,
    })


def steps(transfers_in: int, orders: int, transfers_out: int = 0) -> tuple[Step, ...]:
    """Transfers in, orders, transfers out."""
    kinds = [(StepKind.TRANSFER, i) for i in range(transfers_in)]
    kinds += [(StepKind.ORDER, i) for i in range(orders)]
    kinds += [(StepKind.TRANSFER, transfers_in + i) for i in range(transfers_out)]
    return tuple(Step(n, kind, index) for n, (kind, index) in enumerate(kinds, start=1))


def worked_example() -> Plan:
    """2 BTC, 14 ETH, 30,000 ALT and targets of 50, 30 and 20 %."""
    total = F(130_000)

    def row(name: str, price: str, held: str, target: str, *, outside: bool) -> AssetLine:
        weight, wanted = F(price) * F(held) / total, F(target)
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
            Transfer("ALT", None, F(22_451)),
            Transfer("BTC", None, F("0.3751875")),
            Transfer("ETH", None, F("1.6168")),
        ),
        steps=steps(3, 3),
        wallets=(
            wallet(
                "ALT",
                "22440",
                value="22000",
                maintenance="220",
                liquidation_below=F("0.25"),
                distance_below=F("0.5"),
                share_of_holding=F(22_440) / 29_989,
                distance_below_all_posted=F("0.568"),
            ),
            wallet(
                "BTC",
                "0.375",
                value="0.375",
                maintenance="0.0015",
                share_of_holding=F("0.375") / F("1.9998125"),
            ),
            wallet(
                "ETH",
                "1.616",
                value="1.6",
                maintenance="0.008",
                liquidation_below=F(1250),
                distance_below=F("0.5"),
                share_of_holding=F("1.616") / F("13.9992"),
                distance_below_all_posted=F("0.897"),
            ),
        ),
        positions=(
            position("ALTUSD", "1100", notional="11000", entry="0.5", mark="0.5", liquidation_price=F("0.25")),
            position("BTCUSD_PERP", "-150", notional="15000", entry="40000", mark="40000"),
            position("ETHUSD_PERP", "400", notional="4000", entry="2500", mark="2500", liquidation_price=F(1250)),
        ),
        costs=Costs(
            F(15),
            None,
            None,
            (
                CostLine("ALTUSD", F("5.5"), None),
                CostLine("BTCUSD_PERP", F("7.5"), None),
                CostLine("ETHUSD_PERP", F(2), None),
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
    then = Standing(F("0.4"), F("0.391"), F("0.64"), F("0.0061"), None, F(61_420), None, F("0.142"))
    return plan(
        command="hedge",
        name="Kernbestand Zürich",
        venue="deribit",
        changes=True,
        equity=F("117250.5"),
        assets=(
            asset(
                "BTC",
                "53781.25",
                "2",
                exposure=F("97562.5"),
                weight=F("0.832"),
                target_weight=F("0.8"),
                drift=F("0.032"),
                outside_band=False,
                weight_after=F("0.832"),
                hedge_ratio=F("0.1"),
                hedge_ratio_after=F("0.5"),
                net_exposure=F("87562.5"),
                net_exposure_after=F("47562.5"),
            ),
            asset("ETH", "2500", "7.875", weight=F("0.168"), target_weight=F("0.2"), drift=F("-0.032"), outside_band=False,
                  weight_after=F("0.168"), hedge_ratio=F(0), hedge_ratio_after=F(0)),
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
                order_quantity=F(40_000),
                order_unit=OrderUnit.USD,
                limit_price=F("53790.5"),
                parts=(
                    OrderPart(Purpose.HEDGE, F(-4500), ("BTC",)),
                    OrderPart(Purpose.REBALANCE, F(500), ("BTC",)),
                ),
            ),
            order(
                "ETH_USDC-PERPETUAL",
                "ETH",
                "15",
                notional="3750",
                price="2500",
                fee="-0.375",
                order_quantity=F("1.5"),
                order_unit=OrderUnit.COINS,
                kind=Kind.LINEAR,
                fee_currency="USDC",
                reduce_only=True,
                route=Route.LINEAR,
                limit_price=None,
            ),
        ),
        transfers=(Transfer("BTC", None, F("0.4")), Transfer("USDC", "ETH_USDC-PERPETUAL", F("-120.5"))),
        steps=steps(1, 2, 1),
        wallets=(
            wallet(
                "BTC",
                "0.79962818",
                value="0.9937",
                maintenance="0.00994",
                unrealised_pnl=F("-0.009"),
                margin_balance=F("0.79062818"),
                leverage=F("1.2568"),
                margin_ratio=F("0.01257"),
                liquidation_above=F(98_110),
                distance_above=F("0.4247"),
                share_of_holding=F("0.4"),
                funding_days_to_alert=F("81.25"),
                before=then,
            ),
            wallet(
                "USDC",
                "310",
                value="1250",
                maintenance="12.5",
                mode=MarginMode.ISOLATED,
                contract="ETH_USDC-PERPETUAL",
                liquidation_below=F("2012.345678"),
                liquidation_above=F("3700"),
                distance_below=F("0.195"),
                distance_above=F("0.48"),
                distance_below_all_posted=F("0.4"),
                distance_above_all_posted=F("0.9"),
                before=Standing(F("430.5"), F("430.5"), F("9"), F("0.05"), F(2100), None, F("0.16"), None),
            ),
            wallet("XRP", "1000", value="0", maintenance="0", before=Standing(F(1000), F(1000), F(0), F(0), None, None, None, None)),
        ),
        positions=(
            position(
                "BTC-PERPETUAL",
                "-5000",
                notional="50000",
                entry="52500.123456",
                mark="53790.13",
                contracts_before=F(-1000),
                contracts_hedge=F(-5500),
                contracts_rebalance=F(500),
                unrealised_pnl=F("-0.009"),
                liquidation_price=F(98_150),
            ),
            position(
                "ETH_USDC-PERPETUAL",
                "0",
                notional="0",
                entry="2400",
                mark="2500",
                contracts_before=F(-15),
                contracts_rebalance=F(0),
                entry_price=None,
            ),
        ),
        hedges=(
            HedgeLine("BTC", F("0.5"), datetime(2026, 12, 31, tzinfo=UTC)),
            HedgeLine("ETH", F(0), None),
        ),
        costs=Costs(
            F("19.625"),
            F("-12"),
            F("-4380"),
            (CostLine("BTC-PERPETUAL", F(20), F(-12)), CostLine("ETH_USDC-PERPETUAL", F("-0.375"), F(0))),
        ),
        findings=(Finding(Severity.WARNING, Code.LEVERAGE, "BTC", "leverage is 1.26, above policy.leverage 1; not traded now"),),
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
                "1.5 ETH are missing: the positions need 3 ETH and 1.5 ETH can be posted; it would fit at policy.leverage 2",
            ),
        ),
    )


LONG_COIN = "ABCDEFGHIJKLMNOPQRST"
LONG_CONTRACT = "ABCDEFGHIJKLMNOPQRST-USD-260327.settled_"
MOST = F("987654321098765432.123456789012345678")
LEAST = F("0.000000000000000001")


def extreme() -> Plan:
    """Names as long as they may be, numbers as large and as small."""
    return plan(
        name="Ein sehr langer Name für ein Portfolio, das auch sonst nirgends hineinpasst",
        venue="kraken",
        changes=True,
        equity=MOST * 2,
        assets=(
            asset(LONG_COIN, "987654321098765432.123456789012345678", "987654321098765432.123456789012345678",
                  weight=F(2, 3), target_weight=F(1), drift=F(-1, 3), outside_band=True, weight_after=F(1)),
            asset("Z", "0.000000000000000001", "0.000000000000000001",
                  weight=F(1, 3), target_weight=F(0), drift=F(1, 3), outside_band=True, weight_after=F(0)),
        ),
        orders=(
            order(LONG_CONTRACT, LONG_COIN, "-987654321098765432.123456789012345678",
                  notional="987654321098765432.123456789012345678", price="0.000000000000000001",
                  fee="123456789012345678.12345678"),
            order("Z", "Z", "0.000000000000000001", notional="0.000000000000000001",
                  price="987654321098765432.123456789012345678", fee="0.00000001"),
        ),
        transfers=(Transfer(LONG_COIN, None, F("987654321098765432.12345678")), Transfer("Z", None, F("-0.00000001"))),
        steps=steps(1, 2, 1),
        wallets=(
            wallet(LONG_COIN, "987654321098765432.12345678", value="987654321098765432.12345678",
                   maintenance="123456789012345678.12345678", liquidation_below=LEAST, liquidation_above=MOST,
                   distance_below=F(1, 2), distance_above=F(10**18), share_of_holding=F(1), contract=LONG_CONTRACT,
                   mode=MarginMode.ISOLATED, before=Standing(MOST, MOST, F(1), F(1, 7), LEAST, MOST, F(1, 3), F(5, 4)),
                   funding_days_to_alert=F(123456789, 7)),
        ),
        positions=(
            position(LONG_CONTRACT, "-987654321098765432.123456789012345678",
                     notional="987654321098765432.123456789012345678", entry="0.000000000000000001",
                     mark="987654321098765432.123456789012345678", contracts_before=MOST, contracts_hedge=-MOST,
                     liquidation_price=LEAST, isolated_margin=MOST),
        ),
        costs=Costs(MOST, MOST, MOST * 365, (CostLine(LONG_CONTRACT, MOST, MOST), CostLine("Z", LEAST, -LEAST))),
        findings=(Finding(Severity.ERROR, Code.UNDER_COLLATERALISED, LONG_CONTRACT,
                          f"987654321098765432.12345678 {LONG_COIN} are missing"),),
    )


def quiet() -> Plan:
    """Every weight inside its band."""
    done = worked_example()
    rows = tuple(replace(row, outside_band=False, drift=F(0), weight=row.target_weight) for row in done.assets)
    return plan(equity=done.equity, assets=rows)


def unwind() -> Plan:
    """A closing that spot is not ready for."""
    closing = order("BTCUSD_PERP", "BTC", "150", notional="15000", price="50000", fee="0.00015", reduce_only=True)
    return plan(
        command="unwind",
        changes=True,
        refused=True,
        equity=F(128_000),
        assets=(asset("BTC", "50000", "2"),),
        orders=(closing,),
        steps=steps(0, 1),
        costs=Costs(F("7.5"), F(0), F(0), (CostLine("BTCUSD_PERP", F("7.5"), F(0)),)),
        pnl=(PnlLine("BTCUSD_PERP", F("-0.075"), F(-3750), F("0.0003375"), F("0.0012"), F("-3706.875")),),
        spot_matches=False,
        findings=(Finding(Severity.ERROR, Code.SPOT_DIFFERS, "BTC", "its weight would be 12.0 points over its target"),),
    )
