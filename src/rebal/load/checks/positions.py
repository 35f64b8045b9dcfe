"""Open futures."""

from collections.abc import Iterator

from rebal.amounts import ZERO, Fraction, plain
from rebal.load import models
from rebal.load.flaws import Flaw
from rebal.load.reading import Reading
from rebal.market.contract import Kind


def contracts_are_known(reading: Reading) -> Iterator[Flaw]:
    """Every position is in a contract that is known and has not expired."""
    for n, row in _rows(reading):
        contract = reading.contract(row.contract)
        path = ("positions", n, "contract")
        if contract is None:
            if reading.venue_known and row.contract not in reading.given:
                yield _unknown(reading, n, row.contract)
        elif contract.expiry is not None and contract.expiry <= reading.now:
            settled = f"expired on {contract.expiry:%Y-%m-%d}"
            yield Flaw(path, settled, "drop the row; what it settled at is in the wallet")


def contracts_stand_once(reading: Reading) -> Iterator[Flaw]:
    """A contract's position is one net row."""
    seen: set[str] = set()
    for n, row in _rows(reading):
        if row.contract in seen:
            yield Flaw(("positions", n, "contract"), "has a row already", "write one net row per contract")
        seen.add(row.contract)


def rows_hold_something(reading: Reading) -> Iterator[Flaw]:
    """A row without contracts says something only where its purposes cancel out."""
    for n, row in _rows(reading):
        if not row.contracts and not row.hedge:
            yield Flaw(("positions", n, "contracts"), "is 0", "write the contracts held, or drop the row")


def contracts_are_whole_lots(reading: Reading) -> Iterator[Flaw]:
    """A position is one lot at least: less is coins or dollars typed for contracts."""
    for n, row in _rows(reading):
        contract = reading.contract(row.contract)
        if contract is None or not 0 < abs(row.contracts) < contract.lot_size:
            continue
        unit = f"{plain(contract.multiplier)} {'USD' if contract.kind is Kind.INVERSE else contract.asset}"
        problem = f"is less than one lot of {plain(contract.lot_size)}"
        yield Flaw(("positions", n, "contracts"), problem, f"count contracts of {unit} each, not coins")


def margins_lie_within_wallets(reading: Reading) -> Iterator[Flaw]:
    """Isolated margins are a part of the wallet of their currency."""
    taken: dict[str, Fraction] = {}
    for n, row in _rows(reading):
        contract = reading.contract(row.contract)
        if row.margin is None or contract is None or not reading.file.sound("wallets", contract.settle):
            continue
        settle = contract.settle
        taken[settle] = taken.get(settle, ZERO) + row.margin
        wallet = reading.says.wallets.get(settle, ZERO)
        if taken[settle] > wallet:
            problem = (
                f"brings isolated margins to {plain(taken[settle])} {settle}, more than the wallet of {plain(wallet)}"
            )
            yield Flaw(("positions", n, "margin"), problem, f"count it in wallets.{settle} too")


def margins_are_not_aside(reading: Reading) -> Iterator[Flaw]:
    """What margins an open position is business of the plan: its PnL is coins of it."""
    for n, row in _rows(reading):
        contract = reading.contract(row.contract)
        if contract is not None and row.contracts and contract.settle in reading.aside:
            problem = f"is margined in {contract.settle}, which stands under aside"
            instead = f"take {contract.settle} out of aside and give it a target, or close the position first"
            yield Flaw(("positions", n, "contract"), problem, instead)


def proxies_are_declared(reading: Reading) -> Iterator[Flaw]:
    """A position for another asset has a beta to count it by."""
    for n, row in _rows(reading):
        contract = reading.contract(row.contract)
        if row.stands_for is None or contract is None or row.stands_for == contract.asset:
            continue
        proxy = reading.says.proxies.get(row.stands_for)
        if (proxy is None or proxy.via != contract.asset) and reading.file.sound("proxies", row.stands_for):
            instead = f"add proxies.{row.stands_for}: {{via: {contract.asset}, beta: ...}}"
            problem = f"names no proxy through {contract.asset}"
            yield Flaw(("positions", n, "for"), problem, instead, near=(row.stands_for, reading.proxied))


def _unknown(reading: Reading, n: int, name: str) -> Flaw:
    where = f"is no contract of {reading.venue.name} that can be computed" if reading.venue else "is in no catalogue"
    instead = f"give its specification under contracts.{name}"
    return Flaw(("positions", n, "contract"), where, instead, near=(name, reading.contract_names()))


def _rows(reading: Reading) -> Iterator[tuple[int, models.Position]]:
    yield from reading.file.rows(("positions",), reading.says.positions)
