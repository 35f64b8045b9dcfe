"""WEEX: linear perpetuals only; no inverse contract of theirs was listed when last looked at, on 2026-09-23.

Sources: nemanull/arbitrage-observatory's survey and probe (fees 2026-09-22, contracts 2026-09-23); ccxt 4.5.90's static
market fixture.
"""

from rebal.market.contract import Kind, OrderUnit
from rebal.venues._table import Known, Table
from rebal.venues._venue import Venue

_LINEAR = Table(
    kind=Kind.LINEAR,
    maker_fee="0.0002",
    taker_fee="0.0008",
    order_unit=OrderUnit.COINS,
    settle="USDT",
    listed={"yes": "in the fixture; all 995 contracts on 2026-09-23 were margined in USDT"},
    common={"lot": "-", "min": "-", "listed": "yes", "source": "ccxt", "date": "-", "status": "code"},
    text="""
contract  asset  multiplier  tick  leverage
BTCUSDT   BTC    -           -     400
""",
)


def maintenance(contract: str) -> Known | None:
    """None: no maintenance schedule of WEEX is known."""
    return None


VENUE = Venue(
    name="weex",
    title="WEEX linear",
    statements=(
        "No inverse contract of WEEX was listed when last looked at, on 2026-09-23: all 995 contracts were margined in "
        "USDT, and none was dated.",
        "Of the linear contracts only BTCUSDT is known, without the step of its quantity, so nothing is planned on it: "
        "give your contracts under contracts: in the portfolio file.",
        "Fees are those of the linear contracts as surveyed on 2026-09-22: maker 0.02 %, taker 0.08 %.",
    ),
    sources={
        "ccxt": "ccxt 4.5.90, static market fixture weex.json",
        "observatory": "nemanull/arbitrage-observatory, WEEX fees 2026-09-22, probe of contracts 2026-09-23",
    },
    tables=(_LINEAR,),
    notes={"BTCUSDT": ("tick, step of the quantity, funding interval and maintenance are not known",)},
    maintenance=maintenance,
)
