

def _skep_call():
    import base64
    import json

    def plain(value):
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(value).decode("ascii")
        if isinstance(value, (set, frozenset)):
            return list(value)
        if hasattr(value, "isoformat"):
            return value.isoformat()
        raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)

    try:
        result = handler(SKEP_EVENT)
        if hasattr(result, "__await__"):
            import asyncio

            result = asyncio.get_event_loop_policy().new_event_loop().run_until_complete(result)
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            raise
        result = None
    json.dumps(result, ensure_ascii=False, default=plain).encode("utf-8")
    print(SKEP_MARK + json.dumps(result, separators=(",", ":"), default=plain), flush=True)


_skep_call()
