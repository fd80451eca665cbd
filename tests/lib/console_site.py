"""console_site: a site for looking at: sets of backups in every verdict, made of files alone.

    site = console_site.make(boat)          # writes boat.site, the backups, and collects
    with site.console(boat, columns=80, rows=24) as s: ...

    BREACH   db/late-dump     the newest is 3 days old          db/empty: there is none
    UNKNOWN  away/config      the location's directory is not there
    LATE     cache/nightly    due, not yet breached
    ok       db/daily-dump    12 dumps, a day apart
"""
import json
import os
import time

import backup_site
import lifeboat
import runs
import screen as screen_module

HOUR = 3600
DUMPS = 12


class ConsoleSite(backup_site.Site):
    def __init__(self, boat):
        super().__init__(boat)
        self.gone = os.path.join(boat.dir, "gone")

    def write(self, name="aragora", extra=None):
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
        return self.screen("console", "--site", self.boat.site, *args, **kwargs)

    def begin(self, book, *args, user=None, **kwargs):
        """`lifeboat run` on a terminal, as another user where one is named."""
        argv = ["run", book, "--site", self.boat.site, *args]
        if user is None:
            return self.screen(*argv, **kwargs)
        return self.screen(command=["setpriv", f"--reuid={user}", f"--regid={user}",
                                    "--init-groups", lifeboat.binary(), *argv], **kwargs)

    def attach(self, run, *args, **kwargs):
        return self.screen("attach", run.id, *args, **kwargs)

    def screen(self, *args, **kwargs):
        env = {**self.boat.env, **kwargs.pop("env", {})}
        env.pop("TERM", None)
        return screen_module.Screen(args, env=env, **kwargs)


def restore_book(boat, restore="echo restored", smoke="true", **fields):
    """A restore into prod-db: looks, waits for a person, destroys, checks."""
    destroy = {"id": "restore", "kind": "command", "effect": "destroy", "sh": restore,
               "title": "Restore into {{target.name}}", "confirm": {"type": "{{target.name}}"},
               "expect": {"exit": 0}, "irreversible": "The old contents are dropped.",
               "budget": "1m", **fields}
    return runs.book(boat, [
        runs.command("look", "echo", "looking at {{target.name}}"),
        {"id": "stop-writes", "kind": "manual",
         "instruction": "Put {{target.name}} into maintenance mode."},
        destroy,
        {**runs.script("smoke", smoke, on_fail="ask"), "title": "The users table is populated"},
    ], parameters={"target": {"type": "target", "default": "prod-db"}}, rto="1h",
        done_when=["smoke"], title="Restore the database")


def make(boat):
    site = ConsoleSite(boat)
    site.write()
    site.fill()
    boat.run("collect")
    return site
