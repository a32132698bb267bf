#include "cli/attestroots.h"

#include "base/buf.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define BELOW "share/rootkeep/attestation"

/* "/usr/bin" of "/usr/bin/rootkeep"; "" where the system does not tell. */
static void
find_program_folder(char folder[static PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash;

	folder[len > 0 ? len : 0] = '\0';
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
}

/* RK_E_NOT_FOUND: there is none. */
static rk_error *
add_beside(rk_attestation_pins *pins, const char *folder, const char *between)
{
	RK_AUTO(rk_str) path = NULL;
	rk_error *err = rk_strdupf(&path, "%s/%s" BELOW, folder, between);

	return err ? err : rk_attestation_pins_add_folder(pins, path);
}

rk_error *
rk_attestroots_own(rk_attestation_pins **ret_pins)
{
	RK_AUTO(rk_attestation_pins) pins = NULL;
	char folder[PATH_MAX];
	rk_error *err = rk_attestation_pins_new(false, &pins);

	if (err)
		return err;
	find_program_folder(folder);
	err = add_beside(pins, folder, "../");
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = add_beside(pins, folder, "");
	}
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = rk_attestation_pins_add_folder(pins, RK_DATA_DIR "/rootkeep/attestation");
	}
	if (rk_error_code(err) == RK_E_NOT_FOUND) {
		rk_error_free(err);
		err = NULL;
	}
	if (err)
		return rk_wrap(err, "the roots of attestations cannot be read");
	*ret_pins = RK_TAKE(pins);
	return NULL;
}

rk_error *
rk_attestroots_given(const char *path, rk_attestation_pins **ret_pins)
{
	RK_AUTO(rk_attestation_pins) pins = NULL;
	RK_AUTO(rk_text) text = NULL;
	rk_error *err = rk_attestation_pins_new(true, &pins);

	if (!err)
		err = rk_text_read_path(path, RK_ATTESTATION_PINS_BYTES, &text);
	if (!err)
		err = rk_attestation_pins_add(pins, text->data, text->len, path);
	if (!err)
		*ret_pins = RK_TAKE(pins);
	return err;
}
