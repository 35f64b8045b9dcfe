"""BingX: coin-M perpetuals.

Sources, each figure's own in its row: BingX-API/docs-v3, the official documentation (2025-10-29); BingX-API/
api-ai-skills, official (2026-04-21); BingX's help on coin-M parameters (undated); answers of the exchange in ccxt
4.5.90's comments (July 2024); nemanull/arbitrage-observatory's survey (2026-09-22/23).
"""

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

COIN_M = Form(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.USD)

# The help page prints one table for BTCUSD and ETHUSD, without deductions. The leverage is the upper end of a tier's
# printed range: 68x-100x, 51x-67x and so on.
_TIERS = """
200000     0.004   0  100
500000     0.005   0  67
2000000    0.0075  0  50
4000000    0.0125  0  40
6000000    0.0175  0  34
8000000    0.0225  0  29
10000000   0.0275  0  25
12000000   0.0325  0  23
14000000   0.0375  0  20
16000000   0.0425  0  19
18000000   0.0475  0  17
20000000   0.0525  0  16
22000000   0.0575  0  15
24000000   0.0625  0  14
26000000   0.0675  0  13
30000000   0.0725  0  12
32000000   0.0825  0  11
38000000   0.0875  0  10
42000000   0.1025  0  9
50000000   0.1125  0  8
60000000   0.1325  0  7
72000000   0.1575  0  6
92000000   0.1875  0  5
126000000  0.2375  0  4
192000000  0.3225  0  3
194000000  0.4875  0  2
"""
_SOL_RATE = "- 0.007"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee="0.0002",
    taker_fee="0.0005",
    funding_hours="8",
    listed={"yes": "all 20 inverse contracts were active on 2026-09-23; their names were not printed"},
    common={"listed": "yes"},
    text="""
contract  asset  multiplier  tick  lot  min  leverage  source                     date        status
BTC-USD   BTC    100         0.1   1    1    100       bingx-docs+bingx-help      2025-10-29  doc
ETH-USD   ETH    10          0.01  1    1    100       bingx-docs+bingx-help      2025-10-29  doc
BNB-USD   BNB    10          0.01  1    1    -         ccxt                       2024-07-04  recorded
SOL-USD   SOL    10          -     1    -    50        ccxt+bingx-skills          2024-07-28  recorded
""",
)

_TICK = "the tick is inferred from the price precision that the exchange prints"
_NOTES = {
    "BTC-USD": (
        _TICK,
        "the official example of 2026-04-21 prints a size of 10 USD among fields of the BNB row, a slip: a public "
        "record of 2026-02 has 100 as the documentation does",
        "the API's leverage example prints 150, the help page 100",
    ),
    "ETH-USD": (_TICK,),
    "BNB-USD": (_TICK,),
    "SOL-USD": ("the maintenance rate fits one recorded long position",),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract, None where none is known."""
    match contract:
        case "BTC-USD" | "ETH-USD":
            return Known(COIN_M.tiers(_TIERS), "maintenance schedule", "an undated help page's tiers by position size")
        case "SOL-USD":
            return Known(COIN_M.tiers(_SOL_RATE), "maintenance rate", "0.7 % as one recorded position implies")
        case _:
            return None


VENUE = Venue(
    name="bingx",
    title="BingX coin-M",
    statements=(
        "Inverse perpetuals only, each margined in its own coin; no dated contracts.",
        "The exchange listed 20 inverse contracts on 2026-09-23; the sizes of four are known.",
        "Fees are an example of the official documentation; the fee page says nothing on coin-M: look up yours.",
        "Whether the tiers go by the size of the position or by the leverage chosen is not printed.",
    ),
    sources={
        "bingx-docs": "BingX-API/docs-v3, official documentation, 2025-10-29",
        "bingx-help": "support.bingx.com, Coin-M perpetual futures parameters (30454348141081), undated",
        "bingx-skills": "BingX-API/api-ai-skills, official, 2026-04-21: fills and the fee example",
        "ccxt": "ccxt 4.5.90, answers of the exchange in its comments, July 2024; its default fees",
        "observatory": "nemanull/arbitrage-observatory, BingX, 2026-09-22/23: listing",
    },
    tables=(_PERPETUAL,),
    notes=_NOTES,
    maintenance=maintenance,
)
