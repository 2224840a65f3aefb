"""What Granian loads in each of its processes: the application on the store that the environment names."""

from footfall.logs import configure
from footfall.parent import end_with_parent
from footfall.settings import Settings
from footfall.web.app import application

end_with_parent()
settings = Settings.read()
configure(settings.log_format, settings.log_level)
app = application(settings, settings.database_url)
