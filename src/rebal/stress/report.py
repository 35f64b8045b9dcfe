"""The book under shocks: hedged, unhedged and as if rebalanced in spot, and which wallet is liquidated first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rebal.account_lines import AccountLine
from rebal.amounts import ZERO, Fraction, plain
from rebal.book import Book
from rebal.errors import UsageProblem
from rebal.findings import Code, Figure, Finding, coins, exact_percent, info, rank, usd, warning
from rebal.frozen import frozen
from rebal.market.path import Moves
from rebal.plan import Inputs, Wallet
from rebal.planner import worth
from rebal.planner.checks import findings
from rebal.planner.collateral import accounts
from rebal.planner.desk import Desk
from rebal.planner.exposure import assets_of
from rebal.planner.payoff import SHOCKS, holdings
from rebal.planner.rebalance import Decided, rebalance
from rebal.planner.review import Check, reviewed
from rebal.planner.sizing import LeftOut
from rebal.planner.step import standing, step
from rebal.planner.worth import NOTHING, Payoff, added, less
from rebal.portfolio import Portfolio
from rebal.reports.stress import STRESS_SCHEMA, Difference, ScenarioLine, Stress, WalletLine
from rebal.stress.wallets import Backed, Strain, backed, mildest, survival_lines
from rebal.stress.wallets import wallet_lines as wallets_under


@frozen
class Scenario:
    """Prices to come, as fractions above -1: ``shocks`` by asset, and ``everywhere`` of every coin that they leave out.

    Without it those stay where they are.
    """

    name: str
    shocks: Mapping[str, Fraction]
    everywhere: Fraction | None = None


def everywhere(shock: Fraction) -> Scenario:
    """The scenario in which every coin moves alike."""
    return Scenario(f"{'+' if shock > 0 else ''}{plain(shock * 100)}%", {}, shock)


def scenarios_of(portfolio: Portfolio, extra: Iterable[Scenario] = ()) -> tuple[Scenario, ...]:
    """The ladder and the extra shocks of all coins, ascending, then other extras, then those that the file names."""
    asked = tuple(extra)
    alike = {*SHOCKS, *(each.everywhere for each in asked if each.everywhere is not None and not each.shocks)}
    named = (Scenario(name, shocks) for name, shocks in sorted(portfolio.scenarios.items()))
    return (*map(everywhere, sorted(alike)), *(each for each in asked if each.shocks), *named)


def build_stress(
    portfolio: Portfolio,
    book: Book,
    *,
    inputs: Inputs,
    scenarios: Sequence[Scenario] | None = None,
    strain: Strain | None = None,
    planned: bool = False,
    extra: Iterable[Check] = (),
) -> Stress:
    """Put a book under scenarios, those of ``scenarios_of`` unless others are given.

    The book is taken as it stands, or, ``planned``, as the plan of a rebalance would leave it. ``extra``: checks of
    what only the caller knows. Raises UsageProblem where a basis is widened so far that no price is left.
    """
    desk = Desk.of(portfolio, book, now=inputs.now)
    strain = strain or Strain()
    asked = scenarios_of(portfolio) if scenarios is None else scenarios
    stood = _stood(desk, extra, planned=planned)
    told, wallets = _told(asked, stood, desk, strain)
    return Stress(
        schema=STRESS_SCHEMA,
        scenarios=told,
        command="stress",
        name=portfolio.name,
        venue=portfolio.venue,
        as_of=portfolio.as_of,
        currency="USD",
        planned=planned,
        basis_widening=strain.widening,
        funding_times=strain.funding_times,
        funding_days=strain.days,
        equity=desk.valued.equity,
        inputs=inputs,
        survival=survival_lines(wallets, told, book=stood.book, portfolio=portfolio),
        wallets=stood.wallets,
        accounts=stood.accounts,
        findings=_found(asked, wallets, told=told, stood=stood, portfolio=portfolio, strain=strain),
    )


def _found(
    asked: Sequence[Scenario],
    wallets: Sequence[Backed],
    *,
    told: Sequence[ScenarioLine],
    stood: "_Stood",
    portfolio: Portfolio,
    strain: Strain,
) -> tuple[Finding, ...]:
    of_stress = (*_no_offset(wallets, told, portfolio), *_not_moved(asked, portfolio))
    return _ranked((*of_stress, *_without_funding(stood.book, portfolio, strain), *stood.findings))


def _without_funding(book: Book, portfolio: Portfolio, strain: Strain) -> Iterator[Finding]:
    """Perpetuals whose funding is asked about and not known: it is left out of every figure, so it is said."""
    for name, position in sorted(book.positions.items()):
        perpetual = position.contract.expiry is None and bool(position.contracts)
        if strain.days and perpetual and portfolio.market.funding_rate(position.contract) is None:
            message = "no funding rate is known, so no figure here counts its funding; add it under market.funding"
            yield warning(Code.FUNDING_UNKNOWN, name, message)


@frozen
class _Stood:
    """The book that is put under stress; ``fees`` and ``undone``: what the plan that made it paid, and left undone."""

    book: Book
    wallets: tuple[Wallet, ...]
    findings: tuple[Finding, ...]
    accounts: tuple[AccountLine, ...]
    fees: Payoff = NOTHING
    undone: Payoff = NOTHING


@frozen
class _Payoffs:
    """The three books, before any wallet is liquidated, and what the second differs from the third by."""

    unhedged: Payoff
    hedged: Payoff
    in_spot: Payoff
    basis: Payoff
    widening: Payoff
    proxies: Payoff
    residuals: Payoff
    fees: Payoff
    funding: Payoff


def _told(
    asked: Iterable[Scenario], stood: _Stood, desk: Desk, strain: Strain
) -> tuple[tuple[ScenarioLine, ...], tuple[Backed, ...]]:
    portfolio, book = desk.portfolio, stood.book
    _refuse_marks_below_zero(book, strain, portfolio)
    listed = accounts(book, book, (), portfolio=portfolio)
    wallets = backed(listed, book, strain=strain, portfolio=portfolio)
    lines = _payoffs(stood, desk.book, wallets, strain=strain, portfolio=portfolio)
    moved = _coins(book, portfolio)
    return tuple(_scenario(each, moved, lines=lines, wallets=wallets, portfolio=portfolio) for each in asked), wallets


def _stood(desk: Desk, extra: Iterable[Check], *, planned: bool) -> _Stood:
    decided = rebalance(desk) if planned else Decided((), ())
    done = step(desk.portfolio, desk.book, decided.orders) if planned else standing(desk.portfolio, desk.book)
    review = reviewed(desk, decided, done, planned=planned)
    return _Stood(
        done.book,
        review.wallets,
        findings(review, extra),
        review.accounts,
        fees=added(worth.coins(order.fee_currency, order.fee, desk.portfolio) for order in done.orders),
        undone=added(
            Payoff(ZERO, {each.asset: each.undone})
            for each in decided.residuals
            if each.left_out is not LeftOut.UNCOVERED
        ),
    )


def _refuse_marks_below_zero(book: Book, strain: Strain, portfolio: Portfolio) -> None:
    for name, position in sorted(book.positions.items()):
        if worth.widened(position.contract, portfolio, strain.widening) <= 0:
            wider = exact_percent(strain.widening)
            raise UsageProblem(f"a basis of {name} wider by {wider} leaves it no price above 0; widen it by less")


def _payoffs(
    stood: _Stood, before: Book, wallets: Iterable[Backed], *, strain: Strain, portfolio: Portfolio
) -> _Payoffs:
    open_now, were_open = stood.book.listed, before.listed
    parts = [(part, each.contract, portfolio) for each in open_now for part in each.parts]
    unhedged = added([*holdings(before, portfolio), *(worth.closed(each, portfolio) for each in were_open)])
    kept = added(worth.held(each, portfolio, widening=strain.widening) for each in open_now)
    funding = added(each.paid for each in wallets)
    return _Payoffs(
        unhedged=unhedged,
        hedged=less(added([*holdings(stood.book, portfolio), kept]), funding),
        in_spot=added([unhedged, stood.undone, *(worth.in_spot(*part) for part in parts)]),
        basis=added(worth.by_basis(*part) for part in parts),
        widening=less(kept, *(worth.held(each, portfolio) for each in open_now)),
        proxies=added(worth.by_proxy(*part) for part in parts),
        residuals=less(NOTHING, stood.undone),
        fees=less(NOTHING, stood.fees),
        funding=less(NOTHING, funding),
    )


def _coins(book: Book, portfolio: Portfolio) -> tuple[str, ...]:
    """Every coin whose price the book, or a wallet of it, moves with."""
    traded = (coin for each in book.positions.values() for coin in (each.contract.asset, each.contract.settle))
    return tuple(sorted({*assets_of(portfolio, book), *traded} - portfolio.cash))


def _scenario(
    scenario: Scenario, moved: Iterable[str], *, lines: _Payoffs, wallets: Sequence[Backed], portfolio: Portfolio
) -> ScenarioLine:
    moves = Moves(_shocks(scenario, moved, portfolio))
    rows = wallets_under(wallets, moves)
    lost = -sum((each.worth.under(moves) for each, row in zip(wallets, rows, strict=True) if row.liquidated), ZERO)
    hedged, in_spot = lines.hedged.under(moves) + lost, lines.in_spot.under(moves)
    return ScenarioLine(
        name=scenario.name,
        shocks=moves.shocks,
        equity_unhedged=lines.unhedged.under(moves),
        equity_hedged=hedged,
        equity_rebalanced_in_spot=in_spot,
        wallets=rows,
        everywhere=None if scenario.shocks else scenario.everywhere,
        first_liquidated=next((each.name for each, row in zip(wallets, rows, strict=True) if row.order == 1), None),
        difference=hedged - in_spot,
        made_of=Difference(
            basis_usd=lines.basis.under(moves),
            widening_usd=lines.widening.under(moves),
            proxies_usd=lines.proxies.under(moves),
            residuals_usd=lines.residuals.under(moves),
            fees_usd=lines.fees.under(moves),
            funding_usd=lines.funding.under(moves),
            liquidations_usd=lost,
        ),
    )


def _shocks(scenario: Scenario, moved: Iterable[str], portfolio: Portfolio) -> dict[str, Fraction]:
    rest = scenario.everywhere or ZERO
    named = {asset: shock for asset, shock in scenario.shocks.items() if asset not in portfolio.cash}
    return dict(sorted({**dict.fromkeys(moved, rest), **named}.items()))


def _no_offset(wallets: Sequence[Backed], told: Sequence[ScenarioLine], portfolio: Portfolio) -> Iterator[Finding]:
    """Wallets that are liquidated while others have what they lack."""
    for n, wallet in enumerate(wallets):
        fatal = mildest(told, n)
        if fatal is None:
            continue
        missing = fatal.wallets[n].top_up * _price(wallet.currency, fatal, portfolio)
        spare = sum((_spare(row, fatal, portfolio) for row in fatal.wallets if row is not fatal.wallets[n]), ZERO)
        if spare >= missing:
            lacking = coins(fatal.wallets[n].top_up, wallet.currency)
            message = (
                f"is liquidated at {fatal.name} for want of {lacking} ({usd(missing)}), while the other wallets have "
                f"{usd(spare)} of margin to spare: wallets do not help each other"
            )
            data: dict[str, Figure] = {
                "scenario": fatal.name,
                "missing_coins": fatal.wallets[n].top_up,
                "missing_usd": missing,
                "spare_usd": spare,
            }
            yield warning(Code.CROSS_MARGIN_OFFSET, wallet.name, message, **data)


def _spare(row: WalletLine, told: ScenarioLine, portfolio: Portfolio) -> Fraction:
    """USD of margin balance above maintenance in a wallet that comes through."""
    if row.liquidated:
        return ZERO
    return max(ZERO, row.margin_balance - row.maintenance_margin) * _price(row.currency, told, portfolio)


def _price(currency: str, told: ScenarioLine, portfolio: Portfolio) -> Fraction:
    return portfolio.price(currency) * (1 + told.shocks.get(currency, ZERO))


def _not_moved(asked: Iterable[Scenario], portfolio: Portfolio) -> Iterator[Finding]:
    for scenario in asked:
        for asset in sorted(scenario.shocks.keys() & portfolio.cash):
            message = f"counts as dollars, so {scenario.name} does not move it; take it out of cash to have it moved"
            yield info(Code.DOLLARS_AT_ISSUER, asset, message, scenario=scenario.name)


def _ranked(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(dict.fromkeys(found), key=rank))
