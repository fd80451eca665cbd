#include "base/banned.h"
#include "net/s3_error.h"
#include "net/xml.h"
#include "base/text.h"

/* The server allows a quarter of an hour between the signature's time and its own. */
#define SKEW_MAX 900

struct reading {
	struct arena *arena;
	struct s3_error *error;
};

static bool
element(const char *path, const char *text, size_t len, void *arg, struct err *err)
{
	struct reading *r = arg;
	struct {
		const char *path, **field;
	} fields[] = {
		{"Error/Code", &r->error->code},
		{"Error/Message", &r->error->message},
		{"Error/Region", &r->error->region},
		{"Error/ServerTime", &r->error->server_time},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(path, fields[i].path) == 0)
			*fields[i].field = arena_strdup(r->arena, text);
	return true;
}

void
s3_error_read(struct arena *a, struct transfer *t, struct s3_error *ret)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct reading r = {a, ret};
	const char *region = transfer_header(t, "x-amz-bucket-region"), *type, *body;
	struct xml *x;
	size_t len;

	*ret = (struct s3_error){.status = transfer_status(t),
		.code = "",
		.message = "",
		.region = "",
		.server_time = ""};
	type = transfer_header(t, "Content-Type");
	ret->is_html = type != NULL && strstr(type, "html") != NULL;
	body = transfer_body(t, &len);
	x = xml_new(element, &r);
	/* Many answers have no body, or something else in it: then the status has to do. */
	if (!ret->is_html && xml_feed(x, body, len, &err) && !xml_end(x, &err))
		err_done(&err);
	xml_free(x);
	if (region != NULL)
		ret->region = arena_strdup(a, region);
}

bool
s3_error_passing(const struct s3_error *e)
{
	return e->status == 429 || e->status == 500 || e->status == 502 || e->status == 503 ||
	       e->status == 504 || strcmp(e->code, "SlowDown") == 0 ||
	       strcmp(e->code, "RequestTimeout") == 0;
}

bool
s3_error_expired(const struct s3_error *e)
{
	return strcmp(e->code, "ExpiredToken") == 0 ||
	       strcmp(e->code, "ExpiredTokenException") == 0;
}

static const struct {
	const char *code;
	int status; /* where there is no code, as in an answer to HEAD; 0: none */
	enum err_code err;
	const char *hint; /* or NULL */
} meanings[] = {
	{"SignatureDoesNotMatch", 0, ERR_AUTH,
		"The secret key is not that of the access key, or a proxy on the way changes "
		"requests."},
	{"InvalidAccessKeyId", 0, ERR_AUTH, "The server does not know this access key."},
	{"ExpiredToken", 0, ERR_AUTH, "The temporary credentials have expired: get new ones."},
	{"InvalidToken", 0, ERR_AUTH,
		"The session token does not belong to the access key: set all three together."},
	{"AccountProblem", 0, ERR_AUTH, NULL},
	{"AuthorizationHeaderMalformed", 0, ERR_AUTH, "Is the region: in the site file right?"},
	{"AccessDenied", 403, ERR_AUTH,
		"The keys are good, but may not do this. Listing needs s3:ListBucket, reading "
		"s3:GetObject."},
	{"NoSuchBucket", 0, ERR_NOT_FOUND, "Check bucket: and endpoint: in the site file."},
	{"NoSuchKey", 404, ERR_NOT_FOUND, NULL},
	{"InvalidObjectState", 0, ERR_UNREACHABLE,
		"The object lies in an archive class and must be restored from there first."},
	{"PreconditionFailed", 412, ERR_DAMAGED, NULL},
	{"InvalidRange", 416, ERR_DAMAGED, NULL},
	{"NotImplemented", 501, ERR_UNSUPPORTED, NULL},
};

static bool
tell_skew(const struct s3_error *e, const char *what, int64_t skew_s, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(100);

	text_duration(&text, skew_s < 0 ? -skew_s : skew_s);
	err_set(err, ERR_AUTH, "%s was refused: this machine's clock is %s %s that of the server.",
		what, str_text(&text), skew_s < 0 ? "ahead of" : "behind");
	return err_hint(err, "Set the clock (timedatectl set-ntp true); signatures hold for 15 "
			     "minutes.");
}

bool
s3_error_tell(const struct s3_error *e, const char *what, const char *from, int64_t skew_s,
	struct err *err)
{
	const char *code = e->code, *hint = NULL;
	enum err_code as = ERR_UNREACHABLE;

	if (strcmp(code, "RequestTimeTooSkewed") == 0 ||
		(e->status == 403 && (skew_s > SKEW_MAX || skew_s < -SKEW_MAX)))
		return tell_skew(e, what, skew_s, err);
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (code[0] != '\0' ? strcmp(code, meanings[i].code) == 0
				    : e->status == meanings[i].status) {
			as = meanings[i].err;
			hint = meanings[i].hint;
			break;
		}
	}
	if (e->is_html && code[0] == '\0') {
		err_set(err, ERR_UNREACHABLE,
			"%s was answered with a web page (status %d), not by an S3 server.", what,
			e->status);
		return err_hint(err, "Is a proxy or a sign-in page in between? Check endpoint: in "
				     "the site file.");
	}
	if (e->status / 100 == 3)
		hint = e->region[0] != '\0' ? NULL
					    : "The bucket is elsewhere: set its endpoint: or "
					      "region: in the site "
					      "file.";
	err_set(err, as, "%s was refused with status %d%s%s%s%s%s", what, e->status,
		code[0] != '\0' ? ", " : "", code, e->message[0] != '\0' ? ": " : "", e->message,
		e->message[0] != '\0' && util_ends(e->message, ".") ? "" : ".");
	if (as == ERR_AUTH)
		return err_hint(err, "%s%sThe credentials came from %s.", hint != NULL ? hint : "",
			hint != NULL ? " " : "", from);
	if (hint != NULL)
		err_hint(err, "%s", hint);
	return false;
}
