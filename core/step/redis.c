/*
 * redis: one command to a Redis server; its reply is the step's value.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "net/redis.h"

struct redis_step {
	struct item item;
	const char *server, *field;
	struct texts command;
};

static const struct field fields[] = {
	{"server", FIELD_TEMPLATE, offsetof(struct redis_step, server),
		"socket path, host:port, redis://host:port/db, or a sandbox's {{sandbox.conninfo}}",
		.required = true},
	{"command", FIELD_TEXTS, offsetof(struct redis_step, command),
		"the command and its arguments", .required = true},
	{"field", FIELD_TEXT, offsetof(struct redis_step, field),
		"of INFO: take only this field's value"},
};
static const struct schema schema = {.name = "a redis step",
	.size = sizeof(struct redis_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

/* What changes or ends a server; a step that says effect: read must not send it. */
static const char *const writers[] = {"SET", "DEL", "FLUSHALL", "FLUSHDB", "CONFIG", "DEBUG",
	"SHUTDOWN", "BGREWRITEAOF", "EXPIRE", "RENAME", "HSET", "LPUSH", "RPUSH", "SADD", "ZADD",
	"EVAL", "RESTORE", "REPLICAOF", "SLAVEOF", "MIGRATE", "UNLINK", "INCR", "APPEND"};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	const struct redis_step *s = params;

	for (size_t i = 0; effect == EFFECT_READ && s->command.n > 0 && i < ARRAY_LEN(writers); i++)
		if (strcasecmp(writers[i], s->command.v[0]) == 0)
			node_error(p, node_get(at, "command"), "%s changes the server.", writers[i])
				->hint = "Say effect: write or effect: destroy.";
}

static void
describe(struct str *out, const void *params)
{
	const struct redis_step *s = params;

	step_quote_argv(out, &s->command);
	str_fmt(out, "\non Redis at %s", s->server);
}

static void
reply_text(struct str *out, const struct redis_reply *r, int depth)
{
	switch (r->type) {
	case REDIS_TEXT: str_addn(out, r->text, r->len); break;
	case REDIS_NUMBER: str_fmt(out, "%lld", (long long)r->number); break;
	case REDIS_NIL: str_add(out, "(nil)"); break;
	case REDIS_LIST:
		for (size_t i = 0; i < r->n; i++) {
			str_fmt(out, "%s%*s", i > 0 ? "\n" : "", depth * 2, "");
			reply_text(out, &r->items[i], depth + 1);
		}
		break;
	}
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct redis_step *s = params;
	const char *password = getenv("REDISCLI_AUTH");
	struct secret *secret = password != NULL ? secret_new(password, strlen(password)) : NULL;
	struct redis_reply reply;
	struct redis *r = NULL;
	bool good;

	good = redis_connect(s->server, secret, 0, &r, err) &&
	       redis_command(r, c->arena, s->command.v, s->command.n,
		       c->timeout_ms > 0 ? c->timeout_ms : 60000, &reply, err);
	secret_free(secret);
	redis_free(r);
	if (!good)
		return false;
	if (s->field != NULL) {
		const char *value = reply.type == REDIS_TEXT
					    ? redis_info(c->arena, reply.text, s->field)
					    : NULL;

		if (value == NULL)
			return err_set(
				err, ERR_CHECK_FAILED, "The reply has no field %s.", s->field);
		str_add(&c->value, value);
	} else {
		reply_text(&c->value, &reply, 0);
	}
	step_say(c, "%s", str_text(&c->value));
	return true;
}

const struct step_kind step_kind_redis = {
	.name = "redis",
	.summary = "send a command to a Redis server (password in env REDISCLI_AUTH)",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.check = check,
	.describe = describe,
	.run = run,
};
