#include "base/banned.h"
#include "net/aws_credentials.h"
#include "net/aws_conf.h"
#include "net/aws_metadata.h"
#include "base/clock.h"
#include "base/ident.h"

#define DEPTH_MAX 4 /* profiles that refer to profiles */

struct search {
	const struct site_s3 *s3;
	const char *region;
	struct http *http;
};

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

struct aws_credentials *
aws_credentials_new(const char *access, const char *secret, const char *token, int64_t expires,
	const char *from)
{
	struct aws_credentials *c = util_alloc(sizeof(*c));

	c->secret = secret_new(secret, strlen(secret));
	if (token != NULL)
		c->token = secret_new(token, strlen(token));
	c->key = (struct sigv4_key){arena_strdup(&c->arena, access), c->secret, c->token};
	c->expires_at = expires;
	c->from = arena_strdup(&c->arena, from);
	return c;
}

void
aws_credentials_free(struct aws_credentials *c)
{
	if (c == NULL)
		return;
	secret_free(c->secret);
	secret_free(c->token);
	arena_done(&c->arena);
	free(c);
}

/* From PREFIX_ACCESS_KEY_ID and its fellows; *ret stays NULL where they are not set. */
static bool
from_environment(const char *prefix, struct aws_credentials **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *access = environment(arena_fmt(&a, "%s_ACCESS_KEY_ID", prefix));
	const char *secret = environment(arena_fmt(&a, "%s_SECRET_ACCESS_KEY", prefix));

	if (access == NULL && secret == NULL)
		return true;
	if (access == NULL || secret == NULL)
		return err_set(err, ERR_AUTH,
			"Of %s_ACCESS_KEY_ID and %s_SECRET_ACCESS_KEY only one "
			"is set in the environment.",
			prefix, prefix);
	*ret = aws_credentials_new(access, secret,
		environment(arena_fmt(&a, "%s_SESSION_TOKEN", prefix)), CLOCK_NONE,
		arena_fmt(&a, "the environment (%s_ACCESS_KEY_ID)", prefix));
	return true;
}

static bool from_profile(struct search *s, const char *profile, bool must, int depth,
	struct aws_credentials **ret, struct err *err);

/* A role to assume with the keys of another profile. */
static bool
from_role(struct search *s, const struct aws_conf *conf, const char *profile, int depth,
	struct aws_credentials **ret, struct err *err)
{
	const char *source = aws_conf_get(conf, "source_profile");
	struct aws_credentials *base = NULL;
	struct aws_role role = {.arn = aws_conf_get(conf, "role_arn"),
		.session = aws_conf_get(conf, "role_session_name"),
		.external_id = aws_conf_get(conf, "external_id"),
		.region = s->region};
	bool good;

	if (source == NULL)
		return err_set(err, ERR_UNSUPPORTED,
			"The profile \"%s\" assumes a role without a source_profile.", profile);
	if (strcmp(source, profile) == 0) {
		/* Its own keys, not its role again. */
		const char *access = aws_conf_get(conf, "aws_access_key_id");
		const char *secret = aws_conf_get(conf, "aws_secret_access_key");

		if (access == NULL || secret == NULL)
			return err_set(err, ERR_AUTH, "The profile \"%s\" has no keys.", profile);
		base = aws_credentials_new(access, secret, aws_conf_get(conf, "aws_session_token"),
			CLOCK_NONE, profile);
	} else if (!from_profile(s, source, true, depth + 1, &base, err)) {
		return false;
	}
	good = aws_assume_role(s->http, &role, &base->key, ret, err);
	aws_credentials_free(base);
	return good;
}

static bool
from_settings(struct search *s, const struct aws_conf *conf, const char *profile, int depth,
	struct aws_credentials **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *access = aws_conf_get(conf, "aws_access_key_id");
	const char *secret = aws_conf_get(conf, "aws_secret_access_key");
	const char *file = aws_conf_get(conf, "web_identity_token_file");
	struct aws_role role = {.arn = aws_conf_get(conf, "role_arn"),
		.session = aws_conf_get(conf, "role_session_name"),
		.token_file = file,
		.region = s->region};

	if (role.arn != NULL && file != NULL)
		return aws_assume_role(s->http, &role, NULL, ret, err);
	if (role.arn != NULL)
		return from_role(s, conf, profile, depth, ret, err);
	if (access != NULL && secret != NULL) {
		*ret = aws_credentials_new(access, secret, aws_conf_get(conf, "aws_session_token"),
			CLOCK_NONE, arena_fmt(&a, "the profile \"%s\"", profile));
		return true;
	}
	if (aws_conf_get(conf, "credential_process") != NULL ||
		aws_conf_get(conf, "sso_session") != NULL ||
		aws_conf_get(conf, "sso_start_url") != NULL) {
		err_set(err, ERR_UNSUPPORTED,
			"The profile \"%s\" gets its keys from a program or a sign-in in a "
			"browser.",
			profile);
		return err_hint(err,
			"Export them first: aws configure export-credentials --profile %s --format "
			"env",
			profile);
	}
	return true;
}

static bool
from_profile(struct search *s, const char *profile, bool must, int depth,
	struct aws_credentials **ret, struct err *err)
{
	struct aws_conf *conf;
	bool good;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_CONFIG, "AWS profiles refer to each other in a circle.");
	if (!aws_conf_load(profile, &conf, err))
		return false;
	good = from_settings(s, conf, profile, depth, ret, err);
	if (good && *ret == NULL && must) {
		err_set(err, ERR_AUTH,
			aws_conf_exists(conf) ? "The AWS profile \"%s\" has no keys."
					      : "There is no AWS profile \"%s\".",
			profile);
		good = err_hint(err, "Profiles are looked for in ~/.aws/credentials and "
				     "~/.aws/config.");
	}
	aws_conf_free(conf);
	return good;
}

static bool
from_web_identity(struct search *s, struct aws_credentials **ret, struct err *err)
{
	struct aws_role role = {.arn = environment("AWS_ROLE_ARN"),
		.session = environment("AWS_ROLE_SESSION_NAME"),
		.token_file = environment("AWS_WEB_IDENTITY_TOKEN_FILE"),
		.region = s->region};

	if (role.arn == NULL || role.token_file == NULL)
		return true;
	return aws_assume_role(s->http, &role, NULL, ret, err);
}

static bool
from_file(struct search *s, const char *path, struct aws_credentials **ret, struct err *err)
{
	struct aws_conf *conf;
	bool good;

	if (!aws_conf_load_file(path, &conf, err))
		return err_prefix(err, "The credentials of the bucket can't be read");
	good = from_settings(s, conf, path, 0, ret, err);
	if (good && *ret == NULL) {
		err_set(err, ERR_AUTH, "There are no keys under [default] in %s.", path);
		good = err_hint(err, "aws_access_key_id and aws_secret_access_key belong there.");
	}
	aws_conf_free(conf);
	return good;
}

/* Each step leaves *ret NULL, with success, where there is nothing. */
static bool
usual_chain(struct search *s, struct aws_credentials **ret, struct err *err)
{
	const char *profile = environment("AWS_PROFILE");

	if (!from_environment("AWS", ret, err) || *ret != NULL)
		return *ret != NULL;
	if (!from_web_identity(s, ret, err) || *ret != NULL)
		return *ret != NULL;
	if (!from_profile(s, profile != NULL ? profile : "default", profile != NULL, 0, ret, err) ||
		*ret != NULL)
		return *ret != NULL;
	if (!aws_container_credentials(s->http, ret, err) || *ret != NULL)
		return *ret != NULL;
	if (!aws_instance_credentials(s->http, ret, err) || *ret != NULL)
		return *ret != NULL;
	err_set(err, ERR_AUTH, "There are no credentials for the bucket %s.", s->s3->bucket);
	return err_hint(err,
		"Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile or prefix with "
		"credentials: in the site file. The environment, ~/.aws and the metadata services "
		"of a container and an instance were asked.");
}

bool
aws_credentials_find(const struct site_s3 *s3, const char *region, struct http *http,
	struct aws_credentials **ret, struct err *err)
{
	struct search s = {s3, region, http};

	*ret = NULL;
	if (s3->credentials == NULL)
		return usual_chain(&s, ret, err);
	if (util_starts(s3->credentials, "profile "))
		return from_profile(&s, s3->credentials + 8, true, 0, ret, err);
	if (util_starts(s3->credentials, "file "))
		return from_file(&s, s3->credentials + 5, ret, err);
	if (!from_environment(s3->credentials + 4, ret, err))
		return false;
	if (*ret != NULL)
		return true;
	return err_set(err, ERR_AUTH, "%s_ACCESS_KEY_ID and %s_SECRET_ACCESS_KEY are not set.",
		s3->credentials + 4, s3->credentials + 4);
}

const char *
aws_region(struct arena *a, const struct site_s3 *s3)
{
	const char *profile = environment("AWS_PROFILE"), *region = environment("AWS_REGION");
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct aws_conf *conf;

	if (s3->region != NULL)
		return s3->region;
	if (region == NULL)
		region = environment("AWS_DEFAULT_REGION");
	if (region != NULL)
		return arena_strdup(a, region);
	if (s3->credentials != NULL && util_starts(s3->credentials, "profile "))
		profile = s3->credentials + 8;
	if (s3->credentials != NULL && util_starts(s3->credentials, "file ")) {
		if (!aws_conf_load_file(s3->credentials + 5, &conf, &err))
			return NULL;
	} else if (!aws_conf_load(profile != NULL ? profile : "default", &conf, &err)) {
		return NULL;
	}
	region = arena_strdup(a, aws_conf_get(conf, "region"));
	aws_conf_free(conf);
	return region;
}
