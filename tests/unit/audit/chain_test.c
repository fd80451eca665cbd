#include "unit/audit/logs.h"

#include "base/arena.h"
#include "base/filelock.h"

#include <sys/resource.h>

#include "fault/shim.c"

static const struct record event = {.run = "r1", .event = "test.event", .actor = "tester"};

static struct chain *
open_log(const char *path, enum chain_mode mode)
{
	struct err err = ERR_INIT;
	struct chain *c = NULL;

	if (!chain_open(path, mode, "journal", NULL, "tester@here", &c, &err))
		fail_msg("%s", err.msg);
	return c;
}

static void
append(struct chain *c)
{
	struct err err = ERR_INIT;

	if (!chain_append(c, &event, &err))
		fail_msg("%s", err.msg);
}

static bool
opens(const char *path, enum chain_mode mode, struct err *err)
{
	struct chain *c = NULL;
	bool good = chain_open(path, mode, "journal", NULL, "tester@here", &c, err);

	chain_free(c);
	return good;
}

static void
no_faults(void)
{
	fault_set(NULL, NULL, 0, NULL, false);
}

static void
test_new_and_again(void **state)
{
	const char *path = test_path("new");
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct audit_report r;
	const char *line;
	struct stat st;
	size_t len;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_string_equal(chain_path(c), path);
	assert_int_equal(chain_head(c)->seq, 1);
	assert_false(chain_was_torn(c));
	append(c);
	assert_int_equal(chain_head(c)->seq, 2);
	line = chain_last_line(c, &len);
	assert_int_equal(len, strcspn(line, "\n"));
	assert_holds(line, "\"event\":\"test.event\"");
	chain_free(c);
	chain_free(NULL);
	c = open_log(path, CHAIN_OWNED);
	assert_int_equal(chain_head(c)->seq, 2);
	append(c);
	chain_free(c);
	r = log_verify(path, NULL);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.records, 3);
	assert_int_equal(strlen(r.file_id), 32);
}

static void
test_other_kind(void **state)
{
	const char *path = log_new("kind", 1);
	struct err err = ERR_INIT;
	struct chain *c;

	assert_false(chain_open(path, CHAIN_OWNED, "audit", NULL, "x", &c, &err));
	assert_hint(&err, "move it aside");
	assert_err(&err, ERR_AUDIT, "is not a log of the kind \"audit\"");
	fault_set("read", "*/kind", 2, "EIO", false);
	assert_false(opens(path, CHAIN_OWNED, &err));
	no_faults();
	assert_err(&err, ERR_AUDIT, "Cannot read");
	assert_true(opens(path, CHAIN_OWNED, &err));
}

static void
test_last_line_of_nothing(void **state)
{
	struct chain *c = open_log(log_new("quiet", 1), CHAIN_OWNED);
	size_t len = 7;

	(void)chain_last_line(c, &len);
	assert_int_equal(len, 0);
	chain_free(c);
}

/* F01, F04: the record is absent, the log is as before, and works when there is room again. */
static void
test_f01_no_room(void **state)
{
	static const char *const kinds[] = {"ENOSPC", "full", "EDQUOT", "EROFS", "EIO"};
	const char *path = log_new("room", 1);
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		fault_set("write", "*/room", 1, kinds[i], true);
		assert_false(chain_append(c, &event, &err));
		assert_hint(&err, "Nothing runs without a record");
		assert_err(&err, ERR_AUDIT, "Cannot write");
		no_faults();
		assert_int_equal(chain_head(c)->seq, 2 + i);
		assert_int_equal(log_verify(path, NULL).records, 2 + i);
		append(c);
	}
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	chain_free(c);
}

/* F02: room put aside beforehand. */
static void
test_f02_reserve(void **state)
{
	const char *path = log_new("reserve", 1);
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct err err = ERR_INIT;
	struct stat before, after;

	assert_int_equal(stat(path, &before), 0);
	assert_true(chain_reserve(c, 256 * KIB, &err));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	append(c);
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	fault_set("fallocate", "*/reserve", 1, "ENOSPC", false);
	assert_false(chain_reserve(c, 256 * KIB, &err));
	assert_hint(&err, "Make room");
	assert_err(&err, ERR_AUDIT, "Cannot put room aside in");
	fault_set("fallocate", "*/reserve", 1, "ENOTSUP", false);
	assert_true(chain_reserve(c, 256 * KIB, &err));
	no_faults();
	chain_free(c);
}

/* F03: a failed sync is for good; nobody syncs again as if the pages were still there. */
static void
test_f03_sync_fails(void **state)
{
	const char *path = log_new("sync", 1);
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct err err = ERR_INIT;

	fault_set("fdatasync", "*/sync", 1, "EIO", false);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "Cannot sync");
	fault_set("fdatasync,write", "*/sync", 1, "EINTR", false);
	assert_false(chain_append(c, &event, &err));
	assert_hint(&err, "resume");
	assert_err(&err, ERR_AUDIT, "failed earlier");
	assert_int_equal(fault_count(), 0);
	no_faults();
	assert_false(chain_reserve(c, 1, &err));
	assert_err(&err, ERR_AUDIT, "failed earlier");
	chain_free(c);
}

/* A cut that fails leaves half a record behind: nothing is written after it by this process. */
static void
test_cut_fails(void **state)
{
	const char *path = log_new("cut", 1);
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct err err = ERR_INIT;

	fault_set("write,ftruncate", "*/cut", 1, "full", false);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "Cannot write");
	no_faults();
	assert_verdict(log_verify(path, NULL), AUDIT_TORN);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "failed earlier");
	chain_free(c);
	/* The next one to open it saves the half and goes on. */
	c = open_log(path, CHAIN_OWNED);
	assert_true(chain_was_torn(c));
	append(c);
	chain_free(c);
	assert_int_equal(log_verify(path, NULL).recoveries, 1);
}

static void
limit_size(void *path)
{
	struct rlimit limit = {4096, 4096};
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct err err = ERR_INIT;
	int written = 0;

	signal(SIGXFSZ, SIG_IGN); /* as main does */
	setrlimit(RLIMIT_FSIZE, &limit);
	while (written < 100 && chain_append(c, &event, &err))
		written++;
	if (written == 0 || written == 100 || err.sys_errno != EFBIG)
		_exit(1);
	err_done(&err);
	chain_free(c);
}

/* F04: RLIMIT_FSIZE */
static void
test_f04_size_limit(void **state)
{
	char *path = util_strdup(log_new("fsize", 1)), said[1000];

	assert_int_equal(test_in_child(limit_size, path, said, sizeof(said)), 0);
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	free(path);
}

/* F05: short writes and interruptions give whole records. */
static void
test_f05_short_writes(void **state)
{
	const char *path = log_new("short", 1);
	struct chain *c = open_log(path, CHAIN_OWNED);

	fault_set("write", "*/short", 1, "short", true);
	append(c);
	assert_true(fault_count() > 3);
	fault_set("write", "*/short", 1, "EINTR", false);
	append(c);
	no_faults();
	chain_free(c);
	assert_int_equal(log_verify(path, NULL).records, 4);
}

/* F10: the name of a new log is synced too, or it does not exist. */
static void
test_f10_directory_synced(void **state)
{
	const char *path = test_path("fresh");
	struct err err = ERR_INIT;

	fault_set("fsync", test_dir(), 1, "EIO", false);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_int_equal(fault_count(), 1);
	no_faults();
	err_done(&err);
	assert_true(opens(path, CHAIN_OWNED, &err));
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
}

/* F11: whatever part of the last record is left is saved aside, recorded, and never lost. */
static void
test_f11_torn_everywhere(void **state)
{
	const char *path = log_new("torn", 2);
	size_t len, last, dummy;
	char *bytes = log_bytes(path, &len);
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	last = (size_t)((char *)memrchr(bytes, '\n', len - 1) - bytes) + 1;
	for (size_t cut = last + 1; cut < len; cut++) {
		struct audit_report r;
		struct chain *c;
		char *saved, *name, *recovered;
		unsigned char sum[DIGEST_SIZE];
		char hex[DIGEST_HEX];

		test_file("torn", bytes, cut, 0600);
		assert_verdict(log_verify(path, NULL), AUDIT_TORN);
		c = open_log(path, CHAIN_OWNED);
		assert_true(chain_was_torn(c));
		append(c);
		chain_free(c);
		r = log_verify(path, NULL);
		assert_verdict(r, AUDIT_UNANCHORED);
		assert_int_equal(r.recoveries, 1);
		assert_int_equal(r.records, 4);
		digest_of(bytes + last, cut - last, sum);
		digest_hex(sum, DIGEST_SIZE, hex);
		name = arena_fmt(&a, "%s.torn-%.16s", path, hex);
		saved = log_bytes(name, &dummy);
		assert_int_equal(dummy, cut - last);
		assert_memory_equal(saved, bytes + last, cut - last);
		free(saved);
		recovered = log_bytes(path, &dummy);
		assert_holds(recovered, hex);
		assert_holds(recovered, arena_fmt(&a, "\"torn_bytes\":%zu,", cut - last));
		free(recovered);
		assert_int_equal(unlink(name), 0);
	}
	free(bytes);
}

/* F11: also when it is the very first record: the log begins anew with its opening. */
static void
test_f11_torn_first(void **state)
{
	const char *path = log_new("torn1", 0);
	size_t len;
	char *bytes = log_bytes(path, &len);

	for (size_t cut = 0; cut < len; cut++) {
		struct audit_report r;
		struct chain *c;
		const char *line;
		size_t n;

		test_file("torn1", bytes, cut, 0600);
		c = open_log(path, CHAIN_OWNED);
		assert_int_equal(chain_was_torn(c), cut > 0);
		/* The last line is one line, though two were written. */
		line = chain_last_line(c, &n);
		assert_int_equal(n, strcspn(line, "\n"));
		assert_holds(line, cut > 0 ? "chain.recovered" : "chain.opened");
		append(c);
		chain_free(c);
		r = log_verify(path, NULL);
		assert_verdict(r, AUDIT_UNANCHORED);
		assert_int_equal(r.recoveries, cut > 0);
	}
	free(bytes);
}

static void
test_f11_saving_fails(void **state)
{
	const char *path = log_new("unsaved", 1);
	size_t len;
	char *bytes = log_bytes(path, &len);
	struct err err = ERR_INIT;

	test_file("unsaved", bytes, len - 5, 0600);
	fault_set("write", "*/unsaved.torn*", 1, "ENOSPC", false);
	assert_false(opens(path, CHAIN_OWNED, &err));
	no_faults();
	assert_err(&err, ERR_AUDIT, "torn record at the end of");
	fault_set("ftruncate", "*/unsaved", 1, "EIO", false);
	assert_false(opens(path, CHAIN_OWNED, &err));
	no_faults();
	assert_err(&err, ERR_AUDIT, "Cannot cut the torn record off");
	/* The bytes are saved and recorded by whoever opens it next, at the latest. */
	assert_true(opens(path, CHAIN_OWNED, &err));
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	assert_int_equal(log_verify(path, NULL).recoveries, 1);
	/* A disk that fills up in the middle of the recovery. */
	test_file("unsaved", bytes, len - 5, 0600);
	fault_set("write", "*/unsaved", 1, "full", true);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "Cannot write");
	no_faults();
	assert_verdict(log_verify(path, NULL), AUDIT_TORN);
	assert_true(opens(path, CHAIN_OWNED, &err));
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	assert_int_equal(log_verify(path, NULL).recoveries, 1);
	free(bytes);
}

/* F12: damage that is not a torn end is never repaired. */
static void
test_f12_damaged(void **state)
{
	const char *path = log_new("damaged", 3);
	size_t len, after;
	char *bytes = log_bytes(path, &len), *now;
	struct err err = ERR_INIT;

	bytes[len - 100] ^= 1;
	test_file("damaged", bytes, len, 0600);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_hint(&err, "audit verify");
	assert_err(&err, ERR_AUDIT, "The last record of");
	now = log_bytes(path, &after);
	assert_int_equal(after, len);
	assert_memory_equal(now, bytes, len);
	free(now);
	free(bytes);
}

/* What counts against RLIMIT_DATA now; with AddressSanitizer that is terabytes of shadow. */
static rlim_t
data_in_use(void)
{
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/self/status", "re");
	char line[200];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (util_starts(line, "VmData:"))
			kib = strtoull(line + strlen("VmData:"), NULL, 10);
	fclose(f);
	assert_true(kib > 0);
	return (rlim_t)kib * KIB;
}

/* F13: a line without an end is read as far as a line may be long, and no further. */
static void
test_f13_endless_line(void **state)
{
	const char *path = log_new("endless", 1);
	struct err err = ERR_INIT;
	struct rlimit old, small;

	assert_int_equal(truncate(path, 5LL * GIB), 0);
	getrlimit(RLIMIT_DATA, &old);
	small = old;
	small.rlim_cur = data_in_use() + 256 * MIB;
	setrlimit(RLIMIT_DATA, &small);
	assert_false(opens(path, CHAIN_OWNED, &err));
	setrlimit(RLIMIT_DATA, &old);
	assert_err(&err, ERR_AUDIT, "damaged");
}

/* F14: the second owner is refused and told who the first is. */
static void
test_f14_two_writers(void **state)
{
	struct chain *c = open_log(log_new("owned", 1), CHAIN_OWNED);
	struct err err = ERR_INIT;
	char pid[40];

	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	assert_false(opens(test_path("owned"), CHAIN_OWNED, &err));
	assert_hint(&err, "lifeboat runs");
	assert_err(&err, ERR_LOCK_HELD, pid);
	append(c);
	chain_free(c);
	assert_true(opens(test_path("owned"), CHAIN_OWNED, &err));
	fault_set("flock", "*/owned", 1, "EIO", true);
	assert_false(opens(test_path("owned"), CHAIN_OWNED, &err));
	no_faults();
	assert_err(&err, ERR_AUDIT, "Cannot lock");
}

/* Two that share take turns; each sees what the other wrote. */
static void
test_shared(void **state)
{
	struct chain *a = open_log(log_new("shared", 0), CHAIN_SHARED);
	struct chain *b = open_log(test_path("shared"), CHAIN_SHARED);

	for (uint64_t i = 0; i < 5; i++) {
		append(a);
		append(b);
		assert_int_equal(chain_head(b)->seq, 3 + 2 * i);
	}
	chain_free(a);
	chain_free(b);
	assert_int_equal(log_verify(test_path("shared"), NULL).records, 11);
}

/* One of them died in the middle of a record; the other saves the half and goes on. */
static void
test_shared_torn(void **state)
{
	struct chain *c = open_log(log_new("shared2", 2), CHAIN_SHARED);
	const char *path = test_path("shared2");
	struct audit_report r;
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(write(fd, "{\"seq\":4,\"at", 12), 12);
	close(fd);
	append(c);
	assert_true(chain_was_torn(c));
	chain_free(c);
	r = log_verify(path, NULL);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.recoveries, 1);
}

/* F16 */
static void
test_f16_replaced(void **state)
{
	const char *path = log_new("moved", 1), *other = test_path("moved.old");
	struct chain *c = open_log(path, CHAIN_OWNED);
	struct err err = ERR_INIT;

	assert_int_equal(rename(path, other), 0);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "was replaced, renamed or removed");
	log_new("moved", 1);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "was replaced");
	assert_int_equal(rename(other, path), 0);
	append(c);
	assert_int_equal(link(path, other), 0);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "was replaced");
	unlink(other);
	append(c);
	unlink(path);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "removed");
	chain_free(c);
}

/* F16, F23: cut or rewritten in place while it was open. */
static void
test_f16_rewritten(void **state)
{
	size_t len, other_len;
	char *bytes = log_bytes(log_new("inplace", 3), &len), *other;
	const char *path = test_path("inplace");
	struct chain *c = open_log(path, CHAIN_SHARED);
	struct err err = ERR_INIT;
	int fd;

	assert_int_equal(truncate(path, (off_t)len - 1), 0);
	assert_false(chain_append(c, &event, &err));
	assert_hint(&err, "--expect-head");
	assert_err(&err, ERR_AUDIT, "became shorter");
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "failed earlier");
	chain_free(c);
	/* Another, longer log with fewer records, in the same inode. */
	test_file("inplace", bytes, len, 0600);
	c = open_log(path, CHAIN_SHARED);
	other = log_bytes(log_new("inplace2", 5), &other_len);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(file_write_all(fd, other, other_len));
	close(fd);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "rewritten");
	chain_free(c);
	test_file("inplace", bytes, len, 0600);
	c = open_log(path, CHAIN_SHARED);
	memset(other, 'x', other_len);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(file_write_all(fd, other, other_len));
	close(fd);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "rewritten");
	chain_free(c);
	/* The same length, another content. */
	test_file("inplace", bytes, len, 0600);
	c = open_log(path, CHAIN_SHARED);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, bytes[len - 10] == '0' ? "1" : "0", 1, (off_t)len - 10), 1);
	close(fd);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "rewritten");
	chain_free(c);
	free(bytes);
	free(other);
}

/* F17 */
static void
test_f17_odd_files(void **state)
{
	const char *path = log_new("plain", 1);
	struct err err = ERR_INIT;

	assert_int_equal(symlink(path, test_path("link")), 0);
	assert_false(opens(test_path("link"), CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "is a symbolic link");
	assert_int_equal(mkfifo(test_path("fifo"), 0600), 0);
	assert_false(opens(test_path("fifo"), CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "is not a regular file");
	assert_false(opens("/dev/null", CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "is not a regular file");
	assert_false(opens(test_dir(), CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "Cannot open");
	assert_false(opens(test_path("none/log"), CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "Cannot open");
	assert_int_equal(link(path, test_path("hard")), 0);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "has 2 names");
	unlink(test_path("hard"));
	chmod(path, 0646);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_hint(&err, "chmod o-w");
	assert_err(&err, ERR_AUDIT, "can be written by everybody");
	chmod(path, 0640);
	assert_true(opens(path, CHAIN_OWNED, &err));
}

static void
test_too_long(void **state)
{
	const char *path = log_new("long", 1);
	struct chain *c = open_log(path, CHAIN_SHARED);
	struct record r = event;
	struct err err = ERR_INIT;
	struct str data = STR_INIT(2 * MIB);
	int fd;

	str_add(&data, "{\"x\":\"");
	while (data.len < RECORD_MAX)
		str_add(&data, "0123456789012345678901234567890123456789");
	str_add(&data, "\"}");
	r.data = data.buf;
	assert_false(chain_append(c, &r, &err));
	assert_err(&err, ERR_AUDIT, "longer than 1 MiB");
	/* The lock is free again, and the next one fits. */
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(filelock_take(fd, 0));
	close(fd);
	append(c);
	chain_free(c);
	/* The longest that fits is read again when the log is opened. */
	str_cut(&data, RECORD_MAX - 500);
	str_add(&data, "\"}");
	r.data = data.buf;
	c = open_log(path, CHAIN_OWNED);
	assert_true(chain_append(c, &r, &err));
	chain_free(c);
	assert_true(opens(path, CHAIN_OWNED, &err));
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	str_done(&data);
}

/* Reading that fails is told as what it is. */
static void
test_read_faults(void **state)
{
	const char *path = log_new("unread", 1);
	struct chain *c;
	struct err err = ERR_INIT;
	size_t len;
	char *bytes = log_bytes(path, &len);

	fault_set("read", "*/unread", 1, "EIO", false);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "Cannot read");
	for (int nth = 1; nth <= 2; nth++) {
		fault_set("fstat", "*/unread", nth, "EIO", false);
		assert_false(opens(path, CHAIN_OWNED, &err));
		assert_err(&err, ERR_AUDIT, "Cannot examine");
	}
	test_file("unread", bytes, len - 3, 0600);
	fault_set("read", "*/unread", 2, "EIO", false);
	assert_false(opens(path, CHAIN_OWNED, &err));
	assert_err(&err, ERR_AUDIT, "Cannot read");
	no_faults();
	c = open_log(path, CHAIN_OWNED);
	fault_set("fstat", "*/unread", 1, "EIO", false);
	assert_false(chain_append(c, &event, &err));
	no_faults();
	assert_err(&err, ERR_AUDIT, "was replaced");
	chain_free(c);
	free(bytes);
}

TESTS(T(test_new_and_again), T(test_other_kind), T(test_last_line_of_nothing), T(test_f01_no_room),
	T(test_f02_reserve), T(test_f03_sync_fails), T(test_cut_fails), T(test_f04_size_limit),
	T(test_f05_short_writes), T(test_f10_directory_synced), T(test_f11_torn_everywhere),
	T(test_f11_torn_first), T(test_f11_saving_fails), T(test_f12_damaged),
	T(test_f13_endless_line), T(test_f14_two_writers), T(test_shared), T(test_shared_torn),
	T(test_f16_replaced), T(test_f16_rewritten), T(test_f17_odd_files), T(test_too_long),
	T(test_read_faults))
