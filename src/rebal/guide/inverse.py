"""What an inverse contract is, and why a covered short is a dollar."""

from collections.abc import Iterator

from rebal.amounts import ONE, Fraction
from rebal.guide import Reader
from rebal.guide._figures import change, coins, contracts, or_never, price, usd
from rebal.guide._worked import Subject, subject
from rebal.market.margin import Held, liquidation
from rebal.reports.guide import Part

TITLE = "What an inverse contract is, and why a covered short is a dollar"
PLACE = 1
_MOVES = (Fraction(-3, 4), Fraction(-1, 2), Fraction(-1, 4), Fraction(0), Fraction(1, 4), ONE)


def parts(reader: Reader) -> tuple[Part, ...]:
    """The contract, a short of all that is held against its coins at many prices, and what that leaves."""
    on, said = subject(reader)
    short = on.short(on.held * on.mark)
    return (
        Part("", (*said, *_contract(on))),
        Part("A short covered by its coins", _covered(on, short), headings=_headings(on), rows=tuple(_rows(on, short))),
        Part("What it leaves", _left(on, short)),
    )


def _contract(on: Subject) -> Iterator[str]:
    name, asset, one = on.contract.name, on.asset, on.contract.multiplier
    hundred = on.contract.lot_size * 100
    worth = on.contract.notional(hundred, on.mark)
    yield (
        f"One contract of {name} is worth {usd(one)}, whatever {asset} costs. It is margined, and profit and loss are "
        f"paid, in {asset}. {contracts(hundred)} are {usd(worth)}: at {price(on.mark)} that is "
        f"{coins(on.contract.coins(hundred, on.mark), asset)}, at half that price "
        f"{coins(on.contract.coins(hundred, on.mark / 2), asset)}."
    )
    yield (
        "Its profit is n · V · (1/entry − 1/price) coins, with n the contracts (negative for a short) and V the "
        "dollars of one. It is not a straight line in the price, which is what most spreadsheets get wrong."
    )


def _covered(on: Subject, short: Held) -> tuple[str, ...]:
    return (
        f"You hold {coins(on.held, on.asset)} and sell {contracts(short.contracts)} of {on.contract.name} against "
        f"them, {usd(on.contract.notional(short.contracts, on.mark))} at {price(on.mark)}. When the price falls the "
        "short pays you coins, when it rises you pay coins; the rest, at its new price, comes to the same dollars.",
    )


def _headings(on: Subject) -> tuple[str, ...]:
    return ("move", "price", f"PnL in {on.asset}", f"{on.asset} then", "worth", "without the short")


def _rows(on: Subject, short: Held) -> Iterator[tuple[str, ...]]:
    for move in _MOVES:
        then = on.mark * (1 + move)
        pnl = on.contract.pnl(short.contracts, short.entry_price, then)
        left = on.held + pnl
        yield (
            change(move), price(then), coins(pnl, on.asset), coins(left, on.asset), usd(left * then),
            usd(on.held * then),
        )  # fmt: skip


def _left(on: Subject, short: Held) -> tuple[str, ...]:
    rest = on.held - on.contract.coins(short.contracts, on.mark)
    ends = liquidation(on.held, (short,))
    never = (
        "With all the coins posted there is no price at which this short is liquidated."
        if ends.above is None and ends.below is None
        else f"With all the coins posted it is liquidated at {or_never(ends.above and ends.above * on.index)}: "
        "this venue counts maintenance at the entry price, or asks more than the coins cover. Post the fee as well."
    )
    return (
        f"The coins that whole lots leave over, {coins(rest, on.asset)}, still move with the price. So do the fees, "
        "and funding, which a short receives while its rate is positive and pays while it is negative.",
        never,
        "That is why rebal calls such a short dollars: in its weights a short makes dollars out of coins without a "
        "sale, and a long spends dollars on coins. Close the short and you hold your coins again, changed by its PnL.",
    )
