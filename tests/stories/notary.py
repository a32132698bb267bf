"""Repositories in Notary's dialect without a server: its keys are made here, and so are certificates.

A server's key is public JSON that somebody carried over; openssl makes what a server, or a person
with other tools, would have made.
"""
import base64
import hashlib
import json
import subprocess
import urllib.parse

import story

GUN = "registry.example.com:5000/admin/demo"


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, check=True, capture_output=True,
                          timeout=60).stdout


def server_key(kind="ed25519"):
    """A public key as a server gives it: members in its order."""
    if kind == "ed25519":
        private = openssl("genpkey", "-algorithm", "ed25519")
        public = openssl("pkey", "-pubout", "-outform", "DER", data=private)[-32:]
    else:
        private = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        public = openssl("pkey", "-pubout", "-outform", "DER", data=private)
    return {"keytype": kind, "keyval": {"public": base64.b64encode(public).decode(), "private": None}}


def key_id(key):
    return hashlib.sha256(story.canonical(key).encode()).hexdigest()


class NotaryStory(story.Story):
    gun = GUN

    def server_keys(self, **changed):
        """init's options for a server's keys; changed: a role's JSON or bytes instead."""
        words = []
        for role in ("snapshot", "timestamp"):
            words += [f"--{role}", self.write(f"{role}.key.json", changed.get(role, server_key()))]
        return words

    def init_words(self, *more, gun=None, roots=("root",), targets=("targets",), **changed):
        return ["init", self.gun if gun is None else gun, "--dialect", "notary", "--root", ",".join(roots),
                "--targets", ",".join(targets), *self.server_keys(**changed), *more]

    def two_keys(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))

    def notary_repository(self, *more, **options):
        """Keys root and targets on a token each, a repository that is signed."""
        self.two_keys()
        self.good(*self.init_words(*more, **options))
        self.good("sign", options.get("gun") or self.gun)

    def metadata(self, name=None, part="metadata"):
        return self.keep / "repos" / urllib.parse.quote(name or self.gun, safe="-._") / part

    def role(self, role, part="metadata"):
        return self.metadata(part=part) / f"{role}.json"

    def signed(self, role, name=None):
        return json.loads((self.metadata(name) / f"{role}.json").read_bytes())["signed"]

    # Certificates made with openssl

    def private_key(self, name="other", kind="EC"):
        path = self.folder / f"{name}.key"
        if kind == "EC":
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", path)
        else:
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{kind}", "-out", path)
        return path

    def certificate(self, key, name, start=None, end=None, authority=False, digest="sha256"):
        """start, end: like 20260101000000Z; a file with the PEM."""
        number = len(list(self.folder.glob("*.conf")))
        config, path = self.folder / f"{number}.conf", self.folder / f"{number}.crt"
        config.write_text(
            "[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=%s\n"
            "[ca]\ndefault_ca=it\n[it]\nnew_certs_dir=%s\ndatabase=%s.db\nserial=%s.serial\n"
            "policy=any\nx509_extensions=leaf\nunique_subject=no\n[any]\ncommonName=supplied\n"
            "[leaf]\nbasicConstraints=critical,CA:%s\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=codeSigning\n"
            % (name, self.folder, config, config, "TRUE" if authority else "FALSE"))
        (self.folder / f"{config}.db").write_text("")
        (self.folder / f"{config}.serial").write_text("01\n")
        request = self.folder / f"{number}.csr"
        openssl("req", "-new", "-key", key, "-config", config, "-out", request)
        openssl("ca", "-batch", "-selfsign", "-config", config, "-keyfile", key, "-in", request,
                "-startdate", start or "20200101000000Z", "-enddate", end or "20490101000000Z",
                "-md", digest, "-notext", "-out", path)
        return path
