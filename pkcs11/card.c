#include "pkcs11/card.h"

#include "world/token.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* winscard.h's, as pcsc-lite has them. */
typedef long scard_long;
typedef unsigned long scard_dword;
typedef struct scard_io_request {
	scard_dword protocol, length;
} scard_io_request;

#define SCARD_SCOPE_SYSTEM 2
#define SCARD_SHARE_SHARED 2
#define SCARD_PROTOCOL_T0 1
#define SCARD_PROTOCOL_T1 2
#define SCARD_LEAVE_CARD 0

#define READERS_MAX 8192u
#define ANSWER_MAX 258u

struct pcsc {
	void *library;
	scard_long (*establish)(scard_dword, const void *, const void *, scard_long *);
	scard_long (*release)(scard_long);
	scard_long (*list_readers)(scard_long, const char *, char *, scard_dword *);
	scard_long (*open_card)(
	    scard_long, const char *, scard_dword, scard_dword, scard_long *, scard_dword *);
	scard_long (*disconnect)(scard_long, scard_dword);
	scard_long (*begin)(scard_long);
	scard_long (*end)(scard_long, scard_dword);
	scard_long (*transmit)(scard_long, const scard_io_request *, const unsigned char *,
	    scard_dword, scard_io_request *, unsigned char *, scard_dword *);
	scard_long context, card;
	scard_dword protocol;
	bool has_context, has_card, in_transaction;
};

/* The library that the module has brought along; none of ours is loaded. */
static bool
find_library(struct pcsc *pcsc)
{
	pcsc->library = dlopen("libpcsclite.so.1", RTLD_NOW | RTLD_NOLOAD);
	if (!pcsc->library)
		return false;
	*(void **)&pcsc->establish = dlsym(pcsc->library, "SCardEstablishContext");
	*(void **)&pcsc->release = dlsym(pcsc->library, "SCardReleaseContext");
	*(void **)&pcsc->list_readers = dlsym(pcsc->library, "SCardListReaders");
	*(void **)&pcsc->open_card = dlsym(pcsc->library, "SCardConnect");
	*(void **)&pcsc->disconnect = dlsym(pcsc->library, "SCardDisconnect");
	*(void **)&pcsc->begin = dlsym(pcsc->library, "SCardBeginTransaction");
	*(void **)&pcsc->end = dlsym(pcsc->library, "SCardEndTransaction");
	*(void **)&pcsc->transmit = dlsym(pcsc->library, "SCardTransmit");
	return pcsc->establish && pcsc->release && pcsc->list_readers && pcsc->open_card &&
	       pcsc->disconnect && pcsc->begin && pcsc->end && pcsc->transmit;
}

/* The only reader that the slot's description names; it may have been cut off. */
static const char *
reader_of(const CK_SLOT_INFO *slot, const char *readers, const char *end)
{
	const char *description = (const char *)slot->slotDescription, *found = NULL;
	size_t len = sizeof(slot->slotDescription);

	while (len > 0 && (description[len - 1] == ' ' || description[len - 1] == '\0'))
		len--;
	for (; readers < end && *readers;
	     readers += strnlen(readers, (size_t)(end - readers)) + 1) {
		size_t here = strnlen(readers, (size_t)(end - readers));

		if (len == 0 || here < len || memcmp(readers, description, len) != 0 ||
		    (here > len && len < sizeof(slot->slotDescription)))
			continue;
		if (found)
			return NULL;
		found = readers;
	}
	return found;
}

static bool
find_card(struct pcsc *pcsc, const CK_SLOT_INFO *slot)
{
	char *readers = calloc(1, READERS_MAX + 1);
	scard_dword len = READERS_MAX;
	const char *reader = NULL;

	if (readers && pcsc->list_readers(pcsc->context, NULL, readers, &len) == 0 &&
	    len <= READERS_MAX)
		reader = reader_of(slot, readers, readers + len);
	pcsc->has_card =
	    reader && pcsc->open_card(pcsc->context, reader, SCARD_SHARE_SHARED,
			  SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &pcsc->card, &pcsc->protocol) == 0;
	free(readers);
	return pcsc->has_card;
}

static bool
reach_card(struct pcsc *pcsc, const CK_SLOT_INFO *slot)
{
	if (!find_library(pcsc))
		return false;
	pcsc->has_context = pcsc->establish(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context) == 0;
	if (!pcsc->has_context || !find_card(pcsc, slot))
		return false;
	pcsc->in_transaction = pcsc->begin(pcsc->card) == 0;
	return pcsc->in_transaction;
}

static void
leave_card(struct pcsc *pcsc)
{
	if (pcsc->in_transaction)
		(void)pcsc->end(pcsc->card, SCARD_LEAVE_CARD);
	if (pcsc->has_card)
		(void)pcsc->disconnect(pcsc->card, SCARD_LEAVE_CARD);
	if (pcsc->has_context)
		(void)pcsc->release(pcsc->context);
	if (pcsc->library)
		(void)dlclose(pcsc->library);
}

/* The status word; what came before it lies in `answer`. 0: no answer. */
static unsigned
ask(struct pcsc *pcsc, const unsigned char *command, size_t len, rk_wire_span *ret_answer)
{
	static unsigned char answer[ANSWER_MAX];
	const scard_io_request request = {pcsc->protocol, sizeof(request)};
	scard_dword got = sizeof(answer);

	if (pcsc->transmit(pcsc->card, &request, command, len, NULL, answer, &got) != 0 ||
	    got < 2 || got > sizeof(answer))
		return 0;
	*ret_answer = (rk_wire_span){answer, got - 2};
	return (unsigned)answer[got - 2] << 8 | answer[got - 1];
}

/* The value of a one-byte tag; NULL where it is not there. */
static const uint8_t *
find_tag(const rk_wire_span *answer, uint8_t tag, size_t *ret_len)
{
	size_t at = 0;

	while (answer->len - at >= 2) {
		size_t len = answer->bytes[at + 1];

		/* Only a public key is longer, and it comes last. */
		if (len >= 0x80 || answer->len - at - 2 < len)
			return NULL;
		if (answer->bytes[at] == tag) {
			*ret_len = len;
			return &answer->bytes[at + 2];
		}
		at += 2 + len;
	}
	return NULL;
}

static unsigned
ask_metadata(struct pcsc *pcsc, uint8_t reference, rk_wire_span *ret_answer)
{
	const unsigned char command[] = {0x00, 0xf7, 0x00, reference, 0x00};

	return ask(pcsc, command, sizeof(command), ret_answer);
}

static uint8_t
factory_fact(const rk_wire_span *answer)
{
	size_t len = 0;
	const uint8_t *value = find_tag(answer, 0x05, &len);

	if (!value || len != 1)
		return RK_FACT_UNKNOWN;
	return value[0] == 1 ? RK_FACT_YES : value[0] == 0 ? RK_FACT_NO : RK_FACT_UNKNOWN;
}

/* Without a PIN in it VERIFY only tells how often one may still be wrong. */
static void
count_tries(struct pcsc *pcsc, rk_card *card)
{
	static const unsigned char verify[] = {0x00, 0x20, 0x00, 0x80};
	rk_wire_span answer;
	unsigned status = ask(pcsc, verify, sizeof(verify), &answer);

	if ((status & 0xfff0) == 0x63c0 || status == 0x6983) {
		card->pin_tries_known = 1;
		card->pin_tries = status == 0x6983 ? 0 : (uint8_t)(status & 0xf);
	}
}

/* Of so many, so many are left. */
static uint8_t
tries_left(const rk_wire_span *answer, uint8_t *ret_tries)
{
	size_t len = 0;
	const uint8_t *value = find_tag(answer, 0x06, &len);

	if (!value || len != 2)
		return 0;
	*ret_tries = value[1];
	return 1;
}

static void
look_at_secrets(struct pcsc *pcsc, rk_card *card)
{
	rk_wire_span answer;
	const uint8_t *value;
	size_t len = 0;

	if (ask_metadata(pcsc, 0x80, &answer) == 0x9000) {
		card->factory_pin = factory_fact(&answer);
		card->pin_tries_known = tries_left(&answer, &card->pin_tries);
	}
	if (ask_metadata(pcsc, 0x81, &answer) == 0x9000) {
		card->factory_puk = factory_fact(&answer);
		card->puk_tries_known = tries_left(&answer, &card->puk_tries);
	}
	if (ask_metadata(pcsc, 0x9b, &answer) == 0x9000) {
		card->factory_so_pin = factory_fact(&answer);
		value = find_tag(&answer, 0x01, &len);
		if (value && len == 1)
			card->so_algorithm = value[0];
	}
}

/* Only Yubico's application has a version to tell. */
static bool
is_selected(struct pcsc *pcsc)
{
	static const unsigned char version[] = {0x00, 0xfd, 0x00, 0x00, 0x00};
	rk_wire_span answer;

	return ask(pcsc, version, sizeof(version), &answer) == 0x9000 && answer.len == 3;
}

static bool
select_piv(struct pcsc *pcsc)
{
	static const unsigned char select[] = {
	    0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08};
	rk_wire_span answer;

	return ask(pcsc, select, sizeof(select), &answer) == 0x9000 && is_selected(pcsc);
}

static bool
reach_application(struct pcsc *pcsc, const rk_session *session)
{
	bool in_use = session->logged_in || session->so_logged_in;

	return reach_card(pcsc, &session->slot.slot_info) &&
	       (is_selected(pcsc) || (!in_use && select_piv(pcsc)));
}

void
rk_card_look(const rk_session *session, rk_card *ret_card)
{
	struct pcsc pcsc = {.library = NULL};
	rk_card card = {0};

	if (reach_application(&pcsc, session)) {
		card.reached = 1;
		look_at_secrets(&pcsc, &card);
		if (!card.pin_tries_known)
			count_tries(&pcsc, &card);
	}
	leave_card(&pcsc);
	*ret_card = card;
}

void
rk_card_policies_of(const rk_session *session, uint8_t slot, struct rk_card_policies *ret_policies)
{
	struct pcsc pcsc = {.library = NULL};
	rk_wire_span answer;
	const uint8_t *value = NULL;
	size_t len = 0;

	*ret_policies = (struct rk_card_policies){0, 0};
	if (reach_application(&pcsc, session) && ask_metadata(&pcsc, slot, &answer) == 0x9000)
		value = find_tag(&answer, 0x02, &len);
	if (value && len == 2)
		*ret_policies = (struct rk_card_policies){value[0], value[1]};
	leave_card(&pcsc);
}
