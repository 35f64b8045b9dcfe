"""Contract payoff, margin tiers, liquidation and carry: the arithmetic, on single contracts and wallets."""
