"""A shop for the tests of the badge: pages with the script on them, and a cart that notes what it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

PAGE = (Path(__file__).parent / "page.html").read_text()
# As strict as a shop may be: nothing inline, nothing of others but the badge.
POLICY = "default-src 'self'; script-src 'self' {0}; connect-src 'self' {0}"


@dataclass
class ShopPage:
    """A running shop: where it is, and what was put into its cart."""

    url: str
    port: int
    snippet: str = ""
    badge_home: str = ""
    cart: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """A name of this very machine that no other test uses."""
        return f"shop{self.port}.localhost"


@contextmanager
def shop_page() -> Iterator[ShopPage]:
    """Serve the shop on a port of its own."""
    shop = ShopPage("", 0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(PAGE.replace("SNIPPET", shop.snippet))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            shop.cart.append(parse_qs(body))
            self.answer("<!doctype html><title>Cart</title><h1>Thank you</h1>")

        def answer(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY.format(shop.badge_home))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.port = server.server_port
    shop.url = f"http://{shop.host}:{shop.port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
