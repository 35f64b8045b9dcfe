"""What margin is asked of a position, and how far a wallet may go, held against the definitions a price at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from drawn import among
from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.market.kept import kept_within
from rebal.market.maintenance import Maintenance, Method, SizeRate, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import (
    THERE_ALREADY,
    Factors,
    Held,
    asks_no_less,
    bankruptcy,
    beyond_last_tier,
    ends_are_last,
    initial_margin,
    liquidation,
    maintenance_margin,
    required_balance,
)

from .definitions import HAIR, at, bounds, initial, inverse, slack, unrealised, value
from .wallets import Wallet, fractions, wallets

ONE = Fraction(1)
KINDS = pytest.mark.parametrize("kind", list(Kind))
CAPS = (None, ONE, Fraction(2), Fraction(5), Fraction(20))
LEVERS = (ONE, Fraction(3), Fraction(10), Fraction(1000))


def capped(draw: st.DrawFn, held: Held) -> Held:
    """The position with the most leverage that its venue and each of its tiers allow, or say nothing of."""
    schedule, most = held.contract.maintenance, draw(among(None, Fraction(2), Fraction(15)))
    if isinstance(schedule, SizeRate):
        schedule = replace(schedule, initial_base=schedule.base * draw(among(1, 2, 20)))
    else:
        tiers = tuple(replace(tier, max_leverage=draw(among(*CAPS))) for tier in schedule.tiers)
        schedule = replace(schedule, tiers=tiers)
    return replace(held, contract=replace(held.contract, maintenance=schedule, max_leverage=most))


@st.composite
def capped_wallets(draw: st.DrawFn, *, kind: Kind, most: int = 3) -> Wallet:
    wallet = draw(wallets(kind=kind, most=most, size_rate=True))
    return Wallet(wallet.balance, tuple(capped(draw, held) for held in wallet.held))


@KINDS
@settings(max_examples=25)
@given(data=st.data(), lever=st.sampled_from(LEVERS))
def test_initial_margin_is_the_most_that_lever_venue_tier_and_size_ask(
    kind: Kind, data: st.DataObject, lever: Fraction
) -> None:
    wallet: Wallet = data.draw(capped_wallets(kind=kind))
    for position in wallet.held:
        assert initial_margin(position, lever) == initial(position, lever)


def margins(balance: Fraction, held: Sequence[Held], levers: Mapping[str, Fraction], leverage: Fraction) -> Fraction:
    """What margin balance has above what leverage and initial margin ask, at the marks of the positions."""
    worth = sum((value(position, position.mark_price) for position in held), Fraction(0))
    asked = sum((initial(position, levers[position.contract.name]) for position in held), Fraction(0))
    return balance + sum(map(unrealised, held)) - max(worth / leverage, asked)


def way(held: Sequence[Held], shock: Fraction, end: Fraction | None, *, upward: bool) -> list[Fraction]:
    """Factors from today's to an end: even ones, and either side of where a size meets a bound there or a shock on."""
    last = end or (Fraction(1000) if upward else Fraction(1, 1000))
    on = ONE + shock if upward else ONE - shock
    even = [ONE + (last - ONE) * step / 12 for step in range(13)]
    beside = [bound * side / by for bound in bounds(held) for side in (ONE - HAIR, ONE, ONE + HAIR) for by in (ONE, on)]
    return sorted({each for each in (*even, *beside) if min(last, ONE) <= each <= max(last, ONE)}, reverse=not upward)


@KINDS
@pytest.mark.parametrize("upward", [False, True])
@settings(max_examples=25)
@given(data=st.data(), leverage=st.sampled_from(LEVERS), shock=fractions("0", "0.6", places=1))
def test_a_policy_is_kept_up_to_its_end_and_not_there(
    kind: Kind, data: st.DataObject, leverage: Fraction, shock: Fraction, *, upward: bool
) -> None:
    wallet: Wallet = data.draw(capped_wallets(kind=kind))
    levers = {position.contract.name: data.draw(among(*LEVERS)) for position in wallet.held}
    balance, held, on = wallet.balance, wallet.held, ONE + shock if upward else ONE - shock
    found = kept_within(balance, held, leverage=leverage, set_to=lambda each: levers[each.name], shock=shock)
    end = found.above if upward else found.below

    def left(factor: Fraction) -> Fraction:
        moved = [at(position, factor) for position in held]
        return min(margins(balance, moved, levers, leverage), slack(balance, held, factor * on))

    def is_kept_now() -> bool:
        survives = all(slack(balance, held, each) > 0 for each in way(held, shock, on, upward=upward))
        return survives and margins(balance, held, levers, leverage) > 0

    event("never" if end is None else "today" if end == 1 else "somewhere")
    if end == 1:
        assert not is_kept_now()
        return
    assert is_kept_now()
    close = value(held[0], held[0].mark_price) / 10**20
    *inside, last = way(held, shock, end, upward=upward)
    assert all(left(each) > -close for each in inside)
    if end is None:
        assert left(last) > -close
    else:
        assert last == end
        assert min(left(end), left(end * (ONE + (HAIR if upward else -HAIR)))) < close


def test_a_wallet_without_positions_has_no_end_and_one_on_a_line_has_its_last() -> None:
    nothing = Fraction(0)
    assert liquidation(nothing, []) == bankruptcy(nothing, []) == Factors(None, None)
    for balance in (-ONE, nothing, ONE):
        found = kept_within(balance, [], leverage=ONE, set_to=lambda _: ONE, shock=nothing)
        assert found == Factors(None, None)
    assert required_balance([], lowest=ONE / 2, highest=ONE) == 0
    assert not ends_are_last([])
    flat = stepped((None, "0.01", "0", None))
    assert ends_are_last([one_coin(flat)])
    assert not ends_are_last([one_coin(SizeRate(exact("0.01"), ONE))])
    assert not ends_are_last([one_coin(stepped(("10", "0.01", "0", None), (None, "0.02", "0.1", None)))])


def stepped(*steps: tuple[str | None, str, str, str | None]) -> Tiers:
    """Tiers in coins: where each ends, its rate, its deduction and the most leverage in it."""
    tiers = tuple(
        Tier(None if up_to is None else exact(up_to), exact(rate), exact(less), None if most is None else exact(most))
        for up_to, rate, less, most in steps
    )
    return Tiers(Valuation.MARK, False, Method.DEDUCTION, TierUnit.COIN, tiers)


def one_coin(schedule: Maintenance, *, most: str = "100") -> Held:
    """40,000 dollars of an inverse contract, bought at 40,000 and there still."""
    contract = replace(inverse(schedule, multiplier="1", taker_fee="0"), max_leverage=exact(most))
    return Held(contract, Fraction(40000), Fraction(40000), Fraction(40000))


TEN = ("10", "0.01", "0", None)


@pytest.mark.parametrize(
    ("schedule", "never"),
    [
        # 0.1 at ten coins by either rate, and 0.7 at twenty
        (stepped(TEN, ("20", "0.06", "0.5", None), (None, "0.2", "3.3", None)), True),
        (stepped((None, "0.01", "0", None)), True),
        # 0.6 of twenty coins and a hair: less than 0.7
        (stepped(TEN, ("20", "0.06", "0.5", None), (None, "0.03", "0", None)), False),
        # 0.05 of ten coins and a hair: less than 0.1
        (stepped(TEN, (None, "0.06", "0.55", None)), False),
        # a deduction below nothing is a sum that a part is asked as well as the whole
        (stepped((None, "0.01", "-0.5", None)), False),
        (stepped(TEN, (None, "0.05", "-0.5", None)), False),
        (stepped(("10", "0.01", "-0.1", None), (None, "0.05", "0", None)), False),
        # what ends nowhere, and is followed all the same
        (stepped((None, "0.01", "0", None), (None, "0.05", "0", None)), False),
        (stepped(("10", "0.01", "0", "5"), (None, "0.05", "0", "5")), True),
        (stepped(("10", "0.01", "0", "5"), (None, "0.05", "0", "4")), True),
        (stepped(("10", "0.01", "0", "5"), (None, "0.05", "0", "6")), False),
        (stepped(("10", "0.01", "0", "5"), (None, "0.05", "0", None)), False),
        (stepped(("10", "0.01", "0", None), (None, "0.05", "0", "5")), True),
        (SizeRate(exact("0.01"), Fraction(0)), True),
        (SizeRate(exact("0.01"), exact("0.5")), True),
        (SizeRate(exact("0.01"), exact("-0.0001")), False),
    ],
)
def test_a_schedule_says_whether_a_part_may_be_asked_more_than_its_share(schedule: Maintenance, *, never: bool) -> None:
    assert asks_no_less(inverse(schedule)) is never
    if never:
        sizes = [Fraction(n, 4) for n in range(1, 121)]
        asked = [maintenance_margin([at_size(schedule, size)]) / size for size in sizes]
        initially = [initial_margin(at_size(schedule, size), Fraction(1000)) / size for size in sizes]
        assert asked == sorted(asked)
        assert initially == sorted(initially)


def at_size(schedule: Maintenance, coins: Fraction) -> Held:
    position = one_coin(schedule)
    return replace(position, contracts=position.contracts * coins)


def test_a_size_on_the_last_known_bound_is_not_beyond_it() -> None:
    schedule = stepped(TEN, ("20", "0.06", "0.5", None))
    assert [beyond_last_tier(at_size(schedule, exact(size))) for size in (10, 20, 21)] == [False, False, True]
    assert not beyond_last_tier(at_size(stepped(TEN, (None, "0.06", "0.5", None)), Fraction(10**9)))
    assert not beyond_last_tier(one_coin(SizeRate(exact("0.01"), ONE)))


def test_without_any_cap_the_leverage_that_is_set_is_the_one() -> None:
    uncapped = replace(one_coin(stepped(TEN)).contract, max_leverage=None)
    held = replace(one_coin(stepped(TEN)), contract=uncapped)
    assert initial_margin(held, Fraction(500000)) == Fraction(1, 500000)
    assert initial_margin(one_coin(stepped(TEN)), Fraction(500)) == Fraction(1, 100)


def test_what_a_position_was_asked_before_does_not_change_what_it_is_asked_next() -> None:
    """A long of a coin on b coins is liquidated at 1.01/(1 + b), whichever balances it was asked of in between."""
    held = one_coin(stepped(TEN))
    for balance in (1, 2, 3, 1, 4, 5, 6, 1, 2, 6):
        assert held.ends(exact(balance)) == Factors(exact("1.01") / (1 + balance), None)


@pytest.mark.parametrize(
    ("below", "above", "distance"),
    [(None, None, None), ("0.75", None, "0.25"), (None, "1.5", "0.5"), ("0.75", "1.5", "0.25"), ("0.25", "1.5", "0.5")],
)
def test_the_distance_is_that_to_the_nearer_end(below: str | None, above: str | None, distance: str | None) -> None:
    ends = Factors(None if below is None else exact(below), None if above is None else exact(above))
    assert ends.distance == (None if distance is None else exact(distance))
    assert THERE_ALREADY.distance == 0


def test_beyond_the_last_known_bound_its_rate_and_its_leverage_go_on() -> None:
    """A long of one coin is 30 at a thirtieth of its price, and has lost 29: twenty are the last that are told of."""
    held = one_coin(stepped(("10", "0.01", "0", "10"), ("20", "0.02", "0.1", "5")))
    # W + 1 = 1.02 y - 0.1 at y = 30
    assert liquidation(exact("29.5"), [held]) == Factors(Fraction(1, 30), None)
    # W + 1 = y + y/5 at y = 30
    kept = kept_within(
        Fraction(35), [held], leverage=Fraction(1000), set_to=lambda _: Fraction(1000), shock=Fraction(0)
    )
    assert kept == Factors(Fraction(1, 30), None)


def test_a_rate_that_does_not_grow_is_asked_at_first_where_no_leverage_asks_more() -> None:
    """Half of a coin's y, whatever it is levered by: W + 1 - y = y/2 at y = 1.1."""
    held = one_coin(SizeRate(exact("0.01"), Fraction(0), initial_base=exact("0.5")))
    kept = kept_within(exact("0.65"), [held], leverage=Fraction(1000), set_to=lambda _: Fraction(10), shock=Fraction(0))
    assert kept == Factors(1 / exact("1.1"), None)


@pytest.mark.parametrize(
    ("lever", "most", "tier"), [("2", None, None), ("1000", "2", None), ("1000", None, "2"), ("1000", "500", "2")]
)
def test_what_is_set_below_the_policy_asks_for_more_and_so_does_any_cap_below_it(
    lever: str, most: str | None, tier: str | None
) -> None:
    """Half of a coin's y, whoever sets it to 2: W + 1 - y = y/2 at y = 1.1."""
    held = one_coin(stepped((None, "0.01", "0", tier)))
    held = replace(held, contract=replace(held.contract, max_leverage=None if most is None else exact(most)))
    kept = kept_within(exact("0.65"), [held], leverage=Fraction(1000), set_to=lambda _: exact(lever), shock=Fraction(0))
    assert kept == Factors(1 / exact("1.1"), None)


def test_a_fall_ends_a_short_that_its_own_coins_cover_twice_only_by_a_leverage_below_one() -> None:
    """2.5 and y - 1 are twice y at y = 1.5; liquidated it is nowhere."""
    held = replace(one_coin(stepped((None, "0.01", "0", None))), contracts=Fraction(-40000))
    for leverage, below in ((exact("0.5"), 1 / exact("1.5")), (ONE, None)):
        found = kept_within(exact("2.5"), [held], leverage=leverage, set_to=lambda _: Fraction(100), shock=exact("0.3"))
        assert found == Factors(below, None)


def test_a_fall_that_ends_it_today_leaves_the_rise_to_where_the_leverage_ends_it() -> None:
    """A short of a coin has 0.8 and y - 1: that is half of y at y = 0.4, and not twice y from y = 1.25 on."""
    held = replace(one_coin(stepped(("1.25", "0.01", "0", None), (None, "2", "0", None))), contracts=Fraction(-40000))
    found = kept_within(exact("0.8"), [held], leverage=Fraction(2), set_to=lambda _: Fraction(2), shock=exact("0.3"))
    assert found == Factors(ONE, 1 / exact("0.4"))


@pytest.mark.parametrize(
    ("balance", "shock", "below", "above"),
    [
        # 0.8 and 4/3 - y are y at y = 16/15
        ("0.8", "0", "15/16", None),
        # 0.6 and a third that is gained are less than a coin
        ("0.6", "0", "1", "1"),
        # 0.8 and 4/3 are 1.01 y at 0.473 of the price: a fall of 0.6 ends it, of 0.4 not
        ("0.8", "0.6", "1", None),
        ("0.8", "0.4", "15/16", None),
    ],
)
def test_a_policy_counts_what_is_gained_and_is_broken_today_where_a_further_shock_ends_it(
    balance: str, shock: str, below: str, above: str | None
) -> None:
    """A long of 40,000 dollars from 30,000: at 40,000 over y it is worth y coins and has gained 4/3 - y."""
    held = replace(one_coin(stepped((None, "0.01", "0", None))), entry_price=Fraction(30000))
    found = kept_within(exact(balance), [held], leverage=ONE, set_to=lambda _: Fraction(100), shock=exact(shock))
    assert found == Factors(exact(below), None if above is None else exact(above))
