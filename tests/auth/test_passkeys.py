"""What is checked of a passkey: who asked, where, whether somebody showed that it is theirs, and that there is one of it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.auth import Accounts, add_account, end_passkeys, set_role
from footfall.auth.passkeys import Passkeys, RelyingParty
from footfall.database import Connection, pool
from footfall.errors import NotAccepted
from site_under_test import Site
from software_authenticator import PRESENT, Authenticator, another_challenge, b64

ANN, PASSWORD = "ann@example.org", "a good long one"
HERE = RelyingParty("stats.example.com", "https://stats.example.com")


@pytest.fixture
def accounts(url: str, site: Site, worker: Connection, quick_passwords: None) -> Iterator[Accounts]:
    """Signs people in to acme, which is Ann's."""
    add_account(worker, ANN, "Ann", PASSWORD)
    set_role(worker, ANN, "acme", "owner")
    with pool(url, "footfall_admin", size=4) as connections:
        yield Accounts(connections)


@pytest.fixture
def passkeys(accounts: Accounts) -> Passkeys:
    """Those of acme's people."""
    return Passkeys(accounts._connections, accounts)  # noqa: SLF001  the same pool, as in the server


@pytest.fixture
def token(accounts: Accounts) -> str:
    """Ann is signed in."""
    return accounts.sign_in(ANN, PASSWORD, "", "Firefox", "device")


@pytest.fixture
def authenticator() -> Authenticator:
    """Ann's, which shows passkeys where they belong."""
    return Authenticator(HERE.origin)


def code_of(action: Callable[[], Any]) -> str:
    with pytest.raises(NotAccepted) as refused:
        action()
    return refused.value.code


def made(passkeys: Passkeys, token: str, authenticator: Authenticator, **lies: Any) -> tuple[int, list[str]]:
    asked, options = passkeys.begin(HERE, ANN, "Ann", PASSWORD)
    return passkeys.add(HERE, token, asked, "the phone", authenticator.make(options, **lies))


def shown(passkeys: Passkeys, authenticator: Authenticator, **lies: Any) -> str:
    asked, options = passkeys.ask(HERE)
    return passkeys.sign_in(HERE, asked, authenticator.show(options, **lies), "Firefox")[0]


def test_one_is_made_and_signs_in_as_two_factors(passkeys, accounts, token, authenticator) -> None:
    number, codes = made(passkeys, token, authenticator)
    assert len(set(codes)) == 10, "who loses it has a way in"
    (own,) = passkeys.of(token)
    assert (own["passkey"], own["name"], own["host"], own["last_used_at"]) == (number, "the phone", HERE.host, None)
    account = accounts.signed_in(shown(passkeys, authenticator), "acme")
    assert account is not None
    assert (account.email, account.is_multi_factor, account.is_single_sign_on) == (ANN, True, False)
    (own,) = passkeys.of(token)
    assert own["last_used_at"] is not None
    assert [one["method"] for one in accounts.sign_ins(token)] == ["passkey", "password"]


def test_what_is_asked_wants_a_person_to_be_verified_and_names_nobody(passkeys, token, authenticator) -> None:
    _, making = passkeys.begin(HERE, ANN, "Ann", PASSWORD)
    assert making["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (making["rp"]["id"], making["attestation"], making["excludeCredentials"]) == (HERE.host, "none", [])
    assert ANN not in making["user"]["id"]
    made(passkeys, token, authenticator)
    _, again = passkeys.begin(HERE, ANN, "Ann", PASSWORD)
    assert [one["id"] for one in again["excludeCredentials"]] == [b64(authenticator.credential_id)]
    assert again["user"]["id"] == making["user"]["id"], "an authenticator knows each person once"
    _, asking = passkeys.ask(HERE)
    assert (asking["userVerification"], asking["allowCredentials"], asking["rpId"]) == ("required", [], HERE.host)


FALSE = {
    "another challenge": ({}, {"challenge": another_challenge()}),
    "another origin": ({"origin": "https://stats.example.com.evil.example"}, {}),
    "the same host, not encrypted": ({"origin": "http://stats.example.com"}, {}),
    "another host": ({}, {"host": "evil.example"}),
    "nobody verified": ({"flags": PRESENT}, {}),
    "nobody present": ({"flags": 0x04}, {}),
    "inside of another page": ({"cross_origin": True}, {}),
    "made for something else": ({}, {"type": "payment.get"}),
}


@pytest.mark.parametrize("lie", FALSE)
def test_none_is_made_that_is_false(passkeys, token, authenticator, lie: str) -> None:
    says, lies = FALSE[lie]
    for name, value in says.items():
        setattr(authenticator, name, value)
    assert code_of(lambda: made(passkeys, token, authenticator, **lies)) == "passkey_invalid"
    assert passkeys.of(token) == []


@pytest.mark.parametrize("lie", FALSE)
def test_none_that_is_false_signs_in(passkeys, token, authenticator, lie: str) -> None:
    made(passkeys, token, authenticator)
    says, lies = FALSE[lie]
    before = {name: getattr(authenticator, name) for name in says}
    for name, value in says.items():
        setattr(authenticator, name, value)
    assert code_of(lambda: shown(passkeys, authenticator, **lies)) == "passkey_invalid"
    for name, value in before.items():
        setattr(authenticator, name, value)
    shown(passkeys, authenticator)


def test_another_key_under_its_name_signs_nobody_in(passkeys, token, authenticator) -> None:
    made(passkeys, token, authenticator)
    forged = Authenticator(HERE.origin, credential_id=authenticator.credential_id, handle=authenticator.handle)
    assert code_of(lambda: shown(passkeys, forged)) == "passkey_invalid"


def test_one_that_says_it_is_somebody_elses_signs_nobody_in(passkeys, token, authenticator) -> None:
    made(passkeys, token, authenticator)
    authenticator.handle = bytes(32)
    assert code_of(lambda: shown(passkeys, authenticator)) == "passkey_invalid"


def test_what_was_asked_is_answered_once_in_its_browser_for_its_purpose_and_in_time(
    passkeys, token, authenticator, worker: Connection
) -> None:
    made(passkeys, token, authenticator)
    asked, options = passkeys.ask(HERE)
    answer = authenticator.show(options)
    for other in ("", "another browser's", passkeys.ask(HERE)[0]):
        assert code_of(lambda other=other: passkeys.sign_in(HERE, other, answer, "")) in ("challenge_unknown", "passkey_invalid")
    passkeys.sign_in(HERE, asked, answer, "")
    assert code_of(lambda: passkeys.sign_in(HERE, asked, answer, "")) == "challenge_unknown"
    second = passkeys.ask_second(HERE, ANN)
    assert second is not None
    assert code_of(lambda: passkeys.sign_in(HERE, second[0], authenticator.show(second[1]), "")) == "challenge_unknown"
    asked, options = passkeys.ask(HERE)
    worker.execute("UPDATE auth.passkey_challenge SET expires_at = util.current_load_date()")
    assert code_of(lambda: passkeys.sign_in(HERE, asked, authenticator.show(options), "")) == "challenge_unknown"


def test_a_false_answer_uses_the_question_up(passkeys, token, authenticator) -> None:
    made(passkeys, token, authenticator)
    asked, options = passkeys.ask(HERE)
    assert (
        code_of(lambda: passkeys.sign_in(HERE, asked, authenticator.show(options, host="evil.example"), "")) == "passkey_invalid"
    )
    assert code_of(lambda: passkeys.sign_in(HERE, asked, authenticator.show(options), "")) == "challenge_unknown"


def test_what_one_began_is_not_finished_by_another(passkeys, accounts, token, authenticator, worker: Connection) -> None:
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    bobs = accounts.sign_in("bob@example.org", PASSWORD, "", "", "device")
    asked, options = passkeys.begin(HERE, ANN, "Ann", PASSWORD)
    assert code_of(lambda: passkeys.add(HERE, bobs, asked, "x", authenticator.make(options))) == "challenge_unknown"
    assert passkeys.of(bobs) == passkeys.of(token) == []


def test_a_copy_is_told_by_its_count_and_opens_nothing_any_more(passkeys, token, authenticator) -> None:
    made(passkeys, token, authenticator)
    shown(passkeys, authenticator)
    copy = Authenticator(
        HERE.origin, credential_id=authenticator.credential_id, key=authenticator.key, handle=authenticator.handle, count=0
    )
    assert code_of(lambda: shown(passkeys, copy)) == "passkey_cloned"
    assert passkeys.of(token)[0]["is_doubted"] is True
    assert code_of(lambda: shown(passkeys, authenticator)) == "passkey_cloned", "nobody knows which of the two is whose"


def test_one_that_does_not_count_is_no_copy_until_it_stops_counting(passkeys, token, authenticator) -> None:
    authenticator.counts = False
    made(passkeys, token, authenticator)
    shown(passkeys, authenticator)
    shown(passkeys, authenticator)
    authenticator.count = 7
    shown(passkeys, authenticator)
    authenticator.count = 0
    assert code_of(lambda: shown(passkeys, authenticator)) == "passkey_cloned"


def test_of_two_uses_with_the_same_count_at_the_same_time_one_opens(passkeys, token, authenticator) -> None:
    made(passkeys, token, authenticator)
    answers = []
    for _ in range(4):
        asked, options = passkeys.ask(HERE)
        authenticator.count = 0
        answers.append((asked, authenticator.show(options)))
    codes = []

    def use(asked: str, answer: dict) -> None:
        try:
            passkeys.sign_in(HERE, asked, answer, "")
            codes.append("signed_in")
        except NotAccepted as refused:
            codes.append(refused.code)

    threads = [threading.Thread(target=use, args=answer) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["passkey_cloned"] * 3 + ["signed_in"]


def test_an_authenticator_has_one_passkey_of_one_person(passkeys, accounts, token, authenticator, worker: Connection) -> None:
    made(passkeys, token, authenticator)
    assert code_of(lambda: made(passkeys, token, authenticator)) == "passkey_there"
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    bobs = accounts.sign_in("bob@example.org", PASSWORD, "", "", "device")
    asked, options = passkeys.begin(HERE, "bob@example.org", "Bob", PASSWORD)
    assert code_of(lambda: passkeys.add(HERE, bobs, asked, "x", authenticator.make(options))) == "passkey_there"


def test_nobody_keeps_them_without_end(passkeys, token) -> None:
    for number in range(20):
        _, codes = made(passkeys, token, Authenticator(HERE.origin))
        assert bool(codes) is (number == 0), "recovery codes that were written down stay good"
    assert code_of(lambda: made(passkeys, token, Authenticator(HERE.origin))) == "passkeys_full"


def test_those_of_another_host_are_of_no_use_here(passkeys, token, authenticator) -> None:
    made(passkeys, token, authenticator)
    elsewhere = RelyingParty("new.example.com", "https://new.example.com")
    authenticator.origin = elsewhere.origin
    asked, options = passkeys.ask(elsewhere)
    assert code_of(lambda: passkeys.sign_in(elsewhere, asked, authenticator.show(options), "")) == "passkey_unknown"
    assert passkeys.ask_second(elsewhere, ANN) is None


def test_an_account_without_a_password_is_its_providers(passkeys, token, authenticator, worker: Connection) -> None:
    """Whom the provider of single sign-on lets in no more has no other way."""
    made(passkeys, token, authenticator)
    worker.execute("UPDATE auth.account SET password_hash = NULL")
    assert code_of(lambda: shown(passkeys, authenticator)) == "passkey_unknown"
    assert code_of(lambda: passkeys.begin(HERE, ANN, "Ann", "")) == "password_wrong"


def test_who_is_gone_is_gone(passkeys, token, authenticator, worker: Connection) -> None:
    made(passkeys, token, authenticator)
    worker.execute("DELETE FROM auth.account")
    assert code_of(lambda: shown(passkeys, authenticator)) == "passkey_unknown"


def test_removed_it_opens_nothing_and_what_it_opened_ends(passkeys, accounts, token, authenticator) -> None:
    number, _ = made(passkeys, token, authenticator)
    by_passkey = shown(passkeys, authenticator)
    assert code_of(lambda: passkeys.remove(token, ANN, "not mine at all", number)) == "password_wrong"
    passkeys.rename(token, number, "the old phone")
    assert passkeys.of(token)[0]["name"] == "the old phone"
    passkeys.remove(token, ANN, PASSWORD, number)
    assert code_of(lambda: passkeys.remove(token, ANN, PASSWORD, number)) == "passkey_unknown"
    assert code_of(lambda: passkeys.rename(token, number, "x")) == "passkey_unknown"
    assert code_of(lambda: shown(passkeys, authenticator)) == "passkey_unknown"
    assert accounts.signed_in(by_passkey, "acme") is None
    assert accounts.signed_in(token, "acme") is not None


def test_nobody_touches_anothers(passkeys, accounts, token, authenticator, worker: Connection) -> None:
    number, _ = made(passkeys, token, authenticator)
    add_account(worker, "bob@example.org", "Bob", PASSWORD)
    bobs = accounts.sign_in("bob@example.org", PASSWORD, "", "", "device")
    assert code_of(lambda: passkeys.rename(bobs, number, "x")) == "passkey_unknown"
    assert code_of(lambda: passkeys.remove(bobs, "bob@example.org", PASSWORD, number)) == "passkey_unknown"
    assert passkeys.of(bobs) == []
    assert [own["name"] for own in passkeys.of(token)] == ["the phone"]


def test_operators_end_all_of_somebody_who_has_lost_one(passkeys, accounts, token, authenticator, worker: Connection) -> None:
    made(passkeys, token, authenticator)
    by_passkey = shown(passkeys, authenticator)
    assert end_passkeys(worker, ANN) == 1
    assert end_passkeys(worker, ANN) == 0
    assert accounts.signed_in(by_passkey, "acme") is None
    assert accounts.sign_in(ANN, PASSWORD, "", "", "device"), "the password alone opens again"
    assert worker.execute("SELECT recovery_codes FROM auth.account").fetchone() == ([],)
    assert code_of(lambda: end_passkeys(worker, "nobody@example.org")) == "account_unknown"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PARTS = st.sampled_from(
    ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature"]
)


@settings(max_examples=60, deadline=None)
@given(part=PARTS, value=JSON | st.binary(max_size=200).map(b64))
def test_whatever_a_browser_sends_is_refused_with_a_code(part: str, value: Any) -> None:
    """The store is not asked: what nobody can read ends before it."""

    class NobodysAccounts(Accounts):
        def __init__(self) -> None: ...

        def note_failure(self, *_) -> None: ...

    class Nobody(Passkeys):
        def __init__(self) -> None:
            self._accounts = NobodysAccounts()

        def _take(self, *_):
            return bytes(32), 1

        def _row(self, *_):
            return None

    authenticator = Authenticator(HERE.origin)
    options = {"challenge": b64(bytes(32)), "rpId": HERE.host, "rp": {"id": HERE.host}, "user": {"id": b64(bytes(32))}}
    for answer, actions in (
        (authenticator.make(options), [lambda it: Nobody().add(HERE, "sign-in", "token", "x", it)]),
        (
            authenticator.show(options),
            [lambda it: Nobody().sign_in(HERE, "token", it, ""), lambda it: Nobody().second(HERE, "token", it)(1)],
        ),
    ):
        if part in answer | answer["response"]:
            place = answer if part in answer else answer["response"]
            place[part] = value
            for action in actions:
                assert code_of(lambda action=action, answer=answer: action(answer)) in ("passkey_invalid", "passkey_unknown")
