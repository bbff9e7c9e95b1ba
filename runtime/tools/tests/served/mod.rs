//! `sprat serve` at work, for tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server on a run, ended when it goes.
pub struct Server {
    pub process: Child,
    pub port: u16,
}

impl Server {
    pub fn start(trace: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sprat"))
            .arg("serve")
            .arg(trace)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = process.stdout.take().unwrap();
        // From here on it ends whatever it says.
        let mut server = Server { process, port: 0 };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("http://127.0.0.1:");
        let port = port.and_then(|port| port.strip_suffix('/'));
        server.port = port.expect(&line).parse().unwrap();
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended, and the test have failed for that.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
