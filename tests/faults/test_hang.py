"""A module that stands still in the middle of a call: after a while its worker is ended, and the rest is
as with any other failure. The while is half a minute and two minutes; haste.c makes a two-hundredth
of it.
"""
import sweep
import story

import test_token_keys
import test_token_setup
import test_token_sign

HASTE = sweep.scene.BUILD / "tests" / "modules" / "haste.so"


class Hang:
    """The first call of each function, and each call of those that change something."""
    beneath = {"LD_PRELOAD": str(HASTE), "RK_HASTE": "200"}
    changes = ("C_Login", "C_GenerateKeyPair", "C_DestroyObject", "C_Sign", "C_InitToken", "C_InitPIN")

    def blows(self, names):
        if not HASTE.exists():
            story.missing(f"no {HASTE}")
        seen = set()
        for number, name in enumerate(names, 1):
            if name not in seen or name in self.changes or sweep.FULL:
                yield number, name, "stop"
                if name in self.changes:
                    yield number, name, "+stop"
            seen.add(name)

    def standing(self, names):
        return ()

    def check_survival(self, name, fault, result):
        self.assertIn(name, sweep.BENIGN + sweep.LOOKS, f"it did not notice: {result}")


class Generate(Hang, test_token_keys.Generate):
    pass


class Delete(Hang, test_token_keys.Delete):
    pass


class Sign(Hang, test_token_sign.First):
    pass


class Init(Hang, test_token_setup.Init):
    pass


if __name__ == "__main__":
    story.main()
