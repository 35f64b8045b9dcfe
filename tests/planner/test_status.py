"""Status tells by one word whether anything needs doing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.book import HedgeAsked, Part, Position, Purpose, opened
from rebal.commands._cures import cured
from rebal.findings import Code
from rebal.planner.status import build_status
from rebal.policy import Band
from rebal.portfolio import Portfolio
from rebal.status import Needs, Status

from .given import INPUTS, NOW, inverse, policy, portfolio

BTC = inverse("BTC", "1")


def status(made: Portfolio) -> Status:
    answer = cured(build_status(made, made.statement, inputs=INPUTS))
    assert isinstance(answer, Status)
    return answer


def book(
    *,
    contracts: str = "-20000",
    wallet: str = "0.5",
    targets: tuple[str, str] | None = ("0.5", "0.5"),
    price: str = "40000",
) -> Portfolio:
    short = opened(BTC, contracts=exact(contracts), entry_price=Fraction(40000))
    weights = None if targets is None else {"BTC": targets[0], "USD": targets[1]}
    return portfolio(
        {"BTC": "1"}, weights, {"BTC": price}, (BTC,), wallets={"BTC": wallet}, positions=(short,),
        funding={"BTCUSD": "0.0001"},
    )  # fmt: skip


def codes(answer: Status) -> set[Code]:
    return {finding.code for finding in answer.findings}


def test_a_book_at_its_targets_needs_nothing() -> None:
    answer = status(book())
    assert answer.needs is Needs.NOTHING
    assert answer.summary == "nothing: Test, 40000.00 USD; nothing to do"


def test_a_weight_outside_its_band_is_an_action() -> None:
    answer = status(book(targets=("0.8", "0.2")))
    assert (answer.needs, Code.DRIFT in codes(answer)) == (Needs.ACTION, True)


def test_dollars_alone_outside_their_band_are_moved_by_a_smaller_one() -> None:
    # 1 BTC and 10 ETH of 40,000 dollars each beside 40,000 dollars: 33.3 % where 39.3 % are wanted, the coins 3 off
    weights, prices = {"BTC": "0.303", "ETH": "0.304", "USD": "0.393"}, {"BTC": "40000", "ETH": "4000"}
    made = portfolio({"BTC": "1", "ETH": "10", "USDT": "40000"}, weights, prices, (BTC, inverse("ETH", "1")))
    answer = status(made)
    (found,) = [each for each in answer.findings if each.subject == "USD"]
    assert (answer.needs, found.message) == (
        Needs.NOTHING,
        "is 6.0 points under its weight; only orders of coins move it, and no coin is outside its band, so there is "
        "none; a smaller policy.band brings them",
    )
    smaller = replace(made, policy=replace(made.policy, band=Band(Fraction(2, 100))))
    assert status(smaller).needs is Needs.ACTION


def test_a_wallet_past_its_alert_is_a_breach() -> None:
    answer = status(book(wallet="0.3"))
    assert (answer.needs, Code.ALERT in codes(answer)) == (Needs.ATTENTION, True)


def test_a_wallet_in_alert_is_told_by_its_alert_alone() -> None:
    answer = status(book(contracts="20000", wallet="0.3", targets=("1.5", "-0.5")))  # leverage 0.5 / 0.3
    assert [finding.message for finding in answer.findings if finding.subject == "BTC"] == [
        "leverage is 1.67 now; the alert level is 1.25: rebal rescue BTC",
        "liquidation is 37.2 % away; the policy asks for 50.0 %",  # between its alert and the policy: a note
    ]
    nearer = status(book(contracts="20000", wallet="0.1", targets=("1.5", "-0.5")))  # leverage 5, gone a sixth lower
    told = {
        (finding.code, finding.message.partition(" is ")[0]) for finding in nearer.findings if finding.subject == "BTC"
    }
    assert told == {(Code.ALERT, "liquidation"), (Code.ALERT, "leverage")}


def test_a_liquidation_that_is_due_is_a_breach_at_distance_zero() -> None:
    answer = status(book(wallet="0.002"))
    assert answer.needs is Needs.ATTENTION
    assert (answer.wallets[0].distance_below, answer.wallets[0].liquidation_below) == (Fraction(0), Fraction(40000))


@pytest.mark.parametrize(("age", "needs"), [("23", Needs.NOTHING), ("25", Needs.ATTENTION), (None, Needs.ATTENTION)])
def test_old_and_undated_prices_are_a_breach(age: str | None, needs: Needs) -> None:
    made = book()
    as_of = None if age is None else NOW - timedelta(hours=int(age))
    assert status(replace(made, market=replace(made.market, as_of=as_of))).needs is needs


@pytest.mark.parametrize(("minutes", "said"), [(59, "59 minutes"), (119, "119 minutes"), (150, "2 hours")])
def test_the_age_of_prices_is_told_as_finely_as_it_is_judged(minutes: int, said: str) -> None:
    made = book()
    rules = replace(policy(), max_price_age=timedelta(minutes=15))
    then = NOW - timedelta(minutes=minutes)
    answer = status(replace(made, policy=rules, market=replace(made.market, as_of=then)))
    (told,) = [each for each in answer.findings if each.code is Code.STALE_PRICES]
    assert told.message.startswith(f"are {said} old, ")


def test_without_a_limit_prices_never_grow_old() -> None:
    made = book()
    rules = replace(policy(), max_price_age=None)
    assert status(replace(made, policy=rules, market=replace(made.market, as_of=None))).needs is Needs.NOTHING


@pytest.mark.parametrize(("asked", "needs"), [("0.5", Needs.NOTHING), ("0.8", Needs.ACTION)])
def test_a_hedge_is_held_against_what_was_asked(asked: str, needs: Needs) -> None:
    short = opened(BTC, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC,), wallets={"BTC": "0.5"}, positions=(short,))
    kept = replace(made.statement, hedges={"BTC": HedgeAsked("BTC", exact(asked))})
    assert build_status(made, kept, inputs=INPUTS).needs is needs
    ended = replace(made.statement, hedges={"BTC": HedgeAsked("BTC", Fraction("0.5"), NOW)})
    overdue = build_status(made, ended, inputs=INPUTS)
    assert (overdue.needs, Code.HEDGE_OVERDUE in codes(overdue)) == (Needs.ACTION, True)


def test_a_contract_near_its_expiry_is_an_action() -> None:
    dated = inverse("BTC", "1", name="BTCZ", expiry=NOW + timedelta(days=3))
    short = opened(dated, contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC, dated), wallets={"BTC": "0.5"}, positions=(short,))
    answer = status(made)
    assert (answer.needs, Code.EXPIRES_SOON in codes(answer)) == (Needs.ACTION, True)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=6, hours=23), "6 days"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=1, hours=23), "47 hours"),
        (timedelta(hours=2, minutes=59), "2 hours"),
        (timedelta(hours=1, minutes=59), "119 minutes"),
        (timedelta(seconds=119), "1 minute"),
        (timedelta(days=7), ""),
        (timedelta(0), ""),
    ],
)
def test_what_is_left_until_an_expiry_is_told_in_days_hours_or_minutes(left: timedelta, said: str) -> None:
    dated = inverse("BTC", "1", name="BTCZ", expiry=NOW + left)
    short = opened(dated, contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC, dated), wallets={"BTC": "0.5"}, positions=(short,))
    told = [each.message for each in status(made).findings if each.code is Code.EXPIRES_SOON]
    assert [each.partition(",")[0] for each in told] == ([f"expires in {said}"] if said else [])


def test_a_contract_has_expired_from_the_second_it_expires_on() -> None:
    dated = inverse("BTC", "1", name="BTCZ", expiry=NOW)
    short = opened(dated, contracts=Fraction(-20000), entry_price=Fraction(40000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC, dated), wallets={"BTC": "0.5"}, positions=(short,))
    (found,) = (each for each in status(made).findings if each.code is Code.EXPIRED)
    assert found.message.startswith("expired on 2026-11-20T08:00:00Z, and these figures have it open: ")
    assert status(made).needs is Needs.ACTION


def test_a_hedge_that_is_to_be_delivered_is_neither_overdue_nor_off() -> None:
    """Its delivery is what is missing: half of what is asked for is protected, and its day has come."""
    dated = inverse("BTC", "1", name="BTCZ", expiry=NOW)
    short = opened(dated, contracts=Fraction(-20000), entry_price=Fraction(40000), hedge=Fraction(-20000))
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC, dated), wallets={"BTC": "0.5"}, positions=(short,))
    for until in (NOW, None):
        asked = replace(made.statement, hedges={"BTC": HedgeAsked("BTC", Fraction(1), until)})
        answer = build_status(made, asked, inputs=INPUTS)
        assert Code.EXPIRED in codes(answer)
        assert not {Code.HEDGE_OVERDUE, Code.HEDGE_OFF} & codes(answer)


def test_the_strongest_of_several_needs_is_told_first() -> None:
    answer = status(book(targets=("0.8", "0.2"), wallet="0.3"))
    assert answer.needs is Needs.ATTENTION
    assert "BTC leverage is 1.67 now" in answer.summary


def test_where_no_order_can_be_placed_what_is_off_is_told_as_that_of_coins_and_dollars() -> None:
    """All of it is BTC, of which no contract is listed: half of it is to be dollars."""
    made = portfolio({"BTC": "1"}, {"BTC": "0.5", "USD": "0.5"}, {"BTC": "40000"}, (), rules=policy(uncovered="refuse"))
    answer = status(made)
    told = [each for each in answer.findings if each.code in (Code.RESIDUAL, Code.DRIFT)]
    assert [(each.code, each.subject, each.message, each.data["drift"]) for each in told] == [
        (Code.RESIDUAL, "BTC", "is 50.0 points over its weight; no order can mend it", Fraction(1, 2)),
        (Code.RESIDUAL, "USD", "is 50.0 points under its weight; no order can mend it", Fraction(-1, 2)),
    ]


def test_dollars_that_no_order_can_mend_are_not_told_to_be_alone_where_one_of_the_coins_is_off_too() -> None:
    """40,000 of BTC, of which no contract is listed, 40,000 of ETH as wanted, and no dollars of the 30,000 wanted."""
    made = portfolio({"BTC": "1", "ETH": "16"}, {"BTC": "0.125", "ETH": "0.5", "USD": "0.375"},
                     {"BTC": "40000", "ETH": "2500"}, (), rules=policy(uncovered="refuse"))  # fmt: skip
    told = {each.subject: each.message for each in status(made).findings if each.code is Code.RESIDUAL}
    assert told == {
        "BTC": "is 37.5 points over its weight; no order can mend it",
        "USD": "is 37.5 points under its weight; no order can mend it",
    }


def test_hedges_that_are_off_are_told_by_name_in_whatever_order_they_were_asked_for() -> None:
    coins = {"BTC": "40000", "ETH": "2500", "SOL": "100", "XRP": "2"}
    made = portfolio(dict.fromkeys(coins, "100"), None, coins, tuple(map(inverse, coins)))
    asked = {asset: HedgeAsked(asset, Fraction(1, 2)) for asset in ("XRP", "BTC", "SOL", "ETH")}
    answer = build_status(made, replace(made.statement, hedges=asked), inputs=INPUTS)
    off = [each for each in answer.findings if each.code is Code.HEDGE_OFF]
    assert [each.subject for each in off] == ["BTC", "ETH", "SOL", "XRP"]
    assert {each.message for each in off} == {"hedge asked 50.0 %, is 0.0 %"}


def test_a_contract_that_protects_several_names_them_in_order_and_none_that_is_overdue() -> None:
    """10,000 dollars each for BTC, XRP, SOL and ETH, which no contract serves and BTC stands for, and DOT's is over."""
    dated = inverse("BTC", "1", name="BTCZ", expiry=NOW + timedelta(days=3))
    names = ("XRP", "DOT", "SOL", "ETH", "BTC")
    parts = tuple(Part(Purpose.HEDGE, Fraction(-10000), Fraction(40000), name) for name in names)
    held = Position(dated, Fraction(-50000), Fraction(40000), None, parts)
    prices = {"BTC": "40000", "ETH": "2500", "SOL": "100", "XRP": "2", "DOT": "5"}
    made = portfolio(
        {"BTC": "2", "ETH": "8", "SOL": "200", "XRP": "10000", "DOT": "4000"}, None, prices, (BTC, dated),
        wallets={"BTC": "2"}, positions=(held,), proxies=dict.fromkeys(names[:-1], ("BTC", "1")),
    )  # fmt: skip
    asked = {name: HedgeAsked(name, Fraction(1, 2), NOW if name == "DOT" else None) for name in names}
    answer = build_status(made, replace(made.statement, hedges=asked), inputs=INPUTS)
    (said,) = [each for each in answer.findings if each.code is Code.EXPIRES_SOON]
    assert said.data["hedges"] == ("BTC", "ETH", "SOL", "XRP")
    assert said.message == "expires in 3 days, on 2026-11-23T08:00:00Z: let it deliver, or roll it"


def test_a_net_of_nothing_expires_without_a_word() -> None:
    """A hedge of 10,000 short against 10,000 long: the exchange has nothing open."""
    dated = inverse("BTC", "1", name="BTCZ", expiry=NOW + timedelta(days=3))
    shares = ((Purpose.HEDGE, -10000), (Purpose.REBALANCE, 10000))
    parts = tuple(Part(purpose, Fraction(size), Fraction(40000), "BTC") for purpose, size in shares)
    held = Position(dated, Fraction(0), Fraction(40000), None, parts)
    made = portfolio({"BTC": "1"}, None, {"BTC": "40000"}, (BTC, dated), wallets={"BTC": "1"}, positions=(held,))
    assert Code.EXPIRES_SOON not in codes(status(made))
