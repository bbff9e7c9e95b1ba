//! `sprat serve`: what it answers on a port of this machine, and whom it does not answer.

mod served;

use serde_json::Value;
use served::Server;
use sprat::Runtime;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

/// A server on what a program with a chain of three codelets and a bystander did.
fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.sprat");
    let rt = Runtime::builder()
        .ignore_environment()
        .xes(1)
        .trace(&trace)
        .build()
        .unwrap();
    let (block, other) = (rt.block::<u64>(10).unwrap(), rt.block::<u64>(5).unwrap());
    rt.name(block, "u").unwrap();
    rt.finish(|s| {
        s.codelet("first").spawn(block.write(), |_, u| u.fill(1));
        for _ in 0..2 {
            let both = (block.read_write(), other.read());
            s.codelet("then").spawn(both, |s, (u, _)| {
                let _span = s.span("inner");
                u[0] += 1;
            });
        }
        s.codelet("a & b").spawn((), |_, ()| ());
        Ok(())
    })
    .unwrap();
    drop(rt);
    // The trace is read when it has said where it is.
    Server::start(&trace)
}

impl Server {
    /// The status and the body of the answer to what is said.
    fn ask(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap();
        (status.to_owned(), body.to_owned())
    }

    fn get(&self, target: &str) -> (String, String) {
        let port = self.port;
        self.ask(&format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        ))
    }

    fn json(&self, target: &str) -> Value {
        let (status, body) = self.get(target);
        assert_eq!(status, "HTTP/1.1 200 OK", "{target}: {body}");
        serde_json::from_str(&body).unwrap()
    }
}

#[test]
fn a_run_is_told_in_full() {
    let server = server();
    let (status, page) = server.get("/");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(page.contains("\"served\":true") && page.ends_with("</html>\n"));
    let analysis = server.json("/analysis");
    assert_eq!(analysis["codelets"], 4);
    // By name, by a block's name, by number, and around nothing.
    let next = |text: &str, from: u64| server.json(&format!("/next?text={text}&from={from}"));
    let first = next("first", 0);
    assert_eq!(first["name"], "first");
    assert_eq!(next("a%20%26%20b", 0)["name"], "a & b");
    let start = first["start_ns"].as_u64().unwrap();
    let place = |task: &Value| task["task"].as_u64().unwrap();
    let second = next("u", place(&first) + 1);
    assert_eq!(second["name"], "then", "it used the block u");
    assert_eq!(next("nobody", 0), Value::Null);
    // From its own place on it is itself, from the one behind it is the next one, and behind that nobody is.
    assert_eq!(next("then", place(&second)), second);
    let third = next("then", place(&second) + 1);
    assert!(place(&third) > place(&second) && third["name"] == "then");
    assert_eq!(next("then", place(&third) + 1), Value::Null);
    let number = place(&second);
    assert_eq!(next(&format!("%23{number}"), 0), second);
    // Its whole story.
    let story = server.json(&format!("/task?at={number}"));
    assert_eq!(story["made_ready_by"]["name"], "first");
    assert_eq!(story["spawned_by"]["name"], "(body of a scope)");
    assert_eq!(story["made_ready"]["count"], 1);
    assert_eq!(story["made_ready"]["first"][0]["name"], "then");
    let accesses = story["accesses"].as_array().unwrap();
    let told: Vec<_> = (accesses.iter())
        .map(|one| {
            (
                one["mode"].as_str().unwrap(),
                one["bytes"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("read-write", 80), ("read", 40)]);
    assert!(
        accesses[0]["block"]
            .as_str()
            .unwrap()
            .starts_with("block u (")
    );
    assert_eq!(story["spans"][0]["name"], "inner");
    assert!(story["place"].as_str().unwrap().contains("serve.rs:"));
    let waited = story["ready_ns"].as_u64().unwrap() - story["spawn_ns"].as_u64().unwrap();
    assert_eq!(story["waits"]["dependences"], waited);
    // A stretch has all that is in it: four codelets and the scope's body.
    let all = server.json("/timeline");
    assert_eq!(all["too_much"], false);
    // 32 bits each, in base 64.
    let many = |detail: &Value| detail["rows"][0]["at"].as_str().unwrap().len();
    assert_eq!(many(&all), (5 * 4usize).div_ceil(3) * 4);
    let end = start + 1;
    let part = server.json(&format!("/timeline?from={start}&to={end}"));
    assert!(many(&part) < many(&all), "{part}");
}

#[test]
fn what_is_not_there_and_who_is_not_from_here_is_refused() {
    let server = server();
    for (target, status, word) in [
        ("/nothing", "404", "/timeline"),
        ("/task?at=99999", "400", "`at`"),
        ("/task", "400", "`at`"),
        ("/timeline?from=x", "400", "`from`"),
    ] {
        let (said, body) = server.get(target);
        assert!(
            said.contains(status) && body.contains(word),
            "{target}: {said} {body}"
        );
    }
    let (said, _) = server.ask("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    assert!(said.contains("403"), "{said}");
    // It listens on the loopback interface and on no other: 127.0.0.1 as the kernel writes it.
    if let Ok(sockets) = std::fs::read_to_string("/proc/net/tcp") {
        let port = format!(":{:04X}", server.port);
        let listens = sockets.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let own = words.nth(1)?;
            let state = words.nth(1)?;
            (state == "0A" && own.ends_with(&port)).then(|| own.to_owned())
        });
        assert_eq!(listens.collect::<Vec<_>>(), [format!("0100007F{port}")]);
    }
    // A port that is taken is told of.
    let mut second = Command::new(env!("CARGO_BIN_EXE_sprat"));
    let port = server.port.to_string();
    let refused = second
        .args(["serve", "run.sprat", "-p", &port])
        .output()
        .unwrap();
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && text.contains("--port 0"),
        "{text}"
    );
}

/// Who asks and does not end, however often, is not waited for beyond a number, and the server stays.
#[test]
fn who_says_nothing_does_not_hold_up_the_server() {
    let server = server();
    // No more than the kernel keeps for who listens (128), and those that are answered: others would have to wait to be taken.
    let silent: Vec<_> = (0..160)
        .map(|_| TcpStream::connect(("127.0.0.1", server.port)).unwrap())
        .collect();
    // Those beyond the number are not looked at yet: 64 threads, and that which listens.
    let threads = format!("/proc/{}/task", server.process.id());
    if std::fs::exists(&threads).unwrap() {
        let begin = std::time::Instant::now();
        let count = || std::fs::read_dir(&threads).unwrap().count();
        while count() < 65 {
            assert!(begin.elapsed().as_secs() < 120, "{}", count());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert_eq!(count(), 65);
    }
    drop(silent);
    let (status, _) = server.get("/reasons");
    assert_eq!(status, "HTTP/1.1 200 OK");
}
