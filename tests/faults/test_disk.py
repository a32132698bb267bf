"""Every file operation of a promotion fails once: the error is told and nothing is half done."""
import fault
import story

BLOWS = {
    "full": ("write,pwrite64,writev", "error=ENOSPC"),
    "write": ("write,pwrite64,writev", "error=EIO"),
    "cut": ("ftruncate,fallocate", "error=ENOSPC"),
    "make": ("mkdir,mkdirat", "error=ENOSPC"),
    "entropy": ("getrandom", "error=EIO"),
    "sync": ("fsync,fdatasync,syncfs", "error=EIO"),
    "rename": ("rename,renameat,renameat2", "error=EIO"),
    "unlink": ("unlink,unlinkat", "error=EIO"),
    "lock": ("flock,fcntl", "error=ENOLCK"),
}


class Disk(fault.Fault):
    def every(self, kind):
        calls, effect = BLOWS[kind]
        for number in range(1, fault.LIMIT):
            self.set_back()
            status, text = self.struck(calls, effect, number)
            if not self.was_reached():
                self.assertEqual(status, 0, text)
                print(f"{kind}: {number - 1} blows")
                return
            with self.subTest(f"{kind} {number}"):
                self.assertIn(status, (0, 1, 4, 6), text)
                if status == 0:
                    self.assertEqual(self.versions(), self.will_be, text)
                self.whole(f"{kind} {number} failed")
        self.fail(f"still failing at {kind} {fault.LIMIT}")

    def test_a_disk_that_is_full(self):
        self.every("full")

    def test_a_write_that_fails(self):
        self.every("write")

    def test_a_disk_that_is_full_before_it_is_written_to(self):
        self.every("cut")

    def test_a_folder_that_cannot_be_made(self):
        self.every("make")

    def test_a_kernel_without_entropy(self):
        self.every("entropy")

    def test_a_sync_that_fails(self):
        self.every("sync")

    def test_a_rename_that_fails(self):
        self.every("rename")

    def test_an_unlink_that_fails(self):
        self.every("unlink")

    def test_a_lock_that_fails(self):
        self.every("lock")


if __name__ == "__main__":
    story.main()
