#include "base/banned.h"
#include "catalog/place.h"
#include "base/path.h"
#include "base/proc.h"

#include "catalog/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define TEXT_LIMIT      (4 * MIB)
#define COMPLAINT_LIMIT (4 * KIB)
/* The child's own time-out comes first, because it knows more about what did not answer. */
#define GRACE_MS 2000
#define KILL_MS  1000

static void
extend(struct place_task *t)
{
	t->deadline = MIN(clock_mono_ms() + t->timeout_s * 1000 + GRACE_MS, t->latest);
}

bool
place_start(struct place_task *t, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	int out[2] = {-1, -1}, errors[2] = {-1, -1};
	VEC(const char *) argv = {0};
	struct proc_spec spec = {.path = PATH_SELF,
		.envp = t->envp,
		.group = true,
		.death_signal = SIGKILL,
		.nfds = 3};
	bool good;

	*vec_push(&a, &argv) = "lifeboat";
	*vec_push(&a, &argv) = "__collect";
	*vec_push(&a, &argv) = arena_fmt(&a, "--site=%s", t->site_file);
	*vec_push(&a, &argv) = arena_fmt(&a, "--list=%s", t->list);
	if (t->before != NULL)
		*vec_push(&a, &argv) = arena_fmt(&a, "--before=%s", t->before);
	if (t->copy >= 0)
		*vec_push(&a, &argv) = arena_fmt(&a, "--copy=%d", t->copy);
	if (t->promises)
		*vec_push(&a, &argv) = "--promises";
	*vec_push(&a, &argv) = t->id;
	*vec_push(&a, &argv) = NULL;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0) {
		util_close(&out[0]);
		util_close(&out[1]);
		return err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	}
	spec.argv = (char *const *)(uintptr_t)argv.v;
	spec.fds[0] = -1;
	spec.fds[1] = out[1];
	spec.fds[2] = errors[1];
	good = proc_spawn(&spec, &t->pid, err);
	util_close(&out[1]);
	util_close(&errors[1]);
	t->out = out[0];
	t->errors = errors[0];
	fcntl(t->out, F_SETFL, O_NONBLOCK);
	fcntl(t->errors, F_SETFL, O_NONBLOCK);
	t->text = (struct str)STR_INIT(TEXT_LIMIT);
	t->complaint = (struct str)STR_INIT(COMPLAINT_LIMIT);
	t->over = !good;
	t->latest = clock_mono_ms() + t->timeout_s * 1000 * COLLECT_LONGEST;
	extend(t);
	if (!good) {
		util_close(&t->out);
		util_close(&t->errors);
	}
	return good;
}

void
place_poll(const struct place_task *t, struct pollfd *p)
{
	p[0] = (struct pollfd){.fd = t->out, .events = POLLIN};
	p[1] = (struct pollfd){.fd = t->errors, .events = POLLIN};
}

static void
failed(struct place_task *t, struct arena *a, const char *error, const char *hint)
{
	t->place->error = arena_strdup(a, error);
	t->place->hint = arena_strdup(a, hint);
}

/* The last line of the output is the observation, or {"error": ...}. */
static void
take_result(struct place_task *t, struct arena *a, struct proc_exit how)
{
	CLEANUP(str_done) struct str why = STR_INIT(8 * KIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *text = str_text(&t->text);
	CLEANUP(json_free) cJSON *json = NULL;
	const cJSON *error;

	text += strspn(text, "\n");
	json = json_parse(text, strlen(text), &err);
	error = json_get(json, "error");
	if (json == NULL || (error == NULL && (!how.exited || how.status != 0))) {
		proc_exit_text(&why, how);
		str_fmt(&why, ". It is a fault of Lifeboat itself. %s", str_text(&t->complaint));
		failed(t, a, arena_fmt(a, "Its collector failed with %s", str_text(&why)), NULL);
	} else if (error != NULL) {
		const char *message = json_get_text(error, "message");

		failed(t, a, message != NULL ? message : "It could not be read.",
			json_get_text(error, "hint"));
	} else {
		struct observation was = t->place->seen;

		t->place->error = t->place->hint = NULL;
		observation_read(a, json, &t->place->seen);
		if (t->place->seen.promises == NULL) {
			t->place->seen.promises = was.promises;
			t->place->seen.promises_at = was.promises_at;
		}
	}
}

static void
end(struct place_task *t)
{
	t->over = true;
	t->place->tried_at = clock_now();
	util_close(&t->out);
	util_close(&t->errors);
	str_done(&t->text);
	str_done(&t->complaint);
}

/* KILL, and a moment for the kernel to do it; what hangs in a system call may not obey. */
static void
time_out(struct place_task *t, struct arena *a)
{
	int64_t until = clock_mono_ms() + KILL_MS;
	struct timespec nap = {0, 10000000};
	bool gone = false;

	kill(-t->pid, SIGKILL);
	while (!gone && clock_mono_ms() < until) {
		gone = waitpid(t->pid, NULL, WNOHANG) == t->pid;
		if (!gone)
			nanosleep(&nap, NULL);
	}
	t->abandoned = !gone;
	failed(t, a, arena_fmt(a, "It showed no sign of life for %lld s.", (long long)t->timeout_s),
		gone ? NULL
		     : "The reader can't even be killed: a file system hangs. `umount -f -l` "
		       "frees it.");
	end(t);
}

void
place_step(struct place_task *t, struct arena *a, const struct pollfd *p)
{
	if (t->out >= 0 && p[0].revents && proc_drain(&t->out, &t->text))
		extend(t);
	if (t->errors >= 0 && p[1].revents)
		proc_drain(&t->errors, &t->complaint);
	if (t->out < 0 && t->errors < 0) {
		take_result(t, a, proc_wait(t->pid));
		end(t);
	} else if (clock_mono_ms() >= t->deadline) {
		time_out(t, a);
	}
}
