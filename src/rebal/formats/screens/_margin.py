"""Whether a wallet can be liquidated, how far away that is, and what it would take."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from rebal.amounts import ONE, ZERO, plain
from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import DIM, EMPTY, GREEN, PLAIN, RED, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import DUE, away
from rebal.plan import Standing, Transfer, Wallet
from rebal.portfolio import Policy

_State = Standing | Wallet
_Moved = Mapping[tuple[str, str | None], Fraction]

_CELLS = 10
_FAR, _NEAR = Fraction(1, 2), Fraction(35, 100)
"""Where the bar turns from green to yellow to red if no policy says: the policy's own defaults."""

_AT_INDEX = "liquidation prices are the index's"
_FORESEEABLE = 730
"""Days: an alert that today's funding would bring later than this is left out, at any width."""

_COLUMNS = (
    Column("wallet", "", role=Role.NAME, left=True),
    Column("", role=Role.NAME, left=True),
    Column("move", yields=1),
    Column("margin balance", yields=2),
    Column("leverage", yields=3),
    Column("liquidated at", "liquidation"),
    Column("distance"),
    Column("", role=Role.BAR, left=True),
    Column("maintenance", role=Role.BELOW),
    Column("margin ratio", role=Role.BELOW),
    Column("initial margin", role=Role.BELOW),
    Column("at the venue", role=Role.BELOW),
    Column("", "if every free coin were posted:", role=Role.BELOW),
    Column("alert after", after="days of today's funding", role=Role.BELOW),
)


def after(wallets: Sequence[Wallet], transfers: Sequence[Transfer], sheet: Sheet) -> list[Line]:
    """A row a wallet after the plan, with what it was where the book was open."""
    moved = {(each.asset, each.contract): each.quantity for each in transfers}
    return _section("Margin after", _limits(sheet.policy), wallets, moved, sheet)


def now(wallets: Sequence[Wallet], sheet: Sheet) -> list[Line]:
    """A row a wallet as it stands."""
    return _section("Margin", _alert(sheet.policy), wallets, {}, sheet)


def _section(title: str, note: str, wallets: Sequence[Wallet], moved: _Moved, sheet: Sheet) -> list[Line]:
    if not wallets:
        return []
    rows = [_row(each, moved.get((each.currency, each.contract)), sheet) for each in wallets]
    priced = any(_distances(each) or _distances(each.before) for each in wallets)
    notes = "; ".join(each for each in (note, _AT_INDEX if priced else "") if each)
    return [*sheet.section(title, notes), *sheet.table(_COLUMNS, rows)]


def _limits(policy: Policy | None) -> str:
    if policy is None:
        return ""
    distance = f"liquidation at least {plain(policy.shock * 100)}{GLUE}% away"
    return f"leverage at most {plain(policy.leverage)}, {distance}"


def _alert(policy: Policy | None) -> str:
    if policy is None:
        return ""
    distance = f"liquidation less than {plain(policy.alert.distance * 100)}{GLUE}% away"
    return f"alert at leverage above {plain(policy.alert.leverage)}, {distance}"


def _row(wallet: Wallet, moved: Fraction | None, sheet: Sheet) -> Row:
    figures, then = sheet.figures, wallet.before
    had_coins, was_open = bool(then.balance or then.margin_balance), _is_open(then)
    traded = was_open or _is_open(wallet)
    ink = _ink(wallet, sheet.policy)
    return (
        line(sheet.text(wallet.currency)),
        line(sheet.text(wallet.contract)) if wallet.contract is not None else EMPTY,
        sheet.cell(figures.exact, moved),
        _change(_margin_balance, wallet, sheet, known_before=had_coins),
        _change(_leverage, wallet, sheet, known_before=was_open) if traded else EMPTY,
        _change(_prices, wallet, sheet, known_before=was_open) if traded else EMPTY,
        _change(_away, wallet, sheet, known_before=was_open, ink=ink) if was_open or _distances(wallet) else EMPTY,
        _buffer(wallet, sheet, ink) if traded else EMPTY,
        line(figures.coins(wallet.maintenance_margin)) if traded else EMPTY,
        _change(_ratio, wallet, sheet, known_before=was_open) if traded else EMPTY,
        line(figures.coins(wallet.initial_margin)) if traded else EMPTY,
        _at_venue(wallet, sheet),
        _all_posted(wallet, sheet) if traded else EMPTY,
        _alert_after(wallet, sheet),
    )


def _change(
    write: Callable[[_State, Sheet], str], wallet: Wallet, sheet: Sheet, *, known_before: bool, ink: str = PLAIN
) -> Line:
    after = write(wallet, sheet)
    text = sheet.change(write(wallet.before, sheet), after) if known_before else after
    return line(Piece(text, ink)) if text else EMPTY


def _is_open(state: _State) -> bool:
    return bool(state.leverage) or bool(_distances(state))


def _distances(state: _State) -> list[Fraction]:
    return [each for each in (state.distance_below, state.distance_above) if each is not None]


def _margin_balance(state: _State, sheet: Sheet) -> str:
    return sheet.figures.coins(state.margin_balance)


def _leverage(state: _State, sheet: Sheet) -> str:
    return "none" if state.leverage is None else f"{sheet.figures.leverage(state.leverage)}{sheet.signs.times}"


def _ratio(state: _State, sheet: Sheet) -> str:
    return "none" if state.margin_ratio is None else sheet.figures.percent(state.margin_ratio)


def _prices(state: _State, sheet: Sheet) -> str:
    if not _distances(state):
        return "never"
    if 0 in _distances(state):
        return DUE
    prices = [each for each in (state.liquidation_below, state.liquidation_above) if each is not None]
    return " or ".join(sheet.figures.price(each) for each in prices) or "no one price"


def _away(state: _State, sheet: Sheet) -> str:
    return away(state.distance_below, state.distance_above, sheet.figures) or sheet.signs.nothing


def _all_posted(wallet: Wallet, sheet: Sheet) -> Line:
    below, above = wallet.distance_below_all_posted, wallet.distance_above_all_posted
    if (below, above) == (wallet.distance_below, wallet.distance_above):
        return EMPTY
    if below is None and above is None:
        return line("never liquidated")
    if 0 in (below, above):
        return line(f"liquidation {DUE}")
    return line(f"liquidation {_either_way(below, above, sheet)}")


def _either_way(below: Fraction | None, above: Fraction | None, sheet: Sheet) -> str:
    percent = sheet.figures.percent
    if below is not None and above is not None:
        return f"{percent(below)} below or {percent(above)} above"
    return f"{percent(below or above or ZERO)} away"


def _alert_after(wallet: Wallet, sheet: Sheet) -> Line:
    days = wallet.funding_days_to_alert
    return EMPTY if days is None or days > _FORESEEABLE else sheet.cell(sheet.figures.days, days)


def _at_venue(wallet: Wallet, sheet: Sheet) -> Line:
    balance = sheet.figures.coins(wallet.balance)
    if wallet.share_of_holding is not None:
        return line(f"{balance}, {sheet.figures.percent(wallet.share_of_holding)} of the holding")
    return EMPTY if wallet.balance == wallet.margin_balance else line(balance)


def _ink(wallet: Wallet, policy: Policy | None) -> str:
    nearest = min(_distances(wallet), default=ONE)
    if nearest >= (policy.shock if policy else _FAR):
        return GREEN
    return RED if nearest < (policy.alert.distance if policy else _NEAR) else YELLOW


def _buffer(wallet: Wallet, sheet: Sheet, ink: str) -> Line:
    # Rounded down, so that the bar never shows more room than there is.
    kept = int(min(ONE, *_distances(wallet), ONE) * _CELLS)
    return line(Piece(sheet.signs.kept * kept, ink), Piece(sheet.signs.gone * (_CELLS - kept), DIM))
