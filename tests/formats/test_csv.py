"""CSV: one table, harmless to a spreadsheet."""

import csv
import io

import pytest

from exact import exact
from rebal import formats
from rebal.book import Purpose
from rebal.errors import UsageProblem
from rebal.findings import Code, Finding, Severity
from rebal.formats import Report, View
from rebal.plan import OrderPart

from . import books, ledgers, rows


def shown(plan: Report, section: str | None = None) -> str:
    return formats.render("csv", plan, View(100, colour=True, section=section))


def table(plan: Report, section: str | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shown(plan, section), newline="")))


def test_orders_are_the_first_choice() -> None:
    assert shown(books.worked_example()) == (
        "contract,asset,kind,side,contracts,order_quantity,order_unit,notional,coins,price,limit_price,reduce_only,fee,"
        "fee_currency,route,parts.rebalance.contracts,parts.rebalance.stands_for,parts.hedge.contracts,"
        "parts.hedge.stands_for\n"
        "BTCUSD_PERP,BTC,inverse,sell,150,150,contracts,15000,0.375,40000,40000,false,0.0001875,BTC,inverse,-150,BTC,,\n"
        "ALTUSD,ALT,inverse,buy,1100,1100,contracts,11000,22000,0.5,0.5,false,11,ALT,inverse,1100,ALT,,\n"
        "ETHUSD_PERP,ETH,inverse,buy,400,400,contracts,4000,1.6,2500,2500,false,0.0008,ETH,inverse,400,ETH,,\n"
    )


def test_an_order_of_two_purposes() -> None:
    first = table(books.open_book())[0]
    assert first["parts.hedge.contracts"] == "-4500"
    assert first["parts.rebalance.contracts"] == "500"


def test_several_parts_of_one_purpose_share_a_cell() -> None:
    parts = tuple(OrderPart(Purpose.HEDGE, exact(n), (name,)) for n, name in ((-5, "BTC"), (-7, "DOT")))
    order = rows.order("BTCUSD", "BTC", "-12", notional="12", price="40000", fee="0", parts=parts)
    row = table(rows.plan(orders=(order,)))[0]
    assert row["parts.hedge.contracts"] == "'-5 -7"
    assert row["parts.hedge.stands_for"] == "BTC DOT"


@pytest.mark.parametrize("section", ["orders", "assets", "wallets", "positions", "transfers", "findings"])
def test_a_row_a_thing_and_a_header_without_any(section: str) -> None:
    book = books.open_book()
    assert len(table(book, section)) == len(getattr(book, section))
    assert shown(rows.plan(), section) == shown(book, section).splitlines(keepends=True)[0]


def test_what_is_nested_is_flattened() -> None:
    wallet = table(books.open_book(), "wallets")[0]
    assert wallet["before.margin_balance"] == "0.391"
    assert wallet["liquidation_below"] == ""


def test_negative_numbers_stay_numbers() -> None:
    assert table(books.open_book(), "transfers")[1] == {
        "asset": "USDC",
        "contract": "ETH_USDC-PERPETUAL",
        "quantity": "-120.5",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_text_that_looks_like_a_formula_is_quoted(text: str) -> None:
    finding = Finding(Severity.ERROR, Code.ALERT, text, f'{text}, "quoted"\nand more')
    row = table(rows.plan(findings=(finding,)), "findings")[0]
    assert row["subject"] == f"'{text}"
    assert row["message"] == f'\'{text}, "quoted"\nand more'


def test_harmless_text_is_left_alone() -> None:
    finding = Finding(Severity.INFO, Code.ALERT, "BTC", "3 = 1 + 2")
    assert table(rows.plan(findings=(finding,)), "findings")[0]["message"] == "3 = 1 + 2"


def test_the_history_is_its_entries_in_full() -> None:
    entries = table(ledgers.history())
    assert [row["seq"] for row in entries] == [str(n) for n in range(1, 15)]
    assert {row["hash"] for row in entries} == {"ef" * 32}
    fill, void = entries[2], entries[7]
    assert fill["contracts"] == "-500"
    assert fill["parts.rebalance.contracts"] == "200"
    assert fill["parts.hedge.stands_for"] == "DOT"
    assert fill["parts.hedge.beta"] == "1.3"
    assert (fill["quantity"], fill["voided_by"]) == ("", "")
    assert (void["voids"], void["reason"]) == ("fb0c1de2a3b4c5d6.funding.7", "entered twice")
    assert entries[6]["voided_by"] == "fb0c1de2a3b4c5d6.void.8"


@pytest.mark.parametrize(
    ("report", "sections"),
    [
        (ledgers.status(), "assets wallets positions hedges realised findings accounts accounts.levels payoff"),
        (ledgers.history(), "entries totals positions effects episodes path"),
        (ledgers.recorded(), "entries positions coins"),
    ],
)
def test_the_tables_of_the_other_reports(report: Report, sections: str) -> None:
    for section in sections.split():
        if not section.startswith("accounts"):
            assert len(table(report, section)) == len(getattr(report, section)) > 0
    assert shown(report) == shown(report, sections.split()[0])
    with pytest.raises(UsageProblem, match=f"write one of {', '.join(sections.split())}$"):
        shown(report, "orders")


def test_an_unknown_section_names_those_there_are() -> None:
    with pytest.raises(UsageProblem, match="--section order: there is no such table; write one of assets, orders"):
        shown(rows.plan(), "order")
