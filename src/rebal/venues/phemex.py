"""Phemex: inverse perpetuals.

Sources, each figure's own in its row: nemanull/arbitrage-observatory's survey (2026-09-22/23: fees, sizes, listing);
phemex/phemex-api-docs (2024-06-17); an answer of the exchange of 2019 in ccxt 4.5.90's comments (tick, tiers).
"""

from rebal.market.contract import Kind, OrderUnit
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

INVERSE = Form(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.COIN)

_BTC_TIERS = """
100  0.005  0  1/0.01
150  0.01   0  1/0.015
200  0.015  0  1/0.02
"""

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee="0.0001",
    taker_fee="0.0006",
    funding_hours="8",
    order_unit=OrderUnit.USD,
    listed={"yes": "listed on 2026-09-23"},
    common={"multiplier": "1", "listed": "yes", "date": "2026-09-23", "status": "recorded"},
    text="""
contract  asset  tick  lot  min  leverage  source
BTCUSD    BTC    0.5   1    1    100       observatory+ccxt+phemex-docs
cETHUSD   ETH    -     -    -    -         observatory
cSOLUSD   SOL    -     -    -    -         observatory
cXRPUSD   XRP    -     -    -    -         observatory
cADAUSD   ADA    -     -    -    -         observatory
cSUIUSD   SUI    -     -    -    -         observatory
cLINKUSD  LINK   -     -    -    -         observatory
cAVAXUSD  AVAX   -     -    -    -         observatory
""",
)


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract, None where none is known."""
    if contract != "BTCUSD":
        return None
    return Known(INVERSE.tiers(_BTC_TIERS), "maintenance schedule", "the tiers of 2019 at the mark price")


VENUE = Venue(
    name="phemex",
    title="Phemex inverse",
    statements=(
        "Inverse perpetuals of 1 USD are margined in their own coin and typed in USD; no dated contracts.",
        "Inverse contracts other than BTCUSD begin with a lower-case c; the old contracts of the same names without it "
        "were linear and are delisted.",
        "Fees are those of the fee page as rendered on 2026-09-22, one table for all futures.",
        "Ticks, lots and tiers of the contracts beginning with c are not known.",
    ),
    sources={
        "ccxt": "ccxt 4.5.90, an answer of the exchange of 2019 in its comments: tick, tiers",
        "observatory": "nemanull/arbitrage-observatory, Phemex, 2026-09-22/23: fees, sizes, listing",
        "phemex-docs": "phemex/phemex-api-docs @2f54a9281e9f, 2024-06-17",
    },
    tables=(_PERPETUAL,),
    notes={
        "BTCUSD": (
            "tick and tiers are of 2019; above 200 BTC nothing is known",
            "a legacy list prints other fees (0.75 % and -0.25 %); those of 2019 were 0.075 % and -0.025 %",
        ),
    },
    maintenance=maintenance,
)
