"""Weights as a picture: where each stands, where a plan leaves it, its target, and the band around that."""

from collections.abc import Iterator, Sequence

from rebal.amounts import ZERO, Fraction, plain
from rebal.formats.describe._phrases import joined
from rebal.formats.document.charts import Axis, Mark, Sign, Strip, Strips
from rebal.formats.document.said import Change, Figure, Kind, Said
from rebal.plan import AssetLine
from rebal.policy import Band, Policy


def chart(assets: Sequence[AssetLine], limits: Policy | None, *, planned: bool) -> Strips:
    """A row an asset that has a weight; ``planned``: now and after."""
    strips = [_strip(each, limits, planned=planned) for each in assets if each.weight is not None]
    legend = {Sign.HOLLOW: "now", Sign.FILLED: "after"} if planned else {Sign.FILLED: "now"}
    said = joined(((f"{each.name} ", each.said) for each in strips), "; ")
    return Strips(
        x=Axis("weight", Kind.PERCENT),
        strips=strips,
        legend={**legend, Sign.LINE: "target"},
        shade="" if limits is None else _band(limits.band),
        name="weights",
        said=("weights now and after: " if planned else "weights: ", *said),
    )


def _band(band: Band) -> str:
    return f"band \N{PLUS-MINUS SIGN}{plain(band.points * 100)} points{'' if band.relative is None else ' or less'}"


def _strip(asset: AssetLine, limits: Policy | None, *, planned: bool) -> Strip:
    return Strip(
        asset.asset,
        _said(asset, planned=planned),
        list(_marks(asset, planned=planned)),
        None if limits is None or asset.target_weight is None else _inside(asset.target_weight, limits.band),
    )


def _marks(asset: AssetLine, *, planned: bool) -> Iterator[Mark]:
    if asset.target_weight is not None:
        yield Mark(Sign.LINE, asset.target_weight)
    if asset.weight is not None:
        yield Mark(Sign.HOLLOW if planned else Sign.FILLED, asset.weight)
    if planned and asset.weight_after is not None:
        yield Mark(Sign.FILLED, asset.weight_after, was=asset.weight)


def _said(asset: AssetLine, *, planned: bool) -> Said:
    now, after, target = (
        None if each is None else Figure(each, Kind.PERCENT)
        for each in (asset.weight, asset.weight_after, asset.target_weight)
    )
    stands: tuple[Said, ...] = (Change(now, after) if planned else now,)
    return stands if target is None else (*stands, ", target ", target)


def _inside(target: Fraction, band: Band) -> tuple[Fraction, Fraction]:
    """The weights within the band around a target."""
    return max(target - band.width(target), ZERO), target + band.width(target)
