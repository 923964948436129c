import ast
import unittest

from skep_runtime.shape import Shape, shape_of


def shape(source: str) -> Shape:
    return shape_of(ast.parse(source))


class ShapeOf(unittest.TestCase):
    def test_a_file_that_does_its_work_as_it_is_read_is_a_script(self) -> None:
        for source in (
            "print('hello')",
            "import sys\nfor line in sys.stdin: print(line)",
            "def main(): pass\nmain()",
            "def add(a, b): return a + b\nprint(add(1, 2))",
            "import asyncio\nasync def main(): pass\nasyncio.run(main())",
            "class A: pass\nA().run()",
        ):
            self.assertTrue(shape(source).script, source)

    def test_a_file_of_definitions_is_not(self) -> None:
        for source in (
            "",
            "'''text'''\nX = 1",
            "def add(a, b): return a + b",
            "import logging\nlogging.basicConfig()\ndef add(a, b): return a + b",
            "def main(): pass\nif __name__ == '__main__': main()",
            "handler = make()\nprint('warm')",
            "from impl import handler\nregister(handler)",
            "try:\n  import numpy\nexcept ImportError:\n  numpy = None\ndef f(): pass",
            "app = Flask()\napp.run()",
        ):
            self.assertFalse(shape(source).script, source)

    def test_public_functions_are_listed_in_order(self) -> None:
        found = shape(
            "async def b(): pass\ndef _c(): pass\ndef a(): pass\nif True:\n  def d(): pass\ndef b(): pass"
        ).functions
        self.assertEqual(found, ["b", "a", "d"])

    def test_the_guard_is_seen_either_way_round(self) -> None:
        self.assertTrue(shape("if '__main__' == __name__: main()").guarded)
        self.assertFalse(shape("if __name__ == 'x': main()").guarded)

    def test_only_imports_that_are_always_done_and_named_in_full_are_listed(self) -> None:
        found = shape("import a\nfrom b import c\nfrom . import d\ntry:\n  import e\nexcept ImportError: pass").imports
        self.assertEqual([ast.unparse(one) for one in found], ["import a", "from b import c"])


if __name__ == "__main__":
    unittest.main()
