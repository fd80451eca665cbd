/* What the screens share: list_screen, sheet_screen, menu_screen. */
#include "base/banned.h"
#include "sketch.h"
#include "tui/app.h"
#include "tui/view/list_screen.h"
#include "tui/view/menu_screen.h"
#include "tui/view/sheet_screen.h"

/* The console without a terminal, as far as views ask it. */
static struct app app = {.notice = STR_INIT(KIB)};
static struct canvas *canvas;
static struct view *view;

static const char *
row_text(int y)
{
	canvas_clear(canvas);
	view->ops->draw(view, canvas_area(canvas));
	return sketch_row(canvas, y);
}

static bool
shows(const char *text)
{
	row_text(0);
	return sketch_has(canvas, text);
}

static unsigned
press(const char *name)
{
	struct event ev = sketch_key(name, 0);

	return view->ops->event(view, &ev);
}

static void
press_all(const char *keys)
{
	for (; *keys != '\0'; keys++)
		press((char[]){*keys, '\0'});
}

static void
begin(struct view *v, int w, int h)
{
	view = v;
	canvas = canvas_new(w, h, false);
	row_text(0);
}

static void
end(void)
{
	view->ops->close(view);
	canvas_free(canvas);
}

/* A list of letters */

struct letters {
	struct list_screen base;
	char text[30];
	char opened;
};

static size_t
count(void *arg)
{
	return strlen(((struct letters *)arg)->text);
}

static uint64_t
identity(void *arg, size_t row)
{
	return (uint64_t)((struct letters *)arg)->text[row];
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	str_fmt(out, "letter-%c", ((struct letters *)arg)->text[row]);
	return ROLE_TEXT;
}

static void
open_row(struct list_screen *s, size_t row)
{
	((struct letters *)s)->opened = ((struct letters *)s)->text[row];
}

static void
foot(struct list_screen *s, size_t row, struct area a)
{
	draw_fmt(a, 1, 1, ROLE_TEXT, "about %c", ((struct letters *)s)->text[row]);
}

static const struct list_column columns[] = {{"LETTER", 10, 0, 0, 0}};
static const struct list_model model = {.columns = columns,
	.ncolumns = 1,
	.empty = "No letters.",
	.count = count,
	.id = identity,
	.cell = cell};
static const struct view_ops list_view = {.draw = list_screen_draw,
	.event = list_screen_event,
	.contexts = list_screen_contexts,
	.offers = list_screen_offers,
	.work = list_screen_work,
	.close = list_screen_close};
static const struct list_screen_ops list_ops = {
	.contexts = CONTEXT_SET, .open = open_row, .foot = foot, .foot_rows = 3, .foot_from = 8};

static struct letters *
letters_new(const char *text, int w, int h)
{
	struct letters *l = util_alloc(sizeof(*l));

	snprintf(l->text, sizeof(l->text), "%s", text);
	list_screen_init(&l->base, &app, &list_view, &list_ops, &model);
	begin(&l->base.view, w, h);
	return l;
}

static void
test_list_keys(void **state)
{
	struct letters *l = letters_new("abcdefghijklmnopqrst", 40, 12);
	static const struct {
		const char *keys[4];
		const char *about;
	} rows[] = {{{"j"}, "about b"}, {{"G"}, "about t"}, {{"g"}, "about a"},
		{{"End"}, "about t"}, {{"Home"}, "about a"},
		{{"PgDn"}, "about h"}, /* seven rows are on the screen */
		{{"PgDn", "PgUp"}, "about h"}, {{"k"}, "about g"}, {{"g", "Ctrl-D"}, "about d"},
		{{"Ctrl-U"}, "about a"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < 4 && rows[i].keys[k] != NULL; k++)
			assert_true(press(rows[i].keys[k]) & ANSWER_HANDLED);
		assert_true(shows(rows[i].about));
	}
	assert_int_equal(l->opened, 0);
	press("j");
	press("Enter");
	assert_int_equal(l->opened, 'b');
	assert_int_equal(press("x"), ANSWER_IGNORED);
	end();
}

static void
test_list_refresh(void **state)
{
	struct letters *l = letters_new("abcde", 40, 12);

	press("j");
	press("j");
	assert_true(shows("about c"));
	/* Rows come before it, and it moves with them. */
	snprintf(l->text, sizeof(l->text), "xyzabcde");
	list_screen_refresh(&l->base);
	assert_true(shows("about c"));
	/* What slid under the cursor is not what was chosen. */
	snprintf(l->text, sizeof(l->text), "xyzabde");
	list_screen_refresh(&l->base);
	assert_false(shows("about "));
	press("Enter");
	assert_int_equal(l->opened, 0);
	snprintf(l->text, sizeof(l->text), "%s", "");
	list_screen_refresh(&l->base);
	assert_true(shows("No letters."));
	end();
}

static void
test_list_filter(void **state)
{
	struct letters *l = letters_new("abcde", 40, 12);

	assert_int_equal(view->ops->contexts(view), CONTEXT_LIST | CONTEXT_SET);
	press("/");
	assert_int_equal(view->ops->contexts(view), CONTEXT_FORM | CONTEXT_FIELD);
	press_all("-d");
	assert_true(shows("letter-d"));
	assert_false(shows("letter-a"));
	press("Enter");
	assert_int_equal(view->ops->contexts(view), CONTEXT_LIST | CONTEXT_SET);
	assert_true(shows("about d"));
	/* What a refresh brings is filtered before it is seen. */
	snprintf(l->text, sizeof(l->text), "zzdzz");
	list_screen_refresh(&l->base);
	assert_false(view->ops->work(view));
	assert_true(shows("about d"));
	assert_false(shows("letter-z"));
	press("Enter");
	assert_int_equal(l->opened, 'd');
	press("Esc");
	assert_true(shows("letter-z"));
	assert_int_equal(press("Esc"), ANSWER_IGNORED);
	end();
}

static void
test_list_foot(void **state)
{
	struct letters *l = letters_new("ab", 40, 8);

	assert_string_equal(row_text(6), " about a");
	canvas_resize(canvas, 40, 7);
	assert_false(shows("about"));
	assert_true(shows("letter-a"));
	canvas_resize(canvas, 1, 1);
	row_text(0);
	canvas_resize(canvas, 40, 8);
	/* With no rows there is nothing to say anything about. */
	l->text[0] = '\0';
	list_screen_refresh(&l->base);
	assert_string_equal(row_text(5), "");
	end();
}

static void
test_list_offers(void **state)
{
	static const struct list_screen_ops copies = {.open = open_row, .copies = true};
	struct letters *l = letters_new("ab", 40, 8);

	assert_true(view->ops->offers(view, ACTION_FILTER));
	assert_false(view->ops->offers(view, ACTION_COPY));
	assert_false(view->ops->offers(view, ACTION_SORT));
	assert_false(view->ops->offers(view, ACTION_MARK));
	l->base.ops = &copies;
	assert_true(view->ops->offers(view, ACTION_COPY));
	end();
}

/* A text */

static void
write_poem(struct sheet *t, void *arg)
{
	assert_ptr_equal(arg, view);
	sheet_heading(t, "a title");
	for (int i = 0; i < 30; i++)
		sheet_fmt(t, ROLE_TEXT, 2, "line %d", i);
}

static const struct view_ops sheet_view = {.draw = sheet_screen_draw,
	.event = sheet_screen_event,
	.contexts = sheet_screen_contexts,
	.offers = sheet_screen_offers,
	.title = sheet_screen_title,
	.work = sheet_screen_work,
	.close = sheet_screen_close};

static void
test_sheet(void **state)
{
	struct sheet_screen *s = util_alloc(sizeof(*s));

	view = &s->view;
	sheet_screen_init(s, &app, &sheet_view, write_poem);
	s->title = "poem";
	s->contexts = CONTEXT_RUNBOOK;
	begin(&s->view, 40, 8);
	assert_string_equal(view->ops->title(view), "poem");
	assert_true(shows("a title"));
	assert_false(shows("line 29"));
	press("G");
	assert_true(shows("line 29"));
	assert_int_equal(view->ops->contexts(view), CONTEXT_PAGER | CONTEXT_RUNBOOK);
	press("g");
	press("/");
	assert_int_equal(view->ops->contexts(view), CONTEXT_FORM | CONTEXT_FIELD);
	press_all("line 25");
	press("Enter");
	while (view->ops->work(view))
		continue;
	assert_true(shows("line 25"));
	assert_false(view->ops->offers(view, ACTION_FOLLOW));
	assert_false(view->ops->offers(view, ACTION_COPY));
	assert_true(view->ops->offers(view, ACTION_SEARCH));
	end();
}

/* One thing, and what can be done with it */

struct thing {
	struct menu_screen base;
	int loads;
	enum action done;
};

static void
write_thing(struct sheet *t, void *arg)
{
	for (int i = 0; i < 3; i++)
		sheet_fmt(t, ROLE_TEXT, 0, "fact %d", i);
}

static void
load_thing(struct menu_screen *s)
{
	((struct thing *)s)->loads++;
	menu_action(&s->menu, ACTION_ITS_BACKUPS, "List them");
	menu_action(&s->menu, ACTION_VERIFY, "Prove it");
}

static void
draw_between(struct menu_screen *s, struct area a)
{
	draw_fmt(a, 1, 0, ROLE_TEXT, "%d rows between", a.h);
}

static bool
act_thing(struct view *v, enum action action)
{
	if (action != ACTION_ITS_BACKUPS && action != ACTION_VERIFY)
		return menu_screen_act(v, action);
	((struct thing *)v)->done = action;
	return true;
}

static const struct view_ops thing_view = {.draw = menu_screen_draw,
	.event = menu_screen_event,
	.act = act_thing,
	.contexts = menu_screen_contexts,
	.offers = menu_screen_offers,
	.work = menu_screen_work,
	.changed = menu_screen_changed,
	.close = menu_screen_close};
static const struct menu_screen_ops thing_ops = {.contexts = CONTEXT_BACKUP,
	.write = write_thing,
	.load = load_thing,
	.between = draw_between};

static struct thing *
thing_new(int w, int h)
{
	struct thing *t = util_alloc(sizeof(*t));

	menu_screen_init(&t->base, &app, &thing_view, &thing_ops, "a/b");
	begin(&t->base.view, w, h);
	return t;
}

static void
test_menu_panes(void **state)
{
	struct thing *t = thing_new(40, 14);

	assert_true(shows("fact 2"));
	assert_true(shows("List them"));
	assert_true(shows("7 rows between"));
	assert_int_equal(view->ops->contexts(view), CONTEXT_BACKUP | CONTEXT_LIST);
	press("j");
	press("Enter");
	assert_int_equal(t->done, ACTION_VERIFY);
	/* The keys are the text's now. */
	t->done = ACTION_NONE;
	assert_true(view->ops->act(view, ACTION_NEXT_PANE));
	assert_int_equal(view->ops->contexts(view), CONTEXT_BACKUP | CONTEXT_PAGER);
	press("Enter");
	assert_int_equal(t->done, ACTION_NONE);
	/* And the menu's again where a runbook is to be chosen. */
	assert_true(view->ops->act(view, ACTION_RESTORE));
	assert_int_equal(view->ops->contexts(view), CONTEXT_BACKUP | CONTEXT_LIST);
	assert_false(view->ops->act(view, ACTION_SORT));
	canvas_resize(canvas, 40, 10);
	assert_false(shows("rows between"));
	end();
}

static void
test_menu_changes(void **state)
{
	struct thing *t = thing_new(40, 14);

	assert_int_equal(t->loads, 1);
	press("j");
	view->ops->changed(view, CHANGE_SECOND);
	assert_int_equal(t->loads, 1);
	view->ops->changed(view, CHANGE_LIBRARY);
	assert_int_equal(t->loads, 2);
	press("Enter");
	assert_int_equal(t->done, ACTION_VERIFY);
	end();
}

/* Keys are not what keeps a read-only console from changing anything, but they say so. */
static void
test_menu_read_only(void **state)
{
	struct thing *t = thing_new(40, 14);

	app.options.read_only = true;
	press("j");
	press("Enter");
	assert_int_equal(t->done, ACTION_NONE);
	assert_non_null(strstr(str_text(&app.notice), "read-only"));
	press("k");
	press("Enter");
	assert_int_equal(t->done, ACTION_ITS_BACKUPS);
	app.options.read_only = false;
	str_done(&app.notice);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_keys),
		cmocka_unit_test(test_list_refresh),
		cmocka_unit_test(test_list_filter),
		cmocka_unit_test(test_list_foot),
		cmocka_unit_test(test_list_offers),
		cmocka_unit_test(test_sheet),
		cmocka_unit_test(test_menu_panes),
		cmocka_unit_test(test_menu_changes),
		cmocka_unit_test(test_menu_read_only),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}
