"""Certificates of every kind, as PEM files. Those that people make by hand are made by `openssl` itself."""

import ipaddress
import subprocess
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = ["127.0.0.1", "localhost"]
ELSEWHERE = ["elsewhere.example.org"]

# How `openssl` is asked for a key of each kind, and for the older format of its file, where there is one.
KINDS = {
    "rsa": (["-newkey", "rsa:2048"], ["rsa", "-traditional"]),
    "ecdsa": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ec"]),
    "ed25519": (["-newkey", "ed25519"], None),
}


class Identity:
    """A certificate and its key: two files of a directory, which can be written again."""

    def __init__(self, directory, name):
        self.cert = directory / f"{name}.pem"
        self.key = directory / f"{name}-key.pem"

    def become(self, other):
        """Has the content of another from now on; itself."""
        self.key.write_bytes(other.key.read_bytes())
        self.cert.write_bytes(other.cert.read_bytes())
        return self

    @property
    def certificate(self):
        return x509.load_pem_x509_certificate(self.cert.read_bytes())

    @property
    def serial(self):
        return str(self.certificate.serial_number)

    @property
    def ends(self):
        """When it ends, in seconds since 1970."""
        return self.certificate.not_valid_after_utc.timestamp()

    def server(self, **more):
        """The keys of `tls` for a server that shows it."""
        return {"cert_file": str(self.cert), "key_file": str(self.key), **more}


class Authority:
    """Signs certificates, which are valid from an hour ago until tomorrow unless they have expired."""

    def __init__(self, directory, name):
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named(f"authority {name}")
        self.cert = directory / f"{name}.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        own = self._signed(self._name, self._key, [(constraints, True), (signs_certificates(), True)], days=1)
        self.cert.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, name, names=HERE, expired=False, days=1):
        """A certificate for a server or a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=False, path_length=None)
        extensions = [(constraints, True), (x509.SubjectAlternativeName(list(map(general_name, names))), False)]
        certificate = self._signed(named(name), key, extensions, days=-1 / 48 if expired else days)
        identity = Identity(self._directory, name)
        identity.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        identity.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return identity

    def _signed(self, subject, key, extensions, days):
        now = datetime.now(timezone.utc)
        builder = x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(hours=1),
            not_valid_after=now + timedelta(days=days),
        )
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for extension, critical in [*extensions, (own, False), (issuer, False)]:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self._key, hashes.SHA256())


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def signs_certificates():
    uses = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    others = dict.fromkeys([*uses, "crl_sign", "encipher_only", "decipher_only"], False)
    return x509.KeyUsage(key_cert_sign=True, **others)


def general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def self_signed(directory, kind, traditional=False):
    """What `openssl req -x509 -newkey` makes: a certificate that is its own authority."""
    directory.mkdir(parents=True, exist_ok=True)
    asked, older = KINDS[kind]
    identity = Identity(directory, f"{kind}-{'traditional' if traditional else 'pkcs8'}")
    names = ",".join(["IP:127.0.0.1", "DNS:localhost"])
    openssl(
        *["req", "-x509", *asked, "-nodes", "-days", "1", "-subj", f"/CN={kind}", "-addext", f"subjectAltName={names}"],
        *["-keyout", identity.key, "-out", identity.cert],
    )
    if traditional:
        openssl(*older, "-in", identity.key, "-out", identity.key)
    return identity


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {words[0]} failed: {done.stderr[-1000:]}"
