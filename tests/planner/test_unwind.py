"""What unwinding closes, what that brings, and what spot has made needless: figures worked out by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Part, Position, Purpose, opened
from rebal.commands._cures import cured
from rebal.findings import Code, Finding, Severity
from rebal.ledger import Carried
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner.unwind import Ladder, build_unwind
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, portfolio

F = Fraction
BTC = inverse("BTC", "100")
ETH = inverse("ETH", "1")


def book_of(*positions: Position, targets: dict[str, str] | None = None, usd: str = "0") -> Portfolio:
    return portfolio(
        {"BTC": "1", "ETH": "16", "USD": usd}, targets, {"BTC": "40000", "ETH": "2500"},
        tuple(each.contract for each in positions), wallets={"BTC": "1", "ETH": "16"}, positions=positions,
    )  # fmt: skip


def short(contract: Contract, contracts: int, *, entry: int = 40000, hedge: int = 0) -> Position:
    return opened(contract, contracts=F(-contracts), entry_price=F(entry), hedge=F(-hedge))


def signed(plan: Plan) -> dict[str, Fraction]:
    return {order.contract: order.signed for order in plan.orders}


def needless(plan: Plan) -> list[Finding]:
    return [finding for finding in plan.findings if finding.code is Code.NEEDLESS]


def test_a_share_is_closed_in_whole_lots_rounded_toward_zero() -> None:
    coarse = inverse("BTC", "100", lot="10", minimum="15")
    made = book_of(short(coarse, 45))
    assert signed(build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 2))) == {"BTCUSD": 20}
    assert signed(build_unwind(made, made.statement, inputs=INPUTS)) == {"BTCUSD": 45}


@pytest.mark.parametrize(("contracts", "closed"), [(45, -20), (-45, 20), (50, -20), (-50, 20)])
def test_a_share_of_a_long_and_of_a_short_is_rounded_toward_nothing(contracts: int, closed: int) -> None:
    coarse = inverse("BTC", "100", lot="10")
    made = book_of(short(coarse, -contracts))
    assert signed(build_unwind(made, made.statement, inputs=INPUTS, share=exact("0.49"))) == {"BTCUSD": closed}


def test_what_only_the_journal_knows_is_closed_too() -> None:
    made = replace(book_of(short(BTC, 45)), contracts={})
    assert signed(build_unwind(made, made.statement, inputs=INPUTS)) == {"BTCUSD": 45}


def test_what_only_closes_is_not_refused_beside_what_has_expired() -> None:
    old = inverse("BTC", "100", name="BTCOLD", expiry=INPUTS.now)
    made = book_of(short(BTC, 45), short(old, 10))
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert (signed(plan), plan.refused) == ({"BTCUSD": F(45)}, False)
    (found,) = (each for each in plan.findings if each.code is Code.EXPIRED)
    assert (found.subject, found.severity) == ("BTCOLD", Severity.WARNING)


def test_only_what_is_named_is_closed_and_only_for_its_purpose() -> None:
    made = book_of(short(BTC, 100, hedge=30), short(ETH, 5000, entry=2500, hedge=1000))
    book = made.statement
    assert signed(build_unwind(made, book, inputs=INPUTS, assets=frozenset({"BTC"}))) == {"BTCUSD": 100}
    hedges = build_unwind(made, book, inputs=INPUTS, purpose=Purpose.HEDGE)
    assert signed(hedges) == {"BTCUSD": 30, "ETHUSD": 1000}
    both = build_unwind(made, book, inputs=INPUTS, assets=frozenset({"ETH"}), purpose=Purpose.REBALANCE)
    assert signed(both) == {"ETHUSD": 4000}


def test_what_closing_brings_has_the_fees_and_the_funding_of_what_is_closed() -> None:
    # 40,000 dollars short from 50,000: 0.8 BTC then, 1 BTC now; the fee of closing is 0.05 % of that
    made = book_of(short(BTC, 400, entry=50000))
    so_far = {"BTCUSD": Carried("BTCUSD", F("0.001"), F("0.0005"))}
    (line,) = build_unwind(made, made.statement, inputs=INPUTS, carried=so_far).pnl
    assert (line.coin, line.usd, line.fees_coin, line.funding_coin) == (F("0.2"), F(8000), F("0.0015"), F("0.0005"))
    assert line.net_usd == F("0.199") * 40000
    (half,) = build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 2), carried=so_far).pnl
    assert (half.coin, half.usd, half.fees_coin, half.funding_coin) == (F("0.1"), F(4000), F("0.00075"), F("0.00025"))
    (bare,) = build_unwind(made, made.statement, inputs=INPUTS).pnl
    assert (bare.fees_coin, bare.funding_coin, bare.net_usd) == (F("0.0005"), F(0), F("0.1995") * 40000)


def test_what_closing_parts_of_a_contract_brings_has_its_share_of_the_fees_too() -> None:
    """0.8 contracts of 100 dollars that paid 0.000001 BTC so far: 0.4 of them, half of it, and half of its funding."""
    parted = inverse("BTC", "100", lot="0.1")
    made = book_of(opened(parted, contracts=exact("-0.8"), entry_price=F(40000)))
    so_far = {"BTCUSD": Carried("BTCUSD", F("0.000001"), F("0.000003"))}
    for share, closed in ((F(1), exact("0.8")), (F(1, 2), exact("0.4"))):
        plan = build_unwind(made, made.statement, inputs=INPUTS, share=share, carried=so_far)
        assert signed(plan) == {"BTCUSD": closed}
        (line,) = plan.pnl
        fee = closed * 100 / 40000 * exact("0.0005")
        assert (line.fees_coin, line.funding_coin) == (share * exact("0.000001") + fee, share * exact("0.000003"))


def test_what_each_contract_brings_is_told_by_name_in_whatever_order_it_is_placed() -> None:
    longs = opened(BTC, contracts=F(100), entry_price=F(40000))
    made = book_of(longs, short(ETH, 12000, entry=2500))
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert [order.contract for order in plan.orders] == ["ETHUSD", "BTCUSD"]
    assert [line.contract for line in plan.pnl] == ["BTCUSD", "ETHUSD"]


def test_the_share_that_spot_has_made_needless_is_named() -> None:
    # 120,000 dollars; BTC counts 40,000 less 10,000 and is to count 36,000: 6,000 of the short have done their work
    made = book_of(
        short(BTC, 150, hedge=50), targets={"BTC": "0.3", "ETH": "0.35", "USD": "0.35"}, usd="40000"
    )  # fmt: skip
    (found,) = needless(cured(build_unwind(made, made.statement, inputs=INPUTS, force=True)))
    assert (found.subject, found.data["spent_usd"], found.data["open_usd"], found.data["share"]) == (
        "BTC", 6000, 10000, F(3, 5)
    )  # fmt: skip
    assert found.message.endswith("rebal unwind BTC --purpose rebalance --pct 60")
    assert needless(build_unwind(made, made.statement, inputs=INPUTS, purpose=Purpose.HEDGE)) == []
    without = book_of(short(BTC, 150, hedge=50), usd="40000")
    assert needless(build_unwind(without, without.statement, inputs=INPUTS)) == []


@pytest.mark.parametrize(
    ("weight", "dollars", "told"), [("0.25005", "0.39995", []), ("0.251", "0.399", [(120, "0.012")])]
)
def test_what_no_order_could_close_is_not_named(weight: str, dollars: str, told: list[tuple[int, str]]) -> None:
    # BTC counts 30,000 of 120,000: of the 10,000 short 6 and 120 are no longer needed, in lots of 100
    targets = {"BTC": weight, "ETH": "0.35", "USD": dollars}
    made = book_of(short(BTC, 150, hedge=50), targets=targets, usd="40000")
    found = needless(build_unwind(made, made.statement, inputs=INPUTS, force=True))
    assert [(each.data["spent_usd"], each.data["share"]) for each in found] == [
        (usd, exact(part)) for usd, part in told
    ]


def test_the_share_that_is_named_closes_whole_lots_of_it() -> None:
    # 4,000 of 9,000 are no longer needed: 44.444445 % of 90 lots are 40 of them, where 44.4 % were 39
    made = book_of(short(BTC, 90), targets={"BTC": "0.25", "ETH": "0.35", "USD": "0.4"}, usd="60000")
    (found,) = needless(cured(build_unwind(made, made.statement, inputs=INPUTS, force=True)))
    assert found.message.endswith("--pct 44.444445 --force")
    share = found.data["share"]
    assert isinstance(share, F)
    plan = build_unwind(made, made.statement, inputs=INPUTS, purpose=Purpose.REBALANCE, share=share, force=True)
    assert [order.contracts for order in plan.orders] == [40]


def test_without_targets_no_share_is_needless() -> None:
    """10,000 dollars are short of 5,000 in coins: half of it stands for nothing, but nobody said what is wanted."""
    targets = {"BTC": "0", "USD": "1"}
    for wanted, told in ((targets, [F(1, 2)]), (None, [])):
        made = portfolio({"BTC": "0.125", "USD": "9000"}, wanted, {"BTC": "40000"}, (BTC,), wallets={"BTC": "0.125"},
                         positions=(short(BTC, 100),))  # fmt: skip
        assert [each.data["share"] for each in needless(build_unwind(made, made.statement, inputs=INPUTS))] == told


def test_what_stands_for_another_asset_is_no_part_of_a_share() -> None:
    """Of 20,000 short on one contract the half stands for ETH; of the other half BTC needs 6,000 no more."""
    parts = (Part(Purpose.REBALANCE, F(-100), F(40000), "BTC"), Part(Purpose.REBALANCE, F(-100), F(40000), "ETH"))
    made = portfolio(
        {"BTC": "1", "ETH": "16", "USD": "40000"}, {"BTC": "0.3", "ETH": "0.25", "USD": "0.45"},
        {"BTC": "40000", "ETH": "2500"}, (BTC,), wallets={"BTC": "1"}, proxies={"ETH": ("BTC", "1")},
        positions=(Position(BTC, F(-200), F(40000), None, parts),),
    )  # fmt: skip
    found = needless(build_unwind(made, made.statement, inputs=INPUTS, force=True))
    assert [(each.subject, each.data["spent_usd"], each.data["open_usd"]) for each in found] == [("BTC", 6000, 10000)]


def test_what_is_needless_is_told_by_name() -> None:
    made = book_of(
        short(ETH, 10000, entry=2500), short(BTC, 100), targets={"BTC": "0.3", "ETH": "0.3", "USD": "0.4"}, usd="40000"
    )
    found = needless(build_unwind(made, made.statement, inputs=INPUTS, force=True))
    assert [(each.subject, each.data["spent_usd"]) for each in found] == [("BTC", 6000), ("ETH", 6000)]


def test_of_legs_that_cancel_out_spot_makes_none_needless() -> None:
    """As much is long as short, and so no share of it is spent, whatever the coins weigh."""
    other = replace(BTC, name="BTCZ", expiry=INPUTS.now + timedelta(days=90))
    made = book_of(short(BTC, 100), short(other, -100), targets={"BTC": "0.3", "ETH": "0.35", "USD": "0.35"})
    plan = build_unwind(made, made.statement, inputs=INPUTS, force=True)
    assert signed(plan) == {"BTCUSD": 100, "BTCZ": -100}
    assert needless(plan) == []


def test_what_spot_does_not_match_is_refused_unless_it_is_forced() -> None:
    # half of the coin is sold short in place of spot: closing it leaves all of it, where half is wanted
    contract = inverse("BTC", "1")
    short = opened(contract, contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (contract,),
                     wallets={"BTC": "1"}, positions=(short,))  # fmt: skip
    asked = build_unwind(made, made.statement, inputs=INPUTS)
    forced = build_unwind(made, made.statement, inputs=INPUTS, force=True)
    assert (asked.refused, asked.spot_matches) == (True, False)
    assert (forced.refused, forced.spot_matches) == (False, False)
    assert asked.orders == forced.orders


def test_without_targets_there_is_nothing_that_spot_could_match() -> None:
    made = book_of(short(BTC, 100))
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert (plan.spot_matches, plan.refused, signed(plan)) == (None, False, {"BTCUSD": F(100)})


def test_a_share_that_is_less_than_a_lot_closes_nothing_and_asks_nothing_of_spot() -> None:
    made = book_of(short(BTC, 45), targets={"BTC": "0.9", "ETH": "0.1"})
    plan = build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 50))
    assert (plan.orders, plan.spot_matches, plan.refused) == ((), None, False)
    assert build_unwind(made, made.statement, inputs=INPUTS, share=F(1, 45)).spot_matches is False


def test_what_no_target_names_is_to_be_nothing() -> None:
    """1 BTC beside 40,000 dollars that nobody asked for: half of it all, once the short is closed."""
    made = portfolio({"BTC": "1", "USD": "40000"}, {"BTC": "1"}, {"BTC": "40000"}, (BTC,), wallets={"BTC": "1"},
                     positions=(short(BTC, 100),))  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    told = {each.subject: each for each in plan.findings if each.code is Code.SPOT_DIFFERS}
    assert [*told] == ["BTC", "USD"]
    assert (told["BTC"].data["target_weight"], told["USD"].data["target_weight"]) == (1, 0)
    assert told["USD"].message == (
        "spot does not match its target yet: closing leaves 50.0 % against 0.0 %; trade the spot first and record it"
    )


def test_what_makes_a_net_larger_closes_no_share_of_it() -> None:
    """0.3 short for a hedge and 0.2 long: closing the long, of a net of 0.1, realises nothing that was paid for it."""
    parted = inverse("BTC", "100", lot="0.1")
    made = book_of(opened(parted, contracts=exact("-0.1"), entry_price=F(40000), hedge=exact("-0.3")))
    so_far = {"BTCUSD": Carried("BTCUSD", F("0.001"), F("0.003"))}
    plan = build_unwind(made, made.statement, inputs=INPUTS, purpose=Purpose.REBALANCE, carried=so_far)
    assert signed(plan) == {"BTCUSD": exact("-0.2")}
    (line,) = plan.pnl
    # 20 dollars at 40,000, and 0.05 % of it to the step above
    assert (line.coin, line.fees_coin, line.funding_coin) == (F(0), F("0.00000025"), F(0))


def test_of_hedges_alone_one_rung_may_be_closed_whatever_spot_is() -> None:
    made = book_of(short(BTC, 100, hedge=100), short(ETH, 5000, entry=2500, hedge=5000),
                   targets={"BTC": "0.9", "ETH": "0.1"})  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder())
    assert (len(plan.ladder), plan.first_rungs, plan.spot_matches) == (2, 1, None)


def test_what_is_closed_of_a_net_of_nothing_is_no_share_of_it() -> None:
    """0.3 short for a hedge and 0.3 long are open as nothing: what they cost so far is told of neither alone."""
    parted = inverse("BTC", "100", lot="0.1")
    parts = (
        Part(Purpose.HEDGE, exact("-0.3"), F(40000), "BTC"),
        Part(Purpose.REBALANCE, exact("0.3"), F(40000), "BTC"),
    )
    made = book_of(Position(parted, F(0), F(40000), None, parts))
    so_far = {"BTCUSD": Carried("BTCUSD", F("0.001"), F("0.003"))}
    (line,) = build_unwind(made, made.statement, inputs=INPUTS, purpose=Purpose.HEDGE, carried=so_far).pnl
    assert (line.coin, line.fees_coin, line.funding_coin) == (F(0), F("0.00000038"), F(0))


def test_no_more_than_all_of_a_net_is_closed_of_what_was_paid_for_it() -> None:
    """0.3 short for a hedge beside 0.2 long: closing the hedge is thrice the net of 0.1, and all it cost so far."""
    parted = inverse("BTC", "100", lot="0.1")
    made = book_of(opened(parted, contracts=exact("-0.1"), entry_price=F(40000), hedge=exact("-0.3")))
    so_far = {"BTCUSD": Carried("BTCUSD", F("0.001"), F("0.003"))}
    plan = build_unwind(made, made.statement, inputs=INPUTS, purpose=Purpose.HEDGE, carried=so_far)
    (line,) = plan.pnl
    # 30 dollars at 40,000, and 0.05 % of it to the step above
    assert (line.fees_coin, line.funding_coin) == (F("0.001") + F("0.00000038"), F("0.003"))


def test_only_a_ladder_that_may_be_placed_says_how_many_rungs_go_first() -> None:
    made = book_of(short(BTC, 100), targets={"BTC": "0.9", "ETH": "0.1"})
    for force, ladder, first in ((True, Ladder(), 1), (True, None, None), (False, Ladder(), None)):
        plan = build_unwind(made, made.statement, inputs=INPUTS, force=force, ladder=ladder)
        assert (plan.refused, plan.first_rungs) == (not force, first)


def test_of_rungs_only_those_that_are_closed_ask_anything_of_spot() -> None:
    """The hedge of BTC pays for its short and goes first; the short of ETH, which stands for spot, is left."""
    made = portfolio(
        {"BTC": "1", "ETH": "16"}, {"BTC": "0.9", "ETH": "0.1"}, {"BTC": "40000", "ETH": "2500"}, (BTC, ETH),
        wallets={"BTC": "1", "ETH": "16"}, funding={"BTCUSD": "-0.0001", "ETHUSD": "0.0001"},
        positions=(short(BTC, 100, hedge=100), short(ETH, 5000, entry=2500)),
    )  # fmt: skip
    for rungs, matches in ((1, None), (2, False)):
        plan = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder(rungs))
        assert [order.contract for order in plan.orders] == ["BTCUSD", "ETHUSD"][:rungs]
        assert (plan.spot_matches, plan.refused) == (matches, rungs == 2)
