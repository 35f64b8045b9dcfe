"""``rebal init``, ``rebal schema`` and ``rebal check`` on a fresh start."""

import json
import os
import pty
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from exchange_server import Fault, Reply, Server
from program import PROGRAM, answered, environment, in_process
from rebal import cli, venues

SERVED = datetime(2026, 11, 20, 7, 58, 10, tzinfo=UTC)
"""The time of what the exchange of these tests says."""


class TestInit:
    def test_writes_a_starter_that_can_be_planned(self, tmp_path: Path) -> None:
        done = in_process("init", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "")
        written = "portfolio.yaml is written; put your own figures in\n"
        assert done.stderr == f"{written}next: rebal plan portfolio.yaml\n"
        assert stat.S_IMODE((tmp_path / "portfolio.yaml").stat().st_mode) == 0o600
        assert in_process("check", cwd=tmp_path).returncode == 0
        plan = in_process("plan", "--format", "json", cwd=tmp_path)
        assert plan.returncode == 0
        assert "stale-prices" not in plan.stdout

    def test_never_over_an_existing_file(self, tmp_path: Path) -> None:
        (tmp_path / "mine.yaml").write_text("mine")
        (tmp_path / "dangling.yaml").symlink_to("nowhere.yaml")
        for name in ("mine.yaml", "dangling.yaml"):
            done = in_process("init", name, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, "")
            assert "exists and is left as it is" in done.stderr
        assert (tmp_path / "mine.yaml").read_text() == "mine"
        assert not (tmp_path / "nowhere.yaml").exists()

    def test_default_is_the_file_that_plan_reads(self, tmp_path: Path) -> None:
        env = environment(REBAL_PORTFOLIO="cold.yaml")
        assert in_process("init", cwd=tmp_path, env=env).returncode == 0
        assert in_process("check", cwd=tmp_path, env=env).returncode == 0
        assert [file.name for file in tmp_path.iterdir()] == ["cold.yaml"]

    def test_missing_folder(self, tmp_path: Path) -> None:
        done = in_process("init", "no/such/portfolio.yaml", cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")


def typed(*answers: str, cwd: Path, then_end: bool = False) -> tuple[int, str]:
    """What ``init`` says and leaves with where these lines are typed at a terminal."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*PROGRAM, "init"], cwd=cwd, env=environment(TERM="xterm"), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, "".join(f"{each}\n" for each in answers).encode() + (b"\x04" if then_end else b""))
    said = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        said += chunk
    os.close(ours)
    return running.wait(timeout=60), said.decode().replace("\r\n", "\n")


class TestAsked:
    def test_what_is_typed_is_what_is_written(self, tmp_path: Path) -> None:
        code, said = typed(
            "okx", "btc, eth usdt", "2", "14", "5000", "50%", "45", "n", "40000", "2500", "", cwd=tmp_path
        )
        assert code == 0
        assert "next: rebal plan portfolio.yaml" in said
        written = yaml.safe_load((tmp_path / "portfolio.yaml").read_text())
        assert written["venue"] == "okx"
        assert written["holdings"] == {"BTC": 2, "ETH": 14, "USDT": 5000}
        assert written["targets"] == {"BTC": "50%", "ETH": "45%", "USD": "5%"}
        assert written["market"]["prices"] == {"BTC": 40000, "ETH": 2500}
        assert written["as_of"] == written["market"]["as_of"]
        assert in_process("check", cwd=tmp_path).returncode == 0
        assert in_process("plan", cwd=tmp_path).returncode == 0

    def test_enter_takes_what_is_offered(self, tmp_path: Path) -> None:
        code, _ = typed("", "", "", "2", "14", "60", "", "n", "40000", "2500", "", cwd=tmp_path)
        assert code == 0
        written = yaml.safe_load((tmp_path / "portfolio.yaml").read_text())
        assert written["accounts"] == {"bybit": {"venue": "bybit", "margin": "pooled"}}
        assert written["targets"] == {"BTC": "60%", "ETH": "40%"}
        assert not {"venue", "wallets", "positions"} & written.keys()
        assert in_process("check", cwd=tmp_path).returncode == 0
        plan = json.loads(in_process("plan", "--format", "json", cwd=tmp_path).stdout)
        assert [(each["account"], each["margin"]) for each in plan["accounts"]] == [("bybit", "pooled")]

    @pytest.mark.parametrize("kind", ["cross", "isolated"])
    def test_where_new_accounts_pool_it_asks_which_kind_it_is(self, tmp_path: Path, kind: str) -> None:
        code, said = typed("", "all", kind, "", "2", "14", "60", "", "n", "40000", "2500", "", cwd=tmp_path)
        assert code == 0
        assert "all: is none of them; write one of cross, isolated, pooled" in " ".join(said.split())
        assert "A new account at bybit is pooled (unified account, cross margin)" in " ".join(said.split())
        text = (tmp_path / "portfolio.yaml").read_text()
        assert "`rebal guide pooled` says where to look" in text
        assert yaml.safe_load(text)["accounts"]["bybit"]["margin"] == kind
        plan = json.loads(in_process("plan", "--format", "json", cwd=tmp_path).stdout)
        assert {each["mode"] for each in plan["wallets"]} == {kind}

    def test_what_stands_in_comments_of_the_account_can_be_taken_in(self, tmp_path: Path) -> None:
        assert typed("", "", "BTC", "2", "50", "y", "n", "40000", "", cwd=tmp_path)[0] == 0
        file = tmp_path / "portfolio.yaml"
        lines = file.read_text().splitlines()
        first, last = lines.index("  bybit:"), lines.index("  # deribit: {venue: deribit}   # another account")
        lines[first : last + 1] = [each.replace("# ", "", 1) if "    # " in each[:6] or "  # d" in each[:5] else each
                                   for each in lines[first : last + 1]]  # fmt: skip
        file.write_text("\n".join(lines) + "\n")
        written = yaml.safe_load(file.read_text())["accounts"]
        assert list(written) == ["bybit", "deribit"]
        assert written["bybit"]["wallets"] == {"BTC": 0.4}
        assert in_process("check", cwd=tmp_path).stderr == ""

    def test_the_example_on_a_pipe_has_accounts_that_can_be_taken_in(self, tmp_path: Path) -> None:
        assert in_process("init", cwd=tmp_path).returncode == 0
        file = tmp_path / "portfolio.yaml"
        text = file.read_text()
        for line in ("accounts:", "  bybit: {venue", "  deribit: {venue"):
            assert f"# {line}" in text
            text = text.replace(f"# {line}", line)
        file.write_text("\n".join(each for each in text.splitlines() if not each.startswith("venue: ")) + "\n")
        assert in_process("check", cwd=tmp_path).stderr == ""

    def test_what_cannot_be_taken_is_asked_again(self, tmp_path: Path) -> None:
        code, said = typed(
            "nowhere",
            "binance",
            "b!",
            "BTC",
            "-1",
            "1,5",
            "1.5",
            "120",
            "100",
            "n",
            "0",
            "42.000",
            "40000",
            "0.01",
            "0.01% 0.02%",
            "0.01%",
            cwd=tmp_path,
        )
        assert code == 0
        for wrong in ("nowhere: is none of them", "B! is no coin", "-1: is negative", "1,5: is not a number",
                      "120: is not from 0 to 100", "0: is not above 0", "42.000: may be 42 or 42000",
                      "0.01: lacks a percent sign",
                      "0.01% 0.02%: is 2 of 1"):  # fmt: skip
            assert wrong in said
        written = yaml.safe_load((tmp_path / "portfolio.yaml").read_text())
        assert (written["holdings"], written["market"]["funding"]) == ({"BTC": 1.5}, {"BTCUSD_PERP": "0.01%"})

    def test_the_funding_and_the_comments_are_of_the_venues_own_contracts(self, tmp_path: Path) -> None:
        code, said = typed(
            "binance", "BTC ETH", "2", "14", "60", "", "n", "40000", "2500", "0.01% -0.005%", cwd=tmp_path
        )
        assert code == 0
        assert "Funding for one interval of BTCUSD_PERP, ETHUSD_PERP" in " ".join(said.split())
        text = (tmp_path / "portfolio.yaml").read_text()
        assert yaml.safe_load(text)["market"]["funding"] == {"BTCUSD_PERP": "0.01%", "ETHUSD_PERP": "-0.005%"}
        assert "#   - {contract: BTCUSD_PERP, contracts: -149, entry_price: 40000}" in text
        assert "BTCUSD," not in text
        assert in_process("check", cwd=tmp_path).returncode == 0

    def test_an_empty_answer_is_none(self, tmp_path: Path) -> None:
        _, said = typed("binance", "BTC", "", "2", then_end=True, cwd=tmp_path)
        assert "nothing was typed; write digits with at most one decimal point, like 1234.5" in said
        assert "nothing: is" not in said

    def test_what_is_left_goes_to_dollars_and_that_is_said(self, tmp_path: Path) -> None:
        _, said = typed("binance", "BTC USDT", "2", "500", then_end=True, cwd=tmp_path)
        assert "what is left after it is wanted in dollars, which USDT count as" in " ".join(said.split())

    def test_what_weights_below_the_whole_mean_is_said_and_can_be_taken_back(self, tmp_path: Path) -> None:
        code, said = typed(
            "", "", "", "2", "14", "60", "30", "n", "60", "30", "y", "n", "40000", "2500", "", cwd=tmp_path
        )  # fmt: skip
        assert code == 0
        assert said.count("10 % is left, so the file gets USD: 10%, dollars that you do not hold") == 2
        assert "plans make them by a short of 10 %" in said
        written = yaml.safe_load((tmp_path / "portfolio.yaml").read_text())
        assert written["targets"] == {"BTC": "60%", "ETH": "30%", "USD": "10%"}

    def test_a_last_share_that_is_too_large_lets_the_first_be_corrected(self, tmp_path: Path) -> None:
        code, said = typed(
            "", "", "", "2", "14", "60", "50", "again", "50", "50", "n", "40000", "2500", "", cwd=tmp_path
        )
        assert code == 0
        assert "50: is not from 0 to 40, which is what is left; write less, or again to begin the weights anew" in said
        written = yaml.safe_load((tmp_path / "portfolio.yaml").read_text())
        assert written["targets"] == {"BTC": "50%", "ETH": "50%"}

    def test_the_end_of_input_writes_nothing(self, tmp_path: Path) -> None:
        code, said = typed("bybit", cwd=tmp_path, then_end=True)
        assert code == 2
        assert "nothing is written" in said
        assert list(tmp_path.iterdir()) == []

    def test_a_long_question_is_broken_between_words(self, tmp_path: Path) -> None:
        _, said = typed("nowhere", cwd=tmp_path, then_end=True)
        assert "One of" in said
        assert max(map(len, said.splitlines())) <= 100
        assert set(said.replace(",", " ").split()) >= set(venues.names())

    def test_a_file_that_is_there_is_refused_before_a_question(self, tmp_path: Path) -> None:
        (tmp_path / "portfolio.yaml").write_text("mine")
        code, said = typed(cwd=tmp_path)
        assert code == 2
        assert "exists and is left as it is" in said
        assert "Where do your contracts" not in said


@pytest.mark.usefixtures("loopback")
class TestTodaysPrices:
    """The last question, where an exchange can be asked."""

    @pytest.fixture
    def server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
        monkeypatch.chdir(tmp_path)
        with Server().serve("binance") as running:
            yield running

    def asked(self, server: Server, monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
        """What is asked where these are the answers and prices are wanted from the exchange."""
        put, given = [], iter(answers)
        told = cli._world

        def prompt(question: str) -> str | None:
            put.append(question)
            return next(given, None)

        def ask(question: str) -> bool:
            put.append(question)
            return True

        monkeypatch.setattr(cli, "_world", lambda *given: told(*given)._replace(now=SERVED, prompt=prompt, ask=ask))
        done = answered("init", network=server.network())
        assert (done.code, done.out) == (0, ""), (put, done.err)
        return put

    def test_they_are_the_exchange_s(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        put = self.asked(server, monkeypatch, "binance", "BTC ETH", "2", "14", "60", "40")
        assert put[-1] == "Ask binance for today's prices?"
        written = yaml.safe_load(Path("portfolio.yaml").read_text())
        market = answered("market", "--now", "2026-11-20T07:58:10Z", network=server.network())
        prices = yaml.safe_load(market.out)["market"]["prices"]
        assert written["market"]["prices"] == {coin: prices[coin] for coin in ("BTC", "ETH")}
        assert written["market"]["as_of"] == SERVED.replace(second=0)
        rates = yaml.safe_load(market.out)["market"]["funding"]
        assert {name: float(rate.removesuffix("%")) / 100 for name, rate in written["market"]["funding"].items()} == (
            pytest.approx({name: rates[name] for name in ("BTCUSD_PERP", "ETHUSD_PERP")})
        )
        assert answered("plan", "--now", "2026-11-20T07:58:10Z").code == 0

    def test_one_that_it_has_not_is_asked_for(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        put = self.asked(server, monkeypatch, "binance", "BTC QQQ", "2", "14", "60", "40", "0.25")
        assert put[-1] == "What does one QQQ cost, in USD?"
        assert yaml.safe_load(Path("portfolio.yaml").read_text())["market"]["prices"]["QQQ"] == 0.25

    def test_where_it_is_down_they_are_typed(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        server.faults = [Fault(reply=Reply("", 503), times=99)]
        put = self.asked(server, monkeypatch, "binance", "BTC ETH", "2", "14", "60", "40", "", "41000", "2600", "none")
        assert "Then you type them" in put[-4]
        assert yaml.safe_load(Path("portfolio.yaml").read_text())["market"]["prices"] == {"BTC": 41000, "ETH": 2600}


class TestSchema:
    def test_is_one_json_document(self) -> None:
        schema = json.loads(in_process("schema").stdout)
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
