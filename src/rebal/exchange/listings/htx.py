"""HTX: swaps in one answer, dated contracts in another.

No fees, leverage or funding interval are printed without a key. Maintenance is an adjust factor over the leverage
chosen, which no tiers by size alone can say: it stays as shipped.
"""

from collections.abc import Iterator, Sequence

from rebal.amounts import ONE
from rebal.exchange.fields import Row, milliseconds, rows, text
from rebal.exchange.listings import Ask, Fees, needed
from rebal.exchange.tickers.htx import coin_of
from rebal.venues import Listing

_LISTED = "1"
_TERMS = frozenset({"this_week", "next_week", "quarter", "next_quarter"})


def listings(ask: Ask) -> Iterator[Listing]:
    """Every contract that trades; its order counts whole contracts."""
    for row in rows(ask("contractPublicGetSwapApiV1SwapContractInfo"), "data"):
        name, coin = text(row, "contract_code"), text(row, "symbol")
        if str(row.get("contract_status")) == _LISTED and name == f"{coin}-USD":
            yield _listing(row, name)
    for row in rows(ask("contractPublicGetApiV1ContractContractInfo"), "data"):
        if str(row.get("contract_status")) == _LISTED and text(row, "contract_type") in _TERMS:
            yield _listing(row, text(row, "contract_code"))


def _listing(row: Row, name: str) -> Listing:
    return Listing(
        name=name,
        asset=text(row, "symbol"),
        multiplier=needed(row, "contract_size"),
        lot_size=ONE,
        min_contracts=ONE,
        tick_size=needed(row, "price_tick"),
        expiry=milliseconds(row, "delivery_time"),
    )


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays: the dearer of opening and closing, swaps by contract and dated ones by coin."""
    swaps = rows(ask("contractPrivatePostSwapApiV1SwapFee"), "data")
    dated = rows(ask("contractPrivatePostApiV1ContractFee"), "data")
    by_swap = {text(each, "contract_code"): _paid(each) for each in swaps}
    by_coin = {text(each, "symbol"): _paid(each) for each in dated}
    found = {name: by_swap.get(name, by_coin.get(coin_of(name))) for name in names}
    return {name: fees for name, fees in found.items() if fees is not None}


def _paid(told: Row) -> Fees:
    maker, taker = (max(needed(told, f"{act}_{side}_fee") for act in ("open", "close")) for side in ("maker", "taker"))
    return Fees(maker, taker)
