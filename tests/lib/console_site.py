"""console_site: a site for looking at: sets of backups in every verdict, made of files alone.

    site = console_site.make(boat)          # writes boat.site, the backups, and collects
    with site.console(boat, columns=80, rows=24) as s: ...

    BREACH   db/late-dump     the newest is 3 days old          db/empty: there is none
    UNKNOWN  away/config      the location's directory is not there
    LATE     cache/nightly    due, not yet breached
    ok       db/daily-dump    12 dumps, a day apart
"""
import os
import time

import backup_site
import screen as screen_module

HOUR = 3600
DUMPS = 12


class ConsoleSite(backup_site.Site):
    def __init__(self, boat):
        super().__init__(boat)
        self.gone = os.path.join(boat.dir, "gone")

    def write(self, name="aragora", extra=None):
        import json
        whole = {
            "site": name,
            "locations": {"local": {"directory": self.root}, "away": {"directory": self.gone}},
            "targets": {
                "prod-db": {"directory": os.path.join(self.boat.dir, "prod"),
                            "environment": "production"},
                "stage-db": {"directory": os.path.join(self.boat.dir, "stage"),
                             "environment": "staging"}},
            "assets": {
                "db": {"title": "The application's database", "sets": {
                    "daily-dump": {"type": "pg_dump", "location": "local",
                                   "path": "daily/app_{time:%Y%m%d_%H%M%S}.dump", "rpo": "26h",
                                   "rto": "1h"},
                    "late-dump": {"type": "pg_dump", "location": "local", "path": "late/",
                                  "rpo": "24h"},
                    "empty": {"type": "pg_dump", "location": "local", "path": "empty/",
                              "rpo": "24h"}}},
                "cache": {"sets": {
                    "nightly": {"type": "files", "location": "local", "path": "cache/",
                                "schedule": "*/15 * * * *", "rpo": "24h"}}},
                "away": {"sets": {
                    "config": {"type": "files", "location": "away", "path": "etc/",
                               "rpo": "24h"}}}},
            **(extra or {})}
        self.boat.write("site.yaml", json.dumps(whole))

    def fill(self):
        for i in range(DUMPS):
            age = i * 24 * HOUR + 2 * HOUR
            self.file(f"daily/app_{backup_site.stamp(age)}.dump",
                      backup_site.dump_header(time.time() - age) + b"x" * (1000 + 10 * i), age=age)
        self.file("late/old.dump", backup_site.dump_header(time.time() - 72 * HOUR), age=72 * HOUR)
        self.file("cache/snapshot.tar.gz", age=2 * HOUR)
        os.makedirs(os.path.join(self.root, "empty"), exist_ok=True)

    def console(self, *args, **kwargs):
        """The console on it, through tmux."""
        env = {**self.boat.env, **kwargs.pop("env", {})}
        env.pop("TERM", None)
        return screen_module.Screen(["console", "--site", self.boat.site, *args], env=env, **kwargs)


def make(boat):
    site = ConsoleSite(boat)
    site.write()
    site.fill()
    boat.run("collect")
    return site
