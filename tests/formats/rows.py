"""The rows of a plan by hand, with what a test does not care about filled in."""

from dataclasses import replace
from datetime import UTC, datetime

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, Purpose
from rebal.market.contract import Kind, OrderUnit
from rebal.plan import (
    AssetLine,
    Costs,
    Inputs,
    Order,
    OrderPart,
    Plan,
    PositionLine,
    Side,
    Standing,
    Step,
    StepKind,
    Wallet,
)
from rebal.policy import Route

MORNING = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PREVIOUS = "cd" * 32
INPUTS = Inputs("ab" * 32, None, None, MORNING, MORNING, "1.0.0")
NEW = Standing(Fraction(0), Fraction(0), None, None, None, None, None, None)
FREE = Costs(Fraction(0), Fraction(0), Fraction(0), ())


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
        equity=Fraction(0),
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


def asset(name: str, price: str, holding: str, **given: Fraction | bool | None) -> AssetLine:
    """A row of the drift table; exposures are what is held where nothing else is given."""
    worth = exact(price) * exact(holding)
    exposure = given.get("exposure", worth)
    after = given.get("exposure_after", exposure)
    return AssetLine(
        **{  # type: ignore[arg-type]
            "asset": name,
            "price": exact(price),
            "holding": exact(holding),
            "spot_value": worth,
            "exposure": exposure,
            "weight": None,
            "target_weight": None,
            "drift": None,
            "outside_band": None,
            "exposure_after": after,
            "weight_after": None,
            "hedge_ratio": Fraction(0),
            "hedge_ratio_after": Fraction(0),
            "net_exposure": exposure,
            "net_exposure_after": after,
            "aimed_weight": None,
            **given,
        }
    )


def order(contract: str, name: str, contracts: str, *, notional: str, price: str, fee: str, **given: object) -> Order:
    """An order of one purpose; negative contracts sell."""
    signed = exact(contracts)
    return Order(
        **{  # type: ignore[arg-type]
            "contract": contract,
            "asset": name,
            "kind": Kind.INVERSE,
            "side": Side.SELL if signed < 0 else Side.BUY,
            "contracts": abs(signed),
            "order_quantity": abs(signed),
            "order_unit": OrderUnit.CONTRACTS,
            "notional": exact(notional),
            "coins": exact(notional) / exact(price),
            "price": exact(price),
            "limit_price": exact(price),
            "reduce_only": False,
            "fee": exact(fee),
            "fee_currency": name,
            "route": Route.INVERSE,
            "parts": (OrderPart(Purpose.REBALANCE, signed, (name,)),),
            **given,
        }
    )


def wallet(currency: str, balance: str, *, value: str, maintenance: str, **given: object) -> Wallet:
    """A cross wallet that holds a fresh position, its PnL 0."""
    held, worth, kept = exact(balance), exact(value), exact(maintenance)
    return Wallet(
        **{  # type: ignore[arg-type]
            "currency": currency,
            "mode": MarginMode.CROSS,
            "balance": held,
            "unrealised_pnl": Fraction(0),
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
        }
    )


def position(contract: str, contracts: str, *, notional: str, entry: str, mark: str, **given: object) -> PositionLine:
    """A position that was not there before; inverse, on what stands before the USD of its contract's name."""
    signed, coin = exact(contracts), contract.partition("USD")[0]
    return PositionLine(
        **{  # type: ignore[arg-type]
            "contract": contract,
            "contracts": signed,
            "contracts_before": Fraction(0),
            "contracts_hedge": Fraction(0),
            "contracts_rebalance": signed,
            "entry_price": exact(entry),
            "mark_price": exact(mark),
            "notional": exact(notional),
            "coin_value": exact(notional) / exact(mark),
            "unrealised_pnl": Fraction(0),
            "delta": exact(notional) / exact(entry) * (1 if signed > 0 else -1),
            "isolated_margin": None,
            "liquidation_price": None,
            "asset": coin,
            "settle": coin,
            **given,
        }
    )


def steps(transfers_in: int, orders: int, transfers_out: int = 0) -> tuple[Step, ...]:
    """Transfers in, orders, transfers out."""
    kinds = [(StepKind.TRANSFER, i) for i in range(transfers_in)]
    kinds += [(StepKind.ORDER, i) for i in range(orders)]
    kinds += [(StepKind.TRANSFER, transfers_in + i) for i in range(transfers_out)]
    return tuple(Step(n, kind, index) for n, (kind, index) in enumerate(kinds, start=1))
