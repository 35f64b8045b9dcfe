"""What venues and public fixtures print, met by the product's own functions to the precision each vector states."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from exact import exact
from rebal.amounts import Fraction, down, toward_zero, up
from rebal.market.carry import annualised, basis
from rebal.market.contract import Contract
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation, continuous
from rebal.market.margin import (
    Held,
    bankruptcy,
    initial_margin,
    liquidation,
    maintenance_margin,
    required_balance,
)

from .definitions import inverse

Given = Mapping[str, Any]
SATOSHI = Fraction(10**8)
NONE_ASKED = SizeRate(Fraction(0), Fraction(0))


@cache
def everything() -> Given:
    found: Given = yaml.load((Path(__file__).parent / "vectors.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


def of(given: Given, key: str) -> Fraction:
    return exact(given[key])


def contract(given: Given, maintenance: Maintenance = NONE_ASKED, *, taker_fee: str = "0") -> Contract:
    return inverse(maintenance, multiplier=given["multiplier"], taker_fee=taker_fee)


def size_rate(given: Given) -> SizeRate:
    return SizeRate(of(given, "base"), of(given, "slope"), exact(given.get("initial_base", "0")))


def tiers(given: Given) -> Tiers:
    """Deductions as the venue prints them; a single rate needs none."""
    found = tuple(
        Tier(of(tier, "up_to") if "up_to" in tier else None, of(tier, "rate"), exact(tier.get("deduction", "0")))
        for tier in given["tiers"]
    )
    return Tiers(
        Valuation(given["price"]),
        close_fee=given["close_fee"],
        method=Method.DEDUCTION,
        unit=TierUnit(given["tier_unit"]),
        tiers=found,
    )


def positions(given: Given) -> list[Held]:
    """Each under its own size-dependent rate, or all under the one schedule."""
    rule = given.get("maintenance")
    return [
        Held(
            contract(
                row,
                size_rate(row["size_rate"]) if "size_rate" in row else tiers(rule) if rule else NONE_ASKED,
                taker_fee=(rule or {}).get("taker_fee", "0"),
            ),
            of(row, "contracts"),
            of(row, "entry"),
            of(row, "mark"),
        )
        for row in given["positions"]
    ]


def balance(given: Given) -> Fraction:
    """The wallet, less what it holds back; where it is not printed, from what is."""
    held = positions(given)
    if "margin_ratio" in given:
        return of(given, "margin_ratio") * maintenance_margin(held) - sum(position.unrealised_pnl for position in held)
    if "balance_over_leverage" in given:
        return sum(initial_margin(position, of(given, "balance_over_leverage")) for position in held) + Fraction(0)
    held_back = exact(given.get("order_margin", "0"))
    return of(given, "balance") - held_back - (fee(given["closing_fee"]) if "closing_fee" in given else 0)


def fee(given: Given) -> Fraction:
    return contract(given).fee(of(given, "contracts"), of(given, "price"), of(given, "rate"))


def coin_value(given: Given) -> Fraction:
    return contract(given).position_value(of(given, "contracts"), of(given, "price"))


def pnl(given: Given) -> Fraction:
    return contract(given).pnl(of(given, "contracts"), of(given, "entry"), of(given, "price"))


def funding(given: Given) -> Fraction:
    price = of(given, "price")
    return contract(given).funding_usd(of(given, "contracts"), price, of(given, "rate")) / price


def average_entry(given: Given) -> Fraction:
    return contract(given).average_entry([(exact(size), exact(price)) for size, price in given["fills"]])


def initial(given: Given) -> Fraction:
    rule = size_rate(given["size_rate"]) if "size_rate" in given else NONE_ASKED
    price = of(given, "price")
    return initial_margin(Held(contract(given, rule), of(given, "contracts"), price, price), of(given, "leverage"))


def margin_ratio(given: Given) -> Fraction:
    """As OKX prints it: 1 is liquidation, and more is better."""
    held = positions(given)
    return (of(given, "balance") + sum(position.unrealised_pnl for position in held)) / maintenance_margin(held)


def price_of(position: Held, factor: Fraction | None) -> Fraction | None:
    return None if factor is None else factor * position.mark_price


def liquidated(given: Given) -> Fraction | None:
    held = positions(given)
    return price_of(held[0], getattr(liquidation(balance(given), held), given["end"]))


def bankrupt(given: Given) -> Fraction | None:
    held = positions(given)
    return price_of(held[0], getattr(bankruptcy(balance(given), held), given["end"]))


def liquidated_with(given: Given) -> Fraction | None:
    """The price of one position, from that of another of the same wallet."""
    held = positions(given)
    factor = of(given, "known") / held[int(given["known_of"])].mark_price
    wallet = required_balance(held, lowest=factor, highest=factor)
    return price_of(held[int(given["printed_of"])], getattr(liquidation(wallet, held), given["end"]))


def annualised_basis(given: Given) -> Fraction:
    rate = half_up(basis(of(given, "price"), of(given, "index")), Fraction(1, 10 ** int(given["basis_places"])))
    return annualised(rate, of(given, "days"))


def deduction(given: Given) -> Fraction:
    steps = tuple((None if up_to is None else exact(up_to), exact(rate)) for up_to, rate in given["steps"])
    found = continuous(steps)
    if "size" in given:
        size = of(given, "size")
        return next(tier.deduction for tier in found if tier.up_to is None or size <= tier.up_to)
    number = int(given["tier"]) - 1
    assert found[number - 1].deduction == of(given, "tier_before")
    return found[number].deduction


KINDS: dict[str, Callable[[Given], Fraction | None]] = {
    "annualised_basis": annualised_basis,
    "average_entry": average_entry,
    "balance_less_fee": lambda given: of(given, "balance") - fee(given),
    "bankruptcy": bankrupt,
    "basis": lambda given: basis(of(given, "price"), of(given, "index")),
    "basis_usd": lambda given: basis(of(given, "price"), of(given, "index")) * of(given, "index"),
    "coin_value": coin_value,
    "deduction": deduction,
    "fee": fee,
    "fee_received": lambda given: -fee(given),
    "funding": funding,
    "initial_margin": initial,
    "liquidation": liquidated,
    "liquidation_of_other": liquidated_with,
    "maintenance_margin": lambda given: maintenance_margin(positions(given)),
    "margin_balance": lambda given: of(given, "balance") + pnl(given),
    "margin_ratio": margin_ratio,
    "pnl": pnl,
}


def half_up(value: Fraction, step: Fraction) -> Fraction:
    """To the nearest step; halves away from zero, as venues print."""
    return toward_zero(value + (step if value >= 0 else -step) / 2, step)


ROUNDINGS = {"half_up": half_up, "zero": toward_zero, "up": up, "down": down}


def agrees(found: Fraction | None, vector: Given) -> bool:
    how = vector["compare"]
    if "satoshi_per_contract" in how:
        return abs(one_contract(found) - one_contract(printed(vector))) <= of(how, "satoshi_per_contract")
    expected = printed(vector)
    if found is None or expected is None:
        return found is expected
    if "relative" in how:
        shifted = found + exact(how.get("shifted", "0"))
        return abs(shifted - expected) <= of(how, "relative") * abs(expected)
    if "within" in how:
        return abs(found - expected) <= of(how, "within")
    step = of(how, "tick") if "tick" in how else Fraction(1, 10 ** int(how["places"]))
    return ROUNDINGS[how["toward"]](found, step) == expected


def printed(vector: Given) -> Fraction | None:
    return None if vector["expected"] == "never" else of(vector, "expected")


def one_contract(price: Fraction | None) -> Fraction:
    """Satoshi of one dollar; at no price at all it is worth nothing."""
    return Fraction(0) if price is None else SATOSHI / price


@pytest.mark.parametrize("vector", everything()["vectors"], ids=lambda vector: vector["id"])
def test_vector(vector: Given) -> None:
    found = KINDS[vector["kind"]](vector["inputs"])
    if found is not None and vector.get("unit") == "satoshi":
        found *= SATOSHI
    shown = None if found is None else float(found)
    assert agrees(found, vector), f"{shown} where {vector['expected']} is printed ({vector['source']})"


def test_every_recorded_figure_is_compared_or_left_out_with_a_reason() -> None:
    data = everything()
    compared = [*data["vectors"], *data["histories"]]
    names = [row["id"] for row in compared] + list(data["left_out"])
    assert len(names) == len(set(names))
    assert all(row["reason"] for row in data["left_out"].values())
    counted = Counter(row["match"] for row in (*compared, *data["left_out"].values()))
    assert counted == {match: int(count) for match, count in data["recorded"].items()}
    assert not any(row["match"] == "no" for row in compared)


def test_every_vector_names_its_source_and_what_its_tolerance_rests_on() -> None:
    data = everything()
    assert {row["source"] for row in (*data["vectors"], *data["histories"])} == set(data["sources"])
    assert {row["kind"] for row in data["vectors"]} == set(KINDS)
    for vector in data["vectors"]:
        how = vector["compare"]
        assert ("because" in how) == bool({"within", "relative", "satoshi_per_contract"} & set(how)), vector["id"]


def test_numbers_are_written_as_text() -> None:
    def leaves(node: Any) -> list[Any]:
        if isinstance(node, dict):
            return [leaf for value in node.values() for leaf in leaves(value)]
        return [leaf for value in node for leaf in leaves(value)] if isinstance(node, list) else [node]

    assert not [leaf for leaf in leaves(everything()) if isinstance(leaf, int | float) and not isinstance(leaf, bool)]
