"""Drift, legs, sizing, collateral, checks and costs: from a portfolio and its book to a plan."""

from rebal.planner.build import build_plan

__all__ = ["build_plan"]
