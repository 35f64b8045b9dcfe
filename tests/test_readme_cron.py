"""The README's lines for cron and systemd, as they are typed, in an empty environment, as far as the loopback goes."""

import configparser
import http.server
import json
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import PROGRAM, environment
from test_readme import section

TEXT = section("From cron")
LINES: list[str] = [
    line.split(maxsplit=5)[5] for block in re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines() if re.match(r"[*0-9]", line)
]  # fmt: skip
UNITS = re.findall(r"```ini\n(.*?)```", TEXT, re.DOTALL)
BREACHED = """\
name: Core
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 0.625, ETH: 10}
targets: {BTC: 10%, ETH: 50%, USD: 40%}
wallets: {BTC: 0.1}
positions: [{contract: BTCUSD_PERP, contracts: -200, entry_price: 40000}]
market: {prices: {BTC: 40000, ETH: 2500}}
policy: {max_price_age: none}
"""


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted to it, as path and body."""

    posted: list[tuple[str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.posted.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    posted: list[tuple[str, str]] = []
    handler = type("Hook", (Hook,), {"posted": posted})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
        server.shutdown()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "portfolio.yaml").write_text(BREACHED)
    (tmp_path / "prices.yaml").write_text("prices: {BTC: 40000, ETH: 2500}\n")
    return tmp_path


def here(command: str, home: Path, url: str = "") -> str:
    program = " ".join(map(shlex.quote, PROGRAM))
    placed = command.replace("/home/me/rebal/.venv/bin/rebal", program).replace("/home/me", str(home))
    return re.sub(r"https://[\w.]+", url, placed)


def as_cron(command: str, home: Path, path: str = "/usr/bin:/bin") -> "subprocess.CompletedProcess[str]":
    """Run a line as cron does: by sh, from home, with next to nothing in the environment."""
    return subprocess.run(
        ["/bin/sh", "-c", command], env={**environment(), "PATH": path, "HOME": str(home), "SHELL": "/bin/sh"},
        cwd=home, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def line(*words: str) -> str:
    (found,) = [each for each in LINES if all(word in each for word in words)]
    return found


def test_there_is_a_line_of_each_kind() -> None:
    assert len(LINES) == 7
    assert len(UNITS) == 2


@pytest.mark.parametrize(("word", "code"), [("status", 20), ("plan", 20)])
def test_what_cron_would_mail(home: Path, word: str, code: int) -> None:
    done = as_cron(here(line(f"rebal {word} ", "--market /home/me/prices.yaml"), home), home)
    assert (done.returncode, done.stderr) == (code, "")
    assert "BTC" in done.stdout


def test_options_of_the_live_lines_are_there(home: Path) -> None:
    for words in (("--market live",), ("rebal market",)):
        known = as_cron(here(f"/home/me/rebal/.venv/bin/rebal {line(*words).split()[1]} --help", home), home).stdout
        assert all(option in known for option in re.findall(r"--[a-z]+", line(*words)))


def test_by_mail(home: Path) -> None:
    (home / "bin").mkdir()
    mail = home / "bin" / "mail"
    mail.write_text(f'#!/bin/sh\nfor each in "$@"; do echo "$each"; done > {home}/words\ncat > {home}/body\n')
    mail.chmod(0o700)
    done = as_cron(here(line("mail -s"), home), home, path=f"{home}/bin:/usr/bin:/bin")
    assert (done.returncode, done.stderr, done.stdout) == (20, "", "")
    flag, subject, whom = (home / "words").read_text().splitlines()
    assert (flag, whom) == ("-s", "me@example.org")
    assert subject.startswith("attention: Core, 50000.00 USD; BTC ")
    assert json.loads((home / "body").read_text())["needs"] == "attention"


@pytest.mark.skipif(shutil.which("curl", path="/usr/bin:/bin") is None, reason="curl is not installed")
def test_by_ntfy_and_to_a_webhook_once(home: Path, hook: tuple[str, list[tuple[str, str]]]) -> None:
    url, posted = hook
    for _ in range(2):
        for word in ("my-topic", "/hook"):
            done = as_cron(here(line(word), home, url), home)
            assert (done.returncode, done.stderr, done.stdout) == (20, "", "")
    (topic, summary), (path, body) = posted
    assert (topic, path) == ("/my-topic", "/hook")
    assert summary.startswith("attention: Core, 50000.00 USD; BTC ")
    assert json.loads(body)["file"] == str(home / "portfolio.yaml")


@pytest.mark.skipif(shutil.which("curl", path="/usr/bin:/bin") is None, reason="curl is not installed")
def test_the_service_runs_as_it_is_written(home: Path, hook: tuple[str, list[tuple[str, str]]]) -> None:
    url, posted = hook
    service = configparser.ConfigParser(interpolation=None)
    service.read_string(UNITS[0])
    words = shlex.split(here(service["Service"]["ExecStart"], home, url))  # systemd's quotes are a shell's here
    done = subprocess.run(words, env=environment(), cwd="/", capture_output=True, text=True, check=False, timeout=60)
    assert str(done.returncode) in service["Service"]["SuccessExitStatus"].split()
    assert [path for path, _ in posted] == ["/hook"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_units(home: Path) -> None:
    units = [home / "rebal.service", home / "rebal.timer"]
    for unit, text in zip(units, UNITS, strict=True):
        unit.write_text(text.replace("/home/me/rebal/.venv/bin/rebal", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", *map(str, units)], env={**environment(), "HOME": str(home)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    said = [each for each in done.stderr.splitlines() if "rebal." in each]
    assert said == []
