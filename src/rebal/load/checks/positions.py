"""Open futures."""

from collections.abc import Iterator

from rebal.amounts import ZERO, Fraction, plain
from rebal.load.flaws import Flaw, Path, dotted
from rebal.load.reading import Account, Reading
from rebal.market.contract import Kind
from rebal.names import within


def contracts_are_known(reading: Reading) -> Iterator[Flaw]:
    """Every position is in a contract that is known and has not expired."""
    for at, place, row in reading.rows():
        contract = reading.contract_of(row, at)
        path: Path = (*place, "contract")
        if row.contract is None:
            continue
        if contract is None:
            if row.contract not in reading.given and not reading.may_be_listed(row.contract, at):
                yield _unknown(reading, at, path, row.contract)
        elif contract.expiry is not None and contract.expiry <= reading.now:
            settled = f"expired on {contract.expiry:%Y-%m-%d}"
            yield Flaw(path, settled, "drop the row; what it settled at is in the wallet")


def contracts_stand_once(reading: Reading) -> Iterator[Flaw]:
    """A contract's position is one net row."""
    seen: set[tuple[str, str]] = set()
    for at, place, row in reading.rows():
        if row.contract is None:
            continue
        if (at.name, row.contract) in seen:
            yield Flaw((*place, "contract"), "has a row already", "write one net row per contract")
        seen.add((at.name, row.contract))


def rows_hold_something(reading: Reading) -> Iterator[Flaw]:
    """A row without contracts says something only where its purposes cancel out."""
    for _, place, row in reading.rows():
        if row.contracts == 0 and not row.hedge and not reading.file.unreadable(*place, "hedge"):
            yield Flaw((*place, "contracts"), "is 0", "write the contracts held, or drop the row")


def contracts_are_whole_lots(reading: Reading) -> Iterator[Flaw]:
    """A position is one lot at least: less is coins or dollars typed for contracts."""
    for at, place, row in reading.rows():
        contract = reading.contract_of(row, at)
        if contract is None or row.contracts is None or not 0 < abs(row.contracts) < contract.lot_size:
            continue
        unit = f"{plain(contract.multiplier)} {'USD' if contract.kind is Kind.INVERSE else contract.asset}"
        problem = f"is less than one lot of {plain(contract.lot_size)}"
        yield Flaw((*place, "contracts"), problem, f"count contracts of {unit} each, not coins")


def margins_lie_within_wallets(reading: Reading) -> Iterator[Flaw]:
    """Isolated margins are a part of the wallet of their currency."""
    taken: dict[tuple[str, str], Fraction] = {}
    for at, place, row in reading.rows():
        contract = reading.contract_of(row, at)
        if row.margin is None or contract is None or not reading.file.sound(*at.at("wallets", contract.settle)):
            continue
        settle, key = contract.settle, (at.name, contract.settle)
        taken[key] = taken.get(key, ZERO) + row.margin
        wallet = at.says.wallets.get(settle, ZERO)
        if taken[key] > wallet:
            problem = (
                f"brings isolated margins to {plain(taken[key])} {settle}, more than the wallet of {plain(wallet)}"
            )
            yield Flaw((*place, "margin"), problem, f"count it in {dotted(at.at('wallets', settle))} too")


def margins_are_not_aside(reading: Reading) -> Iterator[Flaw]:
    """What margins an open position is business of the plan: its PnL is coins of it."""
    for at, place, row in reading.rows():
        contract = reading.contract_of(row, at)
        if contract is not None and row.contracts != 0 and contract.settle in reading.aside:
            problem = f"is margined in {contract.settle}, which stands under aside"
            instead = f"take {contract.settle} out of aside and give it a target, or close the position first"
            yield Flaw((*place, "contract"), problem, instead)


def proxies_are_declared(reading: Reading) -> Iterator[Flaw]:
    """A position for another asset has a beta to count it by."""
    for at, place, row in reading.rows():
        contract = reading.contract_of(row, at)
        if row.stands_for is None or contract is None or row.stands_for == contract.asset:
            continue
        proxy = reading.says.proxies.get(row.stands_for)
        if (proxy is None or proxy.via != contract.asset) and reading.file.sound("proxies", row.stands_for):
            instead = f"add proxies.{row.stands_for}: {{via: {contract.asset}, beta: ...}}"
            problem = f"names no proxy through {contract.asset}"
            yield Flaw((*place, "for"), problem, instead, near=(row.stands_for, reading.proxied))


def _unknown(reading: Reading, at: Account, path: Path, name: str) -> Flaw:
    where = f"is no contract of {at.venue.name} that can be computed" if at.venue else "is in no catalogue"
    asset, listed = reading.spoken_of(name)
    own = [each for each in listed if (contract := reading.contract(each)) is not None and contract.account == at.name]
    instead = f"give its specification under contracts.{within(at.name, name)}"
    if own:
        instead = f"name the one that is open (on {asset}: {', '.join(own)}), or {instead}"
    return Flaw(path, where, instead, near=(name, reading.contract_names()))
