"""Keys and certificates of a federation: who the server is, and who the hospitals are.

TLS proves the server to the hospitals and encrypts the way; a registered public key proves each
hospital to the server. `medtutor federate` makes them anew for every run; between real machines a
private key is made where it stays, and written to the folder where one stands::

    python keys.py server coordinator.example.org
    python keys.py hospital
"""

import datetime as dt
import ipaddress
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class ServerFiles:
    """Files that prove the server."""

    authority: Path  # certificate of the authority, given to every hospital
    certificate: Path  # the server's, signed by the authority
    key: Path


def make_server(folder: Path, names: tuple[str, ...] = ("localhost", "127.0.0.1")) -> ServerFiles:
    """Make an authority, whose key is not kept, and a server certificate by it, for 30 days."""
    authority_key, key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    authority_name, server_name = _name("medtutor course authority"), _name(names[0])
    authority = (
        _certificate(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(_identifier(authority_key), critical=False)
        .sign(authority_key, hashes.SHA384())
    )
    certificate = (
        _certificate(server_name, authority_name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False
        )
        .add_extension(_identifier(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA384())
    )
    pem = serialization.Encoding.PEM
    files = ServerFiles(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    _write(files.authority, authority.public_bytes(pem))
    _write(files.certificate, certificate.public_bytes(pem))
    _write(
        files.key,
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return files


def make_hospital_key(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a hospital's private and public key: OpenSSH, curve P-384, as Flower reads them."""
    key = ec.generate_private_key(ec.SECP384R1())
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    _write(
        private,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        ),
    )
    _write(
        public,
        key.public_key().public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        ),
    )
    return private, public


def pem_body(public: Path) -> str:
    """Give the first line of a public key in the form in which the SuperLink logs it."""
    key = serialization.load_ssh_public_key(public.read_bytes())
    text = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    # All P-384 keys begin alike; the end of the first line is the key's own.
    return text.splitlines()[1][-24:]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    """Start a certificate; an hour before now, since clocks differ."""
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=30))
    )


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _identifier(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _free(*names: str) -> None:
    """Refuse to write a part of what belongs together: the rest would not fit."""
    there = [name for name in names if Path(name).exists()]
    if there:
        sys.exit(f"{', '.join(there)}: there already, and nothing is overwritten. Move it away.")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "server":
        _free("authority.pem", "server.pem", "server.key")
        make_server(Path(), tuple(sys.argv[2:]))
    elif sys.argv[1:] == ["hospital"]:
        _free("hospital.key", "hospital.pub")
        make_hospital_key(Path(), "hospital")
    else:
        sys.exit("keys.py server NAME [NAME ...]   or   keys.py hospital")
