"""The documents against the program: nothing is left untold, nothing told is missing."""
import re
import subprocess
import unittest

import story

COMMAND = re.compile(r"^  ([a-z][a-z-]*(?: [a-z][a-z-]*)?)  +\S", re.M)
NAMED = re.compile(r"'rootkeep ([a-z][a-z-]*)((?: [a-z][a-z-]*)?)")
SPLIT = re.compile(r'"\s*(?:\\\n\s*)?"')
OPTION = re.compile(r"^  (?:-\w, )?(--[a-z][a-z0-9-]*)", re.M)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def pages():
    found = [story.SOURCE / "README.md", *sorted((story.SOURCE / "docs").rglob("*.md"))]
    return [page for page in found if page.exists()]


class Program(story.Story):
    def setUp(self):
        super().setUp()
        self.help = self.good("help").out
        self.commands = COMMAND.findall(self.help[:self.help.index("Options of every command")])
        self.text = "\n".join(page.read_text() for page in pages())

    def test_every_command_is_told_of(self):
        self.assertGreater(len(self.commands), 5)
        untold = [name for name in self.commands if f"rootkeep {name}" not in self.text]
        self.assertEqual(untold, [])

    def test_every_option_is_told_of(self):
        known = set(OPTION.findall(self.help))
        for name in self.commands:
            known |= set(OPTION.findall(self.good("help", *name.split()).out))
        self.assertEqual(sorted(option for option in known if option not in self.text), [])

    def test_every_command_has_an_example_that_begins_with_the_program(self):
        for name in self.commands:
            shown = self.good("help", *name.split())
            self.assertRegex(shown.out, r"(?m)^Example\n  .*rootkeep", name)

    def test_no_page_names_a_command_that_is_not_there(self):
        groups = {name.split()[0] for name in self.commands}
        for page in pages():
            for block in re.findall(r"^```(?:sh|console|bash)?\n(.*?)^```$", page.read_text(), re.M | re.S):
                for words in re.findall(r"^(?:\$ )?rootkeep ([a-z].*)$", block, re.M):
                    self.assertIn(words.split()[0], groups, f"{page.name}: rootkeep {words}")

    def test_no_message_names_a_command_that_is_not_there(self):
        groups = {name.split()[0] for name in self.commands if " " in name}
        for source in [*(story.SOURCE / "src").rglob("*.c"), *(story.SOURCE / "pkcs11").glob("*.c")]:
            for first, second in NAMED.findall(SPLIT.sub("", source.read_text())):
                name = first + second if first in groups and second else first
                self.assertIn(name, [*self.commands, *groups], f"{source.name}: rootkeep {name}")


class Commands(unittest.TestCase):
    def test_the_page_of_commands_is_what_the_program_says(self):
        made = subprocess.run(
            [story.SOURCE / "scripts/commands-page", story.BINARY], check=True, capture_output=True, text=True)
        self.assertEqual((story.SOURCE / "docs/commands.md").read_text(), made.stdout,
            "scripts/commands-page build/release/rootkeep >docs/commands.md")


class Pages(unittest.TestCase):
    def test_links_between_pages_lead_somewhere(self):
        for page in pages():
            for target in LINK.findall(page.read_text()):
                if not re.match(r"[a-z]+:", target):
                    self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")


if __name__ == "__main__":
    story.main()
