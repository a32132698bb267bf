"""Many repositories in one run: signed together, written together, and one that fails alone."""
import json
import shutil

import story
from terminal import Terminal

MANY = 35  # more than go together


class Batch(story.Story):
    def setUp(self):
        super().setUp()
        token = self.token("holder")
        self.key("root", token)
        self.key("targets", token)

    def made(self, *names):
        for name in names:
            self.repository(name)

    def entries(self):
        return [json.loads(line) for line in
                (self.keep / "journal.jsonl").read_text().splitlines()]

    def test_each_has_its_line_of_the_journal_and_its_files(self):
        names = [f"r{number:02}" for number in range(MANY)]
        self.made(*names)
        self.good("sign", "--all")
        told = {entry["action"]: entry for entry in self.entries()}
        for name in names:
            files = list(told[f"sign {name}"]["after"])
            mine = [path for path in files if path.startswith(f"repos/{name}/")]
            self.assertGreaterEqual(len(mine), 4, files)
            self.assertEqual(set(files) - set(mine) - {"keep.json"}, set())
        self.good("log", "verify")
        self.good("verify", names[0])
        self.good("verify", names[-1])
        self.good("check")
        self.no_strays()

    def test_the_prompt_says_what_of_how_many(self):
        self.made("a", "b", "c", "d", "e")
        self.rk("sign", "--all", "--no-input", pins=[]).done(4)
        with Terminal(self.command(["sign", "--all"], pins=[], interactive=True), self.keep,
                      self.env) as terminal:
            seen = " ".join(terminal.expect(r"PIN[^\n]*: ?$").split())
            self.assertIn("root 1, targets 1 of a, then its snapshot and timestamp, and what is "
                          "staged of 4 more", seen)
            terminal.line(self.tokens[0].pin)
            terminal.wait(30)
            self.assertEqual(terminal.status, 0, terminal.screen)
        for name in "abcde":
            self.good("verify", name)

    def test_the_plan_names_each_of_them(self):
        self.made("a", "e")
        self.good("sign", "--all", "-v").says("sign root 1 of a", "sign root 1 of e")

    def test_one_that_is_refused_leaves_the_others_to_be_done(self):
        self.made("a", "b", "c")
        self.good("sign", "--all")
        shutil.copytree(self.keep, self.folder / "copy")
        for name in "abc":
            self.good("target", "add", name, "--name", "x", "--length", "1", "--sha256", "00" * 32)
        self.good("-C", self.folder / "copy", "target", "add", "b", "--name", "y", "--length", "1",
                  "--sha256", "11" * 32)
        self.good("-C", self.folder / "copy", "sign", "b")
        before = story.tree(self.keep / "repos" / "b")
        done = self.rk("sign", "--all").done(5)
        done.says("2 of 3 repositories", "second-payload")
        self.assertEqual(story.tree(self.keep / "repos" / "b"), before)
        self.assertEqual([self.version("targets", name) for name in "abc"], [2, 1, 2])
        for name in "abc":
            self.good("verify", name)
        self.assertEqual([entry["action"] for entry in self.entries()][-2:], ["sign a", "sign c"])
        self.good("log", "verify")
        self.good("sign", "--all", "--except", "second-payload=the copy is gone")
        self.assertEqual(self.version("targets", "b"), 2)
        self.good("check")

    def test_an_error_of_all_is_no_half_done_batch(self):
        self.made("a", "b")
        wrong = self.secret_file("wrong", "999999")
        with self.unchanged():
            self.rk("sign", "--all", "--pin-file", wrong, pins=[]).done(4).says("PIN")
        self.good("sign", "--all")


if __name__ == "__main__":
    story.main()
