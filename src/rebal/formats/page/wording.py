"""The sentences that table and plain share, and how instants are written."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction

from rebal.amounts import ZERO
from rebal.book import MarginMode
from rebal.formats.page.figures import GLUE, Figures
from rebal.market.contract import OrderUnit
from rebal.plan import AssetLine, Code, Order, OrderPart, Plan, PositionLine, Setting, Severity
from rebal.portfolio import Route

ORDER_UNITS = {OrderUnit.CONTRACTS: "contracts", OrderUnit.USD: "USD"}
"""What an order's quantity is counted in; coins are named after their asset."""

SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
SPOT_MATCHES = {
    True: "spot matches: after closing, every weight is inside its band",
    False: "spot does not match: after closing, a weight is outside its band",
}
DUE = "due now"
"""Instead of a liquidation price where it is today's."""

_REFUSALS = {
    Code.NO_EQUITY: "no equity",
    Code.UNSERVED_ASSET: "no contract for {}",
    Code.UNDER_COLLATERALISED: "not enough coins for {}",
    Code.NEAR_LIQUIDATION: "{} near liquidation",
    Code.OVER_HEDGED: "{} over-hedged",
    Code.SPOT_DIFFERS: "{} spot is not at its target",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIGURE_AND_UNIT = re.compile(r"(?<=[0-9]) (?=%|[A-Z0-9]*[A-Z][A-Z0-9]*\b|(?:points|contracts|hours|days)\b)")
_NAMED_AT_MOST = 3
_ASCII = dict(zip(map(ord, "−–—·×’→±≤≥…"), ("-", "-", "-", "-", "x", "'", "->", "+/-", "<=", ">=", "..."), strict=True))


def rfc3339(instant: datetime) -> str:
    """An instant for machines, in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day_and_time(instant: datetime) -> str:
    """An instant for people, in UTC, to the minute."""
    utc = instant.astimezone(UTC)
    return GLUE.join([str(utc.day), _MONTHS[utc.month - 1], str(utc.year), f"{utc:%H:%M}", "UTC"])


def ascii_signs(text: str) -> str:
    """A sentence with its typographic signs in ASCII; letters of names are left alone."""
    return text if text.isascii() else text.translate(_ASCII)


def unbroken(sentence: str) -> str:
    """A sentence whose figures are held together with their units."""
    return _FIGURE_AND_UNIT.sub(GLUE, sentence)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """A number of things: 1 order, 2 orders; ``plural`` where that is not the noun and an s."""
    return f"{count}{GLUE}{noun if count == 1 else plural or f'{noun}s'}"


def several(items: list[str]) -> str:
    """The first few of a list and how many more there are."""
    more = len(items) - _NAMED_AT_MOST
    return ", ".join([*items[:_NAMED_AT_MOST], *([f"{more} more"] if more > 0 else [])])


def refusal(plan: Plan) -> str:
    """Why a plan is refused: what its error findings are about."""
    subjects: dict[Code, list[str]] = {}
    for each in plan.findings:
        if each.severity is Severity.ERROR:
            subjects.setdefault(each.code, []).append(each.subject)
    reasons = {code: several(list(dict.fromkeys(named))) for code, named in subjects.items()}
    return "; ".join(_REFUSALS.get(code, f"{code} {{}}").format(named).strip() for code, named in reasons.items())


def headline(plan: Plan, figures: Figures, *, arrow: str) -> str:
    """What matters first, and how much there is to do."""
    todo = [counted(len(plan.orders), "order")] if plan.orders else []
    if plan.transfers:
        todo.append(counted(len(plan.transfers), "transfer"))
    if plan.orders and plan.command == "plan":
        todo.append("no coin sold")
    matter = _matter(plan, figures, arrow)
    doing = ", ".join(todo) or "nothing to do"
    return f"{matter}: {doing}" if matter else doing


def why(order: Order, figures: Figures) -> str:
    """What an order is for, and what is special about it."""
    reasons = purposes(order.parts, order.asset, figures)
    if order.reduce_only:
        reasons.append("reduce only")
    if order.route is not Route.INVERSE:
        reasons.append(f"{order.route} route")
    return ", ".join(reasons)


def placing(order: Order, figures: Figures) -> str:
    """How an order is placed: its limit, the mark where that is another price, and whether it may only reduce."""
    at = order.price if order.limit_price is None else order.limit_price
    said = [f"at {figures.exact(at)}"]
    if at != order.price:
        said.append(f"mark {figures.exact(order.price)}")
    if order.reduce_only:
        said.append("reduce only")
    return ", ".join(said)


def settings(of: Sequence[Setting], figures: Figures) -> list[str]:
    """What to set before the first order, the contracts that are set alike in one sentence."""
    alike: dict[tuple[MarginMode, Fraction], list[str]] = {}
    for each in of:
        alike.setdefault((each.margin_mode, each.leverage), []).append(each.contract)
    return [
        f"set {mode} margin and leverage {figures.exact(leverage)} for {', '.join(contracts)}"
        for (mode, leverage), contracts in alike.items()
    ]


def purposes(parts: Sequence[OrderPart], asset: str, figures: Figures) -> list[str]:
    """What the parts of an order or a fill on an asset are for; contracts each where there are several."""
    return [_purpose(part, asset, figures, alone=len(parts) == 1) for part in parts]


def _purpose(part: OrderPart, asset: str, figures: Figures, *, alone: bool) -> str:
    words: list[str] = [part.purpose]
    if part.stands_for != (asset,):
        words += part.stands_for
    if not alone:
        words.append(figures.signed(figures.exact, part.contracts))
    return GLUE.join(words)


def _matter(plan: Plan, figures: Figures, arrow: str) -> str:
    if plan.command == "unwind":
        return _closing(plan.positions) if plan.orders else "no futures to close"
    if plan.command == "hedge":
        changed = [each for each in plan.assets if each.hedge_ratio != each.hedge_ratio_after]
        return several([_hedged(each, figures, arrow) for each in changed]) or "hedges are as asked"
    outside = [each for each in plan.assets if each.outside_band and each.drift is not None]
    if outside:
        return _off(max(outside, key=lambda each: abs(each.drift or ZERO)), figures)
    return "every weight is inside its band" if any(each.drift is not None for each in plan.assets) else ""


def _closing(positions: Sequence[PositionLine]) -> str:
    changed = [each for each in positions if each.contracts != each.contracts_before]
    closed = [each.contract for each in changed if not each.contracts]
    reduced = [each.contract for each in changed if each.contracts]
    said = (("closes", closed), ("reduces", reduced))
    return " and ".join(f"{verb} {several(contracts)}" for verb, contracts in said if contracts)


def _hedged(asset: AssetLine, figures: Figures, arrow: str) -> str:
    before, after = figures.percent(asset.hedge_ratio or ZERO), figures.percent(asset.hedge_ratio_after or ZERO)
    return f"{asset.asset} hedged {before} {arrow}{GLUE}{after}"


def _off(asset: AssetLine, figures: Figures) -> str:
    drift = asset.drift or ZERO
    size = figures.points(abs(drift)).removeprefix("+")
    return f"{asset.asset} is {size}{GLUE}points {'over' if drift > 0 else 'under'} its weight"


def destination(quantity: Fraction, contract: str | None) -> str:
    """Where moved coins go, or (a negative quantity) come from: the margin of a position, or the account."""
    way = "into" if quantity > 0 else "out of"
    return f"{way} the futures account" if contract is None else f"{way} the margin of {contract}"


def away(below: Fraction | None, above: Fraction | None, figures: Figures) -> str:
    """How far the price may fall or rise before liquidation; empty where no move of it liquidates."""
    if 0 in (below, above):
        return figures.change(ZERO)
    moves = [] if below is None else [figures.change(-below)]
    if above is not None:
        moves.append(figures.change(above))
    return " or ".join(moves)
