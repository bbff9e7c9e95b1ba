//! As much of HTTP as a browser on the same machine needs: GET, one request a connection, on the loopback interface alone.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// More than this no request has.
const MOST: u64 = 16 << 10;
/// So much behind a request, or of one that is too long, is thrown away before the connection is closed.
const MOST_UNREAD: u64 = 1 << 20;
/// Who takes longer than this to ask, or to take the answer, is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many are answered at once.
const MOST_AT_ONCE: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `/task`.
    pub path: String,
    /// What stands behind the question mark, in order.
    pub query: Vec<(String, String)>,
}

impl Request {
    /// What the query says about a word.
    pub fn get(&self, word: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == word);
        found.map(|(_, value)| value.as_str())
    }

    /// The same as a number; `otherwise` if it says nothing, and nothing if it is no number.
    pub fn number(&self, word: &str, otherwise: u64) -> Option<u64> {
        self.get(word)
            .map_or(Some(otherwise), |text| text.parse().ok())
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
}

impl Answer {
    /// A page.
    pub fn html(body: String) -> Self {
        Answer {
            status: "200 OK",
            kind: "text/html; charset=utf-8",
            body,
        }
    }

    /// Data.
    pub fn json(value: &serde_json::Value) -> Self {
        Answer {
            status: "200 OK",
            kind: "application/json",
            body: value.to_string(),
        }
    }

    /// A refusal: `404 Not Found`, and a sentence that says what to do.
    pub fn refusal(status: &'static str, why: &str) -> Self {
        Answer {
            status,
            kind: "text/plain; charset=utf-8",
            body: format!("{why}\n"),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let length = self.body.len();
        // No other page may have it in a frame, and the page itself asks nobody else.
        write!(
            out,
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {length}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'self' 'unsafe-inline'; frame-ancestors 'none'\r\n\r\n",
            self.status, self.kind
        )?;
        out.write_all(self.body.as_bytes())?;
        out.flush()
    }
}

/// Opens a port of the loopback interface; any that is free if it is 0.
///
/// # Errors
/// A sentence.
pub fn listen(port: u16) -> Result<(TcpListener, u16), String> {
    let told = |error| {
        format!("port {port} of 127.0.0.1: {error}; another one may be free: --port 0 finds it")
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(told)?;
    let port = listener.local_addr().map_err(told)?.port();
    Ok((listener, port))
}

/// Answers whoever comes, for ever. Each has a thread of its own, of which there are not more than a browser needs.
pub fn serve(listener: &TcpListener, port: u16, answer: impl Fn(&Request) -> Answer + Sync) {
    let open = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for stream in listener.incoming() {
            // This thread alone adds, and a thread takes off when it has answered, which it does soon.
            while open.load(Relaxed) >= MOST_AT_ONCE {
                std::thread::sleep(Duration::from_millis(10));
            }
            let (answer, open) = (&answer, &open);
            let begun = stream.is_ok_and(|stream| {
                open.fetch_add(1, Relaxed);
                let run = move || {
                    let _counted = Counted(open);
                    // Who has gone before it was answered is no loss.
                    _ = one(&stream, port, answer);
                };
                // Where no thread can be made its closure goes, and with it what is in there: the stream.
                let begun = std::thread::Builder::new().spawn_scoped(threads, run);
                if begun.is_err() {
                    open.fetch_sub(1, Relaxed);
                }
                begun.is_ok()
            });
            if !begun {
                // Too many at once; some will have gone in a moment.
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    });
}

/// One that is answered, until it goes.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn one(stream: &TcpStream, port: u16, answer: &impl Fn(&Request) -> Answer) -> io::Result<()> {
    let until = Until {
        stream,
        end: Instant::now() + PATIENCE,
    };
    let mut unread = false;
    let answer = match head(until) {
        Ok(head) => parse(&head, port).map_or_else(|refusal| refusal, |request| answer(&request)),
        // It was sent, and is no request; who sends nothing, or has gone, hears nothing.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            unread = true;
            Answer::refusal("400 Bad Request", &error.to_string())
        }
        Err(error) => return Err(error),
    };
    let mut until = Until {
        stream,
        end: Instant::now() + PATIENCE,
    };
    answer.write(&mut io::BufWriter::new(&mut until))?;
    if unread {
        // To close what was not read to the end takes back what was written: a bit more is read, and thrown away.
        stream.shutdown(Shutdown::Write)?;
        io::copy(&mut until.take(MOST_UNREAD), &mut io::sink())?;
    }
    Ok(())
}

/// A stream up to a time: who sends, or takes, one byte now and then does not hold a thread for long.
struct Until<'a> {
    stream: &'a TcpStream,
    end: Instant,
}

impl Until<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.end.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(Some(left)),
        }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(into)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A request's lines, up to the empty one.
fn head(stream: impl Read) -> io::Result<Vec<String>> {
    let mut stream = stream.take(MOST);
    let mut lines = Vec::new();
    for line in BufReader::new(&mut stream).lines() {
        let line = line?;
        if line.is_empty() {
            return Ok(lines);
        }
        lines.push(line);
    }
    Err(match stream.limit() {
        0 => io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a request has no more than {MOST} bytes here"),
        ),
        _ => io::ErrorKind::UnexpectedEof.into(),
    })
}

/// What these lines ask for.
fn parse(head: &[String], port: u16) -> Result<Request, Answer> {
    let bad = |why| Answer::refusal("400 Bad Request", why);
    let first = head.first().ok_or_else(|| bad("nothing is asked for"))?;
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next()) else {
        return Err(bad("this is no request"));
    };
    if method != "GET" {
        return Err(Answer::refusal(
            "405 Method Not Allowed",
            "there is only GET",
        ));
    }
    // A page from elsewhere that has its name point here would have another one.
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let host = head.iter().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    if !host.is_some_and(|host| hosts.iter().any(|own| own == host)) {
        return Err(Answer::refusal(
            "403 Forbidden",
            "only who asks for 127.0.0.1 or localhost is answered",
        ));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    Ok(Request {
        path: path.to_owned(),
        query: pairs
            .map(|(key, value)| (plain(key), plain(value)))
            .collect(),
    })
}

/// A text without the marks that addresses need.
fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let code = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let code = code.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<Request, Answer> {
        parse(&head(text.as_bytes()).unwrap(), 80)
    }

    #[test]
    fn requests_are_understood_or_refused() {
        let good =
            asked("GET /next?text=a%20b+c%C3%A9%&after=5 HTTP/1.1\r\nhOST: localhost:80\r\n\r\n")
                .unwrap();
        assert_eq!(good.path, "/next");
        assert_eq!(good.get("text"), Some("a b cé%"));
        assert_eq!(good.number("after", 0), Some(5));
        assert_eq!(
            (good.number("until", 9), good.number("text", 9)),
            (Some(9), None)
        );
        for (text, status) in [
            (
                "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
                "403 Forbidden",
            ),
            (
                "GET / HTTP/1.1\r\nHost: 127.0.0.1:81\r\n\r\n",
                "403 Forbidden",
            ),
            ("GET / HTTP/1.1\r\n\r\n", "403 Forbidden"),
            (
                "POST / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n",
                "405 Method Not Allowed",
            ),
            ("GET\r\n\r\n", "400 Bad Request"),
            ("\r\n", "400 Bad Request"),
        ] {
            assert_eq!(asked(text).unwrap_err().status, status, "{text:?}");
        }
        // One that breaks off hears nothing; one without an end, and one that is no text, hear why.
        let kind = |stream: &mut dyn Read| head(stream).unwrap_err().kind();
        let breaks_off = kind(&mut &b"GET / HTTP/1.1\r\n"[..]);
        assert_eq!(breaks_off, io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(&mut io::repeat(b'x')), io::ErrorKind::InvalidData);
        let no_text = kind(&mut &b"GET /\xff\r\n\r\n"[..]);
        assert_eq!(no_text, io::ErrorKind::InvalidData);
    }

    /// One letter now and then is not silence, and nevertheless not waited for longer than is said.
    #[test]
    fn who_asks_letter_by_letter_is_not_waited_for_long() {
        let (listener, port) = listen(0).unwrap();
        let mut asks = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let stream = listener.accept().unwrap().0;
        let begun = Instant::now();
        let letters = std::thread::spawn(move || {
            // Until nobody reads any more; it is no silence that ends the wait.
            while asks.write_all(b"x").is_ok() {
                assert!(
                    begun.elapsed() < Duration::from_secs(120),
                    "it is waited for"
                );
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let until = Until {
            stream: &stream,
            end: begun + Duration::from_millis(200),
        };
        assert!(head(until).is_err());
        drop(stream);
        letters.join().unwrap();
    }
}
