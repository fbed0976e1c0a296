"""What records are made of, which stages hand to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import NODEFAULT, Struct, StructMeta

if TYPE_CHECKING:
    from inspect import Signature


class _Described(StructMeta):
    """Lets ``help()`` describe a struct although most names in its annotations are there for type checkers only."""

    has_names_only = False

    @property
    def __signature__(cls) -> Signature:  # noqa: N805 - of a class, which is what a metaclass makes
        """The parameters, their annotations as they are written."""
        from inspect import Parameter, Signature, get_annotations  # noqa: PLC0415 - for people only

        kind = Parameter.KEYWORD_ONLY if cls.has_names_only else Parameter.POSITIONAL_OR_KEYWORD
        written = {name: text for base in reversed(cls.__mro__) for name, text in get_annotations(base).items()}
        names, defaults = cls.__struct_fields__, cls.__struct_defaults__
        defaults = (NODEFAULT,) * (len(names) - len(defaults)) + defaults
        return Signature(
            [
                Parameter(
                    name,
                    kind,
                    default=Parameter.empty if default is NODEFAULT else default,
                    annotation=written[name],
                )
                for name, default in zip(names, defaults, strict=True)
            ]
        )


class Record(Struct, frozen=True, metaclass=_Described):
    """A value with named fields, as a frozen dataclass is; but making one of those takes half a millisecond."""


class Tally(Struct, metaclass=_Described):
    """The same for what is counted and collected over time: its fields can be set."""


class _DescribedByName(_Described):
    has_names_only = True


class Options(Struct, frozen=True, metaclass=_DescribedByName):
    """A record of choices; its classes are ``kw_only``."""
