"""Deribit: inverse perpetuals and futures.

Sources, each figure's own in its row: nemanull/arbitrage-observatory's survey and probe (2026-09-22: contract sizes,
fees); nautechsystems/nautilus_trader's test data (December 2025: tick, leverage); crypto-crawler/crypto-crawler-rs's
assertions against the exchange (2023-03-19: dated tick). The margin rate that grows with the size is in Deribit's
support article 25944738177565 and fits recorded positions of 2023, 2024 and 2025.
"""

from rebal.amounts import Fraction
from rebal.market.contract import Kind, OrderUnit
from rebal.market.maintenance import SizeRate
from rebal.market.pooled import ClosingFee, Printed
from rebal.venues._dated import Named, at_0800, ddmmmyy, is_friday, read_ddmmmyy
from rebal.venues._pooling import Pooling, counting, pooled_rules
from rebal.venues._table import Known, Table
from rebal.venues._venue import Venue

_SLOPE = Fraction(5, 10**5)
_BTC_PERPETUAL = SizeRate(base=Fraction(1, 100), slope=_SLOPE, initial_base=Fraction(2, 100))
# Recorded futures carry a base of 1 or of 2 %, and nothing in a name tells which: the larger one is taken, and twice
# that for the initial margin, which is twice the maintenance base where that is 1 %.
_BTC_DATED = SizeRate(base=Fraction(2, 100), slope=_SLOPE, initial_base=Fraction(4, 100))

_MAKER, _TAKER = "0.00015", "0.00035"

# Funding accrues without interruption; its rate is quoted for eight hours.
_PERPETUAL = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    funding_hours="8",
    order_unit=OrderUnit.USD,
    listed={"yes": "one of two inverse perpetuals on 2026-09-22"},
    common={"lot": "1", "min": "1", "listed": "yes", "date": "2026-09-22", "status": "recorded"},
    text="""
contract       asset  multiplier  tick  leverage  source
BTC-PERPETUAL  BTC    10          0.5   50        observatory+nautilus+crypto-crawler
ETH-PERPETUAL  ETH    1           0.05  -         observatory+discovery
""",
)

_DATED = Table(
    kind=Kind.INVERSE,
    maker_fee=_MAKER,
    taker_fee=_TAKER,
    order_unit=OrderUnit.USD,
    delivery_fee="0.00025",
    rule=Named("DDMMMYY", ddmmmyy, read_ddmmmyy, falls=is_friday, at=at_0800, quarters=4),
    listed={"yes": "22 dated BTC and ETH futures on 2026-09-22; which ones was not printed: the quarters are shown"},
    common={"lot": "1", "min": "1", "listed": "yes", "date": "2026-09-22", "status": "doc"},
    text="""
contract     asset  multiplier  tick  leverage  source
BTC-DDMMMYY  BTC    10          2.5   -         observatory+crypto-crawler+discovery
""",
)

_NOTES = {
    "BTC-PERPETUAL": (
        "an old page on inverse margin prints a base of 1.5 %; 1 % is printed for the linear perpetual and fits "
        "recorded inverse positions",
        "a test-net record of December 2025 has other fees (0 and 0.05 %), superseded",
    ),
    "ETH-PERPETUAL": ("the tick is of a public project's test data; recorded books move by it",),
    "BTC-DDMMMYY": (
        "a partly synthetic record prints a tick of 0.5",
        "weekly contracts are delivered without a fee",
        "delivered at the average index of 07:30 to 08:00 UTC",
    ),
}


def maintenance(contract: str) -> Known | None:
    """The maintenance schedule of a contract or family, None where none is known."""
    match contract:
        case "BTC-PERPETUAL":
            return Known(_BTC_PERPETUAL)
        case "BTC-DDMMMYY":
            return Known(_BTC_DATED, "maintenance rate", "2 % and 0.005 % more for each BTC")
        case _:
            return None


def liquidation_as_printed(price: Fraction) -> Fraction:
    """A liquidation price as the account page shows it: to two decimals, half-even."""
    return Fraction(round(price * 100), 100)


_POOLING = Pooling(
    mode="cross collateral, standard margin (X:SM)",
    rules=pooled_rules(ClosingFee.SCHEDULE, printed=Printed.SHARE),
    new_account=False,  # S:SM, a pool a currency
    source="cross-collateral",
    counting=counting("""
coin  counted  slices   status       date        source
BTC   coins    -:1      second-hand  -           survey
ETH   coins    -:1      second-hand  -           survey
USDC  coins    -:1      second-hand  2025-07-15  survey
*     coins    -:0.5    assumed      -           -
"""),
)


VENUE = Venue(
    name="deribit",
    title="Deribit inverse",
    statements=(
        "BTC and ETH, perpetual and dated, are margined in their own coin and typed in USD, in steps of one contract.",
        "One margin rate holds for the whole position and grows with its size; ETH's is not known.",
        "All positions of a wallet are taken to move by one common factor.",
        "Funding accrues without interruption; the rate is for eight hours and is booked at 08:00 UTC.",
        "Fees are those of 131 of 131 perpetuals and of the fee article edited on 2026-09-22.",
        "Dated contracts of ETH are listed too; their sizes were not seen.",
    ),
    sources={
        "cross-collateral": "Deribit support 25944811317149 and its insights page on cross collateral",
        "crypto-crawler": "crypto-crawler/crypto-crawler-rs, assertions against the exchange, 2023-03-19",
        "survey": "third parties' tables of haircuts; USDC as announced for 2025-07-15",
        "deribit-help": "Deribit support 25944738177565, margin of the linear BTC perpetual, and an old inverse page",
        "discovery": "a public instrument discovery module's test data, 2026",
        "nautilus": "nautechsystems/nautilus_trader, test data of December 2025 (test net)",
        "observatory": "nemanull/arbitrage-observatory, Deribit fees and rest, 2026-09-22",
    },
    tables=(_PERPETUAL, _DATED),
    notes=_NOTES,
    maintenance=maintenance,
    pooling=_POOLING,
)
