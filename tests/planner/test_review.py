"""Whether a plan leaves a wallet or an account worse than it was, which what is short of the policy may not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.account_lines import AccountLine, NearestLine
from rebal.amounts import Fraction
from rebal.book import MarginMode, opened
from rebal.planner import build_plan
from rebal.planner.desk import Desk
from rebal.planner.rebalance import Decided
from rebal.planner.review import _is_riskier, _is_worse, reviewed
from rebal.planner.status import build_status

from .given import INPUTS, NOW, inverse, policy, portfolio
from .test_splitting import accounts, at

LATER = NOW + timedelta(days=40)
Ends = tuple[str | None, str | None, str | None]


def figure(text: str | None) -> Fraction | None:
    return None if text is None else exact(text)


@pytest.mark.parametrize(
    ("then", "now", "riskier"),
    [
        # leverage, and how far it may fall and rise
        (("2", "0.4", "0.6"), ("2", "0.4", "0.6"), False),
        (("2", "0.4", "0.6"), ("2.1", "0.4", "0.6"), True),
        (("2", "0.4", "0.6"), ("1.9", "0.4", "0.6"), False),
        (("2", "0.4", "0.6"), ("1.9", "0.3", "0.6"), True),
        (("2", "0.4", "0.6"), ("1.9", "0.4", "0.5"), True),
        (("2", "0.4", "0.6"), ("2", "0.5", "0.7"), False),
        (("2", "0.4", None), ("2", "0.4", None), False),
        (("2", None, "0.6"), ("2", None, "0.6"), False),
        (("2", None, "0.6"), ("2", "0.9", "0.6"), True),
        (("2", "0.4", None), ("2", "0.4", "0.9"), True),
        (("2", "0.4", "0.6"), ("2", None, None), False),
        # a margin balance of nothing has no leverage: the worst there is
        ((None, "0", "0"), (None, "0", "0"), False),
        (("2", "0.4", "0.6"), (None, "0.4", "0.6"), True),
        ((None, "0", "0"), ("90", "0.1", "0.1"), False),
        ((None, "0.1", "0.1"), ("90", "0", "0"), False),
    ],
)
def test_a_wallet_is_riskier_with_more_leverage_or_a_nearer_end(then: Ends, now: Ends, *, riskier: bool) -> None:
    short = opened(inverse("BTC"), contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (inverse("BTC"),), wallets={"BTC": "1"}, positions=(short,))
    (row,) = build_status(made, made.statement, inputs=INPUTS).wallets

    def standing(figures: Ends) -> dict[str, Fraction | None]:
        return dict(zip(("leverage", "distance_below", "distance_above"), map(figure, figures), strict=True))

    stood = replace(row.before, **standing(then))  # type: ignore[arg-type]
    left = replace(row, before=stood, **standing(now))  # type: ignore[arg-type]
    assert _is_riskier(left) is riskier
    assert not _is_riskier(replace(left, position_value=Fraction(0)))


@pytest.mark.parametrize(
    ("then", "now", "worse"),
    [
        # maintenance margin, its share of credit, and how far the nearest end is
        (("9", "0.2", "0.4"), ("9", "0.2", "0.4"), False),
        (("9", "0.2", "0.4"), ("9", "0.21", "0.4"), True),
        (("9", "0.2", "0.4"), ("9", "0.19", "0.4"), False),
        (("9", "0.2", "0.4"), ("9", "0.19", "0.3"), True),
        (("9", "0.2", "0.4"), ("9", "0.2", "0.5"), False),
        (("9", "0.2", None), ("9", "0.2", "0.9"), True),
        (("9", "0.2", "0.4"), ("9", "0.2", None), False),
        (("9", "0.2", None), ("9", "0.2", None), False),
        # without a position there is nothing to lose, and without credit nothing left to
        (("9", "0.2", "0.4"), ("0", "0", None), False),
        (("9", "0.2", "0.4"), ("0", None, "0"), False),
        (("9", "0.2", "0.4"), (None, None, None), False),
        (("9", "0.2", "0.4"), ("9", None, "0.4"), True),
        (("9", None, "0"), ("9", "0.9", "0"), False),
        (("9", None, "0.1"), ("9", None, "0"), False),
    ],
)
def test_a_pooled_account_is_worse_with_more_of_its_credit_asked_or_a_nearer_end(
    then: Ends, now: Ends, *, worse: bool
) -> None:
    def line(figures: Ends) -> AccountLine:
        margin, ratio, distance = map(figure, figures)
        nearest = None if distance is None else NearestLine("all", 1 - distance, distance)
        return AccountLine("b", "bybit", MarginMode.POOLED, Fraction(0), None, Fraction(0), Fraction(0), margin, ratio,
                           nearest=nearest)  # fmt: skip

    assert _is_worse(line(now), line(then)) is worse


def test_rows_of_wallets_stand_by_account_coin_and_contract() -> None:
    """Two accounts that the file names the other way round, and of bitcoin a wallet and two margins at each."""
    coins, listed = ("ETH", "BTC", "ADA"), accounts(b="1", a="1")
    contracts = [at(name, inverse("BTC", name=f"BTC{end}")) for name in "ba" for end in ("Z", "H")]
    held = tuple(
        replace(opened(each, contracts=Fraction(-100), entry_price=Fraction(40000)), margin=exact("0.1"))
        for each in contracts
    )
    owned = dict.fromkeys(coins, "4")
    made = portfolio(owned, None, dict.fromkeys(coins, "40000"), tuple(contracts), positions=held,
                     wallets={f"{name}:{coin}": "1" for name in "ba" for coin in coins})  # fmt: skip
    rows = build_status(replace(made, told_accounts=listed), made.statement, inputs=INPUTS).wallets
    assert [(each.account, each.currency, each.contract) for each in rows] == [
        (name, coin, contract)
        for name in "ab"
        for coin in sorted(coins)
        for contract in ([None, f"{name}:BTCH", f"{name}:BTCZ"] if coin == "BTC" else [None])
    ]


def test_a_wallet_that_a_plan_opens_stands_among_the_others_by_name() -> None:
    """A wallet of ether is there, and one of bitcoin is opened; then a margin on BTCZ is, and one on BTCH is opened."""
    held, targets = {"BTC": "1", "ETH": "16"}, {"BTC": "0.25", "ETH": "0.5", "USD": "0.25"}
    prices = {"BTC": "40000", "ETH": "2500"}
    made = portfolio(held, targets, prices, (inverse("BTC"), inverse("ETH")), wallets={"ETH": "1"})
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert [each.currency for each in plan.wallets] == ["BTC", "ETH"]
    margins = tuple(inverse("BTC", name=name, expiry=expiry) for name, expiry in (("BTCH", None), ("BTCZ", LATER)))
    apart = replace(opened(margins[1], contracts=Fraction(-4000), entry_price=Fraction(40000), hedge=Fraction(-4000)),
                    margin=exact("0.2"))  # fmt: skip
    made = portfolio({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, prices, margins, wallets={"BTC": "0.2"},
                     positions=(apart,), rules=policy(mode=MarginMode.ISOLATED))  # fmt: skip
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assert [each.contract for each in plan.wallets if each.contract] == ["BTCH", "BTCZ"]


def test_one_wallet_that_is_left_worse_is_enough_whichever_it_is() -> None:
    """Of two wallets, each with a short, and of two pooled accounts."""
    contracts = (inverse("BTC"), inverse("ETH"))
    held = tuple(opened(each, contracts=Fraction(-100), entry_price=Fraction(40000)) for each in contracts)
    made = portfolio({"BTC": "1", "ETH": "1"}, None, {"BTC": "40000", "ETH": "40000"}, contracts,
                     wallets={"BTC": "1", "ETH": "1"}, positions=held)  # fmt: skip
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    same = reviewed(desk, Decided((), ()), desk.step(()))
    assert same.only_lowers_risk
    assert not replace(same, planned=False).only_lowers_risk
    first, second = same.wallets
    worse = replace(first, leverage=Fraction(9))
    for wallets in ((worse, second), (second, worse), (worse, worse)):
        assert not replace(same, wallets=wallets).only_lowers_risk
    stood = AccountLine("b", "bybit", MarginMode.POOLED, Fraction(0), None, Fraction(0), Fraction(0), Fraction(9),
                        exact("0.2"))  # fmt: skip
    left = replace(stood, margin_ratio=exact("0.3"))
    for after, lowers in (
        ((stood, stood), True),
        ((left, stood), False),
        ((stood, left), False),
        ((left, left), False),
    ):
        assert replace(same, accounts=after, accounts_before=(stood, stood)).only_lowers_risk is lowers


def test_a_margin_is_called_by_its_contract_and_a_wallet_by_its_account_and_coin() -> None:
    contract = at("b", inverse("BTC"))
    own = replace(opened(contract, contracts=Fraction(-100), entry_price=Fraction(40000)), margin=exact("0.1"))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (contract,), wallets={"b:BTC": "1"}, positions=(own,))
    made = replace(made, told_accounts=accounts(a="1", b="1"))
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    review = reviewed(desk, Decided((), ()), desk.step(()))
    assert [review.name_of(each) for each in review.wallets] == ["b:BTC", "b:BTCUSD"]
