"""``rebal record``: saved plans and single entries, and what cannot be recorded."""

import json
import os
import pty
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lifecycle import BOOK, LATER, NOW, PERP, SOLD, done, made, refused, saved, start_over

from exact import exact
from program import PROGRAM, answered, environment, in_process

LEAVING = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 69%, ETH: 31%}
wallets: {BTC: 1}
positions:
  - {contract: BTCUSD_PERP, contracts: -390, entry_price: 40000}
market:
  as_of: 2026-11-20T08:00:00Z
  prices: {BTC: 40000, ETH: 2500}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a portfolio in it, to work in."""
    start_over(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestPlan:
    @pytest.mark.parametrize("command", [("record", "plan"), ("explain",)])
    def test_the_portfolio_of_a_plan_elsewhere_is_asked_for(self, folder: Path, command: tuple[str, ...]) -> None:
        saved("plan")
        (folder / "portfolio.yaml").unlink()
        done = answered(*command, "plan.json", *NOW)
        told = "portfolio.yaml: does not exist; name the file that the plan was made from: -p FILE\n"
        assert (done.code, done.out, done.err) == (3, "", told)

    def test_a_portfolio_is_no_saved_plan(self, folder: Path) -> None:
        (folder / "portfolio.yaml").rename("a.yaml")
        done = answered("record", "plan", "a.yaml", *NOW)
        assert (done.code, done.out) == (3, "")
        assert done.err.startswith("a.yaml:1:1: is not JSON")
        assert "it is no saved plan; name one that was made with `rebal plan --out plan.json`" in done.err

    def test_is_recorded_and_leaves_nothing_to_plan(self, folder: Path) -> None:
        before = (folder / "portfolio.yaml").read_bytes()
        plan = made("plan")
        recorded = made("record", "plan", saved("plan"))
        assert plan["orders"]
        assert len(recorded["entries"]) == 1 + len(plan["orders"]) + len(plan["transfers"])
        after = made("plan", now=LATER)
        assert (after["changes"], after["orders"], after["transfers"]) == (False, [], [])
        assert after["inputs"]["journal_seq"] == len(recorded["entries"])
        assert after["inputs"]["journal_head"] == recorded["entries"][-1]["hash"]
        assert (folder / "portfolio.yaml").read_bytes() == before

    def test_comes_through_stdin_as_well(self, folder: Path) -> None:
        text = done("plan", "--format", "json")
        answer = in_process("record", "plan", "-", "--format", "json", *NOW, cwd=folder, stdin=text)
        assert answer.returncode == 0
        assert json.loads(answer.stdout)["entries"]

    def test_orders_at_prices_that_are_too_old_are_told(self) -> None:
        file = saved("plan")
        late, day_old = ("--now", "2026-11-21T08:00:01Z"), ("--now", "2026-11-21T08:00:00Z")
        told = "the orders count as filled at the plan's prices, of 2026-11-20T08:00:00Z, older than"
        assert told in " ".join(made("record", "plan", file, "--dry-run", now=late)["notes"])
        assert told not in " ".join(made("record", "plan", file, "--dry-run", now=day_old)["notes"])
        as_filled = made("record", "plan", file, "--fill", "BTCUSD_PERP=100@40000", "--dry-run", now=late)
        assert told not in " ".join(as_filled["notes"])

    def test_twice_changes_nothing(self) -> None:
        file = saved("plan")
        first = made("record", "plan", file)
        again = made("record", "plan", file, now=LATER)
        assert (again["entries"], again["repeated"]) == ([], [entry["id"] for entry in first["entries"][1:]])

    def test_dry_run_shows_and_writes_nothing(self, folder: Path) -> None:
        file = saved("plan")
        shown = made("record", "plan", file, "--dry-run")
        assert shown["dry_run"] is True
        assert {change["contract"] for change in shown["positions"]} == {"BTCUSD_PERP", "ETHUSD_PERP"}
        assert not (folder / "portfolio.journal.db").exists()
        assert made("record", "plan", file)["positions"] == shown["positions"]

    def test_fills_are_as_they_happened(self) -> None:
        plan = made("plan")
        order = next(order for order in plan["orders"] if order["contract"] == "BTCUSD_PERP")
        recorded = made("record", "plan", saved("plan"), "--fill", f"BTCUSD_PERP={order['contracts']}@40020.5")
        (fill,) = [entry for entry in recorded["entries"] if entry["type"] == "fill"]
        assert (fill["price"], fill["contracts"]) == ("40020.5", f"-{order['contracts']}")
        assert any("ETHUSD_PERP: taken as not filled" in note for note in recorded["notes"])

    def test_a_quarter_filled_leaves_the_coins_that_are_to_move_out(self, folder: Path) -> None:
        (folder / "portfolio.yaml").write_text(LEAVING)
        plan = made("plan")
        assert [(each["asset"], each["quantity"]) for each in plan["transfers"]][-1] == ("BTC", "-0.9575")
        told = made("record", "plan", saved("plan"), "--fill", "BTCUSD_PERP=97@40000")
        assert any(note.startswith("0.9575 BTC out of the futures account stay open") for note in told["notes"])
        # 29,300 of the 39,000 dollars stay short, on the coin less the fee: 97 * 100 / 40,000 * 0.05 % = 0.00012125.
        status = json.loads(answered("status", "--format", "json", *LATER).out)
        btc = {wallet["currency"]: wallet for wallet in status["wallets"]}["BTC"]
        assert (btc["balance"], btc["leverage"][:8]) == ("0.99987875", "0.732588")
        rest = ("--fill", "BTCUSD_PERP=286@40000", "--fill", "ETHUSD_PERP=65@2500")
        moved = [
            entry for entry in made("record", "plan", "plan.json", *rest, now=LATER)["entries"] if entry["quantity"]
        ]
        assert [(entry["asset"], entry["quantity"]) for entry in moved] == [("BTC", "-0.9575")]
        assert not made("plan", now=LATER)["changes"]

    def test_says_what_was_moved_in_fact(self) -> None:
        file = saved("plan")
        recorded = made("record", "plan", file, "--transfer", "BTC=0.2")
        assert ("BTC", "0.2") in [(entry["asset"], entry["quantity"]) for entry in recorded["entries"]]
        assert [note for note in recorded["notes"] if "give --transfer BTC=" in note]
        assert "--transfer BTC: write ASSET=QUANTITY" in refused(2, "record", "plan", file, "--transfer", "BTC")
        assert "--transfer XRP: the plan moves" in refused(2, "record", "plan", file, "--transfer", "XRP=1")

    def test_fills_come_from_the_exchanges_export(self, folder: Path) -> None:
        order = next(order for order in made("plan")["orders"] if order["contract"] == "BTCUSD_PERP")
        filled = int(datetime(2026, 11, 20, 9, 5, tzinfo=UTC).timestamp() * 1000)
        (folder / "trades.csv").write_text(
            "symbol,id,side,price,qty,commission,time\n"
            f"BTCUSD_PERP,71,SELL,40010.1,{order['contracts']},0.00019,{filled}\n"
            f"BTCUSD_PERP,70,BUY,40000.0,5,0.00001,{filled}\n"
        )
        recorded = made("record", "plan", saved("plan"), "--fills", "trades.csv", now=LATER)
        (fill,) = [entry for entry in recorded["entries"] if entry["type"] == "fill"]
        assert (fill["id"], fill["fee"], fill["time"]) == ("BTCUSD_PERP:71", "0.00019", "2026-11-20T09:05:00Z")
        assert "trades.csv: 1 record is not of this plan and was left out" in recorded["notes"]

    def test_is_refused_once_the_statement_moved(self, folder: Path) -> None:
        file = saved("plan")
        (folder / "portfolio.yaml").write_text(BOOK.replace("BTC: 2,", "BTC: 1.5,"))
        told = refused(1, "record", "plan", file)
        assert "no longer what the plan was made from: holdings.BTC was 2, is 1.5. Plan again" in told
        assert not (folder / "portfolio.journal.db").exists()

    def test_is_refused_once_the_journal_went_on(self) -> None:
        file = saved("plan")
        made("record", "spot", "--asset", "ETH", "--quantity", "1", "--id", "gift")
        assert "the journal has a spot since, gift" in refused(1, "record", "plan", file)

    def test_that_was_refused_is_not_recorded(self) -> None:
        file = saved("hedge", "BTC", "--pct", "150")
        assert json.loads(Path(file).read_text())["refused"] is True
        assert "the plan was refused and cannot be recorded" in refused(1, "record", "plan", file)

    def test_from_the_future_is_refused(self) -> None:
        file = saved("plan", now=LATER)
        told = refused(1, "record", "plan", file)
        assert "the plan is of 2026-11-20T10:00:00Z, and it is 2026-11-20T09:00:00Z" in told

    @pytest.mark.parametrize(
        ("fill", "problem"),
        [
            ("BTCUSD_PERP", "write CONTRACT=CONTRACTS@PRICE"),
            ("BTCUSD_PERP=1,000@40000", "write CONTRACT=CONTRACTS@PRICE"),
            ("BTCUSD_PERP=-1@40000", "contracts and price are above zero; the side is the plan's"),
            ("DOGEUSD_PERP=1@1", "the plan does not order it"),
        ],
    )
    def test_a_fill_that_cannot_be_is_a_usage_error(self, fill: str, problem: str) -> None:
        assert problem in refused(2, "record", "plan", saved("plan"), "--fill", fill)

    def test_a_fill_counted_in_coins_is_no_whole_lots(self, folder: Path) -> None:
        (ordered,) = [each["contracts"] for each in made("plan")["orders"] if each["contract"] == "BTCUSD_PERP"]
        told = refused(1, "record", "plan", saved("plan"), "--fill", "BTCUSD_PERP=0.375@40000")
        unit = "a contract is 100 USD; "
        assert f"0.375 contracts are no whole lots of 1; {ordered} were ordered: {unit}count what was filled in" in told
        assert not (folder / "portfolio.journal.db").exists()

    def test_a_fill_counted_in_dollars_hears_how_many_contracts_those_are(self) -> None:
        (ordered,) = [each["contracts"] for each in made("plan")["orders"] if each["contract"] == "BTCUSD_PERP"]
        dollars = 100 * int(ordered)
        told = refused(1, "record", "plan", saved("plan"), "--fill", f"BTCUSD_PERP={dollars}@40000")
        assert f"a contract is 100 USD, so {dollars} USD are {ordered} contracts" in told

    @pytest.mark.parametrize(
        "content", ["", "{}", "[" * 5_000, "name: a portfolio", "\x00", '{"schema": "rebal/plan/1"}']
    )
    def test_any_other_file_is_invalid_input(self, folder: Path, content: str) -> None:
        (folder / "plan.json").write_text(content)
        assert "plan.json" in refused(3, "record", "plan", "plan.json")
        assert not (folder / "portfolio.journal.db").exists()

    def test_a_missing_file_is_invalid_input(self) -> None:
        told = refused(3, "record", "plan", "nowhere.json")
        assert "nowhere.json: does not exist" in told
        assert "make it with `rebal plan --format json --out FILE`" in told


class TestHedge:
    def test_lives_from_open_to_close(self) -> None:
        made("record", "plan", saved("hedge", "BTC", "--pct", "50"))
        assert not made("hedge", "BTC", "--pct", "50", now=LATER)["changes"]
        half = made("record", "plan", saved("hedge", "BTC", "--pct", "25", now=LATER), now=LATER)
        assert [entry["fraction"] for entry in half["entries"] if entry["type"] == "hedge"] == ["0.25"]
        made("record", "funding", *PERP, "--amount", "0.0001", "--id", "f-1", now=LATER)
        made("record", "plan", saved("unwind", "--force", now=LATER), now=LATER)
        history = made("history", now=LATER)
        assert history["positions"] == []
        (total,) = history["totals"]
        assert total["funding_coin"] == "0.0001"
        assert exact(history["total"]["net_usd"]) == exact(total["net_usd"])
        assert made("unwind", now=LATER)["orders"] == []

    def test_asked_again_is_not_recorded_again(self) -> None:
        made("record", "plan", saved("hedge", "BTC", "--pct", "50"))
        again = made("record", "plan", saved("hedge", "BTC", "--pct", "50", now=LATER), now=LATER)
        assert again["entries"] == []


class TestSingle:
    def test_a_fill_with_everything_said(self) -> None:
        _, entry = made("record", *SOLD, "--id", "ex-1", "--time", "2026-11-20T09:30:00+01:00")["entries"]
        assert (entry["id"], entry["time"], entry["fee"]) == ("ex-1", "2026-11-20T08:30:00Z", "0.000125")
        assert entry["parts"] == [{"purpose": "hedge", "contracts": "-100", "stands_for": "BTC", "beta": None}]
        assert (entry["multiplier"], entry["settle"], entry["contracts_before"]) == ("100", "BTC", "0")
        assert made("record", *SOLD, "--id", "ex-1", now=LATER)["repeated"] == ["ex-1"]

    def test_a_fill_without_its_fee_takes_the_taker_fee_and_says_so(self) -> None:
        recorded = made("record", "fill", *PERP, "--contracts", "-100", "--price", "40000")
        assert recorded["entries"][1]["fee"] == "0.000125"
        assert recorded["notes"] == ["the fee is the taker fee; give --fee for what the exchange took"]

    def test_a_price_far_from_the_mark_is_noted(self) -> None:
        fee = ("--fee", "0.0001")
        far = made("record", "fill", *PERP, "--contracts", "-100", "--price", "64000", *fee)
        assert far["notes"] == [
            "BTCUSD_PERP: the price of 64000 is 60 % above the mark, 40000; if that is a slip, void the entry"
        ]
        assert made("record", "fill", *PERP, "--contracts", "-1", "--price", "44000", *fee)["notes"] == []

    def test_the_same_without_an_id_is_refused_unless_again(self) -> None:
        made("record", *SOLD)
        assert "give --again if it happened twice" in refused(1, "record", *SOLD)
        assert made("record", *SOLD, "--again")["entries"][0]["seq"] == 3

    def test_transfer_spot_and_void(self) -> None:
        made("record", "transfer", "--asset", "BTC", "--quantity", "0.4")
        sold = made("record", "spot", "--asset", "BTC", "--quantity", "-0.5", "--price", "41000", "--against", "USDT")
        moved = [(entry["asset"], entry["quantity"]) for entry in sold["entries"]]
        assert moved == [("BTC", "-0.5"), ("USDT", "20500")]
        voided = made("record", "void", sold["entries"][1]["id"], "--reason", "not paid yet")
        back = [(change["asset"], change["holding_before"], change["holding_after"]) for change in voided["coins"]]
        assert back == [("BTC", "1.5", "2"), ("USDT", "25500", "5000")]

    @pytest.mark.parametrize("named", [0, 1])
    def test_a_spot_trade_is_voided_as_one_act(self, named: int) -> None:
        trade = ("spot", "--asset", "BTC", "--quantity", "-0.5", "--price", "41000", "--against", "USDT")
        sold = made("record", *trade, "--id", "s-1")["entries"][1:]
        made("record", "spot", "--asset", "USDT", "--quantity", "20500", "--id", "another")
        sides = ("s-1", "s-1.USDT") if named == 0 else ("s-1.USDT", "s-1")
        void = ("record", "void", sides[0], "--reason", "never filled", "--id", "v-1")
        voided = made(*void)
        coins = {sold[0]["id"]: "BTC", sold[1]["id"]: "USDT"}
        pairs = [(entry["id"], entry["voids"]) for entry in voided["entries"]]
        assert pairs == [("v-1", sides[0]), (f"v-1.{coins[sides[1]]}", sides[1])]
        assert made(*void, now=LATER)["repeated"] == [name for name, _ in pairs]
        assert "is voided already" in refused(1, "record", "void", sides[1], "--reason", "again")
        taken_back = {entry["id"]: entry["voided_by"] for entry in made("history")["entries"] if entry["voided_by"]}
        assert taken_back == {voided_id: name for name, voided_id in pairs}

    def test_neighbours_that_are_no_trade_are_voided_alone(self) -> None:
        one = ("record", "spot", "--asset", "BTC", "--quantity", "-0.5", "--price", "41000", "--against", "USDT")
        made(*one, "--id", "s-1")
        made("record", "spot", "--asset", "ETH", "--quantity", "1", "--id", "gift")
        assert len(made("record", "void", "gift", "--reason", "was not mine")["entries"]) == 1

    @pytest.mark.parametrize(
        ("code", "arguments", "problem"),
        [
            (2, ("fill", *PERP, "--contracts", "1"), "--price"),
            (2, ("fill", *PERP, "--contracts", "0", "--price", "1"), "--contracts 0: is 0, so nothing happened"),
            (2, ("fill", *PERP, "--contracts", "1e30", "--price", "1"), "has too many digits"),
            (2, ("fill", *PERP, "--contracts", "1", "--price", "0"), "--price 0: is not above 0"),
            (2, ("fill", *PERP, "--contracts", "1", "--price", "1", "--purpose", "fun"), "--purpose fun"),
            (2, ("fill", "--contract", "NOPE", "--contracts", "1", "--price", "1"), "--contract NOPE: no such"),
            (2, ("spot", "--asset", "BTC", "--quantity", "1_0"), "without separators"),
            (2, ("spot", "--asset", "XYZ", "--quantity", "1"), "--asset XYZ: no such coin"),
            (2, ("spot", "--asset", "BTC", "--quantity", "1", "--time", "2026-11-20T08:30:00"), "has no time zone"),
            (2, ("spot", "--asset", "BTC", "--quantity", "1", "--time", "2026-11-20T09:02:00Z"), "is in the future"),
            (2, ("spot", "--asset", "BTC", "--quantity", "1", "--id", "a b"), "--id a b"),
            (1, ("spot", "--asset", "BTC", "--quantity", "1", "--time", "2026-11-20T08:00:00Z"), "give --settled"),
            (1, ("spot", "--asset", "BTC", "--quantity", "-3"), "-1 BTC would be held"),
            (1, ("transfer", "--asset", "BTC", "--quantity", "3"), "-1 BTC would be left outside the futures account"),
            (1, ("fill", *PERP, "--contracts", "-100.5", "--price", "40000"), "write --contracts -100 or -101"),
            (1, ("funding", *PERP, "--amount", "0.1"), "BTCUSD_PERP was never open, by the statement or the journal"),
            (1, ("void", "nothing", "--reason", "x"), "there is no entry nothing to void"),
            (2, ("void", "nothing", "--reason", ""), "is not a reason"),
        ],
    )
    def test_what_cannot_be_is_refused(self, folder: Path, code: int, arguments: tuple[str, ...], problem: str) -> None:
        assert problem in refused(code, "record", *arguments)
        assert sorted(os.listdir(folder)) == ["portfolio.yaml"]

    def test_a_slip_is_refused_where_nobody_can_be_asked(self, folder: Path) -> None:
        sale = ("record", "spot", "--asset", "BTC", "--quantity", "-0.5", "--price", "41000")
        told = refused(1, *sale)
        assert told == (
            "rebal: 0.5 BTC sold at 41000, and nothing says where the dollars went; --against USDT records them as "
            "well; nothing was recorded: correct it, or give --yes if it is so\n"
        )
        assert not (folder / "portfolio.journal.db").exists()
        assert len(made(*sale, "--yes")["entries"]) == 2
        assert len(made(*sale, "--again")["entries"]) == 1

    @pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
    def test_a_slip_is_asked_about_on_a_terminal(self, folder: Path, typed: str, code: int) -> None:
        ours, theirs = pty.openpty()
        sale = ("record", "spot", "--asset", "BTC", "--quantity", "-0.5", "--price", "41000", *NOW)
        os.write(ours, typed.encode())
        done = subprocess.run(
            [*PROGRAM, *sale], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, cwd=folder, env=environment(),
            timeout=60, check=False,
        )  # fmt: skip
        shown = os.read(ours, 10_000).decode()
        os.close(ours)
        os.close(theirs)
        assert "Record it all the same? [y/N]" in shown
        assert (done.returncode, (folder / "portfolio.journal.db").exists()) == (code, code == 0)

    def test_settled_is_history_alone(self) -> None:
        early = ("--time", "2026-11-20T07:00:00Z", "--settled")
        recorded = made("record", "spot", "--asset", "BTC", "--quantity", "1", *early)
        assert ([entry["type"] for entry in recorded["entries"]], recorded["coins"]) == (["statement", "spot"], [])

    def test_a_file_without_as_of_has_no_journal(self, folder: Path) -> None:
        (folder / "portfolio.yaml").write_text(BOOK.replace("as_of: 2026-11-20T08:00:00Z\nholdings", "holdings"))
        assert "as_of: is missing" in refused(3, "record", *SOLD)
        assert not (folder / "portfolio.journal.db").exists()

    @pytest.mark.parametrize("command", ["plan", "status", "history"])
    def test_what_the_journal_wants_of_the_file_names_the_file(self, folder: Path, command: str) -> None:
        done("record", *SOLD)
        undated = BOOK.replace("as_of: 2026-11-20T08:00:00Z\nholdings", "holdings")
        without = BOOK.replace("BTC: 2, ", "").replace("BTC: 50%, ETH: 30%", "ETH: 80%").replace("BTC: 40000, ", "")
        for text, key in ((undated, "as_of"), (without, "market.prices.BTC")):
            (folder / "portfolio.yaml").write_text(text)
            assert refused(3, command).startswith(f"portfolio.yaml: {key}: is missing, ")

    def test_stdin_has_no_journal_unless_it_is_named(self, folder: Path) -> None:
        answer = in_process("record", *SOLD, *NOW, "-p", "-", cwd=folder, stdin=BOOK)
        assert (answer.returncode, "give --journal FILE" in answer.stderr) == (2, True)
        named = in_process("record", *SOLD, *NOW, "-p", "-", "--journal", "kept.db", cwd=folder, stdin=BOOK)
        assert (named.returncode, (folder / "kept.db").exists()) == (0, True)

    def test_a_journal_that_is_named_is_there_or_made_by_the_first_record(self, folder: Path) -> None:
        named = ("--journal", "kept.db")
        for command in (("plan",), ("hedge", "BTC", "--pct", "50"), ("unwind",), ("status",), ("stress",), ("history",),
                        ("compare",)):  # fmt: skip
            assert refused(3, *command, *named) == (
                "kept.db: does not exist; correct --journal; a journal is made by the first `rebal record`\n"
            )
        shown = made("record", *SOLD, *named, "--dry-run")
        assert shown["notes"] == ["kept.db does not exist: the record would create it"]
        assert not (folder / "kept.db").exists()
        assert made("record", *SOLD, *named)["notes"] == ["kept.db does not exist: this record created it"]
        assert made("record", *SOLD, *named, now=LATER)["notes"] == []
        types = [entry["type"] for entry in made("history", *named)["entries"]]
        assert types == ["statement", "fill", "fill"]

    def test_the_answer_never_overwrites_the_journal(self, folder: Path) -> None:
        done("record", *SOLD)
        before = (folder / "portfolio.journal.db").read_bytes()
        for command in (("history",), ("record", *SOLD, "--again", "--dry-run")):
            refused(2, *command, "--out", "portfolio.journal.db", now=LATER)
        assert (folder / "portfolio.journal.db").read_bytes() == before
