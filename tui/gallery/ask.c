/*
 * Dialogs and a form: a list of questions; Enter opens one, and what came of it stands below.
 */
#include "base/banned.h"
#include "tui/gallery/page.h"
#include "base/clock.h"
#include "tui/draw/dialog.h"
#include "tui/draw/form.h"
#include "tui/draw/list.h"
#include "tui/keys.h"

enum question { QUESTION_MESSAGE, QUESTION_WRITE, QUESTION_DESTROY, QUESTION_LONG, QUESTION_FORM };

static const char *const questions[] = {
	[QUESTION_MESSAGE] = "a message",
	[QUESTION_WRITE] = "something that writes",
	[QUESTION_DESTROY] = "something that destroys",
	[QUESTION_LONG] = "something that must be read to its end",
	[QUESTION_FORM] = "a form",
};

static const struct dialog_fact facts[] = {
	{"runs",
		"pg_restore --exit-on-error --jobs=4 --clean --if-exists -d 'service=aragora' "
		"/backup/postgresql/daily/aragora_20261120_020000.dump",
		0},
	{"target", "prod-db = aragora@10.0.0.5:5432", ROLE_TITLE},
	{"as", "postgres on bastion-1, asked for by ops", 0},
};

static const char long_text[] =
	"First row of a text that is longer than the screen is high. It says one thing over and "
	"over, because nobody wrote it to be read.\n\n"
	"The old contents of the target are dropped, table by table, as the dump names them.\n\n"
	"What the dump does not name stays as it is. What the dump does not name stays as it is. "
	"What the dump does not name stays as it is. What the dump does not name stays as it is. "
	"What the dump does not name stays as it is. What the dump does not name stays as it is. "
	"What the dump does not name stays as it is. What the dump does not name stays as it is. "
	"What the dump does not name stays as it is. What the dump does not name stays as it is. "
	"What the dump does not name stays as it is. What the dump does not name stays as it is. "
	"What the dump does not name stays as it is. What the dump does not name stays as it "
	"is.\n\n"
	"And again: the old contents of the target are dropped.\n\nNow.\n\nThe last row.";

static const struct dialog_spec specs[] = {
	[QUESTION_MESSAGE] = {.title = "Nothing to do", .text = "The newest backup is proven."},
	[QUESTION_WRITE] = {.title = "Take a backup now",
		.environment = "staging",
		.environment_style = ROLE_ACCENT,
		.facts = facts + 1,
		.nfacts = 2,
		.action = "Take it"},
	[QUESTION_DESTROY] = {.title = "Restore a PostgreSQL dump",
		.environment = "PRODUCTION",
		.environment_style = ROLE_PRODUCTION | STYLE_REVERSE,
		.facts = facts,
		.nfacts = ARRAY_LEN(facts),
		.warning = "This can't be taken back: the old contents of the target are dropped.",
		.typed = "prod-db",
		.action = "Restore",
		.destroys = true},
	[QUESTION_LONG] = {.title = "Restore a PostgreSQL dump",
		.environment = "PRODUCTION",
		.environment_style = ROLE_PRODUCTION | STYLE_REVERSE,
		.facts = facts,
		.nfacts = ARRAY_LEN(facts),
		.text = long_text,
		.action = "Restore",
		.destroys = true},
};

static const char *const choices[] = {"newest proven", "newest", "by name", NULL};

static const struct form_item items[] = {
	{FORM_TEXT, "backup", "The name of a backup of aragora-db/daily-dump.", 64,
		"aragora_20261120_020000.dump", NULL},
	{FORM_CHOICE, "choose", "Left and Right change it.", 0, "newest", choices},
	{FORM_SECRET, "password", "It is kept in memory only and wiped.", 64, NULL, NULL},
	{FORM_CHECK, "drill", "A drill can't touch production.", 0, NULL, NULL},
	{FORM_TEXT, "reason", "Why, in a few words; it goes into the record.", 200, NULL, NULL},
};

enum { ITEM_REASON = ARRAY_LEN(items) - 1 };

struct page {
	struct list list;
	const struct gallery_options *options;
	bool asking; /* the dialog or form of the selected question stands */
	enum question question;
	struct dialog dialog;
	struct form form;
	struct str result;
};

static size_t
count(void *arg)
{
	return ARRAY_LEN(questions);
}

static uint64_t
identity(void *arg, size_t row)
{
	return row;
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	str_add(out, questions[row]);
	return ROLE_TEXT;
}

static const struct list_column columns[] = {{"ASK FOR", 20, 60, 0, 0}};
static const struct list_model model = {
	.columns = columns,
	.ncolumns = 1,
	.empty = "",
	.count = count,
	.id = identity,
	.cell = cell,
};

static bool
open(const struct gallery_options *o, void **ret, struct err *err)
{
	struct page *p = util_alloc(sizeof(*p));

	p->options = o;
	p->result = (struct str)STR_INIT(1000);
	list_init(&p->list, &model, p);
	*ret = p;
	return true;
}

static void
end_question(struct page *p)
{
	if (!p->asking)
		return;
	p->asking = false;
	if (p->question == QUESTION_FORM)
		form_done(&p->form);
	else
		dialog_done(&p->dialog);
}

static void
close_page(void *page)
{
	struct page *p = page;

	end_question(p);
	list_done(&p->list);
	str_done(&p->result);
	free(p);
}

static bool
reason_given(struct form *f, void *arg)
{
	if (form_text(f, ITEM_REASON)[0] != '\0')
		return true;
	f->values[ITEM_REASON].error = "A reason is needed.";
	return false;
}

static void
ask(struct page *p, enum question question)
{
	p->question = question;
	p->asking = true;
	str_cut(&p->result, 0);
	p->options->flush(p->options->arg);
	if (question != QUESTION_FORM) {
		dialog_open(&p->dialog, &specs[question], clock_mono_ms());
		return;
	}
	form_init(&p->form, "Restore a PostgreSQL dump", "Go on", items, ARRAY_LEN(items));
	p->form.check = reason_given;
}

static void
draw(void *page, struct area a)
{
	struct page *p = page;
	struct area bottom = area_bottom(&a, 1);

	list_draw(&p->list, a, !p->asking);
	draw_text(bottom, 1, 0, ROLE_ACCENT, str_text(&p->result));
	if (p->asking && p->question == QUESTION_FORM)
		form_draw(&p->form, a);
	else if (p->asking)
		dialog_draw(&p->dialog, a);
}

static unsigned
answer_event(struct page *p, const struct event *ev)
{
	unsigned answer = p->question == QUESTION_FORM ? form_event(&p->form, ev)
						       : dialog_event(&p->dialog, ev);

	if (answer & ANSWER_ACCEPTED)
		str_fmt(&p->result, "accepted: %s", questions[p->question]);
	if (answer & ANSWER_ACCEPTED && p->question == QUESTION_FORM)
		str_fmt(&p->result, ", %s, %s, drill %s, because: %s", form_text(&p->form, 0),
			form_text(&p->form, 1), p->form.values[3].checked ? "yes" : "no",
			form_text(&p->form, ITEM_REASON));
	if (answer & ANSWER_CANCELLED)
		str_fmt(&p->result, "cancelled: %s", questions[p->question]);
	if (answer & (ANSWER_ACCEPTED | ANSWER_CANCELLED))
		end_question(p);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
event(void *page, const struct event *ev)
{
	struct page *p = page;
	unsigned answer;
	size_t row;

	if (p->asking)
		return answer_event(p, ev);
	answer = list_event(&p->list, ev);
	if (answer & ANSWER_CHOSEN && list_row(&p->list, &row))
		ask(p, (enum question)row);
	return answer;
}

static bool
modal(void *page)
{
	struct page *p = page;

	return p->asking || p->list.typing;
}

const struct gallery_page gallery_ask = {
	.name = "ask",
	.contexts = CONTEXT_LIST,
	.open = open,
	.draw = draw,
	.event = event,
	.modal = modal,
	.close = close_page,
};
