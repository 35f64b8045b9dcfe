"""Bybit: inverse and linear futures.

Sources, each figure's own in its row: BYTEX-TRADE/bytex's recorded answers (2026-09-26); QuantConnect/Lean's symbol
properties (Bybit rows of 2025-06-03); bybit-exchange/docs (2026-07-24; its list of contracts is of 2026-06-16); Bybit's
fee page as of 2026-07-23, surveyed by nemanull/arbitrage-observatory; Bybit's help on inverse risk limits (2025-11-25)
and on inverse margin (2026-05-27).
"""

from rebal.market.contract import Kind, OrderUnit
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.market.pooled import ClosingFee, Printed
from rebal.venues._dated import Named, at_0800, is_quarter_end, letter_yy, read_letter_yy
from rebal.venues._pooling import Pooling, counting, pooled_rules
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

INVERSE = Form(Valuation.MARK, close_fee=True, method=Method.DEDUCTION, unit=TierUnit.COIN)

# The source kept the first two tiers of the perpetual and the first of the dated contract.
_BTC_TIERS = """
150  0.005  0     100
300  0.01   0.75  66.67
"""
_DATED_BTC_TIERS = "100 0.005 0 100"
_BASE_RATE = "- 0.01"

_LISTED = {
    "yes": "in Bybit's list of inverse contracts of 2026-06-16",
    "no": "not in Bybit's list of inverse contracts of 2026-06-16",
}
_DATED_LISTED = {
    "BTC": "Z26 and H27 recorded on 2026-09-26: two quarters are listed",
    "ETH": "U26 and Z26 in Bybit's list of 2026-06-16: two quarters are listed",
}
_LINEAR_LISTED = {"yes": "in the symbol table refreshed from the exchange on 2025-06-03, not looked at since"}

_MAKER, _TAKER, _DELIVERY = "0.0002", "0.00055", "0.0005"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8",
    order_unit=OrderUnit.USD,
    listed=_LISTED,
    common={},
    text="""
contract  asset  multiplier  tick     lot  min  leverage  listed  source                       date        status
BTCUSD    BTC    1           0.10     1    5    100       yes     bytex                        2026-09-26  recorded
ETHUSD    ETH    1           0.01     1    1    -         yes     lean+bybit-docs              2025-06-03  code
SOLUSD    SOL    1           0.01     1    1    -         yes     lean+bybit-docs              2025-06-03  code
XRPUSD    XRP    1           0.0001   1    1    -         yes     lean+bybit-docs              2025-06-03  code
ADAUSD    ADA    1           0.0001   1    1    -         yes     lean+bybit-docs              2025-06-03  code
AAVEUSD   AAVE   1           0.01     1    1    -         yes     lean+bybit-docs              2025-06-03  code
APTUSD    APT    1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
AVAXUSD   AVAX   1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
BCHUSD    BCH    1           0.01     1    1    -         yes     lean+bybit-docs              2025-06-03  code
DOGEUSD   DOGE   1           0.00001  1    1    -         yes     lean+instruments+bybit-docs  2025-06-03  code
DOTUSD    DOT    1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
ETCUSD    ETC    1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
FILUSD    FIL    1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
LINKUSD   LINK   1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
LTCUSD    LTC    1           0.01     1    1    -         yes     lean+bybit-docs              2025-06-03  code
MNTUSD    MNT    1           0.0001   1    1    -         yes     lean+bybit-docs              2025-06-03  code
NEARUSD   NEAR   1           0.0001   1    1    -         yes     lean+bybit-docs              2025-06-03  code
OPUSD     OP     1           0.0001   1    1    -         yes     lean+bybit-docs              2025-06-03  code
SUIUSD    SUI    1           0.0001   1    1    -         yes     lean+bybit-docs              2025-06-03  code
UNIUSD    UNI    1           0.001    1    1    -         yes     lean+bybit-docs              2025-06-03  code
XLMUSD    XLM    1           0.00001  1    1    -         yes     lean+bybit-docs              2025-06-03  code
EOSUSD    EOS    1           0.0001   1    1    -         no      lean                         2025-06-03  code
MANAUSD   MANA   1           0.0001   1    1    -         no      lean                         2025-06-03  code
TONUSD    TON    1           0.0001   1    1    -         no      lean                         2025-06-03  code
WIFUSD    WIF    1           0.0001   1    1    -         no      lean                         2025-06-03  code
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    order_unit=OrderUnit.USD,
    delivery_fee=_DELIVERY,
    rule=Named("<H|M|U|Z>YY", letter_yy, read_letter_yy, falls=is_quarter_end, at=at_0800, quarters=2),
    listed=_DATED_LISTED,
    common={},
    text="""
contract           asset  multiplier  tick  lot  min  leverage  listed  source             date        status
BTCUSD<H|M|U|Z>YY  BTC    1           0.50  1    5    100       BTC     bytex+instruments  2026-09-26  recorded
ETHUSD<H|M|U|Z>YY  ETH    1           -     -    -    -         ETH     bybit-docs         2026-06-16  recorded
""",
)

# One contract is one step of the quantity that Bybit takes in coins; the multiplier is that step.
_LINEAR = Table(
    kind=Kind.LINEAR,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8?",
    order_unit=OrderUnit.COINS,
    settle="USDT",
    listed=_LINEAR_LISTED,
    common={
        "lot": "1",
        "min": "-",
        "leverage": "-",
        "listed": "yes",
        "source": "lean",
        "date": "2025-06-03",
        "status": "recorded",
    },
    text="""
contract    asset   multiplier  tick
BTCUSDT     BTC     0.001       0.10
ETHUSDT     ETH     0.01        0.01
SOLUSDT     SOL     0.1         0.010
XRPUSDT     XRP     1           0.0001
BNBUSDT     BNB     0.01        0.10
DOGEUSDT    DOGE    1           0.00001
ADAUSDT     ADA     1           0.0001
AVAXUSDT    AVAX    0.1         0.001
TRXUSDT     TRX     1           0.00001
DOTUSDT     DOT     0.1         0.0001
LINKUSDT    LINK    0.1         0.001
LTCUSDT     LTC     0.1         0.01
BCHUSDT     BCH     0.01        0.10
NEARUSDT    NEAR    0.1         0.001
UNIUSDT     UNI     0.1         0.001
APTUSDT     APT     0.01        0.0010
ICPUSDT     ICP     0.1         0.001
ETCUSDT     ETC     0.1         0.001
FILUSDT     FIL     0.1         0.001
ATOMUSDT    ATOM    0.1         0.001
XLMUSDT     XLM     1           0.00001
ARBUSDT     ARB     0.1         0.0001
OPUSDT      OP      0.1         0.0001
INJUSDT     INJ     0.1         0.0010
SUIUSDT     SUI     10          0.00010
HBARUSDT    HBAR    1           0.00001
VETUSDT     VET     1           0.00001
AAVEUSDT    AAVE    0.01        0.01
ALGOUSDT    ALGO    0.1         0.0001
GRTUSDT     GRT     0.1         0.00001
STXUSDT     STX     0.1         0.00010
IMXUSDT     IMX     0.1         0.0001
RUNEUSDT    RUNE    0.1         0.001
SEIUSDT     SEI     1           0.00010
TIAUSDT     TIA     0.1         0.0010
LDOUSDT     LDO     0.1         0.0001
MKRUSDT     MKR     0.001       0.1
FTMUSDT     FTM     1           0.0001
SANDUSDT    SAND    1           0.0001
MANAUSDT    MANA    0.1         0.0001
AXSUSDT     AXS     0.1         0.001
THETAUSDT   THETA   0.1         0.0001
EGLDUSDT    EGLD    0.01        0.01
FLOWUSDT    FLOW    0.1         0.0001
XTZUSDT     XTZ     0.1         0.0001
EOSUSDT     EOS     0.1         0.0001
NEOUSDT     NEO     0.01        0.001
SNXUSDT     SNX     0.1         0.0001
CRVUSDT     CRV     0.1         0.0001
COMPUSDT    COMP    0.01        0.01
ENJUSDT     ENJ     0.1         0.00001
CHZUSDT     CHZ     1           0.00001
DYDXUSDT    DYDX    0.1         0.0001
1INCHUSDT   1INCH   0.1         0.0001
ZECUSDT     ZEC     0.01        0.01
DASHUSDT    DASH    0.01        0.01
KAVAUSDT    KAVA    0.1         0.0001
ROSEUSDT    ROSE    1           0.00001
MINAUSDT    MINA    0.1         0.0001
GMXUSDT     GMX     0.01        0.001
WLDUSDT     WLD     0.1         0.0001
PENDLEUSDT  PENDLE  1           0.0001
ENAUSDT     ENA     1           0.0001
JUPUSDT     JUP     1           0.0001
PYTHUSDT    PYTH    1           0.0001
ONDOUSDT    ONDO    1           0.0001
TONUSDT     TON     0.1         0.0001
WIFUSDT     WIF     1           0.0001
ORDIUSDT    ORDI    0.01        0.001
KASUSDT     KAS     10          0.00001
TAOUSDT     TAO     0.001       0.01
RENDERUSDT  RENDER  0.1         0.001
POLUSDT     POL     1           0.0001
""",
)

_MINIMUM = "an order must be worth 5 USD, so the smallest is 5 contracts although the contract's own minimum is 1"
_BASE = "only the first tier's rate is documented (help on inverse risk limits, 2025-11-25)"
_NOTES = {
    "BTCUSD": (_MINIMUM, "the first two tiers were recorded on 2026-09-26; above 300 BTC nothing is known"),
    "ETHUSD": (_BASE,),
    "XRPUSD": (_BASE,),
    "DOGEUSD": ("the tick was recorded again on 2026-10-08",),
    "BTCUSD<H|M|U|Z>YY": (
        _MINIMUM,
        "the first tier was recorded on 2026-09-26 for BTCUSDZ26; above 100 BTC nothing is known",
    ),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract or family, None where none is known."""
    match contract:
        case "BTCUSD":
            return Known(INVERSE.tiers(_BTC_TIERS))
        case "BTCUSD<H|M|U|Z>YY":
            return Known(INVERSE.tiers(_DATED_BTC_TIERS))
        case "ETHUSD" | "XRPUSD":
            return Known(INVERSE.tiers(_BASE_RATE), "maintenance beyond the first tier", "1 % at any size")
        case _:
            return None


_POOLING = Pooling(
    mode="unified account, cross margin",
    rules=pooled_rules(ClosingFee.BANKRUPTCY, printed=Printed.SHARE, fee_in_initial=True),
    new_account=True,  # unified since September 2023, cross as its mode inferred
    source="unified",
    counting=counting("""
coin  counted  slices                               status       date        source
BTC   coins    10:0.98,20:0.95,30:0.9,40:0.85,50:0.8  assumed    2025-09-18  ratios
ETH   coins    -:0.95                               second-hand  -           survey
USDT  coins    -:1                                  recorded     2024-07-09  unified
USDC  coins    -:1                                  second-hand  -           survey
*     coins    -:0.5                                assumed      -           -
"""),
)


VENUE = Venue(
    name="bybit",
    title="Bybit inverse and linear",
    statements=(
        "Inverse contracts, perpetual and dated, are margined in their own coin and typed in whole USD.",
        "A new account is a unified one, which pools all coins: under accounts it is taken for that unless margin "
        "says otherwise, with venue alone for a wallet a coin; the liquidation price it shows is an estimate.",
        "Initial and maintenance margin both count the taker fee of closing; maintenance is taken at the mark price "
        "(at the entry price until 2025).",
        "Fees are those of VIP 0 on the fee page of 2026-07-23, for all derivatives; delivery costs 0.05 %.",
        "Linear contracts are margined in USDT and typed in coins; their maintenance tiers are not known.",
        "BNBUSD was not listed in 2026-06.",
    ),
    sources={
        "bytex": "BYTEX-TRADE/bytex, test data recorded from the exchange on 2026-09-26",
        "bybit-docs": "bybit-exchange/docs, docs/v5/market/fee-group-info.mdx, list of 2026-06-16",
        "instruments": "a public Rust project's instrument table, taken from the exchange's API on 2026-10-08",
        "ratios": "Bybit help, list of collateral value ratios, 2025-09-18; its table of BTC is an assumed one",
        "survey": "a third party's table of collateral ratios, undated",
        "unified": "Bybit help, glossary of the unified account, 2026-03-13, and ten recorded accounts, 2023 to 2026",
        "lean": "QuantConnect/Lean, symbol-properties-database.csv, Bybit rows generated from the API on 2025-06-03",
        "bybit-help": "Bybit help, Risk Limit (Inverse Contract), 2025-11-25, and inverse margin, 2026-05-27",
        "observatory": "nemanull/arbitrage-observatory, Bybit fees, 2026-07-26",
    },
    tables=(_PERPETUAL, _DATED, _LINEAR),
    notes=_NOTES,
    maintenance=maintenance,
    pooling=_POOLING,
)
