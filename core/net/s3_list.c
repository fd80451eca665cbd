/*
 * s3_list: ListObjectsV2, page by page, parsed while it streams in.
 *
 * A page is handed out when it is whole, so one that breaks off half-way can be asked again.
 * A deep listing of more than a page is cut at common prefixes into ranges of keys that are
 * listed at the same time: S3 lists in the order of the keys' bytes. Where a server does not
 * keep to that order, ranges would lose keys; so the order is checked on the first page, and
 * nothing is cut where it does not hold.
 */
#include "base/banned.h"
#include "net/s3.h"
#include "net/xml.h"
#include "base/clock.h"

#include <ctype.h>

#define RANGES    8
#define PAGES_MAX 1000000
#define PAGE_ROWS 10000 /* more in one page than any server gives */

struct row {
	const char *key, *etag;
	int64_t size, mtime;
	bool common_prefix;
};

struct page {
	struct arena arena; /* of the rows; emptied with every page */
	VEC(struct row) rows;
	struct row row; /* the one being read */
	bool truncated, url_encoded, is_list;
	const char *token;
};

/* One range of keys, listed by one request after the other. */
struct range {
	struct listing *listing;
	const char *after; /* keys after this one; NULL: from the start */
	const char *until; /* up to and including; NULL: to the end */
	struct page page;
	struct xml *xml;
	struct s3_tries tries;
	struct s3_request rq;
	struct sigv4_parameter query[8];
	char *token;
	/* Of a page that came before, and after how many pages the next is remembered (Brent). */
	char *mark_token, *mark_key;
	uint64_t pages, mark_at;
	bool done;
};

struct listing {
	struct s3 *s3;
	const char *prefix;
	bool shallow;
	s3_list_cb cb;
	void *arg;
	struct arena arena;
};

/* %XX and + (which stands for a space: a plus itself is encoded). */
static const char *
decode(struct arena *a, const char *text)
{
	char *out, *to;

	if (strpbrk(text, "%+") == NULL)
		return text;
	out = to = arena_strdup(a, text);
	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
			const char hex[] = {p[1], p[2], '\0'};

			*to++ = (char)strtol(hex, NULL, 16);
			p += 2;
		} else {
			*to++ = *p == '+' ? ' ' : *p;
		}
	}
	*to = '\0';
	return out;
}

static bool
end_row(struct page *p, struct err *err)
{
	struct row row = p->row;

	p->row = (struct row){.mtime = CLOCK_NONE};
	if (row.key == NULL || row.size < 0)
		return err_set(err, ERR_SYNTAX, "An entry of the listing has no key or size.");
	if (p->rows.n == PAGE_ROWS)
		return err_set(err, ERR_LIMIT, "A page of the listing has more than %d entries.",
			PAGE_ROWS);
	*vec_push(&p->arena, &p->rows) = row;
	return true;
}

static void
set_etag(struct page *p, const char *text, size_t len)
{
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	p->row.etag = arena_strndup(&p->arena, text, len);
}

static bool
contents(struct page *p, const char *name, const char *text, size_t len, struct err *err)
{
	if (strcmp(name, "Key") == 0) {
		p->row.key = arena_strndup(&p->arena, text, len);
	} else if (strcmp(name, "Size") == 0) {
		if (!util_parse_i64(text, &p->row.size) || p->row.size < 0)
			return err_set(err, ERR_SYNTAX, "\"%s\" is no size.", text);
	} else if (strcmp(name, "LastModified") == 0) {
		if (!clock_parse(text, &p->row.mtime))
			return err_set(err, ERR_SYNTAX, "\"%s\" is no time.", text);
	} else if (strcmp(name, "ETag") == 0) {
		set_etag(p, text, len);
	}
	return true;
}

static bool
element(const char *path, const char *text, size_t len, void *arg, struct err *err)
{
	struct page *p = &((struct range *)arg)->page;

	if (!util_starts(path, "ListBucketResult"))
		return true;
	p->is_list = true;
	path += strlen("ListBucketResult");
	if (util_starts(path, "/Contents/"))
		return contents(p, path + 10, text, len, err);
	if (strcmp(path, "/Contents") == 0)
		return end_row(p, err);
	if (strcmp(path, "/CommonPrefixes/Prefix") == 0) {
		p->row.key = arena_strndup(&p->arena, text, len);
		p->row.common_prefix = true;
		return end_row(p, err);
	}
	if (strcmp(path, "/IsTruncated") == 0)
		p->truncated = strcmp(text, "true") == 0;
	else if (strcmp(path, "/NextContinuationToken") == 0)
		p->token = arena_strdup(&p->arena, text);
	else if (strcmp(path, "/EncodingType") == 0)
		p->url_encoded = strcmp(text, "url") == 0;
	return true;
}

static bool
sink(const char *bytes, size_t len, void *arg, struct err *err)
{
	struct range *r = arg;

	return xml_feed(r->xml, bytes, len, err);
}

static void
page_reset(struct page *p)
{
	arena_done(&p->arena);
	*p = (struct page){.row = {.mtime = CLOCK_NONE}};
}

static void
set_query(struct range *r, bool shallow)
{
	size_t n = 0;

	r->query[n++] = (struct sigv4_parameter){"list-type", "2"};
	r->query[n++] = (struct sigv4_parameter){"encoding-type", "url"};
	r->query[n++] = (struct sigv4_parameter){"max-keys", "1000"};
	if (r->listing->prefix[0] != '\0')
		r->query[n++] = (struct sigv4_parameter){"prefix", r->listing->prefix};
	if (shallow)
		r->query[n++] = (struct sigv4_parameter){"delimiter", "/"};
	if (r->token != NULL)
		r->query[n++] = (struct sigv4_parameter){"continuation-token", r->token};
	else if (r->after != NULL)
		r->query[n++] = (struct sigv4_parameter){"start-after", r->after};
	r->rq = (struct s3_request){
		.method = "GET", .key = "", .query = r->query, .nquery = n, .sink = sink, .arg = r};
}

static bool
ask(struct range *r, bool shallow, struct err *err)
{
	struct transfer *t;

	page_reset(&r->page);
	xml_free(r->xml);
	r->xml = xml_new(element, r);
	set_query(r, shallow);
	return s3_start(r->listing->s3, &r->rq, &r->tries, &t, err);
}

/* What came is not what an S3 server says. */
static bool
no_listing(struct range *r, struct err *err)
{
	err->code = ERR_UNREACHABLE;
	err_prefix(err, "The listing of s3://%s/%s can't be understood", s3_bucket(r->listing->s3),
		r->listing->prefix);
	return err_hint(err, "Is endpoint: in the site file that of an S3 server?");
}

/* What a whole answer says, beyond its entries; decodes their keys. */
static bool
check_page(struct range *r, struct err *err)
{
	struct page *p = &r->page;
	struct row *row;

	if (!xml_end(r->xml, err))
		return no_listing(r, err);
	if (!p->is_list) {
		err_set(err, ERR_SYNTAX, "It is no listing, but <%s>.", xml_root(r->xml));
		return no_listing(r, err);
	}
	if (p->url_encoded)
		vec_each (&p->rows, row)
			row->key = decode(&p->arena, row->key);
	if (p->truncated && (p->token == NULL || p->token[0] == '\0'))
		return err_set(err, ERR_UNREACHABLE,
			"The listing of s3://%s/%s is cut off without saying where it goes on.",
			s3_bucket(r->listing->s3), r->listing->prefix);
	vec_each (&p->rows, row)
		if (!util_starts(row->key, r->listing->prefix))
			return err_set(err, ERR_UNREACHABLE,
				"s3://%s lists keys that were not asked for.",
				s3_bucket(r->listing->s3));
	return true;
}

/* Takes the token of the next page; what was there before would go round for ever. */
static bool
next_page(struct range *r, struct err *err)
{
	const char *key = r->page.rows.n > 0 ? r->page.rows.v[0].key : NULL;

	if (++r->pages > PAGES_MAX || util_streq(r->mark_token, r->page.token) ||
		(key != NULL && util_streq(r->mark_key, key))) {
		err_set(err, ERR_UNREACHABLE,
			"The listing of s3://%s/%s goes round in a circle after %llu pages.",
			s3_bucket(r->listing->s3), r->listing->prefix,
			(unsigned long long)r->pages);
		return err_hint(err, "That is a fault of the server.");
	}
	if (r->pages >= r->mark_at) {
		free(r->mark_token);
		free(r->mark_key);
		r->mark_token = util_strdup(r->page.token);
		r->mark_key = key != NULL ? util_strdup(key) : NULL;
		r->mark_at = MAX(r->mark_at * 2, 2);
	}
	free(r->token);
	r->token = util_strdup(r->page.token);
	r->tries = (struct s3_tries){.n = 0};
	return true;
}

static bool
in_order(const struct page *p)
{
	for (size_t i = 1; i < p->rows.n; i++)
		if (strcmp(p->rows.v[i - 1].key, p->rows.v[i].key) >= 0)
			return false;
	return true;
}

static bool
emit(struct listing *l, const struct row *row, struct err *err)
{
	struct s3_object o = {.key = row->key,
		.size = row->size,
		.mtime = row->mtime,
		.etag = row->etag != NULL ? row->etag : "",
		.common_prefix = row->common_prefix};

	return l->cb(&o, l->arg, err);
}

/* Hands the page out as far as it belongs to the range; then r->done or the next is asked. */
static bool
take_page(struct range *r, bool shallow, struct err *err)
{
	struct row *row;

	if (!check_page(r, err))
		return false;
	if (r->until != NULL && !in_order(&r->page))
		return err_set(err, ERR_UNREACHABLE,
			"s3://%s does not list its keys in their order.",
			s3_bucket(r->listing->s3));
	vec_each (&r->page.rows, row) {
		if (r->until != NULL && strcmp(row->key, r->until) > 0) {
			r->done = true;
			return true;
		}
		if (!emit(r->listing, row, err))
			return false;
	}
	r->done = !r->page.truncated;
	return r->done || (next_page(r, err) && ask(r, shallow, err));
}

static void
range_done(struct range *r)
{
	page_reset(&r->page);
	xml_free(r->xml);
	free(r->token);
	free(r->mark_token);
	free(r->mark_key);
}

/* The transfer of a range is over: judge it, then go on. */
static bool
go_on(struct range *r, struct transfer *t, bool shallow, struct err *err)
{
	switch (s3_judge(r->listing->s3, &r->rq, &r->tries, &t, err)) {
	case S3_AGAIN: return ask(r, shallow, err);
	case S3_FAILED: return err->code == ERR_SYNTAX ? no_listing(r, err) : false;
	case S3_DONE: break;
	}
	transfer_free(t);
	return take_page(r, shallow, err);
}

/* Until all ranges are done; on failure the requests of the others are given up. */
static bool
run(struct listing *l, bool shallow, struct err *err)
{
	struct http *http = s3_http(l->s3);
	struct transfer *t;

	while ((t = http_next(http)) != NULL) {
		if (!go_on(transfer_arg(t), t, shallow, err)) {
			http_abandon(http);
			return false;
		}
	}
	return true;
}

/* The first page, kept by the caller instead of being handed out. */
static bool
first_page(struct range *r, bool shallow, struct err *err)
{
	struct transfer *t;

	for (;;) {
		if (!ask(r, shallow, err))
			return false;
		t = http_next(s3_http(r->listing->s3));
		switch (s3_judge(r->listing->s3, &r->rq, &r->tries, &t, err)) {
		case S3_AGAIN: continue;
		case S3_FAILED: return err->code == ERR_SYNTAX ? no_listing(r, err) : false;
		case S3_DONE: break;
		}
		transfer_free(t);
		return check_page(r, err);
	}
}

/*
 * Where to cut: the common prefixes behind the first page, evenly. Returns their number.
 * Entries of the shallow look come in order too, prefixes and keys each for itself.
 */
static size_t
choose_cuts(struct listing *l, const struct page *look, const char *behind, const char **cuts)
{
	VEC(const char *) found = {0};
	const struct row *row;
	size_t n = 0;

	vec_each (&look->rows, row)
		if (row->common_prefix && strcmp(row->key, behind) > 0)
			*vec_push(&l->arena, &found) = arena_strdup(&l->arena, row->key);
	for (size_t i = 0; i < RANGES - 1 && found.n > 0; i++) {
		const char *cut = found.v[i * found.n / (RANGES - 1)];

		if (n == 0 || strcmp(cut, cuts[n - 1]) > 0)
			cuts[n++] = cut;
	}
	return n;
}

/* Lists what is behind the first page in several ranges at once. */
static bool
list_ranges(
	struct listing *l, const char *behind, const char *const *cuts, size_t n, struct err *err)
{
	struct range ranges[RANGES] = {{.listing = NULL}};
	bool good = true;

	for (size_t i = 0; i <= n; i++) {
		/* A cut is a prefix, which is no key itself or the first of its range. */
		ranges[i].listing = l;
		ranges[i].after = i == 0 ? behind : cuts[i - 1];
		ranges[i].until = i < n ? cuts[i] : NULL;
	}
	for (size_t i = 0; i <= n && good; i++)
		good = ask(&ranges[i], false, err);
	if (good)
		good = run(l, false, err);
	else
		http_abandon(s3_http(l->s3));
	for (size_t i = 0; i <= n; i++)
		range_done(&ranges[i]);
	return good;
}

/* The rest of a listing whose first page was handed out. */
static bool
list_rest(struct listing *l, struct range *first, struct err *err)
{
	const char *behind = arena_strdup(&l->arena,
		first->page.rows.n > 0 ? first->page.rows.v[first->page.rows.n - 1].key : "");
	struct range look = {.listing = l, .after = behind};
	const char *cuts[RANGES];
	size_t n = 0;
	bool good;

	if (!l->shallow && first->page.rows.n > 0 && in_order(&first->page)) {
		/* A look at what is there; if it fails, there is just nothing to cut at. */
		CLEANUP(err_done) struct err ignored = ERR_INIT;

		if (first_page(&look, true, &ignored))
			n = choose_cuts(l, &look.page, behind, cuts);
		range_done(&look);
	}
	if (n > 0)
		return list_ranges(l, behind, cuts, n, err);
	good = next_page(first, err) && ask(first, l->shallow, err) && run(l, l->shallow, err);
	return good;
}

bool
s3_list(struct s3 *s, const char *prefix, bool shallow, s3_list_cb cb, void *arg, struct err *err)
{
	struct listing l = {.s3 = s, .prefix = prefix, .shallow = shallow, .cb = cb, .arg = arg};
	struct range first = {.listing = &l};
	const struct row *row;
	bool good = first_page(&first, shallow, err);

	if (good)
		vec_each (&first.page.rows, row)
			if (!(good = emit(&l, row, err)))
				break;
	if (good && first.page.truncated)
		good = list_rest(&l, &first, err);
	range_done(&first);
	arena_done(&l.arena);
	return good;
}
