"""How assets, contracts and scenarios are named; the patterns are the ones that editors are told too."""

import re
from collections.abc import Sequence

ASSET = "[A-Z0-9]{1,20}"
CONTRACT = "[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
ACCOUNT = "[A-Za-z0-9][A-Za-z0-9._-]{0,19}"
SCENARIO = "[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}"
_NAMED_AT_MOST = 3
ASSET_INSTEAD = "write 1 to 20 of A-Z and 0-9"
"""What to write where an asset's name was not one."""


def is_asset(text: str) -> bool:
    """Whether a text can be an asset's name.

    >>> is_asset("BTC"), is_asset("btc")
    (True, False)
    """
    return re.fullmatch(ASSET, text, re.ASCII) is not None


def is_contract(text: str) -> bool:
    """Whether a text can be a contract's name, at an account or bare.

    >>> is_contract("BTCUSD_PERP"), is_contract("bybit:BTCUSD"), is_contract("-BTC")
    (True, True, False)
    """
    return re.fullmatch(f"({ACCOUNT}:)?{CONTRACT}", text, re.ASCII) is not None


def is_wallet(text: str) -> bool:
    """Whether a text can be a wallet's name: an asset's, at an account or bare."""
    return re.fullmatch(f"({ACCOUNT}:)?{ASSET}", text, re.ASCII) is not None


def is_account(text: str) -> bool:
    """Whether a text can be an account's name."""
    return re.fullmatch(ACCOUNT, text, re.ASCII) is not None


def within(account: str | None, name: str) -> str:
    """The name of a wallet or contract at one of several accounts; bare where there is only one.

    >>> within("bybit", "BTC"), within(None, "BTC")
    ('bybit:BTC', 'BTC')
    """
    return f"{account}:{name}" if account else name


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence, the first few of many: A, B and C.

    >>> listed("ABCD"), listed("ABCDE"), listed("AB", "or")
    ('A, B, C and D', 'A, B, C and 2 more', 'A or B')
    """
    shown, more = first_few(len(names))
    *some, end = [*names[:shown], *([f"{more} more"] if more else [])]
    return f"{', '.join(some)} {last} {end}" if some else end


def first_few(count: int) -> tuple[int, int]:
    """How many of a list are named, and how many are counted: never one alone, which is named in as few words."""
    shown = count if count <= _NAMED_AT_MOST + 1 else _NAMED_AT_MOST
    return shown, count - shown
