"""The Python runtime of Skep: source is data, a script is what a build makes of it.

The modules of this package are plain Python and are tested natively. Only `incoming`, `outgoing` and `streams`
touch WASI's bindings, which exist in the component alone.
"""
