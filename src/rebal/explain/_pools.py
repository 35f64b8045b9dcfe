"""Pooled accounts: what its coins count, what its positions ask of it, and where on a path the two meet."""

from collections.abc import Iterator, Sequence

from rebal.account_lines import ALL, AccountLine, LevelLine, path_words
from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.explain._facts import Facts, derived, index_of, summed, untold
from rebal.explain._margins import position_terms, value_formula
from rebal.formula import renamed
from rebal.frozen import frozen
from rebal.market.maintenance import SizeRate, Tiers
from rebal.market.piecewise import piece_at
from rebal.market.pooled import (
    ClosingFee,
    Counted,
    Levered,
    Part,
    Pool,
    Printed,
    Rules,
    closing_fee,
    requirement_pieces,
    settle,
)
from rebal.market.pooled_stretches import Stretch, stands_still, stretches
from rebal.names import within
from rebal.planner.pooled import Level, levels_of, moving, pool_of
from rebal.reports.explanation import Derivation, Term

_WHOLE = "every coin with its PnL at its collateral ratio, part by part; what is below zero in full"
_GROWS = "at this venue a rate grows with the size of the position"
_ALONG = "where credit no longer covers maintenance as the prices move along the path"
_MEETS = f"{_ALONG}: credit less maintenance is h + g · factor there, of each coin, and is nothing"
_PRINTED = Fraction(1, 10**4)


@frozen
class _Judged:
    """A pooled account as the plan leaves it, and its row. ``at``: how its figures begin."""

    line: AccountLine
    at: str
    pool: Pool
    facts: Facts

    def balance(self, part: Part) -> Term:
        """A coin with its PnL."""
        asset = part.coin.asset
        wallet = within(self.facts.portfolio.at(self.line.account), asset)
        found = f"wallets.{wallet}.margin_balance"
        return Term(f"b_{asset}", part.equity, asset, f"{asset} with PnL", found)

    def price(self, asset: str) -> Term:
        """A coin's price."""
        return index_of(asset, self.facts, f"S_{asset}")

    def indices(self) -> list[tuple[str, Levered]]:
        """The positions with their index, which is none where there is one."""
        many = len(self.pool.positions) > 1
        return [(str(n) if many else "", each) for n, each in enumerate(self.pool.positions, start=1)]


def pooled(line: AccountLine, at: str, facts: Facts) -> Iterator[Derivation]:
    """What a pooled account counts and is asked for, its rates, and its levels."""
    account = next(each for each in facts.portfolio.pools if each.name == line.account)
    judged = _Judged(line, at, pool_of(account, facts.after, facts.portfolio), facts)
    yield _credit(judged)
    yield _value(judged)
    yield _initial(judged)
    yield _maintenance(judged)
    yield _printed(judged)
    yield from _debts(judged)
    exact = {each.path: each for each in levels_of(judged.pool, facts.portfolio)}
    for level in line.levels:
        yield from _level(level, exact.get(level.path), judged)


def _credit(judged: _Judged) -> Derivation:
    texts: list[str] = []
    terms: list[Term] = []
    for part in judged.pool.parts.values():
        if part.equity < 0:
            texts.append(f"b_{part.coin.asset} · S_{part.coin.asset}")
        elif part.equity and part.coin.collateral.slices:
            text, ratios = _counted(part, judged)
            texts.append(text)
            terms += ratios
        else:
            continue
        terms += [judged.balance(part), judged.price(part.coin.asset)]
    title = f"dollars that the coins of {judged.line.account} count"
    return derived(f"{judged.at}.credit", judged.line.credit, summed(texts), terms=terms, title=title, unit="USD",
                   source=_WHOLE)  # fmt: skip


def _counted(part: Part, judged: _Judged) -> tuple[str, list[Term]]:
    """What a coin counts, part by part of its slices as far as it reaches."""
    coin, in_coins = part.coin, part.coin.collateral.counted is Counted.COINS
    asset, slices = coin.asset, coin.collateral.slices
    amount = part.equity if in_coins else part.equity * coin.price
    held, unit = (f"b_{asset}", asset) if in_coins else (f"b_{asset} · S_{asset}", "USD")
    used = 1 + sum(1 for each in slices[:-1] if each.up_to is not None and each.up_to < amount)
    key, texts, terms, floor = f"accounts.{judged.line.account}.collateral.{asset}", [], list[Term](), ""
    for n, each in enumerate(slices[:used], start=1):
        index = str(n) if used > 1 else ""
        reached = each.up_to is not None and each.up_to < amount
        top = f"u{index}_{asset}" if reached else held
        texts.append(f"r{index}_{asset} · " + (f"({top} − {floor})" if floor else top))
        terms.append(Term(f"r{index}_{asset}", each.ratio, "", f"share of {asset} that counts", key))
        if reached and each.up_to is not None:
            terms.append(Term(top, each.up_to, unit, "where that part of it ends", key))
        floor = top
    text = summed(texts)
    return f"({text}) · S_{asset}" if in_coins and used > 1 else f"{text} · S_{asset}" if in_coins else text, terms


def _value(judged: _Judged) -> Derivation:
    texts, terms = [], list[Term]()
    for n, each in judged.indices():
        texts.append(f"{_at(each, n, 'P')} · S_{settle(each)}")
        terms += [*position_terms(each.held, n), judged.price(settle(each))]
    title = f"value of the positions of {judged.line.account} at their marks, in dollars"
    figure = f"{judged.at}.position_value"
    return derived(figure, judged.line.position_value, summed(texts), terms=terms, title=title, unit="USD")


def _at(position: Levered, n: str, price: str) -> str:
    """Position value at its mark ``P`` or its entry ``e``, in its coin."""
    return renamed(value_formula(position.held), {"n": f"n{n}", "V": f"V{n}", "P": f"{price}{n}"})


def _initial(judged: _Judged) -> Derivation:
    figure, title = f"{judged.at}.initial_margin", f"initial margin of {judged.line.account}, in dollars"
    rules = judged.pool.rules
    if any(isinstance(each.held.contract.maintenance, SizeRate) for each in judged.pool.positions):
        return untold(figure, judged.line.initial_margin, title=title, unit="USD", note=_GROWS)
    texts, terms = [], list[Term]()
    for n, each in judged.indices():
        text = f"{_at(each, n, 'P')} / l{n}"
        lever = min(each.leverage, each.held.most_leverage)
        terms += [*position_terms(each.held, n), judged.price(settle(each))]
        terms.append(Term(f"l{n}", lever, "", "leverage set, within the venue's cap", "policy.leverage"))
        if rules.fee_in_initial:
            fee, fees = _fee(each, n, rules.fee)
            text, terms = f"{text}{fee}", [*terms, *fees]
        texts.append(f"({text}) · S_{settle(each)}")
    owed, debts = _on_debt(judged, rules.initial_on_debt)
    return derived(figure, judged.line.initial_margin, summed([*texts, *owed]), terms=[*terms, *debts], title=title,
                   unit="USD")  # fmt: skip


def _fee(position: Levered, n: str, fee: ClosingFee) -> tuple[str, list[Term]]:
    """The fee of closing that a venue counts, as it is added to a margin."""
    contract = position.held.contract
    taker = Term(f"t{n}", contract.taker_fee, "", "taker fee of closing", f"contracts.{contract.name}.taker_fee")
    if fee is ClosingFee.VALUE or (fee is ClosingFee.SCHEDULE and _counts_fee(position)):
        return f" + {_at(position, n, 'P')} · t{n}", [taker]
    if fee is ClosingFee.SCHEDULE:
        return "", []
    inverse, long = contract.kind.value == "inverse", position.held.contracts > 0
    lever = Term(f"L{n}", position.leverage, "", "leverage set", "policy.leverage")
    share = f"max(0, 1 {'+' if inverse is long else '−'} 1 / L{n})"
    return f" + {_at(position, n, 'e')} · {share} · t{n}", [taker, lever]


def _counts_fee(position: Levered) -> bool:
    schedule = position.held.contract.maintenance
    return isinstance(schedule, Tiers) and schedule.close_fee


def _maintenance(judged: _Judged) -> Derivation:
    figure, title = f"{judged.at}.maintenance_margin", f"maintenance margin of {judged.line.account}, in dollars"
    rules, texts, terms = judged.pool.rules, list[str](), list[Term]()
    for n, each in judged.indices():
        text, asked = required(each, n, judged.pool.rules)
        texts.append(f"({text}) · S_{settle(each)}")
        terms += [*position_terms(each.held, n), judged.price(settle(each)), *asked]
    owed, debts = _on_debt(judged, rules.maintenance_on_debt)
    return derived(figure, judged.line.maintenance_margin, summed([*texts, *owed]), terms=[*terms, *debts],
                   title=title, unit="USD")  # fmt: skip


def required(position: Levered, n: str, rules: Rules) -> tuple[str, list[Term]]:
    """Maintenance of one position in its coin, by the tier that holds at its mark, and the fee of closing."""
    held = position.held
    piece = piece_at(requirement_pieces(position, rules), ONE)
    fee, terms = ("", []) if rules.fee is ClosingFee.SCHEDULE else _fee(position, n, rules.fee)
    fixed, moves = (ZERO, ZERO) if rules.fee is ClosingFee.SCHEDULE else closing_fee(position, rules)
    found, name = f"contracts.{held.contract.name}.maintenance", held.contract.name
    value, rate = held.position_value, (piece.linear - moves) / held.position_value
    words = "maintenance rate of the tier that holds there"
    text, terms = f"{_at(position, n, 'P')} · k{n}{fee}", [Term(f"k{n}", rate, "", words, found), *terms]
    if piece.quadratic:
        text += f" + {_at(position, n, 'P')} · {_at(position, n, 'P')} · a{n}"
        terms.append(Term(f"a{n}", piece.quadratic / (value * value), "", "by which the rate grows with a coin", found))
    rest = piece.constant - fixed
    if rest:
        said = "maintenance at the entry price" if rest > 0 else "deduction of the tier"
        text += f" {'+' if rest > 0 else '−'} c{n}"
        terms.append(Term(f"c{n}", abs(rest), settle(position), said, f"contracts.{name}"))
    return text, terms


def _on_debt(judged: _Judged, rate: Fraction) -> tuple[list[str], list[Term]]:
    owing = [part for part in judged.pool.parts.values() if part.debt and rate]
    texts = [f"|b_{part.coin.asset}| · S_{part.coin.asset} · d" for part in owing]
    terms = [term for part in owing for term in (judged.balance(part), judged.price(part.coin.asset))]
    given = f"accounts.{judged.line.account}.borrowing"
    return texts, [*terms, Term("d", rate, "", "margin rate on what is borrowed", given)] if owing else []


def _printed(judged: _Judged) -> Derivation:
    line, figure = judged.line, f"{judged.at}.printed_rate"
    title = f"the rate of {line.account} as its exchange prints it, to be compared with what it shows"
    if line.printed_rate is None:
        return untold(figure, None, title=title, unit="", note="there is nothing to divide by")
    terms = [
        Term("m", line.maintenance_margin or ZERO, "USD", "maintenance margin", f"{judged.at}.maintenance_margin"),
        Term("c", line.credit or ZERO, "USD", "credit", f"{judged.at}.credit"),
    ]
    if judged.pool.rules.printed is Printed.MULTIPLE:
        return derived(figure, line.printed_rate, "c / m", terms=terms, title=title, unit="")
    terms.append(Term("step", _PRINTED, "", "cut, not rounded, to whole steps of this", None))
    return derived(figure, line.printed_rate, "down(m / c, step)", terms=terms, title=title, unit="")


def _debts(judged: _Judged) -> Iterator[Derivation]:
    for coin, owed in judged.line.debts.items():
        part = judged.pool.parts.get(coin)
        figure, title = f"{judged.at}.debts.{coin}", f"{coin} borrowed at {judged.line.account}"
        terms = [] if part is None else [judged.balance(part)]
        yield derived(figure, owed, f"|b_{coin}|", terms=terms, title=title, unit=coin)


def _level(told: LevelLine, found: Level | None, judged: _Judged) -> Iterator[Derivation]:
    """Both levels on a path; ``found``: as they are walked to again, in full."""
    below, above = (None, None) if found is None else (found.below, found.above)
    for way, figure_of, factor in (("below", told.below, below), ("above", told.above, above)):
        figure = f"{judged.at}.levels.{told.path}.{way}"
        title = (
            f"factor {way} today's prices at which {judged.line.account} is liquidated, along {path_words(told.path)}"
        )
        if figure_of is None or factor is None or factor == ONE:
            note = "never along this path" if figure_of is None else "it is due at today's prices"
            yield untold(figure, figure_of, title=title, unit="", note=note)
        else:
            yield _Meeting(judged, told.path, told.of, factor).told(figure, figure_of, title)


@frozen
class _Meeting:
    """Where, on the path of a leading coin, straight lines of what each coin has to spare add up to nothing."""

    judged: _Judged
    path: str
    of: str | None
    factor: Fraction

    def told(self, figure: str, value: Fraction, title: str) -> Derivation:
        """The factor, of the lines that hold where it lies; why not, where there are none."""
        parts, way = self.judged.pool.parts, ONE if self.factor > ONE else -ONE
        here = self._stretches({coin: step * way for coin, step in self._steps().items()})
        if any(each.poles or each.square for each in here.values()):
            return untold(figure, value, title=title, unit="", note=f"{_ALONG}; {_GROWS}")
        still = total(part.spare for asset, part in parts.items() if asset not in here)
        terms = [Term("H", still, "USD", "credit less maintenance of the coins that stand still", None)]
        for asset, each in here.items():
            goes = each.slope * way
            terms.append(Term(f"g_{asset}", goes, "USD", f"of {asset}, what goes with the factor", None))
            terms.append(Term(f"h_{asset}", each.constant - goes, "USD", f"of {asset}, what stands still", None))
        goes, stands = total(each.slope for each in here.values()), total(each.constant for each in here.values())
        if not goes or -(still + stands) / goes != abs(self.factor - ONE):
            note = f"{_ALONG}: a dearer tier begins there, or counts less, and more is asked than there is"
            return untold(figure, value, title=title, unit="", note=note)
        text = f"−(H + {summed(f'h_{asset}' for asset in here)}) / ({summed(f'g_{asset}' for asset in here)})"
        return derived(figure, value, text, terms=terms, title=title, unit="", source=_MEETS)

    def _stretches(self, steps: dict[str, Fraction]) -> dict[str, Stretch]:
        """Of each coin that moves the stretch in which the level lies."""
        last, t = min((-1 / step for step in steps.values() if step < 0), default=None), abs(self.factor - ONE)
        moving_ = ((a, part) for a, part in self.judged.pool.parts.items() if not stands_still(part, steps))
        return {asset: _holding(stretches(part, steps, last), t) for asset, part in moving_}

    def _steps(self) -> dict[str, Fraction]:
        """How far each price moves while the leading one moves by its whole."""
        portfolio = self.judged.facts.portfolio
        coins = moving(self.judged.pool, portfolio)
        if self.path == ALL:
            return dict.fromkeys(coins, ONE)
        if self.path == self.of:
            return {self.path: ONE}
        shocks = portfolio.scenarios[self.path]
        return {coin: shocks[coin] / shocks[self.of or ""] for coin in coins if shocks.get(coin)}


def _holding(found: Sequence[Stretch], t: Fraction) -> Stretch:
    """The stretch that ends at a share of the path, or holds it."""
    return next(each for each in found if each.end is None or t <= each.end)
