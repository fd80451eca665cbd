"""verify_site: a site file of one asset, "db", with the sets that a test wants to prove."""
import json


class Site:
    def __init__(self, boat, directory, sets, location=None):
        boat.write("site.yaml", json.dumps({
            "site": "t", "locations": {"here": location or {"directory": directory}},
            "assets": {"db": {"sets": sets}}}))
        self.boat = boat

    def row(self, name):
        board = self.boat.run("board", "--refresh", "--format", "json").json()
        return next(s for s in board["sets"] if s["set"] == name)


def dump_set(**fields):
    return {"type": "pg_dump", "location": "here", "path": "pg/", "rpo": "1000d", **fields}
