"""By which contract the leg of each asset is carried, and what of it no contract or no coin can carry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import ZERO, Fraction, total
from rebal.frozen import frozen
from rebal.planner.candidates import Candidate
from rebal.planner.collateral import Shortage
from rebal.planner.desk import Desk
from rebal.planner.orders import orders_of
from rebal.planner.sizing import Leg, Passed, carried_usd, fully_reducing
from rebal.planner.splitting import Offer, Taken, goes_on, in_the_way, lacking, served_at, split
from rebal.portfolio import Portfolio


@frozen
class Carried:
    """The legs that carry what an asset is off by; ``opening``: the contract of what closing does not do.

    ``passed``: the contracts better liked for which the coins do not do. ``covered``: False where no contract serves
    the asset, where no coin margins the least order of one, or where the leg was shrunk to what is margined.
    """

    opening: Candidate | None
    legs: tuple[Leg, ...]
    opens: bool
    passed: tuple[Passed, ...] = ()
    covered: bool = True


@frozen
class Shrink:
    """What becomes of a leg that coins do not carry whole: ``to_nothing`` where they carry none of it, ``to_fit``.

    ``never``: the assets whose legs stay whole all the same.
    """

    to_nothing: bool
    to_fit: bool
    never: frozenset[str] = frozenset()

    def of(self, asset: str) -> "Shrink":
        """The same for one asset."""
        return Shrink(to_nothing=False, to_fit=False) if asset in self.never else self


def carry(
    wanted: Mapping[str, Fraction], desk: Desk, *, shrink: Shrink, settled: Mapping[str, Carried] | None = None
) -> dict[str, Carried]:
    """Carry the dollars that each asset's exposure is to move by, each by the first contract that has its collateral.

    Of several accounts, each leg in as many parts as it takes (see ``splitting``).

    Where the coins do for the first contract of every asset, that is it. Otherwise they are given out in turn: first to
    what is ``settled`` already, then to legs that only close and to those on a shared contract whose coins do for all
    that it carries, then to those that are not to shrink, then, of several accounts, to what the fewest of them serve,
    then by name.
    """
    known = settled or {}
    plain = {asset: known.get(asset) or _by_first(asset, dollars, desk) for asset, dollars in sorted(wanted.items())}
    opened = {desk.pot(each.opening.contract) for each in plain.values() if each.opening is not None and each.opens}
    if not desk.still.lacks([leg for each in plain.values() for leg in each.legs], opened) and not any(
        goes_on(asset, wanted[asset], desk, legs=plain[asset].legs) for asset in plain.keys() - known.keys()
    ):
        return plain
    together = _together(plain, desk)
    taken: dict[str, list[Leg]] = {}
    carried: dict[str, Carried] = {}

    def turn(asset: str) -> tuple[bool, bool, bool, int, str]:
        served = served_at(asset, wanted[asset], desk)
        is_given = not plain[asset].opens or asset in together
        return asset not in known, not is_given, asset not in shrink.never, served, asset

    for asset in sorted(plain, key=turn):
        in_turn = plain[asset].opens and asset not in known and asset not in together
        first, shrunk = plain[asset], shrink.of(asset)
        carried[asset] = _in_turn(asset, wanted[asset], desk, taken, first=first, shrink=shrunk) if in_turn else first
        for leg in carried[asset].legs:
            taken.setdefault(desk.pot(leg.contract), []).append(leg)
    return dict(sorted(carried.items()))


def _together(plain: Mapping[str, Carried], desk: Desk) -> frozenset[str]:
    """The assets that share a contract, as proxies do, and whose legs, with all others out of its coins, lack nothing.

    One of them alone may lack what the others' make room for.
    """
    if desk.portfolio.is_linked or desk.portfolio.has_several or not desk.portfolio.proxies:
        return frozenset()
    on: dict[str, set[str]] = {}
    for asset, each in plain.items():
        for leg in each.legs:
            on.setdefault(leg.contract.name, set()).add(asset)
    in_pot = desk.by_pot(leg for each in plain.values() for leg in each.legs)
    lacking = {pot for pot, legs in in_pot.items() if desk.shortages(pot, legs)}
    return frozenset(
        asset
        for asset, each in plain.items()
        if any(len(on[leg.contract.name]) > 1 for leg in each.legs)
        and not any(desk.pot(leg.contract) in lacking for leg in each.legs)
    )


def moved_usd(carried: Carried, portfolio: Portfolio) -> Fraction:
    """Dollars that the legs move the exposure of their asset by."""
    return total(carried_usd(leg, portfolio) for leg in carried.legs)


def _by_first(asset: str, dollars: Fraction, desk: Desk) -> Carried:
    found = desk.candidates(asset, dollars)
    if not found:
        closing = desk.closing(asset, dollars, None)
        undone = dollars - total(carried_usd(leg, desk.portfolio) for leg in closing)
        return Carried(None, closing, opens=False, covered=fully_reducing(closing, undone, desk.portfolio))
    legs = desk.legs(asset, dollars, found[0])
    opens = len(legs) > len(desk.closing(asset, dollars, found[0]))
    return Carried(found[0], legs, opens=opens or goes_on(asset, dollars, desk, legs=legs))


def _in_turn(asset: str, dollars: Fraction, desk: Desk, taken: Taken, *, first: Carried, shrink: Shrink) -> Carried:
    """``first``: what carries the leg where coins are without limit."""
    if desk.portfolio.has_several:
        return _in_parts(asset, dollars, desk, taken, shrink=shrink)
    passed: list[Passed] = []
    asked: tuple[Leg, ...] = ()
    for candidate in desk.candidates(asset, dollars):
        legs = first.legs if candidate is first.opening else desk.legs(asset, dollars, candidate)
        closing = desk.closing(asset, dollars, candidate)
        if len(legs) == len(closing):
            continue  # its lot is too large for this leg
        short = lacking(legs, desk, taken)
        if not short or _closes_more(candidate, legs, closing, desk=desk, taken=taken, short=short):
            return Carried(candidate, legs, opens=True, passed=tuple(passed))
        passed.append(Passed(candidate, legs[-1].contracts, in_the_way(short, candidate.contract)))
        asked = asked or legs
    opening = passed[0].candidate
    legs = closing = desk.closing(asset, dollars, opening)
    whole = Carried(opening, asked, opens=True, passed=tuple(passed))
    if not shrink.to_nothing:
        return whole
    for n, each in enumerate(passed):
        tried = Offer(asset, dollars, legs, each.candidate, desk, taken)
        if not tried.opens(each.shortage):
            continue
        if not shrink.to_fit:
            return whole
        legs, opening = tried.largest(), each.candidate
        passed[n] = replace(each, carried=legs[-1].contracts)
    return Carried(opening, legs, opens=len(legs) > len(closing), passed=tuple(passed), covered=False)


def _closes_more(
    candidate: Candidate, legs: Sequence[Leg], closing: Sequence[Leg], *, desk: Desk, taken: Taken,
    short: Iterable[Shortage],
) -> bool:  # fmt: skip
    """Whether what opens only closes more of what the exchange shows, and lacks nothing that is not lacking without.

    Else what a wallet in alert lacks would keep its net from getting smaller.
    """
    name = candidate.contract.name
    if name not in desk.book.positions:
        return False
    beside = taken.get(desk.pot(candidate.contract), ())
    on_it = [leg for leg in (*beside, *legs) if leg.contract.name == name]
    if not any(each.reduce_only for each in orders_of(on_it, book=desk.book, portfolio=desk.portfolio)):
        return False
    known: dict[str, Fraction] = {}
    for pot in {desk.pot(leg.contract) for leg in legs}:
        without = [*taken.get(pot, ()), *(leg for leg in closing if desk.pot(leg.contract) == pot)]
        known |= {each.account.name: each.missing for each in desk.shortages(pot, without)}
    return all(each.missing <= known.get(each.account.name, ZERO) for each in short)


def _in_parts(asset: str, dollars: Fraction, desk: Desk, taken: Taken, *, shrink: Shrink) -> Carried:
    made = split(asset, dollars, desk, taken=taken)
    opening = desk.candidates(asset, dollars)[0]
    if made.left is None:
        return Carried(opening, made.legs, opens=made.opens, passed=made.passed)
    if shrink.to_fit or (shrink.to_nothing and not made.opens):
        return Carried(opening, made.legs, opens=made.opens, passed=made.passed, covered=False)
    rest = Offer(asset, dollars, made.legs, made.left, desk, taken)
    return Carried(opening, (*made.legs, rest.leg(rest.whole)), opens=True, passed=made.passed)
