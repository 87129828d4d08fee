//! The detectors that read variables and what a container or pod is told.

use proptest::prelude::*;

use super::super::{container, env};
use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The variable is read as the Collector does: spaces, escapes, `+`, further equal signs, keys given twice.
#[test]
fn attributes_of_the_environment() {
    let of = |text: &str| env::attributes(text);
    assert_eq!(
        of(" a = 1 ,b=%C3%A9%2C+x,c=,d=e=f,a=2,%41=k , g\"h/i =t $ \" ,").unwrap(),
        [
            pair("a", "2"),
            pair("b", "é, x"),
            pair("c", ""),
            pair("d", "e=f"),
            pair("%41", "k"),
            pair("g\"h/i", "t $ \"")
        ]
    );
    assert_eq!(of("a,b=c").unwrap(), [pair("a,b", "c")]);
    assert_eq!(
        of(&format!("a={}", "v".repeat(256))).unwrap(),
        [pair("a", &"v".repeat(256))]
    );
    assert!(of(&format!("a={}", "v".repeat(257))).is_err());
    assert!(of(&format!("{}=v", "k".repeat(257))).is_err());
    for broken in ["x", "=x", "a=1,x", "a=é", "a=%4", "a=%zz", "a=%", "é=1"] {
        assert!(of(broken).is_err(), "{broken}: {:?}", of(broken));
    }
}

/// The older variable counts where the newer one is blank; without either nothing is detected.
#[test]
fn the_older_variable() {
    let root = files(&[]);
    let of = |variables: &[(&str, &str)]| {
        detect("{}", &surroundings(root.path(), variables, Table::default())).unwrap()
    };
    let (new, old) = ("OTEL_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE");
    assert_eq!(of(&[(new, " "), (old, "old=1")]), [pair("old", "1")]);
    assert_eq!(of(&[(new, "new=1"), (old, "old=1")]), [pair("new", "1")]);
    assert_eq!(of(&[]), []);
}

/// The id is found in the names that each runtime gives its control groups, and in nothing that only resembles it.
#[test]
fn ids_in_control_groups() {
    for sound in [
        format!("13:name=systemd:/docker/{ID}"),
        format!("1:cpu:/kubepods/burstable/pod0a1b/{ID}"),
        format!("0::/system.slice/docker-{ID}.scope"),
        format!("0::/kubepods.slice/kubepods-besteffort.slice/cri-containerd-{ID}.scope"),
        format!("1:cpu:/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:{ID}"),
        format!("0::/\n1:name=x:/lxc/{ID}\n"),
    ] {
        assert_eq!(container::in_cgroup(&sound).as_deref(), Some(ID), "{sound}");
    }
    let fargate = "1:cpu:/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-1234567";
    let expected = Some("0123456789abcdef0123456789abcdef-1234567");
    assert_eq!(container::in_cgroup(fargate).as_deref(), expected);
    for other in [
        "",
        "0::/",
        "0::/user.slice/user-1000.slice/session-3.scope",
        "0::/system.slice/abcdef.service",
        "x",
        &format!("0::/{}", ID.to_uppercase()),
        &format!("0::/{ID}0"),
    ] {
        assert_eq!(container::in_cgroup(other), None, "{other}");
    }
}

/// Where the control group is hidden the id is in what is mounted from the container's directory; the sandbox around it is
/// another one.
#[test]
fn ids_in_mounts() {
    let line = |root: &str| format!("482 480 254:1 {root} /etc/hostname rw - ext4 /dev/vda1 rw\n");
    let of = |root: &str| container::in_mounts(&(line("/") + &line(root)));
    let docker = format!("/var/lib/docker/containers/{ID}/hostname");
    let podman = format!("/containers/overlay-containers/{ID}/userdata/hostname");
    assert_eq!(of(&docker).as_deref(), Some(ID));
    assert_eq!(of(&podman).as_deref(), Some(ID));
    assert_eq!(of(&format!("/var/lib/containerd/sandboxes/{ID}/hostname")), None);
    assert_eq!(of("/var/lib/docker/containers"), None);
    assert_eq!(of(""), None);

    let root = files(&[
        ("proc/self/cgroup", "0::/\n"),
        ("proc/self/mountinfo", &line(&docker)),
    ]);
    let around = surroundings(root.path(), &[], Table::default());
    assert_eq!(
        detect("detectors: [container]", &around).unwrap(),
        [pair("container.id", ID)]
    );
}

/// The usual variables of a pod are read, their names can be changed and added to, and the namespace is known without.
#[test]
fn what_a_pod_is_told() {
    let root = files(&[("var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop\n")]);
    let variables = [
        ("POD_NAME", "web-1"),
        ("K8S_POD_NAME", ""),
        ("K8S_POD_UID", "u-1"),
        ("MY_NODE", "node-a"),
        ("TEAM", "red"),
        ("POD_IP", "10.0.0.7"),
    ];
    let around = surroundings(root.path(), &variables, Table::default());
    assert_eq!(
        detect("detectors: [k8s_downward]", &around).unwrap(),
        [
            pair("k8s.pod.name", "web-1"),
            pair("k8s.pod.uid", "u-1"),
            pair("k8s.pod.ip", "10.0.0.7"),
            pair("k8s.namespace.name", "shop")
        ]
    );
    let yaml = "{detectors: [k8s_downward], k8s_downward: {variables: {k8s.node.name: MY_NODE, team: TEAM, k8s.pod.ip: '', k8s.pod.uid: NONE}}}";
    assert_eq!(
        detect(yaml, &around).unwrap(),
        [
            pair("k8s.pod.name", "web-1"),
            pair("k8s.namespace.name", "shop"),
            pair("k8s.node.name", "node-a"),
            pair("team", "red")
        ]
    );
}

/// The process is this one, and its owner is found by its id; arguments are shown on demand alone.
#[test]
fn this_process() {
    let passwd = "root:x:0:0::/root:/bin/sh\nbroken\nweb:x:1000:1000::/:/bin/sh\n";
    let status = "Name:\tspanway\nUid:\t0\t1000\t0\t0\n";
    let root = files(&[("proc/self/status", status), ("etc/passwd", passwd)]);
    let around = surroundings(root.path(), &[], Table::default());
    let detected: HashMap<String, Value> = detect("detectors: [process]", &around)
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(detected["process.pid"], Value::Int(std::process::id().into()));
    assert_eq!(detected["process.owner"], text("web"));
    assert_eq!(detected["process.runtime.name"], text("rust"));
    assert!(detected.contains_key("process.executable.name"));
    assert!(!detected.contains_key("process.command_args"));

    let yaml = "{detectors: [process], process: {resource_attributes: {process.command_args: {enabled: true}, process.pid: {enabled: false}}}}";
    let detected: HashMap<String, Value> = detect(yaml, &around).unwrap().into_iter().collect();
    assert!(!detected.contains_key("process.pid"));
    assert!(matches!(&detected["process.command_args"], Value::Array(args) if !args.is_empty()));
}

proptest! {
    /// No text of the variable makes the detector panic, and keys are detected once.
    #[test]
    fn any_variable(text in "[a-c=, +%0-9é\\PC]{0,40}") {
        if let Ok(attributes) = env::attributes(&text) {
            let keys: std::collections::HashSet<_> = attributes.iter().map(|(key, _)| key).collect();
            prop_assert_eq!(keys.len(), attributes.len());
        }
    }

    /// Whatever stands in the kernel's files, what is found is an id.
    #[test]
    fn any_control_group(text in "([0-9]:[a-z]{0,3}:)?/?([a-z]{0,4}[-.:/]){0,3}([0-9a-f]{31,65}[-.]?[0-9]{0,3})?\\PC{0,9}") {
        for id in [container::in_cgroup(&text), container::in_mounts(&text)].into_iter().flatten() {
            prop_assert!(id.len() >= 34 && id.is_ascii(), "{}", id);
        }
    }
}
