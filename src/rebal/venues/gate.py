"""Gate: the BTC-settled perpetual.

Sources: BYTEX-TRADE/bytex's recorded answer of GET /futures/btc/contracts (2026-09-25), which held this one contract;
crypto-crawler/crypto-crawler-rs's assertion (2023-03-19) that a contract is 1 USD.
"""

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

BTC_SETTLED = Form(Valuation.MARK, close_fee=True, method=Method.DEDUCTION, unit=TierUnit.COIN)

_FIRST_TIER = "3 0.005"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee="-0.0002",
    taker_fee="0.00075",
    funding_hours="8",
    listed={"yes": "recorded on 2026-09-25, the only one of its kind"},
    common={"listed": "yes"},
    text="""
contract  asset  multiplier  tick  lot  min  leverage  source                date        status
BTC_USD   BTC    1           0.1   1    1    100       bytex+crypto-crawler  2026-09-25  recorded
""",
)


def maintenance(contract: str) -> Known | None:
    """The first tier; the steps up to 2,500 BTC were not seen."""
    return Known(BTC_SETTLED.tiers(_FIRST_TIER), "closing fee in maintenance margin", "counted")


VENUE = Venue(
    name="gate",
    title="Gate BTC-settled",
    statements=(
        "One inverse perpetual, BTC_USD, margined in BTC; quantities are in contracts.",
        "Dated BTC-settled contracts (BTC_USD_YYYYMMDD) were asserted in 2023 and not looked at since.",
        "Fees are the contract's own before the account's tier: makers are paid 0.02 %, takers pay 0.075 %.",
        "Of the maintenance tiers only the first, up to 3 BTC, is known.",
    ),
    sources={
        "bytex": "BYTEX-TRADE/bytex, test data recorded from the exchange on 2026-09-25",
        "crypto-crawler": "crypto-crawler/crypto-crawler-rs, assertions against the exchange, 2023-03-19: multiplier",
    },
    tables=(_PERPETUAL,),
    notes={"BTC_USD": ("the exchange prints a multiplier of 0 for inverse contracts; 1 USD is a client's assertion",)},
    maintenance=maintenance,
)
