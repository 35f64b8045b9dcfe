"""What is said of several accounts: what was preferred, what is slight, what waits, what nobody said of sending."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, opened
from rebal.findings import Code, Finding, Severity
from rebal.market.contract import Contract
from rebal.market.pooled import Collateral, Counted, Slice
from rebal.planner.candidates import named
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.policy import Prefer
from rebal.portfolio import Portfolio, Proxy
from rebal.withdrawal import Withdrawal

from .given import INPUTS, inverse, linear, policy, portfolio
from .test_idle import in_mode
from .test_splitting import accounts, at, book, planned, told
from .test_travelling import A, B, only_at_a

COINS = ("ADA", "BTC", "DOT", "ETH", "SOL", "XRP")


def by_cost(weight: str, *contracts: Contract) -> list[Finding]:
    """One bitcoin beside as many dollars, of which a fifth is traded where it costs least over 31 days."""
    targets = {"BTC": weight, "USD": str(1 - float(weight))[:3]}
    made = book(
        {"BTC": "1", "USDT": "40000"}, targets, contracts, accounts(a="1", b="1"),
        funding=dict.fromkeys((each.name for each in contracts), "0.0001"),
        rules=replace(policy(), prefer=Prefer.COST, horizon=timedelta(days=31)),
    )  # fmt: skip
    return told(planned(made), Code.ROUTE)


@pytest.mark.parametrize(
    ("weight", "way", "costs"), [("0.7", "long", ("1.03", "1.93")), ("0.3", "short", ("-0.83", "0.07"))]
)
def test_by_cost_the_first_contract_of_each_account_is_told_with_what_it_costs(
    weight: str, way: str, costs: tuple[str, str]
) -> None:
    """31 days of 0.03 % are 0.93 %, in and out is 0.1 % at a and 1 % at b; less than a contract of 100,000 dollars."""
    cheap, dear = (inverse("BTC", "100000", lot="0.01", fee=fee) for fee in ("0.0005", "0.005"))
    (each,) = by_cost(weight, at("a", cheap), at("b", dear))
    assert each.message == (
        f"over 31d a {way} costs, of its dollars, {costs[0]} % on a:BTCUSD, {costs[1]} % on b:BTCUSD; policy.prefer is "
        "cost"
    )
    assert each.data == {
        "contracts": ("a:BTCUSD", "b:BTCUSD"), "horizon": "31d", "cost_1": exact(costs[0]) / 100,
        "cost_2": exact(costs[1]) / 100,
    }  # fmt: skip


def test_by_cost_nothing_is_told_of_a_leg_that_one_account_alone_serves_on_the_first_route() -> None:
    assert not by_cost("0.3", A)
    assert not by_cost("0.3", A, at("b", linear("BTC")))
    assert by_cost("0.3", A, B, at("b", linear("BTC")))


def slight(weight: str, *, names: str = "ab", held: bool = False) -> list[str]:
    position = (opened(A, contracts=Fraction(-1000), entry_price=Fraction(40000), hedge=Fraction(-1000)),)
    made = book({"BTC": "1"}, {"BTC": weight, "USD": str(exact("1") - exact(weight))}, (A,),
                accounts(**dict.fromkeys(names, "1")), wallets={"a:BTC": "1"}, positions=position if held else (),
                rules=policy(band="0"))  # fmt: skip
    made = replace(made, targets={"BTC": exact(weight), "USD": 1 - exact(weight)})
    return [each.message for each in told(planned(made), Code.BELOW_MINIMUM)]


def test_what_is_opened_anew_below_five_least_orders_is_slight() -> None:
    """A hundredth of 40,000 dollars is 400: 0.00125 of them are 50, five times the least order of 10."""
    assert slight("0.998775") == [
        "49.00 USD alone are opened on a:BTCUSD; a policy.min_order above that, it is 10.00 USD, leaves such an order "
        "out"
    ]
    assert slight("0.99875") == []
    assert slight("0.998775", held=True) == []
    assert slight("0.998775", names="a") == []


def test_what_carries_two_legs_is_not_slight() -> None:
    """20 dollars of bitcoin and 20 of DOT through it, each of which alone would be."""
    free = at("a", inverse("BTC", fee="0"))
    made = portfolio({"BTC": "1", "DOT": "8000"}, {"BTC": "0.49975", "DOT": "0.49975", "USD": "0.0005"},
                     {"BTC": "40000", "DOT": "5"}, (free,), wallets={"a:BTC": "1"}, rules=policy(band="0"))  # fmt: skip
    made = replace(made, told_accounts=accounts(a="1", b="1"), proxies={"DOT": Proxy("DOT", "BTC", Fraction(1))})
    plan = planned(made)
    assert [(order.contracts, len(order.parts)) for order in plan.orders] == [(Fraction(40), 2)]
    assert told(plan, Code.BELOW_MINIMUM) == []


def test_what_comes_late_leaves_the_net_off_either_way_meanwhile() -> None:
    """20,000 short less the fee of 10 dollars come late, or 8,000 long less 4."""
    (above,) = told(planned(only_at_a({"b:BTC": "1"})), Code.UNHEDGED)
    assert above.message == (
        "for about 1h its net exposure is 20010.00 USD above the plan's: coins for a:BTCUSD come from another account"
    )
    made = book({"BTC": "1", "USDT": "20000"}, {"BTC": "0.8", "USD": "0.2"}, (A,), accounts(a="1", b="1"),
                wallets={"b:BTC": "1"})  # fmt: skip
    (below,) = told(planned(made), Code.UNHEDGED)
    assert (below.severity, below.data["gap_usd"], below.data["unhedged_usd"]) == (Severity.INFO, -7996, 0)
    assert below.message == (
        "for about 1h its net exposure is 7996.00 USD below the plan's: coins for a:BTCUSD come from another account"
    )


def test_an_order_for_two_coins_is_waited_for_by_both() -> None:
    """4,000 dollars of bitcoin and as many of DOT through it are to be short at a, and all bitcoin is at b."""
    made = portfolio({"BTC": "1", "DOT": "8000"}, {"BTC": "0.45", "DOT": "0.45", "USD": "0.1"},
                     {"BTC": "40000", "DOT": "5"}, (A,), wallets={"b:BTC": "1"}, rules=policy(band="0"))  # fmt: skip
    made = replace(made, told_accounts=accounts(a="1", b="1"), proxies={"DOT": Proxy("DOT", "BTC", Fraction(1))})
    late = told(planned(made), Code.UNHEDGED)
    assert [(each.subject, each.data["contracts"]) for each in late] == [
        ("BTC", ("a:BTCUSD",)),
        ("DOT", ("a:BTCUSD",)),
    ]


def six_coins(**said: Withdrawal) -> Portfolio:
    """A hundred dollars of each of six coins at b, half of each to be short at a."""
    made = portfolio(
        dict.fromkeys(COINS, "10"), None, dict.fromkeys(COINS, "100"), tuple(at("a", inverse(coin)) for coin in COINS),
        wallets={f"b:{coin}": "10" for coin in COINS},
    )  # fmt: skip
    first, second = accounts(a="1", b="1")
    weights = {coin: Fraction(1, 12) for coin in COINS}
    return replace(made, targets={**weights, "USD": Fraction(1, 2)},
                   told_accounts=(first, replace(second, withdrawals=said)))  # fmt: skip


def test_of_each_coin_that_waits_its_own_orders_are_named_and_the_longest_time() -> None:
    late = told(planned(six_coins(SOL=Withdrawal(takes=timedelta(hours=5)))), Code.UNHEDGED)
    assert [(each.subject, each.data["contracts"], each.data["hours"]) for each in late] == [
        (coin, (f"a:{coin}USD",), 5) for coin in COINS
    ]


NOBODY = Withdrawal()
ALL = Withdrawal(Fraction(0), Fraction(0), timedelta(hours=2))


@pytest.mark.parametrize(
    ("one", "assumed", "severity", "words"),
    [
        (NOBODY, True, Severity.WARNING, "that BTC takes 1h from here to another account is assumed, and no fee and no "
                                         "least amount of a withdrawal of BTC is counted"),
        (NOBODY, False, Severity.INFO, "no fee and no least amount of a withdrawal of BTC is counted"),
        (replace(ALL, takes=None), True, Severity.WARNING, "that BTC takes 1h from here to another account is assumed"),
        (replace(ALL, fee=None), True, Severity.INFO, "no fee of a withdrawal of BTC is counted"),
        (replace(ALL, least=None), True, Severity.INFO, "no least amount of a withdrawal of BTC is counted"),
        (replace(ALL, takes=None), False, None, ""),
        (ALL, True, None, ""),
    ],
)  # fmt: skip
def test_what_nobody_said_of_sending_coins_away_is_told_of_where_they_leave(
    one: Withdrawal, severity: Severity | None, words: str, *, assumed: bool
) -> None:
    made = only_at_a({"b:BTC": "1"})
    first, second = made.told_accounts
    made = replace(made, told_accounts=(first, replace(second, withdrawals={"BTC": one}, withdrawal_assumed=assumed)))
    found = told(planned(made), Code.ASSUMED_FIGURE)
    assert [(each.subject, each.severity, each.message) for each in found] == (
        [] if severity is None else
        [("b", severity, f"{words}; set accounts.b.withdrawal, as {{BTC: {{fee: ..., least: ..., takes: 2h}}}}")]
    )  # fmt: skip


def test_of_several_coins_what_nobody_said_is_told_by_name() -> None:
    said = {coin: replace(ALL, **{field: None}) for coin, field in zip(
        reversed(COINS), ("takes", "fee", "least", "takes", "fee", "least"), strict=True)}  # fmt: skip
    (each,) = told(planned(six_coins(**said)), Code.ASSUMED_FIGURE)
    assert (each.data["coins"], each.data["takes"]) == (COINS, "1h")
    assert (each.data["without_fee"], each.data["without_least"]) == (("BTC", "SOL"), ("ADA", "ETH"))
    assert each.message == (
        "that DOT and XRP take 1h from here to another account is assumed, and no fee of a withdrawal of BTC and SOL "
        "and no least amount of one of ADA and ETH is counted; set accounts.b.withdrawal, as {ADA: {fee: ..., least: "
        "..., takes: 2h}}"
    )


@pytest.mark.parametrize(("coins", "said"), [("0.25", False), ("0.2500002", False), ("0.25000025", True)])
def test_a_cent_above_what_may_sit_at_an_account_is_told(coins: str, *, said: bool) -> None:
    """A quarter of 40,000 dollars may sit there."""
    made = book({"BTC": "1"}, {"BTC": "1"}, (A, B), accounts(a="0.25", b="1"), wallets={"a:BTC": coins})
    found = told(planned(made), Code.AT_MOST)
    assert [each.subject for each in found] == (["a"] if said else [])
    for each in found:
        assert each.data == {"equity_usd": exact("10000.01"), "most_usd": 10000}


def routes(made: Portfolio) -> list[tuple[str, str]]:
    return [(each.subject, each.message) for each in told(planned(made), Code.ROUTE)]


@pytest.mark.parametrize("ether", ["0", "0.1"])
@pytest.mark.parametrize(("mode", "first"), [(MarginMode.CROSS, 8000), (MarginMode.ISOLATED, 8000),
                                             (MarginMode.POOLED, 6400)])  # fmt: skip
def test_what_fits_nowhere_is_told_apart_from_what_another_account_carries(
    mode: MarginMode, first: int, ether: str
) -> None:
    """48,000 of 80,000 dollars are to be short, and 10, 20 and 20 % of 80,000 may sit at three accounts.

    Of a pool four fifths count. What is left, 8,000 or 9,600, stands where coins lack for it; that ether lacks coins at
    the third too is no matter of bitcoin.
    """
    contracts = tuple(at(name, inverse("BTC", fee="0")) for name in ("main", "second", "third"))
    made = book({"BTC": "2", "ETH": "0"}, {"USD": "1"}, (*contracts, at("third", inverse("ETH", fee="0"))),
                accounts(main="0.1", second="0.2", third="0.2"), rules=policy(uncovered="refuse"))  # fmt: skip
    targets = {"BTC": exact("0.4"), "ETH": exact(ether), "USD": exact("0.6") - exact(ether)}
    made = in_mode(replace(made, targets=targets), mode, MarginMode.CROSS, MarginMode.CROSS)
    carries = "{}:BTCUSD carries {}.00 USD of what opens, as far as accounts.{}.at_most, {} % of equity, lets coins in"
    beside = "; the rest is on {}:BTCUSD, and on main:BTCUSD what fits nowhere"
    assert routes(made) == [
        ("BTC", carries.format("main", first, "main", 10)),
        ("BTC", carries.format("second", 16000, "second", 20) + beside.format("third")),
        ("BTC", carries.format("third", 16000, "third", 20) + beside.format("second")),
    ]


def test_what_a_pool_lacks_of_credit_is_lacking_of_what_it_carries() -> None:
    """0.2 BTC count four fifths there and no more of them, 6,400 dollars; 16,000 each may be short at the others."""
    contracts = tuple(at(name, inverse("BTC", fee="0")) for name in ("main", "second", "third"))
    made = book({"BTC": "2"}, {"BTC": "0.4", "USD": "0.6"}, contracts, accounts(main="1", second="0.2", third="0.2"),
                rules=policy(uncovered="refuse"))  # fmt: skip
    main, *others = in_mode(made, MarginMode.POOLED, MarginMode.CROSS, MarginMode.CROSS).told_accounts
    counts = Collateral(Counted.COINS, (Slice(exact("0.2"), exact("0.8")), Slice(None, Fraction(0))))
    assert main.pooling is not None
    main = replace(main, pooling=replace(main.pooling, collateral={"BTC": counts}))
    told_of = [message for _, message in routes(replace(made, told_accounts=(main, *others)))]
    assert told_of[0] == "main:BTCUSD carries 6400.00 USD of what opens, as far as its 6400 USD go"
    assert [each.partition("; ")[2] for each in told_of[1:]] == [
        "the rest is on third:BTCUSD, and on main:BTCUSD what fits nowhere",
        "the rest is on second:BTCUSD, and on main:BTCUSD what fits nowhere",
    ]


def test_what_no_other_account_carries_is_told_by_what_it_lacks_alone() -> None:
    """A tenth of 80,000 dollars may sit at the one account that trades, and 40,000 are to be short."""
    made = book({"BTC": "2"}, {"BTC": "0.5", "USD": "0.5"}, (A,), accounts(a="0.1", b="1"),
                rules=policy(uncovered="refuse"))  # fmt: skip
    assert routes(made) == []
    assert [each.subject for each in told(planned(made), Code.UNDER_COLLATERALISED)] == ["a:BTC"]


def test_what_may_sit_at_an_account_is_told_where_it_is_in_the_way() -> None:
    """Half a bitcoin of two is in spot, for 20,000 at a, and b has the others; or all are, and 0.4 may sit at a."""
    free = (at("a", inverse("BTC", fee="0")), at("b", inverse("BTC", fee="0")))
    for there, first, at_most in (("1.5", "0.9", None), ("0", "0.2", exact("0.2"))):
        made = book({"BTC": "2"}, {"BTC": "0.5", "USD": "0.5"}, free, accounts(a=first, b="1"),
                    wallets={"b:BTC": there})  # fmt: skip
        (said,) = told(planned(made), Code.ROUTE)
        assert (said.data["contract"], said.data["at_most"]) == ("a:BTCUSD", at_most)


def test_what_carries_the_rest_of_a_leg_may_carry_another_coin_too() -> None:
    """20,000 each of bitcoin and of DOT through it; 8,000 may sit at a, and b carries what is left of both."""
    free = (at("a", inverse("BTC", fee="0")), at("b", inverse("BTC", fee="0")))
    made = portfolio({"BTC": "1", "DOT": "8000"}, {"BTC": "0.25", "DOT": "0.25", "USD": "0.5"},
                     {"BTC": "40000", "DOT": "5"}, free)  # fmt: skip
    made = replace(made, told_accounts=accounts(a="0.1", b="1"), proxies={"DOT": Proxy("DOT", "BTC", Fraction(1))})
    assert {each.contract: len(each.parts) for each in planned(made).orders} == {"a:BTCUSD": 1, "b:BTCUSD": 2}
    told_of = [(each.subject, each.data["instead"]) for each in told(planned(made), Code.ROUTE)]
    assert ("BTC", "b:BTCUSD") in told_of


def test_by_cost_coins_are_told_by_name_whichever_is_placed_first() -> None:
    """Every other coin is bought, the others sold: what sells goes first."""
    made = portfolio(
        dict.fromkeys(COINS, "10"), None, dict.fromkeys(COINS, "100"),
        tuple(at(name, inverse(coin)) for coin in COINS for name in "ab"),
        rules=replace(policy(band="0"), prefer=Prefer.COST, horizon=timedelta(days=31)),
    )  # fmt: skip
    weights = {coin: Fraction(2 + 3 * (n % 2), 24) for n, coin in enumerate(COINS)}
    made = replace(made, targets={**weights, "USD": Fraction(1, 8)}, told_accounts=accounts(a="1", b="1"))
    plan = planned(made)
    assert [order.asset for order in plan.orders] != [*COINS]
    assert [each.subject for each in told(plan, Code.ROUTE)] == [*COINS]


def test_what_is_open_meanwhile_is_what_is_more_than_before_and_after() -> None:
    """A hedge of 20,000 at b is to be one of 10,000 at a: 40,000 are open until then, 10,000 more than are to be."""
    free = (at("a", inverse("BTC", fee="0")), at("b", inverse("BTC", fee="0")))
    held = opened(free[1], contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = book({"BTC": "1"}, None, free, accounts(a="1", b="1"), wallets={"b:BTC": "1"}, positions=(held,))
    ask = Ask("BTC", exact("0.25"), named("a:BTCUSD", "BTC", made, now=INPUTS.now), stays=frozenset({"a:BTCUSD"}))
    (said,) = told(build_hedge(made, made.statement, asks=[ask], inputs=INPUTS), Code.UNHEDGED)
    assert (said.data["unhedged_usd"], said.data["gap_usd"]) == (10000, 10000)
