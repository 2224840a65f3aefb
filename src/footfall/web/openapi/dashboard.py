"""What the dashboard does, beside asking: its operations, from which descriptions and tests are made."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from footfall.web import setup_wire
from footfall.web.openapi.parts import DONE, failures, reference


class _Operation(NamedTuple):
    """What the dashboard does, beside asking."""

    method: str
    path: str
    name: str
    summary: str
    body: type[msgspec.Struct] | None = None
    query: Mapping[str, str] = MappingProxyType({})
    file: str = ""  # its media type; empty: the answer is JSON


_WHICH_ROWS = {
    "who": "a part of who did it: an e-mail address, a label, or person, key, token, guest, cli, worker",
    "action": "an action such as key.revoked, or what is before its point",
    "since": "from this moment or day on, in UTC unless it says otherwise",
    "until": "before this moment, or until this day's end",
}
_WHICH_PAGE = {"limit": "so many rows, 500 at most; default: 50", "offset": "after so many"}
_WHOSE = {"tenant": "only the chain of this tenant; operators: of what belongs to no tenant"}

DASHBOARD = (
    _Operation("get", "/api/session", "getAccount", "Who is signed in, their tenants, and the industry packs"),
    _Operation("post", "/api/session", "signIn", "Sign in", setup_wire.SignIn),
    _Operation("delete", "/api/session", "signOut", "Sign out"),
    _Operation("post", "/api/session/password", "changePassword", "Change one's password", setup_wire.NewPassword),
    _Operation("post", "/api/share", "openLink", "Open a share link", setup_wire.OpenLink),
    _Operation("get", "/api/setup", "getSetup", "All that is set up"),
    _Operation("get", "/api/setup/keys", "getKeys", "Keys, but for the keys themselves"),
    _Operation("post", "/api/setup/keys", "addKey", "Make a key; shown this once", setup_wire.NewKey),
    _Operation("delete", "/api/setup/keys/{key}", "revokeKey", "Revoke a key"),
    _Operation("get", "/api/setup/goals", "getSetGoals", "Goals"),
    _Operation("post", "/api/setup/goals", "addGoal", "Define a goal, or redefine it", setup_wire.NewGoal),
    _Operation("delete", "/api/setup/goals/{goal}", "removeGoal", "Forget a goal"),
    _Operation("get", "/api/setup/funnels", "getFunnels", "Saved funnels"),
    _Operation("post", "/api/setup/funnels", "saveFunnel", "Save a funnel, or change it", setup_wire.SavedFunnel),
    _Operation("delete", "/api/setup/funnels/{funnel}", "removeFunnel", "Forget a funnel"),
    _Operation("post", "/api/setup/pack", "applyPack", "Get an industry's goals and funnel", setup_wire.ChosenPack),
    _Operation("post", "/api/setup/people", "setPerson", "Give somebody a role (owners)", setup_wire.SetPerson),
    _Operation("delete", "/api/setup/people/{email}", "removePerson", "Take a role away (owners)"),
    _Operation("post", "/api/setup/links", "addLink", "Make a share link; shown this once", setup_wire.NewLink),
    _Operation("delete", "/api/setup/links/{link}", "removeLink", "End a share link"),
    _Operation(
        "post",
        "/api/setup/tenant",
        "describeTenant",
        "Change the tenant's name, industry, time zone, currency, week (owners)",
        setup_wire.DescribeTenant,
    ),
    _Operation(
        "post", "/api/setup/people/{email}/password", "renewPassword", "A password for one sign-in (owners)", setup_wire.Nothing
    ),
    _Operation(
        "post", "/api/session/second-factor", "beginSecondFactor", "What an authenticator makes codes of", setup_wire.OwnPassword
    ),
    _Operation(
        "post", "/api/session/second-factor/confirm", "confirmSecondFactor", "Be asked for codes from now on", setup_wire.Code
    ),
    _Operation(
        "post", "/api/session/second-factor/end", "endSecondFactor", "Be asked for no code any more", setup_wire.OwnPassword
    ),
    _Operation("post", "/api/session/oidc", "confirmSignOn", "Show the code that a single sign-on waits for", setup_wire.Code),
    _Operation("get", "/api/session/passkeys", "getPasskeys", "One's passkeys"),
    _Operation(
        "post", "/api/session/passkeys", "beginPasskey", "What an authenticator shall make a passkey of", setup_wire.OwnPassword
    ),
    _Operation("post", "/api/session/passkeys/confirm", "addPasskey", "Keep the passkey that it made", setup_wire.NewPasskey),
    _Operation(
        "post", "/api/session/passkeys/{passkey}", "renamePasskey", "Call a passkey something else", setup_wire.PasskeyName
    ),
    _Operation("post", "/api/session/passkeys/{passkey}/end", "removePasskey", "Remove a passkey", setup_wire.OwnPassword),
    _Operation("post", "/api/session/passkey", "askForPasskey", "What a passkey shall sign", setup_wire.Nothing),
    _Operation("post", "/api/session/passkey/confirm", "signInByPasskey", "Sign in by what it signed", setup_wire.ShownPasskey),
    _Operation("get", "/api/session/all", "getSignIns", "Where one is signed in"),
    _Operation("delete", "/api/session/all/{sign_in}", "endSignIn", "End a sign-in of one's own"),
    _Operation("delete", "/api/session/all/others", "endOtherSignIns", "End all sign-ins of one's own but this one"),
    _Operation("get", "/api/setup/plan", "getPlan", "What the tenant may send, and has sent, limit by limit (owners)"),
    _Operation("get", "/api/setup/hosts", "getHosts", "Hosts whose pages sent something in 30 days, and whether they may"),
    _Operation(
        "get", "/api/setup/origins", "getOrigins", "Which hosts are the tenant's own besides, and which never begin a visit"
    ),
    _Operation("get", "/api/setup/event-types", "getEventTypes", "Event types: accepted, and refused as unknown"),
    _Operation("post", "/api/setup/event-types", "addEventType", "Accept an event type", setup_wire.NewEventType),
    _Operation("delete", "/api/setup/event-types/{type}", "removeEventType", "Accept an event type no longer"),
    _Operation("post", "/api/setup/tenants", "addTenant", "Add a tenant (operators)", setup_wire.NewTenant),
    _Operation("get", "/api/quality", "getQuality", "Whether all that was sent in 48 hours arrived, and why not"),
    _Operation("post", "/api/quality/reprocess", "reprocess", "Try invalid events again", setup_wire.Reprocess),
    _Operation("get", "/api/trace/{event}", "getTrace", "An event layer by layer: raw, staging, vault"),
    _Operation("get", "/api/store", "getStore", "Partitions, last loads, what waits (operators)"),
    _Operation("get", "/api/session/tenants", "getTenants", "One's tenants whose name or id has all words of `?search=`"),
    _Operation("get", "/api/operator/tenants", "getCustomers", "All tenants and what they send, searched and sorted (operators)"),
    _Operation("get", "/api/operator/tenants/{tenant}", "getCustomer", "A tenant, what it sends, its plan (operators)"),
    _Operation("get", "/api/setup/audit", "getAudit", "Who did what (owners)", query=_WHICH_ROWS | _WHICH_PAGE),
    _Operation("get", "/api/setup/audit.csv", "getAuditFile", "Who did what, as a file", query=_WHICH_ROWS, file="text/csv"),
    _Operation("get", "/api/setup/records", "getRecords", "The record of processing: what is stored, why, how long (owners)"),
    _Operation(
        "get", "/api/setup/records.md", "getRecordsFile", "The same, as a file in Markdown (owners)", file="text/markdown"
    ),
    _Operation("post", "/api/setup/privacy/find", "findPerson", "What is held about a visitor (owners)", setup_wire.PersonId),
    _Operation(
        "post",
        "/api/setup/privacy/export",
        "exportPerson",
        "All that is held about a visitor, as a zip (owners)",
        setup_wire.PersonId,
        file="application/zip",
    ),
    _Operation(
        "post",
        "/api/setup/privacy/erase",
        "erasePerson",
        "Forget or delete a visitor, for ever (owners)",
        setup_wire.ErasedPerson,
    ),
    _Operation(
        "get", "/api/setup/privacy/requests", "getPrivacyRequests", "What people asked, and until when it is due (owners)"
    ),
    _Operation(
        "post", "/api/setup/privacy/requests", "addPrivacyRequest", "Put a request down (owners)", setup_wire.NewPrivacyRequest
    ),
    _Operation(
        "post",
        "/api/setup/privacy/requests/{request}",
        "closePrivacyRequest",
        "Say that a request was answered, or refused (owners)",
        setup_wire.ClosedRequest,
    ),
    _Operation("get", "/api/setup/privacy/receipts", "getReceipts", "Receipts of erasures: they name nobody (owners)"),
    _Operation("get", "/api/setup/rules", "getRules", "The rules in force, all sets before them, what was asked last (owners)"),
    _Operation(
        "post", "/api/setup/rules/diff", "compareRules", "How rules differ from those in force (owners)", setup_wire.SomeRules
    ),
    _Operation(
        "post", "/api/setup/rules/preview", "previewRules", "Ask what rules would change (owners)", setup_wire.PreviewedRules
    ),
    _Operation("post", "/api/setup/rules/apply", "applyRules", "Ask to put rules in force (owners)", setup_wire.AppliedRules),
    _Operation(
        "post", "/api/setup/rules/revert", "revertRules", "Ask to take the rules in force back (owners)", setup_wire.RevertedRules
    ),
    _Operation("get", "/api/setup/rules/task", "getRulesTask", "What came of what was asked last (owners)"),
    _Operation(
        "get", "/api/operator/audit", "getAllAudit", "Who did what, of all (operators)", query=_WHOSE | _WHICH_ROWS | _WHICH_PAGE
    ),
    _Operation(
        "get",
        "/api/operator/audit.csv",
        "getAllAuditFile",
        "Who did what, of all, as a file (operators)",
        query=_WHOSE | _WHICH_ROWS,
        file="text/csv",
    ),
)
_FOR_ANYBODY = frozenset({"signIn", "confirmSignOn", "openLink", "askForPasskey", "signInByPasskey"})


def dashboard() -> dict[str, dict[str, Any]]:
    """The dashboard's own operations, by path and method. Their answers are for its pages and may change with them."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, name, summary, body, query, file in DASHBOARD:
        names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
        content = {"application/json": {"schema": reference(body.__name__)}} if body else None
        paths.setdefault(path, {})[method] = {
            "operationId": name,
            "summary": summary,
            "tags": ["dashboard"],
            "security": [] if name in _FOR_ANYBODY else [{"signIn": []}],
            "parameters": [
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0}
                    if name in {"key", "link", "sign_in", "passkey", "request"}
                    else {"type": "string", "minLength": 1},
                }
                for name in names
            ]
            + [{"name": name, "in": "query", "description": text, "schema": {"type": "string"}} for name, text in query.items()],
            **({"requestBody": {"required": True, "content": content}} if content else {}),
            "responses": {
                "200": {"description": "The file.", "content": {file: {"schema": {"type": "string"}}}}
                if file
                else {"description": "Done.", "content": {"application/json": {"schema": DONE}}},
                **failures("400", "401", "403", "404", "405", "413", "429", "500", "503"),
            },
        }
    return paths
