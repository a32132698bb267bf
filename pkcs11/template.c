#include "pkcs11/template.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_ATTRIBUTE
from_span(CK_ATTRIBUTE_TYPE type, const rk_wire_span *span)
{
	return (CK_ATTRIBUTE){type, (void *)(uintptr_t)span->bytes, span->len};
}

static CK_ATTRIBUTE
attribute_of(const rk_template_row *row, const rk_request *request)
{
	switch (row->value) {
	case RK_TEMPLATE_ID:
		return from_span(row->type, &request->id);
	case RK_TEMPLATE_LABEL:
		return from_span(row->type, &request->label);
	case RK_TEMPLATE_WRAPPABLE:
		return (CK_ATTRIBUTE){row->type, request->wrappable ? &yes : &no, sizeof(yes)};
	case RK_TEMPLATE_FALSE:
		return (CK_ATTRIBUTE){row->type, &no, sizeof(no)};
	case RK_TEMPLATE_TRUE:
	default:
		return (CK_ATTRIBUTE){row->type, &yes, sizeof(yes)};
	}
}

CK_ULONG
rk_template_fill(const rk_template_table *table, const rk_request *request,
    enum rk_template_level level, CK_ATTRIBUTE *out)
{
	CK_ULONG used = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].levels & RK_TEMPLATE_AT(level))
			out[used++] = attribute_of(&table->rows[i], request);
	return used;
}

bool
rk_template_will_do(enum rk_template_level level, bool wrappable)
{
	return !wrappable || level == RK_TEMPLATE_ALL || level == RK_TEMPLATE_EXTRACTABLE;
}

bool
rk_template_is_refused(CK_RV rv)
{
	return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID ||
	       rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_TEMPLATE_INCONSISTENT ||
	       rv == CKR_DOMAIN_PARAMS_INVALID || rv == CKR_CURVE_NOT_SUPPORTED ||
	       rv == CKR_MECHANISM_PARAM_INVALID;
}
