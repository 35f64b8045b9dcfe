"""How a document becomes markup: what is said, its blocks, and the style of their page."""
