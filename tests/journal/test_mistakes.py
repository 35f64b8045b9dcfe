"""Slips of the hand: which are refused, which are noted, and which figures are none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.errors import Refused
from rebal.journal import drafts, mistakes, recording
from rebal.journal.adding import add
from rebal.journal.recording import Clerk
from rebal.ledger import Journal
from rebal.market.contract import Contract
from rebal.reports.record import Recorded

from .books import BTCUSD, CONTRACTS, ETHUSD, SOLUSDT, at, draft, fill, part, portfolio

F = Fraction


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    return Clerk(portfolio(wallets={"BTC": "0.4"}), str(tmp_path / "journal.db"), at(60), sure=True)


def sell(clerk: Clerk, contracts: str, price: str = "40000", *, of: Contract = BTCUSD, minute: int = 60) -> Recorded:
    named = replace(clerk, time=at(minute))
    parts = (part(contracts, asset=of.asset),)
    return recording.single(
        named,
        lambda scene: [drafts.fill(scene, of, contracts=exact(contracts), price=exact(price), fee=F(0), parts=parts)],
    )


def pay(clerk: Clerk, amount: str, *, of: Contract = BTCUSD, time: datetime | None = None) -> Recorded:
    named = replace(clerk, time=time or clerk.time)
    return recording.single(named, lambda scene: [drafts.funding(scene, of, amount=exact(amount))])


def test_part_of_a_lot_is_refused_with_what_to_write(clerk: Clerk) -> None:
    with pytest.raises(Refused, match=r"^-100.5 BTCUSD are no whole lots of 1; write --contracts -100 or -101; "):
        sell(clerk, "-100.5")
    with pytest.raises(
        Refused,
        match=r"0.5 BTCUSD are no whole lots of 1; write --contracts 1; a contract is 1 USD: 0.5 BTC at that pr",
    ):
        sell(clerk, "0.5")
    with pytest.raises(Refused, match=r"0.5 BTC at that price are 20000$"):
        sell(clerk, "-0.5")
    assert not Path(clerk.path).exists()


def test_a_lot_of_ones_own_may_be_the_wrong_one(clerk: Clerk) -> None:
    own = replace(BTCUSD, own=True, lot_size=F(10))
    mine = replace(clerk, portfolio=portfolio(contracts={**CONTRACTS, "BTCUSD": own}))
    with pytest.raises(Refused, match=r"write --contracts 10 or 20, or correct contracts.BTCUSD.lot_size; "):
        sell(mine, "15", of=own)


def test_a_rest_of_less_than_a_lot_can_be_closed(clerk: Clerk) -> None:
    rest = {"BTCUSD": opened(BTCUSD, contracts=F("-10.5"), entry_price=F(40000), hedge=F("-10.5"))}
    one = replace(clerk, portfolio=portfolio(positions=rest))
    assert sell(one, "0.5").positions[0].contracts_after == -10
    with pytest.raises(Refused, match=r"no whole lots"):
        sell(one, "0.25", minute=61)


@pytest.mark.parametrize(
    ("price", "note"),
    [
        ("44000", None),
        ("36000", None),
        ("44001", "BTCUSD: the price of 44001 is 10 % above the mark, 40000"),
        ("4000", "BTCUSD: the price of 4000 is 90 % below the mark, 40000"),
    ],
)
def test_a_price_far_from_the_mark_is_noted(clerk: Clerk, price: str, note: str | None) -> None:
    expected = () if note is None else (f"{note}; if that is a slip, correct it before it is recorded",)
    assert sell(replace(clerk, dry_run=True), "-100", price).notes == expected
    told = sell(clerk, "-100", price)
    assert told.notes == (() if note is None else (f"{note}; if that is a slip, void the entry",))


DATED = replace(BTCUSD, name="BTCUSDZ26", expiry=at(2880))


@pytest.mark.parametrize(
    ("of", "as_of", "minute", "told"),
    [
        (BTCUSD, 0, 1440, "the mark, 40000"),
        (BTCUSD, 0, 1441, "none"),
        (BTCUSD, 2880, 1441, "the mark, 40000"),  # prices of some hours later tell a slip as well
        (DATED, 2880, 2880, "the mark, 40000"),
        (DATED, 2881, 2880, "none"),  # prices of after its delivery do not
        (DATED, 2881, 4000, "none"),
    ],
)
def test_a_price_is_held_against_those_of_its_time(
    clerk: Clerk, of: Contract, as_of: int, minute: int, told: str
) -> None:
    book = portfolio(wallets={"BTC": "1"}, contracts={**CONTRACTS, of.name: of})
    late = replace(clerk, portfolio=replace(book, market=replace(book.market, as_of=at(as_of))), now=at(5000))
    notes = sell(late, "-100", "50000", of=of, minute=minute).notes
    end = "; if that is a slip, void the entry"
    assert notes == (() if told == "none" else (f"{of.name}: the price of 50000 is 25 % above {told}{end}",))


def test_a_delivery_is_held_against_the_last_price_that_was_known_by_then(clerk: Clerk) -> None:
    book = portfolio(wallets={"BTC": "1"}, contracts={**CONTRACTS, DATED.name: DATED})
    late = replace(clerk, portfolio=replace(book, market=replace(book.market, as_of=at(4000))), now=at(5000))
    sell(late, "-100", "41000", of=DATED, minute=10)
    assert sell(replace(late, dry_run=True), "100", "50000", of=DATED, minute=2880).notes == ()  # two days later
    recording.single(
        replace(late, time=at(2800)), lambda scene: drafts.spot(scene, "BTC", quantity=F("0.1"), price=F(44000))
    )
    (note,) = sell(late, "100", "50000", of=DATED, minute=2881).notes
    assert note.startswith("BTCUSDZ26: the price of 50000 is 14 % above the price of 2026-11-22T06:40:00Z, 44000; ")


def test_what_is_there_already_is_not_noted_again(clerk: Clerk) -> None:
    named = replace(clerk, id="ex-1")
    assert sell(named, "-100", "64000").notes
    assert sell(named, "-100", "64000").notes == ()


def test_funding_of_what_was_never_open_is_refused(clerk: Clerk) -> None:
    with pytest.raises(Refused, match=r"^ETHUSD was never open, by the statement or the journal, .*record its fill"):
        pay(clerk, "0.001", of=ETHUSD)
    sell(clerk, "-10000")
    with pytest.raises(Refused, match=r"ETHUSD was never open"):
        pay(clerk, "0.001", of=ETHUSD, time=at(60))
    assert pay(clerk, "0.001", time=at(60)).entries


def test_a_voided_fill_opened_nothing(clerk: Clerk) -> None:
    _, line = sell(clerk, "-10000").entries
    recording.single(clerk, lambda scene: drafts.void(scene, line.id, because="a slip"))
    with pytest.raises(Refused, match=r"BTCUSD was never open"):
        pay(clerk, "0.001")


def test_funding_that_the_statement_covers_moves_no_coin(clerk: Clerk) -> None:
    told = pay(replace(clerk, settled=True), "0.001", of=ETHUSD, time=at(-30))
    assert (len(told.entries), told.coins) == (2, ())


def test_funding_of_more_than_a_hundredth_is_noted(clerk: Clerk) -> None:
    # 10,000 contracts of a dollar are 0.25 BTC at 40,000.
    sell(clerk, "-10000", minute=10)
    assert pay(clerk, "0.0025", time=at(20)).notes == ()
    (note,) = pay(clerk, "-0.0375", time=at(21)).notes
    assert note == (
        "BTCUSD: funding of -0.0375 BTC is 15.0 % of the position's value, 0.25 BTC for 10000 contracts; "
        "if that is a slip, void the entry"
    )


def test_late_funding_is_held_against_what_was_open(clerk: Clerk) -> None:
    sell(clerk, "-10000", minute=10)
    sell(clerk, "10000", minute=20)
    assert pay(clerk, "0.0025", time=at(30)).notes == ()
    assert pay(clerk, "0.026", time=at(31)).notes


def test_a_linear_contract_is_worth_dollars(clerk: Clerk) -> None:
    # 1,000 contracts of 0.1 SOL at 150 are 15,000 dollars.
    sell(clerk, "-1000", "150", of=SOLUSDT, minute=10)
    assert pay(clerk, "150", of=SOLUSDT, time=at(20)).notes == ()
    assert "15000 USDT for 1000 contracts" in pay(clerk, "151", of=SOLUSDT, time=at(21)).notes[0]


def doubted(clerk: Clerk, record: Callable[[Clerk], Recorded]) -> str:
    """What is asked of a record; a no, and nobody to ask, leave everything as it is."""
    before = journal_bytes(clerk)
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(Refused, match=r"^nothing was recorded$"):
        record(replace(clerk, sure=False, ask=no))
    assert journal_bytes(clerk) == before
    with pytest.raises(Refused) as refused:
        record(replace(clerk, sure=False))
    assert journal_bytes(clerk) == before
    (question,) = asked
    doubt = question.removeprefix("rebal: ").removesuffix(". Record it all the same?")
    assert str(refused.value) == f"{doubt}; nothing was recorded: correct it, or give --yes if it is so"
    shown = record(replace(clerk, dry_run=True)).notes
    assert all(any(said in note for note in shown) for said in doubt.split("; "))
    assert record(replace(clerk, sure=False, ask=lambda _: True)).entries
    return doubt


def journal_bytes(clerk: Clerk) -> bytes | None:
    return Path(clerk.path).read_bytes() if Path(clerk.path).exists() else None


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("30000", None),
        ("40000", None),
        ("24000", "BTCUSD: the price of 24000 is 20 % below the plan's price of BTC, 30000"),
    ],
)
def test_a_fill_of_a_plan_is_held_against_the_plans_price_too(price: str, told: str | None) -> None:
    planned = replace(fill("-100", price), index_price=F(30000))
    added = add(Journal(), [draft(planned, 1)])
    said = tuple(mistakes.notes(portfolio(), added, dry_run=True))
    assert said == (() if told is None else (f"{told}; if that is a slip, correct it before it is recorded",))


def test_a_price_that_cannot_be_one_is_asked_about(clerk: Clerk) -> None:
    told = doubted(clerk, lambda at: sell(at, "-100", "4000"))
    assert told == "BTCUSD: the price of 4000 is 90 % below the mark, 40000"
    # a second fill near the first is near a price of the contract, if far from the mark
    assert sell(replace(clerk, sure=False), "-100", "4100", minute=60).entries
    assert sell(replace(clerk, sure=False), "-100", "80000", minute=60).entries


def test_funding_of_more_than_a_twentieth_is_asked_about(clerk: Clerk) -> None:
    # 10,000 contracts of a dollar are 0.25 BTC at 40,000, a twentieth of them 0.0125.
    sell(clerk, "-10000", minute=10)
    careful = replace(clerk, sure=False)
    assert pay(careful, "0.0125", time=at(20)).notes
    told = doubted(clerk, lambda at_: pay(at_, "-0.013", time=at(21)))
    assert told.startswith("BTCUSD: funding of -0.013 BTC is 5.2 % of the position's value, 0.25 BTC")


def test_a_fill_that_turns_the_position_is_asked_about(clerk: Clerk) -> None:
    sell(clerk, "-149", minute=10)
    assert sell(replace(clerk, sure=False), "149", minute=20).entries
    sell(clerk, "-149", minute=30)
    told = doubted(clerk, lambda at_: sell(at_, "14900", minute=40))
    assert told == "BTCUSD: 14900 contracts turn the -149 that are open around, into 14751"


def test_a_fill_that_turns_its_purpose_is_asked_about(clerk: Clerk) -> None:
    sell(clerk, "-100", minute=10)
    other = (part("-500", "rebalance"),)
    at_10 = replace(clerk, time=at(10))
    recording.single(at_10, lambda scene: [drafts.fill(scene, BTCUSD, contracts=F(-500), price=F(40000), parts=other)])
    told = doubted(clerk, lambda at_: sell(at_, "120", minute=40))
    assert told == "BTCUSD: 120 contracts turn the -100 that are open for hedge around, into 20"


def test_a_fill_entered_late_is_held_against_what_was_open_at_its_time(clerk: Clerk) -> None:
    sell(clerk, "100", minute=30)
    assert sell(replace(clerk, sure=False), "-200", minute=10).entries  # opened 20 minutes before, when all was flat
    told = doubted(clerk, lambda at_: sell(at_, "300", minute=20))
    assert told == "BTCUSD: 300 contracts turn the -200 that are open around, into 100"


def test_a_fill_worth_more_than_everything_is_asked_about(clerk: Clerk) -> None:
    # 2 BTC at 40,000, 14 ETH at 2,500 and 5,000 USDT are 120,000 dollars; contracts of ETHUSD are of ten.
    assert sell(replace(clerk, sure=False), "-12000", "2500", of=ETHUSD, minute=10).entries
    told = doubted(clerk, lambda at_: sell(at_, "-1", "2500", of=ETHUSD, minute=20))
    assert told == (
        "ETHUSD: -12001 contracts are worth 120010 USD, more than everything held, 120000 USD; contracts are meant, "
        "not dollars"
    )


def test_a_sale_without_its_dollars_is_asked_about(clerk: Clerk) -> None:
    def sale(at_: Clerk, **given: str) -> Recorded:
        return recording.single(
            at_, lambda scene: drafts.spot(scene, "BTC", quantity=F("-0.5"), price=F(41000), **given)
        )

    assert doubted(clerk, sale) == (
        "0.5 BTC sold at 41000, and nothing says where the dollars went; --against USDT records them as well"
    )
    careful = replace(clerk, sure=False, time=at(59))
    assert len(sale(careful, against="USDT").entries) == 2
    gone = recording.single(careful, lambda scene: drafts.spot(scene, "BTC", quantity=F("-0.1")))
    assert len(gone.entries) == 1


def test_a_position_of_the_statement_that_is_no_position_is_asked_about_with_the_first_entry(clerk: Clerk) -> None:
    odd = {"BTCUSD": opened(BTCUSD, contracts=F("-10.5"), entry_price=F(400))}
    mine = replace(clerk, portfolio=portfolio(positions=odd))
    told = doubted(mine, lambda at_: sell(at_, "-100", "2500", of=ETHUSD))
    assert told == (
        "positions.BTCUSD: -10.5 contracts are no whole lots of 1; positions.BTCUSD: the entry price of 400 is far "
        "from any price, as 40000"
    )
    assert sell(replace(mine, sure=False), "-200", "2500", of=ETHUSD).entries


def test_a_later_statement_is_asked_about_where_it_says_what_none_before_it_did(clerk: Clerk) -> None:
    sell(clerk, "-100", minute=10)
    odd = {"BTCUSD": opened(BTCUSD, contracts=F("-10.5"), entry_price=F(40000))}
    on = replace(clerk, portfolio=portfolio(positions=odd, as_of=at(20)), sure=False)
    assert doubted(on, recording.statement) == "positions.BTCUSD: -10.5 contracts are no whole lots of 1"
    assert sell(on, "-100", "2500", of=ETHUSD, minute=25).entries
    both = odd | {"ETHUSD": opened(ETHUSD, contracts=F(-100), entry_price=F(200))}
    further = replace(on, portfolio=portfolio(positions=both, as_of=at(30)))
    assert doubted(further, recording.statement) == (
        "positions.ETHUSD: the entry price of 200 is far from any price, as 2500"
    )


def test_what_the_statement_covers_is_not_asked_about(clerk: Clerk) -> None:
    early = replace(clerk, sure=False, settled=True)
    assert sell(early, "-14900000", "4000", minute=-30).entries


def test_a_journal_that_went_on_meanwhile_is_not_written_to(clerk: Clerk) -> None:
    sell(clerk, "-149", minute=10)
    before = journal_bytes(clerk)

    def meanwhile(_: str) -> bool:
        sell(clerk, "-1", minute=15)
        return True

    with pytest.raises(Refused, match=r"the journal went on meanwhile"):
        sell(replace(clerk, sure=False, ask=meanwhile), "14900", minute=40)
    assert journal_bytes(clerk) != before
