"""What an exchange says happened into the journal: under its own ids, each fill for the plan that it filled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rebal import exchange_account as at
from rebal.amounts import ZERO, plain, total
from rebal.book import Purpose, apply
from rebal.journal.covering import Covering
from rebal.journal.drafts import beta, filled, settle_price
from rebal.journal.filling import shares
from rebal.journal.fold import dated, happened, in_order, to_book
from rebal.journal.from_plan import asked_of, ordered_of
from rebal.journal.placing_plans import Placings
from rebal.ledger import Draft, Entry, Fill, FillPart, Funding, Journal, Spot, Transfer
from rebal.market.contract import Contract
from rebal.names import listed, within
from rebal.portfolio import DOLLARS, Portfolio

OVERLAP = timedelta(days=1)
"""How far before the last payment or move of coins that came from the exchange it is asked again."""

_SAME_DAY = timedelta(days=1)


def start(portfolio: Portfolio, journal: Journal, account: str | None = None) -> datetime:
    """From when the exchange of an account is asked: the statement, or a day before the last that came from it.

    Payments and moves come from an exchange alone under these ids, and with each came all that was before it.
    """
    as_of = dated(portfolio)
    known = [
        entry.time
        for entry in journal.entries
        if (":funding:" in entry.id or ":transfer:" in entry.id) and getattr(entry.event, "account", None) == account
    ]
    return max(as_of, max(known, default=as_of) - OVERLAP)


@dataclass(slots=True)
class Taken:
    """What recording adds, and what is said of it.

    ``drafts``: new ones and those that the journal has already; ``notes``: what they were taken for, and what was left
    out and why, in sentences.
    """

    drafts: list[Draft] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def taken(
    events: Iterable[at.Happened],
    portfolio: Portfolio,
    *,
    journal: Journal,
    placings: Placings,
    purpose: Purpose | None = None,
) -> Taken:
    """Draft what happened after the statement, in the order of time.

    What the journal has under the exchange's id, or typed by hand with the same contents on the same day, is not
    drafted anew. ``purpose``: of fills that no plan tells of; without it that of what is open, else rebalance.
    """
    taking = _Taking(portfolio, journal, placings, purpose=purpose)
    as_of = dated(portfolio)
    for event in sorted(events, key=lambda each: each.time):
        if event.time > as_of:
            taking.take(event)
    return taking.end()


class _Taking:
    """The journal while events are taken: its own entries are walked beside them, so that each meets its own time."""

    def __init__(self, portfolio: Portfolio, journal: Journal, placings: Placings, *, purpose: Purpose | None) -> None:
        self._portfolio = portfolio
        self._journal = journal
        self._placings = placings
        self._purpose = purpose
        self._by_id = {entry.id: entry for entry in journal.entries}
        as_of = dated(portfolio)
        standing = [entry for entry in in_order(journal.entries) if entry.time > as_of]
        self._ahead = standing[::-1]
        self._unmatched = [entry for entry in standing if entry.plan is None]
        self._covering = Covering(entry for entry in standing if entry.voided_by is None)
        self._book = portfolio.statement
        self._taken = Taken()
        self._guessed: dict[str, int] = {}
        self._left: dict[str, str] = {}

    def take(self, event: at.Happened) -> None:
        known = next((self._by_id[name] for name in _names(event) if self._is_of(name, event)), None)
        if known is not None:
            self._again(known)
            return
        self._up_to(event.time)
        typed = next((entry for entry in self._unmatched if _is_same(entry, event)), None)
        if typed is not None:
            self._unmatched.remove(typed)
            self._note(f"{_names(event)[0]} is entry {typed.seq}, {typed.id}, which has no id of the exchange's")
            return
        if isinstance(event, at.Filled | at.Moved) and self._is_covered(event):
            return
        match event:
            case at.Filled():
                self._fill(event)
            case at.Paid():
                self._funding(event)
            case at.Moved():
                self._transfer(event)
            case at.Other():
                self._leave(event, f"{event.what} of {plain(event.quantity)} {event.asset}{self._by_hand(event)}")

    def _is_covered(self, event: at.Filled | at.Moved) -> bool:
        """Whether the journal has it as a plan's, which is said; of what it has in part all is left out."""
        if isinstance(event, at.Filled):
            quantity, what, leg = event.contracts, "contracts", self._placings.leg(event)
        else:
            quantity, what, leg = event.quantity, event.asset, None
        found = self._covering.of(event, leg)
        if found is None:
            return False
        there = f"in the journal as {listed(found.ids)}"
        if found.quantity == abs(quantity):
            self._note(f"{_names(event)[0]} is {there}, and stays so")
        else:
            void = "; and: ".join(f"rebal record void {each} --reason 'the exchange tells it'" for each in found.ids)
            few = f"{plain(found.quantity)} of its {plain(abs(quantity))} {what} are {there}"
            self._leave(event, f"{few}; void that: {void}; and again: rebal record exchange")
        return True

    def _is_of(self, name: str, event: at.Happened) -> bool:
        """Whether the journal has an entry under an id and of the account: another exchange may number its own so."""
        entry = self._by_id.get(name)
        if entry is None or isinstance(entry.event, Spot):
            return entry is not None
        return getattr(entry.event, "account", event.account) == event.account

    def end(self) -> Taken:
        for plan in self._placings.filled():
            last = self._last(plan.digest)
            self._taken.drafts += asked_of(plan, self._portfolio, self._journal, time=last)
            if self._placings.leaves(plan):
                self._taken.drafts += ordered_of(plan, self._journal, time=last)
        for words, count in self._guessed.items():
            self._note(f"{count} {'fill' if count == 1 else 'fills'} {words}")
        return self._taken

    def _last(self, digest: str) -> datetime:
        return max(draft.time for draft in self._taken.drafts if draft.plan == digest)

    def _again(self, known: Entry) -> None:
        if known.voided_by is not None:
            self._note(f"{known.id} is in the journal, voided by {known.voided_by}, and stays so")
            return
        self._taken.drafts.append(Draft(known.event, known.time, known.id, known.plan))

    def _up_to(self, time: datetime) -> None:
        """Let the journal's own entries happen up to a time."""
        while self._ahead and self._ahead[-1].time <= time:
            self._happen(self._ahead.pop())

    def _happen(self, entry: Entry) -> None:
        self._book = apply(self._book, happened(self._portfolio, [entry])).book

    def _fill(self, event: at.Filled) -> None:
        contract = self._known(event, event.contract)
        if contract is None:
            return
        placing = self._placings.of(event)
        if placing is not None and placing.is_done:
            self._note(f"{_names(event)[0]}: its order is in the journal as filled, {placing.entry}, and stays so")
            return
        if placing is None:
            parts, digest, index = self._by_what_is_open(event, contract), None, None
        else:
            earlier, now = (
                shares(placing.order, contracts, lot_size=contract.lot_size)
                for contracts in (placing.before, placing.before + abs(event.contracts))
            )
            parts = tuple(
                FillPart(
                    part.purpose, after - before, part.stands_for, beta(part.stands_for, contract, self._portfolio)
                )
                for part, before, after in zip(placing.order.parts, earlier, now, strict=True)
                if after != before
            )
            digest, index = placing.plan.digest, placing.plan.prices.get(contract.asset)
            self._guess(placing.how)
        fill = filled(
            contract, contracts=event.contracts, price=event.price, fee=event.fee, parts=parts, index_price=index,
            met=self._book.positions.get(contract.name), portfolio=self._portfolio,
        )  # fmt: skip
        self._book = apply(self._book, (to_book(fill, contract),)).book
        self._add(Draft(fill, event.time, _names(event)[0], digest))
        if event.forced:
            self._note(f"{contract.name}: {plain(event.contracts)} at {plain(event.price)} were closed by force")

    def _by_what_is_open(self, event: at.Filled, contract: Contract) -> tuple[FillPart, ...]:
        """The purpose of a fill that no plan tells of: what is open on the contract, else rebalance."""
        position = self._book.positions.get(contract.name)
        parts = position.parts if position is not None else ()
        purposes = {part.purpose for part in parts}
        purpose = self._purpose or (next(iter(purposes)) if len(purposes) == 1 else Purpose.REBALANCE)
        named = {part.stands_for for part in parts if part.purpose is purpose}
        asset = next(iter(named)) if len(named) == 1 else contract.asset
        self._guess(f"of no plan that was given, taken for {purpose}; --plan FILE or --purpose says otherwise")
        return (FillPart(purpose, event.contracts, asset, beta(asset, contract, self._portfolio)),)

    def _by_hand(self, event: at.Other) -> str:
        """What records it, under its id so that it is not told again; empty for a coin that the book does not know."""
        if not self._is_known(event.asset):
            return ""
        what = f"--asset {event.asset} --quantity {plain(event.quantity)}"
        at_account = f" --account {event.account}" if event.account else ""
        spot = f"rebal record spot {what} --id {_names(event)[0]}"
        transfer = f"rebal record transfer {what}{at_account}"
        first, second = (spot, transfer) if event.quantity > 0 else (transfer, spot)
        return f"; to have it in the book: {first}; and: {second}"

    def _is_known(self, asset: str) -> bool:
        portfolio = self._portfolio
        return asset in portfolio.market.prices or asset in {*portfolio.cash, *portfolio.holdings}

    def _funding(self, event: at.Paid) -> None:
        contract = self._known(event, event.contract)
        if contract is None or not event.amount:
            return
        if event.coin not in (None, contract.settle):
            paid = f"{plain(event.amount)} {event.coin} of funding"
            self._leave(event, f"{paid}, and {contract.name} settles in {contract.settle}")
            return
        funding = Funding(
            contract.name, event.amount, self._portfolio.price(contract.asset), contract.asset, contract.kind,
            contract.settle, settle_price(contract, self._portfolio), contract.account or None,
        )  # fmt: skip
        self._add(Draft(funding, event.time, _names(event)[0]))
        self._change(funding, event.time)

    def _transfer(self, event: at.Moved) -> None:
        portfolio, book = self._portfolio, self._book
        inside = total(book.wallets.get(wallet, ZERO) for wallet in portfolio.wallets_of(event.asset))
        outside = book.holdings.get(event.asset, ZERO) - inside
        if not self._is_known(event.asset):
            why = "the portfolio knows no such coin; name it under holdings, or aside if it is no business of a plan"
            if event.asset in portfolio.aside:
                why = "it stands under aside"
            self._leave(event, f"{plain(event.quantity)} {event.asset} moved: {why}")
        elif event.quantity > outside:
            more = plain(event.quantity - outside)
            self._leave(
                event,
                f"{plain(event.quantity)} {event.asset} moved into the account, and {plain(outside)} are held outside "
                f"{'every account' if portfolio.has_several else 'it'}; record where the rest came from: rebal record "
                f"spot --asset {event.asset} --quantity {more}",
            )
        else:
            transfer = Transfer(event.asset, event.quantity, account=event.account)
            self._add(Draft(transfer, event.time, _names(event)[0]))
            self._change(transfer, event.time)

    def _change(self, event: Funding | Transfer, time: datetime) -> None:
        entry = Entry(0, "", time, event, None, None, "")
        self._happen(entry)

    def _known(self, event: at.Filled | at.Paid, name: str) -> Contract | None:
        """The contract, where it can be recorded; else it is said why not."""
        portfolio = self._portfolio
        position = self._book.positions.get(name)
        contract = portfolio.contracts.get(name) or (position.contract if position is not None else None)
        if contract is None:
            self._leave(event, f"{name}: no such contract; add it under contracts:")
            return None
        priced = portfolio.market.prices.keys() | portfolio.cash | {DOLLARS}
        for coin in (contract.asset, contract.settle):
            if coin not in priced:
                self._leave(event, f"{name}: market.prices.{coin} is missing; add its price")
                return None
        return contract

    def _add(self, draft: Draft) -> None:
        self._taken.drafts.append(draft)

    def _leave(self, event: at.Happened, why: str) -> None:
        self._note(f"not recorded, {_names(event)[0]}: {why}")

    def _note(self, words: str) -> None:
        self._taken.notes.append(words)

    def _guess(self, words: str) -> None:
        self._guessed[words] = self._guessed.get(words, 0) + 1


def _names(event: at.Happened) -> Sequence[str]:
    """The id that an event is recorded under, and others that it may have been recorded under by hand."""
    match event:
        case at.Filled():
            return (f"{event.contract}:{event.id}", event.id)
        case at.Paid():
            return (f"{event.contract}:funding:{event.id}", f"{event.contract}:{event.id}", event.id)
        case at.Moved():
            return (f"{within(event.account, event.asset)}:transfer:{event.id}", event.id)
        case at.Other():
            return (f"{within(event.account, event.asset)}:other:{event.id}", event.id)


def _is_same(entry: Entry, event: at.Happened) -> bool:
    """Whether an entry says what an event does, and of the same day."""
    if abs(entry.time - event.time) > _SAME_DAY or ":" in entry.id:
        return False
    match entry.event, event:
        case Fill() as fill, at.Filled():
            said, told = (fill.contract, fill.contracts, fill.price), (event.contract, event.contracts, event.price)
            return said == told
        case Funding() as funding, at.Paid():
            return (funding.contract, funding.amount) == (event.contract, event.amount)
        case Transfer() as transfer, at.Moved():
            at_account = transfer.account == event.account
            return at_account and (transfer.asset, transfer.quantity) == (event.asset, event.quantity)
    return False
