"""A rehearsal: a keep's life on tokens of its own, told and left to play in."""
import subprocess

import story


class Rehearse(story.Story):
    def setUp(self):
        super().setUp()
        self.place = self.folder / "rehearsal"

    def test_it_lives_a_whole_life_and_tells_each_command(self):
        result = self.good("rehearse", self.place)
        for words in ("Alice signs: one of two", "$ rootkeep -C ", " key generate root-alice ",
                      " sign demo --pin-file ", " verify demo --targets ", "no server is there",
                      " key certify root-alice --gun registry.example.com/demo ",
                      " renew registry.example.com/demo --role root"):
            self.assertIn(words, result.err)
        for words in ("every state verified as a client would", "as far as held",
                      "Signatures for registry.example.com/demo", "published root 2"):
            self.assertIn(words, result.out)
        self.assertRegex(result.out, r"\d+ commands in \d+\.\d seconds")

    def test_what_it_leaves_can_be_played_with(self):
        self.good("rehearse", self.place)
        for name in ("keep/keep.json", "tokens/softhsm2.conf", "pins/alice.pin", "env.sh"):
            self.assertTrue((self.place / name).exists(), name)
        self.assertEqual((self.place / "pins").stat().st_mode & 0o777, 0o700)
        script = f'. "{self.place}/env.sh" && exec "$0" -C "$REHEARSAL/keep" renew demo --role timestamp'
        subprocess.run(["sh", "-c", script, story.BINARY], env=self.env, check=True,
                       capture_output=True, timeout=story.TIMEOUT)
        self.good("-C", self.place / "keep", "verify", "demo")
        self.good("-C", self.place / "keep", "lint", "registry.example.com/demo")

    def test_json_has_each_command_with_its_status(self):
        document = self.good("rehearse", self.place, "--json").json
        statuses = [step["status"] for step in document["steps"]]
        self.assertGreater(len(statuses), 30)
        self.assertEqual(sorted(set(statuses)), [0, 5])
        self.assertEqual(document["folder"], str(self.place.resolve()))

    def test_a_folder_with_something_in_it_is_refused(self):
        self.place.mkdir(mode=0o700)
        (self.place / "mine").write_text("x")
        with self.unchanged(self.place):
            self.rk("rehearse", self.place).refused(2, "not empty")

    def test_no_other_token_is_touched(self):
        alice = self.token("alice")
        with self.unchanged(self.folder / "tokens"):
            self.good("rehearse", self.place)
        self.assertIn(alice.label, self.good("token", "list").out)


if __name__ == "__main__":
    story.main()
