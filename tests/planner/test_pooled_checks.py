"""What is said of pooled accounts: what a covered short takes, and what would fit where coins lack."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from drawn import FEWER
from exact import exact
from market.test_pooled_path import collaterals
from program import answered
from rebal.amounts import COIN_STEP, ZERO, Fraction, plain, up
from rebal.book import MarginMode, Purpose, opened
from rebal.findings import Code, Finding, Severity, percent
from rebal.market.pooled import Coin, Pool, coins_to_count, credit
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.pooled import fitting, past_alert, pool_of
from rebal.planner.rescue import build_rescue
from rebal.planner.sizing import Leg
from rebal.planner.status import build_status
from rebal.planner.unwind import build_unwind
from rebal.policy import Alert, Route
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, policy
from .test_accounts import MARKET, NOW, TWO, account, inputs, planned, read
from .test_idle import in_mode
from .test_pooled_posting import THREE
from .test_splitting import HALF, accounts, at, book
from .test_travelling import A, B


def found(plan: Plan, code: Code) -> list[Finding]:
    return [each for each in plan.findings if each.code is code]


def test_a_covered_short_says_what_its_ratio_costs(tmp_path: Path) -> None:
    (short,) = found(planned(read(tmp_path, THREE)), Code.COVERED_SHORT)
    # 226 SOL at 90 %: 20,340 of 22,600 dollars, and 226/9 coins more for the rest
    assert (short.subject, short.data["asset"], short.data["covered_coins"]) == ("bybit", "SOL", 226)
    assert (short.data["worth_usd"], short.data["counts_usd"]) == (22600, 20340)
    assert short.data["more_coins"] == exact("25.11111112")
    assert short.data["more_usd"] == exact("2511.111112")
    assert "25.11111112 SOL more" in short.message


def test_a_hedge_that_its_coin_covers_says_what_its_ratio_costs_on_a_page_and_in_json(tmp_path: Path) -> None:
    """A hedge of 1 BTC of 2: 39,200 of its 40,000 dollars count at 98 %, and 1/49 BTC more makes up for the rest."""
    file = tmp_path / "portfolio.yaml"
    file.write_text(WHOLE.replace("100%}}", "98%}}"))
    at = ("hedge", "BTC", "--notional", "40000", "-p", str(file), "--now", "2026-11-20T09:00:00Z", "--format")
    told = [each for each in json.loads(answered(*at, "json").out)["findings"] if each["code"] == "covered-short"]
    assert [each["data"] for each in told] == [
        {"asset": "BTC", "short_coins": "1", "covered_coins": "1", "worth_usd": "40000", "counts_usd": "39200",
         "more_coins": "0.02040817", "more_usd": "816.3268"},
    ]  # fmt: skip
    for form in ("table", "plain"):
        words = " ".join(answered(*at, form, "--width", "100").out.split())
        assert "count as 39200.00 USD" in words.replace(",", "")
        assert "take 0.02040817 BTC more" in words


def test_a_short_whose_coins_lie_elsewhere_is_not_said_to_be_covered(tmp_path: Path) -> None:
    # at a leverage of 2 half of what leverage 1 takes is brought, and pays the fee of the short
    (short,) = found(planned(read(tmp_path, THREE + "policy: {leverage: 2}\n")), Code.COVERED_SHORT)
    there = short.data["covered_coins"]
    assert isinstance(there, Fraction)
    assert (short.data["asset"], short.data["short_coins"], there < 226) == ("SOL", 226, True)
    # 226 at 90 % count whole where they are 226/0.9
    assert short.data["more_coins"] == up(226 / exact("0.9") - there, COIN_STEP)
    assert (short.data["worth_usd"], short.data["counts_usd"]) == (22600, 20340)
    assert short.message.startswith(
        f"the short is of 226 SOL, 22600.00 USD, of which {plain(there)} SOL lie here; 226 SOL would count as 20340.00 "
    )


def test_a_covered_short_beyond_its_first_slice(tmp_path: Path) -> None:
    slices = "SOL: [{up_to: 100, ratio: 90%}, {up_to: 200, ratio: 50%}, {ratio: 0%}]"
    (short,) = found(planned(read(tmp_path, THREE.replace("SOL: 90%", slices))), Code.COVERED_SHORT)
    # 90 + 50 coins count, and no more
    assert (short.data["counts_usd"], short.data["more_coins"]) == (14000, None)
    assert "no amount of SOL counts as much as the short is worth" in short.message


def test_a_ratio_of_one_costs_nothing(tmp_path: Path) -> None:
    plan = planned(read(tmp_path, THREE.replace("SOL: 90%", "SOL: 100%")))
    assert any(order.asset == "SOL" and order.side == "sell" for order in plan.orders)
    assert not found(plan, Code.COVERED_SHORT)


@given(st.data(), st.integers(1, 10**6))
def test_the_least_coins_that_count_for_so_many_dollars(data: st.DataObject, dollars: int) -> None:
    price = Fraction(data.draw(st.integers(1, 60000)))
    coin = Coin("BTC", price, ZERO, data.draw(collaterals(price)))
    coins = coins_to_count(coin, Fraction(dollars))
    if coins is None:
        assert credit(coin, Fraction(10**9)) < dollars
    else:
        assert credit(coin, coins) == dollars
        assert credit(coin, coins - COIN_STEP) < dollars


def test_an_account_that_lacks_coins_says_at_what_leverage_it_would_do(tmp_path: Path) -> None:
    few = THREE.replace("wallets: {}", "at_most: 20%\n    wallets: {}").replace("SOL: 90%", "SOL: 50%")
    (lacking,) = found(planned(read(tmp_path, few)), Code.UNDER_COLLATERALISED)
    # 40,800 dollars of positions on 23,448.11 of credit
    assert (lacking.data["fitting_leverage"], lacking.data["fitting_distance"]) == (exact("1.75"), None)
    assert "beside what else is in bybit" in lacking.message
    assert not planned(read(tmp_path, few + "policy: {leverage: 1.75}\n")).refused


def test_an_account_that_lacks_coins_for_its_distance_says_which_would_do(tmp_path: Path) -> None:
    # 1 BTC that is short whole, and a long of as many dollars of ETH
    text = THREE.replace("BTC: 2, ETH: 14, SOL: 300, USDT: 3000", "BTC: 1").replace(
        "BTC: 55%, ETH: 35%, SOL: 5%, USD: 5%", "BTC: 0%, ETH: 100%"
    )
    rules = "policy: {leverage: 3, liquidation_distance: 98%, uncovered: refuse, routes: [inverse]}\n"
    (lacking,) = found(planned(read(tmp_path, text + rules)), Code.UNDER_COLLATERALISED)
    distance = lacking.data["fitting_distance"]
    assert isinstance(distance, Fraction)
    assert lacking.data["fitting_leverage"] is None
    assert not planned(read(tmp_path, text + rules.replace("98%", plain(distance)))).refused
    assert planned(read(tmp_path, text + rules.replace("98%", plain(distance + exact("0.001"))))).refused


WHOLE = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2}}
accounts:
  main: {{venue: deribit, margin: pooled, collateral: {{BTC: 100%}}}}
contracts: {{BTC-PERPETUAL: {{taker_fee: 0.05%}}}}
{MARKET}"""


def hedged(made: Portfolio, share: str = "1") -> Plan:
    desk = Desk.of(made, made.statement, now=NOW)
    return build_hedge(made, made.statement, asks=[Ask("BTC", exact(share), desk.candidates("BTC", SHORT))],
                       inputs=inputs(made), allow_over_hedge=True)  # fmt: skip


def test_a_hedge_of_all_that_is_there_says_how_much_of_it_a_venue_may_take(tmp_path: Path) -> None:
    """2 BTC count 80,000 before the fee of 40 and 79,960 after it; n dollars fit where n <= 80,000 - 0.0005 n."""
    plan = hedged(read(tmp_path, WHOLE))
    (said,) = found(plan, Code.INITIAL_MARGIN)
    assert (said.severity, said.subject, plan.refused) == (Severity.WARNING, "main", False)
    assert dict(said.data) == {
        "credit_usd": 79960, "initial_margin_usd": 80000, "over_usd": 40, "contract": "BTC-PERPETUAL",
        "contracts": 8000, "taken_contracts": 7996,
    }  # fmt: skip
    assert "it may take only 7996 of the 8000 contracts of BTC-PERPETUAL" in said.message
    assert said.message.endswith("or set contracts.BTC-PERPETUAL.leverage above 1")


@pytest.mark.parametrize(
    ("share", "more"),
    [
        ("0.99", ""),
        # half as much is asked as initial margin
        ("1", "policy: {leverage: 1}\n"),
        # no venue is set to less than 1
        ("0.5", "policy: {leverage: 0.5}\n"),
    ],
)
def test_nothing_is_said_where_the_venue_takes_the_orders_whole(tmp_path: Path, share: str, more: str) -> None:
    text = WHOLE.replace("0.05%}", "0.05%, leverage: 2}") if "1}" in more else WHOLE
    plan = hedged(read(tmp_path, text + more), share)
    assert plan.orders
    assert not plan.refused
    assert not found(plan, Code.INITIAL_MARGIN)


def test_of_an_order_that_turns_a_position_over_what_closes_is_taken(tmp_path: Path) -> None:
    """1.8 BTC and a long of 8,000 that gained 0.2: 80,000 less 0.0005 (8,000 + n) carry a short of 79,950, not 79,960.

    87,990 are sold to turn it into a short of 79,990, of which the venue takes 8,000 and 79,950.
    """
    there = "collateral: {BTC: 100%}, wallets: {BTC: 1.8}, positions: [{contract: BTC-PERPETUAL, contracts: 800, "
    text = WHOLE.replace("BTC: 2}", "BTC: 1.8}").replace(
        "collateral: {BTC: 100%}", there + "entry_price: 20000, hedge: 800}]"
    )
    (said,) = found(hedged(read(tmp_path, text)), Code.INITIAL_MARGIN)
    assert (said.data["contracts"], said.data["taken_contracts"]) == (8799, 8795)


def test_what_only_closes_is_taken_at_any_rate(tmp_path: Path) -> None:
    text = WHOLE.replace(
        "collateral: {BTC: 100%}",
        "collateral: {BTC: 100%}, wallets: {BTC: 2}, positions: [{contract: BTC-PERPETUAL, contracts: -9000, "
        "entry_price: 40000}]",
    )
    made = read(tmp_path, text)
    half = build_unwind(made, made.statement, inputs=inputs(made), share=exact("0.1"), force=True)
    rescue = build_rescue(made, made.statement, inputs=inputs(made), to_policy=True)
    for plan in (half, rescue):
        assert all(order.reduce_only for order in plan.orders)
        assert not found(plan, Code.INITIAL_MARGIN)
    line = account(half.accounts, "main")
    assert line.initial_margin is not None
    assert line.credit is not None
    assert line.initial_margin > line.credit


@FEWER
@given(most=st.integers(5, 40), leverage=st.sampled_from(["1", "1.5"]))
def test_what_a_venue_may_not_take_is_said_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, most: int, leverage: str
) -> None:
    text = TWO.replace("MODE", "pooled").replace("AT_MOST", f"at_most: {most}%, ")
    made = read(tmp_path_factory.mktemp("books"), f"{text}policy: {{leverage: {leverage}}}\n")
    plan = planned(made)
    line = account(plan.accounts, "bybit")
    assert not plan.refused
    over = (line.initial_margin or ZERO) - (line.credit or ZERO)
    here = [order for order in plan.orders if order.account == "bybit"]
    said = found(plan, Code.INITIAL_MARGIN)
    event("said" if said else "not said")
    assert bool(said) is (over >= exact("0.01"))
    for each in said:
        taken, last = each.data["taken_contracts"], here[-1]
        assert isinstance(taken, Fraction)
        assert (each.data["over_usd"], each.data["contract"]) == (over, last.contract)
        assert over <= sum((order.fee * made.price(order.fee_currency) for order in here), ZERO)
        # a dollar less is as much less initial margin, and its fee of 0.055 %; of a long the fee of closing besides
        eased = (last.contracts - taken) * (1 / exact(leverage) + exact("0.0022"))
        assert taken == 0 or eased - over < exact("1.0022")
        assert taken == 0 or eased >= over


def test_an_account_is_said_to_owe_what_it_owes_itself(tmp_path: Path) -> None:
    """A long of ETH that has lost leaves the one account with less than no ETH; the other one owes nothing."""
    lines = ["as_of: 2026-11-20T08:00:00Z", "holdings: {BTC: 4}", "accounts:"]
    for name, entry in (("calm", 2500), ("owes", 5000)):
        opened = f"positions: [{{contract: ETHUSD, contracts: 100, entry_price: {entry}}}]"
        lines.append(f"  {name}: {{venue: bybit, margin: pooled, wallets: {{BTC: 1}}, {opened}}}")
    made = read(tmp_path, "\n".join(lines) + MARKET)
    told = {
        each.subject: (each.severity, "ETH goes below zero" in each.message)
        for each in build_status(made, made.statement, inputs=inputs(made)).findings
        if each.code is Code.ASSUMED_FIGURE and "borrowed" in each.message
    }
    assert told == {"calm": (Severity.INFO, False), "owes": (Severity.WARNING, True)}


def test_a_loss_that_is_covered_asks_for_no_less_before_closing_than_after_it(tmp_path: Path) -> None:
    """20,000 short from 32,000 have lost 0.125 BTC at 40,000, and half of it is realised by closing half.

    10,000 dollars more of USDT are free then, and what covered the half that is realised: 12,500 in all, by so much as
    20,000 and 0.125 BTC are more than 10,000 and 0.0625.
    """
    made = read(
        tmp_path,
        f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 1, USDT: 100000}}
accounts:
  bybit:
    venue: bybit
    wallets: {{BTC: 1, USDT: 100000}}
    positions: [{{contract: BTCUSD, contracts: -20000, entry_price: 32000}}]
    collateral: {{BTC: 98%, USDT: 100%}}
{MARKET}""",
    )
    plan = build_unwind(made, made.statement, inputs=inputs(made), share=exact("0.5"), force=True)
    assert {each.contract: each.signed for each in plan.orders} == {"BTCUSD": 10000}
    assert {each.asset: each.quantity for each in plan.transfers} == {"BTC": exact("-0.0625"), "USDT": -10000}


@pytest.mark.parametrize(
    ("size", "level", "past"),
    [
        # 4,000 short of 32,000 that count: an eighth
        (-4000, Alert(Fraction(1, 100), Fraction(1, 8)), False),
        (-4000, Alert(Fraction(1, 100), Fraction(1, 8) - Fraction(1, 10**9)), True),
        # at f of the price a long of 20,000 leaves 60,000 f - 20,000, four fifths of which cover 100: at 20,125/60,000
        (20000, Alert(1 - Fraction(20125, 60000), Fraction(9)), False),
        (20000, Alert(1 - Fraction(20125, 60000) + Fraction(1, 10**9), Fraction(9)), True),
        (0, Alert(Fraction(99, 100), Fraction(1, 10**9)), False),
    ],
)
def test_an_account_is_past_a_level_beyond_it_and_not_at_it(size: int, level: Alert, past: bool) -> None:
    made, pool = in_a_pool("1", size)
    assert past_alert(pool, made, level) is past


@pytest.mark.parametrize(
    ("there", "fits"),
    [("0.00625", (Fraction(100), None)), ("0.0125", (Fraction(50), None)), ("0.00624999", (None, None))],
)
def test_the_leverage_that_would_do_is_a_hundred_at_most(there: str, fits: tuple[Fraction | None, ...]) -> None:
    """20,000 short on coins of which four fifths count: 200 dollars of 0.00625 BTC; at leverage 1 no distance does."""
    made, pool = in_a_pool(there, -20000)
    assert fitting(pool, replace(made, policy=replace(made.policy, liquidation_distance=exact("0.004")))) == fits


def in_a_pool(coins: str, size: int, *, entry: int = 40000) -> tuple[Portfolio, Pool]:
    """Contracts of a dollar, 0.5 % of which is maintenance, and coins of which four fifths count."""
    short = opened(B, contracts=Fraction(size), entry_price=Fraction(entry), hedge=Fraction(min(0, size)))
    made = in_mode(book({"BTC": coins}, None, (A, B), accounts(a="1", b="1"), wallets={"b:BTC": coins},
                        positions=(short,) if size else ()), MarginMode.CROSS, MarginMode.POOLED)  # fmt: skip
    return made, pool_of(made.account("b"), made.statement, made)


@pytest.mark.parametrize(
    ("entry", "closes", "there", "out"),
    [
        # 8,000 short take 0.25 BTC of which four fifths count, and half of them half of that; 0.00005 are the fee
        (40000, 4000, "0.4", "0.125"),
        (40000, 4000, "0.25001", "0.12496"),
        (40000, 4000, "0.21", "0.08495"),
        (40000, 8000, "0.4", "0.25"),
        (40000, 8000, "0.21", "0.2099"),
        # 0.04 are gained, and lean on by 0.21 before, 0.105 after: half of the gain is realised, the other stays
        (50000, 4000, "0.4", "0.105"),
        (50000, 4000, "0.2", "0.09495"),
        # 0.05 are lost, which 0.3 carry before and 0.15 after, once half of it is realised
        (32000, 4000, "0.5", "0.15"),
        (32000, 4000, "0.3", "0.12495"),
        # what is added to needs more, and so frees nothing
        (40000, -1000, "0.4", "0"),
    ],
)
def test_out_of_a_pool_goes_what_closing_frees_and_never_what_is_gained(
    entry: int, closes: int, there: str, out: str
) -> None:
    made, _ = in_a_pool(there, -8000, entry=entry)
    assert _leaving(made, closes) == exact(out)
    # of an account that stands in alert nothing leaves
    alert = replace(made.policy.alert, leverage=exact("0.1"))
    assert _leaving(replace(made, policy=replace(made.policy, alert=alert)), closes) == 0


def _leaving(made: Portfolio, closes: int) -> Fraction:
    """Coins that leave the pool once so many contracts of its hedge are closed."""
    desk = Desk.of(made, made.statement, now=NOW)
    outcome = desk.step(desk.orders_of([Leg(B, Fraction(closes), Route.INVERSE, Purpose.HEDGE, "BTC")]))
    assert not outcome.shortages
    assert all(each.account == "b" and each.quantity for each in outcome.transfers)
    return -sum((each.quantity for each in outcome.transfers), ZERO)


D = 1 - Fraction(20125, 60000)
HAIR = Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("asked", "alert", "told"),
    [
        (D, D - HAIR, {}),
        (D - HAIR, D - HAIR, {}),
        (D + HAIR, D - HAIR, {Code.NEAR_LIQUIDATION: Severity.INFO}),
        (D + HAIR, D, {Code.NEAR_LIQUIDATION: Severity.INFO}),
        (D + 2 * HAIR, D + HAIR, {Code.ALERT: Severity.WARNING}),
    ],
)
def test_an_account_in_alert_is_told_by_its_alert_alone(
    asked: Fraction, alert: Fraction, told: dict[Code, Severity]
) -> None:
    """A long of 20,000 on one bitcoin is liquidated at 20,125/60,000 of its price."""
    made, _ = in_a_pool("1", 20000)
    rules = replace(made.policy, liquidation_distance=asked, alert=Alert(alert, Fraction(9)))
    found = build_status(replace(made, policy=rules), made.statement, inputs=INPUTS).findings
    codes = (Code.NEAR_LIQUIDATION, Code.ALERT)
    assert {each.code: each.severity for each in found if each.code in codes} == told
    for each in found:
        if each.code is Code.NEAR_LIQUIDATION:
            away = f"is liquidated {percent(D, 7)} away on the path of all coins together"
            assert each.message == f"{away}; the policy asks for {percent(asked, 7)}"


@pytest.mark.parametrize(("level", "told"), [
    ("0.625", None), ("0.62", ("0.625", "0.620")), ("0.5", ("0.62", "0.50")), ("0.624", ("0.625", "0.624")),
])  # fmt: skip
def test_an_account_in_alert_by_its_leverage_is_told_with_the_digits_that_differ(
    level: str, told: tuple[str, str] | None
) -> None:
    """20,000 dollars on 32,000 of credit."""
    made, _ = in_a_pool("1", 20000)
    rules = replace(made.policy, liquidation_distance=D, alert=Alert(Fraction(1, 100), exact(level)))
    found = build_status(replace(made, policy=rules), made.statement, inputs=INPUTS).findings
    said = "positions are {} times its credit now; the alert level is {}"
    assert [each.message for each in found if each.code is Code.ALERT] == ([] if told is None else [said.format(*told)])


def test_of_several_shorts_on_a_coin_one_that_is_opened_is_enough_to_tell_what_they_take() -> None:
    """4,000 short on a dated contract, and 20,000 opened beside: 0.6 BTC, which count whole where there are 0.75."""
    dated = at("b", inverse("BTC", name="BTCZ", expiry=NOW + timedelta(days=40)))
    short = opened(dated, contracts=Fraction(-4000), entry_price=Fraction(40000), hedge=Fraction(-4000))
    made = in_mode(book({"BTC": "1"}, HALF, (B, dated), accounts(a="1", b="1"), wallets={"b:BTC": "1"},
                        positions=(short,)), MarginMode.CROSS, MarginMode.POOLED)  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert [(order.contract, order.signed) for order in plan.orders] == [("b:BTCUSD", Fraction(-20000))]
    (said,) = found(plan, Code.COVERED_SHORT)
    assert said.data == {
        "asset": "BTC", "short_coins": exact("0.6"), "covered_coins": exact("0.6"), "worth_usd": 24000,
        "counts_usd": 19200, "more_coins": exact("0.15"), "more_usd": 6000,
    }  # fmt: skip
    assert said.message == (
        "0.6 BTC stand behind the short, 24000.00 USD at every price with it, and count as 19200.00 USD: at leverage 1 "
        "its own coins take 0.15 BTC more, 6000.00 USD"
    )


def test_a_short_of_which_no_coin_lies_there_says_what_they_would_count() -> None:
    """4,000 of bitcoin opened on 20,000 USDT: 0.1 BTC would count 3,200, and 0.125 are what counts whole."""
    free = at("b", inverse("BTC", fee="0"))
    made = in_mode(book({"BTC": "1", "USDT": "20000"}, {"BTC": "0.6", "USD": "0.4"}, (free,), accounts(a="1", b="1"),
                        wallets={"b:USDT": "20000"}), MarginMode.CROSS, MarginMode.POOLED)  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert ([order.signed for order in plan.orders], plan.transfers) == ([Fraction(-4000)], ())
    (said,) = found(plan, Code.COVERED_SHORT)
    assert said.message == (
        "the short is of 0.1 BTC, 4000.00 USD, of which none lie here; 0.1 BTC would count as 3200.00 USD: at leverage "
        "1 its own coins take 0.125 BTC more, 5000.00 USD"
    )
    assert (said.data["covered_coins"], said.data["short_coins"]) == (Fraction(0), exact("0.1"))


@pytest.mark.parametrize(("before", "ordered", "taken"), [(0, 32000, 31987), (1000, 31000, 30987)])
def test_of_a_long_too_a_venue_takes_what_its_fee_leaves_credit_for(before: int, ordered: int, taken: int) -> None:
    """Of 40,000 dollars less 0.0005 n four fifths count for a long of n more: 32,000 less what is open fit 1.0004 n."""
    held = opened(B, contracts=Fraction(before), entry_price=Fraction(40000))
    made = in_mode(
        book({"BTC": "1"}, {"BTC": "1.8", "USD": "-0.8"}, (B,), accounts(a="1", b="1"), wallets={"b:BTC": "1"},
             positions=(held,) if before else (), rules=policy(distance="0.1", alert=("0.05", "9"))),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    (said,) = found(build_plan(made, made.statement, inputs=INPUTS), Code.INITIAL_MARGIN)
    assert (said.data["contracts"], said.data["taken_contracts"]) == (ordered, taken)


def test_of_the_last_order_a_venue_may_take_nothing() -> None:
    """The fees of 31,788 and 12 dollars leave 12.72 less credit than initial margin: more than the last order is."""
    ether = at("b", inverse("ETH", "1"))
    held = opened(ether, contracts=Fraction(1000), entry_price=Fraction(2500))
    made = in_mode(
        book({"BTC": "1", "ETH": "0.4"}, {"BTC": "1", "ETH": "0", "USD": "0"}, (B, ether), accounts(a="1", b="1"),
             wallets={"b:BTC": "1", "b:ETH": "0.4"}, positions=(held,),
             rules=policy(distance="0.1", alert=("0.05", "9"), band="0")),
        MarginMode.CROSS, MarginMode.POOLED,
    )  # fmt: skip
    targets = {"BTC": Fraction(71788, 41000), "ETH": Fraction(2012, 41000), "USD": Fraction(-32800, 41000)}
    plan = build_plan(replace(made, targets=targets), made.statement, inputs=INPUTS)
    assert [(order.contract, order.signed) for order in plan.orders] == [
        ("b:BTCUSD", Fraction(31788)),
        ("b:ETHUSD", Fraction(12)),
    ]
    (said,) = found(plan, Code.INITIAL_MARGIN)
    assert (said.data["contract"], said.data["contracts"], said.data["taken_contracts"]) == ("b:ETHUSD", 12, 0)
    assert "it may take none of b:ETHUSD, nor all of those before it; bring as much more" in said.message


def of_a_fee(folder: Path, venue: str, contract: str, says: str, *, held: str = "USD: 50%") -> Plan:
    return planned(read(folder, f"""
as_of: 2026-11-20T08:00:00Z
accounts: {{main: {{venue: {venue}, margin: pooled}}}}
holdings: {{BTC: 2, ETH: 0}}
targets: {{BTC: 50%, ETH: 0%, {held}}}
contracts: {{{contract}: {{maintenance: {says}}}}}
{MARKET}"""))  # fmt: skip


@pytest.mark.parametrize(
    ("venue", "contract", "mode"),
    [
        ("bybit", "BTCUSD", "unified account, cross margin"),
        ("okx", "BTC-USD-SWAP", "multi-currency margin"),
    ],
)
def test_a_closing_fee_that_the_file_leaves_out_and_the_venue_counts_is_told(
    tmp_path: Path, venue: str, contract: str, mode: str
) -> None:
    plan = of_a_fee(tmp_path, venue, contract, "{close_fee: false}")
    (said,) = found(plan, Code.CLOSING_FEE)
    assert (said.severity, said.subject, said.data["contracts"]) == (Severity.INFO, "main", (contract,))
    assert said.message == (
        f"{venue} counts the fee of closing in its {mode}, and so it is for {contract} too, whose "
        "maintenance.close_fee is false"
    )
    counted = of_a_fee(tmp_path, venue, contract, "{close_fee: true}")
    assert not found(counted, Code.CLOSING_FEE)
    assert counted.accounts == plan.accounts


def test_a_closing_fee_is_not_told_of_where_nothing_is_open_or_the_contract_has_its_own_say(tmp_path: Path) -> None:
    assert not found(of_a_fee(tmp_path, "bybit", "ETHUSD", "{close_fee: false}"), Code.CLOSING_FEE)
    assert not found(of_a_fee(tmp_path, "kucoin", "XBTUSDM", "{close_fee: false}"), Code.CLOSING_FEE)
