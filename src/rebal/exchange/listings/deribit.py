"""Deribit: every future in one answer; orders count dollars there, and contracts here."""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import Garbled, Row, milliseconds, rows, text
from rebal.exchange.fields import row as part
from rebal.exchange.listings import Ask, Fees, needed
from rebal.venues import Listing

_QUOTED = "_usd"


def listings(ask: Ask) -> Iterator[Listing]:
    """Every inverse future that trades, with the fees of a new account."""
    for each in _inverse(ask):
        size = needed(each, "contract_size")
        least = needed(each, "min_trade_amount") / size
        yield Listing(
            name=text(each, "instrument_name"),
            asset=text(each, "base_currency"),
            multiplier=size,
            lot_size=least,
            min_contracts=least,
            tick_size=needed(each, "tick_size"),
            max_leverage=needed(each, "max_leverage"),
            maker_fee=needed(each, "maker_commission"),
            taker_fee=needed(each, "taker_commission"),
            expiry=None if _is_perpetual(each) else milliseconds(each, "expiration_timestamp"),
        )


def _inverse(ask: Ask) -> Iterator[Row]:
    found = rows(ask("publicGetGetInstruments", currency="any", kind="future"), "result")
    return (each for each in found if each.get("instrument_type") == "reversed" and each.get("is_active") is True)


def _is_perpetual(instrument: Row) -> bool:
    return instrument.get("settlement_period") == "perpetual"


def fees(ask: Ask, names: Sequence[str]) -> dict[str, Fees]:
    """What the account pays, of the contracts on which it pays something else than a new one."""
    summaries = rows(ask("privateGetGetAccountSummaries", extended="true"), "result", "summaries")
    own = dict(_own(fee) for each in summaries if each.get("fees") for fee in rows(each, "fees"))
    listed = {text(each, "instrument_name"): each for each in _inverse(ask)} if own else {}
    found = ((name, own.get(_key(listed[name])), listed[name]) for name in names if name in listed)
    return {name: _paid(fee, instrument) for name, fee, instrument in found if fee is not None}


def _key(instrument: Row) -> tuple[str, str]:
    return text(instrument, "base_currency"), "perpetual" if _is_perpetual(instrument) else "future"


def _own(fee: Row) -> tuple[tuple[str, str], Row]:
    """A fee by the coin and the kind of contract it is of, as Deribit tells it now, or told it before."""
    if "value" in fee:
        pair = text(fee, "index_name")
        coin = pair.removesuffix(_QUOTED).upper() if pair.endswith(_QUOTED) else pair
        return (coin, text(fee, "kind")), part(fee, "value", "default")
    told = {"maker": fee.get("maker_fee"), "taker": fee.get("taker_fee"), "type": fee.get("fee_type")}
    return (text(fee, "currency"), text(fee, "instrument_type")), told


def _paid(fee: Row, instrument: Row) -> Fees:
    """A fee of its own, or a share of the instrument's. Raises Garbled for one of neither kind."""
    maker, taker = needed(fee, "maker"), needed(fee, "taker")
    if fee.get("type") == "fixed":
        return Fees(maker, taker)
    if fee.get("type") != "relative":
        raise Garbled
    return Fees(maker * needed(instrument, "maker_commission"), taker * needed(instrument, "taker_commission"))
