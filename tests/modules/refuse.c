/* A module that cannot be initialized. */
#include "plain.h"

static CK_RV
refuse(void *args)
{
	(void)args;
	return CKR_GENERAL_ERROR;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	rk_plain_list.C_Initialize = refuse;
	*list = &rk_plain_list;
	return CKR_OK;
}
