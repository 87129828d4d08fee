"""A certificate authority of a test's own, with a certificate for brokers and one for clients, as PEM files."""

import ipaddress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates:
    """Files in a directory; all are valid from an hour ago until tomorrow, and brokers' for 127.0.0.1."""

    def __init__(self, directory):
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.ca = directory / "ca.pem"
        self.server_keystore = directory / "server.pem"
        self.client_cert = directory / "client.pem"
        self.client_key = directory / "client-key.pem"

        ca_key, ca_name = new_key(), named("spanway tests")
        ca = signed(ca_name, ca_key, ca_name, ca_key, x509.BasicConstraints(ca=True, path_length=0))
        loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        server_key, client_key = new_key(), new_key()
        server = signed(named("broker"), server_key, ca_name, ca_key, loopback)
        client = signed(named("client"), client_key, ca_name, ca_key, x509.BasicConstraints(ca=False, path_length=None))

        self.ca.write_bytes(pem(ca))
        self.server_keystore.write_bytes(pem_of_key(server_key) + pem(server) + pem(ca))
        self.client_cert.write_bytes(pem(client))
        self.client_key.write_bytes(pem_of_key(client_key))


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def signed(subject, key, issuer, issuer_key, extension):
    """A certificate for the key's owner, by the issuer, with one extension."""
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(days=1),
    )
    return builder.add_extension(extension, critical=False).sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def pem_of_key(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
