"""The mechanism of docs/compatibility.md's tables: what a cell must be, and what fails."""
import contextlib
import io
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import peer  # noqa: F401
import cells
import story
import table

CELLS = {("tuf", "some 1.0", "ed25519"): "accepts", ("tuf", "some 1.0", "rsa2048"): "refuses"}


class Cells(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for patch in (mock.patch.dict(os.environ, RK_BUILD=folder.name),
                      mock.patch.object(table, "PAGE", pathlib.Path(folder.name, "page.md"))):
            patch.start()
            self.addCleanup(patch.stop)
        table.PAGE.write_text("before\n<!-- seen: begin -->\nold\n<!-- seen: end -->\nafter\n")

    def see(self, **changes):
        for (dialect, client, key_type), outcome in CELLS.items():
            cells.saw(client, dialect, key_type, changes.get(key_type, outcome))

    def run_table(self, *arguments, ci=True):
        with mock.patch.object(story, "IN_CI", ci), contextlib.redirect_stdout(io.StringIO()) as out:
            return table.main(list(arguments)), out.getvalue()

    def write(self, **changes):
        with contextlib.redirect_stdout(io.StringIO()):
            self.see(**changes)
        self.run_table("--write")

    def test_what_was_written_is_what_is_compared(self):
        self.write()
        self.assertEqual(table.read(table.PAGE.read_text()), CELLS)
        self.assertTrue(table.PAGE.read_text().startswith("before\n"))
        self.assertTrue(table.PAGE.read_text().endswith("after\n"))
        self.assertEqual(self.run_table()[0], 0)

    def test_a_cell_seen_otherwise_fails_everywhere(self):
        self.write()
        with contextlib.redirect_stdout(io.StringIO()):
            self.see(rsa2048="accepts")
        for ci in (True, False):
            self.assertEqual(self.run_table(ci=ci)[0], 1)

    def test_a_lost_cell_fails_in_ci_and_is_a_skip_elsewhere(self):
        self.write()
        next(cells.folder().glob("*rsa2048*")).unlink()
        self.assertEqual(self.run_table()[0], 1)
        status, out = self.run_table(ci=False)
        self.assertEqual(status, 77)
        self.assertIn("SKIP: 1 cell", out)

    def test_nothing_seen_fails_in_ci(self):
        self.write()
        self.run_table("--begin")
        self.assertEqual(cells.seen(), {})
        self.assertEqual(self.run_table()[0], 1)

    def test_an_empty_cell_fails(self):
        with contextlib.redirect_stdout(io.StringIO()):
            cells.saw("other 2.0", "tuf", "ed25519", "accepts")
        self.write()
        self.assertEqual(self.run_table()[0], 1)

    def test_a_cell_that_the_page_does_not_have_fails(self):
        self.write()
        with contextlib.redirect_stdout(io.StringIO()):
            cells.saw("other 2.0", "notary", "ecdsa-p256", "accepts")
        self.assertEqual(self.run_table()[0], 1)

    def test_a_page_without_its_place_fails(self):
        self.write()
        table.PAGE.write_text("nothing\n")
        self.assertEqual(self.run_table()[0], 1)

    def test_a_word_that_would_break_the_table_is_no_cell(self):
        for word in ("", "a|b", "a\nb"):
            with self.assertRaises(ValueError):
                cells.saw("some 1.0", "tuf", "ed25519", word)

    def test_the_page_that_we_ship_has_no_empty_cell(self):
        page = table.read((story.SOURCE / "docs" / "compatibility.md").read_text())
        self.assertTrue(page)
        self.assertTrue(all(page.values()))


if __name__ == "__main__":
    story.main()
