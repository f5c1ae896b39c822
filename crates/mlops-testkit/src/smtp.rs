use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::control::ask;
use crate::server::{self, Server};

/// A mail server, which keeps what it takes; `alerts` may log in with `s3cret`.
#[derive(Debug)]
pub struct SmtpServer {
    /// The port for mail with STARTTLS, after a login.
    pub starttls_port: u16,
    /// The port for mail with implicit TLS, after a login.
    pub implicit_port: u16,
    /// The port for unencrypted mail, without a login.
    pub plain_port: u16,
    /// The file with the certificate of the authority that signed the server's, for `localhost` and
    /// `127.0.0.1`.
    pub authority: String,
    server: Server,
}

/// The server of all test processes.
pub fn smtp() -> &'static SmtpServer {
    static SERVER: OnceLock<SmtpServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = server::shared("smtp");
        let ports = ask(server.port, "GET", "/ports", "");
        let port = |name: &str| u16::try_from(ports[name].as_u64().unwrap()).unwrap();
        SmtpServer {
            starttls_port: port("starttls"),
            implicit_port: port("implicit"),
            plain_port: port("plain"),
            authority: ports["authority"].as_str().unwrap().to_owned(),
            server,
        }
    })
}

impl SmtpServer {
    /// Returns a domain that is unique to this test.
    pub fn domain(&self) -> String {
        static DOMAINS: AtomicU32 = AtomicU32::new(0);
        format!("test-{}-{}.example", std::process::id(), DOMAINS.fetch_add(1, Ordering::Relaxed))
    }

    /// The mails to a domain, in the order in which they came.
    pub fn mails(&self, domain: &str) -> Vec<Value> {
        let mails = ask(self.server.port, "GET", &format!("/mails?domain={domain}"), "");
        mails.as_array().unwrap().clone()
    }

    /// Answers the next `times` mails to an address, or to any at a domain, with `reply` instead,
    /// at the stage `rcpt` or `data`. Beside replies such as `451 …` there is `drop`, and
    /// `keep-and-drop` and `keep-and-hang`, which take the mail and say nothing.
    pub fn fault(&self, whom: &str, stage: &str, reply: &str, times: u32) {
        let fault = json!({"domain": whom, "stage": stage, "reply": reply, "times": times});
        ask(self.server.port, "POST", "/faults", &fault.to_string());
    }
}
