"""The records of one venue; ``?`` stands behind a figure that is assumed."""

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction

from rebal.catalogue import ContractLine, TierLine, VenueSheet
from rebal.formats.page.figures import GLUE, PLAIN
from rebal.formats.page.ink import clean
from rebal.formats.page.specification import UNKNOWN, assumed_fields, maintenance, marked, multiplier, percent
from rebal.formats.page.wording import ascii_signs, rfc3339

_WORD = len("contract")


def lines(report: VenueSheet) -> Iterator[str]:
    """The venue, what holds of it, its contracts with their tiers, what is assumed, notes and sources."""
    assumed = assumed_fields(report)
    yield _record("venue", report.venue, f"contracts {len(report.contracts)}", report.title)
    yield from (_record("says", statement) for statement in report.statements)
    yield from (_contract(each, assumed) for each in report.contracts)
    yield from map(_tier, report.tiers)
    for each in report.assumed:
        yield _record("assumed", each.contract, each.figure, each.stands_in, f"set {each.key}")
    for contract in report.contracts:
        yield from (_record("note", contract.contract, note) for note in contract.notes)
    yield from (_record("source", each.source, each.title) for each in report.sources)


def _record(word: str, *fields: str) -> str:
    return "  ".join([word.ljust(_WORD), *(clean(ascii_signs(each).replace(GLUE, " ")) for each in fields)])


def _contract(contract: ContractLine, assumed: Collection[tuple[str, str]]) -> str:
    def figure(word: str, field: str, text: str) -> str:
        return f"{word} {marked(text, field=field, contract=contract.contract, assumed=assumed)}"

    def rate(value: Fraction) -> str:
        return percent(value, PLAIN)

    return _record(
        "contract",
        contract.contract,
        f"{contract.asset} {contract.kind}",
        contract.standing,
        f"expiry {UNKNOWN if contract.expiry is None else rfc3339(contract.expiry)}",
        figure("multiplier", "multiplier", multiplier(contract, PLAIN)),
        f"settle {contract.settle or UNKNOWN}",
        f"tick {_known(PLAIN.exact, contract.tick_size)}",
        figure("lot", "lot_size", _known(PLAIN.exact, contract.lot_size)),
        figure("min", "min_contracts", _known(PLAIN.exact, contract.min_contracts)),
        f"order-in {contract.order_unit or UNKNOWN}",
        figure("maker", "maker_fee", _known(rate, contract.maker_fee)),
        figure("taker", "taker_fee", _known(rate, contract.taker_fee)),
        f"delivery {_known(rate, contract.delivery_fee)}",
        figure("funding-hours", "funding_interval", _known(PLAIN.exact, contract.funding_interval_hours)),
        f"leverage {_known(PLAIN.exact, contract.max_leverage)}",
        figure("maintenance", "maintenance", maintenance(contract, PLAIN)),
        f"source {' '.join(contract.sources)}",
        f"date {contract.date or UNKNOWN}",
        contract.status,
        contract.listing,
    )


def _known(write: Callable[[Fraction], str], value: Fraction | None) -> str:
    return UNKNOWN if value is None else write(value)


def _tier(tier: TierLine) -> str:
    return _record(
        "tier",
        tier.contract,
        f"up-to {_known(PLAIN.exact, tier.up_to)}",
        f"rate {percent(tier.rate, PLAIN)}",
        f"deduction {PLAIN.exact(tier.deduction)}",
        f"leverage {_known(PLAIN.leverage, tier.max_leverage)}",
    )
