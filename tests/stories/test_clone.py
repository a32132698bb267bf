"""A key is copied from token to token: wrapped all the way, proved, and sealed on both."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import story

BUILD = pathlib.Path(os.environ.get("RK_BUILD") or pathlib.Path(story.BINARY or ".").resolve().parent)
TYPES = ("ecdsa-p256", "ecdsa-p384", "rsa2048", "rsa4096")


class Copies(story.Story):
    def setUp(self):
        super().setUp()
        self.first, self.second = self.token("first"), self.token("second")

    def wrappable(self, name="root", key_type="ecdsa-p256", token=None):
        self.good("key", "generate", name, "--token", (token or self.first).uri, "--type", key_type,
                  "--wrappable")

    def clone(self, name="root", *more, **options):
        return self.good("backup", "clone", name, "--to", self.second.uri, *more, **options)

    def entry(self, name="root"):
        return json.loads((self.keep / "keep.json").read_bytes())["keys"][name]

    def objects(self, token, *more):
        return self.pkcs11(token, "--list-objects", *more)

    def labels(self, token):
        return sorted(re.findall(r"(?m)^\s+label:\s+(\S+)$", self.objects(token)))

    def attributes(self, token):
        """What pkcs11-tool says of the one private key there."""
        found = re.findall(r"(?m)^\s+Access:\s+(.*)$", self.objects(token, "--type", "privkey"))
        self.assertEqual(len(found), 1)
        return [word.strip() for word in found[0].split(",")]


class Clone(Copies):
    def test_each_type_is_copied_and_other_programs_find_it_there(self):
        for key_type in TYPES:
            with self.subTest(key_type):
                first, second = (self.token(f"{word}-{key_type}") for word in ("from", "to"))
                name = f"k-{key_type}"
                self.good("key", "generate", name, "--token", first.uri, "--type", key_type,
                          "--label", "root", "--wrappable")
                self.assertNotIn("never extractable", self.attributes(first))
                self.good("backup", "clone", name, "--to", second.uri)
                for token in (first, second):
                    access = self.attributes(token)
                    self.assertIn("sensitive", access)
                    self.assertNotIn("extractable", access)
                    self.assertEqual(self.labels(token), ["root", "root"])
                # The honest marks of a copy: it was not made there.
                self.assertNotIn("always sensitive", self.attributes(second))
                self.assertNotIn("local", self.attributes(second))
                pem = self.write("root.pem", self.good("key", "show", name, "--format", "pem").out)
                self.signs(second, key_type, pem)

    def signs(self, token, key_type, pem):
        story.need("openssl")
        (self.folder / "in").write_bytes(b"what is signed")
        curve = key_type.startswith("ecdsa")
        mechanism = ["ECDSA", "--signature-format", "openssl"] if curve else ["SHA256-RSA-PKCS"]
        given = self.folder / "in"
        if curve:
            given = self.folder / "digest"
            subprocess.run(["openssl", "dgst", "-sha256", "-binary", "-out", given,
                            self.folder / "in"], check=True)
        self.pkcs11(token, "--sign", "--label", "root", "--mechanism", *mechanism,
                    "--input-file", given, "--output-file", self.folder / "sig")
        done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", pem, "-signature",
                               self.folder / "sig", self.folder / "in"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_keep_knows_both_and_the_journal_tells(self):
        self.wrappable()
        made = self.clone("root", "--json").json["key"]
        self.assertEqual(len(made["tokens"]), 2)
        entry = self.entry()
        self.assertEqual(entry["tokens"], made["tokens"])
        self.assertIn("token=first", entry["tokens"][0])
        self.assertIn("token=second", entry["tokens"][1])
        self.good("key", "list").says("first, second")
        line = json.loads((self.keep / "journal.jsonl").read_text().splitlines()[-1])
        self.assertEqual(line["action"], "backup clone root")
        self.assertEqual(len(line["tokens"]), 2)
        self.assertEqual(line["note"], entry["tokens"][1])
        self.good("log", "verify")
        self.good("check")

    def test_the_copy_signs_when_the_first_token_is_lost(self):
        self.wrappable()
        self.key("targets", self.first)
        self.repository()
        self.clone()
        self.good("key", "generate", "spare", "--token", self.second.uri)
        self.good("key", "test", "root", pins=[self.second, self.first])
        self.good("key", "forget", "root", "pkcs11:token=first")
        self.good("key", "test", "root", pins=[self.second])
        self.good("sign", "demo")
        self.verified()

    def test_an_id_and_a_label_go_with_it(self):
        self.good("key", "generate", "root", "--token", self.first.uri, "--id", "00a1", "--label",
                  "my root", "--wrappable")
        self.clone()
        objects = self.objects(self.second)
        self.assertIn("my root", objects)
        self.assertIn("00a1", objects)

    def test_a_dry_run_shows_the_plan_and_changes_nothing(self):
        self.wrappable()
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.good("backup", "clone", "root", "--to", self.second.uri, "--dry-run").says(
                "CKM_AES_KEY_WRAP_PAD", "first", "second", "challenge")
            self.good("backup", "clone", "root", "--to", self.second.uri, "--dry-run", "--json")

    def test_a_copied_key_is_not_copied_again_and_the_remedy_tells(self):
        self.wrappable()
        self.clone()
        third = self.token("third")
        result = self.refuses(4, "backup", "clone", "root", "--to", third.uri)
        result.says("copied already", "--wrappable", "key import")
        self.assertEqual(self.labels(third), [])
        self.good("key", "test", "root")

    def test_the_same_command_again_finds_everything_done(self):
        self.wrappable()
        self.clone()
        with self.unchanged():
            self.clone().says("already")


class Refused(Copies):
    def test_a_key_that_was_not_made_for_it(self):
        self.key("root", self.first)
        self.refuses(4, "backup", "clone", "root", "--to", self.second.uri).says("--wrappable")
        self.assertEqual(self.labels(self.second), [])
        self.good("key", "test", "root")

    def test_an_ed25519_key_where_the_module_wraps_none(self):
        self.wrappable(key_type="ed25519")
        self.refuses(4, "backup", "clone", "root", "--to", self.second.uri).says(
            "ed25519", "does not wrap keys of this kind", "key import")
        self.assertEqual(self.labels(self.second), [])
        self.good("key", "test", "root")

    def test_onto_its_own_token(self):
        self.wrappable()
        self.refuses(2, "backup", "clone", "root", "--to", self.first.uri).says("no other token")

    def test_a_key_without_a_token_or_none_at_all(self):
        self.wrappable()
        pem = self.pem("root")
        shutil.rmtree(self.keep)
        self.keep.mkdir(mode=0o700)
        self.good("key", "enrol", "paper", pem)
        self.refuses(4, "backup", "clone", "paper", "--to", self.second.uri)
        self.refuses(2, "backup", "clone", "nobody", "--to", self.second.uri)
        self.refuses(2, "backup", "clone", "paper")
        self.refuses(4, "backup", "clone", "paper", "--to", "pkcs11:token=elsewhere")

    def test_a_label_or_id_that_is_taken_there(self):
        self.wrappable()
        self.good("key", "generate", "other", "--token", self.second.uri, "--label", "root")
        self.refuses(2, "backup", "clone", "root", "--to", self.second.uri).says(
            "nothing is overwritten")
        self.assertEqual(self.labels(self.second), ["root", "root"])
        self.good("key", "test", "other")
        # The source may still leave its token: nothing has happened.
        self.good("key", "delete", "other", "--erase", self.serial("second"))
        self.clone()

    def serial(self, label):
        tokens = self.good("token", "list", "--json").json["tokens"]
        return next(token["serial"] for token in tokens if token["label"] == label)

    def test_a_wrong_pin_of_either_token_makes_nothing(self):
        self.wrappable()
        for token in (self.first, self.second):
            with self.subTest(token.label):
                wrong = self.secret_file("wrong", "not the PIN")
                others = [other for other in self.tokens if other is not token]
                with self.unchanged():
                    self.rk("backup", "clone", "root", "--to", self.second.uri, "--pin-file",
                            f"{token.label}={wrong}", pins=others).refused(4, "PIN")
                self.assertEqual(self.labels(self.second), [])
        self.clone()

    def test_without_a_pin_for_the_second_token(self):
        self.wrappable()
        with self.unchanged():
            self.rk("backup", "clone", "root", "--to", self.second.uri, pins=[self.first]).refused(2)
        self.assertEqual(self.labels(self.second), [])


class TwoModules(Copies):
    """The first token through a module that hands its calls on, and changes some answers."""

    def setUp(self):
        super().setUp()
        forward = BUILD / "tests" / "modules" / "forward.so"
        if not forward.exists():
            story.missing(f"no module {forward}")
        modules = self.folder / "home" / ".config" / "pkcs11" / "modules"
        modules.mkdir(parents=True, mode=0o700)
        (modules / "other.module").write_text(f"module: {forward}\n")
        self.log = self.folder / "calls"
        self.env.update(RK_FORWARD_MODULE=story.MODULE, RK_FORWARD_LOG=str(self.log))
        self.first.uri, self.second.uri = (
            token.uri.replace("softhsm2", "other") if token is self.first else token.uri
            for token in (self.first, self.second))

    def test_from_a_module_to_another_and_back(self):
        self.wrappable()
        self.wrappable("there", token=self.second)
        self.clone()
        self.good("backup", "clone", "there", "--to", self.first.uri)
        for name in ("root", "there"):
            self.assertEqual(len(self.entry(name)["tokens"]), 2)
            self.good("key", "test", name)
        self.assertEqual(self.labels(self.first), ["root", "root", "there", "there"])
        self.assertEqual(self.labels(self.second), ["root", "root", "there", "there"])

    def test_a_key_of_a_device_goes_to_software_only_when_that_is_wanted(self):
        self.wrappable()
        self.env["RK_FORWARD_RULE"] = "C_GetSlotInfo:*=hardware"
        self.refuses(2, "backup", "clone", "root", "--to", self.second.uri).says(
            "is software", "--to-software")
        self.assertEqual(self.labels(self.second), [])
        self.good("backup", "clone", "root", "--to", self.second.uri, "--dry-run",
                  "--to-software").says("is software")
        self.clone("root", "--to-software")
        self.assertEqual(self.labels(self.second), ["root", "root"])

    def test_software_goes_to_a_device_unasked(self):
        self.wrappable(token=self.second)
        self.env["RK_FORWARD_RULE"] = "C_GetSlotInfo:*=hardware"
        self.good("backup", "clone", "root", "--to", self.first.uri)

    def test_a_module_that_ignores_templates_gets_no_copy(self):
        self.wrappable(token=self.second)
        # The second unwrapping is the key's; the first is that of the key that wraps it.
        self.env["RK_FORWARD_RULE"] = "C_UnwrapKey:2=soft"
        self.refuses(4, "backup", "clone", "root", "--to", self.first.uri).says("could be read out")
        self.assertEqual(self.labels(self.first), [])
        self.good("key", "test", "root")
        del self.env["RK_FORWARD_RULE"]
        self.good("backup", "clone", "root", "--to", self.first.uri)

    def test_a_source_that_is_not_sealed_costs_the_copy(self):
        self.wrappable()
        # It says that it did, and did not.
        self.env["RK_FORWARD_RULE"] = "C_SetAttributeValue:*=0x0"
        self.refuses(4, "backup", "clone", "root", "--to", self.second.uri).says(
            "cannot be kept from leaving", "destroyed again")
        self.assertEqual(self.labels(self.second), [])
        del self.env["RK_FORWARD_RULE"]
        self.clone()

    def test_a_full_token_gets_no_copy_and_nothing_is_left_there(self):
        self.wrappable(token=self.second)
        for call in ("C_CreateObject:1", "C_UnwrapKey:1", "C_UnwrapKey:2"):
            with self.subTest(call):
                self.env["RK_FORWARD_RULE"] = f"{call}=0x31"
                self.rk("backup", "clone", "root", "--to", self.first.uri).refused(4, "full")
                self.assertEqual(self.labels(self.first), [])
        del self.env["RK_FORWARD_RULE"]
        self.good("backup", "clone", "root", "--to", self.first.uri)

    def test_a_run_that_is_killed_when_the_copy_was_made_is_finished_by_the_next(self):
        self.wrappable(token=self.second)
        with self.unchanged():
            self.killed_at("C_Sign:1", "backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(self.labels(self.first), ["root", "root"])
        self.good("backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(len(self.entry()["tokens"]), 2)
        self.assertEqual(self.labels(self.first), ["root", "root"])
        self.good("log", "verify")

    def test_a_run_that_is_killed_before_leaves_nothing(self):
        self.wrappable(token=self.second)
        for call in ("C_GenerateKeyPair:1", "C_UnwrapKey:1", "C_CreateObject:1"):
            with self.unchanged():
                self.killed_at(call, "backup", "clone", "root", "--to", self.first.uri)
            self.assertEqual(self.labels(self.first), [])
        self.good("backup", "clone", "root", "--to", self.first.uri)

    def test_a_public_half_alone_makes_room_for_the_copy(self):
        self.wrappable(token=self.second)
        self.killed_at("C_UnwrapKey:2", "backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(self.labels(self.first), ["root"])
        self.good("backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(self.labels(self.first), ["root", "root"])
        self.good("key", "test", "root", pins=[self.first, self.second])

    # A module that makes no key pairs for a session: the transport key lies on the token.
    ON_TOKEN = "C_GenerateKeyPair:1=0xd1;C_GenerateKeyPair:2=0xd1"

    def test_a_transport_key_on_the_token_is_destroyed_after_it_served(self):
        self.wrappable(token=self.second)
        self.env["RK_FORWARD_RULE"] = self.ON_TOKEN
        self.good("backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(self.labels(self.first), ["root", "root"])

    def test_one_that_a_killed_run_left_is_removed_by_the_next(self):
        self.wrappable(token=self.second)
        self.killed_at(f"{self.ON_TOKEN};C_UnwrapKey:1", "backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(self.labels(self.first), ["rootkeep-transport"] * 2)
        self.good("backup", "clone", "root", "--to", self.first.uri)
        self.assertEqual(self.labels(self.first), ["root", "root"])

    def test_one_that_cannot_be_destroyed_is_named(self):
        self.wrappable(token=self.second)
        # The first object that is destroyed is the unwrapped key's KEK.
        self.env["RK_FORWARD_RULE"] = f"{self.ON_TOKEN};C_DestroyObject:2=0x1b;C_DestroyObject:3=0x1b"
        self.good("backup", "clone", "root", "--to", self.first.uri).says("rootkeep-transport")
        self.assertEqual(self.labels(self.first), ["root"] * 2 + ["rootkeep-transport"] * 2)
        self.good("key", "test", "root")

    def killed_at(self, call, *arguments):
        """The program is killed while that call, FUNCTION:N, does not come back."""
        self.log.unlink(missing_ok=True)
        env = {**self.env, "RK_FORWARD_RULE": f"{call}=stop",
               "RK_FORWARD_STATE": str(self.folder / "module-state")}
        child = subprocess.Popen(self.command(arguments), cwd=self.keep, env=env,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 start_new_session=True)
        try:
            worker = self.stopped_worker(child)
        finally:
            child.kill()
            child.wait(story.TIMEOUT)
        os.kill(worker, signal.SIGKILL)

    def stopped_worker(self, child):
        """The process below it that stands still."""
        for _ in range(story.TIMEOUT * 20):
            self.assertIsNone(child.poll(), "it ended by itself")
            for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
                try:
                    pid, _, rest = status.read_text().partition(" (")
                    ours = f"{self.folder}".encode() in (status.parent / "environ").read_bytes()
                except OSError:
                    continue
                if ours and rest.rpartition(")")[2].split()[0] == "T":
                    return int(pid)
            time.sleep(0.05)
        return self.fail("no worker stands still")


class CutOff(Copies):
    def test_a_copy_that_the_keep_does_not_know_is_found_and_finished(self):
        self.wrappable()
        before = {name: (self.keep / name).read_bytes() for name in ("keep.json", "journal.jsonl")}
        self.clone()
        for name, content in before.items():
            (self.keep / name).write_bytes(content)
        self.assertEqual(len(self.entry()["tokens"]), 1)
        self.clone().silent_about("already")
        self.assertEqual(len(self.entry()["tokens"]), 2)
        self.assertEqual(self.labels(self.second), ["root", "root"])
        self.good("key", "test", "root")
        self.good("log", "verify")

    def test_a_transport_key_that_was_left_is_removed(self):
        self.wrappable()
        self.pkcs11(self.second, "--keypairgen", "--key-type", "rsa:2048", "--label",
                    "rootkeep-transport", "--id", "77")
        self.assertEqual(self.labels(self.second), ["rootkeep-transport"] * 2)
        self.clone()
        self.assertEqual(self.labels(self.second), ["root", "root"])


if __name__ == "__main__":
    story.main()
