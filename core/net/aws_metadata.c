#include "base/banned.h"
#include "net/aws_metadata.h"
#include "net/xml.h"
#include "base/clock.h"
#include "base/file.h"
#include "conf/json_read.h"

#include <strings.h>

#define SERVICE_MS  20000
#define METADATA_MS 1500 /* where there is no such service, nobody may answer at all */
#define TOKEN_LIMIT (64 * KIB)

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* One small answer. The status is left to the caller. */
static bool
fetch(struct http *http, const char *method, const char *url, const char *const *headers,
	int64_t stall_ms, struct transfer **ret, struct err *err)
{
	struct http_request rq = {
		.method = method, .url = url, .headers = headers, .stall_ms = stall_ms};

	if (!http_start(http, &rq, ret, err))
		return false;
	http_run(*ret);
	if (!transfer_failed(*ret, err))
		return true;
	transfer_free(*ret);
	*ret = NULL;
	return false;
}

/* The credentials in the answer of a security token service. */
struct sts_answer {
	struct arena *arena;
	const char *access, *secret, *token, *message;
	int64_t expires;
};

static bool
sts_element(const char *path, const char *text, size_t len, void *arg, struct err *err)
{
	struct sts_answer *s = arg;

	if (util_ends(path, "Result/Credentials/AccessKeyId"))
		s->access = arena_strdup(s->arena, text);
	else if (util_ends(path, "Result/Credentials/SecretAccessKey"))
		s->secret = arena_strdup(s->arena, text);
	else if (util_ends(path, "Result/Credentials/SessionToken"))
		s->token = arena_strdup(s->arena, text);
	else if (util_ends(path, "Result/Credentials/Expiration") &&
		 !clock_parse(text, &s->expires))
		s->expires = CLOCK_NONE;
	else if (util_ends(path, "Error/Message"))
		s->message = arena_strdup(s->arena, text);
	return true;
}

static bool
read_sts(struct transfer *t, const char *arn, struct aws_credentials **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct sts_answer s = {.arena = &a, .expires = CLOCK_NONE};
	struct xml *x = xml_new(sts_element, &s);
	size_t len;
	const char *body = transfer_body(t, &len);
	bool good = xml_feed(x, body, len, &why) && xml_end(x, &why);

	xml_free(x);
	if (!good || transfer_status(t) / 100 != 2 || s.access == NULL || s.secret == NULL)
		return err_set(err, ERR_AUTH, "The role %s could not be assumed: %s", arn,
			s.message != NULL ? s.message
					  : arena_fmt(&a, "HTTP status %d.", transfer_status(t)));
	*ret = aws_credentials_new(
		s.access, s.secret, s.token, s.expires, arena_fmt(&a, "the role %s", arn));
	return true;
}

static bool
read_token_file(struct arena *a, const char *path, const char **ret, struct err *err)
{
	CLEANUP(str_wipe) struct str text = STR_INIT(TOKEN_LIMIT + 1);

	if (!file_read(path, TOKEN_LIMIT, &text, err))
		return err_prefix(err, "The token of a role");
	while (text.len > 0 && strchr(" \t\r\n", text.buf[text.len - 1]) != NULL)
		str_cut(&text, text.len - 1);
	*ret = arena_strdup(a, str_text(&text));
	return true;
}

bool
aws_assume_role(struct http *http, const struct aws_role *role, const struct sigv4_key *key,
	struct aws_credentials **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *region = role->region != NULL ? role->region : "us-east-1", *token = NULL;
	const char *endpoint = environment("AWS_ENDPOINT_URL_STS"), *url;
	struct sigv4_parameter query[6] = {
		{"Version", "2011-06-15"},
		{"RoleArn", role->arn},
		{"RoleSessionName", role->session != NULL ? role->session : "lifeboat"},
	};
	struct sigv4_request rq = {.method = "GET",
		.path = "/",
		.query = query,
		.nquery = 3,
		.body = "",
		.region = region,
		.service = "sts",
		.at = clock_now()};
	struct sigv4 signed_;
	struct transfer *t;
	bool good;

	if (endpoint == NULL)
		endpoint = arena_fmt(&a, "https://sts.%s.amazonaws.com", region);
	if (role->token_file != NULL && !read_token_file(&a, role->token_file, &token, err))
		return false;
	query[rq.nquery++] = (struct sigv4_parameter){
		"Action", token != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole"};
	if (token != NULL)
		query[rq.nquery++] = (struct sigv4_parameter){"WebIdentityToken", token};
	else if (role->external_id != NULL)
		query[rq.nquery++] = (struct sigv4_parameter){"ExternalId", role->external_id};
	rq.host = strstr(endpoint, "://") != NULL ? strstr(endpoint, "://") + 3 : endpoint;
	rq.host = arena_strndup(&a, rq.host, strcspn(rq.host, "/"));
	sigv4_sign(&a, &rq, token != NULL ? NULL : key, &signed_);
	url = arena_fmt(&a, "%s://%s%s", util_starts(endpoint, "http://") ? "http" : "https",
		rq.host, signed_.target);
	if (!fetch(http, "GET", url, signed_.headers, SERVICE_MS, &t, err))
		return err_prefix(err, "The role %s could not be assumed", role->arn);
	good = read_sts(t, role->arn, ret, err);
	transfer_free(t);
	return good;
}

/* The JSON that both metadata services answer with. */
static bool
read_json(struct transfer *t, const char *from, struct aws_credentials **ret, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(json_free) cJSON *json = NULL;
	const char *access, *secret, *body;
	size_t len;

	body = transfer_body(t, &len);
	json = json_parse(body, len, &why);
	access = json_get_text(json, "AccessKeyId");
	secret = json_get_text(json, "SecretAccessKey");
	if (transfer_status(t) != 200 || access == NULL || secret == NULL)
		return err_set(err, ERR_AUTH, "No credentials came from %s (HTTP status %d).", from,
			transfer_status(t));
	*ret = aws_credentials_new(access, secret, json_get_text(json, "Token"),
		json_get_time(json, "Expiration"), from);
	return true;
}

/* In the clear only to this machine and the addresses that the container agents have. */
static bool
may_ask(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "169.254.170.2",
		"169.254.170.23", "[fd00:ec2::23]"};
	const char *host = url + strlen("http://");

	if (util_starts(url, "https://"))
		return true;
	for (size_t i = 0; util_starts(url, "http://") && i < ARRAY_LEN(hosts); i++) {
		size_t n = strlen(hosts[i]);

		if (strncmp(host, hosts[i], n) == 0 && strchr(":/", host[n]) != NULL)
			return true;
	}
	return false;
}

bool
aws_container_credentials(struct http *http, struct aws_credentials **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *url = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	const char *headers[2] = {NULL, NULL};
	struct transfer *t;
	bool good;

	if (relative != NULL)
		url = arena_fmt(&a, "http://169.254.170.2%s", relative);
	if (url == NULL)
		return true;
	if (!may_ask(url))
		return err_set(err, ERR_UNSAFE,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI is neither "
			"HTTPS nor on this machine.");
	if (file != NULL && !read_token_file(&a, file, &token, err))
		return false;
	if (token != NULL)
		headers[0] = arena_fmt(&a, "Authorization: %s", token);
	if (!fetch(http, "GET", url, headers, SERVICE_MS, &t, err))
		return err_prefix(err, "The container's credentials");
	good = read_json(t, "the container's metadata", ret, err);
	transfer_free(t);
	return good;
}

/* The name of the instance's role; NULL when it has none. */
static const char *
instance_role(struct http *http, struct arena *a, const char *url, const char *const *headers)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *name = NULL, *body;
	struct transfer *t;

	if (!fetch(http, "GET", url, headers, METADATA_MS, &t, &err))
		return NULL;
	body = transfer_body(t, NULL);
	if (transfer_status(t) == 200 && strcspn(body, "\r\n") > 0)
		name = arena_strndup(a, body, strcspn(body, "\r\n"));
	transfer_free(t);
	return name;
}

bool
aws_instance_credentials(struct http *http, struct aws_credentials **ret, struct err *err)
{
	static const char *const ask[] = {"X-aws-ec2-metadata-token-ttl-seconds: 300", NULL};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	const char *base = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"), *url, *role;
	const char *disabled = environment("AWS_EC2_METADATA_DISABLED");
	const char *headers[2] = {NULL, NULL};
	struct transfer *t;
	bool good;

	if (disabled != NULL && strcasecmp(disabled, "true") == 0)
		return true;
	if (base == NULL)
		base = "http://169.254.169.254";
	/* Nobody there, or no version 2: then there is no such service for us. */
	if (!fetch(http, "PUT", arena_fmt(&a, "%s/latest/api/token", base), ask, METADATA_MS, &t,
		    &why))
		return true;
	if (transfer_status(t) == 200)
		headers[0] = arena_fmt(&a, "X-aws-ec2-metadata-token: %s", transfer_body(t, NULL));
	transfer_free(t);
	url = arena_fmt(&a, "%s/latest/meta-data/iam/security-credentials/", base);
	role = headers[0] != NULL ? instance_role(http, &a, url, headers) : NULL;
	if (role == NULL)
		return true;
	if (!fetch(http, "GET", arena_fmt(&a, "%s%s", url, role), headers, METADATA_MS, &t, err))
		return err_prefix(err, "The instance's credentials");
	good = read_json(t, "the instance's metadata", ret, err);
	transfer_free(t);
	return good;
}
