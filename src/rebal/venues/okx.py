"""OKX: coin-margined swaps and futures.

Sources, each figure's own in its row: BYTEX-TRADE/bytex's recorded answers (2026-09-25); a public Rust project's
instrument table (September 2026); the Roq gateway's test data (2022 or earlier); nemanull/arbitrage-observatory's fee
survey (2026-07-26), with which ccxt 4.5.90 agrees. No position tiers of a coin-margined family were found. The rules
carried here fit recorded positions (November 2024, May 2025, September 2022) to their last digits.
"""

from rebal.amounts import Fraction
from rebal.market.contract import Contract, Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.market.pooled import ClosingFee, Printed
from rebal.venues._dated import Named, at_0800, is_friday, read_yymmdd, yymmdd
from rebal.venues._pooling import Pooling, counting, pooled_rules
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

# The account's own taker rate is a part of maintenance: m + t stands for m. The rate is the tier's, on the whole.
COIN_MARGINED = Form(Valuation.MARK, close_fee=True, method=Method.WHOLE, unit=TierUnit.CONTRACTS)

_MAKER, _TAKER = "0.0002", "0.0005"

_SWAP = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8",
    listed={
        "2026": "recorded in September 2026",
        "ETH": "recorded in 2022 or earlier; a dated contract of the same family was named in September 2026",
        "no": "named in an undated example only; that it is listed was not seen",
    },
    common={},
    text="""
contract       asset  multiplier  tick     lot  min  leverage  listed  source       date        status
BTC-USD-SWAP   BTC    100         0.1      0.1  0.1  100       2026    bytex        2026-09-25  recorded
ETH-USD-SWAP   ETH    10          0.01     1    1    125       ETH     roq          2022        recorded
DOGE-USD-SWAP  DOGE   10          0.00001  -    -    -         2026    instruments  2026-09     recorded
XRP-USD-SWAP   XRP    10?         -        -    -    -         no      example      -           doc
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    rule=Named("YYMMDD", yymmdd, read_yymmdd, falls=is_friday, at=at_0800, quarters=3, months=2, weeks=2),
    listed={"2026": "recorded or named in September 2026: two weeks, two months and three quarters are listed"},
    common={"listed": "2026"},
    text="""
contract        asset  multiplier  tick  lot  min  leverage  source             date        status
BTC-USD-YYMMDD  BTC    100         0.1   0.1  0.1  20        bytex+instruments  2026-09-25  recorded
ETH-USD-YYMMDD  ETH    -           -     -    -    -         collector          2026-09     code
""",
)

_NOTES = {
    "BTC-USD-SWAP": ("the lot was 1 contract in December 2024 and is 0.1, 10 USD, since September 2026 at the latest",),
    "ETH-USD-SWAP": ("lot and leverage are of 2022 or earlier; BTC's lot has changed since: check yours",),
    "XRP-USD-SWAP": ("the multiplier is a third party's, undated",),
    "BTC-USD-YYMMDD": ("BTC-USD_UM-YYMMDD is another contract, linear and settled in USD",),
    "ETH-USD-YYMMDD": ("the size of a contract was not seen",),
}


def maintenance(contract: str) -> Known | None:
    """None: no position tiers of a coin-margined family are known."""
    return None


def isolated_liquidation_as_printed(contract: Contract, price: Fraction, *, is_long: bool) -> Fraction:
    """An isolated position's liquidation price as the account page shows it: one tick nearer to the mark.

    Raises ValueError for a contract whose tick is not known.
    """
    if contract.tick_size is None:
        raise ValueError(f"{contract.name} has no tick to shift by")
    return price + contract.tick_size if is_long else price - contract.tick_size


_POOLING = Pooling(
    mode="multi-currency margin",
    rules=pooled_rules(ClosingFee.VALUE, printed=Printed.MULTIPLE),
    new_account=False,  # Futures mode is a wallet a coin; the switch needs 10,000 USD
    source="multi-currency",
    counting=counting("""
coin  counted  slices                       status       date        source
BTC   coins    20:0.98,25:0.9775            doc          2025        multi-currency
USDT  usd      5000000:1,10000000:0.975     second-hand  2023-11-24  ratios
USDC  usd      5000000:1,10000000:0.975     second-hand  2023-11-24  ratios
ETH   usd      5000000:0.95                 assumed      -           -
*     usd      1000000:0.5                  assumed      -           -
"""),
)


VENUE = Venue(
    name="okx",
    title="OKX coin-margined",
    statements=(
        "Swaps and dated futures are margined in their own coin, in multi-currency mode in others too.",
        "Quantities are in contracts; BTC contracts trade in lots of a tenth since 2026-09 at the latest.",
        "Maintenance counts the account's own taker rate on top of the tier's; set taker_fee to yours.",
        "Position tiers of coin-margined contracts are not known: take yours from the exchange's page.",
        "Fees are the regular tier of the global table, rules of 2026-07-19; regional entities have their own.",
        "Client code names further swaps (ADA, AVAX, BCH, BNB, DOT, EOS, ETC, LINK, LTC, SOL, TRX, UNI) without sizes.",
    ),
    sources={
        "bytex": "BYTEX-TRADE/bytex, test data recorded from the exchange on 2026-09-25",
        "collector": "a public data collector's list of September 2026",
        "example": "a third party's example, undated",
        "instruments": "a public Rust project's instrument table, taken from the exchange's API before 2026-09-25",
        "multi-currency": "OKX API documentation, one recorded account of 2021-06-11 and the tiers' sample of 2025",
        "ratios": "a third party's table of discount rates of 2023-11-24",
        "observatory": "nemanull/arbitrage-observatory, OKX fees, 2026-07-26",
        "roq": "Roq trading gateway, test data of 2022 or earlier",
    },
    tables=(_SWAP, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
    pooling=_POOLING,
)
