"""One subcommand a file: the function that bears the file's name gathers, calls and hands over an Answer."""
