"""Reading request bodies: bounded, and any malformed text is answered with a sentence."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

from crowdsite.body_limit import TOO_LARGE


class PayloadTooLarge(APIException):
    """A body over the limit."""

    status_code = 413
    default_detail = TOO_LARGE
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """JSON of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes, whatever Content-Length says."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise PayloadTooLarge
        try:
            found = super().parse(BytesIO(raw), media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
            return found
        except UnicodeEncodeError:
            # Half of a pair, as "\\ud800": neither the store nor an answer could hold it.
            raise ParseError("The JSON contains a character that no text has.") from None
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ParseError as error:
            reason = str(error.detail).removeprefix("JSON parse error - ")
            raise ParseError(f"The body is not valid JSON: {reason}.") from error
        except LookupError:
            raise ParseError("The body's character set is unknown. Send UTF-8.") from None
