"""Three brokers: leaders move under load, then one broker is lost for good."""

from spanway import from_kafka, to_kafka, with_journal
from waiting import until

PARTITIONS = 6
LOAD = ["--rate", 1000, "--spans-per-request", 50]
MEMBERSHIP = {"group_id": "replicas", "session_timeout": "6s", "heartbeat_interval": "1s"}


def nothing_is_lost(lab):
    """With three replicas of which two must have a message, every acknowledged span is handed on by the consumers."""
    cluster = lab.brokers(3, min_insync_replicas=2)
    cluster.create_topic("replicas", PARTITIONS, replication=3)
    sink = lab.counting_sink()
    for name in ["first", "second"]:
        lab.gateway(name, from_kafka(cluster.bootstrap, ["replicas"], sink.url, **MEMBERSHIP))
    loads = [lab.load(name, writer(lab, cluster, name), *LOAD) for name in ["direct", "journal"]]
    sink.wait_for_more()

    for number in [1, 2, 3]:
        cluster.stop_broker(number)
        cluster.start_broker(number)
        sink.wait_for_more()
    settle_leaders(cluster)
    sink.wait_for_more()
    cluster.kill(2)
    sink.wait_for_more()

    notes = [finished(sink, load) for load in loads]
    return f"{'; '.join(notes)}; {sink.stats()['duplicates']} twice"


TESTS = [nothing_is_lost]


def writer(lab, cluster, name):
    parts = to_kafka(cluster.bootstrap, "replicas", retry_on_failure={"initial_interval": "100ms", "max_interval": "1s"})
    return lab.gateway(name, with_journal(parts, lab.directory / "storage") if name == "journal" else parts)


def settle_leaders(cluster):
    """Gives every partition back to the broker that is its first, once all have caught up."""
    with cluster.admin() as admin:

        def partitions():
            return [one for topic in admin.describe_topics(["replicas"]) for one in topic["partitions"]]

        until(lambda: all(len(one["isr_nodes"]) == 3 for one in partitions()), lambda: f"not in sync: {partitions()}")
        admin.elect_leaders(0, {"replicas": list(range(PARTITIONS))})
        until(lambda: all(led_by_the_first(one) for one in partitions()), lambda: f"other leaders: {partitions()}")


def led_by_the_first(partition):
    return partition["leader_id"] == partition["replica_nodes"][0]


def finished(sink, load):
    report, acknowledged = load.finish()
    sink.wait_for_all(acknowledged)
    return f"{report['spans_acknowledged']} acknowledged, the slowest after {report['latency_ms']['max'] / 1000:.1f} s"
