"""Charts: where their ticks stand, and how they are drawn; shared by the table, html and svg."""
