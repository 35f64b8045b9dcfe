"""Where a replay takes its first prices from: the portfolio, and where it has none the path itself."""

from pathlib import Path
from typing import Any

import pytest
from lifecycle import BOOK, NOW, made, refused

from exact import exact

BARE = BOOK[: BOOK.index("market:")]
DAYS = [("2024-01-01", "41000.5", "2.4e+03"), ("2024-01-02", "52000", "2300"), ("2024-01-03", "39000", "2700")]
TYPED = ("replay", "--prices", "prices.csv", "--costs", "slippage=0.05%")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prices.csv").write_text("time,BTC,ETH\n" + "".join(f"{','.join(day)}\n" for day in DAYS))


def told(text: str, *typed: str, now: tuple[str, ...] = NOW) -> Any:
    Path("portfolio.yaml").write_text(text)
    return made(*TYPED, *typed, now=now)


def test_a_portfolio_without_prices_begins_with_those_of_the_path() -> None:
    priced = f"{BARE}market: {{as_of: 2024-01-01T00:00:00Z, prices: {{BTC: 41000.5, ETH: 2400}}}}\n"
    expected = told(priced)
    assert expected["ways"][0]["equity_start"] == "120601"
    assert expected["ways"][0]["orders"] > 0
    assert told(BARE) == expected
    # what it has itself stands: here a price of before, which the path takes the place of as it begins
    partly = told(f"{BARE}market: {{as_of: 2023-12-31T00:00:00Z, prices: {{ETH: 2222}}}}\n")
    assert partly.pop("inputs")["market_as_of"] == "2023-12-31T00:00:00Z"
    assert partly == {key: figure for key, figure in expected.items() if key != "inputs"}


def test_prices_of_days_to_come_are_walked_through_too() -> None:
    then = told(BARE.replace("2026-11-20", "2023-11-20"), now=("--now", "2023-11-20T09:00:00Z"))
    assert (then["since"], then["inputs"]["market_as_of"]) == ("2024-01-01T00:00:00Z", None)
    assert then["ways"] == told(BARE)["ways"]


def test_a_stated_basis_is_kept_and_none_is_made_up() -> None:
    stated = told(f"{BARE}market: {{prices: {{BTC: 40000, BTCUSD_PERP: 40400}}}}\n")
    level = told(BARE)
    # as many dollars are sold at 1 % more, so that they and their fee are so many fewer coins
    fees = [exact(each["years"][0]["fees_coin"]) for each in (stated, level)]
    assert stated["years"][0]["contract"] == "BTCUSD_PERP"
    assert abs(fees[0] * exact("1.01") - fees[1]) < exact("0.00000003")
    Path("portfolio.yaml").write_text(f"{BARE}market: {{prices: {{BTCUSD_PERP: 40400}}}}\n")
    assert "needs a price of BTC; add market.prices.BTC" in refused(3, *TYPED)


def test_what_the_path_does_not_price_either_is_said() -> None:
    Path("portfolio.yaml").write_text(BARE.replace("ETH", "SOL"))
    assert "prices.csv: SOL: has no prices; add a file or a column of SOL" in refused(3, *TYPED)


def test_a_plan_still_wants_its_prices() -> None:
    Path("portfolio.yaml").write_text(BARE)
    assert "market.prices: is missing" in refused(3, "plan")


def test_a_stretch_ends_after_it_begins() -> None:
    Path("portfolio.yaml").write_text(BARE)
    said = refused(2, *TYPED, "--from", "2024-01-03", "--to", "2024-01-01")
    assert "--from 2024-01-03 --to 2024-01-01: write a --to that is after --from" in said
    assert told(BARE, "--from", "2024-01-02")["since"] == "2024-01-02T00:00:00Z"
