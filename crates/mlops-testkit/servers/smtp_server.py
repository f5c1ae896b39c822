"""A mail server for tests. smtp_server.py DATA PORT

It takes mail at two ports, with STARTTLS and with TLS from the first byte on, after a login as `alerts` with `s3cret`. At a third it takes
mail in the clear and without a login. What it took, and what it is to refuse, goes over HTTP at PORT:

  GET /ports                     the ports, and the file with the certificate of the authority that signed the server's
  GET /mails?domain=D            what came for recipients at that domain
  POST /faults                   {"domain": D, "stage": "rcpt"|"data", "reply": "451 …"|"drop"|"keep-and-drop"|"keep-and-hang", "times": N}
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = b"alerts", b"s3cret"
HANG_SECONDS = 60

mails: dict[str, list] = {}
faults: list[dict] = []
lock = threading.Lock()


def domain_of(address: str) -> str:
    return address.rsplit("@", 1)[-1].lower()


def fault_at(stage: str, address: str) -> str | None:
    """The reply of the next fault for that recipient, which is used up by it."""
    with lock:
        for fault in faults:
            names = fault["domain"] in (domain_of(address), address)
            if names and fault["stage"] == stage and fault["times"] > 0:
                fault["times"] -= 1
                return fault["reply"]
    return None


def parts_of(message) -> list[dict]:
    """Each part that is no container, with its text or its length."""
    parts = []
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_content()
        shown = {"text": content} if isinstance(content, str) else {"bytes": content.hex()}
        parts.append({"type": part.get_content_type(), "id": part["Content-ID"], **shown})
    return parts


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if reply := fault_at("rcpt", address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        reply = fault_at("data", envelope.rcpt_tos[0])
        if reply is None or reply.startswith("keep"):
            self.keep(server, session, envelope)
        if reply == "keep-and-hang":
            await asyncio.sleep(HANG_SECONDS)
        if reply in ("drop", "keep-and-drop"):
            server.transport.abort()
        return reply or "250 2.0.0 queued as 1"

    def keep(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "parts": parts_of(message),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.decode() if session.auth_data else None,
            "raw": envelope.content.decode("utf-8", "replace"),
        }
        with lock:
            mails.setdefault(domain_of(envelope.rcpt_tos[0]), []).append(mail)


def authenticate(server, session, envelope, mechanism, data):
    ok = (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=ok, handled=ok, auth_data=data.login)


class Control(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/ports":
            return self.answer(ports)
        with lock:
            self.answer(mails.get(parse_qs(url.query)["domain"][0], []))

    def do_POST(self):
        fault = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            faults.append(fault)
        self.answer({})


async def serve(implicit: bool, context, plain: bool = False) -> int:
    def smtp():
        return SMTP(
            Handler(),
            hostname="localhost",
            tls_context=None if implicit or plain else context,
            require_starttls=not (implicit or plain),
            authenticator=None if plain else authenticate,
            auth_required=not plain,
            auth_require_tls=not (implicit or plain),
            enable_SMTPUTF8=True,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(smtp, "127.0.0.1", 0, ssl=context if implicit else None)
    return server.sockets[0].getsockname()[1]


async def main():
    authority = trustme.CA()
    certificate = Path(sys.argv[1]) / "authority.pem"
    authority.cert_pem.write_to_path(certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    ports.update(
        starttls=await serve(False, context),
        implicit=await serve(True, context),
        plain=await serve(False, context, plain=True),
        authority=str(certificate.resolve()),
    )
    control = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    await asyncio.Event().wait()


ports: dict = {}
asyncio.run(main())
