/*
 * s3_move: what an s3 step fetches, sends and copies.
 *
 * Content is checked on both ways, and nothing that is there already is replaced by accident.
 */
#include "base/banned.h"
#include "step/s3_step.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "net/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CHUNK            (256 * KIB)
#define PROGRESS_MS      500
#define SIZE_MAX_DEFAULT (5LL * MIB * MIB)

static bool
fits(const struct s3_job *j, const char *what, int64_t size, struct err *err)
{
	int64_t max = j->p->max_size == FIELD_ABSENT ? SIZE_MAX_DEFAULT : j->p->max_size;

	return (size >= 0 && size <= max) ||
	       err_set(err, ERR_LIMIT, "%s has %lld bytes; at most %lld are allowed.", what,
		       (long long)size, (long long)max);
}

static bool
expect_sum(const struct s3_job *j, const char *what, const char *wanted, const char *found,
	struct err *err)
{
	if (wanted == NULL || wanted[0] == '\0' || strcasecmp(wanted, found) == 0)
		return true;
	return err_set(
		err, ERR_DAMAGED, "%s has the SHA-256 %s; wanted is %s.", what, found, wanted);
}

/* Room for it, and some left for everybody else. */
static bool
room_for(const char *file, const char *dir, int64_t size, struct err *err)
{
	struct statvfs fs;

	if (statvfs(dir, &fs) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot look at %s", dir);
	if (size < (int64_t)(fs.f_bavail * fs.f_frsize))
		return true;
	err_set(err, ERR_IO, "There is no room for the %lld bytes of %s.", (long long)size, file);
	return err_hint(err, "Make room in %s, or fetch it to another place.", dir);
}

/* At most so often; a fast disk would drown the runner in events. */
static void
progress(int64_t done, int64_t total, void *arg)
{
	struct s3_job *j = arg;
	int64_t now = clock_mono_ms();

	if (now - j->told_ms < PROGRESS_MS && done < total)
		return;
	j->told_ms = now;
	step_progress(j->c, done, total, j->p->action == S3_GET ? "fetching" : "sending");
}

static bool
pour(struct s3_job *j, struct stream *st, int fd, char hex[DIGEST_HEX], struct err *err)
{
	struct digest *sum = digest_new();
	unsigned char bytes[DIGEST_SIZE];
	char *buf = util_alloc(CHUNK);
	int64_t done = 0;
	ssize_t n;

	while ((n = stream_read(st, buf, CHUNK, err)) > 0) {
		digest_add(sum, buf, (size_t)n);
		if (!file_write_all(fd, buf, (size_t)n)) {
			err_sys(err, ERR_IO, errno, "Cannot write %s", j->p->file);
			break;
		}
		progress(done += n, stream_size(st), j);
	}
	digest_end(sum, bytes);
	digest_hex(bytes, DIGEST_SIZE, hex);
	digest_free(sum);
	free(buf);
	return n == 0;
}

/* Into a file that is not there yet under its own name. */
static bool
fetch(struct s3_job *j, const struct s3_facts *f, int fd, struct err *err)
{
	struct source *source = NULL;
	struct stream *st = NULL;
	char hex[DIGEST_HEX];
	bool good;

	j->conf.prefix = NULL;
	good = source_s3_new(&j->conf, S3_STEP_TIMEOUT_S, &source, err) &&
	       source_read(source, j->key, 0, -1, &st, err) && pour(j, st, fd, hex, err) &&
	       expect_sum(j, j->uri, f->sha256, hex, err) &&
	       expect_sum(j, j->uri, j->p->sha256, hex, err);
	stream_free(st);
	source_free(source);
	if (good && fsync(fd) < 0)
		good = err_sys(err, ERR_IO, errno, "Cannot write %s", j->p->file);
	if (good) {
		step_set(j->c, "sha256", hex);
		step_say(j->c, "%s has the SHA-256 %s", j->p->file, hex);
		str_add(&j->c->value, hex);
	}
	return good;
}

/* linkat() and not rename(): what came there meanwhile is not replaced. */
static bool
put_in_place(struct s3_job *j, const char *temporary, struct err *err)
{
	bool good = j->p->overwrite == 1 ? rename(temporary, j->p->file) == 0
					 : link(temporary, j->p->file) == 0;

	if (!good)
		return err_sys(err, ERR_IO, errno, "Cannot make %s", j->p->file);
	if (j->p->overwrite != 1)
		unlink(temporary);
	return file_sync_dir(path_dir(j->c->arena, j->p->file), err);
}

bool
s3_do_get(struct s3_job *j, struct err *err)
{
	const char *dir = path_dir(j->c->arena, j->p->file);
	char *temporary = arena_fmt(j->c->arena, "%s.XXXXXX", j->p->file);
	CLEANUP(util_close) int fd = -1;
	struct s3_facts f;
	bool good;

	if (j->p->overwrite != 1 && file_exists(j->p->file)) {
		err_set(err, ERR_REFUSED, "%s is there already.", j->p->file);
		return err_hint(err, "Fetch it to another place, or say overwrite: true.");
	}
	if (!s3_look(j, j->key, &f, err) || !fits(j, j->uri, f.size, err) ||
		!room_for(j->p->file, dir, f.size, err))
		return false;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a file in %s", dir);
	good = fetch(j, &f, fd, err) && put_in_place(j, temporary, err);
	if (!good)
		unlink(temporary);
	return good;
}

/* Whether the object is there as it should become; ERR_REFUSED when it is there otherwise. */
static bool
there_already(struct s3_job *j, const char *key, const struct s3_facts *wanted, bool *ret,
	struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct s3_facts f;

	*ret = false;
	if (!s3_look(j, key, &f, &why))
		return why.code == ERR_NOT_FOUND || err_move(err, &why);
	*ret = f.size == wanted->size && wanted->sha256[0] != '\0' &&
	       strcmp(f.sha256, wanted->sha256) == 0;
	if (*ret || j->p->overwrite == 1)
		return true;
	err_set(err, ERR_REFUSED, "s3://%s/%s is there already, with something else in it.",
		j->conf.bucket, key);
	return err_hint(err, "Choose another name, or say overwrite: true.");
}

/* What the server says it has now. */
static bool
arrived(struct s3_job *j, const char *key, const struct s3_facts *wanted, struct err *err)
{
	struct s3_facts f;

	if (!s3_look(j, key, &f, err))
		return false;
	if (f.size != wanted->size)
		return err_set(err, ERR_DAMAGED, "s3://%s/%s has %lld bytes; %lld were sent.",
			j->conf.bucket, key, (long long)f.size, (long long)wanted->size);
	j->uri = arena_fmt(j->c->arena, "s3://%s/%s", j->conf.bucket, key);
	s3_tell(j, &f);
	str_add(&j->c->value, j->uri);
	return true;
}

bool
s3_do_put(struct s3_job *j, struct err *err)
{
	CLEANUP(util_close) int fd = open(j->p->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct s3_upload u = {
		.key = j->key, .fd = fd, .name = j->p->file, .progress = progress, .arg = j};
	struct s3_facts wanted;
	struct stat st;
	bool same;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open %s", j->p->file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "%s is not a file.", j->p->file);
	u.size = st.st_size;
	if (!fits(j, j->p->file, u.size, err) || !digest_fd(fd, j->p->file, u.sha256, err) ||
		!expect_sum(j, j->p->file, j->p->sha256, u.sha256, err))
		return false;
	wanted = (struct s3_facts){.size = u.size, .sha256 = u.sha256};
	if (!there_already(j, j->key, &wanted, &same, err))
		return false;
	if (same)
		step_say(j->c, "It is there already, with the same content.");
	return (same || s3_upload(j->s3, &u, err)) && arrived(j, j->key, &wanted, err);
}

bool
s3_do_copy(struct s3_job *j, struct err *err)
{
	const char *bucket, *key;
	struct s3_facts f;
	bool same;

	if (!s3_split_uri(j->c->arena, j->p->to, &bucket, &key)) {
		bucket = j->conf.bucket;
		key = arena_fmt(j->c->arena, "%s%s", j->prefix, j->p->to);
	}
	if (key[0] == '\0' || bucket[0] == '\0')
		return err_set(err, ERR_USAGE, "%s names no object.", j->p->to);
	if (!s3_look(j, j->key, &f, err))
		return false;
	if (f.size > S3_COPY_MAX) {
		err_set(err, ERR_LIMIT, "%s has more than 5 GiB; no server copies that at once.",
			j->uri);
		return err_hint(err, "Fetch it and send it again: action: get, then put.");
	}
	j->from = arena_fmt(j->c->arena, "%s/%s", j->conf.bucket, j->key);
	/* The server copies into the bucket that is asked. */
	j->conf.bucket = bucket;
	if (!there_already(j, key, &f, &same, err))
		return false;
	if (same)
		step_say(j->c, "It is there already, with the same content.");
	return (same || s3_copy(j->s3, j->from, key, err)) && arrived(j, key, &f, err);
}
