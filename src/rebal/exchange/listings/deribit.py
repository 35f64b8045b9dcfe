"""Deribit: every future in one answer; orders count dollars there, and contracts here."""

from collections.abc import Iterator

from rebal.exchange.fields import milliseconds, rows, text
from rebal.exchange.listings import Ask, needed
from rebal.venues import Listing


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse future that trades, with the fees of a new account."""
    for row in rows(ask("publicGetGetInstruments", currency="any", kind="future"), "result"):
        if row.get("instrument_type") == "reversed" and row.get("is_active") is True:
            size = needed(row, "contract_size")
            least = needed(row, "min_trade_amount") / size
            perpetual = row.get("settlement_period") == "perpetual"
            yield Listing(
                name=text(row, "instrument_name"),
                asset=text(row, "base_currency"),
                multiplier=size,
                lot_size=least,
                min_contracts=least,
                tick_size=needed(row, "tick_size"),
                max_leverage=needed(row, "max_leverage"),
                maker_fee=needed(row, "maker_commission"),
                taker_fee=needed(row, "taker_commission"),
                expiry=None if perpetual else milliseconds(row, "expiration_timestamp"),
            )
