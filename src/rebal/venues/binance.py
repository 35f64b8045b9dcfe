"""Binance: COIN-M (inverse) and USDT-M (linear) futures.

Sources, each figure's own in its row: thrasher-corp/gocryptotrader's recorded /dapi/v1/exchangeInfo (2025-08-07),
anyongjin/banexg's (2023-12-16), BYTEX-TRADE/bytex's (2026-09-25); QuantConnect/Lean's symbol properties (2026-08-21);
Binance's FAQ on leverage and margin of coin-margined contracts (2020-06-11 and a revision after 2021-07-27); ccxt
4.5.90 for fees; freqtrade's recorded leverageBracket of the linear contracts (2024-10-24, ``_binance_tiers``). No
recorded bracket of a COIN-M contract was found: BTC's is inferred, the others are assumed.
"""

from rebal.amounts import COIN_STEP, Fraction, toward_zero
from rebal.market.contract import Kind, OrderUnit
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.market.pooled import ClosingFee, Printed
from rebal.venues._dated import Named, at_0800, is_quarter_end, read_yymmdd, yymmdd
from rebal.venues._pooling import Pooling, counting, pooled_rules
from rebal.venues._table import Form, Known, Table
from rebal.venues._venue import Venue

COIN_M = Form(Valuation.MARK, close_fee=False, method=Method.DEDUCTION, unit=TierUnit.COIN)
USD_M = Form(Valuation.MARK, close_fee=False, method=Method.DEDUCTION, unit=TierUnit.USD)

# The leverages and bounds are the FAQ's later revision. The rates and deductions are the chain that gives the 11.605
# BTC of its worked example of 300 BTC; a recorded cross position's liquidation price fits the first two tiers.
_BTC_TIERS = """
5    0.004  0       125
10   0.005  0.005   100
20   0.01   0.055   50
50   0.025  0.355   20
100  0.05   1.605   10
200  0.1    6.605   5
400  0.125  11.605  4
"""

_LISTED = {
    "yes": "in the symbol table refreshed from the exchange on 2026-08-21",
    "no": "no longer in the symbol table refreshed from the exchange on 2026-08-21",
}
_DATED_LISTED = {
    "yes": "recorded on 2026-09-25; two quarters are listed",
    "no": "last recorded on 2023-12-16; on 2026-09-25 about ten dated contracts were left, which was not seen",
}
_LINEAR_LISTED = {"yes": "in the symbol table refreshed from the exchange on 2026-08-21, not looked at since"}

_MAKER, _TAKER = "0.0001", "0.0005"

_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8",
    listed=_LISTED,
    common={},
    text="""
contract       asset  multiplier  tick      lot  min  leverage  listed  source                date        status
BTCUSD_PERP    BTC    100         0.1       1    1    125       yes     gocryptotrader+bytex  2026-09-25  recorded
ETHUSD_PERP    ETH    10          0.01      1    1    100       yes     gocryptotrader        2025-08-07  recorded
SOLUSD_PERP    SOL    10          0.010     1    1    -         yes     gocryptotrader        2025-08-07  recorded
XRPUSD_PERP    XRP    10          0.0001    1    1    20        yes     gocryptotrader        2025-08-07  recorded
BNBUSD_PERP    BNB    10          0.010     1    1    20        yes     gocryptotrader        2025-08-07  recorded
ADAUSD_PERP    ADA    10          0.00010   1    1    20        yes     gocryptotrader        2025-08-07  recorded
DOGEUSD_PERP   DOGE   10          0.000010  1    1    -         yes     gocryptotrader        2025-08-07  recorded
DOTUSD_PERP    DOT    10          0.001     1    1    20        yes     gocryptotrader        2025-08-07  recorded
LINKUSD_PERP   LINK   10          0.001     1    1    20        yes     gocryptotrader        2025-08-07  recorded
LTCUSD_PERP    LTC    10          0.01      1    1    20        yes     gocryptotrader        2025-08-07  recorded
AVAXUSD_PERP   AVAX   10          0.01      1    1    -         yes     gocryptotrader        2025-08-07  recorded
BCHUSD_PERP    BCH    10          0.01      1    1    20        yes     gocryptotrader        2025-08-07  recorded
ETCUSD_PERP    ETC    10          0.001     1    1    20        yes     gocryptotrader        2025-08-07  recorded
TRXUSD_PERP    TRX    10          0.00001   1    1    20        yes     gocryptotrader        2025-08-07  recorded
FILUSD_PERP    FIL    10          0.001     1    1    20        yes     gocryptotrader        2025-08-07  recorded
UNIUSD_PERP    UNI    10          0.001     1    1    -         yes     gocryptotrader        2025-08-07  recorded
XLMUSD_PERP    XLM    10          0.00001   1    1    -         yes     gocryptotrader        2025-08-07  recorded
NEARUSD_PERP   NEAR   10          0.001     1    1    -         yes     gocryptotrader        2025-08-07  recorded
AAVEUSD_PERP   AAVE   10          0.010     1    1    -         yes     gocryptotrader        2025-08-07  recorded
ALGOUSD_PERP   ALGO   10          0.0001    1    1    -         no      banexg                2023-12-16  recorded
APEUSD_PERP    APE    10          0.0010    1    1    -         no      banexg                2023-12-16  recorded
APTUSD_PERP    APT    10          0.001000  1    1    -         no      banexg                2023-12-16  recorded
ATOMUSD_PERP   ATOM   10          0.001     1    1    -         no      gocryptotrader        2025-08-07  recorded
AXSUSD_PERP    AXS    10          0.0010    1    1    -         no      banexg                2023-12-16  recorded
CHZUSD_PERP    CHZ    10          0.000100  1    1    -         no      banexg                2023-12-16  recorded
EGLDUSD_PERP   EGLD   10          0.001     1    1    -         no      gocryptotrader        2025-08-07  recorded
ENSUSD_PERP    ENS    10          0.001000  1    1    -         no      banexg                2023-12-16  recorded
EOSUSD_PERP    EOS    10          0.001     1    1    20        no      banexg                2023-12-16  recorded
FTMUSD_PERP    FTM    10          0.0001    1    1    -         no      banexg                2023-12-16  recorded
GALAUSD_PERP   GALA   10          0.00001   1    1    -         no      gocryptotrader        2025-08-07  recorded
GMTUSD_PERP    GMT    10          0.00010   1    1    -         no      banexg                2023-12-16  recorded
ICXUSD_PERP    ICX    10          0.0001    1    1    -         no      banexg                2023-12-16  recorded
KNCUSD_PERP    KNC    10          0.00010   1    1    -         no      banexg                2023-12-16  recorded
MANAUSD_PERP   MANA   10          0.0001    1    1    -         no      gocryptotrader        2025-08-07  recorded
MATICUSD_PERP  MATIC  10          0.0001    1    1    -         no      banexg                2023-12-16  recorded
OPUSD_PERP     OP     10          0.000100  1    1    -         no      banexg                2023-12-16  recorded
ROSEUSD_PERP   ROSE   10          0.00001   1    1    -         no      banexg                2023-12-16  recorded
RUNEUSD_PERP   RUNE   10          0.0010    1    1    -         no      banexg                2023-12-16  recorded
SANDUSD_PERP   SAND   10          0.0001    1    1    -         no      gocryptotrader        2025-08-07  recorded
THETAUSD_PERP  THETA  10          0.001     1    1    -         no      gocryptotrader        2025-08-07  recorded
VETUSD_PERP    VET    10          0.000010  1    1    -         no      banexg                2023-12-16  recorded
XMRUSD_PERP    XMR    10          0.01      1    1    -         no      banexg                2023-12-16  recorded
XTZUSD_PERP    XTZ    10          0.0001    1    1    -         no      banexg                2023-12-16  recorded
ZILUSD_PERP    ZIL    10          0.000010  1    1    -         no      banexg                2023-12-16  recorded
SUIUSD_PERP    SUI    10          0.0001    1    -    -         yes     lean                  2026-08-21  code
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    rule=Named("YYMMDD", yymmdd, read_yymmdd, falls=is_quarter_end, at=at_0800, quarters=2),
    listed=_DATED_LISTED,
    common={},
    text="""
contract        asset  multiplier  tick     lot  min  leverage  listed  source  date        status
BTCUSD_YYMMDD   BTC    100         0.1      1    1    -         yes     bytex   2026-09-25  recorded
ETHUSD_YYMMDD   ETH    10          0.01     1    1    -         no      banexg  2023-12-16  recorded
ADAUSD_YYMMDD   ADA    10          0.00010  1    1    -         no      banexg  2023-12-16  recorded
LINKUSD_YYMMDD  LINK   10          0.001    1    1    -         no      banexg  2023-12-16  recorded
BCHUSD_YYMMDD   BCH    10          0.01     1    1    -         no      banexg  2023-12-16  recorded
DOTUSD_YYMMDD   DOT    10          0.001    1    1    -         no      banexg  2023-12-16  recorded
XRPUSD_YYMMDD   XRP    10          0.0001   1    1    -         no      banexg  2023-12-16  recorded
LTCUSD_YYMMDD   LTC    10          0.01     1    1    -         no      banexg  2023-12-16  recorded
BNBUSD_YYMMDD   BNB    10          0.010    1    1    -         no      banexg  2023-12-16  recorded
""",
)

# One contract is one step of the quantity that Binance takes in coins; the multiplier is that step.
_LINEAR = Table(
    kind=Kind.LINEAR,
    maker_fee="0.0002?",
    taker_fee="0.0005",
    funding_hours="8?",
    order_unit=OrderUnit.COINS,
    settle="USDT",
    listed=_LINEAR_LISTED,
    common={
        "lot": "1",
        "min": "-",
        "listed": "yes",
        "source": "lean+freqtrade",
        "date": "2026-08-21",
        "status": "recorded",
    },
    text="""
contract    asset   multiplier  tick      leverage
BTCUSDT     BTC     0.001       0.1       125
ETHUSDT     ETH     0.001       0.01      125
SOLUSDT     SOL     0.01        0.01      100
XRPUSDT     XRP     0.1         0.0001    75
BNBUSDT     BNB     0.01        0.01      75
DOGEUSDT    DOGE    1           0.00001   75
ADAUSDT     ADA     1           0.0001    75
AVAXUSDT    AVAX    1           0.001     75
TRXUSDT     TRX     1           0.00001   75
DOTUSDT     DOT     0.1         0.0001    75
LINKUSDT    LINK    0.01        0.001     75
LTCUSDT     LTC     0.001       0.01      75
BCHUSDT     BCH     0.001       0.01      75
NEARUSDT    NEAR    1           0.001     75
UNIUSDT     UNI     1           0.001     75
APTUSDT     APT     0.1         0.0001    75
ICPUSDT     ICP     1           0.001     25
ETCUSDT     ETC     0.01        0.001     75
FILUSDT     FIL     0.1         0.0001    75
ATOMUSDT    ATOM    0.01        0.001     75
XLMUSDT     XLM     1           0.00001   50
ARBUSDT     ARB     0.1         0.00001   75
OPUSDT      OP      0.1         0.00001   75
INJUSDT     INJ     0.1         0.001     75
SUIUSDT     SUI     0.1         0.0001    75
HBARUSDT    HBAR    1           0.00001   50
VETUSDT     VET     1           0.000001  50
AAVEUSDT    AAVE    0.1         0.01      75
ALGOUSDT    ALGO    0.1         0.00001   50
GRTUSDT     GRT     1           0.00001   50
STXUSDT     STX     1           0.0001    75
IMXUSDT     IMX     1           0.0001    50
RUNEUSDT    RUNE    1           0.0001    75
SEIUSDT     SEI     1           0.00001   75
TIAUSDT     TIA     1           0.0001    75
LDOUSDT     LDO     1           0.0001    75
MKRUSDT     MKR     0.001       0.1       75
FTMUSDT     FTM     1           0.0001    75
SANDUSDT    SAND    1           0.00001   50
MANAUSDT    MANA    1           0.00001   50
AXSUSDT     AXS     1           0.0001    50
THETAUSDT   THETA   0.1         0.0001    50
EGLDUSDT    EGLD    0.1         0.001     25
FLOWUSDT    FLOW    0.1         0.00001   20
XTZUSDT     XTZ     0.1         0.0001    50
EOSUSDT     EOS     0.1         0.001     75
NEOUSDT     NEO     0.01        0.001     50
SNXUSDT     SNX     0.1         0.0001    50
CRVUSDT     CRV     0.1         0.0001    75
COMPUSDT    COMP    0.001       0.01      25
ENJUSDT     ENJ     1           0.00001   25
CHZUSDT     CHZ     1           0.00001   75
DYDXUSDT    DYDX    0.1         0.0001    75
1INCHUSDT   1INCH   1           0.00001   25
ZECUSDT     ZEC     0.001       0.01      50
DASHUSDT    DASH    0.001       0.01      50
KAVAUSDT    KAVA    0.1         0.00001   50
ROSEUSDT    ROSE    1           0.000001  25
MINAUSDT    MINA    1           0.00001   50
GMXUSDT     GMX     0.01        0.001     25
WLDUSDT     WLD     1           0.0001    75
PENDLEUSDT  PENDLE  1           0.0001    75
ENAUSDT     ENA     1           0.00001   75
JUPUSDT     JUP     1           0.0001    75
PYTHUSDT    PYTH    1           0.00001   50
ONDOUSDT    ONDO    0.1         0.0001    75
TONUSDT     TON     0.1         0.0001    75
WIFUSDT     WIF     0.1         0.0001    75
ORDIUSDT    ORDI    0.1         0.001     75
KASUSDT     KAS     1           0.00001   75
TAOUSDT     TAO     0.001       0.01      75
RENDERUSDT  RENDER  0.1         0.001     75
POLUSDT     POL     1           0.00001   75
""",
)

_OLD_LEVERAGE = "the largest leverage is of the FAQ's group of 2020, and stale"
_LEVERAGE_OF_2020 = ("XRP", "BNB", "ADA", "DOT", "LINK", "LTC", "BCH", "ETC", "TRX", "FIL", "EOS")
_DELIVERING = "was being delisted when recorded (status DELIVERING)"
_NOTES = {
    "BTCUSD_PERP": (
        "the maintenance tiers are inferred; above 400 BTC nothing is known",
        "125x is for 5 BTC at most by the FAQ's later revision, 10 by that of 2020, 50 by the API's example",
    ),
    "ETHUSD_PERP": ("the largest leverage is of the FAQ of 2020",),
    "SOLUSD_PERP": ("the tick was 0.001 on 2023-12-16 and 0.010 on 2025-08-07",),
    **dict.fromkeys((f"{asset}USD_PERP" for asset in _LEVERAGE_OF_2020), (_OLD_LEVERAGE,)),
    **dict.fromkeys(("GALAUSD_PERP", "VETUSD_PERP", "ZILUSD_PERP"), (_DELIVERING,)),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract, None where none is known."""
    if contract == "BTCUSD_PERP":
        return Known(COIN_M.tiers(_BTC_TIERS), "maintenance schedule", "inferred from Binance's example and caps")
    if not contract.endswith("USDT"):
        return None
    from rebal.venues._binance_tiers import TIERS

    return Known(USD_M.tiers(TIERS[contract]))


def liquidation_as_printed(price: Fraction) -> Fraction:
    """A liquidation price as the account page shows it: cut, not rounded, at eight decimals."""
    return toward_zero(price, COIN_STEP)


_POOLING = Pooling(
    mode="Portfolio Margin",
    rules=pooled_rules(ClosingFee.SCHEDULE, printed=Printed.MULTIPLE, level=Fraction(105, 100)),
    new_account=False,
    source="portfolio-margin",
    counting=counting("""
coin  counted  slices   status   date  source
BTC   coins    -:0.95   assumed  -     -
ETH   coins    -:0.95   assumed  -     -
USDT  coins    -:1      assumed  -     -
USDC  coins    -:1      assumed  -     -
*     coins    -:0.5    assumed  -     -
"""),
)


VENUE = Venue(
    name="binance",
    title="Binance COIN-M and USDT-M",
    statements=(
        "Inverse contracts, perpetual and dated, are margined in their own coin; the wallet of a coin is shared by its "
        "perpetual and dated contracts only.",
        "Linear contracts are margined in USDT; their quantities are typed in coins.",
        "Fees are the base tier as client code has it (ccxt 4.5.90); look up yours in the account.",
        "The maintMarginPercent of 2.5 that the exchange prints on every COIN-M contract is a placeholder, not a rate.",
        "Maintenance tiers of COIN-M contracts other than BTCUSD_PERP are not known: take yours from the account page.",
        "Tiers of the linear contracts were recorded on 2024-10-24.",
    ),
    sources={
        "banexg": "anyongjin/banexg, full /dapi/v1/exchangeInfo of 2023-12-16",
        "bytex": "BYTEX-TRADE/bytex, test data recorded from the exchange on 2026-09-25",
        "freqtrade": "freqtrade/freqtrade, binance_leverage_tiers.json as of 2024-10-24: tiers and leverage",
        "gocryptotrader": "thrasher-corp/gocryptotrader, /dapi/v1/exchangeInfo of 2025-08-07, cut by its recorder",
        "lean": "QuantConnect/Lean, symbol-properties-database.csv, generated from the exchange's API, 2026-08-21",
        "binance-faq": "Binance FAQ on leverage and margin in coin-margined contracts, 2020-06-11 and after 2021-07-27",
        "ccxt": "ccxt 4.5.90, default fees",
        "portfolio-margin": "Binance support, Portfolio Margin and PM Pro, 2024-11-14: rules, but no collateral rates",
    },
    tables=(_PERPETUAL, _DATED, _LINEAR),
    notes=_NOTES,
    maintenance=maintenance,
    pooling=_POOLING,
)
