"""What comes from the process around us: environment variables, the working directory, the operating system's user.

Together with `cli.py` the only place that looks at them. Variables:

* `AVTALE_CONFIG`: the configuration file, when `--config` is not given
* `AVTALE_SMTP_PASSWORD`: the mail server's password; wins over `smtp.password_file`
* `NOTIFY_SOCKET`, `WATCHDOG_USEC`: set by systemd for services of `Type=notify`
"""

import os
import pwd
from pathlib import Path
from typing import Final

from agreements.errors import ConfigurationError
from agreements.parties import Actor
from onboarding.files import open_file
from onboarding.settings.model import Settings, User

CONFIG_VARIABLE: Final = "AVTALE_CONFIG"
SMTP_PASSWORD_VARIABLE: Final = "AVTALE_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
LOGIN_UID: Final = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN: Final = 2**32 - 1  # (uid_t)-1: services, containers
_FONTCONFIG_VARIABLE: Final = "FONTCONFIG_FILE"
_NOTIFY_VARIABLE: Final = "NOTIFY_SOCKET"
_WATCHDOG_VARIABLE: Final = "WATCHDOG_USEC"
MAX_SECRET_BYTES: Final = 4096
"""A password file larger than this is another file by mistake."""


def configuration_file(option: Path | None) -> Path:
    """`--config`, else `$AVTALE_CONFIG`, else `config.yaml` in the working directory. It need not exist."""
    if option is not None:
        return option.absolute()
    return Path(os.environ.get(CONFIG_VARIABLE) or "config.yaml").absolute()


def current_os_user() -> str:
    """The name of the operating system's user who runs the program: by number, since anybody can set $USER.

    Where people log in as themselves and run it as a service's user (`sudo -u`), it is who logged in: Linux keeps that
    number through every change of user, and only root can set it (audit login UID, proc(5) and pam_loginuid(8)).
    """
    number = _login_number()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # containers run under numbers without a name
        return str(number)


def _login_number() -> int:
    """The number of who logged in, where the kernel knows it; else of whom the program runs as."""
    try:
        number = int(LOGIN_UID.read_text())
    except (OSError, ValueError):  # no Linux, or a kernel without audit
        return os.getuid()
    return os.getuid() if number == _NOBODY_LOGGED_IN else number


def find_user(settings: Settings, by: str | None) -> User:
    """Who acts: the user named by `--by`, else the one whose `os_user` is the caller's.

    Raises ConfigurationError: `unknown_user` (nobody in `users:` has that id) or `no_user`.
    """
    caller = current_os_user()
    if by is None:
        found = next((user for user in settings.users if user.os_user == caller), None)
        if found is None:
            raise ConfigurationError("no_user", os_user=caller)
        return found
    found = next((user for user in settings.users if user.id == by), None)
    if found is None:
        raise ConfigurationError("unknown_user", user=by, known=", ".join(user.id for user in settings.users))
    return found


def user_name(settings: Settings, user_id: str) -> str:
    """The person's name; the id itself for somebody who is not in `users:` any more."""
    return next((user.name for user in settings.users if user.id == user_id), user_id)


def full_name() -> str:
    """The caller's name as the operating system knows it, else the OS user."""
    try:
        return pwd.getpwuid(_login_number()).pw_gecos.partition(",")[0] or current_os_user()
    except KeyError:
        return current_os_user()


def find_actor(settings: Settings, by: str | None) -> Actor:
    """Who acts (see `find_user`), with the operating system's user beside, whoever `--by` names."""
    return Actor(user=find_user(settings, by).id, os_user=current_os_user())


def has_smtp_password() -> bool:
    """Whether the environment holds the mail server's password."""
    return bool(os.environ.get(SMTP_PASSWORD_VARIABLE))


def smtp_password(settings: Settings) -> str | None:
    """The mail server's password; None where it asks for none. Raises ConfigurationError `secret_unreadable`."""
    if settings.smtp.username is None:
        return None
    if has_smtp_password():
        return os.environ[SMTP_PASSWORD_VARIABLE]
    path = settings.smtp.password_file
    return None if path is None else read_secret(path)


def read_secret(path: Path) -> str:
    """The text of a secret file less the line break that editors put at its end.

    Raises ConfigurationError `secret_unreadable`.
    """
    try:
        with open_file(path) as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        secret = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("secret_unreadable", path=str(path)) from error
    if not secret or len(content) > MAX_SECRET_BYTES or "\n" in secret:
        raise ConfigurationError("secret_unreadable", path=str(path))
    return secret


def notify_socket() -> str | None:
    """Where the service manager listens for word of us; None where there is none."""
    return os.environ.get(_NOTIFY_VARIABLE) or None


def watchdog_seconds() -> float | None:
    """Silent for so long, the service manager kills us; None where it does not watch."""
    written = os.environ.get(_WATCHDOG_VARIABLE, "")
    return int(written) / 1_000_000 if written.isdecimal() and int(written) else None


def use_private_fonts(fontconfig_file: Path) -> None:
    """Lay out documents with the program's own fonts only. Call before WeasyPrint is imported and before any thread."""
    os.environ[_FONTCONFIG_VARIABLE] = str(fontconfig_file)
