"""Paths to a shock, held against the definitions a step at a time: who gets there, where others end, what they miss."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Method, SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import Factors, Held, liquidation, maintenance_margin
from rebal.market.path import Curve, Moves

from .definitions import HAIR, at, inverse, linear, maintenance, slack, unrealised
from .walks import spare, walk
from .wallets import Wallet, fractions, wallets

ONE = Fraction(1)
CLOSE = Fraction(1, 10**30)
shocks = st.one_of(fractions("-0.95", "2"), fractions("-0.95", "2", places=7), st.sampled_from([Fraction(0), ONE]))


def judged(balance: Fraction, held: Sequence[Held], moves: Mapping[str, Fraction]) -> None:
    """Walk a path both ways and compare all that is said of it."""
    curve = Curve(balance, held)
    passage = curve.along(Moves(moves))
    assert curve.short_now == -slack(balance, held, ONE)
    moved = [at(position, ONE + moves[position.contract.asset]) for position in held]
    assert passage.margin_balance == balance + sum(map(unrealised, moved))
    assert passage.maintenance_margin == sum(map(maintenance, moved))
    ratio = passage.maintenance_margin / passage.margin_balance if passage.margin_balance > 0 else None
    assert passage.margin_ratio == ratio
    way = list(walk(balance, held, moves))
    least = min(left for _, left in way)
    if passage.short is None or passage.ends_at is None:
        assert passage.short is passage.ends_at is None
        assert least > -CLOSE
        return
    assert abs(passage.short + least) < CLOSE * (1 + abs(least))
    assert passage.short >= 0
    assert all(left > -CLOSE for share, left in way if share < passage.ends_at)
    assert min(spare(balance, held, moves, passage.ends_at + beyond) for beyond in (Fraction(0), HAIR)) < CLOSE


@pytest.mark.parametrize("kind", list(Kind))
@settings(max_examples=60)
@given(data=st.data(), shock=shocks)
def test_one_coin(kind: Kind, data: st.DataObject, shock: Fraction) -> None:
    wallet: Wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    judged(wallet.balance, wallet.held, {"BTC": shock})


def of_several_coins(held: Sequence[Held]) -> list[Held]:
    """Each position on a coin of its own: A0, A1, A2."""
    return [replace(position, contract=replace(position.contract, asset=f"A{n}")) for n, position in enumerate(held)]


@settings(max_examples=75)
@given(
    st.one_of(wallets(kind=Kind.LINEAR), wallets(kind=Kind.LINEAR, size_rate=True)), st.tuples(shocks, shocks, shocks)
)
def test_several_coins_in_one_wallet(wallet: Wallet, moves: tuple[Fraction, Fraction, Fraction]) -> None:
    judged(wallet.balance, of_several_coins(wallet.held), {f"A{n}": shock for n, shock in enumerate(moves)})


@st.composite
def jumping(draw: st.DrawFn) -> Held:
    """A linear position with tiers in dollars that jump, the first bound at today's size or beside it."""
    mark = draw(fractions("80", "120"))
    contracts = Fraction(draw(among(1, -1)) * draw(st.integers(1, 20)))
    size = abs(contracts) * mark
    quarters = draw(st.sets(st.sampled_from((1, 2, 3, 4, 5, 6, 8)), min_size=1, max_size=3))
    ends = sorted(Fraction(quarter, 4) for quarter in quarters)
    rates = sorted(draw(st.sets(st.integers(1, 60), min_size=len(ends) + 1, max_size=len(ends) + 1)))
    tiers = tuple(
        Tier(None if end is None else end * size, Fraction(rate, 100))
        for end, rate in zip((*ends, None), rates, strict=True)
    )
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, tiers)
    return Held(linear(schedule, multiplier="1"), contracts, Fraction(100), mark)


@settings(max_examples=120)
@given(st.lists(jumping(), min_size=2, max_size=3), fractions("0", "3"), st.tuples(shocks, shocks, shocks))
def test_several_coins_whose_tiers_jump(
    held: list[Held], share: Fraction, moves: tuple[Fraction, Fraction, Fraction]
) -> None:
    value = sum((position.position_value for position in held), Fraction(0))
    judged(share * value, of_several_coins(held), {f"A{n}": shock for n, shock in enumerate(moves)})


@settings(max_examples=75)
@given(st.lists(jumping(), min_size=1, max_size=2), fractions("0", "1"), shocks)
def test_one_coin_whose_tiers_jump(held: list[Held], share: Fraction, shock: Fraction) -> None:
    value = sum((position.position_value for position in held), Fraction(0))
    judged(share * value, held, {"BTC": shock})


@settings(max_examples=40)
@given(wallets(kind=Kind.LINEAR), shocks)
def test_coins_that_move_alike_are_one_coin(wallet: Wallet, shock: Fraction) -> None:
    alike = Curve(wallet.balance, of_several_coins(wallet.held)).along(Moves({"A0": shock, "A1": shock, "A2": shock}))
    assert alike == Curve(wallet.balance, wallet.held).along(Moves({"BTC": shock}))


@settings(max_examples=40)
@given(wallets(), shocks)
def test_what_is_short_is_the_least_that_saves(wallet: Wallet, shock: Fraction) -> None:
    passage = Curve(wallet.balance, wallet.held).along(Moves({"BTC": shock}))
    if passage.short is not None:
        more = wallet.balance + passage.short
        # covered exactly it comes through, but for a wallet that is due at today's price already
        assert Curve(more, wallet.held).along(Moves({"BTC": shock})).short in (None, 0)
        assert Curve(more + HAIR, wallet.held).along(Moves({"BTC": shock})).short is None
        assert Curve(more - HAIR, wallet.held).along(Moves({"BTC": shock})).short is not None


def test_a_covered_short_comes_through_anything() -> None:
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.005")),))
    short = Held(inverse(maintenance), Fraction(-400), Fraction(40000), Fraction(40000))
    curve = Curve(Fraction(1), [short])
    for shock in ("-0.999999", "0", "1000000"):
        passage = curve.along(Moves({"BTC": exact(shock)}))
        assert (passage.short, passage.ends_at) == (None, None)
        assert passage.margin_balance == 1 / (1 + exact(shock))


def test_a_wallet_below_nothing_that_a_profit_carries_lacks_it_once_that_is_gone() -> None:
    """20,000 short from 80,000 have gained 0.25 BTC at 40,000, behind which 0.1 are owed.

    At 60,000 a twelfth of a coin of it is left, and 1/600 of maintenance is due: 0.1 less 1/12 and that are missing.
    """
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.005")),))
    short = Held(inverse(maintenance), Fraction(-200), Fraction(80000), Fraction(40000))
    curve = Curve(Fraction("-0.1"), [short])
    assert curve.along(Moves({"BTC": Fraction("0.5")})).short == Fraction("0.1") - Fraction(1, 12) + Fraction(1, 600)
    # 20,000 · 0.995 / P = 0.1 + 0.25 at 56,857.14 dollars, 42.14 % up
    assert curve.along(Moves({"BTC": Fraction("0.4214")})).short is None
    assert curve.along(Moves({"BTC": Fraction("0.4215")})).short is not None


def test_what_a_wallet_below_nothing_lacks_where_its_coins_move_apart() -> None:
    """A long at 120 from 100 has gained 20 dollars, behind which 10 are owed; another one stands at its entry of 100.

    A tenth and a fiftieth down 8 and -2 of it are left, and 0.5 % of 108 and 98 are due: 4 and 1.03 are missing.
    """
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, (Tier(None, Fraction("0.005")),))
    contract = linear(maintenance, multiplier="1")
    held = [Held(contract, ONE, Fraction(100), exact(mark)) for mark in (120, 100)]
    curve = Curve(Fraction(-10), of_several_coins(held))
    assert curve.along(Moves({"A0": exact("-0.1"), "A1": exact("-0.02")})).short == exact("5.03")
    assert curve.along(Moves({"A0": exact("-0.05"), "A1": exact("-0.02")})).short is None


def test_a_wallet_that_is_due_today_ends_where_it_stands() -> None:
    maintenance = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, Fraction("0.01")),))
    long = Held(inverse(maintenance), Fraction(400), Fraction(40000), Fraction(40000))
    for shock in ("-0.5", "0", "3"):
        passage = Curve(Fraction("0.01"), [long]).along(Moves({"BTC": exact(shock)}))
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


def test_without_a_margin_balance_at_the_end_there_is_no_ratio() -> None:
    # 40,000 dollars of long from 40,000 on 1 BTC: half the price later all of it is lost
    held = Held(inverse(SizeRate(exact("0.01"), Fraction(0)), multiplier="1", taker_fee="0"), Fraction(40000),
                Fraction(40000), Fraction(40000))  # fmt: skip
    passage = Curve(Fraction(1), [held]).along(Moves({held.contract.asset: exact("-0.5")}))
    assert (passage.margin_balance, passage.margin_ratio) == (Fraction(0), None)
    # before that: 1 + 1 - 4/3 against 1 % of 4/3
    passage = Curve(Fraction(1), [held]).along(Moves({held.contract.asset: exact("-0.25")}))
    assert (passage.margin_balance, passage.margin_ratio, passage.short) == (Fraction(2, 3), exact("0.02"), None)


def usd_tiers(*steps: tuple[str | None, str]) -> Tiers:
    """Tiers in dollars whose rate is that of the whole position, so that it jumps at each bound."""
    tiers = tuple(Tier(None if up_to is None else exact(up_to), exact(rate)) for up_to, rate in steps)
    return Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, tiers)


def one_coin_of(asset: str, schedule: Tiers, *, contracts: int = 1) -> Held:
    return Held(linear(schedule, multiplier="1", asset=asset), Fraction(contracts), Fraction(100), Fraction(100))


FLAT = usd_tiers((None, "0.01"))
# a half of it is asked between 70 and 80 dollars, or between 120 and 140, and a hundredth elsewhere
HOLE = usd_tiers(("70", "0.01"), ("80", "0.5"), (None, "0.01"))
HUMP = usd_tiers(("120", "0.01"), ("140", "0.5"), (None, "0.01"))


@pytest.mark.parametrize(
    ("balance", "short", "ends_at"), [("71.5", None, None), ("71.3", None, None), ("71", "0.3", "69/69.3")]
)
def test_two_coins_that_fall_apart_ask_for_what_both_lose_and_for_maintenance_on_what_is_left(
    balance: str, short: str | None, ends_at: str | None
) -> None:
    # 50 and 20 are lost, and a hundredth of 50 + 80 is asked; on the way W - 70 s = 0.01 (200 - 70 s)
    curve = Curve(exact(balance), [one_coin_of("BTC", FLAT), one_coin_of("ETH", FLAT)])
    passage = curve.along(Moves({"BTC": exact("-0.5"), "ETH": exact("-0.2")}))
    assert (passage.margin_balance, passage.maintenance_margin) == (exact(balance) - 70, exact("1.3"))
    assert passage.short == (None if short is None else exact(short))
    assert passage.ends_at == (None if ends_at is None else exact(ends_at))


@pytest.mark.parametrize("first", [True, False])
def test_a_jump_on_the_way_of_one_coin_ends_a_wallet_of_two(*, first: bool) -> None:
    # on the way down to 60 half of 80 is asked from 80 on, and of 70 at the last, where 30 are lost: 30 + 35 + 1
    held = [one_coin_of("BTC", HOLE), one_coin_of("ETH", FLAT)]
    passage = Curve(Fraction(45), held if first else held[::-1]).along(
        Moves({"BTC": exact("-0.4"), "ETH": Fraction(0)})
    )
    assert (passage.margin_balance, passage.maintenance_margin) == (Fraction(5), exact("1.6"))
    assert (passage.short, passage.ends_at) == (Fraction(66 - 45), exact("0.5"))
    # on the way up to 160 a short is asked half of 140 at the last, where it has lost 40
    held = [one_coin_of("BTC", HUMP, contracts=-1), one_coin_of("ETH", FLAT)]
    passage = Curve(Fraction(65), held if first else held[::-1]).along(Moves({"BTC": exact("0.6"), "ETH": Fraction(0)}))
    assert (passage.margin_balance, passage.maintenance_margin) == (Fraction(5), exact("2.6"))
    assert (passage.short, passage.ends_at) == (Fraction(40 + 70 + 1 - 65), exact("1/3"))


def test_a_jump_on_the_way_of_the_only_coin_ends_its_wallet_too() -> None:
    down = Curve(Fraction(45), [one_coin_of("BTC", HOLE)])
    passage = down.along(Moves({"BTC": exact("-0.4")}))
    assert (passage.short, passage.ends_at) == (Fraction(65 - 45), exact("0.5"))
    assert down.along(Moves({"BTC": exact("-0.1")})).short is None
    up = Curve(Fraction(65), [one_coin_of("BTC", HUMP, contracts=-1)])
    passage = up.along(Moves({"BTC": exact("0.6")}))
    assert (passage.short, passage.ends_at) == (Fraction(110 - 65), exact("1/3"))
    assert up.along(Moves({"BTC": exact("0.1")})).short is None


def test_a_jump_that_a_gain_outweighs_at_the_end_counts_where_it_is_met() -> None:
    # a short has gained 20 at 80, where half of 80 is asked: 20 are needed, and 8 at 72
    short = Curve(Fraction(10), [one_coin_of("BTC", HOLE, contracts=-1)]).along(Moves({"BTC": exact("-0.28")}))
    assert (short.short, short.ends_at) == (Fraction(20 - 10), exact("5/7"))
    # a long has gained 20 just above 120, where half of it is asked: 40 are needed, and 31 at 138
    long = Curve(Fraction(35), [one_coin_of("BTC", HUMP)]).along(Moves({"BTC": exact("0.38")}))
    assert (long.short, long.ends_at) == (Fraction(40 - 35), exact("20/38"))


def test_what_a_wallet_of_two_would_need_on_the_other_way_is_not_asked_of_it() -> None:
    # 20 + 1 at 80 and less from there; upwards 40 would be lost by 140
    held = [one_coin_of("BTC", HOLE, contracts=-1), one_coin_of("ETH", FLAT)]
    assert Curve(Fraction(25), held).along(Moves({"BTC": exact("-0.4"), "ETH": Fraction(0)})).short is None
    passage = Curve(Fraction(20), held).along(Moves({"BTC": exact("-0.4"), "ETH": Fraction(0)}))
    assert (passage.short, passage.ends_at) == (Fraction(1), exact("0.5"))


def test_a_position_on_the_very_bound_is_in_the_tier_below_it() -> None:
    assert maintenance_margin([one_coin_of("BTC", usd_tiers(("100", "0.01"), (None, "0.5")))]) == 1
    assert maintenance_margin([one_coin_of("BTC", usd_tiers(("99.99", "0.01"), (None, "0.5")))]) == 50


def test_what_its_own_tier_makes_due_is_due_both_ways() -> None:
    # half of 100 is asked, and 20 are there; the tier below would ask for 1
    assert liquidation(Fraction(20), [one_coin_of("BTC", usd_tiers(("50", "0.01"), (None, "0.5")))]) == Factors(
        Fraction(1), Fraction(1)
    )


def jumps(contracts: int, *steps: tuple[str | None, str]) -> Held:
    """A coin at 100 dollars, long or short, whose whole size is maintained at the rate of its tier in dollars."""
    tiers = tuple(Tier(None if up_to is None else exact(up_to), exact(rate)) for up_to, rate in steps)
    schedule = Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.USD, tiers)
    return Held(linear(schedule, multiplier="1"), Fraction(contracts), Fraction(100), Fraction(100))


def test_a_tier_that_is_passed_through_ends_a_wallet_that_its_end_would_not() -> None:
    """At 150 dollars 60 % are 90, and 50 are gained: 40 are needed there, 20 at 200, and nothing beyond."""
    long = jumps(1, ("150", "0.01"), ("200", "0.6"), (None, "0.01"))
    passage = Curve(Fraction(30), [long]).along(Moves({"BTC": Fraction(2)}))
    assert (passage.short, passage.ends_at) == (Fraction(10), Fraction(1, 4))
    assert Curve(Fraction(40), [long]).along(Moves({"BTC": Fraction(2)})).short is None
    # a short at 75 dollars: 45 less the 25 that are gained, and nothing from 50 on
    short = jumps(-1, ("50", "0.01"), ("75", "0.6"), (None, "0.01"))
    passage = Curve(Fraction(15), [short]).along(Moves({"BTC": exact("-0.8")}))
    assert (passage.short, passage.ends_at) == (Fraction(5), Fraction(5, 16))
    assert Curve(Fraction(20), [short]).along(Moves({"BTC": exact("-0.8")})).short is None


def test_a_jump_on_the_way_ends_a_wallet_of_coins_that_move_apart() -> None:
    """At 150 dollars of the one 90 are asked for, and 50 and 2.5 of the other are gained; at 300 they do for 180."""
    coins = of_several_coins([jumps(1, ("150", "0.01"), (None, "0.6")), jumps(1, (None, "0"))])
    passage = Curve(Fraction(20), coins).along(Moves({"A0": Fraction(2), "A1": exact("0.1")}))
    assert (passage.short, passage.ends_at) == (exact("17.5"), Fraction(1, 4))


@pytest.mark.parametrize("turns", [1, 2])
def test_a_need_that_turns_down_on_the_way_of_one_coin_is_largest_where_it_turns(turns: int) -> None:
    """Half of up to 100 dollars is asked, and a tenth of what is beyond: 25 + 20 s up to s = 1/2, and 45 - 20 s on.

    Or up again where no price comes to, so that it turns both ways.
    """
    tiers = (
        Tier(Fraction(100), exact("0.5")), Tier(Fraction(1000), exact("0.1"), exact("-40")),
        Tier(None, exact("0.9"), Fraction(760)),
    )  # fmt: skip
    schedule = Tiers(Valuation.MARK, False, Method.DEDUCTION, TierUnit.USD, tiers[: turns + 1])
    bent = Held(linear(schedule, multiplier="1", asset="BTC"), ONE, Fraction(50), Fraction(50))
    free = Held(linear(usd_tiers((None, "0")), multiplier="1", asset="ETH"), -ONE, Fraction(100), Fraction(100))
    for held in ([bent, free], [free, bent]):
        passage = Curve(Fraction(30), held).along(Moves({"BTC": Fraction(2), "ETH": exact("0.7")}))
        assert (passage.short, passage.ends_at) == (Fraction(5), Fraction(1, 4))
        assert Curve(Fraction(35), held).along(Moves({"BTC": Fraction(2), "ETH": exact("0.7")})).short is None


def test_the_ratio_is_told_of_the_least_margin_balance_there_is() -> None:
    # a long of 2 dollars asks for one of them, which is there, and all that is
    held = Held(linear(usd_tiers((None, "0.5")), multiplier="1"), ONE, Fraction(2), Fraction(2))
    assert Curve(ONE, [held]).along(Moves({"BTC": Fraction(0)})).margin_ratio == 1


@pytest.mark.parametrize(("contracts", "grown", "other"), [(1, "0.5", "0.45"), (-1, "-0.5", "-0.65")])
def test_a_rate_that_grows_with_the_size_is_walked_where_coins_move_apart(
    contracts: int, grown: str, other: str
) -> None:
    """Of a coin at 100·(1 + s/2) a thousandth of its square is asked: 10 + 10 s + 2.5 s², less 50 s that are gained.

    The other coin loses 45 s. Falling it is 10 - 10 s + 2.5 s² less 50 s, and 65 s are lost: both 10 + 5 s + 2.5 s².
    """
    grows = Held(
        linear(SizeRate(Fraction(0), exact("0.001")), multiplier="1"), Fraction(contracts), *[Fraction(100)] * 2
    )
    loses = one_coin_of("ETH", usd_tiers((None, "0")), contracts=-contracts)
    for held in ([grows, loses], [loses, grows]):
        passage = Curve(exact("13.125"), held).along(Moves({"BTC": exact(grown), "ETH": exact(other)}))
        assert (passage.short, passage.ends_at) == (exact("17.5") - exact("13.125"), Fraction(1, 2))
        assert passage.maintenance_margin == (exact("22.5") if contracts > 0 else exact("2.5"))
        covered = Curve(exact("17.5"), held).along(Moves({"BTC": exact(grown), "ETH": exact(other)}))
        assert covered.short is None
