/*
 * report_write: a report as Markdown, HTML and JSON. The two texts are one document, written
 * through a small table of how headings, tables and quotes look in either.
 */
#include "base/banned.h"
#include "run/report_doc.h"
#include "run/score.h"
#include "base/clock.h"
#include "base/text.h"

static const char *
rto_text(const struct run_report *r)
{
	const struct run_state *s = &r->state;
	int64_t took = run_elapsed_s(s, s->last_ms);

	if (s->rto_s < 0)
		return NULL;
	if (s->recovered_ms < 0)
		return arena_fmt(
			r->arena, "not reached (objective %s)", report_duration(r, s->rto_s));
	return arena_fmt(r->arena, "%s of %s: %s", report_duration(r, took),
		report_duration(r, s->rto_s), took <= s->rto_s ? "met" : "MISSED");
}

/* Between the backup that was used and the start of the run lies what was lost, at most. */
static const char *
loss_text(const struct run_report *r)
{
	int64_t at;

	if (r->backup_at == NULL || !clock_parse(r->backup_at, &at))
		return NULL;
	return arena_fmt(r->arena, "the backup is of %s, %s before the run began", r->backup_at,
		report_duration(r, r->state.started_ms / 1000 - at));
}

static void
summary(struct doc *d, const struct run_report *r)
{
	static const char *const titles[] = {"", ""};
	const struct run_state *s = &r->state;
	const struct plan_target *t;
	const struct parameter_value *q;

	doc_table(d, titles, 2);
	doc_pair(d, "Run", s->id);
	doc_pair(d, "Runbook",
		arena_fmt(r->arena, "%s (%s)", s->runbook, s->file != NULL ? s->file : "?"));
	doc_pair(d, "SHA-256", s->sha256);
	doc_pair(d, "Mode", s->mode == PLAN_DRILL ? "DRILL" : "live");
	doc_pair(d, "Driven", s->attended ? "attended" : "unattended");
	doc_pair(d, "Operator", s->operator);
	doc_pair(d, "Site", s->site);
	doc_pair(d, "Part of", r->parent);
	if (s->incident_ms >= 0)
		doc_pair(d, "Incident", report_moment(r, s->incident_ms));
	doc_pair(d, "Began", report_moment(r, s->started_ms));
	doc_pair(d, "Ended", report_moment(r, s->ended_ms));
	doc_pair(d, "Outcome", s->outcome != NULL ? s->outcome : "not ended");
	doc_pair(d, "Message", s->message);
	doc_pair(d, "Recovery time (RTO)", rto_text(r));
	doc_pair(d, "Data loss at most (RPO)", loss_text(r));
	vec_each (&s->targets, t)
		doc_pair(d, arena_fmt(r->arena, "Target %s", t->var),
			arena_fmt(r->arena, "%s (%s)%s%s", t->name, t->environment,
				t->conninfo != NULL ? ": " : "",
				t->conninfo != NULL ? t->conninfo : ""));
	vec_each (&s->parameters, q)
		doc_pair(d, arena_fmt(r->arena, "Parameter %s", q->name),
			q->text != NULL ? q->text : "(secret)");
	doc_pair(d, "Journal head", r->journal_head);
	doc_pair(d, "Audit head", r->audit_head);
	doc_table_end(d);
}

static void
steps(struct doc *d, const struct run_report *r)
{
	static const char *const titles[] = {
		"Step", "Title", "Result", "Tries", "Planned", "Took", "By", "Why"};

	doc_heading(d, 2, "Steps");
	doc_table(d, titles, ARRAY_LEN(titles));
	for (size_t i = 0; i < r->state.nsteps; i++) {
		const struct step_state *st = &r->state.steps[i];
		const char *const cells[] = {st->id, st->title, step_status_name(st->status),
			arena_fmt(r->arena, "%lld", (long long)st->attempt),
			report_duration(r, st->budget_s),
			report_duration(r, st->seconds >= 0 ? (int64_t)(st->seconds + 0.5) : -1),
			st->by, st->reason != NULL ? st->reason : st->message};

		doc_row(d, cells, "td");
	}
	doc_table_end(d);
}

static void
events(struct doc *d, const struct run_report *r, bool deviations)
{
	static const char *const titles[] = {"Time", "Elapsed", "Who", "Step", "What"};
	const struct report_event *e;

	doc_table(d, titles, ARRAY_LEN(titles));
	vec_each (&r->events, e) {
		const char *const cells[] = {report_moment(r, e->at_ms),
			report_duration(r, MAX(e->at_ms - r->state.started_ms, 0) / 1000), e->actor,
			e->step, e->text};

		if (!deviations || e->deviation)
			doc_row(d, cells, "td");
	}
	doc_table_end(d);
}

static void
tries(struct doc *d, const struct run_report *r)
{
	const struct report_try *t;

	doc_heading(d, 2, "What ran");
	vec_each (&r->tries, t) {
		doc_heading(d, 3,
			arena_fmt(r->arena, "%s, try %lld: %s", t->step, (long long)t->attempt,
				t->outcome != NULL ? t->outcome : "never seen to end"));
		doc_quote(d, t->describe);
		if (t->env != NULL)
			doc_quote(d, t->env);
		if (t->live != NULL)
			doc_paragraph(
				d, arena_fmt(r->arena, "Target, as its connection named itself: %s",
					   t->live));
		if (t->message != NULL)
			doc_paragraph(d, t->message);
		if (t->output_sha256 != NULL)
			doc_paragraph(d, arena_fmt(r->arena, "It printed %lld bytes, SHA-256 %s.",
						 (long long)t->output_bytes, t->output_sha256));
		if (t->output_end != NULL)
			doc_quote(d, t->output_end);
	}
}

static bool
is_approval(const struct report_event *e)
{
	return util_starts(e->text, "approved") || util_starts(e->text, "approval ");
}

static void
approvals(struct doc *d, const struct run_report *r)
{
	static const char *const titles[] = {"Time", "Who", "Step", "What"};
	const struct report_event *e;
	bool any = false;

	vec_each (&r->events, e)
		any = any || is_approval(e);
	if (!any)
		return;
	doc_heading(d, 2, "Approvals");
	doc_table(d, titles, ARRAY_LEN(titles));
	vec_each (&r->events, e) {
		const char *const cells[] = {
			report_moment(r, e->at_ms), e->actor, e->step, e->text};

		if (is_approval(e))
			doc_row(d, cells, "td");
	}
	doc_table_end(d);
}

static void
document(struct doc *d, const struct run_report *r)
{
	doc_heading(d, 1,
		arena_fmt(r->arena, "%s%s", r->state.mode == PLAN_DRILL ? "DRILL: " : "",
			r->state.title));
	summary(d, r);
	if (r->score != NULL)
		run_score_document(d, r, r->score);
	steps(d, r);
	approvals(d, r);
	doc_heading(d, 2, "Deviations");
	if (r->deviations > 0)
		events(d, r, true);
	else
		doc_paragraph(d, "None: everything went as planned.");
	doc_heading(d, 2, "Timeline");
	events(d, r, false);
	tries(d, r);
}

void
run_report_markdown(const struct run_report *r, struct str *out)
{
	struct doc d = {.out = out};

	document(&d, r);
}

void
run_report_html(const struct run_report *r, struct str *out)
{
	struct doc d = {.out = out, .html = true};

	str_add(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		     "style-src 'unsafe-inline'\">\n<title>");
	doc_escaped(&d, r->state.title);
	str_add(out,
		"</title>\n<style>\n"
		"body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
		"padding:0 1rem;color:#111;background:#fff}\n"
		"table{border-collapse:collapse;margin:1rem 0;width:100%}\n"
		"th,td{border-bottom:1px solid #ccc;text-align:left;padding:.3rem .6rem .3rem 0;"
		"vertical-align:top;overflow-wrap:anywhere}\n"
		"pre{background:#f4f4f4;padding:.8rem;overflow-x:auto;white-space:pre-wrap}\n"
		"</style></head><body>\n");
	document(&d, r);
	str_add(out, "</body></html>\n");
}

static void
steps_json(const struct run_report *r, struct json *j)
{
	json_array(j, "steps");
	for (size_t i = 0; i < r->state.nsteps; i++) {
		const struct step_state *st = &r->state.steps[i];

		json_object(j, NULL);
		json_string(j, "id", st->id);
		json_string(j, "title", st->title);
		json_string(j, "kind", st->kind);
		json_string(j, "effect", st->effect);
		json_string(j, "status", step_status_name(st->status));
		json_int(j, "tries", st->attempt);
		json_count(j, "budget_s", st->budget_s);
		json_double(j, "seconds", st->seconds < 0 ? (0.0 / 0.0) : st->seconds);
		json_string(j, "message", st->message);
		json_string(j, "reason", st->reason);
		json_string(j, "by", st->by);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
tries_json(const struct run_report *r, struct json *j)
{
	const struct report_try *t;

	json_array(j, "tries");
	vec_each (&r->tries, t) {
		json_object(j, NULL);
		json_string(j, "step", t->step);
		json_int(j, "attempt", t->attempt);
		json_string(j, "ran", t->describe);
		json_string(j, "target", t->live);
		json_string(j, "outcome", t->outcome);
		json_string(j, "message", t->message);
		json_double(j, "seconds", t->seconds < 0 ? (0.0 / 0.0) : t->seconds);
		json_int(j, "output_bytes", t->output_bytes);
		json_string(j, "output_sha256", t->output_sha256);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
events_json(const struct run_report *r, struct json *j)
{
	const struct report_event *e;

	json_array(j, "timeline");
	vec_each (&r->events, e) {
		json_object(j, NULL);
		json_time(j, "at", e->at_ms / 1000);
		json_string(j, "actor", e->actor);
		json_string(j, "step", e->step);
		json_string(j, "text", e->text);
		json_bool(j, "deviation", e->deviation);
		json_object_end(j);
	}
	json_array_end(j);
}

void
run_report_json(const struct run_report *r, struct json *j)
{
	const struct run_state *s = &r->state;

	json_object(j, NULL);
	json_string(j, "run", s->id);
	json_string(j, "runbook", s->runbook);
	json_string(j, "title", s->title);
	json_string(j, "file", s->file);
	json_string(j, "sha256", s->sha256);
	json_string(j, "mode", plan_mode_names[s->mode]);
	json_bool(j, "attended", s->attended);
	json_string(j, "operator", s->operator);
	json_string(j, "site", s->site);
	json_time(j, "started_at", s->started_ms / 1000);
	json_time(j, "ended_at", s->ended_ms >= 0 ? s->ended_ms / 1000 : CLOCK_NONE);
	json_string(j, "outcome", s->outcome);
	json_count(j, "exit", s->exit);
	json_string(j, "message", s->message);
	json_count(j, "rto_s", s->rto_s);
	json_count(j, "recovery_s", s->recovered_ms >= 0 ? run_elapsed_s(s, s->last_ms) : -1);
	json_time(j, "incident_at", s->incident_ms >= 0 ? s->incident_ms / 1000 : CLOCK_NONE);
	json_string(j, "parent", r->parent);
	json_string(j, "backup_at", r->backup_at);
	json_int(j, "deviations", (int64_t)r->deviations);
	json_string(j, "journal_head", r->journal_head);
	json_string(j, "audit_head", r->audit_head);
	if (r->score != NULL)
		run_score_json(r, r->score, j);
	steps_json(r, j);
	tries_json(r, j);
	events_json(r, j);
	json_object_end(j);
}
