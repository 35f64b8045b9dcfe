"""How account pages show a liquidation price, where that is known."""

from dataclasses import replace

import pytest

from rebal import venues
from rebal.amounts import Fraction
from rebal.venues import binance, deribit, okx

from .expected import NOW


def test_binance_cuts_at_eight_decimals() -> None:
    """Source: a recorded isolated long of BTCUSD_PERP in ccxt 4.5.90's binance.py."""
    exact = Fraction("25119.974457609469177477")
    assert binance.liquidation_as_printed(exact) == Fraction("25119.97445760")


def test_okx_shows_an_isolated_position_one_tick_nearer_to_the_mark() -> None:
    """Source: a recorded isolated long of BTC-USD-SWAP, 2024-11-27; the price before the shift is the closed form's."""
    contract = venues.venue("okx").contract("BTC-USD-SWAP", NOW)
    assert contract is not None
    closed_form = 100 * (1 + Fraction("0.004") + Fraction("0.0003")) / (
        100 / Fraction("93511.7") + Fraction("0.0002138769800998")
    )  # fmt: skip
    shown = okx.isolated_liquidation_as_printed(contract, closed_form, is_long=True)
    assert abs(shown - Fraction("78261.60025833434")) < Fraction(1, 10**10)
    assert okx.isolated_liquidation_as_printed(contract, Fraction(100), is_long=False) == Fraction("99.9")
    with pytest.raises(ValueError, match="no tick"):
        okx.isolated_liquidation_as_printed(replace(contract, tick_size=None), closed_form, is_long=True)


def test_deribit_shows_two_decimals() -> None:
    """Source: a recorded cross wallet of two shorts, 2025-05-09."""
    assert deribit.liquidation_as_printed(Fraction("179063.284236")) == Fraction("179063.28")
