"""BitMEX: inverse XBT contracts.

Sources, each figure's own in its row: ccxt's static market fixture (2026-05-21); nautechsystems/nautilus_trader's
spread fixture (2026-06-04); bitmex.com/app/riskLimitsExamples for the tiers. That maintenance is taken at the entry
price with the closing fee is in posMaint = value · rate + posComm of recorded positions (July 2019).
"""

from rebal.market.contract import Kind, OrderUnit
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._dated import Named, at_1200, is_month_end, letter_yy, read_letter_yy
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

INVERSE = Form(Valuation.ENTRY, close_fee=True, method=Method.WHOLE, unit=TierUnit.COIN)

# A base of 200 BTC and steps of 150, each adding half a percent.
_XBT_TIERS = """
200  0.005  0  1/0.01
350  0.01   0  1/0.015
500  0.015  0  1/0.02
650  0.02   0  1/0.025
"""

_MAKER, _TAKER = "0.0005", "0.0005"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8",
    order_unit=OrderUnit.USD,
    listed={"yes": "recorded on 2026-05-21"},
    common={"listed": "yes"},
    text="""
contract  asset  multiplier  tick  lot  min  leverage  source             date        status
XBTUSD    BTC    1           0.1   100  100  100       ccxt+risk-limits   2026-05-21  recorded
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    order_unit=OrderUnit.USD,
    rule=Named("<F..Z>YY", letter_yy, read_letter_yy, falls=is_month_end, at=at_1200, quarters=2),
    listed={"yes": "XBTM26 and XBTU26 recorded on 2026-06-04: two quarters are listed"},
    common={"listed": "yes"},
    text="""
contract     asset  multiplier  tick  lot  min  leverage  source    date        status
XBT<F..Z>YY  BTC    1           0.5   100  100  -         nautilus  2026-06-04  recorded
""",
)

_NOTES = {
    "XBTUSD": (
        "the lot was 1 until 2021-06-08, the tick 0.5 until 2024-07-31, the fees 0.02 % and 0.075 % until 2024-10-22",
        "above 650 BTC each further 150 BTC add half a percent",
    ),
    "XBT<F..Z>YY": ("expires on the last Friday of the month at 12:00 UTC, inferred from XBTM26 on 2026-06-26",),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract or family, None where none is known."""
    return Known(INVERSE.tiers(_XBT_TIERS)) if contract == "XBTUSD" else None


VENUE = Venue(
    name="bitmex",
    title="BitMEX inverse",
    statements=(
        "XBT contracts, perpetual and dated, are margined in BTC and typed in USD, in multiples of 100.",
        "ETHUSD, ADAUSD and others of that form are quanto contracts settled in BTC, not inverse: they are not here.",
        "Maintenance is taken at the entry price and counts the fee of closing; adverse funding is added on top.",
        "Values are rounded in satoshi, per contract and against the trader: figures differ in the last digits.",
        "Fees are those of XBTUSD on 2026-05-21.",
    ),
    sources={
        "ccxt": "ccxt/ccxt @869d65f0ca0d, static market fixture bitmex.json, XBTUSD row of 2026-05-21",
        "nautilus": "nautechsystems/nautilus_trader @a95c8042b001, spread fixture of 2026-06-04",
        "risk-limits": "bitmex.com/app/riskLimitsExamples: tiers; base and step are in the recorded row",
    },
    tables=(_PERPETUAL, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
)
