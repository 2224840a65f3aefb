"""Settings, from the environment or from files that it names."""

from pathlib import Path

import pytest

from footfall.errors import SettingInvalid
from footfall.settings import Settings


def test_a_setting_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://ann:s3cret@db/footfall\n")
    assert Settings.read({"DATABASE_URL_FILE": str(secret)}).database_url == "postgresql://ann:s3cret@db/footfall"
    assert Settings.read({"DATABASE_URL_FILE": str(secret), "DATABASE_URL": "postgresql://other/x"}).database_url.endswith(
        "other/x"
    )
    secret.write_text("8701")
    assert Settings.read({"FOOTFALL_PORT_FILE": str(secret)}).port == 8701


def test_a_file_that_cannot_be_read_is_said_and_so_is_a_value_of_the_wrong_type(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="DATABASE_URL_FILE names"):
        Settings.read({"DATABASE_URL_FILE": str(tmp_path / "nowhere")})
    with pytest.raises(SettingInvalid, match="FOOTFALL_PORT"):
        Settings.read({"FOOTFALL_PORT": "http"})
    with pytest.raises(SettingInvalid, match="FOOTFALL_PUBLIC_URL"):
        Settings.read({"FOOTFALL_PUBLIC_URL": "stats.example.com"})


def test_a_folder_and_a_server_at_once_are_an_error() -> None:
    with pytest.raises(SettingInvalid, match="take one of them away"):
        Settings.read({"DATABASE_URL": "postgresql://db/footfall"}).override(data=Path("here"))
    with pytest.raises(SettingInvalid, match="take one of them away"):
        Settings.read({}).override(data=Path("here"), database_url="postgresql://db/footfall")
    # a folder of the environment is only where a store would be
    beside = Settings.read({"FOOTFALL_DATA": "there", "DATABASE_URL": "postgresql://db/footfall"})
    assert beside.override(data=None).database_url == "postgresql://db/footfall"
