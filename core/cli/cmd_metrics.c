/*
 * lifeboat metrics: the board for Prometheus.
 */
#include "base/banned.h"
#include "catalog/metrics.h"
#include "cli/inventory.h"
#include "base/file.h"
#include "base/text.h"
#include "net/http.h"

#define PUSH_MS 15000

/* The group of metrics that is replaced: one a site. */
static const char *
push_url(struct arena *a, const char *url, const char *site)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	if (strstr(url, "/metrics/job/") != NULL)
		return arena_strndup(a, url, n);
	/* A site's name needs no encoding (FIELD_ID). */
	return arena_fmt(a, "%.*s/metrics/job/lifeboat/site/%s", (int)n, url, site);
}

static bool
push(struct cli *cli, const char *to, const char *site, const struct str *text, struct err *err)
{
	static const char *const headers[] = {"Content-Type: text/plain; version=0.0.4", NULL};
	struct http_request rq = {.method = "PUT",
		.url = push_url(cli->arena, to, site),
		.headers = headers,
		.body = text->buf,
		.body_len = text->len,
		.stall_ms = PUSH_MS};
	struct transfer *t;
	struct http *http;
	bool good;

	if (!http_new(NULL, &http, err))
		return false;
	good = http_start(http, &rq, &t, err);
	if (good) {
		http_run(t);
		good = !transfer_failed(t, err);
		if (good && transfer_status(t) / 100 != 2)
			good = err_set(err, ERR_UNREACHABLE, "%s answered with status %d: %.200s",
				rq.url, transfer_status(t), transfer_body(t, NULL));
		transfer_free(t);
	}
	http_free(http);
	return good;
}

static bool
deliver(struct cli *cli, const struct board *b, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * MIB);
	const char *file = cli_value(cli, "output"), *to = cli_value(cli, "push");

	metrics_format(&text, b);
	if (text.full)
		return err_set(err, ERR_LIMIT, "There are more than 64 MiB of metrics.");
	if (file != NULL && !file_replace(file, text.buf, text.len, 0644, err))
		return false;
	if (to != NULL && !push(cli, to, b->site, &text, err))
		return false;
	if (file == NULL && to == NULL)
		str_addn(&cli->out, text.buf, text.len);
	return true;
}

static int
run_metrics(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct catalog *c;
	struct board b;
	bool good;

	if (!inventory_open(cli, &c, &err))
		return cli_fail(cli, &err);
	board_make(cli->arena, c, clock_now(), &b);
	good = deliver(cli, &b, &err);
	catalog_free(c);
	return good ? 0 : cli_fail(cli, &err);
}

static const struct cli_option metrics_options[] = {
	{"output", 'o', "FILE", "replace this file atomically (textfile collector)", "file"},
	{"push", 0, "URL", "put them to a Pushgateway, as the job lifeboat of this site", NULL},
	{"refresh", 0, NULL, "collect first", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_metrics = {
	.name = "metrics",
	.args = "",
	.summary = "the board in Prometheus's text format",
	.details =
		"Reads the cached catalog like `lifeboat board`. What is not known has no sample.\n"
		"Exit status: 0 when they were delivered, whatever the verdicts.",
	.options = metrics_options,
	.run = run_metrics,
};
