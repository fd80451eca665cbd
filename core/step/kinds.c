#include "base/banned.h"
#include "step/kind.h"

extern const struct step_kind step_kind_manual, step_kind_command, step_kind_sql, step_kind_redis,
	step_kind_http, step_kind_s3, step_kind_choose, step_kind_sandbox, step_kind_verify,
	step_kind_wait, step_kind_notify, step_kind_approve, step_kind_runbook;

const char *const effect_names[] = {"read", "write", "destroy", NULL};

const struct step_kind *const step_kinds[] = {
	&step_kind_manual,
	&step_kind_command,
	&step_kind_sql,
	&step_kind_redis,
	&step_kind_http,
	&step_kind_s3,
	&step_kind_choose,
	&step_kind_sandbox,
	&step_kind_verify,
	&step_kind_wait,
	&step_kind_notify,
	&step_kind_approve,
	&step_kind_runbook,
	NULL,
};

const struct step_kind *
step_kind_find(const char *name)
{
	for (size_t i = 0; step_kinds[i] != NULL; i++)
		if (strcmp(step_kinds[i]->name, name) == 0)
			return step_kinds[i];
	return NULL;
}

static void
quote(struct str *out, const char *arg)
{
	if (arg[0] != '\0' && arg[strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789_-+=./:,@%{}")] == '\0') {
		str_add(out, arg);
		return;
	}
	str_addc(out, '\'');
	for (; *arg != '\0'; arg++) {
		if (*arg == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, *arg);
	}
	str_addc(out, '\'');
}

void
step_quote_argv(struct str *out, const struct texts *argv)
{
	for (size_t i = 0; i < argv->n; i++) {
		if (i > 0)
			str_addc(out, ' ');
		quote(out, argv->v[i]);
	}
}
