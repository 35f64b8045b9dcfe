"""A saved plan becomes entries once, as it was filled, and only while it is still true."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import Fraction, plain
from rebal.book import Book, HedgeAsked, Purpose, opened
from rebal.errors import InvalidInput, Refused, UsageProblem
from rebal.journal import saved
from rebal.journal.adding import Added, add
from rebal.journal.filling import shares
from rebal.journal.fold import fold
from rebal.journal.from_plan import left_open, refuse_future
from rebal.journal.placed import Given, Moved, Placed
from rebal.journal.saved import SavedOrder, SavedPart
from rebal.ledger import Draft, EntryType, Fill, Journal, Spot, Transfer, Void
from rebal.plan import Plan
from rebal.policy import Uncovered
from rebal.portfolio import Portfolio

from .books import BTCUSD, CONTRACTS, LATER, PRICES, at, portfolio
from .plans import HALF, hedged, planned, read, rebalancing, record, text_of, unwound

F = Fraction


def test_a_recorded_plan_leaves_nothing_to_plan() -> None:
    book = rebalancing()
    plan = planned(book)
    assert plan.orders
    assert plan.transfers
    added = record(plan, book)
    after = planned(book, added.after)
    assert (after.orders, after.transfers, after.changes) == ((), (), False)
    assert [entry.type for entry in added.new] == [
        EntryType.TRANSFER if step.kind.value == "transfer" else EntryType.FILL for step in plan.steps
    ]
    digest = read(plan).digest
    assert {entry.plan for entry in added.new} == {digest}
    assert all(entry.id.startswith(f"{digest[:16]}.") for entry in added.new)


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("wallets", [{}, {"BTC": "0.3", "ETH": "1"}])
def test_the_book_after_is_the_plans(isolated: bool, wallets: dict[str, str]) -> None:
    book = rebalancing(isolated=isolated, wallets=wallets)
    plan = planned(book)
    made = fold(book, record(plan, book).after.entries).book
    for line in plan.positions:
        position = made.positions[line.contract]
        assert (position.contracts, position.entry_price) == (line.contracts, line.entry_price)
        assert position.margin == line.isolated_margin
        assert (position.margin is None) is not isolated
    for wallet in plan.wallets:
        if wallet.contract is None:
            own = [each.margin for each in made.positions.values() if each.contract.settle == wallet.currency]
            assert made.wallets[wallet.currency] - sum(margin or F(0) for margin in own) == wallet.balance
    again = planned(book, record(plan, book).after)
    assert (again.orders, again.transfers) == ((), ())


def test_a_recorded_hedge_leaves_nothing_to_hedge() -> None:
    book = portfolio()
    first = record(hedged(book), book)
    assert first.new[-1].event == HedgeAsked("BTC", HALF, price=F(40000))
    assert not hedged(book, HALF, first.after).changes
    second = record(hedged(book, F("0.3"), first.after), book, first.after)
    assert fold(book, second.after.entries).book.hedges == {"BTC": HedgeAsked("BTC", F("0.3"), price=F(40000))}
    assert [entry.event.contracts for entry in second.new if isinstance(entry.event, Fill)] == [16006]
    third = record(hedged(book, F("0.3"), second.after), book, second.after)
    assert third.new == ()


def test_a_recorded_unwind_leaves_nothing_open() -> None:
    book = portfolio()
    hedge = record(hedged(book), book).after
    closing_half, closing_all = unwound(book, hedge, share=HALF), unwound(book, hedge)
    assert [(each.asset, each.fraction) for each in closing_half.hedges] == [("BTC", F("0.25"))]
    assert closing_all.hedges == ()
    half = record(closing_half, book, hedge)
    assert fold(book, half.after.entries).book.hedges == {"BTC": HedgeAsked("BTC", F("0.25"), price=F(40000))}
    whole = record(closing_all, book, hedge)
    made = fold(book, whole.after.entries).book
    assert (made.positions, made.hedges) == ({}, {})
    assert made.wallets["BTC"] == 0


def test_what_a_rescue_closes_of_a_hedge_is_no_longer_asked_for() -> None:
    book = portfolio()
    hedge = record(hedged(book), book).after
    rescue = replace(unwound(book, hedge, share=HALF), command="rescue")
    added = record(rescue, book, hedge)
    assert fold(book, added.after.entries).book.hedges == {"BTC": HedgeAsked("BTC", F("0.25"), price=F(40000))}
    assert record(rescue, book, added.after).new == ()


def test_recording_twice_changes_nothing() -> None:
    book = rebalancing()
    plan = planned(book)
    once = record(plan, book)
    twice = record(plan, book, once.after)
    assert (twice.new, twice.repeated) == ((), once.new)
    reordered = json.dumps(json.loads(text_of(plan)), sort_keys=True)
    assert record(saved.read(reordered, "plan.json"), book, once.after).new == ()
    elsewhere = replace(book, statement_sha256="f" * 64, as_of=LATER)
    assert record(plan, elsewhere, once.after).new == ()


def test_entries_that_follow_do_not_stop_a_retry() -> None:
    book = rebalancing()
    plan = planned(book)
    since = add(record(plan, book).after, [Draft(Spot("BTC", F(1)), LATER)]).after
    assert record(plan, book, since).new == ()


def test_a_refused_plan_is_not_recorded() -> None:
    made = rebalancing()
    book = replace(made, contracts={}, policy=replace(made.policy, uncovered=Uncovered.REFUSE))
    plan = planned(book)
    assert plan.refused
    with pytest.raises(Refused, match=r"was refused and cannot be recorded: .* BTC|was refused and cannot be recorded"):
        record(plan, book)


def change_statement(book: Portfolio) -> Portfolio:
    statement = replace(book.statement, holdings={**book.statement.holdings, "BTC": F("1.5")})
    return replace(book, statement=statement, statement_sha256="b" * 64)


def open_a_position(book: Portfolio) -> Portfolio:
    positions = {"BTCUSD": opened(BTCUSD, contracts=F(-7), entry_price=F(40000))}
    return replace(book, statement=replace(book.statement, positions=positions), statement_sha256="b" * 64)


def respecify(**figures: Any) -> Callable[[Portfolio], Portfolio]:
    changed = replace(BTCUSD, **figures)
    return lambda book: replace(book, contracts={**book.contracts, "BTCUSD": changed})


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (change_statement, "holdings.BTC was 2, is 1.5"),
        (open_a_position, "the position in BTCUSD was 0, is -7"),
        (lambda book: replace(book, statement_sha256="b" * 64), "the statement .wallets, entry prices"),
        (lambda book: replace(book, as_of=at(5), statement_sha256="b" * 64),
         "as_of was 2026-11-20T08:00:00Z, is 2026-11-20T08:05:00Z"),
        (lambda book: replace(book, venue="okx", statement_sha256="b" * 64), "venue was bybit, is okx"),
        (lambda book: replace(book, contracts={}), "BTCUSD is no contract any more"),
        (respecify(multiplier=F(100)), "the notional of the order in BTCUSD was 20000, would be 2000000"),
        (respecify(taker_fee=F("0.0006")), "the taker fee of the order in BTCUSD was"),
        (respecify(settle="USDT"), "the settlement coin of the order in BTCUSD was BTC, would be USDT"),
        (respecify(lot_size=F(7)), "20000 BTCUSD are no whole lots of 7"),
    ],
)  # fmt: skip
def test_a_plan_of_what_moved_is_refused(change: Callable[[Portfolio], Portfolio], moved: str) -> None:
    book = rebalancing()
    with pytest.raises(Refused, match=f"no longer what the plan was made from: .*{moved}"):
        record(planned(book), change(book))


def test_a_plan_is_refused_once_the_journal_went_on() -> None:
    book = rebalancing()
    plan = planned(book)
    grown = add(Journal(), [Draft(Spot("ETH", F(1)), LATER, "bought")]).after
    with pytest.raises(Refused, match=r"the journal has a spot since, bought"):
        record(plan, book, grown)
    later = planned(book, grown)
    with pytest.raises(Refused, match=r"the journal had 1 entries, has 0"):
        record(later, book)
    other = add(Journal(), [Draft(Spot("ETH", F(2)), LATER, "bought")]).after
    with pytest.raises(Refused, match=r"another one: its entry 1 differs"):
        record(later, book, other)
    assert record(later, book, grown).new


def settled_in_cheaper_dollars() -> Portfolio:
    """SOL to be bought through a linear contract, while its settlement coin is worth 0.99 USD."""
    made = portfolio(holdings={"SOL": "100", "USDT": "30000"}, prices={**PRICES, "USDT": F("0.99")})
    return replace(made, targets={"SOL": F(1, 2), "USD": F(1, 2)}, contracts={"SOLUSDT": CONTRACTS["SOLUSDT"]})


def test_a_plan_in_linear_contracts_is_recorded_whatever_their_dollars_are_worth() -> None:
    book = settled_in_cheaper_dollars()
    plan = planned(book)
    # 44,700 USD in all, half of it in SOL, of which 15,000 are there: 7,350 at 15 x 0.99 USD a contract
    (order,) = plan.orders
    assert (order.signed, order.notional) == (F(494), 494 * 15 * F("0.99"))
    assert record(plan, book).new
    dearer = replace(book, market=replace(book.market, prices={**book.market.prices, "USDT": F("1.01")}))
    assert record(plan, dearer).new
    larger = replace(CONTRACTS["SOLUSDT"], multiplier=F(1))
    with pytest.raises(Refused, match=r"the size in coins of the order in SOLUSDT was 49\.4, would be 494"):
        record(plan, replace(book, contracts={"SOLUSDT": larger}))


def test_prices_and_policy_may_move() -> None:
    book = rebalancing()
    moved = replace(book, market=replace(book.market, prices={**book.market.prices, "BTC": F(41000)}))
    assert record(planned(book), moved).new


def one_fill(plan: Plan, ratio: Fraction | int = 1, price: str = "40100", **given: Any) -> Given:
    order = plan.orders[0]
    return Given(order.contract, F(round(order.contracts * ratio)), exact(price), **given)


def ends(plan: Plan, before: Journal, after: Journal, given: Sequence[Given] | None = None, **said: Any) -> list[str]:
    return list(left_open(read(plan), Placed(given, **said), before=before, after=after))


def test_fills_as_they_happened() -> None:
    book = rebalancing()
    plan = planned(book)
    first = plan.orders[0]
    added = record(plan, book, given=[one_fill(plan)])
    (filled,) = (entry.event for entry in added.new if isinstance(entry.event, Fill))
    contract = book.contracts[first.contract]
    assert (filled.contracts, filled.price) == (first.signed, F(40100))
    assert filled.fee == contract.fee(first.contracts, F(40100), contract.taker_fee)
    second = plan.orders[1]
    assert ends(plan, Journal(), added.after, [one_fill(plan)]) == [
        f"{second.contract}: taken as not filled, {second.contracts} contracts were ordered"
    ]
    assert ends(plan, Journal(), record(plan, book).after) == []


def test_a_plan_filled_in_parts_is_recorded_in_parts() -> None:
    book = rebalancing()
    plan = planned(book)
    third, rest = one_fill(plan, F(1, 3)), one_fill(plan, F(2, 3), "40200")
    first = record(plan, book, given=[third])
    assert record(plan, book, first.after, given=[third]).new == ()
    second = record(plan, book, first.after, given=[third, rest])
    assert [entry.id for entry in second.new] == [f"{read(plan).digest[:16]}.order.0.{rest.contracts}@40200"]
    fills = [entry.event for entry in second.after.entries if isinstance(entry.event, Fill)]
    assert sum(fill.contracts for fill in fills) == plan.orders[0].signed
    assert fills[1].contracts_before == fills[0].contracts
    with pytest.raises(Refused, match=r"40300|1 filled, and of .* ordered 0 are left"):
        record(plan, book, second.after, given=[Given(plan.orders[0].contract, F(1), F(40300))])


def test_an_order_through_zero_keeps_its_margin_mode_however_it_fills() -> None:
    long = opened(BTCUSD, contracts=F(1000), entry_price=F(40000))
    book = rebalancing(isolated=True, wallets={"BTC": "1"}, positions={"BTCUSD": long})
    plan = planned(book)
    (order,) = (each for each in plan.orders if each.contract == "BTCUSD")
    assert order.signed < -1000
    to_flat = Given("BTCUSD", F(1000), order.price)
    beyond = Given("BTCUSD", order.contracts - 1000, order.price)
    first = record(plan, book, given=[to_flat])
    left = fold(book, record(plan, book, first.after, given=[beyond]).after.entries).book.positions["BTCUSD"]
    assert (left.contracts, left.margin) == (1000 + order.signed, None)


def test_more_than_was_ordered_is_refused() -> None:
    book = rebalancing()
    plan = planned(book)
    with pytest.raises(Refused, match=r"`rebal record fill` takes what goes beyond a plan"):
        record(plan, book, given=[one_fill(plan, F(2))])
    with pytest.raises(UsageProblem, match=r"--fill DOGEUSD: the plan does not order it; it orders"):
        record(plan, book, given=[Given("DOGEUSD", F(1), F(1))])


def test_two_equal_fills_are_two() -> None:
    book = rebalancing()
    plan = planned(book)
    half = one_fill(plan, HALF)
    fills = [entry.id for entry in record(plan, book, given=[half, half]).new if entry.type is EntryType.FILL]
    assert fills[1] == f"{fills[0]}#2"


def test_a_fill_taken_back_may_be_filled_again() -> None:
    book = rebalancing()
    plan = planned(book)
    once = record(plan, book)
    wrong = next(entry.id for entry in once.new if entry.type is EntryType.FILL)
    back = add(once.after, [Draft(Void(wrong, "filled elsewhere"), LATER)]).after
    with pytest.raises(Refused, match=r"voided"):
        record(plan, book, back)
    added = record(plan, book, back, given=[one_fill(plan)])
    assert [entry.event.price for entry in added.new if isinstance(entry.event, Fill)] == [40100]


def test_the_same_leg_with_other_contents_is_refused() -> None:
    book = rebalancing()
    plan = planned(book)
    once = record(plan, book, given=[one_fill(plan, HALF, id="7")])
    with pytest.raises(Refused, match=r":7 is in the journal with other contents"):
        record(plan, book, once.after, given=[one_fill(plan, F(1, 4), id="7"), one_fill(plan, F(1, 4), id="8")])


def leaving() -> tuple[Portfolio, Plan]:
    """A plan that closes a short and takes its coins back out: one order, then a transfer out."""
    short = opened(BTCUSD, contracts=F(-40000), entry_price=F(40000))
    book = replace(rebalancing(wallets={"BTC": "1"}), targets={"BTC": HALF, "ETH": F(7, 24), "USD": F(5, 24)})
    book = replace(book, statement=replace(book.statement, positions={"BTCUSD": short}))
    plan = planned(book)
    assert [step.kind for step in plan.steps][-1] == "transfer"
    assert plan.transfers[-1].quantity < 0
    return book, plan


def moves(added: Added) -> list[tuple[str, Fraction]]:
    return [(entry.event.asset, entry.event.quantity) for entry in added.new if isinstance(entry.event, Transfer)]


def test_coins_to_move_out_wait_for_the_orders_before_them() -> None:
    book, plan = leaving()
    out = plan.transfers[-1]
    quarter, rest = one_fill(plan, F(1, 4), "40000"), one_fill(plan, F(3, 4), "40000")
    first = record(plan, book, given=[quarter])
    assert moves(first) == []
    wallet = fold(book, first.after.entries).book.wallets["BTC"]
    assert wallet == 1 - next(entry.event.fee for entry in first.new if isinstance(entry.event, Fill))
    (unfilled, open_) = ends(plan, Journal(), first.after, [quarter])
    assert unfilled == (
        f"BTCUSD: {rest.contracts} of {plan.orders[0].contracts} contracts are not filled yet; record them with the "
        "same command when they are"
    )
    assert open_ == (
        f"{plain(-out.quantity)} BTC out of the futures account stay open until the orders before are filled: the same "
        f"command then records it; --transfer BTC={plain(out.quantity)} if it is moved already"
    )
    assert record(plan, book, first.after, given=[quarter]).new == ()
    second = record(plan, book, first.after, given=[quarter, rest])
    assert moves(second) == [("BTC", out.quantity)]
    assert ends(plan, first.after, second.after, [quarter, rest]) == []
    assert record(plan, book, second.after).new == ()
    after = planned(book, second.after)
    assert (after.orders, after.transfers) == ((), ())


def test_what_was_moved_in_fact_is_what_counts() -> None:
    book, plan = leaving()
    quarter, out = one_fill(plan, F(1, 4), "40000"), plan.transfers[-1].quantity
    some = Moved("BTC", F("-0.1"))
    first = record(plan, book, given=[quarter], moved=[some])
    assert moves(first) == [("BTC", F("-0.1"))]
    assert record(plan, book, first.after, given=[quarter], moved=[some]).new == ()
    assert record(plan, book, first.after, moved=[some]).new == ()
    rest = one_fill(plan, F(3, 4), "40000")
    second = record(plan, book, first.after, given=[rest])
    assert moves(second) == []
    assert ends(plan, first.after, second.after, [rest]) == [
        f"{plain(-out - F('0.1'))} BTC out of the futures account stay open until it is moved: "
        f"give --transfer BTC={plain(out + F('0.1'))} then"
    ]
    third = record(plan, book, second.after, moved=[Moved("BTC", out + F("0.1"))])
    assert moves(third) == [("BTC", out + F("0.1"))]
    assert [entry.type for entry in third.new] == [EntryType.TRANSFER]
    assert ends(plan, second.after, third.after) == []


def test_coins_that_were_not_moved_in_are_not_recorded_as_moved() -> None:
    book = rebalancing()
    plan = planned(book)
    into = [transfer for transfer in plan.transfers if transfer.quantity > 0]
    none = [Moved(transfer.asset, F(0)) for transfer in into]
    first = record(plan, book, given=[], moved=none)
    assert moves(first) == []
    assert len(ends(plan, Journal(), first.after, [], moved=none)) == len(plan.orders) + len(into)
    assert moves(record(plan, book, first.after)) == [
        (transfer.asset, transfer.quantity) for transfer in plan.transfers
    ]


def test_a_transfer_that_was_taken_back_is_open_again() -> None:
    book = rebalancing()
    plan = planned(book)
    once = record(plan, book)
    moved = next(entry for entry in once.new if entry.type is EntryType.TRANSFER)
    back = add(once.after, [Draft(Void(moved.id, "never arrived"), LATER)]).after
    assert record(plan, book, back).new == ()
    assert [f"give --transfer {plan.transfers[0].asset}=" in end for end in ends(plan, back, back)] == [True]
    again = record(plan, book, back, moved=[Moved(plan.transfers[0].asset, F("0.1"))])
    assert moves(again) == [(plan.transfers[0].asset, F("0.1"))]


@pytest.mark.parametrize(
    ("moved", "problem"),
    [
        (Moved("DOGE", F(1)), "--transfer DOGE: the plan moves BTC, ETH; name one of them, as BTC=QUANTITY"),
        (
            Moved("BTC", F(-1)),
            "--transfer BTC=-1: the plan moves it into the futures account; write a positive quantity",
        ),
    ],
)
def test_a_move_that_is_none_of_the_plan_is_a_usage_error(moved: Moved, problem: str) -> None:
    book = rebalancing()
    with pytest.raises(UsageProblem, match=f"^{problem}"):
        record(planned(book), book, moved=[moved])


def test_a_transfer_recorded_as_planned_is_not_said_otherwise() -> None:
    book = rebalancing()
    plan = planned(book)
    once = record(plan, book).after
    with pytest.raises(
        Refused, match=r"the transfer is in the journal as planned, as entry 1, .*void that entry first"
    ):
        record(plan, book, once, moved=[Moved("BTC", F("0.1"))])


def test_the_margin_of_an_isolated_position_is_named_by_its_contract() -> None:
    book = rebalancing(isolated=True)
    plan = planned(book)
    assert {transfer.contract for transfer in plan.transfers} == {"BTCUSD", "ETHUSD"}
    by_contract = record(plan, book, moved=[Moved("BTCUSD", F("0.2"))])
    assert ("BTC", F("0.2")) in moves(by_contract)
    assert by_contract.new[0].event == Transfer("BTC", F("0.2"), "BTCUSD")
    assert moves(record(plan, book, moved=[Moved("BTC", F("0.2"))])) == moves(by_contract)


def test_an_equal_fill_is_another_where_its_time_says_so() -> None:
    book = rebalancing()
    plan = planned(book)
    third = one_fill(plan, F(1, 4), "40000")
    first = record(plan, book, given=[third], time=at(61))
    assert record(plan, book, first.after, given=[third], time=at(61)).new == ()
    assert record(plan, book, first.after, given=[third]).new == ()
    (known, *_) = ends(plan, first.after, first.after, [third])
    assert known == (
        f"BTCUSD: {third.contracts} at 40000 are entry 3 of 2026-11-20T09:01:00Z and were not counted again; another "
        "of the same size and price is told by its --time, or by --again"
    )
    second = record(plan, book, first.after, given=[third], time=at(62))
    assert len([entry for entry in second.new if entry.type is EntryType.FILL]) == 1
    assert record(plan, book, second.after, given=[third], time=at(61)).new == ()
    assert record(plan, book, second.after, given=[third], time=at(62)).new == ()
    third_time = record(plan, book, second.after, given=[third], again=True)
    assert fold(book, third_time.after.entries).book.positions["BTCUSD"].contracts == -3 * third.contracts


def test_a_plan_filled_in_parts_is_whole_without_its_fills() -> None:
    book = rebalancing()
    plan = planned(book)
    half = record(plan, book, given=[one_fill(plan, HALF)])
    with pytest.raises(
        Refused, match=r"BTCUSD: 10000 of 20000 contracts are in the journal.*--fill BTCUSD=10000@PRICE"
    ):
        record(plan, book, half.after)
    whole = record(plan, book, half.after, given=[one_fill(plan, HALF, "40200")])
    others = record(plan, book, whole.after)
    assert [entry.event.contract for entry in others.new if isinstance(entry.event, Fill)] == ["ETHUSD"]
    assert record(plan, book, others.after).new == ()


def order(*parts: tuple[str, int]) -> SavedOrder:
    made = tuple(SavedPart(Purpose(purpose), exact(contracts), "BTC") for purpose, contracts in parts)
    net = sum((each.contracts for each in made), F(0))
    return SavedOrder("BTCUSD", "BTC", "inverse", net, abs(net), F(40000), F(0), "BTC", made)


@pytest.mark.parametrize(
    ("parts", "filled", "each"),
    [
        ((("hedge", -200), ("rebalance", 50)), 100, (-133, 33)),
        ((("hedge", -1), ("rebalance", -1)), 1, (-1, 0)),
        ((("hedge", -5), ("rebalance", 2)), 1, (-1, 0)),
        ((("hedge", 3), ("rebalance", 4)), 7, (3, 4)),
        ((("hedge", 3), ("rebalance", 4)), 0, (0, 0)),
    ],
)
def test_parts_shrink_toward_zero(parts: tuple[tuple[str, int], ...], filled: int, each: tuple[int, ...]) -> None:
    assert shares(order(*parts), F(filled), lot_size=F(1)) == each


@given(
    parts=st.lists(st.integers(-300, 300).filter(bool), min_size=1, max_size=4),
    lot=st.sampled_from((1, 5, 10)),
    filled=st.integers(0, 1000),
)
@settings(max_examples=150)
def test_parts_sum_to_what_was_filled(parts: list[int], lot: int, filled: int) -> None:
    made = order(*(("hedge", each * lot) for each in parts))
    if not made.contracts:
        return
    contracts = F(min(filled * lot, int(abs(made.contracts))))
    got = shares(made, contracts, lot_size=F(lot))
    assert sum(got) == (contracts if made.contracts > 0 else -contracts)
    assert all(each % lot == 0 for each in got)
    for each, part in zip(got, made.parts, strict=True):
        assert abs(each - part.contracts * contracts / abs(made.contracts)) < lot
    if contracts == abs(made.contracts):
        assert got == tuple(part.contracts for part in made.parts)


def test_a_plan_from_the_future_is_refused() -> None:
    plan = read(planned(rebalancing()))
    refuse_future(plan, now=at(29) + timedelta(seconds=30))
    with pytest.raises(Refused, match=r"the plan is of 2026-11-20T08:30:00Z, and it is 2026-11-20T08:20:00Z"):
        refuse_future(plan, now=at(20))
    priced = replace(plan, market_as_of=at(90))
    with pytest.raises(Refused, match=r"its prices are of"):
        refuse_future(priced, now=at(60))


def test_parts_of_a_net_order_keep_their_purposes() -> None:
    book = rebalancing()
    first = record(planned(book), book).after
    hedge = record(hedged(book, HALF, first), book, first).after
    made: Book = fold(book, hedge.entries).book
    assert {part.purpose for part in made.positions["BTCUSD"].parts} == set(Purpose)
    assert not planned(book, hedge).orders
    assert not hedged(book, HALF, hedge).orders


def test_a_plan_file_is_no_journal(tmp_path: Path) -> None:
    from rebal import journal

    (tmp_path / "plan.json").write_text(text_of(planned(rebalancing())))
    with pytest.raises(InvalidInput, match=r"is not a rebal journal"):
        journal.append(str(tmp_path / "plan.json"), [Draft(Spot("BTC", F(1)), LATER)])
