"""OKX: perpetual and dated contracts in an answer each, inverse ones told apart by their type."""

from collections.abc import Iterator

from rebal.exchange.fields import milliseconds, rows, text
from rebal.exchange.listings import Ask, needed
from rebal.venues import Listing


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse contract that trades and is sized in dollars."""
    for kind in ("SWAP", "FUTURES"):
        for row in rows(ask("publicGetPublicInstruments", instType=kind), "data"):
            inverse = (row.get("ctType"), row.get("ctValCcy"), row.get("state")) == ("inverse", "USD", "live")
            if inverse:
                yield Listing(
                    name=text(row, "instId"),
                    asset=text(row, "settleCcy"),
                    multiplier=needed(row, "ctVal") * needed(row, "ctMult"),
                    lot_size=needed(row, "lotSz"),
                    min_contracts=needed(row, "minSz"),
                    tick_size=needed(row, "tickSz"),
                    max_leverage=needed(row, "lever"),
                    expiry=None if kind == "SWAP" else milliseconds(row, "expTime"),
                )
