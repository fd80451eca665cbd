#include "base/banned.h"
#include "verify/report.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>

#define FAULTS_NAMED 5
#define DETAIL_MAX   ((size_t)(4 * KIB))

void
report_init(struct report *r, struct arena *a, const char *target, enum level level)
{
	*r = (struct report){.arena = a,
		.target = arena_strdup(a, target),
		.level = level,
		.restore_seconds = -1};
}

void
report_add(struct report *r, enum proof_result result, const char *name, const char *fmt, ...)
{
	struct str text = STR_INIT(DETAIL_MAX);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&text, fmt, ap);
	va_end(ap);
	*vec_push(r->arena, &r->checks) = (struct report_check){
		arena_strdup(r->arena, name), result, arena_strdup(r->arena, str_text(&text))};
	str_done(&text);
}

bool
report_err(struct report *r, const char *name, struct err *err)
{
	bool to_blame = err->code == ERR_DAMAGED || err->code == ERR_CHECK_FAILED;

	report_add(r, to_blame ? PROOF_FAIL : PROOF_UNKNOWN, name, "%s%s%s", err->msg,
		err->hint != NULL ? " " : "", err->hint != NULL ? err->hint : "");
	err_done(err);
	return false;
}

enum proof_result
report_result(const struct report *r)
{
	enum proof_result worst = r->checks.n > 0 ? PROOF_PASS : PROOF_UNKNOWN;

	for (size_t i = 0; i < r->checks.n; i++)
		worst = MAX(worst, r->checks.v[i].result);
	return worst;
}

int
proof_result_status(enum proof_result result)
{
	return result == PROOF_PASS ? 0 : result == PROOF_FAIL ? 1 : 2;
}

/* "PASS     intact  /backup/x.dump  (pg_dump_custom, 1.4 GiB in 2.1 s)" */
static void
result_line(const struct report *r, struct str *out)
{
	static const char *const words[] = {"PASS", "UNKNOWN", "FAIL"};
	size_t start = out->len;

	str_add(out, words[report_result(r)]);
	str_pad(out, start + 8);
	str_fmt(out, " %-8s ", level_names[r->level]);
	text_visible(out, r->target, strlen(r->target), 0);
	str_fmt(out, "  (%s, ", r->format != NULL ? r->format : "format unknown");
	text_size(out, r->bytes);
	str_fmt(out, " in %.1f s)\n", r->seconds);
}

void
report_text(const struct report *r, bool verbose, struct str *out)
{
	result_line(r, out);
	for (size_t i = 0; i < r->checks.n; i++) {
		const struct report_check *c = &r->checks.v[i];
		size_t start = out->len;

		if (c->result == PROOF_PASS && !verbose)
			continue;
		str_fmt(out, "  %s", proof_result_names[c->result]);
		str_pad(out, start + 10);
		str_fmt(out, "%s: ", c->name);
		text_visible(out, c->detail, strlen(c->detail), 0);
		str_addc(out, '\n');
	}
}

void
report_checks_json(const struct report *r, const char *key, struct json *j)
{
	json_array(j, key);
	for (size_t i = 0; i < r->checks.n; i++) {
		const struct report_check *c = &r->checks.v[i];

		json_object(j, NULL);
		json_string(j, "name", c->name);
		json_string(j, "result", proof_result_names[c->result]);
		json_string(j, "detail", c->detail);
		json_object_end(j);
	}
	json_array_end(j);
}

void
report_json(const struct report *r, const char *key, struct json *j)
{
	json_object(j, key);
	json_string(j, "target", r->target);
	json_string(j, "format", r->format);
	json_string(j, "level", level_names[r->level]);
	json_string(j, "result", proof_result_names[report_result(r)]);
	report_checks_json(r, "checks", j);
	json_int(j, "bytes", r->bytes);
	json_double(j, "seconds", r->seconds);
	json_string(j, "sha256", r->sha256);
	json_double(j, "restore_seconds", r->restore_seconds < 0 ? NAN : r->restore_seconds);
	json_string(j, "sandbox", r->sandbox);
	json_string(j, "conninfo", r->conninfo);
	json_object_end(j);
}

void
report_faults_init(struct report_faults *f, struct report *r, const char *name)
{
	*f = (struct report_faults){
		.report = r, .name = name, .result = PROOF_FAIL, .text = STR_INIT(DETAIL_MAX - 64)};
}

void
report_faults_add(struct report_faults *f, const char *fmt, ...)
{
	va_list ap;

	if (f->count++ >= FAULTS_NAMED)
		return;
	if (f->count > 1)
		str_add(&f->text, "; ");
	va_start(ap, fmt);
	str_vfmt(&f->text, fmt, ap);
	va_end(ap);
	/* Sentences of others become parts of this one. */
	if (f->text.len > 0 && f->text.buf[f->text.len - 1] == '.')
		str_cut(&f->text, f->text.len - 1);
}

bool
report_faults_end(struct report_faults *f)
{
	bool none = f->count == 0;

	if (f->count > FAULTS_NAMED)
		report_add(f->report, f->result, f->name, "%s; and %llu more.", str_text(&f->text),
			(unsigned long long)f->count - FAULTS_NAMED);
	else if (!none)
		report_add(f->report, f->result, f->name, "%s.", str_text(&f->text));
	str_done(&f->text);
	return none;
}
