"""Configurations from JSON: frozen dataclasses rebuilt from dicts and lists, strictly."""

import types
import typing
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

AnyPlain = TypeVar("AnyPlain")  # a configuration, or a part of one


def from_plain(type_: type[AnyPlain], plain: Any) -> AnyPlain:  # noqa: ANN401 - JSON is anything
    """Rebuild a configuration from JSON's dicts and lists; unknown names are errors.

    Raises:
        TypeError: A name is unknown or missing, or a value has the wrong form.
        ConfigError: The values do not fit one another.
    """
    if not isinstance(plain, dict):
        raise TypeError(f"expected an object for {type_.__name__}, found {plain!r}")
    hints = typing.get_type_hints(type_)
    unknown = plain.keys() - _names(type_)
    if unknown:
        raise TypeError(f"{type_.__name__} has no field '{min(unknown)}'")
    return type_(**{name: _revived(hints[name], value) for name, value in plain.items()})


def _names(type_: Any) -> set[str]:  # noqa: ANN401 - a dataclass, which has no type of its own
    return {field.name for field in fields(type_)}


def _revived(hint: Any, value: Any) -> Any:  # noqa: ANN401 - the hint decides
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in arguments:
            return None
        return _revived(_chosen(arguments, value), value)
    if origin is tuple:
        return tuple(_revived(arguments[0], item) for item in value)
    if origin is typing.Literal:
        return _listed(arguments, value)
    if is_dataclass(hint):
        return from_plain(typing.cast("type[Any]", hint), value)
    return _scalar(hint, value)


def _listed(choices: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - names as a rule
    if value not in choices:
        raise TypeError(f"'{value}' is not one of {', '.join(map(str, choices))}")
    return value


def _scalar(hint: Any, value: Any) -> Any:  # noqa: ANN401 - the hint decides
    if hint is float and type(value) is int:
        return float(value)
    if isinstance(value, bool) is not (hint is bool) or not isinstance(value, hint):
        raise TypeError(f"expected {hint.__name__}, found {value!r}")
    return value


def _chosen(arguments: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - one of several hints
    """The part of a union that knows all names of the value; else its first."""
    parts = [part for part in arguments if part is not type(None)]
    named = value.keys() if isinstance(value, dict) else set()
    fitting = (part for part in parts if is_dataclass(part) and named <= _names(part))
    return next(fitting, parts[0])
