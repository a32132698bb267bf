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
#define SIGN_WITH(label) KEEP, "sign", "demo", "--pin-file", label "=@/pins/" label ".pin"

const char *const rk_rehearse_holders[] = {"alice", "bob", "carol", "dora", "release", NULL};
const char *const rk_rehearse_artifacts[] = {"hello-1.0.txt", "hello-1.1.txt", NULL};

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
	{SIGN_WITH("bob"), "--pin-file", "release=@/pins/release.pin", "--no-input"}, 0},
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
	{SIGN_WITH("alice"), "--pin-file", "bob=@/pins/bob.pin", "--no-input"}, 0},
    {NULL, "A client follows from root 1 to root 2.",
	{KEEP, "verify", "demo", "--targets", "@/artifacts"}, 0},

    {"How it stands", "Versions, expiry, who has signed, where each key is.", {KEEP, "status"}, 0},
    {NULL, "The keep itself.", {KEEP, "check"}, 0},
    {NULL, "The journal, chained line to line.", {KEEP, "log", "verify"}, 0},
    {NULL, NULL, {NULL}, 0},
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */
