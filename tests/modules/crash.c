/* A module that takes its process with it when it is asked for its slots. */
#include "plain.h"

#include <stdlib.h>

static CK_RV
crash(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	(void)present;
	(void)ids;
	(void)count;
	abort();
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	rk_plain_list.C_GetSlotList = crash;
	*list = &rk_plain_list;
	return CKR_OK;
}
