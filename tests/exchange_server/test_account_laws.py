"""Whatever an account went through: one that holds the same agrees, and what nobody recorded can be recorded."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exact import exact
from exchange import traded
from exchange_server import Server
from exchange_server.accounts import Event, Ledger, Open, answers
from planner.given import INPUTS
from rebal import load
from rebal.amounts import ZERO, Fraction, half_even
from rebal.exchange import Deadline, Keys, accounts, opened
from rebal.exchange.accounts import Asking
from rebal.exchange_account import Account
from rebal.journal import from_exchange
from rebal.journal.adding import add
from rebal.journal.fold import fold
from rebal.journal.placing_plans import Placings
from rebal.ledger import Fill, Funding, Journal
from rebal.market.contract import Contract
from rebal.portfolio import Portfolio
from rebal.reconcile.report import Ends, reconcile
from rebal.reports.reconciliation import Reconciliation, Verdict

pytestmark = pytest.mark.usefixtures("loopback")
AS_OF = datetime(2026, 11, 20, 8, tzinfo=UTC)
NOW = AS_OF + timedelta(days=60)  # later than fourteen steps of three days
CONTRACTS = {
    "binance": ("BTCUSD_PERP", "ETHUSD_PERP"),
    "bybit": ("BTCUSD", "ETHUSD"),
    "okx": ("BTC-USD-SWAP", "ETH-USD-SWAP"),
    "deribit": ("BTC-PERPETUAL", "ETH-PERPETUAL"),
    "kraken": ("PI_XBTUSD", "PI_ETHUSD"),
}
MORE = {
    "bitmex": ("XBTUSD", "XBTUSD"),
    "gate": ("BTC_USD", "BTC_USD"),
    "htx": ("BTC-USD", "ETH-USD"),
    "kucoin": ("XBTUSDM", "ETHUSDM"),
    "phemex": ("BTCUSD", "cETHUSD"),
    "binance usd-m": ("BTCUSDT", "ETHUSDT"),
    "weex": ("BTCUSDT", "ETHUSDT"),
    "mexc": ("BTC_USD", "ETH_USD"),
    "bingx": ("BTC-USD", "ETH-USD"),
}
DATED = {"htx dated": ("BTC-USD", "BTC270326")}
"""A swap and a dated contract of one coin, whose accounts HTX keeps apart."""
LOTS = {"bitmex": 100}
FILLS_ALONE = ("bingx",)
"""Venues that tell nothing of what happened but fills."""
UNFORCED = ("weex",)
"""Venues that do not tell a liquidation from another fill."""
LINEAR = ("binance usd-m", "weex")
WALLETS = {
    **dict.fromkeys((*CONTRACTS, *MORE, *DATED), "BTC: 20, ETH: 300"), **dict.fromkeys(("bitmex", "gate"), "BTC: 20"),
    **dict.fromkeys(LINEAR, "USDT: 900000"),
}  # fmt: skip
OWN = {
    "weex": """\
contracts:
  BTCUSDT: {asset: BTC, kind: linear, multiplier: 0.0001, taker_fee: 0.08%}
  ETHUSDT: {asset: ETH, kind: linear, multiplier: 0.001, taker_fee: 0.08%}
"""
}
COINS = ("BTC", "ETH", "USDT")
PRICES = {"BTC": exact(40000), "ETH": exact(2500)}
PAGES = {"bybit": 3, "deribit": 3, "htx": 2, "kucoin": 2}
"""Rows of a page where the answer says that there are more; elsewhere a page that is not full is the last."""
STEP = Fraction(1, 10**8)
TEXT = """\
venue: {venue}
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 50, ETH: 800, USDT: 990000}}
wallets: {{{wallets}}}
positions: [{positions}]
market: {{as_of: 2026-11-20T08:00:00Z, prices: {{BTC: 40000, ETH: 2500}}}}
"""


def rounded(value: Fraction) -> Fraction:
    """To 1e-8, as exchanges do with coins and entry prices."""
    return half_even(value, 8) * STEP


class Exchange:
    """The truth: a ledger, and what its exchange does to it.

    ``account``: which of several it is, and ``named``: what the file calls its contracts.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        names: tuple[str, str],
        *,
        account: str = "",
        named: Mapping[str, str] | None = None,
    ) -> None:
        called, statement = named or dict(zip(names, names, strict=True)), portfolio.statement
        self.contracts = {name: portfolio.contracts[called[name]] for name in names}
        split = ((*wallet.rpartition(":"), held) for wallet, held in statement.wallets.items())
        self.venue = portfolio.account(account).venue or ""
        self.ledger = Ledger(
            {asset: held for at, _, asset, held in split if at == account}, page=PAGES.get(self.venue, 0)
        )
        for name in names:
            position = statement.positions.get(called[name])
            if position is not None:
                self._stands(name, position.contracts, position.entry_price)
        self.time = AS_OF

    def happens(self, kind: str, name: str, size: int) -> None:
        """One thing of a kind, some minutes or days after the last."""
        self.time += timedelta(minutes=7) if size % 3 else timedelta(days=3)
        contract, number = self.contracts[name], 1000 + len(self.ledger.events)
        event = Event(str(number), self.time, kind, contract.settle, ZERO, name, size=contract.multiplier)
        if kind in ("fill", "liquidation") or self.venue in FILLS_ALONE:
            event.kind, event.forced = "fill", kind == "liquidation"
            self._fill(event, contract, size)
        elif kind == "funding" and contract.expiry is None:
            event.coins = size * 7 * STEP
        else:
            event.kind, event.contract, event.coins = "transfer", "", Fraction(size, 1000)
        self.ledger.wallets[event.coin] += event.coins
        self.ledger.events.append(event)

    def _fill(self, event: Event, contract: Contract, size: int) -> None:
        event.contracts = Fraction(size * (100 if contract.multiplier == 1 else 1))
        event.price = PRICES[contract.asset] * (100 + size % 7) / 100
        paid = Fraction(1, 2000) if size % 5 else -Fraction(1, 4000)  # a maker may be paid
        event.fee = rounded(contract.coins(event.contracts, event.price) * paid)
        held = self.ledger.positions.get(event.contract)
        before = (held.contracts, held.entry) if held is not None else (ZERO, event.price)
        now, entry, pnl = traded(contract, *before, signed=event.contracts, price=event.price)
        event.coins = rounded(pnl) - event.fee
        self._stands(event.contract, now, rounded(entry))

    def _stands(self, name: str, contracts: Fraction, entry: Fraction) -> None:
        contract = self.contracts[name]
        self.ledger.positions.pop(name, None)
        if contracts:
            mark = PRICES[contract.asset]
            self.ledger.positions[name] = Open(contracts, entry, contract.multiplier, coin=contract.settle, mark=mark)


def written(venue: str, positions: dict[str, int]) -> Portfolio:
    """A portfolio with these contracts, in hundreds of dollars or so."""
    rows = (f"{{contract: {name}, contracts: {size}, entry_price: {'39876.5' if 'ETH' not in name else '2456.25'}}}"
            for name, size in positions.items() if size)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "portfolio.yaml")
        text = TEXT.format(venue=venue.partition(" ")[0], wallets=WALLETS[venue], positions=", ".join(rows))
        file.write_text(text + OWN.get(venue, ""))
        return load.portfolio(str(file), now=NOW)


def asking(server: Server, portfolio: Portfolio, *, linear: bool = False) -> Asking:
    network = server.network()
    keys = Keys("key", "c2VjcmV0c2VjcmV0c2VjcmV0", "password")
    line = opened(portfolio.venue or "", network, deadline=Deadline(network, 60), keys=keys)
    return Asking(line, portfolio.contracts.get, frozenset(COINS), linear=linear)


def beside(portfolio: Portfolio, journal: Journal, account: Account) -> Reconciliation:
    later = [entry.event for entry in journal.entries if isinstance(entry.event, Fill | Funding)]
    booked = {coin: len([each for each in later if each.settle == coin]) for coin in COINS}
    book = fold(portfolio, journal.entries).book
    return reconcile(portfolio, book, {None: account}, inputs=INPUTS, ends=Ends(), booked=booked)


def recorded(portfolio: Portfolio, journal: Journal, asked: Asking, *, until: datetime) -> tuple[Journal, list[str]]:
    start = from_exchange.start(portfolio, journal)
    events = accounts.happened(asked, start, until + timedelta(minutes=1))
    found = from_exchange.taken(events, portfolio, journal=journal, placings=Placings((), journal))
    return add(journal, found.drafts).after, found.notes


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fill", "fill", "liquidation", "funding", "transfer"]),
        st.sampled_from([0, 1]),
        st.integers(-40, 40).filter(bool),
    ),
    max_size=7,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(
    venue=st.sampled_from(sorted((*CONTRACTS, *MORE, *DATED))),
    sizes=st.tuples(st.integers(-900, 900), st.integers(-900, 900)),
    known=STEPS,
    unknown=STEPS,
)
def test_what_nobody_recorded_is_brought_back(
    venue: str,
    sizes: tuple[int, int],
    known: list[tuple[str, int, int]],
    unknown: list[tuple[str, int, int]],
) -> None:
    names = {**CONTRACTS, **MORE, **DATED}[venue]
    portfolio = written(venue, dict(zip(names, (size * LOTS.get(venue, 1) for size in sizes), strict=True)))
    exchange = Exchange(portfolio, names)
    with Server(dict(answers(venue, exchange.ledger)), wired=False) as server:
        asked, journal = asking(server, portfolio, linear=venue in LINEAR), Journal()
        for steps in (known, unknown):
            for kind, which, size in steps:
                exchange.happens(kind, names[which], size)
            journal, notes = recorded(portfolio, journal, asked, until=exchange.time)
            assert not [note for note in notes if note.startswith("not recorded")]
            forced = [each for each, *_ in steps if each == "liquidation"]
            assert len([note for note in notes if "closed by force" in note]) == (len(forced), 0)[venue in UNFORCED]
            told = beside(portfolio, journal, accounts.state(asked))
            assert told.verdict is Verdict.EQUAL, told.summary
        again, _ = recorded(portfolio, journal, asked, until=exchange.time)
    assert again == journal
    assert len(journal.entries) == len(exchange.ledger.events)
