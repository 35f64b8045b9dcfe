"""A plan of the longest names and the widest numbers that a file may hold."""

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.findings import Code, Finding, Severity
from rebal.plan import CostLine, Costs, Plan, Standing, Transfer

from .rows import asset, order, plan, position, steps, wallet

LONG_COIN = "ABCDEFGHIJKLMNOPQRST"
LONG_CONTRACT = "ABCDEFGHIJKLMNOPQRST-USD-260327.settled_"
MOST = Fraction("987654321098765432.123456789012345678")
LEAST = Fraction("0.000000000000000001")


def extreme() -> Plan:
    """Names as long as they may be, numbers as large and as small."""
    return plan(
        name="Ein sehr langer Name für ein Portfolio, das auch sonst nirgends hineinpasst",
        venue="kraken",
        changes=True,
        equity=MOST * 2,
        assets=(
            asset(
                LONG_COIN,
                "987654321098765432.123456789012345678",
                "987654321098765432.123456789012345678",
                weight=Fraction(2, 3),
                target_weight=Fraction(1),
                drift=Fraction(-1, 3),
                outside_band=True,
                weight_after=Fraction(1),
            ),
            asset(
                "Z",
                "0.000000000000000001",
                "0.000000000000000001",
                weight=Fraction(1, 3),
                target_weight=Fraction(0),
                drift=Fraction(1, 3),
                outside_band=True,
                weight_after=Fraction(0),
            ),
        ),
        orders=(
            order(
                LONG_CONTRACT,
                LONG_COIN,
                "-987654321098765432.123456789012345678",
                notional="987654321098765432.123456789012345678",
                price="0.000000000000000001",
                fee="123456789012345678.12345678",
            ),
            order(
                "Z",
                "Z",
                "0.000000000000000001",
                notional="0.000000000000000001",
                price="987654321098765432.123456789012345678",
                fee="0.00000001",
            ),
        ),
        transfers=(
            Transfer(LONG_COIN, None, Fraction("987654321098765432.12345678")),
            Transfer("Z", None, Fraction("-0.00000001")),
        ),
        steps=steps(1, 2, 1),
        wallets=(
            wallet(
                LONG_COIN,
                "987654321098765432.12345678",
                value="987654321098765432.12345678",
                maintenance="123456789012345678.12345678",
                liquidation_below=LEAST,
                liquidation_above=MOST,
                distance_below=Fraction(1, 2),
                distance_above=Fraction(10**18),
                share_of_holding=Fraction(1),
                contract=LONG_CONTRACT,
                mode=MarginMode.ISOLATED,
                before=Standing(MOST, MOST, Fraction(1), Fraction(1, 7), LEAST, MOST, Fraction(1, 3), Fraction(5, 4)),
                funding_days_to_alert=Fraction(123456789, 7),
            ),
        ),
        positions=(
            position(
                LONG_CONTRACT,
                "-987654321098765432.123456789012345678",
                notional="987654321098765432.123456789012345678",
                entry="0.000000000000000001",
                mark="987654321098765432.123456789012345678",
                contracts_before=MOST,
                contracts_hedge=-MOST,
                liquidation_price=LEAST,
                isolated_margin=MOST,
                asset=LONG_COIN,
                settle=LONG_COIN,
            ),
        ),
        costs=Costs(MOST, MOST, MOST * 365, (CostLine(LONG_CONTRACT, MOST, MOST), CostLine("Z", LEAST, -LEAST))),
        findings=(
            Finding(
                Severity.ERROR,
                Code.UNDER_COLLATERALISED,
                LONG_CONTRACT,
                f"987654321098765432.12345678 {LONG_COIN} are missing",
            ),
        ),
    )
