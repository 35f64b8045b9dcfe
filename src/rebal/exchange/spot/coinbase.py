"""Coinbase: the price of every product in one answer, its time in another."""

from collections.abc import Iterator, Sequence

from rebal.exchange.fields import figure, iso, row, rows
from rebal.exchange.spot import Answers, Quote

QUESTIONS = ("v3PublicGetBrokerageMarketProducts", "v3PublicGetBrokerageTime")


def quotes(answers: Answers, coins: Sequence[str]) -> Iterator[Quote]:
    """The coins that have a product in dollars that can be traded."""
    products = {each.get("product_id"): each for each in rows(answers[QUESTIONS[0]], "products")}
    time = iso(row(answers[QUESTIONS[1]]), "iso")
    for coin in coins:
        product = products.get(f"{coin}-USD")
        if product is not None and not product.get("trading_disabled"):
            yield Quote(coin, figure(product, "price"), time)
