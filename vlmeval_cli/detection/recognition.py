"""Two files, or one, that nothing is known about: which fields, which ids, which task."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Literal

from vlmeval_cli.core.config import FieldChoice
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.detection import rules
from vlmeval_cli.detection.evidence import Evidence, are_letters
from vlmeval_cli.detection.fields import (
    PREDICTION_OPTION,
    REFERENCE_OPTION,
    choose_values,
    image_of,
    options_of,
    question_of,
)
from vlmeval_cli.detection.golds import words_of
from vlmeval_cli.detection.ids import id_pairs
from vlmeval_cli.detection.samples import refuse_likelihoods, refuse_several_filters
from vlmeval_cli.detection.sides import Chosen, Detected, Side, roles_of
from vlmeval_cli.detection.swapped import (
    refuse_echo,
    refuse_gold,
    refuse_other_kind,
    refuse_swapped,
)
from vlmeval_cli.detection.tasks import (
    TaskFound,
    is_perhaps_about_photos,
    refuse_unknown,
    task_of,
)
from vlmeval_cli.joining import Fields, IdPair, Roles

AS_DETECTED = FieldChoice()
_NAMED = "named by the user"
_AGAINST_IMAGES = TaskFound("captioning", "texts are held against images, and none is a reference")


def detect(
    predictions: Side,
    references: Side | None,
    *,
    fields: FieldChoice = AS_DETECTED,
    task: str | None = None,
    selected: Container[str] = (),
    only_images: bool = False,
    asked: TaskFound | None = None,
) -> Detected:
    """Recognise the fields, the candidates for the id, and the task.

    Args:
        predictions: the predictions file, or the one file that holds both sides.
        references: the references file, or None.
        fields: fields that the user named; they win.
        task: the task that the user named; it wins.
        selected: fields by which the user chose rows.
        only_images: texts are held against images alone, so that one file needs no references.
        asked: the task that the metrics asked for speak of, where the files speak of none.

    Returns:
        The choice with its evidence. Tasks that cannot be scored yet are recognised too.

    Raises:
        UsageError: a field or the task is undecidable or not there.
        DataError: the two files are swapped.
    """
    if task is not None and task not in rules.TASKS:
        raise UsageError(f"unknown task {quoted(task)}", hint=did_you_mean(task, [*rules.TASKS]))
    if references is not None and None in (fields.prediction, fields.references):
        refuse_swapped(predictions, references)
        refuse_other_kind(predictions, references)
    if fields.prediction is None:
        refuse_likelihoods(predictions)
    refuse_several_filters(predictions, selected, is_one_file=references is None)
    mine, theirs = choose_values(predictions, references, fields)
    is_bare = only_images and references is None and _has_one_text(mine, theirs, fields)
    if is_bare:
        mine, theirs = mine if mine.name else theirs, Chosen(None)
    others = references or predictions
    taken = (mine.name, theirs.name, question_of(predictions), question_of(others))
    pairs = id_pairs(predictions, references, fields.id, taken)
    seen = _evidence(predictions, others, (mine, theirs), pairs)
    found = TaskFound(task, _NAMED) if task else _AGAINST_IMAGES if is_bare else task_of(seen)
    found = found or asked
    if found is not None:
        mine, theirs = _as_task_has_it(found.name, seen, (mine, theirs), fields)
        seen = replace(seen, prediction=mine.name, reference=theirs.name)
        pairs = pairs or _by_question(found.name, predictions, is_one_file=references is None)
    if not is_bare:
        _require_values(seen, found, is_one_file=references is None)
    if found is None:
        refuse_unknown(seen)
        raise AssertionError  # the line above always raises
    if references is None and fields.references is None and not is_bare:
        refuse_echo(predictions, mine, theirs)
    if fields.prediction is None:
        refuse_gold((predictions, references), mine, theirs, pairs)
    mine = _as_whole_row(predictions, mine, theirs)
    return Detected(
        fields=_roles(predictions, others, (mine, theirs), pairs),
        task=found.name,
        task_reason=found.reason,
        reasons=_reasons(mine, theirs, pairs, fields),
        notes=_notes(seen, found, (mine, theirs), fields),
        is_one_file=references is None,
    )


def _evidence(
    predictions: Side, references: Side, chosen: tuple[Chosen, Chosen], pairs: tuple[IdPair, ...]
) -> Evidence:
    mine, theirs = chosen
    return Evidence(
        predictions=predictions,
        references=references,
        prediction=mine.name,
        reference=theirs.name,
        question=question_of(references) or question_of(predictions),
        options=options_of(references) or options_of(predictions),
        id_name=pairs[0].references if pairs else None,
    )


def _roles(
    predictions: Side, references: Side, chosen: tuple[Chosen, Chosen], pairs: tuple[IdPair, ...]
) -> Fields:
    sides = [
        roles_of(
            side,
            value.name,
            {"question": question_of(side), "options": options_of(side), "image": image_of(side)},
        )
        for side, value in zip((predictions, references), chosen, strict=True)
    ]
    mine, theirs = sides
    if predictions is references:
        # In one file the field of the other side is no question or option either.
        theirs = Roles(theirs.value, mine.question, mine.options, mine.image)
    return Fields(pairs, mine, theirs)


def _as_task_has_it(
    task: str, seen: Evidence, chosen: tuple[Chosen, Chosen], fields: FieldChoice
) -> tuple[Chosen, Chosen]:
    """The fields of tasks whose predictions are no answers of a model."""
    if task in ("language_modeling", "rationality"):
        return _as_recorded(task, seen, chosen, fields)
    if task == "preference":
        return _as_verdicts(seen.predictions, chosen, fields)
    if task == "code" and chosen[0].name is None:
        return _as_results(seen.predictions), chosen[1]
    return chosen


def _as_recorded(
    task: str, seen: Evidence, chosen: tuple[Chosen, Chosen], fields: FieldChoice
) -> tuple[Chosen, Chosen]:
    """The fields of tasks that score what was recorded while the model ran.

    Log-probabilities play the prediction of language modelling. Of rationality it is the class, not
    the boxes, that is predicted and compared.
    """
    mine, theirs = chosen
    if task == "language_modeling" and fields.prediction is None:
        mine = _first_of(seen.predictions, rules.LOG_PROBABILITIES, mine)
    if task == "rationality":
        classes = [name for name in rules.REFERENCE_NAMES if name not in rules.MASKS]
        if fields.references is None:
            theirs = _first_of(seen.references, classes, Chosen(None), taken=mine.name)
        if fields.prediction is None and (mine.name is None or mine.name in rules.MASKS):
            mine = _first_of(seen.predictions, rules.CLASS_OUTCOMES, mine)
        mine = Chosen(mine.name, mine.reason)  # boxes are no other candidates
    if fields.references is None and theirs.name == mine.name:
        theirs = Chosen(None)
    return mine, theirs


def _as_verdicts(
    predictions: Side, chosen: tuple[Chosen, Chosen], fields: FieldChoice
) -> tuple[Chosen, Chosen]:
    """Verdicts play the prediction, and need no references; answers beside them were judged."""
    mine, theirs = chosen
    if fields.prediction is None:
        mine = _first_of(predictions, rules.VERDICTS, mine)
    mine = Chosen(mine.name, mine.reason)
    return mine, theirs if fields.references is not None else Chosen(None)


def _by_question(task: str, side: Side, *, is_one_file: bool) -> tuple[IdPair, ...]:
    """Where no field is an id, verdicts on one question belong together."""
    name = question_of(side) if task == "preference" and is_one_file else None
    return () if name is None else (IdPair(name, name),)


def _as_results(predictions: Side) -> Chosen:
    """Where no field holds programs, how their tests ended plays the prediction."""
    for name in predictions.present(rules.RESULT_NAMES):
        return Chosen(name, f'"{name}", how the tests of programs ended')
    return Chosen(None)


def _first_of(
    side: Side, names: Sequence[str], otherwise: Chosen, taken: str | None = None
) -> Chosen:
    found = [name for name in side.present(names) if name != taken]
    return Chosen(found[0], f'"{found[0]}", which this task scores') if found else otherwise


def _as_whole_row(predictions: Side, mine: Chosen, theirs: Chosen) -> Chosen:
    """Documents are predicted as rows of the same fields."""
    if mine.name is None and theirs.name == ".":
        return Chosen(".", "the whole row less its id, like the references")
    return mine


def _has_one_text(mine: Chosen, theirs: Chosen, fields: FieldChoice) -> bool:
    """Whether one field alone could be scored; without a reference it is the prediction."""
    if fields.references is not None:
        return False
    return (mine.name is None) != (theirs.name is None) or mine.name == theirs.name


def _require_values(seen: Evidence, found: TaskFound | None, *, is_one_file: bool) -> None:
    """Say which side is lacking, unless the task needs none.

    Raises:
        UsageError: no field holds the predictions or the references.
    """
    name = found.name if found else ""
    if seen.reference is None and name not in rules.WITHOUT_REFERENCES:
        _lacking(seen.references, "references", seen.prediction, is_one_file=is_one_file)
    if seen.prediction is None and name not in rules.WITHOUT_PREDICTIONS:
        if seen.reference == "." and not is_one_file:
            return
        _lacking(seen.predictions, "predictions", seen.reference, is_one_file=is_one_file)


def _lacking(
    side: Side, what: Literal["predictions", "references"], other: str | None, *, is_one_file: bool
) -> None:
    """Say that ``side`` has no field for ``what``; ``other`` is its field of the other side."""
    option = REFERENCE_OPTION if what == "references" else PREDICTION_OPTION
    whose = side.path if is_one_file else f"{side.path}, which should hold the {what}"
    beside = f' beside "{other}"' if is_one_file and other is not None else ""
    is_either = is_one_file and what == "references" and other in rules.REFERENCE_NAMES
    hint = f"Name it with {option}."
    if is_one_file:
        pair = f"{side.path} REFERENCES" if what == "references" else f"PREDICTIONS {side.path}"
        hint = f"Name it with {option}, or pass two files: vlmeval score {pair}"
    said = f"no field looks like {what}{beside}"
    if is_either:
        said = f'"{other}" may hold references or predictions, and no field looks like the other'
        hint = (
            f'If "{other}" holds the references, name the predictions with {PREDICTION_OPTION}'
            f"{_example(side)}, or pass two files: vlmeval score PREDICTIONS {side.path}. If it "
            f"holds the predictions, name the references with {REFERENCE_OPTION}."
        )
    if side.layout.side == "questions":
        hint = "These are questions; give the file that holds the accepted answers (of VQAv2: its "
        hint += "annotations file)."
    raise UsageError(
        f"{whose}: {said}; its fields: {', '.join(side.fields)}",
        hint=hint,
    )


def _example(side: Side) -> str:
    """An unknown field that sounds like what a model said, as an example."""
    names = [
        name
        for name in side.filled
        if name not in rules.REFERENCE_NAMES and not rules.SAID_WORDS.isdisjoint(words_of(name))
    ]
    return f" {names[0]}" if names else ""


def _reasons(
    mine: Chosen, theirs: Chosen, pairs: tuple[IdPair, ...], fields: FieldChoice
) -> dict[str, str]:
    ids = ", ".join(f'"{pair}"' for pair in pairs)
    why = _NAMED if fields.id else "a name of ids"
    if pairs and not fields.id and pairs[0].prediction in rules.QUESTION_NAMES:
        why = "the question, as no field is an id"
    reasons = {"prediction": mine.reason, "references": theirs.reason}
    if pairs:
        reasons["id"] = f"{ids}, {why}"
    return {role: reason for role, reason in reasons.items() if reason}


def _notes(
    seen: Evidence, found: TaskFound, chosen: tuple[Chosen, Chosen], fields: FieldChoice
) -> tuple[str, ...]:
    notes = []
    sides = ((seen.predictions, PREDICTION_OPTION), (seen.references, REFERENCE_OPTION))
    for (side, option), value in zip(sides, chosen, strict=True):
        others = [name for name in value.others if name not in (c.name for c in chosen)]
        if others:
            listed = ", ".join(f'"{name}"' for name in others)
            notes.append(
                f'{side.path}: "{value.name}" was taken, not {listed}; {option} chooses another'
            )
    if found.name == "choice" and 0 < seen.n_choices < len(seen.items):
        n_open = len(seen.items) - seen.n_choices
        notes.append(f"{n_open:,} of {len(seen.items):,} rows looked at have no options")
    elif found.name == "choice" and not seen.n_choices:
        n_open = sum(not are_letters([text.strip("() .").upper()]) for text in seen.singles)
        if n_open:
            notes.append(
                f"{n_open:,} of {len(seen.singles):,} references looked at are no letters, and no "
                "options are recorded: rows with open answers"
            )
    elif found.name == "docqa" and found.reason != _NAMED and is_perhaps_about_photos(seen):
        notes.append(
            'nothing but "questionId" speaks of documents; if the questions are about photos, as '
            "in GQA: --task vqa"
        )
    return tuple(notes)
