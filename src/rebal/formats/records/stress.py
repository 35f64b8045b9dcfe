"""The records of stress.

Every record of a kind has the same fields in the same order; ``none`` stands where a thing does not exist.
"""

from collections.abc import Iterator

from rebal.formats.page.figures import GLUE, PLAIN
from rebal.formats.page.shocks import CAUSES, headline, mildest, moves, scenario, strained, wallet
from rebal.formats.page.wording import rfc3339
from rebal.formats.records import _book
from rebal.formats.records._record import NONE, finding, known, record
from rebal.stress import ScenarioLine, Stress, Survival, WalletLine


def lines(report: Stress) -> Iterator[str]:
    """Everything a person should see of a stress report, a record a line."""
    at = report.inputs.market_as_of
    yield record("stress", f"venue {report.venue or NONE}", f"prices {rfc3339(at) if at else NONE}", report.name)
    yield record("headline", f"{PLAIN.dollars(report.equity)} {report.currency}", headline(report, PLAIN))
    for said in strained(report, PLAIN):
        yield record("under", said)
    for each in report.scenarios:
        yield from _scenario(each)
    yield from (_survival(each, report) for each in report.survival)
    yield from (_book.wallet(each, planned=False) for each in report.wallets)
    yield from map(finding, report.findings)


def _scenario(line: ScenarioLine) -> Iterator[str]:
    name, dollars = scenario(line, PLAIN), PLAIN.dollars
    yield record(
        "scenario",
        name,
        f"unhedged {dollars(line.equity_unhedged)}",
        f"hedged {dollars(line.equity_hedged)}",
        f"in-spot {dollars(line.equity_rebalanced_in_spot)}",
        f"difference {dollars(line.difference)}",
        f"first {line.first_liquidated or NONE}",
    )
    if line.everywhere is None:
        yield record("moves", name, *(each.replace(GLUE, " ") for each in moves(line, PLAIN)))
    causes = [f"{word} {dollars(getattr(line.made_of, key))}" for key, word in CAUSES.items()]
    yield record("causes", name, *causes)
    for row in line.wallets:
        yield _margin(name, row)


def _margin(name: str, row: WalletLine) -> str:
    coins = PLAIN.coins
    return record(
        "margin",
        name,
        row.currency,
        f"contract {row.contract or NONE}",
        f"balance {coins(row.margin_balance)}",
        f"maintenance {coins(row.maintenance_margin)}",
        f"ratio {known(PLAIN.percent, row.margin_ratio)}",
        f"liquidated {NONE if row.order is None else row.order}",
        f"at {known(PLAIN.percent, row.liquidated_at)}",
        f"move {known(PLAIN.change, row.move)}",
        f"lost {coins(row.lost)}",
        f"top-up {PLAIN.exact(row.top_up)}",
    )


def _survival(line: Survival, report: Stress) -> str:
    return record(
        "survive",
        wallet(line),
        f"liquidated-in {line.liquidated_in}",
        f"mildest {mildest(line, report, PLAIN) or NONE}",
        f"top-up {PLAIN.exact(line.top_up)} {line.currency}",
        f"free {PLAIN.coins(line.free)}",
    )
