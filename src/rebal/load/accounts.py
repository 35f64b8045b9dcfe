"""The accounts of a file: where each is, how it is margined, and what counts there as collateral."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rebal.amounts import ONE, Fraction
from rebal.book import MarginMode
from rebal.load import models, withdrawal_block
from rebal.load.defaults import MARGIN_MODE, WITHDRAWAL
from rebal.load.listed import Shelf
from rebal.load.reading import Account, Reading
from rebal.load.written import Written
from rebal.market.pooled import Collateral, Counted, Rules, Slice
from rebal.names import within
from rebal.portfolio import Account as Resolved
from rebal.portfolio import Pooling
from rebal.times import Duration
from rebal.withdrawal import Withdrawal

if TYPE_CHECKING:
    from rebal.venues import Venue


def accounts_of(file: Written[Any], shelf: Shelf) -> tuple[Account, ...]:
    """The accounts of a file, each with its venue; the only one has no name of its own there."""
    says: models.Portfolio = file.says
    if says.accounts is None:
        if file.has("accounts"):
            return ()
        venue, known = _venue(says.venue, shelf, written=file.has("venue"))
        return (Account("", (), says, venue=venue, known=known, elsewhere=shelf.lists),)
    alone = len(says.accounts) == 1
    listed = []
    for name, account in says.accounts.items():
        venue, known = _venue(account.venue, shelf, written=True)
        at = ("accounts", name)
        listed.append(Account("" if alone else name, at, account, venue=venue, known=known, elsewhere=shelf.lists))
    return tuple(listed)


def margin_mode(account: Account, policy: models.Policy | None) -> MarginMode:
    """How an account is margined: as it says, else as the policy does, else as a new one there is.

    A file of one venue in short is of a wallet a coin unless its policy says otherwise, as it ever was.
    """
    said = policy and policy.margin_mode
    if isinstance(account.says, models.Portfolio):
        return said or MARGIN_MODE
    pooling = None if account.venue is None else account.venue.pooling
    by_venue = MarginMode.POOLED if pooling is not None and pooling.new_account else MARGIN_MODE
    return account.says.margin or said or by_venue


def resolved(reading: Reading) -> tuple[Resolved, ...]:
    """The accounts as the planner takes them; none for a file of one venue in short that pools nothing."""
    return tuple(_resolved(account, reading) for account in reading.accounts if _tells(account, reading))


def wallets_of(reading: Reading) -> dict[str, Fraction]:
    """Coins in the accounts, by wallet."""
    return {
        within(account.name, asset): balance
        for account in reading.accounts
        for asset, balance in account.says.wallets.items()
    }


def _tells(account: Account, reading: Reading) -> bool:
    in_full = isinstance(account.says, models.Account)
    return in_full or margin_mode(account, reading.says.policy) is MarginMode.POOLED


def _resolved(account: Account, reading: Reading) -> Resolved:
    says, mode = account.says, margin_mode(account, reading.says.policy)
    full = says if isinstance(says, models.Account) else None
    at_most, said = (full.at_most, full.withdrawal) if full is not None else (None, None)
    withdrawal, by_coin = (said, {}) if isinstance(said, Duration) else (None, said or {})
    return Resolved(
        name=str(account.path[-1]) if account.path else says.venue,
        venue=says.venue,
        margin_mode=mode,
        at_most=ONE if at_most is None else at_most,
        pooling=_pooling(account) if mode is MarginMode.POOLED else None,
        in_short=not account.path,
        withdrawal=WITHDRAWAL if withdrawal is None else withdrawal.after(reading.now) - reading.now,
        withdrawal_assumed=withdrawal is None,
        withdrawals={coin: _withdrawal(each, reading) for coin, each in by_coin.items()},
    )


def _withdrawal(says: withdrawal_block.Withdrawal, reading: Reading) -> Withdrawal:
    takes = None if says.takes is None else says.takes.after(reading.now) - reading.now
    return Withdrawal(says.fee, says.least, takes)


def _pooling(account: Account) -> Pooling:
    assert account.venue is not None
    assert account.venue.pooling is not None
    at, says = account.venue.pooling, account.says if isinstance(account.says, models.Account) else None
    known = {coin: each.collateral for coin, each in at.counting.items() if coin != "*"}
    assumed = {coin for coin, each in at.counting.items() if each.status in ("assumed", "second-hand")} - {"*"}
    given = {coin: _collateral(counts) for coin, counts in says.collateral.items()} if says is not None else {}
    borrowing = says.borrowing if says is not None else None
    initial, maintenance = (borrowing.initial, borrowing.maintenance) if borrowing else (None, None)
    rules = at.rules
    return Pooling(
        mode=at.mode,
        rules=Rules(
            rules.level,
            rules.fee,
            rules.fee_in_initial,
            rules.initial_on_debt if initial is None else initial,
            rules.maintenance_on_debt if maintenance is None else maintenance,
            rules.printed,
        ),
        collateral={**known, **given},
        otherwise=at.of("*").collateral,
        assumed=frozenset(assumed - given.keys()),
        debts_assumed=initial is None or maintenance is None,
    )


def _collateral(counts: Fraction | tuple[models.Slice, ...]) -> Collateral:
    if isinstance(counts, Fraction):
        return Collateral(Counted.COINS, (Slice(None, counts),) if counts else ())
    return Collateral(Counted.COINS, tuple(Slice(part.up_to, part.ratio) for part in counts))


def _venue(name: str | None, shelf: Shelf, *, written: bool) -> "tuple[Venue | None, bool]":
    """The venue of a name, and whether what is said of it is understood."""
    if name is None:
        return None, not written
    try:
        return shelf.venue(name), True
    except LookupError:
        return None, False


def each_of(reading: Reading) -> Iterator[tuple[str, models.Position, Account]]:
    """Every open position by the name that its contract has in the file."""
    for account, _, row in reading.positions():
        contract = reading.contract(row.contract, account)
        assert contract is not None
        yield contract.name, row, account
