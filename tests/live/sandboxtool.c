/*
 * sandboxtool: core/verify/sandbox behind a small command line, for tests/live/test_sandbox.py.
 *
 *   sandboxtool STATE start [-k KIND] [-m MAJOR] [-r RUN] [-K KEEP_S] [-d DIRECTORY] [-t MS]
 *                           [-s NAME=VALUE]... [-c FILE]  [-w]
 *   sandboxtool STATE stop ID | stop-run RUN | find ID | sweep
 *
 * -c copies a file or directory into the data directory instead of preparing an empty one.
 * -w stays, as the owner, until standard input ends. Prints one JSON object.
 */
#include "base/banned.h"
#include "verify/sandbox.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"

static void
print_err(struct json *j, struct err *err)
{
	json_object(j, "error");
	json_string(j, "code", err_name(err->code));
	json_string(j, "message", err->msg);
	json_string(j, "hint", err->hint);
	json_object_end(j);
	err_done(err);
}

static void
print_sandbox(struct json *j, const struct sandbox *s)
{
	json_string(j, "id", s->id);
	json_string(j, "directory", s->directory);
	json_string(j, "data", s->data);
	json_string(j, "socket_dir", s->socket_dir);
	json_string(j, "conninfo", s->conninfo);
	json_string(j, "bin", s->bin);
	json_int(j, "major", s->major);
	json_int(j, "pid", s->pid);
	json_int(j, "uid", s->user.uid);
}

static bool
copy_in(const char *data, void *arg, struct err *err)
{
	CLEANUP(proc_result_done) struct proc_result r = PROC_RESULT_INIT(4 * KIB);
	const char *argv[] = {"cp", "-r", arg, data, NULL};
	struct proc_spec p = {
		.path = "/bin/cp", .argv = (char *const *)argv, .envp = (char *[]){NULL}};

	return proc_run(&p, NULL, 60000, &r, err) &&
	       (r.exit.status == 0 || err_set(err, ERR_IO, "cp: %s", str_text(&r.errors)));
}

static int64_t
number(const char *text)
{
	int64_t value;

	if (!util_parse_i64(text, &value))
		BUG("not a number: %s", text);
	return value;
}

static bool
parse(int argc, char **argv, struct sandbox_spec *spec, const char **settings)
{
	bool wait = false;
	size_t n = 0;

	for (int c; (c = getopt(argc, argv, "k:m:r:K:d:t:s:c:pw")) != -1;) {
		switch (c) {
		case 'k':
			spec->kind = util_streq(optarg, "redis") ? SANDBOX_REDIS
				     : util_streq(optarg, "s3")  ? SANDBOX_S3
								 : SANDBOX_POSTGRESQL;
			break;
		case 'm': spec->major = (int)number(optarg); break;
		case 'r': spec->run = optarg; break;
		case 'K': spec->keep_s = number(optarg); break;
		case 'd': spec->directory = optarg; break;
		case 't': spec->timeout_ms = number(optarg); break;
		case 's': settings[n++] = optarg; break;
		case 'c':
			spec->populate = copy_in;
			spec->populate_arg = optarg;
			break;
		case 'p': spec->primary = true; break;
		case 'w': wait = true; break;
		default: BUG("usage");
		}
	}
	spec->settings = settings;
	return wait;
}

static void
flush(struct str *out)
{
	str_addc(out, '\n');
	if (!file_write_all(STDOUT_FILENO, out->buf, out->len))
		BUG("cannot write");
	str_cut(out, 0);
}

int
main(int argc, char **argv)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(1 * MIB);
	struct json j = json_new(&out);
	struct err err = ERR_INIT;
	const char *state = argv[1], *verb = argv[2], *what = argv[3];
	const char *settings[16] = {NULL};
	struct sandbox_spec spec = {.state = state};
	struct sandbox s;
	bool wait = false, good;
	size_t removed = 0;

	json_object(&j, NULL);
	if (util_streq(verb, "start")) {
		wait = parse(argc - 2, argv + 2, &spec, settings);
		good = sandbox_start(&spec, &a, &s, &err);
		if (good)
			print_sandbox(&j, &s);
	} else if (util_streq(verb, "find")) {
		good = sandbox_find(state, what, &a, &s, &err);
		if (good)
			print_sandbox(&j, &s);
	} else if (util_streq(verb, "stop")) {
		good = sandbox_stop(state, what, &err);
	} else if (util_streq(verb, "stop-run")) {
		good = sandbox_stop_run(state, what, &err);
	} else {
		good = sandbox_sweep(state, &removed, &err);
		json_int(&j, "removed", (int64_t)removed);
	}
	if (!good)
		print_err(&j, &err);
	json_object_end(&j);
	flush(&out);
	while (good && wait && read(STDIN_FILENO, settings, sizeof(settings)) > 0)
		;
	if (good && wait && !sandbox_stop(state, s.id, &err))
		BUG("%s", err.msg);
	return 0;
}
