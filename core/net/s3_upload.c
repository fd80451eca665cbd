#include "base/banned.h"
#include "net/s3_upload.h"
#include "base/file.h"
#include "net/xml.h"

#include <errno.h>

#define DOCUMENT_MAX (2 * MIB)

struct parts {
	struct s3 *s;
	const struct s3_upload *u;
	struct arena arena;
	const char *id;     /* of the upload under way */
	struct digest *sum; /* of what was sent */
	char *buf;
	size_t part_size;
	struct str list; /* the document that closes it */
};

/* One element of a small answer. */
struct wanted {
	struct arena *arena;
	const char *end; /* of its path */
	const char *text;
	const char *code; /* of an error that came as a success */
};

static bool
element(const char *path, const char *text, size_t len, void *arg, struct err *err)
{
	struct wanted *w = arg;

	if (util_ends(path, w->end))
		w->text = arena_strdup(w->arena, text);
	else if (util_ends(path, "Error/Code"))
		w->code = arena_strdup(w->arena, text);
	return true;
}

/* The element's text. An answer of 200 may hold an error all the same, S3 warns. */
static bool
read_answer(struct arena *a, struct transfer *t, const char *end, const char *what,
	const char **ret, struct err *err)
{
	struct wanted w = {.arena = a, .end = end};
	struct xml *x = xml_new(element, &w);
	const char *body;
	size_t len;
	bool good;

	body = transfer_body(t, &len);
	good = xml_feed(x, body, len, err) && xml_end(x, err);
	xml_free(x);
	if (!good)
		return err_prefix(err, "%s", what);
	if (w.code != NULL || w.text == NULL)
		return err_set(err, ERR_UNREACHABLE, "%s was answered with %s.", what,
			w.code != NULL ? w.code : "something else");
	*ret = w.text;
	return true;
}

static bool
begin(struct parts *p, struct err *err)
{
	const struct sigv4_parameter query[] = {{"uploads", ""}};
	const struct sigv4_parameter headers[] = {
		{"content-type", "application/octet-stream"}, {S3_SHA256_KEY, p->u->sha256}};
	struct s3_request rq = {.method = "POST",
		.key = p->u->key,
		.query = query,
		.nquery = 1,
		.headers = headers,
		.nheaders = 2,
		.body = ""};
	struct transfer *t;
	bool good;

	if (!s3_perform(p->s, &rq, &t, err))
		return false;
	good = read_answer(
		&p->arena, t, "/UploadId", "The request for an upload in parts", &p->id, err);
	transfer_free(t);
	return good;
}

static bool
changed(const struct s3_upload *u, struct err *err)
{
	err_set(err, ERR_DAMAGED, "%s changed while it was being sent.", u->name);
	return err_hint(err, "Send it once nobody writes to it.");
}

/* The next bytes of the file, all that the part wants. */
static bool
fill(struct parts *p, int64_t at, size_t len, struct err *err)
{
	ssize_t n = file_pread(p->u->fd, p->buf, len, at);

	if (n < 0)
		return err_sys(err, ERR_IO, errno, "Cannot read %s", p->u->name);
	if ((size_t)n < len)
		return changed(p->u, err);
	digest_add(p->sum, p->buf, len);
	return true;
}

static bool
send_part(struct parts *p, int number, size_t len, struct err *err)
{
	char digits[16];
	struct sigv4_parameter query[] = {{"partNumber", digits}, {"uploadId", p->id}};
	struct s3_request rq = {.method = "PUT",
		.key = p->u->key,
		.query = query,
		.nquery = 2,
		.body = p->buf,
		.body_len = len};
	struct transfer *t;
	const char *etag;

	snprintf(digits, sizeof(digits), "%d", number);
	if (!s3_perform(p->s, &rq, &t, err))
		return false;
	etag = transfer_header(t, "ETag");
	if (etag != NULL && strpbrk(etag, "<>&") == NULL)
		str_fmt(&p->list, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", number,
			etag);
	else
		err_set(err, ERR_UNREACHABLE, "The server named no ETag for part %d of s3://%s/%s.",
			number, s3_bucket(p->s), p->u->key);
	transfer_free(t);
	return err->code == ERR_NONE;
}

static bool
same_digest(struct parts *p, struct err *err)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_end(p->sum, sum);
	return strcmp(digest_hex(sum, DIGEST_SIZE, hex), p->u->sha256) == 0 || changed(p->u, err);
}

static bool
send_parts(struct parts *p, struct err *err)
{
	int64_t at = 0;

	str_add(&p->list, "<CompleteMultipartUpload>");
	for (int number = 1; at < p->u->size; number++) {
		size_t len = (size_t)MIN((int64_t)p->part_size, p->u->size - at);

		if (!fill(p, at, len, err) || !send_part(p, number, len, err))
			return false;
		at += (int64_t)len;
		if (p->u->progress != NULL)
			p->u->progress(at, p->u->size, p->u->arg);
	}
	str_add(&p->list, "</CompleteMultipartUpload>");
	return same_digest(p, err);
}

static bool
finish(struct parts *p, struct err *err)
{
	const struct sigv4_parameter query[] = {{"uploadId", p->id}};
	struct s3_request rq = {.method = "POST",
		.key = p->u->key,
		.query = query,
		.nquery = 1,
		.body = p->list.buf,
		.body_len = p->list.len};
	const char *etag;
	struct transfer *t;
	bool good;

	if (!s3_perform(p->s, &rq, &t, err))
		return false;
	good = read_answer(&p->arena, t, "/ETag", "Putting the parts together", &etag, err);
	transfer_free(t);
	return good;
}

/* Parts that nobody puts together cost their space until somebody notices. */
static void
abandon(struct parts *p)
{
	const struct sigv4_parameter query[] = {{"uploadId", p->id}};
	struct s3_request rq = {.method = "DELETE", .key = p->u->key, .query = query, .nquery = 1};
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct transfer *t;

	if (s3_perform(p->s, &rq, &t, &ignored))
		transfer_free(t);
}

static bool
upload_parts(struct parts *p, struct err *err)
{
	if (!begin(p, err))
		return false;
	if (send_parts(p, err) && finish(p, err))
		return true;
	abandon(p);
	return false;
}

static bool
upload_whole(struct parts *p, struct err *err)
{
	const struct sigv4_parameter headers[] = {
		{"content-type", "application/octet-stream"}, {S3_SHA256_KEY, p->u->sha256}};
	struct s3_request rq = {.method = "PUT",
		.key = p->u->key,
		.headers = headers,
		.nheaders = 2,
		.body = p->buf,
		.body_len = (size_t)p->u->size};
	struct transfer *t;

	if (!fill(p, 0, (size_t)p->u->size, err) || !same_digest(p, err) ||
		!s3_perform(p->s, &rq, &t, err))
		return false;
	transfer_free(t);
	return true;
}

bool
s3_upload(struct s3 *s, const struct s3_upload *u, struct err *err)
{
	struct parts p = {.s = s, .u = u, .list = STR_INIT(DOCUMENT_MAX)};
	int64_t part = MAX((int64_t)S3_PART_SIZE, u->size / S3_PARTS_MAX + 1);
	bool good;

	p.part_size = (size_t)MIN(part, MAX(u->size, 1));
	p.buf = util_alloc(p.part_size);
	p.sum = digest_new();
	good = u->size <= (int64_t)p.part_size ? upload_whole(&p, err) : upload_parts(&p, err);
	digest_free(p.sum);
	free(p.buf);
	str_done(&p.list);
	arena_done(&p.arena);
	return good;
}

bool
s3_copy(struct s3 *s, const char *from, const char *key, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str source = STR_INIT(16 * KIB);
	struct sigv4_parameter headers[1];
	struct s3_request rq = {
		.method = "PUT", .key = key, .headers = headers, .nheaders = 1, .body = ""};
	const char *etag;
	struct transfer *t;
	bool good;

	str_addc(&source, '/');
	sigv4_encode(&source, from, true);
	headers[0] = (struct sigv4_parameter){"x-amz-copy-source", str_text(&source)};
	if (!s3_perform(s, &rq, &t, err))
		return false;
	good = read_answer(&a, t, "/ETag", arena_fmt(&a, "Copying s3://%s", from), &etag, err);
	transfer_free(t);
	return good;
}
