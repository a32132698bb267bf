"""udev's rules: what is committed is what the list makes, every rule is well-formed, and each device
of the list, and no other, may be used by the seated user and the group. udev is asked too."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "stories"))

import unittest

import story

UDEV = story.SOURCE / "udev"
RULES = UDEV / "70-rootkeep.rules"
SCRIPT = story.SOURCE / "scripts" / "udev-rules"
PART = re.compile(r'\s*([A-Z_]+)(?:\{([^}"]+)\})?(==|!=|\+=|=)"([^"$%\\]*)"\s*(?:,|$)')
# What our rules may use, and how: a typing error is a key that udev does not know.
MATCHES = {"ACTION", "SUBSYSTEM", "ENV", "ATTR"}
ASSIGNS = {"ENV": "=", "TAG": "+=", "GROUP": "=", "MODE": "=", "GOTO": "=", "LABEL": "="}
NEEDS_NAME = {"ENV", "ATTR"}


class Malformed(Exception):
    pass


def parse_rule(line):
    parts, end = [], 0
    while end < len(line):
        match = PART.match(line, end)
        if not match:
            raise Malformed(f"not a rule from column {end + 1}: {line}")
        parts.append(match.groups())
        end = match.end()
    for key, name, operator, _ in parts:
        known = key in MATCHES if operator in ("==", "!=") else ASSIGNS.get(key) == operator
        if not known or bool(name) != (key in NEEDS_NAME):
            raise Malformed(f"{key} {operator} is nothing that a rule of ours has: {line}")
    return parts


def parse(text):
    """Rules as lists of (key, name, operator, value); every GOTO leads forward to a LABEL."""
    rules = [parse_rule(line) for line in text.splitlines() if line and not line.startswith("#")]
    waiting = set()
    for rule in rules:
        for key, _, _, value in rule:
            if key == "GOTO":
                waiting.add(value)
            elif key == "LABEL":
                waiting.discard(value)
    if waiting:
        raise Malformed(f"no label after: {waiting}")
    return rules


def fits(value, pattern):
    return any(re.fullmatch(re.escape(one).replace(r"\?", ".").replace(r"\*", ".*"), value)
               for one in pattern.split("|"))


def result(rules, device):
    """What udev would do for a device: a small evaluator of the keys above."""
    env, done, skip = dict(device.get("ENV", {})), {"TAG": []}, None
    for rule in rules:
        if skip and ("LABEL", None, "=", skip) not in rule:
            continue
        skip = None
        values = {"ENV": env, "ATTR": device.get("ATTR", {})}
        for key, name, operator, value in rule:
            if operator in ("==", "!="):
                seen = values[key].get(name, "") if name else device[key]
                if fits(seen, value) != (operator == "=="):
                    break
            elif key == "GOTO":
                skip = value
            elif key == "ENV":
                env[name] = value
            elif key == "TAG":
                done["TAG"].append(value)
            else:
                done[key] = value
    return done


def usb(vendor, product, **changed):
    return {"ACTION": "add", "SUBSYSTEM": "usb", "ENV": {"DEVTYPE": "usb_device"},
            "ATTR": {"idVendor": vendor, "idProduct": product}, **changed}


def listed():
    for line in (UDEV / "devices.txt").read_text().splitlines():
        match = re.match(r"([0-9a-f]{4}) ([0-9a-f]{4}) ", line)
        if match:
            yield match.groups()


class Rules(unittest.TestCase):
    def setUp(self):
        self.rules = parse(RULES.read_text())

    def test_what_is_committed_is_what_the_list_makes(self):
        made = subprocess.run([SCRIPT], check=True, capture_output=True, text=True).stdout
        self.assertEqual(made, RULES.read_text(), "scripts/udev-rules >udev/70-rootkeep.rules")

    def test_each_device_of_the_list_may_be_used(self):
        devices = list(listed())
        self.assertGreater(len(devices), 50)
        for vendor, product in devices:
            done = result(self.rules, usb(vendor, product))
            self.assertEqual(done["TAG"], ["uaccess"], (vendor, product))
            self.assertEqual((done["GROUP"], done["MODE"]), ("plugdev", "0660"))

    def test_the_ones_that_people_ask_for_are_there(self):
        devices = set(listed())
        for name, ids in {"YubiKey 5": ("1050", "0407"), "Nitrokey HSM": ("20a0", "4230"),
                          "Nitrokey 3": ("20a0", "42b2"), "Nitrokey Pro": ("20a0", "4108"),
                          "SmartCard-HSM": ("04e6", "5816"), "ePass2003": ("096e", "0807")}.items():
            self.assertIn(ids, devices, name)

    def test_nothing_else_may_be_used(self):
        vendor, product = next(listed())
        for device in (usb(vendor, "ffff"), usb("ffff", product), usb(vendor, product, ACTION="remove"),
                       usb(vendor, product, SUBSYSTEM="hidraw"),
                       usb(vendor, product, ENV={"DEVTYPE": "usb_interface"})):
            done = result(self.rules, device)
            self.assertNotIn("GROUP", done, device)
            self.assertEqual(done["TAG"], [], device)

    def test_the_tag_comes_before_the_file_that_heeds_it(self):
        self.assertLess(RULES.name, "73-seat-late.rules")


class Judge(unittest.TestCase):
    """That the parser and the maker can say no."""

    def test_a_malformed_rule_is_one(self):
        for line in ('ATTR{idVendor}="1050"', 'ATTRS{idVendor}=="1050"', 'ATTR=="1050"', 'TAG=="uaccess"',
                     'TAG+="uaccess" GROUP="plugdev', 'MODE="0660",, GROUP="x"', 'GOTO="nowhere"',
                     'RUN+="/bin/true"', "uaccess"):
            with self.assertRaises(Malformed, msg=line):
                parse(line)

    def test_a_malformed_list_makes_no_rules(self):
        for line in ("1050 0407 ccid Again\n1050 0407 ccid Again", "1050 407 ccid Short",
                     "1050 0407 unknown Source", '1050 0407 ccid A "quote"', "1050 0407 ccid"):
            done = subprocess.run([SCRIPT, "/dev/stdin"], input=f"source ccid  x\n{line}\n",
                                  capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""), line)
            self.assertIn("is no device", done.stderr)


class Udev(unittest.TestCase):
    """udevadm reads the file, alone, in a mount namespace of its own."""

    def setUp(self):
        story.need("udevadm", "unshare")
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def told(self, text):
        """What udevadm says about a rules' file."""
        path = self.folder / RULES.name
        path.write_text(text)
        verify = subprocess.run(["udevadm", "verify", path], capture_output=True, text=True, check=False)
        if "Unknown command verb" not in verify.stderr:
            return [line for line in (verify.stdout + verify.stderr).splitlines() if f"{path}:" in line]
        script = ('mount -t tmpfs none /run && mkdir /run/udev && mount --bind "$0" /usr/lib/udev/rules.d &&'
                  ' if [ -d /etc/udev/rules.d ]; then mount -t tmpfs none /etc/udev/rules.d; fi &&'
                  ' exec udevadm test /sys/devices/virtual/mem/null')
        done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, self.folder],
                              capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if f"Reading rules file: /usr/lib/udev/rules.d/{RULES.name}" not in said:
            story.missing(f"udevadm has no 'verify', and its 'test' needs root and mounts: {said[-300:]}")
        return [line for line in said.splitlines() if f"{RULES.name}:" in line]

    def test_udev_has_nothing_to_say(self):
        self.assertEqual(self.told(RULES.read_text()), [])

    def test_and_it_would(self):
        self.assertNotEqual(self.told(RULES.read_text().replace("TAG+=", "TOG+=")), [])


if __name__ == "__main__":
    story.main()
