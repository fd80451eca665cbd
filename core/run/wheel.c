/*
 * wheel: who drives. It is handed over by an offer and its acceptance, both recorded.
 *
 * The runner goes on as the user who started it, so what runs after a hand-over runs with that
 * user's rights; who said so is in every record.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/ident.h"

bool
wheel_drives(const struct runner *r, uid_t uid)
{
	if (r->state.operator_uid >= 0)
		return (int64_t)uid == r->state.operator_uid || uid == 0;
	return uid == getuid() || uid == 0;
}

bool
wheel_offer(struct runner *r, const char *actor, const char *to, struct err *err)
{
	struct json *j;

	if (to == NULL || to[0] == '\0' || strlen(to) > 64)
		return err_set(
			err, ERR_USAGE, "Say to whom, or \"*\" for anybody who is attached.");
	j = ledger_data(r->ledger);
	json_string(j, "to", to);
	runner_end(r, NULL, "wheel.offered", actor);
	return true;
}

bool
wheel_withdraw(struct runner *r, const char *actor, struct err *err)
{
	if (r->state.wheel_offer == NULL)
		return err_set(err, ERR_REFUSED, "The wheel is not offered to anybody.");
	ledger_data(r->ledger);
	runner_end(r, NULL, "wheel.withdrawn", actor);
	return true;
}

bool
wheel_take(struct runner *r, uid_t uid, uid_t login_uid, const char *actor, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *offer = r->state.wheel_offer;
	struct json *j;

	if ((int64_t)uid == r->state.operator_uid)
		return err_set(err, ERR_REFUSED, "You drive this run already.");
	if (uid != 0 && (offer == NULL || (strcmp(offer, "*") != 0 &&
						  strcmp(offer, ident_user_name(&a, uid)) != 0))) {
		err_set(err, ERR_REFUSED, "%s has not offered you the wheel.", r->state.operator);
		return err_hint(err, "He does it with `lifeboat handover %s --to %s`.", r->id,
			ident_user_name(&a, uid));
	}
	j = ledger_data(r->ledger);
	json_string(j, "operator", actor);
	json_int(j, "uid", (int64_t)uid);
	json_int(j, "login_uid", login_uid != IDENT_NOBODY ? (int64_t)login_uid : -1);
	json_string(j, "from", r->state.operator);
	/* Consent was given to another operator's request. */
	r->approved[0] = '\0';
	if (runner_end(r, NULL, "wheel.taken", actor))
		server_roles_changed(r);
	return true;
}
