#include "unit/testing.h"

#include "unit/wal/wal_writer.h"
#include "wal/inspect.h"

/* A file of a segment's size that begins with its header and is otherwise empty. */
static void
put_segment(const char *dir, uint32_t tli, uint64_t number, const char *suffix)
{
	char name[SEGMENT_NAME], path[200];
	struct writer w;

	writer_init(&w, number, 1);
	w.tli = tli;
	writer_page(&w, 0);
	snprintf(path, sizeof(path), "%s/%s%s", dir,
		segment_name(tli, number, WRITER_SEGMENT, name), suffix);
	test_file(path, w.data, 64, 0600);
	assert_int_equal(truncate(test_path(path), WRITER_SEGMENT), 0);
	writer_done(&w);
}

static void
put_text(const char *dir, const char *name, const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	test_text_file(path, text);
}

struct setup {
	struct arena arena;
	struct source *source;
	struct archive *archive;
	struct continuity c;
};

static void
make_dir(const char *dir)
{
	struct err err = ERR_INIT;

	assert_true(file_mkdirs(test_path(dir), 0700, &err));
}

static void
open_archive(struct setup *s, const char *dir)
{
	struct err err = ERR_INIT;

	*s = (struct setup){.source = source_dir_new(test_dir())};
	assert_true(archive_list(s->source, dir, &s->archive, &err));
	assert_true(archive_probe(s->archive, &err));
	assert_true(continuity_read(&s->arena, s->archive, &s->c, &err));
}

static void
close_archive(struct setup *s)
{
	archive_free(s->archive);
	source_free(s->source);
	arena_done(&s->arena);
}

/* "1:5-7 2:9" for the gaps; '~' before one that is in flight. */
static const char *
gaps_text(struct setup *s, uint32_t tli, uint64_t number, int64_t fresh)
{
	static char text[400];
	struct err err = ERR_INIT;
	const struct continuity_gap *g;
	size_t n = 0;

	assert_true(continuity_gaps(&s->c, tli, number, fresh, &err));
	text[0] = '\0';
	vec_each (&s->c.gaps, g)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%u:%u-%u", n > 0 ? " " : "",
			g->in_flight ? "~" : "", g->tli, (unsigned)g->first, (unsigned)g->last);
	return text;
}

static void
test_one_timeline(void **state)
{
	static const unsigned numbers[] = {20, 3, 4, 5, 9, 10, 12, 255, 256, 257};
	struct setup s;
	uint64_t last;

	make_dir("one");
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		put_segment("one", 1, numbers[i], "");
	put_text("one", "README", "nothing");
	put_text("one", "000000010000000000000003.00000028.backup", "x");
	put_text("one", "0000000100000000000000FF.partial", "x");
	open_archive(&s, "one");
	assert_int_equal(s.archive->n, ARRAY_LEN(numbers));
	assert_int_equal(s.archive->backups.n, 1);
	assert_int_equal(s.archive->partials.n, 1);
	assert_int_equal(s.archive->header.bytes, WRITER_SEGMENT);
	assert_true(s.archive->header.system_identifier == WRITER_SYSTEM);
	assert_string_equal(gaps_text(&s, 1, 3, 0), "1:6-8 1:11-11 1:13-19 1:21-254");
	/* From a missing one on, and from behind everything. */
	assert_string_equal(gaps_text(&s, 1, 1, INT64_MAX), "1:1-2 1:6-8 1:11-11 1:13-19 1:21-254");
	assert_string_equal(gaps_text(&s, 1, 255, 0), "");
	assert_string_equal(gaps_text(&s, 1, 300, 0), "");
	assert_true(continuity_run(&s.c, continuity_way(&s.c, 1), 3, &last));
	assert_int_equal(last, 5);
	assert_true(continuity_run(&s.c, continuity_way(&s.c, 1), 255, &last));
	assert_int_equal(last, 257);
	assert_false(continuity_run(&s.c, continuity_way(&s.c, 1), 6, &last));
	assert_null(continuity_way(&s.c, 2));
	/* One that proves bad makes a gap of its own. */
	continuity_bad(&s.c, 1, 10, "It is bad.");
	assert_string_equal(gaps_text(&s, 1, 9, 0), "1:10-11 1:13-19 1:21-254");
	assert_string_equal(s.c.damaged.v[0].file, "00000001000000000000000A");
	close_archive(&s);
}

/* 1 until the middle of 5, then 2 until the middle of 8, then 3. */
static void
test_three_timelines(void **state)
{
	struct setup s;
	uint64_t last;

	make_dir("three");
	for (uint64_t n = 2; n <= 6; n++) /* 1 went on without the others for a while */
		put_segment("three", 1, n, "");
	for (uint64_t n = 5; n <= 7; n++)
		put_segment("three", 2, n, "");
	for (uint64_t n = 8; n <= 11; n++)
		if (n != 10)
			put_segment("three", 3, n, "");
	put_text("three", "00000002.history", "1\t0/580000\twhy\n");
	put_text("three", "00000003.history", "1\t0/580000\twhy\n2\t0/8FF000\twhy\n");
	open_archive(&s, "three");
	assert_int_equal(s.c.timelines.n, 3);
	assert_int_equal(s.c.missing_history.n, 0);
	assert_string_equal(gaps_text(&s, 1, 2, INT64_MAX), "3:10-10");
	assert_true(continuity_run(&s.c, continuity_way(&s.c, 3), 2, &last));
	assert_int_equal(last, 9);
	assert_true(continuity_run(&s.c, continuity_way(&s.c, 2), 2, &last));
	assert_int_equal(last, 7);
	assert_true(continuity_run(&s.c, continuity_way(&s.c, 1), 2, &last));
	assert_int_equal(last, 6);
	/* A hole that all ways share is one gap. */
	continuity_bad(&s.c, 1, 3, "It is bad.");
	assert_string_equal(gaps_text(&s, 1, 2, INT64_MAX), "1:3-3 3:10-10");
	/* 2 needs its own file where 1 ended. */
	continuity_bad(&s.c, 2, 5, "It is bad.");
	assert_string_equal(gaps_text(&s, 1, 4, INT64_MAX), "2:5-5 3:10-10");
	/* Timeline 1 itself does not miss what only 2 needs. */
	assert_true(continuity_run(&s.c, continuity_way(&s.c, 1), 4, &last));
	assert_int_equal(last, 6);
	close_archive(&s);
}

static void
test_histories(void **state)
{
	struct setup s;

	make_dir("hist");
	put_segment("hist", 1, 2, "");
	put_segment("hist", 5, 3, "");
	put_text("hist", "00000004.history", "rubbish\n");
	open_archive(&s, "hist");
	assert_int_equal(s.c.missing_history.n, 3);
	assert_string_equal(s.c.missing_history.v[0], "00000002.history");
	assert_string_equal(s.c.missing_history.v[2], "00000005.history");
	assert_string_equal(s.c.damaged.v[0].file, "00000004.history");
	assert_false(continuity_whole(&s.c));
	close_archive(&s);
	/* A number out of thin air costs nothing and is said. */
	put_text("hist", "FFFFFFFF.history", "1\t0/200000\twhy\n");
	open_archive(&s, "hist");
	assert_true(s.c.missing_history.n >= 10000 - 3);
	close_archive(&s);
}

/* A hole near the end is in flight while its neighbour is fresh. */
static void
test_tail(void **state)
{
	struct setup s;

	make_dir("tail");
	for (uint64_t n = 2; n <= 40; n++)
		if (n != 10 && n != 38)
			put_segment("tail", 1, n, "");
	open_archive(&s, "tail");
	assert_string_equal(gaps_text(&s, 1, 2, 0), "1:10-10 ~1:38-38");
	assert_string_equal(gaps_text(&s, 1, 2, INT64_MAX), "1:10-10 1:38-38");
	assert_string_equal(gaps_text(&s, 1, 11, 0), "~1:38-38");
	assert_true(continuity_whole(&s.c));
	close_archive(&s);
}

static void
test_duplicates_and_layouts(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	const char *path;
	struct setup s;

	make_dir("dup/0000000100000000");
	put_segment("dup/0000000100000000", 1, 2, "-c8eee2d86f25b1d264938b4e1c3d64487f061971");
	put_segment("dup/0000000100000000", 1, 3, ".gz");
	put_segment("dup/0000000100000000", 1, 3, "");
	put_segment("dup", 1, 4, "");
	put_segment("dup", 1, 4, ".zst");
	open_archive(&s, "dup");
	assert_int_equal(s.archive->n, 3);
	assert_int_equal(s.archive->duplicate_count, 2);
	assert_true(archive_path(s.archive, &a, &s.archive->segments[0], &path, &err));
	assert_holds(path, "dup/0000000100000000/000000010000000000000002-c8eee2d8");
	assert_true(archive_path(s.archive, &a, &s.archive->segments[1], &path, &err));
	assert_string_equal(path, "dup/0000000100000000/000000010000000000000003");
	assert_true(archive_path(s.archive, &a, &s.archive->segments[2], &path, &err));
	assert_string_equal(path, "dup/000000010000000000000004");
	assert_int_equal(unlink(test_path("dup/0000000100000000/000000010000000000000002-"
					  "c8eee2d86f25b1d264938b4e1c3d64487f061971")),
		0);
	s.archive->hashed_directory = NULL;
	assert_false(archive_path(s.archive, &a, &s.archive->segments[0], &path, &err));
	assert_err(&err, ERR_NOT_FOUND, "went away");
	close_archive(&s);
}

static void
test_inspect(void **state)
{
	struct inspect_count count;
	struct err err = ERR_INIT;
	struct setup s;

	make_dir("look");
	for (uint64_t n = 2; n <= 9; n++)
		put_segment("look", 1, n, "");
	/* Short, of the wrong name, and the newest still arriving. */
	assert_int_equal(truncate(test_path("look/000000010000000000000004"), 1000), 0);
	assert_int_equal(rename(test_path("look/000000010000000000000007"),
				 test_path("look/000000010000000000000006")),
		0);
	assert_int_equal(truncate(test_path("look/000000010000000000000009"), 8192), 0);
	put_segment("look", 1, 0x1234, ""); /* its third field is beyond a log of 1 MiB ones */
	assert_int_equal(rename(test_path("look/000000010000000100000234"),
				 test_path("look/000000010000000000001234")),
		0);
	open_archive(&s, "look");
	assert_true(inspect_segments(&s.c, 1, 3, 0, false, &count, &err));
	assert_int_equal(count.sizes, 6);
	assert_int_equal(s.c.damaged.n, 4);
	assert_holds(s.c.damaged.v[0].why, "impossible");
	assert_holds(s.c.damaged.v[1].why, "8192 of 1048576 bytes");
	assert_holds(s.c.damaged.v[2].why, "holds the WAL of 0/700000");
	assert_holds(s.c.damaged.v[3].why, "1000 of 1048576 bytes");
	assert_string_equal(gaps_text(&s, 1, 3, INT64_MAX), "1:4-4 1:6-7");
	close_archive(&s);
	/* Without the impossible one the short one is the newest, and fresh. */
	assert_int_equal(unlink(test_path("look/000000010000000000001234")), 0);
	open_archive(&s, "look");
	assert_true(inspect_segments(&s.c, 1, 3, 0, false, &count, &err));
	assert_int_equal(s.c.damaged.n, 2);
	close_archive(&s);
}

/* The stranger is who is in the minority, be it the newest. */
static void
test_stranger(void **state)
{
	struct inspect_count count;
	struct err err = ERR_INIT;
	struct setup s;
	int fd;

	make_dir("odd");
	for (uint64_t n = 2; n <= 5; n++)
		put_segment("odd", 1, n, "");
	fd = open(test_path("odd/000000010000000000000005"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\1\2\3", 3, 24), 3);
	close(fd);
	open_archive(&s, "odd");
	assert_true(s.archive->header.system_identifier == WRITER_SYSTEM);
	assert_true(inspect_segments(&s.c, 1, 2, 0, false, &count, &err));
	assert_int_equal(s.c.damaged.n, 1);
	assert_holds(s.c.damaged.v[0].why, "another system");
	close_archive(&s);
}

TESTS(T(test_one_timeline), T(test_three_timelines), T(test_histories), T(test_tail),
	T(test_duplicates_and_layouts), T(test_inspect), T(test_stranger))
