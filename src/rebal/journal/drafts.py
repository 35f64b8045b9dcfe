"""Single events as drafts: what their recorder says, completed with what portfolio and journal know."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from rebal.amounts import ZERO, Fraction, plain
from rebal.book import Book, MarginMode, Position, Purpose, apply
from rebal.errors import Refused, UsageProblem
from rebal.findings import exact_percent
from rebal.frozen import frozen
from rebal.journal.adding import Added
from rebal.journal.fold import fold
from rebal.journal.spelling import TextProblem, identifier, reason, shortened
from rebal.ledger import Draft, Entry, Event, Fill, FillPart, Funding, Journal, Spot, Transfer, Void
from rebal.market.contract import Contract, Kind
from rebal.portfolio import Portfolio


@frozen
class Scene:
    """Where an event is recorded: the portfolio, its journal so far, the event's time and the id it was given."""

    portfolio: Portfolio
    journal: Journal
    time: datetime
    id: str | None = None

    def book(self) -> Book:
        """What was open at that time; the statement itself for what it covers."""
        return fold(self.portfolio, (entry for entry in self.journal.entries if entry.time <= self.time)).book

    def draft(self, event: Event) -> Draft:
        """The event under its time and id. Raises UsageProblem for an id or a number that no entry can hold."""
        try:
            return Draft(event, self.time, None if self.id is None else identifier(self.id))
        except TextProblem as problem:
            raise UsageProblem(f"--id {self.id}: {problem}") from problem


def fill(
    scene: Scene,
    contract: Contract,
    *,
    contracts: Fraction,
    price: Fraction,
    fee: Fraction | None = None,
    parts: tuple[FillPart, ...],
) -> Draft:
    """A fill of signed contracts, with the position that it met; without ``fee``, that of ``usual_fee``."""
    position = scene.book().positions.get(contract.name)
    covered = scene.portfolio.as_of is not None and scene.time <= scene.portfolio.as_of
    paid = contract.fee(contracts, price, usual_fee(scene, contract).rate) if fee is None else fee
    return scene.draft(filled(contract, contracts=contracts, price=price, fee=paid, parts=parts,
                              met=None if covered else position, portfolio=scene.portfolio))  # fmt: skip


@frozen
class UsualFee:
    """The rate of a fee that is not told, and what is said of it."""

    rate: Fraction
    note: str


def usual_fee(scene: Scene, contract: Contract) -> UsualFee:
    """The taker fee; from its expiry on a contract is delivered, at its venue's delivery fee."""
    told = "give --fee for what the exchange took"
    if not has_expired(contract, scene.time):
        return UsualFee(contract.taker_fee, f"the fee is the taker fee; {told}")
    rate = _delivery_fee(contract, scene)
    if rate is None:
        return UsualFee(ZERO, f"no delivery fee of {contract.name} is known, so none is counted; {told}")
    return UsualFee(rate, f"it has expired, so the fee is the delivery fee, {exact_percent(rate)}; {told}")


def has_expired(contract: Contract, time: datetime) -> bool:
    """Whether a fill of that time is the contract's delivery."""
    return contract.expiry is not None and contract.expiry <= time


def _delivery_fee(contract: Contract, scene: Scene) -> Fraction | None:
    """The contract's own, else what the catalogue says of one that is listed no more; None where neither is known."""
    at = scene.portfolio.account(contract.account).venue
    if contract.delivery_fee is not None or contract.own or at is None:
        return contract.delivery_fee
    from rebal import venues

    known = venues.venue(at).contract(contract.name.rpartition(":")[2], scene.time) if at in venues.names() else None
    return None if known is None else known.delivery_fee


def filled(
    contract: Contract,
    *,
    contracts: Fraction,
    price: Fraction,
    fee: Fraction,
    parts: tuple[FillPart, ...],
    met: Position | None,
    portfolio: Portfolio,
    index_price: Fraction | None = None,
    margin_mode: MarginMode | None = None,
) -> Fill:
    """A fill with its contract's specification as it is, the position that it met, and the index if it is known.

    ``margin_mode``: that of the position, and the policy's where none is met, unless it is given.
    """
    flat = met is None or not met.contracts
    mode = margin_mode or portfolio.margin_mode(contract)
    if met is not None:
        mode = MarginMode.CROSS if met.margin is None else MarginMode.ISOLATED
    return Fill(
        contract=contract.name,
        contracts=contracts,
        price=price,
        fee=fee,
        parts=parts,
        margin_mode=mode,
        asset=contract.asset,
        kind=contract.kind,
        multiplier=contract.multiplier,
        settle=contract.settle,
        expiry=contract.expiry,
        contracts_before=met.contracts if met is not None else ZERO,
        entry_before=None if flat or met is None else shortened(met.entry_price),
        index_price=index_price,
        settle_price=settle_price(contract, portfolio),
        account=contract.account or None,
    )


def settle_price(contract: Contract, portfolio: Portfolio) -> Fraction | None:
    """Dollars per unit of a linear contract's settlement currency; None where that has no price of its own."""
    return portfolio.market.prices.get(contract.settle) if contract.kind is Kind.LINEAR else None


def share(scene: Scene, contract: Contract, *, contracts: Fraction, purpose: Purpose | None) -> tuple[FillPart, ...]:
    """The purpose of a fill: the one given, else that of all that is open on the contract, else rebalance.

    Raises UsageProblem where both purposes are open and none is given.
    """
    position = scene.book().positions.get(contract.name)
    parts = position.parts if position is not None else ()
    if purpose is None:
        purposes = {part.purpose for part in parts}
        if len(purposes) > 1:
            raise UsageProblem(f"{contract.name} is open for both purposes; give --purpose rebalance or hedge")
        purpose = purposes.pop() if purposes else Purpose.REBALANCE
    named = {part.stands_for for part in parts if part.purpose is purpose}
    asset = named.pop() if len(named) == 1 else contract.asset
    return (FillPart(purpose, contracts, asset, beta(asset, contract, scene.portfolio)),)


def beta(asset: str, contract: Contract, portfolio: Portfolio) -> Fraction | None:
    """Beta of a proxy as it is now; None for a contract on the asset itself."""
    proxy = portfolio.proxies.get(asset)
    return proxy.beta if proxy is not None and proxy.via == contract.asset != asset else None


def funding(scene: Scene, contract: Contract, *, amount: Fraction, price: Fraction | None = None) -> Draft:
    """Funding received (negative: paid) in the settlement coin, worth what the asset costs where no price is given.

    Of a linear contract it is worth what its settlement currency costs.
    """
    worth = scene.portfolio.price(contract.asset) if price is None else price
    rate = settle_price(contract, scene.portfolio)
    account = contract.account or None
    return scene.draft(
        Funding(contract.name, amount, worth, contract.asset, contract.kind, contract.settle, rate, account)
    )


def transfer(
    scene: Scene, asset: str, *, quantity: Fraction, contract: Contract | None = None, account: str | None = None
) -> Draft:
    """Coins moved into the futures account, or out of it; to a contract's isolated margin where one is named.

    ``account``: which, of a file with several; that of the contract where one is named. ``asset`` may name both that
    coins leave and come to, ``bybit:deribit:BTC``: the quantity's sign says whose side it is. Raises UsageProblem.
    """
    at, _, asset = asset.rpartition(":")
    other = None
    if ":" in at:
        source, sink = _way(at, asset, scene)
        at, other = (source, sink) if quantity < 0 else (sink, source)
    _refuse_unknown(asset, scene)
    if at and account not in (None, at):
        raise UsageProblem(f"--asset {at}:{asset}: is at {at}, and --account says {account}")
    account = _account(scene.portfolio, contract, at or account)
    if contract is not None and contract.settle != asset:
        raise UsageProblem(f"{contract.name} is margined in {contract.settle}, not in {asset}")
    return scene.draft(Transfer(asset, quantity, None if contract is None else contract.name, account, other))


def _way(ends: str, asset: str, scene: Scene) -> tuple[str, str]:
    """The accounts that coins leave and come to, out of ``bybit:deribit``. Raises UsageProblem."""
    known = [account.name or "" for account in scene.portfolio.accounts if scene.portfolio.has_several]
    source, _, sink = ends.partition(":")
    if source == sink or source not in known or sink not in known:
        there = f"this file has {', '.join(known)}" if known else "this file has but one"
        raise UsageProblem(
            f"--asset {ends}:{asset}: are no two accounts that coins go between; write FROM:TO:{asset}; {there}"
        )
    return source, sink


def _account(portfolio: Portfolio, contract: Contract | None, given: str | None) -> str | None:
    known = [account.name for account in portfolio.accounts]
    if given is not None and given not in known:
        raise UsageProblem(f"--account {given}: is no account of this file; it has {', '.join(filter(None, known))}")
    if len(known) == 1:
        return None
    named = given or (contract.account if contract is not None else None)
    if not named:
        raise UsageProblem(f"name the account that is moved into or out of, with --account {known[0]}")
    if contract is not None and contract.account != named:
        raise UsageProblem(f"{contract.name} trades at {contract.account}, not at {named}")
    return named


def spot(
    scene: Scene, asset: str, *, quantity: Fraction, price: Fraction | None = None, against: str | None = None
) -> tuple[Draft, ...]:
    """Coins bought, sold or otherwise come and gone; with ``against``, the coin they were traded for as well.

    ``bybit:deribit:BTC`` as the asset: what the network kept of coins between two accounts. Raises UsageProblem for a
    coin without a price, since nothing could be planned with it.
    """
    ends, _, asset = asset.rpartition(":")
    _refuse_unknown(asset, scene)
    if ends:
        source, sink = _way(ends, asset, scene)
        if quantity > 0 or price is not None or against is not None:
            raise UsageProblem(
                f"--asset {ends}:{asset}: is what a network kept on the way; write a negative --quantity, and no price"
            )
        return (scene.draft(Spot(asset, quantity, account=source, other_account=sink)),)
    bought = scene.draft(Spot(asset, quantity, price))
    if against is None:
        return (bought,)
    _refuse_unknown(against, scene)
    if price is None or against not in scene.portfolio.cash:
        raise UsageProblem(f"--against {against}: give --price as well, and a coin that counts as dollars")
    other = Draft(Spot(against, -quantity * price), scene.time, None if scene.id is None else f"{scene.id}.{against}")
    return (bought, other)


def void(scene: Scene, voided: str, *, because: str) -> tuple[Draft, ...]:
    """An entry, by its id, as if it had never happened; of a spot trade, both sides, since they are one act."""
    try:
        event = Void(identifier(voided), reason(because))
    except TextProblem as problem:
        raise UsageProblem(f"record void: {problem}") from problem
    other = other_side(scene.journal, voided)
    if other is None:
        return (scene.draft(event),)
    name, coin = other
    second = Draft(Void(name, event.reason), scene.time, None if scene.id is None else f"{scene.id}.{coin}")
    by = {entry.id: entry.voided_by for entry in scene.journal.entries}[name]
    return (scene.draft(event), second) if by in (None, second.id) else (scene.draft(event),)


def other_side(journal: Journal, name: str) -> tuple[str, str] | None:
    """The other half of a spot trade, its id and coin: the neighbour of the same time that moves its worth in dollars.

    None where an entry is no half of a trade.
    """
    for coins, dollars in pairwise(journal.entries):
        if name in (coins.id, dollars.id) and one_trade(coins, dollars):
            other = dollars if name == coins.id else coins
            assert isinstance(other.event, Spot)
            return other.id, other.event.asset
    return None


def one_trade(first: Entry, second: Entry) -> bool:
    """Whether two entries are the sides of a spot trade: a coin, and its worth in dollars."""
    coins, dollars = first.event, second.event
    return (
        isinstance(coins, Spot) and isinstance(dollars, Spot) and first.time == second.time
        and coins.price is not None and dollars.price is None and dollars.quantity == -coins.quantity * coins.price
    )  # fmt: skip


def refuse_impossible(portfolio: Portfolio, added: Added) -> None:
    """Raise Refused where new transfers and spot trades take more coins than there are.

    That is: more than are held, than are in the futures account, or than are left outside it. What a fill or funding
    takes is the exchange's word, alone and beside transfers of a plan: a coin may be owed there, and a fill at another
    price than planned has another fee.
    """
    was, now = fold(portfolio, added.before.entries).book, fold(portfolio, added.after.entries).book
    moves = [entry.event for entry in added.new if isinstance(entry.event, (Spot, Transfer))]
    taken = apply(Book({}, {}, {}), moves).book
    for asset in sorted({move.asset for move in moves}):
        places = _places(asset, portfolio)
        each = (_coins(book, asset, portfolio) for book in (was, now, taken))
        for place, left_before, left, moved in zip(places, *each, strict=True):
            if left < 0 and left < left_before and moved < 0:
                instead = "correct the quantity, or record what came first"
                raise Refused(f"{plain(left)} {asset} would be {place}; {instead}")


def _places(asset: str, portfolio: Portfolio) -> tuple[str, ...]:
    account = "in the futures account" if not portfolio.has_several else ""
    there = (account or f"in {wallet}" for wallet in portfolio.wallets_of(asset))
    return ("held", *there, f"left outside the futures account{'s' if portfolio.has_several else ''}")


def _coins(book: Book, asset: str, portfolio: Portfolio) -> tuple[Fraction, ...]:
    """Coins held, in each account, and left outside them."""
    held = book.holdings.get(asset, ZERO)
    posted = [book.wallets.get(wallet, ZERO) for wallet in portfolio.wallets_of(asset)]
    return held, *posted, held - sum(posted, ZERO)


def contract_called(name: str, portfolio: Portfolio, among: Mapping[str, Contract]) -> str:
    """A contract's name among others, of one that is called by its account too; else what was said."""
    account, _, bare = name.rpartition(":")
    if not account or name in among:
        return name
    alone = "" if portfolio.has_several else portfolio.accounts[0].name
    named = (key for key, each in among.items() if (each.account or alone) == account)
    return next((key for key in named if key.rpartition(":")[2] == bare), name)


def contract_named(scene: Scene, name: str) -> Contract:
    """A contract of the portfolio, or one that is open. Raises UsageProblem."""
    portfolio = scene.portfolio
    known = portfolio.contracts.get(contract_called(name, portfolio, portfolio.contracts))
    if known is not None:
        return known
    held = {position.contract.name: position.contract for position in scene.book().listed}
    found = held.get(contract_called(name, portfolio, held))
    if found is None:
        there = sorted(key for key in {*portfolio.contracts, *held} if key.rpartition(":")[2] == name)
        if there:
            raise UsageProblem(f"--contract {name}: is named with its account; write {' or '.join(there)}")
        raise UsageProblem(f"--contract {name}: no such contract; `rebal venues` lists them, contracts: adds your own")
    return found


def _refuse_unknown(asset: str, scene: Scene) -> None:
    portfolio = scene.portfolio
    known = {*portfolio.holdings, *portfolio.market.prices, *portfolio.cash, *portfolio.aside}
    if asset not in known | portfolio.statement.holdings.keys():
        raise UsageProblem(f"--asset {asset}: no such coin in the portfolio; add market.prices.{asset} if it is new")
