"""Clients that are programs of ours around other people's libraries, and how each is used.

    client METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET

A client starts from what CACHE-FOLDER/metadata holds, or else from ROOT-FILE, refreshes, downloads
TARGET into CACHE-FOLDER/targets, and prints one line: `accepted root=N`, N being the version of the
root it trusts then, with status 0; or `refused REASON` with status 1. Another end is a failure of the
client and so of the test: a refusal is always the library's own.
"""
import functools
import pathlib
import re
import subprocess

import peer
import story

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 60


class Client:
    """`pin`: a file of its folder, and where that names the library's version. `reasons`: a pattern
    that a refusal matches, by what was done. `not_taken`: by key type, the same for what it takes
    none of. `make`: how it makes a repository, a file beside the program and words. `targets`: what
    it finds of the tests' targets."""

    def __init__(self, name, pin, **more):
        self.name = name
        self.over_http = more.get("over_http", True)
        self.reasons, self.not_taken = more.get("reasons", {}), more.get("not_taken", {})
        self.make = more.get("make")
        self.targets = more.get("targets", ("artifact.bin", "dir/nested.bin"))
        path, pattern = pin
        self.title = f"{name} {re.search(pattern, (HERE / name / path).read_text())[1]}"

    @functools.cached_property
    def program(self):
        """Its path; made if it is not there."""
        made = subprocess.run([HERE / "install.sh", self.name], capture_output=True, text=True, check=False)
        if made.returncode:
            print(made.stderr)
            story.missing(f"no client: {made.stderr.strip().splitlines()[-1]}")
        return pathlib.Path(made.stdout.strip())

    def run(self, site, cache, target, root=None):
        """(True, version of the trusted root) or (False, reason). Starts from root 1 if no other is
        given."""
        base = site.url if self.over_http else site.folder.as_uri()
        words = [self.program, f"{base}/metadata/", f"{base}/targets/",
                 root or site.folder / "metadata" / "1.root.json", cache, target]
        done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        verdict, _, rest = done.stdout.strip().partition(" ")
        if (done.returncode, verdict) not in ((0, "accepted"), (1, "refused")):
            raise AssertionError(f"{self.name} broke down with {done.returncode}:\n{done.stdout}{done.stderr}")
        return (True, int(rest.removeprefix("root="))) if verdict == "accepted" else (False, rest)

    def repository(self, folder):
        """One that the library makes itself."""
        subprocess.run([self.program.parent / self.make[0], *self.make[1:], folder], check=True, timeout=TIMEOUT)


CLIENTS = (
    Client("go-tuf", ("go.mod", r"go-tuf/v2 v(\S+)"), make=("client", "--make"),
           reasons={"rollback": "timestamp version 1 must be >= 2", "signature": "not enough signatures",
                    "content": "hash verification failed"}),
    Client("tough", ("Cargo.toml", r'tough = \{ version = "=([^"]+)"'), over_http=False,
           targets=("artifact.bin",),
           reasons={"rollback": "found version 1 of timestamp .* previously fetched version 2",
                    "signature": "signature threshold of 1 not met", "content": "hash mismatch"},
           not_taken={"ecdsa-p384": "failed to parse trusted root metadata"}),
    Client("tuf-js", ("package.json", r'"tuf-js": "([^"]+)"'), make=("repository.js",),
           reasons={"rollback": "version 1 is less than current version 2",
                    "signature": "was signed by 0/1 keys", "content": "expected hash"},
           not_taken={"ecdsa-p384": "root was signed by 0/1 keys"}),
)
