"""At two in the morning: a wallet in danger."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.guide import Given, Reader
from rebal.guide._words import away, percent, price, times
from rebal.guide._worked import planned
from rebal.plan import Wallet
from rebal.planner.status import build_status
from rebal.reports.guide import Part

TITLE = "At two in the morning: a wallet in danger"
PLACE = 12
_HEADINGS = ("wallet", "leverage", "liquidated at", "move", "alert at a price of")


def parts(reader: Reader) -> tuple[Part, ...]:
    """What to type, in order, and how far each wallet is from needing it."""
    given = reader.given()
    wallets = build_status(given.portfolio, given.book, inputs=given.inputs).wallets
    open_now = tuple(each for each in wallets if each.leverage)
    after, plan, _ = planned(reader)
    shown = open_now or plan.wallets
    rows = tuple(_row(each, given if open_now else after) for each in shown)
    return (
        Part("", ("Do these in order, and nothing else first:",), steps=_STEPS),
        Part("Why so", _WHY),
        Part("How far you are from it", tuple(_far(given, open_now)), headings=_HEADINGS if rows else (), rows=rows),
    )


_STEPS = (
    "Get prices: a `market` block of now in prices.yaml. Yesterday's prices give yesterday's answer.",
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


def _far(given: Given, open_now: tuple[Wallet, ...]) -> Iterator[str]:
    alert = given.portfolio.policy.alert
    yield (
        f"A rescue is due where leverage passes {times(alert.leverage)} or liquidation comes nearer than "
        f"{percent(alert.distance)}."
    )
    if not open_now:
        yield "No futures are open in this portfolio, so there is nothing to rescue today; as its plan would leave it:"


def _row(wallet: Wallet, given: Given) -> tuple[str, ...]:
    alert = given.portfolio.policy.alert.distance
    ends = [each for each in (wallet.liquidation_below, wallet.liquidation_above) if each is not None]
    return (
        wallet.contract or wallet.currency,
        "–" if wallet.leverage is None else times(wallet.leverage),
        " and ".join(map(price, ends)) or "never",
        away(wallet.distance_below, wallet.distance_above),
        " and ".join(_alerts(wallet, alert)) or "never",
    )


def _alerts(wallet: Wallet, distance: Fraction) -> Iterator[str]:
    """The prices from which liquidation is as near as the alert allows."""
    if wallet.liquidation_below is not None:
        yield price(wallet.liquidation_below / (1 - distance))
    if wallet.liquidation_above is not None:
        yield price(wallet.liquidation_above / (1 + distance))
