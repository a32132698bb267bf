"""How often a token is asked: a login for each token, a search for each class of objects, two calls
for each signature, and no attribute is read once a token signs."""
import collections

import scene
import story

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = 1, 1, 1, 1  # signatures of a first publication
BATCH = 100


class Frugal(scene.Scene):
    def frugal(self, calls, signatures):
        """The goal, for each token by itself."""
        tokens = {call.slot for call in calls if call.slot}
        self.assertTrue(tokens, "no token was used")
        signed = 0
        for slot in tokens:
            mine = [call for call in calls if call.slot == slot]
            counts = collections.Counter(call.name for call in mine)
            searches = collections.Counter(call.notes["class"] for call in mine
                                           if call.name == "C_FindObjectsInit")
            self.assertEqual(counts["C_Login"], 1, "logins of one token")
            self.assertLessEqual(max(searches.values()), 1, f"searches by class: {searches}")
            self.assertEqual(counts["C_SignInit"], counts["C_Sign"])
            self.assertEqual(self.read_late(mine), 0, "attributes read once the token signs")
            signed += counts["C_Sign"]
        self.assertEqual(signed, signatures, "C_Sign for so many signatures")

    @staticmethod
    def read_late(calls):
        names = [call.name for call in calls]
        return names[names.index("C_SignInit"):].count("C_GetAttributeValue")

    def signs(self, signatures, *arguments):
        """`sign` with these arguments makes so many signatures, and asks no more than that takes."""
        self.calls()
        result = self.good("sign", *arguments, "--json")
        self.assertEqual(scene.signatures_in(result), signatures)
        self.frugal(self.calls(), signatures)

    def test_one_repository_with_one_token(self):
        self.keys()
        self.repository()
        self.forwarded()
        self.signs(ROOT + TARGETS + SNAPSHOT + TIMESTAMP, "demo")

    def test_a_threshold_of_several_on_several_tokens(self):
        names = [f"root-{number}" for number in range(3)]
        for name in names:
            self.key(name, self.token(f"{name}-token"))
        shared = self.token("shared")
        for name in ("release-0", "release-1"):
            self.key(name, shared)
        self.repository(roots=names, targets=("release-0", "release-1"), root_threshold=2,
                        targets_threshold=2)
        self.forwarded()
        self.signs(3 * ROOT + 2 * TARGETS + 2 * SNAPSHOT + 2 * TIMESTAMP, "demo")

    def test_a_batch_of_repositories_with_one_token(self):
        self.keys()
        for number in range(BATCH):
            self.repository(f"repo-{number}")
        self.forwarded()
        self.signs(BATCH * (ROOT + TARGETS + SNAPSHOT + TIMESTAMP), "--all")
        self.good("renew", "--all", "--role", "targets")
        self.signs(BATCH * (TARGETS + SNAPSHOT + TIMESTAMP), "--all")

    def test_one_file(self):
        token = self.keys()
        path = self.folder / "targets.json"
        path.write_bytes(self.made(10).read_bytes())
        self.forwarded()
        self.signs(1, path, "--key", token.key_uri("targets"), "--keyid", "ab" * 32)

    def test_one_file_by_several_keys(self):
        token = self.keys()
        self.repository()
        self.good("sign", "demo")
        path = self.folder / "root.json"
        path.write_bytes(self.newest("root").read_bytes())
        self.forwarded()
        self.signs(2, path, "--key", f"{token.key_uri('root')},{token.key_uri('targets')}")


if __name__ == "__main__":
    story.main()
