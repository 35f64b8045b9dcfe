"""Routes are words for kinds of contracts, or contracts by their names."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rebal import load
from rebal.errors import InvalidInput
from rebal.plan import Inputs
from rebal.planner import build_plan

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def file(tmp_path: Path, routes: str) -> str:
    path = tmp_path / "p.yaml"
    path.write_text(
        "venue: bybit\nholdings: {BTC: 2}\ntargets: {BTC: 50%, USD: 50%}\n"
        f"market: {{as_of: 2026-11-20T08:00:00Z, prices: {{BTC: 40000, BTCUSDH27: 41000}}}}\n"
        f"policy: {{routes: {routes}}}\n"
    )
    return str(path)


@pytest.mark.parametrize(
    ("routes", "contract"),
    [("[inverse]", "BTCUSD"), ("[dated, inverse]", "BTCUSDZ26"), ("[BTCUSDH27, inverse]", "BTCUSDH27")],
)
def test_the_first_route_carries_the_leg(tmp_path: Path, routes: str, contract: str) -> None:
    portfolio = load.portfolio(file(tmp_path, routes), now=NOW)
    inputs = Inputs(portfolio.statement_sha256, None, None, None, NOW, "0")
    plan = build_plan(portfolio, portfolio.statement, inputs=inputs)
    assert [order.contract for order in plan.orders] == [contract]
    dated = {finding.subject for finding in plan.findings if finding.code == "dated"}
    assert dated == ({contract} if contract != "BTCUSD" else set())


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ("[]", "policy.routes: names no route"),
        ("[invers]", "did you mean inverse?"),
        ("[BTCUSDX99]", "policy.routes[0]: is not known here (found BTCUSDX99)"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(tmp_path: Path, routes: str, said: str) -> None:
    with pytest.raises(InvalidInput, match="routes") as refused:
        load.portfolio(file(tmp_path, routes), now=NOW)
    assert said in str(refused.value)
