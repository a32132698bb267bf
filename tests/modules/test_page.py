"""docs/tokens.md: its commands are run, and its table of errors is the program's."""
import sys
import unittest

import errors
import modules  # noqa: F401  (it finds the stories)
import page
import remote
import story
import yubikey


class Commands(story.Story):
    def test_a_yubikey_from_the_factory_to_a_root_key(self):
        readers = self.enterContext(yubikey.Readers(self.folder / "yk", [{"serial": 15938791}]))
        said = page.run(self, "", "A YubiKey, from the factory to a root key", **readers.env)
        self.assertIn("15938791", said)
        state = readers.cards[0].state
        self.assertEqual((state["pin"], state["puk"]), ("73916482", "26184937"))
        self.assertEqual(set(state["keys"]), {"9c", "82", "f9"})

    def test_softhsm_in_ci(self):
        page.run(self, "SoftHSM in CI")

    def test_a_database_of_nss(self):
        story.need("certutil")
        page.run(self, "A database of NSS")

    def test_a_copy(self):
        page.run(self, "Copies")

    def test_a_remote_token(self):
        remote.client()
        token = self.token("alice")
        (self.folder / "alice.pin").symlink_to(token.pin_file)
        self.assertIn("works", page.run(self, "Remote tokens"))
        self.assertFalse((self.folder / "home" / "alice.p11").exists(), "the server is still there")

    def test_every_block_of_the_page_is_run_by_some_test(self):
        titles = {title for title in page.titles() if page.section(title)}
        self.assertEqual(titles, {"", "A YubiKey, from the factory to a root key", "SoftHSM in CI",
                                  "A TPM", "A database of NSS", "Copies", "Remote tokens"} | page.ELSEWHERE)


class Errors(unittest.TestCase):
    def test_the_page_has_every_refusal_of_the_program(self):
        self.assertEqual(errors.stated(), errors.rendered(), "tests/modules/errors.py --write")


if __name__ == "__main__":
    sys.exit(story.main())
