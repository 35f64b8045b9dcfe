"""One pass over the entries: positions, purposes, coins, and what was brought."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from booked import eighteen, near
from planner.test_idle import POOL
from rebal.amounts import ZERO, Fraction, total
from rebal.book import Book, HedgeAsked, MarginMode, Part, Position, Purpose, opened
from rebal.errors import InvalidInput
from rebal.journal.adding import add
from rebal.journal.earned import earned, in_dollars, realised
from rebal.journal.fold import Folded, fold, repeats
from rebal.ledger import Draft, Entry, Event, Fill, FillPart, Journal, Realised, Spot, Transfer, Void
from rebal.market.contract import Contract, Kind
from rebal.market.fill import fill as net_fill
from rebal.portfolio import Account

from .books import (
    BTCUSD,
    CONTRACTS,
    ETHUSD,
    LATER,
    PRICES,
    SOLUSDT,
    draft,
    fill,
    funding,
    part,
    portfolio,
)

HEDGE, REBALANCE = Purpose.HEDGE, Purpose.REBALANCE
F = Fraction


def entries(*drafts: Draft | Event) -> tuple[Entry, ...]:
    """Drafts as a journal holds them; bare events a minute apart."""
    timed = [each if isinstance(each, Draft) else draft(each, n) for n, each in enumerate(drafts, start=1)]
    return add(Journal(), timed, again=True).after.entries


def book(*drafts: Draft | Event, **statement: object) -> Book:
    return fold(portfolio(**statement), entries(*drafts)).book  # type: ignore[arg-type]


def test_without_entries_the_book_is_the_statement() -> None:
    undated = portfolio(as_of=None)
    assert fold(undated, ()) == Folded(undated.statement)


def test_a_fill_opens_a_position_and_its_fee_leaves_the_wallet() -> None:
    made = book(fill("-100", "40000", fee="0.00125"), wallets={"BTC": "0.4"})
    position = made.positions["BTCUSD"]
    assert (position.contracts, position.entry_price, position.margin) == (F(-100), F(40000), None)
    assert position.parts == (Part(HEDGE, F(-100), F(40000), "BTC"),)
    assert (made.holdings["BTC"], made.wallets["BTC"]) == (F("1.99875"), F("0.39875"))
    assert made.holdings["ETH"] == 14


def test_closing_realises_into_holdings_and_wallet() -> None:
    made = book(fill("-100", "40000"), fill("100", "50000"))
    gained = F(-100) * (F(1, 40000) - F(1, 50000))
    assert made.positions == {}
    assert (made.holdings["BTC"], made.wallets["BTC"]) == (2 + gained, gained)


def test_a_linear_contract_settles_in_dollars() -> None:
    made = book(
        fill("-20", "150", part("-20", "rebalance", "SOL"), of=SOLUSDT, fee="0.15"),
        fill("20", "140", part("20", "rebalance", "SOL"), of=SOLUSDT, fee="0.14"),
    )
    assert made.holdings["USDT"] == 5000 + 20 - F("0.29")
    assert made.wallets["USDT"] == 20 - F("0.29")


def test_the_statements_position_is_where_it_starts() -> None:
    stated = {"BTCUSD": opened(BTCUSD, contracts=F(-14900), entry_price=F(40000), hedge=F(-10000))}
    made = book(fill("-100", "50000", part("-100", "rebalance")), positions=stated)
    position = made.positions["BTCUSD"]
    assert position.contracts == -15000
    assert position.entry_price == eighteen(F(15000) / (F(14900, 40000) + F(100, 50000)))
    assert position.held_for(HEDGE) == -10000
    assert [each.entry_price for each in position.parts] == [
        40000,
        eighteen(F(5000) / (F(4900, 40000) + F(100, 50000))),
    ]


def test_purposes_keep_their_own_entries() -> None:
    made = book(fill("-100", "40000"), fill("-100", "50000", part("-100", "rebalance")))
    position = made.positions["BTCUSD"]
    assert position.entry_price == eighteen(F(200) / (F(100, 40000) + F(100, 50000)))
    assert position.parts == (Part(HEDGE, F(-100), F(40000), "BTC"), Part(REBALANCE, F(-100), F(50000), "BTC"))


def test_purposes_that_cancel_out_leave_their_parts() -> None:
    made = book(fill("-100", "40000"), fill("100", "50000", part("100", "rebalance")))
    position = made.positions["BTCUSD"]
    assert (position.contracts, position.entry_price) == (F(0), F(50000))
    assert position.parts == (Part(HEDGE, F(-100), F(40000), "BTC"), Part(REBALANCE, F(100), F(50000), "BTC"))
    again = book(fill("-100", "40000"), fill("100", "50000", part("100", "rebalance")), fill("-30", "45000"))
    assert (again.positions["BTCUSD"].contracts, again.positions["BTCUSD"].entry_price) == (F(-30), F(45000))


def test_a_proxys_share_stands_for_its_own_asset() -> None:
    made = book(fill("-130", "40000", part("-100"), part("-30", "hedge", "DOT", "1.3")))
    shares = {each.stands_for: each.contracts for each in made.positions["BTCUSD"].parts}
    assert shares == {"BTC": -100, "DOT": -30}


def test_transfers_move_wallets_alone() -> None:
    made = book(Transfer("BTC", F("0.5")), Transfer("BTC", F("-0.2")))
    assert (made.wallets["BTC"], made.holdings["BTC"]) == (F("0.3"), F(2))


def test_spot_moves_holdings_alone() -> None:
    made = book(Spot("BTC", F("-0.5"), F(41000)), Spot("USDT", F(20500)))
    assert (made.holdings["BTC"], made.holdings["USDT"], made.wallets) == (F("1.5"), F(25500), {})


def test_hedges_are_as_they_were_last_asked() -> None:
    until = datetime(2026, 12, 24, tzinfo=UTC)
    made = book(HedgeAsked("BTC", F("0.5"), until), HedgeAsked("ETH", F("0.3")), HedgeAsked("BTC", F("0.4")))
    assert made.hedges == {"BTC": HedgeAsked("BTC", F("0.4")), "ETH": HedgeAsked("ETH", F("0.3"))}
    assert book(HedgeAsked("BTC", F("0.5")), HedgeAsked("BTC", ZERO)).hedges == {}


def test_an_isolated_margin_takes_what_its_position_brings() -> None:
    isolated = fill("-400", "40000", fee="0.00001", mode=MarginMode.ISOLATED)
    first, second = (Transfer("BTC", F(quantity), "BTCUSD") for quantity in ("0.01", "0.002"))
    made = book(first, isolated, second, funding("0.0001"))
    assert made.positions["BTCUSD"].margin == F("0.01") - F("0.00001") + F("0.002") + F("0.0001")
    assert made.wallets["BTC"] == made.positions["BTCUSD"].margin


def test_an_isolated_position_opens_before_its_transfer_as_after_it() -> None:
    isolated = fill("-400", "40000", fee="0.00001", mode=MarginMode.ISOLATED)
    posted = Transfer("BTC", F("0.01"), "BTCUSD")
    assert book(isolated, posted) == book(posted, isolated)


def test_a_closed_isolated_position_leaves_its_coins_in_the_wallet() -> None:
    made = book(
        Transfer("BTC", F("0.01"), "BTCUSD"),
        fill("-400", "40000", mode=MarginMode.ISOLATED),
        fill("400", "40000"),
        Transfer("BTC", F("-0.01"), "BTCUSD"),
        fill("-400", "40000"),
    )
    assert made.wallets["BTC"] == 0
    assert made.positions["BTCUSD"].margin is None


def test_a_cross_position_that_is_given_margin_is_isolated() -> None:
    assert book(fill("-1", "40000"), Transfer("BTC", F("0.1"), "BTCUSD")).positions["BTCUSD"].margin == F("0.1")


def test_a_void_undoes_its_entry() -> None:
    without = book(Spot("ETH", F(1)), draft(fill("-50", "41000"), 9))
    voided = entries(Spot("ETH", F(1)), draft(fill("-100", "40000"), 5, "wrong"), draft(fill("-50", "41000"), 9),
                     draft(Void("wrong", "not filled"), 10))  # fmt: skip
    assert fold(portfolio(), voided).book == without


def test_entries_count_in_the_order_of_their_times() -> None:
    closed_late = entries(draft(fill("100", "50000"), 9), draft(fill("-100", "40000"), 5))
    assert fold(portfolio(), closed_late).book.positions == {}
    assert realised(earned(portfolio(), closed_late).booked)[0].coin == F(-100) * (F(1, 40000) - F(1, 50000))


def test_entries_of_one_time_count_in_the_order_of_recording() -> None:
    def coin(*events: Event) -> Fraction:
        return realised(earned(portfolio(), entries(*(draft(event, 5) for event in events))).booked)[0].coin

    opened_first = coin(fill("-100", "40000"), fill("50", "50000"), fill("-50", "60000"))
    closed_last = coin(fill("-100", "40000"), fill("-50", "60000"), fill("50", "50000"))
    assert opened_first == F(-50) * (F(1, 40000) - F(1, 50000))
    assert closed_last != opened_first


def test_what_the_statement_covers_is_history() -> None:
    old = [draft(Spot("BTC", F(1)), 0), draft(fill("-100", "40000"), -5, "a")]
    folded = fold(portfolio(), entries(*old, draft(Spot("ETH", F(1)), 1)))
    assert (folded.book.holdings["BTC"], folded.book.holdings["ETH"], folded.book.positions) == (F(2), F(15), {})


def test_what_earlier_entries_brought_stays_counted() -> None:
    closed = draft(fill("60", "50000", fee="0.001", before=("-100", "40000")), -5)
    (line,) = realised(earned(portfolio(), entries(closed, draft(funding("0.002", "30000"), -4))).booked)
    coin = F(-60) * (F(1, 40000) - F(1, 50000))
    assert line == Realised(
        "BTCUSD", coin, coin * 50000, F("0.001"), F("0.002"), "BTC", F(50), F(60), coin * 50000 - 50 + 60
    )


def test_dollars_are_of_their_own_time() -> None:
    told = earned(
        portfolio(),
        entries(
            fill("-100", "40000", fee="0.001"),
            funding("-0.002", "45000"),
            fill("100", "50000", fee="0.003"),
            fill("-10", "150", part("-10", "rebalance", "SOL"), of=SOLUSDT, fee="0.1"),
            funding("0.5", "160", of=SOLUSDT),
        ),
    )
    bitcoin, solana = realised(told.booked)
    assert (bitcoin.fees_coin, bitcoin.fees_usd) == (F("0.004"), F(40 + 150))
    assert (bitcoin.funding_coin, bitcoin.funding_usd) == (F("-0.002"), F(-90))
    assert bitcoin.usd == bitcoin.coin * 50000
    assert bitcoin.net_usd == bitcoin.usd - 190 - 90
    assert (solana.currency, solana.fees_usd, solana.funding_usd) == ("USDT", F("0.1"), F("0.5"))
    both = in_dollars((bitcoin, solana))
    assert both.net_usd == bitcoin.net_usd + solana.net_usd
    assert both.fees_usd == F("190.1")


def test_entries_beside_a_statement_without_a_date_are_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"as_of: is missing"):
        fold(portfolio(as_of=None), entries(Spot("BTC", F(1))))


def test_a_contract_that_is_no_longer_known_is_as_it_was_recorded() -> None:
    dated = replace(BTCUSD, name="BTCUSDZ26", expiry=datetime(2026, 12, 25, 8, tzinfo=UTC))
    expired = replace(fill("-100", "40000", of=dated), expiry=datetime(2026, 12, 25, 8, tzinfo=UTC))
    position = book(expired).positions["BTCUSDZ26"]
    assert (position.contract.expiry, position.contract.listed) == (dated.expiry, False)
    assert position.contract.pnl(F(-100), F(40000), F(50000)) == BTCUSD.pnl(F(-100), F(40000), F(50000))
    closed = replace(expired, contracts=F(100), parts=(part("100"),), price=F(39000))
    assert book(expired, closed).positions == {}


def test_a_contract_that_pays_otherwise_now_is_an_error() -> None:
    changed = CONTRACTS | {"BTCUSD": replace(BTCUSD, multiplier=F(100))}
    with pytest.raises(InvalidInput, match=r"contracts.BTCUSD: is not what .* multiplier: 1, settle: BTC"):
        book(fill("-100", "40000"), contracts=changed)


def test_a_coin_without_a_price_is_an_error() -> None:
    with pytest.raises(InvalidInput, match=r"market.prices.XRP: is missing"):
        book(Spot("XRP", F(5)))
    assert book(Spot("XRP", F(5)), Spot("XRP", F(-5))).holdings["XRP"] == 0
    prices = {asset: price for asset, price in PRICES.items() if asset != "ETH"}
    with pytest.raises(InvalidInput, match=r"market\.prices\.ETH: is missing"):
        book(fill("-1", "2500", of=ETHUSD), holdings={"BTC": "1"}, prices=prices)


def test_coins_that_lie_where_they_margin_whatever_is_there_need_a_price_though_none_are_held() -> None:
    """Sold, and no transfer out of the account is recorded: in a pooled one they count, in a wallet of theirs not."""
    sold = entries(Spot("XRP", F(5)), Transfer("XRP", F(5)), Spot("XRP", F(-5)))
    alone = Account(None, None, MarginMode.CROSS)
    assert fold(replace(portfolio(), told_accounts=(alone,)), sold).book.wallets["XRP"] == 5
    pooled = replace(portfolio(), told_accounts=(replace(alone, margin_mode=MarginMode.POOLED, pooling=POOL),))
    with pytest.raises(InvalidInput, match=r"market\.prices\.XRP: is missing"):
        fold(pooled, sold)
    fold(pooled, entries(Spot("XRP", F(5)), Transfer("XRP", F(5)), Transfer("XRP", F(-5)), Spot("XRP", F(-5))))


@pytest.mark.parametrize(
    ("stated", "found"),
    [({}, False), ({"BTCUSD": "-150"}, True), ({"BTCUSD": "-100"}, False), ({"BTCUSD": "-150", "ETHUSD": "5"}, True)],
)
def test_a_statement_that_repeats_the_journal_is_found(stated: dict[str, str], found: bool) -> None:
    positions = {
        name: opened(CONTRACTS[name], contracts=F(size), entry_price=F(40000)) for name, size in stated.items()
    }
    made = entries(fill("-100", "40000", before=("0", None)), fill("-50", "41000", before=("-100", "40000")))
    assert repeats(portfolio(positions=positions), made) is found


def test_a_position_that_grew_into_the_statement_is_found() -> None:
    grown = entries(fill("-4900", "40000", before=("-10000", "39000")))
    now = {"BTCUSD": opened(BTCUSD, contracts=F(-14900), entry_price=F(39300))}
    before = {"BTCUSD": opened(BTCUSD, contracts=F(-10000), entry_price=F(39000))}
    assert repeats(portfolio(positions=now), grown)
    assert not repeats(portfolio(positions=before), grown)
    assert not repeats(portfolio(positions=now, as_of=LATER), grown)
    assert not repeats(portfolio(positions=now, as_of=None), grown)


def test_fills_that_cancel_out_repeat_nothing() -> None:
    there_and_back = entries(fill("-100", "40000", before=("0", None)), fill("100", "41000", before=("-100", "40000")))
    assert not repeats(portfolio(), there_and_back)


SIZES = st.integers(-500, 500).filter(bool).map(Fraction)
PRICED = st.integers(1, 10**6).map(lambda cents: Fraction(cents, 10))
SPLIT = st.lists(st.tuples(st.sampled_from(Purpose), st.sampled_from(("BTC", "DOT")), SIZES), min_size=1, max_size=3)


def split_fill(shares: list[tuple[Purpose, str, Fraction]], price: Fraction, *, of: Contract) -> Fill | None:
    net = sum((contracts for *_, contracts in shares), ZERO)
    parts = tuple(FillPart(purpose, contracts, asset) for purpose, asset, contracts in shares)
    return fill(net, price, *parts, of=of, fee="0.01") if net else None


@pytest.mark.parametrize("kind", Kind)
@given(fills=st.lists(st.tuples(SPLIT, PRICED), min_size=1, max_size=12), mark=PRICED)
@settings(max_examples=150)
def test_realised_and_unrealised_are_conserved(
    kind: Kind, fills: list[tuple[list[tuple[Purpose, str, Fraction]], Fraction]], mark: Fraction
) -> None:
    """Over any fills: by the net position, by the purposes, and fill by fill against the mark, the same coins."""
    of = replace(BTCUSD, kind=kind, settle="BTC" if kind is Kind.INVERSE else "USDT")
    made = [each for shares, price in fills if (each := split_fill(shares, price, of=of)) is not None]
    folded = fold(portfolio(contracts={of.name: of}), entries(*made))
    by_fill = total(of.pnl(each.contracts, each.price, mark) for each in made)
    position = folded.book.positions.get(of.name)
    brought = total(line.coin for line in earned(portfolio(contracts={of.name: of}), entries(*made)).booked)
    open_pnl = of.pnl(position.contracts, position.entry_price, mark) if position else ZERO
    assert near(brought + open_pnl, by_fill, steps=len(made))
    shares = sum(len(each.parts) for each in made)
    assert near(shares_pnl(made, position, of, mark), by_fill, steps=shares)
    settle = of.settle
    start = portfolio().statement.holdings[settle]
    assert folded.book.holdings[settle] == start + brought - F("0.01") * len(made)
    if position is not None:
        assert total(each.contracts for each in position.parts) == position.contracts


def shares_pnl(made: list[Fill], position: Position | None, of: Contract, mark: Fraction) -> Fraction:
    """Realised and unrealised of every purpose's own fills; their parts must be those of the folded position."""
    shares: dict[tuple[Purpose, str], tuple[Fraction, Fraction | None, Fraction]] = {}
    for event in made:
        for each in event.parts:
            key = (each.purpose, each.stands_for)
            held, entry, gained = shares.get(key, (ZERO, None, ZERO))
            after = net_fill(of, held, entry, traded=each.contracts, price=event.price)
            shares[key] = (after.contracts, after.entry_price, gained + after.realised)
    open_now = {(each.purpose, each.stands_for): each for each in position.parts} if position else {}
    assert {key: held for key, (held, *_) in shares.items() if held} == {
        key: each.contracts for key, each in open_now.items()
    }
    return total(
        gained + (of.pnl(held, entry, mark) if entry is not None else ZERO) for held, entry, gained in shares.values()
    )


@given(
    events=st.lists(
        st.one_of(
            st.builds(lambda n, p: fill(n, p), SIZES, PRICED),
            st.builds(lambda n: Transfer("BTC", n / 1000), SIZES),
            st.builds(lambda n: Spot("BTC", abs(n)), SIZES),
            st.builds(lambda n: funding(str(n)), st.integers(1, 9)),
        ),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
def test_voiding_is_as_if_it_never_happened(events: list[Event], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(events) - 1)))
    kept = [draft(event, n + 1) for n, event in enumerate(events) if n not in gone]
    recorded = [draft(event, n + 1, f"e{n}") for n, event in enumerate(events)]
    voids = [draft(Void(f"e{n}", "never happened"), 60 + n) for n in sorted(gone)]
    with_voids, without = entries(*recorded, *voids), entries(*kept) if kept else ()
    assert fold(portfolio(), with_voids).book == fold(portfolio(), without).book
    told, untold = earned(portfolio(), with_voids), earned(portfolio(), without)
    assert realised(told.booked) == realised(untold.booked)
