"""What each code of a finding means, and what to do where one is told."""

from collections.abc import Iterator, Mapping, Sequence

from rebal.findings import Code, Finding
from rebal.reports.explanation import Derivation

MEANINGS: Mapping[Code, tuple[str, str]] = {
    Code.OVER_HEDGED: (
        "more of a coin is short than is held",
        "hedge less, or close what protects too much; --allow-over-hedge if it is meant",
    ),
    Code.UNDER_COLLATERALISED: (
        "the coins for the margin that the policy asks for are not there",
        "bring as many as it says, or let the plan shrink: rebal plan --fit, or a policy that asks for less",
    ),
    Code.NEAR_LIQUIDATION: (
        "a wallet is nearer its liquidation than the policy asks for, or there",
        "rebal rescue WALLET --to policy shows the least that mends it",
    ),
    Code.UNSERVED_ASSET: (
        "no contract can be used for a coin",
        "list one under contracts, hedge through another coin under proxies, or leave the coin as it is",
    ),
    Code.RESIDUAL: ("orders leave a weight or a hedge off by less than an order", "nothing, as a rule"),
    Code.BELOW_MINIMUM: (
        "an order is below the file's or the venue's minimum and is left out",
        "nothing, or a smaller policy.min_order",
    ),
    Code.ASSUMED_FIGURE: (
        "a figure of a contract or account is assumed, since nobody has confirmed it",
        "look it up in your account and set the key that the finding names",
    ),
    Code.STALE_PRICES: (
        "prices are older than policy.max_price_age, or not dated",
        "give fresh ones, with their market.as_of: --market FILE, or --market live",
    ),
    Code.NEGATIVE_FUNDING: (
        "what is open pays funding at today's rate",
        "know its cost a day; rebal compare has the other routes",
    ),
    Code.CONTRACT_TOO_LARGE: (
        "a weight is further off than the policy allows, and one lot is too large to mend it",
        "a contract with smaller lots, or a trade of the coins themselves",
    ),
    Code.LEVERAGE: (
        "a wallet carries more than policy.leverage, or the venue allows less than is asked",
        "rebal rescue WALLET --to policy for a wallet; a lower leverage for what the venue does not allow",
    ),
    Code.BEYOND_LAST_TIER: (
        "a position is, or would be, larger than the last tier that is known",
        "look up the tiers at the exchange, and set contracts.NAME.maintenance",
    ),
    Code.SIZING: (
        "mark and index differ, so a futures dollar and a futures coin are not the same size",
        "nothing, or policy.sizing: coin where coins are to be matched",
    ),
    Code.DOLLARS_AT_ISSUER: (
        "margin and PnL are in a stablecoin, an exposure to whoever issues it",
        "know it; inverse contracts have none",
    ),
    Code.ALERT: (
        "a wallet is past the alert level of the policy: its liquidation is near",
        "rebal rescue WALLET, at once",
    ),
    Code.FUNDING_UNKNOWN: ("no funding rate is given, so the cost a day is not known", "add it under market.funding"),
    Code.FUNDING_LARGE: ("a funding rate is so large that it may be a slip", "check its percent sign and its interval"),
    Code.NO_EQUITY: (
        "an account, a wallet or the book is worth nothing or less",
        "correct the file if that is not so; else coins alone help",
    ),
    Code.MARK_OFF: (
        "the mark of a contract is far from its coin's price, or from the price that its tick makes of it",
        "correct the price or the tick size that is wrong",
    ),
    Code.PRICE_IN_DOUBT: (
        "a price may be wrong: old, crossed, not given, or far from others",
        "look at the exchange, and give the price that you trust with --market FILE",
    ),
    Code.REALISED: ("an order closes something, which realises its PnL", "know it, for the tax"),
    Code.UNLISTED_CONTRACT: (
        "a contract that is open is in the catalogue no more, so no order is planned on it",
        "close it by hand, or write its specification under contracts",
    ),
    Code.ODD_LOT: (
        "a position is of no whole lots of its contract",
        "write it as the exchange shows it, or correct the lot_size",
    ),
    Code.EARLIER_ENTRIES: ("entries of the journal are not later than as_of: the statement holds them", "nothing"),
    Code.ESTIMATE: ("a comparison leaves out what is open already", "read its figures as of a book without it"),
    Code.STATEMENT_REPEATS_JOURNAL: (
        "the positions of the file equal what its journal adds up to, so they may be counted twice",
        "set as_of to when the statement was true",
    ),
    Code.STATEMENT_DIFFERS: (
        "the file says something else than the journal adds up to by its as_of",
        "correct positions, record what is missing with --settled, or take the file as it is: rebal record statement",
    ),
    Code.ACCOUNT_DIFFERS: (
        "the account at the exchange is another than the book",
        "rebal reconcile shows where, rebal record exchange records what happened",
    ),
    Code.POSITION_UNRECORDED: (
        "a position is open at the exchange that nobody recorded",
        "rebal record exchange; close it at the exchange if nobody meant it",
    ),
    Code.SPOT_DIFFERS: (
        "closing would leave weights off their targets, since the coins have not been traded",
        "trade the coins and record them with rebal record spot, or close all the same with --force",
    ),
    Code.NEEDLESS: (
        "of what is open a part is not needed any more to be at the targets",
        "the command that the finding ends with closes that part",
    ),
    Code.HEDGE_OFF: (
        "a hedge is not what was asked for",
        "what the finding ends with brings it there; or ask for another share",
    ),
    Code.HEDGE_OVERDUE: (
        "the day has come that a hedge was meant to end on",
        "rebal unwind COIN --purpose hedge, or ask for it until another day",
    ),
    Code.EXPIRES_SOON: (
        "a dated contract that is open expires within days",
        "let it deliver, or roll it",
    ),
    Code.EXPIRED: (
        "a contract has expired and the book still has it open",
        "record its delivery, with the command that the finding ends with",
    ),
    Code.DATED: (
        "a contract has a last day, and a basis to be earned by then",
        "know it; give its mark under market.prices where it has none",
    ),
    Code.DRIFT: ("a weight is outside its band", "rebal plan"),
    Code.BASIS_PAID: ("a dated contract is off its index, and the side taken pays that", "compare it: rebal compare"),
    Code.ROLL_DUE: (
        "a contract expires before its hedge, or its horizon, ends",
        "roll it by then: rebal hedge COIN --pct SHARE --roll",
    ),
    Code.ROLLED: ("what rolling a hedge to another contract costs, or why there is nothing to roll", "nothing"),
    Code.ROUTE: ("why a contract was taken and another was not", "nothing; policy.routes and policy.prefer say which"),
    Code.SUSTAIN: (
        "down to which price the free coins of a wallet keep the policy",
        "have more coins ready by then, or a smaller position",
    ),
    Code.COIN_MARGINED_LONG: (
        "a long that is margined in its own coin loses twice as the coin falls",
        "know it; less of it, or more of the coin behind it",
    ),
    Code.BETA_UNCERTAIN: (
        "a coin moves too little with another, or against it, for a hedge through it",
        "choose another coin; --force takes it all the same, where only little is shared",
    ),
    Code.CROSS_MARGIN_OFFSET: (
        "a wallet dies in a scenario though others have margin to spare: they do not help each other",
        "move coins to it in time; a pooled account shares them",
    ),
    Code.CONSTRUCTIVE_SALE: ("a hedge puts tax off, and some laws see a sale in it", "ask who knows your tax law"),
    Code.MISSING: ("a figure, a wallet or a journal is not there that the answer needs", "add what it names"),
    Code.ACCOUNT_FAILED: ("the answer takes an account for gone, as was asked", "nothing; it is a question"),
    Code.UNHEDGED: (
        "orders wait for coins from another account, and meanwhile an exposure is open",
        "have coins there before, or accept it for as long as the withdrawal takes",
    ),
    Code.UNFILLED: (
        "a recorded plan has ordered what nobody has recorded as filled",
        "record it once it is filled, with the plan's own command; cancel it at the exchange and void it if it is not "
        "to be",
    ),
    Code.ON_THE_WAY: (
        "coins have left one account for another and have not come there",
        "record them once they have; what the network kept of them is a rebal record spot of FROM:TO:COIN",
    ),
    Code.AT_MOST: (
        "more sits at an account than its at_most allows",
        "nothing is moved in; move out what nothing needs",
    ),
    Code.REFRESHED: (
        "figures of contracts are the exchange's own, of a refresh, and how old they are",
        "rebal venues VENUE --refresh asks again",
    ),
    Code.COVERED_SHORT: (
        "a short and the coins behind it are dollars at every price, and count for less in a pooled account",
        "know how much more it takes; a wallet of its own counts them whole",
    ),
    Code.INITIAL_MARGIN: (
        "after fees, the initial margin of what a plan opens is more than there is for it",
        "bring as much more, trade a little less, or set a higher leverage for the contract",
    ),
    Code.CLOSING_FEE: (
        "the file leaves the closing fee of a contract out of its margin, and the venue counts it in a pooled account",
        "nothing: it is counted; set contracts.NAME.maintenance.close_fee to true, as it is",
    ),
    Code.CHECKS_APART: ("a replay looks at the book at the ends of bars, further apart than asked", "finer bars"),
    Code.RUNGS_LEFT: (
        "what is left of a ladder would use coins that are free by now",
        "leave them where they are, to go on",
    ),
}
"""What a finding of a code says, and what answers it."""


def meanings(name: str, told: Sequence[Finding]) -> Iterator[Derivation]:
    """What a code is about, by its name or as ``findings.SUBJECT.CODE``, each finding of it in its own words."""
    found = {f"findings.{each.subject}.{each.code.value}": each for each in reversed(told)}
    asked = {at: each for at, each in found.items() if name in (at, each.code.value)}
    for at, each in sorted(asked.items()):
        meaning, instead = MEANINGS[each.code]
        note = f"{each.severity.value}: {each.message}; what to do: {instead}"
        yield _said(at, meaning, note)
    if not asked and name in {code.value for code in Code}:
        meaning, instead = MEANINGS[Code(name)]
        note = f"there is no such finding here; what to do where there is one: {instead}"
        yield _said(f"findings.{name}", meaning, note)


def _said(figure: str, meaning: str, note: str) -> Derivation:
    return Derivation(figure, meaning, formula=None, terms=(), value=None, unit="", agrees=True, source="", note=note)
