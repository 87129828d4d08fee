"""Consumers of one group come, go and die while spans are written."""

from members import assigned
from spans import plain
from spanway import from_kafka, to_kafka
from waiting import until

PARTITIONS = 6
SPANS_PER_SECOND = 2000
COMMIT_SECONDS = 0.5
# A partition that is handed over has nothing in flight and is committed. A member that is killed has not committed what
# one interval brings, nor what waits for the destination's and the broker's answers, at most so long on a busy machine.
IN_FLIGHT_SECONDS = 1
KILLS = 2
MOST_AT_KILLS = KILLS * SPANS_PER_SECOND * (COMMIT_SECONDS + IN_FLIGHT_SECONDS)
MEMBERSHIP = {
    "group_id": "group",
    "session_timeout": "3s",
    "heartbeat_interval": "500ms",
    "autocommit": {"interval": f"{int(COMMIT_SECONDS * 1000)}ms"},
}


def every_span_arrives(lab):
    """While members join, leave and are killed every acknowledged span arrives; only kills repeat any, and few."""
    lab.cluster.create_topic("group", PARTITIONS)
    sink = lab.counting_sink()
    writer = lab.gateway("writer", to_kafka(lab.cluster.bootstrap, "group"))
    group = Group(lab, "group")
    load = lab.load("load", writer, "--rate", SPANS_PER_SECOND, "--spans-per-request", 50)
    first = group.join(sink)
    sink.wait_for_more()
    second = group.join(sink)
    third = group.join(sink)
    group.leave(first)
    sink.wait_for_more()
    in_order = sink.stats()["duplicates"]
    group.kill(second)
    group.join(sink)
    group.kill(third)
    sink.wait_for_more()

    report, acknowledged = load.finish()
    sink.wait_for_all(acknowledged)
    at_kills = sink.stats()["duplicates"] - in_order
    notes = f"{report['spans_acknowledged']} acknowledged, twice: {in_order} at joins and a leave, {at_kills} at kills"
    assert in_order == 0 and at_kills <= MOST_AT_KILLS, notes
    return notes


def a_clean_restart_repeats_nothing(lab):
    """After a member has left in order the next begins where it was: no span is delivered twice."""
    lab.cluster.create_topic("clean", PARTITIONS)
    sink = lab.counting_sink()
    topic = lab.topic("clean")
    group = Group(lab, "clean")
    member = group.join(sink)
    write_to_each(topic, range(50))
    until(lambda: sink.stats()["spans"] >= 50 * PARTITIONS, "what was written before does not arrive")
    group.leave(member)

    group.join(sink)
    write_to_each(topic, [50])
    until(lambda: sink.stats()["distinct"] >= 51 * PARTITIONS, "what was written afterwards does not arrive")
    assert sink.stats()["duplicates"] == 0, f"{sink.stats()['duplicates']} spans arrived twice"
    return f"{sink.stats()['spans']} spans"


TESTS = [every_span_arrives, a_clean_restart_repeats_nothing]


class Group:
    """The members of one group, and what the broker says of them."""

    def __init__(self, lab, name):
        self._lab = lab
        self._name = name
        self._started = 0
        self._members = []
        self._admin = lab.admin()

    def join(self, sink):
        """Starts a member; returns it once the group has taken it in."""
        self._started += 1
        settings = {**MEMBERSHIP, "group_id": self._name}
        parts = from_kafka(self._lab.cluster.bootstrap, [self._name], sink.url, **settings)
        member = self._lab.gateway(f"{self._name}-{self._started}", parts)
        self._members.append(member)
        self._settle()
        return member

    def leave(self, member):
        member.stop()
        self._members.remove(member)
        self._settle()

    def kill(self, member):
        member.kill()
        self._members.remove(member)
        self._settle()

    def _settle(self):
        """Waits until the members share the partitions evenly, which a rebalance may reach in two steps."""
        shares = sorted(len(range(PARTITIONS)[number :: len(self._members)]) for number in range(len(self._members)))

        def shared():
            return sorted(map(len, assigned(self._admin, self._name).values()))

        until(lambda: shared() == shares, lambda: f"the members have {shared()} partitions, not {shares}")


def write_to_each(topic, numbers):
    """Writes a message of one span for each number into every partition."""
    spans = [(partition, f"partition {partition}", number) for number in numbers for partition in range(PARTITIONS)]
    topic.write([
        {"partition": partition, "value": plain(1, name, seed=number).SerializeToString()}
        for partition, name, number in spans
    ])
