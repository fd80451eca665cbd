#include "base/banned.h"
#include "run/client.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/readonly.h"
#include "run/dir.h"
#include "run/protocol.h"
#include "run/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define READ_MAX (4 * MIB)

struct run_client {
	struct arena arena;
	const char *dir;
	struct run_state state;
	struct run_progress progress;
	char progress_step[80], progress_text[200];
	int journal_fd, fd;
	off_t journal_at;
	struct str pending; /* journal bytes up to a line that is not whole yet */
	struct str lines;   /* for run_client_line */
	size_t lines_at;
	struct wire frames;
	bool drives, finished, stream;
	int exit;
	const char *message, *hint;
	struct err refusal;
};

/* Folds what the journal has gained; true when it gained anything. */
static bool
read_journal(struct run_client *c)
{
	static char chunk[256 * KIB];
	bool changed = false;
	ssize_t n;

	while ((n = file_pread(c->journal_fd, chunk, sizeof(chunk), c->journal_at)) > 0) {
		size_t used = 0;
		const char *end;

		c->journal_at += n;
		str_addn(&c->pending, chunk, (size_t)n);
		while ((end = memchr(c->pending.buf + used, '\n', c->pending.len - used)) != NULL) {
			const char *line = c->pending.buf + used;
			size_t len = (size_t)(end - line);

			/* A record that was torn and cut off may have been seen by us before. */
			if (run_state_line(&c->state, line, len)) {
				changed = true;
				if (c->stream)
					str_addn(&c->lines, line, len + 1);
			}
			used += len + 1;
		}
		str_drop(&c->pending, used);
	}
	return changed;
}

static void
hang_up(struct run_client *c)
{
	util_close(&c->fd);
	c->drives = false;
}

static void
on_progress(struct run_client *c, const cJSON *frame)
{
	const char *step = json_get_text(frame, "step"), *text = json_get_text(frame, "text");

	snprintf(c->progress_step, sizeof(c->progress_step), "%s", step != NULL ? step : "");
	snprintf(c->progress_text, sizeof(c->progress_text), "%s", text != NULL ? text : "");
	c->progress = (struct run_progress){c->progress_step, json_get_int(frame, "done", -1),
		json_get_int(frame, "total", -1), c->progress_text};
}

static void
on_error(struct run_client *c, const cJSON *frame)
{
	const char *message = json_get_text(frame, "message"), *hint = json_get_text(frame, "hint"),
		   *code = json_get_text(frame, "code");

	err_set(&c->refusal, err_by_name(code != NULL ? code : "unknown"), "%s",
		message != NULL ? message : "The runner refused.");
	if (hint != NULL)
		err_hint(&c->refusal, "%s", hint);
}

static void
on_frame(struct run_client *c, const cJSON *frame)
{
	const char *op = json_get_text(frame, "op");

	if (util_streq(op, "hello") || util_streq(op, "role")) {
		c->drives = util_streq(json_get_text(frame, "role"), "operator");
	} else if (util_streq(op, "progress")) {
		on_progress(c, frame);
	} else if (util_streq(op, "error")) {
		on_error(c, frame);
	} else if (util_streq(op, "finished")) {
		c->finished = true;
		c->exit = (int)json_get_int(frame, "exit", 2);
		c->message = arena_strdup(&c->arena, json_get_text(frame, "message"));
		c->hint = arena_strdup(&c->arena, json_get_text(frame, "hint"));
	}
}

static bool
read_socket(struct run_client *c)
{
	char chunk[WIRE_CHUNK];
	bool changed = false;
	cJSON *frame;
	ssize_t n;

	while (c->fd >= 0 && (n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT)) != -1) {
		changed = true;
		if (n == 0) {
			hang_up(c);
			break;
		}
		wire_add(&c->frames, chunk, (size_t)n);
		while ((frame = wire_next(&c->frames)) != NULL) {
			on_frame(c, frame);
			cJSON_Delete(frame);
		}
		if (c->frames.broken)
			hang_up(c);
	}
	if (c->fd >= 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		hang_up(c);
		changed = true;
	}
	return changed;
}

static bool
send_json(struct run_client *c, struct str *out, struct err *err)
{
	err_done(&c->refusal);
	str_addc(out, '\n');
	if (c->fd < 0)
		return err_set(err, ERR_UNREACHABLE, "The run has no runner.") ||
		       err_hint(err, "lifeboat resume takes it up again.");
	if (out->full)
		return err_set(err, ERR_LIMIT, "The text is too long.");
	if (send(c->fd, out->buf, out->len, MSG_NOSIGNAL) != (ssize_t)out->len) {
		err_sys(err, ERR_UNREACHABLE, errno, "The runner does not listen any more");
		read_socket(c); /* what it said before it went */
		hang_up(c);
		return false;
	}
	return true;
}

static bool
say_hello(struct run_client *c, bool drive, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(4 * KIB);
	struct json j = json_new(&out);
	struct ident self;

	ident_self(&a, &self);
	json_object(&j, NULL);
	json_string(&j, "op", "hello");
	json_int(&j, "protocol", PROTOCOL_VERSION);
	json_string(&j, "role", drive ? "operator" : "observer");
	json_string(&j, "origin", ident_origin(&a, &self));
	if (self.login_uid != IDENT_NOBODY)
		json_int(&j, "login_uid", (int64_t)self.login_uid);
	json_object_end(&j);
	return send_json(c, &out, err);
}

bool
run_client_open(const char *dir, bool drive, struct run_client **ret, struct err *err)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct run_client *c = util_alloc(sizeof(*c));

	c->fd = c->journal_fd = -1;
	c->exit = 2;
	c->dir = arena_strdup(&c->arena, dir);
	c->pending = (struct str)STR_INIT(READ_MAX);
	c->lines = (struct str)STR_INIT(256 * MIB);
	c->frames = (struct wire)WIRE_INIT;
	run_state_init(&c->state, &c->arena);
	c->journal_fd = open(
		run_dir_journal(&c->arena, dir), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (c->journal_fd < 0) {
		err_sys(err, ERR_NOT_FOUND, errno, "Cannot read the journal in %s", dir);
		run_client_free(c);
		return false;
	}
	c->stream = true;
	if (run_dir_connect(dir, &c->fd, &ignored) &&
		!say_hello(c, drive && !readonly_is_set(), &ignored))
		hang_up(c);
	read_journal(c);
	*ret = c;
	return true;
}

void
run_client_free(struct run_client *c)
{
	CLEANUP(str_done) struct str bye = STR_INIT(100);
	CLEANUP(err_done) struct err ignored = ERR_INIT;

	if (c == NULL)
		return;
	str_add(&bye, "{\"op\":\"bye\"}");
	if (c->fd >= 0 && send_json(c, &bye, &ignored))
		hang_up(c);
	util_close(&c->fd);
	util_close(&c->journal_fd);
	str_done(&c->pending);
	str_done(&c->lines);
	wire_done(&c->frames);
	err_done(&c->refusal);
	arena_done(&c->arena);
	free(c);
}

const struct run_state *
run_client_state(const struct run_client *c)
{
	return &c->state;
}

const struct run_progress *
run_client_progress(const struct run_client *c)
{
	return &c->progress;
}

bool
run_client_operator(const struct run_client *c)
{
	return c->drives;
}

bool
run_client_alive(const struct run_client *c)
{
	return c->fd >= 0;
}

int
run_client_fd(const struct run_client *c)
{
	return c->fd;
}

bool
run_client_pump(struct run_client *c)
{
	bool socket = read_socket(c), journal = read_journal(c);

	return socket || journal;
}

bool
run_client_wait(struct run_client *c, int64_t ms)
{
	struct pollfd p = {c->fd, POLLIN, 0};

	if (run_client_pump(c))
		return true;
	/* Without a runner there is nobody to wake us. */
	if (poll(&p, 1, (int)(c->fd < 0 ? MIN(ms, 200) : ms)) < 0 && errno != EINTR)
		return false;
	return run_client_pump(c);
}

const struct err *
run_client_refusal(const struct run_client *c)
{
	return c->refusal.code != ERR_NONE ? &c->refusal : NULL;
}

void
run_client_forget_refusal(struct run_client *c)
{
	err_done(&c->refusal);
}

const char *
run_client_line(struct run_client *c, size_t *ret_len)
{
	const char *line, *end;

	if (c->lines_at >= c->lines.len) {
		str_cut(&c->lines, 0);
		c->lines_at = 0;
		return NULL;
	}
	line = c->lines.buf + c->lines_at;
	end = memchr(line, '\n', c->lines.len - c->lines_at);
	if (end == NULL)
		return NULL;
	*ret_len = (size_t)(end - line);
	c->lines_at += *ret_len + 1;
	return line;
}

/* An order being written: {"op":..., and what it needs. */
struct order {
	struct str text;
	struct json j;
};

static bool
order_begin(struct order *o, const char *op, struct err *err)
{
	if (!readonly_check(err))
		return false;
	o->text = (struct str)STR_INIT(PROTOCOL_MAX);
	o->j = json_new(&o->text);
	json_object(&o->j, NULL);
	json_string(&o->j, "op", op);
	return true;
}

static bool
order_send(struct order *o, struct run_client *c, struct err *err)
{
	bool good;

	json_object_end(&o->j);
	good = send_json(c, &o->text, err);
	str_done(&o->text);
	return good;
}

bool
run_client_answer(
	struct run_client *c, int64_t ask, const char *choice, const char *text, struct err *err)
{
	struct order o;

	if (!order_begin(&o, "answer", err))
		return false;
	json_int(&o.j, "ask", ask);
	json_string(&o.j, "choice", choice);
	json_string(&o.j, "text", text);
	return order_send(&o, c, err);
}

bool
run_client_order(struct run_client *c, const char *op, const char *text, struct err *err)
{
	struct order o;

	if (!order_begin(&o, op, err))
		return false;
	if (text != NULL)
		json_string(&o.j, "text", text);
	return order_send(&o, c, err);
}

bool
run_client_handover(struct run_client *c, const char *to, struct err *err)
{
	struct order o;

	if (!order_begin(&o, "handover", err))
		return false;
	json_string(&o.j, "to", to);
	return order_send(&o, c, err);
}

bool
run_client_consent(struct run_client *c, const struct run_consent *consent, struct err *err)
{
	struct order o;

	if (!order_begin(&o,
		    consent->deny                ? "deny"
		    : consent->signature != NULL ? "approve-signed"
						 : "approve",
		    err))
		return false;
	json_int(&o.j, "ask", c->state.ask.number);
	json_string(&o.j, "digest", consent->digest);
	json_string(&o.j, "reason", consent->reason);
	if (consent->signature != NULL) {
		json_string(&o.j, "identity", consent->identity);
		json_string(&o.j, "signature", consent->signature);
	}
	return order_send(&o, c, err);
}

bool
run_client_inject(
	struct run_client *c, const char *what, const char *step, int64_t seconds, struct err *err)
{
	struct order o;

	if (!order_begin(&o, "inject", err))
		return false;
	json_string(&o.j, "what", what);
	if (step != NULL)
		json_string(&o.j, "step", step);
	if (seconds > 0)
		json_int(&o.j, "seconds", seconds);
	return order_send(&o, c, err);
}

bool
run_client_clock(struct run_client *c, bool running, struct err *err)
{
	struct order o;

	if (!order_begin(&o, "clock", err))
		return false;
	json_bool(&o.j, "running", running);
	return order_send(&o, c, err);
}

int
run_client_exit(const struct run_client *c)
{
	if (c->state.phase == RUN_FINISHED && c->state.exit >= 0)
		return (int)c->state.exit;
	return c->finished ? c->exit : 2;
}

const char *
run_client_message(const struct run_client *c)
{
	return c->state.phase == RUN_FINISHED ? c->state.message : c->message;
}

const char *
run_client_hint(const struct run_client *c)
{
	return c->state.phase == RUN_FINISHED ? c->state.hint : c->hint;
}
