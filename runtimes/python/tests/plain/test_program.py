import contextlib
import io
import json
import pathlib
import sys
import unittest

from building import Building

from skep_runtime import script
from skep_runtime.failures import Failed


class Call(Building):
    def test_a_handler_gets_one_tuple_and_others_get_arguments(self) -> None:
        program = self.load(
            {"hello.py": "def handler(event): return [type(event).__name__, event[:2]]\ndef add(a, b): return a + b"}
        )
        self.assertEqual(json.loads(program.call("handler", "[1,2,3]")), ["tuple", [1, 2]])
        self.assertEqual(program.call("add", '["a","b"]'), '"ab"')

    def test_a_failure_has_no_frame_of_the_runtime(self) -> None:
        program = self.load(
            {"hello.py": "def f(x):\n  try: {}[x]\n  except KeyError as error: raise ValueError('no') from error"}
        )
        told = self.failure_of(lambda: program.call("f", "[1]"))
        self.assertEqual(told.message, "ValueError: no")
        self.assertNotIn("skep_runtime", told.trace)
        self.assertIn("direct cause", told.trace)
        self.assertIsNone(self.failure_of(lambda: program.call("f", "[]")).trace)

    def test_an_unknown_function_is_named(self) -> None:
        with self.assertRaisesRegex(Failed, "hello.py has no function named g"):
            self.load({"hello.py": "def f(): pass"}).call("g", "[]")

    def test_modules_beside_the_main_file_go_before_the_standard_library_and_vendored_ones_behind(self) -> None:
        files = {
            "app/hello.py": "import colorsys, graphlib\ndef f(): return [colorsys.X, hasattr(graphlib, 'X')]",
            "app/colorsys.py": "X = 1",
            "vendor/graphlib.py": "X = 2",
        }
        self.assertEqual(self.load(files, "app/hello.py").call("f", "[]"), "[1,false]")

    def test_folders_without_init_are_packages_too(self) -> None:
        files = {
            "hello.py": "import a.b.c\nfrom a import d\ndef f(): return [a.b.c.X, d.X]",
            "a/b/c.py": "X = 1",
            "a/d.py": "X = 2",
        }
        self.assertEqual(self.load(files).call("f", "[]"), "[1,2]")

    def test_data_files_lie_in_the_private_directory(self) -> None:
        self.load({"hello.py": "def f(): pass", "data/a.json": "{}"})
        self.assertEqual(pathlib.Path(self.private, "data/a.json").read_text(), "{}")

    def test_a_script_of_another_version_is_refused(self) -> None:
        with self.assertRaisesRegex(Failed, "another version"):
            script.unpack(b"skep-python 0 cpython-27\n")


class Run(Building):
    def setUp(self) -> None:
        super().setUp()
        kept, arguments = sys.modules["__main__"], list(sys.argv)
        self.addCleanup(lambda: sys.modules.__setitem__("__main__", kept))
        self.addCleanup(lambda: sys.argv.__setitem__(slice(None), arguments))

    def test_exit_codes_are_those_of_python(self) -> None:
        for argument, code, printed in (("", 0, ""), ("0", 0, ""), ("3", 3, ""), ("-1", 255, ""), ("'no'", 1, "no\n")):
            with contextlib.redirect_stderr(io.StringIO()) as stderr:
                self.assertEqual(self.load({"hello.py": f"import sys\nsys.exit({argument})"}).run(), code)
            self.assertEqual(stderr.getvalue(), printed)

    def test_a_program_is_main(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as stdout:
            self.load({"hello.py": "import sys\nif __name__ == '__main__': print(sys.argv[0], __file__)"}).run()
        self.assertEqual(stdout.getvalue(), "hello.py /hello.py\n")


if __name__ == "__main__":
    unittest.main()
