"""The whole schema, put together: every room's SQL in the order in which it is defined, with the vault's part rendered.

The one place that knows all rooms' SQL; `deploy` is all that commands need of it.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

from footfall import database
from footfall.api.questions.conditions import DIMENSIONS
from footfall.business.carried import CARRIED
from footfall.business.marts import make_missing_marts
from footfall.business.model import VAULT
from footfall.business.reach import REACH
from footfall.database import Connection, Definition, Step, Version, migrate
from footfall.judgement import channels, known_origins, parameters
from footfall.staging.rules import staging_parts
from footfall.vault import History, ddl, loads, removal
from footfall.vault.hashing import RECIPE_VERSION, hash_key_sql, netstring_sql, time_ordered_key_sql

_FILES = (
    "database/functions/util.sql",
    "database/functions/partitions.sql",
    "database/functions/retention.sql",
    "auth/sql/sql_access.sql",
    "auth/sql/auth.sql",
    "auth/sql/plans.sql",
    "auth/sql/customers.sql",
    "auth/sql/deletion.sql",
    "auth/sql/passkeys.sql",
    "auth/sql/accounts.sql",
    "auth/sql/single_sign_on.sql",
    "auth/sql/audit.sql",
    "auth/sql/cells.sql",
    "auth/sql/erasure.sql",
    "raw/sql/landing.sql",
    "raw/sql/site_tracking_events_v.sql",
    "staging/sql/parsing.sql",
    "staging/sql/addresses.sql",
    "staging/sql/validate_and_enrich.sql",
    "staging/sql/left_out.sql",
    "business/sql/conversions.sql",
    "business/sql/load.sql",
    "business/sql/proved.sql",
    "business/sql/usage.sql",
    "business/sql/reprocess.sql",
    "business/sql/sessions.sql",
    "business/sql/half_hours.sql",
    "business/sql/closing.sql",
    "business/sql/judgements.sql",
    "business/sql/rule_tasks.sql",
    "business/sql/refresh.sql",
    "business/sql/pages.sql",
    "business/sql/items.sql",
    "business/sql/marts.sql",
    "business/sql/marts_from_vault.sql",
    "business/sql/figures.sql",
    "business/sql/rollups.sql",
    "business/sql/rolling_up.sql",
    "business/sql/removal.sql",
    "business/sql/retention.sql",
    "business/sql/retiring.sql",
    "business/sql/persons.sql",
    "business/sql/forgetting.sql",
    "business/sql/own_person.sql",
    "business/sql/tenants.sql",
    "business/sql/merging.sql",
    "archive/sql/archive.sql",
    "archive/sql/leaving.sql",
    "api/sql/track_event.sql",
    "api/sql/track_analytics.sql",
    "api/sql/track_test.sql",
    "api/sql/live.sql",
    "api/sql/goals.sql",
    "api/sql/views.sql",
    "api/sql/quality.sql",
    "api/sql/measures.sql",
    "database/functions/access.sql",
)


_ACCESS = Definition("access", "SELECT util.secure_access()")
VERSION = Version(number=55, needs=55, serves=34)


def deploy(connection: Connection, role_prefix: str | None = None) -> list[str]:
    """Bring the store's schema up to date; returns what was changed, nothing if it was up to date already.

    Raises what `footfall.database.migrate` does.
    """
    done = migrate(connection, definitions(), _ACCESS, VERSION, role_prefix)
    connection.execute("SELECT util.ensure_partitions(util.current_load_date())")
    make_missing_marts(connection)
    return done


def require_usable(connection: Connection) -> None:
    """Raise SchemaOutdated or SchemaTooNew unless this program and the store's schema work together."""
    database.require_usable(connection, definitions(), VERSION)


def pending(connection: Connection, role_prefix: str | None = None) -> list[Step]:
    """What `deploy` would run, without running it."""
    return database.pending(connection, definitions(), role_prefix)


def repairs(connection: Connection) -> list[Step]:
    """What `deploy` would make right of roles, owners, grants and policies, besides what is pending."""
    return database.repairs(connection, _ACCESS)


@cache
def definitions() -> tuple[Definition, ...]:
    """Everything that is replaced when its text changes."""
    return tuple(_definitions())


def rendered() -> str:
    """What is rendered from the vault's model, as one script: the golden file under review."""
    parts = [ddl.tables(VAULT), *(definition.sql for definition in _rendered()), *_foreign_key_lines()]
    return "\n".join(parts)


def _definitions() -> Iterator[Definition]:
    parts = {
        **staging_parts(),
        **loads.staged_keys(VAULT),
        "dimensions": _dimensions(),
        "reach": _reach(),
        "recipe_version": str(RECIPE_VERSION),
        "known_as_key": hash_key_sql([loads.STAGED_TENANT, netstring_sql("known_as_bk")]),
        "key_of": hash_key_sql([netstring_sql("p_tenant_id"), netstring_sql("p_business_key")]),
        "event_key_of": time_ordered_key_sql(
            "substr(int8send(split_part(p_id, '_', 2)::bigint), 3, 6)", [netstring_sql("v_tenant_id"), netstring_sql("p_id")]
        ),
        "visit_key": hash_key_sql([netstring_sql("n.tenant_bk"), netstring_sql("b.visit_bk")]),
        "restated_key": time_ordered_key_sql(
            "util.time_prefix(restated_timestamp)", [loads.STAGED_TENANT, netstring_sql("restated_bk")]
        ),
    }
    yield from _rendered()
    for file in _FILES:
        yield Definition(file, _complete(_text(file), parts))
    for carried in CARRIED:
        yield Definition(f"business/{carried.thing}s_carried", _complete(_text("business/sql/carried.sql"), carried.parts))
    yield Definition("vault/foreign_keys", _foreign_keys())
    yield Definition("judgement/origins", _judgements())
    yield Definition("business/time_zones", _time_zones())


def _rendered() -> Iterator[Definition]:
    yield Definition("vault/views", ddl.views(VAULT))
    yield Definition("vault/load", loads.load_function(VAULT))
    yield Definition("vault/removal", removal.remove_functions(VAULT))
    yield Definition("vault/personal", removal.personal_functions(VAULT))
    for satellite in VAULT.satellites:
        if satellite.history is History.EARLIEST:
            yield Definition(f"vault/{satellite.name}_of", loads.anew_function(VAULT, satellite))
        if satellite.historised:
            yield Definition(f"vault/refresh_{satellite.name}", loads.refresh_function(VAULT, satellite))


def _text(file: str) -> str:
    return (resources.files("footfall") / file).read_text()


def _complete(sql: str, parts: dict[str, str]) -> str:
    """Put the rendered parts in their {{places}}; a place without a part is an error."""
    for name, part in parts.items():
        sql = sql.replace("{{" + name + "}}", part)
    if "{{" in sql:
        raise ValueError(f"no part for {sql[sql.index('{{') :].split('}}', maxsplit=1)[0]}}}}}")
    return sql


def _dimensions() -> str:
    """What can be asked for, as rows (dimension, grain, expression, kind): rollups are made of what is rolled up."""
    rows = (("all", "visit", "''", "text"), *((d.name, d.grain, d.value, d.kind) for d in DIMENSIONS.values() if d.is_rolled))
    return ",\n".join(f"    ({', '.join(map(_literal, row))})" for row in rows)


def _reach() -> str:
    """Where a person is held, as rows (place, relation, is_theirs, is_left)."""
    return ",\n".join(
        f"        ({place}, {_literal(one.table)}, {_literal(one.where)}, {_literal(one.left or one.where)})"
        for place, one in enumerate(REACH)
    )


def _foreign_keys() -> str:
    """References that nobody enforces: PostgreSQL 18 can declare them, so that tools and diagrams see them."""
    statements = "\n".join(
        f"        IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}' AND conrelid = '{table}'::regclass) THEN\n"
        f"            ALTER TABLE {table} ADD CONSTRAINT {name} {definition};\n"
        f"        END IF;"
        for table, name, definition in ddl.foreign_keys(VAULT)
    )
    return f"""\
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 180000 THEN
{statements}
    END IF;
END
$$;"""


def _foreign_key_lines() -> list[str]:
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition};" for table, name, definition in ddl.foreign_keys(VAULT)]


def _judgements() -> str:
    """Reference data of where visits come from: the lists replace the tables. What was judged by other lists is judged anew."""
    origins = _rows("ref.origin", known_origins())
    # what took the place of this table reads it no more
    old = "DROP TABLE IF EXISTS ref.referrer;"
    return "\n".join(
        (_rows("ref.parameter", parameters()), _rows("ref.channel", list(channels())), "DELETE FROM ref.campaign;", origins, old)
    )


def _rows(table: str, rows: Sequence[tuple[str | int | None, ...]]) -> str:
    values = ",\n".join("    (" + ", ".join(map(_value, row)) + ")" for row in rows)
    return f"DELETE FROM {table};\nINSERT INTO {table} VALUES\n{values};"


def _value(value: str | int | None) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else _literal(value)


def _time_zones() -> str:
    """Reference data of the countries of time zones, from tzdata; also under old names, which browsers send."""
    folder = resources.files("tzdata") / "zoneinfo"
    lines = [line.split("\t") for line in (folder / "zone.tab").read_text().splitlines() if not line.startswith("#")]
    country = {zone: code for code, _, zone, *_ in lines}
    links = (line.split(" ") for line in (folder / "tzdata.zi").read_text().splitlines() if line.startswith("L "))
    aliases = {alias: country[zone] for _, zone, alias in links if zone in country and alias not in country}
    values = ",\n".join(f"    ({_literal(zone)}, {_literal(code)})" for zone, code in sorted((country | aliases).items()))
    return f"DELETE FROM ref.time_zone;\nINSERT INTO ref.time_zone (time_zone, country) VALUES\n{values};"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
