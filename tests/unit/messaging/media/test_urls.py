import pytest
from cryptography.exceptions import InvalidTag

from messaging_service.media.urls import MediaUrls, decrypt, encrypt, storage_id, token_of
from messaging_service.model.media import Media, Prepared

ADDRESSES = MediaUrls("one secret")
[TOKEN] = ADDRESSES.tokens("m1", 0)
MEDIA = Media("image/png", b"\n\0pixels")


def test_the_same_file_has_the_same_address_and_every_other_one_another() -> None:
    assert MediaUrls("one secret").tokens("m1", 0) == (TOKEN,)
    others = {
        *ADDRESSES.tokens("m1", 1),
        *ADDRESSES.tokens("m2", 0),
        *ADDRESSES.tokens("m", 10),
        *MediaUrls("another secret").tokens("m1", 0),
    }
    assert len(others | {TOKEN}) == 5
    # Tokens of former keys follow the current one.
    [present] = MediaUrls("another secret").tokens("m1", 0)
    assert MediaUrls("another secret", "one secret").tokens("m1", 0) == (present, TOKEN)


def test_only_its_token_decrypts_a_file() -> None:
    sealed = encrypt(MEDIA, TOKEN)
    assert decrypt(sealed, TOKEN) == MEDIA
    assert b"pixels" not in sealed
    assert b"image/png" not in sealed
    for other in (*ADDRESSES.tokens("m1", 1), storage_id(TOKEN)):
        with pytest.raises(InvalidTag):
            decrypt(sealed, other)
    assert encrypt(MEDIA, TOKEN) != sealed


def test_the_storage_id_contains_no_part_of_the_token() -> None:
    assert storage_id(TOKEN) not in TOKEN
    assert TOKEN[:8] not in storage_id(TOKEN)


def test_only_a_well_formed_path_contains_a_token_and_its_extension_is_ignored() -> None:
    for path in ("", ".jpg", ".3gp"):
        assert token_of(f"{TOKEN}{path}") == TOKEN
    malformed = ("", "a", TOKEN[1:], f"{TOKEN}a", f"{TOKEN}.", f"{TOKEN}.jpg.exe", f"{TOKEN}\n")
    for path in (*malformed, f"../{TOKEN}"):
        assert token_of(path) is None, path


def test_neither_an_address_nor_a_file_shows_in_a_repr() -> None:
    assert TOKEN not in repr(Prepared((f"https://relay.example/media/{TOKEN}",), 0))
    assert "pixels" not in repr(MEDIA)
