use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::control::ask;
use crate::server::{self, Server};

/// Twilio's Messages resource, which refuses what does not keep to Twilio's own description of it.
#[derive(Debug)]
pub struct TwilioServer {
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    server: Server,
}

/// The server of all test processes.
pub fn twilio() -> &'static TwilioServer {
    static SERVER: OnceLock<TwilioServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = server::shared("twilio");
        TwilioServer { endpoint: format!("http://127.0.0.1:{}", server.port), server }
    })
}

impl TwilioServer {
    /// Returns the ID of an account that is unique to this test.
    pub fn account(&self) -> String {
        static ACCOUNTS: AtomicU32 = AtomicU32::new(0);
        format!("AC{:016x}{:016x}", std::process::id(), ACCOUNTS.fetch_add(1, Ordering::Relaxed))
    }

    /// The messages of an account, in the order in which they were created.
    pub fn messages(&self, account: &str) -> Vec<Value> {
        let messages = ask(self.server.port, "GET", &format!("/_messages?account={account}"), "");
        messages.as_array().unwrap().clone()
    }

    /// Sets the fault of the next `times` messages of an account: `429`, `500`, `500-kept`,
    /// `hang-kept` or `21211`.
    pub fn fault(&self, account: &str, kind: &str, times: u32) {
        let fault = json!({"account": account, "kind": kind, "times": times});
        ask(self.server.port, "POST", "/_faults", &fault.to_string());
    }
}
