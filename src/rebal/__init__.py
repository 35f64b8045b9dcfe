"""Rebalance coins without selling them: the inverse perpetual legs, their collateral and where they are liquidated.

Where to look, from the command line down; what stands lower knows nothing of what stands above it, and tests check it:

    cli, commands/        one subcommand a file, exit codes, and what to type against what was found (_cures);
                          workers: many questions in this process, in several, or on a cluster
    load/                 a portfolio file: as written (models), what its sections owe each other (checks/), resolved
    journal/              the SQLite file beside it: entries, their hashes (chain), what they add up to (fold), what
                          they earned (earned)
    formats/              a report as a document (describe/), and a document as table, plain, csv, json, paper, picture;
                          screen/ lays tables out in the width there is, for table and plain
    prices/, exchange/    a market from a file, a history or an exchange; there wire makes one request and judges its
                          status, line tries again, deadline says until when, keys sign; reconcile/: the account at an
                          exchange against the book; placing: an order as an exchange spells it
    compare/, stress/, replay/, guide/, explain/
                          questions asked of many steps: routes and their cost, shocks, years of prices, lessons on
                          one's own figures, any figure with its formula; tax: which lots a sale takes
    planner/              value (exposure), what is wanted (targets), by which contract (candidates), how many (sizing),
                          what to place (orders), which coins it takes (collateral) and moves (posting), in what order
                          (sequence); rebalance, hedge, unwind, rescue and status decide, step carries out, checks/ say
                          what is refused and what is worth a look, lines are the rows
    venues/               the catalogue: one file a venue, each figure with its source and date
    findings, plan, status, account_lines, rung_lines, beta, catalogue, ledger, pooling, reports/
                          what is said, as data: the fields are the JSON; what is a breach stands in findings
    portfolio, policy, book, stated, exchange_account
                          what it is told, resolved, and the rules that it keeps; what is held and open, and the one
                          function that lets events happen; an account as its exchange tells it
    market/               one contract's payoff, fills, maintenance, margin and liquidation, carry, tiers; pooled:
                          what coins count together
    amounts, formula, times, withdrawal, names, errors, frozen, discover
                          exact numbers and how text (50%, 0.5) becomes one, formulas beside the arithmetic they tell,
                          instants, how things are called, what goes wrong and its exit code
"""

__version__ = "0.1.0"
