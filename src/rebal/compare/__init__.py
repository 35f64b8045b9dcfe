"""A rebalance or a hedge by each route: its legs, what they cost over a horizon, and the sale they stand against."""

from rebal.compare.report import build_compare

__all__ = ["build_compare"]
