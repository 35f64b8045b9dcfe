"""What closing frees of pooled accounts: of each coin what its need fell by, and never profit that is not realised."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drawn import FEWER
from exact import exact
from market.test_pooled_path import least_by_definition
from rebal.amounts import ONE, ZERO, Fraction
from rebal.book import Purpose
from rebal.planner.orders import close_orders
from rebal.planner.pooled import paths_of, pool_of
from rebal.planner.pooled_posting import post
from rebal.planner.sequence import after_orders, after_transfers
from rebal.planner.sizing import Leg
from rebal.planner.unwind import build_unwind
from rebal.policy import Route
from rebal.portfolio import Portfolio

from .test_accounts import MARKET, inputs, read

HALF = Fraction(1, 2)
ETH = ", {contract: ETHUSD, contracts: -20000, entry_price: 2500}"


def short(
    tmp_path: Path, contracts: int, entry: str, *, wallets: str, counts: str = "BTC: 100%", more: str = ""
) -> Portfolio:
    """A pool with a short of BTC that pays no fee, and nothing beside it."""
    return read(
        tmp_path,
        f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{{wallets}}}
accounts:
  pool:
    venue: bybit
    margin: pooled
    wallets: {{{wallets}}}
    positions: [{{contract: BTCUSD, contracts: -{contracts}, entry_price: {entry}}}{more}]
    collateral: {{{counts}}}
contracts: {{BTCUSD: {{taker_fee: 0%, maintenance: {{tiers: [{{rate: 0.5%}}]}}}}}}
{MARKET.replace("SOL: 100", "SOL: 100, XRP: 2")}""",
    )


def freed(
    made: Portfolio, *, every_coin: bool, share: Fraction = HALF, is_short: bool = False
) -> Mapping[str, Fraction]:
    """What leaves once a share of what is open is closed: out of the coins of the orders alone, or of every coin."""
    book = made.statement
    orders = build_unwind(made, book, inputs=inputs(made), share=share, force=True).orders
    done = post(
        book, after_orders(book, orders, made), orders, portfolio=made, taken={}, tops_up=False,
        letting_go=("BTC",) if every_coin else None,
    )  # fmt: skip
    assert not done.arriving
    assert bool(done.shortages) is is_short
    return {each.asset: -each.quantity for each in done.leaving}


@pytest.mark.parametrize("every_coin", [False, True])
@pytest.mark.parametrize(
    ("entry", "there", "out"),
    [
        # 20,000 dollars are 0.5 BTC; at their entry 0.5 are needed, and for half of them 0.25
        ("40000", "1", "0.25"),
        ("40000", "0.45", "0.2"),
        # nothing leaves what stood in alert, though 0.14 are there that are needed no more
        ("40000", "0.39", None),
        # of 0.1 BTC gained 0.05 are realised: of 0.4 that were needed 0.2 are, and the other 0.05 stay besides
        ("50000", "1", "0.2"),
        ("50000", "0.35", "0.15"),
        # of 0.125 lost 0.0625 are realised: 0.625 were needed and 0.3125 are
        ("32000", "1", "0.3125"),
        ("32000", "0.6", "0.225"),
        # of a sixth lost a twelfth is realised: 2 / 3 were needed and 1 / 3 is, of 0.6 - 1 / 12; needs and losses are
        # in steps of 1e-8 to the step above
        ("30000", "1", "0.33333333"),
        ("30000", "0.6", "0.18333332"),
        # of a twelfth gained 0.04166666 are realised, and 0.0416667 stay besides 0.20833334 that are needed
        ("48000", "0.35", "0.14166665"),
        # 0.42 gained and 0.001 there: of 0.211 that are realised and there 0.04 are needed, and 0.21 gained stay
        ("250000", "0.001", None),
    ],
)
def test_the_coin_of_a_leg_is_freed_as_its_need_fell_and_its_profit_stays(
    tmp_path: Path, entry: str, there: str, out: str | None, every_coin: bool
) -> None:
    made = short(tmp_path, 20000, entry, wallets=f"BTC: {there}")
    assert freed(made, every_coin=every_coin) == ({} if out is None else {"BTC": exact(out)})


@pytest.mark.parametrize(("there", "out"), [("0.06", "0.05"), ("0.04", "0.05")])
def test_what_is_not_needed_any_more_leaves_though_there_is_a_profit(tmp_path: Path, there: str, out: str) -> None:
    """40,000 dollars on 30,000 and 0.2 BTC of profit: 0.05 more were needed, and of what is left nothing is."""
    made = short(tmp_path, 40000, "50000", wallets=f"BTC: {there}, USDT: 30000")
    assert freed(made, every_coin=False) == {"BTC": exact(out)}


def test_each_coin_lets_go_of_what_its_share_of_the_need_fell_by(tmp_path: Path) -> None:
    """Of 40,000 dollars on 30,000 and 0.2 BTC of profit half is closed.

    With 0.05 BTC the need was 30,000 dollars. Without a coin but 0.1 of profit it is 16,000, of 30,000 that are there.
    """
    for there in ("0.06", "0.04"):
        made = short(tmp_path, 40000, "50000", wallets=f"BTC: {there}, USDT: 30000")
        assert freed(made, every_coin=True) == {"BTC": exact("0.05"), "USDT": 14000}


def test_what_covers_an_open_loss_stays_and_of_what_is_borrowed_no_more_is_counted(tmp_path: Path) -> None:
    """0.125 BTC lost, of which 0.1 are there: 0.025 are borrowed, 1,000 dollars of the 21,000 that were needed.

    Half of it closed 0.0375 BTC are there, and 0.0625 are lost still: as much is borrowed, of 11,000 that are needed.
    """
    made = short(tmp_path, 20000, "32000", wallets="BTC: 0.1, USDT: 30000")
    assert freed(made, every_coin=True) == {"USDT": 10000}


def test_of_a_coin_of_which_no_amount_did_all_that_is_there_was_needed(tmp_path: Path) -> None:
    """20,000 dollars on 0.45 BTC, of which 0.42 count: no BTC more would have done. Half of it takes 0.25."""
    made = short(tmp_path, 20000, "40000", wallets="BTC: 0.45", counts="BTC: [{up_to: 0.42, ratio: 100%}, {ratio: 0%}]")
    assert freed(made, every_coin=True) == {"BTC": exact("0.2")}
    # where the coins of the orders alone may leave, what the need fell by is not known
    assert freed(made, every_coin=False) == {}


def test_an_account_that_lacks_coins_lets_go_of_none(tmp_path: Path) -> None:
    """Of 20,000 dollars on 0.41 BTC 17,000 are left, for which 0.425 are asked; XRP counts nothing, and stays."""
    counts = "BTC: [{up_to: 0.48, ratio: 100%}, {ratio: 0%}], XRP: 0%"
    made = short(tmp_path, 20000, "40000", wallets="BTC: 0.41, XRP: 500", counts=counts)
    assert freed(made, every_coin=True, share=Fraction(3, 20), is_short=True) == {}


def test_where_a_fee_is_all_that_is_missing_of_a_coin_of_which_no_amount_does_none_leaves(tmp_path: Path) -> None:
    """10,000 dollars of ETH, which counts nothing, and as many of BTC are sold on 20,000 of BTC, fees not counted."""
    text = f"""
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 0.5, ETH: 9}}
accounts: {{pool: {{venue: bybit, margin: pooled, wallets: {{BTC: 0.5}}, collateral: {{BTC: 100%, ETH: 0%}}}}}}
{MARKET}policy: {{post: [dollars]}}
"""
    made = read(tmp_path, text)
    book = made.statement
    legs = [
        Leg(made.contracts[name], Fraction(-10000), Route.INVERSE, Purpose.HEDGE, "ETH")
        for name in ("ETHUSD", "BTCUSD")
    ]
    orders = close_orders(legs, book=book, portfolio=made)
    done = post(book, after_orders(book, orders, made), orders, portfolio=made, taken={})
    assert (done.arriving, done.leaving, done.shortages) == ((), (), ())


@pytest.mark.parametrize(("there", "out"), [("50000", "20000"), ("41000", "20000"), ("40500", "19500")])
def test_a_debt_that_closing_leaves_is_none_that_something_repays(tmp_path: Path, there: str, out: str) -> None:
    """0.125 BTC are lost, of which 0.1 are there: closed all of it 0.025 are owed, 1,000 dollars.

    20,000 short of ETH stay open, for which with the debt 21,000 are needed; before it were 41,000.
    """
    made = short(tmp_path, 20000, "32000", wallets=f"BTC: 0.1, USDT: {there}", more=ETH)
    book = made.statement
    plan = build_unwind(made, book, inputs=inputs(made), assets=frozenset({"BTC"}), force=True)
    assert {each.asset: -each.quantity for each in plan.transfers} == {"USDT": exact(out)}


@pytest.mark.parametrize(
    ("there", "out"),
    [
        # 0.025 BTC are owed: 1,500 dollars where half is added to the price, of the 21,000 that were needed
        ("0.1", "19500"),
        # nothing is owed
        ("0.125", "20000"),
    ],
)
def test_what_backs_what_closing_all_leaves_owing_stays(tmp_path: Path, there: str, out: str) -> None:
    """0.125 BTC are lost by a short that is all that is open."""
    made = short(tmp_path, 20000, "32000", wallets=f"BTC: {there}, USDT: 30000")
    assert freed(made, every_coin=True, share=ONE) == {"USDT": exact(out)}
    plan = build_unwind(made, made.statement, inputs=inputs(made), force=True)
    assert {each.asset: -each.quantity for each in plan.transfers} == {"USDT": exact(out)}


@FEWER
@given(
    entry=st.integers(15000, 50000), btc=st.integers(0, 500), usdt=st.integers(0, 25), xrp=st.integers(0, 20),
    share=st.sampled_from([HALF, ONE]),
)  # fmt: skip
@example(entry=32000, btc=100, usdt=30, xrp=0, share=ONE)
@example(entry=30000, btc=50, usdt=0, xrp=20, share=ONE)
def test_nothing_leaves_that_backs_what_is_owed_whether_anything_is_open_or_not(
    tmp_path_factory: pytest.TempPathFactory, *, entry: int, btc: int, usdt: int, xrp: int, share: Fraction
) -> None:
    """On no path of the policy less is there than is to be, but what was lacking before anything left."""
    made = short(
        tmp_path_factory.mktemp("books"), 20000, str(entry), counts="BTC: 95%, XRP: 60%",
        wallets=f"BTC: {btc / 1000}, USDT: {usdt * 1000}, XRP: {xrp * 1000}",
    )  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=inputs(made), share=share, force=True)
    closed = after_orders(made.statement, plan.orders, made)
    kept, left = (
        pool_of(made.pools[0], each, made) for each in (closed, after_transfers(closed, plan.transfers, made))
    )
    for path in paths_of(left, made, made.policy.shock):
        assert least_by_definition(left, path) >= min(ZERO, least_by_definition(kept, path))
