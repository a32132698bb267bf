#include "pkcs11/certificates.h"

#include <stdlib.h>

static bool
is_x509(rk_session *session, CK_OBJECT_HANDLE handle)
{
	CK_ULONG type = CKC_X_509;

	/* A module that does not tell has no other kind. */
	(void)rk_attribute_number(session, handle, CKA_CERTIFICATE_TYPE, &type);
	return type == CKC_X_509;
}

static CK_RV
put_one(rk_session *session, CK_OBJECT_HANDLE handle, rk_buf *out, uint32_t *count)
{
	RK_AUTO_BUF(id);
	RK_AUTO_BUF(label);
	RK_AUTO_BUF(value);

	if (!is_x509(session, handle) ||
	    rk_attribute_bytes(session, handle, CKA_VALUE, &value) != CKR_OK || value.len == 0)
		return value.failed ? CKR_HOST_MEMORY : CKR_OK;
	(void)rk_attribute_bytes(session, handle, CKA_ID, &id);
	(void)rk_attribute_bytes(session, handle, CKA_LABEL, &label);
	if (id.failed || label.failed)
		return CKR_HOST_MEMORY;
	if (id.len > RK_MESSAGE_TEXT_MAX || label.len > RK_MESSAGE_TEXT_MAX)
		return RK_CKR_TOO_MANY;
	rk_wire_put_bytes(out, id.data, id.len);
	rk_wire_put_bytes(out, label.data, label.len);
	rk_wire_put_bytes(out, value.data, value.len);
	++*count;
	return CKR_OK;
}

CK_RV
rk_certificates_put(rk_session *session, rk_buf *out)
{
	CK_OBJECT_HANDLE *handles = NULL;
	RK_AUTO_BUF(body);
	size_t found = 0;
	uint32_t count = 0;
	CK_RV rv = rk_keys_objects(session, CKO_CERTIFICATE, &handles, &found);

	for (size_t i = 0; i < found && rv == CKR_OK; i++)
		rv = put_one(session, handles[i], &body, &count);
	free(handles);
	if (rv != CKR_OK || body.failed)
		return rv != CKR_OK ? rv : CKR_HOST_MEMORY;
	rk_buf_u32(out, count);
	rk_buf_append(out, body.data, body.len);
	return CKR_OK;
}
