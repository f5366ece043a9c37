"""The emulator over TLS: the unmodified client reaches it without an adapter, with a session id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from simple_salesforce.api import Salesforce

from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certfile, keyfile = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certfile.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    keyfile.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certfile, keyfile


def test_a_session_id_and_the_url_are_enough(org: SalesforceOrg, certificate: tuple[Path, Path]) -> None:
    certfile, keyfile = certificate
    with (
        SalesforceEmulator(org, certfile=certfile, keyfile=keyfile) as emulator,
        requests.Session() as session,
    ):
        session.verify = str(certfile)
        session.trust_env = False
        assert emulator.url.startswith("https://127.0.0.1:")
        salesforce = Salesforce(session_id=emulator.session_id(), instance_url=emulator.url, session=session)
        assert salesforce.query("SELECT Id FROM Organization")["totalSize"] == 1
        for fault in (Fault.reset(), Fault.truncated()):
            emulator.faults.add(fault)
            with pytest.raises(requests.RequestException):
                salesforce.limits()
        emulator.faults.add(Fault.hang())
        with pytest.raises(requests.Timeout):
            salesforce.limits(timeout=0.2)
        assert salesforce.limits()["DailyApiRequests"]["Max"] == 100_000
