import collections
import dataclasses
import datetime
import json
import unittest

from skep_runtime.values import to_json


@dataclasses.dataclass
class Point:
    x: float
    y: object


class ToJson(unittest.TestCase):
    def test_values_that_json_lacks(self) -> None:
        for value, text in (
            (float("nan"), '"NaN"'),
            ([float("inf"), -float("inf"), 1.5], '["Infinity","-Infinity",1.5]'),
            ({"a": float("nan"), "b": (1, b"x")}, '{"a":"NaN","b":[1,"eA=="]}'),
            (b"ab", '"YWI="'),
            (bytearray(b"ab"), '"YWI="'),
            ((1, 2), "[1,2]"),
            ({3}, "[3]"),
            (datetime.datetime(2026, 1, 2, 3), '"2026-01-02T03:00:00"'),
            (datetime.time(1), '"01:00:00"'),
            (Point(1.0, Point(2.0, None)), '{"x":1.0,"y":{"x":2.0,"y":null}}'),
            (Point(float("nan"), {1}), '{"x":"NaN","y":[1]}'),
            (collections.OrderedDict(a=1), '{"a":1}'),
            ("ü", '"ü"'),
            ({1: 2, None: 3}, '{"1":2,"null":3}'),
        ):
            self.assertEqual(to_json(value), text)
            json.loads(text)

    def test_other_values_are_refused_as_json_does(self) -> None:
        with self.assertRaisesRegex(TypeError, "Object of type object is not JSON serializable"):
            to_json([object()])
        with self.assertRaisesRegex(TypeError, "Object of type type is not JSON serializable"):
            to_json(Point)
        with self.assertRaises(UnicodeEncodeError):
            to_json("\ud800")
        endless: list = []
        endless.append(endless)
        with self.assertRaisesRegex(ValueError, "Circular reference"):
            to_json(endless)


if __name__ == "__main__":
    unittest.main()
