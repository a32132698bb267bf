"""Every allocation fails once, by the place in the program that it is for: the error is told, nothing
is half done, and the next run finishes. The module's worker is struck too.

RK_SWEEP=full fails each place; otherwise every so manieth.
"""
import re

import sweep
import story

ALLOC = sweep.scene.BUILD / "tests" / "modules" / "alloc.so"
STARTED, WORKER = 0, 2
FIRST = 8  # allocations, for the part of the program that prints


class Alloc:
    """Libraries do not always say that it was memory: to p11-kit a URI is none then, and OpenSSL has
    not verified a signature. What is not verified is not trusted."""
    process = STARTED
    step = 2
    statuses = (1, 2, 3, 4, 6)

    def setUp(self):
        super().setUp()
        if not ALLOC.exists():
            story.missing(f"no {ALLOC}")

    def prepare(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        self.repository()
        self.good("sign", "demo")
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)

    def preloaded(self, **more):
        self.set_back()
        return self.rk(*self.arguments(), env={
            "LD_PRELOAD": str(ALLOC), "RK_ALLOC_PROCESS": str(self.process), **more})

    def places(self):
        """The number of one allocation for each place in the program that allocates."""
        log = self.folder / "places"
        self.preloaded(RK_ALLOC_LOG=str(log)).done()
        return [int(line) for line in log.read_text().split()]

    def sweep(self):
        places = self.places()
        self.assertGreater(len(places), 20)
        for number in places if sweep.FULL else places[::self.step]:
            with self.subTest(f"allocation {number}"):
                self.strike(number)
        print(f"{' '.join(map(str, self.arguments()))[:40]}: {len(places)} places,",
              ", ".join(f"{count} {what}" for what, count in sorted(self.outcomes.items())))

    def strike(self, number):
        result = self.preloaded(RK_ALLOC_FAILS=str(number))
        self.outcomes["refused" if result.status else "survived"] += 1
        if result.status == 0:
            return
        self.assertIn(result.status, self.statuses, str(result))
        self.check_told(number, result)
        if not self.is_settled(result):
            self.check_keep(result)
            strays = self.objects() - self.objects_before
            if strays:
                self.check_named(strays, result)
            self.remove_strays(strays)
            self.rk(*self.arguments()).done()
        self.done()
        self.no_strays()

    def check_keep(self, result):
        """What may be left is an empty folder for changes; and what this person was about to sign."""
        changed = [path for path in self.before.differences()
                   if path.is_relative_to(self.keep) and path.name != ".pending"]
        self.assertFalse(changed, str(result))

    def check_told(self, number, result):
        """Without memory for the one that prints, the status is all there is."""
        if number > FIRST:
            self.assertRegex(result.err, r"(?m)^rootkeep: .+")
        self.assertNotIn("(null)", result.out + result.err)

    def is_settled(self, result):
        """Was it done when it failed, or decided, so that the next command finishes it?"""
        return False


class Verify(Alloc, sweep.Sweep):
    def arguments(self):
        return "verify", "demo"

    def test_each_allocation_fails(self):
        self.sweep()


class Sign(Alloc, sweep.Sweep):
    step = 5
    statuses = (*Alloc.statuses, sweep.UNFINISHED)

    def arguments(self):
        return "sign", "demo"

    def check_told(self, number, result):
        if result.status != sweep.UNFINISHED:
            super().check_told(number, result)

    def is_settled(self, result):
        self.verified()
        if self.version("targets") == 2:
            return True
        if result.status == sweep.UNFINISHED:
            self.good("sign", "demo")
            return True
        return False

    def done(self):
        self.assertIn("x", self.signed("targets")["targets"])
        self.good("check")

    def test_each_allocation_fails(self):
        self.sweep()


class SignInTheWorker(Sign):
    process = WORKER
    step = 1

    def test_each_allocation_fails(self):
        self.sweep()


class Generate(Alloc, sweep.Sweep):
    step = 4

    def arguments(self):
        return "key", "generate", "new", "--token", self.tokens[0].uri

    def is_settled(self, result):
        listed = self.good("key", "list", "--json").json["keys"]
        return "new" in [key["name"] for key in listed]

    def check_named(self, strays, result):
        result.says("root-token", "STILL")
        self.assertTrue(re.search(r"with the id [0-9a-f]+", result.err), str(result))

    def test_each_allocation_fails(self):
        self.sweep()


if __name__ == "__main__":
    story.main()
