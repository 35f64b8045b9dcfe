"""MEXC: coin-M perpetuals.

Sources, each figure's own in its row: nemanull/arbitrage-observatory's survey and probe (2026-09-15);
crypto-crawler/crypto-crawler-rs's assertions against the exchange (2023-03-19) for BTC_USD's lot; MEXC's learn page
17827791514437 for leverage. No maintenance rate of a coin-M contract was found.
"""

from rebal.market.contract import Kind
from rebal.venues._table import Known, Table
from rebal.venues._venue import Venue

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee="0.0006",
    taker_fee="0.0008",
    funding_hours="8",
    listed={"yes": "one of ten coin-margined perpetuals on 2026-09-15"},
    common={"listed": "yes", "date": "2026-09-15", "status": "recorded"},
    text="""
contract  asset  multiplier  tick  lot  min  leverage  source
BTC_USD   BTC    100         0.1   1    1    125       observatory+crypto-crawler+mexc-learn
ETH_USD   ETH    10          -     -    -    125       observatory+mexc-learn
SOL_USD   SOL    10          -     -    -    -         observatory
XRP_USD   XRP    10          -     -    -    -         observatory
SUI_USD   SUI    10          -     -    -    -         observatory
DOGE_USD  DOGE   10          -     -    -    -         observatory
ADA_USD   ADA    10          -     -    -    -         observatory
LTC_USD   LTC    10          -     -    -    -         observatory
AVAX_USD  AVAX   10          -     -    -    -         observatory
LINK_USD  LINK   10          -     -    -    -         observatory
""",
)


def maintenance(contract: str) -> Known | None:
    """None: no maintenance rate of a coin-M contract is known."""
    return None


VENUE = Venue(
    name="mexc",
    title="MEXC coin-M",
    statements=(
        "Inverse perpetuals only, each margined in its own coin; no dated contracts.",
        "Fees are those of orders through the API since 2026-06-01, which override all others; on the web and in the "
        "app BTC_USD cost takers 0.01 % to 0.02 % and makers nothing on 2026-09-15.",
        "No maintenance rate of these contracts was found: take yours from the contract's page.",
        "Funding is said to be every 8 hours, at 04, 12 and 20 or at 00, 08 and 16 UTC: pages differ.",
    ),
    sources={
        "crypto-crawler": "crypto-crawler/crypto-crawler-rs, assertions against the exchange, 2023-03-19: lot",
        "mexc-learn": "MEXC learn 17827791514437: leverage",
        "observatory": "nemanull/arbitrage-observatory, MEXC fees and rest, 2026-09-15",
    },
    tables=(_PERPETUAL,),
    notes={
        "BTC_USD": ("the smallest order of one contract is of 2023-03-19",),
        "ETH_USD": ("an older article named BTC_USD and ETH_USD as the only coin-M contracts; ten were seen",),
    },
    maintenance=maintenance,
)
