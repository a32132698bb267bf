"""SIGKILL at every file operation of `key certify`: afterwards there is a whole certificate or none."""
import fault
import story

GUN = "registry.example.com/admin/demo"
CALLS = ("openat,openat2", "write,pwrite64,writev", "rename,renameat,renameat2",
         "fsync,fdatasync,syncfs", "unlink,unlinkat", "mkdir,mkdirat,link,linkat", "ftruncate,fallocate")


class Certify(fault.Fault):
    def setUp(self):
        story.Story.setUp(self)
        story.need("strace")
        self.key("root", self.token("alice"))
        self.keep_aside()
        self.able_to_trace()

    def certificates(self):
        return self.good("key", "list", "--json").json["keys"][0]["certificates"]

    def whole(self, where):
        """Noted and there, or neither; and the next run makes one."""
        found = self.certificates()
        self.assertIn(len(found), (0, 1), where)
        files = sorted(str(path.relative_to(self.keep)) for path in self.keep.glob("certificates/*/*"))
        self.assertEqual(files, [entry["file"] for entry in found], where)
        self.good("key", "certify", "root", "--gun", GUN)
        self.assertEqual(len(self.certificates()), len(found) + 1, where)
        self.good("check")
        self.good("log", "verify")
        self.no_strays()

    def every(self, calls):
        for number in range(1, fault.LIMIT):
            self.set_back()
            status, text = self.struck(calls, "signal=SIGKILL", number,
                                       ["key", "certify", "root", "--gun", GUN])
            if not fault.killed(status):
                self.assertEqual(status, 0, text)
                return number - 1
            with self.subTest(f"{calls} {number}"):
                self.whole(f"killed at {calls} {number}")
        self.fail(f"still killed at {calls} {fault.LIMIT}")

    def test_wherever_it_is_killed(self):
        blows = {calls: self.every(calls) for calls in CALLS}
        print(blows)
        self.assertGreaterEqual(blows["rename,renameat,renameat2"], 2)


if __name__ == "__main__":
    story.main()
