#include "flow/rehearse.h"

#include <stddef.h>

/* Words are joined to URIs and paths on purpose. NOLINTBEGIN(bugprone-suspicious-missing-comma) */
#define KEEP "-C", "@/keep"
#define TOKEN(label) "pkcs11:token=" label "?module-name=softhsm2"
#define MAKE_TOKEN(label)                                                   \
	"token", "softhsm", "@/tokens", "--label", label, "--new-pin-file", \
	    "@/pins/" label ".pin", "--so-pin-file", "@/pins/so.pin"
#define MAKE_KEY(name, label, holder)                                                             \
	KEEP, "key", "generate", name, "--token", TOKEN(label), "--holder", holder, "--pin-file", \
	    "@/pins/" label ".pin"
#define PIN_OF(label) "--pin-file", label "=@/pins/" label ".pin"
#define SIGN_WITH(label) KEEP, "sign", "demo", PIN_OF(label)
#define GUN "registry.example.com/demo"
#define DIGEST "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define CERTIFY(label) KEEP, "key", "certify", "root-" label, "--gun", GUN, PIN_OF(label)

const char *const rk_rehearse_holders[] = {"alice", "bob", "carol", "dora", "release", NULL};
const char *const rk_rehearse_artifacts[] = {"hello-1.0.txt", "hello-1.1.txt", NULL};
const char *const rk_rehearse_server_roles[] = {"snapshot", "timestamp", NULL};

const struct rk_rehearse_step rk_rehearse_story[] = {
    {"Tokens: three root holders, one for releases", "Alice's token, with a PIN of its own.",
	{MAKE_TOKEN("alice")}, 0},
    {NULL, "Bob's token.", {MAKE_TOKEN("bob")}, 0},
    {NULL, "Carol's token.", {MAKE_TOKEN("carol")}, 0},
    {NULL, "The token of the release desk.", {MAKE_TOKEN("release")}, 0},

    {"Keys: made on the tokens, and proved", "Alice's root key; the empty folder becomes a keep.",
	{MAKE_KEY("root-alice", "alice", "Alice <alice@example.com>")}, 0},
    {NULL, "Bob's root key.", {MAKE_KEY("root-bob", "bob", "Bob <bob@example.com>")}, 0},
    {NULL, "Carol's root key.", {MAKE_KEY("root-carol", "carol", "Carol <carol@example.com>")}, 0},
    {NULL, "The key that signs targets.",
	{MAKE_KEY("release", "release", "Release desk <release@example.com>")}, 0},
    {NULL, "Which keys there are.", {KEEP, "key", "list"}, 0},

    {"A repository: two of three root keys must sign", "Staged; nothing is signed yet.",
	{KEEP, "init", "demo", "--dialect", "tuf", "--root", "root-alice,root-bob,root-carol",
	    "--root-threshold", "2", "--targets", "release"},
	0},
    {NULL, "A first file to publish.",
	{KEEP, "target", "add", "demo", "@/artifacts/hello-1.0.txt", "--base", "@/artifacts"}, 0},
    {NULL, "Alice signs: one of two, so nothing is published yet (exit status 5).",
	{SIGN_WITH("alice"), "--no-input"}, 5},
    {NULL, "Bob and the release desk sign: now it is complete.",
	{SIGN_WITH("bob"), PIN_OF("release"), "--no-input"}, 0},
    {NULL, "Verified as a client would, from the anchor, with the file itself.",
	{KEEP, "verify", "demo", "--targets", "@/artifacts"}, 0},

    {"A release", "One more file.",
	{KEEP, "target", "add", "demo", "@/artifacts/hello-1.1.txt", "--base", "@/artifacts"}, 0},
    {NULL, "What will be signed, in words.", {KEEP, "diff", "demo"}, 0},
    {NULL, "The release desk signs alone: no root key is needed.",
	{SIGN_WITH("release"), "--no-input"}, 0},

    {"Carol leaves, Dora takes over", "Dora's token.", {MAKE_TOKEN("dora")}, 0},
    {NULL, "Dora's root key.", {MAKE_KEY("root-dora", "dora", "Dora <dora@example.com>")}, 0},
    {NULL, "A root that trusts Dora and no longer Carol, staged.",
	{KEEP, "role", "set", "demo", "root", "--add-key", "root-dora", "--remove-key",
	    "root-carol"},
	0},
    {NULL, "It needs two of the old root's keys and two of its own: Alice and Bob are both.",
	{SIGN_WITH("alice"), PIN_OF("bob"), "--no-input"}, 0},
    {NULL, "A client follows from root 1 to root 2.",
	{KEEP, "verify", "demo", "--targets", "@/artifacts"}, 0},

    {"Docker Content Trust: Notary's dialect, under root certificates",
	"Notary sees a root key as a certificate for the repository: Alice's is made on her token.",
	{CERTIFY("alice")}, 0},
    {NULL, "Bob's certificate, likewise.", {CERTIFY("bob")}, 0},
    {NULL,
	"Two of two root keys; the server's public keys were carried in. Here they are made up: no "
	"server is there.",
	{KEEP, "init", GUN, "--dialect", "notary", "--root", "root-alice,root-bob",
	    "--root-threshold", "2", "--targets", "release", "--snapshot", "@/server/snapshot.json",
	    "--timestamp", "@/server/timestamp.json"},
	0},
    {NULL, "A tag: the digest and the size of its manifest, as the registry says them.",
	{KEEP, "target", "add", GUN, "--name", "1.0", "--length", "523", "--sha256", DIGEST}, 0},
    {NULL, "Alice, Bob and the release desk sign.",
	{KEEP, "sign", GUN, PIN_OF("alice"), PIN_OF("bob"), PIN_OF("release"), "--no-input"}, 0},
    {NULL, "Verified as far as it is held: a server would add snapshot and timestamp.",
	{KEEP, "verify", GUN}, 0},
    {NULL, "What docker would show.", {KEEP, "inspect", "--pretty", GUN}, 0},

    {"A certificate is renewed: a root rotation", "Alice's next certificate, for twenty years.",
	{CERTIFY("alice"), "--days", "7300"}, 0},
    {NULL, "A root with the new certificate in the place of the old.",
	{KEEP, "renew", GUN, "--role", "root"}, 0},
    {NULL, "Both sign again; Alice's key signs for both of her certificates.",
	{KEEP, "sign", GUN, PIN_OF("alice"), PIN_OF("bob"), "--no-input"}, 0},
    {NULL, "A client follows from root 1 to root 2.", {KEEP, "verify", GUN}, 0},

    {"How it stands", "Versions, expiry, who has signed, where each key is.", {KEEP, "status"}, 0},
    {NULL, "The keep itself.", {KEEP, "check"}, 0},
    {NULL, "The journal, chained line to line.", {KEEP, "log", "verify"}, 0},
    {NULL, NULL, {NULL}, 0},
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
