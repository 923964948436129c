"""The real component: SKEP_PYTHON_COMPONENT names it. Run by `tests/run`."""

from __future__ import annotations

import io
import json
import unittest
import zipfile

from component import Failure, Instance, build, call, loaded


def wheel(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return held.getvalue()


class Build(unittest.TestCase):
    def fails(self, files: dict[str, str | bytes]) -> Failure:
        with self.assertRaises(Failure) as caught:
            build(files)
        return caught.exception

    def test_a_build_lists_functions_with_their_types_and_logs_what_it_prints(self) -> None:
        instance = Instance()
        script = build(
            {"hello.py": "print('log')\ndef handler(event): pass\ndef add(a, b=2): pass\ndef _own(): pass"},
            instance=instance,
        )
        listed = [(function.name, function.wit) for function in script.functions]
        self.assertEqual(listed, [("handler", "func(event: json) -> json"), ("add", "func(a: json, b?: json) -> json")])
        self.assertEqual((script.command, script.http, instance.stdout()), (False, False, "log\n"))

    def test_a_syntax_error_fails_with_its_own_words(self) -> None:
        failure = self.fails({"hello.py": "x = 1\n\ndef f(:\n"})
        self.assertEqual(failure.message, "SyntaxError: invalid syntax (hello.py, line 3)")
        self.assertIn('  File "hello.py", line 3\n    def f(:\n          ^\n', failure.trace)

    def test_a_missing_import_fails_with_its_own_trace(self) -> None:
        failure = self.fails({"hello.py": "import json\nimport numpy\ndef handler(event): pass\n"})
        self.assertEqual(failure.message, "ModuleNotFoundError: No module named 'numpy'")
        self.assertEqual(
            failure.trace,
            'Traceback (most recent call last):\n  File "hello.py", line 2, in <module>\n    import numpy\n'
            "ModuleNotFoundError: No module named 'numpy'\n",
        )

    def test_a_missing_import_of_a_program_fails_without_running_it(self) -> None:
        failure = self.fails({"hello.py": "import numpy\nprint('ran')\n"})
        self.assertEqual(failure.message, "ModuleNotFoundError: No module named 'numpy'")
        self.assertIn("    import numpy\n", failure.trace)

    def test_a_handler_takes_one_argument(self) -> None:
        failure = self.fails({"hello.py": "def handler(): pass"})
        self.assertEqual(failure.message, "handler needs to have the following signature: def handler(event)")

    def test_a_wheel_with_compiled_code_fails(self) -> None:
        failure = self.fails({"hello.py": "def handler(e): pass", "x-1-py3.whl": wheel({"x/_x.so": ""})})
        self.assertIn("compiled code (x/_x.so)", failure.message)


class Call(unittest.TestCase):
    def test_a_handler_gets_all_arguments_as_one(self) -> None:
        self.assertEqual(
            call("def handler(event):\n  batch, lr = event[:2]\n  return [batch, lr]", "handler", "[1,0.5,2]"),
            "[1,0.5]",
        )

    def test_values_that_json_lacks_have_their_rules(self) -> None:
        source = "import datetime\ndef f(): return [float('nan'), b'ab', (1,), {2}, datetime.date(2026, 1, 2), 'ü']"
        self.assertEqual(json.loads(call(source, "f", "[]")), ["NaN", "YWI=", [1], [2], "2026-01-02", "ü"])

    def test_async_functions_run_with_timers_tasks_and_to_thread(self) -> None:
        source = (
            "import asyncio\nasync def f(x):\n  async with asyncio.TaskGroup() as g:\n"
            "    a = g.create_task(asyncio.sleep(0.01, 1)); b = g.create_task(asyncio.to_thread(len, 'ab'))\n"
            "  async with asyncio.timeout(1): await asyncio.sleep(0)\n  return [x, a.result(), b.result()]"
        )
        self.assertEqual(call(source, "f", "[7]"), "[7,1,2]")

    def test_an_executor_works_without_threads(self) -> None:
        source = (
            "from concurrent.futures import ThreadPoolExecutor\n"
            "def f():\n  with ThreadPoolExecutor() as e: return list(e.map(abs, [-1, 2]))"
        )
        self.assertEqual(call(source, "f", "[]"), "[1,2]")

    def test_ssl_imports_and_takes_settings(self) -> None:
        source = (
            "import ssl\ndef f():\n  context = ssl.create_default_context()\n"
            "  context.verify_mode = ssl.CERT_REQUIRED\n  context.minimum_version = ssl.TLSVersion.TLSv1_2\n"
            "  context.load_verify_locations('x')\n  context.wrap_socket(None)"
        )
        with self.assertRaises(Failure) as caught:
            call(source, "f", "[]")
        self.assertIn("ssl.SSLError: TLS is not done in the sandbox", caught.exception.message)

    def test_a_wait_that_cannot_end_is_a_failure(self) -> None:
        with self.assertRaises(Failure) as caught:
            call("import asyncio\nasync def f(): await asyncio.Event().wait()", "f", "[]")
        self.assertIn("waits for something that cannot happen", caught.exception.message)

    def test_an_exception_is_a_failure_with_the_lines_of_the_user(self) -> None:
        with self.assertRaises(Failure) as caught:
            call("def inner(): return 1/0\ndef f():\n  return inner()", "f", "[]")
        self.assertEqual(caught.exception.message, "ZeroDivisionError: division by zero")
        self.assertRegex(
            caught.exception.trace,
            r'(?s)^Traceback \(most recent call last\):\n  File "hello.py", line 3, in f\n    return inner\(\)',
        )

    def test_endless_recursion_is_a_failure(self) -> None:
        """Where it goes through C, it may end as a trap instead: the engine's stack is used up before CPython's."""
        for body, message in (
            ("def f(n=0): return f(n + 1)", "RecursionError"),
            ("def f(n=0): return sorted([n], key=f)", "RecursionError"),
            ("class A:\n  def __init__(self): self.a = A()\ndef f(): return A()", "RecursionError"),
            ("def f(): return eval('(' * 100000)", "MemoryError"),
        ):
            with self.assertRaises(Failure, msg=body) as caught:
                call(body, "f", "[]")
            self.assertTrue(caught.exception.message.startswith(message), caught.exception.message)
        nested = "[" * 2000 + "]" * 2000
        self.assertEqual(call("def f(x): return x", "f", f"[{nested}]"), nested)

    def test_memory_that_is_not_there_is_a_failure(self) -> None:
        with self.assertRaises(Failure) as caught:
            call("def f():\n  x = []\n  while True: x.append(bytearray(64 << 20))", "f", "[]")
        self.assertEqual(caught.exception.message, "MemoryError")

    def test_the_whole_standard_library_imports_but_for_what_is_known(self) -> None:
        source = (
            "import sys, importlib\ndef f():\n  missing = []\n  for name in sorted(sys.stdlib_module_names):\n"
            "    try: importlib.import_module(name)\n    except ImportError: missing.append(name)\n  return missing"
        )
        missing = json.loads(call(source, "f", "[]"))
        self.assertLessEqual({"bz2", "ctypes", "curses", "lzma", "mmap", "readline", "tkinter"}, set(missing))
        public = [name for name in missing if not name.startswith("_")]
        self.assertLess(len(public), 40, public)

    def test_sys_exit_is_a_failure_with_its_code(self) -> None:
        with self.assertRaises(Failure) as caught:
            call("import sys\ndef f(): sys.exit(3)", "f", "[]")
        self.assertEqual(caught.exception.message, "SystemExit: 3")
        self.assertEqual(call("import sys\ndef f(): sys.exit()", "f", "[]"), "null")

    def test_nothing_random_or_timed_is_frozen(self) -> None:
        source = (
            "import random, uuid, secrets, time, os, tempfile\nr = random.Random()\ndef now(): return time.time()\n"
            "def f(): return [random.random(), str(uuid.uuid4()), secrets.token_hex(), r.random(), os.urandom(8),\n"
            "  random.SystemRandom().random(), str(uuid.uuid1())[-12:], next(tempfile._get_candidate_names())]"
        )
        script = build({"hello.py": source})
        first, second = (json.loads(loaded(script).invoke("call", "f", "[]")) for _ in range(2))
        for one, other in zip(first, second, strict=True):
            self.assertNotEqual(one, other)
        earlier, later = (float(loaded(script).invoke("call", "now", "[]")) for _ in range(2))
        self.assertLess(earlier, later)

    def test_packages_data_and_wheels_are_there(self) -> None:
        main = (
            "import importlib.metadata, importlib.resources, pkgutil\nimport helper, vendored.inner, wheeled\n"
            "def f():\n  return [open('data.json').read(), helper.X, vendored.inner.Y, wheeled.Z,\n"
            "    importlib.metadata.version('wheeled'), pkgutil.get_data('wheeled', 'a.txt').decode(),\n"
            "    importlib.resources.files('wheeled').joinpath('a.txt').read_text(), helper.__file__]"
        )
        script = build(
            {
                "hello.py": main,
                "helper.py": "X = 1",
                "data.json": "{}",
                "vendor/vendored/__init__.py": "",
                "vendor/vendored/inner.py": "Y = 2",
                "wheeled-3-py3-none-any.whl": wheel(
                    {
                        "wheeled/__init__.py": "Z = 3",
                        "wheeled/a.txt": "text",
                        "wheeled-3.dist-info/METADATA": "Name: wheeled\nVersion: 3\n",
                    }
                ),
            }
        )
        self.assertEqual(
            json.loads(loaded(script).invoke("call", "f", "[]")), ["{}", 1, 2, 3, "3", "text", "text", "/helper.py"]
        )


class Run(unittest.TestCase):
    def run_script(self, source: str, **options) -> tuple[int, Instance]:
        script = build({"hello.py": source})
        self.assertTrue(script.command)
        instance = loaded(script, **options)
        return instance.invoke("run"), instance

    def test_a_program_has_arguments_environment_stdin_and_an_exit_code(self) -> None:
        code, instance = self.run_script(
            "import sys, os\nprint(sys.argv, os.environ['A'], sys.stdin.read(), __name__)\nsys.exit(7)\n",
            arguments=["x", "y"],
            environment={"A": "b"},
            stdin=b"input",
        )
        self.assertEqual((code, instance.stdout()), (7, "['hello.py', 'x', 'y'] b input __main__\n"))

    def test_exit_with_a_text_prints_it(self) -> None:
        code, instance = self.run_script("import sys\nsys.exit('no such thing')\n")
        self.assertEqual((code, instance.stderr()), (1, "no such thing\n"))

    def test_a_build_does_not_run_a_program(self) -> None:
        instance = Instance()
        script = build({"hello.py": "def main(): print('ran')\nmain()"}, instance=instance)
        self.assertEqual((script.command, script.functions, instance.stdout()), (True, [], ""))

    def test_an_uncaught_exception_is_a_failure(self) -> None:
        with self.assertRaises(Failure) as caught:
            self.run_script("class Odd(Exception): pass\nraise Odd('x')\n")
        self.assertEqual(caught.exception.message, "Odd: x")
        self.assertTrue(caught.exception.trace.endswith("    raise Odd('x')\nOdd: x\n"), caught.exception.trace)

    def test_input_and_atexit_work(self) -> None:
        code, instance = self.run_script(
            "import atexit\natexit.register(print, 'bye')\nprint(input() + '!')\n", stdin=b"line\n"
        )
        self.assertEqual((code, instance.stdout()), (0, "line!\nbye\n"))


if __name__ == "__main__":
    unittest.main()
