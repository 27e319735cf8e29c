"""Networks whose every weight comes from their files: the library makes up what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.models.loading import Located

_FETCH = "Fetch it anew, all files of one version, or name another model."


def load_whole(
    load: Callable[..., Any],
    used_of: Callable[[Any], Any],
    located: Located,
    user: str,
    *,
    unused: tuple[str, ...] = (),
    **options: Any,  # noqa: ANN401  (of the library)
) -> Any:  # noqa: ANN401  (a network)
    """The part of a network that is used, all its weights read from its files.

    Args:
        load: ``from_pretrained`` of a class of transformers.
        used_of: the part that computes, given the whole network.
        located: where the files are.
        user: what needs it, for messages.
        unused: beginnings of the names of weights that nothing hangs on.
        options: of ``load``.

    Raises:
        ModelError: weights are not there, or have other shapes than config.json says.
    """
    whole, told = load(
        located.path,
        local_files_only=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # told below, with their names
        **options,
    )
    used = used_of(whole)
    names = _names_of(whole, used, unused)
    odd = sorted(one for one in told["mismatched_keys"] if one[0] in names)
    if odd:
        name, there, wanted = odd[0]
        raise _other(
            located,
            user,
            f"{name} has the shape {tuple(there)} in the file of weights, and {tuple(wanted)} by "
            f"config.json{_more(len(odd) - 1)}",
        )
    lacking = sorted(names.intersection(told["missing_keys"]))
    if lacking:
        raise _other(
            located,
            user,
            f"the file of weights lacks {lacking[0]}, which config.json asks for"
            f"{_more(len(lacking) - 1)}",
        )
    return used


def _names_of(whole: Any, used: Any, unused: tuple[str, ...]) -> set[str]:  # noqa: ANN401  (networks)
    """What the whole network calls the weights of its used part; a shared one has several names."""
    own = {id(weights) for weights in used.parameters()}
    named = whole.named_parameters(remove_duplicate=False)
    return {name for name, one in named if id(one) in own and not name.startswith(unused)}


def _more(n: int) -> str:
    return f", and so on for {number_of(n, 'more weight', 'more weights')}" if n else ""


def _other(located: Located, user: str, what: str) -> ModelError:
    return ModelError(f"{user}: {located.name} ({located.path}): {what}", hint=_FETCH)
