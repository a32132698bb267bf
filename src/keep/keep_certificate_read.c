#include "base/show.h"
#include "keep/keep_private.h"
#include "world/certificate.h"

rk_error *
rk_keep_certificate_read(const rk_keep *keep, const rk_keep_key *key,
    const rk_keep_certificate *noted, rk_certificate **ret_certificate)
{
	RK_AUTO(rk_text) text = NULL;
	RK_AUTO(rk_certificate) certificate = NULL;
	rk_error *err = rk_text_read(keep->dir, noted->file, RK_CERTIFICATE_MAX, &text);

	if (!err)
		err = rk_certificate_read(text->data, text->len, noted->file, &certificate);
	if (!err && (!certificate->pubkey || !rk_pubkey_equal(certificate->pubkey, key->pubkey)))
		err = rk_fail(RK_E_MALFORMED, "see 'rootkeep check'",
		    "the certificate in %s is not around key %s", RK_SHOW(noted->file),
		    RK_SHOW(key->name));
	if (!err)
		*ret_certificate = RK_TAKE(certificate);
	return err;
}

rk_error *
rk_keep_certificate_id(const rk_keep *keep, const rk_keep_key *key,
    const rk_keep_certificate *noted, const rk_dialect *dialect, char out[static RK_KEYID_HEX])
{
	RK_AUTO(rk_certificate) certificate = NULL;
	RK_AUTO(rk_node) object = NULL;
	rk_error *err = rk_keep_certificate_read(keep, key, noted, &certificate);

	if (!err)
		err = dialect->certificate_object(certificate, &object);
	return err ? err : dialect->key_id(object, out);
}
