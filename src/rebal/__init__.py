"""Rebalance coins without selling them: the inverse perpetual legs, their collateral and where they are liquidated."""

__version__ = "0.1.0"
