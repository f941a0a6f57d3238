"""What schemathesis does not know by itself of Millrace."""

import schemathesis
from schemathesis import GenerationMode

# What no schema can say: of times where they lie from now, of ids their bytes, of
# names, at any depth of what is not declared, that they are reserved.
BEYOND_SCHEMAS = {
    "bad_timestamp",
    "timestamp_in_future",
    "timestamp_too_old",
    "timestamp_out_of_range",
    "event_id_too_long",
    "reserved_key",
}


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return value.encode() if isinstance(value, str) else str(value).encode()


@schemathesis.check
def what_fits_is_accepted(ctx, response, case):
    """An event that fits the schema of its type is not refused."""
    if "events" not in (case.operation.tags or []) or response.status_code != 200:
        return None
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return None
    if case.media_type == "application/x-ndjson":
        return None
    refused = [
        one
        for one in response.json()["rejected"]
        if one["code"] not in BEYOND_SCHEMAS
        # What is not declared may be any JSON, but for integers that no store takes.
        and "more than 64 bits" not in one["message"]
    ]
    assert not refused, f"Events that fit their schema are refused: {refused}"
    return None
