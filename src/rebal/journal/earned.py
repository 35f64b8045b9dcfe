"""What the journal brought, entry by entry, by contract and by episode: from flat to flat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from rebal.amounts import COIN_STEP, ONE, ZERO, Fraction, down, significant, total
from rebal.book import Book
from rebal.frozen import frozen
from rebal.journal.fold import as_recorded
from rebal.journal.telling import Step, steps
from rebal.ledger import Carried, EarnedLine, Entry, Episode, Fill, Funding, Realised, RealisedUsd
from rebal.market.contract import Kind
from rebal.portfolio import Portfolio
from rebal.stated import Stated


@frozen
class Booked:
    """What one entry brought to one episode of a contract: coins, and dollars of its time.

    ``coin``: PnL, of which ``basis`` is not the index's move; None where an index is not known. ``rate``: dollars a
    coin of its settlement was worth.
    """

    seq: int
    contract: str
    episode: int
    currency: str
    rate: Fraction
    coin: Fraction = ZERO
    basis: Fraction | None = None
    fee: Fraction = ZERO
    funding: Fraction = ZERO


@dataclass(slots=True)
class Run:
    """An episode while it is told.

    ``index``: the average index of what is open, None where not known. ``fees`` and ``funding``: of what is open, not
    yet told with what was closed.
    """

    contract: str
    number: int
    currency: str
    since: datetime | None
    until: datetime | None = None
    largest: Fraction = ZERO
    index: Fraction | None = None
    fees: Fraction = ZERO
    funding: Fraction = ZERO

    @property
    def carried(self) -> Carried:
        """Fees and funding of what is open."""
        return Carried(self.contract, self.fees, self.funding)

    def leave(self, share: Fraction) -> None:
        """Tell a share of what is carried with what was closed."""
        told = self.carried.share(share)
        self.fees -= told.fees_coin
        self.funding -= told.funding_coin


@frozen
class Earned:
    """Everything that entries brought, and the episodes that they are of, by contract and in order."""

    booked: tuple[Booked, ...]
    runs: tuple[Run, ...]

    def carried(self) -> tuple[Carried, ...]:
        """Fees and funding of what is open, by contract."""
        return tuple(run.carried for run in self.runs if run.until is None)


def earned(portfolio: Portfolio, entries: Sequence[Entry]) -> Earned:
    """What the journal brought: a function of its entries alone, whatever the order they were written in."""
    telling = _Telling()
    if not entries:
        return Earned((), ())
    for step in steps(portfolio, entries):
        telling.hear(step)
    runs = (run for name in sorted(telling.runs) for run in telling.runs[name])
    return Earned(tuple(telling.booked), tuple(runs))


def realised(booked: Iterable[Booked]) -> tuple[Realised, ...]:
    """What the entries brought by contract, by name."""
    grouped: dict[str, list[Booked]] = {}
    for line in booked:
        grouped.setdefault(line.contract, []).append(line)
    return tuple(_realised(name, grouped[name]) for name in sorted(grouped))


def in_dollars(lines: Iterable[Realised]) -> RealisedUsd:
    """The sum over contracts; coins of different kinds only add up in dollars."""
    listed = tuple(lines)
    return RealisedUsd(
        usd=total(line.usd for line in listed),
        fees_usd=total(line.fees_usd for line in listed),
        funding_usd=total(line.funding_usd for line in listed),
        net_usd=total(line.net_usd for line in listed),
    )


def by_time(entries: Iterable[Entry], booked: Iterable[Booked]) -> tuple[EarnedLine, ...]:
    """What entries have brought up to each of them, in the order of their times."""
    grouped: dict[int, list[Booked]] = {}
    for line in booked:
        grouped.setdefault(line.seq, []).append(line)
    net, found = ZERO, []
    for entry in sorted(entries, key=lambda entry: (entry.time, entry.seq)):
        for line in grouped.get(entry.seq, ()):
            net += (line.coin - line.fee + line.funding) * line.rate
        if entry.seq in grouped:
            found.append(EarnedLine(entry.seq, entry.time, net))
    return tuple(found)


def episodes(told: Earned, booked: Iterable[Booked]) -> tuple[Episode, ...]:
    """The episodes that some entries are of, and those that are open; what they tell adds up to those entries."""
    grouped: dict[tuple[str, int], list[Booked]] = {}
    for line in booked:
        grouped.setdefault((line.contract, line.episode), []).append(line)
    return tuple(
        _episode(run, grouped.get((run.contract, run.number), []))
        for run in told.runs
        if run.until is None or (run.contract, run.number) in grouped
    )


class _Telling:
    """The episodes while the journal is told."""

    def __init__(self) -> None:
        self.runs: dict[str, list[Run]] = {}
        self.booked: list[Booked] = []

    def hear(self, step: Step) -> None:
        match step.event:
            case Fill() as event if step.entry is not None:
                self._fill(step, event, step.entry)
            case Funding() as event if step.entry is not None:
                self._funding(event, step.entry)
            case Stated():
                self._statement(step)
            case _:
                pass

    def _fill(self, step: Step, event: Fill, entry: Entry) -> None:
        assert step.brought is not None
        held, left = _net(step.before, event.contract), _net(step.after, event.contract)
        rate, fee = _usd_per_coin(event), event.fee
        closed = _nearer_zero(-event.contracts, held) if held * event.contracts < 0 else ZERO
        if closed:
            run = self._open(event.contract, event.settle, None)
            paid = fee if left * held >= 0 else down(fee * abs(closed / event.contracts), COIN_STEP)
            coin, fee = step.brought.realised, fee - paid
            basis = _basis(event, run, coin=coin, closed=closed)
            self.booked.append(
                Booked(entry.seq, run.contract, run.number, run.currency, rate, coin=coin, basis=basis, fee=paid)
            )
            run.leave(closed / held)
            run.until = entry.time if left * held <= 0 else None
        if abs(closed) < abs(event.contracts):
            run = self._open(event.contract, event.settle, entry.time)
            run.index = _index(event, run, held=ZERO if closed else held)
            run.largest, run.fees = max(run.largest, abs(left)), run.fees + fee
            self.booked.append(Booked(entry.seq, run.contract, run.number, run.currency, rate, fee=fee))

    def _funding(self, event: Funding, entry: Entry) -> None:
        told = self.runs.setdefault(event.contract, [])
        if not told:
            told.append(Run(event.contract, 1, event.settle, None, entry.time))
        run = told[-1]
        if run.until is None:
            run.funding += event.amount
        rate = _usd_per_coin(event)
        self.booked.append(Booked(entry.seq, run.contract, run.number, run.currency, rate, funding=event.amount))

    def _statement(self, step: Step) -> None:
        """What a statement says is open: it ends what is not, and begins, at a time that nothing tells, what is."""
        for name in sorted({*step.before.positions, *step.after.positions}):
            was, now = _net(step.before, name), _net(step.after, name)
            if was and was * now <= 0:
                self._open(name, "", None).until = step.time
            if now:
                run = self._open(name, step.after.positions[name].contract.settle, None)
                run.largest = max(run.largest, abs(now))
                run.index = run.index if was == now else None

    def _open(self, contract: str, currency: str, since: datetime | None) -> Run:
        """The episode of what is open on a contract; a new one where nothing is."""
        told = self.runs.setdefault(contract, [])
        if not told or told[-1].until is not None:
            told.append(Run(contract, len(told) + 1, currency, since))
        return told[-1]


def _nearer_zero(one: Fraction, other: Fraction) -> Fraction:
    return min(one, other, key=abs)


def _net(book: Book, contract: str) -> Fraction:
    position = book.positions.get(contract)
    return position.contracts if position is not None else ZERO


def _basis(event: Fill, run: Run, *, coin: Fraction, closed: Fraction) -> Fraction | None:
    """What of the PnL of closed contracts (signed) the index's move did not bring; None where it is not known."""
    if run.index is None or event.index_price is None:
        return None
    return coin - down(as_recorded(event).pnl(closed, run.index, event.index_price), COIN_STEP)


def _index(event: Fill, run: Run, *, held: Fraction) -> Fraction | None:
    """The average index of what is open once a fill has added to what is held."""
    if not held or event.index_price is None:
        return event.index_price
    if run.index is None:
        return None
    fills = [(held, run.index), (event.contracts, event.index_price)]
    return significant(as_recorded(event).average_entry(fills))


def _usd_per_coin(event: Fill | Funding) -> Fraction:
    """Dollars of a settlement coin: an inverse contract's is its asset, a linear one's a dollar without a price.

    A coin is worth the index, which a fill's price stands in for where it is not known.
    """
    match event.kind:
        case Kind.INVERSE:
            return (event.index_price if isinstance(event, Fill) else None) or event.price
        case Kind.LINEAR:
            return ONE if event.settle_price is None else event.settle_price
        case _:
            assert_never(event.kind)


def _realised(name: str, lines: list[Booked]) -> Realised:
    usd = total(line.coin * line.rate for line in lines)
    fees_usd = total(line.fee * line.rate for line in lines)
    funding_usd = total(line.funding * line.rate for line in lines)
    return Realised(
        contract=name,
        coin=total(line.coin for line in lines),
        usd=usd,
        fees_coin=total(line.fee for line in lines),
        funding_coin=total(line.funding for line in lines),
        currency=lines[-1].currency,
        fees_usd=fees_usd,
        funding_usd=funding_usd,
        net_usd=usd - fees_usd + funding_usd,
    )


def _episode(run: Run, lines: list[Booked]) -> Episode:
    known = [line for line in lines if line.basis is not None]
    basis = total(line.basis or ZERO for line in known)
    basis_usd = total((line.basis or ZERO) * line.rate for line in known)
    sums = _realised(run.contract, lines) if lines else None
    coin, usd, fees, funding = (sums.coin, sums.usd, sums.fees_coin, sums.funding_coin) if sums else (ZERO,) * 4
    return Episode(
        contract=run.contract,
        number=run.number,
        since=run.since,
        until=run.until,
        contracts=run.largest,
        currency=run.currency,
        price_coin=coin - basis,
        basis_coin=basis if known else None,
        fees_coin=fees,
        funding_coin=funding,
        net_coin=coin - fees + funding,
        price_usd=usd - basis_usd,
        basis_usd=basis_usd if known else None,
        fees_usd=sums.fees_usd if sums else ZERO,
        funding_usd=sums.funding_usd if sums else ZERO,
        net_usd=sums.net_usd if sums else ZERO,
    )
