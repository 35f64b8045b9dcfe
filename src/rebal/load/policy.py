"""A policy with the rules that its file leaves out."""

from datetime import datetime, timedelta

from rebal.amounts import Fraction
from rebal.load import defaults, models
from rebal.policy import Alert, Band, Policy
from rebal.times import Duration


def policy_of(written: models.Policy, now: datetime) -> Policy:
    """Every rule, written or by default. ``now``: from where calendar years are counted back."""
    leverage = _or(written.leverage, defaults.LEVERAGE)
    distance = _or(written.liquidation_distance, defaults.LIQUIDATION_DISTANCE)
    survive = written.survive.shock if written.survive else None
    return Policy(
        band=_band(written.band),
        margin_mode=written.margin_mode or defaults.MARGIN_MODE,
        leverage=leverage,
        liquidation_distance=distance,
        alert=_alert(written.alert or models.Alert(), distance=survive or distance, leverage=leverage),
        min_order=_or(written.min_order, defaults.MIN_ORDER),
        routes=defaults.ROUTES if written.routes is None else written.routes,
        sizing=written.sizing or defaults.SIZING,
        max_at_venue=_or(written.max_at_venue, defaults.MAX_AT_VENUE),
        max_price_age=_age(written.max_price_age, now),
        hedge_band=_or(written.hedge_band, defaults.HEDGE_BAND),
        survive=survive,
        uncovered=written.uncovered or defaults.UNCOVERED,
        prefer=written.prefer or defaults.PREFER,
        horizon=defaults.HORIZON if written.horizon is None else written.horizon.after(now) - now,
        post=defaults.POST if written.post is None else written.post,
    )


def _alert(written: models.Alert, *, distance: Fraction, leverage: Fraction) -> Alert:
    """Nearer to liquidation than the policy asks and more levered than it allows, so that a fresh plan is no breach."""
    return Alert(
        distance=_or(written.distance, min(defaults.ALERT_DISTANCE, defaults.ALERT_DISTANCE_OF_POLICY * distance)),
        leverage=_or(written.leverage, defaults.ALERT_LEVERAGE_OF_POLICY * max(leverage, defaults.LEVERAGE)),
    )


def usual_alert(distance: Fraction, leverage: Fraction) -> Alert:
    """The alert of a policy whose file says nothing of it."""
    return _alert(models.Alert(), distance=distance, leverage=leverage)


def _band(written: Fraction | models.Band | None) -> Band:
    if isinstance(written, models.Band):
        return Band(_or(written.points, defaults.BAND), written.relative)
    return Band(_or(written, defaults.BAND))


def _age(written: Duration | str | None, now: datetime) -> timedelta | None:
    if written is None:
        return defaults.MAX_PRICE_AGE
    return None if isinstance(written, str) else written.after(now) - now


def _or(written: Fraction | None, default: Fraction) -> Fraction:
    return default if written is None else written
