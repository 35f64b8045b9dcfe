"""One plan over several accounts: where legs go, what margins them, and that one account is as it ever was."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawn import FEWER, among
from exact import exact
from market.test_pooled_path import spare
from program import in_process
from rebal import load
from rebal.account_lines import AccountLine, LevelLine, NearestLine
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Book, MarginMode
from rebal.findings import Code, Severity
from rebal.formats import View, render
from rebal.market.pooled import Pool
from rebal.market.pooled_path import least_spare
from rebal.plan import Inputs, Plan, Rescue
from rebal.planner.account_lines import _nearest
from rebal.planner.build import build_plan
from rebal.planner.desk import Desk
from rebal.planner.exposure import equity_at
from rebal.planner.pooled import paths_of, pool_of
from rebal.planner.posting import room_for
from rebal.planner.rescue import build_rescue
from rebal.planner.status import build_status
from rebal.policy import Uncovered
from rebal.portfolio import Portfolio
from rebal.stress.report import build_stress
from rebal.times import instant

NOW = instant("2026-11-20T09:00:00Z")
MARKET = """
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500, SOL: 100}
"""
WORKED = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 1}}
accounts:
  bybit:
    venue: bybit
    wallets: {{BTC: 1}}
    positions: [{{contract: ETHUSD, contracts: 60000, entry_price: 2500}}]
    collateral: {{BTC: 98%}}
contracts: {{ETHUSD: {{leverage: 10}}}}
{MARKET}"""
TWO = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 2, ETH: 14, SOL: 100, USDT: 3000}}
targets: {{BTC: 45%, ETH: 35%, SOL: 15%, USD: 5%}}
accounts:
  bybit: {{venue: bybit, margin: MODE, AT_MOSTwallets: {{BTC: 0.4, USDT: 2000}}}}
  deribit: {{venue: deribit, wallets: {{BTC: 0.2}}}}
{MARKET}"""


def read(tmp_path: Path, text: str) -> Portfolio:
    file = tmp_path / "portfolio.yaml"
    file.write_text(text, encoding="utf-8")
    return load.portfolio(str(file), now=NOW)


def inputs(made: Portfolio) -> Inputs:
    return Inputs(made.statement_sha256, None, None, made.market.as_of, NOW, "test")


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=inputs(made))


def two(tmp_path: Path, mode: str = "cross", at_most: str = "") -> Portfolio:
    return read(tmp_path, TWO.replace("MODE", mode).replace("AT_MOST", f"at_most: {at_most}, " if at_most else ""))


def test_what_is_opened_for_hardly_more_than_the_least_order_is_said(tmp_path: Path) -> None:
    text = """
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 1, USDT: 2000}
targets: {BTC: 80%, USD: 20%}
accounts:
  bybit: {venue: bybit, margin: cross, at_most: MOST}
  deribit: {venue: deribit, margin: cross}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 91250}}
"""

    def said(most: str, more: str = "") -> list[str]:
        plan = planned(read(tmp_path, text.replace("MOST", most) + more))
        return [each.message for each in plan.findings if each.code is Code.BELOW_MINIMUM]

    # 16,650 in all, of which 16,610 and their fee fit 17.82 % of 93,250
    assert said("17.82%") == [
        "40.00 USD alone are opened on BTC-PERPETUAL; a policy.min_order above that, it is 10.00 USD, leaves such an "
        "order out"
    ]
    assert said("17.7%") == []
    assert "opened on" not in "".join(said("17.82%", "policy: {min_order: 41}\n"))


def test_a_leg_of_some_lots_is_below_the_policys_least_order_and_not_the_venues(tmp_path: Path) -> None:
    text = (
        "as_of: 2026-11-20T08:00:00Z\nholdings: {BTC: 1.2, SOL: 300, USDT: 2000}\n"
        "targets: {BTC: 70%, SOL: 10%, USD: 20%}\naccounts:\n"
        "  bybit: {venue: bybit, wallets: {BTC: 0.01, SOL: 10}}\n"
        "  deribit: {venue: deribit, margin: cross, wallets: {BTC: 1.19}}\n"
        "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 91250, SOL: 141.9}}\n"
        "policy: {post: [BTC], min_order: 5000}\n"
    )
    (found,) = [each for each in planned(read(tmp_path, text)).findings if each.subject == "BTC"]
    assert found.message == "1651.00 USD on BTCUSD are in whole lots below policy.min_order, 5000.00 USD: left out"


def account(lines: tuple[AccountLine, ...], name: str) -> AccountLine:
    return next(line for line in lines if line.account == name)


def test_the_worked_account_is_liquidated_where_it_was_worked_out_to(tmp_path: Path) -> None:
    made = read(tmp_path, WORKED)
    line = account(build_status(made, made.statement, inputs=inputs(made)).accounts, "bybit")
    assert line.margin is MarginMode.POOLED
    shares = {
        each.currency: each.share_of_holding for each in build_status(made, made.statement, inputs=inputs(made)).wallets
    }
    assert shares == {"BTC": 1, "ETH": None}
    assert (line.credit, line.equity) == (Fraction(39200), Fraction(40000))
    assert (line.initial_margin, line.maintenance_margin) == (exact("6036.3"), exact("636.3"))
    levels = {level.path: (level.below, level.above) for level in line.levels}
    assert levels == {
        "all": (exact("606000/991637"), None),
        "BTC": (exact("909/56000"), None),
        "ETH": (exact("214000/599637"), None),
    }
    assert line.nearest is not None
    assert (line.nearest.path, line.nearest.factor) == ("all", exact("606000/991637"))
    assert line.printed_rate == exact("0.0162")


def test_legs_go_to_the_first_account_of_the_file_that_serves_them(tmp_path: Path) -> None:
    plan = planned(two(tmp_path))
    assert {order.account for order in plan.orders} == {"bybit"}
    swapped = TWO.replace("MODE", "cross").replace("AT_MOST", "")
    at = swapped.index("  bybit:")
    lines = swapped[at:].splitlines()
    turned = swapped[:at] + "\n".join([lines[1], lines[0], *lines[2:]]) + "\n"
    orders = {order.asset: order.account for order in planned(read(tmp_path, turned)).orders}
    # deribit has no inverse contract of SOL
    assert (orders["BTC"], orders["SOL"]) == ("deribit", "bybit")


def test_wallets_of_one_coin_at_two_accounts_are_kept_apart(tmp_path: Path) -> None:
    made = two(tmp_path)
    assert made.statement.wallets == {"bybit:BTC": exact("0.4"), "bybit:USDT": 2000, "deribit:BTC": exact("0.2")}
    plan = planned(made)
    rows = {(wallet.account, wallet.currency): wallet for wallet in plan.wallets}
    assert rows["deribit", "BTC"].balance == exact("0.2")
    moved = sum(each.quantity for each in plan.transfers if each.asset == "BTC")
    fees = sum(order.fee for order in plan.orders if order.fee_currency == "BTC")
    assert rows["bybit", "BTC"].balance == exact("0.4") + moved - fees


def test_wallets_stand_by_account_and_coin_pooled_or_not(tmp_path: Path) -> None:
    rows = planned(two(tmp_path, "pooled")).wallets
    named = [(row.account, row.currency) for row in rows]
    assert named == sorted(named)
    assert [account for account, _ in named].index("deribit") == len(named) - 1


def test_no_more_sits_at_an_account_than_it_may(tmp_path: Path) -> None:
    plan = planned(two(tmp_path, at_most="15%"))
    line = account(plan.accounts, "bybit")
    assert line.at_most == exact("0.15")
    assert line.share_of_equity is not None
    assert line.share_of_equity <= exact("0.15")
    # 0.4 BTC and 2,000 dollars are there, and 19,200 dollars may be: SOL, which trades there alone, has the first of it
    assert [order.account for order in plan.orders if order.asset == "BTC"] == ["bybit", "deribit"]


@pytest.mark.parametrize("mode", ["cross", "pooled"])
def test_a_plan_that_is_carried_out_asks_for_nothing_more(tmp_path: Path, mode: str) -> None:
    made = two(tmp_path, mode)
    first = planned(made)
    assert first.orders
    assert not first.refused
    left = carried_out(first, made)
    again = build_plan(made, left, inputs=inputs(made))
    assert not again.orders
    assert not again.transfers


def carried_out(plan: Plan, made: Portfolio) -> Book:
    from rebal.planner.sequence import after_orders, after_transfers

    return after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)


def test_a_pooled_account_keeps_the_policy_on_every_path_after_a_plan(tmp_path: Path) -> None:
    made = two(tmp_path, "pooled")
    left = carried_out(planned(made), made)
    pool = pool_of(made.pools[0], left, made)
    assert all(least_spare(pool, path) >= 0 for path in paths_of(pool, made, made.policy.shock))


def test_a_pooled_account_survives_what_the_policy_says(tmp_path: Path) -> None:
    text = TWO.replace("MODE", "pooled").replace("AT_MOST", "")
    for shock in ("60%", "90%"):
        made = read(tmp_path, f"{text}policy: {{survive: {{shock: {shock}}}}}\n")
        plan = planned(made)
        assert not plan.refused
        pool = pool_of(made.pools[0], carried_out(plan, made), made)
        assert made.policy.shock == Fraction(int(shock[:2]), 100)
        assert all(least_spare(pool, path) >= 0 for path in paths_of(pool, made, made.policy.shock))


def test_coins_are_not_borrowed_where_they_are_there(tmp_path: Path) -> None:
    line = account(planned(two(tmp_path, "pooled")).accounts, "bybit")
    assert line.debts == {}


def test_a_pooled_account_in_danger_is_rescued_with_coins(tmp_path: Path) -> None:
    made = read(tmp_path, WORKED.replace("{BTC: 1}\naccounts", "{BTC: 1, USDT: 90000}\naccounts"))
    plan = build_rescue(made, made.statement, inputs=inputs(made))
    assert [(way.wallet, way.way, way.enough) for way in plan.ways if way.chosen] == [("bybit", Rescue.COINS, True)]
    assert {each.asset for each in plan.transfers} == {"USDT"}
    assert not build_rescue(made, carried_out(plan, made), inputs=inputs(made)).transfers
    without = read(tmp_path, WORKED)
    closing = build_rescue(without, without.statement, inputs=inputs(without))
    assert [(way.way, way.enough) for way in closing.ways] == [(Rescue.CLOSE, True)]


def test_stress_liquidates_a_pooled_account_where_its_level_is(tmp_path: Path) -> None:
    made = read(tmp_path, WORKED)
    report = build_stress(made, made.statement, inputs=inputs(made))
    told = {each.everywhere: each for each in report.scenarios}
    gone, safe = told[exact("-0.4")].wallets[0], told[exact("-0.3")].wallets[0]
    assert (gone.liquidated, safe.liquidated) == (True, False)
    assert gone.liquidated_at == (1 - exact("606000/991637")) / exact("0.4")
    # 39,200 · 0.6 + 60,000 · (0.6 - 1) - 600 - 36.3 · 0.6
    assert (gone.margin_balance - gone.maintenance_margin, gone.top_up) == (exact("-1101.78"), exact("1101.78"))
    assert told[exact("-0.4")].equity_hedged == 0
    assert safe.name == "bybit"


def test_one_account_in_full_is_a_venue_in_short(tmp_path: Path) -> None:
    short = """
as_of: 2026-11-20T08:00:00Z
venue: binance
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 50%, ETH: 50%}
wallets: {BTC: 0.4}
positions: [{contract: BTCUSD_PERP, contracts: -100, entry_price: 40000}]
"""
    full = """
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 50%, ETH: 50%}
accounts:
  binance:
    venue: binance
    wallets: {BTC: 0.4}
    positions: [{contract: BTCUSD_PERP, contracts: -100, entry_price: 40000}]
"""
    answers = [planned(read(tmp_path, text + MARKET)) for text in (short, full)]
    for name in ("json", "plain", "csv", "table"):
        shown = [render(name, each, View(width=100, colour=False)) for each in answers]
        assert shown[0] == shown[1]
    assert json.loads(render("json", answers[0], View(width=100, colour=False)))["accounts"][0]["account"] == "binance"


COINS = {"BTC": 40000, "ETH": 2500, "SOL": 100}
CONTRACTS = {"BTC": "BTCUSD", "ETH": "ETHUSD", "SOL": "SOLUSD"}


@st.composite
def books(draw: st.DrawFn) -> str:
    """Two to four accounts at one venue, of every kind of margin, each with coins and positions of its own."""
    names = ["one", "two", "three", "four"][: draw(st.integers(2, 4))]
    held = dict.fromkeys([*COINS, "USDT"], ZERO)
    written = []
    for name in names:
        mode = draw(among(*MarginMode))
        wallets = {coin: Fraction(draw(st.integers(0, 40))) * 4000 / COINS[coin] / 10 for coin in COINS}
        wallets["USDT"] = Fraction(draw(st.integers(0, 5)) * 1000)
        rows = []
        for coin, price in COINS.items():
            size = draw(st.integers(-8000, 8000)) if draw(st.booleans()) and wallets[coin] else 0
            if size:
                margin = f", margin: {float(wallets[coin] / 2):.8f}" if mode is MarginMode.ISOLATED else ""
                entry = price * draw(st.integers(90, 110)) / 100
                rows.append(f"{{contract: {CONTRACTS[coin]}, contracts: {size}, entry_price: {entry}{margin}}}")
        for coin, balance in wallets.items():
            held[coin] += balance
        there = ", ".join(f"{coin}: {float(balance):.8f}" for coin, balance in wallets.items() if balance)
        at_most = draw(among("", "at_most: 60%, "))
        written.append(
            f"  {name}: {{venue: bybit, margin: {mode}, {at_most}wallets: {{{there}}}, positions: [{', '.join(rows)}]}}"
        )
    owned = {coin: balance * draw(st.integers(1, 3)) for coin, balance in held.items()}
    holdings = ", ".join(f"{coin}: {float(balance):.8f}" for coin, balance in owned.items())
    targets = draw(among("BTC: 50%, ETH: 30%, SOL: 20%, USD: 0%", "BTC: 20%, ETH: 20%, SOL: 20%, USD: 40%"))
    return (
        f"as_of: 2026-11-20T08:00:00Z\nholdings: {{{holdings}}}\ntargets: {{{targets}}}\naccounts:\n"
        + "\n".join(written)
        + MARKET
        + f"policy: {{leverage: 2, uncovered: {draw(among(*Uncovered))}}}\n"
    )


@FEWER
@given(text=books())
def test_a_plan_over_accounts_stays_within_what_each_may_and_holds(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    made = read(tmp_path_factory.mktemp("books"), text)
    plan = planned(made)
    left = carried_out(plan, made)
    for asset, owned in made.statement.holdings.items():
        inside = sum((left.wallets.get(f"{each.name}:{asset}", ZERO) for each in made.accounts), ZERO)
        moved = sum((each.quantity for each in plan.transfers if each.asset == asset), ZERO)
        before = sum((made.statement.wallets.get(f"{each.name}:{asset}", ZERO) for each in made.accounts), ZERO)
        assert moved <= 0 or before + moved <= owned
        assert inside <= max(left.holdings[asset], before)
    for line in plan.accounts:
        then = equity_at(line.account or "", made.statement, made)
        if line.at_most is not None and not plan.refused and line.equity > then + 1:
            assert line.equity <= line.at_most * plan.equity * (ONE + exact("0.001"))
    for each in made.pools:
        pool = pool_of(each, left, made)
        line = account(plan.accounts, each.name or "")
        for level in line.levels:
            _agrees(pool, level)
        traded = any(order.account == each.name for order in plan.orders)
        if traded and not plan.refused:
            assert all(least_spare(pool, path) >= 0 for path in paths_of(pool, made, made.policy.shock))


def _agrees(pool: Pool, level: LevelLine) -> None:
    """At a level credit is maintenance, and on the way there, or where there is none, it is more."""
    moved = [coin.asset for coin in pool.coins if coin.asset != "USDT"] if level.path == "all" else [level.path]
    for end, way in ((level.below, -ONE), (level.above, ONE)):
        path = dict.fromkeys(moved, way)
        if end == ONE:
            assert spare(pool, path, ZERO) <= 0
            continue
        last = abs(end - ONE) if end is not None else (Fraction(99, 100) if way < 0 else Fraction(5))
        assert all(spare(pool, path, last * step / 8) > 0 for step in range(8))
        assert end is None or spare(pool, path, last) == 0


def test_what_is_recorded_stands_at_its_account(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio.yaml"
    portfolio.write_text(TWO.replace("MODE", "pooled").replace("AT_MOST", ""), encoding="utf-8")
    plan = tmp_path / "plan.json"
    now = ("-p", str(portfolio), "--now", "2026-11-20T09:00:00Z")
    at = ("--time", "2026-11-20T08:59:00Z")
    assert in_process("plan", *now, "--out", str(plan)).returncode == 0
    assert in_process("record", "plan", str(plan), *now, *at).returncode == 0
    again = json.loads(in_process("plan", *now, "--format", "json").stdout)
    assert not again["changes"]
    nowhere = in_process("record", "transfer", "--asset", "BTC", "--quantity", "0.1", *now, *at)
    assert "name the account" in nowhere.stderr
    moved = in_process("record", "transfer", "--asset", "BTC", "--quantity", "0.1", "--account", "deribit", *now, *at)
    assert moved.returncode == 0
    told = json.loads(in_process("history", *now, "--format", "json").stdout)
    assert {each["account"] for each in told["entries"] if each["type"] == "fill"} == {"bybit"}
    assert told["entries"][-1]["account"] == "deribit"
    wallets = {
        (each["account"], each["currency"]): each["balance"]
        for each in json.loads(in_process("status", *now, "--format", "json").stdout)["wallets"]
    }
    assert wallets["deribit", "BTC"] == "0.3"


def test_an_account_that_fails_takes_its_coins_and_its_hedges(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio.yaml"
    text = TWO.replace("MODE", "cross").replace("AT_MOST", "positions: [{contract: BTCUSD, contracts: -8000, "
                                                "entry_price: 40000, hedge: -8000}], ")  # fmt: skip
    portfolio.write_text(text, encoding="utf-8")
    now = (str(portfolio), "--now", "2026-11-20T09:00:00Z", "--format", "json")
    whole, failed = (json.loads(in_process("stress", *now, *more).stdout) for more in ((), ("--fail", "bybit")))
    # 0.4 BTC and 2,000 dollars
    assert exact(whole["equity"]) - exact(failed["equity"]) == 18000
    assert [each["account"] for each in whole["survival"]] == ["bybit"]
    assert failed["survival"] == []
    (told,) = (each for each in failed["findings"] if each["code"] == "account-failed")
    assert told["data"]["lost_usd"] == "18000"
    assert told["data"]["contracts"] == ["BTCUSD"]
    assert in_process("stress", *now, "--fail", "kraken").returncode == 2
    assert in_process("stress", *now, "--fail", "bybit", "--planned").returncode == 2


def test_a_price_of_a_contract_counts_whether_its_account_is_named_or_not(tmp_path: Path) -> None:
    prices = "BTC: 40000, ETH: 2500, SOL: 100, {}: 40100"
    for name in ("BTC-PERPETUAL", "deribit:BTC-PERPETUAL"):
        text = TWO.replace("MODE", "cross").replace("AT_MOST", "").replace(
            "BTC: 40000, ETH: 2500, SOL: 100", prices.format(name)
        )  # fmt: skip
        made = read(tmp_path, text + f"  funding: {{{name}: 0.02%}}\n")
        contract = made.contracts["BTC-PERPETUAL"]
        assert "deribit:BTC-PERPETUAL" not in made.contracts
        assert (made.market.mark(contract), made.market.funding_rate(contract)) == (exact("40100"), exact("0.0002"))


def test_a_pooled_account_is_walked_along_all_coins_together_and_each_alone(tmp_path: Path) -> None:
    made = read(tmp_path, WORKED)
    (at,) = made.pools
    pool = pool_of(at, made.statement, made)
    third = exact("1/3")
    together = [{"BTC": step, "ETH": step} for step in (-third, third)]
    alone = [{coin: step} for coin in ("BTC", "ETH") for step in (-third, third)]
    assert paths_of(pool, made, third) == [*together, *alone]
    one = Pool(pool.rules, tuple(each for each in pool.coins if each.asset == "BTC"), ())
    assert paths_of(one, made, third) == [{"BTC": -third}, {"BTC": third}]


def test_an_account_with_more_than_it_may_have_takes_nothing_and_gives_nothing(tmp_path: Path) -> None:
    file = two(tmp_path, at_most="1%")
    made = Desk.of(file, file.statement, now=NOW).portfolio
    for each in made.accounts:
        key = made.at(each.name)
        room = room_for(key, "BTC", book=made.statement, portfolio=made)
        assert room is None or room >= 0
    full = made.accounts[0]
    assert room_for(made.at(full.name), "BTC", book=made.statement, portfolio=made) == 0


def test_what_is_further_than_the_alert_and_nearer_than_the_policy_is_told_of_a_state_too(tmp_path: Path) -> None:
    """38.9 % away on the path of all coins together: the policy asks for 50 %, the alert is at 35 %."""
    for alert, told in (("35%", [Severity.INFO]), ("39%", [])):
        made = read(tmp_path, WORKED + f"policy: {{alert: {{distance: {alert}, leverage: 9}}}}\n")
        status = build_status(made, made.statement, inputs=inputs(made))
        assert [each.severity for each in status.findings if each.code is Code.NEAR_LIQUIDATION] == told


def test_the_levels_of_scenarios_stand_by_their_names(tmp_path: Path) -> None:
    names = ["winter", "crash", "rally", "summer", "august", "panic"]
    told = "".join(f"  {name}: {{BTC: -{n + 1}0%, ETH: -50%}}\n" for n, name in enumerate(names))
    made = read(tmp_path, f"{WORKED}scenarios:\n{told}")
    line = account(build_status(made, made.statement, inputs=inputs(made)).accounts, "bybit")
    assert [level.path for level in line.levels] == ["all", "BTC", "ETH", *sorted(names)]


@pytest.mark.parametrize(
    ("below", "above", "factor"),
    [("0.5", "1.2", "1.2"), ("0.9", "1.2", "0.9"), (None, "3", "3"), ("0.1", None, "0.1")],
)
def test_of_two_ends_the_one_that_is_nearer_to_today_is_told(below: str | None, above: str | None, factor: str) -> None:
    ends = (None if each is None else exact(each) for each in (below, above))
    assert _nearest("all", *ends) == NearestLine("all", exact(factor), abs(exact(factor) - 1))
