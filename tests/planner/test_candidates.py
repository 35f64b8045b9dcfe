"""Which contracts could carry a leg, in which order, and which positions a leg makes smaller first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Part, Position, Purpose, opened
from rebal.market.contract import Contract, Kind
from rebal.planner.candidates import (
    LONG,
    SHORT,
    Candidate,
    NotServed,
    account_order,
    by_asset,
    candidates,
    expiring_after,
    named,
    part_held,
    reducible,
    rolling,
    through,
    tradable,
)
from rebal.policy import Prefer, Route
from rebal.portfolio import Portfolio

from .given import NOW, inverse, linear, policy, portfolio
from .test_splitting import accounts, at

WEEK = timedelta(days=7)
INSTANT = timedelta(microseconds=1)


@st.composite
def contracts(draw: st.DrawFn) -> tuple[Contract, ...]:
    """A few of each kind on BTC and ETH, at two accounts: listed or not, the user's own or not, dated or not."""
    found = []
    for n in range(draw(st.integers(1, 7))):
        asset, account = draw(st.sampled_from(["BTC", "BTC", "ETH"])), draw(st.sampled_from(["b", "a"]))
        each = linear(asset) if draw(st.integers(0, 3)) == 0 else inverse(asset)
        expiry = draw(st.sampled_from([None, None, NOW + WEEK - INSTANT, NOW + WEEK, NOW + timedelta(days=35)]))
        name = f"{draw(st.sampled_from('XYZ'))}{n}"
        found.append(at(account, replace(each, name=name, expiry=expiry, own=draw(st.integers(0, 3)) == 0,
                                         listed=draw(st.integers(0, 5)) > 0)))  # fmt: skip
    return tuple(found)


ROUTES = st.lists(st.sampled_from(["inverse", "linear", "proxy", "dated"]), min_size=1, max_size=4, unique=True)


def over_two(listed: Sequence[Contract], **rules: object) -> Portfolio:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000", "ETH": "2500", "DOT": "5"}, tuple(listed),
                     proxies={"DOT": ("ETH", "1.3")})  # fmt: skip
    return replace(made, told_accounts=accounts(b="1", a="1"), policy=replace(made.policy, **rules))  # type: ignore[arg-type]


def found(made: Portfolio, asset: str, side: Fraction = SHORT) -> tuple[Candidate, ...]:
    return candidates(asset, made, by_asset(made.contracts.values()), side=side, now=NOW)


@given(listed=contracts(), routes=ROUTES, asset=st.sampled_from(["BTC", "ETH", "DOT"]))
def test_contracts_stand_by_route_account_own_and_perpetual_and_expire_in_a_week_at_the_soonest(
    listed: tuple[Contract, ...], routes: list[str], asset: str
) -> None:
    made = over_two(listed, routes=tuple(routes))
    lasting = [each for each in listed if each.listed and (each.expiry is None or each.expiry >= NOW + WEEK)]
    # b stands before a in the file
    lasting.sort(key=lambda each: (each.account != "b", not each.own, each.expiry or NOW, each.name))
    inverse_ones = [each for each in lasting if each.kind is Kind.INVERSE]
    linear_ones = [each for each in lasting if each.kind is Kind.LINEAR]
    by_route = {
        "inverse": [(each, Route.INVERSE, ONE) for each in inverse_ones if each.asset == asset],
        "linear": [(each, Route.LINEAR, ONE) for each in linear_ones if each.asset == asset],
        "dated": [(each, Route.INVERSE, ONE) for each in inverse_ones if each.asset == asset and each.expiry],
        "proxy": [
            (each, Route.PROXY, exact("1.3"))
            for each in (*inverse_ones, *linear_ones)
            if (asset, each.asset) == ("DOT", "ETH")
        ],
    }
    expected = [Candidate(*each) for route in routes for each in by_route[route]]
    assert list(found(made, asset)) == expected


def test_a_contract_that_the_routes_name_serves_its_own_asset_to_the_day_on_which_it_expires() -> None:
    near = inverse("BTC", name="NEAR", expiry=NOW + INSTANT)
    listed = (near, inverse("ETH", name="ETHUSD"), linear("BTC"))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000", "ETH": "2500"}, listed)

    def routed(*names: str) -> list[tuple[str, Route]]:
        book = replace(made, policy=replace(made.policy, routes=names))
        assert all(each.beta == ONE for each in found(book, "BTC"))
        return [(each.contract.name, each.route) for each in found(book, "BTC")]

    assert routed("NEAR", "ETHUSD", "NONE", "BTCUSDT") == [("NEAR", Route.INVERSE), ("BTCUSDT", Route.LINEAR)]
    for gone in (replace(near, expiry=NOW), replace(near, listed=False)):
        assert not tradable(gone, now=NOW)
        book = replace(made, contracts={**made.contracts, "NEAR": gone},
                       policy=replace(made.policy, routes=("NEAR",)))  # fmt: skip
        assert found(book, "BTC") == ()


def test_by_cost_the_accounts_stand_by_what_their_first_contract_costs_and_those_not_known_last() -> None:
    """A short earns 0.01 % in 8 hours at d, pays as much at c and 0.02 % at b; at a nobody knows."""
    at_each = {name: at(name, inverse("BTC", name="BTCUSD", fee="0")) for name in "abcd"}
    dear = at("d", inverse("BTC", name="BTCXX", fee="0.1"))
    made = portfolio(
        {"BTC": "1"}, None, {"BTC": "40000"}, (*at_each.values(), dear),
        funding={"b:BTCUSD": "-0.0002", "c:BTCUSD": "-0.0001", "d:BTCUSD": "0.0001", "d:BTCXX": "0"},
    )  # fmt: skip
    made = replace(made, told_accounts=accounts(a="1", b="1", c="1", d="1"))
    by_cost = replace(made, policy=replace(made.policy, prefer=Prefer.COST, horizon=timedelta(days=30)))

    def names(book: Portfolio, side: Fraction) -> list[str]:
        return [each.contract.name for each in found(book, "BTC", side)]

    assert names(by_cost, SHORT) == ["d:BTCUSD", "d:BTCXX", "c:BTCUSD", "b:BTCUSD", "a:BTCUSD"]
    assert names(by_cost, LONG) == ["b:BTCUSD", "c:BTCUSD", "d:BTCUSD", "d:BTCXX", "a:BTCUSD"]
    assert names(made, SHORT) == ["a:BTCUSD", "b:BTCUSD", "c:BTCUSD", "d:BTCUSD", "d:BTCXX"]


def test_accounts_have_their_places_in_the_file_by_the_names_of_their_contracts() -> None:
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, ())
    assert account_order(replace(made, told_accounts=accounts(b="1", a="1"))) == {"b": 0, "a": 1}
    assert account_order(replace(made, told_accounts=accounts(b="1"))) == {"": 0}
    assert account_order(made) == {"": 0}


DECEMBER = inverse("BTC", name="DEC", expiry=NOW + timedelta(days=35))
MARCH = inverse("BTC", name="MAR", expiry=NOW + timedelta(days=126))
PERPETUAL = inverse("BTC")


def test_what_lasts_until_a_day_stands_by_its_expiry() -> None:
    old, gone = replace(DECEMBER, name="OLD", expiry=NOW), replace(MARCH, name="GONE", listed=False)
    ether = inverse("ETH", name="ETHMAR", expiry=MARCH.expiry)
    listed = (PERPETUAL, MARCH, DECEMBER, old, replace(MARCH, name="ALSO"), gone, ether)
    served = by_asset(listed)

    def lasting(day: datetime) -> list[str]:
        lasting_ones = expiring_after(day, "BTC", served, now=NOW)
        assert {(each.route, each.beta) for each in lasting_ones} == {(Route.INVERSE, ONE)}
        return [each.contract.name for each in lasting_ones]

    assert DECEMBER.expiry is not None
    assert MARCH.expiry is not None
    assert lasting(NOW) == lasting(DECEMBER.expiry) == ["DEC", "ALSO", "MAR"]
    assert lasting(DECEMBER.expiry + INSTANT) == lasting(MARCH.expiry) == ["ALSO", "MAR"]
    with pytest.raises(NotServed, match="known: DEC until 2026-12-25, ALSO until 2027-03-26, MAR until 2027-03-26"):
        lasting(MARCH.expiry + INSTANT)
    with pytest.raises(NotServed, match="known: none"):
        expiring_after(NOW, "SOL", served, now=NOW)


def test_a_contract_by_name_serves_its_asset_or_what_goes_through_it() -> None:
    listed = (PERPETUAL, linear("BTC"), replace(MARCH, expiry=NOW + INSTANT), replace(DECEMBER, listed=False),
              inverse("ETH", name="ETHUSD"))  # fmt: skip
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, listed, proxies={"DOT": ("BTC", "1.3"), "BTC": ("ETH", "2")})

    def by_name(name: str, asset: str) -> tuple[str, Route, Fraction]:
        (one,) = named(name, asset, made, now=NOW)
        return one.contract.name, one.route, one.beta

    assert by_name("BTCUSD", "BTC") == ("BTCUSD", Route.INVERSE, ONE)
    assert by_name("BTCUSDT", "BTC") == ("BTCUSDT", Route.LINEAR, ONE)
    assert by_name("MAR", "DOT") == ("MAR", Route.PROXY, exact("1.3"))
    for name, asset, said in (
        ("DEC", "BTC", "is no longer listed, or has expired"),
        ("ETHUSD", "DOT", "is on ETH, not on DOT; name a proxy under proxies"),
        ("BTCUSD", "SOL", "is on BTC, not on SOL; name a proxy under proxies"),
        ("NONE", "BTC", "is not known; BTC has BTCUSD, BTCUSDT, DEC, MAR"),
        ("NONE", "SOL", "is not known; SOL has none"),
    ):
        with pytest.raises(NotServed, match=said):
            by_name(name, asset)


def test_a_proxy_hedges_what_has_a_beta_through_it_and_itself() -> None:
    listed = (PERPETUAL, linear("BTC"), inverse("ETH", name="ETHUSD"))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, listed, proxies={"DOT": ("BTC", "1.3"), "SOL": ("ETH", "2")})

    def by_proxy(asset: str) -> list[tuple[str, Route, Fraction]]:
        served = by_asset(listed)
        return [(each.contract.name, each.route, each.beta)
                for each in through("BTC", asset, portfolio=made, served=served, now=NOW)]  # fmt: skip

    assert by_proxy("BTC") == [("BTCUSD", Route.INVERSE, ONE), ("BTCUSDT", Route.LINEAR, ONE)]
    beta = exact("1.3")
    assert by_proxy("DOT") == [("BTCUSD", Route.PROXY, beta), ("BTCUSDT", Route.PROXY, beta)]
    for asset in ("SOL", "ADA"):
        with pytest.raises(NotServed, match=f"no beta of {asset} is known"):
            by_proxy(asset)


def held(contract: Contract, *parts: tuple[Purpose, int, str]) -> Position:
    shares = tuple(Part(purpose, Fraction(size), Fraction(40000), asset) for purpose, size, asset in parts)
    return Position(contract, sum((each.contracts for each in shares), ZERO), Fraction(40000), None, shares)


def smaller(made: Portfolio, positions: Sequence[Position], asset: str, direction: Fraction) -> list[str]:
    listed = reducible(asset, positions, Purpose.REBALANCE, direction=direction, portfolio=made, now=NOW)
    return [each.contract.name for each in listed]


def test_a_leg_makes_smaller_what_its_own_purpose_holds_for_its_asset_the_other_way() -> None:
    rebalance, hedge = Purpose.REBALANCE, Purpose.HEDGE
    mixed = held(PERPETUAL, (rebalance, -5, "BTC"), (rebalance, 7, "DOT"), (hedge, -20, "BTC"))
    assert [part_held(mixed, asset, rebalance) for asset in ("BTC", "DOT", "SOL")] == [-5, 7, 0]
    assert part_held(mixed, "BTC", hedge) == -20
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (PERPETUAL,))
    assert smaller(made, [mixed], "BTC", LONG) == smaller(made, [mixed], "DOT", SHORT) == ["BTCUSD"]
    assert smaller(made, [mixed], "BTC", SHORT) == smaller(made, [mixed], "DOT", LONG) == []
    assert smaller(made, [mixed], "SOL", LONG) == smaller(made, [mixed], "SOL", SHORT) == []
    assert smaller(made, [replace(mixed, contract=replace(PERPETUAL, listed=False))], "BTC", LONG) == []


def test_at_one_account_the_nearest_expiry_is_made_smaller_first_and_what_has_none_last() -> None:
    also = replace(MARCH, name="ALSO")
    positions = [opened(each, contracts=Fraction(-5), entry_price=Fraction(40000))
                 for each in (PERPETUAL, MARCH, DECEMBER, also)]  # fmt: skip
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, tuple(each.contract for each in positions),
                     funding={"BTCUSD": "-0.01"})  # fmt: skip
    assert smaller(made, positions, "BTC", LONG) == ["DEC", "ALSO", "MAR", "BTCUSD"]


def test_over_accounts_the_dearest_to_hold_is_made_smaller_first_then_by_account_then_by_expiry() -> None:
    """What is short pays 0.01 % at a and earns it at b; nobody knows of the dated ones, and b comes first."""
    places = {name: [at(name, each) for each in (PERPETUAL, MARCH, DECEMBER)] for name in "ab"}
    positions = [opened(each, contracts=Fraction(-5), entry_price=Fraction(40000))
                 for each in (*places["a"], *places["b"])]  # fmt: skip
    rates = {"a:BTCUSD": "-0.0001", "b:BTCUSD": "0.0001"}
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (), funding=rates, rules=policy())
    made = replace(made, told_accounts=accounts(b="1", a="1"))
    dated = ["b:DEC", "b:MAR", "a:DEC", "a:MAR"]
    assert smaller(made, positions, "BTC", LONG) == ["a:BTCUSD", *dated, "b:BTCUSD"]
    longs = [opened(each.contract, contracts=Fraction(5), entry_price=Fraction(40000)) for each in positions]
    assert smaller(made, longs, "BTC", SHORT) == ["b:BTCUSD", *dated, "a:BTCUSD"]


def rolled(sits_on: Contract, *others: Contract, until: int | None = None) -> tuple[list[str], list[str]]:
    """Where a hedge of BTC moves from a contract, asked until so many days from now, and where it may stay."""
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (sits_on, *others))
    day = None if until is None else NOW + timedelta(days=until)
    served = by_asset((sits_on, *others))
    onto, stays = rolling("BTC", (sits_on,), until=day, portfolio=made, served=served, now=NOW)
    return [each.contract.name for each in onto], sorted(stays)


def test_a_hedge_rolls_to_the_nearest_that_lasts_and_does_not_stay_for_less_than_a_week() -> None:
    soon = replace(DECEMBER, name="SOON", expiry=NOW + timedelta(days=3))
    for until in (None, 2, 7):
        assert rolled(soon, MARCH, DECEMBER, until=until) == (["DEC", "MAR", "DEC", "MAR"], ["DEC", "MAR"])
    gone = replace(DECEMBER, name="GONE", listed=False)
    assert rolled(soon, gone, MARCH)[0] == ["MAR", "MAR"]
    # what is dated and of the same kind before what would open it
    assert rolled(soon, PERPETUAL, MARCH)[0] == ["MAR", "BTCUSD", "MAR"]


def test_where_nothing_lasts_so_long_a_hedge_moves_to_what_would_open_it_or_nowhere() -> None:
    soon = replace(DECEMBER, name="SOON", expiry=NOW + timedelta(days=3))
    other_kind = replace(linear("BTC"), name="LIN", expiry=NOW + timedelta(days=35))
    assert rolled(soon, other_kind, until=60) == (["LIN"], ["LIN"])
    assert rolled(soon, until=60) == ([], [])
