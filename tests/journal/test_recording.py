"""Single events from start to end: what is completed, what is refused, what is believed of a clock."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rebal import journal
from rebal.amounts import Fraction
from rebal.book import MarginMode, Purpose, opened
from rebal.errors import InvalidInput, RebalError, Refused, UsageProblem
from rebal.journal import drafts, recording
from rebal.journal.drafts import Scene
from rebal.journal.recording import Desk
from rebal.ledger import (
    Draft,
    EntryLine,
    EntryType,
    Event,
    Fill,
    Funding,
    Journal,
    PositionChange,
    Recorded,
    Spot,
    Transfer,
)

from .books import AS_OF, BTCUSD, ETHUSD, PRICES, SOLUSDT, at, part, portfolio

F = Fraction
NOW = at(60)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(portfolio(wallets={"BTC": "0.4"}), str(tmp_path / "journal.db"), NOW)


def short(scene: Scene, *, contracts: str = "-100", price: str = "40000", **given: Any) -> list[Draft]:
    contract = drafts.contract_named(scene, given.pop("contract", "BTCUSD"))
    purpose = given.pop("purpose", None)
    parts = drafts.share(scene, contract, contracts=F(contracts), purpose=purpose)
    return [drafts.fill(scene, contract, contracts=F(contracts), price=F(price), parts=parts, **given)]


def spot(asset: str = "BTC", quantity: str = "1", **given: Any) -> Callable[[Scene], Sequence[Draft]]:
    return lambda scene: drafts.spot(scene, asset, quantity=F(quantity), **given)


def transfer(quantity: str, asset: str = "BTC", contract: Any = None) -> Callable[[Scene], Sequence[Draft]]:
    return lambda scene: [drafts.transfer(scene, asset, quantity=F(quantity), contract=contract)]


def happened(made: Recorded) -> list[EntryLine]:
    """What was recorded beside the statement."""
    return [line for line in made.entries if line.type is not EntryType.STATEMENT]


def only(made: Recorded, desk: Desk) -> Event:
    assert len(happened(made)) == 1
    return journal.read(desk.path).entries[-1].event


def test_a_fill_knows_its_contract_its_fee_and_what_it_met(desk: Desk) -> None:
    first = only(recording.single(desk, short), desk)
    assert isinstance(first, Fill)
    assert (first.fee, first.settle, first.multiplier) == (F("0.00000125"), "BTC", F(1))
    assert (first.parts, first.contracts_before, first.entry_before) == ((part("-100", "rebalance"),), F(0), None)
    later = replace(desk, now=at(61))
    second = only(recording.single(later, lambda scene: short(scene, price="41000", fee=F("0.1"))), desk)
    assert isinstance(second, Fill)
    assert (second.fee, second.contracts_before, second.entry_before) == (F("0.1"), F(-100), F(40000))


def test_a_fill_in_the_past_meets_what_was_open_then(desk: Desk) -> None:
    recording.single(replace(desk, time=at(30)), short)
    early = only(recording.single(replace(desk, time=at(10)), lambda scene: short(scene, contracts="-7")), desk)
    assert isinstance(early, Fill)
    assert early.contracts_before == 0


def test_a_purpose_follows_what_is_open(desk: Desk) -> None:
    hedged = {"BTCUSD": opened(BTCUSD, contracts=F(-10), entry_price=F(40000), hedge=F(-10))}
    one = replace(desk, portfolio=portfolio(positions=hedged))
    event = only(recording.single(one, short), one)
    assert isinstance(event, Fill)
    assert event.parts == (part("-100", "hedge"),)
    both = {"BTCUSD": opened(BTCUSD, contracts=F(-10), entry_price=F(40000), hedge=F(-5))}
    two = replace(desk, portfolio=portfolio(positions=both), now=at(61))
    with pytest.raises(UsageProblem, match=r"BTCUSD is open for both purposes; give --purpose rebalance or hedge"):
        recording.single(two, short)
    assert recording.single(two, lambda scene: short(scene, purpose=Purpose.HEDGE)).entries


def test_a_fill_reduces_the_proxy_that_is_open(desk: Desk) -> None:
    proxy = {"BTCUSD": opened(BTCUSD, contracts=F(-10), entry_price=F(40000), hedge=F(-10), stands_for="DOT")}
    one = replace(desk, portfolio=portfolio(positions=proxy))
    event = only(recording.single(one, lambda scene: short(scene, contracts="10")), one)
    assert isinstance(event, Fill)
    assert event.parts == (part("10", "hedge", "DOT", "1.3"),)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_new_position_has_the_policys_margin(desk: Desk, isolated: bool) -> None:
    one = replace(desk, portfolio=portfolio(isolated=isolated))
    event = only(recording.single(one, short), one)
    assert isinstance(event, Fill)
    assert event.margin_mode is (MarginMode.ISOLATED if isolated else MarginMode.CROSS)


def test_an_unknown_contract_is_a_usage_error(desk: Desk) -> None:
    with pytest.raises(UsageProblem, match=r"--contract DOGEUSD: no such contract"):
        recording.single(desk, lambda scene: short(scene, contract="DOGEUSD"))


def test_an_open_contract_is_known_though_the_catalogue_dropped_it(desk: Desk) -> None:
    held = {"BTCUSD": opened(BTCUSD, contracts=F(-100), entry_price=F(40000))}
    one = replace(desk, portfolio=replace(portfolio(positions=held), contracts={}))
    assert recording.single(one, lambda scene: short(scene, contracts="100")).positions == (
        PositionChange("BTCUSD", F(-100), F(0), F(40000), None),
    )


def test_funding_is_worth_what_the_coin_costs(desk: Desk) -> None:
    hedged = {"BTCUSD": opened(BTCUSD, contracts=F(-10000), entry_price=F(40000), hedge=F(-10000))}
    desk = replace(desk, portfolio=portfolio(positions=hedged))
    event = only(recording.single(desk, lambda s: [drafts.funding(s, BTCUSD, amount=F("0.001"))]), desk)
    assert event == Funding("BTCUSD", F("0.001"), F(40000), "BTC", BTCUSD.kind, "BTC")
    priced = replace(desk, time=at(5))
    made = recording.single(priced, lambda s: [drafts.funding(s, BTCUSD, amount=F("0.001"), price=F(41000))])
    event = only(made, desk)
    assert isinstance(event, Funding)
    assert event.price == 41000


def test_linear_events_keep_what_their_settlement_currency_cost(desk: Desk) -> None:
    priced = replace(desk, portfolio=portfolio(prices={**PRICES, "USDT": F("0.99")}))

    def sell_and_pay(of: str) -> Callable[[Scene], list[Draft]]:
        return lambda scene: [
            *short(scene, contract=of, price="150"),
            drafts.funding(scene, drafts.contract_named(scene, of), amount=F("0.01")),
        ]

    def settled_at(made: Recorded) -> list[Fraction | None]:
        return [line.settle_price for line in happened(made)]

    assert settled_at(recording.single(replace(priced, sure=True), sell_and_pay("SOLUSDT"))) == [F("0.99"), F("0.99")]
    assert settled_at(recording.single(replace(priced, sure=True), sell_and_pay("BTCUSD"))) == [None, None]
    without = replace(desk, path=f"{desk.path}.other", sure=True)
    assert settled_at(recording.single(without, sell_and_pay("SOLUSDT"))) == [None, None]


def test_transfers(desk: Desk) -> None:
    assert only(recording.single(desk, transfer("0.5")), desk) == Transfer("BTC", F("0.5"))
    later = replace(desk, now=at(61))
    assert only(recording.single(later, transfer("0.1", "ETH", ETHUSD)), desk) == Transfer("ETH", F("0.1"), "ETHUSD")
    with pytest.raises(UsageProblem, match=r"SOLUSDT is margined in USDT, not in BTC"):
        recording.single(later, transfer("0.1", "BTC", SOLUSDT))
    with pytest.raises(UsageProblem, match=r"--asset XYZ: no such coin in the portfolio"):
        recording.single(later, transfer("0.1", "XYZ"))


def test_a_sale_moves_the_coin_alone_unless_said_otherwise(desk: Desk) -> None:
    desk = replace(desk, sure=True)
    assert only(recording.single(desk, spot(quantity="-0.5", price=F(41000))), desk) == Spot("BTC", F("-0.5"), F(41000))
    against = replace(desk, now=at(61), id="sale-1")
    made = recording.single(against, spot(quantity="-0.5", price=F(41000), against="USDT"))
    assert [(line.id, line.asset, line.quantity) for line in happened(made)] == [
        ("sale-1", "BTC", F("-0.5")), ("sale-1.USDT", "USDT", F(20500))
    ]  # fmt: skip
    with pytest.raises(UsageProblem, match=r"--against USDT: give --price as well"):
        recording.single(desk, spot(against="USDT"))
    with pytest.raises(UsageProblem, match=r"--against ETH: give --price as well, and a coin that counts as dollars"):
        recording.single(desk, spot(price=F(1), against="ETH"))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (spot(quantity="-3"), "-1 BTC would be held"),
        (transfer("-0.5"), "-0.1 BTC would be in the futures account"),
        (transfer("1.7"), "-0.1 BTC would be left outside the futures account"),
    ],
)
def test_coins_that_are_not_there_cannot_go(desk: Desk, make: Callable[[Scene], Sequence[Draft]], problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        recording.single(desk, make)
    assert journal.read(desk.path) == Journal()


def test_a_void(desk: Desk) -> None:
    recording.single(replace(desk, id="s-1"), spot())
    made = recording.single(desk, lambda scene: drafts.void(scene, "s-1", because="never arrived"))
    assert (made.entries[0].voids, made.coins[0].holding_after) == ("s-1", F(2))
    for target, because in (("s 1", "x"), ("s-1", "")):
        with pytest.raises(UsageProblem, match=r"record void"):
            recording.single(desk, lambda scene, t=target, b=because: drafts.void(scene, t, because=b))  # type: ignore[misc]


def test_an_id_that_is_none_is_a_usage_error(desk: Desk) -> None:
    with pytest.raises(UsageProblem, match=r"--id a b: is not an id"):
        recording.single(replace(desk, id="a b"), spot())


def test_dry_run_writes_nothing(desk: Desk) -> None:
    dry = recording.single(replace(desk, dry_run=True), spot())
    assert dry.dry_run
    assert dry.coins[0].holding_after == 3
    assert not Path(desk.path).exists()
    wet = recording.single(desk, spot())
    assert (wet.entries, wet.coins) == (dry.entries, dry.coins)


def test_an_id_repeats_whatever_the_statement_says_by_now(desk: Desk) -> None:
    named = replace(desk, id="s-1")
    recording.single(named, spot())
    moved = replace(named, portfolio=portfolio(as_of=at(90)), now=at(100), time=at(60))
    again = recording.single(moved, spot())
    assert (again.entries, again.repeated) == ((), ("s-1",))


def test_the_statement_must_be_dated(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match=r"as_of: is missing"):
        recording.single(replace(desk, portfolio=portfolio(as_of=None)), spot())


@pytest.mark.parametrize("time", [AS_OF, at(-60), AS_OF.astimezone()])
def test_what_the_statement_covers_is_refused_unless_settled(desk: Desk, time: datetime) -> None:
    with pytest.raises(Refused, match=r"is not later than the statement's as_of, 2026-11-20T08:00:00Z"):
        recording.single(replace(desk, time=time), spot())
    made = recording.single(replace(desk, time=time, settled=True), spot())
    assert (len(happened(made)), made.coins) == (1, ())


def test_settled_is_not_for_what_is_later(desk: Desk) -> None:
    with pytest.raises(UsageProblem, match=r"--settled is for what the statement holds already"):
        recording.single(replace(desk, settled=True), spot())


def test_a_settled_fill_meets_nothing_that_is_known(desk: Desk) -> None:
    held = {"BTCUSD": opened(BTCUSD, contracts=F(-100), entry_price=F(40000))}
    old = replace(desk, portfolio=portfolio(positions=held), time=at(-5), settled=True)
    event = only(recording.single(old, short), old)
    assert isinstance(event, Fill)
    assert (event.contracts_before, event.entry_before) == (F(0), None)


def test_the_future_is_refused_beyond_a_minute(desk: Desk) -> None:
    assert recording.single(replace(desk, time=NOW + timedelta(seconds=60)), spot()).entries
    with pytest.raises(UsageProblem, match=r"--time is in the future: 2026-11-20T09:01:01Z, and it is 2026"):
        recording.single(replace(desk, time=NOW + timedelta(seconds=61)), spot("ETH"))


def test_a_clock_that_went_back_is_not_believed(desk: Desk) -> None:
    recording.single(desk, spot())
    seconds = replace(desk, now=NOW - timedelta(seconds=30))
    assert recording.single(seconds, spot("ETH")).entries[0].time == NOW
    hours = replace(desk, now=NOW - timedelta(minutes=30))
    with pytest.raises(UsageProblem, match=r"the clock reads 2026-11-20T08:30:00Z, and the journal has"):
        recording.single(hours, spot("SOL"))
    assert recording.single(replace(hours, time=at(20)), spot("SOL")).entries[0].time == at(20)


def test_the_hour_that_happens_twice_is_two_hours(desk: Desk) -> None:
    """In the night of 25 October 2026 Central Europe has 02:30 twice; the journal knows them apart."""
    book = portfolio(as_of=datetime(2026, 10, 24, tzinfo=UTC))
    night = replace(desk, portfolio=book, now=datetime(2026, 10, 25, 12, tzinfo=UTC))
    for offset in ("+02:00", "+01:00"):
        recording.single(replace(night, time=datetime.fromisoformat(f"2026-10-25T02:30:00{offset}")), spot())
    _, first, second = journal.read(desk.path).entries
    assert second.time - first.time == timedelta(hours=1)


def test_nothing_is_left_where_anything_is_refused(desk: Desk) -> None:
    def fails(_: Scene) -> list[Draft]:
        raise Refused("no")

    with pytest.raises(RebalError):
        recording.single(desk, fails)
    assert not Path(desk.path).exists()
