"""Statements that are compiled once and left to the driver, for the few paths on which everybody waits."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import CursorResult, Dialect

from referrals.db import session


class Prepared:
    """A statement; what it answers is as the driver has it, so no moments. Each execution is given the same names."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self.forms: dict[str, tuple[str, list[str] | None, dict[str, Any], dict[str, Callable[[Any], Any]]]] = {}

    def execute(self, values: dict[str, Any]) -> CursorResult[Any]:
        """Run it in the transaction of the session."""
        connection = session.connection()
        form = self.forms.get(connection.dialect.name) or self.compile(connection.dialect, values)
        spelled, order, constants, adapters = form
        given = constants | values
        for name, adapt in adapters.items():
            given[name] = adapt(given[name])
        return connection.exec_driver_sql(spelled, tuple(given[name] for name in order) if order else given)

    def compile(self, dialect: Dialect, names: Iterable[str]) -> Any:
        compiled = self.statement.compile(dialect=dialect, column_keys=list(names))
        adapters = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        used = {name: adapt for name, adapt in adapters.items() if adapt is not None}
        form = self.forms[dialect.name] = (compiled.string, compiled.positiontup, compiled.params, used)
        return form
