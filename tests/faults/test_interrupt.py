"""SIGINT at every file operation of a promotion: it ends by the signal, and all is old or all is new."""
import signal

import fault
import story


class Interrupt(fault.Fault):
    def was_reached(self):
        return "--- SIGINT" in (self.folder / "trace").read_text(errors="replace")

    def every(self, kind):
        """The numbers of blows, and of those after which the new state was there."""
        finished = 0
        for number in range(1, fault.LIMIT):
            self.set_back()
            status, text = self.struck(fault.CALLS[kind], "signal=SIGINT", number)
            if not self.was_reached():
                self.assertEqual(status, 0, text)
                print(f"{kind}: {number - 1} blows, {finished} when it was done")
                return number - 1, finished
            with self.subTest(f"{kind} {number}"):
                self.assertIn(status, (-signal.SIGINT, 128 + signal.SIGINT), text)
                finished += self.versions() != self.was
                self.whole(f"interrupted at {kind} {number}")
        self.fail(f"still interrupted at {kind} {fault.LIMIT}")

    def test_at_every_open(self):
        self.assertGreater(self.every("open")[0], 0)

    def test_at_every_write(self):
        self.assertGreater(self.every("write")[0], 0)

    def test_at_every_rename(self):
        """A commit that has begun is held to its end."""
        blows, finished = self.every("rename")
        self.assertGreaterEqual(blows, 4)
        self.assertGreaterEqual(finished, 4)

    def test_at_every_sync(self):
        self.assertGreater(self.every("sync")[0], 0)

    def test_at_every_unlink(self):
        self.every("unlink")

    def test_at_every_new_folder_or_link(self):
        self.every("make")

    def test_at_every_cut(self):
        self.every("cut")


if __name__ == "__main__":
    story.main()
