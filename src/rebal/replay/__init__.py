"""Replay: a book and its policy walked through years of prices, by the planner that plans today."""

from rebal.replay.report import build_replay as build_replay
