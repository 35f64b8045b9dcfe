"""Venue, policy, proxies and scenarios."""

from collections.abc import Iterator

from rebal.load.defaults import ROUTE_WORDS
from rebal.load.flaws import ONE_OF, Flaw
from rebal.load.reading import Reading
from rebal.names import listed
from rebal.policy import Posting


def venue_is_known(reading: Reading) -> Iterator[Flaw]:
    """The catalogue has the venue."""
    for account in reading.accounts:
        name = account.says.venue
        if name is None or account.venue is not None:
            continue
        from rebal import venues

        known, path = venues.names(), account.at("venue")
        if name in venues.LEFT_OUT:
            yield Flaw(path, "is not in the catalogue", venues.LEFT_OUT[name])
        else:
            yield Flaw(path, "is not in the catalogue", ONE_OF + ", ".join(known), near=(name, known))


def every_asset_is_served(reading: Reading) -> Iterator[Flaw]:
    """Without a venue the file's own contracts serve every asset, directly or through a proxy."""
    if reading.file.has("venue") or reading.file.has("accounts") or not reading.file.sound("contracts"):
        return
    served = {contract.asset for contract in reading.says.contracts.values()}
    served |= {asset for asset, proxy in reading.says.proxies.items() if proxy.via in served}
    unserved = sorted((reading.held | reading.wanted) - reading.cash - reading.aside - served)
    if unserved and reading.venue_known:
        yield Flaw(
            ("venue",),
            "is missing",
            f"name the venue, or give contracts for {listed(unserved)} under contracts",
            at_key=True,
        )


def routes_lead_somewhere(reading: Reading) -> Iterator[Flaw]:
    """A route is a word for a kind of contract, or a contract's name."""
    routes = reading.says.policy.routes if reading.says.policy else None
    if routes is None:
        return
    if not routes:
        yield Flaw(("policy", "routes"), "names no route", "write [inverse, linear, proxy]")
    for n, route in reading.file.rows(("policy", "routes"), routes):
        if route not in ROUTE_WORDS and reading.contract(route) is None and not reading.may_be_listed(route):
            instead = ONE_OF + ", ".join(ROUTE_WORDS) + ", or the name of a contract"
            yield Flaw(("policy", "routes", n), "is not known here", instead, near=(route, ROUTE_WORDS))


def posting_names_coins(reading: Reading) -> Iterator[Flaw]:
    """What a pooled account is filled with is a word for some coins, or a coin that is held; each once."""
    post = reading.says.policy.post if reading.says.policy else None
    if post is None:
        return
    if not post:
        yield Flaw(("policy", "post"), "names no coin", "write [own, dollars, best]")
    words, seen = tuple(map(str, Posting)), set[str]()
    for n, word in reading.file.rows(("policy", "post"), post):
        path = ("policy", "post", n)
        if word in seen:
            yield Flaw(path, "stands there twice", "drop it")
        elif word not in words and word not in reading.held:
            instead = ONE_OF + ", ".join(words) + ", or a coin that is held"
            yield Flaw(path, "is not known here", instead, near=(word, (*words, *sorted(reading.held))))
        seen.add(word)


def proxies_lead_elsewhere(reading: Reading) -> Iterator[Flaw]:
    """A proxy is another coin, and a coin."""
    for asset, proxy in reading.says.proxies.items():
        path = ("proxies", asset, "via")
        if proxy.via == asset:
            yield Flaw(path, "is the asset itself", "name a coin that has a contract")
        elif proxy.via in reading.cash:
            yield Flaw(path, "counts as dollars", "name a coin that has a contract")
    for asset in sorted(reading.proxied & reading.cash):
        yield Flaw(("proxies", asset), "counts as dollars, which need no hedge", "drop it", at_key=True)


def scenarios_shock_known_assets(reading: Reading) -> Iterator[Flaw]:
    """Scenarios speak of assets of the file."""
    for name, shocks in reading.says.scenarios.items():
        for asset in shocks:
            if asset not in reading.assets:
                path = ("scenarios", name, asset)
                near = (asset, reading.assets)
                yield Flaw(path, "is no asset of this file", "drop it", at_key=True, near=near)
