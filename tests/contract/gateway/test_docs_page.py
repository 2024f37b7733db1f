"""The page `/docs` works with files of the gateway alone."""

import re
from base64 import b64encode
from hashlib import sha256

from contract.gateway.application import LIMITS, FakeClient, app_over, http_client

from gateway.app import POLICY, create_app, response_headers


async def test_neither_document_nor_page_is_served_unless_a_setting_says_so() -> None:
    async with http_client(create_app(FakeClient(), LIMITS)) as client:
        for path in ("/openapi.json", "/docs", "/docs/swagger-ui.css"):
            assert (await client.get(path)).status_code == 404


async def test_the_page_and_every_file_that_it_names_come_from_the_gateway() -> None:
    async with http_client(app_over(FakeClient())) as client:
        page = await client.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        files = re.findall(r'(?:src|href)="([^"]*)"', page.text)
        assert [path.rpartition(".")[2] for path in files] == ["css", "png", "js"]
        for path in files:
            response = await client.get(path)
            assert response.status_code == 200
            assert len(response.content) > 1000
            assert response.headers["content-security-policy"] == POLICY
    assert "url: '/openapi.json'" in page.text
    assert not re.findall(r"https?://|//[a-z]", page.text)


async def test_the_policy_of_the_page_allows_its_own_scripts_alone() -> None:
    async with http_client(app_over(FakeClient())) as client:
        page = await client.get("/docs")
    [inline] = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = b64encode(sha256(inline.encode()).digest()).decode()
    [policy] = page.headers.get_list("content-security-policy")
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")


def test_the_server_sends_the_policy_unless_the_application_does() -> None:
    assert dict(response_headers(is_https=False))["content-security-policy"] == POLICY
    served = response_headers(is_https=False, serves_openapi=True)
    assert "content-security-policy" not in dict(served)
