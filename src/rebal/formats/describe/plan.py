"""Plan, hedge, unwind and rescue: am I off, what do I do, can it hurt me, what does it cost, what else."""

from collections.abc import Sequence

from rebal.amounts import ZERO, Fraction
from rebal.findings import Code, Severity
from rebal.formats.describe import (
    _accounts,
    _book,
    _brief,
    _findings,
    _margin,
    _orders,
    _origin,
    _outlook,
    _rungs,
    _ways_out,
)
from rebal.formats.describe._phrases import counted, joined, several, without_funding
from rebal.formats.document import Block, Column, Document, Facts, Place, Role, Section, Table, Text
from rebal.formats.document.said import ALARM, GLUE, GREEN, Change, Figure, Inked, Kind, Medium, Said
from rebal.names import listed
from rebal.plan import AssetLine, CostLine, Costs, Plan, PositionLine
from rebal.policy import Policy
from rebal.portfolio import DOLLARS

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_REFUSALS = {
    Code.NO_EQUITY: ("no equity", ""),
    Code.UNSERVED_ASSET: ("no contract for ", ""),
    Code.UNDER_COLLATERALISED: ("not enough coins for ", ""),
    Code.NEAR_LIQUIDATION: ("", " near liquidation"),
    Code.OVER_HEDGED: ("", " over-hedged"),
    Code.SPOT_DIFFERS: ("", " spot is not at its target"),
    Code.EXPIRED: ("record the delivery of ", " first"),
}
_HINDRANCES = {
    Code.UNSERVED_ASSET: "no contract for {}",
    Code.UNDER_COLLATERALISED: "not enough coins for {}",
    Code.CONTRACT_TOO_LARGE: "the lot is too large for {}",
    Code.BELOW_MINIMUM: "{} below a minimum",
    Code.RESIDUAL: "{} off by less than an order",
}
"""What stands in the way of a weight that is off and not traded."""

_SPOT_MATCHES = {
    True: Inked("spot matches: after closing, every weight is inside its band", GREEN),
    False: Inked("spot does not match: after closing, a weight is outside its band", ALARM),
}
_ORIGIN = (*_origin.RECORDED, _origin.NAME, _origin.MARGINED, _origin.PRICES)

_CLOSING = "with the fees and funding of what is closed; dollars at the index"


def document(plan: Plan, limits: Policy | None) -> Document:
    """Everything a person should see of a plan."""
    closing = _closing(plan)
    return (
        *_answer(plan),
        *_weights_or_hedges(plan, limits),
        *((_rungs.section(plan.ladder),) if plan.ladder else ()),
        _orders.section(plan.orders),
        _orders.moves(plan),
        _orders.steps(plan),
        Section("Realised by closing", closing, _CLOSING, only=_PAGE),
        *((_ways_out.section(plan.ways),) if plan.ways else ()),
        *_accounts.sections(plan.accounts, limits, planned=True),
        _margin.after(plan.wallets, plan.transfers, limits),
        _margin.pooled(plan.wallets, planned=True),
        _outlook.payoff(plan.payoff, planned=True),
        _book.positions(plan.positions, accounts=plan.accounts, planned=True),
        _book.hedges(plan.hedges, plan.assets, planned=True),
        Section("", closing, only=_RECORDS),
        _cost(plan.costs),
        _findings.section(plan.findings),
    )


def brief(plan: Plan, limits: Policy | None) -> Document:
    """The same in a few lines."""
    return _brief.of_plan(plan, _answer(plan))


def _answer(plan: Plan) -> tuple[Block, ...]:
    return (
        Facts(plan, (_ORIGIN,), word=plan.command),
        *_refused(plan),
        Facts(plan, ((*_origin.EQUITY, Column("", headline)),), word="headline", answer=True),
    )


def _weights_or_hedges(plan: Plan, limits: Policy | None) -> tuple[Block, ...]:
    """How far weights are off; of a hedge, which no weight is about, what it leaves exposed."""
    if plan.command == "hedge":
        return _book.hedged(plan.assets, limits, shown=_touched(plan))
    return (_book.drift(plan.assets, limits, planned=True, shown=_touched(plan)),)


def _touched(plan: Plan) -> Sequence[AssetLine]:
    # A hedge and an unwind are about some coins, and those for which an unwind is refused: status has the others.
    if plan.command == "plan":
        return plan.assets
    traded = {asset for order in plan.orders for part in order.parts for asset in part.stands_for}
    touched = {each.asset for each in plan.assets if each.asset in traded or each.hedge_ratio != each.hedge_ratio_after}
    touched |= {each.subject for each in plan.findings if each.code is Code.SPOT_DIFFERS} if touched else set()
    return [each for each in plan.assets if each.asset in touched | {DOLLARS}] if touched else []


def _refused(plan: Plan) -> tuple[Block, ...]:
    if not plan.refused:
        return ()
    why = refusal(plan)
    page = "Refused, do not place it"
    return (
        Text(Inked(f"{page}: {why}" if why else page, ALARM), only=_PAGE),
        Text(why or "yes", word="refused", only=_RECORDS),
    )


def refusal(plan: Plan) -> str:
    """Why a plan is refused: what its error findings are about."""
    subjects: dict[Code, list[str]] = {}
    for each in plan.findings:
        if each.severity is Severity.ERROR:
            subjects.setdefault(each.code, []).append(each.subject)
    return "; ".join(_reason(code, list(dict.fromkeys(named))) for code, named in subjects.items())


def _reason(code: Code, subjects: Sequence[str]) -> str:
    before, after = _REFUSALS.get(code, (f"{code} ", ""))
    named = "" if code is Code.NO_EQUITY else "".join(map(str, several(subjects)))
    return f"{before}{named}{after}"


def headline(plan: Plan) -> Said:
    """What matters first, and how much there is to do."""
    todo = [counted(len(plan.orders), "order")] if plan.orders else []
    if plan.transfers:
        todo.append(counted(len(plan.transfers), "transfer"))
    if plan.orders and plan.command == "plan":
        todo.append("no coin sold")
    matter, doing = _matter(plan), (", ".join(todo) or _idle(plan), *_kept(plan), *_small(plan))
    return (*matter, ": ", *doing) if matter else doing


def _kept(plan: Plan) -> tuple[Said, ...]:
    """The coins that no order brings to their weights, so that the others share what is left."""
    kept = sorted({each.subject for each in plan.findings if "aimed_weight" in each.data})
    return (f"; {listed(kept)} {'stays' if len(kept) == 1 else 'stay'} off target",) if kept else ()


def _small(plan: Plan) -> tuple[Said, ...]:
    """What a size of less than one percent was read as, and what it may have been meant as."""
    data = next((each.data for each in plan.findings if each.code is Code.HEDGE_OFF and "meant" in each.data), None)
    if data is None or plan.command != "hedge":
        return ()
    asked, meant = (Figure(share, Kind.RATE) for share in (data["asked"], data["meant"]) if isinstance(share, Fraction))
    return ("; ", asked, " is asked, not ", meant)


def _idle(plan: Plan) -> str:
    """Why nothing is ordered."""
    if plan.command == "plan" and any(each.outside_band for each in plan.assets):
        return _stuck(plan)
    if any(each.code is Code.EXPIRED for each in plan.findings):
        return "record what was delivered"
    over = [each.subject for each in plan.findings if each.code is Code.HEDGE_OVERDUE]
    if over and plan.command == "hedge":
        return "".join(map(str, ("the day of ", *several(over), " has passed, record this to keep it or unwind it")))
    return "nothing to do"


def _stuck(plan: Plan) -> str:
    """That nothing can be done, and what stands in the way; dollars alone have no order that could be in it."""
    if not any(each.outside_band for each in plan.assets if each.asset != DOLLARS):
        return "no coin is outside its band, so nothing is ordered"
    subjects: dict[Code, list[str]] = {}
    for each in plan.findings:
        if each.code in _HINDRANCES:
            subjects.setdefault(each.code, []).append(each.subject)
    reasons = [_HINDRANCES[code].format("".join(map(str, several(named)))) for code, named in subjects.items()]
    return ", ".join(["nothing can be done", *reasons])


def _matter(plan: Plan) -> tuple[Said, ...]:
    if plan.command == "rescue":
        return _ways_out.matter(plan.ways) if plan.ways else ("no wallet needs rescue",)
    if plan.command == "unwind":
        return _closes(plan.positions) if plan.orders else ("no futures to close",)
    if plan.command == "hedge":
        changed = [each for each in plan.assets if each.hedge_ratio != each.hedge_ratio_after]
        if len(changed) == 1:
            return (*_net(changed[0]), *_hedged(changed[0]))
        return several([(f"{each.asset} ", *_hedged(each)) for each in changed]) or ("hedges are as asked",)
    outside = [each for each in plan.assets if each.outside_band and each.drift is not None]
    if outside:
        return _off(max(outside, key=lambda each: abs(each.drift or ZERO)))
    return ("every weight is inside its band",) if any(each.drift is not None for each in plan.assets) else ()


def _closes(positions: Sequence[PositionLine]) -> tuple[Said, ...]:
    changed = [each for each in positions if each.contracts != each.contracts_before]
    closed = [each.contract for each in changed if not each.contracts]
    reduced = [each.contract for each in changed if each.contracts]
    said = (("closes ", closed), ("reduces ", reduced))
    return joined(((verb, *several(contracts)) for verb, contracts in said if contracts), " and ")


def _hedged(asset: AssetLine) -> tuple[Said, ...]:
    before, after = (Figure(each or ZERO, Kind.PERCENT) for each in (asset.hedge_ratio, asset.hedge_ratio_after))
    return ("hedged ", Change(before, after))


def _net(asset: AssetLine) -> tuple[Said, ...]:
    before, after = (Figure(each, Kind.USD) for each in (asset.net_exposure, asset.net_exposure_after))
    return (f"{asset.asset} net exposure ", Change(before, after), ", ")


def _off(asset: AssetLine) -> tuple[Said, ...]:
    drift = asset.drift or ZERO
    way = "over" if drift > 0 else "under"
    return (f"{asset.asset} is ", Figure(drift, Kind.SIZE, "points"), f" {way} its weight")


_PNL = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("PnL", "coin", Kind.COINS, record="coin {}", unit="currency"),
    Column("PnL $", "usd", Kind.DOLLARS, "PnL", "dollars", record="usd {}"),
    Column("fees", "fees_coin", Kind.COINS, unit="currency", yields=2),
    Column("funding", "funding_coin", Kind.COINS, unit="currency", yields=2),
    Column("net $", "net_usd", Kind.DOLLARS, "net", "dollars"),
)


def _closing(plan: Plan) -> tuple[Block, ...]:
    """What closing realises, and whether spot is where the targets want it once the futures are gone."""
    table = Table(_PNL, plan.pnl, word="pnl")
    if plan.spot_matches is None:
        return (table,)
    matches = Text(_SPOT_MATCHES[plan.spot_matches], word="spot")
    return (table, Section("", (matches,))) if plan.pnl else (matches,)


def _paid(usd: Fraction) -> tuple[Said, ...]:
    amount = Figure(abs(usd), Kind.USD)
    return (f"{'paid' if usd > 0 else 'received'}{GLUE}", amount) if usd else (amount,)


def _paid_a_day(cost: CostLine) -> Said:
    return None if cost.funding_usd_per_day is None else _paid(cost.funding_usd_per_day)


def _funding(costs: Costs) -> Said:
    day, year = costs.funding_usd_per_day, costs.funding_usd_per_year
    if day is None or year is None:
        return "funding not known"
    if not day:
        return without_funding(costs)
    return ("funding ", *_paid(day), " a day, ", Figure(abs(year), Kind.USD), " a year")


_SUMMARY = (Column("", lambda costs: ("fees ", Figure(costs.fees_usd, Kind.USD))), Column("", _funding))
_COSTS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("fees $", "fee_usd", Kind.DOLLARS, "fees", "dollars"),
    Column("funding a day", _paid_a_day, before="funding", after="a day", only=_PAGE),
    Column("", "funding_usd_per_day", Kind.DOLLARS, record="funding-per-day {}", only=_RECORDS),
)
_TOTAL = (
    Column("", lambda costs: "cost"),
    Column("", "fees_usd", Kind.DOLLARS, record="fees {}"),
    Column("", "funding_usd_per_day", Kind.DOLLARS, record="funding-per-day {}"),
    Column("", "funding_usd_per_year", Kind.DOLLARS, record="funding-per-year {}"),
)


def _cost(costs: Costs) -> Section:
    """Fees once and funding a day and a year; a page has a row a contract where there are several."""
    several = len(costs.breakdown) > 1
    summary = (Facts(costs, (_SUMMARY,), between=None, only=_PAGE),) if costs.breakdown else ()
    table = Table(_COSTS, costs.breakdown, word="cost", shown=costs.breakdown if several else ())
    total = Facts(costs, (_TOTAL,), word="total", only=_RECORDS)
    return Section("Cost", (*summary, *_outlook.cost(costs.by_day), table, total), place=Place.FIRST)
