/*
 * record: one record of the audit log to read.
 */
#include "base/banned.h"
#include "conf/json_read.h"
#include "tui/app.h"
#include "tui/view/screens.h"
#include "tui/view/sheet_screen.h"

struct record_screen {
	struct sheet_screen base;
	char *line;
};

static void
write_value(struct sheet *t, const char *name, const cJSON *value)
{
	CLEANUP(str_done) struct str text = STR_INIT(256 * KIB);

	if (cJSON_IsString(value))
		str_add(&text, value->valuestring);
	else
		json_print(&text, value);
	sheet_fact(t, name, ROLE_TEXT, str_text(&text));
}

static void
write_record(struct sheet *t, void *arg)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct record_screen *r = arg;
	CLEANUP(json_free) cJSON *j = json_parse(r->line, strlen(r->line), &err);
	const cJSON *it, *data = json_get(j, "data");

	if (j == NULL) {
		sheet_text(t, ROLE_ERROR, 0, "This line is not a record:");
		sheet_text(t, ROLE_TEXT, 0, r->line);
		return;
	}
	cJSON_ArrayForEach(it, j) if (it != data) write_value(t, it->string, it);
	if (data == NULL || data->child == NULL)
		return;
	sheet_heading(t, "What it says");
	cJSON_ArrayForEach(it, data) write_value(t, it->string, it);
}

static void
close_view(struct view *v)
{
	free(((struct record_screen *)v)->line);
	sheet_screen_close(v);
}

static const struct view_ops ops = {.draw = sheet_screen_draw,
	.event = sheet_screen_event,
	.contexts = sheet_screen_contexts,
	.offers = sheet_screen_offers,
	.title = sheet_screen_title,
	.work = sheet_screen_work,
	.close = close_view};

struct view *
record_view(struct app *app, const char *line, size_t len)
{
	struct record_screen *r = util_alloc(sizeof(*r));

	r->line = util_strndup(line, len);
	sheet_screen_init(&r->base, app, &ops, write_record);
	r->base.title = "record";
	return &r->base.view;
}
