"""Reports of the book as it stands and of its journal, written out by hand."""

from dataclasses import replace
from datetime import timedelta

from exact import exact
from rebal.amounts import Fraction
from rebal.book import MarginMode, Purpose
from rebal.findings import Code, Finding, FindingData, Severity
from rebal.ledger import (
    EarnedLine,
    Effect,
    EntryLine,
    EntryType,
    Episode,
    FillPart,
    History,
    OpenPosition,
    Realised,
    RealisedUsd,
)
from rebal.market.contract import Kind
from rebal.plan import CostLine, Costs, DayCost, PayoffLine, Side, Standing, Wallet
from rebal.reports.reconciliation import CoinsLine, OrderLine, Place, PositionPair, Reconciliation, Verdict, Where
from rebal.reports.record import CoinChange, PositionChange, Recorded
from rebal.stated import Coins, Shift, Stood
from rebal.status import Needs, Status

from . import books, extremes
from .rows import INPUTS, MORNING, PREVIOUS

NOTHING = RealisedUsd(Fraction(0), Fraction(0), Fraction(0), Fraction(0))


def assumed(contract: str) -> Finding:
    """A finding that is alike for many contracts."""
    key = f"contracts.{contract}.maintenance"
    message = f"maintenance rate is assumed: 2.5 % with the closing fee; set {key} to your account's"
    return Finding(Severity.WARNING, Code.ASSUMED_FIGURE, contract, message)


def residual(asset: str, usd: str, lot: str = "1.00") -> Finding:
    """A note that a plan has one of for each order."""
    size, more = usd.removeprefix("-"), "less" if usd.startswith("-") else "more"
    message = f"{size} USD {more} would be exact; the order is rounded toward zero to lots of {lot} USD"
    data = FindingData(undone_usd=exact(usd), contract=f"{asset}USD", lot_usd=exact(lot))
    return Finding(Severity.INFO, Code.RESIDUAL, asset, message, data)


def status() -> Status:
    """The open book as it is after its hedge, with something to do and something at once."""
    plan = books.open_book()
    return Status(
        schema="rebal/status/1",
        command="status",
        name=plan.name,
        venue=plan.venue,
        as_of=MORNING,
        currency="USD",
        summary="attention: Kernbestand Zürich, 117250.50 USD; ETH_USDC-PERPETUAL liquidation is 19.5 % away now; the "
        "alert level is 35.0 % (and 2 more)",
        needs=Needs.ATTENTION,
        equity=plan.equity,
        inputs=replace(INPUTS, journal_seq=12, journal_head="cd" * 32),
        assets=tuple(
            replace(each, hedge_ratio=each.hedge_ratio_after, net_exposure=each.net_exposure_after)
            for each in plan.assets
        ),
        wallets=tuple(replace(each, before=_as_it_stands(each)) for each in plan.wallets),
        positions=tuple(replace(each, contracts_before=each.contracts) for each in plan.positions if each.contracts),
        hedges=plan.hedges,
        payoff=(
            PayoffLine(Fraction(-1, 2), Fraction("58625.25"), Fraction("81000.5"), Fraction("58630")),
            PayoffLine(Fraction(0), Fraction("117250.5"), Fraction("117250.5"), Fraction("117250.5")),
        ),
        costs=Costs(
            Fraction(0),
            Fraction("-1.25"),
            Fraction("-456.25"),
            (CostLine("BTC-PERPETUAL", Fraction(0), Fraction("-1.25")),),
            (DayCost(0, Fraction(0)), DayCost(365, Fraction("-456.25"))),
        ),
        realised=history().totals,
        findings=(
            Finding(Severity.WARNING, Code.DRIFT, "ETH", "is 3.2 points under its weight: rebal plan"),
            Finding(Severity.WARNING, Code.HEDGE_OFF, "BTC", "hedge asked 50.0 %, is 12.5 %: rebal hedge BTC --pct 50"),
            Finding(
                Severity.WARNING,
                Code.ALERT,
                "ETH_USDC-PERPETUAL",
                "liquidation is 19.5 % away now; the alert level is 35.0 %",
            ),
            *map(assumed, ("BTC-PERPETUAL", "ETH_USDC-PERPETUAL", "SOL_USDC-PERPETUAL")),
            residual("BTC", "0.15"),
            Finding(Severity.INFO, Code.LEVERAGE, "BTC", "leverage is 1.26, above policy.leverage 1"),
            residual("ETH", "7.42"),
        ),
    )


def calm() -> Status:
    """A book that nothing is wrong with, from a statement without a date."""
    plan = books.quiet()
    return replace(
        status(),
        summary="nothing: Core holdings, 130000.00 USD; nothing to do",
        needs=Needs.NOTHING,
        as_of=None,
        inputs=INPUTS,
        assets=plan.assets,
        wallets=(),
        positions=(),
        hedges=(),
        realised=(),
        findings=(),
    )


def _as_it_stands(wallet: Wallet) -> Standing:
    return Standing(
        wallet.balance,
        wallet.margin_balance,
        wallet.leverage,
        wallet.margin_ratio,
        wallet.liquidation_below,
        wallet.liquidation_above,
        wallet.distance_below,
        wallet.distance_above,
    )


def entry(seq: int, of: EntryType, **given: object) -> EntryLine:
    """An entry, with what is not of its type left out."""
    fields = {
        **dict.fromkeys(EntryLine.__dataclass_fields__),
        "seq": seq,
        "id": f"fb0c1de2a3b4c5d6.{of}.{seq}",
        "time": MORNING + timedelta(minutes=7 * (seq % 1000)),
        "type": of,
        **dict.fromkeys(("parts", "holdings", "wallets", "positions", "prices", "marks", "shifts", "orders"), ()),
        "previous": PREVIOUS if seq > 1 else None,
        "hash": "ef" * 32,
        **given,
    }
    return EntryLine(**fields)  # type: ignore[arg-type]


def fill(seq: int, contracts: str, price: str, fee: str, *parts: FillPart, **given: object) -> EntryLine:
    """A fill on the inverse perpetual of bitcoin."""
    signed = exact(contracts)
    return entry(
        seq,
        EntryType.FILL,
        **{
            "contract": "BTC-PERPETUAL",
            "contracts": signed,
            "price": exact(price),
            "fee": exact(fee),
            "parts": parts or (FillPart(Purpose.HEDGE, signed, "BTC"),),
            "margin_mode": MarginMode.CROSS,
            "asset": "BTC",
            "kind": Kind.INVERSE,
            "multiplier": Fraction(10),
            "settle": "BTC",
            **given,
        },
    )


STOOD = Stood(
    "BTC-PERPETUAL", Fraction(-4000), Fraction("53800.5"), Fraction(-4000), "BTC", None, "BTC", Kind.INVERSE,
    Fraction(10), "BTC", None,
)  # fmt: skip


def history() -> History:
    """Every kind of entry, one of them voided."""
    until = MORNING + timedelta(days=41)
    proxy = FillPart(Purpose.HEDGE, Fraction(-700), "DOT", Fraction("1.3"))
    own = FillPart(Purpose.REBALANCE, Fraction(200), "BTC")
    entries = (
        entry(1, EntryType.TRANSFER, asset="BTC", quantity=Fraction("0.40038")),
        fill(2, "-4000", "53790.5", "0.00037181659"),
        fill(3, "-500", "53800", "-0.00001", proxy, own, plan="ab" * 32),
        entry(4, EntryType.HEDGE, asset="BTC", fraction=Fraction(1, 2), until=until),
        entry(5, EntryType.HEDGE, asset="ETH", fraction=Fraction(0)),
        entry(6, EntryType.FUNDING, contract="BTC-PERPETUAL", amount=Fraction("0.0000123456789"),
              price=Fraction("54001.25"), asset="BTC", kind=Kind.INVERSE, settle="BTC"),
        entry(7, EntryType.FUNDING, contract="ETH_USDC-PERPETUAL", amount=Fraction("-1.5"), price=Fraction(2500),
              asset="ETH", kind=Kind.LINEAR, settle="USDC", voided_by="fb0c1de2a3b4c5d6.void.8"),
        entry(8, EntryType.VOID, voids="fb0c1de2a3b4c5d6.funding.7", reason="entered twice"),
        entry(9, EntryType.SPOT, asset="ETH", quantity=Fraction("-1.25"), price=Fraction(2510)),
        entry(10, EntryType.SPOT, asset="DOGE", quantity=Fraction("1000.000000000001")),
        entry(11, EntryType.TRANSFER, asset="USDC", quantity=Fraction("-120.5"), contract="ETH_USDC-PERPETUAL"),
        fill(12, "1", "2500.05", "0.125", contract="ETH_USDC-PERPETUAL", asset="ETH", settle="USDC",
             kind=Kind.LINEAR, margin_mode=MarginMode.ISOLATED, expiry=until,
             parts=(FillPart(Purpose.REBALANCE, Fraction(1), "ETH"),)),
        entry(13, EntryType.STATEMENT, holdings=(Coins("BTC", Fraction("1.5")), Coins("DOGE", Fraction(1000))),
              wallets=(Coins("BTC", Fraction("0.4")),), positions=(STOOD,)),
        entry(14, EntryType.DIFFERENCE, statement="fb0c1de2a3b4c5d6.statement.13", usd=Fraction("-12.5"),
              holdings=(Coins("BTC", Fraction("-0.00012")),), wallets=(Coins("BTC", Fraction("0.1")),), shifts=(
                  Shift("BTC-PERPETUAL", Fraction(-4500), Fraction(-4000), Fraction("53791.55"), Fraction("53800.5")),
                  Shift("LTCUSD", Fraction(10), Fraction(10), Fraction("80.5"), Fraction("81.25")))),
    )  # fmt: skip
    return History(
        schema="rebal/history/1",
        name="Kernbestand Zürich",
        as_of=MORNING,
        currency="USD",
        since=None,
        journal_seq=14,
        journal_head="ef" * 32,
        entries=entries,
        totals=(
            Realised("BTC-PERPETUAL", Fraction("-0.0123"), Fraction("-661.62"), Fraction("0.00036181659"),
                     Fraction("0.0000123456789"), "BTC", Fraction("19.46"), Fraction("0.67"), Fraction("-680.41")),
            Realised("ETH_USDC-PERPETUAL", Fraction(150), Fraction(150), Fraction("0.125"), Fraction(0), "USDC",
                     Fraction("0.125"), Fraction(0), Fraction("149.875")),
        ),
        total=RealisedUsd(Fraction("-511.62"), Fraction("19.585"), Fraction("0.67"), Fraction("-530.535")),
        positions=(
            OpenPosition("BTC-PERPETUAL", Fraction(-4500), Fraction(-4700), Fraction(200), Fraction("53791.55"), None),
            OpenPosition("ETH_USDC-PERPETUAL", Fraction(1), Fraction(0), Fraction(1), Fraction("2500.05"),
                         Fraction(310)),
            OpenPosition("LTCUSD", Fraction(0), Fraction(-50), Fraction(50), None, None),
        ),
        effects=(
            Effect("BTC", Fraction("1250.5"), Fraction("-2600"), Fraction("1250.5") / 2600),
            Effect("LTC", Fraction("-3.25"), Fraction(0), None),
        ),
        episodes=(
            Episode("BTC-PERPETUAL", 1, None, MORNING + timedelta(minutes=21), Fraction(4500), "BTC",
                    Fraction("-0.0133"), Fraction("0.001"), Fraction("0.00036181659"), Fraction("0.0000123456789"),
                    Fraction("-0.0126494709111"), Fraction("-715.41"), Fraction("53.79"), Fraction("19.46"),
                    Fraction("0.67"), Fraction("-680.41")),
            Episode("ETH_USDC-PERPETUAL", 2, MORNING + timedelta(minutes=84), None, Fraction(1), "USDC", Fraction(150),
                    None, Fraction("0.125"), Fraction(0), Fraction("149.875"), Fraction(150), None, Fraction("0.125"),
                    Fraction(0), Fraction("149.875")),
        ),
        path=(EarnedLine(3, MORNING + timedelta(minutes=21), Fraction("-680.41")),
              EarnedLine(12, MORNING + timedelta(minutes=84), Fraction("-530.535"))),
    )  # fmt: skip


def unrecorded() -> History:
    """A journal that is not there yet."""
    empty: History = replace(
        history(), journal_seq=0, journal_head=None, entries=(), totals=(), total=NOTHING, positions=(), effects=(),
        episodes=(), path=(),
    )  # fmt: skip
    return empty


def lately() -> History:
    """The end of a journal."""
    return replace(history(), since=MORNING + timedelta(hours=1), entries=history().entries[8:])


def recorded() -> Recorded:
    """A plan put into the journal, but for what was in it already."""
    return Recorded(
        schema="rebal/record/1",
        journal="/home/me/Zürich.journal.db",
        dry_run=False,
        entries=history().entries[:3],
        repeated=("fb0c1de2a3b4c5d6.hedge.BTC",),
        positions=(
            PositionChange("BTC-PERPETUAL", Fraction(0), Fraction(-4500), None, Fraction("53791.5544")),
            PositionChange("ETH_USDC-PERPETUAL", Fraction(-15), Fraction(0), Fraction(2400), None),
        ),
        coins=(
            CoinChange("BTC", Fraction(2), Fraction("1.99963818341"), Fraction(0), Fraction("0.40001818341")),
            CoinChange("ETH", Fraction("7.875"), Fraction("6.625"), Fraction(0), Fraction(0)),
        ),
        notes=("fills.csv: 3 records are not of this plan and were left out",),
    )


def nothing_new() -> Recorded:
    """A plan recorded a second time, for a look."""
    return replace(recorded(), dry_run=True, entries=(), positions=(), coins=(), notes=())


def extreme() -> History:
    """The longest names and ids, the widest numbers."""
    most, least = extremes.MOST, extremes.LEAST
    parts = (FillPart(Purpose.HEDGE, -most, "Z"), FillPart(Purpose.HEDGE, -least, "Y"))
    long = {"contract": extremes.LONG_CONTRACT, "asset": extremes.LONG_COIN, "settle": extremes.LONG_COIN}
    return replace(
        history(),
        entries=(
            fill(999_999_998, str(-most), str(most), str(most), *parts, id="x" * 100, voided_by="y" * 100, **long),
            entry(999_999_999, EntryType.VOID, id="y" * 100, voids="x" * 100, reason="so " * 166 + "so"),
        ),
        journal_seq=999_999_999,
        totals=(Realised(extremes.LONG_CONTRACT, most, -most, most, -most, extremes.LONG_COIN, most, -most, most),),
        total=RealisedUsd(-most, most, -most, most),
        positions=(OpenPosition(extremes.LONG_CONTRACT, -most, -most * 2, most, least, most),),
        effects=(Effect(extremes.LONG_COIN, most, -most, Fraction(10**18)),),
    )


def reconciled() -> Reconciliation:
    """An account that has coins, a position and an order which the book has not."""
    step = exact("0.00000002")
    return Reconciliation(
        schema="rebal/reconcile/1",
        command="reconcile",
        name="Core holdings",
        venue="bybit",
        as_of=MORNING,
        inputs=INPUTS,
        verdict=Verdict.UNRECORDED,
        coins=(
            CoinsLine("BTC", Place.FUTURES, exact("1.5"), exact("1.50012345"), exact("0.00012345"), step, agrees=False),
            CoinsLine("ETH", Place.SPOT, exact(14), exact(14), Fraction(0), step, agrees=True),
        ),
        positions=(
            _pair("BTCUSD", Where.BOTH, "-40000", "-40000", "41000", agrees=True),
            _pair("ETHUSD", Where.EXCHANGE, "0", "12500", None, agrees=False),
        ),
        orders=(
            OrderLine(
                "48bcf87ae8261c33", "mine-1", "BTCUSD", Side.SELL, exact(1500), exact("41250.5"), reduce_only=True
            ),
        ),
        notes=("what waits changes nothing until it fills",),
        summary="unrecorded: Core holdings; ETHUSD is open at the exchange and in no book",
    )


def _pair(contract: str, where: Where, contracts: str, theirs: str, entry: str | None, *, agrees: bool) -> PositionPair:
    price = None if entry is None else exact(entry)
    return PositionPair(
        contract=contract,
        where=where,
        agrees=agrees,
        contracts=exact(contracts),
        contracts_exchange=exact(theirs),
        difference=exact(theirs) - exact(contracts),
        entry_price=price,
        entry_price_exchange=price or exact("2510.35"),
        margin_mode=MarginMode.CROSS,
        margin_mode_exchange=MarginMode.CROSS,
        isolated_margin=None,
        isolated_margin_exchange=None,
        leverage=None,
        leverage_exchange=exact(10),
        liquidation_price=exact("314052.16"),
        liquidation_price_exchange=exact("314052.5"),
        liquidation_difference=exact("0.34"),
    )
