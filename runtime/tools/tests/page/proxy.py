"""usage: proxy.py ADDRESS SCRIPT

Stands between a browser and `sprat serve` at ADDRESS, and puts the script before its page. Prints its own address.
"""
import http.server
import sys
import urllib.error
import urllib.request

address, script = sys.argv[1].rstrip("/"), open(sys.argv[2], encoding="utf-8").read()


class Between(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            answer = urllib.request.urlopen(address + self.path)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        body = answer.read()
        if self.path == "/":
            body = body.replace(b"<header>", f"<script>{script}</script><header>".encode(), 1)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Security-Policy", answer.headers["Content-Security-Policy"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
