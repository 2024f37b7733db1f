import pytest
from pydantic import ValidationError

from messaging_service.config.settings import Settings
from messaging_service.model.media_origins import URL_LIMIT, is_allowed, parse_origins

ALLOWED = parse_origins("https://*.amazonaws.com, http://127.0.0.1:8090,http://simulator:8090")


@pytest.mark.parametrize(
    "url",
    [
        "https://mms-media-prod.s3.amazonaws.com/a.jpg?Expires=1&Signature=a%2Bb%3D",
        "https://s3.us-west-2.amazonaws.com/flowroute-messaging-media/a.jpg",
        "https://s3.us-west-2.amazonaws.com:443/a.jpg",
        "HTTPS://S3.US-WEST-2.AMAZONAWS.COM/a.jpg",
        "http://127.0.0.1:8090/simulator/media/1/picture.png",
        "http://simulator:8090/simulator/media/1/picture.png",
    ],
)
def test_files_come_from_the_carriers_store_and_from_the_simulator(url: str) -> None:
    assert is_allowed(url, ALLOWED)


S3 = "https://s3.amazonaws.com"


@pytest.mark.parametrize(
    "url",
    [
        *("", "/a.jpg", S3, f"{S3}/a b.jpg", f"{S3}/a\r\nHost: x", f"{S3}./a.jpg"),
        *(f"{S3}/{'a' * URL_LIMIT}", f"{S3}.example/a.jpg", f"{S3}@localhost/a.jpg"),
        "http://s3.us-west-2.amazonaws.com/a.jpg",
        "https://s3.us-west-2.amazonaws.com:8443/a.jpg",
        *("https://amazonaws.com/a.jpg", "https://evil-amazonaws.com/a.jpg"),
        *(f"https://localhost{sign}s3.amazonaws.com/a.jpg" for sign in ("\\@", "\\.", "#.", "?.")),
        "https://user:pass@s3.amazonaws.com/a.jpg",
        "https://s3.amaz%6fnaws.com/a.jpg",
        "https://s3.ama\N{CYRILLIC SMALL LETTER ZE}onaws.com/a.jpg",
        *("ftp://s3.amazonaws.com/a.jpg", "file:///etc/passwd"),
        *("http://127.0.0.1/a.jpg", "http://127.0.0.1:6379/a.jpg", "https://127.0.0.1:8090/a.jpg"),
        *("http://127.1:8090/a.jpg", "http://2130706433:8090/a.jpg", "http://[::1]:8090/a.jpg"),
        *("http://[::ffff:127.0.0.1]:8090/a.jpg", "http://localhost:8090/a.jpg"),
        *("http://169.254.169.254/latest/meta-data/", "http://below.simulator:8090/a.jpg"),
    ],
)
def test_files_come_from_nowhere_else(url: str) -> None:
    assert not is_allowed(url, ALLOWED)


def test_an_empty_list_allows_nothing() -> None:
    assert not is_allowed("https://s3.amazonaws.com/a.jpg", parse_origins(""))


@pytest.mark.parametrize(
    "listed",
    [
        *("*.amazonaws.com", "127.0.0.1:8090", "https://", "https://*", "https://*.com"),
        *("http://*.amazonaws.com", "https://s3.*.amazonaws.com", "https://s3.amazonaws.com/path"),
        *("https://user:hunter2@s3.amazonaws.com", "ftp://s3.amazonaws.com"),
        "https://s3.amazonaws.com;https://hunter2.example.com",
    ],
)
def test_a_list_that_cannot_be_read_is_refused_and_not_repeated(listed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"media_origins": listed})
    [problem] = refused.value.errors(include_input=False)
    assert problem["loc"] == ("media_origins",)
    assert "hunter2" not in str(refused.value)


def test_the_defaults_allow_the_carriers_store_and_the_simulator_of_make_run() -> None:
    allowed = parse_origins(Settings().media_origins)
    assert is_allowed("https://s3.us-west-2.amazonaws.com/a.jpg", allowed)
    assert is_allowed("http://127.0.0.1:8090/simulator/media/1/a.jpg", allowed)
