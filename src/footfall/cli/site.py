"""`footfall site`: hosts of a tenant under a name, and the keys that send for them."""

from typing import Annotated

import typer

from footfall.business import list_sites, remove_site, set_site
from footfall.cli.options import AsJson, Data, DatabaseUrl, existing_store, setting_up
from footfall.cli.output import console, print_json, print_rows
from footfall.errors import NotAccepted

site = typer.Typer(no_args_is_help=True, help="Sites: hosts of a tenant under a name, with keys of their own.")
_Which = Annotated[str, typer.Argument(help="Whose site.")]
_Name = Annotated[str, typer.Argument(help="The site's name.")]


@site.command()
def add(
    tenant: _Which,
    name: _Name,
    host: Annotated[list[str], typer.Option(help="A host, with those under it; repeatable.")],
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Add a site, or give one other hosts. Keys made with `footfall key add --site` send of its pages only.

    Example: footfall site add acme shop --host shop.acme.example
    """
    with existing_store(data, database_url, tenant) as store, setting_up(store, tenant) as connection:
        set_site(connection, name, host)
    if as_json:
        print_json({"tenant": tenant, "site": name, "hosts": host})
    else:
        console.print(f"{name} of {tenant}: {', '.join(host)}", markup=False)


@site.command()
def remove(
    tenant: _Which,
    name: _Name,
    data: Data = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Forget a site for which no key sends any more. What was counted stays.

    Example: footfall site remove acme shop
    """
    with existing_store(data, database_url, tenant) as store, setting_up(store, tenant) as connection:
        if not remove_site(connection, name):
            raise NotAccepted("site_unknown", f"{tenant} has no site {name!r}: `footfall site list {tenant}` names them")
    if as_json:
        print_json({"tenant": tenant, "removed": name})
    else:
        console.print(f"Removed {name} of {tenant}.", markup=False)


@site.command(name="list")
def list_(tenant: _Which, data: Data = None, database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List a tenant's sites, the numbers of their keys, and their events of 30 days.

    Example: footfall site list acme
    """
    with existing_store(data, database_url, tenant) as store, setting_up(store, tenant) as connection:
        rows = list_sites(connection)
    if as_json:
        print_json(rows)
    else:
        said = [row | {"hosts": ", ".join(row["hosts"]), "keys": ", ".join(map(str, row["keys"]))} for row in rows]
        print_rows(said, f"{tenant} has no site of a name: footfall site add --help")
