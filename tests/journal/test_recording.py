"""Single events from start to end: what is completed, what is refused, what is believed of a clock."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from rebal import journal
from rebal.amounts import Fraction
from rebal.book import MarginMode, Purpose, opened
from rebal.errors import InvalidInput, RebalError, Refused, UsageProblem
from rebal.journal import drafts, recording
from rebal.journal.drafts import Scene
from rebal.journal.recording import Clerk
from rebal.ledger import Draft, EntryLine, EntryType, Event, Fill, Funding, Journal, Spot, Transfer
from rebal.reports.record import PositionChange, Recorded

from .books import AS_OF, BTCUSD, ETHUSD, PRICES, SOLUSDT, at, part, portfolio

F = Fraction
NOW = at(60)


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    return Clerk(portfolio(wallets={"BTC": "0.4"}), str(tmp_path / "journal.db"), NOW)


def short(scene: Scene, *, contracts: str = "-100", price: str = "40000", **given: Any) -> list[Draft]:
    contract = drafts.contract_named(scene, given.pop("contract", "BTCUSD"))
    purpose = given.pop("purpose", None)
    parts = drafts.share(scene, contract, contracts=exact(contracts), purpose=purpose)
    return [drafts.fill(scene, contract, contracts=exact(contracts), price=exact(price), parts=parts, **given)]


def spot(asset: str = "BTC", quantity: str = "1", **given: Any) -> Callable[[Scene], Sequence[Draft]]:
    return lambda scene: drafts.spot(scene, asset, quantity=exact(quantity), **given)


def transfer(quantity: str, asset: str = "BTC", contract: Any = None) -> Callable[[Scene], Sequence[Draft]]:
    return lambda scene: [drafts.transfer(scene, asset, quantity=exact(quantity), contract=contract)]


def happened(made: Recorded) -> list[EntryLine]:
    """What was recorded beside the statement."""
    return [line for line in made.entries if line.type is not EntryType.STATEMENT]


def only(made: Recorded, clerk: Clerk) -> Event:
    assert len(happened(made)) == 1
    return journal.read(clerk.path).entries[-1].event


def test_a_fill_knows_its_contract_its_fee_and_what_it_met(clerk: Clerk) -> None:
    first = only(recording.single(clerk, short), clerk)
    assert isinstance(first, Fill)
    assert (first.fee, first.settle, first.multiplier) == (F("0.00000125"), "BTC", F(1))
    assert (first.parts, first.contracts_before, first.entry_before) == ((part("-100", "rebalance"),), F(0), None)
    later = replace(clerk, now=at(61))
    second = only(recording.single(later, lambda scene: short(scene, price="41000", fee=F("0.1"))), clerk)
    assert isinstance(second, Fill)
    assert (second.fee, second.contracts_before, second.entry_before) == (F("0.1"), F(-100), F(40000))


def test_a_fill_in_the_past_meets_what_was_open_then(clerk: Clerk) -> None:
    recording.single(replace(clerk, time=at(30)), short)
    early = only(recording.single(replace(clerk, time=at(10)), lambda scene: short(scene, contracts="-7")), clerk)
    assert isinstance(early, Fill)
    assert early.contracts_before == 0


def test_a_purpose_follows_what_is_open(clerk: Clerk) -> None:
    hedged = {"BTCUSD": opened(BTCUSD, contracts=F(-10), entry_price=F(40000), hedge=F(-10))}
    one = replace(clerk, portfolio=portfolio(positions=hedged))
    event = only(recording.single(one, short), one)
    assert isinstance(event, Fill)
    assert event.parts == (part("-100", "hedge"),)
    both = {"BTCUSD": opened(BTCUSD, contracts=F(-10), entry_price=F(40000), hedge=F(-5))}
    two = replace(clerk, portfolio=portfolio(positions=both), now=at(61))
    with pytest.raises(UsageProblem, match=r"BTCUSD is open for both purposes; give --purpose rebalance or hedge"):
        recording.single(two, short)
    assert recording.single(two, lambda scene: short(scene, purpose=Purpose.HEDGE)).entries


def test_a_fill_reduces_the_proxy_that_is_open(clerk: Clerk) -> None:
    proxy = {"BTCUSD": opened(BTCUSD, contracts=F(-10), entry_price=F(40000), hedge=F(-10), stands_for="DOT")}
    one = replace(clerk, portfolio=portfolio(positions=proxy))
    event = only(recording.single(one, lambda scene: short(scene, contracts="10")), one)
    assert isinstance(event, Fill)
    assert event.parts == (part("10", "hedge", "DOT", "1.3"),)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_new_position_has_the_policys_margin(clerk: Clerk, isolated: bool) -> None:
    one = replace(clerk, portfolio=portfolio(isolated=isolated))
    event = only(recording.single(one, short), one)
    assert isinstance(event, Fill)
    assert event.margin_mode is (MarginMode.ISOLATED if isolated else MarginMode.CROSS)


def test_an_unknown_contract_is_a_usage_error(clerk: Clerk) -> None:
    with pytest.raises(UsageProblem, match=r"--contract DOGEUSD: no such contract"):
        recording.single(clerk, lambda scene: short(scene, contract="DOGEUSD"))


def test_an_open_contract_is_known_though_the_catalogue_dropped_it(clerk: Clerk) -> None:
    held = {"BTCUSD": opened(BTCUSD, contracts=F(-100), entry_price=F(40000))}
    one = replace(clerk, portfolio=replace(portfolio(positions=held), contracts={}))
    assert recording.single(one, lambda scene: short(scene, contracts="100")).positions == (
        PositionChange("BTCUSD", F(-100), F(0), F(40000), None),
    )


def test_funding_is_worth_what_the_coin_costs(clerk: Clerk) -> None:
    hedged = {"BTCUSD": opened(BTCUSD, contracts=F(-10000), entry_price=F(40000), hedge=F(-10000))}
    clerk = replace(clerk, portfolio=portfolio(positions=hedged))
    event = only(recording.single(clerk, lambda s: [drafts.funding(s, BTCUSD, amount=F("0.001"))]), clerk)
    assert event == Funding("BTCUSD", F("0.001"), F(40000), "BTC", BTCUSD.kind, "BTC")
    priced = replace(clerk, time=at(5))
    made = recording.single(priced, lambda s: [drafts.funding(s, BTCUSD, amount=F("0.001"), price=F(41000))])
    event = only(made, clerk)
    assert isinstance(event, Funding)
    assert event.price == 41000


def test_linear_events_keep_what_their_settlement_currency_cost(clerk: Clerk) -> None:
    priced = replace(clerk, portfolio=portfolio(prices={**PRICES, "USDT": F("0.99")}))

    def sell_and_pay(of: str) -> Callable[[Scene], list[Draft]]:
        return lambda scene: [
            *short(scene, contract=of, price="150"),
            drafts.funding(scene, drafts.contract_named(scene, of), amount=F("0.01")),
        ]

    def settled_at(made: Recorded) -> list[Fraction | None]:
        return [line.settle_price for line in happened(made)]

    assert settled_at(recording.single(replace(priced, sure=True), sell_and_pay("SOLUSDT"))) == [F("0.99"), F("0.99")]
    assert settled_at(recording.single(replace(priced, sure=True), sell_and_pay("BTCUSD"))) == [None, None]
    without = replace(clerk, path=f"{clerk.path}.other", sure=True)
    assert settled_at(recording.single(without, sell_and_pay("SOLUSDT"))) == [None, None]


def test_transfers(clerk: Clerk) -> None:
    assert only(recording.single(clerk, transfer("0.5")), clerk) == Transfer("BTC", F("0.5"))
    later = replace(clerk, now=at(61))
    assert only(recording.single(later, transfer("0.1", "ETH", ETHUSD)), clerk) == Transfer("ETH", F("0.1"), "ETHUSD")
    with pytest.raises(UsageProblem, match=r"SOLUSDT is margined in USDT, not in BTC"):
        recording.single(later, transfer("0.1", "BTC", SOLUSDT))
    with pytest.raises(UsageProblem, match=r"--asset XYZ: no such coin in the portfolio"):
        recording.single(later, transfer("0.1", "XYZ"))


def test_a_sale_moves_the_coin_alone_unless_said_otherwise(clerk: Clerk) -> None:
    clerk = replace(clerk, sure=True)
    assert only(recording.single(clerk, spot(quantity="-0.5", price=F(41000))), clerk) == Spot(
        "BTC", F("-0.5"), F(41000)
    )
    against = replace(clerk, now=at(61), id="sale-1")
    made = recording.single(against, spot(quantity="-0.5", price=F(41000), against="USDT"))
    assert [(line.id, line.asset, line.quantity) for line in happened(made)] == [
        ("sale-1", "BTC", F("-0.5")), ("sale-1.USDT", "USDT", F(20500))
    ]  # fmt: skip
    with pytest.raises(UsageProblem, match=r"--against USDT: give --price as well"):
        recording.single(clerk, spot(against="USDT"))
    with pytest.raises(UsageProblem, match=r"--against ETH: give --price as well, and a coin that counts as dollars"):
        recording.single(clerk, spot(price=F(1), against="ETH"))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (spot(quantity="-3"), "-1 BTC would be held"),
        (transfer("-0.5"), "-0.1 BTC would be in the futures account"),
        (transfer("1.7"), "-0.1 BTC would be left outside the futures account"),
    ],
)
def test_coins_that_are_not_there_cannot_go(
    clerk: Clerk, make: Callable[[Scene], Sequence[Draft]], problem: str
) -> None:
    with pytest.raises(Refused, match=problem):
        recording.single(clerk, make)
    assert journal.read(clerk.path) == Journal()


def of_a_plan(moved: str, fee: str) -> Callable[[Scene], Sequence[Draft]]:
    """A transfer and a fill that are recorded together, as a plan's are."""
    return lambda scene: [
        *transfer(moved, "ETH")(scene),
        *short(scene, contract="ETHUSD", price="2500", fee=exact(fee)),
    ]


def test_what_a_fill_takes_is_believed_alone_and_beside_transfers(clerk: Clerk) -> None:
    beside = recording.single(replace(clerk, dry_run=True), of_a_plan("0.0001", "0.00010007"))
    alone = recording.single(replace(clerk, dry_run=True), lambda scene: short(scene, contract="ETHUSD", fee=F("0.2")))
    assert [row.wallet_after for each in (beside, alone) for row in each.coins] == [F("-0.00000007"), F("-0.2")]


def test_what_a_transfer_takes_is_refused_beside_fills_too(clerk: Clerk) -> None:
    with pytest.raises(Refused, match=r"-0\.3 ETH would be in the futures account"):
        recording.single(clerk, of_a_plan("-0.1", "0.2"))


def test_a_void(clerk: Clerk) -> None:
    recording.single(replace(clerk, id="s-1"), spot())
    made = recording.single(clerk, lambda scene: drafts.void(scene, "s-1", because="never arrived"))
    assert (made.entries[0].voids, made.coins[0].holding_after) == ("s-1", F(2))
    for target, because in (("s 1", "x"), ("s-1", "")):
        with pytest.raises(UsageProblem, match=r"record void"):
            recording.single(clerk, lambda scene, t=target, b=because: drafts.void(scene, t, because=b))  # type: ignore[misc]


def test_an_id_that_is_none_is_a_usage_error(clerk: Clerk) -> None:
    with pytest.raises(UsageProblem, match=r"--id a b: is not an id"):
        recording.single(replace(clerk, id="a b"), spot())


def test_dry_run_writes_nothing(clerk: Clerk) -> None:
    dry = recording.single(replace(clerk, dry_run=True), spot())
    assert dry.dry_run
    assert dry.coins[0].holding_after == 3
    assert not Path(clerk.path).exists()
    wet = recording.single(clerk, spot())
    assert (wet.entries, wet.coins) == (dry.entries, dry.coins)


def test_an_id_repeats_whatever_the_statement_says_by_now(clerk: Clerk) -> None:
    named = replace(clerk, id="s-1")
    recording.single(named, spot())
    moved = replace(named, portfolio=portfolio(as_of=at(90)), now=at(100), time=at(60))
    again = recording.single(moved, spot())
    assert (again.entries, again.repeated) == ((), ("s-1",))


def test_the_statement_must_be_dated(clerk: Clerk) -> None:
    with pytest.raises(InvalidInput, match=r"as_of: is missing"):
        recording.single(replace(clerk, portfolio=portfolio(as_of=None)), spot())


@pytest.mark.parametrize("time", [AS_OF, at(-60), AS_OF.astimezone()])
def test_what_the_statement_covers_is_refused_unless_settled(clerk: Clerk, time: datetime) -> None:
    with pytest.raises(Refused, match=r"is not later than the statement's as_of, 2026-11-20T08:00:00Z"):
        recording.single(replace(clerk, time=time), spot())
    made = recording.single(replace(clerk, time=time, settled=True), spot())
    assert (len(happened(made)), made.coins) == (1, ())


def test_settled_is_not_for_what_is_later(clerk: Clerk) -> None:
    with pytest.raises(UsageProblem, match=r"--settled is for what the statement holds already"):
        recording.single(replace(clerk, settled=True), spot())


def test_a_settled_fill_meets_nothing_that_is_known(clerk: Clerk) -> None:
    held = {"BTCUSD": opened(BTCUSD, contracts=F(-100), entry_price=F(40000))}
    old = replace(clerk, portfolio=portfolio(positions=held), time=at(-5), settled=True)
    event = only(recording.single(old, short), old)
    assert isinstance(event, Fill)
    assert (event.contracts_before, event.entry_before) == (F(0), None)


def test_the_future_is_refused_beyond_a_minute(clerk: Clerk) -> None:
    assert recording.single(replace(clerk, time=NOW + timedelta(seconds=60)), spot()).entries
    with pytest.raises(UsageProblem, match=r"--time is in the future: 2026-11-20T09:01:01Z, and it is 2026"):
        recording.single(replace(clerk, time=NOW + timedelta(seconds=61)), spot("ETH"))


def test_a_clock_that_went_back_is_not_believed(clerk: Clerk) -> None:
    recording.single(clerk, spot())
    seconds = replace(clerk, now=NOW - timedelta(seconds=30))
    assert recording.single(seconds, spot("ETH")).entries[0].time == NOW
    hours = replace(clerk, now=NOW - timedelta(minutes=30))
    with pytest.raises(UsageProblem, match=r"the clock reads 2026-11-20T08:30:00Z, and the journal has"):
        recording.single(hours, spot("SOL"))
    assert recording.single(replace(hours, time=at(20)), spot("SOL")).entries[0].time == at(20)


def test_the_hour_that_happens_twice_is_two_hours(clerk: Clerk) -> None:
    """In the night of 25 October 2026 Central Europe has 02:30 twice; the journal knows them apart."""
    book = portfolio(as_of=datetime(2026, 10, 24, tzinfo=UTC))
    night = replace(clerk, portfolio=book, now=datetime(2026, 10, 25, 12, tzinfo=UTC))
    for offset in ("+02:00", "+01:00"):
        recording.single(replace(night, time=datetime.fromisoformat(f"2026-10-25T02:30:00{offset}")), spot())
    _, first, second = journal.read(clerk.path).entries
    assert second.time - first.time == timedelta(hours=1)


def test_nothing_is_left_where_anything_is_refused(clerk: Clerk) -> None:
    def fails(_: Scene) -> list[Draft]:
        raise Refused("no")

    with pytest.raises(RebalError):
        recording.single(clerk, fails)
    assert not Path(clerk.path).exists()
