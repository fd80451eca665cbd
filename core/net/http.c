#include "base/banned.h"
#include "net/http.h"
#include "net/curl_lib.h"
#include "base/clock.h"

#include <strings.h>

#define BUFFER_MAX (1 * MIB) /* read ahead for transfer_read */
#define POLL_MS    1000

struct http {
	const struct curl_lib *lib;
	CURLM *multi;
	char *ca_file;
	struct transfer *active; /* those under way or not yet handed out */
	CURL *spare;             /* handles are dear to set up */
};

struct transfer {
	struct http *http;
	struct transfer *next;
	CURL *easy;
	struct curl_slist *headers_sent;
	struct http_request rq;
	char *url;
	struct str headers; /* NUL-terminated lines */
	struct str body;    /* kept, or waiting to be pulled */
	size_t taken;       /* of body, by transfer_read */
	bool paused, in_body, over;
	bool failed;
	struct err err; /* why */
	char detail[CURL_ERROR_SIZE];
	int64_t last_ms; /* when the last byte came */
	int status;
};

bool
http_new(const char *ca_file, struct http **ret, struct err *err)
{
	const struct curl_lib *lib;
	struct http *h;

	if (!curl_lib_load(&lib, err))
		return false;
	h = util_alloc(sizeof(*h));
	h->lib = lib;
	h->multi = lib->curl_multi_init_();
	h->ca_file = ca_file != NULL ? util_strdup(ca_file) : NULL;
	if (h->multi == NULL)
		BUG("curl_multi_init");
	*ret = h;
	return true;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	if (h->active != NULL)
		BUG("an HTTP client is freed with transfers left");
	if (h->spare != NULL)
		h->lib->curl_easy_cleanup_(h->spare);
	h->lib->curl_multi_cleanup_(h->multi);
	free(h->ca_file);
	free(h);
}

static size_t
on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;

	t->last_ms = clock_mono_ms();
	/* A new status line: what came before it was a 100 Continue or the like. */
	if (len > 5 && memcmp(bytes, "HTTP/", 5) == 0)
		str_cut(&t->headers, 0);
	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	str_addn(&t->headers, bytes, len);
	str_addc(&t->headers, '\0');
	return size * n;
}

static void
fetch_status(struct transfer *t)
{
	long status = 0;

	t->http->lib->curl_easy_getinfo_(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->status = (int)status;
	t->in_body = true;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;

	t->last_ms = clock_mono_ms();
	if (!t->in_body)
		fetch_status(t);
	if (t->status / 100 == 2 && t->rq.sink != NULL) {
		if (t->rq.sink(bytes, len, t->rq.arg, &t->err))
			return len;
		t->failed = true;
		return 0; /* curl ends the transfer */
	}
	if (t->status / 100 == 2 && t->rq.pull && t->body.len - t->taken + len > BUFFER_MAX) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE; /* the same bytes come again */
	}
	str_addn(&t->body, bytes, len);
	return len;
}

static void
set_options(struct transfer *t)
{
	const struct curl_lib *lib = t->http->lib;
	const struct http_request *rq = &t->rq;
	CURL *e = t->easy;

	lib->curl_easy_setopt_(e, CURLOPT_URL, t->url);
	lib->curl_easy_setopt_(e, CURLOPT_PROTOCOLS_STR, "http,https");
	lib->curl_easy_setopt_(e, CURLOPT_NOSIGNAL, 1L);
	lib->curl_easy_setopt_(e, CURLOPT_PATH_AS_IS, 1L);
	lib->curl_easy_setopt_(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	lib->curl_easy_setopt_(e, CURLOPT_USERAGENT, "lifeboat/" LIFEBOAT_VERSION);
	lib->curl_easy_setopt_(e, CURLOPT_BUFFERSIZE, (long)(128 * KIB));
	lib->curl_easy_setopt_(e, CURLOPT_ERRORBUFFER, t->detail);
	lib->curl_easy_setopt_(e, CURLOPT_PRIVATE, t);
	lib->curl_easy_setopt_(e, CURLOPT_HEADERFUNCTION, on_header);
	lib->curl_easy_setopt_(e, CURLOPT_HEADERDATA, t);
	lib->curl_easy_setopt_(e, CURLOPT_WRITEFUNCTION, on_body);
	lib->curl_easy_setopt_(e, CURLOPT_WRITEDATA, t);
	lib->curl_easy_setopt_(e, CURLOPT_HTTPHEADER, t->headers_sent);
	if (t->http->ca_file != NULL) {
		lib->curl_easy_setopt_(e, CURLOPT_CAINFO, t->http->ca_file);
		lib->curl_easy_setopt_(e, CURLOPT_CAPATH, NULL);
	}
	if (strcmp(rq->method, "HEAD") == 0) {
		lib->curl_easy_setopt_(e, CURLOPT_NOBODY, 1L);
	} else if (rq->body != NULL) {
		lib->curl_easy_setopt_(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
		lib->curl_easy_setopt_(e, CURLOPT_POSTFIELDS, rq->body);
		lib->curl_easy_setopt_(e, CURLOPT_CUSTOMREQUEST, rq->method);
	} else if (strcmp(rq->method, "GET") != 0) {
		lib->curl_easy_setopt_(e, CURLOPT_CUSTOMREQUEST, rq->method);
	}
}

bool
http_start(struct http *h, const struct http_request *rq, struct transfer **ret, struct err *err)
{
	struct transfer *t = util_alloc(sizeof(*t));

	t->http = h;
	t->rq = *rq;
	t->url = util_strdup(rq->url);
	t->headers = (struct str)STR_INIT(HTTP_HEADERS_MAX);
	t->body = (struct str)STR_INIT(rq->pull ? 2 * BUFFER_MAX : HTTP_BODY_MAX);
	t->last_ms = clock_mono_ms();
	t->easy = h->spare != NULL ? h->spare : h->lib->curl_easy_init_();
	h->spare = NULL;
	if (t->easy == NULL)
		BUG("curl_easy_init");
	for (size_t i = 0; rq->headers != NULL && rq->headers[i] != NULL; i++)
		t->headers_sent = h->lib->curl_slist_append_(t->headers_sent, rq->headers[i]);
	/* Curl would ask for leave to send a body, and add a type that is not ours. */
	if (rq->body != NULL)
		t->headers_sent = h->lib->curl_slist_append_(t->headers_sent, "Expect:");
	set_options(t);
	if (h->lib->curl_multi_add_handle_(h->multi, t->easy) != CURLM_OK) {
		transfer_free(t);
		return err_set(err, ERR_UNKNOWN, "The request to %s can't be started.", rq->url);
	}
	t->next = h->active;
	h->active = t;
	*ret = t;
	return true;
}

/* The host out of a URL, for messages. */
static const char *
host_of(const struct transfer *t, struct str *out)
{
	const char *from = strstr(t->url, "://");

	from = from != NULL ? from + 3 : t->url;
	str_addn(out, from, strcspn(from, "/?"));
	return str_text(out);
}

static void
explain(struct transfer *t, CURLcode code)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const char *host = host_of(t, &text), *why = t->detail;

	if (why[0] == '\0')
		why = t->http->lib->curl_easy_strerror_(code);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		err_set(&t->err, ERR_UNREACHABLE, "The name of %s can't be resolved.", host);
		break;
	case CURLE_COULDNT_CONNECT:
		err_set(&t->err, ERR_UNREACHABLE, "There is no connection to %s: %s.", host, why);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		err_set(&t->err, ERR_TIMEOUT, "%s did not answer in time: %s.", host, why);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		err_set(&t->err, ERR_UNREACHABLE, "The certificate of %s does not verify: %s.",
			host, why);
		err_hint(&t->err, "If the server is yours, name its authority with ca_file: in the "
				  "site file.");
		break;
	case CURLE_SSL_CACERT_BADFILE:
		err_set(&t->err, ERR_CONFIG, "The certificates in %s can't be read: %s.",
			t->http->ca_file != NULL ? t->http->ca_file : "the system's store", why);
		break;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		err_set(&t->err, ERR_UNREACHABLE, "%s broke off the connection: %s.", host, why);
		break;
	default: err_set(&t->err, ERR_UNREACHABLE, "%s: %s.", host, why); break;
	}
}

static void
over(struct transfer *t, CURLcode code)
{
	t->over = true;
	if (!t->in_body)
		fetch_status(t);
	if (t->failed)
		return; /* by its sink, which said why */
	if (code != CURLE_OK) {
		t->failed = true;
		explain(t, code);
	} else if (t->body.full && !t->rq.pull && t->status / 100 == 2) {
		t->failed = true;
		err_set(&t->err, ERR_LIMIT, "The answer from %s is longer than %lld bytes.", t->url,
			(long long)HTTP_BODY_MAX);
	}
}

static void
check_stalled(struct http *h)
{
	int64_t now = clock_mono_ms();

	for (struct transfer *t = h->active; t != NULL; t = t->next) {
		CLEANUP(str_done) struct str text = STR_INIT(KIB);

		if (t->over || t->paused || now - t->last_ms < t->rq.stall_ms)
			continue;
		t->over = t->failed = true;
		h->lib->curl_multi_remove_handle_(h->multi, t->easy);
		err_set(&t->err, ERR_TIMEOUT, "%s sent nothing for %lld s.", host_of(t, &text),
			(long long)(t->rq.stall_ms + 999) / 1000);
	}
}

static int
wait_ms(const struct http *h)
{
	int64_t now = clock_mono_ms(), wait = POLL_MS;

	for (const struct transfer *t = h->active; t != NULL; t = t->next)
		if (!t->over && !t->paused)
			wait = MIN(wait, t->last_ms + t->rq.stall_ms - now);
	return (int)MAX(wait, 0);
}

/* One round: bytes in and out, transfers that end, transfers that stall. */
static void
step(struct http *h, bool wait)
{
	int running, left;
	CURLMsg *m;

	if (wait)
		h->lib->curl_multi_poll_(h->multi, NULL, 0, wait_ms(h), NULL);
	h->lib->curl_multi_perform_(h->multi, &running);
	while ((m = h->lib->curl_multi_info_read_(h->multi, &left)) != NULL) {
		struct transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		h->lib->curl_easy_getinfo_(m->easy_handle, CURLINFO_PRIVATE, &t);
		over(t, m->data.result);
		h->lib->curl_multi_remove_handle_(h->multi, t->easy);
	}
	check_stalled(h);
}

bool
transfer_failed(const struct transfer *t, struct err *err)
{
	if (!t->failed)
		return false;
	err_set(err, t->err.code, "%s", t->err.msg != NULL ? t->err.msg : "");
	if (t->err.hint != NULL)
		err_hint(err, "%s", t->err.hint);
	return true;
}

void
http_run(struct transfer *t)
{
	for (bool wait = false; !t->over; wait = true)
		step(t->http, wait);
}

void
http_run_headers(struct transfer *t)
{
	/* Of a body not a byte may come; then its end says that the headers were here. */
	for (bool wait = false; !t->over && !t->in_body && !t->paused; wait = true)
		step(t->http, wait);
}

struct transfer *
http_next(struct http *h)
{
	for (bool wait = false;; wait = true) {
		bool any = false;

		for (struct transfer **link = &h->active; *link != NULL; link = &(*link)->next) {
			struct transfer *t = *link;

			if (t->over) {
				*link = t->next;
				t->next = t; /* handed out: no longer in the list */
				return t;
			}
			any = true;
		}
		if (!any)
			return NULL;
		step(h, wait);
	}
}

void
http_abandon(struct http *h)
{
	while (h->active != NULL)
		/* It leaves the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		transfer_free(h->active);
}

ssize_t
transfer_read(struct transfer *t, void *buf, size_t len, struct err *err)
{
	while (t->body.len == t->taken && !t->over) {
		bool wait = !t->paused;

		if (t->paused) {
			t->paused = false;
			t->last_ms = clock_mono_ms();
			t->http->lib->curl_easy_pause_(t->easy, CURLPAUSE_CONT);
		}
		step(t->http, wait);
	}
	if (t->body.len == t->taken)
		return transfer_failed(t, err) ? -1 : 0;
	len = MIN(len, t->body.len - t->taken);
	memcpy(buf, t->body.buf + t->taken, len);
	t->taken += len;
	/* What was taken makes room for what comes. */
	if (t->taken == t->body.len || t->taken > BUFFER_MAX / 2) {
		str_drop(&t->body, t->taken);
		t->taken = 0;
	}
	return (ssize_t)len;
}

int
transfer_status(const struct transfer *t)
{
	return t->status;
}

const char *
transfer_header(struct transfer *t, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = t->headers.buf; p != NULL && p < t->headers.buf + t->headers.len;
		p += strlen(p) + 1) {
		if (strncasecmp(p, name, n) != 0 || p[n] != ':')
			continue;
		p += n + 1;
		return p + strspn(p, " \t");
	}
	return NULL;
}

int64_t
transfer_length(struct transfer *t)
{
	const char *text = transfer_header(t, "Content-Length");
	int64_t length;

	return text != NULL && util_parse_i64(text, &length) && length >= 0 ? length : -1;
}

const char *
transfer_body(struct transfer *t, size_t *ret_len)
{
	if (ret_len != NULL)
		*ret_len = t->body.len;
	return str_text(&t->body);
}

void *
transfer_arg(const struct transfer *t)
{
	return t->rq.arg;
}

void
transfer_free(struct transfer *t)
{
	struct http *h;

	if (t == NULL)
		return;
	h = t->http;
	for (struct transfer **link = &h->active; *link != NULL; link = &(*link)->next) {
		if (*link == t) {
			*link = t->next;
			break;
		}
	}
	if (!t->over)
		h->lib->curl_multi_remove_handle_(h->multi, t->easy);
	if (h->spare == NULL) {
		h->lib->curl_easy_reset_(t->easy);
		h->spare = t->easy;
	} else {
		h->lib->curl_easy_cleanup_(t->easy);
	}
	h->lib->curl_slist_free_all_(t->headers_sent);
	/* They may have held credentials. */
	str_wipe(&t->headers);
	str_wipe(&t->body);
	err_done(&t->err);
	free(t->url);
	free(t);
}
