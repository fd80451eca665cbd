/*
 * notify: tells people, through a webhook (Slack and those that speak like it) and the system log.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "base/json.h"
#include "net/http.h"

#include <syslog.h>

#define STALL_MS 15000

struct notify {
	struct item item;
	const char *message, *webhook, *webhook_env;
	int syslog;
};

static const struct field fields[] = {
	{"message", FIELD_TEMPLATE, offsetof(struct notify, message), "what to say",
		.required = true},
	{"webhook", FIELD_TEMPLATE, offsetof(struct notify, webhook),
		"URL that takes {\"text\": message}"},
	{"webhook_env", FIELD_TEXT, offsetof(struct notify, webhook_env),
		"variable of the step's env that holds the URL, where the URL is a secret"},
	{"syslog", FIELD_BOOL, offsetof(struct notify, syslog), "also write to the system log"},
};
static const struct schema schema = {.name = "a notify step",
	.size = sizeof(struct notify),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	const struct notify *n = params;

	if (n->webhook == NULL && n->webhook_env == NULL && n->syslog != 1)
		node_error(p, at, "A notify step needs webhook, webhook_env or syslog.");
	if (n->webhook != NULL && n->webhook_env != NULL)
		node_error(p, at, "A notify step takes webhook or webhook_env, not both.");
}

static void
describe(struct str *out, const void *params)
{
	const struct notify *n = params;

	if (n->webhook != NULL)
		str_fmt(out, "Post to %s:", n->webhook);
	else if (n->webhook_env != NULL)
		str_fmt(out, "Post to the URL in $%s:", n->webhook_env);
	else
		str_add(out, "Write to the system log:");
	str_fmt(out, "\n%s", n->message);
	if (n->syslog == 1 && (n->webhook != NULL || n->webhook_env != NULL))
		str_add(out, "\nand to the system log");
}

static bool
post(const char *url, const char *body, struct err *err)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	struct http_request rq = {.method = "POST",
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = strlen(body),
		.stall_ms = STALL_MS};
	struct transfer *t = NULL;
	struct http *h = NULL;
	bool good;

	if (!http_new(NULL, &h, err))
		return false;
	good = http_start(h, &rq, &t, err);
	if (good) {
		http_run(t);
		good = !transfer_failed(t, err);
	}
	if (good && (transfer_status(t) < 200 || transfer_status(t) > 299))
		good = err_set(
			err, ERR_CHECK_FAILED, "The webhook answered with %d.", transfer_status(t));
	transfer_free(t);
	http_free(h);
	return good;
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct notify *n = params;
	const char *url = n->webhook_env != NULL ? getenv(n->webhook_env) : n->webhook;
	const char *message = c->drill ? arena_fmt(c->arena, "DRILL: %s", n->message) : n->message;
	CLEANUP(str_done) struct str body = STR_INIT(MIB);
	struct json j = json_new(&body);

	if (n->syslog == 1) {
		openlog("lifeboat", LOG_PID, LOG_USER);
		syslog(LOG_NOTICE, "%s", message);
		closelog();
	}
	if (n->webhook_env != NULL && url == NULL)
		return err_set(err, ERR_CONFIG,
			"The variable %s with the webhook's URL is not set.", n->webhook_env);
	json_object(&j, NULL);
	json_string(&j, "text", message);
	json_object_end(&j);
	if (url != NULL && !post(url, str_text(&body), err))
		return false;
	step_say(c, "Told: %s", message);
	return true;
}

const struct step_kind step_kind_notify = {
	.name = "notify",
	.summary = "tell people through a webhook or the system log",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.check = check,
	.describe = describe,
	.run = run,
};
