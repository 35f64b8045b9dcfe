"""What the checks look at: an outcome with the rows that show it, before its findings."""

from collections.abc import Callable, Iterable

from rebal.account_lines import AccountLine
from rebal.amounts import Fraction
from rebal.book import Position
from rebal.findings import Finding
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import Contract
from rebal.market.margin import Held
from rebal.names import within
from rebal.plan import AssetLine, Order, PositionLine, Transfer, Wallet
from rebal.planner.account_lines import account_lines, pooled_wallets
from rebal.planner.collateral import Shortage
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.exposure import held_position, value
from rebal.planner.lines import asset_lines, position_lines, wallet_lines
from rebal.planner.rebalance import Decided
from rebal.planner.sizing import Residual
from rebal.planner.step import Outcome


@frozen
class Review(Worked):
    """What the checks look at: what was decided, what it came to, and the rows that show it.

    ``planned``: whether it is a plan, not a state.
    """

    desk: Desk
    decided: Decided
    done: Outcome
    assets: tuple[AssetLine, ...] = ()
    wallets: tuple[Wallet, ...] = ()
    positions: tuple[PositionLine, ...] = ()
    planned: bool = True
    accounts: tuple[AccountLine, ...] = ()
    accounts_before: tuple[AccountLine, ...] = ()

    @property
    def residuals(self) -> tuple[Residual, ...]:
        """What each leg leaves undone."""
        return self.decided.residuals

    @property
    def beyond_policy(self) -> frozenset[str]:
        """The assets whose weight is off by more than the policy's own band."""
        return self.decided.beyond_policy

    @property
    def orders(self) -> tuple[Order, ...]:
        """Orders as they are placed."""
        return self.done.orders

    @property
    def shortages(self) -> tuple[Shortage, ...]:
        """Coins that no transfer could bring."""
        return self.done.shortages

    @once
    def traded_in(self) -> dict[str, tuple[list[Order], list[Transfer]]]:
        """The orders and transfers of each pot (see ``Desk.pot``), none of them looked for in all of a large book."""
        pots: dict[str, tuple[list[Order], list[Transfer]]] = {}
        for order in self.done.orders:
            pots.setdefault(self.desk.pot(self.contract(order.contract)), ([], []))[0].append(order)
        linked = self.desk.portfolio.is_linked
        for transfer in self.done.transfers:
            pots.setdefault("" if linked else transfer.asset, ([], []))[1].append(transfer)
        return pots

    @once
    def positions_after(self) -> tuple[Position, ...]:
        """The positions of the book as it is left, by contract."""
        return self.done.book.listed

    @once
    def held_after(self) -> tuple[Held, ...]:
        """The same as margin sees them, those of which nothing is left aside."""
        market = self.desk.portfolio.market
        return tuple(held_position(each, market) for each in self.positions_after if each.contracts)

    @once
    def only_lowers_risk(self) -> bool:
        """Whether every order shrinks its net, and no wallet is left with more leverage or less distance than it has.

        Said of plans alone; one that moves coins in and trades nothing is one of them.
        """
        if not self.planned or not all(order.reduce_only for order in self.orders):
            return False
        return not any(_is_riskier(wallet) for wallet in self.wallets) and not any(
            _is_worse(after, before) for after, before in zip(self.accounts, self.accounts_before, strict=True)
        )

    def name_of(self, wallet: Wallet) -> str:
        """What a wallet's row is called: the contract of an isolated position, else the wallet."""
        return wallet.contract or within(self.desk.portfolio.at(wallet.account), wallet.currency)

    @property
    def when(self) -> str:
        """The words after a figure of the book as it is left."""
        return " after the plan" if self.planned else ""

    def contract(self, name: str) -> Contract:
        """A contract of the portfolio by name."""
        return self.desk.portfolio.contracts[name]

    @once
    def contracts_in_play(self) -> tuple[Contract, ...]:
        """Contracts that are ordered or open after the plan, by name."""
        open_after = (position.contract.name for position in self.positions_after)
        contracts = self.desk.portfolio.contracts
        return tuple([contracts[name] for name in sorted({*open_after, *(order.contract for order in self.orders)})])


def _is_riskier(wallet: Wallet) -> bool:
    """Whether a wallet with positions is left nearer to its end, or more levered, than it was."""
    if not wallet.position_value:
        return False
    then = wallet.before
    if wallet.leverage is None or then.leverage is None:
        return then.leverage is not None
    nearer = _nearer(wallet.distance_below, then.distance_below) or _nearer(wallet.distance_above, then.distance_above)
    return nearer or wallet.leverage > then.leverage


def _is_worse(after: AccountLine, before: AccountLine) -> bool:
    """Whether a pooled account is left with more of its credit required, or nearer to its end."""
    if not after.maintenance_margin or before.margin_ratio is None:
        return False
    if after.margin_ratio is None or after.margin_ratio > before.margin_ratio:
        return True
    return _nearer(_distance(after), _distance(before))


def _distance(line: AccountLine) -> Fraction | None:
    return None if line.nearest is None else line.nearest.distance


def _nearer(distance: Fraction | None, before: Fraction | None) -> bool:
    return distance is not None and (before is None or distance < before)


def reviewed(desk: Desk, decided: Decided, done: Outcome, *, planned: bool = True) -> Review:
    """Make the rows of an outcome."""
    portfolio, before, after = desk.portfolio, desk.book, done.book
    then = desk.valued, cover(portfolio, before)
    now = (value(portfolio, after), cover(portfolio, after)) if done.orders else then
    stood = account_lines(before, portfolio, equity=then[0].equity)
    stands = stood if after is before else account_lines(after, portfolio, equity=now[0].equity)
    return Review(
        desk,
        decided,
        done,
        asset_lines(portfolio, then, after=now, outside=decided.outside.__contains__, aims=decided.aims),
        _by_name(
            *wallet_lines(done.before, done.after, books=(before, after), portfolio=portfolio),
            *pooled_wallets(before, after, portfolio),
        ),
        position_lines(before, after, portfolio=portfolio, wallets=done.after),
        planned=planned,
        accounts=stands,
        accounts_before=stood,
    )


def _by_name(*wallets: Wallet) -> tuple[Wallet, ...]:
    return tuple(sorted(wallets, key=lambda each: (each.account or "", each.currency, each.contract or "")))


Check = Callable[[Review], Iterable[Finding]]
