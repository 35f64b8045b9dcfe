"""The one function that applies events: what a book becomes, and what each event brought."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exact import exact
from journal.books import BTCUSD, ETHUSD, SOLUSDT
from rebal.amounts import Fraction
from rebal.book import (
    Book,
    Brought,
    Event,
    Fill,
    Funding,
    HedgeAsked,
    MarginMode,
    Purpose,
    Spot,
    Traded,
    Transfer,
    apply,
    opened,
)
from rebal.market.contract import Contract
from rebal.market.maintenance import Method, Tier, Tiers, TierUnit, Valuation

F = Fraction
EMPTY = Book({"BTC": F(2)}, {"BTC": F(1)}, {})
SIZES = st.integers(-9, 9).filter(bool).map(F)
PRICES = st.integers(10_000, 90_000).map(F)


def fill(
    contracts: str | Fraction, price: str | Fraction, *, of: Contract = BTCUSD, fee: str = "0", isolated: bool = False
) -> Fill:
    size = exact(contracts)
    mode = MarginMode.ISOLATED if isolated else MarginMode.CROSS
    return Fill(of, size, exact(price), exact(fee), (Traded(Purpose.HEDGE, size, of.asset),), mode)


def test_a_closing_fill_brings_its_pnl_and_costs_its_fee() -> None:
    applied = apply(EMPTY, (fill("-20000", "40000", fee="0.001"), fill("20000", "50000", fee="0.002")))
    assert applied.brought == (
        Brought("BTCUSD", "BTC", fee=F("0.001")),
        Brought("BTCUSD", "BTC", realised=F("-0.1"), fee=F("0.002")),
    )
    assert applied.book == Book({"BTC": F("1.897")}, {"BTC": F("0.897")}, {})


def test_a_loss_is_booked_up_and_a_gain_down_to_whole_steps() -> None:
    lost = apply(EMPTY, (fill("1", "60000"), fill("-1", "70000"), fill("-1", "60000"), fill("1", "70000")))
    # 1/60000 - 1/70000 = 0.00000238095...
    realised = [brought.realised for brought in lost.brought if brought is not None]
    assert realised == [0, F("0.00000238"), 0, F("-0.00000239")]


def test_coins_sent_ahead_are_the_margin_of_the_position_that_opens() -> None:
    sent = apply(EMPTY, (Transfer("BTC", F("0.5"), "BTCUSD"),)).book
    assert (sent.wallets["BTC"], sent.posted) == (F("1.5"), {"BTCUSD": F("0.5")})
    opened = apply(sent, (fill("-100", "40000", fee="0.01"),)).book
    assert (opened.positions["BTCUSD"].margin, opened.posted) == (F("0.49"), {})
    paid = apply(opened, (Funding("BTCUSD", "BTC", F("-0.02")),)).book
    assert (paid.positions["BTCUSD"].margin, paid.wallets["BTC"], paid.holdings["BTC"]) == (
        F("0.47"), F("1.47"), F("1.97")
    )  # fmt: skip


EVENTS = st.one_of(
    st.builds(fill, SIZES, PRICES, of=st.sampled_from((BTCUSD, ETHUSD, SOLUSDT)), isolated=st.booleans()),
    st.builds(Funding, st.just("BTCUSD"), st.just("BTC"), SIZES),
    st.builds(Transfer, st.just("BTC"), SIZES, st.sampled_from((None, "BTCUSD"))),
    st.builds(Spot, st.sampled_from(("BTC", "ETH")), SIZES),
)


@given(st.lists(EVENTS, max_size=10))
def test_events_applied_together_are_events_applied_one_by_one(events: list[Event]) -> None:
    book, brought = EMPTY, list[Brought | None]()
    for event in events:
        one = apply(book, (event,))
        book, brought = one.book, [*brought, *one.brought]
    assert (apply(EMPTY, events).book, list(apply(EMPTY, events).brought)) == (book, brought)
    assert Book({"BTC": F(2)}, {"BTC": F(1)}, {}) == EMPTY


@example([fill("-100", "40000", fee="0.1"), Funding("BTCUSD", "BTC", F("0.5"))])
@given(st.lists(EVENTS, max_size=10))
def test_coins_move_by_what_events_brought_and_by_nothing_else(events: list[Event]) -> None:
    applied = apply(EMPTY, events)
    for coin in ("BTC", "ETH", "USDT"):
        gained = sum((each.coins for each in applied.brought if each is not None and each.currency == coin), F(0))
        bought = sum((each.quantity for each in events if isinstance(each, Spot) and each.asset == coin), F(0))
        moved = sum((each.quantity for each in events if isinstance(each, Transfer) and each.asset == coin), F(0))
        assert applied.book.holdings.get(coin, F(0)) == EMPTY.holdings.get(coin, F(0)) + gained + bought
        assert applied.book.wallets.get(coin, F(0)) == EMPTY.wallets.get(coin, F(0)) + gained + moved


def test_what_happens_at_one_account_leaves_the_wallets_of_the_others() -> None:
    there = replace(BTCUSD, name="deribit:BTCUSD", account="deribit")
    book = Book({"BTC": F(1)}, {"bybit:BTC": F("0.2"), "deribit:BTC": F("0.1")}, {})
    short = fill("-100", "40000", of=there, fee="0.001")
    after = apply(
        book,
        (Transfer("BTC", F("0.3"), account="deribit"), short, Funding("deribit:BTCUSD", "BTC", F("0.01"), "deribit")),
    ).book
    assert after.wallets == {"bybit:BTC": F("0.2"), "deribit:BTC": F("0.409")}
    assert after.holdings == {"BTC": F("1.009")}
    assert set(after.positions) == {"deribit:BTCUSD"}


def test_coins_for_the_wallet_or_out_of_a_position_that_is_not_open_wait_for_none() -> None:
    moved = apply(EMPTY, (Transfer("BTC", F("0.5")), Transfer("BTC", F("-0.2"), "BTCUSD"))).book
    assert (moved.wallets, moved.posted, moved.positions) == ({"BTC": F("1.3")}, {}, {})


def test_funding_and_coins_reach_the_margin_of_an_isolated_position_and_no_other() -> None:
    apart = apply(EMPTY, (Transfer("BTC", F("0.1"), "BTCUSD"), fill("-100", "40000", isolated=True))).book
    more = apply(apart, (Transfer("BTC", F("0.2"), "BTCUSD"), Funding("BTCUSD", "BTC", F("-0.05")))).book
    assert (more.positions["BTCUSD"].margin, more.wallets["BTC"]) == (F("0.25"), F("1.25"))
    shared = apply(EMPTY, (fill("-100", "40000"), Funding("BTCUSD", "BTC", F("-0.05")))).book
    assert (shared.positions["BTCUSD"].margin, shared.wallets["BTC"]) == (None, F("0.95"))
    gone = apply(more, (fill("100", "40000"), Funding("BTCUSD", "BTC", F("0.01")))).book
    assert (gone.positions, gone.wallets["BTC"], gone.posted) == ({}, F("1.26"), {})


def test_a_position_opened_apart_has_no_margin_until_some_is_sent() -> None:
    assert apply(EMPTY, (fill("-100", "40000", isolated=True),)).book.positions["BTCUSD"].margin == 0
    assert apply(EMPTY, (fill("-100", "40000"),)).book.positions["BTCUSD"].margin is None


def test_purposes_that_cancel_out_leave_their_parts_at_the_price_of_the_last_fill() -> None:
    long = Fill(BTCUSD, F(100), F(50000), F(0), (Traded(Purpose.REBALANCE, F(100), "BTC"),), MarginMode.CROSS)
    left = apply(EMPTY, (fill("-100", "40000"), long)).book.positions["BTCUSD"]
    assert (left.contracts, left.entry_price, left.margin) == (F(0), F(50000), None)
    assert [(each.purpose, each.contracts, each.entry_price) for each in left.parts] == [
        (Purpose.HEDGE, F(-100), F(40000)), (Purpose.REBALANCE, F(100), F(50000))
    ]  # fmt: skip
    assert (left.held_for(Purpose.HEDGE), left.held_for(Purpose.REBALANCE)) == (F(-100), F(100))


def test_what_is_asked_takes_the_place_of_what_was_and_nothing_asks_for_none() -> None:
    half, third = HedgeAsked("BTC", F(1, 2)), HedgeAsked("BTC", F(1, 3), price=F(40000))
    assert apply(EMPTY, (half, third)).book.hedges == {"BTC": third}
    assert apply(EMPTY, (half, HedgeAsked("BTC", F(0)))).book.hedges == {}
    assert third.asks_as(replace(third, price=None))
    assert not third.asks_as(half)
    assert not third.asks_as(None)


def test_a_statement_shares_a_position_between_its_purposes() -> None:
    whole = opened(BTCUSD, contracts=F(-300), entry_price=F(40000))
    assert [(each.purpose, each.contracts, each.stands_for) for each in whole.parts] == [
        (Purpose.REBALANCE, F(-300), "BTC")
    ]
    shared = opened(BTCUSD, contracts=F(-300), entry_price=F(40000), hedge=F(-500), margin=F(1), stands_for="DOT")
    assert [(each.purpose, each.contracts, each.stands_for) for each in shared.parts] == [
        (Purpose.HEDGE, F(-500), "DOT"), (Purpose.REBALANCE, F(200), "DOT")
    ]  # fmt: skip
    assert shared.margin == 1


def test_coins_for_a_position_that_cancels_out_wait_for_the_next_fill() -> None:
    apart = (Transfer("BTC", F("0.1"), "BTCUSD"), fill("-100", "40000", isolated=True))
    long = Fill(BTCUSD, F(100), F(40000), F(0), (Traded(Purpose.REBALANCE, F(100), "BTC"),), MarginMode.ISOLATED)
    sent = apply(EMPTY, (*apart, long, Transfer("BTC", F("0.2"), "BTCUSD"))).book
    assert (sent.positions["BTCUSD"].margin, sent.posted) == (F(0), {"BTCUSD": F("0.2")})
    assert apply(sent, (fill("-50", "40000", isolated=True),)).book.positions["BTCUSD"].margin == F("0.2")


def test_a_position_is_seen_at_the_mark_that_is_asked_for_and_worked_out_once() -> None:
    held = opened(BTCUSD, contracts=F(-300), entry_price=F(40000))
    assert held.at(F(41000)).mark_price == 41000
    assert held.at(F(42000)).mark_price == 42000
    assert held.at(F(42000)) is held.at(F(42000))


def test_an_isolated_position_is_maintained_by_the_schedule_of_its_own() -> None:
    half, tenth = (
        Tiers(Valuation.MARK, False, Method.WHOLE, TierUnit.COIN, (Tier(None, exact(rate)),)) for rate in ("0.5", "0.1")
    )
    contract = replace(BTCUSD, maintenance=half, isolated_maintenance=tenth)
    for schedules, margin, expected in (
        (contract, F(1), tenth), (contract, None, half), (replace(contract, isolated_maintenance=None), F(1), half)
    ):  # fmt: skip
        held = opened(schedules, contracts=F(1), entry_price=F(40000), margin=margin).at(F(50000))
        assert (held.contract.maintenance, held.mark_price) == (expected, F(50000))


@pytest.mark.parametrize(
    ("price", "far"), [("400000", False), ("400001", True), ("4000", False), ("3999", True), ("40000", False)]
)
def test_a_price_ten_times_the_entry_or_a_tenth_of_it_may_be_one_and_any_further_is_a_slip(
    price: str, *, far: bool
) -> None:
    assert opened(BTCUSD, contracts=F(-300), entry_price=F(40000)).is_far_from(F(price)) is far


def test_a_hedge_is_over_on_the_instant_that_it_was_meant_to_end() -> None:
    end = datetime(2027, 1, 1, tzinfo=UTC)
    asked = HedgeAsked("BTC", F(1, 2), until=end)
    assert [asked.is_over(end + timedelta(seconds=n)) for n in (-1, 0, 1)] == [False, True, True]
    assert not HedgeAsked("BTC", F(1, 2)).is_over(end)


def test_funding_of_a_position_that_cancels_out_stays_in_the_wallet() -> None:
    apart = (Transfer("BTC", F("0.1"), "BTCUSD"), fill("-100", "40000", isolated=True))
    long = Fill(BTCUSD, F(100), F(40000), F(0), (Traded(Purpose.REBALANCE, F(100), "BTC"),), MarginMode.ISOLATED)
    late = apply(EMPTY, (*apart, long, Funding("BTCUSD", "BTC", F("0.01")))).book
    assert (late.positions["BTCUSD"].margin, late.wallets["BTC"]) == (F(0), F("1.11"))


def test_coins_come_to_a_wallet_that_had_none_and_none_of_them_wait_for_no_position() -> None:
    moved = apply(EMPTY, (Transfer("ETH", F(2)), Transfer("BTC", F(0), "BTCUSD"))).book
    assert (moved.wallets, moved.posted) == ({"BTC": F(1), "ETH": F(2)}, {})
    assert apply(moved, (fill("-100", "40000"),)).book.positions["BTCUSD"].margin is None


def test_parts_stand_in_one_order_whichever_was_filled_first() -> None:
    first = Fill(BTCUSD, F(100), F(50000), F(0), (Traded(Purpose.REBALANCE, F(100), "BTC"),), MarginMode.CROSS)
    one, other = (apply(EMPTY, fills).book.positions["BTCUSD"] for fills in (
        (first, fill("-300", "40000")), (fill("-300", "40000"), first)
    ))  # fmt: skip
    assert [each.purpose for each in one.parts] == [Purpose.HEDGE, Purpose.REBALANCE]
    assert one.parts == other.parts
