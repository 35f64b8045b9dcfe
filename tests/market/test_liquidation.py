"""Law 4: where a wallet ends, held against a walk that evaluates margin balance and maintenance at every step."""

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation
from rebal.market.margin import THERE_ALREADY, Factors, Held, bankruptcy, liquidation, maintenance_margin

from .definitions import HAIR, ONE, bounds, first_short, inverse, linear, maintenance, slack
from .wallets import CONTINUOUS, Wallet, wallets

CLOSE = Fraction(1, 10**20)
BEYOND_THE_WALK = Fraction(10**6)
KINDS = pytest.mark.parametrize("kind", list(Kind))


def ends(found: Factors) -> list[Fraction]:
    return [factor for factor in (found.below, found.above) if factor is not None]


@KINDS
@given(data=st.data())
def test_margin_balance_is_maintenance_margin_at_every_liquidation(kind: Kind, data: st.DataObject) -> None:
    wallet = data.draw(wallets(kind=kind, methods=CONTINUOUS))
    found = liquidation(wallet.balance, wallet.held)
    if slack(wallet.balance, wallet.held, ONE) <= 0:
        assert found == THERE_ALREADY
        return
    for factor in ends(found):
        assert slack(wallet.balance, wallet.held, factor) == 0


@KINDS
@given(data=st.data())
def test_closed_form_is_where_a_walk_first_runs_short(kind: Kind, data: st.DataObject) -> None:
    wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    covered_now = slack(wallet.balance, wallet.held, ONE)
    found = liquidation(wallet.balance, wallet.held)
    if covered_now <= 0:
        assert found == THERE_ALREADY
        return
    compare(wallet, found.below, upward=False)
    compare(wallet, found.above, upward=True)


def compare(wallet: Wallet, factor: Fraction | None, *, upward: bool) -> None:
    walk = first_short(wallet.balance, wallet.held, upward=upward)
    event(f"{'above' if upward else 'below'}: {'never' if walk is None else 'somewhere'}")
    if walk is None:
        assert factor is None or factor > BEYOND_THE_WALK or factor < 1 / BEYOND_THE_WALK
        assert factor is None or abs(slack(wallet.balance, wallet.held, factor)) < wallet.balance * CLOSE
        return
    assert factor is not None
    assert abs(factor - walk.short) <= walk.short * CLOSE


@given(wallets(methods=(Method.WHOLE,), valuations=(Valuation.MARK,)))
def test_whole_tiers_end_a_wallet_at_the_first_price_that_is_short(wallet: Wallet) -> None:
    assume(slack(wallet.balance, wallet.held, ONE) > 0)
    found = liquidation(wallet.balance, wallet.held)
    for factor, outward in ((found.below, -HAIR), (found.above, HAIR)):
        if factor is None:
            continue
        event("at a jump" if factor in bounds(wallet.held) else "at a crossing")
        assert slack(wallet.balance, wallet.held, factor * (1 + outward)) <= 0
        if factor != 1:
            assert slack(wallet.balance, wallet.held, factor * (1 - outward)) >= 0


@KINDS
@given(data=st.data())
def test_bankruptcy_lies_beyond_liquidation(kind: Kind, data: st.DataObject) -> None:
    wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    liquidated, bankrupt = liquidation(wallet.balance, wallet.held), bankruptcy(wallet.balance, wallet.held)
    if bankrupt.below is not None:
        assert liquidated.below is not None
        assert bankrupt.below <= liquidated.below
    if bankrupt.above is not None:
        assert liquidated.above is not None
        assert bankrupt.above >= liquidated.above
    if bankrupt != THERE_ALREADY:
        for factor in ends(bankrupt):
            assert slack(wallet.balance, wallet.held, factor) == -sum(
                maintenance(Held(p.contract, p.contracts, p.entry_price, p.mark_price * factor)) for p in wallet.held
            )


@KINDS
@given(data=st.data())
def test_maintenance_margin_is_the_sum_of_the_definitions(kind: Kind, data: st.DataObject) -> None:
    wallet = data.draw(wallets(kind=kind, size_rate=kind is Kind.INVERSE))
    assert maintenance_margin(wallet.held) == sum(maintenance(position) for position in wallet.held)


NINE_AND_TEN = pytest.mark.parametrize(
    ("contracts", "balance", "below"),
    [
        # Nine coins long; at 36,000 they are ten, the last that 1 % is enough for: 1 of loss, and 0.1 or 5 to hold.
        ("3600", "7", Fraction(27, 32)),  # covers the jump: 4.5·y + 9·y − 9 = 7
        ("3600", "6", Fraction(9, 10)),  # is exactly what is needed beyond the jump
        ("3600", "2", Fraction(9, 10)),  # covers 36,000, and nothing below it
        ("3600", "1.1", Fraction(9, 10)),  # is exactly what is needed at 36,000
        ("3600", "1", Fraction(909, 1000)),  # ends before the jump: 0.09·y + 9·y − 9 = 1
        # Ten coins long today: the jump is at today's price.
        ("4000", "2", ONE),
        ("4000", "5", ONE),
        ("4000", "6", Fraction(15, 16)),
        # Nine coins short: 1 of profit at 36,000; the need falls with the price on either side of the jump.
        ("-3600", "3", Fraction(9, 10)),
        ("-3600", "4", None),  # is never short: 4 is needed nowhere, only approached from below 36,000
        ("-3600", "5", None),
    ],
)


@NINE_AND_TEN
def test_jumps_of_whole_tiers(contracts: str, balance: str, below: Fraction | None) -> None:
    whole = Tiers(
        Valuation.MARK,
        close_fee=False,
        method=Method.WHOLE,
        unit=TierUnit.COIN,
        tiers=(Tier(Fraction(10), Fraction("0.01")), Tier(None, Fraction("0.5"))),
    )
    held = [Held(inverse(whole), exact(contracts), Fraction(40000), Fraction(40000))]
    assert liquidation(exact(balance), held).below == below


def test_a_jump_upwards_of_dollar_tiers_ends_a_linear_long() -> None:
    """One coin long from 40,000 with 4,000: at 50,000 it has earned 10,000, and beyond a third of it all is asked."""
    whole = Tiers(
        Valuation.MARK,
        close_fee=False,
        method=Method.WHOLE,
        unit=TierUnit.USD,
        tiers=(Tier(Fraction(50000), Fraction("0.01")), Tier(None, Fraction("0.35"))),
    )
    held = [Held(linear(whole, multiplier="1"), Fraction(1), Fraction(40000), Fraction(40000))]
    assert liquidation(Fraction(4000), held) == Factors(Fraction(36000, 39600), Fraction(5, 4))
    assert liquidation(Fraction(8000), held) == Factors(Fraction(32000, 39600), None)
