"""A token in another place, through p11-kit's remoting: what works, what is not carried, how it ends."""
import subprocess

import remote
import story


class Remote(story.Story):
    """Alice's token is elsewhere, with the root key; the release token is here."""

    def setUp(self):
        super().setUp()
        self.client = remote.client()
        self.alice, self.release = self.token("alice"), self.token("release")
        self.server = remote.Server(self.folder, "pkcs11:token=alice", story.MODULE, dict(self.env))
        self.here = dict(self.env)

    def elsewhere(self, *arguments, **options):
        """As on the machine without the token, which has the server's socket and its own token."""
        return self.rk(*arguments, "--module", self.client, env=self.server.env, **options)

    def both(self, *arguments, **options):
        """That machine's own SoftHSM beside: its folder holds no token of Alice's."""
        return self.rk(*arguments, "--module", self.client, "--module", "softhsm2",
                       env={**self.server.env, "SOFTHSM2_CONF": self.env["SOFTHSM2_CONF"]}, **options)

    def apart(self):
        self.server.server_env = remote.apart(self.folder, "alice", self.env)


class Works(Remote):
    def test_it_is_listed_shown_and_its_keys_are_used(self):
        self.key("root", self.alice)
        self.key("rsa", self.alice, "rsa2048")
        with self.server:
            listed = self.elsewhere("token", "list", "--json", pins=[]).done().json["tokens"]
            self.assertEqual([token["label"] for token in listed], ["alice"])
            self.elsewhere("token", "show", "pkcs11:token=alice").done().says("ecdsa-p256", "root")
            self.elsewhere("key", "test", "root").done().says("works")
            self.elsewhere("key", "test", "rsa").done().says("works")

    def test_a_repository_is_signed_by_a_key_there_and_one_here(self):
        self.key("root", self.alice)
        self.key("targets", self.release)
        self.repository()
        self.apart()
        self.rk("sign", "demo", pins=[self.release]).done(5).says("root is not at hand")
        with self.server:
            self.both("sign", "demo").done().says("published root 1")
        self.verified()

    def test_a_key_is_made_there_and_destroyed_again(self):
        with self.server:
            self.elsewhere("key", "generate", "far", "--token", "pkcs11:token=alice").done()
            self.elsewhere("token", "test", "pkcs11:token=alice").done().says("ecdsa-p384")
            serial = self.elsewhere("token", "list", "--json", pins=[]).json["tokens"][0]["serial"]
            self.elsewhere("key", "delete", "far", f"--erase={serial}").done()
        self.assertNotIn("far", self.pkcs11(self.alice, "--list-objects"))

    def test_a_key_is_imported_there(self):
        story.need("openssl")
        file = self.folder / "pins" / "key.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", file], check=True)
        with self.server:
            self.elsewhere("key", "import", "k", file, "--token", "pkcs11:token=alice").done()
            self.elsewhere("key", "test", "k").done().says("works")
        self.good("key", "test", "k").says("works")

    def test_a_new_pin_is_set_there(self):
        new = self.secret_file("new", "another-pin")
        with self.server:
            self.elsewhere("token", "pin", "pkcs11:token=alice", "--new-pin-file", new).done()
        self.alice.pin = "another-pin"
        self.pkcs11(self.alice, "--list-objects")

    def test_a_wrong_pin_is_one_try(self):
        wrong = self.secret_file("wrong", "wrong-pin")
        self.key("root", self.alice)
        with self.server:
            self.rk("key", "test", "root", "--module", self.client, "--pin-file", f"alice={wrong}", pins=[],
                    env=self.server.env).refused(4, "PIN").silent_about("wrong-pin")
            self.elsewhere("token", "list", pins=[]).done().says("low")


class NotCarried(Remote):
    def test_ed25519_is_refused_in_words(self):
        self.key("ed", self.alice, "ed25519")
        with self.server:
            self.elsewhere("key", "test", "ed").refused(4, "ed", "mechanism")
            self.elsewhere("key", "generate", "e2", "--type", "ed25519", "--token",
                           "pkcs11:token=alice").refused(4, "makes no ed25519 keys")
            self.elsewhere("token", "test", "pkcs11:token=alice").done().says("not offered")

    def test_a_copy_to_another_token_is_refused_in_words_and_leaves_nothing(self):
        self.good("key", "generate", "root", "--token", self.alice.uri, "--wrappable")
        self.apart()
        before = self.pkcs11(self.release, "--list-objects")
        with self.server:
            self.both("backup", "clone", "root", "--to", "pkcs11:token=release").refused(4, "wraps by nothing")
        self.assertEqual(self.pkcs11(self.release, "--list-objects"), before)


class Ends(Remote):
    def test_the_server_stops_by_itself(self):
        with self.server:
            self.elsewhere("token", "list", pins=[]).done().says("alice")
            self.assertEqual(self.server.ends_by_itself(), 0)
        self.assertFalse(self.server.socket.exists())

    def test_without_a_server_it_is_not_there(self):
        self.key("root", self.alice)
        self.elsewhere("token", "list", pins=[]).done().says("no module shows a token")
        self.elsewhere("key", "test", "root").refused(4)

    def test_a_server_that_is_killed_is_a_token_that_is_not_there(self):
        self.key("root", self.alice)
        with self.server:
            self.elsewhere("key", "test", "root").done()
            self.server.process.kill()
            self.server.process.wait()
            self.elsewhere("key", "test", "root").refused(4)


if __name__ == "__main__":
    story.main()
