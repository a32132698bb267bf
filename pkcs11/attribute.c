#include "pkcs11/attribute.h"

#define SMALL 1024u
#define LARGE 65536u

/* Into `out`, which has room for `room` bytes more; CKR_BUFFER_TOO_SMALL where that is too few. */
static CK_RV
read_value(rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute)
{
	CK_ULONG room = attribute->ulValueLen;
	CK_RV rv =
	    RK_CALL(session->module, C_GetAttributeValue, session->handle, object, attribute, 1);

	if (rv == CKR_OK && attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (rv == CKR_OK && attribute->ulValueLen > room)
		return RK_CKR_BAD_ANSWER;
	return rv;
}

bool
rk_attribute_is_withheld(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
	       rv == CKR_BUFFER_TOO_SMALL || rv == RK_CKR_BAD_ANSWER;
}

bool
rk_attribute_is_lost(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
	       rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
	       rv == CKR_CRYPTOKI_NOT_INITIALIZED || rv == CKR_HOST_MEMORY;
}

CK_RV
rk_attribute_bytes(
    rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, rk_buf *out)
{
	uint8_t small[SMALL];
	static uint8_t large[LARGE]; /* a worker has one thread */
	CK_ATTRIBUTE attribute = {type, small, sizeof(small)};
	CK_RV rv = read_value(session, object, &attribute);

	if (rv == CKR_BUFFER_TOO_SMALL) {
		attribute = (CK_ATTRIBUTE){type, large, sizeof(large)};
		rv = read_value(session, object, &attribute);
	}
	if (rv == CKR_OK)
		rk_buf_append(out, attribute.pValue, attribute.ulValueLen);
	return out->failed ? CKR_HOST_MEMORY : rv;
}

CK_RV
rk_attribute_number(
    rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, CK_ULONG *ret_number)
{
	CK_ULONG number = 0;
	CK_ATTRIBUTE attribute = {type, &number, sizeof(number)};
	CK_RV rv = read_value(session, object, &attribute);

	if (rv == CKR_OK && attribute.ulValueLen != sizeof(number))
		return RK_CKR_BAD_ANSWER;
	if (rv == CKR_OK)
		*ret_number = number;
	return rv;
}

enum rk_fact
rk_attribute_fact(rk_session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE attribute = {type, &value, sizeof(value)};

	if (read_value(session, object, &attribute) != CKR_OK ||
	    attribute.ulValueLen != sizeof(value))
		return RK_FACT_UNKNOWN;
	return value ? RK_FACT_YES : RK_FACT_NO;
}
