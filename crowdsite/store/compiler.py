"""The compilers Django looks up by name (`Operations.compiler_module`)."""

from .selecting import SQLAggregateCompiler, SQLCompiler
from .writing import SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]
