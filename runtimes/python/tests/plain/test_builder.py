import io
import unittest
import zipfile

from building import Building


class Build(Building):
    def test_a_version_offers_its_handler_first_and_then_its_functions(self) -> None:
        built = self.build(
            {
                "hello.py": "from os import getcwd\ndef add(a, b=1, *c): pass\nasync def later(): pass\n"
                "def handler(request, context=None): pass"
            }
        )
        self.assertEqual(
            built.functions,
            [
                ("handler", "func(request: json) -> json"),
                ("add", "func(a: json, b?: json, ...c: json) -> json"),
                ("later", "func() -> json"),
            ],
        )
        self.assertFalse(built.command)

    def test_a_handler_takes_exactly_one_argument(self) -> None:
        for parameters in ("", "a, b", "*, a", "a, *, b"):
            failure = self.failure({"hello.py": f"def handler({parameters}): pass"})
            self.assertEqual(
                failure.message, "handler needs to have the following signature: def handler(event)", parameters
            )
        for parameters in ("a", "a, b=1", "*a", "a, **b"):
            self.assertEqual(len(self.build({"hello.py": f"def handler({parameters}): pass"}).functions), 1, parameters)

    def test_applications_are_told_from_functions(self) -> None:
        wsgi = "def app(environ, start_response): pass"
        asgi = "class A:\n  async def __call__(self, scope, receive, send): pass\napplication = A()"
        self.assertEqual(
            [self.build({"hello.py": source}).script.http for source in (wsgi, asgi)], ["app", "application"]
        )
        self.assertEqual(self.build({"hello.py": wsgi}).functions, [])
        other = self.build({"hello.py": "def app(event): pass"})
        self.assertEqual((other.script.http, len(other.functions)), (None, 1))

    def test_a_script_is_not_run_by_a_build(self) -> None:
        built = self.build({"hello.py": "raise SystemExit('ran')"})
        self.assertEqual((built.command, built.functions), (True, []))

    def test_a_guarded_module_is_a_command_too(self) -> None:
        built = self.build({"hello.py": "def f(): pass\nif __name__ == '__main__': raise SystemExit('ran')"})
        self.assertEqual((built.command, len(built.functions)), (True, 1))

    def test_a_file_with_nothing_to_call_says_what_is_wanted(self) -> None:
        for source in ("", "X = 1", "def _private(): pass"):
            self.assertIn(
                "hello.py has nothing to call: it needs def handler(event)", self.failure({"hello.py": source}).message
            )
        self.assertEqual(self.failure({"a.py": ""}).message, "the main file hello.py is not in the source")

    def test_a_syntax_error_has_its_message_and_its_caret(self) -> None:
        failure = self.failure({"hello.py": "import other", "other.py": "x = 1\ny = = 2\n"})
        self.assertEqual(failure.message, "SyntaxError: invalid syntax (other.py, line 2)")
        self.assertEqual(
            failure.trace, '  File "other.py", line 2\n    y = = 2\n        ^\nSyntaxError: invalid syntax\n'
        )

    def test_an_import_error_has_the_trace_of_the_user_alone(self) -> None:
        failure = self.failure({"hello.py": "import helper\ndef f(): pass", "helper.py": "\nimport no_such"})
        self.assertEqual(failure.message, "ModuleNotFoundError: No module named 'no_such'")
        self.assertEqual(
            failure.trace,
            'Traceback (most recent call last):\n  File "hello.py", line 1, in <module>\n    import helper\n'
            '  File "helper.py", line 2, in <module>\n    import no_such\n'
            "ModuleNotFoundError: No module named 'no_such'\n",
        )

    def test_a_script_whose_import_is_not_there_does_not_build(self) -> None:
        failure = self.failure({"hello.py": "import os, no_such.inner\nprint('ran')"})
        self.assertEqual(failure.message, "ModuleNotFoundError: No module named 'no_such'")
        self.assertIn('File "hello.py", line 1, in <module>\n    import os, no_such.inner\n', failure.trace)

    def test_files_of_others_may_be_of_another_python(self) -> None:
        program = self.load(
            {
                "hello.py": "import pkg\ndef f():\n  import pkg.old",
                "vendor/pkg/__init__.py": "",
                "vendor/pkg/old.py": "print 1",
            }
        )
        with self.assertRaises(SyntaxError):
            program.call("f", "[]")

    def test_a_wheel_that_is_none_says_so(self) -> None:
        self.assertIn(
            "x.whl is not a wheel that can be read", self.failure({"hello.py": "def f(): pass", "x.whl": b"PK"}).message
        )

    def test_a_wheel_with_compiled_code_says_which(self) -> None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("numpy/core.cpython-314.so", b"")
        failure = self.failure({"hello.py": "def f(): pass", "numpy.whl": held.getvalue()})
        self.assertIn("compiled code (numpy/core.cpython-314.so)", failure.message)

    def test_the_main_file_may_have_any_name(self) -> None:
        for main in ("json.py", "my-script.v2.py", "__main__.py", "folder/hello.py", "pkg/__init__.py"):
            program = self.load({main: "def f(): return __name__"}, main)
            self.assertIn(program.call("f", "[]"), ('"json_"', '"my_script_v2"', '"main"', '"hello"', '"pkg"'), main)


if __name__ == "__main__":
    unittest.main()
