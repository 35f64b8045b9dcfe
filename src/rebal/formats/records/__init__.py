"""What a pipe gets of each kind of report, one module a kind, found by the report's schema."""
