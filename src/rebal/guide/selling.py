"""Hedge or sell: tax by lot."""

from collections.abc import Iterator

from rebal.guide import Reader
from rebal.guide._figures import coins, percent, usd
from rebal.guide._routes import HEADINGS, compared, rows
from rebal.reports.comparison import Compare, LotLine
from rebal.reports.guide import Part

TITLE = "Hedge or sell: tax by lot"
PLACE = 8
_LOT_HEADINGS = ("coin", "lot", "gain", "rate today", "tax", "long-term on", "saved by waiting", "hedge until then")


def parts(reader: Reader) -> tuple[Part, ...]:
    """What a sale is taxed at, lot by lot, and what waiting would save."""
    report, what = compared(reader)
    lots = tuple(map(_lot, report.lots))
    return (
        Part("", tuple(_tax(report, what)), headings=HEADINGS, rows=tuple(rows(report))),
        Part("Lot by lot", _lots(report), headings=_LOT_HEADINGS if lots else (), rows=lots),
        Part("What it is not", _NOT),
    )


def _tax(report: Compare, what: str) -> Iterator[str]:
    yield (
        "A sale is taxed on what its lots gained: price now less cost, times the rate of how long they were held. "
        "Which lots it takes is your method: first bought, last bought, or the dearest first (fifo, lifo, hifo). "
        f"Futures leave the lots where they are. For {what}:"
    )


def _lots(report: Compare) -> tuple[str, ...]:
    if not report.lots:
        return (
            "No lot is known of what would be sold: give `lots` with a holding and `tax` with your method and rates, "
            "and each one's gain, tax, and what waiting for the long-term rate would save stand here.",
        )
    waiting = [lot for lot in report.lots if lot.worth_waiting and lot.saved_by_waiting_usd > 0]
    said = (
        f"Waiting is worth it for {len(waiting)} of {len(report.lots)}: hedged until then, a lot costs less than it "
        "saves."
        if waiting
        else "For none of these is waiting worth what the hedge costs until then, as far as both are known."
    )
    return ("Each lot that the sale takes, and whether it would be taxed less a little later:", said)


def _lot(lot: LotLine) -> tuple[str, ...]:
    return (
        lot.asset, coins(lot.quantity, lot.asset), usd(lot.gain_usd), percent(lot.rate), usd(lot.tax_usd),
        lot.long_term_on.date().isoformat(), usd(lot.saved_by_waiting_usd),
        "–" if lot.hedge_cost_until_usd is None else usd(lot.hedge_cost_until_usd),
    )  # fmt: skip


_NOT = (
    "Tax is deferred, not removed: the gain is still there, and so is the gain or loss of the futures, which is taxed "
    "in its own way in the year in which it is realised.",
    "In some places a short against a coin that you hold counts as a sale of it (a constructive sale), or stops the "
    "clock of its holding time. rebal knows no law; ask someone who does, before you place it.",
)
