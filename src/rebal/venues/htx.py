"""HTX (formerly Huobi): coin-margined swaps and futures.

Sources, each figure's own in its row: huobiapi/docs, branches coin_margined_swap_en and dm_en (2021-06-24, adjust
factors of 2020); Huobi's specification pages; crypto-crawler/crypto-crawler-rs's assertions (2023-03-19); nemanull/
arbitrage-observatory's survey (2026-09-23) for listing and sizes. Maintenance is adjust factor over leverage, and the
factors are known at 125x only, so no schedule is stated; a long of January 2025 at 5x carried a factor of 0.025.
"""

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._dated import Named, at_0800, is_friday, read_yymmdd, yymmdd
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

# Valued at the last price, for which the mark stands in; the rate is the factor over the leverage, on the whole.
COIN_MARGINED = Form(Valuation.MARK, close_fee=False, method=Method.WHOLE, unit=TierUnit.CONTRACTS)

_SWAP = Table(
    kind=Kind.INVERSE,
    maker_fee="0.0002",
    taker_fee="0.0005",
    funding_hours="8",
    listed={"yes": "one of five inverse perpetuals on 2026-09-23"},
    common={"lot": "1", "listed": "yes", "date": "2026-09-23"},
    text="""
contract  asset  multiplier  tick  min  leverage  source                               status
BTC-USD   BTC    100         0.1   1    125       htx-docs+observatory+crypto-crawler  recorded
ETH-USD   ETH    10          -     -    -         observatory+huobi-pages              recorded
XRP-USD   XRP    10?         -     -    -         observatory+huobi-pages              inferred
TRX-USD   TRX    10?         -     -    -         observatory+huobi-pages              inferred
DOGE-USD  DOGE   10?         -     -    -         observatory+huobi-pages              inferred
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee="0.0002",
    taker_fee="0.0004",
    delivery_fee="0.00015",
    rule=Named("YYMMDD", yymmdd, read_yymmdd, falls=is_friday, at=at_0800, quarters=1, weeks=2, beyond=True),
    listed={"yes": "BTC's week, next week and quarter were listed on 2026-09-23; the next quarter was not"},
    common={"lot": "1", "listed": "yes", "date": "2020-11-03", "status": "doc"},
    text="""
contract   asset  multiplier  tick  min  leverage  source
BTCYYMMDD  BTC    100         0.01  -    125       htx-docs+huobi-pages+crypto-crawler
""",
)

_SIZE = "its size is 10 USD if it is sized as ETH; the survey says 100 or 10 without naming contracts"
_NOTES = {
    "BTC-USD": ("adjust factors at 125x (2020-10-28): 0.65 to 1,999 contracts, 0.80 to 9,999, 0.85 above",),
    "XRP-USD": (_SIZE,),
    "TRX-USD": (_SIZE,),
    "DOGE-USD": (_SIZE,),
    "BTCYYMMDD": (
        "its week, next week and quarter are also called BTC_CW, BTC_NW and BTC_CQ there, each Friday another",
        "adjust factors at 125x (2020-11-03): 0.65 to 1,999 contracts, 0.80 to 14,999, 0.85 above",
        "fees are of an older page on futures",
    ),
}


def maintenance(contract: str) -> Known | None:
    """None: a rate is the adjust factor over the leverage, and factors are known at 125x only."""
    return None


VENUE = Venue(
    name="htx",
    title="HTX coin-margined",
    statements=(
        "Swaps and dated futures are margined in their own coin; quantities are in contracts.",
        "Maintenance is an adjust factor over the leverage chosen, valued at the last price; the factors at low "
        "leverage are not published in what was read.",
        "Where a long and a short of one contract are open, the larger is margined.",
        "Fees of the swaps are the base row cited on 2026-05-14; of ETH and TRX dated futures no sizes were seen.",
    ),
    sources={
        "crypto-crawler": "crypto-crawler/crypto-crawler-rs, assertions against the exchange, 2023-03-19: tick, lot",
        "htx-docs": "huobiapi/docs @6014cb4b09c8 and @92ddec13042d, 2021-06-24: factors, delivery",
        "huobi-pages": "Huobi's pages on coin-margined swap specifications and futures elements, undated",
        "observatory": "nemanull/arbitrage-observatory, HTX, 2026-09-23: listing, sizes; fees cited of 2026-05-14",
    },
    tables=(_SWAP, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
)
