"""KuCoin: coin-margined futures.

Sources, each figure's own in its row: BYTEX-TRADE/bytex's test data (2026-09-25); answers of GET
/api/v1/contracts/active in two public test files (early 2023: leverage, risk limit); a public audit of the catalogue
(2026-09-18) for the listing.
"""

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._dated import Named, at_0800, is_quarter_end, letter_yy, read_letter_yy
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

# A cross wallet is valued at mark, an isolated position at entry; both count the fee of closing.
CROSS = Form(Valuation.MARK, close_fee=True, method=Method.WHOLE, unit=TierUnit.COIN)
ISOLATED = CROSS._replace(valuation=Valuation.ENTRY)

_XBT_FIRST_TIER = "40 0.01 0 1/0.02"

_MAKER, _TAKER = "0.0002", "0.0006"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8",
    listed={"yes": "one of four inverse perpetuals on 2026-09-18"},
    common={"listed": "yes"},
    text="""
contract  asset  multiplier  tick  lot  min  leverage  source             date        status
XBTUSDM   BTC    1           0.1   1    1    50        bytex+kucoin-2023  2026-09-25  recorded
ETHUSDM   ETH    1?          -     -    -    -         audit+bytex        2026-09-25  inferred
SOLUSDM   SOL    1?          -     -    -    -         audit              2026-09-18  inferred
XRPUSDM   XRP    1?          -     -    -    -         audit              2026-09-18  inferred
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    rule=Named("<H|M|U|Z>YY", letter_yy, read_letter_yy, falls=is_quarter_end, at=at_0800, quarters=1),
    listed={"yes": "XBTMU26 was the one dated contract on 2026-09-18: the coming quarter is listed"},
    common={"listed": "yes"},
    text="""
contract         asset  multiplier  tick  lot  min  leverage  source  date        status
XBTM<H|M|U|Z>YY  BTC    1           0.1   1    1    -         bytex   2026-09-25  recorded
""",
)

_SIZE = "1 USD a contract because every inverse contract listed carries a multiplier of -1"
_NOTES = {
    "XBTUSDM": (
        "the exchange prints a multiplier of -1",
        "leverage and the first tier are of early 2023, when the tick was 1; the risk limits of 2026 were not seen",
    ),
    "ETHUSDM": (_SIZE, "a position in the exchange's own SDK example fits it"),
    "SOLUSDM": (_SIZE,),
    "XRPUSDM": (_SIZE,),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract and of its isolated positions, None where none is known."""
    if contract != "XBTUSDM":
        return None
    return Known(
        CROSS.tiers(_XBT_FIRST_TIER),
        "maintenance schedule",
        "the first tier of 2023",
        isolated=ISOLATED.tiers(_XBT_FIRST_TIER),
    )


VENUE = Venue(
    name="kucoin",
    title="KuCoin coin-margined",
    statements=(
        "Inverse contracts, perpetual and dated, are margined in their own coin; quantities are in contracts.",
        "Maintenance counts the fee of closing and is taken at the mark price in a cross wallet, at the entry price of "
        "an isolated position.",
        "Fees are those recorded on 2026-09-25.",
        "DOGEUSDM, DOTUSDM and SUIUSDM were not listed on 2026-09-18.",
    ),
    sources={
        "audit": "a public audit of /api/v1/contracts/active, 2026-09-18",
        "bytex": "BYTEX-TRADE/bytex, test data in the shape of the exchange's answers, 2026-09-25",
        "kucoin-2023": "answers of /api/v1/contracts/active in two public test files, early 2023",
    },
    tables=(_PERPETUAL, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
)
