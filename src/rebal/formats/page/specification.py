"""A contract's specification in words and figures, for terminals and pipes alike."""

from collections.abc import Collection
from fractions import Fraction

from rebal.catalogue import ContractLine, TierLine, VenueSheet
from rebal.formats.page.figures import GLUE, Figures
from rebal.market.contract import Kind
from rebal.market.maintenance import TierUnit, Valuation

ASSUMED = "?"
"""Stands behind a figure that nobody was seen to publish."""
UNKNOWN = "none"


def assumed_fields(report: VenueSheet) -> frozenset[tuple[str, str]]:
    """Which fields of which contracts stand in for what is not known, out of the keys that override them."""
    return frozenset((each.contract, each.key.rpartition(".")[2]) for each in report.assumed)


def percent(value: Fraction, figures: Figures) -> str:
    """A fee or a rate with every digit: 0.0005 is 0.05 %."""
    return f"{figures.exact(value * 100)}{figures.before_percent}%"


def multiplier(contract: ContractLine, figures: Figures) -> str:
    """What one contract is worth."""
    if contract.multiplier is None:
        return UNKNOWN
    return f"{figures.exact(contract.multiplier)}{GLUE}{'USD' if contract.kind is Kind.INVERSE else contract.asset}"


def maintenance(contract: ContractLine, figures: Figures) -> str:
    """How the maintenance rate is applied."""
    if contract.maintenance_price is None:
        return UNKNOWN
    price = "mark" if contract.maintenance_price is Valuation.MARK else "entry"
    fee = ", with the closing fee" if contract.maintenance_close_fee else ""
    if contract.maintenance_base is not None and contract.maintenance_slope is not None:
        base, slope = (percent(each, figures) for each in (contract.maintenance_base, contract.maintenance_slope))
        return f"at {price}{fee}, {base} and {slope} more a coin"
    return f"at {price}{fee}, {contract.maintenance_method}"


def tier(line: TierLine, contract: ContractLine, figures: Figures) -> str:
    """One maintenance tier: its bound, its rate, its deduction, its leverage."""
    unit = _tier_unit(contract)
    words = ["any size" if line.up_to is None else f"to {figures.exact(line.up_to)}{GLUE}{unit}"]
    words.append(percent(line.rate, figures))
    if line.deduction:
        words.append(f"less {figures.exact(line.deduction)}{GLUE}{unit}")
    if line.max_leverage is not None:
        words.append(f"{figures.leverage(line.max_leverage).removesuffix('.00')}x")
    return " ".join(words)


def marked(text: str, *, field: str, contract: str, assumed: Collection[tuple[str, str]]) -> str:
    """A figure, with the mark behind it where it is assumed."""
    return f"{text}{ASSUMED}" if (contract, field) in assumed else text


def _tier_unit(contract: ContractLine) -> str:
    match contract.maintenance_tier_unit:
        case TierUnit.USD:
            return "USD"
        case TierUnit.CONTRACTS:
            return "contracts"
        case _:
            return contract.asset
