"""Each call of a copy from token to token that wraps, makes, seals or destroys goes wrong once.

What comes before those calls, and all that reads, is the other sweeps'. A copy that is left is no
stray: the next run finds it and finishes.
"""
import itertools
import json

import sweep
import ckr
import story

CHANGES = ("C_GenerateKeyPair", "C_GenerateKey", "C_CreateObject", "C_WrapKey", "C_UnwrapKey",
           "C_SetAttributeValue", "C_DestroyObject", "C_Sign")
ALWAYS = ("die", "+die", "gone")
TURN = 1  # of the others, at each call; RK_SWEEP=full: all of them


class Clone(sweep.Sweep):
    def prepare(self):
        self.first, self.second = self.token("first"), self.token("second")
        self.good("key", "generate", "root", "--token", self.first.uri, "--wrappable")

    def arguments(self):
        return "backup", "clone", "root", "--to", self.second.uri

    def blows(self, names):
        turns = {name: itertools.cycle(fault for fault in ckr.faults(name) if fault not in ALWAYS)
                 for name in CHANGES}
        for number, name in enumerate(names, 1):
            if name not in CHANGES:
                continue
            known = ckr.faults(name)
            some = known if sweep.FULL else [
                *(fault for fault in ALWAYS if fault in known), *itertools.islice(turns[name], TURN)]
            for fault in some:
                yield number, name, fault

    def entry(self):
        return json.loads((self.keep / "keep.json").read_bytes())["keys"]["root"]

    def done(self):
        self.assertEqual(len(self.entry()["tokens"]), 2)

    def check_named(self, strays, result):
        """Where one is left, the message says so, and what to do."""
        result.says("second")
        self.assertRegex(result.err, r"STILL|does not know|run the same command again|rootkeep-transport")

    def remove_strays(self, strays):
        pass

    def test_it_fails_at_each_call(self):
        self.sweep()


if __name__ == "__main__":
    story.main()
