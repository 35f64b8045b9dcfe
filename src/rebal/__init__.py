"""Rebalance coins without selling them: the inverse perpetual legs, their collateral and where they are liquidated.

Where to look, from the command line down; what stands lower knows nothing of what stands above it, and tests check it:

    cli, commands/        one subcommand a file, exit codes, and what to type against what was found (_cures)
    load/                 a portfolio file: as written (models), what its sections owe each other (checks/), resolved
    journal/              the SQLite file beside it: entries, what they add up to (fold), what they earned (earned)
    formats/              a report as a document (describe/), and a document as table, plain, csv, json, page, picture
    prices/, exchange/    a market from a file, a history or an exchange; reconcile/: the account there against the book
    compare/, stress/, replay/, guide/
                          questions asked of many steps: routes and their cost, shocks, years of prices, an explanation
    planner/              value (exposure), what is wanted (targets), by which contract (routes), how many (sizing),
                          which coins (collateral), in what order (orders); rebalance, hedge, unwind, rescue and
                          status decide, step carries out, checks/ say what is worth a look, lines are the rows
    venues/               the catalogue: one file a venue, each figure with its source and date
    findings, plan, status, account_lines, beta, catalogue, ledger, reports/
                          what is said, as data: the fields are the JSON; what is a breach stands in findings
    portfolio, book, stated, exchange_account
                          what it is told, resolved; what is held and open, and the one function that lets events
                          happen; an account as its exchange tells it
    market/               one contract's payoff, fills, maintenance, margin and liquidation, carry, tiers; pooled accounts
    amounts, times, names, errors, frozen, discover
                          exact numbers, instants, how things are called, what goes wrong and its exit code
"""

__version__ = "0.1.0"
