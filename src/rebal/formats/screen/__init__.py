"""How figures, words and columns are set for people; shared by table and plain."""
