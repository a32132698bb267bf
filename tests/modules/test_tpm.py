"""The suite of every module, on a TPM: swtpm behind tpm2-abrmd, through tpm2-pkcs11.

A job of its own, with its own packages (group tpm of scripts/packages). The module itself is not
installed but unpacked, by scripts/tpm-module: installed it would be p11-kit's for every program of
the machine, and complain to each of them that there is no TPM.
"""
import glob
import os
import pathlib
import re
import subprocess
import sys

import modules
import page
import story
import suite
import yubikey

MACHINE = pathlib.Path(__file__).resolve().with_name("tpm_machine.py")
PACKAGE = "libtpm2-pkcs11-1"


def cache():
    return pathlib.Path(os.environ.get("ROOTKEEP_CACHE") or pathlib.Path.home() / ".cache" / "rootkeep")


def library():
    """Installed, or unpacked into the cache."""
    for root in ("", cache() / "tpm2-pkcs11"):
        found = sorted(glob.glob(f"{root}/usr/lib/*/libtpm2_pkcs11.so.1*"))
        if found:
            return found[-1]
    return story.missing(f"no {PACKAGE}: scripts/tpm-module fetches it")


class Tpm(modules.Module):
    TABLE, name = "tpm", "tpm2"

    @classmethod
    def title(cls):
        number = re.search(r"\.so\.(\d+(\.\d+)*)$", os.path.realpath(library()))[1]
        return f"tpm2-pkcs11 {number}, swtpm {modules.package('swtpm')}"

    def tokens(self):
        test = self.test
        self.need()
        self.start(test.folder / "tpm")
        self.path = library()
        self.configure(self.name, self.path)
        return [self.new(label) for label in ("first", "second")]

    @staticmethod
    def need():
        story.need("swtpm", "tpm2-abrmd", "dbus-daemon", "dbus-send", "unshare")

    def start(self, folder):
        test = self.test
        folder.mkdir(mode=0o700)
        (folder / "store").mkdir(mode=0o700)
        process = subprocess.Popen([*yubikey.namespaces("n")[:2], sys.executable, "-B", MACHINE, folder],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addCleanup(self.stop, process)
        if process.stdout.readline() != b"started\n":
            raise AssertionError("".join(path.read_text() for path in folder.glob("*.log")))
        test.env.update(DBUS_SESSION_BUS_ADDRESS=f"unix:path={folder / 'bus'}",
                        TPM2_PKCS11_TCTI="tabrmd:bus_type=session",
                        TPM2_PKCS11_STORE=str(folder / "store"))

    @staticmethod
    def stop(process):
        process.stdin.close()
        process.wait(20)
        process.stdout.close()

    def new(self, label):
        test = self.test
        pin_file = test.secret_file(f"{label}.pin", f"pin-{label}")
        token = story.Token(label, f"pkcs11:token={label}?module-name={self.name}", f"pin-{label}",
                            f"so-{label}", pin_file)
        self.init(label, pin_file).done()
        test.tokens.append(token)
        return token

    def init(self, label, pin_file):
        test = self.test
        return test.rk("token", "init", f"pkcs11:token=?module-name={self.name}", "--label", label,
                       "--new-pin-file", pin_file, "--so-pin-file",
                       test.secret_file(f"{label}.so", f"so-{label}"), pins=[])

    def initialise(self, token):
        return self.init("third", token.pin_file)

    def foreign(self, token):
        test = self.test
        subprocess.run(["pkcs11-tool", "--module", self.path, "--token-label", token.label, "--login",
                        "--pin", token.pin, "--keypairgen", "--key-type", "EC:prime256v1", "--label",
                        "theirs", "--id", "07"], env=test.env, check=True, capture_output=True,
                       timeout=story.TIMEOUT)
        return token.key_uri("theirs")


class Stories(suite.Suite):
    MODULE = Tpm


class Page(story.Story):
    def test_the_commands_of_the_page(self):
        module = Tpm(self)
        module.need()
        module.start(self.folder / "tpm")
        module.configure("tpm2_pkcs11", library())
        page.run(self, "A TPM")


if __name__ == "__main__":
    sys.exit(story.main())
