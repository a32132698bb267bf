"""Ten times as much takes at most twelve times as long: nothing grows faster than what it is done to.

CPU time is compared with CPU time of the same run, the least of several tries, and another try is
made before a command is blamed: noise only ever adds. The files lie in memory where there is room,
since what a disk costs depends on who else uses it.
"""
import os
import shutil

import scene
import story

LIMIT = 12
TRIES = 4
TARGETS = (10_000, 100_000)
REPOSITORIES = (100, 1_000)
MEMORY = "/dev/shm"
ROOM = 2 << 30


def least(run, so_far=None):
    cost = run().cpu
    return cost if so_far is None else min(cost, so_far)


def in_memory():
    return os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM


class Growth(scene.Scene):
    def setUp(self):
        if in_memory():
            os.environ.setdefault("RK_TEST_DIR", MEMORY)
        super().setUp()

    def grows(self, what, small, large):
        """`small` and `large` run the same command on N and 10N, and may be run again."""
        few = least(small, least(small))
        many = None
        for _ in range(TRIES):
            many, few = least(large, many), least(small, few)
            if many <= LIMIT * few:
                break
        print(f"{what}: {few:.3f} s and {many:.3f} s, {many / few:.1f} times (limit {LIMIT})")
        self.assertLessEqual(many, LIMIT * few, what)

    def edit(self, name):
        """Add one target, sign."""
        self.edits += 1
        return (self.rk_cost("target", "add", name, *self.one_more(f"new/{self.edits}"))
                + self.rk_cost("sign", name))

    def test_targets(self):
        self.edits = 0
        self.keys()
        names = [f"with-{count}" for count in TARGETS]
        for name, count in zip(names, TARGETS):
            self.filled(name, count)
        for what, run in (("target add and sign", self.edit),
                          ("verify", lambda name: self.rk_cost("verify", name)),
                          ("target list", lambda name: self.rk_cost("target", "list", name))):
            self.grows(f"{what}, {TARGETS} targets", *(lambda name=name: run(name) for name in names))

    def test_a_list_of_targets(self):
        self.keys()

        def add(count):
            name = f"fresh-{count}"
            self.repository(name)
            try:
                return self.rk_cost("target", "add", name, "--from",
                                    self.made(count, "shuffled", "list"))
            finally:
                self.good("repo", "remove", name, "--yes")
        self.grows(f"target add --from, {TARGETS} targets",
                   *(lambda count=count: add(count) for count in TARGETS))

    def test_a_file(self):
        key = self.keys().key_uri("targets")

        def sign(count):
            path = self.made(count, "shuffled")
            return self.rk_cost("sign", path, "--key", key, "--keyid", "ab" * 32)
        self.grows(f"sign FILE, shuffled, {TARGETS} targets",
                   *(lambda count=count: sign(count) for count in TARGETS))

    def renewed(self):
        self.good("renew", "--all", "--role", "targets")
        return self.rk_cost("sign", "--all")

    def test_repositories(self):
        self.keys()
        self.repositories(REPOSITORIES[0])
        few = self.copied("few")
        self.repositories(REPOSITORIES[1], since=REPOSITORIES[0])
        many = self.keep, self.env["XDG_STATE_HOME"]
        for what, run in (("status", lambda: self.rk_cost("status")),
                          ("sign --all", self.renewed),
                          ("repo list", lambda: self.rk_cost("repo", "list"))):
            self.grows(f"{what}, {REPOSITORIES} repositories", self.within(few, run),
                       self.within(many, run))

    def copied(self, name):
        """The keep and what the machine remembers of it, as they are now."""
        keep, state = self.folder / name, self.folder / f"{name}-state"
        shutil.copytree(self.keep, keep)
        shutil.copytree(self.env["XDG_STATE_HOME"], state)
        return keep, str(state)

    def within(self, place, run):
        def there():
            self.keep, self.env["XDG_STATE_HOME"] = place
            return run()
        return there


if __name__ == "__main__":
    story.main()
