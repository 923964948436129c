"""The runtime with a script from the environment, so that `wasmtime serve`, which calls no `load`, can serve it."""

import os

import skep_python
from skep_python import Guest  # noqa: F401 (an export of the world)
from skep_runtime import builder, program, script


class IncomingHandler(skep_python.IncomingHandler):
    def handle(self, request, response_out) -> None:
        made = builder.build("main.py", {"main.py": os.environ["SOURCE"].encode()})
        skep_python._program = program.Program(script.unpack(script.pack(made.script)))
        super().handle(request, response_out)
