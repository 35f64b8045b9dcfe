"""Coins that are hedged through one contract: what their legs come to together, and what is left of them."""

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from drawn import among
from exchange import carried_out
from rebal.amounts import Fraction
from rebal.book import opened
from rebal.findings import Code, Severity
from rebal.market.contract import Contract
from rebal.plan import Plan
from rebal.planner import build_plan
from rebal.policy import Band, Policy, Sizing
from rebal.portfolio import Portfolio, Proxy

from .given import INPUTS, inverse, linear, policy, portfolio
from .test_splitting import accounts, at

SHARED = inverse("BTC", "1", fee="0")


def book(
    holdings: dict[str, str], targets: dict[str, str], *, through: tuple[str, ...], own: tuple[str, ...] = (),
    band: str = "0", min_order: str = "0",
) -> Portfolio:  # fmt: skip
    """Coins at 100 dollars each, BTC and what goes through it at beta 1 on one contract."""
    return portfolio(
        holdings, targets, {asset: "100" for asset in holdings if asset != "USD"},
        (SHARED, *(inverse(asset, "1", fee="0") for asset in own)),
        proxies=dict.fromkeys(through, ("BTC", "1")), rules=policy(band=band, min_order=min_order),
    )  # fmt: skip


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS)


def test_two_legs_too_small_for_an_order_each_are_none_together() -> None:
    """6 dollars of BTC and 7 of ETH, where the least order is 10."""
    made = book({"BTC": "49.94", "ETH": "49.93", "USD": "13"}, {"BTC": "0.5", "ETH": "0.5"}, through=("ETH",),
                min_order="10")  # fmt: skip
    plan = planned(made)
    assert plan.orders == ()
    assert {each.subject for each in plan.findings if each.code is Code.BELOW_MINIMUM} == {"BTC", "ETH"}


def test_legs_that_cancel_out_set_nothing_else_in_motion() -> None:
    """1,000 dollars more of BTC are 1,000 less of ETH on one contract: no order, and SOL is inside its band."""
    made = book({"BTC": "20", "ETH": "40", "SOL": "39.5", "USD": "50"}, {"BTC": "0.3", "ETH": "0.3", "SOL": "0.4"},
                through=("ETH",), own=("SOL",), band="0.05")  # fmt: skip
    plan = planned(made)
    assert plan.orders == ()
    assert {each.subject for each in plan.findings if each.code is Code.RESIDUAL and each.severity == "warning"} == {
        "BTC", "ETH",
    }  # fmt: skip


def test_beside_legs_that_cancel_out_a_contract_too_large_is_told() -> None:
    """Beside 1,000 dollars of BTC against 1,000 of ETH, 600 of XRP are too many, and less than a contract of 1,000."""
    made = book({"BTC": "20", "ETH": "40", "XRP": "16", "USD": "2400"},
                {"BTC": "0.3", "ETH": "0.3", "XRP": "0.1", "USD": "0.3"}, through=("ETH",), band="0.05")  # fmt: skip
    plan = planned(replace(made, contracts={**made.contracts, "XRPUSD": inverse("XRP", "1000", fee="0")}))
    assert plan.orders == ()
    assert {(each.code, each.subject) for each in plan.findings if each.severity == "warning"} == {
        (Code.RESIDUAL, "BTC"), (Code.RESIDUAL, "ETH"), (Code.CONTRACT_TOO_LARGE, "XRP"),
    }  # fmt: skip


def test_what_legs_against_each_other_leave_is_no_reason_to_trade_the_others() -> None:
    """One dollar is left of 1,001 against 1,000: less than a lot of each of the two legs."""
    made = book({"BTC": "19.99", "ETH": "40", "SOL": "39.5", "USD": "51"}, {"BTC": "0.3", "ETH": "0.3", "SOL": "0.4"},
                through=("ETH",), own=("SOL",), band="0.05")  # fmt: skip
    assert planned(made).orders == ()


def test_a_leg_that_the_plan_itself_makes_room_for_is_not_left() -> None:
    """ETH's short does not fit alone, and stayed, while BTC's long and SOL's short were traded against each other.

    The plan after that found a short of ETH against BTC's long, and was refused. ETH's is the one that stands at once.
    """
    made = portfolio({"BTC": "1500", "ETH": "180000", "SOL": "2432.432", "USDT": "40000"},
                     {"BTC": "0.15", "ETH": "0.35", "SOL": "0.15", "USD": "0.35"},
                     {"BTC": "2", "ETH": "0.5", "SOL": "37"}, (inverse("BTC", "1", lot="0.1"),),
                     marks={"BTCUSD": "1.96"}, proxies={"ETH": ("BTC", "0.5"), "SOL": ("BTC", "0.5")},
                     rules=policy(band="0", min_order="0", sizing=Sizing.COIN))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert {part.stands_for for order in plan.orders for part in order.parts} == {("BTC",), ("ETH",)}
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())
    for band in ("0.05", "0.1", "0.15"):  # and so it is though ETH is within its own
        wider = replace(made, policy=policy(band=band, min_order="0", sizing=Sizing.COIN))
        assert planned(wider).orders == plan.orders


def test_the_least_order_is_judged_by_what_it_comes_to_with_the_legs_against_it() -> None:
    """A short of ETH has no coins, and 100 dollars of it less 1.5 long of BTC are below the least order, not margined.

    BTC is short by all its coins; the fee of it left BTC 1.5 dollars under its target.
    """
    made = portfolio({"BTC": "25", "ETH": "7.998", "USDT": "5000"}, {"BTC": "0", "ETH": "0.6", "USD": "0.4"},
                     {"BTC": "120", "ETH": "2500.5"}, (inverse("BTC", "1", lot="0.1", fee="0.0005"),),
                     marks={"BTCUSD": "123.6"}, proxies={"ETH": ("BTC", "1")},
                     rules=policy(band="0", min_order="100"))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert [(order.contract, order.signed) for order in plan.orders] == [("BTCUSD", Fraction(-3000))]
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.refused) == ((), False)


def test_what_another_coin_lacks_takes_no_shared_contract_apart() -> None:
    """BTC's long and SOL's short cancel out, whatever ETH finds no coins for: no second plan moves XRP."""
    short = opened(inverse("XRP", "1", lot="0.1"), contracts=Fraction(-7828), entry_price=Fraction(1, 2))
    made = portfolio({"BTC": "13.513", "ETH": "0", "SOL": "0.5", "XRP": "40000", "USDT": "5000"}, None,
                     {"BTC": "37", "ETH": "40000", "SOL": "40000", "XRP": "0.5"},
                     (inverse("BTC", "100", lot="100"), inverse("ETH", "1", lot="100"), linear("ETH", "0.1"),
                      inverse("XRP", "1", lot="0.1")),
                     wallets={"XRP": "20000"}, proxies={"SOL": ("BTC", "1")},
                     positions=(short,),
                     rules=policy(band="0.05", min_order="0", leverage="2"))  # fmt: skip
    made = replace(made, targets={asset: Fraction(share, 34) for asset, share in
                                  {"BTC": 10, "ETH": 5, "SOL": 6, "XRP": 6, "USD": 7}.items()})  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    again = build_plan(made, carried_out(plan, made, made.statement), inputs=INPUTS)
    assert (again.orders, again.transfers) == ((), ())


def at_100(
    holdings: dict[str, str], shares: dict[str, int], contracts: tuple[Contract, ...], *, through: dict[str, str],
    held: tuple[str, int] | None = None, rules: Policy,
) -> Portfolio:  # fmt: skip
    """Coins at 100 dollars each, so many shares of each wanted; ``held``: what is open on BTCUSD, and for what."""
    positions = (opened(contracts[0], contracts=Fraction(held[1]), entry_price=Fraction(100), stands_for=held[0]),
                 ) if held else ()  # fmt: skip
    coins = {"BTC": holdings["BTC"]} if held else None
    made = portfolio(holdings, None, {asset: "100" for asset in shares if asset != "USD"}, contracts, wallets=coins,
                     positions=positions, proxies={asset: ("BTC", beta) for asset, beta in through.items()},
                     rules=rules)  # fmt: skip
    return replace(made, targets={asset: Fraction(share, sum(shares.values())) for asset, share in shares.items()})


def test_what_finds_no_coins_once_others_made_room_stays_where_it_is() -> None:
    """Of 6,600 dollars a long of SOL finds one coin where it needs eight times as much, whatever BTC and ETH do.

    It keeps its 100. Of the other 6,500 BTC, 500 of it held, is to be 1,625 and ETH, none of it since 500 contracts are
    short for its 1,000, 4,333.33: the short is bought back, and what is left of ETH, 3,333.33 at a beta of a half, is
    bought with the 1,125 of BTC.
    """
    made = at_100({"BTC": "5", "ETH": "10", "SOL": "1", "USDT": "5000"}, {"BTC": 3, "ETH": 8, "SOL": 5, "USD": 1},
                  (SHARED, inverse("SOL", "1", fee="0"), linear("BTC", "0.01", fee="0")), through={"ETH": "0.5"},
                  held=("ETH", -500), rules=policy(leverage="2", min_order="300"))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert {each.contract: each.signed for each in plan.orders} == {"BTCUSD": 500, "BTCUSDT": 1125 + 1666}
    assert [each.subject for each in plan.findings if each.code is Code.UNDER_COLLATERALISED] == ["SOL"]


BESIDE = at_100({"BTC": "50", "ETH": "50", "SOL": "100", "XRP": "0", "USD": "500"},
                {"BTC": 3, "ETH": 1, "SOL": 8, "XRP": 7, "USD": 1}, (SHARED, linear("BTC", "0.01", fee="0")),
                through={"ETH": "2", "SOL": "1", "XRP": "2"}, rules=policy(min_order="300"))  # fmt: skip
FOUR = at_100({"BTC": "50", "ETH": "50", "SOL": "50", "XRP": "1", "USDT": "500"},
              {"BTC": 0, "ETH": 1, "SOL": 5, "XRP": 8, "USD": 5}, (inverse("BTC", "10", fee="0"),),
              through={"ETH": "1", "SOL": "1", "XRP": "0.5"}, rules=policy(band="0"))  # fmt: skip
LONG = at_100({"BTC": "5", "ETH": "1", "SOL": "100", "USDT": "500"}, {"BTC": 6, "ETH": 2, "SOL": 1, "USD": 5},
              (inverse("BTC", "1", lot="10"),), through={"ETH": "2", "SOL": "0.5"}, held=("BTC", 300),
              rules=policy(band="0", min_order="0"))  # fmt: skip
OWN = at_100({"BTC": "5", "ETH": "5", "SOL": "100", "USD": "500"}, {"BTC": 4, "ETH": 0, "SOL": 3, "USD": 4},
             (inverse("BTC", "1", lot="10"), inverse("ETH", "1", lot="100")), through={"ETH": "2", "SOL": "2"},
             held=("SOL", -300), rules=policy(band="0", leverage="2", sizing=Sizing.COIN))  # fmt: skip


@st.composite
def shared(draw: st.DrawFn) -> Portfolio:
    """Up to four coins at 100 dollars, most of them through BTC's contract, and few coins for what they want."""
    names = ("BTC", "ETH", "SOL", "XRP")[: draw(st.integers(2, 4))]
    through = {name: draw(among("1", "0.5", "2")) for name in names[1:] if name == "ETH" or draw(st.integers(0, 3))}
    contracts = [inverse("BTC", lot=draw(among("1", "10", "100")), fee=draw(among("0", "0.0005")))]
    contracts += [inverse(name, lot="10", fee="0") for name in names[1:] if name not in through]
    contracts += [linear("BTC", "0.01", fee="0")] if draw(st.booleans()) else []
    holdings = {name: draw(among(0, 1, 5, 10, 20, 50, 100)) for name in names}
    dollars = draw(among(0, 500, 5000))
    assume(dollars or any(holdings.values()))
    shares = {name: draw(st.integers(0, 8)) for name in (*names, "USD")}
    assume(any(shares.values()))
    held = draw(st.integers(-holdings["BTC"], holdings["BTC"])) * 100
    rules = policy(min_order=draw(among("0", "10", "300")), leverage=draw(among("1", "2")),
                   sizing=draw(among(*Sizing)))  # fmt: skip
    made = at_100(
        {**{name: str(coins) for name, coins in holdings.items()}, draw(among("USD", "USDT")): str(dollars)}, shares,
        tuple(contracts), through=through, held=(draw(st.sampled_from(["BTC", *through])), held) if held else None,
        rules=rules,
    )  # fmt: skip
    return replace(made, market=replace(made.market, marks={"BTCUSD": Fraction(draw(among(100, 98, 105)))}))


@example(made=BESIDE)
@example(made=FOUR)
@example(made=LONG)
@example(made=OWN)
@given(made=shared())
def test_a_plan_leaves_nothing_to_plan_and_a_wider_band_orders_the_same_or_nothing(made: Portfolio) -> None:
    """Where some legs find no coins, and others on their contract make room for a part of them or for none."""
    ordered = []
    for points in (Fraction(0), Fraction(1, 20), Fraction(1, 10), Fraction(1, 5)):
        wider = replace(made, policy=replace(made.policy, band=Band(points)))
        plan = planned(wider)
        if not plan.refused:
            again = build_plan(wider, carried_out(plan, wider, wider.statement), inputs=INPUTS)
            assert (again.orders, again.transfers) == ((), ())
        ordered.append(None if plan.refused else plan.orders)
    assert all(not each or ordered[0] in (None, each) for each in ordered)


def test_what_the_next_plan_would_not_trade_is_not_asked_for_though_it_then_has_coins() -> None:
    """ETH is 250 of 1,500 dollars above its target, 125 of BTC's contract, for which no coin is left beside BTC's own.

    It keeps its 1,000; BTC is to be an eighth of the other 500, 62.50 where 500 are. After that ETH's 125 are less than
    an order of 300, so that nothing more is traded.
    """
    made = at_100({"BTC": "5", "ETH": "10"}, {"BTC": 1, "ETH": 8, "USD": 7}, (inverse("BTC", "1", lot="10"),),
                  through={"ETH": "0.5"},
                  rules=policy(band="0", min_order="300", sizing=Sizing.COIN))  # fmt: skip
    plan = planned(made)
    assert not plan.refused
    assert {each.contract: each.signed for each in plan.orders} == {"BTCUSD": -430}


def test_what_shrank_beside_a_leg_against_it_shrinks_again_with_that() -> None:
    """6,969 of BTC are to be bought and 10,000 of ETH sold through it, at a beta of a half; one bitcoin is there.

    The short finds coins beside the long that they margin, which is not traded in the end: such a plan was refused. By
    itself the bitcoin carries 100 dollars short.
    """
    made = at_100({"BTC": "1", "ETH": "100", "USD": "5000"}, {"BTC": 6, "ETH": 0, "USD": 7},
                  (inverse("BTC", "1", lot="10", fee="0"),), through={"ETH": "0.5"},
                  rules=policy(band="0.1", min_order="0"))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS, fit=True)
    assert not plan.refused
    assert {each.contract: each.signed for each in plan.orders} == {"BTCUSD": -100}
    assert {(each.subject, each.severity) for each in plan.findings if each.code is Code.UNDER_COLLATERALISED} == {
        ("BTC", Severity.WARNING), ("ETH", Severity.WARNING),
    }  # fmt: skip


@pytest.mark.parametrize("made", [BESIDE, FOUR, LONG, OWN])
def test_what_shrinks_to_fit_is_not_asked_for_whole(made: Portfolio) -> None:
    assert not build_plan(made, made.statement, inputs=INPUTS, fit=True).refused


def test_what_is_inside_its_band_asks_for_no_coins_of_what_stays() -> None:
    """ETH is to be 10,000 of 100,000 dollars and a long of it finds a ten-thousandth coin: it stays, and so does BTC.

    What ETH leaves is 7 parts of 9 for BTC: 77,777.78 where 80,000 are, which its band of five points allows.
    """
    own, theirs = inverse("BTC", "1"), inverse("ETH", "1")
    holdings, wanted = {"BTC": "2", "ETH": "0.0001", "USD": "20000"}, {"BTC": "0.7", "ETH": "0.1", "USD": "0.2"}
    prices = {"BTC": "40000", "ETH": "2500", "SOL": "100"}
    alone = portfolio(holdings, wanted, prices, (own, theirs))
    two = replace(portfolio(holdings, wanted, prices, (at("a", own), at("b", theirs))),
                  told_accounts=accounts(a="1", b="1"))  # fmt: skip
    beside_a_proxy = replace(alone, proxies={"SOL": Proxy("SOL", "BTC", Fraction(1))})
    for made in (alone, two, beside_a_proxy):
        plan = planned(made)
        assert (plan.orders, plan.transfers, plan.refused) == ((), (), False)
        assert [(each.severity, each.code, each.subject) for each in plan.findings] == [
            (Severity.WARNING, Code.UNDER_COLLATERALISED, "ETH")
        ]
