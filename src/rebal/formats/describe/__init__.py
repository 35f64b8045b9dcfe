"""What each kind of report says, as a document: one module a kind, named as in its schema.

Each has ``document(report, limits)``; ``limits``: the policy that the report is measured against, None where it is not
known. The modules with an underscore are the parts that kinds share: a drift table or a wallet is the same in each.
"""

import sys

from rebal import discover
from rebal.formats import Report, View, kind
from rebal.formats.document import Document


def document(report: Report, view: View) -> Document:
    """Describe a report of any kind. Raises LookupError where none of the modules describes its kind."""
    told = getattr(getattr(report, "inputs", None), "policy", None)
    limits = told if view.portfolio is None else view.portfolio.policy
    module = discover.load(sys.modules[__name__], kind(report))
    tell = getattr(module, "brief", module.document) if view.brief else module.document
    described: Document = tell(report, limits)
    return described
