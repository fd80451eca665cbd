#include "base/banned.h"
#include "net/s3_bucket.h"
#include "net/xml.h"

/* What is found in one of the documents. */
struct reading {
	struct arena *arena;
	const char *status, *mode, *days, *years, *algorithm, *expiry;
	size_t rules;
};

static bool
element(const char *path, const char *text, size_t len, void *arg, struct err *err)
{
	struct reading *r = arg;
	const struct {
		const char *end, **field;
	} fields[] = {
		{"VersioningConfiguration/Status", &r->status},
		{"ObjectLockConfiguration/ObjectLockEnabled", &r->status},
		{"DefaultRetention/Mode", &r->mode},
		{"DefaultRetention/Days", &r->days},
		{"DefaultRetention/Years", &r->years},
		{"ApplyServerSideEncryptionByDefault/SSEAlgorithm", &r->algorithm},
		{"Rule/Expiration/Days", &r->expiry},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (util_ends(path, fields[i].end))
			*fields[i].field = arena_strdup(r->arena, text);
	if (util_ends(path, "Configuration/Rule"))
		r->rules++;
	return true;
}

static const char *
versioning(struct reading *r)
{
	if (r->status == NULL)
		return "off";
	return strcmp(r->status, "Enabled") == 0 ? "enabled" : "suspended";
}

static const char *
object_lock(struct reading *r)
{
	if (r->status == NULL || strcmp(r->status, "Enabled") != 0)
		return "off";
	if (r->mode == NULL)
		return "enabled";
	return arena_fmt(r->arena, "%s %s %s",
		strcmp(r->mode, "COMPLIANCE") == 0 ? "compliance" : "governance",
		r->days != NULL    ? r->days
		: r->years != NULL ? r->years
				   : "?",
		r->days != NULL ? "days" : "years");
}

static const char *
encryption(struct reading *r)
{
	return r->algorithm != NULL ? r->algorithm : "off";
}

static const char *
rules(struct reading *r)
{
	if (r->rules == 0)
		return "none";
	return arena_fmt(r->arena, "%zu rule%s%s%s%s", r->rules, r->rules == 1 ? "" : "s",
		r->expiry != NULL ? ", deletes after " : "", r->expiry != NULL ? r->expiry : "",
		r->expiry != NULL ? " days" : "");
}

static const struct {
	const char *query;
	const char *absent; /* the server's code for "there is no such setting" */
	const char *(*tell)(struct reading *r);
	size_t field;
} documents[] = {
	{"versioning", "", versioning, offsetof(struct s3_bucket_facts, versioning)},
	{"object-lock", "ObjectLockConfigurationNotFoundError", object_lock,
		offsetof(struct s3_bucket_facts, object_lock)},
	{"encryption", "ServerSideEncryptionConfigurationNotFoundError", encryption,
		offsetof(struct s3_bucket_facts, encryption)},
	{"lifecycle", "NoSuchLifecycleConfiguration", rules,
		offsetof(struct s3_bucket_facts, lifecycle)},
	{"replication", "ReplicationConfigurationNotFoundError", rules,
		offsetof(struct s3_bucket_facts, replication)},
};

static const char *
read_document(struct s3 *s, struct arena *a, size_t i)
{
	const struct sigv4_parameter query[] = {{documents[i].query, ""}};
	struct s3_request rq = {.method = "GET", .key = "", .query = query, .nquery = 1};
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct reading r = {.arena = a};
	struct transfer *t;
	const char *body;
	struct xml *x;
	size_t len;
	bool good;

	if (!s3_perform(s, &rq, &t, &err)) {
		bool absent = documents[i].absent[0] != '\0' &&
			      strstr(err.msg, documents[i].absent) != NULL;

		return absent ? documents[i].tell(&r) : arena_fmt(a, "unknown (%s)", err.msg);
	}
	body = transfer_body(t, &len);
	x = xml_new(element, &r);
	good = xml_feed(x, body, len, &err) && xml_end(x, &err);
	/* A server that ignores the question lists the bucket instead. */
	good = good && strstr(xml_root(x), "Configuration") != NULL;
	xml_free(x);
	transfer_free(t);
	return good ? documents[i].tell(&r) : "unknown (the server does not know the question)";
}

void
s3_bucket_read(struct s3 *s, struct arena *a, struct s3_bucket_facts *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(documents); i++)
		*(const char **)((char *)ret + documents[i].field) = read_document(s, a, i);
}
