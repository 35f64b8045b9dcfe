"""What the file says of sending coins from one account to another, by coin."""

from typing import Annotated

from pydantic import Field

from rebal.amounts import Fraction
from rebal.load.field_kinds import ASSET, COUNT, DURATION, FEE, Written
from rebal.load.fields import Either, Mapping, Section
from rebal.times import Duration


class Withdrawal(Written):
    """What sending a coin to another account takes; what is not given is not counted, and said."""

    fee: Annotated[Fraction | None, FEE] = Field(
        default=None, description="Coins that the network keeps, on top of what arrives.", examples=[0.0002]
    )
    least: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="The fewest coins that may leave at once, the fee among them.", examples=[0.001]
    )
    takes: Annotated[Duration | None, DURATION] = Field(
        default=None, description="How long they take; 1h is assumed.", examples=["2h"]
    )


WITHDRAWAL = Either(
    DURATION, Mapping(Section(Withdrawal), ASSET, "write `BTC: {fee: 0.0002, least: 0.001, takes: 2h}` below it")
)
