"""``rebal venues``: the list, one venue in every format, and what is assumed."""

import csv
import io
import json
import re

import pytest

from exact import exact
from program import NOW, answered
from rebal import venues


def shown(*arguments: str) -> str:
    code, out, err = answered("venues", *arguments, *NOW)
    assert (code, err) == (0, "")
    return out


def table(*arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shown(*arguments, "--format", "csv"))))


class TestList:
    def test_names_every_venue_and_what_is_left_out(self) -> None:
        report = json.loads(shown("--format", "json"))
        assert report["schema"] == "rebal/venues/1"
        assert [each["venue"] for each in report["venues"]] == list(venues.names())
        assert [each["venue"] for each in report["left_out"]] == list(venues.LEFT_OUT)

    def test_counts_agree_with_the_venues_themselves(self) -> None:
        for line in table():
            contracts = table(line["venue"])
            kinds = [contract["kind"] for contract in contracts]
            assert int(line["contracts"]) == len(contracts)
            assert (int(line["inverse"]), int(line["linear"])) == (kinds.count("inverse"), kinds.count("linear"))
            assert int(line["planned_on"]) == [each["standing"] for each in contracts].count("planned-on")

    def test_plain_has_a_venue_a_line(self) -> None:
        lines = shown().splitlines()
        assert [line.split()[1] for line in lines if line.startswith("venue ")] == list(venues.names())
        assert lines[-1].startswith("left-out  bitget  ")


class TestVenue:
    @pytest.mark.parametrize("name", venues.names())
    def test_every_contract_is_in_every_format(self, name: str) -> None:
        report = json.loads(shown(name, "--format", "json"))
        assert report["schema"] == "rebal/venue/1"
        names = [contract["contract"] for contract in report["contracts"]]
        assert names == [row["contract"] for row in table(name)]
        plain, wide = shown(name), shown(name, "--format", "table", "--width", "200")
        for contract in names:
            assert f"\ncontract  {contract}  " in plain
            assert f"\n{contract} " in wide

    @pytest.mark.parametrize("name", venues.names())
    def test_every_contract_has_sources_that_are_listed(self, name: str) -> None:
        report = json.loads(shown(name, "--format", "json"))
        known = {source["source"] for source in report["sources"]}
        for contract in report["contracts"]:
            assert contract["sources"]
            assert known >= set(contract["sources"])

    def test_the_specification(self) -> None:
        (contract,) = [each for each in table("binance") if each["contract"] == "BTCUSD_PERP"]
        assert (contract["multiplier"], contract["settle"], contract["tick_size"]) == ("100", "BTC", "0.1")
        assert (contract["maintenance_price"], contract["maintenance_tier_unit"]) == ("mark", "coin")
        tiers = [row for row in table("binance", "--section", "tiers") if row["contract"] == "BTCUSD_PERP"]
        assert tiers[0]["rate"] == "0.004"
        assert "BTCUSD_PERP    " in shown("binance", "--format", "table")

    def test_a_rate_that_grows_with_the_size(self) -> None:
        (contract,) = [each for each in table("deribit") if each["contract"] == "BTC-PERPETUAL"]
        assert (contract["maintenance_base"], contract["maintenance_slope"]) == ("0.01", "0.00005")
        assert "1 % and 0.005 % more a coin" in shown("deribit", "--format", "table")

    def test_assumed_figures_are_marked(self) -> None:
        (line,) = [each for each in shown("binance").splitlines() if each.startswith("contract  SOLUSD_PERP ")]
        assert "maintenance at mark, with the closing fee, whole?" in line
        assert "maker 0.01%  " in line
        assert "assumed   SOLUSD_PERP  maintenance rate  2.5 % with the closing fee" in shown("binance")

    def test_what_is_not_planned_on_says_why(self) -> None:
        assert "not planned on: its multiplier is not known" in shown("weex", "--format", "table")
        (contract,) = table("weex")
        assert (contract["standing"], contract["multiplier"]) == ("incomplete", "")

    @pytest.mark.parametrize("name", ["deribit", "bitmex", "weex"])
    def test_no_figure_is_cut(self, name: str) -> None:
        def figures(width: int) -> set[str]:
            text = shown(name, "--format", "table", "--width", str(width))
            assert "…" not in text
            return set(re.findall(r"[0-9]+(?:[.,:-][0-9]+)*", text))

        assert figures(40) == figures(80) == figures(300)

    def test_dated_contracts_are_those_of_the_time(self) -> None:
        later = answered("venues", "deribit", "--now", "2027-01-01T00:00:00Z").out
        assert "contract  BTC-25DEC26 " in shown("deribit")
        assert "BTC-25DEC26" not in later


class TestUnknown:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("binanc", "rebal: binanc: there is no such venue in the catalogue; did you mean binance? write one of "),
            ("bitget", "rebal: bitget is not in the catalogue: "),
            ("_venue", "rebal: _venue: there is no such venue in the catalogue; "),
        ],
    )
    def test_says_what_there_is(self, name: str, said: str) -> None:
        code, out, err = answered("venues", name)
        assert (code, out) == (2, "")
        assert err.startswith(said)


class TestPooled:
    @pytest.mark.parametrize("name", venues.names())
    def test_what_coins_count_is_in_every_format(self, name: str) -> None:
        pooling = venues.venue(name).pooling
        report = json.loads(shown(name, "--format", "json"))
        rows, plain = table(name, "--section", "collateral"), shown(name).splitlines()
        told = [each for each in plain if each.startswith("collateral  ")]
        wide = shown(name, "--format", "table", "--width", "200")
        if pooling is None:
            assert (report["pooling"], report["collateral"], rows, told) == (None, [], [], [])
            assert "Pooled accounts" not in wide
            return
        parts = [(coin, part) for coin, each in pooling.counting.items() for part in each.collateral.slices]
        assert [(row["coin"], exact(row["ratio"])) for row in rows] == [(coin, part.ratio) for coin, part in parts]
        assert len(told) == len(report["collateral"]) == len(parts)
        for each in report["collateral"]:
            assert each["status"] == "assumed" or each["source"] in {source["source"] for source in report["sources"]}
            assert f"\n{'others' if each['coin'] == '*' else each['coin']} " in wide

    def test_the_parts_of_a_coin_with_date_and_source(self) -> None:
        said = " ".join(shown("bybit", "--format", "table", "--width", "200").split())
        assert (
            "BTC to 10 BTC 98 %, to 20 BTC 95 %, to 30 BTC 90 %, to 40 BTC 85 %, to 50 BTC 80 %, "
            "nothing beyond, assumed: ratios, 2025-09-18 "
        ) in said
        (line,) = [each for each in shown("okx").splitlines() if each.startswith("collateral  BTC  in coins  up-to 25")]
        assert line.endswith("ratio 97.75%  doc  date 2025  source multi-currency")
        report = json.loads(shown("binance", "--format", "json"))
        assert (report["pooling"]["liquidated_at"], report["pooling"]["new_account"]) == ("1.05", False)
