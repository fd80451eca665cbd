#include "base/banned.h"
#include "tui/view/verdicts.h"
#include "base/text.h"

static const struct {
	const char *word;
	unsigned role;
} looks[VERDICTS] = {
	[VERDICT_OK] = {"ok", ROLE_OK},
	[VERDICT_LATE] = {"LATE", ROLE_LATE},
	[VERDICT_UNKNOWN] = {"UNKNOWN", ROLE_UNKNOWN},
	[VERDICT_BREACH] = {"BREACH", ROLE_BREACH},
};

const char *
verdict_word(enum verdict v)
{
	return looks[v].word;
}

unsigned
verdict_role(enum verdict v)
{
	return looks[v].role;
}

unsigned
verdict_proof_short(struct str *out, const struct proof *p)
{
	if (p == NULL) {
		str_addc(out, '-');
		return ROLE_DIM;
	}
	if (p->result == PROOF_PASS) {
		str_add(out, level_names[p->level]);
		return p->level >= LEVEL_INTACT ? ROLE_OK : ROLE_TEXT;
	}
	str_add(out, p->result == PROOF_FAIL ? "FAILED" : "unclear");
	return p->result == PROOF_FAIL ? ROLE_BREACH : ROLE_UNKNOWN;
}

unsigned
verdict_proof(struct str *out, const struct proof *p, int64_t now)
{
	unsigned style;

	if (p != NULL && p->result != PROOF_PASS)
		str_fmt(out, "%s ", level_names[p->level]);
	style = verdict_proof_short(out, p);
	if (p != NULL) {
		str_addc(out, ' ');
		verdict_time(out, p->at, now);
	}
	return style;
}

unsigned
verdict_copies(struct str *out, const struct set_verdict *v)
{
	enum verdict worst = VERDICT_OK;

	if (v->ncopies == 0) {
		str_addc(out, '-');
		return ROLE_DIM;
	}
	for (size_t i = 0; i < v->ncopies; i++) {
		str_fmt(out, "%s%s %s", i > 0 ? ", " : "", v->copies[i].location,
			verdict_word(v->copies[i].verdict));
		worst = MAX(worst, v->copies[i].verdict);
	}
	return worst == VERDICT_OK ? ROLE_TEXT : verdict_role(worst);
}

void
verdict_time(struct str *out, int64_t at, int64_t now)
{
	char text[CLOCK_TEXT];

	if (at == CLOCK_NONE) {
		str_addc(out, '-');
	} else if (at > now && at - now < 20 * 3600) {
		/* What is near needs no date: "02:00Z" */
		clock_format(at, text);
		str_fmt(out, "%.5sZ", text + 11);
	} else if (at > now && at - now < 300 * 86400LL) {
		clock_format(at, text);
		str_fmt(out, "%.5s %.5sZ", text + 5, text + 11);
	} else {
		str_add(out, clock_format_short(at, now, text));
	}
}

void
verdict_time_long(struct str *out, int64_t at)
{
	char text[CLOCK_TEXT];

	if (at == CLOCK_NONE) {
		str_addc(out, '-');
		return;
	}
	clock_format(at, text);
	text[10] = ' ';
	str_add(out, text);
}

void
verdict_minute(struct str *out, int64_t at)
{
	verdict_time_long(out, at);
	if (at == CLOCK_NONE)
		return;
	str_cut(out, out->len - 4); /* the seconds and the Z */
	str_addc(out, 'Z');
}

void
verdict_ago(struct str *out, int64_t at, int64_t now)
{
	if (at > now)
		str_add(out, "in ");
	text_duration(out, at > now ? at - now : now - at);
	if (at <= now)
		str_add(out, " ago");
}

uint64_t
verdict_identity(const char *a, const char *b, const char *c)
{
	const char *parts[] = {a, b, c};
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (const char *p = parts[i]; p != NULL && *p != '\0'; p++)
			hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
		hash = (hash ^ 0xff) * 0x100000001b3ULL; /* no text holds this byte */
	}
	return hash;
}
