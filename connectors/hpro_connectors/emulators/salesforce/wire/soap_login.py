"""The login call of the SOAP API: what is left of it. Newer orgs have it off, and newer versions do without it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.users import active_user_id
from hpro_connectors.emulators.salesforce.wire.external_client_app import ExternalClientApp
from hpro_connectors.emulators.salesforce.wire.hosts import OrgHosts
from hpro_connectors.emulators.salesforce.wire.sessions import SessionStore

FIRST_VERSION_WITHOUT = 65
_PATH = re.compile(r"/services/Soap/u/(\d+)\.\d+")
_XML = "text/xml;charset=UTF-8"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER = "urn:partner.soap.sforce.com"
_FAULT = "urn:fault.partner.soap.sforce.com"


def soap_login(
    request: Request, org: SalesforceOrg, app: ExternalClientApp, sessions: SessionStore, hosts: OrgHosts
) -> Response:
    """Answer a login call.

    Args:
        request: It.
        org: Whose users come in.
        app: Which of them may come with a password.
        sessions: Where their sessions are.
        hosts: What the org is called.
    """
    found = _PATH.match(request.path)
    if found is None or int(found[1]) >= FIRST_VERSION_WITHOUT:
        return _fault("UNSUPPORTED_API_VERSION", "login() is not available in this API version.")
    if not app.soap_login:
        return _fault("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.")
    name, password = _credentials(request)
    user_id = active_user_id(org, name) if hosts.knows_users(request) else None
    if user_id is None or app.passwords.get(name.lower()) != password:
        return _fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    server = f"{hosts.instance_url(request)}/services/Soap/u/{found[1]}.0/{org.org_id[:15]}"
    result = (
        f"<result><metadataServerUrl>{escape(server)}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<sandbox>{str(org.is_sandbox).lower()}</sandbox><serverUrl>{escape(server)}</serverUrl>"
        f"<sessionId>{escape(sessions.issue(user_id))}</sessionId><userId>{user_id}</userId></result>"
    )
    return _envelope(f'<loginResponse xmlns="{_PARTNER}">{result}</loginResponse>', 200)


def _credentials(request: Request) -> tuple[str, str]:
    text = request.body.decode("utf-8", "replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return "", ""
    try:
        root = ET.fromstring(text)  # noqa: S314  # without entities
    except ET.ParseError:
        return "", ""
    login = root.find(f".//{{{_PARTNER}}}login")
    if login is None:
        return "", ""
    return login.findtext(f"{{{_PARTNER}}}username", ""), login.findtext(f"{{{_PARTNER}}}password", "")


def _fault(code: str, message: str) -> Response:
    words = escape(message)
    return _envelope(
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {words}</faultstring><detail>"
        f'<sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{words}</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>",
        500,
    )


def _envelope(body: str, status: int) -> Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:sf="{_FAULT}"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    )
    return Response(status, text.encode("utf-8"), _XML)
