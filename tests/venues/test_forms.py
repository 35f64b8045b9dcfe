"""How a venue applies its tiers, where its rates are not in the catalogue but recorded positions show the form."""

from dataclasses import replace

import pytest

from exact import exact
from rebal import venues
from rebal.amounts import Fraction
from rebal.market.contract import Contract
from rebal.market.margin import Held, liquidation
from rebal.venues import htx, kucoin, okx
from rebal.venues._table import Form

from .expected import NOW


def with_rate(venue: str, name: str, form: Form, *, rate: str, taker_fee: str) -> Contract:
    contract = venues.venue(venue).contract(name, NOW)
    assert contract is not None
    return replace(contract, maintenance=form.tiers(f"- {rate}"), taker_fee=exact(taker_fee))


@pytest.mark.parametrize(
    ("name", "contracts", "entry", "mark", "balance", "taker_fee", "printed"),
    [
        ("ETH-USD-SWAP", -10, "1357.49", "1357.89", "0.0380935836102741", "0.0005", "2798.5664072115424"),
        ("BTC-USD-SWAP", 1, "93511.7", "93516.3", "0.0002138769800998", "0.0003", "78261.50025833434"),
    ],
)
def test_okx_adds_the_accounts_own_taker_rate(
    name: str, contracts: int, entry: str, mark: str, balance: str, taker_fee: str, printed: str
) -> None:
    """Source: recorded OKX v5 positions: cross short, 2022-09-20; isolated long, 2024-11-27, its tick taken off."""
    contract = with_rate("okx", name, okx.COIN_MARGINED, rate="0.004", taker_fee=taker_fee)
    held = Held(contract, exact(contracts), exact(entry), exact(mark))
    ends = liquidation(exact(balance), [held])
    end = ends.above if contracts < 0 else ends.below
    assert end is not None
    assert abs(end * held.mark_price - exact(printed)) < Fraction(1, 10**10)


def test_htx_divides_its_adjust_factor_by_the_leverage() -> None:
    """Source: a recorded HTX cross long of BTC-USD at 5x with a factor of 0.025, 2025-01-24."""
    contract = with_rate("htx", "BTC-USD", htx.COIN_MARGINED, rate="0.005", taker_fee="0.0005")
    entry = Fraction("103561.7111255845")
    end = liquidation(Fraction("0.001212090119590664326"), [Held(contract, Fraction(2), entry, entry)]).below
    assert end is not None
    assert abs(end * entry - Fraction("63945.4170372815")) < Fraction(1, 10**8)


def test_kucoin_values_an_isolated_position_at_entry() -> None:
    cross = with_rate("kucoin", "XBTUSDM", kucoin.CROSS, rate="0.01", taker_fee="0.0006")
    isolated = replace(cross, maintenance=kucoin.ISOLATED.tiers("- 0.01"))
    entry, balance = Fraction(40000), Fraction("0.01")
    notional, rate = Fraction(1000), Fraction("0.01") + Fraction("0.0006")
    below = liquidation(balance, [Held(isolated, notional, entry, entry)]).below
    assert below is not None
    assert below * entry == notional / (notional / entry + balance - rate * notional / entry)
    assert liquidation(balance, [Held(cross, notional, entry, entry)]).below != below
