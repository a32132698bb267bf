"""Each call of a key's import goes wrong once: onto one token, and onto two in one run."""
import json
import subprocess

import sweep
import story


class Import(sweep.Sweep):
    labels = ("first",)

    def prepare(self):
        story.need("openssl")
        for label in self.labels:
            self.token(label)
        self.path = self.folder / "private.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", self.path], check=True, capture_output=True)
        self.path.chmod(0o600)

    def arguments(self):
        words = ["key", "import", "k", self.path]
        for token in self.tokens:
            words += ["--token", token.uri]
        return words

    def done(self):
        known = json.loads((self.keep / "keep.json").read_bytes())["keys"]["k"]
        self.assertEqual(len(known["tokens"]), len(self.tokens))

    def check_named(self, strays, result):
        """By its label and id, and the token that has it."""
        for token in self.tokens:
            if any(path.parent.name in self.folder_of(token) for path in strays):
                result.says(token.label)
        self.assertRegex(result.err, "(?i)STILL be on", str(result))

    def folder_of(self, token):
        """SoftHSM's folder of a token is called by a number of its own; its label is inside."""
        return [path.parent.name for path in (self.folder / "tokens").rglob("token.object")
                if token.label.encode() in path.read_bytes()]

    def test_it_fails_at_each_call(self):
        self.sweep()


class ImportOnTwo(Import):
    turn = 1
    labels = ("first", "second")


if __name__ == "__main__":
    story.main()
