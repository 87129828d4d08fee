use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::*;

fn of(endpoint: &str, transport: Transport) -> Place<'_> {
    Place {
        endpoint,
        transport,
        mode: "",
    }
}

/// An endpoint's host and port, and clear words about what is not one.
#[test]
fn endpoints_are_split() {
    assert_eq!(split("localhost:4317").unwrap(), ("localhost", 4317));
    assert_eq!(split(":0").unwrap(), ("", 0));
    assert_eq!(split("[::1]:80").unwrap(), ("::1", 80));
    for (endpoint, words) in [
        ("localhost", "has no port"),
        ("localhost:http", "does not end in a port"),
        ("localhost:65536", "does not end in a port"),
        ("::1:80", "brackets"),
        ("http://localhost:80", "no scheme"),
    ] {
        let error = split(endpoint).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains(endpoint), "{error}");
    }
}

/// `localhost` with any free port is reached on each of its addresses, under the same port.
#[tokio::test]
async fn localhost_is_every_loopback_address() {
    let listener = Listener::bind(Place::tcp("localhost:0")).await.unwrap();
    let addresses = listener.addresses().unwrap();
    assert!(addresses.iter().any(|address| address.is_ipv4()));
    assert!(
        addresses
            .iter()
            .all(|address| address.port() == addresses[0].port())
    );
    for address in addresses {
        let client = TcpStream::connect(address);
        let ((mut server, peer), client) = tokio::join!(listener.accept(), client);
        let mut client = client.unwrap();
        assert_eq!(peer, Some(client.local_addr().unwrap()));
        assert!(matches!(&server, Socket::Tcp(server) if server.nodelay().unwrap()));
        client.write_all(b"hello").await.unwrap();
        let mut got = [0; 5];
        server.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"hello");
    }
}

/// A family restricts the addresses.
#[tokio::test]
async fn a_family_is_obeyed() {
    let listener = Listener::bind(of("localhost:0", Transport::Tcp4)).await.unwrap();
    assert!(listener.addresses().unwrap().iter().all(SocketAddr::is_ipv4));
    let error = Listener::bind(of("127.0.0.1:0", Transport::Tcp6))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("127.0.0.1:0"), "{error}");
}

/// A port that is taken is an error that names the endpoint, even when a second address would be free.
#[tokio::test]
async fn a_taken_port_is_an_error() {
    let first = Listener::bind(Place::tcp("127.0.0.1:0")).await.unwrap();
    let port = first.addresses().unwrap()[0].port();
    let endpoint = format!("localhost:{port}");
    let error = Listener::bind(Place::tcp(&endpoint)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&endpoint), "{error}");
}

/// Only what this machine alone reaches counts as local; what cannot be known counts as public.
#[test]
fn local_endpoints() {
    for endpoint in [
        "localhost:1",
        "LocalHost:1",
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "[::ffff:127.0.0.1]:1",
    ] {
        assert!(is_local(endpoint), "{endpoint}");
    }
    for endpoint in [
        "0.0.0.0:1",
        ":1",
        "[::]:1",
        "192.168.1.1:1",
        "[2001:db8::1]:1",
        "gateway:1",
        "localhost.example:1",
        "nonsense",
    ] {
        assert!(!is_local(endpoint), "{endpoint}");
    }
}

/// A Unix socket has the mode that was asked for, takes over from a process that was killed but not from one that lives, and is
/// gone when nobody listens any more.
#[tokio::test]
async fn a_unix_socket() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("otlp.sock");
    let endpoint = path.to_str().unwrap();
    // What a killed process leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let place = Place {
        mode: "0660",
        ..of(endpoint, Transport::Unix)
    };
    let listener = Listener::bind(place).await.unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o660
    );
    assert_eq!(listener.names().unwrap(), [endpoint]);
    let ((mut server, peer), client) = tokio::join!(listener.accept(), UnixStream::connect(&path));
    assert_eq!(peer, None);
    client.unwrap().write_all(b"hello").await.unwrap();
    let mut got = [0; 5];
    server.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
    let error = Listener::bind(place).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
    drop(listener);
    assert!(!path.exists());
    // What is no socket is nobody's to remove.
    std::fs::write(&path, "notes").unwrap();
    assert!(Listener::bind(place).await.is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"notes");
}
