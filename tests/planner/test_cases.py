"""Small books of round figures, and every figure of what is answered to them.

Each book stands in ``cases`` beside what is answered to the commands that its first line names: each row of the answer
with all that is not null: round figures, so that each can be counted out on paper.

REBAL_UPDATE=1 pytest tests/planner/test_cases.py    writes the answers anew; count out what differs before it is kept.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from program import NOW, answered

CASES = Path(__file__).with_name("cases")
BOOKS = sorted(path for path in CASES.glob("*.yaml") if path.stem != "contracts")
HEAD = ("changes", "refused", "equity", "spot_matches", "needs")
SHOWN = {
    "assets": ("asset", "weight", "aimed_weight", "outside_band", "exposure_after", "hedge_ratio", "hedge_ratio_after",
               "net_exposure_after"),
    "orders": ("contract", "side", "contracts", "limit_price", "reduce_only", "fee", "route", "parts", "account"),
    "transfers": ("asset", "contract", "quantity", "account"),
    "steps": ("n", "kind", "index"),
    "wallets": ("account", "currency", "contract", "balance", "leverage", "margin_ratio", "required",
                "liquidation_below", "liquidation_above", "distance_below", "distance_above",
                "distance_below_all_posted", "distance_above_all_posted", "funding_days_to_alert", "before"),
    "positions": ("contract", "contracts", "contracts_before", "contracts_hedge", "contracts_rebalance", "entry_price",
                  "isolated_margin", "liquidation_price", "liquidation_estimate"),
    "hedges": ("asset", "fraction", "until"),
    "costs": ("fees_usd", "funding_usd_per_day", "breakdown"),
    "findings": ("severity", "code", "subject", "data", "message"),
    "settings": ("contract", "margin_mode", "leverage"),
    "accounts": ("account", "mode", "equity", "credit", "initial_margin", "maintenance_margin", "position_value",
                 "margin_ratio", "printed_rate", "nearest", "levels", "debts"),
    "payoff": ("shock", "equity_unhedged", "equity_hedged", "equity_rebalanced_in_spot"),
    "pnl": ("contract", "coin", "fees_coin", "funding_coin", "net_usd"),
    "ways": ("wallet", "contract", "way", "transfers", "contracts", "fees_usd", "realised_usd", "distance_after",
             "leverage_after", "enough", "chosen"),
}  # fmt: skip
"""What decides, and what nothing else holds: all other figures of an answer follow from its derivations."""


def told(value: Any) -> str:
    """A figure, a name, or several of them, on one line."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return "[" + ", ".join(told(each) for each in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key}: {told(each)}" for key, each in value.items() if each is not None) + "}"
        case _:
            return str(value)


def rows(answer: dict[str, Any]) -> Iterator[str]:
    """An answer a row a line: what is of the whole, then each section."""
    yield " ".join(f"{key}={told(answer[key])}" for key in HEAD if answer.get(key) is not None)
    for section, keys in SHOWN.items():
        content = answer.get(section, [])
        for row in content if isinstance(content, list) else [content]:
            if row.get("shock", "1") not in ("-0.5", "1"):
                continue  # two ends are enough of a line
            yield f"{section} " + " ".join(f"{key}={told(row[key])}" for key in keys if row.get(key) not in (None, []))


def written(path: Path, folder: Path) -> Path:
    """A book as a file, with the standard contracts on its coins where it brings none."""
    made = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    if "contracts" not in made:
        standard = yaml.load((CASES / "contracts.yaml").read_text(), Loader=yaml.BaseLoader)["contracts"]
        made["contracts"] = {name: each for name, each in standard.items() if each["asset"] in made["holdings"]}
    book = folder / "portfolio.yaml"
    book.write_text(json.dumps(made))
    return book


def answer_of(command: str, book: Path) -> dict[str, Any]:
    """What is answered to a command, as JSON has it."""
    code, out, err = answered(*command.split(), "-p", str(book), "--format", "json", *NOW)
    assert code in (0, 1, 10, 20), err
    answer: dict[str, Any] = json.loads(out)
    return answer


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_the_answer_is_the_one_that_was_counted_out(path: Path, tmp_path: Path) -> None:
    book = written(path, tmp_path)
    lines: list[str] = []
    for command in path.read_text().splitlines()[0].removeprefix("# ").split(" | "):
        lines += [f"$ rebal {command}", *rows(answer_of(command, book)), ""]
    found, kept = "\n".join(lines).replace(str(tmp_path), "."), path.with_suffix(".txt")
    if os.environ.get("REBAL_UPDATE"):
        kept.write_text(found)
    assert found == kept.read_text()
