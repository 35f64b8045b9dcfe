"""The account at an exchange beside the book: what agrees, what does not, and the statement that would."""
