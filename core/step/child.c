#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

const char *const outcome_names[] = {"ok", "failed", "unknown", NULL};

/* One event, one write: a line below PIPE_BUF is never mixed, longer ones have one writer. */
static void
send_event(struct str *line)
{
	str_addc(line, '\n');
	if (!file_write_all(STEP_EVENT_FD, line->buf, line->len))
		_exit(125); /* the runner is gone, and with it everybody who could care */
	str_done(line);
}

void
step_set(struct step_child *c, const char *name, const char *value)
{
	struct str line = STR_INIT(STEP_VALUE_MAX * 8);
	struct json j = json_new(&line);

	json_object(&j, NULL);
	json_string(&j, "event", "set");
	json_string(&j, "name", name);
	json_string(&j, "value", value);
	json_object_end(&j);
	send_event(&line);
}

static void
send_pid(const char *event, pid_t pid)
{
	struct str line = STR_INIT(KIB);
	struct json j = json_new(&line);

	json_object(&j, NULL);
	json_string(&j, "event", event);
	json_int(&j, "pid", pid);
	json_object_end(&j);
	send_event(&line);
}

void
step_keep(struct step_child *c, pid_t pid)
{
	send_pid("keep", pid);
}

void
step_leave(struct step_child *c, pid_t pid)
{
	send_pid("leave", pid);
}

void
step_progress(struct step_child *c, int64_t done, int64_t total, const char *text)
{
	struct str line = STR_INIT(16 * KIB);
	struct json j = json_new(&line);

	json_object(&j, NULL);
	json_string(&j, "event", "progress");
	json_int(&j, "done", done);
	json_count(&j, "total", total);
	json_string(&j, "text", text);
	json_object_end(&j);
	send_event(&line);
}

void
step_say(struct step_child *c, const char *fmt, ...)
{
	CLEANUP(str_done) struct str raw = STR_INIT(64 * KIB), line = STR_INIT(256 * KIB);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&raw, fmt, ap);
	va_end(ap);
	text_visible(&line, str_text(&raw), raw.len, TEXT_LINES);
	str_addc(&line, '\n');
	if (!file_write_all(STDOUT_FILENO, line.buf, line.len))
		return;
}

static void
send_result(struct step_child *c, bool good, const struct err *err)
{
	struct str line = STR_INIT(STEP_SPEC_MAX);
	struct json j = json_new(&line);

	json_object(&j, NULL);
	json_string(&j, "event", "result");
	if (!good && c->outcome == OUTCOME_OK)
		c->outcome = OUTCOME_FAILED;
	json_string(&j, "outcome", outcome_names[c->outcome]);
	if (!good) {
		json_string(&j, "message", err->msg);
		json_string(&j, "hint", err->hint);
		json_string(&j, "code", err_name(err->code));
	}
	if (c->value.len > 0)
		json_stringn(&j, "value", c->value.buf, c->value.len);
	if (c->checks.len > 0)
		json_raw(&j, "checks", c->checks.buf);
	if (c->rows >= 0)
		json_int(&j, "rows", c->rows);
	json_object_end(&j);
	send_event(&line);
}

static const char *
spec_text(const struct node *spec, const char *key)
{
	const struct node *n = node_get(spec, key);

	return n != NULL && n->type == NODE_SCALAR && !node_is_null(n) && n->text[0] != '\0'
		       ? n->text
		       : NULL;
}

static bool
spec_flag(const struct node *spec, const char *key)
{
	return util_streq(spec_text(spec, key), "true");
}

static int64_t
spec_number(const struct node *spec, const char *key)
{
	const char *text = spec_text(spec, key);
	int64_t value;

	return text != NULL && util_parse_i64(text, &value) ? value : -1;
}

static void
read_backup(struct step_child *c, const struct node *n)
{
	if (n == NULL)
		return;
	c->backup.id = spec_text(n, "id");
	c->backup.path = spec_text(n, "path");
	c->backup.size = spec_number(n, "size");
	c->backup.mtime = spec_number(n, "mtime");
	if (spec_text(n, "finished_at") == NULL ||
		!clock_parse(spec_text(n, "finished_at"), &c->backup.finished_at))
		c->backup.finished_at = CLOCK_NONE;
}

static const struct node *
read_spec(struct problems *p, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(STEP_SPEC_MAX);
	const struct node *spec;
	char chunk[16 * KIB];
	ssize_t n;

	while ((n = read(STEP_SPEC_FD, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(err, ERR_IO, errno, "Cannot read the step");
			return NULL;
		}
		str_addn(&text, chunk, (size_t)n);
	}
	close(STEP_SPEC_FD);
	spec = node_from_json(str_text(&text), text.len, p);
	if (spec == NULL)
		problems_err(p, err);
	return spec;
}

static bool
run_spec(struct step_child *c, enum step_role role, struct err *err)
{
	struct problems p;
	const struct node *spec, *params;
	const struct step_kind *kind;
	struct schema_part part;

	problems_init(&p, c->arena, "the step");
	spec = read_spec(&p, err);
	if (spec == NULL)
		return false;
	if (role == STEP_PROBE)
		return step_probe(c, node_get(spec, "target"), err);
	if (role == STEP_APPROVAL)
		return step_check_signature(c, spec, err);
	params = node_get(spec, "params");
	kind = spec_text(spec, "kind") != NULL ? step_kind_find(spec_text(spec, "kind")) : NULL;
	if (params == NULL || kind == NULL)
		return err_set(err, ERR_CONFIG, "The step is malformed.");
	c->run = spec_text(spec, "run");
	c->id = spec_text(spec, "id");
	c->state = spec_text(spec, "state");
	c->site_file = spec_text(spec, "site_file");
	c->read_only = spec_flag(spec, "read_only");
	c->drill = spec_flag(spec, "drill");
	read_backup(c, node_get(spec, "backup"));
	c->timeout_ms = spec_number(spec, "timeout_s") * 1000;
	part = (struct schema_part){kind->params, arena_alloc(c->arena, kind->params->size)};
	if (role == STEP_CLEANUP)
		return kind->cleanup == NULL || kind->cleanup(c, err);
	schema_read(params, &part, 1, SCHEMA_RESOLVED, &p);
	if (p.errors > 0)
		return problems_err(&p, err);
	if (kind->run == NULL)
		return err_set(err, ERR_CONFIG, "A person answers a %s step; it can't be run.",
			kind->name);
	return kind->run(c, part.object, err);
}

int
step_child_main(enum step_role role)
{
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	struct step_child c = {.arena = &arena,
		.value = STR_INIT(STEP_VALUE_MAX),
		.checks = STR_INIT(MIB),
		.rows = -1};
	struct err err = ERR_INIT;
	int status;
	bool good;

	/* A program that we become must not inherit it. */
	fcntl(STEP_EVENT_FD, F_SETFD, FD_CLOEXEC);
	good = run_spec(&c, role, &err);
	if (!good) {
		step_say(&c, "%s", err.msg);
		if (err.hint != NULL)
			step_say(&c, "%s", err.hint);
	}
	send_result(&c, good, &err);
	status = good ? (int)c.outcome : err_exit_status(err.code);
	err_done(&err);
	str_done(&c.value);
	str_done(&c.checks);
	return status;
}
