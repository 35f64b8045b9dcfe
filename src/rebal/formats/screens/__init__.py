"""What a terminal shows of each kind of report, one module a kind, found by the report's schema."""
