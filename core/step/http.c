/*
 * http: one request; the body of the answer is the step's value.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "net/http.h"

#define STALL_MS 30000

struct http_step {
	struct item item;
	const char *url, *body, *status, *ca_file;
	int method;
	const struct node *headers, *headers_env;
};

static const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", NULL};

static const struct field fields[] = {
	{"url", FIELD_TEMPLATE, offsetof(struct http_step, url), "http:// or https://",
		.required = true},
	{"method", FIELD_CHOICE, offsetof(struct http_step, method), "GET unless said otherwise",
		.choices = method_names},
	{"headers", FIELD_NODE, offsetof(struct http_step, headers), "Name: value"},
	{"headers_env", FIELD_NODE, offsetof(struct http_step, headers_env),
		"Name: VARIABLE; the value comes from the step's env, where secrets may stand"},
	{"body", FIELD_TEMPLATE, offsetof(struct http_step, body), "what is sent"},
	{"status", FIELD_TEXT, offsetof(struct http_step, status),
		"status of the answer that is expected (2xx)"},
	{"ca_file", FIELD_TEMPLATE, offsetof(struct http_step, ca_file),
		"certificates to trust, PEM"},
};
static const struct schema schema = {.name = "an http step",
	.size = sizeof(struct http_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static const char *
method(const struct http_step *s)
{
	return s->method < 0 ? "GET" : method_names[s->method];
}

static void
check_headers(const struct node *n, struct problems *p)
{
	struct node *it;

	if (n == NULL)
		return;
	if (n->type != NODE_MAP) {
		node_error(p, n, "Headers are a map of names to texts.");
		return;
	}
	node_each (n, it)
		if (it->type != NODE_SCALAR || strpbrk(it->key, ":\r\n ") != NULL ||
			strpbrk(it->text, "\r\n") != NULL)
			node_error(
				p, it, "\"%s\" is not a header with a text of one line.", it->key);
}

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	const struct http_step *s = params;

	if (s->url != NULL && !util_starts(s->url, "http://") && !util_starts(s->url, "https://") &&
		!util_starts(s->url, "{{"))
		node_error(p, node_get(at, "url"), "\"url\" must begin with http:// or https://.");
	if (effect == EFFECT_READ && s->method > 1)
		node_error(p, node_get(at, "method"), "%s changes something.", method(s))->hint =
			"Say effect: write.";
	check_headers(s->headers, p);
	check_headers(s->headers_env, p);
}

static void
describe(struct str *out, const void *params)
{
	const struct http_step *s = params;
	const struct node *it;

	str_fmt(out, "%s %s", method(s), s->url);
	if (s->headers != NULL)
		node_each (s->headers, it)
			str_fmt(out, "\n%s: %s", it->key, it->text);
	if (s->headers_env != NULL)
		node_each (s->headers_env, it)
			str_fmt(out, "\n%s: (from $%s)", it->key, it->text);
	if (s->body != NULL)
		str_fmt(out, "\n\n%s", s->body);
}

static bool
add_headers(struct step_child *c, const struct http_step *s, const char ***ret, struct err *err)
{
	size_t n = 0, max = 2 + (s->headers != NULL ? s->headers->count : 0) +
			    (s->headers_env != NULL ? s->headers_env->count : 0);
	const char **list = arena_array(c->arena, max, sizeof(*list));
	const struct node *it;

	if (s->headers != NULL)
		node_each (s->headers, it)
			list[n++] = arena_fmt(c->arena, "%s: %s", it->key, it->text);
	if (s->headers_env != NULL) {
		node_each (s->headers_env, it) {
			const char *value = getenv(it->text);

			if (value == NULL || strpbrk(value, "\r\n") != NULL)
				return err_set(err, ERR_CONFIG,
					"The variable %s for the header %s is not set to one line.",
					it->text, it->key);
			list[n++] = arena_fmt(c->arena, "%s: %s", it->key, value);
		}
	}
	*ret = list;
	return true;
}

static bool
judge(const struct http_step *s, int status, struct err *err)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", status);
	if (s->status != NULL ? util_streq(s->status, text) : status >= 200 && status < 300)
		return true;
	err_set(err, status == 401 || status == 403 ? ERR_AUTH : ERR_CHECK_FAILED,
		"%s %s was answered with %d, expected %s.", method(s), s->url, status,
		s->status != NULL ? s->status : "2xx");
	return false;
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct http_step *s = params;
	struct http_request rq = {.method = method(s), .url = s->url, .stall_ms = STALL_MS};
	struct transfer *t = NULL;
	struct http *h = NULL;
	const char **headers = NULL, *body;
	size_t len;
	bool good;

	if (!add_headers(c, s, &headers, err) || !http_new(s->ca_file, &h, err))
		return false;
	rq.headers = headers;
	rq.body = s->body;
	rq.body_len = s->body != NULL ? strlen(s->body) : 0;
	good = http_start(h, &rq, &t, err);
	if (good) {
		http_run(t);
		good = !transfer_failed(t, err);
	}
	if (good) {
		body = transfer_body(t, &len);
		str_addn(&c->value, body != NULL ? body : "", body != NULL ? len : 0);
		step_say(c, "%d\n%s", transfer_status(t), str_text(&c->value));
		good = judge(s, transfer_status(t), err);
	}
	transfer_free(t);
	http_free(h);
	return good;
}

const struct step_kind step_kind_http = {
	.name = "http",
	.summary = "make an HTTP request",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.check = check,
	.describe = describe,
	.run = run,
};
