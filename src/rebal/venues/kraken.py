"""Kraken Futures: single-collateral inverse contracts.

Sources, each figure's own in its row: BYTEX-TRADE/bytex's recorded answers (2026-09-25: fees, sizes, the head of the
margin levels); JKorf/Kraken.Net's API-doc example (2022-06-28) and Kraken's help 15579128794772 for all levels; help
360008643453 for specifications; the Roq gateway's test data (2021-07-28).
"""

from rebal.market.contract import Kind, OrderUnit
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._dated import Named, at_1600_london, is_quarter_end, read_yymmdd, yymmdd
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

SINGLE_COLLATERAL = Form(Valuation.ENTRY, close_fee=False, method=Method.MARGINAL, unit=TierUnit.CONTRACTS)

# Each level's leverage is printed as the initial margin rate.
_XBT_LEVELS = """
500000    0.01   -  1/0.02
1000000   0.02   -  1/0.04
3000000   0.03   -  1/0.06
6000000   0.05   -  1/0.1
12000000  0.075  -  1/0.15
20000000  0.125  -  1/0.25
50000000  0.15   -  1/0.3
-         0.2    -  1/0.4
"""
_ETH_LEVELS = """
250000    0.01   -  1/0.02
500000    0.02   -  1/0.04
2000000   0.03   -  1/0.06
5000000   0.05   -  1/0.10
8000000   0.075  -  1/0.15
15000000  0.125  -  1/0.25
30000000  0.15   -  1/0.30
-         0.20   -  1/0.40
"""
_XBT_DATED_LEVELS = """
500000    0.01   -  1/0.02
1000000   0.02   -  1/0.04
3000000   0.03   -  1/0.06
6000000   0.05   -  1/0.1
9000000   0.075  -  1/0.15
15000000  0.125  -  1/0.25
30000000  0.15   -  1/0.3
-         0.2    -  1/0.4
"""
_LEVELS = {"PI_XBTUSD": _XBT_LEVELS, "PI_ETHUSD": _ETH_LEVELS, "FI_XBTUSD_YYMMDD": _XBT_DATED_LEVELS}

_MAKER, _TAKER = "0.0002", "0.0005"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="1",
    order_unit=OrderUnit.USD,
    listed={
        "2026": "recorded on 2026-09-25",
        "four": "one of the four inverse perpetuals left when PI_BCHUSD was delisted; no dated list was seen",
    },
    common={"multiplier": "1", "lot": "1", "min": "1"},
    text="""
contract   asset  tick    leverage  listed  source                        date        status
PI_XBTUSD  BTC    0.5     50        2026    bytex+kraken-net+kraken-help  2026-09-25  recorded
PI_ETHUSD  ETH    0.05    50        four    kraken-help                   -           doc
PI_XRPUSD  XRP    0.0001  25        four    kraken-help+roq               2021-07-28  doc
PI_LTCUSD  LTC    0.01    25        four    kraken-help+roq               2021-07-28  doc
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    order_unit=OrderUnit.USD,
    rule=Named("YYMMDD", yymmdd, read_yymmdd, falls=is_quarter_end, at=at_1600_london, quarters=1),
    listed={
        "yes": "FI_XBTUSD_261225 recorded on 2026-09-25; further quarters were not seen",
        "no": "last recorded on 2021-07-28",
    },
    common={"multiplier": "1", "lot": "1", "min": "1"},
    text="""
contract          asset  tick  leverage  listed  source            date        status
FI_XBTUSD_YYMMDD  BTC    0.5   50        yes     bytex+kraken-net  2026-09-25  recorded
FI_ETHUSD_YYMMDD  ETH    -     -         no      roq               2021-07-28  recorded
""",
)

_NOTES = {
    "PI_XBTUSD": (
        "the first two margin levels were recorded on 2026-09-25, all eight are of 2022",
        "its largest funding rate is printed as 0.5 % with coefficient 8 (2026-09-25), elsewhere as 0.25 % with 24",
    ),
    "PI_ETHUSD": ("the tick was 0.025 on 2021-07-28",),
    "FI_XBTUSD_YYMMDD": (
        "the first margin level was confirmed in 2026, the others are of a contract of 2022",
        "last traded at 16:00 London time, inferred from 15:00 UTC in summer and 16:00 UTC in winter",
    ),
    "FI_ETHUSD_YYMMDD": ("in 2021 the tick was 1 for quarters and 0.025 for months",),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract or family, None where none is known."""
    levels = _LEVELS.get(contract)
    if levels is None:
        return None
    return Known(SINGLE_COLLATERAL.tiers(levels), "valuation for maintenance margin", "the entry price")


VENUE = Venue(
    name="kraken",
    title="Kraken Futures inverse",
    statements=(
        "Perpetual (PI) and dated (FI) contracts of 1 USD are margined in their own coin, a wallet for each.",
        "Margin levels count contracts, and each slice of a position is margined at its own rate.",
        "Kraken's help says that maintenance is taken at the entry price; a record of 2018 fits the mark price.",
        "Funding is hourly; the API's fundingRate is coins per contract, relativeFundingRate is the fraction to use.",
        "Contracts PF and FF are linear, with multi-collateral wallets: they are not here. PI_BCHUSD was delisted on "
        "2025-04-04.",
        "Fees are those of single-collateral inverse contracts, tier 0, recorded on 2026-09-25.",
    ),
    sources={
        "bytex": "BYTEX-TRADE/bytex, test data recorded from the exchange on 2026-09-25",
        "kraken-help": "Kraken help 15579128794772 (margin levels) and 360008643453 (specifications), undated",
        "kraken-net": "JKorf/Kraken.Net @e597f1d0f744, API-doc example of instruments, 2022-06-28",
        "roq": "Roq trading gateway, instruments of 2021-07-28",
    },
    tables=(_PERPETUAL, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
)
