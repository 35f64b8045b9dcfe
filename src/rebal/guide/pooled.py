"""Pooled accounts: where all coins stand behind all positions."""

from collections.abc import Iterator

from rebal.amounts import total
from rebal.guide import Given, Reader
from rebal.guide._words import percent, usd
from rebal.guide._worked import planned
from rebal.plan import Plan
from rebal.reports.guide import Part

TITLE = "Pooled accounts: all coins behind all positions"
PLACE = 9
_HEADINGS = ("venue", "inverse contracts in a pool", "what a new account has")
_ROWS = (
    ("Bybit", "yes, unified trading account in cross margin", "the pool"),
    ("OKX", "yes, multi-currency and portfolio modes", "a pool a coin, until it is switched"),
    ("Deribit", "yes, cross-collateral modes", "a pool a coin, until it is switched"),
    ("BitMEX", "yes, multi-asset margining", "a pool a coin, until it is switched"),
    ("Binance", "only in Portfolio Margin", "a wallet a coin"),
    ("KuCoin", "by its text, in the unified account", "a wallet a coin"),
    ("Kraken", "no", "a wallet a coin"),
    ("Gate", "no", "a wallet a coin"),
    ("MEXC", "no", "a wallet a coin"),
    ("HTX", "no", "a wallet a coin"),
    ("Phemex", "no", "a wallet a coin"),
)


def parts(reader: Reader) -> tuple[Part, ...]:
    """What a pool is, who has one, and how its judgement differs on the reader's plan."""
    given, plan, said = planned(reader)
    return (
        Part("", _POOL),
        Part("Who has one", _WHO, headings=_HEADINGS, rows=_ROWS),
        Part("What that does to your plan", (*said, *_judged(given, plan))),
    )


_POOL = (
    "In a futures account of the older kind each coin is a wallet of its own: BTC stands behind contracts that are "
    "margined in BTC, and nothing else does. In a pooled (unified, multi-currency) account all coins together stand "
    "behind all positions, judged in dollars: each coin counts at a collateral ratio below its price, the more of it "
    "the lower, maintenance of all positions is added up, and where it exceeds the coins, all of them are at stake.",
    "A profit in one coin then carries a loss in another, which a wallet a coin cannot. But a coin that is short does "
    "not stop at its own wallet, a loss larger than a coin's balance becomes a loan with interest, and a covered short "
    "counts a little less than the dollars that it is worth. One liquidation price says little there: it depends on "
    "the prices of all coins at once.",
)
_WHO = (
    "By what the venues write, read in November 2026; what your own account is set to, its settings say. A "
    "sub-account, or isolated margin, keeps a position apart on any of them.",
)


def _judged(given: Given, plan: Plan) -> Iterator[str]:
    price = given.portfolio.price
    balance = total(each.margin_balance * price(each.currency) for each in plan.wallets)
    maintained = total(each.maintenance_margin * price(each.currency) for each in plan.wallets)
    if not plan.wallets or balance <= 0:
        yield "This plan leaves no coins in the futures account: there is nothing to judge."
        return
    ratios = [
        (each.margin_ratio, each.contract or each.currency) for each in plan.wallets if each.margin_ratio is not None
    ]
    worst, where = max(ratios)
    yield (
        f"Wallet by wallet, the fullest after this plan is {where}, at a margin ratio of {percent(worst)}. Added up, "
        f"{usd(maintained)} of maintenance on {usd(balance)} of margin are {percent(maintained / balance)}, before any "
        "collateral ratio is taken off: in a pool the stronger wallets lend to the weaker."
    )
    yield (
        "The wallets that rebal plans with are the stricter of the two: each has to carry its own positions. What it "
        "calls safe coin by coin has no less behind it in a pool, but for the collateral ratios; what a pool takes "
        "with it when it fails is more."
    )
