/*
 * verify_clock: what the times in a log tell (F19). Its order is that of the numbers; a wall clock
 * that jumped is counted for a warning, and changes no verdict.
 *
 * Backward: a record that is older than the one before it; the first, when it is older than
 * Lifeboat. Forward: between two records of one boot, against the clock that counts from that boot.
 */
#include "base/banned.h"
#include "audit/verify_private.h"
#include "base/clock.h"
#include "conf/json_read.h"

#include <stdlib.h>

/* More than a clock is ever slewed or stepped by when it is kept by NTP. */
#define JUMP_MS 60000

#define AT_KEY   ",\"at\":\""
#define MONO_KEY "\",\"mono_ns\":"

void
verify_clock_init(struct verifier *v)
{
	memcpy(v->at, "2020-01-01T00:00:00.000Z", sizeof(v->at));
}

static void
jumped(struct verifier *v)
{
	struct audit_report *r = v->report;

	if (r->clock_jumps++ == 0)
		r->clock_seq = r->head.seq;
}

/* Of a good record, which begins {"seq":7,"at":"2026-11-20T14:32:07.123Z","mono_ns":42, */
static const char *
at_of(const char *line, size_t len)
{
	const char *p = memchr(line, ',', len);
	const size_t key = sizeof(AT_KEY) - 1, text = sizeof(((struct verifier *)0)->at) - 1;

	if (p == NULL || (size_t)(line + len - p) < key + text + sizeof(MONO_KEY) ||
		memcmp(p, AT_KEY, key) != 0 ||
		memcmp(p + key + text, MONO_KEY, sizeof(MONO_KEY) - 1) != 0)
		return NULL;
	return p + key;
}

void
verify_clock(struct verifier *v, const char *line, size_t len)
{
	const char *at = at_of(line, len);

	if (at == NULL)
		return;
	if (memcmp(at, v->at, sizeof(v->at) - 1) < 0)
		jumped(v);
	memcpy(v->at, at, sizeof(v->at) - 1);
	v->mono_ms = strtoll(at + sizeof(v->at) - 1 + sizeof(MONO_KEY) - 1, NULL, 10) / 1000000;
}

/* A record that names the boot: what is between two of the same boot was written in it. */
void
verify_boot(struct verifier *v, const char *line, size_t len)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(line, len, &ignored);
	const char *id = json_get_text(json_get(j, "data"), "boot_id");
	int64_t us;

	if (id == NULL || strlen(id) >= sizeof(v->boot) || !clock_parse_us(v->at, &us))
		return;
	if (strcmp(id, v->boot) == 0 &&
		us / 1000 - v->boot_ms > v->mono_ms - v->boot_mono_ms + JUMP_MS)
		jumped(v);
	snprintf(v->boot, sizeof(v->boot), "%s", id);
	v->boot_ms = us / 1000;
	v->boot_mono_ms = v->mono_ms;
}
