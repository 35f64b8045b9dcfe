"""The one function that applies events: what a book becomes, and what each event brought."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from journal.books import BTCUSD, ETHUSD, SOLUSDT
from rebal.amounts import Fraction
from rebal.book import Book, Brought, Event, Fill, Funding, MarginMode, Purpose, Spot, Traded, Transfer, apply
from rebal.market.contract import Contract

F = Fraction
EMPTY = Book({"BTC": F(2)}, {"BTC": F(1)}, {})
SIZES = st.integers(-9, 9).filter(bool).map(F)
PRICES = st.integers(10_000, 90_000).map(F)


def fill(
    contracts: str | Fraction, price: str | Fraction, *, of: Contract = BTCUSD, fee: str = "0", isolated: bool = False
) -> Fill:
    size = F(contracts)
    mode = MarginMode.ISOLATED if isolated else MarginMode.CROSS
    return Fill(of, size, F(price), F(fee), (Traded(Purpose.HEDGE, size, of.asset),), mode)


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
