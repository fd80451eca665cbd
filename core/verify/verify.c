#include "base/banned.h"
#include "verify/verify.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/path.h"
#include "base/text.h"
#include "verify/format.h"
#include "verify/restored.h"
#include "verify/sidecar.h"

/* A directory is recognized by one of its first names; a WAL archive has a million more. */
#define LANDMARK_NAMES 10000

bool
verify_sha256_valid(const char *hex)
{
	unsigned char sum[DIGEST_SIZE];

	return strlen(hex) == 2 * DIGEST_SIZE && digest_unhex(hex, DIGEST_SIZE, sum);
}

const char *
proving_below(struct proving *p, const char *name)
{
	return arena_fmt(p->arena, "%s%s", p->name, name);
}

bool
proving_open(struct proving *p, const char *name, enum sum_kind digest, struct flow **ret,
	struct err *err)
{
	struct flow_spec spec = {
		.source = p->source, .name = name, .digest = digest, .meter = p->meter};

	return flow_open(&spec, ret, err);
}

struct counted {
	struct flow_meter *meter;
	source_cb cb;
	void *arg;
};

static bool
count(const struct object *o, void *arg, struct err *err)
{
	struct counted *c = arg;

	if (c->meter != NULL)
		c->meter->total += o->size;
	return c->cb == NULL || c->cb(o, c->arg, err);
}

bool
proving_list(struct proving *p, bool recursive, source_cb cb, void *arg, struct err *err)
{
	struct counted c = {p->meter, cb, arg};

	if (p->meter != NULL)
		p->meter->total = MAX(p->meter->total, 0);
	return source_list(p->source, p->name, recursive, count, &c, err);
}

/* What the stored bytes must add up to. */
struct wanted {
	struct sidecar sum;
	const char *from; /* "--sha256", or the sidecar's name; NULL: nothing is known */
};

static void
want_digest(struct proving *p, struct wanted *ret)
{
	struct err err = ERR_INIT;

	*ret = (struct wanted){.sum = {.kind = SUM_SHA256}};
	if (p->options->sha256 != NULL) {
		if (!digest_unhex(p->options->sha256, DIGEST_SIZE, ret->sum.sum))
			BUG("verify: --sha256 was not checked");
		ret->from = "--sha256";
	} else if (!sidecar_find(p->source, p->arena, p->name, &ret->sum, &err)) {
		report_err(p->report, "checksum", &err);
		ret->sum.kind = SUM_SHA256;
	} else if (ret->sum.kind == SUM_NONE) {
		ret->sum.kind = SUM_SHA256;
		if (p->options->recorded_sha256 != NULL &&
			digest_unhex(p->options->recorded_sha256, DIGEST_SIZE, ret->sum.sum))
			ret->from = p->options->recorded_by;
	} else {
		ret->from = path_base(ret->sum.name);
	}
}

static void
compare_digest(struct proving *p, const struct wanted *wanted)
{
	unsigned char sum[SUM_MAX];
	size_t len = flow_digest(p->flow, sum);
	char hex[SUM_HEX];

	if (len == 0)
		return; /* it was not read to its end, and the report says why */
	digest_hex(sum, len, hex);
	if (wanted->sum.kind == SUM_SHA256)
		p->report->sha256 = arena_strdup(p->arena, hex);
	if (wanted->from == NULL)
		return;
	if (memcmp(sum, wanted->sum.sum, len) == 0) {
		report_add(p->report, PROOF_PASS, "checksum", "%s is what %s says.",
			sum_name(wanted->sum.kind), wanted->from);
		p->sealed = true;
		return;
	}
	report_add(p->report, PROOF_FAIL, "checksum",
		"%s is %s, which is not what %s says: these are not the bytes that were stored.",
		sum_name(wanted->sum.kind), hex, wanted->from);
}

/* Without a checksum over the data, a changed byte would go unnoticed (FACTS: a flip in a -Z0
 * dump): then intact can't be said. */
static void
say_unsealed(struct proving *p)
{
	/* What was restored and looked at has shown more than a checksum could. */
	if (p->sealed || report_result(p->report) == PROOF_FAIL ||
		p->options->level == LEVEL_RESTORED)
		return;
	report_add(p->report, PROOF_UNKNOWN, "protection",
		"unverifiable: %s, so a changed byte would not be noticed. Keep a .sha256 beside "
		"it, "
		"give --sha256, or prove it at level restored.",
		p->unsealed_because != NULL ? p->unsealed_because
					    : "no checksum covers what is in it");
}

static const struct format *
detect(const unsigned char *p, size_t len)
{
	for (size_t i = 0; formats[i] != NULL; i++)
		if (formats[i]->detect != NULL && formats[i]->detect(p, len))
			return formats[i];
	return NULL;
}

static void
unrecognized(struct proving *p, const unsigned char *bytes, size_t len)
{
	CLEANUP(str_done) struct str text = STR_INIT(256);

	if (len == 0) {
		report_add(p->report, PROOF_FAIL, "format",
			"It holds nothing: the %s data are whole, and empty.",
			packing_name(flow_packing(p->flow)));
		return;
	}
	text_visible(&text, (const char *)bytes, MIN(len, 16), TEXT_ASCII);
	report_add(p->report, PROOF_FAIL, "format",
		"It begins like no backup that is known here (\"%s\").", str_text(&text));
}

static bool
verify_opened(struct proving *p, const struct wanted *wanted, struct err *err)
{
	const struct format *format;
	const unsigned char *bytes;
	ssize_t n = scan_view(p->scan, &bytes, err);

	if (n < 0)
		return report_err(p->report, "data", err);
	/* Of nothing there may not even be an address. */
	format = n > 0 ? detect(bytes, (size_t)n) : NULL;
	if (format == NULL) {
		unrecognized(p, bytes, (size_t)n);
		return false;
	}
	p->report->format = format->name;
	if (format->refusal != NULL) {
		report_add(p->report, PROOF_FAIL, "format", "%s", format->refusal);
		return false;
	}
	report_add(p->report, PROOF_PASS, "format", "%s%s%s", format->name,
		flow_packing(p->flow) != PACK_NONE ? ", compressed with " : "",
		flow_packing(p->flow) != PACK_NONE ? packing_name(flow_packing(p->flow)) : "");
	if (p->options->level == LEVEL_SEEN)
		return true;
	if (!format->verify(p, err))
		return err->code == ERR_NONE ? false : report_err(p->report, "data", err);
	if (p->flow != NULL) {
		if (!scan_at_end(p->scan, err))
			return report_err(p->report, "data", err);
		p->sealed = p->sealed || flow_sealed(p->flow);
		compare_digest(p, wanted);
	}
	say_unsealed(p);
	return true;
}

static void
verify_file(struct proving *p, const struct object *o, struct err *err)
{
	CLEANUP(str_done) struct str size = STR_INIT(32);
	char when[CLOCK_TEXT];
	struct wanted wanted;
	struct flow_spec spec;

	p->size = o->size;
	if (p->meter != NULL)
		p->meter->total = o->size;
	text_size(&size, o->size);
	if (o->size == 0) {
		report_add(p->report, PROOF_FAIL, "present", "It is empty (0 bytes).");
		return;
	}
	report_add(p->report, PROOF_PASS, "present", "%s, modified %s", str_text(&size),
		clock_format(o->mtime, when));
	want_digest(p, &wanted);
	spec = (struct flow_spec){.source = p->source,
		.name = p->name,
		.digest = p->options->level == LEVEL_SEEN ? SUM_NONE : wanted.sum.kind,
		.meter = p->meter};
	if (!flow_open(&spec, &p->flow, err)) {
		report_err(p->report, "data", err);
		return;
	}
	p->scan = flow_scan(p->flow);
	if (!verify_opened(p, &wanted, err))
		err_done(err);
	flow_free(p->flow);
	p->flow = NULL;
	p->scan = NULL;
}

struct landmarks {
	size_t prefix, seen;
	const struct format *found;
};

static bool
look_at(const struct object *o, void *arg, struct err *err)
{
	struct landmarks *l = arg;

	for (size_t i = 0; formats[i] != NULL && l->found == NULL; i++)
		if (formats[i]->landmark != NULL && formats[i]->landmark(o->name + l->prefix))
			l->found = formats[i];
	return l->found == NULL && ++l->seen < LANDMARK_NAMES;
}

/* NULL without an err when the directory is none that is known. */
static const struct format *
detect_directory(struct proving *p, size_t *ret_names, struct err *err)
{
	struct landmarks l = {.prefix = strlen(p->name)};
	struct err missing = ERR_INIT;
	struct object o;

	for (size_t i = 0; formats[i] != NULL; i++) {
		for (size_t k = 0; formats[i]->probes != NULL && formats[i]->probes[k] != NULL;
			k++) {
			if (source_stat(p->source, p->arena,
				    proving_below(p, formats[i]->probes[k]), &o, &missing)) {
				*ret_names = 1;
				return formats[i];
			}
			err_done(&missing);
		}
	}
	if (!source_list(p->source, p->name, false, look_at, &l, err) && err->code != ERR_NONE)
		return NULL;
	*ret_names = l.seen + (l.found != NULL);
	return l.found;
}

static void
verify_directory(struct proving *p, struct err *err)
{
	size_t names = 0;
	const struct format *format = detect_directory(p, &names, err);

	if (err->code != ERR_NONE) {
		report_err(p->report, "present", err);
		return;
	}
	if (names == 0) {
		report_add(p->report, PROOF_FAIL, "present", "The directory is empty.");
		return;
	}
	report_add(p->report, PROOF_PASS, "present", "a directory");
	if (p->options->sha256 != NULL)
		report_add(p->report, PROOF_UNKNOWN, "checksum",
			"A directory has no digest that --sha256 could be compared with.");
	if (format == NULL) {
		report_add(p->report, PROOF_UNKNOWN, "format",
			"Nothing in this directory says that it is one backup. Name the backup "
			"itself.");
		return;
	}
	p->report->format = format->name;
	report_add(p->report, PROOF_PASS, "format", "%s", format->name);
	if (p->options->level == LEVEL_SEEN)
		return;
	if (!format->verify(p, err)) {
		if (err->code != ERR_NONE)
			report_err(p->report, "data", err);
		return;
	}
	say_unsealed(p);
}

/* A bucket has no directories: a prefix with something below it is one. */
static bool
first_name(const struct object *o, void *arg, struct err *err)
{
	*(bool *)arg = true;
	return false;
}

static bool
is_directory(struct proving *p, struct err *err)
{
	struct err ignored = ERR_INIT;
	bool any = false;

	if (p->name[0] != '\0' && !util_ends(p->name, "/"))
		p->name = arena_fmt(p->arena, "%s/", p->name);
	if (source_list(p->source, p->name, false, first_name, &any, &ignored) || any) {
		err_done(&ignored);
		return any || source_path(p->source, p->arena, p->name) != NULL;
	}
	err_done(&ignored);
	return false;
}

static void
verify_source(struct proving *p, struct err *err)
{
	struct object o = {.size = -1};
	bool named = p->name[0] != '\0' && !util_ends(p->name, "/");

	if (named && source_stat(p->source, p->arena, p->name, &o, err) && !o.directory) {
		verify_file(p, &o, err);
		return;
	}
	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND) {
		report_err(p->report, "present", err);
		return;
	}
	if (is_directory(p, err)) {
		err_done(err);
		verify_directory(p, err);
		return;
	}
	if (err->code == ERR_NONE)
		err_set(err, ERR_NOT_FOUND, "There is nothing at %s.", p->report->target);
	report_err(p->report, "present", err);
}

void
verify_object(struct arena *a, struct source *s, const char *name, const char *target,
	const struct verify_options *o, struct report *ret)
{
	struct flow_meter meter = {.total = -1};
	struct proving p = {.arena = a,
		.report = ret,
		.options = o,
		.source = s,
		.name = name,
		.meter = o->meter != NULL ? o->meter : &meter};
	int64_t start = clock_mono_ns();
	CLEANUP(err_done) struct err err = ERR_INIT;

	report_init(ret, a, target, o->level);
	verify_source(&p, &err);
	if (o->level == LEVEL_RESTORED && report_result(ret) == PROOF_PASS)
		ret->stopped = !restored_prove(&p, &err);
	else if (o->level == LEVEL_RESTORED && report_result(ret) == PROOF_UNKNOWN)
		report_add(ret, PROOF_UNKNOWN, "restored",
			"It was not restored: what is unknown above comes first.");
	ret->bytes = p.meter->done;
	ret->seconds = (double)(clock_mono_ns() - start) / 1e9;
}

void
verify_uri(struct arena *a, const char *uri, const struct verify_options *o, struct report *ret)
{
	struct err err = ERR_INIT;
	struct source *s;
	const char *name;

	if (!source_open_uri(a, uri, &s, &name, &err)) {
		report_init(ret, a, uri, o->level);
		report_err(ret, "present", &err);
		return;
	}
	verify_object(a, s, name, uri, o, ret);
	source_free(s);
}
