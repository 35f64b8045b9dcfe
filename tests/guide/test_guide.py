"""The guide: every topic on every portfolio, its figures computed when it is shown."""

import ast
import json
import re
from pathlib import Path

import pytest

from exact import exact
from program import ROOT, answered
from rebal import guide, venues
from rebal.amounts import Fraction
from rebal.guide import pooled

MODULES = [Path(guide.__file__).parent / f"{name}.py" for name in guide.names()]
WORKED = [name for name in guide.names() if name != "reference"]
NOW = ("--now", "2026-11-20T09:00:00Z")
EXAMPLE = Path(guide.EXAMPLE).read_text(encoding="utf-8")
PORTFOLIOS = sorted((ROOT / "portfolios").glob("*.yaml"))
NO_TARGETS = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 1}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""
NO_FUTURES = """\
as_of: 2026-11-20T08:00:00Z
holdings: {ABC: 1000, USDT: 5000}
targets: {ABC: 50%, USD: 50%}
contracts:
  ABCUSDT: {asset: ABC, kind: linear, multiplier: 1, tick_size: 0.01, lot_size: 1, min_contracts: 1, maker_fee: 0,
            taker_fee: 0.05%, funding_interval: 8h, max_leverage: 10}
market: {as_of: 2026-11-20T08:00:00Z, prices: {ABC: 3}}
"""
WITHOUT_EQUITY = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {BTC: 0}
targets: {BTC: 100%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}}
"""


def told(*arguments: str, form: str = "table") -> str:
    done = answered("guide", *arguments, "--format", form, "--width", "110")
    assert (done.code, done.err) == (0, ""), done.err
    return done.out


def rows(topic: str, title: str, *more: str) -> list[list[str]]:
    """The cells of the table in a part of a topic."""
    (one,) = json.loads(told(topic, *more, form="json"))["topics"]
    (part,) = [each for each in one["parts"] if each["title"] == title]
    return [list(row) for row in part["rows"]]


def figure(cell: str) -> Fraction:
    """The number in a cell: 1,234.50 of "$1,234.50", -0.5 of "−0.5 BTC"."""
    (found,) = re.findall(r"[−+]?\$?[0-9][0-9,]*(?:\.[0-9]+)?", cell)
    return exact(found.replace("−", "-").replace("+", "").replace("$", "").replace(",", ""))


def test_alone_it_lists_the_topics() -> None:
    listed = [line.split()[1] for line in told(form="plain").splitlines()]
    assert listed == list(guide.names())
    assert len(listed) == 13


def test_all_is_every_topic_in_reading_order() -> None:
    titles = [each["topic"] for each in json.loads(told("--all", form="json"))["topics"]]
    assert titles == list(guide.names())


@pytest.mark.parametrize("topic", guide.names())
@pytest.mark.parametrize("form", ["table", "plain", "json", "csv"])
def test_every_topic_in_every_format(topic: str, form: str) -> None:
    assert told(topic, form=form)


@pytest.mark.parametrize("path", PORTFOLIOS, ids=lambda path: path.stem)
def test_every_topic_on_every_portfolio(path: Path) -> None:
    assert "worked on" in told("--all", "-p", str(path), *NOW)


@pytest.mark.parametrize("text", [NO_TARGETS, NO_FUTURES, WITHOUT_EQUITY])
def test_every_topic_where_the_portfolio_lacks_what_it_needs(text: str, tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    path.write_text(text)
    for topic in WORKED:
        assert told(topic, "-p", str(path), *NOW)


def test_what_is_not_the_readers_own_is_said_to_be_the_examples(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    path.write_text(NO_FUTURES)
    assert "the figures are the example's" in told("inverse", "-p", str(path), *NOW)
    path.write_text(NO_TARGETS)
    assert "the figures are the example's" in told("drift", "-p", str(path), *NOW)
    assert "the figures are the example's" not in told("inverse", "-p", str(path), *NOW)


@pytest.mark.parametrize("topic", [name for name in WORKED if name != "proxies"])
def test_its_figures_move_with_the_portfolio(topic: str, tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    path.write_text(EXAMPLE)
    before = told(topic, "-p", str(path), *NOW)
    path.write_text(EXAMPLE.replace("BTC: 40000", "BTC: 47100").replace("ETH: 2500,", "ETH: 2310,"))
    assert told(topic, "-p", str(path), *NOW) != before


def figures_written(module: Path) -> list[str]:
    """Figures that a module has in its texts rather than computes: digits in what is neither docstring nor symbol."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]
    return [found for text in texts for found in re.findall(r"(?<![\w/.:-])[0-9][0-9.,]*", text)]


@pytest.mark.parametrize("topic", guide.names())
def test_no_gap_of_two_lines(topic: str) -> None:
    assert "\n\n\n" not in told(topic)


@pytest.mark.parametrize(
    ("mark", "said"),
    [("40010", "10.00 above the index"), ("39990", "10.00 below the index"), ("40000", "the same as the index")],
)
def test_how_far_a_mark_is_from_its_index(tmp_path: Path, mark: str, said: str) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(NO_TARGETS.replace("{BTC: 40000}", f"{{BTC: 40000, BTCUSD_PERP: {mark}}}"))
    assert said in " ".join(told("margin", "-p", str(file), *NOW).split())


def test_every_venue_that_can_pool_is_named_where_to_look() -> None:
    """The chapter on pools: what each of the three kinds shows, and at every venue with a pool where that is seen."""
    shows, where, *_ = pooled._YOURS
    assert re.findall(r"(Isolated|Cross|Pooled)[:,]", shows) == ["Isolated", "Cross", "Pooled"]
    for venue in map(venues.venue, venues.names()):
        if venue.pooling is not None:
            assert f"{venue.title.split()[0]}: " in where, venue.title


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_figure_is_written_that_could_be_computed(module: Path) -> None:
    allowed = {
        "inverse": ["1", "1"],  # V · (1/entry − 1/price)
        "longs": ["1", "1", "1", "1"],  # leverage 1
        "margin": ["100"],  # per cent, where liquidation is by definition
        "proxies": ["1.3", "1"],  # of a line to paste; √(1 − R²)
        "pooled": ["2026"],
        "funding": ["5"],  # of a command to type
        "cron": ["0", "8", "1"],  # of a line to paste
    }
    found = [each.rstrip(".,") for each in figures_written(module)]
    assert sorted(found) == sorted(allowed.get(module.stem, []))


def test_a_covered_short_is_the_same_dollars_at_every_price() -> None:
    held, mark = exact("2"), exact("40000")
    found = rows("inverse", "A short covered by its coins")
    assert len(found) == 6
    for _, price, pnl, coins, worth, unhedged in found:
        then = figure(price)
        assert figure(pnl) == round(-held * mark * (1 / mark - 1 / then), 8)
        assert figure(coins) == round(held + -held * mark * (1 / mark - 1 / then), 8)
        assert figure(worth) == held * mark
        assert figure(unhedged) == held * then


def test_a_long_in_its_own_coin_falls_twice() -> None:
    posted, mark = exact("0.5"), exact("40000")
    for _, price, pnl, coins, worth in rows("longs", ""):
        then = figure(price)
        lost = posted * mark * (1 / mark - 1 / then)
        assert figure(pnl) == round(lost, 8)
        assert figure(coins) == round(posted + lost, 8)
        assert figure(worth) == round((posted + lost) * then, 2)


def test_where_longs_and_shorts_end() -> None:
    # BTCUSD at Bybit: half a percent and the closing fee of 0.055 % up to 150 BTC, valued at mark.
    dollars, mark, rate = exact("20000"), exact("40000"), exact("0.00555")
    for leverage, margin, low, _, high, _ in rows("longs", "Where it ends"):
        posted = dollars / mark / figure(leverage)
        assert figure(margin) == posted
        assert figure(low) == round(dollars * (1 + rate) / (dollars / mark + posted), 2)
        over = dollars / mark - posted
        assert high == "never" if over <= 0 else figure(high) == round(dollars * (1 - rate) / over, 2)


def test_what_funding_pays() -> None:
    for rate, day, year, back, _ in rows("funding", ""):
        paid = 10_000 * figure(rate.split(" ")[0]) / 100 * 3
        assert figure(day) == abs(paid)
        assert figure(year) == figure(back) == abs(paid) * 365
        assert day.startswith("pays" if paid < 0 else "receives")


def test_futures_that_earn_are_cheaper_from_a_day_on(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    book = (
        "venue: bybit\nas_of: 2026-11-20T08:00:00Z\ntargets: {BTC: 20%, USD: 80%}\n"
        "holdings: {BTC: {quantity: 1, lots: [{quantity: 1, cost: 40000, acquired: 2024-01-01}]}, USDT: 40000}\n"
        "costs: {spot_fee: 0.1%, slippage: 0%}\n"
        "tax: {method: hifo, short_term: 37%, long_term: 20%, long_after: 1y}\n"
        "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000}, funding: {BTCUSD: RATE}}\n"
    )
    # a short of 24,000: 0.055 % twice are 26.40 to pay, a sale 24; three times 0.002 % are 1.44 a day
    path.write_text(book.replace("RATE", "0.002%"))
    text = " ".join(told("choosing", "-p", str(path)).split())
    assert "$103.20 cheaper from day 2" in text
    assert "Here the first that has to earn its fees is cheaper from day 2." in text
    assert "The total holds it, the days do not" in " ".join(text.split())
    path.write_text(book.replace("RATE", "-0.002%"))
    text = " ".join(told("choosing", "-p", str(path)).split())
    assert "$156.00 never cheaper" in text
    assert "Here one costs more from the start." in text
    assert "day 0" not in text
    # a sale of 48 is dearer than the fees, and stays so: there is no day 0 to wait for
    path.write_text(book.replace("RATE", "0%").replace("spot_fee: 0.1%", "spot_fee: 0.2%"))
    text = " ".join(told("choosing", "-p", str(path)).split())
    assert "never dearer" in text
    assert "Here what is never dearer costs less than selling from the start" in text
    assert "day 0" not in text


def test_a_band_of_dollars_alone_orders_nothing(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.yaml"
    path.write_text(
        "venue: bybit\nas_of: 2026-11-20T08:00:00Z\nholdings: {BTC: 1, ETH: 10, USDT: 40000}\n"
        "targets: {BTC: 30.3%, ETH: 30.4%, USD: 39.3%}\n"
        "market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 4000}}\n"
    )
    text = " ".join(told("drift", "-p", str(path)).split())
    assert "Outside here: USD. Once a coin is, all of them go to target" in text
    assert "For BTC: 30.3 %" in text
    assert "This plan has no order: no coin is outside its band." in text


def test_a_topic_that_is_not_there() -> None:
    done = answered("guide", "margins")
    assert (done.code, done.out) == (2, "")
    assert "did you mean margin?" in done.err
    assert answered("guide", "margin", "--all").code == 2


LEVERED = """\
venue: binance
as_of: 2026-11-20T08:00:00Z
holdings: {ETH: 20}
wallets: {ETH: 4.5}
positions: [{contract: ETHUSD_PERP, contracts: 1100, entry_price: 2500}]
market: {as_of: 2026-11-20T08:00:00Z, prices: {ETH: %s}}
"""


def test_a_rescue_is_due_from_the_price_that_the_guide_names(tmp_path: Path) -> None:
    # 11,000 dollars long at 2,500 on 4.5 coins: leverage is 11000/(8.9 P - 11000), 1.25 at 19800/8.9, before distance
    file = tmp_path / "levered.yaml"
    file.write_text(LEVERED % 2500)
    assert "alert at a price of 2,224.72" in answered("guide", "rescue", "-p", str(file), *NOW).out
    for price, alert in (("2224.8", False), ("2224.7", True)):
        file.write_text(LEVERED % price)
        codes = {
            each["code"] for each in json.loads(answered("status", str(file), *NOW, "--format", "json").out)["findings"]
        }
        assert ("alert" in codes) is alert


TWO = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  main: {venue: bybit, margin: pooled, wallets: {BTC: 0.3, USDT: 500},
         positions: [{contract: BTCUSD, contracts: 9000, entry_price: 39000}]}
  second: {venue: deribit, wallets: {BTC: 0.2},
           positions: [{contract: BTC-PERPETUAL, contracts: -2000, entry_price: 41000}]}
holdings: {BTC: 2, ETH: 14, USDT: 500}
targets: {BTC: 80%, ETH: 20%, USD: 0%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}
"""


def test_topics_on_two_accounts_one_of_them_pooled(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(TWO)
    at = ("-p", str(file), *NOW, "--format", "plain")
    plan = json.loads(answered("plan", str(file), *NOW, "--format", "json").out)
    on_btc = [order for order in plan["orders"] if order["parts"][0]["stands_for"] == ["BTC"]]
    assert len(on_btc) == 2
    drift = answered("guide", "drift", *at).out
    assert all(f"{order['side']} " in drift and f" of {order['contract']}, $" in drift for order in on_btc)
    margin = answered("guide", "margin", *at).out
    assert "second:BTC" in margin
    assert "Not here: main, pooled and judged as a whole" in margin
    assert "main:BTC" not in margin
    status = json.loads(answered("status", str(file), *NOW, "--format", "json").out)
    nearest = status["accounts"][0]["nearest"]
    rescue = answered("guide", "rescue", *at).out
    assert f"its nearest liquidation is {float(nearest['distance']) * 100:.1f} % away on {nearest['path']}" in rescue


ACCOUNTS = """\
as_of: 2026-11-20T08:00:00Z
accounts:
  main: {venue: bybit, margin: MODE, wallets: {BTC: 0.3},
         positions: [{contract: BTCUSD, contracts: -9000, entry_price: 39000}]}
  second: {venue: deribit, wallets: {BTC: 0.2},
           positions: [{contract: BTC-PERPETUAL, contracts: -2000, entry_price: 41000}]}
holdings: {BTC: 2, ETH: 14}
targets: {BTC: 40%, ETH: 60%}
market: {as_of: 2026-11-20T08:00:00Z, prices: {BTC: 40000, ETH: 2500}}
"""


def test_wallets_of_several_accounts_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    file.write_text(ACCOUNTS.replace("MODE", "cross"))
    due = rows("rescue", "How far you are from it", "-p", str(file), *NOW)
    assert [each[0] for each in due] == ["main:BTC", "second:BTC"]
    assert due[1][2:] == ["68,795.60", "+72.0 %", "50,959.70"]  # and no price of 1.01, a tenth of today's and less
    margins = rows("margin", "The wallets after the plan", "-p", str(file), *NOW)
    assert {each[0] for each in margins} == {"main:BTC", "main:ETH", "second:BTC"}
    reading = " ".join(told("reading", "-p", str(file), *NOW).split())
    assert "into the account main" in reading
    assert "main:BTC margin balance" in reading
    file.write_text(ACCOUNTS.replace("MODE", "pooled"))
    apart = " ".join(told("reading", "-p", str(file), *NOW).split())
    assert "second:BTC margin balance" in apart
    assert "liquidation only beyond 10 x or 0.1 x;" in apart


def test_a_coin_of_a_pooled_account_has_no_liquidation_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "portfolio.yaml"
    alone = ACCOUNTS.split("  second")[0] + "holdings" + ACCOUNTS.split("holdings")[1]
    file.write_text(alone.replace("MODE", "pooled"))
    reading = " ".join(told("reading", "-p", str(file), *NOW).split())
    assert "its coins count $" in reading
    assert "liquidation never" not in reading
