"""Which clients would choke: lint over a repository, a folder and a file; and the gate before a root."""
import json
import subprocess
import unittest

import story


def pairs(result):
    """(client, rule, severity) of every finding."""
    return {(found["client"], found["rule"], found["severity"]) for found in result.json["findings"]}


class Lint(story.Story):
    def policy(self, *clients):
        path = self.keep / "keep.json"
        keep = json.loads(path.read_text())
        keep["policy"] = {"clients": list(clients)}
        path.write_text(json.dumps(keep, indent=2, sort_keys=True) + "\n")

    def p384(self):
        """A repository whose root key is of a kind that only some clients know."""
        for name, kind in (("root", "ecdsa-p384"), ("targets", "ecdsa-p256")):
            self.key(name, self.token(f"{name}-token"), kind)
        self.repository()

    def test_what_every_client_takes_is_passed(self):
        self.published()
        with self.unchanged():
            result = self.good("lint", "demo", "--json")
        self.assertEqual(result.json["findings"], [])
        self.assertEqual(result.json["files"], 4)
        self.assertEqual(result.json["clients"], ["python-tuf", "go-tuf", "tough", "tuf-js"])
        self.good("lint").says("4 files looked at: 0 errors, 0 warnings")

    def test_published_and_staged_files_a_folder_and_one_file(self):
        self.p384()
        staged = self.rk("lint", "demo", "--json").done(3)
        self.assertEqual({found["file"] for found in staged.json["findings"]}, {"staged/root.json"})
        self.good("sign", "demo")
        wanted = {("tough", "key-ecdsa-p384", "error"), ("tuf-js", "key-ecdsa-p384", "error"),
                  ("tuf-js", "threshold-unreachable-for", "error")}
        root = self.newest("root")
        for what in ("demo", self.metadata(), root):
            result = self.rk("lint", what, "--json").done(3)
            self.assertEqual(pairs(result), wanted)
        one = next(found for found in result.json["findings"] if found["rule"] == "key-ecdsa-p384")
        text = root.read_text()
        place = "\n".join(text.splitlines()[one["line"] - 1:])[one["column"] - 1:]
        self.assertTrue(place.startswith('{"keytype":"ecdsa"'), place[:40])
        self.rk("lint", "demo").done(3).says("key-ecdsa-p384", "tough, tuf-js", "1.root.json:1:")

    def test_clients_that_are_named_are_all_that_counts(self):
        self.p384()
        self.good("lint", "demo", "--client", "python-tuf,go-tuf")
        result = self.rk("lint", "demo", "--client", "tough", "--json").done(3)
        self.assertEqual(pairs(result), {("tough", "key-ecdsa-p384", "error")})
        self.refuses(2, "lint", "demo", "--client", "rough", words=("rough", "tuf-js"))

    def test_clients_that_do_not_matter_are_a_note(self):
        self.p384()
        self.policy("python-tuf")
        result = self.good("lint", "demo", "--json")
        self.assertEqual({severity for _, _, severity in pairs(result)}, {"note"})

    def test_a_root_that_is_superseded_is_only_warned_of(self):
        self.p384()
        self.good("sign", "demo")
        self.key("other", self.tokens[1])
        self.good("role", "set", "demo", "root", "--add-key", "other", "--remove-key", "root")
        self.good("sign", "demo")
        result = self.good("lint", "demo", "--json")
        self.assertEqual({(found["file"], found["severity"]) for found in result.json["findings"]},
                         {("1.root.json", "warning")})

    def test_a_file_that_is_no_json_is_a_finding(self):
        path = self.write("timestamp.json", '{"signed": {"version": 1.5}}')
        result = self.rk("lint", path, "--json").done(3)
        self.assertIn(("tuf-js", "number-float", "warning"), pairs(result))
        self.assertIn(("go-tuf", "number-float", "error"), pairs(result))
        self.refuses(2, "lint", self.folder / "none.json")

    def test_names_in_findings_are_shown_and_not_printed(self):
        path = self.write("x.json", json.dumps({"signatures": [], "signed": {
            "_type": "targets", "version": 1, "spec_version": "1.0.31", "expires": "2099-01-01T00:00:00Z",
            "targets": {"\x1b[31mred": {"length": 1, "hashes": {"md5": "00"}}}}}))
        self.rk("lint", path).done(3).says("\\x1b[31mred").silent_about("\x1b")

    def test_a_root_that_a_client_of_the_policy_would_refuse_is_not_signed(self):
        self.p384()
        self.policy("python-tuf", "tough")
        with self.unchanged():
            self.rk("sign", "demo").refused(2, "tough would refuse root 1", "key-ecdsa-p384",
                                            "--except lint=")
        self.assertFalse(self.metadata().exists())
        self.good("sign", "demo", "--except", "lint=nobody has tough yet")
        self.assertEqual(self.version("root"), 1)
        last = json.loads((self.keep / "journal.jsonl").read_text().splitlines()[-1])
        self.assertEqual(last["except"], {"lint": "nobody has tough yet"})
        # What is no root is not held back by it.
        self.good("target", "add", "demo", "--name", "a", "--length", "1", "--sha256", "00" * 32)
        self.good("sign", "demo")
        self.assertEqual(self.version("targets"), 2)

    def test_without_a_policy_only_what_no_client_takes_is_held_back(self):
        self.p384()
        self.good("sign", "demo")
        self.good("renew", "demo", "--role", "root")
        staged = self.metadata(part="staged") / "root.json"
        staged.write_text(staged.read_text().replace('"_type":"root"', '"_type":"root","expires_on":1'))
        self.good("sign", "demo")
        self.good("renew", "demo", "--role", "root")
        staged.write_text(staged.read_text().replace('"spec_version":"1.0', '"spec_version":"0.9'))
        self.rk("lint", staged, "--client", "python-tuf").done(3).says("spec-version-major")
        self.good("sign", "demo")
        self.assertEqual(self.version("root"), 3)

    def test_an_expired_root_is_held_back(self):
        self.published()
        self.good("renew", "demo", "--role", "root")
        later = "2099-01-01T00:00:00Z"
        self.rk("sign", "demo", "--fixed-clock", now=later).refused(2, "every client would refuse root 2",
                                                                    "expired")

    def test_a_policy_with_a_client_that_is_none_is_told(self):
        self.published()
        self.policy("pythn-tuf")
        self.good("renew", "demo", "--role", "root")
        self.rk("sign", "demo").refused(1, "pythn-tuf")
        self.rk("lint", "demo").refused(1, "pythn-tuf")


class Rules(unittest.TestCase):
    def test_the_page_of_rules_is_what_the_program_says(self):
        made = subprocess.run([story.SOURCE / "scripts/lint-page", story.BINARY], check=True,
            capture_output=True, text=True)
        self.assertEqual((story.SOURCE / "docs/lint.md").read_text(), made.stdout,
            "scripts/lint-page build/release/rootkeep >docs/lint.md")


if __name__ == "__main__":
    story.main()
