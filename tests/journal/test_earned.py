"""What a journal earned: by contract, by episode, and by a few lines of plain fractions that know nothing of ours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from booked import STEP, eighteen
from drawn import among
from exact import exact
from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode, opened
from rebal.journal.adding import add
from rebal.journal.earned import Earned, earned, episodes, realised
from rebal.journal.effect import effects
from rebal.journal.fold import fold
from rebal.ledger import Carried, Draft, Entry, Episode, Event, Fill, Funding, Journal, Stated, Void
from rebal.market.contract import Contract, Kind
from rebal.portfolio import Portfolio
from rebal.stated import stated

from .books import BTCUSD, ETHUSD, PRICES, SOLUSDT, at, draft, fill, funding, part, portfolio

F = Fraction
ALL = (BTCUSD, ETHUSD, SOLUSDT)


def entries(*drafts: Draft | Event) -> tuple[Entry, ...]:
    timed = [each if isinstance(each, Draft) else draft(each, n) for n, each in enumerate(drafts, start=1)]
    return add(Journal(), timed, again=True).after.entries


def told(of: Portfolio, made: Sequence[Entry]) -> tuple[Episode, ...]:
    found = earned(of, made)
    return episodes(found, found.booked)


def at_index(event: Fill, price: str) -> Fill:
    return replace(event, index_price=exact(price))


def test_an_episode_tells_price_basis_funding_and_fees() -> None:
    # Sold at 40,400 over an index of 40,000, bought back at 50,000 on it: 400 dollars of basis earned at the entry.
    made = entries(
        at_index(fill("-40400", "40400", fee="0.0005"), "40000"),
        funding("0.002", "45000"),
        at_index(fill("40400", "50000", fee="0.0004"), "50000"),
    )
    (episode,) = told(portfolio(), made)
    price = F(floor(F(-40400) * (F(1, 40000) - F(1, 50000)) / STEP)) * STEP
    coin = F(floor(F(-40400) * (F(1, 40400) - F(1, 50000)) / STEP)) * STEP
    assert (episode.since, episode.until, episode.contracts) == (at(1), at(3), F(40400))
    assert (episode.price_coin, episode.basis_coin) == (price, coin - price)
    assert (price, coin - price) == (F("-0.202"), F("0.01"))
    assert (episode.fees_coin, episode.funding_coin) == (F("0.0009"), F("0.002"))
    assert episode.net_coin == price + F("0.01") - F("0.0009") + F("0.002")
    assert (episode.price_usd, episode.basis_usd) == (F(-10100), F(500))
    assert (episode.fees_usd, episode.funding_usd) == (F("0.0005") * 40000 + 20, F(90))
    assert episode.net_usd == -10100 + 500 - (F("0.0005") * 40000 + 20) + 90


def test_coins_are_worth_the_index_where_it_is_known_and_the_fills_price_where_not() -> None:
    # 0.2 BTC lost: 10,000 dollars at the index of 50,000, as unwinding says before and hedges are told by.
    opening = at_index(fill("-40000", "40000", fee="0.001"), "39000")
    made = entries(opening, at_index(fill("40000", "50000", fee="0.002"), "49000"))
    (line,) = realised(earned(portfolio(), made).booked)
    assert (line.usd, line.fees_usd) == (F("-0.2") * 49000, F("0.001") * 39000 + F("0.002") * 49000)
    market = replace(portfolio().market, prices={**PRICES, "BTC": F(49000)})
    (effect,) = effects(replace(portfolio(), market=market), made)
    assert effect.hedge_pnl_usd == line.usd
    (line,) = realised(earned(portfolio(), entries(fill("-40000", "40000"), fill("40000", "50000"))).booked)
    assert line.usd == F(-10000)


def test_an_unknown_index_leaves_all_of_it_to_the_price() -> None:
    (episode,) = told(portfolio(), entries(fill("-40000", "40000"), at_index(fill("40000", "50000"), "50000")))
    assert (episode.price_coin, episode.basis_coin, episode.basis_usd) == (F("-0.2"), None, None)


def test_a_fill_through_zero_ends_one_episode_and_begins_another() -> None:
    first, second = told(portfolio(), entries(fill("-100", "40000"), fill("300", "50000", fee="0.0000003")))
    assert (first.number, first.until, first.fees_coin) == (1, at(2), F("0.0000001"))
    assert (second.number, second.since, second.until, second.fees_coin) == (2, at(2), None, F("0.0000002"))
    assert (second.contracts, second.price_coin) == (F(200), F(0))


def test_what_is_open_carries_what_was_not_told_with_what_was_closed() -> None:
    opening = (fill("-10000", "40000", fee="0.001"), funding("0.0004"))
    assert earned(portfolio(), entries(*opening)).carried() == (Carried("BTCUSD", F("0.001"), F("0.0004")),)
    half = (*opening, fill("5000", "40000", fee="0.0007"))
    assert earned(portfolio(), entries(*half)).carried() == (Carried("BTCUSD", F("0.0005"), F("0.0002")),)
    again = (*half, fill("5000", "40000"), fill("-10", "40000", fee="0.0003"))
    assert earned(portfolio(), entries(*again)).carried() == (Carried("BTCUSD", F("0.0003"), F(0)),)


def test_a_position_of_a_statement_is_an_episode_without_a_beginning() -> None:
    held = {"BTCUSD": opened(BTCUSD, contracts=F(-100), entry_price=F(40000))}
    (episode,) = told(portfolio(positions=held), entries(fill("100", "50000")))
    assert (episode.since, episode.until, episode.contracts) == (None, at(1), F(100))
    assert episode.price_coin == F("-0.0005")


def test_a_basis_alone_is_no_loss_of_coins() -> None:
    # Full hedge at 40,400 over an index of 40,000, and neither has moved since.
    made = entries(draft(at_index(fill("-80000", "40400"), "40000"), 1))
    market = replace(portfolio().market, marks={"BTCUSD": F(40400)})
    (effect,) = effects(replace(portfolio(), market=market), made)
    assert (effect.hedge_pnl_usd, effect.spot_pnl_usd, effect.since_price) == (F(0), F(0), F(40000))


def test_a_voided_fill_recorded_anew_earns_as_if_it_had_been_right_at_once() -> None:
    right = (draft(fill("-1000", "40000"), 1, "a"), draft(fill("500", "30000"), 2, "b"))
    wrong = draft(fill("-1000", "4000"), 1, "slip")
    mended = entries(wrong, right[1], draft(Void("slip", "typed the wrong price"), 3, "v"), right[0])
    assert realised(earned(portfolio(), mended).booked) == realised(earned(portfolio(), entries(*right)).booked)


def test_dollars_of_a_linear_contract_are_those_that_its_settlement_currency_was_worth() -> None:
    # 100 SOL sold at 150 with USDT at 0.99 and bought back at 140 with it at 0.98: 1,000 USDT, worth 980 dollars.
    made = entries(
        at_index(fill("-1000", "150", of=SOLUSDT, fee="7.5", settle="0.99"), "149"),
        funding("20", "150", of=SOLUSDT, settle="0.97"),
        at_index(fill("1000", "140", of=SOLUSDT, fee="7", settle="0.98"), "140"),
    )
    (line,) = realised(earned(portfolio(), made).booked)
    assert (line.coin, line.fees_coin, line.funding_coin) == (F(1000), F("14.5"), F(20))
    assert (line.usd, line.fees_usd, line.funding_usd) == (F(980), F("7.425") + F("6.86"), F("19.4"))
    assert line.net_usd == F(980) - F("14.285") + F("19.4")
    (episode,) = told(portfolio(), made)
    assert (episode.price_usd, episode.basis_usd, episode.net_usd) == (F(882), F(98), line.net_usd)


def test_without_a_price_of_its_own_a_settlement_currency_counts_as_dollars_whatever_it_is_worth_now() -> None:
    made = entries(fill("-1000", "150", of=SOLUSDT, fee="7.5"), fill("1000", "140", of=SOLUSDT))
    (line,) = realised(earned(portfolio(prices={**PRICES, "USDT": F("0.5")}), made).booked)
    assert (line.usd, line.fees_usd, line.net_usd) == (F(1000), F("7.5"), F("992.5"))


def test_a_linear_hedge_did_what_its_settlement_currency_was_worth() -> None:
    # 14 SOL, all hedged: from 150 to 140 at a fill with USDT at 0.98, and on to 130 with it at 0.95 now.
    held = portfolio({"SOL": "14"}, prices={"SOL": F(130), "USDT": F("0.95")})
    short, less = fill("-140", "150", of=SOLUSDT, settle="0.99"), fill("70", "140", of=SOLUSDT, settle="0.98")
    (effect,) = effects(held, entries(short, less))
    assert effect.hedge_pnl_usd == 140 * F("0.98") + 70 * F("0.95")
    assert effect.spot_pnl_usd == F(-280)


@dataclass
class Exchange:
    """A contract in plain fractions: what is open, and what it brought."""

    of: Contract
    held: Fraction = ZERO
    entry: Fraction = ZERO
    gained: Fraction = ZERO
    gained_usd: Fraction = ZERO
    fees: Fraction = ZERO
    funding: Fraction = ZERO
    flats: int = 0

    def fill(self, event: Fill) -> None:
        n, price, held = event.contracts, event.price, self.held
        self.fees += event.fee
        if held * n < 0:
            closed = min(abs(held), abs(n)) * (1 if held > 0 else -1)
            size = closed * self.of.multiplier
            inverse = self.of.kind is Kind.INVERSE
            exact = size * (1 / self.entry - 1 / price) if inverse else size * (price - self.entry)
            gain = F(floor(exact * 10**8), 10**8)
            self.gained += gain
            self.gained_usd += gain * ((event.index_price or price) if inverse else 1)
        self.held = held + n
        if held * self.held < 0 or not self.held:
            self.flats += held != 0
        if held * self.held <= 0:
            self.entry = price
        elif abs(self.held) > abs(held) and price != self.entry:
            old, new = abs(held), abs(n)
            average = (
                (old + new) / (old / self.entry + new / price)
                if self.of.kind is Kind.INVERSE
                else (old * self.entry + new * price) / (old + new)
            )
            self.entry = eighteen(average)


def twin(events: Sequence[Event]) -> dict[str, Exchange]:
    found = {each.name: Exchange(each) for each in ALL}
    for event in events:
        if isinstance(event, Fill):
            found[event.contract].fill(event)
        elif isinstance(event, Funding):
            found[event.contract].funding += event.amount
    return found


SIZES = st.integers(-40, 40).filter(bool).map(lambda n: n * 100)
PRICED = st.integers(100, 900).map(lambda n: n * 100)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Fills and funding of several contracts, inverse and linear, for both purposes, some by proxy or isolated."""
    made: list[Event] = []
    for _ in range(draw(st.integers(1, 12))):
        of = draw(among(*ALL))
        if draw(st.integers(0, 4)) == 0:
            made.append(funding(str(draw(st.integers(-9, 9).filter(bool))), str(draw(PRICED)), of=of))
            continue
        size = draw(SIZES)
        hedge = draw(among(0, size, size + 100, -size))
        stands_for = draw(among(of.asset, "DOT"))
        shares = [part(str(hedge), "hedge", stands_for), part(str(size - hedge), "rebalance", of.asset)]
        event = fill(
            str(size), str(draw(PRICED)), *(each for each in shares if each.contracts), of=of,
            fee=str(draw(among("0.00012345", "-0.00000003", "0"))), mode=draw(among(*MarginMode)),
        )  # fmt: skip
        index = draw(st.one_of(st.none(), PRICED.map(F)))
        made.append(replace(event, index_price=index))
    return made


def adds_up(found: Earned, events: Sequence[Event]) -> None:
    """Totals are the twin's, and the episodes add up to them exactly."""
    lines = {line.contract: line for line in realised(found.booked)}
    listed = episodes(found, found.booked)
    for name, exchange in twin(events).items():
        own = [each for each in listed if each.contract == name]
        if name not in lines:
            assert not own or not any(each.net_coin for each in own)
            continue
        line = lines[name]
        assert (line.coin, line.usd) == (exchange.gained, exchange.gained_usd)
        assert (line.fees_coin, line.funding_coin) == (exchange.fees, exchange.funding)
        assert sum(each.price_coin + (each.basis_coin or 0) for each in own) == line.coin
        assert sum(each.price_usd + (each.basis_usd or 0) for each in own) == line.usd
        assert sum(each.fees_coin for each in own) == line.fees_coin
        assert sum(each.funding_coin for each in own) == line.funding_coin
        assert sum(each.net_usd for each in own) == line.net_usd
        assert sum(each.until is None for each in own) == (exchange.held != 0)
        fills = any(isinstance(event, Fill) and event.contract == name for event in events)
        assert not fills or sum(each.until is not None for each in own if each.since) == exchange.flats


@given(histories())
def test_a_journal_earned_what_a_twin_in_plain_fractions_earned(events: list[Event]) -> None:
    adds_up(earned(portfolio(), entries(*events)), events)


@given(histories(), st.data())
def test_what_a_journal_earned_is_a_function_of_the_journal_alone(events: list[Event], data: st.DataObject) -> None:
    """As `as_of` moves, whatever order the entries were written in, and with what was voided among them."""
    first = draft(stated(portfolio()), 0, "statement")
    kept = [draft(event, n, f"e{n}") for n, event in enumerate(events, start=1)]
    shuffled = data.draw(st.permutations(kept))
    slips = [draft(fill("-700", "12345"), minute, f"slip{minute}") for minute in data.draw(st.sets(st.integers(1, 12)))]
    voids = [draft(Void(slip.id or "", "never happened"), 60) for slip in slips]
    plain = entries(first, *kept)
    mixed = entries(*slips, *shuffled[:2], first, *shuffled[2:], *voids)
    later = replace(portfolio({"BTC": "1"}), as_of=at(data.draw(st.integers(0, 70))))
    mine, theirs = earned(portfolio(), plain), earned(later, mixed)
    assert realised(mine.booked) == realised(theirs.booked)
    assert episodes(mine, mine.booked) == episodes(theirs, theirs.booked)
    market = replace(portfolio().market, prices={**PRICES, "BTC": F(55555)})
    assert effects(replace(portfolio(), market=market), plain) == effects(replace(later, market=market), mixed)


@given(histories(), st.data())
def test_a_statement_that_says_what_the_entries_add_up_to_changes_nothing(
    events: list[Event], data: st.DataObject
) -> None:
    made = entries(*(draft(event, n, f"e{n}") for n, event in enumerate(events, start=1)))
    moved = data.draw(st.integers(1, len(events)))
    book = fold(portfolio(), made[:moved]).book
    positions = {
        name: opened(each.contract, contracts=each.contracts, entry_price=each.entry_price)
        for name, each in book.positions.items()
        if each.contracts
    }
    later = replace(portfolio(), statement=replace(book, positions=positions), as_of=at(moved))
    first = draft(stated(portfolio()), 0, "first")
    without = entries(first, *(draft(event, n, f"e{n}") for n, event in enumerate(events, start=1)))
    between = [draft(event, n, f"e{n}") for n, event in enumerate(events, start=1)]
    with_it = entries(first, *between[:moved], Draft(stated(later), at(moved), "second"), *between[moved:])
    assert isinstance(with_it[moved + 1].event, Stated)
    mine, theirs = earned(portfolio(), without), earned(later, with_it)
    assert realised(mine.booked) == realised(theirs.booked)
