"""The configuration: one YAML file, read once, refused as a whole when anything in it is wrong or unsafe.

`load_settings` gives typed, frozen settings or one error with every fault and its line. `find_user` says who acts.
Also the only place beside `cli.py` that looks at environment variables and the working directory (`environment.py`).
"""

from onboarding.settings.environment import (
    configuration_file,
    current_os_user,
    find_actor,
    find_user,
    full_name,
    notify_socket,
    read_secret,
    smtp_password,
    use_private_fonts,
    user_name,
    watchdog_seconds,
)
from onboarding.settings.faults import Fault, SettingsError
from onboarding.settings.loading import load_settings
from onboarding.settings.model import LogIn, MailboxSettings, Settings, User, VendorSettings, WatchedFolder

__all__ = [
    "Fault",
    "LogIn",
    "MailboxSettings",
    "Settings",
    "SettingsError",
    "User",
    "VendorSettings",
    "WatchedFolder",
    "configuration_file",
    "current_os_user",
    "find_actor",
    "find_user",
    "full_name",
    "load_settings",
    "notify_socket",
    "read_secret",
    "smtp_password",
    "use_private_fonts",
    "user_name",
    "watchdog_seconds",
]
