"""Apache Kafka on loopback: brokers of a cluster in KRaft mode, each also a controller.

    broker.py DIRECTORY [--brokers N]

Runs a cluster with its data in DIRECTORY until it is interrupted; prints one line of JSON with its bootstrap servers.
"""

import argparse
import filecmp
import json
import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "harness"))
from ports import lasting_ports

JARS = HERE.parent / ".cache/kafka"

START_SECONDS = 60
STOP_SECONDS = 30

# A small heap, and a compiler that is quick rather than good: most brokers live for a minute.
JVM = ["-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

USER = "spanway"
PASSWORD = "spanway-secret"
SCRAM = ["SCRAM-SHA-256", "SCRAM-SHA-512"]

PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listeners=CONTROLLER://127.0.0.1:{controller},{listeners}
advertised.listeners={listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,TLS:SSL,MTLS:SSL,SASL:SASL_SSL
log.dirs={data}
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=true
num.partitions=1
default.replication.factor={replicas}
min.insync.replicas={min_insync_replicas}
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""

SECURE_PROPERTIES = """\
ssl.keystore.type=PEM
ssl.keystore.location={server_keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
listener.name.mtls.ssl.client.auth=required
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,{scram}
listener.name.sasl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
"""

SCRAM_PROPERTY = """\
listener.name.sasl.{mechanism}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
"""

logging.getLogger("kafka").setLevel(logging.CRITICAL)


class BrokerFailed(Exception):
    """A broker does not run as it should; says what it wrote."""


class Cluster:
    """Brokers numbered from 1. With `certificates` each also listens with TLS, mTLS and SASL, see `listener`."""

    def __init__(self, directory, brokers=1, min_insync_replicas=1, certificates=None):
        self.directory = Path(directory).resolve()
        self._min_insync_replicas = min_insync_replicas
        self._certificates = certificates
        self._ports = {number: dict(zip(self._listeners(), ports)) for number, ports in self._choose_ports(brokers)}
        self._running = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def bootstrap(self):
        """Where clients without encryption connect."""
        return self.listener("PLAIN")

    def listener(self, name):
        """Where clients of PLAIN, TLS, MTLS or SASL connect: the addresses of all brokers."""
        return ",".join(f"127.0.0.1:{ports[name]}" for ports in self._ports.values())

    def start(self):
        """Formats and starts every broker; returns when all answer and know each other."""
        install()
        self._each(self._format)
        for number in self._ports:
            self._launch(number)
        for number in self._ports:
            self._wait_until_ready(number)

    def stop(self):
        """Ends every broker at once; what they have is on disk."""
        for number in list(self._running):
            self.kill(number)

    def start_broker(self, number):
        """Starts a broker that was stopped or killed, with its ports and its data."""
        self._launch(number)
        self._wait_until_ready(number)

    def stop_broker(self, number):
        """Shuts a broker down in order: it hands its partitions over first."""
        process = self._running.pop(number)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise BrokerFailed(f"broker {number} did not stop in {STOP_SECONDS} s") from None

    def kill(self, number):
        """Ends a broker with SIGKILL."""
        self._running[number].kill()
        self._running.pop(number).wait()

    def admin(self):
        """A client for administration, to be closed by the caller."""
        return KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","))

    def create_topic(self, name, partitions=1, replication=1, **configs):
        """Creates a topic; `max_message_bytes=1000` stands for `max.message.bytes`. It has leaders on return."""
        settings = {key.replace("_", "."): str(value) for key, value in configs.items()}
        topic = {"num_partitions": partitions, "replication_factor": replication, "configs": settings}
        with self.admin() as admin:
            admin.create_topics({name: topic}, wait_for_metadata=True)

    # === one broker ===

    def _listeners(self):
        return ["CONTROLLER", "PLAIN", *(["TLS", "MTLS", "SASL"] if self._certificates else [])]

    def _choose_ports(self, brokers):
        each = len(self._listeners())
        ports = lasting_ports(brokers * each)
        return [(number + 1, ports[number * each :][:each]) for number in range(brokers)]

    def _properties(self, number):
        ports = self._ports[number]
        replicas = min(3, len(self._ports))
        text = PROPERTIES.format(
            number=number,
            voters=",".join(f"{each}@127.0.0.1:{self._ports[each]['CONTROLLER']}" for each in self._ports),
            controller=ports["CONTROLLER"],
            listeners=",".join(f"{name}://127.0.0.1:{ports[name]}" for name in ports if name != "CONTROLLER"),
            data=self.directory / f"broker-{number}",
            replicas=replicas,
            min_insync_replicas=self._min_insync_replicas,
        )
        if self._certificates:
            text += SECURE_PROPERTIES.format(
                server_keystore=self._certificates.server_keystore,
                ca=self._certificates.ca,
                scram=",".join(SCRAM),
                user=USER,
                password=PASSWORD,
            )
            text += "".join(SCRAM_PROPERTY.format(mechanism=mechanism.lower()) for mechanism in SCRAM)
        return text

    def _properties_file(self, number):
        return self.directory / f"broker-{number}.properties"

    def _log_file(self, number):
        return self.directory / f"broker-{number}.log"

    def _format(self, number):
        """Starts to write a broker's empty data directory; one that has data stays as it is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._properties_file(number).write_text(self._properties(number))
        command = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", "c3BhbndheS1vbi1rYWZrYQ"]
        command += ["--config", self._properties_file(number)]
        if self._certificates:
            for mechanism in SCRAM:
                command += ["--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]"]
        return self._java(number, command)

    def _each(self, begin):
        """Begins a process for each broker, and waits until all have done what they do."""
        begun = {number: begin(number) for number in self._ports}
        for number, process in begun.items():
            if process.wait(START_SECONDS) != 0:
                raise BrokerFailed(self._last_words(number))

    def _launch(self, number):
        self._running[number] = self._java(number, ["kafka.Kafka", self._properties_file(number)])

    def _java(self, number, command):
        logging_by = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        with open(self._log_file(number), "ab") as log:
            return subprocess.Popen(
                ["java", *JVM, logging_by, "-cp", f"{JARS}/*", *command], stdout=log, stderr=log, cwd=self.directory
            )

    def _wait_until_ready(self, number):
        """Waits until the broker answers a request for metadata and knows all that run."""
        address = f"127.0.0.1:{self._ports[number]['PLAIN']}"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._running[number].poll() is None:
            if known_brokers(address) >= self._running.keys():
                return
            time.sleep(0.05)
        raise BrokerFailed(self._last_words(number))

    def _last_words(self, number):
        log = self._log_file(number).read_text(errors="replace")[-4000:]
        return f"broker {number} does not run; its log ends with:\n{log}"


def known_brokers(address):
    """The numbers of the brokers that the one at this address knows; none while it does not answer."""
    try:
        socket.create_connection(address.split(":"), timeout=1).close()
        with KafkaAdminClient(bootstrap_servers=address, bootstrap_timeout_ms=2000) as admin:
            return {broker["broker_id"] for broker in admin.describe_cluster()["brokers"]}
    except (KafkaError, OSError):
        return set()


def install():
    """Fetches the broker's jars with Maven, once for each pom.xml."""
    pom, installed = HERE / "pom.xml", JARS / "pom.xml"
    if installed.exists() and filecmp.cmp(pom, installed, shallow=False):
        return
    shutil.rmtree(JARS, ignore_errors=True)
    JARS.mkdir(parents=True)
    copy = ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", pom]
    subprocess.run([*copy, "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"], check=True)
    shutil.copy(pom, installed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--brokers", type=int, default=1)
    options = parser.parse_args()
    for one in [signal.SIGINT, signal.SIGTERM]:
        signal.signal(one, lambda *_: sys.exit())
    with Cluster(options.directory, options.brokers) as cluster:
        print(json.dumps({"bootstrap": cluster.bootstrap}), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
