"""The harness judged by itself: shapes, the terminal, the form of errors."""
import os
import sys
import unittest

import shapes
import story
from terminal import Terminal

PROMPTS = r"""
import getpass, sys
secret = getpass.getpass("PIN: ")
print("got", len(secret))
sys.exit(7)
"""


class Shapes(unittest.TestCase):
    def setUp(self):
        self.shapes = shapes.from_text("\n".join((
            "```shape thing", '{"a": int | null, "b"?: [name], "c": {text: hex}}', "```",
            "```shape name", '"x" | "y" | 3', "```", "```shape open", '{"a": any, ...}', "```")))

    def problem(self, value, name="thing"):
        return self.shapes.problem(name, value)

    def test_what_fits(self):
        for value in ({"a": 1, "c": {}}, {"a": None, "b": [], "c": {"k": "00ff"}},
                      {"a": 0, "b": ["x", "y", 3], "c": {}}):
            self.assertIsNone(self.problem(value), value)
        self.assertIsNone(self.problem({"a": [], "z": 1}, "open"))

    def test_what_does_not(self):
        for value in ([], {}, {"a": 1}, {"a": True, "c": {}}, {"a": "1", "c": {}},
                      {"a": 1, "c": {}, "d": 1}, {"a": 1, "c": {"k": "0g"}},
                      {"a": 1, "b": ["z"], "c": {}}, {"a": 1, "b": "x", "c": {}}):
            self.assertIsNotNone(self.problem(value), value)
        self.assertIsNotNone(self.problem({}, "nothing"))

    def test_a_shape_that_is_none_is_an_error(self):
        for text in ("{", "[int", '{"a" int}', "int int", "%"):
            with self.assertRaises(ValueError, msg=text):
                shapes.from_text(f"```shape x\n{text}\n```\n")

    def test_the_page_can_be_read_and_names_only_what_it_has(self):
        page = shapes.from_file(story.SOURCE / "docs" / "json.md")
        self.assertIn("error", page)
        for name, shape in page.items():
            self.assertEqual(self.unknown(page, shape), [], name)

    def unknown(self, page, shape):
        if isinstance(shape, tuple) and shape[0] == "named":
            return [] if shape[1] in page else [shape[1]]
        parts = shape.values() if isinstance(shape, dict) else shape
        if not isinstance(shape, (tuple, list, dict)):
            return []
        return [name for part in parts for name in self.unknown(page, part)]


class Screen(unittest.TestCase):
    def test_a_prompt_is_answered_without_an_echo(self):
        with Terminal([sys.executable, "-c", PROMPTS], "/", dict(os.environ)) as terminal:
            terminal.expect(r"PIN: $")
            self.assertTrue(terminal.wait_echo(False))
            terminal.line("secret")
            terminal.expect("got 6")
            self.assertEqual(terminal.wait(), 7)
            self.assertNotIn("secret", terminal.screen)


class Form(unittest.TestCase):
    def result(self, err, status=2):
        return story.Result(self, ["x"], status, "", err)

    def test_a_whole_error_passes(self):
        self.result("rootkeep: no\n  because: so\n  because: more\n  remedy:  do it\n").refused(2)
        self.result("warning first\nrootkeep: no\n  remedy:  do it\n").refused(2, "no")

    def test_half_of_one_and_two_of_them_do_not(self):
        for err in ("", "rootkeep: no\n", "no\n  remedy:  do it\n", 2 * "rootkeep: a\n  remedy:  b\n",
                    "rootkeep: \x1b[1mno\n  remedy:  do it\n"):
            with self.assertRaises(AssertionError, msg=err):
                self.result(err).refused(2)

    def test_canonical_bytes_escape_only_two_characters(self):
        self.assertEqual(story.canonical({"b": ["\n\"\\ü", None, True, -1], "a": {}}),
                         '{"a":{},"b":["\n\\"\\\\ü",null,true,-1]}')


if __name__ == "__main__":
    story.main()
