"""`footfall migrate`: the schema, brought up to date."""

from footfall import schema
from footfall.cli.options import AsJson, Data, DatabaseUrl, settings_of
from footfall.cli.output import console, print_json
from footfall.database import connect, open_store


def migrate(data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Make the store if need be, and bring its schema up to date. `up` and `demo` do this by themselves.

    Example: DATABASE_URL=postgresql://footfall@db/footfall footfall migrate
    """
    settings = settings_of(data, database_url)
    with (
        open_store(settings.database_url, settings.data, create=True, user=settings.postgres_user) as store,
        connect(store.url) as connection,
    ):
        done = schema.deploy(connection)
    if as_json:
        print_json({"changes": done})
    elif done:
        console.print(f"Brought the schema up to date: {len(done)} changes.")
    else:
        console.print("The schema is up to date.")
