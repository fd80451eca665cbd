/*
 * s3: one thing done in a bucket: look at an object, list, fetch, send or copy one.
 *
 * What is sent carries its SHA-256 with it, and what is fetched is checked against it. Neither
 * replaces something that is there already, unless the step says so.
 */
#include "base/banned.h"
#include "step/s3_step.h"
#include "base/clock.h"

#define LISTED_MAX 1000    /* names that are printed */
#define COUNT_MAX  5000000 /* objects that are counted */

static const char *const action_names[] = {"head", "list", "get", "put", "copy", NULL};

static const struct field fields[] = {
	{"action", FIELD_CHOICE, offsetof(struct s3_step, action),
		"head (default), list, get, put or copy", .choices = action_names},
	{"object", FIELD_TEMPLATE, offsetof(struct s3_step, object),
		"s3://bucket/key, or a name below the location; of list: what names begin with",
		.required = true},
	{"location", FIELD_TEMPLATE, offsetof(struct s3_step, location),
		"location of the site file that has the bucket"},
	{"file", FIELD_TEMPLATE, offsetof(struct s3_step, file), "local file of get and put"},
	{"to", FIELD_TEMPLATE, offsetof(struct s3_step, to),
		"of copy: name of the copy, in the same bucket or as s3://bucket/key"},
	{"sha256", FIELD_TEMPLATE, offsetof(struct s3_step, sha256),
		"of get and put: what the content must be, in hexadecimal"},
	{"overwrite", FIELD_BOOL, offsetof(struct s3_step, overwrite),
		"replace a file or object that is there already (no)"},
	{"max_size", FIELD_SIZE, offsetof(struct s3_step, max_size),
		"of get and put: larger ones are refused (5TiB)", .min = 1},
};
static const struct schema schema = {.name = "an s3 step",
	.size = sizeof(struct s3_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static enum s3_action
action(const struct s3_step *s)
{
	return s->action < 0 ? S3_HEAD : (enum s3_action)s->action;
}

static bool
is_writing(const struct s3_step *s)
{
	return action(s) != S3_HEAD && action(s) != S3_LIST;
}

/* Which fields go with which action; a field that has no effect is a mistake. */
static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	static const struct {
		const char *field;
		unsigned with, needed; /* bits: 1 << action */
	} rules[] = {
		{"file", 1 << S3_GET | 1 << S3_PUT, 1 << S3_GET | 1 << S3_PUT},
		{"to", 1 << S3_COPY, 1 << S3_COPY},
		{"sha256", 1 << S3_GET | 1 << S3_PUT, 0},
		{"overwrite", 1 << S3_GET | 1 << S3_PUT | 1 << S3_COPY, 0},
		{"max_size", 1 << S3_GET | 1 << S3_PUT, 0},
	};
	const struct s3_step *s = params;
	const char *name = action_names[action(s)];

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct node *n = node_get(at, rules[i].field);

		if (n != NULL && !(rules[i].with >> action(s) & 1))
			node_error(p, n, "\"%s\" does not go with the action %s.", rules[i].field,
				name);
		if (n == NULL && rules[i].needed >> action(s) & 1)
			node_error(p, at, "The action %s needs \"%s\".", name, rules[i].field);
	}
	if (s->object != NULL && s->location == NULL && !util_starts(s->object, "s3://") &&
		!util_starts(s->object, "{{"))
		node_error(p, node_get(at, "object"), "\"object\" names no bucket.")->hint =
			"Write s3://bucket/key, or name a location: of the site file.";
	if (effect == EFFECT_READ && is_writing(s))
		node_error(p, node_get(at, "action"), "%s changes something.", name)->hint =
			"Say effect: write.";
	if (effect == EFFECT_WRITE && s->overwrite == 1)
		node_error(p, node_get(at, "overwrite"), "What is replaced is lost.")->hint =
			"Say effect: destroy.";
}

static void
describe(struct str *out, const void *params)
{
	const struct s3_step *s = params;

	switch (action(s)) {
	case S3_HEAD: str_fmt(out, "Look at %s", s->object); break;
	case S3_LIST: str_fmt(out, "List %s", s->object); break;
	case S3_GET: str_fmt(out, "Fetch %s into %s", s->object, s->file); break;
	case S3_PUT: str_fmt(out, "Send %s to %s", s->file, s->object); break;
	case S3_COPY: str_fmt(out, "Copy %s to %s", s->object, s->to); break;
	}
	if (s->location != NULL)
		str_fmt(out, "\nin the location %s of the site file", s->location);
	if (s->sha256 != NULL)
		str_fmt(out, "\nwith the SHA-256 %s", s->sha256);
	if (is_writing(s))
		str_fmt(out, "\n%s",
			s->overwrite == 1 ? "replacing what is there"
					  : "unless it is there already");
}

/* "s3://bucket/key" into its parts; false for another kind of text. */
bool
s3_split_uri(struct arena *a, const char *uri, const char **bucket, const char **key)
{
	const char *rest = uri + strlen("s3://");
	size_t n;

	if (!util_starts(uri, "s3://"))
		return false;
	n = strcspn(rest, "/");
	*bucket = arena_strndup(a, rest, n);
	*key = arena_strdup(a, rest[n] == '/' ? rest + n + 1 : "");
	return true;
}

static bool
use_location(struct s3_job *j, int64_t *timeout_s, struct err *err)
{
	const struct location *l;
	const struct site *site;
	struct problems p;
	size_t n;

	if (j->c->site_file == NULL) {
		err_set(err, ERR_CONFIG, "There is no site file with a location %s.",
			j->p->location);
		return err_hint(err, "Name the object as s3://bucket/key, or give a --site.");
	}
	problems_init(&p, j->c->arena, j->c->site_file);
	site = site_load(j->c->site_file, &p);
	if (site == NULL)
		return problems_err(&p, err);
	l = site_location(site, j->p->location);
	if (l == NULL || l->s3 == NULL)
		return err_set(
			err, ERR_CONFIG, "The site file has no location %s in S3.", j->p->location);
	j->conf = *l->s3;
	if (l->timeout_s != FIELD_ABSENT)
		*timeout_s = MAX(*timeout_s, l->timeout_s);
	if (l->s3->prefix != NULL) {
		j->prefix = l->s3->prefix + strspn(l->s3->prefix, "/");
		n = strlen(j->prefix);
		j->prefix = arena_fmt(j->c->arena, "%s%s", j->prefix,
			n > 0 && j->prefix[n - 1] != '/' ? "/" : "");
	}
	return true;
}

static bool
open_bucket(struct s3_job *j, struct err *err)
{
	struct arena *a = j->c->arena;
	const char *bucket, *key;
	int64_t timeout_s = S3_STEP_TIMEOUT_S;

	j->prefix = "";
	j->conf = (struct site_s3){.path_style = -1};
	if (j->p->location != NULL && !use_location(j, &timeout_s, err))
		return false;
	if (s3_split_uri(a, j->p->object, &bucket, &key)) {
		if (j->conf.bucket != NULL && strcmp(j->conf.bucket, bucket) != 0)
			return err_set(err, ERR_USAGE, "The location %s is the bucket %s, not %s.",
				j->p->location, j->conf.bucket, bucket);
		j->conf.bucket = bucket;
		j->key = key;
	} else if (j->conf.bucket != NULL) {
		j->key = arena_fmt(a, "%s%s", j->prefix, j->p->object);
	} else {
		err_set(err, ERR_USAGE, "%s names no bucket.", j->p->object);
		return err_hint(err, "Such an address is s3://bucket/key.");
	}
	if (j->conf.bucket[0] == '\0' || (j->key[0] == '\0' && action(j->p) != S3_LIST))
		return err_set(err, ERR_USAGE, "%s names no object.", j->p->object);
	j->uri = arena_fmt(a, "s3://%s/%s", j->conf.bucket, j->key);
	return s3_new(&j->conf, timeout_s, &j->s3, err);
}

bool
s3_look(struct s3_job *j, const char *key, struct s3_facts *ret, struct err *err)
{
	struct s3_request rq = {.method = "HEAD", .key = key};
	const char *sum, *etag;
	struct transfer *t;

	if (!s3_perform(j->s3, &rq, &t, err))
		return false;
	sum = transfer_header(t, S3_SHA256_KEY);
	etag = transfer_header(t, "ETag");
	*ret = (struct s3_facts){.size = transfer_length(t),
		.mtime = s3_date(transfer_header(t, "Last-Modified")),
		.etag = arena_strdup(j->c->arena, etag != NULL ? etag : ""),
		.sha256 = arena_strdup(j->c->arena, sum != NULL ? sum : "")};
	transfer_free(t);
	return true;
}

void
s3_tell(struct s3_job *j, const struct s3_facts *f)
{
	const char *size = arena_fmt(j->c->arena, "%lld", (long long)f->size);
	char at[CLOCK_TEXT];

	step_set(j->c, "uri", j->uri);
	step_set(j->c, "size", size);
	if (f->sha256[0] != '\0')
		step_set(j->c, "sha256", f->sha256);
	if (f->mtime != CLOCK_NONE) {
		step_set(j->c, "modified", clock_format(f->mtime, at));
		step_say(j->c, "%s: %s bytes, of %s", j->uri, size, at);
	} else {
		step_say(j->c, "%s: %s bytes", j->uri, size);
	}
	if (f->sha256[0] != '\0')
		step_say(j->c, "SHA-256 %s", f->sha256);
}

static bool
do_head(struct s3_job *j, struct err *err)
{
	struct s3_facts f;

	if (!s3_look(j, j->key, &f, err))
		return false;
	s3_tell(j, &f);
	str_fmt(&j->c->value, "%lld", (long long)f.size);
	return true;
}

struct count {
	struct s3_job *job;
	int64_t n, bytes, newest;
	const char *newest_key;
};

static bool
counted(const struct s3_object *o, void *arg, struct err *err)
{
	struct count *n = arg;

	if (n->n++ == COUNT_MAX)
		return err_set(
			err, ERR_LIMIT, "%s has more than %d objects.", n->job->uri, COUNT_MAX);
	n->bytes += o->size;
	if (n->newest_key == NULL || o->mtime > n->newest) {
		n->newest = o->mtime;
		n->newest_key = arena_strdup(n->job->c->arena, o->key);
	}
	if (n->n <= LISTED_MAX)
		step_say(n->job->c, "%12lld  %s", (long long)o->size, o->key);
	return true;
}

static bool
do_list(struct s3_job *j, struct err *err)
{
	struct count n = {.job = j, .newest = CLOCK_NONE};
	char at[CLOCK_TEXT];

	if (!s3_list(j->s3, j->key, false, counted, &n, err))
		return false;
	if (n.n > LISTED_MAX)
		step_say(j->c, "... and %lld more", (long long)n.n - LISTED_MAX);
	step_say(j->c, "%lld objects, %lld bytes", (long long)n.n, (long long)n.bytes);
	step_set(j->c, "bytes", arena_fmt(j->c->arena, "%lld", (long long)n.bytes));
	if (n.newest_key != NULL) {
		step_set(j->c, "newest", n.newest_key);
		step_set(j->c, "newest_at", clock_format(n.newest, at));
	}
	str_fmt(&j->c->value, "%lld", (long long)n.n);
	return true;
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	static bool (*const actions[])(struct s3_job * j, struct err * err) = {[S3_HEAD] = do_head,
		[S3_LIST] = do_list,
		[S3_GET] = s3_do_get,
		[S3_PUT] = s3_do_put,
		[S3_COPY] = s3_do_copy};
	struct s3_job j = {.c = c, .p = params};
	bool good;

	/* Promise 6: not left to the runbook's check alone. */
	if (c->read_only && is_writing(j.p))
		return err_set(err, ERR_READ_ONLY, "A step with effect: read can't %s.",
			action_names[action(j.p)]);
	good = open_bucket(&j, err) && actions[action(j.p)](&j, err);
	s3_free(j.s3);
	return good;
}

const struct step_kind step_kind_s3 = {
	.name = "s3",
	.summary = "look at, list, fetch, send or copy an object in an S3 bucket",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.retriable = true,
	.check = check,
	.describe = describe,
	.run = run,
};
