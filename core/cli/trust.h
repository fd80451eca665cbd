/*
 * trust: sealing the audit log and carrying its head to the site's anchors.
 *
 * Each anchor is spoken to by a process of its own (`lifeboat __anchor`), with a deadline: one
 * that hangs costs its time-out and nothing else (F06). How it went is kept in
 * $STATE/audit/anchors/NAME.json; a place that begins to fail, or works again, is a record in the
 * log (F07).
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "anchor/anchor.h"
#include "audit/seal.h"
#include "cli/cli.h"

struct trust_place {
	const struct anchor_conf *conf;
	bool good;
	struct err err; /* of the last attempt */
	anchor_list anchors;
};

struct trust_places {
	struct trust_place *v;
	size_t n;
};
void trust_places_done(struct trust_places *p);

/*
 * Seals; carries the head to the anchors that don't have it yet; rotates a log that has grown
 * beyond audit.rotate_at. True also when anchors failed: *ret says which.
 */
MUST_CHECK bool trust_seal(struct arena *a, const struct site *site, const char *state,
	struct seal_head *ret_head, struct trust_places *ret, struct err *err);
/* Before something runs: the anchors that the site requires take the head, or ERR_AUDIT. */
MUST_CHECK bool trust_gate(struct cli *cli, const char *state, struct err *err);
/* Behind a run: seals and anchors what its runner wrote, as far as that goes; never fails. */
void trust_after_run(struct cli *cli, const char *run_dir);
/* The log whose head an anchor of the site took last, by what is kept of that; NULL: none is. */
const char *trust_last_log(struct arena *a, const struct site *site, const char *state);
/* What all anchors that can be read have of this log. */
void trust_fetch(
	struct arena *a, const struct site *site, const char *file_id, struct trust_places *ret);

#endif
