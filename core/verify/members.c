#include "base/banned.h"
#include "verify/members.h"

#define DANGEROUS_MAX 10000

void
members_init(struct members *m, struct report *r, bool strict)
{
	*m = (struct members){.arena = r->arena, .strict = strict};
	report_faults_init(&m->faults, r, "members");
}

const char *
members_name(const struct tape_entry *e)
{
	const char *name = e->name;

	while (util_starts(name, "./"))
		name += 2;
	return name;
}

/* How deep below where it starts a path ends; -1 when it climbs out on its way. */
static int
depth(const char *path, int from)
{
	int d = from;

	for (const char *p = path; *p != '\0';) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			d--;
		else if (n > 0 && !(n == 1 && p[0] == '.'))
			d++;
		if (d < 0)
			return -1;
		p += n + strspn(p + n, "/");
	}
	return d;
}

/* A path in the archive must only go down. */
static bool
climbs(const char *path)
{
	for (const char *p = path; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return true;
	}
	return false;
}

static int
parents(const char *name)
{
	int d = depth(name, 0);

	return d > 0 ? d - 1 : 0;
}

static bool
leads_out(const struct tape_entry *e)
{
	if (e->link == NULL || e->link[0] == '/')
		return true;
	/* Symbolic links count from where they are, hard ones from the archive's root. */
	return depth(e->link, e->kind == TAPE_SYMLINK ? parents(members_name(e)) : 0) < 0;
}

static bool
below(const char *name, const char *link)
{
	size_t n = strlen(link);

	return strncmp(name, link, n) == 0 && name[n] == '/';
}

static bool
add_link(struct members *m, const struct tape_entry *e, struct err *err)
{
	const char *name = members_name(e);

	m->links++;
	if (!leads_out(e))
		return true;
	m->outward++;
	if (m->first_outward == NULL)
		m->first_outward = arena_fmt(m->arena, "%s -> %s", name, e->link);
	if (m->strict || e->kind == TAPE_HARDLINK)
		report_faults_add(&m->faults, "%s is a link that leads out, to %s", name, e->link);
	if (m->dangerous.n >= DANGEROUS_MAX)
		return err_set(err, ERR_LIMIT,
			"The archive holds more than %d links that lead out.", DANGEROUS_MAX);
	*vec_push(m->arena, &m->dangerous) = arena_strdup(m->arena, name);
	return true;
}

bool
members_add(struct members *m, const struct tape_entry *e, struct err *err)
{
	const char *name = members_name(e);

	if (e->name[0] == '/' || climbs(e->name))
		report_faults_add(&m->faults, "%s would be written elsewhere", e->name);
	for (size_t i = 0; i < m->dangerous.n; i++)
		if (below(name, m->dangerous.v[i]))
			report_faults_add(&m->faults, "%s would be written through the link %s",
				name, m->dangerous.v[i]);
	switch (e->kind) {
	case TAPE_FILE:
		m->files++;
		m->bytes += e->size > 0 ? (uint64_t)e->size : 0;
		return true;
	case TAPE_DIRECTORY: m->directories++; return true;
	case TAPE_SYMLINK:
	case TAPE_HARDLINK: return add_link(m, e, err);
	default: report_faults_add(&m->faults, "%s is a device, pipe or socket", name); return true;
	}
}

bool
members_end(struct members *m)
{
	struct report *r = m->faults.report;

	if (!report_faults_end(&m->faults))
		return false;
	report_add(r, PROOF_PASS, "members", "%llu files, %llu directories, %llu links%s%s%s",
		(unsigned long long)m->files, (unsigned long long)m->directories,
		(unsigned long long)m->links, m->outward > 0 ? ", some lead out of it (" : "",
		m->outward > 0 ? m->first_outward : "", m->outward > 0 ? ")" : "");
	return true;
}
