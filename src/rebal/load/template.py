"""The file that ``rebal init`` writes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from rebal.amounts import Fraction, plain, toward_zero
from rebal.market.contract import Contract, Kind

_EXAMPLE_USD = Fraction(14900)
_AS_OF = "2026-11-01T00:00:00Z"
_BOUGHT_LATELY = "2026-08-15"

TEXT = """\
# yaml-language-server: $schema=portfolio.schema.json
# `rebal schema > portfolio.schema.json` puts that schema beside this file; editors then complete and check the keys.
# Put your own figures in, then: rebal check, rebal plan. Nothing ever writes to this file.

name: Core holdings
venue: bybit                  # where your contracts trade; `rebal venues` lists what is known
as_of: 2026-11-01T00:00:00Z   # when holdings, wallets and positions were true

# Several accounts, or one whose coins are pooled, in place of venue, wallets and positions. pooled: all coins margin
# everything, and the exchange shows one rate for the account; cross: a wallet a coin, with a balance and a ratio each;
# isolated: a margin of its own beside each position. `rebal guide pooled` says where to look at each venue.
# accounts:
#   bybit: {venue: bybit, margin: pooled, at_most: 40%, wallets: {BTC: 0.4}, positions: []}
#   deribit: {venue: deribit, withdrawal: {BTC: {fee: 0.0002, least: 0.001, takes: 2h}}}

# Every coin you own, in the futures account or not.
holdings:
  BTC: 2
  ETH:
    quantity: 14
    lots:                     # optional, for tax: USD per coin
      - {quantity: 10, cost: 1500, acquired: 2024-03-01}
      - {quantity: 4, cost: 2900, acquired: 2026-08-15}
  SOL: 100
  USDT: 5000

# The weights you want, 100% in all. USD is the row of everything that counts as dollars.
targets:
  BTC: 50%
  ETH: 30%
  SOL: 15%
  USD: 5%
# aside: [DOGE]               # coins you hold that are no business of the plan

# What is in the futures account already; it is a part of holdings.
# wallets:
#   BTC: 0.4
# positions:                  # as the exchange shows them, one net row per contract; shorts are negative
#   - {contract: BTCUSD, contracts: -14900, entry_price: 40000}

# Prices in USD; a contract without one is marked at its coin's. `--market live` asks the exchange, FILE a file.
market:
  as_of: 2026-11-01T00:00:00Z
  prices: {BTC: 40000, ETH: 2500, SOL: 150}
  funding: {BTCUSD: 0.01%}    # per funding interval; positive: longs pay shorts
# prices_from: [kraken, coinbase]   # exchanges that `--market live` asks for coins that the venue does not price

# What the catalogue lacks, or what your account has otherwise.
# contracts:
#   BTCUSD: {leverage: 5}

# The rules that a plan keeps, each with its default.
policy:
  band: 5%                    # points that a weight may drift before anything is traded
  margin_mode: cross          # cross or isolated
  leverage: 1                 # most that a wallet may carry after a plan
  liquidation_distance: 50%   # least distance to liquidation after a plan, either way
  alert: {distance: 35%, leverage: 1.25}
  min_order: 10               # USD
  routes: [inverse, linear, proxy]
  sizing: notional            # or coin
  max_at_venue: 100%          # most of a holding that may sit in the futures account
  uncovered: spread           # what cannot be covered keeps its exposure, the others share the rest; or refuse
  post: [own, dollars, best]  # what fills a pooled account: each leg's own coin, then dollars, then what counts best
  prefer: order               # of several accounts, as they stand in the file; or cost: where the horizon costs least
  horizon: 90d                # how long what is opened is held, for prefer: cost
  max_price_age: 1d
  hedge_band: 1%              # points of its coins that a hedge may be off before it is traded

# What a spot trade costs and how gains are taxed: for comparisons with selling; nothing is assumed.
# costs: {spot_fee: 0.1%, slippage: 0.05%}
# tax: {method: hifo, short_term: 37%, long_term: 20%, long_after: 1y}
# scenarios:
#   crash: {BTC: -40%, ETH: -55%, SOL: -70%}
"""


_ACCOUNT = """\
# pooled: all coins margin everything, and the exchange shows one rate for the account; cross: a wallet a coin, with a
# balance and a ratio each; isolated: a margin of its own beside each position. `rebal guide pooled` says where to look.
accounts:
  {venue}:
    venue: {venue}              # where your contracts trade; `rebal venues` lists what is known
    margin: {margin}            # as your account is: pooled, cross or isolated
    # at_most: 40%              # of equity that may sit here
    # wallets: {{BTC: 0.4}}       # what is in the account already; it is a part of holdings
    # positions:                # as the exchange shows them, one net row per contract; shorts are negative
    #   - {{contract: BTCUSD, contracts: -14900, entry_price: 40000}}
  # deribit: {{venue: deribit}}   # another account

"""


def dated(now: datetime) -> str:
    """The file with its statement and prices as of now, to the minute, and its younger lot some weeks before."""
    moment = now.astimezone(UTC)
    bought = (moment - timedelta(days=78)).date().isoformat()
    return TEXT.replace(_BOUGHT_LATELY, bought).replace(_AS_OF, moment.strftime("%Y-%m-%dT%H:%M:00Z"))


def started(
    venue: str, *, now: datetime, holdings: Mapping[str, str], targets: Mapping[str, str], prices: Mapping[str, str],
    margin: str | None = None, funding: Mapping[str, str] | None = None, example: Contract | None = None,
) -> str:  # fmt: skip
    """The file with figures of one's own in place of the example's, dated now.

    ``margin``: how the account there is margined, where it was asked; it stands under ``accounts`` then. ``example``:
    the contract that comments name.
    """
    text = dated(now)
    if margin is None:
        text = text.replace("venue: bybit ", f"venue: {venue} ".ljust(len("venue: bybit ")), 1)
    else:
        text = re.sub(r"(?m)^venue: bybit .*\n", "", text, count=1)
        text = re.sub(r"(?ms)^# Several accounts, .*?\n\n", _ACCOUNT.format(venue=venue, margin=margin), text, count=1)
        text = re.sub(r"(?ms)^# What is in the futures account already.*?\n\n", "", text, count=1)
        text = re.sub(r"(?m)^  margin_mode: .*\n", "", text, count=1)
    blocks = (("holdings", _block(holdings)), ("targets", _block(targets)))
    for key, block in blocks:
        text = re.sub(rf"(?m)^{key}:\n(?:  .*\n)+", f"{key}:\n{block}", text)
    quoted = ", ".join(f"{name}: {price}" for name, price in prices.items())
    text = re.sub(r"(?m)^  prices: .*$", f"  prices: {{{quoted}}}", text)
    if funding:
        rates = ", ".join(f"{name}: {rate}" for name, rate in funding.items())
        text = re.sub(r"(?m)^  funding: \{.*?\}", f"  funding: {{{rates}}}", text, count=1)
    else:
        text = re.sub(r"(?m)^  funding: ", "  # funding: ", text, count=1)
    return text if example is None else _naming(example, text)


def _naming(example: Contract, text: str) -> str:
    """The file with a contract of the venue in its comments, and as many of them as are worth the example's."""
    count = toward_zero(_EXAMPLE_USD / example.multiplier, example.lot_size)
    contracts = plain(-count) if example.kind is Kind.INVERSE and count else "-100"
    lines = (
        re.sub(r"\bBTCUSD\b", example.name, line).replace("contracts: -14900", f"contracts: {contracts}")
        if line.lstrip().startswith("# ")
        else line
        for line in text.splitlines(keepends=True)
    )
    return "".join(lines)


def _block(figures: Mapping[str, str]) -> str:
    return "".join(f"  {name}: {figure}\n" for name, figure in figures.items())
