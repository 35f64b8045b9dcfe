"""Orders, what is moved for them, what they cost and what closing realises."""

from collections.abc import Iterator
from itertools import chain

from rebal.amounts import COIN_STEP, ZERO, Fraction
from rebal.explain._facts import ASKED, GIVEN, Facts, derived, index_of, of_contract, step_of, untold
from rebal.explain._ways import to_level
from rebal.formula import evaluated, formula_of
from rebal.market.carry import DAYS_PER_YEAR, HOURS_PER_DAY
from rebal.market.contract import Contract, Kind, OrderUnit
from rebal.plan import CostLine, Order, OrderPart, PnlLine, Side, Transfer
from rebal.planner.collateral import Account, need
from rebal.planner.posting import free_coins
from rebal.planner.targets import target
from rebal.reports.explanation import Derivation, Term


def orders(facts: Facts) -> Iterator[Derivation]:
    """Every figure of every order."""
    for order in facts.plan.orders:
        yield from _order(order, facts.portfolio.contracts[order.contract], facts)


def _order(order: Order, contract: Contract, facts: Facts) -> Iterator[Derivation]:
    at, unit = f"orders.{order.contract}", f"on {order.contract}"
    count = Term("n", order.contracts, "contracts", "of the order", f"{at}.contracts")
    mark = Term("P", order.price, "USD", f"mark of {contract.name}", f"{at}.price")
    one = of_contract(contract, "")
    yield _contracts(order, contract, facts)
    for part in order.parts:
        yield _part(part, order)
    counted = order.order_unit is OrderUnit.CONTRACTS
    text, terms = ("n", [count]) if counted else ("n · V", [count, one])
    title, typed_in = f"quantity to type {unit}", order.order_unit.value
    yield derived(f"{at}.order_quantity", order.order_quantity, text, terms=terms, title=title, unit=typed_in)
    dollars, terms = formula_of(Contract.notional, order.kind.value), [count, one]
    if contract.kind is Kind.LINEAR:
        dollars, terms = f"{dollars} · Q", [*terms, mark, index_of(contract.settle, facts, "Q")]
    yield derived(f"{at}.notional", order.notional, dollars, terms=terms, title=f"dollars {unit}", unit="USD")
    coins = formula_of(Contract.coins, order.kind.value)
    yield derived(f"{at}.coins", order.coins, coins, terms=[count, one, mark], title=f"coins {unit}", unit=order.asset)
    note = f"{GIVEN}: the contract's mark, or its coin's price where it has none"
    yield untold(f"{at}.price", order.price, title=f"price {unit}", unit="USD", note=note)
    yield _limit(order, contract, mark)
    value = formula_of(Contract.position_value, order.kind.value)
    rate = Term("f", contract.taker_fee, "", "taker fee", f"contracts.{contract.name}.taker_fee")
    terms = [count, one, mark, rate, step_of(COIN_STEP, order.fee_currency)]
    text = f"up({value} · f, step)"
    yield derived(f"{at}.fee", order.fee, text, terms=terms, title=f"fee {unit}", unit=order.fee_currency)


def _part(part: OrderPart, order: Order) -> Derivation:
    at, purpose, of = f"orders.{order.contract}", part.purpose.value, " and ".join(part.stands_for)
    alike = [each for each in order.parts if each.purpose is part.purpose]
    named = purpose if len(alike) == 1 else f"{purpose}.{'+'.join(part.stands_for)}"
    figure, title = f"{at}.parts.{named}.contracts", f"contracts of it for {purpose} of {of}"
    if len(order.parts) > 1:
        note = f"its share of the order, which is placed net: {at}.contracts"
        return untold(figure, part.contracts, title=title, unit="contracts", note=note)
    text, note = "n" if order.side is Side.BUY else "−n", "all of the order; a sale is negative"
    terms = [Term("n", order.contracts, "contracts", "of the order", f"{at}.contracts")]
    return derived(figure, part.contracts, text, terms=terms, title=title, unit="contracts", note=note)


def _limit(order: Order, contract: Contract, mark: Term) -> Derivation:
    figure, title = f"orders.{order.contract}.limit_price", f"price to type on {order.contract}"
    if order.limit_price is None or contract.tick_size is None:
        return untold(figure, None, title=title, unit="USD", note="the contract's tick is not known")
    way = "up" if order.side is Side.BUY else "down"
    terms = [mark, step_of(contract.tick_size, "USD", "tick")]
    note = "on the tick, toward the side that still fills at the mark"
    return derived(figure, order.limit_price, f"{way}(P, tick)", terms=terms, title=title, unit="USD", note=note)


def _contracts(order: Order, contract: Contract, facts: Facts) -> Derivation:
    figure, title = f"orders.{order.contract}.contracts", f"contracts of {order.contract}"
    for text, terms, note in _decided(order, contract, facts):
        if evaluated(text, {each.symbol: each.value for each in terms}) == order.contracts:
            return derived(figure, order.contracts, text, terms=terms, title=title, unit="contracts", note=note)
    terms = [
        Term(f"p{n}", part.contracts, "contracts", f"for {part.purpose.value} of {' and '.join(part.stands_for)}", None)
        for n, part in enumerate(order.parts, start=1)
    ]
    text = f"|{' + '.join(each.symbol for each in terms)}|"
    note = "placed net; how far each part goes was decided together with the others, by what coins can margin"
    return derived(figure, order.contracts, text, terms=terms, title=title, unit="contracts", note=note)


def _decided(order: Order, contract: Contract, facts: Facts) -> Iterator[tuple[str, list[Term], str]]:
    """What may have decided a single part: its asset's aim, its hedge, or the position that it closes."""
    line = facts.asset(order.parts[0].stands_for[0]) if len(order.parts) == 1 else None
    lot = step_of(contract.lot_size, "contracts", "lot")
    held = facts.before.positions.get(order.contract)
    if held is not None and held.contracts:
        terms = [Term("n", held.contracts, "contracts", "open before", f"positions.{contract.name}.contracts_before")]
        yield "|n|", terms, "all that is open is closed"
    if line is None or contract.kind is not Kind.INVERSE or line.asset != contract.asset:
        return
    at, one = f"assets.{line.asset}", of_contract(contract, "")
    if facts.plan.command == "plan" and line.aimed_weight == target(line.asset, facts.portfolio):
        terms = [
            Term("t", line.aimed_weight or ZERO, "", "weight aimed at", f"{at}.aimed_weight"),
            Term("E", facts.plan.equity, "USD", "equity", "equity"),
            Term("X", line.exposure, "USD", "exposure", f"{at}.exposure"),
            one,
            lot,
        ]
        yield "|toward_zero((t · E − X) / V, lot)|", terms, "the leg, in whole lots that do not pass the target"
    asked = next((each.fraction for each in facts.plan.hedges if each.asset == line.asset), None)
    if facts.plan.command == "hedge" and asked is not None and line.hedge_ratio is not None:
        terms = [
            Term("a", asked, "", "share asked for", f"hedges.{line.asset}.fraction"),
            Term("k", line.hedge_ratio, "", "share hedged before", f"{at}.hedge_ratio"),
            Term("B", _base(line.asset, facts), line.asset, "coins as if rebalanced in spot", None),
            index_of(line.asset, facts),
            one,
            lot,
        ]
        yield "|toward_zero((k − a) · B · S / V, lot)|", terms, "the coins to cover, a futures dollar for a spot dollar"


def _base(asset: str, facts: Facts) -> Fraction:
    from rebal.planner.cover import cover

    return cover(facts.portfolio, facts.before).base(asset)


def transfers(facts: Facts) -> Iterator[Derivation]:
    """What is moved, and which of the policy's rules asks for it."""
    for transfer in facts.plan.transfers:
        if transfer.other_account is not None:
            yield from _between(transfer, facts)
            continue
        key = facts.wallet(transfer)
        account = facts.accounts.get(key)
        figure, title = f"transfers.{key}.quantity", f"{transfer.asset} to move {_way(transfer, facts)}"
        rescued = to_level(account, facts) if facts.plan.command == "rescue" else ()
        for text, terms, note in () if account is None else chain(_moved(transfer, account, facts), rescued):
            if evaluated(text, {each.symbol: each.value for each in terms}) == transfer.quantity:
                yield derived(figure, transfer.quantity, text, terms=terms, title=title, unit=transfer.asset, note=note)
                break
        else:
            note = "coins decided together with what else the wallet takes, or by a rescue"
            yield untold(figure, transfer.quantity, title=title, unit=transfer.asset, note=note)


def _way(transfer: Transfer, facts: Facts) -> str:
    account = f"the account {transfer.account}" if facts.portfolio.has_several else "the futures account"
    place = account if transfer.contract is None else f"the margin of {transfer.contract}"
    return f"into {place}" if transfer.quantity > 0 else f"out of {place}, which is negative"


def _between(transfer: Transfer, facts: Facts) -> Iterator[Derivation]:
    """One side of a move from one account to another."""
    side = "in" if transfer.quantity > 0 else "out"
    at = f"transfers.{facts.wallet(transfer)}.{side}.{transfer.other_account}"
    title = f"{transfer.asset} from one account to another, out where negative"
    note = "coins that one account lacks, as far as the other can do without them"
    yield untold(f"{at}.quantity", transfer.quantity, title=title, unit=transfer.asset, note=note)
    if transfer.fee is not None:
        title, note = "what the network keeps of it", f"{GIVEN}: accounts.{transfer.account}.withdrawal"
        yield untold(f"{at}.fee", transfer.fee, title=title, unit=transfer.asset, note=note)
    if transfer.hours is not None:
        title, note = "hours until it is there", f"{GIVEN}: how long such a move takes, by the file or by default"
        yield untold(f"{at}.hours", transfer.hours, title=title, unit="hours", note=note)


def _moved(transfer: Transfer, account: Account, facts: Facts) -> Iterator[tuple[str, list[Term], str]]:
    asked, unit, key = need(account.held_after, facts.portfolio), account.currency, account.name
    rules = {"a": asked.leverage, "b": asked.initial, "s": asked.survival}
    words = {
        "a": ("what the policy's leverage asks", None),
        "b": ("initial margin", None),
        "s": ("what covers maintenance at the policy's distance", f"wallets.{key}.survival"),
    }
    terms = [Term(symbol, coins, unit, *words[symbol]) for symbol, coins in rules.items()]
    terms += [
        Term("f", account.fees, unit, "fees of the orders", None),
        Term("W", account.balance, unit, "balance before", f"wallets.{key}.before.balance"),
        Term("R", account.realised, unit, "what the orders realise", None),
        step_of(COIN_STEP, unit),
    ]
    binds = max(rules, key=lambda symbol: rules[symbol])
    note = f"{words[binds][0]} binds: it is the largest of the three" if rules[binds] > 0 else "nothing is asked"
    yield "up(max(0, a, b, s) + f − W − R, step)", terms, note
    free = Term("F", free_coins(unit, facts.before, facts.portfolio), unit, "coins that are free to post", None)
    yield "down(F, step)", [free, step_of(COIN_STEP, unit)], "all that is free: the policy asks for more"
    was = need(account.held_before, facts.portfolio).without_profit
    out = [
        *terms[3:],
        Term("z", was, unit, "asked before, without leaning on unrealised profit", None),
        Term("k", asked.without_profit, unit, "asked after, likewise", None),
    ]
    yield "−down(max(0, min(W + R − f − k, z − k)), step)", out, "what the orders free, never unrealised profit"


def costs(facts: Facts) -> Iterator[Derivation]:
    """Fees once and funding a day, by contract and together."""
    told = facts.plan.costs
    terms = [
        Term(f"c{n}", each.fee_usd, "USD", f"fee on {each.contract}", f"costs.{each.contract}.fee_usd")
        for n, each in enumerate(told.breakdown, start=1)
    ]
    if told.sending_usd:
        terms.append(Term("w", told.sending_usd, "USD", "fees of withdrawals", "costs.sending_usd"))
    text = " + ".join(each.symbol for each in terms) or "0"
    yield derived("costs.fees_usd", told.fees_usd, text, terms=terms, title="fees, in dollars", unit="USD")
    yield _sending(facts)
    for each in told.breakdown:
        yield from _cost(each, facts)
    yield from _funding(facts)


def _sending(facts: Facts) -> Derivation:
    """What the network keeps of coins that go from one account to another."""
    sent = [each for each in facts.plan.transfers if each.fee]
    terms = [
        term
        for n, each in enumerate(sent, start=1)
        for term in (
            Term(f"w{n}", each.fee or ZERO, each.asset, f"fee of a withdrawal from {each.account}", None),
            Term(f"S{n}", facts.portfolio.price(each.asset), "USD", f"price of {each.asset}", None),
        )
    ]
    text = " + ".join(f"w{n} · S{n}" for n in range(1, len(sent) + 1)) or "0"
    title = "fees of withdrawals, in dollars"
    return derived("costs.sending_usd", facts.plan.costs.sending_usd, text, terms=terms, title=title, unit="USD")


def _funding(facts: Facts) -> Iterator[Derivation]:
    told = facts.plan.costs
    known = [each for each in told.breakdown if each.funding_usd_per_day is not None]
    if told.funding_usd_per_day is None or told.funding_usd_per_year is None:
        note = "the rate of a perpetual is not known: market.funding"
        for figure in ("funding_usd_per_day", "funding_usd_per_year"):
            yield untold(f"costs.{figure}", None, title="funding paid", unit="USD", note=note)
        return
    terms = [
        Term(f"d{n}", each.funding_usd_per_day or ZERO, "USD", f"on {each.contract}", f"costs.{each.contract}."
             "funding_usd_per_day")
        for n, each in enumerate(known, start=1)
    ]  # fmt: skip
    text = " + ".join(each.symbol for each in terms) or "0"
    title = "funding paid a day, received where negative"
    yield derived("costs.funding_usd_per_day", told.funding_usd_per_day, text, terms=terms, title=title, unit="USD")
    day = Term("d", told.funding_usd_per_day, "USD", "funding a day", "costs.funding_usd_per_day")
    yield derived(
        "costs.funding_usd_per_year", told.funding_usd_per_year, f"d · {DAYS_PER_YEAR}", terms=[day],
        title="funding paid a year, at today's rates", unit="USD",
    )  # fmt: skip


def _cost(line: CostLine, facts: Facts) -> Iterator[Derivation]:
    at, contract, order = f"costs.{line.contract}", facts.portfolio.contracts[line.contract], facts.order(line.contract)
    title = f"fee on {line.contract}, in dollars"
    if order is None:
        yield untold(f"{at}.fee_usd", line.fee_usd, title=title, unit="USD", note="no order on it")
    else:
        terms = [
            Term("f", order.fee, order.fee_currency, "fee of the order", f"orders.{line.contract}.fee"),
            index_of(order.fee_currency, facts),
        ]
        yield derived(f"{at}.fee_usd", line.fee_usd, "f · S", terms=terms, title=title, unit="USD")
    figure, title = f"{at}.funding_usd_per_day", f"funding that {line.contract} pays a day, received where negative"
    rate, open_then = facts.portfolio.market.funding_rate(contract), facts.after.positions.get(line.contract)
    if line.funding_usd_per_day is None or rate is None or contract.funding_interval_hours is None or not open_then:
        note = "not known: market.funding has no rate" if line.funding_usd_per_day is None else "no funding on it"
        yield untold(figure, line.funding_usd_per_day, title=title, unit="USD", note=note)
        return
    dollars = formula_of(Contract.notional, contract.kind.value).replace("|n|", "n")
    terms = [
        Term("n", open_then.contracts, "contracts", "open after the plan", f"positions.{line.contract}.contracts"),
        of_contract(contract, ""),
        Term("r", rate, "", "funding rate", f"market.funding.{line.contract}"),
        Term("i", contract.funding_interval_hours, "hours", "between fundings", f"contracts.{line.contract}"),
    ]
    if contract.kind is Kind.LINEAR:
        mark = Term("P", facts.portfolio.mark_usd(contract), "USD", "mark, in dollars", None)
        terms = [*terms, mark]
    text = f"{dollars} · r · {HOURS_PER_DAY} / i"
    yield derived(figure, line.funding_usd_per_day, text, terms=terms, title=title, unit="USD")


def pnl(facts: Facts) -> Iterator[Derivation]:
    """What closing realises."""
    for line in facts.plan.pnl:
        yield from _closed(line, facts)


def _closed(line: PnlLine, facts: Facts) -> Iterator[Derivation]:
    at, order, position = f"pnl.{line.contract}", facts.order(line.contract), facts.before.positions[line.contract]
    contract, unit = position.contract, line.currency
    assert order is not None
    closes = order.signed * position.contracts < 0
    terms = [
        Term("n", -order.signed, "contracts", "closed", f"orders.{line.contract}.contracts"),
        of_contract(contract, ""),
        Term("e", position.entry_price, "USD", "average entry", None),
        Term("P", order.price, "USD", "price of closing", f"orders.{line.contract}.price"),
        step_of(COIN_STEP, unit),
    ]
    text = f"down({formula_of(Contract.pnl, contract.kind.value)}, step)" if closes else "0"
    title = f"PnL of closing {line.contract}"
    yield derived(f"{at}.coin", line.coin, text, terms=terms if closes else [], title=title, unit=unit)
    price, coin = index_of(unit, facts), Term("c", line.coin, unit, "PnL", f"{at}.coin")
    yield derived(f"{at}.usd", line.usd, "c · S", terms=[coin, price], title=f"{title}, in dollars", unit="USD")
    note = "of the order, and what was paid on what it closes since it was opened, by the journal"
    yield untold(f"{at}.fees_coin", line.fees_coin, title=f"fees of {line.contract}", unit=unit, note=note)
    note = "received since it was opened, by the journal"
    yield untold(f"{at}.funding_coin", line.funding_coin, title=f"funding of {line.contract}", unit=unit, note=note)
    terms = [
        coin,
        Term("f", line.fees_coin, unit, "fees", f"{at}.fees_coin"),
        Term("u", line.funding_coin, unit, "funding", f"{at}.funding_coin"),
        price,
    ]
    yield derived(f"{at}.net_usd", line.net_usd, "(c − f + u) · S", terms=terms, title=f"{title}, in all", unit="USD")


def hedges(facts: Facts) -> Iterator[Derivation]:
    """What is asked for."""
    for each in facts.plan.hedges:
        title = f"hedge of {each.asset}"
        yield untold(f"hedges.{each.asset}.fraction", each.fraction, title=title, unit="", note=ASKED)
