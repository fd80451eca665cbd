/*
 * score_write: the scorecard in a report: as a part of the document, and as JSON.
 */
#include "base/banned.h"
#include "run/score.h"
#include "base/clock.h"
#include "run/report_doc.h"

static const char *
against(const struct run_report *r, int64_t value, int64_t objective)
{
	if (value < 0)
		return objective < 0 ? NULL
				     : arena_fmt(r->arena, "not reached (objective %s)",
					       report_duration(r, objective));
	if (objective < 0)
		return arena_fmt(r->arena, "%s (no objective)", report_duration(r, value));
	return arena_fmt(r->arena, "%s of %s: %s", report_duration(r, value),
		report_duration(r, objective), value <= objective ? "met" : "MISSED");
}

static const char *
loss(const struct run_report *r, const struct run_score *s)
{
	if (s->loss_s < 0)
		return s->rpo_s < 0 ? NULL
				    : arena_fmt(r->arena, "not known (objective %s)",
					      report_duration(r, s->rpo_s));
	return arena_fmt(r->arena, "%s%s", against(r, s->loss_s, s->rpo_s),
		s->loss_is_bound ? ", by the age of the backup" : "");
}

static const char *
count(const struct run_report *r, size_t n)
{
	return arena_fmt(r->arena, "%zu", n);
}

static const char *
waited(const struct run_report *r, const struct run_score *s)
{
	return r->waits.n == 0 ? NULL
			       : arena_fmt(r->arena, "%s in %zu questions",
					 report_duration(r, s->waited_s), r->waits.n);
}

static void
numbers(struct doc *d, const struct run_report *r, const struct run_score *s)
{
	static const char *const titles[] = {"", ""};

	doc_table(d, titles, 2);
	doc_pair(d, "Recovery time (RTO)", against(r, s->recovery_s, s->rto_s));
	doc_pair(d, "Data loss (RPO)", loss(r, s));
	if (s->newest_data != CLOCK_NONE)
		doc_pair(d, "Newest data found", report_moment(r, s->newest_data * 1000));
	doc_pair(d, "Deviations from the plan", count(r, r->deviations));
	doc_pair(d, "Failed tries", count(r, s->failures));
	doc_pair(d, "Tried again", count(r, s->retries));
	doc_pair(d, "Done by hand", count(r, s->by_hand));
	doc_pair(d, "Skipped", count(r, s->skipped));
	if (r->state.mode == PLAN_DRILL)
		doc_pair(d, "Only told, not done", count(r, s->simulated));
	doc_pair(d, "Over their budget", count(r, s->over_budget));
	doc_pair(d, "Waited for people", waited(r, s));
	doc_table_end(d);
}

static void
earlier(struct doc *d, const struct run_report *r, const struct run_score *s)
{
	static const char *const titles[] = {"Run", "Began", "Mode", "Outcome", "Recovery", "Loss"};
	const struct run_before *b;
	const char *const now[] = {"this one", report_moment(r, r->state.started_ms),
		plan_mode_names[r->state.mode], r->state.outcome, report_duration(r, s->recovery_s),
		report_duration(r, s->loss_is_bound ? -1 : s->loss_s)};

	doc_heading(d, 3, "Compared with earlier runs of the same runbook");
	if (s->earlier.n == 0) {
		doc_paragraph(d, "This was the first.");
		return;
	}
	doc_table(d, titles, ARRAY_LEN(titles));
	doc_row(d, now, "td");
	vec_each (&s->earlier, b) {
		const char *const cells[] = {b->id, report_moment(r, b->started_ms),
			plan_mode_names[b->mode], b->outcome, report_duration(r, b->recovery_s),
			report_duration(r, b->loss_s)};

		doc_row(d, cells, "td");
	}
	doc_table_end(d);
}

void
run_score_document(struct doc *d, const struct run_report *r, const struct run_score *s)
{
	doc_heading(d, 2, "Scorecard");
	numbers(d, r, s);
	if (s->help.n > 0) {
		doc_heading(d, 3, "Who helped");
		doc_list(d, s->help.v, s->help.n);
	}
	doc_heading(d, 3, "What to improve");
	if (s->improve.n > 0)
		doc_list(d, s->improve.v, s->improve.n);
	else
		doc_paragraph(d, "Nothing that the journal knows of.");
	earlier(d, r, s);
}

static void
texts_json(struct json *j, const char *key, const char *const *v, size_t n)
{
	json_array(j, key);
	for (size_t i = 0; i < n; i++)
		json_string(j, NULL, v[i]);
	json_array_end(j);
}

void
run_score_json(const struct run_report *r, const struct run_score *s, struct json *j)
{
	const struct run_before *b;

	json_object(j, "scorecard");
	json_count(j, "recovery_s", s->recovery_s);
	json_count(j, "rto_s", s->rto_s);
	if (s->rto_s >= 0)
		json_bool(j, "rto_met", s->recovery_s >= 0 && s->recovery_s <= s->rto_s);
	json_time(j, "newest_data", s->newest_data);
	json_count(j, "loss_s", s->loss_s);
	json_string(j, "loss_from",
		s->loss_s < 0      ? NULL
		: s->loss_is_bound ? "backup"
				   : "newest_data");
	json_count(j, "rpo_s", s->rpo_s);
	if (s->rpo_s >= 0)
		json_bool(j, "rpo_met", s->loss_s >= 0 && s->loss_s <= s->rpo_s);
	json_count(j, "waited_s", s->waited_s);
	json_count(j, "failures", (int64_t)s->failures);
	json_count(j, "retries", (int64_t)s->retries);
	json_count(j, "by_hand", (int64_t)s->by_hand);
	json_count(j, "skipped", (int64_t)s->skipped);
	json_count(j, "simulated", (int64_t)s->simulated);
	json_count(j, "over_budget", (int64_t)s->over_budget);
	texts_json(j, "help", s->help.v, s->help.n);
	texts_json(j, "improve", s->improve.v, s->improve.n);
	json_array(j, "earlier");
	vec_each (&s->earlier, b) {
		json_object(j, NULL);
		json_string(j, "run", b->id);
		json_string(j, "mode", plan_mode_names[b->mode]);
		json_time(j, "started_at", b->started_ms / 1000);
		json_string(j, "outcome", b->outcome);
		json_count(j, "recovery_s", b->recovery_s);
		json_count(j, "loss_s", b->loss_s);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}
