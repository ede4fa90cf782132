"""What every operation of the API's description says about refusals: each is the same JSON with a sentence."""

from typing import Any

_SENTENCES = {
    "400": "Something that was sent is wrong; `fields` has a sentence for each input.",
    "401": "Sign in, or send a valid token.",
    "403": "The caller lacks the right, or the form's security code.",
    "404": "There is no such record, or not for the caller.",
    "405": "The address does not take this method.",
    "406": "The answer cannot be given in the wanted media type.",
    "409": "Other records stand against it; the sentence says which.",
    "413": "More was sent than the server accepts at once.",
    "415": "The body's media type is not understood. Send JSON.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
    "503": "The data store, or something else that is needed, does not answer now. Nothing was changed.",
}
_ALWAYS = ("400", "401", "403", "404", "405", "406", "429", "503")
_WITH_BODY = ("409", "413", "415")

ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "A stable word for programs."},
                "message": {"type": "string", "description": "A sentence for a person, who can act on it."},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    "description": "Sentences that belong to single inputs.",
                },
            },
            "required": ["code", "message", "fields"],
        }
    },
    "required": ["error"],
}


def document_errors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: adds the refusals an operation does not describe itself."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            changes = method in {"post", "put", "patch", "delete"}
            for status in (*_ALWAYS, *(_WITH_BODY if changes else ())):
                response = operation["responses"].setdefault(status, {"description": _SENTENCES[status]})
                response.setdefault("content", answer)
    return result
