"""KuCoin: coin-margined futures.

Sources, each figure's own in its row: BYTEX-TRADE/bytex's test data (2026-09-25); answers of GET
/api/v1/contracts/active in two public test files (early 2023: leverage, risk limit); a public audit of the catalogue
(2026-09-18) for the listing.
"""

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.market.pooled import ClosingFee, Printed
from rebal.venues._dated import Named, at_0800, is_quarter_end, letter_yy, read_letter_yy
from rebal.venues._pooling import Pooling, counting, pooled_rules
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


_POOLING = Pooling(
    mode="unified account, multi-currency",
    rules=pooled_rules(ClosingFee.SCHEDULE, printed=Printed.SHARE),
    new_account=False,
    source="unified",
    counting=counting("""
coin  counted  slices                                       status   date        source
USDT  coins    -:1                                          doc      2026-01-21  ratios
USDC  coins    -:1                                          doc      2026-01-21  ratios
BTC   coins    500:0.98,1000:0.97,-:0.95                    doc      2026-01-21  ratios
ETH   coins    600:0.98,4800:0.95,10800:0.9,16800:0.85      doc      2026-01-21  ratios
SOL   coins    3800:0.95,22800:0.9,41800:0.85               doc      2026-01-21  ratios
XRP   coins    171000:0.95,1016500:0.9,1871500:0.85         doc      2026-01-21  ratios
DOGE  coins    960000:0.95,5840000:0.9                      doc      2026-01-21  ratios
ADA   coins    768000:0.9,1472000:0.85,2240000:0.8,4480000:0.7  doc  2026-01-21  ratios
*     coins    -:0.5                                        assumed  -           -
"""),
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
        "ratios": "KuCoin help 48142946141533, ratios of collateral, 2026-01-21",
        "unified": "KuCoin help 48142946141358, margin of the unified account, 2025-12-09",
        "kucoin-2023": "answers of /api/v1/contracts/active in two public test files, early 2023",
    },
    tables=(_PERPETUAL, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
    pooling=_POOLING,
)
