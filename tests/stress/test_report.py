"""Stress, held against a simulation that walks the prices, pays every funding and liquidates when it is due."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from booked import STEP, booked_usd
from drawn import among
from exact import exact
from exchange import coin_value
from market.walks import walk
from planner.books import INVERSE_SCHEDULE, LINEAR_SCHEDULE, SETTINGS, books, decimals
from planner.given import INPUTS, inverse, linear, policy, portfolio
from planner.test_laws import planned
from rebal.amounts import COIN_STEP, Fraction
from rebal.book import Book, Position, opened
from rebal.errors import UsageProblem
from rebal.findings import Code
from rebal.market.contract import Contract, Kind
from rebal.market.margin import Held
from rebal.planner.exposure import value
from rebal.planner.payoff import SHOCKS
from rebal.policy import Sizing
from rebal.portfolio import DOLLARS, FundingRate, Portfolio
from rebal.reports.stress import Difference, ScenarioLine, Stress
from rebal.stress.report import Scenario, build_stress, everywhere, scenarios_of
from rebal.stress.wallets import Strain

ZERO, ONE = Fraction(0), Fraction(1)
COINS = ("BTC", "ETH", "SOL")
DATED = datetime(2026, 12, 25, 8, tzinfo=UTC)
shocks = st.one_of(decimals("-0.95", "2"), st.just(ZERO))
scenarios = st.fixed_dictionaries(dict.fromkeys(COINS, shocks)).map(lambda moves: Scenario("drawn", moves))
SIZES = (ZERO, -ONE, ONE, Fraction("-0.6"), Fraction("0.4"))
strains = st.builds(
    Strain,
    widening=st.sampled_from([ZERO, ZERO, Fraction("0.02"), Fraction("-0.15")]),
    funding_times=st.sampled_from([ONE, Fraction(5), Fraction(-3)]),
    days=st.sampled_from([ZERO, ZERO, ONE, Fraction(7)]),
)


def under(made: Portfolio, *asked: Scenario, strain: Strain | None = None, planned: bool = False) -> Stress:
    return build_stress(made, made.statement, inputs=INPUTS, scenarios=asked or None, strain=strain, planned=planned)


@st.composite
def stressed(draw: st.DrawFn, *, marks: tuple[str, ...] = ("1", "1.003", "0.96")) -> Portfolio:
    """Thin wallets with positions either way: perpetual, dated and linear, cross and isolated, some of them proxies."""
    coins = COINS[: draw(st.integers(1, 3))]
    prices = {coin: draw(decimals("1", "50000")) for coin in coins}
    held = {coin: Fraction(draw(st.integers(1, 400)), 20) for coin in coins}
    contracts = [each for coin in coins for each in _contracts(draw, coin)]
    spreads = {each.name: prices[each.asset] * exact(draw(among(*marks))) for each in contracts}
    holdings = {**held, "USDT": Fraction(draw(st.integers(0, 3))) * 10000}
    worth = {**{coin: held[coin] * prices[coin] for coin in coins}, "USDT": holdings["USDT"]}
    positions: dict[str, Position] = {}
    margins: dict[str, Fraction] = {}
    for contract in contracts:
        entry = prices[contract.asset] * draw(decimals("0.8", "1.25"))
        one = contract.multiplier * (entry if contract.kind is Kind.LINEAR else 1)
        lots = int(worth[contract.settle] / one * draw(among(*SIZES)))
        if not lots:
            continue
        isolated = draw(among(False, False, True))
        share = holdings[contract.settle] * draw(among(Fraction(1, 20), Fraction(1, 6)))
        margins[contract.settle] = margins.get(contract.settle, ZERO) + share
        positions[contract.name] = opened(
            contract,
            contracts=exact(lots),
            entry_price=entry,
            hedge=Fraction(draw(among(0, lots // 2))),
            margin=share if isolated else None,
            stands_for=draw(among(None, coins[-1])),
        )
    made = portfolio(
        {},
        None,
        {},
        tuple(contracts),
        rules=policy(sizing=draw(among(*Sizing))),
        funding={name: draw(among("0.0001", "-0.0003", "0")) for name in positions},
        proxies={coins[-1]: ("BTC", "1.3")} if coins[-1] != "BTC" else {},
    )
    return replace(
        made,
        statement=Book(holdings, margins, positions),
        market=replace(made.market, prices=prices, marks=spreads),
    )


def _contracts(draw: st.DrawFn, coin: str) -> list[Contract]:
    schedule = draw(INVERSE_SCHEDULE)
    return [
        inverse(coin, draw(among("1", "10")), maintenance=schedule),
        inverse(coin, name=f"{coin}Z26", maintenance=schedule, expiry=DATED),
        replace(linear(coin), maintenance=draw(LINEAR_SCHEDULE)),
    ]


@dataclass(frozen=True)
class End:
    """Where a simulation ended: dollars, and by wallet the first share of the way at which it was found due."""

    equity: Fraction
    due: Mapping[str, Fraction | None]


def simulated(made: Portfolio, moves: Mapping[str, Fraction], strain: Strain) -> End:
    book, market = made.statement, made.market
    coins = dict(book.holdings)
    accounts: dict[str, list[str]] = {}
    for name, position in sorted(book.positions.items()):
        accounts.setdefault(position.contract.settle if position.margin is None else name, []).append(name)
    due: dict[str, Fraction | None] = {}
    pnl_usd = ZERO
    for account, names in accounts.items():
        open_now = [book.positions[name] for name in names]
        currency = open_now[0].contract.settle
        isolated = sum((p.margin or ZERO for p in book.positions.values() if p.contract.settle == currency), ZERO)
        balance = open_now[0].margin or book.wallets[currency] - isolated
        held = [Held(p.contract, p.contracts, p.entry_price, market.mark(p.contract)) for p in open_now]
        today = dict(walk(balance, held, dict.fromkeys(COINS, ZERO)))[ZERO]
        paid = sum((_funding(position, made, strain) for position in held), ZERO)
        balance -= paid
        coins[currency] -= paid
        held = [
            replace(position, mark_price=position.mark_price + strain.widening * market.prices[position.contract.asset])
            for position in held
        ]
        due[account] = ZERO if today <= 0 else next((s for s, left in walk(balance, held, moves) if left <= 0), None)
        if due[account] is not None:
            coins[currency] -= balance
            continue
        for one in held:
            contract, mark = one.contract, one.mark_price * (1 + moves[one.contract.asset])
            gained = contract.pnl(one.contracts, one.entry_price, mark)
            pnl_usd += gained * _then(currency, made, moves)
    return End(sum((quantity * _then(coin, made, moves) for coin, quantity in coins.items()), pnl_usd), due)


def _then(coin: str, made: Portfolio, moves: Mapping[str, Fraction]) -> Fraction:
    return ONE if coin in made.cash else made.market.prices[coin] * (1 + moves[coin])


def _funding(position: Held, made: Portfolio, strain: Strain) -> Fraction:
    """Coins paid, funding by funding, three a day."""
    contract = position.contract
    if contract.expiry is not None:
        return ZERO
    rate = made.market.funding[contract.name].base * strain.funding_times
    one = coin_value(contract, position.contracts, position.mark_price) * rate
    return sum((one if position.contracts > 0 else -one for _ in range(int(strain.days * 3))), ZERO)


def parts_of(made_of: Difference) -> dict[str, Fraction]:
    return {name: getattr(made_of, name) for name in Difference.__dataclass_fields__ if getattr(made_of, name)}


@SETTINGS
@given(stressed(), scenarios, strains)
def test_a_simulation_ends_with_the_same_dollars_and_the_same_wallets(
    made: Portfolio, scenario: Scenario, strain: Strain
) -> None:
    (line,) = under(made, scenario, strain=strain).scenarios
    end = simulated(made, scenario.shocks, strain)
    assert {row.contract or row.currency: row.liquidated for row in line.wallets} == {
        name: due is not None for name, due in end.due.items()
    }
    assert line.equity_hedged == end.equity
    for row in line.wallets:
        found = end.due[row.contract or row.currency]
        if found is not None:
            assert row.liquidated_at is not None
            assert row.liquidated_at - Fraction(1, 40) < found
            assert row.liquidated_at - found < Fraction(1, 10**30)
    gone = [row for row in line.wallets if row.liquidated]
    assert [row.order for row in sorted(gone, key=lambda row: (row.liquidated_at, row.order))] == [
        *range(1, len(gone) + 1)
    ]


@SETTINGS
@given(stressed(), scenarios, strains)
def test_the_difference_is_the_sum_of_its_causes(made: Portfolio, scenario: Scenario, strain: Strain) -> None:
    (line,) = under(made, scenario, strain=strain).scenarios
    assert line.difference == line.equity_hedged - line.equity_rebalanced_in_spot
    assert line.difference == sum(parts_of(line.made_of).values())


@SETTINGS
@given(stressed())
def test_all_three_are_the_equity_of_today_where_nothing_moves(made: Portfolio) -> None:
    (line,) = under(made, everywhere(ZERO)).scenarios
    assert line.equity_unhedged == line.equity_rebalanced_in_spot == value(made, made.statement).equity
    if not any(row.liquidated for row in line.wallets):
        assert line.equity_hedged == line.equity_unhedged


@SETTINGS
@given(stressed(marks=("1",)), scenarios)
def test_hedged_is_as_good_as_rebalanced_in_spot(made: Portfolio, scenario: Scenario) -> None:
    made = replace(made, proxies={}, statement=standing_for_themselves(made.statement))
    (line,) = under(made, scenario).scenarios
    assert parts_of(line.made_of).keys() <= {"liquidations_usd"}
    if line.first_liquidated is None:
        assert line.equity_hedged == line.equity_rebalanced_in_spot


@SETTINGS
@given(stressed(), scenarios)
def test_with_a_basis_the_gap_is_what_the_law_says(made: Portfolio, scenario: Scenario) -> None:
    """Inverse contracts: Σ n·V·(S/F - 1)·x under notional sizing, nothing under coin sizing."""
    book = standing_for_themselves(made.statement)
    inverse_only = {name: p for name, p in book.positions.items() if p.contract.kind is Kind.INVERSE}
    made = replace(made, proxies={}, statement=replace(book, positions=inverse_only))
    (line,) = under(made, scenario).scenarios
    gap = sum(
        (
            p.contracts
            * p.contract.multiplier
            * (made.market.prices[p.contract.asset] / made.market.mark(p.contract) - 1)
            * scenario.shocks[p.contract.asset]
            for p in inverse_only.values()
        ),
        ZERO,
    )
    assert line.made_of.basis_usd == (gap if made.policy.sizing is Sizing.NOTIONAL else 0)
    if line.first_liquidated is None:
        assert line.difference == line.made_of.basis_usd


def standing_for_themselves(book: Book) -> Book:
    return replace(
        book,
        positions={
            name: replace(p, parts=tuple(replace(part, stands_for=p.contract.asset) for part in p.parts))
            for name, p in book.positions.items()
        },
    )


@SETTINGS
@given(books(), st.sampled_from(SHOCKS))
def test_a_plan_differs_from_spot_by_its_residuals_fees_and_basis(made: Portfolio, shock: Fraction) -> None:
    plan = planned(made)
    (line,) = under(made, everywhere(shock), planned=True).scenarios
    coins = (*made.market.prices, "USDT")
    fees = {coin: sum((order.fee for order in plan.orders if order.fee_currency == coin), ZERO) for coin in coins}
    moves = dict.fromkeys(made.market.prices, shock)
    assert line.made_of.fees_usd == -sum(fee * _then(coin, made, moves) for coin, fee in fees.items())
    booked = sum((STEP * _then(order.fee_currency, made, moves) for order in plan.orders), ZERO)
    assert abs(line.difference - sum(parts_of(line.made_of).values())) <= booked
    named = {"basis_usd", "residuals_usd", "fees_usd", "liquidations_usd", *(("proxies_usd",) if made.proxies else ())}
    assert parts_of(line.made_of).keys() <= named
    assume(plan.orders)
    left = {
        row.asset: (row.aimed_weight or ZERO) * plan.equity - row.exposure_after - fees[row.asset] * row.price
        for row in plan.assets
        if row.asset != DOLLARS
    }
    assert abs(line.made_of.residuals_usd + shock * sum(left.values())) <= abs(shock) * booked_usd(plan.orders, made)


@SETTINGS
@given(books())
def test_a_plan_tells_the_same_worth_as_its_stress(made: Portfolio) -> None:
    plan, told = planned(made), under(made, *map(everywhere, SHOCKS), planned=True).scenarios
    for line, scenario in zip(plan.payoff, told, strict=True) if plan.payoff else ():
        assert line.shock == scenario.everywhere
        assert line.equity_unhedged == scenario.equity_unhedged
        assert line.equity_hedged == scenario.equity_hedged
        # in spot as the plan's futures have it, where stress adds what the plan leaves undone
        assert line.equity_rebalanced_in_spot == scenario.equity_rebalanced_in_spot + scenario.made_of.residuals_usd


@SETTINGS
@given(stressed(), scenarios, strains)
def test_the_top_up_is_the_least_that_saves(made: Portfolio, scenario: Scenario, strain: Strain) -> None:
    (line,) = under(made, scenario, strain=strain).scenarios
    for n, row in enumerate(line.wallets):
        assert (row.top_up > 0) == row.liquidated
        if row.liquidated:
            assert not _topped_up(made, row.currency, row.contract, row.top_up, scenario, strain).wallets[n].liquidated
            less = row.top_up - COIN_STEP
            assert _topped_up(made, row.currency, row.contract, less, scenario, strain).wallets[n].liquidated


def _topped_up(
    made: Portfolio, currency: str, contract: str | None, coins: Fraction, scenario: Scenario, strain: Strain
) -> ScenarioLine:
    book = made.statement
    positions = dict(book.positions)
    if contract is not None:
        positions[contract] = replace(positions[contract], margin=(positions[contract].margin or ZERO) + coins)
    after = Book(
        {**book.holdings, currency: book.holdings[currency] + coins},
        {**book.wallets, currency: book.wallets[currency] + coins},
        positions,
    )
    return under(replace(made, statement=after), scenario, strain=strain).scenarios[0]


FIVE_BTC = portfolio(
    {"BTC": "5"},
    None,
    {"BTC": "65000"},
    (inverse("BTC"),),
    wallets={"BTC": "5"},
    marks={"BTCUSD": "64500"},
    positions=(
        opened(inverse("BTC"), contracts=Fraction(-162500), entry_price=Fraction(64500), hedge=Fraction(-162500)),
    ),
)


def test_half_of_five_bitcoin_hedged_against_a_fall_of_a_tenth() -> None:
    (line,) = under(FIVE_BTC, everywhere(Fraction("-0.1"))).scenarios
    assert line.equity_unhedged == 325000 - 32500
    assert line.equity_rebalanced_in_spot == 325000 - 16250
    gained = 162500 * Fraction(65000, 64500) / 10
    assert line.equity_hedged == 325000 - 32500 + gained
    assert round(gained, 2) == Fraction("16375.97")
    assert parts_of(line.made_of) == {"basis_usd": gained - 16250}


def test_a_premium_of_five_percent_that_doubles() -> None:
    """A dated short at 5 % above the index; the basis goes to 10 %, and then nothing moves."""
    contract = inverse("BTC", name="BTCZ26", expiry=DATED)
    made = portfolio(
        {"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"}, marks={"BTCZ26": "42000"},
        positions=(opened(contract, contracts=Fraction(-20000), entry_price=Fraction(42000)),),
    )  # fmt: skip
    (line,) = under(made, everywhere(ZERO), strain=Strain(widening=Fraction("0.05"))).scenarios
    assert line.made_of.widening_usd == 20000 * (Fraction(40000, 44000) - Fraction(40000, 42000))
    assert line.difference == line.made_of.widening_usd == line.equity_hedged - 40000


SPREAD = portfolio(
    {"BTC": "2", "ETH": "40"},
    None,
    {"BTC": "40000", "ETH": "2500"},
    (inverse("BTC"), inverse("ETH")),
    wallets={"BTC": "0.2", "ETH": "40"},
    positions=(
        opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(40000)),
        opened(inverse("ETH"), contracts=Fraction(20000), entry_price=Fraction(2500)),
    ),
)


def test_wallets_that_do_not_help_each_other_are_named() -> None:
    """BTC and ETH double: the short dies with 0.2 BTC while the ETH wallet has gained all that is missing."""
    stress = under(SPREAD)
    (finding,) = [each for each in stress.findings if each.code is Code.CROSS_MARGIN_OFFSET]
    assert finding.subject == "BTC"
    assert "liquidated at +100%" in finding.message
    doubled = next(line for line in stress.scenarios if line.name == "+100%")
    assert [row.liquidated for row in doubled.wallets] == [True, False]
    assert doubled.first_liquidated == "BTC"
    eth = doubled.wallets[1]
    to_spare = (eth.margin_balance - eth.maintenance_margin) * 5000
    assert f"{round(float(to_spare), 2):.2f} USD of margin to spare" in finding.message
    assert to_spare > doubled.wallets[0].top_up * 80000


def test_where_the_others_have_nothing_to_spare_either_no_offset_is_claimed() -> None:
    alone = {"BTCUSD": SPREAD.statement.positions["BTCUSD"]}
    stress = under(replace(SPREAD, statement=replace(SPREAD.statement, positions=alone)))
    assert any(line.first_liquidated for line in stress.scenarios)
    assert not [each for each in stress.findings if each.code is Code.CROSS_MARGIN_OFFSET]


def test_over_all_scenarios_a_wallet_needs_its_largest_top_up() -> None:
    stress = under(SPREAD)
    btc, eth = stress.survival
    assert (btc.currency, btc.contract, btc.liquidated_in, btc.mildest) == ("BTC", None, 2, "+100%")
    assert btc.top_up == stress.scenarios[-1].wallets[0].top_up > stress.scenarios[-2].wallets[0].top_up
    assert btc.free == Fraction("1.8")
    assert (eth.liquidated_in, eth.mildest, eth.top_up) == (0, None, Fraction(0))


def test_the_ladder_first_then_what_else_is_asked_then_what_the_file_names() -> None:
    crash = {"BTC": Fraction("-0.4"), "ETH": Fraction("-0.5")}
    made = replace(SPREAD, scenarios={"winter": {"ETH": Fraction("-0.9")}, "crash": crash})
    asked = scenarios_of(made, [everywhere(Fraction("-0.35")), Scenario("BTC -5%", {"BTC": Fraction("-0.05")})])
    assert [each.name for each in asked] == [
        "-80%", "-60%", "-50%", "-40%", "-35%", "-30%", "-20%", "-10%", "0%", "+10%", "+20%", "+30%", "+50%", "+100%",
        "+200%", "BTC -5%", "crash", "winter",
    ]  # fmt: skip
    told = build_stress(made, made.statement, inputs=INPUTS, scenarios=asked).scenarios
    assert told[4].everywhere == Fraction("-0.35")
    assert told[4].shocks == {"BTC": Fraction("-0.35"), "ETH": Fraction("-0.35")}
    assert told[-1].everywhere is None


def test_a_coin_that_a_scenario_does_not_name_stays_where_it_is() -> None:
    (line,) = under(SPREAD, Scenario("BTC alone", {"BTC": Fraction("-0.5")})).scenarios
    assert line.shocks == {"BTC": Fraction("-0.5"), "ETH": 0}
    assert line.equity_unhedged == 40000 + 100000
    (line,) = under(SPREAD, Scenario("worse", {"BTC": Fraction("-0.5")}, Fraction("-0.1"))).scenarios
    assert line.shocks == {"BTC": Fraction("-0.5"), "ETH": Fraction("-0.1")}


def test_dollars_do_not_move_and_that_is_said() -> None:
    made = replace(SPREAD, scenarios={"depeg": {"USDT": Fraction("-0.5")}})
    made = replace(made, statement=replace(made.statement, holdings={**made.statement.holdings, "USDT": Fraction(500)}))
    stress = under(made)
    assert stress.scenarios[-1].equity_hedged == stress.equity
    assert "USDT" not in stress.scenarios[-1].shocks
    assert [each.subject for each in stress.findings if "depeg" in each.message] == ["USDT"]


def test_a_proxy_that_does_not_follow_is_a_cause_of_its_own() -> None:
    short = opened(inverse("BTC"), contracts=Fraction(-1300), entry_price=Fraction(40000), stands_for="DOT")
    made = portfolio(
        {"DOT": "200", "BTC": "1"}, None, {"BTC": "40000", "DOT": "5"}, (inverse("BTC"),), wallets={"BTC": "1"},
        positions=(short,), proxies={"DOT": ("BTC", "1.3")},
    )  # fmt: skip
    follows = Scenario("as beta says", {"BTC": Fraction("-0.1"), "DOT": Fraction("-0.13")})
    (line,) = under(made, follows).scenarios
    assert line.difference == 0
    (line,) = under(made, Scenario("alone", {"BTC": ZERO, "DOT": Fraction("-0.13")})).scenarios
    assert parts_of(line.made_of) == {"proxies_usd": -130}
    assert line.difference == -130


def test_a_book_as_it_stands_is_not_said_to_be_after_a_plan() -> None:
    thin = replace(SPREAD, statement=replace(SPREAD.statement, wallets={"BTC": Fraction("0.3"), "ETH": Fraction(40)}))
    said = [each.message for each in under(thin).findings]
    assert any("leverage" in message or "liquidat" in message for message in said)
    assert not any("after the plan" in message for message in said)


@pytest.mark.parametrize("sizing", list(Sizing))
def test_futures_for_what_is_set_aside_are_in_nobodys_place(sizing: Sizing) -> None:
    """They are margined in dollars that count, so they are in both books alike, basis and all."""
    contract = linear("DOGE", "1")
    made = portfolio(
        {"BTC": "1", "DOGE": "10000", "USDT": "1000"}, None, {"BTC": "40000", "DOGE": "0.1"}, (contract,),
        wallets={"USDT": "900"}, marks={"DOGEUSDT": "0.11"}, aside=frozenset({"DOGE"}), rules=policy(sizing=sizing),
        positions=(opened(contract, contracts=Fraction(-1000), entry_price=Fraction("0.1")),),
    )  # fmt: skip
    (line,) = under(made, everywhere(Fraction(1, 2))).scenarios
    assert line.equity_hedged == 61000 - 10 - 55
    assert (line.difference, line.equity_unhedged) == (Fraction(0), Fraction(61000 - 10))


def test_a_wallet_that_is_due_today_is_lost_in_every_scenario() -> None:
    thin = replace(SPREAD, statement=replace(SPREAD.statement, wallets={"BTC": Fraction("0.001"), "ETH": Fraction(40)}))
    stress = under(thin)
    rows = [line.wallets[0] for line in stress.scenarios]
    assert {(row.liquidated, row.order, row.liquidated_at) for row in rows} == {(True, 1, ZERO)}
    assert stress.scenarios[7].equity_hedged == stress.equity - Fraction("0.001") * 40000


def test_funding_received_before_the_shock_counts_and_a_debt_today_does_not_wait_for_it() -> None:
    made = replace(FIVE_BTC, market=replace(FIVE_BTC.market, funding=_rates("0.0001")))
    (line,) = under(made, everywhere(ZERO), strain=Strain(funding_times=Fraction(10), days=Fraction(30))).scenarios
    coins = 162500 / Fraction(64500) * 90 * Fraction("0.001")
    assert line.made_of.funding_usd == coins * 65000
    assert line.wallets[0].margin_balance == 5 + coins
    thin = replace(made, statement=replace(made.statement, wallets={"BTC": Fraction("0.01")}))
    (line,) = under(thin, everywhere(ZERO), strain=Strain(funding_times=Fraction(10), days=Fraction(30))).scenarios
    assert line.wallets[0].liquidated_at == 0
    needed = 162500 / Fraction(64500) * Fraction("0.005")
    assert needed < Fraction("0.01") + line.wallets[0].top_up <= needed + COIN_STEP


def _rates(rate: str) -> Mapping[str, FundingRate]:
    return portfolio({}, None, {}, (), funding={"BTCUSD": rate}).market.funding


def test_a_basis_that_would_leave_no_price_is_refused() -> None:
    with pytest.raises(UsageProblem, match="BTCUSD wider by -100 % leaves it no price"):
        under(FIVE_BTC, strain=Strain(widening=Fraction(-1)))


def test_the_order_of_the_file_changes_nothing() -> None:
    named = {"b": {"BTC": Fraction("-0.4"), "ETH": Fraction("-0.6")}, "a": {"ETH": Fraction("-0.1")}}
    made = replace(SPREAD, scenarios=named)
    book = made.statement
    backwards = replace(
        made,
        scenarios={name: dict(reversed(moves.items())) for name, moves in reversed(named.items())},
        statement=Book(
            dict(reversed(list(book.holdings.items()))),
            dict(reversed(list(book.wallets.items()))),
            dict(reversed(list(book.positions.items()))),
        ),
    )
    assert under(backwards) == under(made)


def test_a_book_without_futures_is_its_coins() -> None:
    made = portfolio({"BTC": "1", "USDT": "500"}, None, {"BTC": "40000"}, ())
    stress = under(made)
    assert stress.survival == ()
    for line in stress.scenarios:
        assert line.everywhere is not None
        assert line.equity_hedged == line.equity_unhedged == 40500 + 40000 * line.everywhere


@pytest.mark.parametrize("shock", ["-0.5", "0.5"])
def test_collateral_that_a_plan_posts_survives_the_move_that_it_was_sized_for(shock: str) -> None:
    made = portfolio(
        {"ETH": "10", "USD": "2000"}, {"ETH": "0.99", "USD": "0.01"}, {"ETH": "2000"}, (inverse("ETH", "1"),)
    )
    assert [order.side for order in planned(made).orders] == ["buy"]
    found = build_stress(made, made.statement, inputs=INPUTS, scenarios=(everywhere(exact(shock)),), planned=True)
    (wallet,) = found.scenarios[0].wallets
    assert (wallet.liquidated, wallet.top_up) == (False, Fraction(0))


def test_funding_that_is_asked_about_and_not_known_is_said() -> None:
    contract = inverse("BTC", "1")
    short = opened(contract, contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"BTC": "1"}, positions=(short,))
    found = build_stress(
        made, made.statement, inputs=INPUTS, strain=Strain(funding_times=Fraction(3), days=Fraction(30))
    )
    assert [f.subject for f in found.findings if f.code is Code.FUNDING_UNKNOWN and f.severity == "warning"] == [
        "BTCUSD"
    ]
