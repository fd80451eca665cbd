#include "base/banned.h"
#include "run/ledger.h"
#include "audit/audit.h"
#include "audit/verify.h"
#include "run/dir.h"

/* What a result may need, put aside before its step starts. */
#define RESERVE (256 * KIB)

struct ledger {
	struct chain *journal, *audit;
	char *run, *actor;
	struct str data;
	struct json json;
	bool failed, drill;
};

/* What was done is what the journal says; one that was altered is nobody's word for anything. */
static bool
believable(const char *journal, struct err *err)
{
	struct audit_report report;
	bool good;

	if (!audit_verify(journal, NULL, &report, err))
		return false;
	good = audit_verdict_status(report.verdict) == 0;
	if (!good) {
		err_set(err, ERR_AUDIT, "The journal %s is %s: %s", journal,
			audit_verdict_name(report.verdict), report.why);
		err_hint(err,
			"Nothing is done on its word. `lifeboat audit verify --file %s` "
			"tells more.",
			journal);
	}
	audit_report_done(&report);
	return good;
}

bool
ledger_open(const char *state, const char *dir, const char *run, const char *actor,
	struct ledger **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct ledger *l = util_alloc(sizeof(*l));
	const char *journal = run_dir_journal(&a, dir);

	l->data = (struct str)STR_INIT(RECORD_MAX - 4 * KIB);
	l->run = util_strdup(run);
	l->actor = util_strdup(actor);
	if (!chain_open(journal, CHAIN_OWNED, "journal", run, actor, &l->journal, err) ||
		!believable(journal, err) || !audit_open(state, actor, &l->audit, err)) {
		ledger_free(l);
		return false;
	}
	*ret = l;
	return true;
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	chain_free(l->journal);
	chain_free(l->audit);
	str_done(&l->data);
	free(l->run);
	free(l->actor);
	free(l);
}

void
ledger_set_drill(struct ledger *l)
{
	l->drill = true;
}

struct json *
ledger_data(struct ledger *l)
{
	str_cut(&l->data, 0);
	l->data.full = false;
	l->json = json_new(&l->data);
	json_object(&l->json, NULL);
	if (l->drill)
		json_bool(&l->json, "drill", true);
	return &l->json;
}

void
ledger_text(struct json *j, const char *key, const char *text, size_t max)
{
	CLEANUP(str_done) struct str quoted = STR_INIT(max + 1);
	size_t len = text != NULL ? strlen(text) : 0;

	if (text != NULL)
		json_quote(&quoted, text, len);
	if (quoted.len <= max) {
		json_string(j, key, text);
		return;
	}
	/* A byte takes at most six; UTF-8 is cut between characters. */
	len = max / 6;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	json_fmt(j, key, "%.*s... (%zu bytes more)", (int)len, text, strlen(text) - len);
}

/* A record that was cut somewhere would be no record. */
static bool
fits(const struct ledger *l, const char *event, struct err *err)
{
	return !l->data.full ||
	       err_set(err, ERR_LIMIT, "The record %s would be longer than 1 MiB.", event);
}

static struct record
record_of(struct ledger *l, const char *step, const char *event, const char *actor)
{
	if (l->json.depth == 1)
		json_object_end(&l->json);
	return (struct record){.run = l->run,
		.step = step,
		.event = event,
		.actor = actor != NULL ? actor : l->actor,
		.data = str_text(&l->data)};
}

static bool
usable(const struct ledger *l, struct err *err)
{
	if (!l->failed)
		return true;
	err_set(err, ERR_AUDIT,
		"The journal or the audit log failed earlier; nothing more is started.");
	return err_hint(err, "Mend the disk, then `lifeboat resume %s`.", l->run);
}

/* The sink that still works says that the other one does not. */
static void
diverged(struct ledger *l, struct chain *good, const struct err *why)
{
	CLEANUP(str_done) struct str data = STR_INIT(16 * KIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct json j = json_new(&data);
	struct record r = {.run = l->run, .event = "ledger.diverged", .actor = l->actor};

	if (l->failed)
		return; /* it has said so */
	l->failed = true;
	json_object(&j, NULL);
	json_string(&j, "failed", good == l->audit ? "journal" : "audit");
	json_string(&j, "message", why->msg);
	json_object_end(&j);
	r.data = str_text(&data);
	if (!chain_append(good, &r, &err))
		return; /* both are gone; the runner says so to its clients */
}

bool
ledger_begin(
	struct ledger *l, const char *step, const char *event, const char *actor, struct err *err)
{
	struct record r = record_of(l, step, event, actor);

	if (!usable(l, err) || !fits(l, event, err))
		return false;
	if (!chain_reserve(l->audit, RESERVE, err) || !chain_reserve(l->journal, RESERVE, err))
		return false;
	if (!chain_append(l->audit, &r, err))
		return false;
	if (chain_append(l->journal, &r, err))
		return true;
	diverged(l, l->audit, err);
	return false;
}

bool
ledger_end(
	struct ledger *l, const char *step, const char *event, const char *actor, struct err *err)
{
	struct record r = record_of(l, step, event, actor);
	CLEANUP(err_done) struct err audit_err = ERR_INIT;
	bool journal, audit;

	if (!fits(l, event, err))
		return false;
	journal = chain_append(l->journal, &r, err);
	audit = chain_append(l->audit, &r, &audit_err);
	if (journal && audit)
		return true;
	if (audit)
		diverged(l, l->audit, err);
	else if (journal)
		diverged(l, l->journal, &audit_err);
	l->failed = true;
	if (journal)
		err_move(err, &audit_err);
	return false;
}

bool
ledger_note(
	struct ledger *l, const char *step, const char *event, const char *actor, struct err *err)
{
	struct record r = record_of(l, step, event, actor);

	return fits(l, event, err) && chain_append(l->journal, &r, err);
}

bool
ledger_failed(const struct ledger *l)
{
	return l->failed;
}

const struct chain_head *
ledger_journal_head(const struct ledger *l)
{
	return chain_head(l->journal);
}

const struct chain_head *
ledger_audit_head(const struct ledger *l)
{
	return chain_head(l->audit);
}

const char *
ledger_last_line(const struct ledger *l, size_t *ret_len)
{
	return chain_last_line(l->journal, ret_len);
}
