"""Pooled accounts: where all coins stand behind all positions."""

from collections.abc import Iterator

from rebal.account_lines import AccountLine, path_words
from rebal.amounts import ZERO, total
from rebal.guide import Given, Reader
from rebal.guide._figures import percent, usd
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
    ("BingX", "nothing found that pools them", "a wallet a coin"),
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
        Part("Which one is yours", _YOURS),
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
_YOURS = (
    "Isolated: the exchange asks for a margin when you open a position, and shows one beside it. Cross, a wallet "
    "a coin: the futures account lists a balance and a margin ratio for each coin, and coins are moved into it. "
    "Pooled: there is one rate for the whole account, in dollars, and a list of coins with a collateral ratio "
    "each and a switch.",
    "Where to look. Bybit: the asset page of the unified account, and its margin mode. OKX: the account mode; "
    "Futures mode is a wallet a coin. Deribit: the margin model; S:SM is a wallet a coin, X:SM a pool. Binance: "
    "Portfolio Margin is a mode of its own; COIN-M without it is a wallet a coin. KuCoin: whether the account is "
    "a unified one. BitMEX: whether multi-asset margining is enabled, which is not planned here.",
    "In the file it is margin: pooled, cross or isolated of an account under accounts. An account there at Bybit "
    "is pooled unless it says otherwise, as new ones are; the short form with venue: is a wallet a coin. The rate "
    "that the plan prints for a pooled account is the one of the exchange's page: where the two differ, set "
    "collateral to the ratios that it shows.",
    "What is moved into a pool is said by policy.post, [own, dollars, best] unless you say otherwise: of each leg's "
    "own coin what that leg asks for, then dollars (those that are coins: USD itself only where collateral or "
    "policy.post names it), then the coin of which most counts. Nothing else is moved in: "
    "[own] keeps every leg to its coin, [dollars, own] spends dollars first, and a coin's name may stand there too.",
)
_WHO = (
    "By what the venues write, read in November 2026; what your own account is set to, its settings say. A "
    "sub-account, or isolated margin, keeps a position apart on any of them.",
)


def _judged(given: Given, plan: Plan) -> Iterator[str]:
    pools = [each for each in plan.accounts if each.credit is not None]
    if pools:
        yield from (_pool(each) for each in pools)
        return
    yield from _added_up(given, plan)


def _pool(account: AccountLine) -> str:
    credit, maintenance = account.credit or ZERO, account.maintenance_margin or ZERO
    close = account.nearest
    end = (
        "no fall or rise of all coins, or of one alone, liquidates it"
        if close is None
        else f"it is liquidated first where, on the path of {path_words(close.path)}, prices have moved "
        f"{percent(close.distance)}"
    )
    rate = "" if account.margin_ratio is None else f", a rate of {percent(account.margin_ratio)}"
    return (
        f"The account {account.account} is pooled: of {usd(account.equity)} there {usd(credit)} count after this plan, "
        f"and maintenance asks for {usd(maintenance)}{rate}; {end}."
    )


def _added_up(given: Given, plan: Plan) -> Iterator[str]:
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
        "This file is planned with a wallet a coin, the stricter of the two: each has to carry its own positions. What "
        "is safe coin by coin has no less behind it in a pool, but for the collateral ratios; what a pool takes with "
        "it when it fails is more. Where your account is a pool, say so: margin: pooled, under accounts."
    )
