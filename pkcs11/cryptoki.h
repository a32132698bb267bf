/*
 * cryptoki.h - PKCS#11's names, and the few that p11-kit's header lacks
 *
 * Rooms on the worker's side return CK_RV, as the standard does; what went wrong outside the
 * module has a vendor-defined value of ours, so that one number tells everything to the parent.
 *
 * Standard   PKCS#11 2.40 and 3.0 (EdDSA: 3.0, section 2.3.5).
 */
#ifndef RK_PKCS11_CRYPTOKI_H
#define RK_PKCS11_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

/* Our own outcomes, where CKR has no word. */
#define RK_CKR(number) (CKR_VENDOR_DEFINED | 0x524b00UL | (number))
#define RK_CKR_PROTOCOL RK_CKR(1UL) /* a request that makes no sense */
#define RK_CKR_LOAD RK_CKR(2UL) /* dlopen failed: its text is with it */
#define RK_CKR_NOT_A_MODULE RK_CKR(3UL) /* no C_GetFunctionList */
#define RK_CKR_CONFINE RK_CKR(4UL) /* the kernel would not confine the worker */
#define RK_CKR_OTHER_TOKEN RK_CKR(5UL) /* the slot holds another token now */
#define RK_CKR_EXISTS RK_CKR(6UL) /* label or id is taken */
#define RK_CKR_UNSUPPORTED RK_CKR(7UL) /* no mechanism for it */
#define RK_CKR_TOO_MANY RK_CKR(8UL) /* more slots, objects or sessions than we accept */
#define RK_CKR_BAD_ANSWER RK_CKR(9UL) /* the module said OK and gave nonsense */
#define RK_CKR_SO_NEEDED RK_CKR(12UL) /* keys are made after a login as SO */
#define RK_CKR_OTHER_TYPE RK_CKR(13UL) /* the key to import is of another type than was said */
#define RK_CKR_NO_SUCH_CHANGE RK_CKR(14UL) /* the PIN cannot be changed that way */
#define RK_CKR_EXPOSED RK_CKR(20UL) /* it could be read out */
#define RK_CKR_TRANSPORT RK_CKR(21UL) /* the transport key is there still */
#define RK_CKR_NO_SLOT RK_CKR(15UL) /* not one of the token's PIV slots, or none named */
#define RK_CKR_NO_POLICY RK_CKR(16UL) /* neither touch nor PIN policy can be chosen */
#define RK_CKR_MANAGEMENT_KEY RK_CKR(17UL) /* no management key looks like that */
#define RK_CKR_OLD_LIBRARY RK_CKR(18UL) /* too old for the management key's algorithm */
#define RK_CKR_USE_YKCS11 RK_CKR(19UL) /* another module can do it */
#define RK_CKR_NO_DELETE RK_CKR(22UL) /* keys stay until they are overwritten */
#define RK_CKR_NOT_TAKEN RK_CKR(23UL) /* no template for such a key was taken */
#define RK_CKR_UNTOUCHED RK_CKR(24UL) /* the touch that the key wants did not come */
#define RK_CKR_STRAY RK_CKR(11UL) /* made, not readable, and not to be removed either */
#define RK_CKR_PIN_DROPPED RK_CKR(10UL) /* the key wants the PIN each time; it is gone */

/* PKCS#11 3.0: the parameter of CKM_EDDSA. */
typedef struct rk_eddsa_params {
	CK_BBOOL ph_flag;
	CK_ULONG context_len;
	CK_BYTE *context;
} rk_eddsa_params;

/* The functions of a module that we call; what a refusal names. */
#define RK_CALLS(X)            \
	X(none)                \
	X(dlopen)              \
	X(C_GetFunctionList)   \
	X(C_Initialize)        \
	X(C_GetInfo)           \
	X(C_GetSlotList)       \
	X(C_GetSlotInfo)       \
	X(C_GetTokenInfo)      \
	X(C_GetMechanismList)  \
	X(C_GetMechanismInfo)  \
	X(C_InitToken)         \
	X(C_InitPIN)           \
	X(C_OpenSession)       \
	X(C_CloseSession)      \
	X(C_Login)             \
	X(C_Logout)            \
	X(C_FindObjectsInit)   \
	X(C_FindObjects)       \
	X(C_GetAttributeValue) \
	X(C_GenerateKeyPair)   \
	X(C_DestroyObject)     \
	X(C_SignInit)          \
	X(C_Sign)              \
	X(C_CreateObject)      \
	X(C_SetPIN)            \
	X(C_GenerateKey)       \
	X(C_WrapKey)           \
	X(C_UnwrapKey)         \
	X(C_SetAttributeValue)
enum rk_call {
#define RK_CALL_ENUM(name) RK_CALL_##name,
	RK_CALLS(RK_CALL_ENUM)
#undef RK_CALL_ENUM
	    RK_CALL_COUNT
};

#endif
