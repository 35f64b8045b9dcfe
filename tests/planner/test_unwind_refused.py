"""What unwinding refuses: any weight that is off after closing; and that no command is offered that it would refuse."""

import re
import shlex
from pathlib import Path

import pytest

from program import answered
from rebal.amounts import Fraction
from rebal.book import Position, opened
from rebal.commands._cures import cured
from rebal.findings import Code, Finding
from rebal.plan import Plan
from rebal.planner.unwind import Ladder, build_unwind
from rebal.portfolio import Portfolio

from .given import INPUTS, inverse, portfolio

F = Fraction
BTC, ETH, SOL = inverse("BTC", "100"), inverse("ETH", "1"), inverse("SOL", "1")


def held(asset: str, contracts: int, *, at: int) -> Position:
    contract = {"BTC": BTC, "ETH": ETH, "SOL": SOL}[asset]
    return opened(contract, contracts=F(contracts), entry_price=F(at))


def book_of(*positions: Position, targets: dict[str, str], usd: str = "0") -> Portfolio:
    """40,000 dollars of BTC, 40,000 of ETH, 20,000 of SOL, and some dollars."""
    return portfolio(
        {"BTC": "1", "ETH": "16", "SOL": "100", "USD": usd}, targets, {"BTC": "40000", "ETH": "2500", "SOL": "200"},
        tuple(each.contract for each in positions), wallets={"BTC": "1", "ETH": "16", "SOL": "100"},
        positions=positions,
    )  # fmt: skip


def off(plan: Plan) -> list[str]:
    return [found.subject for found in plan.findings if found.code is Code.SPOT_DIFFERS]


def test_what_it_does_not_close_has_to_match_too() -> None:
    # 120,000 dollars: BTC and ETH count 33.3 % each against 46 % and 20 %, which closing the short of SOL neither mends
    # nor makes worse; SOL counts 20,000 again, 16.7 % against 17 %, as the dollars do
    made = book_of(held("SOL", -1000, at=200), targets={"BTC": "0.46", "ETH": "0.2", "SOL": "0.17", "USD": "0.17"},
                   usd="20000")  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert (off(plan), plan.refused, plan.spot_matches) == (["BTC", "ETH"], True, False)
    assert not build_unwind(made, made.statement, inputs=INPUTS, force=True).refused


def test_what_it_closes_is_refused_by_its_name_and_what_matches_is_not() -> None:
    # BTC counts 20,000 of 120,000 as is wanted, and would count 40,000; the dollars 20,000 for 40,000
    made = book_of(held("BTC", -200, at=40000), held("SOL", -100, at=200), usd="20000",
                   targets={"BTC": "0.17", "ETH": "0.33", "SOL": "0.17", "USD": "0.33"})  # fmt: skip
    one = build_unwind(made, made.statement, inputs=INPUTS, assets=frozenset({"BTC"}))
    assert (off(one), one.refused, one.spot_matches) == (["BTC", "USD"], True, False)
    other = build_unwind(made, made.statement, inputs=INPUTS, assets=frozenset({"SOL"}))
    assert (off(other), other.refused, other.spot_matches) == ([], False, True)


@pytest.mark.parametrize("contracts", [-4000, 4000])
def test_dollars_have_to_match_whether_closing_takes_them_there_or_not(contracts: int) -> None:
    # dollars count 20 % or 13.3 % against 30 %, and 16.7 % after closing; each coin is inside its band all the while
    made = book_of(held("SOL", contracts, at=200), usd="20000",
                   targets={"BTC": "0.29", "ETH": "0.29", "SOL": "0.12", "USD": "0.3"})  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS)
    assert (off(plan), plan.refused) == (["USD"], True)


def offered(made: Portfolio) -> Finding:
    told: list[Finding] = [*cured(build_unwind(made, made.statement, inputs=INPUTS)).findings]
    (found,) = (each for each in told if each.code is Code.NEEDLESS)
    return found


def test_a_share_that_is_not_needed_is_offered_with_force_where_it_would_be_refused() -> None:
    # of 4,000 dollars short of SOL 1,600 are no longer needed, but ETH and the dollars are off by more than 5 points
    targets = {"BTC": "0.29", "ETH": "0.26", "SOL": "0.15", "USD": "0.3"}
    found = offered(book_of(held("SOL", -4000, at=200), targets=targets, usd="20000"))
    assert found.data["unmatched"] == ("ETH", "USD")
    assert ", though ETH and USD are off target still: rebal unwind SOL" in found.message
    assert found.message.endswith(" --force")


def test_where_it_would_not_be_refused_it_is_offered_as_it_is() -> None:
    calm = book_of(held("SOL", -4000, at=200), usd="20000",
                   targets={"BTC": "0.29", "ETH": "0.36", "SOL": "0.15", "USD": "0.2"})  # fmt: skip
    found = offered(calm)
    share = found.data["share"]
    assert "force" not in found.message
    assert isinstance(share, F)
    only = frozenset({"SOL"})
    assert not build_unwind(calm, calm.statement, inputs=INPUTS, assets=only, share=share).refused


def test_as_many_rungs_are_offered_as_spot_allows() -> None:
    # the first rung, the long, would leave the dollars 6.3 points over; with the short of the second they are 0.3 under
    made = book_of(held("BTC", 80, at=40000), held("SOL", -8000, at=200), usd="20000",
                   targets={"BTC": "0.35", "ETH": "0.32", "SOL": "0.16", "USD": "0.17"})  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder())
    first, n = [each.contract for each in plan.ladder], plan.first_rungs
    assert n == 2
    for rungs in range(1, len(first) + 1):
        alone = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder(rungs))
        assert alone.refused is (rungs < n)
    # where spot is not asked the first may go alone
    assert build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder(), force=True).first_rungs == 1


@pytest.mark.parametrize(("net", "hedged"), [(80, 0), (90, 10)])
def test_no_more_rungs_are_offered_than_spot_asks_for(net: int, hedged: int) -> None:
    # as above, and a hedge of ETH besides, which frees the least and asks nothing of spot; a hedge of BTC, which the
    # first rung closes too, asks nothing either
    first = opened(BTC, contracts=F(net), entry_price=F(40000), hedge=F(-hedged))
    least = opened(ETH, contracts=F(-100), entry_price=F(2500), hedge=F(-100))
    made = book_of(first, held("SOL", -8000, at=200), least, usd="20000",
                   targets={"BTC": "0.35", "ETH": "0.32", "SOL": "0.16", "USD": "0.17"})  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder())
    assert (len(plan.ladder), plan.first_rungs) == (3, 2)


def test_no_more_rungs_are_offered_than_there_are() -> None:
    # of 120,000 the dollars are as wanted, 15,000; the long closed they are 6.7 points over, one short besides 5.4, and
    # 4.2 once all is closed
    made = book_of(held("BTC", 80, at=40000), held("SOL", -1500, at=200), held("ETH", -1500, at=2500), usd="20000",
                   targets={"BTC": "0.38", "ETH": "0.34", "SOL": "0.155", "USD": "0.125"})  # fmt: skip
    plan = build_unwind(made, made.statement, inputs=INPUTS, ladder=Ladder())
    assert (len(plan.ladder), plan.first_rungs, plan.refused) == (3, 3, False)


BOOK = """\
as_of: 2026-11-20T08:00:00Z
venue: bybit
holdings: {BTC: 1, ETH: 16, SOL: 100, USD: 20000}
targets: {BTC: 33%, ETH: 20%, SOL: 12%, USD: 35%}
wallets: {BTC: 0.5, ETH: 8, SOL: 50}
positions:
  - {contract: SOLUSD, contracts: -6000, entry_price: 200}
  - {contract: ETHUSD, contracts: -14000, entry_price: 2500}
  - {contract: BTCUSD, contracts: -3000, entry_price: 40000}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500, SOL: 200}
  funding: {BTCUSD: -0.01%, ETHUSD: 0.01%, SOLUSD: -0.02%}
"""
BOOKS = {
    "as it is": BOOK,
    "ETH far off": BOOK.replace("ETH: 20%, SOL: 12%, USD: 35%", "ETH: 10%, SOL: 12%, USD: 45%"),
    "dollars over": BOOK.replace("USD: 20000", "USD: 60000"),
    "long beside short": BOOK.replace("contracts: -6000", "contracts: 6000"),
    "nearer than the policy": BOOK.replace("contracts: -6000", "contracts: 6000").replace("SOL: 50}", "SOL: 28}"),
    "two accounts": BOOK.replace(
        "venue: bybit\n",
        "accounts:\n  bybit:\n    venue: bybit\n    wallets: {BTC: 0.5, ETH: 8, SOL: 50}\n    positions:\n"
        "      - {contract: SOLUSD, contracts: -6000, entry_price: 200}\n"
        "      - {contract: ETHUSD, contracts: -14000, entry_price: 2500}\n  deribit:\n    venue: deribit\n"
        "    wallets: {BTC: 0.2}\n    positions:\n"
        "      - {contract: BTC-PERPETUAL, contracts: -300, entry_price: 40000, hedge: -100}\n",
    ).replace(BOOK[BOOK.index("wallets:") : BOOK.index("market:")], ""),
    "matched": BOOK.replace("33%, ETH: 20%, SOL: 12%, USD: 35%", "33%, ETH: 33%, SOL: 17%, USD: 17%"),
}
ASKED = (("plan",), ("status",), ("unwind",), ("unwind", "--ladder"), ("unwind", "--rungs", "2"), ("unwind", "ETH"),
         ("hedge", "BTC", "--pct", "20"), ("rescue",), ("stress",), ("compare",))  # fmt: skip
_OFFERED = re.compile(r"(?:^next: .*?|: )(rebal [a-z][^;(\n]*)", re.MULTILINE)


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
@pytest.mark.parametrize("name", BOOKS)
def test_every_command_that_is_offered_is_taken(
    name: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("portfolio.yaml").write_text(BOOKS[name])
    now = ("--now", "2026-11-20T09:00:00Z")
    told, shown = (answered(*words, *now, "--format", form).out for form in ("plain", "table"))
    for offered in dict.fromkeys(_OFFERED.findall(told + shown[shown.index("\nnext: ") + 1 :])):
        _, *typed = shlex.split(offered)
        again = answered(*(typed if "--now" in typed or typed[0] == "guide" else (*typed, *now)))
        assert again.code in (0, 10, 20), (offered, again)
