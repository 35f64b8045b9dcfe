"""What a terminal shows of each kind of report: one module a kind, named as in its schema.

Each has ``lines(report, sheet)``. The modules with an underscore are the parts that kinds share: a drift table or a
wallet looks the same in each.
"""
