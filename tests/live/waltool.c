/*
 * waltool: core/wal behind a small command line, for the tests of WAL in tests/live.
 *
 *   waltool records FILE...      what the reader finds in these segments, a line a record
 *   waltool settings KIND VALUE INCLUSIVE TIMELINE RESTORE_COMMAND
 *                                recovery_settings, as they go into postgresql.auto.conf
 *   waltool explain LOG          recovery_explain of a server's log, as JSON
 */
#include "base/banned.h"
#include "base/clock.h"
#include "base/file.h"
#include "wal/reader.h"
#include "wal/recovery.h"
#include "wal/recovery_log.h"
#include "wal/xact.h"

#include <fcntl.h>

static bool
print(const struct record *r, void *arg)
{
	char lsn[LSN_TEXT], prev[LSN_TEXT], at[CLOCK_TEXT] = "-";
	struct record_parts parts;
	struct xact x;

	if (xact_parse(r, &x))
		clock_format_us(x.at_us, at);
	printf("%u %u %s %s %u %s %s\n", r->rmgr, r->xid, lsn_format(r->lsn, lsn),
		lsn_format(r->prev, prev), r->length, record_parse(r, &parts) ? "good" : "bad", at);
	return true;
}

static int
fail(struct err *err)
{
	fprintf(stderr, "%s\n", err->msg);
	err_done(err);
	return 2;
}

static int
records(char **paths)
{
	static unsigned char data[256 * KIB];
	struct segment_header h;
	struct err err = ERR_INIT;
	struct reader r;

	for (char **path = paths; *path != NULL; path++) {
		CLEANUP(util_close) int fd = open(*path, O_RDONLY | O_CLOEXEC);
		ssize_t n;

		for (off_t at = 0; (n = file_pread(fd, data, sizeof(data), at)) > 0; at += n) {
			if (at == 0 && path == paths) {
				if (!segment_header_read(data, (size_t)n, &h, &err))
					return fail(&err);
				reader_init(&r, &h, 0, print, NULL);
				reader_seek(&r, h.lsn);
			}
			if (reader_feed(&r, data, (size_t)n) != READER_MORE)
				break;
		}
		if (r.state == READER_SWITCH)
			r.next = (r.next + h.bytes - 1) / h.bytes * h.bytes;
	}
	printf("state %d %s\n", (int)r.state, r.why != NULL ? r.why : "-");
	reader_done(&r);
	return 0;
}

static int
settings(char **args)
{
	static const char *const kinds[] = {"none", "immediate", "time", "xid", "lsn", "name"};
	CLEANUP(str_done) struct str out = STR_INIT(MIB);
	struct recovery_target t = {.kind = RECOVERY_NONE};
	struct err err = ERR_INIT;
	uint64_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(args[0], kinds[i]) == 0)
			t.kind = (enum recovery_kind)i;
	t.name = args[1];
	if ((t.kind == RECOVERY_TO_TIME && !clock_parse_us(args[1], &t.at_us)) ||
		(t.kind == RECOVERY_TO_XID && !util_parse_u64(args[1], &n)) ||
		(t.kind == RECOVERY_TO_LSN && !lsn_parse(args[1], &t.lsn)))
		return 2;
	t.xid = (uint32_t)n;
	t.inclusive = strcmp(args[2], "true") == 0;
	if (!util_parse_u64(args[3], &n))
		return 2;
	t.tli = (uint32_t)n;
	if (!recovery_settings(&t, args[4], &out, &err))
		return fail(&err);
	fputs(str_text(&out), stdout);
	return 0;
}

static int
explain(const char *path)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str log = STR_INIT(64 * MIB), out = STR_INIT(MIB);
	struct json j = json_new(&out);
	struct recovery_fault f;
	struct err err = ERR_INIT;

	if (!file_read(path, 64 * MIB, &log, &err))
		return fail(&err);
	json_object(&j, NULL);
	if (recovery_explain(&a, str_text(&log), log.len, &f)) {
		json_string(&j, "code", f.code);
		json_string(&j, "what", f.what);
		json_string(&j, "way_out", f.way_out);
		json_string(&j, "line", f.line);
	} else {
		json_null(&j, "code");
	}
	json_object_end(&j);
	puts(str_text(&out));
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "records") == 0)
		return records(argv + 2);
	if (argc == 7 && strcmp(argv[1], "settings") == 0)
		return settings(argv + 2);
	if (argc == 3 && strcmp(argv[1], "explain") == 0)
		return explain(argv[2]);
	fprintf(stderr, "usage: see tests/live/waltool.c\n");
	return 2;
}
