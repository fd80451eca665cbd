/*
 * server: the runner's socket. Clients read files themselves; they are told that these grew.
 *
 * Who somebody is comes from the kernel (SO_PEERCRED). The operator is the user who started the
 * run or took its wheel, and root; everybody else who may connect watches.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/ident.h"
#include "base/text.h"
#include "run/dir.h"
#include "run/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define CLIENTS_MAX 64
#define HELLO_MS    5000
#define ORIGIN_MAX  200

/* Frames that do not fit the socket's buffer are dropped: a client catches up from the files. */
static void
send_frame(struct client *c, struct str *frame)
{
	str_addc(frame, '\n');
	if (!c->deaf && send(c->fd, frame->buf, frame->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		errno != EAGAIN && errno != EWOULDBLOCK)
		c->deaf = true;
}

static void
reply(struct client *c, const char *re, const struct err *err)
{
	CLEANUP(str_done) struct str out = STR_INIT(PROTOCOL_MAX);
	struct json j = json_new(&out);

	json_object(&j, NULL);
	json_string(&j, "op", err == NULL ? "ok" : "error");
	json_string(&j, "re", re);
	if (err != NULL) {
		json_string(&j, "message", err->msg);
		json_string(&j, "hint", err->hint);
		json_string(&j, "code", err_name(err->code));
	}
	json_object_end(&j);
	send_frame(c, &out);
}

static void
send_copy(struct client *c, const struct str *frame)
{
	CLEANUP(str_done) struct str copy = STR_INIT(PROTOCOL_MAX);

	str_addn(&copy, frame->buf, frame->len);
	send_frame(c, &copy);
}

static void
broadcast(struct runner *r, const struct str *frame)
{
	for (struct client *c = r->clients; c != NULL; c = c->next)
		if (c->greeted && !c->dead)
			send_copy(c, frame);
}

void
server_journal_grew(struct runner *r)
{
	CLEANUP(str_done) struct str out = STR_INIT(PROTOCOL_MAX);

	str_fmt(&out, "{\"op\":\"journal\",\"seq\":%llu}", (unsigned long long)r->state.seq);
	broadcast(r, &out);
}

void
server_output_grew(struct runner *r, int64_t size)
{
	CLEANUP(str_done) struct str out = STR_INIT(PROTOCOL_MAX);
	struct json j = json_new(&out);

	if (r->clients == NULL)
		return;
	json_object(&j, NULL);
	json_string(&j, "op", "output");
	json_string(&j, "step", r->step->id);
	json_int(&j, "attempt", run_state_step(&r->state, r->step->id)->attempt);
	json_int(&j, "size", size);
	json_object_end(&j);
	broadcast(r, &out);
}

void
server_progress(struct runner *r, const cJSON *event)
{
	CLEANUP(str_done) struct str out = STR_INIT(PROTOCOL_MAX);
	struct json j = json_new(&out);

	json_object(&j, NULL);
	json_string(&j, "op", "progress");
	json_string(&j, "step", r->step->id);
	json_int(&j, "done", json_get_int(event, "done", -1));
	json_int(&j, "total", json_get_int(event, "total", -1));
	json_string(&j, "text", json_get_text(event, "text"));
	json_object_end(&j);
	if (!out.full)
		broadcast(r, &out);
}

static const char *
role_of(const struct client *c)
{
	return c->drives ? "operator" : "observer";
}

static void
client_record(struct client *c, const char *event)
{
	struct json *j = ledger_data(c->runner->ledger);

	json_string(j, "client", c->label);
	json_string(j, "role", role_of(c));
	json_string(j, "origin", c->origin);
	runner_note(c->runner, NULL, event, c->actor);
}

static bool
operator_is_here(const struct runner *r)
{
	for (const struct client *c = r->clients; c != NULL; c = c->next)
		if (c->greeted && c->drives && !c->dead)
			return true;
	return false;
}

static bool
is_here(const struct runner *r, uid_t uid)
{
	for (const struct client *c = r->clients; c != NULL; c = c->next)
		if (c->greeted && c->uid == uid && !c->dead)
			return true;
	return false;
}

static void
client_remove(struct client *c)
{
	struct runner *r = c->runner;
	bool was_operator = c->greeted && c->drives, said_bye = c->said_bye;

	for (struct client **p = &r->clients; *p != NULL; p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			break;
		}
	}
	if (c->greeted && !r->finished) {
		client_record(c, "client.detached");
		if (!is_here(r, c->uid))
			presence_left(r, c->uid, c->actor);
	}
	loop_remove(c->watch);
	loop_remove(c->hello_timer);
	util_close(&c->fd);
	wire_done(&c->frames);
	free(c->actor);
	free(c->label);
	free(c->origin);
	free(c);
	/* The terminal of the last operator went away in mid-step: the step says what then. */
	if (was_operator && !said_bye && !operator_is_here(r) && r->child != NULL && !r->probing &&
		!r->cleaning && r->step->on_hangup == ON_HANGUP_STOP)
		engine_interrupt(r, NULL);
	if (was_operator && !said_bye && !operator_is_here(r))
		lanes_interrupt(r, NULL, true);
}

/* What it says of itself proves nothing, and can only take something away from it. */
static void
take_origin(struct client *c, const cJSON *frame)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *origin = json_get_text(frame, "origin");
	int64_t login = json_get_int(frame, "login_uid", -1);

	if (origin != NULL && origin[0] != '\0' && strlen(origin) <= ORIGIN_MAX)
		c->origin = util_strdup(text_safe(&a, origin));
	if (c->login_uid == IDENT_NOBODY && login >= 0 && login < (int64_t)IDENT_NOBODY)
		c->login_uid = (uid_t)login;
}

static void
on_hello(struct client *c, const cJSON *frame)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(PROTOCOL_MAX);
	struct json j = json_new(&out);
	struct runner *r = c->runner;

	if (json_get_int(frame, "protocol", 0) != PROTOCOL_VERSION) {
		err_set(&err, ERR_UNSUPPORTED, "The runner speaks protocol %d, not yours.",
			PROTOCOL_VERSION);
		err_hint(&err, "Use the lifeboat that started this run.");
		reply(c, "hello", &err);
		c->dead = true;
		return;
	}
	c->wants = util_streq(json_get_text(frame, "role"), "operator");
	c->drives = c->wants && wheel_drives(r, c->uid);
	take_origin(c, frame);
	c->greeted = true;
	loop_remove(c->hello_timer);
	c->hello_timer = NULL;
	json_object(&j, NULL);
	json_string(&j, "op", "hello");
	json_int(&j, "protocol", PROTOCOL_VERSION);
	json_string(&j, "run", r->id);
	json_string(&j, "role", role_of(c));
	json_int(&j, "seq", (int64_t)r->state.seq);
	json_object_end(&j);
	send_frame(c, &out);
	client_record(c, "client.attached");
}

void
server_roles_changed(struct runner *r)
{
	for (struct client *c = r->clients; c != NULL; c = c->next) {
		bool drives = c->greeted && c->wants && wheel_drives(r, c->uid);
		CLEANUP(str_done) struct str out = STR_INIT(KIB);

		if (drives == c->drives)
			continue;
		c->drives = drives;
		str_fmt(&out, "{\"op\":\"role\",\"role\":\"%s\"}", role_of(c));
		send_frame(c, &out);
	}
}

static void
on_frame(struct client *c, const cJSON *frame)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *op = json_get_text(frame, "op");
	bool good;

	if (op == NULL || c->greeted == (strcmp(op, "hello") == 0)) {
		c->dead = true;
		return;
	}
	if (strcmp(op, "hello") == 0) {
		on_hello(c, frame);
		return;
	}
	if (strcmp(op, "bye") == 0) {
		c->said_bye = c->dead = true;
		return;
	}
	good = orders_take(c, op, frame, &err);
	reply(c, op, good ? NULL : &err);
}

static void
on_client(struct loop *l, int fd, short revents, void *arg)
{
	struct client *c = arg;
	char chunk[WIRE_CHUNK];
	ssize_t n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	cJSON *frame;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		c->dead = true;
	else
		wire_add(&c->frames, chunk, (size_t)n);
	explicit_bzero(chunk, sizeof(chunk)); /* a secret may have passed */
	while (!c->dead && (frame = wire_next(&c->frames)) != NULL) {
		on_frame(c, frame);
		cJSON_Delete(frame);
	}
	if (c->dead || c->frames.broken)
		client_remove(c);
}

static void
on_silent(struct loop *l, void *arg)
{
	struct client *c = arg;

	c->hello_timer = NULL;
	client_remove(c);
}

static void
on_connect(struct loop *l, int fd, short revents, void *arg)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct runner *r = arg;
	struct ucred cred = {0};
	struct ident self;
	socklen_t len = sizeof(cred);
	struct client *c;
	size_t n = 0;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (peer < 0)
		return;
	for (c = r->clients; c != NULL; c = c->next)
		n++;
	if (n >= CLIENTS_MAX || getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		close(peer);
		return;
	}
	c = util_alloc(sizeof(*c));
	c->runner = r;
	c->fd = peer;
	c->uid = cred.uid;
	c->login_uid = ident_login_uid(cred.pid);
	ident_self(&a, &self);
	c->actor = util_strdup(arena_fmt(&a, "%s@%s", ident_user_name(&a, cred.uid), self.host));
	c->label = util_strdup(arena_fmt(&a, "%s/%d", c->actor, (int)cred.pid));
	c->frames = (struct wire)WIRE_INIT;
	c->watch = loop_fd(r->loop, peer, POLLIN, on_client, c);
	c->hello_timer = loop_timer(r->loop, HELLO_MS, false, on_silent, c);
	c->next = r->clients;
	r->clients = c;
}

bool
server_start(struct runner *r, struct err *err)
{
	if (!run_dir_listen(r->dir, &r->listen_fd, err))
		return false;
	loop_fd(r->loop, r->listen_fd, POLLIN, on_connect, r);
	return true;
}

/* To everybody, greeted or not. What the journal could not take is told nowhere else: then we wait
 * for the one who started us, who may be on his way. */
static void
say_goodbye(struct runner *r, const struct str *frame)
{
	struct pollfd p = {r->listen_fd, POLLIN, 0};
	struct client late = {.fd = -1};

	for (struct client *c = r->clients; c != NULL; c = c->next)
		if (!c->dead)
			send_copy(c, frame);
	if (r->clients != NULL || r->state.phase == RUN_FINISHED || poll(&p, 1, HELLO_MS) <= 0)
		return;
	late.fd = accept4(r->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (late.fd >= 0)
		send_copy(&late, frame);
	util_close(&late.fd);
}

void
server_stop(struct runner *r)
{
	CLEANUP(str_done) struct str out = STR_INIT(PROTOCOL_MAX);
	struct json j = json_new(&out);
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	json_object(&j, NULL);
	json_string(&j, "op", "finished");
	json_string(&j, "outcome", r->outcome);
	json_int(&j, "exit", r->exit);
	json_string(&j, "message", r->message);
	json_string(&j, "hint", r->hint);
	json_object_end(&j);
	say_goodbye(r, &out);
	while (r->clients != NULL)
		/* It leaves the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		client_remove(r->clients);
	util_close(&r->listen_fd);
	unlink(path_join(&a, r->dir, "socket"));
}
