#include "base/banned.h"
#include "sketch.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/draw/columns.h"
#include "tui/draw/list.h"

/* Rows that are numbers: row i shows the number in its place; NULL: i itself. */
struct rows {
	const uint64_t *numbers;
	size_t n, cells, ids; /* how often each was asked for */
};

static size_t
count(void *arg)
{
	struct rows *r = arg;

	return r->n;
}

static uint64_t
identity(void *arg, size_t row)
{
	struct rows *r = arg;

	assert_true(row < r->n);
	r->ids++;
	return r->numbers != NULL ? r->numbers[row] : row;
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	struct rows *r = arg;

	assert_true(row < r->n);
	r->cells++;
	str_fmt(out, column == 0 ? "n%llu" : "column %llu",
		(unsigned long long)(r->numbers != NULL ? r->numbers[row] : row));
	return ROLE_TEXT;
}

static const struct list_column columns[] = {
	{"NUMBER", 8, 0, 0, LIST_SORT}, {"OTHER", 10, 0, 1, LIST_SORT}};
static const struct list_model model = {.marks = true,
	.columns = columns,
	.ncolumns = 2,
	.empty = "No numbers.",
	.count = count,
	.id = identity,
	.cell = cell};

static unsigned
press(struct list *l, const char *name)
{
	struct event ev = sketch_key(name, 0);

	return list_event(l, &ev);
}

static void
type(struct list *l, const char *text)
{
	for (; *text != '\0'; text++)
		press(l, (char[]){*text, '\0'});
}

/* The number that is selected, or -1. */
static int64_t
selected(const struct list *l)
{
	size_t row;

	return list_row(l, &row) ? (int64_t)l->model->id(l->arg, row) : -1;
}

static const char *
position(const struct list *l)
{
	static struct str out = STR_INIT(100);

	str_cut(&out, 0);
	list_position(l, &out);
	return str_text(&out);
}

static void
test_columns(void **state)
{
	static const struct list_column four[] = {
		{"A", 7, 0, 0, 0}, {"B", 10, 20, 2, 0}, {"C", 10, 12, 1, 0}, {"D", 5, 0, 3, 0}};
	static const struct {
		int width, widths[4];
	} rows[] = {
		{3, {3, 0, 0, 0}},
		{7, {7, 0, 0, 0}},
		{18, {7, 0, 0, 0}},
		{19, {7, 0, 10, 0}},
		{21, {7, 0, 12, 0}},
		{30, {7, 0, 12, 0}},
		{31, {7, 10, 10, 0}},
		{38, {7, 10, 10, 5}},
		{40, {7, 12, 10, 5}},
		{100, {7, 20, 12, 5}},
		{1, {1, 0, 0, 0}},
		{0, {1, 0, 0, 0}},
	};
	int widths[4];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		columns_layout(four, 4, rows[i].width, widths);
		assert_memory_equal(widths, rows[i].widths, sizeof(widths));
	}
}

static void
test_drawing(void **state)
{
	struct canvas *c = canvas_new(30, 6, false);
	struct rows rows = {.n = 10};
	struct list l;

	list_init(&l, &model, &rows);
	list_draw(&l, canvas_area(c), true);
	assert_string_equal(sketch_row(c, 0), " NUMBER    OTHER");
	assert_string_equal(sketch_row(c, 1), " n0        column 0");
	assert_string_equal(sketch_row(c, 4), " n3        column 3");
	assert_string_equal(sketch_row(c, 5), "                      1 of 10");
	assert_int_equal(sketch_style(c, 29, 1), ROLE_SELECTED);
	assert_int_equal(sketch_style(c, 0, 2), ROLE_TEXT);
	list_draw(&l, canvas_area(c), false);
	assert_int_equal(sketch_style(c, 29, 1), ROLE_INACTIVE);
	press(&l, "o");
	list_draw(&l, canvas_area(c), true);
	assert_string_equal(sketch_row(c, 0), " NUMBER ^  OTHER");
	press(&l, "O");
	canvas_clear(c);
	list_draw(&l, canvas_area(c), true);
	assert_string_equal(sketch_row(c, 0), " NUMBER v  OTHER");
	press(&l, "o");
	assert_int_equal(l.sort, 1);
	press(&l, "o");
	assert_int_equal(l.sort, 0);
	rows.n = 0;
	list_refresh(&l);
	canvas_clear(c);
	list_draw(&l, canvas_area(c), true);
	assert_true(sketch_has(c, "No numbers."));
	assert_int_equal(selected(&l), -1);
	list_done(&l);
	canvas_free(c);
}

static void
test_moving(void **state)
{
	static const struct {
		const char *key;
		int64_t at;
	} steps[] = {{"j", 1}, {"Down", 2}, {"k", 1}, {"Up", 0}, {"k", 0}, {"PgDn", 4},
		{"Ctrl-D", 6}, {"Ctrl-U", 4}, {"G", 99}, {"j", 99}, {"PgUp", 95}, {"g", 0},
		{"End", 99}, {"Home", 0}};
	struct canvas *c = canvas_new(30, 6, false);
	struct rows rows = {.n = 100};
	struct list l;

	list_init(&l, &model, &rows);
	list_draw(&l, canvas_area(c), true);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		press(&l, steps[i].key);
		list_draw(&l, canvas_area(c), true);
		assert_int_equal(selected(&l), steps[i].at);
		assert_true(l.at >= l.top && l.at < l.top + 4);
	}
	assert_true(list_select(&l, 57));
	assert_int_equal(selected(&l), 57);
	assert_false(list_select(&l, 100));
	assert_int_equal(selected(&l), 57);
	press(&l, "g");
	assert_int_equal(press(&l, "k"), ANSWER_HANDLED); /* nothing to draw */
	assert_true(press(&l, "Enter") & ANSWER_CHOSEN);
	assert_int_equal(press(&l, "Tab"), ANSWER_IGNORED);
	assert_int_equal(press(&l, "Esc"), ANSWER_IGNORED);
	list_done(&l);
	canvas_free(c);
}

/* The cursor stays on its row, at its height, while rows come and go around it. */
static void
test_live_refresh(void **state)
{
	static const uint64_t before[] = {10, 11, 12, 13, 14, 15, 16, 17};
	static const uint64_t more[] = {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
	static const uint64_t without[] = {7, 8, 9, 10, 11, 12, 14, 15, 16, 17};
	struct canvas *c = canvas_new(30, 6, false);
	struct rows rows = {.numbers = before, .n = ARRAY_LEN(before)};
	size_t height;
	struct list l;

	list_init(&l, &model, &rows);
	list_draw(&l, canvas_area(c), true);
	for (int i = 0; i < 3; i++)
		press(&l, "j");
	press(&l, "Space"); /* marks 13, goes on to 14 */
	press(&l, "k");
	list_draw(&l, canvas_area(c), true);
	height = l.at - l.top;
	rows = (struct rows){.numbers = more, .n = ARRAY_LEN(more)};
	list_refresh(&l);
	list_draw(&l, canvas_area(c), true);
	assert_int_equal(selected(&l), 13);
	assert_int_equal(l.at - l.top, height);
	assert_int_equal(marks_count(&l.marks), 1);
	/* It is gone: Enter must not meet what slid under the cursor. */
	rows = (struct rows){.numbers = without, .n = ARRAY_LEN(without)};
	list_refresh(&l);
	canvas_clear(c);
	list_draw(&l, canvas_area(c), true);
	assert_int_equal(selected(&l), -1);
	assert_false(press(&l, "Enter") & ANSWER_CHOSEN);
	assert_int_equal(marks_count(&l.marks), 0);
	assert_string_equal(position(&l), "- of 10");
	for (int y = 1; y < 5; y++)
		assert_int_equal(sketch_style(c, 29, y), ROLE_TEXT);
	/* The next move takes up what is there. */
	assert_true(press(&l, "j") & ANSWER_MOVED);
	assert_int_equal(selected(&l), 14);
	assert_true(press(&l, "Enter") & ANSWER_CHOSEN);
	list_done(&l);
	canvas_free(c);
}

static void
finish(struct list *l)
{
	while (list_work(l))
		;
}

static void
test_filter(void **state)
{
	struct canvas *c = canvas_new(60, 8, false);
	struct rows rows = {.n = 5000};
	struct event paste = sketch_paste("1\n2", 0);
	struct list l;
	size_t expect = 0;

	list_init(&l, &model, &rows);
	list_draw(&l, canvas_area(c), true);
	press(&l, "/");
	type(&l, "N1");
	finish(&l);
	assert_true(l.typing);
	for (size_t i = 0; i < rows.n; i++) {
		char text[32];

		snprintf(text, sizeof(text), "n%zu", i);
		expect += text_contains(text, "n1");
	}
	assert_int_equal(l.nindex, expect);
	/* Narrowed, it agrees with looking at everything. */
	type(&l, "2");
	finish(&l);
	for (size_t i = 0; i < l.nindex; i++) {
		char text[32];

		snprintf(text, sizeof(text), "n%u", l.index[i]);
		assert_true(text_contains(text, "n12"));
	}
	assert_int_equal(l.nindex, 111);
	list_draw(&l, canvas_area(c), true);
	assert_int_equal(selected(&l), 12);
	assert_true(sketch_has(c, "/ N12"));
	/* Moving while typing, then looking at what was found. */
	press(&l, "Down");
	assert_int_equal(selected(&l), 120);
	press(&l, "Enter");
	assert_false(l.typing);
	assert_true(press(&l, "Enter") & ANSWER_CHOSEN);
	canvas_clear(c);
	list_draw(&l, canvas_area(c), true);
	assert_true(sketch_has(c, "only rows with N12"));
	assert_string_equal(position(&l), "2 of 111");
	/* Esc shows all again, and stays where it is. */
	assert_true(press(&l, "Esc") & ANSWER_HANDLED);
	assert_int_equal(selected(&l), 120);
	assert_string_equal(position(&l), "121 of 5,000");
	press(&l, "/");
	type(&l, "zzz");
	finish(&l);
	canvas_clear(c);
	list_draw(&l, canvas_area(c), true);
	assert_true(sketch_has(c, "No row holds this text."));
	assert_int_equal(selected(&l), -1);
	press(&l, "Ctrl-U");
	list_event(&l, &paste);
	assert_string_equal(l.applied, "1");
	press(&l, "Ctrl-C");
	assert_null(l.applied);
	list_done(&l);
	canvas_free(c);
}

/* A refresh under a filter finds the row again, wherever it is. */
static void
test_filter_and_refresh(void **state)
{
	static const uint64_t before[] = {1, 12, 3, 125, 5, 127};
	static const uint64_t after[] = {0, 127, 1, 126, 12, 125};
	struct canvas *c = canvas_new(60, 8, false);
	struct rows rows = {.numbers = before, .n = ARRAY_LEN(before)};
	struct list l;

	list_init(&l, &model, &rows);
	list_draw(&l, canvas_area(c), true);
	press(&l, "/");
	type(&l, "n12");
	press(&l, "Enter");
	list_draw(&l, canvas_area(c), true);
	press(&l, "j");
	assert_int_equal(selected(&l), 125);
	rows.numbers = after;
	list_refresh(&l);
	assert_int_equal(selected(&l), -1); /* not known yet: nothing is guessed */
	finish(&l);
	assert_int_equal(selected(&l), 125);
	assert_string_equal(position(&l), "4 of 4");
	list_done(&l);
	canvas_free(c);
}

/* A million rows cost what a screen of them does; filtering them never holds up for long. */
static void
test_a_million(void **state)
{
	struct canvas *c = canvas_new(60, 24, false);
	struct rows rows = {.n = 1000000};
	int slices = 1;
	struct list l;

	list_init(&l, &model, &rows);
	list_draw(&l, canvas_area(c), true);
	press(&l, "G");
	canvas_clear(c);
	list_draw(&l, canvas_area(c), true);
	assert_int_equal(selected(&l), 999999);
	assert_true(rows.cells <= 2 * 2 * 24);
	assert_true(rows.ids <= 4 * 24);
	assert_true(sketch_has(c, "1,000,000 of 1,000,000"));
	press(&l, "/");
	type(&l, "n99999");
	while (list_work(&l))
		slices++;
	assert_string_equal(position(&l), "- of 11"); /* drawing selects the first */
	assert_true(slices > 1);                      /* keys are looked at in between */
	list_done(&l);
	canvas_free(c);
}

static void
test_tiny(void **state)
{
	struct rows rows = {.n = 100};
	struct list l;

	list_init(&l, &model, &rows);
	for (int w = 1; w < 40; w += 3) {
		for (int h = 1; h < 6; h++) {
			struct canvas *c = canvas_new(w, h, true);

			list_draw(&l, canvas_area(c), true);
			press(&l, "PgDn");
			press(&l, "/");
			list_draw(&l, canvas_area(c), true);
			press(&l, "Esc");
			canvas_free(c);
		}
	}
	list_done(&l);
}

static void
test_marks(void **state)
{
	struct marks m = {0};
	uint32_t seed = 5;
	bool in[512] = {false};

	for (int i = 0; i < 20000; i++) {
		uint64_t id = sketch_random(&seed) % 512, wide = id * 0x100000001ULL;

		if (sketch_random(&seed) % 2) {
			marks_add(&m, wide);
			in[id] = true;
		} else {
			marks_remove(&m, wide);
			in[id] = false;
		}
		if (i % 500 == 0) {
			size_t n = 0;

			for (size_t k = 0; k < 512; k++) {
				assert_int_equal(marks_has(&m, k * 0x100000001ULL), in[k]);
				n += in[k];
			}
			assert_int_equal(marks_count(&m), n);
		}
	}
	marks_done(&m);
	assert_int_equal(marks_count(&m), 0);
}

static void
test_numbers(void **state)
{
	static const struct {
		size_t n;
		const char *text;
	} rows[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(str_done) struct str out = STR_INIT(40);

		list_count_text(&out, rows[i].n);
		assert_string_equal(str_text(&out), rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_drawing),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_live_refresh),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_and_refresh),
		cmocka_unit_test(test_a_million),
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}
