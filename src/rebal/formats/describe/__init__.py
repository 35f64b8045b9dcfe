"""What each kind of report says, as a document: one module a kind, named as in its schema.

Each has ``document(report, limits)``; ``limits``: the policy that the report is measured against, None where it is not
known. The modules with an underscore are the parts that kinds share: a drift table or a wallet is the same in each.
"""
