"""The page of API docs and everything that it loads come from the gateway."""

import re

import pytest
from gateway_process import GatewayProcess, find_swagger_ui


class TestThePage:
    def test_loads_only_what_is_served_here(self, gateway: GatewayProcess) -> None:
        page = gateway.get("/docs")
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
        assert "/docs/swagger-ui-bundle.js" in loaded
        for path in loaded:
            answer = gateway.get(path)
            assert answer.status == 200, path
            assert answer.body

    def test_is_held_to_this_host_by_its_policy(self, gateway: GatewayProcess) -> None:
        policy = gateway.get("/docs").headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert not re.search(r"https?:|\*|unsafe-eval", policy)

    @pytest.mark.parametrize(
        ("path", "content_type"),
        [
            ("/docs/page.js", "text/javascript; charset=utf-8"),
            ("/docs/page.css", "text/css; charset=utf-8"),
            ("/docs/icon.svg", "image/svg+xml"),
            ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
            ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
        ],
    )
    def test_has_assets_of_the_right_type(self, gateway: GatewayProcess, path: str, content_type: str) -> None:
        answer = gateway.get(path)
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert gateway.get(path, f"If-None-Match: {answer.headers['ETag']}").status == 304

    def test_serves_swagger_ui_as_it_was_published(self, gateway: GatewayProcess) -> None:
        for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
            assert gateway.get(f"/docs/{name}").body == (find_swagger_ui() / name).read_bytes()
