"""Two accounts in one book, whatever they went through: each agrees, and what nobody recorded can be recorded."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exchange_server import Asked, Server
from exchange_server.accounts import answers
from exchange_server.test_account_laws import COINS, DATED, MORE, NOW, STEPS, Exchange
from exchange_server.test_account_laws import CONTRACTS as FIRST
from planner.given import INPUTS
from rebal import exchange_account, load
from rebal.commands._account import contracts_known
from rebal.exchange import Deadline, Keys, accounts, opened
from rebal.exchange.accounts import Asking
from rebal.journal import from_exchange
from rebal.journal.adding import add
from rebal.journal.fold import fold
from rebal.journal.placing_plans import Placings
from rebal.ledger import Fill, Funding, Journal
from rebal.names import within
from rebal.portfolio import Portfolio
from rebal.reconcile.report import Ends, reconcile
from rebal.reports.reconciliation import Reconciliation, Verdict

pytestmark = pytest.mark.usefixtures("loopback")
NAMES = ("cold", "warm")
CONTRACTS = {**FIRST, **{venue: MORE[venue] for venue in ("htx", "kucoin", "phemex", "mexc", "bingx")}, **DATED}
"""Contracts of BTC and of another coin, and a swap and a dated contract of one."""
TEXT = """\
as_of: 2026-11-20T08:00:00Z
holdings: {{BTC: 100, ETH: 1600}}
accounts:
  cold: {{venue: {0}, margin: cross, wallets: {{BTC: 20, ETH: 300}}, positions: [{2}]}}
  warm: {{venue: {1}, margin: cross, wallets: {{BTC: 30, ETH: 400}}, positions: [{3}]}}
market: {{as_of: 2026-11-20T08:00:00Z, prices: {{BTC: 40000, ETH: 2500}}}}
"""


def written(venues: tuple[str, str], sizes: tuple[tuple[int, int], tuple[int, int]]) -> Portfolio:
    rows = [
        ", ".join(
            f"{{contract: {name}, contracts: {size}, entry_price: {'39876.5' if 'ETH' not in name else '2456.25'}}}"
            for name, size in zip(CONTRACTS[venue], of_venue, strict=True)
            if size
        )
        for venue, of_venue in zip(venues, sizes, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "portfolio.yaml")
        file.write_text(TEXT.format(*(venue.partition(" ")[0] for venue in venues), *rows))
        return load.portfolio(str(file), now=NOW)


def at_account(portfolio: Portfolio, account: str, venue: str) -> Exchange:
    """The exchange of one account: its part of the book, under its venue's own names."""
    known = contracts_known(portfolio)
    names = {name: exchange_account.named(account, name, known) for name in CONTRACTS[venue]}
    return Exchange(portfolio, CONTRACTS[venue], account=account, named=names)


def by_key(first: Exchange, second: Exchange, venues: tuple[str, str]) -> dict[str, Callable[[Asked], Any]]:
    """The answers of both; where both are at one venue, to each account its own, by the key that asks."""
    one, other = (answers(venue, each.ledger) for venue, each in zip(venues, (first, second), strict=True))

    def told(where: str) -> Callable[[Asked], Any]:
        def answer(asked: Asked) -> Any:
            said = f"{asked.headers} {asked.query}"
            return (other if "key-warm" in said else one)[where](asked)

        return answer

    return {where: told(where) if where in one and where in other else {**one, **other}[where]
            for where in {**one, **other}}  # fmt: skip


def asking(server: Server, portfolio: Portfolio, account: str, venue: str) -> Asking:
    network, known = server.network(), contracts_known(portfolio)
    keys = Keys(f"key-{account}", "c2VjcmV0c2VjcmV0c2VjcmV0", "password")
    line = opened(venue.partition(" ")[0], network, deadline=Deadline(network, 60), keys=keys)
    return Asking(
        line, lambda name: portfolio.contracts.get(exchange_account.named(account, name, known)), frozenset(COINS)
    )


def beside(portfolio: Portfolio, journal: Journal, asked: dict[str, Asking]) -> Reconciliation:
    later = [entry.event for entry in journal.entries if isinstance(entry.event, Fill | Funding)]
    booked: dict[str, int] = {}
    for event in later:
        wallet = within(event.account, event.settle)
        booked[wallet] = booked.get(wallet, 0) + 1
    known = contracts_known(portfolio, journal.entries)
    told: dict[str | None, exchange_account.Account] = {
        name: exchange_account.at(name, accounts.state(line), known) for name, line in asked.items()
    }
    book = fold(portfolio, journal.entries).book
    return reconcile(portfolio, book, told, inputs=INPUTS, ends=Ends(), booked=booked)


def recorded(
    portfolio: Portfolio, journal: Journal, asked: dict[str, Asking], *, until: datetime
) -> tuple[Journal, list[str]]:
    known = contracts_known(portfolio, journal.entries)
    events = [
        exchange_account.happened_at(name, event, known)
        for name, line in asked.items()
        for event in accounts.happened(line, from_exchange.start(portfolio, journal, name), until)
    ]
    found = from_exchange.taken(events, portfolio, journal=journal, placings=Placings((), journal))
    return add(journal, found.drafts).after, found.notes


SIZES = st.tuples(st.integers(-900, 900), st.integers(-900, 900))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    venues=st.tuples(st.sampled_from(sorted(CONTRACTS)), st.sampled_from(sorted(CONTRACTS))),
    sizes=st.tuples(SIZES, SIZES),
    known=st.tuples(STEPS, STEPS),
    unknown=st.tuples(STEPS, STEPS),
)
@example(  # both call a contract BTCUSD, which the file calls warm:BTCUSD then
    venues=("bybit", "phemex"), sizes=((0, 0), (0, 0)), known=([], []), unknown=([], [("fill", 0, 1)])
)
def test_what_nobody_recorded_at_either_is_brought_back(
    venues: tuple[str, str],
    sizes: tuple[tuple[int, int], tuple[int, int]],
    known: tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]],
    unknown: tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]],
) -> None:
    portfolio = written(venues, sizes)
    exchanges = [at_account(portfolio, name, venue) for name, venue in zip(NAMES, venues, strict=True)]

    def taken(journal: Journal, asked: dict[str, Asking]) -> tuple[Journal, list[str]]:
        until = max(each.time for each in exchanges) + timedelta(minutes=1)
        return recorded(portfolio, journal, asked, until=until)

    with Server(dict(by_key(exchanges[0], exchanges[1], venues)), wired=False) as server:
        asked = {name: asking(server, portfolio, name, venue) for name, venue in zip(NAMES, venues, strict=True)}
        journal = Journal()
        for steps in (known, unknown):
            for exchange, own, venue in zip(exchanges, steps, venues, strict=True):
                for kind, which, size in own:
                    exchange.happens(kind, CONTRACTS[venue][which], size)
            if any(steps):
                differs = beside(portfolio, journal, asked)
                still = [each.verdict for each, own in zip(differs.verdicts, steps, strict=True) if not own]
                assert still == [Verdict.EQUAL] * len(still)
            journal, notes = taken(journal, asked)
            assert not [note for note in notes if note.startswith("not recorded")]
            told = beside(portfolio, journal, asked)
            assert told.verdict is Verdict.EQUAL, told.summary
            assert [each.verdict for each in told.verdicts] == [Verdict.EQUAL, Verdict.EQUAL]
        again, _ = taken(journal, asked)
    assert again == journal
    assert len(journal.entries) == sum(len(each.ledger.events) for each in exchanges)
    assert {entry.event.account for entry in journal.entries} <= {*NAMES}  # type: ignore[union-attr]
