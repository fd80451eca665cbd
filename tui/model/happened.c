#include "base/banned.h"
#include "tui/model/happened.h"
#include "base/clock.h"
#include "base/text.h"

struct telling {
	const cJSON *data;
	struct happened *ret;
	struct str out;
};

static const char *
field(const struct telling *t, const char *key)
{
	const char *text = json_get_text(t->data, key);

	return text != NULL ? text : "";
}

static void
add_duration(struct telling *t, const char *before, double seconds)
{
	str_add(&t->out, before);
	if (seconds < 10)
		str_fmt(&t->out, "%.1f s", seconds);
	else
		text_duration(&t->out, (int64_t)seconds);
}

static void
add_seconds(struct telling *t, const char *before, const char *key)
{
	const cJSON *seconds = json_get(t->data, key);

	if (cJSON_IsNumber(seconds))
		add_duration(t, before, seconds->valuedouble);
}

static void
add_more(struct telling *t, const char *key)
{
	if (field(t, key)[0] != '\0')
		str_fmt(&t->out, ": %s", field(t, key));
}

static void
tell_started(struct telling *t)
{
	str_fmt(&t->out, "%s begins, %s", field(t, "title"),
		util_streq(field(t, "mode"), "drill") ? "as a DRILL" : "live");
}

static void
tell_finished(struct telling *t)
{
	str_fmt(&t->out, "the run ends: %s", field(t, "outcome"));
	add_seconds(t, " after ", "seconds");
	add_more(t, "message");
	t->ret->tone = util_streq(field(t, "outcome"), "done") ? HAPPENED_GOOD : HAPPENED_BAD;
}

static void
tell_recovered(struct telling *t)
{
	add_seconds(t, "recovered after ", "seconds");
	t->ret->tone = HAPPENED_GOOD;
}

static void
tell_asked(struct telling *t)
{
	str_fmt(&t->out, "waits for a person (%s)", field(t, "kind"));
	add_more(t, "text");
}

static void
tell_answered(struct telling *t)
{
	str_fmt(&t->out, "answered \"%s\"", field(t, "choice"));
	add_more(t, "text");
}

static void
tell_note(struct telling *t)
{
	str_fmt(&t->out, "note: %s", field(t, "text"));
}

static void
tell_aside(struct telling *t)
{
	t->ret->tone = HAPPENED_ASIDE;
}

static void
tell_attached(struct telling *t)
{
	str_fmt(&t->out, "%s looks on (%s)", field(t, "client"), field(t, "role"));
	tell_aside(t);
}

static void
tell_detached(struct telling *t)
{
	str_fmt(&t->out, "%s is gone", field(t, "client"));
	tell_aside(t);
}

static void
tell_intent(struct telling *t)
{
	int64_t attempt = json_get_int(t->data, "attempt", 1);

	if (attempt > 1)
		str_fmt(&t->out, "try %lld ", (long long)attempt);
	str_add(&t->out, "begins");
	add_more(t, "describe");
	if (field(t, "live")[0] != '\0')
		str_fmt(&t->out, "  on %s", field(t, "live"));
}

static void
tell_result(struct telling *t)
{
	bool good = util_streq(field(t, "outcome"), "ok");

	str_add(&t->out, field(t, "outcome"));
	add_seconds(t, " after ", "seconds");
	add_more(t, good ? "value" : "message");
	t->ret->tone = good ? HAPPENED_GOOD : HAPPENED_BAD;
}

static void
tell_reason(struct telling *t)
{
	add_more(t, "reason");
}

static void
tell_value(struct telling *t)
{
	add_more(t, "value");
}

static void
tell_retry(struct telling *t)
{
	add_seconds(t, ", in ", "delay_s");
}

static void
tell_cleanup(struct telling *t)
{
	add_more(t, "outcome");
	t->ret->tone = HAPPENED_ASIDE;
}

static void
tell_verify(struct telling *t)
{
	str_fmt(&t->out, "%s verified (%s): %s", field(t, "target"), field(t, "level"),
		field(t, "result"));
}

static void
tell_closed(struct telling *t)
{
	add_more(t, "why");
	tell_aside(t);
}

static void
tell_consent(struct telling *t)
{
	if (field(t, "identity")[0] != '\0')
		str_fmt(&t->out, " with the key of %s", field(t, "identity"));
	add_more(t, field(t, "message")[0] != '\0' ? "message" : "reason");
}

static void
tell_approved(struct telling *t)
{
	tell_consent(t);
	t->ret->tone = HAPPENED_GOOD;
}

static void
tell_denied(struct telling *t)
{
	tell_consent(t);
	t->ret->tone = HAPPENED_BAD;
}

static void
tell_offered(struct telling *t)
{
	str_fmt(&t->out, " to %s",
		util_streq(field(t, "to"), "*") ? "anybody who is attached" : field(t, "to"));
}

static void
tell_taken(struct telling *t)
{
	str_fmt(&t->out, ", from %s", field(t, "from"));
}

static void
tell_undo_result(struct telling *t)
{
	bool good = util_streq(field(t, "outcome"), "ok");

	str_fmt(&t->out, ": %s", field(t, "outcome"));
	add_seconds(t, " after ", "seconds");
	t->ret->tone = good ? HAPPENED_GOOD : HAPPENED_BAD;
}

static void
tell_text(struct telling *t)
{
	str_addc(&t->out, ' ');
	str_add(&t->out, field(t, "text"));
}

static void
tell_forecast(struct telling *t)
{
	add_seconds(t, " ", "remaining_s");
	t->ret->tone = json_get_bool(t->data, "late", false) ? HAPPENED_BAD : HAPPENED_ASIDE;
}

static void
tell_key(struct telling *t)
{
	if (field(t, "key")[0] != '\0')
		str_fmt(&t->out, ", key %s", field(t, "key"));
	tell_aside(t);
}

static void
tell_anchor(struct telling *t)
{
	str_fmt(&t->out, " %s (%s)", field(t, "anchor"), field(t, "kind"));
	add_more(t, "message");
	t->ret->tone = field(t, "message")[0] != '\0' ? HAPPENED_BAD : HAPPENED_GOOD;
}

/* What the records say. A text alone is all there is to say, or stands before what `tell` adds. */
static const struct {
	const char *event, *text;
	void (*tell)(struct telling *t);
} events[] = {
	{"run.started", "", tell_started},
	{"run.resumed", "taken up again", NULL},
	{"run.finished", "", tell_finished},
	{"run.cleaning", "cleaning up", tell_aside},
	{"run.recovered", "", tell_recovered},
	{"run.stopping", "a stop is asked for", NULL},
	{"run.paused", "paused", NULL},
	{"run.continued", "goes on", NULL},
	{"run.note", "", tell_note},
	{"ask.opened", "", tell_asked},
	{"ask.answered", "", tell_answered},
	{"ask.closed", "is asked no more", tell_closed},
	{"approval.given", "approved", tell_approved},
	{"approval.withdrawn", "has left, and the consent with him", NULL},
	{"approval.denied", "denied", tell_denied},
	{"approval.refused", "consent does not count", tell_denied},
	{"wheel.offered", "offers the wheel", tell_offered},
	{"wheel.withdrawn", "keeps the wheel", NULL},
	{"wheel.taken", "takes the wheel", tell_taken},
	{"drill.clock", "the drill's clock", tell_text},
	{"drill.injected", "brings into the drill:", tell_text},
	{"run.forecast", "the rest is forecast to take", tell_forecast},
	{"step.undo_intent", "is being taken back", tell_reason},
	{"step.undo_result", "taking it back", tell_undo_result},
	{"step.undone", "taken back", tell_reason},
	{"client.attached", "", tell_attached},
	{"client.detached", "", tell_detached},
	{"step.intent", "", tell_intent},
	{"step.result", "", tell_result},
	{"step.skipped", "skipped", tell_reason},
	{"step.by_hand", "done by hand", tell_reason},
	{"step.answered", "done", tell_value},
	{"step.simulated", "told, not done (drill)", tell_reason},
	{"step.ignored", "its failure is ignored", NULL},
	{"step.unknown", "nobody knows what became of it", NULL},
	{"step.retry", "will be tried again", tell_retry},
	{"step.interrupted", "interrupted", NULL},
	{"step.cleanup", "cleaned up", tell_cleanup},
	{"verify", "", tell_verify},
	{"audit.sealed", "SEALED: what stands before this is signed", tell_key},
	{"audit.key", "a new key for seals", tell_key},
	{"anchor.failed", "ANCHOR FAILED:", tell_anchor},
	{"anchor.recovered", "ANCHOR works again:", tell_anchor},
};

static void
tell(struct telling *t, const char *event)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (strcmp(events[i].event, event) != 0)
			continue;
		str_add(&t->out, events[i].text);
		if (events[i].tell != NULL)
			events[i].tell(t);
		return;
	}
	str_add(&t->out, event);
	if (cJSON_IsObject(t->data) && t->data->child != NULL) {
		str_addc(&t->out, ' ');
		json_print(&t->out, t->data);
	}
}

bool
happened_of(struct arena *a, const cJSON *record, struct happened *ret)
{
	const char *event = json_get_text(record, "event"), *at = json_get_text(record, "at");
	const char *actor = json_get_text(record, "actor");
	struct telling t = {.data = json_get(record, "data"), .ret = ret, .out = STR_INIT(4 * KIB)};
	int64_t us;

	if (event == NULL || util_starts(event, "chain."))
		return false;
	*ret = (struct happened){.at_ms = at != NULL && clock_parse_us(at, &us) ? us / 1000 : -1,
		.step = arena_strdup(a, json_get_text(record, "step")),
		.who = arena_strdup(a, actor != NULL ? actor : "")};
	tell(&t, event);
	ret->text = arena_strdup(a, str_text(&t.out));
	str_done(&t.out);
	return true;
}

bool
happened_read(struct arena *a, const char *line, size_t len, struct happened *ret)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(line, len, &err);

	return j != NULL && happened_of(a, j, ret);
}
