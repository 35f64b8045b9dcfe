"""What the journal holds: its entries and what they did, and what contracts brought."""

from collections.abc import Sequence

from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode
from rebal.formats.describe._phrases import destination, purposes
from rebal.formats.document import Column, Place, Role, Section, Table
from rebal.formats.document.said import DIM, YELLOW, Figure, Inked, Kind, Medium, Said
from rebal.ledger import EntryLine, EntryType, OrderedPart, Realised, RealisedUsd
from rebal.plan import OrderPart
from rebal.stated import Coins, Shift


def _deed(entry: EntryLine) -> tuple[Said, ...]:
    """What happened. What was traded or moved and its price have every digit."""
    match entry.type:
        case EntryType.FILL:
            return _fill(entry)
        case EntryType.FUNDING:
            return _funding(entry)
        case EntryType.TRANSFER:
            return _transfer(entry)
        case EntryType.SPOT:
            return _spot(entry)
        case EntryType.HEDGE if not entry.fraction:
            return (f"no hedge of {entry.asset} asked any more",)
        case EntryType.HEDGE:
            until = () if entry.until is None else (" until ", entry.until)
            return (f"hedge of {entry.asset} asked: ", Figure(entry.fraction or ZERO, Kind.PERCENT), *until)
        case EntryType.VOID:
            return (f"voids {entry.voids}: {entry.reason}",)
        case EntryType.STATEMENT:
            return _statement(entry)
        case EntryType.DIFFERENCE:
            return _difference(entry)
        case EntryType.ORDERS:
            return ("not all filled then: ", *_listed([_ordered(row) for row in entry.orders]))


def _ordered(row: OrderedPart) -> Said:
    side = "buy" if row.contracts > 0 else "sell"
    contracts = _exact(row.contracts, "contract" if abs(row.contracts) == 1 else "contracts")
    return (f"{side} ", contracts, f" of {row.contract} for {row.purpose}")


def _contract(entry: EntryLine) -> str | None:
    """The contract, and at which account where the file has several; a name may tell that already."""
    if entry.contract is None or entry.account is None or entry.contract.startswith(f"{entry.account}:"):
        return entry.contract
    return f"{entry.contract} on {entry.account}"


def _fill(entry: EntryLine) -> tuple[Said, ...]:
    contracts = entry.contracts or ZERO
    parts = [OrderPart(part.purpose, part.contracts, (part.stands_for,)) for part in entry.parts]
    return (
        "bought " if contracts > 0 else "sold ",
        _exact(contracts, "contract" if abs(contracts) == 1 else "contracts"),
        f" of {_contract(entry)} at ",
        entry.price or ZERO,
        ", fee ",
        Figure(entry.fee or ZERO, Kind.COINS, entry.settle or ""),
        ", for ",
        *purposes(parts, entry.asset or ""),
        ", isolated margin" if entry.margin_mode is MarginMode.ISOLATED else "",
    )


def _funding(entry: EntryLine) -> tuple[Said, ...]:
    amount = entry.amount or ZERO
    return (
        "received " if amount > 0 else "paid ",
        Figure(abs(amount), Kind.COINS, entry.settle or ""),
        f" of funding on {_contract(entry)}, {entry.asset} at ",
        entry.price or ZERO,
    )


def _transfer(entry: EntryLine) -> tuple[Said, ...]:
    quantity, other = entry.quantity or ZERO, entry.other_account
    place = destination(quantity, _contract(entry), entry.account)
    way = "" if other is None else f", {'from' if quantity > 0 else 'on the way to'} {other}"
    return ("moved ", _exact(quantity, entry.asset), f" {place}{way}")


def _spot(entry: EntryLine) -> tuple[Said, ...]:
    quantity = entry.quantity or ZERO
    moved = _exact(quantity, entry.asset)
    if entry.other_account is not None:
        return (moved, f" kept by the network on the way from {entry.account} to {entry.other_account}")
    if entry.price is None:
        return (moved, " came in" if quantity > 0 else " went out", ", price not given")
    return ("bought " if quantity > 0 else "sold ", moved, " at ", entry.price)


def _statement(entry: EntryLine) -> tuple[Said, ...]:
    held = _listed([_exact(row.quantity, row.asset) for row in entry.holdings]) or ("nothing",)
    inside = _listed([_exact(row.quantity, row.asset) for row in entry.wallets])
    listed = _listed([Figure(row.contracts, Kind.EXACT, row.contract) for row in entry.positions])
    account = (", of them ", *inside, " in the futures account") if inside else ()
    return ("the file: ", *held, " held", *account, "; ", *(listed or ("no position",)), " open")


def _difference(entry: EntryLine) -> tuple[Said, ...]:
    """What the statement has otherwise than the journal: positions first, what they are worth last."""
    said: list[Said] = [_shift(row) for row in entry.shifts]
    said += [(*_more(row), " held") for row in entry.holdings]
    said += [(*_more(row), " in the futures account") for row in entry.wallets]
    return ("the statement differs: ", *_listed(said), "; worth ", Figure(entry.usd or ZERO, Kind.USD))


def _shift(row: Shift) -> tuple[Said, ...]:
    now = Figure(row.contracts_after, Kind.EXACT, row.contract)
    if row.contracts_before != row.contracts_after:
        return (now, " where the journal has ", row.contracts_before)
    return (now, " entered at ", row.entry_after, ", not ", row.entry_before)


def _more(row: Coins) -> tuple[Said, ...]:
    return (_exact(row.quantity, row.asset), " more" if row.quantity > 0 else " less")


def _listed(said: Sequence[Said]) -> tuple[Said, ...]:
    return tuple(piece for n, each in enumerate(said) for piece in ((", ", each) if n else (each,)))


def _exact(quantity: Fraction, unit: str | None) -> Figure:
    return Figure(abs(quantity), Kind.EXACT, unit or "")


def _dim_if_voided(entry: EntryLine, said: Said) -> Said:
    return said if entry.voided_by is None else Inked(said, DIM)


def _shown_deed(entry: EntryLine) -> Said:
    if entry.voided_by is None:
        return _deed(entry)
    return (Inked((f"voided by {entry.voided_by}: ",), YELLOW), Inked(_deed(entry), DIM))


_ENTRIES = (
    Column("", lambda entry: _dim_if_voided(entry, str(entry.seq)), record="{}", role=Role.NAME),
    Column("time", lambda entry: Inked(entry.time, DIM), record="{}", role=Role.NAME, left=True),
    Column("type", lambda entry: _dim_if_voided(entry, entry.type), record="{}", role=Role.NAME, left=True),
    Column("", _shown_deed, role=Role.BELOW, only=Medium.PAGE),
    Column("id", lambda entry: Inked(entry.id, DIM), record="{}", left=True),
    Column("", "voided_by", record="voided-by {}", only=Medium.RECORDS),
    Column("", _deed, only=Medium.RECORDS),
)


def entries(lines: Sequence[EntryLine], *, note: str = "") -> Section:
    """What the journal's entries did, in the order of recording, a row an entry; one that is voided says by which."""
    return Section("Entries", (Table(_ENTRIES, lines, word="entry"),), note)


def _in_dollars(heading: str, attribute: str, word: str, yields: int = 0) -> Column:
    return Column(
        f"{heading} $",
        attribute,
        Kind.DOLLARS,
        heading,
        "dollars",
        record=f"{word} {{}}",
        yields=yields,
        totalled=True,
        place=Place.LAST,
    )


REALISED = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("PnL", "coin", Kind.COINS, record="coin {}", unit="currency"),
    _in_dollars("PnL", "usd", "usd"),
    Column("fees", "fees_coin", Kind.COINS, unit="currency", yields=2),
    _in_dollars("fees", "fees_usd", "fees-usd", yields=1),
    Column("funding", "funding_coin", Kind.COINS, unit="currency", yields=2),
    _in_dollars("funding", "funding_usd", "funding-usd", yields=1),
    _in_dollars("net", "net_usd", "net-usd"),
)
"""Each in the settlement coin and in dollars; a total has the dollars alone."""


def _part(heading: str, of: str, record: str) -> tuple[Column, Column]:
    """What an episode brought by one cause, in dollars for the eye and in coin as well on a pipe."""
    dollars = Column(
        f"{heading} $", f"{of}_usd", Kind.DOLLARS, heading, "dollars", record=f"{record}-usd {{}}", place=Place.LAST
    )
    return Column("", f"{of}_coin", Kind.COINS, record=f"{record} {{}}", unit="currency", only=Medium.RECORDS), dollars


EPISODES = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("", lambda each: str(each.number), record="{}", role=Role.NAME),
    Column("from", lambda each: each.since and Inked(each.since, DIM), record="since {}", left=True),
    Column("until", lambda each: each.until and Inked(each.until, DIM), record="until {}", left=True),
    Column("at most", "contracts", after="contracts", record="contracts {}"),
    *_part("by price", "price", "price"),
    *_part("by basis", "basis", "basis"),
    *_part("fees", "fees", "fees"),
    *_part("funding", "funding", "funding"),
    Column("net", "net_coin", Kind.COINS, record="net {}", unit="currency"),
    Column("net $", "net_usd", Kind.DOLLARS, "net", "dollars", record="net-usd {}", place=Place.LAST),
)
"""From flat to flat: what was realised by the index's move and by the basis, fees, funding, and what they come to."""


def realised(lines: Sequence[Realised], *, total: RealisedUsd | None = None) -> Section:
    """What was realised, a row a contract, and a last one over all where there are several."""
    table = Table(REALISED, lines, word="realised", total=total)
    return Section("Realised", (table,), "in dollars at the index of then, else at the fill's price")
