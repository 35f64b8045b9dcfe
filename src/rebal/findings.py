"""What is worth a look, as data: how grave, of what, a sentence, and the figures in it; and how figures read there."""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from rebal.amounts import Fraction, plain, rounded
from rebal.frozen import frozen


class Severity(StrEnum):
    """How much a finding matters: an error refuses the plan."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


class Code(StrEnum):
    """What a finding is about."""

    OVER_HEDGED = "over-hedged"
    UNDER_COLLATERALISED = "under-collateralised"
    NEAR_LIQUIDATION = "near-liquidation"
    UNSERVED_ASSET = "unserved-asset"
    RESIDUAL = "residual"
    BELOW_MINIMUM = "below-minimum"
    ASSUMED_FIGURE = "assumed-figure"
    STALE_PRICES = "stale-prices"
    NEGATIVE_FUNDING = "negative-funding"
    CONTRACT_TOO_LARGE = "contract-too-large"
    LEVERAGE = "leverage"
    BEYOND_LAST_TIER = "beyond-last-tier"
    SIZING = "sizing"
    DOLLARS_AT_ISSUER = "dollars-at-issuer"
    ALERT = "alert"
    FUNDING_UNKNOWN = "funding-unknown"
    FUNDING_LARGE = "funding-large"
    NO_EQUITY = "no-equity"
    MARK_OFF = "mark-off"
    PRICE_IN_DOUBT = "price-in-doubt"
    REALISED = "realised"
    UNLISTED_CONTRACT = "unlisted-contract"
    ODD_LOT = "odd-lot"
    EARLIER_ENTRIES = "earlier-entries"
    ESTIMATE = "estimate"
    STATEMENT_REPEATS_JOURNAL = "statement-repeats-journal"
    STATEMENT_DIFFERS = "statement-differs"
    ACCOUNT_DIFFERS = "account-differs"
    POSITION_UNRECORDED = "position-unrecorded"
    SPOT_DIFFERS = "spot-differs"
    NEEDLESS = "needless"
    HEDGE_OFF = "hedge-off"
    HEDGE_OVERDUE = "hedge-overdue"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    DATED = "dated"
    DRIFT = "drift"
    BASIS_PAID = "basis-paid"
    ROLL_DUE = "roll-due"
    ROLLED = "rolled"
    ROUTE = "route"
    SUSTAIN = "sustain"
    COIN_MARGINED_LONG = "coin-margined-long"
    BETA_UNCERTAIN = "beta-uncertain"
    CROSS_MARGIN_OFFSET = "cross-margin-offset"
    CONSTRUCTIVE_SALE = "constructive-sale"
    MISSING = "missing"
    ACCOUNT_FAILED = "account-failed"
    UNHEDGED = "unhedged"
    UNFILLED = "unfilled"
    ON_THE_WAY = "on-the-way"
    AT_MOST = "at-most"
    REFRESHED = "refreshed"
    COVERED_SHORT = "covered-short"
    INITIAL_MARGIN = "initial-margin"
    CLOSING_FEE = "closing-fee"
    CHECKS_APART = "checks-apart"
    RUNGS_LEFT = "rungs-left"


Figure = Fraction | int | str | datetime | tuple[str, ...] | None
"""What a finding tells by name: a number, a count, a name, an instant, names; None for what does not exist."""


class FindingData(Mapping[str, Figure]):
    """A finding's figures by name, in its sentence's order: fractions of one, or in the unit that the name ends in."""

    __slots__ = ("_figures",)

    def __init__(self, **figures: Figure) -> None:
        self._figures = figures

    @classmethod
    def of(cls, figures: dict[str, Figure]) -> "FindingData":
        """Figures that stand in a dictionary of their own already."""
        data = cls.__new__(cls)
        data._figures = figures
        return data

    def __getitem__(self, name: str) -> Figure:
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def keys(self) -> KeysView[str]:
        """Names, without a look-up for each of them."""
        return self._figures.keys()

    def values(self) -> ValuesView[Figure]:
        """Figures, likewise."""
        return self._figures.values()

    def items(self) -> ItemsView[str, Figure]:
        """Names and figures, likewise."""
        return self._figures.items()

    def __hash__(self) -> int:
        return hash(frozenset(self._figures.items()))


@frozen
class Finding:
    """Something worth a look: what it is about, a plain sentence, and the figures in it by name.

    ``subject``: an asset, a contract, a currency.
    """

    severity: Severity
    code: Code
    subject: str
    message: str
    data: FindingData = FindingData()

    def __hash__(self) -> int:
        return hash((self.subject, self.message))


def error(code: Code, subject: str, message: str, **data: Figure) -> Finding:
    """A finding that refuses the plan; ``data``: its figures by name, as its sentence tells them."""
    return Finding(_ERROR, code, subject, message, FindingData.of(data))


def warning(code: Code, subject: str, message: str, **data: Figure) -> Finding:
    """A finding to act on."""
    return Finding(_WARNING, code, subject, message, FindingData.of(data))


def info(code: Code, subject: str, message: str, **data: Figure) -> Finding:
    """A finding to know."""
    return Finding(_INFO, code, subject, message, FindingData.of(data))


BREACHES = frozenset(
    {
        Code.ALERT,
        Code.STALE_PRICES,
        Code.PRICE_IN_DOUBT,
        Code.MARK_OFF,
        Code.NEAR_LIQUIDATION,
        Code.STATEMENT_REPEATS_JOURNAL,
        Code.STATEMENT_DIFFERS,
        Code.POSITION_UNRECORDED,
    }
)
"""Findings that want a look at once: what is shown may be wrong already, or soon lost."""

ACTIONS = frozenset(
    {
        Code.DRIFT,
        Code.HEDGE_OFF,
        Code.HEDGE_OVERDUE,
        Code.EXPIRES_SOON,
        Code.EXPIRED,
        Code.ACCOUNT_DIFFERS,
        Code.UNFILLED,
        Code.ON_THE_WAY,
    }
)
"""Findings that an order answers, or a record."""

USUAL = frozenset(
    {
        Code.ASSUMED_FIGURE,
        Code.BASIS_PAID,
        Code.BEYOND_LAST_TIER,
        Code.CROSS_MARGIN_OFFSET,
        Code.DATED,
        Code.DRIFT,
        Code.FUNDING_LARGE,
        Code.FUNDING_UNKNOWN,
        Code.NEGATIVE_FUNDING,
    }
)
"""What even a sound answer may warn of, time after time, and what its tables show: a short one may only count it."""


def is_error(finding: Finding) -> bool:
    """Whether a finding refuses the plan."""
    return finding.severity is _ERROR


def rank(finding: Finding) -> int:
    """The place of a finding among others, the gravest first."""
    return 0 if finding.severity is _ERROR else 1 if finding.severity is _WARNING else 2


def is_breach(finding: Finding) -> bool:
    """Whether a finding wants a look at once: an error, or a warning that says that something may soon be lost."""
    if finding.severity is Severity.WARNING:
        return finding.code in BREACHES
    return finding.severity is Severity.ERROR


def is_action(finding: Finding) -> bool:
    """Whether a finding is answered by an order or a record, and is no breach."""
    return finding.severity is Severity.WARNING and finding.code in ACTIONS


def is_unusual(finding: Finding) -> bool:
    """Whether a finding is to be read before anything is placed: an error, or a warning that not every book has."""
    return finding.severity is Severity.ERROR or (finding.severity is Severity.WARNING and finding.code not in USUAL)


def sorted_out(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings that make status ask for attention or action, breaches first, and the others."""
    breaches = [each for each in findings if is_breach(each)]
    actions = [each for each in findings if is_action(each)]
    return [*breaches, *actions], [each for each in findings if not is_breach(each) and not is_action(each)]


def usd(value: Fraction) -> str:
    """Dollars and cents, sign in front: ``-12.50 USD``."""
    return f"{rounded(value, 2)} USD"


@lru_cache(maxsize=1024)
def percent(value: Fraction, places: int = 1) -> str:
    """A fraction in percent: ``11.5 %``."""
    return f"{rounded(value * 100, places)} %"


def exact_percent(value: Fraction) -> str:
    """A fraction in percent with all its digits, for figures that were typed: ``0.05 %``."""
    return f"{plain(value * 100)} %"


def coins(value: Fraction, asset: str) -> str:
    """Coins to 1e-8 without trailing zeros: ``0.375 BTC``."""
    text = rounded(value, 8).rstrip("0").rstrip(".")
    return f"{text or '0'} {asset}"


def times(value: Fraction) -> str:
    """A leverage: ``1.25``."""
    return rounded(value, 2)


def price(value: Fraction) -> str:
    """A price to 8 significant digits or two decimals, whichever shows more."""
    places = 2
    while value and places < 12 and abs(value) * 10**places < 10**4:
        places += 1
    return rounded(value, places)


def apart(value: Fraction, limit: Fraction, write: Callable[[Fraction, int], str], *, places: int) -> tuple[str, str]:
    """Two figures that differ, with as many decimals as it takes to see it."""
    while write(value, places) == write(limit, places) and value != limit and places < _MOST_PLACES:
        places += 1
    return write(value, places), write(limit, places)


_MOST_PLACES = 18
