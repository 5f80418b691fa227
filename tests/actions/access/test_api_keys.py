"""API keys: making, listing, revoking, finding."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions.access import api_keys
from chat.errors import InvalidRequest, NotFound, NotSignedIn
from chat.models import ApiKey, User

pytestmark = pytest.mark.django_db


def fill(user: User, *, revoked: int = 0, usable: int = 0) -> None:
    """So many keys at once."""
    gone = [timezone.now()] * revoked + [None] * usable
    rows = [ApiKey(owner=user, name="old", digest=f"{user.pk}-{n}", revoked_at=at) for n, at in enumerate(gone)]
    ApiKey.objects.bulk_create(rows)


class TestMakingOne:
    def test_gives_a_secret_that_finds_it(self, ada: User) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        assert api_keys.find(secret) == key

    def test_tidies_its_name(self, ada: User) -> None:
        assert api_keys.create(ada, name="  my \n old\tlaptop\x00 ")[0].name == "my old laptop"

    @pytest.mark.parametrize(("name", "problem"), [(" \x00 ", "Give the key a name"), ("x" * 101, "at most 100")])
    def test_needs_a_name_that_can_be_kept(self, ada: User, name: str, problem: str) -> None:
        with pytest.raises(InvalidRequest, match=problem) as refused:
            api_keys.create(ada, name=name)
        assert refused.value.param == "name"
        assert not ApiKey.objects.exists()

    def test_is_refused_to_who_has_a_hundred(self, ada: User, bob: User) -> None:
        fill(ada, usable=99, revoked=10)
        api_keys.create(ada, name="the hundredth")
        with pytest.raises(InvalidRequest, match="At most 100 keys"):
            api_keys.create(ada, name="one more")
        assert ada.api_keys.usable().count() == 100
        api_keys.create(bob, name="his first")

    def test_is_possible_again_when_one_was_revoked(self, ada: User) -> None:
        fill(ada, usable=100)
        api_keys.revoke(ada, api_keys.of_user(ada)[0].pk)
        api_keys.create(ada, name="instead")


class TestTheList:
    def test_has_ones_own_keys_newest_first(self, ada: User, bob: User) -> None:
        first, second = api_keys.create(ada, name="first")[0], api_keys.create(ada, name="second")[0]
        first.revoke()
        api_keys.create(bob, name="his")
        assert list(api_keys.of_user(ada)) == [second, first]


class TestRevokingOne:
    def test_stops_it_at_once(self, ada: User) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        _other, other_secret = api_keys.create(ada, name="other")
        assert api_keys.revoke(ada, key.pk).revoked_at is not None
        with pytest.raises(NotSignedIn):
            api_keys.find(secret)
        assert api_keys.owner_of(other_secret) == ada

    def test_a_second_time_changes_nothing(self, ada: User) -> None:
        key, _secret = api_keys.create(ada, name="laptop")
        first = api_keys.revoke(ada, key.pk).revoked_at
        assert api_keys.revoke(ada, key.pk).revoked_at == first

    def test_of_someone_else_is_like_revoking_none(self, ada: User, bob: User) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        with pytest.raises(NotFound) as foreign:
            api_keys.revoke(bob, key.pk)
        with pytest.raises(NotFound) as absent:
            api_keys.revoke(bob, 999_999)
        assert foreign.value.as_body() == absent.value.as_body()
        assert api_keys.find(secret) == key


class TestFindingOne:
    def test_notes_its_use_at_most_once_a_minute(self, ada: User) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        api_keys.find(secret)
        key.refresh_from_db()
        first = key.last_used_at
        assert first is not None
        api_keys.find(secret)
        key.refresh_from_db()
        assert key.last_used_at == first
        ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
        api_keys.find(secret)
        key.refresh_from_db()
        assert key.last_used_at >= first

    def test_brings_its_owner_along(self, ada: User, django_assert_num_queries) -> None:
        _key, secret = api_keys.create(ada, name="laptop")
        api_keys.find(secret)
        with django_assert_num_queries(1):
            assert api_keys.find(secret).owner == ada

    def test_that_is_none_says_so_in_openais_words(self, client, ada: User) -> None:
        """Reference, section 12; where to find a key is a page of ours."""
        with pytest.raises(NotSignedIn) as refused:
            api_keys.find("et-abcdefghijklmnopqrstuvwxyz")
        message = "Incorrect API key provided: et-abc***…xyz. You can find your API key at /account/keys/."
        told = {"message": message, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
        assert (refused.value.status, refused.value.as_body()) == (401, {"error": told})
        client.force_login(ada)
        assert client.get("/account/keys/").status_code == 200

    @pytest.mark.parametrize("state", ["revoked", "inactive"])
    def test_never_says_a_secret_that_was_good_once(self, ada: User, state: str) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now() if state == "revoked" else None)
        User.objects.update(is_active=state != "inactive")
        with pytest.raises(NotSignedIn) as refused:
            api_keys.find(secret)
        assert secret[8:-3] not in refused.value.message

    @pytest.mark.parametrize("secret", ["", "x", "sk-short", "sk-0123456789ab"])
    def test_never_says_a_short_secret_even_in_part(self, secret: str) -> None:
        with pytest.raises(NotSignedIn, match=r"provided: \*\*\*\."):
            api_keys.find(secret)
