/*
 * audit_export: `lifeboat audit export`: records for other programs and other people.
 *
 *   jsonl   the lines as they are, which whoever has the key can verify; with --redact without
 *           what is to stay here, which nobody can
 *   csv     one row a record
 *   bundle  a directory with all that a third party needs to verify the log
 *
 * Only what verifies is exported: behind damage there is nothing that could be relied on. A log
 * that is damaged is told so on standard error, and the exit status is 1 (F30).
 */
#include "base/banned.h"
#include "cli/audit_cmd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "conf/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SALT 32

struct export
{
	struct cli *cli;
	const char *path;
	const struct audit_report *report;
	const char **redact;
	size_t nredact;
	unsigned char salt[SALT]; /* of this export: equal values stay equal, and no more */
	bool csv;
};

static bool
hidden(const struct export *e, const char *field)
{
	for (size_t i = 0; i < e->nredact; i++)
		if (strcmp(e->redact[i], field) == 0)
			return true;
	return false;
}

/* F40: keyed, so that a dictionary does not find the value. */
static void
mask(const struct export *e, const char *value, char ret[DIGEST_HEX + 10])
{
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_hmac(e->salt, SALT, value, strlen(value), sum);
	snprintf(ret, DIGEST_HEX + 10, "redacted:%.12s", digest_hex(sum, DIGEST_SIZE, hex));
}

static void
add_field(const struct export *e, struct json *j, const char *name, const cJSON *record)
{
	const char *value = json_get_text(record, name);
	char masked[DIGEST_HEX + 10];

	if (value != NULL && hidden(e, name)) {
		mask(e, value, masked);
		value = masked;
	}
	json_string(j, name, value);
}

/* The record's data, in one line, with what is to stay here replaced. */
static void
add_data(const struct export *e, struct str *out, const cJSON *data)
{
	CLEANUP(str_done) struct str value = STR_INIT(RECORD_MAX);
	struct json j = json_new(out);
	const cJSON *it;
	char masked[DIGEST_HEX + 10];

	if (hidden(e, "data")) {
		json_print(&value, data);
		mask(e, str_text(&value), masked);
		json_quote(out, masked, strlen(masked));
		return;
	}
	json_object(&j, NULL);
	cJSON_ArrayForEach(it, data)
	{
		CLEANUP(str_done) struct str name = STR_INIT(KIB);

		str_cut(&value, 0);
		json_print(&value, it);
		str_fmt(&name, "data.%s", it->string);
		if (hidden(e, str_text(&name))) {
			mask(e, str_text(&value), masked);
			json_string(&j, it->string, masked);
		} else
			json_raw(&j, it->string, str_text(&value));
	}
	json_object_end(&j);
}

/* What is hidden as a field does not show inside the data of the same record either. */
static void
hide_copies(const struct export *e, const cJSON *record, struct str *data)
{
	static const char *const names[] = {"run", "step", "actor"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(str_done) struct str quoted = STR_INIT(RECORD_MAX);
		CLEANUP(str_done) struct str out = STR_INIT(2 * RECORD_MAX);
		const char *value = json_get_text(record, names[i]), *from, *at;
		char masked[DIGEST_HEX + 10];

		if (value == NULL || strlen(value) < 3 || !hidden(e, names[i]))
			continue;
		mask(e, value, masked);
		json_quote(&quoted, value, strlen(value));
		str_cut(&quoted, quoted.len - 1);
		for (from = str_text(data); (at = strstr(from, quoted.buf + 1)) != NULL;
			from = at + quoted.len - 1) {
			str_addn(&out, from, (size_t)(at - from));
			str_add(&out, masked);
		}
		str_add(&out, from);
		str_cut(data, 0);
		str_addn(data, out.buf, out.len);
	}
}

/* RFC 4180; what a spreadsheet would take for a formula gets a quote in front. */
static void
csv_cell(struct str *out, const char *text, size_t len)
{
	CLEANUP(str_done) struct str seen = STR_INIT(4 * RECORD_MAX);

	text_visible(&seen, text, len, 0);
	str_addc(out, '"');
	if (len > 0 && strchr("=+-@\t\r", text[0]) != NULL)
		str_addc(out, '\'');
	for (const char *p = str_text(&seen); *p != '\0'; p++) {
		if (*p == '"')
			str_addc(out, '"');
		str_addc(out, *p);
	}
	str_addc(out, '"');
}

static void
put_csv(const struct export *e, const cJSON *record, const struct record_link *link)
{
	static const char *const names[] = {"at", "run", "step", "event", "actor"};
	CLEANUP(str_done)
	struct str row = STR_INIT(8 * RECORD_MAX), data = STR_INIT(2 * RECORD_MAX);
	char masked[DIGEST_HEX + 10];

	str_fmt(&row, "%llu,", (unsigned long long)link->seq);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = json_get_text(record, names[i]);

		if (value != NULL && hidden(e, names[i])) {
			mask(e, value, masked);
			value = masked;
		}
		if (value != NULL)
			csv_cell(&row, value, strlen(value));
		str_addc(&row, ',');
	}
	add_data(e, &data, json_get(record, "data"));
	hide_copies(e, record, &data);
	csv_cell(&row, str_text(&data), data.len);
	str_fmt(&row, ",%.64s\r\n", link->hash);
	cli_print(e->cli, "%s", str_text(&row));
}

static void
put_redacted(const struct export *e, const cJSON *record, const struct record_link *link)
{
	CLEANUP(str_done)
	struct str row = STR_INIT(4 * RECORD_MAX), data = STR_INIT(2 * RECORD_MAX);
	struct json j = json_new(&row);

	json_object(&j, NULL);
	json_int(&j, "seq", (int64_t)link->seq);
	add_field(e, &j, "at", record);
	add_field(e, &j, "run", record);
	add_field(e, &j, "step", record);
	add_field(e, &j, "event", record);
	add_field(e, &j, "actor", record);
	add_data(e, &data, json_get(record, "data"));
	hide_copies(e, record, &data);
	json_raw(&j, "data", str_text(&data));
	json_fmt(&j, "hash", "%.64s", link->hash);
	json_bool(&j, "redacted", true);
	json_object_end(&j);
	cli_print(e->cli, "%s\n", str_text(&row));
}

static void
put_line(const struct export *e, const char *line, size_t len, const struct record_link *link)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *j = NULL;

	if (!e->csv && e->nredact == 0) {
		cli_print(e->cli, "%.*s\n", (int)len, line);
		return;
	}
	j = json_parse(line, len, &ignored);
	if (e->csv)
		put_csv(e, j, link);
	else
		put_redacted(e, j, link);
}

/* Part number `part` of the log, and where to find it. */
static const char *
part_path(const struct export *e, uint64_t part)
{
	const char *numbered = chain_part_path(e->cli->arena, e->path, part);

	return part < e->report->parts || file_exists(numbered) ? numbered : e->path;
}

/* As many records as have been verified. */
static bool
put_records(const struct export *e, struct err *err)
{
	uint64_t left = e->report->records;
	char *line = NULL;
	size_t cap = 0;
	bool good = true;

	for (uint64_t part = 1; good && left > 0 && part <= e->report->parts; part++) {
		const char *name = part_path(e, part);
		FILE *f = fopen(name, "re");
		ssize_t n;

		if (f == NULL) {
			good = err_sys(err, ERR_IO, errno, "Cannot open the log %s", name);
			break;
		}
		while (left > 0 && (n = getline(&line, &cap, f)) > 0) {
			struct record_link link;

			n -= line[n - 1] == '\n';
			if (!record_check(line, (size_t)n, &link)) {
				good = err_set(
					err, ERR_DAMAGED, "%s changed while it was read.", name);
				break;
			}
			left--;
			put_line(e, line, (size_t)n, &link);
		}
		fclose(f);
	}
	free(line);
	return good;
}

static bool
copy_in(const struct export *e, const char *dir, const char *from, struct err *err)
{
	const char *to = path_join(e->cli->arena, dir, path_base(from));
	CLEANUP(util_close) int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP(util_close) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	CLEANUP(util_free) char *chunk = util_alloc(256 * KIB);
	off_t at = 0;
	ssize_t n;

	if (in < 0 || out < 0)
		return err_sys(err, ERR_IO, errno, "Cannot copy %s to %s", from, to);
	while ((n = file_pread(in, chunk, 256 * KIB, at)) > 0) {
		if (!file_write_all(out, chunk, (size_t)n))
			return err_sys(err, ERR_IO, errno, "Cannot write %s", to);
		at += n;
	}
	return n == 0 || err_sys(err, ERR_IO, errno, "Cannot read %s", from);
}

static bool
write_keys(const struct export *e, const char *dir, const struct audit_measure *m, struct err *err)
{
	CLEANUP(str_done) struct str pem = STR_INIT(MIB);

	for (size_t i = 0; i < m->trust.keys.n; i++)
		public_key_pem(&m->trust.keys.v[i], &pem);
	return pem.len == 0 ||
	       file_replace(path_join(e->cli->arena, dir, "keys.pem"), pem.buf, pem.len, 0644, err);
}

static bool
write_anchors(
	const struct export *e, const char *dir, const struct audit_measure *m, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * MIB);

	for (size_t i = 0; i < m->trust.nanchors; i++) {
		const struct audit_anchor *it = &m->trust.anchors[i];
		struct anchor a = {
			.site = it->from, .file_id = it->file_id, .seq = it->seq, .hash = it->hash};

		anchor_format(&text, &a);
		str_addc(&text, '\n');
	}
	return text.len == 0 || file_replace(path_join(e->cli->arena, dir, "anchors.jsonl"),
					text.buf, text.len, 0644, err);
}

static bool
write_readme(
	const struct export *e, const char *dir, const struct audit_measure *m, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	char hex[DIGEST_HEX];

	str_fmt(&text,
		"The audit log %s, %llu records, as exported.\n\nTo verify it:\n\n"
		"    lifeboat audit verify --file %s%s%s\n\n",
		e->report->file_id, (unsigned long long)e->report->records, path_base(e->path),
		m->trust.keys.n > 0 ? " --key keys.pem" : "",
		m->trust.nanchors > 0 ? " --anchors anchors.jsonl" : "");
	if (m->trust.keys.n > 0) {
		public_key_fingerprint(&m->trust.keys.v[0], hex);
		str_fmt(&text,
			"The log began with the key whose SHA-256 is\n\n    %s\n\nA bundle can't "
			"vouch for itself: compare this, and the anchors, with what you\nhave from "
			"elsewhere. ",
			hex);
	}
	str_add(&text, "docs/audit.md describes the format, exactly enough for a verifier of your "
		       "own.\n");
	return file_replace(
		path_join(e->cli->arena, dir, "README.txt"), text.buf, text.len, 0644, err);
}

static bool
put_bundle(const struct export *e, const struct audit_measure *m, struct err *err)
{
	const char *dir = cli_value(e->cli, "output");

	if (dir == NULL || e->nredact > 0) {
		err_set(err, ERR_USAGE, "A bundle needs --output DIR, and can't be redacted.");
		return err_hint(err, "What is redacted can't be verified: jsonl or csv.");
	}
	if (mkdir(dir, 0750) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make the directory %s", dir);
	for (uint64_t part = 1; part <= e->report->parts; part++)
		if (!copy_in(e, dir, part_path(e, part), err))
			return false;
	return write_keys(e, dir, m, err) && write_anchors(e, dir, m, err) &&
	       write_readme(e, dir, m, err);
}

static bool
check_redact(const struct export *e, struct err *err)
{
	static const char *const names[] = {"run", "step", "actor", "data"};

	for (size_t i = 0; i < e->nredact; i++) {
		bool known = util_starts(e->redact[i], "data.");

		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			known = known || strcmp(e->redact[i], names[k]) == 0;
		if (!known)
			return err_set(err, ERR_USAGE,
				"--redact takes run, step, actor, data or data.NAME, not \"%s\".",
				e->redact[i]);
	}
	return true;
}

static bool
export_all(struct export *e, const struct audit_measure *m, const char *format, struct err *err)
{
	digest_random(e->salt, sizeof(e->salt));
	if (util_streq(format, "bundle"))
		return put_bundle(e, m, err);
	e->csv = util_streq(format, "csv");
	if (e->csv)
		cli_print(e->cli, "seq,at,run,step,event,actor,data,hash\r\n");
	return put_records(e, err);
}

int
audit_cmd_export(struct cli *cli)
{
	struct export e = {.cli = cli};
	struct err err = ERR_INIT;
	struct audit_measure m = {0};
	struct audit_report r = {0};
	const char *format;
	int status;

	e.nredact = cli_values(cli, "redact", &e.redact);
	if (!cli_format(cli, "jsonl csv bundle", &format, &err) || !check_redact(&e, &err) ||
		(e.path = audit_cmd_path(cli, &err)) == NULL ||
		!audit_cmd_measure(cli, e.path, &m, &err) ||
		!audit_verify(e.path, &m.trust, &r, &err)) {
		audit_measure_done(&m);
		return cli_fail(cli, &err);
	}
	e.report = &r;
	if (!export_all(&e, &m, format, &err))
		status = cli_fail(cli, &err);
	else if ((status = audit_verdict_status(r.verdict)) != 0) {
		err_set(&err, status == 1 ? ERR_DAMAGED : ERR_UNSUPPORTED,
			"The log is %s: %s Only the %llu records before that are exported.",
			audit_verdict_name(r.verdict), r.why, (unsigned long long)r.records);
		status = cli_fail(cli, &err);
	}
	audit_report_done(&r);
	audit_measure_done(&m);
	return status;
}
