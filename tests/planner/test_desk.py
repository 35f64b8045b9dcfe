"""What planning looks things up in: candidates by the side, and shortages by what margins the legs."""

from dataclasses import replace

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import Purpose, opened
from rebal.market.contract import Contract
from rebal.planner.candidates import candidates
from rebal.planner.desk import Desk, has_collateral
from rebal.planner.sizing import Leg
from rebal.policy import Prefer, Route
from rebal.portfolio import Portfolio

from .given import NOW, inverse, linear, portfolio
from .test_splitting import accounts, at

F = Fraction


def desk_of(made: Portfolio) -> Desk:
    return Desk.of(made, made.statement, now=NOW)


def leg(contract: Contract, signed: int) -> Leg:
    return Leg(contract, F(signed), Route(contract.kind.value), Purpose.REBALANCE, contract.asset)


def test_what_is_best_depends_on_the_side_and_not_on_how_much_it_is() -> None:
    """Longs pay at a and shorts at b: whichever is cheaper to hold comes first, for half a dollar too."""
    contracts = (at("a", inverse("BTC")), at("b", inverse("BTC")))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, contracts,
                     funding={"a:BTCUSD": "0.001", "b:BTCUSD": "-0.001"})  # fmt: skip
    made = replace(made, told_accounts=accounts(a="1", b="1"), policy=replace(made.policy, prefer=Prefer.COST))
    for order in (("0.5", "-0.5", "-2", "2"), ("-0.5", "0.5"), ("-2", "2", "0.5", "-0.5")):
        desk = desk_of(made)
        for dollars in map(exact, order):
            found = desk.candidates("BTC", dollars)
            assert found == candidates("BTC", made, desk.served, side=dollars, now=NOW)
            assert found[0].contract.account == ("b" if dollars > 0 else "a")


@pytest.mark.parametrize("turned", [False, True])
def test_legs_have_their_collateral_where_none_of_what_margins_them_lacks_any(turned: bool) -> None:
    """A short of 40,000 is margined by 1 BTC, and by no dollar where there is none."""
    contracts = (inverse("BTC"), linear("BTC", "0.001", fee="0"))
    desk = desk_of(portfolio({"BTC": "2", "USDT": "0"}, None, {"BTC": "40000"}, contracts))
    covered, bare = leg(contracts[0], -40000), leg(contracts[1], -1000)
    assert has_collateral([covered], desk, taken=[])
    assert not has_collateral([bare], desk, taken=[])
    assert not has_collateral([bare, covered] if turned else [covered, bare], desk, taken=[])
    assert not has_collateral([covered], desk, taken=[leg(contracts[0], -50000)])


def test_what_one_coin_lacks_keeps_no_leg_of_another_from_opening() -> None:
    """A long of ETH in alert has no coin left to be topped up with."""
    btc, eth = inverse("BTC"), inverse("ETH")
    long = opened(eth, contracts=F(2500), entry_price=F(2500))
    made = portfolio({"BTC": "2", "ETH": "0.3"}, None, {"BTC": "40000", "ETH": "2500"}, (btc, eth),
                     wallets={"ETH": "0.3"}, positions=(long,))  # fmt: skip
    desk = desk_of(made)
    assert desk.shortages("ETH", [leg(eth, 1)])
    assert desk.shortages("BTC", [leg(btc, -40000)]) == ()
    assert [each.account.currency for each in desk.shortages("BTC", [leg(btc, -90000)])] == ["BTC"]
    assert desk.pot_book("BTC").holdings == {"BTC": 2}
    assert desk.pot_book("SOL").holdings == {}
