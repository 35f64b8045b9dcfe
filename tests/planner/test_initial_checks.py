"""What is said of a wallet whose last order an exchange may not take whole, as its fee comes out of the coins."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import COIN_STEP, ZERO, Fraction, plain, up
from rebal.book import MarginMode, Position, opened
from rebal.findings import Code, Finding, Severity
from rebal.market.contract import Contract
from rebal.market.maintenance import SizeRate
from rebal.plan import Order, Plan, Wallet
from rebal.planner import build_plan
from rebal.planner.candidates import SHORT
from rebal.planner.desk import Desk
from rebal.planner.hedge import build_hedge
from rebal.planner.hedge_legs import Ask
from rebal.planner.unwind import build_unwind
from rebal.policy import Policy
from rebal.portfolio import Portfolio

from .books import SETTINGS, books
from .given import INPUTS, inverse, policy, portfolio

BTC = inverse("BTC", "1", fee="0.0005")


def said_of(plan: Plan) -> list[Finding]:
    return [each for each in plan.findings if each.code is Code.INITIAL_MARGIN]


def book(
    contract: Contract = BTC, *, held: str = "2", rules: Policy | None = None, positions: Iterable[Position] = ()
) -> Portfolio:
    listed = tuple(positions)
    return portfolio({"BTC": held}, None, {"BTC": "40000"}, (contract,), rules=rules or policy(), positions=listed,
                     wallets={"BTC": held} if listed else None)  # fmt: skip


def hedged(made: Portfolio, share: str = "1") -> Plan:
    desk = Desk.of(made, made.statement, now=INPUTS.now)
    asks = [Ask("BTC", exact(share), desk.candidates("BTC", SHORT))]
    return build_hedge(made, made.statement, asks=asks, inputs=INPUTS)


@pytest.mark.parametrize("mode", [MarginMode.CROSS, MarginMode.ISOLATED])
def test_a_hedge_of_all_that_is_there_says_how_much_of_it_an_exchange_may_take(mode: MarginMode) -> None:
    """The fee of 80,000 dollars is 0.001 BTC: 1.999 are left of 2 to be there, and n fit to 80,000 - n/2000."""
    plan = hedged(book(rules=policy(mode=mode)))
    (said,) = said_of(plan)
    subject = "BTC" if mode is MarginMode.CROSS else "BTCUSD"
    assert (said.severity, said.subject, plan.refused) == (Severity.INFO, subject, False)
    assert dict(said.data) == {
        "margin_balance_coins": exact("1.999"), "initial_margin_coins": 2, "over_coins": exact("0.001"),
        "contract": "BTCUSD", "contracts": 80000, "taken_contracts": 79960,
    }  # fmt: skip
    assert said.message == (
        "once fees are paid its margin balance is 1.999 BTC and initial margin is 2 BTC: policy.leverage is tested "
        "before fees, and of the last order a venue that tests after them may take only 79960 of the 80000 contracts "
        "of BTCUSD; bring 0.001 BTC more, or set contracts.BTCUSD.leverage above 1"
    )


DERIBIT = SizeRate(base=Fraction(1, 100), slope=Fraction(5, 100000), initial_base=Fraction(2, 100))


@pytest.mark.parametrize(
    ("made", "share"),
    [
        (book(), "0.99"),  # the fee is there on top
        (book(replace(BTC, leverage=Fraction(2))), "1"),  # half as much is asked as initial margin
        (book(rules=policy(leverage="2")), "1"),
        (book(rules=policy(leverage="0.5")), "0.5"),  # no venue is set to less than 1, and twice the coins are there
        (book(replace(BTC, maintenance=DERIBIT)), "1"),  # a rate of its own, 2.01 % of 2 BTC, whatever leverage is set
    ],
)
def test_nothing_is_said_where_the_exchange_takes_the_order_whole(made: Portfolio, share: str) -> None:
    plan = hedged(made, share)
    assert plan.orders
    assert not plan.refused
    assert not said_of(plan)


def test_of_an_order_that_turns_a_position_over_what_closes_is_taken() -> None:
    """1.8 BTC and a long of 8,000 that gained 0.2: 80,000 less 0.0005 (8,000 + n) carry a short of n to 79,956."""
    long = opened(BTC, contracts=Fraction(8000), entry_price=Fraction(20000), hedge=Fraction(8000))
    (said,) = said_of(hedged(book(held="1.8", positions=(long,))))
    taken, contracts = said.data["taken_contracts"], said.data["contracts"]
    assert isinstance(contracts, Fraction)
    assert taken == 8000 + 79956
    assert 8000 + 79956 < contracts <= 8000 + 80000


def test_what_only_closes_is_taken_at_any_rate() -> None:
    short = opened(BTC, contracts=Fraction(-80000), entry_price=Fraction(40000))
    made = book(held="1.99", positions=(short,))
    plan = build_unwind(made, made.statement, inputs=INPUTS, share=exact("0.001"), force=True)
    (wallet,) = plan.wallets
    assert wallet.initial_margin > wallet.margin_balance
    assert all(order.reduce_only for order in plan.orders)
    assert not said_of(plan)


def test_less_than_a_cent_is_not_worth_a_word() -> None:
    """A fee of one in ten million of 80,000 dollars is 0.8 cents, of one in eight million a cent."""
    assert not said_of(hedged(book(replace(BTC, taker_fee=Fraction(1, 10**7)))))
    assert said_of(hedged(book(replace(BTC, taker_fee=Fraction(1, 8 * 10**6)))))


@SETTINGS
@given(
    coins=st.integers(1, 300), share=st.sampled_from([100, 100, 100, 97]), own=st.sampled_from([None, None, "3"]),
    levered=st.sampled_from([("1", "1"), ("2", "1/2"), ("3/2", "2/3"), ("2", "1"), ("1/2", "1")]),
    fee=st.sampled_from(["0.0005", "0.00075", "0.0000001"]), lot=st.sampled_from(["1", "100"]),
)  # fmt: skip
def test_of_a_hedge_it_is_said_where_its_fee_is_missing_with_the_most_lots_that_are_within_what_it_leaves(
    coins: int, share: int, own: str | None, levered: tuple[str, str], fee: str, lot: str
) -> None:
    """Of n dollars at 40,000 the fee is n/40,000 times its rate, and initial margin n/40,000 over leverage.

    ``levered``: the policy's leverage, and the share of the coins that may be there, which does for no more.
    """
    leverage, posted = levered
    contract = replace(inverse("BTC", "1", fee=fee, lot=lot), leverage=None if own is None else exact(own))
    made = book(contract, held=plain(Fraction(coins, 100)), rules=policy(leverage=leverage, max_at_venue=posted))
    plan = hedged(made, plain(min(Fraction(1), exact(leverage) * exact(posted)) * Fraction(share, 100)))
    assume(plan.orders and not plan.refused)
    (order,), (moved,) = plan.orders, plan.transfers
    tested = max(Fraction(1), exact(own or leverage))

    def over(lots: int) -> Fraction:
        size = lots * contract.lot_size
        return size / 40000 / tested + up(size * contract.taker_fee / 40000, COIN_STEP) - moved.quantity

    lots = int(order.contracts / contract.lot_size)
    taken = max(n for n in range(max(0, lots - 200), lots + 1) if over(n) <= 0)
    told = [(each.data["over_coins"], each.data["taken_contracts"]) for each in said_of(plan)]
    event("said" if told else "not said")
    assert told == ([(over(lots), taken * contract.lot_size)] if over(lots) * 40000 >= exact("0.01") else [])


@SETTINGS
@given(books())
def test_it_is_said_of_every_wallet_that_fees_leave_with_less_than_its_initial_margin_and_of_no_other(
    made: Portfolio,
) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS, fit=True)
    said = {each.subject: each.data for each in said_of(plan)}
    short = {each.subject for each in plan.findings if each.code is Code.UNDER_COLLATERALISED}
    own_rate = {each.settle for each in made.contracts.values() if isinstance(each.maintenance, SizeRate)}
    for wallet in plan.wallets:
        name, orders = wallet.contract or wallet.currency, [each for each in plan.orders if is_of(each, wallet, plan)]
        if name in short or wallet.currency in own_rate:
            continue
        over = wallet.initial_margin - wallet.margin_balance
        adds = any(not order.reduce_only for order in orders)
        event("said" if name in said else "not said")
        assert (name in said) is (adds and over * made.price(wallet.currency) >= exact("0.01"))
        if name in said:
            assert said[name]["over_coins"] == over
            # what is missing is fees alone, up to the steps that each order's PnL is booked in
            assert over <= sum((order.fee for order in orders), ZERO) + COIN_STEP * len(orders)


def is_of(order: Order, wallet: Wallet, plan: Plan) -> bool:
    isolated = {line.contract for line in plan.positions if line.isolated_margin is not None}
    if wallet.contract is not None:
        return order.contract == wallet.contract
    return order.fee_currency == wallet.currency and order.contract not in isolated
