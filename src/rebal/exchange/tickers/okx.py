"""OKX: marks by sort of contract, indices by pair, funding of all swaps: an answer each."""

from collections.abc import Iterator, Sequence

from rebal.amounts import Fraction
from rebal.exchange.fields import Garbled, Row, figure, milliseconds, rows, text
from rebal.exchange.tickers import Answers, Question, Ticker, question
from rebal.market.contract import Contract

_SWAPS = question("publicGetPublicMarkPrice", instType="SWAP")
_DATED = question("publicGetPublicMarkPrice", instType="FUTURES")
_INDICES = question("publicGetMarketIndexTickers", quoteCcy="USD")
_FUNDING = question("publicGetPublicFundingRate", instId="ANY")


def questions(contracts: Sequence[Contract]) -> list[Question]:
    """Three where swaps are asked about, one more for dated contracts."""
    dated = [contract.expiry is not None for contract in contracts]
    return [
        *([_INDICES] if contracts else []),
        *([] if all(dated) else [_SWAPS, _FUNDING]),
        *([_DATED] if any(dated) else []),
    ]


def tickers(answers: Answers) -> Iterator[Ticker]:
    """Every contract; those settled in USDT have no index here."""
    indices = {text(each, "instId"): figure(each, "idxPx") for each in _data(answers, _INDICES)}
    funding = {text(each, "instId"): each for each in _data(answers, _FUNDING)}
    for asked in (_SWAPS, _DATED):
        for each in _data(answers, asked):
            name = text(each, "instId")
            pair = "-".join(name.split("-")[:2])
            paid = funding.get(name, {})
            yield Ticker(
                contract=name,
                mark=figure(each, "markPx"),
                index=indices.get(pair),
                time=milliseconds(each, "ts"),
                rate=figure(paid, "fundingRate"),
                interval_hours=hours(paid),
                next_funding=milliseconds(paid, "fundingTime"),
            )


def _data(answers: Answers, asked: Question) -> Sequence[Row]:
    return rows(answers[asked], "data") if asked in answers else ()


def hours(paid: Row) -> Fraction | None:
    """The interval: from the coming funding to the one after it."""
    due, after = milliseconds(paid, "fundingTime"), milliseconds(paid, "nextFundingTime")
    if due is None or after is None:
        return None
    if after <= due:
        raise Garbled
    return Fraction(int((after - due).total_seconds()), 3600)
