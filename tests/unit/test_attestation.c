#include "support/attest_maker.h"
#include "support/spec.h"

#include "x509/attestation.h"

#include <string.h>

#define UNIT_EXTRAS_MAX 8

/* One chain, and what is believed. */
struct scene {
	struct rk_attest_maker maker;
	struct rk_cert_maker root, upper, lower, f9, leaf;
	bool deep; /* f9 below the intermediates */
	bool no_root; /* pinned */
	rk_buf der[2]; /* leaf, f9 */
	rk_attestation_pins *pins;
	rk_attestation *verdict;
};

static struct scene
scene_with(bool deep)
{
	struct scene scene = {.maker = rk_attest_maker_new(), .deep = deep};

	scene.root = rk_attest_maker_root(&scene.maker);
	scene.upper = rk_attest_maker_upper(&scene.maker);
	scene.lower = rk_attest_maker_lower(&scene.maker);
	scene.f9 = rk_attest_maker_f9(&scene.maker, deep);
	scene.leaf = rk_attest_maker_leaf(&scene.maker);
	return scene;
}

static void
scene_clear(struct scene *scene)
{
	rk_attest_maker_clear(&scene->maker);
	rk_buf_clear(&scene->der[0]);
	rk_buf_clear(&scene->der[1]);
	rk_attestation_pins_free(scene->pins);
	rk_attestation_free(scene->verdict);
}
#define AUTO_SCENE __attribute__((cleanup(scene_clear))) struct scene

static void
pin(struct scene *scene, const struct rk_cert_maker *maker)
{
	RK_AUTO_BUF(pem);

	rk_cert_maker_pem(maker, &pem);
	assert_ok(rk_attestation_pins_add(scene->pins, pem.data, pem.len, "pin"));
}

static rk_error *
judge(struct scene *scene)
{
	struct rk_attestation_der leaf, f9;

	rk_buf_clear(&scene->der[0]);
	rk_buf_clear(&scene->der[1]);
	rk_cert_maker_der(&scene->leaf, &scene->der[0]);
	rk_cert_maker_der(&scene->f9, &scene->der[1]);
	rk_attestation_pins_free(scene->pins);
	scene->pins = NULL;
	assert_ok(rk_attestation_pins_new(false, &scene->pins));
	if (scene->deep) {
		pin(scene, &scene->lower);
		pin(scene, &scene->upper);
	}
	if (!scene->no_root)
		pin(scene, &scene->root);
	leaf = (struct rk_attestation_der){(uint8_t *)scene->der[0].data, scene->der[0].len};
	f9 = (struct rk_attestation_der){(uint8_t *)scene->der[1].data, scene->der[1].len};
	rk_attestation_free(scene->verdict);
	scene->verdict = NULL;
	return rk_attestation_verify(scene->pins, &leaf, &f9, &scene->verdict);
}

static void
a_device_below_a_root_is_believed(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(scene.maker.slot);

	(void)state;
	assert_ok(judge(&scene));
	assert_string_equal(scene.verdict->root, RK_ATTEST_ROOT);
	assert_int_equal(strlen(scene.verdict->root_sha256), 64);
	assert_false(scene.verdict->given);
	assert_true(rk_pubkey_equal(scene.verdict->pubkey, pubkey));
	assert_int_equal(scene.verdict->slot, 0x9c);
	assert_memory_equal(scene.verdict->firmware, "\x05\x07\x01", 3);
	assert_true(scene.verdict->has_serial);
	assert_int_equal(scene.verdict->serial, 15938791);
	assert_int_equal(scene.verdict->pin, RK_ATTESTATION_PIN_ALWAYS);
	assert_int_equal(scene.verdict->touch, RK_ATTESTATION_TOUCH_ALWAYS);
	assert_string_equal(rk_attestation_form_name(scene.verdict->form), "usb-c-keychain");
	assert_false(scene.verdict->fips);
}

static void
a_device_below_pinned_intermediates_is_believed(void **state)
{
	AUTO_SCENE scene = scene_with(true);

	(void)state;
	assert_ok(judge(&scene));
	assert_string_equal(scene.verdict->root, RK_ATTEST_ROOT);
}

static void
an_older_f9_that_says_nothing_of_being_an_authority_is_believed(void **state)
{
	AUTO_SCENE scene = scene_with(false);

	(void)state;
	scene.f9.constraints = "";
	scene.root.constraints = "CA:TRUE,pathlen:0";
	assert_ok(judge(&scene));
}

static void
dates_are_not_looked_at(void **state)
{
	AUTO_SCENE scene = scene_with(true);

	(void)state;
	scene.leaf.not_before = scene.f9.not_before = RK_CERT_NOW - 20;
	scene.leaf.not_after = scene.f9.not_after = RK_CERT_NOW - 10;
	scene.lower.not_before = RK_CERT_NOW + INT64_C(1000000000);
	scene.lower.not_after = RK_CERT_NOW + INT64_C(1000000001);
	assert_ok(judge(&scene));
}

static void
a_root_given_for_the_run_labels_the_verdict(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	struct rk_attestation_der leaf, f9;
	RK_AUTO(rk_attestation_pins) given = NULL;
	RK_AUTO(rk_attestation) verdict = NULL;
	RK_AUTO_BUF(der);

	(void)state;
	assert_ok(judge(&scene));
	assert_ok(rk_attestation_pins_new(true, &given));
	rk_cert_maker_der(&scene.root, &der);
	assert_ok(rk_attestation_pins_add(given, der.data, der.len, "root.der"));
	leaf = (struct rk_attestation_der){(uint8_t *)scene.der[0].data, scene.der[0].len};
	f9 = (struct rk_attestation_der){(uint8_t *)scene.der[1].data, scene.der[1].len};
	assert_ok(rk_attestation_verify(given, &leaf, &f9, &verdict));
	assert_true(verdict->given);
	assert_true(rk_attestation_pins_are_given(given));
	assert_int_equal(rk_attestation_pins_count(given), 1);
}

/* Forged ones. */

/* A genuine key in 9c signs a certificate for a key outside, and its own attestation, which is
 * genuine too, stands in f9's place. */
static void
the_key_of_a_slot_is_no_issuer_however_genuine(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	EVP_PKEY *outside = rk_soft_key_new(RK_KEY_ECDSA_P256);
	struct rk_cert_maker genuine;
	RK_AUTO(rk_error) err = NULL;

	(void)state;
	genuine = scene.leaf;
	scene.leaf.pair = outside;
	scene.leaf.signer = scene.maker.slot;
	scene.leaf.issuer = RK_ATTEST_SLOT;
	scene.f9 = genuine;
	err = judge(&scene);
	assert_int_equal(rk_error_code(err), RK_E_UNTRUSTED);
	assert_non_null(strstr(rk_error_message(err), "the key of a slot"));
	EVP_PKEY_free(outside);
}

static void
the_key_of_a_slot_is_no_issuer_even_below_a_pinned_ca(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	static const char *const marks[] = {RK_ATTEST_ARC ".8", RK_ATTEST_ARC ".9"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rk_cert_extra extras[] = {
		    {marks[i], "\x01\x01", i == 0 ? 2 : 1, false}, {NULL, NULL, 0, false}};

		scene.f9.extras = extras;
		assert_error(judge(&scene), RK_E_UNTRUSTED);
	}
}

static void
a_leaf_of_another_f9_is_refused(void **state)
{
	AUTO_SCENE scene = scene_with(false);

	(void)state;
	scene.leaf.signer = scene.maker.upper;
	assert_error(judge(&scene), RK_E_UNTRUSTED);
	scene.leaf.signer = scene.maker.f9;
	scene.leaf.issuer = "somebody else";
	assert_error(judge(&scene), RK_E_UNTRUSTED);
}

static void
a_device_of_a_stranger_is_refused(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	AUTO_SCENE unpinned = scene_with(false);

	(void)state;
	scene.f9.signer = scene.maker.upper; /* under the root's name */
	assert_error(judge(&scene), RK_E_UNTRUSTED);
	scene.f9.issuer = "Stranger";
	assert_error(judge(&scene), RK_E_UNTRUSTED);
	unpinned.no_root = true;
	assert_error(judge(&unpinned), RK_E_UNTRUSTED);
}

static void
an_intermediate_without_its_root_is_no_anchor(void **state)
{
	AUTO_SCENE scene = scene_with(true);

	(void)state;
	scene.no_root = true;
	assert_error(judge(&scene), RK_E_UNTRUSTED);
}

static void
an_f9_that_issued_itself_is_refused(void **state)
{
	AUTO_SCENE scene = scene_with(false);

	(void)state;
	scene.f9 = scene.root;
	scene.leaf.signer = scene.maker.root;
	scene.leaf.issuer = RK_ATTEST_ROOT;
	assert_error(judge(&scene), RK_E_UNTRUSTED);
}

static void
a_pinned_intermediate_is_no_f9(void **state)
{
	AUTO_SCENE scene = scene_with(true);

	(void)state;
	/* What this one signs is the same each time. */
	EVP_PKEY_free(scene.maker.upper);
	scene.maker.upper = rk_soft_key_new(RK_KEY_ED25519);
	scene.upper = rk_attest_maker_upper(&scene.maker);
	scene.lower = rk_attest_maker_lower(&scene.maker);
	scene.f9 = scene.lower;
	scene.leaf.signer = scene.maker.lower;
	scene.leaf.issuer = RK_ATTEST_LOWER;
	assert_error(judge(&scene), RK_E_UNTRUSTED);
}

static void
what_basic_constraints_forbid_is_refused(void **state)
{
	AUTO_SCENE no_authority = scene_with(false);
	AUTO_SCENE leaf = scene_with(false);
	AUTO_SCENE path = scene_with(false);
	AUTO_SCENE deep = scene_with(true);

	(void)state;
	no_authority.f9.constraints = "critical,CA:FALSE";
	assert_error(judge(&no_authority), RK_E_UNTRUSTED);
	leaf.leaf.constraints = "critical,CA:TRUE";
	assert_error(judge(&leaf), RK_E_UNTRUSTED);
	path.root.constraints = "CA:TRUE,pathlen:0";
	assert_error(judge(&path), RK_E_UNTRUSTED);
	deep.upper.constraints = "critical,CA:TRUE,pathlen:1";
	assert_error(judge(&deep), RK_E_UNTRUSTED);
}

static void
a_weak_signature_is_refused(void **state)
{
	AUTO_SCENE leaf = scene_with(false);
	AUTO_SCENE f9 = scene_with(false);

	(void)state;
	leaf.leaf.hash = "SHA1";
	assert_error(judge(&leaf), RK_E_UNTRUSTED);
	f9.f9.hash = "SHA1";
	assert_error(judge(&f9), RK_E_UNTRUSTED);
}

static void
one_turned_bit_is_refused(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	struct rk_attestation_der leaf, f9;

	(void)state;
	assert_ok(judge(&scene));
	leaf = (struct rk_attestation_der){(uint8_t *)scene.der[0].data, scene.der[0].len};
	f9 = (struct rk_attestation_der){(uint8_t *)scene.der[1].data, scene.der[1].len};
	for (size_t i = 0; i < scene.der[0].len; i += 3) {
		RK_AUTO(rk_attestation) verdict = NULL;
		rk_error *err;

		scene.der[0].data[i] ^= 1;
		err = rk_attestation_verify(scene.pins, &leaf, &f9, &verdict);
		assert_non_null(err);
		rk_error_free(err);
		scene.der[0].data[i] ^= 1;
	}
}

/* The leaf's own words. */

static rk_error *
read_with(const struct rk_cert_extra *extras, const char *name, rk_attestation **ret_attestation)
{
	AUTO_SCENE scene = scene_with(false);
	struct rk_attestation_der leaf;

	scene.leaf.extras = extras;
	if (name)
		scene.leaf.name = name;
	rk_cert_maker_der(&scene.leaf, &scene.der[0]);
	leaf = (struct rk_attestation_der){(uint8_t *)scene.der[0].data, scene.der[0].len};
	return rk_attestation_read(&leaf, ret_attestation);
}

/* With one extension in place of the usual one, or more. */
static rk_error *
read_changed(struct rk_cert_extra change, rk_attestation **ret_attestation)
{
	struct rk_cert_extra extras[UNIT_EXTRAS_MAX] = {
	    {RK_ATTEST_ARC ".3", "\x05\x07\x01", 3, false},
	    {RK_ATTEST_ARC ".8", "\x03\x02", 2, false},
	};
	size_t count = 2;

	for (size_t i = 0; i < 2; i++)
		if (!strcmp(extras[i].oid, change.oid))
			count = i;
	if (count == 2)
		extras[count] = change;
	else
		extras[count] =
		    change.bytes ? change : (struct rk_cert_extra){"1.2.3", "", 0, false};
	return read_with(extras, NULL, ret_attestation);
}

static void
what_older_devices_leave_out_may_be_missing(void **state)
{
	static const struct rk_cert_extra few[] = {{RK_ATTEST_ARC ".3", "\x04\x03\x05", 3, false},
	    {RK_ATTEST_ARC ".8", "\x02\x03", 2, false}, {NULL, NULL, 0, false}};
	RK_AUTO(rk_attestation) attestation = NULL;

	(void)state;
	assert_ok(read_with(few, "YubiKey PIV Attestation 82", &attestation));
	assert_int_equal(attestation->slot, 0x82);
	assert_false(attestation->has_serial);
	assert_int_equal(attestation->form, 0);
	assert_null(rk_attestation_form_name(attestation->form));
	assert_string_equal(rk_attestation_pin_name(attestation->pin), "once");
	assert_string_equal(rk_attestation_touch_name(attestation->touch), "cached");
	assert_null(attestation->root);
}

static void
firmware_and_policy_must_be_there(void **state)
{
	RK_AUTO(rk_attestation) attestation = NULL;

	(void)state;
	assert_error(
	    read_changed((struct rk_cert_extra){RK_ATTEST_ARC ".3", NULL, 0, false}, &attestation),
	    RK_E_MALFORMED);
	assert_error(
	    read_changed((struct rk_cert_extra){RK_ATTEST_ARC ".8", NULL, 0, false}, &attestation),
	    RK_E_MALFORMED);
	assert_null(attestation);
}

static void
a_value_of_another_size_is_malformed(void **state)
{
	static const struct rk_cert_extra wrong[] = {
	    {RK_ATTEST_ARC ".3", "\x05\x07", 2, false},
	    {RK_ATTEST_ARC ".3", "\x04\x03\x05\x07\x01", 5, false},
	    {RK_ATTEST_ARC ".8", "\x03\x02\x01", 3, false},
	    {RK_ATTEST_ARC ".9", "", 0, false},
	    {RK_ATTEST_ARC ".9", "\x03\x03", 2, false},
	    {RK_ATTEST_ARC ".7", "\x02\x00", 2, false},
	    {RK_ATTEST_ARC ".7", "\x02\x05\x00\x01", 4, false},
	    {RK_ATTEST_ARC ".7", "\x04\x02\x00\x01", 4, false},
	    {RK_ATTEST_ARC ".7", "\x02\x05\x01\x00\x00\x00\x00", 7, false},
	    {RK_ATTEST_ARC ".7", "\x02\x06\x00\x00\x00\x00\x00\x01", 8, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		RK_AUTO(rk_attestation) attestation = NULL;

		assert_error(read_changed(wrong[i], &attestation), RK_E_MALFORMED);
	}
}

static void
a_serial_with_its_high_bit_set_is_no_negative_number(void **state)
{
	RK_AUTO(rk_attestation) four = NULL;
	RK_AUTO(rk_attestation) five = NULL;

	(void)state;
	assert_ok(read_changed(
	    (struct rk_cert_extra){RK_ATTEST_ARC ".7", "\x02\x04\xff\x00\x00\x01", 6, false},
	    &four));
	assert_int_equal(four->serial, 0xff000001u);
	assert_ok(read_changed(
	    (struct rk_cert_extra){RK_ATTEST_ARC ".7", "\x02\x05\x00\xff\x00\x00\x01", 7, false},
	    &five));
	assert_int_equal(five->serial, 0xff000001u);
}

static void
fips_is_told_by_the_form_or_by_a_mark_of_leaf_or_f9(void **state)
{
	static const struct rk_cert_extra marked[] = {
	    {RK_ATTEST_ARC ".10", "\x02\x01\x07", 3, false},
	    {RK_ATTEST_ARC ".11", "\x02\x01\x01", 3, false}, {NULL, NULL, 0, false}};
	RK_AUTO(rk_attestation) form = NULL;
	RK_AUTO(rk_attestation) mark = NULL;
	AUTO_SCENE scene = scene_with(false);

	(void)state;
	assert_ok(
	    read_changed((struct rk_cert_extra){RK_ATTEST_ARC ".9", "\x83", 1, false}, &form));
	assert_true(form->fips);
	assert_int_equal(form->form, 3);
	assert_ok(read_changed(
	    (struct rk_cert_extra){RK_ATTEST_ARC ".10", "\x02\x01\x07", 3, false}, &mark));
	assert_true(mark->fips);
	scene.f9.extras = marked;
	assert_ok(judge(&scene));
	assert_true(scene.verdict->fips);
	assert_true(scene.verdict->cspn);
}

static void
an_extension_that_is_there_twice_is_malformed(void **state)
{
	static const struct rk_cert_extra twice[] = {{RK_ATTEST_ARC ".3", "\x05\x07\x01", 3, false},
	    {RK_ATTEST_ARC ".8", "\x03\x02", 2, false}, {RK_ATTEST_ARC ".8", "\x01\x01", 2, false},
	    {NULL, NULL, 0, false}};
	RK_AUTO(rk_attestation) attestation = NULL;

	(void)state;
	assert_error(read_with(twice, NULL, &attestation), RK_E_MALFORMED);
}

static void
an_unknown_critical_extension_is_malformed(void **state)
{
	static const struct rk_cert_extra critical[] = {
	    {RK_ATTEST_ARC ".3", "\x05\x07\x01", 3, false},
	    {RK_ATTEST_ARC ".8", "\x03\x02", 2, false}, {"1.2.3.4", "\x05\x00", 2, true},
	    {NULL, NULL, 0, false}};
	AUTO_SCENE scene = scene_with(false);

	(void)state;
	scene.leaf.extras = critical;
	assert_error(judge(&scene), RK_E_MALFORMED);
}

static void
a_subject_that_names_no_slot_is_malformed(void **state)
{
	static const char *const names[] = {"YubiKey PIV Attestation", "YubiKey PIV Attestation ",
	    "YubiKey PIV Attestation 9", "YubiKey PIV Attestation 9cc",
	    "YubiKey PIV Attestation zz", "root-alice"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		RK_AUTO(rk_attestation) attestation = NULL;

		assert_error(read_with(rk_attest_maker_leaf(&(struct rk_attest_maker){0}).extras,
				 names[i], &attestation),
		    RK_E_MALFORMED);
	}
}

static void
bytes_that_are_no_certificate_are_malformed(void **state)
{
	uint8_t large[RK_ATTESTATION_MAX + 1] = {0x30};
	const struct rk_attestation_der none = {(const uint8_t *)"", 0};
	const struct rk_attestation_der text = {(const uint8_t *)"certificate", 11};
	const struct rk_attestation_der much = {large, sizeof(large)};
	AUTO_SCENE scene = scene_with(false);
	struct rk_attestation_der longer;
	RK_AUTO(rk_attestation) attestation = NULL;

	(void)state;
	assert_error(rk_attestation_read(&none, &attestation), RK_E_MALFORMED);
	assert_error(rk_attestation_read(&text, &attestation), RK_E_MALFORMED);
	assert_error(rk_attestation_read(&much, &attestation), RK_E_LIMIT);
	rk_cert_maker_der(&scene.leaf, &scene.der[0]);
	rk_buf_byte(&scene.der[0], 0);
	longer = (struct rk_attestation_der){(uint8_t *)scene.der[0].data, scene.der[0].len};
	assert_error(rk_attestation_read(&longer, &attestation), RK_E_MALFORMED);
}

/* Finding them among what a token shows. */

static void
the_attestation_of_a_key_is_found_among_others(void **state)
{
	AUTO_SCENE scene = scene_with(false);
	EVP_PKEY *other = rk_soft_key_new(RK_KEY_ECDSA_P256);
	RK_AUTO(rk_pubkey) pubkey = rk_soft_key_public(scene.maker.slot);
	RK_AUTO(rk_pubkey) stranger = rk_soft_key_public(scene.maker.upper);
	struct rk_attestation_found found;
	struct rk_attestation_der list[5];
	rk_buf der[4] = {{0}};

	(void)state;
	rk_cert_maker_der(
	    &(struct rk_cert_maker){.pair = scene.maker.slot, .name = "root"}, &der[0]);
	rk_cert_maker_der(&scene.f9, &der[1]);
	rk_cert_maker_der(&scene.leaf, &der[3]);
	scene.leaf.pair = other;
	rk_cert_maker_der(&scene.leaf, &der[2]);
	for (size_t i = 0; i < 4; i++)
		list[i] = (struct rk_attestation_der){(uint8_t *)der[i].data, der[i].len};
	list[4] = (struct rk_attestation_der){(const uint8_t *)"?", 1};
	assert_ok(rk_attestation_find(list, 5, pubkey, &found));
	assert_int_equal(found.leaf, 3);
	assert_int_equal(found.f9, 1);
	assert_ok(rk_attestation_find(list, 5, stranger, &found));
	assert_int_equal(found.leaf, 5);
	assert_true(found.any);
	assert_ok(rk_attestation_find(&list[3], 1, pubkey, &found));
	assert_int_equal(found.leaf, 0);
	assert_int_equal(found.f9, 1);
	assert_ok(rk_attestation_find(list, 2, pubkey, &found));
	assert_int_equal(found.leaf, 2);
	assert_false(found.any);
	for (size_t i = 0; i < 4; i++)
		rk_buf_clear(&der[i]);
	EVP_PKEY_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    spec(a_device_below_a_root_is_believed),
	    spec(a_device_below_pinned_intermediates_is_believed),
	    spec(an_older_f9_that_says_nothing_of_being_an_authority_is_believed),
	    spec(dates_are_not_looked_at),
	    spec(a_root_given_for_the_run_labels_the_verdict),
	    spec(the_key_of_a_slot_is_no_issuer_however_genuine),
	    spec(the_key_of_a_slot_is_no_issuer_even_below_a_pinned_ca),
	    spec(a_leaf_of_another_f9_is_refused),
	    spec(a_device_of_a_stranger_is_refused),
	    spec(an_intermediate_without_its_root_is_no_anchor),
	    spec(an_f9_that_issued_itself_is_refused),
	    spec(a_pinned_intermediate_is_no_f9),
	    spec(what_basic_constraints_forbid_is_refused),
	    spec(a_weak_signature_is_refused),
	    spec(one_turned_bit_is_refused),
	    spec(what_older_devices_leave_out_may_be_missing),
	    spec(firmware_and_policy_must_be_there),
	    spec(a_value_of_another_size_is_malformed),
	    spec(a_serial_with_its_high_bit_set_is_no_negative_number),
	    spec(fips_is_told_by_the_form_or_by_a_mark_of_leaf_or_f9),
	    spec(an_extension_that_is_there_twice_is_malformed),
	    spec(an_unknown_critical_extension_is_malformed),
	    spec(a_subject_that_names_no_slot_is_malformed),
	    spec(bytes_that_are_no_certificate_are_malformed),
	    spec(the_attestation_of_a_key_is_found_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
