"""A worker's report: whole at any instant, and honest about progress."""

import asyncio
import json
import os
from pathlib import Path

from streams.counters import Report
from streams.hop import Hop
from streams.models.cloudevent import encode_cloudevent
from tests.streams.rig import events
from tests.streams.world import Memory, Read, tally_plan


def test_the_report_tells_what_came_in_and_where_it_is(tmp_path: Path) -> None:
    memory = Memory()
    hop = Hop(tally_plan(), memory, lambda tenant: 0)
    report = Report(tmp_path / "run", "7", {"tally": hop})
    report.write(False, lambda name: None)
    before = json.loads(report.path.read_bytes())
    assert (before["pid"], before["ready"], before["hops"]["tally"]["lag"]) == (os.getpid(), False, None)
    one, two = [Read(event.entity.encode(), encode_cloudevent(event)) for event in events(1, 2)]
    asyncio.run(hop.take(memory.batch(one, two, one, Read(b"acme/a1", b"{"), topic="events.session")))
    report.write(True, {"tally": 5}.get)
    after = json.loads(report.path.read_bytes())["hops"]["tally"]
    assert after.pop("progress") > before["hops"]["tally"]["progress"]
    assert after == {"received": 3, "done": 2, "waiting": 0, "parked": 1, "records": 4, "lag": 5}
    assert list(report.path.parent.iterdir()) == [report.path]
    report.write(True, {"tally": 5}.get)
    stuck = json.loads(report.path.read_bytes())["hops"]["tally"]["progress"]
    report.write(True, {"tally": 6}.get)
    assert json.loads(report.path.read_bytes())["hops"]["tally"]["progress"] == stuck
    report.write(True, {"tally": 0}.get)  # an idle hop is not a stuck one
    assert json.loads(report.path.read_bytes())["hops"]["tally"]["progress"] > stuck
    report.remove()
    report.remove()
    assert not report.path.exists()
