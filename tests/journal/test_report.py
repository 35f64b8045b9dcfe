"""History as a report: entries, totals, positions, and how the hedges did."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booked import STEP, eighteen
from exact import exact
from rebal.amounts import Fraction, down
from rebal.book import opened
from rebal.journal.adding import add
from rebal.journal.effect import effects
from rebal.journal.report import history, recorded
from rebal.ledger import Draft, Effect, Entry, EntryType, Event, Fill, Journal, Spot, Void
from rebal.portfolio import Portfolio
from rebal.reports.record import CoinChange, PositionChange
from rebal.stated import stated

from .books import BTCUSD, ETHUSD, PRICES, SOLUSDT, at, draft, fill, funding, part, portfolio

F, ISO = Fraction, "%Y-%m-%dT%H:%M:%SZ"


def journal(*drafts: Draft | Event) -> Journal:
    timed = [each if isinstance(each, Draft) else draft(each, n) for n, each in enumerate(drafts, start=1)]
    return add(Journal(), timed, again=True).after


def priced(bitcoin: str) -> Portfolio:
    return portfolio(prices={**PRICES, "BTC": exact(bitcoin)})


def test_history_of_nothing() -> None:
    made = history(portfolio(as_of=None), Journal())
    assert (made.entries, made.totals, made.positions, made.effects) == ((), (), (), ())
    assert (made.schema, made.journal_seq, made.journal_head, made.total.net_usd) == ("rebal/history/1", 0, None, F(0))


def test_history_shows_all_and_adds_up() -> None:
    kept = journal(
        draft(fill("-100", "40000", fee="0.001"), 1, "a"),
        draft(funding("0.0005"), 2, "b"),
        draft(fill("-1", "1"), 3, "wrong"),
        draft(Void("wrong", "a slip"), 4, "v"),
        draft(fill("100", "50000", part("50"), part("50", "rebalance"), fee="0.001"), 5, "c"),
    )
    made = history(portfolio(), kept)
    assert [(line.id, line.type, line.voided_by) for line in made.entries] == [
        ("a", EntryType.FILL, None), ("b", EntryType.FUNDING, None), ("wrong", EntryType.FILL, "v"),
        ("v", EntryType.VOID, None), ("c", EntryType.FILL, None)
    ]  # fmt: skip
    (line,) = made.totals
    assert (line.fees_coin, line.funding_coin) == (F("0.002"), F("0.0005"))
    assert made.total.net_usd == line.net_usd == line.coin * 50000 - 40 - 50 + 20
    assert made.journal_head == kept.head
    (position,) = made.positions
    assert (position.contracts, position.contracts_hedge, position.contracts_rebalance) == (F(0), F(-50), F(50))
    assert position.entry_price is None


def test_since_leaves_out_what_was_before() -> None:
    kept = journal(fill("-100", "40000", fee="0.001"), fill("100", "50000", fee="0.003"))
    made = history(portfolio(), kept, since=at(2))
    assert [line.seq for line in made.entries] == [2]
    assert (made.totals[0].fees_coin, made.totals[0].coin < 0) == (F("0.003"), True)
    assert made.journal_seq == 2


def test_a_covered_short_gives_back_what_the_coins_lose() -> None:
    # 2 BTC at 40,000, all of it hedged: 80,000 contracts of a dollar.
    (effect,) = effects(priced("30000"), journal(fill("-80000", "40000")).entries)
    assert effect == Effect("BTC", F(20000), F(-20000), F(1), at(1), F(40000))


def test_half_a_hedge_gives_back_half() -> None:
    (effect,) = effects(priced("50000"), journal(fill("-40000", "40000")).entries)
    assert (effect.hedge_pnl_usd, effect.spot_pnl_usd, effect.effectiveness) == (F(-10000), F(20000), F("0.5"))


def test_a_hedge_counts_while_it_is_open() -> None:
    there_and_back = journal(fill("-40000", "40000"), fill("40000", "32000"))
    gained = F(40000) * (F(1, 32000) - F(1, 40000)) * 32000
    (effect,) = effects(priced("60000"), there_and_back.entries)
    assert effect == Effect("BTC", gained, F(2) * -8000, gained / 16000, at(1), F(40000))


def test_a_statements_hedge_counts_from_its_entry() -> None:
    stated = {"BTCUSD": opened(BTCUSD, contracts=F(-40000), entry_price=F(40000), hedge=F(-40000))}
    book = replace(portfolio(positions=stated), market=priced("30000").market)
    kept = journal(Spot("ETH", F(1)))
    (effect,) = effects(book, kept.entries)
    assert (effect.hedge_pnl_usd, effect.spot_pnl_usd) == (F(10000), F(-20000))
    assert (effect.since, effect.since_price) == (None, F(40000))


def test_coins_bought_meanwhile_count_from_then_on() -> None:
    kept = journal(fill("-40000", "40000"), fill("-1", "36000"), Spot("BTC", F(2)))
    (effect,) = effects(priced("30000"), kept.entries)
    assert effect.spot_pnl_usd == 2 * F(-4000) + 4 * F(-6000)


@pytest.mark.parametrize(
    ("meanwhile", "coins"),
    [
        # Of 40,000 to 30,000, what was bought at 32,000 has seen the last 2,000 alone, and what was sold all but them.
        (Spot("BTC", F(2), F(32000)), 2 * F(-10000) + 2 * F(-2000)),
        (Spot("BTC", F(-1), F(32000)), 2 * F(-10000) + F(2000)),
        # Funding that came at 32,000 is coins since then.
        (funding("0.5", "32000"), 2 * F(-10000) + F("0.5") * F(-2000)),
        # What came in at a price that nothing tells counts from the last one known.
        (Spot("BTC", F(2)), 4 * F(-10000)),
        (Spot("ETH", F(2), F(2000)), 2 * F(-10000)),
    ],
)
def test_coins_are_charged_with_what_the_price_did_while_they_were_held(meanwhile: Event, coins: Fraction) -> None:
    (effect,) = effects(priced("30000"), journal(fill("-40000", "40000"), meanwhile).entries)
    assert (effect.hedge_pnl_usd, effect.spot_pnl_usd) == (F(10000), coins)


def test_coins_that_a_statement_tells_of_count_from_its_prices_on() -> None:
    kept = journal(draft(stated(portfolio()), 0), fill("-40000", "40000"))
    hedged = {"BTCUSD": opened(BTCUSD, contracts=F(-40000), entry_price=F(40000), hedge=F(-40000))}
    more = replace(portfolio({"BTC": "3"}, positions=hedged, prices={**PRICES, "BTC": F(32000)}), as_of=at(2))
    kept = add(kept, [draft(stated(more), 2)]).after
    (effect,) = effects(priced("30000"), kept.entries)
    assert effect.spot_pnl_usd == 2 * F(-8000) + 3 * F(-2000)


def test_a_hedge_at_an_unmoved_price_says_nothing() -> None:
    (effect,) = effects(priced("40000"), journal(fill("-40000", "40000")).entries)
    assert effect == Effect("BTC", F(0), F(0), None, at(1), F(40000))


def test_rebalancing_and_proxies_are_no_hedges_of_the_asset() -> None:
    kept = journal(
        fill("-40000", "40000", part("-40000", "rebalance")), fill("-10", "40000", part("-10", "hedge", "DOT"))
    )
    assert effects(priced("30000"), kept.entries) == ()


def test_a_linear_hedge_pays_dollars() -> None:
    book = portfolio({"SOL": "100", "USDT": "5000"})
    kept = journal(fill("-1000", "200", part("-1000", "hedge", "SOL"), of=SOLUSDT))
    (effect,) = effects(book, kept.entries)
    assert effect == Effect("SOL", F(5000), F(-5000), F(1), at(1), F(200))


def path_of(prices: list[int]) -> tuple[Entry, ...]:
    """A full hedge of 2 BTC, kept full by a fill at each price: the coins never move, the contracts follow."""
    events, held = [], F(0)
    for price in prices:
        wanted = F(-2) * price
        if wanted != held:
            events.append(fill(wanted - held, str(price)))
            held = wanted
    return journal(*events).entries


def test_a_closed_hedge_of_what_has_no_price_any_more_is_told() -> None:
    kept = journal(fill("-40000", "40000"), fill("40000", "32000"), Spot("BTC", F(-2) - F(1, 4)))
    gone = {asset: price for asset, price in PRICES.items() if asset != "BTC"}
    (effect,) = effects(portfolio(prices=gone), kept.entries)
    assert effect.spot_pnl_usd == -16000


def test_what_came_of_it_by_time_adds_up_to_the_total_whatever_was_written_first() -> None:
    kept = journal(
        draft(fill("-100", "40000", fee="0.001"), 1, "a"),
        draft(Spot("ETH", F(1)), 2, "nothing"),
        draft(fill("100", "50000", part("100"), fee="0.001"), 5, "c"),
        draft(funding("0.0005"), 3, "b"),
    )
    made = history(portfolio(), kept)
    # 0.001 BTC of fee at 40,000; 0.0005 of funding; (1/50000 - 1/40000) * 100 less 0.001 of fee at 50,000
    assert [(each.time, each.net_usd) for each in made.path] == [(at(1), F(-40)), (at(3), F(-20)), (at(5), F(-95))]
    assert made.path[-1].net_usd == made.total.net_usd
    assert [each.net_usd for each in history(portfolio(), kept, since=at(3)).path] == [F(20), F(-55)]


@given(st.lists(st.integers(10_000, 90_000), min_size=2, max_size=6))
def test_the_effect_is_the_sum_of_its_moves(prices: list[int]) -> None:
    entries = path_of(prices)
    (effect,) = effects(priced(str(prices[-1])), entries)
    holding, spot = F(2), F(0)
    hedge, held, last = F(0), F(0), exact(prices[0])
    entry_coins = F(0)
    for entry in entries:
        event = entry.event
        assert isinstance(event, Fill)
        price, traded = event.price, event.contracts
        hedge += held * (1 / last - 1 / price) * price
        spot += (holding if held else F(0)) * (price - last)
        if held and held * traded < 0:
            holding += down(-traded * (1 / entry_coins - 1 / price), STEP)
        else:
            entry_coins = eighteen((held + traded) / ((held / entry_coins if held else 0) + traded / price))
        held += traded
        last = price
    assert (effect.hedge_pnl_usd, effect.spot_pnl_usd) == (hedge, spot)


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_record_shows_before_and_after(dry_run: bool) -> None:
    book = portfolio(wallets={"BTC": "0.4"})
    before = add(Journal(), [draft(fill("-100", "40000", fee="0.001"), 1, "a")])
    added = add(before.after, [draft(fill("-100", "50000", fee="0.001"), 2, "b"), draft(Spot("ETH", F(1)), 3, "c")])
    made = recorded(book, added, journal="book.db", dry_run=dry_run, notes=("as told",))
    assert (made.schema, made.dry_run, made.notes) == ("rebal/record/1", dry_run, ("as told",))
    assert [line.id for line in made.entries] == ["b", "c"]
    entry = eighteen(F(200) / (F(100, 40000) + F(100, 50000)))
    assert made.positions == (PositionChange("BTCUSD", F(-100), F(-200), F(40000), entry),)
    assert made.coins == (
        CoinChange("BTC", F("1.999"), F("1.998"), F("0.399"), F("0.398")),
        CoinChange("ETH", F(14), F(15), F(0), F(0)),
    )
    again = recorded(book, add(added.after, [draft(Spot("ETH", F(1)), 3, "c")]), journal="book.db", dry_run=dry_run)
    assert (again.repeated, again.entries, again.positions, again.coins) == (("c",), (), (), ())


@pytest.mark.parametrize(
    ("as_of", "now", "told"),
    [
        (at(3), at(60), None),
        (at(2), at(60), None),
        (
            at(1),
            at(60),
            f"the prices are of {at(1):{ISO}}, older than the last fill of a hedge, of {at(2):{ISO}}",
        ),
        (at(3), at(3 + 24 * 60), None),
        (at(3), at(4 + 24 * 60), "the prices are 24 hours old, older than policy.max_price_age"),
        (None, at(60), "the prices carry no time"),
    ],
)
def test_old_prices_tell_no_hedge_unsaid(as_of: datetime | None, now: datetime, told: str | None) -> None:
    rebalanced = fill("-5", "2500", part("-5", "rebalance", "ETH"), of=ETHUSD)
    book, kept = portfolio(), journal(fill("-100", "40000"), fill("-100", "40000"), rebalanced)
    book = replace(book, market=replace(book.market, as_of=as_of))
    made = history(book, kept, now=now)
    ends = ", and what the open hedges did is told by them; give newer ones with --market FILE"
    assert (made.notes, made.market_as_of) == (() if told is None else (told + ends,), as_of)
    closed = history(book, journal(fill("-100", "40000"), fill("100", "40000")), now=now)
    assert closed.notes == ()
