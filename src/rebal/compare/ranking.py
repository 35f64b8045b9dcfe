"""Which route costs least, as far as is known, and what would have to be known to change that."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rebal.amounts import ONE, ZERO, Fraction
from rebal.frozen import frozen
from rebal.reports.comparison import RankLine, RouteLine, TurnLine, Way

_RATES = ("costs.spot_fee", "costs.slippage")


@frozen
class Runner:
    """A route before it is ranked.

    ``known_usd``: what is known of its total with the deferred tax, and ``missing`` the keys without which that is not
    all. ``per_rate``: dollars that it pays for each whole of a rate of ``costs``. ``left_out``: why it takes no place.
    """

    line: RouteLine
    known_usd: Fraction
    missing: tuple[str, ...]
    per_rate: Mapping[str, Fraction]
    left_out: str | None

    def paid_for(self, rate: str) -> Fraction:
        """Dollars paid for a whole of a rate that is not known."""
        return self.per_rate.get(rate, ZERO) if rate in self.missing else ZERO


def ranking(runners: Sequence[Runner]) -> tuple[RankLine, ...]:
    """The routes by what is known of their totals with the deferred tax, then those that take no place."""
    placed = _placed(runners)
    apart = [each for each in runners if each.left_out is not None]
    return (*(_rank(each, n) for n, each in enumerate(placed, start=1)), *(_rank(each, None) for each in apart))


def turns(runners: Sequence[Runner]) -> tuple[TurnLine, ...]:
    """What is not known and would, on its own, put another route first; each key once, at its least."""
    placed = _placed(runners)
    least: dict[str, TurnLine] = {}
    for other in placed[1:]:
        for turn in _turns(placed[0], other):
            known = least.get(turn.key)
            if known is None or (known.above is not None and turn.above is not None and turn.above < known.above):
                least[turn.key] = turn
    return tuple(least.values())


def _placed(runners: Iterable[Runner]) -> list[Runner]:
    return sorted((each for each in runners if each.left_out is None), key=lambda each: each.known_usd)


def _rank(runner: Runner, place: int | None) -> RankLine:
    line = runner.line
    return RankLine(line.route, line.expiry, place, runner.known_usd, runner.missing, runner.left_out)


def _turns(first: Runner, other: Runner) -> Iterator[TurnLine]:
    gap = other.known_usd - first.known_usd
    for key in dict.fromkeys((*first.missing, *other.missing)):
        if key in _RATES:
            more = first.paid_for(key) - other.paid_for(key)
            if more > 0 and gap < more * ONE:
                yield _turn(key, gap / more, other)
        elif not _of_tax(key):
            yield _turn(key, None, other)  # funding and basis may be paid or earned: any of it may matter
        elif first.line.route is Way.SPOT and key in first.missing:
            # where the other ends in the same sale only what putting it off saves counts, and that is not known either
            yield _turn(key, None if key in other.missing else gap, other)


def _of_tax(key: str) -> bool:
    return key == "tax" or key.startswith("holdings.")


def _turn(key: str, above: Fraction | None, other: Runner) -> TurnLine:
    return TurnLine(key, above, other.line.route, other.line.expiry)
