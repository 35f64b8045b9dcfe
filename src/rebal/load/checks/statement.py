"""Holdings, wallets and targets."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from rebal.amounts import ONE, ZERO, Fraction, plain, total
from rebal.load import models
from rebal.load.flaws import Flaw, Path
from rebal.load.reading import Reading
from rebal.portfolio import DOLLARS
from rebal.times import SKEW


def dated_in_the_past(reading: Reading) -> Iterator[Flaw]:
    """The statement is of now or earlier, give or take a minute."""
    yield from later_than_now(("as_of",), reading.says.as_of, reading.now)


def later_than_now(path: Path, as_of: datetime | None, now: datetime) -> Iterator[Flaw]:
    """A flaw where something was true only in the future."""
    if as_of is not None and as_of > now + SKEW:
        yield Flaw(path, f"is in the future; now is {now:%Y-%m-%dT%H:%M:%SZ}", "check the date and the zone")


def something_is_held(reading: Reading) -> Iterator[Flaw]:
    """There are holdings."""
    if not reading.file.has("holdings"):
        yield Flaw(("holdings",), "is missing", "add holdings, with a quantity for each coin", at_key=True)
    elif not reading.held and reading.file.sound("holdings"):
        yield Flaw(("holdings",), "holds no coin", "write `BTC: 2` below it", at_key=True)


def lots_add_up(reading: Reading) -> Iterator[Flaw]:
    """Tax lots sum to their holding."""
    for asset, holding in _with_lots(reading):
        if not reading.file.sound("holdings", asset):
            continue
        summed = total(lot.quantity for lot in holding.lots)
        if summed != holding.quantity:
            path = ("holdings", asset, "lots")
            problem = f"sum to {plain(summed)}, not to the quantity of {plain(holding.quantity)}"
            yield Flaw(path, problem, "add what is missing, or correct the quantity", at_key=True)


def lots_lie_in_the_past(reading: Reading) -> Iterator[Flaw]:
    """No lot is acquired after now."""
    for asset, holding in reading.says.holdings.items():
        if not isinstance(holding, models.Holding):
            continue
        path: Path = ("holdings", asset, "lots")
        acquired = {n: lot.acquired for n, lot in reading.file.rows(path, holding.lots)}
        parts = {n: reading.file.in_part((*path, n), models.Lot) for n in reading.file.left_out(path)}
        acquired |= {n: part["acquired"] for n, part in parts.items() if "acquired" in part}
        for n, day in acquired.items():
            if day > reading.now:
                yield Flaw((*path, n, "acquired"), "is in the future", "write the day the coins were acquired")


def wallets_lie_within_holdings(reading: Reading) -> Iterator[Flaw]:
    """Coins in the futures account are coins that are owned."""
    posted: dict[str, Fraction] = {}
    for account in reading.accounts:
        for asset, balance in account.says.wallets.items():
            path = account.at("wallets", asset)
            posted[asset] = posted.get(asset, ZERO) + balance
            if asset not in reading.held:
                instead = f"add it under holdings, wallet included: {asset}: {plain(balance)}"
                yield Flaw(path, "is not under holdings", instead, at_key=True, near=(asset, reading.held))
                continue
            held = reading.quantity(asset)
            if held is not None and posted[asset] > held:
                with_others = "" if posted[asset] == balance else f" brings wallets to {plain(posted[asset])}, and that"
                problem = f"{with_others} is more than the holding of {plain(held)}, which the wallet is a part of"
                yield Flaw(path, problem.strip(), "count the wallet's coins in holdings too")


def targets_sum_to_one(reading: Reading) -> Iterator[Flaw]:
    """Weights sum to 100 %, exactly."""
    targets = reading.says.targets
    if targets is None or not reading.file.sound("targets"):
        return
    summed = total(targets.values())
    if summed != ONE:
        away = summed - ONE
        miss = f"{_percent(abs(away))} {'over' if away > 0 else 'short'}"
        found = f"{_percent(summed)}, {miss}"
        yield Flaw(
            ("targets",), "do not sum to 100%", "write weights that sum to exactly 100%", at_key=True, found=found
        )


def targets_are_not_aside(reading: Reading) -> Iterator[Flaw]:
    """What is no business of the plan has no target."""
    for asset in sorted(reading.wanted & reading.aside):
        yield Flaw(("targets", asset), "is also under aside", "keep one of the two", at_key=True)


def holdings_have_targets(reading: Reading) -> Iterator[Flaw]:
    """Every coin held has a target or stands aside; any dollars' target is one for all dollars."""
    if not reading.file.has("targets") or reading.file.lost("targets") or not reading.file.sound("aside"):
        return
    dollars_wanted = bool(reading.wanted & reading.cash)
    for asset in sorted(reading.held - reading.wanted - reading.aside):
        if asset in reading.cash and dollars_wanted:
            continue
        named = DOLLARS if asset in reading.cash else asset
        instead = f"add targets.{named}, 0% if none of it is wanted, or name {asset} under aside"
        yield Flaw(("holdings", asset), "has no target", instead, at_key=True)


def names_stand_once(reading: Reading) -> Iterator[Flaw]:
    """No list names a thing twice."""
    policy = reading.says.policy
    lists: tuple[tuple[Path, tuple[str, ...]], ...] = (
        (("aside",), reading.says.aside),
        (("cash",), reading.says.cash or ()),
        (("policy", "routes"), (policy and policy.routes) or ()),
    )
    for path, names in lists:
        counted = Counter(names)
        seen: set[str] = set()
        for n, name in reading.file.rows(path, names):
            if counted[name] > 1 and name in seen:
                yield Flaw((*path, n), "is there twice", "keep one of the two")
            seen.add(name)


def _with_lots(reading: Reading) -> Iterator[tuple[str, models.Holding]]:
    for asset, entry in reading.says.holdings.items():
        if isinstance(entry, models.Holding) and entry.lots:
            yield asset, entry


def _percent(value: Fraction) -> str:
    return f"{plain(value * 100)}%"
