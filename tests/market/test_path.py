"""Paths to a shock, held against the definitions a step at a time: who gets there, where others end, what they miss."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal.market.contract import Kind
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import Held, liquidation
from rebal.market.path import Curve, Moves

from .definitions import HAIR, at, bounds, inverse, linear, maintenance, slack, unrealised
from .wallets import Wallet, fractions, wallets

ONE = Fraction(1)
CLOSE = Fraction(1, 10**30)
shocks = st.one_of(fractions("-0.95", "2"), fractions("-0.95", "2", places=7), st.sampled_from([Fraction(0), ONE]))


def steps(held: Sequence[Held], moves: Mapping[str, Fraction]) -> list[Fraction]:
    """Shares of the way: even ones, the ends, and either side of wherever a position crosses one of its bounds."""
    found = {Fraction(step, 40) for step in range(41)}
    for position in held:
        shock = moves[position.contract.asset]
        crossed = [(bound - 1) / shock for bound in bounds([position])] if shock else []
        found.update(share + side for share in crossed for side in (-HAIR, Fraction(0), HAIR))
    return sorted(share for share in found if 0 <= share <= 1)


def walked(
    balance: Fraction, held: Sequence[Held], moves: Mapping[str, Fraction]
) -> Iterator[tuple[Fraction, Fraction]]:
    """Shares of the way, each with margin balance less maintenance there."""
    for share in steps(held, moves):
        moved = [at(position, ONE + moves[position.contract.asset] * share) for position in held]
        yield share, balance + sum(unrealised(position) - maintenance(position) for position in moved)


def judged(balance: Fraction, held: Sequence[Held], moves: Mapping[str, Fraction]) -> None:
    """Walk a path both ways and compare all that is said of it."""
    passage = Curve(balance, held).along(Moves(moves))
    moved = [at(position, ONE + moves[position.contract.asset]) for position in held]
    assert passage.margin_balance == balance + sum(map(unrealised, moved))
    assert passage.maintenance_margin == sum(map(maintenance, moved))
    ratio = passage.maintenance_margin / passage.margin_balance if passage.margin_balance > 0 else None
    assert passage.margin_ratio == ratio
    walk = list(walked(balance, held, moves))
    least = min(spare for _, spare in walk)
    if passage.short is None or passage.ends_at is None:
        assert passage.short is passage.ends_at is None
        assert least > -CLOSE
        return
    assert abs(passage.short + least) < CLOSE * (1 + abs(least))
    assert passage.short >= 0
    assert all(spare > -CLOSE for share, spare in walk if share < passage.ends_at)
    there = [at(position, ONE + moves[position.contract.asset] * passage.ends_at) for position in held]
    beyond = [at(position, ONE + moves[position.contract.asset] * (passage.ends_at + HAIR)) for position in held]
    assert min(
        balance + sum(unrealised(position) - maintenance(position) for position in each) for each in (there, beyond)
    ) < CLOSE


@pytest.mark.parametrize("kind", list(Kind))
@settings(max_examples=120)
@given(data=st.data(), shock=shocks)
def test_one_coin(kind: Kind, data: st.DataObject, shock: Fraction) -> None:
    wallet: Wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    judged(wallet.balance, wallet.held, {"BTC": shock})


@settings(max_examples=200)
@given(wallets(kind=Kind.LINEAR), st.tuples(shocks, shocks, shocks))
def test_several_coins_in_one_wallet(wallet: Wallet, moves: tuple[Fraction, Fraction, Fraction]) -> None:
    held = [
        replace(position, contract=replace(position.contract, asset=f"A{n}")) for n, position in enumerate(wallet.held)
    ]
    judged(wallet.balance, held, {f"A{n}": shock for n, shock in enumerate(moves)})


@settings(max_examples=80)
@given(wallets(kind=Kind.LINEAR), shocks)
def test_coins_that_move_alike_are_one_coin(wallet: Wallet, shock: Fraction) -> None:
    held = [
        replace(position, contract=replace(position.contract, asset=f"A{n}")) for n, position in enumerate(wallet.held)
    ]
    alike = Curve(wallet.balance, held).along(Moves({"A0": shock, "A1": shock, "A2": shock}))
    assert alike == Curve(wallet.balance, wallet.held).along(Moves({"BTC": shock}))


@settings(max_examples=80)
@given(wallets(), shocks)
def test_what_is_short_is_the_least_that_saves(wallet: Wallet, shock: Fraction) -> None:
    passage = Curve(wallet.balance, wallet.held).along(Moves({"BTC": shock}))
    if passage.short is not None:
        more = wallet.balance + passage.short
        assert Curve(more, wallet.held).along(Moves({"BTC": shock})).short == 0
        assert Curve(more + HAIR, wallet.held).along(Moves({"BTC": shock})).short is None


def test_a_covered_short_comes_through_anything() -> None:
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.005")),))
    short = Held(inverse(maintenance), Fraction(-400), Fraction(40000), Fraction(40000))
    curve = Curve(Fraction(1), [short])
    for shock in ("-0.999999", "0", "1000000"):
        passage = curve.along(Moves({"BTC": Fraction(shock)}))
        assert (passage.short, passage.ends_at) == (None, None)
        assert passage.margin_balance == 1 / (1 + Fraction(shock))


def test_a_wallet_that_is_due_today_ends_where_it_stands() -> None:
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.01")),))
    long = Held(inverse(maintenance), Fraction(400), Fraction(40000), Fraction(40000))
    for shock in ("-0.5", "0", "3"):
        passage = Curve(Fraction("0.01"), [long]).along(Moves({"BTC": Fraction(shock)}))
        assert passage.ends_at == 0
        assert passage.short is not None
    assert Curve(Fraction("0.01"), [long]).along(Moves({"BTC": Fraction(0)})).short == 0


def test_an_end_in_the_middle_of_the_way_is_its_share_of_it() -> None:
    """Long 1 BTC of dollars on 0.5 BTC at 1 %: liquidated at 40,000·1.01/1.5, a third of the way down to nothing."""
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.01")),))
    long = Held(inverse(maintenance), Fraction(400), Fraction(40000), Fraction(40000))
    factor = Fraction("1.01") / Fraction("1.5")
    passage = Curve(Fraction("0.5"), [long]).along(Moves({"BTC": Fraction("-0.8")}))
    assert passage.ends_at == (1 - factor) / Fraction("0.8")
    assert liquidation(Fraction("0.5"), [long]).below == factor


def test_a_jump_on_the_way_counts_though_both_ends_are_safe() -> None:
    """A short of nine coins passes ten on the way down, where half of them are asked, then twelve, where little is."""
    tiers = (Tier(Fraction(10), Fraction("0.01")), Tier(Fraction(12), Fraction("0.5")), Tier(None, Fraction("0.02")))
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, tiers)
    short = Held(inverse(schedule), Fraction(-3600), Fraction(40000), Fraction(40000))
    passage = Curve(Fraction(3), [short]).along(Moves({"BTC": Fraction("-0.5")}))
    assert passage.margin_balance > passage.maintenance_margin
    assert passage.ends_at == Fraction("0.2")
    assert passage.short == 5 - 1 - 3


def test_a_rate_that_grows_with_the_size_is_judged_at_the_shock() -> None:
    schedule = SizeRate(Fraction("0.01"), Fraction("0.005"))
    long = Held(inverse(schedule), Fraction(4000), Fraction(40000), Fraction(40000))
    judged(Fraction(12), [long], {"BTC": Fraction("-0.6")})
    assert slack(Fraction(12), [long], Fraction("0.4")) < 0


def test_a_linear_wallet_of_two_coins_nets_what_one_loses_against_what_the_other_gains() -> None:
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, (Tier(None, Fraction("0.01")),))
    long = Held(linear(schedule, multiplier="1", asset="BTC"), Fraction(1), Fraction(100), Fraction(100))
    short = Held(linear(schedule, multiplier="1", asset="ETH"), Fraction(-1), Fraction(100), Fraction(100))
    curve = Curve(Fraction(10), [long, short])
    assert curve.along(Moves({"BTC": Fraction("-0.5"), "ETH": Fraction("-0.5")})).ends_at is None
    passage = curve.along(Moves({"BTC": Fraction("-0.5"), "ETH": Fraction(0)}))
    # 10 - 50·s = 1 % of (200 - 50·s)
    assert passage.ends_at == Fraction(8) / Fraction("49.5")
