"""The list of venues."""

from rebal.catalogue import Catalogue
from rebal.formats.document import Column, Document, Listed, Role, Section, Table
from rebal.formats.document.said import Kind
from rebal.policy import Policy

_COLUMNS = (
    Column("venue", "venue", record="{}", role=Role.NAME, left=True),
    Column("contracts", "contracts", Kind.COUNT, before="", after="contracts", record="contracts {}"),
    Column("inverse", "inverse", Kind.COUNT),
    Column("linear", "linear", Kind.COUNT),
    Column("planned on", "planned_on", Kind.COUNT, record="planned-on {}"),
    Column("", lambda venue: (venue.title,), left=True),
)


def document(catalogue: Catalogue, limits: Policy | None) -> Document:
    """A row a venue, then what is left out and why."""
    left_out = (Listed([(each.venue, (each.reason,))], word="left-out") for each in catalogue.left_out)
    return (Table(_COLUMNS, catalogue.venues, word="venue"), *(Section("", (each,)) for each in left_out))
