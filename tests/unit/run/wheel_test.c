#include "unit/run/crew.h"

#include "base/ident.h"

#define BOOK                                   \
	"schema: 1\nid: b\ntitle: B\nsteps:\n" \
	"  - {id: a, title: A, kind: command, run: [\"true\"]}\n"

static void
test_drives(void **state)
{
	crew_begin(BOOK, PLAN_LIVE);
	assert_true(wheel_drives(&crew, OPERATOR_UID));
	assert_true(wheel_drives(&crew, 0));
	assert_false(wheel_drives(&crew, ALICE_UID));
	/* A journal from before the wheel says no uid: whoever the runner is. */
	crew.state.operator_uid = -1;
	assert_true(wheel_drives(&crew, getuid()));
	assert_false(wheel_drives(&crew, ALICE_UID));
	crew_end();
}

static void
test_taken_only_when_offered(void **state)
{
	struct err err = ERR_INIT;

	crew_begin(BOOK, PLAN_LIVE);
	assert_false(wheel_take(&crew, ALICE_UID, IDENT_NOBODY, "alice@here", &err));
	assert_err(&err, ERR_REFUSED, "has not offered you the wheel");
	assert_false(wheel_offer(&crew, "ops@here", "", &err));
	assert_err(&err, ERR_USAGE, "to whom");
	assert_true(wheel_offer(&crew, "ops@here", "uid-4003", &err));
	assert_string_equal(crew.state.wheel_offer, "uid-4003");
	assert_false(wheel_take(&crew, ALICE_UID, IDENT_NOBODY, "alice@here", &err));
	assert_err(&err, ERR_REFUSED, "has not offered you the wheel");
	assert_true(wheel_withdraw(&crew, "ops@here", &err));
	assert_null(crew.state.wheel_offer);
	assert_false(wheel_withdraw(&crew, "ops@here", &err));
	assert_err(&err, ERR_REFUSED, "not offered");
	assert_false(wheel_take(&crew, BOB_UID, IDENT_NOBODY, "bob@here", &err));
	assert_err(&err, ERR_REFUSED, "has not offered you the wheel");
	crew_end();
}

static void
test_taken(void **state)
{
	struct err err = ERR_INIT;

	crew_begin(BOOK, PLAN_LIVE);
	memset(crew.approved, 'a', sizeof(crew.approved) - 1);
	assert_true(wheel_offer(&crew, "ops@here", "*", &err));
	assert_false(wheel_take(&crew, OPERATOR_UID, IDENT_NOBODY, "ops@here", &err));
	assert_err(&err, ERR_REFUSED, "You drive this run already");
	assert_true(wheel_take(&crew, BOB_UID, 4711, "bob@here", &err));
	assert_string_equal(crew.state.operator, "bob@here");
	assert_int_equal(crew.state.operator_uid, BOB_UID);
	assert_int_equal(crew.state.operator_login_uid, 4711);
	assert_null(crew.state.wheel_offer);
	assert_true(wheel_drives(&crew, BOB_UID));
	assert_false(wheel_drives(&crew, OPERATOR_UID));
	/* Consent was to what another one asked for. */
	assert_string_equal(crew.approved, "");
	crew_end();
}

TESTS(T(test_drives), T(test_taken_only_when_offered), T(test_taken))
