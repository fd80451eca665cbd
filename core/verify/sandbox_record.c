/*
 * sandbox_record: who owns which sandbox, on disk, and whether the owner is still there.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "conf/json_read.h"
#include "conf/schema.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/json.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define RECORD_BYTES (16 * KIB)
#define RECORDS_MAX  1000
#define RESUME_S     3600 /* an interrupted run may be taken up again */

const char *
sandbox_directory(struct arena *a, const char *state)
{
	return path_join(a, state, "sandboxes");
}

const char *
sandbox_host(struct arena *a)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
		return "localhost";
	return arena_strdup(a, host);
}

static const char *
record_path(struct arena *a, const char *state, const char *id)
{
	return arena_fmt(a, "%s/%s.json", sandbox_directory(a, state), id);
}

bool
sandbox_record_write(const char *state, const struct sandbox_record *r, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(RECORD_BYTES);
	struct json j = json_new(&text);

	json_object(&j, NULL);
	json_string(&j, "id", r->id);
	json_string(&j, "kind", sandbox_ops_of(r->kind)->program);
	json_int(&j, "major", r->major);
	json_string(&j, "superuser", r->superuser);
	json_object(&j, "owner");
	if (r->run != NULL) {
		json_string(&j, "run", r->run);
	} else if (r->until != CLOCK_NONE) {
		json_time(&j, "until", r->until);
	} else {
		json_int(&j, "pid", r->owner_pid);
		json_fmt(&j, "start", "%llu", (unsigned long long)r->owner_start);
	}
	json_object_end(&j);
	json_string(&j, "boot", r->boot);
	json_string(&j, "host", r->host);
	json_time(&j, "created_at", r->created_at);
	json_string(&j, "directory", r->directory);
	if (r->pid > 0) {
		json_object(&j, "server");
		json_int(&j, "pid", r->pid);
		json_fmt(&j, "start", "%llu", (unsigned long long)r->start_time);
		json_object_end(&j);
	}
	json_object_end(&j);
	str_addc(&text, '\n');
	if (text.full)
		return err_set(err, ERR_LIMIT, "The record of a sandbox is too long.");
	return file_mkdirs(sandbox_directory(&a, state), 0750, err) &&
	       file_replace(record_path(&a, state, r->id), text.buf, text.len, 0640, err);
}

static void
read_process(const cJSON *object, pid_t *ret_pid, uint64_t *ret_start)
{
	const char *start = json_get_text(object, "start");
	int64_t pid = json_get_int(object, "pid", 0);

	if (pid > 0 && pid < INT32_MAX && start != NULL && util_parse_u64(start, ret_start))
		*ret_pid = (pid_t)pid;
}

static bool
read_fields(const cJSON *j, struct arena *a, struct sandbox_record *ret)
{
	const cJSON *owner = json_get(j, "owner");
	const char *kind = json_get_text(j, "kind"), *id = json_get_text(j, "id");

	ret->kind = sandbox_kind_of(kind);
	ret->major = (int)json_get_int(j, "major", 0);
	ret->superuser = arena_strdup(a, json_get_text(j, "superuser"));
	ret->run = arena_strdup(a, json_get_text(owner, "run"));
	ret->until = json_get_time(owner, "until");
	read_process(owner, &ret->owner_pid, &ret->owner_start);
	read_process(json_get(j, "server"), &ret->pid, &ret->start_time);
	ret->boot = arena_strdup(a, json_get_text(j, "boot"));
	ret->host = arena_strdup(a, json_get_text(j, "host"));
	ret->created_at = json_get_time(j, "created_at");
	ret->directory = arena_strdup(a, json_get_text(j, "directory"));
	return util_streq(id, ret->id) && ret->boot != NULL && ret->host != NULL &&
	       ret->directory != NULL && ret->directory[0] == '/' &&
	       (ret->run == NULL || schema_is_id(ret->run));
}

/* What another user wrote must not make us kill or remove anything. */
static bool
open_own(const char *path, int *ret, struct err *err)
{
	struct stat st;

	*ret = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*ret < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open %s", path);
	if (fstat(*ret, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return true;
	util_close(ret);
	return err_set(err, ERR_UNSAFE, "%s belongs to somebody else.", path);
}

bool
sandbox_record_read(const char *state, const char *id, struct arena *a, struct sandbox_record *ret,
	struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(RECORD_BYTES);
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(json_free) cJSON *j = NULL;
	CLEANUP(util_close) int fd = -1;
	const char *path;

	if (!schema_is_id(id))
		return err_set(err, ERR_NOT_FOUND, "There is no sandbox \"%s\".", id);
	path = record_path(a, state, id);
	if (!open_own(path, &fd, err) || !file_read_fd(fd, path, RECORD_BYTES, &text, err))
		return false;
	*ret = (struct sandbox_record){.id = arena_strdup(a, id), .until = CLOCK_NONE};
	j = json_parse(str_text(&text), text.len, &why);
	if (j == NULL || !read_fields(j, a, ret))
		return err_set(err, ERR_DAMAGED, "%s is not the record of a sandbox.", path);
	return true;
}

void
sandbox_record_remove(const char *state, const char *id)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	unlink(record_path(&a, state, id));
}

size_t
sandbox_record_list(const char *state, struct arena *a, const char ***ret)
{
	DIR *dir = opendir(sandbox_directory(a, state));
	VEC(const char *) ids = {0};
	struct dirent *entry;

	while (dir != NULL && ids.n < RECORDS_MAX && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n > 5 && util_ends(entry->d_name, ".json"))
			*vec_push(a, &ids) = arena_strndup(a, entry->d_name, n - 5);
	}
	if (dir != NULL)
		closedir(dir);
	*ret = ids.v;
	return ids.n;
}

/*
 * A run lives while its journal is locked. The lock is only probed (which for an instant takes
 * it) when the journal has been silent for so long that nobody can be about to resume it.
 */
static bool
run_alive(const char *state, const char *run)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close) int fd = -1;
	struct stat st;

	fd = open(arena_fmt(&a, "%s/runs/%s/journal.jsonl", state, run), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	if (st.st_mtime > clock_now() - RESUME_S || filelock_holder(fd) != 0)
		return true;
	if (!filelock_take(fd, 0))
		return true;
	filelock_release(fd);
	return false;
}

enum sandbox_owner
sandbox_owner_state(const char *state, const struct sandbox_record *r)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	bool alive;

	if (!util_streq(r->host, sandbox_host(&a)))
		return OWNER_ELSEWHERE;
	if (!util_streq(r->boot, clock_boot_id()))
		return OWNER_DEAD;
	if (r->run != NULL)
		alive = run_alive(state, r->run);
	else if (r->until != CLOCK_NONE)
		alive = clock_now() < r->until;
	else
		alive = proc_alive(r->owner_pid, r->owner_start);
	return alive ? OWNER_ALIVE : OWNER_DEAD;
}
