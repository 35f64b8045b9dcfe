"""The book under shocks: what it is worth as prices move, which wallets are liquidated, and what would save them."""

from rebal.stress.report import build_stress

__all__ = ["build_stress"]
