#include "base/banned.h"
#include "tui/view/plan_sheet.h"
#include "base/text.h"

static bool
is_production(const cJSON *target)
{
	return util_streq(json_get_text(target, "environment"), "production") &&
	       !json_get_bool(target, "sandbox", false);
}

const char *
plan_sheet_target(struct arena *a, const cJSON *target)
{
	const char *conninfo = json_get_text(target, "conninfo");
	const char *name = json_get_text(target, "name"),
		   *environment = json_get_text(target, "environment");

	if (json_get_bool(target, "sandbox", false))
		return arena_fmt(a, "%s: a throw-away server, removed after the run", name);
	return arena_fmt(a, "%s%s%s (%s)", name, conninfo != NULL ? " = " : "",
		conninfo != NULL ? conninfo : "",
		is_production(target) ? "PRODUCTION" : environment);
}

bool
plan_sheet_production(const cJSON *plan)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, json_get(plan, "targets")) if (is_production(it)) return true;
	return false;
}

bool
plan_sheet_drill(const cJSON *plan)
{
	return util_streq(json_get_text(plan, "mode"), "drill");
}

static bool
was_chosen(const cJSON *plan, const char *name)
{
	const cJSON *it;

	cJSON_ArrayForEach(
		it, json_get(plan, "chosen")) if (cJSON_IsString(it) &&
						  strcmp(it->valuestring, name) == 0) return true;
	return false;
}

static void
write_parameters(struct sheet *t, const cJSON *plan)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, json_get(plan, "parameters"))
	{
		CLEANUP(str_done) struct str text = STR_INIT(32 * KIB);

		if (cJSON_IsString(it) && it->valuestring[0] == '\0')
			str_add(&text, "(none given)");
		else if (cJSON_IsString(it))
			str_fmt(&text, "%s%s", it->valuestring,
				was_chosen(plan, it->string) ? "  (chosen for you)" : "");
		else
			str_add(&text, "(a secret)");
		sheet_fact(t, it->string, ROLE_TEXT, str_text(&text));
	}
}

static unsigned
effect_style(const char *effect)
{
	return util_streq(effect, "destroy") ? ROLE_DANGER : ROLE_DIM;
}

static void
write_step(struct sheet *t, struct arena *a, const cJSON *step, size_t number)
{
	const char *waits = json_get_text(step, "waits_for"), *type, *effect;
	int64_t budget = json_get_int(step, "budget_s", -1);
	const cJSON *it;

	effect = json_get_text(step, "effect");
	type = json_get_text(step, "confirm_type");
	sheet_blank(t);
	sheet_fmt(t, ROLE_TITLE, 0, "%2zu. %s", number, json_get_text(step, "title"));
	sheet_fmt(t, effect_style(effect), 5, "%s: %s, %s", json_get_text(step, "id"),
		json_get_text(step, "kind"),
		util_streq(effect, "destroy") ? "DESTROYS"
		: util_streq(effect, "write") ? "writes"
					      : "reads");
	if (json_get_text(step, "runs") != NULL)
		sheet_text(t, ROLE_ACCENT, 7, json_get_text(step, "runs"));
	if (json_get_text(step, "env") != NULL)
		sheet_text(t, ROLE_DIM, 7, json_get_text(step, "env"));
	cJSON_ArrayForEach(it, json_get(step, "targets")) sheet_fmt(t,
		is_production(it) ? ROLE_DANGER : ROLE_TEXT, 5, "on %s", plan_sheet_target(a, it));
	if (json_get_text(step, "drill") != NULL)
		sheet_text(t, ROLE_ACCENT, 5,
			util_streq(json_get_text(step, "drill"), "simulate")
				? "in this drill it is only told, not done"
				: "this step is forbidden in a drill: the run ends here");
	if (waits != NULL)
		sheet_fmt(t, ROLE_TEXT, 5, "waits for: %s%s%s%s", waits, type != NULL ? " (\"" : "",
			type != NULL ? type : "", type != NULL ? "\")" : "");
	if (json_get_text(step, "when") != NULL)
		sheet_fmt(t, ROLE_TEXT, 5, "only when %s", json_get_text(step, "when"));
	if (budget >= 0) {
		CLEANUP(str_done) struct str text = STR_INIT(100);

		text_duration(&text, budget);
		sheet_fmt(t, ROLE_DIM, 5, "planned to take %s", str_text(&text));
	}
	if (json_get_text(step, "irreversible") != NULL)
		sheet_fmt(t, ROLE_DANGER, 5, "can't be taken back: %s",
			json_get_text(step, "irreversible"));
}

void
plan_sheet_write(struct sheet *t, const cJSON *plan, const char *findings)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const cJSON *it;
	size_t n = 0;

	sheet_fmt(t, ROLE_TITLE, 0, "Nothing runs yet. %s", json_get_text(plan, "title"));
	if (plan_sheet_drill(plan))
		sheet_text(t, ROLE_DRILL, 0, " DRILL ");
	sheet_fact(t, "as", ROLE_TEXT, json_get_text(plan, "operator"));
	cJSON_ArrayForEach(it, json_get(plan, "targets")) sheet_fact(t, "target",
		is_production(it) ? ROLE_DANGER : ROLE_TEXT, plan_sheet_target(&a, it));
	write_parameters(t, plan);
	if (findings != NULL)
		sheet_fact(t, "findings", ROLE_LATE, findings);
	cJSON_ArrayForEach(it, json_get(plan, "steps")) write_step(t, &a, it, ++n);
	sheet_blank(t);
	sheet_text(t, ROLE_DIM, 0, "s starts it; it asks first. q leaves it.");
}
