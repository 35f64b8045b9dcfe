"""What a pooled account lacks of a policy, and what it is asked, each figure by its definition."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from exact import exact
from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction
from rebal.market.contract import Kind
from rebal.market.maintenance import Tiers
from rebal.market.pooled import (
    ClosingFee,
    Coin,
    Collateral,
    Counted,
    Levered,
    Pool,
    Slice,
    coins_to_count,
    credit,
    estimated_liquidation,
    judge,
    settle,
)
from rebal.market.pooled_need import Survey
from rebal.market.pooled_path import is_due, least_spare, levels

from .definitions import initial, maintenance, unrealised, value
from .test_pooled_path import COINS, LEVERAGES, closing, counted, least_by_definition, paths, pools, spare, with_more
from .wallets import fractions

EVERY = (*COINS, "USDT")
WHOLE = Collateral(Counted.COINS, (Slice(None, ONE),))
CLOSE = Fraction(1, 10**20)
ways_of = st.lists(paths(least="-0.9"), max_size=2)
fees = st.dictionaries(st.sampled_from(EVERY), fractions("0", "0.5"), max_size=2)
FEW = settings(max_examples=15)
any_pool = st.one_of(pools(), pools(size_rate=True))


def closing_fee(position: Levered, pool: Pool) -> Fraction:
    """The fee of closing that the account counts, in the settlement coin."""
    held = position.held
    if pool.rules.fee is not ClosingFee.SCHEDULE:
        return closing(position, held.mark_price, pool.rules)
    schedule = held.contract.maintenance
    counts = isinstance(schedule, Tiers) and schedule.close_fee
    return value(held, held.mark_price) * held.contract.taker_fee if counts else ZERO


def asked_for(position: Levered, pool: Pool) -> Fraction:
    """Initial margin, in the settlement coin."""
    asked = initial(position.held, position.leverage)
    return asked + closing_fee(position, pool) if pool.rules.fee_in_initial else asked


def required(position: Levered, pool: Pool) -> Fraction:
    """Maintenance margin, in the settlement coin."""
    held, schedule = position.held, position.held.contract.maintenance
    if pool.rules.fee is ClosingFee.SCHEDULE or not isinstance(schedule, Tiers):
        fee = ZERO if pool.rules.fee is ClosingFee.SCHEDULE else closing_fee(position, pool)
        return maintenance(held) + fee
    bare = replace(held.contract, maintenance=replace(schedule, close_fee=False))
    return maintenance(replace(held, contract=bare)) + closing_fee(position, pool)


@FEW
@given(any_pool)
def test_every_figure_of_an_account_is_the_sum_of_its_definitions(pool: Pool) -> None:
    price = {coin.asset: coin.price for coin in pool.coins}
    equity = {coin.asset: coin.balance for coin in pool.coins}
    for each in pool.positions:
        equity[settle(each)] += unrealised(each.held)
    owed = {asset: -there * price[asset] for asset, there in equity.items() if there < 0}

    def dollars(asset: str, figures: Mapping[int, Fraction]) -> Fraction:
        return price[asset] * sum((figures[n] for n, _ in enumerate(pool.positions)), ZERO)

    judged = judge(pool)
    assert judged.equity == sum((equity[asset] * price[asset] for asset in price), ZERO)
    assert judged.credit == sum((counted(coin, equity[coin.asset], coin.price) for coin in pool.coins), ZERO)
    assert judged.debts == owed
    debt, in_usd = sum(owed.values(), ZERO), [(each, price[settle(each)]) for each in pool.positions]
    assert judged.position_value == sum((value(p.held, p.held.mark_price) * by for p, by in in_usd), ZERO)
    assert judged.initial_margin == debt * pool.rules.initial_on_debt + sum(
        (asked_for(each, pool) * by for each, by in in_usd), ZERO
    )
    assert judged.maintenance_margin == debt * pool.rules.maintenance_on_debt + sum(
        (required(each, pool) * by for each, by in in_usd), ZERO
    )
    assert is_due(pool) is (judged.credit <= judged.maintenance_margin * pool.rules.level)
    assert spare(pool, {}, ZERO) == judged.credit - judged.maintenance_margin * pool.rules.level
    assert judged.margin_ratio == (judged.maintenance_margin / judged.credit if judged.credit > 0 else None)


def lacking(
    pool: Pool, ways: Sequence[Mapping[str, Fraction]], leverage: Fraction, paid: Mapping[str, Fraction]
) -> Fraction:
    """Dollars of credit that are missing: of margin and leverage before fees, of survival after them."""
    had = pool
    for asset, fee in paid.items():
        had = with_more(had, asset, fee)
    judged = judge(had)
    today = max(judged.initial_margin, judged.position_value / leverage) - judged.credit
    return max([today, -spare(pool, {}, ZERO), *(-least_by_definition(pool, way) for way in ways)])


@FEW
@given(any_pool, ways_of, LEVERAGES, fees)
def test_what_an_account_lacks_is_what_it_lacks_where_it_lacks_most(
    pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction, paid: dict[str, Fraction]
) -> None:
    survey = Survey.of(pool, paths=ways, leverage=leverage).before(paid)
    by_definition = lacking(pool, ways, leverage, paid)
    assert abs(survey.lacking - by_definition) < CLOSE
    assert not survey.keeps or survey.lacking <= 0
    assert survey.keeps or by_definition > -CLOSE
    judged = judge(pool)
    assert survey.short()[:2] == [judged.position_value / leverage - judged.credit, -spare(pool, {}, ZERO)]
    assert survey.standing == spare(pool, {}, ZERO)


def said_of(survey: Survey, paid: Mapping[str, Fraction]) -> list[object]:
    """Everything that a survey says, before and after it is asked of a fee."""
    asked = [(survey.balance_needed(asset), survey.more_needed(asset)) for asset in EVERY[:2]]
    before = survey.before(paid)
    asked += [(before.balance_needed(asset), before.more_needed(asset)) for asset in EVERY[:2]]
    return [*asked] + [
        (each.judged, each.standing, each.keeps, each.lacking, each.short(), list(each.falls), dict(each.moved))
        for each in (survey, before)
    ]


@FEW
@given(any_pool, ways_of, LEVERAGES, fees, st.sampled_from(EVERY), fractions("-1", "2"))
def test_an_account_with_a_part_exchanged_is_the_account_that_has_that_part(
    pool: Pool,
    ways: list[dict[str, Fraction]],
    leverage: Fraction,
    paid: dict[str, Fraction],
    asset: str,
    more: Fraction,
) -> None:
    """Coins come or go, a position goes: what was walked before says of the rest what walking it anew says."""
    known, fresh = (Survey.of(pool, paths=ways, leverage=leverage) for _ in range(2))
    said_of(known, paid)  # so that all of it is worked out
    there = with_more(pool, asset, more)
    anew = said_of(Survey.of(there, paths=ways, leverage=leverage), paid)
    assert said_of(known.having(asset, more), paid) == anew
    assert said_of(fresh.having(asset, more), paid) == anew
    left = Pool(pool.rules, there.coins, pool.positions[1:])
    coin = settle(pool.positions[0])
    anew = said_of(Survey.of(left, paths=ways, leverage=leverage), paid)
    assert said_of(known.having(asset, more).with_part(coin, left.parts[coin]), paid) == anew
    assert said_of(fresh.having(asset, more).with_part(coin, left.parts[coin]), paid) == anew
    back = Survey.of(left, paths=ways, leverage=leverage).with_part(coin, there.parts[coin])
    assert said_of(back, paid) == said_of(Survey.of(there, paths=ways, leverage=leverage), paid)


@FEW
@given(any_pool, st.lists(paths(least="-0.9"), min_size=1, max_size=2), LEVERAGES, fees, st.sampled_from(EVERY))
def test_of_one_coin_the_least_is_needed_with_which_the_account_lacks_nothing(
    pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction, paid: dict[str, Fraction], asset: str
) -> None:
    # each path begins at today's prices, so that with one of them at least it is asked to survive today
    def lacks(survey: Survey, more: Fraction) -> Fraction:
        return survey.having(asset, more).lacking

    survey = Survey.of(pool, paths=ways, leverage=leverage).before(paid)
    there = survey.parts[asset].coin.balance
    for needed, start in ((survey.more_needed(asset), ZERO), (survey.balance_needed(asset), -there)):
        event("never" if needed is None else "nothing" if not needed else "some")
        if needed is None:
            assert lacks(survey, Fraction(10**9)) > 0
        else:
            assert lacks(survey, start + needed) <= 0
            assert not needed or lacks(survey, start + needed - COIN_STEP) > 0


@FEW
@given(any_pool, st.lists(paths(least="-0.9"), min_size=1, max_size=2), LEVERAGES, st.permutations(EVERY))
def test_where_nothing_is_open_a_coin_backs_what_is_owed_in_another_and_none_is_brought(
    pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction, order: list[str]
) -> None:
    owing, asset, *_ = order
    coins = (replace(each, balance=-abs(each.balance)) if each.asset == owing else each for each in pool.coins)
    closed = Pool(pool.rules, tuple(coins), ())
    survey = Survey.of(closed, paths=ways, leverage=leverage)
    assert (survey.more_needed(asset), survey.keeps) == (ZERO, True)
    needed, there = survey.balance_needed(asset), survey.parts[asset].coin.balance

    def lacks(balance: Fraction) -> Fraction:
        return lacking(with_more(closed, asset, balance - there), ways, leverage, {})

    event("never" if needed is None else "nothing" if not needed else "some")
    if needed is None:
        assert lacks(Fraction(10**9)) > 0
    else:
        assert lacks(needed) <= CLOSE
        assert not needed or lacks(needed - COIN_STEP) > 0


@FEW
@given(any_pool, ways_of, LEVERAGES, st.sampled_from(EVERY))
def test_a_coin_alone_is_the_account_of_that_coin(
    pool: Pool, ways: list[dict[str, Fraction]], leverage: Fraction, asset: str
) -> None:
    coins = tuple(coin for coin in pool.coins if coin.asset == asset)
    alone = Pool(pool.rules, coins, tuple(each for each in pool.positions if settle(each) == asset))
    moving = [way for way in ways if any(way.get(each) for each in alone.parts[asset].movers)]
    made, found = Survey.of(alone, paths=moving, leverage=leverage), Survey.of(pool, paths=ways, leverage=leverage)
    one = found.alone(asset)
    assert (one.judged, one.keeps, one.lacking, one.short()) == (made.judged, made.keeps, made.lacking, made.short())
    assert one.balance_needed(asset) == made.balance_needed(asset)


@FEW
@given(any_pool, LEVERAGES, fees, st.integers(0, 10**5).map(Fraction))
def test_dollars_lift_an_account_if_they_could_were_they_to_pay_its_debts_and_count_whole(
    pool: Pool, leverage: Fraction, paid: dict[str, Fraction], dollars: Fraction
) -> None:
    survey = Survey.of(pool, paths=[], leverage=leverage).before(paid)
    missing = survey.lacking
    today = lacking(pool, [], leverage, paid) if missing > -spare(pool, {}, ZERO) else None
    if today is not None:
        # margin on a debt that is paid back is not asked for either
        assert survey.lifted_by(dollars) is (today <= dollars * (1 + pool.rules.initial_on_debt))
        assert survey.lifted_by(max(ZERO, today))
    assert Survey.of(Pool(pool.rules, pool.coins, ()), paths=[], leverage=leverage).lifted_by(ZERO)


@FEW
@given(pools(), paths(least="-0.9"))
def test_an_account_is_walked_alike_in_one_piece_and_coin_by_coin(pool: Pool, way: dict[str, Fraction]) -> None:
    """Parts that are there already, walked or not, make the account that their coins and positions make."""
    for part in pool.parts.values():
        part.with_more(ONE)
    again = Pool.of(pool.rules, list(pool.parts.values()), positions=pool.positions)
    assert again == pool
    assert (again.spare, again.moved) == (pool.spare, pool.moved)
    assert (levels(again, way), least_spare(again, way)) == (levels(pool, way), least_spare(pool, way))
    for asset, coins in pool.moved.items():
        moves = {coin: spare_of(pool, coin, asset) for coin in pool.parts}
        assert {coin for coin, does in moves.items() if does} <= set(coins)


def spare_of(pool: Pool, coin: str, asset: str) -> bool:
    """Whether what a coin and its positions have to spare changes as an asset's price does."""
    part = Pool(
        pool.rules,
        tuple(each for each in pool.coins if each.asset == coin),
        tuple(each for each in pool.positions if settle(each) == coin),
    )
    return spare(part, {asset: ONE}, ZERO) != spare(part, {asset: ONE}, ONE)


@FEW
@given(any_pool)
def test_an_estimate_of_the_liquidation_price_puts_all_that_is_spare_on_one_position(pool: Pool) -> None:
    left = spare(pool, {}, ZERO)
    for each in pool.positions:
        held, contract, found = each.held, each.held.contract, estimated_liquidation(each, pool)
        price = next(coin.price for coin in pool.coins if coin.asset == contract.settle)
        in_usd = ONE if contract.kind is Kind.LINEAR else price
        if found is not None:
            assert found > 0
            assert left + in_usd * contract.pnl(held.contracts, held.mark_price, found) == 0
            continue
        # a long that loses is worth nothing at no price above nothing, and a short that wins at any: due the other way
        worth = value(held, held.mark_price) * in_usd
        assert (left if (held.contracts > 0) is (contract.kind is Kind.LINEAR) else -left) >= worth


@FEW
@given(st.data(), fractions("1", "60000"), fractions("1", "1000000"))
def test_the_least_coins_that_count_for_dollars_count_for_them(
    data: st.DataObject, price: Fraction, dollars: Fraction
) -> None:
    slices = data.draw(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(("1", "0.5", "0"))), max_size=3))
    assume(len({edge for edge, _ in slices}) == len(slices))
    for kind, unit in ((Counted.COINS, ONE), (Counted.USD, price)):
        for endless in (False, True):
            edges = [edge * unit for edge, _ in sorted(slices)]
            ends = [*edges[:-1], None] if endless and edges else edges
            made = tuple(Slice(end, exact(ratio)) for end, (_, ratio) in zip(ends, sorted(slices), strict=True))
            coin = Coin("BTC", price, ZERO, Collateral(kind, made))
            assert coins_to_count(coin, ZERO) == coins_to_count(coin, -dollars) == 0
            whole = coins_to_count(coin, credit(coin, exact("2.5")))
            assert whole is not None
            assert whole <= exact("2.5")
            assert credit(coin, whole) == credit(coin, exact("2.5"))
            coins = coins_to_count(coin, dollars)
            event("none" if coins is None else "some")
            if coins is None:
                assert credit(coin, Fraction(10**9)) < dollars
            else:
                assert credit(coin, coins) == dollars
                assert credit(coin, coins - COIN_STEP) < dollars
