#include "base/banned.h"
#include "conf/secret.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct secret {
	size_t len;
	size_t size; /* of the mapping */
	char bytes[];
};

struct secret *
secret_new(const char *bytes, size_t len)
{
	size_t size = sizeof(struct secret) + len + 1;
	struct secret *s =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		BUG("out of memory (secret)");
	/* Best effort: a limit on locked memory is no reason to fail a restore. */
	madvise(s, size, MADV_DONTDUMP);
	if (mlock(s, size) < 0)
		log_debug("a secret can't be locked in memory: %s", strerror(errno));
	s->len = len;
	s->size = size;
	memcpy(s->bytes, bytes, len);
	return s;
}

void
secret_free(struct secret *s)
{
	size_t size;

	if (s == NULL)
		return;
	size = s->size;
	explicit_bzero(s, size);
	munmap(s, size);
}

const char *
secret_bytes(const struct secret *s)
{
	return s->bytes;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

bool
secret_source_check(const char *source, struct err *err)
{
	if (strcmp(source, "prompt") == 0 ||
		(util_starts(source, "env ") && source[4] != '\0' &&
			strpbrk(source + 4, " =") == NULL) ||
		(util_starts(source, "file ") && source[5] != '\0'))
		return true;
	err_set(err, ERR_CONFIG, "\"%s\" is not a source of a secret.", source);
	return err_hint(err, "Write \"env NAME\", \"file PATH\" or \"prompt\".");
}

static bool
fetch_file(const char *path, struct secret **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close) int fd = -1;
	char bytes[SECRET_MAX];
	struct stat st;
	ssize_t n;

	path = path_expand(&a, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ||
		       err_sys(err, ERR_AUTH, errno, "Cannot open the secret file %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "The secret file %s is not a regular file.", path);
	if ((st.st_mode & 007) != 0) {
		err_set(err, ERR_UNSAFE, "The secret file %s can be read by everybody.", path);
		return err_hint(err, "chmod o-rwx %s", path);
	}
	if (util_streq(path_base(path), ".pgpass"))
		return true;
	n = file_pread(fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return err_sys(err, ERR_AUTH, errno, "Cannot read the secret file %s", path);
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] == '\n')
			n = i;
	if (n == SECRET_MAX)
		err_set(err, ERR_LIMIT, "The secret in %s is longer than 4096 bytes.", path);
	else
		*ret = secret_new(bytes, (size_t)n);
	explicit_bzero(bytes, sizeof(bytes));
	return n < SECRET_MAX;
}

bool
secret_fetch(const char *source, struct secret **ret, struct err *err)
{
	*ret = NULL;
	if (util_starts(source, "env ")) {
		const char *value = getenv(source + 4);

		if (value != NULL)
			*ret = secret_new(value, strlen(value));
		return true;
	}
	if (util_starts(source, "file "))
		return fetch_file(source + 5, ret, err);
	return true;
}
