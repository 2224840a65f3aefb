"""What Granian loads in each of its processes: the application on the store that the environment names."""

from footfall.logs import configure
from footfall.settings import Settings
from footfall.web.app import application

configure()
settings = Settings.read()
app = application(settings, settings.database_url)
