#include "base/banned.h"
#include "sketch.h"
#include "base/clock.h"
#include "base/file.h"
#include "tui/draw/pager.h"

#include <fcntl.h>

static char dir[] = "/tmp/lifeboat-pager-XXXXXX";
static char path[64];

static int
set_up(void **state)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/text", dir);
	return sketch_locale(state);
}

static int
tear_down(void **state)
{
	struct err err = ERR_INIT;

	return !file_remove_tree(dir, &err);
}

static struct pages *
open_file(const char *bytes, size_t len)
{
	struct err err = ERR_INIT;
	struct pages *p;

	assert_true(file_replace(path, bytes, len, 0600, &err));
	assert_true(pages_of_file(path, &p, &err));
	return p;
}

static void
append(const char *bytes)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0 && file_write_all(fd, bytes, strlen(bytes)));
	close(fd);
}

/* Going forwards, backwards and to any place agree on where lines start; none is too long. */
static void
check_lines(const char *bytes, size_t len)
{
	struct pages *p = open_file(bytes, len);
	int64_t *starts = util_alloc((len + 2) * sizeof(*starts)), at = 0;
	size_t n = 0, line = 0;

	for (at = 0; at < (int64_t)len; at = pages_next(p, at)) {
		struct pages_line text;

		assert_true(n == 0 || at > starts[n - 1]);
		assert_true(n == 0 || at - starts[n - 1] <= PAGES_LINE);
		starts[n++] = at;
		pages_line(p, at, &text);
		assert_true(text.len <= PAGES_LINE);
		assert_memory_equal(text.text, bytes + at, text.len);
		assert_null(memchr(text.text, '\n', text.len));
	}
	assert_int_equal(at, len);
	for (size_t i = n; i > 0; i--) {
		assert_int_equal(pages_previous(p, at), starts[i - 1]);
		at = starts[i - 1];
	}
	for (size_t i = 0; i < len; i++) {
		while (line + 1 < n && starts[line + 1] <= (int64_t)i)
			line++;
		assert_int_equal(pages_align(p, (int64_t)i), starts[line]);
	}
	free(starts);
	pages_free(p);
}

static void
test_lines(void **state)
{
	uint32_t seed = 1;
	size_t max = 60000;
	/* Valgrind takes forty times as long. */
	int rounds = getenv("LIFEBOAT_VALGRIND") != NULL ? 6 : 24;
	char *bytes = util_alloc(max);

	check_lines("", 0);
	check_lines("\n", 1);
	check_lines("\n\n\n", 3);
	check_lines("no newline", 10);
	check_lines("one\ntwo\n", 8);
	for (int round = 0; round < rounds; round++) {
		/* Newlines from frequent to none at all */
		uint32_t every = (const uint32_t[]){5, 500, 4096, 5000, 20000, 1u << 30}[round % 6];
		size_t len = max - sketch_random(&seed) % 20000;

		for (size_t i = 0; i < len; i++)
			bytes[i] = sketch_random(&seed) % every == 0 ? '\n' : 'x';
		/* Characters of two and three bytes across every edge */
		for (size_t i = 0; round % 2 && i + 3 < len; i++)
			if (bytes[i] == 'x' && bytes[i + 1] == 'x' && bytes[i + 2] == 'x') {
				memcpy(bytes + i, "\xe5\x82\x99", 3);
				i += 2;
			}
		for (size_t b = PAGES_BREAK; b < len; b += PAGES_BREAK)
			if (sketch_random(&seed) % 3 == 0)
				bytes[b + sketch_random(&seed) % 3 - 1] = '\n';
		check_lines(bytes, len);
	}
	/* Nothing but what looks like the rest of a character */
	memset(bytes, 0x80, max);
	check_lines(bytes, max);
	free(bytes);
}

static void
test_endings(void **state)
{
	struct pages *p = open_file("dos\r\nunix\n\rcr\rlast\r", 19);
	struct pages_line line;

	pages_line(p, 0, &line);
	assert_int_equal(line.len, 3);
	pages_line(p, 5, &line);
	assert_int_equal(line.len, 4);
	pages_line(p, 10, &line);
	assert_int_equal(line.len, 8); /* an inner \r stays, to be made visible */
	pages_free(p);
}

/* The place where the text is found, backwards or forwards, is that of looking at every line. */
static void
test_search(void **state)
{
	static const char text[] = "alpha\nbeta Gamma\n\nalphabet\ngam\nma gamma";
	struct pages *p = open_file(text, sizeof(text) - 1);
	static const struct {
		int64_t from;
		bool backwards;
		const char *text;
		int64_t at; /* -1: none */
	} rows[] = {
		{0, false, "alpha", 0},
		{6, false, "alpha", 18},
		{0, false, "GAMMA", 6},
		{17, false, "gamma", 31},
		{0, false, "delta", -1},
		{39, true, "gamma", 31},
		{31, true, "gamma", 6},
		{6, true, "gamma", -1},
		{0, true, "alpha", -1},
		{39, true, "alphabet", 18},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t budget = 1 << 20, at = -2;
		enum pages_found found = pages_search(
			p, rows[i].from, rows[i].backwards, rows[i].text, &budget, &at);

		assert_int_equal(found, rows[i].at >= 0 ? PAGES_FOUND : PAGES_NONE);
		if (rows[i].at >= 0)
			assert_int_equal(at, rows[i].at);
	}
	pages_free(p);
}

/* A match across every chunk edge is found, in slices, both ways. */
static void
test_search_across_chunks(void **state)
{
	size_t len = 300000;
	char *bytes = util_alloc(len);

	for (size_t at = 32760; at < 32780; at++) {
		struct pages *p;
		int64_t from = 0, slices = 0, budget = 1;
		enum pages_found found;

		memset(bytes, 'x', len);
		for (size_t i = 99; i < len; i += 100)
			bytes[i] = '\n';
		memcpy(bytes + at - at % 100 + 60, "NEEDLE", 6);
		p = open_file(bytes, len);
		while ((found = pages_search(p, from, false, "needle", &budget, &from)) ==
			PAGES_MORE) {
			budget = 1;
			slices++;
		}
		assert_int_equal(found, PAGES_FOUND);
		assert_int_equal(from, at - at % 100);
		from = (int64_t)len;
		budget = 1;
		while ((found = pages_search(p, from, true, "needle", &budget, &from)) ==
			PAGES_MORE)
			budget = 1;
		assert_int_equal(found, PAGES_FOUND);
		assert_int_equal(from, at - at % 100);
		pages_free(p);
	}
	free(bytes);
}

static unsigned
press(struct pager *p, const char *name)
{
	struct event ev = sketch_key(name, 0);

	return pager_event(p, &ev);
}

static void
type(struct pager *p, const char *text)
{
	for (; *text != '\0'; text++)
		press(p, (char[]){*text, '\0'});
}

static void
redraw(struct pager *p, struct canvas *c)
{
	canvas_clear(c);
	pager_draw(p, canvas_area(c), true);
}

static void
test_reading(void **state)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	struct canvas *c = canvas_new(20, 6, false);
	struct pager p;

	for (int i = 1; i <= 100; i++)
		str_fmt(&text, "line %d\n", i);
	pager_init(&p, open_file(str_text(&text), text.len));
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 1");
	assert_string_equal(sketch_row(c, 4), "line 5");
	assert_string_equal(sketch_row(c, 5), "                 0%");
	press(&p, "j");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 2");
	press(&p, "PgDn");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 6"); /* one row stays */
	press(&p, "k");
	press(&p, "G");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 96");
	assert_string_equal(sketch_row(c, 4), "line 100");
	assert_string_equal(sketch_row(c, 5), "               100%");
	assert_int_equal(press(&p, "j"), ANSWER_HANDLED); /* never past the end */
	assert_int_equal(press(&p, "PgDn"), ANSWER_HANDLED);
	press(&p, "PgUp");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 92");
	press(&p, "g");
	assert_int_equal(press(&p, "k"), ANSWER_HANDLED);
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 1");
	assert_int_equal(press(&p, "q"), ANSWER_IGNORED);
	pager_done(&p);
	canvas_free(c);
}

static void
test_following(void **state)
{
	struct canvas *c = canvas_new(20, 4, false);
	struct pager p;

	pager_init(&p, open_file("one\ntwo\n", 8));
	redraw(&p, c);
	press(&p, "F");
	append("three\nfour\nfi");
	assert_true(pager_refresh(&p));
	assert_false(pager_refresh(&p));
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "three");
	assert_string_equal(sketch_row(c, 2), "fi"); /* an unfinished line is shown */
	append("ve\nsix\n");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "four");
	assert_string_equal(sketch_row(c, 2), "six");
	assert_true(sketch_has(c, "following"));
	press(&p, "k"); /* looking back ends it */
	append("seven\n");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "three");
	assert_false(sketch_has(c, "following"));
	/* Cut under us: shorter, and no crash. */
	press(&p, "G");
	assert_int_equal(truncate(path, 4), 0);
	assert_true(pager_refresh(&p));
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "one");
	assert_int_equal(truncate(path, 0), 0);
	assert_true(pager_refresh(&p));
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "");
	pager_done(&p);
	canvas_free(c);
}

static void
test_searching(void **state)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	struct canvas *c = canvas_new(30, 6, false);
	struct pager p;

	for (int i = 1; i <= 100; i++)
		str_fmt(&text, "line %d%s\n", i, i % 40 == 0 ? " Error here" : "");
	pager_init(&p, open_file(str_text(&text), text.len));
	redraw(&p, c);
	press(&p, "/");
	type(&p, "error");
	redraw(&p, c);
	assert_true(sketch_has(c, "/ error"));
	press(&p, "Enter");
	while (pager_work(&p))
		;
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 40 Error here");
	assert_int_equal(sketch_style(c, 8, 0), ROLE_MATCH);
	assert_int_equal(sketch_style(c, 12, 0), ROLE_MATCH);
	assert_int_equal(sketch_style(c, 13, 0), ROLE_TEXT);
	press(&p, "n");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 80 Error here");
	press(&p, "n");
	redraw(&p, c);
	assert_true(sketch_has(c, "no further match"));
	press(&p, "N");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "line 40 Error here");
	press(&p, "N");
	redraw(&p, c);
	assert_true(sketch_has(c, "no further match"));
	assert_true(press(&p, "Esc") & ANSWER_HANDLED);
	assert_int_equal(press(&p, "Esc"), ANSWER_IGNORED);
	press(&p, "/");
	type(&p, "absent");
	press(&p, "Enter");
	redraw(&p, c);
	assert_true(sketch_has(c, "not found"));
	pager_done(&p);
	canvas_free(c);
}

static void
test_long_lines(void **state)
{
	static const char text[] = "0123456789abcdefghijABCDEFGHIJ\nshort\n\x1b[31m\te\n";
	struct canvas *c = canvas_new(10, 6, false);
	struct pager p;

	pager_init(&p, open_file(text, sizeof(text) - 1));
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "012345678>");
	assert_string_equal(sketch_row(c, 2), "\\x1b[31m >"); /* and a tab */
	press(&p, "l");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "<9abcdefg>");
	assert_string_equal(sketch_row(c, 1), "<");
	press(&p, "h");
	press(&p, "w");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "0123456789");
	assert_string_equal(sketch_row(c, 1), "abcdefghij");
	assert_string_equal(sketch_row(c, 2), "ABCDEFGHIJ");
	assert_string_equal(sketch_row(c, 3), "short");
	press(&p, "j");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 0), "abcdefghij");
	press(&p, "G");
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 4), "      e");
	pager_done(&p);
	canvas_free(c);
}

/* 100 MB, and 10 MB without a newline: the last page, the first, and back by milliseconds. */
static void
test_size_does_not_matter(void **state)
{
	struct canvas *c = canvas_new(80, 24, false);
	size_t len = 10 * 1000 * 1000;
	char *bytes = util_alloc(len);
	struct err err = ERR_INIT;
	struct pager p;
	struct pages *pages;
	int fd;

	memset(bytes, 'x', len);
	pager_init(&p, open_file(bytes, len));
	redraw(&p, c);
	press(&p, "G");
	redraw(&p, c);
	for (int i = 0; i < 20; i++) {
		press(&p, "PgUp");
		redraw(&p, c);
	}
	assert_true(p.top > (int64_t)len - 25 * 24 * PAGES_BREAK);
	for (int y = 0; y < 23; y++) { /* one line all the same, and it shows */
		assert_true(util_starts(sketch_row(c, y), "<x"));
		assert_true(util_ends(sketch_row(c, y), "x>"));
	}
	pager_done(&p);
	/* A hole counts as bytes: 100 GB cost no more. */
	fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 100LL * 1000 * 1000 * 1000), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 100LL * 1000 * 1000 * 1000);
	assert_true(file_write_all(fd, "\nthe end\n", 9));
	close(fd);
	assert_true(pages_of_file(path, &pages, &err));
	pager_init(&p, pages);
	redraw(&p, c);
	press(&p, "G");
	redraw(&p, c);
	assert_true(sketch_has(c, "the end"));
	pager_done(&p);
	free(bytes);
	canvas_free(c);
}

static void
test_refusals(void **state)
{
	struct err err = ERR_INIT;
	struct pages *p;

	assert_false(pages_of_file("/nonexistent/file", &p, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_false(pages_of_file(dir, &p, &err));
	assert_int_equal(err.code, ERR_IO);
	assert_false(pages_of_file("/dev/null", &p, &err));
	err_done(&err);
}

static size_t
three(void *arg)
{
	return 3;
}

static void
numbered(void *arg, size_t index, struct pages_line *ret)
{
	static const char *const texts[] = {"first", "second", "third"};

	ret->text = texts[index];
	ret->len = strlen(texts[index]);
	ret->style = index == 1 ? ROLE_ERROR : ROLE_TEXT;
}

static void
test_memory(void **state)
{
	struct canvas *c = canvas_new(20, 5, false);
	struct pager p;

	pager_init(&p, pages_of_memory(three, numbered, NULL));
	redraw(&p, c);
	assert_string_equal(sketch_row(c, 2), "third");
	assert_int_equal(sketch_style(c, 0, 1), ROLE_ERROR);
	assert_int_equal(press(&p, "j"), ANSWER_HANDLED);
	press(&p, "/");
	type(&p, "third");
	press(&p, "Enter");
	assert_int_equal(p.hit, 2);
	press(&p, "/");
	type(&p, "ir");
	press(&p, "Enter");
	assert_int_equal(p.hit, 0);
	press(&p, "n");
	assert_int_equal(p.hit, 2);
	press(&p, "N");
	assert_int_equal(p.hit, 0);
	pager_done(&p);
	canvas_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_search_across_chunks),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_following),
		cmocka_unit_test(test_searching),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_size_does_not_matter),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
