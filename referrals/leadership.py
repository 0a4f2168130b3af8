"""Which process runs the jobs, where several serve one database."""

from contextlib import suppress
from threading import Lock

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from referrals.config import Config

log = structlog.get_logger()
LEADER_LOCK = 7_231_906


class Leadership:
    """Of several processes on one database, one runs the jobs; another takes over when it ends."""

    def __init__(self, config: Config, engine: Engine) -> None:
        self.engine = engine
        self.asking = Lock()
        # Jobs run in several threads of one process, which leads or does not as a whole.
        self.file = FileLock(config.data_dir / "scheduler.lock", blocking=False, thread_local=False)
        self.connection: Connection | None = None

    def held(self) -> bool:
        """Whether this process leads; tries to when nobody does."""
        with self.asking:
            if self.engine.dialect.name == "postgresql":
                return self.still_held() or self.taken()
            try:
                if not self.file.is_locked:
                    self.file.acquire()
            except Timeout:
                return False
            return True

    def still_held(self) -> bool:
        """Whether the connection that holds the lock is there: the lock ends with it, and others may have taken it."""
        if self.connection is None:
            return False
        try:
            self.connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            log.warning("leadership_lost")
            self.drop_connection()
        return self.connection is not None

    def taken(self) -> bool:
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        locked = False
        try:
            locked = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LEADER_LOCK}))
        finally:
            if not locked:
                connection.close()
        self.connection = connection if locked else None
        return locked

    def give_up(self) -> None:
        """Let another process lead."""
        with self.asking:
            if self.file.is_locked:
                self.file.release()
            if self.connection is not None:
                with suppress(SQLAlchemyError):
                    self.connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LEADER_LOCK})
                self.drop_connection()

    def drop_connection(self) -> None:
        # Closed alone it would go back to the pool, perhaps with the lock on it.
        if self.connection is not None:
            self.connection.invalidate()
            self.connection.close()
            self.connection = None
