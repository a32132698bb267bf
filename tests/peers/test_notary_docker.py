"""Repositories that rootkeep made, seen by docker; and `inspect` beside `docker trust inspect`."""
import os
import subprocess

import peer

import cells
import notary_hand as hand
import notary_lab
import notary_story
import story


def docker_path():
    made = subprocess.run([peer.HERE / "docker.sh"], capture_output=True, text=True, check=False)
    if made.returncode:
        story.missing(f"docker's client cannot be had: {made.stderr.strip()}")
    return made.stdout.strip()


class Docker(notary_story.NotaryStory):
    """No daemon: `trust inspect` asks the server alone. It wants https, and a registry's address."""

    LAB = {"tls": True}

    def setUp(self):
        super().setUp()
        self.docker = docker_path()
        self.place = f"127.0.0.1:{self.lab.port}"
        self.gun = f"{self.place}/{self.gun}"
        self.config = self.folder / "docker"

    def run_docker(self, server, config, *words):
        ca = config / "tls" / f"127.0.0.1:{server.port}" / "ca.crt"
        ca.parent.mkdir(parents=True, exist_ok=True)
        ca.write_bytes(self.lab.tls.ca.read_bytes())
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "DOCKER_CONFIG": str(config),
               "DOCKER_CONTENT_TRUST_SERVER": server.url}
        return subprocess.run([self.docker, *words], env=env, capture_output=True, text=True, timeout=60,
                              check=False)

    def inspected(self, *words, server=None, config=None):
        done = self.run_docker(server or self.lab, config or self.config, "trust", "inspect", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def version(self):
        return self.run_docker(self.lab, self.config, "--version").stdout.split()[2].split("+")[0]

    def same(self):
        """rootkeep says what docker says, byte for byte."""
        self.assertEqual(self.good("inspect", self.gun).out, self.inspected(self.gun))
        self.assertEqual(self.good("inspect", "--pretty", self.gun).out,
                         self.inspected("--pretty", self.gun))

    def judge(self, key_type, targets_type):
        self.key("root", self.token("root-token"), key_type)
        self.key("targets", self.token("targets-token"), targets_type)
        self.notary_repository()
        for tag in ("1.10", "1.9", "latest"):
            self.good("target", "add", self.gun, "--name", tag, "--length", 523, "--sha256", "ab" * 32)
        self.good("sign", self.gun)
        self.push()
        self.assertEqual(self.inspected(self.gun).count("ab" * 32), 3)
        self.same()
        for number in (2, 3, 4):
            self.good("key", "certify", "root", "--gun", self.gun, "--days", 4000 + number)
            self.good("renew", self.gun, "--role", "root")
            if number == 4:
                self.good("target", "remove", self.gun, "latest")
            self.good("sign", self.gun)
            self.push()
        self.assertEqual(self.inspected(self.gun).count("ab" * 32), 2)
        self.same()
        self.refuses_altered()

    def refuses_altered(self):
        good = self.lab.seen(self.gun)
        with notary_lab.Mirror(self.gun, notary_lab.names(good), self.lab.tls) as mirror:
            self.assertEqual(self.inspected(self.gun, server=mirror, config=self.folder / "control"),
                             self.inspected(self.gun))
        for role, names in notary_lab.altered(good):
            with notary_lab.Mirror(self.gun, names, self.lab.tls) as mirror:
                done = self.run_docker(mirror, self.folder / f"altered-{role}", "trust", "inspect", self.gun)
                self.assertNotEqual(done.returncode, 0, f"altered {role}: {done.stdout}")

    def test_what_the_client_of_notary_made(self):
        admin = self.client("admin")
        admin.good("init", self.gun)
        admin.good("addhash", self.gun, "1.0", 523, "--sha256", "ab" * 32)
        admin.good("publish", self.gun)
        admin.good("key", "rotate", self.gun, "snapshot", "-r")
        made = hand.Key(self.folder / "alice.key")
        public = self.write("alice.pub", hand.run("pkey", "-in", made.path, "-pubout"))
        for role in ("targets/releases", "targets/alice"):
            admin.good("delegation", "add", self.gun, role, public, "--all-paths")
        admin.good("publish", self.gun)
        secret = self.write("alice.pem", made.path.read_text().replace(
            "PRIVATE KEY-----\n", "PRIVATE KEY-----\nrole: targets/releases\n\n", 1))
        secret.chmod(0o600)
        alice = self.client("alice")
        alice.good("key", "import", secret, "--role", "targets/releases")
        alice.good("addhash", self.gun, "2.0", 523, "--sha256", "cd" * 32,
                   *("--roles", "targets/releases", "--roles", "targets/alice"))
        alice.good("publish", self.gun)
        self.assertIn("alice", self.inspected(self.gun))
        folder = self.pull(self.folder / "pulled")
        self.good("adopt", self.gun, folder, "--root", folder / "1.root.json")
        self.same()


def add_types():
    for key_type in story.KEY_TYPES:
        def judge(self, key_type=key_type):
            outcome = cells.ACCEPTS
            if key_type == "ed25519":
                self.judge("ecdsa-p256", key_type)
                outcome = "accepts, but not for root"
            else:
                self.judge(key_type, key_type)
            cells.saw(f"docker {self.version()}, trust inspect", "notary", key_type, outcome)
        setattr(Docker, f"test_a_repository_of_{key_type.replace('-', '_')}_keys", judge)


add_types()

if __name__ == "__main__":
    story.main()
