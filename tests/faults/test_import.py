"""SIGKILL while a key is copied to two tokens: the next run finds what is there, and finishes."""
import shutil
import subprocess

import fault
import story

CALLS = {
    "message": "sendmsg,sendto",
    "answer": "recvmsg,recvfrom",
    "write": "write,pwrite64,writev",
    "rename": "rename,renameat,renameat2",
    "sync": "fsync,fdatasync",
}


class Kill(story.Story):
    def setUp(self):
        super().setUp()
        story.need("strace", "openssl")
        self.first, self.spare = self.token("alice"), self.token("spare")
        self.file = self.folder / "k.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", self.file], check=True, capture_output=True)
        self.file.chmod(0o600)
        self.words = ("key", "import", "k", self.file, "--token", self.first.uri, "--token",
                      self.spare.uri)
        shutil.copytree(self.folder / "tokens", self.folder / "tokens.before", symlinks=True)
        done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
        if done.returncode:
            story.missing("strace may not trace here")

    def set_back(self):
        shutil.rmtree(self.folder / "tokens")
        shutil.copytree(self.folder / "tokens.before", self.folder / "tokens", symlinks=True)
        shutil.rmtree(self.keep)
        self.keep.mkdir(mode=0o700)

    def struck(self, calls, number):
        words = ["strace", "-qq", "-o", self.folder / "trace", "-e", f"trace={calls}",
                 f"--inject={calls}:signal=SIGKILL:when={number}", *self.command(self.words)]
        done = subprocess.run(words, cwd=self.keep, env=self.env, capture_output=True,
                              timeout=story.TIMEOUT, start_new_session=True, check=False)
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    def finished(self):
        """Both tokens hold it once, the keep knows both, and either signs."""
        for token in (self.first, self.spare):
            self.assertEqual(self.pkcs11(token, "--list-objects").count("Private Key Object"), 1)
        (key,) = self.good("key", "list", "--json").json["keys"]
        self.assertEqual((len(key["tokens"]), key["origin"]), (2, "imported"))
        self.good("check")
        self.good("log", "verify")

    def every(self, kind):
        for number in range(1, fault.LIMIT):
            self.set_back()
            status, text = self.struck(CALLS[kind], number)
            if not fault.killed(status):
                self.assertEqual(status, 0, text)
                self.finished()
                print(f"{kind}: {number - 1} blows")
                return number - 1
            with self.subTest(f"{kind} {number}"):
                self.good(*self.words)
                self.finished()
        return self.fail(f"still killed at {kind} {fault.LIMIT}")

    def test_at_every_message_to_a_worker(self):
        self.assertGreater(self.every("message"), 5)

    def test_at_every_answer(self):
        self.assertGreater(self.every("answer"), 5)

    def test_at_every_write(self):
        self.assertGreater(self.every("write"), 0)

    def test_at_every_rename(self):
        self.assertGreater(self.every("rename"), 0)

    def test_at_every_sync(self):
        self.assertGreater(self.every("sync"), 0)


if __name__ == "__main__":
    story.main()
