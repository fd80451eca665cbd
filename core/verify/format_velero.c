/*
 * Velero: the tarball of a backup (metadata/version, resources/<kind>/.../<name>.json), and a
 * backup's directory in the bucket (velero-backup.json, <name>.tar.gz and its companions).
 */
#include "base/banned.h"
#include "verify/format.h"
#include "verify/members.h"
#include "verify/tokens.h"

struct velero {
	struct members members;
	uint64_t resources;
	bool version; /* metadata/version is there */
};

/* A whole JSON document. */
static bool
check_json(struct scan *s, struct err *err)
{
	struct tokens t;
	enum token token;
	bool good;

	tokens_init(&t, s);
	do {
		good = tokens_next(&t, &token, err);
	} while (good && token != TOKEN_END);
	tokens_done(&t);
	return good;
}

static bool
check_version(struct velero *v, struct scan *s, struct err *err)
{
	char text[16] = "";
	const unsigned char *p;
	ssize_t n = scan_view(s, &p, err);

	if (n < 0)
		return false;
	if (n > 0)
		snprintf(text, sizeof(text), "%.*s", (int)MIN(n, 15), (const char *)p);
	text[strcspn(text, "\r\n")] = '\0';
	v->version = true;
	return scan_drain(s, err) &&
	       (util_starts(text, "1") ||
		       err_set(err, ERR_UNSUPPORTED,
			       "Its format is version \"%s\"; 1 is known here.", text));
}

static bool
tarball_member(struct velero *v, const struct tape_entry *e, struct tape *t, struct err *err)
{
	const char *name = members_name(e);

	if (!members_add(&v->members, e, err))
		return false;
	if (e->kind != TAPE_FILE)
		return true;
	if (strcmp(name, "metadata/version") == 0)
		return check_version(v, tape_scan(t), err);
	if (util_starts(name, "resources/") && util_ends(name, ".json")) {
		v->resources++;
		return check_json(tape_scan(t), err) || err_prefix(err, "%s", name);
	}
	return scan_drain(tape_scan(t), err);
}

static bool
read_tarball(struct proving *p, struct scan *s, struct err *err)
{
	struct velero v = {.resources = 0};
	struct tape_entry e;
	struct tape *t;
	int more;

	if (!tape_open(s, false, &t, err))
		return false;
	members_init(&v.members, p->report, true);
	while ((more = tape_next(t, &e, err)) > 0) {
		if (!tarball_member(&v, &e, t, err)) {
			more = -1;
			break;
		}
	}
	tape_free(t);
	if (!members_end(&v.members) || more < 0)
		return false;
	if (!v.version)
		return err_set(err, ERR_DAMAGED, "metadata/version is missing in it.");
	report_add(p->report, PROOF_PASS, "resources", "%llu, each a whole JSON document",
		(unsigned long long)v.resources);
	return true;
}

static bool
tarball_detect(const unsigned char *p, size_t len)
{
	char name[256];

	return tape_first_name(p, len, name) > 0 &&
	       (strcmp(name, "metadata/version") == 0 || strcmp(name, "metadata/") == 0 ||
		       util_starts(name, "resources/"));
}

static bool
tarball_verify(struct proving *p, struct err *err)
{
	p->unsealed_because = "an uncompressed archive carries no checksum";
	return read_tarball(p, p->scan, err);
}

const struct format format_velero_tarball = {
	.name = "velero",
	.detect = tarball_detect,
	.verify = tarball_verify,
};

struct bucket {
	struct proving *proof;
	size_t prefix;
	VEC(const char *) names;
	struct report_faults faults;
	bool tarball, description, unsealed;
};

static bool
collect(const struct object *o, void *arg, struct err *err)
{
	struct bucket *b = arg;

	if (!o->directory)
		*vec_push(b->proof->arena, &b->names) =
			arena_strdup(b->proof->arena, o->name + b->prefix);
	return true;
}

static bool
check_file(struct bucket *b, const char *name, struct flow *f, struct err *err)
{
	struct scan *s = flow_scan(f);

	b->description |= strcmp(name, "velero-backup.json") == 0;
	if (util_ends(name, ".tar.gz")) {
		b->tarball = true;
		return read_tarball(b->proof, s, err) && scan_at_end(s, err);
	}
	if (util_ends(name, ".json") || util_ends(name, ".json.gz") ||
		util_ends(name, "-results.gz"))
		return check_json(s, err);
	return scan_drain(s, err);
}

static bool
check_object(struct bucket *b, const char *name, struct err *err)
{
	struct flow *f = NULL;
	bool good = proving_open(b->proof, proving_below(b->proof, name), SUM_NONE, &f, err) &&
		    check_file(b, name, f, err);

	/* velero-backup.json is stored plain; that it parses is all there is to it */
	if (good && util_ends(name, ".gz"))
		b->unsealed |= !flow_sealed(f);
	flow_free(f);
	if (good || err->code != ERR_DAMAGED)
		return good || err->code == ERR_NONE;
	report_faults_add(&b->faults, "%s: %s", name, err->msg);
	err_done(err);
	return true;
}

static bool
directory_verify(struct proving *p, struct err *err)
{
	struct bucket b = {.proof = p, .prefix = strlen(p->name)};

	if (!proving_list(p, false, collect, &b, err))
		return false;
	report_faults_init(&b.faults, p->report, "files");
	for (size_t i = 0; i < b.names.n; i++)
		if (!check_object(&b, b.names.v[i], err))
			return false;
	if (!b.tarball)
		report_faults_add(&b.faults, "the tarball (<name>.tar.gz) is missing");
	if (!b.description)
		report_faults_add(&b.faults, "velero-backup.json is missing");
	if (!report_faults_end(&b.faults))
		return false;
	report_add(p->report, PROOF_PASS, "files", "all %zu are whole", b.names.n);
	p->sealed = !b.unsealed;
	return true;
}

static const char *const probes[] = {"velero-backup.json", NULL};

static bool
landmark(const char *name)
{
	return util_ends(name, "-resource-list.json.gz");
}

const struct format format_velero = {
	.name = "velero",
	.probes = probes,
	.landmark = landmark,
	.verify = directory_verify,
};
