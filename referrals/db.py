"""The database: engine, session, column types, and when a transaction takes the write lock (`STACK`, SQLite)."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any, cast
from weakref import WeakKeyDictionary

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Text,
    TextClause,
    TypeDecorator,
    event,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.sql.functions import FunctionElement

from referrals.turns import Turns

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 20_000
TURN_SECONDS = 4
only_reading: ContextVar[bool] = ContextVar("only_reading", default=False)
turns_of: WeakKeyDictionary[Engine, Turns] = WeakKeyDictionary()


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC with microseconds; a naive datetime is refused."""

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What values of this type are in Python."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only where the key is spelled INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")
# Text that is sorted and compared by code point, in every database alike.
KeyText = Text().with_variant(Text(collation="C"), "postgresql")
Document = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """All tables descend from this one."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={
            datetime: UTCDateTime(),
            date: Date(),
            str: Text(),
            int: BigInteger(),
            dict[str, Any]: Document,
            list[Any]: Document,
        },
    )


class text_position(FunctionElement[int]):
    """Where in a text another one begins, counted from 1; 0 when it does not occur."""

    type = BigInteger()
    inherit_cache = True


@compiles(text_position)
def _text_position(element: FunctionElement[int], compiler: Any, **kw: Any) -> str:
    return f"instr({compiler.process(element.clauses, **kw)})"


@compiles(text_position, "postgresql")
def _text_position_on_postgresql(element: FunctionElement[int], compiler: Any, **kw: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **kw)})"


class unindexed(FunctionElement[Any]):
    """A column or condition that no index serves: SQLite guesses without statistics which to use; we know better."""

    inherit_cache = True

    def __init__(self, expression: Any) -> None:
        super().__init__(expression)
        self.type = expression.type


@compiles(unindexed)
def _unindexed(element: FunctionElement[Any], compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)})"


@compiles(unindexed, "sqlite")
def _unindexed_on_sqlite(element: FunctionElement[Any], compiler: Any, **kw: Any) -> str:
    return f"+({compiler.process(element.clauses, **kw)})"


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
session = db.session


def prepare_engine(engine: Engine) -> None:
    """Give the engine its transactions: BEGIN IMMEDIATE on SQLite for whatever may write, read-only otherwise."""
    if engine.dialect.name == "sqlite":
        turns = turns_of[engine] = Turns(TURN_SECONDS)
        event.listen(engine, "connect", prepare_sqlite_connection)
        event.listen(engine, "begin", begin_on_sqlite)
        event.listen(engine, "checkin", lambda _connection, record: turns.give_back(record.info))
    else:
        event.listen(engine, "begin", begin_on_postgresql)


def prepare_sqlite_connection(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "cache_size=-32768",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def begin_on_sqlite(connection: Connection) -> None:
    # query_only makes "a GET changes nothing" a fact of the database; it is set only where it differs.
    reading = only_reading.get()
    if not reading:
        turns_of[connection.engine].take(connection.info)
    if connection.info.get("query_only", False) != reading:
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.info["query_only"] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def begin_on_postgresql(connection: Connection) -> None:
    if only_reading.get():
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@contextmanager
def reading() -> Iterator[None]:
    """A stretch that only reads: it takes no write lock, and ends with its transaction given back."""
    session.rollback()
    token = only_reading.set(True)
    try:
        yield
    finally:
        session.rollback()
        only_reading.reset(token)


def others_write() -> bool:
    """Whether somebody else in this process writes to SQLite or waits to, asked between own transactions."""
    turns = turns_of.get(db.engine)
    return turns is not None and turns.current is not None


def begin_snapshot() -> None:
    """Begin a transaction whose statements all see one moment, as SQLite's do anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


@contextmanager
def writing() -> Iterator[None]:
    """A stretch that writes although its request is one that commonly only reads."""
    session.rollback()
    token = only_reading.set(False)
    try:
        yield
    finally:
        session.rollback()
        only_reading.reset(token)


def lock_names(names: Iterable[str]) -> None:
    """Hold these names until the transaction ends, so that others who ask for one of them wait.

    SQLite has one writer at a time already. PostgreSQL locks 64-bit digests, in order, so that nobody deadlocks.
    """
    hold_digests(names, text("SELECT pg_advisory_xact_lock(:digest)"))


def share_names(names: Iterable[str]) -> None:
    """Hold these names together with others who share them; whoever locks one waits for all, and all for them."""
    hold_digests(names, text("SELECT pg_advisory_xact_lock_shared(:digest)"))


def hold_digests(names: Iterable[str], statement: TextClause) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    digests = {int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in names}
    for digest in sorted(digests):
        session.execute(statement, {"digest": digest})


def insert_rows(model: type[Base], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write many rows by one statement, as quickly as the driver can. Defaults of the models do not apply."""
    if not rows:
        return
    connection = session.connection()
    dialect = connection.dialect
    table = model.__table__
    kept = [table.columns[name] for name in columns]
    adapters = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in kept]
    fields = list(zip(*rows, strict=True))
    for place, adapt in enumerate(adapters):
        if adapt is not None:
            fields[place] = adapted(adapt, fields[place])
    names = ", ".join(dialect.identifier_preparer.format_column(column) for column in kept)
    if dialect.name == "postgresql":
        kinds = (column.type.compile(dialect).split(" COLLATE ")[0] for column in kept)
        places = ", ".join(f"%s::{kind}[]" for kind in kinds)
        statement = f"INSERT INTO {model.__tablename__} ({names}) SELECT * FROM unnest({places})"  # noqa: S608
        connection.exec_driver_sql(statement, tuple(list(field) for field in fields))
        return
    places = ", ".join("?" for _ in kept)
    statement = f"INSERT INTO {model.__tablename__} ({names}) VALUES ({places})"  # noqa: S608
    connection.exec_driver_sql(statement, list(zip(*fields, strict=True)))


def adapted(adapt: Callable[[Any], Any], values: tuple[Any, ...]) -> tuple[Any, ...]:
    # Rows that are written together often share a moment, which is spelled once then.
    first = values[0]
    if all(value is first for value in values):
        return (adapt(first),) * len(values)
    return tuple(map(adapt, values))


def among(column: Any, values: Iterable[int] | Iterable[str]) -> ColumnElement[bool]:
    """Whether a column holds one of these; one parameter for thousands, where IN has one for each."""
    given = list(values)
    if session.get_bind().dialect.name == "postgresql":
        kind = Text() if given and isinstance(given[0], str) else BigInteger()
        found: ColumnElement[bool] = column == func.any(literal(given, ARRAY(kind)))
        return found
    listed = func.json_each(json.dumps(given)).table_valued("value")
    return cast("ColumnElement[bool]", column.in_(select(listed.c.value)))


def is_reachable() -> bool:
    """Whether the database answers."""
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        session.rollback()
        return False
    return True
