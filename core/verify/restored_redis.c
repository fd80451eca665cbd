/*
 * restored_redis: an RDB or an append-only file, loaded by a throw-away Redis. Loaded is what
 * Redis itself says after it has read everything; the keys are counted against the file's.
 */
#include "base/banned.h"
#include "verify/restored.h"
#include "verify/sandbox.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#define LOAD_MS   (12 * 3600 * 1000LL)
#define REPLY_MAX ((size_t)(64 * KIB))

struct copying {
	struct proving *proof;
	const char *data;
};

/* One object, decompressed, into the data directory. */
static bool
copy_object(struct copying *c, const char *object, const char *to, struct err *err)
{
	const char *path = path_join(c->proof->arena, c->data, to);
	CLEANUP(util_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	const unsigned char *p;
	struct flow *f;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot create %s", path);
	if (!proving_open(c->proof, object, SUM_NONE, &f, err))
		return false;
	while ((n = scan_view(flow_scan(f), &p, err)) > 0) {
		if (!file_write_all(fd, p, (size_t)n)) {
			err_sys(err, ERR_IO, errno, "Cannot write %s", path);
			n = -1;
			break;
		}
		scan_take(flow_scan(f), (size_t)n);
	}
	flow_free(f);
	return n == 0;
}

static bool
copy_part(const struct object *o, void *arg, struct err *err)
{
	struct copying *c = arg;
	const char *name = path_base(o->name);

	if (o->directory)
		return true;
	return copy_object(c, o->name, arena_fmt(c->proof->arena, "appendonlydir/%s", name), err);
}

static bool
populate(const char *data, void *arg, struct err *err)
{
	struct copying *c = arg;
	struct proving *p = c->proof;
	const char *dir = p->name;

	c->data = data;
	if (strcmp(p->report->format, "redis_rdb") == 0)
		return copy_object(c, p->name, "dump.rdb", err);
	if (p->found.aof_manifest == NULL)
		return copy_object(c, p->name, "appendonly.aof", err);
	if (p->name[0] != '\0' && !util_ends(p->name, "/"))
		dir = arena_strndup(p->arena, p->name, (size_t)(path_base(p->name) - p->name));
	if (mkdir(path_join(p->arena, data, "appendonlydir"), 0700) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a directory in %s", data);
	return source_list(p->source, dir, false, copy_part, c, err);
}

/* Redis's name for its append-only file is what stands before ".manifest". */
static const char *
file_name(struct proving *p)
{
	const char *name = p->found.aof_manifest;

	if (name == NULL)
		return "appendonly.aof";
	return arena_strndup(p->arena, name, strlen(name) - strlen(".manifest"));
}

static bool
ask(const char *socket_path, const char *command, struct str *out, struct err *err)
{
	CLEANUP(util_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 30};
	char buf[4096];
	ssize_t n;

	if (fd < 0 || strlen(socket_path) >= sizeof(address.sun_path))
		return err_set(err, ERR_IO, "Cannot reach the sandbox's socket.");
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		send(fd, command, strlen(command), MSG_NOSIGNAL) != (ssize_t)strlen(command))
		return err_sys(err, ERR_IO, errno, "Cannot ask the sandbox's Redis");
	/* The command ends with QUIT: the end of the answers is the end of the connection. */
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		str_addn(out, buf, (size_t)n);
	return n == 0 || err_sys(err, ERR_IO, errno, "The sandbox's Redis does not answer");
}

/* "db0:keys=2020,expires=1,avg_ttl=0" */
static uint64_t
count_keys(const char *text)
{
	uint64_t sum = 0;

	while ((text = strstr(text, ":keys=")) != NULL) {
		text += strlen(":keys=");
		sum += strtoull(text, NULL, 10);
	}
	return sum;
}

static bool
count(struct proving *p, const struct sandbox *s, struct err *err)
{
	CLEANUP(str_done) struct str reply = STR_INIT(REPLY_MAX);
	uint64_t keys, wanted = p->found.keys, may_be_gone = p->found.volatile_keys;

	if (!ask(s->conninfo, "INFO keyspace\r\nQUIT\r\n", &reply, err))
		return false;
	keys = count_keys(str_text(&reply));
	if (!p->found.keys_known) {
		report_add(
			p->report, PROOF_PASS, "keys", "%llu are there.", (unsigned long long)keys);
		return true;
	}
	if (keys > wanted || keys + may_be_gone < wanted)
		return err_set(err, ERR_CHECK_FAILED,
			"%llu keys were loaded, and the file holds %llu of which %llu may have "
			"expired.",
			(unsigned long long)keys, (unsigned long long)wanted,
			(unsigned long long)may_be_gone);
	report_add(p->report, PROOF_PASS, "keys", "%llu of %llu are there%s",
		(unsigned long long)keys, (unsigned long long)wanted,
		keys < wanted ? "; the others have expired." : ".");
	return true;
}

/* Only what Redis says of the file's own faults is one: an older server, a module that is missing
 * or too little memory are not. */
static void
judge_start(struct err *err)
{
	static const char *const blames[] = {"Bad file format", "Internal error in RDB",
		"Short read", "Unexpected end of file", "Wrong signature", "Wrong RDB checksum",
		"Unknown RDB"};

	if (strstr(err->msg, "Can't handle RDB format version") != NULL) {
		err_set(err, ERR_TOOL_MISSING,
			"It was written by a newer Redis than the one that is installed here, "
			"which "
			"can't load it.");
		err_hint(err, "Install that version of redis-server.");
		return;
	}
	for (size_t i = 0; err->code == ERR_UNREACHABLE && i < ARRAY_LEN(blames); i++)
		if (strstr(err->msg, blames[i]) != NULL)
			err->code = ERR_CHECK_FAILED;
}

bool
restored_redis(struct proving *p, const char *state, struct err *err)
{
	struct copying copy = {.proof = p};
	const char *append[] = {"appendonly=yes",
		arena_fmt(p->arena, "appendfilename=%s", file_name(p)), "aof-load-truncated=no",
		NULL};
	struct sandbox_spec spec = {.state = state,
		.kind = SANDBOX_REDIS,
		.run = p->options->run,
		.keep_s = p->options->keep_sandbox ? VERIFY_KEEP_S : 0,
		.settings = strcmp(p->report->format, "redis_aof") == 0 ? append : NULL,
		.populate = populate,
		.populate_arg = &copy,
		.timeout_ms = LOAD_MS};
	int64_t begin = clock_mono_ms();
	struct sandbox s;

	if (!sandbox_start(&spec, p->arena, &s, err)) {
		if (err->code == ERR_STOPPED)
			return false;
		judge_start(err);
		report_err(p->report, "load", err);
		return true;
	}
	p->report->restore_seconds = (double)(clock_mono_ms() - begin) / 1000;
	report_add(p->report, PROOF_PASS, "load", "Loaded by Redis without an error in %.1f s.",
		p->report->restore_seconds);
	if (!count(p, &s, err))
		report_err(p->report, "keys", err);
	if (p->options->keep_sandbox) {
		p->report->sandbox = s.id;
		p->report->conninfo = s.conninfo;
	} else if (!sandbox_stop(state, s.id, err)) {
		report_err(p->report, "sandbox", err);
	}
	return true;
}
