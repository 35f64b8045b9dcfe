"""The README says what the program does. ``python tests/test_readme.py`` renews the plans that it shows."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from program import NOW, ROOT, in_process, shell
from rebal import commands, discover, venues
from rebal.errors import Exit

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
SHOWN = re.compile(
    r"(`(rebal plan [^`]+)` on a terminal:\n\n<!-- plan -->\n```\n)(.*?)(```\n<!-- /plan -->)", re.DOTALL
)
EXCERPT = re.compile(r"(<!-- tutorial -->\n```\n)(.*?)(```\n<!-- /tutorial -->)", re.DOTALL)
FIRST_DAY = "2026-11-20T08:00:00Z"


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def planned(command: str) -> str:
    """What a command of the README prints on a terminal without colour."""
    done = in_process(*shlex.split(command)[1:], "--format", "table", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plan_is_the_one_that_is_printed() -> None:
    shown = SHOWN.search(TEXT)
    assert shown is not None
    assert shown[3] == planned(shown[2])


def test_commands_are_those_there_are() -> None:
    assert set(re.findall(r"^\| `rebal (\w+)", section("Commands"), re.MULTILINE)) == set(discover.names(commands))


def test_exit_codes_are_those_there_are() -> None:
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)] == list(Exit)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_portfolio_files_are_valid_ones(block: str) -> None:
    done = in_process("check", "-", stdin=block)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def ordered() -> str:
    """The orders and steps of the tutorial's plan, as a terminal shows them."""
    done = in_process("plan", "-", "--format", "table", *NOW, stdin=blocks("yaml")[0])
    assert (done.returncode, done.stderr) == (0, "")
    (shown,) = re.findall(r"^Orders .*?(?=\n\nMargin)", done.stdout, re.DOTALL | re.MULTILINE)
    return f"{shown}\n"


def test_the_tutorial_shows_the_orders_of_its_file() -> None:
    shown = EXCERPT.search(TEXT)
    assert shown is not None
    assert shown[2] == ordered()


def test_the_tutorial_can_be_followed_as_it_is_typed(tmp_path: Path) -> None:
    text = section("Ten minutes: from a file to orders")
    start, check, *rest = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    book = blocks("yaml")[0].replace(FIRST_DAY, f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    prices = "\n".join(line.removeprefix("  ") for line in book.partition("market:\n")[2].splitlines())
    files = f"cat > portfolio.yaml <<'EOF'\n{book}EOF\ncat > prices.yaml <<'EOF'\n{prices}\nEOF"
    done = shell("\n".join(["set -e", 'rebal() { $rebal "$@"; }', start, files, check, *rest]), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert said == ["portfolio.yaml is written; put your own figures in", "next: rebal plan portfolio.yaml"]
    (status,) = [line for line in done.stdout.splitlines() if line.startswith("status ")]
    assert status.split()[1] == "nothing:"
    assert (tmp_path / "plan.json").exists()


def placed(tmp_path: Path) -> None:
    """The tutorial's book with its plan recorded, at the times that it shows."""
    (tmp_path / "portfolio.yaml").write_text(blocks("yaml")[0])
    for line in ("plan --out plan.json", "record plan plan.json --fill BTCUSD=11000@40012.5 --fill ETHUSD=11000@2501"):
        assert in_process(*line.split(), *NOW, cwd=tmp_path).returncode == 0


def test_the_way_out_of_the_tutorial_is_spot_first_or_force(tmp_path: Path) -> None:
    placed(tmp_path)
    refused = in_process("unwind", "--format", "plain", *NOW, cwd=tmp_path)
    assert refused.returncode == 1
    assert "refused   BTC, ETH spot is not at its target" in refused.stdout
    assert in_process("unwind", "--force", *NOW, cwd=tmp_path).returncode == 0
    for coin, quantity, price in (("BTC", "-0.275", "40000"), ("ETH", "4.4", "2500")):
        line = f"record spot --asset {coin} --quantity {quantity} --price {price} --against USDT"
        assert in_process(*line.split(), *NOW, cwd=tmp_path).returncode == 0
    assert in_process("unwind", *NOW, cwd=tmp_path).returncode == 0


def test_status_says_that_the_prices_of_the_tutorial_are_old(tmp_path: Path) -> None:
    placed(tmp_path)
    assert in_process("status", *NOW, cwd=tmp_path).stdout.split()[1] == "nothing:"
    done = in_process("status", "--now", "2026-11-22T09:00:00Z", cwd=tmp_path)
    assert (done.returncode, done.stdout.split()[1]) == (20, "attention:")
    assert "older than policy.max_price_age" in done.stdout


def test_the_tutorial_s_account_can_be_a_pooled_one(tmp_path: Path) -> None:
    (written,) = re.findall(r"write `(accounts: .*?)` in place of `venue: bybit`", TEXT)
    done = in_process("plan", "-", *NOW, stdin=blocks("yaml")[0].replace("venue: bybit", written))
    assert (done.returncode, done.stderr) == (0, "")
    assert "pooled" in done.stdout


KINDS = {"isolated", "cross", "pooled"}


def test_the_reader_is_told_which_of_the_three_his_account_is_and_where_to_look() -> None:
    """Every venue that can pool is named where the README says where to look, and those that cannot beside them."""
    (said,) = re.findall(
        r"- Which of the three is yours: (.*?)\n- ", section("Several accounts, and pooled ones"), re.DOTALL
    )
    assert set(re.findall(r"\*(\w+)\*", said)) == KINDS
    where, cannot = said.split("Where to look:")[1].split("Kraken", 1)
    for name in venues.names():
        venue = venues.venue(name)
        title = venue.title.split()[0]
        if venue.pooling is not None:
            assert title in where, f"where does one see at {title} whether coins are pooled?"
        elif title in ("Gate", "MEXC", "HTX", "Phemex"):
            assert title in cannot


def test_accounts_of_the_section_on_several_plan_and_record(tmp_path: Path) -> None:
    """What stands there is a file that plans, and what is said of moves between accounts is what record takes."""
    (block,) = (each for each in blocks("yaml") if "deribit: {venue: deribit" in each)
    (tmp_path / "portfolio.yaml").write_text(block)
    done = in_process("plan", *NOW, "--out", "plan.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert in_process("record", "plan", "plan.json", *NOW, cwd=tmp_path).returncode == 0
    for word in (
        "`policy.prefer: cost`",
        "`at_most`",
        "`unhedged`",
        "withdrawal: 2h",
        "bybit:deribit:BTC=-0.1",
    ):
        assert word in section("Several accounts, and pooled ones"), word


def test_a_share_on_the_command_line_is_in_percent_points(tmp_path: Path) -> None:
    (tmp_path / "portfolio.yaml").write_text(blocks("yaml")[0])
    half, same, little = (
        in_process("hedge", "BTC", "--pct", share, "--format", "csv", *NOW, cwd=tmp_path).stdout
        for share in ("50", "50%", "0.5")
    )
    assert "BTCUSD" in half
    assert half == same
    assert half != little


@pytest.mark.parametrize("command", re.findall(r"^python3 -m venv .*$", TEXT, re.MULTILINE))
def test_set_up_names_what_is_there(command: str) -> None:
    install, run = command.split(" && ")[1:]
    assert install.startswith(".venv/bin/pip install -q ")
    program, *arguments = shlex.split(run)
    assert program in (".venv/bin/rebal", ".venv/bin/pytest")
    assert all((ROOT / word).exists() for word in arguments if "/" in word)


def test_ci_calls_the_test_command() -> None:
    lines = [line for line in TEXT.splitlines() if re.match(r"python3 -m venv .*pytest", line)]
    assert len(lines) == 1
    assert "grep -E '^python3 -m venv .*pytest' README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_life_of_a_hedge_can_be_lived_as_it_is_typed(tmp_path: Path) -> None:
    (before, block) = re.findall(
        r"With `(portfolios/[^`]+)` as `portfolio.yaml`.*?```sh\n(rebal hedge .*?)```", TEXT, re.DOTALL
    )[0]
    today = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    text = (ROOT / before).read_text()
    (tmp_path / "portfolio.yaml").write_text(text.replace("2026-11-20T08:00:00Z", today))
    script = "\n".join(["set -e", 'rebal() { $rebal "$@"; }', block])
    done = shell(script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    last = [line for line in done.stdout.splitlines() if line.startswith("status ")]
    assert [line.split()[1] for line in last] == ["nothing:", "nothing:"]


def test_the_account_s_commands_are_understood_as_they_are_typed(tmp_path: Path) -> None:
    (tmp_path / "portfolio.yaml").write_text(blocks("yaml")[0].replace("venue: binance", "venue: bybit"))
    (block,) = re.findall(r"```sh\n(.*?)```", section("The account"), re.DOTALL)
    asked = 0
    for line in block.splitlines():
        done = in_process(*shlex.split(line, comments=True)[1:], *(() if " show " in line else NOW), cwd=tmp_path)
        if "exchange" in line or "reconcile" in line:
            asked += 1  # everything but a key
            assert (done.returncode, done.stdout) == (2, "")
            assert "REBAL_BYBIT_KEY and REBAL_BYBIT_SECRET are not set" in done.stderr or "BINANCE" in done.stderr
        else:
            assert (done.returncode, done.stderr) == (0, "")
    assert asked == 4


def _renew() -> None:
    text = SHOWN.sub(lambda old: old[1] + planned(old[2]) + old[4], TEXT)
    README.write_text(EXCERPT.sub(lambda old: old[1] + ordered() + old[3], text), encoding="utf-8")


if __name__ == "__main__":
    _renew()


def test_the_replays_run_as_they_are_typed(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", section("Replay"), re.DOTALL)
    (tmp_path / "portfolio.yaml").write_text((ROOT / "portfolios" / "drift.yaml").read_text())
    days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(40)]
    rows = [f"{day.date()},{40000 + 900 * (n % 7)},{2500 - 30 * (n % 5)},0.5" for n, day in enumerate(days)]
    (tmp_path / "prices.csv").write_text("\n".join(["time,BTC,ETH,ALT", *rows]))
    (tmp_path / "funding.csv").write_text("time,contract,rate\n2024-01-03T08:00:00Z,BTCUSD_PERP,0.0001\n")
    for line in block.splitlines():
        done = in_process(*shlex.split(line, comments=True)[1:], *NOW, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
