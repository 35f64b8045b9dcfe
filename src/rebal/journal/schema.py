"""The layout of the file and what brings an older one to it.

A version's script is never edited once it was released; a change of layout is one more script.
"""

from rebal.frozen import frozen

APPLICATION_ID = 0x72626A6C
"""Marks the file as a rebal journal; nothing without it is ever written to."""

_INSTANTS = ("time", "expiry", "until")
_HASHES = ("plan", "previous", "hash")
_EVERY = ("seq", "id", "time", "type", "plan", "previous", "hash")


@frozen
class _Layout:
    """The columns of a version by what they hold, and for each type of entry those it has and those it may have."""

    decimals: tuple[str, ...]
    words: tuple[str, ...]
    full: tuple[tuple[str, str, str], ...]
    rows: tuple[str, ...] = ()


_FIRST = _Layout(
    decimals=("contracts", "price", "fee", "multiplier", "contracts_before", "entry_before", "amount", "quantity",
              "fraction"),
    words=("id", "contract", "parts", "margin_mode", "asset", "kind", "settle", "voids", "reason"),
    full=(
        ("fill", "contract contracts price fee parts margin_mode asset kind multiplier settle",
         "expiry contracts_before entry_before"),
        ("funding", "contract amount price asset kind settle", ""),
        ("transfer", "asset quantity", "contract"),
        ("spot", "asset quantity", "price"),
        ("hedge", "asset fraction", "until"),
        ("void", "voids reason", ""),
    ),
)  # fmt: skip
_SECOND = _Layout(
    decimals=(*_FIRST.decimals, "index_price", "usd"),
    words=(*_FIRST.words, "statement"),
    full=(
        ("fill", "contract contracts price fee parts margin_mode asset kind multiplier settle",
         "expiry contracts_before entry_before index_price"),
        *_FIRST.full[1:4],
        ("hedge", "asset fraction", "until price"),
        _FIRST.full[5],
        ("statement", "", "holdings wallets positions prices marks"),
        ("difference", "statement usd", "holdings wallets shifts"),
    ),
    rows=("holdings", "wallets", "positions", "prices", "marks", "shifts"),
)  # fmt: skip

_FIFTH = _Layout(
    decimals=(*_SECOND.decimals, "settle_price"),
    words=(*_SECOND.words, "account"),
    full=(
        ("fill", _SECOND.full[0][1], f"{_SECOND.full[0][2]} settle_price account"),
        ("funding", _SECOND.full[1][1], "settle_price account"),
        ("transfer", _SECOND.full[2][1], "contract account"),
        *_SECOND.full[3:],
        ("orders", "orders", ""),
    ),
    rows=(*_SECOND.rows, "orders"),
)
_SIXTH = _Layout(
    decimals=_FIFTH.decimals,
    words=(*_FIFTH.words, "other_account"),
    full=(
        *_FIFTH.full[:2],
        ("transfer", "asset quantity", "contract account other_account"),
        ("spot", "asset quantity", "price account other_account"),
        *_FIFTH.full[4:],
    ),
    rows=_FIFTH.rows,
)


def _checks(of: _Layout) -> str:
    """What every row must be, as SQL: the types of its values, and for each type of entry what it has."""
    rules = ["typeof(seq) = 'integer' AND seq > 0", "(seq = 1) = (previous IS NULL)"]
    rules += [f"{name} IS NULL OR ({_is_decimal(name)})" for name in of.decimals]
    rules += [f"{name} IS NULL OR ({_is_instant(name)})" for name in _INSTANTS]
    rules += [f"{name} IS NULL OR (typeof({name}) = 'text' AND length({name}) BETWEEN 1 AND 5000)" for name in of.words]
    rules += [f"{name} IS NULL OR (typeof({name}) = 'text' AND length({name}) > 0)" for name in of.rows]
    rules += [f"{name} IS NULL OR ({_is_hash(name)})" for name in _HASHES]
    for entry_type, needed, possible in of.full:
        allowed = {*_EVERY, *needed.split(), *possible.split()}
        present = [f"{name} IS NOT NULL" for name in needed.split()]
        all_of_it = (*of.decimals, *_INSTANTS, *of.words, *of.rows)
        absent = [f"{name} IS NULL" for name in all_of_it if name not in allowed]
        rules.append(f"type <> '{entry_type}' OR ({' AND '.join(present + absent)})")
    return ",\n".join(f"    CHECK ({rule})" for rule in rules)


def _is_decimal(name: str) -> str:
    return (
        f"typeof({name}) = 'text' AND length({name}) <= 82 AND {name} NOT GLOB '*[^0-9.-]*' AND {name} NOT GLOB '?*-*'"
        f" AND {name} NOT GLOB '*.*.*' AND {name} NOT GLOB '*.' AND trim({name}, '-') GLOB '[0-9]*'"
    )


def _is_instant(name: str) -> str:
    day_and_clock = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*Z"
    return f"typeof({name}) = 'text' AND length({name}) <= 27 AND {name} GLOB '{day_and_clock}'"


def _is_hash(name: str) -> str:
    return f"typeof({name}) = 'text' AND length({name}) = 64 AND {name} NOT GLOB '*[^0-9a-f]*'"


# Not AUTOINCREMENT and not STRICT: the former adds a table that may be edited, the latter shuts out older readers.
_TABLE = f"""\
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('fill', 'funding', 'transfer', 'spot', 'hedge', 'void')),
    contract TEXT, contracts TEXT, price TEXT, fee TEXT, parts TEXT, margin_mode TEXT, asset TEXT, kind TEXT,
    multiplier TEXT, settle TEXT, expiry TEXT, contracts_before TEXT, entry_before TEXT, amount TEXT, quantity TEXT,
    fraction TEXT, until TEXT, voids TEXT, reason TEXT, plan TEXT, previous TEXT, hash TEXT NOT NULL,
{_checks(_FIRST)}
)"""

# Refusing a row whose number or id is taken is what holds against INSERT OR REPLACE: the row it would replace is
# deleted without a DELETE trigger unless the writer's own connection asks for recursive triggers.
TRIGGERS = {
    "entries_only_follow": """\
CREATE TRIGGER entries_only_follow BEFORE INSERT ON entries
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries)
  OR NEW.previous IS NOT (SELECT hash FROM entries ORDER BY seq DESC LIMIT 1)
  OR EXISTS (SELECT 1 FROM entries WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'an entry follows the last one, under an id of its own'); END""",
    "entries_never_change": """\
CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry never changes; record one that voids it'); END""",
    "entries_never_go": """\
CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'an entry never goes; record one that voids it'); END""",
}


def _to_table(table: str, *, of: int, columns: str) -> tuple[str, ...]:
    """Move the entries of a version to a new table, as what checks one says cannot be changed; hashes stay the same."""
    before = f"entries_of_version_{of}"
    return (
        *(f"DROP TRIGGER {name}" for name in TRIGGERS),
        f"ALTER TABLE entries RENAME TO {before}",
        table,
        f"INSERT INTO entries ({columns}) SELECT {columns} FROM {before} ORDER BY seq",
        f"DROP TABLE {before}",
        *TRIGGERS.values(),
    )


FIRST_COLUMNS = (
    "seq, id, time, type, contract, contracts, price, fee, parts, margin_mode, asset, kind, multiplier, settle, "
    "expiry, contracts_before, entry_before, amount, quantity, fraction, until, voids, reason, plan, previous, hash"
)
"""The columns of version 1, which every file and every export has."""
_SECOND_TABLE = f"""\
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('fill', 'funding', 'transfer', 'spot', 'hedge', 'void', 'statement',
        'difference')),
    contract TEXT, contracts TEXT, price TEXT, fee TEXT, parts TEXT, margin_mode TEXT, asset TEXT, kind TEXT,
    multiplier TEXT, settle TEXT, expiry TEXT, contracts_before TEXT, entry_before TEXT, index_price TEXT, amount TEXT,
    quantity TEXT, fraction TEXT, until TEXT, voids TEXT, reason TEXT, holdings TEXT, wallets TEXT, positions TEXT,
    prices TEXT, marks TEXT, statement TEXT, shifts TEXT, usd TEXT, plan TEXT, previous TEXT, hash TEXT NOT NULL,
{_checks(_SECOND)}
)"""
_TO_SECOND = _to_table(_SECOND_TABLE, of=1, columns=FIRST_COLUMNS)

_TO_THIRD = (
    "ALTER TABLE entries ADD COLUMN settle_price TEXT CHECK (settle_price IS NULL OR "
    f"(type IN ('fill', 'funding') AND {_is_decimal('settle_price')}))",
)

_TO_FOURTH = (
    "ALTER TABLE entries ADD COLUMN account TEXT CHECK (account IS NULL OR "
    "(type IN ('fill', 'funding', 'transfer') AND typeof(account) = 'text' AND length(account) BETWEEN 1 AND 20))",
)

_UP_TO_ACCOUNT = (
    "seq, id, time, type, contract, contracts, price, fee, parts, margin_mode, asset, kind, multiplier, settle, "
    "expiry, contracts_before, entry_before, index_price, amount, quantity, fraction, until, voids, reason, holdings, "
    "wallets, positions, prices, marks, statement, shifts, usd, settle_price, account"
)
_UP_TO_ORDERS = """\
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('fill', 'funding', 'transfer', 'spot', 'hedge', 'void', 'statement',
        'difference', 'orders')),
    contract TEXT, contracts TEXT, price TEXT, fee TEXT, parts TEXT, margin_mode TEXT, asset TEXT, kind TEXT,
    multiplier TEXT, settle TEXT, expiry TEXT, contracts_before TEXT, entry_before TEXT, index_price TEXT, amount TEXT,
    quantity TEXT, fraction TEXT, until TEXT, voids TEXT, reason TEXT, holdings TEXT, wallets TEXT, positions TEXT,
    prices TEXT, marks TEXT, statement TEXT, shifts TEXT, usd TEXT, settle_price TEXT,
    account TEXT CHECK (length(account) <= 20), orders TEXT,"""
_FIFTH_TABLE = f"""\
{_UP_TO_ORDERS} plan TEXT, previous TEXT, hash TEXT NOT NULL,
{_checks(_FIFTH)}
)"""
_TO_FIFTH = _to_table(_FIFTH_TABLE, of=4, columns=f"{_UP_TO_ACCOUNT}, plan, previous, hash")

_SIXTH_TABLE = f"""\
{_UP_TO_ORDERS} other_account TEXT CHECK (length(other_account) <= 20),
    plan TEXT, previous TEXT, hash TEXT NOT NULL,
{_checks(_SIXTH)}
)"""
_TO_SIXTH = _to_table(_SIXTH_TABLE, of=5, columns=f"{_UP_TO_ACCOUNT}, orders, plan, previous, hash")

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (_TABLE, *TRIGGERS.values()), _TO_SECOND, _TO_THIRD, _TO_FOURTH, _TO_FIFTH, _TO_SIXTH
)  # fmt: skip
"""The n-th script takes a file of version n to n + 1; an empty file is of version 0."""
