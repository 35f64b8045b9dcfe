"""What a book leads to, as pictures with their figures: what it is worth as prices move, and what it costs."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction
from rebal.formats.describe._phrases import joined
from rebal.formats.document import Block, Column, Place, Role, Section, Table
from rebal.formats.document.charts import Axis, Chart, Series
from rebal.formats.document.said import Figure, Kind, Medium
from rebal.frozen import Later
from rebal.plan import Costs, DayCost, PayoffLine

_PAPER = Medium.PAPER
_PAYOFF = (
    Column("all coins", "shock", Kind.CHANGE, role=Role.NAME),
    Column("unhedged $", "equity_unhedged", Kind.DOLLARS),
    Column("hedged $", "equity_hedged", Kind.DOLLARS),
    Column("in spot $", "equity_rebalanced_in_spot", Kind.DOLLARS),
)
_COST = (
    Column("by day", "day", Kind.COUNT, role=Role.NAME),
    Column("cost $", "cost_usd", Kind.DOLLARS),
)


def payoff(lines: Sequence[PayoffLine], *, planned: bool) -> Section:
    """The book as planned, or as it is, without its futures, and rebalanced in spot; nothing without futures."""
    note = (
        f"hedged: as {'planned' if planned else 'it is'}; unhedged: every future closed today; in spot: every future "
        "replaced by the spot trade that it stands in for; straight between the moves below; a liquidated wallet is "
        "lost whole"
    )

    def blocks() -> tuple[Block, ...]:
        return (_payoff_chart(lines), Table(_PAYOFF, lines)) if lines else ()

    return Section("Worth as prices move", Later(blocks), note, only=_PAPER, place=Place.FIRST)


def _payoff_chart(lines: Sequence[PayoffLine]) -> Chart:
    series = (
        Series("h", "hedged", [(each.shock, each.equity_hedged) for each in lines]),
        Series("s", "in spot", [(each.shock, each.equity_rebalanced_in_spot) for each in lines]),
        Series("u", "unhedged", [(each.shock, each.equity_unhedged) for each in lines]),
    )
    said = joined((*(_worth(each) for each in (lines[0], lines[-1])),), "; ")
    return Chart(
        Axis("move of all coins", Kind.CHANGE),
        Axis("worth", Kind.USD),
        series,
        name="payoff",
        said=said,
        lines=((ZERO, "today's prices"),),
        only=_PAPER,
    )


def _worth(line: PayoffLine) -> tuple[str | Figure, ...]:
    return (
        "with all coins moved by ",
        Figure(line.shock, Kind.CHANGE),
        ": hedged ",
        Figure(line.equity_hedged, Kind.USD),
        ", unhedged ",
        Figure(line.equity_unhedged, Kind.USD),
        ", in spot ",
        Figure(line.equity_rebalanced_in_spot, Kind.USD),
    )


def carry(costs: Costs | None) -> Iterator[Section]:
    """The funding of a book that trades nothing, on paper; nothing where it is not known."""
    if costs is not None and costs.by_day:
        yield Section("Funding", cost(costs.by_day), "at today's rates", only=_PAPER, place=Place.FIRST)


def cost(lines: Sequence[DayCost]) -> tuple[Block, ...]:
    """Fees and funding as they add up; nothing where funding is not known."""
    if not lines:
        return ()
    points = [(Fraction(each.day), each.cost_usd) for each in lines]
    what = "fees and today's funding come to " if lines[0].cost_usd else "today's funding comes to "
    said = (what, Figure(lines[-1].cost_usd, Kind.USD), " by day ", lines[-1].day)
    chart = Chart(
        Axis("day", Kind.COUNT),
        Axis("cost", Kind.USD),
        (Series("c", "cost", points),),
        name="cost",
        said=said,
        only=_PAPER,
    )
    return chart, Table(_COST, lines, only=_PAPER)
