/* A module that announces few slots and then claims to have written many. */
#include "plain.h"

static CK_RV
exaggerate(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	(void)present;
	if (ids)
		ids[0] = 1;
	*count = ids ? 1000 : 1;
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	rk_plain_list.C_GetSlotList = exaggerate;
	*list = &rk_plain_list;
	return CKR_OK;
}
