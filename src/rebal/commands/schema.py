"""``rebal schema``."""

from rebal.commands._answer import Answer, World

EXAMPLES = ("rebal schema > portfolio.schema.json",)


def schema(world: World) -> Answer:
    """Print the portfolio file's JSON Schema, for editors."""
    import json

    from rebal import load

    return Answer(json.dumps(load.schema(), indent=2) + "\n")
