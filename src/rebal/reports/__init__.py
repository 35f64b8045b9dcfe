"""What is said, as data: a report's field names and their order are its JSON."""
