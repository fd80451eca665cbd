"""What every Python test may ask for. The servers live in tests/lib, one module each; they start
when the first test wants them and are shared by the session."""
import collections
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import bad_http  # noqa: E402
import lifeboat as lifeboat_module  # noqa: E402
import postgres_server  # noqa: E402
import redis_instance  # noqa: E402
import s3_server  # noqa: E402

TEST_SECONDS = int(os.environ.get("LIFEBOAT_TEST_SECONDS", "180"))


def pytest_configure(config):
    config.addinivalue_line("markers", "seconds(n): this test may take n seconds")


def pytest_collection_modifyitems(items):
    """The files that take long come first, so that no worker is left alone with one at the end. How long:
    by the number of their tests, and by what those start."""
    weight = {"live": 4, "screen": 3, "fault": 2}
    tests = collections.Counter(item.path for item in items)
    items.sort(key=lambda item: (-tests[item.path] * weight.get(item.path.parent.name, 1),
                                 str(item.path)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A test that hangs fails instead of holding everything up."""
    marker = item.get_closest_marker("seconds")
    seconds = marker.args[0] if marker else TEST_SECONDS

    def too_long(_signal, _frame):
        raise TimeoutError(f"the test did not end within {seconds} s")
    old = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    item.cpu_before = sum(os.times()[:4])
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    """What a test cost, with what it started and waited for: tests/check lists it."""
    yield
    item.user_properties.append(("cpu", f"{sum(os.times()[:4]) - item.cpu_before:.2f}"))


def _server(make):
    try:
        return make()
    except RuntimeError as e:
        if "not installed" in str(e) or "extended attributes" in str(e):
            pytest.skip(str(e))
        raise


@pytest.fixture
def boat(tmp_path):
    """The program under test in a directory of its own."""
    if not os.path.exists(lifeboat_module.binary()):
        pytest.fail(f"{lifeboat_module.binary()} is not built")
    it = lifeboat_module.Lifeboat(tmp_path)
    yield it
    assert it.findings() == ""


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL for the session: make databases of your own in it."""
    server = _server(postgres_server.PostgresServer)
    yield server
    server.remove()


@pytest.fixture
def postgres_factory():
    """Servers with settings of their own: postgres_factory(settings={...}, initdb=[...])."""
    made = []

    def make(**kwargs):
        made.append(_server(lambda: postgres_server.PostgresServer(**kwargs)))
        return made[-1]
    yield make
    for server in made:
        server.remove()


@pytest.fixture
def redis_factory():
    made = []

    def make(**kwargs):
        made.append(_server(lambda: redis_instance.RedisInstance(**kwargs)))
        return made[-1]
    yield make
    for server in made:
        server.remove()


@pytest.fixture
def redis_server(redis_factory):
    return redis_factory()


@pytest.fixture(scope="session")
def s3():
    """One S3 server for the session, HTTP and HTTPS: make buckets of your own in it."""
    server = _server(lambda: s3_server.S3Server(with_tls=True))
    yield server
    server.remove()


@pytest.fixture
def bad_server():
    """bad_server(answer, certificate=None) -> bad_http.BadHttp; see there for ready answers."""
    made = []

    def make(answer, certificate=None):
        made.append(bad_http.BadHttp(answer, certificate))
        return made[-1]
    yield make
    for server in made:
        server.stop()
