#include "unit/testing.h"

#include "base/ident.h"

#include <pwd.h>
#include <sched.h>

static void
test_self(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct passwd *pw = getpwuid(getuid());
	struct ident id;

	unsetenv("SUDO_USER");
	unsetenv("SSH_CONNECTION");
	ident_self(&a, &id);
	assert_int_equal(id.uid, getuid());
	if (pw != NULL)
		assert_string_equal(id.user, pw->pw_name);
	assert_true(id.host[0] != '\0');
	assert_null(id.sudo_user);
	assert_null(id.ssh_from);
	assert_string_equal(ident_text(&a, &id), arena_fmt(&a, "%s@%s", id.user, id.host));
}

static void
test_origin(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct ident id;

	setenv("SUDO_USER", "ops\x1b[2J", 1);
	setenv("SSH_CONNECTION", "10.0.0.7 51000 10.0.0.1 22", 1);
	ident_self(&a, &id);
	assert_string_equal(id.sudo_user, "ops\\x1b[2J");
	assert_string_equal(id.ssh_from, "10.0.0.7");
	id.user = "root";
	id.host = "bastion-1";
	assert_string_equal(
		ident_text(&a, &id), "root@bastion-1 (sudo from ops\\x1b[2J, ssh from 10.0.0.7)");
	id.ssh_from = NULL;
	assert_string_equal(ident_text(&a, &id), "root@bastion-1 (sudo from ops\\x1b[2J)");
	id.sudo_user = NULL;
	id.ssh_from = "::1";
	assert_string_equal(ident_text(&a, &id), "root@bastion-1 (ssh from ::1)");
	setenv("SUDO_USER", "", 1);
	setenv("SSH_CONNECTION", "", 1);
	ident_self(&a, &id);
	assert_null(id.sudo_user);
	assert_null(id.ssh_from);
}

static void
test_user_name(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_string_equal(ident_user_name(&a, 0), "root");
	assert_string_equal(ident_user_name(&a, 4000000000u), "uid-4000000000");
}

static void
no_host_name(void *arg)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct ident id;

	if (unshare(CLONE_NEWUTS) < 0 || sethostname("", 0) < 0)
		test_end_child(77);
	ident_self(&a, &id);
	if (strcmp(id.host, "localhost") != 0)
		_exit(1);
}

static void
test_no_host_name(void **state)
{
	char said[100];
	int status = test_in_child(no_host_name, NULL, said, sizeof(said));

	if (status == 77)
		skip(); /* no right to rename a host */
	assert_int_equal(status, 0);
}

TESTS(T(test_no_host_name), T(test_self), T(test_origin), T(test_user_name))
