"""What happened at BingX, which lists fills order by order: each that was executed is asked for its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from exact import exact
from exchange_server import Server
from exchange_server.books import NOW, PORTFOLIO, asked, has_keys
from exchange_server.coin_accounts import Order, bingx_orders
from exchange_server.test_accounts import BINGX
from rebal.amounts import plain

pytestmark = pytest.mark.usefixtures("loopback")
HOST = "GET open-api.bingx.com/openApi/cswap/v1"
AS_OF = 1795161600000
"""2026-11-20T08:00:00Z in milliseconds."""
HOUR, DAY = 3_600_000, 86_400_000


def exchange(orders: list[Order]) -> dict[str, Any]:
    """The answers of an account with these orders."""
    held = {
        f"{HOST}/{path}": {"code": 0, "msg": "", "data": BINGX[path]} for path in ("user/balance", "user/positions")
    }
    return {**held, **bingx_orders(lambda: orders)}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    has_keys(monkeypatch, "bingx")
    file = tmp_path / "portfolio.yaml"
    file.write_text(PORTFOLIO.format(venue="bingx", contract="BTC-USD", contracts=-400))
    return file


def recorded(server: Server, file: Path, orders: list[Order], *more: str) -> dict[str, Any]:
    server.answers |= exchange(orders)
    done = asked(server, "record", "exchange", "-p", str(file), *NOW, "--allow-trading-key", "--format", "json", *more)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def fills(report: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (entry["id"], entry["contracts"], entry["price"], entry["fee"])
        for entry in report["entries"]
        if entry["type"] == "fill"
    ]


def test_fills_are_those_of_every_order_that_was_executed(server: Server, file: Path) -> None:
    orders = [
        # placed weeks before the statement, one fill on each side of it
        Order(11, AS_OF - 20 * DAY, [(-3, "39000.5", "-0.00000350", AS_OF - DAY),
                                     (-4, "40000.5", "-0.00000450", AS_OF + HOUR)]),
        Order(12, AS_OF + HOUR, [(50, "40010.5", "0.00000125", AS_OF + 2 * HOUR)], waits=True),
        Order(13, AS_OF + HOUR),  # cancelled
    ]  # fmt: skip
    report = recorded(server, file, orders)
    assert fills(report) == [
        ("BTC-USD:110001", "-4", "40000.5", "0.0000045"),
        ("BTC-USD:120000", "50", "40010.5", "-0.00000125"),
    ]
    assert "orderId=13" not in str([each.query for each in server.asked])
    assert recorded(server, file, orders)["entries"] == []


def test_a_fill_counts_for_the_plan_whose_order_bore_its_id(server: Server, file: Path) -> None:
    said = recorded(server, file, [Order(11, AS_OF + HOUR, [(1, "40000", "0", AS_OF + HOUR)], client_id="x")])
    assert any("of no plan" in note for note in said["notes"])


def test_what_was_closed_by_force_is_said(server: Server, file: Path) -> None:
    order = Order(21, AS_OF + HOUR, [(100, "48000", "-0.0001", AS_OF + HOUR)], forced=True)
    report = recorded(server, file, [order])
    assert [each[0] for each in fills(report)] == ["BTC-USD:210000"]
    assert "BTC-USD: 100 at 48000 were closed by force" in report["notes"]


@pytest.mark.parametrize("count", [999, 1000, 1001, 2300])
def test_no_order_is_lost_where_an_answer_is_full(server: Server, file: Path, count: int) -> None:
    placed = [Order(n, AS_OF + 60_000 + n * 10) for n in range(100, 100 + count)]
    for each in placed[:: count - 1]:
        each.fills = [(1, "40000", "0", AS_OF + HOUR)]
    assert len(fills(recorded(server, file, placed, "--dry-run"))) == 2


@pytest.mark.parametrize("count", [999, 1000, 1001])
def test_no_fill_is_lost_at_the_end_of_a_page(server: Server, file: Path, count: int) -> None:
    order = Order(11, AS_OF + HOUR, [(1, "40000", "0", AS_OF + HOUR + n) for n in range(count)])
    assert len(fills(recorded(server, file, [order], "--dry-run"))) == count


def test_more_orders_of_an_instant_than_an_answer_has_are_told(server: Server, file: Path) -> None:
    server.answers |= exchange([Order(n, AS_OF + HOUR) for n in range(100, 1100)])
    done = asked(server, "record", "exchange", "-p", str(file), *NOW, "--allow-trading-key")
    assert (done.code, done.out) == (4, "")
    assert "bingx: 1000 orders of an instant in its answer; nothing of it is taken" in done.err


def test_funding_is_not_told_and_stays_a_difference(server: Server, file: Path) -> None:
    report = recorded(server, file, [Order(11, AS_OF + HOUR, [(100, "40000", "-0.001", AS_OF + HOUR)])])
    # Closing 100 of 100 USD from 41,000 at 40,000 brings 10,000/40,000 - 10,000/41,000 BTC, in whole 1e-8.
    booked = exact("0.00609756") - exact("0.001")
    assert report["notes"][-2:] == [
        f"reconcile: BTC {plain(-booked)} in the futures account",
        "bingx lists no funding, nor transfers to a key that only reads: what differs may be those; take them from its "
        "pages with rebal record funding and rebal record transfer",
    ]


def test_no_funding_and_no_transfer_is_asked_for(server: Server, file: Path) -> None:
    recorded(server, file, [])
    assert {each.path.rpartition("/")[2] for each in server.asked} == {
        "balance", "positions", "openOrders", "orderHistory", "forceOrders",
    }  # fmt: skip
