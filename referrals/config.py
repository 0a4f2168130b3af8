"""Settings from the environment or a `.env` file; all optional (`SPEC §16`, `API` environment)."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from environs import Env

from referrals.errors import RuleBroken

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Config:
    """What an operator can set. `cheap_hashing` and `limits` exist for the tests alone."""

    database_url: str
    data_dir: Path
    secret_key: str
    base_url: str
    mail_url: str = ""
    sms_url: str = ""
    second_factor: str = "required"
    scheduler: bool = True
    private_hooks: bool = False
    proxies: int = 0
    cheap_hashing: bool = False
    limits: bool = True

    @property
    def secure(self) -> bool:
        """Whether visitors come over https: cookies are then `Secure`."""
        return self.base_url.startswith("https://")

    @property
    def mail_from(self) -> str:
        """The sender's address that the mail URL names (`smtp://host?from=partners@example.org`), or nothing."""
        return dict(parse_qsl(urlsplit(self.mail_url).query)).get("from", "")

    @property
    def mails_to_files(self) -> bool:
        """Whether mail goes to the outbox folder, readable in the browser, because no server is set."""
        return not self.mail_url

    @property
    def texts_to_files(self) -> bool:
        """Whether short messages go to the outbox folder, because no gateway is set."""
        return not self.sms_url


class BadSetting(RuleBroken):
    """A setting of the environment that cannot be meant so."""

    sentence = "REFERRALS_%(name)s is %(value)s; %(wanted)s."


def from_environment(base_url: str = "http://127.0.0.1:8000") -> Config:
    """Read the settings; makes the data folder and, once, the secret key that is kept with the data.

    `base_url` holds where none is set. Raises BadSetting.
    """
    env = Env()
    env.read_env(str(Path.cwd() / ".env"), recurse=False)
    with env.prefixed("REFERRALS_"):
        data_dir = Path(env.str("DATA_DIR", str(ROOT / "instance"))).resolve()
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = Config(
            database_url=env.str("DATABASE_URL", "") or f"sqlite:///{data_dir / 'referrals.db'}",
            data_dir=data_dir,
            secret_key=env.str("SECRET_KEY", "") or kept_secret(data_dir / "secret.key"),
            base_url=env.str("BASE_URL", base_url).rstrip("/"),
            mail_url=env.str("MAIL_URL", ""),
            sms_url=env.str("SMS_URL", ""),
            second_factor=env.str("SECOND_FACTOR", "required"),
            scheduler=env.bool("SCHEDULER", True),
            private_hooks=env.bool("PRIVATE_HOOKS", False),
            proxies=env.int("PROXIES", 0),
        )
    refuse_odd_settings(config)
    return config


def refuse_odd_settings(config: Config) -> None:
    for name, value, fits, wanted in (
        (
            "BASE_URL",
            config.base_url,
            is_address(config.base_url, "http", "https"),
            "write https://partners.example.org",
        ),
        (
            "MAIL_URL",
            "odd",
            not config.mail_url or is_address(config.mail_url, "smtp", "smtps"),
            "write smtp://host:587",
        ),
        (
            "SMS_URL",
            "odd",
            not config.sms_url or is_address(config.sms_url, "http", "https"),
            "write https://gateway.example.org/send",
        ),
        (
            "SECOND_FACTOR",
            config.second_factor,
            config.second_factor in {"required", "optional"},
            "write required or optional",
        ),
    ):
        if not fits:
            raise BadSetting(name=name, value=value, wanted=wanted)


def is_address(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def kept_secret(file: Path) -> str:
    """The secret key in `file`; made there, readable for its owner alone, at the first call.

    The file appears whole or not at all (a hard link to a finished one), so two first starts agree on one key.
    """
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text().strip()
