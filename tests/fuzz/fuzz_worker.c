/*
 * The worker's side of its pipe: a parent that asks whatever it likes, of a module that answers
 * whatever it likes. The worker is the real one, without its cell; the module is this program,
 * whose answers are the first half of the input. The second half are requests: operation, two
 * bytes of length, body; or raw bytes where the first byte is odd.
 */
#include "pkcs11/cell.h"
#include "pkcs11/message.h"
#include "pkcs11/worker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

rk_error *
rk_cell_descriptors(int keep)
{
	(void)keep;
	return NULL;
}

rk_error *
rk_cell_process(void)
{
	return NULL;
}

void
rk_cell_environment(void)
{
}

rk_error *
rk_cell_calls(bool network)
{
	(void)network;
	return NULL;
}

/* What the module has left to say. */
static rk_wire_reader whim;

/* An answer: mostly that all is well; none of those that are waited for. */
static CK_RV
answer(void)
{
	static const CK_RV answers[] = {CKR_OK, CKR_OK, CKR_OK, CKR_OK, CKR_OK, CKR_OK,
	    CKR_DEVICE_ERROR, CKR_PIN_INCORRECT, CKR_USER_NOT_LOGGED_IN,
	    CKR_MECHANISM_PARAM_INVALID, CKR_MECHANISM_INVALID, CKR_ATTRIBUTE_TYPE_INVALID,
	    CKR_ATTRIBUTE_VALUE_INVALID, CKR_OPERATION_ACTIVE, CKR_OBJECT_HANDLE_INVALID,
	    CKR_CANT_LOCK};

	return answers[rk_wire_u8(&whim) % (sizeof(answers) / sizeof(answers[0]))];
}

static CK_ULONG
number(CK_ULONG below)
{
	return rk_wire_u8(&whim) % below;
}

static void
fill(void *bytes, size_t len)
{
	if (whim.left < len) {
		memset(bytes, 0x20, len);
		return;
	}
	rk_wire_fixed(&whim, bytes, len);
}

static CK_RV
one_pointer(void *pointer)
{
	(void)pointer;
	return answer();
}

static CK_RV
get_info(CK_INFO *info)
{
	fill(info, sizeof(*info));
	return answer();
}

/* A count that may be a lie; never more is written than there is room for. */
static CK_RV
get_list(CK_ULONG *list, CK_ULONG *count, CK_ULONG most)
{
	CK_ULONG room = *count, has = number(most);

	for (CK_ULONG i = 0; list && i < has && i < room; i++)
		list[i] = number(8);
	*count = has;
	return answer();
}

static CK_RV
get_slots(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *count)
{
	(void)present;
	return get_list(ids, count, 4);
}

static CK_RV
get_slot_info(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	(void)id;
	fill(info, sizeof(*info));
	return answer();
}

/* All tokens are alike, so that requests meet one. */
static CK_RV
get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	(void)id;
	memset(info, ' ', sizeof(*info));
	info->flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED;
	info->ulMinPinLen = 0;
	info->ulMaxPinLen = number(16);
	return answer();
}

static CK_RV
get_mechanisms(CK_SLOT_ID id, CK_MECHANISM_TYPE *types, CK_ULONG *count)
{
	static const CK_MECHANISM_TYPE known[] = {CKM_RSA_PKCS_PSS, CKM_RSA_X_509, CKM_ECDSA,
	    CKM_EDDSA, CKM_EC_KEY_PAIR_GEN, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_RSA_PKCS_KEY_PAIR_GEN,
	    0x80000001UL};
	CK_ULONG room = *count;
	CK_RV rv = get_list(types, count, 9);

	(void)id;
	for (CK_ULONG i = 0; types && i < *count && i < room; i++)
		types[i] = known[types[i]];
	return rv;
}

static CK_RV
get_mechanism_info(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	(void)id;
	(void)type;
	fill(info, sizeof(*info));
	return answer();
}

static CK_RV
init_token(CK_SLOT_ID id, unsigned char *pin, CK_ULONG len, unsigned char *label)
{
	(void)id;
	(void)pin;
	(void)len;
	(void)label;
	return answer();
}

static CK_RV
init_pin(CK_SESSION_HANDLE session, unsigned char *pin, CK_ULONG len)
{
	(void)session;
	(void)pin;
	(void)len;
	return answer();
}

static CK_RV
open_session(
    CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	(void)id;
	(void)flags;
	(void)application;
	(void)notify;
	*session = number(4);
	return answer();
}

static CK_RV
of_session(CK_SESSION_HANDLE session)
{
	(void)session;
	return answer();
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len)
{
	(void)user;
	return init_pin(session, pin, len);
}

static bool found;

static CK_RV
find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	(void)session;
	(void)attributes;
	(void)count;
	found = false;
	return answer();
}

static CK_RV
find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *count)
{
	CK_RV rv;

	(void)session;
	*count = most;
	rv = get_list(objects, count, 6);
	/* Once in a while more than there is room for. */
	if (found)
		*count = 0;
	else if (number(64) == 1)
		*count = most + 1;
	found = true;
	return rv;
}

static CK_RV
get_attribute(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attribute, CK_ULONG count)
{
	static const CK_KEY_TYPE types[] = {CKK_EC, CKK_RSA, CKK_EC_EDWARDS, 99};
	static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
	CK_ULONG len;

	(void)session;
	(void)object;
	(void)count;
	if (attribute->type == CKA_KEY_TYPE && attribute->ulValueLen == sizeof(CK_KEY_TYPE)) {
		memcpy(attribute->pValue, &types[number(4)], sizeof(CK_KEY_TYPE));
		return answer();
	}
	if (attribute->type == CKA_EC_PARAMS && attribute->ulValueLen >= 10) {
		memcpy(attribute->pValue, p256, 10);
		attribute->ulValueLen = 10;
		return answer();
	}
	len = attribute->ulValueLen == 1 ? 1 : number(256);
	if (len <= attribute->ulValueLen)
		fill(attribute->pValue, len);
	attribute->ulValueLen = len;
	return answer();
}

static CK_RV
generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_part,
    CK_ULONG public_count, CK_ATTRIBUTE *private_part, CK_ULONG private_count,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	(void)session;
	(void)mechanism;
	(void)public_part;
	(void)public_count;
	(void)private_part;
	(void)private_count;
	*public_key = number(8);
	*private_key = number(8);
	return answer();
}

static CK_RV
destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	(void)session;
	(void)object;
	return answer();
}

static CK_RV
sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	(void)session;
	(void)mechanism;
	(void)key;
	return answer();
}

static CK_RV
sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG data_len, unsigned char *signature,
    CK_ULONG *len)
{
	(void)session;
	(void)data;
	(void)data_len;
	memset(signature, 1, 64);
	*len = number(4) * 1000;
	return answer();
}

static CK_RV
set_pin(CK_SESSION_HANDLE session, unsigned char *old, CK_ULONG old_len, unsigned char *pin,
    CK_ULONG len)
{
	(void)old;
	(void)old_len;
	return init_pin(session, pin, len);
}

static CK_RV
create(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
	(void)session;
	(void)attributes;
	(void)count;
	*object = number(8);
	return answer();
}

static CK_RV
generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *attributes,
    CK_ULONG count, CK_OBJECT_HANDLE *key)
{
	(void)mechanism;
	return create(session, attributes, count, key);
}

static CK_RV
wrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
    CK_OBJECT_HANDLE key, unsigned char *wrapped, CK_ULONG *len)
{
	(void)session;
	(void)mechanism;
	(void)wrapping;
	(void)key;
	if (wrapped && *len >= 64)
		memset(wrapped, 1, 64);
	*len = number(4) * 100;
	return answer();
}

static CK_RV
unwrap(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
    unsigned char *wrapped, CK_ULONG len, CK_ATTRIBUTE *attributes, CK_ULONG count,
    CK_OBJECT_HANDLE *key)
{
	(void)mechanism;
	(void)unwrapping;
	(void)wrapped;
	(void)len;
	return create(session, attributes, count, key);
}

static CK_RV
set_attribute(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
	(void)session;
	(void)object;
	(void)attributes;
	(void)count;
	return answer();
}

static CK_FUNCTION_LIST functions = {
    .version = {2, 40},
    .C_Initialize = one_pointer,
    .C_Finalize = one_pointer,
    .C_GetInfo = get_info,
    .C_GetSlotList = get_slots,
    .C_GetSlotInfo = get_slot_info,
    .C_GetTokenInfo = get_token_info,
    .C_GetMechanismList = get_mechanisms,
    .C_GetMechanismInfo = get_mechanism_info,
    .C_InitToken = init_token,
    .C_InitPIN = init_pin,
    .C_OpenSession = open_session,
    .C_CloseSession = of_session,
    .C_Login = login,
    .C_Logout = of_session,
    .C_FindObjectsInit = find_init,
    .C_FindObjects = find,
    .C_FindObjectsFinal = of_session,
    .C_GetAttributeValue = get_attribute,
    .C_GenerateKeyPair = generate,
    .C_DestroyObject = destroy,
    .C_SignInit = sign_init,
    .C_Sign = sign,
    .C_SetPIN = set_pin,
    .C_CreateObject = create,
    .C_GenerateKey = generate_key,
    .C_WrapKey = wrap,
    .C_UnwrapKey = unwrap,
    .C_SetAttributeValue = set_attribute,
};

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	*list = &functions;
	return CKR_OK;
}

static void
say(int fd, uint32_t id, uint8_t op, const rk_wire_span *body)
{
	RK_AUTO_BUF(frame);
	size_t start = rk_wire_begin(&frame, id, op);

	rk_buf_append(&frame, body->bytes, body->len);
	rk_error_free(rk_wire_end(&frame, start));
	if (frame.len > 0)
		(void)!send(fd, frame.data, frame.len, MSG_NOSIGNAL);
}

static void
say_requests(int fd, rk_wire_reader *input)
{
	/* An empty path is the program itself. */
	static const uint8_t load[4 + 1 + 4];
	const rk_wire_span myself = {load, sizeof(load)};

	say(fd, 1, RK_OP_LOAD, &myself);
	for (uint32_t id = 2; input->left >= 3; id++) {
		uint8_t op = rk_wire_u8(input);
		size_t len = (size_t)rk_wire_u8(input) << 8 | rk_wire_u8(input);
		rk_wire_span body = {input->at, len < input->left ? len : input->left};

		input->at += body.len;
		input->left -= body.len;
		if (op != RK_OP_LOAD)
			say(fd, id, op, &body);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rk_wire_reader input = rk_wire_reader_of(data, size);
	bool raw = rk_wire_u8(&input) % 2;
	size_t half = input.left / 2;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		abort();
	whim = rk_wire_reader_of(input.at, half);
	input.at = half > 0 ? input.at + half : input.at;
	input.left -= half;
	/* Raw bytes load nothing: a path of theirs shall not be opened. */
	if (raw && input.left > 0 && !memchr(input.at, RK_OP_LOAD, input.left))
		(void)!send(ends[1], input.at, input.left, MSG_NOSIGNAL);
	else
		say_requests(ends[1], &input);
	shutdown(ends[1], SHUT_WR);
	(void)rk_worker_run(ends[0], false);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
