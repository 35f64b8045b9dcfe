"""What a pipe gets of each kind of report: one module a kind, named as in its schema, with ``lines(report)``."""
