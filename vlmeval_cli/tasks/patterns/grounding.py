"""Patterns in the scores of boxes."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import (
    Bound,
    Condition,
    Pattern,
    Patterns,
    ahead,
    at_least,
    below,
    short_of,
)

HIGH: Final = Bound(0.7, "most objects are found")
LOW: Final = Bound(0.5, "fewer objects are found than not")
LOOSE: Final = Bound(0.7, "hits have an IoU of 0.5 at least, and of 0.8 where boxes are tight")
TIGHT: Final = Bound(0.8, "a side is off by a tenth at most")
GAP: Final = Bound(0.2, "20 points; precision and recall, or both accuracies, are usually nearer")
_OF_LOOSE: Final = Bound(0.5, "half of the hits at IoU 0.5 are lost at 0.75; a third is usual")
_NO_OVERLAP: Final = Bound(0.1, "two boxes of random places have about that")
_NEARLY_NONE: Final = Bound(0.05, "no better than boxes at random places")
_SMALL: Final = Bound(0.33, "small objects usually have half the AP of large ones")
_LARGE_FOUND: Final = Bound(0.3, "large objects are found, so that the reading of boxes is right")
_TIES: Final = Bound(0.1, "10 points hang on the order of boxes of equal confidence")

_EXPRESSIONS: Final = (
    # Misses have some IoU too, so that hits have this much at most.
    Pattern(
        seen="Acc@0.5 is high ({acc_at_50:.2f}) and mean IoU low ({mean_iou:.2f})",
        when=(at_least("acc_at_50", HIGH), short_of("mean_iou", "acc_at_50", LOOSE)),
        meaning="the right things are found, with loose boxes",
        advice="look at Acc@0.75 (--metrics acc_at_iou:thresholds=50+75); check the "
        "rounding of the box format and the resolution of the images",
    ),
    Pattern(
        seen="Acc@0.5 is high ({acc_at_50:.2f}) and Acc@0.75 low ({acc_at_75:.2f})",
        when=(at_least("acc_at_50", HIGH), short_of("acc_at_75", "acc_at_50", _OF_LOOSE)),
        unless=(short_of("mean_iou", "acc_at_50", LOOSE),),
        meaning="the right things are found, with loose boxes",
        advice="check the rounding of the box format and the resolution of the images; train with "
        "a loss of IoU",
    ),
    Pattern(
        seen="centres are right ({center_accuracy:.2f}) far more often than boxes "
        "({acc_at_50:.2f} at IoU 0.5)",
        when=(Condition("center_accuracy", "≥", GAP, "acc_at_50"),),
        meaning="the place is known, and the size of the box is wrong: too small, too "
        "large, or of the wrong aspect",
        advice="check width and height: boxes as x, y, width, height, or the frame of an "
        "image of another size (--box-format)",
    ),
    Pattern(
        seen="boxes hardly overlap (mean IoU {mean_iou:.2f}) and their centres are right "
        "({center_accuracy:.2f})",
        when=(below("mean_iou", _NO_OVERLAP), at_least("center_accuracy", LOW)),
        meaning="the frame or the scale is wrong: widths and heights are of another unit than "
        "places, or corners are read as sizes",
        advice="compare the warnings on rejected formats, and name the right one with --box-format",
    ),
    Pattern(
        seen="next to nothing is hit (Acc@0.5 {acc_at_50:.2f}, mean IoU {mean_iou:.2f}, centres "
        "{center_accuracy:.2f})",
        when=(
            below("acc_at_50", _NEARLY_NONE),
            below("mean_iou", _NEARLY_NONE),
            below("center_accuracy", _NO_OVERLAP),
        ),
        meaning="no model is that bad by itself: boxes are of another frame (pixels of the resized "
        "image, 0 to 1000), of another order (y before x), or of other images",
        advice="see what the run says of the format it read, try --box-format, and check that ids "
        "belong together",
    ),
)
_OBJECTS: Final = (
    Pattern(
        seen="F1 is high ({box_f1:.2f}) and the IoU of matched boxes low ({matched_iou:.2f})",
        when=(at_least("box_f1", HIGH), below("matched_iou", LOOSE)),
        meaning="the objects are found, with loose boxes",
        advice="score at a higher threshold (--metrics box_f1:threshold=0.75); check the "
        "rounding of the box format and the resolution of the images",
    ),
    Pattern(
        seen="F1 is low ({box_f1:.2f}) and the IoU of matched boxes high ({matched_iou:.2f})",
        when=(below("box_f1", LOW), at_least("matched_iou", TIGHT)),
        meaning="what is found is found exactly, and much is missed or invented",
        advice="see the table of errors (tide): missed objects want a prompt that asks for "
        "all of them, wrong classes a list of the labels",
    ),
    Pattern(
        seen="precision ({box_precision:.2f}) is far above recall ({box_recall:.2f})",
        when=(Condition("box_precision", "≥", GAP, "box_recall"),),
        meaning="the model is cautious: what it names is right, and it names too little",
        advice="ask for all objects, allow longer outputs (truncated ones lose boxes), or "
        "lower the confidence threshold",
    ),
    Pattern(
        seen="recall ({box_recall:.2f}) is far above precision ({box_precision:.2f})",
        when=(Condition("box_recall", "≥", GAP, "box_precision"),),
        meaning="the model over-predicts: it finds the objects among many other boxes",
        advice="see the table of errors (tide) for duplicates and background; raise the "
        "confidence threshold, or ask for each object once",
    ),
    Pattern(
        seen="AP at IoU 0.5 ({map_50:.2f}) is far above AP at 0.75 ({map_75:.2f})",
        when=(at_least("map_50", LOW), short_of("map_75", "map_50", _OF_LOOSE)),
        meaning="the objects are found, with loose boxes",
        advice="check the rounding of the box format and the resolution of the images",
    ),
    Pattern(
        seen="AP of large objects is {map_large:.2f} and of small ones {map_small:.2f}",
        when=(at_least("map_large", _LARGE_FOUND), short_of("map_small", "map_large", _SMALL)),
        meaning="small objects are lost, most often by the resolution that reaches the model",
        advice="give larger images or tiles; compare on crops around small objects",
    ),
    Pattern(
        seen="AP is between {lowest_map:.2f} and {highest_map:.2f}, by the order of equal boxes",
        when=(ahead("highest_map", "lowest_map", _TIES),),
        meaning="the boxes have no confidence that ranks them, so that AP says little",
        advice="report box_f1, or record a confidence for each box (the probability of its tokens)",
    ),
)

PATTERNS: Final = Patterns((*_EXPRESSIONS, *_OBJECTS))
