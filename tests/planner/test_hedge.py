"""A hedge is a target ratio: asked twice it does nothing, asked for less it shrinks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from booked import STEP, booked_usd
from exact import exact
from exchange import carried_out
from rebal.amounts import Fraction
from rebal.book import Book, HedgeAsked, Part, Position, Purpose, opened
from rebal.findings import Code, Severity
from rebal.plan import Plan
from rebal.planner.candidates import SHORT
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.exposure import value
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask, Tally
from rebal.planner.sizing import Leg
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind
from rebal.policy import Policy, Route, Sizing
from rebal.portfolio import Portfolio

from .books import SETTINGS, books
from .given import INPUTS, NOW, inverse, linear, policy, portfolio


def hedged(portfolio: Portfolio, asset: str, fraction: Fraction, book: Book | None = None) -> Plan:
    open_now = book or portfolio.statement
    desk = Desk.of(portfolio, open_now, now=INPUTS.now)
    return build_hedge(portfolio, open_now, asks=(Ask(asset, fraction, desk.candidates(asset, SHORT)),), inputs=INPUTS)


FIVE_BTC = portfolio(
    {"BTC": "5"}, None, {"BTC": "65000"}, (inverse("BTC", "1", name="BTCUSD_PERP"),), marks={"BTCUSD_PERP": "64500"}
)


def test_half_of_five_bitcoin_is_the_second_documents_order() -> None:
    plan = hedged(FIVE_BTC, "BTC", Fraction(1, 2))
    (order,) = plan.orders
    assert (order.side, order.contracts, order.notional) == ("sell", Fraction(162500), Fraction(162500))
    assert order.coins == Fraction(162500, 64500)
    assert plan.assets[0].hedge_ratio_after is not None
    assert abs(plan.assets[0].hedge_ratio_after - Fraction(1, 2)) < Fraction(1, 1000)


@pytest.mark.parametrize(
    ("coins", "price", "mark", "fraction", "notional"),
    [
        ("20", "3800", "3750", Fraction(2, 5), 30400),
        ("2", "40000", "40000", Fraction(14950, 80000), 14950),
    ],
)
def test_the_documents_other_hedges(coins: str, price: str, mark: str, fraction: Fraction, notional: int) -> None:
    made = portfolio({"X": coins}, None, {"X": price}, (inverse("X"),), marks={"XUSD": mark})
    assert [order.notional for order in hedged(made, "X", fraction).orders] == [notional]


def test_four_times_what_is_held_is_refused_as_over_hedged() -> None:
    made = portfolio({"ETH": "20"}, None, {"ETH": "3800"}, (inverse("ETH"),), marks={"ETHUSD": "3750"})
    plan = hedged(made, "ETH", Fraction(304000, 76000))
    assert plan.refused
    assert Code.OVER_HEDGED in {finding.code for finding in plan.findings if finding.severity is Severity.ERROR}


def test_all_of_a_holding_can_be_hedged_with_that_holding() -> None:
    plan = hedged(portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (inverse("BTC"),)), "BTC", Fraction(1))
    assert not plan.refused
    assert [transfer.quantity for transfer in plan.transfers] == [1]
    assert plan.wallets[0].liquidation_above is not None
    assert plan.wallets[0].liquidation_above > 1900 * 40000


@pytest.mark.parametrize("sizing", list(Sizing))
@pytest.mark.parametrize("moved", ["20000", "39000", "80000"])
@pytest.mark.parametrize("then", ["0", "0.25", "0.5", "0.9"])
def test_a_smaller_hedge_after_the_price_moved_is_reached_at_once(sizing: Sizing, moved: str, then: str) -> None:
    contract = inverse("BTC", "1")
    short = opened(contract, contracts=Fraction(-60000), entry_price=Fraction(40000), hedge=Fraction(-60000))
    made = portfolio(
        {"BTC": "2"},
        None,
        {"BTC": moved},
        (contract,),
        wallets={"BTC": "2"},
        positions=(short,),
        marks={"BTCUSD": str(int(moved) * 101 // 100)},
        rules=policy(sizing=sizing),
    )
    plan = hedged(made, "BTC", exact(then))
    after = carried_out(plan, made, made.statement)
    again = hedged(made, "BTC", exact(then), after)
    assert again.orders == ()
    ratio = plan.assets[0].hedge_ratio_after
    assert ratio is not None
    assert abs(ratio - exact(then)) < Fraction(1, 500)


@SETTINGS
@given(books(), st.sampled_from(["0", "0.3", "0.5", "1"]))
def test_a_hedge_in_force_hedges_nothing(portfolio: Portfolio, asked: str) -> None:
    for asset in sorted(a for a in portfolio.statement.holdings if a != "USDT"):
        plan = hedged(portfolio, asset, exact(asked))
        if plan.refused:
            continue
        after = carried_out(plan, portfolio, portfolio.statement)
        lost = plan.equity - value(portfolio, after).equity - plan.costs.fees_usd
        assert lost == 0
        again = hedged(portfolio, asset, exact(asked), after)
        assert (again.orders, again.transfers) == ((), ())


@SETTINGS
@given(books(), st.sampled_from(["0.3", "0.5"]))
def test_plan_and_hedge_leave_each_other_alone(portfolio: Portfolio, asked: str) -> None:
    plan = hedged(portfolio, "BTC", exact(asked))
    assume(not plan.refused and plan.orders)
    assert {part.purpose for order in plan.orders for part in order.parts} == {Purpose.HEDGE}
    after = carried_out(plan, portfolio, portfolio.statement)
    for name, position in after.positions.items():
        before = portfolio.statement.positions.get(name)
        then = before.held_for(Purpose.REBALANCE) if before else 0
        assert position.held_for(Purpose.REBALANCE) == then


@SETTINGS
@given(books())
def test_unwinding_leaves_the_book_flat_and_realises_what_the_fills_realise(portfolio: Portfolio) -> None:
    plan = build_unwind(portfolio, portfolio.statement, inputs=INPUTS, force=True)
    after = carried_out(plan, portfolio, portfolio.statement)
    assert not after.positions
    for line in plan.pnl:
        position = portfolio.statement.positions[line.contract]
        mark = portfolio.market.mark(position.contract)
        exact = position.contract.pnl(position.contracts, position.entry_price, mark)
        assert 0 <= exact - line.coin < STEP
    assert all(order.reduce_only for order in plan.orders)
    lost = plan.equity - value(portfolio, after).equity - plan.costs.fees_usd
    assert 0 <= lost <= booked_usd(plan.orders, portfolio)


def test_unwinding_a_rebalance_is_refused_while_spot_is_off_and_hedges_close_without_that_test() -> None:
    contract = inverse("BTC", "1")
    short = opened(contract, contracts=Fraction(-15000), entry_price=Fraction(40000))
    made = portfolio(
        {"BTC": "2", "USDT": "10000"},
        {"BTC": "0.7", "USD": "0.3"},
        {"BTC": "40000"},
        (contract,),
        wallets={"BTC": "1"},
        positions=(short,),
    )
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert (plan.refused, plan.spot_matches) == (True, False)
    assert not build_unwind(made, made.statement, inputs=INPUTS, force=True).refused
    kept = replace(short, parts=tuple(replace(part, purpose=Purpose.HEDGE) for part in short.parts))
    hedge = replace(made, statement=replace(made.statement, positions={"BTCUSD": kept}))
    plan = build_unwind(hedge, hedge.statement, inputs=INPUTS)
    assert (plan.refused, plan.spot_matches) == (False, None)


def test_coins_asked_for_stand_though_closing_realises_a_gain() -> None:
    contract = inverse("BTC", "1")
    short = opened(contract, contracts=Fraction(-40000), entry_price=Fraction(40000), hedge=Fraction(-40000))
    made = portfolio({"BTC": "2"}, None, {"BTC": "60000"}, (contract,), wallets={"BTC": "2"}, positions=(short,))

    def asked(book: Book) -> Plan:
        desk = Desk.of(made, book, now=INPUTS.now)
        ask = Ask("BTC", Fraction(1, 20), desk.candidates("BTC", SHORT), coins=Fraction(1, 10))
        return build_hedge(made, book, asks=(ask,), inputs=INPUTS)

    plan = asked(made.statement)
    assert [order.contracts for order in plan.orders] == [36000]
    assert asked(carried_out(plan, made, made.statement)).orders == ()


def test_a_proxys_hedge_is_reduced_to_what_is_asked_though_the_proxy_moved() -> None:
    contract = inverse("SOL", "1")
    short = opened(
        contract, contracts=Fraction(-5000), entry_price=Fraction(130), hedge=Fraction(-5000), stands_for="ETH"
    )
    made = portfolio(
        {"SOL": "3000", "ETH": "4"}, None, {"SOL": "260", "ETH": "2500"}, (contract,), wallets={"SOL": "500"},
        positions=(short,), proxies={"ETH": ("SOL", "1")},
    )  # fmt: skip
    plan = hedged(made, "ETH", Fraction(1, 5))
    assert [order.contracts for order in plan.orders] == [4000]
    assert hedged(made, "ETH", Fraction(1, 5), carried_out(plan, made, made.statement)).orders == ()


def test_two_hedges_on_one_wallet_count_what_each_other_realises() -> None:
    contract = inverse("BTC", "1")
    direct = opened(contract, contracts=Fraction(-24000), entry_price=Fraction(40000), hedge=Fraction(-24000))
    through = opened(
        contract, contracts=Fraction(-50000), entry_price=Fraction(40000), hedge=Fraction(-50000), stands_for="ETH"
    )
    both = replace(direct, contracts=Fraction(-74000), parts=(*direct.parts, *through.parts))
    made = portfolio(
        {"BTC": "3", "ETH": "100"}, None, {"BTC": "60000", "ETH": "3750"}, (contract,), wallets={"BTC": "3"},
        positions=(both,), proxies={"ETH": ("BTC", "0.4")},
    )  # fmt: skip

    def asked(book: Book) -> Plan:
        desk = Desk.of(made, book, now=INPUTS.now)
        asks = tuple(Ask(asset, Fraction(1, 10), desk.candidates(asset, SHORT)) for asset in ("BTC", "ETH"))
        return build_hedge(made, book, asks=asks, inputs=INPUTS)

    plan = asked(made.statement)
    assert plan.orders
    assert asked(carried_out(plan, made, made.statement)).orders == ()


def test_a_base_that_fees_took_below_nothing_is_hedged_by_nothing() -> None:
    btc, eth = inverse("BTC"), inverse("ETH")
    short = opened(btc, contracts=Fraction(-40000), entry_price=Fraction(40000))
    made = portfolio(
        {"BTC": "0.9995", "ETH": "10"}, {"BTC": "0", "ETH": "0.4", "USD": "0.6"}, {"BTC": "40000", "ETH": "2500"},
        (btc, eth), wallets={"BTC": "0.9995"}, positions=(short,),
    )  # fmt: skip
    assert cover(made, made.statement).base("BTC") == Fraction("-0.0005")
    plan = hedged(made, "BTC", Fraction(1, 2))
    assert (plan.orders, plan.refused) == ((), False)
    asked = replace(made.statement, hedges={"BTC": HedgeAsked("BTC", Fraction(1, 2))})
    assert "hedge-off" not in {found.code for found in build_status(made, asked, inputs=INPUTS).findings}


DATED = inverse("BTC", name="XBTZ26", lot="100", expiry=NOW + timedelta(days=35))
PERPETUAL = inverse("BTC", name="XBTUSD", lot="100")


def on_both(*, hedge: str = "-9950", rules: Policy | None = None) -> Portfolio:
    """35,000 USD of BTC short on two contracts, 34,900 less what of the dated one is no hedge."""
    near = opened(DATED, contracts=Fraction(-10000), entry_price=Fraction(40000), hedge=exact(hedge))
    far = opened(PERPETUAL, contracts=Fraction(-24900), entry_price=Fraction(40000), hedge=Fraction(-24900))
    return portfolio(
        {"BTC": "2"}, None, {"BTC": "40000"}, (DATED, PERPETUAL), wallets={"BTC": "1.5"}, positions=(near, far),
        rules=rules,
    )  # fmt: skip


def test_a_hedge_on_several_contracts_is_bought_back_over_all_of_them() -> None:
    plan = hedged(on_both(), "BTC", Fraction(0))
    assert {order.contract: order.contracts for order in plan.orders} == {"XBTZ26": 9900, "XBTUSD": 24900}
    (left,) = [found for found in plan.findings if found.code is Code.RESIDUAL]
    assert left.message.startswith("50.00 USD are less than the least order of XBTZ26")


def test_what_a_minimum_keeps_from_one_contract_is_bought_back_on_the_next() -> None:
    made = on_both(hedge="-200", rules=policy(min_order="1000"))
    plan = hedged(made, "BTC", Fraction(1, 8))
    # the base is 2 BTC less the 0.245 that the dated contract rebalances: 25,100 short, 8,775 asked
    assert [(order.contract, order.contracts) for order in plan.orders] == [("XBTUSD", Fraction(16300))]
    closed = hedged(made, "BTC", Fraction(0))
    assert [(order.contract, order.contracts) for order in closed.orders] == [("XBTUSD", Fraction(24900))]
    (left,) = [found for found in closed.findings if found.code is Code.BELOW_MINIMUM]
    assert left.message.startswith("200.00 USD on XBTZ26 are in whole lots below policy.min_order, 1000.00 USD")


def test_hedges_that_share_a_contract_count_what_each_realises_of_its_own() -> None:
    contract = inverse("BTC", "1")
    direct = opened(contract, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    through = opened(
        contract, contracts=Fraction(-60000), entry_price=Fraction(40000), hedge=Fraction(-60000), stands_for="DOT"
    )
    both = replace(direct, contracts=Fraction(-80000), parts=(*direct.parts, *through.parts))
    made = portfolio(
        {"BTC": "3", "DOT": "10000"}, None, {"BTC": "80000", "DOT": "12"}, (contract,), wallets={"BTC": "3"},
        positions=(both,), proxies={"DOT": ("BTC", "1")}, rules=policy(min_order="0"),
    )  # fmt: skip

    def asked(book: Book) -> Plan:
        desk = Desk.of(made, book, now=INPUTS.now)
        asks = tuple(Ask(asset, Fraction(9, 10), desk.candidates(asset, SHORT)) for asset in ("BTC", "DOT"))
        return build_hedge(made, book, asks=asks, inputs=INPUTS)

    plan = asked(made.statement)
    after = carried_out(plan, made, made.statement)
    # DOT buys 6,000 back and loses 0.075 BTC, which stay in the entry of the net, as BTC sells more than that: nine
    # tenths of 2.925 BTC are to be hedged and 0.5 are, so 2.1325 are missing, less nine tenths of DOT's fee
    (order,) = plan.orders
    assert {part.stands_for: part.contracts for part in order.parts} == {("BTC",): -170597, ("DOT",): 6000}
    assert after.holdings["BTC"] == 3 - order.fee
    (left,) = [line.net_exposure_after for line in plan.assets if line.asset == "BTC"]
    assert abs(left - (Fraction("0.2925") - order.fee) * 80000) < 4
    assert asked(after).orders == ()


def test_what_a_proxy_covers_is_one_figure_in_ratio_and_net_exposure() -> None:
    contract = inverse("BTC", "1")
    short = opened(
        contract, contracts=Fraction(-60000), entry_price=Fraction(60000), hedge=Fraction(-60000), stands_for="DOT"
    )
    made = portfolio(
        {"BTC": "2", "DOT": "12000"}, None, {"BTC": "40000", "DOT": "5"}, (contract,), wallets={"BTC": "2"},
        positions=(short,), proxies={"DOT": ("BTC", "1")},
    )  # fmt: skip
    lines = {line.asset: line for line in build_status(made, made.statement, inputs=INPUTS).assets}
    # one BTC short at 60,000 takes 40,000 USD at 40,000 from DOT's 60,000, its gain of half a BTC counted with it
    assert (lines["DOT"].hedge_ratio, lines["DOT"].net_exposure) == (Fraction(2, 3), Fraction(20000))
    assert lines["BTC"].net_exposure == 80000
    assert sum(line.net_exposure for line in lines.values()) == 160000


def test_what_a_linear_proxy_has_gained_is_dollars_and_no_coins() -> None:
    contract = linear("BTC")
    short = opened(
        contract, contracts=Fraction(-1000), entry_price=Fraction(60000), hedge=Fraction(-1000), stands_for="DOT"
    )
    made = portfolio(
        {"BTC": "2", "DOT": "12000"}, None, {"BTC": "40000", "DOT": "5"}, (contract,), positions=(short,),
        proxies={"DOT": ("BTC", "1")},
    )  # fmt: skip
    valued = value(made, made.statement)
    # a bitcoin short from 60,000 takes 40,000 dollars from DOT's 60,000; they and the 20,000 gained are dollars
    assert {asset: valued.net_exposure(asset) for asset in valued.exposures} == {
        "BTC": 80000,
        "DOT": 20000,
        "USD": 60000,
    }
    assert valued.equity == 160000


def test_a_hedge_of_what_is_no_longer_held_is_closed() -> None:
    contract = inverse("BTC", "1")
    short = opened(
        contract, contracts=Fraction(-5000), entry_price=Fraction(40000), hedge=Fraction(-5000), stands_for="DOT"
    )
    made = portfolio(
        {"BTC": "1"}, None, {"BTC": "40000", "DOT": "5"}, (contract,), wallets={"BTC": "1"}, positions=(short,),
        proxies={"DOT": ("BTC", "1")},
    )  # fmt: skip
    plan = hedged(made, "DOT", Fraction(0))
    assert [order.contracts for order in plan.orders] == [5000]
    assert {line.asset: line.net_exposure_after for line in plan.assets}["DOT"] == 0


def test_a_lot_of_a_proxy_is_as_many_dollars_of_the_asset_as_its_beta_makes_of_it() -> None:
    contract = inverse("BTC", "1000")
    made = portfolio(
        {"BTC": "2", "DOT": "10000"}, None, {"BTC": "40000", "DOT": "5"}, (contract,), wallets={"BTC": "2"},
        proxies={"DOT": ("BTC", "0.5")}, rules=policy(hedge_band="0"),
    )  # fmt: skip
    # 1,900 dollars of DOT are 950 of BTC: less than a lot of it
    assert hedged(made, "DOT", Fraction(19, 500)).orders == ()
    finer = replace(made, contracts={**made.contracts, "BTCUSDF": inverse("BTC", name="BTCUSDF")})
    short = opened(
        contract, contracts=Fraction(-10), entry_price=Fraction(40000), hedge=Fraction(-10), stands_for="DOT"
    )
    book = replace(finer.statement, positions={"BTCUSD": short})
    assert hedged(finer, "DOT", Fraction("0.43"), book).orders == ()


@pytest.mark.parametrize("minimum", ["10000", "1"])
def test_a_lot_is_as_large_as_what_it_takes_off_at_its_own_entry(minimum: str) -> None:
    coarse = inverse("BTC", name="BTCDEC", lot="10000", minimum=minimum, expiry=NOW + timedelta(days=35))
    fine = inverse("BTC")
    old = opened(coarse, contracts=Fraction(-30000), entry_price=Fraction(20000), hedge=Fraction(-30000))
    young = opened(fine, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = portfolio(
        {"BTC": "10"}, None, {"BTC": "40000"}, (coarse, fine), wallets={"BTC": "9"}, positions=(old, young),
        rules=policy(hedge_band="0", min_order="0", sizing=Sizing.COIN),
    )  # fmt: skip
    # a lot of 10,000 opened at 20,000 protects half a bitcoin, 20,000 dollars today: 2 BTC are 1.6 up to a lot
    assert hedged(made, "BTC", Fraction(16, 100)).orders == ()
    # nor is 0.48 more than it, though what a lot loses, 0.25, is not to be protected any more
    assert hedged(made, "BTC", Fraction(152, 1000)).orders == ()
    plan = hedged(made, "BTC", Fraction(13, 100))
    assert [order.contracts for order in plan.orders] == [10000]
    assert hedged(made, "BTC", Fraction(13, 100), carried_out(plan, made, made.statement)).orders == ()


def test_a_hedge_opens_on_the_next_contract_where_the_coins_of_the_first_do_not_do() -> None:
    # at half a dollar of position for each of margin, 40,000 short ask for 2 BTC, of which there is 1, or 80,000 USDT
    contracts = (inverse("BTC", "1", fee="0"), linear("BTC", fee="0"))
    rules = policy(leverage="0.5")
    rich, poor = (
        portfolio({"BTC": "1", "USDT": dollars}, None, {"BTC": "40000"}, contracts, rules=rules)
        for dollars in ("80000", "79999")
    )
    assert [order.contract for order in hedged(rich, "BTC", Fraction(1)).orders] == ["BTCUSDT"]
    assert [order.contract for order in hedged(poor, "BTC", Fraction(1)).orders] == ["BTCUSD"]


def test_what_two_fees_of_the_hedge_cost_is_not_worth_a_change() -> None:
    # 2 · 0.05 % of 400,000 dollars are 400
    contract = inverse("BTC", "1")
    for size, traded in ((-399_700, []), (-399_500, [500])):
        short = opened(contract, contracts=Fraction(size), entry_price=Fraction(40000), hedge=Fraction(size))
        made = portfolio(
            {"BTC": "10"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "10"}, positions=(short,),
            rules=policy(hedge_band="0"),
        )  # fmt: skip
        assert [order.contracts for order in hedged(made, "BTC", Fraction(1)).orders] == traded


def test_a_hedge_that_one_contract_brings_to_what_was_asked_leaves_nothing_to_the_next() -> None:
    near = inverse("BTC", "100", name="BTCZ", fee="0", expiry=NOW + timedelta(days=30))
    far = inverse("BTC", "100", fee="0")
    shorts = tuple(
        opened(each, contracts=Fraction(-100), entry_price=Fraction(40000), hedge=Fraction(-100))
        for each in (near, far)
    )
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (near, far), wallets={"BTC": "1"}, positions=shorts)
    plan = hedged(made, "BTC", Fraction(1, 4))
    assert [(order.contract, order.signed) for order in plan.orders] == [("BTCZ", Fraction(100))]
    assert not [found for found in plan.findings if found.code is Code.RESIDUAL]


def test_a_hedge_below_the_least_order_of_the_policy_is_left_out_for_that() -> None:
    # 800 dollars are more than the band of 400 and a lot, and less than 1,000
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (inverse("BTC", "1"),), rules=policy(min_order="1000"))
    (left,) = [each for each in hedged(made, "BTC", Fraction(1, 50)).findings if each.code is Code.BELOW_MINIMUM]
    assert left.message == "800.00 USD on BTCUSD are in whole lots below policy.min_order, 1000.00 USD: left out"


@pytest.mark.parametrize(("asked", "sold"), [("0.50002502", []), ("0.50002503", [1])])
def test_a_step_of_what_is_booked_and_one_a_contract_are_no_reason_to_hedge_more(asked: str, sold: list[int]) -> None:
    # a lot is 0.000025 BTC, and two steps are 0.00000002
    free = inverse("BTC", fee="0")
    short = opened(free, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (free,), wallets={"BTC": "1"}, positions=(short,),
                     rules=policy(hedge_band="0", min_order="0"))  # fmt: skip
    assert [order.contracts for order in hedged(made, "BTC", exact(asked)).orders] == sold


@pytest.mark.parametrize(
    ("held", "asked", "bought"),
    [("0.34925", "1", {}), ("0.3485", "1", {"BTCDEC": 1000}), ("0.3634375", "0.96", {"BTCDEC": 1000})],
)
def test_what_a_lot_realises_on_its_way_is_a_part_of_what_it_takes_off(
    held: str, asked: str, bought: dict[str, int]
) -> None:
    """At a mark of 36,000 a lot of 1,000 from 72,000 protects 500 dollars of the index, and earns 555.56 to protect.

    So 1,030 dollars too many are less than it, though another contract could take 1,000 of them off; 1,060 are more,
    and of 96 % of what it earns, 533.33, 1,044 are.
    """
    coarse = inverse("BTC", name="BTCDEC", lot="1000", fee="0", expiry=NOW + timedelta(days=35))
    fine = inverse("BTC", fee="0")
    shorts = tuple(
        opened(each, contracts=Fraction(-10000), entry_price=Fraction(entry), hedge=Fraction(-10000))
        for each, entry in ((coarse, 72000), (fine, 36000))
    )
    made = portfolio(
        {"BTC": held}, None, {"BTC": "40000"}, (coarse, fine), wallets={"BTC": held}, positions=shorts,
        marks={"BTCDEC": "36000", "BTCUSD": "36000"}, rules=policy(hedge_band="0", min_order="0"),
    )  # fmt: skip
    plan = hedged(made, "BTC", exact(asked))
    assert {order.contract: order.signed for order in plan.orders} == bought


def test_a_hedge_in_parts_of_a_contract_grows_at_todays_mark_and_keeps_what_it_has() -> None:
    """A tenth of 100,000 dollars from 20,000 covers 0.5 BTC; 1 more of 2 is 40,000 dollars, four tenths."""
    large = inverse("BTC", "100000", lot="0.01", fee="0")
    held = opened(large, contracts=exact("-0.1"), entry_price=Fraction(20000), hedge=exact("-0.1"))
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (large,), wallets={"BTC": "2"}, positions=(held,))
    plan = hedged(made, "BTC", Fraction(3, 4))
    assert [order.signed for order in plan.orders] == [exact("-0.4")]
    assert plan.assets[0].hedge_ratio_after is not None
    assert abs(plan.assets[0].hedge_ratio_after - Fraction(3, 4)) < Fraction(1, 10**15)


@pytest.mark.parametrize("size", ["0.1", "10"])
@pytest.mark.parametrize("first", [1, 2, 3, 4, 5, 6])
def test_two_legs_one_after_the_other_are_as_one_of_both(size: str, first: int) -> None:
    """Of 5 lots short at 20,000 some are bought back at 40,000, and then two more: each goes at its own entry."""
    lot, bought = exact(size), first + 2
    contract = inverse("BTC", "100", lot=size, fee="0")
    held = opened(contract, contracts=-5 * lot, entry_price=Fraction(20000), hedge=-5 * lot)
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "2"}, positions=(held,))
    closed = min(bought, 5)
    protected = ((5 - closed) / Fraction(20000) - (bought - closed) / Fraction(40000)) * lot * 100
    lost = closed * lot * 100 * (1 / Fraction(20000) - 1 / Fraction(40000))
    for sizes in ((first, 2), (bought,)):
        tally = taken([Leg(contract, n * lot, Route.INVERSE, Purpose.HEDGE, "BTC") for n in sizes], made)
        assert (tally.protected("BTC"), tally.base("BTC")) == (protected, 2 - lost)


@pytest.mark.parametrize("size", ["0.1", "10"])
@pytest.mark.parametrize(("sizes", "left"), [((-1, 6), 0), ((6, 2, -1), 2), ((5, 1, -1), 0)])
def test_what_was_sold_since_is_bought_back_at_its_average_and_what_was_turned_at_todays(
    size: str, sizes: tuple[int, ...], left: int
) -> None:
    """5 lots short at 20,000: all of 6 cover nothing any more, a long bought at 40,000 so much less than that."""
    lot = exact(size)
    contract = inverse("BTC", "100", lot=size, fee="0")
    held = opened(contract, contracts=-5 * lot, entry_price=Fraction(20000), hedge=-5 * lot)
    made = portfolio({"BTC": "2"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "2"}, positions=(held,))
    tally = taken([Leg(contract, n * lot, Route.INVERSE, Purpose.HEDGE, "BTC") for n in sizes], made)
    assert tally.protected("BTC") == -left * lot * 100 / 40000


def taken(legs: list[Leg], made: Portfolio) -> Tally:
    """A tally of some legs, one after the other."""
    tally = Tally(Desk.of(made, made.statement, now=NOW), cover(made, made.statement))
    for leg in legs:
        tally.take(leg)
    return tally


def test_hedges_that_were_asked_for_stand_by_their_coins() -> None:
    coins = ("SOL", "BTC", "XRP", "ADA")
    made = portfolio(dict.fromkeys(coins, "1"), None, dict.fromkeys(coins, "100"), tuple(map(inverse, coins)))
    asked = {coin: HedgeAsked(coin, Fraction(1, 2)) for coin in coins}
    state = build_status(made, replace(made.statement, hedges=asked), inputs=INPUTS)
    assert [each.asset for each in state.hedges] == sorted(coins)


def test_the_base_of_a_hedge_counts_a_rebalance_through_a_proxy_by_its_dollars() -> None:
    """1,000 dollars of BTC short are 800 of DOT at a beta of 1.25: 80 of 1,000 coins, whatever BTC was sold at."""
    contract = inverse("BTC", "1")
    for entry in (20000, 40000):
        parts = (
            Part(Purpose.REBALANCE, Fraction(-1000), Fraction(entry), "DOT"),
            Part(Purpose.HEDGE, Fraction(-500), Fraction(40000), "DOT"),
        )
        mean = contract.average_entry([(part.contracts, part.entry_price) for part in parts])
        made = portfolio(
            {"BTC": "1", "DOT": "1000"}, None, {"BTC": "40000", "DOT": "10"}, (contract,), wallets={"BTC": "1"},
            positions=(Position(contract, Fraction(-1500), mean, None, parts),), proxies={"DOT": ("BTC", "1.25")},
        )  # fmt: skip
        covered = cover(made, made.statement)
        assert covered.base("DOT") == 920
        assert covered.base("BTC") == 1
        # 400 dollars of DOT, 40 coins
        assert covered.ratio("DOT") == Fraction(40, 920)
        assert covered.ratio("BTC") == 0
