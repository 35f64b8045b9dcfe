"""The ways out of danger, side by side."""

from collections.abc import Mapping, Sequence

from rebal.amounts import Fraction
from rebal.formats.describe._phrases import joined, several
from rebal.formats.document import Column, Role, Section, Table
from rebal.formats.document.said import BOLD, DIM, GLUE, GREEN, Absent, Figure, Inked, Kind, Medium, Said
from rebal.plan import RescueLine

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_NOTE = "each as if it were taken alone; enough: out of the alert, with --to policy within the policy"


def section(ways: Sequence[RescueLine]) -> Section:
    """A row a way, the one that the plan takes in ink."""
    return Section("Ways out", (Table(_COLUMNS, ways, word="way"),), _NOTE)


def matter(ways: Sequence[RescueLine]) -> tuple[Said, ...]:
    """Which wallets a rescue brings out of danger, and which it cannot."""
    chosen = [each for each in ways if each.chosen]
    said = (
        (" out of danger", [each.wallet for each in chosen if each.enough]),
        (" still in danger", [each.wallet for each in chosen if not each.enough]),
    )
    told = joined((*several(wallets), state) for state, wallets in said if wallets)
    return told or ("no wallet is brought out of danger",)


def _verdict(way: RescueLine) -> Said:
    return Inked("taken", GREEN) if way.chosen else Inked("enough" if way.enough else "not enough", DIM)


def _coins(way: RescueLine) -> Said:
    """Coins that arrive; those that an isolated margin draws from its wallet are among them."""
    moved = [each for each in way.transfers if each.quantity > 0]
    return joined(Figure(each.quantity, Kind.EXACT, each.asset) for each in moved) or None


def _closes(way: RescueLine) -> Said:
    orders = way.contracts.items()
    return joined(_order(contract, signed) for contract, signed in orders) or None


def _order(contract: str, signed: Fraction) -> Said:
    return (f"{'buy' if signed > 0 else 'sell'}{GLUE}", Figure(abs(signed), Kind.EXACT), GLUE, contract)


def _ratios(shares: Mapping[str, Fraction | None]) -> Said:
    known = {asset: share for asset, share in shares.items() if share is not None}
    return joined((f"{asset}{GLUE}", Figure(share, Kind.PERCENT)) for asset, share in known.items()) or None


_COLUMNS = (
    Column("wallet", "wallet", record="{}", role=Role.NAME, left=True),
    Column("way", lambda way: way.way.value, record="{}", role=Role.NAME, left=True, only=_RECORDS),
    Column("way", lambda way: Inked(way.way.value, BOLD if way.chosen else ""), role=Role.NAME, left=True, only=_PAGE),
    Column("", lambda way: "chosen" if way.chosen else "other", record="{}", only=_RECORDS),
    Column("", lambda way: "enough" if way.enough else "short", record="{}", only=_RECORDS),
    Column("move in", _coins, record="coins {}"),
    Column("close", _closes, left=True),
    Column("fees $", "fees_usd", Kind.DOLLARS, "fees", "dollars", yields=1),
    Column("realised $", "realised_usd", Kind.DOLLARS, "realised", "dollars", yields=1),
    Column("leverage", "leverage_after", Kind.LEVERAGE),
    Column("distance", "distance_after", Kind.AWAY, absent=Absent.NEVER),
    Column("weights", lambda way: _ratios(way.weights), left=True, yields=3),
    Column("hedged", lambda way: _ratios(way.hedge_ratios), left=True, yields=2),
    Column("", _verdict, before="", left=True, only=_PAGE),
)
