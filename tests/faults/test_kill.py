"""SIGKILL at every file operation of a promotion: afterwards all is old or all is new."""
import shutil

import fault
import story

CALLS = fault.CALLS


class Kill(fault.Fault):
    def every(self, kind):
        calls = CALLS[kind]
        for number in range(1, fault.LIMIT):
            self.set_back()
            status, text = self.struck(calls, "signal=SIGKILL", number)
            if not fault.killed(status):
                self.assertEqual(status, 0, text)
                self.assertEqual(self.versions(), self.will_be)
                print(f"{kind}: {number - 1} blows")
                return number - 1
            with self.subTest(f"{kind} {number}"):
                self.whole(f"killed at {kind} {number}")
        self.fail(f"still killed at {kind} {fault.LIMIT}")

    def test_at_every_open(self):
        self.assertGreater(self.every("open"), 0)

    def test_at_every_write(self):
        self.assertGreater(self.every("write"), 0)

    def test_at_every_rename(self):
        self.assertGreaterEqual(self.every("rename"), 4)

    def test_at_every_sync(self):
        self.assertGreater(self.every("sync"), 0)

    def test_at_every_unlink(self):
        self.every("unlink")

    def test_at_every_new_folder_or_link(self):
        self.every("make")

    def test_at_every_cut(self):
        self.every("cut")

    def test_again_while_it_recovers(self):
        for first in range(1, fault.LIMIT):
            for second in range(1, fault.LIMIT):
                self.set_back()
                status, _ = self.struck(CALLS["rename"], "signal=SIGKILL", first)
                if not fault.killed(status):
                    return
                status, _ = self.struck(CALLS["rename"], "signal=SIGKILL", second)
                with self.subTest(f"rename {first}, then {second}"):
                    self.whole(f"killed at rename {first}, then {second}")
                if not fault.killed(status):
                    break

    def together(self, where):
        """The first goes alone; the two after it are both old or both new. Another run finishes."""
        names = ("demo", "other", "third")
        for name in names:
            self.good("verify", name)
        versions = [self.version("targets", name) for name in names]
        self.assertIn(versions, ([1, 1, 1], [2, 1, 1], [2, 2, 2]), where)
        if versions[1] == 1:
            self.good("sign", "--all", now=fault.later())
        else:
            self.rk("sign", "demo").refused(2, "nothing is staged")
        for name in names:
            self.assertEqual(self.version("targets", name), 2, where)
            self.verified(name)
        self.good("check")
        self.good("log", "verify")
        self.no_strays()

    def test_of_a_batch_all_are_old_or_all_are_new(self):
        shutil.rmtree(self.folder / "keep.before")
        shutil.rmtree(self.folder / "state.before")
        for name in ("other", "third"):
            self.repository(name)
            self.good("sign", name)
            self.good("renew", name, "--role", "targets")
        self.keep_aside()
        for kind in ("rename", "write", "sync"):
            for number in range(1, fault.LIMIT):
                self.set_back()
                status, text = self.struck(CALLS[kind], "signal=SIGKILL", number,
                                           ("sign", "--all"))
                if not fault.killed(status):
                    self.assertEqual(status, 0, text)
                    break
                with self.subTest(f"{kind} {number}"):
                    self.together(f"killed at {kind} {number}")


if __name__ == "__main__":
    story.main()
