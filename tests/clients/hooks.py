"""A function is uploaded as its bytes."""

import schemathesis
@schemathesis.serializer("application/wasm")
def wasm(ctx, value):
    return value if isinstance(value, bytes) else bytes(str(value), "utf-8")
