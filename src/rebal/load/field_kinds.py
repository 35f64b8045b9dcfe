"""The words of the files, before they make sentences: names, numbers with their bounds, times, flags."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from rebal import names, times
from rebal.amounts import Fraction
from rebal.load.fields import Name, Number, Text
from rebal.load.flaws import Unreadable
from rebal.times import Duration

ASSET = Name("an asset's name", names.ASSET, names.ASSET_INSTEAD)
CONTRACT = Name(
    "a contract's name",
    f"({names.ACCOUNT}:)?{names.CONTRACT}",
    "write up to 40 letters, digits, dots, dashes, underscores",
)
POSTING = Name("own, dollars, best or a coin", "[A-Za-z0-9]{1,20}", "write own, dollars, best or a coin")
ACCOUNT = Name("an account's name", names.ACCOUNT, "write up to 20 letters, digits, dots, dashes, underscores")
SCENARIO = Name("a scenario's name", names.SCENARIO, "write up to 40 letters, digits and dashes")
FOREVER: Literal["none"] = "none"
_LONGEST_NAME = 100


def _title(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_NAME:
        raise Unreadable("is empty" if not text.strip() else "is too long", f"write 1 to {_LONGEST_NAME} characters")
    return text


def _age(text: str) -> Duration | Literal["none"]:
    return FOREVER if text == FOREVER else times.duration(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise Unreadable("is neither true nor false", "write true or false")
    return text == "true"


def _interval(text: str) -> Fraction:
    length = times.duration(text)
    hours = Fraction(length.rest.days * 24) + Fraction(length.rest.seconds, 3600)
    if length.years or not 0 < hours <= 24 * 7:
        raise Unreadable("is no funding interval", "write hours, like 8h")
    return hours


_TIMESTAMP = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$"
_COUNT = r"\d{1,18}(\.\d{1,18})?"
INSTANT = Text(times.instant, type="string", pattern=_TIMESTAMP)
DAY = Text(times.day_or_instant, type="string", pattern=rf"^\d{{4}}-\d{{2}}-\d{{2}}$|{_TIMESTAMP}")
DURATION = Text(times.duration, type="string", pattern=f"^{_COUNT}[mhdwy]$")
AGE = Text(_age, type="string", pattern=f"^(none|{_COUNT}[mhdwy])$")
HOURS = Text(_interval, type="string", pattern=f"^{_COUNT}[mhdw]$")
FLAG = Text(_flag, type="boolean")
TITLE = Text(_title, type=["string", "number"], minLength=1, maxLength=_LONGEST_NAME)
WORD = Text(_title, type="string", minLength=1)
COINS = Number(least=0, instead="write the coins that are owned, 0 or more; shorts belong under positions")
FEE = Number(least=0, instead="write the coins that it costs, 0 or more")
BALANCE = Number(least=0, instead="write the coins in the futures account, 0 or more")
COUNT = Number(above=0, instead="write a number above 0")
SHARE = Number(percent=True, least=0, most=1, instead="write 0% to 100%")
INSIDE = Number(percent=True, above=0, below=1, instead="write a share above 0% and below 100%")
COST = Number(percent=True, least=0, below=1, instead="write 0% or more, below 100%")
RATE = Number(percent=True, above=-1, below=1, instead="write a share of the notional, like 0.01%")
SHOCK = Number(percent=True, above=-1, instead="write a fall above -100%, or a rise")
PRICE = Number(above=0, instead="write the price in USD, above 0")


def _counted(text: str) -> Fraction:
    share: Fraction = SHARE.read("0" if text == "off" else text)
    return share


COLLATERAL = Text(_counted, type=["string", "number"], pattern=r"^(off|[0-9.]+%?)$")


class Written(BaseModel):
    """What all sections have in common: known keys only, and no validator built before it is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
