"""What a wallet's positions need, as formulas: maintenance, survival and liquidation, on one curve or several added."""

from collections.abc import Sequence

from rebal.amounts import ONE, Fraction
from rebal.explain._facts import indexed, summed
from rebal.formula import formula_of, renamed
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.market.margin import Held, is_inverse, needed
from rebal.market.piecewise import Piece, piece_at
from rebal.reports.explanation import Term


@frozen
class Curve:
    """The positions of one account with the terms that tell them; ``quadratic``: a rate that grows with the size."""

    held: tuple[Held, ...]
    balance: Term

    @property
    def inverse(self) -> bool:
        """Whether its marks stand below the fraction line."""
        return is_inverse(self.held)

    @property
    def quadratic(self) -> bool:
        """Whether no straight line tells its maintenance."""
        return any(piece.quadratic for each in self.held for piece in each.maintenance)

    def at(self, y: Fraction) -> "Told":
        """The formulas of the tiers that hold at a factor."""
        return Told(self, tuple(piece_at(each.maintenance, y) for each in self.held))


@frozen
class Told:
    """A curve in the tiers of one place on it."""

    curve: Curve
    pieces: tuple[Piece, ...]

    def terms(self) -> list[Term]:
        """Contracts, multipliers, entries, marks, rates and deductions of every position."""
        found: list[Term] = [self.curve.balance]
        for n, held, piece in self._each():
            found += position_terms(held, n)
            if piece.linear or not piece.constant:
                rate = piece.linear / held.position_value
                words = "maintenance rate of the tier that holds there, with the closing fee where it counts"
                found.append(Term(f"k{n}", rate, "", words, f"contracts.{held.contract.name}.maintenance"))
            if piece.quadratic:
                grows = piece.quadratic / (held.position_value * held.position_value)
                words = "by which the rate grows with a coin of position value"
                found.append(Term(f"a{n}", grows, "", words, f"contracts.{held.contract.name}.maintenance"))
            if piece.constant:
                said = "maintenance at the entry price" if piece.constant > 0 else "deduction of the tier"
                settle = held.contract.settle
                found.append(Term(f"c{n}", abs(piece.constant), settle, said, f"contracts.{held.contract.name}"))
        return found

    def liquidation(self, of: str, balance: str) -> str:
        """The price ``of``, moved to where the margin balance equals the maintenance margin."""
        at_mark, at_entry = self._at_mark(), self._at_entry()
        if self.curve.inverse:
            return f"{of} · ({at_mark}{self._rates('+')}) / ({balance} + {at_entry}{self._constants('+')})"
        return f"{of} · ({at_entry} − {balance}{self._constants('−')}) / ({at_mark}{self._rates('−')})"

    def needed(self) -> str:
        """The balance that covers maintenance once all marks have moved by ``y``."""
        rates = f"({self._at_mark()}{self._rates('+')})"
        if self.curve.inverse:
            return f"{rates} · y − ({self._at_entry()}){self._constants('−')}{self._squares(' · y · y')}"
        moves = f"y · ({self._at_mark()}{self._rates('−')})"
        return f"{self._at_entry()}{self._constants('−')} − {moves}{self._squares(' · y · y')}"

    def maintenance(self) -> str:
        """Maintenance margin at today's marks."""
        rates = self._rates("+").removeprefix(" + ") or "0"
        return f"{rates}{self._squares('')}{self._constants('−')}"

    def _each(self) -> list[tuple[str, Held, Piece]]:
        many = len(self.curve.held) > 1
        pairs = zip(self.curve.held, self.pieces, strict=True)
        return [(str(n) if many else "", held, piece) for n, (held, piece) in enumerate(pairs, start=1)]

    def _at_mark(self) -> str:
        shape = "n · V / P" if self.curve.inverse else "n · V · P"
        return summed(renamed(shape, indexed("n V P", n)) for n, _, _ in self._each())

    def _at_entry(self) -> str:
        shape = "n · V / e" if self.curve.inverse else "n · V · e"
        return summed(renamed(shape, indexed("n V e", n)) for n, _, _ in self._each())

    def _rates(self, sign: str) -> str:
        return "".join(
            f" {sign} {renamed(value_formula(held), indexed('n V P', n))} · k{n}"
            for n, held, piece in self._each()
            if piece.linear or not piece.constant
        )

    def _squares(self, moved: str) -> str:
        """What a rate that grows with the size asks besides; ``moved``: by what it is multiplied once marks moved."""
        values = (
            (n, renamed(value_formula(held), indexed("n V P", n))) for n, held, piece in self._each() if piece.quadratic
        )
        return "".join(f" + {value} · {value} · a{n}{moved}" for n, value in values)

    def _constants(self, sign: str) -> str:
        """Deductions with ``sign``, and maintenance at the entry price with the other."""
        other = {"+": "−", "−": "+"}[sign]
        return "".join(
            f" {sign if piece.constant < 0 else other} c{n}" for n, _, piece in self._each() if piece.constant
        )


def position_terms(held: Held, n: str) -> list[Term]:
    """A position's contracts, multiplier, entry and mark."""
    name = held.contract.name
    return [
        Term(f"n{n}", held.contracts, "contracts", f"of {name}, short is negative", f"positions.{name}.contracts"),
        Term(f"V{n}", held.contract.multiplier, "", "of one contract", f"contracts.{name}.multiplier"),
        Term(f"e{n}", held.entry_price, "USD", "average entry", f"positions.{name}.entry_price"),
        Term(f"P{n}", held.mark_price, "USD", "mark", f"positions.{name}.mark_price"),
    ]


def value_formula(held: Held) -> str:
    """Position value of one position, in its settlement coin."""
    return formula_of(Contract.position_value, held.contract.kind.value)


def each_of(shape: str, held: Sequence[Held], letters: str) -> str:
    """A formula of one position, added up over several."""
    many = len(held) > 1
    return summed(renamed(shape, indexed(letters, str(n) if many else "")) for n, _ in enumerate(held, start=1))


def indices(held: Sequence[Held]) -> list[tuple[str, Held]]:
    """Positions with their index, which is none where there is one."""
    many = len(held) > 1
    return [(str(n) if many else "", each) for n, each in enumerate(held, start=1)]


def survival(held: Sequence[Held], *, shock: Fraction) -> Fraction:
    """The factor y, of all between the ends of a shock, at which positions need most."""
    inverse = is_inverse(held)
    low, high = ONE - shock, ONE + shock
    first, last = (1 / high, 1 / low) if inverse else (low, high)
    pieces = needed(held)
    bounds = [first, last, *(each.until for each in pieces if each.until and first < each.until < last)]
    return max(bounds, key=lambda y: piece_at(pieces, y).at(y))
