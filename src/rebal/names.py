"""How assets, contracts and scenarios are named; the patterns are the ones that editors are told too."""

import re

ASSET = "[A-Z0-9]{1,20}"
CONTRACT = "[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
SCENARIO = "[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}"
ASSET_INSTEAD = "write 1 to 20 of A-Z and 0-9"
"""What to write where an asset's name was not one."""


def is_asset(text: str) -> bool:
    """Whether a text can be an asset's name.

    >>> is_asset("BTC"), is_asset("btc")
    (True, False)
    """
    return re.fullmatch(ASSET, text, re.ASCII) is not None


def is_contract(text: str) -> bool:
    """Whether a text can be a contract's name.

    >>> is_contract("BTCUSD_PERP"), is_contract("-BTC")
    (True, False)
    """
    return re.fullmatch(CONTRACT, text, re.ASCII) is not None
