"""The portfolio file's JSON Schema as editors take it: draft 7, as YAML support in editors reads no later one whole."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from rebal.load.models import Portfolio

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def draft_7() -> dict[str, Any]:
    """The schema of a portfolio file, from the models that read it, without references: every section in its place."""
    return {"$schema": DRAFT_7, **Portfolio.model_json_schema(schema_generator=_Generator)}


class _Generator(GenerateJsonSchema):
    """Leaves out titles, which repeat the keys, and empty defaults: the descriptions say what stands in."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])
