"""What compare reads off the command line beside its assets: the cost of a spot trade, and how gains are taxed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebal.commands._options import one_of
from rebal.errors import UsageProblem
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.load.fields import Text
    from rebal.portfolio import Costs, Portfolio, Tax


@frozen
class Terms:
    """What selling costs, in place of what the file says."""

    costs: Annotated[
        str | None,
        typer.Option("--costs", metavar="KEY=RATE,...", help="spot_fee and slippage, in place of the file's."),
    ] = None
    tax: Annotated[
        str | None,
        typer.Option(
            "--tax",
            metavar="METHOD,KEY=...",
            help="fifo, lifo or hifo, then short_term, long_term and long_after, in place of the file's.",
        ),
    ] = None

    def of(self, portfolio: "Portfolio") -> "Portfolio":
        """The portfolio with what is given in place of its own, key by key. Raises UsageProblem."""
        return portfolio if self.costs is self.tax is None else _with_terms(portfolio, costs=self.costs, tax=self.tax)


def _with_terms(portfolio: "Portfolio", *, costs: str | None, tax: str | None) -> "Portfolio":
    from rebal.load import field_kinds
    from rebal.load.fields import Choice
    from rebal.portfolio import LotMethod

    rates: Mapping[str, Text] = {"spot_fee": field_kinds.COST, "slippage": field_kinds.COST}
    rules: Mapping[str, Text] = {
        "method": Choice(LotMethod),
        "short_term": field_kinds.SHARE,
        "long_term": field_kinds.SHARE,
        "long_after": field_kinds.DURATION,
    }
    given = _pairs(costs, rates, option="--costs"), _pairs(tax, rules, option="--tax", first="method")
    return replace(
        portfolio, costs=_costs(portfolio.costs, given[0]), tax=_tax(portfolio.tax, given[1], rules, given_as=tax)
    )


def _pairs(
    text: str | None, readers: "Mapping[str, Text]", *, option: str, first: str | None = None
) -> Mapping[str, Any]:
    """``key=value,key=value`` in the file's grammar; a first word without its key is that of ``first``."""
    found: dict[str, Any] = {}
    for n, each in enumerate([] if text is None else text.split(",")):
        key, is_pair, value = (part.strip() for part in each.partition("="))
        if not is_pair and n == 0 and first is not None:
            key, value = first, key
        elif not is_pair:
            raise UsageProblem(f"{option} {text}: {key or 'nothing'} is no key=value; {one_of(key, readers)}")
        if key not in readers:
            raise UsageProblem(f"{option} {text}: {key or 'nothing'} is not a key here; {one_of(key, readers)}")
        if key in found:
            raise UsageProblem(f"{option} {text}: gives {key} twice")
        try:
            found[key] = readers[key].read(value)
        except ValueError as problem:
            instead = getattr(problem, "instead", None)
            said = getattr(problem, "problem", problem)
            raise UsageProblem(
                f"{option} {text}: {key} {value or 'nothing'} {said}" + (f"; {instead}" if instead else "")
            ) from problem
    return found


def _costs(own: "Costs", given: Mapping[str, Any]) -> "Costs":
    return replace(own, **given) if given else own


def _tax(own: "Tax | None", given: Mapping[str, Any], keys: Mapping[str, Any], *, given_as: str | None) -> "Tax | None":
    if own is not None:
        return replace(own, **given) if given else own
    missing = [key for key in keys if key not in given]
    if given and missing:
        raise UsageProblem(f"--tax {given_as}: lacks {', '.join(missing)}, which the file does not give either")
    from rebal.portfolio import Tax

    return Tax(**given) if given else None
