"""Plans over two to four accounts of every kind of margin, against a twin that tries every number of lots."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drawn import among
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, up
from rebal.book import MarginMode, Position, opened
from rebal.market.contract import Contract
from rebal.market.pooled import ClosingFee, Collateral, Counted, Printed, Rules, Slice
from rebal.plan import Plan, StepKind
from rebal.planner import build_plan
from rebal.planner.exposure import value
from rebal.planner.sequence import after_orders, after_transfers
from rebal.portfolio import Account, Pooling, Portfolio
from rebal.withdrawal import Withdrawal

from .given import INPUTS, inverse, policy
from .test_splitting import at, book, traded

F = Fraction
PRICE, RATE, LOT = F(40000), F(5, 1000), F(1000)
NAMES = ("a", "b", "c", "d")
RULES = Rules(ONE, ClosingFee.SCHEDULE, False, ZERO, ZERO, Printed.SHARE)


@dataclass(frozen=True)
class Place:
    """An account of the twin: coins there, what may sit there, what a coin counts if it pools, whether BTC trades."""

    name: str
    mode: MarginMode
    coins: Fraction
    at_most: Fraction
    ratio: Fraction
    trades: bool


@dataclass(frozen=True)
class Asked:
    """A leg that goes short: coins owned, lots, and the rules of the policy."""

    owned: Fraction
    lots: int
    leverage: Fraction
    shock: Fraction
    fee: Fraction
    places: tuple[Place, ...]

    def room(self, place: Place) -> Fraction:
        """Coins that an account may still take."""
        return max(ZERO, place.at_most * self.owned - place.coins)


def needs(asked: Asked, place: Place, lots: int) -> tuple[Fraction, Fraction]:
    """Coins without which so many lots do not stand, and with which their fee is posted on top."""
    dollars, fee = lots * LOT, lots * LOT / PRICE * asked.fee
    value, risen = dollars / PRICE, PRICE * (1 + asked.shock)
    if place.mode is MarginMode.POOLED:
        # ratio · coins · P is what counts; a short gains N/P' - N/P coins, less than nothing where the price rises
        levered = value / asked.leverage / place.ratio
        lives = value + (RATE - place.ratio) * dollars / place.ratio / risen
        return max(levered, lives + fee), max(levered, lives) + fee
    levered = value / asked.leverage
    lives = value - dollars * (1 - RATE) / risen
    return max(ZERO, levered, lives + fee), max(ZERO, levered, lives) + fee


def short_of(asked: Asked, lots: Mapping[str, int], *, travels: bool) -> bool:
    """Whether coins are missing anywhere once so many lots are open, each account filled as it comes."""
    free = asked.owned - sum((each.coins for each in asked.places), ZERO)
    loose = {each.name: each.coins for each in asked.places}
    came = {each.name: ZERO for each in asked.places}
    lacking: list[tuple[Place, Fraction, Fraction]] = []
    walleted = sorted((each for each in asked.places if each.mode is not MarginMode.POOLED), key=lambda p: p.name)
    for place in (*walleted, *(each for each in asked.places if each.mode is MarginMode.POOLED)):
        if not lots.get(place.name):
            continue
        least, most = needs(asked, place, lots[place.name])
        there = place.coins if place.mode is not MarginMode.ISOLATED else ZERO
        inside = place.coins if place.mode is MarginMode.ISOLATED else ZERO
        wanted = max(ZERO, up(most - there, COIN_STEP))
        taken = down(min(wanted, inside + min(free, asked.room(place))), COIN_STEP)
        drawn = min(taken, inside)
        loose[place.name] = inside - drawn if inside else max(ZERO, there - most)
        came[place.name] = taken - drawn
        free -= taken - drawn
        if least > there + taken:
            lacking.append((place, least - there - taken, most - there - taken))
    for place, missing, wanted in lacking if travels else ():
        got = ZERO
        for other in asked.places:
            if other.name != place.name:
                room = asked.room(place) - came[place.name]
                moved = down(min(loose[other.name], up(max(missing, wanted), COIN_STEP) - got, room), COIN_STEP)
                loose[other.name] -= max(ZERO, moved)
                came[place.name] += max(ZERO, moved)
                got += max(ZERO, moved)
        if got < missing:
            return True
    return bool(lacking) and not travels


def twin(asked: Asked) -> dict[str, int]:
    """The lots of each account: in the order of the file each as many as there can be, tried one by one."""
    lots: dict[str, int] = {}
    for travels in (False, True):
        for place in (each for each in asked.places if each.trades):
            left = asked.lots - sum(lots.values())
            for more in range(left, 0, -1):
                tried = lots | {place.name: lots.get(place.name, 0) + more}
                if not short_of(asked, tried, travels=travels):
                    lots = tried
                    break
        if sum(lots.values()) == asked.lots:
            break
    return lots


SHARES = st.sampled_from([F(0), F(1, 20), F(1, 8), F(1, 3), F(3, 5)])
CAPS = st.sampled_from([F(1, 10), F(1, 4), F(2, 5), ONE])
MODES = st.sampled_from(list(MarginMode))


@st.composite
def asks(draw: st.DrawFn) -> Asked:
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, 4))]
    owned = draw(among(F(1, 2), F(1), F(7, 4)))
    shares = [draw(SHARES) for _ in names]
    assume(sum(shares, ZERO) <= 1)
    trading = [draw(st.booleans()) for _ in names]
    assume(any(trading))
    most = int(owned * PRICE / LOT)
    places = tuple(
        Place(name, draw(MODES), down(owned * share, COIN_STEP), draw(CAPS), draw(among(ONE, F(9, 10))), on)
        for name, share, on in zip(names, shares, trading, strict=True)
    )
    return Asked(
        owned=owned,
        lots=draw(st.integers(2, most) | st.integers(most * 2 // 3, most)),
        leverage=draw(among(ONE, F(2), F(4))),
        shock=draw(among(F(1, 5), F(1, 2), F(9, 10))),
        fee=draw(among(ZERO, F(5, 10000))),
        places=places,
    )


def account_of(place: Place) -> Account:
    counts = Collateral(Counted.COINS, (Slice(None, place.ratio),))
    pooling = Pooling("pool", RULES, {"BTC": counts}, counts) if place.mode is MarginMode.POOLED else None
    return Account(place.name, None, place.mode, place.at_most, pooling)


def portfolio_of(asked: Asked) -> Portfolio:
    rules = replace(
        policy(band="0", min_order="0"), leverage=asked.leverage, liquidation_distance=asked.shock,
        alert=replace(policy().alert, distance=asked.shock / 2, leverage=asked.leverage * 2),
    )  # fmt: skip
    trading = [each.name for each in asked.places if each.trades]
    contracts = tuple(replace(at(name, inverse("BTC", "1000")), taker_fee=asked.fee) for name in trading)
    made = book({"BTC": "1"}, {"BTC": "1"}, contracts, tuple(map(account_of, asked.places)), rules=rules)
    weight = ONE - asked.lots * LOT / PRICE / asked.owned
    wallets = {f"{each.name}:BTC": each.coins for each in asked.places if each.coins}
    holdings = {"BTC": replace(made.holdings["BTC"], quantity=asked.owned)}
    return replace(
        made, holdings=holdings, targets={"BTC": weight, "USD": 1 - weight},
        statement=replace(made.statement, holdings={"BTC": asked.owned}, wallets=wallets),
    )  # fmt: skip


def planned(made: Portfolio) -> Plan:
    return build_plan(made, made.statement, inputs=INPUTS, fit=True)


@given(asked=asks())
def test_a_leg_is_given_to_the_accounts_as_the_twin_gives_it(asked: Asked) -> None:
    plan = planned(portfolio_of(asked))
    expected = {f"{name}:BTCUSD": F(-lots) for name, lots in twin(asked).items()}
    assert traded(plan) == expected
    assert not plan.refused


FEW = settings(max_examples=max(1, settings().max_examples * 2 // 5))
"""Books with pooled accounts take their time."""
PRICES = {"BTC": F(40000), "ETH": F(2500)}


SENDS = st.sampled_from([
    {},
    {"BTC": Withdrawal(F(2, 10**4), F(1, 10**3)), "ETH": Withdrawal(F(1, 300), F(1, 10))},
    {"BTC": Withdrawal(F(1, 10**3), F(1, 4)), "ETH": Withdrawal(None, F(2))},
])  # fmt: skip
"""What withdrawals from an account take: nothing that is said, little, or much."""


@st.composite
def books(draw: st.DrawFn) -> Portfolio:
    """Two to four accounts of every kind of margin, each with coins, hedges and rebalance positions of its own."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, 4))]
    modes = {name: draw(MODES) for name in names}
    contracts = {
        (name, asset): at(name, inverse(asset, draw(among("1", "10", "100"))))
        for name in names
        for asset in PRICES
        if draw(st.integers(0, 3))
    }
    assume(contracts)
    wallets = {f"{name}:{asset}": draw(st.integers(0, 12)) * 2000 / price for name in names
               for asset, price in PRICES.items()}  # fmt: skip
    positions = tuple(_positions(draw, contracts, wallets, modes))
    outside = {asset: draw(st.integers(0, 20)) * 2000 / price for asset, price in PRICES.items()}
    owned = {
        asset: outside[asset] + sum((coins for name, coins in wallets.items() if name.endswith(asset)), ZERO)
        for asset in PRICES
    }
    assume(sum(owned.values(), ZERO))
    weight = F(draw(st.integers(0, 10)), 10)
    dollars = draw(among(ZERO, F(1, 5), F(1, 2)))
    # the alerts of a file that says nothing of them, and such as stand where the policy itself does, or before it
    leverage, alert = draw(among(("1", "1.25"), ("2", "2.5"), ("1", "1"), ("2", "1.25")))
    distance, near = draw(among(("0.2", "0.14"), ("0.5", "0.35"), ("0.2", "0.5")))
    rules = policy(leverage=leverage, distance=distance, alert=(near, alert), mode=MarginMode.CROSS,
                   uncovered=draw(among("spread", "refuse")))  # fmt: skip
    made = book({"BTC": "1", "ETH": "1"}, {"USD": "1"}, tuple(contracts.values()), (), positions=positions, rules=rules)
    listed = tuple(
        replace(
            account_of(Place(name, modes[name], ZERO, draw(among(ONE, F(1, 5), F(1, 2))), F(9, 10), trades=True)),
            withdrawals=draw(SENDS),
        )
        for name in names
    )
    return replace(
        made,
        told_accounts=listed,
        targets={"BTC": weight * (1 - dollars), "ETH": (1 - weight) * (1 - dollars), "USD": dollars},
        holdings={asset: replace(made.holdings[asset], quantity=coins) for asset, coins in owned.items()},
        statement=replace(made.statement, holdings=owned, wallets=wallets),
    )


def _positions(
    draw: st.DrawFn,
    contracts: Mapping[tuple[str, str], Contract],
    wallets: dict[str, Fraction],
    modes: Mapping[str, MarginMode],
) -> Iterator[Position]:
    for (name, asset), contract in contracts.items():
        coins = wallets[f"{name}:{asset}"]
        most = int(coins * PRICES[asset] / contract.multiplier)
        size = draw(st.integers(-most, most)) if most and draw(st.booleans()) else 0
        if size:
            hedge = min(0, size) * draw(st.integers(0, 2)) // 2
            margin = down(coins * F(2, 3), COIN_STEP) if modes[name] is MarginMode.ISOLATED else None
            entry = PRICES[asset] * draw(st.integers(90, 110)) / 100
            yield opened(contract, contracts=F(size), entry_price=entry, hedge=F(hedge), margin=margin)


@FEW
@given(made=books())
def test_no_plan_takes_coins_that_are_not_there_or_brings_more_than_may_sit_at_an_account(made: Portfolio) -> None:
    plan, before = build_plan(made, made.statement, inputs=INPUTS), made.statement
    equity = plan.equity
    for asset, owned in before.holdings.items():
        there = sum((before.wallets.get(f"{each.name}:{asset}", ZERO) for each in made.accounts), ZERO)
        moved = sum((each.quantity for each in plan.transfers if each.asset == asset), ZERO)
        between = [each.quantity for each in plan.transfers if each.asset == asset and each.other_account is not None]
        assert moved <= max(ZERO, owned - there)
        kept = sum((each.fee or ZERO for each in plan.transfers if each.asset == asset), ZERO)
        assert sum(between, ZERO) == -kept
    for account in made.accounts:
        mine = [each for each in plan.transfers if each.account == account.name]
        came = sum((each.quantity * PRICES[each.asset] for each in mine), ZERO)
        sits = sum((coins * PRICES[name.rpartition(":")[2]] for name, coins in before.wallets.items()
                    if name.startswith(f"{account.name}:")), ZERO)  # fmt: skip
        sits += sum((each.contracts * each.contract.multiplier * (PRICES[each.contract.asset] / each.entry_price - 1)
                     for each in before.positions.values() if each.contract.account == account.name), ZERO)  # fmt: skip
        if account.at_most < 1:
            # where the fees of a plan leave an alert their room is filled as well: by the equity that they leave
            fees = {order: order.fee * PRICES[order.fee_currency] for order in plan.orders}
            here = sum((fee for order, fee in fees.items() if order.account == account.name), ZERO)
            room = account.at_most * equity - sits
            assert came <= max(ZERO, room, room + here - account.at_most * sum(fees.values(), ZERO))
    for order in plan.orders:
        assert made.contracts[order.contract].account == order.account
        assert order.contracts % made.contracts[order.contract].lot_size == 0
        assert sum((part.contracts for part in order.parts), ZERO) == order.signed


@FEW
@given(made=books())
def test_every_wallet_lives_through_what_its_row_says_and_ends_where_it_says(made: Portfolio) -> None:
    """Balance and maintenance straight from their definitions, at each level and on a grid on the way there."""
    plan = build_plan(made, made.statement, inputs=INPUTS)
    for row in plan.wallets:
        if row.mode is MarginMode.POOLED or not row.position_value:
            continue
        held = [
            (each.contracts * made.contracts[each.contract].multiplier, each.entry_price)
            for each in plan.positions
            if each.entry_price is not None and (each.account, each.settle) == (row.account, row.currency)
            and row.contract == (each.contract if each.isolated_margin is not None else None)
        ]  # fmt: skip
        price = PRICES[row.currency]
        for end, grid in ((row.liquidation_below, range(1, 40)), (row.liquidation_above, range(41, 400))):
            if end == price:
                assert _spare(row.balance, held, price) <= 0
                continue
            assert end is None or _spare(row.balance, held, end) == 0
            reached = [price * n / 40 for n in grid]
            alive = [each for each in reached if end is None or (each > end if end < price else each < end)]
            assert all(_spare(row.balance, held, each) > 0 for each in alive)


@FEW
@given(made=books())
def test_what_is_traded_keeps_the_policy_at_every_account(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    assume(plan.orders and not plan.refused)
    fees: dict[tuple[str | None, str], Fraction] = {}
    for order in plan.orders:
        if not order.reduce_only:
            fees[order.account, order.contract] = order.fee
    for row in plan.wallets:
        held = [
            (each.contracts * made.contracts[each.contract].multiplier, each.entry_price)
            for each in plan.positions
            if each.entry_price is not None and (each.account, each.settle) == (row.account, row.currency)
            and row.contract == (each.contract if each.isolated_margin is not None else None)
        ]  # fmt: skip
        paid = [
            fee for (account, name), fee in fees.items()
            if account == row.account and made.contracts[name].settle == row.currency and row.contract in (None, name)
        ]  # fmt: skip
        if row.mode is MarginMode.POOLED or not paid or not held:
            continue
        price, shock = PRICES[row.currency], made.policy.shock
        value = sum((abs(dollars) for dollars, _ in held), ZERO) / price
        # leverage is tested before the fees of opening
        assert value <= made.policy.leverage * (_balance(row.balance, held, price) + sum(paid, ZERO) + COIN_STEP)
        for n in range(-8, 9):
            assert _spare(row.balance + COIN_STEP, held, price * (1 + shock * n / 8)) >= 0


def _balance(coins: Fraction, held: Sequence[tuple[Fraction, Fraction]], price: Fraction) -> Fraction:
    return coins + sum((dollars * (1 / entry - 1 / price) for dollars, entry in held), ZERO)


def _spare(coins: Fraction, held: Sequence[tuple[Fraction, Fraction]], price: Fraction) -> Fraction:
    """Coins of margin balance beyond maintenance at a price."""
    return _balance(coins, held, price) - sum((abs(dollars) / price * RATE for dollars, _ in held), ZERO)


@FEW
@given(made=books())
def test_equity_before_is_equity_after_and_fees_over_all_accounts(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    left = after_transfers(after_orders(made.statement, plan.orders, made), plan.transfers, made)
    fees = sum((order.fee * PRICES[order.fee_currency] for order in plan.orders), ZERO)
    fees += sum((each.fee * PRICES[each.asset] for each in plan.transfers if each.fee), ZERO)
    assert fees == plan.costs.fees_usd
    off = abs(value(made, made.statement).equity - fees - value(made, left).equity)
    assert off <= sum((PRICES[order.fee_currency] * COIN_STEP for order in plan.orders), ZERO) + F(1, 10**9)


@FEW
@given(made=books())
def test_steps_name_every_order_and_transfer_once_and_nothing_waits_for_what_comes_later(made: Portfolio) -> None:
    plan = build_plan(made, made.statement, inputs=INPUTS)
    told = [(each.kind, each.index) for each in plan.steps]
    assert len(set(told)) == len(told) == len(plan.orders) + len(plan.transfers)
    assert [index for kind, index in told if kind is StepKind.ORDER] == list(range(len(plan.orders)))
    at_step = {each: n for n, each in enumerate(told)}
    for n, move in enumerate(plan.transfers):
        if move.other_account is None or move.quantity < 0:
            continue
        out = next(k for k, each in enumerate(plan.transfers)
                   if each.quantity == -move.quantity - (each.fee or ZERO) and each.other_account == move.account
                   and each.asset == move.asset)  # fmt: skip
        assert at_step[StepKind.TRANSFER, out] < at_step[StepKind.TRANSFER, n]
        for k, order in enumerate(plan.orders):
            if order.account == move.account and order.fee_currency == move.asset and not order.reduce_only:
                assert at_step[StepKind.TRANSFER, n] < at_step[StepKind.ORDER, k] or move.contract not in (
                    None, order.contract)  # fmt: skip
