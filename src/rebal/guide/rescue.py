"""At two in the morning: a wallet in danger."""

from collections.abc import Iterable, Iterator

from rebal.account_lines import AccountLine, path_words
from rebal.amounts import Fraction, total
from rebal.book import MarginMode
from rebal.formats.describe._phrases import foreseeable
from rebal.guide import Given, Reader
from rebal.guide._figures import ends, percent, price, times
from rebal.guide._worked import named, planned
from rebal.plan import PositionLine, Wallet
from rebal.planner.status import build_status
from rebal.portfolio import Portfolio
from rebal.reports.guide import Part

TITLE = "At two in the morning: a wallet in danger"
PLACE = 12
_HEADINGS = ("wallet", "leverage", "liquidated at", "move", "alert at a price of")


def parts(reader: Reader) -> tuple[Part, ...]:
    """What to type, in order, and how far each wallet is from needing it."""
    given = reader.given()
    status = build_status(given.portfolio, given.book, inputs=given.inputs)
    open_now = tuple(each for each in status.wallets if each.leverage)
    after, plan, _ = planned(reader)
    several = len(status.accounts) > 1
    left = () if open_now else (each for each in plan.wallets if each.mode is not MarginMode.POOLED)
    rows = (
        *(_row(each, status.positions, given, name=named(each, several=several)) for each in open_now),
        *(_row(each, plan.positions, after, name=named(each, several=several)) for each in left),
    )
    far = (*_far(given, open_now), *_pools(status.accounts))
    return (
        Part("", ("Do these in order, and nothing else first:",), steps=_STEPS),
        Part("Why so", _WHY),
        Part("When a venue fails", _FAILED),
        Part("How far you are from it", far, headings=_HEADINGS if rows else (), rows=rows),
    )


_STEPS = (
    "Get prices: `rebal market --out prices.yaml` asks the exchange; else type a `market` block of now into that file. "
    "Yesterday's prices give yesterday's answer.",
    "rebal status --market prices.yaml says which wallet it is, and how far away liquidation is.",
    "rebal rescue --market prices.yaml --out rescue.json shows the ways out side by side, coins to move in, contracts "
    "to close, or both, and saves the one to take.",
    "Move the coins first: a transfer needs no market. Then close what it says, reduce-only, in its order.",
    "rebal record plan rescue.json, once it is done.",
    "rebal status once more. Where it is not quiet, go back to the first step: prices moved on.",
)
_WHY = (
    "Adding coins to a wallet moves its liquidation away at no loss and can be undone in the morning. Closing at "
    "the worst moment turns a loss on the screen into one for good; it is for when there are no coins left to add.",
    "Do not open another position against it, and do not move coins out of another wallet before `rebal rescue` has "
    "said that they are free: two wallets in danger are worse than one. Do not raise the leverage: in cross margin it "
    "frees initial margin and moves the liquidation not at all.",
)
_FAILED = (
    "Where an exchange shuts, no plan of yours may count on what sits there. `rebal stress --fail ACCOUNT` shows the "
    "book without it beforehand.",
    "Once it has happened, take the account with its wallets and positions out of the file, its coins out of the "
    "holdings, and set as_of to now. `rebal record statement --market prices.yaml` writes what is gone into the "
    "journal as one difference, at what it was worth then.",
    "`rebal status` then names the hedges that were asked for and are gone with it; `rebal hedge` brings them back at "
    "another account. What an estate pays out later is `rebal record spot`.",
)


def _pools(accounts: Iterable[AccountLine]) -> Iterator[str]:
    """How far pooled accounts are from their ends, which no wallet's row tells."""
    for each in accounts:
        if each.position_value:
            away_on = (
                ""
                if each.nearest is None
                else f"{percent(each.nearest.distance)} away on {path_words(each.nearest.path)}"
            )
            end = f"its nearest liquidation is {away_on}" if away_on else "nothing liquidates it"
            yield f"The account {each.account} is pooled and judged as a whole: as it stands, {end}."


def _far(given: Given, open_now: tuple[Wallet, ...]) -> Iterator[str]:
    alert = given.portfolio.policy.alert
    yield (
        f"A rescue is due where leverage passes {times(alert.leverage)} or liquidation comes nearer than "
        f"{percent(alert.distance)}."
    )
    if not open_now:
        yield "No futures are open in this portfolio, so there is nothing to rescue today; as its plan would leave it:"


def _row(wallet: Wallet, positions: Iterable[PositionLine], given: Given, *, name: str) -> tuple[str, ...]:
    levered = _levered_below(wallet, positions, given.portfolio)
    return (
        name,
        "–" if wallet.leverage is None else times(wallet.leverage),
        *ends(wallet),
        " and ".join(_alerts(wallet, levered, given.portfolio)) or "never",
    )


def _alerts(wallet: Wallet, levered: Fraction | None, portfolio: Portfolio) -> Iterator[str]:
    """The prices from which liquidation is as near, or leverage as high, as the alert allows: whichever comes first.

    Only such as a person may see, as of the ends themselves.
    """
    distance = portfolio.policy.alert.distance
    below, above = foreseeable(wallet.distance_below, wallet.distance_above)
    near = None if below is None or wallet.liquidation_below is None else wallet.liquidation_below / (1 - distance)
    least = portfolio.price(wallet.currency) / 10
    first = [each for each in (near, levered) if each is not None and (each is near or each > least)]
    if first:
        yield price(max(first))
    if above is not None and wallet.liquidation_above is not None:
        yield price(wallet.liquidation_above / (1 + distance))


def _levered_below(wallet: Wallet, positions: Iterable[PositionLine], portfolio: Portfolio) -> Fraction | None:
    """The price below which leverage passes the alert's; None where no fall brings it there, and in linear wallets.

    At a price of f times today's the value is V/f and the margin balance C - n/f, with n the net coin value today and
    C the balance now and n: leverage is V/(C·f - n), which is the alert's a at f = (V/a + n)/C.
    """
    own = [each for each in positions if _is_of(each, wallet)]
    if any(each.settle != each.asset for each in own):
        return None
    net = total(each.coin_value if each.contracts > 0 else -each.coin_value for each in own)
    above, constant = wallet.position_value / portfolio.policy.alert.leverage + net, wallet.margin_balance + net
    if above <= 0 or constant <= 0:
        return None
    return above / constant * portfolio.market.prices[wallet.currency]


def _is_of(position: PositionLine, wallet: Wallet) -> bool:
    if wallet.contract is not None:
        return position.contract == wallet.contract
    cross = position.margin is MarginMode.CROSS and position.isolated_margin is None
    return cross and (position.settle, position.account) == (wallet.currency, wallet.account)
