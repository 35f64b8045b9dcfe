"""Margin, liquidation, mark and index."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.guide import Reader
from rebal.guide._figures import coins, ends, percent, price, times
from rebal.guide._worked import Subject, named, planned, subject
from rebal.market.margin import beyond_last_tier, initial_margin, maintenance_margin
from rebal.plan import Plan, Wallet
from rebal.reports.guide import Entry, Part

TITLE = "Margin, liquidation, mark and index"
PLACE = 4


def parts(reader: Reader) -> tuple[Part, ...]:
    """The words, the wallets that the plan leaves, and what is asked of one position."""
    _, plan, said = planned(reader)
    on, _ = subject(reader)
    return (
        Part("", said, entries=tuple(_terms(on))),
        Part("The wallets after the plan", _wallets(plan), headings=_HEADINGS, rows=tuple(_rows(plan))),
        Part("What a venue asks", tuple(_asked(on))),
    )


def _terms(on: Subject) -> Iterator[Entry]:
    gap = on.mark - on.index
    stands = f"{price(abs(gap))} {'above' if gap > 0 else 'below'} the index" if gap else "the same as the index"
    yield Entry("index", f"the price of {on.asset} across markets, here {price(on.index)}; what your coins are worth")
    yield Entry(
        "mark",
        f"the price at which the exchange values {on.contract.name}, here {price(on.mark)}, {stands}; "
        "PnL and liquidation go by it, not by the last trade",
    )
    yield Entry("balance", "the coins in the futures wallet, without the PnL of what is open")
    yield Entry("margin balance", "the balance with unrealised PnL: what stands behind the positions")
    yield Entry("initial margin", "what must be free to open a position: its value over the leverage that is set")
    yield Entry("maintenance margin", "what must stay: position value times a rate that grows with the size, by tiers")
    yield Entry("margin ratio", "maintenance over margin balance; at 100 % the exchange closes the position")
    yield Entry("liquidation", "the first price, down or up, at which that happens")
    yield Entry("bankruptcy", "the price beyond it at which nothing of the margin is left")


_HEADINGS = ("wallet", "margin balance", "leverage", "maintenance", "margin ratio", "liquidated at", "move")


def _rows(plan: Plan) -> Iterator[tuple[str, ...]]:
    """The wallets that are judged by themselves, with their accounts where there are several."""
    several = len(plan.accounts) > 1
    return (_row(each, named(each, several=several)) for each in plan.wallets if each.mode is not MarginMode.POOLED)


def _row(wallet: Wallet, name: str) -> tuple[str, ...]:
    return (
        name,
        coins(wallet.margin_balance, wallet.currency),
        "–" if wallet.leverage is None else times(wallet.leverage),
        coins(wallet.maintenance_margin, wallet.currency),
        "–" if wallet.margin_ratio is None else percent(wallet.margin_ratio),
        *ends(wallet),
    )


def _wallets(plan: Plan) -> tuple[str, ...]:
    pools = [str(each.account) for each in plan.accounts if each.margin is MarginMode.POOLED]
    judged = f"Not here: {', '.join(pools)}, pooled and judged as a whole; `rebal guide pooled` has it."
    return (*_apart(plan), *((judged,) if pools else ()))


def _apart(plan: Plan) -> tuple[str, ...]:
    if not plan.wallets:
        return ("This plan leaves no coins in the futures account: there is nothing to liquidate.",)
    return (
        "So they stand once the plan's transfers and orders are done; `rebal status` shows them as they are today.",
        "In cross margin one wallet a coin stands behind all positions that it margins: a profit of one helps the "
        "other, and they are liquidated together. Isolated, each position has coins of its own and takes no others "
        "with it. `rebal explain` derives each of these figures.",
    )


def _asked(on: Subject) -> Iterator[str]:
    held = on.short(on.held * on.mark)
    value, maintained = held.position_value, maintenance_margin((held,))
    beyond = ", a size beyond the last tier that is known" if beyond_last_tier(held) else ""
    yield (
        f"A position as large as all your {on.asset}, {coins(value, on.asset)}, has a maintenance margin of "
        f"{coins(maintained, on.asset)} at {on.contract.name}: {percent(maintained / value)} of its value{beyond}. The "
        f"most leverage that it may be opened with is {times(held.most_leverage)}, and at leverage "
        f"{times(on.portfolio.policy.leverage)} its initial margin is "
        f"{coins(initial_margin(held, on.portfolio.policy.leverage), on.asset)}."
    )
    half = on.contract.position_value(held.contracts, on.mark * Fraction(1, 2))
    yield (
        "The tier that counts is the one at liquidation, not today's: the same contracts are "
        f"{coins(half, on.asset)} at half the price, so a long climbs into dearer tiers as it falls and a short "
        "descends. rebal solves for the price tier by tier; the figure that an exchange shows may be rounded, or be an "
        "estimate with today's tier."
    )
    if on.contract.assumed:
        named = ", ".join(each.figure for each in on.contract.assumed)
        yield f"Of {on.contract.name} the catalogue assumes: {named}. `rebal venues` says from where each figure is."
